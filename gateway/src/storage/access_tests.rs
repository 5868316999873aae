//! Tests of access rights: read-only commands change nothing, and no command repairs.

use super::tests::{BACK_TO_VERSION_3, MIDNIGHT, ask, decimal, raw, reading, site};
use super::*;
use crate::clock::Clock;
use crate::config::StoreSettings;
use crate::domain::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

fn open_test_store(access: StoreAccess, dir: &Path) -> Result<Store, StoreError> {
    let settings = StoreSettings {
        path: dir.to_owned(),
        flush: Duration::from_hours(1),
        keep: None,
        budget: None,
    };
    let clock = Clock::set(UtcMs(MIDNIGHT + 90_000_000), true);
    // A start writes a new configuration, new points and an audit entry. A command that only reads
    // must do all of that in memory.
    let text = "a configuration that the store has not seen";
    let points: &[&str] = match access {
        StoreAccess::Read => &["power", "new", "later"],
        StoreAccess::Write | StoreAccess::Gateway => &["power", "new"],
    };
    Store::open_with_access(access, dir, &site(points), &settings, text, &clock)
}

type FileContents = BTreeMap<PathBuf, (Vec<u8>, SystemTime)>;

fn read_files(dir: &Path) -> FileContents {
    let file = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        // The time as well: a file that is written with the same bytes was still touched.
        let changed = std::fs::metadata(&path).unwrap().modified().unwrap();
        (path.clone(), (std::fs::read(path).unwrap(), changed))
    };
    std::fs::read_dir(dir).unwrap().map(file).collect()
}

/// A store with a closed day and its record, and with readings that are only in the log.
async fn store_with_log() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open_test_store(StoreAccess::Gateway, dir.path()).unwrap();
    let rows = (0..50).map(|n| (UtcMs(MIDNIGHT + n * 1000), ExactNumber::Float(1.5)));
    store
        .import_rows("meter.power", rows.collect())
        .await
        .unwrap();
    while store.close_due_days().await.unwrap() > 0 {}
    for n in 0..50 {
        let one = reading(MIDNIGHT + 86_400_000 + n * 1000, &[decimal(n), decimal(0)]);
        store.append(one).await.unwrap();
        store.flush().await.unwrap();
    }
    store.stop().await;
    dir
}

#[tokio::test]
async fn a_command_that_only_reads_sees_all_and_changes_no_byte() {
    let dir = store_with_log().await;
    let before = read_files(dir.path());
    let store = open_test_store(StoreAccess::Read, dir.path()).unwrap();
    assert_eq!(ask(&store, raw("meter.power")).await.len(), 100);
    assert_eq!(ask(&store, raw("meter.later")).await.len(), 0);
    assert_eq!(store.digests_after(0).await.unwrap().len(), 1);
    assert_eq!(store.close_due_days().await.unwrap(), 0);
    store.check_integrity().await.unwrap();
    assert!(
        store
            .append_ledger(vec![ledger_tests::said("1", 20)], "x")
            .await
            .is_err()
    );
    let copy = dir.path().join("copy.db");
    store.backup(copy.clone()).await.unwrap();
    store.stop().await;
    std::fs::remove_file(copy).unwrap();
    assert!(read_files(dir.path()) == before, "something was changed");
}

#[tokio::test]
async fn a_store_without_its_log_is_read_without_making_one() {
    let dir = store_with_log().await;
    let db = rusqlite::Connection::open(dir.path().join("pantau.db")).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(db);
    let _ = std::fs::remove_file(dir.path().join("pantau.db-wal"));
    let before = read_files(dir.path());
    let store = open_test_store(StoreAccess::Read, dir.path()).unwrap();
    assert_eq!(ask(&store, raw("meter.power")).await.len(), 100);
    store.stop().await;
    assert!(read_files(dir.path()) == before, "something was changed");
}

#[test]
fn without_a_store_there_is_nothing_to_read_and_none_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let missing = open_test_store(StoreAccess::Read, dir.path());
    assert!(matches!(missing, Err(StoreError::Missing(_))));
    assert!(read_files(dir.path()).is_empty());
}

