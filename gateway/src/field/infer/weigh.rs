//! The weight of one hypothesis: how common it is, and how likely its registers are under it.

use super::expect::{Expected, expected};
use super::{Hints, Hypothesis};
use crate::config::{Encoding, WordOrder};
use crate::model::Number;

/// What speaks for or against a hypothesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Usual for this quantity (its name in `drivers::units`).
    Usual(&'static str),
    /// Possible, but unusual for its quantity.
    Unusual,
    /// No such quantity has this value, or it is outside the expected range.
    Impossible,
    /// A counter would have fallen.
    Falls,
    /// From read to read it jumps more than a measured value does.
    Jumps,
    /// It follows the reads in small steps, or stands still.
    Steady,
    /// What the display shows.
    Display,
    /// Not what the display shows.
    NotDisplay,
    /// A float with few digits, as people and programs write them.
    FewDigits,
}

/// Exact repeats from one read to the next, whatever is measured.
const REPEATS: f64 = 0.3;
/// Changes that are no small steps.
const LEAPS: f64 = 0.01;
/// A counter that falls, against one that does not.
const FALLS: f64 = 1e-6;
/// A value that the display does not show, against one that it does.
const OFF_DISPLAY: f64 = 1e-7;
/// Floats that were written with few digits.
const FEW_DIGITS: f64 = 0.3;
/// The weight at which a hypothesis no longer counts.
const NOTHING: f64 = 1e-40;

/// Powers of ten of the scale, each with how common it is.
pub(super) fn powers(encoding: Encoding) -> &'static [(i8, f64)] {
    match encoding {
        Encoding::F32 | Encoding::F64 => &[(0, 1.0)],
        _ => &[(0, 0.3), (-1, 0.35), (-2, 0.22), (-3, 0.12), (1, 0.01)],
    }
}

fn commonness(hypothesis: &Hypothesis) -> f64 {
    let encoding = match hypothesis.encoding {
        Encoding::U16 => 0.55,
        Encoding::I16 => 0.43,
        Encoding::U32 | Encoding::I32 => 0.3,
        Encoding::F32 => 0.38,
        Encoding::U64 | Encoding::I64 => 0.33,
        Encoding::F64 => 0.34,
        _ => 0.02,
    };
    let single = hypothesis.encoding.registers() == 1;
    let order = match hypothesis.words {
        WordOrder::Abcd if single => 0.97,
        WordOrder::Badc if single => 0.03,
        WordOrder::Abcd => 0.45,
        WordOrder::Cdab => 0.37,
        WordOrder::Badc => 0.08,
        WordOrder::Dcba => 0.1,
    };
    let powers = powers(hypothesis.encoding).iter();
    let power = powers.filter(|(power, _)| *power == hypothesis.power);
    encoding * order * power.map(|(_, share)| share).sum::<f64>()
}

