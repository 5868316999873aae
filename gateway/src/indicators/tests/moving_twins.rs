//! Twin meters: what moves by a steady ratio is one quantity until a relation is declared, and the
//! figures that people see first say so, in the month and in each of its days.

use super::site::SITE_DEVICES;
use super::{HOUR, TestSite, find_figure, has_remark, parse_time};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::SiteIndicators;
use crate::i18n::Language;
use crate::report::content::{ReportInputs, headline_figure};

const GRID: &str = "system = 'off-grid'\n\
    baseline = { kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_expost' }";

/// Counters of two devices.
const TWO: [&str; 2] = ["inverter.energy", "meter.export"];

fn plant(id: &str, point: &str) -> String {
    format!("[[asset]]\nid = '{id}'\nkind = 'plts'\nenergy = '{point}'\ncapacity_kwp = 5\n{GRID}\n")
}

/// A site with two counters, of which the second one counts `scale` times what the first one does,
/// over October and November 2026.
async fn twin_site(assets: &str, points: [&str; 2], scale: f64) -> TestSite {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let village = TestSite::new(&format!("{devices}{assets}"));
    let start = parse_time("2026-09-30T17:00:00Z").0;
    let mut columns = points.map(|point| (point, Vec::new()));
    let mut total = 100.0;
    for hour in 0..=61 * 24_i32 {
        let at = start + i64::from(hour) * HOUR;
        columns[0].1.push((at, Some(total)));
        columns[1].1.push((at, Some(500.0 + total * scale)));
        total += (5.0 + 1.01 * f64::from((hour / 24) % 7)) / 24.0;
    }
    village.store_readings(columns.into()).await;
    village
}

fn assert_doubtful(found: &SiteIndicators, all: &[(&str, &str)], key: &str) {
    for (id, asset) in all {
        let figure = find_figure(found, id, asset);
        let place = format!("{id} of {asset:?} in {}", found.period);
        assert_eq!(figure.claim, ClaimVerdict::Doubtful, "{place}");
        assert!(has_remark(figure, key), "{place}: {:?}", figure.remarks);
    }
}

#[tokio::test]
async fn twin_meters_are_to_be_checked_whatever_their_scale() {
    let energy = [
        ("plts.generation", "one"),
        ("plts.generation", "two"),
        ("co2.gross", "one"),
        ("co2.net", ""),
        ("site.generation", ""),
    ];
    let plants = plant("one", TWO[0]) + &plant("two", TWO[1]);
    for scale in [0.95, 0.98, 1.02, 1.03, 1.05, 3.0] {
        let village = twin_site(&plants, TWO, scale).await;
        let found = village.indicators("2026-11").await;
        assert_doubtful(&found, &energy, "account-steady-ratio");
    }
    let pump = |id: &str, point: &str| {
        format!("[[asset]]\nid = '{id}'\nkind = 'pump'\nvolume = '{point}'\n")
    };
    let points = ["pump.volume", "flow.volume"];
    let second = "[[device]]\nid = 'flow'\nbus = 'lan'\nunit = 99\nevery = '1h'\npoint = [\n\
        { id = 'volume', register = 'holding:0', type = 'f64', unit = 'm3', counter = true },\n]\n";
    let pumps = second.to_owned() + &pump("one", points[0]) + &pump("two", points[1]);
    let village = twin_site(&pumps, points, 0.97).await;
    let found = village.indicators("2026-11").await;
    let water = [("pump.volume", "one"), ("site.water", "")];
    assert_doubtful(&found, &water, "account-steady-ratio");
}

#[tokio::test]
async fn the_meter_of_a_certificate_that_moves_with_a_plant_makes_its_claim_doubtful() {
    let meter = "[[asset]]\nid = 'two'\nkind = 'meter'\nenergy = 'meter.export'\n\
                 claim = { owner = 'x', rec = true }\n";
    let assets = plant("one", TWO[0]) + meter;
    let village = twin_site(&assets, TWO, 0.98).await;
    let found = village.indicators("2026-11").await;
    let all = [
        ("plts.generation", "one"),
        ("co2.net", "one"),
        ("co2.net", ""),
    ];
    assert_doubtful(&found, &all, "account-steady-ratio");
    // The first reason, which page 1 says, is the certificate.
    let net = find_figure(&found, "co2.net", "one");
    let first = net.remarks.iter().find(|said| said.is_doubt()).unwrap();
    assert_eq!(first.key, "account-certified-twin");
    assert_eq!(first.args[1].1, "two");
    let certified = find_figure(&found, "meter.energy", "two");
    let wanted = ClaimVerdict::NotClaimed(NotClaimedReason::Certified);
    assert_eq!(certified.claim, wanted);
}

