//! Which type, word order and scale registers have, judged by what they would mean. Pure.
//!
//! Every hypothesis gets a weight: how common it is, times how likely just these registers are
//! under it. A register that counts in steps of 0.1 V says less with each value than one that
//! counts in steps of 0.001 V, and a single-precision number says least of all, so that "some value
//! in the range" is not enough: a hypothesis pays for each bit that it leaves to chance.
//!
//! Two hypotheses *fit* when the lighter has more than 1/20 of the weight of the heavier and they
//! would mean different numbers, now or later. Where two fit, nothing is decided. A signed and an
//! unsigned type of one order and scale mean the same as long as nothing was negative: they are
//! one answer, and the signed one is named as its twin. All other readings of the same registers
//! stay different answers, also when they happen to agree now (0, or two equal words).

mod expect;
mod weigh;

use crate::config::{Encoding, WordOrder};
use crate::limits::INFER_READS_MAX;
use crate::model::Number;
use crate::read::decode::{Interpretation, interpretations};
pub use weigh::Doubt;

/// Weight of the lighter hypothesis, relative to the heavier, above which both fit.
const FITS: f64 = 1.0 / 20.0;
/// What all other answers together may weigh, relative to the first, for it to be certain.
const OTHERS_MAX: f64 = 1.0 / 19.0;

/// What is known before the registers are looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// What is measured (`voltage`, ...); empty when not known.
    pub quantity: &'a str,
    /// Unit symbol in which the value is wanted; empty when not known.
    pub unit: &'a str,
    /// It only grows.
    pub counter: bool,
    /// Least value, in `unit`.
    pub min: Option<f64>,
    /// Greatest value, in `unit`.
    pub max: Option<f64>,
    /// What the device's own display shows, with the digits that it shows.
    pub display: Option<Number>,
}

/// One way to read the registers.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// Type.
    pub encoding: Encoding,
    /// Word order.
    pub words: WordOrder,
    /// The scale is ten to this power.
    pub power: i8,
    /// What each read would mean, in order.
    pub values: Vec<Number>,
    /// Its share of the weight of all hypotheses, 0..=1.
    pub share: f64,
    /// What speaks against it, or for it.
    pub doubts: Vec<Doubt>,
    /// The signed type that means the same as long as nothing was negative.
    pub twin: Option<Encoding>,
}

/// All hypotheses, the likeliest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// The likeliest first; empty when registers of this number make no number.
    pub hypotheses: Vec<Hypothesis>,
    /// The first is certain; otherwise "cannot tell".
    pub certain: bool,
    /// Type and order of the first are certain, whatever the scale.
    pub layout_certain: bool,
}

/// Ranks what the registers of one point may mean, over one or several reads of it.
///
/// Reads of another length than the first are left out, as are those beyond `INFER_READS_MAX`.
pub fn rank(reads: &[&[u16]], hints: &Hints<'_>) -> Ranking {
    let Some(first) = reads.first() else {
        return Ranking::default();
    };
    let same = reads.iter().filter(|read| read.len() == first.len());
    let read_as: Vec<Vec<Interpretation>> = same
        .take(INFER_READS_MAX)
        .map(|read| interpretations(read))
        .collect();
    let scene = weigh::Scene::new(hints);
    let mut weighed: Vec<(Hypothesis, f64)> = candidates(&read_as)
        .map(|candidate| scene.weigh(candidate))
        .collect();
    fold_twins(&mut weighed);
    weighed.sort_by(|a, b| b.1.total_cmp(&a.1));
    settle(weighed)
}

