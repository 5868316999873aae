//! Rows of a table that somebody filled in: CSV with `;`, `,` or tabs, or the first sheet of an
//! XLSX that has our headings. Titles above the headings and totals below are left out, and told.

use super::check::{Field, Raw, Typed};
use super::definitions::Definitions;
use super::workbook::Workbook;
use super::written::{self, Mark};
use crate::limits::{LEDGER_FILE_BYTES_MAX, LEDGER_HEADING_ROWS_MAX, LEDGER_ROWS_MAX};
use crate::words::Lang;

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
                let rows = LEDGER_HEADING_ROWS_MAX.to_string();
                let args = [("missing", &*all.join(", ")), ("rows", &*rows)];
                lang.say("ledger-table-headings", &args)
            }
        }
    }
}

/// A table: its rows with their line numbers as a spreadsheet shows them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Rows below the heading that are neither empty nor totals.
    pub rows: Vec<Row>,
    /// Rows that are no entries.
    pub left_out: Vec<LeftOut>,
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

/// A row of a table that is no entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its number in the file, from 1.
    pub line: u64,
    /// What stands there, cut short.
    pub found: String,
    /// Catalogue key of the sentence: a title above the headings, or a total below.
    key: &'static str,
}

impl LeftOut {
    /// The sentence.
    pub fn say(&self, lang: Lang) -> String {
        let args = [("row", &*self.line.to_string()), ("found", &*self.found)];
        lang.say(self.key, &args)
    }
}

#[derive(Clone, Debug)]
pub(super) enum Cell {
    Text(String),
    /// A real number or date of a spreadsheet, as digits.
    Plain(String),
}

pub(super) type Cells = Vec<(u64, Vec<Cell>)>;

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
    if bytes.starts_with(b"PK") {
        xlsx(bytes, definitions)
    } else {
        csv(bytes, definitions)
    }
}

/// The table under the separator with which the headings are found; else what the likeliest one
/// misses.
fn csv(bytes: &[u8], definitions: &Definitions) -> Result<Table, NoTable> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| NoTable::NotText)?;
    // CR LF, LF, or on very old programs CR alone; the reader counts lines by LF.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if let Some((separator, rest)) = said_separator(&text) {
        return table(separated(rest, separator, 1)?, definitions, 0);
    }
    let mut first = None;
    for separator in likeliest(&text) {
        let found = separated(&text, separator, 0).and_then(|rows| table(rows, definitions, 0));
        match found {
            Ok(table) => return Ok(table),
            Err(fault) => _ = first.get_or_insert(fault),
        }
    }
    Err(first.unwrap_or(NoTable::NotText))
}

/// `sep=;` in the first line, with which spreadsheets tell each other the separator, and the rest.
fn said_separator(text: &str) -> Option<(u8, &str)> {
    let (line, rest) = text.split_once('\n')?;
    let line = line.trim_end_matches('\r').trim_matches('"');
    match line.as_bytes() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', sign] if sign.is_ascii() => {
            Some((*sign, rest))
        }
        _ => None,
    }
}

/// The rows, of which `before` lines stand above.
fn separated(text: &str, separator: u8, before: u64) -> Result<Cells, NoTable> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut cells = Cells::new();
    for record in reader.records() {
        let record = record.map_err(|fault| NoTable::Unreadable(fault.to_string()))?;
        let line = before + record.position().map_or(0, ::csv::Position::line);
        let row = record.iter().map(|cell| Cell::Text(cell.to_owned()));
        push(&mut cells, line, row.collect())?;
    }
    Ok(cells)
}

/// The separators, those that the first line with words has most of before the others.
fn likeliest(text: &str) -> [u8; 3] {
    let heading = text.lines().find(|line| !line.trim().is_empty());
    let count = |sign: u8| {
        let bytes = heading.unwrap_or_default().bytes();
        bytes.filter(|byte| *byte == sign).count()
    };
    let mut signs = [b'\t', b';', b','];
    signs.sort_by_key(|sign| std::cmp::Reverse(count(*sign)));
    signs
}

