//! Solar energy: generation, use, yields, ratios, counters.

use super::site::{SITE_PLANT, site_text};
use super::{
    DAY, HOUR, MINUTE, TestSite, assert_figure_close, assert_figures_close, assert_missing,
    figure_value, find_figure, has_remark, parse_time,
};
use crate::domain::indicator::{InputSource, SiteIndicators, ValueOrigin};
use proptest::prelude::*;

type TimedValues = Vec<(i64, Option<f64>)>;

/// 2026-11-01 00:00 in Jakarta.
fn november_start() -> i64 {
    parse_time("2026-10-31T17:00:00Z").0
}

/// 1 kW from 06:00 to 18:00, one sample a minute for `days` days, and the matching counter.
fn sunny_days(days: i64) -> (TimedValues, TimedValues) {
    let mut kwh = 100.0;
    let mut both = (Vec::new(), Vec::new());
    for minute in 0..=days * 24 * 60 {
        let lit = (6 * 60 + 1..=18 * 60).contains(&(minute % (24 * 60)));
        kwh += if lit { 1.0 / 60.0 } else { 0.0 };
        let when = november_start() + minute * MINUTE;
        both.0.push((when, Some(if lit { 1000.0 } else { 0.0 })));
        both.1.push((when, Some(kwh)));
    }
    both
}

/// Site with a plant after `days` sunny days.
async fn sunny_site(days: i64) -> TestSite {
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    let (power, energy) = sunny_days(days);
    let light: Vec<_> = power
        .iter()
        .map(|(at, p)| (*at, p.map(|p| p * 0.625)))
        .collect();
    let cell: Vec<_> = light.iter().map(|(at, _)| (*at, Some(35.0))).collect();
    let given = energy
        .iter()
        .map(|(at, kwh)| (*at, kwh.map(|kwh| kwh / 4.0)));
    let taken = energy.iter().map(|(at, _)| (*at, Some(7.0)));
    let columns = vec![
        ("meter.export", given.collect()),
        ("meter.import", taken.collect()),
        ("inverter.power", power),
        ("inverter.energy", energy),
        ("sun.poa", light),
        ("sun.cell", cell),
    ];
    village.store_readings(columns).await;
    village
}

#[tokio::test]
async fn wind_cools_the_cells_where_their_temperature_is_estimated() {
    let weather = "[[device]]\nid = 'weather'\nbus = 'lan'\nunit = 9\nevery = '1m'\npoint = [\n\
        { id = 'air', register = 'holding:0', type = 'f32', unit = 'degC' },\n\
        { id = 'wind', register = 'holding:2', type = 'f32', unit = 'm/s' },\n]\n";
    let plant = "[[asset]]\nid = 'plts'\nkind = 'plts'\ncapacity_kwp = 2.0\ngamma = -0.004\n\
        energy = 'inverter.energy'\nirradiance = 'sun.poa'\nair_temperature = 'weather.air'\n\
        wind = 'weather.wind'\n";
    let mut ratios = Vec::new();
    for (noct, wind) in [
        ("", 0.0),
        ("", 10.0),
        ("noct_c = 45.0\n", 0.0),
        ("noct_c = 45.0\n", 10.0),
    ] {
        let village = TestSite::new(&site_text(&[weather, plant, noct]));
        let (power, energy) = sunny_days(1);
        let at = |value: f64| power.iter().map(|(at, _)| (*at, Some(value))).collect();
        let light = power.iter().map(|(at, p)| (*at, p.map(|p| p * 0.625)));
        let columns = vec![
            ("weather.air", at(30.0)),
            ("weather.wind", at(wind)),
            ("sun.poa", light.collect()),
            ("inverter.energy", energy.clone()),
        ];
        village.store_readings(columns).await;
        let found = village.indicators("2026-11-01").await;
        ratios.push(figure_value(&found, "plts.pr_temperature", "plts"));
    }
    // Hot cells give less, so the same energy is a better ratio of them.
    assert!(ratios[0] > ratios[1] + 1.0, "{ratios:?}");
    // The nominal temperature of the data sheet knows no wind.
    assert!((ratios[2] - ratios[3]).abs() < 1e-9, "{ratios:?}");
}

