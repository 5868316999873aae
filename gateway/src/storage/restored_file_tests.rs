//! Tests of the file that is held for a backup, and of its way back, on a store that goes on.

use super::ledger_tests::said;
use super::tests::{MIDNIGHT, ask, decimal, open, raw, reading, site};
use super::*;
use crate::domain::UtcMs;
use crate::limits::{SEQ_RESERVE_STEP, SEQ_UNKNOWN_STEP};
use rusqlite::Connection;
use std::io::Write as _;
use std::path::Path;

const NOTE: &str = "2026-11-21T00:00:00Z /media/stick by ani";

/// Stores readings and flushes; the number of the last one.
async fn append_readings(store: &Store, seconds: std::ops::Range<i64>) -> u64 {
    for n in seconds {
        let one = reading(MIDNIGHT + n * 1000, &[decimal(n)]);
        store.append(one).await.unwrap();
    }
    store.flush().await.unwrap()
}

fn read_all(snapshot: &StoreSnapshot) -> Vec<u8> {
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < snapshot.bytes() {
        // A length that is no multiple of a page.
        let part = snapshot.read_at(bytes.len() as u64, 5000).unwrap();
        bytes.extend(part);
    }
    bytes
}

/// Puts the bytes of a backup back; the name of the old file.
fn put_back(dir: &Path, bytes: &[u8]) -> Result<String, StoreError> {
    let replacement = StoreReplacement::begin(dir, UtcMs(MIDNIGHT))?;
    replacement.create_file()?.write_all(bytes).unwrap();
    replacement.prepare(NOTE, UtcMs(MIDNIGHT))?;
    replacement.finish(UtcMs(MIDNIGHT))
}

#[tokio::test]
async fn a_held_file_stays_as_it_was_while_the_store_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    let last = append_readings(&store, 0..10).await;
    let snapshot = store.hold_file().await.unwrap();
    assert_eq!((snapshot.durable, &*snapshot.store), (last, store.id()));
    let again = store.hold_file().await.unwrap_err().to_string();
    assert!(again.contains("another backup"), "{again}");
    let begun = snapshot.read_at(0, 3000).unwrap();
    // Far more than the log takes before it is copied into the file.
    for round in 0..40 {
        append_readings(&store, 10 + round * 500..510 + round * 500).await;
    }
    let wal = dir.path().join("pantau.db-wal");
    assert!(std::fs::metadata(&wal).unwrap().len() > 0);
    let bytes = read_all(&snapshot);
    assert_eq!(bytes[..3000], begun);
    drop(snapshot);
    let copy = tempfile::tempdir().unwrap();
    std::fs::write(copy.path().join("pantau.db"), &bytes).unwrap();
    let copied = open(copy.path(), &site(&["power"]));
    assert_eq!(ask(&copied, raw("meter.power")).await.len(), 10);
    // Afterwards the log is copied again, and a further backup has everything.
    append_readings(&store, 30_000..30_001).await;
    let snapshot = store.hold_file().await.unwrap();
    assert!(snapshot.bytes() > bytes.len() as u64);
    // The end of the store is told to who still reads.
    store.stop().await;
    let said = snapshot.read_at(0, 1000).unwrap_err().to_string();
    assert!(said.contains("begin again"), "{said}");
}

#[tokio::test]
async fn a_store_that_nobody_writes_is_read_with_what_its_log_holds() {
    let dir = tempfile::tempdir().unwrap();
    let points = site(&["power"]);
    let store = open(dir.path(), &points);
    append_readings(&store, 0..10).await;
    store.stop().await;
    let settings = crate::config::StoreSettings {
        path: dir.path().to_owned(),
        flush: std::time::Duration::from_hours(1),
        keep: None,
        budget: None,
    };
    let clock = crate::clock::Clock::set(UtcMs(MIDNIGHT + 86_400_000), true);
    let reader = Store::open_with_access(
        StoreAccess::Read,
        dir.path(),
        &points,
        &settings,
        "text",
        &clock,
    );
    let reader = reader.unwrap();
    let bytes = read_all(&reader.hold_file().await.unwrap());
    reader.stop().await;
    let copy = tempfile::tempdir().unwrap();
    std::fs::write(copy.path().join("pantau.db"), &bytes).unwrap();
    let copied = open(copy.path(), &points);
    assert_eq!(ask(&copied, raw("meter.power")).await.len(), 10);
}

