//! Chapter on data events: resets, gaps, corrections, and changes of configuration and factors.

use super::context::ReportContext;
use super::{RevisionChange, readings_annex};
use crate::domain::UtcMs;
use crate::domain::indicator::DataEvent;
use crate::domain::sample_import::SampleImport;
use crate::i18n::Language;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{CalloutTone, ReportBlock};
use crate::report::render::number_format;
use jiff::tz::TimeZone;

/// Digits of the hash of a file that are printed.
const HASH_DIGITS: usize = 12;

pub(crate) fn event_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let account = book.matter.account;
    let events = account
        .events
        .iter()
        .map(|event| (event.at, event_row(book, event)));
    let changes = book.matter.changes.iter();
    let changes = changes.map(|change| (change.at, change_row(book, change)));
    let mut rows: Vec<(UtcMs, Vec<CellValue>)> = events.chain(changes).collect();
    if rows.is_empty() {
        return vec![book.paragraph("no-events", &[])];
    }
    rows.sort_by_key(|(at, _)| *at);
    let columns = book.columns([
        ("time", ValueKind::Time),
        ("until", ValueKind::Time),
        ("of", ValueKind::Text),
        ("event", ValueKind::Text),
        ("event-before", ValueKind::Mixed),
        ("event-after", ValueKind::Mixed),
    ]);
    let mut table = book.table("events-list", "events", columns);
    table.rows = rows.into_iter().map(|(_, row)| row).collect();
    let mut blocks = vec![
        book.paragraph("events-text", &[]),
        ReportBlock::Table(table),
    ];
    let more = account.events_left_out + book.matter.changes_left_out;
    if more > 0 {
        let count = more.to_string();
        blocks.push(book.callout(CalloutTone::Note, "events-more", &[("count", &count)]));
    }
    blocks
}

fn event_row(book: &ReportContext<'_>, event: &DataEvent) -> Vec<CellValue> {
    let is_point = book.matter.config.site.point(&event.of).is_some();
    let of = if is_point {
        readings_annex::point_name_and_unit(book, &event.of).0
    } else {
        book.indicator_name(&event.of)
    };
    let (before, after) = match event.before_after {
        Some((before, after)) => (CellValue::Number(before), CellValue::Number(after)),
        None => (CellValue::Empty, CellValue::Empty),
    };
    vec![
        CellValue::Time(event.at),
        event.until.map_or(CellValue::Empty, CellValue::Time),
        CellValue::Text(of),
        CellValue::Text(event_text(book.lang, event, &book.zone)),
        before,
        after,
    ]
}

/// The event in words; for an import with file, person and date.
pub(crate) fn event_text(lang: Language, event: &DataEvent, zone: &TimeZone) -> String {
    let key = format!("event-{}", event.kind.replace('_', "-"));
    match &event.import {
        Some(import) => import_text(lang, &key, import, zone),
        None => lang.text(&key),
    }
}

/// Message about an import: file, the first digits of its hash, person and time.
pub(crate) fn import_text(
    lang: Language,
    key: &str,
    import: &SampleImport,
    zone: &TimeZone,
) -> String {
    let hash: String = import.sha256.chars().take(HASH_DIGITS).collect();
    let who = if import.by.is_empty() {
        number_format::NO_VALUE
    } else {
        &import.by
    };
    let args = [
        ("file", &*import.file),
        ("hash", &*hash),
        ("who", who),
        ("date", &*number_format::time(lang, import.at, zone)),
    ];
    lang.text_with(key, &args)
}

fn change_row(book: &ReportContext<'_>, change: &RevisionChange) -> Vec<CellValue> {
    // A change that touches no setting has only changed comments or layout.
    let mut of = match (change.kind, change.places.is_empty()) {
        ("configuration", true) => book.message("chapters-change-comments"),
        _ => change.places.join(", "),
    };
    if !of.is_empty() {
        of.push_str(": ");
    }
    let (before, after) = &change.before_after;
    vec![
        CellValue::Time(change.at),
        CellValue::Empty,
        CellValue::Text(format!("{of}{before} → {after}")),
        CellValue::Text(book.message(&format!("event-{}", change.kind))),
        CellValue::Empty,
        CellValue::Empty,
    ]
}
