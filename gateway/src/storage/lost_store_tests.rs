//! Tests of stores whose file was removed, replaced, or garbled as a whole.

use super::damage_tests::garbage;
use super::tests::{MIDNIGHT, ask, decimal, open, open_at, raw, reading, site};
use super::*;
use crate::clock::Clock;
use crate::domain::UtcMs;
use crate::domain::data_damage::{DamagedContent, DataDamage};
use crate::domain::store_event::{StoreEvent, StoreEventKind};
use std::path::Path;
use std::time::Duration;

const DAY: i64 = 86_400_000;

/// Makes a store with a reading on each of these days after the first, and stops it.
async fn fill(dir: &Path, days: std::ops::Range<i64>) {
    let clock = Clock::set(UtcMs(MIDNIGHT + days.end * DAY), true);
    let store = open_at(dir, &site(&["power"]), &clock, None);
    for day in days {
        let at = MIDNIGHT + day * DAY + 1000;
        store.append(reading(at, &[decimal(day)])).await.unwrap();
        store.flush().await.unwrap();
    }
    store.stop().await;
}

/// Opens the store ten days after the first day; returns it with its newest event.
fn open_later(dir: &Path) -> (Store, StoreEvent) {
    let clock = Clock::set(UtcMs(MIDNIGHT + 10 * DAY), true);
    let store = open_at(dir, &site(&["power"]), &clock, None);
    let events = store.health().borrow().events.clone();
    (store, events.last().unwrap().clone())
}

fn remove(dir: &Path, names: &[&str]) {
    for name in names {
        // A clean stop may leave no log.
        let _ = std::fs::remove_file(dir.join(name));
    }
}

/// Days of readings that are listed as lost.
fn lost_days(listed: &[DataDamage]) -> Vec<String> {
    let readings = listed
        .iter()
        .filter(|one| one.what == DamagedContent::Readings);
    let mut days: Vec<String> = readings.map(|one| one.day.to_string()).collect();
    days.sort();
    days
}

#[tokio::test]
async fn a_store_that_is_gone_is_told_once_with_its_readings_from_when_to_when() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 0..3).await;
    remove(dir.path(), &["pantau.db", "pantau.db-wal"]);
    let (store, event) = open_later(dir.path());
    assert_eq!(event.kind, StoreEventKind::Lost);
    let last = UtcMs(MIDNIGHT + 2 * DAY + 1000);
    assert_eq!(event.missing, Some((UtcMs(MIDNIGHT), last)));
    let listed = store.list_damage().await.unwrap();
    assert_eq!(
        lost_days(&listed),
        ["2026-11-21", "2026-11-22", "2026-11-23"]
    );
    assert_eq!(store.health().borrow().events.len(), 1);
    store.stop().await;
    // It stays on the page, and no start finds it a second time.
    let (store, again) = open_later(dir.path());
    assert_eq!(again, event);
    assert_eq!(store.health().borrow().events.len(), 1);
    assert!(store.health().borrow().repairs.is_empty());
    store.stop().await;
}

#[tokio::test]
async fn a_file_removed_from_under_the_program_is_told_with_the_copy_that_was_saved() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT + 3 * DAY), true);
    let store = open_at(dir.path(), &site(&["power"]), &clock, None);
    for day in 0..3 {
        let at = MIDNIGHT + day * DAY + 1000;
        store.append(reading(at, &[decimal(day)])).await.unwrap();
        store.flush().await.unwrap();
    }
    remove(dir.path(), &["pantau.db"]);
    let at = MIDNIGHT + 2 * DAY + 2000;
    store.append(reading(at, &[decimal(9)])).await.unwrap();
    store.flush().await.unwrap_err();
    store.stop().await;
    let (store, event) = open_later(dir.path());
    assert_eq!(event.kind, StoreEventKind::Lost);
    // Every file that is named is there.
    for name in &event.files {
        assert!(dir.path().join(name).exists(), "{name}");
    }
    let is_rescued = |name: &String| name.starts_with("pantau.db.rescued-");
    assert!(event.files.iter().any(is_rescued), "{event:?}");
    let health = store.health().borrow().clone();
    assert_eq!(health.rescued_files.len(), 1);
    for name in &health.damaged_files {
        assert!(dir.path().join(name).exists(), "{name}");
    }
    // What is listed as missing was read, and nothing of the day of the start.
    let listed = store.list_damage().await.unwrap();
    let days = lost_days(&listed);
    assert!(days.iter().all(|day| &**day < "2026-11-24"), "{days:?}");
    let kept = ask(&store, raw("meter.power")).await.len();
    assert!(kept == 4 || !days.is_empty(), "{kept} {days:?}");
    store.stop().await;
}

