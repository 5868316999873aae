//! Accepting readings and writing them to the journal.

use super::journal_codec;
use super::key_registry::{KeyRegistry, LayoutKey};
use super::memtable::BootKey;
use super::schema::{disk_error, sql_int};
use super::store_error::StoreError;
use super::writer::StoreWriter;
use crate::domain::{NumberedReading, Reading, ReadingSeq, Sample, SampleOutcome, UtcMs};
use crate::limits::UNFLUSHED_READINGS_MAX;
use rusqlite::{Connection, params};
use std::sync::Arc;

impl StoreWriter {
    /// Numbers a reading, sends it to live subscribers, and queues it for the next flush.
    pub(super) fn append(&mut self, reading: Reading) {
        let reading = self.date_late_reading(reading);
        let Some(points) = self
            .names
            .layout_key(reading.device)
            .and_then(|layout| self.names.layout_points(layout))
        else {
            tracing::error!(device = reading.device, "a reading of no configured device");
            return;
        };
        if points.len() != reading.outcomes.len() {
            tracing::error!(
                device = reading.device,
                outcomes = reading.outcomes.len(),
                points = points.len(),
                "a reading that does not fit its device"
            );
            return;
        }
        let numbered = Arc::new(NumberedReading {
            seq: self.next,
            reading,
        });
        self.next += 1;
        self.latest
            .record_reading(points, numbered.seq, &numbered.reading);
        self.outputs.newest.record(&numbered);
        // An error means that nobody listens.
        let _ = self.outputs.live.send(Arc::clone(&numbered));
        self.pending.push_back(numbered);
        self.outputs.pulse.reading_waits();
        // Bound of memory while the disk fails: the oldest readings are dropped and counted.
        if self.pending.len() > UNFLUSHED_READINGS_MAX {
            self.drop_oldest();
        }
        self.schedule_flush();
    }

    /// Drops the oldest reading in memory and counts it as lost.
    fn drop_oldest(&mut self) {
        let Some(lost) = self.pending.pop_front() else {
            return;
        };
        if self.losses.is_none() {
            tracing::error!(
                seq = lost.seq,
                "memory is full: the oldest readings are dropped"
            );
        }
        // One range for the audit log: losses are written with the first commit that succeeds.
        let (count, first, _) = self.losses.unwrap_or((0, lost.seq, lost.seq));
        self.losses = Some((count + 1, first, lost.seq));
        self.health.lost += 1;
    }

    /// Makes everything accepted so far durable; returns the last durable `seq`.
    pub(super) fn flush(&mut self) -> Result<ReadingSeq, StoreError> {
        self.flush_due = None;
        // A commit into a file that was removed or replaced would succeed and be gone at exit.
        if let Err(fault) = self.check_files() {
            self.restore_sequence_floor();
            self.retry_later(&fault);
            return Err(fault);
        }
        let made = self.make_waiting_file().and_then(|()| self.end_read_only());
        if let Err(fault) = made {
            self.retry_later(&fault);
            return Err(fault);
        }
        // No commit without content: every commit costs a write to the SD card.
        if self.pending.is_empty()
            && self.moved_cursors.is_empty()
            && self.refusals.is_empty()
            && !self.snapshots.has_waiting()
            && self.start_due.is_none()
        {
            if self.health.failure.take().is_some() {
                self.publish_health();
            }
            return Ok(self.durable);
        }
        match self.record_due_start().and_then(|()| self.commit()) {
            Ok(keys) => {
                self.after_commit(&keys);
                Ok(self.durable)
            }
            Err(fault) => {
                self.snapshots.drop_waiting();
                let fault = disk_error("keeping readings", &fault);
                self.retry_later(&fault);
                Err(fault)
            }
        }
    }

