//! Registers to an outcome, and back for simulated devices. Pure.
//!
//! Integers are scaled as decimals, so that 2301 x 0.1 is 230.1 and nothing else; a
//! single-precision register is widened, which is exact. What cannot be a number is a reason, never
//! a number.

use super::order::{self, Raw};
use crate::config::{Encoding, Point, Scale, WordOrder};
use crate::model::{Number, Outcome, Reason};
use drivers::units;

/// The greatest power of ten that a scale register may ask for (`SunSpec` allows -10..=10).
const SCALE_POWER_MAX: i64 = 10;

/// One point's outcome.
///
/// `words` are its registers as they came, `encoding.registers()` of them; those of a point with
/// `high` start with the high half. `context[i]` is the raw integer of point `i` of the same device
/// (see `raw_integer`), `None` where it has none; it may be shorter than the device's point list
/// when this point leans on no other.
pub fn decode(point: &Point, words: &[u16], context: &[Option<i64>]) -> Outcome {
    if words.len() != usize::from(point.encoding.registers()) {
        return Outcome::Bad(Reason::Corrupt);
    }
    number(point, words, context).map_or_else(Outcome::Bad, Outcome::Good)
}

fn number(point: &Point, words: &[u16], context: &[Option<i64>]) -> Result<Number, Reason> {
    let bits = order::pattern(point, words);
    let raw = order::raw(point, bits);
    if is_missing(point, bits, raw) {
        return Err(Reason::Missing);
    }
    if let Some((partner, values)) = &point.valid_when {
        let partner = context.get(*partner).copied().flatten();
        if !partner.is_some_and(|value| values.contains(&value)) {
            return Err(Reason::NotValid);
        }
    }
    let power = scale_power(point, context)?;
    let times = times(point, context)?;
    let value = match raw {
        Raw::Integer(steps) => steps
            .checked_mul(times)
            .and_then(|steps| scale_integer(steps, point.scale, power)),
        Raw::Float(value) => scale_float(value, times, point.scale, power),
        Raw::Invalid => None,
    }
    .ok_or(Reason::NotANumber)?;
    let size = value.to_f64();
    if point.min.is_some_and(|min| size < min) || point.max.is_some_and(|max| size > max) {
        return Err(Reason::OutOfRange);
    }
    Ok(value)
}

/// Takes back frequencies of 0 Hz beside a power or an energy that the device itself calls missing:
/// it measures nothing now. A drive that stands still says its other values, and a point without
/// limits is taken as the device says it.
pub(super) fn take_back_frequencies(points: &[Point], outcomes: &mut [Outcome]) {
    let missing = Outcome::Bad(Reason::Missing);
    let is_amount = |point: &Point| {
        units::find(&point.unit).is_some_and(|unit| ["power", "energy"].contains(&unit.quantity))
    };
    let mut both = points.iter().zip(outcomes.iter());
    if !both.any(|(point, outcome)| *outcome == missing && is_amount(point)) {
        return;
    }
    for (point, outcome) in points.iter().zip(outcomes) {
        let zero = outcome
            .number()
            .is_some_and(|number| number.to_f64() == 0.0);
        if zero && &*point.quantity == "frequency" && point.max.is_some() {
            *outcome = missing;
        }
    }
}

/// The raw integer of a point, as `scale_from` and `valid_when` of its neighbours use it.
pub fn raw_integer(point: &Point, words: &[u16]) -> Option<i64> {
    if words.len() != usize::from(point.encoding.registers()) {
        return None;
    }
    let bits = order::pattern(point, words);
    match order::raw(point, bits) {
        raw if is_missing(point, bits, raw) => None,
        Raw::Integer(value) => Some(value),
        Raw::Float(_) | Raw::Invalid => None,
    }
}

/// What the registers of a text say: printable characters up to the first NUL, without blanks at
/// the ends; `None` when there are others, or none at all.
pub fn text(point: &Point, words: &[u16]) -> Option<String> {
    let swapped = matches!(point.words, WordOrder::Badc | WordOrder::Dcba);
    let bytes = words.iter().flat_map(|word| {
        let word = if swapped { word.swap_bytes() } else { *word };
        word.to_be_bytes()
    });
    let bytes: Vec<u8> = bytes.take_while(|byte| *byte != 0).collect();
    let text = String::from_utf8(bytes).ok()?;
    let text = text.trim_matches(|c: char| c == ' ' || c == '\u{ff}');
    let printable = text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    (printable && !text.is_empty()).then(|| text.to_owned())
}

