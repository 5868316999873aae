//! Upper bound of all sequence numbers given out, in a small file beside the store: `pantau.seq`.
//!
//! Numbers continue after the last one in the store's own file. When that file is lost, damaged, or
//! replaced by an older copy, its last number is not the last one given out. Therefore both files
//! hold the same bound, which no number given out reaches; it is raised in steps, at each start and
//! after each backup, in the store first. When the small file has the greater bound at a start, the
//! store is not the one that was written last, and numbers continue above both: a gap tells
//! consumers that something was lost, a number used twice would hide it.
//!
//! Beside the bound stands the id of the store (`store_identity`), so that it survives the loss of
//! either file. A store without its small file, or beside that of another store, may be a copy of
//! any age: the numbers given out after the copy are unknown, and more are left out than a gateway
//! can give out while anybody keeps the copy.
//!
//! With them stand the last numbers of ledger entries and the like (`row_numbers`), which are
//! written at each change: a backup that is put back at its own place gives none of them again.
//! And from when to when the store holds readings (`store_extent`) and up to which number they are
//! durable, written every ten minutes: a start that finds the file gone, garbled or older, or its
//! log cut, can say what is missing.
//!
//! The file has two slots, each with a checksum, written in turn and in place: one of them is whole
//! after a power cut, and a full disk still has room for it.

use super::floor_slot::{KnownStore, OtherStore, SLOT_BYTES, read_newest_slot};
use super::meta_table::{read_meta, write_meta};
use super::row_numbers::RowNumbers;
use super::schema::is_disk_full;
use super::store_extent::StoreExtent;
use super::store_identity::{
    StoreNumbering, leave_out_numbers, new_store_id, read_store_id, write_store_id,
};
use crate::clock::Stopwatch;
use crate::domain::ReadingSeq;
use crate::limits::{SEQ_RESERVE_STEP, SEQ_UNKNOWN_STEP};
use rusqlite::Connection;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// File name within the store's directory.
pub(super) const FLOOR_FILE: &str = "pantau.seq";
/// Key of the bound in table `meta`.
const FLOOR_KEY: &str = "seq_floor";
/// Key in table `meta` of the bound that a file had when it was put back from a backup.
const RESTORED_KEY: &str = "restored_floor";

/// Makes a file forget its bound, if it has one: numbers then go on above that of the small file,
/// whatever the last reading in this one is.
// A mended file may lack the readings to which the last numbers were given.
pub(super) fn forget_bound(db: &Connection) -> Result<(), rusqlite::Error> {
    db.execute("UPDATE meta SET value = 0 WHERE key = ?", [FLOOR_KEY])?;
    Ok(())
}

/// Returns what the small file of a directory says of its store; `None` when that gave out no
/// number yet.
pub(super) fn known_store(directory: &Path) -> Option<KnownStore> {
    let slot = read_newest_slot(&directory.join(FLOOR_FILE))?;
    slot.known().filter(|_| slot.bound > 0)
}

/// Returns the bound in a file; 0 without one.
fn bound_of_file(db: &Connection) -> Result<ReadingSeq, rusqlite::Error> {
    Ok(read_meta(db, FLOOR_KEY)?.map_or(0, i64::cast_unsigned))
}

/// Notes in a file from a backup which bound it had, and makes it forget that bound. The next start
/// decides by the small file whether this is the place that made the backup: its bound is then as
/// high at least, since numbers were given out there only.
pub(super) fn mark_restored(db: &Connection) -> Result<(), rusqlite::Error> {
    let bound = bound_of_file(db)?;
    let transaction = db.unchecked_transaction()?;
    write_meta(&transaction, RESTORED_KEY, bound.cast_signed())?;
    forget_bound(&transaction)?;
    transaction.commit()
}

/// Time after which the durable number is written down anew.
const EXTENT_KEPT_EVERY: Duration = Duration::from_mins(10);
/// The bound and its file.
#[derive(Debug)]
pub(super) struct SequenceFloor {
    path: PathBuf,
    /// Id of the store.
    id: String,
    /// Greater than every number ever given out.
    bound: ReadingSeq,
    /// Last numbers of rows that people know.
    rows: RowNumbers,
    /// From when to when there are readings; `None` where that is not known.
    extent: Option<StoreExtent>,
    /// It is that of this start.
    is_extent_checked: bool,
    /// Last number of a reading that was durable when it was written down.
    durable: ReadingSeq,
    /// Last number before this start: it may be one that was left out, of no reading.
    before_start: ReadingSeq,
    /// Time since that was written down, or since the start.
    kept: Stopwatch,
    /// Slot (0 or 1) that is written next.
    next_slot: u64,
    /// The current failure to write has been logged.
    is_failure_logged: bool,
    /// Numbers that a start on a full disk could not leave out on the disk: the first write does
    /// it, before any reading.
    due: Option<DueNumbers>,
    /// The file is another one than that of the last start.
    other: Option<OtherStore>,
}

