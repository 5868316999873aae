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

/// Number as a reader of the language writes it: `8.113,5` in Indonesian. The sign that groups
/// thousands there is a decimal sign where it cannot group (`107.15`). `None` for no number.
pub(crate) fn parse_reader_number(text: &str, lang: Language) -> Option<ExactNumber> {
    let text: String = text.split_whitespace().collect();
    let mark = lang.locale().decimal_mark;
    let group = if mark == ',' { '.' } else { ',' };
    let (whole, part) = match text.rsplit_once(mark) {
        Some((whole, part)) => (whole, Some(part)),
        None => (&*text, None),
    };
    let digits = whole.trim_start_matches('-');
    let mut groups = digits.split(group);
    let first = groups.next().unwrap_or_default();
    let mut rest = groups.peekable();
    let is_single = rest.peek().is_none();
    let is_grouped =
        (1..=3).contains(&first.len()) && !first.starts_with('0') && rest.all(|one| one.len() == 3);
    let number = match part {
        Some(part) if is_single || is_grouped => {
            format!("{}.{part}", whole.replace(group, ""))
        }
        Some(_) => return None,
        None if is_grouped => whole.replace(group, ""),
        None => whole.replace(group, "."),
    };
    ExactNumber::parse(&number)
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
    fn a_number_is_read_as_the_reader_of_the_language_writes_it() {
        let read = |text, lang| parse_reader_number(text, lang).map(ExactNumber::to_f64);
        for (text, lang, value) in [
            ("8.113,5", Language::Id, Some(8113.5)),
            ("8,113.5", Language::En, Some(8113.5)),
            ("1.234.567", Language::Id, Some(1_234_567.0)),
            ("8.113", Language::Id, Some(8113.0)),
            ("8.113", Language::En, Some(8.113)),
            ("107.15", Language::Id, Some(107.15)),
            ("107,15", Language::Id, Some(107.15)),
            ("0.125", Language::Id, Some(0.125)),
            ("8 113,5", Language::Id, Some(8113.5)),
            ("8.11,5", Language::Id, None),
            ("banyak", Language::Id, None),
            ("", Language::Id, None),
        ] {
            assert_eq!(read(text, lang), value, "{text}");
        }
    }

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
