//! G.1, G.2: how wide a figure is. U is half the 95 % interval in %, u a standard uncertainty.

use super::{Sum, finite, ratio};

/// G.1: of a product, √ΣU²; nothing without a factor.
pub fn u_multiply(u_pct: &[f64]) -> Option<f64> {
    let wide = square_sum(u_pct.iter().copied()).sqrt();
    finite(wide).filter(|_| !u_pct.is_empty())
}

/// G.1: of a sum of (x, U in %), √Σ(U·x)²/|Σx|; nothing where the sum is zero.
pub fn u_add(terms: &[(f64, f64)]) -> Option<f64> {
    let wide = square_sum(terms.iter().map(|(x, u)| u * x)).sqrt();
    ratio(wide, total(terms).abs())
}

/// G.2: of a sum of (x, U in %) that share a cause (one meter, one factor over sites): their
/// uncertainties add linearly, Σ|U·x|/|Σx|.
pub fn u_add_correlated(terms: &[(f64, f64)]) -> Option<f64> {
    let wide: Sum = terms.iter().map(|(x, u)| (u * x).abs()).collect();
    ratio(wide.value(), total(terms).abs())
}

/// G.1: the larger side of an asymmetric range, % of the central value.
pub fn asym_to_pct(central: f64, lo: f64, hi: f64) -> Option<f64> {
    let side = (central - lo).max(hi - central);
    ratio(100.0 * side, central.abs())
}

/// One factor of a product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor {
    /// Its value.
    pub x: f64,
    /// Its standard uncertainty, in its unit.
    pub u_std: f64,
    /// Its exponent.
    pub power: f64,
}

/// A product with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Product {
    /// The product.
    pub y: Option<f64>,
    /// Standard uncertainty.
    pub u_std: Option<f64>,
    /// Expanded, k = 2.
    pub u95: Option<f64>,
}

/// G.2 (GUM): y = Πx^p with u²(y) = Σ(∂y/∂x)²u², k = 2.
pub fn gum_product(factors: &[Factor]) -> Product {
    let raised = |factor: &Factor| factor.x.powf(factor.power);
    let y = finite(factors.iter().map(raised).product()).filter(|_| !factors.is_empty());
    let slope = |at: usize, factor: &Factor| {
        let others = factors.iter().enumerate().filter(|(other, _)| *other != at);
        let others: f64 = others.map(|(_, factor)| raised(factor)).product();
        factor.power * factor.x.powf(factor.power - 1.0) * others
    };
    let parts = factors.iter().enumerate().map(|(at, factor)| {
        // An exact factor adds nothing, wherever its slope leads.
        if factor.u_std == 0.0 {
            0.0
        } else {
            slope(at, factor) * factor.u_std
        }
    });
    let u_std = y.and_then(|_| finite(square_sum(parts).sqrt()));
    Product {
        y,
        u_std,
        u95: u_std.map(|u| 2.0 * u),
    }
}

fn total(terms: &[(f64, f64)]) -> f64 {
    terms.iter().map(|(x, _)| *x).collect::<Sum>().value()
}

fn square_sum(parts: impl Iterator<Item = f64>) -> f64 {
    parts.map(|part| part * part).collect::<Sum>().value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shares_a_cause_adds_linearly() {
        let sites = [(1.0, 10.0), (1.0, 10.0)];
        assert!((u_add_correlated(&sites).unwrap() - 10.0).abs() < 1e-12);
        assert!((u_add(&sites).unwrap() - 10.0 / 2.0_f64.sqrt()).abs() < 1e-12);
    }
}
