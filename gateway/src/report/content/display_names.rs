//! Printed names of indicators, units and periods, and numbers within sentences.

use crate::domain::ExactNumber;
use crate::domain::indicator::IndicatorRemark;
use crate::domain::parse_finite;
use crate::domain::period::Period;
use crate::formulas::claim_rounding::decimal_magnitude;
use crate::i18n::Language;
use crate::ledger::IndicatorDefinitions;
use crate::report::render::number_format;
use jiff::civil::{Date, DateTime};

/// Letters of a day, `2026-11-12`.
const DAY_LETTERS: usize = 10;
/// Significant digits of a number within a sentence or an equation.
const SIGNIFICANT_DIGITS: i32 = 6;
/// Decimals of a number in a sentence beyond which it is rounded.
const SENTENCE_DECIMALS_MAX: usize = 6;
/// Printed form of unit symbols. Units that are words have a message key instead.
const PRINTED_UNITS: &[(&str, &str)] = &[
    ("CO2", "CO₂"),
    ("CH4", "CH₄"),
    ("N2O", "N₂O"),
    ("m3", "m³"),
    ("m2", "m²"),
    ("degC", "°C"),
    ("%RH", "%"),
];

/// Last parts of the ids of figures that belong to an indicator of the ledger.
const LEDGER_PARTS: [&str; 3] = ["effect", "target", "baseline"];

/// Name of an indicator in one language; its id when it has none.
pub fn indicator_name(definitions: &IndicatorDefinitions, lang: Language, id: &str) -> String {
    if let Some(definition) = written_definition(definitions, id) {
        return definition.name.text(lang).to_owned();
    }
    for part in LEDGER_PARTS {
        let of = id
            .strip_suffix(part)
            .and_then(|rest| rest.strip_suffix('.'));
        if let Some(of) = of {
            let name = indicator_name(definitions, lang, of);
            return lang.text_with(&format!("chapters-{part}-of"), &[("name", &name)]);
        }
    }
    measured_name(lang, id)
}

/// Name of a figure that is no record; its id without one.
fn measured_name(lang: Language, id: &str) -> String {
    let key = format!("indicator-{}", id.replace(['.', '_'], "-"));
    lang.find_text(&key).unwrap_or_else(|| id.to_owned())
}

/// Definition of the ledger indicator with the id `ledger.ID`.
pub(crate) fn written_definition<'a>(
    definitions: &'a IndicatorDefinitions,
    id: &str,
) -> Option<&'a crate::ledger::IndicatorDefinition> {
    definitions.find(id.strip_prefix("ledger.")?)
}

/// A remark as a sentence, with a capital letter and a final mark.
pub fn remark_sentence(lang: Language, remark: &IndicatorRemark) -> String {
    // Arguments are numbers as text with a decimal point, whatever the language.
    let args: Vec<(&str, String)> = remark
        .args
        .iter()
        .map(|(name, value)| match *name {
            "figure" => (*name, measured_name(lang, value)),
            "key" => (*name, setting_name(lang, value)),
            "unit" => (*name, unit_text(lang, value)),
            "usual" => (*name, range_text(lang, value)),
            _ => (*name, local_text(lang, value)),
        })
        .collect();
    let args: Vec<(&str, &str)> = args.iter().map(|(k, v)| (*k, v.as_str())).collect();
    // A number without a unit leaves two spaces in the sentence.
    to_sentence(&lang.text_with(&remark.key, &args).replace("  ", " "))
}

/// Name of a number of the configuration, by its key.
fn setting_name(lang: Language, key: &str) -> String {
    let name = lang.find_text(&format!("chapters-setting-{}", key.replace('_', "-")));
    name.unwrap_or_else(|| key.to_owned())
}

/// A range such as `0.2..=1 L/kWh`, as the language writes it.
fn range_text(lang: Language, text: &str) -> String {
    let Some((low, rest)) = text.split_once("..=") else {
        return local_text(lang, text);
    };
    let (high, unit) = rest.split_once(' ').unwrap_or((rest, ""));
    let [low, high] = [low, high].map(|number| local_text(lang, number));
    let both = lang.text_with("chapters-range", &[("low", &low), ("high", &high)]);
    format!("{both} {}", unit_text(lang, unit))
        .trim_end()
        .to_owned()
}

/// A text as a sentence.
pub(crate) fn to_sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    let mut text: String = first.into_iter().flatten().chain(letters).collect();
    if !text.is_empty() && !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

