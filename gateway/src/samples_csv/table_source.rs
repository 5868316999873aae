//! Text of a table: decoded from the bytes of a text file, or made of a sheet of a workbook.

use super::columns::{AskedColumns, TableColumns};
use super::table_questions::{LoggerTableError, LoggerTableOptions, single_message_error};
use super::text_encoding::{self, TextEncoding};
use crate::ledger::{HiddenParts, SheetCell, SheetRows, UnstoredFormulas, XlsxWorkbook};
use crate::limits::{IMPORT_HEAD_ROWS_MAX, IMPORT_SHEET_ROWS_MAX, LEDGER_FILE_BYTES_MAX};
use std::collections::HashSet;

/// Sheets of a workbook that are searched for readings.
const SHEETS_MAX: usize = 40;
/// First bytes of an archive, such as an XLSX workbook.
const ARCHIVE_START: &[u8] = b"PK\x03\x04";
/// First bytes of a workbook of the years before XLSX.
const OLD_WORKBOOK_START: &[u8] = b"\xd0\xcf\x11\xe0";

/// Text of a table with its layout.
#[derive(Debug)]
pub(super) struct TableSource {
    pub(super) text: String,
    pub(super) encoding: TextEncoding,
    /// Name of the sheet of a workbook.
    pub(super) sheet: Option<String>,
    /// Parts of it that the workbook hides.
    pub(super) hidden: HiddenParts,
    /// Line and column of the cells of a workbook that hold a number and no text: they have no
    /// decimal sign.
    pub(super) native_numbers: HashSet<(u64, usize)>,
    /// Line and column of the cells of a workbook with a formula that sums up other cells.
    pub(super) summaries: HashSet<(u64, usize)>,
    /// Those of them whose formula is over other rows of their own column.
    pub(super) column_sums: HashSet<(u64, usize)>,
    /// Days that are added to day numbers: the workbook counts from another epoch.
    pub(super) day_shift: i64,
    pub(super) columns: TableColumns,
}

/// Text and layout of a file. Errors: no text and no workbook, no table, or several sheets of which
/// none was chosen.
pub(super) fn open_table(
    bytes: &[u8],
    wishes: &LoggerTableOptions,
) -> Result<TableSource, LoggerTableError> {
    if bytes.starts_with(ARCHIVE_START) {
        return open_workbook(bytes, wishes);
    }
    if bytes.starts_with(OLD_WORKBOOK_START) {
        return Err(single_message_error("exchange-workbook", vec![]));
    }
    let Some((text, encoding)) = text_encoding::decode_text(bytes) else {
        return Err(single_message_error("exchange-text", vec![]));
    };
    let asked = AskedColumns {
        separator: wishes.separator,
        time: wishes.time_column.as_deref(),
    };
    let Some(columns) = TableColumns::detect(&text, asked) else {
        return Err(no_table_error(&text, wishes));
    };
    Ok(TableSource {
        text,
        encoding,
        sheet: None,
        hidden: HiddenParts::default(),
        native_numbers: HashSet::new(),
        summaries: HashSet::new(),
        column_sums: HashSet::new(),
        day_shift: 0,
        columns,
    })
}

/// Error of a text without a reading: an empty one, a heading alone, or rows of which no time can
/// be read.
fn no_table_error(text: &str, wishes: &LoggerTableOptions) -> LoggerTableError {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (first, second) = (lines.next(), lines.next());
    let Some(first) = first else {
        return single_message_error("exchange-empty", vec![]);
    };
    let rows = ("rows", IMPORT_HEAD_ROWS_MAX.to_string());
    if let Some(name) = &wishes.time_column {
        let args = vec![rows, ("found", name.clone())];
        return single_message_error("exchange-time-column-unknown", args);
    }
    let shown = crate::i18n::excerpt(second.unwrap_or(first));
    let args = vec![rows, ("found", shown.replace('\t', " "))];
    let key = match second {
        None => "exchange-heading-only",
        Some(_) => "exchange-no-table",
    };
    single_message_error(key, args)
}

