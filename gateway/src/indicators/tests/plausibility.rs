//! Figures that cannot be true are not claimed.

use super::site::SITE_DEVICES;
use super::{HOUR, TestSite, assert_missing, find_figure, has_remark, parse_time};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::SiteIndicators;

const IMPLAUSIBLE: ClaimVerdict = ClaimVerdict::NotClaimed(NotClaimedReason::Implausible);

/// A plant at the counter of the inverter.
fn plant(id: &str, keys: &str) -> String {
    format!("[[asset]]\nid = '{id}'\nkind = 'plts'\nenergy = 'inverter.energy'\n{keys}\n")
}

/// November 2026 of a plant whose counter grew by `kwh` a day.
async fn november(keys: &str, kwh: f64) -> SiteIndicators {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let village = TestSite::new(&format!("{devices}{}", plant("plts", keys)));
    let start = parse_time("2026-10-31T17:00:00Z").0;
    let hours = (0..=30 * 24_i32).map(|hour| {
        let grown = kwh * f64::from(hour) / 24.0;
        (start + i64::from(hour) * HOUR, Some(1000.0 + grown))
    });
    village
        .store_readings(vec![("inverter.energy", hours.collect())])
        .await;
    village.indicators("2026-11").await
}

/// November 2026 of two meters: the second one is `other` of the growth of the first on each day.
async fn two_meters(relation: &str, other: impl Fn(i32) -> f64) -> SiteIndicators {
    let meter = |id: &str, point: &str| {
        format!("[[asset]]\nid = '{id}'\nkind = 'meter'\nenergy = '{point}'\n")
    };
    let assets = meter("one", "meter.import") + &meter("two", "meter.export") + relation;
    let village = TestSite::new(&format!("{SITE_DEVICES}{assets}"));
    let start = parse_time("2026-10-31T17:00:00Z").0;
    let (mut first, mut second) = (100.0, 500.0);
    let mut columns = (Vec::new(), Vec::new());
    for day in 0..=30_i32 {
        let at = start + i64::from(day) * 24 * HOUR;
        columns.0.push((at, Some(first)));
        columns.1.push((at, Some(second)));
        // In hundredths: whole kilowatt-hours could not show that two plants differ.
        let grown = 5.0 + 1.01 * f64::from(day % 7);
        first += grown;
        second += grown * other(day);
    }
    village
        .store_readings(vec![
            ("meter.import", columns.0),
            ("meter.export", columns.1),
        ])
        .await;
    village.indicators("2026-11").await
}

#[tokio::test]
async fn what_moves_together_without_a_declared_relation_is_marked() {
    let marked = |found: &SiteIndicators, key: &str| {
        ["one", "two"].map(|id| has_remark(find_figure(found, "meter.energy", id), key))
    };
    let same = two_meters("", |_| 1.0).await;
    assert_eq!(marked(&same, "account-same-series"), [true, true]);
    let verdict = find_figure(&same, "meter.energy", "one").claim;
    assert_eq!(verdict, ClaimVerdict::Doubtful);
    let half = two_meters("", |_| 0.5).await;
    assert_eq!(marked(&half, "account-steady-ratio"), [true, true]);
    // Under one sky two plants differ by more than a percent: that they move together is told, and
    // is no doubt.
    let alike = two_meters("", |day| 1.0 + 0.06 * f64::from(day % 2)).await;
    for (key, is_told) in [
        ("account-moves-together", true),
        ("account-steady-ratio", false),
        ("account-same-series", false),
    ] {
        assert_eq!(marked(&alike, key), [is_told; 2], "{key}");
    }
    let verdict = find_figure(&alike, "meter.energy", "one").claim;
    assert_eq!(verdict, ClaimVerdict::Claimable);
    let relation = "[[relation]]\nasset = 'two'\nkind = 'in-series'\nwith = 'one'\n";
    let declared = two_meters(relation, |_| 1.0).await;
    assert_eq!(marked(&declared, "account-same-series"), [false, false]);
}

const GRID: &str = "system = 'off-grid'\n\
    baseline = { kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_expost' }";

