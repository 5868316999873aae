//! Backup: a verified copy of the whole file while it is in use.

use super::file_permissions;
use super::schema::{disk_error, is_disk_full};
use super::store_error::StoreError;
use super::store_request::BackupRequest;
use super::writer::StoreWriter;
use rusqlite::Connection;
use std::path::Path;

impl StoreWriter {
    /// Serves a request about backups.
    pub(super) fn serve_backup_request(&mut self, request: BackupRequest) {
        // A send fails when the caller has gone.
        match request {
            BackupRequest::Copy { to, reply } => drop(reply.send(self.backup(&to))),
            BackupRequest::Hold(reply) => drop(reply.send(self.hold_file())),
            BackupRequest::Restores(reply) => drop(reply.send(self.list_restores())),
        }
    }

    /// Flushes, copies the file to `to`, and raises the bound of numbers.
    pub(super) fn backup(&mut self, to: &Path) -> Result<(), StoreError> {
        if let Some(why) = &self.health.damage {
            return Err(StoreError::Damaged {
                file: self.file.clone(),
                why: why.clone(),
            });
        }
        match self.flush() {
            // A removed file can still be copied from the open handle, and from nowhere else.
            Err(_) if self.check_files().is_err() => {}
            // The copy goes to another disk, and may be what makes room on this one.
            Err(fault) if fault.is_disk_full() && !self.waits_for_room => tracing::warn!(
                unflushed = self.pending.len(),
                "the disk is full: readings that wait in memory are not in the backup"
            ),
            flushed => drop(flushed?),
        }
        self.copy(to)?;
        self.raise_floor_after_copy()
            .map_err(|fault| disk_error("keeping the bound of numbers", &fault))
    }

    /// Raises the bound of numbers: the copy may be put back later, and numbers given out after it
    /// must then be skipped.
    pub(super) fn raise_floor_after_copy(&mut self) -> Result<(), rusqlite::Error> {
        let Some(floor) = &mut self.floor else {
            return Ok(());
        };
        match floor.raise(&self.db, self.next) {
            // No number at or above the bound, which the copy has too, is given out without room.
            Err(fault) if is_disk_full(&fault) => Ok(()),
            raised => raised,
        }
    }

    /// Copies the open file; the copy gets its name only after SQLite's quick check.
    pub(super) fn copy(&self, to: &Path) -> Result<(), StoreError> {
        let half = to.with_extension("unfinished");
        // An interrupted copy is started again, with the permissions of a new file.
        let _ = std::fs::remove_file(&half);
        file_permissions::file(&half).map_err(|fault| StoreError::Disk {
            what: "copying the file",
            why: format!("{}: {fault}", half.display()),
        })?;
        let copied = self
            .db
            .backup("main", &half, Some(|_| self.outputs.pulse.sign()))
            .and_then(|()| self.quick_check(&half))
            .map_err(|fault| disk_error("copying the file", &fault))?;
        if copied != "ok" {
            return Err(StoreError::Disk {
                what: "checking the copy",
                why: copied,
            });
        }
        std::fs::rename(&half, to).map_err(|fault| StoreError::Disk {
            what: "naming the copy",
            why: fault.to_string(),
        })
    }

    /// Runs SQLite's quick check on the copy; `ok` when it is intact.
    fn quick_check(&self, copy: &Path) -> Result<String, rusqlite::Error> {
        let mut copy = Connection::open(copy)?;
        self.outputs.pulse.follow(&mut copy)?;
        copy.pragma_query_value(None, "quick_check", |row| row.get(0))
    }
}
