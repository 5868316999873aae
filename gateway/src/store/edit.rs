//! Samples that come by another way: imported, or given their true time later.

use super::calendar::Day;
use super::fault::StoreError;
use super::handle::{ImportColumn, ImportRow};
use super::hot::BootKey;
use super::journal::{self, Writer};
use super::keeper::Keeper;
use super::names::PointKey;
use super::pack::{fetch, group, pieces};
use super::schema::disk;
use super::seal::Extra;
use crate::evidence::Why;
use crate::model::{Outcome, Sample, UtcMs};
use rusqlite::params;
use std::collections::BTreeMap;

impl Keeper {
    /// Merges rows into a point's samples.
    pub(super) fn import(&mut self, point: &str, rows: &[ImportRow]) -> Result<u64, StoreError> {
        let samples = rows.iter().map(|(at, number)| Sample {
            at: *at,
            outcome: Outcome::Good(*number),
        });
        let key = self.known(point)?;
        self.take_in(BTreeMap::from([(key, samples.collect())]))
    }

    /// Merges samples of many points.
    pub(super) fn import_many(&mut self, columns: &[ImportColumn]) -> Result<u64, StoreError> {
        let mut all = Extra::new();
        for (point, rows) in columns {
            let samples = rows.iter().map(|(at, outcome)| Sample {
                at: *at,
                outcome: *outcome,
            });
            all.entry(self.known(point)?).or_default().extend(samples);
        }
        self.take_in(all)
    }

    fn known(&self, point: &str) -> Result<PointKey, StoreError> {
        let unknown = || StoreError::UnknownPoint(point.to_owned());
        self.names.point(point).ok_or_else(unknown)
    }

    fn take_in(&mut self, columns: Extra) -> Result<u64, StoreError> {
        let failed = |fault: rusqlite::Error| disk("merging samples", &fault);
        // What came earlier must be sealed first, so that what is imported replaces it.
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
        let days = self.by_day(columns);
        self.merge_all(days).map_err(failed)?;
        for (point, sample) in newest {
            self.latest.offer_older(point, sample.at, sample.outcome);
        }
        self.tell_health();
        Ok(taken)
    }

    fn by_day(&mut self, columns: Extra) -> BTreeMap<(Day, u32), Extra> {
        let mut days: BTreeMap<(Day, u32), Extra> = BTreeMap::new();
        for (point, samples) in columns {
            for sample in samples {
                let day = self.calendar.day(sample.at);
                let extra = days.entry((day, group(point))).or_default();
                extra.entry(point).or_default().push(sample);
            }
        }
        days
    }

    /// Gives the samples that are kept under this key their true time, in one transaction.
    pub(super) fn redate_era(
        &mut self,
        boot: BootKey,
        shift_ms: i64,
    ) -> Result<u64, rusqlite::Error> {
        let columns = self.undated(boot, shift_ms)?;
        if columns.is_empty() {
            return Ok(0);
        }
        let moved = columns.values().map(|samples| samples.len() as u64).sum();
        let days = self.by_day(columns.clone());
        let transaction = self.db.transaction()?;
        for ((day, group), extra) in days {
            let place = (day, self.calendar.start(day), day < self.gone_before);
            super::digest::mark(&transaction, day, Why::Redated)?;
            self.closing.disturb(day);
            super::seal::merge_group(&transaction, place, group, extra)?;
        }
        transaction.execute("DELETE FROM pack WHERE content = 1 AND boot = ?", [boot])?;
        redate_journal(&transaction, &self.names, boot, shift_ms)?;
        let what = format!("{moved} samples moved by {shift_ms} ms");
        super::audit::note(&transaction, self.clock.now().at, "redated", &what)?;
        transaction.commit()?;
        self.parts = super::seal::parts_on_disk(&self.db)?;
        for (point, samples) in columns {
            for sample in samples {
                self.latest.offer_dated(point, sample.at, sample.outcome);
            }
        }
        Ok(moved)
    }

    /// The samples of a boot that were kept without a date, with their true time.
    fn undated(&self, boot: BootKey, shift_ms: i64) -> Result<Extra, rusqlite::Error> {
        let mut rows = self
            .db
            .prepare("SELECT id, parts FROM pack WHERE content = 1 AND boot = ? ORDER BY id")?;
        let mut rows = rows.query([boot])?;
        let mut columns = Extra::new();
        while let Some(row) = rows.next()? {
            for piece in pieces(row.get_ref(1)?.as_blob().unwrap_or_default()) {
                let blob = fetch(&self.db, row.get(0)?, piece)?;
                let samples = blob.as_deref().and_then(super::chunk::read);
                let dated = samples.into_iter().flatten().map(|sample| {
                    let (shape, bits) = super::track::split(&sample.outcome);
                    Sample {
                        at: UtcMs(sample.at.0.saturating_add(shift_ms)),
                        outcome: super::track::join(shape.dated(), bits),
                    }
                });
                columns.entry(piece.point).or_default().extend(dated);
            }
        }
        Ok(columns)
    }
}

/// Sinks that have not had these readings yet get them with their true time.
fn redate_journal(
    db: &rusqlite::Connection,
    names: &super::names::Names,
    boot: BootKey,
    shift_ms: i64,
) -> Result<(), rusqlite::Error> {
    let mut rows =
        db.prepare("SELECT first, n, body FROM journal WHERE boot = ? AND undated > 0")?;
    let mut rows = rows.query([boot])?;
    while let Some(row) = rows.next()? {
        let body = row.get_ref(2)?.as_blob().unwrap_or_default();
        let Some(kept) = journal::read(body, row.get(1)?, names) else {
            continue;
        };
        let mut writer = Writer::default();
        for one in kept {
            let shift = if one.dated { 0 } else { shift_ms };
            let at = UtcMs(one.at.0.saturating_add(shift));
            writer.put(one.layout, at, one.mono, true, &one.outcomes);
        }
        let body = writer.finish();
        db.execute(
            "UPDATE journal SET undated = 0, crc = ?, body = ? WHERE first = ?",
            params![crc32fast::hash(&body), body, row.get::<_, i64>(0)?],
        )?;
    }
    Ok(())
}
