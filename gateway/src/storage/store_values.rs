//! Questions to the store and its answers: values that its parts and its users share.

use super::store_error::StoreError;
use crate::domain::ledger::{EntryId, EntryKind};
use crate::domain::store_event::StoreEvent;
use crate::domain::{ExactNumber, QualityReason, ReadingSeq, Sample, SampleOutcome, UtcMs};
use jiff::civil::Date;
use std::sync::Arc;

/// Bucket size of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketStep {
    /// No buckets: every sample as stored.
    Raw,
    /// Buckets of a fixed length in milliseconds, aligned to local midnight.
    Millis(u64),
    /// Local calendar days.
    Day,
    /// Local calendar months.
    Month,
    /// Local calendar years.
    Year,
}

/// Aggregate function of a bucket. Bad samples are never used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregateFunction {
    /// Mean of the values.
    Mean,
    /// Lowest value.
    Min,
    /// Highest value.
    Max,
    /// Last value.
    Last,
    /// Sum of the values.
    Sum,
    /// Increase of a counter within the bucket: last value up to the bucket's end minus last value
    /// before its start. A fall that leaves at least 90 % of the value is subtracted (METHODS G.5);
    /// any larger fall is a reset, and counting starts again at 0.
    Delta,
}

/// Query for the samples of one point.
#[derive(Clone, Debug, PartialEq)]
pub struct PointQuery {
    /// Point id, `device.point`.
    pub point: String,
    /// Start time, inclusive.
    pub from: UtcMs,
    /// End time, exclusive.
    pub to: UtcMs,
    /// Bucket size.
    pub step: BucketStep,
    /// Aggregate function; ignored for `Step::Raw`.
    pub aggregate: AggregateFunction,
}

/// One part of a query result, in time order. A bucket that has only bad samples is `Bad` with its
/// most frequent reason; a bucket without any sample is absent.
pub type SampleBlock = Vec<Sample>;

/// Latest sample of one point.
#[derive(Clone, Debug, PartialEq)]
pub struct LatestSample {
    /// Point id, `device.point`.
    pub point: Arc<str>,
    /// Latest sample.
    pub sample: Sample,
    /// `true` when the reading is on disk.
    pub durable: bool,
}

/// Signed record of a hand-over as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptHandover {
    /// Number; later records have greater ones.
    pub id: u64,
    /// Time of the signature.
    pub at: UtcMs,
    /// Body, JSON.
    pub body: String,
}

/// Rows of alarms that are written together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmRows {
    /// State by key; `None`: it is removed.
    pub states: Vec<(String, Option<String>)>,
    /// Changes, oldest first.
    pub changes: Vec<String>,
}

/// Change of an alarm as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAlarmChange {
    /// Number; later changes have greater ones.
    pub id: u64,
    /// Time of the record.
    pub at: UtcMs,
    /// Body, JSON.
    pub body: String,
}

/// Changes of the queue of one channel that are written together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmQueueRows {
    /// Name of the channel.
    pub channel: String,
    /// Number of the last change that is now in the queue, or is not for this channel.
    pub taken: Option<u64>,
    /// Bodies of new messages, oldest first.
    pub added: Vec<String>,
    /// New bodies by number; `None`: the message is removed.
    pub changed: Vec<(u64, Option<String>)>,
    /// Memory of the channel, a JSON text.
    pub state: Option<String>,
    /// Month and bytes that are added to it.
    pub traffic: Option<(String, u64)>,
}

/// Queue of one channel as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptAlarmQueue {
    /// Messages by number, oldest first.
    pub messages: Vec<(u64, String)>,
    /// Memory of the channel, a JSON text.
    pub state: Option<String>,
}

/// Reading that the receiver of a sink rejected permanently.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedReading {
    /// Name of the sink.
    pub sink: String,
    /// Sequence number of the reading.
    pub seq: ReadingSeq,
    /// Time of the rejection.
    pub at: UtcMs,
    /// Reason given by the receiver.
    pub why: String,
    /// Rejected line or payload, cut to 4 KiB.
    pub what: String,
}

/// One imported row: time and value.
pub type ImportRow = (UtcMs, ExactNumber);

/// Point id and the samples to import for it, in any order.
pub type ImportColumn = (Arc<str>, Vec<(UtcMs, SampleOutcome)>);

