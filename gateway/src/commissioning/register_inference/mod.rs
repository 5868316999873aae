//! Inference of type, word order and scale of registers from the values that they would give. Pure.
//!
//! Every hypothesis gets a weight: its prior probability times the likelihood of exactly these
//! registers under it. A register with steps of 0.1 V says less with each value than one with steps
//! of 0.001 V, and a single-precision number says least, so "some value within the range" is not
//! enough: a hypothesis pays for each bit that it leaves to chance.
//!
//! Two hypotheses *fit* when the lighter has more than 1/20 of the weight of the heavier and they
//! would give different numbers, now or later. Where two fit, nothing is decided. A signed and an
//! unsigned type of the same order and scale give the same numbers as long as none was negative:
//! they are one answer, and the signed one is named as its twin. All other interpretations of the
//! same registers stay different answers, also when they agree at the moment (0, or two equal
//! words).

mod hypothesis_weight;
mod register_hypothesis;
mod value_priors;

pub use register_hypothesis::{InferenceHints, InferenceReason, RegisterHypothesis};

use crate::buses::modbus::decode::{RegisterInterpretation, interpret_registers};
use crate::config::RegisterEncoding;
use crate::domain::ExactNumber;
use crate::limits::INFER_READS_MAX;

/// Weight of the lighter hypothesis, relative to the heavier, above which both fit.
const FIT_RATIO_MIN: f64 = 1.0 / 20.0;
/// Largest weight of all other answers together, relative to the first, for a certain answer.
const OTHERS_RATIO_MAX: f64 = 1.0 / 19.0;

/// Hypotheses by weight, the heaviest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HypothesisRanking {
    /// Hypotheses, the heaviest first; empty when this number of registers holds no number.
    pub hypotheses: Vec<RegisterHypothesis>,
    /// The first hypothesis is certain; otherwise the answer is "cannot tell".
    pub certain: bool,
    /// Type and word order of the first are certain, whatever the scale.
    pub layout_certain: bool,
}

/// Ranks the possible meanings of one point's registers, over one or several reads of it.
///
/// Reads of another length than the first are ignored, as are those beyond `INFER_READS_MAX`.
pub fn rank_hypotheses(reads: &[&[u16]], hints: &InferenceHints<'_>) -> HypothesisRanking {
    let Some(first) = reads.first() else {
        return HypothesisRanking::default();
    };
    // A read of another length is another point.
    let same = reads.iter().filter(|read| read.len() == first.len());
    let read_as: Vec<Vec<RegisterInterpretation>> = same
        .take(INFER_READS_MAX)
        .map(|read| interpret_registers(read))
        .collect();
    let scene = hypothesis_weight::WeighingContext::new(hints);
    // Several reads help: a wrong word order jumps between reads, a measured value moves in small
    // steps.
    let mut weighed: Vec<(RegisterHypothesis, f64)> = candidate_hypotheses(&read_as)
        .map(|candidate| scene.weigh_hypothesis(candidate))
        .collect();
    merge_signed_twins(&mut weighed);
    weighed.sort_by(|a, b| b.1.total_cmp(&a.1));
    to_ranking(weighed)
}

/// Returns every type and word order that gives a number in all reads, with every scale.
fn candidate_hypotheses(
    reads: &[Vec<RegisterInterpretation>],
) -> impl Iterator<Item = RegisterHypothesis> + '_ {
    let first = reads.first().map(Vec::as_slice).unwrap_or_default();
    first.iter().flat_map(move |one| {
        let same = |other: &&RegisterInterpretation| {
            (other.encoding, other.words) == (one.encoding, one.words)
        };
        let of_read =
            |read: &Vec<RegisterInterpretation>| read.iter().find(same).map(|found| found.value);
        let raw: Option<Vec<ExactNumber>> = reads.iter().map(of_read).collect();
        raw.into_iter().flat_map(move |raw| {
            // Floating-point registers hold the value itself; scales are tried for integers only.
            let powers = hypothesis_weight::scale_powers(one.encoding).iter();
            powers.map(move |(power, _)| RegisterHypothesis {
                encoding: one.encoding,
                words: one.words,
                power: *power,
                values: raw
                    .iter()
                    .map(|value| scale_number(*value, *power))
                    .collect(),
                share: 0.0,
                reasons: Vec::new(),
                twin: None,
            })
        })
    })
}

