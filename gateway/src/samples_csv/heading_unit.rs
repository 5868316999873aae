//! Unit of measure in the heading of a column, and what looks like one.

use crate::domain::parse_finite;
use crate::ledger::{has_bare_power, has_multiplier};
use drivers::units::{self, UnitOfMeasure};

/// Most characters of a text in brackets that may be the symbol of a unit.
const SYMBOL_CHARS_MAX: usize = 8;

/// Words beside a unit, in lower case, which are no unit themselves (English, Bahasa Indonesia).
const PLAIN_WORDS: [&str; 42] = [
    "avg",
    "average",
    "mean",
    "max",
    "maks",
    "min",
    "sum",
    "total",
    "rms",
    "smp",
    "rata-rata",
    "rerata",
    "jumlah",
    "luar",
    "dalam",
    "masuk",
    "keluar",
    "atas",
    "bawah",
    "in",
    "out",
    "inlet",
    "outlet",
    "indoor",
    "outdoor",
    "air",
    "water",
    "udara",
    "ac",
    "dc",
    "pv",
    "grid",
    "pln",
    "load",
    "beban",
    "value",
    "nilai",
    "meter",
    "sensor",
    "logger",
    "today",
    "harian",
];

/// Parts of headings of temperatures, in lower case.
const TEMPERATURE_WORDS: [&str; 2] = ["temp", "suhu"];

/// Signs between a unit and a number that multiplies or divides it.
const SCALE_SIGNS: [char; 8] = ['*', '/', 'x', '\u{d7}', '\u{f7}', ':', '\u{b7}', '@'];
/// Names of ratios of a meter, in lower case.
const RATIO_NAMES: [&str; 5] = ["ct", "pt", "vt", "fk", "pengali"];
/// Symbols of units that may be words of a name.
const NAMES: [&str; 6] = ["min", "bar", "var", "deg", "pcs", "ms"];

/// Unit that the heading of a column says.
#[derive(Clone, Debug, PartialEq)]
pub enum HeadingUnit {
    /// Nothing in it is a unit.
    Unsaid,
    /// Unit that can be converted; `is_certain`: it cannot be a name, such as `d` of a channel.
    Known {
        /// The unit.
        unit: &'static UnitOfMeasure,
        /// Whether it cannot be a name.
        is_certain: bool,
    },
    /// Text that looks like a unit, but is none that can be converted.
    Unknown(String),
}

/// Place that says a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitSource {
    /// Behind each value, also by the number format of a workbook.
    Values,
    /// A column beside the values.
    Column,
    /// The heading of the column.
    Heading,
    /// A row below the heading.
    Below,
    /// A line above the heading, by its number.
    Above(u64),
    /// A column of factors beside the values.
    Factor,
}

impl UnitSource {
    /// Message key of its name, with the number of the line behind it where the name has one.
    pub fn message_key(self) -> String {
        match self {
            Self::Values => "exchange-source-values".to_owned(),
            Self::Column => "exchange-source-column".to_owned(),
            Self::Heading => "exchange-source-heading".to_owned(),
            Self::Below => "exchange-source-below".to_owned(),
            Self::Factor => "exchange-source-factor".to_owned(),
            Self::Above(line) => ["exchange-source-above", &*line.to_string()].join(" "),
        }
    }
}

/// Unit that a cell or a line says that is there for nothing else; `is_sure`: a text that is none
/// is an unknown one, and no name.
pub(super) fn stated_unit(text: &str, is_sure: bool) -> HeadingUnit {
    let brackets = ['(', ')', '[', ']'];
    let bare = join_rate(text.trim().trim_matches(brackets).trim());
    if let Some(unit) = find_spelled_unit(&bare) {
        return known_unit(unit, true);
    }
    let is_scaled = has_multiplier(&bare) || is_scaled_unit(&bare);
    let is_named = units::is_unconverted_unit(&bare) || is_scaled;
    let is_text = bare.starts_with(|sign: char| sign.is_alphabetic() || "°%µ".contains(sign));
    if is_named || (is_sure && is_text) {
        HeadingUnit::Unknown(bare)
    } else {
        HeadingUnit::Unsaid
    }
}

/// Rate in one word: `kWh per hari` and `m3 / jam` with a stroke.
fn join_rate(text: &str) -> String {
    text.replace(" per ", "/").replace(" / ", "/")
}

