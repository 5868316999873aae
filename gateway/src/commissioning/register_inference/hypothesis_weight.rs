//! Weight of one hypothesis: its prior probability times the likelihood of its registers.

use super::value_priors::{ExpectedQuantity, expected_quantities};
use super::{InferenceHints, RegisterHypothesis};
use crate::commissioning::register_inference::register_hypothesis::InferenceReason;
use crate::config::{RegisterEncoding, WordOrder};
use crate::domain::ExactNumber;

/// Probability that a read repeats the value before it exactly, for any quantity.
const REPEAT_SHARE: f64 = 0.3;
/// Probability of a change that is no small step.
const LEAP_SHARE: f64 = 0.01;
/// Factor on the weight of a counter that decreases.
const FALL_PENALTY: f64 = 1e-6;
/// Smallest likelihood of a value that differs from the display.
const OFF_DISPLAY_WEIGHT: f64 = 1e-7;
/// Share of floating-point values that are written with few digits.
const FEW_DIGITS_SHARE: f64 = 0.3;
/// Smallest weight; a hypothesis at this weight is excluded in practice.
const WEIGHT_MIN: f64 = 1e-40;

/// Returns the powers of ten of a scale with their prior probabilities.
pub(crate) fn scale_powers(encoding: RegisterEncoding) -> &'static [(i8, f64)] {
    match encoding {
        // A floating-point register needs no scale.
        RegisterEncoding::F32 | RegisterEncoding::F64 => &[(0, 1.0)],
        _ => &[(0, 0.3), (-1, 0.35), (-2, 0.22), (-3, 0.12), (1, 0.01)],
    }
}

fn hypothesis_commonness(hypothesis: &RegisterHypothesis) -> f64 {
    let encoding = match hypothesis.encoding {
        RegisterEncoding::U16 => 0.55,
        RegisterEncoding::I16 => 0.43,
        RegisterEncoding::U32 | RegisterEncoding::I32 => 0.3,
        RegisterEncoding::F32 => 0.38,
        RegisterEncoding::U64 | RegisterEncoding::I64 => 0.33,
        RegisterEncoding::F64 => 0.34,
        _ => 0.02,
    };
    let single = hypothesis.encoding.registers() == 1;
    let order = match hypothesis.words {
        // Word order does not exist in a single register; only the bytes may be swapped.
        WordOrder::Abcd if single => 0.97,
        WordOrder::Badc if single => 0.03,
        WordOrder::Abcd => 0.45,
        WordOrder::Cdab => 0.37,
        WordOrder::Badc => 0.08,
        WordOrder::Dcba => 0.1,
    };
    let powers = scale_powers(hypothesis.encoding).iter();
    let power = powers.filter(|(power, _)| *power == hypothesis.power);
    encoding * order * power.map(|(_, share)| share).sum::<f64>()
}

/// Hints and distributions, prepared once for all hypotheses.
pub(crate) struct WeighingContext<'a> {
    hints: &'a InferenceHints<'a>,
    expected: Vec<ExpectedQuantity>,
}

impl<'a> WeighingContext<'a> {
    pub(crate) fn new(hints: &'a InferenceHints<'a>) -> Self {
        let expected = expected_quantities(hints.quantity, hints.unit);
        Self { hints, expected }
    }

    /// Returns the hypothesis with its reasons, and the logarithm of its weight.
    pub(crate) fn weigh_hypothesis(
        &self,
        mut hypothesis: RegisterHypothesis,
    ) -> (RegisterHypothesis, f64) {
        let values: Vec<f64> = hypothesis
            .values
            .iter()
            .map(|value| value.to_f64())
            .collect();
        let step = ValueResolution::of_hypothesis(&hypothesis);
        let mut weight = hypothesis_commonness(&hypothesis).ln();
        let Some((first, last)) = values.first().zip(values.last()) else {
            return (hypothesis, f64::NEG_INFINITY);
        };
        weight += self
            .first_value_likelihood(*first, step.step_at(*first), &mut hypothesis.reasons)
            .ln();
        if step.has_few_digits(*first) {
            hypothesis.reasons.push(InferenceReason::FewDigits);
        }
        // Each further read multiplies the likelihood.
        for pair in values.windows(2) {
            weight += self.next_value_likelihood(pair[0], pair[1], step).ln();
        }
        if values.len() > 1 {
            hypothesis.reasons.push(self.course_reason(&values, step));
        }
        weight += self
            .display_likelihood(*last, step.step_at(*last), &mut hypothesis.reasons)
            .ln();
        let outside = values.iter().any(|value| !self.is_in_hinted_range(*value));
        // Excluded by weight instead of being removed, so that the technician sees why.
        if outside {
            weight += WEIGHT_MIN.ln();
            hypothesis.reasons.retain(|doubt| {
                !matches!(doubt, InferenceReason::Usual(_) | InferenceReason::Unusual)
            });
            hypothesis.reasons.insert(0, InferenceReason::Impossible);
        }
        hypothesis.reasons.dedup();
        (hypothesis, weight)
    }

