//! Sheets of an XLSX file as rows of cells: typed numbers and dates as digits, days in the epoch of
//! the workbook, and formulas without a stored result.

use super::hidden_parts::HiddenParts;
use super::xlsx_formats::{NumberFormats, ShownUnit};
use super::xlsx_parts::part_text;
use crate::domain::parse_finite;
use crate::ledger::sheet_rows::{
    SheetCell, SheetRows, TableError, is_summary_formula, push_row, sums_own_column,
};
use crate::limits::{LEDGER_COLUMNS_MAX, LEDGER_HEADING_ROWS_MAX};
use calamine::{Data, Reader, SheetVisible, Xlsx, XlsxError};
use jiff::civil::{Date, DateTime, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

/// Bytes read of `xl/workbook.xml`, which lists only sheets and names.
const WORKBOOK_XML_BYTES_MAX: u64 = 1 << 20;
/// Bytes read of a sheet to see whether results of formulas are stored.
const SHEET_XML_BYTES_MAX: u64 = 64 << 20;
/// Days between the epochs of 1900 and 1904.
const DAYS_TO_1904: i64 = 1462;

/// Open workbook.
pub(crate) struct XlsxWorkbook<'a> {
    book: Xlsx<Cursor<&'a [u8]>>,
    bytes: &'a [u8],
    formats: NumberFormats,
    /// Days are counted from 1 January 1904 (old spreadsheets of Macintosh), not from 1900.
    is_1904: bool,
    results: StoredResults,
    has_formulas: bool,
}

/// Trust in the results of formulas that a workbook stores.
#[derive(Clone, Copy, Debug)]
struct StoredResults {
    /// The file asks to be calculated when it is opened: the program that wrote it did not, and a
    /// stored zero is no result.
    asks_calculation: bool,
    /// Texts that formulas gave are stored, so an empty one is a result.
    stores_texts: bool,
}

impl StoredResults {
    /// Whether a formula with this value has no stored result: no value, an empty text of a program
    /// that stores none, or the zero of a program that does not calculate.
    fn may_lack(self, data: &Data) -> bool {
        match data {
            Data::Empty => true,
            Data::String(text) => text.is_empty() && !self.stores_texts,
            Data::Int(number) => self.asks_calculation && *number == 0,
            Data::Float(number) => self.asks_calculation && *number == 0.0,
            _ => false,
        }
    }
}

