//! Reports from outside: what people and other programs get to see.

mod agree;
mod month;
mod sample;

use crate::peers::python;
use gateway::model::UtcMs;
use gateway::report::document::{Block, Document, Named, Section};
use gateway::report::table::{Column, Table, Total};
use gateway::report::value::{Kind, Value};
use gateway::report::{Fault, Format, render};
use gateway::words::Lang;
use jiff::tz::TimeZone;
use sample::Sample;
use serde_json::Value as Json;
use std::path::Path;
use std::time::Instant;

const FORMATS: [Format; 4] = [Format::Pdf, Format::Xlsx, Format::Csv, Format::Json];
const LANGS: [Lang; 2] = [Lang::Id, Lang::En];

fn written(document: &Document, format: Format) -> Vec<u8> {
    render(document, format).unwrap()
}

fn text(document: &Document, format: Format) -> String {
    String::from_utf8(written(document, format)).unwrap()
}

fn json(document: &Document) -> Json {
    serde_json::from_slice(&written(document, Format::Json)).unwrap()
}

/// What somebody else's program finds in the workbook.
fn workbook(document: &Document) -> Json {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("report.xlsx");
    std::fs::write(&path, written(document, Format::Xlsx)).unwrap();
    opened(&path)
}

/// The same of a workbook on disk.
fn opened(path: &Path) -> Json {
    let answer = python("totals.py").arg(path).output();
    let answer = answer.unwrap();
    let complaint = String::from_utf8_lossy(&answer.stderr);
    assert!(answer.status.success(), "{complaint}");
    serde_json::from_slice(&answer.stdout).unwrap()
}

/// A report with one table.
fn with_table(lang: Lang, table: Table) -> Document {
    let name = |text: &str| Named {
        id: text.to_lowercase(),
        name: text.to_owned(),
    };
    let section = Section {
        id: "only".to_owned(),
        title: table.title.clone(),
        tab: String::new(),
        annex: false,
        blocks: vec![Block::Table(table)],
    };
    Document {
        title: "T".to_owned(),
        site: name("Desa"),
        period: name("2026"),
        lang,
        zone: TimeZone::UTC,
        issued: UtcMs(0),
        revision: String::new(),
        digest: String::new(),
        sections: vec![section],
    }
}

/// `PANTAU_REPORT_SAMPLE=DIR` keeps the files, to be looked at.
#[test]
fn the_same_report_has_the_same_bytes() {
    for lang in LANGS {
        for format in FORMATS {
            let first = written(&Sample::document(lang), format);
            assert!(
                first == written(&Sample::document(lang), format),
                "{format:?}"
            );
            if let Some(place) = std::env::var_os("PANTAU_REPORT_SAMPLE") {
                let name = format!("sample-{}.{}", lang.code(), format.key());
                std::fs::write(std::path::Path::new(&place).join(name), &first).unwrap();
            }
        }
    }
}

/// Words that people wrote, and what a spreadsheet or a page could make of them.
const NASTY: &[&str] = &[
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\"quoted\"; and, \"so on\"",
    "two\r\nlines",
    "control \u{0}\u{7}\u{1b} characters",
    "漢字 \u{202e}right to left\u{200b}",
    "<b>&amp;</b>",
    "'",
    "",
];

#[test]
fn nasty_words_do_nothing() {
    for lang in LANGS {
        let mut table = Table::new(
            "nasty",
            "=HYPERLINK(\"http://x\") [a]:*?/\\",
            vec![
                Column::new("text", "=1+1", Kind::Text),
                Column::new("note", "Cat.", Kind::Note),
            ],
        );
        table.rows = NASTY
            .iter()
            .map(|words| vec![Value::text(*words), Value::text(*words)])
            .collect();
        let long = "x".repeat(40_000);
        table
            .rows
            .push(vec![Value::text(&long), Value::text(&long)]);
        let document = with_table(lang, table);
        let sheet = text(&document, Format::Csv);
        for start in sheet.trim_start_matches('\u{feff}').split("\r\n") {
            let first = start.trim_start_matches('"');
            assert!(!first.starts_with(['=', '+', '-', '@', '\t']), "{start}");
        }
        let found = workbook(&document);
        assert_eq!(found["totals"], Json::Array(Vec::new()));
        // A text stays the text it was; only CSV has no way to say that it is one.
        assert!(found["formula_like"].as_array().unwrap().len() >= 4);
        assert_eq!(
            json(&document)["sections"][0]["blocks"][0]["rows"][0][0]["value"],
            NASTY[0]
        );
        assert!(written(&document, Format::Pdf).starts_with(b"%PDF-1.7"));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long it takes is what is tested"
)]
#[test]
fn ten_thousand_rows_are_written_in_seconds() {
    let mut columns = vec![Column::new("name", "Nama", Kind::Text)];
    for column in 0..9 {
        let number = Column::new(&format!("c{column}"), "Nilai", Kind::number("kWh", 2));
        columns.push(number.totalled(Total::Sum));
    }
    let mut table = Table::new("huge", "Besar", columns);
    for row in 0..10_000_u32 {
        let mut cells = vec![Value::text(format!("Baris {row}"))];
        cells.extend((0..9_u32).map(|column| Value::Number(f64::from(row * column) * 0.37)));
        table.rows.push(cells);
    }
    let document = with_table(Lang::Id, table);
    for format in FORMATS {
        let start = Instant::now();
        let bytes = written(&document, format).len();
        let took = start.elapsed();
        assert!(
            took.as_secs() < 60 && bytes < 40 << 20,
            "{format:?} {took:?} {bytes}"
        );
    }
}

#[test]
fn a_document_that_contradicts_itself_is_refused() {
    let broken = |row: Vec<Value>| {
        let columns = vec![Column::new("v", "V", Kind::number("m", 1))];
        let mut table = Table::new("t", "T", columns);
        table.rows.push(row);
        render(&with_table(Lang::Id, table), Format::Json)
    };
    for row in [
        vec![],
        vec![Value::text("seven")],
        vec![Value::Number(f64::NAN)],
        vec![Value::Number(1.0), Value::Number(2.0)],
    ] {
        assert!(matches!(broken(row), Err(Fault::Shape { .. })));
    }
    assert!(broken(vec![Value::Number(1.0)]).is_ok());
}
