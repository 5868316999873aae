//! Parsers of durations, sizes, decimals and register addresses; pure functions.
//!
//! ```text
//! parse_duration("1.5 h")       // Some(5400 s)
//! parse_size("64 MiB")          // Some(67_108_864)
//! parse_register("holding:4")   // Some((ModbusTable::Holding, 4))
//! shortest_decimal(0.1)         // Some((1, -1)): 1 x 10^-1
//! ```

use crate::config::{ModbusTable, RegisterEncoding};
use std::time::Duration;

/// Catalogue key of the text that explains the syntax of durations.
pub(crate) const EXPECT_DURATION: &str = "fault-expect-duration";

/// Parses `"10s"`, `"500ms"`, `"5m"`, `"1h"`, `"7d"`; a fraction is allowed.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split_number_and_unit(text)?;
    let milliseconds = match unit {
        "ms" => 1.0,
        "s" => 1e3,
        "m" | "min" => 60e3,
        "h" => 3600e3,
        "d" => 86_400e3,
        _ => return None,
    };
    let total = (number * milliseconds).round();
    // Ten thousand years in milliseconds: well inside the exact range of a double.
    (total <= 3.2e14).then(|| Duration::from_millis(to_whole(total)))
}

/// Parses a size in bytes: `"200 MB"`, `"2GB"`, `"64 MiB"`.
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = split_number_and_unit(text)?;
    let bytes = match unit.to_ascii_lowercase().as_str() {
        "b" | "" => 1.0,
        // Powers of ten for `MB`, powers of two for `MiB` (IEC 80000-13).
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let total = (number * bytes).round();
    (total <= 9e15).then(|| to_whole(total))
}

fn split_number_and_unit(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    number.is_finite().then(|| (number, text[end..].trim()))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "callers hold it between 0 and 2^53"
)]
fn to_whole(value: f64) -> u64 {
    value as u64
}

/// Returns the shortest decimal (mantissa, exponent) that reads back as `value`.
pub(crate) fn decimal(value: f64) -> Option<(i64, i8)> {
    // Rust prints the shortest decimal that reads back: 0.1 stays 1e-1, as it was typed.
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e')?;
    let places = digits.split_once('.').map_or(0, |(_, part)| part.len());
    let mantissa: i64 = digits.replace('.', "").parse().ok()?;
    let exponent = exponent.parse::<i32>().ok()? - i32::try_from(places).ok()?;
    if mantissa == 0 {
        return Some((0, 0));
    }
    // Powers of ten beyond 18 do not fit an i64.
    let exponent = i8::try_from(exponent).ok()?;
    (-18..=18)
        .contains(&exponent)
        .then_some((mantissa, exponent))
}

/// Parses a register: `holding:N`.
pub(crate) fn parse_register(text: &str) -> Option<(ModbusTable, u16)> {
    let (table, address) = text.split_once(':')?;
    Some((parse_table(table)?, parse_address(address)?))
}

/// Returns the register that a number of a document means: `holding:0` for 40001 and 400001,
/// `input:0` for 30001, `discrete:0` for 10001; `None` for other numbers.
pub(crate) fn document_register(number: u32) -> Option<String> {
    let (digits, places) = match number {
        10_001..=49_999 => (number / 10_000, 10_000),
        100_001..=465_536 => (number / 100_000, 100_000),
        _ => return None,
    };
    let table = match digits {
        1 => "discrete",
        3 => "input",
        4 => "holding",
        _ => return None,
    };
    let address = (number % places).checked_sub(1)?;
    let address = u16::try_from(address).ok()?;
    Some(format!("{table}:{address}"))
}

/// Parses a register range: `holding:N-M`, both inclusive.
pub(crate) fn parse_block(text: &str) -> Option<(ModbusTable, u16, u16)> {
    let (table, range) = text.split_once(':')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (parse_address(first)?, parse_address(last)?);
    (first <= last).then_some((parse_table(table)?, first, last))
}

fn parse_table(text: &str) -> Option<ModbusTable> {
    Some(match text.trim() {
        "coil" => ModbusTable::Coil,
        "discrete" => ModbusTable::Discrete,
        "holding" => ModbusTable::Holding,
        "input" => ModbusTable::Input,
        _ => return None,
    })
}

