//! Import of samples, and correction of the time of undated samples.

use super::journal_dates::redate_journal;
use super::key_registry::PointKey;
use super::local_calendar::LocalDay;
use super::memtable::BootKey;
use super::pack_rows::{group_of_point, parse_pieces, read_piece};
use super::schema::disk_error;
use super::seal::{SamplesByPoint, changed_stretch};
use super::snapshot_shelf::ChangedStretch;
use super::store_error::StoreError;
use super::store_values::{ImportColumn, ImportRow};
use super::writer::StoreWriter;
use crate::domain::redated_stretch::RedatedStretch;
use crate::domain::{Sample, SampleOutcome, UtcMs};
use crate::evidence::RecordReason;
use std::collections::BTreeMap;

impl StoreWriter {
    /// Merges rows into a point's samples; returns the number of rows.
    pub(super) fn import_rows(
        &mut self,
        point: &str,
        rows: &[ImportRow],
    ) -> Result<u64, StoreError> {
        let samples = rows.iter().map(|(at, number)| Sample {
            at: *at,
            outcome: SampleOutcome::Good(*number),
        });
        let key = self.known_point(point)?;
        self.merge_columns(BTreeMap::from([(key, samples.collect())]))
    }

    /// Merges samples of many points; returns the number of samples.
    pub(super) fn import_columns(&mut self, columns: &[ImportColumn]) -> Result<u64, StoreError> {
        let mut all = SamplesByPoint::new();
        for (point, rows) in columns {
            let samples = rows.iter().map(|(at, outcome)| Sample {
                at: *at,
                outcome: *outcome,
            });
            all.entry(self.known_point(point)?)
                .or_default()
                .extend(samples);
        }
        self.merge_columns(all)
    }

    /// Returns the key of a point; `UnknownPoint` when it was never configured.
    fn known_point(&self, point: &str) -> Result<PointKey, StoreError> {
        let unknown = || StoreError::UnknownPoint(point.to_owned());
        self.names.point(point).ok_or_else(unknown)
    }

    /// Seals what is in memory, then merges the samples by day and point group.
    fn merge_columns(&mut self, columns: SamplesByPoint) -> Result<u64, StoreError> {
        let failed = |fault: rusqlite::Error| disk_error("merging samples", &fault);
        // Readings that arrived earlier are sealed first: at the same time the imported sample
        // wins, and the later sample in the merge order is the one kept.
        self.flush()?;
        self.seal_parts().map_err(failed)?;
        let taken = columns.values().map(|samples| samples.len() as u64).sum();
        let newest: Vec<_> = columns
            .iter()
            .filter_map(|(point, samples)| {
                let last = samples.iter().max_by_key(|sample| sample.at)?;
                Some((*point, *last))
            })
            .collect();
        let days = self.group_by_day(columns);
        self.merge_days(days, |_| Ok(())).map_err(failed)?;
        for (point, sample) in newest {
            self.latest.set_imported(point, sample.at, sample.outcome);
        }
        self.latest.save(&self.db).map_err(failed)?;
        self.publish_health();
        Ok(taken)
    }

    /// Groups samples by local day and point group, the unit that is rewritten as a whole.
    pub(super) fn group_by_day(
        &mut self,
        columns: SamplesByPoint,
    ) -> BTreeMap<(LocalDay, u32), SamplesByPoint> {
        let mut days: BTreeMap<(LocalDay, u32), SamplesByPoint> = BTreeMap::new();
        for (point, samples) in columns {
            for sample in samples {
                let day = self.calendar.day(sample.at);
                let extra = days.entry((day, group_of_point(point))).or_default();
                extra.entry(point).or_default().push(sample);
            }
        }
        days
    }

    /// Moves the samples of one era by `shift_ms`, in one transaction; returns their number.
    pub(super) fn redate_era(
        &mut self,
        boot: BootKey,
        shift_ms: i64,
    ) -> Result<u64, rusqlite::Error> {
        let columns = self.undated_samples(boot, shift_ms)?;
        if columns.is_empty() {
            return Ok(0);
        }
        let moved = columns.values().map(|samples| samples.len() as u64).sum();
        let days = self.group_by_day(columns.clone());
        let transaction = self.db.transaction()?;
        for ((day, group), extra) in days {
            let place = super::seal::MergedDay {
                day,
                start: self.calendar.day_start(day),
                end: self.calendar.day_start(day + 1),
                frozen: day < self.raw_deleted_before,
                now: self.clock.now().at,
            };
            // In the same transaction as the samples: a power cut cannot leave a changed day
            // without the mark that its digest is outdated.
            if let Some(stretch) = changed_stretch(&extra) {
                let (from, to) = (
                    stretch.from.saturating_sub(shift_ms),
                    stretch.to.saturating_sub(shift_ms),
                );
                let left = ChangedStretch {
                    from,
                    to,
                    dated: false,
                };
                self.snapshots.forget(&transaction, left)?;
                self.snapshots.forget(&transaction, stretch)?;
            }
            super::digest::mark_day_due(&transaction, day, RecordReason::Redated)?;
            self.closing.invalidate_day(day);
            super::seal::merge_group(&transaction, &place, group, extra)?;
        }
        transaction.execute("DELETE FROM pack WHERE content = 1 AND boot = ?", [boot])?;
        redate_journal(&transaction, &self.names, (boot, shift_ms))?;
        note_stretches(&transaction, self.clock.now().at, boot, shift_ms, &columns)?;
        let what = format!("{moved} samples moved by {shift_ms} ms");
        super::audit::append_audit(&transaction, self.clock.now().at, "redated", &what)?;
        let mut latest = self.latest.clone();
        for (point, samples) in columns {
            for sample in samples {
                latest.set_redated(point, sample.at, sample.outcome);
            }
        }
        // Kept at once: the next start ends the doubts of this boot with its newest reading.
        latest.save(&transaction)?;
        transaction.commit()?;
        self.latest = latest;
        // The parts of the era were deleted; the list in memory is read anew.
        self.unmerged_parts = super::seal::load_unmerged_parts(&self.db)?;
        Ok(moved)
    }

