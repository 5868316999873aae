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

use super::access::connect_read_only;
use super::damage_mark;
use super::data_damage::note_missing;
use super::file_exchange::{NewFile, exchange_file, finish_exchange, is_exchange_open};
use super::file_permissions;
use super::missing_list::MissingRows;
use super::schema::{self, DATABASE_FILE, is_corruption, wal_path};
use super::sequence_floor::{forget_bound, known_store};
use super::set_aside::{RESCUED_WORD, list_set_aside, set_log_aside};
use super::store_error::StoreError;
use super::store_identity::read_store_id;
use crate::domain::store_event::{StoreEvent, StoreEventKind};
use crate::domain::{Site, UtcMs};
use crate::limits::{DAMAGED_LOG_BYTES_MAX, START_CHECK_BYTES_MAX};
pub(super) use missing_rows::{FoundLosses, find_lost_store, find_newer};
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
    pub(super) fn before_opening(&self) -> Result<Vec<StoreEvent>, StoreError> {
        let finished = remove_if_there(&self.directory.join(WORK_FOLDER))
            .and_then(|()| finish_exchange(self.directory, self.now));
        let finished = finished.map_err(|fault| salvage_error(&fault))?;
        let event = |kind, why: String| StoreEvent::new(kind, self.now, why);
        let finished = finished.map(|old| StoreEvent {
            files: Vec::from([old]),
            ..event(StoreEventKind::Exchanged, String::new())
        });
        let mut events: Vec<StoreEvent> = finished.into_iter().collect();
        let image = self.image().map_err(|fault| salvage_error(&fault))?;
        if image.unread_log() > 0 {
            let read = format!("{} MiB", DAMAGED_LOG_BYTES_MAX >> 20);
            events.push(event(StoreEventKind::LogUnread, read));
        }
        if image.frames().is_damaged() {
            events.push(self.make_anew(&image, "its log is garbled", true)?);
        } else if image.is_log_unreadable() && image.bytes() > 0 {
            let file = self.directory.join(DATABASE_FILE);
            let kept = set_log_aside(&file, self.now).map_err(|fault| salvage_error(&fault))?;
            events.push(StoreEvent {
                files: Vec::from([kept]),
                ..event(StoreEventKind::LogLost, String::new())
            });
        }
        Ok(events)
    }

    /// Makes a new file of what can be read, and sets the old ones aside.
    pub(super) fn mend(&self, why: &str) -> Result<StoreEvent, StoreError> {
        let image = self.image().map_err(|fault| salvage_error(&fault))?;
        self.make_anew(&image, why, false)
    }

    /// Adds to an event the copies that were saved of its store when its file was gone from under
    /// the program.
    pub(super) fn with_rescued(&self, mut event: StoreEvent) -> StoreEvent {
        let mut rescued = list_set_aside(self.directory, RESCUED_WORD);
        let is_of_store = |name: &String| {
            let id = read_copy_id(&self.directory.join(name));
            event.store.is_empty() || id.is_none_or(|id| id == event.store)
        };
        rescued.retain(is_of_store);
        rescued.retain(|name| !event.files.contains(name));
        event.files.extend(rescued);
        event
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
    ) -> Result<StoreEvent, StoreError> {
        let folder = self.directory.join(WORK_FOLDER);
        let started =
            remove_if_there(&folder).and_then(|()| file_permissions::create_folder(&folder));
        started.map_err(|fault| salvage_error(&fault))?;
        let new = folder.join(DATABASE_FILE);
        let lost = image.frames().lost_frames();
        let missing = if may_keep_pages && lost == 0 && self.is_image_whole(image, &new)? {
            FoundLosses::default()
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
        let kind = if missing.is_all {
            StoreEventKind::Begun
        } else {
            StoreEventKind::Mended
        };
        let event = StoreEvent {
            store: missing.store,
            files: Vec::from([old]),
            missing: missing.stretch,
            lines: missing.rows.len(),
            ..StoreEvent::new(kind, self.now, why)
        };
        Ok(if missing.is_all {
            self.with_rescued(event)
        } else {
            event
        })
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
    ) -> Result<FoundLosses, rusqlite::Error> {
        let (db, _) = schema::connect_database(new)?;
        // Rows come in the order in which they are found. Opening the file makes the guards again.
        table_shape::drop_guards(&db)?;
        let copied = table_rows::copy_rows(image, &db, lost_frames > 0)?;
        let lock = db.unchecked_transaction()?;
        // Unless the small file is that of another store.
        let id = read_store_id(&lock)?;
        let known = known_store(self.directory)
            .filter(|known| id.as_ref().is_none_or(|id| *id == known.id));
        if let Some(known) = &known {
            known.rows.raise_in(&lock)?;
        }
        let place = (self.site, self.now);
        let missing =
            missing_rows::find_missing(&lock, place, known.as_ref(), (&copied, lost_frames))?;
        note_missing(&lock, self.now, &missing.rows)?;
        forget_bound(&lock)?;
        lock.commit()?;
        tracing::warn!(rows = copied.rows, incomplete = ?copied.incomplete, "the store was mended");
        close_whole(db)?;
        Ok(missing)
    }
}

/// Returns the id in a whole copy of a store, which is not changed; `None` where it cannot be read.
fn read_copy_id(copy: &Path) -> Option<String> {
    read_store_id(&connect_read_only(copy).ok()?).ok()?
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