fn scale_number(value: ExactNumber, power: i8) -> ExactNumber {
    match value {
        ExactNumber::Decimal { mantissa, exponent } => ExactNumber::Decimal {
            mantissa,
            exponent: exponent.saturating_add(power),
        },
        ExactNumber::Float(value) => ExactNumber::Float(value * 10f64.powi(power.into())),
    }
}

/// Merges a signed hypothesis into its unsigned one when both give the same values.
fn merge_signed_twins(weighed: &mut Vec<(RegisterHypothesis, f64)>) {
    let all = std::mem::take(weighed);
    for (hypothesis, weight) in all {
        let twin = weighed.iter_mut().find(|(other, _)| {
            // Only the signed type of the same size can give the same values.
            unsigned_counterpart(hypothesis.encoding) == Some(other.encoding)
                && (other.words, other.power) == (hypothesis.words, hypothesis.power)
                && other.values == hypothesis.values
        });
        match twin {
            Some((other, sum)) => {
                other.twin = Some(hypothesis.encoding);
                *sum = ln_sum_exp(*sum, weight);
            }
            None => weighed.push((hypothesis, weight)),
        }
    }
}

fn unsigned_counterpart(encoding: RegisterEncoding) -> Option<RegisterEncoding> {
    match encoding {
        RegisterEncoding::I16 => Some(RegisterEncoding::U16),
        RegisterEncoding::I32 => Some(RegisterEncoding::U32),
        RegisterEncoding::I64 => Some(RegisterEncoding::U64),
        _ => None,
    }
}

/// Returns ln(e^a + e^b), without overflow.
fn ln_sum_exp(a: f64, b: f64) -> f64 {
    let most = a.max(b);
    // Both weights are zero: the difference would be NaN.
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + ((a - most).exp() + (b - most).exp()).ln()
}

/// Converts weights to shares and decides whether the first is certain.
fn to_ranking(weighed: Vec<(RegisterHypothesis, f64)>) -> HypothesisRanking {
    let heaviest = weighed.first().map_or(0.0, |(_, weight)| *weight);
    // No hypothesis is possible at all: shares would be NaN.
    if !heaviest.is_finite() {
        let hypotheses = weighed.into_iter().map(|(hypothesis, _)| hypothesis);
        return HypothesisRanking {
            hypotheses: hypotheses.collect(),
            ..HypothesisRanking::default()
        };
    }
    let relative = |weight: f64| (weight - heaviest).exp();
    let sum: f64 = weighed.iter().map(|(_, weight)| relative(*weight)).sum();
    let mut hypotheses: Vec<RegisterHypothesis> = Vec::with_capacity(weighed.len());
    for (mut hypothesis, weight) in weighed {
        hypothesis.share = relative(weight) / sum;
        hypotheses.push(hypothesis);
    }
    let Some(first) = hypotheses.first() else {
        return HypothesisRanking::default();
    };
    // A hypothesis with an impossible value is never an answer, even if all others are worse.
    let likely = first
        .reasons
        .iter()
        .all(|doubt| !doubt.excludes_hypothesis());
    let layout = (first.encoding, first.words);
    let certain = likely && is_decisive(first.share, hypotheses.iter().skip(1).map(|h| h.share));
    let same = hypotheses
        .iter()
        .filter(|h| (h.encoding, h.words) == layout);
    let others = hypotheses
        .iter()
        .filter(|h| (h.encoding, h.words) != layout);
    let layout_certain =
        likely && is_decisive(same.map(|h| h.share).sum(), others.map(|h| h.share));
    HypothesisRanking {
        hypotheses,
        certain,
        layout_certain,
    }
}

/// True when no other hypothesis fits and all others together are light.
fn is_decisive(share: f64, others: impl Iterator<Item = f64>) -> bool {
    // One competitor above the limit is enough to leave the question open, as are many small ones
    // together.
    let (sum, most) = others.fold((0.0, 0.0f64), |(sum, most), one| (sum + one, most.max(one)));
    most <= share * FIT_RATIO_MIN && sum <= share * OTHERS_RATIO_MAX
}

#[cfg(test)]
mod tests;