/// Unit in a heading such as `kWh`, `Power (kW)`, `Daya kW` or `Daya_kW`. One that is multiplied
/// (`ribuan kWh`) is unknown.
pub fn find_heading_unit(heading: &str) -> HeadingUnit {
    if has_multiplier(heading) {
        return HeadingUnit::Unknown(heading.trim().to_owned());
    }
    let heading = join_rate(heading);
    let heading = heading.trim().trim_matches(['(', ')', '[', ']']);
    if let Some(unit) = find_spelled_unit(heading) {
        return known_unit(unit, false);
    }
    if units::is_unconverted_unit(heading) || is_scaled_word(heading) {
        return HeadingUnit::Unknown(heading.to_owned());
    }
    for group in heading.rsplit(['(', '[']) {
        // The first part stands before every bracket.
        if std::ptr::eq(group.as_ptr(), heading.as_ptr()) {
            break;
        }
        let inside = group.split([')', ']']).next().unwrap_or_default().trim();
        let found = unit_in_brackets(inside);
        if found != HeadingUnit::Unsaid {
            return found;
        }
    }
    // `Temp, °F (LGR S/N: 10123456)`: what is in brackets may be a note.
    let bare = heading.split(['(', '[']).next().unwrap_or_default().trim();
    last_word_unit(if bare.is_empty() { heading } else { bare })
}

fn unit_in_brackets(inside: &str) -> HeadingUnit {
    if let Some(unit) = find_spelled_unit(inside) {
        return known_unit(unit, true);
    }
    if has_bare_power(inside) {
        return HeadingUnit::Unknown(inside.to_owned());
    }
    let is_plain = |word: &&str| *word == "1" || PLAIN_WORDS.contains(&&*word.to_lowercase());
    let words = inside.split_whitespace().filter(|word| !is_plain(word));
    let words: Vec<&str> = words.collect();
    if is_scaled_unit(inside) {
        return HeadingUnit::Unknown(inside.to_owned());
    }
    match *words {
        [word] => match find_spelled_unit(word) {
            Some(unit) => known_unit(unit, true),
            None if looks_like_symbol(word) => HeadingUnit::Unknown(inside.to_owned()),
            None => HeadingUnit::Unsaid,
        },
        // `mm H2O` is no millimetre.
        [first, ..] if find_spelled_unit(first).is_some() || units::is_unconverted_unit(first) => {
            HeadingUnit::Unknown(inside.to_owned())
        }
        _ => HeadingUnit::Unsaid,
    }
}

/// Whether a word in brackets may be the symbol of a unit: short, without digits but an exponent.
fn looks_like_symbol(word: &str) -> bool {
    let is_part = |sign: char| sign.is_alphabetic() || "°%/²³^*·µ".contains(sign);
    let is_short = (2..=SYMBOL_CHARS_MAX).contains(&word.chars().count());
    units::is_unconverted_unit(word) || (is_short && word.chars().all(is_part))
}

/// Whether a text has a unit with a number that multiplies or divides it: `10 kWh`, `0.1 kWh`,
/// `satuan: 100 kWh`, `kWh/10`, `kWh*10`, `kWh x CT`.
pub fn is_scaled_unit(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_unit = |word: &str| find_spelled_unit(word).is_some();
    let is_front = |pair: &[&str]| is_scale(pair[0]) && is_unit(pair[1]);
    let is_ratio = |word: &str| is_scale(word) || RATIO_NAMES.contains(&&*word.to_lowercase());
    let is_behind = |three: &[&str]| is_unit(three[0]) && is_sign(three[1]) && is_ratio(three[2]);
    words.windows(2).any(is_front)
        || words.windows(3).any(is_behind)
        || words.iter().any(|word| is_scaled_word(word))
}

/// Whether a word is a number other than 1.
fn is_scale(word: &str) -> bool {
    // `1.000` may be a thousand.
    word != "1" && parse_finite(&word.replace(',', ".")).is_some()
}

/// Whether a word is a sign of a multiplication or division.
fn is_sign(word: &str) -> bool {
    let mut signs = word.chars();
    signs.next().is_some_and(|sign| SCALE_SIGNS.contains(&sign)) && signs.next().is_none()
}

/// Whether a word is a unit and a number with a sign between them, or none: `kWh/10`, `10kWh`.
fn is_scaled_word(word: &str) -> bool {
    let parts = word.split_once(|sign: char| SCALE_SIGNS.contains(&sign));
    let is_joined =
        parts.is_some_and(|(unit, number)| find_spelled_unit(unit).is_some() && is_scale(number));
    let digits = word.trim_start_matches(|sign: char| sign.is_ascii_digit() || ".,".contains(sign));
    let number = &word[..word.len() - digits.len()];
    let is_long = digits.chars().count() > 1;
    is_joined || (is_long && is_scale(number) && find_spelled_unit(digits).is_some())
}