    /// Writes readings, moved cursors and refusals in one transaction; returns the boot keys under
    /// which the readings are stored.
    pub(super) fn commit(&mut self) -> Result<Vec<BootKey>, rusqlite::Error> {
        let keys = self.pending_boot_keys()?;
        // The bound is raised before numbers above it become durable, never after.
        if let (Some(floor), Some(last)) = (&mut self.floor, self.pending.back())
            && floor.is_reached(last.seq)
        {
            floor.raise(&self.db, self.next)?;
        }
        let late = self.snapshots.late_stretches(self.pending.iter());
        let transaction = self.db.transaction()?;
        for stretch in late {
            self.snapshots.forget(&transaction, stretch)?;
        }
        let mut readings: &[_] = self.pending.make_contiguous();
        // Usually one row; more when the clock was set, or became trusted, between two readings.
        for alike in keys.chunk_by(|a, b| a == b) {
            let (row, rest) = readings.split_at(alike.len());
            insert_journal_row(&transaction, row, alike[0], &self.names)?;
            readings = rest;
        }
        let cursors = (&self.cursors, &self.moved_at);
        super::sink_cursors::write_cursors(&transaction, self.moved_cursors.iter(), cursors)?;
        super::journal_reader::insert_refusals(&transaction, &self.refusals)?;
        if let Some((count, first, last)) = self.losses {
            let what =
                format!("{count} readings lost, seq {first} to {last}: the disk refused them");
            super::audit::append_audit(&transaction, self.clock.now().at, "loss", &what)?;
        }
        self.snapshots
            .write_waiting(&transaction, self.clock.now().at)?;
        transaction.commit()?;
        Ok(keys)
    }

    /// Updates memory and wakes the sinks after a successful commit.
    fn after_commit(&mut self, keys: &[BootKey]) {
        self.moved_cursors.clear();
        self.refusals.clear();
        self.snapshots.after_write();
        self.losses = None;
        self.backoff_ms = 0;
        if self.health.failure.take().is_some() {
            tracing::info!("readings are written to disk again");
        }
        self.health.flushes += 1;
        if let Some(last) = self.pending.back() {
            self.durable = last.seq;
            self.health.durable_at = Some(last.reading.at);
            self.health.has_stored = true;
        }
        // Sinks are served first: they need none of the work below, and a reading must be durable
        // before any sink sees it.
        self.ring.extend(self.pending.iter().cloned());
        self.outputs.durable.send_replace(self.durable);
        for (numbered, key) in std::mem::take(&mut self.pending).into_iter().zip(keys) {
            if let Some(layout) = self.names.layout_key(numbered.reading.device) {
                let reading = &numbered.reading;
                self.add_to_memtable((layout, *key, reading.at), &reading.outcomes);
            }
        }
        self.outputs.pulse.all_durable();
        self.publish_health();
    }

    /// Adds the samples of a durable reading to the memtable.
    pub(super) fn add_to_memtable(
        &mut self,
        (layout, boot, at): (LayoutKey, BootKey, UtcMs),
        outcomes: &[SampleOutcome],
    ) {
        let day = self.calendar.day(at);
        let points = self.names.layout_points(layout).unwrap_or_default();
        let samples = points.iter().zip(outcomes).map(|(point, outcome)| {
            let outcome = if boot == 0 {
                *outcome
            } else {
                super::latest::mark_undated(*outcome)
            };
            (*point, Sample { at, outcome })
        });
        self.memtable.push((boot, day), samples);
    }
}

/// Inserts the readings of one flush as one journal row; all dated, or all of one era.
fn insert_journal_row(
    db: &Connection,
    readings: &[Arc<NumberedReading>],
    boot: BootKey,
    names: &KeyRegistry,
) -> Result<(), rusqlite::Error> {
    let Some(first) = readings.first() else {
        return Ok(());
    };
    let body = journal_codec::encode_row(readings, names);
    let undated = if boot == 0 { 0 } else { readings.len() };
    let add = "INSERT INTO journal(first, n, boot, undated, crc, body) VALUES (?,?,?,?,?,?)";
    db.prepare_cached(add)?.execute(params![
        first.seq.cast_signed(),
        sql_int(readings.len()),
        boot,
        sql_int(undated),
        crc32fast::hash(&body),
        body
    ])?;
    Ok(())
}
