//! Opening of the database file with the rights of the process.

use super::access;
use super::attachments::ATTACHMENTS_FOLDER;
use super::disk_room;
use super::file_permissions;
use super::restored_file;
use super::salvage::StoreSalvage;
use super::schema::{
    DATABASE_FILE, FileState, MIGRATIONS, OpenedDatabase, connect_database, connect_memory,
    is_corruption, is_disk_full, newer_version_error, to_store_error, wal_path,
};
use super::sequence_floor::FLOOR_FILE;
use super::set_aside::quarantine_file;
use super::store_error::StoreError;
use super::store_values::StoreAccess;
use crate::domain::store_event::{StoreEvent, StoreEventKind};
use rusqlite::Connection;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Fault of a log without its file.
const LOG_ALONE: &str = "it is missing or empty, its log is there";

/// Opens the file of the directory. The gateway makes a new file of a damaged one, and begins an
/// empty one where that fails.
pub(super) fn open_database(
    salvage: &StoreSalvage<'_>,
    access: StoreAccess,
) -> Result<OpenedDatabase, StoreError> {
    let directory = salvage.directory;
    let file = directory.join(DATABASE_FILE);
    if access != StoreAccess::Gateway && is_log_alone(&file) {
        // SQLite would delete the log, whatever it is opened for.
        let alone = access::corruption_error(LOG_ALONE.to_owned());
        return Err(access::open_error(&file, &alone));
    }
    match access {
        StoreAccess::Read => return access::open_read_only(directory),
        // A disk that is not mounted leaves an empty directory: no store is begun in it.
        StoreAccess::Write if is_place_empty(directory) => return Err(StoreError::Missing(file)),
        StoreAccess::Write => access::check_before_write(directory)?,
        StoreAccess::Gateway => {}
    }
    match file_permissions::create_folder(directory) {
        Err(fault)
            if access == StoreAccess::Gateway
                && matches!(
                    fault.kind(),
                    ErrorKind::StorageFull | ErrorKind::ReadOnlyFilesystem
                ) =>
        {
            return begin_in_memory(file, Vec::new());
        }
        made => made.map_err(|fault| StoreError::Disk {
            what: "creating the store's directory",
            why: format!("{}: {fault}", directory.display()),
        })?,
    }
    if access == StoreAccess::Gateway {
        return open_as_gateway(salvage, file);
    }
    if !file.exists() && salvage.is_unfinished() {
        // The new file of a mended store waits for its place, with the log beside it.
        let alone = access::corruption_error(LOG_ALONE.to_owned());
        return Err(access::open_error(&file, &alone));
    }
    match connect_database(&file) {
        Ok((db, version)) => to_opened(db, version, file, Vec::new()),
        Err(fault) if is_corruption(&fault) => Err(access::open_error(&file, &fault)),
        Err(fault) => Err(to_store_error(&file, "opening the file", &fault)),
    }
}

/// Opens the file for the gateway, which repairs.
fn open_as_gateway(
    salvage: &StoreSalvage<'_>,
    file: PathBuf,
) -> Result<OpenedDatabase, StoreError> {
    // Another gateway may hold the files: nothing is changed then.
    check_unused(&file)?;
    if disk_room::is_read_only(salvage.directory) {
        return open_without_writing(salvage.directory, file);
    }
    let mut events = remove_stopped_restore(salvage)?;
    events.extend(salvage.before_opening()?);
    if is_log_alone(&file) {
        let mut lost = mend_or_begin(salvage, &file, LOG_ALONE)?;
        // The file was not damaged: there was none.
        lost.kind = StoreEventKind::Lost;
        events.push(salvage.with_rescued(lost));
    }
    tighten_store_files(&file);
    let is_unbegun = is_unbegun(&file);
    let damage = match connect_database(&file) {
        Err(fault) if is_unbegun && is_disk_full(&fault) => {
            remove_unbegun(&file);
            return begin_in_memory(file, events);
        }
        Ok((_, version)) if version > MIGRATIONS.len() => {
            return Err(newer_version_error(&file, version));
        }
        Ok((db, version)) => match salvage.find_damage(&db) {
            None => return to_opened(db, version, file, events),
            Some(damage) => damage,
        },
        Err(fault) if is_corruption(&fault) => fault.to_string(),
        Err(fault) => return Err(to_store_error(&file, "opening the file", &fault)),
    };
    events.push(mend_or_begin(salvage, &file, &damage)?);
    let (db, version) = connect_database(&file)
        .map_err(|fault| to_store_error(&file, "opening the file", &fault))?;
    to_opened(db, version, file, events)
}