fn open_workbook(
    bytes: &[u8],
    wishes: &LoggerTableOptions,
) -> Result<TableSource, LoggerTableError> {
    let unreadable = |_| single_message_error("exchange-workbook", vec![]);
    if bytes.len() > LEDGER_FILE_BYTES_MAX {
        let most = (LEDGER_FILE_BYTES_MAX >> 20).to_string();
        return Err(single_message_error(
            "exchange-workbook-too-large",
            vec![("most", most)],
        ));
    }
    let mut book = XlsxWorkbook::open(bytes).map_err(unreadable)?;
    let names = book.sheet_names();
    let chosen = choose_sheets(&names, wishes.sheet.as_deref())?;
    let mut found: Vec<TableSource> = Vec::new();
    let mut formulas = UnstoredFormulas::default();
    let mut seen = String::new();
    for name in chosen.iter().take(SHEETS_MAX) {
        let rows = book.read_sheet(name, IMPORT_SHEET_ROWS_MAX);
        let rows = rows.map_err(|fault| match fault {
            crate::ledger::TableError::TooManyRows => {
                let most = IMPORT_SHEET_ROWS_MAX.to_string();
                single_message_error("exchange-sheet-too-long", vec![("most", most)])
            }
            _ => single_message_error("exchange-workbook", vec![]),
        })?;
        count_formulas(&mut formulas, name, &rows);
        let hidden = book.hidden_parts(name, &rows);
        let sheet = sheet_text(&rows);
        seen.push_str(&sheet.text);
        let asked = AskedColumns {
            separator: Some(b'\t'),
            time: wishes.time_column.as_deref(),
        };
        if let Some(columns) = TableColumns::detect(&sheet.text, asked) {
            found.push(TableSource {
                text: sheet.text,
                encoding: TextEncoding::Workbook,
                sheet: Some(name.clone()),
                hidden,
                native_numbers: sheet.natives,
                summaries: sheet.summaries,
                column_sums: sheet.column_sums,
                day_shift: book.epoch_shift(),
                columns,
            });
        }
    }
    let sheets: Vec<&str> = found
        .iter()
        .filter_map(|one| one.sheet.as_deref())
        .collect();
    if sheets.len() > 1 {
        let sheets = ("sheets", sheets.join(", "));
        return Err(single_message_error("exchange-sheet", vec![sheets]));
    }
    found.pop().ok_or_else(|| {
        if formulas.count == 0 {
            return no_table_error(&seen, wishes);
        }
        let args = vec![
            ("sheet", formulas.sheet),
            ("cells", formulas.cells.join(", ")),
            ("count", formulas.count.to_string()),
        ];
        single_message_error("ledger-table-formulas", args)
    })
}

/// Counts the formulas without results of the first sheet that has any.
fn count_formulas(formulas: &mut UnstoredFormulas, sheet: &str, rows: &SheetRows) {
    if formulas.count > 0 {
        return;
    }
    sheet.clone_into(&mut formulas.sheet);
    for (line, row) in rows {
        for (column, cell) in row.iter().enumerate() {
            if matches!(cell, SheetCell::Unstored(_)) {
                formulas.push(*line, column);
            }
        }
    }
}

/// The sheet that was asked for by name or number, else all of them.
fn choose_sheets(names: &[String], asked: Option<&str>) -> Result<Vec<String>, LoggerTableError> {
    let Some(asked) = asked else {
        return Ok(names.to_vec());
    };
    let wanted = asked.trim().to_lowercase();
    let same = |name: &&String| name.trim().to_lowercase() == wanted;
    let number = || names.get(wanted.parse::<usize>().ok()?.checked_sub(1)?);
    match names.iter().find(same).or_else(number) {
        Some(name) => Ok(vec![name.clone()]),
        None => Err(single_message_error(
            "exchange-sheet-unknown",
            vec![("found", asked.to_owned()), ("sheets", names.join(", "))],
        )),
    }
}

/// Line and column of cells.
type CellPlaces = HashSet<(u64, usize)>;

/// Rows of a sheet as lines with tabs, and where its numbers and sums stand.
#[derive(Default)]
struct SheetText {
    text: String,
    natives: CellPlaces,
    summaries: CellPlaces,
    column_sums: CellPlaces,
}

/// Rows of a sheet as text; a line has the number that the spreadsheet shows for it.
fn sheet_text(rows: &[(u64, Vec<SheetCell>)]) -> SheetText {
    let mut sheet = SheetText::default();
    let text = &mut sheet.text;
    let mut line = 1;
    for (number, cells) in rows {
        // A line of one tab is a row of empty cells; the reader would not count an empty line.
        while line < *number && line < IMPORT_SHEET_ROWS_MAX as u64 {
            text.push_str("\t\n");
            line += 1;
        }
        let mut first = true;
        for (at, cell) in cells.iter().enumerate() {
            if cell.is_native() {
                sheet.natives.insert((line, at));
            }
            if cell.is_summary() {
                sheet.summaries.insert((line, at));
            }
            if matches!(cell, SheetCell::ColumnSum(_)) {
                sheet.column_sums.insert((line, at));
            }
            if !std::mem::take(&mut first) {
                text.push('\t');
            }
            push_cell(text, cell);
        }
        text.push('\n');
        line += 1;
    }
    sheet
}

fn push_cell(text: &mut String, cell: &SheetCell) {
    // What would end the cell, or begin a quoted one, is no part of a time, a value or a name.
    let plain = |sign: char| if sign.is_control() { ' ' } else { sign };
    let written = cell.text().trim_start_matches('"');
    text.extend(written.chars().map(plain));
    // A typed number has a decimal point and groups nothing. With three decimals it would look like
    // a group of thousands; one more zero says what it is.
    if cell.is_native()
        && let Some((_, decimals)) = cell.text().split_once('.')
        && decimals.len() == 3
        && decimals.bytes().all(|byte| byte.is_ascii_digit())
    {
        text.push('0');
    }
}
