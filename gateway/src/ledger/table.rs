//! Rows of a table that somebody filled in: CSV with `;`, `,` or tabs, or the first sheet of an
//! XLSX that has our headings.

use super::check::{Field, Raw, Typed};
use super::definitions::Definitions;
use super::written::{self, Mark};
use crate::limits::{LEDGER_FILE_BYTES_MAX, LEDGER_ROWS_MAX};
use crate::words::Lang;
use calamine::{Data, Reader};
use jiff::civil::{Date, DateTime, Time};
use std::io::Cursor;

/// Why a file is no table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTable {
    /// Longer than the bound, bytes.
    #[error("larger than {LEDGER_FILE_BYTES_MAX} bytes")]
    TooLong,
    /// More rows than the bound.
    #[error("more than {LEDGER_ROWS_MAX} rows")]
    TooManyRows,
    /// Neither UTF-8 nor a spreadsheet.
    #[error("not UTF-8 text")]
    NotText,
    /// A damaged table: what the reader said.
    #[error("{0}")]
    Unreadable(String),
    /// The headings that are missing.
    #[error("no heading {}", .0.join(", "))]
    Headings(Vec<&'static str>),
}

impl NoTable {
    /// What to change, in one language.
    pub fn say(&self, lang: Lang) -> String {
        match self {
            Self::TooLong => {
                let most = (LEDGER_FILE_BYTES_MAX >> 20).to_string();
                lang.say("ledger-table-too-long", &[("most", &most)])
            }
            Self::TooManyRows => {
                let most = LEDGER_ROWS_MAX.to_string();
                lang.say("ledger-table-too-many", &[("most", &most)])
            }
            Self::NotText => lang.text("ledger-table-not-text"),
            Self::Unreadable(why) => lang.say("ledger-table-damaged", &[("why", why)]),
            Self::Headings(words) => {
                let words = words.iter();
                let all: Vec<String> = words
                    .map(|word| lang.text(&format!("ledger-column-{word}")))
                    .collect();
                lang.say("ledger-table-headings", &[("missing", &all.join(", "))])
            }
        }
    }
}

/// A table: its rows with their line numbers as a spreadsheet shows them, the heading being 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Rows that are not empty.
    pub rows: Vec<Row>,
    /// The sign before decimals, where unambiguous quantities show it and agree.
    pub mark: Option<Mark>,
    /// The fields in the order of their columns, counted from 0.
    pub columns: Vec<(usize, Field)>,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number in the file, from 1.
    pub line: u64,
    /// What stands there.
    pub raw: Raw,
}

#[derive(Clone, Debug)]
enum Cell {
    Text(String),
    /// A real number or date of a spreadsheet, as digits.
    Plain(String),
}

type Cells = Vec<(u64, Vec<Cell>)>;

impl Cell {
    fn text(&self) -> &str {
        let (Self::Text(text) | Self::Plain(text)) = self;
        text.trim()
    }
}

/// Reads either kind; an XLSX is known by its first bytes.
pub fn read(bytes: &[u8], definitions: &Definitions) -> Result<Table, NoTable> {
    if bytes.len() > LEDGER_FILE_BYTES_MAX {
        return Err(NoTable::TooLong);
    }
    let cells = if bytes.starts_with(b"PK") {
        xlsx(bytes, definitions)?
    } else {
        csv(bytes)?
    };
    table(cells, definitions)
}

fn csv(bytes: &[u8]) -> Result<Cells, NoTable> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| NoTable::NotText)?;
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut cells = Cells::new();
    for record in reader.records() {
        let record = record.map_err(|fault| NoTable::Unreadable(fault.to_string()))?;
        let line = record.position().map_or(0, ::csv::Position::line);
        let row = record.iter().map(|cell| Cell::Text(cell.to_owned()));
        push(&mut cells, line, row.collect())?;
    }
    Ok(cells)
}

/// The sign that the heading has most of.
fn delimiter(text: &str) -> u8 {
    let heading = text.lines().find(|line| !line.trim().is_empty());
    let count = |sign: u8| {
        let bytes = heading.unwrap_or_default().bytes();
        bytes.filter(|byte| *byte == sign).count()
    };
    let signs = [b',', b';', b'\t'];
    signs
        .into_iter()
        .max_by_key(|sign| count(*sign))
        .unwrap_or(b',')
}

fn push(cells: &mut Cells, line: u64, row: Vec<Cell>) -> Result<(), NoTable> {
    if row.iter().all(|cell| cell.text().is_empty()) {
        return Ok(());
    }
    // The heading is no row.
    if cells.len() > LEDGER_ROWS_MAX {
        return Err(NoTable::TooManyRows);
    }
    cells.push((line, row));
    Ok(())
}

