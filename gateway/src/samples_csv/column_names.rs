//! Names that columns have, and what a name says: time, row number, zone, order of dates.

use crate::i18n::written_time::{self, DateOrder};
use crate::ledger::is_factor_label;
use csv::StringRecord;
use jiff::tz::{Offset, TimeZone};

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

/// Names of a column with the unit of the value beside it, in lower case. `Unit` may also be the
/// name of a device.
const UNIT_COLUMN_NAMES: [&str; 9] = [
    "satuan",
    "satuan ukur",
    "satuan nilai",
    "sat.",
    "units",
    "uom",
    "unit of measure",
    "einheit",
    "unit",
];
/// Names of a column with the zone of the time beside it, in lower case.
const ZONE_COLUMN_NAMES: [&str; 13] = [
    "zona",
    "zona waktu",
    "zone",
    "time zone",
    "timezone",
    "time_zone",
    "tz",
    "utc offset",
    "utc_offset",
    "gmt offset",
    "offset",
    "zeitzone",
    "selisih utc",
];
/// Names of a column that says whether the values of its row are right, in lower case.
const STATUS_COLUMN_NAMES: [&str; 17] = [
    "status",
    "status data",
    "data status",
    "status sensor",
    "sensor status",
    "status alat",
    "quality",
    "data quality",
    "quality flag",
    "kualitas",
    "kualitas data",
    "mutu",
    "validity",
    "validitas",
    "kondisi",
    "flag",
    "qc",
];

/// Name of a column in lower case, without what stands in brackets behind it.
fn bare_name(name: &str) -> String {
    let bare = name.split(['(', '[']).next().unwrap_or_default();
    bare.trim().to_lowercase()
}

/// Whether a column of this name has units; `Some(false)`: it may also have other things.
pub(super) fn names_units(name: &str) -> Option<bool> {
    let name = bare_name(name);
    UNIT_COLUMN_NAMES.contains(&&*name).then(|| name != "unit")
}

/// Whether a column of this name has the zones of the times.
pub(super) fn names_zones(name: &str) -> bool {
    ZONE_COLUMN_NAMES.contains(&&*bare_name(name))
}

/// Whether a column of this name says which rows are right.
pub(super) fn names_status(name: &str) -> bool {
    STATUS_COLUMN_NAMES.contains(&&*bare_name(name))
}

/// Whether a column of this name says something about its rows, so that it is never taken unasked.
pub(super) fn is_side_column(name: &str) -> bool {
    is_row_number(name) || names_zones(name) || names_status(name) || is_factor_label(name)
}

/// Columns that may have the times, by the name that was asked for, else by their usual names.
pub(super) fn time_columns(row: &StringRecord, asked: Option<&str>) -> Vec<usize> {
    let asked = asked.map(|asked| asked.trim().to_lowercase());
    let is_time = |cell: &str| {
        // What stands behind the name is ignored: `Time (UTC+7)`, `Date Time, GMT+07:00`.
        let name = cell.to_lowercase();
        let bare = name
            .split(['(', '[', ','])
            .next()
            .unwrap_or_default()
            .trim();
        match &asked {
            Some(asked) => [name.as_str(), bare].contains(&asked.as_str()),
            None => {
                TIME_COLUMN_NAMES.contains(&bare)
                    || (row.len() > 1 && names_time_and_zone(bare))
                    || date_order_of_pattern(cell).is_some()
            }
        }
    };
    let cells = row.iter().enumerate();
    cells
        .filter(|(_, cell)| is_time(cell))
        .map(|(at, _)| at)
        .collect()
}

/// Whether a name in lower case is that of a time with its zone in front or behind: `utc time`,
/// `waktu wib`.
fn names_time_and_zone(name: &str) -> bool {
    let words = name.split_whitespace();
    let is_zone = |word: &&str| word.len() > 1 && written_time::parse_zone_word(word).is_some();
    let (zones, rest): (Vec<&str>, Vec<&str>) = words.partition(is_zone);
    let rest = rest.join(" ");
    let names = [&TIME_COLUMN_NAMES[..], &CLOCK_COLUMN_NAMES];
    !zones.is_empty() && names.iter().any(|names| names.contains(&&*rest))
}

/// Whether a cell is called after the time, in whatever words: `Jam pengukuran WIT`.
pub(super) fn speaks_of_time(cell: &str) -> bool {
    let cell = cell.to_lowercase();
    let mut words = cell.split(|sign: char| !sign.is_alphanumeric());
    let names = [&TIME_COLUMN_NAMES[..], &CLOCK_COLUMN_NAMES];
    words.any(|word| names.iter().any(|names| names.contains(&word)))
}

/// Zone in a heading such as `Time (UTC+7)`, `Waktu [WIB]`, `ts_utc` or `Time (Asia/Makassar)`.
pub(super) fn zone_of_heading(name: &str) -> Option<TimeZone> {
    let fixed = || {
        let offset = Offset::from_seconds(offset_of_heading(name)?).ok()?;
        Some(TimeZone::fixed(offset))
    };
    // A date pattern such as `dd/mm/yyyy` is the name of no zone.
    let is_end = |sign: char| sign.is_whitespace() || "()[],;".contains(sign);
    let mut named = name.split(is_end).filter(|word| word.contains('/'));
    named.find_map(written_time::parse_zone).or_else(fixed)
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