/// Part of a start that has to be on the disk before any number is given to a stored reading.
#[derive(Clone, Copy, Debug)]
struct DueNumbers {
    /// Numbers to leave out: those after the first, up to the second.
    left_out: Option<(ReadingSeq, ReadingSeq)>,
    has_new_id: bool,
    /// The file has given lower numbers to rows than were given before.
    has_low_rows: bool,
}

impl SequenceFloor {
    /// Returns the next number to give out, and the bound, for a store whose last number is `last`.
    pub(super) fn load(
        directory: &Path,
        db: &Connection,
        last: ReadingSeq,
    ) -> Result<(ReadingSeq, Self), rusqlite::Error> {
        let path = directory.join(FLOOR_FILE);
        let beside = read_newest_slot(&path);
        let inside = read_meta(db, FLOOR_KEY)?.map(i64::cast_unsigned);
        let own_id = read_store_id(db)?;
        let beside_id = beside.as_ref().and_then(|slot| slot.id.clone());
        let restored = read_meta(db, RESTORED_KEY)?.map(i64::cast_unsigned);
        let is_foreign = matches!((&own_id, &beside_id), (Some(own), Some(other)) if own != other);
        let bound_beside = beside.as_ref().map(|slot| slot.bound);
        let next = NumberBounds {
            last,
            inside,
            beside: bound_beside,
            restored,
            is_foreign,
            is_own: own_id.is_some() && own_id == beside_id,
            durable: beside.as_ref().map_or(0, |slot| slot.durable),
        }
        .next_number();
        if next > last + 1 {
            tracing::warn!(
                last,
                next,
                "the store is not the one that was written last: numbers go on above all that it \
                 gave out"
            );
        }
        let found = (own_id.as_deref(), inside, restored, last);
        let other = beside.as_ref().and_then(|slot| slot.other_store(found));
        let own_slot = beside.as_ref().filter(|_| !is_foreign);
        let kept_rows = own_slot.map(|slot| slot.rows);
        let extent = own_slot.and_then(|slot| slot.extent);
        let own_rows = RowNumbers::read(db)?;
        let rows = own_rows.max(kept_rows.unwrap_or_default());
        let due = DueNumbers {
            left_out: (next > last + 1).then_some((last, next - 1)),
            has_new_id: own_id.is_none(),
            has_low_rows: rows != own_rows,
        };
        let is_due = due.left_out.is_some() || due.has_new_id || due.has_low_rows;
        // The id in the file is that of the readings in it; a new file takes that of the lost one.
        let id = own_id.or(beside_id).unwrap_or_else(new_store_id);
        let mut floor = Self {
            path,
            id,
            bound: bound_beside.max(inside).unwrap_or(0),
            rows,
            extent,
            is_extent_checked: false,
            durable: last,
            before_start: next - 1,
            kept: Stopwatch::start(),
            next_slot: beside.map_or(0, |slot| 1 - slot.place),
            is_failure_logged: false,
            due: is_due.then_some(due),
            other,
        };
        match floor.raise(db, next) {
            // No number is given to a stored reading before: the first flush does it.
            Err(fault) if is_disk_full(&fault) => {}
            raised => raised?,
        }
        Ok((next, floor))
    }

    /// Adds to what the file says of the store's numbers what is still to be written into it.
    pub(super) fn complete(&self, numbering: &mut StoreNumbering) {
        numbering.id.clone_from(&self.id);
        if let Some((after, until)) = self.due.and_then(|due| due.left_out) {
            numbering.leave_out(after, until);
        }
    }

    /// Returns whether the small file exists.
    pub(super) fn file_exists(&self) -> bool {
        self.path.exists()
    }

    /// Returns whether the number is at or above the bound.
    pub(super) fn is_reached(&self, seq: ReadingSeq) -> bool {
        self.due.is_some() || seq >= self.bound
    }

