//! Annex: every method behind a figure, with its equation and basis.

use super::context::ReportContext;
use super::indicator_figures;
use crate::domain::indicator::Indicator;
use crate::domain::ledger::EntryKind;
use crate::report::render::cell_value::ValueKind;
use crate::report::render::document::ReportBlock;
use crate::report::render::table::ReportTable;
use std::collections::BTreeMap;

pub(crate) fn method_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    // Figures with the same equation share one row. None is for a measured figure that is declared
    // for its targets.
    let mut all: BTreeMap<(MethodOrder, &str), Vec<String>> = BTreeMap::new();
    let told = book.indicators().iter().filter(|one| {
        let is_declared = indicator_figures::is_unmeasured(book, one);
        !is_plain(one) && !is_declared
    });
    for one in told {
        let names = all
            .entry((method_order(one.method), one.equation))
            .or_default();
        let name = book.indicator_name(&one.id);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let columns = book.columns([
        ("method", ValueKind::Text),
        ("equation", ValueKind::Text),
        ("used-for", ValueKind::Text),
    ]);
    let mut table = book.table("method-list", "methods", columns);
    let mut letters: Vec<&str> = Vec::new();
    for (((letter, _, id), equation), names) in all {
        let cells = [id.to_owned(), equation.to_owned(), names.join(", ")];
        table
            .rows
            .push(cells.into_iter().map(super::context::text_cell).collect());
        if !letters.contains(&letter) {
            letters.push(letter);
        }
    }
    let mut blocks = book.table_with_intro("methods-text", table);
    if !blocks.is_empty() {
        blocks.push(ReportBlock::Table(method_basis_table(book, &letters)));
        blocks.push(rounding_paragraph(book));
    }
    blocks
}

/// True for sums over assets, targets and baselines, which have no method of their own.
fn is_plain(one: &Indicator) -> bool {
    let aimed = EntryKind::ALL
        .iter()
        .any(|sort| one.id.ends_with(&format!(".{}", sort.word())));
    one.equation == "Σ x" || aimed
}

/// Basis of the methods of each section: standard, guideline or source.
fn method_basis_table(book: &ReportContext<'_>, letters: &[&str]) -> ReportTable {
    let columns = book.columns([("method", ValueKind::Text), ("basis", ValueKind::Text)]);
    let mut table = book.table("method-basis", "method-basis", columns);
    let row = |letter: &&str| {
        let basis = book.message(&format!("chapters-basis-{}", letter.to_lowercase()));
        vec![
            super::context::text_cell(format!("{letter}.…")),
            super::context::text_cell(basis),
        ]
    };
    table.rows = letters.iter().map(row).collect();
    table
}

fn rounding_paragraph(book: &ReportContext<'_>) -> ReportBlock {
    let gwp = book.matter.config.factors.gwp.word();
    book.paragraph("rounding", &[("gwp", gwp)])
}

/// Sort key: section letter, number and id of a method, so that A.10 follows A.9.
type MethodOrder<'a> = (&'a str, u32, &'a str);

fn method_order(id: &str) -> MethodOrder<'_> {
    let (letter, number) = id.split_once('.').unwrap_or((id, ""));
    (letter, number.parse().unwrap_or(0), id)
}
