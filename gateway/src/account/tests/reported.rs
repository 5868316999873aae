//! Counters, powers and entries as people reported them, through the figures of a site.

use super::site::DEVICES;
use super::{DAY, HOUR, MINUTE, Village, at, close, figure, says, value, why};
use crate::model::indicator::Account;
use crate::model::ledger::{Known, Sort, Statement};

/// A plant of 5 kWp, with a counter or without.
const COUNTER: &str = r#"
[[asset]]
id = "plts"
kind = "plts"
capacity_kwp = 5.0
energy = "inverter.energy"
"#;
/// See `COUNTER`.
const POWER: &str = r#"
[[asset]]
id = "plts"
kind = "plts"
capacity_kwp = 5.0
power = "inverter.power"
"#;

/// A site whose energy register has that step.
fn stepped(step: &str, asset: &str) -> String {
    let plain = r#"type = "f64", unit = "kWh", counter = true"#;
    let decimal = format!(r#"type = "u32", scale = {step}, unit = "kWh", counter = true"#);
    [&DEVICES.replacen(plain, &decimal, 1), asset].concat()
}

/// 06:00 on 2026-11-01 in Jakarta.
fn morning() -> i64 {
    at("2026-10-31T23:00:00Z").0
}

/// Readings so many milliseconds apart from 06:00 on.
fn paced(values: impl IntoIterator<Item = f64>, step: i64) -> Vec<(i64, Option<f64>)> {
    let times = (0..).map(|place| morning() + place * step);
    times.zip(values.into_iter().map(Some)).collect()
}

async fn plant(step: &str, readings: Vec<(i64, Option<f64>)>) -> Village {
    let village = Village::new(&stepped(step, COUNTER));
    village.read(vec![("inverter.energy", readings)]).await;
    village
}

fn days(found: &Account) -> Vec<Option<f64>> {
    let mut daily = found.daily.iter();
    let generation = daily.find(|one| &*one.id == "plts.generation").unwrap();
    generation.days.iter().map(|day| day.1).collect()
}

#[tokio::test]
async fn counters_that_go_back_by_a_little_count_the_last_reading_less_the_first() {
    let evening = morning() + 11 * HOUR;
    let night = [
        (evening, 40.0),
        (evening + 30 * MINUTE, 40.3),
        (morning() + DAY, 40.2),
        (morning() + DAY + 30 * MINUTE, 40.5),
        (morning() + DAY + HOUR, 40.9),
    ];
    let night: Vec<_> = night.map(|(at, kwh)| (at, Some(kwh))).to_vec();
    let away = [0, 5, 12 * 24 * 60, 12 * 24 * 60 + 5].map(|minutes| morning() + minutes * MINUTE);
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
        ("0.1", paced(in_turn, 5 * MINUTE), 0.1),
        ("0.05", paced(rising, 5 * MINUTE), 5.0),
        ("0.1", paced(one_back, 5 * MINUTE), 0.5),
        ("0.01", paced(young, 5 * MINUTE), 0.03),
    ] {
        let found = plant(step, readings).await.account("2026-11").await;
        close(&found, "plts.generation", "plts", wanted);
        assert!(!says(
            figure(&found, "plts.generation", "plts"),
            "account-lower-bound"
        ));
        assert!(found.events.iter().any(|event| event.kind == "dip"));
    }
}

