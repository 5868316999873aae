//! [`inherit_verdicts`]: a figure is as doubtful as the figures that it is computed from.

use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason, ProvisionalReason};
use crate::domain::indicator::{Indicator, IndicatorRemark, InputSource, RoundingDirection};
use crate::domain::ledger::EntryId;
use crate::domain::value_bound::ValueBound;
use crate::indicators::bound_passing::pass_bounds;
use crate::indicators::contradictory_figures::{BEHIND_RATIO, RATIO_ARG, doubt_contradictions};
use crate::indicators::edge_amounts::{CLOSING_BOUND, pass_edges};
use crate::indicators::figure_context::FigureBuilder;
use crate::indicators::measured_since::pass_measured_since;
use crate::indicators::net_verdicts::follow_nets;
use crate::indicators::ratio_plausibility::judge_ratios;
use crate::indicators::unusual_numbers::doubt_unusual_inputs;
use std::sync::Arc;

/// Longest way between two figures: the net of a site stands on that of a plant, on gross
/// emissions, self-use and generation.
const STEPS_MAX: usize = 8;

/// Doubts that are about the masses of entries, and so about every total of them.
const MASS_DOUBTS: [&str; 3] = [
    "account-unusual-balance",
    "account-same-mass",
    "account-same-mass-units",
];

/// Gives each figure the verdict that its inputs leave it: unusual settings, bounds on the side to
/// which they move it, the worst verdict of the figures that it is computed from, and that of the
/// net which it is a part of.
pub(crate) fn pass_verdicts(figures: &mut [Indicator]) {
    doubt_unusual_inputs(figures);
    judge_ratios(figures);
    doubt_contradictions(figures);
    pass_measured_since(figures);
    pass_bounds(figures);
    judge_bounds(figures);
    pass_edges(figures);
    inherit_verdicts(figures);
    follow_nets(figures);
    inherit_verdicts(figures);
}

/// Gives each figure the worst verdict of the figures that are its inputs, of whatever asset, with
/// the remarks that say why.
fn inherit_verdicts(figures: &mut [Indicator]) {
    for _ in 0..STEPS_MAX {
        let lowered: Vec<(usize, ClaimVerdict, Vec<IndicatorRemark>)> = figures
            .iter()
            .enumerate()
            .filter_map(|(at, one)| {
                let (verdict, remarks) = inherited(one, figures);
                let is_new = verdict > one.claim || !remarks.is_empty();
                is_new.then_some((at, verdict, remarks))
            })
            .collect();
        if lowered.is_empty() {
            return;
        }
        for (at, verdict, remarks) in lowered {
            let figure = figures[at].clone().with_verdict(verdict);
            figures[at] = remarks.into_iter().fold(figure, Indicator::with_remark);
        }
    }
}

/// Gives each figure that is a bound its verdict. An upper bound of a benefit is not claimed, of a
/// burden it is provisional, and neither is final. A burden that may be larger, and a figure whose
/// bounds go both ways, are to be checked. A lower bound of a benefit may be claimed, but it is
/// provisional where readings are missing at the end of its period: what the counter counted across
/// that gap is told by its next reading.
fn judge_bounds(figures: &mut [Indicator]) {
    for figure in figures.iter_mut().filter(|one| one.value.is_ok()) {
        let verdict = match (figure.bound(), figure.side) {
            (ValueBound::Upper, RoundingDirection::Burden) => {
                ClaimVerdict::Provisional(ProvisionalReason::Bound)
            }
            // Nobody claims the days for which something lasts: people fill the tank by them.
            (ValueBound::Upper, RoundingDirection::Neutral) if *figure.unit == *"d" => {
                ClaimVerdict::Provisional(ProvisionalReason::Bound)
            }
            (ValueBound::Upper, _) => ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound),
            (ValueBound::Lower, RoundingDirection::Burden) | (ValueBound::Either, _) => {
                ClaimVerdict::Doubtful
            }
            (ValueBound::Lower, _) if is_open_ended(figure) => {
                ClaimVerdict::Provisional(ProvisionalReason::ReadingsEnd)
            }
            (ValueBound::Lower | ValueBound::Neither, _) => continue,
        };
        figure.claim = ClaimVerdict::combine([figure.claim, verdict]);
    }
}

