//! Parser of values as loggers and spreadsheets write them: decimal comma or decimal point,
//! thousands grouped or not. A value that can mean two numbers stays open until the column, or an
//! option, decides.

use super::parse_number;
use crate::domain::ExactNumber;
use crate::ledger::has_multiplier;
use drivers::units::{self, UnitOfMeasure};
use std::borrow::Cow;

/// Decimal separator of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalSeparator {
    /// `1234,5`, thousands as `1.234`.
    Comma,
    /// `1234.5`, thousands as `1,234`.
    Point,
}

impl DecimalSeparator {
    /// Parses the command line word `comma` or `point`.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Comma, Self::Point]
            .into_iter()
            .find(|sign| sign.word() == word)
    }

    /// Word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Point => "point",
        }
    }

    fn as_char(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Point => '.',
        }
    }

    fn opposite(self) -> Self {
        match self {
            Self::Comma => Self::Point,
            Self::Point => Self::Comma,
        }
    }
}

/// Evidence that one value gives about the decimal separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeparatorEvidence {
    /// No separator at all, or no number.
    Nothing,
    /// This separator stands before decimals in this value.
    Decimals(DecimalSeparator),
    /// `1.234` is a thousand and something, or one and a fraction.
    Either,
}

/// Texts that loggers write where they have no value.
const MISSING_VALUE_WORDS: [&str; 17] = [
    "-",
    "--",
    "---",
    "nan",
    "na",
    "n/a",
    "#n/a",
    "null",
    "none",
    "unavailable",
    "unknown",
    "no data",
    "nodata",
    "error",
    "err",
    "kosong",
    "tidak ada",
];

/// Whether a cell states that there is no value.
pub(super) fn is_missing_value(text: &str) -> bool {
    text.is_empty() || MISSING_VALUE_WORDS.contains(&text.to_lowercase().as_str())
}

/// Digits of a value, and the unit behind them (`45,2 kWh`); a text that is no unit stays with the
/// digits.
pub(super) fn split_value_unit(text: &str) -> (&str, Option<&'static UnitOfMeasure>) {
    let text = text.trim();
    let is_letter = |sign: char| sign.is_alphabetic() || "%°µ".contains(sign);
    let spaced = text.rsplit_once(char::is_whitespace);
    let joined = || Some(text.split_at(text.find(is_letter)?));
    let Some((digits, unit)) = spaced.or_else(joined) else {
        return (text, None);
    };
    let digits = digits.trim_end();
    match units::find_unit(unit).filter(|_| digits.ends_with(|sign: char| sign.is_ascii_digit())) {
        Some(unit) => (digits, Some(unit)),
        None => (text, None),
    }
}

/// Whether a value is a number with what multiplies it behind: `120 ribu`, `120 k`, `120 ×1000`.
pub(super) fn is_multiplied_value(text: &str) -> bool {
    let text = text.trim();
    let is_end = |sign: char| !(sign.is_ascii_digit() || ".,".contains(sign));
    let at = text.find(is_end).filter(|at| *at > 0);
    let behind = at.map_or("", |at| text[at..].trim());
    has_multiplier(text) || ["k", "K", "M", "B"].contains(&behind)
}

/// Evidence of one value about the decimal separator.
pub(super) fn separator_evidence(text: &str) -> SeparatorEvidence {
    let (digits, exponent) = split_exponent(text);
    let signs = digits.matches([',', '.']).count();
    let Some(at) = digits.rfind([',', '.']) else {
        return SeparatorEvidence::Nothing;
    };
    let last = if digits[at..].starts_with(',') {
        DecimalSeparator::Comma
    } else {
        DecimalSeparator::Point
    };
    let (whole, part) = (&digits[..at], &digits[at + 1..]);
    // `0.125` cannot be a group of thousands: no group begins with a zero.
    let is_group = part.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
    match (signs, whole.contains(last.as_char())) {
        (1, _) if is_group && exponent.is_empty() => SeparatorEvidence::Either,
        // The same separator twice groups thousands.
        (_, true) => SeparatorEvidence::Decimals(last.opposite()),
        _ => SeparatorEvidence::Decimals(last),
    }
}

/// Digits with their separators, and the exponent behind them.
fn split_exponent(text: &str) -> (&str, &str) {
    let digits = text.trim_start_matches(SIGNS);
    let end = digits.find(['e', 'E']).unwrap_or(digits.len());
    digits.split_at(end)
}

/// Number under a decimal separator; `None` when the text is no number under it.
pub(super) fn parse_grouped_number(text: &str, sign: DecimalSeparator) -> Option<ExactNumber> {
    let text = join_spaced_groups(text.trim())?;
    let minus = if text.starts_with(MINUS_SIGNS) {
        "-"
    } else {
        ""
    };
    let bare = text.strip_prefix(SIGNS).unwrap_or(&text);
    let (digits, exponent) = split_exponent(bare);
    // A second sign in front (`--5`) is left over.
    if digits.len() + exponent.len() != bare.len() {
        return None;
    }
    let (whole, part) = match digits.split_once(sign.as_char()) {
        Some((whole, part)) => (whole, Some(part)),
        None => (digits, None),
    };
    let whole = strip_grouping(whole, sign.opposite().as_char())?;
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_plain(&whole) || part.is_some_and(|part| !is_plain(part)) {
        return None;
    }
    let part = part.map_or(String::new(), |part| format!(".{part}"));
    parse_number(&format!("{minus}{whole}{part}{exponent}"))
}

