//! Totals of the site: what they leave out, and on which side the truth then lies.

use super::site::SITE_DEVICES;
use super::{HOUR, TestSite, assert_figure_close, find_figure, has_remark, parse_time};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::SiteIndicators;
use crate::domain::value_bound::ValueBound;

fn plant(id: &str, keys: &str) -> String {
    format!("[[asset]]\nid = '{id}'\nname = '{id}'\nkind = 'plts'\ncapacity_kwp = 5\n{keys}\n")
}

/// Figures of November 2026 of counters, each with its growth an hour.
async fn account_of(assets: &str, counters: &[(&'static str, f64)]) -> SiteIndicators {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let village = TestSite::new(&format!("{devices}{assets}"));
    let start = parse_time("2026-10-31T17:00:00Z").0;
    // Each has days of its own, so that no two of them look like one.
    let column = |(own, (point, rate)): (i32, &(&'static str, f64))| {
        let mut sum = 50.0;
        let hours = 0..=720_i32;
        let hours = hours.map(|hour| {
            let at = start + i64::from(hour) * HOUR;
            let now = sum;
            let days = (hour / 24 * (own + 2) + own * own) % 7;
            sum += rate * (1.0 + 0.1 * f64::from(days));
            (at, Some(now))
        });
        (*point, hours.collect())
    };
    let counters = (0..).zip(counters);
    village.store_readings(counters.map(column).collect()).await;
    village.indicators("2026-11").await
}

fn assert_left_out(found: &SiteIndicators, id: &str, (bound, names): (ValueBound, &str)) {
    let total = find_figure(found, id, "");
    assert!(total.value.is_ok(), "{id}: {:?}", total.value);
    assert_eq!(total.bound(), bound, "{id}: {:?}", total.remarks);
    let mut remarks = total.remarks.iter();
    let told = remarks.find(|said| said.key.starts_with("account-left-out"));
    let told = told.map(|said| said.args[0].1.as_str());
    assert_eq!(told.unwrap_or_default(), names, "{id}");
}

#[tokio::test]
async fn a_total_without_an_asset_that_has_no_such_figure_is_at_least() {
    let plants = plant(
        "tied",
        "energy = 'inverter.energy'\nexport = 'meter.export'",
    ) + &plant("apart", "energy = 'meter.import'\nsystem = 'off-grid'")
        + &plant("lift", "energy = 'pump.energy'\nsystem = 'pump-only'");
    let counters = [
        ("inverter.energy", 0.4),
        ("meter.export", 0.1),
        ("meter.import", 0.3),
        ("pump.energy", 0.2),
    ];
    let found = account_of(&plants, &counters).await;
    assert_left_out(&found, "site.self_use", (ValueBound::Lower, "apart, lift"));
    assert_left_out(&found, "site.generation", (ValueBound::Neither, ""));
    let own = find_figure(&found, "plts.self_use", "tied").value.clone();
    assert_figure_close(&found, "site.self_use", "", own.unwrap());
}

#[tokio::test]
async fn every_total_without_a_part_says_at_least() {
    let pump = |id: &str, point: &str| {
        format!("[[asset]]\nid = '{id}'\nname = '{id}'\nkind = 'pump'\nvolume = '{point}'\n")
    };
    let grid = "system = 'off-grid'\nbaseline = { kind = 'GRID', \
                factor = 'grid.sumatera.2019.cm5050_exante' }\n";
    let roof = |id: &str, point: &str| {
        format!(
            "[[asset]]\nid = '{id}'\nname = '{id}'\nkind = 'catchment'\narea_m2 = 50\n\
             rain = '{point}'\n"
        )
    };
    let second = "[[device]]\nid = 'dead'\nbus = 'lan'\nunit = 99\nevery = '1h'\npoint = [\n\
        { id = 'm3', register = 'holding:0', type = 'f64', unit = 'm3', counter = true },\n\
        { id = 'mm', register = 'holding:4', type = 'f64', unit = 'mm', counter = true },\n]\n";
    let assets = second.to_owned()
        + &plant("runs", &format!("energy = 'inverter.energy'\n{grid}"))
        + &plant("dead", &format!("energy = 'meter.export'\n{grid}"))
        + &pump("wet", "pump.volume")
        + &pump("dry", "dead.m3")
        + &roof("big", "tank.rain")
        + &roof("small", "dead.mm");
    let counters = [
        ("inverter.energy", 0.4),
        ("pump.volume", 0.3),
        ("tank.rain", 0.2),
    ];
    let found = account_of(&assets, &counters).await;
    let lower = ValueBound::Lower;
    assert_left_out(&found, "site.generation", (lower, "dead"));
    assert_left_out(&found, "site.water", (lower, "dry"));
    assert_left_out(&found, "site.rain_captured", (lower, "small"));
    assert_left_out(&found, "co2.gross", (lower, "dead"));
    // Of a net that is not known, nobody knows the sign.
    assert_left_out(&found, "co2.net", (ValueBound::Either, "dead"));
    assert_eq!(
        find_figure(&found, "co2.net", "").claim,
        ClaimVerdict::Doubtful
    );
}

#[tokio::test]
async fn energy_with_a_certificate_is_no_energy_of_the_site() {
    let certified = "energy = 'meter.import'\nexport = 'meter.export'\n\
                     claim = { owner = 'Desa', rec = true }";
    let plants =
        plant("own", "energy = 'inverter.energy'\nsystem = 'off-grid'") + &plant("sold", certified);
    let counters = [
        ("inverter.energy", 0.4),
        ("meter.import", 0.3),
        ("meter.export", 0.1),
    ];
    let found = account_of(&plants, &counters).await;
    let wanted = ClaimVerdict::NotClaimed(NotClaimedReason::Certified);
    for id in ["plts.generation", "plts.export", "plts.self_use"] {
        assert_eq!(find_figure(&found, id, "sold").claim, wanted, "{id}");
    }
    let own = find_figure(&found, "plts.generation", "own").value.clone();
    assert_figure_close(&found, "site.generation", "", own.unwrap());
    assert_left_out(&found, "site.generation", (ValueBound::Lower, "sold"));
    assert!(!has_remark(
        find_figure(&found, "plts.generation", "own"),
        "account-left-out"
    ));
}
