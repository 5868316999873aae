//! Dates of the readings that are still in the journal, for sinks that have not read them yet: they
//! get one, or lose it, as the samples do.

use super::journal_codec::{JournalEncoder, JournalReading, decode_row};
use super::key_registry::KeyRegistry;
use super::memtable::BootKey;
use super::schema::sql_int;
use crate::domain::UtcMs;
use rusqlite::{Connection, Params, params};

/// Row of the journal, decoded.
struct JournalRow {
    /// Era of its readings without a date.
    era: BootKey,
    kept: Vec<JournalReading>,
}

/// Gives the undated readings of an era their true time.
pub(super) fn redate_journal(
    db: &Connection,
    names: &KeyRegistry,
    (era, shift_ms): (BootKey, i64),
) -> Result<(), rusqlite::Error> {
    for first in find_rows(db, "boot = ? AND undated > 0", [era])? {
        let Some(mut row) = read_row(db, names, first)? else {
            continue;
        };
        // A row may hold dated readings as well: only the others move.
        for one in row.kept.iter_mut().filter(|one| !one.dated) {
            one.at = UtcMs(one.at.0.saturating_add(shift_ms));
            one.dated = true;
        }
        insert_row(db, first, era, &row.kept)?;
    }
    Ok(())
}

/// Takes the date from the readings of a stretch of time, which become those of an era; they have
/// their time by its clock then.
pub(super) fn undate_journal(
    db: &Connection,
    names: &KeyRegistry,
    (era, (from, to)): (BootKey, (i64, i64)),
    era_time: impl Fn(UtcMs) -> UtcMs,
) -> Result<(), rusqlite::Error> {
    let leaves = |one: &JournalReading| one.dated && (from..=to).contains(&one.at.0);
    for first in find_rows(db, "undated < n", [])? {
        let row = read_row(db, names, first)?;
        let Some(mut row) = row.filter(|row| row.kept.iter().any(leaves)) else {
            continue;
        };
        let era_of = |one: &JournalReading| match (leaves(one), one.dated) {
            (true, _) => era,
            (false, true) => 0,
            (false, false) => row.era,
        };
        let eras: Vec<BootKey> = row.kept.iter().map(era_of).collect();
        for one in row.kept.iter_mut().filter(|one| leaves(one)) {
            (one.at, one.dated) = (era_time(one.at), false);
        }
        // A row has one era: readings of another one, or with a date, get a row of their own.
        let (mut first, mut rest) = (first, &row.kept[..]);
        for alike in eras.chunk_by(|one, other| one == other) {
            let (part, others) = rest.split_at(alike.len());
            insert_row(db, first, alike[0], part)?;
            (first, rest) = (first + sql_int(alike.len()), others);
        }
    }
    Ok(())
}

/// Returns the first numbers of the rows that meet a condition: rows are read one by one, since a
/// journal may hold what a month without the receiver has left.
fn find_rows(
    db: &Connection,
    condition: &str,
    values: impl Params,
) -> Result<Vec<i64>, rusqlite::Error> {
    let mut rows = db.prepare(&format!("SELECT first FROM journal WHERE {condition}"))?;
    rows.query_map(values, |row| row.get(0))?.collect()
}

/// Reads a row; `None` for a garbled one, which stays as it is until a start sets it aside.
fn read_row(
    db: &Connection,
    names: &KeyRegistry,
    first: i64,
) -> Result<Option<JournalRow>, rusqlite::Error> {
    let mut rows = db.prepare_cached("SELECT n, boot, crc, body FROM journal WHERE first = ?")?;
    rows.query_row([first], |row| {
        let body = row.get_ref(3)?.as_blob().unwrap_or_default();
        if crc32fast::hash(body) != row.get::<_, u32>(2)? {
            return Ok(None);
        }
        let (count, era) = (row.get(0)?, row.get(1)?);
        let kept = decode_row(body, count, names);
        Ok(kept.map(|kept| JournalRow { era, kept }))
    })
}

/// Writes readings of one era as a row, in the place of the one that begins with the same number.
fn insert_row(
    db: &Connection,
    first: i64,
    era: BootKey,
    kept: &[JournalReading],
) -> Result<(), rusqlite::Error> {
    let mut writer = JournalEncoder::default();
    for one in kept {
        writer.put(one.layout, one.at, one.mono, one.dated, &one.outcomes);
    }
    let body = writer.finish();
    let undated = kept.iter().filter(|one| !one.dated).count();
    db.prepare_cached(
        "INSERT OR REPLACE INTO journal(first, n, boot, undated, crc, body)
         VALUES (?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        first,
        sql_int(kept.len()),
        era,
        sql_int(undated),
        crc32fast::hash(&body),
        body
    ])?;
    Ok(())
}
