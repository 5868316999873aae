//! Clear-sky irradiance after Haurwitz (1945) and cloud attenuation after Kasten and Czeplak
//! (1980); accurate to some ten percent, enough for a simulation.

pub use crate::solar_position::{GeoLocation, clear_sky_ghi, solar_elevation_sine};

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