/// What is expected, made ready once for all hypotheses.
pub(super) struct Scene<'a> {
    hints: &'a Hints<'a>,
    expected: Vec<Expected>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(hints: &'a Hints<'a>) -> Self {
        let expected = expected(hints.quantity, hints.unit);
        Self { hints, expected }
    }

    /// The hypothesis with its reasons, and the logarithm of its weight.
    pub(super) fn weigh(&self, mut hypothesis: Hypothesis) -> (Hypothesis, f64) {
        let values: Vec<f64> = hypothesis
            .values
            .iter()
            .map(|value| value.to_f64())
            .collect();
        let step = Step::of(&hypothesis);
        let mut weight = commonness(&hypothesis).ln();
        let Some((first, last)) = values.first().zip(values.last()) else {
            return (hypothesis, f64::NEG_INFINITY);
        };
        weight += self
            .first(*first, step.at(*first), &mut hypothesis.doubts)
            .ln();
        if step.has_few_digits(*first) {
            hypothesis.doubts.push(Doubt::FewDigits);
        }
        for pair in values.windows(2) {
            weight += self.next(pair[0], pair[1], step).ln();
        }
        if values.len() > 1 {
            hypothesis.doubts.push(self.course(&values, step));
        }
        weight += self
            .display(*last, step.at(*last), &mut hypothesis.doubts)
            .ln();
        let outside = values.iter().any(|value| !self.allows(*value));
        if outside {
            weight += NOTHING.ln();
            hypothesis
                .doubts
                .retain(|doubt| !matches!(doubt, Doubt::Usual(_) | Doubt::Unusual));
            hypothesis.doubts.insert(0, Doubt::Impossible);
        }
        hypothesis.doubts.dedup();
        (hypothesis, weight)
    }

    /// Within the range that was handed in.
    fn allows(&self, value: f64) -> bool {
        self.hints.min.is_none_or(|min| value >= min)
            && self.hints.max.is_none_or(|max| value <= max)
    }

    /// How likely a first value is.
    fn first(&self, value: f64, step: f64, doubts: &mut Vec<Doubt>) -> f64 {
        let zero: f64 = self.expected.iter().map(Expected::zero).sum();
        let dense = self.expected.iter().map(|one| one.density(value) * step);
        let likely = dense.sum::<f64>().min(1.0) + if value == 0.0 { zero } else { 0.0 };
        let densest = |a: &&Expected, b: &&Expected| a.density(value).total_cmp(&b.density(value));
        let usual = self
            .expected
            .iter()
            .filter(|one| one.is_usual(value))
            .max_by(densest);
        doubts.push(match usual {
            _ if likely < NOTHING => Doubt::Impossible,
            Some(one) => Doubt::Usual(one.quantity.name()),
            None => Doubt::Unusual,
        });
        likely.max(NOTHING)
    }

    /// How likely the next value is after this one.
    fn next(&self, before: f64, after: f64, step: Step) -> f64 {
        let change = after - before;
        if change == 0.0 {
            return REPEATS;
        }
        let step = step.at(after);
        let width = 0.01 * before.abs() + 2.0 * step;
        let small = if self.hints.counter {
            let width = 0.1 * width;
            if change < 0.0 {
                0.0
            } else {
                (-change / width).exp() / width
            }
        } else {
            (-change.abs() / width).exp() / (2.0 * width)
        };
        let dense: f64 = self.expected.iter().map(|one| one.density(after)).sum();
        let falls = self.hints.counter && change < 0.0;
        let leap = LEAPS * dense * if falls { FALLS } else { 1.0 };
        ((1.0 - REPEATS) * (small + leap) * step).clamp(NOTHING, 1.0)
    }

    /// The reason that the course of the values gives.
    fn course(&self, values: &[f64], step: Step) -> Doubt {
        let changes = || values.windows(2).map(|pair| (pair[0], pair[1] - pair[0]));
        if self.hints.counter && changes().any(|(_, change)| change < 0.0) {
            return Doubt::Falls;
        }
        let far =
            |(from, change): (f64, f64)| change.abs() > 0.1 * from.abs() + 10.0 * step.at(from);
        if changes().any(far) {
            Doubt::Jumps
        } else {
            Doubt::Steady
        }
    }

    /// How likely a value is while the display shows what it shows: its last digit rounds, and the
    /// value has moved a little since.
    fn display(&self, value: f64, step: f64, doubts: &mut Vec<Doubt>) -> f64 {
        let Some(shown) = self.hints.display else {
            return 1.0;
        };
        let digit = match shown {
            Number::Decimal { exponent, .. } => 10f64.powi(exponent.into()),
            Number::Float(value) => value.abs() * 1e-3,
        };
        let shown = shown.to_f64();
        let off = (value - shown).abs();
        let width = digit + step + 0.005 * shown.abs();
        let fits = off <= 3.0 * width;
        doubts.push(if fits {
            Doubt::Display
        } else {
            Doubt::NotDisplay
        });
        (-off / width).exp().max(OFF_DISPLAY)
    }
}

/// How far apart neighbouring values of a type are.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// An integer's scale.
    Fixed(f64),
    /// Relative to the value, with the digits below which a text is short.
    Float(f64),
}

impl Step {
    fn of(hypothesis: &Hypothesis) -> Self {
        match hypothesis.encoding {
            Encoding::F32 => Self::Float(f64::from(f32::EPSILON)),
            Encoding::F64 => Self::Float(f64::EPSILON),
            _ => Self::Fixed(10f64.powi(hypothesis.power.into())),
        }
    }

    fn at(self, value: f64) -> f64 {
        match self {
            Self::Fixed(step) => step,
            Self::Float(relative) => {
                let size = value.abs().max(f64::from(f32::MIN_POSITIVE));
                let few = if self.has_few_digits(value) {
                    FEW_DIGITS * 1e-5
                } else {
                    0.0
                };
                size * ((1.0 - FEW_DIGITS) * relative + few)
            }
        }
    }

    /// A float that people would write with at most five digits.
    fn has_few_digits(self, value: f64) -> bool {
        let text = match self {
            Self::Fixed(_) => return false,
            Self::Float(relative) if relative > 1e-10 => {
                #[expect(clippy::cast_possible_truncation, reason = "it came out of an f32")]
                let single = value as f32;
                format!("{single:e}")
            }
            Self::Float(_) => format!("{value:e}"),
        };
        let digits = text.split('e').next().unwrap_or_default();
        value != 0.0 && digits.chars().filter(char::is_ascii_digit).count() <= 5
    }
}

impl Doubt {
    /// A hypothesis with it cannot be the answer.
    pub(super) fn excludes(self) -> bool {
        matches!(self, Self::Impossible | Self::NotDisplay | Self::Falls)
    }

    /// Key of the sentence in the catalogue; of `Usual` its quantity is the argument.
    pub fn key(self) -> &'static str {
        match self {
            Self::Usual(_) => "infer-usual",
            Self::Unusual => "infer-unusual",
            Self::Impossible => "infer-impossible",
            Self::Falls => "infer-falls",
            Self::Jumps => "infer-jumps",
            Self::Steady => "infer-steady",
            Self::Display => "infer-display",
            Self::NotDisplay => "infer-not-display",
            Self::FewDigits => "infer-few-digits",
        }
    }
}
