//! 200 damaged stores from seeds, against a model: each starts, keeps every row whose pages are
//! untouched, shows nothing that is not in the model, and names what is missing.

use super::page_reader::{PageSource, page_rows, walk_tree};
use super::store_image::StoreImage;
use super::table_shape::TableShape;
use crate::clock::Clock;
use crate::domain::calibration::{Calibration, CalibrationKind};
use crate::domain::data_damage::DamagedContent;
use crate::domain::issued_report::IssuedFile;
use crate::domain::ledger::EntryStatement;
use crate::domain::{DeviceInfo, PointInfo, Reading, SampleOutcome, Site, UtcMs};
use crate::storage::file_import::tests::file_import;
use crate::storage::issued_reports::tests::test_issue;
use crate::storage::ledger_tests::said;
use crate::storage::tests::{
    MIDNIGHT, ask, close_days, decimal, open_at, raw, reading, wait_for_maintenance,
};
use crate::storage::{DeliveryLanes, ImportMode, LedgerQuery, Store};
use crate::tests::site_with_devices;
use futures_util::FutureExt;
use jiff::civil::date;
use rusqlite::Connection;
use rusqlite::types::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::path::Path;

const DAY_MS: i64 = 86_400_000;
/// Polls of the last day.
const LAST_SLOTS: i64 = 46;
const DEVICES: [&str; 2] = ["meter", "tank"];
/// Tables of which every row on untouched pages must be there.
const TABLES: [&str; 19] = [
    "journal",
    "pack",
    "ledger",
    "ledger_file",
    "sample_import",
    "import_stretch",
    "replaced_samples",
    "issued_report",
    "issued_file",
    "audit",
    "factors",
    "digest",
    "calibration",
    "device",
    "point",
    "layout",
    "revision",
    "boot",
    "cursor",
];

fn two_devices() -> Site {
    let device = |id: &&str| DeviceInfo {
        id: (*id).into(),
        bus: "b".into(),
        profile: None,
        kind: "meter".into(),
        every_ms: 300_000,
        points: ["power", "level"]
            .iter()
            .map(|name| PointInfo {
                id: format!("{id}.{name}").into(),
                name: (*name).into(),
                unit: "W".into(),
                quantity: "power".into(),
                counter: false,
            })
            .collect(),
    };
    site_with_devices("s", DEVICES.iter().map(device).collect())
}

/// Value of a device and point at a time: looks random, and can be computed again.
fn value(device: u16, point: usize, at: i64) -> SampleOutcome {
    let index = (at - MIDNIGHT) / 300_000;
    let place = i64::try_from(point).unwrap();
    decimal((index * 7919 + i64::from(device) * 131 + place * 17) % 10_007)
}

fn reading_at(device: u16, at: i64) -> Reading {
    Reading {
        device,
        ..reading(at, &[value(device, 0, at), value(device, 1, at)])
    }
}

/// Three closed days with their records, a day in the journal, a ledger and a sink that is behind.
async fn make_store(to: &Path) -> Clock {
    let dir = tempfile::tempdir().unwrap();
    let site = two_devices();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site, &clock, None);
    store.sink_lanes("mqtt").await.unwrap();
    for day in 0..3 {
        for slot in 0..288 {
            let at = MIDNIGHT + day * DAY_MS + slot * 300_000;
            let both = vec![reading_at(0, at), reading_at(1, at)];
            store.append_all(both).await.unwrap();
        }
        let now = UtcMs(MIDNIGHT + (day + 1) * DAY_MS - 1_800_000);
        let ahead = u64::try_from(now.0 - clock.now().at.0).unwrap();
        clock.advance(std::time::Duration::from_millis(ahead));
        close_days(&store, &clock).await;
        let entry = |place| {
            said(
                &format!("{}.5", 10 + place),
                i8::try_from(21 + day).unwrap(),
            )
        };
        let entries = (0..12).map(entry).collect();
        store.append_ledger(entries, "test").await.unwrap();
        add_rows_that_name_others(&store, day).await;
    }
    for slot in 0..LAST_SLOTS {
        let at = MIDNIGHT + 3 * DAY_MS + slot * 300_000;
        if clock.now().at.0 < at {
            clock.advance(std::time::Duration::from_mins(5));
        }
        let both = vec![reading_at(0, at), reading_at(1, at)];
        store.append_all(both).await.unwrap();
        store.flush().await.unwrap();
        wait_for_maintenance(&store).await;
        let delivered = 1000 + slot.unsigned_abs();
        let lanes = DeliveryLanes::at(delivered);
        store.advance_lanes("mqtt", lanes).await.unwrap();
    }
    store.flush().await.unwrap();
    wait_for_maintenance(&store).await;
    // As a power cut leaves them: at a stop the log would be copied into the file.
    for name in ["pantau.db", "pantau.db-wal", "pantau.seq"] {
        std::fs::copy(dir.path().join(name), to.join(name)).unwrap();
    }
    store.stop().await;
    clock
}