/// Unit behind the name without brackets: `Daya kW`, `Daya_kW`, `Temp F`.
fn last_word_unit(heading: &str) -> HeadingUnit {
    let end = |sign: char| sign.is_whitespace() || "_,;:".contains(sign);
    let Some((name, word)) = heading.rsplit_once(end) else {
        return HeadingUnit::Unsaid;
    };
    let number = name.rsplit(end).next().unwrap_or_default();
    if is_scaled_end(number, word) {
        let number = if is_scaled_word(word) { "" } else { number };
        return HeadingUnit::Unknown(format!("{number} {word}").trim_start().to_owned());
    }
    let name = name.to_lowercase();
    let is_temperature = TEMPERATURE_WORDS.iter().any(|one| name.contains(one));
    // One letter is mostly a channel, a phase or a sensor.
    if word.chars().count() < 2 && !is_temperature {
        return HeadingUnit::Unsaid;
    }
    let exact = units::find_unit(word);
    let thousands = || find_spelled_unit(word).filter(|unit| unit.symbol.starts_with('k'));
    match exact.or_else(thousands) {
        Some(unit) => known_unit(unit, false),
        None if units::is_unconverted_unit(word) => HeadingUnit::Unknown(word.to_owned()),
        None => HeadingUnit::Unsaid,
    }
}

/// Whether the last word of a heading is a unit that it, or the number before it, multiplies or
/// divides. A small whole number and a year belong to the name: `Meter 2 kWh`.
fn is_scaled_end(number: &str, word: &str) -> bool {
    let whole = number.parse::<u16>();
    let is_name = whole.is_ok_and(|whole| whole < 10 || (2000..2100).contains(&whole));
    let has_unit = find_spelled_unit(word).is_some() && word.chars().count() > 1;
    is_scaled_word(word) || (has_unit && is_scale(number) && !is_name)
}

fn known_unit(unit: &'static UnitOfMeasure, is_certain: bool) -> HeadingUnit {
    // `min` and `bar` may be names; `kWh` and `kvarh` are none.
    let is_symbol = unit.symbol.len() > 1 && !NAMES.contains(&unit.symbol);
    HeadingUnit::Known {
        unit,
        is_certain: is_certain || is_symbol,
    }
}

