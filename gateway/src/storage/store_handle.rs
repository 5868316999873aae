//! Public interface of the store: the handle, and the requests that it sends.

use super::attachments::{AttachmentFile, AttachmentUpload, run_blocking};
use super::delivery_lanes::DeliveryLanes;
use super::ledger::LedgerAddition;
use super::newest_readings::NewestReadings;
use super::reading_ring::ReadingRing;
use super::running_query::{OpenQuery, QueryCursor};
use super::store_error::StoreError;
use super::store_identity::StoreNumbering;
use super::store_pulse::StorePulse;
use super::store_request::{BackupRequest, SamplesRequest, StoreRequest};
use super::store_values::{
    AuditEntry, EntryKey, ImportColumn, ImportRow, LatestSample, LedgerQuery, PointQuery,
    RecordedEntries, RefusedReading, SampleBlock, StoreHealth,
};
use crate::clock::KnownReadings;
#[cfg(test)]
use crate::domain::BootId;
#[cfg(test)]
use crate::domain::ledger::Attachment;
use crate::domain::ledger::{EntryId, EntryStatement, LedgerEntry};
use crate::domain::{DeviceInfo, NumberedReading, Reading, ReadingSeq};
use crate::limits::SINK_BATCH_MAX;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Handle to the thread that owns the file; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) requests: mpsc::Sender<StoreRequest>,
    pub(crate) durable: watch::Receiver<ReadingSeq>,
    pub(crate) live: broadcast::Sender<Arc<NumberedReading>>,
    pub(super) newest: NewestReadings,
    pub(crate) health: watch::Receiver<StoreHealth>,
    /// Directory of the file and of the attachments.
    pub(crate) directory: Arc<Path>,
    pub(crate) ring: ReadingRing,
    /// Number that grows with each change of closed days, ledger and calibrations.
    pub(super) data_revision: Arc<AtomicU64>,
    /// Signs of life of the thread.
    pub(crate) pulse: StorePulse,
    /// Id of the store, and numbers that no reading has.
    pub(super) numbering: Arc<StoreNumbering>,
    /// Devices of earlier configurations.
    pub(super) past_devices: Arc<[DeviceInfo]>,
}

impl Store {
    /// Hands a reading in. Waits while the queue is full, so that a slow SD card slows down the
    /// buses and no reading is lost. The reading gets its number at once, is sent to `live`, and is
    /// durable after the next flush.
    pub async fn append(&self, reading: Reading) -> Result<(), StoreError> {
        self.append_all(vec![reading]).await
    }

    /// Hands several readings in, in this order.
    pub async fn append_all(&self, readings: Vec<Reading>) -> Result<(), StoreError> {
        // One message for all readings wakes the store's thread once.
        self.send_request(StoreRequest::Append(readings)).await
    }

    /// Writes everything handed in so far to disk; returns the last durable `seq`.
    pub async fn flush(&self) -> Result<ReadingSeq, StoreError> {
        self.ask(StoreRequest::Flush).await
    }

    /// Returns durable readings with `seq` greater than `after`, in order, at most `max`.
    pub async fn read_journal(
        &self,
        after: ReadingSeq,
        max: usize,
    ) -> Result<Vec<Arc<NumberedReading>>, StoreError> {
        // Bound of memory, whatever the caller asks for.
        let max = max.min(SINK_BATCH_MAX);
        // A sink that keeps up is served from memory: no disk access, and no wait for the store's
        // thread, which may be sealing a day.
        if let Some(found) = self.ring.after(after, max) {
            return Ok(found);
        }
        self.ask(|reply| StoreRequest::Journal { after, max, reply })
            .await
    }

    /// Returns the devices that the configuration has no more, or with other points: readings of
    /// the journal count them after those of the configuration.
    pub fn past_devices(&self) -> &[DeviceInfo] {
        &self.past_devices
    }

    /// Returns a watch on the last durable `seq`.
    pub fn durable(&self) -> watch::Receiver<ReadingSeq> {
        self.durable.clone()
    }

