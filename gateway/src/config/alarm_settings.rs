//! `[[alarm]]`: rules of alarms of a site, and changes of the default ones.
//!
//! ```toml
//! [[alarm]]
//! rule  = "tank-low"       # a default rule, for one tank
//! asset = "tank-1"
//! below = 30
//!
//! [[alarm]]
//! id    = "river"          # a rule of the site
//! point = "river.level"
//! above = 2.5
//! clear = 2.2
//! ```

use crate::assets::Asset;
use crate::config::alarm_change::check_change;
use crate::config::alarm_library::{LibraryRule, library_rules, library_test};
use crate::config::alarm_own::check_own;
use crate::config::alarm_rule::{AlarmLevel, AlarmPeriod, AlarmRule, AlarmSource, is_role};
use crate::config::alarm_table::{AFTER_DEFAULT, AlarmContext, CLEAR_AFTER_DEFAULT, RawAlarm};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Checks `[[alarm]]`; returns these rules and the default ones, in the order in which they hold.
pub(crate) fn check_alarms(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAlarm>],
    around: &AlarmContext<'_>,
) -> Vec<AlarmRule> {
    let library = library_rules().iter();
    let defaults: Vec<AlarmRule> = library.flat_map(|one| expand_rule(one, around)).collect();
    let (mut changed, mut everywhere, mut own) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for at in raw {
        let (span, typed) = (at.span(), at.get());
        if let Some(rule) = &typed.rule {
            let found = check_change(notes, (typed, span.clone()), rule, &defaults, around);
            for rule in found {
                let known = |one: &AlarmRule| one.id == rule.id && one.subject == rule.subject;
                if changed.iter().chain(&everywhere).any(known) {
                    let named = subject_text(&rule);
                    notes.add_error(span.clone(), "rule", "fault-duplicate", &named, "");
                }
                if typed.asset.is_some() || typed.device.is_some() {
                    changed.push(rule);
                } else {
                    everywhere.push(rule);
                }
            }
        } else if let Some(at) = typed.id.as_ref().filter(|at| is_default(at.get())) {
            notes.add_error(at.span(), "id", "fault-alarm-id", at.get(), "");
        } else {
            let id = notes.id(&typed.id, &mut seen);
            own.extend(check_own(notes, (typed, span), id, around));
        }
    }
    // What is said about one asset stands before what is said about all.
    let all = changed.into_iter().chain(everywhere).chain(defaults);
    let mut rules: Vec<AlarmRule> = all.collect();
    rules.extend(own);
    rules
}

fn is_default(id: &str) -> bool {
    library_rules().iter().any(|one| one.id == id)
}

fn subject_text(rule: &AlarmRule) -> String {
    match &rule.subject {
        Some(subject) => format!("{} ({subject})", rule.id),
        None => rule.id.to_string(),
    }
}