/// Unit of a text as people write it: with a space inside (`deg C`), or in other case (`KWH`).
fn find_spelled_unit(text: &str) -> Option<&'static UnitOfMeasure> {
    if let Some(unit) = units::find_unit(text) {
        return Some(unit);
    }
    let joined: String = text.split_whitespace().collect();
    // The case of an m tells milli from mega, and that of one letter everything.
    if joined.len() < 2 || joined.starts_with(['m', 'M']) {
        return None;
    }
    let is_same = |unit: &&UnitOfMeasure| unit.symbol.eq_ignore_ascii_case(&joined);
    let mut same = units::ALL_UNITS.iter().filter(is_same);
    same.next().filter(|_| same.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(heading: &str) -> String {
        match find_heading_unit(heading) {
            HeadingUnit::Unsaid => "-".to_owned(),
            HeadingUnit::Known { unit, .. } => unit.symbol.to_owned(),
            HeadingUnit::Unknown(text) => format!("? {text}"),
        }
    }

    #[test]
    fn a_unit_is_found_in_brackets_behind_the_name_and_alone() {
        for (heading, unit) in [
            ("kWh", "kWh"),
            ("Power (kW)", "kW"),
            ("Power [KW] (avg)", "kW"),
            ("Energi (KWH)", "kWh"),
            ("Tegangan (V rms)", "V"),
            ("Daya kW", "kW"),
            ("Daya_kW", "kW"),
            ("Energi_kwh", "kWh"),
            ("Suhu (°F)", "degF"),
            ("Suhu (deg C)", "degC"),
            ("Temp F", "degF"),
            ("Suhu_C", "degC"),
            ("Daya [Watt]", "W"),
            ("Temp, °F (LGR S/N: 10123456, SEN S/N: 10123457)", "degF"),
            ("Daya kW (rata-rata)", "kW"),
        ] {
            assert_eq!(said(heading), unit, "{heading}");
        }
    }

    #[test]
    fn what_looks_like_a_unit_is_never_taken_for_none() {
        for heading in [
            "Power (hp)",
            "Level (ft)",
            "Volume (gal)",
            "Level (mm H2O)",
            "Tekanan (psi)",
            "Energi (kkal)",
            "Debit gpm",
            "Daya_HP",
        ] {
            assert!(
                said(heading).starts_with('?'),
                "{heading}: {}",
                said(heading)
            );
        }
    }

    #[test]
    fn a_rate_and_a_multiplied_unit_are_never_the_unit_without_them() {
        for (heading, unit) in [
            ("Debit (m³/jam)", "m3/h"),
            ("Debit m3/jam", "m3/h"),
            ("Debit (liter/detik)", "L/s"),
            ("Debit [liter per menit]", "L/min"),
            ("Debit L / menit", "L/min"),
            ("Energi (kWh/hari)", "? kWh/hari"),
            ("Energi kWh per hari", "? kWh/hari"),
            ("Volume (liter/hari)", "? liter/hari"),
            ("Energi (ribuan kWh)", "? Energi (ribuan kWh)"),
            ("Energi ribu kWh", "? Energi ribu kWh"),
            ("Energi kWh x1000", "? Energi kWh x1000"),
            ("Energi (x 1.000 kWh)", "? Energi (x 1.000 kWh)"),
            ("Energi (10^3 kWh)", "? Energi (10^3 kWh)"),
            ("Energi ('000 kWh)", "? Energi ('000 kWh)"),
            ("Energi kWh (1000)", "? 1000"),
            ("Energi (kWh) CT 40x", "? Energi (kWh) CT 40x"),
            ("Sensor X1 (kWh)", "kWh"),
        ] {
            assert_eq!(said(heading), unit, "{heading}");
        }
        for (text, is_sure, unit) in [
            ("kW", false, "kW"),
            ("(KWH)", false, "kWh"),
            ("hp", false, "? hp"),
            ("INV-01", false, "-"),
            ("karung", true, "? karung"),
            ("3", true, "-"),
        ] {
            let found = match stated_unit(text, is_sure) {
                HeadingUnit::Unsaid => "-".to_owned(),
                HeadingUnit::Known { unit, .. } => unit.symbol.to_owned(),
                HeadingUnit::Unknown(text) => format!("? {text}"),
            };
            assert_eq!(found, unit, "{text}");
        }
    }

    #[test]
    fn a_number_or_a_sign_beside_the_unit_is_never_the_unit_without_it() {
        for (heading, unit) in [
            ("Energy 10 kWh", "? 10 kWh"),
            ("Energy (satuan: 100 kWh)", "? satuan: 100 kWh"),
            ("Energy (kWh/10)", "? kWh/10"),
            ("Energy (0.1 kWh)", "? 0.1 kWh"),
            ("Energy (0,1 kWh)", "? 0,1 kWh"),
            ("Energy kWh*10", "? kWh*10"),
            ("Energy 10kWh", "? 10kWh"),
            ("kWh/10", "? kWh/10"),
            ("Energi Nov 2026 kWh", "kWh"),
            ("Energy (kWh x CT)", "? kWh x CT"),
            ("Energy (1 kWh)", "kWh"),
            ("Meter 2 kWh", "kWh"),
            ("Suhu 10 cm (degC)", "degC"),
            ("kWh/m2", "kWh/m2"),
        ] {
            assert_eq!(said(heading), unit, "{heading}");
            if let Some(found) = unit.strip_prefix("? ") {
                assert!(is_scaled_unit(found), "{heading}");
            }
        }
        let line = stated_unit("100 kWh", true);
        assert_eq!(line, HeadingUnit::Unknown("100 kWh".to_owned()));
        for heading in ["Energy kvarh", "Level cm", "Massa kg"] {
            let found = find_heading_unit(heading);
            assert!(
                matches!(
                    found,
                    HeadingUnit::Known {
                        is_certain: true,
                        ..
                    }
                ),
                "{heading}"
            );
        }
    }

    #[test]
    fn a_name_is_no_unit() {
        for heading in [
            "",
            "Daya",
            "Suhu (luar)",
            "Tegangan (L1)",
            "Kanal F",
            "Sensor A",
            "Arus (R)",
            "PV power",
            "Suhu (Avg)",
        ] {
            assert_eq!(said(heading), "-", "{heading}");
        }
    }
}
