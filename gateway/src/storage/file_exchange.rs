//! Exchange of the store's file for a new one, safe at a power cut at any step.

use super::schema::DATABASE_FILE;
use super::set_aside::set_aside;
use crate::domain::UtcMs;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Origin of a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NewFile {
    /// Made of a damaged one.
    Mended,
    /// Put back from a backup.
    Restored,
}

impl NewFile {
    const ALL: [Self; 2] = [Self::Mended, Self::Restored];

    /// Name of the new file when it is whole, and the old one is still in its place.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Mended => "pantau.db.mended",
            Self::Restored => "pantau.db.restored",
        }
    }

    /// Word in the name that the old file gets.
    pub(super) const fn old_word(self) -> &'static str {
        match self {
            Self::Mended => "damaged",
            Self::Restored => "replaced",
        }
    }
}

/// Gives a whole new file the place of the old one, which is set aside. Returns the name of the old
/// one; empty when there was none.
pub(super) fn exchange_file(
    directory: &Path,
    new: &Path,
    kind: NewFile,
    now: UtcMs,
) -> io::Result<String> {
    File::open(new)?.sync_all()?;
    fs::rename(new, directory.join(kind.name()))?;
    sync_folder(directory)?;
    Ok(finish_exchange(directory, now)?.unwrap_or_default())
}

/// Completes an exchange once the new file is whole; `None` when there is none.
// Each step may be the last before a power cut: the new file has its own name until all others are
// done.
pub(super) fn finish_exchange(directory: &Path, now: UtcMs) -> io::Result<Option<String>> {
    let mut whole = NewFile::ALL.into_iter();
    let Some(kind) = whole.find(|kind| directory.join(kind.name()).exists()) else {
        return Ok(None);
    };
    let file = directory.join(DATABASE_FILE);
    let name = set_aside(&file, kind.old_word(), now)?;
    sync_folder(directory)?;
    fs::rename(directory.join(kind.name()), file)?;
    sync_folder(directory)?;
    Ok(Some(name))
}

/// Returns whether a new file waits for its place.
pub(super) fn is_exchange_open(directory: &Path) -> bool {
    let mut all = NewFile::ALL.into_iter();
    all.any(|kind| directory.join(kind.name()).exists())
}

/// Waits until the names in a folder are on the disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
