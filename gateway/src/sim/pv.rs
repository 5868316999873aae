//! Panels and inverter: irradiance and air to watts.

/// Installed power, W at 1000 W/m2 and 25 degC.
pub const PEAK_W: f64 = 2000.0;
/// The inverter gives no more than this, W.
pub const RATED_W: f64 = 2000.0;
/// Direct power from which the inverter feeds in, W.
const START_W: f64 = 30.0;
/// What the inverter uses for itself, W.
const OWN_USE_W: f64 = 9.0;

/// Direct power of the panels, W.
///
/// The cells are warmer than the air by 25 K at 800 W/m2 (NOCT 45 degC), and lose 0.4 % a kelvin;
/// dust cables and mismatch take 10 %.
pub fn dc_power(irradiance: f64, air: f64) -> f64 {
    let cell = air + irradiance * 25.0 / 800.0;
    (PEAK_W * irradiance / 1000.0 * (1.0 - 0.004 * (cell - 25.0)) * 0.90).max(0.0)
}

/// What the inverter makes of it, W: nothing before it starts, 97 % less its own use, clipped.
pub fn ac_power(dc: f64) -> f64 {
    if dc < START_W {
        return 0.0;
    }
    (dc * 0.97 - OWN_USE_W).clamp(0.0, RATED_W)
}

/// Voltage of the string, V: steps up when light comes, sags a little with load and heat.
pub fn dc_voltage(dc: f64, irradiance: f64) -> f64 {
    let light = (irradiance / 12.0).clamp(0.0, 1.0);
    light * (362.0 - 0.021 * dc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UtcMs;
    use crate::sim::sun::{self, Place};

    #[test]
    fn a_clear_day_of_two_kilowatt_peak_gives_five_to_twelve_kilowatt_hours() {
        let place = Place {
            latitude: -3.76,
            longitude: 103.78,
        };
        for month in 0..12 {
            let midnight = 1_767_225_600_000 + month * 30 * 86_400_000;
            let wh: f64 = (0..8640)
                .map(|slot| sun::sine_elevation(UtcMs(midnight + slot * 10_000), place))
                .map(|sine| ac_power(dc_power(sun::clear_sky(sine), 29.0)) / 360.0)
                .sum();
            assert!((5000.0..12_000.0).contains(&wh), "{wh} Wh in month {month}");
        }
    }

    #[test]
    fn the_inverter_sleeps_in_the_dark_and_clips_in_glaring_light() {
        assert!(ac_power(dc_power(0.0, 24.0)).abs() < f64::EPSILON);
        assert!(ac_power(START_W - 1.0).abs() < f64::EPSILON);
        assert!((ac_power(dc_power(1400.0, 10.0)) - RATED_W).abs() < 1e-9);
    }
}
