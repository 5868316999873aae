//! `/api/v1/calibrations`: dated corrections of points and tanks. Entries are added and withdrawn,
//! and never changed.

use super::ApiListener;
use super::error::ApiError;
use super::json_body::JsonBody;
use super::ledger::{ledger_error, recorder_name};
use super::request_sender::RequestSender;
use crate::commissioning::calibration_check::{self, CalibrationCheckError, CalibrationDraft};
use crate::domain::calibration::{Calibration, CalibrationHistory, CalibrationKind};
use crate::i18n::Language;
use crate::ledger::{CalibrationJson, CalibrationRequest, EntriesRefusedJson, FaultJson};
use crate::storage::StoreError;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Query parameters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CalibrationsQuery {
    /// Point or tank.
    target: Option<String>,
    /// Local day for which `in_force` is given; default: today.
    day: Option<String>,
}

pub(crate) fn calibration_routes() -> OpenApiRouter<ApiListener> {
    OpenApiRouter::new().routes(routes!(list_calibrations, add_calibration))
}

#[utoipa::path(get, path = "/api/v1/calibrations", params(CalibrationsQuery),
    description = "Calibrations and withdrawals, in the order in which they were written down.",
    responses((status = 200, body = [CalibrationJson]), (status = 400, body = ApiError)))]
pub(crate) async fn list_calibrations(
    State(app): State<ApiListener>,
    Query(ask): Query<CalibrationsQuery>,
) -> Result<Json<Vec<CalibrationJson>>, ApiError> {
    let day = match parse_date(ask.day.as_deref(), "day")? {
        Some(day) => day,
        None => app.local_today(app.state().clock.now().at),
    };
    let all = app.state().store.list_calibrations().await?;
    let mut all = CalibrationJson::from_history(&all, day);
    if let Some(target) = ask.target.filter(|text| !text.is_empty()) {
        all.retain(|one| one.targets.contains(&target));
    }
    Ok(Json(all))
}

fn parse_date(text: Option<&str>, name: &'static str) -> Result<Option<Date>, ApiError> {
    // A form sends an empty text for a field that was left out.
    let text = text.filter(|text| !text.is_empty());
    let parse = |text: &str| {
        text.parse()
            .map_err(|_| ApiError::bad_parameter(name, text, "a local date: 2026-11-25"))
    };
    text.map(parse).transpose()
}

#[utoipa::path(post, path = "/api/v1/calibrations",
    description = "Writes a calibration down, or withdraws one (`withdraws` and `note`). It holds \
        from its day on; no earlier day changes. The body must be `application/json`.",
    params(("lang" = Option<String>, Query, description = "`id` or `en`; else Accept-Language")),
    request_body(content = CalibrationRequest),
    responses((status = 201, body = CalibrationJson), (status = 400, body = ApiError),
        (status = 404, body = ApiError), (status = 413, body = ApiError),
        (status = 415, body = ApiError), (status = 422, body = EntriesRefusedJson)))]
