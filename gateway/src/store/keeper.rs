//! The thread that owns the file: takes requests one by one, flushes in time, streams answers
//! between.

use super::access::Access;
use super::calendar::{Calendar, Day};
use super::fault::StoreError;
use super::feed::Ring;
use super::floor::Floor;
use super::handle::{Request, StoreHealth};
use super::hot::{BootKey, Hot, Key};
use super::last::Latest;
use super::names::Names;
use super::presence::Presence;
use super::query::Running;
use super::schema;
use crate::clock::Clock;
use crate::config::StoreSettings;
use crate::limits::{BACKOFF_MAX_MS, BACKOFF_MIN_MS, FLUSH_READINGS_MAX};
use crate::model::{BootId, Numbered, Seq};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::Instant;

/// Everything that belongs to the file.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) db: rusqlite::Connection,
    pub(super) file: PathBuf,
    /// Who opened it.
    pub(super) access: Access,
    /// Held by a command that only reads, so that nobody writes meanwhile.
    pub(super) _lock: Option<File>,
    /// What the directory named when the files were opened; `None` when nothing is written.
    pub(super) presence: Option<Presence>,
    /// Above the numbers that were given out; only the gateway gives any.
    pub(super) floor: Option<Floor>,
    pub(super) settings: StoreSettings,
    pub(super) clock: Clock,
    pub(super) calendar: Calendar,
    pub(super) names: Names,
    /// This start of the machine.
    pub(super) boot: BootId,
    /// Where undated readings are kept, and the offset of the clock that stamps them.
    pub(super) era: Option<(BootKey, i64)>,
    /// Readings not on disk yet, in order.
    pub(super) pending: VecDeque<Arc<Numbered>>,
    pub(super) next: Seq,
    pub(super) durable: Seq,
    pub(super) ring: Ring,
    pub(super) hot: Hot,
    pub(super) latest: Latest,
    pub(super) cursors: BTreeMap<String, Seq>,
    /// When each sink's cursor moved last, milliseconds since 1970.
    pub(super) moved_at: BTreeMap<String, i64>,
    /// Sinks whose cursor moved since the last flush.
    pub(super) moved: BTreeSet<String>,
    pub(super) refusals: Vec<super::handle::Refusal>,
    pub(super) running: VecDeque<Running>,
    pub(super) health: StoreHealth,
    /// Losses not yet in the audit: how many, and the first and last `seq`.
    pub(super) losses: Option<(u64, Seq, Seq)>,
    /// When the next flush is due; `None` while there is nothing to flush.
    pub(super) due: Option<Instant>,
    pub(super) backoff_ms: u64,
    /// Parts on disk that are not merged into whole days yet.
    pub(super) parts: BTreeSet<Key>,
    /// Raw samples of days before this one have been let go.
    pub(super) gone_before: Day,
    /// Moment (wall clock, ms) before which no sealing is tried again.
    pub(super) seal_after: i64,
    /// Monotonic moment, in milliseconds, before which no more goes by age.
    pub(super) old_again_ms: u64,
    /// Days on their way to a record.
    pub(super) closing: super::digest::Closing,
    pub(super) out: Outlets,
}

/// The sending ends of the handle.
#[derive(Debug)]
pub(super) struct Outlets {
    pub(super) durable: watch::Sender<Seq>,
    pub(super) live: broadcast::Sender<Arc<Numbered>>,
    pub(super) health: watch::Sender<StoreHealth>,
}

enum Event {
    Request(Option<Request>),
    Due,
    Wanted(usize),
}

