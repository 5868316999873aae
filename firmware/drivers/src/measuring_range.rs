//! Range in which a value can be a measurement ([`MeasuringRange`]).

use crate::sensor_fault::SensorFault;

/// Range in which a value can be a measurement, its ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasuringRange {
    low: f64,
    high: f64,
}

impl MeasuringRange {
    /// Returns the range; `None` if an end is not a number or the ends are not in order.
    pub fn new(low: f64, high: f64) -> Option<Self> {
        (low.is_finite() && high.is_finite() && low < high).then_some(Self { low, high })
    }

    /// Returns the value if it is inside. A value that is not a number is `NotReady`.
    pub fn check(&self, value: f64) -> Result<f64, SensorFault> {
        if value.is_nan() {
            Err(SensorFault::NotReady)
        } else if value < self.low {
            Err(SensorFault::BelowRange)
        } else if value > self.high {
            Err(SensorFault::AboveRange)
        } else {
            Ok(value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_belong_to_the_range_and_what_is_beyond_has_a_reason() {
        let range = MeasuringRange::new(-40.0, 125.0).unwrap();
        assert_eq!(range.check(-40.0), Ok(-40.0));
        assert_eq!(range.check(125.0), Ok(125.0));
        assert_eq!(range.check(-40.1), Err(SensorFault::BelowRange));
        assert_eq!(range.check(f64::INFINITY), Err(SensorFault::AboveRange));
        assert_eq!(range.check(f64::NAN), Err(SensorFault::NotReady));
    }

    #[test]
    fn a_range_without_an_inside_is_refused() {
        assert_eq!(MeasuringRange::new(1.0, 1.0), None);
        assert_eq!(MeasuringRange::new(2.0, 1.0), None);
        assert_eq!(MeasuringRange::new(f64::NAN, 1.0), None);
    }
}
