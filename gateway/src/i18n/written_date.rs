//! Dates as people, loggers and spreadsheets write them, with the order of day and month open where
//! it is.

use super::locales::parse_month_name;
use jiff::civil::Date;

/// First year of two digits that is of the last century.
const SHORT_YEAR_FIRST: i16 = 70;

/// Order of day, month and year in a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
    /// Year, month, day.
    Ymd,
}

impl DateOrder {
    /// Parses the command line word `dmy`, `mdy` or `ymd`.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Dmy, Self::Mdy, Self::Ymd]
            .into_iter()
            .find(|order| order.word() == word)
    }

    /// Word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dmy => "dmy",
            Self::Mdy => "mdy",
            Self::Ymd => "ymd",
        }
    }
}

/// Parsed date of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ParsedLoggerDate {
    /// The order is known: the year stands first, or the month is a word.
    Known(Date),
    /// `02/08/2022`: day and month, or month and day.
    DayOrMonthFirst { first: i8, second: i8, year: i16 },
    /// `02/08/22`: each of the three numbers can be the year.
    TwoDigitYear([i8; 3]),
    /// The month has no such day: `2026-11-31`, `29 Feb 2025`.
    NoSuchDay,
}

/// Reasons why a parsed time is no UTC time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoggerTimeError {
    /// The order of day and month is not known.
    Order,
    /// The time zone is not known.
    Zone,
    /// The month has no such day.
    NoDay,
    /// In that order, a number is no month, or no day of any month.
    NotInOrder,
    /// The clock of the time zone showed it twice or never: it was set back or forward.
    Clock,
}

impl ParsedLoggerDate {
    /// Date under an order of day and month. Errors: `Order`, `NoDay` or `NotInOrder`.
    pub(crate) fn resolve_date(self, order: Option<DateOrder>) -> Result<Date, LoggerTimeError> {
        let (year, month, day) = match (self, order) {
            (Self::Known(day), _) => return Ok(day),
            (Self::NoSuchDay, _) => return Err(LoggerTimeError::NoDay),
            (_, None) => return Err(LoggerTimeError::Order),
            (
                Self::DayOrMonthFirst {
                    first,
                    second,
                    year,
                },
                Some(order),
            ) => match order {
                DateOrder::Dmy => (year, second, first),
                DateOrder::Mdy => (year, first, second),
                DateOrder::Ymd => return Err(LoggerTimeError::NotInOrder),
            },
            (Self::TwoDigitYear([a, b, c]), Some(order)) => {
                let (year, month, day) = match order {
                    DateOrder::Dmy => (c, b, a),
                    DateOrder::Mdy => (c, a, b),
                    DateOrder::Ymd => (a, b, c),
                };
                (short_year(i16::from(year)), month, day)
            }
        };
        match find_day(year, month, day) {
            Some(Self::Known(day)) => Ok(day),
            Some(_) => Err(LoggerTimeError::NoDay),
            None => Err(LoggerTimeError::NotInOrder),
        }
    }
}

pub(super) fn parse_numeric_date(text: &str) -> Option<ParsedLoggerDate> {
    let parts: Vec<&str> = text.split(['/', '-', '.']).collect();
    let [first, second, third] = parts[..] else {
        return None;
    };
    let part = |text| i8::try_from(parse_short_number(text, 2)?).ok();
    // After a year in front the month comes first in every format.
    if first.len() == 4 {
        return find_day(parse_short_number(first, 4)?, part(second)?, part(third)?);
    }
    let (first, second) = (part(first)?, part(second)?);
    if third.len() == 4 {
        let year = parse_short_number(third, 4)?;
        // A date that exists in one order only still stays open here: the whole column decides.
        let either = ParsedLoggerDate::DayOrMonthFirst {
            first,
            second,
            year,
        };
        let is_date = find_day(year, first, second).or(find_day(year, second, first));
        return is_date.map(|_| either);
    }
    (third.len() == 2)
        .then(|| part(third))?
        .map(|third| ParsedLoggerDate::TwoDigitYear([first, second, third]))
}

/// Date of a year, month and day, or that the month has no such day; `None` when these are no
/// month and day at all.
fn find_day(year: i16, month: i8, day: i8) -> Option<ParsedLoggerDate> {
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    let date = || Date::new(year, month, day);
    is_date.then(|| date().map_or(ParsedLoggerDate::NoSuchDay, ParsedLoggerDate::Known))
}

/// Date of `20 Nov 2026`, `20-Nov-2026`, `Nov 20, 2026` or `2026-Nov-20`, and the text behind it.
pub(super) fn parse_month_name_date(text: &str) -> Option<(ParsedLoggerDate, &str)> {
    let is_end = |c: char| c.is_whitespace() || "-/".contains(c);
    let (first, rest) = text.split_once(is_end)?;
    let (second, rest) = rest.trim_start().split_once(is_end)?;
    let rest = rest.trim_start();
    let (last, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let [first, second, last] = [first, second, last].map(|part| part.trim_end_matches(['.', ',']));
    let (month, day) = match (parse_month_name(first), parse_month_name(second)) {
        (Some(month), None) => (month, second),
        (None, Some(month)) => (month, first),
        _ => return None,
    };
    // A year in front has all its digits.
    let (day, year) = if day.len() == 4 {
        (last, day)
    } else {
        (day, last)
    };
    let day = i8::try_from(parse_short_number(day, 2)?).ok()?;
    // `25-Nov-26` is how loggers and spreadsheets shorten a year; none writes it in front.
    let year = match year.len() {
        2 => short_year(parse_short_number(year, 2)?),
        _ => parse_short_number(year, 4).filter(|_| year.len() == 4)?,
    };
    find_day(year, month, day).map(|date| (date, rest))
}

/// Year that two digits mean: those below 70 are of this century.
fn short_year(digits: i16) -> i16 {
    if digits < SHORT_YEAR_FIRST {
        2000 + digits
    } else {
        1900 + digits
    }
}

/// Number of at most `most` digits.
pub(super) fn parse_short_number(text: &str, most: usize) -> Option<i16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = is_plain && (1..=most).contains(&text.len());
    text.parse().ok().filter(|_| fits)
}
