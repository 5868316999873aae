//! Preview of an import: how the file was read, and how its rows compare with the kept ones, in
//! words and as JSON.

use super::counter_falls::CounterDoubt;
use super::import_args::ImportArgs;
use super::import_questions::{sentence_text, source_text};
use super::import_units;
use super::planned_import::PlannedImport;
use crate::cli::backend::print_stderr;
use crate::config::Config;
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::samples_csv::{
    self, CsvRowError, CsvRowErrorKind, CsvRowErrors, DateOrder, DetectedTableFormat,
    LoggerTableOptions, RowStatuses, ZoneSource,
};
use crate::server::ImportedRowsJson;
use serde_json::{Value, json};
use std::path::Path;

/// Lengths of time with the message key of their unit, the longest first, ms.
const LENGTHS: [(i64, &str); 4] = [
    (86_400_000, "cli-import-days"),
    (3_600_000, "cli-import-hours"),
    (60_000, "cli-import-minutes"),
    (1000, "cli-import-seconds"),
];

/// Lines above the heading that are shown, at most.
const HEAD_LINES_MAX: usize = 12;

/// Prints the detected format with the first reading, so that a person can check both.
pub(super) fn print_format(
    plan: &PlannedImport,
    options: &ImportArgs,
    wishes: &LoggerTableOptions,
    lang: Language,
) {
    if let Some(format) = &plan.format {
        print_table_format(format, options, wishes, lang);
    }
    let named = plan.format.as_ref();
    let column = named.map(|format| column_text(format.column, &format.column_name));
    let column = column.unwrap_or_default();
    import_units::print_conversion(&plan.converted, options.unit.as_deref(), &column, lang);
    if plan.repeated > 0 {
        let count = count_text(plan.repeated, lang);
        print_stderr(&lang.text_with("exchange-repeated", &[("count", &count)]));
    }
}

fn print_table_format(
    format: &DetectedTableFormat,
    options: &ImportArgs,
    wishes: &LoggerTableOptions,
    lang: Language,
) {
    let parts = format_parts(format, options, wishes, lang);
    print_stderr(&lang.text_with("exchange-understood", &[("parts", &parts.join(", "))]));
    for told in &format.overridden {
        print_stderr(&sentence_text(told, lang));
    }
    if let Some((line, (at, number))) = format.first {
        let mut value = String::new();
        samples_csv::write_number(&mut value, number);
        // Without marks between thousands: `1.234` would have to be read twice here.
        let value = lang.locale().plain_digits(&value);
        let (found, digits) = &format.first_texts;
        let args = [
            ("line", &*line.to_string()),
            ("found", found),
            ("digits", digits),
            ("time", &time_text(at.0)),
            ("value", &value),
        ];
        print_stderr(&lang.text_with("exchange-first", &args));
    }
    let say = |key, (count, line): (u64, u64)| {
        if count > 0 {
            let args = [
                ("count", &*count_text(count, lang)),
                ("line", &*line.to_string()),
            ];
            print_stderr(&lang.text_with(key, &args));
        }
    };
    let head = u64::try_from(format.head).unwrap_or(u64::MAX);
    say("exchange-head", (head, 0));
    for (line, text) in format.head_texts.iter().take(HEAD_LINES_MAX) {
        let args = [("line", &*line.to_string()), ("found", text)];
        print_stderr(&lang.text_with("exchange-head-line", &args));
    }
    say("exchange-summaries", format.summaries);
    say("exchange-missing", format.missing);
    say("exchange-undated", format.undated);
    say("exchange-cut", (format.cut, 0));
    print_statuses(&format.statuses, lang);
}

