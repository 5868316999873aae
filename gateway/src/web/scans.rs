//! Scans for the page: begun, watched while they go on, stopped. A bus of this gateway is asked
//! between its own polls.

use super::error::{ApiError, Code};
use super::jobs::{Progress, Say, Worker};
use super::ledger::whole;
use super::pages::language;
use super::{App, stopped};
use crate::config::{Config, Parity};
use crate::errand::Errands;
use crate::field::scan::{Probe, Tuning, ranges};
use crate::limits::SCAN_SENTENCES_MAX;
use crate::onsite::scan::{Cost, Found, Host, Scan, Target, Wishes, additions, as_json};
use crate::read::bus::Channel;
use crate::words::Lang;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A page is told of a change so often at most.
const LOOK: Duration = Duration::from_millis(250);

/// What is to be scanned; what is left out is as usual.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ScanSent {
    /// Buses of this gateway, serial ports, hosts or ranges of addresses; all buses when left out.
    targets: Vec<String>,
    /// Every speed, parity and unit instead of the likeliest; takes hours on a line.
    full: bool,
    /// Speeds to try.
    baud: Vec<u32>,
    /// `none`, `even`, `odd`.
    parity: Vec<String>,
    /// `1-10,247`.
    units: Option<String>,
    /// TCP ports to try; 502 and 1502 when left out.
    ports: Vec<u16>,
    /// How long an answer may take, 20 to 2000 ms.
    timeout_ms: Option<u64>,
    /// Quiet time between connecting and the first question, 0 to 60000 ms.
    settle_ms: Option<u64>,
    /// Goes on although another master is heard on the line.
    yes: bool,
}

/// A scan as it is right now.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub struct ScanJson {
    id: u64,
    /// `running`, `done`, `stopped`, or `failed`: something could not be scanned, `said` tells why.
    state: &'static str,
    targets: Vec<String>,
    /// Hosts and ports tried, of `connections`.
    connected: usize,
    connections: usize,
    /// Settings of the line that are tried, `9600 8N1`.
    settings: Option<String>,
    /// The unit that is asked.
    unit: Option<u8>,
    /// How long the target takes if nobody else answers, and what is left of it.
    whole_ms: u64,
    left_ms: u64,
    questions: u64,
    /// What wire and timeouts took at least.
    limit_ms: u64,
    took_ms: u64,
    /// Sentences beside the results.
    said: Vec<String>,
    /// Devices, in the shape of `pantau scan --json`.
    #[schema(value_type = Vec<Object>)]
    found: Vec<Value>,
    /// Tables to be added to the end of pantau.toml; `pantau scan --write` adds them itself.
    configuration: String,
}

impl Progress for ScanJson {
    fn has_ended(&self) -> bool {
        self.state != "running"
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, begin))
        .routes(routes!(one, stop))
        .routes(routes!(live))
}

#[utoipa::path(get, path = "/api/v1/scans",
    description = "The last scans since the start of the gateway.",
    responses((status = 200, body = [ScanJson])))]
pub(super) async fn list(State(app): State<App>) -> Json<Vec<ScanJson>> {
    Json(app.state().scans.all())
}

#[utoipa::path(post, path = "/api/v1/scans",
    description = "Begins a scan. The body must be `application/json`.",
    params(("lang" = Option<String>, Query, description = "language of the sentences")),
    request_body(content = ScanSent),
    responses((status = 202, body = ScanJson), (status = 400, body = ApiError),
        (status = 409, body = ApiError, description = "another scan goes on"),
        (status = 415, body = ApiError)))]
