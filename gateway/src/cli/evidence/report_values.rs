//! [`ReportValues`]: values of a report file by their places, whatever its format, so that two
//! files can be compared.

use crate::evidence::OWN_HASH_KEY;
use crate::i18n::Language;
use crate::ledger::{SheetCell, XlsxWorkbook};
use crate::limits::REPORT_ROWS_COMPARED_MAX;
use crate::report::render::ReportFormat;
use serde_json::Value;
use std::collections::BTreeMap;

/// Keys of a JSON report that differ between two reports with the same content.
const KEYS_OF_ISSUE: [&str; 4] = ["issued", "digest", "evidence", OWN_HASH_KEY];
/// Message keys of the lines that do, in the other formats.
const WORDS_OF_ISSUE: [&str; 5] = [
    "report-issued",
    "report-digest",
    "report-record",
    "report-open",
    "report-content",
];

/// Values of a report file by their places: `summary/headline/plts/plts.generation/value`,
/// `12, 2: Listrik PLTS`, `Ringkasan B7`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ReportValues(BTreeMap<String, String>);

/// A value that differs between a file and the report as it was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EditedValue {
    /// Place in the file.
    pub(super) place: String,
    /// Value in the file; empty when it is not there.
    pub(super) in_file: String,
    /// Value that was issued; empty when there was none.
    pub(super) issued: String,
}

impl ReportValues {
    /// Reads a file; `None` for a PDF, and for a file that cannot be read.
    pub(super) fn read(bytes: &[u8], format: ReportFormat, lang: Language) -> Option<Self> {
        let mut all = Self::default();
        match format {
            ReportFormat::Pdf => return None,
            ReportFormat::Json => {
                let mut report: Value = serde_json::from_slice(bytes).ok()?;
                let top = report.as_object_mut()?;
                top.retain(|key, _| !KEYS_OF_ISSUE.contains(&&**key));
                all.take_json(String::new(), &report);
            }
            ReportFormat::Csv => all.take_csv(bytes, lang)?,
            ReportFormat::Xlsx => all.take_workbook(bytes, lang)?,
        }
        Some(all)
    }

    /// Returns the value of a figure in a JSON report, by indicator and asset.
    pub(super) fn figure(&self, id: &str, asset: &str) -> Option<(&str, &str)> {
        let end = match asset {
            "" => format!("/{id}/value"),
            asset => format!("/{asset}/{id}/value"),
        };
        let found = self.0.iter().find(|(place, _)| place.ends_with(&end))?;
        Some((found.0, found.1))
    }

    /// Returns the values that differ from those of another file, in the order of their places.
    pub(super) fn differences(&self, issued: &Self) -> Vec<EditedValue> {
        let places = self.0.keys().chain(issued.0.keys());
        let places: std::collections::BTreeSet<&String> = places.collect();
        let text = |of: &Self, place: &String| of.0.get(place).cloned().unwrap_or_default();
        let pairs = places.into_iter().map(|place| EditedValue {
            place: place.clone(),
            in_file: text(self, place),
            issued: text(issued, place),
        });
        pairs
            .filter(|one| !is_same(&one.in_file, &one.issued))
            .collect()
    }

    fn take_json(&mut self, place: String, value: &Value) {
        let within = |name: &str| match place.as_str() {
            "" => name.to_owned(),
            place => format!("{place}/{name}"),
        };
        match value {
            Value::Object(map) => {
                let columns = map.get("columns").and_then(Value::as_array);
                for (key, value) in map {
                    match (key.as_str(), columns, value.as_array()) {
                        ("rows", Some(columns), Some(rows)) => {
                            self.take_rows(&place, columns, rows);
                        }
                        // Lists of parts: their ids say enough.
                        ("sections" | "blocks" | "items", _, Some(_)) => {
                            self.take_json(place.clone(), value);
                        }
                        _ => self.take_json(within(key), value),
                    }
                }
            }
            Value::Array(all) => {
                for (at, one) in all.iter().enumerate() {
                    let id = one.get("id").and_then(Value::as_str);
                    let number = (at + 1).to_string();
                    self.take_json(within(id.unwrap_or(&number)), one);
                }
            }
            Value::String(text) => drop(self.0.insert(place, text.clone())),
            Value::Null => {}
            other => drop(self.0.insert(place, other.to_string())),
        }
    }

    /// Takes the rows of a table: the place of a cell is the number of its row and its column.
    fn take_rows(&mut self, place: &str, columns: &[Value], rows: &[Value]) {
        for (at, row) in rows.iter().enumerate() {
            let cells = row.as_array().into_iter().flatten().zip(columns);
            for (cell, column) in cells {
                let column = column.get("id").and_then(Value::as_str).unwrap_or("?");
                self.take_json(format!("{place}/{}/{column}", at + 1), cell);
            }
        }
    }

