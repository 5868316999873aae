//! What the rest of the program may ask of the store.

use super::fault::StoreError;
use super::feed::Ring;
use crate::limits::SINK_BATCH_MAX;
use crate::model::calibration::{Calibration, CalibrationId, Calibrations};
use crate::model::ledger::{Attachment, Entry, EntryId, Statement};
use crate::model::{BootId, Number, Numbered, Outcome, Reading, Sample, Seq, UtcMs};
use jiff::civil::Date;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// A handle to the thread that owns the file; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) durable: watch::Receiver<Seq>,
    pub(crate) live: broadcast::Sender<Arc<Numbered>>,
    pub(crate) health: watch::Receiver<StoreHealth>,
    /// Where the file and the attachments are.
    pub(crate) directory: Arc<Path>,
    pub(crate) ring: Ring,
}

/// How a stretch of samples is cut into buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Every sample as it is.
    Raw,
    /// Buckets of so many milliseconds, aligned to local midnight.
    Millis(u64),
    /// Local calendar days.
    Day,
    /// Local calendar months.
    Month,
    /// Local calendar years.
    Year,
}

/// What a bucket keeps of its samples. Bad samples never count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// Mean of the values.
    Mean,
    /// Least.
    Min,
    /// Greatest.
    Max,
    /// Last.
    Last,
    /// Sum of the values.
    Sum,
    /// Growth of a counter within the bucket: the last value up to its end less the last one before
    /// its start; a dip (nine tenths are left) is taken off, any other fall counts from 0.
    Delta,
}

/// A question about one point.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// `device.point`.
    pub point: String,
    /// First moment, inclusive.
    pub from: UtcMs,
    /// Last moment, exclusive.
    pub to: UtcMs,
    /// Buckets.
    pub step: Step,
    /// What a bucket keeps; of no meaning for `Step::Raw`.
    pub aggregate: Aggregate,
}

/// One stretch of an answer, in time order. A bucket without good or uncertain samples is `Bad`
/// with the commonest reason when there were bad samples, and absent when there was none at all.
pub type Block = Vec<Sample>;

/// A reading's last sample of one point.
#[derive(Clone, Debug, PartialEq)]
pub struct Last {
    /// `device.point`.
    pub point: Arc<str>,
    /// The sample.
    pub sample: Sample,
    /// The reading is on disk.
    pub durable: bool,
}

/// A reading that a sink's far side refused for good.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Sink's name.
    pub sink: String,
    /// Which reading.
    pub seq: Seq,
    /// When it was refused.
    pub at: UtcMs,
    /// What the far side said.
    pub why: String,
    /// What was sent (a line, a payload), cut to 4 KiB.
    pub what: String,
}

/// One row of an import.
pub type ImportRow = (UtcMs, Number);

/// A point's id and samples for it, in any order.
pub type ImportColumn = (Arc<str>, Vec<(UtcMs, Outcome)>);

/// How the store is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreHealth {
    /// Last failure and when, until a later flush succeeds.
    pub failure: Option<(UtcMs, String)>,
    /// What was repaired or set aside at start.
    pub repairs: Vec<String>,
    /// Readings taken in but not yet on disk.
    pub unflushed: usize,
    /// Readings lost since the start because the disk refused them for too long.
    pub lost: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Last durable `seq`.
    pub durable: Seq,
    /// Moment of the last durable reading.
    pub durable_at: Option<UtcMs>,
    /// Commits since the start.
    pub flushes: u64,
    /// Readings that left the journal undelivered since the start, over the disk budget.
    pub undelivered: u64,
    /// Sinks that are no longer configured: the journal is not kept for them.
    pub retired: Vec<String>,
}

/// A question to the ledger; the default asks for the first entries that count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerQuery {
    /// Entries that touch this day or a later one.
    pub from: Option<Date>,
    /// Entries that touch this day or an earlier one.
    pub to: Option<Date>,
    /// Of one indicator.
    pub indicator: Option<String>,
    /// Replaced and withdrawn entries, and withdrawals, as well.
    pub superseded: bool,
    /// Entries after this number: the next page.
    pub after: EntryId,
}