#[tokio::test]
async fn a_plants_figures_are_those_of_its_readings() {
    let found = sunny_site(2)
        .await
        .indicators("2026-11-01..2026-11-02")
        .await;
    assert_figures_close(
        &found,
        "plts",
        &[
            ("plts.generation", 24.0),
            ("plts.export", 6.0),
            ("plts.self_use", 18.0),
            ("plts.self_consumption", 75.0),
            ("plts.self_sufficiency", 100.0),
            ("plts.specific_yield", 12.0),
            // 625 W/m2 for 24 hours.
            ("plts.insolation", 15.0),
            ("plts.reference_yield", 15.0),
            ("plts.pr", 80.0),
            // Ten degrees above 25 degC at -0.4 % each.
            ("plts.pr_temperature", 80.0 / 0.96),
            ("plts.capacity_factor", 25.0),
            ("plts.availability", 100.0),
        ],
    );
    assert_figure_close(&found, "site.generation", "", 24.0);
    let generation = find_figure(&found, "plts.generation", "plts");
    assert_eq!(generation.origin, ValueOrigin::Meter);
    assert_eq!(generation.completeness.all, Some(1.0));
    assert_eq!(generation.completeness.daylight, Some(1.0));
    assert_eq!(generation.uncertainty.tier1_pct, Some(1.0));
    assert!((generation.uncertainty.gum.unwrap() - 0.24).abs() < 1e-12);
    let InputSource::Point(readings) = &generation.inputs[0].from else {
        panic!("no readings");
    };
    assert_eq!(readings.first.unwrap().1.to_bits(), 100.0_f64.to_bits());
    assert_eq!(
        (readings.good, readings.expected, readings.gaps),
        (2880, 2880, 0)
    );
}

#[tokio::test]
async fn without_a_counter_the_power_is_integrated() {
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    let (power, _) = sunny_days(1);
    village
        .store_readings(vec![("inverter.power", power)])
        .await;
    let found = village.indicators("2026-11-01").await;
    let generation = find_figure(&found, "plts.generation", "plts");
    assert_eq!(
        (generation.origin, generation.method),
        (ValueOrigin::Measured, "A.1")
    );
    // The trapezoid adds half a minute at one edge and loses it at the other.
    assert_figure_close(&found, "plts.generation", "plts", 12.0);
    assert_missing(
        &found,
        "plts.pr",
        "plts",
        "analyse-status-undefined-no-irradiance-data",
    );
    assert!(has_remark(generation, "account-integrated"));
}

#[tokio::test]
async fn days_add_up_to_the_month_and_a_gap_between_them_is_counted_once() {
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    let (_, energy) = sunny_days(6);
    // No samples from the evening of the 2nd to the morning of the 4th, across the boundary of the
    // halves.
    let silent = november_start() + 42 * HOUR..november_start() + 80 * HOUR;
    let seen = energy.into_iter().filter(|(at, _)| !silent.contains(at));
    village
        .store_readings(vec![("inverter.energy", seen.collect())])
        .await;
    let whole = village.indicators("2026-11-01..2026-11-06").await;
    assert_figure_close(&whole, "plts.generation", "plts", 72.0);
    let mut sum = 0.0;
    for day in 1..=6 {
        let found = village.indicators(&format!("2026-11-0{day}")).await;
        sum += found
            .find("plts.generation", Some("plts"))
            .and_then(|one| one.value.clone().ok())
            .unwrap_or(0.0);
    }
    assert!((sum - 72.0).abs() < 1e-9, "{sum}");
    let generation = &whole
        .daily
        .iter()
        .find(|one| &*one.id == "plts.generation")
        .unwrap()
        .days;
    assert_eq!(
        generation[2].1, None,
        "a day without a reading has no value"
    );
    let known: f64 = generation.iter().filter_map(|day| day.1).sum();
    assert!((known - 72.0).abs() < 1e-9);
    assert!(whole.events.iter().any(|event| event.kind == "gap"));
    let readings = find_figure(&whole, "plts.generation", "plts");
    assert!((readings.completeness.all.unwrap() - 106.0 / 144.0).abs() < 0.001);
}

#[tokio::test]
async fn a_reset_is_told_and_makes_a_lower_bound() {
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    let (_, mut energy) = sunny_days(1);
    for (_, kwh) in &mut energy[720..] {
        *kwh = kwh.map(|kwh| kwh - 106.0);
    }
    energy[300].1 = Some(9e6);
    village
        .store_readings(vec![("inverter.energy", energy)])
        .await;
    let found = village.indicators("2026-11-01").await;
    // The growth within the minute of the reset is unknown, hence the tolerance.
    assert!((figure_value(&found, "plts.generation", "plts") - 12.0).abs() < 0.05);
    assert!(has_remark(
        find_figure(&found, "plts.generation", "plts"),
        "account-lower-bound"
    ));
    let kinds: Vec<_> = found.events.iter().map(|event| event.kind).collect();
    assert!(
        kinds.contains(&"reset") && kinds.contains(&"spike"),
        "{kinds:?}"
    );
}

#[tokio::test]
async fn what_was_read_before_the_time_was_known_never_counts() {
    use crate::domain::{ExactNumber, MonoMs, Reading, SampleOutcome, UtcMs};
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    let reading = |at: i64, kwh: f64, dated| Reading {
        device: 0,
        at: UtcMs(at),
        mono: MonoMs(5),
        dated,
        outcomes: [0.0, kwh]
            .map(|value| SampleOutcome::Good(ExactNumber::Float(value)))
            .into(),
    };
    let start = november_start();
    let all = [
        (0, 1.0, true),
        (60, 1.5, true),
        (90, 9999.0, false),
        (120, 2.0, true),
    ];
    let all = all.map(|(minute, kwh, dated)| reading(start + minute * MINUTE, kwh, dated));
    village.store.append_all(all.to_vec()).await.unwrap();
    village.store.flush().await.unwrap();
    let found = village.indicators("2026-11-01").await;
    assert_figure_close(&found, "plts.generation", "plts", 1.0);
    assert!(found.events.iter().any(|event| event.kind == "undated"));
}

