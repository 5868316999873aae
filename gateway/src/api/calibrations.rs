//! `/api/v1/calibrations`: dated corrections of points and tanks. Entries are added and withdrawn,
//! and never changed.

use super::ApiListener;
use super::error::ApiError;
use super::json_body::JsonBody;
use super::ledger::{ledger_error, recorder_name};
use super::local_time::format_local_time;
use super::request_sender::RequestSender;
use crate::commissioning::calibration_check::{self, CalibrationCheckError, CalibrationDraft};
use crate::domain::calibration::{Calibration, CalibrationHistory, CalibrationKind, MeterSwap};
use crate::domain::{ExactNumber, SampleOutcome, UtcMs};
use crate::i18n::Language;
use crate::ledger::{CalibrationJson, CalibrationRequest, EntriesRefusedJson, FaultJson};
use crate::storage::{AggregateFunction, BucketStep, PointQuery, Store, StoreError};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Time around a swap in which readings must not contradict it, ms: a day.
const SWAP_READINGS_MS: i64 = 86_400_000;
/// Most that the old meter may have counted after its last reading, in growths of the day before.
const SWAP_GROWTH_MAX: f64 = 10.0;
/// The same as a share of its count: less than this is never objected to.
const SWAP_SHARE_MAX: f64 = 0.05;
/// The same as a share of what the old meter had counted, for a new one that began with little.
const SWAP_REST_MAX: f64 = 0.01;

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
    match record_calibration(&app, sent, lang).await? {
        Ok(answer) => Ok((StatusCode::CREATED, Json(answer)).into_response()),
        Err(faults) => Ok(refused_response(faults, lang)),
    }
}

/// A calibration as it would be stored, or what is wrong with it, one sentence each.
pub(crate) async fn checked_calibration(
    app: &ApiListener,
    sent: &CalibrationRequest,
    lang: Language,
) -> Result<Result<Calibration, Vec<FaultJson>>, ApiError> {
    let kept = app.state().store.list_calibrations().await?;
    let said = match check_calibration(app, sent, &kept)? {
        Ok(said) => said,
        Err(against) => return Ok(Err(fault_sentences(app, &against, lang))),
    };
    if let (Some(swap), Some(point)) = (said.swap(), said.targets.first()) {
        let mut against = contradicting_readings(app, point, swap).await?;
        against.extend(known_change(&kept, point, swap));
        against.extend(before_all_readings(app, said.since).await?);
        if !against.is_empty() {
            return Ok(Err(fault_sentences(app, &against, lang)));
        }
    }
    Ok(Ok(said))
}

/// Checks and stores a calibration or withdrawal: the entry as kept, or what is wrong with it, one
/// sentence each.
pub(crate) async fn record_calibration(
    app: &ApiListener,
    sent: CalibrationRequest,
    lang: Language,
) -> Result<Result<CalibrationJson, Vec<FaultJson>>, ApiError> {
    let store = &app.state().store;
    let said = match checked_calibration(app, &sent, lang).await? {
        Ok(said) => said,
        Err(faults) => return Ok(Err(faults)),
    };
    let by = recorder_name(RequestSender::current().recorded_or(sent.recorded_by));
    let since = said.since;
    let id = store.append_calibration(said, &by).await;
    let id = id.map_err(|fault| ledger_error(fault, lang))?;
    // Read again: the answer says what is in force with the new entry.
    let all = store.list_calibrations().await?;
    let entry = all.entries().iter().find(|entry| entry.id == id);
    let entry = entry.ok_or(StoreError::UnknownEntry(id))?;
    Ok(Ok(CalibrationJson::from_entry(entry, &all, since)))
}

/// Objection to a swap that is recorded already.
fn known_change(
    kept: &CalibrationHistory,
    point: &str,
    swap: MeterSwap,
) -> Option<CalibrationCheckError> {
    let known = kept.swaps_of(point);
    let known = known.iter().find(|one| one.is_same_change(&swap))?;
    let key = "calibrate-swap-known";
    Some(CalibrationCheckError::new("at", key, &point, &known.at))
}

/// Objection to a swap on a day before all that the store has.
async fn before_all_readings(
    app: &ApiListener,
    day: Date,
) -> Result<Option<CalibrationCheckError>, ApiError> {
    let extent = app.state().store.evidence_extent().await?;
    // Where readings were deleted, the first one is not known any more.
    let first = extent.days.iter().min();
    let first = first.filter(|_| extent.raw_deleted_before.is_none());
    let key = "calibrate-swap-before";
    Ok(first
        .filter(|first| day < **first)
        .map(|first| CalibrationCheckError::new("at", key, &day, first)))
}

