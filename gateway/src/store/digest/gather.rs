//! What a record speaks for, read from the file.

use crate::evidence::{Digest, Hash, Kind, LedgerFile, LedgerLine, TextLine, hash, write_ledger};
use crate::limits::{EVIDENCE_PAGE_MAX, LEDGER_PAGE_MAX};
use crate::model::{Number, UtcMs};
use crate::store::calendar::{Day, date, number};
use crate::store::digest::ask::{Extent, Revision};
use crate::store::keeper::Keeper;
use crate::store::names::PointKey;
use crate::store::pack::pieces;
use crate::store::schema::int;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A point as a record names it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) key: PointKey,
    pub(super) name: Arc<str>,
    pub(super) unit: String,
}

impl Keeper {
    /// Points with dated samples on a local day, by id.
    pub(super) fn points_on(&self, day: Day) -> Result<BTreeMap<Arc<str>, Named>, rusqlite::Error> {
        let mut keys: Vec<PointKey> = self
            .hot
            .keys()
            .filter(|key| key.boot == 0 && key.day == day)
            .map(|key| key.point)
            .collect();
        let mut rows = self
            .db
            .prepare("SELECT parts FROM pack WHERE day = ? AND boot = 0 AND content IN (0, 1)")?;
        let mut rows = rows.query([day])?;
        while let Some(row) = rows.next()? {
            let here = pieces(row.get_ref(0)?.as_blob().unwrap_or_default());
            keys.extend(here.iter().map(|piece| piece.point));
        }
        keys.sort_unstable();
        keys.dedup();
        let mut find = self
            .db
            .prepare("SELECT name, unit FROM point WHERE id = ?")?;
        let mut points = BTreeMap::new();
        for key in keys {
            let named = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?));
            if let Some((name, unit)) = find.query_row([key], named).optional()? {
                let name: Arc<str> = name.into();
                points.insert(Arc::clone(&name), Named { key, name, unit });
            }
        }
        Ok(points)
    }

    pub(super) fn digests_after(&self, after: u64) -> Result<Vec<Digest>, rusqlite::Error> {
        let mut rows = self.db.prepare(
            "SELECT number, day, revision, sha256, record FROM digest WHERE number > ?
             ORDER BY number LIMIT ?",
        )?;
        let values = params![after.cast_signed(), int(EVIDENCE_PAGE_MAX)];
        rows.query_map(values, digest)?.collect()
    }

    pub(super) fn newest_in(
        &self,
        first: Date,
        last: Date,
    ) -> Result<Option<Digest>, rusqlite::Error> {
        newest_in(&self.db, number(first), number(last))
    }

    pub(super) fn ledger_text(&self, first: u64, last: u64) -> Result<String, rusqlite::Error> {
        ledger_text(&self.db, (first, last))
    }

    pub(super) fn revision_after(
        &self,
        kind: Kind,
        after: u64,
    ) -> Result<Option<Revision>, rusqlite::Error> {
        revision_after(&self.db, kind, after)
    }

    pub(super) fn extent(&self) -> Result<Extent, rusqlite::Error> {
        let mut rows = self
            .db
            .prepare("SELECT DISTINCT day FROM pack WHERE content = 0 AND boot = 0 ORDER BY day")?;
        let days = rows.query_map([], |row| row.get(0).map(date))?;
        let mut due = self
            .db
            .prepare("SELECT DISTINCT day FROM digest_due ORDER BY day")?;
        let due = due.query_map([], |row| row.get(0).map(date))?;
        let last: i64 =
            self.db
                .query_row("SELECT coalesce(max(id), 0) FROM ledger", [], |row| {
                    row.get(0)
                })?;
        Ok(Extent {
            gone_before: (self.gone_before != 0).then(|| date(self.gone_before)),
            days: days.collect::<Result<_, _>>()?,
            last_entry: last.cast_unsigned(),
            due: due.collect::<Result<_, _>>()?,
        })
    }
}

fn digest(row: &Row<'_>) -> Result<Digest, rusqlite::Error> {
    Ok(Digest {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        day: date(row.get(1)?),
        revision: row.get(2)?,
        sha256: row.get(3)?,
        record: row.get(4)?,
    })
}

/// The newest record of a day.
pub(super) fn newest_of(db: &Connection, day: Day) -> Result<Option<Digest>, rusqlite::Error> {
    newest_in(db, day, day)
}

fn newest_in(db: &Connection, first: Day, last: Day) -> Result<Option<Digest>, rusqlite::Error> {
    db.query_row(
        "SELECT number, day, revision, sha256, record FROM digest WHERE day BETWEEN ? AND ?
         ORDER BY day DESC, revision DESC LIMIT 1",
        [first, last],
        digest,
    )
    .optional()
}

/// The last record of the chain.
pub(super) fn head(db: &Connection) -> Result<Option<Digest>, rusqlite::Error> {
    db.query_row(
        "SELECT number, day, revision, sha256, record FROM digest ORDER BY number DESC LIMIT 1",
        [],
        digest,
    )
    .optional()
}

