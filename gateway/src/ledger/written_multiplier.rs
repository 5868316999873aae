//! Words and numbers by which a table multiplies its values (`ribuan`, `'000`, `x1000`), in a
//! heading or in a line above it. One that is overlooked makes every value 1000 times too small.

/// Words that multiply a unit, in lower case, with their power of ten.
const MULTIPLIERS: [(&str, i8); 19] = [
    ("ratusan", 2),
    ("ribu", 3),
    ("ribuan", 3),
    ("rb", 3),
    ("thousand", 3),
    ("thousands", 3),
    ("juta", 6),
    ("jutaan", 6),
    ("jt", 6),
    ("million", 6),
    ("millions", 6),
    ("mio", 6),
    ("miliar", 9),
    ("miliaran", 9),
    ("milyar", 9),
    ("milyaran", 9),
    ("billion", 9),
    ("billions", 9),
    ("triliun", 12),
];

/// Words of a label of a factor, in lower case.
const FACTOR_WORDS: [&str; 5] = [
    "pengali",
    "perkalian",
    "multiplier",
    "multiplication",
    "multiplying",
];
/// Labels of a factor, in lower case; a `faktor daya` is none.
const FACTOR_LABELS: [&str; 20] = [
    "faktor",
    "faktor kali",
    "factor",
    "fk",
    "faktor meter",
    "meter factor",
    "faktor ct",
    "ct factor",
    "faktor skala",
    "scale",
    "scale factor",
    "scaling factor",
    "skala",
    "faktor konversi",
    "conversion factor",
    "rasio ct",
    "ct ratio",
    "ct",
    "pt",
    "vt",
];
/// Transformers whose ratio multiplies what a meter shows, in lower case.
const TRANSFORMERS: [&str; 5] = ["ct", "pt", "vt", "rasio", "ratio"];
/// Numbers of transformers (`CT 1`) are below this, ratios are not.
const RATIO_MIN: u64 = 5;
/// Signs of a multiplication or a division.
const TIMES_SIGNS: [char; 5] = ['x', '\u{d7}', '*', '@', '\u{f7}'];
/// Words that multiply or divide, in lower case, behind which a number stands.
const TIMES_WORDS: [&str; 12] = [
    "dikali",
    "dikalikan",
    "kalikan",
    "dibagi",
    "bagi",
    "multiplied",
    "multiply",
    "divided",
    "divide",
    "pengali",
    "multiplier",
    "perkalian",
];
/// Words in front of one of these that say that it was done.
const DONE_WORDS: [&str; 4] = ["sudah", "telah", "already", "been"];
/// Words of the ratio of a transformer, in lower case.
const RATIO_WORDS: [&str; 2] = ["ratio", "rasio"];
/// Words, at most, between a word that multiplies and its number.
const FACTOR_GAP_MAX: usize = 3;

/// Power of ten of a word that multiplies: `ribuan`, `x1000`.
pub(super) fn multiplier_power(word: &str) -> Option<i8> {
    let word = word.to_lowercase();
    let listed = MULTIPLIERS.iter().find(|(one, _)| *one == word);
    let digits = || {
        let zeros = zeros_behind_one(word.strip_prefix(TIMES_SIGNS)?)?;
        i8::try_from(zeros).ok()
    };
    listed.map(|(_, power)| *power).or_else(digits)
}

/// Whether a heading multiplies its values: `ribuan kWh`, `kWh x1000`, `Rp '000`, `CT 40x`.
pub(crate) fn has_multiplier(text: &str) -> bool {
    finds_multiplier(text, true)
}

/// Whether a line above the headings multiplies the values. An amount in it (`1,2 juta liter`) or
/// a number of modules (`12 x 450 Wp`) does not.
fn line_has_multiplier(text: &str) -> bool {
    finds_multiplier(text, false)
}

/// Whether a word that multiplies stands in front of a number, whatever stands between them:
/// `Ratio CT 200/5`, `Faktor kali meter = 80`, `CT belum dikali 40`.
fn has_worded_factor(words: &[&str]) -> bool {
    let is_factor_word = |at: usize| {
        let word = words[at];
        let before = at.checked_sub(1).map(|at| words[at]).unwrap_or_default();
        let next = words.get(at + 1).copied().unwrap_or_default();
        let label = format!("{before} {word}");
        let is_ratio = RATIO_WORDS.contains(&word) && TRANSFORMERS.contains(&next);
        let is_times = TIMES_WORDS.contains(&word) && !DONE_WORDS.contains(&before);
        is_ratio || is_times || FACTOR_LABELS.contains(&&*label)
    };
    let is_number = |word: &&str| starts_with_digit(word) && !is_factor_of_one(word);
    (0..words.len()).any(|at| {
        let behind = words.iter().skip(at + 1).take(FACTOR_GAP_MAX);
        is_factor_word(at) && behind.copied().any(|word| is_number(&word))
    })
}

