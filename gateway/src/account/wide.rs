//! How wide figures are (G.1, G.2): halves of 95 % intervals in %; unknown stays unknown.

use crate::analyse::uncertainty::{Factor, gum_product, u_add, u_add_correlated, u_multiply};
use crate::model::indicator::{Indicator, Uncertainty};

/// Half of the 95 % interval, % of the value, by both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Wide {
    /// IPCC Tier 1: everything independent.
    pub(super) tier1: Option<f64>,
    /// GUM, with what shares a cause added up linearly.
    pub(super) gum: Option<f64>,
}

impl Wide {
    /// Without any doubt: a convention.
    pub(super) const EXACT: Self = Self {
        tier1: Some(0.0),
        gum: Some(0.0),
    };

    /// As wide as that, or unknown.
    pub(super) fn pct(pct: Option<f64>) -> Self {
        Self {
            tier1: pct,
            gum: pct,
        }
    }

    /// Of a product or quotient of independent inputs. Relative widths do not depend on the values,
    /// so ones stand for them.
    pub(super) fn product(all: &[Self]) -> Self {
        let tier1: Option<Vec<f64>> = all.iter().map(|one| one.tier1).collect();
        let one = |wide: &Self| {
            Some(Factor {
                x: 1.0,
                u_std: wide.gum? / 200.0,
                power: 1.0,
            })
        };
        let gum: Option<Vec<Factor>> = all.iter().map(one).collect();
        Self {
            tier1: tier1.and_then(|all| u_multiply(&all)),
            gum: gum.and_then(|all| gum_product(&all).u95).map(|u| u * 100.0),
        }
    }

    /// Of a sum of values; with `linked`, their doubts share a cause (one meter, one factor).
    pub(super) fn sum(terms: &[(f64, Self)], linked: bool) -> Self {
        let of = |way: fn(&Self) -> Option<f64>| -> Option<Vec<(f64, f64)>> {
            // What is nothing adds no doubt, known or not.
            let known = terms.iter().filter(|(x, _)| *x != 0.0);
            known.map(|(x, wide)| Some((*x, way(wide)?))).collect()
        };
        let gum = of(|one| one.gum);
        Self {
            tier1: of(|one| one.tier1).and_then(|terms| u_add(&terms)),
            gum: gum.and_then(|terms| {
                if linked {
                    u_add_correlated(&terms)
                } else {
                    u_add(&terms)
                }
            }),
        }
    }

    /// In the measure of a figure.
    pub(super) fn of(self, value: f64) -> Uncertainty {
        Uncertainty {
            tier1_pct: self.tier1,
            gum: self.gum.map(|pct| pct * value.abs() / 100.0),
        }
    }

    /// Of a figure that was made.
    pub(super) fn from(figure: &Indicator) -> Self {
        let value = figure.value.as_ref().ok().copied().unwrap_or_default();
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

    fn close(found: Option<f64>, wanted: f64) -> bool {
        found.is_some_and(|found| (found - wanted).abs() < 1e-9)
    }

    #[test]
    fn an_unknown_input_makes_an_unknown_figure() {
        let known = Wide::pct(Some(1.0));
        assert_eq!(Wide::product(&[known, Wide::default()]), Wide::default());
        let sum = Wide::sum(&[(1.0, known), (2.0, Wide::default())], false);
        assert_eq!(sum, Wide::default());
    }

    #[test]
    fn a_product_is_as_wide_by_both_ways() {
        let found = Wide::product(&[Wide::pct(Some(3.0)), Wide::pct(Some(4.0))]);
        assert!(close(found.tier1, 5.0) && close(found.gum, 5.0));
    }

    #[test]
    fn what_shares_a_factor_is_wider_by_gum_than_by_tier_1() {
        let ten = Wide::pct(Some(10.0));
        let found = Wide::sum(&[(1.0, ten), (1.0, ten)], true);
        assert!(close(found.tier1, 10.0 / 2.0_f64.sqrt()));
        assert!(close(found.gum, 10.0));
    }
}
