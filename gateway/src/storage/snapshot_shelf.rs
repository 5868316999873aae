//! Table of the snapshots of figures, and its state in memory. A snapshot is deleted in the
//! transaction that changes samples on which it depends.

use super::meta_table::{read_meta, write_meta};
use super::schema::sql_int;
use crate::domain::{NumberedReading, UtcMs};
use crate::limits::{SNAPSHOT_BYTES_MAX, SNAPSHOTS_MAX};
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Key in table `meta`: snapshots of another epoch are void.
const EPOCH_KEY: &str = "snapshot_epoch";

/// Sums of an asset at the end of a closed day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureSnapshot {
    /// Asset id.
    pub asset: Arc<str>,
    /// First day of the period.
    pub first: Date,
    /// Kind of the period; of each kind one snapshot is kept.
    pub kind: u8,
    /// Hash of everything but samples on which the sums depend.
    pub basis: Vec<u8>,
    /// End of the last day within: the sums contain every sample up to this time.
    pub until: UtcMs,
    /// Oldest sample that was read.
    pub reads_from: UtcMs,
    /// Start of the time that was searched for samples.
    pub looks_from: UtcMs,
    /// The sums.
    pub state: Vec<u8>,
}

/// Question for the newest snapshot of an asset.
#[derive(Clone, Debug)]
pub struct SnapshotQuery {
    /// Asset id.
    pub asset: Arc<str>,
    /// First day of the period.
    pub first: Date,
    /// Hash of everything but samples on which the sums depend.
    pub basis: Vec<u8>,
    /// Latest end of the snapshot.
    pub until: UtcMs,
}

/// Stretch of time in which stored samples change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChangedStretch {
    pub(super) from: i64,
    pub(super) to: i64,
    /// Dated samples come in; the search for the last reading before a period may find them.
    pub(super) dated: bool,
}

/// State of the snapshots in memory.
#[derive(Debug)]
pub(super) struct SnapshotShelf {
    /// Latest end of any snapshot that is kept or may be in the making, ms.
    horizon: i64,
    revision: Arc<AtomicU64>,
    epoch: i64,
    /// Snapshots that the next flush writes.
    waiting: Vec<FigureSnapshot>,
    /// Rows that were used since the last write.
    used: BTreeSet<i64>,
}

impl ChangedStretch {
    /// Smallest stretch around both.
    fn around(self, other: Option<Self>) -> Self {
        other.map_or(self, |other| Self {
            from: self.from.min(other.from),
            to: self.to.max(other.to),
            dated: self.dated,
        })
    }
}

impl SnapshotShelf {
    /// Reads the horizon; a table that cannot be read counts as void.
    pub(super) fn load(db: &Connection, revision: Arc<AtomicU64>) -> Self {
        // Where `meta` cannot be read, the store does not open.
        let mut epoch = read_meta(db, EPOCH_KEY).ok().flatten().unwrap_or(0);
        let horizon = newest_end(db).unwrap_or_else(|fault| {
            tracing::debug!(%fault, "snapshots of figures cannot be read; none is used");
            epoch += 1;
            i64::MIN
        });
        Self {
            horizon,
            revision,
            epoch,
            waiting: Vec::new(),
            used: BTreeSet::new(),
        }
    }

    /// Number that grows with each change that figures may show.
    pub(super) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Expects a snapshot until this time: from now on a late reading before it is a change.
    pub(super) fn raise_horizon(&mut self, until: UtcMs) {
        self.horizon = self.horizon.max(until.0);
    }

    /// Whether the next flush has snapshots to write.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Records that figures may differ from now on.
    pub(super) fn raise_revision(&self) {
        self.revision.fetch_add(1, Ordering::AcqRel);
    }

    /// Drops what waits for the flush; a full disk must not be kept full by it.
    pub(super) fn drop_waiting(&mut self) {
        self.waiting.clear();
    }