    /// Subscribes to every reading as it arrives, before it is durable; for pages and alarms.
    pub fn subscribe_live(&self) -> broadcast::Receiver<Arc<NumberedReading>> {
        self.live.subscribe()
    }

    /// Returns the newest reading of a device since the start; it may not be durable yet.
    pub fn newest_reading(&self, device: u16) -> Option<Arc<NumberedReading>> {
        self.newest.of_device(device)
    }

    /// Returns a watch on the state of the store.
    pub fn health(&self) -> watch::Receiver<StoreHealth> {
        self.health.clone()
    }

    /// Returns what the sink has delivered, or `None` for a new sink. The call registers the sink:
    /// from then on the journal is kept for it.
    pub async fn sink_lanes(&self, sink: &str) -> Result<Option<DeliveryLanes>, StoreError> {
        let sink = sink.to_owned();
        self.ask(|reply| StoreRequest::Lanes { sink, reply }).await
    }

    /// Sets the configured sinks. Every other known sink is retired: the journal is no longer kept
    /// for it. A retired sink that is configured again continues where it stopped, as far as the
    /// journal still reaches.
    pub async fn set_configured_sinks(&self, names: Vec<&'static str>) -> Result<(), StoreError> {
        self.ask(|reply| StoreRequest::Sinks { names, reply }).await
    }

    /// Records what the receiver has acknowledged. Written with the next flush, without a commit of
    /// its own; after a power cut before that flush the readings are sent again.
    pub async fn advance_lanes(&self, sink: &str, to: DeliveryLanes) -> Result<(), StoreError> {
        let sink = sink.to_owned();
        self.send_unless_hung(StoreRequest::MoveLanes { sink, to })
            .await
    }

    /// Stores a permanent rejection with its reason.
    pub async fn record_refusal(&self, refusal: RefusedReading) -> Result<(), StoreError> {
        self.send_unless_hung(StoreRequest::Refuse(refusal)).await
    }

    /// Returns the number of readings that the receiver of a sink rejected, and the latest of them.
    pub async fn list_refusals(
        &self,
        sink: &str,
    ) -> Result<(u64, Vec<RefusedReading>), StoreError> {
        let sink = sink.to_owned();
        self.ask(|reply| StoreRequest::Refusals { sink, reply })
            .await
    }

    /// Answers a query in blocks, in time order.
    pub async fn query(
        &self,
        query: PointQuery,
    ) -> Result<mpsc::Receiver<Result<SampleBlock, StoreError>>, StoreError> {
        // Two blocks of one day each: a query over a year needs no more memory than one over a day.
        let (blocks, answer) = mpsc::channel(2);
        let request = SamplesRequest::Stream { query, blocks };
        self.send_request(StoreRequest::Samples(request)).await?;
        Ok(answer)
    }

    /// Begins a query whose blocks are asked for one by one with [`Store::next_block`], and counts
    /// its samples. The store keeps nothing of it in between.
    pub async fn open_query(&self, query: PointQuery) -> Result<OpenQuery, StoreError> {
        self.ask(|reply| StoreRequest::Samples(SamplesRequest::Open { query, reply }))
            .await
    }

    /// Returns the block after a position, and the position after it; `None` after the last block.
    /// A block may be empty: many days without samples are passed over in steps.
    pub async fn next_block(
        &self,
        cursor: QueryCursor,
    ) -> Result<Option<(QueryCursor, SampleBlock)>, StoreError> {
        if cursor.ended {
            return Ok(None);
        }
        let cursor = Box::new(cursor);
        let next = self.ask(|reply| StoreRequest::Samples(SamplesRequest::Next { cursor, reply }));
        next.await.map(Some)
    }

    /// Returns the latest sample of every configured point that has one.
    pub async fn latest_samples(&self) -> Result<Vec<LatestSample>, StoreError> {
        self.ask(|reply| StoreRequest::Last { reply }).await
    }

