//! Rounding of claims (G.3). The only place in the formulas where a figure is rounded.

use super::finite_number;

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

/// Rounds at `decimals` against the claimant (G.3); `None` if the result is not finite. Example:
/// 2.29 with one decimal is 2.2 as a benefit, 2.3 as a burden.
pub fn round_claim(x: f64, decimals: i32, direction: ClaimDirection) -> Option<f64> {
    let scale = 10_f64.powi(decimals.saturating_abs());
    let scaled = if decimals >= 0 { x * scale } else { x / scale };
    // Snapped to 1e−6 of the last digit first: 2.28 as a binary number may lie just below 2.28.
    let snapped = (scaled * 1e6).round() / 1e6;
    let whole = match direction {
        ClaimDirection::Benefit => snapped.floor(),
        ClaimDirection::Burden => snapped.ceil(),
    };
    let rounded = if decimals >= 0 {
        whole / scale
    } else {
        whole * scale
    };
    // Adding zero turns -0 into 0.
    finite_number(rounded + 0.0)
}

/// Returns the decimals that an uncertainty of `u_pct` % supports, down to its first digit: "2.2
/// t", not "2.28 t", with ±10 % (G.3). `None` for a figure of zero or without uncertainty.
pub fn supported_decimals(x: f64, u_pct: f64) -> Option<i32> {
    let wide = (x * u_pct / 100.0).abs();
    let first_digit = finite_number(wide.log10())?.floor();
    (-12..=12).find(|decimals| f64::from(-*decimals) <= first_digit)
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

    #[test]
    fn ten_percent_of_two_tonnes_carry_one_decimal() {
        assert_eq!(supported_decimals(2.28, 10.0), Some(1));
        assert_eq!(supported_decimals(414.1, 10.0), Some(-1));
        assert_eq!(supported_decimals(0.0, 10.0), None);
    }
}
