//! Delta codec of one point's outcomes, used by journal rows and the memtable.
//!
//! An even varint repeats the shape (quality, reason, exponent) of the outcome before and carries
//! the difference of the value; 1 is followed by a new shape. A steady decimal costs one byte.

use super::varint::{ByteReader, put, put_signed_varint, zigzag_decode, zigzag_encode};
use crate::domain::{ExactNumber, QualityReason, SampleOutcome, narrow_double, widen_single};

/// Bits of a shape's first byte beside the quality: which encoding its number has.
const HEAD_FLOAT: u8 = 4;
const HEAD_SINGLE: u8 = 8;

/// Encoding of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum NumberEncoding {
    /// Integer in steps of this power of ten.
    Decimal(i8),
    /// IEEE 754 double.
    Float,
    /// Double of at most the digits of a single, kept as the single (`widen_single`).
    Single,
}

/// An outcome without the bits of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum OutcomeShape {
    Good(NumberEncoding),
    Uncertain(NumberEncoding, QualityReason),
    Bad(QualityReason),
}

/// Splits an outcome into shape and bits: the mantissa, or the bits of the double or single.
pub(super) fn split_outcome(outcome: &SampleOutcome) -> (OutcomeShape, i64) {
    let number = |number: ExactNumber| match number {
        ExactNumber::Decimal { mantissa, exponent } => {
            (NumberEncoding::Decimal(exponent), mantissa)
        }
        ExactNumber::Float(value) => match narrow_double(value) {
            Some(single) => (NumberEncoding::Single, single.to_bits().into()),
            None => (NumberEncoding::Float, value.to_bits().cast_signed()),
        },
    };
    match *outcome {
        SampleOutcome::Good(value) => {
            let (kind, bits) = number(value);
            (OutcomeShape::Good(kind), bits)
        }
        SampleOutcome::Uncertain(value, reason) => {
            let (kind, bits) = number(value);
            (OutcomeShape::Uncertain(kind, reason), bits)
        }
        SampleOutcome::Bad(reason) => (OutcomeShape::Bad(reason), 0),
    }
}

/// Inverse of `split`.
pub(super) fn join(shape: OutcomeShape, bits: i64) -> SampleOutcome {
    let number = |kind| match kind {
        NumberEncoding::Decimal(exponent) => ExactNumber::Decimal {
            mantissa: bits,
            exponent,
        },
        NumberEncoding::Float => ExactNumber::Float(f64::from_bits(bits.cast_unsigned())),
        NumberEncoding::Single => ExactNumber::Float(widen_single(single_of(bits))),
    };
    match shape {
        OutcomeShape::Good(kind) => SampleOutcome::Good(number(kind)),
        OutcomeShape::Uncertain(kind, reason) => SampleOutcome::Uncertain(number(kind), reason),
        OutcomeShape::Bad(reason) => SampleOutcome::Bad(reason),
    }
}

impl OutcomeShape {
    /// Returns the encoding of the number, if there is one.
    pub(super) fn number_encoding(self) -> Option<NumberEncoding> {
        match self {
            Self::Good(kind) | Self::Uncertain(kind, _) => Some(kind),
            Self::Bad(_) => None,
        }
    }

    /// Returns the shape without the reason `undated`.
    pub(super) fn without_undated(self) -> Self {
        match self {
            Self::Uncertain(kind, QualityReason::Undated) => Self::Good(kind),
            other => other,
        }
    }

