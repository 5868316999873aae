//! Parser of times as people, loggers and spreadsheets write them.
//!
//! Two things can stay open after parsing: the order of day and month, and the time zone. Other
//! rows of the column, an option, or the rule of a table decide them in
//! `ParsedLoggerTime::to_utc`.

use super::locales::split_weekday;
pub use super::written_date::DateOrder;
pub(crate) use super::written_date::{LoggerTimeError, ParsedLoggerDate};
use super::written_date::{parse_month_name_date, parse_numeric_date, parse_short_number};
use crate::domain::UtcMs;
use crate::domain::parse_finite;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use std::ops::RangeInclusive;

/// Day numbers of spreadsheets, counted from 1899-12-30: those of the years 1954 to 2118.
const SPREADSHEET_DAY_NUMBERS: RangeInclusive<f64> = 20_000.0..=80_000.0;
/// Seconds since 1970 of the years 2001 to 2128. The range does not overlap with day numbers or
/// years, so that one number has one meaning.
const UNIX_SECONDS: RangeInclusive<i64> = 1_000_000_000..=4_999_999_999;
const DAY_MS: f64 = 86_400_000.0;
/// Words before a time of day, in upper case.
const CLOCK_WORDS: [&str; 4] = ["PUKUL", "JAM", "PKL.", "PKL"];

/// Parsed time of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ParsedLoggerTime {
    /// Time with an offset; `cut` is set when it was finer than a millisecond.
    Instant { at: UtcMs, cut: bool },
    /// Date and time of day without an offset, in milliseconds of the day.
    LocalClock {
        day: ParsedLoggerDate,
        ms: i64,
        cut: bool,
        /// Whether it was a day number of a spreadsheet.
        numbered: bool,
        /// Offset from UTC that is written behind it, s.
        offset_s: Option<i32>,
    },
}

/// Parses a time that cannot be mistaken for a plain number.
pub(crate) fn parse_logger_time(text: &str) -> Option<ParsedLoggerTime> {
    let text = text.trim();
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // RFC 3339 with an offset is tried first: it leaves nothing open.
    if let Ok(moment) = text.parse::<Timestamp>() {
        let ns = moment.as_nanosecond();
        return Some(ParsedLoggerTime::Instant {
            at: UtcMs(i64::try_from(ns.div_euclid(1_000_000)).ok()?),
            cut: ns.rem_euclid(1_000_000) != 0,
        });
    }
    let (text, offset_s) = split_zone(split_weekday(text).1);
    if let Some((day, rest)) = parse_month_name_date(text) {
        return attach_clock(day, rest, offset_s);
    }
    // A no-break space may stand between date and time.
    let (day, rest) = text.split_once(['T', ' ', '\u{a0}']).unwrap_or((text, ""));
    attach_clock(parse_numeric_date(day)?, rest, offset_s)
}

/// Offset from UTC, s, that is written behind a time; `None` without one.
pub(crate) fn written_offset(text: &str) -> Option<i32> {
    // RFC 9557 has the name of the zone behind the offset: `+07:00[Asia/Jakarta]`.
    split_zone(text.split('[').next().unwrap_or_default().trim()).1
}

/// Time without the zone behind it (`Z`, `+07:00`, `UTC+7`, `WIB`), and the offset of that zone, s.
fn split_zone(text: &str) -> (&str, Option<i32>) {
    if let Some((before, word)) = text.rsplit_once(' ')
        && let Some(offset) = parse_zone_word(word)
    {
        return (before.trim_end(), Some(offset));
    }
    // Only behind a time of day: `20-11-2026` has no zone.
    let is_clock =
        |before: &str| before.contains(':') && before.ends_with(|c: char| c.is_ascii_digit());
    if let Some(before) = text
        .strip_suffix(['Z', 'z'])
        .filter(|before| is_clock(before))
    {
        return (before, Some(0));
    }
    let at = text.rfind(['+', '-']).filter(|at| is_clock(&text[..*at]));
    let offset = at.and_then(|at| Some((at, parse_offset(&text[at..])?)));
    offset.map_or((text, None), |(at, offset)| (&text[..at], Some(offset)))
}