    /// Returns the time of the last sample of an era, by the clock of the era.
    pub(super) fn last_undated(&self, boot: BootKey) -> Result<Option<UtcMs>, rusqlite::Error> {
        let columns = self.undated_samples(boot, 0)?;
        let times = columns.values().flatten().map(|sample| sample.at);
        Ok(times.max())
    }

    /// Returns the time of the first sample of an era, by the clock of the era.
    pub(super) fn first_undated(&self, boot: BootKey) -> Result<Option<UtcMs>, rusqlite::Error> {
        let columns = self.undated_samples(boot, 0)?;
        let times = columns.values().flatten().map(|sample| sample.at);
        Ok(times.min())
    }

    /// Returns the number of samples of an era.
    pub(super) fn count_undated(&self, boot: BootKey) -> Result<u64, rusqlite::Error> {
        let columns = self.undated_samples(boot, 0)?;
        Ok(columns.values().map(|samples| samples.len() as u64).sum())
    }

    /// Returns the samples of an era with their true time and without the reason `undated`.
    fn undated_samples(
        &self,
        boot: BootKey,
        shift_ms: i64,
    ) -> Result<SamplesByPoint, rusqlite::Error> {
        let mut rows = self
            .db
            .prepare("SELECT id, parts FROM pack WHERE content = 1 AND boot = ? ORDER BY id")?;
        let mut rows = rows.query([boot])?;
        let mut columns = SamplesByPoint::new();
        while let Some(row) = rows.next()? {
            for piece in parse_pieces(row.get_ref(1)?.as_blob().unwrap_or_default()) {
                let blob = read_piece(&self.db, row.get(0)?, piece)?;
                let samples = blob.as_deref().and_then(super::chunk_codec::decode_chunk);
                let dated = samples.into_iter().flatten().map(|sample| {
                    let (shape, bits) = super::delta_codec::split_outcome(&sample.outcome);
                    Sample {
                        at: UtcMs(sample.at.0.saturating_add(shift_ms)),
                        outcome: super::delta_codec::join(shape.without_undated(), bits),
                    }
                });
                columns.entry(piece.point).or_default().extend(dated);
            }
        }
        Ok(columns)
    }
}

/// Returns the stretches of files that touch a range of time (ms since 1970), by point.
pub(super) fn load_imported_stretches(
    db: &rusqlite::Connection,
    names: &super::key_registry::KeyRegistry,
    (from, to): (i64, i64),
) -> Result<BTreeMap<PointKey, Vec<(i64, i64)>>, rusqlite::Error> {
    let mut rows = db.prepare(
        "SELECT i.point, s.first, s.last FROM import_stretch s
         JOIN sample_import i ON i.id = s.import WHERE s.last >= ? AND s.first <= ?",
    )?;
    let mut rows = rows.query([from, to])?;
    let mut found: BTreeMap<PointKey, Vec<(i64, i64)>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        if let Some(point) = names.point(row.get_ref(0)?.as_str().unwrap_or_default()) {
            found
                .entry(point)
                .or_default()
                .push((row.get(1)?, row.get(2)?));
        }
    }
    Ok(found)
}

/// Notes for each point of an era that its samples were moved: figures tell it.
fn note_stretches(
    db: &rusqlite::Connection,
    now: UtcMs,
    boot: BootKey,
    shift_ms: i64,
    columns: &SamplesByPoint,
) -> Result<(), rusqlite::Error> {
    let name = |table: &str, key: i64| {
        let find = format!("SELECT name FROM {table} WHERE id = ?");
        db.query_row(&find, [key], |row| row.get::<_, String>(0))
    };
    let era = name("boot", boot.into())?;
    for (point, samples) in columns {
        let times = samples.iter().map(|sample| sample.at);
        let (Some(first), Some(last)) = (times.clone().min(), times.max()) else {
            continue;
        };
        let stretch = RedatedStretch {
            point: name("point", (*point).into())?.into(),
            era: era.clone(),
            at: now,
            shift_ms,
            first,
            last,
            samples: samples.len() as u64,
        };
        super::redated::note_redated(db, &stretch)?;
    }
    Ok(())
}