    /// Appends the shape: quality and encoding in one byte, then reason and exponent.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let (quality, kind, reason) = match self {
            Self::Good(kind) => (0, Some(kind), None),
            Self::Uncertain(kind, reason) => (1, Some(kind), Some(reason)),
            Self::Bad(reason) => (2, None, Some(reason)),
        };
        let encoding = match kind {
            Some(NumberEncoding::Float) => HEAD_FLOAT,
            Some(NumberEncoding::Single) => HEAD_SINGLE,
            Some(NumberEncoding::Decimal(_)) | None => 0,
        };
        out.push(quality | encoding);
        out.extend(reason.map(QualityReason::code));
        if let Some(NumberEncoding::Decimal(exponent)) = kind {
            out.push(exponent.cast_unsigned());
        }
    }

    /// Reads a shape; `None` for an invalid code.
    pub(super) fn read(bytes: &mut ByteReader<'_>) -> Option<Self> {
        let head = bytes.read_byte()?;
        let reason = match head & 3 {
            0 => None,
            _ => Some(QualityReason::from_code(bytes.read_byte()?)?),
        };
        if head & 3 == 2 {
            return Some(Self::Bad(reason?));
        }
        let kind = match head & !3 {
            0 => NumberEncoding::Decimal(bytes.read_byte()?.cast_signed()),
            HEAD_FLOAT => NumberEncoding::Float,
            HEAD_SINGLE => NumberEncoding::Single,
            _ => return None,
        };
        match (head & 3, reason) {
            (0, None) => Some(Self::Good(kind)),
            (1, Some(reason)) => Some(Self::Uncertain(kind, reason)),
            _ => None,
        }
    }
}

/// State of the codec between two outcomes of a point; the same on both ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DeltaCodec {
    shape: Option<OutcomeShape>,
    bits: i64,
}

impl DeltaCodec {
    /// Appends an outcome.
    pub(super) fn put(&mut self, out: &mut Vec<u8>, outcome: &SampleOutcome) {
        let (shape, bits) = split_outcome(outcome);
        let step = bit_difference(shape, self.bits, bits);
        if self.shape == Some(shape)
            // One bit of the varint is the marker: a greater difference takes the long form.
            && let Some(step) = step.filter(|step| *step < 1 << 62)
        {
            put(out, step << 1);
        } else {
            out.push(1);
            shape.write(out);
            match shape.number_encoding() {
                Some(NumberEncoding::Decimal(_)) => {
                    put_signed_varint(out, bits.wrapping_sub(self.bits));
                }
                Some(NumberEncoding::Float) => out.extend(bits.to_le_bytes()),
                Some(NumberEncoding::Single) => out.extend(single_of(bits).to_le_bytes()),
                None => {}
            }
        }
        self.shape = Some(shape);
        // A gap keeps the last value, so that the first value after it is a small difference again.
        if shape.number_encoding().is_some() {
            self.bits = bits;
        }
    }

    /// Reads the next outcome.
    pub(super) fn decode(&mut self, bytes: &mut ByteReader<'_>) -> Option<SampleOutcome> {
        let word = bytes.read_varint()?;
        if word == 1 {
            let shape = OutcomeShape::read(bytes)?;
            self.bits = match shape.number_encoding() {
                Some(NumberEncoding::Decimal(_)) => {
                    self.bits.wrapping_add(bytes.read_signed_varint()?)
                }
                Some(NumberEncoding::Float) => i64::from_le_bytes(bytes.take(8)?.try_into().ok()?),
                Some(NumberEncoding::Single) => {
                    u32::from_le_bytes(bytes.take(4)?.try_into().ok()?).into()
                }
                None => self.bits,
            };
            self.shape = Some(shape);
            return Some(join(shape, self.bits));
        }
        // Odd words other than 1 are never written, so they mean garbage.
        let shape = self.shape.filter(|_| word & 1 == 0)?;
        self.bits = match shape.number_encoding() {
            Some(NumberEncoding::Decimal(_)) => self.bits.wrapping_add(zigzag_decode(word >> 1)),
            Some(NumberEncoding::Float) => self.bits ^ (word >> 1).reverse_bits().cast_signed(),
            Some(NumberEncoding::Single) => self.bits ^ i64::from(u32::try_from(word >> 1).ok()?),
            None => self.bits,
        };
        Some(join(shape, self.bits))
    }
}

/// Single of which `bits` holds the bits.
pub(super) fn single_of(bits: i64) -> f32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "written from the 32 bits of a single"
    )]
    let bits = bits.cast_unsigned() as u32;
    f32::from_bits(bits)
}

