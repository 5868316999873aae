//! Time of the gateway as a person sees and sets it: for `pantau time` over the control socket, and
//! for the page. The clock of the computer is not set.

use super::ApiListener;
use super::error::ApiError;
use super::local_time::format_local_time;
use super::request_language::RequestLanguage;
use super::request_sender::RequestSender;
use crate::clock::{PersonTime, PersonTimeChange, PersonTimeRefusal};
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::limits::{PERSON_MINUTE_BOUND_MS, PERSON_TIME_BOUND_MS};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Letters of a name in the audit log.
const NAME_LENGTH_MAX: usize = 100;

/// Time of the gateway.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SiteTimeJson {
    /// Milliseconds since 1970 UTC.
    pub(crate) now: i64,
    /// The same at the site, `2026-11-30 10:05:30 WIB`.
    pub(crate) local: String,
    /// False while nobody vouches for it.
    pub(crate) trusted: bool,
    /// Largest error, milliseconds.
    pub(crate) bound_ms: Option<u64>,
    /// Source that vouched for it last: `kernel` (NTP), `battery-clock`, `host` or `person`.
    pub(crate) source: Option<String>,
}

/// Query of a change.
#[derive(Debug, Deserialize)]
pub(crate) struct SiteTimeQuery {
    /// Local time, as people write it.
    to: String,
    /// True: the second word that an unlikely time needs.
    sure: Option<bool>,
    /// Person for the audit log.
    recorded_by: Option<String>,
}

pub(crate) async fn show_site_time(State(app): State<ApiListener>) -> Json<SiteTimeJson> {
    Json(site_time(&app))
}

pub(crate) async fn set_site_time(
    State(app): State<ApiListener>,
    Query(ask): Query<SiteTimeQuery>,
    RequestLanguage(lang): RequestLanguage,
) -> Result<Json<SiteTimeJson>, ApiError> {
    let said = typed_time(&ask.to, &app.0.zone).ok_or_else(|| unread_time(&ask.to, lang))?;
    let sure = ask.sure.unwrap_or(false);
    let set = set_time(&app, (said, sure), ask.recorded_by, lang).await;
    set.map_err(|error| match error.status {
        status if status == StatusCode::PRECONDITION_REQUIRED.as_u16() => {
            let hint = lang.text("site-time-say-sure");
            ApiError::new(StatusCode::CONFLICT, format!("{} {hint}", error.error))
        }
        _ => error,
    })?;
    Ok(Json(site_time(&app)))
}

fn site_time(app: &ApiListener) -> SiteTimeJson {
    let clock = &app.state().clock;
    let (now, certainty) = (clock.now(), clock.certainty());
    let at = jiff::Timestamp::from_millisecond(now.at.0).unwrap_or_default();
    let local = at.to_zoned_datetime(app.0.zone.clone());
    SiteTimeJson {
        now: now.at.0,
        local: local.strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
        trusted: certainty.is_some(),
        bound_ms: certainty.map(|certainty| certainty.bound_ms),
        source: certainty.map(|certainty| certainty.source.word().to_owned()),
    }
}

/// Sets the time that a person says it is, gives undated readings their time, and notes the change
/// in the audit log. Errors: 409 when a source knows it better, 422 when it cannot be, 428 when it
/// is unlikely and nobody has said that it is sure.
pub(crate) async fn set_time(
    app: &ApiListener,
    (said, is_sure): (PersonTime, bool),
    who: Option<String>,
    lang: Language,
) -> Result<PersonTimeChange, ApiError> {
    let (store, clock) = (&app.state().store, &app.state().clock);
    let readings = store.known_readings().await?;
    let change = clock.set_by_person(said, readings, is_sure);
    let change = change.map_err(|why| refusal(app, why, said, lang))?;
    let who = RequestSender::current().recorded_or(who);
    let who: String = who
        .unwrap_or_default()
        .chars()
        .take(NAME_LENGTH_MAX)
        .collect();
    let what = format!(
        "time set by {}: from {} to {}, within {} s; the clock of the computer stays",
        if who.is_empty() { "-" } else { &who },
        change.from,
        change.to,
        said.bound_ms.div_ceil(1000)
    );
    tracing::warn!(%what, "a person has set the time");
    store.append_audit("clock", what).await?;
    store.redate_all().await?;
    Ok(change)
}

/// Time that a person has typed; one without seconds is in the middle of its minute. `None` when it
/// is no date with a time.
pub(crate) fn typed_time(text: &str, zone: &TimeZone) -> Option<PersonTime> {
    let text = text.trim();
    let at = parse_moment(text, zone)?.as_millisecond();
    Some(if has_seconds(text) {
        PersonTime {
            at: UtcMs(at),
            bound_ms: PERSON_TIME_BOUND_MS,
        }
    } else {
        PersonTime {
            at: UtcMs(at.saturating_add(30_000)),
            bound_ms: PERSON_MINUTE_BOUND_MS,
        }
    })
}

