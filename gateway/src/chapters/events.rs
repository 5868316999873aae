//! What happened to the data: resets, gaps, corrections.

use super::book::Book;
use super::points;
use crate::model::indicator::DataEvent;
use crate::report::document::{Block, Tone};
use crate::report::value::{Kind, Value};

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let account = book.matter.account;
    if account.events.is_empty() {
        return vec![book.paragraph("no-events", &[])];
    }
    let columns = vec![
        book.column("time", Kind::Time),
        book.column("until", Kind::Time),
        book.column("of", Kind::Text),
        book.column("event", Kind::Text),
        book.column("event-before", Kind::Mixed),
        book.column("event-after", Kind::Mixed),
    ];
    let mut table = book.table("events-list", "events", columns);
    table.rows = account
        .events
        .iter()
        .map(|event| row(book, event))
        .collect();
    let mut blocks = vec![book.paragraph("events-text", &[]), Block::Table(table)];
    if account.events_left_out > 0 {
        let count = account.events_left_out.to_string();
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
        Value::Text(book.text(&format!("event-{}", event.kind))),
        before,
        after,
    ]
}
