//! [`SheetRows`]: rows of cells as a file has them, and [`TableError`]: why there are none.

use crate::i18n::Language;
use crate::limits::{LEDGER_FILE_BYTES_MAX, LEDGER_HEADING_ROWS_MAX, LEDGER_ROWS_MAX};

/// Reasons for which a file cannot be read as a table of entries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Longer than `LEDGER_FILE_BYTES_MAX` bytes.
    #[error("larger than {LEDGER_FILE_BYTES_MAX} bytes")]
    TooLong,
    /// More than `LEDGER_ROWS_MAX` rows.
    #[error("more than {LEDGER_ROWS_MAX} rows")]
    TooManyRows,
    /// Neither UTF-8 text nor an XLSX file.
    #[error("not UTF-8 text")]
    NotText,
    /// Damaged table, with the message of the parser.
    #[error("{0}")]
    Unreadable(String),
    /// Missing column headings.
    #[error("no heading {}", .0.join(", "))]
    Headings(Vec<&'static str>),
    /// Formulas of which the workbook holds no result.
    #[error("formulas without results in {}", .0.cells.join(", "))]
    Formulas(UnstoredFormulas),
}

impl TableError {
    /// Message for staff, in one language.
    pub fn message(&self, lang: Language) -> String {
        match self {
            Self::TooLong => {
                let most = (LEDGER_FILE_BYTES_MAX >> 20).to_string();
                lang.text_with("ledger-table-too-long", &[("most", &most)])
            }
            Self::TooManyRows => {
                let most = LEDGER_ROWS_MAX.to_string();
                lang.text_with("ledger-table-too-many", &[("most", &most)])
            }
            Self::NotText => lang.text("ledger-table-not-text"),
            Self::Unreadable(why) => lang.text_with("ledger-table-damaged", &[("why", why)]),
            Self::Headings(words) => {
                let words = words.iter();
                let all: Vec<String> = words
                    .map(|word| lang.text(&format!("ledger-column-{word}")))
                    .collect();
                let rows = LEDGER_HEADING_ROWS_MAX.to_string();
                let args = [("missing", &*all.join(", ")), ("rows", &*rows)];
                lang.text_with("ledger-table-headings", &args)
            }
            Self::Formulas(found) => {
                let (count, cells) = (found.count.to_string(), found.cells.join(", "));
                let more = found.count > found.cells.len();
                let cells = if more { cells + ", ..." } else { cells };
                let args = [
                    ("sheet", &*found.sheet),
                    ("cells", &*cells),
                    ("count", &*count),
                ];
                lang.text_with("ledger-table-formulas", &args)
            }
        }
    }
}

/// Cells with formulas of which a workbook holds no result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnstoredFormulas {
    /// Name of their sheet.
    pub sheet: String,
    /// The first cells, such as `C2`.
    pub cells: Vec<String>,
    /// Number of all such cells.
    pub count: usize,
}

impl UnstoredFormulas {
    /// Counts a cell, by its row from 1 and its column from 0.
    pub(crate) fn push(&mut self, line: u64, column: usize) {
        self.count += 1;
        if self.cells.len() < NAMED_FORMULAS_MAX {
            self.cells.push(cell_name(line, column));
        }
    }
}

/// Formulas that a message names; the others are counted.
const NAMED_FORMULAS_MAX: usize = 6;

/// Name of a cell, such as `C2`, by its row from 1 and its column from 0.
pub(crate) fn cell_name(line: u64, column: usize) -> String {
    let row = u32::try_from(line.saturating_sub(1)).unwrap_or(u32::MAX);
    let column = u16::try_from(column).unwrap_or(u16::MAX);
    rust_xlsxwriter::utility::row_col_to_cell(row, column)
}

/// Cell of a table.
#[derive(Clone, Debug)]
pub(crate) enum SheetCell {
    Text(String),
    /// Typed number or date of a spreadsheet, as digits.
    Plain(String),
    /// Formula of which the workbook holds no result, with its `=`.
    Unstored(String),
}

/// Rows that are not empty, with their numbers as a spreadsheet shows them.
pub(crate) type SheetRows = Vec<(u64, Vec<SheetCell>)>;

impl SheetCell {
    /// Text without surrounding spaces.
    pub(crate) fn text(&self) -> &str {
        let (Self::Text(text) | Self::Plain(text) | Self::Unstored(text)) = self;
        text.trim()
    }
}

/// Adds a row, unless it is empty. Returns an error when there are more than `rows_max`.
pub(super) fn push_row(
    cells: &mut SheetRows,
    line: u64,
    row: Vec<SheetCell>,
    rows_max: usize,
) -> Result<(), TableError> {
    if row.iter().all(|cell| cell.text().is_empty()) {
        return Ok(());
    }
    // Headings, titles and totals do not count as rows, hence the allowance.
    if cells.len() > rows_max + LEDGER_HEADING_ROWS_MAX {
        return Err(TableError::TooManyRows);
    }
    cells.push((line, row));
    Ok(())
}
