//! [`LinearScale`]: from the raw number of a device to the value of a point, exactly.

use crate::domain::ExactNumber;

/// Linear scale: value = raw x `factor` + `offset`.
// Decimal instead of binary, so that integers and decimal steps stay exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearScale {
    /// Mantissa and power of ten of the factor: 0.1 is (1, -1).
    pub factor: (i64, i8),
    /// Mantissa and power of ten of the offset.
    pub offset: (i64, i8),
}

impl LinearScale {
    /// Scale of an unscaled value: factor 1, offset 0.
    pub const IDENTITY: Self = Self {
        factor: (1, 0),
        offset: (0, 0),
    };

    /// Returns `steps` x factor x 10^`power` + offset; `None` when the result has too many digits.
    pub(crate) fn scale_integer(self, steps: i64, power: i8) -> Option<ExactNumber> {
        let (factor, exponent) = self.factor;
        let mut exponent = i32::from(exponent) + i32::from(power);
        let mut mantissa = i128::from(steps) * i128::from(factor);
        let (offset, offset_exponent) = self.offset;
        if offset != 0 {
            // Factor and offset are brought to the same power of ten, so that the sum is exact.
            let step = exponent.min(offset_exponent.into());
            mantissa = shift_decimal(mantissa, exponent - step)?.checked_add(shift_decimal(
                offset.into(),
                i32::from(offset_exponent) - step,
            )?)?;
            exponent = step;
        }
        // `ExactNumber::Decimal` holds an `i64` and 18 places: digits are only dropped when they
        // are zeros, so that the result stays exact.
        while exponent < -18 || i64::try_from(mantissa).is_err() {
            if mantissa % 10 != 0 {
                return None;
            }
            mantissa /= 10;
            exponent += 1;
        }
        let exponent = i8::try_from(exponent).ok().filter(|e| *e <= 18)?;
        Some(ExactNumber::Decimal {
            mantissa: i64::try_from(mantissa).ok()?,
            exponent,
        })
    }

    /// Returns `value` x factor x 10^`power` + offset; `None` when the result is not finite.
    pub(crate) fn scale_float(self, value: f64, power: i8) -> Option<ExactNumber> {
        // Without a scale the value is passed on unchanged, bit for bit.
        if self == Self::IDENTITY && power == 0 {
            return value.is_finite().then_some(ExactNumber::Float(value));
        }
        // In decimal where the digits allow it: 225.4171 x 0.001 is 0.2254171, with no digits that
        // binary products add.
        if let Some(exact) = self.scale_digits(value, power) {
            return Some(ExactNumber::Float(exact));
        }
        let (factor, offset) = self.as_floats(power);
        let scaled = value * factor + offset;
        scaled.is_finite().then_some(ExactNumber::Float(scaled))
    }

    /// Returns the scaled digits of a value; `None` when they are too many, and for zero, which has
    /// a sign as a float.
    fn scale_digits(self, value: f64, power: i8) -> Option<f64> {
        let digits = ExactNumber::parse(&value.to_string()).filter(|_| value != 0.0)?;
        let (mantissa, places) = digits.decimal_parts()?;
        let power = power.checked_sub_unsigned(places)?;
        Some(self.scale_integer(mantissa, power)?.to_f64())
    }

    /// Returns factor x 10^`power` and offset as floats.
    pub(crate) fn as_floats(self, power: i8) -> (f64, f64) {
        let float = |(mantissa, exponent): (i64, i8), power: i8| {
            ExactNumber::Decimal {
                mantissa,
                exponent: exponent.saturating_add(power),
            }
            .to_f64()
        };
        (float(self.factor, power), float(self.offset, 0))
    }
}

fn shift_decimal(mantissa: i128, places: i32) -> Option<i128> {
    mantissa.checked_mul(10i128.checked_pow(u32::try_from(places).ok()?)?)
}
