//! [`follow_nets`]: a gain may be claimed no better than the net that it is a part of (METHODS C.9,
//! E.9).
//!
//! ```text
//! gross 0.43 t, leakage not stated: no net, so the gross is an upper bound and is not claimed
//! gross 0.43 t, net to be checked:  the gross is to be checked too
//! ```

use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{
    Indicator, IndicatorInput, IndicatorRemark, InputSource, RoundingDirection,
};
use crate::domain::value_bound::ValueBound;
use crate::indicators::figure_context::FigureBuilder;

/// End of the ids of nets: what was gained less its burdens.
const NET: &str = ".net";

/// Gives each gain that is a part of a net the verdict of the net with its reasons. Where a burden
/// of the net is not known, the gain is an upper bound.
pub(crate) fn follow_nets(figures: &mut [Indicator]) {
    let mut lowered: Vec<(usize, ClaimVerdict, Vec<IndicatorRemark>)> = Vec::new();
    for net in figures.iter().filter(|one| one.id.ends_with(NET)) {
        let parts: Vec<usize> = net
            .inputs
            .iter()
            .filter_map(|input| place_of(figures, input))
            .collect();
        let is_gain = |at: &usize| {
            let part = &figures[*at];
            let is_benefit = part.side == RoundingDirection::Benefit && part.value.is_ok();
            is_benefit && !part.id.ends_with(NET)
        };
        for gain in parts.iter().copied().filter(is_gain) {
            let others = parts.iter().filter(|at| **at != gain);
            let unknown = others
                .map(|at| &figures[*at])
                .find(|one| one.value.is_err());
            lowered.push(match unknown {
                // It says itself why it is not claimed.
                Some(_) if figures[gain].claim.is_withheld() => continue,
                Some(burden) => (gain, UPPER_BOUND, vec![unknown_remark(burden)]),
                None if net.value.is_ok() => (gain, net.claim, reasons_of(net)),
                // A net of calendar years: its burdens are known, and the month has no net.
                None => continue,
            });
        }
    }
    for (at, verdict, remarks) in lowered {
        let figure = figures[at].clone().with_verdict(verdict);
        figures[at] = remarks.into_iter().fold(figure, Indicator::with_remark);
    }
}

const UPPER_BOUND: ClaimVerdict = ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound);

fn place_of(figures: &[Indicator], input: &IndicatorInput) -> Option<usize> {
    let InputSource::Indicator { id, asset } = &input.from else {
        return None;
    };
    let mut all = figures.iter();
    all.position(|one| one.id == *id && one.asset == *asset)
}

fn unknown_remark(burden: &Indicator) -> IndicatorRemark {
    IndicatorRemark::new("account-unusual-net").with_arg("figure", &burden.id)
}

/// Why the net is to be checked or must not be claimed; a bound holds for its own equation alone.
fn reasons_of(net: &Indicator) -> Vec<IndicatorRemark> {
    let remarks = net.remarks.iter();
    let remarks = remarks.filter(|said| said.is_doubt() && said.bound() == ValueBound::Neither);
    remarks.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::indicator::{CompletenessShares, IndicatorSpec, Uncertainty, ValueOrigin};
    use crate::indicators::all_indicators;
    use crate::indicators::figure_context::figure_input;

    fn figure(spec: &IndicatorSpec<'_>, value: Option<f64>) -> Indicator {
        Indicator {
            id: spec.id.into(),
            asset: Some("a".into()),
            period: "2026".parse().unwrap(),
            value: value.ok_or_else(|| IndicatorRemark::new("account-no-statement")),
            unit: spec.unit.into(),
            uncertainty: Uncertainty::default(),
            completeness: CompletenessShares::default(),
            origin: ValueOrigin::Estimated,
            side: spec.side,
            method: spec.method,
            equation: spec.equation,
            inputs: Vec::new(),
            factors: Vec::new(),
            claim: ClaimVerdict::Claimable,
            remarks: Vec::new(),
        }
    }

    fn spec(id: &str) -> &'static IndicatorSpec<'static> {
        all_indicators().find(|one| one.id == id).unwrap()
    }

    /// A net of a gain of 2 and this burden.
    fn net_of(ids: [&str; 3], burden: Option<f64>, claim: ClaimVerdict) -> Vec<Indicator> {
        let [gain, cost, net] = ids.map(spec);
        let (gain, cost) = (figure(gain, Some(2.0)), figure(cost, burden));
        let mut net = figure(net, burden.map(|burden| 2.0 - burden));
        net.claim = claim;
        net.inputs = vec![figure_input("BE", &gain), figure_input("PE", &cost)];
        let mut all = vec![gain, cost, net];
        follow_nets(&mut all);
        all
    }

    const NETS: [[&str; 3]; 2] = [
        ["co2.gross", "co2.leakage", "co2.net"],
        ["methane.annual", "waste.project", "waste.net"],
    ];

    #[test]
    fn every_net_is_among_those_that_are_tried() {
        let nets = all_indicators().filter(|one| one.id.ends_with(NET));
        let ids: Vec<&str> = nets.map(|one| one.id).collect();
        assert_eq!(ids.len(), NETS.len(), "{ids:?}");
        assert!(NETS.iter().all(|[.., net]| ids.contains(net)), "{ids:?}");
    }

    #[test]
    fn a_gain_has_the_verdict_of_its_net_and_its_burden_has_none_of_it() {
        for ids in NETS {
            for verdict in ClaimVerdict::ALL {
                let all = net_of(ids, Some(0.5), verdict);
                assert_eq!(all[0].claim, verdict, "{ids:?}");
                assert_eq!(all[1].claim, ClaimVerdict::Claimable, "{ids:?}");
            }
        }
    }

    #[test]
    fn a_gain_without_a_known_burden_is_an_upper_bound_and_says_which_is_missing() {
        for ids in NETS {
            let all = net_of(ids, None, ClaimVerdict::Claimable);
            assert_eq!(all[0].claim, UPPER_BOUND, "{ids:?}");
            assert_eq!(all[0].remarks[0].args[0].1, ids[1]);
        }
    }
}
