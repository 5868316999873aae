//! CSV renderer, for a double click in a spreadsheet: `;` and a decimal comma in Bahasa Indonesia,
//! `,` and a decimal point in English, UTF-8 with a byte order mark.
//!
//! Sections follow each other as on paper. Numbers have the digits shown on paper, without
//! thousands separators; days are `2026-11-21`, times `2026-11-21 10:15`, which every spreadsheet
//! understands. A text that a spreadsheet would take for a formula starts with `'`.

use crate::i18n::Language;
use crate::report::render::cell_value::{CellValue, ValueKind, digits_needed};
use crate::report::render::number_format;
use crate::report::render::render_context::RenderContext;
use crate::report::render::sheet_rows::{self, ReportCell, SheetRow, TotalCell};

/// Renders the whole report as CSV.
pub(crate) fn render_csv(show: &RenderContext<'_>) -> Vec<u8> {
    let mut csv = CsvRenderer {
        // Without the byte order mark Excel reads the file in the local code page.
        text: String::from('\u{feff}'),
        show,
    };
    csv.push_line(&[CsvField::text(&show.document.title)]);
    for (word, value) in sheet_rows::report_properties(show) {
        csv.push_line(&[CsvField::text(&word), CsvField::text(&value)]);
    }
    csv.push_line(&[]);
    for index in 0..show.document.sections.len() {
        for row in sheet_rows::section_rows(show, index) {
            csv.push_row(&row);
        }
        csv.push_line(&[]);
    }
    csv.text.into_bytes()
}

struct CsvRenderer<'a> {
    text: String,
    show: &'a RenderContext<'a>,
}

/// CSV field: text of people is made safe against formulas, text of the program is already safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CsvField(String);

impl CsvField {
    /// Text of people.
    pub(crate) fn text(text: &str) -> Self {
        Self(defuse_formula(text))
    }

    /// Number, day or time in the form of the program.
    pub(crate) fn number(text: String) -> Self {
        // Not defused: an apostrophe before a minus would turn the number into text.
        Self(text)
    }
}

/// Renders rows as one table, for a double click in a spreadsheet of this language.
pub(crate) fn render_csv_rows(lang: Language, rows: &[Vec<CsvField>]) -> Vec<u8> {
    // The byte order mark keeps letters whole in Excel, as in `render_csv`.
    let mut text = String::from('\u{feff}');
    for row in rows {
        push_csv_line(&mut text, lang, row);
    }
    text.into_bytes()
}

