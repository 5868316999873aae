//! [`check_change`]: `[[alarm]]` with `rule`, the change of a default rule.

use crate::config::alarm_library::{figure_range, library_rules, library_test};
use crate::config::alarm_rule::{AlarmRule, AlarmSource, AlarmTest};
use crate::config::alarm_table::{
    AlarmContext, RawAlarm, apply_times, check_lasting, check_limit, check_reachable, clear_of,
    duration, limit_keys, named_subject, test_key,
};
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;
use std::ops::Range;
use std::sync::Arc;

/// Checks the change of a default rule; the changed rules, one for each subject.
pub(super) fn check_change(
    notes: &mut DiagnosticCollector<'_>,
    (typed, span): (&RawAlarm, Range<usize>),
    rule: &SpannedValue<String>,
    defaults: &[AlarmRule],
    around: &AlarmContext<'_>,
) -> Vec<AlarmRule> {
    let Some(known) = library_rules().iter().find(|one| one.id == *rule.get()) else {
        let ids = || library_rules().iter().map(|one| &*one.id);
        let (hint, all) = (nearest_name(rule.get(), ids()), ids().collect::<Vec<_>>());
        let (what, all) = ("fault-unknown-alarm", all.join(", "));
        notes.add_error_with_hint(rule.span(), "rule", what, rule.get(), &all, hint);
        return Vec::new();
    };
    for (key, other) in [
        ("id", &typed.id),
        ("name", &typed.name),
        ("point", &typed.point),
        ("indicator", &typed.indicator),
        ("period", &typed.period),
        ("silent", &typed.silent),
    ] {
        if let Some(at) = other {
            notes.add_error(at.span(), key, "fault-alarm-default", rule.get(), "");
        }
    }
    refuse_beside_off(notes, typed, rule.get());
    let Ok(subject) = named_subject(notes, typed, around) else {
        return Vec::new();
    };
    let limits = limit_keys(typed);
    if library_test(known).is_none() {
        if let Some((key, span)) = limits.first() {
            notes.add_error(span.clone(), key, "fault-alarm-fixed", rule.get(), "");
        }
        let base = defaults.iter().find(|one| *one.id == *known.id);
        let changed = base.cloned().map(|base| AlarmRule { subject, ..base });
        let changed = changed.map(|base| apply_times(notes, typed, base));
        return changed.into_iter().collect();
    }
    let own_points = subject.as_ref().map(|subject| points_of(subject, around));
    let is_meant = |one: &&AlarmRule| {
        let Some(subject) = &subject else {
            return true;
        };
        let own = own_points.as_deref().unwrap_or_default();
        one.is_about(subject) || one.subject.as_ref().is_some_and(|of| own.contains(of))
    };
    let fitting = defaults.iter().filter(|one| *one.id == *known.id);
    let meant: Vec<AlarmRule> = fitting.filter(is_meant).cloned().collect();
    if let Some(subject) = subject.filter(|_| meant.is_empty()) {
        let found = rule.get();
        notes.add_error(span, "rule", "fault-alarm-subject", found, &subject);
    }
    let changed = meant.into_iter().map(|base| {
        let base = apply_times(notes, typed, base);
        apply_limits(notes, typed, base, around)
    });
    changed.collect()
}

/// Refuses what has no effect on a rule that the same table switches off.
fn refuse_beside_off(notes: &mut DiagnosticCollector<'_>, typed: &RawAlarm, rule: &str) {
    let times = [
        ("after", &typed.after),
        ("clear_after", &typed.clear_after),
        ("severity", &typed.severity),
    ];
    let times = times.into_iter();
    let times = times.filter_map(|(key, at)| Some((key, at.as_ref()?.span())));
    let first = limit_keys(typed).into_iter().chain(times).next();
    if let Some((key, span)) = first.filter(|_| typed.off == Some(true)) {
        notes.add_error(span, key, "fault-alarm-beside-off", rule, "");
    }
}

/// Points of an asset or a device.
fn points_of(subject: &str, around: &AlarmContext<'_>) -> Vec<Arc<str>> {
    let assets = around.assets.iter().filter(|one| *one.id == *subject);
    let of_assets = assets.flat_map(|one| one.points.values());
    let devices = around.site.devices.iter().filter(|one| *one.id == *subject);
    let of_devices = devices.flat_map(|one| &one.points).map(|point| &point.id);
    of_assets.chain(of_devices).cloned().collect()
}

/// The default rule with the limits of a table, which must be of the same kind.
fn apply_limits(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawAlarm,
    base: AlarmRule,
    around: &AlarmContext<'_>,
) -> AlarmRule {
    let (kind, old) = match &base.source {
        AlarmSource::Condition { .. } => return base,
        AlarmSource::Indicator { test, .. } | AlarmSource::Point { test, .. } => {
            (test_key(*test), *test)
        }
    };
    let other = limit_keys(typed);
    let has_clear = matches!(old, AlarmTest::Above { .. } | AlarmTest::Below { .. });
    let is_other = |key: &str| key != kind && !(has_clear && key == "clear");
    if let Some((key, span)) = other.iter().find(|(key, _)| is_other(key)) {
        notes.add_error(span.clone(), key, "fault-alarm-kind", &base.id, kind);
        return base;
    }
    let test = match old {
        AlarmTest::Above { limit, clear } => {
            let typed_limit = notes.finite_number(typed.above.as_ref(), "above");
            let clear = clear_of(notes, typed, (typed_limit, limit, clear), true);
            AlarmTest::Above {
                limit: typed_limit.unwrap_or(limit),
                clear,
            }
        }
        AlarmTest::Below { limit, clear } => {
            let typed_limit = notes.finite_number(typed.below.as_ref(), "below");
            let clear = clear_of(notes, typed, (typed_limit, limit, clear), false);
            AlarmTest::Below {
                limit: typed_limit.unwrap_or(limit),
                clear,
            }
        }
        AlarmTest::Rate(old) => {
            AlarmTest::Rate(notes.positive_number(&typed.rate, "rate").unwrap_or(old))
        }
        AlarmTest::Stuck | AlarmTest::Silent => old,
    };
    let stuck = duration(notes, &typed.stuck, "stuck");
    let after = stuck.unwrap_or(base.after);
    let source = match base.source.clone() {
        AlarmSource::Indicator {
            id, asset, period, ..
        } => {
            if let Some(range) = figure_range(&id) {
                check_limit(notes, typed, test, range);
            }
            AlarmSource::Indicator {
                id,
                asset,
                period,
                test,
            }
        }
        AlarmSource::Point { id, .. } => {
            check_reachable(notes, typed, &id, test, around);
            check_lasting(notes, typed, &id, around);
            AlarmSource::Point { id, test }
        }
        same @ AlarmSource::Condition { .. } => same,
    };
    AlarmRule {
        source,
        after,
        ..base
    }
}
