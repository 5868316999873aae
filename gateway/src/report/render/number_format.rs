//! Numbers and dates in the style of each language: `1.234,5` and `21 November 2026` in Bahasa
//! Indonesia, `1,234.5` in English.

use crate::domain::UtcMs;
use crate::formulas::claim_rounding;
use crate::i18n::Language;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Sign for a missing value.
pub const NO_VALUE: &str = "–";

/// Formats a number with thousands separators: `1.234,5`.
pub fn format_number(lang: Language, value: f64, decimals: u8) -> String {
    let digits = claim_rounding::nearest_digits(value, decimals);
    lang.locale().grouped_digits(&digits)
}

/// Formats a number for a spreadsheet: decimal mark of the language, no thousands separators, `-`
/// for minus.
pub fn format_plain_number(lang: Language, value: f64, decimals: u8) -> String {
    let digits = claim_rounding::nearest_digits(value, decimals);
    lang.locale().plain_digits(&digits)
}

/// Formats a number with its unit, joined by a no-break space: `1.234,5 kWh`, `Rp 70.700.000`,
/// `45%`.
pub fn format_quantity(lang: Language, value: f64, unit: &str, decimals: u8) -> String {
    let number = format_number(lang, value, decimals);
    match unit {
        "" => number,
        "%" => format!("{number}%"),
        "Rp" => match number.strip_prefix('−') {
            Some(positive) => format!("−Rp\u{a0}{positive}"),
            None => format!("Rp\u{a0}{number}"),
        },
        _ => format!("{number}\u{a0}{unit}"),
    }
}

/// Formats a share (0 to 1) as a percentage: `97,5%`.
pub fn format_percent(lang: Language, share: f64, decimals: u8) -> String {
    format_quantity(lang, share * 100.0, "%", decimals)
}

/// Letters of a place in a list, from 0: A to Z, AA, AB, ...
pub fn place_letters(place: usize) -> String {
    let mut left = place + 1;
    let mut letters = String::new();
    // Base 26 without a zero: after Z comes AA.
    while left > 0 {
        let digit = u8::try_from((left - 1) % 26).unwrap_or(0);
        letters.insert(0, char::from(b'A' + digit));
        left = (left - 1) / 26;
    }
    letters
}

/// Formats a day: `21 November 2026`.
pub fn date(lang: Language, date: Date) -> String {
    lang.locale().format_date(date)
}

/// Formats a day for a narrow column: `21 Nov 2026`.
pub fn format_short_date(lang: Language, date: Date) -> String {
    lang.locale().format_short_date(date)
}

/// Formats a time in a zone: `21 November 2026 10.15 WIB`.
pub fn time(lang: Language, at: UtcMs, zone: &TimeZone) -> String {
    let (local, name) = local_time(at, zone);
    let clock = lang.locale().format_clock(local.time());
    format!("{} {clock} {name}", date(lang, local.date()))
}

/// Formats a time for a narrow column, without the zone: `21 Nov 2026 10.15`.
pub fn format_short_time(lang: Language, at: UtcMs, zone: &TimeZone) -> String {
    let (local, _) = local_time(at, zone);
    let clock = lang.locale().format_clock(local.time());
    format!("{} {clock}", format_short_date(lang, local.date()))
}

/// Returns the local time and the abbreviation of the zone: `WIB`.
pub fn local_time(at: UtcMs, zone: &TimeZone) -> (DateTime, String) {
    let stamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    let name = zone.to_offset_info(stamp).abbreviation().to_owned();
    (zone.to_datetime(stamp), name)
}

/// Formats a time as RFC 3339 in UTC.
pub fn format_rfc3339(at: UtcMs) -> String {
    let stamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.to_string()
}

/// Half-width with its sign: `± 6 kWh`, or as a lower bound `at least ± 6 kWh`.
pub(crate) fn half_width(lang: Language, width: &str, is_least: bool) -> String {
    let text = format!("± {width}");
    if is_least {
        lang.text_with("report-at-least", &[("width", &text)])
    } else {
        text
    }
}

/// The bounds of a figure with the amounts by which it may be smaller or greater for another reason
/// than its uncertainty: `± 6 kWh, perhaps 21 kWh less`. Empty amounts are not told.
pub(crate) fn with_reach(lang: Language, bounds: String, [less, more]: [String; 2]) -> String {
    let said = [("report-perhaps-less", less), ("report-perhaps-more", more)];
    let said = said.into_iter().filter(|(_, amount)| !amount.is_empty());
    let said = said.map(|(key, amount)| lang.text_with(key, &[("amount", &amount)]));
    let all = std::iter::once(bounds).filter(|text| !text.is_empty());
    let all: Vec<String> = all.chain(said).collect();
    all.join(", ")
}