/// State of the store, for status pages and `/healthz`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreHealth {
    /// Time and error of the last failed flush; cleared by the next successful one.
    pub failure: Option<(UtcMs, StoreError)>,
    /// The disk has no free room: readings go into the reserve that the log holds, while it lasts.
    pub is_disk_full: bool,
    /// Findings of this start about the file, and its actions: sentences for the log.
    pub repairs: Vec<String>,
    /// The same of this start and earlier ones, the oldest first.
    pub events: Vec<StoreEvent>,
    /// Readings in memory that are not on disk yet.
    pub unflushed: usize,
    /// Readings dropped from memory since the start because the disk failed for too long.
    pub lost: u64,
    /// Size of the file and its write-ahead log, in bytes.
    pub bytes: u64,
    /// Sequence number of the last durable reading.
    pub durable: ReadingSeq,
    /// Time of the last durable reading.
    pub durable_at: Option<UtcMs>,
    /// A reading was stored since the start; before, `durable_at` is of an earlier one.
    pub has_stored: bool,
    /// Commits since the start.
    pub flushes: u64,
    /// Readings deleted from the journal before delivery since the start, because the disk budget
    /// was exceeded.
    pub undelivered: u64,
    /// Values of earlier starts of the computer that stay undated: no source knew the time
    /// then.
    pub undated: u64,
    /// Raw readings that the age rule will delete, a day before it does.
    pub retention_due: Option<RetentionNotice>,
    /// Time from which data over the disk budget is deleted, a day before it is.
    pub budget_due: Option<UtcMs>,
    /// Sinks that are no longer configured; no journal is kept for them.
    pub retired: Vec<String>,
    /// Lines of data lost by damage that nobody has taken note of.
    pub damage_unseen: u64,
    /// Names of damaged files that are kept beside the store, from which it was made anew.
    pub damaged_files: Vec<String>,
    /// Names of copies of a store whose file was removed or replaced while it was in use.
    pub rescued_files: Vec<String>,
    /// Damage of the file that SQLite has found since the start.
    pub damage: Option<String>,
    /// The program that ran before has ended because it had found damage.
    pub was_restarted: bool,
}

/// Notice of raw readings that will be deleted by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionNotice {
    /// Number of days with raw readings that go.
    pub days: u64,
    /// The last of them.
    pub through: Date,
    /// Time from which they go.
    pub after: UtcMs,
}

/// Query for ledger entries; the default returns the first page of current entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerQuery {
    /// Entries whose period ends on this day or later.
    pub from: Option<Date>,
    /// Entries whose period starts on this day or earlier.
    pub to: Option<Date>,
    /// Entries of one indicator only.
    pub indicator: Option<String>,
    /// Entries of one kind only.
    pub sort: Option<EntryKind>,
    /// Also returns replaced entries, withdrawn entries and withdrawals.
    pub superseded: bool,
    /// Entries with a greater number: the last number of the previous page.
    pub after: EntryId,
    /// Only so many entries with the greatest numbers; `None`: a page from the start.
    pub newest: Option<usize>,
}

/// Time stamp of a record as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptStamp {
    /// Number of the row; later ones have greater ones.
    pub id: u64,
    /// Number of the record.
    pub number: u64,
    /// Digest of the record, hexadecimal.
    pub sha256: String,
    /// Time at which the answer came, by the clock of the gateway.
    pub at: UtcMs,
    /// Address of the authority.
    pub url: String,
    /// Answer of the authority as it came (DER).
    pub answer: Vec<u8>,
}

/// Key that a client gave to a request with ledger entries, so that a repeated request is recorded
/// once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryKey {
    /// The key, chosen by the client.
    pub key: String,
    /// Content of the request, the same text whenever the request is repeated.
    pub content: String,
    /// Text that is kept with the key and returned to a repeated request.
    pub note: String,
}

/// Entries that were recorded by one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEntries {
    /// Numbers of the entries, in the order of the request.
    pub ids: Vec<EntryId>,
    /// Note of the first request with this key; empty without a key.
    pub note: String,
}

/// Entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Number; later entries have greater ones.
    pub id: i64,
    /// Time of the entry.
    pub at: UtcMs,
    /// Kind of the event: `ledger`, `sign-in`, `loss`, ...
    pub kind: String,
    /// Event, with the person after ` by `.
    pub what: String,
}

/// A backup that was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRestore {
    /// Time at which it was put back.
    pub at: UtcMs,
    /// Time of the backup and where it came from.
    pub what: String,
}

/// Returns a bad sample with this reason, as a gap appears in a query result.
pub fn gap_sample(at: UtcMs, reason: QualityReason) -> Sample {
    Sample {
        at,
        outcome: SampleOutcome::Bad(reason),
    }
}

/// Occasion on which a gateway opens its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoreStart {
    /// The program starts.
    Program,
    /// The running program takes another configuration over.
    Reload,
}

/// Access rights of the process that opens the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreAccess {
    /// The gateway: creates missing files, and sets unreadable ones aside.
    Gateway,
    /// A command that adds data: refuses a damaged file.
    Write,
    /// A command that only reads: nothing on disk changes.
    Read,
}
