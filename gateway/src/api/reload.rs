//! The running configuration, and taking over the file as it is now: for `pantau reload` and the
//! page.

use super::ApiListener;
use super::error::ApiError;
use super::request_language::RequestLanguage;
use super::request_sender::RequestSender;
use crate::config::Diagnostic;
use crate::i18n::Language;
use crate::reload_request::ReloadOutcome;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Letters of a name or a reason in the audit log.
const REASON_CHARS_MAX: usize = 300;

/// Configuration that is in use.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConfigurationInUseJson {
    /// Id of the revision.
    pub(crate) revision: String,
    /// Path of the file.
    pub(crate) file: String,
    /// Number of reloads since the start that have ended, well or not.
    pub(crate) reloads: u32,
    /// Reason for which the last reload went back to the configuration before.
    pub(crate) fault: Option<String>,
}

/// Outcome of a reload. The change itself begins after the answer; `reloads` of the configuration
/// in use has grown when it has ended.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReloadJson {
    /// `accepted`, `refused`, `needs-restart`, `busy` or `failed`.
    pub(crate) result: String,
    /// The same in words, with what to do.
    pub(crate) text: String,
    /// Id of the new revision, when it was accepted.
    pub(crate) revision: Option<String>,
    /// Buses that go on polling without a pause.
    pub(crate) kept: Vec<String>,
    /// Buses that start, or start anew.
    pub(crate) started: Vec<String>,
    /// Buses that are gone.
    pub(crate) stopped: Vec<String>,
    /// Faults of the file, one line each.
    pub(crate) faults: Vec<String>,
    /// Warnings about the file, one line each.
    pub(crate) warnings: Vec<String>,
}

/// Person who asks for a reload.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct ReloadQuery {
    /// Name for the audit log, from a command of this computer.
    recorded_by: Option<String>,
    /// Reason of the change, for the audit log.
    why: Option<String>,
}

pub(crate) fn reload_routes() -> OpenApiRouter<ApiListener> {
    OpenApiRouter::new()
        .routes(routes!(show_configuration))
        .routes(routes!(reload_configuration))
}

#[utoipa::path(get, path = "/api/v1/configuration", tag = "site",
    summary = "Configuration that is in use",
    responses((status = 200, body = ConfigurationInUseJson)))]
pub(crate) async fn show_configuration(
    State(app): State<ApiListener>,
) -> Json<ConfigurationInUseJson> {
    let state = app.state();
    let reloads = state.reload.state().unwrap_or_default();
    Json(ConfigurationInUseJson {
        revision: state.config.revision_id(),
        // Who asks may stand in another directory.
        file: std::path::absolute(&state.config.file)
            .unwrap_or_else(|_| state.config.file.clone())
            .display()
            .to_string(),
        reloads: reloads.ended,
        fault: reloads.fault,
    })
}

#[utoipa::path(post, path = "/api/v1/configuration/reload", tag = "site", params(ReloadQuery),
    summary = "Take over the configuration file as it is now",
    description = "Faults of the file are in the answer, and the gateway goes on with what it has. \
        Buses that did not change go on polling.",
    responses((status = 200, body = ReloadJson),
        (status = 409, description = "this gateway cannot reload", body = ApiError)))]
pub(crate) async fn reload_configuration(
    State(app): State<ApiListener>,
    Query(ask): Query<ReloadQuery>,
    RequestLanguage(lang): RequestLanguage,
) -> Result<Json<ReloadJson>, ApiError> {
    let why = ask.why.unwrap_or_default();
    let outcome = ask_for_reload(&app, ask.recorded_by, &why, lang).await?;
    Ok(Json(reload_json(outcome, lang)))
}

/// Asks the gateway to take its file over in the name of the sender, or of `by` where it may name
/// somebody. Error: 409 when it cannot.
pub(crate) async fn ask_for_reload(
    app: &ApiListener,
    by: Option<String>,
    why: &str,
    lang: Language,
) -> Result<ReloadOutcome, ApiError> {
    let short = |text: &str| {
        text.trim()
            .chars()
            .take(REASON_CHARS_MAX)
            .collect::<String>()
    };
    let by = RequestSender::current().recorded_or(by);
    let (by, why) = (short(&by.unwrap_or_default()), short(why));
    let outcome = app.state().reload.ask(&by, &why).await;
    outcome.ok_or_else(|| ApiError::new(StatusCode::CONFLICT, lang.text("reload-none")))
}

/// Outcome in the words of a language.
pub(crate) fn reload_json(outcome: ReloadOutcome, lang: Language) -> ReloadJson {
    let render = |all: Vec<Diagnostic>| all.iter().map(|one| one.render(lang)).collect();
    let names = |all: Vec<std::sync::Arc<str>>| all.iter().map(ToString::to_string).collect();
    let mut json = ReloadJson {
        result: String::new(),
        text: String::new(),
        revision: None,
        kept: Vec::new(),
        started: Vec::new(),
        stopped: Vec::new(),
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    let (result, text) = match outcome {
        ReloadOutcome::Accepted(plan) => {
            json.kept = names(plan.kept);
            json.started = names(plan.started);
            json.stopped = names(plan.stopped);
            json.warnings = render(plan.warnings);
            json.revision = Some(plan.revision);
            ("accepted", lang.text("reload-accepted"))
        }
        ReloadOutcome::Refused(faults) => {
            json.faults = render(faults);
            let count = json.faults.len().to_string();
            (
                "refused",
                lang.text_with("reload-refused", &[("count", &count)]),
            )
        }
        ReloadOutcome::NeedsRestart(keys) => {
            let keys = keys.join(", ");
            (
                "needs-restart",
                lang.text_with("reload-needs-restart", &[("keys", &keys)]),
            )
        }
        ReloadOutcome::Busy => ("busy", lang.text("reload-busy")),
        ReloadOutcome::NotStored(fault) => (
            "not-stored",
            lang.text_with("reload-not-stored", &[("fault", &fault)]),
        ),
        ReloadOutcome::Failed(fault) => (
            "failed",
            lang.text_with("reload-failed", &[("fault", &fault)]),
        ),
    };
    ReloadJson {
        result: result.to_owned(),
        text,
        ..json
    }
}