    fn take_csv(&mut self, bytes: &[u8], lang: Language) -> Option<()> {
        let text = std::str::from_utf8(bytes).ok()?;
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(if lang == Language::Id { b';' } else { b',' })
            .from_reader(text.as_bytes());
        for record in reader.records() {
            let record = record.ok()?;
            let line = record.position().map_or(0, |at| line_of_record(text, at));
            let cells: Vec<&str> = record.iter().collect();
            self.take_cells(&cells, lang, |column, first| match column {
                0 => format!("{line}, 1"),
                _ => format!("{line}, {}: {first}", column + 1),
            });
        }
        Some(())
    }

    fn take_workbook(&mut self, bytes: &[u8], lang: Language) -> Option<()> {
        let mut book = XlsxWorkbook::open(bytes).ok()?;
        for sheet in book.sheet_names() {
            // A sheet with more rows is not compared.
            let Ok(rows) = book.read_sheet(&sheet, REPORT_ROWS_COMPARED_MAX) else {
                continue;
            };
            for (line, row) in rows {
                let cells: Vec<&str> = row.iter().map(SheetCell::text).collect();
                self.take_cells(&cells, lang, |column, _| {
                    format!("{sheet} {}{line}", column_letters(column))
                });
            }
        }
        Some(())
    }

    /// Takes the cells of a row, unless it is about the issue.
    fn take_cells(
        &mut self,
        cells: &[&str],
        lang: Language,
        place: impl Fn(usize, &str) -> String,
    ) {
        let first = cells.first().copied().unwrap_or_default();
        if WORDS_OF_ISSUE.iter().any(|key| lang.text(key) == first) {
            return;
        }
        for (column, cell) in cells.iter().enumerate() {
            if !cell.is_empty() {
                self.0.insert(place(column, first), (*cell).to_owned());
            }
        }
    }
}

/// Returns whether two values are the same, also when a spreadsheet wrote a number anew.
fn is_same(one: &str, other: &str) -> bool {
    let numbers = one.parse::<f64>().ok().zip(other.parse::<f64>().ok());
    one == other || numbers.is_some_and(|(one, other)| one.total_cmp(&other).is_eq())
}

/// Returns the letters of a column: A, B, ..., Z, AA.
fn column_letters(column: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(column % 26).unwrap_or_default());
    match column / 26 {
        0 => letter.to_string(),
        more => format!("{}{letter}", column_letters(more - 1)),
    }
}

/// Number of the line on which a record begins: the reader's place is before empty lines above it.
fn line_of_record(text: &str, at: &csv::Position) -> u64 {
    let start = usize::try_from(at.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let skipped = empty.filter(|byte| **byte == b'\n').count();
    at.line() + u64::try_from(skipped).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, format: ReportFormat) -> ReportValues {
        ReportValues::read(text.as_bytes(), format, Language::Id).unwrap()
    }

    #[test]
    fn an_edited_value_is_named_by_its_place_and_the_time_of_issue_is_none() {
        let report = |value: &str, issued: &str| {
            format!(
                r#"{{"issued":"{issued}","document_sha256":"{issued}","sections":[{{"id":"summary",
                "blocks":[{{"id":"headline","items":[{{"id":"summary/plts/plts.generation",
                "value":{value},"text":"x"}}]}},{{"id":"targets","columns":[{{"id":"value"}},
                {{"id":"target"}}],"rows":[[{{"value":1}},{{"value":{value}}}]]}}]}}]}}"#
            )
        };
        let issued = read(&report("12.5", "a"), ReportFormat::Json);
        let saved = read(&report("12.50", "b"), ReportFormat::Json);
        assert_eq!(saved.differences(&issued), []);
        let edited = read(&report("22.5", "b"), ReportFormat::Json);
        let places: Vec<String> = edited
            .differences(&issued)
            .into_iter()
            .map(|one| format!("{} {} {}", one.place, one.in_file, one.issued))
            .collect();
        assert_eq!(
            places,
            [
                "summary/headline/summary/plts/plts.generation/value 22.5 12.5",
                "summary/targets/1/target/value 22.5 12.5",
            ]
        );
        let found = edited.figure("plts.generation", "plts");
        assert_eq!(found.map(|(_, value)| value), Some("22.5"));
        assert_eq!(edited.figure("plts.generation", "other"), None);
    }

    #[test]
    fn a_line_of_a_csv_is_named_by_its_number_and_its_first_field() {
        let word = Language::Id.text("report-issued");
        let issued = read(
            &format!("Laporan\n{word};1\n\nListrik;12,5;kWh\n"),
            ReportFormat::Csv,
        );
        let edited = read(
            &format!("Laporan\n{word};2\n\nListrik;22,5;kWh\n"),
            ReportFormat::Csv,
        );
        let [one] = edited.differences(&issued).try_into().unwrap();
        let expected = EditedValue {
            place: "4, 2: Listrik".to_owned(),
            in_file: "22,5".to_owned(),
            issued: "12,5".to_owned(),
        };
        assert_eq!(one, expected);
    }

    #[test]
    fn columns_have_the_letters_of_a_spreadsheet() {
        assert_eq!(
            [0, 25, 26, 701, 702].map(column_letters),
            ["A", "Z", "AA", "ZZ", "AAA"]
        );
    }
}
