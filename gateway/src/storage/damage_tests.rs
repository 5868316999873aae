//! Tests of damaged files, changed configurations, full disks and rejecting receivers.

use super::store_request::StoreRequest;
use super::store_values::StoreStart;
use super::tests::{
    MIDNIGHT, ask, close_days, decimal, open, open_at, raw, reading, site, wait_for_maintenance,
};
use super::writer::StoreWriter;
use super::*;
use crate::clock::Clock;
use crate::config::StoreSettings;
use crate::domain::data_damage::DamagedContent;
use crate::domain::*;
use crate::storage::data_damage::{lost_stretches, note_missing};
use crate::storage::missing_list::{MissingRows, add_missing};
use std::path::Path;
use std::time::Duration;

/// Bytes without the header of a database: SQLite refuses the file when it is opened.
pub(super) fn garbage() -> Vec<u8> {
    (0..5000u32).map(|i| i.to_le_bytes()[0] ^ 0x5a).collect()
}

#[tokio::test]
async fn a_file_that_is_no_database_is_set_aside_and_the_store_starts() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("pantau.db"), garbage()).unwrap();
    let store = open(dir.path(), &site(&["power"]));
    assert_eq!(store.health().borrow().repairs.len(), 1);
    let kept = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("damaged"));
    assert_eq!(std::fs::read(kept.unwrap()).unwrap(), garbage());
    store
        .append(reading(MIDNIGHT, &[decimal(1)]))
        .await
        .unwrap();
    assert_eq!(store.flush().await.unwrap(), 1);
}

#[tokio::test]
async fn a_log_whose_file_is_gone_is_set_aside_and_not_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    store
        .append(reading(MIDNIGHT, &[decimal(1)]))
        .await
        .unwrap();
    store.stop().await;
    std::fs::remove_file(dir.path().join("pantau.db")).unwrap();
    // The log may hold readings that were acknowledged; a new database would overwrite it.
    let log = std::fs::read(dir.path().join("pantau.db-wal")).unwrap();
    let store = open(dir.path(), &site(&["power"]));
    assert_eq!(store.health().borrow().repairs.len(), 1);
    let mut kept = std::fs::read_dir(dir.path()).unwrap().flatten();
    let kept = kept.find(|entry| entry.file_name().to_string_lossy().contains("damaged"));
    assert!(std::fs::read(kept.unwrap().path()).unwrap() == log);
}

#[tokio::test]
async fn a_log_whose_file_is_empty_or_gone_is_touched_by_no_command_and_salvaged_by_the_gateway() {
    for is_gone in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let site = site(&["power"]);
        let store = open(dir.path(), &site);
        store
            .append(reading(MIDNIGHT, &[decimal(1)]))
            .await
            .unwrap();
        store.flush().await.unwrap();
        // The log of a kill: a clean stop would have written it into the file.
        let left = tempfile::tempdir().unwrap();
        for name in ["pantau.db-wal", "pantau.seq"] {
            std::fs::copy(dir.path().join(name), left.path().join(name)).unwrap();
        }
        store.stop().await;
        if !is_gone {
            std::fs::write(left.path().join("pantau.db"), "").unwrap();
        }
        let wal = left.path().join("pantau.db-wal");
        let log = std::fs::read(&wal).unwrap();
        assert!(!log.is_empty());
        let clock = Clock::set(UtcMs(MIDNIGHT), true);
        let settings = StoreSettings {
            path: left.path().to_owned(),
            flush: Duration::from_secs(10),
            keep: None,
            budget: None,
        };
        for access in [StoreAccess::Read, StoreAccess::Write] {
            let path = left.path();
            let opened = Store::open_with_access(access, path, &site, &settings, "", &clock);
            assert!(
                matches!(opened, Err(StoreError::Damaged { .. })),
                "{access:?}"
            );
            assert!(std::fs::read(&wal).unwrap() == log, "{access:?}");
        }
        let store = open(left.path(), &site);
        assert_eq!(store.health().borrow().repairs.len(), 1);
        assert_eq!(ask(&store, raw("meter.power")).await.len(), 1);
    }
}

#[tokio::test]
async fn a_store_of_which_only_its_numbers_are_left_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    let store = open(dir.path(), &site);
    assert!(store.health().borrow().repairs.is_empty());
    store
        .append(reading(MIDNIGHT, &[decimal(1)]))
        .await
        .unwrap();
    store.stop().await;
    for name in ["pantau.db", "pantau.db-wal"] {
        // A clean stop may leave no log.
        let _ = std::fs::remove_file(dir.path().join(name));
    }
    let store = open(dir.path(), &site);
    let repairs = store.health().borrow().repairs.clone();
    assert!(repairs[0].contains("pantau restore"), "{repairs:?}");
}

