//! How far each sink has come: a durable cursor each, for which the journal is kept.
//!
//! A sink that is taken out of the configuration is retired: its place is written down, but nothing
//! is kept for it any more. When it comes back it goes on from there, as far as the journal still
//! reaches.

use super::audit::note;
use super::fault::StoreError;
use super::keeper::Keeper;
use super::schema::disk;
use super::start::{meta, set_meta};
use crate::model::{Seq, UtcMs};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// Begins the name under which the place of a retired sink is kept.
const RETIRED: &str = "retired:";
/// Begins the name under which the moment is kept at which a cursor moved last.
const MOVED: &str = "moved:";

/// By sink: up to which number it has come, and when it moved last, milliseconds since 1970.
pub(super) type Cursors = (BTreeMap<String, Seq>, BTreeMap<String, i64>);

impl Keeper {
    /// The sink's cursor; asking makes the sink known.
    pub(super) fn cursor(&mut self, sink: String) -> Result<Option<Seq>, StoreError> {
        if let Some(seq) = self.cursors.get(&sink) {
            return Ok(Some(*seq));
        }
        let (from, left) = self
            .begin_sink(&sink)
            .map_err(|fault| disk("keeping a cursor", &fault))?;
        self.health.retired.retain(|name| *name != sink);
        self.cursors.insert(sink, from);
        Ok(left.map(|_| from))
    }

    /// Where a new sink begins, and where it was left when it is a retired one.
    fn begin_sink(&mut self, sink: &str) -> Result<(Seq, Option<Seq>), rusqlite::Error> {
        let now = self.clock.now().at;
        let first = "SELECT min(first) FROM journal";
        let first: Option<i64> = self.db.query_row(first, [], |row| row.get(0))?;
        // A new sink begins with what is still in the journal.
        let before = first.map_or(self.durable, |first| first.cast_unsigned() - 1);
        let key = format!("{RETIRED}{sink}");
        let left = meta(&self.db, &key)?.map(i64::cast_unsigned);
        let from = left.map_or(before, |left| left.max(before));
        let transaction = self.db.transaction()?;
        write_cursor(&transaction, sink, from)?;
        if let Some(left) = left {
            transaction.execute("DELETE FROM meta WHERE key = ?", [key])?;
            let what = format!("{sink} is back: left at {left}, goes on after {from}");
            tracing::info!(sink, left, from, "the sink is configured again");
            note(&transaction, now, "sink", &what)?;
        }
        transaction.commit()?;
        Ok((from, left))
    }

    /// Retires every sink but these: the journal is no longer kept for it.
    pub(super) fn keep_sinks(&mut self, names: &[&str]) -> Result<(), StoreError> {
        let gone = |sink: &&String| !names.contains(&sink.as_str());
        let retired: Vec<String> = self.cursors.keys().filter(gone).cloned().collect();
        for sink in retired {
            self.retire(&sink)
                .map_err(|fault| disk("retiring a sink", &fault))?;
        }
        self.health.retired =
            retired_sinks(&self.db).map_err(|fault| disk("reading cursors", &fault))?;
        self.tell_health();
        Ok(())
    }

    fn retire(&mut self, sink: &str) -> Result<(), rusqlite::Error> {
        let Some(seq) = self.cursors.get(sink).copied() else {
            return Ok(());
        };
        let transaction = self.db.transaction()?;
        set_meta(&transaction, &format!("{RETIRED}{sink}"), seq.cast_signed())?;
        transaction.execute("DELETE FROM cursor WHERE sink = ?", [sink])?;
        let moved = format!("{MOVED}{sink}");
        transaction.execute("DELETE FROM meta WHERE key = ?", [moved])?;
        let what = format!("{sink} is no longer configured: left at {seq}, nothing is kept for it");
        note(&transaction, self.clock.now().at, "sink", &what)?;
        transaction.commit()?;
        tracing::warn!(
            sink,
            left_at = seq,
            "the sink is no longer configured: the journal is not kept for it any more"
        );
        self.cursors.remove(sink);
        self.moved.remove(sink);
        self.moved_at.remove(sink);
        Ok(())
    }

    /// A sink that has not moved since the clock can be believed stands still from now on.
    pub(super) fn date_cursors(&mut self, now: UtcMs) -> Result<(), rusqlite::Error> {
        for sink in self.cursors.keys() {
            if !self.moved_at.contains_key(sink) {
                set_meta(&self.db, &format!("{MOVED}{sink}"), now.0)?;
                self.moved_at.insert(sink.clone(), now.0);
            }
        }
        Ok(())
    }

    /// Moves a cursor forward, never back.
    pub(super) fn move_cursor(&mut self, sink: String, to: Seq) {
        let at = self.cursors.entry(sink.clone()).or_default();
        if to > *at {
            *at = to;
            let now = self.clock.now();
            if now.trusted {
                self.moved_at.insert(sink.clone(), now.at.0);
            }
            self.moved.insert(sink);
            self.make_due();
        }
    }
}

/// Within a transaction: these sinks have come so far.
pub(super) fn write_cursors<'s>(
    db: &Connection,
    moved: impl Iterator<Item = &'s String>,
    (cursors, moved_at): (&BTreeMap<String, Seq>, &BTreeMap<String, i64>),
) -> Result<(), rusqlite::Error> {
    for sink in moved {
        if let Some(seq) = cursors.get(sink) {
            write_cursor(db, sink, *seq)?;
        }
        if let Some(at) = moved_at.get(sink) {
            set_meta(db, &format!("{MOVED}{sink}"), *at)?;
        }
    }
    Ok(())
}

fn write_cursor(db: &Connection, sink: &str, seq: Seq) -> Result<(), rusqlite::Error> {
    db.execute(
        "INSERT INTO cursor(sink, seq) VALUES (?1, ?2) ON CONFLICT(sink) DO UPDATE SET seq = ?2",
        params![sink, seq.cast_signed()],
    )?;
    Ok(())
}

/// All cursors, and when each moved last, where that is known.
pub(super) fn read_cursors(db: &Connection) -> Result<Cursors, rusqlite::Error> {
    let mut rows = db.prepare("SELECT sink, seq FROM cursor")?;
    let mut rows = rows.query([])?;
    let (mut cursors, mut moved_at) = (BTreeMap::new(), BTreeMap::new());
    while let Some(row) = rows.next()? {
        let sink: String = row.get(0)?;
        if let Some(moved) = meta(db, &format!("{MOVED}{sink}"))? {
            moved_at.insert(sink.clone(), moved);
        }
        cursors.insert(sink, row.get::<_, i64>(1)?.cast_unsigned());
    }
    Ok((cursors, moved_at))
}

fn retired_sinks(db: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    let find = "SELECT substr(key, length(?1) + 1) FROM meta
        WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key";
    let mut rows = db.prepare(find)?;
    rows.query_map([RETIRED], |row| row.get(0))?.collect()
}
