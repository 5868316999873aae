//! Straight line through two points: what a sensor showed, and what a reference showed
//! ([`TwoPointCalibration`]).

/// Straight line that corrects a sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoPointCalibration {
    slope: f64,
    offset: f64,
}

/// Point of a calibration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationPoint {
    /// Value of the sensor.
    pub measured: f64,
    /// Value of the reference at the same time.
    pub reference: f64,
}

/// Limits of the slope. Of two values in the same unit it is near 1; far from it, a point was
/// mistyped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlopeLimits {
    /// Least slope, without its sign.
    pub min: f64,
    /// Greatest slope, without its sign.
    pub max: f64,
}

/// Reason for which two points are no calibration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalibrationFault {
    /// A value is not a number.
    NotANumber,
    /// The sensor showed the same at both points.
    SamePoint,
    /// The slope is below its limit: the sensor reacts too strongly, or a point is wrong.
    SlopeTooSmall,
    /// The slope is above its limit: the sensor hardly reacts, or a point is wrong.
    SlopeTooGreat,
}

impl core::fmt::Display for CalibrationFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "a value is not a number",
            Self::SamePoint => "the sensor showed the same at both points",
            Self::SlopeTooSmall => "the slope is below its limit",
            Self::SlopeTooGreat => "the slope is above its limit",
        })
    }
}

impl TwoPointCalibration {
    /// Calibration that changes nothing.
    pub const NONE: Self = Self {
        slope: 1.0,
        offset: 0.0,
    };

    /// Returns the line through two points.
    pub fn through(
        first: CalibrationPoint,
        second: CalibrationPoint,
        limits: SlopeLimits,
    ) -> Result<Self, CalibrationFault> {
        let step = second.measured - first.measured;
        let slope = (second.reference - first.reference) / step;
        let offset = first.reference - slope * first.measured;
        if step == 0.0 {
            return Err(CalibrationFault::SamePoint);
        }
        if !slope.is_finite() || !offset.is_finite() {
            return Err(CalibrationFault::NotANumber);
        }
        // A slope of 0 has no inverse, whatever the limits say.
        if slope == 0.0 || slope.abs() < limits.min {
            return Err(CalibrationFault::SlopeTooSmall);
        }
        if slope.abs() > limits.max {
            return Err(CalibrationFault::SlopeTooGreat);
        }
        Ok(Self { slope, offset })
    }

    /// Returns the factor of the line.
    pub fn slope(&self) -> f64 {
        self.slope
    }

    /// Returns the value of the line at 0.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// Returns the corrected value.
    pub fn apply(&self, measured: f64) -> f64 {
        measured * self.slope + self.offset
    }

    /// Returns what the sensor shows for a true value.
    pub fn invert(&self, value: f64) -> f64 {
        (value - self.offset) / self.slope
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the examples are exact in binary")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NEAR_ONE: SlopeLimits = SlopeLimits { min: 0.5, max: 2.0 };

    fn point(measured: f64, reference: f64) -> CalibrationPoint {
        CalibrationPoint {
            measured,
            reference,
        }
    }

    #[test]
    fn a_level_probe_with_a_dry_offset_of_26_mm_is_corrected() {
        let dry = point(0.026, 0.0);
        let full = point(2.066, 2.0);
        let line = TwoPointCalibration::through(dry, full, NEAR_ONE).unwrap();
        assert!(line.apply(0.026).abs() < 1e-12);
        assert!((line.apply(2.066) - 2.0).abs() < 1e-12);
        assert!((line.apply(1.046) - 1.0).abs() < 1e-12);
        assert!((line.invert(1.0) - 1.046).abs() < 1e-12);
    }

    #[test]
    fn points_that_make_no_line_are_refused_with_the_reason() {
        let through = |a, b| TwoPointCalibration::through(a, b, NEAR_ONE);
        let first = point(1.0, 1.0);
        assert_eq!(
            through(first, point(1.0, 2.0)),
            Err(CalibrationFault::SamePoint)
        );
        assert_eq!(
            through(first, point(2.0, 1.0)),
            Err(CalibrationFault::SlopeTooSmall)
        );
        assert_eq!(
            through(first, point(2.0, 11.0)),
            Err(CalibrationFault::SlopeTooGreat)
        );
        assert_eq!(
            through(first, point(f64::NAN, 2.0)),
            Err(CalibrationFault::NotANumber)
        );
        assert_eq!(
            through(first, point(2.0, f64::INFINITY)),
            Err(CalibrationFault::NotANumber)
        );
    }

    #[test]
    fn a_sensor_that_counts_down_has_a_negative_slope() {
        let line = TwoPointCalibration::through(point(3.0, 0.0), point(1.0, 2.0), NEAR_ONE);
        assert_eq!(line.unwrap().slope(), -1.0);
        assert_eq!(line.unwrap().offset(), 3.0);
        assert_eq!(TwoPointCalibration::NONE.apply(4.2), 4.2);
    }

    proptest! {
        #[test]
        fn an_accepted_line_can_be_gone_back(
            a in -1e6..1e6, b in -1e6..1e6, c in -1e6..1e6, d in -1e6..1e6, value in -1e6..1e6
        ) {
            let wide = SlopeLimits { min: 1e-3, max: 1e3 };
            if let Ok(line) = TwoPointCalibration::through(point(a, b), point(c, d), wide) {
                prop_assert!((line.invert(line.apply(value)) - value).abs() < 1e-3);
            }
        }

        #[test]
        fn any_numbers_make_a_finite_line_or_a_fault(a: f64, b: f64, c: f64, d: f64) {
            let any = SlopeLimits { min: 0.0, max: f64::INFINITY };
            if let Ok(line) = TwoPointCalibration::through(point(a, b), point(c, d), any) {
                prop_assert!(line.slope().is_finite() && line.offset().is_finite());
            }
        }
    }
}
