//! Relative uncertainty of figures (METHODS G.1, G.2): half of the 95 % interval in %. Where that
//! of an input is not known, the known ones give a lower bound: the figure is at least so wide.

use crate::domain::indicator::{Indicator, IntervalReach, Uncertainty};
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
    /// A lower bound: the uncertainty of an input is not known.
    pub(crate) is_least: bool,
}

impl RelativeUncertainty {
    /// No uncertainty: a convention.
    pub(crate) const EXACT: Self = Self {
        tier1: Some(0.0),
        gum: Some(0.0),
        is_least: false,
    };

    /// The same percentage by both methods; `None`: unknown.
    pub(crate) fn from_percent(pct: Option<f64>) -> Self {
        Self {
            tier1: pct,
            gum: pct,
            is_least: false,
        }
    }

    fn is_known(&self) -> bool {
        self.tier1.is_some()
    }

    /// The uncertainty, as a lower bound where one of `parts` is not known or is one itself.
    /// Nothing is known of a bound of zero.
    fn bounded_by(self, parts: impl Iterator<Item = Self>) -> Self {
        let is_least = parts.fold(false, |least, one| least || one.is_least || !one.is_known());
        let is_something = |pct: &f64| !is_least || *pct > 0.0;
        Self {
            tier1: self.tier1.filter(is_something),
            gum: self.gum.filter(is_something),
            is_least: is_least && self.tier1.is_some_and(|pct| pct > 0.0),
        }
    }

    /// Uncertainty of a product or quotient of independent inputs.
    pub(crate) fn of_product(all: &[Self]) -> Self {
        // Relative uncertainty does not depend on the values, so each input is given as 1.0. The
        // GUM formula needs the standard uncertainty (k = 1) as a fraction: half of 95 % interval /
        // 2 / 100.
        let tier1: Vec<f64> = all.iter().filter_map(|one| one.tier1).collect();
        let one = |wide: &Self| {
            Some(GumFactor {
                x: 1.0,
                u_std: wide.gum? / 200.0,
                power: 1.0,
            })
        };
        let gum: Vec<GumFactor> = all.iter().filter_map(one).collect();
        let known = Self {
            tier1: product_uncertainty_pct(&tier1),
            gum: gum_product(&gum).u95.map(|u| u * 100.0),
            is_least: false,
        };
        known.bounded_by(all.iter().copied())
    }

    /// Uncertainty of a sum of (value, uncertainty). With `linked`, the terms share a meter or
    /// factor.
    pub(crate) fn of_sum(terms: &[(f64, Self)], linked: bool) -> Self {
        // A term of zero adds no uncertainty, even if its own is unknown.
        let counted = || terms.iter().filter(|(x, _)| *x != 0.0);
        let of = |way: fn(&Self) -> Option<f64>| -> Vec<(f64, f64)> {
            let widths = counted().map(|(x, wide)| (*x, way(wide).unwrap_or_default()));
            widths.collect()
        };
        let gum = of(|one| one.gum);
        let known = Self {
            tier1: sum_uncertainty_pct(&of(|one| one.tier1)),
            gum: if linked {
                correlated_sum_uncertainty_pct(&gum)
            } else {
                sum_uncertainty_pct(&gum)
            },
            is_least: false,
        };
        known.bounded_by(counted().map(|(_, wide)| *wide))
    }

    /// Uncertainty as an indicator reports it: GUM in the unit of the figure.
    pub(crate) fn absolute(self, value: f64) -> Uncertainty {
        Uncertainty {
            tier1_pct: self.tier1,
            gum: self.gum.map(|pct| pct * value.abs() / 100.0),
            is_least: self.is_least,
            reach: IntervalReach::default(),
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
            is_least: figure.uncertainty.is_least,
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
    fn an_unknown_input_leaves_the_known_ones_as_a_lower_bound() {
        let known = RelativeUncertainty::from_percent(Some(3.0));
        let unknown = RelativeUncertainty::default();
        let product = RelativeUncertainty::of_product(&[known, unknown]);
        assert!(is_close(product.tier1, 3.0) && is_close(product.gum, 3.0));
        assert!(product.is_least);
        let sum = RelativeUncertainty::of_sum(&[(1.0, known), (2.0, unknown)], false);
        assert!(is_close(sum.tier1, 1.0) && is_close(sum.gum, 1.0) && sum.is_least);
        // A bound goes on through further steps.
        let more = RelativeUncertainty::of_product(&[product, known]);
        assert!(more.is_least);
        assert!(!RelativeUncertainty::of_product(&[known, known]).is_least);
    }

    #[test]
    fn nothing_known_is_no_bound() {
        let unknown = RelativeUncertainty::default();
        for found in [
            RelativeUncertainty::of_product(&[unknown, unknown]),
            RelativeUncertainty::of_product(&[unknown, RelativeUncertainty::EXACT]),
            RelativeUncertainty::of_sum(&[(1.0, unknown), (2.0, unknown)], true),
        ] {
            assert_eq!(found, unknown);
        }
        // A term of zero is left out.
        let known = RelativeUncertainty::from_percent(Some(1.0));
        let sum = RelativeUncertainty::of_sum(&[(5.0, known), (0.0, unknown)], false);
        assert!(is_close(sum.tier1, 1.0) && !sum.is_least);
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
