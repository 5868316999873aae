//! One point's outcomes as a stream of small differences: the code of journal rows and of the hot
//! tail.
//!
//! An even word repeats the shape (quality, reason, step) of the outcome before and carries the
//! difference of the number; an odd one says a new shape. A steady decimal costs one byte.

use super::bytes::{Bytes, put, put_signed, unzigzag, zigzag};
use crate::model::{Number, Outcome, Reason};

/// How the numbers of a stretch are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Steps of this power of ten.
    Decimal(i8),
    /// Doubles.
    Float,
}

/// Everything of an outcome but the number's own bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    Good(Kind),
    Uncertain(Kind, Reason),
    Bad(Reason),
}

/// An outcome taken apart; the bits are a mantissa, or those of a double.
pub(super) fn split(outcome: &Outcome) -> (Shape, i64) {
    let number = |number: Number| match number {
        Number::Decimal { mantissa, exponent } => (Kind::Decimal(exponent), mantissa),
        Number::Float(value) => (Kind::Float, value.to_bits().cast_signed()),
    };
    match *outcome {
        Outcome::Good(value) => {
            let (kind, bits) = number(value);
            (Shape::Good(kind), bits)
        }
        Outcome::Uncertain(value, reason) => {
            let (kind, bits) = number(value);
            (Shape::Uncertain(kind, reason), bits)
        }
        Outcome::Bad(reason) => (Shape::Bad(reason), 0),
    }
}

/// The inverse of `split`.
pub(super) fn join(shape: Shape, bits: i64) -> Outcome {
    let number = |kind| match kind {
        Kind::Decimal(exponent) => Number::Decimal {
            mantissa: bits,
            exponent,
        },
        Kind::Float => Number::Float(f64::from_bits(bits.cast_unsigned())),
    };
    match shape {
        Shape::Good(kind) => Outcome::Good(number(kind)),
        Shape::Uncertain(kind, reason) => Outcome::Uncertain(number(kind), reason),
        Shape::Bad(reason) => Outcome::Bad(reason),
    }
}

impl Shape {
    pub(super) fn kind(self) -> Option<Kind> {
        match self {
            Self::Good(kind) | Self::Uncertain(kind, _) => Some(kind),
            Self::Bad(_) => None,
        }
    }

    /// Without the doubt about its time.
    pub(super) fn dated(self) -> Self {
        match self {
            Self::Uncertain(kind, Reason::Undated) => Self::Good(kind),
            other => other,
        }
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        let (quality, kind, reason) = match self {
            Self::Good(kind) => (0, Some(kind), None),
            Self::Uncertain(kind, reason) => (1, Some(kind), Some(reason)),
            Self::Bad(reason) => (2, None, Some(reason)),
        };
        let float = u8::from(kind == Some(Kind::Float));
        out.push(quality | float << 2);
        out.extend(reason.map(Reason::code));
        if let Some(Kind::Decimal(exponent)) = kind {
            out.push(exponent.cast_unsigned());
        }
    }

    pub(super) fn read(bytes: &mut Bytes<'_>) -> Option<Self> {
        let head = bytes.byte()?;
        let reason = match head & 3 {
            0 => None,
            _ => Some(Reason::from_code(bytes.byte()?)?),
        };
        if head & 3 == 2 {
            return Some(Self::Bad(reason?));
        }
        let kind = if head & 4 == 0 {
            Kind::Decimal(bytes.byte()?.cast_signed())
        } else {
            Kind::Float
        };
        match (head, reason) {
            (0 | 4, None) => Some(Self::Good(kind)),
            (1 | 5, Some(reason)) => Some(Self::Uncertain(kind, reason)),
            _ => None,
        }
    }
}

/// What both ends remember of a point between two outcomes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Track {
    shape: Option<Shape>,
    bits: i64,
}

impl Track {
    /// Appends an outcome.
    pub(super) fn put(&mut self, out: &mut Vec<u8>, outcome: &Outcome) {
        let (shape, bits) = split(outcome);
        let step = difference(shape, self.bits, bits);
        if self.shape == Some(shape)
            && let Some(step) = step.filter(|step| *step < 1 << 62)
        {
            put(out, step << 1);
        } else {
            out.push(1);
            shape.write(out);
            match shape.kind() {
                Some(Kind::Decimal(_)) => put_signed(out, bits.wrapping_sub(self.bits)),
                Some(Kind::Float) => out.extend(bits.to_le_bytes()),
                None => {}
            }
        }
        self.shape = Some(shape);
        if shape.kind().is_some() {
            self.bits = bits;
        }
    }

