//! [`HeldFile`]: the open file of the store for reading, and the mark of a backup that reads it.

use super::store_snapshot::SnapshotBytes;
use super::store_values::StoreAccess;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

/// Keeps checkpoints away from the file as long as it lives.
#[derive(Debug, Default)]
pub(super) struct HoldMark {
    /// The file was written all the same.
    is_broken: AtomicBool,
}

/// The open file for reading, and the mark of a backup that reads it.
#[derive(Debug, Default)]
pub(super) struct HeldFile {
    /// Never closed before SQLite has closed the file: to close any handle of a file gives up the
    /// lock that SQLite has on it.
    pub(super) reader: Option<Arc<File>>,
    pub(super) mark: Option<Weak<HoldMark>>,
}

/// File that is held as long as this lives.
#[derive(Debug)]
pub(super) struct HeldReader {
    pub(super) file: Arc<File>,
    pub(super) mark: Arc<HoldMark>,
}

impl HoldMark {
    /// Notes that the file is written all the same.
    pub(super) fn set_broken(&self) {
        self.is_broken.store(true, Ordering::SeqCst);
    }
}

impl HeldFile {
    /// Opens the file of a process that writes it, after SQLite has its lock.
    pub(super) fn open(access: StoreAccess, file: &Path) -> Self {
        let reader = match access {
            StoreAccess::Read => None,
            StoreAccess::Gateway | StoreAccess::Write => File::open(file).ok(),
        };
        Self {
            reader: reader.map(Arc::new),
            mark: None,
        }
    }

    /// Returns the mark of a backup that is still reading.
    pub(super) fn living(&self) -> Option<Arc<HoldMark>> {
        self.mark.as_ref()?.upgrade()
    }

    /// Whether the file must not be written.
    pub(super) fn is_held(&self) -> bool {
        self.living().is_some()
    }
}

impl SnapshotBytes for HeldReader {
    fn fill(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        let read = self.file.read_exact_at(into, at);
        read.map_err(|fault| fault.to_string())?;
        // Looked at afterwards: what was read before the mark is right.
        if self.mark.is_broken.load(Ordering::SeqCst) {
            return Err("the store had to write its file meanwhile: begin again".to_owned());
        }
        Ok(())
    }
}