/// Objections of the readings around a swap: the old meter showed no less at its end than it was
/// read before, and the new one no more at its beginning than it was read after.
async fn contradicting_readings(
    app: &ApiListener,
    point: &str,
    swap: MeterSwap,
) -> Result<Vec<CalibrationCheckError>, ApiError> {
    let around = readings_around(&app.state().store, point, swap.at).await?;
    if let Some(read) = around.of_new_meter(swap) {
        let (at, read) = (swap.at.to_string(), ExactNumber::Float(read).short_digits());
        let key = "calibrate-swap-moment";
        return Ok(vec![CalibrationCheckError::new("at", key, &at, &read)]);
    }
    let lower = around.before.filter(|value| swap.old_last < *value);
    let far = around.before.filter(|_| around.is_too_far(swap.old_last));
    let higher = around.after.filter(|value| swap.new_first > *value);
    let behind = around.after.filter(|_| around.is_too_far_behind(swap));
    let objection = |key, said: f64, read: f64| {
        let text = |value| ExactNumber::Float(value).short_digits();
        CalibrationCheckError::new("pairs", key, &text(said), &text(read))
    };
    let lower = lower.map(|value| objection("calibrate-swap-old", swap.old_last, value));
    let far = far.map(|value| objection("calibrate-swap-far", swap.old_last, value));
    let higher = higher.map(|value| objection("calibrate-swap-new", swap.new_first, value));
    let behind = behind.map(|value| objection("calibrate-swap-behind", swap.new_first, value));
    let all = lower.into_iter().chain(far).chain(higher).chain(behind);
    Ok(all.collect())
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
        at: parse_moment(sent.at.as_deref())?,
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

/// Good readings around a swap.
#[derive(Debug, Default)]
struct ReadingsAround {
    /// First one within a day before the moment.
    first: Option<f64>,
    /// Last one within a day before the moment.
    before: Option<f64>,
    /// The one of the very moment, which counts as the last one before it.
    at_moment: Option<f64>,
    /// First one within a day after the moment.
    after: Option<f64>,
    /// Last one within a day after the moment.
    last: Option<f64>,
}

impl ReadingsAround {
    /// Reading of the very moment that is nearer to the first one of the new meter than to the last
    /// one of the old meter: figures would take it for one of the old meter.
    fn of_new_meter(&self, swap: MeterSwap) -> Option<f64> {
        let apart = |read: f64, said: f64| (read - said).abs();
        let is_new = |read: &f64| apart(*read, swap.new_first) < apart(*read, swap.old_last);
        self.at_moment.filter(is_new)
    }

    /// Whether the old meter would have counted, since it was read last, far more than in the day
    /// before, and a good part of all that it ever counted: a digit too many, or another meter.
    fn is_too_far(&self, old_last: f64) -> bool {
        let Some((first, before)) = self.first.zip(self.before) else {
            return false;
        };
        let (grown, more) = ((before - first).max(0.0), old_last - before);
        more > SWAP_GROWTH_MAX * grown && more > SWAP_SHARE_MAX * before.abs()
    }

    /// Whether the new meter would have counted, until it was read first, far more than in a day
    /// before or after: it did not begin there.
    fn is_too_far_behind(&self, swap: MeterSwap) -> bool {
        let Some(after) = self.after else {
            return false;
        };
        let grown = |pair: Option<(f64, f64)>| pair.map_or(0.0, |(from, to)| (to - from).max(0.0));
        let grown = grown(self.first.zip(self.before)).max(grown(self.after.zip(self.last)));
        let more = after - swap.new_first;
        // The first hours of a new meter are little, and show no growth of a day yet.
        let rest = (SWAP_SHARE_MAX * after.abs()).max(SWAP_REST_MAX * swap.old_last.abs());
        more > SWAP_GROWTH_MAX * grown && more > rest
    }
}

/// Readings around the moment of a swap. A device that shows zero when it wakes up does not
/// contradict anybody.
async fn readings_around(
    store: &Store,
    point: &str,
    at: UtcMs,
) -> Result<ReadingsAround, ApiError> {
    let query = PointQuery {
        point: point.to_owned(),
        from: UtcMs(at.0.saturating_sub(SWAP_READINGS_MS)),
        to: UtcMs(at.0.saturating_add(SWAP_READINGS_MS)),
        step: BucketStep::Raw,
        aggregate: AggregateFunction::Last,
    };
    let mut around = ReadingsAround::default();
    let mut blocks = store.query(query).await?;
    while let Some(block) = blocks.recv().await {
        let block = match block {
            Ok(block) => block,
            Err(StoreError::UnknownPoint(_)) => break,
            Err(fault) => return Err(fault.into()),
        };
        for sample in &block {
            let SampleOutcome::Good(number) = sample.outcome else {
                continue;
            };
            let value = number.to_f64();
            if sample.at <= at {
                around.first.get_or_insert(value);
                around.before = Some(value);
                around.at_moment = (sample.at == at && value != 0.0).then_some(value);
            } else if value != 0.0 {
                around.after.get_or_insert(value);
                around.last = Some(value);
            }
        }
    }
    Ok(around)
}

/// Moment of a swap; an empty text is none.
fn parse_moment(text: Option<&str>) -> Result<Option<UtcMs>, ApiError> {
    let text = text.filter(|text| !text.is_empty());
    let parse = |text: &str| {
        let time: Result<jiff::Timestamp, _> = text.parse();
        let time = time.map_err(|_| {
            ApiError::bad_parameter(
                "at",
                text,
                "a time with its zone: 2026-11-25T10:30:00+07:00",
            )
        });
        time.map(|time| UtcMs(time.as_millisecond()))
    };
    text.map(parse).transpose()
}

fn fault_sentences(
    app: &ApiListener,
    against: &[CalibrationCheckError],
    lang: Language,
) -> Vec<FaultJson> {
    let fault = |one: &CalibrationCheckError| {
        let [found, expected] =
            [&one.found, &one.expected].map(|text| person_text(app, text, lang));
        let args = [("found", &*found), ("expected", &*expected)];
        FaultJson {
            row: 1,
            field: one.field.to_owned(),
            found: one.found.clone(),
            error: lang.text_with(one.key, &args),
        }
    };
    against.iter().map(fault).collect()
}

/// Numbers, moments and days as the reader writes them; any other text as it is.
fn person_text(app: &ApiListener, text: &str, lang: Language) -> String {
    let locale = lang.locale();
    if crate::domain::parse_finite(text).is_some() {
        return locale.reading_digits(text);
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        let at = UtcMs(at.as_millisecond());
        return format_local_time(at, app.now(), &app.0.zone, lang);
    }
    match text.parse::<Date>() {
        Ok(day) => locale.format_date(day),
        Err(_) => text.to_owned(),
    }
}

fn refused_response(faults: Vec<FaultJson>, lang: Language) -> Response {
    let refused = EntriesRefusedJson {
        error: lang.text("calibrate-refused"),
        faults,
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
    async fn a_swap_is_recorded_with_its_moment_and_withdrawn_altogether() {
        let bench = ApiTestBench::new();
        let swap = json!({"kind": "swap", "target": "inverter.ac_energy", "who": "Budi",
            "at": "2026-11-20T10:30:00+07:00", "pairs": [[120.5, 0.0]]});
        let (status, added) = post(&bench, &swap).await;
        assert_eq!(status, StatusCode::CREATED, "{added}");
        assert_eq!(added["since"], "2026-11-20");
        assert_eq!(added["at"], "2026-11-20T03:30:00Z");
        assert_eq!(added["pairs"], json!([[120.5, 0.0]]));
        assert_eq!(added["in_force"], true);
        let mut later = swap.clone();
        later["at"] = json!("2026-11-27T10:30:00+07:00");
        later["pairs"] = json!([]);
        let (status, said) = post(&bench, &later).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        let faults = said["faults"].as_array().unwrap();
        let fields: Vec<&Value> = faults.iter().map(|one| &one["field"]).collect();
        assert_eq!(fields, ["at", "pairs"]);
        let withdrawal = json!({"withdraws": 1, "who": "Budi", "note": "salah"});
        let (status, said) = post(&bench, &withdrawal).await;
        assert_eq!(status, StatusCode::CREATED, "{said}");
        let kept = bench.json("/api/v1/calibrations?day=2026-11-20").await;
        assert_eq!(kept[0]["in_force"], false);
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
