//! Layout of a table of another program: its separator, its heading line and its columns.

use super::column_names::{
    CLOCK_COLUMN_NAMES, VALUE_COLUMN_NAMES, date_order_of_pattern, is_row_number, is_side_column,
    names_zones, speaks_of_time, time_columns, zone_of_heading,
};
use super::number_format::{self, DecimalSeparator};
use super::statement_lines::StatementLines;
use super::text_encoding::{self, NumberedCells};
use crate::i18n::written_time::{self, DateOrder, ParsedLoggerTime};
use crate::ledger::starts_with_summary;
use crate::limits::IMPORT_HEAD_ROWS_MAX;
use csv::StringRecord;
use jiff::tz::TimeZone;

/// Answers of a person about the columns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AskedColumns<'a> {
    /// Separator between cells.
    pub(super) separator: Option<u8>,
    /// Name or number (from 1) of the column with the times.
    pub(super) time: Option<&'a str>,
}

/// Layout of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TableColumns {
    pub(super) separator: u8,
    /// Line of the heading in the file.
    pub(super) heading_line: Option<u64>,
    /// Name of the time column; empty without a heading.
    pub(super) time_name: String,
    /// Further columns with a time in every row.
    pub(super) more_times: Vec<(usize, String)>,
    /// Zone that the heading of the times states (`Time (UTC+7)`).
    pub(super) zone: Option<TimeZone>,
    /// Index of the heading line among the rows; `None` when the table has none.
    heading: Option<usize>,
    /// Index of the first row with a reading.
    pub(super) first: usize,
    /// Most cells that a row may have.
    pub(super) width: usize,
    pub(super) time: usize,
    /// Whether the time of day stands in a column of its own, right of the date.
    pub(super) has_clock: bool,
    /// Lines above the heading that say a unit or a zone.
    pub(super) lines: StatementLines,
    /// Columns with values: index and name.
    pub(super) values: Vec<(usize, String)>,
    /// Cells of the heading.
    names: Option<StringRecord>,
    /// Rows between the heading and the readings, such as one of units.
    below_names: Vec<StringRecord>,
    /// Whether times are plain numbers (spreadsheet days, or seconds since 1970).
    pub(super) numbered: bool,
    /// Date order that the heading states (`dd/MM/yyyy`).
    pub(super) order: Option<DateOrder>,
}

impl TableColumns {
    /// Layout of a text, with the separator under which most readings are found; `None` when no
    /// reading is found.
    pub(super) fn detect(text: &str, asked: AskedColumns<'_>) -> Option<Self> {
        let declared = || text_encoding::declared_separator(text);
        if let Some(separator) = asked.separator.or_else(declared) {
            let found = Self::detect_with_separator(text, separator, asked.time);
            return found.map(|(_, columns)| columns.with_values(text));
        }
        // `;` before `,`: a table with decimal commas can also be split at its commas.
        let all = [b';', b'\t', b',', b'|'];
        let found = all
            .into_iter()
            .filter_map(|separator| Self::detect_with_separator(text, separator, asked.time));
        // On a tie the separator that is first in the list wins.
        let best = found.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map(|(_, columns)| columns.with_values(text))
    }

    fn with_values(mut self, text: &str) -> Self {
        let place = (self.separator, self.first);
        let times = (self.time, self.has_clock);
        self.values = find_value_columns(text, place, self.names.as_ref(), times);
        self
    }

