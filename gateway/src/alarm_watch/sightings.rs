//! Rules of alarms to sightings: what each rule sees of the site now.

use super::site_state::LatestSamples;
use crate::alarms::{
    AlarmSight, AlarmTiming, PointSample, PointWatch, SentenceSet, Sighting, limit_sight,
    value_text,
};
use crate::assets::Asset;
use crate::attention::{
    AttentionItem, AttentionSeverity, DeviceConditionState, SiteCondition, last_reading,
};
use crate::config::{AlarmLevel, AlarmPeriod, AlarmRule, AlarmSource, AlarmTest, Config, is_role};
use crate::domain::indicator::SiteIndicators;
use crate::domain::{DeviceInfo, Quality, SampleOutcome, UtcMs};
use crate::i18n::Language;
use crate::indicators::name_key;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Age up to which a sample or the reading behind a figure is the present, ms.
const PRESENT_MS: i64 = 30 * 60_000;
/// Age up to which the last reading behind a figure of days says something, ms.
const FIGURE_AGE_MAX_MS: i64 = 6 * 3_600_000;
/// Polls after which a sample is no longer fresh, and the shortest time for that, ms.
const FRESH_POLLS: i64 = 3;
const FRESH_LEAST_MS: i64 = 60_000;

/// Rule that holds for a subject: the first one of its id that is about it.
pub(super) fn rule_for<'a>(
    rules: &'a [AlarmRule],
    id: &str,
    subject: &str,
) -> Option<&'a AlarmRule> {
    let mut own = rules.iter().filter(|rule| *rule.id == *id);
    let found = own.find(|rule| rule.is_about(subject));
    found.filter(|rule| !rule.is_off)
}

/// Key of an alarm.
pub(super) fn alarm_key(rule: &AlarmRule, subject: &str) -> String {
    format!("{}/{subject}", rule.id)
}

/// Rules of one subject each that hold, with this subject.
fn measured_rules(rules: &[AlarmRule]) -> impl Iterator<Item = (&AlarmRule, &Arc<str>)> {
    let own = rules.iter();
    let own = own.filter(|rule| !matches!(rule.source, AlarmSource::Condition { .. }));
    let named = own.filter_map(|rule| Some((rule, rule.subject.as_ref()?)));
    named.filter(move |(rule, subject)| {
        rule_for(rules, &rule.id, subject).is_some_and(|first| std::ptr::eq(first, *rule))
    })
}

fn new_sighting(rule: &AlarmRule, subject: &str, sight: AlarmSight) -> Sighting {
    let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    Sighting {
        key: alarm_key(rule, subject),
        sight,
        timing: AlarmTiming {
            after_ms: milliseconds(rule.after),
            clear_after_ms: milliseconds(rule.clear_after),
        },
        level: rule.severity.unwrap_or(AlarmLevel::Warning),
        value: None,
        texts: SentenceSet::new(),
    }
}

/// Holds back what another rule says more urgently of the same subject: its trouble is there, or
/// it is `raised`. An alarm that was raised before stays.
pub(super) fn hold_back_lesser(config: &Config, raised: &BTreeSet<String>, seen: &mut [Sighting]) {
    let in_trouble = |one: &&Sighting| one.sight == AlarmSight::Trouble;
    let troubles = seen.iter().filter(in_trouble);
    let troubles: BTreeSet<String> = troubles.map(|one| one.key.clone()).collect();
    for one in seen {
        let Some((id, subject)) = one.key.split_once('/') else {
            continue;
        };
        let rule = rule_for(&config.alarms, id, subject);
        let Some(worse) = rule.and_then(|rule| rule.unless.as_deref()) else {
            continue;
        };
        let worse = format!("{worse}/{subject}");
        let is_told = troubles.contains(&worse) || raised.contains(&worse);
        if is_told && one.sight == AlarmSight::Trouble {
            one.sight = AlarmSight::Between;
        }
    }
}

/// Sightings of the rules of points. `watches` remembers what each rule saw before.
pub(super) fn point_sightings(
    config: &Config,
    condition: &PointCondition<'_>,
    watches: &mut BTreeMap<String, PointWatch>,
) -> Vec<Sighting> {
    let mut all = Vec::new();
    for (rule, subject) in measured_rules(&config.alarms) {
        let AlarmSource::Point { id, test } = &rule.source else {
            continue;
        };
        let sample = condition.sample_of(config, id);
        let watch = watches.entry(alarm_key(rule, subject)).or_default();
        let mut seen = new_sighting(rule, subject, watch.look(*test, sample));
        let value = sample.good.map(|(_, value)| value);
        seen.value = value.filter(|_| sample.is_fresh);
        if seen.sight == AlarmSight::Trouble || seen.value.is_some() {
            let unit = config.site.point(id).map_or("", |point| &*point.unit);
            let name = |lang| rule_name(rule, || point_name(config, id, lang));
            seen.texts = sentences(name, (*test, rule.after), (seen.sight, seen.value), unit);
        }
        all.push(seen);
    }
    all
}

