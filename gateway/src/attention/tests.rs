//! Each rule with a site that it is about.

use super::*;
use crate::config::Config;
use crate::domain::UtcMs;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{
    CompletenessShares, Indicator, IndicatorInput, IndicatorRemark, InputSource, PointReadings,
    RoundingDirection, SiteIndicators, Uncertainty, ValueOrigin,
};
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::ledger::IndicatorDefinitions;
use crate::status::StampingState;
use crate::tests::{SiteText, load_site};
use jiff::civil::date;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// 2026-11-25 12:00 in Jakarta.
const NOON: UtcMs = UtcMs(1_795_582_800_000);
const HOUR: i64 = 3_600_000;

/// A site with one asset of each kind that has rules, and its figures.
struct RuleBench {
    config: Config,
    recent: SiteIndicators,
    week: SiteIndicators,
    definitions: IndicatorDefinitions,
}

impl RuleBench {
    fn new() -> Self {
        let points = |ids: &[(&str, &str)]| -> Vec<String> {
            let point = |(index, (id, unit)): (usize, &(&str, &str))| {
                format!(
                    "{{ id = '{id}', register = 'holding:{index}', type = 'u16', unit = '{unit}' }}"
                )
            };
            ids.iter().enumerate().map(point).collect()
        };
        let text = SiteText::new("desa")
            .tcp_bus("lan", 502)
            .device("plant", "lan", "unit = 1\nevery = '10s'\nkind = 'inverter'")
            .points(points(&[("power", "W"), ("sun", "W/m2")]))
            .device("tank", "lan", "unit = 2\nevery = '30s'\nkind = 'level'")
            .points(points(&[("level", "m")]))
            .device("bin", "lan", "unit = 3\nevery = '30s'\nkind = 'bin'")
            .points(points(&[("core", "degC")]))
            .asset(
                "plts",
                "plts",
                "name = 'PLTS'\ncapacity_kwp = 2.0\npower = 'plant.power'",
            )
            .with("irradiance = 'plant.sun'")
            .asset(
                "tandon",
                "tank",
                "name = 'Tandon air'\nlevel = 'tank.level'",
            )
            .with("shape = { kind = 'vertical-cylinder', diameter_m = 2, height_m = 2 }")
            .asset("bsf", "bsf", "name = 'Biopond 1'\ntemperature = 'bin.core'")
            .text();
        let account = |first| SiteIndicators {
            period: Period::Range(first, date(2026, 11, 25)),
            now: crate::domain::UtcMs(0),
            revision: String::new(),
            indicators: Vec::new(),
            sources: Vec::new(),
            daily: Vec::new(),
            events: Vec::new(),
            events_left_out: 0,
        };
        Self {
            config: load_site(&text),
            recent: account(date(2026, 11, 24)),
            week: account(date(2026, 11, 19)),
            definitions: IndicatorDefinitions::built_in(),
        }
    }

    /// A condition in which nothing is wrong.
    fn well(&self) -> SiteCondition<'_> {
        let devices = self.config.site.devices.iter().map(|_| DeviceCondition {
            state: DeviceConditionState::Well,
            last_good: Some(NOON),
        });
        let latest = [
            ("plant.power", 900.0),
            ("plant.sun", 700.0),
            ("bin.core", 29.0),
        ];
        let latest = latest.map(|(id, value)| (Arc::from(id), (NOON, value)));
        SiteCondition {
            site: &self.config.site,
            assets: &self.config.assets,
            definitions: &self.definitions,
            now: NOON,
            clock_trusted: true,
            store: StoreCondition::default(),
            sinks: Vec::new(),
            stamps: None,
            copies: None,
            devices: devices.collect(),
            latest: BTreeMap::from(latest),
            figures: ConditionFigures {
                recent: &self.recent,
                week: &self.week,
                month: &self.week,
            },
            targets: Vec::new(),
            month_passed: 0.8,
            last_entries: BTreeMap::from([(Arc::from("bsf-fed"), date(2026, 11, 24))]),
        }
    }
}

/// Figure of an asset that was read until `last`.
fn figure_read(asset: &str, id: &str, value: f64, last: UtcMs) -> Indicator {
    let from = InputSource::Point(PointReadings {
        first: Some((UtcMs(NOON.0 - 7 * 24 * HOUR), value)),
        last: Some((last, value)),
        ..PointReadings::default()
    });
    Indicator {
        id: id.into(),
        asset: Some(asset.into()),
        period: Period::Day(date(2026, 11, 25)),
        value: Ok(value),
        unit: Arc::from(""),
        uncertainty: Uncertainty::default(),
        completeness: CompletenessShares::default(),
        origin: ValueOrigin::Measured,
        side: RoundingDirection::Neutral,
        method: "",
        equation: "",
        inputs: vec![IndicatorInput {
            symbol: "x",
            value: Some(value),
            unit: Arc::from(""),
            from,
            rule: "",
            parts: Vec::new(),
        }],
        factors: Vec::new(),
        claim: ClaimVerdict::Claimable,
        remarks: Vec::new(),
    }
}

