//! Annex: every factor behind a figure, with source and status.

use super::context::{ReportContext, text_cell};
use super::display_names;
use crate::domain::factor::Factor;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::ReportBlock;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) fn factor_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let mut all: BTreeMap<&str, &Arc<Factor>> = BTreeMap::new();
    for factor in book.indicators().iter().flat_map(|one| &one.factors) {
        all.insert(&factor.id, factor);
    }
    let columns = book.columns([
        ("factor", ValueKind::Text),
        ("value", ValueKind::Mixed),
        ("unit", ValueKind::Text),
        ("vintage", ValueKind::Text),
        ("spread", ValueKind::Percent(0)),
        ("status", ValueKind::Text),
        ("headline", ValueKind::Text),
        ("source", ValueKind::Text),
    ]);
    let rows = all.into_values().map(|factor| factor_row(book, factor));
    let table = book
        .table("factor-list", "factors", columns)
        .with_rows(rows);
    book.table_with_intro("factors-text", table)
}

fn factor_row(book: &ReportContext<'_>, factor: &Factor) -> Vec<CellValue> {
    let known = &book.matter.config.factors;
    let percent = known
        .used_uncertainty(factor)
        .map(|percent| percent / 100.0);
    vec![
        CellValue::text(&*factor.id),
        CellValue::Number(factor.value),
        CellValue::Text(display_names::unit_text(book.lang, factor.unit.text())),
        text_cell(factor.year.map(|year| year.to_string()).unwrap_or_default()),
        percent.map_or(CellValue::Empty, CellValue::Number),
        CellValue::Text(factor_status_text(book, factor)),
        CellValue::Text(factor_headline_text(book, factor)),
        text_cell(book.matter.config.factors.source(factor, book.lang)),
    ]
}

/// Status of a factor as text: official text, transcribed, derived, ...
pub(crate) fn factor_status_text(book: &ReportContext<'_>, factor: &Factor) -> String {
    let word = factor.status.word().replace('_', "-");
    book.message(&format!("factor-status-{word}"))
}

/// Text on whether the factor may be used for a headline figure.
pub(crate) fn factor_headline_text(book: &ReportContext<'_>, factor: &Factor) -> String {
    let word = book.matter.config.factors.headline(factor).word();
    book.message(&format!("factor-headline-{word}"))
}