#[tokio::test]
async fn what_a_broker_had_kept_never_counts() {
    use crate::domain::{ExactNumber, MonoMs, QualityReason, Reading, SampleOutcome, UtcMs};
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    let start = november_start();
    let all = [(0, 1.0), (60, 1.5), (90, 9.0), (120, 2.0)];
    let all = all.map(|(minute, kwh)| {
        let number = ExactNumber::Float(kwh);
        let energy = match minute {
            90 => SampleOutcome::Uncertain(number, QualityReason::Retained),
            _ => SampleOutcome::Good(number),
        };
        Reading {
            device: 0,
            at: UtcMs(start + minute * MINUTE),
            mono: MonoMs(5),
            dated: true,
            outcomes: [SampleOutcome::Good(ExactNumber::Float(0.0)), energy].into(),
        }
    });
    village.store.append_all(all.to_vec()).await.unwrap();
    village.store.flush().await.unwrap();
    let found = village.indicators("2026-11-01").await;
    assert_figure_close(&found, "plts.generation", "plts", 1.0);
    let kinds: Vec<_> = found.events.iter().map(|event| event.kind).collect();
    assert!(!kinds.contains(&"spike"), "{kinds:?}");
}

#[tokio::test]
async fn nothing_is_expected_of_the_future() {
    let village = sunny_site(2).await;
    let noon = "2026-11-02T05:00:00Z";
    let found = village.indicators_at("2026-11", noon).await;
    assert_eq!(
        find_figure(&found, "plts.generation", "plts")
            .completeness
            .all,
        Some(1.0)
    );
    assert_figures_close(
        &found,
        "plts",
        &[
            ("plts.generation", 18.0),
            // 18 kWh in 1.5 days at a rating of 2 kW.
            ("plts.capacity_factor", 25.0),
        ],
    );
}

#[tokio::test]
async fn days_are_the_sites_own_in_all_three_zones() {
    for (zone, hours) in [
        ("Asia/Jakarta", 7),
        ("Asia/Makassar", 8),
        ("Asia/Jayapura", 9),
    ] {
        let site = site_text(&[SITE_PLANT]).replace("Asia/Jakarta", zone);
        let village = TestSite::new(&site);
        let midnight = parse_time("2026-11-02T00:00:00Z").0 - hours * HOUR;
        // 1 kWh just before local midnight, 1 kWh just after it.
        let readings = [
            (midnight - 2 * HOUR, 10.0),
            (midnight, 11.0),
            (midnight + HOUR, 12.0),
        ];
        let readings = readings.map(|(at, kwh)| (at, Some(kwh)));
        village
            .store_readings(vec![("inverter.energy", readings.to_vec())])
            .await;
        for day in ["2026-11-01", "2026-11-02"] {
            let found = village.indicators(day).await;
            assert_figure_close(&found, "plts.generation", "plts", 1.0);
        }
    }
}

fn without_revision(mut found: SiteIndicators) -> SiteIndicators {
    // The revision is not compared; all else must be equal.
    found.revision.clear();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn figures_do_not_depend_on_the_order_of_arrival(
        steps in proptest::collection::vec((0.0..0.05_f64, proptest::bool::weighted(0.9)), 40..120),
        order in any::<u64>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut kwh = 5.0;
        let samples: Vec<(i64, Option<f64>)> = (1..).zip(&steps).map(|(minute, (step, read))| {
            kwh += step;
            (november_start() + minute * 10 * MINUTE, read.then_some(kwh))
        }).collect();
        let mut mixed = samples.clone();
        fastrand::Rng::with_seed(order).shuffle(&mut mixed);
        let (first, second) = runtime.block_on(async {
            let one = TestSite::new(&site_text(&[SITE_PLANT]));
            let other = TestSite::new(&site_text(&[SITE_PLANT]));
            one.store_readings(vec![("inverter.energy", samples)]).await;
            for part in mixed.chunks(17) {
                other.store_readings(vec![("inverter.energy", part.to_vec())]).await;
            }
            (one.indicators("2026-11-01").await, other.indicators("2026-11-01").await)
        });
        prop_assert_eq!(without_revision(first), without_revision(second));
    }

    #[test]
    fn completeness_is_never_above_one(
        times in proptest::collection::vec(0..2 * DAY, 1..400),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let samples = times.iter().map(|time| (november_start() + time, Some(1.0))).collect();
        runtime.block_on(async {
            let village = TestSite::new(&site_text(&[SITE_PLANT]));
            village.store_readings(vec![("inverter.power", samples)]).await;
            // `assert_texts_exist` checks every completeness value.
            village.indicators("2026-11-01..2026-11-02").await;
        });
    }
}