/// What the owner of the file is asked. Each has one way to answer.
#[derive(Debug)]
pub(crate) enum Request {
    Append(Vec<Reading>),
    Flush(oneshot::Sender<Result<Seq, StoreError>>),
    Journal {
        after: Seq,
        max: usize,
        reply: Reply<Vec<Arc<Numbered>>>,
    },
    Cursor {
        sink: String,
        reply: Reply<Option<Seq>>,
    },
    Sinks {
        names: Vec<&'static str>,
        reply: Reply<()>,
    },
    MoveCursor {
        sink: String,
        to: Seq,
    },
    Refuse(Refusal),
    Refusals {
        sink: String,
        reply: Reply<(u64, Vec<Refusal>)>,
    },
    Query {
        query: Query,
        blocks: mpsc::Sender<Result<Block, StoreError>>,
    },
    Last {
        reply: Reply<Vec<Last>>,
    },
    Import {
        point: String,
        rows: Vec<ImportRow>,
        reply: Reply<u64>,
    },
    ImportMany {
        columns: Vec<ImportColumn>,
        reply: Reply<u64>,
    },
    Redate {
        boot: BootId,
        offset_ms: i64,
        reply: Reply<u64>,
    },
    Backup {
        to: PathBuf,
        reply: Reply<()>,
    },
    LedgerAdd {
        statements: Vec<Statement>,
        by: String,
        reply: Reply<Vec<EntryId>>,
    },
    Ledger {
        query: LedgerQuery,
        reply: Reply<Vec<Entry>>,
    },
    LedgerChain {
        entry: EntryId,
        reply: Reply<Vec<Entry>>,
    },
    Calibrate {
        said: Calibration,
        by: String,
        reply: Reply<CalibrationId>,
    },
    Calibrations {
        reply: Reply<Calibrations>,
    },
    Note {
        kind: &'static str,
        what: String,
        reply: Reply<()>,
    },
    Evidence(super::digest::Evidence),
    Stop(oneshot::Sender<()>),
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

impl Store {
    /// Hands a reading in. Waits when the queue is full, so that a slow card slows the buses and
    /// loses nothing. The reading is numbered at once, shown to `live`, and durable at the next
    /// flush.
    pub async fn append(&self, reading: Reading) -> Result<(), StoreError> {
        self.append_all(vec![reading]).await
    }

    /// Hands several readings in at once, in this order: the store's thread is woken once.
    pub async fn append_all(&self, readings: Vec<Reading>) -> Result<(), StoreError> {
        self.send(Request::Append(readings)).await
    }

    /// Makes everything handed in so far durable now; the last durable `seq`.
    pub async fn flush(&self) -> Result<Seq, StoreError> {
        self.ask(Request::Flush).await
    }

    /// Durable readings with `seq` greater than `after`, in order, at most `max`.
    pub async fn journal(&self, after: Seq, max: usize) -> Result<Vec<Arc<Numbered>>, StoreError> {
        let max = max.min(SINK_BATCH_MAX);
        if let Some(found) = self.ring.after(after, max) {
            return Ok(found);
        }
        self.ask(|reply| Request::Journal { after, max, reply })
            .await
    }

    /// Changes whenever more readings have become durable.
    pub fn durable(&self) -> watch::Receiver<Seq> {
        self.durable.clone()
    }

    /// Every reading as it comes, before it is durable; for pages and alarms.
    pub fn live(&self) -> broadcast::Receiver<Arc<Numbered>> {
        self.live.subscribe()
    }

    /// The state of the store; changes are told.
    pub fn health(&self) -> watch::Receiver<StoreHealth> {
        self.health.clone()
    }

    /// Up to which `seq` the sink has delivered; `None` for a sink never seen before. Asking makes
    /// the sink known: from then on the journal is kept for it.
    pub async fn cursor(&self, sink: &str) -> Result<Option<Seq>, StoreError> {
        let sink = sink.to_owned();
        self.ask(|reply| Request::Cursor { sink, reply }).await
    }

    /// These sinks are configured. Any other that the store knows is retired: the journal is not
    /// kept for it any more. A sink that comes back goes on where it was left, as far as the
    /// journal still reaches.
    pub async fn keep_sinks(&self, names: Vec<&'static str>) -> Result<(), StoreError> {
        self.ask(|reply| Request::Sinks { names, reply }).await
    }

    /// The sink's far side has acknowledged everything up to `to`. Durable with the next flush, at
    /// no cost of its own; a power cut before that means a redelivery.
    pub async fn move_cursor(&self, sink: &str, to: Seq) -> Result<(), StoreError> {
        self.send(Request::MoveCursor {
            sink: sink.to_owned(),
            to,
        })
        .await
    }

    /// Keeps what a far side refused for good, with the reason.
    pub async fn refuse(&self, refusal: Refusal) -> Result<(), StoreError> {
        self.send(Request::Refuse(refusal)).await
    }

    /// How many readings the sink's far side has refused, and the latest of them.
    pub async fn refusals(&self, sink: &str) -> Result<(u64, Vec<Refusal>), StoreError> {
        let sink = sink.to_owned();
        self.ask(|reply| Request::Refusals { sink, reply }).await
    }

    /// Answers in blocks, in time order, so that a year needs no more memory than a day.
    pub async fn query(
        &self,
        query: Query,
    ) -> Result<mpsc::Receiver<Result<Block, StoreError>>, StoreError> {
        let (blocks, answer) = mpsc::channel(2);
        self.send(Request::Query { query, blocks }).await?;
        Ok(answer)
    }

    /// The last sample of every point that has one.
    pub async fn last(&self) -> Result<Vec<Last>, StoreError> {
        self.ask(|reply| Request::Last { reply }).await
    }

