//! Annex: every method behind a figure, with its equation and what it rests on.

use super::book::Book;
use crate::model::indicator::Indicator;
use crate::model::ledger::Sort;
use crate::report::document::Block;
use crate::report::table::Table;
use crate::report::value::Kind;
use std::collections::BTreeMap;

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    // One row an equation: the figures that share it stand together.
    let mut all: BTreeMap<(Place, &str), Vec<String>> = BTreeMap::new();
    let told = book.indicators().iter().filter(|one| !is_plain(one));
    for one in told {
        let names = all.entry((place(one.method), one.equation)).or_default();
        let name = book.name(&one.id);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let columns = vec![
        book.column("method", Kind::Text),
        book.column("equation", Kind::Text),
        book.column("used-for", Kind::Text),
    ];
    let mut table = book.table("method-list", "methods", columns);
    let mut letters: Vec<&str> = Vec::new();
    for (((letter, _, id), equation), names) in all {
        let cells = [id.to_owned(), equation.to_owned(), names.join(", ")];
        table
            .rows
            .push(cells.into_iter().map(super::book::cell).collect());
        if !letters.contains(&letter) {
            letters.push(letter);
        }
    }
    let mut blocks = book.introduced("methods-text", table);
    if !blocks.is_empty() {
        blocks.push(Block::Table(basis(book, &letters)));
        blocks.push(rounding(book));
    }
    blocks
}

/// A sum over the assets, or what people aimed at: nothing that stands on a method.
fn is_plain(one: &Indicator) -> bool {
    let aimed = Sort::ALL
        .iter()
        .any(|sort| one.id.ends_with(&format!(".{}", sort.word())));
    one.equation == "Σ x" || aimed
}

/// What the methods of each section rest on.
fn basis(book: &Book<'_>, letters: &[&str]) -> Table {
    let columns = vec![
        book.column("method", Kind::Text),
        book.column("basis", Kind::Text),
    ];
    let mut table = book.table("method-basis", "method-basis", columns);
    let row = |letter: &&str| {
        let basis = book.text(&format!("chapters-basis-{}", letter.to_lowercase()));
        vec![
            super::book::cell(format!("{letter}.…")),
            super::book::cell(basis),
        ]
    };
    table.rows = letters.iter().map(row).collect();
    table
}

fn rounding(book: &Book<'_>) -> Block {
    let gwp = book.matter.config.factors.gwp.word();
    book.paragraph("rounding", &[("gwp", gwp)])
}

/// Section letter, number and id of a method, so that A.10 stands behind A.9.
type Place<'a> = (&'a str, u32, &'a str);

fn place(id: &str) -> Place<'_> {
    let (letter, number) = id.split_once('.').unwrap_or((id, ""));
    (letter, number.parse().unwrap_or(0), id)
}