#[tokio::test]
async fn a_dip_over_midnight_is_taken_off_the_month_and_shows_no_negative_day() {
    let evening = morning() + 11 * HOUR;
    let readings = [
        (evening, 40.0),
        (evening + 30 * MINUTE, 40.3),
        // The second day only dips.
        (evening + DAY, 40.2),
        (evening + 2 * DAY, 40.2),
        (evening + 2 * DAY + HOUR, 41.0),
    ];
    let village = plant("0.1", readings.map(|(at, kwh)| (at, Some(kwh))).to_vec()).await;
    let month = village.account("2026-11-01..2026-11-03").await;
    close(&month, "plts.generation", "plts", 1.0);
    let each = days(&month);
    for (day, wanted) in (1..).zip([0.3, 0.0, 0.8]) {
        let found = village.account(&format!("2026-11-0{day}")).await;
        close(&found, "plts.generation", "plts", wanted);
        let shown = each[day - 1].unwrap();
        assert!((shown - wanted).abs() < 1e-9, "{shown}, not {wanted}");
    }
    let second = village.account("2026-11-02").await;
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
            // Zero from dusk to dawn, and garbage at each dusk.
            (false, _) if of_day < 148 => 327_680_000.0,
            (false, _) => 0.0,
            (true, 3) => kwh - 0.1,
            _ => kwh,
        };
        readings.push((morning() + day * DAY + of_day * 5 * MINUTE, Some(shown)));
    }
    let village = plant("0.1", readings).await;
    let month = village.account("2026-11-01..2026-11-05").await;
    let total = value(&month, "plts.generation", "plts");
    // To a step at each end.
    assert!((total - (kwh - 30.1)).abs() < 0.11, "{total}");
    let mut sum = 0.0;
    for day in 1..=5 {
        let found = village.account(&format!("2026-11-0{day}")).await;
        sum += value_or_nothing(&found);
    }
    assert!((sum - total).abs() < 1e-6, "{sum} of {total}");
    let shown: f64 = days(&month).into_iter().flatten().sum();
    assert!((shown - total).abs() < 1e-6, "{shown} of {total}");
}

fn value_or_nothing(found: &Account) -> f64 {
    let found = figure(found, "plts.generation", "plts");
    found.value.clone().unwrap_or_default()
}

/// 2000 W from 06:00 to 18:00 each five minutes, once something else.
fn spiked(spike: f64) -> Vec<(i64, Option<f64>)> {
    let mut readings = paced((0..=144).map(|_| 2000.0), 5 * MINUTE);
    readings[70].1 = Some(spike);
    readings
}

#[tokio::test]
async fn a_spike_of_power_is_a_missing_reading_with_an_event_and_no_energy() {
    let every = DEVICES.replacen(r#"every = "1m""#, r#"every = "5m""#, 1);
    for spike in [214_748_364.7, 429_496_729.5, 4_294_967_196.0] {
        let village = Village::new(&[&every, POWER].concat());
        village.read(vec![("inverter.power", spiked(spike))]).await;
        let found = village.account("2026-11-01").await;
        close(&found, "plts.generation", "plts", 24.0);
        let told: Vec<_> = found
            .events
            .iter()
            .filter(|one| one.kind == "spike")
            .collect();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].at.0, morning() + 350 * MINUTE);
        assert_eq!(
            told[0].before_after.unwrap().0.to_bits(),
            2000.0_f64.to_bits()
        );
        let generation = figure(&found, "plts.generation", "plts");
        let crate::model::indicator::Source::Point(readings) = &generation.inputs[0].from else {
            panic!("no readings");
        };
        // From 06:00 to 18:00, without the one.
        assert_eq!((readings.good, readings.expected), (145 - 1, 288));
    }
}

