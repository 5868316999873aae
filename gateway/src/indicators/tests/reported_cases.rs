//! Cases of public fault reports on counters, powers and ledger entries, as figures of a site.

use super::ledger_entries::ledger_statement;
use super::site::SITE_DEVICES;
use super::{
    DAY, HOUR, MINUTE, TestSite, assert_figure_close, assert_figures_close, assert_missing,
    figure_value, find_figure, has_remark, parse_time,
};
use crate::domain::indicator::SiteIndicators;
use crate::domain::ledger::EntryStatement;

/// Plant of 5 kWp with a counter.
const PLANT_WITH_COUNTER: &str = r#"
[[asset]]
id = "plts"
kind = "plts"
capacity_kwp = 5.0
energy = "inverter.energy"
"#;
/// Plant of 5 kWp without a counter.
const PLANT_WITH_POWER: &str = r#"
[[asset]]
id = "plts"
kind = "plts"
capacity_kwp = 5.0
power = "inverter.power"
"#;

/// Site whose energy register has the given step.
fn site_with_step(step: &str, asset: &str) -> String {
    let plain = r#"type = "f64", unit = "kWh", counter = true"#;
    let decimal = format!(r#"type = "u32", scale = {step}, unit = "kWh", counter = true"#);
    [&SITE_DEVICES.replacen(plain, &decimal, 1), asset].concat()
}

/// 06:00 on 2026-11-01 in Jakarta.
fn first_morning() -> i64 {
    parse_time("2026-10-31T23:00:00Z").0
}

/// Samples from 06:00 on, `step` ms apart.
fn paced_readings(values: impl IntoIterator<Item = f64>, step: i64) -> Vec<(i64, Option<f64>)> {
    let times = (0..).map(|place| first_morning() + place * step);
    times.zip(values.into_iter().map(Some)).collect()
}

async fn plant_with_readings(step: &str, readings: Vec<(i64, Option<f64>)>) -> TestSite {
    let village = TestSite::new(&site_with_step(step, PLANT_WITH_COUNTER));
    village
        .store_readings(vec![("inverter.energy", readings)])
        .await;
    village
}

fn daily_generation(found: &SiteIndicators) -> Vec<Option<f64>> {
    let mut daily = found.daily.iter();
    let generation = daily.find(|one| &*one.id == "plts.generation").unwrap();
    generation.days.iter().map(|day| day.1).collect()
}

#[tokio::test]
async fn counters_that_go_back_by_a_little_count_the_last_reading_less_the_first() {
    let evening = first_morning() + 11 * HOUR;
    let night = [
        (evening, 40.0),
        (evening + 30 * MINUTE, 40.3),
        (first_morning() + DAY, 40.2),
        (first_morning() + DAY + 30 * MINUTE, 40.5),
        (first_morning() + DAY + HOUR, 40.9),
    ];
    let night: Vec<_> = night.map(|(at, kwh)| (at, Some(kwh))).to_vec();
    let away =
        [0, 5, 12 * 24 * 60, 12 * 24 * 60 + 5].map(|minutes| first_morning() + minutes * MINUTE);
    let away = away
        .into_iter()
        .zip([1200.1, 1200.2, 1200.1, 1200.3].map(Some));
    let in_turn = (0..50).flat_map(|_| [1000.0, 1000.1]);
    let rising = (0..=100_u32).map(|i| 1000.0 + 0.05 * f64::from(i) + 0.1 * f64::from(i % 2));
    let one_back = [
        20303.0, 20303.1, 20303.2, 20303.3, 20303.2, 20303.3, 20303.4, 20303.5,
    ];
    let young = [0.13, 0.14, 0.15, 0.14, 0.15, 0.14, 0.15, 0.16];
    for (step, readings, wanted) in [
        ("0.1", night, 0.9),
        ("0.1", away.collect(), 0.2),
        ("0.1", paced_readings(in_turn, 5 * MINUTE), 0.1),
        ("0.05", paced_readings(rising, 5 * MINUTE), 5.0),
        ("0.1", paced_readings(one_back, 5 * MINUTE), 0.5),
        ("0.01", paced_readings(young, 5 * MINUTE), 0.03),
    ] {
        let found = plant_with_readings(step, readings)
            .await
            .indicators("2026-11")
            .await;
        assert_figure_close(&found, "plts.generation", "plts", wanted);
        assert!(!has_remark(
            find_figure(&found, "plts.generation", "plts"),
            "account-lower-bound"
        ));
        assert!(found.events.iter().any(|event| event.kind == "dip"));
    }
}

#[tokio::test]
async fn a_dip_over_midnight_is_taken_off_the_month_and_shows_no_negative_day() {
    let evening = first_morning() + 11 * HOUR;
    let readings = [
        (evening, 40.0),
        (evening + 30 * MINUTE, 40.3),
        // The second day only dips.
        (evening + DAY, 40.2),
        (evening + 2 * DAY, 40.2),
        (evening + 2 * DAY + HOUR, 41.0),
    ];
    let village =
        plant_with_readings("0.1", readings.map(|(at, kwh)| (at, Some(kwh))).to_vec()).await;
    let month = village.indicators("2026-11-01..2026-11-03").await;
    assert_figure_close(&month, "plts.generation", "plts", 1.0);
    let each = daily_generation(&month);
    for (day, wanted) in (1..).zip([0.3, 0.0, 0.8]) {
        let found = village.indicators(&format!("2026-11-0{day}")).await;
        assert_figure_close(&found, "plts.generation", "plts", wanted);
        let shown = each[day - 1].unwrap();
        assert!((shown - wanted).abs() < 1e-9, "{shown}, not {wanted}");
    }
    let second = village.indicators("2026-11-02").await;
    assert!(second.events.iter().any(|event| event.kind == "dip"));
}

#[tokio::test]
async fn days_of_a_counter_that_sleeps_dips_and_spikes_add_up_to_the_month() {
    let mut readings = Vec::new();
    let mut kwh = 30.0;
    for minute in 0..4 * 24 * 12_i64 {
        let (day, of_day) = (minute / 288, minute % 288);
        let lit = of_day < 144;
        kwh += if lit { 0.1 } else { 0.0 };
        let shown = match (lit, of_day % 7) {
            // Zero from dusk to dawn, and a garbage value at each dusk.
            (false, _) if of_day < 148 => 327_680_000.0,
            (false, _) => 0.0,
            (true, 3) => kwh - 0.1,
            _ => kwh,
        };
        readings.push((
            first_morning() + day * DAY + of_day * 5 * MINUTE,
            Some(shown),
        ));
    }
    let village = plant_with_readings("0.1", readings).await;
    let month = village.indicators("2026-11-01..2026-11-05").await;
    let total = figure_value(&month, "plts.generation", "plts");
    // Tolerance: one register step at each end.
    assert!((total - (kwh - 30.1)).abs() < 0.11, "{total}");
    let mut sum = 0.0;
    for day in 1..=5 {
        let found = village.indicators(&format!("2026-11-0{day}")).await;
        sum += value_or_nothing(&found);
    }
    assert!((sum - total).abs() < 1e-6, "{sum} of {total}");
    let shown: f64 = daily_generation(&month).into_iter().flatten().sum();
    assert!((shown - total).abs() < 1e-6, "{shown} of {total}");
}

fn value_or_nothing(found: &SiteIndicators) -> f64 {
    let found = find_figure(found, "plts.generation", "plts");
    found.value.clone().unwrap_or_default()
}

/// 2000 W from 06:00 to 18:00 every five minutes, with one value replaced by `spike`.
fn spiked_power(spike: f64) -> Vec<(i64, Option<f64>)> {
    let mut readings = paced_readings((0..=144).map(|_| 2000.0), 5 * MINUTE);
    readings[70].1 = Some(spike);
    readings
}

#[tokio::test]
async fn a_spike_of_power_is_a_missing_reading_with_an_event_and_no_energy() {
    let every = SITE_DEVICES.replacen(r#"every = "1m""#, r#"every = "5m""#, 1);
    for spike in [214_748_364.7, 429_496_729.5, 4_294_967_196.0] {
        let village = TestSite::new(&[&every, PLANT_WITH_POWER].concat());
        village
            .store_readings(vec![("inverter.power", spiked_power(spike))])
            .await;
        let found = village.indicators("2026-11-01").await;
        assert_figure_close(&found, "plts.generation", "plts", 24.0);
        let told: Vec<_> = found
            .events
            .iter()
            .filter(|one| one.kind == "spike")
            .collect();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].at.0, first_morning() + 350 * MINUTE);
        assert_eq!(
            told[0].before_after.unwrap().0.to_bits(),
            2000.0_f64.to_bits()
        );
        let generation = find_figure(&found, "plts.generation", "plts");
        let crate::domain::indicator::InputSource::Point(readings) = &generation.inputs[0].from
        else {
            panic!("no readings");
        };
        // From 06:00 to 18:00, without the spike.
        assert_eq!((readings.good, readings.expected), (145 - 1, 288));
    }
}

