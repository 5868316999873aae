//! Why the store says no.

use crate::model::ledger::EntryId;
use std::path::PathBuf;

/// Why the store could not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The thread that owns the file has ended.
    #[error("the store has stopped")]
    Stopped,
    /// The file or the card said no; `what` names the step.
    #[error("{what}: {why}")]
    Disk {
        /// What was being done.
        what: &'static str,
        /// What the system or SQLite said.
        why: String,
    },
    /// Nothing with this name is kept.
    #[error("no point {0}")]
    UnknownPoint(String),
    /// The ledger has no entry with this number.
    #[error("no ledger entry {0}")]
    UnknownEntry(EntryId),
    /// The entry has been replaced; the correction must name the one that counts now.
    #[error("ledger entry {entry} has been replaced; the current one is {current}")]
    Superseded {
        /// The entry that was named.
        entry: EntryId,
        /// The last of its chain.
        current: EntryId,
    },
    /// Another process holds the file.
    #[error("{0} is in use by another pantau")]
    Busy(PathBuf),
    /// What was handed in cannot be kept as it is.
    #[error("{0}")]
    Invalid(String),
    /// The file is damaged; whoever found that may not mend it.
    #[error(
        "{file} is damaged ({why}). Nothing was changed. `pantau run` sets it aside under another \
         name and begins a new one"
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What makes no sense in it.
        why: String,
    },
    /// There is no file to read.
    #[error("there is no store: {0} is not there. `pantau run` makes it")]
    Missing(PathBuf),
    /// The tables are those of an earlier version.
    #[error("{0} was written by an earlier version. `pantau run` brings it up to date")]
    Older(PathBuf),
}