    /// True when the value lies in the range given as a hint.
    fn is_in_hinted_range(&self, value: f64) -> bool {
        self.hints.min.is_none_or(|min| value >= min)
            && self.hints.max.is_none_or(|max| value <= max)
    }

    /// Returns the likelihood of a first value.
    fn first_value_likelihood(
        &self,
        value: f64,
        step: f64,
        doubts: &mut Vec<InferenceReason>,
    ) -> f64 {
        let zero: f64 = self.expected.iter().map(ExpectedQuantity::zero_share).sum();
        let dense = self.expected.iter().map(|one| one.density(value) * step);
        let likely = dense.sum::<f64>().min(1.0) + if value == 0.0 { zero } else { 0.0 };
        let densest = |a: &&ExpectedQuantity, b: &&ExpectedQuantity| {
            a.density(value).total_cmp(&b.density(value))
        };
        let usual = self
            .expected
            .iter()
            .filter(|one| one.is_usual_value(value))
            .max_by(densest);
        doubts.push(match usual {
            // So improbable that no listed quantity has it.
            _ if likely < WEIGHT_MIN => InferenceReason::Impossible,
            Some(one) => InferenceReason::Usual(one.quantity.name()),
            None => InferenceReason::Unusual,
        });
        likely.max(WEIGHT_MIN)
    }

    /// Returns the likelihood of a value after the previous one.
    fn next_value_likelihood(&self, before: f64, after: f64, step: ValueResolution) -> f64 {
        let change = after - before;
        if change == 0.0 {
            return REPEAT_SHARE;
        }
        let step = step.step_at(after);
        // A measured value moves by about 1 % between two reads, and by two steps of its register.
        let width = 0.01 * before.abs() + 2.0 * step;
        let small = if self.hints.counter {
            let width = 0.1 * width;
            // Small changes of a counter are smaller than those of a measured value, and never
            // negative.
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
        // A large change is possible, but its target must be plausible too.
        let leap = LEAP_SHARE * dense * if falls { FALL_PENALTY } else { 1.0 };
        ((1.0 - REPEAT_SHARE) * (small + leap) * step).clamp(WEIGHT_MIN, 1.0)
    }

    /// Returns the reason that follows from the sequence of values.
    fn course_reason(&self, values: &[f64], step: ValueResolution) -> InferenceReason {
        let changes = || values.windows(2).map(|pair| (pair[0], pair[1] - pair[0]));
        if self.hints.counter && changes().any(|(_, change)| change < 0.0) {
            return InferenceReason::Falls;
        }
        let far =
            // Ten steps of the register and 10 %: more than a measured value moves between two
            // reads.
            |(from, by): (f64, f64)| by.abs() > 0.1 * from.abs() + 10.0 * step.step_at(from);
        if changes().any(far) {
            InferenceReason::Jumps
        } else {
            InferenceReason::Steady
        }
    }

    /// Returns the likelihood of a value given the display: its last digit is rounded, and the
    /// value may have changed a little since.
    fn display_likelihood(&self, value: f64, step: f64, doubts: &mut Vec<InferenceReason>) -> f64 {
        let Some(shown) = self.hints.display else {
            return 1.0;
        };
        let digit = match shown {
            ExactNumber::Decimal { exponent, .. } => 10f64.powi(exponent.into()),
            // A floating-point display value has no last digit.
            ExactNumber::Float(value) => value.abs() * 1e-3,
        };
        let shown = shown.to_f64();
        let off = (value - shown).abs();
        let width = digit + step + 0.005 * shown.abs();
        let fits = off <= 3.0 * width;
        doubts.push(if fits {
            InferenceReason::Display
        } else {
            InferenceReason::NotDisplay
        });
        (-off / width).exp().max(OFF_DISPLAY_WEIGHT)
    }
}

/// Distance between neighbouring values of a type.
#[derive(Clone, Copy, Debug)]
enum ValueResolution {
    /// Scale of an integer.
    Fixed(f64),
    /// Relative distance of floating-point values.
    Float(f64),
}

impl ValueResolution {
    fn of_hypothesis(hypothesis: &RegisterHypothesis) -> Self {
        match hypothesis.encoding {
            RegisterEncoding::F32 => Self::Float(f64::from(f32::EPSILON)),
            RegisterEncoding::F64 => Self::Float(f64::EPSILON),
            _ => Self::Fixed(10f64.powi(hypothesis.power.into())),
        }
    }

    fn step_at(self, value: f64) -> f64 {
        match self {
            Self::Fixed(step) => step,
            Self::Float(relative) => {
                // Zero has no relative distance.
                let size = value.abs().max(f64::from(f32::MIN_POSITIVE));
                // Values typed by people or set by programs (230.0, 50.0) have few digits far more
                // often than chance.
                let few = if self.has_few_digits(value) {
                    FEW_DIGITS_SHARE * 1e-5
                } else {
                    0.0
                };
                size * ((1.0 - FEW_DIGITS_SHARE) * relative + few)
            }
        }
    }

    /// True for a floating-point value of at most five decimal digits.
    fn has_few_digits(self, value: f64) -> bool {
        let text = match self {
            Self::Fixed(_) => return false,
            // Shortest decimal text that gives the same single-precision value.
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