/// Parts of the site that rules of points look at.
pub(super) struct PointCondition<'a> {
    pub(super) latest: &'a LatestSamples,
    pub(super) devices: &'a [crate::attention::DeviceCondition],
    pub(super) now: UtcMs,
    /// Ages mean nothing while the clock is not trusted.
    pub(super) is_trusted: bool,
}

impl PointCondition<'_> {
    fn sample_of(&self, config: &Config, point: &str) -> PointSample {
        let found = config.site.find_point(point);
        let device = found.map(|(device, _)| usize::from(device));
        let info = device.and_then(|index| config.site.devices.get(index));
        let state = device.and_then(|index| self.devices.get(index));
        let is_well = state.is_none_or(|state| {
            let state = state.state;
            matches!(
                state,
                DeviceConditionState::Well | DeviceConditionState::Waiting
            )
        });
        let last = self.latest.get(point).filter(|_| self.is_trusted);
        let good = last.and_then(|last| match &last.sample.outcome {
            SampleOutcome::Good(number) => Some((last.sample.at, number.to_f64())),
            _ => None,
        });
        // A device that answers and gives no good value of this point is not well for it.
        let is_bad = last.is_some_and(|last| last.sample.outcome.quality() == Quality::Bad);
        PointSample {
            good,
            is_fresh: good.is_some_and(|(at, _)| self.is_fresh(at, info)),
            is_device_well: !self.is_trusted || is_well && !is_bad,
        }
    }

    fn is_fresh(&self, at: UtcMs, info: Option<&DeviceInfo>) -> bool {
        let every = info.map_or(0, |info| i64::try_from(info.every_ms).unwrap_or(i64::MAX));
        let limit = every.saturating_mul(FRESH_POLLS).max(FRESH_LEAST_MS);
        self.now.0 - at.0 <= limit
    }
}

/// Sightings of the rules of figures.
pub(super) fn figure_sightings(config: &Config, condition: &SiteCondition<'_>) -> Vec<Sighting> {
    let mut all = Vec::new();
    for (rule, subject) in measured_rules(&config.alarms) {
        let AlarmSource::Indicator {
            id,
            asset,
            period,
            test,
        } = &rule.source
        else {
            continue;
        };
        let account = match period {
            AlarmPeriod::Recent => condition.figures.recent,
            AlarmPeriod::Week => condition.figures.week,
            AlarmPeriod::Month => condition.figures.month,
        };
        let found = figure_now(account, (id, asset.as_deref()), *period, condition);
        let sight = found
            .as_ref()
            .map_or(AlarmSight::Unknown, |(value, _)| limit_sight(*test, *value));
        let mut seen = new_sighting(rule, subject, sight);
        seen.value = found.as_ref().map(|(value, _)| *value);
        if let Some((value, unit)) = found {
            let name = |lang: Language| {
                rule_name(rule, || {
                    figure_name(config, (rule, id), asset.as_deref(), lang)
                })
            };
            seen.texts = sentences(name, (*test, rule.after), (sight, Some(value)), &unit);
        }
        all.push(seen);
    }
    all
}

/// Value and unit of a figure that says something about now.
fn figure_now(
    account: &SiteIndicators,
    (id, asset): (&str, Option<&str>),
    period: AlarmPeriod,
    condition: &SiteCondition<'_>,
) -> Option<(f64, Arc<str>)> {
    let today = condition.site.timezone.date(condition.now);
    let works = |one: &&Asset| asset == Some(&*one.id) && one.days.contains(today);
    let is_working = asset.is_none() || condition.assets.iter().any(|one| works(&one));
    let figure = account.find(id, asset)?;
    let value = *figure.value.as_ref().ok()?;
    let oldest = match period {
        AlarmPeriod::Recent => PRESENT_MS,
        AlarmPeriod::Week | AlarmPeriod::Month => FIGURE_AGE_MAX_MS,
    };
    let is_new = last_reading(figure).is_none_or(|(at, _)| condition.now.0 - at.0 <= oldest);
    (is_working && is_new && condition.clock_trusted).then(|| (value, Arc::clone(&figure.unit)))
}