/// Parses a moment with its offset, or a local date and time, also as `10.05`.
pub(crate) fn parse_moment(text: &str, zone: &TimeZone) -> Option<jiff::Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let (day, time) = text.split_once(['T', ' '])?;
    let time = time.trim();
    // Thousandths of a second first: a point may stand between hours and minutes as well.
    let spellings = [time.to_owned(), time.replace('.', ":")];
    let mut read = spellings.iter().map(|time| format!("{day}T{time}").parse());
    let local: DateTime = read.find_map(Result::ok)?;
    zone.to_timestamp(local).ok()
}

/// Time that a phone has sent, in milliseconds since 1970 UTC.
pub(crate) fn phone_time(text: &str) -> Option<PersonTime> {
    let at = UtcMs(text.trim().parse().ok()?);
    Some(PersonTime {
        at,
        bound_ms: PERSON_TIME_BOUND_MS,
    })
}

/// True when the time of day of a written moment has seconds.
fn has_seconds(text: &str) -> bool {
    let clock = text.rsplit(['T', ' ']).next().unwrap_or_default();
    let clock = clock.split(['+', '-', 'Z']).next().unwrap_or_default();
    clock.matches([':', '.']).count() >= 2
}

/// Error for a text that is no date with a time.
pub(crate) fn unread_time(text: &str, lang: Language) -> ApiError {
    let found: String = text.chars().take(NAME_LENGTH_MAX).collect();
    let why = lang.text_with("site-time-unread", &[("found", &found)]);
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, why)
}

fn refusal(
    app: &ApiListener,
    why: PersonTimeRefusal,
    said: PersonTime,
    lang: Language,
) -> ApiError {
    let local = |at| format_local_time(at, UtcMs(0), &app.0.zone, lang);
    let seconds = |bound_ms: u64| bound_ms.div_ceil(1000).to_string();
    let (status, why) = match why {
        PersonTimeRefusal::TooEarly => (
            StatusCode::UNPROCESSABLE_ENTITY,
            lang.text_with("site-time-early", &[("time", &local(said.at))]),
        ),
        PersonTimeRefusal::TooLate(last) => {
            let times = [("time", &*local(said.at)), ("last", &local(last))];
            let why = lang.text_with("site-time-late", &times);
            (StatusCode::UNPROCESSABLE_ENTITY, why)
        }
        PersonTimeRefusal::Far(known) => {
            let times = [("time", &*local(said.at)), ("known", &local(known))];
            let why = lang.text_with("site-time-far", &times);
            (StatusCode::PRECONDITION_REQUIRED, why)
        }
        PersonTimeRefusal::TakesBack(newest) => {
            let times = [("time", &*local(said.at)), ("newest", &local(newest))];
            let why = lang.text_with("site-time-takes-back", &times);
            (StatusCode::PRECONDITION_REQUIRED, why)
        }
        PersonTimeRefusal::BeforeReadings(newest) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            lang.text_with("site-time-readings", &[("newest", &local(newest))]),
        ),
        PersonTimeRefusal::NetworkKnows(bound) => (
            StatusCode::CONFLICT,
            lang.text_with("site-time-network", &[("bound", &seconds(bound))]),
        ),
        PersonTimeRefusal::KnownBetter(bound) => (
            StatusCode::CONFLICT,
            lang.text_with("site-time-known", &[("bound", &seconds(bound))]),
        ),
    };
    ApiError::new(status, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_time_is_that_of_the_site_and_without_seconds_exact_to_the_minute() {
        let zone = TimeZone::get("Asia/Jakarta").unwrap();
        let read = |text| {
            let said = typed_time(text, &zone)?;
            Some((said.at.to_string(), said.bound_ms))
        };
        let exact = Some(("2026-11-30T03:05:30Z".to_owned(), 5000));
        for text in [
            "2026-11-30 10:05:30",
            " 2026-11-30T10:05:30 ",
            "2026-11-30 10.05.30",
            "2026-11-30T03:05:30Z",
            "2026-11-30T11:05:30+08:00",
        ] {
            assert_eq!(read(text), exact, "{text}");
        }
        let minute = Some(("2026-11-30T03:05:30Z".to_owned(), 60_000));
        for text in ["2026-11-30 10:05", "2026-11-30 10.05", "2026-11-30T03:05Z"] {
            assert_eq!(read(text), minute, "{text}");
        }
        for text in [
            "",
            "10:05",
            "2026-11-30",
            "tomorrow 10:05",
            "2026-02-30 10:05",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(
            phone_time("1796040000000").unwrap().at,
            UtcMs(1_796_040_000_000)
        );
        assert_eq!(phone_time(""), None);
    }
}
