//! Durable cursor of each sink; the journal is kept from the lowest cursor on.
//!
//! A sink that is removed from the configuration is retired: its position is stored, but no journal
//! is kept for it. When it is configured again it continues from there, as far as the journal still
//! reaches.

use super::audit::append_audit;
use super::meta_table::{read_meta, write_meta};
use super::schema::disk_error;
use super::store_error::StoreError;
use super::writer::StoreWriter;
use crate::domain::{ReadingSeq, UtcMs};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// Key prefix in `meta`: position of a retired sink.
const RETIRED_PREFIX: &str = "retired:";
/// Key prefix in `meta`: time of the last move of a cursor.
const MOVED_PREFIX: &str = "moved:";

/// By sink: delivered `seq`, and time of the last move, ms since 1970.
pub(super) type SinkCursors = (BTreeMap<String, ReadingSeq>, BTreeMap<String, i64>);

impl StoreWriter {
    /// Returns the cursor of a sink and registers it; `None` for a new sink.
    pub(super) fn sink_cursor(&mut self, sink: String) -> Result<Option<ReadingSeq>, StoreError> {
        if let Some(seq) = self.cursors.get(&sink) {
            return Ok(Some(*seq));
        }
        let (from, left) = self
            .register_sink(&sink)
            .map_err(|fault| disk_error("keeping a cursor", &fault))?;
        self.health.retired.retain(|name| *name != sink);
        self.cursors.insert(sink, from);
        Ok(left.map(|_| from))
    }

    /// Stores the start of a sink; returns it with the old position when the sink was retired.
    fn register_sink(
        &mut self,
        sink: &str,
    ) -> Result<(ReadingSeq, Option<ReadingSeq>), rusqlite::Error> {
        let now = self.clock.now().at;
        let first = "SELECT min(first) FROM journal";
        let first: Option<i64> = self.db.query_row(first, [], |row| row.get(0))?;
        // A new sink starts with what is still in the journal.
        let before = first.map_or(self.durable, |first| first.cast_unsigned() - 1);
        let key = format!("{RETIRED_PREFIX}{sink}");
        let left = read_meta(&self.db, &key)?.map(i64::cast_unsigned);
        // Not before its old position: what was delivered is not sent again.
        let from = left.map_or(before, |left| left.max(before));
        let transaction = self.db.transaction()?;
        upsert_cursor(&transaction, sink, from)?;
        if let Some(left) = left {
            transaction.execute("DELETE FROM meta WHERE key = ?", [key])?;
            let what = format!("{sink} is back: left at {left}, goes on after {from}");
            tracing::info!(sink, left, from, "the sink is configured again");
            append_audit(&transaction, now, "sink", &what)?;
        }
        transaction.commit()?;
        Ok((from, left))
    }

    /// Retires every sink that is not in the list.
    pub(super) fn set_configured_sinks(&mut self, names: &[&str]) -> Result<(), StoreError> {
        let gone = |sink: &&String| !names.contains(&sink.as_str());
        let retired: Vec<String> = self.cursors.keys().filter(gone).cloned().collect();
        for sink in retired {
            self.retire_sink(&sink)
                .map_err(|fault| disk_error("retiring a sink", &fault))?;
        }
        self.health.retired =
            retired_sinks(&self.db).map_err(|fault| disk_error("reading cursors", &fault))?;
        self.publish_health();
        Ok(())
    }

