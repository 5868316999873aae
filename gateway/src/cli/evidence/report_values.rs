//! [`ReportValues`]: values of a report file by their places, whatever its format, so that two
//! files can be compared.

use crate::domain::parse_finite;
use crate::evidence::OWN_HASH_KEY;
use crate::i18n::Language;
use crate::ledger::{SheetCell, XlsxWorkbook};
use crate::limits::REPORT_ROWS_COMPARED_MAX;
use crate::report::render::ReportFormat;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

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

/// Share by which the result of a formula may differ when another program computed it again.
const RECOMPUTED_SHARE_MAX: f64 = 1e-9;
/// The same for what is left of a difference that is zero.
const RECOMPUTED_REST_MAX: f64 = 1e-12;

/// Values of a report file by their places: `summary/headline/plts/plts.generation/value`,
/// `12, 2: Listrik PLTS`, `Ringkasan B7`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ReportValues {
    values: BTreeMap<String, String>,
    /// Formulas of a workbook, with their `=`.
    formulas: BTreeMap<String, String>,
    /// True for a workbook, whose results a spreadsheet computes again when it saves.
    is_workbook: bool,
}

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
        let found = self
            .values
            .iter()
            .find(|(place, _)| place.ends_with(&end))?;
        Some((found.0, found.1))
    }

    /// Returns the values that differ from those of another file, in the order of their places;
    /// where a formula differs and its result does not, the formulas.
    pub(super) fn differences(&self, issued: &Self) -> Vec<EditedValue> {
        let texts = [self, issued].map(|of| [&of.values, &of.formulas]);
        let places = texts.iter().flatten().flat_map(|map| map.keys());
        let places: BTreeSet<&String> = places.collect();
        let is_same = if self.is_workbook {
            is_recomputed
        } else {
            is_same_number
        };
        let pair = |place: &String, [file, issued]: [&BTreeMap<String, String>; 2]| {
            let text = |of: &BTreeMap<String, String>| of.get(place).cloned().unwrap_or_default();
            EditedValue {
                place: place.clone(),
                in_file: text(file),
                issued: text(issued),
            }
        };
        let differs = places.into_iter().filter_map(|place| {
            let value = pair(place, [&self.values, &issued.values]);
            if !is_same(&value.in_file, &value.issued) {
                return Some(value);
            }
            // A formula that was replaced by its result says the same.
            let formula = pair(place, [&self.formulas, &issued.formulas]);
            let [now, then] = [&formula.in_file, &formula.issued].map(|text| bare_formula(text));
            (!now.is_empty() && now != then).then_some(formula)
        });
        differs.collect()
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
            Value::String(text) => drop(self.values.insert(place, text.clone())),
            Value::Null => {}
            other => drop(self.values.insert(place, other.to_string())),
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
        // Whatever ends its lines: an editor may have written them anew.
        let text = &*text.replace("\r\n", "\n").replace('\r', "\n");
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(u8::try_from(lang.locale().list_separator).unwrap_or(b','))
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
        let mut book = XlsxWorkbook::open_as_stored(bytes).ok()?;
        self.is_workbook = true;
        for sheet in book.sheet_names() {
            // A sheet with more rows is not compared.
            let Ok(rows) = book.read_sheet(&sheet, REPORT_ROWS_COMPARED_MAX) else {
                continue;
            };
            let formulas = book.read_formulas(&sheet, REPORT_ROWS_COMPARED_MAX);
            let place = |line: u64, column| format!("{sheet} {}{line}", column_letters(column));
            for (line, column, formula) in formulas.unwrap_or_default() {
                self.formulas.insert(place(line, column), formula);
            }
            for (line, row) in rows {
                let cells: Vec<&str> = row.iter().map(stored_result).collect();
                self.take_cells(&cells, lang, |column, _| place(line, column));
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
                self.values.insert(place(column, first), (*cell).to_owned());
            }
        }
    }
}

/// Returns the result that a cell has; a formula without one is compared as a formula.
fn stored_result(cell: &SheetCell) -> &str {
    match cell {
        SheetCell::Unstored(_) => "",
        stored => stored.text(),
    }
}

/// Returns whether two values are the same, also when a program wrote a number anew.
fn is_same_number(one: &str, other: &str) -> bool {
    let numbers = parse_finite(one).zip(parse_finite(other));
    one == other || numbers.is_some_and(|(one, other)| one.total_cmp(&other).is_eq())
}

