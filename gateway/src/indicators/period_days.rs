//! The period as moments: its local days, and the time of each day with the sun above the horizon.

use crate::domain::date_bounds::DateBounds;
use crate::domain::period::Period;
use crate::domain::site_zone::SiteZone;
use crate::domain::{Site, UtcMs};
use crate::formulas::{count_as_f64, finite_ratio};
use crate::indicators::IndicatorsError;
use crate::limits::RANGE_DAYS_MAX;
use crate::solar_position::{GeoLocation, clear_sky_ghi, solar_elevation_sine};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use std::sync::OnceLock;

/// Milliseconds of an hour.
pub(crate) const HOUR_MS: f64 = 3_600_000.0;
/// Step in which a day is searched for sunrise and sunset, ms.
const DAYLIGHT_STEP_MS: i64 = 600_000;

/// Step in which the irradiance of a clear sky is added up, ms.
const CLEAR_SKY_STEP_MS: i64 = 1_800_000;
/// Latitude up to which a tilted plane gains little, degrees.
const TROPICS_DEGREES: f64 = 25.0;
/// Most that a plane in the tropics gains by its tilt, by reflection and by a sky clearer than the
/// model.
const TILT_GAIN_MAX: f64 = 1.3;
/// Sine of the elevation below which the sun is taken as no higher source of light.
const LOW_SUN_SINE: f64 = 0.1;

/// Local day of the period; times are ms since 1970.
#[derive(Clone, Debug)]
pub(crate) struct PeriodDay {
    pub(crate) date: Date,
    /// First moment of the day.
    pub(crate) from: i64,
    /// First moment after the day.
    pub(crate) to: i64,
    place: GeoLocation,
    /// Made when it is first asked for: finding it takes a hundred positions of the sun, and a site
    /// without measurements by daylight never asks.
    light: OnceLock<(i64, i64)>,
}

impl PeriodDay {
    /// Sunrise and sunset, ms since 1970; equal where the sun does not rise.
    pub(crate) fn light(&self) -> (i64, i64) {
        let find = || daylight_of_day(self.from, self.to, self.place);
        *self.light.get_or_init(find)
    }
}

/// The period up to the present.
#[derive(Clone, Debug)]
pub(crate) struct PeriodDays {
    pub(crate) period: Period,
    pub(crate) zone: SiteZone,
    /// All days of the period, also those in the future.
    pub(crate) days: Vec<PeriodDay>,
    /// First moment of the period.
    pub(crate) from: i64,
    /// End of the period, or the present if that is earlier.
    pub(crate) to: i64,
    place: GeoLocation,
}

impl PeriodDays {
    /// Days of the period at the site; the error is `Future` when the period has not begun.
    pub(crate) fn new(site: &Site, period: Period, now: UtcMs) -> Result<Self, IndicatorsError> {
        let zone = site.timezone.clone();
        let place = GeoLocation {
            latitude: site.latitude,
            longitude: site.longitude,
        };
        let all = usize::try_from(RANGE_DAYS_MAX).unwrap_or_default() + 1;
        let dates = period.first().series(jiff::Span::new().days(1)).take(all);
        let days: Vec<PeriodDay> = dates
            .take_while(|date| *date <= period.last())
            .map(|date| local_day(date, &zone, place))
            .collect();
        let (from, end) = match (days.first(), days.last()) {
            (Some(first), Some(last)) => (first.from, last.to),
            _ => return Err(IndicatorsError::Future(period.first())),
        };
        if now.0 <= from {
            return Err(IndicatorsError::Future(period.first()));
        }
        Ok(Self {
            period,
            zone,
            days,
            from,
            to: end.min(now.0),
            place,
        })
    }

    /// The part of the period from `first` to `last`.
    pub(crate) fn between(&self, first: Date, last: Date) -> Self {
        let days = self.days.iter();
        let days: Vec<PeriodDay> = days
            .filter(|day| (first..=last).contains(&day.date))
            .cloned()
            .collect();
        let from = days.first().map_or(self.to, |day| day.from);
        let end = days.last().map_or(self.to, |day| day.to);
        Self {
            period: Period::Range(first, last),
            zone: self.zone.clone(),
            days,
            from,
            to: end.min(self.to).max(from),
            place: self.place,
        }
    }

