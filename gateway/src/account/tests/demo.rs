//! The simulated village, through the same registers as a real one: coarse steps and all.

use super::{DAY, Village, at, told, value};
use crate::account::{Ask, account};
use crate::clock::Clock;
use crate::model::UtcMs;
use crate::sim::History;
use crate::sim::plant::Plant;
use crate::sim::world::World;
use crate::sun::Place;

const DEMO: &str = include_str!("../../../assets/demo.toml");

/// The village after two simulated days.
async fn village() -> Village {
    let village = Village::new(DEMO);
    let start = at("2026-10-31T17:00:00Z");
    let place = Place {
        latitude: -3.76,
        longitude: 103.78,
    };
    let plant = Plant::new(place, "Asia/Jakarta", 1, start);
    let world = World::new(plant, Clock::set(start, true), 1, 1.0);
    let history = History::new(&village.config, &world);
    for day in 0..2 {
        let from = start.0 + day * DAY;
        let columns = history.between(UtcMs(from), UtcMs(from + DAY));
        village.store.import_many(columns).await.unwrap();
    }
    village
}

#[tokio::test]
async fn the_demos_figures_can_be_defended() {
    let village = village().await;
    let found = village.account("2026-11-01..2026-11-02").await;
    for event in &found.events {
        assert_eq!(event.kind, "gap", "{event:?}");
    }
    let energy = value(&found, "plts.generation", "plts");
    let power = value(&found, "plts.self_use", "plts") + value(&found, "plts.export", "plts");
    assert!((5.0..25.0).contains(&energy) && (energy - power).abs() < 1e-9);
    assert!((0.5..60.0).contains(&value(&found, "pump.volume", "pump")));
    assert!((20.0..60.0).contains(&value(&found, "pump.efficiency", "pump")));
    assert!(value(&found, "tank.volume_last", "tank") > 0.0);
    assert!(value(&found, "co2.net", "") > 0.0);
}

#[tokio::test]
async fn one_asset_is_told_alone_with_what_it_needs() {
    let village = village().await;
    let ask = Ask {
        period: "2026-11-01".parse().unwrap(),
        asset: Some("pump".into()),
        now: at("2026-12-01T00:00:00Z"),
        daily: true,
    };
    let mut last = None;
    let mut progress = |step| last = Some(step);
    let found = account(&village.config, &village.store, &ask, &mut progress);
    let found = found.await.unwrap();
    told(&found);
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
    let whole = village.account("2026-11-01").await;
    for one in &found.indicators {
        assert_eq!(whole.find(&one.id, Some("pump")), Some(one));
    }
    assert!(last.is_some_and(|step| step.done > 0 && step.done <= step.all));
}