    fn detect_with_separator(
        text: &str,
        separator: u8,
        asked: Option<&str>,
    ) -> Option<(usize, Self)> {
        // Only the first rows are examined: the layout of a table does not change further down.
        let rows: Vec<NumberedCells> = text_encoding::csv_rows(text, separator)
            .take(IMPORT_HEAD_ROWS_MAX)
            .collect();
        let heading_at = rows
            .iter()
            .position(|(_, row)| !time_columns(row, asked).is_empty());
        let (time, numbered, first) = locate_first_time(&rows, heading_at, asked)?;
        let heading = heading_at.filter(|at| *at < first).or_else(|| {
            let before = first.checked_sub(1)?;
            let row = &rows[before].1;
            // A row of numbers above the first reading is data, not a heading.
            let is_name =
                |(at, cell): (usize, &str)| at == time || parse_any_number(cell).is_none();
            let is_heading = row.len() > time && row.iter().enumerate().all(is_name);
            (is_heading && !is_statement_line(&rows[before], &rows[first].1, time))
                .then_some(before)
        });
        let first = heading.map_or_else(
            || first_data_row(&rows, first, time),
            |at| row_below_heading(&rows, at, first),
        );
        // An unclosed quote takes the rows below into its cell.
        let is_torn = |(_, row): &NumberedCells| row.iter().any(|cell| cell.contains('\n'));
        if rows[..first].iter().any(is_torn) {
            return None;
        }
        let names = heading.map(|at| rows[at].1.clone());
        let data = rows[first..].iter().map(|(_, row)| row);
        // A row without a time, such as one of sums, says nothing about the columns.
        let has_time = |row: &StringRecord| row.get(time).is_some_and(|cell| !cell.is_empty());
        let is_reading = |row: &&StringRecord| !is_summary_row(row) && has_time(row);
        let data: Vec<&StringRecord> = data.filter(is_reading).collect();
        let is_time = |row: &&&StringRecord| {
            let cell = row.get(time);
            cell.and_then(|cell| parse_time_cell(cell, numbered))
                .is_some()
        };
        let has_clock = has_clock_column(&data, names.as_ref(), time, numbered);
        let width = names.as_ref().or(data.first().copied());
        let time_name = names.as_ref().and_then(|names| names.get(time));
        let time_name = time_name.unwrap_or_default().to_owned();
        let below_names = below_heading(&rows, heading, first);
        let mut below = below_names.iter();
        let zone_below = || below.find_map(|row| zone_of_heading(row.get(time)?));
        let columns = Self {
            separator,
            heading_line: heading.map(|at| rows[at].0),
            zone: zone_of_heading(&time_name).or_else(zone_below),
            more_times: more_time_columns(&data, names.as_ref(), (time, has_clock)),
            heading,
            first,
            width: width.map_or(0, count_filled_cells),
            time,
            has_clock,
            lines: StatementLines::read(&rows[..heading.unwrap_or(first)]),
            values: Vec::new(),
            below_names,
            names,
            numbered,
            order: date_order_of_pattern(&time_name),
            time_name,
        };
        let count = data.iter().filter(is_time).count();
        let has_values = data.iter().any(|row| row.len() > 1);
        (count > 0 && has_values).then_some((count, columns))
    }

    /// Index of the value column: the one that is requested by a name that it alone has, or by its
    /// number; else the only one; else the only one whose name is in `VALUE_COLUMN_NAMES`. `None`
    /// when this leaves more than one.
    pub(super) fn choose_value_column(&self, asked: Option<&str>) -> Option<usize> {
        if let Some(asked) = asked {
            let wanted = asked.trim().to_lowercase();
            let named = self.values.iter();
            let mut named = named.filter(|(_, name)| name.trim().to_lowercase() == wanted);
            let number = || wanted.parse::<usize>().ok()?.checked_sub(1);
            let is_there = |at: &usize| self.values.iter().any(|(one, _)| one == at);
            return match (named.next(), named.next()) {
                (Some((at, _)), None) => Some(*at),
                // Two columns of one name: only a number says which.
                (Some(_), Some(_)) => None,
                (None, _) => self
                    .column_below_named(&wanted)
                    .or_else(|| number().filter(is_there)),
            };
        }
        let lower = |name: &str| name.trim().to_lowercase();
        let real = self.real_values();
        if let [(only, name)] = &*real
            && !is_row_number(name)
        {
            return Some(*only);
        }
        let is_called = |name: &str| VALUE_COLUMN_NAMES.contains(&&*lower(name));
        let mut called = self.values.iter().filter(|(_, name)| is_called(name));
        match (called.next(), called.next()) {
            (Some((at, _)), None) => Some(*at),
            _ => None,
        }
    }

