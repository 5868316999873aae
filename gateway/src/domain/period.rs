//! Periods: local calendar days named as a day, week, month, quarter, year or range.

use crate::limits::RANGE_DAYS_MAX;
use jiff::ToSpan as _;
use jiff::civil::{Date, ISOWeekDate, Weekday};
use std::fmt;
use std::str::FromStr;

/// Period as `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4`, `2026` or `2026-10-05..2026-11-21`, in
/// the time zone of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// One day.
    Day(Date),
    /// ISO week: its Monday.
    Week(Date),
    /// Month: its first day.
    Month(Date),
    /// Quarter: its first day.
    Quarter(Date),
    /// Year: its first day.
    Year(Date),
    /// First and last day; the last is at most `RANGE_DAYS_MAX` days after the first.
    Range(Date, Date),
}

/// The text is not a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a period: 2026-11-21, 2026-W47, 2026-11, 2026-Q4, 2026 or 2026-10-05..2026-11-21")]
pub struct PeriodError;

impl Period {
    /// First day.
    pub fn first(self) -> Date {
        match self {
            Self::Day(first)
            | Self::Week(first)
            | Self::Month(first)
            | Self::Quarter(first)
            | Self::Year(first)
            | Self::Range(first, _) => first,
        }
    }

    /// Last day.
    pub fn last(self) -> Date {
        match self {
            Self::Day(day) | Self::Range(_, day) => day,
            Self::Week(monday) => monday.saturating_add(jiff::Span::new().days(6)),
            Self::Month(first) => first.last_of_month(),
            Self::Quarter(first) => first
                .saturating_add(jiff::Span::new().months(2))
                .last_of_month(),
            Self::Year(first) => first.last_of_year(),
        }
    }

    /// Period to compare with on `today`: the one of the same length before; for a year, the year
    /// before. Of a running period, as many of its days as have begun; of a year, up to the same
    /// day. See [`Self::counterpart`] for the hours of the last of them.
    ///
    /// ```
    /// use gateway::domain::period::Period;
    ///
    /// let before = |period: &str, today: &str| {
    ///     let period: Period = period.parse().unwrap();
    ///     period.before(today.parse().unwrap()).to_string()
    /// };
    /// assert_eq!(before("2026-10", "2026-11-29"), "2026-09");
    /// assert_eq!(before("2026-11", "2026-11-20"), "2026-10-01..2026-10-20");
    /// assert_eq!(before("2026", "2026-11-20"), "2025-01-01..2025-11-20");
    /// ```
    #[must_use]
    pub fn before(self, today: Date) -> Self {
        let whole = self.whole_before();
        match self.counterpart(today) {
            Some(last) if last < whole.last() => Self::Range(whole.first(), last),
            _ => whole,
        }
    }

    /// Day of the period before that stands where `today` does in this one; `None` when the period
    /// is not running, or the one before is shorter.
    ///
    /// ```
    /// use gateway::domain::period::Period;
    ///
    /// let counterpart = |period: &str, today: &str| {
    ///     let period: Period = period.parse().unwrap();
    ///     period.counterpart(today.parse().unwrap()).map(|day| day.to_string())
    /// };
    /// assert_eq!(counterpart("2026-11", "2026-11-20").as_deref(), Some("2026-10-20"));
    /// assert_eq!(counterpart("2026-11-20", "2026-11-20").as_deref(), Some("2026-11-19"));
    /// assert_eq!(counterpart("2026-03", "2026-03-30"), None);
    /// assert_eq!(counterpart("2026-11", "2026-12-01"), None);
    /// ```
    pub fn counterpart(self, today: Date) -> Option<Date> {
        if !self.contains(today) {
            return None;
        }
        let whole = self.whole_before();
        let passed = (today - self.first()).get_days();
        let day = match self {
            Self::Year(_) => today.saturating_sub(1.years()),
            _ => whole.first().saturating_add(passed.days()),
        };
        whole.contains(day).then_some(day)
    }

    /// The whole period before.
    fn whole_before(self) -> Self {
        let first = self.first();
        match self {
            Self::Day(day) => Self::Day(day.saturating_sub(1.days())),
            Self::Week(monday) => Self::Week(monday.saturating_sub(7.days())),
            Self::Month(_) => Self::Month(first.saturating_sub(1.months())),
            Self::Quarter(_) => Self::Quarter(first.saturating_sub(3.months())),
            Self::Year(_) => Self::Year(first.saturating_sub(1.years())),
            Self::Range(first, last) => {
                let days = (last - first).get_days() + 1;
                Self::Range(
                    first.saturating_sub(days.days()),
                    last.saturating_sub(days.days()),
                )
            }
        }
    }

