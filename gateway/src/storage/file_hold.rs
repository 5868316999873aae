//! Holding of the store's file for a backup that reads it.
//!
//! All that the log holds is copied into the file, and then nothing more until the backup is done:
//! new commits go into the log, so that the gateway keeps on storing readings.

use super::access::check_integrity;
use super::held_file::{HeldReader, HoldMark};
use super::salvage::StoreImage;
use super::schema::{CHECKPOINT_PAGES, disk_error, wal_path};
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_request::{BackupRequest, StoreRequest};
use super::store_snapshot::{SnapshotBytes, StoreSnapshot};
use super::writer::StoreWriter;
use crate::limits::{HELD_LOG_BYTES_MAX, START_CHECK_BYTES_MAX};
use std::sync::Arc;

impl SnapshotBytes for StoreImage {
    fn fill(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        let read = self.read_at(at, into);
        read.ok_or_else(|| "a page cannot be read".to_owned())
    }
}

impl Store {
    /// Holds the file still for a backup, until the answer is dropped. Readings are stored all the
    /// while. `Damaged` for a file that is known to be damaged.
    pub async fn hold_file(&self) -> Result<StoreSnapshot, StoreError> {
        let snapshot = self.ask(|reply| StoreRequest::Backup(BackupRequest::Hold(reply)));
        let snapshot = snapshot.await?;
        Ok(StoreSnapshot {
            store: self.id().to_owned(),
            ..snapshot
        })
    }
}

impl StoreWriter {
    /// Flushes, brings the file up to date and holds it.
    pub(super) fn hold_file(&mut self) -> Result<StoreSnapshot, StoreError> {
        if let Some(why) = &self.health.damage {
            return Err(StoreError::Damaged {
                file: self.file.clone(),
                why: why.clone(),
            });
        }
        if self.held.is_held() {
            let why = "another backup reads the store; try again when it is done";
            return Err(StoreError::Invalid(why.to_owned()));
        }
        let Some(reader) = self.held.reader.clone() else {
            return self.image_of_unused();
        };
        match self.flush() {
            Err(fault) if fault.is_disk_full() && !self.waits_for_room => tracing::warn!(
                unflushed = self.pending.len(),
                "the disk is full: readings that wait in memory are not in the backup"
            ),
            flushed => drop(flushed?),
        }
        let step = "preparing the file for a backup";
        let failed = |fault: rusqlite::Error| disk_error(step, &fault);
        self.set_checkpoint_pages(0).map_err(failed)?;
        let mark = Arc::new(HoldMark::default());
        self.held.mark = Some(Arc::downgrade(&mark));
        let checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
        let (all, copied): (i64, i64) = self
            .db
            .query_row(checkpoint, [], |row| Ok((row.get(1)?, row.get(2)?)))
            .map_err(failed)?;
        let bytes = reader.metadata().map_err(|fault| StoreError::Disk {
            what: step,
            why: fault.to_string(),
        });
        let bytes = bytes?.len();
        if all != copied {
            return Err(StoreError::Disk {
                what: step,
                why: format!("{copied} of {all} pages of the log were copied"),
            });
        }
        // What is damaged must not take the place of a good backup.
        if bytes <= START_CHECK_BYTES_MAX {
            check_integrity(&self.db, &self.file)?;
        }
        self.raise_floor_after_copy().map_err(failed)?;
        let held = HeldReader { file: reader, mark };
        Ok(self.snapshot(Box::new(held), bytes))
    }

    /// Content of a store that this process only reads.
    fn image_of_unused(&self) -> Result<StoreSnapshot, StoreError> {
        check_integrity(&self.db, &self.file)?;
        let image = StoreImage::open(&self.file, &wal_path(&self.file));
        let image = image.map_err(|fault| StoreError::Disk {
            what: "reading the file for a backup",
            why: fault.to_string(),
        })?;
        if image.frames().is_damaged() || image.unread_log() > 0 {
            return Err(StoreError::Damaged {
                file: wal_path(&self.file),
                why: "its log is garbled".to_owned(),
            });
        }
        let bytes = image.bytes();
        Ok(self.snapshot(Box::new(image), bytes))
    }

    fn snapshot(&self, source: Box<dyn SnapshotBytes>, bytes: u64) -> StoreSnapshot {
        StoreSnapshot {
            source,
            bytes,
            store: String::new(),
            durable: self.durable,
            at: self.clock.now().at,
        }
    }

    /// Lets checkpoints go on once the backup is done; gives a backup up that holds the file for
    /// too long. Returns whether the file is held.
    pub(super) fn look_after_hold(&mut self) -> bool {
        if self.held.mark.is_none() {
            return false;
        }
        let log = std::fs::metadata(wal_path(&self.file)).map_or(0, |log| log.len());
        if log > HELD_LOG_BYTES_MAX {
            tracing::warn!(log, "the log has grown too long: a backup is given up");
            self.break_hold();
        }
        if self.held.is_held() {
            return true;
        }
        self.break_hold();
        false
    }

    /// Ends a hold: the backup that still reads is told.
    pub(super) fn break_hold(&mut self) {
        if let Some(mark) = self.held.living() {
            mark.set_broken();
        }
        if self.held.mark.take().is_some()
            && let Err(fault) = self.set_checkpoint_pages(CHECKPOINT_PAGES)
        {
            tracing::warn!(%fault, "checkpoints wait for the next full hour");
        }
    }

    fn set_checkpoint_pages(&self, pages: u32) -> Result<(), rusqlite::Error> {
        self.db
            .pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))
    }
}