pub(super) async fn begin(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<ScanJson>), ApiError> {
    let lang = language(&uri, &headers);
    let body = whole(&headers, "application/json", body)?;
    let sent: ScanSent = serde_json::from_slice(&body)
        .map_err(|fault| ApiError::parameter("body", &fault.to_string(), "a scan"))?;
    let wishes = sent.wishes()?;
    let config = &app.state().config;
    let targets = Target::all(&sent.targets, &wishes.ports(), Some(config))
        .map_err(|(text, why)| ApiError::parameter("targets", &text, why))?;
    if targets.is_empty() {
        return Err(ApiError::parameter("targets", "", "a port, host or range"));
    }
    let first = |id| ScanJson {
        id,
        state: "running",
        targets: sent.targets.clone(),
        ..ScanJson::default()
    };
    let worker = app.state().scans.begin(first).ok_or_else(busy)?;
    let begun = worker.show.borrow().clone();
    tokio::spawn(scan(app.clone(), worker, targets, wishes, lang));
    Ok((StatusCode::ACCEPTED, Json(begun)))
}

#[utoipa::path(get, path = "/api/v1/scans/{id}",
    params(("id" = u64, Path)),
    responses((status = 200, body = ScanJson), (status = 404, body = ApiError)))]
pub(super) async fn one(
    State(app): State<App>,
    Path(id): Path<u64>,
) -> Result<Json<ScanJson>, ApiError> {
    let job = app.state().scans.find(id).ok_or_else(unknown)?;
    let seen = job.seen.borrow().clone();
    Ok(Json(seen))
}

#[utoipa::path(delete, path = "/api/v1/scans/{id}",
    description = "Stops it; what was found stays.",
    params(("id" = u64, Path)),
    responses((status = 200, body = ScanJson), (status = 404, body = ApiError)))]
pub(super) async fn stop(
    State(app): State<App>,
    Path(id): Path<u64>,
) -> Result<Json<ScanJson>, ApiError> {
    let mut job = app.state().scans.find(id).ok_or_else(unknown)?;
    // One that has ended hears no more.
    let _ = job.say.send(Say::Stop).await;
    let ended = job.seen.wait_for(ScanJson::has_ended).await;
    let ended = ended.map_err(|_| unknown())?.clone();
    Ok(Json(ended))
}

#[utoipa::path(get, path = "/api/v1/scans/{id}/live", params(("id" = u64, Path)),
    responses(
        (status = 200, content_type = "text/event-stream", body = String,
         description = "event `scan` with all of it, on each change, until it has ended"),
        (status = 404, body = ApiError), (status = 503, body = ApiError)))]
pub(super) async fn live(
    State(app): State<App>,
    Path(id): Path<u64>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let job = app.state().scans.find(id).ok_or_else(unknown)?;
    let place = Arc::clone(&app.0.live).try_acquire_owned().map_err(|_| {
        let why = "too many live pages are open";
        ApiError::coded(StatusCode::SERVICE_UNAVAILABLE, Code::LiveBusy, why)
    })?;
    let mut seen = job.seen;
    seen.mark_changed();
    let look = tokio::time::interval(LOOK);
    let events = stream::unfold((seen, look, place, false), |state| async move {
        let (mut seen, mut look, place, ended) = state;
        if ended || seen.changed().await.is_err() {
            return None;
        }
        look.tick().await;
        let scan = seen.borrow_and_update().clone();
        let text = serde_json::to_string(&scan).unwrap_or_default();
        let event = Event::default().event("scan").data(text);
        Some((Ok(event), (seen, look, place, scan.has_ended())))
    });
    let events = events.take_until(Box::pin(stopped(app.0.stop.clone())));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// The work itself.
async fn scan(
    app: App,
    worker: Worker<ScanJson>,
    targets: Vec<Target>,
    wishes: Wishes,
    lang: Lang,
) {
    let Worker { show, mut told } = worker;
    let config = &app.state().config;
    let begun = Instant::now();
    let host = Page {
        show: &show,
        errands: &app.state().errands,
        begun,
        lang,
    };
    let mut scan = Scan::new(&wishes, Some(config), host);
    let state = tokio::select! {
        () = scan.all(&targets) => if scan.failed { "failed" } else { "done" },
        _ = told.recv() => "stopped",
        () = stopped(app.0.stop.clone()) => "stopped",
    };
    let more = additions(config, &scan.found, lang);
    let cost = scan.cost;
    show.send_modify(|seen| {
        seen.count(&cost, begun.elapsed());
        seen.said.extend(more.left_out);
        seen.configuration = more.text;
        seen.left_ms = 0;
        seen.state = state;
    });
}

/// Whoever looks at the page.
struct Page<'a> {
    show: &'a watch::Sender<ScanJson>,
    errands: &'a Errands,
    begun: Instant,
    lang: Lang,
}

