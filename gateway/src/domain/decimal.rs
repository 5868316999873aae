//! Exact decimal numbers, as written by a person: digits and a decimal point.

use super::ExactNumber;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Significant digits that an f64 keeps exactly; entries have no more.
pub(super) const DIGITS_MAX: usize = 15;

/// Exact decimal of at most 15 digits, without trailing zeros after the point, so that equal
/// numbers are equal values. Its text is read as the same number by any program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Decimal {
    mantissa: i64,
    /// Digits after the point.
    places: u8,
}

impl Decimal {
    /// `mantissa` x 10^-`places`; `None` if it has more than 15 digits before or after the point.
    pub fn new(mantissa: i64, places: u8) -> Option<Self> {
        let (mut mantissa, mut places) = (mantissa, places);
        // Equality is derived, so equal numbers must have the same representation.
        while places > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            places -= 1;
        }
        let digits = mantissa.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
        let fits = digits <= DIGITS_MAX && usize::from(places) <= DIGITS_MAX;
        fits.then_some(Self { mantissa, places })
    }

    /// Mantissa, and number of digits after the point.
    pub fn parts(self) -> (i64, u8) {
        (self.mantissa, self.places)
    }

    /// The number times 10^`power`, exact; `None` if the result has too many digits.
    pub fn times_power_of_ten(self, power: i8) -> Option<Self> {
        let places = i16::from(self.places) - i16::from(power);
        if let Ok(places) = u8::try_from(places) {
            return Self::new(self.mantissa, places);
        }
        let factor = 10i64.checked_pow(u32::from(places.unsigned_abs()))?;
        Self::new(self.mantissa.checked_mul(factor)?, 0)
    }

    /// Whether the number is below zero.
    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// Number of digits after the point.
    pub fn places(self) -> u8 {
        self.places
    }

    /// Nearest f64.
    pub fn to_f64(self) -> f64 {
        ExactNumber::from(self).to_f64()
    }
}

impl From<Decimal> for ExactNumber {
    fn from(decimal: Decimal) -> Self {
        Self::Decimal {
            mantissa: decimal.mantissa,
            // At most 15 places.
            exponent: -decimal.places.cast_signed(),
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ExactNumber::from(*self).fmt(f)
    }
}

/// The text is not a decimal number, or has more than 15 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number of at most 15 digits")]
pub struct DecimalError;

/// Sign, digits before and digits after the point of a text; `None` when it has anything else.
pub(super) fn decimal_digits(text: &str) -> Option<(i64, &str, &str)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (plain(whole) && plain(part)).then_some((sign, whole, part))
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Parses `[-]digits[.digits]` and nothing else.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (sign, whole, part) = decimal_digits(text).ok_or(DecimalError)?;
        // `.5` and `5.` are refused: what is stored must be read as the same number by any program.
        if whole.is_empty() || text.ends_with('.') {
            return Err(DecimalError);
        }
        // Trailing zeros do not count as digits: `12.50000000000000000` is a valid decimal.
        let part = part.trim_end_matches('0');
        let mantissa: i64 = [whole, part].concat().parse().map_err(|_| DecimalError)?;
        let places = u8::try_from(part.len()).map_err(|_| DecimalError)?;
        Self::new(sign * mantissa, places).ok_or(DecimalError)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        // At most 15 digits each, shifted by at most 15 places: 30 digits fit into 128 bits.
        let places = self.places.max(other.places);
        let same =
            |one: &Self| i128::from(one.mantissa) * 10i128.pow(u32::from(places - one.places));
        same(self).cmp(&same(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_plain_digits_with_a_point_are_a_decimal() {
        for text in [
            "", "-", ".5", "5.", "1,5", "1e3", "+1", " 1", "1.5.2", "NaN",
        ] {
            assert_eq!(text.parse::<Decimal>(), Err(DecimalError), "{text}");
        }
        assert_eq!("1234567890123456".parse::<Decimal>(), Err(DecimalError));
        assert_eq!("12.500".parse::<Decimal>().unwrap().to_string(), "12.5");
        assert_eq!("-0".parse::<Decimal>().unwrap().to_string(), "0");
    }

    proptest! {
        #[test]
        fn text_and_double_are_the_same_number(
            mantissa in -999_999_999_999_999i64..=999_999_999_999_999, places in 0u8..=15,
        ) {
            let decimal = Decimal::new(mantissa, places).unwrap();
            prop_assert_eq!(decimal.to_string().parse::<Decimal>(), Ok(decimal));
            prop_assert_eq!(decimal.to_f64().to_string().parse::<Decimal>(), Ok(decimal));
        }

        #[test]
        fn shifting_there_and_back_changes_nothing(
            mantissa in -99_999_999i64..=99_999_999, power in -6i8..=6,
        ) {
            let decimal = Decimal::new(mantissa, 1).unwrap();
            let there = decimal.times_power_of_ten(power).unwrap();
            prop_assert_eq!(there.times_power_of_ten(-power), Some(decimal));
            let grows = mantissa != 0 && power != 0 && (power > 0) == (mantissa > 0);
            prop_assert_eq!(there > decimal, grows);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,40}") {
            let _ = text.parse::<Decimal>();
        }
    }
}
