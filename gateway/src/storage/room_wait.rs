//! A disk without room: a store that could not be begun waits in memory until there is some, and
//! whether there is any is told. And a disk that can only be read (`read_only_disk`).

use super::disk_room;
use super::file_exchange::sync_folder;
use super::file_permissions;
use super::file_presence::observe_files;
use super::held_file::HeldFile;
use super::schema::{connect_database, disk_error};
use super::store_error::StoreError;
use super::store_values::StoreAccess;
use super::writer::StoreWriter;
use std::fs;
use std::io;
use std::path::Path;

/// Ending of the name of a file that is being begun.
const BEGUN_ENDING: &str = "beginning";

impl StoreWriter {
    /// Begins to wait for room, if the file could not be begun: nothing is changed in memory that
    /// people would take for stored.
    pub(super) fn begin_room_wait(&mut self) -> Result<(), rusqlite::Error> {
        if self.waits_for_room {
            self.db.pragma_update(None, "query_only", true)?;
            self.retry_later(&no_room());
        }
        if self.is_read_only {
            self.retry_later(&self.read_only_error());
        }
        Ok(())
    }

    /// True while there is no file that could keep anything.
    pub(super) fn cannot_write(&self) -> bool {
        self.waits_for_room || self.is_read_only
    }

    /// Refuses a change while there is no file that could keep it.
    pub(super) fn refuse_without_file(&self) -> Result<(), StoreError> {
        if self.waits_for_room {
            return Err(no_room());
        }
        if self.is_read_only {
            return Err(self.read_only_error());
        }
        Ok(())
    }

    /// Begins the file of a store that waits in memory, and goes on with it.
    pub(super) fn make_waiting_file(&mut self) -> Result<(), StoreError> {
        if !self.waits_for_room {
            return Ok(());
        }
        let half = self.file.with_extension(BEGUN_ENDING);
        let begun = self.write_file(&half);
        if begun.is_err() {
            // What was written of it would keep the room that it needs.
            let _ = fs::remove_file(&half);
        }
        begun
    }

    fn write_file(&mut self, half: &Path) -> Result<(), StoreError> {
        let failed = |fault: io::Error| StoreError::Disk {
            what: BEGINNING,
            why: fault.to_string(),
        };
        let refused = |fault: rusqlite::Error| disk_error(BEGINNING, &fault);
        let folder = self.file.parent().unwrap_or(Path::new(".")).to_owned();
        file_permissions::create_folder(&folder).map_err(failed)?;
        let _ = fs::remove_file(half);
        drop(file_permissions::file(half).map_err(failed)?);
        self.db
            .backup("main", half, Some(|_| self.outputs.pulse.sign()))
            .map_err(refused)?;
        let written = fs::File::open(half).and_then(|file| file.sync_all());
        let named = written.and_then(|()| fs::rename(half, &self.file));
        named.and_then(|()| sync_folder(&folder)).map_err(failed)?;
        let (db, _) = connect_database(&self.file).map_err(refused)?;
        self.db = db;
        self.waits_for_room = false;
        self.follow_progress().map_err(refused)?;
        self.open_files = observe_files(self.access, &self.file);
        self.held = HeldFile::open(self.access, &self.file);
        if let Some(floor) = &mut self.floor {
            floor.raise(&self.db, self.next).map_err(refused)?;
        }
        tracing::info!("the disk has room: the store is begun, and readings are written to it");
        Ok(())
    }

    /// Looks whether the disk has any room left, and says once when that changes.
    pub(super) fn look_at_room(&mut self) {
        if self.access != StoreAccess::Gateway {
            return;
        }
        let is_full = disk_room::is_full(&self.settings.path);
        match (self.health.is_disk_full, is_full) {
            // A store that fails has said so already.
            (false, true) if self.health.failure.is_none() => tracing::warn!(
                "the disk has no free room: readings go into the reserve of the log, while it lasts"
            ),
            (true, false) => tracing::info!("the disk has free room again"),
            _ => {}
        }
        self.health.is_disk_full = is_full;
    }
}

/// Step that fails without room.
const BEGINNING: &str = "beginning the store";

/// Error while there is no room for the file.
fn no_room() -> StoreError {
    StoreError::Disk {
        what: BEGINNING,
        why: "database or disk is full".to_owned(),
    }
}