/// A "no value" may be written as the value (-32768) or as the pattern (0x8000) of the document.
#[expect(
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "64-bit patterns are compared as they are; a float's `missing` is a small whole number"
)]
fn is_missing(point: &Point, bits: u64, raw: Raw) -> bool {
    point.missing.iter().any(|missing| match raw {
        Raw::Integer(value) if point.bits.is_some() => value == *missing,
        Raw::Integer(value) => value == *missing || bits as i64 == *missing,
        Raw::Float(value) => value == *missing as f64 || bits as i64 == *missing,
        Raw::Invalid => bits as i64 == *missing,
    })
}

/// The factor that another point of the device holds, 1 when none does.
fn times(point: &Point, context: &[Option<i64>]) -> Result<i64, Reason> {
    let Some(partner) = point.multiply_from else {
        return Ok(1);
    };
    let held = context.get(partner).copied().flatten();
    held.ok_or(Reason::NotValid)
}

/// The power of ten that other points of the device choose: by their value, or by a table.
fn scale_power(point: &Point, context: &[Option<i64>]) -> Result<i8, Reason> {
    let raw_of = |partner: usize| {
        context
            .get(partner)
            .copied()
            .flatten()
            .ok_or(Reason::NotValid)
    };
    let mut sum = match point.scale_from {
        Some(partner) => raw_of(partner)?,
        None => 0,
    };
    for from in &point.powers {
        let raw = raw_of(from.point)?;
        let (_, power) = from
            .table
            .iter()
            .find(|(listed, _)| *listed == raw)
            .ok_or(Reason::NotValid)?;
        sum = sum.saturating_add(i64::from(*power));
    }
    let fits = |sum: &i8| i64::from(*sum).abs() <= SCALE_POWER_MAX;
    i8::try_from(sum).ok().filter(fits).ok_or(Reason::NotValid)
}

fn scale_integer(steps: i64, scale: Scale, power: i8) -> Option<Number> {
    let (factor, exponent) = scale.factor;
    let mut exponent = i32::from(exponent) + i32::from(power);
    let mut mantissa = i128::from(steps) * i128::from(factor);
    let (offset, offset_exponent) = scale.offset;
    if offset != 0 {
        let step = exponent.min(offset_exponent.into());
        mantissa = shift(mantissa, exponent - step)?
            .checked_add(shift(offset.into(), i32::from(offset_exponent) - step)?)?;
        exponent = step;
    }
    while exponent < -18 || i64::try_from(mantissa).is_err() {
        if mantissa % 10 != 0 {
            return None;
        }
        mantissa /= 10;
        exponent += 1;
    }
    let exponent = i8::try_from(exponent).ok().filter(|e| *e <= 18)?;
    Some(Number::Decimal {
        mantissa: i64::try_from(mantissa).ok()?,
        exponent,
    })
}

fn shift(mantissa: i128, places: i32) -> Option<i128> {
    mantissa.checked_mul(10i128.checked_pow(u32::try_from(places).ok()?)?)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the ratio of a transformer is small"
)]
fn scale_float(value: f64, times: i64, scale: Scale, power: i8) -> Option<Number> {
    let value = if times == 1 {
        value
    } else {
        value * times as f64
    };
    if scale == Scale::ONE && power == 0 {
        return value.is_finite().then_some(Number::Float(value));
    }
    let (factor, offset) = as_floats(scale, power);
    let scaled = value * factor + offset;
    scaled.is_finite().then_some(Number::Float(scaled))
}

fn as_floats(scale: Scale, power: i8) -> (f64, f64) {
    let float = |(mantissa, exponent): (i64, i8), power: i8| {
        Number::Decimal {
            mantissa,
            exponent: exponent.saturating_add(power),
        }
        .to_f64()
    };
    (float(scale.factor, power), float(scale.offset, 0))
}