fn parse_address(text: &str) -> Option<u16> {
    let text = text.trim();
    match text.strip_prefix("0x") {
        Some(hex) => u16::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Words of the key `type`, without `string:N`.
pub(crate) const ENCODING_WORDS: &[(&str, RegisterEncoding)] = &[
    ("u16", RegisterEncoding::U16),
    ("i16", RegisterEncoding::I16),
    ("u32", RegisterEncoding::U32),
    ("i32", RegisterEncoding::I32),
    ("u64", RegisterEncoding::U64),
    ("i64", RegisterEncoding::I64),
    ("f32", RegisterEncoding::F32),
    ("f64", RegisterEncoding::F64),
    ("bool", RegisterEncoding::Bool),
    ("bcd16", RegisterEncoding::Bcd16),
    ("bcd32", RegisterEncoding::Bcd32),
];

/// Words of other programs for the types of registers, in small letters without signs.
const ENCODING_SYNONYMS: &[(&str, &str)] = &[
    ("int16", "i16"),
    ("sint16", "i16"),
    ("s16", "i16"),
    ("short", "i16"),
    ("signed", "i16"),
    ("int", "i16"),
    ("uint16", "u16"),
    ("ushort", "u16"),
    ("unsigned", "u16"),
    ("uint", "u16"),
    ("word", "u16"),
    ("int32", "i32"),
    ("sint32", "i32"),
    ("s32", "i32"),
    ("long", "i32"),
    ("dint", "i32"),
    ("uint32", "u32"),
    ("ulong", "u32"),
    ("dword", "u32"),
    ("udint", "u32"),
    ("int64", "i64"),
    ("s64", "i64"),
    ("uint64", "u64"),
    ("float", "f32"),
    ("float32", "f32"),
    ("real", "f32"),
    ("single", "f32"),
    ("float64", "f64"),
    ("double", "f64"),
    ("lreal", "f64"),
    ("bit", "bool"),
    ("boolean", "bool"),
    ("bcd", "bcd16"),
];

/// Returns the word of the key `type` for a word of another program: `i16` for `int16`.
pub(crate) fn encoding_synonym(text: &str) -> Option<&'static str> {
    let is_letter = |c: &char| c.is_ascii_alphanumeric();
    let plain: String = text.to_lowercase().chars().filter(is_letter).collect();
    let synonyms = ENCODING_SYNONYMS.iter().copied();
    let own = ENCODING_WORDS.iter().map(|(word, _)| (*word, *word));
    synonyms
        .chain(own)
        .find(|(word, _)| *word == plain)
        .map(|(_, own)| own)
}

/// Parses a word of the key `type`.
pub(crate) fn parse_encoding(text: &str) -> Option<RegisterEncoding> {
    if let Some(length) = text.strip_prefix("string:") {
        let registers: u16 = length.parse().ok()?;
        return (1..=125)
            .contains(&registers)
            .then_some(RegisterEncoding::Text(registers));
    }
    ENCODING_WORDS
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, encoding)| *encoding)
}

/// Parses a bit range, lowest and highest bit: `3`, `"0-3"`, `"0..3"`, `"0:3"` or `[0, 3]`.
pub(crate) fn parse_bit_range(value: &toml::Value) -> Option<(u8, u8)> {
    let bit = |value: &toml::Value| u8::try_from(value.as_integer()?).ok();
    let (a, b) = match value {
        toml::Value::Integer(_) => (bit(value)?, bit(value)?),
        toml::Value::Array(pair) if pair.len() == 2 => (bit(&pair[0])?, bit(&pair[1])?),
        toml::Value::String(text) => {
            let (a, b) = text
                .split_once("..=")
                .or_else(|| text.split_once(".."))
                .or_else(|| text.split_once(['-', ':']))
                .unwrap_or((text, text));
            (a.trim().parse().ok()?, b.trim().parse().ok()?)
        }
        _ => return None,
    };
    Some((a.min(b), a.max(b)))
}

/// Parses an integer: `-1`, `17`, `0x8000`.
pub(crate) fn parse_integer(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Returns one integer or a list of them as a list.
pub(crate) fn parse_integers(value: &toml::Value) -> Option<Vec<i64>> {
    match value {
        toml::Value::Integer(one) => Some(vec![*one]),
        toml::Value::Array(many) => many.iter().map(toml::Value::as_integer).collect(),
        _ => None,
    }
}

/// True for 1 to 64 letters, digits, `-` and `_`.
pub(crate) fn is_id(text: &str) -> bool {
    // Safe in an MQTT topic, an InfluxDB tag and a file name.
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=64).contains(&text.len()) && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let ms = |text| parse_duration(text).map(|d| d.as_millis());
        assert_eq!(ms("500ms"), Some(500));
        assert_eq!(ms("10s"), Some(10_000));
        assert_eq!(ms("1.5 h"), Some(5_400_000));
        assert_eq!(ms("7d"), Some(604_800_000));
        assert_eq!(ms("10"), None);
        assert_eq!(ms("soon"), None);
        assert_eq!(ms("-1s"), None);
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(parse_size("200 MB"), Some(200_000_000));
        assert_eq!(parse_size("1GiB"), Some(1 << 30));
        assert_eq!(parse_size("many"), None);
    }

    #[test]
    fn a_scale_is_the_decimal_that_was_typed() {
        assert_eq!(decimal(0.1), Some((1, -1)));
        assert_eq!(decimal(0.001), Some((1, -3)));
        assert_eq!(decimal(-2.5), Some((-25, -1)));
        assert_eq!(decimal(1000.0), Some((1, 3)));
        assert_eq!(decimal(0.0), Some((0, 0)));
        assert_eq!(decimal(f64::INFINITY), None);
    }

    #[test]
    fn a_bit_range_may_be_written_in_three_ways() {
        let read = |text: &str| {
            let table: toml::Table = text.parse().unwrap();
            parse_bit_range(&table["b"])
        };
        assert_eq!(read("b = 3"), Some((3, 3)));
        assert_eq!(read("b = '0-3'"), Some((0, 3)));
        assert_eq!(read("b = [8, 15]"), Some((8, 15)));
        assert_eq!(read("b = true"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,24}") {
            let _ = (parse_duration(&text), parse_size(&text));
            let _ = (parse_register(&text), parse_block(&text), parse_encoding(&text));
        }

        #[test]
        fn a_decimal_reads_back_as_the_same_double(
            mantissa in -1_000_000i64..1_000_000,
            e in -9i32..9,
        ) {
            let value: f64 = format!("{mantissa}e{e}").parse().unwrap();
            let (m, x) = decimal(value).unwrap();
            let again: f64 = format!("{m}e{x}").parse().unwrap();
            prop_assert_eq!(again.to_bits(), value.to_bits());
        }
    }
}