    /// Index of the only value column with this text (in lower case) in a row below the heading:
    /// some portals write the name of the device above that of the value.
    fn column_below_named(&self, wanted: &str) -> Option<usize> {
        let is_said = |text: &String| text.trim().to_lowercase() == wanted;
        let said = |(at, _): &&(usize, String)| self.texts_below(*at).iter().any(is_said);
        let mut said = self.values.iter().filter(said);
        match (said.next(), said.next()) {
            (Some((at, _)), None) => Some(*at),
            _ => None,
        }
    }

    /// Columns with values without those that number the rows or say whether they are right, where
    /// there are others.
    pub(super) fn real_values(&self) -> Vec<(usize, String)> {
        let is_real = |one: &&(usize, String)| !is_side_column(&one.1);
        let real: Vec<_> = self.values.iter().filter(is_real).cloned().collect();
        if real.is_empty() {
            self.values.clone()
        } else {
            real
        }
    }

    /// Columns whose name is a time of day or a date: the table is wide, and what moment a value
    /// belongs to stands in its heading.
    pub(super) fn columns_of_moments(&self) -> Vec<(usize, String)> {
        let is_moment = |name: &str| {
            let clock = written_time::parse_clock_cell(name, false);
            clock.is_some() || written_time::parse_logger_time(name).is_some()
        };
        let moments = self.values.iter().filter(|(_, name)| is_moment(name));
        moments.cloned().collect()
    }

    /// Name of a column; empty without one.
    pub(super) fn name(&self, column: usize) -> &str {
        let names = self.names.as_ref();
        names
            .and_then(|names| names.get(column))
            .unwrap_or_default()
    }

    /// Names of all columns, in their order.
    pub(super) fn headings(&self) -> impl Iterator<Item = &str> {
        self.names.iter().flatten()
    }

    /// Texts below the heading of a column, such as its unit.
    pub(super) fn texts_below(&self, column: usize) -> Vec<String> {
        let cells = self.below_names.iter().filter_map(|row| row.get(column));
        cells.map(str::to_owned).collect()
    }

    /// Whether a column is the one with the values of the exchange format, which have a decimal
    /// point.
    pub(super) fn is_exchange(&self, column: usize) -> bool {
        let mut values = self.values.iter();
        self.separator == b','
            && self.time_name == "time"
            && values.any(|(at, name)| *at == column && name == "value")
    }

    /// Number of lines above the readings that are neither heading nor data.
    pub(super) fn skipped_lines(&self) -> usize {
        self.first - usize::from(self.heading.is_some())
    }
}

/// Time in a cell; plain numbers are accepted when `numbered` is set.
pub(super) fn parse_time_cell(cell: &str, numbered: bool) -> Option<ParsedLoggerTime> {
    let plain = || {
        numbered
            .then(|| written_time::parse_numeric_time(cell))
            .flatten()
    };
    written_time::parse_logger_time(cell).or_else(plain)
}

/// Whether a line above the first reading says a unit or a zone and is no heading: one that has as
/// many cells as the reading, and a word for the time above its time, is a heading.
fn is_statement_line(line: &NumberedCells, reading: &StringRecord, time: usize) -> bool {
    let said = StatementLines::read(std::slice::from_ref(line));
    let filled = count_filled_cells(&line.1);
    let is_as_wide = filled > 1 && filled == count_filled_cells(reading);
    let is_named = || {
        let cell = line.1.get(time).unwrap_or_default();
        speaks_of_time(cell) && !cell.contains([':', '=']) && !names_zones(cell)
    };
    let is_heading = is_as_wide && is_named();
    !(said.is_empty() || is_heading)
}

