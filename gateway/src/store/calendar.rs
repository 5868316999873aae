//! Local days of the site's zone.

use super::fault::StoreError;
use super::handle::Step;
use crate::model::UtcMs;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Days since 1970-01-01 in the site's zone.
pub(super) type Day = i32;

/// Turns moments into local days and back; remembers the day it saw last.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    zone: TimeZone,
    seen: (Day, i64, i64),
}

impl Calendar {
    pub(super) fn new(zone: &str) -> Result<Self, StoreError> {
        let zone = TimeZone::get(zone)
            .map_err(|fault| StoreError::Invalid(format!("time zone {zone}: {fault}")))?;
        Ok(Self {
            zone,
            seen: (0, 0, 0),
        })
    }

    /// Days of Greenwich, for a zone that this program does not know.
    pub(super) fn utc() -> Self {
        Self {
            zone: TimeZone::UTC,
            seen: (0, 0, 0),
        }
    }

    /// The local day of a moment.
    pub(super) fn day(&mut self, at: UtcMs) -> Day {
        let (day, from, to) = self.seen;
        if (from..to).contains(&at.0) {
            return day;
        }
        let date = self.date(at);
        let day = number(date);
        self.seen = (day, self.start(day).0, self.start(day + 1).0);
        day
    }

    /// The first moment of a local day.
    pub(super) fn start(&self, day: Day) -> UtcMs {
        self.midnight(date(day))
    }

    /// The bucket of `step` that a moment falls into: its first moment, and the first one after it.
    pub(super) fn bucket(&self, step: Step, at: UtcMs) -> (UtcMs, UtcMs) {
        let today = self.date(at);
        let (first, next) = match step {
            Step::Raw => return (at, UtcMs(at.0 + 1)),
            Step::Millis(step) => return self.slice(today, step, at),
            Step::Day => (today, today.saturating_add(1.day())),
            Step::Month => {
                let first = today.first_of_month();
                (first, first.saturating_add(1.month()))
            }
            Step::Year => {
                let first = today.first_of_year();
                (first, first.saturating_add(1.year()))
            }
        };
        (self.midnight(first), self.midnight(next))
    }

    /// Slices of a day count from its midnight; steps longer than a day from the day's zone alone.
    fn slice(&self, today: Date, step: u64, at: UtcMs) -> (UtcMs, UtcMs) {
        let step = i64::try_from(step.max(1)).unwrap_or(i64::MAX);
        let midnight = self.midnight(today);
        if step >= DAY_MS {
            let days = i32::try_from(step / DAY_MS).unwrap_or(i32::MAX);
            let first = number(today).div_euclid(days).saturating_mul(days);
            return (self.start(first), self.start(first.saturating_add(days)));
        }
        let from = midnight.0 + (at.0 - midnight.0).div_euclid(step) * step;
        let end = self.midnight(today.saturating_add(1.day()));
        (UtcMs(from), UtcMs(from.saturating_add(step).min(end.0)))
    }

    fn date(&self, at: UtcMs) -> Date {
        let known =
            Timestamp::MIN.as_millisecond() + DAY_MS..=Timestamp::MAX.as_millisecond() - DAY_MS;
        let at = at.0.clamp(*known.start(), *known.end());
        let moment = Timestamp::from_millisecond(at).unwrap_or_default();
        self.zone.to_datetime(moment).date()
    }

    fn midnight(&self, date: Date) -> UtcMs {
        let moment = self
            .zone
            .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
        UtcMs(moment.map_or(0, Timestamp::as_millisecond))
    }
}

/// Milliseconds of a day without a leap of the zone.
pub(super) const DAY_MS: i64 = 86_400_000;

/// The first day of the year 1.
pub(super) const FIRST_DAY: Day = -719_162;

const EPOCH: Date = Date::constant(1970, 1, 1);

/// The date of a day.
pub(super) fn date(day: Day) -> Date {
    EPOCH.saturating_add(i64::from(day).days())
}

/// The inverse of `date`.
pub(super) fn number(date: Date) -> Day {
    date.since(EPOCH).map_or(0, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcMs {
        UtcMs(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn days_begin_at_local_midnight_in_all_three_zones() {
        for (zone, midnight) in [
            ("Asia/Jakarta", "2026-11-20T17:00:00Z"),
            ("Asia/Makassar", "2026-11-20T16:00:00Z"),
            ("Asia/Jayapura", "2026-11-20T15:00:00Z"),
        ] {
            let mut calendar = Calendar::new(zone).unwrap();
            let start = at(midnight);
            let day = calendar.day(start);
            assert_eq!(calendar.start(day), start, "{zone}");
            assert_eq!(calendar.day(UtcMs(start.0 - 1)), day - 1, "{zone}");
            assert_eq!(calendar.day(UtcMs(start.0 + DAY_MS - 1)), day, "{zone}");
        }
    }

    #[test]
    fn buckets_are_aligned_to_local_time() {
        let calendar = Calendar::new("Asia/Jakarta").unwrap();
        let moment = at("2026-11-21T03:07:00Z");
        assert_eq!(
            calendar.bucket(Step::Millis(300_000), moment),
            (at("2026-11-21T03:05:00Z"), at("2026-11-21T03:10:00Z"))
        );
        assert_eq!(
            calendar.bucket(Step::Month, moment),
            (at("2026-10-31T17:00:00Z"), at("2026-11-30T17:00:00Z"))
        );
    }
}
