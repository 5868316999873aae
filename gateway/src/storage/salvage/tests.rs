//! Tests of the readers of damaged files, against SQLite itself.

use super::page_reader::{FoundRow, PageSource, free_pages, page_rows, walk_tree};
use super::store_image::StoreImage;
use super::wal_frames::read_wal;
use proptest::prelude::*;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use std::path::Path;

/// Opens a database as the store does, without its tables.
fn open_log(file: &Path) -> Connection {
    let db = Connection::open(file).unwrap();
    db.pragma_update(None, "page_size", 1024).unwrap();
    db.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
        .unwrap();
    db.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))
        .unwrap();
    db.set_db_config(
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
        true,
    )
    .unwrap();
    db
}

/// All rows of a table by the page reader, in order.
fn rows_of(pages: &impl PageSource, root: u32) -> Vec<FoundRow> {
    let tree = walk_tree(pages, root);
    assert_eq!(tree.garbled, 0);
    let rows = tree
        .with_rows
        .iter()
        .flat_map(|page| page_rows(pages, *page));
    rows.collect()
}

fn root_of(db: &Connection, table: &str) -> u32 {
    let find = "SELECT rootpage FROM sqlite_master WHERE name = ?";
    db.query_row(find, [table], |row| row.get(0)).unwrap()
}

/// File and log with 40 commits, each with a row of the table `t`; returns both.
fn forty_commits(dir: &Path, checkpoint_at: Option<i64>) -> (Vec<u8>, Vec<u8>) {
    let file = dir.join("pantau.db");
    let db = open_log(&file);
    db.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, text TEXT)")
        .unwrap();
    for i in 0..40 {
        let text = format!("{i} {}", "x".repeat(usize::try_from(i * 20).unwrap()));
        db.execute("INSERT INTO t VALUES (?, ?)", params![i, text])
            .unwrap();
        if checkpoint_at == Some(i) {
            let passive = "PRAGMA wal_checkpoint(PASSIVE)";
            db.query_row(passive, [], |_| Ok(())).unwrap();
        }
    }
    drop(db);
    let log = std::fs::read(dir.join("pantau.db-wal")).unwrap();
    (std::fs::read(file).unwrap(), log)
}

fn image_of(dir: &Path) -> StoreImage {
    StoreImage::open(&dir.join("pantau.db"), &dir.join("pantau.db-wal")).unwrap()
}

/// Texts of table `t` by the page reader.
fn texts(image: &StoreImage) -> Vec<String> {
    let list = rows_of(image, 1);
    let Some(Value::Integer(root)) = list.first().map(|row| row.values[3].clone()) else {
        return Vec::new();
    };
    let rows = rows_of(image, u32::try_from(root).unwrap());
    let text = |row: FoundRow| match &row.values[1] {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    rows.into_iter().map(text).collect()
}

#[test]
fn a_flipped_bit_of_the_log_costs_no_commit_that_was_written_again_later() {
    let dir = tempfile::tempdir().unwrap();
    let (_, log) = forty_commits(dir.path(), None);
    let whole = read_wal(&log, 1024);
    assert!(!whole.is_damaged() && whole.frames().len() >= 40);
    let wanted = texts(&image_of(dir.path()));
    assert_eq!(wanted.len(), 40);
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..100 {
        let mut garbled = log.clone();
        let at = 32 + random.usize(..(whole.frames().len() - 4) * 1048);
        garbled[at] ^= 1 << random.u8(..8);
        let read = read_wal(&garbled, 1024);
        let same = read.frames().len() == whole.frames().len();
        assert!(same, "byte {at}: {} frames", read.frames().len());
        std::fs::write(dir.path().join("pantau.db-wal"), &garbled).unwrap();
        let image = image_of(dir.path());
        if image.frames().lost_frames() == 0 {
            assert!(texts(&image) == wanted, "byte {at}");
        }
    }
}

#[test]
fn damage_far_behind_the_start_of_a_long_log_is_seen_and_the_rest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pantau.db");
    let db = open_log(&file);
    db.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, text TEXT)")
        .unwrap();
    // A checkpoint that fails for days lets the log grow: one row of 8 MiB a commit.
    for i in 0..9 {
        let text = format!("{i} {}", "x".repeat(8 << 20));
        db.execute("INSERT INTO t VALUES (?, ?)", params![i, text])
            .unwrap();
    }
    db.execute("INSERT INTO t VALUES (100, 'last')", [])
        .unwrap();
    drop(db);
    let wal = dir.path().join("pantau.db-wal");
    let whole = image_of(dir.path());
    assert!(!whole.frames().is_damaged() && whole.unread_log() == 0);
    let log = std::fs::OpenOptions::new().write(true).open(wal).unwrap();
    let place = 66 << 20;
    assert!(log.metadata().unwrap().len() > place + (4 << 20));
    std::os::unix::fs::FileExt::write_all_at(&log, b"garbled", place).unwrap();
    let image = image_of(dir.path());
    assert!(image.frames().is_damaged());
    let commits = |image: &StoreImage| image.frames().frames().len();
    assert_eq!(commits(&image), commits(&whole));
    assert!(texts(&image).iter().any(|text| text == "last"));
}

