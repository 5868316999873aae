//! Rounding of figures, claims among them (G.3). The only place where a figure is rounded.

use super::finite_number;
use crate::domain::ExactNumber;

/// Direction in which a figure is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoundingMode {
    /// To the nearest; a tie away from zero, as in a workbook.
    #[default]
    Nearest,
    /// Towards minus infinity, for a claimed benefit.
    Down,
    /// Towards plus infinity, for a burden.
    Up,
}

/// Rounding direction of a claim, always against the claimant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimDirection {
    /// A benefit is rounded toward −∞.
    Benefit,
    /// A burden is rounded toward +∞.
    Burden,
}

impl ClaimDirection {
    /// Words accepted by the method `round_claim`.
    pub const NAMES: &[&str] = &["benefit", "burden"];

    /// Parses one of [`Self::NAMES`].
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "benefit" => Some(Self::Benefit),
            "burden" => Some(Self::Burden),
            _ => None,
        }
    }
}

/// Rounds `x` at `decimals`; below 0, tens, hundreds, ... are rounded. A number that is not finite,
/// or too large to have such a digit, is returned as it is.
pub fn round_decimals(x: f64, decimals: i32, mode: RoundingMode) -> f64 {
    let Some(steps) = rounded_steps(x, decimals, mode) else {
        return x;
    };
    let scale = power_of_ten(decimals);
    if decimals >= 0 {
        steps / scale
    } else {
        steps * scale
    }
}

/// `x` in steps of 10^-`decimals`, rounded to a whole number of them; `None` for a number that is
/// not finite, or too large to have such a digit.
fn rounded_steps(x: f64, decimals: i32, mode: RoundingMode) -> Option<f64> {
    let scale = power_of_ten(decimals);
    let scaled = if decimals >= 0 { x * scale } else { x / scale };
    // Above 2^53 a double has no fraction left to round.
    if !scaled.is_finite() || scaled.abs() >= 9e15 {
        return None;
    }
    // Snapped to 1e−6 of the last digit first: 2.28 computed as 2.2799999999 stays 2.28.
    let snapped = (scaled * 1e6).round() / 1e6;
    let whole = match mode {
        RoundingMode::Nearest => snapped.round(),
        RoundingMode::Down => snapped.floor(),
        RoundingMode::Up => snapped.ceil(),
    };
    // Adding zero turns -0 into 0.
    Some(whole + 0.0)
}

fn power_of_ten(decimals: i32) -> f64 {
    10_f64.powi(decimals.saturating_abs())
}

/// Rounds at `decimals` against the claimant (G.3); `None` if the result is not finite. Example:
/// 2.29 with one decimal is 2.2 as a benefit, 2.3 as a burden.
pub fn round_claim(x: f64, decimals: i32, direction: ClaimDirection) -> Option<f64> {
    let mode = match direction {
        ClaimDirection::Benefit => RoundingMode::Down,
        ClaimDirection::Burden => RoundingMode::Up,
    };
    finite_number(round_decimals(x, decimals, mode))
}

/// Writes `x` with this many decimals, rounded to the nearest: `-1234.50`. Marks of a language are
/// set by [`crate::i18n::LocaleRow`].
pub fn nearest_digits(x: f64, decimals: u8) -> String {
    let places = i8::try_from(decimals).ok().filter(|places| *places <= 18);
    // Ties away from zero, as a workbook does; `{:.1}` alone rounds the binary value.
    let steps = rounded_steps(x, i32::from(decimals), RoundingMode::Nearest);
    let Some((places, steps)) = places.zip(steps) else {
        let rounded = round_decimals(x, i32::from(decimals), RoundingMode::Nearest);
        return format!("{rounded:.*}", usize::from(decimals));
    };
    // The digits of a whole number take a tenth of the time of those of a double.
    #[expect(clippy::cast_possible_truncation, reason = "whole, below 2^53")]
    let mantissa = steps as i64;
    let exponent = -places;
    ExactNumber::Decimal { mantissa, exponent }.to_string()
}

/// Rounds to so many significant digits, at least 1.
pub fn round_digits(x: f64, digits: usize) -> f64 {
    // Printing and reading again gives the nearest decimal number, without errors of its own.
    let text = format!("{x:.*e}", digits.max(1) - 1);
    text.parse().unwrap_or(x)
}

/// Power of ten of the first digit of `x`; `None` for 0 and for what is not finite.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the logarithm of a double lies between -324 and 309"
)]
pub fn decimal_magnitude(x: f64) -> Option<i32> {
    let power = finite_number(x.abs().log10())?.floor();
    Some(power as i32)
}

/// Returns the decimals that an uncertainty of `u_pct` % supports, down to its first digit: "2.2
/// t", not "2.28 t", with ±10 % (G.3). `None` for a figure of zero or without uncertainty.
pub fn supported_decimals(x: f64, u_pct: f64) -> Option<i32> {
    let first_digit = decimal_magnitude(x * u_pct / 100.0)?;
    (-12..=12).find(|decimals| -*decimals <= first_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_benefit_is_never_rounded_up_nor_a_burden_down(
            x in -1e6..1e6_f64,
            decimals in -2_i32..6,
        ) {
            let snap = 1e-6 * 10_f64.powi(-decimals);
            let benefit = round_claim(x, decimals, ClaimDirection::Benefit).unwrap();
            let burden = round_claim(x, decimals, ClaimDirection::Burden).unwrap();
            prop_assert!(benefit <= x + snap && x - snap <= burden);
        }
    }

    proptest! {
        #[test]
        fn the_digits_are_those_of_the_rounded_number(
            x in prop_oneof![-1e6..1e6_f64, -1e-3..1e-3_f64, any::<f64>()],
            decimals in 0_u8..24,
        ) {
            let rounded = round_decimals(x, decimals.into(), RoundingMode::Nearest);
            let digits = nearest_digits(x, decimals);
            let is_exact = rounded.abs() * power_of_ten(decimals.into()) < 1e15;
            let has_digit = rounded.abs() < 1e15;
            if is_exact || !has_digit {
                prop_assert_eq!(digits, format!("{rounded:.*}", usize::from(decimals)));
            } else {
                // Of more than fifteen digits `{:.*}` shows those of the nearest double.
                let read: f64 = digits.parse().unwrap();
                prop_assert!((read - rounded).abs() <= rounded.abs() * 1e-15);
            }
        }
    }

    #[test]
    fn ten_percent_of_two_tonnes_carry_one_decimal() {
        assert_eq!(supported_decimals(2.28, 10.0), Some(1));
        assert_eq!(supported_decimals(414.1, 10.0), Some(-1));
        assert_eq!(supported_decimals(0.0, 10.0), None);
    }
}
