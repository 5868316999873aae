//! [`Diagnostic`]: one error or warning about a configuration file, with its place and a hint.

use crate::i18n::Language;
use std::path::PathBuf;

/// Error or warning about one place of a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// File.
    pub file: PathBuf,
    /// Line in the file, from 1.
    pub line: usize,
    /// Key as typed; empty when no single key is meant.
    pub key: String,
    /// Catalogue key of the message, such as `fault-unknown-key`.
    pub what: &'static str,
    /// Value found.
    pub found: String,
    /// Values accepted: literal text, or a catalogue key with the prefix `fault-expect-`.
    pub expected: String,
    /// Nearest valid name.
    pub hint: Option<String>,
}

/// All errors of one load, as an error type; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostic {
    /// Renders one line: file, line, key, message, and the nearest valid name.
    pub fn render(&self, lang: Language) -> String {
        let expected = self.expected_text(lang);
        let found = range_words(lang, &self.found);
        let args = [("found", found.as_str()), ("expected", &expected)];
        let mut text = format!("{}:{}: ", self.file.display(), self.line);
        if !self.key.is_empty() {
            text += &self.key;
            text += ": ";
        }
        text += &lang.text_with(self.what, &args);
        match &self.hint {
            Some(hint) => {
                text += "; ";
                text += &lang.text_with("fault-hint", &[("hint", hint)]);
            }
            // Without a near name all valid names are listed.
            None if self.what.starts_with("fault-unknown-") && !expected.is_empty() => {
                text += "; ";
                text += &lang.text_with("fault-known", &args);
            }
            None => {}
        }
        text
    }
}

impl Diagnostic {
    /// Accepted values as text for people.
    pub fn expected_text(&self, lang: Language) -> String {
        if self.expected.starts_with("fault-expect-") {
            lang.text(&self.expected)
        } else {
            range_words(lang, &self.expected)
        }
    }
}

/// Ranges such as `1..=247` in words, as people read them.
fn range_words(lang: Language, text: &str) -> String {
    if text.contains("..=") {
        text.replace("..=", &format!(" {} ", lang.text("fault-range-to")))
    } else {
        text.to_owned()
    }
}

impl Diagnostics {
    /// Renders all diagnostics, one a line, in file order.
    pub fn render(&self, lang: Language) -> String {
        let lines: Vec<String> = self.0.iter().map(|fault| fault.render(lang)).collect();
        lines.join("\n")
    }
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(Language::En))
    }
}

impl std::error::Error for Diagnostics {}

/// Minimum letters of a prefix that counts as a name cut short.
const PREFIX_LETTERS_MIN: usize = 8;

/// Returns the candidate nearest to `typed`, when one is near enough.
pub(crate) fn nearest_name<'a>(
    typed: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let typed = typed.to_lowercase();
    let measured = candidates.into_iter().map(|name| {
        let lower = name.to_lowercase();
        // A long prefix goes first: edit distance would prefer a short other name.
        let begun = typed.len() >= PREFIX_LETTERS_MIN && lower.starts_with(&typed);
        (!begun, strsim::damerau_levenshtein(&typed, &lower), name)
    });
    let best = measured.min_by_key(|(other, distance, _)| (*other, *distance));
    best.filter(|(other, distance, name)| {
        // At least one typing error, and one in three letters.
        !other || *distance <= 1.max(name.len().min(typed.len()) / 3)
    })
    .map(|(_, _, name)| name.to_owned())
}
