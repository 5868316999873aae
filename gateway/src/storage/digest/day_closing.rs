//! Closing of local days: the record of a day that is over, and a further record when samples of a
//! closed day change.
//!
//! The work is done in pieces, so that the next flush is not late. A day whose closing was
//! interrupted is started again.

use super::{record_sources, row_lines, unrecorded_lines};
use crate::domain::UtcMs;
use crate::evidence::{
    DayRecord, RecordReason, RecordedTable, RevisionKind, SampleDigestLine, hash_samples,
};
use crate::limits::{EARLIEST_TIME_MS, EVIDENCE_GAP_DAYS_MAX, EVIDENCE_SAMPLES_MAX};
use crate::storage::digest::day_closer::DayInProgress;
use crate::storage::local_calendar::{FIRST_DAY, LocalDay, date};
use crate::storage::schema::disk_error;
use crate::storage::store_error::StoreError;
use crate::storage::store_values::StoreAccess;
use crate::storage::writer::StoreWriter;
use rusqlite::{Connection, params};

/// Delay after a failure, ms.
const CLOSE_RETRY_MS: i64 = 60_000;

/// Marks a closed day as needing a further record; called within the transaction that changes its
/// samples.
pub(in crate::storage) fn mark_day_due(
    db: &Connection,
    day: LocalDay,
    why: RecordReason,
) -> Result<(), rusqlite::Error> {
    db.prepare(
        // Days after the last closed one will be closed anyway; days whose raw samples were deleted
        // cannot be hashed again.
        "INSERT OR IGNORE INTO digest_due(day, why) SELECT ?1, ?2
         WHERE ?1 <= (SELECT max(day) FROM digest)
           AND ?1 >= coalesce((SELECT value FROM meta WHERE key = 'gone_before'), ?1)",
    )?
    .execute(params![day, why.word()])?;
    Ok(())
}

impl StoreWriter {
    /// Closes the next piece; returns whether there is more to do. After a failure it waits for
    /// `RETRY_MS`.
    pub(in crate::storage) fn close_due_days(&mut self, now: UtcMs, limit: LocalDay) -> bool {
        if now.0 < self.closing.not_before {
            return false;
        }
        self.close_step(now, limit)
            .map(|left| left > 0)
            .unwrap_or_else(|fault| {
                tracing::warn!(%fault, "a day could not be closed; tried again");
                // A full disk would otherwise be tried again at every flush.
                self.closing.not_before = now.0 + CLOSE_RETRY_MS;
                false
            })
    }

    /// Closes the next piece for a caller that waits; returns the number of days left.
    pub(super) fn settle(&mut self) -> Result<u64, StoreError> {
        self.flush()?;
        let now = self.clock.now();
        // A read-only command writes no record.
        if self.access == StoreAccess::Read {
            return Ok(0);
        }
        let Some(limit) = self.closing_limit(now) else {
            return Ok(0);
        };
        let closed = self.close_step(now.at, limit);
        closed.map_err(|fault| disk_error("closing days", &fault))
    }

    /// Returns the number of closed days that need a record.
    pub(super) fn count_due_days(&mut self) -> Result<u64, rusqlite::Error> {
        let Some(limit) = self.closing_limit(self.clock.now()) else {
            return Ok(0);
        };
        let late = |key: crate::storage::memtable::ColumnKey| key.boot == 0 && key.day <= limit;
        let unsealed = u64::from(self.memtable.keys().any(late));
        Ok(self.count_remaining_days(limit)?.max(unsealed))
    }

    /// Does one piece: seals, merges or hashes; returns the number of days left.
    fn close_step(&mut self, now: UtcMs, limit: LocalDay) -> Result<u64, rusqlite::Error> {
        let late = |key: crate::storage::memtable::ColumnKey| key.boot == 0 && key.day <= limit;
        // A late reading in memory belongs to a day that is over: it is sealed before that day is
        // hashed.
        if self.memtable.keys().any(late) {
            self.seal_parts()?;
        }
        // The usual case, asked at every flush, needs no query.
        if self.closing.done == Some(limit) && self.find_unmerged_part(limit).is_none() {
            return Ok(0);
        }
        if !self.merge_next_group(limit)? {
            self.hash_next_points(limit, now)?;
        }
        let left = self.count_remaining_days(limit)?;
        self.closing.done = (left == 0).then_some(limit);
        Ok(left)
    }

