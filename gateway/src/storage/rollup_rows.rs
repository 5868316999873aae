//! Stored roll-ups of points: table `daily`, and the hourly ones in table `pack`.

use super::key_registry::PointKey;
use super::local_calendar::LocalDay;
use super::pack_rows::{PackContent, find_pieces, read_piece};
use super::rollup::{RollupCodec, SampleRollup};
use super::seal::{HourlyRollups, decode_hours};
use super::varint::ByteReader;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// Returns the daily roll-ups of a point.
pub(super) fn daily_rollups(
    db: &Connection,
    point: PointKey,
    from: LocalDay,
    to: LocalDay,
) -> Result<BTreeMap<LocalDay, SampleRollup>, rusqlite::Error> {
    let mut rows =
        db.prepare_cached("SELECT day, roll FROM daily WHERE point = ? AND day BETWEEN ? AND ?")?;
    let mut rows = rows.query(params![point, from, to])?;
    let mut rolls = BTreeMap::new();
    while let Some(row) = rows.next()? {
        if let Some(roll) = decode_rollup(row.get_ref(1)?.as_blob().unwrap_or_default()) {
            rolls.insert(row.get(0)?, roll);
        }
    }
    Ok(rolls)
}

/// Returns the hourly roll-ups of a point's day.
pub(super) fn hourly_rollups(
    db: &Connection,
    point: PointKey,
    day: LocalDay,
) -> Result<HourlyRollups, rusqlite::Error> {
    let mut hours = Vec::new();
    for (row, piece) in find_pieces(db, &[PackContent::Hours], (day, point), false)? {
        let blob = read_piece(db, row, piece)?;
        hours = blob.as_deref().and_then(decode_hours).unwrap_or_default();
    }
    Ok(hours)
}

/// Returns a roll-up of table `daily`; `None` when its bytes are garbled.
pub(super) fn decode_rollup(blob: &[u8]) -> Option<SampleRollup> {
    RollupCodec::default().decode(&mut ByteReader(blob))
}
