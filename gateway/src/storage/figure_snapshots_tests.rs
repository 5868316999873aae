//! Tests of the snapshots of figures in the store.

use super::schema::DATABASE_FILE;
use super::tests::{BACK_TO_VERSION_3, MIDNIGHT, decimal, open, reading, site};
use super::{FigureSnapshot, SnapshotQuery, Store, change_stored_file, snapshot_basis};
use crate::clock::Clock;
use crate::config::StoreSettings;
use crate::domain::{ExactNumber, UtcMs};
use crate::limits::{SNAPSHOT_BYTES_MAX, SNAPSHOT_PENDING_BYTES_MAX, SNAPSHOTS_MAX};
use jiff::civil::{Date, date};
use std::path::Path;
use std::time::Duration;

const DAY: i64 = 86_400_000;
const FIRST: Date = date(2026, 11, 1);

/// Snapshot of three days that end at the midnight before the tests' readings.
fn snapshot(asset: &str) -> FigureSnapshot {
    FigureSnapshot {
        asset: asset.into(),
        first: FIRST,
        kind: 2,
        basis: snapshot_basis(&[b"configuration"]),
        until: UtcMs(MIDNIGHT),
        reads_from: UtcMs(MIDNIGHT - 4 * DAY),
        looks_from: UtcMs(MIDNIGHT - 9 * DAY),
        state: asset.as_bytes().to_vec(),
    }
}

async fn find(store: &Store, asset: &str) -> Option<FigureSnapshot> {
    let query = SnapshotQuery {
        asset: asset.into(),
        first: FIRST,
        basis: snapshot_basis(&[b"configuration"]),
        until: UtcMs(MIDNIGHT),
    };
    store.find_snapshot(query).await.unwrap().0
}

async fn keep(store: &Store, one: FigureSnapshot) -> bool {
    let revision = store.data_revision();
    store.keep_snapshot(one, revision).await.unwrap()
}

#[tokio::test]
async fn a_snapshot_is_found_before_and_after_the_flush_and_after_a_restart() {
    let (dir, points) = (tempfile::tempdir().unwrap(), site(&["power"]));
    let store = open(dir.path(), &points);
    assert!(keep(&store, snapshot("plts")).await);
    assert_eq!(find(&store, "plts").await, Some(snapshot("plts")));
    assert_eq!(find(&store, "pump").await, None);
    store.flush().await.unwrap();
    assert_eq!(find(&store, "plts").await, Some(snapshot("plts")));
    store.stop().await;
    let store = open(dir.path(), &points);
    assert_eq!(find(&store, "plts").await, Some(snapshot("plts")));
    store.stop().await;
}

#[tokio::test]
async fn a_day_that_is_not_closed_gives_no_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    let open_day = FigureSnapshot {
        until: UtcMs(MIDNIGHT + DAY),
        ..snapshot("plts")
    };
    assert!(!keep(&store, open_day).await);
    store.stop().await;
}

#[tokio::test]
async fn what_was_computed_while_old_samples_changed_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    let before = store.data_revision();
    assert_eq!(find(&store, "plts").await, None);
    let row = (UtcMs(MIDNIGHT - DAY), ExactNumber::Float(1.0));
    store.import_rows("meter.power", vec![row]).await.unwrap();
    assert!(store.data_revision() > before);
    let kept = store.keep_snapshot(snapshot("plts"), before).await.unwrap();
    assert!(!kept);
    store.stop().await;
}

#[tokio::test]
async fn changed_samples_delete_the_snapshots_that_depend_on_them() {
    for (days_before, stays) in [(-1, true), (0, false), (5, false), (8, false), (10, true)] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), &site(&["power"]));
        assert!(keep(&store, snapshot("plts")).await);
        store.flush().await.unwrap();
        let row = (UtcMs(MIDNIGHT - days_before * DAY), ExactNumber::Float(1.0));
        store.import_rows("meter.power", vec![row]).await.unwrap();
        let found = find(&store, "plts").await;
        assert_eq!(found.is_some(), stays, "{days_before} days before");
        store.stop().await;
    }
}

