//! Parsing of numbers and dates as people write them: decimal comma or point, day before month.

use crate::domain::ExactNumber;
use crate::domain::ledger::EntryTime;
use crate::domain::parse_finite;
use crate::i18n::split_weekday;
use crate::i18n::written_time::{
    DateOrder, LoggerTimeError, ParsedLoggerDate, ParsedLoggerTime, parse_logger_time,
};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

/// Decimal sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalMark {
    /// `1.234,5`
    Comma,
    /// `1,234.5`
    Point,
}

impl DecimalMark {
    /// Parses the command line word `comma` or `point`.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Comma, Self::Point]
            .into_iter()
            .find(|mark| mark.word() == word)
    }

    /// Word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Point => "point",
        }
    }
}

/// Meaning of a written number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum WrittenNumber {
    /// Unambiguous number.
    Clear(ExactNumber),
    /// `1.234` or `1,234`: the sign may group thousands or be the decimal sign.
    Either {
        /// Value if the sign groups thousands.
        grouped: ExactNumber,
        /// Value if the sign is the decimal sign.
        decimal: ExactNumber,
        /// The sign.
        mark: DecimalMark,
    },
}

/// Accepted day numbers of spreadsheets (days since 30 December 1899): the years 1954 to 2118, so
/// that small numbers and bare years are not taken for dates.
const SERIAL_DAYS: std::ops::RangeInclusive<i64> = 20_000..=80_000;

/// Currency signs before an amount of money.
const CURRENCIES: [&str; 6] = ["Rp.", "Rp", "rp.", "rp", "RP", "IDR"];
/// Id of the unit of an amount with such a sign.
pub(super) const RUPIAH: &str = "IDR";
/// Endings of an amount without decimals, such as `Rp 2.500.000,-`.
const NO_DECIMALS_SUFFIXES: [&str; 3] = [",--", ",-", ".-"];

/// Written number without spaces, currency sign and the ending for no decimals.
fn strip_currency(text: &str) -> String {
    // Spaces, also no-break spaces, group thousands: `2 500`.
    let text: String = text.split_whitespace().collect();
    let before = CURRENCIES.iter().find_map(|sign| text.strip_prefix(sign));
    let text = before.unwrap_or(&text);
    let behind = NO_DECIMALS_SUFFIXES
        .iter()
        .find_map(|end| text.strip_suffix(end));
    behind.unwrap_or(text).to_owned()
}

/// Splits a number from the unit behind it (`12,5 kg`), or a currency sign before it (`Rp 70,7
/// juta`); the unit is `None` if there is none.
pub(super) fn split_unit(text: &str) -> (&str, Option<&str>) {
    let text = text.trim();
    let amount = CURRENCIES.iter().find_map(|sign| text.strip_prefix(sign));
    let bare = amount.unwrap_or(text).trim_start();
    let is_digit = |c: char| c.is_ascii_digit();
    let end = bare.find(begins_unit).unwrap_or(bare.len());
    let (number, unit) = (bare[..end].trim_end(), bare[end..].trim());
    let digits = number.trim_start_matches('-').chars();
    let is_number = digits.clone().next().is_some_and(is_digit)
        && digits
            .into_iter()
            .all(|c| is_digit(c) || ".,".contains(c) || c.is_whitespace());
    // `800 m3` has a unit, and `1e3` and `3 Nov 2026` have none.
    let name = unit.trim_end_matches(['2', '3']);
    let is_power = unit.len() - name.len() == 1 && parse_finite(bare).is_none();
    let is_unit = unit.starts_with(begins_unit)
        && !name.contains(is_digit)
        && (name.len() == unit.len() || is_power);
    match (is_number && is_unit, amount) {
        (true, _) => (number, Some(unit)),
        (false, Some(_)) => (text, Some(RUPIAH)),
        (false, None) => (text, None),
    }
}

fn begins_unit(sign: char) -> bool {
    sign.is_alphabetic() || sign == '%' || sign == '\u{b0}'
}

