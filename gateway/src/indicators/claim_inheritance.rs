//! [`inherit_verdicts`]: a figure is as doubtful as the figures that it is computed from.

use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{Indicator, IndicatorRemark, InputSource};
use crate::indicators::figure_context::FigureBuilder;

/// Longest way between two figures: gross emissions stand on self-use, which stands on generation.
const STEPS_MAX: usize = 6;

/// Gives each figure the worst verdict of the figures of its asset that are its inputs, with their
/// remarks on plausibility.
pub(crate) fn inherit_verdicts(figures: &mut [Indicator]) {
    for _ in 0..STEPS_MAX {
        let worse: Vec<(usize, ClaimVerdict, Vec<IndicatorRemark>)> = figures
            .iter()
            .enumerate()
            .filter_map(|(at, one)| Some((at, worst_input(one, figures)?)))
            .filter(|(at, input)| input.claim > figures[*at].claim)
            .map(|(at, input)| (at, input.claim, plausibility_remarks(input)))
            .collect();
        if worse.is_empty() {
            return;
        }
        for (at, verdict, remarks) in worse {
            figures[at].claim = verdict;
            for remark in remarks {
                figures[at] = figures[at].clone().with_remark(remark);
            }
        }
    }
}

fn worst_input<'a>(one: &Indicator, all: &'a [Indicator]) -> Option<&'a Indicator> {
    let inputs = one.inputs.iter().filter_map(|input| match &input.from {
        InputSource::Indicator { id, asset } if *asset == one.asset && *id != one.id => all
            .iter()
            .find(|known| known.id == *id && known.asset == *asset),
        _ => None,
    });
    inputs.max_by_key(|input| input.claim)
}

fn plausibility_remarks(one: &Indicator) -> Vec<IndicatorRemark> {
    let is_told = |remark: &&IndicatorRemark| remark.key.starts_with("account-implausible-");
    one.remarks.iter().filter(is_told).cloned().collect()
}
