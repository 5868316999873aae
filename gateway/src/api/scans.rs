//! `/api/v1/scans`: scans as jobs that are started, watched and stopped. A bus of this gateway is
//! scanned between its own polls.

use super::error::{ApiError, ApiErrorCode};
use super::jobs::{JobCommand, JobIdPath, JobProgress, JobWorker, job_refusal};
use super::json_body::JsonBody;
use super::{ApiListener, wait_for_stop};
use crate::api::scan_json::{ScanJson, duration_ms};
use crate::bus_request::BusHandles;
use crate::buses::modbus::bus::BusChannel;
use crate::commissioning::scan::{
    DeviceScan, FoundDevice, ScanCost, ScanObserver, ScanOptions, ScanTarget, bus_at,
    found_device_json, is_bus_at_port, list_serial_ports, plan_additions,
};
use crate::commissioning::scan_engine::{ScanLineSettings, ScanProbe, scan_ranges};
use crate::config::{Config, Parity};
use crate::i18n::Language;
use crate::limits::SCAN_MESSAGES_MAX;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use serde::Deserialize;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Shortest interval between two progress events.
const SCAN_EVENT_INTERVAL: Duration = Duration::from_millis(250);

/// Request of a scan; missing fields have their defaults.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ScanRequest {
    /// Buses of this gateway, serial ports, hosts or address ranges; default: all buses.
    pub(crate) targets: Vec<String>,
    /// Every speed, parity and unit instead of the most likely ones; takes hours on a serial line.
    pub(crate) full: bool,
    /// Speeds to try, baud.
    pub(crate) baud: Vec<u32>,
    /// Parities to try: `none`, `even`, `odd`.
    pub(crate) parity: Vec<String>,
    /// Units to try: `1-10,247`.
    pub(crate) units: Option<String>,
    /// TCP ports to try; default 502 and 1502.
    pub(crate) ports: Vec<u16>,
    /// Longest response time of a unit, 20 to 2000 ms.
    pub(crate) timeout_ms: Option<u64>,
    /// Quiet time between connecting and the first request, 0 to 60000 ms.
    pub(crate) settle_ms: Option<u64>,
    /// Continues when another master is heard on the line.
    pub(crate) yes: bool,
}

pub(crate) fn scan_routes() -> OpenApiRouter<ApiListener> {
    OpenApiRouter::new()
        .routes(routes!(list_scans, start_scan))
        .routes(routes!(get_scan, stop_scan))
        .routes(routes!(stream_scan))
}

#[utoipa::path(get, path = "/api/v1/scans",
    description = "The last scans since the start of the gateway.",
    responses((status = 200, body = [ScanJson])))]
pub(crate) async fn list_scans(State(app): State<ApiListener>) -> Json<Vec<ScanJson>> {
    Json(app.state().scans.list_progress())
}

#[utoipa::path(post, path = "/api/v1/scans",
    description = "Starts a scan. The body must be `application/json`.",
    params(("lang" = Option<String>, Query, description = "language of the sentences")),
    request_body(content = ScanRequest),
    responses((status = 202, body = ScanJson), (status = 400, body = ApiError),
        (status = 409, body = ApiError, description = "another scan runs now"),
        (status = 415, body = ApiError)))]
pub(crate) async fn start_scan(
    State(app): State<ApiListener>,
    JsonBody { bytes, lang }: JsonBody,
) -> Result<(StatusCode, Json<ScanJson>), ApiError> {
    let sent: ScanRequest = serde_json::from_slice(&bytes)
        .map_err(|fault| ApiError::bad_parameter("body", &fault.to_string(), "a scan"))?;
    let begun = begin_scan(&app, &sent, lang)?;
    Ok((StatusCode::ACCEPTED, Json(begun)))
}

