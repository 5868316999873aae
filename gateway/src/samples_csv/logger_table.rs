//! Reader of tables that loggers and spreadsheets write: any separator, encoding, heading and
//! decimal separator, lines above the heading, dates in any order.
//!
//! What the file shows is used and reported. What it leaves open (time zone, date order, decimal
//! separator, column) is asked for as an option; nothing is guessed, because a wrong guess would
//! import wrong readings without any sign of it.

use super::columns::{TableColumns, count_filled_cells, parse_time_cell};
use super::number_format::{self, DecimalSeparator, SeparatorEvidence};
use super::text_encoding::{self, NumberedCells, TextEncoding};
use super::time_format::{DateOrder, LoggerTimeError, ParsedLoggerDate, ParsedLoggerTime};
use super::{CsvRowError, CsvRowErrorKind, CsvRowErrors, DuplicateTimeFinder, TimestampBounds};
use crate::domain::UtcMs;
use crate::limits::IMPORT_HEAD_ROWS_MAX;
use crate::storage::ImportRow;
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
    /// Name or number (from 1) of the value column.
    pub column: Option<String>,
    /// Times that are accepted.
    pub era: TimestampBounds,
}

/// Message for people: key in the catalogue and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggerTableMessage {
    /// Key in the catalogue.
    pub key: &'static str,
    /// Names and values of the placeholders.
    pub args: Vec<(&'static str, String)>,
}

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
    /// Separator between cells.
    pub separator: char,
    /// Decimal separator.
    pub decimals: DecimalSeparator,
    /// Date order, where it made a difference.
    pub dates: Option<DateOrder>,
    /// Whether times without an offset were read in the requested time zone.
    pub local: bool,
    /// Whether times are day numbers of a spreadsheet.
    pub numbered: bool,
    /// Column of the values, from 1.
    pub column: usize,
    /// Lines above the heading that were skipped.
    pub head: usize,
    /// Line and content of the first reading in the file.
    pub first: Option<(u64, ImportRow)>,
    /// Number of rows without a value, and the line of the first of them.
    pub missing: (u64, u64),
    /// Number of rows that repeat another row exactly.
    pub repeated: u64,
    /// Number of times that were finer than a millisecond and were cut.
    pub cut: u64,
}

/// Reasons to refuse a table: questions that an option must answer, or wrong rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoggerTableError {
    /// Messages about the table as a whole.
    pub sentences: Vec<LoggerTableMessage>,
    /// Errors in rows.
    pub faults: CsvRowErrors,
}

/// Reads the whole table. Errors: [`LoggerTableError`], with all questions and all wrong rows at
/// once.
pub fn read_logger_table(
    bytes: &[u8],
    wishes: &LoggerTableOptions,
) -> Result<LoggerTable, LoggerTableError> {
    // An `.xlsx` workbook is a ZIP archive; its sheet must be saved as CSV first.
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(single_message_error("exchange-workbook", vec![]));
    }
    let Some((text, encoding)) = text_encoding::decode_text(bytes) else {
        return Err(single_message_error("exchange-text", vec![]));
    };
    let Some(columns) = TableColumns::detect(&text) else {
        let rows = ("rows", IMPORT_HEAD_ROWS_MAX.to_string());
        return Err(single_message_error("exchange-no-table", vec![rows]));
    };
    let Some(column) = columns.choose_value_column(wishes.column.as_deref()) else {
        return Err(value_column_error(&columns, wishes.column.as_deref()));
    };
    let reader = LoggerTableReader {
        text: &text,
        columns: &columns,
        column,
        wishes,
    };
    let clues = reader.collect_clues();
    let settled = reader.resolve_format(&clues)?;
    reader.read_rows(&settled, encoding)
}

fn table_message(key: &'static str, args: Vec<(&'static str, String)>) -> LoggerTableMessage {
    LoggerTableMessage { key, args }
}

fn single_message_error(key: &'static str, args: Vec<(&'static str, String)>) -> LoggerTableError {
    LoggerTableError {
        sentences: vec![table_message(key, args)],
        faults: CsvRowErrors::default(),
    }
}

