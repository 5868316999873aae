//! Progress of a sink: its durable cursor, and its state on the status page.

use crate::clock::Clock;
use crate::domain::{ReadingSeq, UtcMs};
use crate::limits::CURSOR_PERSIST_MS;
use crate::sinks::refusal_log::RefusalLog;
use crate::sinks::settled_cursor::SettledCursor;
use crate::sinks::waiting_age::WaitingAge;
use crate::status::{FlapLine, FlapLog, SinkDiagnosis, SinkState, StatusBoard};
use crate::storage::{RefusedReading, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Largest part of a refused line or payload that is kept, bytes.
const REFUSED_TEXT_MAX: usize = 4096;

/// Position of one sink in the journal.
#[derive(Debug)]
pub struct SinkProgress {
    /// Name of the sink.
    pub name: &'static str,
    /// Store with the journal.
    pub store: Store,
    /// Sequence number of the last reading that is on disk and may be sent.
    pub durable: watch::Receiver<ReadingSeq>,
    /// Clock, for times in messages.
    pub clock: Clock,
    board: StatusBoard,
    /// Sequence number up to which everything is acknowledged.
    delivered: ReadingSeq,
    /// The part of it that the store has persisted.
    persisted: ReadingSeq,
    persisted_at: Instant,
    /// Refused readings after the cursor: after a lost connection they are sent and refused again,
    /// but must be listed once.
    refused: BTreeSet<ReadingSeq>,
    age: WaitingAge,
    /// The part of `delivered` that the receiver has for good.
    settled: SettledCursor,
    flaps: Mutex<FlapLog>,
    refusals: RefusalLog,
}

impl SinkProgress {
    /// Reads the cursor from the store; a new sink starts at the beginning of the journal.
    pub async fn open(
        name: &'static str,
        store: Store,
        clock: Clock,
        board: StatusBoard,
    ) -> Result<Self, StoreError> {
        // A new sink delivers the whole journal, not only what comes from now on.
        let delivered = store.sink_cursor(name).await?.unwrap_or(0);
        let (refused, latest) = store.list_refusals(name).await?;
        let listed = latest.iter().map(|one| one.seq);
        let durable = store.durable();
        let age = waiting_at_start(&store, &clock, delivered).await?;
        let progress = Self {
            name,
            store,
            durable,
            clock,
            board,
            delivered,
            persisted: delivered,
            persisted_at: Instant::now(),
            refused: listed.filter(|&seq| seq > delivered).collect(),
            age,
            settled: SettledCursor::new(Duration::ZERO, delivered),
            flaps: Mutex::default(),
            refusals: RefusalLog::default(),
        };
        progress.update_status(|state| state.refused = refused);
        Ok(progress)
    }

    /// Returns the sequence number up to which everything is acknowledged.
    pub fn delivered(&self) -> ReadingSeq {
        self.delivered
    }

    /// Sets the time for which acknowledged readings may be lost at the receiver.
    pub(crate) fn set_rewind(&mut self, rewind: Duration) {
        self.settled = SettledCursor::new(rewind, self.delivered);
    }

    /// Goes back, after a lost connection, to what the receiver has for good; returns false when
    /// that is all.
    pub(crate) fn step_back(&mut self) -> bool {
        let now = Instant::now();
        let settled = self.settled.step_back(now);
        let is_behind = settled < self.delivered;
        if is_behind {
            let (sink, from) = (self.name, settled + 1);
            let count = self.store.count_between(settled, self.delivered);
            tracing::info!(sink, from, count, "the connection was lost: sent again");
            self.age.reopen(self.delivered, now);
            self.delivered = settled;
        }
        is_behind
    }

    /// Sets the state to connected and clears the fault.
    pub fn set_connected(&self) {
        self.update_status(|state| {
            state.connected = true;
            (state.fault, state.trouble) = (None, None);
        });
    }

    /// Sets the state to connected and keeps a fault that is still worth reading.
    pub fn set_connected_with(&self, fault: Option<(&str, Option<SinkDiagnosis>)>) {
        self.update_status(|state| {
            state.connected = true;
            if let Some((why, trouble)) = fault {
                (state.fault, state.trouble) = (Some(why.to_owned()), trouble);
            }
        });
    }

    /// Sets the state to disconnected, for a planned stop.
    pub fn set_disconnected(&self) {
        self.update_status(|state| state.connected = false);
    }

    /// Logs that a connection begins; a connection that comes and goes has few lines.
    pub(crate) fn log_connected(&self, version: &str) {
        let (sink, from) = (self.name, self.delivered + 1);
        match self.flaps().record_change(Instant::now()) {
            FlapLine::Change => tracing::info!(sink, from, version, "connected"),
            line => log_flapping(sink, line),
        }
    }

    /// Sets a fault and the state to disconnected. Logged when it is new.
    pub fn set_fault(&self, why: &str, trouble: Option<SinkDiagnosis>) {
        let news = self.update_status(|state| {
            let news = state.connected || state.fault.as_deref() != Some(why);
            state.connected = false;
            (state.fault, state.trouble) = (Some(why.to_owned()), trouble);
            news
        });
        if news {
            let sink = self.name;
            match self.flaps().record_change(Instant::now()) {
                FlapLine::Change => {
                    tracing::warn!(sink, why, "sink not reachable, readings are kept");
                }
                line => log_flapping(sink, line),
            }
        }
        self.log_steady();
    }

    /// Logs that a connection has stopped to come and go.
    fn log_steady(&self) {
        if let Some(changes) = self.flaps().take_steady(Instant::now()) {
            let sink = self.name;
            tracing::info!(sink, changes, "the connection no longer comes and goes");
        }
    }

    fn flaps(&self) -> MutexGuard<'_, FlapLog> {
        self.flaps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs the refused readings that are due.
    fn log_refusals(&mut self) {
        if let Some(due) = self.refusals.take_due(Instant::now()) {
            let (sink, why) = (self.name, due.why);
            let (count, first, last) = (due.count, due.first, due.last);
            tracing::warn!(
                sink,
                count,
                first,
                last,
                why,
                "readings refused permanently"
            );
        }
    }

    /// Moves the cursor after an acknowledgement; `at` is the time of the last reading.
    pub fn advance(&mut self, (seq, at): (ReadingSeq, UtcMs)) {
        self.delivered = seq;
        let now = Instant::now();
        self.age.record_delivered(seq, moment_of(at, &self.clock));
        self.age.record_end(*self.durable.borrow(), seq, now);
        self.settled.record(seq, now);
        self.update_status(|state| {
            state.delivered_at = Some(at);
            state.waiting_since = (state.waiting > 0).then_some(now);
        });
    }

    /// Persists the cursor in the store, at most once a second unless `now`.
    pub async fn persist_cursor(&mut self, now: bool) -> Result<(), StoreError> {
        // A cursor that is a second old costs at most that second's readings sent twice after a
        // crash.
        let (durable, at) = (*self.durable.borrow(), Instant::now());
        self.age.record_end(durable, self.delivered, at);
        let waited = self.persisted_at.elapsed() >= Duration::from_millis(CURSOR_PERSIST_MS);
        let settled = self.settled.settle(at);
        self.log_steady();
        self.log_refusals();
        if self.persisted >= settled || !(now || waited) {
            // The number of waiting readings on the status page grows with the journal.
            self.update_status(|_| ());
            return Ok(());
        }
        match self.store.advance_cursor(self.name, settled).await {
            // A disk that hangs ends no connection: the cursor is stored when it answers again.
            Err(StoreError::Hung(_)) => return Ok(()),
            stored => stored?,
        }
        self.persisted = settled;
        self.persisted_at = at;
        // Readings at or before the cursor cannot come by again.
        self.refused = self.refused.split_off(&(settled + 1));
        Ok(())
    }

    /// Returns the state of every sink.
    pub(crate) fn sink_states(&self) -> BTreeMap<&'static str, SinkState> {
        self.board.snapshot().sinks
    }

    /// Puts a reading on the refused list, once.
    pub async fn refuse_reading(
        &mut self,
        seq: ReadingSeq,
        why: &str,
        what: &str,
    ) -> Result<(), StoreError> {
        if !self.refused.insert(seq) {
            return Ok(());
        }
        self.refusals.record(seq, why);
        self.log_refusals();
        let refusal = RefusedReading {
            sink: self.name.to_owned(),
            seq,
            at: self.clock.now().at,
            why: why.to_owned(),
            // Cut at a character boundary, so that the text stays valid UTF-8.
            what: what[..what.floor_char_boundary(REFUSED_TEXT_MAX)].to_owned(),
        };
        self.store.record_refusal(refusal).await?;
        self.update_status(|state| {
            state.refused += 1;
            (state.fault, state.trouble) = (Some(why.to_owned()), None);
        });
        Ok(())
    }

    fn update_status<T>(&self, change: impl FnOnce(&mut SinkState) -> T) -> T {
        let durable = *self.durable.borrow();
        self.board.update(|board| {
            let state = board.sinks.entry(self.name).or_default();
            state.delivered = self.delivered;
            // The waiting time is measured from the first waiting reading, to tell a stalled sink
            // from a busy one.
            state.waiting = self.store.count_between(self.delivered, durable);
            state.oldest_waiting = self.age.oldest();
            match state.waiting {
                0 => state.waiting_since = None,
                _ => _ = state.waiting_since.get_or_insert_with(Instant::now),
            }
            change(state)
        })
    }
}

