//! Faults of SQLite: what they mean, and the error of the store for each.

use super::found_damage;
use super::store_error::StoreError;
use rusqlite::ErrorCode;
use std::path::Path;

/// Returns whether an error means corrupt content, as opposed to a failing card or a lock.
pub(super) fn is_corruption(fault: &rusqlite::Error) -> bool {
    // At start our own statements are known to be right: a missing table or a value of the wrong
    // type is damage just like what SQLite itself calls corrupt.
    !matches!(
        fault.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::NoLargeFileSupport
        )
    )
}

/// Returns whether the disk has no room.
pub(super) fn is_disk_full(fault: &rusqlite::Error) -> bool {
    fault.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Converts an SQLite error into a store error; a lock becomes `Busy`.
pub(super) fn to_store_error(
    file: &Path,
    what: &'static str,
    fault: &rusqlite::Error,
) -> StoreError {
    match fault.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Busy(file.to_owned())
        }
        _ => disk_error(what, fault),
    }
}

/// Converts an SQLite error into `Disk` with the failed step.
pub(super) fn disk_error(what: &'static str, fault: &rusqlite::Error) -> StoreError {
    found_damage::look_at(fault);
    StoreError::Disk {
        what,
        why: fault.to_string(),
    }
}