/// Adds rows that name rows of other tables, or earlier ones of their own: a file that was imported
/// twice, the second time over kept samples, an issued report with its file, a calibration that is
/// withdrawn, and corrections with a receipt.
async fn add_rows_that_name_others(store: &Store, day: i64) {
    let at = (day - 9) * DAY_MS;
    for outcome in [decimal(20_000), value(0, 0, MIDNIGHT + at)] {
        let import = file_import(1000, &[(at, outcome)]);
        let import = store.import_file(import, ImportMode::Replace);
        assert!(import.await.unwrap().written);
    }
    let file = IssuedFile {
        format: "pdf".to_owned(),
        language: "id".to_owned(),
        sha256: format!("f{day}"),
    };
    let issue = test_issue(&format!("content {day}"), "Siti");
    store.note_issued_report(issue, Some(file)).await.unwrap();
    let calibration = Calibration {
        kind: CalibrationKind::Pulses,
        targets: vec!["meter.level".into()],
        pairs: vec![(10.0, 11.0)],
        since: date(2026, 11, 1 + i8::try_from(day).unwrap()),
        withdraws: None,
        who: "Budi".to_owned(),
        note: String::new(),
    };
    let since = calibration.since;
    let id = store.append_calibration(calibration.clone(), "test").await;
    let withdrawal = Calibration {
        pairs: Vec::new(),
        since,
        withdraws: Some(id.unwrap()),
        ..calibration
    };
    store.append_calibration(withdrawal, "test").await.unwrap();
    let receipt = store.save_attachment("nota.jpg", format!("receipt {day}").into_bytes());
    let receipt = receipt.await.unwrap();
    let corrected = u64::try_from(day * 13 + 1).unwrap();
    let correction = EntryStatement {
        note: "the scale was off".to_owned(),
        attachments: vec![receipt],
        supersedes: Some(corrected),
        ..said("10.5", 20)
    };
    store.append_ledger(vec![correction], "test").await.unwrap();
}

/// Pages, with a note of which were read.
struct WatchedPages<'a> {
    image: &'a StoreImage,
    read: RefCell<BTreeSet<u32>>,
}

impl PageSource for WatchedPages<'_> {
    fn page_bytes(&self) -> usize {
        self.image.page_bytes()
    }
    fn pages(&self) -> u32 {
        self.image.pages()
    }
    fn is_in_log(&self, number: u32) -> bool {
        self.image.is_in_log(number)
    }
    fn page(&self, number: u32) -> Option<Vec<u8>> {
        self.read.borrow_mut().insert(number);
        self.image.page(number)
    }
}

/// A row, with the pages on which it and its neighbours are.
struct PlacedRow {
    values: Vec<Value>,
    pages: BTreeSet<u32>,
}

