//! Journal reading for sinks, and the readings that their receivers rejected.

use super::journal_codec;
use super::schema::{disk_error, sql_int};
use super::store_error::StoreError;
use super::store_values::RefusedReading;
use super::writer::StoreWriter;
use crate::domain::{NumberedReading, ReadingSeq, UtcMs};
use crate::limits::{REFUSED_BYTES_MAX, REFUSED_KEPT_MAX};
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::Arc;

impl StoreWriter {
    /// Reads durable readings after `after`, at most `max`, from disk.
    pub(super) fn journal_after(
        &self,
        after: ReadingSeq,
        max: usize,
    ) -> Result<Vec<Arc<NumberedReading>>, StoreError> {
        if after >= self.durable {
            return Ok(Vec::new());
        }
        self.read_journal_rows(after, max)
            .map_err(|fault| disk_error("reading the journal", &fault))
    }

    /// Reads the journal rows from the one that contains the first wanted number.
    fn read_journal_rows(
        &self,
        after: ReadingSeq,
        max: usize,
    ) -> Result<Vec<Arc<NumberedReading>>, rusqlite::Error> {
        let wanted = after.saturating_add(1).cast_signed();
        let mut rows = self.db.prepare_cached(
            "SELECT first, n, crc, body FROM journal WHERE first >= coalesce(
               (SELECT max(first) FROM journal WHERE first <= ?1), 0) ORDER BY first",
        )?;
        let mut rows = rows.query([wanted])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let first = row.get::<_, i64>(0)?.cast_unsigned();
            let body = row.get_ref(3)?.as_blob().unwrap_or_default();
            // A garbled row is skipped; the start of the gateway sets it aside.
            if crc32fast::hash(body) != row.get::<_, u32>(2)? {
                continue;
            }
            let kept =
                journal_codec::decode_row(body, row.get(1)?, &self.names).unwrap_or_default();
            for (kept, seq) in kept.into_iter().zip(first..) {
                if found.len() == max {
                    return Ok(found);
                }
                if seq > after {
                    found.extend(journal_codec::to_numbered(seq, kept, &self.names));
                }
            }
        }
        Ok(found)
    }

    /// Queues a rejection for the next flush.
    pub(super) fn record_refusal(&mut self, mut refusal: RefusedReading) {
        truncate_text(&mut refusal.why);
        truncate_text(&mut refusal.what);
        self.refusals.push(refusal);
        // More rejections than are stored need no memory: the flush writes and thins them.
        if self.refusals.len() > REFUSED_KEPT_MAX {
            drop(self.flush());
        }
        self.schedule_flush();
    }

    /// Returns the number of rejected readings of a sink, and the latest of them, newest first.
    pub(super) fn refusals_of_sink(
        &self,
        sink: &str,
    ) -> Result<(u64, Vec<RefusedReading>), StoreError> {
        let read = || -> Result<_, rusqlite::Error> {
            let count = self
                .db
                .query_row(
                    "SELECT n FROM refused_count WHERE sink = ?",
                    [sink],
                    |row| row.get::<_, i64>(0),
                )
                .optional()?
                .unwrap_or(0);
            let mut rows = self.db.prepare_cached(
                "SELECT seq, at, why, what FROM refused WHERE sink = ? ORDER BY id DESC",
            )?;
            let kept = rows.query_map([sink], |row| {
                Ok(RefusedReading {
                    sink: sink.to_owned(),
                    seq: row.get::<_, i64>(0)?.cast_unsigned(),
                    at: UtcMs(row.get(1)?),
                    why: row.get(2)?,
                    what: row.get(3)?,
                })
            })?;
            Ok((count.cast_unsigned(), kept.collect::<Result<Vec<_>, _>>()?))
        };
        let (count, kept) = read().map_err(|fault| disk_error("reading refusals", &fault))?;
        // Rejections that wait for the next flush count as well.
        let waiting = self.refusals.iter().rev().filter(|one| one.sink == sink);
        let mut all: Vec<_> = waiting.cloned().collect();
        let count = count + all.len() as u64;
        all.extend(kept);
        all.truncate(REFUSED_KEPT_MAX);
        Ok((count, all))
    }
}

/// Within a transaction: stores and counts rejections, and deletes the oldest over
/// `REFUSED_KEPT_MAX` a sink.
pub(super) fn insert_refusals(
    db: &Connection,
    refusals: &[RefusedReading],
) -> Result<(), rusqlite::Error> {
    for one in refusals {
        db.execute(
            "INSERT INTO refused(sink, seq, at, why, what) VALUES (?, ?, ?, ?, ?)",
            params![one.sink, one.seq.cast_signed(), one.at.0, one.why, one.what],
        )?;
        db.execute(
            "INSERT INTO refused_count(sink, n) VALUES (?, 1)
             ON CONFLICT(sink) DO UPDATE SET n = n + 1",
            [&one.sink],
        )?;
        db.execute(
            "DELETE FROM refused WHERE id = (SELECT id FROM refused WHERE sink = ?1
             ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            params![one.sink, sql_int(REFUSED_KEPT_MAX)],
        )?;
    }
    Ok(())
}

/// Cuts a text to `REFUSED_BYTES_MAX` at a character boundary.
fn truncate_text(text: &mut String) {
    if text.len() > REFUSED_BYTES_MAX {
        text.truncate(text.floor_char_boundary(REFUSED_BYTES_MAX));
    }
}
