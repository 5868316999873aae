//! Salvage: a store whose file or log is damaged gets a new file with everything that can still be
//! read. The old files stay beside it, and what is missing is listed.
//!
//! ```text
//! wal_frames   frames of the log, each verified by itself
//! store_image  pages as they stood after the last commit
//! page_reader  rows of those pages, without SQLite
//! table_rows   their copies in a new file
//! missing_rows what that file lacks, by day and device
//! ```

#[cfg(test)]
mod damaged_stores_tests;
mod log_bytes;
mod missing_rows;
mod page_reader;
mod store_image;
mod table_rows;
mod table_shape;
#[cfg(test)]
mod tests;
mod wal_frames;

use super::damage_mark;
use super::data_damage::{MissingRows, note_missing};
use super::file_exchange::{NewFile, exchange_file, finish_exchange, is_exchange_open};
use super::file_permissions;
use super::schema::{self, DATABASE_FILE, is_corruption, wal_path};
use super::sequence_floor::forget_bound;
use super::store_error::StoreError;
use crate::domain::{Site, UtcMs};
use crate::limits::{DAMAGED_LOG_BYTES_MAX, START_CHECK_BYTES_MAX};
use page_reader::PageSource;
use rusqlite::Connection;
use std::fs;
use std::io;
use std::path::Path;
pub(super) use store_image::StoreImage;

/// Folder in which the new file is made.
const WORK_FOLDER: &str = "pantau.db.mending";

/// Takes the place of a damaged file with a new one that was made of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoreSalvage<'a> {
    /// Directory of the store.
    pub(super) directory: &'a Path,
    /// Site, for its devices and its days.
    pub(super) site: &'a Site,
    /// Time of the start.
    pub(super) now: UtcMs,
}