/// Starts a scan as a job; 400 for a request that cannot be made, 409 while another one runs.
pub(crate) fn begin_scan(
    app: &ApiListener,
    sent: &ScanRequest,
    lang: Language,
) -> Result<ScanJson, ApiError> {
    let wishes = sent.scan_options()?;
    let config = &app.state().config;
    let targets = ScanTarget::parse_all(&sent.targets, &wishes.tcp_ports(), Some(config))
        .map_err(|(text, why)| ApiError::bad_parameter("targets", &text, why))?;
    // An empty list of targets means "all"; it is an error only when there is neither a bus nor a
    // serial port.
    if targets.is_empty() {
        return Err(ApiError::bad_parameter(
            "targets",
            "",
            "a port, host or range",
        ));
    }
    let first = |id| ScanJson {
        id,
        state: "running",
        targets: sent.targets.clone(),
        ..ScanJson::default()
    };
    let worker = app.state().scans.start_job(first).map_err(job_refusal)?;
    let begun = worker.progress.borrow().clone();
    tokio::spawn(run_scan(app.clone(), worker, targets, wishes, lang));
    Ok(begun)
}

/// Serial ports of this computer that no bus of the configuration uses.
pub(crate) fn unused_ports(app: &ApiListener) -> Vec<String> {
    let buses = &app.state().config.buses;
    let is_free = |port: &PathBuf| !buses.iter().any(|bus| is_bus_at_port(&bus.link, port));
    let ports = list_serial_ports().into_iter().filter(is_free);
    ports.map(|port| port.display().to_string()).collect()
}

#[utoipa::path(get, path = "/api/v1/scans/{id}",
    params(JobIdPath),
    responses((status = 200, body = ScanJson), (status = 404, body = ApiError)))]
pub(crate) async fn get_scan(
    State(app): State<ApiListener>,
    Path(id): Path<String>,
) -> Result<Json<ScanJson>, ApiError> {
    let job = app
        .state()
        .scans
        .find_job(&id)
        .ok_or_else(unknown_scan_error)?;
    let seen = job.progress.borrow().clone();
    Ok(Json(seen))
}

#[utoipa::path(delete, path = "/api/v1/scans/{id}",
    description = "Stops the scan; devices found so far stay in the answer.",
    params(JobIdPath),
    responses((status = 200, body = ScanJson), (status = 404, body = ApiError)))]
pub(crate) async fn stop_scan(
    State(app): State<ApiListener>,
    Path(id): Path<String>,
) -> Result<Json<ScanJson>, ApiError> {
    end_scan(&app, &id).await.map(Json)
}

/// Stops a scan and waits for its end; 404 when there is none with this id.
pub(crate) async fn end_scan(app: &ApiListener, id: &str) -> Result<ScanJson, ApiError> {
    let found = app.state().scans.find_job(id);
    let mut job = found.ok_or_else(unknown_scan_error)?;
    // A job that has ended has closed its channel; that is no error.
    let _ = job.commands.send(JobCommand::Stop).await;
    let ended = job.progress.wait_for(ScanJson::has_ended).await;
    let ended = ended.map_err(|_| unknown_scan_error())?.clone();
    Ok(ended)
}

#[utoipa::path(get, path = "/api/v1/scans/{id}/live", params(JobIdPath),
    responses(
        (status = 200, content_type = "text/event-stream", body = String,
         description = "event `scan` with all of it, on each change, until it has ended"),
        (status = 404, body = ApiError), (status = 503, body = ApiError)))]
pub(crate) async fn stream_scan(
    State(app): State<ApiListener>,
    Path(id): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let job = app
        .state()
        .scans
        .find_job(&id)
        .ok_or_else(unknown_scan_error)?;
    // Takes a place of the live pages: it holds a connection for as long as they do.
    let place = Arc::clone(&app.0.live).try_acquire_owned().map_err(|_| {
        let why = "too many live pages are open";
        ApiError::with_code(StatusCode::SERVICE_UNAVAILABLE, ApiErrorCode::LiveBusy, why)
    })?;
    let mut seen = job.progress;
    // Marked as changed, so that the first event comes at once.
    seen.mark_changed();
    let look = tokio::time::interval(SCAN_EVENT_INTERVAL);
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
    let events = events.take_until(Box::pin(wait_for_stop(app.0.stop.clone())));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// Runs the job until all targets are scanned, the job is stopped, or the gateway stops.
async fn run_scan(
    app: ApiListener,
    worker: JobWorker<ScanJson>,
    targets: Vec<ScanTarget>,
    wishes: ScanOptions,
    lang: Language,
) {
    let JobWorker {
        progress: show,
        commands: mut told,
    } = worker;
    let config = &app.state().config;
    let begun = Instant::now();
    let host = ScanPageObserver {
        show: &show,
        bus_handles: &app.state().bus_handles,
        config,
        begun,
        lang,
    };
    let mut scan = DeviceScan::new(&wishes, Some(config), host);
    let state = tokio::select! {
        () = scan.all(&targets) => if scan.failed { "failed" } else { "done" },
        _ = told.recv() => "stopped",
        () = wait_for_stop(app.0.stop.clone()) => "stopped",
    };
    // Devices found before a stop are kept: a full scan takes hours.
    let more = plan_additions(config, &scan.found, lang);
    let cost = scan.cost;
    show.send_modify(|seen| {
        seen.set_cost(&cost, begun.elapsed());
        seen.said.extend(more.left_out);
        seen.configuration = more.text;
        seen.left_ms = 0;
        seen.state = state;
    });
}

/// Observer of the scan: copies its progress to the page.
struct ScanPageObserver<'a> {
    show: &'a watch::Sender<ScanJson>,
    bus_handles: &'a BusHandles,
    config: &'a Config,
    begun: Instant,
    lang: Language,
}