/// Says which rows the file calls wrong, and which statuses no rule knows.
fn print_statuses(statuses: &RowStatuses, lang: Language) {
    let list = |texts: &[(String, u64)]| {
        let one = |(text, count): &(String, u64)| format!("{text}: {}", count_text(*count, lang));
        texts.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let wrong = ("exchange-status-wrong", &statuses.wrong_texts);
    let unknown = ("exchange-status-unknown", &statuses.unknown_texts);
    for (key, texts) in [wrong, unknown] {
        if texts.is_empty() {
            continue;
        }
        let count = texts.iter().map(|(_, count)| count).sum();
        let args = [
            ("column", &*statuses.column),
            ("found", &*list(texts)),
            ("count", &*count_text(count, lang)),
            ("line", &*statuses.first_wrong.to_string()),
        ];
        print_stderr(&lang.text_with(key, &args));
    }
}

fn format_parts(
    format: &DetectedTableFormat,
    options: &ImportArgs,
    wishes: &LoggerTableOptions,
    lang: Language,
) -> Vec<String> {
    let mut parts = vec![format.encoding.name().to_owned()];
    parts.push(if let Some(sheet) = &format.sheet {
        lang.text_with("exchange-in-sheet", &[("sheet", sheet)])
    } else {
        let separator = match format.separator {
            '\t' => lang.text("exchange-tab"),
            sign => format!("\"{sign}\""),
        };
        lang.text_with("exchange-separator", &[("sign", &separator)])
    });
    parts.extend(format.hidden.text(lang));
    parts.push(match format.heading_line {
        Some(line) => lang.text_with("exchange-heading-line", &[("line", &line.to_string())]),
        None => lang.text("exchange-no-heading"),
    });
    let (number, name) = &format.time_column;
    let column = column_text(*number, name);
    parts.push(lang.text_with("exchange-times-in-column", &[("column", &column)]));
    if let Some(order) = format.dates {
        parts.push(lang.text(&format!("exchange-order-{}", order.word())));
    }
    if format.numbered {
        let key = if format.since_1904 {
            "exchange-numbered-1904"
        } else {
            "exchange-numbered"
        };
        parts.push(lang.text(key));
    }
    if let Some(source) = format.zone_source {
        let source = source_text(&source.message_key(), lang);
        parts.push(lang.text_with("exchange-stated-zone", &[("source", &source)]));
    } else if format.local {
        let said = wishes.zone.as_ref().and_then(|zone| zone.iana_name());
        let zone = options.zone.as_deref().or(said).unwrap_or_default();
        parts.push(lang.text_with("exchange-in-zone", &[("zone", zone)]));
    } else if !format.numbered {
        parts.push(lang.text("exchange-own-zone"));
    }
    let column = column_text(format.column, &format.column_name);
    parts.push(lang.text_with("exchange-in-column", &[("column", &column)]));
    let word = format.decimals.word();
    parts.push(lang.text(&format!("exchange-decimals-{word}")));
    parts
}

/// Values from here on are written with an exponent.
const PLAIN_BELOW: f64 = 1e15;

/// Number of a column, with its name.
pub(super) fn column_text(number: usize, name: &str) -> String {
    if name.is_empty() {
        number.to_string()
    } else {
        format!("{number} \"{name}\"")
    }
}

/// Prints the rows of a point: how many, from when to when, and how they meet the kept ones.
pub(super) fn print_comparison(
    plan: &PlannedImport,
    found: &ImportedRowsJson,
    config: &Config,
    lang: Language,
) {
    let point = config.site.point(&plan.target.point);
    let unit = point.map(|point| &*point.unit).unwrap_or_default();
    let (first, last) = plan.span.map_or((0, 0), |(first, last)| (first.0, last.0));
    let args = [
        ("point", &*plan.target.point),
        ("unit", unit),
        ("rows", &count_text(plan.count, lang)),
        ("first", &time_text(first)),
        ("last", &time_text(last)),
        (
            "interval",
            &*plan
                .interval_ms
                .map(|interval| interval_text(interval, lang))
                .unwrap_or_default(),
        ),
        ("new", &count_text(found.new, lang)),
        ("equal", &count_text(found.equal, lang)),
        ("differing", &count_text(found.differing, lang)),
    ];
    // A single row has no interval.
    let key = if plan.interval_ms.is_some() {
        "cli-import-counts"
    } else {
        "cli-import-counts-one"
    };
    print_stderr(&lang.text_with(key, &args));
    print_falls(plan, lang);
    let value = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| value_text(v, lang));
    if let Some((at, kept, given)) = found.first_differing {
        let args = [
            ("time", &*time_text(at)),
            ("kept", &value(kept)),
            ("given", &value(given)),
        ];
        print_stderr(&lang.text_with("cli-import-differs", &args));
    }
    if let Some(at) = found.first_among {
        let args = [
            ("count", &*count_text(found.among, lang)),
            ("time", &time_text(at)),
        ];
        print_stderr(&lang.text_with("cli-import-among", &args));
    }
    if let Some((at, outside)) = found.first_outside {
        let args = [
            ("count", &*count_text(found.outside, lang)),
            ("time", &time_text(at)),
            ("value", &value_text(outside, lang)),
        ];
        print_stderr(&lang.text_with("cli-import-outside", &args));
    }
}

/// Says that the values for a counter fall, and why they may be no readings of one.
fn print_falls(plan: &PlannedImport, lang: Language) {
    let Some(falls) = &plan.falls else { return };
    let key = match plan.counter_doubt() {
        Some((CounterDoubt::Falls, _)) => "cli-import-falls",
        Some((CounterDoubt::StretchTotals, _)) => "cli-import-daily",
        None if falls.count > 0 => "cli-import-restarts",
        None => return,
    };
    let (least, most) = falls.range.unwrap_or_default();
    let (at, before, value) = falls.first.unwrap_or((UtcMs(0), 0.0, 0.0));
    let args = [
        ("point", &*plan.target.point),
        ("count", &*count_text(falls.count, lang)),
        ("time", &time_text(at.0)),
        ("before", &value_text(before, lang)),
        ("value", &value_text(value, lang)),
        ("least", &value_text(least, lang)),
        ("most", &value_text(most, lang)),
    ];
    print_stderr(&lang.text_with(key, &args));
}

