//! [`DetectedTableFormat`]: how a table was read, and [`LoggerTable`]: its readings.

use super::format_answers::ZoneSource;
use super::heading_unit::{HeadingUnit, UnitSource};
use super::number_format::DecimalSeparator;
use super::row_status::RowStatuses;
use super::table_questions::LoggerTableMessage;
use super::text_encoding::TextEncoding;
use crate::i18n::written_time::DateOrder;
use crate::ledger::HiddenParts;
use crate::storage::ImportRow;

/// Table that was read completely.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggerTable {
    /// Readings in order of time, each time once.
    pub rows: Vec<ImportRow>,
    /// Format that was detected.
    pub format: DetectedTableFormat,
}

/// Detected format of a table, and counts of what was left out.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectedTableFormat {
    /// Character encoding.
    pub encoding: TextEncoding,
    /// Name of the sheet of a workbook.
    pub sheet: Option<String>,
    /// Parts of it that the workbook hides.
    pub hidden: HiddenParts,
    /// Separator between cells.
    pub separator: char,
    /// Line of the heading.
    pub heading_line: Option<u64>,
    /// Column of the times, from 1, and its name.
    pub time_column: (usize, String),
    /// Interval between the rows, ms; `None` for fewer than two rows.
    pub interval_ms: Option<i64>,
    /// Decimal separator.
    pub decimals: DecimalSeparator,
    /// Date order, where it made a difference.
    pub dates: Option<DateOrder>,
    /// Whether times without an offset were read in the requested time zone.
    pub local: bool,
    /// Place whose zone times without an offset were read in.
    pub zone_source: Option<ZoneSource>,
    /// Whether times are day numbers of a spreadsheet.
    pub numbered: bool,
    /// Whether the workbook counts days since 1904.
    pub since_1904: bool,
    /// Column of the values, from 1.
    pub column: usize,
    /// Name of that column; empty without a heading.
    pub column_name: String,
    /// Texts below that name, such as a unit.
    pub column_texts: Vec<String>,
    /// Unit that the values are written with.
    pub value_unit: Option<&'static str>,
    /// Units that other places than the values and the heading say.
    pub stated_units: Vec<(UnitSource, HeadingUnit)>,
    /// Lines above the heading that were skipped.
    pub head: usize,
    /// Lines above the heading, by their number, as the file writes them.
    pub head_texts: Vec<(u64, String)>,
    /// Line and content of the first reading in the file.
    pub first: Option<(u64, ImportRow)>,
    /// Time and value of that reading as the file writes them.
    pub first_texts: (String, String),
    /// Number of rows with totals or averages, which were left out, and the line of the first.
    pub summaries: (u64, u64),
    /// Number of rows without a value, and the line of the first of them.
    pub missing: (u64, u64),
    /// Number of rows with a value and no time, which their status does not vouch for, and the line
    /// of the first of them.
    pub undated: (u64, u64),
    /// Number of rows that repeat another row exactly.
    pub repeated: u64,
    /// Number of times that were finer than a millisecond and were cut.
    pub cut: u64,
    /// Statement of a column on whether the values are right.
    pub statuses: RowStatuses,
    /// Sentences about what an option counted more than, or was not used for.
    pub overridden: Vec<LoggerTableMessage>,
}