impl ScanObserver for ScanPageObserver<'_> {
    fn lang(&self) -> Language {
        self.lang
    }

    fn warn(&mut self, text: &str) {
        self.show.send_modify(|seen| {
            if seen.said.len() < SCAN_MESSAGES_MAX {
                seen.said.push(text.to_owned());
            }
        });
    }

    fn connecting(&mut self, tried: usize, all: usize) {
        self.show
            .send_modify(|seen| (seen.connected, seen.connections) = (tried, all));
    }

    fn progress(&mut self, probe: &ScanProbe, whole: Duration, left: Duration, cost: &ScanCost) {
        self.show.send_modify(|seen| {
            seen.settings = probe.tuning.map(ScanLineSettings::text);
            seen.unit = Some(probe.request.unit);
            (seen.whole_ms, seen.left_ms) = (duration_ms(whole), duration_ms(left));
            seen.set_cost(cost, self.begun.elapsed());
        });
    }

    fn found(&mut self, found: &FoundDevice) {
        let mut json = found_device_json(found, self.lang);
        // Where a page can add it.
        match bus_at(self.config, &found.place) {
            Some(Ok(index)) => json["bus"] = (&*self.config.buses[index].id).into(),
            Some(Err(other)) => json["other_settings"] = other.text().into(),
            None => {}
        }
        self.show.send_modify(|seen| seen.found.push(json));
    }

    async fn owned_channel(&self, config: &Config, index: usize) -> Option<BusChannel> {
        let bus = config.buses.get(index)?;
        let door = self.bus_handles.handle(&bus.id)?;
        Some(BusChannel::via_owner(bus, door.clone()))
    }
}

impl ScanRequest {
    fn scan_options(&self) -> Result<ScanOptions, ApiError> {
        let parity = |text: &String| match text.as_str() {
            "none" => Ok(Parity::None),
            "even" => Ok(Parity::Even),
            "odd" => Ok(Parity::Odd),
            _ => Err(ApiError::bad_parameter("parity", text, "none, even, odd")),
        };
        if let Some(bad) = self
            .baud
            .iter()
            .find(|baud| !(300..=1_000_000).contains(*baud))
        {
            return Err(ApiError::bad_parameter(
                "baud",
                &bad.to_string(),
                "300 to 1000000",
            ));
        }
        if let Some(bad) = self.timeout_ms.filter(|ms| !(20..=2000).contains(ms)) {
            return Err(ApiError::bad_parameter(
                "timeout_ms",
                &bad.to_string(),
                "20 to 2000",
            ));
        }
        if let Some(bad) = self.settle_ms.filter(|ms| *ms > 60_000) {
            let found = bad.to_string();
            return Err(ApiError::bad_parameter("settle_ms", &found, "0 to 60000"));
        }
        let units = self.units.as_deref().map(|text| {
            scan_ranges::parse_units(text)
                .map_err(|bad| ApiError::bad_parameter("units", text, bad.to_string()))
        });
        Ok(ScanOptions {
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

fn unknown_scan_error() -> ApiError {
    ApiError::with_code(
        StatusCode::NOT_FOUND,
        ApiErrorCode::UnknownJob,
        "no such scan",
    )
}