/// Index of the first data row. In a table without a heading, rows with values right above the
/// first time count as data too: their times are wrong and must be reported, not skipped.
fn first_data_row(rows: &[NumberedCells], first: usize, time: usize) -> usize {
    // One wrong row in front is an error of the file; a heading would have no numbers in it.
    let has_value = |(_, row): &&NumberedCells| {
        let mut cells = row.iter().enumerate();
        cells.any(|(at, cell)| at != time && parse_any_number(cell).is_some())
    };
    first - rows[..first].iter().rev().take_while(has_value).count()
}

/// Whether a row sums up the rows above it: its first text is a word for a total or an average.
pub(super) fn is_summary_row(row: &StringRecord) -> bool {
    let first = row.iter().find(|cell| !cell.is_empty());
    first.is_some_and(starts_with_summary)
}

/// Rows between the heading and the readings.
fn below_heading(
    rows: &[NumberedCells],
    heading: Option<usize>,
    first: usize,
) -> Vec<StringRecord> {
    let below = heading.and_then(|at| rows.get(at + 1..first));
    let below = below.unwrap_or_default().iter();
    below.map(|(_, row)| row.clone()).collect()
}

/// Row below the heading: rows of units and the like, without a time or a number, belong to the
/// heading.
fn row_below_heading(rows: &[NumberedCells], heading: usize, first: usize) -> usize {
    let is_text = |(_, row): &&NumberedCells| {
        let mut cells = row.iter();
        !text_encoding::is_blank_row(row)
            && cells.all(|cell| {
                parse_any_number(cell).is_none() && written_time::parse_logger_time(cell).is_none()
            })
    };
    let below = rows.get(heading + 1..first).unwrap_or_default();
    heading + 1 + below.iter().take_while(is_text).count()
}

/// Columns besides the chosen one that have a time in every row.
fn more_time_columns(
    data: &[&StringRecord],
    names: Option<&StringRecord>,
    (time, has_clock): (usize, bool),
) -> Vec<(usize, String)> {
    let width = data.iter().map(|row| row.len()).max().unwrap_or(0);
    let is_taken = |at: usize| at == time || (has_clock && at == time + 1);
    let is_time = |at: usize| {
        let cell = |row: &&&StringRecord| row.get(at).and_then(written_time::parse_logger_time);
        data.iter().all(|row| cell(&row).is_some())
    };
    let found = (0..width).filter(|at| !is_taken(*at) && is_time(*at));
    let name = |at: usize| names.and_then(|names| names.get(at)).unwrap_or_default();
    found.map(|at| (at, name(at).to_owned())).collect()
}

/// Column of the first time, whether times are plain numbers, and the row of the first time.
fn locate_first_time(
    rows: &[NumberedCells],
    named: Option<usize>,
    asked: Option<&str>,
) -> Option<(usize, bool, usize)> {
    let mut columns = named.map_or_else(Vec::new, |at| time_columns(&rows[at].1, asked));
    if columns.is_empty() {
        // A column that no heading names was asked for by its number.
        let number = || asked?.trim().parse::<usize>().ok()?.checked_sub(1);
        columns.extend(number());
    }
    if columns.is_empty() && asked.is_some() {
        return None;
    }
    let from = named.map_or(0, |at| at + 1);
    let below = || rows.iter().enumerate().skip(from);
    if !columns.is_empty() {
        // A column `Hari` may have the names of days, and the times stand in the next one.
        let of = |numbered| {
            columns.iter().find_map(|column| {
                let is_time = |row: &StringRecord| parse_time_cell(row.get(*column)?, numbered);
                let mut found = below().filter(|(_, (_, row))| is_time(row).is_some());
                found.next().map(|(at, _)| (*column, numbered, at))
            })
        };
        return of(false).or_else(|| of(true));
    }
    let dated = below().find_map(|(at, (_, row))| {
        let column = row
            .iter()
            .position(|cell| written_time::parse_logger_time(cell).is_some())?;
        Some((column, false, at))
    });
    // Without a column name, only the first column may hold times that are plain numbers: in any
    // other column a number is a value.
    let numbered = || {
        let mut found = below().filter(|(_, (_, row))| {
            row.len() > 1
                && row
                    .get(0)
                    .and_then(written_time::parse_numeric_time)
                    .is_some()
        });
        found.next().map(|(at, _)| (0, true, at))
    };
    dated.or_else(numbered)
}

