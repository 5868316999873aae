//! Room on the disk of the store.

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

/// True when so few bytes of a disk are free that a day may fill it.
fn is_little(free: u64, size: u64) -> bool {
    free < (size / DISK_ROOM_DIVISOR).min(DISK_ROOM_MIN_MAX)
}

/// Returns the bytes of a disk that the program may still use, and its size.
#[expect(
    unsafe_code,
    reason = "statvfs has no safe wrapper in our tree; it only reads here"
)]
fn disk_room(path: &Path) -> Option<(u64, u64)> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    // SAFETY: `statvfs` is plain data for which all zeros is valid; the path ends with a zero.
    let (done, found) = unsafe {
        let mut found: libc::statvfs = std::mem::zeroed();
        let done = libc::statvfs(path.as_ptr(), &raw mut found);
        (done, found)
    };
    let block = widen(found.f_frsize);
    let bytes = |blocks: u64| blocks.saturating_mul(block);
    (done == 0).then(|| (bytes(widen(found.f_bavail)), bytes(widen(found.f_blocks))))
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
