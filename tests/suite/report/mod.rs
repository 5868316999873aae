//! Tests of rendered reports through their public function, checked by other programs.

mod agree;
mod director;
mod evidence;
mod month;
mod paper;
mod paper_places;
mod restored;
mod sample;
mod seed_year;
mod stamp;

pub(crate) use paper::english_words;

use crate::peers::python_peer;
use gateway::domain::UtcMs;
use gateway::evidence::ReportEvidence;
use gateway::i18n::Language;
use gateway::report::render::cell_value::{CellValue, ValueKind};
use gateway::report::render::document::{
    LabelledId, PageStanding, ReportBlock, ReportDocument, ReportSection,
};
use gateway::report::render::table::{ColumnTotalKind, ReportColumn, ReportTable};
use gateway::report::render::{RenderError, ReportFormat, render_document};
use jiff::tz::TimeZone;
use sample::SampleReport;
use serde_json::Value as Json;
use std::path::Path;
use std::time::Instant;

const FORMATS: [ReportFormat; 4] = [
    ReportFormat::Pdf,
    ReportFormat::Xlsx,
    ReportFormat::Csv,
    ReportFormat::Json,
];
const LANGS: [Language; 2] = [Language::Id, Language::En];

fn render_bytes(document: &ReportDocument, format: ReportFormat) -> Vec<u8> {
    render_document(document, format).unwrap()
}

fn render_text(document: &ReportDocument, format: ReportFormat) -> String {
    String::from_utf8(render_bytes(document, format)).unwrap()
}

fn render_json(document: &ReportDocument) -> Json {
    serde_json::from_slice(&render_bytes(document, ReportFormat::Json)).unwrap()
}

/// Returns the totals of the workbook as openpyxl reads them, each recomputed from its formula.
fn workbook_totals(document: &ReportDocument) -> Json {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("report.xlsx");
    std::fs::write(&path, render_bytes(document, ReportFormat::Xlsx)).unwrap();
    workbook_file_totals(&path)
}

/// Returns the same for a workbook on disk.
fn workbook_file_totals(path: &Path) -> Json {
    let answer = python_peer("totals.py").arg(path).output();
    let answer = answer.unwrap();
    let complaint = String::from_utf8_lossy(&answer.stderr);
    assert!(answer.status.success(), "{complaint}");
    serde_json::from_slice(&answer.stdout).unwrap()
}

/// A report with one table.
fn document_with_table(lang: Language, table: ReportTable) -> ReportDocument {
    let name = |text: &str| LabelledId {
        id: text.to_lowercase(),
        name: text.to_owned(),
    };
    let section = ReportSection {
        id: "only".to_owned(),
        title: table.title.clone(),
        tab: String::new(),
        annex: false,
        blocks: vec![ReportBlock::Table(table)],
    };
    ReportDocument {
        title: "T".to_owned(),
        site: name("Desa"),
        period: name("2026"),
        lang,
        zone: TimeZone::UTC,
        issued: UtcMs(0),
        revision: String::new(),
        evidence: ReportEvidence::default(),
        standing: PageStanding::default(),
        sections: vec![section],
        calculations: Vec::new(),
    }
}

/// `PANTAU_REPORT_SAMPLE=DIR` keeps the files, to be looked at.
#[test]
fn the_same_report_has_the_same_bytes() {
    for lang in LANGS {
        for format in FORMATS {
            let first = render_bytes(&SampleReport::document(lang), format);
            assert!(
                first == render_bytes(&SampleReport::document(lang), format),
                "{format:?}"
            );
            if let Some(place) = std::env::var_os("PANTAU_REPORT_SAMPLE") {
                let name = format!("sample-{}.{}", lang.code(), format.key());
                std::fs::write(std::path::Path::new(&place).join(name), &first).unwrap();
            }
        }
    }
}

/// Texts of people that a spreadsheet or a page could take for a formula or markup.
const HOSTILE_TEXTS: &[&str] = &[
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
        let mut table = ReportTable::new(
            "nasty",
            // The title is also the name of a sheet, in which some of these signs are forbidden.
            "=HYPERLINK(\"http://x\") [a]:*?/\\",
            vec![
                ReportColumn::new("text", "=1+1", ValueKind::Text),
                ReportColumn::new("note", "Cat.", ValueKind::Note),
            ],
        );
        table.rows = HOSTILE_TEXTS
            .iter()
            .map(|words| vec![CellValue::text(*words), CellValue::text(*words)])
            .collect();
        // A cell of a workbook holds 32 767 characters at most.
        let long = "x".repeat(40_000);
        table
            .rows
            .push(vec![CellValue::text(&long), CellValue::text(&long)]);
        let document = document_with_table(lang, table);
        let sheet = render_text(&document, ReportFormat::Csv);
        for start in sheet.trim_start_matches('\u{feff}').split("\r\n") {
            // A spreadsheet takes a field for a formula also when it is in quotes.
            let first = start.trim_start_matches('"');
            assert!(!first.starts_with(['=', '+', '-', '@', '\t']), "{start}");
        }
        let found = workbook_totals(&document);
        assert_eq!(found["totals"], Json::Array(Vec::new()));
        // A text stays the text it was; only CSV has no way to say that it is one.
        assert!(found["formula_like"].as_array().unwrap().len() >= 4);
        assert_eq!(
            render_json(&document)["sections"][0]["blocks"][0]["rows"][0][0]["value"],
            HOSTILE_TEXTS[0]
        );
        assert!(render_bytes(&document, ReportFormat::Pdf).starts_with(b"%PDF-1.7"));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long it takes is what is tested"
)]
#[test]
fn ten_thousand_rows_are_written_in_seconds() {
    let mut columns = vec![ReportColumn::new("name", "Nama", ValueKind::Text)];
    for column in 0..9 {
        let number = ReportColumn::new(&format!("c{column}"), "Nilai", ValueKind::number("kWh", 2));
        columns.push(number.with_total(ColumnTotalKind::Sum));
    }
    let mut table = ReportTable::new("huge", "Besar", columns);
    for row in 0..10_000_u32 {
        let mut cells = vec![CellValue::text(format!("Baris {row}"))];
        cells.extend((0..9_u32).map(|column| CellValue::Number(f64::from(row * column) * 0.37)));
        table.rows.push(cells);
    }
    let document = document_with_table(Language::Id, table);
    for format in FORMATS {
        let start = Instant::now();
        let bytes = render_bytes(&document, format).len();
        let took = start.elapsed();
        assert!(
            // Wide limits for a debug build: they only catch work that grows with the square of the
            // rows.
            took.as_secs() < 60 && bytes < 40 << 20,
            "{format:?} {took:?} {bytes}"
        );
    }
}

#[test]
fn a_document_that_contradicts_itself_is_refused() {
    let broken = |row: Vec<CellValue>| {
        let columns = vec![ReportColumn::new("v", "V", ValueKind::number("m", 1))];
        let mut table = ReportTable::new("t", "T", columns);
        table.rows.push(row);
        render_document(
            &document_with_table(Language::Id, table),
            ReportFormat::Json,
        )
    };
    for row in [
        vec![],
        vec![CellValue::text("seven")],
        vec![CellValue::Number(f64::NAN)],
        vec![CellValue::Number(1.0), CellValue::Number(2.0)],
    ] {
        assert!(matches!(broken(row), Err(RenderError::Shape { .. })));
    }
    assert!(broken(vec![CellValue::Number(1.0)]).is_ok());
}