/// Whether what is missing of a figure was counted, or made, at the end of its period.
fn is_open_ended(one: &Indicator) -> bool {
    let is_closing = |said: &IndicatorRemark| said.key == CLOSING_BOUND;
    one.measured_until().is_some() || one.remarks.iter().any(is_closing)
}

/// Hands the doubts about entries of the ledger on to the totals of the programme that have the
/// same entries.
pub(crate) fn doubt_same_entries(figures: &mut [Indicator]) {
    let is_of_masses = |said: &IndicatorRemark| MASS_DOUBTS.contains(&&*said.key);
    let doubted: Vec<(Arc<str>, Vec<EntryId>, Vec<IndicatorRemark>)> = figures
        .iter()
        .filter(|one| one.claim == ClaimVerdict::Doubtful)
        .flat_map(|one| {
            // An amount is a doubt about its own entry, a ratio one about what was recorded
            // together, and a factor or a bound none about what was written down.
            let remarks = one.remarks.iter().filter(|said| is_of_masses(said));
            let remarks: Vec<IndicatorRemark> = remarks.cloned().collect();
            let is_told = !remarks.is_empty();
            let inputs = one.inputs.iter().filter(move |_| is_told);
            inputs.filter_map(move |input| match &input.from {
                InputSource::Ledger { indicator, entries } => {
                    Some((Arc::clone(indicator), entries.clone(), remarks.clone()))
                }
                _ => None,
            })
        })
        .collect();
    for figure in figures.iter_mut() {
        for (indicator, entries, remarks) in &doubted {
            let has_one = figure.inputs.iter().any(|input| match &input.from {
                InputSource::Ledger {
                    indicator: of,
                    entries: own,
                } => of == indicator && own.iter().any(|id| entries.contains(id)),
                _ => false,
            });
            if has_one && *figure.id == format!("ledger.{indicator}") {
                let marked = figure.clone().with_verdict(ClaimVerdict::Doubtful);
                *figure = remarks.iter().cloned().fold(marked, Indicator::with_remark);
            }
        }
    }
}

