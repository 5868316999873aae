//! Audit log: starts, losses, repairs, retention, and what was done to devices.

use super::schema::disk_error;
use super::store_error::StoreError;
use super::store_handle::{Store, StoreRequest};
use super::store_values::AuditEntry;
use super::writer::StoreWriter;
use crate::domain::UtcMs;
use crate::limits::AUDIT_PAGE_MAX;
use rusqlite::{Connection, params};

impl Store {
    /// Returns entries of the audit log, the latest first, at most `AUDIT_PAGE_MAX`; those before
    /// the number `before`, when it is given.
    pub async fn read_audit(&self, before: Option<i64>) -> Result<Vec<AuditEntry>, StoreError> {
        self.ask(|reply| StoreRequest::Audit { before, reply })
            .await
    }
}

impl StoreWriter {
    pub(super) fn read_audit(&self, before: Option<i64>) -> Result<Vec<AuditEntry>, StoreError> {
        let failed = |fault: rusqlite::Error| disk_error("reading the audit log", &fault);
        let find =
            "SELECT id, at, kind, what FROM main.audit WHERE id < ? ORDER BY id DESC LIMIT ?";
        let mut rows = self.db.prepare(find).map_err(failed)?;
        let most = i64::try_from(AUDIT_PAGE_MAX).unwrap_or(i64::MAX);
        let entry = |row: &rusqlite::Row<'_>| {
            Ok(AuditEntry {
                id: row.get(0)?,
                at: UtcMs(row.get(1)?),
                kind: row.get(2)?,
                what: row.get(3)?,
            })
        };
        let found = rows
            .query_map(params![before.unwrap_or(i64::MAX), most], entry)
            .map_err(failed)?;
        found.collect::<Result<_, _>>().map_err(failed)
    }
}

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
