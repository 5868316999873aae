//! Chapter on what was revised since the first issue of a report, and its line on the first page.

use super::context::{ReportContext, text_cell};
use super::display_names;
use super::headline_record::{HeadlineRecord, MovedHeadline};
use super::report_inputs::{EarlierIssue, RevisedSince};
use crate::config::Config;
use crate::domain::ExactNumber;
use crate::domain::calibration::{Calibration, CalibrationKind};
use crate::domain::ledger::EntryKind;
use crate::domain::parse_finite;
use crate::evidence::{ChangesSince, EntrySince, ImportSince, StatedQuantity, TextSince};
use crate::i18n::Language;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{CalloutBox, CalloutTone, ReportBlock};
use crate::report::render::evidence_names::{evidence_name, reasons_text};
use crate::report::render::number_format;
use jiff::tz::TimeZone;

/// Headlines that moved, as many as a first page can have, that are told on it.
const HEADLINES_SHOWN: usize = 8;
/// Other figures that are told there where no headline moved.
const FURTHER_SHOWN: usize = 3;
/// Pairs of a calibration in its sentence.
const CALIBRATION_PAIRS_SHOWN: usize = 4;

/// Changes since a report was issued, one sentence each.
pub fn change_lines(lang: Language, config: &Config, changes: &ChangesSince) -> Vec<String> {
    let zone = config.site.timezone.rules();
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
    lines.extend(entries.map(|one| entry_line(lang, config, one)));
    let texts = changes.texts.iter();
    lines.extend(texts.map(|one| text_line(lang, config, one)));
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

fn entry_line(lang: Language, config: &Config, one: &EntrySince) -> String {
    let at = number_format::time(lang, one.at, config.site.timezone.rules());
    let (number, what) = (one.id.to_string(), entry_name(lang, config, one));
    let [now, before] = [&one.quantity, &one.before].map(|of| quantity_text(lang, of.as_ref()));
    let old = one.supersedes.map(|old| old.to_string());
    let args = [
        ("number", &*number),
        ("by", name_or_dash(&one.by)),
        ("at", &*at),
        ("what", &*what),
        ("now", &*now),
        ("before", &*before),
        ("old", old.as_deref().unwrap_or_default()),
    ];
    let key = match (&old, &one.quantity) {
        (None, _) => "chapters-since-entry",
        (Some(_), Some(_)) => "chapters-since-correction",
        (Some(_), None) => "chapters-since-withdrawal",
    };
    lang.text_with(key, &args)
}

/// Name of the indicator of an entry, with the kind of entry when it is no record.
fn entry_name(lang: Language, config: &Config, one: &EntrySince) -> String {
    let id = format!("ledger.{}", one.indicator);
    let name = display_names::indicator_name(&config.definitions, lang, &id);
    if one.sort == EntryKind::Record.word() {
        return name;
    }
    let key = format!("chapters-since-{}", one.sort);
    if lang.find_text(&key).is_none() {
        return name;
    }
    lang.text_with(&key, &[("name", &name)])
}

/// A quantity with all digits that were written; a dash without one.
fn quantity_text(lang: Language, of: Option<&StatedQuantity>) -> String {
    let number = of.and_then(|of| Some((of, parse_finite(&of.value)?)));
    number.map_or_else(
        || number_format::NO_VALUE.to_owned(),
        |(of, value)| {
            let unit = display_names::unit_text(lang, &of.unit);
            number_format::format_quantity(lang, value, &unit, decimals_of(&of.value))
        },
    )
}

/// Digits after the point of a decimal text.
fn decimals_of(text: &str) -> u8 {
    let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
    u8::try_from(digits).unwrap_or_default()
}

fn text_line(lang: Language, config: &Config, one: &TextSince) -> String {
    let at = number_format::time(lang, one.since, config.site.timezone.rules());
    let name = evidence_name(lang, &format!("{} {}", one.kind.word(), one.id));
    let places = match &one.calibration {
        Some(said) => calibration_text(lang, config, said),
        None => one.places.join(", "),
    };
    let args = [("name", &*name), ("at", &*at), ("places", &*places)];
    if places.is_empty() {
        lang.text_with("chapters-since-text", &args[..2])
    } else {
        lang.text_with("chapters-since-text-places", &args)
    }
}

/// Points and values of a calibration.
fn calibration_text(lang: Language, config: &Config, said: &Calibration) -> String {
    let mut parts = vec![said.targets.join(", ")];
    let target = said.targets.first().map_or("", |target| &**target);
    let unit = config.site.point(target).map(|point| &*point.unit);
    let unit = display_names::unit_text(lang, unit.unwrap_or_default());
    let number = |value: f64| {
        let text = ExactNumber::Float(value).short_digits();
        number_format::format_number(lang, value, decimals_of(&text))
    };
    if let Some(old) = said.withdraws {
        parts.push(lang.text_with("calibrate-withdraws", &[("id", &old.to_string())]));
    } else if let Some(swap) = said.swap() {
        let at = number_format::time(lang, swap.at, config.site.timezone.rules());
        let (old, new) = (number(swap.old_last), number(swap.new_first));
        let args = [
            ("old", &*old),
            ("new", &*new),
            ("at", &*at),
            ("unit", &*unit),
        ];
        parts.push(lang.text_with("calibrate-effect-swap", &args));
    } else {
        let key = match said.kind {
            CalibrationKind::Ct => "calibrate-pair-ct",
            CalibrationKind::Strapping => "calibrate-row",
            _ => "calibrate-pair",
        };
        parts.extend(
            said.pairs
                .iter()
                .take(CALIBRATION_PAIRS_SHOWN)
                .map(|(a, b)| {
                    let (a, b) = (number(*a), number(*b));
                    let args = [
                        ("a", &*a),
                        ("b", &*b),
                        ("level", &*a),
                        ("litres", &*b),
                        ("unit", &*unit),
                    ];
                    lang.text_with(key, &args)
                }),
        );
        if said.pairs.len() > CALIBRATION_PAIRS_SHOWN {
            parts.push("…".to_owned());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
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

/// Line of the first page; none for a report whose figures there say what all issues before it
/// said.
pub(crate) fn revised_line(book: &ReportContext<'_>) -> Option<String> {
    let revised = book.matter.revised.filter(|one| !one.moved.is_empty())?;
    let first = revised.issues.first()?;
    let args = [
        ("count", &*revised.count.to_string()),
        ("number", &*first.number.to_string()),
        ("at", &*number_format::time(book.lang, first.at, &book.zone)),
        ("moved", &*moved_text(book, &revised.moved)),
    ];
    Some(book.format_message("chapters-reissued-text", &args))
}

/// Headlines that moved with their first and their present number and the difference, and how many
/// figures more; other figures where no headline moved.
fn moved_text(book: &ReportContext<'_>, moved: &[MovedHeadline]) -> String {
    let is_headline = |one: &&MovedHeadline| one.latest().is_some_and(HeadlineRecord::is_headline);
    let mut told: Vec<&MovedHeadline> = moved.iter().filter(is_headline).collect();
    if told.is_empty() {
        told.extend(moved);
        told.truncate(FURTHER_SHOWN);
    }
    told.truncate(HEADLINES_SHOWN);
    let text = |record: &Option<HeadlineRecord>| {
        let said = record.as_ref().map(|record| record.text(book.lang));
        said.unwrap_or_else(|| number_format::NO_VALUE.to_owned())
    };
    let one = |one: &&MovedHeadline| {
        let name = moved_name(book, one);
        let (before, now) = (text(&one.before), text(&one.now));
        let by = one.difference(book.lang);
        let args = [
            ("name", &*name),
            ("before", &*before),
            ("now", &*now),
            ("by", &*by),
        ];
        let key = match (by.is_empty(), before == now) {
            (true, _) => "chapters-reissued-changed",
            // Only the status, with the same number or none.
            (false, true) => "chapters-reissued-status",
            (false, false) => "chapters-reissued-moved",
        };
        book.format_message(key, &args)
    };
    let mut parts: Vec<String> = told.iter().map(one).collect();
    let more = moved.len() - told.len();
    if more > 0 {
        let count = more.to_string();
        parts.push(book.format_message("chapters-reissued-more", &[("count", &count)]));
    }
    parts.join("; ")
}

/// Name of a figure that moved, with its asset.
fn moved_name(book: &ReportContext<'_>, one: &MovedHeadline) -> String {
    one.latest().map_or_else(String::new, |record| {
        let definitions = &book.matter.config.definitions;
        let name = display_names::indicator_name(definitions, book.lang, &record.id);
        match &*record.asset {
            "" => name,
            asset => format!("{name} · {}", book.asset_name(asset)),
        }
    })
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
    let lines = change_lines(book.lang, book.matter.config, &revised.changes);
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
        ("revised-number", ValueKind::number("", 0)),
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
            CellValue::Number(super::readings_annex::count_to_f64(one.number)),
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
        vec![
            CellValue::Text(moved_name(book, one)),
            CellValue::Text(text(&one.before)),
            CellValue::Text(text(&one.now)),
            text_cell(one.difference(book.lang)),
        ]
    };
    table.rows = moved.iter().map(row).collect();
    ReportBlock::Table(table)
}

#[cfg(test)]
mod tests {
    use super::super::tests::test_config;
    use super::*;
    use crate::domain::UtcMs;
    use crate::evidence::RevisionKind;
    use jiff::civil::date;

    fn quantity(value: &str, unit: &str) -> StatedQuantity {
        let (value, unit) = (value.to_owned(), unit.to_owned());
        StatedQuantity { value, unit }
    }

    fn entry(quantity: Option<StatedQuantity>, before: Option<StatedQuantity>) -> EntrySince {
        EntrySince {
            id: 5,
            sort: "record".to_owned(),
            indicator: "bsf-fed".to_owned(),
            supersedes: before.is_some().then_some(1),
            quantity,
            before,
            at: UtcMs(1_795_194_000_000),
            by: "Siti".to_owned(),
        }
    }

    fn only_line(changes: &ChangesSince) -> String {
        let lines = change_lines(Language::En, &test_config(), changes);
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines[0].replace('\u{a0}', " ")
    }

    #[test]
    fn an_entry_is_told_with_its_indicator_and_both_amounts() {
        let of = |one| ChangesSince {
            entries: vec![one],
            ..ChangesSince::default()
        };
        let old = Some(quantity("120.50", "kg"));
        let new = Some(quantity("1130", "kg"));
        let name = "Organic waste fed to maggots";
        for (one, part) in [
            (entry(new.clone(), None), format!("5 ({name}: 1,130 kg)")),
            (
                entry(new.clone(), old.clone()),
                format!("of entry 1 ({name}: 120.50 kg before, 1,130 kg now)"),
            ),
            (
                entry(None, old),
                format!("entry 1 ({name}: 120.50 kg) was withdrawn with entry 5 by Siti"),
            ),
            (
                EntrySince {
                    sort: "target".to_owned(),
                    ..entry(new, None)
                },
                format!("5 (target of {name}: 1,130 kg)"),
            ),
        ] {
            let line = only_line(&of(one));
            assert!(line.contains(&part), "{line}\n{part}");
        }
    }

    #[test]
    fn a_calibration_is_told_with_its_point_and_its_values() {
        let said = |kind, target: &str, pairs: &[(f64, f64)], withdraws| Calibration {
            kind,
            targets: vec![target.into()],
            pairs: pairs.to_vec(),
            since: date(2026, 11, 21),
            withdraws,
            who: "Siti".to_owned(),
            note: String::new(),
        };
        let moment = 1_795_194_000_000.0;
        for (one, parts) in [
            (
                said(
                    CalibrationKind::Level,
                    "level.level",
                    &[(1.02, 1.0), (0.5, 0.48)],
                    None,
                ),
                [
                    "level.level; shown 1.02",
                    "true 1",
                    "shown 0.5",
                    "true 0.48",
                ],
            ),
            (
                said(
                    CalibrationKind::Ct,
                    "meter",
                    &[(100.0, 5.0), (200.0, 5.0)],
                    None,
                ),
                ["meter; ", "100/5 A", "200/5 A", "calibration 3"],
            ),
            (
                said(CalibrationKind::Strapping, "tandon", &[(1.5, 900.0)], None),
                ["tandon; ", "1.5 m: 900 L", "calibration 3", "New since"],
            ),
            (
                said(
                    CalibrationKind::Swap,
                    "meter.kwh",
                    &[(1040.5, 0.1), (moment, 0.0)],
                    None,
                ),
                ["meter.kwh; ", "ended at 1,040.5", "began at 0.1", "2026"],
            ),
            (
                said(CalibrationKind::Level, "level.level", &[], Some(2)),
                ["level.level; ", "withdraws 2", "calibration 3", "New since"],
            ),
        ] {
            let changes = ChangesSince {
                texts: vec![TextSince {
                    kind: RevisionKind::Calibrations,
                    id: 3,
                    since: UtcMs(1_795_194_000_000),
                    places: Vec::new(),
                    calibration: Some(Box::new(one)),
                }],
                ..ChangesSince::default()
            };
            let line = only_line(&changes);
            for part in parts {
                assert!(line.contains(part), "{line}\n{part}");
            }
        }
    }
}
