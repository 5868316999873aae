//! Numbers as people write them: 1.234,5 in Bahasa Indonesia, 1,234.5 in English.

use crate::model::Number;
use crate::words::Lang;

/// Decimal places that are shown at most.
const PLACES_MAX: u8 = 4;

/// Decimal places of a value: those of the device's own step; for a float so many that four digits
/// or more are seen.
pub(super) fn places(number: Number) -> u8 {
    match number {
        Number::Decimal { exponent, .. } => exponent.min(0).unsigned_abs().min(PLACES_MAX),
        Number::Float(value) => match value.abs() {
            size if size < 5e-5 => 0,
            size if size >= 1000.0 => 0,
            size if size >= 100.0 => 1,
            size if size >= 10.0 => 2,
            size if size >= 1.0 => 3,
            _ => PLACES_MAX,
        },
    }
}

/// The number in full, for a page.
pub(super) fn number(number: Number, lang: Lang) -> String {
    let places = usize::from(places(number));
    grouped(&format!("{:.places$}", number.to_f64()), lang)
}

/// A count, for a page.
pub(super) fn count(count: u64, lang: Lang) -> String {
    grouped(&count.to_string(), lang)
}

/// Bytes, for a page: `12,3 MB`.
pub(super) fn bytes(bytes: u64, lang: Lang) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < units.len() {
        tenths /= 1000;
        unit += 1;
    }
    let text = grouped(&format!("{}.{}", tenths / 10, tenths % 10), lang);
    format!("{text} {}", units[unit])
}

fn grouped(text: &str, lang: Lang) -> String {
    let (group, point) = match lang {
        Lang::Id => ('.', ','),
        Lang::En => (',', '.'),
    };
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text), |digits| ("\u{2212}", digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let mut out = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(group);
        }
        out.push(digit);
    }
    if !part.is_empty() {
        out.push(point);
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_its_own_marks() {
        let power = Number::Decimal {
            mantissa: 12345,
            exponent: -1,
        };
        assert_eq!(number(power, Lang::Id), "1.234,5");
        assert_eq!(number(power, Lang::En), "1,234.5");
        assert_eq!(number(Number::Float(-0.25), Lang::Id), "\u{2212}0,2500");
        assert_eq!(count(1_003_120, Lang::Id), "1.003.120");
        assert_eq!(bytes(12_345_678, Lang::Id), "12,3 MB");
        assert_eq!(bytes(999, Lang::En), "0.9 kB");
    }
}