    /// Hashes samples of the day in progress, at most about `EVIDENCE_SAMPLES_MAX`.
    fn hash_next_points(&mut self, limit: LocalDay, now: UtcMs) -> Result<(), rusqlite::Error> {
        let mut work = match self.closing.work.take() {
            Some(work) => work,
            None => match self.next_due_day(limit)? {
                Some((day, reasons)) => self.start_closing(day, reasons)?,
                None => return Ok(()),
            },
        };
        let mut room = EVIDENCE_SAMPLES_MAX;
        while room > 0
            && let Some(point) = work.left.pop_front()
        {
            let samples = self.samples(point.key, work.day, false)?;
            let count = samples.len() as u64;
            if count > 0 {
                work.lines.push(SampleDigestLine {
                    point: point.name.to_string(),
                    count,
                    sha256: hash_samples(&samples),
                    unit: point.unit,
                });
            }
            room = room.saturating_sub(count);
        }
        if work.left.is_empty() {
            return self.write_day_record(work, now);
        }
        self.closing.work = Some(work);
        Ok(())
    }

    /// Starts a day: lists its points.
    fn start_closing(
        &self,
        day: LocalDay,
        reasons: Vec<RecordReason>,
    ) -> Result<DayInProgress, rusqlite::Error> {
        Ok(DayInProgress {
            day,
            reasons,
            left: record_sources::points_with_samples(&self.db, &self.memtable, day)?
                .into_values()
                .collect(),
            lines: Vec::new(),
        })
    }

    /// Writes the record of a day, unless its samples are those of the last record.
    fn write_day_record(&mut self, work: DayInProgress, now: UtcMs) -> Result<(), rusqlite::Error> {
        let day = work.day;
        let (from, to) = (
            self.calendar.day_start(day),
            self.calendar.day_start(day + 1),
        );
        let transaction = self.db.transaction()?;
        let old = record_sources::newest_digest(&transaction, day, day)?;
        let said: Option<DayRecord> = old.as_ref().and_then(|old| old.record.parse().ok());
        // In one transaction with the record: after a power cut there is either the mark or the
        // record.
        transaction.execute("DELETE FROM digest_due WHERE day = ?", [day])?;
        // An import of samples that are stored already changes nothing.
        if said.as_ref().is_some_and(|said| said.samples == work.lines) {
            return transaction.commit();
        }
        let head = record_sources::chain_head(&transaction)?;
        let mut record = DayRecord {
            number: head.as_ref().map_or(1, |head| head.number + 1),
            before: head.map_or(DayRecord::NO_PREVIOUS_DIGEST.to_owned(), |head| head.sha256),
            site: self.closing.site.to_string(),
            zone: self.closing.zone.to_string(),
            day: date(day),
            from,
            to,
            revision: old.map_or(1, |old| old.revision + 1),
            reasons: work.reasons,
            made: now,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            samples: work.lines,
            rows: Vec::new(),
            configuration: Vec::new(),
            factors: Vec::new(),
            calibrations: Vec::new(),
        };
        match said {
            // A further record repeats what the first one covers besides samples.
            Some(said) => {
                record.rows = said.rows;
                record.configuration = said.configuration;
                record.factors = said.factors;
                record.calibrations = said.calibrations;
            }
            None => add_rows_and_revisions(&transaction, &mut record)?,
        }
        insert_record(&transaction, day, &record)?;
        transaction.commit()?;
        tracing::info!(day = %record.day, revision = record.revision, "the day has its record");
        Ok(())
    }

    /// Returns the next day that needs a record, and the reasons.
    fn next_due_day(
        &mut self,
        limit: LocalDay,
    ) -> Result<Option<(LocalDay, Vec<RecordReason>)>, rusqlite::Error> {
        // Only days that are over, even when a clock that was ahead has closed later ones.
        let due: Option<LocalDay> = self
            .db
            .prepare("SELECT min(day) FROM digest_due WHERE day <= ?")?
            .query_row([limit], |row| row.get(0))?;
        if let Some(day) = due {
            let mut words = self
                .db
                .prepare("SELECT why FROM digest_due WHERE day = ? ORDER BY why")?;
            let mut words = words.query([day])?;
            let mut reasons = Vec::new();
            while let Some(row) = words.next()? {
                reasons.extend(RecordReason::parse(
                    row.get_ref(0)?.as_str().unwrap_or_default(),
                ));
            }
            return Ok(Some((day, reasons)));
        }
        let day = self.next_day_in_order(limit)?;
        Ok(day.map(|day| (day, vec![RecordReason::Closed])))
    }

