//! Entries as they are handed in, and messages about their fields.

use crate::domain::ledger::{Attachment, EntryId};
use crate::domain::parse_finite;
use crate::i18n::{Language, excerpt};

/// Field of an entry; its word is a column heading of tables and a key of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryField {
    /// Record, target or baseline.
    Kind,
    /// Indicator id.
    Indicator,
    /// Description in free words.
    What,
    /// Quantity.
    Quantity,
    /// Unit.
    Unit,
    /// Date, date-time or period.
    EntryTime,
    /// Basis of the quantity: weighed, metered, counted or declared.
    How,
    /// Person who states the quantity.
    Who,
    /// Free note.
    Note,
    /// The entry that is replaced.
    Supersedes,
    /// Receipts and photos.
    Attachments,
}

/// Text of a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuantityText {
    /// Digits with a decimal point, from a program.
    Plain(String),
    /// Text written by a person, with any decimal sign.
    Written(String),
}

/// Entry as handed in, not yet checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawEntry {
    /// Kind; record if absent.
    pub kind: Option<String>,
    /// Id or exact name of the indicator.
    pub indicator: Option<String>,
    /// Description in free words.
    pub what: Option<String>,
    /// Quantity.
    pub quantity: Option<QuantityText>,
    /// Unit of the indicator, or one that can be converted to it.
    pub unit: Option<String>,
    /// Date, date-time or period.
    pub when: Option<String>,
    /// Basis of the quantity; declared if absent.
    pub how: Option<String>,
    /// Person who states the quantity.
    pub who: Option<String>,
    /// Free note.
    pub note: Option<String>,
    /// The entry that is replaced.
    pub supersedes: Option<EntryId>,
    /// Stored receipts and photos.
    pub attachments: Vec<Attachment>,
}

/// Message about a field of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRemark {
    /// The field.
    pub field: EntryField,
    /// Message key.
    pub key: &'static str,
    /// Text that was found.
    pub found: String,
    /// Expected or converted value, the same in all languages.
    pub detail: String,
}

impl EntryField {
    /// Word in tables and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Indicator => "indicator",
            Self::What => "what",
            Self::Quantity => "quantity",
            Self::Unit => "unit",
            Self::EntryTime => "when",
            Self::How => "how",
            Self::Who => "who",
            Self::Note => "note",
            Self::Supersedes => "supersedes",
            Self::Attachments => "attachments",
        }
    }

    /// Name in a language.
    pub fn name(self, lang: Language) -> String {
        lang.text(&format!("ledger-field-{}", self.word()))
    }
}

/// Key of the remark on a name that is nearly that of an asset.
pub(super) const NEAR_ASSET: &str = "ledger-near-asset";

impl FieldRemark {
    /// Whether it asks to look again at an amount that is possible and not usual.
    pub fn is_amount_doubt(&self) -> bool {
        ["ledger-unusual", "ledger-little", "ledger-mass-balance"].contains(&self.key)
    }

    /// Name that is nearly that of an asset, and the id of that asset; `None` for another remark.
    pub(crate) fn near_asset(&self) -> Option<(&str, &str)> {
        (self.key == NEAR_ASSET).then_some((&*self.found, &*self.detail))
    }

    /// Message in a language, without the name of the field.
    pub fn message(&self, lang: Language) -> String {
        let found = if FOUND_NUMBERS.contains(&self.key) {
            numbers_in(&self.found, lang)
        } else {
            self.found.clone()
        };
        let detail = match self.key {
            "ledger-word" | "ledger-assumed" => words_in(&self.detail, lang),
            "ledger-converted"
            | "ledger-ambiguous"
            | "ledger-impossible"
            | "ledger-unusual"
            | "ledger-little"
            | "ledger-mass-balance" => numbers_in(&self.detail, lang),
            _ => self.detail.clone(),
        };
        lang.text_with(self.key, &[("found", &*found), ("detail", &*detail)])
    }
}

/// Messages of which the found text is a number of the program, and no text of a person.
const FOUND_NUMBERS: [&str; 10] = [
    "ledger-mass-balance",
    "ledger-converted",
    "ledger-whole",
    "ledger-negative",
    "ledger-impossible",
    "ledger-unusual",
    "ledger-little",
    "ledger-duplicate",
    "ledger-duplicate-row",
    "ledger-duplicate-target",
];

/// Text with its numbers in the digits of a language.
fn numbers_in(text: &str, lang: Language) -> String {
    let is_number = |word: &str| {
        let digits = word.trim_start_matches('-').bytes();
        parse_finite(word).is_some() && digits.clone().all(|b| b.is_ascii_digit() || b == b'.')
    };
    let words = |text: &str| {
        let words = text.split(' ').map(|word| {
            if is_number(word) {
                lang.locale().grouped_digits(word)
            } else {
                word.to_owned()
            }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    // The sign of the currency stands before its number.
    match text.strip_suffix(" IDR") {
        Some(amount) => format!("Rp {}", words(amount)),
        None => words(text),
    }
}

/// Words of the ledger, with commas between them, in a language.
fn words_in(list: &str, lang: Language) -> String {
    let words = list.split(", ");
    let words = words.map(|word| lang.text(&format!("ledger-word-{word}")));
    words.collect::<Vec<_>>().join(", ")
}

/// Message about a field; a long text that was found is cut.
pub(super) fn field_remark(
    field: EntryField,
    key: &'static str,
    found: &str,
    detail: &str,
) -> FieldRemark {
    FieldRemark {
        field,
        key,
        found: excerpt(found),
        detail: detail.to_owned(),
    }
}
