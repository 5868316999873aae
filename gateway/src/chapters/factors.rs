//! Annex: every factor behind a figure, with its source and how far it may be believed.

use super::book::{Book, cell};
use super::naming;
use crate::model::factor::Factor;
use crate::report::document::Block;
use crate::report::value::{Kind, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let mut all: BTreeMap<&str, &Arc<Factor>> = BTreeMap::new();
    for factor in book.indicators().iter().flat_map(|one| &one.factors) {
        all.insert(&factor.id, factor);
    }
    let columns = vec![
        book.column("factor", Kind::Text),
        book.column("value", Kind::Mixed),
        book.column("unit", Kind::Text),
        book.column("vintage", Kind::Text),
        book.column("spread", Kind::Percent(0)),
        book.column("status", Kind::Text),
        book.column("headline", Kind::Text),
        book.column("source", Kind::Text),
    ];
    let mut table = book.table("factor-list", "factors", columns);
    table.rows = all.into_values().map(|factor| row(book, factor)).collect();
    book.introduced("factors-text", table)
}

fn row(book: &Book<'_>, factor: &Factor) -> Vec<Value> {
    let percent = factor.percent().map(|percent| percent / 100.0);
    vec![
        Value::text(&*factor.id),
        Value::Number(factor.value),
        Value::Text(naming::unit(book.lang, factor.unit.text())),
        cell(factor.year.map(|year| year.to_string()).unwrap_or_default()),
        percent.map_or(Value::Empty, Value::Number),
        Value::Text(status(book, factor)),
        Value::Text(headline(book, factor)),
        cell(book.matter.config.factors.source(factor, book.lang)),
    ]
}

/// Who says so, in words.
pub(super) fn status(book: &Book<'_>, factor: &Factor) -> String {
    let word = factor.status.word().replace('_', "-");
    book.text(&format!("factor-status-{word}"))
}

/// Whether it may stand behind a headline, in words.
pub(super) fn headline(book: &Book<'_>, factor: &Factor) -> String {
    let word = book.matter.config.factors.headline(factor).word();
    book.text(&format!("factor-headline-{word}"))
}