impl StoreSalvage<'_> {
    /// Looks at the files before SQLite does. Returns what was repaired: an exchange that a power
    /// cut had stopped, and a log of which parts are garbled.
    // SQLite would drop every commit behind the first garbled frame, and write over it.
    pub(super) fn before_opening(&self) -> Result<Vec<String>, StoreError> {
        let finished = remove_if_there(&self.directory.join(WORK_FOLDER))
            .and_then(|()| finish_exchange(self.directory, self.now));
        let finished = finished.map_err(|fault| salvage_error(&fault))?;
        let finished = finished.map(|old| {
            format!(
                "the exchange of {DATABASE_FILE} that was stopped is complete; the old one: {old}"
            )
        });
        let mut repairs: Vec<String> = finished.into_iter().collect();
        let image = self.image().map_err(|fault| salvage_error(&fault))?;
        if image.unread_log() > 0 {
            let (read, more) = (DAMAGED_LOG_BYTES_MAX >> 20, image.unread_log() >> 20);
            repairs.push(format!(
                "the log of {DATABASE_FILE} is larger than {read} MiB: what follows ({more} MiB) was \
                 not looked through for damage"
            ));
        }
        if image.frames().is_damaged() {
            repairs.push(self.make_anew(&image, "its log is garbled", true)?);
        }
        Ok(repairs)
    }

    /// Makes a new file of what can be read, and sets the old ones aside. Returns a description.
    pub(super) fn mend(&self, why: &str) -> Result<String, StoreError> {
        let image = self.image().map_err(|fault| salvage_error(&fault))?;
        self.make_anew(&image, why, false)
    }

    /// Returns the first damage that SQLite finds in the opened file. A large file is checked only
    /// when the program that ran before has found damage.
    pub(super) fn find_damage(&self, db: &Connection) -> Option<String> {
        let file = self.directory.join(DATABASE_FILE);
        let is_small = schema::bytes_on_disk(&file) <= START_CHECK_BYTES_MAX;
        if is_small || damage_mark::has_mark(self.directory) {
            return first_damage(db);
        }
        None
    }

    /// Returns whether a new file waits for its place.
    pub(super) fn is_unfinished(&self) -> bool {
        is_exchange_open(self.directory)
    }

    fn image(&self) -> io::Result<StoreImage> {
        let file = self.directory.join(DATABASE_FILE);
        StoreImage::open(&file, &wal_path(&file))
    }

    /// Exchanges the file. `may_keep_pages`: the pages may be taken over as they are when SQLite
    /// finds no damage in them.
    fn make_anew(
        &self,
        image: &StoreImage,
        why: &str,
        may_keep_pages: bool,
    ) -> Result<String, StoreError> {
        let folder = self.directory.join(WORK_FOLDER);
        let started =
            remove_if_there(&folder).and_then(|()| file_permissions::create_folder(&folder));
        started.map_err(|fault| salvage_error(&fault))?;
        let new = folder.join(DATABASE_FILE);
        let lost = image.frames().lost_frames();
        let missing = if may_keep_pages && lost == 0 && self.is_image_whole(image, &new)? {
            MissingRows::new()
        } else {
            remove_if_there(&folder)
                .and_then(|()| file_permissions::create_folder(&folder))
                .map_err(|fault| salvage_error(&fault))?;
            self.copy_into(image, &new, lost)
                .map_err(|fault| schema::disk_error("mending the damaged file", &fault))?
        };
        let old = exchange_file(self.directory, &new, NewFile::Mended, self.now)
            .and_then(|old| remove_if_there(&folder).map(|()| old))
            .map_err(|fault| salvage_error(&fault))?;
        let days = missing.keys().map(|(_, day, _)| day);
        let days: std::collections::BTreeSet<_> = days.collect();
        let lost = match days.len() {
            0 => "nothing is missing".to_owned(),
            days => format!("{} lines of what is missing, of {days} days", missing.len()),
        };
        Ok(format!(
            "{DATABASE_FILE} was damaged ({why}); what could be read is in a new file, the old one \
             is kept as {old}; {lost}"
        ))
    }

    /// Writes the pages of the image into a file; true when SQLite finds no damage in it.
    fn is_image_whole(&self, image: &StoreImage, new: &Path) -> Result<bool, StoreError> {
        if image.pages() == 0 {
            return Ok(false);
        }
        let written = file_permissions::file(new).and_then(|mut file| image.write_to(&mut file));
        written.map_err(|fault| salvage_error(&fault))?;
        let checked = schema::connect_database(new).and_then(|(db, _)| {
            let damage = first_damage(&db);
            if damage.is_none() {
                note_missing(&db, self.now, &MissingRows::new())?;
                close_whole(db)?;
            }
            Ok(damage)
        });
        match checked {
            Ok(damage) => Ok(damage.is_none()),
            Err(fault) if is_corruption(&fault) => Ok(false),
            Err(fault) => Err(schema::disk_error("mending the damaged file", &fault)),
        }
    }

    /// Copies all rows that can be read into a new file, with the list of what is missing.
    fn copy_into(
        &self,
        image: &StoreImage,
        new: &Path,
        lost_frames: usize,
    ) -> Result<MissingRows, rusqlite::Error> {
        let (db, _) = schema::connect_database(new)?;
        // Rows come in the order in which they are found. Opening the file makes the guards again.
        table_shape::drop_guards(&db)?;
        let copied = table_rows::copy_rows(image, &db, lost_frames > 0)?;
        let lock = db.unchecked_transaction()?;
        let missing = missing_rows::find_missing(&lock, self.site, self.now, &copied, lost_frames)?;
        note_missing(&lock, self.now, &missing)?;
        forget_bound(&lock)?;
        lock.commit()?;
        tracing::warn!(rows = copied.rows, incomplete = ?copied.incomplete, "the store was mended");
        close_whole(db)?;
        Ok(missing)
    }
}

/// Lists the readings of journal rows that were set aside.
pub(super) fn note_journal_gaps(
    db: &Connection,
    site: &Site,
    now: UtcMs,
) -> Result<(), rusqlite::Error> {
    let lock = db.unchecked_transaction()?;
    let missing = missing_rows::find_lost_readings(&lock, site, now)?;
    note_missing(&lock, now, &missing)?;
    lock.commit()
}

/// Returns the first damage that SQLite finds.
fn first_damage(db: &Connection) -> Option<String> {
    let said = db.query_row("PRAGMA main.integrity_check(1)", [], |row| {
        row.get::<_, String>(0)
    });
    match said {
        Ok(said) if said == "ok" => None,
        Ok(said) => Some(said),
        Err(fault) if is_corruption(&fault) => Some(fault.to_string()),
        Err(fault) => {
            tracing::warn!(%fault, "the store cannot be checked");
            None
        }
    }
}

/// Moves all of the log into the file and closes it.
fn close_whole(db: Connection) -> Result<(), rusqlite::Error> {
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    db.close().map_err(|(_, fault)| fault)
}

fn remove_if_there(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        _ => Ok(()),
    }
}

fn salvage_error(fault: &io::Error) -> StoreError {
    StoreError::Disk {
        what: "mending the damaged file",
        why: fault.to_string(),
    }
}