fn value_column_error(columns: &TableColumns, asked: Option<&str>) -> LoggerTableError {
    let names = columns.values.iter().map(|(at, name)| match name.as_str() {
        "" => (at + 1).to_string(),
        name => format!("{} ({name})", at + 1),
    });
    let names: Vec<String> = names.collect();
    let args = vec![
        ("columns", names.join(", ")),
        ("found", asked.unwrap_or_default().to_owned()),
    ];
    let key = if asked.is_some() {
        "exchange-column-unknown"
    } else {
        "exchange-column"
    };
    single_message_error(key, args)
}

/// Evidence in the cells for what the format leaves open; each with the first line that has it.
#[derive(Debug, Default)]
struct TableFormatClues {
    /// A first number above 12 is a day, not a month.
    day_first: Option<(u64, String)>,
    day_second: Option<(u64, String)>,
    /// A date that can be read in both orders, and whether its year has two digits.
    open_date: Option<(u64, String, bool)>,
    /// A time without an offset.
    zoneless: Option<(u64, String)>,
    comma: Option<(u64, String)>,
    point: Option<(u64, String)>,
    /// A value that can be read both ways (`1.234`).
    open_value: Option<(u64, String)>,
}

/// Format after evidence and options were combined.
struct ResolvedTableFormat {
    dates: Option<DateOrder>,
    decimals: DecimalSeparator,
    local: bool,
}

struct LoggerTableReader<'a> {
    text: &'a str,
    columns: &'a TableColumns,
    column: usize,
    wishes: &'a LoggerTableOptions,
}

