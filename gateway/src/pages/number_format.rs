//! Numbers with the separators of the language: 1.234,5 in Indonesian, 1,234.5 in English.

use crate::domain::ExactNumber;
use crate::formulas::claim_rounding::nearest_digits;
use crate::i18n::Language;

/// The number with grouped digits.
pub(crate) fn format_number(number: ExactNumber, lang: Language) -> String {
    let digits = nearest_digits(number.to_f64(), number.shown_places());
    lang.locale().grouped_digits(&digits)
}

/// A count with grouped digits.
pub(crate) fn format_count(count: u64, lang: Language) -> String {
    lang.locale().grouped_digits(&count.to_string())
}

/// A size in decimal units: `12,3 MB`.
pub(crate) fn format_bytes(bytes: u64, lang: Language) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    // Tenths of a kilobyte: whole numbers are exact at any size.
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < units.len() {
        tenths /= 1000;
        unit += 1;
    }
    let digits = format!("{}.{}", tenths / 10, tenths % 10);
    format!("{} {}", lang.locale().grouped_digits(&digits), units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_its_own_marks() {
        let power = ExactNumber::Decimal {
            mantissa: 12345,
            exponent: -1,
        };
        assert_eq!(format_number(power, Language::Id), "1.234,5");
        assert_eq!(format_number(power, Language::En), "1,234.5");
        assert_eq!(
            format_number(ExactNumber::Float(-0.25), Language::Id),
            "\u{2212}0,2500"
        );
        assert_eq!(format_count(1_003_120, Language::Id), "1.003.120");
        assert_eq!(format_bytes(12_345_678, Language::Id), "12,3 MB");
        assert_eq!(format_bytes(999, Language::En), "0.9 kB");
    }
}
