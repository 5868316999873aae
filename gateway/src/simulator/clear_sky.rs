//! Clear-sky irradiance after Haurwitz (1945) and cloud attenuation after Kasten and Czeplak
//! (1980); accurate to some ten percent, enough for a simulation.

pub use crate::solar_position::{GeoLocation, solar_elevation_sine};

/// Global horizontal irradiance under a clear sky, W/m2 (Haurwitz).
pub fn clear_sky_ghi(sine_elevation: f64) -> f64 {
    if sine_elevation <= 0.0 {
        return 0.0;
    }
    1098.0 * sine_elevation * (-0.059 / sine_elevation).exp()
}

/// Share of the clear-sky irradiance that passes a cloud cover of 0..=1 (Kasten and Czeplak).
pub fn cloud_transmission(cover: f64) -> f64 {
    1.0 - 0.75 * cover.clamp(0.0, 1.0).powf(3.4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn night_gives_nothing_and_clouds_take_at_most_three_quarters() {
        assert!(clear_sky_ghi(-0.2).abs() < f64::EPSILON);
        assert!(clear_sky_ghi(1.0) > 1000.0 && clear_sky_ghi(1.0) < 1100.0);
        assert!((cloud_transmission(1.0) - 0.25).abs() < 1e-9);
    }
}