pub(super) fn push(cells: &mut Cells, line: u64, row: Vec<Cell>) -> Result<(), NoTable> {
    if row.iter().all(|cell| cell.text().is_empty()) {
        return Ok(());
    }
    // Headings, titles and totals are no rows.
    if cells.len() > LEDGER_ROWS_MAX + LEDGER_HEADING_ROWS_MAX {
        return Err(NoTable::TooManyRows);
    }
    cells.push((line, row));
    Ok(())
}

/// The first sheet with our headings; else what the first sheet misses.
fn xlsx(bytes: &[u8], definitions: &Definitions) -> Result<Table, NoTable> {
    let mut book = Workbook::open(bytes)?;
    // The days from the epoch of 1900 to that of 1904.
    let shift = if book.is_1904 { 1462 } else { 0 };
    let mut first = None;
    for name in book.names() {
        match table(book.sheet(&name)?, definitions, shift) {
            Ok(table) => return Ok(table),
            Err(NoTable::TooManyRows) => return Err(NoTable::TooManyRows),
            Err(fault) => _ = first.get_or_insert(fault),
        }
    }
    Err(first.unwrap_or_else(|| NoTable::Headings(missing(&[]))))
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

/// The heading is the first row that has all that is needed, among the first rows of the table.
fn table(cells: Cells, definitions: &Definitions, shift: i64) -> Result<Table, NoTable> {
    let near = cells.iter().take(LEDGER_HEADING_ROWS_MAX);
    let found: Vec<_> = near.map(|(_, row)| headings(row, definitions)).collect();
    let Some(at) = found.iter().position(|found| missing(found).is_empty()) else {
        let absent = found.iter().map(|found| missing(found));
        let fewest = absent.min_by_key(Vec::len);
        return Err(NoTable::Headings(fewest.unwrap_or_else(|| missing(&[]))));
    };
    let columns = found.into_iter().nth(at).unwrap_or_default();
    let mut left_out = Vec::new();
    let mut rows = Vec::new();
    for (place, (line, row)) in cells.into_iter().enumerate() {
        if place < at {
            left_out.push(left(line, &row, "ledger-above-heading"));
        } else if place > at && is_total(&row, &columns) {
            left_out.push(left(line, &row, "ledger-total-row"));
        } else if place > at {
            let raw = raw(&row, &columns, shift);
            rows.push(Row { line, raw });
        }
    }
    if rows.len() > LEDGER_ROWS_MAX {
        return Err(NoTable::TooManyRows);
    }
    Ok(Table {
        mark: common_mark(&rows),
        rows,
        left_out,
        columns,
    })
}

fn left(line: u64, row: &[Cell], key: &'static str) -> LeftOut {
    let texts = row.iter().map(Cell::text).filter(|text| !text.is_empty());
    let text = texts.collect::<Vec<_>>().join(" ");
    LeftOut {
        line,
        found: text.chars().take(80).collect(),
        key,
    }
}

/// Words that begin a row of totals.
const TOTALS: [&str; 7] = [
    "total",
    "subtotal",
    "sub total",
    "grand total",
    "jumlah",
    "jml",
    "sum",
];

fn says_total(cell: &Cell) -> bool {
    let text = cell.text().to_lowercase();
    TOTALS.iter().any(|total| {
        let rest = text.strip_prefix(total);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':', '.']))
    })
}

/// A row that adds others up: it says so, and names neither day nor indicator nor person.
fn is_total(row: &[Cell], columns: &[(usize, Field)]) -> bool {
    let is_void = |field: &Field| {
        let column = columns.iter().find(|(_, one)| one == field);
        let cell = column.and_then(|(at, _)| row.get(*at));
        cell.is_none_or(|cell| cell.text().is_empty() || says_total(cell))
    };
    let named = [Field::When, Field::Indicator, Field::Who];
    row.iter().any(says_total) && named.iter().all(is_void)
}

/// `shift`: days that a day number of this table lacks.
fn raw(row: &[Cell], columns: &[(usize, Field)], shift: i64) -> Raw {
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
            Field::When => raw.when = Some(written::shifted(cell.text(), shift)),
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
