//! Table of re-dated stretches: samples that were read before the clock was right, with the shift
//! that gave them their true time.

use crate::domain::UtcMs;
use crate::domain::redated_stretch::RedatedStretch;
use crate::limits::IMPORT_STRETCHES_READ_MAX;
use crate::storage::schema::sql_int;
use rusqlite::{Connection, params};

/// Notes a stretch.
pub(super) fn note_redated(
    db: &Connection,
    stretch: &RedatedStretch,
) -> Result<(), rusqlite::Error> {
    db.prepare_cached(
        "INSERT INTO redated_stretch(point, era, at, shift_ms, first, last, samples)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        &*stretch.point,
        stretch.era,
        stretch.at.0,
        stretch.shift_ms,
        stretch.first.0,
        stretch.last.0,
        stretch.samples.cast_signed(),
    ])?;
    Ok(())
}

/// Returns the stretches that touch a range of time, in time order.
pub(super) fn read_redated(
    db: &Connection,
    from: UtcMs,
    to: UtcMs,
) -> Result<Vec<RedatedStretch>, rusqlite::Error> {
    let mut rows = db.prepare(
        "SELECT point, era, at, shift_ms, first, last, samples FROM redated_stretch
         WHERE last >= ? AND first <= ? ORDER BY first, id LIMIT ?",
    )?;
    let most = sql_int(IMPORT_STRETCHES_READ_MAX);
    let found = rows.query_map(params![from.0, to.0, most], |row| {
        Ok(RedatedStretch {
            point: row.get::<_, String>(0)?.into(),
            era: row.get(1)?,
            at: UtcMs(row.get(2)?),
            shift_ms: row.get(3)?,
            first: UtcMs(row.get(4)?),
            last: UtcMs(row.get(5)?),
            samples: row.get::<_, i64>(6)?.cast_unsigned(),
        })
    })?;
    found.collect()
}