    /// Stores the position of a sink and deletes its cursor.
    fn retire_sink(&mut self, sink: &str) -> Result<(), rusqlite::Error> {
        let Some(seq) = self.cursors.get(sink).copied() else {
            return Ok(());
        };
        let transaction = self.db.transaction()?;
        write_meta(
            &transaction,
            &format!("{RETIRED_PREFIX}{sink}"),
            seq.cast_signed(),
        )?;
        // A cursor that stays would keep the journal for a sink that never comes back.
        transaction.execute("DELETE FROM cursor WHERE sink = ?", [sink])?;
        let moved = format!("{MOVED_PREFIX}{sink}");
        transaction.execute("DELETE FROM meta WHERE key = ?", [moved])?;
        let what = format!("{sink} is no longer configured: left at {seq}, nothing is kept for it");
        append_audit(&transaction, self.clock.now().at, "sink", &what)?;
        transaction.commit()?;
        tracing::warn!(
            sink,
            left_at = seq,
            "the sink is no longer configured: the journal is not kept for it any more"
        );
        self.cursors.remove(sink);
        self.moved_cursors.remove(sink);
        self.moved_at.remove(sink);
        Ok(())
    }

    /// Stamps cursors without a time of their last move.
    pub(super) fn stamp_idle_cursors(&mut self, now: UtcMs) -> Result<(), rusqlite::Error> {
        // A sink that has not moved since the clock became trusted counts as idle from now on, not
        // since 1970.
        for sink in self.cursors.keys() {
            if !self.moved_at.contains_key(sink) {
                write_meta(&self.db, &format!("{MOVED_PREFIX}{sink}"), now.0)?;
                self.moved_at.insert(sink.clone(), now.0);
            }
        }
        Ok(())
    }

    /// Moves a cursor forward; a lower position is ignored.
    pub(super) fn advance_cursor(&mut self, sink: String, to: ReadingSeq) {
        let at = self.cursors.entry(sink.clone()).or_default();
        if to > *at {
            *at = to;
            let now = self.clock.now();
            // An untrusted time could make a live sink look dead for days.
            if now.trusted {
                self.moved_at.insert(sink.clone(), now.at.0);
            }
            self.moved_cursors.insert(sink);
            self.schedule_flush();
        }
    }
}

/// Within a transaction: stores the position and time of moved cursors.
pub(super) fn write_cursors<'s>(
    db: &Connection,
    moved: impl Iterator<Item = &'s String>,
    (cursors, moved_at): (&BTreeMap<String, ReadingSeq>, &BTreeMap<String, i64>),
) -> Result<(), rusqlite::Error> {
    for sink in moved {
        if let Some(seq) = cursors.get(sink) {
            upsert_cursor(db, sink, *seq)?;
        }
        if let Some(at) = moved_at.get(sink) {
            write_meta(db, &format!("{MOVED_PREFIX}{sink}"), *at)?;
        }
    }
    Ok(())
}

fn upsert_cursor(db: &Connection, sink: &str, seq: ReadingSeq) -> Result<(), rusqlite::Error> {
    let put =
        "INSERT INTO cursor(sink, seq) VALUES (?1, ?2) ON CONFLICT(sink) DO UPDATE SET seq = ?2";
    db.prepare_cached(put)?
        .execute(params![sink, seq.cast_signed()])?;
    Ok(())
}

/// Returns all cursors, and the times of their last moves where known.
pub(super) fn read_cursors(db: &Connection) -> Result<SinkCursors, rusqlite::Error> {
    let mut rows = db.prepare("SELECT sink, seq FROM cursor")?;
    let mut rows = rows.query([])?;
    let (mut cursors, mut moved_at) = (BTreeMap::new(), BTreeMap::new());
    while let Some(row) = rows.next()? {
        let sink: String = row.get(0)?;
        if let Some(moved) = read_meta(db, &format!("{MOVED_PREFIX}{sink}"))? {
            moved_at.insert(sink.clone(), moved);
        }
        cursors.insert(sink, row.get::<_, i64>(1)?.cast_unsigned());
    }
    Ok((cursors, moved_at))
}

fn retired_sinks(db: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    let find = "SELECT substr(key, length(?1) + 1) FROM meta
        WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key";
    let mut rows = db.prepare_cached(find)?;
    rows.query_map([RETIRED_PREFIX], |row| row.get(0))?
        .collect()
}
