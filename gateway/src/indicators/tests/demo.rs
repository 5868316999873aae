//! The simulated demo site, read through the same registers and coarse steps as a real one.

use super::{DAY, TestSite, assert_texts_exist, figure_value, parse_time};
use crate::domain::UtcMs;
use crate::indicators::{IndicatorQuery, calculate_indicators};
use crate::simulator::SimulatedHistory;
use crate::tests::world_at;

const DEMO_SITE: &str = include_str!("../../../assets/demo.toml");

/// The demo site after two simulated days.
async fn demo_site() -> TestSite {
    let village = TestSite::new(DEMO_SITE);
    let start = parse_time("2026-10-31T17:00:00Z");
    let history = SimulatedHistory::new(&village.config, &world_at(start));
    for day in 0..2 {
        let from = start.0 + day * DAY;
        let columns = history.polls_between(UtcMs(from), UtcMs(from + DAY));
        village.store.import_columns(columns).await.unwrap();
    }
    village
}

#[tokio::test]
async fn the_demos_figures_can_be_defended() {
    let village = demo_site().await;
    let found = village.indicators("2026-11-01..2026-11-02").await;
    for event in &found.events {
        assert_eq!(event.kind, "gap", "{event:?}");
    }
    let energy = figure_value(&found, "plts.generation", "plts");
    let power =
        figure_value(&found, "plts.self_use", "plts") + figure_value(&found, "plts.export", "plts");
    assert!((5.0..25.0).contains(&energy) && (energy - power).abs() < 1e-9);
    assert!((0.5..60.0).contains(&figure_value(&found, "pump.volume", "pump")));
    assert!((20.0..60.0).contains(&figure_value(&found, "pump.efficiency", "pump")));
    assert!((60.0..100.0).contains(&figure_value(&found, "plts.pr", "plts")));
    assert!(figure_value(&found, "tank.volume_last", "tank") > 0.0);
    // Without its story the site is well: the tank is tight, and the bin is never too hot.
    assert!(figure_value(&found, "tank.leak_nights", "tank").abs() < 1e-9);
    assert!(figure_value(&found, "bsf.hours_critical", "bsf").abs() < 1e-9);
    assert!(figure_value(&found, "co2.net", "") > 0.0);
}

#[tokio::test]
async fn one_asset_is_told_alone_with_what_it_needs() {
    let village = demo_site().await;
    let ask = IndicatorQuery {
        period: "2026-11-01".parse().unwrap(),
        asset: Some("pump".into()),
        now: parse_time("2026-12-01T00:00:00Z"),
        daily: true,
        snapshots: true,
    };
    let mut last = None;
    let mut progress = |step| last = Some(step);
    let found = calculate_indicators(&village.config, &village.store, &ask, &mut progress);
    let found = found.await.unwrap();
    assert_texts_exist(&found);
    assert!(
        found
            .indicators
            .iter()
            .all(|one| one.asset.as_deref() == Some("pump"))
    );
    assert!(
        found
            .daily
            .iter()
            .all(|one| one.asset.as_deref() == Some("pump"))
    );
    let whole = village.indicators("2026-11-01").await;
    for one in &found.indicators {
        assert_eq!(whole.find(&one.id, Some("pump")), Some(one));
    }
    assert!(last.is_some_and(|step| step.done > 0 && step.done <= step.all));
}
