//! `/api/v1/calibrations`: dated corrections of points and tanks. Entries are added and withdrawn,
//! and never changed.

use super::App;
use super::error::ApiError;
use super::ledger::{BY, today, told, whole};
use super::pages::language;
use crate::field::calibrate::{self, Asked, Objection};
use crate::ledger::{CalibrationJson, CalibrationSent, FaultJson, Refused};
use crate::limits::LEDGER_FILE_BYTES_MAX;
use crate::model::calibration::{Calibration, Calibrations, Kind};
use crate::store::StoreError;
use crate::words::Lang;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Which calibrations are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Ask {
    /// Of this point or tank.
    target: Option<String>,
    /// `in_force` is as of this local day; today when left out.
    day: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .layer(DefaultBodyLimit::max(LEDGER_FILE_BYTES_MAX))
}

#[utoipa::path(get, path = "/api/v1/calibrations", params(Ask),
    description = "Calibrations and withdrawals, in the order in which they were written down.",
    responses((status = 200, body = [CalibrationJson]), (status = 400, body = ApiError)))]
pub(super) async fn list(
    State(app): State<App>,
    Query(ask): Query<Ask>,
) -> Result<Json<Vec<CalibrationJson>>, ApiError> {
    let day = match date(ask.day.as_deref(), "day")? {
        Some(day) => day,
        None => today(&app, app.state().clock.now().at),
    };
    let all = app.state().store.calibrations().await?;
    let mut all = CalibrationJson::all(&all, day);
    if let Some(target) = ask.target.filter(|text| !text.is_empty()) {
        all.retain(|one| one.targets.contains(&target));
    }
    Ok(Json(all))
}

fn date(text: Option<&str>, name: &'static str) -> Result<Option<Date>, ApiError> {
    let text = text.filter(|text| !text.is_empty());
    let parse = |text: &str| {
        text.parse()
            .map_err(|_| ApiError::parameter(name, text, "a local date: 2026-11-25"))
    };
    text.map(parse).transpose()
}

#[utoipa::path(post, path = "/api/v1/calibrations",
    description = "Writes a calibration down, or withdraws one (`withdraws` and `note`). It holds \
        from its day on; no earlier day changes. The body must be `application/json`.",
    params(("lang" = Option<String>, Query, description = "`id` or `en`; else Accept-Language")),
    request_body(content = CalibrationSent),
    responses((status = 201, body = CalibrationJson), (status = 400, body = ApiError),
        (status = 404, body = ApiError), (status = 413, body = ApiError),
        (status = 415, body = ApiError), (status = 422, body = Refused)))]
pub(super) async fn add(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let lang = language(&uri, &headers);
    let body = whole(&headers, "application/json", body)?;
    let sent: CalibrationSent = serde_json::from_slice(&body).map_err(|fault| {
        ApiError::new(StatusCode::BAD_REQUEST, format!("no calibration: {fault}"))
    })?;
    let store = &app.state().store;
    let kept = store.calibrations().await?;
    let said = match believed(&app, &sent, &kept)? {
        Ok(said) => said,
        Err(against) => return Ok(refused(&against, lang)),
    };
    let by = sent.recorded_by.filter(|by| !by.trim().is_empty());
    let by: String = by.as_deref().unwrap_or(BY).chars().take(100).collect();
    let since = said.since;
    let id = store.calibrate(said, &by).await;
    let id = id.map_err(|fault| told(fault, lang))?;
    let all = store.calibrations().await?;
    let entry = all.entries().iter().find(|entry| entry.id == id);
    let entry = entry.ok_or(StoreError::UnknownEntry(id))?;
    let answer = CalibrationJson::of(entry, &all, since);
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// What is to be written down, or what speaks against it.
fn believed(
    app: &App,
    sent: &CalibrationSent,
    kept: &Calibrations,
) -> Result<Result<Calibration, Vec<Objection>>, ApiError> {
    let stamp = app.state().clock.now();
    let today = stamp.trusted.then(|| today(app, stamp.at));
    let since = date(sent.since.as_deref(), "since")?;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    if let Some(id) = sent.withdraws {
        let old = kept.entries().iter().find(|entry| entry.id == id);
        let old = old.ok_or(StoreError::UnknownEntry(id))?;
        let (who, note) = (text(&sent.who), text(&sent.note));
        return Ok(calibrate::withdraw(old, (since, today), &who, &note));
    }
    let kind = text(&sent.kind);
    let kind: Kind = kind.parse().map_err(|_| {
        let words = Kind::ALL.map(Kind::word).join(", ");
        ApiError::parameter("kind", &kind, words)
    })?;
    let asked = Asked {
        kind,
        target: text(&sent.target),
        pairs: sent.pairs.clone(),
        since,
        who: text(&sent.who),
        note: text(&sent.note),
    };
    Ok(calibrate::check(
        &asked,
        app.site(),
        &app.state().assets,
        today,
    ))
}

fn refused(against: &[Objection], lang: Lang) -> Response {
    let fault = |one: &Objection| {
        let args = [("found", &*one.found), ("expected", &*one.expected)];
        FaultJson {
            row: 1,
            field: one.field.to_owned(),
            found: one.found.clone(),
            error: lang.say(one.key, &args),
        }
    };
    let refused = Refused {
        error: lang.text("calibrate-refused"),
        faults: against.iter().map(fault).collect(),
    };
    (StatusCode::UNPROCESSABLE_ENTITY, Json(refused)).into_response()
}

#[cfg(test)]
mod tests {
    use crate::web::tests::Bench;
    use axum::http::{Request, StatusCode};
    use serde_json::{Value, json};

    async fn post(bench: &Bench, body: &Value) -> (StatusCode, Value) {
        let request = Request::post("/api/v1/calibrations")
            .header("host", "localhost:8080")
            .header("accept-language", "id")
            .header("content-type", "application/json")
            .body(body.to_string().into())
            .unwrap();
        let (status, text) = bench.ask(request).await;
        (status, serde_json::from_str(&text).unwrap())
    }

    fn dips() -> Value {
        json!({"kind": "level", "target": "level.level", "who": "Budi",
            "pairs": [[0.05, 0.0], [1.05, 1.1]]})
    }

    #[tokio::test]
    async fn a_calibration_holds_from_today_on_and_a_withdrawal_ends_it() {
        let bench = Bench::new();
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
        let bench = Bench::new();
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