/// Whether the column right of the date holds a time of day in every row, and the date none.
fn has_clock_column(
    data: &[&StringRecord],
    names: Option<&StringRecord>,
    time: usize,
    numbered: bool,
) -> bool {
    let name = names
        .and_then(|names| names.get(time + 1))
        .unwrap_or_default();
    let is_named = CLOCK_COLUMN_NAMES.contains(&&*name.trim().to_lowercase());
    let mut rows = data
        .iter()
        .filter(|row| !text_encoding::is_blank_row(row))
        .peekable();
    rows.peek().is_some()
        && rows.all(|row| {
            let day = row
                .get(time)
                .and_then(|cell| parse_time_cell(cell, numbered));
            let is_day = day.is_none_or(|day| !day.has_clock());
            let clock = row.get(time + 1);
            let clock = clock.and_then(|cell| written_time::parse_clock_cell(cell, is_named));
            is_day && clock.is_some()
        })
}

/// Whether a cell is a number under either decimal separator, with or without a unit, or a formula,
/// which stands for one.
fn parse_any_number(cell: &str) -> Option<()> {
    if cell.starts_with('=') {
        return Some(());
    }
    let (digits, _) = number_format::split_value_unit(cell);
    let read = |sign| number_format::parse_grouped_number(digits, sign);
    read(DecimalSeparator::Point)
        .or_else(|| read(DecimalSeparator::Comma))
        .map(|_| ())
}

/// Columns with values, of all rows below the heading: a sensor that was added later has its first
/// value far down. A column counts when at least half of its cells are numbers.
fn find_value_columns(
    text: &str,
    (separator, first): (u8, usize),
    names: Option<&StringRecord>,
    (time, has_clock): (usize, bool),
) -> Vec<(usize, String)> {
    let mut counts: Vec<(u64, u64)> = Vec::new();
    for (_, row) in text_encoding::csv_rows(text, separator).skip(first) {
        if is_summary_row(&row) {
            continue;
        }
        counts.resize(counts.len().max(row.len()), (0, 0));
        let filled = row.iter().enumerate().filter(|(_, cell)| !cell.is_empty());
        for (at, cell) in filled {
            let is_missing = number_format::is_missing_value(cell);
            counts[at].0 += u64::from(parse_any_number(cell).is_some());
            counts[at].1 += u64::from(!is_missing);
        }
    }
    let name = |at: usize| names.and_then(|names| names.get(at)).unwrap_or_default();
    let is_taken = |at: usize| at == time || (has_clock && at == time + 1);
    let is_value = |at: &usize| {
        let (numbers, filled) = counts[*at];
        numbers > 0 && numbers * 2 >= filled
    };
    let free = (0..counts.len()).filter(|at| !is_taken(*at));
    let all: Vec<usize> = free.clone().filter(is_value).collect();
    // In a table of two columns, all values may be missing or wrong.
    let all = if all.is_empty() { free.collect() } else { all };
    all.into_iter()
        .map(|at| (at, name(at).to_owned()))
        .collect()
}

/// Number of cells up to the last one that is not empty.
pub(super) fn count_filled_cells(row: &StringRecord) -> usize {
    let cells = row.iter().enumerate().filter(|(_, cell)| !cell.is_empty());
    cells.last().map_or(0, |(at, _)| at + 1)
}
