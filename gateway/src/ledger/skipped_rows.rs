//! Rows of a table that are no entries: titles, totals, and examples of the template.

use super::entry_field::EntryField;
use super::sheet_rows::{SheetCell, sums_own_column};
use crate::i18n::{Language, excerpt, parse_month_name};

/// Row that was skipped because it is no entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedRow {
    /// Row number in the file, from 1.
    pub line: u64,
    /// Text of the row, shortened.
    pub found: String,
    /// Message key of the reason: above the headings, a total, or an example of the template.
    pub(crate) key: &'static str,
}

impl SkippedRow {
    /// Message in one language.
    pub fn message(&self, lang: Language) -> String {
        let args = [("row", &*self.line.to_string()), ("found", &*self.found)];
        lang.text_with(self.key, &args)
    }
}

/// Message key of the reason why a row is no entry; `None` for an entry.
pub(super) fn skip_key(
    row: &[SheetCell],
    columns: &[(usize, EntryField)],
    is_above: bool,
) -> Option<&'static str> {
    if is_above {
        Some("ledger-above-heading")
    } else if is_total_row(row, columns) {
        Some("ledger-total-row")
    } else if is_example_row(row, columns) {
        Some("ledger-example-row")
    } else {
        None
    }
}

/// Whether a row is marked as an example or a comment: a `#` in front, or the word of the template
/// before the day, in any language. No day begins with either.
fn is_example_row(row: &[SheetCell], columns: &[(usize, EntryField)]) -> bool {
    let is_day = |column: &&(usize, EntryField)| column.1 == EntryField::EntryTime;
    let day = columns.iter().find(is_day).and_then(|(at, _)| row.get(*at));
    let day = day.map(SheetCell::text).unwrap_or_default().to_lowercase();
    let is_marked = |lang: Language| {
        let mark = lang.text("ledger-example-mark");
        let rest = day.strip_prefix(&*mark);
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    row.iter().take(1).any(|cell| cell.text().starts_with('#'))
        || day.starts_with('#')
        || Language::ALL.into_iter().any(is_marked)
}

pub(super) fn skipped_row(line: u64, row: &[SheetCell], key: &'static str) -> SkippedRow {
    let texts = row
        .iter()
        .map(SheetCell::text)
        .filter(|text| !text.is_empty());
    let text = texts.collect::<Vec<_>>().join(" ");
    SkippedRow {
        line,
        found: excerpt(&text),
        key,
    }
}

/// Words at the start of a row that sums up others, English and Indonesian: totals, averages and
/// extremes.
const SUMMARY_WORDS: [&str; 31] = [
    "total",
    "subtotal",
    "sub total",
    "grand total",
    "jumlah",
    "jml",
    "sum",
    "average",
    "avg",
    "mean",
    "rata-rata",
    "rata rata",
    "rata2",
    "rerata",
    "median",
    "min",
    "minimum",
    "minimal",
    "terendah",
    "max",
    "maximum",
    "maks",
    "maksimum",
    "maksimal",
    "tertinggi",
    "std",
    "stdev",
    "std dev",
    "standard deviation",
    "simpangan baku",
    "standar deviasi",
];

/// Whether a text begins with a word for a total, an average or an extreme, in English or
/// Indonesian.
pub(crate) fn starts_with_summary(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    SUMMARY_WORDS.iter().any(|word| {
        let rest = text.strip_prefix(word);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':', '.', '(', '=']))
    })
}

/// Whether a row adds up others: it has a word for a total or an average, or a formula for one, and
/// no day, indicator and person.
fn is_total_row(row: &[SheetCell], columns: &[(usize, EntryField)]) -> bool {
    // A description may contain "total"; such a row still names day, indicator or person.
    let is_void = |field: &EntryField| {
        let column = columns.iter().find(|(_, one)| one == field);
        let cell = column.and_then(|(at, _)| row.get(*at));
        cell.is_none_or(|cell| cell.text().is_empty() || starts_with_summary(cell.text()))
    };
    let named = [
        EntryField::EntryTime,
        EntryField::Indicator,
        EntryField::Who,
    ];
    let sums_up = |cell: &SheetCell| cell.is_summary() || starts_with_summary(cell.text());
    // No day begins with such a word, whatever else the row names.
    let day = columns
        .iter()
        .find(|(_, field)| *field == EntryField::EntryTime);
    let day = day.and_then(|(at, _)| row.get(*at));
    day.is_some_and(|cell| starts_with_summary(cell.text()))
        || (row.iter().any(sums_up) && named.iter().all(is_void))
}

/// Rows with a day, like entries, that add up others: a cell calls them so and nothing else, or
/// their quantity is a formula over the quantities of other rows. Where most rows are so, none is.
#[derive(Debug, Default)]
pub(super) struct DatedTotals {
    lines: Vec<u64>,
}

impl DatedTotals {
    /// Such rows of a table, below its headings.
    pub(super) fn find(cells: &[(u64, Vec<SheetCell>)], columns: &[(usize, EntryField)]) -> Self {
        let at = |wanted: EntryField| {
            let found = columns.iter().find(|(_, field)| *field == wanted);
            found.map(|(at, _)| *at)
        };
        let day = at(EntryField::EntryTime);
        let quantity = at(EntryField::Quantity);
        let has_day = |row: &[SheetCell]| {
            let cell = day.and_then(|at| row.get(at));
            cell.is_some_and(|cell| !cell.text().is_empty())
        };
        // A person may be called Min or Max.
        let others = [day, quantity, at(EntryField::Unit), at(EntryField::Who)];
        let is_total = |line: u64, row: &[SheetCell]| {
            let mut rest = row.iter().enumerate();
            let is_called =
                rest.any(|(at, cell)| !others.contains(&Some(at)) && is_summary_label(cell.text()));
            let sum = quantity.and_then(|at| Some((at, row.get(at)?)));
            is_called
                || sum.is_some_and(|(at, cell)| {
                    let is_result = matches!(cell, SheetCell::ColumnSum(_));
                    is_result || sums_own_column(cell.text(), line, at)
                })
        };
        let dated = || cells.iter().filter(|(_, row)| has_day(row));
        let found = dated().filter(|(line, row)| is_total(*line, row));
        let lines: Vec<u64> = found.map(|(line, _)| *line).collect();
        let is_most = lines.len() * 2 > dated().count();
        Self {
            lines: if is_most { Vec::new() } else { lines },
        }
    }

    /// Whether a row is one of them.
    pub(super) fn contains(&self, line: u64) -> bool {
        self.lines.binary_search(&line).is_ok()
    }
}

/// Words of a period behind the word for a total.
const PERIOD_WORDS: [&str; 20] = [
    "hari",
    "harian",
    "minggu",
    "mingguan",
    "bulan",
    "bulanan",
    "tahun",
    "tahunan",
    "ini",
    "lalu",
    "semua",
    "keseluruhan",
    "akhir",
    "day",
    "week",
    "month",
    "year",
    "this",
    "all",
    "overall",
];

/// Whether a text is a word for a total alone, or with the period of it: `TOTAL`, `Jumlah November
/// 2026`, but not `Total limbah sayur`.
fn is_summary_label(text: &str) -> bool {
    if !starts_with_summary(text) {
        return false;
    }
    let text = text.trim().to_lowercase();
    let is_period = |word: &str| {
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        is_number || PERIOD_WORDS.contains(&word) || parse_month_name(word).is_some()
    };
    let mut words = text.split(|sign: char| !(sign.is_alphanumeric() || sign == '-'));
    words.all(|word| word.is_empty() || starts_with_summary(word) || is_period(word))
}