/// A day, a local time or a number given as text, as the language writes it.
fn local_text(lang: Language, text: &str) -> String {
    // `2026-11-12T10:12:00` is a date, too, and what is no number stays as it is.
    if text.contains('T')
        && let Ok(time) = text.parse::<DateTime>()
    {
        let clock = lang.locale().format_clock(time.time());
        return format!("{} {clock}", number_format::date(lang, time.date()));
    }
    match text.parse::<Date>() {
        Ok(day) if text.len() == DAY_LETTERS => number_format::date(lang, day),
        _ => localise_number(lang, text),
    }
}

/// A number given as text, with the decimal mark of the language.
fn localise_number(lang: Language, text: &str) -> String {
    // Without a point it is a count or a year, which needs no decimal mark.
    let number = parse_finite(text).filter(|_| text.contains('.'));
    let Some(number) = number else {
        return text.to_owned();
    };
    let decimals = text.split_once('.').map_or(0, |(_, digits)| digits.len());
    if decimals > SENTENCE_DECIMALS_MAX {
        // 53.800000000000004 is what binary sums leave of 53.8.
        let short = ExactNumber::Float(number).short_digits();
        return lang.locale().plain_digits(&short);
    }
    lang.locale().plain_digits(text)
}

/// A unit as printed.
pub(crate) fn unit_text(lang: Language, symbol: &str) -> String {
    // The whole symbol first: some have a word that its parts do not give.
    let key = format!("chapters-unit-{}", symbol.replace(['/', '%', ' '], "-"));
    if let Some(text) = lang.find_text(&key) {
        return text;
    }
    if symbol == "1" {
        return String::new();
    }
    let whole = match symbol.split_once('/') {
        Some(("1", under)) => return format!("1/{}", unit_text(lang, under)),
        Some((top, under)) => {
            let parts = [top, under].map(|part| unit_text(lang, part));
            return parts.join("/");
        }
        None => symbol,
    };
    let spaced = space_mass_unit(whole);
    PRINTED_UNITS
        .iter()
        .fold(spaced, |text, (from, to)| text.replace(from, to))
}

/// `tCO2e` is a mass of a substance and is printed `t CO2e`.
fn space_mass_unit(symbol: &str) -> String {
    for mass in ["kg", "g", "t"] {
        let matter = symbol.strip_prefix(mass).unwrap_or_default();
        if ["CO2", "CH4", "N2O", "C"]
            .iter()
            .any(|of| matter.starts_with(of))
        {
            // No-break space: number, unit and substance stay on one line.
            return format!("{mass}\u{a0}{matter}");
        }
    }
    symbol.to_owned()
}

/// Kind of a period, as the last part of message keys.
pub(crate) fn period_kind(period: Period) -> &'static str {
    match period {
        Period::Day(_) => "day",
        Period::Week(_) => "week",
        Period::Month(_) => "month",
        Period::Quarter(_) => "quarter",
        Period::Year(_) => "year",
        Period::Range(..) => "range",
    }
}

/// Name of a period: `November 2026`, `Triwulan IV 2026`.
pub(crate) fn period_name(lang: Language, period: Period) -> String {
    let (first, last) = (period.first(), period.last());
    let (from, to) = (
        number_format::date(lang, first),
        number_format::date(lang, last),
    );
    match period {
        Period::Day(_) => from,
        Period::Range(..) => format!("{from} – {to}"),
        Period::Month(_) => lang.locale().format_month(first),
        Period::Year(_) => first.year().to_string(),
        Period::Week(monday) => {
            let week = monday.iso_week_date();
            let (number, year) = (week.week().to_string(), week.year().to_string());
            let args = [
                ("week", &*number),
                ("year", &*year),
                ("from", &*from),
                ("to", &*to),
            ];
            lang.text_with("chapters-period-week", &args)
        }
        Period::Quarter(_) => {
            let roman = ["I", "II", "III", "IV"];
            let place = usize::try_from((first.month() - 1) / 3).unwrap_or(0);
            let (number, year) = ((place + 1).to_string(), first.year().to_string());
            let args = [
                ("roman", roman[place.min(3)]),
                ("number", &*number),
                ("year", &*year),
            ];
            lang.text_with("chapters-period-quarter", &args)
        }
    }
}

/// A number within a sentence or an equation, without trailing zeros.
pub(crate) fn format_number(lang: Language, number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let whole = decimal_magnitude(number).unwrap_or(0);
    let decimals = u8::try_from((SIGNIFICANT_DIGITS - 1 - whole).clamp(0, 12)).unwrap_or(0);
    trimmed_number(lang, number, decimals)
}

