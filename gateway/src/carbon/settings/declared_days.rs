//! First and last day of a declaration.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::RawDate;
use jiff::civil::Date;

/// Checks that the last day does not come before the first one.
pub(crate) fn check_order(
    notes: &mut DiagnosticCollector<'_>,
    days: (Option<Date>, Option<Date>),
    until: Option<&RawDate>,
) {
    if let ((Some(day), Some(last)), Some(at)) = (days, until)
        && last < day
    {
        let (found, expected) = (last.to_string(), format!(">= {day}"));
        notes.add_error(at.span(), "until", "fault-range", &found, &expected);
    }
}