#[tokio::test]
async fn what_lies_outside_the_present_limits_is_in_no_mean_level_or_running_hour() {
    let limited = SITE_DEVICES.replace(
        r#"id = "core", register = "holding:0", type = "f32", unit = "degC""#,
        r#"id = "core", register = "holding:0", type = "f32", unit = "degC", min = -20, max = 90"#,
    );
    let rest = r#"
[[asset]]
id = "bin"
kind = "bsf"
temperature = "bin.core"
[[asset]]
id = "pump"
kind = "pump"
power = "pump.power"
rated_power_kw = 1.0
"#;
    let village = TestSite::new(&[&limited, rest].concat());
    let mut warm = paced_readings((0..60).map(|_| 28.0), MINUTE);
    warm[20].1 = Some(6553.5);
    let mut power = paced_readings((0..60).map(|_| 5.0), MINUTE);
    power[20].1 = Some(214_748_364.7);
    village
        .store_readings(vec![("bin.core", warm), ("pump.power", power)])
        .await;
    let found = village.indicators("2026-11-01").await;
    assert_figure_close(&found, "bsf.temperature_mean", "bin", 28.0);
    assert_figure_close(&found, "bsf.temperature_max", "bin", 28.0);
    assert_figure_close(&found, "bsf.hours_lethal", "bin", 0.0);
    assert_figure_close(&found, "pump.hours", "pump", 0.0);
    let spikes = found.events.iter().filter(|one| one.kind == "spike");
    assert_eq!(spikes.count(), 2);
    let none = TestSite::new(&[&limited, rest].concat());
    none.store_readings(vec![("bin.core", paced_readings([6553.5; 5], MINUTE))])
        .await;
    let found = none.indicators("2026-11-01").await;
    assert_missing(
        &found,
        "bsf.temperature_mean",
        "bin",
        "analyse-status-implausible-readings",
    );
}