#[tokio::test]
async fn a_yield_that_no_sky_allows_is_not_claimed_and_counts_in_no_total() {
    // Three times 3.5 kWh/kWp a day: the ratio of the current transformer is wrong.
    let found = november(&format!("capacity_kwp = 2.0\n{GRID}"), 2.0 * 3.5 * 3.0).await;
    for id in [
        "plts.generation",
        "plts.specific_yield",
        "co2.gross",
        "co2.net",
    ] {
        let figure = find_figure(&found, id, "plts");
        assert_eq!(figure.claim, IMPLAUSIBLE, "{id}");
        assert!(has_remark(figure, "account-implausible-yield"), "{id}");
        // The number stays for whoever looks for the mistake.
        assert!(figure.value.is_ok(), "{id}");
    }
    for id in ["site.generation", "co2.net"] {
        assert_missing(&found, id, "", "factor-headline-implausible");
    }
    let found = november(&format!("capacity_kwp = 2.0\n{GRID}"), 2.0 * 3.5).await;
    let made = find_figure(&found, "plts.generation", "plts");
    assert_eq!(made.claim, ClaimVerdict::Claimable, "{:?}", made.remarks);
}

#[tokio::test]
async fn a_month_as_under_a_clear_sky_without_losses_is_to_be_checked() {
    // A CT ratio twice too high, on a plant that yields 3.5 kWh/kWp a day.
    for daily in [8.4, 7.0] {
        let found = november(&format!("capacity_kwp = 2.0\n{GRID}"), 2.0 * daily).await;
        let made = find_figure(&found, "plts.generation", "plts");
        assert_eq!(made.claim, ClaimVerdict::Doubtful, "{:?}", made.remarks);
        assert!(has_remark(made, "account-high-yield"), "{:?}", made.remarks);
    }
    let found = november(&format!("capacity_kwp = 2.0\n{GRID}"), 2.0 * 5.5).await;
    let made = find_figure(&found, "plts.generation", "plts");
    assert_eq!(made.claim, ClaimVerdict::Claimable, "{:?}", made.remarks);
}

#[tokio::test]
async fn an_inverter_gives_no_more_than_its_rating() {
    let keys = "capacity_kwp = 2.0\nac_rating_kw = 0.5\nsystem = 'grid-tied'";
    let found = november(keys, 7.5).await;
    let made = find_figure(&found, "plts.generation", "plts");
    assert_eq!(made.claim, IMPLAUSIBLE);
    assert!(
        has_remark(made, "account-implausible-rating"),
        "{:?}",
        made.remarks
    );
}

#[tokio::test]
async fn a_capacity_typed_in_watts_makes_the_generation_doubtful() {
    let found = november("capacity_kwp = 2000.0", 7.0).await;
    let made = find_figure(&found, "plts.generation", "plts");
    assert_eq!(made.claim, ClaimVerdict::Doubtful);
    assert!(has_remark(made, "account-low-yield"), "{:?}", made.remarks);
    // A plant that supplies a battery alone may rest.
    let found = november("capacity_kwp = 2000.0\nsystem = 'off-grid'", 7.0).await;
    let made = find_figure(&found, "plts.generation", "plts");
    assert_eq!(made.claim, ClaimVerdict::Claimable);
}

#[tokio::test]
async fn a_counter_with_both_ends_gives_its_energy_whatever_is_missing_between() {
    let text = format!("{SITE_DEVICES}{}", plant("plts", "capacity_kwp = 2.0"));
    let (start, end) = (
        parse_time("2026-10-31T17:00:00Z").0,
        parse_time("2026-11-30T17:00:00Z").0,
    );
    // An hour of readings at each end; the polls of the 28 days between are missing.
    for (last_hour, is_told) in [(end - HOUR, true), (end - 24 * HOUR, false)] {
        let village = TestSite::new(&text);
        let minutes = (0..=60_i32).map(i64::from);
        let first = minutes
            .clone()
            .map(|at| (start + at * HOUR / 60, Some(1000.0)));
        let last = minutes.map(|at| (last_hour + at * HOUR / 60, Some(1200.0)));
        let column = first.chain(last).collect();
        village
            .store_readings(vec![("inverter.energy", column)])
            .await;
        let found = village.indicators("2026-11").await;
        let made = find_figure(&found, "plts.generation", "plts");
        assert_eq!(made.value, Ok(200.0));
        assert!(made.completeness.all.unwrap() < 0.1);
        assert_eq!(has_remark(made, "account-by-difference"), is_told);
    }
}

