//! Options of an import, and what a table leaves open: questions that an option answers.

use super::columns::TableColumns;
use super::number_format::DecimalSeparator;
use super::{CsvRowErrors, TimestampBounds};
use crate::i18n::SwappedDates;
use crate::i18n::written_time::DateOrder;
use jiff::tz::TimeZone;

/// Options of an import that a person gives beyond what the table shows.
#[derive(Clone, Debug)]
pub struct LoggerTableOptions {
    /// Order of day, month and year.
    pub dates: Option<DateOrder>,
    /// Time zone of times without an offset.
    pub zone: Option<TimeZone>,
    /// Time zone of the site, proposed in the message that asks for one. It is never used unasked:
    /// the file may be in UTC.
    pub site_zone: String,
    /// Decimal separator.
    pub decimals: Option<DecimalSeparator>,
    /// Separator between cells.
    pub separator: Option<u8>,
    /// Name or number (from 1) of the sheet of a workbook.
    pub sheet: Option<String>,
    /// Name or number (from 1) of the column with the times.
    pub time_column: Option<String>,
    /// Name or number (from 1) of the value column.
    pub column: Option<String>,
    /// Times that are accepted.
    pub era: TimestampBounds,
}

impl LoggerTableOptions {
    /// Options of a person who has said nothing, at a site in this time zone.
    pub fn new(site_zone: &str, era: TimestampBounds) -> Self {
        Self {
            dates: None,
            zone: None,
            site_zone: site_zone.to_owned(),
            decimals: None,
            separator: None,
            sheet: None,
            time_column: None,
            column: None,
            era,
        }
    }
}

/// Message for people: key in the catalogue and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggerTableMessage {
    /// Key in the catalogue.
    pub key: &'static str,
    /// Names and values of the placeholders.
    pub args: Vec<(&'static str, String)>,
}

/// Reasons to refuse a table: questions that an option must answer, or wrong rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoggerTableError {
    /// Messages about the table as a whole.
    pub sentences: Vec<LoggerTableMessage>,
    /// Errors in rows.
    pub faults: CsvRowErrors,
}

pub(super) fn table_message(
    key: &'static str,
    args: Vec<(&'static str, String)>,
) -> LoggerTableMessage {
    LoggerTableMessage { key, args }
}

pub(super) fn single_message_error(
    key: &'static str,
    args: Vec<(&'static str, String)>,
) -> LoggerTableError {
    LoggerTableError {
        sentences: vec![table_message(key, args)],
        faults: CsvRowErrors::default(),
    }
}

/// Refusal of dates of which a spreadsheet has probably swapped day and month.
pub(super) fn swapped_dates_error(found: &SwappedDates) -> LoggerTableError {
    let (line, text) = found.text.clone().unwrap_or_default();
    let args = vec![
        ("count", found.count.to_string()),
        ("lines", found.list_lines()),
        ("line", line.to_string()),
        ("found", text),
    ];
    single_message_error("exchange-dates-swapped", args)
}

/// Question or refusal about the value column.
pub(super) fn value_column_error(columns: &TableColumns, asked: Option<&str>) -> LoggerTableError {
    let args = vec![
        ("columns", list_columns(&columns.real_values())),
        ("found", asked.unwrap_or_default().to_owned()),
    ];
    let wanted = asked.map(|asked| asked.trim().to_lowercase());
    let is_named = |(_, name): &(usize, String)| Some(name.trim().to_lowercase()) == wanted;
    let key = match asked {
        None => "exchange-column",
        Some(_) if columns.values.iter().any(is_named) => "exchange-column-twice",
        Some(_) => "exchange-column-unknown",
    };
    single_message_error(key, args)
}

/// Columns as `2 (kWh), 3 (kW)`.
pub(super) fn list_columns(columns: &[(usize, String)]) -> String {
    let names = columns.iter().map(|(at, name)| match name.as_str() {
        "" => (at + 1).to_string(),
        name => format!("{} ({name})", at + 1),
    });
    names.collect::<Vec<_>>().join(", ")
}
