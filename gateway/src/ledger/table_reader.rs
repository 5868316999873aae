//! Reader of tables that staff fill in: CSV with `;`, `,` or tabs, or the first sheet of an XLSX
//! with the known headings. Rows above the headings and total rows are skipped and reported.

use super::entry_field::{EntryField, QuantityText, RawEntry};
use super::hidden_parts::HiddenParts;
use super::indicator_definitions::IndicatorDefinitions;
use super::table_headings::{NamedColumn, TableHeadings, heading_text};
use super::value_parser::{self, DecimalMark};
use super::xlsx_reader::XlsxWorkbook;
use crate::i18n::written_time::{ParsedLoggerTime, parse_logger_time};
use crate::i18n::{Language, SwappedDateFinder};
use crate::ledger::sheet_rows::{
    MissingHeadings, SheetCell, SheetRows, TableError, UnstoredFormulas, push_row,
};
use crate::ledger::skipped_rows::{DatedTotals, SkippedRow, skip_key, skipped_row};
use crate::limits::{LEDGER_FILE_BYTES_MAX, LEDGER_ROWS_MAX};

/// Table of entries, with row numbers as a spreadsheet shows them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryTable {
    /// Rows below the headings that are neither empty nor totals.
    pub rows: Vec<EntryRow>,
    /// Skipped rows.
    pub left_out: Vec<SkippedRow>,
    /// Decimal sign, if unambiguous quantities show it and agree.
    pub mark: Option<DecimalMark>,
    /// Fields in the order of their columns, as (column from 0, field).
    pub columns: Vec<(usize, EntryField)>,
    /// First quantity, with its line, that shows a decimal comma, and the first that shows a point.
    pub marks: [Option<(u64, String)>; 2],
    /// Row of the headings in the file, from 1; `None` without headings.
    pub heading_line: Option<u64>,
    /// Unit of the quantities in their heading, or of the call.
    pub unit: Option<String>,
    /// Unit of the heading that the call counts more than.
    pub overridden_unit: Option<String>,
    /// Sheet of a workbook.
    pub sheet: Option<String>,
    /// Parts of it that the workbook hides.
    pub hidden: HiddenParts,
    /// Separator of a text file.
    pub separator: Option<char>,
    /// Headings of columns that are not read.
    pub unread: Vec<String>,
    /// Filled cells of entries in columns without a heading.
    pub unread_cells: usize,
}

/// Row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryRow {
    /// Row number in the file, from 1.
    pub line: u64,
    /// The raw entry.
    pub raw: RawEntry,
}

/// Definitions, and the columns that a call names.
#[derive(Clone, Copy)]
struct AskedTable<'a> {
    definitions: &'a IndicatorDefinitions,
    named: &'a [NamedColumn],
}

/// Parses a CSV or XLSX file; an XLSX file is recognised by the ZIP signature `PK`.
pub fn parse_table(
    bytes: &[u8],
    definitions: &IndicatorDefinitions,
) -> Result<EntryTable, TableError> {
    parse_named_table(bytes, definitions, &[])
}

/// Parses a file as [`parse_table`] does; `named` counts more than the headings.
pub fn parse_named_table(
    bytes: &[u8],
    definitions: &IndicatorDefinitions,
    named: &[NamedColumn],
) -> Result<EntryTable, TableError> {
    let asked = AskedTable { definitions, named };
    if bytes.len() > LEDGER_FILE_BYTES_MAX {
        return Err(TableError::TooLong);
    }
    if bytes.starts_with(b"PK") {
        parse_xlsx(bytes, asked)
    } else {
        parse_csv(bytes, asked)
    }
}

/// Parses CSV with each separator until the headings are found; otherwise the error of the most
/// likely separator.
fn parse_csv(bytes: &[u8], asked: AskedTable<'_>) -> Result<EntryTable, TableError> {
    // Spreadsheets begin UTF-8 with a byte order mark, which would become a part of the first
    // heading.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| TableError::NotText)?;
    // Line ends are made LF (CR LF, LF, or CR alone in very old programs) before lines are counted:
    // the CSV parser counts LF only, and row numbers in messages must match the spreadsheet.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    // The file says its separator, so no other one is tried.
    if let Some((separator, rest)) = declared_separator(&text) {
        let table = build_table(split_rows(rest, separator, 1)?, asked, 0);
        return table.map(|table| table.with_separator(separator));
    }
    let mut first = None;
    for separator in likely_separators(&text) {
        let found = split_rows(&text, separator, 0).and_then(|rows| build_table(rows, asked, 0));
        match found {
            Ok(table) => return Ok(table.with_separator(separator)),
            // The headings were found, so this is the separator.
            Err(fault) if fault.is_below_headings() => return Err(fault),
            Err(fault) => _ = first.get_or_insert(fault),
        }
    }
    Err(first.unwrap_or(TableError::NotText))
}

