//! Files of backups: for their owner only, on the disk before they count, and read from the disk
//! and not from memory when they are checked.

use super::backup_error::{BackupError, InFile as _};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;

/// Mode of a file: passwords and keys may be in it.
const FILE_MODE: u32 = 0o600;
/// Permission of others than the owner to write.
const OTHERS_WRITE: u32 = 0o022;
/// Mode of a folder.
const FOLDER_MODE: u32 = 0o700;

/// Creates a folder for its owner only. One that is there is taken if it is no link, belongs to
/// this process, to root or to the owner of `like`, and nobody else may write in it: as root, a
/// backup would else write wherever somebody else wants.
pub(super) fn make_own_folder(folder: &Path, like: &Path) -> Result<(), BackupError> {
    let about = match std::fs::symlink_metadata(folder) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            let mut builder = DirBuilder::new();
            return builder.mode(FOLDER_MODE).create(folder).of_file(folder);
        }
        other => other.of_file(folder)?,
    };
    let owners = [
        process_owner(),
        std::fs::metadata(like).map_or(0, |about| about.uid()),
        0,
    ];
    let is_open = about.mode() & OTHERS_WRITE != 0 && knows_permissions(folder);
    if about.is_dir() && owners.contains(&about.uid()) && !is_open {
        return Ok(());
    }
    Err(BackupError::Foreign(folder.to_owned()))
}

/// Whether a directory is a link, or others than its owner may write in it, where the disk knows
/// owners: they can put another folder in the place of that of the backups.
pub fn is_open_to_others(directory: &Path) -> bool {
    std::fs::symlink_metadata(directory).is_ok_and(|about| {
        let is_open = about.mode() & OTHERS_WRITE != 0;
        about.is_symlink() || (is_open && knows_permissions(directory))
    })
}

/// User of this process.
fn process_owner() -> u32 {
    // Whose files in /proc these are.
    std::fs::metadata("/proc/self").map_or(0, |about| about.uid())
}

/// Whether the file system has permissions at all: that of most sticks shows the same for each
/// file.
fn knows_permissions(folder: &Path) -> bool {
    let probe = folder.join(format!("probe-{:016x}", fastrand::u64(..)));
    let mut options = OpenOptions::new();
    let options = options.write(true).create_new(true).mode(FILE_MODE);
    let made = options.open(&probe).and_then(|made| made.metadata());
    drop(std::fs::remove_file(&probe));
    // Where nothing can be made, the doubt is on the side of those who could.
    made.map_or(true, |about| about.mode() & 0o777 == FILE_MODE)
}

/// Opens the file that a writer locks, for its owner only.
pub(super) fn lock_file(file: &Path) -> Result<File, BackupError> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(false);
    let options = options.mode(FILE_MODE).custom_flags(libc::O_NOFOLLOW);
    let opened = options.open(file).of_file(file)?;
    // An earlier version made it for all to read.
    drop(opened.set_permissions(Permissions::from_mode(FILE_MODE)));
    Ok(opened)
}

/// Folder of a file; that of a bare file name is the present one.
pub(super) fn folder_of(file: &Path) -> &Path {
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}

/// Writes a file, in the place of one that may be there.
pub(super) fn write_file(file: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true);
    let options = options.mode(FILE_MODE).custom_flags(libc::O_NOFOLLOW);
    let opened = options.open(file);
    opened
        .and_then(|mut opened| opened.write_all(bytes))
        .of_file(file)
}

/// Waits until the content of a file or folder is on the disk.
pub(super) fn sync(path: &Path) -> Result<(), BackupError> {
    let synced = File::open(path).and_then(|opened| opened.sync_all());
    match synced {
        // Some file systems of sticks cannot do that for a folder.
        Err(fault) if fault.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other.of_file(path),
    }
}

/// Reads a file of at most this many bytes from the disk.
pub(super) fn read_from_disk(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    let opened = File::open(file)?;
    forget_cached(&opened);
    let mut bytes = Vec::new();
    opened.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other("larger than it was written"));
    }
    Ok(bytes)
}

/// Has the system forget what it keeps of a file in memory, so that the next look is at the disk.
#[expect(
    unsafe_code,
    reason = "posix_fadvise has no safe wrapper in our tree; it reads four plain numbers"
)]
fn forget_cached(file: &File) {
    // SAFETY: the descriptor is open for the time of the call; the call touches no memory of ours.
    // A file system that does not know the advice answers from memory: nothing is lost by that.
    unsafe {
        libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED);
    }
}

/// Number of the file system of a path.
pub(super) fn disk_of(path: &Path) -> io::Result<u64> {
    Ok(std::fs::metadata(path)?.dev())
}

/// Gives a file or folder the owner of another, as far as this process may: what root writes for
/// the gateway must be the gateway's.
pub(super) fn own_like(path: &Path, other: &Path) {
    let Ok(about) = std::fs::metadata(other) else {
        return;
    };
    // A stick without owners, or a process that is not root, keeps what it has.
    drop(std::os::unix::fs::lchown(
        path,
        Some(about.uid()),
        Some(about.gid()),
    ));
}
