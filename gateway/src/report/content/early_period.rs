//! [`is_too_early`]: whether a period has run long enough for its measured share to say something.

use crate::domain::Site;
use crate::domain::UtcMs;
use crate::domain::period::Period;
use crate::solar_position::{GeoLocation, solar_elevation_sine};

/// Time of expected readings from which their measured share is shown and judged, ms. A device that
/// misses one minute at five past midnight has a share of 80 %, and nothing is wrong.
const JUDGED_FROM_MS: i64 = 3_600_000;
/// Steps in which the sun is looked for, ms.
const SUN_STEP_MS: i64 = 600_000;

/// Whether less than an hour of readings was due in `period` at `now`; of daylight for figures of
/// the sun (`is_solar`). False for a period that is over.
pub(crate) fn is_too_early(site: &Site, period: Period, is_solar: bool, now: UtcMs) -> bool {
    let from = site.timezone.midnight(period.first()).0;
    let (_, to) = site.timezone.day_bounds(period.last());
    let judged_from = now.0 - JUDGED_FROM_MS;
    if now.0 >= to.0 || now.0 < from {
        return false;
    }
    if !is_solar {
        return judged_from < from;
    }
    let place = GeoLocation {
        latitude: site.latitude,
        longitude: site.longitude,
    };
    let is_up = |at: i64| solar_elevation_sine(UtcMs(at), place) > 0.0;
    // The first day alone decides: after it there was enough light anywhere but near the poles.
    let end = judged_from.min(from + 24 * 3_600_000);
    let steps = (end - from).div_euclid(SUN_STEP_MS);
    !(0..=steps).any(|step| is_up(from + step * SUN_STEP_MS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::site_zone::SiteZone;

    /// 29 November 2026, 00:00 in Jakarta.
    const MIDNIGHT: i64 = 1_795_885_200_000;
    const MINUTE: i64 = 60_000;

    fn is_early(period: &str, is_solar: bool, minutes: i64) -> bool {
        let site = Site {
            id: "s".into(),
            name: "S".into(),
            timezone: SiteZone::by_name("Asia/Jakarta").unwrap(),
            latitude: -3.76,
            longitude: 103.78,
            devices: Vec::new(),
        };
        let period = period.parse().unwrap();
        is_too_early(&site, period, is_solar, UtcMs(MIDNIGHT + minutes * MINUTE))
    }

    #[test]
    fn a_day_is_judged_when_an_hour_of_it_was_due() {
        for (minutes, early) in [(0, true), (20, true), (59, true), (60, false), (900, false)] {
            assert_eq!(is_early("2026-11-29", false, minutes), early, "{minutes}");
        }
        // The sun rises at about 05:40.
        for (minutes, early) in [
            (60, true),
            (350, true),
            (390, true),
            (420, false),
            (1400, false),
        ] {
            assert_eq!(is_early("2026-11-29", true, minutes), early, "{minutes}");
        }
    }

    #[test]
    fn a_period_that_is_over_or_older_than_a_day_is_judged() {
        assert!(!is_early("2026-11-28", false, 1));
        assert!(!is_early("2026-11-28..2026-11-29", false, 1));
        assert!(!is_early("2026-11", true, 1));
        assert!(!is_early("2026-12", false, 1));
    }
}