#[tokio::test]
async fn a_lost_log_costs_no_more_than_the_last_hour() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site, &clock, None);
    // Two readings an hour, flushed one by one, for six hours.
    for i in 0..12 {
        clock.advance(Duration::from_mins(30));
        let at = clock.now().at.0;
        store.append(reading(at, &[decimal(i)])).await.unwrap();
        store.flush().await.unwrap();
        wait_for_maintenance(&store).await;
    }
    let copy = tempfile::tempdir().unwrap();
    for name in ["pantau.db", "pantau.seq"] {
        std::fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    }
    let left = open(copy.path(), &site);
    assert!(ask(&left, raw("meter.power")).await.len() >= 10);
}

#[tokio::test]
async fn garbled_bytes_anywhere_never_stop_a_start_and_never_make_a_value() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site, &clock, None);
    // Two primes: the values look random, and each can be computed from its index.
    let value = |i: i64| decimal(i * 7919 % 10_007);
    for i in 0..2000 {
        store
            .append(reading(MIDNIGHT + i * 1000, &[value(i)]))
            .await
            .unwrap();
    }
    // Both kinds of storage are in the file: sealed chunks, and below journal rows that are not
    // sealed.
    close_days(&store, &clock).await;
    for i in 2000..2100 {
        store
            .append(reading(MIDNIGHT + i * 1000, &[value(i)]))
            .await
            .unwrap();
        store.flush().await.unwrap();
    }
    store.stop().await;
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..60 {
        let copy = tempfile::tempdir().unwrap();
        for name in ["pantau.db", "pantau.db-wal"] {
            let mut bytes = std::fs::read(dir.path().join(name)).unwrap();
            // The log is grown in advance; beyond its beginning there would be only unused zeros to
            // change.
            let end = bytes.len().min(200_000);
            // Many flips in one copy, so that most copies have one in a place that matters.
            for _ in 0..20 {
                bytes[random.usize(..end)] ^= 1 << random.u8(..8);
            }
            std::fs::write(copy.path().join(name), bytes).unwrap();
        }
        let store = open(copy.path(), &site);
        let mut blocks = store.query(raw("meter.power")).await.unwrap();
        while let Some(block) = blocks.recv().await {
            for sample in block.unwrap_or_default() {
                let i = (sample.at.0 - MIDNIGHT) / 1000;
                if sample.outcome != SampleOutcome::Bad(QualityReason::Damaged) {
                    assert_eq!(sample.outcome, value(i));
                }
            }
        }
        store.stop().await;
    }
}

#[tokio::test]
async fn a_changed_configuration_keeps_old_readings_under_their_points() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power", "temp"]));
    store.sink_lanes("mqtt").await.unwrap();
    store
        .append(reading(MIDNIGHT, &[decimal(1), decimal(2)]))
        .await
        .unwrap();
    store.stop().await;
    // The first point is replaced, the second stays: a sink that is behind reads old rows under the
    // names of their time.
    let store = open(dir.path(), &site(&["level", "temp"]));
    let readings = store.read_journal(0, 10).await.unwrap();
    assert_eq!(*readings[0].reading.outcomes, [decimal(1), decimal(2)]);
    // Behind the one device of the configuration.
    assert_eq!(readings[0].reading.device, 1);
    let points = store.past_devices()[0].points.iter();
    let names: Vec<&str> = points.map(|point| &*point.name).collect();
    assert_eq!(names, ["power", "temp"]);
    assert_eq!(ask(&store, raw("meter.power")).await.len(), 1);
    assert_eq!(ask(&store, raw("meter.level")).await.len(), 0);
}

#[tokio::test]
async fn refusals_are_counted_and_the_latest_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    for seq in 1..=3 {
        let refusal = RefusedReading {
            sink: "influx".to_owned(),
            seq,
            at: UtcMs(5),
            why: "field type conflict".to_owned(),
            // Longer than what is kept of a refused payload (4 KiB).
            what: "x".repeat(9000),
        };
        store.record_refusal(refusal).await.unwrap();
    }
    store.flush().await.unwrap();
    let (count, kept) = store.list_refusals("influx").await.unwrap();
    assert_eq!((count, kept[0].seq, kept[0].what.len()), (3, 3, 4096));
    assert_eq!(store.list_refusals("mqtt").await.unwrap().0, 0);
}

#[tokio::test]
async fn a_backup_is_a_store_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    let store = open(dir.path(), &site);
    store
        .append(reading(MIDNIGHT, &[decimal(1)]))
        .await
        .unwrap();
    let copy = tempfile::tempdir().unwrap();
    store.backup(copy.path().join("pantau.db")).await.unwrap();
    let again = open(copy.path(), &site);
    assert_eq!(ask(&again, raw("meter.power")).await.len(), 1);
}