fn figure(asset: &str, id: &str, value: f64) -> Indicator {
    figure_read(asset, id, value, NOON)
}

fn sentences(site: &SiteCondition<'_>) -> Vec<String> {
    let zone = site.site.timezone.rules();
    let found = find_attention(site);
    let text = |item: &AttentionItem| item.sentence(Language::Id, zone, site.now);
    found.iter().map(text).collect()
}

#[track_caller]
fn assert_only(site: &SiteCondition<'_>, sentence: &str) {
    assert_eq!(sentences(site), [sentence]);
}

#[test]
fn a_site_that_is_well_needs_no_attention() {
    assert_eq!(sentences(&RuleBench::new().well()), Vec::<String>::new());
}

#[test]
fn every_rule_has_a_sentence_in_both_languages_and_a_page() {
    let mut ids = BTreeSet::new();
    for rule in ATTENTION_RULES {
        assert!(ids.insert(rule.id), "{} twice", rule.id);
        assert!(rule.link.starts_with('/'), "{}", rule.id);
        for lang in [Language::Id, Language::En] {
            let key = format!("attention-{}", rule.id);
            assert!(lang.find_text(&key).is_some(), "{key}");
        }
    }
    let severities: Vec<_> = ATTENTION_RULES.iter().map(|rule| rule.severity).collect();
    assert!(severities.is_sorted(), "worst first");
}

#[test]
fn water_that_lasts_hours_is_told_in_hours_and_an_old_level_says_nothing() {
    let mut bench = RuleBench::new();
    bench.week.indicators = vec![
        figure("tandon", "tank.volume_last", 1.2),
        figure("tandon", "tank.days_left", 0.34),
    ];
    assert_only(&bench.well(), "Tandon air: air cukup untuk ±8 jam");
    bench.week.indicators[1] = figure("tandon", "tank.days_left", 1.5);
    assert_only(&bench.well(), "Tandon air: air cukup untuk ±1,5 hari");
    bench.week.indicators[1] = figure("tandon", "tank.days_left", 2.5);
    assert_eq!(sentences(&bench.well()), Vec::<String>::new());
    let old = UtcMs(NOON.0 - 20 * HOUR);
    bench.week.indicators = vec![
        figure_read("tandon", "tank.volume_last", 1.2, old),
        figure("tandon", "tank.days_left", 0.34),
    ];
    assert_eq!(sentences(&bench.well()), Vec::<String>::new());
}

#[test]
fn leaks_are_suspected_from_three_nights_and_noticed_before() {
    let mut bench = RuleBench::new();
    bench.week.indicators = vec![figure("tandon", "tank.leak_nights", 3.0)];
    let leak = "Tandon air: dugaan kebocoran, terlihat pada 3 malam dalam 7 hari terakhir";
    assert_only(&bench.well(), leak);
    bench.week.indicators = vec![figure("tandon", "tank.leak_nights", 1.0)];
    let site = bench.well();
    let found = find_attention(&site);
    assert_eq!(
        (found[0].rule.id, found[0].rule.severity),
        ("leak-once", Notice)
    );
    bench.week.indicators = vec![figure("tandon", "tank.leak_nights", 0.0)];
    assert_eq!(sentences(&bench.well()), Vec::<String>::new());
}

#[test]
fn a_bin_that_is_hot_now_is_told_once_and_one_that_was_hot_too() {
    let mut bench = RuleBench::new();
    bench.recent.indicators = vec![
        figure("bsf", "bsf.hours_critical", 10.0),
        figure("bsf", "bsf.hours_lethal", 1.0),
    ];
    let mut site = bench.well();
    assert_only(
        &site,
        "Biopond 1 terlalu panas selama 11,0 jam sejak kemarin (di atas 36 °C)",
    );
    site.latest.insert("bin.core".into(), (NOON, 47.2));
    assert_only(
        &site,
        "Biopond 1: 47 °C, terlalu panas; sejak kemarin sudah 11 jam",
    );
    // An old reading is not the present.
    site.latest
        .insert("bin.core".into(), (UtcMs(NOON.0 - HOUR), 47.2));
    assert_eq!(find_attention(&site)[0].rule.id, "bin-was-hot");
}

