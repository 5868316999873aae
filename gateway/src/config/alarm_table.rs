//! [`RawAlarm`]: `[[alarm]]` as typed, and the checks that changed and new rules share.

use crate::assets::Asset;
use crate::config::alarm_rule::{AlarmLevel, AlarmRule, AlarmTest};
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawNumber, RawText};
use crate::config::value_syntax::{EXPECT_DURATION, parse_duration};
use crate::domain::Site;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Time for which an alarm must be over, where a rule says nothing.
pub(super) const CLEAR_AFTER_DEFAULT: Duration = Duration::from_mins(10);
/// Time for which a rule of the site must last, where it says nothing.
pub(super) const AFTER_DEFAULT: Duration = Duration::from_mins(2);
/// Polls of a device within the shortest time of silence or of the same value.
const LEAST_POLLS: u64 = 3;
/// Longest time of a rule.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// `[[alarm]]` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawAlarm {
    /// Default rule that is changed or switched off (`config/alarm_rules.toml`).
    pub(crate) rule: RawText,
    /// Id of a rule of the site: letters, digits, `-` and `_`.
    pub(crate) id: RawText,
    /// Name for people.
    pub(crate) name: RawText,
    /// Asset: that of `indicator`, or the only one for which a default rule is changed.
    pub(crate) asset: RawText,
    /// Device for which a default rule is changed.
    pub(crate) device: RawText,
    /// Point, `device.point`, in its own unit.
    pub(crate) point: RawText,
    /// Figure, `tank.days_left`, in its own unit.
    pub(crate) indicator: RawText,
    /// Period of the figure: yesterday and today (default), the last seven days, or this month.
    #[schemars(extend("enum" = ["recent", "week", "month"]))]
    pub(crate) period: RawText,
    /// Alarm above this value.
    pub(crate) above: RawNumber,
    /// Alarm below this value.
    pub(crate) below: RawNumber,
    /// Value at which it is over; by default a twentieth of the limit inside it.
    pub(crate) clear: RawNumber,
    /// Alarm when the value changes by more than this in an hour, up or down.
    pub(crate) rate: RawNumber,
    /// Alarm when there is no good value for this time, e.g. `"30m"`.
    pub(crate) silent: RawText,
    /// Alarm when the value is exactly the same for this time, e.g. `"24h"`.
    pub(crate) stuck: RawText,
    /// Time for which it must last, e.g. `"10m"`; 2 minutes by default.
    pub(crate) after: RawText,
    /// Time for which it must be over; 10 minutes by default.
    pub(crate) clear_after: RawText,
    /// Severity, `warning` by default.
    #[schemars(extend("enum" = ["urgent", "warning", "notice"]))]
    pub(crate) severity: RawText,
    /// `true`: the default rule is switched off.
    pub(crate) off: Option<bool>,
}

/// Parts of a site that rules are about.
pub(crate) struct AlarmContext<'a> {
    pub(crate) site: &'a Site,
    pub(crate) assets: &'a [Asset],
    /// Ids of all figures.
    pub(crate) figures: &'a [String],
    /// Lowest and highest value of a point.
    pub(crate) range_of: &'a dyn Fn(&str) -> (f64, f64),
}

/// Asset or device that a table names; an error for one that is not there.
pub(super) fn named_subject(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawAlarm,
    around: &AlarmContext<'_>,
) -> Result<Option<Arc<str>>, ()> {
    let assets: Vec<&Arc<str>> = around.assets.iter().map(|one| &one.id).collect();
    let devices: Vec<&Arc<str>> = around.site.devices.iter().map(|one| &one.id).collect();
    for (key, typed, known, what) in [
        ("asset", &typed.asset, &assets, "fault-unknown-asset"),
        ("device", &typed.device, &devices, "fault-unknown-device"),
    ] {
        let Some(at) = typed else { continue };
        if let Some(found) = known.iter().find(|id| id.as_ref() == at.get()) {
            return Ok(Some(Arc::clone(found)));
        }
        let hint = nearest_name(at.get(), known.iter().map(|id| &***id));
        let all: Vec<&str> = known.iter().map(|id| &***id).collect();
        notes.add_error_with_hint(at.span(), key, what, at.get(), &all.join(", "), hint);
        return Err(());
    }
    Ok(None)
}

/// Keys of limits that a table has, with their places.
pub(super) fn limit_keys(typed: &RawAlarm) -> Vec<(&'static str, Range<usize>)> {
    let numbers = [
        ("above", &typed.above),
        ("below", &typed.below),
        ("rate", &typed.rate),
        ("clear", &typed.clear),
    ];
    let numbers = numbers.into_iter();
    let numbers = numbers.filter_map(|(key, at)| Some((key, at.as_ref()?.span())));
    let times = [("silent", &typed.silent), ("stuck", &typed.stuck)].into_iter();
    let times = times.filter_map(|(key, at)| Some((key, at.as_ref()?.span())));
    numbers.chain(times).collect()
}

