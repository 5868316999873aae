//! `/teknisi/meter`: meters that were replaced or reset. Events of the last month are confirmed
//! here with what a person has read on both meters, instead of a guess.

use crate::api::ApiListener;
use crate::api::calibrations::record_calibration;
use crate::api::error::ApiError;
use crate::api::request_language::query_parameter;
use crate::domain::calibration::CalibrationKind;
use crate::domain::indicator::DataEvent;
use crate::domain::period::Period;
use crate::domain::{ExactNumber, UtcMs};
use crate::i18n::Language;
use crate::ledger::{CalibrationJson, CalibrationRequest};
use crate::pages::number_format::parse_reader_number;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::redirect_to;
use crate::pages::site_figures::{FigureScope, SiteFigures};
use crate::pages::users_page::time_text;
use askama::Template;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

/// Days back in which events are looked for.
const EVENT_DAYS: i64 = 31;
/// Most events that the page shows, the newest first.
const EVENTS_SHOWN: usize = 50;
/// Kinds of events behind which there may be another meter.
const SWAP_EVENTS: [&str; 3] = ["reset", "step_down", "spike"];

#[derive(Template)]
#[template(path = "meter_swaps.html")]
struct MeterSwapsPage {
    frame: PageFrame,
    events: Vec<EventRow>,
    swaps: Vec<SwapRow>,
    done: String,
    /// Why the last form was refused, one sentence each.
    refused: Vec<String>,
}

/// An event as shown, with what the form begins with.
struct EventRow {
    point: String,
    title: String,
    unit: String,
    /// Moment just before the reading of the event, RFC 3339.
    at: String,
    time: String,
    what: String,
    before: String,
    after: String,
    /// Fields of the form: what was refused, else what it begins with.
    old: String,
    new: String,
    who: String,
    note: String,
    /// The form of this event was refused.
    is_open: bool,
}

/// A recorded swap.
struct SwapRow {
    id: u64,
    title: String,
    unit: String,
    time: String,
    old_last: String,
    new_first: String,
    who: String,
}

pub(crate) async fn meter_swaps_page(asked: PageRequest) -> Response {
    show_page(&asked, StatusCode::OK, Vec::new(), None).await
}

pub(crate) async fn change_meter_swaps(asked: PageRequest, fields: PlainForm) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    let lang = frame.lang;
    let unread = unread_numbers(&fields, lang);
    if !unread.is_empty() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return show_page(&asked, status, unread, Some(&fields)).await;
    }
    match record_calibration(&asked.app, request_of(&fields, lang), lang).await {
        Ok(Ok(_)) => redirect_to("/teknisi/meter?hasil=ya"),
        Ok(Err(faults)) => {
            let refused = faults.into_iter().map(|fault| fault.error).collect();
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            show_page(&asked, status, refused, Some(&fields)).await
        }
        Err(error) => render_failure(&asked.uri, frame, &error),
    }
}

/// One sentence for each reading of a swap that is no number.
fn unread_numbers(fields: &PlainForm, lang: Language) -> Vec<String> {
    if !fields.trimmed("batal").is_empty() {
        return Vec::new();
    }
    let readings = ["lama", "baru"].map(|name| fields.trimmed(name));
    let unread = readings
        .iter()
        .filter(|text| parse_reader_number(text, lang).is_none());
    let example = lang.locale().grouped_digits("8113.5");
    let sentence = |text: &&str| {
        lang.text_with(
            "meter-swap-number",
            &[("found", text), ("example", &example)],
        )
    };
    unread.map(sentence).collect()
}

/// Request of the form: a swap, or the withdrawal of one.
fn request_of(fields: &PlainForm, lang: Language) -> CalibrationRequest {
    let text = |name: &str| Some(fields.trimmed(name).to_owned());
    if let Ok(id) = fields.trimmed("batal").parse() {
        return CalibrationRequest {
            withdraws: Some(id),
            who: text("nama"),
            note: text("catatan"),
            ..CalibrationRequest::default()
        };
    }
    let number = |name: &str| parse_reader_number(fields.trimmed(name), lang);
    let both = number("lama").zip(number("baru"));
    let pairs = both.map(|(old, new)| (old.to_f64(), new.to_f64()));
    CalibrationRequest {
        kind: Some(CalibrationKind::Swap.word().to_owned()),
        target: text("titik"),
        pairs: pairs.into_iter().collect(),
        at: text("waktu"),
        who: text("nama"),
        note: text("catatan"),
        ..CalibrationRequest::default()
    }
}

async fn show_page(
    asked: &PageRequest,
    status: StatusCode,
    refused: Vec<String>,
    typed: Option<&PlainForm>,
) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    match load_rows(&asked.app, &frame, typed).await {
        Ok((events, swaps)) => {
            let page = MeterSwapsPage {
                events,
                swaps,
                done: result_text(&frame, &asked.uri),
                refused,
                frame,
            };
            render_page(&asked.uri, status, &page)
        }
        Err(error) => render_failure(&asked.uri, frame, &error),
    }
}

