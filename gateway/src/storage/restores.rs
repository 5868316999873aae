//! Backups that were put back, as the audit log has them.

use super::restored_file::RESTORE_KIND;
use super::schema::disk_error;
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_request::{BackupRequest, StoreRequest};
use super::store_values::StoreRestore;
use super::writer::StoreWriter;
use crate::domain::UtcMs;
use crate::limits::REPORT_CHANGES_MAX;
use rusqlite::params;

impl Store {
    /// Returns the last backups that were put back, the oldest first.
    pub async fn list_restores(&self) -> Result<Vec<StoreRestore>, StoreError> {
        self.ask(|reply| StoreRequest::Backup(BackupRequest::Restores(reply)))
            .await
    }
}

impl StoreWriter {
    /// Returns the last backups that were put back, the oldest first.
    pub(super) fn list_restores(&self) -> Result<Vec<StoreRestore>, StoreError> {
        let failed = |fault: rusqlite::Error| disk_error("reading the audit log", &fault);
        // `main`: a read-only command has an empty table of this name in memory.
        let find = "SELECT at, what FROM main.audit WHERE kind = ? ORDER BY id DESC LIMIT ?";
        let mut rows = self.db.prepare_cached(find).map_err(failed)?;
        let most = i64::try_from(REPORT_CHANGES_MAX).unwrap_or(i64::MAX);
        let rows = rows.query_map(params![RESTORE_KIND, most], |row| {
            Ok(StoreRestore {
                at: UtcMs(row.get(0)?),
                what: row.get(1)?,
            })
        });
        let found = rows.and_then(Iterator::collect);
        let mut found: Vec<StoreRestore> = found.map_err(failed)?;
        found.reverse();
        Ok(found)
    }
}
