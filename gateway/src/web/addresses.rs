//! `set-address` for the page: what would be written, and, once that is confirmed, the steps with
//! what a person has to do between them. Beside its polls the gateway does it itself.

use super::App;
use super::error::{ApiError, Code};
use super::jobs::{Progress, Say, Worker};
use super::ledger::whole;
use super::pages::language;
use crate::config::Bus;
use crate::errand::Errands;
use crate::limits::WIZARD_STEP_SECONDS;
use crate::onsite::address::{Asked, Host, Outcome, Plan, Step, change};
use crate::read::bus::Channel;
use crate::words::Lang;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Letters of a name that are kept.
const NAME_MAX: usize = 100;

/// Which device gets which address or speed.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddressSent {
    /// Device id.
    device: String,
    /// Address that it has now; that of the configuration when left out.
    from: Option<u8>,
    /// Address that it shall have; that of the configuration when left out.
    to: Option<u8>,
    /// Speed that it shall have, instead of an address.
    baud: Option<u32>,
    /// `holding:N`, for a device whose profile does not say.
    register: Option<String>,
    /// 6 or 16; 6 when left out.
    function: Option<u8>,
    /// Without it nothing is written, and the answer says what would be.
    #[serde(default)]
    confirm: bool,
    /// Who does it; needed to confirm.
    who: Option<String>,
}

/// A change of address as it is right now.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub(crate) struct AddressJson {
    id: Option<u64>,
    /// `planned`, `running`, `waiting` for a person, `ended`.
    state: &'static str,
    device: String,
    bus: String,
    /// `unit 1 -> 5`.
    change: String,
    register: String,
    /// What is written, and why that is dangerous.
    plan: String,
    /// `button` or `power`: what a person has to do before `continue`.
    waiting_for: Option<&'static str>,
    /// The same as a sentence, and how it ended.
    words: Option<String>,
    /// `done`, `silent`, `several`, `unsteady`, `taken`, `refused`, `unchanged`, `lost`, `failed`,
    /// `abandoned`.
    outcome: Option<&'static str>,
    /// Something was written to the device.
    written: bool,
    /// It answers as it should, and no longer as before.
    verified: bool,
}

impl Progress for AddressJson {
    fn has_ended(&self) -> bool {
        self.state == "ended"
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(begin))
        .routes(routes!(one, abandon))
        .routes(routes!(go_on))
}

#[utoipa::path(post, path = "/api/v1/set-address",
    description = "Gives a device another address or speed. Without `confirm` nothing is written. \
        The body must be `application/json`.",
    params(("lang" = Option<String>, Query, description = "language of the sentences")),
    request_body(content = AddressSent),
    responses((status = 200, body = AddressJson, description = "what would be written"),
        (status = 202, body = AddressJson, description = "it has begun"),
        (status = 400, body = ApiError),
        (status = 409, body = ApiError, description = "another goes on, or the bus cannot change \
            its speed while the gateway uses it"),
        (status = 415, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn begin(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<AddressJson>), ApiError> {
    let lang = language(&uri, &headers);
    let body = whole(&headers, "application/json", body)?;
    let sent: AddressSent = serde_json::from_slice(&body)
        .map_err(|fault| ApiError::parameter("body", &fault.to_string(), "a change"))?;
    let plan = Plan::of(&sent.asked(), &app.state().config)
        .map_err(|wrong| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, wrong.say(lang)))?;
    let planned = planned(&plan, lang);
    if !sent.confirm {
        return Ok((StatusCode::OK, Json(planned)));
    }
    let who: String = sent.who.unwrap_or_default();
    let who: String = who.trim().chars().take(NAME_MAX).collect();
    if who.is_empty() {
        return Err(ApiError::parameter("who", "", "a name, for the audit"));
    }
    if !plan.moves() && app.state().errands.door(&plan.bus().id).is_some() {
        let why = lang.say("setaddr-running", &[("bus", &plan.bus().id)]);
        return Err(ApiError::new(StatusCode::CONFLICT, why));
    }
    let first = |id| AddressJson {
        id: Some(id),
        state: "running",
        ..planned
    };
    let worker = app.state().addresses.begin(first).ok_or_else(busy)?;
    let begun = worker.show.borrow().clone();
    tokio::spawn(work(app.clone(), worker, plan, who, lang));
    Ok((StatusCode::ACCEPTED, Json(begun)))
}

#[utoipa::path(get, path = "/api/v1/set-address/{id}", params(("id" = u64, Path)),
    responses((status = 200, body = AddressJson), (status = 404, body = ApiError)))]
pub(super) async fn one(
    State(app): State<App>,
    Path(id): Path<u64>,
) -> Result<Json<AddressJson>, ApiError> {
    let job = app.state().addresses.find(id).ok_or_else(unknown)?;
    let seen = job.seen.borrow().clone();
    Ok(Json(seen))
}