#[tokio::test]
async fn a_store_of_an_earlier_version_is_left_as_it_is() {
    let dir = store_with_log().await;
    let db = rusqlite::Connection::open(dir.path().join("pantau.db")).unwrap();
    // The state of version 2, before there were calibrations.
    let later = "DROP VIEW calibration_text; DROP TABLE calibration; PRAGMA user_version = 2";
    db.execute_batch(&format!("{BACK_TO_VERSION_3} {later}"))
        .unwrap();
    db.execute("UPDATE meta SET value = 2 WHERE key = 'tables'", [])
        .unwrap();
    drop(db);
    let old = open_test_store(StoreAccess::Read, dir.path());
    assert!(matches!(old, Err(StoreError::Older(_))), "{old:?}");
    open_test_store(StoreAccess::Write, dir.path())
        .unwrap()
        .stop()
        .await;
    open_test_store(StoreAccess::Read, dir.path())
        .unwrap()
        .stop()
        .await;
}

#[tokio::test]
async fn a_garbled_journal_row_is_set_aside_by_the_gateway_alone() {
    let dir = store_with_log().await;
    let db = rusqlite::Connection::open(dir.path().join("pantau.db")).unwrap();
    db.execute("UPDATE journal SET crc = crc + 1 WHERE first = 7", [])
        .unwrap();
    drop(db);
    let before = read_files(dir.path());
    for access in [StoreAccess::Read, StoreAccess::Write] {
        let said = open_test_store(access, dir.path()).unwrap_err();
        assert!(matches!(said, StoreError::Damaged { .. }), "{said}");
        assert!(said.to_string().contains("row 7"), "{said}");
    }
    let after = read_files(dir.path());
    let same = |file: &str| before[&dir.path().join(file)].0 == after[&dir.path().join(file)].0;
    assert!(same("pantau.db"));
    let store = open_test_store(StoreAccess::Gateway, dir.path()).unwrap();
    assert_eq!(store.health().borrow().repairs.len(), 1);
}

/// Returns the offsets of the first page and of pages with table definitions.
fn schema_bytes(bytes: &[u8]) -> Vec<usize> {
    let has_text = |page: &[u8]| page.windows(13).any(|words| words == b"CREATE TABLE ");
    let pages = bytes.chunks(1024).enumerate();
    let pages = pages.filter(|(number, page)| *number == 0 || has_text(page));
    pages
        .flat_map(|(number, _)| number * 1024..(number + 1) * 1024)
        .collect()
}

#[tokio::test]
async fn a_flipped_bit_in_the_list_of_tables_is_said_and_nothing_is_moved_or_invented() {
    let dir = store_with_log().await;
    let file = dir.path().join("pantau.db");
    let db = rusqlite::Connection::open(&file).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(db);
    let whole = std::fs::read(&file).unwrap();
    let places = schema_bytes(&whole);
    // A fixed seed: a place that fails is found again.
    let mut random = fastrand::Rng::with_seed(3);
    let (mut damaged, tries) = (0, 150);
    for _ in 0..tries {
        let mut bytes = whole.clone();
        let at = places[random.usize(..places.len())];
        bytes[at] ^= 1 << random.u8(..8);
        std::fs::write(&file, bytes).unwrap();
        let before = read_files(dir.path());
        match open_test_store(StoreAccess::Read, dir.path()) {
            Err(_) => damaged += 1,
            Ok(store) => {
                // Unused space, a trigger, or a place that a look at all pages finds.
                let is_whole = store.check_integrity().await.is_ok();
                let found = store.digests_after(0).await.map_or(0, |all| all.len());
                assert!(found == 1 || !is_whole, "byte {at}");
                store.stop().await;
            }
        }
        assert!(
            read_files(dir.path()) == before,
            "byte {at}: something was changed"
        );
        match open_test_store(StoreAccess::Write, dir.path()) {
            // It writes until its end, which the next flip must not meet.
            Ok(store) => store.stop().await,
            Err(StoreError::Damaged { .. }) => assert!(
                read_files(dir.path()) == before,
                "byte {at}: something was changed"
            ),
            Err(_) => {}
        }
    }
    // Enough of the flips must have been seen, otherwise the loop would test only unused space.
    assert!(damaged > tries / 4, "{damaged}");
}
