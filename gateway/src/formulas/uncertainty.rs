//! Propagation of uncertainty (G.1, G.2). U is half the 95 % interval in %, u a standard
//! uncertainty.

use super::{CompensatedSum, finite_number, finite_ratio};

/// Uncertainty of a product, % (G.1): √ΣU²; `None` without a factor.
pub fn product_uncertainty_pct(u_pct: &[f64]) -> Option<f64> {
    let wide = sum_of_squares(u_pct.iter().copied()).sqrt();
    // No factors means that the inputs are missing, not that the product is exact.
    finite_number(wide).filter(|_| !u_pct.is_empty())
}

/// Uncertainty of a sum of independent (x, U in %), % (G.1): √Σ(U·x)²/|Σx|; `None` if the sum is
/// zero.
pub fn sum_uncertainty_pct(terms: &[(f64, f64)]) -> Option<f64> {
    let wide = sum_of_squares(terms.iter().map(|(x, u)| u * x)).sqrt();
    finite_ratio(wide, sum_of_values(terms).abs())
}

/// Uncertainty of a sum of (x, U in %) with a common cause (one meter, one factor over sites), %
/// (G.2): they add linearly, Σ|U·x|/|Σx|.
pub fn correlated_sum_uncertainty_pct(terms: &[(f64, f64)]) -> Option<f64> {
    let wide: CompensatedSum = terms.iter().map(|(x, u)| (u * x).abs()).collect();
    finite_ratio(wide.value(), sum_of_values(terms).abs())
}

/// Returns the larger side of an asymmetric range, % of the central value (G.1).
pub fn asymmetric_range_to_pct(central: f64, lo: f64, hi: f64) -> Option<f64> {
    let side = (central - lo).max(hi - central);
    finite_ratio(100.0 * side, central.abs())
}

/// Factor of a product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GumFactor {
    /// Value.
    pub x: f64,
    /// Standard uncertainty, in the unit of the value.
    pub u_std: f64,
    /// Exponent.
    pub power: f64,
}

/// Product with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GumProduct {
    /// Value of the product.
    pub y: Option<f64>,
    /// Standard uncertainty, in the unit of the product.
    pub u_std: Option<f64>,
    /// Expanded uncertainty, k = 2.
    pub u95: Option<f64>,
}

/// Product of powers with its uncertainty (G.2, GUM): y = Πx^p, u²(y) = Σ(∂y/∂x)²u², k = 2.
pub fn gum_product(factors: &[GumFactor]) -> GumProduct {
    let raised = |factor: &GumFactor| factor.x.powf(factor.power);
    let y = finite_number(factors.iter().map(raised).product()).filter(|_| !factors.is_empty());
    let slope = |at: usize, factor: &GumFactor| {
        let others = factors.iter().enumerate().filter(|(other, _)| *other != at);
        let others: f64 = others.map(|(_, factor)| raised(factor)).product();
        factor.power * factor.x.powf(factor.power - 1.0) * others
    };
    let parts = factors.iter().enumerate().map(|(at, factor)| {
        // An exact factor adds nothing, even where its partial derivative is infinite.
        if factor.u_std == 0.0 {
            0.0
        } else {
            slope(at, factor) * factor.u_std
        }
    });
    let u_std = y.and_then(|_| finite_number(sum_of_squares(parts).sqrt()));
    GumProduct {
        y,
        u_std,
        u95: u_std.map(|u| 2.0 * u),
    }
}

fn sum_of_values(terms: &[(f64, f64)]) -> f64 {
    terms
        .iter()
        .map(|(x, _)| *x)
        .collect::<CompensatedSum>()
        .value()
}

fn sum_of_squares(parts: impl Iterator<Item = f64>) -> f64 {
    parts
        .map(|part| part * part)
        .collect::<CompensatedSum>()
        .value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shares_a_cause_adds_linearly() {
        let sites = [(1.0, 10.0), (1.0, 10.0)];
        assert!((correlated_sum_uncertainty_pct(&sites).unwrap() - 10.0).abs() < 1e-12);
        assert!((sum_uncertainty_pct(&sites).unwrap() - 10.0 / 2.0_f64.sqrt()).abs() < 1e-12);
    }
}
