//! [`heading_doubt`]: what the heading of a column says that readings of a point are not.

use crate::cli::backend::print_stderr;
use crate::cli::prompt::ConsolePrompt;
use crate::i18n::Language;
use drivers::units;

/// Words of a heading of what was not measured, in lower case.
const UNMEASURED_WORDS: [&str; 30] = [
    "forecast",
    "forecasted",
    "predicted",
    "prediction",
    "prediksi",
    "prakiraan",
    "perkiraan",
    "ramalan",
    "proyeksi",
    "budget",
    "anggaran",
    "target",
    "rencana",
    "planned",
    "simulated",
    "simulasi",
    "estimasi",
    "estimate",
    "estimated",
    "estimation",
    "taksiran",
    "modelled",
    "expected",
    "teoritis",
    "teoretis",
    "theoretical",
    "cost",
    "price",
    "biaya",
    "harga",
];
/// Words of a heading of another power or energy than the active one, in lower case.
const OTHER_POWER_WORDS: [&str; 4] = ["reactive", "reaktif", "apparent", "semu"];
/// Words of a heading of the extremes of an interval, in lower case.
const EXTREME_WORDS: [&str; 9] = [
    "max", "maks", "maximum", "maksimum", "min", "minimum", "minimal", "peak", "puncak",
];

/// Word of a heading that speaks against readings of a point in this unit, as written; `None` where
/// none does.
pub(super) fn heading_doubt<'a>(heading: &'a str, unit: &str) -> Option<&'a str> {
    let quantity = units::find_unit(unit).map_or("", |unit| unit.quantity);
    let words = heading.split(|sign: char| !sign.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let small = word.to_lowercase();
        let is_in = |all: &[&str]| all.contains(&&*small);
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        // `15 min` is a time.
        let is_time = before.is_some_and(|one| one.bytes().all(|byte| byte.is_ascii_digit()));
        let is_doubt = is_in(&UNMEASURED_WORDS)
            || (["power", "energy"].contains(&quantity) && is_in(&OTHER_POWER_WORDS))
            || (quantity == "power" && is_in(&EXTREME_WORDS) && !is_time);
        is_doubt.then_some(*word)
    })
}

/// Whether a column that nobody chose by its name is refused for a point (id, unit), after the
/// reason was told; a person at a terminal is asked.
pub(super) fn refuses_heading(
    heading: &str,
    (point, unit): (&str, &str),
    may_ask: bool,
    lang: Language,
) -> bool {
    let Some(word) = heading_doubt(heading, unit) else {
        return false;
    };
    let args = [("column", heading), ("found", word), ("point", point)];
    print_stderr(&lang.text_with("cli-import-heading", &args));
    if may_ask {
        let mut stdin = std::io::stdin().lock();
        let mut prompt = ConsolePrompt::new(&mut stdin, lang);
        return !prompt.ask_agreement(&lang.text_with("cli-import-ask-heading", &args));
    }
    print_stderr(&lang.text_with("cli-import-heading-refused", &args));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_of_something_else_than_readings_is_doubted() {
        for (heading, unit, doubt) in [
            ("Reactive power (kW)", "W", Some("Reactive")),
            ("Daya semu kW", "kW", Some("semu")),
            ("Forecast", "W", Some("Forecast")),
            ("Daya estimasi (W)", "W", Some("estimasi")),
            ("Energy budget kWh", "kWh", Some("budget")),
            ("Biaya kWh", "kWh", Some("Biaya")),
            ("Power (kW) max", "W", Some("max")),
            ("Daya_maks", "W", Some("maks")),
            ("Power 15 min (kW)", "W", None),
            ("Suhu max (C)", "degC", None),
            ("Reactive power (kvar)", "kvar", None),
            ("Power (kW) avg", "W", None),
        ] {
            assert_eq!(heading_doubt(heading, unit), doubt, "{heading}");
        }
    }
}
