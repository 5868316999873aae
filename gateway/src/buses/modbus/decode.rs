//! Registers to an outcome, and a value to registers for simulated devices. Pure.
//!
//! Integers are scaled as decimals, so that 2301 x 0.1 is exactly 230.1; single-precision registers
//! keep their own digits: 225.4171 and not 225.41709899902344. Registers that hold no number give a
//! reason instead of a value.

use super::byte_order::{self, UnscaledValue};
use crate::config::{
    LinearScale, ModbusPoint, ModbusTable, Point, PointAccess, RegisterEncoding, WordOrder,
};
use crate::domain::{ExactNumber, QualityReason, SampleOutcome};
use drivers::units;

/// Largest power of ten that a scale register may ask for (the `SunSpec` sunssf type allows
/// -10..=10).
const SCALE_POWER_MAX: i64 = 10;

/// Decodes one point.
///
/// `words` are its registers as read, `encoding.registers()` of them; those of a point with `high`
/// start with the high half. `context[i]` is the raw integer of point `i` of the same device (see
/// `raw_integer`), `None` where it has none; it may be shorter than the device's point list when
/// this point depends on no other.
pub fn decode_point(point: &Point, words: &[u16], context: &[Option<i64>]) -> SampleOutcome {
    // A capture in a profile may have a wrong length.
    let is_whole = |access: &&ModbusPoint| words.len() == usize::from(access.encoding.registers());
    let Some(access) = point.modbus().filter(is_whole) else {
        return SampleOutcome::Bad(QualityReason::Corrupt);
    };
    decode_number(point, access, words, context)
        .map_or_else(SampleOutcome::Bad, SampleOutcome::Good)
}

fn decode_number(
    point: &Point,
    access: &ModbusPoint,
    words: &[u16],
    context: &[Option<i64>],
) -> Result<ExactNumber, QualityReason> {
    let bits = byte_order::bit_pattern(access, words);
    let raw = byte_order::unscaled_value(access, bits);
    // The "no value" pattern is checked before the partner's value: a device that is idle often
    // reports both, and "missing" is the more exact reason.
    if is_missing(access, bits, raw) {
        return Err(QualityReason::Missing);
    }
    // The point has a meaning only while each of its partners has one of these values.
    let mut conditions = access.valid_when.iter();
    if !conditions.all(|condition| {
        let partner = context.get(condition.point).copied().flatten();
        partner.is_some_and(|raw| condition.holds(raw))
    }) {
        return Err(QualityReason::NotValid);
    }
    let power = scale_power(access, context)?;
    let times = multiplier_of(access, context)?;
    let value = match raw {
        UnscaledValue::Integer(steps) => steps
            .checked_mul(times)
            .and_then(|steps| point.scale.scale_integer(steps, power)),
        UnscaledValue::Float(value) => point.scale.scale_float(multiply_float(value, times), power),
        UnscaledValue::Invalid => None,
    }
    .ok_or(QualityReason::NotANumber)?;
    // Limits are checked after scaling, in the unit of the point: 7fffffff in tenths of a watt is a
    // plausible integer, but no power.
    if !point.allows(value.to_f64()) {
        return Err(QualityReason::OutOfRange);
    }
    Ok(value)
}

