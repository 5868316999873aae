//! Local days and buckets in the time zone of the site.

use super::store_values::BucketStep;
use crate::domain::UtcMs;
use crate::domain::site_zone::SiteZone;
use jiff::ToSpan;
use jiff::civil::Date;

/// Milliseconds of an hour.
// Hourly parts bound what a start must replay from the journal.
pub(super) const HOUR_MS: i64 = 3_600_000;

/// Days since 1970-01-01 in the site's time zone.
pub(super) type LocalDay = i32;

/// Converts times to local days and back; caches the bounds of the last day.
#[derive(Clone, Debug)]
pub(super) struct LocalCalendar {
    zone: SiteZone,
    seen: (LocalDay, i64, i64),
}

impl LocalCalendar {
    /// Calendar of a time zone.
    pub(super) fn new(zone: SiteZone) -> Self {
        Self {
            zone,
            seen: (0, 0, 0),
        }
    }

    /// Returns the local day of a time.
    pub(super) fn day(&mut self, at: UtcMs) -> LocalDay {
        let (day, from, to) = self.seen;
        // Nearly all calls are for the same day as the call before.
        if (from..to).contains(&at.0) {
            return day;
        }
        let day = day_number(self.zone.date(at));
        self.seen = (day, self.day_start(day).0, self.day_start(day + 1).0);
        day
    }

    /// Returns the date at the site of a time.
    pub(super) fn date_of(&self, at: UtcMs) -> Date {
        self.zone.date(at)
    }

    /// Returns the first moment of a local day.
    pub(super) fn day_start(&self, day: LocalDay) -> UtcMs {
        self.zone.midnight(date(day))
    }

    /// Returns the bucket that contains a time: start (inclusive) and end (exclusive).
    pub(super) fn bucket_bounds(&self, step: BucketStep, at: UtcMs) -> (UtcMs, UtcMs) {
        let today = self.zone.date(at);
        let (first, next) = match step {
            BucketStep::Raw => return (at, UtcMs(at.0 + 1)),
            BucketStep::Millis(step) => return self.slice_bounds(today, step, at),
            BucketStep::Day => (today, today.saturating_add(1.day())),
            BucketStep::Month => {
                let first = today.first_of_month();
                (first, first.saturating_add(1.month()))
            }
            BucketStep::Year => {
                let first = today.first_of_year();
                (first, first.saturating_add(1.year()))
            }
        };
        (self.zone.midnight(first), self.zone.midnight(next))
    }

    /// Buckets shorter than a day count from local midnight; longer ones are whole days counted
    /// from 1970-01-01.
    fn slice_bounds(&self, today: Date, step: u64, at: UtcMs) -> (UtcMs, UtcMs) {
        let step = i64::try_from(step.max(1)).unwrap_or(i64::MAX);
        let midnight = self.zone.midnight(today);
        if step >= DAY_MS {
            let days = i32::try_from(step / DAY_MS).unwrap_or(i32::MAX);
            let first = day_number(today).div_euclid(days).saturating_mul(days);
            return (
                self.day_start(first),
                self.day_start(first.saturating_add(days)),
            );
        }
        let from = midnight.0 + (at.0 - midnight.0).div_euclid(step) * step;
        // The last bucket of a day ends at midnight, also when the step does not divide the day or
        // the zone has a change of its clock.
        let end = self.zone.midnight(today.saturating_add(1.day()));
        (UtcMs(from), UtcMs(from.saturating_add(step).min(end.0)))
    }
}

/// Milliseconds of a day without a change of the zone's offset.
pub(super) const DAY_MS: i64 = 86_400_000;

/// First day of year 1, as days since 1970-01-01.
pub(super) const FIRST_DAY: LocalDay = -719_162;

const EPOCH: Date = Date::constant(1970, 1, 1);

/// Returns the date of a day number.
pub(super) fn date(day: LocalDay) -> Date {
    EPOCH.saturating_add(i64::from(day).days())
}

/// Returns the day number of a date.
pub(super) fn day_number(date: Date) -> LocalDay {
    date.since(EPOCH).map_or(0, |span| span.get_days())
}

/// Delay after midnight before a day counts as over, ms.
// The last readings of the day must have arrived.
pub(crate) const DAY_GRACE_MS: i64 = 300_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_time(text: &str) -> UtcMs {
        UtcMs(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn days_begin_at_local_midnight_in_all_three_zones() {
        for (zone, midnight) in [
            ("Asia/Jakarta", "2026-11-20T17:00:00Z"),
            ("Asia/Makassar", "2026-11-20T16:00:00Z"),
            ("Asia/Jayapura", "2026-11-20T15:00:00Z"),
        ] {
            let mut calendar = LocalCalendar::new(SiteZone::by_name(zone).unwrap());
            let start = parse_time(midnight);
            let day = calendar.day(start);
            assert_eq!(calendar.day_start(day), start, "{zone}");
            assert_eq!(calendar.day(UtcMs(start.0 - 1)), day - 1, "{zone}");
            assert_eq!(calendar.day(UtcMs(start.0 + DAY_MS - 1)), day, "{zone}");
        }
    }

    #[test]
    fn buckets_are_aligned_to_local_time() {
        let calendar = LocalCalendar::new(SiteZone::default());
        let moment = parse_time("2026-11-21T03:07:00Z");
        assert_eq!(
            calendar.bucket_bounds(BucketStep::Millis(300_000), moment),
            (
                parse_time("2026-11-21T03:05:00Z"),
                parse_time("2026-11-21T03:10:00Z")
            )
        );
        assert_eq!(
            calendar.bucket_bounds(BucketStep::Month, moment),
            (
                parse_time("2026-10-31T17:00:00Z"),
                parse_time("2026-11-30T17:00:00Z")
            )
        );
    }
}