fn time_text(at: i64) -> String {
    let mut text = String::new();
    samples_csv::write_time(&mut text, UtcMs(at));
    text
}

/// Value of a row in full; a very large one as `1e308` instead of 309 digits.
fn value_text(value: f64, lang: Language) -> String {
    if value.abs() < PLAIN_BELOW {
        lang.locale().plain_digits(&value.to_string())
    } else {
        format!("{value:e}")
    }
}

/// Number of rows in the marks of the language.
pub(super) fn count_text(count: u64, lang: Language) -> String {
    lang.locale().grouped_digits(&count.to_string())
}

/// Interval in its greatest whole unit.
fn interval_text(interval: i64, lang: Language) -> String {
    let whole = LENGTHS.iter().find(|(length, _)| interval % length == 0);
    match whole {
        Some((length, key)) => {
            let count = (interval / length).to_string();
            lang.text_with(key, &[("count", &count)])
        }
        None => format!("{} ms", lang.locale().grouped_digits(&interval.to_string())),
    }
}

/// Result of one point as JSON.
pub(super) fn result_json(
    plan: &PlannedImport,
    options: &ImportArgs,
    found: &ImportedRowsJson,
) -> Value {
    let mut json = json!({
        "point": plan.target.point,
        "rows": plan.count,
        "new": found.new,
        "equal": found.equal,
        "differing": found.differing,
        "among": found.among,
        "outside": found.outside,
        "written": found.written,
        "repeated": plan.repeated,
        "falls": plan.falls.map(|falls| falls.count),
        "interval_ms": plan.interval_ms,
        "converted": plan.converted.units.as_ref()
            .map(|(from, to)| json!({ "from": from, "to": to })),
    });
    let overridden = plan.converted.overridden.iter();
    let overridden: Vec<&str> = overridden.map(|one| &*one.text).collect();
    if !overridden.is_empty() {
        json["overridden_units"] = json!(overridden);
    }
    if let Some(format) = &plan.format {
        json["without_value"] = json!(format.missing.0);
        json["without_time"] = json!(format.undated.0);
        json["called_wrong"] = json!(format.statuses.wrong.len());
        json["totals"] = json!(format.summaries.0);
        json["cut_to_millisecond"] = json!(format.cut);
        json["understood"] = format_json(format, options.zone.as_deref());
    }
    json
}

fn format_json(format: &DetectedTableFormat, zone: Option<&str>) -> Value {
    json!({
        "encoding": format.encoding.name(),
        "sheet": format.sheet,
        "separator": format.separator.to_string(),
        "decimals": format.decimals.word(),
        "dates": format.dates.map(DateOrder::word),
        "zone": zone.filter(|_| format.local),
        "zone_of_heading": format.zone_source == Some(ZoneSource::Heading),
        "zone_of_line": format.zone_source.and_then(|source| match source {
            ZoneSource::Above(line) => Some(line),
            ZoneSource::Heading | ZoneSource::Column => None,
        }),
        "day_numbers": format.numbered,
        "heading_line": format.heading_line,
        "time_column": format.time_column.0,
        "column": format.column,
        "unit": format.value_unit,
        "head_lines": format.head,
        "overridden": format.overridden.iter().map(|told| told.key).collect::<Vec<_>>(),
    })
}

/// Text of a row that an error quotes. A reading that occurs twice is quoted as it was read, in the
/// digits of the language.
fn found_text(fault: &CsvRowError, lang: Language) -> String {
    let reading = fault.found.split_once(' ');
    match reading.filter(|_| fault.kind == CsvRowErrorKind::DuplicateTime) {
        Some((time, value)) => format!("{time} {}", lang.locale().plain_digits(value)),
        None => fault.found.clone(),
    }
}

/// Prints the errors of rows: the first ones of each kind, the others as one line.
pub(super) fn print_row_errors(faults: &CsvRowErrors, file: &Path, lang: Language) {
    let file = file.display();
    for fault in &faults.named {
        let other = fault.other.unwrap_or_default().to_string();
        let expected = lang.text_with(fault.kind.message_key(), &[("other", &other)]);
        let found = found_text(fault, lang);
        print_stderr(&format!("{file}:{}: \"{found}\": {expected}", fault.line));
    }
    for (kind, _) in &faults.kinds {
        let more = faults.unlisted_count(*kind);
        if more > 0 {
            let why = lang.text_with(kind.message_key(), &[("other", "...")]);
            // The line of the contradicted row differs for each error, so none is named here.
            let args = [("count", &*count_text(more, lang)), ("why", &why)];
            print_stderr(&lang.text_with("cli-import-more", &args));
        }
    }
    print_stderr(&lang.text_with(
        "cli-import-faulty",
        &[("count", &count_text(faults.count, lang))],
    ));
}
