//! Opening of the database file with the rights of the process.

use super::access;
use super::attachments::ATTACHMENTS_FOLDER;
use super::file_permissions;
use super::restored_file;
use super::salvage::StoreSalvage;
use super::schema::{
    DATABASE_FILE, MIGRATIONS, OpenedDatabase, connect_database, is_corruption,
    newer_version_error, to_store_error, wal_path,
};
use super::sequence_floor::FLOOR_FILE;
use super::set_aside::quarantine_file;
use super::store_error::StoreError;
use super::store_values::StoreAccess;
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// Fault of a log without its file.
const LOG_ALONE: &str = "it is missing, its log is there";

/// Opens the file of the directory. The gateway makes a new file of a damaged one, and begins an
/// empty one where that fails.
pub(super) fn open_database(
    salvage: &StoreSalvage<'_>,
    access: StoreAccess,
) -> Result<OpenedDatabase, StoreError> {
    let directory = salvage.directory;
    match access {
        StoreAccess::Read => return access::open_read_only(directory),
        StoreAccess::Write => access::check_before_write(directory)?,
        StoreAccess::Gateway => {}
    }
    file_permissions::create_folder(directory).map_err(|fault| StoreError::Disk {
        what: "creating the store's directory",
        why: format!("{}: {fault}", directory.display()),
    })?;
    let file = directory.join(DATABASE_FILE);
    if access == StoreAccess::Gateway {
        return open_as_gateway(salvage, file);
    }
    if !file.exists() && (wal_path(&file).exists() || salvage.is_unfinished()) {
        // SQLite would delete a log whose database file is new; the log may hold the only copy of
        // readings.
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
    let mut repairs = remove_stopped_restore(salvage.directory)?;
    repairs.extend(salvage.before_opening()?);
    if !file.exists() && wal_path(&file).exists() {
        repairs.push(mend_or_begin(salvage, &file, LOG_ALONE)?);
    }
    tighten_store_files(&file);
    let damage = match connect_database(&file) {
        Ok((_, version)) if version > MIGRATIONS.len() => {
            return Err(newer_version_error(&file, version));
        }
        Ok((db, version)) => match salvage.find_damage(&db) {
            None => return to_opened(db, version, file, repairs),
            Some(damage) => damage,
        },
        Err(fault) if is_corruption(&fault) => fault.to_string(),
        Err(fault) => return Err(to_store_error(&file, "opening the file", &fault)),
    };
    repairs.push(mend_or_begin(salvage, &file, &damage)?);
    let (db, version) = connect_database(&file)
        .map_err(|fault| to_store_error(&file, "opening the file", &fault))?;
    to_opened(db, version, file, repairs)
}

/// Removes what a restore left that was stopped before its file was whole. Returns a description.
fn remove_stopped_restore(directory: &Path) -> Result<Vec<String>, StoreError> {
    let work = directory.join(restored_file::WORK_FOLDER);
    if !work.exists() {
        return Ok(Vec::new());
    }
    restored_file::remove_if_there(&work).map_err(|fault| StoreError::Disk {
        what: "removing what a stopped restore left",
        why: fault.to_string(),
    })?;
    let told = "what a restore that was stopped had left was removed";
    Ok(vec![told.to_owned()])
}

/// Makes a new file of the damaged one; where that fails, sets it aside. Returns a description.
pub(super) fn mend_or_begin(
    salvage: &StoreSalvage<'_>,
    file: &Path,
    why: &str,
) -> Result<String, StoreError> {
    match salvage.mend(why) {
        Ok(repair) => Ok(repair),
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
    repairs: Vec<String>,
) -> Result<OpenedDatabase, StoreError> {
    if version > MIGRATIONS.len() {
        return Err(newer_version_error(&file, version));
    }
    Ok(OpenedDatabase {
        db,
        file,
        repairs,
        lock: None,
    })
}

/// Removes permissions for others that an earlier version left on files of the store.
fn tighten_store_files(file: &Path) {
    let directory = file.parent().unwrap_or(Path::new("."));
    for own in [file, &wal_path(file), &directory.join(FLOOR_FILE)] {
        file_permissions::tighten_permissions(own);
    }
    file_permissions::tighten_folder(&directory.join(ATTACHMENTS_FOLDER));
}