/// Returns the difference as an unsigned number; `None` when it overflows.
fn bit_difference(shape: OutcomeShape, before: i64, now: i64) -> Option<u64> {
    match shape.number_encoding() {
        Some(NumberEncoding::Decimal(_)) => now.checked_sub(before).map(zigzag_encode),
        // Doubles that come from single precision share their low 29 bits: reversed, the XOR is a
        // short varint. Two near singles share their high bits.
        Some(NumberEncoding::Float) => Some((before ^ now).cast_unsigned().reverse_bits()),
        Some(NumberEncoding::Single) => Some((before ^ now).cast_unsigned()),
        None => Some(0),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(in crate::storage) fn any_number() -> impl Strategy<Value = ExactNumber> {
        prop_oneof![
            4 => (-20_000i64..20_000, -3i8..1)
                .prop_map(|(mantissa, exponent)| ExactNumber::Decimal { mantissa, exponent }),
            1 => (any::<i64>(), -18i8..=18)
                .prop_map(|(mantissa, exponent)| ExactNumber::Decimal { mantissa, exponent }),
            2 => any::<f32>()
                .prop_filter("finite", |value| value.is_finite())
                .prop_map(|value| ExactNumber::Float(f64::from(value))),
            2 => any::<f32>()
                .prop_filter("finite", |value| value.is_finite())
                .prop_map(|value| ExactNumber::Float(widen_single(value))),
            1 => any::<f64>()
                .prop_filter("finite", |value| value.is_finite())
                .prop_map(ExactNumber::Float),
        ]
    }

    pub(in crate::storage) fn any_reason() -> impl Strategy<Value = QualityReason> {
        prop_oneof![
            Just(QualityReason::Timeout),
            Just(QualityReason::Missing),
            (0u8..128).prop_map(QualityReason::Refused),
        ]
    }

    pub(in crate::storage) fn any_outcome() -> impl Strategy<Value = SampleOutcome> {
        prop_oneof![
            8 => any_number().prop_map(SampleOutcome::Good),
            1 => (any_number(), any_reason()).prop_map(|(n, r)| SampleOutcome::Uncertain(n, r)),
            1 => any_reason().prop_map(SampleOutcome::Bad),
        ]
    }

    /// To the last bit and with the same step, which `==` alone does not ask for.
    pub(in crate::storage) fn is_bit_identical(a: &SampleOutcome, b: &SampleOutcome) -> bool {
        split_outcome(a) == split_outcome(b)
    }

    proptest! {
        #[test]
        fn outcomes_come_back_bit_exact(outcomes in prop::collection::vec(any_outcome(), 0..60)) {
            let (mut out, mut track) = (Vec::new(), DeltaCodec::default());
            for outcome in &outcomes {
                track.put(&mut out, outcome);
            }
            let (mut bytes, mut track) = (ByteReader(&out), DeltaCodec::default());
            for outcome in &outcomes {
                let back = track.decode(&mut bytes).unwrap();
                prop_assert!(is_bit_identical(&back, outcome), "{:?} != {:?}", back, outcome);
            }
            prop_assert!(bytes.is_empty());
        }

        #[test]
        fn garbage_is_an_end_and_never_a_panic(garbage: Vec<u8>) {
            let (mut bytes, mut track) = (ByteReader(&garbage), DeltaCodec::default());
            while track.decode(&mut bytes).is_some() {}
        }
    }

    #[test]
    fn a_single_that_moves_a_little_costs_four_bytes_at_most() {
        let (mut out, mut track) = (Vec::new(), DeltaCodec::default());
        for single in [225.4171_f32, 225.4302, 224.9871, 226.0012] {
            out.clear();
            track.put(
                &mut out,
                &SampleOutcome::Good(ExactNumber::Float(widen_single(single))),
            );
        }
        assert!(out.len() <= 4, "{} bytes", out.len());
    }

    #[test]
    fn a_steady_decimal_costs_one_byte() {
        let (mut out, mut track) = (Vec::new(), DeltaCodec::default());
        let outcome = |mantissa| {
            SampleOutcome::Good(ExactNumber::Decimal {
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
