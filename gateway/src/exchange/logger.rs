//! Tables of times and values as loggers and spreadsheets write them: other separators, encodings,
//! headings and decimal signs, lines above the heading, dates in other orders. What the file shows
//! is read and said; what it leaves open is asked for, never guessed.

use super::columns::{Columns, filled, written};
use super::encoding::{self, CellRow, Encoding};
use super::times::{DateOrder, Unclear, WrittenDay, WrittenTime};
use super::values::{self, DecimalSign, Shows};
use super::{Era, Faults, Kind, RowFault, Twice};
use crate::limits::IMPORT_HEAD_ROWS_MAX;
use crate::model::UtcMs;
use crate::store::ImportRow;
use jiff::tz::TimeZone;

/// What a person says of a table beyond what it shows.
#[derive(Clone, Debug)]
pub struct TableWishes {
    /// Order of day, month and year.
    pub dates: Option<DateOrder>,
    /// Zone of times that have none.
    pub zone: Option<TimeZone>,
    /// The site's own zone, to be offered.
    pub site_zone: String,
    /// The sign before decimals.
    pub decimals: Option<DecimalSign>,
    /// Name or number (from 1) of the column with the values.
    pub column: Option<String>,
    /// Times that are believed.
    pub era: Era,
}

/// A text for people: its key in the catalogue and what is put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Catalogue key.
    pub key: &'static str,
    /// Names and values.
    pub args: Vec<(&'static str, String)>,
}

/// A table that was read as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggerTable {
    /// Readings in order of time, each time once.
    pub rows: Vec<ImportRow>,
    /// How it was read.
    pub understood: Understood,
}

/// How a table was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Understood {
    /// How its letters are kept.
    pub encoding: Encoding,
    /// The sign between cells.
    pub separator: char,
    /// The sign before decimals.
    pub decimals: DecimalSign,
    /// The order of dates, where it mattered.
    pub dates: Option<DateOrder>,
    /// Whether times without a zone were read in the zone that was said.
    pub local: bool,
    /// Whether times are a spreadsheet's day numbers.
    pub numbered: bool,
    /// Column of the values, from 1.
    pub column: usize,
    /// Lines above the heading that were left out.
    pub head: usize,
    /// Line and time of the first reading in the file.
    pub first: Option<(u64, ImportRow)>,
    /// Rows without a value, and the line of the first.
    pub missing: (u64, u64),
    /// Rows that only repeat another.
    pub repeated: u64,
    /// Times that were finer than a millisecond and were cut.
    pub cut: u64,
}

/// Why a table cannot be taken: what a person has to say first, or rows that are wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableRefused {
    /// What is wrong with the table, or what to say.
    pub sentences: Vec<Sentence>,
    /// What is wrong with rows.
    pub faults: Faults,
}

/// Reads the table; all of it, or why not.
pub fn read(bytes: &[u8], wishes: &TableWishes) -> Result<LoggerTable, TableRefused> {
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(only("exchange-workbook", vec![]));
    }
    let Some((text, encoding)) = encoding::decode(bytes) else {
        return Err(only("exchange-text", vec![]));
    };
    let Some(columns) = Columns::find(&text) else {
        let rows = ("rows", IMPORT_HEAD_ROWS_MAX.to_string());
        return Err(only("exchange-no-table", vec![rows]));
    };
    let Some(column) = columns.value(wishes.column.as_deref()) else {
        return Err(which_column(&columns, wishes.column.as_deref()));
    };
    let reader = TableReader {
        text: &text,
        columns: &columns,
        column,
        wishes,
    };
    let clues = reader.clues();
    let settled = reader.settle(&clues)?;
    reader.rows(&settled, encoding)
}

fn sentence(key: &'static str, args: Vec<(&'static str, String)>) -> Sentence {
    Sentence { key, args }
}

fn only(key: &'static str, args: Vec<(&'static str, String)>) -> TableRefused {
    TableRefused {
        sentences: vec![sentence(key, args)],
        faults: Faults::default(),
    }
}

fn which_column(columns: &Columns, asked: Option<&str>) -> TableRefused {
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
    only(key, args)
}