impl CsvRenderer<'_> {
    fn push_row(&mut self, row: &SheetRow) {
        match row {
            SheetRow::Title(text) | SheetRow::Heading(text) | SheetRow::Text(text) => {
                self.push_line(&[CsvField::text(text)]);
            }
            SheetRow::Callout(title, text) | SheetRow::Photo(_, title, text) => {
                self.push_line(&[CsvField::text(title), CsvField::text(text)]);
            }
            SheetRow::Head(heads, _) => {
                let fields: Vec<CsvField> = heads.iter().map(|head| CsvField::text(head)).collect();
                self.push_line(&fields);
            }
            SheetRow::Data(cells) => {
                let fields: Vec<CsvField> =
                    cells.iter().map(|cell| self.cell_field(cell)).collect();
                self.push_line(&fields);
            }
            SheetRow::Total(sums) => {
                let fields: Vec<CsvField> = sums.iter().map(|sum| self.total_field(sum)).collect();
                self.push_line(&fields);
            }
            SheetRow::Note(number, text) => {
                self.push_line(&[
                    CsvField::number(format!("[{number}]")),
                    CsvField::text(text),
                ]);
            }
            SheetRow::Blank => self.push_line(&[]),
            // The numbers of the plot are in the rows above it.
            SheetRow::Plot(_) => {}
        }
    }

    fn cell_field(&self, cell: &ReportCell) -> CsvField {
        match &cell.value {
            CellValue::Number(number) => CsvField::number(self.number_text(*number, &cell.kind)),
            CellValue::Date(day) => CsvField::number(day.to_string()),
            CellValue::Time(at) => {
                let (local, _) = number_format::local_time(*at, &self.show.document.zone);
                CsvField::number(local.strftime("%Y-%m-%d %H:%M").to_string())
            }
            CellValue::Text(text) => CsvField::text(text),
            CellValue::Missing(_) => {
                let shown = self.show.cell_text(&cell.value, &cell.kind);
                CsvField::number(with_footnote_mark(&shown.text, shown.note))
            }
            CellValue::Empty => CsvField::number(String::new()),
        }
    }

    fn total_field(&self, sum: &TotalCell) -> CsvField {
        match sum {
            TotalCell::Label(text) => CsvField::text(text),
            TotalCell::None => CsvField::number(String::new()),
            TotalCell::Total {
                value: Some(value),
                kind,
                ..
            } => CsvField::number(self.number_text(*value, kind)),
            TotalCell::Total { note, .. } => {
                CsvField::number(with_footnote_mark(number_format::NO_VALUE, *note))
            }
        }
    }

    fn number_text(&self, number: f64, kind: &ValueKind) -> String {
        let lang = self.show.lang();
        match kind {
            ValueKind::Number(measure) => number_format::format_plain_number(
                lang,
                measure.round(number),
                measure.shown_decimals(),
            ),
            ValueKind::Mixed => {
                number_format::format_plain_number(lang, number, digits_needed(number))
            }
            ValueKind::Percent(decimals) => {
                format!(
                    "{}%",
                    number_format::format_plain_number(lang, number * 100.0, *decimals)
                )
            }
            _ => number_format::format_plain_number(lang, number, 0),
        }
    }

    fn push_line(&mut self, fields: &[CsvField]) {
        push_csv_line(&mut self.text, self.show.lang(), fields);
    }
}

fn push_csv_line(text: &mut String, lang: Language, fields: &[CsvField]) {
    let separator = lang.locale().list_separator;
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            text.push(separator);
        }
        push_quoted(text, &field.0);
    }
    // Line ends as in RFC 4180.
    text.push_str("\r\n");
}

/// Returns a text with its footnote number: `– [3]`.
pub(crate) fn with_footnote_mark(text: &str, note: Option<usize>) -> String {
    match note {
        Some(number) => format!("{text} [{number}]"),
        None => text.to_owned(),
    }
}

/// Returns a text that no spreadsheet takes for a formula (CSV injection).
fn defuse_formula(text: &str) -> String {
    // Full-width signs as well: some spreadsheets treat them like the ASCII ones.
    let risky = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if text.starts_with(risky) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Appends a field, quoted where a separator, quote, line end or outer space needs it.
fn push_quoted(line: &mut String, field: &str) {
    // Both separators are quoted in both languages: the file may be opened with the other setting.
    let plain = !field.contains([';', ',', '"', '\n', '\r', '\t']);
    if plain && !field.starts_with(' ') && !field.ends_with(' ') {
        line.push_str(field);
        return;
    }
    line.push('"');
    line.push_str(&field.replace('"', "\"\""));
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_formula_in_a_text_is_harmless() {
        assert_eq!(defuse_formula("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(defuse_formula("-2+3"), "'-2+3");
        assert_eq!(defuse_formula("2+3"), "2+3");
    }

    /// Reads one field back as a spreadsheet does.
    fn unquote_field(field: &str) -> String {
        match field
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        {
            Some(inner) => inner.replace("\"\"", "\""),
            None => field.to_owned(),
        }
    }

    proptest! {
        #[test]
        fn every_field_reads_back(text in ".*") {
            let mut line = String::new();
            push_quoted(&mut line, &text);
            prop_assert_eq!(unquote_field(&line), text);
        }
    }
}
