//! Relative uncertainty of figures (METHODS G.1, G.2): half of the 95 % interval in %. Unknown
//! inputs make the result unknown.

use crate::domain::indicator::{Indicator, Uncertainty};
use crate::formulas::uncertainty::{
    GumFactor, correlated_sum_uncertainty_pct, gum_product, product_uncertainty_pct,
    sum_uncertainty_pct,
};

/// Half of the 95 % interval in % of the value, by two methods.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct RelativeUncertainty {
    /// IPCC Tier 1: all inputs are independent (METHODS G.1).
    pub(crate) tier1: Option<f64>,
    /// GUM: inputs with a common cause are added linearly (METHODS G.2).
    pub(crate) gum: Option<f64>,
}

impl RelativeUncertainty {
    /// No uncertainty: a convention.
    pub(crate) const EXACT: Self = Self {
        tier1: Some(0.0),
        gum: Some(0.0),
    };

    /// The same percentage by both methods; `None`: unknown.
    pub(crate) fn from_percent(pct: Option<f64>) -> Self {
        Self {
            tier1: pct,
            gum: pct,
        }
    }

    /// Uncertainty of a product or quotient of independent inputs.
    pub(crate) fn of_product(all: &[Self]) -> Self {
        // Relative uncertainty does not depend on the values, so each input is given as 1.0. The
        // GUM formula needs the standard uncertainty (k = 1) as a fraction: half of 95 % interval /
        // 2 / 100.
        let tier1: Option<Vec<f64>> = all.iter().map(|one| one.tier1).collect();
        let one = |wide: &Self| {
            Some(GumFactor {
                x: 1.0,
                u_std: wide.gum? / 200.0,
                power: 1.0,
            })
        };
        let gum: Option<Vec<GumFactor>> = all.iter().map(one).collect();
        Self {
            tier1: tier1.and_then(|all| product_uncertainty_pct(&all)),
            gum: gum.and_then(|all| gum_product(&all).u95).map(|u| u * 100.0),
        }
    }

    /// Uncertainty of a sum of (value, uncertainty). With `linked`, the terms share a meter or
    /// factor.
    pub(crate) fn of_sum(terms: &[(f64, Self)], linked: bool) -> Self {
        let of = |way: fn(&Self) -> Option<f64>| -> Option<Vec<(f64, f64)>> {
            // A term of zero adds no uncertainty, even if its own is unknown.
            let known = terms.iter().filter(|(x, _)| *x != 0.0);
            known.map(|(x, wide)| Some((*x, way(wide)?))).collect()
        };
        let gum = of(|one| one.gum);
        Self {
            tier1: of(|one| one.tier1).and_then(|terms| sum_uncertainty_pct(&terms)),
            gum: gum.and_then(|terms| {
                if linked {
                    correlated_sum_uncertainty_pct(&terms)
                } else {
                    sum_uncertainty_pct(&terms)
                }
            }),
        }
    }

    /// Uncertainty as an indicator reports it: GUM in the unit of the figure.
    pub(crate) fn absolute(self, value: f64) -> Uncertainty {
        Uncertainty {
            tier1_pct: self.tier1,
            gum: self.gum.map(|pct| pct * value.abs() / 100.0),
        }
    }

    /// Relative uncertainty of a finished figure.
    pub(crate) fn from_indicator(figure: &Indicator) -> Self {
        let value = figure.value.as_ref().ok().copied().unwrap_or_default();
        // A figure of zero has no relative uncertainty.
        let relative = |gum: f64| (value != 0.0).then(|| 100.0 * gum / value.abs());
        Self {
            tier1: figure.uncertainty.tier1_pct,
            gum: figure.uncertainty.gum.and_then(relative),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_close(found: Option<f64>, wanted: f64) -> bool {
        found.is_some_and(|found| (found - wanted).abs() < 1e-9)
    }

    #[test]
    fn an_unknown_input_makes_an_unknown_figure() {
        let known = RelativeUncertainty::from_percent(Some(1.0));
        assert_eq!(
            RelativeUncertainty::of_product(&[known, RelativeUncertainty::default()]),
            RelativeUncertainty::default()
        );
        let sum = RelativeUncertainty::of_sum(
            &[(1.0, known), (2.0, RelativeUncertainty::default())],
            false,
        );
        assert_eq!(sum, RelativeUncertainty::default());
    }

    #[test]
    fn a_product_is_as_wide_by_both_ways() {
        let found = RelativeUncertainty::of_product(&[
            RelativeUncertainty::from_percent(Some(3.0)),
            RelativeUncertainty::from_percent(Some(4.0)),
        ]);
        assert!(is_close(found.tier1, 5.0) && is_close(found.gum, 5.0));
    }

    #[test]
    fn what_shares_a_factor_is_wider_by_gum_than_by_tier_1() {
        let ten = RelativeUncertainty::from_percent(Some(10.0));
        let found = RelativeUncertainty::of_sum(&[(1.0, ten), (1.0, ten)], true);
        assert!(is_close(found.tier1, 10.0 / 2.0_f64.sqrt()));
        assert!(is_close(found.gum, 10.0));
    }
}
