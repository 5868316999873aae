//! What sinks need: readings in order, and what their far sides refused.

use super::fault::StoreError;
use super::handle::Refusal;
use super::journal;
use super::keeper::Keeper;
use super::schema::{disk, int};
use crate::limits::{REFUSED_BYTES_MAX, REFUSED_KEPT_MAX, RING_OUTCOMES_MAX};
use crate::model::{Numbered, Seq, UtcMs};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The latest durable readings, so that a sink that keeps up reads no disk and waits for no thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ring(Arc<Mutex<Latest>>);

#[derive(Debug, Default)]
struct Latest {
    readings: VecDeque<Arc<Numbered>>,
    outcomes: usize,
}

impl Ring {
    pub(super) fn extend(&self, readings: impl Iterator<Item = Arc<Numbered>>) {
        let mut latest = self.lock();
        readings.for_each(|one| latest.push(one));
    }

    /// Forgets everything; the disk knows it.
    pub(super) fn clear(&self) {
        *self.lock() = Latest::default();
    }

    /// Readings after `after`, when everything from there on is in here.
    pub(super) fn after(&self, after: Seq, max: usize) -> Option<Vec<Arc<Numbered>>> {
        self.lock().after(after, max)
    }

    fn lock(&self) -> MutexGuard<'_, Latest> {
        // A list of readings is whole after each step, whoever fails in between.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Latest {
    fn push(&mut self, numbered: Arc<Numbered>) {
        self.outcomes += numbered.reading.outcomes.len();
        self.readings.push_back(numbered);
        while self.outcomes > RING_OUTCOMES_MAX
            && let Some(old) = self.readings.pop_front()
        {
            self.outcomes -= old.reading.outcomes.len();
        }
    }

    fn after(&self, after: Seq, max: usize) -> Option<Vec<Arc<Numbered>>> {
        let first = self.readings.front()?.seq;
        if after + 1 < first {
            return None;
        }
        let start = self.readings.partition_point(|one| one.seq <= after);
        Some(self.readings.range(start..).take(max).cloned().collect())
    }
}

impl Keeper {
    /// Durable readings after `after`, at most `max`, that the ring no longer has.
    pub(super) fn journal_after(
        &self,
        after: Seq,
        max: usize,
    ) -> Result<Vec<Arc<Numbered>>, StoreError> {
        if after >= self.durable {
            return Ok(Vec::new());
        }
        self.journal_on_disk(after, max)
            .map_err(|fault| disk("reading the journal", &fault))
    }

    fn journal_on_disk(
        &self,
        after: Seq,
        max: usize,
    ) -> Result<Vec<Arc<Numbered>>, rusqlite::Error> {
        let wanted = after.saturating_add(1).cast_signed();
        let mut rows = self.db.prepare(
            "SELECT first, n, crc, body FROM journal WHERE first >= coalesce(
               (SELECT max(first) FROM journal WHERE first <= ?1), 0) ORDER BY first",
        )?;
        let mut rows = rows.query([wanted])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let first = row.get::<_, i64>(0)?.cast_unsigned();
            let body = row.get_ref(3)?.as_blob().unwrap_or_default();
            if crc32fast::hash(body) != row.get::<_, u32>(2)? {
                continue;
            }
            let kept = journal::read(body, row.get(1)?, &self.names).unwrap_or_default();
            for (kept, seq) in kept.into_iter().zip(first..) {
                if found.len() == max {
                    return Ok(found);
                }
                if seq > after {
                    found.extend(journal::numbered(seq, kept, &self.names));
                }
            }
        }
        Ok(found)
    }

    /// Keeps a refusal with the next flush.
    pub(super) fn refuse(&mut self, mut refusal: Refusal) {
        cut(&mut refusal.why);
        cut(&mut refusal.what);
        self.refusals.push(refusal);
        // More than are kept need not wait in memory.
        if self.refusals.len() > REFUSED_KEPT_MAX {
            drop(self.flush());
        }
        self.make_due();
    }

    /// How many were refused, and the latest in full, newest first.
    pub(super) fn refused(&self, sink: &str) -> Result<(u64, Vec<Refusal>), StoreError> {
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
            let mut rows = self.db.prepare(
                "SELECT seq, at, why, what FROM refused WHERE sink = ? ORDER BY id DESC",
            )?;
            let kept = rows.query_map([sink], |row| {
                Ok(Refusal {
                    sink: sink.to_owned(),
                    seq: row.get::<_, i64>(0)?.cast_unsigned(),
                    at: UtcMs(row.get(1)?),
                    why: row.get(2)?,
                    what: row.get(3)?,
                })
            })?;
            Ok((count.cast_unsigned(), kept.collect::<Result<Vec<_>, _>>()?))
        };
        let (count, kept) = read().map_err(|fault| disk("reading refusals", &fault))?;
        let waiting = self.refusals.iter().rev().filter(|one| one.sink == sink);
        let mut all: Vec<_> = waiting.cloned().collect();
        let count = count + all.len() as u64;
        all.extend(kept);
        all.truncate(REFUSED_KEPT_MAX);
        Ok((count, all))
    }
}

/// Within a transaction: keeps refusals, counts them, and lets the oldest go.
pub(super) fn write_refusals(db: &Connection, refusals: &[Refusal]) -> Result<(), rusqlite::Error> {
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
            params![one.sink, int(REFUSED_KEPT_MAX)],
        )?;
    }
    Ok(())
}

fn cut(text: &mut String) {
    if text.len() > REFUSED_BYTES_MAX {
        text.truncate(text.floor_char_boundary(REFUSED_BYTES_MAX));
    }
}