/// Opens the file of a disk that can only be read: the page comes up, shows what is stored and says
/// what is wrong, and readings wait in memory.
fn open_without_writing(directory: &Path, file: PathBuf) -> Result<OpenedDatabase, StoreError> {
    if is_unbegun(&file) {
        return begin_in_memory(file, Vec::new());
    }
    let opened = access::open_read_only(directory)?;
    Ok(OpenedDatabase {
        state: FileState::ReadOnly,
        ..opened
    })
}

/// Removes what a restore left that was stopped before its file was whole.
fn remove_stopped_restore(salvage: &StoreSalvage<'_>) -> Result<Vec<StoreEvent>, StoreError> {
    let work = salvage.directory.join(restored_file::WORK_FOLDER);
    if !work.exists() {
        return Ok(Vec::new());
    }
    restored_file::remove_if_there(&work).map_err(|fault| StoreError::Disk {
        what: "removing what a stopped restore left",
        why: fault.to_string(),
    })?;
    let kind = StoreEventKind::RestoreStopped;
    Ok(vec![StoreEvent::new(kind, salvage.now, "")])
}

/// Makes a new file of the damaged one; where that fails, sets it aside.
pub(super) fn mend_or_begin(
    salvage: &StoreSalvage<'_>,
    file: &Path,
    why: &str,
) -> Result<StoreEvent, StoreError> {
    match salvage.mend(why) {
        Ok(mended) => Ok(mended),
        Err(fault) => {
            // A gateway that goes on reading with an empty file is better than none.
            tracing::error!(%fault, "the damaged file could not be mended");
            let fault = access::corruption_error(format!("{why}; not mended: {fault}"));
            quarantine_file(file, salvage.now, &fault)
        }
    }
}

/// Returns `Busy` when another process has the file open.
fn check_unused(file: &Path) -> Result<(), StoreError> {
    match access::lock_for_reading(file) {
        Ok(_) | Err(StoreError::Missing(_)) => Ok(()),
        Err(fault) => Err(fault),
    }
}

fn to_opened(
    db: Connection,
    version: usize,
    file: PathBuf,
    events: Vec<StoreEvent>,
) -> Result<OpenedDatabase, StoreError> {
    if version > MIGRATIONS.len() {
        return Err(newer_version_error(&file, version));
    }
    let state = if version == 0 {
        FileState::New
    } else {
        FileState::Kept
    };
    Ok(OpenedDatabase {
        db,
        file,
        events,
        lock: None,
        state,
    })
}

/// Begins a store in memory, for which the disk has no room yet.
pub(super) fn begin_in_memory(
    file: PathBuf,
    events: Vec<StoreEvent>,
) -> Result<OpenedDatabase, StoreError> {
    let made = connect_memory();
    let (db, version) = made.map_err(|fault| to_store_error(&file, "opening memory", &fault))?;
    Ok(OpenedDatabase {
        state: FileState::Waiting,
        ..to_opened(db, version, file, events)?
    })
}

/// Returns whether the file has no content, and no log that could have any.
fn is_unbegun(file: &Path) -> bool {
    is_nothing(file) && is_nothing(&wal_path(file))
}

/// Returns whether the file is missing or empty, and its log has content: the only copy of what was
/// stored, which SQLite deletes when it opens the file.
fn is_log_alone(file: &Path) -> bool {
    is_nothing(file) && !is_nothing(&wal_path(file))
}

/// Whether a directory, or the first one above it that is there, has nothing in it.
fn is_place_empty(directory: &Path) -> bool {
    let mut places = directory.ancestors();
    let there = places.find(|place| place.is_dir());
    let entries = there.and_then(|place| std::fs::read_dir(place).ok());
    entries.is_some_and(|mut entries| entries.next().is_none())
}

fn is_nothing(path: &Path) -> bool {
    !path.exists() || std::fs::metadata(path).is_ok_and(|about| about.len() == 0)
}

/// Removes what was written of a file that could not be begun: it holds no reading.
pub(super) fn remove_unbegun(file: &Path) {
    for half in [file.to_owned(), wal_path(file), journal_path(file)] {
        let _ = std::fs::remove_file(half);
    }
}

/// Path of SQLite's log of a change before the file has its write-ahead log.
fn journal_path(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push("-journal");
    path.into()
}

/// Removes permissions for others that an earlier version left on files of the store.
fn tighten_store_files(file: &Path) {
    let directory = file.parent().unwrap_or(Path::new("."));
    for own in [file, &wal_path(file), &directory.join(FLOOR_FILE)] {
        file_permissions::tighten_permissions(own);
    }
    file_permissions::tighten_folder(&directory.join(ATTACHMENTS_FOLDER));
}
