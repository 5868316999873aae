//! What a stretch of samples of one point adds up to: the arithmetic of hours, days and buckets.

use super::bytes::{Bytes, put};
use super::handle::Aggregate;
use super::track::Track;
use crate::model::{Number, Outcome, Reason, Sample};
use std::cmp::Ordering;

/// A sum that stays in device steps as long as they fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sum {
    Steps(i128, i8),
    Float(f64),
}

/// The numbers of a stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Numbers {
    min: Number,
    max: Number,
    first: Number,
    last: Number,
    sum: Sum,
    growth: Sum,
}

/// A stretch of samples in time order, added up.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Roll {
    /// Samples with a number.
    count: u64,
    /// Samples without one, by reason.
    bad: Vec<(Reason, u64)>,
    /// A doubt about one of the numbers.
    doubt: Option<Reason>,
    numbers: Option<Numbers>,
}

impl Sum {
    const ZERO: Self = Self::Steps(0, 0);

    fn of(number: Number) -> Self {
        match number {
            Number::Decimal { mantissa, exponent } => Self::Steps(i128::from(mantissa), exponent),
            Number::Float(value) => Self::Float(value),
        }
    }

    fn plus(self, other: Self) -> Self {
        if let (Self::Steps(0, _), other) | (other, Self::Steps(0, _)) = (self, other) {
            return other;
        }
        self.exact(other, i128::checked_add)
            .unwrap_or_else(|| Self::Float(self.float() + other.float()))
    }

    fn minus(self, other: Self) -> Self {
        self.exact(other, i128::checked_sub)
            .unwrap_or_else(|| Self::Float(self.float() - other.float()))
    }

    /// Both in the finer of the two steps.
    fn exact(self, other: Self, apply: impl Fn(i128, i128) -> Option<i128>) -> Option<Self> {
        let (Self::Steps(a, x), Self::Steps(b, y)) = (self, other) else {
            return None;
        };
        let finer = x.min(y);
        let scale = |steps: i128, exponent: i8| {
            steps.checked_mul(10i128.checked_pow(u32::from(exponent.abs_diff(finer)))?)
        };
        Some(Self::Steps(apply(scale(a, x)?, scale(b, y)?)?, finer))
    }

    fn float(self) -> f64 {
        self.number().to_f64()
    }

    fn number(self) -> Number {
        match self {
            Self::Float(value) => Number::Float(value),
            Self::Steps(steps, exponent) => match i64::try_from(steps) {
                Ok(mantissa) => Number::Decimal { mantissa, exponent },
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "beyond 64 bits, said to be nearest"
                )]
                Err(_) => Number::Float(steps as f64 * 10f64.powi(i32::from(exponent))),
            },
        }
    }
}

fn compare(a: Number, b: Number) -> Ordering {
    match Sum::of(a).minus(Sum::of(b)) {
        Sum::Steps(difference, _) => difference.cmp(&0),
        Sum::Float(difference) => difference.partial_cmp(&0.0).unwrap_or(Ordering::Equal),
    }
}

fn pick(a: Number, b: Number, wanted: Ordering) -> Number {
    if compare(b, a) == wanted { b } else { a }
}

/// How far a counter came from one value to the next. A fall with nine tenths left is a dip (G.5),
/// which is taken off; any other fall counts from 0.
fn growth(before: Number, now: Number) -> Sum {
    let fell = compare(now, before) == Ordering::Less;
    if fell && now.to_f64() < 0.9 * before.to_f64() {
        Sum::of(now)
    } else {
        Sum::of(now).minus(Sum::of(before))
    }
}

impl Roll {
    /// Adds the next sample.
    pub(super) fn add(&mut self, sample: &Sample) {
        match sample.outcome {
            Outcome::Bad(reason) => self.add_bad(reason, 1),
            Outcome::Good(number) | Outcome::Uncertain(number, _) => {
                self.append(&Self {
                    count: 1,
                    bad: Vec::new(),
                    doubt: sample.outcome.reason(),
                    numbers: Some(Numbers {
                        min: number,
                        max: number,
                        first: number,
                        last: number,
                        sum: Sum::of(number),
                        growth: Sum::ZERO,
                    }),
                });
            }
        }
    }

    /// Adds the stretch that follows.
    pub(super) fn append(&mut self, later: &Self) {
        self.count += later.count;
        for (reason, count) in &later.bad {
            self.add_bad(*reason, *count);
        }
        self.doubt = self.doubt.or(later.doubt);
        self.numbers = match (self.numbers, later.numbers) {
            (Some(a), Some(b)) => Some(Numbers {
                min: pick(a.min, b.min, Ordering::Less),
                max: pick(a.max, b.max, Ordering::Greater),
                first: a.first,
                last: b.last,
                sum: a.sum.plus(b.sum),
                growth: a.growth.plus(growth(a.last, b.first)).plus(b.growth),
            }),
            (a, b) => b.or(a),
        };
    }

