//! Numbers and dates as people write them: `1.234,5` and `21 November 2026` in Bahasa Indonesia,
//! `1,234.5` in English. The only place that rounds for the eye.

use crate::model::UtcMs;
use crate::report::value::{Measure, Rounding};
use crate::words::Lang;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// What stands for a value that is not there.
pub const NONE: &str = "–";

/// A number with its thousands marked: `1.234,5`.
pub fn number(lang: Lang, value: f64, decimals: u8) -> String {
    written(lang, value, decimals, true)
}

/// A number for a spreadsheet to read: the decimal mark of the language, no thousands, `-` for
/// minus.
pub fn plain(lang: Lang, value: f64, decimals: u8) -> String {
    written(lang, value, decimals, false)
}

/// A number with its unit: `1.234,5 kWh`, `Rp 70.700.000`, `45%`. The space does not break.
pub fn quantity(lang: Lang, value: f64, unit: &str, decimals: u8) -> String {
    let number = number(lang, value, decimals);
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

/// A share of one as a percentage: `97,5%`.
pub fn percent(lang: Lang, share: f64, decimals: u8) -> String {
    quantity(lang, share * 100.0, "%", decimals)
}

/// A day: `21 November 2026`.
pub fn date(lang: Lang, date: Date) -> String {
    let month = lang.text(&format!("report-month-{}", date.month()));
    format!("{} {month} {}", date.day(), date.year())
}

/// A day in a narrow column: `21 Nov 2026`.
pub fn short_date(lang: Lang, date: Date) -> String {
    let month = lang.text(&format!("report-mon-{}", date.month()));
    format!("{} {month} {}", date.day(), date.year())
}

/// A moment in a zone: `21 November 2026 10.15 WIB`.
pub fn time(lang: Lang, at: UtcMs, zone: &TimeZone) -> String {
    let (local, name) = local(at, zone);
    format!("{} {} {name}", date(lang, local.date()), clock(lang, local))
}

/// A moment in a narrow column, without the zone: `21 Nov 2026 10.15`.
pub fn short_time(lang: Lang, at: UtcMs, zone: &TimeZone) -> String {
    let (local, _) = local(at, zone);
    format!("{} {}", short_date(lang, local.date()), clock(lang, local))
}

/// The local time of a moment, and the zone's abbreviation: `WIB`.
pub fn local(at: UtcMs, zone: &TimeZone) -> (DateTime, String) {
    let stamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    let name = zone.to_offset_info(stamp).abbreviation().to_owned();
    (zone.to_datetime(stamp), name)
}

/// A moment as RFC 3339 in UTC.
pub fn rfc3339(at: UtcMs) -> String {
    let stamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.to_string()
}

fn clock(lang: Lang, local: DateTime) -> String {
    let mark = match lang {
        Lang::Id => '.',
        Lang::En => ':',
    };
    format!("{:02}{mark}{:02}", local.hour(), local.minute())
}

fn written(lang: Lang, value: f64, decimals: u8, for_people: bool) -> String {
    let measure = Measure {
        unit: String::new(),
        decimals: i8::try_from(decimals).unwrap_or(i8::MAX),
        rounding: Rounding::Nearest,
    };
    let rounded = measure.round(value);
    let digits = format!("{:.*}", usize::from(decimals), rounded.abs());
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let (thousands, decimal) = match lang {
        Lang::Id => ('.', ','),
        Lang::En => (',', '.'),
    };
    let mut text = String::new();
    if rounded < 0.0 {
        text.push(if for_people { '−' } else { '-' });
    }
    for (index, digit) in whole.chars().enumerate() {
        if for_people && index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(thousands);
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push(decimal);
        text.push_str(fraction);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_written_as_each_language_writes_them() {
        assert_eq!(number(Lang::Id, 1234.5, 1), "1.234,5");
        assert_eq!(number(Lang::En, 1234.5, 1), "1,234.5");
        assert_eq!(number(Lang::Id, -0.04, 1), "0,0");
        assert_eq!(number(Lang::Id, -1_234_567.0, 0), "−1.234.567");
        assert_eq!(plain(Lang::Id, -1234.56, 1), "-1234,6");
        assert_eq!(number(Lang::En, 999.999, 2), "1,000.00");
        assert_eq!(quantity(Lang::Id, 7.07e7, "Rp", 0), "Rp\u{a0}70.700.000");
        assert_eq!(quantity(Lang::En, -5.0, "Rp", 0), "−Rp\u{a0}5");
        assert_eq!(percent(Lang::Id, 0.9754, 1), "97,5%");
    }

    #[test]
    fn dates_are_written_as_each_language_writes_them() {
        let day = Date::constant(2026, 8, 2);
        assert_eq!(date(Lang::Id, day), "2 Agustus 2026");
        assert_eq!(short_date(Lang::Id, day), "2 Agu 2026");
        assert_eq!(date(Lang::En, day), "2 August 2026");
    }

    #[test]
    fn a_moment_is_shown_on_the_sites_clock() {
        let zone = TimeZone::get("Asia/Makassar").unwrap();
        let at = UtcMs(1_795_229_100_000);
        assert_eq!(rfc3339(at), "2026-11-21T02:45:00Z");
        assert_eq!(time(Lang::Id, at, &zone), "21 November 2026 10.45 WITA");
        assert_eq!(short_time(Lang::En, at, &zone), "21 Nov 2026 10:45");
    }

    proptest! {
        #[test]
        fn a_written_number_reads_back_within_half_a_digit(
            value in -1e9..1e9_f64, decimals in 0_u8..6, indonesian: bool
        ) {
            let lang = if indonesian { Lang::Id } else { Lang::En };
            let (thousands, decimal) = if indonesian { ('.', ',') } else { (',', '.') };
            let text = number(lang, value, decimals).replace(thousands, "");
            let read: f64 = text.replace(decimal, ".").replace('−', "-").parse().unwrap();
            let half = 0.5 / 10_f64.powi(i32::from(decimals));
            prop_assert!((read - value).abs() <= half * 1.0001 + value.abs() * 1e-15);
            let unmarked = plain(lang, value, decimals);
            prop_assert_eq!(unmarked, text.replace('−', "-"));
        }
    }
}
