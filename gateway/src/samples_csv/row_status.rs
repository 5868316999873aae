//! [`RowStatuses`]: what a column of the table says about whether the values of its rows are right.

use crate::domain::UtcMs;

/// Different words that are kept with their counts.
const WORDS_MAX: usize = 12;

/// Words that call a value wrong, in lower case.
const WRONG_WORDS: [&str; 30] = [
    "err",
    "error",
    "fault",
    "faulty",
    "fail",
    "failed",
    "failure",
    "gagal",
    "rusak",
    "nan",
    "na",
    "invalid",
    "buruk",
    "jelek",
    "bad",
    "salah",
    "keliru",
    "timeout",
    "putus",
    "offline",
    "gangguan",
    "suspect",
    "questionable",
    "uncertain",
    "meragukan",
    "overrange",
    "underrange",
    "overflow",
    "missing",
    "kosong",
];
/// Words that call a value right, in lower case.
const RIGHT_WORDS: [&str; 22] = [
    "ok",
    "okay",
    "good",
    "baik",
    "bagus",
    "normal",
    "valid",
    "benar",
    "sah",
    "sesuai",
    "right",
    "running",
    "run",
    "on",
    "online",
    "aktif",
    "active",
    "lancar",
    "jalan",
    "beroperasi",
    "nyala",
    "standby",
];
/// Words that turn the next one round, in lower case.
const NEGATIONS: [&str; 6] = ["no", "not", "non", "tidak", "tanpa", "bukan"];

/// Meaning of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StatusMeaning {
    Right,
    Wrong,
    Unknown,
}

/// Statuses of the rows with a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowStatuses {
    /// Name of the column.
    pub column: String,
    /// Times of the rows whose value is called wrong; in order once the table is read.
    pub wrong: Vec<UtcMs>,
    /// Line of the first of them.
    pub first_wrong: u64,
    /// Texts that call a value wrong, with their counts.
    pub wrong_texts: Vec<(String, u64)>,
    /// Texts of which no rule says what they mean, with their counts.
    pub unknown_texts: Vec<(String, u64)>,
}

impl RowStatuses {
    /// Adds the status of a row with a value.
    pub(super) fn push(&mut self, (line, at): (u64, UtcMs), text: &str) {
        let texts = match status_meaning(text) {
            StatusMeaning::Right => return,
            StatusMeaning::Wrong => {
                if self.wrong.is_empty() {
                    self.first_wrong = line;
                }
                self.wrong.push(at);
                &mut self.wrong_texts
            }
            StatusMeaning::Unknown => &mut self.unknown_texts,
        };
        let known = texts.iter().position(|(known, _)| known == text);
        if known.is_none() && texts.len() < WORDS_MAX {
            texts.push((text.to_owned(), 0));
        }
        // Beyond the bound the last one stands for the others.
        let at = known.unwrap_or(texts.len().saturating_sub(1));
        if let Some((_, count)) = texts.get_mut(at) {
            *count += 1;
        }
    }

    /// Whether the value at a time is called wrong.
    pub fn is_wrong(&self, at: UtcMs) -> bool {
        self.wrong.binary_search(&at).is_ok()
    }
}

/// Whether a status calls the value of its row wrong.
pub(super) fn is_wrong_status(text: &str) -> bool {
    status_meaning(text) == StatusMeaning::Wrong
}

/// Meaning of a status. One without a word, such as a code, is unknown; an empty one says nothing
/// against the value.
fn status_meaning(text: &str) -> StatusMeaning {
    let text = text.to_lowercase();
    let words = text.split(|sign: char| !sign.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return StatusMeaning::Right;
    }
    let is_turned = |at: usize| {
        let before = words.get(at.wrapping_sub(1)).copied();
        // `Tidak ada gangguan`: the word stands between.
        let between = before.filter(|word| *word == "ada");
        let before = between.map_or(before, |_| words.get(at.wrapping_sub(2)).copied());
        before.is_some_and(|word| NEGATIONS.contains(&word))
    };
    let mut found = None;
    for (at, word) in words.iter().enumerate() {
        let is_wrong = WRONG_WORDS.contains(word);
        if !is_wrong && !RIGHT_WORDS.contains(word) {
            continue;
        }
        let meaning = if is_wrong == is_turned(at) {
            StatusMeaning::Right
        } else {
            StatusMeaning::Wrong
        };
        if found != Some(StatusMeaning::Wrong) {
            found = Some(meaning);
        }
    }
    let is_void = words.contains(&"data") && NEGATIONS.contains(&words[0]);
    match found {
        _ if is_void => StatusMeaning::Wrong,
        Some(meaning) => meaning,
        None => StatusMeaning::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_right_wrong_or_unknown() {
        for (text, meaning) in [
            ("OK", StatusMeaning::Right),
            ("Baik", StatusMeaning::Right),
            ("", StatusMeaning::Right),
            ("No error", StatusMeaning::Right),
            ("Tidak ada gangguan", StatusMeaning::Right),
            ("ERROR", StatusMeaning::Wrong),
            ("FAULT", StatusMeaning::Wrong),
            ("NaN", StatusMeaning::Wrong),
            ("Invalid", StatusMeaning::Wrong),
            ("Buruk", StatusMeaning::Wrong),
            ("Tidak valid", StatusMeaning::Wrong),
            ("not ok", StatusMeaning::Wrong),
            ("Sensor error (E3)", StatusMeaning::Wrong),
            ("no data", StatusMeaning::Wrong),
            ("3", StatusMeaning::Unknown),
            ("MPPT", StatusMeaning::Unknown),
        ] {
            assert_eq!(status_meaning(text), meaning, "{text}");
        }
    }
}