/// All rows of the tables with their pages.
fn placed_rows(dir: &Path) -> BTreeMap<String, Vec<PlacedRow>> {
    let file = dir.join("pantau.db");
    let image = StoreImage::open(&file, &dir.join("pantau.db-wal")).unwrap();
    let db = super::schema::connect_database(&copy_of(dir).path().join("pantau.db"));
    let (db, _) = db.unwrap();
    let shapes = TableShape::read_all(&db).unwrap();
    let root = |table: &str| -> u32 {
        let find = "SELECT rootpage FROM sqlite_master WHERE name = ?";
        db.query_row(find, [table], |row| row.get(0)).unwrap()
    };
    let mut all = BTreeMap::new();
    for table in TABLES {
        let shape = shapes.iter().find(|shape| shape.name == table).unwrap();
        let mut rows = Vec::new();
        for page in walk_tree(&image, root(table)).with_rows {
            let watched = WatchedPages {
                image: &image,
                read: RefCell::default(),
            };
            let found = page_rows(&watched, page);
            let pages = watched.read.into_inner();
            rows.extend(found.into_iter().map(|row| {
                assert!(shape.fits(&row), "{table} {row:?}");
                PlacedRow {
                    values: shape.values_of(row),
                    pages: pages.clone(),
                }
            }));
        }
        all.insert(table.to_owned(), rows);
    }
    all
}

fn copy_of(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["pantau.db", "pantau.db-wal", "pantau.seq"] {
        std::fs::copy(dir.join(name), copy.path().join(name)).unwrap();
    }
    copy
}

/// Where the frames of the log are: page of each, up to the end of the last commit.
fn frame_pages(dir: &Path) -> Vec<u32> {
    let log = std::fs::read(dir.join("pantau.db-wal")).unwrap();
    let read = super::wal_frames::read_wal(&log, 1024);
    read.frames().iter().map(|frame| frame.page).collect()
}

/// Where the frame before the last commit of the log begins, bytes: damage behind it looks like the
/// end of a write that a power cut ended. With it the pages of the last two commits.
fn last_commits(dir: &Path) -> (usize, BTreeSet<u32>) {
    let log = std::fs::read(dir.join("pantau.db-wal")).unwrap();
    let read = super::wal_frames::read_wal(&log, 1024);
    let frames = read.frames();
    let commits = (0..frames.len()).filter(|place| frames[*place].commit_pages > 0);
    let commits: Vec<usize> = commits.collect();
    let [.., before, first, _] = commits[..] else {
        panic!("{} commits", commits.len());
    };
    let pages = frames[before + 1..].iter().map(|frame| frame.page);
    (frames[first].offset - 24, pages.collect())
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip,
    Zeros,
    Cut,
    Swap,
}

/// Damages one of the files; returns the touched pages.
fn damage_files(
    dir: &Path,
    frames: &[u32],
    random: &mut fastrand::Rng,
) -> (Damage, &'static str, BTreeSet<u32>) {
    let kinds = [Damage::Flip, Damage::Zeros, Damage::Cut, Damage::Swap];
    let kind = kinds[random.usize(..4)];
    let in_log = random.bool() && !frames.is_empty();
    let name = if in_log { "pantau.db-wal" } else { "pantau.db" };
    let mut bytes = std::fs::read(dir.join(name)).unwrap();
    let used = if in_log {
        32 + frames.len() * 1048
    } else {
        bytes.len()
    };
    let page_at = |at: usize| {
        if !in_log {
            return u32::try_from(at / 1024 + 1).ok();
        }
        frames.get(at.checked_sub(32)? / 1048).copied()
    };
    // The header of the log belongs to its first frame here.
    let pages = |range: std::ops::Range<usize>| -> BTreeSet<u32> {
        range
            .filter_map(|at| page_at(at.max(if in_log { 32 } else { 0 })))
            .collect()
    };
    let touched = match kind {
        Damage::Flip => {
            let at = random.usize(..used);
            bytes[at] ^= 1 << random.u8(..8);
            pages(at..at + 1)
        }
        Damage::Zeros => {
            let at = random.usize(..used / 512) * 512;
            bytes[at..at + 512].fill(0);
            // The frame behind zeros cannot be verified: the sum that it continues is gone.
            let more = if in_log { 1048 } else { 0 };
            pages(at..at + 512 + more)
        }
        Damage::Cut => {
            let at = random.usize(used / 2..used);
            bytes.truncate(at);
            pages(at..used)
        }
        Damage::Swap => {
            let (step, skip) = if in_log { (1048, 56) } else { (1024, 0) };
            let count = (used - skip) / step;
            let (a, b) = (random.usize(..count), random.usize(..count));
            for byte in 0..1024 {
                bytes.swap(skip + a * step + byte, skip + b * step + byte);
            }
            let both = if a == b { vec![] } else { vec![a, b] };
            let start = |place: usize| skip + place * step;
            let places = both.into_iter().map(start);
            places.flat_map(|at| pages(at..at + 1)).collect()
        }
    };
    std::fs::write(dir.join(name), bytes).unwrap();
    (kind, name, touched)
}

