//! Voltage divider before a converter, for probes with an output of 0 to 10 V
//! ([`VoltageDivider`]).
//!
//! Source: Ohm's law. The converter's own input resistance (ADS1115: 6 Mohm at its widest range) is
//! in parallel with the lower resistor and matters above some 10 kohm.

/// Two resistors in series; the converter measures at the lower one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VoltageDivider {
    upper_ohm: f64,
    lower_ohm: f64,
}

impl VoltageDivider {
    /// Returns the divider; `None` unless both resistors are numbers, the lower one above 0 and the
    /// upper one not below.
    pub fn new(upper_ohm: f64, lower_ohm: f64) -> Option<Self> {
        let is_finite = upper_ohm.is_finite() && lower_ohm.is_finite();
        (is_finite && upper_ohm >= 0.0 && lower_ohm > 0.0).then_some(Self {
            upper_ohm,
            lower_ohm,
        })
    }

    /// Returns the divider with a converter's input resistance in parallel with its lower resistor.
    #[must_use]
    pub fn with_load(self, input_ohm: f64) -> Self {
        let lower_ohm = if input_ohm > 0.0 && input_ohm.is_finite() {
            self.lower_ohm * input_ohm / (self.lower_ohm + input_ohm)
        } else {
            self.lower_ohm
        };
        Self { lower_ohm, ..self }
    }

    /// Returns the voltage before the divider for one measured behind it.
    pub fn source_volts(&self, measured_volts: f64) -> f64 {
        measured_volts * (self.upper_ohm + self.lower_ohm) / self.lower_ohm
    }

    /// Returns the voltage behind the divider for one before it.
    pub fn measured_volts(&self, source_volts: f64) -> f64 {
        source_volts * self.lower_ohm / (self.upper_ohm + self.lower_ohm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_volts_over_22_and_10_kohm_are_measured_as_3_125() {
        let divider = VoltageDivider::new(22e3, 10e3).unwrap();
        assert!((divider.measured_volts(10.0) - 3.125).abs() < 1e-12);
        assert!((divider.source_volts(3.125) - 10.0).abs() < 1e-12);
    }

    #[test]
    fn an_input_resistance_lowers_what_is_measured() {
        let divider = VoltageDivider::new(100e3, 100e3).unwrap();
        let loaded = divider.with_load(100e3);
        assert!((loaded.measured_volts(3.0) - 1.0).abs() < 1e-12);
        assert_eq!(divider.with_load(f64::INFINITY), divider);
    }

    #[test]
    fn resistors_that_make_no_divider_are_refused() {
        assert_eq!(VoltageDivider::new(1e3, 0.0), None);
        assert_eq!(VoltageDivider::new(-1.0, 1e3), None);
        assert_eq!(VoltageDivider::new(f64::NAN, 1e3), None);
    }
}