/// Replaces a frequency of 0 Hz by "missing" when the device itself calls a power or an energy
/// missing. Such a device measures nothing now (an inverter at night); a stopped variable-speed
/// drive still reports its other values, and a point without limits is taken as reported.
pub(super) fn invalidate_idle_frequencies(points: &[Point], outcomes: &mut [SampleOutcome]) {
    let missing = SampleOutcome::Bad(QualityReason::Missing);
    let is_amount = |point: &Point| {
        units::find_unit(&point.unit)
            .is_some_and(|unit| ["power", "energy"].contains(&unit.quantity))
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

/// Returns the raw integer of a point, as `scale_from` and `valid_when` of other points use it.
pub fn raw_integer(point: &Point, words: &[u16]) -> Option<i64> {
    let access = point.modbus()?;
    if words.len() != usize::from(access.encoding.registers()) {
        return None;
    }
    let bits = byte_order::bit_pattern(access, words);
    match byte_order::unscaled_value(access, bits) {
        raw if is_missing(access, bits, raw) => None,
        UnscaledValue::Integer(value) => Some(value),
        UnscaledValue::Float(_) | UnscaledValue::Invalid => None,
    }
}

/// Decodes a text register: printable ASCII up to the first NUL, without spaces at the ends; `None`
/// when it has other characters or is empty.
pub fn text(point: &Point, words: &[u16]) -> Option<String> {
    let swapped = matches!(point.modbus()?.words, WordOrder::Badc | WordOrder::Dcba);
    let bytes = words.iter().flat_map(|word| {
        let word = if swapped { word.swap_bytes() } else { *word };
        word.to_be_bytes()
    });
    let bytes: Vec<u8> = bytes.take_while(|byte| *byte != 0).collect();
    let text = String::from_utf8(bytes).ok()?;
    // Some devices pad an unused text field with ff.
    let text = text.trim_matches(|c: char| c == ' ' || c == '\u{ff}');
    let printable = text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    (printable && !text.is_empty()).then(|| text.to_owned())
}

/// True when the raw value is one of the point's "no value" codes, written either as the value
/// (-32768) or as the bit pattern (0x8000): data sheets use both.
#[expect(
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "64-bit patterns are compared as they are; a float's `missing` is a small whole number"
)]
fn is_missing(access: &ModbusPoint, bits: u64, raw: UnscaledValue) -> bool {
    access.missing.iter().any(|missing| match raw {
        UnscaledValue::Integer(value) if access.bits.is_some() => value == *missing,
        UnscaledValue::Integer(value) => value == *missing || bits as i64 == *missing,
        UnscaledValue::Float(value) => value == *missing as f64 || bits as i64 == *missing,
        UnscaledValue::Invalid => bits as i64 == *missing,
    })
}

/// Returns the factor that another point of the device holds; 1 when the point has none.
fn multiplier_of(access: &ModbusPoint, context: &[Option<i64>]) -> Result<i64, QualityReason> {
    let Some(partner) = access.multiply_from else {
        return Ok(1);
    };
    let held = context.get(partner).copied().flatten();
    held.ok_or(QualityReason::NotValid)
}

/// Returns the power of ten that other points of the device choose, by their value or by a table.
fn scale_power(access: &ModbusPoint, context: &[Option<i64>]) -> Result<i8, QualityReason> {
    let raw_of = |partner: usize| {
        context
            .get(partner)
            .copied()
            .flatten()
            .ok_or(QualityReason::NotValid)
    };
    let mut sum = match access.scale_from {
        Some(partner) => raw_of(partner)?,
        None => 0,
    };
    for from in &access.powers {
        let raw = raw_of(from.point)?;
        let (_, power) = from
            .table
            .iter()
            .find(|(listed, _)| *listed == raw)
            .ok_or(QualityReason::NotValid)?;
        sum = sum.saturating_add(i64::from(*power));
    }
    let fits = |sum: &i8| i64::from(*sum).abs() <= SCALE_POWER_MAX;
    i8::try_from(sum)
        .ok()
        .filter(fits)
        .ok_or(QualityReason::NotValid)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the ratio of a transformer is small"
)]
fn multiply_float(value: f64, times: i64) -> f64 {
    if times == 1 {
        value
    } else {
        value * times as f64
    }
}

