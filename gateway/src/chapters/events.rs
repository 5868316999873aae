//! What happened to the data: resets, gaps, corrections, and changes of what figures are computed
//! with.

use super::book::Book;
use super::{Change, points};
use crate::model::UtcMs;
use crate::model::indicator::DataEvent;
use crate::report::document::{Block, Tone};
use crate::report::value::{Kind, Value};

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let account = book.matter.account;
    let events = account
        .events
        .iter()
        .map(|event| (event.at, row(book, event)));
    let changes = book.matter.changes.iter();
    let changes = changes.map(|change| (change.at, change_row(book, change)));
    let mut rows: Vec<(UtcMs, Vec<Value>)> = events.chain(changes).collect();
    if rows.is_empty() {
        return vec![book.paragraph("no-events", &[])];
    }
    rows.sort_by_key(|(at, _)| *at);
    let columns = vec![
        book.column("time", Kind::Time),
        book.column("until", Kind::Time),
        book.column("of", Kind::Text),
        book.column("event", Kind::Text),
        book.column("event-before", Kind::Mixed),
        book.column("event-after", Kind::Mixed),
    ];
    let mut table = book.table("events-list", "events", columns);
    table.rows = rows.into_iter().map(|(_, row)| row).collect();
    let mut blocks = vec![book.paragraph("events-text", &[]), Block::Table(table)];
    let more = account.events_left_out + book.matter.changes_left_out;
    if more > 0 {
        let count = more.to_string();
        blocks.push(book.callout(Tone::Note, "events-more", &[("count", &count)]));
    }
    blocks
}

fn row(book: &Book<'_>, event: &DataEvent) -> Vec<Value> {
    let is_point = book.matter.config.site.point(&event.of).is_some();
    let of = if is_point {
        points::name(book, &event.of).0
    } else {
        book.name(&event.of)
    };
    let (before, after) = match event.before_after {
        Some((before, after)) => (Value::Number(before), Value::Number(after)),
        None => (Value::Empty, Value::Empty),
    };
    vec![
        Value::Time(event.at),
        event.until.map_or(Value::Empty, Value::Time),
        Value::Text(of),
        Value::Text(book.text(&format!("event-{}", event.kind.replace('_', "-")))),
        before,
        after,
    ]
}

fn change_row(book: &Book<'_>, change: &Change) -> Vec<Value> {
    let mut of = match (change.kind, change.places.is_empty()) {
        ("configuration", true) => book.text("chapters-change-comments"),
        _ => change.places.join(", "),
    };
    if !of.is_empty() {
        of.push_str(": ");
    }
    let (before, after) = &change.before_after;
    vec![
        Value::Time(change.at),
        Value::Empty,
        Value::Text(format!("{of}{before} → {after}")),
        Value::Text(book.text(&format!("event-{}", change.kind))),
        Value::Empty,
        Value::Empty,
    ]
}
