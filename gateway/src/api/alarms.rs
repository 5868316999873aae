//! `/api/v1/alarms`: alarms that are raised, their last changes, and taking note of one.

use super::ApiListener;
use super::error::ApiError;
use super::json_body::JsonBody;
use super::ledger::recorder_name;
use super::request_sender::RequestSender;
use crate::alarms::{AlarmBookError, AlarmChange, AlarmMoment, RaisedAlarm};
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::limits::{ALARM_NOTE_CHARS_MAX, SNOOZE_HOURS_MAX};
use crate::storage::KeptAlarmChange;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Alarms and their last changes.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct AlarmListJson {
    /// Alarms that are raised, the worst first.
    pub(crate) alarms: Vec<AlarmJson>,
    /// Changes, the newest first; at most 200.
    pub(crate) changes: Vec<AlarmChangeJson>,
}

/// Alarm that is raised.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct AlarmJson {
    /// Rule and subject, `tank-low/tank-1`.
    pub(crate) alarm: String,
    /// `raised`, `acknowledged` or `snoozed`.
    pub(crate) state: String,
    /// `urgent`, `warning` or `notice`.
    pub(crate) severity: String,
    /// Milliseconds since 1970 UTC at which it was raised.
    pub(crate) since: i64,
    /// False when the clock was not trusted then.
    pub(crate) dated: bool,
    /// Value at that time, in the unit of the rule.
    pub(crate) value: Option<f64>,
    /// Sentence by code of the language.
    pub(crate) text: BTreeMap<String, String>,
    /// Person who has taken note of it.
    pub(crate) acknowledged_by: Option<String>,
    /// Note of this person.
    pub(crate) note: Option<String>,
    /// Milliseconds since 1970 UTC until which it stays quiet.
    pub(crate) snoozed_until: Option<i64>,
}

/// Change of an alarm.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct AlarmChangeJson {
    /// Number; later ones have greater ones.
    pub(crate) number: u64,
    /// Time, RFC 3339.
    pub(crate) t: String,
    /// Rule and subject.
    pub(crate) alarm: String,
    /// `raised`, `reminder`, `acknowledged`, `snoozed`, `recovered` or `withdrawn`.
    pub(crate) state: String,
    /// `urgent`, `warning` or `notice`.
    pub(crate) severity: String,
    /// Person who changed it.
    pub(crate) by: Option<String>,
    /// Message by code of the language.
    pub(crate) text: BTreeMap<String, String>,
}

/// Place in the list of changes.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlarmQuery {
    /// Changes before this number.
    before: Option<i64>,
}

/// Note that a person has seen an alarm.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct AcknowledgeRequest {
    /// Rule and subject.
    pub(crate) alarm: String,
    /// Note, at most 300 characters.
    #[serde(default)]
    pub(crate) note: String,
    /// Name, where nobody has signed in.
    pub(crate) recorded_by: Option<String>,
}

/// Time for which an alarm stays quiet.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct SnoozeRequest {
    /// Rule and subject.
    pub(crate) alarm: String,
    /// Hours, 1 to 168.
    pub(crate) hours: u32,
    /// Name, where nobody has signed in.
    pub(crate) recorded_by: Option<String>,
}

pub(crate) fn alarm_routes() -> OpenApiRouter<ApiListener> {
    OpenApiRouter::new()
        .routes(routes!(list_alarms))
        .routes(routes!(acknowledge))
        .routes(routes!(snooze))
}

#[utoipa::path(get, path = "/api/v1/alarms", params(AlarmQuery),
    description = "Alarms that are raised, and the last changes of alarms.",
    responses((status = 200, body = AlarmListJson), (status = 503, body = ApiError)))]
pub(crate) async fn list_alarms(
    State(app): State<ApiListener>,
    Query(ask): Query<AlarmQuery>,
) -> Result<Json<AlarmListJson>, ApiError> {
    // No change has a number below 1.
    let before = ask.before.map(|before| before.max(0).cast_unsigned());
    Ok(Json(load_alarms(&app, before).await?))
}

#[utoipa::path(post, path = "/api/v1/alarms/acknowledge",
    description = "Takes note of an alarm: it is not told again until it has recovered.",
    request_body(content = AcknowledgeRequest),
    responses((status = 200, body = AlarmListJson), (status = 400, body = ApiError),
        (status = 404, body = ApiError), (status = 413, body = ApiError),
        (status = 415, body = ApiError)))]
pub(crate) async fn acknowledge(
    State(app): State<ApiListener>,
    JsonBody { bytes, lang }: JsonBody,
) -> Result<Json<AlarmListJson>, ApiError> {
    acknowledge_alarm(&app, parse_body(&bytes)?, lang).await?;
    Ok(Json(load_alarms(&app, None).await?))
}

