//! Source of an input in words.

use crate::domain::indicator::{IndicatorInput, InputSource};
use crate::report::content::context::ReportContext;

/// Where an input comes from, with the rule by which it was counted.
pub(crate) fn source_text(book: &ReportContext<'_>, input: &IndicatorInput) -> String {
    let (key, of) = match &input.from {
        InputSource::Point(readings) => {
            let config = &book.matter.config;
            ("point", config.point_title(&readings.point, book.lang))
        }
        InputSource::Ledger { indicator, .. } => (
            "ledger",
            book.indicator_name(&format!("ledger.{indicator}")),
        ),
        InputSource::Factor(id) => ("factor", id.to_string()),
        InputSource::Setting(key) => ("setting", key.clone()),
        InputSource::Indicator { id, .. } => ("indicator", book.indicator_name(id)),
        InputSource::Part(part) => ("indicator", book.indicator_name(&part.id)),
        InputSource::Constant(what) => {
            let name = book.lang.find_text(&format!("chapters-constant-{what}"));
            ("constant", name.unwrap_or_else(|| (*what).to_owned()))
        }
    };
    let from = book.format_message(&format!("chapters-explain-{key}"), &[("of", &of)]);
    if input.rule.is_empty() {
        from
    } else {
        let words = format!("chapters-rule-{}", input.rule);
        let rule = book.lang.find_text(&words);
        format!("{from}: {}", rule.as_deref().unwrap_or(input.rule))
    }
}
