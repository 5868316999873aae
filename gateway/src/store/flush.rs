//! Taking readings in and making them durable.

use super::fault::StoreError;
use super::hot::BootKey;
use super::journal;
use super::keeper::Keeper;
use super::names::{LayoutKey, Names};
use super::schema::{disk, int};
use crate::limits::UNFLUSHED_MAX;
use crate::model::{Numbered, Outcome, Reading, Reason, Sample, Seq, UtcMs};
use rusqlite::{Connection, params};
use std::sync::Arc;

impl Keeper {
    /// Numbers a reading, shows it, and keeps it for the next flush.
    pub(super) fn append(&mut self, reading: Reading) {
        let Some(points) = self
            .names
            .layout(reading.device)
            .and_then(|layout| self.names.points(layout))
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
        let numbered = Arc::new(Numbered {
            seq: self.next,
            reading,
        });
        self.next += 1;
        self.latest.see(points, numbered.seq, &numbered.reading);
        // Nobody listens when no page is open.
        let _ = self.out.live.send(Arc::clone(&numbered));
        self.pending.push_back(numbered);
        if self.pending.len() > UNFLUSHED_MAX {
            self.lose_oldest();
        }
        self.make_due();
    }

    fn lose_oldest(&mut self) {
        let Some(lost) = self.pending.pop_front() else {
            return;
        };
        if self.losses.is_none() {
            tracing::error!(
                seq = lost.seq,
                "the oldest readings in memory are being lost"
            );
        }
        let (count, first, _) = self.losses.unwrap_or((0, lost.seq, lost.seq));
        self.losses = Some((count + 1, first, lost.seq));
        self.health.lost += 1;
    }

    /// Makes everything taken in so far durable.
    pub(super) fn flush(&mut self) -> Result<Seq, StoreError> {
        self.due = None;
        if let Err(fault) = self.still_there() {
            self.keep_numbers();
            self.put_off(&fault);
            return Err(fault);
        }
        if self.pending.is_empty() && self.moved.is_empty() && self.refusals.is_empty() {
            if self.health.failure.take().is_some() {
                self.tell_health();
            }
            return Ok(self.durable);
        }
        match self.commit() {
            Ok(keys) => {
                self.after_commit(&keys);
                Ok(self.durable)
            }
            Err(fault) => {
                let fault = disk("keeping readings", &fault);
                self.put_off(&fault);
                Err(fault)
            }
        }
    }

    /// The readings, the moved cursors and the refusals in one transaction. Under which keys the
    /// readings are kept.
    pub(super) fn commit(&mut self) -> Result<Vec<BootKey>, rusqlite::Error> {
        let keys = self.pending_keys()?;
        if let (Some(floor), Some(last)) = (&mut self.floor, self.pending.back())
            && floor.is_reached(last.seq)
        {
            floor.raise(&self.db, self.next)?;
        }
        let transaction = self.db.transaction()?;
        let mut readings: &[_] = self.pending.make_contiguous();
        // One row, but for a clock that was set or believed in between.
        for alike in keys.chunk_by(|a, b| a == b) {
            let (row, rest) = readings.split_at(alike.len());
            write_row(&transaction, row, alike[0], &self.names)?;
            readings = rest;
        }
        let cursors = (&self.cursors, &self.moved_at);
        super::cursor::write_cursors(&transaction, self.moved.iter(), cursors)?;
        super::feed::write_refusals(&transaction, &self.refusals)?;
        if let Some((count, first, last)) = self.losses {
            let what =
                format!("{count} readings lost, seq {first} to {last}: the disk refused them");
            super::audit::note(&transaction, self.clock.now().at, "loss", &what)?;
        }
        transaction.commit()?;
        Ok(keys)
    }

    fn after_commit(&mut self, keys: &[BootKey]) {
        self.moved.clear();
        self.refusals.clear();
        self.losses = None;
        self.backoff_ms = 0;
        if self.health.failure.take().is_some() {
            tracing::info!("the disk takes readings again");
        }
        self.health.flushes += 1;
        if let Some(last) = self.pending.back() {
            self.durable = last.seq;
            self.health.durable_at = Some(last.reading.at);
        }
        // Sinks first: they need nothing of what is still to be done here.
        self.ring.extend(self.pending.iter().cloned());
        self.out.durable.send_replace(self.durable);
        for (numbered, key) in std::mem::take(&mut self.pending).into_iter().zip(keys) {
            if let Some(layout) = self.names.layout(numbered.reading.device) {
                let reading = &numbered.reading;
                self.warm((layout, *key, reading.at), &reading.outcomes);
            }
        }
        self.tell_health();
    }

    /// Puts a durable reading's samples into the hot tail.
    pub(super) fn warm(
        &mut self,
        (layout, boot, at): (LayoutKey, BootKey, UtcMs),
        outcomes: &[Outcome],
    ) {
        let day = self.calendar.day(at);
        let points = self.names.points(layout).unwrap_or_default();
        let samples = points.iter().zip(outcomes).map(|(point, outcome)| {
            let outcome = if boot == 0 {
                *outcome
            } else {
                doubted(*outcome)
            };
            (*point, Sample { at, outcome })
        });
        self.hot.push((boot, day), samples);
    }
}

/// Readings of one flush, all dated or all of one era.
fn write_row(
    db: &Connection,
    readings: &[Arc<Numbered>],
    boot: BootKey,
    names: &Names,
) -> Result<(), rusqlite::Error> {
    let Some(first) = readings.first() else {
        return Ok(());
    };
    let body = journal::write(readings, names);
    let undated = if boot == 0 { 0 } else { readings.len() };
    db.execute(
        "INSERT INTO journal(first, n, boot, undated, crc, body) VALUES (?,?,?,?,?,?)",
        params![
            first.seq.cast_signed(),
            int(readings.len()),
            boot,
            int(undated),
            crc32fast::hash(&body),
            body
        ],
    )?;
    Ok(())
}

/// A number whose time is not known is not to be believed.
pub(super) fn doubted(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Good(number) => Outcome::Uncertain(number, Reason::Undated),
        other => other,
    }
}
