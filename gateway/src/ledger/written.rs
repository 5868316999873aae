//! Numbers and dates as people write them into tables: decimal comma or point, day before month.

use crate::model::decimal::Decimal;
use crate::model::ledger::When;
use crate::model::month::month_named;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// Which sign stands before the decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// 1.234,5
    Comma,
    /// 1,234.5
    Point,
}

/// What a written number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// It can only mean this.
    Clear(Decimal),
    /// `1.234` or `1,234`: a thousand and something, or one and a fraction.
    Either {
        /// The sign groups thousands.
        grouped: Decimal,
        /// The sign stands before decimals.
        decimal: Decimal,
        /// The sign that was written.
        mark: Mark,
    },
}

/// Days that spreadsheets count from 30 December 1899: those of the years 1954 to 2118, so that a
/// small number or a bare year is not taken for a date.
const SERIALS: std::ops::RangeInclusive<i64> = 20_000..=80_000;

/// What is written before an amount of money.
const CURRENCIES: [&str; 6] = ["Rp.", "Rp", "rp.", "rp", "RP", "IDR"];
/// What is written behind one that has no decimals.
const NO_DECIMALS: [&str; 3] = [",--", ",-", ".-"];

/// The digits and signs of a written number, without spaces, currency and the dash for no decimals.
fn bare(text: &str) -> String {
    let text: String = text.split_whitespace().collect();
    let before = CURRENCIES.iter().find_map(|sign| text.strip_prefix(sign));
    let text = before.unwrap_or(&text);
    let behind = NO_DECIMALS.iter().find_map(|end| text.strip_suffix(end));
    behind.unwrap_or(text).to_owned()
}

/// A written number and the unit behind it: `12,5 kg`.
pub(super) fn apart(text: &str) -> (&str, Option<&str>) {
    let text = text.trim();
    let is_digit = |c: char| c.is_ascii_digit();
    let end = text.rfind(is_digit).map_or(0, |at| at + 1);
    let (number, unit) = (&text[..end], text[end..].trim());
    let digits = number.trim_start_matches('-').chars();
    let is_number = digits.clone().next().is_some_and(is_digit)
        && digits
            .into_iter()
            .all(|c| is_digit(c) || ".,".contains(c) || c.is_whitespace());
    let is_unit = unit
        .chars()
        .next()
        .is_some_and(|c| c.is_alphabetic() || c == '%' || c == '\u{b0}');
    if is_number && is_unit {
        (number, Some(unit))
    } else {
        (text, None)
    }
}

/// Reads a number; `None` when it is none.
pub(super) fn amount(text: &str) -> Option<Amount> {
    let text = bare(text);
    let text = text.as_str();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let read = |digits: &str| format!("{sign}{digits}").parse::<Decimal>().ok();
    let clear = |digits: &str| read(digits).map(Amount::Clear);
    match (digits.rfind(','), digits.rfind('.')) {
        (None, None) => clear(digits),
        (Some(comma), Some(point)) => {
            let (at, group) = if comma > point {
                (comma, '.')
            } else {
                (point, ',')
            };
            let (whole, part) = (&digits[..at], &digits[at + 1..]);
            clear(&format!("{}.{part}", ungrouped(whole, group)?))
        }
        (Some(at), None) => one_sign(digits, at, Mark::Comma, read),
        (None, Some(at)) => one_sign(digits, at, Mark::Point, read),
    }
}

fn one_sign(
    digits: &str,
    at: usize,
    mark: Mark,
    read: impl Fn(&str) -> Option<Decimal>,
) -> Option<Amount> {
    let sign = match mark {
        Mark::Comma => ',',
        Mark::Point => '.',
    };
    let (whole, part) = (&digits[..at], &digits[at + 1..]);
    let grouped = ungrouped(digits, sign).filter(|_| !digits.starts_with('0'));
    if whole.contains(sign) {
        return read(&grouped?).map(Amount::Clear);
    }
    let decimal = read(&format!("{whole}.{part}"))?;
    match grouped.and_then(|grouped| read(&grouped)) {
        Some(grouped) => Some(Amount::Either {
            grouped,
            decimal,
            mark,
        }),
        None => Some(Amount::Clear(decimal)),
    }
}

/// The digits without the sign that groups thousands; `None` when it does not.
fn ungrouped(digits: &str, sign: char) -> Option<String> {
    let mut groups = digits.split(sign);
    let first = groups.next()?;
    let mut all = first.to_owned();
    if first.is_empty() {
        return None;
    }
    for (count, group) in groups.enumerate() {
        if group.len() != 3 || (count == 0 && first.len() > 3) {
            return None;
        }
        all.push_str(group);
    }
    Some(all)
}