    /// Raises the bound above `next` and above its old value.
    pub(super) fn raise(
        &mut self,
        db: &Connection,
        next: ReadingSeq,
    ) -> Result<(), rusqlite::Error> {
        let above = next.saturating_add(SEQ_RESERVE_STEP).max(self.bound + 1);
        if let Some(due) = self.due {
            if let Some((after, until)) = due.left_out {
                leave_out_numbers(db, after, until)?;
            }
            if due.has_new_id {
                write_store_id(db, &self.id)?;
            }
            if due.has_low_rows {
                self.rows.raise_in(db)?;
            }
            self.due = None;
        }
        self.rows = RowNumbers::read(db)?.max(self.rows);
        // The small file is never ahead: that would look like a store that went on elsewhere.
        write_meta(db, FLOOR_KEY, above.cast_signed())?;
        // A disk that refuses the small file is logged once and retried: readings are worth more
        // than the bound.
        if let Err(fault) = self.write_slot(above) {
            if !self.is_failure_logged {
                let path = self.path.display();
                tracing::warn!(%fault, %path, "the bound of numbers was not kept; tried again");
            }
            self.is_failure_logged = true;
            return Ok(());
        }
        self.is_failure_logged = false;
        db.execute("DELETE FROM meta WHERE key = ?", [RESTORED_KEY])?;
        self.bound = above;
        self.next_slot = 1 - self.next_slot;
        Ok(())
    }

    /// Returns the file of a store that another process than the gateway writes; `None` when there
    /// is none, or it is that of another store.
    pub(super) fn beside(
        directory: &Path,
        db: &Connection,
    ) -> Result<Option<Self>, rusqlite::Error> {
        let path = directory.join(FLOOR_FILE);
        let own_id = read_store_id(db)?;
        let slot = read_newest_slot(&path).filter(|slot| slot.id.is_some() && slot.id == own_id);
        Ok(slot.map(|slot| Self {
            path,
            id: slot.id.unwrap_or_default(),
            bound: slot.bound,
            rows: slot.rows,
            extent: slot.extent,
            is_extent_checked: false,
            durable: slot.durable,
            before_start: slot.durable,
            kept: Stopwatch::start(),
            next_slot: 1 - slot.place,
            is_failure_logged: false,
            due: None,
            other: None,
        }))
    }

    /// Takes what the start found out about the file, once.
    pub(super) fn take_other_store(&mut self) -> Option<OtherStore> {
        self.other.take()
    }

    /// Whether the small file says that there are readings, or cannot say it.
    pub(super) fn has_readings(&self) -> bool {
        self.extent
            .is_some_and(|extent| extent != StoreExtent::EMPTY)
    }

    /// First time of readings, ms since 1970, once this start has looked for it.
    pub(super) fn checked_first(&self) -> Option<i64> {
        let extent = self.extent.filter(|_| self.is_extent_checked)?;
        extent.times().map(|(first, _)| first.0)
    }

    /// Whether what is written down is so old that a start could not tell what a cut log has lost.
    pub(super) fn is_old(&self, durable: ReadingSeq) -> bool {
        self.last_reading(durable) > self.durable && self.kept.elapsed() >= EXTENT_KEPT_EVERY
    }

    /// Last number of a reading, of numbers that are done.
    fn last_reading(&self, done: ReadingSeq) -> ReadingSeq {
        if done > self.before_start {
            done
        } else {
            self.durable
        }
    }

    /// Writes down from when to when there are readings, and up to which number they are durable,
    /// when that has changed.
    pub(super) fn keep_extent(&mut self, extent: Option<StoreExtent>, durable: ReadingSeq) {
        self.is_extent_checked = true;
        let durable = self.last_reading(durable);
        if self.extent == extent && self.durable == durable {
            return;
        }
        self.durable = durable;
        self.kept = Stopwatch::start();
        // One that has become smaller, since a time was wrong, takes the place of both.
        let slots = if extent < self.extent { 2 } else { 1 };
        self.extent = extent;
        for _ in 0..slots {
            match self.write_slot(self.bound) {
                Ok(()) => self.next_slot = 1 - self.next_slot,
                // The next hour tries again, and so does the stop.
                Err(fault) => {
                    tracing::debug!(%fault, "the extent of the store was not kept beside it");
                }
            }
        }
    }

    /// Id of the store.
    pub(super) fn store_id(&self) -> &str {
        &self.id
    }

