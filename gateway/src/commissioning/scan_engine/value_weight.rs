//! Weight of one value: how much likelier its registers are than on any device.

use crate::config::{Point, RegisterEncoding};
use crate::domain::{QualityReason, SampleOutcome};

/// Bits against a profile: an impossible value.
pub(super) const ODD_BITS: f64 = -5.0;
/// Bits against a profile: zero where something should be measured.
const ZERO_BITS: f64 = -1.0;
/// Largest number of bits of a single register.
const VALUE_BITS_MAX: f64 = 12.0;

/// Returns the bits that a point's registers count for the profile; negative against it.
pub(super) fn value_bits(
    point: &Point,
    words: &[u16],
    outcome: SampleOutcome,
    range: Option<(f64, f64)>,
) -> f64 {
    let number = match outcome {
        SampleOutcome::Bad(QualityReason::OutOfRange | QualityReason::NotANumber) => {
            return ODD_BITS;
        }
        SampleOutcome::Bad(_) => return 0.0,
        SampleOutcome::Good(number) | SampleOutcome::Uncertain(number, _) => number.to_f64(),
    };
    if words.iter().all(|word| *word == 0) {
        let measures = range.is_some_and(|(low, _)| low > 0.0);
        return if measures { ZERO_BITS } else { 0.0 };
    }
    let access = point.modbus();
    let float = access.is_some_and(|access| {
        matches!(
            access.encoding,
            RegisterEncoding::F32 | RegisterEncoding::F64
        )
    });
    // A floating-point number of a plausible size is some evidence; an integer always has one.
    let range = range.or(float.then_some((-1e7, 1e7)));
    let Some((low, high)) = range.filter(|(low, high)| low < high) else {
        return 0.0;
    };
    if !(low..=high).contains(&number) {
        return ODD_BITS;
    }
    // A few bits of a register are likely on any device.
    if access.is_some_and(|access| access.bits.is_some()) {
        return 0.0;
    }
    likelihood_bits((value_step(point, number) / (high - low)).min(1.0), words).max(0.0)
}

/// Returns the distance to the next value that the registers can hold.
fn value_step(point: &Point, number: f64) -> f64 {
    let (mantissa, exponent) = point.scale.factor;
    let scale = crate::domain::ExactNumber::Decimal { mantissa, exponent };
    match point.modbus().map(|access| access.encoding) {
        Some(RegisterEncoding::F32) => {
            number.abs().max(f64::MIN_POSITIVE).log2().floor().exp2() * 2f64.powi(-23)
        }
        Some(RegisterEncoding::F64) => number.abs() * 2f64.powi(-52),
        _ => scale.to_f64().abs(),
    }
}

/// Returns the bits by which this probability exceeds that on any device.
pub(super) fn likelihood_bits(probability: f64, words: &[u16]) -> f64 {
    let anywhere: f64 = words
        .iter()
        .map(|word| register_commonness(*word))
        .product();
    (probability / anywhere)
        .log2()
        .clamp(-VALUE_BITS_MAX, VALUE_BITS_MAX)
}

/// Returns the frequency of a register value on any device: zero often, every order of magnitude
/// equally.
fn register_commonness(word: u16) -> f64 {
    match word {
        0 => 0.3,
        word => 0.7 / (f64::from(word) * 65_536f64.ln()),
    }
}