/// The worst verdict of the inputs of a figure, and their remarks on it that it does not have yet.
fn inherited(one: &Indicator, all: &[Indicator]) -> (ClaimVerdict, Vec<IndicatorRemark>) {
    let inputs: Vec<&Indicator> = one
        .inputs
        .iter()
        .filter_map(|input| match &input.from {
            InputSource::Indicator { id, asset } if *id != one.id || *asset != one.asset => all
                .iter()
                .find(|known| known.id == *id && known.asset == *asset),
            InputSource::Part(part) => Some(part),
            _ => None,
        })
        .collect();
    let remarks = inputs.iter().flat_map(|input| &input.remarks);
    // A bound passes on by its own rule, which knows the side, and so does an amount at an edge.
    let remarks = remarks.filter(|said| said.is_doubt() && said.bound() == ValueBound::Neither);
    let remarks = remarks.filter(|said| !said.is_edge_amount());
    // A ratio that cannot be true is no reason to check itself.
    let is_of_itself = |said: &IndicatorRemark| {
        said.key == BEHIND_RATIO && said.args.contains(&(RATIO_ARG, one.id.to_string()))
    };
    let remarks = remarks.filter(|said| !is_of_itself(said));
    let remarks = remarks.filter(|said| !one.remarks.contains(said));
    let verdict = ClaimVerdict::combine(inputs.iter().map(|input| input.claim));
    (verdict, remarks.cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::indicator::{CompletenessShares, IndicatorInput, Uncertainty, ValueOrigin};
    use proptest::prelude::*;

    /// Figure `x<number>` with a verdict, computed from the figures with these numbers.
    fn figure(number: usize, claim: ClaimVerdict, from: &[usize]) -> Indicator {
        // Figures of two assets: what one inherits from the other must count too.
        let asset = |number: usize| Some(Arc::from(["a", "b"][number % 2]));
        let input = |of: &usize| IndicatorInput {
            symbol: "x",
            value: Some(1.0),
            unit: "".into(),
            from: InputSource::Indicator {
                id: format!("x{of}").into(),
                asset: asset(*of),
            },
            rule: "",
            parts: Vec::new(),
        };
        let mut remarks = Vec::new();
        if claim == ClaimVerdict::Doubtful {
            remarks.push(IndicatorRemark::new("account-same-series"));
        }
        Indicator {
            id: format!("x{number}").into(),
            asset: asset(number),
            period: "2026".parse().unwrap(),
            value: Ok(1.0),
            unit: "".into(),
            uncertainty: Uncertainty::default(),
            completeness: CompletenessShares::default(),
            origin: ValueOrigin::Measured,
            side: RoundingDirection::Neutral,
            method: "",
            equation: "",
            inputs: from.iter().map(input).collect(),
            factors: Vec::new(),
            claim,
            remarks,
        }
    }

    proptest! {
        #[test]
        fn no_figure_has_a_better_verdict_than_one_that_it_is_computed_from(
            nodes in prop::collection::vec(
                (0..ClaimVerdict::ALL.len(), prop::collection::vec(0_usize..7, 0..3)),
                1..7,
            ),
        ) {
            let mut all: Vec<Indicator> = nodes
                .iter()
                .enumerate()
                .map(|(at, (claim, from))| {
                    // Inputs stand before what is computed from them, in any order of the list.
                    let from: Vec<usize> = from.iter().copied().filter(|of| *of < at).collect();
                    figure(at, ClaimVerdict::ALL[*claim], &from)
                })
                .collect();
            all.reverse();
            inherit_verdicts(&mut all);
            for one in &all {
                for input in &one.inputs {
                    let InputSource::Indicator { id, .. } = &input.from else { continue };
                    let source = all.iter().find(|known| known.id == *id).unwrap();
                    prop_assert!(one.claim >= source.claim);
                    let told = source.remarks.iter().all(|said| one.remarks.contains(said));
                    prop_assert!(told, "the reason is not told");
                }
            }
        }
    }

    #[test]
    fn a_total_of_the_ledger_is_doubted_for_its_entries_alone_and_with_that_reason() {
        let entries = |one: Indicator| {
            let from = InputSource::Ledger {
                indicator: "bsf-maggot".into(),
                entries: vec![7],
            };
            let input = IndicatorInput {
                symbol: "B",
                value: Some(1.0),
                unit: "kg".into(),
                from,
                rule: "",
                parts: Vec::new(),
            };
            let inputs = vec![input];
            Indicator { inputs, ..one }
        };
        for (key, is_of_entries) in [
            (Some("account-unusual-balance"), true),
            (Some("account-same-mass"), true),
            (Some("account-unusual-factor"), false),
            (Some("account-unusual-ratio"), false),
            (Some("account-passed-either-bound"), false),
            (None, false),
        ] {
            let mut larvae = entries(figure(0, ClaimVerdict::Doubtful, &[]));
            larvae.remarks = key.map(IndicatorRemark::new).into_iter().collect();
            let mut total = entries(figure(1, ClaimVerdict::Claimable, &[]));
            total.id = "ledger.bsf-maggot".into();
            let mut all = vec![larvae.clone(), total];
            doubt_same_entries(&mut all);
            let wanted = if is_of_entries {
                (ClaimVerdict::Doubtful, larvae.remarks)
            } else {
                (ClaimVerdict::Claimable, Vec::new())
            };
            assert_eq!((all[1].claim, all[1].remarks.clone()), wanted, "{key:?}");
        }
    }

    #[test]
    fn an_upper_bound_is_never_final() {
        let mut all = vec![
            figure(0, ClaimVerdict::Claimable, &[]),
            figure(1, ClaimVerdict::Claimable, &[]),
        ];
        all[1].side = RoundingDirection::Burden;
        for one in &mut all {
            one.remarks
                .push(IndicatorRemark::new("account-bsf-upper-bound"));
        }
        judge_bounds(&mut all);
        let wanted = [
            ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound),
            ClaimVerdict::Provisional(ProvisionalReason::Bound),
        ];
        assert_eq!([all[0].claim, all[1].claim], wanted);
    }
}