#[tokio::test]
async fn what_lies_outside_the_present_limits_is_in_no_mean_level_or_running_hour() {
    let limited = DEVICES.replace(
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
    let village = Village::new(&[&limited, rest].concat());
    let mut warm = paced((0..60).map(|_| 28.0), MINUTE);
    warm[20].1 = Some(6553.5);
    let mut power = paced((0..60).map(|_| 5.0), MINUTE);
    power[20].1 = Some(214_748_364.7);
    village
        .read(vec![("bin.core", warm), ("pump.power", power)])
        .await;
    let found = village.account("2026-11-01").await;
    close(&found, "bsf.temperature_mean", "bin", 28.0);
    close(&found, "bsf.temperature_max", "bin", 28.0);
    close(&found, "bsf.hours_lethal", "bin", 0.0);
    close(&found, "pump.hours", "pump", 0.0);
    let spikes = found.events.iter().filter(|one| one.kind == "spike");
    assert_eq!(spikes.count(), 2);
    let none = Village::new(&[&limited, rest].concat());
    none.read(vec![("bin.core", paced([6553.5; 5], MINUTE))])
        .await;
    let found = none.account("2026-11-01").await;
    assert_eq!(
        why(&found, "bsf.temperature_mean", "bin"),
        "analyse-status-implausible-readings"
    );
}

#[tokio::test]
async fn readings_of_another_unit_are_no_zero_but_a_question() {
    // Watt-hours taken for kilowatt-hours; and a capacity of 2 kWp written as 0.002.
    let hours = |per_step: f64| (0..3500_u32).map(move |at| 500.0 + f64::from(at) * per_step);
    let tiny = stepped("0.1", COUNTER).replace("capacity_kwp = 5.0", "capacity_kwp = 0.002");
    for (text, per_step) in [(stepped("1", COUNTER), 167.0), (tiny, 0.2)] {
        let village = Village::new(&text);
        let readings = paced(hours(per_step), 5 * MINUTE);
        village.read(vec![("inverter.energy", readings)]).await;
        let found = village.account("2026-11-01..2026-11-12").await;
        assert_eq!(
            why(&found, "plts.generation", "plts"),
            "analyse-status-implausible-readings"
        );
        assert_eq!(
            why(&found, "plts.specific_yield", "plts"),
            "analyse-status-implausible-readings"
        );
        let share = figure(&found, "plts.generation", "plts").completeness;
        assert!(share.all.unwrap() < 0.15, "{share:?}");
        assert!(days(&found).iter().all(Option::is_none));
    }
}

#[tokio::test]
async fn a_coarse_register_read_often_in_another_unit_is_no_figure_either() {
    // 500 W in the dusk, a reading every ten seconds, as watt-hours: steps of 1 and 2.
    let every = stepped("1", COUNTER).replacen(r#"every = "1m""#, r#"every = "10s""#, 1);
    let village = Village::new(&every);
    let watt_hours = (0..2000_u32).map(|at| (f64::from(at) * 1.39).floor());
    village
        .read(vec![("inverter.energy", paced(watt_hours, 10_000))])
        .await;
    let found = village.account("2026-11-01").await;
    assert_eq!(
        why(&found, "plts.generation", "plts"),
        "analyse-status-implausible-readings"
    );
}

#[tokio::test]
async fn a_counter_that_cannot_be_gives_way_to_the_power_and_says_so() {
    let asset = COUNTER.replace(
        r#"energy = "inverter.energy""#,
        "energy = \"inverter.energy\"\npower = \"inverter.power\"",
    );
    let village = Village::new(&stepped("1", &asset));
    let energy = paced((0..120).map(|at| 100.0 + 33.0 * f64::from(at)), MINUTE);
    let power = paced((0..120).map(|_| 2000.0), MINUTE);
    village
        .read(vec![("inverter.energy", energy), ("inverter.power", power)])
        .await;
    let found = village.account("2026-11-01").await;
    close(&found, "plts.generation", "plts", 2.0 * 119.0 / 60.0);
    assert!(says(
        figure(&found, "plts.generation", "plts"),
        "account-counter-refused"
    ));
}

#[tokio::test]
async fn a_step_down_asks_a_person_and_is_a_lower_bound() {
    let readings = [50_000.0, 50_000.1, 48_000.0, 48_000.1, 48_000.3];
    let village = plant("0.1", paced(readings, 5 * MINUTE)).await;
    let found = village.account("2026-11-01").await;
    close(&found, "plts.generation", "plts", 0.4);
    let generation = figure(&found, "plts.generation", "plts");
    assert!(says(generation, "account-lower-bound"));
    assert!(found.events.iter().any(|event| event.kind == "step_down"));
}

const BINS: &str = r#"
[[asset]]
id = "bin-1"
name = "Bak timur"
kind = "bsf"
temperature = "bin.core"
disposal = { fate = "landfill", mcf = "swds.mcf.unmanaged_shallow", gas_captured = 0.0, evidence = "letter" }
[[asset]]
id = "bin-2"
name = "Bak barat"
kind = "bsf"
temperature = "bin.heap"
disposal = { fate = "landfill", mcf = "swds.mcf.unmanaged_shallow", gas_captured = 0.0, evidence = "letter" }
"#;

fn said(indicator: &str, quantity: i64, when: &str, what: &str) -> Statement {
    Statement {
        sort: Sort::Record,
        indicator: indicator.into(),
        what: what.to_owned(),
        quantity: crate::model::decimal::Decimal::new(quantity, 0),
        unit: "kg".into(),
        when: when.parse().unwrap(),
        known: Known::Weighed,
        who: "Siti".to_owned(),
        note: String::new(),
        attachments: Vec::new(),
        supersedes: None,
    }
}

async fn bins(entries: Vec<Statement>) -> Account {
    let village = Village::new(&[DEVICES, BINS].concat());
    village.store.ledger_add(entries, "siti").await.unwrap();
    village.account("2026-11").await
}

#[tokio::test]
async fn what_names_no_bin_is_a_figure_of_the_site_and_each_bin_says_why_it_has_none() {
    let found = bins(vec![
        said("bsf-fed", 1000, "2026-11-02", ""),
        said("bsf-maggot", 200, "2026-11-12", "panen"),
        said("bsf-kasgot", 250, "2026-11-12", ""),
    ])
    .await;
    close(&found, "bsf.fed", "", 1000.0);
    close(&found, "bsf.reduction", "", 75.0);
    close(&found, "bsf.wri", "", 7.5);
    assert!(value(&found, "methane.lifetime", "") > 0.4);
    assert!(says(
        figure(&found, "bsf.reduction", ""),
        "account-together"
    ));
    for bin in ["bin-1", "bin-2"] {
        assert_eq!(why(&found, "bsf.fed", bin), "account-unnamed-bin");
    }
}

#[tokio::test]
async fn an_entry_that_names_its_bin_is_a_figure_of_that_bin() {
    let found = bins(vec![
        said("bsf-fed", 100, "2026-11-02", "bin-1, sisa pasar"),
        said("bsf-maggot", 20, "2026-11-12", "BAK TIMUR"),
        said("bsf-kasgot", 25, "2026-11-12", "bin-1"),
        said("bsf-fed", 60, "2026-11-03", "bak barat"),
        said("bsf-fed", 7, "2026-11-03", "bin-1 dan bin-2"),
    ])
    .await;
    close(&found, "bsf.reduction", "bin-1", 75.0);
    close(&found, "bsf.wri", "bin-1", 7.5);
    close(&found, "bsf.fed", "bin-2", 60.0);
    close(&found, "bsf.fed", "", 7.0);
    assert!(says(figure(&found, "bsf.fed", ""), "account-rest-together"));
    let methane = |asset: &str| value(&found, "methane.lifetime", asset);
    // A kilogram counts once.
    let all = methane("bin-1") + methane("bin-2") + methane("");
    assert!((all - 0.428_4 * 0.167).abs() < 1e-9, "{all}");
}

#[tokio::test]
async fn a_waste_reduction_index_is_by_the_days_of_the_batch() {
    let found = bins(vec![
        said("bsf-fed", 40, "2026-10-25", "bin-1"),
        said("bsf-fed", 60, "2026-11-01", "bin-1"),
        said("bsf-maggot", 20, "2026-11-04", "bin-1"),
        said("bsf-kasgot", 30, "2026-11-04", "bin-1"),
    ])
    .await;
    // Fed 60 in the period; ten days from the first feeding to the harvest.
    close(&found, "bsf.wri", "bin-1", 5.0);
    let growing = bins(vec![
        said("bsf-fed", 60, "2026-11-01", "bin-1"),
        said("bsf-kasgot", 30, "2026-10-04", "bin-1"),
    ])
    .await;
    assert!(figure(&growing, "bsf.wri", "bin-1").value.is_err());
}
