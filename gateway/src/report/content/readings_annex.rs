//! Annex: first reading, last reading and gaps of every point behind a figure.

use super::context::ReportContext;
use crate::domain::indicator::{InputSource, PointReadings};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::ReportBlock;
use std::collections::BTreeMap;

const HOUR_MS: f64 = 3_600_000.0;

pub(crate) fn readings_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let mut all: BTreeMap<&str, &PointReadings> = BTreeMap::new();
    for one in book.indicators() {
        for input in &one.inputs {
            if let InputSource::Point(readings) = &input.from {
                all.entry(&readings.point).or_insert(readings);
            }
        }
    }
    let columns = book.columns([
        ("point", ValueKind::Text),
        ("unit", ValueKind::Text),
        ("first-at", ValueKind::Time),
        ("first", ValueKind::Mixed),
        ("last-at", ValueKind::Time),
        ("last", ValueKind::Mixed),
        ("good", ValueKind::number("", 0)),
        ("expected", ValueKind::number("", 0)),
        ("share", ValueKind::Percent(1)),
        ("gaps", ValueKind::number("", 0)),
        ("longest", ValueKind::number(&book.unit_text("h"), 1)),
    ]);
    let rows = all.into_values().map(|one| readings_row(book, one));
    let table = book.table("readings", "readings", columns).with_rows(rows);
    book.table_with_intro("readings-text", table)
}

fn readings_row(book: &ReportContext<'_>, one: &PointReadings) -> Vec<CellValue> {
    let (point, unit) = point_name_and_unit(book, &one.point);
    let at = |read: Option<(crate::domain::UtcMs, f64)>| match read {
        Some((at, value)) => [CellValue::Time(at), CellValue::Number(value)],
        None => [CellValue::Empty, CellValue::Empty],
    };
    let [first_at, first] = at(one.first);
    let [last_at, last] = at(one.last);
    let share = match one.expected {
        0 => CellValue::Empty,
        expected => CellValue::Number((count_to_f64(one.good) / count_to_f64(expected)).min(1.0)),
    };
    vec![
        CellValue::Text(point),
        super::context::text_cell(unit),
        first_at,
        first,
        last_at,
        last,
        CellValue::Number(count_to_f64(one.good)),
        CellValue::Number(count_to_f64(one.expected)),
        share,
        CellValue::Number(count_to_f64(one.gaps)),
        CellValue::Number(ms_to_hours(one.longest_gap_ms)),
    ]
}

/// Id of a point, and its unit as printed.
pub(crate) fn point_name_and_unit(book: &ReportContext<'_>, id: &str) -> (String, String) {
    match book.matter.config.site.point(id) {
        Some(point) => (id.to_owned(), book.unit_text(&point.unit)),
        None => (id.to_owned(), String::new()),
    }
}

/// A count as a number; exact below 2^53, which no period reaches.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of readings are far below 2^53"
)]
pub(crate) fn count_to_f64(count: u64) -> f64 {
    count as f64
}

/// Milliseconds as hours.
#[expect(
    clippy::cast_precision_loss,
    reason = "a period has far less than 2^53 ms"
)]
pub(crate) fn ms_to_hours(ms: i64) -> f64 {
    ms as f64 / HOUR_MS
}