#[utoipa::path(post, path = "/api/v1/set-address/{id}/continue", params(("id" = u64, Path)),
    description = "What `waiting_for` names is done.",
    responses((status = 202, body = AddressJson), (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "it waits for nobody")))]
pub(super) async fn go_on(
    State(app): State<App>,
    Path(id): Path<u64>,
) -> Result<(StatusCode, Json<AddressJson>), ApiError> {
    let seen = tell(&app, id, Say::Continue)?;
    Ok((StatusCode::ACCEPTED, Json(seen)))
}

#[utoipa::path(delete, path = "/api/v1/set-address/{id}", params(("id" = u64, Path)),
    description = "Waits for the person no longer.",
    responses((status = 202, body = AddressJson), (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "it waits for nobody")))]
pub(super) async fn abandon(
    State(app): State<App>,
    Path(id): Path<u64>,
) -> Result<(StatusCode, Json<AddressJson>), ApiError> {
    let seen = tell(&app, id, Say::Stop)?;
    Ok((StatusCode::ACCEPTED, Json(seen)))
}

fn tell(app: &App, id: u64, say: Say) -> Result<AddressJson, ApiError> {
    let job = app.state().addresses.find(id).ok_or_else(unknown)?;
    let seen = job.seen.borrow().clone();
    let is_told = seen.waiting_for.is_some() && job.say.try_send(say).is_ok();
    if !is_told {
        let why = "it waits for nobody";
        return Err(ApiError::coded(StatusCode::CONFLICT, Code::JobBusy, why));
    }
    Ok(seen)
}

/// The work itself; what is asked for and how it ends stands in the audit.
async fn work(app: App, worker: Worker<AddressJson>, plan: Plan, who: String, lang: Lang) {
    let mut host = Page {
        worker,
        errands: app.state().errands.clone(),
        lang,
    };
    let noted = |outcome: &str| {
        let what = plan.noted(&who, outcome);
        async { app.state().store.note("set-address", what).await }
    };
    // What cannot be noted is not done.
    let outcome = match noted("begun").await {
        Ok(()) => change(&plan, &mut host).await,
        Err(fault) => Outcome::Failed(fault.to_string()),
    };
    tracing::warn!(
        device = %plan.device, bus = %plan.bus().id, change = %plan.change(),
        register = %plan.register(), outcome = outcome.word(), "set-address"
    );
    if let Err(error) = noted(outcome.word()).await {
        tracing::error!(%error, "the end of set-address is not in the audit");
    }
    host.worker.show.send_modify(|seen| {
        seen.outcome = Some(outcome.word());
        seen.words = Some(outcome.say(&plan, lang));
        seen.written = outcome.is_written();
        seen.verified = outcome == Outcome::Done;
        seen.waiting_for = None;
        seen.state = "ended";
    });
}

/// The gateway's own bus, and the person at the page.
struct Page {
    worker: Worker<AddressJson>,
    errands: Errands,
    lang: Lang,
}

impl Host for Page {
    fn channel(&self, bus: &Bus) -> Channel {
        match self.errands.door(&bus.id) {
            Some(door) => Channel::shared(bus, door.clone()),
            None => Channel::new(bus),
        }
    }

    async fn step(&mut self, step: Step) -> bool {
        let words = self.lang.text(&format!("setaddr-step-{}", step.word()));
        self.worker.show.send_modify(|seen| {
            seen.state = "waiting";
            seen.waiting_for = Some(step.word());
            seen.words = Some(words);
        });
        let patience = Duration::from_secs(WIZARD_STEP_SECONDS);
        let goes_on = tokio::time::timeout(patience, self.worker.go_on()).await;
        self.worker.show.send_modify(|seen| {
            seen.state = "running";
            (seen.waiting_for, seen.words) = (None, None);
        });
        goes_on == Ok(true)
    }
}

impl AddressSent {
    fn asked(&self) -> Asked {
        Asked {
            device: self.device.clone(),
            from: self.from,
            to: self.to,
            baud: self.baud,
            register: self.register.clone(),
            function: self.function.unwrap_or(6),
        }
    }
}

fn planned(plan: &Plan, lang: Lang) -> AddressJson {
    AddressJson {
        state: "planned",
        device: plan.device.clone(),
        bus: plan.bus().id.to_string(),
        change: plan.change(),
        register: plan.register(),
        plan: plan.say(lang),
        ..AddressJson::default()
    }
}

fn busy() -> ApiError {
    let why = "another device gets its address";
    ApiError::coded(StatusCode::CONFLICT, Code::JobBusy, why)
}

fn unknown() -> ApiError {
    ApiError::coded(StatusCode::NOT_FOUND, Code::UnknownJob, "no such change")
}
