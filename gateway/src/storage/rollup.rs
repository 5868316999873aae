//! Roll-up of samples of one point: the arithmetic of hours, days and buckets.

use super::delta_codec::DeltaCodec;
use super::store_values::AggregateFunction;
use super::varint::{ByteReader, put};
use crate::domain::{ExactNumber, QualityReason, Sample, SampleOutcome};
use std::cmp::Ordering;

/// Sum that stays an exact integer in device steps as long as it fits 128 bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ExactSum {
    Steps(i128, i8),
    Float(f64),
}

/// Statistics of the numbers of a roll-up.
#[derive(Clone, Copy, Debug, PartialEq)]
struct RollupNumbers {
    min: ExactNumber,
    max: ExactNumber,
    first: ExactNumber,
    last: ExactNumber,
    sum: ExactSum,
    growth: ExactSum,
}

/// Roll-up of consecutive samples in time order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SampleRollup {
    /// Samples with a number.
    count: u64,
    /// Samples without a number, by reason.
    bad: Vec<(QualityReason, u64)>,
    /// First reason of an uncertain number; makes the result uncertain.
    doubt: Option<QualityReason>,
    numbers: Option<RollupNumbers>,
}

impl ExactSum {
    const ZERO: Self = Self::Steps(0, 0);

    fn from_number(number: ExactNumber) -> Self {
        match number {
            ExactNumber::Decimal { mantissa, exponent } => {
                Self::Steps(i128::from(mantissa), exponent)
            }
            ExactNumber::Float(value) => Self::Float(value),
        }
    }

    fn plus(self, other: Self) -> Self {
        // Zero has no step of its own: adding it must not turn a decimal into finer steps or a
        // double.
        if let (Self::Steps(0, _), other) | (other, Self::Steps(0, _)) = (self, other) {
            return other;
        }
        self.checked_exact(other, i128::checked_add)
            .unwrap_or_else(|| Self::Float(self.to_f64() + other.to_f64()))
    }

    fn minus(self, other: Self) -> Self {
        self.checked_exact(other, i128::checked_sub)
            .unwrap_or_else(|| Self::Float(self.to_f64() - other.to_f64()))
    }

    /// Applies an integer operation after scaling both to the finer step; `None` when it overflows
    /// or one is a double.
    fn checked_exact(
        self,
        other: Self,
        apply: impl Fn(i128, i128) -> Option<i128>,
    ) -> Option<Self> {
        let (Self::Steps(a, x), Self::Steps(b, y)) = (self, other) else {
            return None;
        };
        let finer = x.min(y);
        let scale = |steps: i128, exponent: i8| {
            steps.checked_mul(10i128.checked_pow(u32::from(exponent.abs_diff(finer)))?)
        };
        Some(Self::Steps(apply(scale(a, x)?, scale(b, y)?)?, finer))
    }

    fn to_f64(self) -> f64 {
        self.to_number().to_f64()
    }

    fn to_number(self) -> ExactNumber {
        match self {
            Self::Float(value) => ExactNumber::Float(value),
            Self::Steps(steps, exponent) => match i64::try_from(steps) {
                Ok(mantissa) => ExactNumber::Decimal { mantissa, exponent },
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "beyond 64 bits, said to be nearest"
                )]
                Err(_) => ExactNumber::Float(steps as f64 * 10f64.powi(i32::from(exponent))),
            },
        }
    }
}

/// Compares two numbers, exactly where both are decimals.
fn compare_numbers(a: ExactNumber, b: ExactNumber) -> Ordering {
    match ExactSum::from_number(a).minus(ExactSum::from_number(b)) {
        ExactSum::Steps(difference, _) => difference.cmp(&0),
        ExactSum::Float(difference) => difference.partial_cmp(&0.0).unwrap_or(Ordering::Equal),
    }
}

/// Returns `b` when it compares as wanted to `a`, else `a`.
fn pick_extreme(a: ExactNumber, b: ExactNumber, wanted: Ordering) -> ExactNumber {
    if compare_numbers(b, a) == wanted {
        b
    } else {
        a
    }
}

/// Increase of a counter from one value to the next. A fall that leaves at least 90 % is subtracted
/// (METHODS G.5); a larger one is a reset, and counting starts at 0.
fn counter_growth(before: ExactNumber, now: ExactNumber) -> ExactSum {
    // Meters round and go back by a step: counting such a dip as a reset would add the whole total.
    let fell = compare_numbers(now, before) == Ordering::Less;
    if fell && now.to_f64() < 0.9 * before.to_f64() {
        ExactSum::from_number(now)
    } else {
        ExactSum::from_number(now).minus(ExactSum::from_number(before))
    }
}