    /// Stretches of readings that arrive for a time that snapshots may contain already.
    pub(super) fn late_stretches<'r>(
        &self,
        readings: impl Iterator<Item = &'r Arc<NumberedReading>>,
    ) -> Vec<ChangedStretch> {
        let mut found: [Option<ChangedStretch>; 2] = [None, None];
        for reading in readings.map(|one| &one.reading) {
            if reading.at.0 <= self.horizon {
                let one = ChangedStretch {
                    from: reading.at.0,
                    to: reading.at.0,
                    dated: reading.dated,
                };
                let place = &mut found[usize::from(reading.dated)];
                *place = Some(one.around(*place));
            }
        }
        found.into_iter().flatten().collect()
    }

    /// Deletes the snapshots that depend on a stretch; called within the transaction that changes
    /// its samples.
    pub(super) fn forget(
        &mut self,
        db: &Connection,
        stretch: ChangedStretch,
    ) -> Result<(), rusqlite::Error> {
        self.raise_revision();
        if stretch.from > self.horizon {
            return Ok(());
        }
        let start = |one: &FigureSnapshot| {
            if stretch.dated {
                one.looks_from.0
            } else {
                one.reads_from.0
            }
        };
        self.waiting
            .retain(|one| one.until.0 < stretch.from || start(one) > stretch.to);
        let start = if stretch.dated {
            "looks_from"
        } else {
            "reads_from"
        };
        let text = format!("DELETE FROM figure_snapshot WHERE until >= ?1 AND {start} <= ?2");
        let deleted = db.execute(&text, params![stretch.from, stretch.to]);
        match deleted.and_then(|_| newest_end(db)) {
            Ok(newest) => {
                // What is in the making has an old revision and is not kept. A horizon that a wrong
                // clock put into the future goes back here.
                let waiting = self.waiting.iter().map(|one| one.until.0).max();
                self.horizon = newest.max(waiting.unwrap_or(i64::MIN));
                Ok(())
            }
            Err(fault) => self.void_all(db, &fault),
        }
    }

    /// Makes all rows void without touching the table.
    fn void_all(
        &mut self,
        db: &Connection,
        fault: &rusqlite::Error,
    ) -> Result<(), rusqlite::Error> {
        // The table is only a copy of what can be computed: its damage must not keep a reading from
        // being stored.
        tracing::debug!(%fault, "snapshots of figures cannot be changed; all are void");
        self.epoch += 1;
        write_meta(db, EPOCH_KEY, self.epoch)
    }

    /// Writes the waiting snapshots, and deletes the ones that were not used for longest.
    pub(super) fn write_waiting(
        &mut self,
        db: &Connection,
        now: UtcMs,
    ) -> Result<(), rusqlite::Error> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        db.execute_batch("SAVEPOINT snapshots")?;
        match self.write_rows(db, now) {
            Ok(()) => db.execute_batch("RELEASE snapshots"),
            Err(fault) => {
                db.execute_batch("ROLLBACK TO snapshots; RELEASE snapshots")?;
                self.void_all(db, &fault)
            }
        }
    }

    fn write_rows(&self, db: &Connection, now: UtcMs) -> Result<(), rusqlite::Error> {
        for row in &self.used {
            db.execute(
                "UPDATE figure_snapshot SET used_at = ? WHERE id = ?",
                params![now.0, row],
            )?;
        }
        for one in &self.waiting {
            db.execute(
                "INSERT OR REPLACE INTO figure_snapshot(asset, first, kind, basis, until,
                   reads_from, looks_from, epoch, used_at, crc, state)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    one.asset,
                    one.first.to_string(),
                    one.kind,
                    one.basis,
                    one.until.0,
                    one.reads_from.0,
                    one.looks_from.0,
                    self.epoch,
                    now.0,
                    crc32fast::hash(&one.state),
                    one.state
                ],
            )?;
        }
        // The newest stay, up to both bounds.
        db.execute(
            "DELETE FROM figure_snapshot WHERE id IN (SELECT id FROM (SELECT id,
               row_number() OVER newest AS place, sum(length(state)) OVER newest AS bytes
               FROM figure_snapshot WINDOW newest AS (ORDER BY used_at DESC, id DESC))
             WHERE place > ? OR bytes > ?)",
            params![sql_int(SNAPSHOTS_MAX), sql_int(SNAPSHOT_BYTES_MAX)],
        )?;
        Ok(())
    }

    /// Forgets what was written; called after the commit.
    pub(super) fn after_write(&mut self) {
        self.waiting.clear();
        self.used.clear();
    }

    /// The newest snapshot that fits, among the waiting ones and the rows.
    pub(super) fn find(
        &mut self,
        db: &Connection,
        query: &SnapshotQuery,
    ) -> Result<Option<FigureSnapshot>, rusqlite::Error> {
        let fits = |one: &&FigureSnapshot| {
            (&one.asset, one.first, &one.basis) == (&query.asset, query.first, &query.basis)
                && one.until <= query.until
        };
        let waiting = self.waiting.iter().filter(fits);
        let waiting = waiting.max_by_key(|one| one.until).cloned();
        let stored = self.find_row(db, query)?;
        Ok(waiting
            .into_iter()
            .chain(stored)
            .max_by_key(|one| one.until))
    }

    fn find_row(
        &mut self,
        db: &Connection,
        query: &SnapshotQuery,
    ) -> Result<Option<FigureSnapshot>, rusqlite::Error> {
        let found = db
            .query_row(
                "SELECT id, kind, until, reads_from, looks_from, crc, state FROM figure_snapshot
                 WHERE asset = ? AND first = ? AND basis = ? AND until <= ? AND epoch = ?
                 ORDER BY until DESC LIMIT 1",
                params![
                    query.asset,
                    query.first.to_string(),
                    query.basis,
                    query.until.0,
                    self.epoch
                ],
                |row| {
                    let crc: u32 = row.get(5)?;
                    let one = FigureSnapshot {
                        asset: Arc::clone(&query.asset),
                        first: query.first,
                        kind: row.get(1)?,
                        basis: query.basis.clone(),
                        until: UtcMs(row.get(2)?),
                        reads_from: UtcMs(row.get(3)?),
                        looks_from: UtcMs(row.get(4)?),
                        state: row.get(6)?,
                    };
                    Ok((row.get(0)?, crc, one))
                },
            )
            .optional()?;
        let Some((row, crc, one)) = found else {
            return Ok(None);
        };
        if crc32fast::hash(&one.state) != crc {
            tracing::debug!(asset = %query.asset, "a garbled snapshot of figures is not used");
            return Ok(None);
        }
        self.used.insert(row);
        Ok(Some(one))
    }

    /// Keeps a snapshot for the next flush, in the place of an older one of its kind.
    pub(super) fn keep(&mut self, snapshot: FigureSnapshot) {
        let same = |one: &FigureSnapshot| {
            (&one.asset, one.first, one.kind) == (&snapshot.asset, snapshot.first, snapshot.kind)
        };
        self.raise_horizon(snapshot.until);
        self.waiting.retain(|one| !same(one));
        self.waiting.push(snapshot);
    }

    /// Bytes of the snapshots that wait.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting.iter().map(|one| one.state.len()).sum()
    }
}

/// Latest end of a stored snapshot, ms.
fn newest_end(db: &Connection) -> Result<i64, rusqlite::Error> {
    let newest = "SELECT max(until) FROM figure_snapshot";
    db.query_row(newest, [], |row| {
        Ok(row.get::<_, Option<i64>>(0)?.unwrap_or(i64::MIN))
    })
}

/// Deletes all snapshots, since samples were found garbled; called within the transaction that sets
/// them aside.
pub(super) fn forget_all(db: &Connection) {
    // A failure leaves sums of samples that were whole when they were added up.
    if let Err(fault) = db.execute("DELETE FROM figure_snapshot", []) {
        tracing::debug!(%fault, "snapshots of figures cannot be deleted");
    }
}

/// Hash of the parts on which sums depend besides the samples.
pub fn snapshot_basis(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        // With its length, so that no part can pass into the next one.
        hash.update(&part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finish().as_ref().to_vec()
}

/// Runs statements on the file of a stopped store, in tests.
#[cfg(test)]
pub(crate) fn change_stored_file(file: &std::path::Path, statements: &str) {
    let db = Connection::open(file).unwrap();
    db.execute_batch(statements).unwrap();
}