/// Whether a heading ends with a number behind `per`: `Daya (W) per 10`, but not `per 10 menit`.
fn ends_with_share(words: &[&str]) -> bool {
    matches!(words, [.., "per", number] if starts_with_digit(number) && !is_factor_of_one(number))
}

fn finds_multiplier(text: &str, is_heading: bool) -> bool {
    let written = text;
    let text = text.to_lowercase();
    let is_end = |sign: char| sign.is_whitespace() || "()[]{}_;:=".contains(sign);
    let words: Vec<&str> = text.split(is_end).filter(|word| !word.is_empty()).collect();
    let before = |at: usize| at.checked_sub(1).and_then(|at| words.get(at)).copied();
    if has_worded_factor(&words) || (is_heading && ends_with_share(&words)) {
        return true;
    }
    words.iter().enumerate().any(|(at, word)| {
        let before = before(at).unwrap_or_default();
        let is_amount = !is_heading && before.starts_with(|sign: char| sign.is_ascii_digit());
        let is_listed = MULTIPLIERS.iter().any(|(one, _)| one == word);
        (is_listed && !is_amount)
            || is_multiplying_number(word, before)
            // A great letter is that of a name: `X40`.
            || (is_heading && written.contains(word) && is_factor(word, before))
            || (is_heading && FACTOR_WORDS.contains(word))
    })
}

/// Whether a word is a power of ten that multiplies, behind another word: `'000`, `x1.000`, `10^3`.
fn is_multiplying_number(word: &str, before: &str) -> bool {
    let bare = |word: &str| {
        let word = word.trim_start_matches(['\'', '\u{2018}', '\u{2019}', '"']);
        let word = word.strip_prefix("rp").unwrap_or(word);
        word.trim_start_matches(['.', '\'', '\u{2018}', '\u{2019}'])
            .to_owned()
    };
    let rest = word.strip_prefix(TIMES_SIGNS);
    let has_sign = rest.is_some() || is_times_sign(before);
    let digits = digits_of(&bare(rest.unwrap_or(word)));
    let is_power = zeros_behind_one(&digits).is_some();
    (digits.len() >= 3 && is_zeros(&digits))
        || (is_power && has_sign)
        || digits.starts_with("10^")
        || ["10\u{b3}", "10\u{2076}"]
            .iter()
            .any(|one| digits.starts_with(one))
}

/// Whether a word of a heading is a factor of a meter, behind another word: `40x`, `x40`, `CT 40`.
fn is_factor(word: &str, before: &str) -> bool {
    let number = |text: &str| digits_of(text).parse::<u64>().ok();
    let is_number = |text: &str| number(text).is_some_and(|number| number > 1);
    let behind = word.strip_suffix(['x', '\u{d7}']);
    let front = word.strip_prefix(TIMES_SIGNS).and_then(number);
    let ratio = word.split_once('/').map(|(one, _)| one);
    // `X1` may be a name.
    let is_divided = word.starts_with('\u{f7}') && front.is_some_and(|number| number > 1);
    behind.is_some_and(is_number)
        || is_divided
        || front.is_some_and(|number| number > 9)
        || (is_times_sign(before) && is_number(word))
        || (TRANSFORMERS.contains(&before)
            && number(ratio.unwrap_or(word)).is_some_and(|number| number >= RATIO_MIN))
}

/// Whether a group in brackets has a bare power of ten: `1000 kg`.
pub(crate) fn has_bare_power(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.any(|word| zeros_behind_one(word).is_some_and(|zeros| zeros > 2))
}

fn is_times_sign(word: &str) -> bool {
    let mut signs = word.chars();
    signs.next().is_some_and(|sign| TIMES_SIGNS.contains(&sign)) && signs.next().is_none()
}

/// Number of zeros of a power of ten: 3 of `1.000`; `None` for 1 and for every other text.
fn zeros_behind_one(text: &str) -> Option<usize> {
    let digits = digits_of(text);
    let zeros = digits.strip_prefix('1')?;
    (!zeros.is_empty() && is_zeros(zeros)).then_some(zeros.len())
}

/// Text without the signs that group thousands.
fn digits_of(text: &str) -> String {
    text.replace(['.', ','], "")
}

fn is_zeros(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'0')
}