pub(crate) async fn add_calibration(
    State(app): State<ApiListener>,
    JsonBody { bytes, lang }: JsonBody,
) -> Result<Response, ApiError> {
    let sent: CalibrationRequest = serde_json::from_slice(&bytes).map_err(|fault| {
        let why = format!("no calibration: {fault}");
        ApiError::bad_request(why)
    })?;
    let store = &app.state().store;
    let kept = store.list_calibrations().await?;
    let said = match check_calibration(&app, &sent, &kept)? {
        Ok(said) => said,
        Err(against) => return Ok(refused_response(&against, lang)),
    };
    let by = recorder_name(RequestSender::current().recorded_or(sent.recorded_by));
    let since = said.since;
    let id = store.append_calibration(said, &by).await;
    let id = id.map_err(|fault| ledger_error(fault, lang))?;
    // Read again: the answer says what is in force with the new entry.
    let all = store.list_calibrations().await?;
    let entry = all.entries().iter().find(|entry| entry.id == id);
    let entry = entry.ok_or(StoreError::UnknownEntry(id))?;
    let answer = CalibrationJson::from_entry(entry, &all, since);
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// The calibration to store, or the objections against it. Outer error: invalid JSON fields or an
/// unknown entry.
fn check_calibration(
    app: &ApiListener,
    sent: &CalibrationRequest,
    kept: &CalibrationHistory,
) -> Result<Result<Calibration, Vec<CalibrationCheckError>>, ApiError> {
    let stamp = app.state().clock.now();
    // An untrusted clock does not say which day today is: the request must name the day then.
    let today = stamp.trusted.then(|| app.local_today(stamp.at));
    let since = parse_date(sent.since.as_deref(), "since")?;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    if let Some(id) = sent.withdraws {
        let old = kept.entries().iter().find(|entry| entry.id == id);
        let old = old.ok_or(StoreError::UnknownEntry(id))?;
        let (who, note) = (text(&sent.who), text(&sent.note));
        return Ok(calibration_check::check_withdrawal(
            old,
            (since, today),
            &who,
            &note,
        ));
    }
    let kind = text(&sent.kind);
    let kind: CalibrationKind = kind.parse().map_err(|_| {
        let words = CalibrationKind::ALL.map(CalibrationKind::word).join(", ");
        ApiError::bad_parameter("kind", &kind, words)
    })?;
    let asked = CalibrationDraft {
        kind,
        target: text(&sent.target),
        pairs: sent.pairs.clone(),
        since,
        who: text(&sent.who),
        note: text(&sent.note),
    };
    Ok(calibration_check::check_calibration(
        &asked,
        app.site(),
        &app.state().assets,
        today,
    ))
}

fn refused_response(against: &[CalibrationCheckError], lang: Language) -> Response {
    let fault = |one: &CalibrationCheckError| {
        let args = [("found", &*one.found), ("expected", &*one.expected)];
        FaultJson {
            row: 1,
            field: one.field.to_owned(),
            found: one.found.clone(),
            error: lang.text_with(one.key, &args),
        }
    };
    let refused = EntriesRefusedJson {
        error: lang.text("calibrate-refused"),
        faults: against.iter().map(fault).collect(),
    };
    (StatusCode::UNPROCESSABLE_ENTITY, Json(refused)).into_response()
}

#[cfg(test)]
mod tests {
    use crate::server::tests::ApiTestBench;
    use axum::http::{Request, StatusCode};
    use serde_json::{Value, json};

    async fn post(bench: &ApiTestBench, body: &Value) -> (StatusCode, Value) {
        let request = Request::post("/api/v1/calibrations")
            .header("host", "localhost:8080")
            .header("accept-language", "id")
            .header("content-type", "application/json")
            .body(body.to_string().into())
            .unwrap();
        let (status, text) = bench.send_request(request).await;
        (status, serde_json::from_str(&text).unwrap())
    }

    fn dips() -> Value {
        json!({"kind": "level", "target": "level.level", "who": "Budi",
            "pairs": [[0.05, 0.0], [1.05, 1.1]]})
    }

    #[tokio::test]
    async fn a_calibration_holds_from_today_on_and_a_withdrawal_ends_it() {
        let bench = ApiTestBench::new();
        let (status, added) = post(&bench, &dips()).await;
        assert_eq!(status, StatusCode::CREATED, "{added}");
        assert_eq!(added["since"], "2026-11-25");
        assert!((added["gain"].as_f64().unwrap() - 1.1).abs() < 1e-9);
        let at = async |day: &str| {
            let path = format!("/api/v1/calibrations?target=level.level&day={day}");
            bench.json(&path).await
        };
        assert_eq!(at("2026-11-24").await[0]["in_force"], false);
        assert_eq!(at("2026-11-25").await[0]["in_force"], true);
        let withdrawal = json!({"withdraws": 1, "who": "Budi", "note": "salah baca",
            "since": "2026-11-27"});
        let (status, said) = post(&bench, &withdrawal).await;
        assert_eq!(status, StatusCode::CREATED, "{said}");
        assert_eq!(at("2026-11-26").await[0]["in_force"], true);
        let after = at("2026-11-27").await;
        assert_eq!(after[0]["in_force"], false);
        assert_eq!(after[0]["withdrawn_by"], 2);
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused_with_a_sentence_for_each_field() {
        let bench = ApiTestBench::new();
        let mut bad = dips();
        bad["since"] = json!("2026-11-24");
        bad["who"] = json!("");
        bad["pairs"] = json!([[0.05, 1.1], [1.05, 0.0]]);
        let (status, said) = post(&bench, &bad).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        let faults = said["faults"].as_array().unwrap();
        let fields: Vec<&Value> = faults.iter().map(|one| &one["field"]).collect();
        assert_eq!(fields, ["since", "who", "pairs"]);
        for fault in faults {
            let words = fault["error"].as_str().unwrap();
            assert!(!words.starts_with("calibrate-"), "{words}");
        }
        let none = json!({"withdraws": 7, "who": "Budi", "note": "x"});
        assert_eq!(post(&bench, &none).await.0, StatusCode::NOT_FOUND);
        assert_eq!(
            post(&bench, &json!({"kind": "x"})).await.0,
            StatusCode::BAD_REQUEST
        );
        assert_eq!(bench.json("/api/v1/calibrations").await, json!([]));
    }
}