/// The sign before decimals that a written number shows beyond doubt.
pub(super) fn mark(text: &str) -> Option<Mark> {
    let text = bare(apart(text).0);
    match amount(&text)? {
        Amount::Either { .. } => None,
        Amount::Clear(number) => {
            let at = text.rfind([',', '.'])?;
            let is_comma = text[at..].starts_with(',');
            let several = text.matches([',', '.']).count() > 1;
            let decimal = number.places() > 0 || !several;
            Some(if is_comma == decimal {
                Mark::Comma
            } else {
                Mark::Point
            })
        }
    }
}

impl Amount {
    /// The number, when the sign before decimals is known or does not matter.
    pub(super) fn with(self, known: Option<Mark>) -> Option<Decimal> {
        match self {
            Self::Clear(number) => Some(number),
            Self::Either {
                grouped,
                decimal,
                mark,
            } => known.map(|known| if known == mark { decimal } else { grouped }),
        }
    }
}

/// A date that a number of a spreadsheet stands for.
fn serial(days: i64) -> Option<Date> {
    let origin = Date::new(1899, 12, 30).ok()?;
    let known = SERIALS.contains(&days);
    known.then(|| origin.saturating_add(jiff::Span::new().days(days)))
}

/// Whole days and the fraction of a day, when the text is a number of a spreadsheet's days.
fn day_number(text: &str) -> Option<(i64, f64)> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = text.parse::<f64>().ok().filter(|_| is_plain)?;
    let (days, _) = text.split_once('.').unwrap_or((text, ""));
    Some((days.parse().ok()?, number.fract()))
}

/// Whether a text is a spreadsheet's day number.
pub(super) fn is_day_number(text: &str) -> bool {
    day_number(text).is_some()
}

/// The day number counted from 1900, of one that lacks `shift` days; another text as it is.
pub(super) fn shifted(text: &str, shift: i64) -> String {
    match day_number(text) {
        // A year is a smaller number than any day's.
        Some((days, _)) if shift != 0 && SERIALS.contains(&days.saturating_add(shift)) => {
            let part = text.find('.').map_or("", |at| &text[at..]);
            format!("{}{part}", days.saturating_add(shift))
        }
        _ => text.to_owned(),
    }
}

/// A spreadsheet's day number, with the time of day as its fraction.
fn numbered(text: &str) -> Option<When> {
    let (days, fraction) = day_number(text)?;
    let day = serial(days)?;
    if fraction == 0.0 {
        return Some(When::Day(day));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a day has 86 400 seconds at most"
    )]
    let seconds = (fraction * 86_400.0).round() as i64;
    let moment = day.to_datetime(Time::midnight());
    let moment = moment.checked_add(jiff::Span::new().seconds(seconds));
    moment.ok().map(When::Moment)
}

/// `20 Nov 2026`, `20-November-2026 14:30`, `Nov 20, 2026`: the month as a word.
fn worded(text: &str) -> Option<When> {
    let parts = text.split(|c: char| c.is_whitespace() || "-/,".contains(c));
    let parts: Vec<&str> = parts
        .map(|part| part.trim_end_matches('.'))
        .filter(|part| !part.is_empty())
        .collect();
    let [first, second, year, ref rest @ ..] = parts[..] else {
        return None;
    };
    let (day, month) = match (month_named(first), month_named(second)) {
        (Some(month), None) => (second, month),
        (None, Some(month)) => (first, month),
        _ => return None,
    };
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>| {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i16>()
            .ok()
            .filter(|_| is_plain && digits.contains(&text.len()))
    };
    let day = i8::try_from(number(day, 1..=2)?).ok()?;
    let date = Date::new(number(year, 4..=4)?, month, day).ok()?;
    match rest {
        [] => Some(When::Day(date)),
        [time] => Some(When::Moment(date.to_datetime(clock(time)?))),
        _ => None,
    }
}

/// Reads a day, or a day and a time: `2026-11-21`, `21/11/2026`, `21-11-2026`, `21.11.2026`, `21
/// November 2026`, each with an optional ` 14:30` or `T14:30:00`, or a spreadsheet's day number. A
/// time with an offset becomes the site's local time.
pub(super) fn when(text: &str, zone: &TimeZone) -> Option<When> {
    let text = text.trim();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        let moment = at.to_zoned_datetime(zone.clone()).datetime();
        return Some(When::Moment(whole_seconds(moment)));
    }
    if is_day_number(text) {
        return numbered(text);
    }
    if let Some(when) = worded(text) {
        return Some(when);
    }
    let (day, time) = match text.split_once(['T', ' ']) {
        Some((day, time)) => (date(day)?, Some(time.trim())),
        None => (date(text)?, None),
    };
    match time {
        None => Some(When::Day(day)),
        Some(time) => Some(When::Moment(day.to_datetime(clock(time)?))),
    }
}

