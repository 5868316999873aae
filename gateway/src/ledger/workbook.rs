//! The sheets of an XLSX as rows of cells: real numbers and dates as digits, days of the workbook's
//! own epoch, and formulas whose result nobody stored.

use super::table::{Cell, Cells, NoTable, push};
use crate::limits::LEDGER_COLUMNS_MAX;
use calamine::{Data, Reader, Xlsx, XlsxError};
use jiff::civil::{Date, DateTime, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

/// What `xl/workbook.xml` may take; it lists sheets and names.
const BOOK_BYTES_MAX: u64 = 1 << 20;

/// A workbook that is being read.
pub(super) struct Workbook<'a> {
    book: Xlsx<Cursor<&'a [u8]>>,
    /// Days are counted from 1 January 1904 (old spreadsheets of Macintosh), not from 1900.
    pub(super) is_1904: bool,
}

impl<'a> Workbook<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, NoTable> {
        let book = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
        Ok(Self {
            book,
            is_1904: is_1904(bytes),
        })
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.book.sheet_names()
    }

    /// The rows of a sheet that are not empty. Cell by cell: one that stands far off takes no more
    /// room than another.
    pub(super) fn sheet(&mut self, name: &str) -> Result<Cells, NoTable> {
        let mut rows: BTreeMap<u32, Vec<Cell>> = BTreeMap::new();
        let mut hollow: BTreeSet<(u32, u32)> = BTreeSet::new();
        let mut reader = self.book.worksheet_cells_reader(name).map_err(unreadable)?;
        while let Some(found) = reader.next_cell().map_err(unreadable)? {
            let (row, column) = found.get_position();
            if !is_near(column) {
                continue;
            }
            let data = Data::from(found.get_value().clone());
            if matches!(data, Data::Empty) {
                hollow.insert((row, column));
            } else {
                place(&mut rows, row, column, cell(&data));
            }
        }
        drop(reader);
        if !hollow.is_empty() {
            self.formulas(name, &hollow, &mut rows)?;
        }
        let mut cells = Cells::new();
        for (row, content) in rows {
            push(&mut cells, u64::from(row) + 1, content)?;
        }
        Ok(cells)
    }

    /// Formulas in cells without a value: some programs leave the result to the reader.
    fn formulas(
        &mut self,
        name: &str,
        hollow: &BTreeSet<(u32, u32)>,
        rows: &mut BTreeMap<u32, Vec<Cell>>,
    ) -> Result<(), NoTable> {
        let mut reader = self.book.worksheet_cells_reader(name).map_err(unreadable)?;
        while let Some(found) = reader.next_formula().map_err(unreadable)? {
            let (row, column) = found.get_position();
            let formula = found.get_value();
            if hollow.contains(&(row, column)) && !formula.is_empty() {
                place(rows, row, column, Cell::Text(format!("={formula}")));
            }
        }
        Ok(())
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the form that `map_err` wants"
)]
fn unreadable(fault: XlsxError) -> NoTable {
    NoTable::Unreadable(fault.to_string())
}

fn is_near(column: u32) -> bool {
    usize::try_from(column).is_ok_and(|column| column < LEDGER_COLUMNS_MAX)
}

fn place(rows: &mut BTreeMap<u32, Vec<Cell>>, row: u32, column: u32, cell: Cell) {
    let Ok(at) = usize::try_from(column) else {
        return;
    };
    let content = rows.entry(row).or_default();
    if content.len() <= at {
        content.resize(at + 1, Cell::Text(String::new()));
    }
    content[at] = cell;
}

/// Whether the workbook says that its days are counted from 1904 (ECMA-376 part 1, 18.2.28). The
/// reader knows it too, but keeps it to cells that look like dates.
fn is_1904(bytes: &[u8]) -> bool {
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else {
        return false;
    };
    let Ok(file) = archive.by_name("xl/workbook.xml") else {
        return false;
    };
    let mut text = Vec::new();
    // A file that breaks off is the reader's to refuse.
    let _ = file.take(BOOK_BYTES_MAX).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    let said = text.split_once("date1904").map(|(_, rest)| rest);
    let value = said.and_then(|rest| rest.trim_start().strip_prefix('='));
    let value = value.map(|rest| rest.trim_start().trim_start_matches(['"', '\'']));
    value.is_some_and(|value| ["1", "true", "on"].iter().any(|yes| value.starts_with(yes)))
}

fn cell(data: &Data) -> Cell {
    match data {
        Data::Int(number) => Cell::Plain(number.to_string()),
        Data::Float(number) => Cell::Plain(rounded(*number)),
        Data::DateTime(at) if at.is_datetime() => match moment(at) {
            Some(moment) if moment.time() == Time::midnight() => {
                Cell::Plain(moment.date().to_string())
            }
            Some(moment) => Cell::Plain(moment.to_string()),
            None => Cell::Text(data.to_string()),
        },
        other => Cell::Text(other.to_string()),
    }
}

/// The nearest second: a spreadsheet keeps a time as a fraction of a day.
fn moment(at: &calamine::ExcelDateTime) -> Option<DateTime> {
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    let small = |part: u8| i8::try_from(part).ok();
    let year = i16::try_from(year).ok()?;
    let date = Date::new(year, small(month)?, small(day)?).ok()?;
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    // calamine gives a whole second as 1000 ms of the second before.
    let milli = jiff::Span::new().milliseconds(i64::from(milli));
    let moment = date.to_datetime(time).checked_add(milli).ok()?;
    moment.round(jiff::Unit::Second).ok()
}

/// A spreadsheet's number to the 15 digits that it means.
fn rounded(number: f64) -> String {
    let fifteen = format!("{number:.14e}").parse::<f64>();
    fifteen.unwrap_or(number).to_string()
}
