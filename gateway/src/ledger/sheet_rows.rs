//! [`SheetRows`]: rows of cells as a file has them, and [`TableError`]: why there are none.

use crate::i18n::{Language, SwappedDates, excerpt};
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
    #[error("no heading {}", .0.missing.join(", "))]
    Headings(MissingHeadings),
    /// Several columns with the heading of one field.
    #[error("columns {columns} for {field}")]
    ColumnTwice {
        /// Word of the field.
        field: &'static str,
        /// The columns, as `3 (Jumlah), 5 (Nilai)`.
        columns: String,
    },
    /// The heading of the quantities says another unit than a row.
    #[error("heading in {heading}, line {line} in {found}")]
    HeadingUnit {
        /// Unit of the heading.
        heading: String,
        /// Row of the other unit, from 1.
        line: u64,
        /// Unit of that row.
        found: String,
    },
    /// The heading of the quantities multiplies them, or has something in brackets that is no unit
    /// of the ledger.
    #[error("heading {heading} says no unit of the ledger")]
    HeadingMultiple {
        /// The heading.
        heading: String,
    },
    /// A line above the headings multiplies the quantities, or says another unit than they have.
    #[error("line {line} says {found}")]
    LineAbove {
        /// Number of the line, from 1.
        line: u64,
        /// Text of its statement.
        found: String,
        /// Heading of the quantities.
        heading: String,
    },
    /// Dates of which a spreadsheet has probably swapped day and month.
    #[error("dates with day and month swapped in lines {}", .0.list_lines())]
    SwappedDates(SwappedDates),
    /// Formulas of which the workbook holds no result.
    #[error("formulas without results in {}", .0.cells.join(", "))]
    Formulas(UnstoredFormulas),
}

impl TableError {
    /// Whether the headings were found, so that the table is read as it should be.
    pub(super) fn is_below_headings(&self) -> bool {
        matches!(
            self,
            Self::ColumnTwice { .. }
                | Self::HeadingUnit { .. }
                | Self::HeadingMultiple { .. }
                | Self::LineAbove { .. }
                | Self::SwappedDates(_)
        )
    }

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
            Self::Unreadable(_) => lang.text("ledger-table-damaged"),
            Self::Headings(found) => found.message(lang),
            Self::ColumnTwice { field, columns } => {
                let field = lang.text(&format!("ledger-column-{field}"));
                let args = [("field", &*field), ("columns", columns)];
                lang.text_with("ledger-table-column-twice", &args)
            }
            Self::HeadingUnit {
                heading,
                line,
                found,
            } => {
                let line = line.to_string();
                let args = [("heading", &**heading), ("row", &line), ("found", found)];
                lang.text_with("ledger-table-heading-unit", &args)
            }
            Self::HeadingMultiple { heading } => {
                let field = lang.text("ledger-column-quantity");
                let args = [("found", &**heading), ("field", &*field)];
                lang.text_with("ledger-table-heading-multiple", &args)
            }
            Self::LineAbove {
                line,
                found,
                heading,
            } => {
                let field = lang.text("ledger-column-quantity");
                let line = line.to_string();
                let args = [
                    ("row", &*line),
                    ("found", found),
                    ("heading", heading),
                    ("field", &*field),
                ];
                lang.text_with("ledger-table-line-above", &args)
            }
            Self::SwappedDates(found) => {
                let (line, text) = found.text.clone().unwrap_or_default();
                let args = [
                    ("count", &*found.count.to_string()),
                    ("lines", &*found.list_lines()),
                    ("line", &*line.to_string()),
                    ("found", &*text),
                ];
                lang.text_with("exchange-dates-swapped", &args)
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

/// Headings that a table lacks, and those that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingHeadings {
    /// Words of the missing fields.
    pub missing: Vec<&'static str>,
    /// Texts of the row that is most likely the heading row.
    pub seen: Vec<String>,
    /// Column that the call names and that is not there.
    pub unknown: Option<String>,
}

impl MissingHeadings {
    fn message(&self, lang: Language) -> String {
        let name = |word: &&str| lang.text(&format!("ledger-column-{word}"));
        let missing: Vec<String> = self.missing.iter().map(name).collect();
        let seen = self.seen.iter().take(SEEN_HEADINGS_MAX);
        let seen: Vec<String> = seen.map(|text| format!("\"{}\"", excerpt(text))).collect();
        let rows = LEDGER_HEADING_ROWS_MAX.to_string();
        let args = [
            ("missing", &*missing.join(", ")),
            ("first", missing.first().map_or("", |first| first)),
            ("seen", &*seen.join(", ")),
            ("rows", &*rows),
            ("found", self.unknown.as_deref().unwrap_or_default()),
        ];
        lang.text_with(
            match (&self.unknown, self.seen.is_empty()) {
                (_, true) => "ledger-table-no-headings",
                (Some(_), _) => "ledger-table-no-column",
                (None, _) => "ledger-table-headings",
            },
            &args,
        )
    }
}

/// Headings that a message names.
const SEEN_HEADINGS_MAX: usize = 12;

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
    /// Result of a formula that sums up other cells, as digits.
    Summary(String),
    /// Result of a formula that sums up other rows of its own column, as digits.
    ColumnSum(String),
    /// Formula of which the workbook holds no result, with its `=`.
    Unstored(String),
}

