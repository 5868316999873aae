//! Requests for day digests and the data behind them, from checks, bundles and reports.

use super::changes_since::{self, IssueMoment};
use super::record_sources::{self, EvidenceExtent, TextRevision};
use super::{row_lines, unrecorded_lines};
use crate::domain::Sample;
use crate::evidence::{ChangesSince, DayDigest, RecordedTable, ReportEvidence, RevisionKind};
use crate::storage::local_calendar::day_number;
use crate::storage::schema::disk_error;
use crate::storage::store_error::StoreError;
use crate::storage::store_handle::Store;
use crate::storage::store_request::{EvidenceRequest, StoreReply, StoreRequest};
use crate::storage::writer::StoreWriter;
use jiff::civil::Date;
use std::sync::Arc;

impl Store {
    /// Makes one piece of the records that are due; returns the number of days left. Call it until
    /// that is 0.
    pub async fn close_due_days(&self) -> Result<u64, StoreError> {
        self.request_evidence(EvidenceRequest::Settle).await
    }

    /// Returns records with a number greater than `after`, in order, at most `EVIDENCE_PAGE_MAX`.
    pub async fn digests_after(&self, after: u64) -> Result<Vec<DayDigest>, StoreError> {
        self.request_evidence(|reply| EvidenceRequest::Digests { after, reply })
            .await
    }

    /// Returns the newest record of a local day; `None` while the day is open, and for days before
    /// the first one with data.
    pub async fn digest_of_day(&self, day: Date) -> Result<Option<DayDigest>, StoreError> {
        self.newest_digest(day, day).await
    }

    /// Returns the newest record of the last closed day from `first` to `last`, the digest that a
    /// report of these days prints. `None` when none of them is closed.
    pub async fn newest_digest(
        &self,
        first: Date,
        last: Date,
    ) -> Result<Option<DayDigest>, StoreError> {
        self.request_evidence(|reply| EvidenceRequest::Newest { first, last, reply })
            .await
    }

    /// Returns the points that have samples on a local day, by id.
    pub async fn points_of_day(&self, day: Date) -> Result<Vec<Arc<str>>, StoreError> {
        self.request_evidence(|reply| EvidenceRequest::Points { day, reply })
            .await
    }

    /// Returns all dated samples of a point's local day, in time order.
    pub async fn samples_of_day(&self, day: Date, point: &str) -> Result<Vec<Sample>, StoreError> {
        let point = point.to_owned();
        self.request_evidence(|reply| EvidenceRequest::Samples { day, point, reply })
            .await
    }

    /// Returns rows `first` to `last` of a table as the lines that are hashed, at most
    /// `RecordedTable::rows_at_once`.
    pub async fn recorded_rows(
        &self,
        table: RecordedTable,
        first: u64,
        last: u64,
    ) -> Result<String, StoreError> {
        let rows = (table, first, last);
        self.request_evidence(|reply| EvidenceRequest::Rows { rows, reply })
            .await
    }

    /// Returns the first revision with a number greater than `after`.
    pub async fn revision_after(
        &self,
        kind: RevisionKind,
        after: u64,
    ) -> Result<Option<TextRevision>, StoreError> {
        self.request_evidence(|reply| EvidenceRequest::Revision { kind, after, reply })
            .await
    }

    /// Returns the extent of the data behind the chain.
    pub async fn evidence_extent(&self) -> Result<EvidenceExtent, StoreError> {
        self.request_evidence(EvidenceRequest::Extent).await
    }

    /// Returns the last record of the chain; `None` while no day has one.
    pub async fn chain_head(&self) -> Result<Option<DayDigest>, StoreError> {
        self.request_evidence(EvidenceRequest::Head).await
    }

    /// Returns the last record, and what no record names yet, as a report of now prints them; the
    /// content is the report's own.
    pub async fn report_evidence(&self) -> Result<ReportEvidence, StoreError> {
        self.request_evidence(EvidenceRequest::Report).await
    }

    /// Returns what came after a report was issued and concerns its period.
    pub async fn changes_since(&self, report: IssueMoment) -> Result<ChangesSince, StoreError> {
        self.request_evidence(|reply| EvidenceRequest::Since(report, reply))
            .await
    }