/// The rule with the times, severity and switch of a table.
pub(super) fn apply_times(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawAlarm,
    base: AlarmRule,
) -> AlarmRule {
    let after = duration(notes, &typed.after, "after");
    let clear_after = duration(notes, &typed.clear_after, "clear_after");
    let level = AlarmLevel::parse;
    let expected = "urgent, warning, notice";
    let severity = notes.parsed_text(&typed.severity, "severity", level, expected);
    AlarmRule {
        after: after.unwrap_or(base.after),
        clear_after: clear_after.unwrap_or(base.clear_after),
        severity: severity.or(base.severity),
        is_off: typed.off == Some(true),
        ..base
    }
}

pub(super) fn duration(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawText,
    key: &str,
) -> Option<Duration> {
    let found = notes.parsed_text(typed, key, parse_duration, EXPECT_DURATION)?;
    if let (true, Some(at)) = (found > LONGEST, typed) {
        notes.add_error(at.span(), key, "fault-value", at.get(), "<= 30d");
        return None;
    }
    Some(found)
}

pub(super) fn test_key(test: AlarmTest) -> &'static str {
    match test {
        AlarmTest::Above { .. } => "above",
        AlarmTest::Below { .. } => "below",
        AlarmTest::Rate(_) => "rate",
        AlarmTest::Stuck => "stuck",
        AlarmTest::Silent => "silent",
    }
}

/// Value at which an alarm is over: as typed, else as far inside the limit as before, or a
/// twentieth of it.
pub(super) fn clear_of(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawAlarm,
    (new, old, clear): (Option<f64>, f64, f64),
    is_above: bool,
) -> f64 {
    let limit = new.unwrap_or(old);
    let Some(at) = &typed.clear else {
        return limit + (clear - old);
    };
    let Some(value) = notes.finite_number(Some(at), "clear") else {
        return limit;
    };
    let is_inside = if is_above {
        value < limit
    } else {
        value > limit
    };
    if !is_inside {
        let expected = if is_above { "<" } else { ">" };
        let expected = format!("{expected} {limit}");
        notes.add_error(
            at.span(),
            "clear",
            "fault-range",
            &value.to_string(),
            &expected,
        );
    }
    value
}

/// Refuses a limit that no value of the point can be beyond.
pub(super) fn check_reachable(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawAlarm,
    point: &str,
    test: AlarmTest,
    around: &AlarmContext<'_>,
) {
    check_limit(notes, typed, test, (around.range_of)(point));
}

/// Refuses a limit that no value between the least and the most can be beyond.
pub(super) fn check_limit(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawAlarm,
    test: AlarmTest,
    (least, most): (f64, f64),
) {
    let (key, at, limit) = match test {
        AlarmTest::Above { limit, .. } => ("above", &typed.above, limit),
        AlarmTest::Below { limit, .. } => ("below", &typed.below, limit),
        _ => return,
    };
    let Some(at) = at.as_ref().filter(|_| limit <= least || limit >= most) else {
        return;
    };
    let expected = format!("{least}..{most}");
    notes.add_error(at.span(), key, "fault-range", &limit.to_string(), &expected);
}

/// Refuses a time of silence or of the same value within which the device is hardly asked.
pub(super) fn check_lasting(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawAlarm,
    point: &str,
    around: &AlarmContext<'_>,
) {
    let found = around.site.find_point(point);
    let device = found.and_then(|(device, _)| around.site.devices.get(usize::from(device)));
    let every_ms = device.map_or(0, |device| device.every_ms);
    let least = Duration::from_millis(every_ms.saturating_mul(LEAST_POLLS));
    for (key, typed) in [("silent", &typed.silent), ("stuck", &typed.stuck)] {
        let Some(at) = typed else { continue };
        if parse_duration(at.get()).is_some_and(|time| time < least) {
            let expected = format!(">= {least:?}");
            notes.add_error(at.span(), key, "fault-value", at.get(), &expected);
        }
    }
}

/// Whether something else is wrong within a table already: what was taken out of it is not missing.
pub(super) fn is_faulty(notes: &DiagnosticCollector<'_>, table: &Range<usize>) -> bool {
    let behind = notes.text.get(table.end..).unwrap_or_default();
    let end = behind
        .find("\n[")
        .map_or(notes.text.len(), |at| table.end + at);
    let lines = notes.line_number(table.start)..=notes.line_number(end);
    notes.faults.iter().any(|fault| lines.contains(&fault.line))
}
