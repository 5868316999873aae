//! Chapter on programme records: the totals of the period in one table, without single entries.

use super::director_context::DirectorContext;
use crate::domain::indicator::Indicator;
use crate::domain::ledger::QuantityBasis;
use crate::report::content::context::text_cell;
use crate::report::content::{ledger_chapter, readings_annex};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::ReportBlock;

/// Rows of the table; further ones are counted.
const ROWS_MAX: usize = 22;

pub(crate) fn record_blocks(desk: &DirectorContext<'_>) -> Vec<ReportBlock> {
    let book = &desk.book;
    // Records belong to the site, not to an asset.
    if book.matter.asset.is_some() {
        return Vec::new();
    }
    let mut all = ledger_chapter::written_totals(book);
    let more = all.len().saturating_sub(ROWS_MAX);
    all.truncate(ROWS_MAX);
    let mut columns = book.columns([
        ("indicator", ValueKind::Text),
        ("value", ValueKind::Text),
        ("target", ValueKind::Text),
        ("last-period", ValueKind::Text),
        ("entries", ValueKind::number("", 0)),
        ("unproven", ValueKind::number("", 0)),
    ]);
    columns[3].head = desk.before_name();
    let mut table = book.table("records", "director-records", columns);
    table.rows = all
        .iter()
        .map(|(one, definition)| record_row(desk, one, &definition.id))
        .collect();
    if table.rows.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![ReportBlock::Table(table.without_empty_columns())];
    if more > 0 {
        let count = more.to_string();
        blocks.push(book.paragraph("director-more-figures", &[("count", &count)]));
    }
    blocks
}

fn record_row(desk: &DirectorContext<'_>, one: &Indicator, id: &str) -> Vec<CellValue> {
    let book = &desk.book;
    let entries = || ledger_chapter::counted_records(book, id);
    let is_declared = |known: QuantityBasis| known == QuantityBasis::Declared;
    let unproven = entries()
        .filter(|entry| is_declared(entry.statement.known))
        .count();
    let count = |count: usize| {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        CellValue::Number(readings_annex::count_to_f64(count))
    };
    vec![
        CellValue::Text(book.indicator_name(&one.id)),
        desk.claimed_text(one),
        text_cell(desk.target_text(one)),
        desk.before_quantity(one),
        count(entries().count()),
        match unproven {
            0 => CellValue::Empty,
            some => count(some),
        },
    ]
}
