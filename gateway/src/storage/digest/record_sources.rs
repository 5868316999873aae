//! Sources of a record: points and text revisions, read from the file.

use super::row_lines;
use crate::domain::UtcMs;
use crate::evidence::{DayDigest, RecordedTable, RevisionKind, RevisionLine, hash};
use crate::limits::EVIDENCE_PAGE_MAX;
use crate::storage::key_registry::PointKey;
use crate::storage::local_calendar::{LocalDay, date};
use crate::storage::memtable::Memtable;
use crate::storage::pack_rows::parse_pieces;
use crate::storage::schema::sql_int;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Revision of a text (configuration, factors, calibrations).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextRevision {
    /// Number of the revision.
    pub id: u64,
    /// Time from which it holds.
    pub since: UtcMs,
    /// Full text.
    pub text: String,
}

/// Extent of the data behind the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvidenceExtent {
    /// First day whose raw samples are still stored; `None` while none were deleted.
    pub raw_deleted_before: Option<Date>,
    /// Local days with sealed raw samples.
    pub days: Vec<Date>,
    /// Number of the last row of each table that records cover.
    pub last_rows: BTreeMap<RecordedTable, u64>,
    /// Closed days whose samples have changed since their last record.
    pub due: Vec<Date>,
}

/// Point with the id and unit that a record names.
#[derive(Clone, Debug)]
pub(super) struct NamedPoint {
    pub(super) key: PointKey,
    pub(super) name: Arc<str>,
    pub(super) unit: String,
}

/// Returns the points with dated samples on a local day, by id.
pub(super) fn points_with_samples(
    db: &Connection,
    memtable: &Memtable,
    day: LocalDay,
) -> Result<BTreeMap<Arc<str>, NamedPoint>, rusqlite::Error> {
    let mut keys: Vec<PointKey> = memtable
        .keys()
        .filter(|key| key.boot == 0 && key.day == day)
        .map(|key| key.point)
        .collect();
    let mut rows =
        db.prepare("SELECT parts FROM pack WHERE day = ? AND boot = 0 AND content IN (0, 1)")?;
    let mut rows = rows.query([day])?;
    while let Some(row) = rows.next()? {
        let here = parse_pieces(row.get_ref(0)?.as_blob().unwrap_or_default());
        keys.extend(here.iter().map(|piece| piece.point));
    }
    // A point may be in memory, in parts and in whole-day chunks at once.
    keys.sort_unstable();
    keys.dedup();
    let mut find = db.prepare("SELECT name, unit FROM point WHERE id = ?")?;
    let mut points = BTreeMap::new();
    for key in keys {
        let named = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?));
        if let Some((name, unit)) = find.query_row([key], named).optional()? {
            let name: Arc<str> = name.into();
            points.insert(Arc::clone(&name), NamedPoint { key, name, unit });
        }
    }
    Ok(points)
}

/// Returns records with a number greater than `after`, at most `EVIDENCE_PAGE_MAX`.
pub(super) fn digests_after(
    db: &Connection,
    after: u64,
) -> Result<Vec<DayDigest>, rusqlite::Error> {
    let mut rows = db.prepare(
        "SELECT number, day, revision, sha256, record FROM digest WHERE number > ?
         ORDER BY number LIMIT ?",
    )?;
    let values = params![after.cast_signed(), sql_int(EVIDENCE_PAGE_MAX)];
    rows.query_map(values, parse_digest)?.collect()
}

/// Returns the extent of the data behind the chain; `raw_deleted_before` is 0 while no raw samples
/// were deleted.
pub(super) fn evidence_extent(
    db: &Connection,
    raw_deleted_before: LocalDay,
) -> Result<EvidenceExtent, rusqlite::Error> {
    let mut rows =
        db.prepare("SELECT DISTINCT day FROM pack WHERE content = 0 AND boot = 0 ORDER BY day")?;
    let days = rows.query_map([], |row| row.get(0).map(date))?;
    let mut due = db.prepare("SELECT DISTINCT day FROM digest_due ORDER BY day")?;
    let due = due.query_map([], |row| row.get(0).map(date))?;
    Ok(EvidenceExtent {
        raw_deleted_before: (raw_deleted_before != 0).then(|| date(raw_deleted_before)),
        days: days.collect::<Result<_, _>>()?,
        last_rows: row_lines::last_rows(db)?,
        due: due.collect::<Result<_, _>>()?,
    })
}

