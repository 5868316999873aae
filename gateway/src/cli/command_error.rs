//! [`CommandError`]: failure of a command.

use crate::api::client::ApiClientError;
use crate::backup::BackupError;
use crate::cli::file_error::FileError;
use crate::evidence::BundleError;
use crate::storage::StoreError;
use std::io;
use std::path::Path;

/// Failure of a command.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// The command stops with this message.
    #[error("{0}")]
    Refused(String),
    /// The call is wrong: the message says what to change; exit status 2.
    #[error("{0}")]
    Usage(String),
    /// The API refused a request, or its answer was lost.
    #[error(transparent)]
    Api(#[from] ApiClientError),
    /// A day of the evidence bundle has changed since its record was made.
    #[error("{0} has changed since its record was made")]
    RecordChanged(String),
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file that the call names cannot be read; exit status 2.
    #[error(transparent)]
    InputFile(FileError),
    /// A file could not be written.
    #[error(transparent)]
    OutputFile(FileError),
    /// The evidence bundle could not be written or checked.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A backup could not be made or put back.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// JSON for an output could not be made.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl CommandError {
    /// Whether the call is wrong: it names a file or something of the site that does not exist.
    pub(super) fn is_wrong_call(&self) -> bool {
        match self {
            Self::Usage(_) | Self::InputFile(_) => true,
            Self::Backup(fault) => fault.is_wrong_call(),
            Self::Api(ApiClientError::Refused { status, .. }) => {
                [400, 404, 422].contains(&status.as_u16())
            }
            _ => false,
        }
    }
}

/// Adds the name of the file to an error of the operating system.
pub(super) trait NameFile<T> {
    /// For a file that the call names as input: the call is wrong.
    fn reading(self, file: &Path) -> Result<T, CommandError>;

    /// For a file that the command writes: the command has failed.
    fn writing(self, file: &Path) -> Result<T, CommandError>;
}

impl<T> NameFile<T> for io::Result<T> {
    fn reading(self, file: &Path) -> Result<T, CommandError> {
        self.map_err(|error| CommandError::InputFile(FileError::new(file, error)))
    }

    fn writing(self, file: &Path) -> Result<T, CommandError> {
        self.map_err(|error| CommandError::OutputFile(FileError::new(file, error)))
    }
}
