//! `/api/v1/set-address`: shows what would be written to a device, and after a confirmation runs
//! the change of address as a job. The gateway goes on polling meanwhile.

use super::ApiListener;
use super::error::{ApiError, ApiErrorCode};
use super::jobs::{JobCommand, JobIdPath, JobWorker, job_refusal};
use super::json_body::JsonBody;
use super::request_sender::RequestSender;
use crate::api::set_address_json::SetAddressJson;
use crate::bus_request::BusHandles;
use crate::buses::modbus::bus::BusChannel;
use crate::commissioning::address::{
    AddressChangeHost, AddressChangeOutcome, AddressChangePlan, AddressChangeRequest, OperatorStep,
    change_address,
};
use crate::config::Bus;
use crate::i18n::Language;
use crate::limits::WIZARD_STEP_SECONDS;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Letters of the operator's name that are stored.
const OPERATOR_NAME_MAX: usize = 100;

/// Request: the device, and its new address or speed.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetAddressRequest {
    /// Device id.
    device: String,
    /// Current unit address; default: that of the configuration.
    from: Option<u8>,
    /// New unit address; default: that of the configuration.
    to: Option<u8>,
    /// New speed (baud) instead of a new address.
    baud: Option<u32>,
    /// Register of the setting, `holding:N`, for a device whose profile does not name it.
    register: Option<String>,
    /// Function code of the write, 6 or 16; default 6.
    function: Option<u8>,
    /// Writes only when true; otherwise the answer shows the plan.
    #[serde(default)]
    confirm: bool,
    /// Name of the operator, for the audit; required with `confirm`. The person of the session, or
    /// the token, is noted before it.
    who: Option<String>,
}

pub(crate) fn set_address_routes() -> OpenApiRouter<ApiListener> {
    OpenApiRouter::new()
        .routes(routes!(start_set_address))
        .routes(routes!(get_set_address, abandon_set_address))
        .routes(routes!(continue_set_address))
}

#[utoipa::path(post, path = "/api/v1/set-address",
    description = "Gives a device another address or speed. Without `confirm` nothing is written. \
        The body must be `application/json`.",
    params(("lang" = Option<String>, Query, description = "language of the sentences")),
    request_body(content = SetAddressRequest),
    responses((status = 200, body = SetAddressJson, description = "what would be written"),
        (status = 202, body = SetAddressJson, description = "the job has started"),
        (status = 400, body = ApiError),
        (status = 409, body = ApiError, description = "another goes on, or the bus cannot change \
            its speed while the gateway uses it"),
        (status = 415, body = ApiError), (status = 422, body = ApiError)))]
pub(crate) async fn start_set_address(
    State(app): State<ApiListener>,
    JsonBody { bytes, lang }: JsonBody,
) -> Result<(StatusCode, Json<SetAddressJson>), ApiError> {
    let sent: SetAddressRequest = serde_json::from_slice(&bytes)
        .map_err(|fault| ApiError::bad_parameter("body", &fault.to_string(), "a change"))?;
    let change = AddressChangeRequest {
        device: sent.device,
        register: sent.register,
        function: sent.function.unwrap_or(6),
        from: sent.from,
        to: sent.to,
        baud: sent.baud,
    };
    let (plan, planned) = plan_change(&app, &change, lang)?;
    if !sent.confirm {
        return Ok((StatusCode::OK, Json(planned)));
    }
    let begun = begin_change(&app, (plan, planned), sent.who, lang)?;
    Ok((StatusCode::ACCEPTED, Json(begun)))
}

/// Checks what a change would write. Errors: 422 with the reason why it cannot be.
pub(crate) fn plan_change(
    app: &ApiListener,
    change: &AddressChangeRequest,
    lang: Language,
) -> Result<(AddressChangePlan, SetAddressJson), ApiError> {
    let plan = AddressChangePlan::from_request(change, &app.state().config)
        .map_err(|wrong| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, wrong.message(lang)))?;
    let planned = planned_json(&plan, lang);
    Ok((plan, planned))
}

/// Begins a change as a job. Errors: 400 without a name, 409 while another one runs.
pub(crate) fn begin_change(
    app: &ApiListener,
    (plan, planned): (AddressChangePlan, SetAddressJson),
    who: Option<String>,
    lang: Language,
) -> Result<SetAddressJson, ApiError> {
    let who = operator_name(&RequestSender::current(), who);
    if who.is_empty() {
        return Err(ApiError::bad_parameter("who", "", "a name, for the audit"));
    }
    // A bus has one speed for all of its devices: with another speed the gateway could not poll the
    // rest.
    if !plan.changes_unit() && app.state().bus_handles.handle(&plan.bus().id).is_some() {
        let why = lang.text_with("setaddr-running", &[("bus", &plan.bus().id)]);
        return Err(ApiError::new(StatusCode::CONFLICT, why));
    }
    let first = |id| SetAddressJson {
        id: Some(id),
        state: "running",
        ..planned
    };
    let worker = app
        .state()
        .addresses
        .start_job(first)
        .map_err(job_refusal)?;
    let begun = worker.progress.borrow().clone();
    tokio::spawn(run_set_address(app.clone(), worker, plan, who, lang));
    Ok(begun)
}

/// The newest change, running or ended.
pub(crate) fn newest_change(app: &ApiListener) -> Option<SetAddressJson> {
    app.state().addresses.list_progress().pop()
}

/// Name for the audit: the person who is signed in, and the name in the request as a remark.
fn operator_name(sender: &RequestSender, said: Option<String>) -> String {
    let said = said.unwrap_or_default();
    let said: String = said.trim().chars().take(OPERATOR_NAME_MAX).collect();
    match sender.recorded_name() {
        None => said,
        Some(name) if said.is_empty() || said == name => name,
        Some(name) => format!("{name} (for {said})"),
    }
}

