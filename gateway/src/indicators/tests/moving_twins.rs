//! Twin meters: what moves by a steady ratio is one quantity until a relation is declared, and the
//! figures that people see first say so, in the month and in each of its days.

use super::site::SITE_DEVICES;
use super::{HOUR, TestSite, find_figure, has_remark, parse_time};
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::SiteIndicators;

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