fn result_text(frame: &PageFrame, uri: &Uri) -> String {
    match query_parameter(uri, "hasil").as_deref() {
        Some("ya") => frame.t("meter-swap-done"),
        _ => String::new(),
    }
}

async fn load_rows(
    app: &ApiListener,
    frame: &PageFrame,
    typed: Option<&PlainForm>,
) -> Result<(Vec<EventRow>, Vec<SwapRow>), ApiError> {
    let today = app.local_today(app.now());
    let first = today.saturating_sub(jiff::Span::new().days(EVENT_DAYS));
    let period = Period::Range(first, today);
    let figures = SiteFigures::load(app, period, FigureScope::site(), frame.lang).await?;
    let is_shown = |event: &&DataEvent| {
        let point = app.site().point(&event.of);
        SWAP_EVENTS.contains(&event.kind) && point.is_some_and(|point| point.counter)
    };
    let newest = figures.account.events.iter().rev();
    let events = newest.filter(is_shown).take(EVENTS_SHOWN);
    let events = events.map(|event| event_row(app, frame, event, typed));
    let events = events.collect();
    let all = app.state().store.list_calibrations().await?;
    let all = CalibrationJson::from_history(&all, today);
    let kind = CalibrationKind::Swap.word();
    let held = all.iter().rev();
    let held = held.filter(|one| one.kind == kind && one.in_force);
    let swaps = held.filter_map(|one| swap_row(app, frame, one)).collect();
    Ok((events, swaps))
}

fn event_row(
    app: &ApiListener,
    frame: &PageFrame,
    event: &DataEvent,
    typed: Option<&PlainForm>,
) -> EventRow {
    let digits = |value: f64| shown_digits(frame.lang, value);
    let (before, after) = event.before_after.unzip();
    let field_digits = |value: f64| {
        let text = ExactNumber::Float(value).short_digits();
        frame.lang.locale().plain_digits(&text)
    };
    let usual = before.map(field_digits).unwrap_or_default();
    let before = before.map(digits).unwrap_or_default();
    // The reading of the event is the first one of the new meter.
    let at = UtcMs(event.at.0.saturating_sub(1)).to_string();
    let is_typed =
        |form: &&PlainForm| form.trimmed("titik") == &*event.of && form.trimmed("waktu") == at;
    let typed = typed.filter(is_typed);
    let field = |name: &str, usual: &str| typed.map_or(usual, |form| form.text(name)).to_owned();
    EventRow {
        old: field("lama", &usual),
        new: field("baru", ""),
        who: field("nama", frame.user_name()),
        note: field("catatan", ""),
        is_open: typed.is_some(),
        point: event.of.to_string(),
        title: app.state().config.point_title(&event.of, frame.lang),
        unit: unit_of(app, &event.of),
        at,
        time: time_text(app, frame, Some(event.at.0)),
        what: frame.word("event-", &event.kind.replace('_', "-")),
        before,
        after: after.map(digits).unwrap_or_default(),
    }
}

/// A reading as the reader writes it: `5.870,05`.
fn shown_digits(lang: Language, value: f64) -> String {
    let text = ExactNumber::Float(value).short_digits();
    lang.locale().reading_digits(&text)
}

fn swap_row(app: &ApiListener, frame: &PageFrame, swap: &CalibrationJson) -> Option<SwapRow> {
    let (old_last, new_first) = swap.pairs.first().copied()?;
    let point = swap.targets.first()?;
    let at: jiff::Timestamp = swap.at.as_ref()?.parse().ok()?;
    let digits = |value: f64| shown_digits(frame.lang, value);
    Some(SwapRow {
        id: swap.id,
        title: app.state().config.point_title(point, frame.lang),
        unit: unit_of(app, point),
        time: time_text(app, frame, Some(at.as_millisecond())),
        old_last: digits(old_last),
        new_first: digits(new_first),
        who: swap.who.clone(),
    })
}

fn unit_of(app: &ApiListener, point: &str) -> String {
    let found = app.site().point(point);
    found.map_or(String::new(), |point| point.unit.to_string())
}

#[cfg(test)]
mod tests {
    use crate::domain::{ExactNumber, SampleOutcome, UtcMs};
    use crate::server::tests::{ApiTestBench, NOW};
    use axum::body::Body;
    use axum::http::{Request, StatusCode};

    const STEP: i64 = 600_000;

    /// A counter that begins again 12 hours ago: 100 to 107.2 kWh, then 0 to 7.1.
    async fn bench_with_reset() -> ApiTestBench {
        let bench = ApiTestBench::new();
        let reading = |step: i32| {
            let grown = 0.1 * f64::from(step % 72);
            let value = if step < 72 { 100.0 + grown } else { grown };
            let at = UtcMs(NOW + (i64::from(step) - 144) * STEP);
            (at, SampleOutcome::Good(ExactNumber::Float(value)))
        };
        let column = ("inverter.ac_energy".into(), (0..144).map(reading).collect());
        bench
            .state
            .store
            .import_columns(vec![column])
            .await
            .unwrap();
        bench
    }