/// Sightings of the conditions of the home page. `kept` are the keys that have a state: what is
/// not found any more is over, or cannot be seen.
pub(super) fn condition_sightings(
    config: &Config,
    condition: &SiteCondition<'_>,
    found: &[AttentionItem],
    kept: &[String],
) -> Vec<Sighting> {
    let mut all: BTreeMap<String, Sighting> = BTreeMap::new();
    let zone = config.site.timezone.rules();
    for item in found {
        let subject = &*item.finding.subject;
        for id in condition_rules(&config.alarms, item.rule.id) {
            let Some(rule) = rule_for(&config.alarms, id, subject) else {
                continue;
            };
            let can_see = condition.clock_trusted || !is_asset(condition, subject);
            let sight = if can_see {
                AlarmSight::Trouble
            } else {
                AlarmSight::Unknown
            };
            let mut seen = new_sighting(rule, subject, sight);
            seen.level = rule.severity.unwrap_or(level_of(item.rule.severity));
            let text = |lang: &Language| {
                let text = item.sentence(*lang, zone, condition.now);
                (lang.code().to_owned(), text)
            };
            seen.texts = Language::ALL.iter().map(text).collect();
            all.insert(seen.key.clone(), seen);
        }
    }
    for key in kept {
        let Some((id, subject)) = key.split_once('/') else {
            continue;
        };
        let rule = rule_for(&config.alarms, id, subject);
        let Some(rule) = rule.filter(|_| !all.contains_key(key)) else {
            continue;
        };
        if let AlarmSource::Condition { needs, .. } = &rule.source {
            let sight = absent_sight(condition, subject, needs);
            all.insert(key.clone(), new_sighting(rule, subject, sight));
        }
    }
    all.into_values().collect()
}

/// Ids of the rules that look at a condition.
fn condition_rules<'a>(rules: &'a [AlarmRule], condition: &str) -> Vec<&'a str> {
    let own = rules.iter().filter_map(|rule| match &rule.source {
        AlarmSource::Condition { id, .. } if **id == *condition => Some(&*rule.id),
        _ => None,
    });
    let mut own: Vec<&str> = own.collect();
    own.sort_unstable();
    own.dedup();
    own
}

/// Sight of a condition that was not found: over, unless nothing can be said about its subject.
fn absent_sight(condition: &SiteCondition<'_>, subject: &str, needs: &[Arc<str>]) -> AlarmSight {
    let devices = condition.site.devices.iter().zip(&condition.devices);
    let mut waiting = devices.filter(|(info, _)| *info.id == *subject || *info.bus == *subject);
    if waiting.any(|(_, device)| device.state == DeviceConditionState::Waiting) {
        return AlarmSight::Unknown;
    }
    let Some(asset) = condition.assets.iter().find(|one| *one.id == *subject) else {
        return AlarmSight::Clear;
    };
    let needed = asset.points.iter();
    let mut needed = needed.filter(|(role, _)| needs.iter().any(|need| is_role(role, need)));
    let is_missing = needed.any(|(_, point)| {
        let last = condition.latest.get(point);
        last.is_none_or(|(at, _)| condition.now.0 - at.0 > PRESENT_MS)
    });
    if is_missing || !condition.clock_trusted {
        AlarmSight::Unknown
    } else {
        AlarmSight::Clear
    }
}

fn is_asset(condition: &SiteCondition<'_>, subject: &str) -> bool {
    condition.assets.iter().any(|one| *one.id == *subject)
}

fn level_of(severity: AttentionSeverity) -> AlarmLevel {
    match severity {
        AttentionSeverity::Urgent => AlarmLevel::Urgent,
        AttentionSeverity::Warning => AlarmLevel::Warning,
        AttentionSeverity::Notice => AlarmLevel::Notice,
    }
}

fn rule_name(rule: &AlarmRule, usual: impl FnOnce() -> String) -> String {
    rule.name.as_ref().map_or_else(usual, ToString::to_string)
}

/// Name of a point for people: its asset, and its label.
fn point_name(config: &Config, id: &str, lang: Language) -> String {
    let mut assets = config.assets.iter();
    let asset = assets.find(|asset| asset.points.values().any(|point| **point == *id));
    let found = config.site.find_point(id);
    let point = found.and_then(|(device, point)| {
        let device = config.devices.get(usize::from(device))?;
        device.points.get(point)
    });
    let label = point.map_or_else(|| id.to_owned(), |point| point.label(lang));
    match asset {
        Some(asset) => format!("{}, {label}", asset.name),
        None => label,
    }
}

