//! [`solar_elevation_sine`]: elevation of the sun at a time and place.
//!
//! ```text
//! let place = GeoLocation { latitude: -3.76, longitude: 103.78 };    // degrees
//! solar_elevation_sine(UtcMs(1_774_051_200_000), place)             // about 0.2: morning
//! ```
//!
//! Declination and equation of time are the approximations of pveducation.org ("The Sun's
//! Position"), accurate to about one degree: enough to tell an inverter that sleeps at night
//! from one that failed (`asleep_at_night` in `docs/configuration.md`).

use crate::domain::UtcMs;

const DAY_MS: i64 = 86_400_000;

/// Geographic position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeoLocation {
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
}

/// Sine of the sun's elevation above the horizon, -1 to 1; negative at night.
pub fn solar_elevation_sine(at: UtcMs, place: GeoLocation) -> f64 {
    let day = day_of_year(at);
    let around = std::f64::consts::TAU * (day - 81.0) / 365.0;
    let declination = 23.45_f64.to_radians() * around.sin();
    let equation_minutes = 9.87 * (2.0 * around).sin() - 7.53 * around.cos() - 1.5 * around.sin();
    let solar_hours = hours_of_day(at) + place.longitude / 15.0 + equation_minutes / 60.0;
    let hour_angle = (15.0 * (solar_hours - 12.0)).to_radians();
    let latitude = place.latitude.to_radians();
    declination.sin() * latitude.sin() + declination.cos() * latitude.cos() * hour_angle.cos()
}

/// Irradiance of a clear sky on a horizontal plane, W/m2 (Haurwitz 1945), at this sine of the sun's
/// elevation; 0 at night.
pub fn clear_sky_ghi(elevation_sine: f64) -> f64 {
    if elevation_sine <= 0.0 {
        return 0.0;
    }
    1098.0 * elevation_sine * (-0.059 / elevation_sine).exp()
}

/// Day of the year in UTC, from 1, for a mean year of 365.2425 days.
#[expect(clippy::cast_precision_loss, reason = "days since 1970 are small")]
fn day_of_year(at: UtcMs) -> f64 {
    let days = at.0 as f64 / DAY_MS as f64;
    days.rem_euclid(365.2425) + 1.0
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of a day are small"
)]
fn hours_of_day(at: UtcMs) -> f64 {
    at.0.rem_euclid(DAY_MS) as f64 / 3_600_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESA: GeoLocation = GeoLocation {
        latitude: -3.76,
        longitude: 103.78,
    };
    /// 2026-03-21T00:00:00Z, an equinox.
    const EQUINOX: i64 = 1_774_051_200_000;

    #[test]
    fn at_an_equinox_the_sun_passes_the_zenith_of_the_tropics() {
        let highest = (0..1440)
            .map(|minute| solar_elevation_sine(UtcMs(EQUINOX + minute * 60_000), DESA))
            .fold(f64::MIN, f64::max);
        assert!(highest > 0.99, "{highest}");
    }

    #[test]
    fn noon_comes_when_the_clock_of_the_longitude_says_so() {
        let noon = (0..1440)
            .max_by(|&a, &b| {
                let at = |minute: i64| solar_elevation_sine(UtcMs(EQUINOX + minute * 60_000), DESA);
                at(a).total_cmp(&at(b))
            })
            .unwrap();
        // 103.78 degrees east is 6 h 55 min before Greenwich; the equation of time adds 7 minutes.
        assert!((noon - (12 * 60 - 415 + 7)).abs() < 4, "{noon}");
    }
}