/// Logs that the connection of a sink comes and goes.
fn log_flapping(sink: &str, line: FlapLine) {
    if let FlapLine::Flapping(changes) = line {
        tracing::warn!(
            sink,
            changes,
            "the connection comes and goes; readings are kept, and changes are counted"
        );
    }
}

/// Age of what waits already when a sink begins.
async fn waiting_at_start(
    store: &Store,
    clock: &Clock,
    delivered: ReadingSeq,
) -> Result<WaitingAge, StoreError> {
    let durable = *store.durable().borrow();
    let first = store.read_journal(delivered, 1).await?;
    let Some(first) = first.first() else {
        return Ok(WaitingAge::default());
    };
    // An undated reading, or an untrusted clock, gives no age: it counts from the start.
    let dated = first.reading.dated.then_some(first.reading.at);
    let since = dated.and_then(|at| moment_of(at, clock));
    let since = since.unwrap_or_else(Instant::now);
    Ok(WaitingAge::with_waiting(durable.max(first.seq), since))
}

/// Moment of a time by the wall clock; `None` while that is not trusted.
fn moment_of(at: UtcMs, clock: &Clock) -> Option<Instant> {
    let now = clock.now();
    let ago = u64::try_from(now.at.0.saturating_sub(at.0)).unwrap_or(0);
    let moment = Instant::now().checked_sub(Duration::from_millis(ago));
    moment.filter(|_| now.trusted)
}

/// Completes when a stop is requested.
pub(crate) async fn wait_for_stop(stop: &mut watch::Receiver<bool>) {
    // A dropped sender means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Waits; returns false when a stop is requested.
pub(crate) async fn pause_or_stop(wait: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::time::timeout(wait, wait_for_stop(stop))
        .await
        .is_err()
}