#[test]
fn the_end_of_a_write_that_was_cut_off_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let (_, log) = forty_commits(dir.path(), None);
    let whole = read_wal(&log, 1024).frames().len();
    for cut in (0..log.len()).step_by(511) {
        let read = read_wal(&log[..cut], 1024);
        assert!(!read.is_damaged(), "cut at {cut}");
        // A part that never reached the card, behind which later parts did.
        let mut torn = log.clone();
        let from = 32 + (whole - 1) * 1048;
        torn[from + cut % 1048..].fill(0);
        assert!(!read_wal(&torn, 1024).is_damaged());
    }
}

#[test]
fn a_damaged_log_never_brings_an_older_page_over_a_newer_one_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    // All of the log is in the file, and the log still holds every older version of each page.
    let (_, log) = forty_commits(dir.path(), Some(39));
    let frames = read_wal(&log, 1024).frames().to_vec();
    let wanted = texts(&image_of(dir.path()));
    assert_eq!(wanted.len(), 40);
    for frame in frames {
        let mut garbled = log.clone();
        garbled[frame.offset + 500] ^= 1;
        std::fs::write(dir.path().join("pantau.db-wal"), &garbled).unwrap();
        assert!(
            texts(&image_of(dir.path())) == wanted,
            "page {}",
            frame.page
        );
    }
}

#[test]
fn frames_of_an_older_log_behind_the_newest_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pantau.db");
    let db = open_log(&file);
    db.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, text TEXT)")
        .unwrap();
    for round in 0..3 {
        for i in 0..30 - round * 10 {
            let text = format!("round {round} {}", "x".repeat(400));
            db.execute("INSERT OR REPLACE INTO t VALUES (?, ?)", params![i, text])
                .unwrap();
        }
        if round < 2 {
            let passive = "PRAGMA wal_checkpoint(PASSIVE)";
            db.query_row(passive, [], |_| Ok(())).unwrap();
        }
    }
    let mut find = db.prepare("SELECT text FROM t ORDER BY id").unwrap();
    let wanted: Vec<String> = find
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    drop(find);
    drop(db);
    let image = image_of(dir.path());
    assert!(!image.frames().is_damaged());
    assert_eq!(texts(&image), wanted);
}

/// A value of any of the kinds that SQLite stores, with overflow pages for the longest.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        (-300i64..300).prop_map(Value::Integer),
        (-1e9..1e9f64).prop_map(Value::Real),
        "[a-zé]{0,40}".prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Blob),
        (900usize..6000, any::<u8>()).prop_map(|(length, byte)| Value::Blob(vec![byte; length])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_row_of_every_table_is_read_as_sqlite_reads_it(
        rows in prop::collection::vec((any_value(), any_value()), 1..120),
        deleted in 2i64..8,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let db = open_log(&dir.path().join("pantau.db"));
        db.execute_batch(
            "CREATE TABLE numbered(id INTEGER PRIMARY KEY, a, b);
             CREATE TABLE keyed(a, b, PRIMARY KEY(a)) WITHOUT ROWID;",
        ).unwrap();
        for (index, (a, b)) in rows.iter().enumerate() {
            let insert = "INSERT INTO numbered(a, b) VALUES (?, ?)";
            db.execute(insert, params_from_iter([a, b])).unwrap();
            let key = Value::Text(format!("{index:05}"));
            let insert = "INSERT INTO keyed(a, b) VALUES (?, ?)";
            db.execute(insert, params_from_iter([&key, b])).unwrap();
        }
        db.execute("DELETE FROM numbered WHERE id % ?1 = 0", [deleted]).unwrap();
        let mut wanted = Vec::new();
        let mut find = db.prepare("SELECT id, a, b FROM numbered ORDER BY id").unwrap();
        let mut found = find.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values = vec![Value::Null, row.get(1).unwrap(), row.get(2).unwrap()];
            wanted.push(FoundRow { id: row.get(0).unwrap(), values, is_cut: false });
        }
        let roots = (root_of(&db, "numbered"), root_of(&db, "keyed"));
        drop(found);
        drop(find);
        drop(db);
        let image = image_of(dir.path());
        prop_assert_eq!(rows_of(&image, roots.0), wanted);
        let mut keys: Vec<Value> = rows_of(&image, roots.1).into_iter()
            .map(|mut row| row.values.swap_remove(0)).collect();
        keys.sort_by_key(|key| format!("{key:?}"));
        let all = (0..rows.len()).map(|index| Value::Text(format!("{index:05}")));
        prop_assert_eq!(keys, all.collect::<Vec<_>>());
    }

    #[test]
    fn garbled_pages_give_rows_or_nothing_and_never_a_panic(
        seed in any::<u64>(),
        flips in 1usize..400,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (mut file, mut log) = forty_commits(dir.path(), Some(20));
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..flips {
            let place = random.usize(..file.len());
            file[place] ^= random.u8(..);
            let place = random.usize(..log.len());
            log[place] ^= random.u8(..);
        }
        std::fs::write(dir.path().join("pantau.db"), &file).unwrap();
        std::fs::write(dir.path().join("pantau.db-wal"), &log).unwrap();
        let image = image_of(dir.path());
        for number in 0..image.pages().min(200) {
            drop(page_rows(&image, number));
            drop(walk_tree(&image, number));
        }
        drop(free_pages(&image));
    }
}