#[test]
fn a_plant_without_power_in_the_sun_is_told_and_not_at_night() {
    let bench = RuleBench::new();
    let mut site = bench.well();
    site.latest.insert("plant.power".into(), (NOON, 3.0));
    let idle = "PLTS tidak menghasilkan listrik padahal matahari bersinar";
    assert_only(&site, idle);
    // Dark clouds: the sensor says so.
    site.latest.insert("plant.sun".into(), (NOON, 90.0));
    assert_eq!(sentences(&site), Vec::<String>::new());
    // Without a sensor the elevation of the sun decides.
    site.latest.remove(&Arc::from("plant.sun"));
    assert_only(&site, idle);
    let night = UtcMs(NOON.0 + 10 * HOUR);
    site.now = night;
    site.latest.insert("plant.power".into(), (night, 0.0));
    assert_eq!(sentences(&site), Vec::<String>::new());
}

#[test]
fn a_silent_device_is_named_by_what_it_measures_and_a_silent_line_once() {
    let bench = RuleBench::new();
    let mut site = bench.well();
    let yesterday = UtcMs(NOON.0 - 22 * HOUR + 10 * 60_000);
    site.devices[1] = DeviceCondition {
        state: DeviceConditionState::Silent,
        last_good: Some(yesterday),
    };
    assert_only(
        &site,
        "Sensor ketinggian air (Tandon air) tidak menjawab sejak kemarin 14.10",
    );
    for device in &mut site.devices {
        device.state = DeviceConditionState::Silent;
        device.last_good = None;
    }
    assert_only(
        &site,
        "3 alat pada satu jalur tidak menjawab sejak gateway dinyalakan",
    );
}

#[test]
fn the_worst_comes_first() {
    let mut bench = RuleBench::new();
    bench.week.indicators = vec![
        figure("tandon", "tank.volume_last", 1.2),
        figure("tandon", "tank.days_left", 0.34),
        figure("tandon", "tank.leak_nights", 4.0),
    ];
    let mut site = bench.well();
    site.clock_trusted = false;
    site.last_entries.clear();
    site.sinks = vec![SinkCondition {
        name: "mqtt".into(),
        is_delivering: false,
        minutes_late: None,
        waiting: 3120,
        refused: 0,
    }];
    let found = find_attention(&site);
    let ids: Vec<&str> = found.iter().map(|item| item.rule.id).collect();
    assert_eq!(
        ids,
        [
            "clock-untrusted",
            "water-hours",
            "leak",
            "sink-away",
            "entry-never"
        ]
    );
    assert!(
        sentences(&site)
            .iter()
            .any(|one| one.contains("3.120 bacaan menunggu"))
    );
}

#[test]
fn raw_readings_that_will_be_deleted_are_told_before_it_happens() {
    let bench = RuleBench::new();
    let mut site = bench.well();
    site.store.days_to_go = 4;
    assert!(
        sentences(&site)
            .iter()
            .any(|one| one.contains("4 hari akan dihapus"))
    );
    site.store.budget_due = Some(NOON);
    assert!(
        sentences(&site)
            .iter()
            .any(|one| one.contains("lebih besar dari `budget`"))
    );
}

#[test]
fn a_full_disk_is_told_while_readings_still_find_room() {
    let bench = RuleBench::new();
    let mut site = bench.well();
    site.store.is_disk_full = true;
    let found = sentences(&site);
    assert!(found.iter().any(|one| one.contains("Disk penuh")));
    assert!(found.iter().any(|one| one.contains("cadangan tempat")));
    // Without the reserve it is a failure, and the reason is told, not what fails.
    site.store.is_failing = true;
    let found = sentences(&site);
    assert!(
        found
            .iter()
            .any(|one| one.contains("hanya ditahan di memori"))
    );
    assert!(!found.iter().any(|one| one.contains("tidak dapat ditulis")));
}

#[test]
fn a_gap_is_told_unless_the_site_is_new() {
    let mut bench = RuleBench::new();
    let mut gappy = figure("bsf", "bsf.temperature_mean", 29.0);
    gappy.completeness.all = Some(0.62);
    bench.recent.indicators = vec![gappy.clone()];
    bench.week.indicators = vec![gappy.clone()];
    assert_only(
        &bench.well(),
        "Data Biopond 1 hanya 62% lengkap sejak kemarin",
    );
    let InputSource::Point(readings) = &mut gappy.inputs[0].from else {
        panic!("a point");
    };
    readings.first = Some((UtcMs(NOON.0 - HOUR), 29.0));
    bench.week.indicators = vec![gappy];
    assert_eq!(sentences(&bench.well()), Vec::<String>::new());
}