impl SampleRollup {
    /// Adds the next sample.
    pub(super) fn add(&mut self, sample: &Sample) {
        match sample.outcome {
            SampleOutcome::Bad(reason) => self.add_bad(reason, 1),
            SampleOutcome::Good(number) | SampleOutcome::Uncertain(number, _) => {
                self.append(&Self {
                    count: 1,
                    bad: Vec::new(),
                    doubt: sample.outcome.reason(),
                    numbers: Some(RollupNumbers {
                        min: number,
                        max: number,
                        first: number,
                        last: number,
                        sum: ExactSum::from_number(number),
                        growth: ExactSum::ZERO,
                    }),
                });
            }
        }
    }

    /// Returns whether some of the numbers are uncertain.
    pub(super) fn has_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// Adds the roll-up that follows in time.
    pub(super) fn append(&mut self, later: &Self) {
        self.count += later.count;
        for (reason, count) in &later.bad {
            self.add_bad(*reason, *count);
        }
        self.doubt = self.doubt.or(later.doubt);
        self.numbers = match (self.numbers, later.numbers) {
            (Some(a), Some(b)) => Some(RollupNumbers {
                min: pick_extreme(a.min, b.min, Ordering::Less),
                max: pick_extreme(a.max, b.max, Ordering::Greater),
                first: a.first,
                last: b.last,
                sum: a.sum.plus(b.sum),
                // The increase between the two roll-ups belongs to neither of them and is added
                // here.
                growth: a
                    .growth
                    .plus(counter_growth(a.last, b.first))
                    .plus(b.growth),
            }),
            (a, b) => b.or(a),
        };
    }

    fn add_bad(&mut self, reason: QualityReason, count: u64) {
        match self.bad.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, all)) => *all += count,
            None => self.bad.push((reason, count)),
        }
    }

    /// Returns the number of samples, with and without a number.
    pub(super) fn samples(&self) -> u64 {
        self.count + self.bad.iter().map(|(_, count)| count).sum::<u64>()
    }

    /// Returns the last number.
    pub(super) fn last_number(&self) -> Option<ExactNumber> {
        self.numbers.map(|numbers| numbers.last)
    }

    /// Returns the result of a bucket; `before` is the last number before it. `None` without any
    /// sample.
    pub(super) fn aggregate_outcome(
        &self,
        aggregate: AggregateFunction,
        before: Option<ExactNumber>,
    ) -> Option<SampleOutcome> {
        let Some(numbers) = self.numbers else {
            let commonest = self.bad.iter().max_by_key(|(_, count)| *count);
            return commonest.map(|(reason, _)| SampleOutcome::Bad(*reason));
        };
        let value = match aggregate {
            #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 samples")]
            AggregateFunction::Mean => ExactNumber::Float(numbers.sum.to_f64() / self.count as f64),
            AggregateFunction::Min => numbers.min,
            AggregateFunction::Max => numbers.max,
            AggregateFunction::Last => numbers.last,
            AggregateFunction::Sum => numbers.sum.to_number(),
            AggregateFunction::Delta => {
                // Without an earlier value the counter starts at its first value in the bucket.
                let first = before.map_or(ExactSum::ZERO, |before| {
                    counter_growth(before, numbers.first)
                });
                first.plus(numbers.growth).to_number()
            }
        };
        Some(match self.doubt {
            Some(doubt) => SampleOutcome::Uncertain(value, doubt),
            None => SampleOutcome::Good(value),
        })
    }
}

/// Codec state of a list of roll-ups; the same on both ends.
#[derive(Debug, Default)]
pub(super) struct RollupCodec {
    values: DeltaCodec,
    sum: DeltaCodec,
    growth: DeltaCodec,
    count: u64,
}