#[tokio::test]
async fn a_few_refused_readings_make_a_total_doubtful_and_many_are_not_claimed() {
    let text = format!(
        "{}{}",
        SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\""),
        plant("plts", "capacity_kwp = 2.0")
    );
    let start = parse_time("2026-10-31T17:00:00Z").0;
    // Of 721 readings: 2, then 8 (1.1 %), 15 (2.1 %), and 60 (8.3 %) are impossible.
    for (every, wanted) in [
        (300, ClaimVerdict::Claimable),
        (90, ClaimVerdict::Doubtful),
        (48, IMPLAUSIBLE),
        (12, IMPLAUSIBLE),
    ] {
        let village = TestSite::new(&text);
        let hours = (0..=30 * 24_i32).map(|hour| {
            let spike = if hour % every == every / 2 { 1e6 } else { 0.0 };
            let value = 1000.0 + 0.3 * f64::from(hour) + spike;
            (start + i64::from(hour) * HOUR, Some(value))
        });
        let column = ("inverter.energy", hours.collect());
        village.store_readings(vec![column]).await;
        let found = village.indicators("2026-11").await;
        let made = find_figure(&found, "plts.generation", "plts");
        assert_eq!(made.claim, wanted, "{every}: {:?}", made.remarks);
        let is_told = has_remark(made, "account-refused");
        assert_eq!(is_told, wanted != ClaimVerdict::Claimable, "{every}");
    }
}

#[tokio::test]
async fn what_is_perhaps_counted_twice_makes_everything_computed_from_it_doubtful() {
    let plant = |id: &str, point: &str| {
        format!(
            "[[asset]]\nid = '{id}'\nkind = 'plts'\nenergy = '{point}'\ncapacity_kwp = 5\n{GRID}\n"
        )
    };
    let assets = plant("one", "meter.import") + &plant("two", "meter.export");
    let village = TestSite::new(&format!("{SITE_DEVICES}{assets}"));
    let start = parse_time("2026-10-31T17:00:00Z").0;
    let mut columns = (Vec::new(), Vec::new());
    let mut counted = 100.0;
    for day in 0..=30_i32 {
        let at = start + i64::from(day) * 24 * HOUR;
        columns.0.push((at, Some(counted)));
        columns.1.push((at, Some(counted + 400.0)));
        counted += 5.0 + f64::from(day % 7);
    }
    let columns = vec![("meter.import", columns.0), ("meter.export", columns.1)];
    village.store_readings(columns).await;
    let found = village.indicators("2026-11").await;
    for (id, asset) in [
        ("plts.generation", "one"),
        ("plts.specific_yield", "two"),
        ("co2.gross", "one"),
        ("co2.net", "two"),
        ("co2.net", ""),
        ("site.generation", ""),
    ] {
        let figure = find_figure(&found, id, asset);
        assert_eq!(figure.claim, ClaimVerdict::Doubtful, "{id} of {asset}");
        let said = figure
            .remarks
            .iter()
            .filter(|said| said.key == "account-same-series");
        let said: Vec<_> = said.collect();
        assert_eq!(said.len(), 1, "{id} of {asset}: {said:?}");
        let names: Vec<&str> = said[0].args.iter().map(|(_, name)| &**name).collect();
        assert_eq!(names, ["one", "two"]);
    }
    // That the document of the factor is missing is told as well.
    let gross = find_figure(&found, "co2.gross", "one");
    assert!(
        has_remark(gross, "account-evidence-page"),
        "{:?}",
        gross.remarks
    );
}

/// November 2026 of two plants at two points, each of which shows the given total of each hour.
async fn two_plants(points: [(&str, &str); 2], shown: [&dyn Fn(i32) -> f64; 2]) -> SiteIndicators {
    let plant = |id: &str, (key, point): (&str, &str)| {
        format!(
            "[[asset]]\nid = '{id}'\nkind = 'plts'\n{key} = '{point}'\ncapacity_kwp = 5\n{GRID}\n"
        )
    };
    let assets = plant("one", points[0]) + &plant("two", points[1]);
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"15m\"");
    let village = TestSite::new(&format!("{devices}{assets}"));
    let start = parse_time("2026-10-31T17:00:00Z").0;
    let column = |of: &dyn Fn(i32) -> f64| {
        let quarters = (0..=30 * 96_i32).map(|at| (start + i64::from(at) * HOUR / 4, Some(of(at))));
        quarters.collect::<Vec<_>>()
    };
    let columns = points.map(|(_, point)| point).into_iter().zip(shown);
    let columns = columns.map(|(point, of)| (point, column(of)));
    village.store_readings(columns.collect()).await;
    village.indicators("2026-11").await
}

