//! Check that the time zone of the call does not contradict the one that the file states.

use super::table_questions::{LoggerTableError, single_message_error};
use super::time_format::{ParsedLoggerTime, written_offset};
use crate::domain::UtcMs;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// Time of a row, with what its cell says.
pub(super) struct TimeOfRow {
    pub(super) line: u64,
    pub(super) text: String,
    pub(super) time: ParsedLoggerTime,
    pub(super) at: UtcMs,
}

/// Compares the zone of the call with that of the heading (offset, s), for times without one.
/// Errors: one sentence that names the first conflict.
pub(super) fn check_zones(
    asked: &TimeZone,
    heading_s: Option<i32>,
    times: impl Iterator<Item = TimeOfRow>,
) -> Result<(), LoggerTableError> {
    for row in times {
        // A time with a zone of its own means one moment, whatever is asked.
        let is_open = row.time.is_zoneless() && written_offset(&row.text).is_none();
        let Some(stated) = heading_s.filter(|_| is_open) else {
            continue;
        };
        let Ok(at) = Timestamp::from_millisecond(row.at.0) else {
            continue;
        };
        if asked.to_offset(at).seconds() == stated {
            continue;
        }
        let args = vec![
            ("line", row.line.to_string()),
            ("found", row.text),
            ("stated", offset_text(stated)),
            ("zone", zone_text(asked, at)),
        ];
        return Err(single_message_error("exchange-zone-of-heading", args));
    }
    Ok(())
}

/// Name of a zone, or its offset where it has none.
fn zone_text(zone: &TimeZone, at: Timestamp) -> String {
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None => offset_text(zone.to_offset(at).seconds()),
    }
}

/// Offset from UTC as `UTC+07:00`.
fn offset_text(seconds: i32) -> String {
    let Ok(offset) = Offset::from_seconds(seconds) else {
        return String::new();
    };
    let minutes = offset.seconds().abs() / 60;
    let sign = if offset.is_negative() { '-' } else { '+' };
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}