#[tokio::test]
async fn a_file_of_garbage_is_told_with_what_was_in_it_or_that_nobody_knows() {
    for is_known in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path(), 0..3).await;
        remove(dir.path(), &["pantau.db-wal"]);
        std::fs::write(dir.path().join("pantau.db"), garbage()).unwrap();
        if !is_known {
            remove(dir.path(), &["pantau.seq"]);
        }
        let (store, event) = open_later(dir.path());
        assert_eq!(event.kind, StoreEventKind::Begun);
        assert!(dir.path().join(&event.files[0]).exists());
        let listed = store.list_damage().await.unwrap();
        if is_known {
            let last = UtcMs(MIDNIGHT + 2 * DAY + 1000);
            assert_eq!(event.missing, Some((UtcMs(MIDNIGHT), last)));
            assert_eq!(
                lost_days(&listed),
                ["2026-11-21", "2026-11-22", "2026-11-23"]
            );
        } else {
            assert_eq!(event.missing, None);
            let whats: Vec<DamagedContent> = listed.iter().map(|one| one.what).collect();
            assert_eq!(whats, [DamagedContent::Store]);
            assert!(
                event.to_string().contains("not known what was there"),
                "{event}"
            );
        }
        store.stop().await;
    }
}

#[tokio::test]
async fn entries_of_a_store_that_is_gone_are_missed_by_their_numbers() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 0..1).await;
    let store = open(dir.path(), &site(&["power"]));
    let entries = vec![ledger_tests::said("1", 20), ledger_tests::said("2", 20)];
    store.append_ledger(entries, "Siti").await.unwrap();
    store.stop().await;
    remove(dir.path(), &["pantau.db", "pantau.db-wal"]);
    let (store, _) = open_later(dir.path());
    let listed = store.list_damage().await.unwrap();
    let entries = listed.iter().find(|one| one.what == DamagedContent::Ledger);
    assert_eq!(entries.unwrap().numbers, (1, 2));
    store.stop().await;
}

#[tokio::test]
async fn an_older_copy_of_the_file_is_told_with_what_it_lacks() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 0..2).await;
    let file = dir.path().join("pantau.db");
    let (copy, log) = (dir.path().join("copy"), dir.path().join("pantau.db-wal"));
    std::fs::copy(&file, &copy).unwrap();
    fill(dir.path(), 2..5).await;
    std::fs::rename(&copy, &file).unwrap();
    let _ = std::fs::remove_file(log);
    let (store, event) = open_later(dir.path());
    assert_eq!(event.kind, StoreEventKind::Older);
    assert_eq!(event.missing.unwrap().1, UtcMs(MIDNIGHT + 4 * DAY + 1000));
    let listed = store.list_damage().await.unwrap();
    let days = lost_days(&listed);
    assert_eq!(days.last().unwrap(), "2026-11-25", "{days:?}");
    assert!(!days.contains(&"2026-11-21".to_owned()), "{days:?}");
    store.stop().await;
}

/// Copies file and log as they are while the store is open.
fn copy_open_files(from: &Path, to: &Path) {
    for name in ["pantau.db", "pantau.db-wal"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

#[tokio::test]
async fn commits_that_a_cut_log_has_lost_are_told_and_their_numbers_are_not_given_again() {
    let (dir, early) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(dir.path(), 0..1).await;
    let store = open(dir.path(), &site(&["power"]));
    for day in 1..=3 {
        if day == 3 {
            copy_open_files(dir.path(), early.path());
        }
        let one = reading(MIDNIGHT + day * DAY, &[decimal(day)]);
        store.append(one).await.unwrap();
        store.flush().await.unwrap();
    }
    let last = *store.durable.borrow();
    store.stop().await;
    // The log ends where it did before the last commit.
    copy_open_files(early.path(), dir.path());
    let (store, event) = open_later(dir.path());
    assert_eq!(event.kind, StoreEventKind::LogLost);
    assert_eq!(event.missing.unwrap().1, UtcMs(MIDNIGHT + 3 * DAY));
    assert_eq!(
        lost_days(&store.list_damage().await.unwrap())
            .last()
            .unwrap(),
        "2026-11-24"
    );
    let one = reading(MIDNIGHT + 4 * DAY, &[decimal(4)]);
    store.append(one).await.unwrap();
    assert!(store.flush().await.unwrap() > last);
    store.stop().await;
}

#[tokio::test]
async fn numbers_that_were_left_out_are_no_lost_readings() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 0..2).await;
    // Without the small file numbers are left out; then nothing is read before the next starts.
    remove(dir.path(), &["pantau.seq"]);
    for _ in 0..3 {
        let clock = Clock::set(UtcMs(MIDNIGHT + 10 * DAY), true);
        let store = open_at(dir.path(), &site(&["power"]), &clock, None);
        let events = store.health().borrow().events.clone();
        assert!(events.is_empty(), "{events:?}");
        store.stop().await;
    }
}