#[test]
fn a_target_is_behind_when_the_month_is_ahead_of_it() {
    let bench = RuleBench::new();
    let mut site = bench.well();
    let target = |reached| TargetProgress {
        indicator: "ledger.jelantah".into(),
        name: "Jelantah".into(),
        reached,
        explain: "/jelas/ledger.jelantah?period=2026-11".to_owned(),
    };
    site.targets = vec![target(0.45), target(0.7)];
    assert_only(
        &site,
        "Jelantah: baru 45% dari target, bulan sudah berjalan 80%",
    );
    assert_eq!(
        find_attention(&site)[0].link(),
        "/jelas/ledger.jelantah?period=2026-11"
    );
    site.month_passed = 0.1;
    assert_eq!(sentences(&site), Vec::<String>::new());
}

#[test]
fn feedings_that_nobody_wrote_down_are_missed_after_three_days() {
    let bench = RuleBench::new();
    let mut site = bench.well();
    site.last_entries
        .insert("bsf-fed".into(), date(2026, 11, 21));
    assert_only(
        &site,
        "Sampah organik diberikan ke maggot: belum dicatat selama 4 hari",
    );
}

#[test]
fn a_time_is_written_as_people_say_it() {
    let bench = RuleBench::new();
    let zone = bench.config.site.timezone.rules();
    let text = |hours: i64| {
        let at = UtcMs(NOON.0 - hours * HOUR);
        attention_rule::since_text(at, Language::Id, zone, NOON)
    };
    assert_eq!(text(3), "pukul 09.00");
    assert_eq!(text(22), "kemarin 14.00");
    assert_eq!(text(72), "22 Nov 2026 12.00");
}

#[test]
fn flows_of_a_tank_that_cannot_be_true_and_more_out_of_a_bin_than_in_are_told() {
    let mut bench = RuleBench::new();
    let remark = IndicatorRemark::new("account-balance-impossible").with_arg("lacking", 91.4);
    let outflow = Indicator {
        remarks: vec![remark],
        ..figure("tandon", "tank.outflow", 93.0)
    };
    let loss = Indicator {
        value: Err(IndicatorRemark::new(
            "analyse-status-inconsistent-mass-balance",
        )),
        ..figure("bsf", "bsf.loss", 0.0)
    };
    bench.week.indicators = vec![outflow, loss];
    let said = sentences(&bench.well());
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("Tandon air: dalam tujuh hari"),
        "{said:?}"
    );
    assert!(said[0].contains("91,4 m³"), "{said:?}");
    assert!(
        said[1].starts_with("Biopond 1: bulan ini massa"),
        "{said:?}"
    );
}

#[test]
fn a_figure_that_cannot_be_true_is_told_at_its_own_asset_alone() {
    let mut bench = RuleBench::new();
    let claim = ClaimVerdict::NotClaimed(NotClaimedReason::Implausible);
    let own = Indicator {
        claim,
        remarks: vec![IndicatorRemark::new("account-implausible-yield")],
        ..figure("plts", "plts.generation", 900.0)
    };
    let inherited = Indicator {
        claim,
        ..figure("tandon", "tank.inflow", 3.0)
    };
    bench.week.indicators = vec![own, inherited];
    let said = sentences(&bench.well());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("PLTS: ada angka"), "{said:?}");
}

#[test]
fn an_asset_that_has_ended_needs_no_attention() {
    let mut bench = RuleBench::new();
    bench.week.indicators = vec![
        figure("tandon", "tank.volume_last", 1.2),
        figure("tandon", "tank.days_left", 0.34),
    ];
    for asset in &mut bench.config.assets {
        asset.days.until = Some(date(2026, 11, 24));
    }
    assert_eq!(sentences(&bench.well()), Vec::<String>::new());
}

#[test]
fn failing_time_stamps_are_told_with_the_last_good_one() {
    let site = RuleBench::new();
    let mut condition = site.well();
    let failing = |last_good| StampingState {
        last_good,
        fault: Some("no answer".to_owned()),
    };
    condition.stamps = Some(failing(Some(UtcMs(NOON.0 - 26 * HOUR))));
    assert_only(
        &condition,
        "Stempel waktu rantai bukti gagal; yang terakhir berlaku: kemarin 10.00",
    );
    condition.stamps = Some(failing(None));
    assert_only(
        &condition,
        "Stempel waktu rantai bukti gagal; yang terakhir berlaku: belum ada",
    );
    condition.stamps = Some(StampingState::default());
    assert_eq!(sentences(&condition), Vec::<String>::new());
}