/// Whether the name of a column, or a label, is that of a factor: `Pengali`, `Faktor kali`, `CT`.
pub(crate) fn is_factor_label(label: &str) -> bool {
    let label = label.split(['(', '[']).next().unwrap_or_default();
    let label = label.trim().to_lowercase();
    let has_word = || {
        label
            .split_whitespace()
            .any(|word| FACTOR_WORDS.contains(&word))
    };
    FACTOR_LABELS.contains(&&*label) || has_word() || has_pair_of_factor(&label)
}

/// Whether two words of a label, one behind the other, name a factor: `faktor kali meter`.
fn has_pair_of_factor(label: &str) -> bool {
    let words: Vec<&str> = label.split_whitespace().collect();
    let is_ratio =
        |pair: &[&str]| RATIO_WORDS.contains(&pair[0]) && TRANSFORMERS.contains(&pair[1]);
    let is_label = |pair: &[&str]| FACTOR_LABELS.contains(&&*pair.join(" "));
    words
        .windows(2)
        .any(|pair| is_ratio(pair) || is_label(pair))
}

/// Whether a factor changes nothing: `1`, `1,0`, `1:1`.
pub(crate) fn is_factor_of_one(text: &str) -> bool {
    let text = text.trim().trim_start_matches(TIMES_SIGNS).trim();
    let (whole, rest) = text.split_once(['.', ',', ':', '/']).unwrap_or((text, ""));
    whole.trim() == "1" && (is_zeros(rest) || rest.trim() == "1")
}

/// Words of a label of units, in lower case; `unit` may also be a device.
const UNIT_WORDS: [&str; 5] = ["satuan", "units", "uom", "einheit", "unit"];
/// Words behind `satuan` that make it an office or a school.
const OFFICE_WORDS: [&str; 6] = [
    "kerja",
    "pendidikan",
    "tugas",
    "pelaksana",
    "usaha",
    "layanan",
];
/// Words in front of the unit of a sentence, in lower case.
const SENTENCE_WORDS: [&str; 5] = ["dalam", "in", "satuan", "units", "unit"];
/// Words of a label without a colon, at most.
const LABEL_WORDS_MAX: usize = 3;

/// Statement of a line above the headings about the unit of the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LineStatement {
    /// It multiplies the values; its text.
    Multiplier(String),
    /// It says this unit.
    Unit {
        /// The unit as written.
        text: String,
        /// Whether a text that is no known unit is an unknown one, and no name.
        is_sure: bool,
        /// Whether the label names no quantity, so that the unit is that of every value.
        is_general: bool,
    },
}

/// Statements of the filled cells of a line: `Satuan: kW`, `(dalam ribuan Rp)`, `Pengali: 40`.
pub(crate) fn line_statements(cells: &[&str]) -> Vec<LineStatement> {
    let mut found: Vec<LineStatement> = Vec::new();
    for (label, text) in labelled_texts(cells) {
        if is_factor_label(label) && starts_with_digit(text) && !is_factor_of_one(text) {
            found.push(LineStatement::Multiplier(format!("{label}: {text}")));
        }
        found.extend(labelled_unit(label, text));
    }
    for cell in cells {
        let is_told = |one: &LineStatement| match one {
            LineStatement::Multiplier(text) | LineStatement::Unit { text, .. } => {
                // The sign between a label and its number may be another one: `CT ratio = 200/5`.
                let has_all = || text.split(": ").all(|part| cell.contains(part));
                has_all() || text.contains(cell)
            }
        };
        if found.iter().any(is_told) {
            continue;
        }
        if line_has_multiplier(cell) {
            found.push(LineStatement::Multiplier((*cell).to_owned()));
        } else if let Some(text) = unit_of_sentence(cell) {
            found.push(LineStatement::Unit {
                text,
                is_sure: false,
                is_general: true,
            });
        }
    }
    found
}

/// Whether a text begins with a number, also behind a sign of multiplication: `x40`.
pub(crate) fn starts_with_digit(text: &str) -> bool {
    let text = text.trim_start_matches(TIMES_SIGNS).trim_start();
    text.starts_with(|sign: char| sign.is_ascii_digit())
}

fn labelled_unit(label: &str, text: &str) -> Option<LineStatement> {
    let label = label.to_lowercase();
    let words: Vec<&str> = label.split_whitespace().collect();
    let has = |all: &[&str]| words.iter().any(|word| all.contains(word));
    if !has(&UNIT_WORDS) || has(&OFFICE_WORDS) {
        return None;
    }
    Some(LineStatement::Unit {
        text: text.to_owned(),
        is_sure: has(&UNIT_WORDS[..UNIT_WORDS.len() - 1]),
        is_general: words.len() == 1,
    })
}