impl Host for Page<'_> {
    fn lang(&self) -> Lang {
        self.lang
    }

    fn warn(&mut self, text: &str) {
        self.show.send_modify(|seen| {
            if seen.said.len() < SCAN_SENTENCES_MAX {
                seen.said.push(text.to_owned());
            }
        });
    }

    fn connecting(&mut self, tried: usize, all: usize) {
        self.show
            .send_modify(|seen| (seen.connected, seen.connections) = (tried, all));
    }

    fn progress(&mut self, probe: &Probe, whole: Duration, left: Duration, cost: &Cost) {
        self.show.send_modify(|seen| {
            seen.settings = probe.tuning.map(Tuning::text);
            seen.unit = Some(probe.request.unit);
            (seen.whole_ms, seen.left_ms) = (ms(whole), ms(left));
            seen.count(cost, self.begun.elapsed());
        });
    }

    fn found(&mut self, found: &Found) {
        let found = as_json(found, self.lang);
        self.show.send_modify(|seen| seen.found.push(found));
    }

    async fn owned(&self, config: &Config, index: usize) -> Option<Channel> {
        let bus = config.buses.get(index)?;
        let door = self.errands.door(&bus.id)?;
        Some(Channel::shared(bus, door.clone()))
    }
}

impl ScanJson {
    fn count(&mut self, cost: &Cost, took: Duration) {
        self.questions = cost.questions;
        (self.limit_ms, self.took_ms) = (ms(cost.limit), ms(took));
    }
}

impl ScanSent {
    fn wishes(&self) -> Result<Wishes, ApiError> {
        let parity = |text: &String| match text.as_str() {
            "none" => Ok(Parity::None),
            "even" => Ok(Parity::Even),
            "odd" => Ok(Parity::Odd),
            _ => Err(ApiError::parameter("parity", text, "none, even, odd")),
        };
        if let Some(bad) = self
            .baud
            .iter()
            .find(|baud| !(300..=1_000_000).contains(*baud))
        {
            return Err(ApiError::parameter(
                "baud",
                &bad.to_string(),
                "300 to 1000000",
            ));
        }
        if let Some(bad) = self.timeout_ms.filter(|ms| !(20..=2000).contains(ms)) {
            return Err(ApiError::parameter(
                "timeout_ms",
                &bad.to_string(),
                "20 to 2000",
            ));
        }
        if let Some(bad) = self.settle_ms.filter(|ms| *ms > 60_000) {
            let found = bad.to_string();
            return Err(ApiError::parameter("settle_ms", &found, "0 to 60000"));
        }
        let units = self.units.as_deref().map(|text| {
            ranges::units(text).map_err(|bad| ApiError::parameter("units", text, bad.to_string()))
        });
        Ok(Wishes {
            full: self.full,
            baud: self.baud.clone(),
            parity: self.parity.iter().map(parity).collect::<Result<_, _>>()?,
            units: units.transpose()?,
            ports: self.ports.clone(),
            timeout: self.timeout_ms.map(Duration::from_millis),
            settle: self.settle_ms.map(Duration::from_millis),
            yes: self.yes,
        })
    }
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn busy() -> ApiError {
    ApiError::coded(StatusCode::CONFLICT, Code::JobBusy, "another scan goes on")
}

fn unknown() -> ApiError {
    ApiError::coded(StatusCode::NOT_FOUND, Code::UnknownJob, "no such scan")
}