#[utoipa::path(post, path = "/api/v1/alarms/snooze",
    description = "Keeps an alarm quiet for some hours: if it is still raised then, it is told.",
    request_body(content = SnoozeRequest),
    responses((status = 200, body = AlarmListJson), (status = 400, body = ApiError),
        (status = 404, body = ApiError), (status = 409, body = ApiError),
        (status = 413, body = ApiError), (status = 415, body = ApiError)))]
pub(crate) async fn snooze(
    State(app): State<ApiListener>,
    JsonBody { bytes, lang }: JsonBody,
) -> Result<Json<AlarmListJson>, ApiError> {
    snooze_alarm(&app, parse_body(&bytes)?, lang).await?;
    Ok(Json(load_alarms(&app, None).await?))
}

fn parse_body<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|fault| ApiError::bad_request(fault.to_string()))
}

/// Alarms that are raised, the worst first, and the changes before a number.
pub(crate) async fn load_alarms(
    app: &ApiListener,
    before: Option<u64>,
) -> Result<AlarmListJson, ApiError> {
    let state = app.state();
    let now = app.now();
    let mut raised = state.alarms.raised(&state.store).await?;
    raised.sort_by_key(|(_, alarm)| (alarm.level(), alarm.since));
    let alarms = raised.into_iter();
    let alarms = alarms.map(|(key, alarm)| alarm_json(key, alarm, now));
    let changes = state.store.alarm_changes(before).await?;
    Ok(AlarmListJson {
        alarms: alarms.collect(),
        changes: changes.iter().filter_map(change_json).collect(),
    })
}

fn alarm_json(key: String, alarm: RaisedAlarm, now: UtcMs) -> AlarmJson {
    AlarmJson {
        alarm: key,
        state: alarm.state_word(now).to_owned(),
        since: alarm.since,
        dated: alarm.dated,
        value: alarm.value,
        acknowledged_by: alarm.acknowledged.as_ref().map(|one| one.by.clone()),
        note: alarm.acknowledged.map(|one| one.note),
        snoozed_until: alarm.snoozed_until,
        severity: alarm.severity,
        text: alarm.texts,
    }
}

fn change_json(kept: &KeptAlarmChange) -> Option<AlarmChangeJson> {
    // A body of a later version of the program is left out.
    let change: AlarmChange = serde_json::from_str(&kept.body).ok()?;
    Some(AlarmChangeJson {
        number: kept.id,
        t: change.t,
        alarm: change.alarm,
        state: change.state,
        severity: change.severity,
        by: change.by,
        text: change.text,
    })
}

/// Takes note of an alarm in the name of the sender.
pub(crate) async fn acknowledge_alarm(
    app: &ApiListener,
    sent: AcknowledgeRequest,
    lang: Language,
) -> Result<(), ApiError> {
    let by = recorder_name(RequestSender::current().recorded_or(sent.recorded_by));
    let note = sent.note.trim();
    if note.chars().count() > ALARM_NOTE_CHARS_MAX || note.contains(char::is_control) {
        return Err(ApiError::bad_request(lang.text("alarm-note-long")));
    }
    let state = app.state();
    let place = (&state.store, &*state.site);
    let book = &state.alarms;
    let done = book.acknowledge(place, moment(app), &sent.alarm, (&by, note));
    done.await.map_err(|fault| book_error(fault, lang))
}

/// Keeps an alarm quiet in the name of the sender.
pub(crate) async fn snooze_alarm(
    app: &ApiListener,
    sent: SnoozeRequest,
    lang: Language,
) -> Result<(), ApiError> {
    let by = recorder_name(RequestSender::current().recorded_or(sent.recorded_by));
    if !(1..=SNOOZE_HOURS_MAX).contains(&sent.hours) {
        return Err(ApiError::bad_request(lang.text("alarm-snooze-range")));
    }
    let moment = moment(app);
    if !moment.trusted {
        let why = lang.text("alarm-snooze-no-clock");
        return Err(ApiError::new(StatusCode::CONFLICT, why));
    }
    let until = UtcMs(moment.at.0 + i64::from(sent.hours) * 3_600_000);
    let state = app.state();
    let place = (&state.store, &*state.site);
    let book = &state.alarms;
    let done = book.snooze(place, moment, &sent.alarm, (&by, until));
    done.await.map_err(|fault| book_error(fault, lang))
}

fn moment(app: &ApiListener) -> AlarmMoment {
    let now = app.state().clock.now();
    AlarmMoment {
        at: now.at,
        trusted: now.trusted,
        elapsed_ms: 0,
    }
}

fn book_error(fault: AlarmBookError, lang: Language) -> ApiError {
    match fault {
        AlarmBookError::Store(fault) => fault.into(),
        AlarmBookError::Unknown(alarm) => {
            let why = lang.text_with("alarm-unknown", &[("alarm", &alarm)]);
            ApiError::new(StatusCode::NOT_FOUND, why)
        }
    }
}
