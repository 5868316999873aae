//! Audit log: starts, losses, repairs, retention, people, and what was done to devices.

use super::schema::disk_error;
use super::store_error::StoreError;
use super::store_values::AuditEntry;
use crate::domain::UtcMs;
use crate::limits::AUDIT_PAGE_MAX;
use rusqlite::{Connection, Row, params};

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

/// Returns the latest entries, the latest first: at most a page, those before `before`.
pub(super) fn read_audit(
    db: &Connection,
    before: Option<i64>,
) -> Result<Vec<AuditEntry>, StoreError> {
    let failed = |fault: rusqlite::Error| disk_error("reading the audit log", &fault);
    // `main`: a read-only command has an empty table of this name in memory.
    let find = "SELECT id, at, kind, what FROM main.audit WHERE id < ? ORDER BY id DESC LIMIT ?";
    let mut rows = db.prepare(find).map_err(failed)?;
    let most = i64::try_from(AUDIT_PAGE_MAX).unwrap_or(i64::MAX);
    let entry = |row: &Row<'_>| {
        Ok(AuditEntry {
            id: row.get(0)?,
            at: UtcMs(row.get(1)?),
            kind: row.get(2)?,
            what: row.get(3)?,
        })
    };
    let found = rows.query_map(params![before.unwrap_or(i64::MAX), most], entry);
    let found = found.map_err(failed)?;
    found.collect::<Result<_, _>>().map_err(failed)
}