#[tokio::test]
async fn readings_of_another_unit_are_no_zero_but_a_question() {
    // Watt-hours read as kilowatt-hours, and a capacity of 2 kWp entered as 0.002.
    let hours = |per_step: f64| (0..3500_u32).map(move |at| 500.0 + f64::from(at) * per_step);
    let tiny = site_with_step("0.1", PLANT_WITH_COUNTER)
        .replace("capacity_kwp = 5.0", "capacity_kwp = 0.002");
    for (text, per_step) in [
        (site_with_step("1", PLANT_WITH_COUNTER), 167.0),
        (tiny, 0.2),
    ] {
        let village = TestSite::new(&text);
        let readings = paced_readings(hours(per_step), 5 * MINUTE);
        village
            .store_readings(vec![("inverter.energy", readings)])
            .await;
        let found = village.indicators("2026-11-01..2026-11-12").await;
        assert_missing(
            &found,
            "plts.generation",
            "plts",
            "analyse-status-implausible-readings",
        );
        assert_missing(
            &found,
            "plts.specific_yield",
            "plts",
            "analyse-status-implausible-readings",
        );
        let share = find_figure(&found, "plts.generation", "plts").completeness;
        assert!(share.all.unwrap() < 0.15, "{share:?}");
        assert!(daily_generation(&found).iter().all(Option::is_none));
    }
}