    /// Merges rows, in any order, into the samples of a point; a row with the time of a stored
    /// sample replaces it. Returns the number of rows. Durable on return.
    pub async fn import_rows(&self, point: &str, rows: Vec<ImportRow>) -> Result<u64, StoreError> {
        let point = point.to_owned();
        self.ask(|reply| StoreRequest::Import { point, rows, reply })
            .await
    }

    /// Merges samples of many points, with their quality, in one transaction. Returns the number of
    /// samples. Durable on return.
    pub async fn import_columns(&self, columns: Vec<ImportColumn>) -> Result<u64, StoreError> {
        self.ask(|reply| StoreRequest::ImportMany { columns, reply })
            .await
    }

    /// Returns the times of readings that a person's time has to fit.
    pub async fn known_readings(&self) -> Result<KnownReadings, StoreError> {
        self.ask(StoreRequest::KnownReadings).await
    }

    /// Notes the present time, if it is trusted, and gives undated readings of this boot and of
    /// earlier ones their true time, as far as a source vouched for it in their boot. Returns the
    /// number of samples moved.
    pub async fn redate_all(&self) -> Result<u64, StoreError> {
        self.ask(|reply| StoreRequest::RedateAll { reply }).await
    }

    /// Gives the undated readings of a boot their true time (`mono` + `offset_ms`) and removes the
    /// quality reason `undated`. Returns the number of samples moved.
    #[cfg(test)]
    pub async fn redate_boot(&self, boot: BootId, offset_ms: i64) -> Result<u64, StoreError> {
        self.ask(|reply| StoreRequest::Redate {
            boot,
            offset_ms,
            reply,
        })
        .await
    }

    /// Writes a consistent copy of the whole file to `to` while it is in use, then the attachments
    /// named in its ledger to `TO.attachments/`.
    pub async fn backup(&self, to: PathBuf) -> Result<(), StoreError> {
        let mut beside = to.clone().into_os_string();
        beside.push(".attachments");
        // The file is copied first: every attachment named in the copied ledger was stored before
        // it.
        self.ask(|reply| StoreRequest::Backup(BackupRequest::Copy { to, reply }))
            .await?;
        let directory = Arc::clone(&self.directory);
        let copy = move || super::attachments::copy_attachments(&directory, Path::new(&beside));
        tokio::task::spawn_blocking(copy)
            .await
            .map_err(|_| StoreError::Stopped)?
    }

    /// Appends ledger statements as `by`, all or none; returns their numbers in the same order.
    /// Durable on return. A statement may supersede only an entry of its own sort that nothing
    /// replaces yet; its attachments must have been stored with `attach` before.
    pub async fn append_ledger(
        &self,
        statements: Vec<EntryStatement>,
        by: &str,
    ) -> Result<Vec<EntryId>, StoreError> {
        let recorded = self.append_ledger_once(statements, by, None).await?;
        Ok(recorded.ids)
    }

    /// Appends ledger statements like [`Self::append_ledger`]. A key that was used before appends
    /// nothing and returns what was recorded then; `KeyUsed` when the content was another one.
    pub async fn append_ledger_once(
        &self,
        statements: Vec<EntryStatement>,
        by: &str,
        key: Option<EntryKey>,
    ) -> Result<RecordedEntries, StoreError> {
        let addition = LedgerAddition {
            statements,
            by: by.to_owned(),
            key,
        };
        self.ask(|reply| StoreRequest::LedgerAdd { addition, reply })
            .await
    }

    /// Returns the entries that were recorded with this key; `None` when it is new, `KeyUsed` when
    /// the content was another one.
    pub async fn keyed_entries(
        &self,
        key: EntryKey,
    ) -> Result<Option<RecordedEntries>, StoreError> {
        self.ask(|reply| StoreRequest::LedgerKeyed { key, reply })
            .await
    }

    /// Returns entries in the order of their numbers, at most `LEDGER_PAGE_MAX`; the next page
    /// starts `after` the last one.
    pub async fn ledger(&self, query: LedgerQuery) -> Result<Vec<LedgerEntry>, StoreError> {
        self.ask(|reply| StoreRequest::Ledger { query, reply })
            .await
    }