/// Zone of a name or an offset, as people give it: `Asia/Jakarta`, `WIB`, `UTC+7`, `+07:00`.
pub fn parse_zone(text: &str) -> Option<TimeZone> {
    let text = text.trim();
    let fixed = || {
        let offset = jiff::tz::Offset::from_seconds(parse_zone_word(text)?).ok()?;
        Some(TimeZone::fixed(offset))
    };
    TimeZone::get(text).ok().or_else(fixed)
}

/// Offset from UTC, s, of the name of a zone: `UTC`, `GMT+7`, `+07:00`, and the zones of Indonesia.
pub(crate) fn parse_zone_word(word: &str) -> Option<i32> {
    const HOUR_S: i32 = 3600;
    let word = word.trim().to_uppercase();
    match word.as_str() {
        "WIB" => return Some(7 * HOUR_S),
        "WITA" => return Some(8 * HOUR_S),
        "WIT" => return Some(9 * HOUR_S),
        "UTC" | "GMT" | "Z" => return Some(0),
        _ => {}
    }
    let bare = word
        .strip_prefix("UTC")
        .or_else(|| word.strip_prefix("GMT"));
    parse_offset(bare.unwrap_or(&word).trim())
}

/// Offset `+7`, `+07` or `-03:30`, s.
fn parse_offset(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-'])?;
    let plain = || {
        (digits.len() == 4)
            .then(|| digits.split_at_checked(2))
            .flatten()
    };
    let split = digits.split_once(':').or_else(plain);
    let (hours, minutes) = split.unwrap_or((digits, "0"));
    let hours = i32::from(parse_short_number(hours, 2)?);
    let minutes = i32::from(parse_short_number(minutes, 2)?);
    let offset = (hours * 60 + minutes) * 60;
    // The zones of the world lie between -12:00 and +14:00.
    (hours <= 14 && minutes < 60).then_some(if text.starts_with('-') {
        -offset
    } else {
        offset
    })
}

fn attach_clock(
    day: ParsedLoggerDate,
    rest: &str,
    offset_s: Option<i32>,
) -> Option<ParsedLoggerTime> {
    let (ms, cut) = match rest.trim() {
        "" => (0, false),
        rest => parse_clock(rest)?,
    };
    Some(ParsedLoggerTime::LocalClock {
        day,
        ms,
        cut,
        numbered: false,
        offset_s,
    })
}

/// Parses a day number of a spreadsheet, or seconds or milliseconds since 1970.
pub(crate) fn parse_numeric_time(text: &str) -> Option<ParsedLoggerTime> {
    // A spreadsheet with decimal commas writes day numbers with a comma, too.
    let text = text.trim().replace(',', ".");
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = parse_finite(&text).filter(|_| is_plain)?;
    if let Ok(count) = text.parse::<i64>() {
        let seconds = UNIX_SECONDS.contains(&count).then(|| count * 1000);
        let thousandths = UNIX_SECONDS.contains(&(count / 1000)).then_some(count);
        if let Some(at) = seconds.or(thousandths) {
            return Some(ParsedLoggerTime::Instant {
                at: UtcMs(at),
                cut: false,
            });
        }
    }
    if !SPREADSHEET_DAY_NUMBERS.contains(&number) {
        return None;
    }
    let part = text.split_once('.').map_or("", |(_, part)| part);
    // Eight decimals of a day are a millisecond. Files with fewer decimals are precise to the
    // second at best, so that the rounding error of the double is removed.
    let step = if part.len() < 8 { 1000.0 } else { 1.0 };
    let ms = (number.fract() * DAY_MS / step).round() * step;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a day, and days of some centuries"
    )]
    let (days, ms) = (number.trunc() as i64, ms as i64);
    // Spreadsheets count 1900 as a leap year; from this origin all dates after February 1900 are
    // right.
    let origin = Date::new(1899, 12, 30).ok()?;
    let day = origin.checked_add(jiff::Span::new().days(days)).ok()?;
    Some(ParsedLoggerTime::LocalClock {
        day: ParsedLoggerDate::Known(day),
        ms,
        cut: false,
        numbered: true,
        offset_s: None,
    })
}