/// Separator declared by `sep=;` in the first line (written by spreadsheets), and the text after
/// it.
fn declared_separator(text: &str) -> Option<(u8, &str)> {
    let (line, rest) = text.split_once('\n')?;
    let line = line.trim_end_matches('\r').trim_matches('"');
    match line.as_bytes() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', sign] if sign.is_ascii() => {
            Some((*sign, rest))
        }
        _ => None,
    }
}

/// Splits a text into rows; `before` lines stand above it in the file.
fn split_rows(text: &str, separator: u8, before: u64) -> Result<SheetRows, TableError> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        // Title rows above the headings have fewer cells.
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut cells = SheetRows::new();
    for record in reader.records() {
        let record = record.map_err(|fault| TableError::Unreadable(fault.to_string()))?;
        let line = before + record_line(text, &record);
        let row = record.iter().map(|cell| SheetCell::Text(cell.to_owned()));
        push_row(&mut cells, line, row.collect(), LEDGER_ROWS_MAX)?;
    }
    Ok(cells)
}

/// Line of a record in its text, from 1. The place that the reader gives is before the empty lines
/// that it skips.
pub(crate) fn record_line(text: &str, record: &::csv::StringRecord) -> u64 {
    let place = record
        .position()
        .map(|at| (at.line(), usize::try_from(at.byte())));
    let Some((line, Ok(byte))) = place else {
        return 0;
    };
    let rest = text.as_bytes().get(byte..).unwrap_or_default();
    let empty = rest.iter().take_while(|byte| **byte == b'\n').count();
    line + u64::try_from(empty).unwrap_or(0)
}

/// Separators, the most frequent one in the first non-empty line first.
fn likely_separators(text: &str) -> [u8; 3] {
    let heading = text.lines().find(|line| !line.trim().is_empty());
    let count = |sign: u8| {
        let bytes = heading.unwrap_or_default().bytes();
        bytes.filter(|byte| *byte == sign).count()
    };
    let mut signs = [b'\t', b';', b','];
    signs.sort_by_key(|sign| std::cmp::Reverse(count(*sign)));
    signs
}

/// Parses the first sheet with the known headings; otherwise the error of the first sheet.
fn parse_xlsx(bytes: &[u8], asked: AskedTable<'_>) -> Result<EntryTable, TableError> {
    let mut book = XlsxWorkbook::open(bytes)?;
    let shift = book.epoch_shift();
    let mut first = None;
    for name in book.sheet_names() {
        // Staff may have sheets of their own in front; the first one with the headings counts.
        let rows = book.read_sheet(&name, LEDGER_ROWS_MAX)?;
        let hidden = book.hidden_parts(&name, &rows);
        match build_table(rows, asked, shift) {
            Ok(table) => {
                let sheet = Some(name);
                return Ok(EntryTable {
                    sheet,
                    hidden,
                    ..table
                });
            }
            Err(fault @ TableError::TooManyRows) => return Err(fault),
            // The headings were found, so this is the table.
            Err(TableError::Formulas(found)) => {
                let sheet = name;
                return Err(TableError::Formulas(UnstoredFormulas { sheet, ..found }));
            }
            Err(fault) if fault.is_below_headings() => return Err(fault),
            Err(fault) => _ = first.get_or_insert(fault),
        }
    }
    Err(first.unwrap_or_else(|| TableError::Headings(MissingHeadings::default())))
}