    /// Returns all entries that match the query, read page by page.
    pub async fn all_ledger_entries(
        &self,
        mut query: LedgerQuery,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let mut all = Vec::new();
        loop {
            let page = self.ledger(query.clone()).await?;
            let Some(last) = page.last() else {
                return Ok(all);
            };
            // The number of the last entry is the position of the next page.
            query.after = last.id;
            all.extend(page);
        }
    }

    /// Returns every entry of the chain of corrections that contains this entry, oldest first; the
    /// last one is current. `UnknownEntry` when the number does not exist.
    pub async fn correction_chain(&self, entry: EntryId) -> Result<Vec<LedgerEntry>, StoreError> {
        self.ask(|reply| StoreRequest::LedgerChain { entry, reply })
            .await
    }

    /// Begins to store a receipt or photo, which is handed over in pieces.
    pub async fn begin_attachment(&self) -> Result<AttachmentUpload, StoreError> {
        let directory = Arc::clone(&self.directory);
        run_blocking(move || AttachmentUpload::begin(&directory)).await
    }

    /// Stores a receipt or photo under its SHA-256 and verifies it by reading it back; at most
    /// `ATTACHMENT_BYTES_MAX` bytes. The same bytes are stored once.
    #[cfg(test)]
    pub async fn save_attachment(
        &self,
        name: &str,
        bytes: Vec<u8>,
    ) -> Result<Attachment, StoreError> {
        let (directory, name) = (Arc::clone(&self.directory), name.to_owned());
        run_blocking(move || {
            let mut upload = AttachmentUpload::begin(&directory)?;
            upload.write_bytes(&bytes)?;
            upload.keep(&name)
        })
        .await
    }

    /// Opens a stored attachment after it was checked against its SHA-256.
    pub async fn open_attachment(&self, sha256: &str) -> Result<AttachmentFile, StoreError> {
        let (directory, sha256) = (Arc::clone(&self.directory), sha256.to_owned());
        run_blocking(move || AttachmentFile::open(&directory, &sha256)).await
    }

    /// Returns entries of the audit log, the latest first, at most `AUDIT_PAGE_MAX`; those before
    /// the number `before`, when it is given.
    pub async fn read_audit(&self, before: Option<i64>) -> Result<Vec<AuditEntry>, StoreError> {
        self.ask(|reply| StoreRequest::Audit { before, reply })
            .await
    }

    /// Returns the id of the store. Empty for a command on a store that no gateway of this version
    /// has opened yet.
    pub fn id(&self) -> &str {
        &self.numbering.id
    }

    /// Returns how many readings follow one number, up to another; numbers that were left out after
    /// a loss are none.
    pub(crate) fn count_between(&self, after: ReadingSeq, until: ReadingSeq) -> u64 {
        self.numbering.count_between(after, until)
    }

    /// Flushes and closes the file.
    pub async fn stop(&self) {
        let (done, wait) = oneshot::channel();
        // An error means that the thread has ended already.
        if self.send_request(StoreRequest::Stop(done)).await.is_ok() {
            let _ = wait.await;
        }
    }

    async fn send_request(&self, request: StoreRequest) -> Result<(), StoreError> {
        self.requests
            .send(request)
            .await
            .map_err(|_| StoreError::Stopped)
    }

    /// Sends a request that nobody waits for; `Hung` when there is no room for it and the disk does
    /// not answer.
    async fn send_unless_hung(&self, request: StoreRequest) -> Result<(), StoreError> {
        tokio::select! {
            biased;
            sent = self.send_request(request) => sent,
            hung = self.pulse.until_hung() => Err(hung),
        }
    }

    pub(super) async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> StoreRequest,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.send_request(request(reply)).await?;
            answer.await.map_err(|_| StoreError::Stopped)?
        };
        // A request that is under way when the disk hangs is not taken back: what it changes may
        // still come about when the disk answers again.
        tokio::select! {
            answer = asked => answer,
            hung = self.pulse.until_hung() => Err(hung),
        }
    }
}