    async fn get(bench: &ApiTestBench) -> String {
        let request = Request::get("/teknisi/meter")
            .header("host", "localhost:8080")
            .header("accept-language", "id")
            .body(Body::empty())
            .unwrap();
        let (status, text) = bench.send_request(request).await;
        assert_eq!(status, StatusCode::OK);
        text
    }

    async fn post(bench: &ApiTestBench, form: &str) -> (StatusCode, String) {
        let request = Request::post("/teknisi/meter")
            .header("host", "localhost:8080")
            .header("accept-language", "id")
            .header("accept", "text/html")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned().into())
            .unwrap();
        let (status, place, text) = bench.send_with_location(request).await;
        (status, place.unwrap_or(text))
    }

    #[tokio::test]
    async fn a_new_meter_does_not_begin_far_below_what_it_was_read_at_afterwards() {
        let bench = ApiTestBench::new();
        let reading = |step: i32| {
            let grown = 0.1 * f64::from(step);
            let value = if step < 72 {
                100.0 + grown
            } else {
                5000.0 + grown
            };
            let at = UtcMs(NOW + (i64::from(step) - 144) * STEP);
            (at, SampleOutcome::Good(ExactNumber::Float(value)))
        };
        let column = ("inverter.ac_energy".into(), (0..144).map(reading).collect());
        let store = &bench.state.store;
        store.import_columns(vec![column]).await.unwrap();
        let at = UtcMs(NOW - 72 * STEP - 1);
        let form = |at: UtcMs, new: &str| {
            format!("titik=inverter.ac_energy&waktu={at}&lama=107,1&baru={new}&nama=Budi&catatan=")
        };
        let (status, text) = post(&bench, &form(at, "0")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            text.contains("5.007,2") && text.contains("mulai dari 0"),
            "{text}"
        );
        for early in ["1999-12-31T10:00:00Z", "2026-01-01T10:00:00Z"] {
            let early = form(at, "5007").replace(&at.to_string(), early);
            let (status, text) = post(&bench, &early).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        }
        let (status, text) = post(&bench, &form(UtcMs(at.0 - 400 * 86_400_000), "5007")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        // A day as people write it.
        let refused = text.split("class=\"refused\"").nth(1).unwrap();
        let refused = refused.split('<').next().unwrap();
        assert!(
            refused.contains("November 202") && !refused.contains("-11-"),
            "{refused}"
        );
        let (status, _) = post(&bench, &form(at, "5007")).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        // Readings with the marks of the language; a form takes them as typed.
        let page = get(&bench).await;
        assert!(page.contains("107,1 → 5.007 kWh"), "{page}");
    }

    #[tokio::test]
    async fn a_reset_is_confirmed_from_its_event_and_withdrawn() {
        let bench = bench_with_reset().await;
        let page = get(&bench).await;
        // Digits of a person, in the text and in the field that the form begins with.
        assert!(page.contains("107,1 → 0 kWh"), "{page}");
        assert!(page.contains("name=\"lama\" value=\"107,1\""), "{page}");
        let (_, rest) = page.split_once("name=\"waktu\" value=\"").unwrap();
        let at = rest.split('"').next().unwrap().to_owned();
        let form = |old: &str| {
            format!("titik=inverter.ac_energy&waktu={at}&lama={old}&baru=0&nama=Budi&catatan=")
        };
        // The old meter had been read at 107.1 kWh.
        let (status, text) = post(&bench, &form("90,5")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            text.contains("meter lama sebelumnya sudah terbaca 107,1"),
            "{text}"
        );
        // What was typed stays in the form, with the reason above it.
        assert!(text.contains("name=\"lama\" value=\"90,5\""), "{text}");
        assert!(text.contains("value=\"Budi\""), "{text}");
        let (status, text) = post(&bench, &form("banyak")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            text.contains("8.113,5") && text.contains("value=\"banyak\""),
            "{text}"
        );
        // Nor did the new one begin at a number far from those that were read.
        let (status, text) = post(&bench, &form("1e308")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            text.contains("1e308") && !text.contains("00000000"),
            "{text}"
        );
        let (status, place) = post(&bench, &form("107,15")).await;
        assert_eq!(
            (status, &*place),
            (StatusCode::SEE_OTHER, "/teknisi/meter?hasil=ya")
        );
        let (status, text) = post(&bench, &form("107,15")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        // The moment of the recorded one, on the clock of the site.
        assert!(text.contains("sudah dicatat, pada"), "{text}");
        assert!(!text.contains("T0") && !text.contains("Z<"), "{text}");
        let page = get(&bench).await;
        assert!(!page.contains("name=\"waktu\""), "{page}");
        assert!(page.contains("107,15 → 0 kWh"), "{page}");
        let (status, _) = post(&bench, "batal=1&nama=Budi&catatan=salah").await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let page = get(&bench).await;
        assert!(
            page.contains("name=\"waktu\"") && !page.contains("107,15"),
            "{page}"
        );
    }
}