#[tokio::test]
async fn a_backup_takes_the_receipts_along_and_says_which_it_could_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    let good = store
        .save_attachment("a.jpg", b"receipt".to_vec())
        .await
        .unwrap();
    let copy = tempfile::tempdir().unwrap();
    let beside = copy.path().join("copy.db.attachments");
    store.backup(copy.path().join("copy.db")).await.unwrap();
    let copied = std::fs::read(beside.join(&good.sha256)).unwrap();
    assert_eq!(copied, b"receipt");

    let bad = store
        .save_attachment("b.jpg", b"another".to_vec())
        .await
        .unwrap();
    let kept = dir.path().join("attachments");
    // One receipt is damaged in the store, one file is unfinished, and one copy is incomplete.
    std::fs::write(kept.join(&bad.sha256), b"damaged").unwrap();
    std::fs::write(kept.join("x.unfinished"), b"half").unwrap();
    std::fs::write(beside.join(&good.sha256), b"cut").unwrap();
    let said = store.backup(copy.path().join("copy.db")).await;
    let said = said.unwrap_err().to_string();
    assert!(
        said.contains("1 are missing") && said.contains(&bad.sha256),
        "{said}"
    );
    let copied = std::fs::read(beside.join(&good.sha256)).unwrap();
    assert_eq!(copied, b"receipt");
    assert!(!beside.join(&bad.sha256).exists() && !beside.join("x.unfinished").exists());
}

#[test]
fn sqlite_is_built_with_fdatasync() {
    // SQLite does not list it among its compile options; the flags come from `.cargo/config.toml`.
    let flags = option_env!("LIBSQLITE3_FLAGS").unwrap_or_default();
    assert!(flags.contains("-DHAVE_FDATASYNC=1"), "{flags}");
}

/// A writer without its thread, which flushes when the test says so.
fn prepared_writer(
    path: &Path,
    site: &Site,
    config_text: &str,
    clock: &Clock,
) -> (
    StoreWriter,
    Store,
    tokio::sync::mpsc::Receiver<StoreRequest>,
) {
    let settings = StoreSettings {
        path: path.to_owned(),
        flush: Duration::from_hours(1),
        keep: None,
        budget: None,
    };
    let access = StoreAccess::Gateway;
    super::recovery::prepare_writer(
        (access, StoreStart::Program),
        path,
        site,
        &settings,
        config_text,
        clock,
    )
    .unwrap()
}

#[tokio::test]
async fn a_start_that_found_the_disk_full_is_recorded_by_the_first_flush() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let (mut keeper, _store, _requests) = prepared_writer(dir.path(), &site, "text", &clock);
    let newest = |keeper: &StoreWriter| -> String {
        let newest = "SELECT text FROM revision ORDER BY id DESC LIMIT 1";
        keeper.db.query_row(newest, [], |row| row.get(0)).unwrap()
    };
    keeper.start_due = Some("text of the full disk".to_owned());
    assert_eq!(newest(&keeper), "text");
    keeper.flush().unwrap();
    assert_eq!(newest(&keeper), "text of the full disk");
    assert!(keeper.start_due.is_none());
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let (mut keeper, store, _requests) = prepared_writer(dir.path(), &site, "text", &clock);
    let pages: i64 = keeper
        .db
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    keeper
        .db
        // SQLite's own limit acts like a full disk, and needs no small disk.
        .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
        .unwrap();
    for i in 0..5000 {
        keeper.append(reading(MIDNIGHT + i * 1000, &[decimal(i * 7919 % 10_007)]));
    }
    assert!(keeper.flush().is_err());
    assert!(store.health().borrow().failure.is_some());
    assert_eq!(store.health().borrow().unflushed, 5000);
    assert_eq!(*store.durable().borrow(), 0);
    keeper
        .db
        .pragma_update_and_check(None, "max_page_count", 1 << 20, |_| Ok(()))
        .unwrap();
    assert_eq!(keeper.flush().unwrap(), 5000);
    assert_eq!(store.health().borrow().failure, None);
}

/// A stopped store with a closed day of values that hardly compress.
async fn closed_day(dir: &std::path::Path, site: &Site) {
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir, site, &clock, None);
    for i in 0..8640 {
        let value = decimal(i * 7919 % 10_007);
        store
            .append(reading(MIDNIGHT + i * 10_000, &[value]))
            .await
            .unwrap();
    }
    clock.advance(Duration::from_hours(23));
    close_days(&store, &clock).await;
    store.stop().await;
}

