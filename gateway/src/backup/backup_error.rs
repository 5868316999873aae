//! [`BackupError`]: reasons for which a backup, or its way back, fails.

use crate::domain::UtcMs;
use crate::storage::StoreError;
use std::io;
use std::path::{Path, PathBuf};

/// Failed backup or restore.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The disk of the backups has no more room.
    #[error("{} is full; nothing of this backup stays, the earlier ones are whole", .0.display())]
    Full(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {why}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Error of the operating system.
        why: io::Error,
    },
    /// A file of the backup is not what was written.
    #[error("{} of the backup is damaged or missing; {part_of} needs it", .file.display())]
    Damaged {
        /// The file in the folder of the backups.
        file: PathBuf,
        /// File of the site that cannot be put back; empty where that is the whole backup.
        part_of: String,
    },
    /// Another disk is at the place, or none.
    #[error("{} is no longer the disk on which the backup was begun", .0.display())]
    Moved(PathBuf),
    /// The folder is a link, somebody else's, or others may write in it.
    #[error("{} is a link, somebody else's, or others may write in it", .0.display())]
    Foreign(PathBuf),
    /// Another process writes there.
    #[error("another backup to {} is under way", .0.display())]
    Busy(PathBuf),
    /// The disk does not answer.
    #[error("the disk at {} does not answer: pull it out and plug it in again", .0.display())]
    Silent(PathBuf),
    /// There is no backup.
    #[error("there is no backup in {}", .0.display())]
    Nothing(PathBuf),
    /// There are backups of several sites.
    #[error("{} has backups of several sites: {sites}", .place.display())]
    Several {
        /// Searched directory.
        place: PathBuf,
        /// Ids of the sites.
        sites: String,
    },
    /// No backup is as old as was asked for.
    #[error("no backup of that time or before")]
    NotThen {
        /// Times of the backups, the oldest first.
        there: Vec<UtcMs>,
    },
    /// A newer version has made the backup.
    #[error("the backup was made by a newer pantau ({0})")]
    Newer(String),
    /// The store failed, or its content cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    /// Whether the call names something that is not there.
    pub fn is_wrong_call(&self) -> bool {
        matches!(
            self,
            Self::Nothing(_) | Self::Several { .. } | Self::NotThen { .. }
        )
    }
}

/// Adds the name of the file to an error of the operating system.
pub(super) trait InFile<T> {
    fn of_file(self, file: &Path) -> Result<T, BackupError>;
}

impl<T> InFile<T> for io::Result<T> {
    fn of_file(self, file: &Path) -> Result<T, BackupError> {
        self.map_err(|why| match why.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                BackupError::Full(file.parent().unwrap_or(file).to_owned())
            }
            _ => BackupError::File {
                file: file.to_owned(),
                why,
            },
        })
    }
}