    /// Returns the number of closed days that need a record; 0 while the clock is untrusted.
    pub async fn count_due_days(&self) -> Result<u64, StoreError> {
        self.request_evidence(EvidenceRequest::Due).await
    }

    /// Checks the structure of the whole file; `Damaged` when it is inconsistent.
    pub async fn check_integrity(&self) -> Result<(), StoreError> {
        self.request_evidence(EvidenceRequest::Pages).await
    }

    async fn request_evidence<T>(
        &self,
        question: impl FnOnce(StoreReply<T>) -> EvidenceRequest,
    ) -> Result<T, StoreError> {
        self.ask(|reply| StoreRequest::Evidence(question(reply)))
            .await
    }
}

impl StoreWriter {
    /// Serves a request about day digests.
    pub(in crate::storage) fn evidence(&mut self, question: EvidenceRequest) {
        // A send fails when the caller has gone; there is nobody to report that to.
        match question {
            EvidenceRequest::Settle(reply) => drop(reply.send(self.settle())),
            EvidenceRequest::Digests { after, reply } => {
                drop(reply.send(map_disk_error(
                    "reading the chain",
                    record_sources::digests_after(&self.db, after),
                )));
            }
            EvidenceRequest::Newest { first, last, reply } => {
                drop(reply.send(map_disk_error(
                    "reading the chain",
                    record_sources::newest_digest(&self.db, day_number(first), day_number(last)),
                )));
            }
            EvidenceRequest::Points { day, reply } => {
                let day = day_number(day);
                let found = record_sources::points_with_samples(&self.db, &self.memtable, day);
                let names = found.map(|points| points.into_values().map(|one| one.name).collect());
                drop(reply.send(map_disk_error("reading samples", names)));
            }
            EvidenceRequest::Samples { day, point, reply } => {
                drop(reply.send(self.point_samples_of_day(day, &point)));
            }
            EvidenceRequest::Rows { rows, reply } => {
                let (table, first, last) = rows;
                drop(reply.send(map_disk_error(
                    "reading recorded rows",
                    row_lines::read_row_lines(&self.db, table, first, last),
                )));
            }
            EvidenceRequest::Revision { kind, after, reply } => {
                drop(reply.send(map_disk_error(
                    "reading revisions",
                    record_sources::find_revision_after(&self.db, kind, after),
                )));
            }
            EvidenceRequest::Due(reply) => {
                drop(reply.send(map_disk_error("reading the chain", self.count_due_days())));
            }
            EvidenceRequest::Pages(reply) => {
                drop(reply.send(crate::storage::access::check_integrity(
                    &self.db, &self.file,
                )));
            }
            EvidenceRequest::Report(reply) => {
                drop(reply.send(map_disk_error(
                    "reading the chain",
                    unrecorded_lines::report_evidence(&self.db),
                )));
            }
            EvidenceRequest::Since(report, reply) => {
                drop(reply.send(self.find_changes_since(&report)));
            }
            EvidenceRequest::Head(reply) => {
                drop(reply.send(map_disk_error(
                    "reading the chain",
                    record_sources::chain_head(&self.db),
                )));
            }
            EvidenceRequest::Extent(reply) => {
                let extent = record_sources::evidence_extent(&self.db, self.raw_deleted_before);
                drop(reply.send(map_disk_error("reading the chain", extent)));
            }
        }
    }

    fn find_changes_since(&mut self, report: &IssueMoment) -> Result<ChangesSince, StoreError> {
        let (from, to) = (day_number(report.first), day_number(report.last));
        let ends = (
            self.calendar.day_start(from),
            self.calendar.day_start(to.saturating_add(1)),
        );
        let found = changes_since::changes_since(&self.db, report, ends);
        map_disk_error("reading what came since", found)
    }

    fn point_samples_of_day(&self, day: Date, point: &str) -> Result<Vec<Sample>, StoreError> {
        let key = self.names.point(point);
        let key = key.ok_or_else(|| StoreError::UnknownPoint(point.to_owned()))?;
        // Dated samples only: an undated one belongs to no day yet.
        let day = day_number(day);
        map_disk_error("reading samples", self.samples(key, day, false))
    }
}

/// Converts an SQLite error into a store error.
fn map_disk_error<T>(
    what: &'static str,
    found: Result<T, rusqlite::Error>,
) -> Result<T, StoreError> {
    found.map_err(|fault| disk_error(what, &fault))
}
