//! [`StoreReplacement`]: a file from a backup takes the place of the store's file.
//!
//! The old file is set aside, and no number is used again: where `pantau.seq` is that of the place
//! which made the backup, the next start goes on above it; else it leaves out more than a gateway
//! gives out. A restore that is stopped at any step leaves the old store or the new one, whole.

use super::access::{check_integrity, lock_for_reading};
use super::audit::append_audit;
use super::file_exchange::{NewFile, exchange_file, finish_exchange, sync_folder};
use super::file_permissions;
use super::schema::{
    DATABASE_FILE, MIGRATIONS, disk_error, is_version_confirmed, newer_version_error,
    schema_version,
};
use super::sequence_floor::mark_restored;
use super::store_error::StoreError;
use crate::domain::UtcMs;
use rusqlite::Connection;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Folder in which the file is prepared.
pub(super) const WORK_FOLDER: &str = "pantau.db.restoring";
/// Kind of the entry in the audit log.
pub(super) const RESTORE_KIND: &str = "restore";

/// Store whose file is being replaced; nobody else can open it meanwhile. Dropped before
/// [`StoreReplacement::finish`], it leaves the store as it was.
#[derive(Debug)]
pub struct StoreReplacement {
    directory: PathBuf,
    _lock: Option<File>,
}

impl StoreReplacement {
    /// Takes the lock of the store, and makes an empty folder for the new file. `Busy` while a
    /// gateway or a command has the store open.
    pub fn begin(directory: &Path, now: UtcMs) -> Result<Self, StoreError> {
        let lock = match lock_for_reading(&directory.join(DATABASE_FILE)) {
            Ok(lock) => Some(lock),
            Err(StoreError::Missing(_)) => None,
            Err(fault) => return Err(fault),
        };
        let work = directory.join(WORK_FOLDER);
        let made = file_permissions::create_folder(directory)
            // One that was stopped when its file was whole is completed first.
            .and_then(|()| finish_exchange(directory, now).map(drop))
            .and_then(|()| remove_if_there(&work))
            .and_then(|()| file_permissions::create_folder(&work));
        made.map_err(|fault| restore_error(&fault))?;
        Ok(Self {
            directory: directory.to_owned(),
            _lock: lock,
        })
    }

    /// Creates the file into which the content of the backup is written.
    pub fn create_file(&self) -> Result<File, StoreError> {
        file_permissions::file(&self.file()).map_err(|fault| restore_error(&fault))
    }

    fn file(&self) -> PathBuf {
        self.directory.join(WORK_FOLDER).join(DATABASE_FILE)
    }

    /// Checks the written file and notes in it what was done, `note`. `Damaged` when SQLite finds
    /// damage, `Invalid` for the file of a later version.
    pub fn prepare(&self, note: &str, now: UtcMs) -> Result<(), StoreError> {
        let file = self.file();
        let failed = |fault: rusqlite::Error| disk_error("preparing the restored file", &fault);
        let db = Connection::open(&file).map_err(failed)?;
        check_integrity(&db, &file)?;
        let version = schema_version(&db).map_err(failed)?;
        if version > MIGRATIONS.len() && is_version_confirmed(&db, version) {
            return Err(newer_version_error(&file, version));
        }
        // Nothing beside the file is touched: a restore that is stopped here has changed nothing.
        mark_restored(&db).map_err(failed)?;
        append_audit(&db, now, RESTORE_KIND, note).map_err(failed)?;
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(failed)?;
        db.close().map_err(|(_, fault)| failed(fault))
    }

    /// Gives the prepared file its place. Returns the name under which the old one is kept; empty
    /// when there was none.
    pub fn finish(self, now: UtcMs) -> Result<String, StoreError> {
        let exchanged = sync_folder(&self.directory.join(WORK_FOLDER))
            .and_then(|()| exchange_file(&self.directory, &self.file(), NewFile::Restored, now));
        exchanged.map_err(|fault| restore_error(&fault))
    }
}

#[cfg(test)]
impl StoreReplacement {
    /// Ends as a kill does: locks are gone, and nothing is put in order.
    #[expect(
        clippy::used_underscore_binding,
        reason = "a kill gives the lock back early"
    )]
    pub(super) fn kill(mut self) {
        self._lock = None;
        std::mem::forget(self);
    }
}

impl Drop for StoreReplacement {
    fn drop(&mut self) {
        drop(remove_if_there(&self.directory.join(WORK_FOLDER)));
    }
}

pub(super) fn remove_if_there(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        _ => Ok(()),
    }
}

fn restore_error(fault: &io::Error) -> StoreError {
    StoreError::Disk {
        what: "putting the backup back",
        why: fault.to_string(),
    }
}
