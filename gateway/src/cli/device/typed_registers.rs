//! Registers and numbers as people type them, and the encodings that fit both.

use super::profile_text::RegisterFit;
use crate::cli::prompt::parse_decimal;
use crate::commissioning::register_inference::{
    InferenceHints, InferenceReason, RegisterHypothesis, rank_hypotheses,
};
use crate::config::ModbusTable;
use crate::config::value_syntax::parse_register;
use crate::domain::ExactNumber;

/// Possible encodings that are offered to a person.
pub(super) const FITS_SHOWN_MAX: usize = 8;

/// Encodings that give the value on the display, the likeliest first; only one when it is certain.
pub(super) fn find_fits(words: &[u16], shown: &str, unit: &str) -> Vec<RegisterFit> {
    let hints = InferenceHints {
        unit,
        display: ExactNumber::parse(shown),
        ..InferenceHints::default()
    };
    let ranking = rank_hypotheses(&[words], &hints);
    let fits = |one: &&RegisterHypothesis| !one.reasons.contains(&InferenceReason::NotDisplay);
    let fit = |one: &RegisterHypothesis| RegisterFit {
        encoding: one.encoding,
        twin: one.twin,
        words: one.words,
        exponent: one.power,
    };
    let count = if ranking.certain { 1 } else { FITS_SHOWN_MAX };
    let fitting = ranking.hypotheses.iter().filter(fits);
    fitting.take(count).map(fit).collect()
}

/// Number on a display as an exact decimal: with a decimal comma, a typographic minus, or its unit
/// behind it.
pub(super) fn plain_number(text: &str, unit: &str) -> Option<String> {
    let text = text.trim().replace('−', "-").replace(',', ".");
    let text = text.strip_suffix(unit).unwrap_or(&text).trim();
    parse_decimal(text).map(|_| text.to_owned())
}

/// The difference of two decimals with the digits of both.
pub(super) fn subtract_exactly(shown: &str, offset: &str) -> Option<String> {
    let (shown, shown_places) = ExactNumber::parse(shown)?.decimal_parts()?;
    let (offset, offset_places) = ExactNumber::parse(offset)?.decimal_parts()?;
    let places = shown_places.max(offset_places);
    let steps = |mantissa: i64, own: u8| {
        let power = 10i64.checked_pow(u32::from(places - own))?;
        mantissa.checked_mul(power)
    };
    let difference = steps(shown, shown_places)?.checked_sub(steps(offset, offset_places)?)?;
    Some(ExactNumber::with_places(difference, places)?.to_string())
}

/// Table and, where it is typed with the table, the address: `holding`, `3`, `input:0`.
pub(super) fn parse_table(text: &str) -> Option<(&'static str, Option<u16>)> {
    if let Some((table, address)) = parse_register(text) {
        return match table {
            ModbusTable::Holding => Some(("holding", Some(address))),
            ModbusTable::Input => Some(("input", Some(address))),
            ModbusTable::Coil | ModbusTable::Discrete => None,
        };
    }
    match text.to_lowercase().as_str() {
        "holding" | "h" | "3" | "03" | "4x" => Some(("holding", None)),
        "input" | "i" | "4" | "04" | "3x" => Some(("input", None)),
        _ => None,
    }
}

/// Address or register, decimal or hexadecimal.
pub(super) fn parse_register_number(text: &str) -> Option<u16> {
    match text.strip_prefix("0x") {
        Some(hex) => u16::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Register words, decimal or hexadecimal; `None` unless there are 1, 2 or 4.
pub(super) fn parse_register_words(text: &str) -> Option<Vec<u16>> {
    // Numbers in profiles have 16, 32 or 64 bits.
    parse_any_words(text).filter(|words| [1, 2, 4].contains(&words.len()))
}

/// Register words of any number.
pub(super) fn parse_any_words(text: &str) -> Option<Vec<u16>> {
    let parts = text.split([' ', ',', '[', ']']);
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(parse_register_number).collect()
}

/// The first one, two and four of these words: which of them are the value, the display says.
pub(super) fn value_lengths(words: &[u16]) -> Vec<Vec<u16>> {
    let lengths = [1, 2, 4]
        .into_iter()
        .filter(|length| *length <= words.len());
    lengths.map(|length| words[..length].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_is_read_as_people_type_it() {
        let number = |text: &str, unit: &str| plain_number(text, unit);
        assert_eq!(number("−1,00", "°C").as_deref(), Some("-1.00"));
        assert_eq!(number("230,5 V", "V").as_deref(), Some("230.5"));
        assert_eq!(number("1.234,5", "kWh"), None);
        assert_eq!(number("many", ""), None);
        assert_eq!(subtract_exactly("12.5", "-40").as_deref(), Some("52.5"));
        assert_eq!(subtract_exactly("1", "0.25").as_deref(), Some("0.75"));
        assert_eq!(subtract_exactly("9223372036854775807", "-1"), None);
    }

    #[test]
    fn a_table_may_be_typed_with_its_address() {
        assert_eq!(parse_table("holding"), Some(("holding", None)));
        assert_eq!(parse_table("input:0x10"), Some(("input", Some(16))));
        assert_eq!(parse_table("04"), Some(("input", None)));
        assert_eq!(parse_table("coil:1"), None);
    }
}