/// Parses a written number; `None` if it is not a number.
pub(super) fn parse_number(text: &str) -> Option<WrittenNumber> {
    let text = strip_currency(text);
    let text = text.as_str();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let read = |digits: &str| ExactNumber::parse_quantity(&format!("{sign}{digits}"));
    let clear = |digits: &str| read(digits).map(WrittenNumber::Clear);
    match (digits.rfind(','), digits.rfind('.')) {
        (None, None) => clear(digits),
        // With both signs present the last one is the decimal sign.
        (Some(comma), Some(point)) => {
            let (at, group) = if comma > point {
                (comma, '.')
            } else {
                (point, ',')
            };
            let (whole, part) = (&digits[..at], &digits[at + 1..]);
            clear(&format!("{}.{part}", remove_grouping(whole, group)?))
        }
        (Some(at), None) => parse_one_sign(digits, at, DecimalMark::Comma, read),
        (None, Some(at)) => parse_one_sign(digits, at, DecimalMark::Point, read),
    }
}

fn parse_one_sign(
    digits: &str,
    at: usize,
    mark: DecimalMark,
    read: impl Fn(&str) -> Option<ExactNumber>,
) -> Option<WrittenNumber> {
    let sign = match mark {
        DecimalMark::Comma => ',',
        DecimalMark::Point => '.',
    };
    let (whole, part) = (&digits[..at], &digits[at + 1..]);
    // No group of thousands begins with 0: `0,125` is a fraction.
    let grouped = remove_grouping(digits, sign).filter(|_| !digits.starts_with('0'));
    if whole.contains(sign) {
        return read(&grouped?).map(WrittenNumber::Clear);
    }
    let decimal = read(&format!("{whole}.{part}"))?;
    match grouped.and_then(|grouped| read(&grouped)) {
        Some(grouped) => Some(WrittenNumber::Either {
            grouped,
            decimal,
            mark,
        }),
        None => Some(WrittenNumber::Clear(decimal)),
    }
}

/// Digits without the sign that groups thousands; `None` if the groups are not of three digits.
fn remove_grouping(digits: &str, sign: char) -> Option<String> {
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

/// Decimal sign that a written number shows without doubt.
pub(super) fn shown_decimal_mark(text: &str) -> Option<DecimalMark> {
    let text = strip_currency(split_unit(text).0);
    match parse_number(&text)? {
        WrittenNumber::Either { .. } => None,
        WrittenNumber::Clear(number) => {
            let at = text.rfind([',', '.'])?;
            let is_comma = text[at..].starts_with(',');
            // Several equal signs can only group thousands, so the other sign is the decimal sign.
            let several = text.matches([',', '.']).count() > 1;
            let decimal = number.has_fraction() || !several;
            Some(if is_comma == decimal {
                DecimalMark::Comma
            } else {
                DecimalMark::Point
            })
        }
    }
}

impl WrittenNumber {
    /// The number, if the decimal sign is known or does not matter.
    pub(super) fn resolve(self, known: Option<DecimalMark>) -> Option<ExactNumber> {
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

/// Date of a day number.
fn serial_to_date(days: i64) -> Option<Date> {
    let origin = Date::new(1899, 12, 30).ok()?;
    let known = SERIAL_DAYS.contains(&days);
    known.then(|| origin.saturating_add(jiff::Span::new().days(days)))
}

/// Whole days and fraction of a day, if the text is a day number.
fn parse_day_number(text: &str) -> Option<(i64, f64)> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = parse_finite(text).filter(|_| is_plain)?;
    let (days, _) = text.split_once('.').unwrap_or((text, ""));
    Some((days.parse().ok()?, number.fract()))
}

/// Whether a text is a day number of a spreadsheet.
pub(super) fn is_day_number(text: &str) -> bool {
    parse_day_number(text).is_some()
}

/// Day number shifted by `shift` days to the epoch of 1900; other texts unchanged.
pub(super) fn shift_day_number(text: &str, shift: i64) -> String {
    match parse_day_number(text) {
        // A bare year is below the range of day numbers and stays unchanged.
        Some((days, _)) if shift != 0 && SERIAL_DAYS.contains(&days.saturating_add(shift)) => {
            let part = text.find('.').map_or("", |at| &text[at..]);
            format!("{}{part}", days.saturating_add(shift))
        }
        _ => text.to_owned(),
    }
}

/// Date or date-time of a day number; the fraction is the time of day.
fn parse_serial_time(text: &str) -> Option<EntryTime> {
    let (days, fraction) = parse_day_number(text)?;
    let day = serial_to_date(days)?;
    if fraction == 0.0 {
        return Some(EntryTime::Day(day));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a day has 86 400 seconds at most"
    )]
    let seconds = (fraction * 86_400.0).round() as i64;
    let moment = day.to_datetime(Time::midnight());
    let moment = moment.checked_add(jiff::Span::new().seconds(seconds));
    moment.ok().map(EntryTime::Moment)
}

/// Date of an entry as a person wrote it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct WrittenDate {
    /// Day, or day with the time at the site.
    pub(super) when: EntryTime,
    /// The year has two digits.
    pub(super) is_short: bool,
    /// Day of the week that is written in front.
    pub(super) weekday: Option<Weekday>,
}