impl<'a> XlsxWorkbook<'a> {
    /// Opens a workbook. Errors: the archive or its list of sheets is damaged.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, TableError> {
        let book = Xlsx::new(Cursor::new(bytes)).map_err(to_table_error)?;
        let workbook = part_text(bytes, "xl/workbook.xml", WORKBOOK_XML_BYTES_MAX);
        let asks_calculation = attribute_is_true(&workbook, "fullCalcOnLoad");
        Ok(Self {
            book,
            bytes,
            formats: NumberFormats::of_workbook(bytes),
            is_1904: attribute_is_true(&workbook, "date1904"),
            results: StoredResults {
                asks_calculation,
                stores_texts: !asks_calculation && sheets_contain(bytes, b" t=\"str\""),
            },
            has_formulas: sheets_contain(bytes, b"<f>") || sheets_contain(bytes, b"<f "),
        })
    }

    /// Opens a workbook of which every stored result counts, also a zero that the program that
    /// wrote it may not have computed. Errors: as of [`Self::open`].
    pub(crate) fn open_as_stored(bytes: &'a [u8]) -> Result<Self, TableError> {
        let mut book = Self::open(bytes)?;
        book.results = StoredResults {
            asks_calculation: false,
            stores_texts: true,
        };
        Ok(book)
    }

    /// Days from the epoch of spreadsheets (1900) to that of this workbook: 0, or 1462 days.
    pub(crate) fn epoch_shift(&self) -> i64 {
        if self.is_1904 { DAYS_TO_1904 } else { 0 }
    }

    /// Names of the sheets, in their order.
    pub(crate) fn sheet_names(&self) -> Vec<String> {
        self.book.sheet_names()
    }

    /// Non-empty rows of a sheet, at most about `rows_max`. Cells are read one by one, so that a
    /// cell far off does not allocate the range in between. Errors: a damaged sheet, or more rows.
    pub(crate) fn read_sheet(
        &mut self,
        name: &str,
        rows_max: usize,
    ) -> Result<SheetRows, TableError> {
        let mut rows: BTreeMap<u32, Vec<SheetCell>> = BTreeMap::new();
        let mut hollow: BTreeSet<(u32, u32)> = BTreeSet::new();
        let results = self.results;
        let units = self.formats.of_sheet(self.bytes, name, SHEET_XML_BYTES_MAX);
        let mut reader = self
            .book
            .worksheet_cells_reader(name)
            .map_err(to_table_error)?;
        while let Some(found) = reader.next_cell().map_err(to_table_error)? {
            let (row, column) = found.get_position();
            if !is_within_columns(column) {
                continue;
            }
            let data = Data::from(found.get_value().clone());
            if results.may_lack(&data) {
                hollow.insert((row, column));
            }
            if !matches!(data, Data::Empty) {
                let cell = to_sheet_cell(&data, units.get(&(row, column)));
                place_cell(&mut rows, row, column, cell);
            }
            // Before the whole sheet is in memory: a small file can hold a very long one.
            if rows.len() > rows_max + LEDGER_HEADING_ROWS_MAX {
                return Err(TableError::TooManyRows);
            }
        }
        drop(reader);
        if !hollow.is_empty() || self.has_formulas {
            self.mark_formulas(name, &hollow, &mut rows)?;
        }
        let mut cells = SheetRows::new();
        for (row, content) in rows {
            push_row(&mut cells, u64::from(row) + 1, content, rows_max)?;
        }
        Ok(cells)
    }

    /// Parts that the workbook hides of the rows that were read of a sheet.
    pub(crate) fn hidden_parts(&self, name: &str, rows: &SheetRows) -> HiddenParts {
        let mut sheets = self.book.sheets_metadata().iter();
        let found = sheets.find(|sheet| sheet.name == name);
        HiddenParts {
            is_sheet: found.is_some_and(|sheet| sheet.visible != SheetVisible::Visible),
            ..HiddenParts::of_sheet(self.bytes, name, rows, SHEET_XML_BYTES_MAX)
        }
    }

    /// Formulas of a sheet with the number of their row, from 1, and of their column, from 0.
    /// Errors: a damaged sheet, or more than `formulas_max`.
    pub(crate) fn read_formulas(
        &mut self,
        name: &str,
        formulas_max: usize,
    ) -> Result<Vec<(u64, usize, String)>, TableError> {
        let mut reader = self
            .book
            .worksheet_cells_reader(name)
            .map_err(to_table_error)?;
        let mut all = Vec::new();
        while let Some(found) = reader.next_formula().map_err(to_table_error)? {
            let (row, column) = found.get_position();
            let formula = found.get_value();
            if formula.is_empty() || !is_within_columns(column) {
                continue;
            }
            if all.len() == formulas_max {
                return Err(TableError::TooManyRows);
            }
            let column = usize::try_from(column).unwrap_or(usize::MAX);
            all.push((u64::from(row) + 1, column, format!("={formula}")));
        }
        Ok(all)
    }

    /// Adds formulas of cells without a value (some programs do not store results), and marks the
    /// results of those that sum up other cells.
    fn mark_formulas(
        &mut self,
        name: &str,
        hollow: &BTreeSet<(u32, u32)>,
        rows: &mut BTreeMap<u32, Vec<SheetCell>>,
    ) -> Result<(), TableError> {
        let mut reader = self
            .book
            .worksheet_cells_reader(name)
            .map_err(to_table_error)?;
        while let Some(found) = reader.next_formula().map_err(to_table_error)? {
            let (row, column) = found.get_position();
            if found.get_value().is_empty() {
                continue;
            }
            let formula = format!("={}", found.get_value());
            if hollow.contains(&(row, column)) {
                place_cell(rows, row, column, SheetCell::Unstored(formula));
                continue;
            }
            let at = usize::try_from(column).unwrap_or(usize::MAX);
            let cell = rows.get_mut(&row).and_then(|cells| cells.get_mut(at));
            if let Some(cell @ SheetCell::Plain(_)) = cell
                && is_summary_formula(&formula)
            {
                let text = cell.text().to_owned();
                *cell = if sums_own_column(&formula, u64::from(row) + 1, at) {
                    SheetCell::ColumnSum(text)
                } else {
                    SheetCell::Summary(text)
                };
            }
        }
        Ok(())
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the form that `map_err` wants"
)]
fn to_table_error(fault: XlsxError) -> TableError {
    TableError::Unreadable(fault.to_string())
}

fn is_within_columns(column: u32) -> bool {
    usize::try_from(column).is_ok_and(|column| column < LEDGER_COLUMNS_MAX)
}

fn place_cell(rows: &mut BTreeMap<u32, Vec<SheetCell>>, row: u32, column: u32, cell: SheetCell) {
    let Ok(at) = usize::try_from(column) else {
        return;
    };
    let content = rows.entry(row).or_default();
    if content.len() <= at {
        content.resize(at + 1, SheetCell::Text(String::new()));
    }
    content[at] = cell;
}