/// Compares the samples with the model; returns the days and devices of which some are missing.
async fn compare_samples(store: &Store, what: &str) -> BTreeSet<(i64, &'static str)> {
    let mut missing = BTreeSet::new();
    for (device, id) in (0u16..).zip(DEVICES) {
        for (place, point) in ["power", "level"].iter().enumerate() {
            let mut found = BTreeSet::new();
            for sample in ask(store, raw(&format!("{id}.{point}"))).await {
                let SampleOutcome::Good(_) = sample.outcome else {
                    continue;
                };
                assert_eq!(sample.outcome, value(device, place, sample.at.0), "{what}");
                found.insert(sample.at.0);
            }
            let all = (0..3 * 288 + LAST_SLOTS).map(|slot| MIDNIGHT + slot * 300_000);
            let lost = all.filter(|at| !found.contains(at));
            missing.extend(lost.map(|at| ((at - MIDNIGHT) / DAY_MS, id)));
        }
    }
    missing
}

async fn check_damaged_store(
    dir: &Path,
    clock: &Clock,
    original: &BTreeMap<String, Vec<PlacedRow>>,
    (touched, what, is_silent): (&BTreeSet<u32>, &str, bool),
) {
    let store = open_at(dir, &two_devices(), clock, None);
    let missing = compare_samples(&store, what).await;
    let listed = store.list_damage().await.unwrap();
    for (day, device) in missing {
        let date = crate::storage::local_calendar::date(
            i32::try_from((MIDNIGHT + 7 * 3_600_000) / DAY_MS + day).unwrap(),
        );
        let named = listed.iter().any(|one| {
            one.what == DamagedContent::Readings && one.day == date && &*one.device == device
        });
        assert!(
            named || is_silent,
            "{what}: {date} {device} is not listed: {listed:?}"
        );
    }
    let query = LedgerQuery::default();
    let entries = store.all_ledger_entries(query).await.unwrap();
    for entry in &entries {
        let quantity = entry.statement.quantity.unwrap().to_f64();
        // Each day has twelve entries and the correction of the first of them.
        let place = i32::try_from((entry.id - 1) % 13 % 12).unwrap();
        assert!(
            (quantity - f64::from(10 + place) - 0.5).abs() < 1e-9,
            "{what}: {entry:?}"
        );
    }
    let is_named = listed.iter().any(|one| one.what == DamagedContent::Ledger);
    assert!(
        entries.len() == 36 || is_named || is_silent,
        "{what}: {} entries",
        entries.len()
    );
    let cursor = store.sink_lanes("mqtt").await.unwrap();
    assert!(
        cursor.as_ref().is_none_or(|lanes| lanes.cursor() <= 1045),
        "{what}: {cursor:?}"
    );
    store.stop().await;
    let db = Connection::open(dir.join("pantau.db")).unwrap();
    for (table, rows) in original {
        let columns = rows.first().map_or(0, |row| row.values.len());
        let mut found = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let found: Vec<Vec<Value>> = found
            .query_map([], |row| (0..columns).map(|place| row.get(place)).collect())
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for row in rows.iter().filter(|row| row.pages.is_disjoint(touched)) {
            let mut wanted = row.values.clone();
            let same = |found: &Vec<Value>| match &**table {
                // Samples of a day with a loss wait to be merged again; cursors move.
                "pack" => found[0] == wanted[0] && found[7] == wanted[7],
                "cursor" => found[0] == wanted[0],
                _ => *found == wanted,
            };
            let is_there = found.iter().any(same);
            wanted.truncate(4);
            assert!(
                is_there,
                "{what}: {table} {wanted:?} of pages {:?}",
                row.pages
            );
        }
    }
}