#[tokio::test]
async fn a_late_reading_deletes_and_a_new_one_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    assert!(keep(&store, snapshot("plts")).await);
    let before = store.data_revision();
    store
        .append(reading(MIDNIGHT + 1, &[decimal(1)]))
        .await
        .unwrap();
    store.flush().await.unwrap();
    assert!(find(&store, "plts").await.is_some());
    assert_eq!(store.data_revision(), before);
    store
        .append(reading(MIDNIGHT, &[decimal(2)]))
        .await
        .unwrap();
    store.flush().await.unwrap();
    assert_eq!(find(&store, "plts").await, None);
    assert!(store.data_revision() > before);
    store.stop().await;
}

#[tokio::test]
async fn readings_of_1970_leave_the_snapshots_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    assert!(keep(&store, snapshot("plts")).await);
    let mut undated = reading(1000, &[decimal(1)]);
    undated.dated = false;
    store.append(undated).await.unwrap();
    store.flush().await.unwrap();
    assert!(find(&store, "plts").await.is_some());
    store.stop().await;
}

#[tokio::test]
async fn retention_deletes_the_snapshots_of_what_it_deletes() {
    let (dir, points) = (tempfile::tempdir().unwrap(), site(&["power"]));
    let clock = Clock::set(UtcMs(MIDNIGHT + DAY), true);
    let open_keeping = |keep: Option<Duration>| {
        let settings = StoreSettings {
            path: dir.path().to_owned(),
            flush: Duration::from_hours(1),
            keep,
            budget: None,
        };
        Store::open(dir.path(), &points, &settings, "text", &clock).unwrap()
    };
    let store = open_keeping(None);
    let rows = (0..30).map(|day| {
        let at = UtcMs(MIDNIGHT - day * DAY - 1);
        (at, ExactNumber::Float(1.0))
    });
    let rows = rows.collect();
    store.import_rows("meter.power", rows).await.unwrap();
    let newer = FigureSnapshot {
        reads_from: UtcMs(MIDNIGHT - 2 * DAY),
        ..snapshot("newer")
    };
    let older = FigureSnapshot {
        reads_from: UtcMs(MIDNIGHT - 29 * DAY),
        ..snapshot("older")
    };
    assert!(keep(&store, newer).await && keep(&store, older).await);
    store.stop().await;
    let store = open_keeping(Some(Duration::from_hours(24 * 26)));
    // Retention runs once an hour.
    clock.advance(Duration::from_hours(2));
    store
        .append(reading(MIDNIGHT + DAY, &[decimal(1)]))
        .await
        .unwrap();
    store.flush().await.unwrap();
    // The notice stands for a day.
    assert!(find(&store, "older").await.is_some());
    clock.advance(Duration::from_hours(26));
    store
        .append(reading(MIDNIGHT + 2 * DAY, &[decimal(1)]))
        .await
        .unwrap();
    store.flush().await.unwrap();
    assert!(find(&store, "newer").await.is_some());
    assert_eq!(find(&store, "older").await, None);
    store.stop().await;
}

#[tokio::test]
async fn snapshots_are_bounded_in_number_and_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    let large = |number: usize| FigureSnapshot {
        state: vec![u8::try_from(number % 251).unwrap(); SNAPSHOT_PENDING_BYTES_MAX],
        ..snapshot(&format!("large{number}"))
    };
    let fits = SNAPSHOT_BYTES_MAX / SNAPSHOT_PENDING_BYTES_MAX;
    for number in 0..=fits {
        assert!(keep(&store, large(number)).await);
    }
    store.flush().await.unwrap();
    assert_eq!(find(&store, "large0").await, None);
    assert_eq!(find(&store, "large1").await, Some(large(1)));
    let too_large = FigureSnapshot {
        state: vec![0; SNAPSHOT_PENDING_BYTES_MAX + 1],
        ..snapshot("more")
    };
    assert!(!keep(&store, too_large).await);
    for number in 0..=SNAPSHOTS_MAX {
        assert!(keep(&store, snapshot(&format!("small{number}"))).await);
    }
    store.flush().await.unwrap();
    store.stop().await;
    let rows = count_rows(dir.path());
    assert_eq!(rows, SNAPSHOTS_MAX);
}

fn count_rows(dir: &Path) -> usize {
    let db = rusqlite::Connection::open(dir.join(DATABASE_FILE)).unwrap();
    let count = "SELECT count(*) FROM figure_snapshot";
    let count: i64 = db.query_row(count, [], |row| row.get(0)).unwrap();
    usize::try_from(count).unwrap()
}

