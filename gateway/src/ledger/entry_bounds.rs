//! Bounds of what an entry may say: its time; and parts of the messages about it.

use super::value_parser::DateFault;
use crate::domain::ledger::EntryTime;
use jiff::civil::Date;

/// First year that an entry may have: an earlier one is a wrong year.
const FIRST_YEAR: i16 = 2000;
/// Message key and detail where a time is before the year 2000, or in the future of `today`.
pub(super) fn time_fault(when: EntryTime, today: Option<Date>) -> Option<(&'static str, String)> {
    if when.first().year() < FIRST_YEAR {
        return Some(("ledger-old", String::new()));
    }
    // A date in the future is nearly always a wrong year or an exchanged day and month.
    let today = today.filter(|today| when.first() > *today)?;
    Some(("ledger-future", today.to_string()))
}

/// Message key of an unreadable text. A leading `=` is a formula of a spreadsheet without a stored
/// result.
pub(super) fn unreadable_key(found: &str, key: &'static str) -> &'static str {
    if found.starts_with('=') {
        "ledger-formula"
    } else {
        key
    }
}

/// Message key of a text that is no date.
pub(super) fn date_fault_key(fault: DateFault) -> &'static str {
    match fault {
        DateFault::Unreadable => "ledger-date",
        DateFault::NoSuchDay => "ledger-no-day",
        DateFault::Clock => "ledger-clock",
    }
}

/// Words with commas between them.
pub(super) fn join_words(all: &[&str]) -> String {
    all.join(", ")
}
