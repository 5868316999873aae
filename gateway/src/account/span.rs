//! The period in moments: its days, and when the sun is above the horizon.

use crate::account::AccountError;
use crate::limits::RANGE_DAYS_MAX;
use crate::model::period::Period;
use crate::model::{Site, UtcMs};
use crate::sun::{Place, sine_elevation};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// Milliseconds of an hour.
pub(super) const HOUR_MS: f64 = 3_600_000.0;
/// Steps in which a day is searched for the sun's rise and fall, ms.
const LIGHT_STEP_MS: i64 = 600_000;

/// A local day of the period, in ms since 1970.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Day {
    pub(super) date: Date,
    /// Its first moment.
    pub(super) from: i64,
    /// The first moment after it.
    pub(super) to: i64,
    /// From when to when the sun stands above the horizon; equal where it never does.
    pub(super) light: (i64, i64),
}

/// The period as far as it has passed.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) period: Period,
    pub(super) zone: TimeZone,
    /// Every day of the period.
    pub(super) days: Vec<Day>,
    /// First moment.
    pub(super) from: i64,
    /// End of the period, or the present when that is earlier.
    pub(super) to: i64,
}

impl Span {
    /// The period at this site; `Future` when it has not begun.
    pub(super) fn new(site: &Site, period: Period, now: UtcMs) -> Result<Self, AccountError> {
        let unknown = |_| AccountError::Zone(site.timezone.clone());
        let zone = TimeZone::get(&site.timezone).map_err(unknown)?;
        let place = Place {
            latitude: site.latitude,
            longitude: site.longitude,
        };
        let all = usize::try_from(RANGE_DAYS_MAX).unwrap_or_default() + 1;
        let dates = period.first().series(jiff::Span::new().days(1)).take(all);
        let days: Vec<Day> = dates
            .take_while(|date| *date <= period.last())
            .map(|date| day(date, &zone, place))
            .collect();
        let (from, end) = match (days.first(), days.last()) {
            (Some(first), Some(last)) => (first.from, last.to),
            _ => return Err(AccountError::Future(period.first())),
        };
        if now.0 <= from {
            return Err(AccountError::Future(period.first()));
        }
        Ok(Self {
            period,
            zone,
            days,
            from,
            to: end.min(now.0),
        })
    }

    /// The day before the first one.
    pub(super) fn day_before(&self) -> Date {
        let first = self.period.first();
        first.yesterday().unwrap_or(first)
    }

    /// Hours that have passed.
    pub(super) fn hours(&self) -> f64 {
        millis(self.to - self.from) / HOUR_MS
    }

    /// Days that have passed, with the share of the last one.
    pub(super) fn days_passed(&self) -> f64 {
        self.hours() / 24.0
    }

    /// How long a day is so far, ms.
    pub(super) fn passed(&self, day: &Day) -> i64 {
        (self.to.min(day.to) - day.from).max(0)
    }

    /// The local time of a moment.
    pub(super) fn clock(&self, at: i64) -> (Date, Time) {
        let moment = Timestamp::from_millisecond(at).unwrap_or_default();
        let local = self.zone.to_datetime(moment);
        (local.date(), local.time())
    }
}

/// Milliseconds as a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of periods stay far below 2^53"
)]
pub(super) fn millis(ms: i64) -> f64 {
    ms as f64
}

/// Seconds since 1970.
pub(super) fn seconds(ms: i64) -> f64 {
    millis(ms) / 1000.0
}

fn day(date: Date, zone: &TimeZone, place: Place) -> Day {
    let start = |date: Date| {
        let midnight = date.to_datetime(Time::midnight());
        let moment = zone.to_timestamp(midnight);
        moment.map_or(0, Timestamp::as_millisecond)
    };
    let (from, to) = (
        start(date),
        start(date.saturating_add(jiff::Span::new().days(1))),
    );
    let light = light(from, to, place);
    Day {
        date,
        from,
        to,
        light,
    }
}

/// The first and the last moment of the day with the sun above the horizon, to a second.
fn light(from: i64, to: i64, place: Place) -> (i64, i64) {
    let up = |at: i64| sine_elevation(UtcMs(at), place) > 0.0;
    let steps = (to - from) / LIGHT_STEP_MS;
    let mut lit = (0..=steps)
        .map(|step| from + step * LIGHT_STEP_MS)
        .filter(|at| up(*at));
    let Some(first) = lit.next() else {
        return (from, from);
    };
    let last = lit.next_back().unwrap_or(first);
    let rise = edge(from.max(first - LIGHT_STEP_MS), first, up);
    let fall = edge(last, to.min(last + LIGHT_STEP_MS), |at| !up(at));
    (rise, fall)
}

/// Where `there` begins to hold between two moments, to a second.
fn edge(mut low: i64, mut high: i64, there: impl Fn(i64) -> bool) -> i64 {
    if there(low) {
        return low;
    }
    while high - low > 1000 {
        let middle = i64::midpoint(low, high);
        if there(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(zone: &str, longitude: f64) -> Site {
        Site {
            id: "s".into(),
            name: "S".into(),
            timezone: zone.into(),
            latitude: -3.76,
            longitude,
            devices: Vec::new(),
        }
    }

    #[test]
    fn days_of_all_three_zones_have_24_hours_and_join() {
        for (zone, longitude, start) in [
            ("Asia/Jakarta", 103.78, "2026-10-31T17:00:00Z"),
            ("Asia/Makassar", 119.4, "2026-10-31T16:00:00Z"),
            ("Asia/Jayapura", 140.7, "2026-10-31T15:00:00Z"),
        ] {
            let period = "2026-11".parse().unwrap();
            let span = Span::new(&site(zone, longitude), period, UtcMs(i64::MAX)).unwrap();
            let start: Timestamp = start.parse().unwrap();
            assert_eq!(span.from, start.as_millisecond());
            assert_eq!(span.days.len(), 30);
            assert!((span.hours() - 720.0).abs() < 1e-9);
            for pair in span.days.windows(2) {
                assert_eq!(pair[0].to, pair[1].from);
            }
            // Near the equator the day is twelve hours long, with noon near its middle.
            let light = span.days[0].light;
            assert!((millis(light.1 - light.0) / HOUR_MS - 12.2).abs() < 0.3);
            let (_, rise) = span.clock(light.0);
            assert!((5..=6).contains(&rise.hour()), "{zone} {rise}");
        }
    }

    #[test]
    fn a_period_that_has_not_begun_has_no_account() {
        let period = "2026-12".parse().unwrap();
        let site = site("Asia/Jakarta", 103.78);
        let start = Span::new(&site, period, UtcMs(i64::MAX)).unwrap().from;
        let found = Span::new(&site, period, UtcMs(start));
        assert!(matches!(found, Err(AccountError::Future(_))));
        let span = Span::new(&site, period, UtcMs(start + 3_600_000)).unwrap();
        assert!((span.hours() - 1.0).abs() < 1e-9);
    }
}
