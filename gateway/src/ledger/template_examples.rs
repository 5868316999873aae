//! Texts of the examples of the template, by which an entry is known that nobody has filled in.

use crate::i18n::Language;

/// Whether name or note are those of an example, in any language.
pub(super) fn is_example(who: &str, note: &str) -> bool {
    is_example_text(who, "ledger-example-who") || is_example_text(note, "ledger-example")
}

fn is_example_text(text: &str, key: &str) -> bool {
    let text = text.to_lowercase();
    let mut all = Language::ALL.into_iter();
    all.any(|lang| lang.text(key).to_lowercase() == text)
}