/// Lines of the entries with these numbers, at most a page.
fn ledger_text(db: &Connection, (first, last): (u64, u64)) -> Result<String, rusqlite::Error> {
    let mut text = String::new();
    let mut rows = db.prepare(
        "SELECT id, sort, indicator, what, mantissa, places, unit, moment, first, last, known, who,
         note, supersedes, recorded_at, recorded_by FROM ledger WHERE id BETWEEN ? AND ?
         ORDER BY id LIMIT ?",
    )?;
    let page = params![
        first.cast_signed(),
        last.cast_signed(),
        int(LEDGER_PAGE_MAX)
    ];
    let mut rows = rows.query(page)?;
    while let Some(row) = rows.next()? {
        write_ledger(&mut text, &ledger_line(row, db)?);
    }
    Ok(text)
}

/// SHA-256 of the lines of many entries.
pub(super) fn ledger_hash(
    db: &Connection,
    first: u64,
    last: u64,
) -> Result<String, rusqlite::Error> {
    let mut hash = Hash::default();
    let mut from = first;
    while from <= last {
        let until = last.min(from + LEDGER_PAGE_MAX as u64 - 1);
        hash.put(ledger_text(db, (from, until))?.as_bytes());
        from = until + 1;
    }
    Ok(hash.finish())
}

/// The row as it stands, not as it is understood: nothing in it may change unseen.
fn ledger_line(row: &Row<'_>, db: &Connection) -> Result<LedgerLine, rusqlite::Error> {
    let id: i64 = row.get(0)?;
    let (mantissa, places): (Option<i64>, i64) = (row.get(4)?, row.get(5)?);
    let quantity = mantissa.map(|mantissa| match i8::try_from(places) {
        Ok(places) if places >= 0 => Number::Decimal {
            mantissa,
            exponent: -places,
        }
        .to_string(),
        _ => format!("{mantissa}e-{places}"),
    });
    let mut files =
        db.prepare("SELECT name, sha256, bytes FROM ledger_file WHERE entry = ? ORDER BY place")?;
    let file = |row: &Row<'_>| {
        Ok(LedgerFile {
            name: row.get(0)?,
            sha256: row.get(1)?,
            bytes: row.get(2)?,
        })
    };
    Ok(LedgerLine {
        id: id.cast_unsigned(),
        sort: row.get(1)?,
        indicator: row.get(2)?,
        what: row.get(3)?,
        quantity,
        unit: row.get(6)?,
        when: row.get(7)?,
        first: row.get(8)?,
        last: row.get(9)?,
        known: row.get(10)?,
        who: row.get(11)?,
        note: row.get(12)?,
        files: files.query_map([id], file)?.collect::<Result<_, _>>()?,
        supersedes: row.get::<_, Option<i64>>(13)?.map(i64::cast_unsigned),
        recorded_at: UtcMs(row.get(14)?).to_string(),
        recorded_by: row.get(15)?,
    })
}

fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::Configuration => "revision",
        Kind::Factors => "factors",
        Kind::Calibrations => "calibration_text",
    }
}

fn revision_after(
    db: &Connection,
    kind: Kind,
    after: u64,
) -> Result<Option<Revision>, rusqlite::Error> {
    let table = table(kind);
    let find = format!("SELECT id, since, text FROM {table} WHERE id > ? ORDER BY id LIMIT 1");
    let revision = |row: &Row<'_>| {
        Ok(Revision {
            id: row.get::<_, i64>(0)?.cast_unsigned(),
            since: UtcMs(row.get(1)?),
            text: row.get(2)?,
        })
    };
    db.query_row(&find, [after.cast_signed()], revision)
        .optional()
}

/// Revisions from the one that the chain named last up to the last one that began before `to`, by
/// number: a clock that was wrong for a while hides none.
pub(super) fn texts_until(
    db: &Connection,
    kind: Kind,
    named: Option<u64>,
    to: UtcMs,
) -> Result<Vec<TextLine>, rusqlite::Error> {
    let table = table(kind);
    let last = format!("SELECT max(id) FROM {table} WHERE since < ?");
    let last: Option<i64> = db.query_row(&last, [to.0], |row| row.get(0))?;
    let first = named.unwrap_or(1);
    let last = last.map_or(0, i64::cast_unsigned).max(named.unwrap_or(0));
    let mut lines = Vec::new();
    let mut next = revision_after(db, kind, first.saturating_sub(1))?;
    while let Some(revision) = next.filter(|revision| revision.id <= last) {
        lines.push(TextLine {
            id: revision.id,
            since: revision.since,
            sha256: hash(revision.text.as_bytes()),
        });
        next = revision_after(db, kind, revision.id)?;
    }
    Ok(lines)
}

/// Keeps the built-in factors when they are not those of the last start.
pub(in crate::store) fn record_factors(db: &Connection, now: UtcMs) -> Result<(), rusqlite::Error> {
    let newest = "SELECT text FROM factors ORDER BY id DESC LIMIT 1";
    let before: Option<String> = db.query_row(newest, [], |row| row.get(0)).optional()?;
    let text = crate::config::factors::built_in_factors();
    if before.as_deref() != Some(text) {
        let new = params![now.0, text];
        db.execute("INSERT INTO factors(since, text) VALUES (?, ?)", new)?;
    }
    Ok(())
}