/// Whatever is asked, of all assets or of one: figures, verdicts with their reasons, and what
/// page 1 shows of them.
async fn assert_one_verdict_in_any_scope(village: &TestSite, period: &str) {
    let now = "2026-12-01T17:00:00Z";
    let all = village.indicators_at(period, now).await;
    let shown = |account: &SiteIndicators, id: &str, asset: &str| {
        let now = parse_time(now);
        let inputs = ReportInputs::of_account(&village.config, account, now, Language::En);
        let figure = headline_figure(inputs, find_figure(account, id, asset));
        (figure.value, figure.status, figure.notes)
    };
    for asset in &village.config.assets {
        let own = village.indicators_in_scope(period, now, Some(&asset.id));
        let own = own.await;
        let wanted = all.indicators.iter();
        let wanted = wanted.filter(|one| one.asset.as_ref() == Some(&asset.id));
        assert!(own.indicators.iter().eq(wanted), "{} in {period}", asset.id);
        for one in &own.indicators {
            let [part, whole] = [&own, &all].map(|all| shown(all, &one.id, &asset.id));
            assert_eq!(part, whole, "{} of {} in {period}", one.id, asset.id);
        }
    }
}

#[tokio::test]
async fn a_figure_has_one_verdict_whether_all_assets_or_one_are_asked_for() {
    let meter = "[[asset]]\nid = 'two'\nkind = 'meter'\nenergy = 'meter.export'\n\
                 claim = { owner = 'x', rec = true }\n";
    let others = [plant("two", TWO[1]), meter.to_owned()];
    for scale in [0.97, 1.0, 3.0] {
        for other in &others {
            let village = twin_site(&(plant("one", TWO[0]) + other), TWO, scale).await;
            for period in ["2026-11", "2026-11-03", "2026-W45"] {
                assert_one_verdict_in_any_scope(&village, period).await;
            }
        }
    }
    // What rests on an asset of which too little was measured.
    let pumped = "[[asset]]\nid = 'one'\nkind = 'plts'\nenergy = 'inverter.energy'\n\
        capacity_kwp = 5\nsystem = 'pump-only'\nleakage = { replaced = 'nothing' }\n\
        baseline = { kind = 'PUMP_FUEL', pump = 'two', litres_per_m3 = 0.05, \
        density_kg_l = 0.84 }\n\
        [[asset]]\nid = 'two'\nkind = 'pump'\nvolume = 'pump.volume'\nplts = 'one'\n";
    let village = twin_site(pumped, TWO, 0.5).await;
    let start = parse_time("2026-10-31T17:00:00Z").0;
    let hours = (0..30 * 24_i32).filter(|hour| hour % 48 < 24);
    let volume = hours.map(|hour| (start + i64::from(hour) * HOUR, Some(f64::from(hour))));
    let volume = ("pump.volume", volume.collect());
    village.store_readings(vec![volume]).await;
    for period in ["2026-11", "2026-11-03", "2026-11-04"] {
        assert_one_verdict_in_any_scope(&village, period).await;
    }
}

#[tokio::test]
async fn a_day_of_a_month_that_is_to_be_checked_is_to_be_checked() {
    let plants = plant("one", TWO[0]) + &plant("two", TWO[1]);
    let village = twin_site(&plants, TWO, 1.02).await;
    let all = [("site.generation", ""), ("co2.net", "one")];
    for period in [
        "2026-11-03",
        "2026-11-30",
        "2026-W45",
        "2026-11-20..2026-11-22",
    ] {
        let found = village.indicators(period).await;
        assert_doubtful(&found, &all, "account-steady-ratio");
        // Asked again, from the snapshots that the first time has left.
        let found = village.indicators(period).await;
        assert_doubtful(&found, &all, "account-steady-ratio");
    }
    // A month that has just begun takes the verdict from the one before.
    let found = village
        .indicators_at("2026-11", "2026-11-02T17:00:00Z")
        .await;
    assert_doubtful(&found, &all, "account-steady-ratio");
}

#[tokio::test]
async fn two_gensets_with_the_readings_of_one_file_are_to_be_checked_at_a_steady_rate_too() {
    let set = |id: &str, point: &str| {
        format!("[[asset]]\nid = '{id}'\nkind = 'genset'\nrating_kw = 5\nenergy = '{point}'\n")
    };
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let sets = set("one", TWO[0]) + &set("two", TWO[1]);
    for (rate, is_same) in [(0.4, true), (0.5, false)] {
        let village = TestSite::new(&format!("{devices}{sets}"));
        let start = parse_time("2026-10-31T17:00:00Z").0;
        let counter = |rate: f64| {
            let hours = (0..=720_i32).map(|hour| {
                (
                    start + i64::from(hour) * HOUR,
                    Some(50.0 + rate * f64::from(hour)),
                )
            });
            hours.collect()
        };
        let columns = vec![(TWO[0], counter(0.4)), (TWO[1], counter(rate))];
        village.store_readings(columns).await;
        let found = village.indicators("2026-11").await;
        let all = [("genset.energy", "one"), ("genset.energy", "two")];
        if is_same {
            assert_doubtful(&found, &all, "account-same-series");
            continue;
        }
        for (id, asset) in all {
            assert_eq!(
                find_figure(&found, id, asset).claim,
                ClaimVerdict::Claimable
            );
        }
    }
}