#[tokio::test]
async fn readings_are_stored_also_where_the_snapshots_are_damaged() {
    let (dir, points) = (tempfile::tempdir().unwrap(), site(&["power"]));
    let store = open(dir.path(), &points);
    assert!(keep(&store, snapshot("plts")).await);
    store.stop().await;
    // A trigger stands for a page that cannot be written.
    change_stored_file(
        &dir.path().join(DATABASE_FILE),
        "CREATE TRIGGER broken BEFORE DELETE ON figure_snapshot
           BEGIN SELECT RAISE(ABORT, 'broken'); END;
         CREATE TRIGGER broken_too BEFORE INSERT ON figure_snapshot
           BEGIN SELECT RAISE(ABORT, 'broken'); END;",
    );
    let store = open(dir.path(), &points);
    assert!(find(&store, "plts").await.is_some());
    assert!(keep(&store, snapshot("pump")).await);
    store
        .append(reading(MIDNIGHT, &[decimal(2)]))
        .await
        .unwrap();
    assert!(store.flush().await.is_ok());
    assert_eq!(find(&store, "plts").await, None);
    assert_eq!(find(&store, "pump").await, None);
    store.stop().await;
    let store = open(dir.path(), &points);
    assert_eq!(find(&store, "plts").await, None);
    store.stop().await;
}

#[tokio::test]
async fn a_store_of_version_3_keeps_its_readings_and_gets_snapshots() {
    let (dir, points) = (tempfile::tempdir().unwrap(), site(&["power"]));
    let store = open(dir.path(), &points);
    store
        .append(reading(MIDNIGHT, &[decimal(2)]))
        .await
        .unwrap();
    store.stop().await;
    change_stored_file(
        &dir.path().join(DATABASE_FILE),
        &format!(
            "{BACK_TO_VERSION_3} PRAGMA user_version = 3;
             UPDATE meta SET value = 3 WHERE key = 'tables'"
        ),
    );
    let store = open(dir.path(), &points);
    assert_eq!(store.latest_samples().await.unwrap().len(), 1);
    assert!(keep(&store, snapshot("plts")).await);
    store.stop().await;
    let store = open(dir.path(), &points);
    assert!(find(&store, "plts").await.is_some());
    store.stop().await;
}

#[tokio::test]
async fn a_clock_that_was_in_the_future_stops_no_snapshot_for_long() {
    let (dir, points) = (tempfile::tempdir().unwrap(), site(&["power"]));
    let settings = StoreSettings {
        path: dir.path().to_owned(),
        flush: Duration::from_hours(1),
        keep: None,
        budget: None,
    };
    let clock = Clock::set(UtcMs(MIDNIGHT + 400 * DAY), true);
    let store = Store::open(dir.path(), &points, &settings, "text", &clock).unwrap();
    let future = FigureSnapshot {
        until: UtcMs(MIDNIGHT + 300 * DAY),
        ..snapshot("plts")
    };
    assert!(keep(&store, future).await);
    clock.set_wall_clock(UtcMs(MIDNIGHT + DAY));
    let store_reading = async |at| {
        store.append(reading(at, &[decimal(1)])).await.unwrap();
        store.flush().await.unwrap();
        store.data_revision()
    };
    let after_first = store_reading(MIDNIGHT + 10_000).await;
    assert_eq!(store_reading(MIDNIGHT + 20_000).await, after_first);
    assert!(keep(&store, snapshot("plts")).await);
    store.stop().await;
}

#[tokio::test]
async fn what_began_before_the_clock_was_right_is_not_kept() {
    let (dir, points) = (tempfile::tempdir().unwrap(), site(&["power"]));
    let store = open(dir.path(), &points);
    let query = |until| SnapshotQuery {
        asset: "plts".into(),
        first: FIRST,
        basis: snapshot_basis(&[b"configuration"]),
        until: UtcMs(until),
    };
    let (_, revision) = store.find_snapshot(query(MIDNIGHT + DAY)).await.unwrap();
    assert!(
        !store
            .keep_snapshot(snapshot("plts"), revision)
            .await
            .unwrap()
    );
    let (_, revision) = store.find_snapshot(query(MIDNIGHT)).await.unwrap();
    assert!(
        store
            .keep_snapshot(snapshot("plts"), revision)
            .await
            .unwrap()
    );
    store.stop().await;
}
