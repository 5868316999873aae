//! What the sun would give without clouds, and with them.
//!
//! Clear-sky irradiance after Haurwitz (1945), clouds after Kasten and Czeplak (1980). Good to some
//! ten percent: enough for a site that is not there.

pub use crate::sun::{Place, sine_elevation};

/// Global horizontal irradiance under a clear sky, W/m2.
pub fn clear_sky(sine_elevation: f64) -> f64 {
    if sine_elevation <= 0.0 {
        return 0.0;
    }
    1098.0 * sine_elevation * (-0.059 / sine_elevation).exp()
}

/// The part of the clear-sky irradiance that a cloud cover of 0..=1 lets through.
pub fn through_clouds(cover: f64) -> f64 {
    1.0 - 0.75 * cover.clamp(0.0, 1.0).powf(3.4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn night_gives_nothing_and_clouds_take_at_most_three_quarters() {
        assert!(clear_sky(-0.2).abs() < f64::EPSILON);
        assert!(clear_sky(1.0) > 1000.0 && clear_sky(1.0) < 1100.0);
        assert!((through_clouds(1.0) - 0.25).abs() < 1e-9);
    }
}