/// Readings of a counter after an outage: hours from the start of October, and whether it went on
/// showing the last value.
fn with_outage(
    of: &[(i64, Option<f64>)],
    from: usize,
    to: usize,
    freezes: bool,
) -> Vec<(i64, Option<f64>)> {
    let held = of[from - 1].1.filter(|_| freezes);
    let all = of.iter().enumerate();
    let shown = all.filter_map(|(hour, (at, value))| {
        let is_out = (from..to).contains(&hour);
        let shown = if is_out { held? } else { (*value)? };
        Some((*at, Some(shown)))
    });
    shown.collect()
}

#[tokio::test]
async fn an_outage_of_one_meter_hides_twins_in_no_period() {
    let plants = plant("one", TWO[0]) + &plant("two", TWO[1]);
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let start = parse_time("2026-09-30T17:00:00Z").0;
    let mut total = 100.0;
    let mut counter = Vec::new();
    for hour in 0..=92 * 24_i32 {
        counter.push((start + i64::from(hour) * HOUR, Some(total)));
        total += (5.0 + 1.01 * f64::from((hour / 24) % 7)) / 24.0;
    }
    let november = 31 * 24;
    for (from, to, freezes) in [
        // Two days, a night, a day that stands still from noon to noon, and the end of a month.
        (november + 9 * 24, november + 11 * 24, false),
        (november + 9 * 24 + 17, november + 10 * 24 + 7, false),
        (november + 9 * 24 + 13, november + 10 * 24 + 12, true),
        (november + 20 * 24 + 5, 92 * 24 + 1, false),
    ] {
        let village = TestSite::new(&format!("{devices}{plants}"));
        let other = with_outage(&counter, from, to, freezes);
        let columns = vec![(TWO[0], counter.clone()), (TWO[1], other)];
        village.store_readings(columns).await;
        for period in ["2026-11", "2026-Q4", "2026", "2026-10-15..2026-12-20"] {
            let found = village.indicators(period).await;
            for (id, asset) in [("plts.generation", "one"), ("co2.net", "one")] {
                let figure = find_figure(&found, id, asset);
                let place = format!("{id} in {period}, {from} to {to}: {:?}", figure.remarks);
                assert_eq!(figure.claim, ClaimVerdict::Doubtful, "{place}");
            }
        }
    }
}

#[tokio::test]
async fn a_plant_that_is_the_sum_of_two_others_is_to_be_checked_and_so_is_the_total() {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let points = ["inverter.energy", "meter.export", "meter.import"];
    let plants = plant("a", points[0]) + &plant("b", points[1]) + &plant("c", points[2]);
    let start = parse_time("2026-10-31T17:00:00Z").0;
    for (factor, is_sum) in [(1.0, true), (1.012, true), (1.3, false)] {
        let mut columns = points.map(|point| (point, Vec::new()));
        let mut totals = [100.0, 200.0, 300.0];
        for hour in 0..=30 * 24_i32 {
            let at = start + i64::from(hour) * HOUR;
            for (column, total) in columns.iter_mut().zip(totals) {
                column.1.push((at, Some(total)));
            }
            // Days of their own: no ratio of two of them is steady.
            let a = (5.0 + 1.01 * f64::from((hour / 24) % 7)) / 24.0;
            let b = (4.0 + 1.37 * f64::from((hour / 24) % 5)) / 24.0;
            for (total, grown) in totals.iter_mut().zip([a, b, (a + b) * factor]) {
                *total += grown;
            }
        }
        let village = TestSite::new(&format!("{devices}{plants}"));
        village.store_readings(columns.into()).await;
        let found = village.indicators("2026-11").await;
        let all = [("plts.generation", "c"), ("site.generation", "")];
        if is_sum {
            assert_doubtful(&found, &all, "account-sum-of-others");
        }
        for asset in ["a", "b", "c"] {
            let one = find_figure(&found, "plts.generation", asset);
            let is_told = has_remark(one, "account-sum-of-others");
            assert_eq!(is_told, is_sum && asset == "c", "{asset} {factor}");
        }
    }
}

#[tokio::test]
async fn the_meter_at_the_connection_of_a_plant_is_no_twin_of_it() {
    let meter = "[[asset]]\nid = 'm'\nkind = 'meter'\nexport = 'meter.export'\n";
    let grid = plant("one", TWO[0]).replace("system = 'off-grid'", "system = 'grid-tied'");
    for (named, is_told) in [("export = 'meter.export'\n", false), ("", true)] {
        let assets = format!("{grid}{named}{meter}");
        let village = twin_site(&assets, TWO, 0.98).await;
        let found = village.indicators("2026-11").await;
        let one = find_figure(&found, "plts.generation", "one");
        assert_eq!(has_remark(one, "account-steady-ratio"), is_told, "{named}");
    }
}