    /// Whether the day lies within the period.
    pub fn contains(self, day: Date) -> bool {
        (self.first()..=self.last()).contains(&day)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first();
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Week(monday) => {
                // The year of an ISO week differs from the calendar year around New Year.
                let week = monday.iso_week_date();
                write!(f, "{:04}-W{:02}", week.year(), week.week())
            }
            Self::Month(_) => write!(f, "{:04}-{:02}", first.year(), first.month()),
            Self::Quarter(_) => {
                write!(f, "{:04}-Q{}", first.year(), (first.month() - 1) / 3 + 1)
            }
            Self::Year(_) => write!(f, "{:04}", first.year()),
            Self::Range(first, last) => write!(f, "{first}..{last}"),
        }
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        if let Some((first, last)) = text.split_once("..") {
            return parse_range(first, last);
        }
        let (year, rest) = match text.split_once('-') {
            Some((year, rest)) => (year, Some(rest)),
            None => (text, None),
        };
        let year: i16 = parse_digits(year, 4)?;
        let of = |month: i8| Date::new(year, month, 1).map_err(|_| PeriodError);
        let Some(rest) = rest else {
            return Ok(Self::Year(of(1)?));
        };
        if let Some(week) = rest.strip_prefix('W') {
            let week = parse_digits(week, 2)?;
            let monday = ISOWeekDate::new(year, week, Weekday::Monday).map_err(|_| PeriodError)?;
            return Ok(Self::Week(monday.date()));
        }
        if let Some(quarter) = rest.strip_prefix('Q') {
            return match parse_digits(quarter, 1)? {
                quarter @ 1..=4 => Ok(Self::Quarter(of((quarter - 1) * 3 + 1)?)),
                _ => Err(PeriodError),
            };
        }
        match rest.split_once('-') {
            None => Ok(Self::Month(of(parse_digits(rest, 2)?)?)),
            Some((month, day)) => Date::new(year, parse_digits(month, 2)?, parse_digits(day, 2)?)
                .map(Self::Day)
                .map_err(|_| PeriodError),
        }
    }
}

fn parse_range(first: &str, last: &str) -> Result<Period, PeriodError> {
    let (Period::Day(first), Period::Day(last)) = (first.parse()?, last.parse()?) else {
        return Err(PeriodError);
    };
    let days = (last - first).get_days();
    let fits = (0..=RANGE_DAYS_MAX).contains(&days);
    fits.then_some(Period::Range(first, last))
        .ok_or(PeriodError)
}

/// Parses exactly `count` digits.
fn parse_digits<T: FromStr>(text: &str, count: usize) -> Result<T, PeriodError> {
    // `parse` alone would accept a sign and fewer digits (`+026`).
    if text.len() != count || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PeriodError);
    }
    text.parse().map_err(|_| PeriodError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_period_is_compared_with_as_many_days_before_it() {
        for (text, today, before) in [
            ("2026-11-21", "2026-11-21", "2026-11-20"),
            ("2026-W47", "2026-12-01", "2026-W46"),
            ("2026-W47", "2026-11-17", "2026-11-09..2026-11-10"),
            ("2026-01", "2026-02-01", "2025-12"),
            // February has no 30th day.
            ("2026-03", "2026-03-30", "2026-02"),
            ("2026-Q4", "2026-12-31", "2026-Q3"),
            ("2026-11", "2026-11-30", "2026-10-01..2026-10-30"),
            ("2026-Q4", "2026-10-02", "2026-07-01..2026-07-02"),
            ("2024", "2024-02-29", "2023-01-01..2023-02-28"),
            ("2026", "2027-01-01", "2025"),
            (
                "2026-10-05..2026-10-14",
                "2026-11-01",
                "2026-09-25..2026-10-04",
            ),
        ] {
            let period: Period = text.parse().unwrap();
            let found = period.before(today.parse().unwrap());
            assert_eq!(found.to_string(), before, "{text} on {today}");
        }
    }

    #[test]
    fn every_kind_of_period_has_its_first_and_last_day() {
        for (text, first, last) in [
            ("2026-11-21", "2026-11-21", "2026-11-21"),
            ("2026-W47", "2026-11-16", "2026-11-22"),
            ("2026-W01", "2025-12-29", "2026-01-04"),
            ("2024-02", "2024-02-01", "2024-02-29"),
            ("2026-Q4", "2026-10-01", "2026-12-31"),
            ("2026", "2026-01-01", "2026-12-31"),
            ("2026-10-05..2026-11-21", "2026-10-05", "2026-11-21"),
            ("2026-10-05..2026-10-05", "2026-10-05", "2026-10-05"),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.first().to_string(), first, "{text}");
            assert_eq!(period.last().to_string(), last, "{text}");
            assert_eq!(period.to_string(), text);
            assert!(period.contains(period.first()) && period.contains(period.last()));
        }
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in [
            "",
            "26",
            "2026-",
            "2026-13",
            "2026-Q5",
            "2026-Q0",
            "2026-W54",
            "2026-02-30",
            "2026-1",
            "2026-11-21-1",
            "+026",
            "2026-w47",
            "2026-10-05..2026-10-04",
            "2026-10..2026-11",
            "1026-10-05..2026-10-04",
            "2026-10-05..2026-10-06..2026-10-07",
        ] {
            assert_eq!(text.parse::<Period>(), Err(PeriodError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[-.0-9QW]{0,22}") {
            if let Ok(period) = text.parse::<Period>() {
                prop_assert_eq!(period.to_string(), text);
                prop_assert!(period.first() <= period.last());
            }
        }
    }
}
