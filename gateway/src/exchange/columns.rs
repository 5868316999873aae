//! Where time and value stand in a table of another program: its separator, its heading, its
//! columns.

use super::encoding::{self, CellRow};
use super::times::{self, DateOrder, WrittenTime};
use super::values::{self, DecimalSign};
use crate::limits::IMPORT_HEAD_ROWS_MAX;
use csv::StringRecord;

/// What the column of times is called, in small letters.
const TIMES: [&str; 17] = [
    "time",
    "date",
    "datetime",
    "date time",
    "date/time",
    "timestamp",
    "time stamp",
    "day",
    "waktu",
    "tanggal",
    "tgl",
    "tanggal/waktu",
    "tanggal jam",
    "tanggal/jam",
    "hari",
    "zeit",
    "datum",
];
/// What the column of values is called, when there are several.
const VALUES: [&str; 8] = [
    "value", "values", "nilai", "data", "reading", "bacaan", "wert", "hasil",
];

/// The places of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Columns {
    pub(super) separator: u8,
    /// Place of the heading among the rows; `None` when the table has none.
    heading: Option<usize>,
    /// Place of the first reading among the rows.
    pub(super) first: usize,
    /// Cells that a row may have.
    pub(super) width: usize,
    pub(super) time: usize,
    /// Whether the clock stands in a column of its own, behind the day.
    pub(super) has_clock: bool,
    /// Columns with values, with their names.
    pub(super) values: Vec<(usize, String)>,
    /// Whether times are plain numbers.
    pub(super) numbered: bool,
    /// The order of dates that the heading says (`dd/MM/yyyy`).
    pub(super) order: Option<DateOrder>,
}

impl Columns {
    /// The columns of a text, under the separator with which the most readings are found; `None`
    /// when there is none.
    pub(super) fn find(text: &str) -> Option<Self> {
        if let Some(separator) = encoding::said_separator(text) {
            return Self::under(text, separator).map(|(_, columns)| columns);
        }
        let all = [b';', b'\t', b',', b'|'];
        let found = all
            .into_iter()
            .filter_map(|separator| Self::under(text, separator));
        // The first of those that are as good.
        let best = found.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map(|(_, columns)| columns)
    }

    fn under(text: &str, separator: u8) -> Option<(usize, Self)> {
        let rows: Vec<CellRow> = encoding::rows(text, separator)
            .take(IMPORT_HEAD_ROWS_MAX)
            .collect();
        let heading_at = rows.iter().position(|(_, row)| time_column(row).is_some());
        let (time, numbered, first) = time_place(&rows, heading_at)?;
        let heading = heading_at.filter(|at| *at < first).or_else(|| {
            let before = first.checked_sub(1)?;
            let row = &rows[before].1;
            // Numbers are no names.
            let is_name = |(at, cell): (usize, &str)| at == time || value_of(cell).is_none();
            (row.len() > time && row.iter().enumerate().all(is_name)).then_some(before)
        });
        let first = heading.map_or_else(|| first_reading(&rows, first, time), |at| at + 1);
        // A quote that is not closed takes the rows below into its cell.
        let is_torn = |(_, row): &CellRow| row.iter().any(|cell| cell.contains('\n'));
        if rows[..first].iter().any(is_torn) {
            return None;
        }
        let names = heading.map(|at| rows[at].1.clone());
        let data: Vec<&StringRecord> = rows[first..].iter().map(|(_, row)| row).collect();
        let is_time = |row: &&&StringRecord| {
            let cell = row.get(time);
            cell.and_then(|cell| written(cell, numbered)).is_some()
        };
        let has_clock = clock_beside(&data, time, numbered);
        let width = names.as_ref().or(data.first().copied());
        let columns = Self {
            separator,
            heading,
            first,
            width: width.map_or(0, filled),
            time,
            has_clock,
            values: value_columns(&data, names.as_ref(), time, has_clock),
            numbered,
            order: names.as_ref().and_then(|names| pattern(names.get(time)?)),
        };
        let count = data.iter().filter(is_time).count();
        let has_values = data.iter().any(|row| row.len() > 1);
        (count > 0 && has_values).then_some((count, columns))
    }

    /// The column that is asked for by name or number, else the only one, else the one that is
    /// called so.
    pub(super) fn value(&self, asked: Option<&str>) -> Option<usize> {
        if let Some(asked) = asked {
            let wanted = asked.trim().to_lowercase();
            let named = self.values.iter();
            let mut named = named.filter(|(_, name)| name.trim().to_lowercase() == wanted);
            let number = || wanted.parse::<usize>().ok()?.checked_sub(1);
            let is_there = |at: &usize| self.values.iter().any(|(one, _)| one == at);
            return match named.next() {
                Some((at, _)) => Some(*at),
                None => number().filter(is_there),
            };
        }
        if let [(only, _)] = self.values[..] {
            return Some(only);
        }
        let is_called = |name: &str| VALUES.contains(&name.trim().to_lowercase().as_str());
        let mut called = self.values.iter().filter(|(_, name)| is_called(name));
        match (called.next(), called.next()) {
            (Some((at, _)), None) => Some(*at),
            _ => None,
        }
    }

