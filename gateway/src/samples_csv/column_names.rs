//! Names that columns have, and what a name says: time, row number, zone, order of dates.

use crate::i18n::written_time::{self, DateOrder};
use csv::StringRecord;

/// Names of the time column, in lower case (English, Bahasa Indonesia, German, and those of
/// databases).
const TIME_COLUMN_NAMES: [&str; 27] = [
    "time",
    "date",
    "datetime",
    "date time",
    "date_time",
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
    "datum und uhrzeit",
    "_time",
    "ts",
    "ts_utc",
    "time_utc",
    "created_at",
    "last_changed",
    "unix_time",
    "epoch",
];
/// Names of a column with the time of day, in lower case.
pub(super) const CLOCK_COLUMN_NAMES: [&str; 7] =
    ["time", "jam", "pukul", "waktu", "hour", "uhrzeit", "zeit"];
/// Names of the value column, used when a table has several columns with numbers.
pub(super) const VALUE_COLUMN_NAMES: [&str; 9] = [
    "value", "values", "nilai", "data", "reading", "bacaan", "wert", "hasil", "_value",
];
/// Names of columns that number the rows; they are never taken unasked.
const ROW_NUMBER_NAMES: [&str; 13] = [
    "no", "no.", "nr", "nr.", "nomor", "#", "record", "rn", "entry_id", "id", "index", "urut",
    "table",
];

/// Column of the times, by the name that was asked for, else by its usual names.
pub(super) fn find_time_column(row: &StringRecord, asked: Option<&str>) -> Option<usize> {
    let asked = asked.map(|asked| asked.trim().to_lowercase());
    row.iter().position(|cell| {
        // What stands behind the name is ignored: `Time (UTC+7)`, `Date Time, GMT+07:00`.
        let name = cell.to_lowercase();
        let bare = name
            .split(['(', '[', ','])
            .next()
            .unwrap_or_default()
            .trim();
        match &asked {
            Some(asked) => [name.as_str(), bare].contains(&asked.as_str()),
            None => TIME_COLUMN_NAMES.contains(&bare) || date_order_of_pattern(cell).is_some(),
        }
    })
}

/// Offset from UTC, s, in a heading such as `Time (UTC+7)`, `Waktu [WIB]` or `ts_utc`.
pub(super) fn offset_of_heading(name: &str) -> Option<i32> {
    let is_end = |sign: char| !(sign.is_alphanumeric() || "+-:".contains(sign));
    // One letter, such as the `Z` of an axis, is no zone in a name.
    let mut words = name.split(is_end).filter(|word| word.len() > 1);
    words.find_map(written_time::parse_zone_word)
}

/// Whether a column of this name numbers the rows.
pub(super) fn is_row_number(name: &str) -> bool {
    ROW_NUMBER_NAMES.contains(&&*name.trim().to_lowercase())
}

/// Date order of a column name such as `dd/MM/yyyy HH:mm`; German letters (`TT.MM.JJJJ`) too.
pub(super) fn date_order_of_pattern(name: &str) -> Option<DateOrder> {
    let name = name.to_lowercase();
    let at = |words: &[&str]| words.iter().find_map(|word| name.find(word));
    let (day, month, year) = (at(&["dd", "tt"])?, at(&["mm"])?, at(&["yy", "jj"])?);
    match (day < month, year < month) {
        (_, true) => Some(DateOrder::Ymd),
        (true, false) => Some(DateOrder::Dmy),
        (false, false) => Some(DateOrder::Mdy),
    }
}
