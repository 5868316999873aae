//! What is wrong with a configuration, where, and what would be right.

use crate::words::Lang;
use std::path::PathBuf;

/// One fault of a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// Line in it, from 1.
    pub line: usize,
    /// The key as typed; empty when the fault is not about one key.
    pub key: String,
    /// Catalogue key of the sentence, e.g. `fault-unknown-key`.
    pub what: &'static str,
    /// What stands there.
    pub found: String,
    /// What could stand there: words, or a catalogue key that begins with `fault-expect-`.
    pub expected: String,
    /// The nearest valid name.
    pub hint: Option<String>,
}

/// All faults of one load; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Fault {
    /// One line: file, line, key, what is wrong, and the nearest valid name.
    pub fn render(&self, lang: Lang) -> String {
        let expected = self.expected(lang);
        let args = [("found", self.found.as_str()), ("expected", &expected)];
        let mut text = format!("{}:{}: ", self.file.display(), self.line);
        if !self.key.is_empty() {
            text += &self.key;
            text += ": ";
        }
        text += &lang.say(self.what, &args);
        match &self.hint {
            Some(hint) => {
                text += "; ";
                text += &lang.say("fault-hint", &[("hint", hint)]);
            }
            None if self.what.starts_with("fault-unknown-") && !expected.is_empty() => {
                text += "; ";
                text += &lang.say("fault-known", &args);
            }
            None => {}
        }
        text
    }
}

impl Fault {
    /// What could stand there, for people.
    pub fn expected(&self, lang: Lang) -> String {
        if self.expected.starts_with("fault-expect-") {
            lang.text(&self.expected)
        } else {
            self.expected.clone()
        }
    }
}

impl Faults {
    /// All of them, one a line, in file order.
    pub fn render(&self, lang: Lang) -> String {
        let lines: Vec<String> = self.0.iter().map(|fault| fault.render(lang)).collect();
        lines.join("\n")
    }
}

impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(Lang::En))
    }
}

impl std::error::Error for Faults {}

/// A text of so many letters that begins a name is that name cut short, however long the rest.
const BEGINNING_MIN: usize = 8;

/// The candidate that a person most likely meant, when one is near enough.
pub(crate) fn nearest<'a>(
    typed: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let typed = typed.to_lowercase();
    let measured = candidates.into_iter().map(|name| {
        let lower = name.to_lowercase();
        let begun = typed.len() >= BEGINNING_MIN && lower.starts_with(&typed);
        (!begun, strsim::damerau_levenshtein(&typed, &lower), name)
    });
    let best = measured.min_by_key(|(other, distance, _)| (*other, *distance));
    best.filter(|(other, distance, name)| {
        !other || *distance <= 1.max(name.len().min(typed.len()) / 3)
    })
    .map(|(_, _, name)| name.to_owned())
}
