//! Durable position of each sink; the journal is kept from the lowest cursor on.
//!
//! A sink that is removed from the configuration is retired: its position is stored, but no journal
//! is kept for it. When it is configured again it continues from there, as far as the journal still
//! reaches.

use super::audit::append_audit;
use super::delivery_lanes::DeliveryLanes;
use super::meta_table::{read_meta, write_meta};
use super::schema::disk_error;
use super::store_error::StoreError;
use super::store_identity::StoreNumbering;
use super::writer::StoreWriter;
use crate::domain::{ReadingSeq, UtcMs};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// Key prefix in `meta`: position of a retired sink.
const RETIRED_PREFIX: &str = "retired:";
/// Key prefix in `meta`: time of the newest reading when a sink was retired.
const LEFT_AT_PREFIX: &str = "left_at:";
/// Key prefix in `meta`: time of the last move of a cursor.
const MOVED_PREFIX: &str = "moved:";

/// By sink: what is delivered, and time of the last move, ms since 1970.
pub(super) type SinkCursors = (BTreeMap<String, DeliveryLanes>, BTreeMap<String, i64>);

impl StoreWriter {
    /// Returns the position of a sink and registers it; `None` for a new sink.
    pub(super) fn sink_lanes(&mut self, sink: String) -> Result<Option<DeliveryLanes>, StoreError> {
        if let Some(lanes) = self.cursors.get(&sink) {
            return Ok(Some(lanes.clone()));
        }
        let (from, left) = self
            .register_sink(&sink)
            .map_err(|fault| disk_error("keeping a cursor", &fault))?;
        self.health.retired.retain(|name| *name != sink);
        self.cursors.insert(sink, DeliveryLanes::at(from));
        Ok(left.map(|_| DeliveryLanes::at(from)))
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
            let skipped = StoreNumbering::read(&transaction)?.count_between(left, from);
            let left_key = format!("{LEFT_AT_PREFIX}{sink}");
            let left_at = read_meta(&transaction, &left_key)?.map(UtcMs);
            let back = self.latest.newest_dated();
            transaction.execute("DELETE FROM meta WHERE key IN (?, ?)", [key, left_key])?;
            let skipped = match (skipped, left_at.zip(back)) {
                (0, _) => "nothing was skipped".to_owned(),
                (count, None) => format!("{count} readings in between are not sent to it"),
                (count, Some((from, to))) => {
                    let [from, to] = [from, to].map(|at| self.calendar.date_of(at));
                    format!("{count} readings of {from} to {to} are not sent to it")
                }
            };
            let what = format!("{sink} is back: left at {left}, goes on after {from}; {skipped}");
            tracing::info!("sink {what}");
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
        let Some(seq) = self.cursors.get(sink).map(DeliveryLanes::cursor) else {
            return Ok(());
        };
        let transaction = self.db.transaction()?;
        write_meta(
            &transaction,
            &format!("{RETIRED_PREFIX}{sink}"),
            seq.cast_signed(),
        )?;
        if let Some(newest) = self.latest.newest_dated() {
            write_meta(&transaction, &format!("{LEFT_AT_PREFIX}{sink}"), newest.0)?;
        }
        // A cursor that stays would keep the journal for a sink that never comes back.
        transaction.execute("DELETE FROM cursor WHERE sink = ?", [sink])?;
        transaction.execute("DELETE FROM sink_lane WHERE sink = ?", [sink])?;
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

    /// Moves a position forward; one with a lower cursor is ignored.
    pub(super) fn advance_lanes(&mut self, sink: String, to: DeliveryLanes) {
        let at = self.cursors.entry(sink.clone()).or_default();
        if to.cursor() >= at.cursor() && to != *at {
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
    (cursors, moved_at): (&BTreeMap<String, DeliveryLanes>, &BTreeMap<String, i64>),
) -> Result<(), rusqlite::Error> {
    for sink in moved {
        if let Some(lanes) = cursors.get(sink) {
            upsert_cursor(db, sink, lanes.cursor())?;
            write_lanes(db, sink, lanes)?;
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

/// Writes the lanes of a sink; a sink without a backlog has none.
fn write_lanes(db: &Connection, sink: &str, lanes: &DeliveryLanes) -> Result<(), rusqlite::Error> {
    db.prepare_cached("DELETE FROM sink_lane WHERE sink = ?")?
        .execute([sink])?;
    for (after, until) in lanes.to_rows() {
        db.prepare_cached("INSERT INTO sink_lane(sink, after, until) VALUES (?, ?, ?)")?
            .execute(params![sink, after, until])?;
    }
    Ok(())
}

/// Returns the position of a sink with this cursor.
fn read_lanes(
    db: &Connection,
    sink: &str,
    cursor: ReadingSeq,
) -> Result<DeliveryLanes, rusqlite::Error> {
    let find = "SELECT after, until FROM sink_lane WHERE sink = ? ORDER BY after";
    let mut rows = db.prepare_cached(find)?;
    let rows = rows.query_map([sink], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, i64)> = rows.collect::<Result<_, _>>()?;
    Ok(DeliveryLanes::from_rows(cursor, &rows))
}

/// Returns all positions, and the times of their last moves where known.
pub(super) fn read_cursors(db: &Connection) -> Result<SinkCursors, rusqlite::Error> {
    let mut rows = db.prepare("SELECT sink, seq FROM cursor")?;
    let mut rows = rows.query([])?;
    let (mut cursors, mut moved_at) = (BTreeMap::new(), BTreeMap::new());
    while let Some(row) = rows.next()? {
        let sink: String = row.get(0)?;
        if let Some(moved) = read_meta(db, &format!("{MOVED_PREFIX}{sink}"))? {
            moved_at.insert(sink.clone(), moved);
        }
        let lanes = read_lanes(db, &sink, row.get::<_, i64>(1)?.cast_unsigned())?;
        cursors.insert(sink, lanes);
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
