//! The thread that owns the file: serves requests one by one, flushes on time, and sends query
//! results in between.

use super::audit::{append_audit, read_audit};
use super::delivery_lanes::DeliveryLanes;
use super::file_presence::FilePresence;
use super::found_events::FoundEvents;
use super::held_file::HeldFile;
use super::key_registry::KeyRegistry;
use super::latest::LatestCache;
use super::ledger::{self, LedgerAddition};
use super::local_calendar::{LocalCalendar, LocalDay};
use super::memtable::{BootKey, ColumnKey, Memtable};
use super::newest_readings::NewestReadings;
use super::reading_ring::ReadingRing;
use super::running_query::RunningQuery;
use super::sequence_floor::SequenceFloor;
use super::snapshot_shelf::SnapshotShelf;
use super::store_error::StoreError;
use super::store_pulse::StorePulse;
use super::store_request::StoreRequest;
use super::store_values::{RecordedEntries, StoreAccess, StoreHealth, StoreStart};
use super::time_doubts::{TakenBack, TimeDoubts};
use super::{calibrations, damage_mark, disk_room, entry_keys, found_damage, schema};
use crate::clock::{Clock, KnownReadings};
use crate::config::StoreSettings;
use crate::domain::calibration::{Calibration, CalibrationId};
use crate::domain::{BootId, NumberedReading, Reading, ReadingSeq, UtcMs};
use crate::limits::{BACKOFF_MAX_MS, BACKOFF_MIN_MS, FLUSH_READINGS_MAX};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;

/// State of the thread that owns the file.
#[derive(Debug)]
pub(super) struct StoreWriter {
    pub(super) db: Connection,
    /// The file for reading by a backup; closed after `db`.
    pub(super) held: HeldFile,
    pub(super) file: PathBuf,
    /// Rights of the process that opened the store.
    pub(super) access: StoreAccess,
    /// Lock of a read-only command; blocks writers while it is held.
    pub(super) _lock: Option<File>,
    /// Identity of the files when they were opened; `None` when nothing is written.
    pub(super) open_files: Option<FilePresence>,
    /// The disk had no room to begin the file: the store is empty and in memory until it has.
    pub(super) waits_for_room: bool,
    /// The disk of the file can only be read: what is stored is shown, and nothing is changed.
    pub(super) is_read_only: bool,
    /// Upper bound of all sequence numbers given out; only the gateway gives numbers out.
    pub(super) floor: Option<SequenceFloor>,
    pub(super) settings: StoreSettings,
    pub(super) clock: Clock,
    pub(super) calendar: LocalCalendar,
    pub(super) names: KeyRegistry,
    /// Id of this boot of the machine.
    pub(super) boot: BootId,
    /// Key under which undated readings are stored now, and the clock offset it stands for, ms.
    pub(super) current_era: Option<(BootKey, i64)>,
    /// Readings not on disk yet, in order.
    pub(super) pending: VecDeque<Arc<NumberedReading>>,
    pub(super) next: ReadingSeq,
    pub(super) durable: ReadingSeq,
    pub(super) ring: ReadingRing,
    pub(super) memtable: Memtable,
    pub(super) latest: LatestCache,
    pub(super) cursors: BTreeMap<String, DeliveryLanes>,
    /// Time of the last move of each sink's cursor, ms since 1970.
    pub(super) moved_at: BTreeMap<String, i64>,
    /// Sinks whose cursor moved since the last flush.
    pub(super) moved_cursors: BTreeSet<String>,
    pub(super) refusals: Vec<super::store_values::RefusedReading>,
    pub(super) running_queries: VecDeque<RunningQuery>,
    pub(super) health: StoreHealth,
    /// Findings of this start about the file, until they are recorded.
    pub(super) found: FoundEvents,
    /// Losses not in the audit log yet: count, first and last `seq`.
    pub(super) losses: Option<(u64, ReadingSeq, ReadingSeq)>,
    /// Time of the next flush; `None` while there is nothing to flush.
    pub(super) flush_due: Option<Instant>,
    pub(super) backoff_ms: u64,
    /// Occasion on which it was opened.
    pub(super) start: StoreStart,
    /// Configuration of a start that is not recorded yet, because the disk is full.
    pub(super) start_due: Option<String>,
    /// Sealed parts on disk that are not merged into whole days yet.
    pub(super) unmerged_parts: BTreeSet<ColumnKey>,
    /// First day whose raw samples were not deleted by retention.
    pub(super) raw_deleted_before: LocalDay,
    /// Wall-clock time (ms) before which hourly sealing is not due.
    pub(super) seal_after: i64,
    /// Readings that only the word of a person dates.
    pub(super) doubts: TimeDoubts,
    /// Last time that such readings were taken back.
    pub(super) taken_back: Option<TakenBack>,
    /// Readings that were on their way then wait to be dated.
    pub(super) has_late_readings: bool,
    /// Progress of the day that is being closed.
    pub(super) closing: super::digest::DayCloser,
    /// Snapshots of figures.
    pub(super) snapshots: SnapshotShelf,
    pub(super) outputs: WriterOutputs,
}