/// What the cells of a table show of what it leaves open; each with the first line that does.
#[derive(Debug, Default)]
struct Clues {
    /// A first or a second number that can be no month.
    day_first: Option<(u64, String)>,
    day_second: Option<(u64, String)>,
    /// A date that can be read both ways, and whether its year has two digits.
    open_date: Option<(u64, String, bool)>,
    /// A time without a zone.
    zoneless: Option<(u64, String)>,
    comma: Option<(u64, String)>,
    point: Option<(u64, String)>,
    /// A value that can be read both ways.
    open_value: Option<(u64, String)>,
}

/// What was open and is settled.
struct Settled {
    dates: Option<DateOrder>,
    decimals: DecimalSign,
    local: bool,
}

struct TableReader<'a> {
    text: &'a str,
    columns: &'a Columns,
    column: usize,
    wishes: &'a TableWishes,
}

impl TableReader<'_> {
    fn data(&self) -> impl Iterator<Item = CellRow> + '_ {
        let rows = encoding::rows(self.text, self.columns.separator).skip(self.columns.first);
        rows.filter(|(_, row)| !encoding::is_blank(row))
    }

    /// The time of a row as it is written, and its text.
    fn time(&self, row: &csv::StringRecord) -> (Option<WrittenTime>, String) {
        let cell = row.get(self.columns.time).unwrap_or_default();
        let time = written(cell, self.columns.numbered);
        if !self.columns.has_clock {
            return (time, cell.to_owned());
        }
        let clock = row.get(self.columns.time + 1).unwrap_or_default();
        let read = super::times::clock_alone(clock);
        let both = time.zip(read).map(|(time, clock)| time.at_clock(clock));
        (both, format!("{cell} {clock}"))
    }

    fn clues(&self) -> Clues {
        let mut clues = Clues::default();
        for (line, row) in self.data() {
            if let (Some(WrittenTime::Clock { day, .. }), text) = self.time(&row) {
                clues.day(line, day, &text);
                clues.zoneless.get_or_insert((line, text));
            }
            let value = row.get(self.column).unwrap_or_default();
            let place = match values::shows(value) {
                _ if values::is_missing(value) => continue,
                Shows::Nothing => continue,
                Shows::Decimals(DecimalSign::Comma) => &mut clues.comma,
                Shows::Decimals(DecimalSign::Point) => &mut clues.point,
                Shows::Either => &mut clues.open_value,
            };
            place.get_or_insert_with(|| (line, value.to_owned()));
        }
        clues
    }

    /// What the clues and the person's words decide; all that stays open at once.
    fn settle(&self, clues: &Clues) -> Result<Settled, TableRefused> {
        let mut open = Vec::new();
        let dates = self.dates(clues, &mut open);
        let decimals = self.decimals(clues, &mut open);
        if let (Some((line, found)), None) = (&clues.zoneless, &self.wishes.zone) {
            let args = vec![
                ("line", line.to_string()),
                ("found", found.clone()),
                ("zone", self.wishes.site_zone.clone()),
            ];
            open.push(sentence("exchange-zone", args));
        }
        if !open.is_empty() {
            return Err(TableRefused {
                sentences: open,
                faults: Faults::default(),
            });
        }
        Ok(Settled {
            dates,
            decimals: decimals.unwrap_or(DecimalSign::Point),
            local: clues.zoneless.is_some(),
        })
    }

    fn dates(&self, clues: &Clues, open: &mut Vec<Sentence>) -> Option<DateOrder> {
        let has_order =
            clues.open_date.is_some() || clues.day_first.is_some() || clues.day_second.is_some();
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
                open.push(sentence("exchange-dates-both", args));
                return None;
            }
            (Some(_), None) => return Some(DateOrder::Dmy),
            (None, Some(_)) => return Some(DateOrder::Mdy),
            (None, None) => {}
        }
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
            open.push(sentence(key, args));
        }
        None
    }

    fn decimals(&self, clues: &Clues, open: &mut Vec<Sentence>) -> Option<DecimalSign> {
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
                open.push(sentence("exchange-decimals-both", args));
                None
            }
            (Some(_), None, _) => Some(DecimalSign::Comma),
            (None, Some(_), _) => Some(DecimalSign::Point),
            // A table with commas between its cells has no use for others, but within quotes.
            (None, None, Some((_, found)))
                if self.columns.separator == b',' && found.contains('.') =>
            {
                Some(DecimalSign::Point)
            }
            (None, None, Some((line, found))) => {
                let args = vec![("line", line.to_string()), ("found", found.clone())];
                open.push(sentence("exchange-decimals", args));
                None
            }
            (None, None, None) => None,
        }
    }

    /// All readings, or every row that is wrong.
    fn rows(&self, settled: &Settled, encoding: Encoding) -> Result<LoggerTable, TableRefused> {
        let mut faults = Faults::default();
        let mut twice = Twice::default();
        let mut understood = Understood {
            encoding,
            separator: char::from(self.columns.separator),
            decimals: settled.decimals,
            dates: settled.dates,
            local: settled.local,
            numbered: self.columns.numbered,
            column: self.column + 1,
            head: self.columns.head(),
            first: None,
            missing: (0, 0),
            repeated: 0,
            cut: 0,
        };
        let mut rows = Vec::new();
        for (line, row) in self.data() {
            match self.row(line, &row, settled, &mut understood) {
                Ok(Some(reading)) => {
                    twice.push(line, reading.0, reading.1);
                    understood.first.get_or_insert((line, reading));
                    rows.push(reading);
                }
                Ok(None) => {}
                Err(fault) => faults.push(fault),
            }
        }
        understood.repeated = twice.finish(&mut faults);
        if faults.count > 0 {
            return Err(TableRefused {
                sentences: Vec::new(),
                faults,
            });
        }
        rows.sort_by_key(|(at, _)| *at);
        rows.dedup_by_key(|(at, _)| *at);
        Ok(LoggerTable { rows, understood })
    }

    /// A reading; nothing where the table has no value.
    fn row(
        &self,
        line: u64,
        row: &csv::StringRecord,
        settled: &Settled,
        understood: &mut Understood,
    ) -> Result<Option<ImportRow>, RowFault> {
        let whole = || {
            row.iter()
                .collect::<Vec<_>>()
                .join(&understood.separator.to_string())
        };
        let Some(value) = row.get(self.column) else {
            return Err(RowFault::new(line, Kind::Columns, &whole()));
        };
        // A quote that is not closed takes the rows below into its cell.
        if filled(row) > self.columns.width || row.iter().any(|cell| cell.contains('\n')) {
            return Err(RowFault::new(line, Kind::Columns, &whole()));
        }
        let (time, text) = self.time(row);
        let fault = |kind| RowFault::new(line, kind, &text);
        let time = time.ok_or_else(|| fault(Kind::Time))?;
        let at = time.moment(settled.dates, self.wishes.zone.as_ref());
        let at: UtcMs = at.map_err(|why| match why {
            Unclear::Clock => fault(Kind::Clock),
            _ => fault(Kind::Time),
        })?;
        if let Some(fault) = self.wishes.era.fault(line, at, &text) {
            return Err(fault);
        }
        if values::is_missing(value) {
            understood.missing.0 += 1;
            if understood.missing.0 == 1 {
                understood.missing.1 = line;
            }
            return Ok(None);
        }
        let number = values::read(value, settled.decimals);
        let number = number.ok_or_else(|| RowFault::new(line, Kind::Value, value))?;
        let (WrittenTime::Moment { cut, .. } | WrittenTime::Clock { cut, .. }) = time;
        understood.cut += u64::from(cut);
        Ok(Some((at, number)))
    }
}

impl Clues {
    fn day(&mut self, line: u64, day: WrittenDay, text: &str) {
        match day {
            WrittenDay::Known(_) => {}
            WrittenDay::Either { first, second, .. } => {
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
            // 20 or 26 may be the year: nothing of the column decides.
            WrittenDay::Short(_) => {
                self.open_date
                    .get_or_insert_with(|| (line, text.to_owned(), true));
            }
        }
    }
}
