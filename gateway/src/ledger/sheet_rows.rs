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
        }
    }
}

/// Cell of a table.
#[derive(Clone, Debug)]
pub(crate) enum SheetCell {
    Text(String),
    /// Typed number or date of a spreadsheet, as digits.
    Plain(String),
}

/// Rows that are not empty, with their numbers as a spreadsheet shows them.
pub(crate) type SheetRows = Vec<(u64, Vec<SheetCell>)>;

impl SheetCell {
    /// Text without surrounding spaces.
    pub(crate) fn text(&self) -> &str {
        let (Self::Text(text) | Self::Plain(text)) = self;
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