/// Rules of the site that a rule of the library stands for: one for each asset or point.
fn expand_rule(one: &LibraryRule, around: &AlarmContext<'_>) -> Vec<AlarmRule> {
    let test = library_test(one);
    let rule = |subject: Option<Arc<str>>, source: AlarmSource| AlarmRule {
        id: Arc::from(&*one.id),
        name: None,
        subject,
        source,
        severity: AlarmLevel::parse(&one.severity),
        after: one.after.0.or(one.stuck.0).unwrap_or(AFTER_DEFAULT),
        clear_after: one.clear_after.0.unwrap_or(CLEAR_AFTER_DEFAULT),
        unless: (!one.unless.is_empty()).then(|| Arc::from(&*one.unless)),
        is_off: false,
    };
    let Some(test) = test else {
        let needs = one.needs.iter().map(|role| Arc::from(&**role)).collect();
        let id = Arc::from(&*one.condition);
        return vec![rule(None, AlarmSource::Condition { id, needs })];
    };
    let of_kind = around.assets.iter();
    let of_kind = of_kind.filter(|asset| asset.kind.word() == one.asset);
    if !one.indicator.is_empty() {
        let source = |asset: &Asset| AlarmSource::Indicator {
            id: Arc::from(&*one.indicator),
            asset: Some(Arc::clone(&asset.id)),
            period: AlarmPeriod::parse(&one.period).unwrap_or(AlarmPeriod::Recent),
            test,
        };
        let rules = of_kind.map(|asset| rule(Some(Arc::clone(&asset.id)), source(asset)));
        return rules.collect();
    }
    let by_role = of_kind.flat_map(|asset| {
        let points = asset.points.iter();
        let points = points.filter(|(role, _)| !one.role.is_empty() && is_role(role, &one.role));
        points.map(|(_, point)| Arc::clone(point))
    });
    let devices = around.site.devices.iter();
    let by_unit = devices.flat_map(|device| &device.points).filter(|point| {
        let named = |word: &String| point.name.starts_with(&**word);
        !one.unit.is_empty() && *point.unit == *one.unit && one.words.iter().any(named)
    });
    let points: BTreeSet<Arc<str>> = by_role
        .chain(by_unit.map(|point| Arc::clone(&point.id)))
        .collect();
    let source = |id: &Arc<str>| AlarmSource::Point {
        id: Arc::clone(id),
        test,
    };
    let rules = points.iter();
    rules
        .map(|id| rule(Some(Arc::clone(id)), source(id)))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::config::{AlarmRule, AlarmSource, AlarmTest, Config, Diagnostics, load_config_text};
    use crate::i18n::Language;
    use std::path::Path;
    use std::time::Duration;

    fn load(alarms: &str) -> Result<Config, Diagnostics> {
        let demo = include_str!("../../assets/demo.toml");
        let text = format!("{demo}\n{alarms}\n");
        load_config_text(&text, Path::new("pantau.toml"), &|_| None)
    }

    fn rules_of(alarms: &str, id: &str) -> Vec<AlarmRule> {
        let config = load(alarms).unwrap();
        let own = config.alarms.into_iter().filter(|rule| *rule.id == *id);
        own.collect()
    }

    fn test_of(rule: &AlarmRule) -> AlarmTest {
        match &rule.source {
            AlarmSource::Indicator { test, .. } | AlarmSource::Point { test, .. } => *test,
            AlarmSource::Condition { .. } => panic!("{rule:?}"),
        }
    }

    #[test]
    fn the_default_rules_hold_for_the_assets_of_the_site() {
        let low = rules_of("", "tank-low");
        assert_eq!(low.len(), 1);
        assert_eq!(low[0].subject.as_deref(), Some("tank"));
        let (limit, clear) = (20.0, 25.0);
        assert_eq!(test_of(&low[0]), AlarmTest::Below { limit, clear });
        let stuck = rules_of("", "bin-probe-stuck");
        assert!(
            stuck
                .iter()
                .any(|one| one.subject.as_deref() == Some("bsf-bin.temp_core"))
        );
        assert_eq!(stuck[0].after, Duration::from_hours(24));
        assert_eq!(rules_of("", "tank-leak").len(), 1);
    }

    #[test]
    fn a_default_rule_is_changed_or_switched_off_everywhere_or_for_one_asset() {
        let changed = "[[alarm]]\nrule = 'tank-low'\nasset = 'tank'\nbelow = 30\nafter = '1h'\n\
            severity = 'urgent'";
        let low = rules_of(changed, "tank-low");
        // The first one is the one that holds. The way back keeps its distance.
        let (limit, clear) = (30.0, 35.0);
        assert_eq!(test_of(&low[0]), AlarmTest::Below { limit, clear });
        assert_eq!(low[0].after, Duration::from_hours(1));
        let off = rules_of("[[alarm]]\nrule = 'sink-away'\noff = true", "sink-away");
        assert!(off[0].is_off && !off[1].is_off);
        let one = "[[alarm]]\nrule = 'device-silent'\ndevice = 'level'\nafter = '4h'";
        let one = rules_of(one, "device-silent");
        assert_eq!(one[0].subject.as_deref(), Some("level"));
        assert!(!one[0].is_about("pump") && one[1].is_about("pump"));
    }

    #[test]
    fn a_rule_of_the_site_has_a_limit_with_a_way_back() {
        let own = "[[alarm]]\nid = 'room'\nname = 'Ruang baterai'\npoint = 'air.temp_air'\n\
            above = 40\n[[alarm]]\nid = 'supply'\nindicator = 'tank.days_left'\n\
            asset = 'tank'\nperiod = 'week'\nbelow = 3\nclear = 4\n\
            [[alarm]]\nid = 'quiet'\npoint = 'air.temp_air'\nsilent = '1h'";
        let (limit, clear) = (40.0, 38.0);
        let room = &rules_of(own, "room")[0];
        assert_eq!(test_of(room), AlarmTest::Above { limit, clear });
        assert_eq!(room.name.as_deref(), Some("Ruang baterai"));
        let (limit, clear) = (3.0, 4.0);
        assert_eq!(
            test_of(&rules_of(own, "supply")[0]),
            AlarmTest::Below { limit, clear }
        );
        assert_eq!(rules_of(own, "quiet")[0].after, Duration::from_hours(1));
    }

    #[track_caller]
    fn assert_refused(cases: &[(&str, &str)]) {
        for (table, said) in cases {
            let faults = load(&format!("[[alarm]]\n{table}")).unwrap_err();
            let told = faults.render(Language::En);
            assert!(told.contains(said), "{table}: {said} is not in\n{told}");
            assert!(!faults.render(Language::Id).contains("fault-"), "{told}");
        }
    }

    #[test]
    fn a_nonsensical_change_is_refused_with_a_sentence() {
        assert_refused(&[
            ("rule = 'tank-lo'", "did you mean `tank-low`"),
            ("rule = 'tank-low'\nasset = 'tnk'", "did you mean `tank`"),
            (
                "rule = 'tank-low'\nasset = 'bsf'",
                "watches nothing of `bsf`",
            ),
            ("rule = 'tank-low'\nabove = 3", "judged by `below` alone"),
            ("rule = 'tank-low'\nclear = 20", "> 20"),
            ("rule = 'tank-low'\nbelow = 150", "0..100"),
            ("rule = 'tank-low'\noff = true\nbelow = 30", "no effect"),
            ("rule = 'bin-probe-stuck'\nstuck = '0s'", "`0s`"),
            ("rule = 'bin-hot'\nabove = 40", "is that of the asset"),
            (
                "rule = 'tank-low'\npoint = 'air.temp_air'",
                "belongs to a new alarm",
            ),
        ]);
    }

    #[test]
    fn a_nonsensical_rule_of_the_site_is_refused_with_a_sentence() {
        assert_refused(&[
            ("above = 3", "either `rule`"),
            (
                "id = 'a'\npoint = 'air.temp_air'",
                "found 0 of above, below",
            ),
            (
                "id = 'a'\npoint = 'air.temp_air'\nabove = 3\nbelow = 1",
                "found 2 of above",
            ),
            (
                "id = 'a'\npoint = 'air.temp'\nabove = 3",
                "did you mean `air.temp_air`",
            ),
            (
                "id = 'a'\npoint = 'air.temp_air'\nabove = 30\nclear = 30",
                "< 30",
            ),
            (
                "id = 'a'\npoint = 'air.temp_air'\nabove = 5000",
                "out of range",
            ),
            ("id = 'a'\npoint = 'air.temp_air'\nsilent = '5s'", ">= 90s"),
            ("id = 'a'\npoint = 'air.temp_air'\nstuck = '0s'", "`0s`"),
            (
                "id = 'a'\nindicator = 'tank.fill_last'\nasset = 'tank'\nbelow = -5",
                "0..100",
            ),
            (
                "id = 'a'\nindicator = 'co2.net'\nasset = 'tank'\nbelow = 3",
                "leave `asset` out",
            ),
            (
                "id = 'a'\npoint = 'air.temp_air'\nabove = 3\nafter = '90d'",
                "<= 30d",
            ),
            (
                "id = 'a'\npoint = 'air.temp_air'\nabove = 3\noff = true",
                "leave the new alarm",
            ),
            (
                "id = 'a'\nindicator = 'tank.fil_last'\nasset = 'tank'\nbelow = 3",
                "tank.fill_last",
            ),
            (
                "id = 'a'\nindicator = 'tank.fill_last'\nbelow = 3",
                "needs the asset",
            ),
            (
                "id = 'a'\nindicator = 'tank.fill_last'\nasset = 'tank'\nrate = 3",
                "above, below alone",
            ),
            (
                "id = 'tank-low'\npoint = 'air.temp_air'\nabove = 3",
                "`rule = \"tank-low\"`",
            ),
            (
                "id = 'a'\npoint = 'air.temp_air'\nabove = 3\nseverity = 'bad'",
                "severity",
            ),
            ("id = 'a'\nabove = 3", "needs `point` or `indicator`"),
            (
                "id = 'a'\npoint = 'level.level'\nbelow = -5",
                "out of range",
            ),
        ]);
    }

    #[test]
    fn a_key_of_the_wrong_type_is_told_once() {
        for table in [
            "id = 'a'\npoint = 'air.temp_air'\nbelow = '20 cm'",
            "id = 'a'\npoint = 7\nbelow = 20",
            "id = 7\npoint = 'air.temp_air'\nbelow = 20",
        ] {
            let faults = load(&format!("[[alarm]]\n{table}")).unwrap_err();
            assert_eq!(faults.0.len(), 1, "{}", faults.render(Language::En));
        }
    }

    #[test]
    fn one_change_of_one_alarm_is_enough() {
        let twice = "[[alarm]]\nrule = 'tank-low'\noff = true\n".repeat(2);
        let told = load(&twice).unwrap_err().render(Language::En);
        assert!(told.contains("used twice"), "{told}");
    }
}
