//! G.3: the only place where a figure is rounded.

use super::finite;

/// Whom a rounded figure may never flatter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A benefit: toward −∞.
    Benefit,
    /// A burden: toward +∞.
    Burden,
}

impl Direction {
    /// The words that the method takes.
    pub const NAMES: &[&str] = &["benefit", "burden"];

    /// From its word.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "benefit" => Some(Self::Benefit),
            "burden" => Some(Self::Burden),
            _ => None,
        }
    }
}

/// G.3: rounds at `decimals` against the claimant, after snapping to 1e−6 of the last digit, so
/// that a binary 2.28 stays 2.28.
pub fn round_claim(x: f64, decimals: i32, direction: Direction) -> Option<f64> {
    let scale = 10_f64.powi(decimals.saturating_abs());
    let scaled = if decimals >= 0 { x * scale } else { x / scale };
    let snapped = (scaled * 1e6).round() / 1e6;
    let whole = match direction {
        Direction::Benefit => snapped.floor(),
        Direction::Burden => snapped.ceil(),
    };
    let rounded = if decimals >= 0 {
        whole / scale
    } else {
        whole * scale
    };
    // Adding zero turns -0 into 0.
    finite(rounded + 0.0)
}

/// G.3: decimals that an uncertainty of `u_pct` % supports: down to its first digit ("2.2 t", not
/// "2.28 t", with ±10 %). Nothing for a zero figure or an exact one.
pub fn supported_decimals(x: f64, u_pct: f64) -> Option<i32> {
    let wide = (x * u_pct / 100.0).abs();
    let first_digit = finite(wide.log10())?.floor();
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
            let benefit = round_claim(x, decimals, Direction::Benefit).unwrap();
            let burden = round_claim(x, decimals, Direction::Burden).unwrap();
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