/// Signs before a number: U+2212 is the minus of typeset tables.
const SIGNS: [char; 3] = ['-', '+', '\u{2212}'];
const MINUS_SIGNS: [char; 2] = ['-', '\u{2212}'];

/// Number without spaces between groups of three digits (`1 234,5`); `None` when a space stands
/// elsewhere.
fn join_spaced_groups(text: &str) -> Option<Cow<'_, str>> {
    let mut groups = text.split(char::is_whitespace);
    let first = groups.next()?;
    let lead = first.trim_start_matches(SIGNS);
    let mut all = Cow::Borrowed(first);
    let mut is_open = (1..=3).contains(&lead.len()) && lead.bytes().all(|b| b.is_ascii_digit());
    for group in groups {
        let digits = group.bytes().take_while(u8::is_ascii_digit).count();
        if digits != 3 || !is_open {
            return None;
        }
        // Behind decimals no further group follows.
        is_open = group.len() == digits;
        all.to_mut().push_str(group);
    }
    Some(all)
}

/// Digits without the separator that groups thousands; `None` when groups do not have three digits.
fn strip_grouping(digits: &str, sign: char) -> Option<String> {
    let mut groups = digits.split(sign);
    let first = groups.next()?;
    let mut all = first.to_owned();
    for group in groups {
        if group.len() != 3 || !(1..=3).contains(&first.len()) {
            return None;
        }
        all.push_str(group);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str, sign: DecimalSeparator) -> Option<String> {
        parse_grouped_number(text, sign).map(|number| number.to_string())
    }

    #[test]
    fn a_value_is_read_with_the_sign_of_its_column() {
        use DecimalSeparator::{Comma, Point};
        for (text, sign, right) in [
            ("28,9", Comma, "28.9"),
            ("28.9", Point, "28.9"),
            ("1.234,50", Comma, "1234.50"),
            ("1,234.50", Point, "1234.50"),
            ("1.234", Comma, "1234"),
            ("1.234", Point, "1.234"),
            ("-0,5", Comma, "-0.5"),
            ("+7", Comma, "7"),
            ("1,5e3", Comma, "1500"),
            ("1 234,5", Comma, "1234.5"),
            ("12\u{a0}345\u{202f}678", Point, "12345678"),
            ("\u{2212}0,5", Comma, "-0.5"),
        ] {
            assert_eq!(
                value(text, sign).and_then(|text| text.parse::<f64>().ok()),
                right.parse().ok(),
                "{text}"
            );
        }
        for (text, sign) in [
            ("28.9", Comma),
            ("28,9", Point),
            ("1.23.4", Comma),
            ("", Point),
            ("-", Point),
            ("5.", Point),
            ("--5", Point),
            ("5 kg", Point),
            ("1 23", Point),
            ("2025 100", Comma),
            ("1 2345", Comma),
            ("1e", Point),
            ("inf", Point),
        ] {
            assert_eq!(value(text, sign), None, "{text}");
        }
    }

    #[test]
    fn a_value_shows_the_sign_before_decimals_where_it_can_mean_one_thing() {
        use DecimalSeparator::{Comma, Point};
        for (text, shown) in [
            ("28,9", SeparatorEvidence::Decimals(Comma)),
            ("0.125", SeparatorEvidence::Decimals(Point)),
            ("1.234,5", SeparatorEvidence::Decimals(Comma)),
            ("1.234.567", SeparatorEvidence::Decimals(Comma)),
            ("1234.567", SeparatorEvidence::Decimals(Point)),
            ("1.234e2", SeparatorEvidence::Decimals(Point)),
            ("1.234", SeparatorEvidence::Either),
            ("-1,234", SeparatorEvidence::Either),
            ("1234", SeparatorEvidence::Nothing),
        ] {
            assert_eq!(separator_evidence(text), shown, "{text}");
        }
    }

    #[test]
    fn a_unit_behind_the_digits_is_taken_off_where_it_is_one() {
        for (text, digits, unit) in [
            ("45,2 kWh", "45,2", Some("kWh")),
            ("45.2kWh", "45.2", Some("kWh")),
            ("12 m3", "12", Some("m3")),
            ("-3,5 °C", "-3,5", Some("degC")),
            ("1.5e3 W", "1.5e3", Some("W")),
            ("1e3", "1e3", None),
            ("12 karung", "12 karung", None),
            ("kWh", "kWh", None),
            ("", "", None),
        ] {
            let (found, said) = split_value_unit(text);
            assert_eq!(
                (found, said.map(|unit| unit.symbol)),
                (digits, unit),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[-+0-9.,eE é°Wh]{0,16}") {
            let _ = split_value_unit(&text);
            let _ = (separator_evidence(&text), is_missing_value(&text));
            let _ = parse_grouped_number(&text, DecimalSeparator::Comma);
            let _ = parse_grouped_number(&text, DecimalSeparator::Point);
        }

        #[test]
        fn a_number_with_a_decimal_comma_is_the_same_number(
            mantissa in -99_999_999i64..99_999_999, places in 1usize..5,
        ) {
            let scale = 10i64.pow(u32::try_from(places).unwrap());
            let sign = if mantissa < 0 { "-" } else { "" };
            let (whole, part) = (mantissa.abs() / scale, mantissa.abs() % scale);
            let point = format!("{sign}{whole}.{part:0places$}");
            let comma = point.replace('.', ",");
            let with_comma = parse_grouped_number(&comma, DecimalSeparator::Comma).unwrap();
            let with_point = parse_grouped_number(&point, DecimalSeparator::Point).unwrap();
            prop_assert_eq!(with_comma.to_f64().to_bits(), with_point.to_f64().to_bits());
        }
    }
}
