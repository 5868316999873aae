//! Tests that all four formats show the same numbers.

use super::sample::{DIGEST, SampleReport};
use super::{LANGS, render_bytes, render_json, render_text, workbook_totals};
use gateway::i18n::Language;
use gateway::report::render::ReportFormat;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::process::Command;

/// Every object of the JSON that has a `value` and a `text`, wherever it is.
pub(super) fn value_text_pairs<'a>(json: &'a Json, found: &mut Vec<(&'a Json, &'a str)>) {
    match json {
        Json::Object(object) => {
            if let (Some(value), Some(Json::String(text))) =
                (object.get("value"), object.get("text"))
            {
                found.push((value, text));
            }
            object
                .values()
                .for_each(|value| value_text_pairs(value, found));
        }
        Json::Array(items) => items
            .iter()
            .for_each(|value| value_text_pairs(value, found)),
        _ => {}
    }
}

/// A shown number read back; `None` for what is no number.
pub(super) fn parse_shown_number(lang: Language, text: &str) -> Option<f64> {
    let (thousands, decimal) = match lang {
        Language::Id => ('.', ","),
        Language::En => (',', "."),
    };
    // Reports use the minus sign U+2212 and no-break spaces, as print does.
    let number = text.trim_start_matches("Rp\u{a0}").replace('−', "-");
    let number = number.split('\u{a0}').next()?.trim_end_matches('%');
    let number = number.replace(thousands, "").replace(decimal, ".");
    let number: f64 = number.parse().ok()?;
    Some(if text.ends_with('%') {
        number / 100.0
    } else {
        number
    })
}

/// Returns the value of one unit of the last digit shown. Claims are rounded down, so they may
/// differ by a whole unit.
pub(super) fn last_digit_value(lang: Language, text: &str) -> f64 {
    let mark = if lang == Language::Id { ',' } else { '.' };
    let fraction = text.split_once(mark).map_or("", |(_, fraction)| fraction);
    let digits = fraction.chars().take_while(char::is_ascii_digit).count();
    let percent = if text.ends_with('%') { 2 } else { 0 };
    10_f64.powi(-i32::try_from(digits + percent).unwrap())
}

#[test]
fn what_is_shown_reads_back_as_what_was_computed() {
    for lang in LANGS {
        let report = render_json(&SampleReport::document(lang));
        let mut found = Vec::new();
        value_text_pairs(&report, &mut found);
        let numbers = found.iter().filter(|(value, _)| value.is_number());
        let mut count = 0;
        for (value, text) in numbers {
            let (value, shown) = (
                value.as_f64().unwrap(),
                parse_shown_number(lang, text).unwrap(),
            );
            // A little more than one digit, for the error of the subtraction itself.
            let last = last_digit_value(lang, text) * 1.000_001;
            assert!((value - shown).abs() <= last, "{value} is shown as {text}");
            count += 1;
        }
        // Without a lower bound, a search that finds no number would pass.
        assert!(count > 150, "{count}");
    }
}

#[test]
fn another_program_recalculates_the_totals_of_the_json() {
    for lang in LANGS {
        let document = SampleReport::document(lang);
        let book = workbook_totals(&document);
        let report = render_json(&document);
        let mut expected = Vec::new();
        for section in report["sections"].as_array().unwrap() {
            for block in section["blocks"].as_array().unwrap() {
                let totals = block["total"].as_array().into_iter().flatten();
                expected.extend(totals.filter_map(|total| total["value"].as_f64()));
            }
        }
        let totals = book["totals"].as_array().unwrap();
        assert_eq!(totals.len(), expected.len());
        assert!(expected.len() >= 10);
        for (total, expected) in totals.iter().zip(expected) {
            // "Carried" is the stored result that a viewer without formulas shows; "computed" is
            // what a spreadsheet makes of the formula.
            for result in ["carried", "computed"] {
                let found = total[result].as_f64().unwrap();
                let off = (found - expected).abs();
                assert!(off <= expected.abs() * 1e-12, "{total} {expected}");
            }
        }
    }
}

#[test]
fn a_workbook_has_a_sheet_a_section_with_dates_and_plots() {
    let document = SampleReport::document(Language::Id);
    let book = workbook_totals(&document);
    let sheets = book["sheets"].as_object().unwrap();
    assert_eq!(sheets.len(), document.sections.len() + 1);
    assert_eq!(sheets["Energi surya"]["charts"], 2);
    // Plots with the same days share a table.
    assert!(sheets["Energi surya"]["dates"].as_u64().unwrap() >= 60);
    assert_eq!(sheets["Buku catatan"]["freeze"], "A5");
}

/// Returns the text of a PDF, as a reader copies it.
pub(super) fn pdf_text(pdf: &[u8]) -> Option<String> {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("report.pdf");
    std::fs::write(&path, pdf).unwrap();
    let answer = Command::new("pdftotext")
        .arg("-layout")
        .arg(&path)
        .arg("-")
        .output();
    Some(String::from_utf8(answer.ok()?.stdout).unwrap())
}

#[test]
fn every_number_of_the_json_stands_in_the_pdf_and_the_csv() {
    for lang in LANGS {
        let document = SampleReport::document(lang);
        let report = render_json(&document);
        let mut found = Vec::new();
        value_text_pairs(&report, &mut found);
        let pdf = pdf_text(&render_bytes(&document, ReportFormat::Pdf))
            .expect("pdftotext: use tests/run");
        let pdf: BTreeSet<String> = pdf_words(&pdf);
        let sheet = render_text(&document, ReportFormat::Csv);
        let separator = if lang == Language::Id { ';' } else { ',' };
        let sheet: BTreeSet<&str> = sheet
            .split([separator, '\r', '\n'])
            .map(|f| f.trim_matches('"'))
            .collect();
        for (_, shown) in found.iter().filter(|(value, _)| value.is_number()) {
            for piece in pdf_words(shown) {
                assert!(pdf.contains(&piece), "{shown} is not in the PDF");
            }
            let thousands = if lang == Language::Id { "." } else { "," };
            let plain = shown
                .trim_start_matches("Rp\u{a0}")
                .split('\u{a0}')
                .next()
                .unwrap();
            let plain = plain.replace(thousands, "").replace('−', "-");
            assert!(sheet.contains(plain.as_str()), "{plain} is not in the CSV");
        }
        // The digest is what an auditor types from paper, so it must be text without a break.
        assert!(pdf.contains(DIGEST));
    }
}

/// Words between spaces, without the raised number of a footnote.
pub(super) fn pdf_words(text: &str) -> BTreeSet<String> {
    let raised = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹', '⁾'];
    let words = text.split_whitespace();
    words
        .map(|word| word.trim_end_matches(raised).to_owned())
        .collect()
}

#[test]
fn no_raw_key_and_no_english_word_stands_in_the_indonesian_report() {
    let report = render_text(&SampleReport::document(Language::Id), ReportFormat::Csv);
    assert!(!report.contains("report-"), "a key without words");
    for word in [
        "Total",
        "Date",
        "Notes",
        "Value",
        "January",
        "provisional",
        "measured",
    ] {
        let mut fields = report.split([';', '\r', '\n', ' ', '(', ')']);
        assert!(!fields.any(|field| field == word), "{word}");
    }
}
