//! Annex: every method behind a figure, with its equation and what it rests on.

use super::book::Book;
use crate::report::document::Block;
use crate::report::value::Kind;
use std::collections::BTreeMap;

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    // One row an equation: the figures that share it stand together.
    let mut all: BTreeMap<(Place, &str), Vec<String>> = BTreeMap::new();
    for one in book.indicators() {
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
        book.column("basis", Kind::Text),
    ];
    let mut table = book.table("method-list", "methods", columns);
    for (((letter, _, id), equation), names) in all {
        let basis = book.text(&format!("chapters-basis-{}", letter.to_lowercase()));
        let cells = [id.to_owned(), equation.to_owned(), names.join(", "), basis];
        table.rows.push(cells.into_iter().map(super::book::cell).collect());
    }
    match table.rows.is_empty() {
        true => Vec::new(),
        false => vec![
            book.paragraph("methods-text", &[]),
            Block::Table(table),
            rounding(book),
        ],
    }
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