/// Returns the last day that has a record.
pub(super) fn last_closed_day(db: &Connection) -> Result<Option<LocalDay>, rusqlite::Error> {
    db.prepare("SELECT max(day) FROM digest")?
        .query_row([], |row| row.get(0))
}

/// Reads a record from a row.
fn parse_digest(row: &Row<'_>) -> Result<DayDigest, rusqlite::Error> {
    Ok(DayDigest {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        day: date(row.get(1)?),
        revision: row.get(2)?,
        sha256: row.get(3)?,
        // A garbled record is named by its hash; it ends no question about the others.
        record: String::from_utf8_lossy(row.get_ref(4)?.as_bytes()?).into_owned(),
    })
}

/// Returns the newest record of the last closed day in a range.
pub(super) fn newest_digest(
    db: &Connection,
    first: LocalDay,
    last: LocalDay,
) -> Result<Option<DayDigest>, rusqlite::Error> {
    db.query_row(
        "SELECT number, day, revision, sha256, record FROM digest WHERE day BETWEEN ? AND ?
         ORDER BY day DESC, revision DESC LIMIT 1",
        [first, last],
        parse_digest,
    )
    .optional()
}

/// Returns the last record of the chain.
pub(super) fn chain_head(db: &Connection) -> Result<Option<DayDigest>, rusqlite::Error> {
    db.query_row(
        "SELECT number, day, revision, sha256, record FROM digest ORDER BY number DESC LIMIT 1",
        [],
        parse_digest,
    )
    .optional()
}

/// Table of a kind of revisions.
pub(super) fn revision_table(kind: RevisionKind) -> &'static str {
    match kind {
        RevisionKind::Configuration => "revision",
        RevisionKind::Factors => "factors",
        RevisionKind::Calibrations => "calibration_text",
    }
}

/// Returns the first revision with a number greater than `after`.
pub(super) fn find_revision_after(
    db: &Connection,
    kind: RevisionKind,
    after: u64,
) -> Result<Option<TextRevision>, rusqlite::Error> {
    let table = revision_table(kind);
    let find = format!("SELECT id, since, text FROM {table} WHERE id > ? ORDER BY id LIMIT 1");
    let revision = |row: &Row<'_>| {
        Ok(TextRevision {
            id: row.get::<_, i64>(0)?.cast_unsigned(),
            since: UtcMs(row.get(1)?),
            text: row.get(2)?,
        })
    };
    db.query_row(&find, [after.cast_signed()], revision)
        .optional()
}

/// Returns the revisions from the one that the chain named last to the last one that began before
/// `to`.
pub(super) fn revision_lines_until(
    db: &Connection,
    kind: RevisionKind,
    named: Option<u64>,
    to: UtcMs,
) -> Result<Vec<RevisionLine>, rusqlite::Error> {
    let table = revision_table(kind);
    let last = format!("SELECT max(id) FROM {table} WHERE since < ?");
    let last: Option<i64> = db.query_row(&last, [to.0], |row| row.get(0))?;
    let first = named.unwrap_or(1);
    // At least the revision that the chain named last, which still holds.
    let last = last.map_or(0, i64::cast_unsigned).max(named.unwrap_or(0));
    let mut lines = Vec::new();
    // By number, not by time: revisions made while the clock was wrong are included.
    let mut next = find_revision_after(db, kind, first.saturating_sub(1))?;
    while let Some(revision) = next.filter(|revision| revision.id <= last) {
        lines.push(RevisionLine {
            id: revision.id,
            since: revision.since,
            sha256: hash(revision.text.as_bytes()),
        });
        next = find_revision_after(db, kind, revision.id)?;
    }
    Ok(lines)
}

/// Stores the built-in factors when they differ from those of the last start.
pub(in crate::storage) fn record_factors(
    db: &Connection,
    now: UtcMs,
) -> Result<(), rusqlite::Error> {
    // Compared with the newest revision only: a new program version with the same factors adds
    // none.
    let newest = "SELECT text FROM factors ORDER BY id DESC LIMIT 1";
    let before: Option<String> = db.query_row(newest, [], |row| row.get(0)).optional()?;
    let text = crate::config::factors::built_in_factors();
    if before.as_deref() != Some(text) {
        let new = params![now.0, text];
        db.execute("INSERT INTO factors(since, text) VALUES (?, ?)", new)?;
    }
    Ok(())
}
