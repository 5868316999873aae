//! Rescue of readings when the open files of the writer were removed or replaced.

use super::file_presence::FilePresence;
use super::schema::DATABASE_FILE;
use super::set_aside::RESCUED_WORD;
use super::store_error::StoreError;
use super::writer::StoreWriter;
use std::path::Path;

impl StoreWriter {
    /// Returns an error when an open file was removed or replaced.
    pub(super) fn check_files(&self) -> Result<(), StoreError> {
        let missing = self
            .open_files
            .as_ref()
            .and_then(FilePresence::first_change);
        missing.map_or(Ok(()), |(file, change)| {
            Err(StoreError::FileGone { file, change })
        })
    }

    /// Writes the bound of numbers again when its file was removed together with the store.
    pub(super) fn restore_sequence_floor(&mut self) {
        // Else a restart would give numbers out a second time.
        let Some(floor) = self.floor.as_mut().filter(|floor| !floor.file_exists()) else {
            return;
        };
        if let Err(fault) = floor.raise(&self.db, self.next) {
            tracing::warn!(%fault, "the bound of numbers stands in its own file only");
        }
    }

    /// Saves a removed or replaced file, with the readings in memory, as `pantau.db.rescued-TIME`.
    pub(super) fn save_orphaned_file(&mut self) {
        let now = self.clock.now().at;
        let stamp = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
        let stamp = stamp.strftime("%Y%m%dT%H%M%SZ");
        let name = format!("{DATABASE_FILE}.{RESCUED_WORD}-{stamp}");
        let to = self.file.with_file_name(name);
        // The whole directory may have been removed; it is created again.
        let folder = to.parent().unwrap_or(Path::new("."));
        if let Err(fault) = super::file_permissions::create_folder(folder) {
            tracing::error!(%fault, folder = %folder.display(), "the store's folder cannot be made");
        }
        self.restore_sequence_floor();
        // The commit goes into the open file, which has no name any more; the backup copies it to
        // one that has.
        let saved = self
            .commit()
            .map_err(|fault| super::schema::disk_error("keeping readings", &fault))
            .and_then(|_| self.copy(&to));
        self.keep_extent();
        match saved {
            Ok(()) => tracing::error!(
                file = %to.display(),
                "the store's file was removed or replaced; all of it was saved under this name"
            ),
            Err(fault) => tracing::error!(
                %fault,
                unflushed = self.pending.len(),
                "the store's file was removed or replaced, and could not be saved"
            ),
        }
    }
}
