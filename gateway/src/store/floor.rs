//! A number that no reading has had yet, in a small file beside the store: `pantau.seq`.
//!
//! Numbers go on from the last one in the store's own file. When that file is lost, damaged, or an
//! older copy of itself, the last one in it is not the last one that was given out. So both files
//! hold the same bound, below which all numbers are that were ever given out; it is raised in
//! steps, at each start and after each copy, in the store first. At a start at which the small file
//! has the greater one, the store is not the one that was written last, and numbers go on above
//! both: a hole tells consumers that something was lost, a number used twice would hide it.
//!
//! The bound stands in two places of the file, each with its checksum, written in turn and in
//! place: one is whole after a power cut, and a full disk has room for it.

use super::start::{meta, set_meta};
use crate::limits::SEQ_STEP;
use crate::model::Seq;
use rusqlite::Connection;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The file within the store's directory.
pub(super) const FILE: &str = "pantau.seq";
/// Name of the bound in the store's own file.
const KEY: &str = "seq_floor";
/// Bytes of one place: what a card writes as a whole.
const PLACE: usize = 512;

/// The bound, and where it is kept.
#[derive(Debug)]
pub(super) struct Floor {
    path: PathBuf,
    /// Above every number that was ever given out.
    above: Seq,
    /// The place of the file that is written next.
    place: u64,
    /// That it could not be kept has been said.
    is_said: bool,
}

impl Floor {
    /// The next number to give out, and the bound, when the store's own file has come to `last`.
    pub(super) fn begin(
        directory: &Path,
        db: &Connection,
        last: Seq,
    ) -> Result<(Seq, Self), rusqlite::Error> {
        let path = directory.join(FILE);
        let beside = read(&path);
        let inside = meta(db, KEY)?.map(i64::cast_unsigned);
        let next = match (beside, inside) {
            // The bound inside is raised first: it is the greater one after a crash in between.
            (Some((beside, _)), Some(inside)) if beside <= inside => last + 1,
            (None, None) => last + 1,
            // A copy without its small file: what was given out since it was made is not known.
            (None, Some(inside)) => inside.max(last + 1).saturating_add(SEQ_STEP),
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
            above: known.max(inside.unwrap_or(0)),
            place: 1 - place,
            is_said: false,
        };
        floor.raise(db, next)?;
        Ok((next, floor))
    }

    /// Its file is there.
    pub(super) fn is_kept(&self) -> bool {
        self.path.exists()
    }

    /// The number lies above the bound.
    pub(super) fn is_reached(&self, seq: Seq) -> bool {
        seq >= self.above
    }

    /// Raises the bound above `next`, and above what it was. A disk that refuses is said: readings
    /// are worth more than the bound.
    pub(super) fn raise(&mut self, db: &Connection, next: Seq) -> Result<(), rusqlite::Error> {
        let above = next.saturating_add(SEQ_STEP).max(self.above + 1);
        let inside = set_meta(db, KEY, above.cast_signed());
        if let Err(fault) = self.write(above) {
            if !self.is_said {
                let path = self.path.display();
                tracing::warn!(%fault, %path, "the bound of numbers was not kept; tried again");
            }
            self.is_said = true;
            return inside;
        }
        self.is_said = false;
        self.above = above;
        self.place = 1 - self.place;
        inside
    }

    fn write(&self, above: Seq) -> io::Result<()> {
        let digits = above.to_string();
        let crc = crc32fast::hash(digits.as_bytes());
        let mut text = format!("{digits} {crc:08x}").into_bytes();
        text.resize(PLACE - 1, b' ');
        text.push(b'\n');
        let file = match super::private::file(&self.path) {
            Ok(new) => {
                // Both places take their room on the disk once.
                new.write_all_at(&[b' '; 2 * PLACE], 0)?;
                new
            }
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {
                OpenOptions::new().write(true).open(&self.path)?
            }
            Err(fault) => return Err(fault),
        };
        file.write_all_at(&text, self.place * PLACE as u64)?;
        file.sync_all()?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

/// The greater of the whole bounds, and its place.
fn read(path: &Path) -> Option<(Seq, u64)> {
    let bytes = std::fs::read(path).ok()?;
    let place = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).ok()?;
        let (digits, crc) = text.trim().split_once(' ')?;
        let right = u32::from_str_radix(crc, 16).ok()? == crc32fast::hash(digits.as_bytes());
        digits.parse().ok().filter(|_| right)
    };
    let places = bytes.chunks(PLACE).zip(0..2u64);
    places
        .filter_map(|(bytes, at)| Some((place(bytes)?, at)))
        .max()
}

#[cfg(test)]
mod tests {
    use crate::limits::SEQ_STEP;
    use crate::store::Store;
    use crate::store::tests::{MIDNIGHT, decimal, open, reading, site};
    use std::path::Path;

    fn start(dir: &Path) -> Store {
        open(dir, &site(&["power"]))
    }

    /// Takes readings in; the number of the last one.
    async fn take(store: &Store, count: i64) -> u64 {
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
            let store = start(dir.path());
            assert_eq!(take(&store, 10).await, round * 10);
            store.stop().await;
        }
    }

    #[tokio::test]
    async fn no_number_is_used_again_when_the_file_was_removed() {
        let dir = tempfile::tempdir().unwrap();
        let store = start(dir.path());
        let last = take(&store, 10).await;
        store.stop().await;
        for file in ["pantau.db", "pantau.db-wal"] {
            std::fs::remove_file(dir.path().join(file)).unwrap();
        }
        let store = start(dir.path());
        assert!(take(&store, 1).await > last);
        assert_eq!(store.journal(0, 10).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn no_number_is_used_again_when_a_damaged_file_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let store = start(dir.path());
        let last = take(&store, 10).await;
        store.stop().await;
        std::fs::remove_file(dir.path().join("pantau.db-wal")).unwrap();
        std::fs::write(dir.path().join("pantau.db"), "garbage".repeat(999)).unwrap();
        let store = start(dir.path());
        assert!(take(&store, 1).await > last);
    }

    #[tokio::test]
    async fn no_number_is_used_again_when_a_backup_is_put_back() {
        let dir = tempfile::tempdir().unwrap();
        let store = start(dir.path());
        take(&store, 10).await;
        let copy = dir.path().join("copy.db");
        store.backup(copy.clone()).await.unwrap();
        let last = take(&store, 10).await;
        store.stop().await;
        std::fs::remove_file(dir.path().join("pantau.db-wal")).unwrap();
        std::fs::rename(copy, dir.path().join("pantau.db")).unwrap();
        let store = start(dir.path());
        assert!(take(&store, 1).await > last);
        // What the copy had is still there, and the next start finds all in order.
        assert_eq!(store.journal(0, 100).await.unwrap().len(), 11);
        let last = take(&store, 1).await;
        store.stop().await;
        assert_eq!(take(&start(dir.path()), 1).await, last + 1);
    }

    #[tokio::test]
    async fn a_torn_bound_is_none_and_the_one_before_it_holds() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let store = start(dir.path());
            take(&store, 1).await;
            store.stop().await;
        }
        let path = dir.path().join("pantau.seq");
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut torn = whole.clone();
            torn[at] ^= 0x10;
            std::fs::write(&path, torn).unwrap();
            let (found, _) = super::read(&path).unwrap();
            assert!(found > SEQ_STEP, "byte {at}: {found}");
        }
        std::fs::write(&path, "").unwrap();
        assert!(take(&start(dir.path()), 1).await > 2);
    }
}