impl RollupCodec {
    /// Appends a roll-up.
    pub(super) fn put(&mut self, out: &mut Vec<u8>, roll: &SampleRollup) {
        // Hours of a steady point have the same count: the XOR is one zero byte.
        put(out, roll.count ^ self.count);
        self.count = roll.count;
        put(
            out,
            (roll.bad.len() as u64) << 1 | u64::from(roll.doubt.is_some()),
        );
        for (reason, count) in &roll.bad {
            out.push(reason.code());
            put(out, *count);
        }
        out.extend(roll.doubt.map(QualityReason::code));
        if let Some(numbers) = roll.numbers {
            // In this order neighbours are close to each other, so their differences are short.
            for value in [numbers.first, numbers.min, numbers.max, numbers.last] {
                self.values.put(out, &SampleOutcome::Good(value));
            }
            self.sum
                .put(out, &SampleOutcome::Good(numbers.sum.to_number()));
            self.growth
                .put(out, &SampleOutcome::Good(numbers.growth.to_number()));
        }
    }

    /// Reads the next roll-up.
    pub(super) fn decode(&mut self, bytes: &mut ByteReader<'_>) -> Option<SampleRollup> {
        let count = bytes.read_varint()? ^ self.count;
        self.count = count;
        let head = bytes.read_varint()?;
        let mut bad = Vec::new();
        for _ in 0..head >> 1 {
            bad.push((
                QualityReason::from_code(bytes.read_byte()?)?,
                bytes.read_varint()?,
            ));
        }
        let doubt = match head & 1 {
            0 => None,
            _ => Some(QualityReason::from_code(bytes.read_byte()?)?),
        };
        let numbers = if count == 0 {
            None
        } else {
            let mut value = |track: &mut DeltaCodec| track.decode(bytes)?.number();
            Some(RollupNumbers {
                first: value(&mut self.values)?,
                min: value(&mut self.values)?,
                max: value(&mut self.values)?,
                last: value(&mut self.values)?,
                sum: ExactSum::from_number(value(&mut self.sum)?),
                growth: ExactSum::from_number(value(&mut self.growth)?),
            })
        };
        Some(SampleRollup {
            count,
            bad,
            doubt,
            numbers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::delta_codec::tests::any_outcome;
    use super::*;
    use crate::domain::UtcMs;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rolls_come_back(groups in prop::collection::vec(
            prop::collection::vec(any_outcome(), 0..8), 0..8)
        ) {
            let roll = |outcomes: &Vec<SampleOutcome>| {
                let mut roll = SampleRollup::default();
                for outcome in outcomes {
                    roll.add(&Sample { at: UtcMs(0), outcome: *outcome });
                }
                roll
            };
            let rolls: Vec<_> = groups.iter().map(roll).collect();
            let (mut out, mut tracks) = (Vec::new(), RollupCodec::default());
            for roll in &rolls {
                tracks.put(&mut out, roll);
            }
            let (mut bytes, mut tracks) = (ByteReader(&out), RollupCodec::default());
            for roll in &rolls {
                let back = tracks.decode(&mut bytes).unwrap();
                for aggregate in [
                AggregateFunction::Min,
                AggregateFunction::Last,
                AggregateFunction::Sum,
                AggregateFunction::Delta,
            ] {
                    let outcome = |roll: &SampleRollup| {
                        let found = roll.aggregate_outcome(aggregate, None);
                        found.map(|o| (o.quality(), o.number()))
                    };
                    let (is, was) = (outcome(&back), outcome(roll));
                    prop_assert_eq!(is, was);
                }
            }
        }
    }

    /// Rollup of readings in tenths.
    fn rollup_of(tenths: &[i64]) -> SampleRollup {
        let mut roll = SampleRollup::default();
        for mantissa in tenths {
            let outcome = SampleOutcome::Good(ExactNumber::Decimal {
                mantissa: *mantissa,
                exponent: -1,
            });
            let at = UtcMs(0);
            roll.add(&Sample { at, outcome });
        }
        roll
    }

    #[test]
    fn a_dip_of_a_counter_is_taken_off() {
        let roll = rollup_of(&[1000, 1001, 1000, 1001, 1000, 1001]);
        let delta = roll.aggregate_outcome(AggregateFunction::Delta, ExactNumber::parse("100.0"));
        assert_eq!(delta.unwrap().number(), ExactNumber::parse("0.1"));
    }

    #[test]
    fn a_fall_of_a_counter_counts_from_zero() {
        let roll = rollup_of(&[100, 150, 20, 30]);
        let delta = roll.aggregate_outcome(
            AggregateFunction::Delta,
            Some(ExactNumber::Decimal {
                mantissa: 9,
                exponent: 0,
            }),
        );
        assert_eq!(delta.unwrap().number(), ExactNumber::parse("9.0"));
    }
}
