//! What happened to the readings besides being kept: starts, losses, repairs, retention.

use crate::model::UtcMs;
use rusqlite::{Connection, params};

/// Writes an entry.
pub(super) fn note(
    db: &Connection,
    at: UtcMs,
    kind: &str,
    what: &str,
) -> Result<(), rusqlite::Error> {
    db.execute(
        "INSERT INTO audit(at, kind, what) VALUES (?, ?, ?)",
        params![at.0, kind, what],
    )?;
    Ok(())
}