/// Reasons why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateFault {
    /// It is none in any spelling, or only with the month before the day.
    Unreadable,
    /// Its month has no such day.
    NoSuchDay,
    /// The clock of the site showed this time twice or never.
    Clock,
}

/// Parses a day or a day with time, with the day before the month: `2026-11-21`, `21/11/2026`,
/// `21/11/26`, `Sabtu, 21 November 2026`, each with an optional time of day, or a day number. A
/// time with an offset is converted to local time of the site. Errors: [`DateFault`].
pub(super) fn parse_entry_time(text: &str, zone: &TimeZone) -> Result<WrittenDate, DateFault> {
    let text = text.trim();
    let bare = |when| WrittenDate {
        when,
        is_short: false,
        weekday: None,
    };
    if is_day_number(text) {
        let serial = parse_serial_time(text);
        return serial.map(bare).ok_or(DateFault::Unreadable);
    }
    let time = parse_logger_time(text).ok_or(DateFault::Unreadable)?;
    // In Indonesia the day stands before the month.
    let order = Some(DateOrder::Dmy);
    let (day, is_plain) = match time {
        ParsedLoggerTime::LocalClock { day, ms, .. } => (Some(day), ms == 0 && time.is_zoneless()),
        ParsedLoggerTime::Instant { .. } => (None, false),
    };
    let resolved = day.map(|day| day.resolve_date(order));
    let when = match resolved {
        Some(Ok(day)) if is_plain => EntryTime::Day(day),
        Some(Err(fault)) => return Err(date_fault(fault)),
        _ => {
            let at = time.to_utc(order, Some(zone)).map_err(date_fault)?;
            let at = Timestamp::from_millisecond(at.0).map_err(|_| DateFault::Unreadable)?;
            let moment = at.to_zoned_datetime(zone.clone()).datetime();
            EntryTime::Moment(truncate_to_seconds(moment))
        }
    };
    Ok(WrittenDate {
        when,
        is_short: matches!(day, Some(ParsedLoggerDate::TwoDigitYear(_))),
        weekday: split_weekday(text).0,
    })
}

fn date_fault(fault: LoggerTimeError) -> DateFault {
    match fault {
        LoggerTimeError::NoDay => DateFault::NoSuchDay,
        LoggerTimeError::Clock => DateFault::Clock,
        LoggerTimeError::Order | LoggerTimeError::NotInOrder | LoggerTimeError::Zone => {
            DateFault::Unreadable
        }
    }
}