/// Builds the table below its headings.
fn build_table(
    cells: SheetRows,
    asked: AskedTable<'_>,
    shift: i64,
) -> Result<EntryTable, TableError> {
    let headings = TableHeadings::find(&cells, asked.definitions, asked.named)?;
    let heading = headings.place.and_then(|at| cells.get(at));
    let row = heading.map_or(&[][..], |(_, row)| row);
    let mut table = EntryTable {
        unread: unread_headings(row, &headings.columns),
        heading_line: heading.map(|(line, _)| *line),
        columns: headings.columns,
        unit: headings.unit,
        overridden_unit: headings.overridden,
        ..EntryTable::default()
    };
    let named: Vec<bool> = row.iter().map(|cell| !cell.text().is_empty()).collect();
    let mut formulas = UnstoredFormulas::default();
    let mut dates = SwappedDateFinder::default();
    let first = headings.place.map_or(0, |at| at + 1);
    let totals = DatedTotals::find(cells.get(first..).unwrap_or_default(), &table.columns);
    for (place, (line, row)) in cells.into_iter().enumerate() {
        let is_above = headings.place.is_some_and(|at| place < at);
        if headings.place == Some(place) {
            continue;
        }
        let key = skip_key(&row, &table.columns, is_above);
        let called = || totals.contains(line).then_some("ledger-total-row");
        if let Some(key) = key.or_else(called) {
            table.left_out.push(skipped_row(line, &row, key));
            continue;
        }
        for (column, _) in &table.columns {
            if let Some(SheetCell::Unstored(_)) = row.get(*column) {
                formulas.push(line, *column);
            }
        }
        let filled = row
            .iter()
            .enumerate()
            .filter(|(_, cell)| !cell.text().is_empty());
        let is_read = |at: usize| table.columns.iter().any(|(column, _)| *column == at);
        let is_outside = |at: usize| named.get(at) != Some(&true) && !is_read(at);
        let outside = filled.filter(|(column, _)| is_outside(*column));
        table.unread_cells += outside.count();
        let mut raw = row_to_raw_entry(&row, &table.columns, shift);
        take_heading_unit(&mut raw, table.unit.as_deref(), line, asked.definitions)?;
        push_date(&mut dates, line, &raw);
        table.rows.push(EntryRow { line, raw });
    }
    if table.rows.len() > LEDGER_ROWS_MAX {
        return Err(TableError::TooManyRows);
    }
    if formulas.count > 0 {
        return Err(TableError::Formulas(formulas));
    }
    if let Some(found) = dates.finish() {
        return Err(TableError::SwappedDates(found));
    }
    table.marks = shown_decimal_marks(&table.rows);
    table.mark = match &table.marks {
        [Some(_), None] => Some(DecimalMark::Comma),
        [None, Some(_)] => Some(DecimalMark::Point),
        _ => None,
    };
    Ok(table)
}

/// Adds the date of an entry to the search for swapped ones.
fn push_date(dates: &mut SwappedDateFinder, line: u64, raw: &RawEntry) {
    let text = raw.when.as_deref().unwrap_or_default();
    if let Some(ParsedLoggerTime::LocalClock { day, .. }) = parse_logger_time(text) {
        dates.push(line, day, text);
    }
}

/// Gives an entry without a unit that of the heading. Errors: its unit column has another one.
fn take_heading_unit(
    raw: &mut RawEntry,
    heading: Option<&str>,
    line: u64,
    definitions: &IndicatorDefinitions,
) -> Result<(), TableError> {
    let Some(heading) = heading else {
        return Ok(());
    };
    match &raw.unit {
        None => raw.unit = Some(heading.to_owned()),
        Some(unit) if definitions.unit_id(unit) != Some(heading) => {
            return Err(TableError::HeadingUnit {
                heading: heading.to_owned(),
                line,
                found: unit.clone(),
            });
        }
        Some(_) => {}
    }
    Ok(())
}

impl EntryTable {
    /// Format of the table as one line: sheet or separator, headings, decimal sign (the one that
    /// was said, else the one that the table shows), columns.
    pub fn format_text(&self, said: Option<DecimalMark>, lang: Language) -> String {
        let mut parts = Vec::new();
        if let Some(sheet) = &self.sheet {
            parts.push(lang.text_with("exchange-in-sheet", &[("sheet", sheet)]));
        }
        parts.extend(self.hidden.text(lang));
        if let Some(separator) = self.separator {
            let sign = match separator {
                '\t' => lang.text("exchange-tab"),
                sign => format!("\"{sign}\""),
            };
            parts.push(lang.text_with("exchange-separator", &[("sign", &sign)]));
        }
        parts.push(match self.heading_line {
            Some(line) => lang.text_with("exchange-heading-line", &[("line", &line.to_string())]),
            None => lang.text("exchange-no-heading"),
        });
        let mark = said.or(self.mark);
        parts.extend(mark.map(|mark| lang.text(&format!("exchange-decimals-{}", mark.word()))));
        let columns = self
            .columns
            .iter()
            .map(|(at, field)| format!("{} = {}", at + 1, heading_text(*field, lang)));
        parts.push(columns.collect::<Vec<_>>().join(", "));
        if let Some(unit) = &self.unit {
            let args = [
                ("unit", &**unit),
                ("found", self.overridden_unit.as_deref().unwrap_or_default()),
            ];
            parts.push(match self.overridden_unit {
                Some(_) => lang.text_with("ledger-unit-overrides", &args),
                None => lang.text_with("ledger-unit-of-heading", &args),
            });
        }
        if !self.unread.is_empty() {
            let columns = self.unread.join(", ");
            parts.push(lang.text_with("ledger-unread-columns", &[("columns", &columns)]));
        }
        if self.unread_cells > 0 {
            let count = self.unread_cells.to_string();
            parts.push(lang.text_with("ledger-unread-cells", &[("count", &count)]));
        }
        parts.join("; ")
    }