#[tokio::test]
async fn a_garbled_chunk_is_a_marked_gap_and_stays_listed_until_somebody_has_seen_it() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    closed_day(dir.path(), &site).await;
    change_stored_file(
        &dir.path().join("pantau.db"),
        "UPDATE pack SET body = substr(body, 1, 99) || x'00ff00ff' || substr(body, 104)
         WHERE content < 2",
    );
    let store = open(dir.path(), &site);
    let found = ask(&store, raw("meter.power")).await;
    assert!(!found.is_empty());
    let lost = SampleOutcome::Bad(QualityReason::Damaged);
    assert!(found.iter().all(|one| one.outcome == lost), "{found:?}");
    let listed = store.list_damage().await.unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    let one = &listed[0];
    assert_eq!(
        (&*one.device, one.day.to_string()),
        ("meter", "2026-11-21".to_owned())
    );
    assert_eq!(store.acknowledge_damage(one.id, "Ani").await.unwrap(), 1);
    // Asked again, the chunk is as garbled as before, and that is known.
    assert_eq!(ask(&store, raw("meter.power")).await, found);
    let listed = store.list_damage().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].seen.as_ref().unwrap().0, "Ani");
    assert_eq!(store.health().borrow().damage_unseen, 0);
}

#[tokio::test]
async fn only_the_points_that_lost_readings_are_said_to_have_lost_some() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power", "temp"]);
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site, &clock, None);
    for i in 0..1440 {
        let values = [decimal(i * 7919 % 10_007), decimal(i * 7907 % 10_009)];
        let one = reading(MIDNIGHT + i * 60_000, &values);
        store.append(one).await.unwrap();
    }
    clock.advance(Duration::from_hours(23));
    close_days(&store, &clock).await;
    store.stop().await;
    // The first chunk of the row is that of the first point.
    change_stored_file(
        &dir.path().join("pantau.db"),
        "UPDATE pack SET body = substr(body, 1, 99) || x'00ff00ff' || substr(body, 104)
         WHERE content < 2",
    );
    let store = open(dir.path(), &site);
    let garbled = ask(&store, raw("meter.power")).await;
    assert!(garbled.iter().all(|one| one.outcome.number().is_none()));
    assert_eq!(ask(&store, raw("meter.temp")).await.len(), 1440);
    let day = store.list_damage().await.unwrap()[0].day;
    assert!(store.has_point_lost("meter.power", day).await.unwrap());
    assert!(!store.has_point_lost("meter.temp", day).await.unwrap());
}

#[tokio::test]
async fn damage_that_sqlite_meets_is_said_at_once_and_the_next_start_mends_it() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    closed_day(dir.path(), &site).await;
    let clock = Clock::set(UtcMs(MIDNIGHT + 86_400_000), true);
    let (mut keeper, store, requests) = prepared_writer(dir.path(), &site, "text", &clock);
    assert!(store.health().borrow().damage.is_none());
    // What a statement on a garbled page ends with.
    let fault = super::access::corruption_error("database disk image is malformed".to_owned());
    drop(super::schema::disk_error("reading the journal", &fault));
    keeper.report_damage();
    assert!(store.health().borrow().damage.is_some());
    drop((keeper, store, requests));
    let file = dir.path().join("pantau.db");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[2 * 1024..].fill(0);
    std::fs::write(&file, &bytes).unwrap();
    let store = open(dir.path(), &site);
    let health = store.health().borrow().clone();
    assert!(
        health.was_restarted && health.damage.is_none(),
        "{health:?}"
    );
    assert_eq!(health.repairs.len(), 1, "{health:?}");
    assert!(health.damage_unseen > 0);
    let next = store
        .append(reading(MIDNIGHT + 86_400_000, &[decimal(1)]))
        .await;
    next.unwrap();
    store.flush().await.unwrap();
}

#[tokio::test]
async fn a_long_list_of_losses_is_listed_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    open(dir.path(), &site).stop().await;
    let day = i32::try_from(MIDNIGHT / 86_400_000).unwrap();
    let mut missing = MissingRows::new();
    for number in 0..3000 {
        let (day, device) = (day - number / 2, format!("d{}", number % 2));
        let first = i64::from(day) * 86_400_000;
        let key = (DamagedContent::Readings, day, device.into());
        add_missing(&mut missing, key, (first, first + 86_399_999, 1));
    }
    let db = rusqlite::Connection::open(dir.path().join("pantau.db")).unwrap();
    let noted = note_missing(&db, UtcMs(MIDNIGHT), &missing).unwrap();
    // A question about a day with such a line has its hours marked.
    let marked = lost_stretches(&db, day, "meter").unwrap();
    assert_eq!(marked.len(), 1);
    drop(db);
    // Each day is there: one line for both devices where there are too many lines.
    assert_eq!(noted, 1500);
    let store = open(dir.path(), &site);
    let listed = store.list_damage().await.unwrap();
    let days: std::collections::BTreeSet<_> = listed.iter().map(|one| one.day).collect();
    assert_eq!((listed.len(), days.len()), (1500, 1500));
    assert!(listed.iter().all(|one| one.device.is_empty()));
}