#[tokio::test]
async fn a_log_whose_begin_is_zeros_is_read_from_there_on_or_kept_aside() {
    for (zeros, is_all_read) in [(4096, true), (usize::MAX, false)] {
        let (dir, cut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fill(dir.path(), 0..1).await;
        let store = open(dir.path(), &site(&["power"]));
        for step in 0..40 {
            let one = reading(MIDNIGHT + DAY + step * 1000, &[decimal(step)]);
            store.append(one).await.unwrap();
            store.flush().await.unwrap();
        }
        copy_open_files(dir.path(), cut.path());
        std::fs::copy(dir.path().join("pantau.seq"), cut.path().join("pantau.seq")).unwrap();
        store.stop().await;
        let log = cut.path().join("pantau.db-wal");
        let mut bytes = std::fs::read(&log).unwrap();
        if is_all_read {
            bytes[..zeros].fill(0);
        } else {
            // No two frames belong together any more.
            bytes.iter_mut().step_by(700).for_each(|byte| *byte ^= 0x55);
            bytes[..32].fill(0);
        }
        std::fs::write(&log, &bytes).unwrap();
        let (store, event) = open_later(cut.path());
        let kept = store.read_journal(0, 100).await.unwrap().len();
        if is_all_read {
            assert_eq!(event.kind, StoreEventKind::Mended);
            assert!(kept >= 40, "{kept}");
        } else {
            assert_eq!(event.kind, StoreEventKind::LogLost);
            let aside = std::fs::read(cut.path().join(&event.files[0])).unwrap();
            assert!(aside == bytes);
        }
        store.stop().await;
    }
}

#[tokio::test]
async fn the_file_of_another_store_is_told() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(dir.path(), 0..2).await;
    fill(other.path(), 0..1).await;
    for name in ["pantau.db", "pantau.db-wal"] {
        let _ = std::fs::copy(other.path().join(name), dir.path().join(name));
    }
    let (store, event) = open_later(dir.path());
    assert_eq!(event.kind, StoreEventKind::Replaced);
    let last = UtcMs(MIDNIGHT + DAY + 1000);
    assert_eq!(event.missing, Some((UtcMs(MIDNIGHT), last)));
    assert!(store.list_damage().await.unwrap().is_empty());
    store.stop().await;
}

#[tokio::test]
async fn what_is_stored_since_the_start_is_told_apart_from_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 0..1).await;
    let store = open(dir.path(), &site(&["power"]));
    let health = store.health();
    assert!(health.borrow().durable_at.is_some() && !health.borrow().has_stored);
    store
        .append(reading(MIDNIGHT + 2000, &[decimal(1)]))
        .await
        .unwrap();
    store.flush().await.unwrap();
    assert!(health.borrow().has_stored);
    store.stop().await;
}

#[tokio::test]
async fn a_sink_that_comes_back_is_told_how_many_readings_it_does_not_get() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site(&["power"]), &clock, None);
    let put = async |count: i64| {
        for _ in 0..count {
            clock.advance(Duration::from_hours(12));
            let at = clock.now().at.0;
            store.append(reading(at, &[decimal(1)])).await.unwrap();
        }
        store.flush().await.unwrap();
        super::tests::wait_for_maintenance(&store).await;
    };
    store.sink_lanes("mqtt").await.unwrap();
    store.set_configured_sinks(vec!["mqtt"]).await.unwrap();
    put(2).await;
    store
        .advance_lanes("mqtt", DeliveryLanes::at(2))
        .await
        .unwrap();
    store.flush().await.unwrap();
    store.set_configured_sinks(vec![]).await.unwrap();
    put(6).await;
    store.set_configured_sinks(vec!["mqtt"]).await.unwrap();
    store.sink_lanes("mqtt").await.unwrap();
    let audit = store.read_audit(None).await.unwrap();
    let back = audit
        .iter()
        .find(|one| one.what.contains("is back"))
        .unwrap();
    assert!(
        back.what.contains("readings of 2026-11-22 to 2026-11-25"),
        "{}",
        back.what
    );
    store.stop().await;
}

#[tokio::test]
async fn a_command_begins_no_store_in_the_empty_directory_of_a_disk_that_is_not_mounted() {
    let place = tempfile::tempdir().unwrap();
    for directory in [place.path().to_owned(), place.path().join("pantau")] {
        let settings = crate::config::StoreSettings {
            path: directory.clone(),
            flush: Duration::from_secs(10),
            keep: None,
            budget: None,
        };
        let clock = Clock::set(UtcMs(MIDNIGHT), true);
        let (access, site) = (StoreAccess::Write, site(&["power"]));
        let opened = Store::open_with_access(access, &directory, &site, &settings, "", &clock);
        assert!(
            matches!(opened, Err(StoreError::Missing(_))),
            "{directory:?}"
        );
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}
