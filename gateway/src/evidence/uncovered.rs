//! [`UncoveredPart`]: rows, texts and files that no record covers yet, so that nothing proves them.

use super::recorded_table::numbers_text;

/// Word of the days of a period that have no record.
pub const OPEN_DAYS: &str = "days";
/// Word of the readings of the moment at which a period ends, while the day after it is open.
pub const CLOSING_READINGS: &str = "closing";
/// Word of the time stamps of a bundle.
pub const BUNDLED_STAMPS: &str = "stamps";
/// Word of the files that were added to a bundle.
pub const BUNDLED_FILES: &str = "report";
/// Word of added reports that are not noted as handed out.
pub const UNISSUED_FILES: &str = "unissued";

/// Rows of a table, texts of a kind, days, or a file that no record covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncoveredPart {
    /// Word of the table or of the kind of text; `days`, `closing`, `stamps`, `report`,
    /// `unissued`.
    pub what: &'static str,
    /// Numbers, days or name of the file; empty when there is nothing.
    pub names: String,
    /// Number of rows, texts, days or files; with 0, nothing proves that there were none.
    pub count: u64,
}

impl UncoveredPart {
    /// Returns the part with the rows or texts `first` to `last`; none when `last` is less.
    pub fn numbered(what: &'static str, first: u64, last: u64) -> Self {
        let count = (last + 1).saturating_sub(first);
        let names = match count {
            0 => String::new(),
            _ => numbers_text(first, last),
        };
        Self { what, names, count }
    }
}
