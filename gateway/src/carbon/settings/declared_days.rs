//! First and last day of a declaration.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::RawDate;
use crate::domain::date_bounds::DateBounds;

/// Checks `since` and `until`: the last day must not come before the first one.
pub(crate) fn check_days(
    notes: &mut DiagnosticCollector<'_>,
    [since, until]: [Option<&RawDate>; 2],
) -> DateBounds {
    let days = DateBounds {
        since: notes.declared_date(since, "since"),
        until: notes.declared_date(until, "until"),
    };
    if let (Some(day), Some(last), Some(at)) = (days.since, days.until, until)
        && last < day
    {
        let (found, expected) = (last.to_string(), format!(">= {day}"));
        notes.add_error(at.span(), "until", "fault-range", &found, &expected);
    }
    days
}
