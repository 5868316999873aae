//! Times as loggers and spreadsheets write them. A day and month that can be exchanged, and a clock
//! whose zone is not said, stay open until the column, or a person, says which.

use crate::model::UtcMs;
use crate::model::month::month_named;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use std::ops::RangeInclusive;

/// Days that spreadsheets count from 30 December 1899: those of the years 1954 to 2118.
const SERIALS: RangeInclusive<f64> = 20_000.0..=80_000.0;
/// Seconds since 1970 of the years 2001 to 2128, so that neither days nor years look like them.
const UNIX_SECONDS: RangeInclusive<i64> = 1_000_000_000..=4_999_999_999;
const DAY_MS: f64 = 86_400_000.0;

/// In which order day, month and year stand.
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
    /// From `dmy`, `mdy`, `ymd`.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Dmy, Self::Mdy, Self::Ymd]
            .into_iter()
            .find(|order| order.word() == word)
    }

    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dmy => "dmy",
            Self::Mdy => "mdy",
            Self::Ymd => "ymd",
        }
    }
}

/// A time as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum WrittenTime {
    /// A moment; `cut`: it was finer than a millisecond.
    Moment { at: UtcMs, cut: bool },
    /// A day and a clock without a zone.
    Clock {
        day: WrittenDay,
        ms: i64,
        cut: bool,
        /// A spreadsheet's day number.
        numbered: bool,
    },
}

/// A day as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum WrittenDay {
    /// The year stands first, or the month is a word.
    Known(Date),
    /// `02/08/2022`: day and month, or month and day.
    Either { first: i8, second: i8, year: i16 },
    /// `02/08/22`.
    Short([i8; 3]),
}

/// Why a written time is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unclear {
    /// The order of day and month is not known.
    Order,
    /// The zone is not known.
    Zone,
    /// There is no such day in that order.
    NoDay,
    /// The clock of the zone showed it twice or never: it was set back or forward.
    Clock,
}

/// Reads a time that cannot be a plain number.
pub(super) fn read(text: &str) -> Option<WrittenTime> {
    let text = text.trim();
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        let ns = moment.as_nanosecond();
        return Some(WrittenTime::Moment {
            at: UtcMs(i64::try_from(ns.div_euclid(1_000_000)).ok()?),
            cut: ns.rem_euclid(1_000_000) != 0,
        });
    }
    if let Some((day, rest)) = worded(text) {
        return with_clock(WrittenDay::Known(day), rest);
    }
    let (day, rest) = text.split_once(['T', ' ', '\u{a0}']).unwrap_or((text, ""));
    with_clock(date(day)?, rest)
}

fn with_clock(day: WrittenDay, rest: &str) -> Option<WrittenTime> {
    let (ms, cut) = match rest.trim() {
        "" => (0, false),
        rest => clock(rest)?,
    };
    Some(WrittenTime::Clock {
        day,
        ms,
        cut,
        numbered: false,
    })
}

/// Reads a spreadsheet's day number, or seconds or milliseconds since 1970.
pub(super) fn numbered(text: &str) -> Option<WrittenTime> {
    let text = text.trim().replace(',', ".");
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = text.parse::<f64>().ok().filter(|_| is_plain)?;
    if let Ok(count) = text.parse::<i64>() {
        let seconds = UNIX_SECONDS.contains(&count).then(|| count * 1000);
        let thousandths = UNIX_SECONDS.contains(&(count / 1000)).then_some(count);
        if let Some(at) = seconds.or(thousandths) {
            return Some(WrittenTime::Moment {
                at: UtcMs(at),
                cut: false,
            });
        }
    }
    if !SERIALS.contains(&number) {
        return None;
    }
    let part = text.split_once('.').map_or("", |(_, part)| part);
    // Eight decimals of a day are a millisecond; fewer cannot say more than a second.
    let step = if part.len() < 8 { 1000.0 } else { 1.0 };
    let ms = (number.fract() * DAY_MS / step).round() * step;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a day, and days of some centuries"
    )]
    let (days, ms) = (number.trunc() as i64, ms as i64);
    let origin = Date::new(1899, 12, 30).ok()?;
    let day = origin.checked_add(jiff::Span::new().days(days)).ok()?;
    Some(WrittenTime::Clock {
        day: WrittenDay::Known(day),
        ms,
        cut: false,
        numbered: true,
    })
}

/// A clock alone, in milliseconds of the day, as the second of two columns.
pub(super) fn clock_alone(text: &str) -> Option<(i64, bool)> {
    // `10.5` beside a day is a value.
    clock(text.trim()).filter(|_| text.contains(':'))
}

