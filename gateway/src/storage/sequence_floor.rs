//! Upper bound of all sequence numbers given out, in a small file beside the store: `pantau.seq`.
//!
//! Numbers continue after the last one in the store's own file. When that file is lost, damaged, or
//! replaced by an older copy, its last number is not the last one given out. Therefore both files
//! hold the same bound, which no number given out reaches; it is raised in steps, at each start and
//! after each backup, in the store first. When the small file has the greater bound at a start, the
//! store is not the one that was written last, and numbers continue above both: a gap tells
//! consumers that something was lost, a number used twice would hide it.
//!
//! The file has two slots, each with a checksum, written in turn and in place: one of them is whole
//! after a power cut, and a full disk still has room for it.

use super::meta_table::{read_meta, write_meta};
use crate::domain::ReadingSeq;
use crate::limits::SEQ_RESERVE_STEP;
use rusqlite::Connection;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// File name within the store's directory.
pub(super) const FLOOR_FILE: &str = "pantau.seq";
/// Key of the bound in table `meta`.
const FLOOR_KEY: &str = "seq_floor";
/// Bytes of one slot.
// 512 bytes is the sector that a card writes as a whole.
const SLOT_BYTES: usize = 512;

/// The bound and its file.
#[derive(Debug)]
pub(super) struct SequenceFloor {
    path: PathBuf,
    /// Greater than every number ever given out.
    bound: ReadingSeq,
    /// Slot (0 or 1) that is written next.
    next_slot: u64,
    /// The current failure to write has been logged.
    is_failure_logged: bool,
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
        let next = match (beside, inside) {
            // The bound in the store is raised first: after a crash between the two writes it is
            // the greater one, which is no reason to skip numbers.
            (Some((beside, _)), Some(inside)) if beside <= inside => last + 1,
            (None, None) => last + 1,
            // A copy of the store without its small file: the numbers given out after the copy are
            // unknown, so one whole step is skipped.
            (None, Some(inside)) => inside.max(last + 1).saturating_add(SEQ_RESERVE_STEP),
            (Some((beside, _)), inside) => beside.max(inside.unwrap_or(0)).max(last + 1),
        };
        if next > last + 1 {
            tracing::warn!(
                last,
                next,
                "the store is not the one that was written last: numbers go on above all that it gave out"
            );
        }
        let (known, place) = beside.unwrap_or((0, 1));
        let mut floor = Self {
            path,
            bound: known.max(inside.unwrap_or(0)),
            next_slot: 1 - place,
            is_failure_logged: false,
        };
        floor.raise(db, next)?;
        Ok((next, floor))
    }

    /// Returns whether the small file exists.
    pub(super) fn file_exists(&self) -> bool {
        self.path.exists()
    }

    /// Returns whether the number is at or above the bound.
    pub(super) fn is_reached(&self, seq: ReadingSeq) -> bool {
        seq >= self.bound
    }

    /// Raises the bound above `next` and above its old value.
    pub(super) fn raise(
        &mut self,
        db: &Connection,
        next: ReadingSeq,
    ) -> Result<(), rusqlite::Error> {
        let above = next.saturating_add(SEQ_RESERVE_STEP).max(self.bound + 1);
        let inside = write_meta(db, FLOOR_KEY, above.cast_signed());
        // A disk that refuses the small file is logged once and retried: readings are worth more
        // than the bound.
        if let Err(fault) = self.write_slot(above) {
            if !self.is_failure_logged {
                let path = self.path.display();
                tracing::warn!(%fault, %path, "the bound of numbers was not kept; tried again");
            }
            self.is_failure_logged = true;
            return inside;
        }
        self.is_failure_logged = false;
        self.bound = above;
        self.next_slot = 1 - self.next_slot;
        inside
    }

    /// Writes the bound into the next slot and syncs file and directory.
    fn write_slot(&self, above: ReadingSeq) -> io::Result<()> {
        let digits = above.to_string();
        let crc = crc32fast::hash(digits.as_bytes());
        let mut text = format!("{digits} {crc:08x}").into_bytes();
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

/// Returns the greater of the valid bounds, and its slot.
fn read_newest_slot(path: &Path) -> Option<(ReadingSeq, u64)> {
    let bytes = std::fs::read(path).ok()?;
    let place = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).ok()?;
        let (digits, crc) = text.trim().split_once(' ')?;
        let right = u32::from_str_radix(crc, 16).ok()? == crc32fast::hash(digits.as_bytes());
        digits.parse().ok().filter(|_| right)
    };
    let places = bytes.chunks(SLOT_BYTES).zip(0..2u64);
    places
        .filter_map(|(bytes, at)| Some((place(bytes)?, at)))
        .max()
}

#[cfg(test)]
mod tests {
    use crate::limits::SEQ_RESERVE_STEP;
    use crate::storage::Store;
    use crate::storage::tests::{MIDNIGHT, decimal, open, reading, site};
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
            let (found, _) = super::read_newest_slot(&path).unwrap();
            assert!(found > SEQ_RESERVE_STEP, "byte {at}: {found}");
        }
        std::fs::write(&path, "").unwrap();
        assert!(append_readings(&open_test_store(dir.path()), 1).await > 2);
    }
}