    /// Day before the first day of the period.
    pub(crate) fn day_before(&self) -> Date {
        let first = self.period.first();
        first.yesterday().unwrap_or(first)
    }

    /// Hours of the period that have passed.
    pub(crate) fn hours_passed(&self) -> f64 {
        millis_to_f64(self.to - self.from) / HOUR_MS
    }

    /// Whether all of the period has passed.
    pub(crate) fn is_over(&self) -> bool {
        self.days.last().is_none_or(|day| day.to <= self.to)
    }

    /// Days of the period that have passed, the last one as a fraction.
    pub(crate) fn days_passed(&self) -> f64 {
        self.hours_passed() / 24.0
    }

    /// Hours with the sun above the horizon that have passed.
    pub(crate) fn daylight_hours_passed(&self) -> f64 {
        let lit = |day: &PeriodDay| {
            let (rise, set) = day.light();
            (self.to.min(set) - rise).max(0)
        };
        millis_to_f64(self.days.iter().map(lit).sum()) / HOUR_MS
    }

    /// Time with the sun above the horizon between two moments, ms; the first one may be before the
    /// period.
    pub(crate) fn daylight_ms_between(&self, from: i64, to: i64) -> i64 {
        let lit = |day: &PeriodDay| {
            let (rise, set) = day.light();
            (to.min(set) - from.max(rise)).max(0)
        };
        let within: i64 = self.days.iter().map(lit).sum();
        let before = (self.from - from).max(0) / DAYLIGHT_STEP_MS;
        let is_lit = |step: &i64| {
            let middle = from + step * DAYLIGHT_STEP_MS + DAYLIGHT_STEP_MS / 2;
            solar_elevation_sine(UtcMs(middle), self.place) > 0.0
        };
        let before = (0..before).filter(is_lit).count();
        within
            + i64::try_from(before)
                .unwrap_or(i64::MAX)
                .saturating_mul(DAYLIGHT_STEP_MS)
    }

    /// Insolation of a clear sky from `since` (ms) to the end or the present, kWh/m2: on a
    /// horizontal plane, and the most that a fixed plane at this latitude can get.
    pub(crate) fn clear_sky_kwh_m2(&self, since: i64) -> (f64, f64) {
        let hours = millis_to_f64(CLEAR_SKY_STEP_MS) / HOUR_MS;
        let steps = (self.to - since).max(0) / CLEAR_SKY_STEP_MS;
        let (mut flat, mut facing) = (0.0, 0.0);
        for step in 0..steps {
            let middle = since + step * CLEAR_SKY_STEP_MS + CLEAR_SKY_STEP_MS / 2;
            let elevation = solar_elevation_sine(UtcMs(middle), self.place);
            let irradiance = clear_sky_ghi(elevation);
            flat += irradiance * hours / 1000.0;
            if elevation > 0.0 {
                facing += irradiance / elevation.max(LOW_SUN_SINE) * hours / 1000.0;
            }
        }
        // In the tropics a tilted plane gains little over a horizontal one. Elsewhere a tilted
        // plane may face a low sun for most of the day.
        if self.place.latitude.abs() < TROPICS_DEGREES {
            (flat, flat * TILT_GAIN_MAX)
        } else {
            (flat, facing)
        }
    }

    /// Mean of a daily value over the days that have begun; `None`: not known on some day.
    pub(crate) fn mean_by_day(&self, of: impl Fn(Date) -> Option<f64>) -> Option<f64> {
        let days = self.days.iter().filter(|day| day.from < self.to);
        let values: Option<Vec<f64>> = days.map(|day| of(day.date)).collect();
        let values = values?;
        let first = *values.first()?;
        // A mean of equal numbers would differ from them in the last digit.
        if values.iter().all(|one| one.total_cmp(&first).is_eq()) {
            return Some(first);
        }
        finite_ratio(values.iter().sum(), count_as_f64(values.len()))
    }

    /// The days of an asset among those of the period; `None`: it is not in operation on any day
    /// that has begun.
    pub(crate) fn of_asset(&self, days: DateBounds) -> Option<Self> {
        let (first, last) = days.within(self.period)?;
        if (first, last) == (self.period.first(), self.period.last()) {
            return Some(self.clone());
        }
        let part = self.between(first, last);
        (part.from < part.to).then_some(part)
    }

