//! Annex: of every point that a figure stands on, its first and last reading and its gaps.

use super::book::Book;
use crate::model::indicator::{Readings, Source};
use crate::report::document::Block;
use crate::report::value::{Kind, Value};
use std::collections::BTreeMap;

const HOUR_MS: f64 = 3_600_000.0;

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let mut all: BTreeMap<&str, &Readings> = BTreeMap::new();
    for one in book.indicators() {
        for input in &one.inputs {
            if let Source::Point(readings) = &input.from {
                all.entry(&readings.point).or_insert(readings);
            }
        }
    }
    let columns = vec![
        book.column("point", Kind::Text),
        book.column("unit", Kind::Text),
        book.column("first-at", Kind::Time),
        book.column("first", Kind::Mixed),
        book.column("last-at", Kind::Time),
        book.column("last", Kind::Mixed),
        book.column("good", Kind::number("", 0)),
        book.column("expected", Kind::number("", 0)),
        book.column("share", Kind::Percent(1)),
        book.column("gaps", Kind::number("", 0)),
        book.column("longest", Kind::number(&book.unit("h"), 1)),
    ];
    let mut table = book.table("readings", "readings", columns);
    table.rows = all.into_values().map(|one| row(book, one)).collect();
    book.introduced("readings-text", table)
}

fn row(book: &Book<'_>, one: &Readings) -> Vec<Value> {
    let (point, unit) = name(book, &one.point);
    let at = |read: Option<(crate::model::UtcMs, f64)>| match read {
        Some((at, value)) => [Value::Time(at), Value::Number(value)],
        None => [Value::Empty, Value::Empty],
    };
    let [first_at, first] = at(one.first);
    let [last_at, last] = at(one.last);
    let share = match one.expected {
        0 => Value::Empty,
        expected => Value::Number((count(one.good) / count(expected)).min(1.0)),
    };
    vec![
        Value::Text(point),
        super::book::cell(unit),
        first_at,
        first,
        last_at,
        last,
        Value::Number(count(one.good)),
        Value::Number(count(one.expected)),
        share,
        Value::Number(count(one.gaps)),
        Value::Number(hours(one.longest_gap_ms)),
    ]
}

/// A point's name with its id, and its unit as printed.
pub(super) fn name(book: &Book<'_>, id: &str) -> (String, String) {
    match book.matter.config.site.point(id) {
        Some(point) => (id.to_owned(), book.unit(&point.unit)),
        None => (id.to_owned(), String::new()),
    }
}

/// A count as a number; exact below 2^53, which no period reaches.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of readings are far below 2^53"
)]
pub(super) fn count(count: u64) -> f64 {
    count as f64
}

/// Milliseconds as hours.
#[expect(
    clippy::cast_precision_loss,
    reason = "a period has far less than 2^53 ms"
)]
pub(super) fn hours(ms: i64) -> f64 {
    ms as f64 / HOUR_MS
}
