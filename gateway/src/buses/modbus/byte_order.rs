//! Register words to an unscaled value: word order, data type, bit range. The scale is applied in
//! `decode`.

use crate::config::{ModbusPoint, RegisterEncoding, WordOrder};
use crate::domain::widen_single;

/// Value in a point's registers before scale and checks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum UnscaledValue {
    /// Count of the device's own steps.
    Integer(i64),
    /// IEEE 754 number; may be infinite or NaN.
    Float(f64),
    /// No number: BCD digits above 9, an integer beyond `i64`, or text.
    Invalid,
}

/// Puts registers into big-endian order (`Abcd`), in place.
pub(super) fn to_big_endian(words: &mut [u16], order: WordOrder) {
    if matches!(order, WordOrder::Badc | WordOrder::Dcba) {
        for word in words.iter_mut() {
            *word = word.swap_bytes();
        }
    }
    if matches!(order, WordOrder::Cdab | WordOrder::Dcba) {
        words.reverse();
    }
}

/// Returns the registers of a number (at most four) as one big-endian bit pattern.
pub(super) fn bit_pattern(access: &ModbusPoint, words: &[u16]) -> u64 {
    let mut buffer = [0; 4];
    let used = words.len().min(4);
    let straight = &mut buffer[..used];
    straight.copy_from_slice(&words[..used]);
    to_big_endian(straight, effective_order(access));
    straight
        .iter()
        .fold(0, |bits, word| (bits << 16) | u64::from(*word))
}

/// Returns the word order to apply: for a point whose halves are read from two addresses only the
/// bytes of each word may be swapped, since the high half is already first.
pub(super) fn effective_order(access: &ModbusPoint) -> WordOrder {
    match (access.high, access.words) {
        (None, order) => order,
        (Some(_), WordOrder::Abcd | WordOrder::Cdab) => WordOrder::Abcd,
        (Some(_), WordOrder::Badc | WordOrder::Dcba) => WordOrder::Badc,
    }
}

/// Returns the value in a bit pattern, or in the point's bit range of it.
pub(super) fn unscaled_value(access: &ModbusPoint, bits: u64) -> UnscaledValue {
    let float = matches!(
        access.encoding,
        RegisterEncoding::F32 | RegisterEncoding::F64
    );
    // A bit range of a floating-point value has no meaning.
    if let Some((low, high)) = access.bits.filter(|_| !float) {
        let width = u32::from(high.saturating_sub(low)) + 1;
        let mask = 1u64.checked_shl(width).map_or(u64::MAX, |top| top - 1);
        let part = bits.checked_shr(low.into()).unwrap_or(0) & mask;
        return match access.encoding {
            RegisterEncoding::Bool => UnscaledValue::Integer((part != 0).into()),
            _ => i64::try_from(part).map_or(UnscaledValue::Invalid, UnscaledValue::Integer),
        };
    }
    interpret_bits(access.encoding, bits)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "the pattern is reinterpreted in the width that the type has"
)]
fn interpret_bits(encoding: RegisterEncoding, bits: u64) -> UnscaledValue {
    match encoding {
        RegisterEncoding::Bool => UnscaledValue::Integer((bits != 0).into()),
        RegisterEncoding::U16 => UnscaledValue::Integer((bits as u16).into()),
        RegisterEncoding::I16 => UnscaledValue::Integer((bits as u16 as i16).into()),
        RegisterEncoding::U32 => UnscaledValue::Integer((bits as u32).into()),
        RegisterEncoding::I32 => UnscaledValue::Integer((bits as u32 as i32).into()),
        RegisterEncoding::I64 => UnscaledValue::Integer(bits as i64),
        // 64-bit values above `i64::MAX` have no exact decimal here; no device counts so far.
        RegisterEncoding::U64 => {
            i64::try_from(bits).map_or(UnscaledValue::Invalid, UnscaledValue::Integer)
        }
        RegisterEncoding::F32 => UnscaledValue::Float(widen_single(f32::from_bits(bits as u32))),
        RegisterEncoding::F64 => UnscaledValue::Float(f64::from_bits(bits)),
        RegisterEncoding::Bcd16 => bcd_value(bits, 4),
        RegisterEncoding::Bcd32 => bcd_value(bits, 8),
        RegisterEncoding::Text(_) => UnscaledValue::Invalid,
    }
}

fn bcd_value(bits: u64, count: u32) -> UnscaledValue {
    let mut value = 0;
    for place in (0..count).rev() {
        let digit = (bits >> (4 * place)) & 0xf;
        if digit > 9 {
            return UnscaledValue::Invalid;
        }
        value = value * 10 + digit;
    }
    i64::try_from(value).map_or(UnscaledValue::Invalid, UnscaledValue::Integer)
}
