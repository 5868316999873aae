//! [`StoreSnapshot`]: the content of the store's file as it stood at one moment.

use super::schema::DATABASE_FILE;
use super::store_error::StoreError;
use crate::domain::{ReadingSeq, UtcMs};

/// Bytes of a file that stay as they were.
pub(super) trait SnapshotBytes: std::fmt::Debug + Send + Sync {
    /// Fills a stretch with what is at a place. The error is a sentence.
    fn fill(&self, at: u64, into: &mut [u8]) -> Result<(), String>;
}

/// Content of the store's file at one moment.
#[derive(Debug)]
pub struct StoreSnapshot {
    pub(super) source: Box<dyn SnapshotBytes>,
    /// Size, bytes.
    pub(super) bytes: u64,
    /// Id of the store.
    pub store: String,
    /// Number of the last reading in it.
    pub durable: ReadingSeq,
    /// Time at which it was held.
    pub at: UtcMs,
}

impl StoreSnapshot {
    /// Name of the file in the directory of the store.
    pub const FILE: &'static str = DATABASE_FILE;

    /// Size of the content, bytes.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads a stretch, which is shorter at the end. `Disk` when it cannot be read, and when the
    /// file had to be written meanwhile.
    pub fn read_at(&self, at: u64, most: usize) -> Result<Vec<u8>, StoreError> {
        let left = usize::try_from(self.bytes.saturating_sub(at)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; most.min(left)];
        match self.source.fill(at, &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(why) => Err(StoreError::Disk {
                what: "reading the file for a backup",
                why,
            }),
        }
    }
}