/// Sending ends of the channels that the handle reads.
#[derive(Debug)]
pub(super) struct WriterOutputs {
    pub(super) durable: watch::Sender<ReadingSeq>,
    pub(super) live: broadcast::Sender<Arc<NumberedReading>>,
    pub(super) newest: NewestReadings,
    pub(super) health: watch::Sender<StoreHealth>,
    pub(super) pulse: StorePulse,
}

/// Reason for which the thread wakes up.
enum WriterEvent {
    Request(Option<StoreRequest>),
    FlushDue,
    QueryReady(usize),
}

impl StoreWriter {
    /// Serves requests until all handles are dropped or `Stop` arrives.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<StoreRequest>) {
        self.outputs.pulse.begin_thread();
        loop {
            let event = tokio::select! {
                request = requests.recv() => WriterEvent::Request(request),
                () = sleep_until_due(self.flush_due) => WriterEvent::FlushDue,
                wanted = super::running_query::next_ready(&self.running_queries) => {
                    WriterEvent::QueryReady(wanted)
                }
            };
            self.outputs.pulse.sign();
            match event {
                WriterEvent::Request(Some(StoreRequest::Stop(done))) => {
                    // Requests that were queued before the stop are still served, then the channel
                    // is closed: no reading that was accepted is dropped.
                    requests.close();
                    while let Ok(request) = requests.try_recv() {
                        self.handle_request(request);
                    }
                    self.shut_down();
                    // The file is closed before the reply: whoever waits may open it again at once.
                    drop(self);
                    let _ = done.send(());
                    return;
                }
                WriterEvent::Request(Some(request)) => self.handle_request(request),
                WriterEvent::Request(None) => return self.shut_down(),
                WriterEvent::FlushDue => self.flush_and_maintain(),
                WriterEvent::QueryReady(which) => self.send_next_block(which),
            }
            self.report_damage();
            self.outputs.pulse.rest();
        }
    }

    /// Says that SQLite has found damage of the file, and leaves a mark for the next start.
    pub(super) fn report_damage(&mut self) {
        let Some(what) = found_damage::take() else {
            return;
        };
        if self.access != StoreAccess::Gateway || self.health.damage.is_some() {
            return;
        }
        tracing::error!(
            %what,
            "the file of the store is damaged; the next start makes a new one of what can be read"
        );
        damage_mark::set_mark(self.file.parent().unwrap_or(Path::new(".")), &what);
        self.health.damage = Some(what);
        self.publish_health();
    }

    /// Last flush before the thread ends.
    fn shut_down(&mut self) {
        // A backup that still reads must not take what is written now for what it began with.
        self.break_hold();
        if self.check_files().is_err() {
            return self.save_orphaned_file();
        }
        if let Err(fault) = self.flush() {
            tracing::error!(%fault, unflushed = self.pending.len(), "stopped without the last readings");
        }
        if self.cannot_write() {
            return;
        }
        self.keep_extent();
        if self.access != StoreAccess::Read
            && let Err(fault) = self.note_clock_pair()
        {
            tracing::warn!(%fault, "the time of the stop was not noted");
        }
        if self.access != StoreAccess::Read
            && let Err(fault) = schema::copy_log_into_file(&self.db)
        {
            tracing::warn!(%fault, "the log was not copied into the file; it keeps what it holds");
        }
    }

    /// Serves one request.
    fn handle_request(&mut self, request: StoreRequest) {
        // A send fails when the caller has gone; there is nobody to report that to.
        match request {
            StoreRequest::Append(readings) => self.take_in(readings),
            StoreRequest::Flush(reply) => self.serve_flush(reply),
            StoreRequest::Journal { after, max, reply } => {
                drop(reply.send(self.journal_after(after, max)));
            }
            StoreRequest::Lanes { sink, reply } => drop(reply.send(self.sink_lanes(sink))),
            StoreRequest::Sinks { names, reply } => {
                drop(reply.send(self.set_configured_sinks(&names)));
            }
            StoreRequest::MoveLanes { sink, to } => self.advance_lanes(sink, to),
            StoreRequest::Refuse(refusal) => self.record_refusal(refusal),
            StoreRequest::Refusals { sink, reply } => {
                drop(reply.send(self.refusals_of_sink(&sink)));
            }
            StoreRequest::Samples(request) => self.serve_samples(request),
            StoreRequest::Last { reply } => {
                drop(reply.send(Ok(self.latest.all(&self.names, self.durable))));
            }
            StoreRequest::Import { point, rows, reply } => {
                drop(reply.send(self.import_rows(&point, &rows)));
            }
            StoreRequest::ImportMany { columns, reply } => {
                drop(reply.send(self.import_columns(&columns)));
            }
            StoreRequest::KnownReadings(reply) => drop(reply.send(self.known_reading_times())),
            StoreRequest::RedateAll { reply } => drop(reply.send(self.redate_all())),
            #[cfg(test)]
            StoreRequest::Redate {
                boot,
                offset_ms,
                reply,
            } => drop(reply.send(self.redate_boot(&boot, offset_ms))),
            StoreRequest::Backup(request) => self.serve_backup_request(request),
            StoreRequest::LedgerAdd { addition, reply } => {
                drop(reply.send(self.append_ledger(&addition)));
            }
            StoreRequest::LedgerKeyed { key, reply } => {
                drop(reply.send(entry_keys::find_keyed_entries(&self.db, &key)));
            }
            StoreRequest::Ledger { query, reply } => {
                drop(reply.send(ledger::ledger_page(&self.db, &query)));
            }
            StoreRequest::LedgerChain { entry, reply } => {
                drop(reply.send(ledger::correction_chain(&self.db, entry)));
            }
            StoreRequest::Calibrate { said, by, reply } => {
                drop(reply.send(self.append_calibration(&said, &by)));
            }
            StoreRequest::Calibrations { reply } => {
                drop(reply.send(calibrations::read_calibrations(&self.db)));
            }
            StoreRequest::Audit { before, reply } => drop(reply.send(read_audit(&self.db, before))),
            StoreRequest::Note { kind, what, reply } => {
                drop(reply.send(self.append_note(kind, &what)));
            }
            StoreRequest::Evidence(question) => self.evidence(question),
            StoreRequest::Issue(request) => self.serve_issue_request(request),
            StoreRequest::Stamp(request) => self.serve_stamp_request(request),
            StoreRequest::FileImport(request) => self.serve_import_request(request),
            StoreRequest::Snapshot(request) => self.serve_snapshot(request),
            StoreRequest::Alarm(request) => self.serve_alarm_request(request),
            StoreRequest::Technician(request) => self.serve_technician_request(request),
            StoreRequest::Damage(request) => self.serve_damage_request(request),
            StoreRequest::Stop(done) => drop(done.send(())),
        }
    }

    fn serve_flush(&mut self, reply: oneshot::Sender<Result<ReadingSeq, StoreError>>) {
        // The reply goes out before the maintenance: the caller needs the flush only.
        drop(reply.send(self.flush()));
        self.run_maintenance();
    }

    fn take_in(&mut self, readings: Vec<Reading>) {
        if !self.cannot_write() {
            self.follow_time_source();
        }
        for one in readings {
            self.append(one);
        }
    }

    fn known_reading_times(&mut self) -> Result<KnownReadings, StoreError> {
        let known = self.known_readings();
        known.map_err(|fault| schema::disk_error("reading times", &fault))
    }

    fn append_calibration(
        &mut self,
        said: &Calibration,
        by: &str,
    ) -> Result<CalibrationId, StoreError> {
        self.change_file(|db, now| calibrations::append_calibration(db, now, said, by))
    }

    fn append_note(&mut self, kind: &str, what: &str) -> Result<(), StoreError> {
        self.change_file(|db, now| {
            let appended = append_audit(db, now, kind, what);
            appended.map_err(|fault| schema::disk_error("keeping an audit entry", &fault))
        })
    }

    /// Appends statements to the ledger, all or none; returns their numbers. A key that was used
    /// before appends nothing.
    fn append_ledger(&mut self, addition: &LedgerAddition) -> Result<RecordedEntries, StoreError> {
        let directory = self.file.parent().unwrap_or(Path::new(".")).to_owned();
        self.change_file(|db, now| ledger::append_ledger(db, &directory, now, addition))
    }

    /// Makes a change of the file that is durable on return.
    pub(super) fn change_file<T>(
        &mut self,
        change: impl FnOnce(&mut Connection, UtcMs) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // A commit into a removed file would be gone at exit.
        self.check_files()?;
        self.refuse_without_file()?;
        self.raise_row_numbers()?;
        let now = self.recording_time();
        let changed = change(&mut self.db, now)?;
        self.keep_row_numbers();
        self.snapshots.raise_revision();
        self.publish_health();
        Ok(changed)
    }

    /// Makes sure that no row gets a number that was given before.
    fn raise_row_numbers(&mut self) -> Result<(), StoreError> {
        let Some(floor) = &mut self.floor else {
            return Ok(());
        };
        let raised = floor.finish_start(&self.db, self.next);
        raised.map_err(|fault| schema::disk_error("keeping the bound of numbers", &fault))
    }

    /// Writes down beside the store which numbers rows have now. The change is kept already, so a
    /// failure is not one of the change.
    fn keep_row_numbers(&mut self) {
        let directory = self.file.parent().unwrap_or(Path::new("."));
        let kept = match &mut self.floor {
            Some(floor) => floor.keep_row_numbers(&self.db),
            None => SequenceFloor::beside(directory, &self.db).and_then(|beside| {
                beside.map_or(Ok(()), |mut beside| beside.keep_row_numbers(&self.db))
            }),
        };
        if let Err(fault) = kept {
            tracing::warn!(%fault, "the numbers of entries were not kept beside the store");
        }
    }

    /// Schedules a flush within the flush interval.
    pub(super) fn schedule_flush(&mut self) {
        if self.flush_due.is_none() {
            self.flush_due = Some(Instant::now() + self.settings.flush);
        }
        // A full batch is written early, but not while the disk fails: then the backoff decides.
        if self.pending.len() >= FLUSH_READINGS_MAX && self.health.failure.is_none() {
            self.flush_and_maintain();
        }
    }

    /// Flushes, and does maintenance when the flush succeeded.
    fn flush_and_maintain(&mut self) {
        if self.flush().is_ok() {
            self.run_maintenance();
        }
    }

    /// Schedules the next piece of maintenance.
    pub(super) fn schedule_maintenance(&mut self) {
        // A short pause, so that requests are served between two pieces.
        let soon = Instant::now() + Duration::from_millis(BACKOFF_MIN_MS);
        self.flush_due = Some(self.flush_due.map_or(soon, |due| due.min(soon)));
    }

    /// Records a failed flush and schedules a retry; readings stay in memory.
    pub(super) fn retry_later(&mut self, fault: &StoreError) {
        let fault = disk_room::name_read_only(fault.clone(), &self.settings.path);
        if self.health.failure.is_none() {
            tracing::error!(%fault, "readings cannot be written to disk; held in memory");
        }
        self.health.failure = Some((self.clock.now().at, fault));
        // Exponential backoff: a full disk or a dead SD card is not hammered.
        self.backoff_ms = (self.backoff_ms * 2).clamp(BACKOFF_MIN_MS, BACKOFF_MAX_MS);
        self.flush_due = Some(Instant::now() + Duration::from_millis(self.backoff_ms));
        self.publish_health();
    }

    /// Publishes the current state to the handles.
    pub(super) fn publish_health(&mut self) {
        self.count_damage();
        self.health.unflushed = self.pending.len();
        self.health.durable = self.durable;
        self.health.bytes = schema::bytes_on_disk(&self.file);
        self.look_at_room();
        self.outputs.health.send_replace(self.health.clone());
    }
}

/// Waits until a time; for ever when there is none.
async fn sleep_until_due(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
