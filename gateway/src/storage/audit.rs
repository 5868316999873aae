//! Audit log: starts, losses, repairs, retention, and what was done to devices.

use crate::domain::UtcMs;
use rusqlite::{Connection, params};

/// Appends an entry to the audit log.
pub(super) fn append_audit(
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