/// Functions that sum up the cells above, as files name them.
const SUMMARY_FUNCTIONS: [&str; 9] = [
    "SUM",
    "SUBTOTAL",
    "AVERAGE",
    "MIN",
    "MAX",
    "COUNT",
    "COUNTA",
    "MEDIAN",
    "AGGREGATE",
];

/// Whether a text is a formula that sums up other cells: `=SUM(C2:C9)`.
pub(crate) fn is_summary_formula(text: &str) -> bool {
    let function = text.strip_prefix('=').and_then(|rest| rest.split_once('('));
    function.is_some_and(|(name, _)| {
        let name = name.trim().trim_start_matches('+').to_ascii_uppercase();
        SUMMARY_FUNCTIONS.contains(&&*name)
    })
}

/// Whether a formula sums up other rows of its own column: `=SUM(B2:B9)` in column B. `line` counts
/// from 1, `column` from 0. References to other sheets are none.
pub(crate) fn sums_own_column(formula: &str, line: u64, column: usize) -> bool {
    if !is_summary_formula(formula) {
        return false;
    }
    let is_other_row = |row: Option<u64>| row != Some(line);
    let is_own = |reference: &str| {
        let (from, to) = reference.split_once(':').unwrap_or((reference, reference));
        let (Some(from), Some(to)) = (cell_place(from), cell_place(to)) else {
            return false;
        };
        let is_column = (from.0..=to.0).contains(&column);
        is_column && (is_other_row(from.1) || is_other_row(to.1))
    };
    let is_end = |sign: char| !(sign.is_alphanumeric() || "$:!'_.".contains(sign));
    // A column of a table by its name: `SUBTOTAL(109,[kWh])`, but not `[@kWh]` of the row.
    let is_of_row = formula.contains("[@") || formula.contains("#This Row");
    let is_table = formula.contains('[') && !is_of_row;
    is_table || formula.split(is_end).any(is_own)
}

/// Column from 0 and row from 1 of a reference such as `$B$2` or `B` (the whole column).
pub(super) fn cell_place(text: &str) -> Option<(usize, Option<u64>)> {
    let text = text.replace('$', "");
    let digits = text.find(|sign: char| sign.is_ascii_digit());
    let (letters, row) = text.split_at(digits.unwrap_or(text.len()));
    let is_name =
        (1..=3).contains(&letters.len()) && letters.bytes().all(|b| b.is_ascii_alphabetic());
    if !is_name {
        return None;
    }
    let number =
        |sum: usize, byte: u8| sum * 26 + usize::from(byte.to_ascii_uppercase() - b'A') + 1;
    let column = letters.bytes().fold(0, number).checked_sub(1)?;
    match row {
        "" => Some((column, None)),
        row => Some((column, Some(row.parse().ok()?))),
    }
}

/// Rows that are not empty, with their numbers as a spreadsheet shows them.
pub(crate) type SheetRows = Vec<(u64, Vec<SheetCell>)>;

impl SheetCell {
    /// Text without surrounding spaces.
    pub(crate) fn text(&self) -> &str {
        let (Self::Text(text)
        | Self::Plain(text)
        | Self::Summary(text)
        | Self::ColumnSum(text)
        | Self::Unstored(text)) = self;
        text.trim()
    }

    /// Whether the cell holds a typed number, or the one that a formula gave.
    pub(crate) fn is_native(&self) -> bool {
        matches!(self, Self::Plain(_) | Self::Summary(_) | Self::ColumnSum(_))
    }

    /// Whether the cell sums up others, with a stored result or without.
    pub(crate) fn is_summary(&self) -> bool {
        let is_result = matches!(self, Self::Summary(_) | Self::ColumnSum(_));
        is_result || is_summary_formula(self.text())
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
