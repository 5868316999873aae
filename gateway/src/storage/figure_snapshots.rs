//! Snapshots of sums at the end of closed days, so that figures of a long period read only the days
//! after it. What is missing is computed afresh.
//!
//! A calculation gets `data_revision` with its question and gives it back with its snapshot: when
//! samples of closed days changed meanwhile, the snapshot is not kept.

use super::local_calendar::DAY_GRACE_MS;
use super::schema::disk_error;
use super::snapshot_shelf::{FigureSnapshot, SnapshotQuery};
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_request::{SnapshotRequest, StoreRequest};
use super::store_values::StoreAccess;
use super::writer::StoreWriter;
use crate::domain::UtcMs;
use crate::limits::SNAPSHOT_PENDING_BYTES_MAX;
use std::sync::atomic::Ordering;

/// Revision of a calculation whose sums are not kept: a day of it was not closed when it began.
const NEVER_KEPT: u64 = u64::MAX;

impl Store {
    /// Returns the newest snapshot that fits, and the revision of the data for `keep_snapshot`.
    pub async fn find_snapshot(
        &self,
        query: SnapshotQuery,
    ) -> Result<(Option<FigureSnapshot>, u64), StoreError> {
        self.ask(|reply| StoreRequest::Snapshot(SnapshotRequest::Find { query, reply }))
            .await
    }

    /// Keeps a snapshot with the next flush; false when the data changed since `data_revision`, or
    /// the last day of the snapshot is not closed.
    pub async fn keep_snapshot(
        &self,
        snapshot: FigureSnapshot,
        data_revision: u64,
    ) -> Result<bool, StoreError> {
        self.ask(|reply| {
            StoreRequest::Snapshot(SnapshotRequest::Keep {
                snapshot,
                data_revision,
                reply,
            })
        })
        .await
    }

    /// Number that grows with each change of closed days, ledger and calibrations.
    pub fn data_revision(&self) -> u64 {
        self.data_revision.load(Ordering::Acquire)
    }
}

impl StoreWriter {
    /// Serves a request about snapshots.
    pub(super) fn serve_snapshot(&mut self, request: SnapshotRequest) {
        match request {
            SnapshotRequest::Find { query, reply } => {
                let mut revision = self.snapshots.revision();
                if self.is_closed(query.until) {
                    // From now on a late reading for these days raises the revision.
                    self.snapshots.raise_horizon(query.until);
                } else {
                    revision = NEVER_KEPT;
                }
                let found = self.snapshots.find(&self.db, &query);
                let found = found.unwrap_or_else(|fault| {
                    let fault = disk_error("reading a snapshot", &fault);
                    tracing::debug!(%fault, "the days are read afresh");
                    None
                });
                drop(reply.send(Ok((found, revision))));
            }
            SnapshotRequest::Keep {
                snapshot,
                data_revision,
                reply,
            } => drop(reply.send(Ok(self.keep_snapshot(snapshot, data_revision)))),
        }
    }

    /// Whether a day with this end is closed, by a trusted clock.
    fn is_closed(&self, end: UtcMs) -> bool {
        let now = self.clock.now();
        now.trusted && end.0.saturating_add(DAY_GRACE_MS) <= now.at.0
    }

    fn keep_snapshot(&mut self, snapshot: FigureSnapshot, data_revision: u64) -> bool {
        let closed = self.is_closed(snapshot.until);
        let unchanged = data_revision == self.snapshots.revision();
        let fits = snapshot.state.len() <= SNAPSHOT_PENDING_BYTES_MAX;
        let writable = self.access != StoreAccess::Read && self.health.failure.is_none();
        if !(closed && unchanged && fits && writable) {
            return false;
        }
        let full = self.snapshots.waiting_bytes() + snapshot.state.len();
        if full > SNAPSHOT_PENDING_BYTES_MAX && self.flush().is_err() {
            return false;
        }
        self.snapshots.keep(snapshot);
        // With the readings of the next flush: a commit of its own would cost the card a write.
        self.schedule_flush();
        true
    }
}
