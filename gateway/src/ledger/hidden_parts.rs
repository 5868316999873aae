//! [`HiddenParts`]: what a workbook hides of a sheet that was read. A person who looks at the sheet
//! does not see it, and yet it counts.

use super::sheet_rows::SheetRows;
use super::xlsx_formats::{TagAttributes, attribute, for_each_tag, sheet_path};
use super::xlsx_parts::part_text;
use crate::i18n::Language;
use std::collections::BTreeSet;

/// Numbers of hidden rows and columns that were read, and whether the sheet itself is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HiddenParts {
    /// Hidden rows with a content.
    pub rows: usize,
    /// Hidden columns with a content.
    pub columns: usize,
    /// The sheet is hidden.
    pub is_sheet: bool,
}

impl HiddenParts {
    /// Counts what is hidden among the rows that were read of a sheet; at most `most` bytes of it
    /// are looked at.
    pub(super) fn of_sheet(bytes: &[u8], sheet: &str, rows: &SheetRows, most: u64) -> Self {
        let mut found = Self::default();
        let Some(path) = sheet_path(bytes, sheet) else {
            return found;
        };
        let xml = part_text(bytes, &path, most);
        let read: BTreeSet<u64> = rows.iter().map(|(line, _)| *line).collect();
        let cells = rows.iter().flat_map(|(_, row)| row.iter().enumerate());
        let filled = cells.filter(|(_, cell)| !cell.text().is_empty());
        let filled: BTreeSet<usize> = filled.map(|(column, _)| column + 1).collect();
        let mut line = 0;
        for_each_tag(&xml, |name, tag, is_end| {
            let number = |name: &str| attribute(tag, name).and_then(|text| text.parse().ok());
            match (name, is_end) {
                (b"row", false) => {
                    line = number("r").unwrap_or(line + 1);
                    found.rows += usize::from(is_hidden(tag, "ht") && read.contains(&line));
                }
                (b"col", false) if is_hidden(tag, "width") => {
                    let ends = number("min").zip(number("max"));
                    let ends = ends.and_then(|(first, last)| {
                        Some(usize::try_from(first).ok()?..=usize::try_from(last).ok()?)
                    });
                    let covers =
                        |column: &&usize| ends.as_ref().is_some_and(|e| e.contains(column));
                    found.columns += filled.iter().filter(covers).count();
                }
                _ => {}
            }
        });
        found
    }

    /// Sentence on what is hidden and was read; `None` where nothing is.
    pub fn text(&self, lang: Language) -> Option<String> {
        let (rows, columns) = (self.rows.to_string(), self.columns.to_string());
        let args = [("rows", &*rows), ("columns", &*columns)];
        let mut parts = Vec::new();
        if self.is_sheet {
            parts.push(lang.text("exchange-hidden-sheet"));
        }
        if self.rows + self.columns > 0 {
            parts.push(lang.text_with("exchange-hidden", &args));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// Whether a row or a column is hidden, or has no height or width.
fn is_hidden(tag: &TagAttributes, size: &str) -> bool {
    let is_true = |text: String| ["1", "true"].contains(&&*text);
    attribute(tag, "hidden").is_some_and(is_true)
        || attribute(tag, size).and_then(|text| text.parse().ok()) == Some(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::XlsxWorkbook;
    use rust_xlsxwriter::Workbook;

    fn hidden_of(shape: impl Fn(&mut rust_xlsxwriter::Worksheet)) -> HiddenParts {
        let mut book = Workbook::new();
        book.add_worksheet();
        let sheet = book.add_worksheet();
        sheet.set_name("Data").unwrap();
        for row in 0..10_u32 {
            sheet.write_number(row, 0, f64::from(row)).unwrap();
            sheet.write_number(row, 3, 1.0).unwrap();
        }
        shape(sheet);
        let bytes = book.save_to_buffer().unwrap();
        let mut book = XlsxWorkbook::open(&bytes).unwrap();
        let rows = book.read_sheet("Data", 100).unwrap();
        book.hidden_parts("Data", &rows)
    }

    #[test]
    fn hidden_rows_columns_and_sheets_are_counted_where_they_have_a_content() {
        let none = HiddenParts::default();
        assert_eq!(hidden_of(|_| ()), none);
        assert_eq!(none.text(Language::En), None);
        let found = hidden_of(|sheet| {
            for row in [2, 3, 4, 50] {
                sheet.set_row_hidden(row).unwrap();
            }
            sheet.set_row_height(6, 0).unwrap();
            // Columns without a content are often hidden to the last one.
            for column in 3..200 {
                sheet.set_column_hidden(column).unwrap();
            }
        });
        let wanted = HiddenParts {
            rows: 4,
            columns: 1,
            is_sheet: false,
        };
        assert_eq!(found, wanted);
        let text = found.text(Language::En).unwrap();
        assert!(text.contains('4') && text.contains('1'), "{text}");
        let found = hidden_of(|sheet| {
            sheet.set_hidden(true);
        });
        assert!(found.is_sheet);
        assert!(found.text(Language::Id).is_some());
    }
}
