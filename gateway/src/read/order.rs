//! Registers as they came to the value that the device meant: word order, type, bits. No scale
//! here.

use crate::config::{Encoding, Point, WordOrder};

/// What registers say before scale and checks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Raw {
    /// A count of the device's own steps.
    Integer(i64),
    /// An IEEE 754 number, perhaps not finite.
    Float(f64),
    /// No number: bad BCD digits, more than an `i64` holds, text.
    Invalid,
}

/// Puts registers into big-endian order, in place.
pub(super) fn straighten(words: &mut [u16], order: WordOrder) {
    if matches!(order, WordOrder::Badc | WordOrder::Dcba) {
        for word in words.iter_mut() {
            *word = word.swap_bytes();
        }
    }
    if matches!(order, WordOrder::Cdab | WordOrder::Dcba) {
        words.reverse();
    }
}

/// The registers of a number (at most four) as one big-endian bit pattern.
pub(super) fn pattern(point: &Point, words: &[u16]) -> u64 {
    let mut buffer = [0; 4];
    let used = words.len().min(4);
    let straight = &mut buffer[..used];
    straight.copy_from_slice(&words[..used]);
    straighten(straight, effective_order(point));
    straight
        .iter()
        .fold(0, |bits, word| (bits << 16) | u64::from(*word))
}

/// Halves that are read from two places are handed over high half first; only their bytes may be
/// swapped.
pub(super) fn effective_order(point: &Point) -> WordOrder {
    match (point.high, point.words) {
        (None, order) => order,
        (Some(_), WordOrder::Abcd | WordOrder::Cdab) => WordOrder::Abcd,
        (Some(_), WordOrder::Badc | WordOrder::Dcba) => WordOrder::Badc,
    }
}

/// The value in a bit pattern.
pub(super) fn raw(point: &Point, bits: u64) -> Raw {
    let float = matches!(point.encoding, Encoding::F32 | Encoding::F64);
    if let Some((low, high)) = point.bits.filter(|_| !float) {
        let width = u32::from(high.saturating_sub(low)) + 1;
        let mask = 1u64.checked_shl(width).map_or(u64::MAX, |top| top - 1);
        let part = bits.checked_shr(low.into()).unwrap_or(0) & mask;
        return match point.encoding {
            Encoding::Bool => Raw::Integer((part != 0).into()),
            _ => i64::try_from(part).map_or(Raw::Invalid, Raw::Integer),
        };
    }
    plain(point.encoding, bits)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "the pattern is reinterpreted in the width that the type has"
)]
fn plain(encoding: Encoding, bits: u64) -> Raw {
    match encoding {
        Encoding::Bool => Raw::Integer((bits != 0).into()),
        Encoding::U16 => Raw::Integer((bits as u16).into()),
        Encoding::I16 => Raw::Integer((bits as u16 as i16).into()),
        Encoding::U32 => Raw::Integer((bits as u32).into()),
        Encoding::I32 => Raw::Integer((bits as u32 as i32).into()),
        Encoding::I64 => Raw::Integer(bits as i64),
        Encoding::U64 => i64::try_from(bits).map_or(Raw::Invalid, Raw::Integer),
        Encoding::F32 => Raw::Float(f32::from_bits(bits as u32).into()),
        Encoding::F64 => Raw::Float(f64::from_bits(bits)),
        Encoding::Bcd16 => digits(bits, 4),
        Encoding::Bcd32 => digits(bits, 8),
        Encoding::Text(_) => Raw::Invalid,
    }
}

fn digits(bits: u64, count: u32) -> Raw {
    let mut value = 0;
    for place in (0..count).rev() {
        let digit = (bits >> (4 * place)) & 0xf;
        if digit > 9 {
            return Raw::Invalid;
        }
        value = value * 10 + digit;
    }
    i64::try_from(value).map_or(Raw::Invalid, Raw::Integer)
}