/// Bounds of a figure: `at least` of a lower bound, its half-width, or both; empty without either.
pub(crate) fn figure_bounds(
    lang: Language,
    is_at_least: bool,
    (width, is_width_least): (&str, bool),
) -> String {
    match (is_at_least, width) {
        (false, "") => String::new(),
        (false, width) => half_width(lang, width, is_width_least),
        (true, "") => lang.text("report-lower"),
        (true, width) if is_width_least => {
            let width = format!("± {width}");
            lang.text_with("report-lower-wider", &[("width", &width)])
        }
        (true, width) => format!("{}, ± {width}", lang.text("report-lower")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_written_as_each_language_writes_them() {
        assert_eq!(format_number(Language::Id, 1234.5, 1), "1.234,5");
        assert_eq!(format_number(Language::En, 1234.5, 1), "1,234.5");
        assert_eq!(format_number(Language::Id, -0.04, 1), "0,0");
        assert_eq!(format_number(Language::Id, -1_234_567.0, 0), "−1.234.567");
        assert_eq!(format_plain_number(Language::Id, -1234.56, 1), "-1234,6");
        assert_eq!(format_number(Language::En, 999.999, 2), "1,000.00");
        assert_eq!(
            format_quantity(Language::Id, 7.07e7, "Rp", 0),
            "Rp\u{a0}70.700.000"
        );
        assert_eq!(format_quantity(Language::En, -5.0, "Rp", 0), "−Rp\u{a0}5");
        assert_eq!(format_percent(Language::Id, 0.9754, 1), "97,5%");
    }

    #[test]
    fn dates_are_written_as_each_language_writes_them() {
        let day = Date::constant(2026, 8, 2);
        assert_eq!(date(Language::Id, day), "2 Agustus 2026");
        assert_eq!(format_short_date(Language::Id, day), "2 Agu 2026");
        assert_eq!(date(Language::En, day), "2 August 2026");
    }

    #[test]
    fn a_bound_and_the_least_width_of_it_are_two_things() {
        let said = |is_at_least, width| {
            let both = [Language::Id, Language::En];
            both.map(|lang| figure_bounds(lang, is_at_least, width))
        };
        assert_eq!(said(false, ("", true)), ["", ""]);
        assert_eq!(said(true, ("", true)), ["paling sedikit", "at least"]);
        assert_eq!(
            said(true, ("6 kWh", false)),
            ["paling sedikit, ± 6 kWh", "at least, ± 6 kWh"]
        );
        assert_eq!(
            said(true, ("6 kWh", true)),
            [
                "paling sedikit, ± 6 kWh atau lebih",
                "at least, ± 6 kWh or more"
            ]
        );
        assert_eq!(
            said(false, ("6 kWh", true)),
            ["minimal ± 6 kWh", "at least ± 6 kWh"]
        );
    }

    #[test]
    fn letters_go_on_after_z() {
        let letters = [0, 25, 26, 27, 701, 702].map(place_letters);
        assert_eq!(letters, ["A", "Z", "AA", "AB", "ZZ", "AAA"]);
    }

    #[test]
    fn a_moment_is_shown_on_the_sites_clock() {
        let zone = TimeZone::get("Asia/Makassar").unwrap();
        let at = UtcMs(1_795_229_100_000);
        assert_eq!(format_rfc3339(at), "2026-11-21T02:45:00Z");
        assert_eq!(time(Language::Id, at, &zone), "21 November 2026 10.45 WITA");
        assert_eq!(
            format_short_time(Language::En, at, &zone),
            "21 Nov 2026 10:45"
        );
    }

    proptest! {
        #[test]
        fn a_written_number_reads_back_within_half_a_digit(
            value in -1e9..1e9_f64, decimals in 0_u8..6, indonesian: bool
        ) {
            let lang = if indonesian { Language::Id } else { Language::En };
            let (thousands, decimal) = if indonesian { ('.', ',') } else { (',', '.') };
            let text = format_number(lang, value, decimals).replace(thousands, "");
            let read: f64 = text.replace(decimal, ".").replace('−', "-").parse().unwrap();
            let half = 0.5 / 10_f64.powi(i32::from(decimals));
            prop_assert!((read - value).abs() <= half * 1.0001 + value.abs() * 1e-15);
            let unmarked = format_plain_number(lang, value, decimals);
            prop_assert_eq!(unmarked, text.replace('−', "-"));
        }
    }
}
