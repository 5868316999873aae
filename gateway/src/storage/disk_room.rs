//! Room on the disk of the store.

use super::store_error::StoreError;
use crate::limits::{DISK_FULL_BYTES, DISK_ROOM_DIVISOR, DISK_ROOM_MIN_MAX};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// True when the disk of a path is nearly full; false when the system does not say.
pub(super) fn is_nearly_full(path: &Path) -> bool {
    disk_room(path).is_some_and(|(free, size)| is_little(free, size))
}

/// True when the disk of a path has no room left for a page of a file; false when the system does
/// not say.
pub(super) fn is_full(path: &Path) -> bool {
    disk_room(path).is_some_and(|(free, _)| free < DISK_FULL_BYTES)
}

/// Returns the error for a disk that can only be read in the place of what SQLite makes of it.
pub(super) fn name_read_only(fault: StoreError, path: &Path) -> StoreError {
    match fault {
        StoreError::Disk { .. } if is_read_only(path) => StoreError::ReadOnly(path.to_owned()),
        other => other,
    }
}

/// True when the disk of a path, or of the first directory above it that is there, can only be
/// read.
pub(super) fn is_read_only(path: &Path) -> bool {
    let mut places = path.ancestors();
    let about = places.find_map(disk_state);
    about.is_some_and(|about| widen(about.f_flag) & widen(libc::ST_RDONLY) != 0)
}

/// True when so few bytes of a disk are free that a day may fill it.
fn is_little(free: u64, size: u64) -> bool {
    free < (size / DISK_ROOM_DIVISOR).min(DISK_ROOM_MIN_MAX)
}

/// Returns the bytes of a disk that the program may still use, and its size.
fn disk_room(path: &Path) -> Option<(u64, u64)> {
    let found = disk_state(path)?;
    let block = widen(found.f_frsize);
    let bytes = |blocks: u64| blocks.saturating_mul(block);
    Some((bytes(widen(found.f_bavail)), bytes(widen(found.f_blocks))))
}

/// Returns what the system says of the disk of a path; `None` when it says nothing.
#[expect(
    unsafe_code,
    reason = "statvfs has no safe wrapper in our tree; it only reads here"
)]
fn disk_state(path: &Path) -> Option<libc::statvfs> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    // SAFETY: `statvfs` is plain data for which all zeros is valid; the path ends with a zero.
    let (done, found) = unsafe {
        let mut found: libc::statvfs = std::mem::zeroed();
        let done = libc::statvfs(path.as_ptr(), &raw mut found);
        (done, found)
    };
    (done == 0).then_some(found)
}

/// Returns a number of the system, which has 32 bits on some computers.
fn widen(number: impl Into<u64>) -> u64 {
    number.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1 << 30;

    #[test]
    fn a_disk_is_nearly_full_at_a_twentieth_and_a_large_one_at_half_a_gigabyte() {
        assert!(!is_little(GB, 8 * GB) && is_little(GB / 3, 8 * GB));
        assert!(!is_little(GB, 1000 * GB) && is_little(GB / 3, 1000 * GB));
    }

    #[test]
    fn the_system_says_how_much_room_there_is() {
        let (free, size) = disk_room(Path::new("/")).unwrap();
        assert!(free <= size && size > 0);
        assert_eq!(disk_room(Path::new("/nowhere")), None);
    }
}