/// Registers that decode to `value` (to the nearest step), for simulated devices; `None` when the
/// type cannot hold it. Those of a point with `high` start with the high half. A `scale_from`
/// partner is taken as 0.
pub fn encode(point: &Point, value: f64) -> Option<Vec<u16>> {
    let (factor, offset) = as_floats(point.scale, 0);
    let raw = (value - offset) / factor;
    let bits = match point.encoding {
        Encoding::F32 => narrow(raw)?,
        Encoding::F64 => raw.is_finite().then_some(raw.to_bits())?,
        encoding => integer_bits(encoding, point.bits, raw)?,
    };
    let mut words: Vec<u16> = bits.to_be_bytes()[8 - 2 * usize::from(point.encoding.registers())..]
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    order::straighten(&mut words, order::effective_order(point));
    Some(words)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding to single precision is what the register does"
)]
fn narrow(raw: f64) -> Option<u64> {
    let single = raw as f32;
    single.is_finite().then(|| single.to_bits().into())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded and held against the type's range before"
)]
fn integer_bits(encoding: Encoding, bits: Option<(u8, u8)>, raw: f64) -> Option<u64> {
    let value = raw.is_finite().then(|| raw.round() as i128)?;
    let range = match encoding {
        Encoding::Bool => 0..=1,
        Encoding::U16 => 0..=i128::from(u16::MAX),
        Encoding::I16 => i16::MIN.into()..=i16::MAX.into(),
        Encoding::U32 => 0..=i128::from(u32::MAX),
        Encoding::I32 => i32::MIN.into()..=i32::MAX.into(),
        Encoding::U64 => 0..=i128::from(i64::MAX),
        Encoding::I64 => i64::MIN.into()..=i64::MAX.into(),
        Encoding::Bcd16 => 0..=9999,
        Encoding::Bcd32 => 0..=99_999_999,
        Encoding::F32 | Encoding::F64 | Encoding::Text(_) => return None,
    };
    if !range.contains(&value) {
        return None;
    }
    if let Some((low, high)) = bits {
        let width = u32::from(high.checked_sub(low)?) + 1;
        let fits = value >= 0 && (width >= 64 || value < 1i128 << width);
        return fits.then(|| (value as u64) << low);
    }
    Some(match encoding {
        Encoding::Bcd16 | Encoding::Bcd32 => u64::from_str_radix(&value.to_string(), 16).ok()?,
        _ => value as u64,
    })
}

/// One way to read registers, for the technician to compare with the device's display.
#[derive(Clone, Debug, PartialEq)]
pub struct Interpretation {
    /// Type.
    pub encoding: Encoding,
    /// Word order.
    pub words: WordOrder,
    /// What it would mean.
    pub value: Number,
}

/// All plausible meanings of registers: every type that takes just so many, in every word order
/// that makes a difference.
pub fn interpretations(words: &[u16]) -> Vec<Interpretation> {
    let encodings: &[Encoding] = match words.len() {
        1 => &[Encoding::U16, Encoding::I16, Encoding::Bcd16],
        2 => &[Encoding::U32, Encoding::I32, Encoding::F32, Encoding::Bcd32],
        4 => &[Encoding::U64, Encoding::I64, Encoding::F64],
        _ => &[],
    };
    let orders: &[WordOrder] = match words.len() {
        1 => &[WordOrder::Abcd, WordOrder::Badc],
        _ => &[
            WordOrder::Abcd,
            WordOrder::Cdab,
            WordOrder::Badc,
            WordOrder::Dcba,
        ],
    };
    let pairs = encodings
        .iter()
        .flat_map(|e| orders.iter().map(|o| (*e, *o)));
    pairs
        .filter_map(|(encoding, order)| {
            let outcome = decode(&bare(encoding, order), words, &[]);
            outcome.number().map(|value| Interpretation {
                encoding,
                words: order,
                value,
            })
        })
        .collect()
}

/// Registers as a type, in an order, times a power of ten; `None` for what is no number.
pub fn scaled(
    encoding: Encoding,
    words: WordOrder,
    power: i8,
    registers: &[u16],
) -> Option<Number> {
    let point = Point {
        scale: Scale {
            factor: (1, power),
            ..Scale::ONE
        },
        ..bare(encoding, words)
    };
    decode(&point, registers, &[]).number()
}

/// A point with nothing but type and order.
fn bare(encoding: Encoding, words: WordOrder) -> Point {
    Point {
        name: "".into(),
        table: crate::config::Table::Holding,
        address: 0,
        high: None,
        encoding,
        words,
        bits: None,
        scale: Scale::ONE,
        unit: "".into(),
        quantity: "".into(),
        counter: false,
        wraps_at: None,
        min: None,
        max: None,
        missing: Vec::new(),
        scale_from: None,
        multiply_from: None,
        powers: Vec::new(),
        valid_when: None,
        about: crate::config::About::default(),
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
pub(super) mod tests;
