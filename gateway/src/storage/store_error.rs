//! Errors of the store.

use crate::domain::ledger::EntryId;
use std::path::PathBuf;

/// Error of a store operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The thread that owns the file has ended.
    #[error("the store has stopped")]
    Stopped,
    /// The disk has given no answer for this many seconds.
    #[error("the disk has not answered for {0} s; readings wait in memory")]
    Hung(u64),
    /// An operation failed in the file system or in SQLite; `what` names the step.
    #[error("{what}: {why}")]
    Disk {
        /// Step that failed.
        what: &'static str,
        /// Error text of the system or of SQLite.
        why: String,
    },
    /// An open file is no longer the one that the directory names.
    #[error(
        "{} {change} while it was in use; readings are held in memory. `pantau backup` copies what \
         it held; a restart begins with what is there now",
        file.display()
    )]
    FileGone {
        /// Path of the file.
        file: PathBuf,
        /// Fate of the file: removed, replaced or out of reach.
        change: String,
    },
    /// Too many queries are answered at the moment.
    #[error("too many queries at once; ask again")]
    Overloaded,
    /// No receipt or photo with this hash is stored.
    #[error("no attachment {0}")]
    UnknownAttachment(String),
    /// A receipt or photo has more than `ATTACHMENT_BYTES_MAX` bytes.
    #[error("an attachment has at most {} MB", crate::limits::ATTACHMENT_BYTES_MAX >> 20)]
    TooLarge,
    /// The answer was begun, and its reader took nothing while others waited.
    #[error("the reader was too slow while others waited")]
    SlowReader,
    /// No point with this id is stored.
    #[error("no point {0}")]
    UnknownPoint(String),
    /// The ledger has no entry with this number.
    #[error("no ledger entry {0}")]
    UnknownEntry(EntryId),
    /// The entry has been replaced; a correction must name the current entry of the chain.
    #[error("ledger entry {entry} has been replaced; the current one is {current}")]
    Superseded {
        /// Entry named in the request.
        entry: EntryId,
        /// Current entry of the chain.
        current: EntryId,
    },
    /// The key of a request was used before, for other content.
    #[error("the key {0} was used for other content")]
    KeyUsed(String),
    /// Another process holds the lock of the file.
    #[error("{0} is in use by another pantau")]
    Busy(PathBuf),
    /// The request cannot be stored; the text gives the reason.
    #[error("{0}")]
    Invalid(String),
    /// The file is damaged and the caller has no right to repair it.
    #[error(
        "{file} is damaged ({why}). Nothing was changed. `pantau run` makes a new file of \
         everything that can be read, and keeps this one under another name"
    )]
    Damaged {
        /// Path of the damaged file.
        file: PathBuf,
        /// First inconsistency that was found.
        why: String,
    },
    /// There is no store file in the directory.
    #[error("there is no store: {0} is not there. `pantau run` makes it")]
    Missing(PathBuf),
    /// The disk of this directory can only be read.
    #[error(
        "the disk of {0} can only be read (read-only), as a worn or damaged SD card is: copy the \
         store to another disk with `pantau backup`, then replace the card, or mount it for writing \
         again"
    )]
    ReadOnly(PathBuf),
    /// The file has the schema of an earlier version.
    #[error("{0} was written by an earlier version. `pantau run` brings it up to date")]
    Older(PathBuf),
}

impl StoreError {
    /// Whether a disk without room is the reason.
    pub fn is_disk_full(&self) -> bool {
        // What SQLite says, and the system's ENOSPC.
        let is_full = |why: &String| why.contains("disk is full") || why.contains("os error 28");
        matches!(self, Self::Disk { why, .. } if is_full(why))
    }

    /// Whether the same request may succeed later without anybody's help.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Stopped | Self::Hung(_) | Self::Busy(_))
    }
}