    /// Lines above the readings that are no heading.
    pub(super) fn head(&self) -> usize {
        self.first - usize::from(self.heading.is_some())
    }
}

/// A time as the column has them.
pub(super) fn written(cell: &str, numbered: bool) -> Option<WrittenTime> {
    let plain = || numbered.then(|| times::numbered(cell)).flatten();
    times::read(cell).or_else(plain)
}

/// Without a heading, rows with values right above the first time are readings, too: their times
/// are wrong.
fn first_reading(rows: &[CellRow], first: usize, time: usize) -> usize {
    let has_value = |(_, row): &&CellRow| {
        let mut cells = row.iter().enumerate();
        cells.any(|(at, cell)| at != time && value_of(cell).is_some())
    };
    first - rows[..first].iter().rev().take_while(has_value).count()
}

fn time_column(row: &StringRecord) -> Option<usize> {
    row.iter().position(|cell| {
        let name = cell.to_lowercase();
        let bare = name.split(['(', '[']).next().unwrap_or_default().trim();
        TIMES.contains(&bare) || pattern(cell).is_some()
    })
}

/// `dd/MM/yyyy HH:mm` as the name of a column.
fn pattern(name: &str) -> Option<DateOrder> {
    let name = name.to_lowercase();
    let at = |words: &[&str]| words.iter().find_map(|word| name.find(word));
    let (day, month, year) = (at(&["dd", "tt"])?, at(&["mm"])?, at(&["yy", "jj"])?);
    match (day < month, year < month) {
        (_, true) => Some(DateOrder::Ymd),
        (true, false) => Some(DateOrder::Dmy),
        (false, false) => Some(DateOrder::Mdy),
    }
}

/// The column of the first time, whether its times are plain numbers, and its row.
fn time_place(rows: &[CellRow], named: Option<usize>) -> Option<(usize, bool, usize)> {
    let column = named.and_then(|at| time_column(&rows[at].1));
    let from = named.map_or(0, |at| at + 1);
    let below = || rows.iter().enumerate().skip(from);
    if let Some(column) = column {
        let of = |numbered| {
            let is_time = |row: &StringRecord| written(row.get(column)?, numbered);
            let mut found = below().filter(|(_, (_, row))| is_time(row).is_some());
            found.next().map(|(at, _)| (column, numbered, at))
        };
        return of(false).or_else(|| of(true));
    }
    let dated = below().find_map(|(at, (_, row))| {
        let column = row.iter().position(|cell| times::read(cell).is_some())?;
        Some((column, false, at))
    });
    // Without a name only the first column can hold times that are plain numbers.
    let numbered = || {
        let mut found = below().filter(|(_, (_, row))| {
            row.len() > 1 && row.get(0).and_then(times::numbered).is_some()
        });
        found.next().map(|(at, _)| (0, true, at))
    };
    dated.or_else(numbered)
}

fn clock_beside(data: &[&StringRecord], time: usize, numbered: bool) -> bool {
    let mut rows = data
        .iter()
        .filter(|row| !encoding::is_blank(row))
        .peekable();
    rows.peek().is_some()
        && rows.all(|row| {
            let day = row.get(time).and_then(|cell| written(cell, numbered));
            let is_day = day.is_none_or(|day| !day.has_clock());
            let clock = row.get(time + 1).and_then(times::clock_alone);
            is_day && clock.is_some()
        })
}

/// Whether a cell is a number under either sign.
fn value_of(cell: &str) -> Option<()> {
    let read = |sign| values::read(cell, sign);
    read(DecimalSign::Point)
        .or_else(|| read(DecimalSign::Comma))
        .map(|_| ())
}

fn value_columns(
    data: &[&StringRecord],
    names: Option<&StringRecord>,
    time: usize,
    has_clock: bool,
) -> Vec<(usize, String)> {
    let width = data.iter().map(|row| row.len()).max().unwrap_or(0);
    let name = |at: usize| names.and_then(|names| names.get(at)).unwrap_or_default();
    let is_taken = |at: usize| at == time || (has_clock && at == time + 1);
    let has_value = |at: usize| {
        let cells = data.iter().filter_map(|row| row.get(at));
        cells.into_iter().any(|cell| value_of(cell).is_some())
    };
    let columns = (0..width).filter(|at| !is_taken(*at) && has_value(*at));
    let all: Vec<usize> = columns.collect();
    // All values of a table of two columns may be missing or faulty.
    let only = (0..width).filter(|at| !is_taken(*at));
    let only: Vec<usize> = if all.is_empty() { only.collect() } else { all };
    only.into_iter()
        .map(|at| (at, name(at).to_owned()))
        .collect()
}

/// Cells up to the last one that is not empty.
pub(super) fn filled(row: &StringRecord) -> usize {
    let cells = row.iter().enumerate().filter(|(_, cell)| !cell.is_empty());
    cells.last().map_or(0, |(at, _)| at + 1)
}