#[utoipa::path(get, path = "/api/v1/set-address/{id}", params(JobIdPath),
    responses((status = 200, body = SetAddressJson), (status = 404, body = ApiError)))]
pub(crate) async fn get_set_address(
    State(app): State<ApiListener>,
    Path(id): Path<String>,
) -> Result<Json<SetAddressJson>, ApiError> {
    let job = app.state().addresses.find_job(&id);
    let job = job.ok_or_else(unknown_set_address_error)?;
    let seen = job.progress.borrow().clone();
    Ok(Json(seen))
}

#[utoipa::path(post, path = "/api/v1/set-address/{id}/continue", params(JobIdPath),
    description = "The action named in `waiting_for` is done.",
    responses((status = 202, body = SetAddressJson), (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "the job does not wait for the operator")))]
pub(crate) async fn continue_set_address(
    State(app): State<ApiListener>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<SetAddressJson>), ApiError> {
    let seen = send_job_command(&app, &id, JobCommand::Continue)?;
    Ok((StatusCode::ACCEPTED, Json(seen)))
}

#[utoipa::path(delete, path = "/api/v1/set-address/{id}", params(JobIdPath),
    description = "Gives up waiting for the operator.",
    responses((status = 202, body = SetAddressJson), (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "the job does not wait for the operator")))]
pub(crate) async fn abandon_set_address(
    State(app): State<ApiListener>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<SetAddressJson>), ApiError> {
    let seen = send_job_command(&app, &id, JobCommand::Stop)?;
    Ok((StatusCode::ACCEPTED, Json(seen)))
}

/// Sends a command to a job that waits for the operator; 409 when it does not wait.
pub(crate) fn send_job_command(
    app: &ApiListener,
    id: &str,
    say: JobCommand,
) -> Result<SetAddressJson, ApiError> {
    let job = app.state().addresses.find_job(id);
    let job = job.ok_or_else(unknown_set_address_error)?;
    let seen = job.progress.borrow().clone();
    // The channel keeps one command: sent too early, it would confirm the next step unseen.
    let is_told = seen.waiting_for.is_some() && job.commands.try_send(say).is_ok();
    if !is_told {
        let why = "the job does not wait for the operator";
        return Err(ApiError::with_code(
            StatusCode::CONFLICT,
            ApiErrorCode::JobBusy,
            why,
        ));
    }
    Ok(seen)
}

/// Runs the job. Request and result are noted in the audit.
async fn run_set_address(
    app: ApiListener,
    worker: JobWorker<SetAddressJson>,
    plan: AddressChangePlan,
    who: String,
    lang: Language,
) {
    let mut host = AddressChangePageHost {
        worker,
        bus_handles: app.state().bus_handles.clone(),
        lang,
    };
    let noted = |outcome: &str| {
        let what = plan.audit_note(&who, outcome);
        async { app.state().store.append_audit("set-address", what).await }
    };
    // Without an audit entry nothing is written to the device.
    let outcome = match noted("begun").await {
        Ok(()) => change_address(&plan, &mut host).await,
        Err(fault) => AddressChangeOutcome::Failed(fault.to_string().into()),
    };
    tracing::warn!(
        device = %plan.device, bus = %plan.bus().id, change = %plan.change_text(),
        register = %plan.register(), outcome = outcome.word(), "set-address"
    );
    if let Err(error) = noted(outcome.word()).await {
        tracing::error!(%error, "the result of set-address is not in the audit");
    }
    host.worker.progress.send_modify(|seen| {
        seen.outcome = Some(outcome.word());
        seen.words = Some(outcome.message(&plan, lang));
        seen.written = outcome.is_written();
        seen.verified = outcome == AddressChangeOutcome::Done;
        seen.waiting_for = None;
        seen.state = "ended";
    });
}

/// Host of the procedure: opens the bus through the gateway, and waits for the operator at the
/// page.
struct AddressChangePageHost {
    worker: JobWorker<SetAddressJson>,
    bus_handles: BusHandles,
    lang: Language,
}

impl AddressChangeHost for AddressChangePageHost {
    fn channel(&self, bus: &Bus) -> BusChannel {
        BusChannel::with_owner(bus, self.bus_handles.handle(&bus.id).cloned())
    }

    async fn wait_for_step(&mut self, step: OperatorStep) -> bool {
        let words = self.lang.text(&format!("setaddr-step-{}", step.word()));
        self.worker.progress.send_modify(|seen| {
            seen.state = "waiting";
            seen.waiting_for = Some(step.word());
            seen.words = Some(words);
        });
        let patience = Duration::from_secs(WIZARD_STEP_SECONDS);
        // A timeout counts as giving up: the job must not block the next one forever.
        let goes_on = tokio::time::timeout(patience, self.worker.wait_for_continue()).await;
        self.worker.progress.send_modify(|seen| {
            seen.state = "running";
            (seen.waiting_for, seen.words) = (None, None);
        });
        goes_on == Ok(true)
    }
}

fn planned_json(plan: &AddressChangePlan, lang: Language) -> SetAddressJson {
    SetAddressJson {
        state: "planned",
        device: plan.device.clone(),
        bus: plan.bus().id.to_string(),
        change: plan.change_text(),
        new_unit: plan.new_unit(),
        register: plan.register(),
        plan: plan.describe(lang),
        ..SetAddressJson::default()
    }
}

fn unknown_set_address_error() -> ApiError {
    ApiError::with_code(
        StatusCode::NOT_FOUND,
        ApiErrorCode::UnknownJob,
        "no such job",
    )
}