fn date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split(['/', '-', '.']).collect();
    let [first, month, last] = parts[..] else {
        return None;
    };
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>| -> Option<i16> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        (plain && digits.contains(&text.len())).then(|| text.parse().ok())?
    };
    let (year, day) = if first.len() == 4 {
        (first, last)
    } else {
        (last, first)
    };
    let small = |text| i8::try_from(number(text, 1..=2)?).ok();
    Date::new(number(year, 4..=4)?, small(month)?, small(day)?).ok()
}

fn clock(text: &str) -> Option<Time> {
    let mut parts = text.split([':', '.']).map(|part| {
        let plain = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse::<i8>().ok())?
    });
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let ended = parts.next().is_none();
    Time::new(hour, minute, second, 0).ok().filter(|_| ended)
}

fn whole_seconds(moment: DateTime) -> DateTime {
    let time = moment.time();
    moment
        .date()
        .at(time.hour(), time.minute(), time.second(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn clear(text: &str) -> String {
        match amount(text) {
            Some(Amount::Clear(number)) => number.to_string(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn comma_and_point_are_told_apart_where_they_can_be() {
        assert_eq!(clear("12,5"), "12.5");
        assert_eq!(clear("12.5"), "12.5");
        assert_eq!(clear("1.234,5"), "1234.5");
        assert_eq!(clear("1,234.5"), "1234.5");
        assert_eq!(clear("1.234.567"), "1234567");
        assert_eq!(clear("0,125"), "0.125");
        assert_eq!(clear("1234,567"), "1234.567");
        assert_eq!(clear("-3"), "-3");
        assert_eq!(clear("Rp 2.500.000"), "2500000");
        assert_eq!(clear("Rp. 2.500.000"), "2500000");
    }

    #[test]
    fn a_thousand_or_one_and_a_fraction_is_left_open_until_the_file_says_which() {
        let open = amount("1.234").unwrap();
        assert_eq!(open.with(None), None);
        assert_eq!(open.with(Some(Mark::Comma)).unwrap().to_string(), "1234");
        assert_eq!(open.with(Some(Mark::Point)).unwrap().to_string(), "1.234");
        assert_eq!(mark("1.234"), None);
        assert_eq!(mark("12,5"), Some(Mark::Comma));
        assert_eq!(mark("12.5"), Some(Mark::Point));
        assert_eq!(mark("1.234.567"), Some(Mark::Comma));
        assert_eq!(mark("1.234,5"), Some(Mark::Comma));
        assert_eq!(mark("17"), None);
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "", "-", "12 kg", "1.23.4", "1,2,3", "12,", ",5", "1e5", "--1", "sepuluh",
        ] {
            assert_eq!(amount(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_is_read_in_every_spelling_with_the_day_before_the_month() {
        let zone = TimeZone::get("Asia/Jakarta").unwrap();
        let read = |text| when(text, &zone).map(|when| when.to_string());
        for text in [
            "2026-11-21",
            "21/11/2026",
            "21-11-2026",
            "21.11.2026",
            "46347",
        ] {
            assert_eq!(read(text).as_deref(), Some("2026-11-21"), "{text}");
        }
        let moment = Some("2026-11-21T14:30");
        for text in [
            "2026-11-21 14:30",
            "21/11/2026 14.30",
            "2026-11-21T14:30:00",
        ] {
            assert_eq!(read(text).as_deref(), moment, "{text}");
        }
        assert_eq!(read("2026-11-21T07:30:00Z").as_deref(), moment);
        for text in [
            "11/21/2026",
            "21/11/26",
            "2026",
            "31/02/2026",
            "2026-11-21 25:00",
            "kemarin",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in "[-0-9.,/:T RpZé]{0,20}") {
            let _ = (amount(&text), mark(&text), when(&text, &TimeZone::UTC));
        }

        #[test]
        fn a_number_written_the_indonesian_way_comes_back(
            mantissa in 0i64..999_999_999, places in 0u8..4,
        ) {
            let number = Decimal::new(mantissa, places).unwrap();
            let text = number.to_string().replace('.', ",");
            prop_assert_eq!(amount(&text).unwrap().with(Some(Mark::Comma)), Some(number));
        }
    }
}
