//! [`IndicatorDefinition`]: an indicator of the ledger, with its texts.

use crate::domain::ExactNumber;
use crate::domain::ledger::QuantityBasis;
use crate::i18n::Language;
use serde::Deserialize;
use std::sync::Arc;

/// Text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BilingualText {
    /// Bahasa Indonesia.
    pub id: String,
    /// English.
    pub en: String,
}

/// Rule for the total of an indicator over a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TotalRule {
    /// Sum of the entries: a flow.
    Sum,
    /// Latest entry: a stock, such as members or living trees.
    Last,
}

/// Indicator of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct IndicatorDefinition {
    /// Id, such as `bsf-maggot`.
    pub id: Arc<str>,
    /// Programme that it belongs to, such as `bsf`.
    pub programme: Arc<str>,
    /// Name.
    pub name: BilingualText,
    /// Unit in which the ledger stores it.
    pub unit: Arc<str>,
    /// Decimal places in a report; with 0 only whole numbers are accepted.
    pub decimals: u8,
    /// Rule for the total over a period.
    pub total: TotalRule,
    /// Accepted bases of the quantity.
    pub known: Vec<QuantityBasis>,
    /// Statement that may be printed.
    pub print: BilingualText,
    /// Evidence that must be supplied before more may be claimed.
    pub needs: BilingualText,
    /// Statement that must not be printed.
    pub never: BilingualText,
    /// Plausible quantity, for the table template.
    pub example: ExactNumber,
    /// Ids of the factors that turn the quantity into an effect, each for the entries of the days
    /// on which it holds; empty: quantity alone.
    pub factors: Vec<Arc<str>>,
}

impl IndicatorDefinition {
    /// Whether it has this name in either language.
    pub(super) fn has_name(&self, text: &str) -> bool {
        let wanted = normalise_text(text);
        let names = [&self.name.id, &self.name.en];
        names.into_iter().any(|name| normalise_text(name) == wanted)
    }
}

impl BilingualText {
    /// Text in one language.
    pub fn text(&self, lang: Language) -> &str {
        lang.choose(&self.id, &self.en)
    }
}

/// Lower case, single spaces; `_` and `-` count as spaces.
pub(super) fn normalise_text(text: &str) -> String {
    let spaced = text.replace(['_', '-'], " ").to_lowercase();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}
