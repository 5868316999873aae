//! Figures that cannot be true together, and rain that cannot be true at all.

use super::site::{SITE_DEVICES, SITE_PLANT};
use super::{HOUR, TestSite, find_figure, has_remark, parse_time};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::SiteIndicators;

const PUMP: &str = "[[asset]]\nid = 'pump'\nkind = 'pump'\nvolume = 'pump.volume'\n\
    energy = 'pump.energy'\nhead = { static_m = 30.0 }\n";
const ROOF: &str = "[[asset]]\nid = 'roof'\nkind = 'catchment'\narea_m2 = 100.0\n\
    runoff = 0.9\nrain = 'tank.rain'\n";

/// November with these counters, each with its growth in an hour.
async fn november(assets: &str, counters: &[(&'static str, f64)]) -> SiteIndicators {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let village = TestSite::new(&format!("{devices}{assets}"));
    let start = parse_time("2026-10-31T17:00:00Z").0;
    let column = |(point, per_hour): &(&'static str, f64)| {
        let reading = |hour: i32| {
            let value = 1000.0 + per_hour * f64::from(hour);
            (start + i64::from(hour) * HOUR, Some(value))
        };
        (*point, (0..=30 * 24).map(reading).collect())
    };
    village
        .store_readings(counters.iter().map(column).collect())
        .await;
    village.indicators("2026-11").await
}

fn claims(found: &SiteIndicators, all: &[(&str, &str)]) -> Vec<ClaimVerdict> {
    let of = |(id, asset): &(&str, &str)| find_figure(found, id, asset).claim;
    all.iter().map(of).collect()
}

#[tokio::test]
async fn the_numbers_behind_a_ratio_that_cannot_be_true_are_to_be_checked() {
    let behind = [("pump.volume", "pump"), ("pump.energy", "pump")];
    // 180 m3 by 30 m with 7.2 kWh: an efficiency of 204 %.
    let found = november(PUMP, &[("pump.volume", 0.25), ("pump.energy", 0.01)]).await;
    let efficiency = find_figure(&found, "pump.efficiency", "pump");
    let implausible = ClaimVerdict::NotClaimed(NotClaimedReason::Implausible);
    assert_eq!(efficiency.claim, implausible);
    assert!(!has_remark(efficiency, "account-behind-ratio"));
    for (id, asset) in behind {
        let one = find_figure(&found, id, asset);
        assert_eq!(one.claim, ClaimVerdict::Doubtful, "{id} {:?}", one.remarks);
        assert!(has_remark(one, "account-behind-ratio"), "{id}");
    }
    let water = find_figure(&found, "site.water", "");
    assert_eq!(water.claim, ClaimVerdict::Doubtful, "{:?}", water.remarks);
    // 40 %: nothing is wrong.
    let found = november(PUMP, &[("pump.volume", 0.25), ("pump.energy", 0.051)]).await;
    assert_eq!(claims(&found, &behind), [ClaimVerdict::Claimable; 2]);
}

#[tokio::test]
async fn more_export_than_generation_makes_both_doubtful() {
    let both = [("plts.generation", "plts"), ("plts.export", "plts")];
    for (export, wanted) in [
        (0.5, ClaimVerdict::Doubtful),
        (0.2, ClaimVerdict::Claimable),
    ] {
        let counters = [("inverter.energy", 0.3), ("meter.export", export)];
        let plant = SITE_PLANT.replace("irradiance = \"sun.poa\"\n", "");
        let found = november(&plant, &counters).await;
        let found = claims(&found, &both);
        assert_eq!(found, [wanted; 2], "{export}");
    }
}

#[tokio::test]
async fn rain_that_no_sky_gives_is_to_be_checked_or_not_claimed() {
    let implausible = ClaimVerdict::NotClaimed(NotClaimedReason::Implausible);
    for (per_hour, wanted) in [
        // 360 mm in the month.
        (0.5, ClaimVerdict::Claimable),
        // 3,600 mm: a gauge with a scale ten times too high.
        (5.0, ClaimVerdict::Doubtful),
        // 600 mm every day.
        (25.0, implausible),
    ] {
        let found = november(ROOF, &[("tank.rain", per_hour)]).await;
        let rain = find_figure(&found, "catchment.rain", "roof");
        assert_eq!(rain.claim, wanted, "{per_hour} {:?}", rain.remarks);
        let caught = find_figure(&found, "catchment.captured", "roof");
        assert!(caught.claim >= wanted, "{per_hour} {:?}", caught.remarks);
    }
}