/// Whether the first attribute of this name is true. The days are counted from 1904 with `date1904`
/// (ECMA-376 part 1, 18.2.28); the XLSX reader uses the epoch only for cells with a date format, so
/// plain day numbers need it here.
fn attribute_is_true(xml: &str, name: &str) -> bool {
    let said = xml.split_once(name).map(|(_, rest)| rest);
    let value = said.and_then(|rest| rest.trim_start().strip_prefix('='));
    let value = value.map(|rest| rest.trim_start().trim_start_matches(['"', '\'']));
    value.is_some_and(|value| ["1", "true", "on"].iter().any(|yes| value.starts_with(yes)))
}

/// Whether the text of a sheet contains these bytes: ` t="str"` of a cell with the text that a
/// formula gave (ECMA-376 part 1, 18.18.11), which programs that calculate write for an empty text
/// too and others do not; or the beginning of a formula.
fn sheets_contain(bytes: &[u8], wanted: &[u8]) -> bool {
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else {
        return false;
    };
    (0..archive.len()).any(|at| {
        let Ok(file) = archive.by_index(at) else {
            return false;
        };
        let is_sheet = file
            .name()
            .is_ok_and(|name| name.starts_with("xl/worksheets/"));
        is_sheet && contains_bytes(file.take(SHEET_XML_BYTES_MAX), wanted)
    })
}

/// Whether a stream contains these bytes; read in pieces, so that it is never whole in memory.
fn contains_bytes(mut from: impl Read, wanted: &[u8]) -> bool {
    let mut piece = vec![0; 64 << 10];
    let mut kept = 0;
    while let Ok(read @ 1..) = from.read(&mut piece[kept..]) {
        let filled = kept + read;
        if piece[..filled]
            .windows(wanted.len())
            .any(|window| window == wanted)
        {
            return true;
        }
        // The end may hold the beginning of the wanted bytes.
        kept = filled.min(wanted.len() - 1);
        piece.copy_within(filled - kept..filled, 0);
    }
    false
}

/// Cell of a value, with the unit that its number format shows.
fn to_sheet_cell(data: &Data, shown: Option<&ShownUnit>) -> SheetCell {
    let number = match data {
        Data::Int(number) => parse_finite(&number.to_string()),
        Data::Float(number) => Some(*number),
        _ => None,
    };
    if let Some((number, shown)) = number.zip(shown) {
        let scale = 10.0_f64.powi(shown.power.abs());
        let number = if shown.power < 0 {
            number / scale
        } else {
            number * scale
        };
        let digits = round_to_15_digits(number);
        return SheetCell::Plain(format!("{digits} {}", shown.unit));
    }
    match data {
        Data::Int(number) => SheetCell::Plain(number.to_string()),
        Data::Float(number) => SheetCell::Plain(round_to_15_digits(*number)),
        // A time of day alone is a part of a day without a date.
        Data::DateTime(at) if at.is_datetime() && (0.0..1.0).contains(&at.as_f64()) => {
            let seconds = (at.as_f64() * 86_400.0).round();
            let time = Time::midnight().wrapping_add(jiff::SignedDuration::from_secs_f64(seconds));
            SheetCell::Plain(time.to_string())
        }
        Data::DateTime(at) if at.is_datetime() => match to_datetime(at) {
            // A date without a time is stored as midnight.
            Some(moment) if moment.time() == Time::midnight() => {
                SheetCell::Plain(moment.date().to_string())
            }
            Some(moment) => SheetCell::Plain(moment.to_string()),
            None => SheetCell::Text(data.to_string()),
        },
        other => SheetCell::Text(other.to_string()),
    }
}

/// Date and time of a cell, rounded to the second, since spreadsheets store time as a fraction of a
/// day.
fn to_datetime(at: &calamine::ExcelDateTime) -> Option<DateTime> {
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    let small = |part: u8| i8::try_from(part).ok();
    let year = i16::try_from(year).ok()?;
    let date = Date::new(year, small(month)?, small(day)?).ok()?;
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    // calamine returns a whole second as 1000 ms of the second before.
    let milli = jiff::Span::new().milliseconds(i64::from(milli));
    let moment = date.to_datetime(time).checked_add(milli).ok()?;
    moment.round(jiff::Unit::Second).ok()
}

/// Number of a spreadsheet, rounded to the 15 significant digits that spreadsheets keep.
fn round_to_15_digits(number: f64) -> String {
    let fifteen = parse_finite(&format!("{number:.14e}"));
    fifteen.unwrap_or(number).to_string()
}
