//! Current loop of 4 to 20 mA, as used by level and pressure probes ([`CurrentLoop`]).
//!
//! Source: NAMUR recommendation NE 43 (2003), signal levels: 3.8 to 20.5 mA are measurements; a
//! probe reports its own fault with 3.6 mA or less, or with 21 mA or more.

use crate::sensor_fault::SensorFault;

/// At this current and below, a wire is broken or the probe reports a fault.
pub const WIRE_BROKEN_MA: f64 = 3.6;
/// Least current of a measurement.
pub const MEASURED_MIN_MA: f64 = 3.8;
/// Greatest current of a measurement.
pub const MEASURED_MAX_MA: f64 = 20.5;
/// At this current and above, the loop is short-circuited or the probe reports a fault.
pub const SHORT_CIRCUIT_MA: f64 = 21.0;

/// Current loop through a resistor (shunt) at a converter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurrentLoop {
    shunt_ohm: f64,
    at_4_ma: f64,
    at_20_ma: f64,
}

/// Returns a current, mA, if it is a measurement; otherwise what is wrong in the loop.
pub fn check_loop_current(milliamps: f64) -> Result<f64, SensorFault> {
    if milliamps.is_nan() {
        Err(SensorFault::NotReady)
    } else if milliamps <= WIRE_BROKEN_MA {
        Err(SensorFault::WireBroken)
    } else if milliamps < MEASURED_MIN_MA {
        Err(SensorFault::BelowRange)
    } else if milliamps >= SHORT_CIRCUIT_MA {
        Err(SensorFault::ShortCircuit)
    } else if milliamps > MEASURED_MAX_MA {
        Err(SensorFault::AboveRange)
    } else {
        Ok(milliamps)
    }
}

impl CurrentLoop {
    /// Returns the loop of a probe whose value is `at_4_ma` and `at_20_ma` at the ends, over a
    /// shunt. `None` unless the shunt is above 0 ohm and the two values differ.
    pub fn new(shunt_ohm: f64, at_4_ma: f64, at_20_ma: f64) -> Option<Self> {
        let is_finite = shunt_ohm.is_finite() && at_4_ma.is_finite() && at_20_ma.is_finite();
        let differs = (at_20_ma - at_4_ma).abs() > 0.0;
        (is_finite && shunt_ohm > 0.0 && differs).then_some(Self {
            shunt_ohm,
            at_4_ma,
            at_20_ma,
        })
    }

    /// Returns the current, mA, that gives this voltage at the shunt.
    pub fn milliamps(&self, shunt_volts: f64) -> f64 {
        shunt_volts / self.shunt_ohm * 1000.0
    }

    /// Returns the probe's value for a voltage at the shunt.
    pub fn value_from_volts(&self, shunt_volts: f64) -> Result<f64, SensorFault> {
        self.value_from_milliamps(self.milliamps(shunt_volts))
    }

    /// Returns the voltage at the shunt for a value of the probe.
    pub fn volts_from_value(&self, value: f64) -> f64 {
        let share = (value - self.at_4_ma) / (self.at_20_ma - self.at_4_ma);
        (4.0 + 16.0 * share) * self.shunt_ohm / 1000.0
    }

    /// Returns the probe's value for a current, mA.
    pub fn value_from_milliamps(&self, milliamps: f64) -> Result<f64, SensorFault> {
        let share = (check_loop_current(milliamps)? - 4.0) / 16.0;
        Ok(self.at_4_ma + share * (self.at_20_ma - self.at_4_ma))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_limits_of_namur_ne_43_decide() {
        for (milliamps, expected) in [
            (0.0, Err(SensorFault::WireBroken)),
            (-1.0, Err(SensorFault::WireBroken)),
            (3.6, Err(SensorFault::WireBroken)),
            (3.7, Err(SensorFault::BelowRange)),
            (3.8, Ok(3.8)),
            (20.5, Ok(20.5)),
            (20.6, Err(SensorFault::AboveRange)),
            (21.0, Err(SensorFault::ShortCircuit)),
            (f64::INFINITY, Err(SensorFault::ShortCircuit)),
            (f64::NAN, Err(SensorFault::NotReady)),
        ] {
            assert_eq!(check_loop_current(milliamps), expected, "{milliamps} mA");
        }
    }

    #[test]
    fn a_probe_of_5_m_over_150_ohm_reads_as_on_its_plate() {
        let level = CurrentLoop::new(150.0, 0.0, 5.0).unwrap();
        assert_eq!(level.value_from_volts(0.6), Ok(0.0));
        assert_eq!(level.value_from_volts(3.0), Ok(5.0));
        assert!((level.value_from_volts(1.8).unwrap() - 2.5).abs() < 1e-12);
        assert!((level.volts_from_value(0.0) - 0.6).abs() < 1e-12);
        assert!((level.volts_from_value(2.5) - 1.8).abs() < 1e-12);
        assert_eq!(level.value_from_volts(0.1), Err(SensorFault::WireBroken));
        assert_eq!(level.value_from_volts(3.3), Err(SensorFault::ShortCircuit));
    }

    #[test]
    fn a_loop_without_a_shunt_or_a_scale_is_refused() {
        assert_eq!(CurrentLoop::new(0.0, 0.0, 5.0), None);
        assert_eq!(CurrentLoop::new(-150.0, 0.0, 5.0), None);
        assert_eq!(CurrentLoop::new(150.0, 5.0, 5.0), None);
        assert_eq!(CurrentLoop::new(f64::NAN, 0.0, 5.0), None);
    }

    proptest! {
        #[test]
        fn a_value_is_within_the_scale_and_its_small_overrun(volts: f64) {
            let probe = CurrentLoop::new(150.0, -1.0, 16.0).unwrap();
            if let Ok(value) = probe.value_from_volts(volts) {
                prop_assert!((-1.3..=16.6).contains(&value));
            }
        }
    }
}