/// Name of a figure for people: its asset, and the words of a default rule, else its own name.
fn figure_name(
    config: &Config,
    (rule, id): (&AlarmRule, &str),
    asset: Option<&str>,
    lang: Language,
) -> String {
    let short = lang.find_text(&format!("alarm-name-{}", rule.id));
    let name = short.unwrap_or_else(|| lang.text(&name_key(id)));
    let mut assets = config.assets.iter();
    match assets.find(|one| asset == Some(&*one.id)) {
        Some(asset) => format!("{}, {name}", asset.name),
        None => name,
    }
}

/// Sentence of a test in every language: the trouble, or the value that is there without it.
fn sentences(
    name: impl Fn(Language) -> String,
    (test, after): (AlarmTest, Duration),
    (sight, value): (AlarmSight, Option<f64>),
    unit: &str,
) -> SentenceSet {
    let said = |lang: &Language| {
        let lang = *lang;
        let shown = |value: f64| value_text(lang, value, unit);
        let (key, limit) = match test {
            AlarmTest::Above { limit, .. } => ("alarm-text-above", shown(limit)),
            AlarmTest::Below { limit, .. } => ("alarm-text-below", shown(limit)),
            AlarmTest::Rate(rate) => ("alarm-text-rate", shown(rate)),
            AlarmTest::Stuck => ("alarm-text-stuck", time_text(lang, after)),
            AlarmTest::Silent => ("alarm-text-silent", time_text(lang, after)),
        };
        let key = match test {
            _ if sight == AlarmSight::Trouble => key,
            AlarmTest::Above { .. } | AlarmTest::Below { .. } => "alarm-text-now-limit",
            AlarmTest::Rate(_) | AlarmTest::Stuck | AlarmTest::Silent => "alarm-text-now",
        };
        let value = value.map(shown).unwrap_or_default();
        let args = [("name", &*name(lang)), ("value", &value), ("limit", &limit)];
        (lang.code().to_owned(), lang.text_with(key, &args))
    };
    Language::ALL.iter().map(said).collect()
}

/// A duration as people say it: `20 detik`, `30 menit`, `24 jam`.
fn time_text(lang: Language, time: Duration) -> String {
    // The largest unit that says it exactly.
    let seconds = time.as_millis().div_ceil(1000);
    let (key, count) = match seconds {
        _ if seconds >= 7200 && seconds.is_multiple_of(3600) => ("alarm-hours", seconds / 3600),
        _ if seconds >= 60 && seconds.is_multiple_of(60) => ("alarm-minutes", seconds / 60),
        _ => ("alarm-seconds", seconds),
    };
    lang.text_with(key, &[("count", &count.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attention::ATTENTION_RULES;
    use crate::tests::{SiteText, load_site};

    fn rules() -> Vec<AlarmRule> {
        let text = SiteText::new("s").tcp_bus("b", 502).device("d", "b", "");
        let text = text.points(["{ id = 'p', register = 'holding:0', type = 'u16' }"]);
        load_site(&text.text()).alarms
    }

    #[test]
    fn every_condition_of_the_library_is_one_of_the_home_page() {
        for rule in rules() {
            if let AlarmSource::Condition { id, .. } = rule.source {
                let mut known = ATTENTION_RULES.iter();
                assert!(known.any(|one| *one.id == *id), "{id}");
            }
        }
    }

    #[test]
    fn every_urgent_condition_is_an_alarm_that_a_store_can_keep() {
        let rules = rules();
        // While the disk gives no answer at all, nothing can be kept: the home page, `/healthz` and
        // the state at the broker say so.
        let kept = ATTENTION_RULES.iter().filter(|one| one.id != "store-hung");
        for one in kept {
            let is_alarm = !condition_rules(&rules, one.id).is_empty();
            assert!(
                is_alarm || one.severity != AttentionSeverity::Urgent,
                "{}",
                one.id
            );
        }
    }

    #[test]
    fn times_are_said_exactly_in_seconds_minutes_and_hours() {
        let said = |seconds| time_text(Language::En, Duration::from_secs(seconds));
        assert_eq!(
            [10, 60, 90, 1800, 5400, 7200, 86_400].map(said),
            ["10 s", "1 min", "90 s", "30 min", "90 min", "2 h", "24 h"]
        );
    }
}