/// Power of a plant at a quarter of an hour of the month, W.
fn quarter_power(at: i32) -> f64 {
    let (day, quarter) = (at / 96, f64::from(at % 96));
    let sun = (std::f64::consts::PI * (quarter - 24.0) / 48.0)
        .sin()
        .max(0.0);
    let weather = 0.4 + 0.55 * f64::from((day * 7) % 10) / 10.0;
    // Clouds that pass between the polls as well.
    let cloud = 1.0 + 0.2 * f64::from((at * 37) % 11 - 5) / 5.0;
    2000.0 * sun * weather * cloud
}

#[tokio::test]
async fn one_energy_by_a_coarse_counter_and_by_a_power_is_told() {
    // The counter shows whole kilowatt-hours, the meter of the power reads 2 % more.
    let total = |at: i32| (0..at).map(quarter_power).sum::<f64>() / 4000.0;
    let counter = |at: i32| (1000.3 + total(at)).floor();
    let power = |at: i32| quarter_power(at) * 1.02;
    let points = [("energy", "meter.import"), ("power", "pump.power")];
    let found = two_plants(points, [&counter, &power]).await;
    for asset in ["one", "two"] {
        let made = find_figure(&found, "plts.generation", asset);
        let is_told = ["account-steady-ratio", "account-same-series"]
            .iter()
            .any(|key| has_remark(made, key));
        assert!(is_told, "{asset}: {:?}", made.remarks);
        assert_eq!(made.claim, ClaimVerdict::Doubtful, "{asset}");
    }
}

#[tokio::test]
async fn what_one_device_may_measure_twice_is_to_be_checked_with_all_that_follows_from_it() {
    // Whatever the readings say: here they differ.
    let one = |at: i32| 100.0 + 0.1 * f64::from(at);
    let other = |at: i32| 500.0 + 0.07 * f64::from(at / 3);
    let points = [("energy", "meter.import"), ("energy", "meter.export")];
    let found = two_plants(points, [&one, &other]).await;
    for (id, asset) in [
        ("plts.generation", "one"),
        ("plts.generation", "two"),
        ("co2.gross", "two"),
        ("co2.net", ""),
        ("site.generation", ""),
    ] {
        let figure = find_figure(&found, id, asset);
        assert_eq!(figure.claim, ClaimVerdict::Doubtful, "{id} of {asset}");
        assert!(
            has_remark(figure, "account-claimed-perhaps"),
            "{id} of {asset}"
        );
    }
}

#[tokio::test]
async fn more_water_than_the_rated_flow_gives_is_not_claimed() {
    let asset = "[[asset]]\nid = 'pump'\nkind = 'pump'\nvolume = 'pump.volume'\n\
                 energy = 'pump.energy'\nrated_flow_m3_h = 4.0\n";
    let start = parse_time("2026-10-31T17:00:00Z").0;
    // 24 h of 4 m3/h are 96 m3 a day; a fifth more is still put down to the head.
    for (m3_a_day, verdict) in [(110.0, ClaimVerdict::Claimable), (120.0, IMPLAUSIBLE)] {
        let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
        let village = TestSite::new(&format!("{devices}{asset}"));
        let column = |a_day: f64| {
            let hours = (0..=30 * 24_i32).map(|hour| {
                let grown = 10.0 + a_day * f64::from(hour) / 24.0;
                (start + i64::from(hour) * HOUR, Some(grown))
            });
            hours.collect::<Vec<_>>()
        };
        let columns = vec![
            ("pump.volume", column(m3_a_day)),
            ("pump.energy", column(5.0)),
        ];
        village.store_readings(columns).await;
        let found = village.indicators("2026-11").await;
        for id in ["pump.volume", "pump.specific"] {
            let figure = find_figure(&found, id, "pump");
            assert_eq!(figure.claim, verdict, "{id}: {:?}", figure.remarks);
            assert_eq!(
                has_remark(figure, "account-implausible-flow"),
                verdict == IMPLAUSIBLE
            );
        }
        assert_eq!(
            find_figure(&found, "site.water", "").value.is_ok(),
            verdict != IMPLAUSIBLE
        );
    }
}