/// The first sheet with an indicator and a quantity among its headings, else the first sheet.
fn xlsx(bytes: &[u8], definitions: &Definitions) -> Result<Cells, NoTable> {
    let unreadable = |fault: calamine::XlsxError| NoTable::Unreadable(fault.to_string());
    let mut book = calamine::Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let mut first = None;
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).map_err(unreadable)?;
        let cells = sheet(&range)?;
        let headings = cells.first().map(|(_, row)| headings(row, definitions));
        if headings.is_some_and(|found| missing(&found).is_empty()) {
            return Ok(cells);
        }
        first.get_or_insert(cells);
    }
    Ok(first.unwrap_or_default())
}

fn sheet(range: &calamine::Range<Data>) -> Result<Cells, NoTable> {
    let (top, left) = range.start().unwrap_or_default();
    let mut cells = Cells::new();
    for (row, line) in range.rows().zip(u64::from(top) + 1..) {
        let before = (0..left).map(|_| Cell::Text(String::new()));
        push(
            &mut cells,
            line,
            before.chain(row.iter().map(cell)).collect(),
        )?;
    }
    Ok(cells)
}

fn cell(data: &Data) -> Cell {
    match data {
        Data::Empty => Cell::Text(String::new()),
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

fn headings(row: &[Cell], definitions: &Definitions) -> Vec<(usize, Field)> {
    let field = |cell: &Cell| {
        let word = definitions.column(cell.text())?;
        COLUMNS.into_iter().find(|field| field.word() == word)
    };
    let mut found: Vec<(usize, Field)> = Vec::new();
    for (at, cell) in row.iter().enumerate() {
        if let Some(field) = field(cell).filter(|field| !found.iter().any(|(_, one)| one == field))
        {
            found.push((at, field));
        }
    }
    found
}

/// The columns of a table, in the template's order.
pub(super) const COLUMNS: [Field; 9] = [
    Field::When,
    Field::Indicator,
    Field::What,
    Field::Quantity,
    Field::Unit,
    Field::How,
    Field::Who,
    Field::Note,
    Field::Kind,
];

fn missing(found: &[(usize, Field)]) -> Vec<&'static str> {
    let needed = [
        Field::When,
        Field::Indicator,
        Field::Quantity,
        Field::Unit,
        Field::Who,
    ];
    let absent = needed
        .into_iter()
        .filter(|field| !found.iter().any(|(_, one)| one == field));
    absent.map(Field::word).collect()
}

fn table(cells: Cells, definitions: &Definitions) -> Result<Table, NoTable> {
    let mut cells = cells.into_iter();
    let heading = cells.next().map(|(_, row)| row).unwrap_or_default();
    let columns = headings(&heading, definitions);
    let absent = missing(&columns);
    if !absent.is_empty() {
        return Err(NoTable::Headings(absent));
    }
    let rows: Vec<Row> = cells
        .map(|(line, row)| Row {
            line,
            raw: raw(&row, &columns),
        })
        .collect();
    Ok(Table {
        mark: common_mark(&rows),
        rows,
        columns,
    })
}

fn raw(row: &[Cell], columns: &[(usize, Field)]) -> Raw {
    let mut raw = Raw::default();
    for (at, field) in columns {
        let Some(cell) = row.get(*at).filter(|cell| !cell.text().is_empty()) else {
            continue;
        };
        let text = Some(cell.text().to_owned());
        match field {
            Field::Kind => raw.kind = text,
            Field::Indicator => raw.indicator = text,
            Field::What => raw.what = text,
            Field::Unit => raw.unit = text,
            Field::When => raw.when = text,
            Field::How => raw.how = text,
            Field::Who => raw.who = text,
            Field::Note => raw.note = text,
            Field::Quantity => {
                raw.quantity = Some(match cell {
                    Cell::Text(text) => Typed::Written(text.clone()),
                    Cell::Plain(text) => Typed::Plain(text.clone()),
                });
            }
            Field::Supersedes | Field::Attachments => {}
        }
    }
    raw
}

/// The sign before decimals, when some quantity shows it and none shows the other.
fn common_mark(rows: &[Row]) -> Option<Mark> {
    let mut marks = rows.iter().filter_map(|row| match &row.raw.quantity {
        Some(Typed::Written(text)) => written::mark(text),
        _ => None,
    });
    let first = marks.next()?;
    marks.all(|mark| mark == first).then_some(first)
}