    /// Does what a start on a full disk left to be done, before a row gets a number.
    pub(super) fn finish_start(
        &mut self,
        db: &Connection,
        next: ReadingSeq,
    ) -> Result<(), rusqlite::Error> {
        if self.due.is_some() {
            self.raise(db, next)?;
        }
        Ok(())
    }

    /// Writes the last numbers of rows down, when they have changed.
    pub(super) fn keep_row_numbers(&mut self, db: &Connection) -> Result<(), rusqlite::Error> {
        let rows = RowNumbers::read(db)?.max(self.rows);
        if rows == self.rows {
            return Ok(());
        }
        self.rows = rows;
        match self.write_slot(self.bound) {
            Ok(()) => self.next_slot = 1 - self.next_slot,
            // The next change tries again, and so does the next start.
            Err(fault) => {
                tracing::warn!(%fault, "the numbers of entries were not kept beside the store");
            }
        }
        Ok(())
    }

    /// Writes the bound into the next slot and syncs file and directory.
    fn write_slot(&self, above: ReadingSeq) -> io::Result<()> {
        let extent = self.extent.map_or("-".to_owned(), StoreExtent::text);
        let words = format!(
            "{above} {} {} {extent} {}",
            self.id,
            self.rows.text(),
            self.durable
        );
        let crc = crc32fast::hash(words.as_bytes());
        let mut text = format!("{words} {crc:08x}").into_bytes();
        text.resize(SLOT_BYTES - 1, b' ');
        text.push(b'\n');
        let file = match super::file_permissions::file(&self.path) {
            Ok(new) => {
                // Both slots take their room on the disk once; later writes need no allocation.
                new.write_all_at(&[b' '; 2 * SLOT_BYTES], 0)?;
                new
            }
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {
                OpenOptions::new().write(true).open(&self.path)?
            }
            Err(fault) => return Err(fault),
        };
        file.write_all_at(&text, self.next_slot * SLOT_BYTES as u64)?;
        file.sync_all()?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

/// Numbers of a store, as far as a start knows them.
#[derive(Clone, Copy, Debug)]
struct NumberBounds {
    /// Last number of a reading in the file.
    last: ReadingSeq,
    /// Bounds in the file and beside it, and the one that the file had when it was put back from a
    /// backup.
    inside: Option<ReadingSeq>,
    beside: Option<ReadingSeq>,
    restored: Option<ReadingSeq>,
    /// The small file is that of another store, or of this one.
    is_foreign: bool,
    is_own: bool,
    /// Last number that was durable by the small file.
    durable: ReadingSeq,
}

impl NumberBounds {
    /// Returns the next number to give out.
    fn next_number(self) -> ReadingSeq {
        let (last, restored) = (self.last, self.restored);
        match (self.beside, self.inside) {
            _ if self.is_foreign => unknown_next(last, self.beside.max(self.inside).max(restored)),
            (Some(beside), _) if self.is_own && restored.is_some_and(|bound| beside >= bound) => {
                beside.max(last + 1)
            }
            _ if restored.is_some() => unknown_next(last, self.beside.max(restored)),
            // What the log has lost was given numbers, and sinks may have them.
            (Some(beside), Some(inside)) if self.is_own && last < self.durable && inside > 0 => {
                beside.max(inside).max(last + 1)
            }
            // The bound in the store is raised first: after a crash between the two writes it is
            // the greater one, which is no reason to skip numbers.
            (Some(beside), Some(inside)) if beside <= inside => last + 1,
            (None, None) => last + 1,
            (None, Some(inside)) => unknown_next(last, Some(inside)),
            (Some(beside), inside) => beside.max(inside.unwrap_or(0)).max(last + 1),
        }
    }
}

/// Next number of a store of which it is unknown how far it went on elsewhere.
fn unknown_next(last: ReadingSeq, bound: Option<ReadingSeq>) -> ReadingSeq {
    let known = bound.unwrap_or(0).max(last + 1);
    known.saturating_add(SEQ_UNKNOWN_STEP)
}

#[cfg(test)]
mod tests {
    use crate::limits::{SEQ_RESERVE_STEP, SEQ_UNKNOWN_STEP};
    use crate::storage::tests::{MIDNIGHT, decimal, open, reading, site};
    use crate::storage::{DeliveryLanes, Store};
    use std::path::Path;

    fn open_test_store(dir: &Path) -> Store {
        open(dir, &site(&["power"]))
    }

    /// Takes readings in; the number of the last one.
    async fn append_readings(store: &Store, count: i64) -> u64 {
        for n in 0..count {
            let one = reading(MIDNIGHT + n * 1000, &[decimal(n)]);
            store.append(one).await.unwrap();
        }
        store.flush().await.unwrap()
    }

    #[tokio::test]
    async fn numbers_go_on_without_a_hole_over_starts() {
        let dir = tempfile::tempdir().unwrap();
        for round in 1..=3 {
            let store = open_test_store(dir.path());
            assert_eq!(append_readings(&store, 10).await, round * 10);
            store.stop().await;
        }
    }

    #[tokio::test]
    async fn no_number_is_used_again_when_the_file_was_removed() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_test_store(dir.path());
        let last = append_readings(&store, 10).await;
        store.stop().await;
        for file in ["pantau.db", "pantau.db-wal"] {
            std::fs::remove_file(dir.path().join(file)).unwrap();
        }
        let store = open_test_store(dir.path());
        assert!(append_readings(&store, 1).await > last);
        assert_eq!(store.read_journal(0, 10).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn no_number_is_used_again_when_a_damaged_file_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_test_store(dir.path());
        let last = append_readings(&store, 10).await;
        store.stop().await;
        std::fs::remove_file(dir.path().join("pantau.db-wal")).unwrap();
        std::fs::write(dir.path().join("pantau.db"), "garbage".repeat(999)).unwrap();
        let store = open_test_store(dir.path());
        assert!(append_readings(&store, 1).await > last);
    }

    #[tokio::test]
    async fn no_number_is_used_again_when_a_backup_is_put_back() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_test_store(dir.path());
        append_readings(&store, 10).await;
        let copy = dir.path().join("copy.db");
        store.backup(copy.clone()).await.unwrap();
        let last = append_readings(&store, 10).await;
        store.stop().await;
        std::fs::remove_file(dir.path().join("pantau.db-wal")).unwrap();
        std::fs::rename(copy, dir.path().join("pantau.db")).unwrap();
        let store = open_test_store(dir.path());
        assert!(append_readings(&store, 1).await > last);
        // What the copy had is still there, and the next start finds all in order.
        assert_eq!(store.read_journal(0, 100).await.unwrap().len(), 11);
        let last = append_readings(&store, 1).await;
        store.stop().await;
        assert_eq!(
            append_readings(&open_test_store(dir.path()), 1).await,
            last + 1
        );
    }

    #[tokio::test]
    async fn every_stretch_of_numbers_that_was_left_out_is_no_waiting_reading() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_test_store(dir.path());
        let last = append_readings(&store, 10).await;
        store.sink_lanes("mqtt").await.unwrap();
        let two = DeliveryLanes::at(last - 8);
        store.advance_lanes("mqtt", two).await.unwrap();
        store.stop().await;
        // The sink is away all the time.
        for round in 1..=3u64 {
            remove_files(dir.path(), &["pantau.seq"]);
            let store = open_test_store(dir.path());
            let durable = append_readings(&store, 1).await;
            assert!(durable > round * SEQ_UNKNOWN_STEP);
            assert_eq!(store.count_between(last - 8, durable), 8 + round);
            store.stop().await;
        }
    }