/// Time of day alone, in milliseconds, as the second of two columns; and whether it was cut.
pub(crate) fn parse_clock_cell(text: &str, is_named: bool) -> Option<(i64, bool)> {
    // A cell such as `10.50` beside a date is a value, unless the heading says that it is a time.
    parse_clock(text.trim()).filter(|_| is_named || text.contains(':'))
}

/// Time of day: `15:30`, `15.30.07`, `15:30:07,250`, `3:30 PM`, `pukul 10.00`, and `24:00` for the
/// end of a day.
/// The result is in milliseconds, with whether it was cut.
fn parse_clock(text: &str) -> Option<(i64, bool)> {
    let upper = text.trim().to_ascii_uppercase();
    let mut words = CLOCK_WORDS.iter();
    let bare = words.find_map(|word| upper.strip_prefix(word));
    let upper = bare.unwrap_or(&upper).trim_start().to_owned();
    let half = [("AM", 0), ("PM", 12)].into_iter().find_map(|(word, add)| {
        let rest = upper.strip_suffix(word)?;
        Some((rest.trim_end().to_owned(), add))
    });
    let (text, half) = half.map_or((upper.clone(), None), |(text, add)| (text, Some(add)));
    let (hour, rest) = text.split_once([':', '.'])?;
    let (minute, rest) = rest.split_once([':', '.']).unwrap_or((rest, "0"));
    let (second, part) = rest.split_once(['.', ',', ':']).unwrap_or((rest, ""));
    let whole_part = part.is_empty() || part.bytes().all(|byte| byte.is_ascii_digit());
    let hour = parse_short_number(hour, 2)?;
    let hour = match half {
        // 12 AM is midnight and 12 PM is noon.
        Some(add) if (0..=12).contains(&hour) => hour % 12 + add,
        // Some loggers put the word behind a clock of 24 hours, or of 0 to 11: `00:15 AM`, `13:00
        // PM`. Each means one time; `13:00 AM` means none.
        None | Some(12) => hour,
        Some(_) => return None,
    };
    let (minute, second) = (
        parse_short_number(minute, 2)?,
        parse_short_number(second, 2)?,
    );
    let is_clock = hour < 24 && minute < 60 && second < 60;
    let is_end = hour == 24 && minute == 0 && second == 0 && part.is_empty();
    if !whole_part || part.len() > 9 || !(is_clock || is_end) {
        return None;
    }
    let nanos: i64 = format!("{part:0<9}").parse().ok()?;
    let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
    Some((seconds * 1000 + nanos / 1_000_000, nanos % 1_000_000 != 0))
}

impl ParsedLoggerTime {
    /// The same date with another time of day.
    pub(crate) fn with_clock_of_day(self, (ms, cut): (i64, bool)) -> Self {
        match self {
            Self::LocalClock {
                day,
                numbered,
                offset_s,
                ..
            } => Self::LocalClock {
                day,
                ms,
                cut,
                numbered,
                offset_s,
            },
            moment @ Self::Instant { .. } => moment,
        }
    }

    /// The same time with an offset from UTC, s, where it has none.
    pub(crate) fn with_offset(mut self, offset: i32) -> Self {
        if let Self::LocalClock { offset_s, .. } = &mut self {
            offset_s.get_or_insert(offset);
        }
        self
    }

    /// The date and time of day that a clock with this offset from UTC (s) showed, without a zone.
    pub(crate) fn without_zone(self, offset_s: i32) -> Self {
        let (at, cut) = match self {
            Self::LocalClock {
                day,
                ms,
                cut,
                numbered,
                ..
            } => {
                return Self::LocalClock {
                    day,
                    ms,
                    cut,
                    numbered,
                    offset_s: None,
                };
            }
            Self::Instant { at, cut } => (at, cut),
        };
        let shown = jiff::tz::Offset::from_seconds(offset_s)
            .ok()
            .zip(Timestamp::from_millisecond(at.0).ok());
        shown.map_or(self, |(offset, at)| {
            let shown = offset.to_datetime(at);
            let midnight = shown.date().to_datetime(Time::midnight());
            let ms = shown.duration_since(midnight).as_millis();
            Self::LocalClock {
                day: ParsedLoggerDate::Known(shown.date()),
                ms: i64::try_from(ms).unwrap_or_default(),
                cut,
                numbered: false,
                offset_s: None,
            }
        })
    }