#[tokio::test]
async fn a_backup_over_a_store_that_went_on_sets_it_aside_and_uses_no_number_again() {
    let dir = tempfile::tempdir().unwrap();
    let points = site(&["power"]);
    let store = open(dir.path(), &points);
    append_readings(&store, 0..10).await;
    let bytes = read_all(&store.hold_file().await.unwrap());
    let (id, last) = (store.id().to_owned(), append_readings(&store, 10..30).await);
    let busy = put_back(dir.path(), &bytes).unwrap_err();
    assert!(matches!(busy, StoreError::Busy(_)), "{busy}");
    store.stop().await;
    let old = put_back(dir.path(), &bytes).unwrap();
    assert!(old.starts_with("pantau.db.replaced-"), "{old}");
    let store = open(dir.path(), &points);
    assert_eq!(store.id(), id);
    assert_eq!(ask(&store, raw("meter.power")).await.len(), 10);
    let next = append_readings(&store, 40..41).await;
    assert!(
        (last + 1..=last + 4 * SEQ_RESERVE_STEP).contains(&next),
        "{next}"
    );
    let restored = store.list_restores().await.unwrap();
    assert_eq!(restored.len(), 1);
    assert_eq!(restored[0].what, NOTE);
    store.stop().await;
    // The old file is a whole store, with all that was in it.
    let other = tempfile::tempdir().unwrap();
    for end in ["", "-wal"] {
        let from = dir.path().join(format!("{old}{end}"));
        std::fs::copy(from, other.path().join(format!("pantau.db{end}"))).unwrap();
    }
    let aside = open(other.path(), &points);
    assert_eq!(ask(&aside, raw("meter.power")).await.len(), 30);
}

#[tokio::test]
async fn at_another_place_more_numbers_are_left_out_than_were_given_out_after_the_backup() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let points = site(&["power"]);
    let store = open(dir.path(), &points);
    append_readings(&store, 0..10).await;
    let bytes = read_all(&store.hold_file().await.unwrap());
    let id = store.id().to_owned();
    assert_eq!(put_back(other.path(), &bytes).unwrap(), "");
    let moved = open(other.path(), &points);
    assert_eq!(moved.id(), id);
    let next = append_readings(&moved, 40..41).await;
    assert!(next > SEQ_UNKNOWN_STEP);
    // Back at the first place, whose own numbers are now behind: they are not trusted.
    let bytes = read_all(&moved.hold_file().await.unwrap());
    moved.stop().await;
    store.stop().await;
    put_back(dir.path(), &bytes).unwrap();
    let store = open(dir.path(), &points);
    let back = append_readings(&store, 50..51).await;
    assert!(back > next + SEQ_UNKNOWN_STEP / 2, "{back} {next}");
}

#[tokio::test]
async fn a_garbled_file_is_refused_and_the_store_stays() {
    let dir = tempfile::tempdir().unwrap();
    let points = site(&["power"]);
    let store = open(dir.path(), &points);
    append_readings(&store, 0..10).await;
    let mut bytes = read_all(&store.hold_file().await.unwrap());
    store.stop().await;
    bytes[1024..4096].fill(7);
    let refused = put_back(dir.path(), &bytes).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    assert!(!dir.path().join("pantau.db.restoring").exists());
    let store = open(dir.path(), &points);
    assert_eq!(ask(&store, raw("meter.power")).await.len(), 10);
    store.stop().await;
    // A power cut when the new file was whole and the old one still in its place.
    let whole = std::fs::read(dir.path().join("pantau.db")).unwrap();
    std::fs::write(dir.path().join("pantau.db.restored"), whole).unwrap();
    let db = Connection::open(dir.path().join("pantau.db.restored")).unwrap();
    db.execute("DELETE FROM pack", []).unwrap();
    db.execute("DELETE FROM journal", []).unwrap();
    drop(db);
    let store = open(dir.path(), &points);
    assert_eq!(ask(&store, raw("meter.power")).await.len(), 0);
    assert!(store.health().borrow().repairs[0].contains("pantau.db.replaced-"));
}

#[tokio::test]
async fn at_its_own_place_a_backup_that_no_gateway_has_noticed_leaves_out_few_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let points = site(&["power"]);
    let store = open(dir.path(), &points);
    let last = append_readings(&store, 0..10).await;
    store.stop().await;
    // Made without a gateway, which would have raised the bound.
    let bytes = std::fs::read(dir.path().join("pantau.db")).unwrap();
    put_back(dir.path(), &bytes).unwrap();
    let store = open(dir.path(), &points);
    let next = append_readings(&store, 40..41).await;
    let most = last + 4 * SEQ_RESERVE_STEP;
    assert!((last + 1..=most).contains(&next), "{next}");
    store.stop().await;
}

