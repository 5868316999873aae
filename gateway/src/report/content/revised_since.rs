//! Chapter on what was revised since the first issue of a report, and its line on the first page.

use super::context::{ReportContext, text_cell};
use super::display_names;
use super::headline_record::{HeadlineRecord, MovedHeadline};
use super::report_inputs::{EarlierIssue, RevisedSince};
use crate::evidence::{ChangesSince, EntrySince, ImportSince, TextSince};
use crate::i18n::Language;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{CalloutBox, CalloutTone, ReportBlock};
use crate::report::render::evidence_names::{evidence_name, reasons_text};
use crate::report::render::number_format;
use jiff::tz::TimeZone;

/// Changes since a report was issued, one sentence each.
pub fn change_lines(lang: Language, zone: &TimeZone, changes: &ChangesSince) -> Vec<String> {
    let mut lines = Vec::new();
    if changes.closed > 0 {
        let count = changes.closed.to_string();
        lines.push(lang.text_with("chapters-since-closed", &[("count", &count)]));
    }
    lines.extend(changes.days.iter().map(|one| {
        let day = number_format::date(lang, one.day);
        let reasons = reasons_text(lang, &one.reasons);
        let args = [("day", &*day), ("reasons", &*reasons)];
        lang.text_with("chapters-since-day", &args)
    }));
    let entries = changes.entries.iter();
    lines.extend(entries.map(|one| entry_line(lang, zone, one)));
    let texts = changes.texts.iter();
    lines.extend(texts.map(|one| text_line(lang, zone, one)));
    let imports = changes.imports.iter();
    lines.extend(imports.map(|one| import_line(lang, zone, one)));
    if changes.left_out > 0 {
        let count = changes.left_out.to_string();
        lines.push(lang.text_with("chapters-since-more", &[("count", &count)]));
    }
    if lines.is_empty() {
        lines.push(lang.text("chapters-since-nothing"));
    }
    lines
}

fn name_or_dash(name: &str) -> &str {
    if name.is_empty() {
        number_format::NO_VALUE
    } else {
        name
    }
}

fn entry_line(lang: Language, zone: &TimeZone, one: &EntrySince) -> String {
    let at = number_format::time(lang, one.at, zone);
    let number = one.id.to_string();
    let args = [
        ("number", &*number),
        ("by", name_or_dash(&one.by)),
        ("at", &*at),
    ];
    match one.supersedes {
        None => lang.text_with("chapters-since-entry", &args),
        Some(old) => {
            let old = old.to_string();
            let args = [&args[..], &[("old", &*old)]].concat();
            lang.text_with("chapters-since-correction", &args)
        }
    }
}

fn text_line(lang: Language, zone: &TimeZone, one: &TextSince) -> String {
    let at = number_format::time(lang, one.since, zone);
    let name = evidence_name(lang, &format!("{} {}", one.kind.word(), one.id));
    let places = one.places.join(", ");
    let args = [("name", &*name), ("at", &*at), ("places", &*places)];
    if places.is_empty() {
        lang.text_with("chapters-since-text", &args[..2])
    } else {
        lang.text_with("chapters-since-text-places", &args)
    }
}

fn import_line(lang: Language, zone: &TimeZone, one: &ImportSince) -> String {
    let at = number_format::time(lang, one.at, zone);
    let (samples, replaced) = (one.samples.to_string(), one.replaced.to_string());
    let args = [
        ("point", &*one.point),
        ("file", name_or_dash(&one.file)),
        ("by", name_or_dash(&one.by)),
        ("at", &*at),
        ("samples", &*samples),
        ("replaced", &*replaced),
    ];
    lang.text_with("chapters-since-import", &args)
}

/// Line of the first page; none for a report that says what all issues before it said.
pub(crate) fn revised_line(book: &ReportContext<'_>) -> Option<String> {
    let revised = book.matter.revised?;
    let first = revised.issues.first()?;
    let args = [
        ("count", &*revised.count.to_string()),
        ("number", &*first.number.to_string()),
        ("at", &*number_format::time(book.lang, first.at, &book.zone)),
        ("moved", &*revised.moved.len().to_string()),
    ];
    Some(book.format_message("chapters-reissued-text", &args))
}

/// The line as a box.
pub(crate) fn revised_callout(book: &ReportContext<'_>) -> Option<ReportBlock> {
    Some(ReportBlock::Callout(CalloutBox {
        tone: CalloutTone::Note,
        title: book.message("chapters-reissued-title"),
        text: revised_line(book)?,
    }))
}

/// The chapter; empty for a report that says what all issues before it said.
pub(crate) fn revised_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let Some(revised) = book.matter.revised else {
        return Vec::new();
    };
    let mut blocks = vec![book.paragraph("revised-intro", &[])];
    blocks.push(issue_table(book, revised));
    let listed = revised.issues.len() as u64;
    if revised.count > listed {
        let more = (revised.count - listed).to_string();
        blocks.push(book.paragraph("revised-more", &[("count", &more)]));
    }
    let columns = book.columns([("revised-change", ValueKind::Text)]);
    let mut table = book.table("revised-changes", "revised-changes", columns);
    let lines = change_lines(book.lang, &book.zone, &revised.changes);
    table.rows = lines
        .into_iter()
        .map(|line| vec![CellValue::Text(line)])
        .collect();
    blocks.push(ReportBlock::Table(table));
    if revised.moved.is_empty() {
        blocks.push(book.paragraph("revised-not-moved", &[]));
    } else {
        blocks.push(moved_table(book, &revised.moved));
    }
    blocks
}

fn issue_table(book: &ReportContext<'_>, revised: &RevisedSince) -> ReportBlock {
    let columns = book.columns([
        ("revised-number", ValueKind::Text),
        ("revised-at", ValueKind::Time),
        ("who", ValueKind::Text),
    ]);
    let mut table = book.table("revised-issues", "revised-issues", columns);
    let row = |one: &EarlierIssue| {
        let by = match one.by.as_str() {
            "" => book.message(&format!("laporan-via-{}", one.via.word())),
            name => name.to_owned(),
        };
        vec![
            CellValue::Text(one.number.to_string()),
            CellValue::Time(one.at),
            CellValue::Text(by),
        ]
    };
    table.rows = revised.issues.iter().map(row).collect();
    ReportBlock::Table(table)
}

fn moved_table(book: &ReportContext<'_>, moved: &[MovedHeadline]) -> ReportBlock {
    let columns = book.columns([
        ("revised-figure", ValueKind::Text),
        ("revised-first", ValueKind::Text),
        ("revised-now", ValueKind::Text),
        ("revised-difference", ValueKind::Text),
    ]);
    let mut table = book.table("revised-moved", "revised-moved", columns);
    let text = |record: &Option<HeadlineRecord>| {
        record.as_ref().map_or_else(
            || number_format::NO_VALUE.to_owned(),
            |record| {
                let status = book.message(&format!("report-status-{}", record.status));
                format!("{} ({status})", record.text(book.lang))
            },
        )
    };
    let row = |one: &MovedHeadline| {
        let name = one.latest().map_or_else(String::new, |record| {
            let definitions = &book.matter.config.definitions;
            let name = display_names::indicator_name(definitions, book.lang, &record.id);
            match &*record.asset {
                "" => name,
                asset => format!("{name} · {}", book.asset_name(asset)),
            }
        });
        vec![
            CellValue::Text(name),
            CellValue::Text(text(&one.before)),
            CellValue::Text(text(&one.now)),
            text_cell(one.difference(book.lang)),
        ]
    };
    table.rows = moved.iter().map(row).collect();
    ReportBlock::Table(table)
}