/// Digits as a number of at most so many.
fn small(text: &str, most: usize) -> Option<i16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = is_plain && (1..=most).contains(&text.len());
    text.parse().ok().filter(|_| fits)
}

fn date(text: &str) -> Option<WrittenDay> {
    let parts: Vec<&str> = text.split(['/', '-', '.']).collect();
    let [first, second, third] = parts[..] else {
        return None;
    };
    let part = |text| i8::try_from(small(text, 2)?).ok();
    if first.len() == 4 {
        let day = Date::new(small(first, 4)?, part(second)?, part(third)?);
        return day.ok().map(WrittenDay::Known);
    }
    let (first, second) = (part(first)?, part(second)?);
    if third.len() == 4 {
        let year = small(third, 4)?;
        let is_day = |day: i8, month: i8| Date::new(year, month, day).is_ok();
        let either = WrittenDay::Either {
            first,
            second,
            year,
        };
        return (is_day(first, second) || is_day(second, first)).then_some(either);
    }
    (third.len() == 2)
        .then(|| part(third))?
        .map(|third| WrittenDay::Short([first, second, third]))
}

/// `20 Nov 2026`, `20-Nov-2026`: the day, and what stands behind it.
fn worded(text: &str) -> Option<(Date, &str)> {
    let is_end = |c: char| c.is_whitespace() || "-/".contains(c);
    let (day, rest) = text.split_once(is_end)?;
    let (month, rest) = rest.split_once(is_end)?;
    let (year, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let month = month_named(month.trim_end_matches(['.', ',']))?;
    let day = i8::try_from(small(day.trim_end_matches('.'), 2)?).ok()?;
    let year = small(year.trim_end_matches(','), 4).filter(|_| year.len() >= 4)?;
    Date::new(year, month, day).ok().map(|date| (date, rest))
}

/// `15:30`, `15.30.07`, `15:30:07,250`, `3:30 PM`, and `24:00` for the end of a day.
fn clock(text: &str) -> Option<(i64, bool)> {
    let upper = text.to_ascii_uppercase();
    let half = [("AM", 0), ("PM", 12)].into_iter().find_map(|(word, add)| {
        let rest = upper.strip_suffix(word)?;
        Some((rest.trim_end().to_owned(), add))
    });
    let (text, half) = half.map_or((text.to_owned(), None), |(text, add)| (text, Some(add)));
    let (hour, rest) = text.split_once([':', '.'])?;
    let (minute, rest) = rest.split_once([':', '.']).unwrap_or((rest, "0"));
    let (second, part) = rest.split_once(['.', ',', ':']).unwrap_or((rest, ""));
    let whole_part = part.is_empty() || part.bytes().all(|byte| byte.is_ascii_digit());
    let hour = small(hour, 2)?;
    let hour = match half {
        None => hour,
        Some(add) if (1..=12).contains(&hour) => hour % 12 + add,
        Some(_) => return None,
    };
    let (minute, second) = (small(minute, 2)?, small(second, 2)?);
    let is_clock = hour < 24 && minute < 60 && second < 60;
    let is_end = hour == 24 && minute == 0 && second == 0 && part.is_empty();
    if !whole_part || part.len() > 9 || !(is_clock || is_end) {
        return None;
    }
    let nanos: i64 = format!("{part:0<9}").parse().ok()?;
    let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
    Some((seconds * 1000 + nanos / 1_000_000, nanos % 1_000_000 != 0))
}

impl WrittenTime {
    /// The same day at another clock.
    pub(super) fn at_clock(self, (ms, cut): (i64, bool)) -> Self {
        match self {
            Self::Clock { day, numbered, .. } => Self::Clock {
                day,
                ms,
                cut,
                numbered,
            },
            moment @ Self::Moment { .. } => moment,
        }
    }

    /// Whether a clock is written beside the day.
    pub(super) fn has_clock(self) -> bool {
        !matches!(self, Self::Clock { ms: 0, .. })
    }

    /// The moment, cut to the millisecond.
    pub(super) fn moment(
        self,
        order: Option<DateOrder>,
        zone: Option<&TimeZone>,
    ) -> Result<UtcMs, Unclear> {
        let (day, ms) = match self {
            Self::Moment { at, .. } => return Ok(at),
            Self::Clock { day, ms, .. } => (day, ms),
        };
        let day = day.date(order)?;
        let zone = zone.ok_or(Unclear::Zone)?;
        let midnight: DateTime = day.to_datetime(Time::midnight());
        let local = midnight.checked_add(jiff::Span::new().milliseconds(ms));
        let local = local.map_err(|_| Unclear::NoDay)?;
        let moment = zone.to_ambiguous_timestamp(local).unambiguous();
        let moment = moment.map_err(|_| Unclear::Clock)?;
        Ok(UtcMs(moment.as_millisecond()))
    }
}

impl WrittenDay {
    pub(super) fn date(self, order: Option<DateOrder>) -> Result<Date, Unclear> {
        let day = match (self, order) {
            (Self::Known(day), _) => return Ok(day),
            (_, None) => return Err(Unclear::Order),
            (
                Self::Either {
                    first,
                    second,
                    year,
                },
                Some(order),
            ) => match order {
                DateOrder::Dmy => Date::new(year, second, first),
                DateOrder::Mdy => Date::new(year, first, second),
                DateOrder::Ymd => return Err(Unclear::NoDay),
            },
            (Self::Short([a, b, c]), Some(order)) => {
                let (year, month, day) = match order {
                    DateOrder::Dmy => (c, b, a),
                    DateOrder::Mdy => (c, a, b),
                    DateOrder::Ymd => (a, b, c),
                };
                Date::new(2000 + i16::from(year), month, day)
            }
        };
        day.map_err(|_| Unclear::NoDay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn at(text: &str, order: Option<DateOrder>) -> Result<String, Unclear> {
        let zone = TimeZone::get("Asia/Jakarta").unwrap();
        let written = read(text).or_else(|| numbered(text)).unwrap();
        let moment = written.moment(order, Some(&zone))?;
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
            "46346.6458333333",
            "46346,6458333333",
            "46346.64583",
            "1795163400",
            "1795163400000",
        ] {
            let dmy = Some(DateOrder::Dmy);
            assert_eq!(
                at(text, dmy).as_deref(),
                Ok("2026-11-20T08:30:00Z"),
                "{text}"
            );
        }
        let short = at("11/20/26 15:30", Some(DateOrder::Mdy));
        assert_eq!(short.as_deref(), Ok("2026-11-20T08:30:00Z"));
        let end = at("2026-11-20 24:00", None);
        assert_eq!(end.as_deref(), Ok("2026-11-20T17:00:00Z"));
    }

    #[test]
    fn what_is_open_stays_open() {
        assert_eq!(at("02/08/2022 15:30", None), Err(Unclear::Order));
        assert_eq!(at("02/08/22 15:30", None), Err(Unclear::Order));
        let mdy = Some(DateOrder::Mdy);
        assert_eq!(at("20/11/2026 15:30", mdy), Err(Unclear::NoDay));
        let zoneless = read("2026-11-20 15:30").unwrap();
        assert_eq!(zoneless.moment(None, None), Err(Unclear::Zone));
    }

    #[test]
    fn an_hour_that_a_clock_showed_twice_or_never_is_no_moment() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        for text in ["2026-10-25 02:30", "2026-03-29 02:30"] {
            let written = read(text).unwrap();
            assert_eq!(
                written.moment(None, Some(&zone)),
                Err(Unclear::Clock),
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
            "2026-02-30",
            "20 Foo 2026",
            "2026-11-20 25:00",
            "2026-11-20 12:60",
            "20/11/2026 13:00 PM",
            "1,5",
        ] {
            assert_eq!(read(text), None, "{text}");
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
            assert_eq!(numbered(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[-0-9:./TZ APMNov,+é]{0,26}") {
            for written in read(&text).into_iter().chain(numbered(&text)) {
                for order in [None, Some(DateOrder::Dmy), Some(DateOrder::Ymd)] {
                    let _ = written.moment(order, Some(&TimeZone::UTC));
                }
            }
            let _ = clock_alone(&text);
        }

        #[test]
        fn a_written_moment_comes_back(at in 946_684_800_000i64..4_000_000_000_000) {
            let moment = Timestamp::from_millisecond(at).unwrap();
            let civil = moment.to_zoned_datetime(TimeZone::UTC).datetime();
            for form in ["%d/%m/%Y %H:%M:%S%.f", "%d-%b-%Y %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"] {
                let text = civil.strftime(form).to_string();
                let read = read(&text).unwrap();
                let back = read.moment(Some(DateOrder::Dmy), Some(&TimeZone::UTC));
                prop_assert_eq!(back, Ok(UtcMs(at)), "{}", text);
            }
        }
    }
}