#[tokio::test]
async fn two_hundred_damaged_stores_start_with_all_that_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let clock = make_store(dir.path()).await;
    let original = placed_rows(dir.path());
    let frames = frame_pages(dir.path());
    let (last, last_pages) = last_commits(dir.path());
    let mut failed = Vec::new();
    for seed in 0..200 {
        let mut random = fastrand::Rng::with_seed(seed);
        let copy = copy_of(dir.path());
        let (kind, name, mut touched) = damage_files(copy.path(), &frames, &mut random);
        let what = format!("seed {seed}: {kind:?} in {name}, pages {touched:?}");
        let [old, new] = [&dir, &copy].map(|dir| std::fs::read(dir.path().join(name)).unwrap());
        let last_change = (0..old.len())
            .rev()
            .find(|at| new.get(*at) != Some(&old[*at]));
        let is_silent = name == "pantau.db-wal" && last_change >= Some(last);
        if is_silent {
            touched.extend(&last_pages);
        }
        let about = (&touched, &*what, is_silent);
        let check = check_damaged_store(copy.path(), &clock, &original, about);
        // All seeds are tried, so that one run shows every class of faults.
        if AssertUnwindSafe(check).catch_unwind().await.is_err() {
            failed.push(what);
        }
    }
    assert!(failed.is_empty(), "{} stores: {failed:#?}", failed.len());
}

/// Fills a page of a stopped store's file with zeros; `first_below`: the first page below it.
fn clear_page(file: &Path, table: &str, first_below: bool) {
    const PAGE: usize = 1024;
    const INNER: u8 = 5;
    let db = Connection::open(file).unwrap();
    let find = "SELECT rootpage FROM sqlite_master WHERE name = ?";
    let root: u32 = db.query_row(find, [table], |row| row.get(0)).unwrap();
    let root = usize::try_from(root).unwrap();
    drop(db);
    let mut bytes = std::fs::read(file).unwrap();
    let mut at = (root - 1) * PAGE;
    if first_below {
        assert_eq!(bytes[at], INNER);
        let cell = usize::from(u16::from_be_bytes([bytes[at + 12], bytes[at + 13]]));
        let child: [u8; 4] = bytes[at + cell..at + cell + 4].try_into().unwrap();
        at = (usize::try_from(u32::from_be_bytes(child)).unwrap() - 1) * PAGE;
        // One that leads to rows, and has none itself.
        assert_eq!(bytes[at], INNER);
    }
    bytes[at..at + PAGE].fill(0);
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn only_what_may_be_missing_is_listed_by_what_can_still_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    open_at(dir.path(), &two_devices(), &clock, None)
        .stop()
        .await;
    let file = dir.path().join("pantau.db");
    let lines = "INSERT INTO audit(at, kind, what)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
        SELECT i, 'note', 'line ' || i || ' of a long log of what was done here' FROM n;
        PRAGMA wal_checkpoint(TRUNCATE)";
    Connection::open(&file)
        .unwrap()
        .execute_batch(lines)
        .unwrap();
    // The last page of this table is whole, so that no line came after it.
    clear_page(&file, "audit", true);
    // Nothing says how much these two held.
    clear_page(&file, "refused", false);
    clear_page(&file, "entry_key", false);
    let store = open_at(dir.path(), &two_devices(), &clock, None);
    let listed = store.list_damage().await.unwrap();
    let whats: BTreeSet<_> = listed.iter().map(|one| one.what).collect();
    let wanted = [DamagedContent::Refusals, DamagedContent::RequestKeys];
    assert_eq!(whats, BTreeSet::from(wanted), "{listed:?}");
    store.stop().await;
    let db = Connection::open(&file).unwrap();
    let count = "SELECT count(*) FROM audit WHERE kind = 'note'";
    let count: i64 = db.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 4000);
}