#[tokio::test]
async fn more_energy_than_the_measured_light_gives_is_not_claimed_nor_is_its_performance_ratio() {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let keys = format!("capacity_kwp = 2.0\nirradiance = 'sun.poa'\n{GRID}");
    let start = parse_time("2026-10-31T17:00:00Z").0;
    // 3 kWh/kWp a day under 6 hours of this light.
    for (watts, is_told) in [(300.0, true), (700.0, false)] {
        let village = TestSite::new(&format!("{devices}{}", plant("plts", &keys)));
        let hours = |value: &dyn Fn(i32) -> f64| -> Vec<(i64, Option<f64>)> {
            let hour = |hour: i32| (start + i64::from(hour) * HOUR, Some(value(hour)));
            (0..=30 * 24_i32).map(hour).collect()
        };
        let is_day = |hour: i32| (10..=15).contains(&(hour % 24));
        let energy = hours(&|hour| {
            let days = (1..=hour).filter(|at| is_day(*at));
            1000.0 + days.fold(0.0, |sum, _| sum + 1.0)
        });
        let light = hours(&|hour| if is_day(hour) { watts } else { 0.0 });
        let columns = vec![("inverter.energy", energy), ("sun.poa", light)];
        village.store_readings(columns).await;
        let found = village.indicators("2026-11").await;
        let made = find_figure(&found, "plts.generation", "plts");
        let told = has_remark(made, "account-implausible-irradiance");
        assert_eq!(told, is_told, "{watts}: {:?}", made.remarks);
        for id in ["plts.generation", "plts.pr", "co2.net"] {
            let figure = find_figure(&found, id, "plts");
            let is_withheld = figure.claim == IMPLAUSIBLE;
            assert_eq!(is_withheld, is_told, "{watts}: {id} {:?}", figure.claim);
        }
    }
}

#[tokio::test]
async fn a_pump_that_lifts_more_than_its_energy_allows_is_not_claimed_nor_is_the_fuel_it_replaces()
{
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let assets = "[[asset]]\nid = 'pump'\nkind = 'pump'\nvolume = 'pump.volume'\n\
                  energy = 'pump.energy'\nhead = { static_m = 20.0 }\n\
                  [[asset]]\nid = 'plts'\nkind = 'plts'\nsystem = 'off-grid'\ncapacity_kwp = 5\n\
                  energy = 'inverter.energy'\nleakage = { replaced = 'nothing' }\n\
                  baseline = { kind = 'PUMP_FUEL', pump = 'pump' }\n";
    let start = parse_time("2026-10-31T17:00:00Z").0;
    // 10 m3 by 20 m are 0.545 kWh.
    for (kwh, is_told) in [(0.6, true), (1.5, false)] {
        let village = TestSite::new(&format!("{devices}{assets}"));
        let counter = |day: f64| {
            let hour = |hour: i32| {
                let value = 100.0 + day * f64::from(hour) / 24.0;
                (start + i64::from(hour) * HOUR, Some(value))
            };
            (0..=30 * 24_i32).map(hour).collect()
        };
        let columns = vec![
            ("pump.volume", counter(10.0)),
            ("pump.energy", counter(kwh)),
            ("inverter.energy", counter(3.0)),
        ];
        village.store_readings(columns).await;
        let found = village.indicators("2026-11").await;
        let figures = [
            ("pump.efficiency", "pump"),
            ("co2.gross", "plts"),
            ("co2.net", "plts"),
        ];
        for (id, asset) in figures {
            let figure = find_figure(&found, id, asset);
            let told = has_remark(figure, "account-implausible-eta");
            assert_eq!(told, is_told, "{kwh}: {id} {:?}", figure.remarks);
            assert_eq!(figure.claim == IMPLAUSIBLE, is_told, "{kwh}: {id}");
        }
    }
}

#[tokio::test]
async fn a_reading_at_the_end_of_the_numbers_is_refused_and_makes_no_energy() {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let village = TestSite::new(&format!("{devices}{}", plant("plts", "capacity_kwp = 2.0")));
    let start = parse_time("2026-10-31T17:00:00Z").0;
    let hours = (0..=720_i32).map(|hour| {
        let value = if hour == 400 {
            1e308
        } else {
            1000.0 + 0.3 * f64::from(hour)
        };
        (start + i64::from(hour) * HOUR, Some(value))
    });
    let column = ("inverter.energy", hours.collect());
    village.store_readings(vec![column]).await;
    let found = village.indicators("2026-11").await;
    let made = find_figure(&found, "plts.generation", "plts");
    assert!(
        (made.value.clone().unwrap() - 216.0).abs() < 1e-6,
        "{:?}",
        made.value
    );
}