/// Files of a folder and below, with their names.
fn files_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_restore_that_is_stopped_at_any_step_leaves_the_old_store_or_the_new_one_whole() {
    let points = site(&["power"]);
    for step in 0..5 {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let store = open(dir.path(), &points);
        append_readings(&store, 0..10).await;
        let bytes = read_all(&store.hold_file().await.unwrap());
        append_readings(&store, 10..30).await;
        // Killed, with its newest readings in the log.
        let killed = tempfile::tempdir().unwrap();
        for name in ["pantau.db", "pantau.db-wal", "pantau.seq"] {
            std::fs::copy(at(name), killed.path().join(name)).unwrap();
        }
        drop(store);
        let dir = killed;
        let at = |name: &str| dir.path().join(name);
        let replacement = StoreReplacement::begin(dir.path(), UtcMs(MIDNIGHT)).unwrap();
        replacement
            .create_file()
            .unwrap()
            .write_all(&bytes)
            .unwrap();
        if step > 0 {
            replacement.prepare(NOTE, UtcMs(MIDNIGHT)).unwrap();
        }
        replacement.kill();
        let aside = |end: &str| at(&format!("pantau.db.replaced-20261121T000000Z{end}"));
        if step > 1 {
            std::fs::rename(
                at("pantau.db.restoring/pantau.db"),
                at("pantau.db.restored"),
            )
            .unwrap();
        }
        if step > 2 {
            std::fs::rename(at("pantau.db"), aside("")).unwrap();
        }
        if step > 3 {
            std::fs::rename(at("pantau.db-wal"), aside("-wal")).unwrap();
        }
        let store = open(dir.path(), &points);
        let kept = ask(&store, raw("meter.power")).await.len();
        assert_eq!(kept, if step > 1 { 10 } else { 30 }, "step {step}");
        assert!(!store.health().borrow().repairs.is_empty(), "step {step}");
        store.stop().await;
        let names = files_in(dir.path());
        let is_left = |name: &String| name.contains("restor");
        assert!(!names.iter().any(is_left), "step {step}: {names:?}");
        let Some(old) = names.iter().find(|name| name.ends_with("Z-wal")) else {
            assert!(step < 2, "step {step}: {names:?}");
            continue;
        };
        // The old file and its log are together, with all that was in them.
        let other = tempfile::tempdir().unwrap();
        let old = old.trim_end_matches("-wal");
        for end in ["", "-wal"] {
            let to = other.path().join(format!("pantau.db{end}"));
            std::fs::copy(at(&format!("{old}{end}")), to).unwrap();
        }
        let old = open(other.path(), &points);
        assert_eq!(ask(&old, raw("meter.power")).await.len(), 30, "step {step}");
        old.stop().await;
    }
}

#[tokio::test]
async fn entries_after_a_backup_that_is_put_back_keep_their_numbers_to_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let points = site(&["power"]);
    let store = open(dir.path(), &points);
    let add = async |store: &Store| {
        let added = store.append_ledger(vec![said("12", 20)], "ani").await;
        added.unwrap()[0]
    };
    assert_eq!(add(&store).await, 1);
    let bytes = read_all(&store.hold_file().await.unwrap());
    // These two are on paper, and in the file that is set aside.
    assert_eq!((add(&store).await, add(&store).await), (2, 3));
    store.stop().await;
    put_back(dir.path(), &bytes).unwrap();
    let store = open(dir.path(), &points);
    assert_eq!(add(&store).await, 4);
    store.stop().await;
    // Also when the store is lost without any backup, and after a start without entries.
    for file in ["pantau.db", "pantau.db-wal"] {
        std::fs::remove_file(dir.path().join(file)).unwrap();
    }
    open(dir.path(), &points).stop().await;
    let store = open(dir.path(), &points);
    assert_eq!(add(&store).await, 5);
    // At another place nobody knows the numbers: the backup goes on with its own.
    let other = tempfile::tempdir().unwrap();
    put_back(other.path(), &bytes).unwrap();
    assert_eq!(add(&open(other.path(), &points)).await, 2);
}
