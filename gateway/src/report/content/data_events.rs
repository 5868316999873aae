//! Chapter on data events: resets, gaps, corrections, and changes of configuration and factors.

use super::context::ReportContext;
use super::{RevisionChange, readings_annex};
use crate::domain::UtcMs;
use crate::domain::indicator::DataEvent;
use crate::domain::redated_stretch::RedatedStretch;
use crate::domain::sample_import::SampleImport;
use crate::i18n::Language;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{CalloutTone, ReportBlock};
use crate::report::render::number_format;
use jiff::tz::TimeZone;

/// Characters of the id of a boot that are printed.
const BOOT_CHARS: usize = 8;
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
    let of = if event.kind == "record_damaged" {
        format!("{} {}", book.message("damage-records"), event.of)
    } else if is_point {
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
    match (&event.import, &event.redated) {
        (Some(import), _) => import_text(lang, &key, import, zone),
        (None, Some(stretch)) => redated_text(lang, &key, stretch, zone),
        (None, None) => lang.text(&key),
    }
}

/// Message about re-dated readings: by how much, when, and the boot in which they were read.
pub(crate) fn redated_text(
    lang: Language,
    key: &str,
    stretch: &RedatedStretch,
    zone: &TimeZone,
) -> String {
    #[expect(clippy::cast_precision_loss, reason = "seconds, for people")]
    let seconds = number_format::format_number(lang, stretch.shift_ms as f64 / 1000.0, 0);
    let boot: String = stretch.era.chars().take(BOOT_CHARS).collect();
    let args = [
        ("shift", &*seconds),
        ("date", &*number_format::time(lang, stretch.at, zone)),
        ("boot", &*boot),
    ];
    lang.text_with(key, &args)
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