    /// Returns the day after the last one with a record. An empty day has a record too, unless the
    /// gap is so long that only a wrong clock can have made it.
    fn next_day_in_order(&mut self, limit: LocalDay) -> Result<Option<LocalDay>, rusqlite::Error> {
        let through = record_sources::last_closed_day(&self.db)?;
        let gone = if self.raw_deleted_before == 0 {
            FIRST_DAY
        } else {
            self.raw_deleted_before
        };
        let from = through.map_or(FIRST_DAY, |day| day + 1).max(gone);
        if from > limit {
            return Ok(None);
        }
        let next = self.first_day_with_data(from)?;
        // Without the leap a clock that was once decades off would make thousands of empty records.
        let leap = match next {
            Some(day) => through.is_none() || day - from > EVIDENCE_GAP_DAYS_MAX,
            None => through.is_none() || limit - from > EVIDENCE_GAP_DAYS_MAX,
        };
        let day = if leap { next } else { Some(from) };
        Ok(day.filter(|day| *day <= limit))
    }

    /// Returns the first day from `from` on that has samples, ledger entries or a configuration
    /// revision.
    fn first_day_with_data(&mut self, from: LocalDay) -> Result<Option<LocalDay>, rusqlite::Error> {
        // Imported samples may be older than this program; what it has recorded itself may not, so
        // such a time is that of a clock that was not set.
        let start = self.calendar.day_start(from).0.max(EARLIEST_TIME_MS);
        let day: Option<LocalDay> = self.db.query_row(
            "SELECT min(day) FROM pack WHERE day >= ? AND boot = 0 AND content IN (0, 1)",
            [from],
            |row| row.get(0),
        )?;
        let said: Option<i64> = self.db.query_row(
            "SELECT min(at) FROM (SELECT min(recorded_at) AS at FROM ledger WHERE recorded_at >= ?1
               UNION ALL SELECT min(since) FROM revision WHERE since >= ?1)",
            [start],
            |row| row.get(0),
        )?;
        let said = said.map(|at| self.calendar.day(UtcMs(at)));
        Ok(day.into_iter().chain(said).min())
    }

    /// Returns the number of days without a record; 0 when all days that are over have theirs.
    fn count_remaining_days(&mut self, limit: LocalDay) -> Result<u64, rusqlite::Error> {
        let parts = self.find_unmerged_part(limit).is_some();
        if self.closing.work.is_none() && !parts && self.next_due_day(limit)?.is_none() {
            return Ok(0);
        }
        let due = "SELECT count(DISTINCT day) FROM digest_due WHERE day <= ?";
        let due: i64 = self.db.query_row(due, [limit], |row| row.get(0))?;
        let in_turn = match (
            record_sources::last_closed_day(&self.db)?,
            self.next_day_in_order(limit)?,
        ) {
            (_, None) => 0,
            (_, Some(day)) => i64::from(limit - day) + 1,
        };
        Ok((due + in_turn).max(1).cast_unsigned())
    }
}

/// Adds the rows and revisions that no record covers yet.
fn add_rows_and_revisions(db: &Connection, record: &mut DayRecord) -> Result<(), rusqlite::Error> {
    let in_turn = record.reasons.contains(&RecordReason::Closed);
    // A day that is closed out of order covers no later row.
    let to = if in_turn { record.to } else { UtcMs(i64::MIN) };
    let named = unrecorded_lines::last_named_revisions(db)?;
    let lines = |kind| record_sources::revision_lines_until(db, kind, named.of(kind), to);
    record.configuration = lines(RevisionKind::Configuration)?;
    record.factors = lines(RevisionKind::Factors)?;
    record.calibrations = lines(RevisionKind::Calibrations)?;
    for table in RecordedTable::ALL {
        if let Some(range) = row_lines::unrecorded_rows(db, table, to)? {
            row_lines::mark_recorded(db, &range)?;
            record.rows.push(range);
        }
    }
    Ok(())
}

/// Inserts a record into the chain.
fn insert_record(
    db: &Connection,
    day: LocalDay,
    record: &DayRecord,
) -> Result<(), rusqlite::Error> {
    let digest = record.to_digest();
    db.execute(
        "INSERT INTO digest(number, day, revision, sha256, record) VALUES (?, ?, ?, ?, ?)",
        params![
            digest.number.cast_signed(),
            day,
            digest.revision,
            digest.sha256,
            digest.record
        ],
    )?;
    Ok(())
}
