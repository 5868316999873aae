//! PV panels and inverter: irradiance and air temperature to power.

/// Installed power at 1000 W/m2 and 25 degC, W.
pub const PANEL_PEAK_W: f64 = 2000.0;
/// Greatest AC power of the inverter, W.
pub const INVERTER_RATED_W: f64 = 2000.0;
/// DC power from which the inverter feeds in, W.
const INVERTER_START_W: f64 = 30.0;
/// Own consumption of the inverter, W.
const INVERTER_OWN_USE_W: f64 = 9.0;

/// DC power of the panels, W, at an irradiance in W/m2 and an air temperature in degC.
pub fn dc_power(irradiance: f64, air: f64) -> f64 {
    // NOCT 45 degC: cells are 25 K warmer than the air at 800 W/m2.
    let cell = air + irradiance * 25.0 / 800.0;
    // Minus 0.4 % a kelvin; dust, cables and mismatch take 10 %.
    (PANEL_PEAK_W * irradiance / 1000.0 * (1.0 - 0.004 * (cell - 25.0)) * 0.90).max(0.0)
}

/// AC power, W: 0 below the start power, 97 % efficiency minus own consumption, clipped at the
/// rated power.
pub fn ac_power(dc: f64) -> f64 {
    if dc < INVERTER_START_W {
        return 0.0;
    }
    (dc * 0.97 - INVERTER_OWN_USE_W).clamp(0.0, INVERTER_RATED_W)
}

/// String voltage, V: rises with light, sags slightly with load.
pub fn dc_voltage(dc: f64, irradiance: f64) -> f64 {
    let light = (irradiance / 12.0).clamp(0.0, 1.0);
    light * (362.0 - 0.021 * dc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMs;
    use crate::simulator::clear_sky::{self, GeoLocation};

    #[test]
    fn a_clear_day_of_two_kilowatt_peak_gives_five_to_twelve_kilowatt_hours() {
        let place = GeoLocation {
            latitude: -3.76,
            longitude: 103.78,
        };
        for month in 0..12 {
            let midnight = 1_767_225_600_000 + month * 30 * 86_400_000;
            let wh: f64 = (0..8640)
                .map(|slot| clear_sky::solar_elevation_sine(UtcMs(midnight + slot * 10_000), place))
                .map(|sine| ac_power(dc_power(clear_sky::clear_sky_ghi(sine), 29.0)) / 360.0)
                .sum();
            assert!((5000.0..12_000.0).contains(&wh), "{wh} Wh in month {month}");
        }
    }

    #[test]
    fn the_inverter_sleeps_in_the_dark_and_clips_in_glaring_light() {
        assert!(ac_power(dc_power(0.0, 24.0)).abs() < f64::EPSILON);
        assert!(ac_power(INVERTER_START_W - 1.0).abs() < f64::EPSILON);
        assert!((ac_power(dc_power(1400.0, 10.0)) - INVERTER_RATED_W).abs() < 1e-9);
    }
}
