//! Check that the open files are still the ones that the directory names.
//!
//! A process can go on writing into a file that was removed or replaced, and all of that is gone
//! when it ends. Therefore nothing counts as durable unless the directory still names the same
//! files.

use super::schema::wal_path;
use super::store_values::StoreAccess;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Path and identity of each open file.
#[derive(Debug)]
pub(super) struct FilePresence(Vec<(PathBuf, FileIdentity)>);

/// Device, inode number and length of a file. Neither the file nor its log ever gets shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileIdentity {
    place: (u64, u64),
    bytes: u64,
}

impl FilePresence {
    /// Records the identity of the files.
    pub(super) fn observe(files: impl IntoIterator<Item = PathBuf>) -> io::Result<Self> {
        let known = files.into_iter().map(|file| {
            let about = file_identity(&file)?;
            Ok((file, about))
        });
        known.collect::<io::Result<_>>().map(Self)
    }

    /// Returns the first file that is no longer the recorded one, and what has become of it.
    pub(super) fn first_change(&self) -> Option<(PathBuf, String)> {
        self.0.iter().find_map(|(file, known)| {
            let what = match file_identity(file) {
                Ok(now) if now.place == known.place && now.bytes >= known.bytes => return None,
                Ok(now) if now.place == known.place => "was cut off".to_owned(),
                Ok(_) => "was replaced by another file".to_owned(),
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => "was removed".to_owned(),
                Err(fault) => format!("cannot be reached ({fault})"),
            };
            Some((file.clone(), what))
        })
    }
}

/// Records the identity of the open files; `None` for a read-only command, and where the files
/// cannot be examined.
pub(super) fn observe_files(access: StoreAccess, file: &Path) -> Option<FilePresence> {
    if access == StoreAccess::Read {
        return None;
    }
    let files = [file.to_owned(), wal_path(file)];
    match FilePresence::observe(files) {
        Ok(presence) => Some(presence),
        Err(fault) => {
            tracing::warn!(%fault, "whether the store's files stay in place cannot be seen");
            None
        }
    }
}

fn file_identity(file: &Path) -> io::Result<FileIdentity> {
    let about = std::fs::metadata(file)?;
    Ok(FileIdentity {
        place: (about.dev(), about.ino()),
        bytes: about.len(),
    })
}

#[cfg(test)]
mod tests {
    use crate::domain::ReadingSeq;
    use crate::storage::tests::{MIDNIGHT, ask, decimal, open, raw, reading, site};
    use crate::storage::{Store, StoreError};
    use std::path::PathBuf;

    /// Stores the reading of second `n` and flushes.
    async fn store_one(store: &Store, n: i64) -> Result<ReadingSeq, StoreError> {
        let one = reading(MIDNIGHT + n * 1000, &[decimal(n)]);
        store.append(one).await.unwrap();
        store.flush().await
    }

    #[tokio::test]
    async fn a_file_removed_or_replaced_under_the_program_is_said_and_nothing_is_lost() {
        for (what, file) in [
            ("remove", "pantau.db"),
            ("replace", "pantau.db"),
            ("remove", "pantau.db-wal"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let store = open(dir.path(), &site(&["power"]));
            let take = |n: i64| store_one(&store, n);
            take(1).await.unwrap();
            let (path, away) = (dir.path().join(file), dir.path().join("away"));
            if what == "remove" {
                std::fs::remove_file(&path).unwrap();
            } else {
                std::fs::rename(&path, &away).unwrap();
                std::fs::copy(&away, &path).unwrap();
            }
            let said = take(2).await.unwrap_err().to_string();
            assert!(said.contains(file), "{said}");
            assert!(store.append_ledger(Vec::new(), "x").await.is_err());
            let health = store.health().borrow().clone();
            assert!(health.failure.is_some());
            assert_eq!((health.unflushed, health.durable), (1, 1));
            store.stop().await;
            let rescued = std::fs::read_dir(dir.path()).unwrap();
            let rescued: Vec<PathBuf> = rescued
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.to_string_lossy().contains("rescued"))
                .collect();
            let other = tempfile::tempdir().unwrap();
            std::fs::copy(&rescued[0], other.path().join("pantau.db")).unwrap();
            let store = open(other.path(), &site(&["power"]));
            assert_eq!(
                ask(&store, raw("meter.power")).await.len(),
                2,
                "{what} {file}"
            );
        }
    }

    #[tokio::test]
    async fn a_file_that_is_cut_off_under_the_program_is_said_at_the_next_flush() {
        for (file, bytes) in [("pantau.db-wal", 0), ("pantau.db", 1024)] {
            let dir = tempfile::tempdir().unwrap();
            let store = open(dir.path(), &site(&["power"]));
            store_one(&store, 1).await.unwrap();
            let path = dir.path().join(file);
            let cut = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            cut.set_len(bytes).unwrap();
            let said = store_one(&store, 2).await.unwrap_err().to_string();
            assert!(
                said.contains(file) && said.contains("was cut off"),
                "{said}"
            );
            assert!(store.health().borrow().failure.is_some());
            store.stop().await;
        }
    }

    #[tokio::test]
    async fn a_store_that_is_gone_with_its_folder_is_saved_and_no_number_is_used_twice() {
        for whole in [false, true] {
            let above = tempfile::tempdir().unwrap();
            let dir = above.path().join("store");
            let store = open(&dir, &site(&["power"]));
            for n in 1..=3 {
                let one = reading(MIDNIGHT + n * 1000, &[decimal(n)]);
                store.append(one).await.unwrap();
                store.flush().await.unwrap();
            }
            std::fs::remove_dir_all(&dir).unwrap();
            if !whole {
                std::fs::create_dir(&dir).unwrap();
            }
            store.flush().await.unwrap_err();
            store.stop().await;
            let names = std::fs::read_dir(&dir).unwrap();
            let mut names = names.map(|entry| entry.unwrap().file_name());
            assert!(names.any(|name| name.to_string_lossy().contains("rescued")));
            let store = open(&dir, &site(&["power"]));
            let one = reading(MIDNIGHT + 9000, &[decimal(9)]);
            store.append(one).await.unwrap();
            assert!(store.flush().await.unwrap() > 3, "{whole}");
            store.stop().await;
        }
    }

    #[tokio::test]
    async fn a_file_that_is_put_back_is_written_on() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), &site(&["power"]));
        let take = |n: i64| store_one(&store, n);
        take(1).await.unwrap();
        let (path, away) = (dir.path().join("pantau.db"), dir.path().join("away"));
        std::fs::rename(&path, &away).unwrap();
        take(2).await.unwrap_err();
        std::fs::rename(&away, &path).unwrap();
        assert_eq!(take(3).await.unwrap(), 3);
        assert_eq!(store.health().borrow().failure, None);
    }
}