/// Every type and order that all reads allow, in every scale.
fn candidates(reads: &[Vec<Interpretation>]) -> impl Iterator<Item = Hypothesis> + '_ {
    let first = reads.first().map(Vec::as_slice).unwrap_or_default();
    first.iter().flat_map(move |one| {
        let same =
            |other: &&Interpretation| (other.encoding, other.words) == (one.encoding, one.words);
        let of_read = |read: &Vec<Interpretation>| read.iter().find(same).map(|found| found.value);
        let raw: Option<Vec<Number>> = reads.iter().map(of_read).collect();
        raw.into_iter().flat_map(move |raw| {
            let powers = weigh::powers(one.encoding).iter();
            powers.map(move |(power, _)| Hypothesis {
                encoding: one.encoding,
                words: one.words,
                power: *power,
                values: raw.iter().map(|value| scaled(*value, *power)).collect(),
                share: 0.0,
                doubts: Vec::new(),
                twin: None,
            })
        })
    })
}

fn scaled(value: Number, power: i8) -> Number {
    match value {
        Number::Decimal { mantissa, exponent } => Number::Decimal {
            mantissa,
            exponent: exponent.saturating_add(power),
        },
        Number::Float(value) => Number::Float(value * 10f64.powi(power.into())),
    }
}

/// A signed type that means the same as its unsigned one is the same answer.
fn fold_twins(weighed: &mut Vec<(Hypothesis, f64)>) {
    let all = std::mem::take(weighed);
    for (hypothesis, weight) in all {
        let twin = weighed.iter_mut().find(|(other, _)| {
            unsigned(hypothesis.encoding) == Some(other.encoding)
                && (other.words, other.power) == (hypothesis.words, hypothesis.power)
                && other.values == hypothesis.values
        });
        match twin {
            Some((other, sum)) => {
                other.twin = Some(hypothesis.encoding);
                *sum = ln_add(*sum, weight);
            }
            None => weighed.push((hypothesis, weight)),
        }
    }
}

fn unsigned(encoding: Encoding) -> Option<Encoding> {
    match encoding {
        Encoding::I16 => Some(Encoding::U16),
        Encoding::I32 => Some(Encoding::U32),
        Encoding::I64 => Some(Encoding::U64),
        _ => None,
    }
}

/// ln(e^a + e^b).
fn ln_add(a: f64, b: f64) -> f64 {
    let most = a.max(b);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + ((a - most).exp() + (b - most).exp()).ln()
}

/// Weights to shares, and whether they decide.
fn settle(weighed: Vec<(Hypothesis, f64)>) -> Ranking {
    let heaviest = weighed.first().map_or(0.0, |(_, weight)| *weight);
    if !heaviest.is_finite() {
        let hypotheses = weighed.into_iter().map(|(hypothesis, _)| hypothesis);
        return Ranking {
            hypotheses: hypotheses.collect(),
            ..Ranking::default()
        };
    }
    let relative = |weight: f64| (weight - heaviest).exp();
    let sum: f64 = weighed.iter().map(|(_, weight)| relative(*weight)).sum();
    let mut hypotheses: Vec<Hypothesis> = Vec::with_capacity(weighed.len());
    for (mut hypothesis, weight) in weighed {
        hypothesis.share = relative(weight) / sum;
        hypotheses.push(hypothesis);
    }
    let Some(first) = hypotheses.first() else {
        return Ranking::default();
    };
    let likely = first.doubts.iter().all(|doubt| !doubt.excludes());
    let layout = (first.encoding, first.words);
    let certain = likely && alone(first.share, hypotheses.iter().skip(1).map(|h| h.share));
    let same = hypotheses
        .iter()
        .filter(|h| (h.encoding, h.words) == layout);
    let others = hypotheses
        .iter()
        .filter(|h| (h.encoding, h.words) != layout);
    let layout_certain = likely && alone(same.map(|h| h.share).sum(), others.map(|h| h.share));
    Ranking {
        hypotheses,
        certain,
        layout_certain,
    }
}

/// No other fits, and all others together are too light to matter.
fn alone(share: f64, others: impl Iterator<Item = f64>) -> bool {
    let (sum, most) = others.fold((0.0, 0.0f64), |(sum, most), one| (sum + one, most.max(one)));
    most <= share * FITS && sum <= share * OTHERS_MAX
}

#[cfg(test)]
mod tests;