/// Text behind the last word that stands in front of a unit: `Semua nilai dalam MWh`. One letter is
/// mostly a name.
fn unit_of_sentence(cell: &str) -> Option<String> {
    // Behind a colon stands what a label is about.
    if cell.contains([':', '=']) {
        return None;
    }
    let bare = cell.trim().trim_matches(['(', ')', '[', ']', '.', '*']);
    let words: Vec<&str> = bare.split_whitespace().collect();
    let is_front = |word: &&str| SENTENCE_WORDS.contains(&&*word.to_lowercase());
    let at = words.iter().rposition(is_front)?;
    let text = words.get(at + 1..)?.join(" ");
    (text.chars().count() > 1).then_some(text)
}

/// Labels with their texts: `Unit: kW` in one cell, or `Unit` beside `kW`.
pub(crate) fn labelled_texts<'a>(cells: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let mut all = Vec::new();
    for (at, cell) in cells.iter().enumerate() {
        let (label, rest) = cell.split_once([':', '=']).unwrap_or((cell, ""));
        let label = label.trim_start_matches(|sign: char| !sign.is_alphanumeric());
        let has_sign = label.len() < cell.len() && cell.contains([':', '=']);
        let is_short = label.split_whitespace().count() <= LABEL_WORDS_MAX;
        let text = match rest.trim() {
            "" => cells.get(at + 1).copied().filter(|_| has_sign || is_short),
            rest => Some(rest),
        };
        if let Some(text) = text {
            all.push((label.trim(), text));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_that_multiplies_is_told_from_a_name() {
        for text in [
            "Jumlah (Rp 000)",
            "Jumlah (Rp '000)",
            "Jumlah (Rp.000)",
            "Jumlah (000)",
            "Jumlah (@1000)",
            "Jumlah (x Rp1.000)",
            "Jumlah (karung @50 kg)",
            "Energi (ribu kWh)",
            "Energi (\u{2019}000 kWh)",
            "Energi (kWh) CT 40x",
            "Energi (kWh) CT 200/5",
            "Energi kWh x40",
            "Energi (10^3 kWh)",
            "Daya (W) \u{f7}10",
            "Daya (W) \u{f7} 5",
            "Daya (W) per 10",
            "Energi (kWh) CT belum dikali 40",
            "Energi (kWh) dibagi 10",
        ] {
            assert!(has_multiplier(text), "{text}");
        }
        for text in [
            "Sensor X1 (kWh)",
            "Arus CT 1 (A)",
            "Sensor X12 (kWh)",
            "Debit Kali Progo (m3/s)",
            "Kanal 100",
            "Daya (W) per 10 menit",
            "Energi (kWh) sudah dikali 40",
        ] {
            assert!(!has_multiplier(text), "{text}");
        }
    }

    #[test]
    fn a_line_says_a_unit_or_a_factor_and_a_title_says_neither() {
        for text in [
            "(dalam ribuan rupiah)",
            "dalam jutaan rupiah",
            "Satuan dalam ribuan",
            "(Rp '000)",
            "Pengali: 1000",
            "Faktor kali: 40",
            "CT ratio = 200/5",
            "Ratio CT 200/5",
            "Rasio CT terpasang 200/5 A",
            "Faktor kali meter = 80",
            "Faktor meter 80",
            "Data belum dikali 40",
        ] {
            let found = line_statements(&[text]);
            assert!(
                matches!(&*found, [LineStatement::Multiplier(_)]),
                "{text}: {found:?}"
            );
        }
        for label in ["Pengali", "Faktor kali meter", "Rasio CT"] {
            assert_eq!(
                line_statements(&[label, "40"]),
                [LineStatement::Multiplier(format!("{label}: 40"))]
            );
        }
        for (text, unit) in [
            ("Satuan: ribuan Rp", "ribuan Rp"),
            ("Semua nilai dalam MWh", "MWh"),
            ("(dalam MWh)", "MWh"),
        ] {
            let found = line_statements(&[text]);
            let [LineStatement::Unit { text: found, .. }] = &*found else {
                panic!("{text}: {found:?}");
            };
            assert_eq!(found, unit, "{text}");
        }
        for text in [
            "Rekap limbah November 2026",
            "Satuan kerja: Dinas Energi",
            "Kapasitas 1,2 juta liter",
            "PLTS 12 x 450 Wp",
            "Faktor daya: 0,9",
            "Pengali: 1",
            "Faktor kali meter = 1",
            "Performance ratio 80 %",
            "PT Bukit Asam 2026",
            "Dibaca 3 kali sehari",
            "Semua nilai sudah dikali 40",
            "Lokasi: Kebun Seribu",
        ] {
            assert_eq!(line_statements(&[text]), [], "{text}");
        }
    }
}