    /// The same time, counted from another epoch where it is a day number: `days` later.
    pub(crate) fn with_epoch_shift(mut self, days: i64) -> Self {
        if let Self::LocalClock {
            day: ParsedLoggerDate::Known(day),
            numbered: true,
            ..
        } = &mut self
        {
            *day = day.saturating_add(jiff::Span::new().days(days));
        }
        self
    }

    /// Whether the time has no zone of its own.
    pub(crate) fn is_zoneless(self) -> bool {
        matches!(self, Self::LocalClock { offset_s: None, .. })
    }

    /// Whether a time of day other than midnight is written beside the date.
    pub(crate) fn has_clock(self) -> bool {
        !matches!(self, Self::LocalClock { ms: 0, .. })
    }

    /// Time in UTC, cut to the millisecond. Errors: every [`LoggerTimeError`].
    pub(crate) fn to_utc(
        self,
        order: Option<DateOrder>,
        zone: Option<&TimeZone>,
    ) -> Result<UtcMs, LoggerTimeError> {
        let (day, ms, offset_s) = match self {
            Self::Instant { at, .. } => return Ok(at),
            Self::LocalClock {
                day, ms, offset_s, ..
            } => (day, ms, offset_s),
        };
        let day = day.resolve_date(order)?;
        let own = offset_s.and_then(|offset| jiff::tz::Offset::from_seconds(offset).ok());
        let own = own.map(TimeZone::fixed);
        let zone = own.as_ref().or(zone).ok_or(LoggerTimeError::Zone)?;
        // Milliseconds are added to the date, since 24:00 is the end of the day.
        let midnight: DateTime = day.to_datetime(Time::midnight());
        let local = midnight.checked_add(jiff::Span::new().milliseconds(ms));
        let local = local.map_err(|_| LoggerTimeError::NoDay)?;
        // A local time that occurs twice or never (daylight saving) is refused, not moved.
        let moment = zone.to_ambiguous_timestamp(local).unambiguous();
        let moment = moment.map_err(|_| LoggerTimeError::Clock)?;
        Ok(UtcMs(moment.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn parse_to_utc(text: &str, order: Option<DateOrder>) -> Result<String, LoggerTimeError> {
        let zone = TimeZone::get("Asia/Jakarta").unwrap();
        let written = parse_logger_time(text)
            .or_else(|| parse_numeric_time(text))
            .unwrap();
        let moment = written.to_utc(order, Some(&zone))?;
        Ok(Timestamp::from_millisecond(moment.0).unwrap().to_string())
    }

    #[test]
    fn one_moment_is_read_in_every_spelling() {
        for text in [
            "2026-11-20T08:30:00Z",
            "2026-11-20T15:30:00+07:00",
            "2026-11-20T15:30:00+0700",
            "2026-11-20 15:30",
            "2026/11/20 15:30:00",
            "2026-11-20T15:30:00.000",
            "20/11/2026 15.30",
            "20.11.2026 15:30:00,000",
            "20-11-2026 3:30 PM",
            "20 Nov 2026 15:30",
            "20-Nopember-2026 15:30:00",
            "20. November 2026 15:30",
            "20-Nov-26 15:30",
            "Jumat, 20 November 2026 pukul 15.30",
            "Jum'at 20/11/2026 15:30",
            "20/11/2026 pukul 15.30 WIB",
            "Fri, 20 Nov 2026 15:30:00 +0700",
            "Nov 20, 2026 3:30 PM",
            "Friday, November 20, 2026 15:30",
            "2026-Nov-20 15:30",
            "Jum, 20 Nop 2026 15:30 PM",
            "46346.6458333333",
            "46346,6458333333",
            "46346.64583",
            "1795163400",
            "1795163400000",
        ] {
            let dmy = Some(DateOrder::Dmy);
            assert_eq!(
                parse_to_utc(text, dmy).as_deref(),
                Ok("2026-11-20T08:30:00Z"),
                "{text}"
            );
        }
        for text in ["2026-11-20 00:30 AM", "20/11/2026 12:30 AM"] {
            let early = parse_to_utc(text, Some(DateOrder::Dmy));
            assert_eq!(early.as_deref(), Ok("2026-11-19T17:30:00Z"), "{text}");
        }
        let noon = parse_to_utc("2026-11-20 0:30 PM", None);
        assert_eq!(noon.as_deref(), Ok("2026-11-20T05:30:00Z"));
        let short = parse_to_utc("11/20/26 15:30", Some(DateOrder::Mdy));
        assert_eq!(short.as_deref(), Ok("2026-11-20T08:30:00Z"));
        let end = parse_to_utc("2026-11-20 24:00", None);
        assert_eq!(end.as_deref(), Ok("2026-11-20T17:00:00Z"));
    }

    #[test]
    fn what_is_open_stays_open() {
        assert_eq!(
            parse_to_utc("02/08/2022 15:30", None),
            Err(LoggerTimeError::Order)
        );
        assert_eq!(
            parse_to_utc("02/08/22 15:30", None),
            Err(LoggerTimeError::Order)
        );
        let mdy = Some(DateOrder::Mdy);
        assert_eq!(
            parse_to_utc("20/11/2026 15:30", mdy),
            Err(LoggerTimeError::NotInOrder)
        );
        let zoneless = parse_logger_time("2026-11-20 15:30").unwrap();
        assert_eq!(zoneless.to_utc(None, None), Err(LoggerTimeError::Zone));
    }

    #[test]
    fn a_day_that_its_month_does_not_have_is_known_as_one_in_every_spelling() {
        for text in [
            "31/11/2026",
            "29/02/2025 10:00",
            "2026-11-31T10:00:00Z",
            "2025-02-29",
            "31 November 2026",
            "Feb 30, 2026",
            "31/11/26",
        ] {
            let read = parse_to_utc(text, Some(DateOrder::Dmy));
            assert_eq!(read, Err(LoggerTimeError::NoDay), "{text}");
        }
    }

    #[test]
    fn an_hour_that_a_clock_showed_twice_or_never_is_no_moment() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        for text in ["2026-10-25 02:30", "2026-03-29 02:30"] {
            let written = parse_logger_time(text).unwrap();
            assert_eq!(
                written.to_utc(None, Some(&zone)),
                Err(LoggerTimeError::Clock),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "x",
            "12.5",
            "2026",
            "31/31/2026",
            "2026-02-32",
            "2026-13-01",
            "20 Foo 2026",
            "2026-11-20 25:00",
            "2026-11-20 12:60",
            "20/11/2026 13:00 AM",
            "1,5",
        ] {
            assert_eq!(parse_logger_time(text), None, "{text}");
        }
        for text in [
            "",
            "12.5",
            "2026",
            "999",
            "90000",
            "20000.x",
            "5000000000000000",
        ] {
            assert_eq!(parse_numeric_time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[-0-9:./TZ APMNov,+éUWIBGC]{0,26}") {
            for written in parse_logger_time(&text).into_iter().chain(parse_numeric_time(&text)) {
                for order in [None, Some(DateOrder::Dmy), Some(DateOrder::Ymd)] {
                    let _ = written.to_utc(order, Some(&TimeZone::UTC));
                }
            }
            let _ = (parse_clock_cell(&text, true), parse_zone_word(&text), split_zone(&text));
        }

        #[test]
        fn a_written_moment_comes_back(at in 946_684_800_000i64..4_000_000_000_000) {
            let moment = Timestamp::from_millisecond(at).unwrap();
            let civil = moment.to_zoned_datetime(TimeZone::UTC).datetime();
            for form in ["%d/%m/%Y %H:%M:%S%.f", "%d-%b-%Y %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"] {
                let text = civil.strftime(form).to_string();
                let read = parse_logger_time(&text).unwrap();
                let back = read.to_utc(Some(DateOrder::Dmy), Some(&TimeZone::UTC));
                prop_assert_eq!(back, Ok(UtcMs(at)), "{}", text);
            }
        }
    }
}