    /// Sentences about decimal signs that differ: those of the quantities among each other, or from
    /// the one that was said.
    pub fn mark_messages(&self, said: Option<DecimalMark>, lang: Language) -> Vec<String> {
        let args = |(line, found): &(u64, String)| (line.to_string(), found.clone());
        let against = match said {
            Some(DecimalMark::Comma) => &self.marks[1],
            Some(DecimalMark::Point) => &self.marks[0],
            None => &None,
        };
        if let (Some(said), Some(place)) = (said, against) {
            let (line, found) = args(place);
            let args = [("row", &*line), ("found", &found), ("sign", said.word())];
            return vec![lang.text_with("ledger-mark-overrides", &args)];
        }
        let [Some(comma), Some(point)] = &self.marks else {
            return Vec::new();
        };
        let ((line, found), (other, also)) = (args(comma), args(point));
        let args = [
            ("row", &*line),
            ("found", &found),
            ("other", &other),
            ("also", &also),
        ];
        vec![lang.text_with("ledger-marks-differ", &args)]
    }

    fn with_separator(self, separator: u8) -> Self {
        Self {
            separator: Some(char::from(separator)),
            ..self
        }
    }
}

/// Headings of the columns that are not read.
fn unread_headings(row: &[SheetCell], columns: &[(usize, EntryField)]) -> Vec<String> {
    let is_read = |at: usize| columns.iter().any(|(column, _)| *column == at);
    let unread = row.iter().enumerate().filter(|(at, _)| !is_read(*at));
    let named = unread
        .map(|(_, cell)| cell.text())
        .filter(|text| !text.is_empty());
    named.map(str::to_owned).collect()
}

/// Raw entry of a row; `shift` is added to the day numbers of the table.
fn row_to_raw_entry(row: &[SheetCell], columns: &[(usize, EntryField)], shift: i64) -> RawEntry {
    let mut raw = RawEntry::default();
    for (at, field) in columns {
        let Some(cell) = row.get(*at).filter(|cell| !cell.text().is_empty()) else {
            continue;
        };
        let text = Some(cell.text().to_owned());
        match field {
            EntryField::Kind => raw.kind = text,
            EntryField::Indicator => raw.indicator = text,
            EntryField::What => raw.what = text,
            EntryField::Unit => raw.unit = text,
            EntryField::EntryTime => {
                raw.when = Some(value_parser::shift_day_number(cell.text(), shift));
            }
            EntryField::How => raw.how = text,
            EntryField::Who => raw.who = text,
            EntryField::Note => raw.note = text,
            EntryField::Quantity => {
                raw.quantity = Some(match cell {
                    SheetCell::Text(text) | SheetCell::Unstored(text) => {
                        QuantityText::Written(text.clone())
                    }
                    // A typed number of a workbook has no decimal sign that could be misread.
                    SheetCell::Plain(text)
                    | SheetCell::Summary(text)
                    | SheetCell::ColumnSum(text) => QuantityText::Plain(text.clone()),
                });
            }
            // A table has no columns for these: corrections and receipts belong to single entries.
            EntryField::Supersedes | EntryField::Attachments => {}
        }
    }
    raw
}

/// First quantity, with its line, that shows a decimal comma, and the first that shows a point.
fn shown_decimal_marks(rows: &[EntryRow]) -> [Option<(u64, String)>; 2] {
    let mut marks = [None, None];
    for row in rows {
        let Some(QuantityText::Written(text)) = &row.raw.quantity else {
            continue;
        };
        let place = match value_parser::shown_decimal_mark(text) {
            Some(DecimalMark::Comma) => &mut marks[0],
            Some(DecimalMark::Point) => &mut marks[1],
            None => continue,
        };
        place.get_or_insert_with(|| (row.line, text.clone()));
    }
    marks
}