    #[tokio::test]
    async fn a_torn_bound_is_none_and_the_one_before_it_holds() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let store = open_test_store(dir.path());
            append_readings(&store, 1).await;
            store.stop().await;
        }
        let path = dir.path().join("pantau.seq");
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut torn = whole.clone();
            torn[at] ^= 0x10;
            std::fs::write(&path, torn).unwrap();
            let found = super::read_newest_slot(&path).unwrap();
            assert!(found.bound > SEQ_RESERVE_STEP, "byte {at}: {found:?}");
        }
        std::fs::write(&path, "").unwrap();
        assert!(append_readings(&open_test_store(dir.path()), 1).await > 2);
    }
    /// A store that gave numbers out, and was stopped; its id and its last number.
    async fn used_store(dir: &Path) -> (String, u64) {
        let store = open_test_store(dir);
        let last = append_readings(&store, 10).await;
        let id = store.id().to_owned();
        store.stop().await;
        (id, last)
    }

    fn remove_files(dir: &Path, names: &[&str]) {
        for name in names {
            std::fs::remove_file(dir.join(name)).unwrap();
        }
    }

    #[tokio::test]
    async fn a_store_keeps_its_id_over_starts_and_two_stores_have_two() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (id, _) = used_store(one.path()).await;
        assert_eq!(open_test_store(one.path()).id(), id);
        assert_ne!(open_test_store(other.path()).id(), id);
    }

    #[tokio::test]
    async fn a_lost_store_keeps_its_id_and_its_numbers_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let (id, last) = used_store(dir.path()).await;
        remove_files(dir.path(), &["pantau.db", "pantau.db-wal"]);
        let store = open_test_store(dir.path());
        assert_eq!(store.id(), id);
        assert!(append_readings(&store, 1).await > last);
    }

    #[tokio::test]
    async fn a_lost_small_file_costs_no_id_and_no_number_of_any_age_comes_again() {
        let dir = tempfile::tempdir().unwrap();
        let (id, last) = used_store(dir.path()).await;
        remove_files(dir.path(), &["pantau.seq"]);
        // A start without any reading takes nothing back.
        open_test_store(dir.path()).stop().await;
        let store = open_test_store(dir.path());
        assert_eq!(store.id(), id);
        // Years of readings may have come between the copy and the loss of all else.
        let first = append_readings(&store, 1).await;
        assert!(first > last + SEQ_UNKNOWN_STEP);
        assert_eq!(store.count_between(last, first), 1);
        store.stop().await;
        let again = open_test_store(dir.path());
        assert_eq!(append_readings(&again, 1).await, first + 1);
        assert_eq!(again.count_between(last, first + 1), 2);
    }

    #[tokio::test]
    async fn a_store_without_both_files_begins_again_under_another_id() {
        let dir = tempfile::tempdir().unwrap();
        let (id, _) = used_store(dir.path()).await;
        remove_files(dir.path(), &["pantau.db", "pantau.db-wal", "pantau.seq"]);
        let store = open_test_store(dir.path());
        assert_ne!(store.id(), id);
        assert_eq!(append_readings(&store, 1).await, 1);
    }

    #[tokio::test]
    async fn the_small_file_of_another_store_changes_no_id_and_no_number_comes_again() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (id, last) = used_store(one.path()).await;
        used_store(other.path()).await;
        let beside = "pantau.seq";
        std::fs::copy(other.path().join(beside), one.path().join(beside)).unwrap();
        let store = open_test_store(one.path());
        assert_eq!(store.id(), id);
        let next = append_readings(&store, 1).await;
        assert!(next > last + SEQ_UNKNOWN_STEP);
        store.stop().await;
        let store = open_test_store(one.path());
        assert_eq!(store.id(), id);
        assert_eq!(append_readings(&store, 1).await, next + 1);
    }

    #[tokio::test]
    async fn a_bound_of_an_earlier_version_is_read_and_gets_the_id() {
        let dir = tempfile::tempdir().unwrap();
        let (id, last) = used_store(dir.path()).await;
        let bound = SEQ_RESERVE_STEP * 7;
        let crc = crc32fast::hash(bound.to_string().as_bytes());
        let path = dir.path().join("pantau.seq");
        std::fs::write(&path, format!("{bound} {crc:08x}\n")).unwrap();
        let store = open_test_store(dir.path());
        assert_eq!(store.id(), id);
        assert_eq!(append_readings(&store, 1).await, bound);
        assert!(bound > last);
        store.stop().await;
        let slot = super::read_newest_slot(&path).unwrap();
        assert_eq!(slot.id, Some(id));
    }

    #[tokio::test]
    async fn a_sink_that_had_delivered_all_does_not_wait_for_numbers_that_were_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_test_store(dir.path());
        let last = append_readings(&store, 10).await;
        for (sink, at) in [("mqtt", last), ("influx", last - 3)] {
            store.sink_lanes(sink).await.unwrap();
            store
                .advance_lanes(sink, DeliveryLanes::at(at))
                .await
                .unwrap();
        }
        store.stop().await;
        remove_files(dir.path(), &["pantau.seq"]);
        let store = open_test_store(dir.path());
        let durable = *store.durable().borrow();
        for (sink, waiting) in [("mqtt", 0), ("influx", 3)] {
            let at = store.sink_lanes(sink).await.unwrap().unwrap().cursor();
            assert_eq!(store.count_between(at, durable), waiting, "{sink}");
        }
        assert_eq!(
            store.sink_lanes("mqtt").await.unwrap(),
            Some(DeliveryLanes::at(durable))
        );
    }
}