/// Encodes `value` (to the nearest step) as registers, for simulated devices; `None` when the type
/// cannot hold it. Registers of a point with `high` start with the high half. A `scale_from`
/// partner is assumed to be 0.
pub fn encode_value(point: &Point, value: f64) -> Option<Vec<u16>> {
    let (factor, offset) = point.scale.as_floats(0);
    let raw = (value - offset) / factor;
    let access = point.modbus()?;
    let bits = match access.encoding {
        RegisterEncoding::F32 => single_precision_bits(raw)?,
        RegisterEncoding::F64 => raw.is_finite().then_some(raw.to_bits())?,
        encoding => integer_bits(encoding, access.bits, raw)?,
    };
    let mut words: Vec<u16> = bits.to_be_bytes()
        [8 - 2 * usize::from(access.encoding.registers())..]
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    byte_order::to_big_endian(&mut words, byte_order::effective_order(access));
    Some(words)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding to single precision is what the register does"
)]
fn single_precision_bits(raw: f64) -> Option<u64> {
    let single = raw as f32;
    single.is_finite().then(|| single.to_bits().into())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded and held against the type's range before"
)]
fn integer_bits(encoding: RegisterEncoding, bits: Option<(u8, u8)>, raw: f64) -> Option<u64> {
    let value = raw.is_finite().then(|| raw.round() as i128)?;
    let range = match encoding {
        RegisterEncoding::Bool => 0..=1,
        RegisterEncoding::U16 => 0..=i128::from(u16::MAX),
        RegisterEncoding::I16 => i16::MIN.into()..=i16::MAX.into(),
        RegisterEncoding::U32 => 0..=i128::from(u32::MAX),
        RegisterEncoding::I32 => i32::MIN.into()..=i32::MAX.into(),
        // Encoded only as far as it can be decoded: see `plain`.
        RegisterEncoding::U64 => 0..=i128::from(i64::MAX),
        RegisterEncoding::I64 => i64::MIN.into()..=i64::MAX.into(),
        RegisterEncoding::Bcd16 => 0..=9999,
        RegisterEncoding::Bcd32 => 0..=99_999_999,
        RegisterEncoding::F32 | RegisterEncoding::F64 | RegisterEncoding::Text(_) => return None,
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
        RegisterEncoding::Bcd16 | RegisterEncoding::Bcd32 => {
            u64::from_str_radix(&value.to_string(), 16).ok()?
        }
        _ => value as u64,
    })
}

/// One interpretation of registers, for a technician to compare with the device's display.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterInterpretation {
    /// Data type.
    pub encoding: RegisterEncoding,
    /// Word order.
    pub words: WordOrder,
    /// Value in this type and word order.
    pub value: ExactNumber,
}

/// Returns all interpretations of registers that give a number: every type of this length, in every
/// word order that makes a difference.
pub fn interpret_registers(words: &[u16]) -> Vec<RegisterInterpretation> {
    let encodings: &[RegisterEncoding] = match words.len() {
        1 => &[
            RegisterEncoding::U16,
            RegisterEncoding::I16,
            RegisterEncoding::Bcd16,
        ],
        2 => &[
            RegisterEncoding::U32,
            RegisterEncoding::I32,
            RegisterEncoding::F32,
            RegisterEncoding::Bcd32,
        ],
        4 => &[
            RegisterEncoding::U64,
            RegisterEncoding::I64,
            RegisterEncoding::F64,
        ],
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
            let outcome = decode_point(&plain_point(encoding, order), words, &[]);
            outcome.number().map(|value| RegisterInterpretation {
                encoding,
                words: order,
                value,
            })
        })
        .collect()
}

/// Decodes registers as a type, in a word order, times a power of ten; `None` when they hold no
/// number.
pub fn decode_scaled(
    encoding: RegisterEncoding,
    words: WordOrder,
    power: i8,
    registers: &[u16],
) -> Option<ExactNumber> {
    let point = Point {
        scale: LinearScale {
            factor: (1, power),
            ..LinearScale::IDENTITY
        },
        ..plain_point(encoding, words)
    };
    decode_point(&point, registers, &[]).number()
}

/// Returns a point with a type and a word order and nothing else.
fn plain_point(encoding: RegisterEncoding, words: WordOrder) -> Point {
    let access = ModbusPoint::new(ModbusTable::Holding, 0, encoding);
    Point::new("", PointAccess::Modbus(ModbusPoint { words, ..access }))
}

#[cfg(test)]
#[path = "decode_tests.rs"]
pub(super) mod tests;