    fn add_bad(&mut self, reason: Reason, count: u64) {
        match self.bad.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, all)) => *all += count,
            None => self.bad.push((reason, count)),
        }
    }

    /// The last number.
    pub(super) fn last(&self) -> Option<Number> {
        self.numbers.map(|numbers| numbers.last)
    }

    /// The answer for a bucket; `before` is the last number before it. `None` without any sample.
    pub(super) fn outcome(&self, aggregate: Aggregate, before: Option<Number>) -> Option<Outcome> {
        let Some(numbers) = self.numbers else {
            let commonest = self.bad.iter().max_by_key(|(_, count)| *count);
            return commonest.map(|(reason, _)| Outcome::Bad(*reason));
        };
        let value = match aggregate {
            #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 samples")]
            Aggregate::Mean => Number::Float(numbers.sum.float() / self.count as f64),
            Aggregate::Min => numbers.min,
            Aggregate::Max => numbers.max,
            Aggregate::Last => numbers.last,
            Aggregate::Sum => numbers.sum.number(),
            Aggregate::Delta => {
                let first = before.map_or(Sum::ZERO, |before| growth(before, numbers.first));
                first.plus(numbers.growth).number()
            }
        };
        Some(match self.doubt {
            Some(doubt) => Outcome::Uncertain(value, doubt),
            None => Outcome::Good(value),
        })
    }
}

/// What both ends of a list of rolls remember.
#[derive(Debug, Default)]
pub(super) struct RollTracks {
    values: Track,
    sum: Track,
    growth: Track,
    count: u64,
}

impl RollTracks {
    /// Appends a roll.
    pub(super) fn put(&mut self, out: &mut Vec<u8>, roll: &Roll) {
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
        out.extend(roll.doubt.map(Reason::code));
        if let Some(numbers) = roll.numbers {
            for value in [numbers.first, numbers.min, numbers.max, numbers.last] {
                self.values.put(out, &Outcome::Good(value));
            }
            self.sum.put(out, &Outcome::Good(numbers.sum.number()));
            self.growth
                .put(out, &Outcome::Good(numbers.growth.number()));
        }
    }

    /// Reads the next roll.
    pub(super) fn get(&mut self, bytes: &mut Bytes<'_>) -> Option<Roll> {
        let count = bytes.number()? ^ self.count;
        self.count = count;
        let head = bytes.number()?;
        let mut bad = Vec::new();
        for _ in 0..head >> 1 {
            bad.push((Reason::from_code(bytes.byte()?)?, bytes.number()?));
        }
        let doubt = match head & 1 {
            0 => None,
            _ => Some(Reason::from_code(bytes.byte()?)?),
        };
        let numbers = if count == 0 {
            None
        } else {
            let mut value = |track: &mut Track| track.get(bytes)?.number();
            Some(Numbers {
                first: value(&mut self.values)?,
                min: value(&mut self.values)?,
                max: value(&mut self.values)?,
                last: value(&mut self.values)?,
                sum: Sum::of(value(&mut self.sum)?),
                growth: Sum::of(value(&mut self.growth)?),
            })
        };
        Some(Roll {
            count,
            bad,
            doubt,
            numbers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::track::tests::any_outcome;
    use super::*;
    use crate::model::UtcMs;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rolls_come_back(groups in prop::collection::vec(
            prop::collection::vec(any_outcome(), 0..8), 0..8)
        ) {
            let roll = |outcomes: &Vec<Outcome>| {
                let mut roll = Roll::default();
                for outcome in outcomes {
                    roll.add(&Sample { at: UtcMs(0), outcome: *outcome });
                }
                roll
            };
            let rolls: Vec<_> = groups.iter().map(roll).collect();
            let (mut out, mut tracks) = (Vec::new(), RollTracks::default());
            for roll in &rolls {
                tracks.put(&mut out, roll);
            }
            let (mut bytes, mut tracks) = (Bytes(&out), RollTracks::default());
            for roll in &rolls {
                let back = tracks.get(&mut bytes).unwrap();
                for aggregate in [
                Aggregate::Min,
                Aggregate::Last,
                Aggregate::Sum,
                Aggregate::Delta,
            ] {
                    let is = back.outcome(aggregate, None).map(|o| (o.quality(), o.number()));
                    let was = roll.outcome(aggregate, None).map(|o| (o.quality(), o.number()));
                    prop_assert_eq!(is, was);
                }
            }
        }
    }

    #[test]
    fn a_dip_of_a_counter_is_taken_off() {
        let mut roll = Roll::default();
        for mantissa in [1000, 1001, 1000, 1001, 1000, 1001] {
            let outcome = Outcome::Good(Number::Decimal {
                mantissa,
                exponent: -1,
            });
            roll.add(&Sample {
                at: UtcMs(0),
                outcome,
            });
        }
        let delta = roll.outcome(Aggregate::Delta, Number::parse("100.0"));
        assert_eq!(delta.unwrap().number(), Number::parse("0.1"));
    }

    #[test]
    fn a_fall_of_a_counter_counts_from_zero() {
        let mut roll = Roll::default();
        for mantissa in [100, 150, 20, 30] {
            let outcome = Outcome::Good(Number::Decimal {
                mantissa,
                exponent: -1,
            });
            roll.add(&Sample {
                at: UtcMs(0),
                outcome,
            });
        }
        let delta = roll.outcome(
            Aggregate::Delta,
            Some(Number::Decimal {
                mantissa: 9,
                exponent: 0,
            }),
        );
        assert_eq!(delta.unwrap().number(), Number::parse("9.0"));
    }
}