    /// Merges rows (time order not needed) into a point's sealed samples; a row with the time of a
    /// kept sample replaces it. How many rows were taken. Durable when it answers.
    pub async fn import(&self, point: &str, rows: Vec<ImportRow>) -> Result<u64, StoreError> {
        let point = point.to_owned();
        self.ask(|reply| Request::Import { point, rows, reply })
            .await
    }

    /// Like `import` for many points at once, in one transaction, with quality: a history made
    /// elsewhere. How many samples were taken. Durable when it answers.
    pub async fn import_many(&self, columns: Vec<ImportColumn>) -> Result<u64, StoreError> {
        self.ask(|reply| Request::ImportMany { columns, reply })
            .await
    }

    /// Readings of this boot that were kept undated get their true time (`mono` + `offset_ms`) and
    /// lose their doubt. How many samples moved.
    pub async fn redate(&self, boot: BootId, offset_ms: i64) -> Result<u64, StoreError> {
        self.ask(|reply| Request::Redate {
            boot,
            offset_ms,
            reply,
        })
        .await
    }

    /// A consistent copy of the whole file while it is in use; then of the receipts that its ledger
    /// names, into `TO.attachments/` beside it.
    pub async fn backup(&self, to: PathBuf) -> Result<(), StoreError> {
        let mut beside = to.clone().into_os_string();
        beside.push(".attachments");
        self.ask(|reply| Request::Backup { to, reply }).await?;
        let directory = Arc::clone(&self.directory);
        let copy = move || super::attach::copy_all(&directory, Path::new(&beside));
        tokio::task::spawn_blocking(copy)
            .await
            .map_err(|_| StoreError::Stopped)?
    }

    /// Writes statements down, all or none, as `by`; their numbers in the same order. Durable when
    /// it answers. A statement may supersede only an entry that nothing replaces yet, of its own
    /// sort; its attachments must have been kept with `attach`.
    pub async fn ledger_add(
        &self,
        statements: Vec<Statement>,
        by: &str,
    ) -> Result<Vec<EntryId>, StoreError> {
        let by = by.to_owned();
        self.ask(|reply| Request::LedgerAdd {
            statements,
            by,
            reply,
        })
        .await
    }

    /// Entries in the order of their numbers, at most `LEDGER_PAGE_MAX`; the next page starts
    /// `after` the last one.
    pub async fn ledger(&self, query: LedgerQuery) -> Result<Vec<Entry>, StoreError> {
        self.ask(|reply| Request::Ledger { query, reply }).await
    }

    /// All entries that answer the query, page by page.
    pub async fn ledger_all(&self, mut query: LedgerQuery) -> Result<Vec<Entry>, StoreError> {
        let mut all = Vec::new();
        loop {
            let page = self.ledger(query.clone()).await?;
            let Some(last) = page.last() else {
                return Ok(all);
            };
            query.after = last.id;
            all.extend(page);
        }
    }

    /// Every entry of the chain of corrections that this one belongs to, the oldest first; the last
    /// one is current. `UnknownEntry` when there is none with this number.
    pub async fn ledger_chain(&self, entry: EntryId) -> Result<Vec<Entry>, StoreError> {
        self.ask(|reply| Request::LedgerChain { entry, reply })
            .await
    }

    /// Keeps a receipt or photo under its hash, checked by reading it back; at most
    /// `ATTACHMENT_BYTES_MAX`. Keeping the same bytes again is no second copy.
    pub async fn attach(&self, name: &str, bytes: Vec<u8>) -> Result<Attachment, StoreError> {
        let (directory, name) = (Arc::clone(&self.directory), name.to_owned());
        let keep = move || super::attach::keep(&directory, &name, &bytes);
        tokio::task::spawn_blocking(keep)
            .await
            .map_err(|_| StoreError::Stopped)?
    }

    /// The bytes of a kept file; a fault when they no longer have its hash.
    pub async fn attachment(&self, sha256: &str) -> Result<Vec<u8>, StoreError> {
        let (directory, sha256) = (Arc::clone(&self.directory), sha256.to_owned());
        tokio::task::spawn_blocking(move || super::attach::read(&directory, &sha256))
            .await
            .map_err(|_| StoreError::Stopped)?
    }

    /// Flushes and closes the file.
    pub async fn stop(&self) {
        let (done, wait) = oneshot::channel();
        if self.send(Request::Stop(done)).await.is_ok() {
            let _ = wait.await;
        }
    }

    async fn send(&self, request: Request) -> Result<(), StoreError> {
        self.requests
            .send(request)
            .await
            .map_err(|_| StoreError::Stopped)
    }

    pub(super) async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Request,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(request(reply)).await?;
        answer.await.map_err(|_| StoreError::Stopped)?
    }
}

/// A bad sample with this reason; the shape that a gap takes in an answer.
pub fn gap(at: UtcMs, reason: crate::model::Reason) -> Sample {
    Sample {
        at,
        outcome: Outcome::Bad(reason),
    }
}
