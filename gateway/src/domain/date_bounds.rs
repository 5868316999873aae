//! [`DateBounds`]: first and last local day on which something holds.

use super::period::Period;
use jiff::civil::Date;
use std::fmt;

/// Days from `since` to `until`; a bound that is `None` is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DateBounds {
    /// First day.
    pub since: Option<Date>,
    /// Last day.
    pub until: Option<Date>,
}

impl fmt::Display for DateBounds {
    /// `2026-01-01..2026-12-31`; an open bound is empty.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |day: Option<Date>| day.map_or(String::new(), |day| day.to_string());
        write!(f, "{}..{}", text(self.since), text(self.until))
    }
}

impl DateBounds {
    /// Whether the day is one of them.
    pub fn contains(self, day: Date) -> bool {
        self.since.is_none_or(|since| since <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// First and last day of a period that are among them; `None`: no day is.
    pub fn within(self, period: Period) -> Option<(Date, Date)> {
        let (begin, end) = (period.first(), period.last());
        let first = self.since.map_or(begin, |since| since.max(begin));
        let last = self.until.map_or(end, |until| until.min(end));
        (first <= last).then_some((first, last))
    }

    /// Whether some day is among both.
    pub fn overlaps(self, other: Self) -> bool {
        let ends_before = |one: Self, next: Self| {
            let days = one.until.zip(next.since);
            days.is_some_and(|(until, since)| until < since)
        };
        !ends_before(self, other) && !ends_before(other, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn bounds(since: Option<i8>, until: Option<i8>) -> DateBounds {
        let day = |month: i8| date(2026, month, 10);
        DateBounds {
            since: since.map(day),
            until: until.map(day),
        }
    }

    #[test]
    fn open_bounds_hold_for_ever_and_bounds_are_days_of_their_own() {
        assert!(bounds(None, None).contains(date(1990, 1, 1)));
        let spring = bounds(Some(3), Some(5));
        for (day, holds) in [(9, false), (10, true), (11, true)] {
            assert_eq!(spring.contains(date(2026, 3, day)), holds);
        }
        assert!(spring.contains(date(2026, 5, 10)) && !spring.contains(date(2026, 5, 11)));
        let year: Period = "2026".parse().unwrap();
        assert_eq!(
            spring.within(year),
            Some((date(2026, 3, 10), date(2026, 5, 10)))
        );
        assert_eq!(spring.within("2026-06".parse().unwrap()), None);
    }

    #[test]
    fn one_common_day_is_an_overlap() {
        assert!(bounds(Some(1), Some(3)).overlaps(bounds(Some(3), None)));
        assert!(!bounds(Some(1), Some(3)).overlaps(bounds(Some(4), None)));
        assert!(!bounds(Some(4), None).overlaps(bounds(None, Some(3))));
        assert!(bounds(None, None).overlaps(bounds(Some(4), Some(4))));
    }
}