/// Numbers of one quantity that stand beside each other, with their unit: all have the decimals of
/// the largest.
pub(crate) fn format_quantities<const N: usize>(
    lang: Language,
    numbers: [f64; N],
    symbol: &str,
) -> [String; N] {
    let most = numbers
        .iter()
        .fold(0.0_f64, |most, one| most.max(one.abs()));
    let whole = decimal_magnitude(most).unwrap_or(0);
    let decimals = u8::try_from((SIGNIFICANT_DIGITS - 1 - whole).clamp(0, 12)).unwrap_or(0);
    numbers.map(|one| with_unit(lang, trimmed_number(lang, one, decimals), symbol))
}

/// A number with at most so many decimals, without trailing zeros.
pub(crate) fn trimmed_number(lang: Language, number: f64, decimals: u8) -> String {
    let text = number_format::format_number(lang, number, decimals);
    let mark = lang.locale().decimal_mark;
    if !text.contains(mark) {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches(mark).to_owned()
}

/// A number with its unit within a sentence.
pub(crate) fn format_quantity(lang: Language, value: f64, symbol: &str) -> String {
    with_unit(lang, format_number(lang, value), symbol)
}

/// The text of a number with its unit.
pub(crate) fn with_unit(lang: Language, text: String, symbol: &str) -> String {
    match unit_text(lang, symbol).as_str() {
        "" => text,
        "Rp" => format!("Rp\u{a0}{text}"),
        "%" => format!("{text}%"),
        unit => format!("{text}\u{a0}{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_printed_as_people_write_them() {
        let printed = |symbol| unit_text(Language::Id, symbol).replace('\u{a0}', " ");
        assert_eq!(printed("tCO2e"), "t CO₂e");
        assert_eq!(printed("tCO2/MWh"), "t CO₂/MWh");
        assert_eq!(printed("m3"), "m³");
        assert_eq!(printed("m3/kWh"), "m³/kWh");
        assert_eq!(printed("IDR"), "Rp");
        assert_eq!(printed("orang"), "orang");
        assert_eq!(unit_text(Language::En, "orang"), "people");
        assert_eq!(printed("t"), "t");
        assert_eq!(printed(""), "");
    }

    #[test]
    fn a_number_in_a_sentence_has_the_digits_that_count() {
        assert_eq!(format_number(Language::Id, 1_234.567_89), "1.234,57");
        assert_eq!(format_number(Language::Id, 0.94), "0,94");
        assert_eq!(format_number(Language::En, 2.28), "2.28");
        assert_eq!(format_number(Language::En, 1000.0), "1,000");
        assert_eq!(
            format_number(Language::En, -0.000_012_345_6),
            "−0.0000123456"
        );
    }

    #[test]
    fn numbers_beside_each_other_have_the_decimals_of_the_largest() {
        let said = format_quantities(Language::Id, [6_661.291_5, 0.003_133_72], "kWh");
        assert_eq!(said, ["6.661,29\u{a0}kWh", "0\u{a0}kWh"]);
        let said = format_quantities(Language::En, [5870.0547, 1.3], "kWh");
        assert_eq!(said, ["5,870.05\u{a0}kWh", "1.3\u{a0}kWh"]);
    }

    #[test]
    fn a_sentence_has_no_digits_that_binary_sums_left() {
        let mass = 53.6 + 0.1 + 0.1;
        assert!(mass.to_string().len() > 10, "{mass} is an example no more");
        for (value, said) in [(mass, "53,8"), (0.1 + 0.2, "0,3"), (1.0 / 3.0, "0,333333")] {
            assert_eq!(localise_number(Language::Id, &value.to_string()), said);
        }
        assert_eq!(localise_number(Language::Id, "1.10"), "1,10");
        assert_eq!(localise_number(Language::Id, "2026"), "2026");
    }

    #[test]
    fn a_day_in_a_sentence_is_written_as_the_reader_writes_it() {
        for (said, id, en) in [
            ("2026-11-12", "12 November 2026", "12 November 2026"),
            (
                "2026-10-12T10:02:31",
                "12 Oktober 2026 10.02",
                "12 October 2026 10:02",
            ),
            ("2026-W47", "2026-W47", "2026-W47"),
            ("Tandon", "Tandon", "Tandon"),
        ] {
            assert_eq!(local_text(Language::Id, said), id);
            assert_eq!(local_text(Language::En, said), en);
        }
    }

    #[test]
    fn a_quarter_is_named_as_offices_name_it() {
        let quarter: Period = "2026-Q4".parse().unwrap();
        assert_eq!(period_name(Language::Id, quarter), "Triwulan IV 2026");
        assert_eq!(period_name(Language::En, quarter), "Quarter 4 of 2026");
    }
}