/// Returns whether two results are the same, also when another program computed them: additions in
/// another order give another last digit.
fn is_recomputed(one: &str, other: &str) -> bool {
    let numbers = parse_finite(one).zip(parse_finite(other));
    let is_near = |(one, other): (f64, f64)| {
        let share = RECOMPUTED_SHARE_MAX * one.abs().max(other.abs());
        (one - other).abs() <= share.max(RECOMPUTED_REST_MAX)
    };
    one == other || numbers.is_some_and(is_near)
}

/// Returns a formula without what spreadsheets write differently: spaces, and quotes around the
/// names of sheets.
fn bare_formula(text: &str) -> String {
    let is_kept = |sign: &char| !matches!(sign, ' ' | '\'');
    text.chars().filter(is_kept).collect()
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
    fn a_csv_with_other_line_ends_and_without_its_mark_has_the_same_values() {
        let word = Language::Id.text("report-issued");
        let issued =
            format!("\u{feff}Laporan\r\n{word};1\r\n\r\nListrik;\"12,5\r\nkWh\"\r\nAir;3\r\n");
        let read = |text: &str| read(text, ReportFormat::Csv);
        let bare = issued.trim_start_matches('\u{feff}');
        for end in ["\n", "\r", "\r\n"] {
            let saved = bare.replace("\r\n", end);
            assert_eq!(read(&saved), read(&issued), "{end:?}");
            let edited = read(&saved.replace("Air;3", "Air;4"));
            let [one] = edited.differences(&read(&issued)).try_into().unwrap();
            assert_eq!((&*one.place, &*one.in_file), ("6, 2: Air", "4"), "{end:?}");
        }
    }

    /// A workbook with a number and two formulas with their results, as a program writes it that
    /// computes them itself or asks for it.
    fn workbook(formulas: [(&str, &str); 2], calculation: &str) -> ReportValues {
        use std::io::Write as _;
        const RELATIONS: &str =
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let cells = (2..).zip(formulas).map(|(row, (text, result))| {
            format!(r#"<row r="{row}"><c r="A{row}"><f>{text}</f><v>{result}</v></c></row>"#)
        });
        let cells: String = cells.collect();
        let files = [
            (
                "xl/workbook.xml",
                format!(
                    r#"<workbook xmlns:r="{RELATIONS}"><sheets><sheet name="Sheet1" sheetId="1"
                    r:id="rId1"/></sheets><calcPr {calculation}/></workbook>"#
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                format!(
                    r#"<Relationships><Relationship Id="rId1" Type="{RELATIONS}/worksheet"
                    Target="worksheets/sheet1.xml"/></Relationships>"#
                ),
            ),
            (
                "xl/worksheets/sheet1.xml",
                format!(
                    r#"<worksheet><dimension ref="A1:A3"/><sheetData><row r="1"><c r="A1">
                    <v>0.1</v></c></row>{cells}</sheetData></worksheet>"#
                ),
            ),
        ];
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in files {
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file(name, options).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        ReportValues::read(&bytes, ReportFormat::Xlsx, Language::Id).unwrap()
    }

    #[test]
    fn a_workbook_that_was_computed_again_is_the_same_and_an_edit_is_found_alone() {
        let asks = "fullCalcOnLoad=\"1\"";
        let zero = ("A1-A1", "0");
        let issued = workbook([("SUM('Sheet1'!$A$1, 0.2)", "0.3"), zero], asks);
        let again = ("SUM(Sheet1!$A$1,0.2)", "0.30000000000000004");
        let places = |formulas: [(&str, &str); 2]| -> Vec<[String; 3]> {
            let all = workbook(formulas, "").differences(&issued).into_iter();
            all.map(|one| [one.place, one.in_file, one.issued])
                .collect()
        };
        assert_eq!(places([again, zero]), Vec::<[String; 3]>::new());
        assert_eq!(
            places([again, ("A1-A1", "1e-17")]),
            Vec::<[String; 3]>::new()
        );
        let result = places([("SUM(Sheet1!$A$1,0.2)", "0.4"), zero]);
        assert_eq!(result, [["Sheet1 A2", "0.4", "0.3"]]);
        let formula = places([again, ("A1-0.1", "0")]);
        assert_eq!(formula, [["Sheet1 A3", "=A1-0.1", "=A1-A1"]]);
    }

    #[test]
    fn columns_have_the_letters_of_a_spreadsheet() {
        assert_eq!(
            [0, 25, 26, 701, 702].map(column_letters),
            ["A", "Z", "AA", "ZZ", "AAA"]
        );
    }
}