#[tokio::test]
async fn a_coarse_register_read_often_in_another_unit_is_no_figure_either() {
    // 500 W at dusk, one sample every ten seconds, in watt-hours: steps of 1 and 2.
    let every =
        site_with_step("1", PLANT_WITH_COUNTER).replacen(r#"every = "1m""#, r#"every = "10s""#, 1);
    let village = TestSite::new(&every);
    let watt_hours = (0..2000_u32).map(|at| (f64::from(at) * 1.39).floor());
    village
        .store_readings(vec![(
            "inverter.energy",
            paced_readings(watt_hours, 10_000),
        )])
        .await;
    let found = village.indicators("2026-11-01").await;
    assert_missing(
        &found,
        "plts.generation",
        "plts",
        "analyse-status-implausible-readings",
    );
}

#[tokio::test]
async fn a_counter_that_cannot_be_gives_way_to_the_power_and_says_so() {
    let asset = PLANT_WITH_COUNTER.replace(
        r#"energy = "inverter.energy""#,
        "energy = \"inverter.energy\"\npower = \"inverter.power\"",
    );
    let village = TestSite::new(&site_with_step("1", &asset));
    let energy = paced_readings((0..120).map(|at| 100.0 + 33.0 * f64::from(at)), MINUTE);
    let power = paced_readings((0..120).map(|_| 2000.0), MINUTE);
    village
        .store_readings(vec![("inverter.energy", energy), ("inverter.power", power)])
        .await;
    let found = village.indicators("2026-11-01").await;
    assert_figure_close(&found, "plts.generation", "plts", 2.0 * 119.0 / 60.0);
    assert!(has_remark(
        find_figure(&found, "plts.generation", "plts"),
        "account-counter-refused"
    ));
}

#[tokio::test]
async fn a_step_down_asks_a_person_and_is_a_lower_bound() {
    let readings = [50_000.0, 50_000.1, 48_000.0, 48_000.1, 48_000.3];
    let village = plant_with_readings("0.1", paced_readings(readings, 5 * MINUTE)).await;
    let found = village.indicators("2026-11-01").await;
    assert_figure_close(&found, "plts.generation", "plts", 0.4);
    let generation = find_figure(&found, "plts.generation", "plts");
    assert!(has_remark(generation, "account-lower-bound"));
    assert!(found.events.iter().any(|event| event.kind == "step_down"));
}

#[tokio::test]
async fn a_meter_that_shows_a_little_less_after_a_change_is_a_lower_bound_and_asked_about() {
    // 20 of 29,900 kWh: a small share, but two hundred steps of the register.
    let value = |at: u32| 29_900.0 + 0.1 * f64::from(at) - if at < 60 { 0.0 } else { 20.0 };
    let readings = paced_readings((0..=120).map(value), 5 * MINUTE);
    let village = plant_with_readings("0.1", readings).await;
    let found = village.indicators("2026-11-01").await;
    let generation = find_figure(&found, "plts.generation", "plts");
    assert!(has_remark(generation, "account-lower-bound"));
    assert!(found.events.iter().any(|event| event.kind == "step_down"));
    assert!(!found.events.iter().any(|event| event.kind == "dip"));
}

/// Two bins that share one indicator in the ledger: id, name and point of each.
const TWO_BINS: [[&str; 3]; 2] = [
    ["bin-1", "Bak timur", "bin.core"],
    ["bin-2", "Bak barat", "bin.heap"],
];

const LANDFILL: &str = "disposal = { fate = 'landfill', mcf = 'swds.mcf.unmanaged_shallow', \
    gas_captured = 0.0, evidence = 'letter' }";

/// Figures of both bins from entries: indicator, kilograms, day and text.
async fn account_of_bins(entries: &[(&str, i64, &str, &str)]) -> SiteIndicators {
    let bins = TWO_BINS.map(|[id, name, point]| {
        let keys = format!("name = '{name}'\ntemperature = '{point}'\n{LANDFILL}");
        format!("[[asset]]\nid = '{id}'\nkind = 'bsf'\n{keys}\n")
    });
    let village = TestSite::new(&[SITE_DEVICES, &bins.concat()].concat());
    let statements = entries
        .iter()
        .map(|(indicator, quantity, when, what)| EntryStatement {
            what: (*what).to_owned(),
            ..ledger_statement(indicator, *quantity, when)
        });
    let added = village.store.append_ledger(statements.collect(), "siti");
    added.await.unwrap();
    village.indicators("2026-11").await
}

#[tokio::test]
async fn what_names_no_bin_is_a_figure_of_the_site_and_each_bin_says_why_it_has_none() {
    let found = account_of_bins(&[
        ("bsf-fed", 1000, "2026-11-02", ""),
        ("bsf-maggot", 200, "2026-11-12", "panen"),
        ("bsf-kasgot", 250, "2026-11-12", ""),
    ])
    .await;
    assert_figure_close(&found, "bsf.fed", "", 1000.0);
    assert_figure_close(&found, "bsf.reduction", "", 75.0);
    assert_figure_close(&found, "bsf.wri", "", 7.5);
    assert_missing(&found, "methane.lifetime", "", "account-no-treatment");
    assert!(has_remark(
        find_figure(&found, "bsf.reduction", ""),
        "account-together"
    ));
    for bin in ["bin-1", "bin-2"] {
        assert_missing(&found, "bsf.fed", bin, "account-unnamed-bin");
    }
}

/// Figures of a bin and a heap, or of two heaps, that share the indicator of what is fed.
async fn account_of_kinds(kinds: [&str; 2], entries: &[(&str, i64, &str)]) -> SiteIndicators {
    let assets = ["one", "two"].iter().zip(kinds).map(|(id, kind)| {
        let keys = match kind {
            "bsf" => "temperature = 'bin.core'".to_owned(),
            _ => format!("process = 'windrow'\nfed = 'bsf-fed'\n{LANDFILL}"),
        };
        format!("[[asset]]\nid = 'no-{id}'\nname = 'Nomor {id}'\nkind = '{kind}'\n{keys}\n")
    });
    let village = TestSite::new(&[SITE_DEVICES, &assets.collect::<String>()].concat());
    let statements = entries
        .iter()
        .map(|(indicator, quantity, what)| EntryStatement {
            what: (*what).to_owned(),
            ..ledger_statement(indicator, *quantity, "2026-11-02")
        });
    let added = village.store.append_ledger(statements.collect(), "siti");
    added.await.unwrap();
    village.indicators("2026-11").await
}

#[tokio::test]
async fn an_entry_that_names_neither_bin_nor_heap_is_fed_to_none_of_them() {
    let unnamed = ("bsf-fed", 100, "sisa pasar");
    let fed = ["bsf.fed", "compost.fed"];
    let found = account_of_kinds(["bsf", "compost"], &[unnamed]).await;
    for (id, asset) in fed.iter().zip(["no-one", "no-two"]) {
        assert_missing(&found, id, asset, "account-unnamed-kind");
        assert_eq!(found.find(id, None), None, "{id}");
    }
    // Nobody knows how it was treated; it is in the total of the ledger.
    let methane: Vec<_> = found
        .indicators
        .iter()
        .filter(|one| &*one.id == "methane.lifetime")
        .collect();
    assert_eq!(methane.len(), 1);
    assert_missing(&found, "methane.lifetime", "", "account-no-treatment");
    assert_figure_close(&found, "ledger.bsf-fed", "", 100.0);
    // What the bin gave says nothing about who was fed.
    let harvest = ("bsf-maggot", 20, "panen");
    let found = account_of_kinds(["bsf", "compost"], &[unnamed, harvest]).await;
    assert_figure_close(&found, "bsf.larvae", "no-one", 20.0);
    for (id, asset) in fed.iter().zip(["no-one", "no-two"]) {
        assert_missing(&found, id, asset, "account-unnamed-kind");
    }
    let named = ("bsf-fed", 60, "Nomor two");
    let found = account_of_kinds(["bsf", "compost"], &[unnamed, named]).await;
    assert_missing(&found, "bsf.fed", "no-one", "account-unnamed-kind");
    assert_figure_close(&found, "compost.fed", "no-two", 60.0);
    assert_eq!(found.find("compost.fed", None), None);
}

#[tokio::test]
async fn what_names_neither_of_two_heaps_is_one_figure_of_the_site() {
    let found = account_of_kinds(["compost", "compost"], &[("bsf-fed", 100, "")]).await;
    assert_figure_close(&found, "compost.fed", "", 100.0);
    for heap in ["no-one", "no-two"] {
        assert_missing(&found, "compost.fed", heap, "account-unnamed-bin");
    }
    let fed: f64 = found
        .indicators
        .iter()
        .filter(|one| &*one.id == "compost.fed")
        .filter_map(|one| one.value.clone().ok())
        .sum();
    assert!((fed - 100.0).abs() < 1e-9, "{fed}");
}

#[tokio::test]
async fn an_entry_that_names_its_bin_is_a_figure_of_that_bin() {
    let found = account_of_bins(&[
        ("bsf-fed", 100, "2026-11-02", "bin-1, sisa pasar"),
        ("bsf-maggot", 20, "2026-11-12", "BAK TIMUR"),
        ("bsf-kasgot", 25, "2026-11-12", "bin-1"),
        ("bsf-fed", 60, "2026-11-03", "bak barat"),
        ("bsf-fed", 7, "2026-11-03", "bin-1 dan bin-2"),
    ])
    .await;
    assert_figure_close(&found, "bsf.reduction", "bin-1", 75.0);
    assert_figure_close(&found, "bsf.wri", "bin-1", 7.5);
    assert_figure_close(&found, "bsf.fed", "bin-2", 60.0);
    assert_figure_close(&found, "bsf.fed", "", 7.0);
    assert!(has_remark(
        find_figure(&found, "bsf.fed", ""),
        "account-rest-together"
    ));
    let methane = |asset: &str| figure_value(&found, "methane.lifetime", asset);
    // Each kilogram is counted once, and what names both is not claimed.
    let all = methane("bin-1") + methane("bin-2");
    assert!((all - 0.428_4 * 0.16).abs() < 1e-9, "{all}");
    assert_missing(&found, "methane.lifetime", "", "account-no-treatment");
}

#[tokio::test]
async fn more_mass_out_than_in_gives_no_index() {
    // 13.5 kg in, 608 kg out: an entry of the feeding is missing.
    let found = account_of_bins(&[
        ("bsf-fed", 13, "2026-11-01", "bin-1"),
        ("bsf-maggot", 434, "2026-11-14", "bin-1"),
        ("bsf-kasgot", 174, "2026-11-14", "bin-1"),
    ])
    .await;
    for id in [
        "bsf.reduction",
        "bsf.wri",
        "bsf.bioconversion",
        "bsf.feed_conversion",
        "bsf.efficiency",
        "bsf.loss",
    ] {
        let reason = "analyse-status-inconsistent-mass-balance";
        assert_missing(&found, id, "bin-1", reason);
    }
    // The masses themselves are as recorded.
    assert_figure_close(&found, "bsf.fed", "bin-1", 13.0);
}

#[tokio::test]
async fn a_waste_reduction_index_is_by_the_days_of_the_batch() {
    let found = account_of_bins(&[
        ("bsf-fed", 40, "2026-10-25", "bin-1"),
        ("bsf-fed", 60, "2026-11-01", "bin-1"),
        ("bsf-maggot", 20, "2026-11-04", "bin-1"),
        ("bsf-kasgot", 30, "2026-11-04", "bin-1"),
    ])
    .await;
    // 100 kg fed to the batch, 40 of them before the period; ten days to the harvest.
    assert_figures_close(
        &found,
        "bin-1",
        &[
            ("bsf.reduction", 70.0),
            ("bsf.wri", 7.0),
            ("bsf.bioconversion", 20.0),
            ("bsf.feed_conversion", 5.0),
            ("bsf.efficiency", 100.0 * 20.0 / 70.0),
            ("bsf.loss", 50.0),
            // What was fed is that of the calendar.
            ("bsf.fed", 60.0),
        ],
    );
    assert!(!has_remark(
        find_figure(&found, "bsf.wri", "bin-1"),
        "account-open-batch"
    ));
    let growing = account_of_bins(&[
        ("bsf-fed", 60, "2026-11-01", "bin-1"),
        ("bsf-kasgot", 30, "2026-10-04", "bin-1"),
    ])
    .await;
    for id in ["bsf.wri", "bsf.bioconversion", "bsf.reduction"] {
        assert_missing(&growing, id, "bin-1", "account-no-batch");
        assert!(has_remark(
            find_figure(&growing, id, "bin-1"),
            "account-open-batch"
        ));
    }
}