impl LoggerTableReader<'_> {
    fn data_rows(&self) -> impl Iterator<Item = NumberedCells> + '_ {
        let rows =
            text_encoding::csv_rows(self.text, self.columns.separator).skip(self.columns.first);
        rows.filter(|(_, row)| !text_encoding::is_blank_row(row))
    }

    /// Time of a row as parsed, and its text for messages.
    fn parse_row_time(&self, row: &csv::StringRecord) -> (Option<ParsedLoggerTime>, String) {
        let cell = row.get(self.columns.time).unwrap_or_default();
        let time = parse_time_cell(cell, self.columns.numbered);
        if !self.columns.has_clock {
            return (time, cell.to_owned());
        }
        let clock = row.get(self.columns.time + 1).unwrap_or_default();
        let read = super::time_format::parse_clock_cell(clock);
        let both = time
            .zip(read)
            .map(|(time, clock)| time.with_clock_of_day(clock));
        // A time with an offset keeps its own clock; only a bare date takes that of the next
        // column.
        (both, format!("{cell} {clock}"))
    }

    fn collect_clues(&self) -> TableFormatClues {
        let mut clues = TableFormatClues::default();
        for (line, row) in self.data_rows() {
            if let (Some(ParsedLoggerTime::LocalClock { day, .. }), text) =
                self.parse_row_time(&row)
            {
                // Without an offset the time zone is needed, whatever the date order is.
                clues.add_date(line, day, &text);
                clues.zoneless.get_or_insert((line, text));
            }
            let value = row.get(self.column).unwrap_or_default();
            let place = match number_format::separator_evidence(value) {
                _ if number_format::is_missing_value(value) => continue,
                SeparatorEvidence::Nothing => continue,
                SeparatorEvidence::Decimals(DecimalSeparator::Comma) => &mut clues.comma,
                SeparatorEvidence::Decimals(DecimalSeparator::Point) => &mut clues.point,
                SeparatorEvidence::Either => &mut clues.open_value,
            };
            place.get_or_insert_with(|| (line, value.to_owned()));
        }
        clues
    }

    /// Combines evidence and options. Errors: every question that is still open, in one answer.
    fn resolve_format(
        &self,
        clues: &TableFormatClues,
    ) -> Result<ResolvedTableFormat, LoggerTableError> {
        // All questions at once, so that one further call is enough.
        let mut open = Vec::new();
        let dates = self.resolve_date_order(clues, &mut open);
        let decimals = self.resolve_decimal_separator(clues, &mut open);
        if let (Some((line, found)), None) = (&clues.zoneless, &self.wishes.zone) {
            let args = vec![
                ("line", line.to_string()),
                ("found", found.clone()),
                ("zone", self.wishes.site_zone.clone()),
            ];
            open.push(table_message("exchange-zone", args));
        }
        if !open.is_empty() {
            return Err(LoggerTableError {
                sentences: open,
                faults: CsvRowErrors::default(),
            });
        }
        Ok(ResolvedTableFormat {
            dates,
            // Without any decimals both separators give the same numbers.
            decimals: decimals.unwrap_or(DecimalSeparator::Point),
            local: clues.zoneless.is_some(),
        })
    }

    fn resolve_date_order(
        &self,
        clues: &TableFormatClues,
        open: &mut Vec<LoggerTableMessage>,
    ) -> Option<DateOrder> {
        let has_order =
            clues.open_date.is_some() || clues.day_first.is_some() || clues.day_second.is_some();
        // An option counts only where the file has dates of that kind.
        if !has_order || self.wishes.dates.is_some() {
            return self.wishes.dates.filter(|_| has_order);
        }
        match (&clues.day_first, &clues.day_second) {
            (Some((line, found)), Some((other, also))) => {
                let args = vec![
                    ("line", line.to_string()),
                    ("found", found.clone()),
                    ("other", other.to_string()),
                    ("also", also.clone()),
                ];
                open.push(table_message("exchange-dates-both", args));
                return None;
            }
            (Some(_), None) => return Some(DateOrder::Dmy),
            (None, Some(_)) => return Some(DateOrder::Mdy),
            (None, None) => {}
        }
        // A heading such as `dd/MM/yyyy` decides only when no date of the column contradicts it.
        if self.columns.order.is_some() {
            return self.columns.order;
        }
        if let Some((line, found, is_short)) = &clues.open_date {
            let key = if *is_short {
                "exchange-dates-short"
            } else {
                "exchange-dates"
            };
            let args = vec![("line", line.to_string()), ("found", found.clone())];
            open.push(table_message(key, args));
        }
        None
    }

    fn resolve_decimal_separator(
        &self,
        clues: &TableFormatClues,
        open: &mut Vec<LoggerTableMessage>,
    ) -> Option<DecimalSeparator> {
        if self.wishes.decimals.is_some() {
            return self.wishes.decimals;
        }
        match (&clues.comma, &clues.point, &clues.open_value) {
            (Some((line, found)), Some((other, also)), _) => {
                let args = vec![
                    ("line", line.to_string()),
                    ("found", found.clone()),
                    ("other", other.to_string()),
                    ("also", also.clone()),
                ];
                open.push(table_message("exchange-decimals-both", args));
                None
            }
            (Some(_), None, _) => Some(DecimalSeparator::Comma),
            (None, Some(_), _) => Some(DecimalSeparator::Point),
            // A table with commas between its cells can have a decimal comma only inside quotes.
            (None, None, Some((_, found)))
                if self.columns.separator == b',' && found.contains('.') =>
            {
                Some(DecimalSeparator::Point)
            }
            (None, None, Some((line, found))) => {
                let args = vec![("line", line.to_string()), ("found", found.clone())];
                open.push(table_message("exchange-decimals", args));
                None
            }
            (None, None, None) => None,
        }
    }

    /// All readings. Errors: every wrong row.
    fn read_rows(
        &self,
        settled: &ResolvedTableFormat,
        encoding: TextEncoding,
    ) -> Result<LoggerTable, LoggerTableError> {
        let mut faults = CsvRowErrors::default();
        let mut twice = DuplicateTimeFinder::default();
        let mut understood = DetectedTableFormat {
            encoding,
            separator: char::from(self.columns.separator),
            decimals: settled.decimals,
            dates: settled.dates,
            local: settled.local,
            numbered: self.columns.numbered,
            column: self.column + 1,
            head: self.columns.skipped_lines(),
            first: None,
            missing: (0, 0),
            repeated: 0,
            cut: 0,
        };
        let mut rows = Vec::new();
        for (line, row) in self.data_rows() {
            match self.read_data_row(line, &row, settled, &mut understood) {
                Ok(Some(reading)) => {
                    twice.push(line, reading.0, reading.1);
                    understood.first.get_or_insert((line, reading));
                    rows.push(reading);
                }
                Ok(None) => {}
                Err(fault) => faults.push(fault),
            }
        }
        understood.repeated = twice.report_duplicates(&mut faults);
        if faults.count > 0 {
            return Err(LoggerTableError {
                sentences: Vec::new(),
                faults,
            });
        }
        // Some files have the newest row first.
        rows.sort_by_key(|(at, _)| *at);
        // The same value at the same time was counted as repeated above; other values are errors.
        rows.dedup_by_key(|(at, _)| *at);
        Ok(LoggerTable {
            rows,
            format: understood,
        })
    }

    /// Reading of one row; `None` where the row has no value.
    fn read_data_row(
        &self,
        line: u64,
        row: &csv::StringRecord,
        settled: &ResolvedTableFormat,
        understood: &mut DetectedTableFormat,
    ) -> Result<Option<ImportRow>, CsvRowError> {
        let whole = || {
            row.iter()
                .collect::<Vec<_>>()
                .join(&understood.separator.to_string())
        };
        let Some(value) = row.get(self.column) else {
            return Err(CsvRowError::new(line, CsvRowErrorKind::Columns, &whole()));
        };
        // An unclosed quote takes the rows below into its cell.
        if count_filled_cells(row) > self.columns.width
            || row.iter().any(|cell| cell.contains('\n'))
        {
            return Err(CsvRowError::new(line, CsvRowErrorKind::Columns, &whole()));
        }
        let (time, text) = self.parse_row_time(row);
        let fault = |kind| CsvRowError::new(line, kind, &text);
        let time = time.ok_or_else(|| fault(CsvRowErrorKind::Time))?;
        let at = time.to_utc(settled.dates, self.wishes.zone.as_ref());
        let at: UtcMs = at.map_err(|why| match why {
            LoggerTimeError::Clock => fault(CsvRowErrorKind::Clock),
            _ => fault(CsvRowErrorKind::Time),
        })?;
        if let Some(fault) = self.wishes.era.check_timestamp(line, at, &text) {
            return Err(fault);
        }
        // Time and columns of a row without a value are checked too: a shifted row is an error.
        if number_format::is_missing_value(value) {
            understood.missing.0 += 1;
            if understood.missing.0 == 1 {
                understood.missing.1 = line;
            }
            return Ok(None);
        }
        let number = number_format::parse_grouped_number(value, settled.decimals);
        let number = number.ok_or_else(|| CsvRowError::new(line, CsvRowErrorKind::Value, value))?;
        let (ParsedLoggerTime::Instant { cut, .. } | ParsedLoggerTime::LocalClock { cut, .. }) =
            time;
        understood.cut += u64::from(cut);
        Ok(Some((at, number)))
    }
}

impl TableFormatClues {
    fn add_date(&mut self, line: u64, day: ParsedLoggerDate, text: &str) {
        match day {
            ParsedLoggerDate::Known(_) => {}
            ParsedLoggerDate::DayOrMonthFirst { first, second, .. } => {
                let place = match (first > 12, second > 12) {
                    (true, _) => &mut self.day_first,
                    (_, true) => &mut self.day_second,
                    _ => {
                        self.open_date
                            .get_or_insert_with(|| (line, text.to_owned(), false));
                        return;
                    }
                };
                place.get_or_insert_with(|| (line, text.to_owned()));
            }
            // With a year of two digits, `20/11/26` can begin with the year or with the day,
            // whatever the other rows of the column show.
            ParsedLoggerDate::TwoDigitYear(_) => {
                self.open_date
                    .get_or_insert_with(|| (line, text.to_owned(), true));
            }
        }
    }
}