impl Keeper {
    /// Serves requests until all handles are gone or one says stop.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        loop {
            let event = tokio::select! {
                request = requests.recv() => Event::Request(request),
                () = due(self.due) => Event::Due,
                wanted = super::query::wanted(&self.running) => Event::Wanted(wanted),
            };
            match event {
                Event::Request(Some(Request::Stop(done))) => {
                    requests.close();
                    while let Ok(request) = requests.try_recv() {
                        self.serve(request);
                    }
                    self.finish();
                    drop(self);
                    let _ = done.send(());
                    return;
                }
                Event::Request(Some(request)) => self.serve(request),
                Event::Request(None) => return self.finish(),
                Event::Due => self.flush_in_time(),
                Event::Wanted(which) => self.stream(which),
            }
        }
    }

    fn finish(&mut self) {
        if self.still_there().is_err() {
            return self.rescue();
        }
        if let Err(fault) = self.flush() {
            tracing::error!(%fault, unflushed = self.pending.len(), "stopped without the last readings");
        }
    }

    fn serve(&mut self, request: Request) {
        // Nobody waits for an answer any more when sending fails; that is their right.
        match request {
            Request::Append(readings) => readings.into_iter().for_each(|one| self.append(one)),
            Request::Flush(reply) => {
                drop(reply.send(self.flush()));
                self.tend();
            }
            Request::Journal { after, max, reply } => {
                drop(reply.send(self.journal_after(after, max)));
            }
            Request::Cursor { sink, reply } => drop(reply.send(self.cursor(sink))),
            Request::Sinks { names, reply } => drop(reply.send(self.keep_sinks(&names))),
            Request::MoveCursor { sink, to } => self.move_cursor(sink, to),
            Request::Refuse(refusal) => self.refuse(refusal),
            Request::Refusals { sink, reply } => drop(reply.send(self.refused(&sink))),
            Request::Query { query, blocks } => self.begin(query, blocks),
            Request::Last { reply } => {
                drop(reply.send(Ok(self.latest.all(&self.names, self.durable))));
            }
            Request::Import { point, rows, reply } => {
                drop(reply.send(self.import(&point, &rows)));
            }
            Request::ImportMany { columns, reply } => drop(reply.send(self.import_many(&columns))),
            Request::Redate {
                boot,
                offset_ms,
                reply,
            } => drop(reply.send(self.redate(&boot, offset_ms))),
            Request::Backup { to, reply } => drop(reply.send(self.backup(&to))),
            Request::LedgerAdd {
                statements,
                by,
                reply,
            } => drop(reply.send(self.ledger_add(&statements, &by))),
            Request::Ledger { query, reply } => drop(reply.send(self.ledger(&query))),
            Request::LedgerChain { entry, reply } => drop(reply.send(self.ledger_chain(entry))),
            Request::Calibrate { said, by, reply } => drop(reply.send(self.calibrate(&said, &by))),
            Request::Calibrations { reply } => drop(reply.send(self.calibrations())),
            Request::Note { kind, what, reply } => drop(reply.send(self.note(kind, &what))),
            Request::Evidence(question) => self.evidence(question),
            Request::Stop(done) => drop(done.send(())),
        }
    }

    /// Something wants to be on disk within the flush interval.
    pub(super) fn make_due(&mut self) {
        if self.due.is_none() {
            self.due = Some(Instant::now() + self.settings.flush);
        }
        if self.pending.len() >= FLUSH_READINGS_MAX && self.health.failure.is_none() {
            self.flush_in_time();
        }
    }

    fn flush_in_time(&mut self) {
        if self.flush().is_ok() {
            self.tend();
        }
    }

    /// There is more to tend; a little later, so that requests come in between.
    pub(super) fn tend_soon(&mut self) {
        let soon = Instant::now() + Duration::from_millis(BACKOFF_MIN_MS);
        self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
    }

    /// The disk said no: keep everything, try again later and later.
    pub(super) fn put_off(&mut self, fault: &StoreError) {
        if self.health.failure.is_none() {
            tracing::error!(%fault, "readings cannot be kept on disk; held in memory");
        }
        self.health.failure = Some((self.clock.now().at, fault.to_string()));
        self.backoff_ms = (self.backoff_ms * 2).clamp(BACKOFF_MIN_MS, BACKOFF_MAX_MS);
        self.due = Some(Instant::now() + Duration::from_millis(self.backoff_ms));
        self.tell_health();
    }

    pub(super) fn tell_health(&mut self) {
        self.health.unflushed = self.pending.len();
        self.health.durable = self.durable;
        self.health.bytes = schema::bytes_on_disk(&self.file);
        self.out.health.send_replace(self.health.clone());
    }
}

async fn due(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
