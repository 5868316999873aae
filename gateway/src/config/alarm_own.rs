//! [`check_own`]: `[[alarm]]` with `id`, a rule of the site.

use crate::assets::Asset;
use crate::config::alarm_library::figure_range;
use crate::config::alarm_rule::{AlarmLevel, AlarmPeriod, AlarmRule, AlarmSource, AlarmTest};
use crate::config::alarm_table::{
    AFTER_DEFAULT, AlarmContext, CLEAR_AFTER_DEFAULT, RawAlarm, apply_times, check_lasting,
    check_limit, check_reachable, clear_of, duration, is_faulty, limit_keys, named_subject,
    test_key,
};
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Checks a rule of the site.
pub(super) fn check_own(
    notes: &mut DiagnosticCollector<'_>,
    (typed, span): (&RawAlarm, Range<usize>),
    id: Arc<str>,
    around: &AlarmContext<'_>,
) -> Option<AlarmRule> {
    let is_faulty = is_faulty(notes, &span);
    if typed.id.is_none() {
        if !is_faulty {
            notes.add_error(span, "id", "fault-alarm-neither", "", "");
        }
        return None;
    }
    let tests = limit_keys(typed);
    let tests = tests.iter().filter(|(key, _)| *key != "clear").count();
    if tests == 0 && is_faulty {
        return None;
    }
    if tests != 1 {
        let found = tests.to_string();
        notes.add_error(span.clone(), "", "fault-alarm-tests", &found, "");
        return None;
    }
    if typed.off.is_some() {
        notes.add_error(span.clone(), "off", "fault-alarm-off", &id, "");
    }
    let (test, lasting) = own_test(notes, typed)?;
    let (source, subject) = match (&typed.point, &typed.indicator) {
        (Some(at), None) => {
            if let Some((key, other)) = [("asset", &typed.asset), ("device", &typed.device)]
                .into_iter()
                .find_map(|(key, at)| Some((key, at.as_ref()?)))
            {
                notes.add_error(other.span(), key, "fault-alarm-point", &id, "");
            }
            let id = own_point(notes, at, (typed, test), around)?;
            let subject = Arc::clone(&id);
            (AlarmSource::Point { id, test }, subject)
        }
        (None, Some(at)) => own_indicator(notes, at, (typed, test), around)?,
        (None, None) if is_faulty => return None,
        _ => {
            notes.add_error(span, "", "fault-alarm-source", &id, "");
            return None;
        }
    };
    let base = AlarmRule {
        id,
        name: notes.display_name(&typed.name, "name"),
        subject: Some(subject),
        source,
        severity: Some(AlarmLevel::Warning),
        after: AFTER_DEFAULT,
        clear_after: CLEAR_AFTER_DEFAULT,
        unless: None,
        is_off: false,
    };
    let rule = apply_times(notes, typed, base);
    Some(AlarmRule {
        after: lasting.unwrap_or(rule.after),
        ..rule
    })
}

/// Test of a rule of the site, and the time that `silent` or `stuck` names.
fn own_test(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawAlarm,
) -> Option<(AlarmTest, Option<Duration>)> {
    let lasting = [
        ("silent", &typed.silent, AlarmTest::Silent),
        ("stuck", &typed.stuck, AlarmTest::Stuck),
    ];
    for (key, at, test) in lasting {
        if at.is_some() {
            return Some((test, Some(duration(notes, at, key)?)));
        }
    }
    if typed.rate.is_some() {
        let rate = notes.positive_number(&typed.rate, "rate")?;
        return Some((AlarmTest::Rate(rate), None));
    }
    let (key, at, is_above) = match &typed.above {
        Some(at) => ("above", Some(at), true),
        None => ("below", typed.below.as_ref(), false),
    };
    let limit = notes.finite_number(at, key)?;
    let step = limit.abs() / 20.0;
    let usual = if is_above { limit - step } else { limit + step };
    let clear = clear_of(notes, typed, (Some(limit), limit, usual), is_above);
    let test = if is_above {
        AlarmTest::Above { limit, clear }
    } else {
        AlarmTest::Below { limit, clear }
    };
    Some((test, None))
}

fn own_point(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<String>,
    (typed, test): (&RawAlarm, AlarmTest),
    around: &AlarmContext<'_>,
) -> Option<Arc<str>> {
    let devices = around.site.devices.iter();
    let mut points = devices.clone().flat_map(|device| &device.points);
    let found = points.find(|one| *one.id == **at.get());
    let Some(id) = found.map(|point| Arc::clone(&point.id)) else {
        let known = devices.flat_map(|device| device.points.iter().map(|point| &*point.id));
        let hint = nearest_name(at.get(), known);
        let (what, expected) = ("fault-unknown-point", "fault-expect-point");
        notes.add_error_with_hint(at.span(), "point", what, at.get(), expected, hint);
        return None;
    };
    check_lasting(notes, typed, &id, around);
    check_reachable(notes, typed, &id, test, around);
    Some(id)
}

fn own_indicator(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<String>,
    (typed, test): (&RawAlarm, AlarmTest),
    around: &AlarmContext<'_>,
) -> Option<(AlarmSource, Arc<str>)> {
    let id = at.get();
    if !around.figures.contains(id) {
        let hint = nearest_name(id, around.figures.iter().map(String::as_str));
        let (what, expected) = ("fault-unknown-indicator", "fault-expect-figure");
        notes.add_error_with_hint(at.span(), "indicator", what, id, expected, hint);
        return None;
    }
    if !matches!(test, AlarmTest::Above { .. } | AlarmTest::Below { .. }) {
        let key = test_key(test);
        notes.add_error(at.span(), key, "fault-alarm-figure", id, "above, below");
        return None;
    }
    let asset = named_subject(notes, typed, around).ok()?;
    let kind = id.split('.').next().unwrap_or_default();
    let of_kind = |one: &&Asset| one.kind.word() == kind;
    let own: Vec<&str> = around
        .assets
        .iter()
        .filter(of_kind)
        .map(|one| &*one.id)
        .collect();
    let is_fitting = match &asset {
        Some(asset) => own.contains(&&**asset),
        None => own.is_empty(),
    };
    if !is_fitting {
        let (what, span) = match &typed.asset {
            Some(typed) if own.is_empty() => ("fault-alarm-no-asset", typed.span()),
            _ => ("fault-alarm-asset", at.span()),
        };
        notes.add_error(span, "asset", what, id, &own.join(", "));
        return None;
    }
    if let Some(range) = figure_range(id) {
        check_limit(notes, typed, test, range);
    }
    let words = "recent, week, month";
    let period = notes.parsed_text(&typed.period, "period", AlarmPeriod::parse, words);
    let subject = asset.clone().unwrap_or_else(|| Arc::from(&**id));
    let source = AlarmSource::Indicator {
        id: Arc::from(&**id),
        asset,
        period: period.unwrap_or(AlarmPeriod::Recent),
        test,
    };
    Some((source, subject))
}