fn truncate_to_seconds(moment: DateTime) -> DateTime {
    // The text form of an entry's time has whole seconds only.
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
    fn read_clear(text: &str) -> String {
        match parse_number(text) {
            Some(WrittenNumber::Clear(number)) => number.to_string(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn comma_and_point_are_told_apart_where_they_can_be() {
        assert_eq!(read_clear("12,5"), "12.5");
        assert_eq!(read_clear("12.5"), "12.5");
        assert_eq!(read_clear("1.234,5"), "1234.5");
        assert_eq!(read_clear("1,234.5"), "1234.5");
        assert_eq!(read_clear("1.234.567"), "1234567");
        assert_eq!(read_clear("0,125"), "0.125");
        assert_eq!(read_clear("1234,567"), "1234.567");
        assert_eq!(read_clear("-3"), "-3");
        assert_eq!(read_clear("Rp 2.500.000"), "2500000");
        assert_eq!(read_clear("Rp. 2.500.000"), "2500000");
    }

    #[test]
    fn a_thousand_or_one_and_a_fraction_is_left_open_until_the_file_says_which() {
        let open = parse_number("1.234").unwrap();
        assert_eq!(open.resolve(None), None);
        assert_eq!(
            open.resolve(Some(DecimalMark::Comma)).unwrap().to_string(),
            "1234"
        );
        assert_eq!(
            open.resolve(Some(DecimalMark::Point)).unwrap().to_string(),
            "1.234"
        );
        assert_eq!(shown_decimal_mark("1.234"), None);
        assert_eq!(shown_decimal_mark("12,5"), Some(DecimalMark::Comma));
        assert_eq!(shown_decimal_mark("12.5"), Some(DecimalMark::Point));
        assert_eq!(shown_decimal_mark("1.234.567"), Some(DecimalMark::Comma));
        assert_eq!(shown_decimal_mark("1.234,5"), Some(DecimalMark::Comma));
        assert_eq!(shown_decimal_mark("17"), None);
    }

    #[test]
    fn an_amount_of_money_says_its_unit_by_its_sign_or_its_word() {
        for (text, number, unit) in [
            ("12,5 kg", "12,5", Some("kg")),
            ("800 m3", "800", Some("m3")),
            ("800m2", "800", Some("m2")),
            ("1e3", "1e3", None),
            ("3 Nov 2026", "3 Nov 2026", None),
            ("3,05 miliar", "3,05", Some("miliar")),
            ("Rp 70,7 juta", "70,7", Some("juta")),
            ("Rp70,7jt", "70,7", Some("jt")),
            ("Rp 2.500.000,-", "Rp 2.500.000,-", Some("IDR")),
            ("Rp. 3.050.000.000", "Rp. 3.050.000.000", Some("IDR")),
            ("2.500.000", "2.500.000", None),
            ("Rp", "Rp", Some("IDR")),
        ] {
            assert_eq!(split_unit(text), (number, unit), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "", "-", "12 kg", "1.23.4", "1,2,3", "12,", ",5", "1e5", "--1", "sepuluh",
        ] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_is_read_in_every_spelling_with_the_day_before_the_month() {
        let zone = TimeZone::get("Asia/Jakarta").unwrap();
        let read = |text| parse_entry_time(text, &zone).map(|date| date.when.to_string());
        for text in [
            "2026-11-21",
            "21/11/2026",
            "21-11-2026",
            "21.11.2026",
            "21/11/26",
            "21 Nop 26",
            "Sabtu, 21 Nov 2026",
            "Sab 21 November 2026",
            "Saturday, November 21, 2026",
            "Sat 21/11/2026",
            "46347",
        ] {
            assert_eq!(read(text).as_deref(), Ok("2026-11-21"), "{text}");
        }
        let moment = Ok("2026-11-21T14:30");
        for text in [
            "2026-11-21 14:30",
            "21/11/2026 14.30",
            "2026-11-21T14:30:00",
            "2026-11-21T07:30:00Z",
            "Sabtu, 21 November 2026 pukul 14.30",
            "21/11/2026 14.30 WIB",
            "21/11/2026 2:30 PM",
        ] {
            assert_eq!(read(text).as_deref(), moment, "{text}");
        }
        for (text, fault) in [
            ("11/21/2026", DateFault::Unreadable),
            ("2026", DateFault::Unreadable),
            ("2026-11-21 25:00", DateFault::Unreadable),
            ("kemarin", DateFault::Unreadable),
            ("31/11/2026", DateFault::NoSuchDay),
            ("29/02/2025", DateFault::NoSuchDay),
            ("31/02/26", DateFault::NoSuchDay),
            ("2026-11-31 10:00", DateFault::NoSuchDay),
            ("Feb 30, 2026", DateFault::NoSuchDay),
        ] {
            assert_eq!(read(text), Err(fault), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in "[-0-9.,/:T RpZéjutmilar%]{0,24}") {
            let _ = (parse_number(&text), shown_decimal_mark(&text), split_unit(&text));
            let _ = parse_entry_time(&text, &TimeZone::UTC);
        }

        #[test]
        fn a_number_written_the_indonesian_way_comes_back(
            mantissa in 0i64..999_999_999, places in 0u8..4,
        ) {
            let number = ExactNumber::with_places(mantissa, places).unwrap();
            let text = number.to_string().replace('.', ",");
            let parsed = parse_number(&text).unwrap();
            prop_assert_eq!(parsed.resolve(Some(DecimalMark::Comma)), Some(number));
        }
    }
}