    /// Length of the part of a day that has passed, ms.
    pub(crate) fn passed_ms(&self, day: &PeriodDay) -> i64 {
        (self.to.min(day.to) - day.from).max(0)
    }

    /// Local date and time of a moment.
    pub(crate) fn local_time(&self, at: i64) -> (Date, Time) {
        let moment = Timestamp::from_millisecond(at).unwrap_or_default();
        let local = self.zone.rules().to_datetime(moment);
        (local.date(), local.time())
    }
}

/// Milliseconds as a floating point number.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of periods stay far below 2^53"
)]
pub(crate) fn millis_to_f64(ms: i64) -> f64 {
    ms as f64
}

/// Seconds, not below zero, as milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "seconds of periods stay far below 2^53"
)]
pub(crate) fn seconds_to_millis(seconds: f64) -> i64 {
    (seconds * 1000.0 + 0.5) as i64
}

/// Seconds since 1970.
pub(crate) fn millis_to_seconds(ms: i64) -> f64 {
    millis_to_f64(ms) / 1000.0
}

/// Growth of a running total in each day.
pub(crate) fn growth_by_day<'a>(
    ends: &'a [f64],
    span: &'a PeriodDays,
) -> impl Iterator<Item = (Date, f64)> + use<'a> {
    let mut before = 0.0;
    let grown = ends
        .iter()
        .map(move |end| end - std::mem::replace(&mut before, *end));
    span.days.iter().map(|day| day.date).zip(grown)
}

fn local_day(date: Date, zone: &SiteZone, place: GeoLocation) -> PeriodDay {
    let (UtcMs(from), UtcMs(to)) = zone.day_bounds(date);
    PeriodDay {
        date,
        from,
        to,
        place,
        light: OnceLock::new(),
    }
}

/// First and last moment of a day with the sun above the horizon, to the second.
fn daylight_of_day(from: i64, to: i64, place: GeoLocation) -> (i64, i64) {
    // The elevation of the sun is searched in steps and then bisected, since it has one maximum a
    // day.
    let up = |at: i64| solar_elevation_sine(UtcMs(at), place) > 0.0;
    let steps = (to - from) / DAYLIGHT_STEP_MS;
    let mut lit = (0..=steps)
        .map(|step| from + step * DAYLIGHT_STEP_MS)
        .filter(|at| up(*at));
    let Some(first) = lit.next() else {
        return (from, from);
    };
    let last = lit.next_back().unwrap_or(first);
    let rise = find_edge(from.max(first - DAYLIGHT_STEP_MS), first, up);
    let fall = find_edge(last, to.min(last + DAYLIGHT_STEP_MS), |at| !up(at));
    (rise, fall)
}

/// First moment at which `there` holds between two moments, to the second.
fn find_edge(mut low: i64, mut high: i64, there: impl Fn(i64) -> bool) -> i64 {
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
            timezone: SiteZone::by_name(zone).unwrap(),
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
            let span = PeriodDays::new(&site(zone, longitude), period, UtcMs(i64::MAX)).unwrap();
            let start: Timestamp = start.parse().unwrap();
            assert_eq!(span.from, start.as_millisecond());
            assert_eq!(span.days.len(), 30);
            assert!((span.hours_passed() - 720.0).abs() < 1e-9);
            for pair in span.days.windows(2) {
                assert_eq!(pair[0].to, pair[1].from);
            }
            // Near the equator the day is twelve hours long, with noon near its middle.
            let light = span.days[0].light();
            assert!((millis_to_f64(light.1 - light.0) / HOUR_MS - 12.2).abs() < 0.3);
            let (_, rise) = span.local_time(light.0);
            assert!((5..=6).contains(&rise.hour()), "{zone} {rise}");
        }
    }

    #[test]
    fn a_period_that_has_not_begun_has_no_account() {
        let period = "2026-12".parse().unwrap();
        let site = site("Asia/Jakarta", 103.78);
        let start = PeriodDays::new(&site, period, UtcMs(i64::MAX))
            .unwrap()
            .from;
        let found = PeriodDays::new(&site, period, UtcMs(start));
        assert!(matches!(found, Err(IndicatorsError::Future(_))));
        let span = PeriodDays::new(&site, period, UtcMs(start + 3_600_000)).unwrap();
        assert!((span.hours_passed() - 1.0).abs() < 1e-9);
    }
}
