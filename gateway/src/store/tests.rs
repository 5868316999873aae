//! The store as the rest of the program sees it.

use super::*;
use crate::clock::Clock;
use crate::config::StoreSettings;
use crate::model::*;
use std::path::Path;
use std::time::Duration;

/// 2026-11-21 00:00 in Jakarta.
pub(super) const MIDNIGHT: i64 = 1_795_194_000_000;

pub(super) fn site(points: &[&str]) -> Site {
    let point = |name: &&str| PointInfo {
        id: format!("meter.{name}").into(),
        name: (*name).into(),
        unit: "W".into(),
        quantity: "power".into(),
        counter: false,
    };
    Site {
        id: "s".into(),
        name: "S".into(),
        timezone: "Asia/Jakarta".into(),
        latitude: 0.0,
        longitude: 107.0,
        devices: vec![DeviceInfo {
            id: "meter".into(),
            bus: "b".into(),
            profile: None,
            kind: "meter".into(),
            every_ms: 10_000,
            points: points.iter().map(point).collect(),
        }],
    }
}

pub(super) fn open(dir: &Path, site: &Site) -> Store {
    try_open(dir, site).unwrap()
}

pub(super) fn try_open(dir: &Path, site: &Site) -> Result<Store, StoreError> {
    let settings = StoreSettings {
        path: dir.to_owned(),
        flush: Duration::from_secs(3600),
        keep: None,
        budget: None,
    };
    let clock = Clock::set(UtcMs(MIDNIGHT + 86_400_000), true);
    Store::open(dir, site, &settings, "text", clock)
}

pub(super) fn decimal(mantissa: i64) -> Outcome {
    Outcome::Good(Number::Decimal {
        mantissa,
        exponent: -1,
    })
}

pub(super) fn reading(at: i64, outcomes: &[Outcome]) -> Reading {
    Reading {
        device: 0,
        at: UtcMs(at),
        mono: MonoMs(5),
        dated: true,
        outcomes: outcomes.into(),
    }
}

pub(super) async fn ask(store: &Store, query: Query) -> Vec<Sample> {
    let mut blocks = store.query(query).await.unwrap();
    let mut all = Vec::new();
    while let Some(block) = blocks.recv().await {
        all.extend(block.unwrap());
    }
    all
}

pub(super) fn raw(point: &str) -> Query {
    Query {
        point: point.to_owned(),
        from: UtcMs(0),
        to: UtcMs(i64::MAX),
        step: Step::Raw,
        aggregate: Aggregate::Mean,
    }
}

#[tokio::test]
async fn what_was_flushed_is_there_after_a_stop_without_warning() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power", "temp"]);
    let store = open(dir.path(), &site);
    assert_eq!(store.cursor("mqtt").await.unwrap(), None);
    for i in 0..10 {
        let outcomes = [decimal(i), Outcome::Bad(Reason::Timeout)];
        store
            .append(reading(MIDNIGHT + i * 10_000, &outcomes))
            .await
            .unwrap();
    }
    assert_eq!(store.flush().await.unwrap(), 10);
    store.move_cursor("mqtt", 4).await.unwrap();
    store.flush().await.unwrap();
    assert_eq!(ask(&store, raw("meter.power")).await.len(), 10);
    store
        .append(reading(MIDNIGHT + 100_000, &[decimal(10), decimal(1)]))
        .await
        .unwrap();
    assert!(matches!(
        try_open(dir.path(), &site),
        Err(StoreError::Busy(_))
    ));
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let again = open(copy.path(), &site);
    assert_eq!(again.cursor("mqtt").await.unwrap(), Some(4));
    let readings = again.journal(4, 100).await.unwrap();
    assert_eq!(
        readings.iter().map(|one| one.seq).collect::<Vec<_>>(),
        [5, 6, 7, 8, 9, 10]
    );
    assert_eq!(readings[0].reading.outcomes[0], decimal(4));
    let last = again.last().await.unwrap();
    assert_eq!(last[0].sample.outcome, decimal(9));
    assert!(last[0].durable);
    again
        .append(reading(MIDNIGHT + 100_000, &[decimal(3), decimal(1)]))
        .await
        .unwrap();
    assert_eq!(again.flush().await.unwrap(), 11);
}
