//! [`StoreRequest`]: requests to the thread that owns the file, each with its reply channel.

use super::delivery_lanes::DeliveryLanes;
use super::digest::{EvidenceExtent, IssueMoment, TextRevision};
use super::import_values::{FileImport, ImportComparison, ImportMode};
use super::ledger::LedgerAddition;
use super::running_query::{OpenQuery, QueryCursor};
use super::snapshot_shelf::{FigureSnapshot, SnapshotQuery};
use super::store_error::StoreError;
use super::store_snapshot::StoreSnapshot;
use super::store_values::{
    AlarmQueueRows, AlarmRows, AuditEntry, EntryKey, ImportColumn, ImportRow, KeptAlarmChange,
    KeptAlarmQueue, KeptHandover, KeptStamp, LatestSample, LedgerQuery, PointQuery,
    RecordedEntries, RefusedReading, SampleBlock, StoreRestore,
};
use crate::clock::KnownReadings;
#[cfg(test)]
use crate::domain::BootId;
use crate::domain::calibration::{Calibration, CalibrationHistory, CalibrationId};
use crate::domain::data_damage::DataDamage;
use crate::domain::issued_report::{EarlierIssues, IssuedFile, IssuedReport, ReportIssue};
use crate::domain::ledger::{EntryId, LedgerEntry};
use crate::domain::redated_stretch::RedatedStretch;
use crate::domain::sample_import::ImportedStretch;
use crate::domain::store_event::StoreEvent;
use crate::domain::{NumberedReading, Reading, ReadingSeq, Sample, UtcMs};
use crate::evidence::{ChangesSince, DayDigest, RecordedTable, ReportEvidence, RevisionKind};
use jiff::civil::Date;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Reply channel of a request.
pub(crate) type StoreReply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Requests to the thread that owns the file, each with its reply channel.
#[derive(Debug)]
pub(crate) enum StoreRequest {
    Append(Vec<Reading>),
    Flush(oneshot::Sender<Result<ReadingSeq, StoreError>>),
    Journal {
        after: ReadingSeq,
        max: usize,
        reply: StoreReply<Vec<Arc<NumberedReading>>>,
    },
    Lanes {
        sink: String,
        reply: StoreReply<Option<DeliveryLanes>>,
    },
    Sinks {
        names: Vec<&'static str>,
        reply: StoreReply<()>,
    },
    MoveLanes {
        sink: String,
        to: DeliveryLanes,
    },
    Refuse(RefusedReading),
    Refusals {
        sink: String,
        reply: StoreReply<(u64, Vec<RefusedReading>)>,
    },
    Samples(SamplesRequest),
    Last {
        reply: StoreReply<Vec<LatestSample>>,
    },
    Import {
        point: String,
        rows: Vec<ImportRow>,
        reply: StoreReply<u64>,
    },
    ImportMany {
        columns: Vec<ImportColumn>,
        reply: StoreReply<u64>,
    },
    KnownReadings(StoreReply<KnownReadings>),
    RedateAll {
        reply: StoreReply<u64>,
    },
    #[cfg(test)]
    Redate {
        boot: BootId,
        offset_ms: i64,
        reply: StoreReply<u64>,
    },
    Backup(BackupRequest),
    LedgerAdd {
        addition: LedgerAddition,
        reply: StoreReply<RecordedEntries>,
    },
    LedgerKeyed {
        key: EntryKey,
        reply: StoreReply<Option<RecordedEntries>>,
    },
    Ledger {
        query: LedgerQuery,
        reply: StoreReply<Vec<LedgerEntry>>,
    },
    LedgerChain {
        entry: EntryId,
        reply: StoreReply<Vec<LedgerEntry>>,
    },
    Calibrate {
        said: Calibration,
        by: String,
        reply: StoreReply<CalibrationId>,
    },
    Calibrations {
        reply: StoreReply<CalibrationHistory>,
    },
    Audit {
        before: Option<i64>,
        reply: StoreReply<Vec<AuditEntry>>,
    },
    Note {
        kind: &'static str,
        what: String,
        reply: StoreReply<()>,
    },
    Evidence(EvidenceRequest),
    Issue(IssueRequest),
    FileImport(ImportRequest),
    Snapshot(SnapshotRequest),
    Stamp(KeptStampRequest),
    Damage(DamageRequest),
    Alarm(AlarmRequest),
    Technician(TechnicianRequest),
    Stop(oneshot::Sender<()>),
}

/// Requests for samples, answered in turns of one block.
#[derive(Debug)]
pub(crate) enum SamplesRequest {
    /// All blocks, sent as there is room for them.
    Stream {
        query: PointQuery,
        blocks: mpsc::Sender<Result<SampleBlock, StoreError>>,
    },
    /// Position before the first block.
    Open {
        query: PointQuery,
        reply: StoreReply<OpenQuery>,
    },
    /// Block after a position.
    Next {
        // Large beside the other requests.
        cursor: Box<QueryCursor>,
        reply: StoreReply<(QueryCursor, SampleBlock)>,
    },
}

