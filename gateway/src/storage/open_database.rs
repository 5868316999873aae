//! Opening of the database file with the rights of the process.

use super::access;
use super::attachments::ATTACHMENTS_FOLDER;
use super::file_permissions;
use super::schema::{
    DATABASE_FILE, MIGRATIONS, OpenedDatabase, connect_database, is_corruption,
    newer_version_error, quarantine_file, to_store_error, wal_path,
};
use super::sequence_floor::FLOOR_FILE;
use super::store_error::StoreError;
use super::store_values::StoreAccess;
use crate::domain::UtcMs;
use std::path::Path;

/// Opens the file of the directory. The gateway renames an unreadable file and starts a new one.
pub(super) fn open_database(
    directory: &Path,
    now: UtcMs,
    access: StoreAccess,
) -> Result<OpenedDatabase, StoreError> {
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
    let mut repairs = Vec::new();
    if !file.exists() && wal_path(&file).exists() {
        // SQLite would delete a log whose database file is new; the log may hold the only copy of
        // readings.
        let alone = access::corruption_error("it is missing, its log is there".to_owned());
        if access == StoreAccess::Write {
            return Err(access::open_error(&file, &alone));
        }
        repairs.push(quarantine_file(&file, now, &alone)?);
    }
    if access == StoreAccess::Gateway {
        tighten_store_files(&file);
    }
    match connect_database(&file) {
        Ok((_, version)) if version > MIGRATIONS.len() => Err(newer_version_error(&file, version)),
        Ok((db, _)) => Ok(OpenedDatabase {
            db,
            file,
            repairs,
            lock: None,
        }),
        Err(fault) if is_corruption(&fault) && access == StoreAccess::Write => {
            Err(access::open_error(&file, &fault))
        }
        Err(fault) if is_corruption(&fault) => {
            let repair = quarantine_file(&file, now, &fault)?;
            let (db, _) = connect_database(&file)
                .map_err(|fault| to_store_error(&file, "opening the file", &fault))?;
            Ok(OpenedDatabase {
                db,
                file,
                repairs: vec![repair],
                lock: None,
            })
        }
        Err(fault) => Err(to_store_error(&file, "opening the file", &fault)),
    }
}

/// Removes permissions for others that an earlier version left on files of the store.
fn tighten_store_files(file: &Path) {
    let directory = file.parent().unwrap_or(Path::new("."));
    for own in [file, &wal_path(file), &directory.join(FLOOR_FILE)] {
        file_permissions::tighten_permissions(own);
    }
    file_permissions::tighten_folder(&directory.join(ATTACHMENTS_FOLDER));
}