    /// Reads the next outcome.
    pub(super) fn get(&mut self, bytes: &mut Bytes<'_>) -> Option<Outcome> {
        let word = bytes.number()?;
        if word == 1 {
            let shape = Shape::read(bytes)?;
            self.bits = match shape.kind() {
                Some(Kind::Decimal(_)) => self.bits.wrapping_add(bytes.signed()?),
                Some(Kind::Float) => i64::from_le_bytes(bytes.take(8)?.try_into().ok()?),
                None => self.bits,
            };
            self.shape = Some(shape);
            return Some(join(shape, self.bits));
        }
        let shape = self.shape.filter(|_| word & 1 == 0)?;
        self.bits = match shape.kind() {
            Some(Kind::Decimal(_)) => self.bits.wrapping_add(unzigzag(word >> 1)),
            Some(Kind::Float) => self.bits ^ (word >> 1).reverse_bits().cast_signed(),
            None => self.bits,
        };
        Some(join(shape, self.bits))
    }
}

/// Floats that come from single precision share their low bits: reversed, the difference is short.
fn difference(shape: Shape, before: i64, now: i64) -> Option<u64> {
    match shape.kind() {
        Some(Kind::Decimal(_)) => now.checked_sub(before).map(zigzag),
        Some(Kind::Float) => Some((before ^ now).cast_unsigned().reverse_bits()),
        None => Some(0),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(in crate::store) fn any_number() -> impl Strategy<Value = Number> {
        prop_oneof![
            4 => (-20_000i64..20_000, -3i8..1)
                .prop_map(|(mantissa, exponent)| Number::Decimal { mantissa, exponent }),
            1 => (any::<i64>(), -18i8..=18)
                .prop_map(|(mantissa, exponent)| Number::Decimal { mantissa, exponent }),
            2 => any::<f32>()
                .prop_filter("finite", |value| value.is_finite())
                .prop_map(|value| Number::Float(f64::from(value))),
            1 => any::<f64>()
                .prop_filter("finite", |value| value.is_finite())
                .prop_map(Number::Float),
        ]
    }

    pub(in crate::store) fn any_reason() -> impl Strategy<Value = Reason> {
        prop_oneof![
            Just(Reason::Timeout),
            Just(Reason::Missing),
            (0u8..128).prop_map(Reason::Refused),
        ]
    }

    pub(in crate::store) fn any_outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            8 => any_number().prop_map(Outcome::Good),
            1 => (any_number(), any_reason()).prop_map(|(n, r)| Outcome::Uncertain(n, r)),
            1 => any_reason().prop_map(Outcome::Bad),
        ]
    }

    /// To the last bit and with the same step, which `==` alone does not ask for.
    pub(in crate::store) fn same(a: &Outcome, b: &Outcome) -> bool {
        split(a) == split(b)
    }

    proptest! {
        #[test]
        fn outcomes_come_back_bit_exact(outcomes in prop::collection::vec(any_outcome(), 0..60)) {
            let (mut out, mut track) = (Vec::new(), Track::default());
            for outcome in &outcomes {
                track.put(&mut out, outcome);
            }
            let (mut bytes, mut track) = (Bytes(&out), Track::default());
            for outcome in &outcomes {
                let back = track.get(&mut bytes).unwrap();
                prop_assert!(same(&back, outcome), "{:?} != {:?}", back, outcome);
            }
            prop_assert!(bytes.is_empty());
        }

        #[test]
        fn garbage_is_an_end_and_never_a_panic(garbage: Vec<u8>) {
            let (mut bytes, mut track) = (Bytes(&garbage), Track::default());
            while track.get(&mut bytes).is_some() {}
        }
    }

    #[test]
    fn a_steady_decimal_costs_one_byte() {
        let (mut out, mut track) = (Vec::new(), Track::default());
        let outcome = |mantissa| {
            Outcome::Good(Number::Decimal {
                mantissa,
                exponent: -1,
            })
        };
        track.put(&mut out, &outcome(15_100));
        let first = out.len();
        track.put(&mut out, &outcome(15_098));
        assert_eq!(out.len(), first + 1);
    }
}