/// Requests about day digests, each with its reply channel.
#[derive(Debug)]
pub(crate) enum EvidenceRequest {
    Settle(StoreReply<u64>),
    Digests {
        after: u64,
        reply: StoreReply<Vec<DayDigest>>,
    },
    Newest {
        first: Date,
        last: Date,
        reply: StoreReply<Option<DayDigest>>,
    },
    Points {
        day: Date,
        reply: StoreReply<Vec<Arc<str>>>,
    },
    Samples {
        day: Date,
        point: String,
        reply: StoreReply<Vec<Sample>>,
    },
    Rows {
        rows: (RecordedTable, u64, u64),
        reply: StoreReply<String>,
    },
    Revision {
        kind: RevisionKind,
        after: u64,
        reply: StoreReply<Option<TextRevision>>,
    },
    Since(IssueMoment, StoreReply<ChangesSince>),
    Extent(StoreReply<EvidenceExtent>),
    Report(StoreReply<ReportEvidence>),
    Head(StoreReply<Option<DayDigest>>),
    Pages(StoreReply<()>),
    Due(StoreReply<u64>),
}

/// Requests about snapshots, each with its reply channel.
#[derive(Debug)]
pub(crate) enum SnapshotRequest {
    Find {
        query: SnapshotQuery,
        reply: StoreReply<(Option<FigureSnapshot>, u64)>,
    },
    Keep {
        snapshot: FigureSnapshot,
        data_revision: u64,
        reply: StoreReply<bool>,
    },
}

/// Requests about imports of files, each with its reply channel.
#[derive(Debug)]
pub(crate) enum ImportRequest {
    /// Compares or writes samples.
    Samples(
        // Large beside the other requests.
        Box<FileImport>,
        ImportMode,
        StoreReply<ImportComparison>,
    ),
    /// Stretches that touch a range of time.
    Stretches(UtcMs, UtcMs, StoreReply<Vec<ImportedStretch>>),
    /// Re-dated stretches that touch a range of time.
    Redated(UtcMs, UtcMs, StoreReply<Vec<RedatedStretch>>),
}

/// Requests about what was lost by damage, each with its reply channel.
#[derive(Debug)]
pub(crate) enum DamageRequest {
    /// A page of the lines before a number, the newest first.
    List(Option<u64>, StoreReply<Vec<DataDamage>>),
    /// A person has seen the lines up to a number.
    Acknowledge {
        last: u64,
        by: String,
        reply: StoreReply<u64>,
    },
    /// Keeps an event of a file beside the store.
    Keep(StoreEvent, StoreReply<()>),
    /// Whether a point lost readings of a day.
    OfPoint {
        point: String,
        day: Date,
        reply: StoreReply<bool>,
    },
}

/// Requests about the work of technicians, each with its reply channel.
#[derive(Debug)]
pub(crate) enum TechnicianRequest {
    /// Keeps a note, or removes it.
    Keep(String, Option<String>, StoreReply<()>),
    /// Body of a note.
    Note(String, StoreReply<Option<String>>),
    /// Appends a signed record, with the entry of the audit log.
    Sign(String, String, StoreReply<u64>),
    /// The newest signed records.
    Signed(StoreReply<Vec<KeptHandover>>),
}

/// Requests about alarms, each with its reply channel.
#[derive(Debug)]
pub(crate) enum AlarmRequest {
    /// Keeps states and changes.
    Keep(AlarmRows, StoreReply<()>),
    /// All states.
    States(StoreReply<Vec<(String, String)>>),
    /// The last changes before a number.
    Changes(Option<u64>, StoreReply<Vec<KeptAlarmChange>>),
    /// Channels to which changes are delivered.
    Channels(Vec<String>, StoreReply<()>),
    /// The oldest change that a channel has not delivered.
    Next(String, StoreReply<Option<KeptAlarmChange>>),
    /// A channel has delivered the changes up to a number.
    Delivered(String, u64, StoreReply<()>),
    /// Changes the queue of a channel.
    Enqueue(AlarmQueueRows, StoreReply<()>),
    /// The queue of a channel.
    Queue(String, StoreReply<KeptAlarmQueue>),
    /// Bytes of a month.
    Traffic(String, StoreReply<u64>),
}

/// Requests about backups, each with its reply channel.
#[derive(Debug)]
pub(crate) enum BackupRequest {
    /// A copy of the whole file.
    Copy { to: PathBuf, reply: StoreReply<()> },
    /// The file, held still as long as the answer lives.
    Hold(StoreReply<StoreSnapshot>),
    /// The last backups that were put back, the oldest first.
    Restores(StoreReply<Vec<StoreRestore>>),
}

/// Requests about time stamps, each with its reply channel.
#[derive(Debug)]
pub(crate) enum KeptStampRequest {
    /// Keeps a stamp.
    Keep(KeptStamp, StoreReply<()>),
    /// The first stamp after a number.
    After(u64, StoreReply<Option<KeptStamp>>),
    /// The last stamp.
    Last(StoreReply<Option<KeptStamp>>),
}

/// Requests about issued reports, each with its reply channel.
#[derive(Debug)]
pub(crate) enum IssueRequest {
    /// Notes a report.
    Note(
        Box<ReportIssue>,
        Option<IssuedFile>,
        StoreReply<Option<u64>>,
    ),
    /// The report that was handed out in the file with this SHA-256.
    File(String, StoreReply<Option<IssuedReport>>),
    /// The first report with this content.
    Content(String, StoreReply<Option<IssuedReport>>),
    /// The issues of the same period and asset.
    Earlier(Box<ReportIssue>, StoreReply<EarlierIssues>),
    /// The last reports with a number below this one.
    Before(u64, StoreReply<Vec<IssuedReport>>),
}
