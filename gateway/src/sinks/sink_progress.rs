//! Progress of a sink: its durable position, and its state on the status page.

use crate::clock::Clock;
use crate::domain::{ReadingSeq, UtcMs};
use crate::limits::{CURSOR_PERSIST_MS, LIVE_DELAY_SECONDS};
use crate::sinks::refusal_log::RefusalLog;
use crate::sinks::settled_cursor::SettledCursor;
use crate::sinks::waiting_age::WaitingAge;
use crate::status::{FlapLine, FlapLog, SinkDiagnosis, SinkState, StatusBoard};
use crate::storage::{DeliveryLane, DeliveryLanes, RefusedReading, SeqStretch, Store, StoreError};
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
    /// Positions up to which readings are acknowledged.
    lanes: DeliveryLanes,
    /// Sequence number of the last reading up to there that the receiver has taken; 0 when none is
    /// known.
    delivered: ReadingSeq,
    /// Last taken reading of each lane, live first.
    taken: [ReadingSeq; 2],
    /// The part of it that the store has persisted.
    persisted: DeliveryLanes,
    persisted_at: Instant,
    /// Refused readings after the cursor: after a lost connection they are sent and refused again,
    /// but must be listed once.
    refused: BTreeSet<ReadingSeq>,
    age: WaitingAge,
    /// The part of `lanes` that the receiver has for good.
    settled: SettledCursor<DeliveryLanes>,
    flaps: Mutex<FlapLog>,
    refusals: RefusalLog,
    /// The clock of the server was told to be another one.
    is_clock_told: bool,
}

impl SinkProgress {
    /// Reads the position from the store; a new sink starts at the beginning of the journal.
    pub async fn open(
        name: &'static str,
        store: Store,
        clock: Clock,
        board: StatusBoard,
    ) -> Result<Self, StoreError> {
        // A new sink delivers the whole journal, not only what comes from now on.
        let lanes = store.sink_lanes(name).await?.unwrap_or_default();
        let settled = lanes.cursor();
        let (refused, latest) = store.list_refusals(name).await?;
        let listed = latest.iter().map(|one| one.seq);
        let durable = store.durable();
        let age = waiting_at_start(&store, &clock, settled).await?;
        let delivered = last_delivered(settled, refused, &latest);
        // The live lane may be ahead, over what is still in the backlog.
        let live = lanes.position(DeliveryLane::Live);
        let live = last_delivered(live, refused, &latest);
        let progress = Self {
            name,
            store,
            durable,
            clock,
            board,
            persisted: lanes.clone(),
            persisted_at: Instant::now(),
            refused: listed.filter(|&seq| seq > settled).collect(),
            delivered,
            taken: [live, 0],
            age,
            settled: SettledCursor::new(Duration::ZERO, lanes.clone()),
            lanes,
            flaps: Mutex::default(),
            refusals: RefusalLog::default(),
            is_clock_told: false,
        };
        progress.update_status(|state| state.refused = refused);
        Ok(progress)
    }

    /// Returns what is acknowledged.
    pub fn lanes(&self) -> &DeliveryLanes {
        &self.lanes
    }

    /// Returns the number of readings that wait in the backlog.
    pub(crate) fn waiting_backlog(&self) -> u64 {
        let live = self.lanes.position(DeliveryLane::Live);
        self.count_stretches(self.lanes.waiting(live))
    }

    /// Begins delivery after an outage: when more waits than `catch_up` readings, or for long, it
    /// becomes the backlog, and the live lane begins with what arrives from now on.
    pub fn begin_live(&mut self, catch_up: u32) {
        let (durable, now) = (*self.durable.borrow(), Instant::now());
        self.age.record_end(durable, self.lanes.cursor(), now);
        let live = self.lanes.position(DeliveryLane::Live);
        let since = self.age.since_after(live);
        let has_waited = since.is_some_and(|since| {
            now.duration_since(since) > Duration::from_secs(LIVE_DELAY_SECONDS)
        });
        let waiting = self.store.count_between(live, durable);
        // A short break needs no second lane: its readings go out in order, ahead of the others.
        if waiting > u64::from(catch_up) || has_waited {
            self.lanes.begin_live_at(durable);
            let sink = self.name;
            tracing::debug!(
                sink,
                waiting,
                "these readings are backlog; new ones go first"
            );
        }
        self.update_status(|_| ());
    }

    /// Sets the time for which acknowledged readings may be lost at the receiver.
    pub(crate) fn set_rewind(&mut self, rewind: Duration) {
        self.settled = SettledCursor::new(rewind, self.lanes.clone());
    }

    /// Goes back, after a lost connection, to what the receiver has for good; returns false when
    /// that is all.
    pub(crate) fn step_back(&mut self) -> bool {
        let now = Instant::now();
        let settled = self.settled.step_back(now);
        let waiting = self.count_waiting(&self.lanes);
        let count = self.count_waiting(&settled).saturating_sub(waiting);
        if count > 0 {
            let (sink, from) = (self.name, settled.cursor() + 1);
            tracing::info!(sink, from, count, "the connection was lost: sent again");
            if settled.cursor() < self.lanes.cursor() {
                self.age.reopen(self.lanes.cursor(), now);
            }
            self.lanes = settled;
            self.delivered = self.delivered.min(self.lanes.cursor());
            self.taken = [self.lanes.position(DeliveryLane::Live), 0];
        }
        count > 0
    }

    /// Sets the state to connected and clears the fault.
    pub fn set_connected(&self) {
        self.update_status(|state| {
            state.connected = true;
            (state.fault, state.trouble) = (None, None);
            state.next_try = None;
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

    /// Sets the lead of the server's clock, ms; `None` when it agrees with ours. Logged once.
    pub(crate) fn set_clock_lead(&mut self, lead_ms: Option<i64>) {
        self.update_status(|state| state.clock_lead_ms = lead_ms);
        let Some(lead_ms) = lead_ms.filter(|_| !self.is_clock_told) else {
            return;
        };
        self.is_clock_told = true;
        let says = UtcMs(self.clock.now().at.0.saturating_add(lead_ms));
        tracing::warn!(
            sink = self.name, %says, lead_ms,
            "the clock of the server shows another time than readings get; that is a hint, and \
             changes nothing"
        );
    }

    /// Sets the state to disconnected, for a planned stop.
    pub fn set_disconnected(&self) {
        self.update_status(|state| state.connected = false);
    }

    /// Logs that a connection begins; a connection that comes and goes has few lines.
    pub(crate) fn log_connected(&self, version: &str) {
        let (sink, from) = (self.name, self.lanes.cursor() + 1);
        match self.flaps().record_change(Instant::now()) {
            FlapLine::Change => tracing::info!(sink, from, version, "connected"),
            line => log_flapping(sink, line),
        }
    }

    /// Sets the time before which nothing is sent, since the receiver has asked for it.
    pub(crate) fn set_pause(&self, pause: Duration) {
        let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        let until = UtcMs(self.clock.now().at.0.saturating_add(pause));
        self.update_status(|state| state.next_try = Some(until));
    }

    /// Sets a fault and the state to disconnected. Logged when it is new.
    pub fn set_fault(&self, why: &str, trouble: Option<SinkDiagnosis>) {
        let news = self.update_status(|state| {
            let news = state.connected || state.fault.as_deref() != Some(why);
            state.connected = false;
            (state.fault, state.trouble) = (Some(why.to_owned()), trouble);
            state.next_try = None;
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

    /// Moves a lane on past readings that are settled: to the last of them, with its time. `taken`
    /// is the last one that the receiver has acknowledged; `None` when it has refused all.
    pub fn advance(
        &mut self,
        lane: DeliveryLane,
        (seq, at): (ReadingSeq, UtcMs),
        taken: Option<(ReadingSeq, UtcMs)>,
    ) {
        if let Some((seq, _)) = taken {
            let [live, backlog] = &mut self.taken;
            match lane {
                DeliveryLane::Live => *live = seq,
                DeliveryLane::Backlog => *backlog = seq,
            }
        }
        let is_oldest = lane == DeliveryLane::Backlog || self.lanes.is_live_only();
        self.move_lane(lane, seq, moment_of(at, &self.clock).filter(|_| is_oldest));
        let now = Instant::now();
        self.update_status(|state| {
            if let Some((_, at)) = taken {
                // The live lane has the newest, whatever the backlog delivers beside it.
                state.delivered_at = match lane {
                    DeliveryLane::Live => Some(at),
                    DeliveryLane::Backlog => state.delivered_at.max(Some(at)),
                };
                (state.refused_in_a_row, state.refusing_since) = (0, None);
            }
            state.waiting_since = (state.waiting > 0).then_some(now);
        });
    }

    /// Moves the backlog past readings that the journal no longer has.
    pub(crate) fn pass_missing(&mut self, until: ReadingSeq) {
        self.move_lane(DeliveryLane::Backlog, until, None);
        self.update_status(|_| ());
    }

    fn move_lane(&mut self, lane: DeliveryLane, seq: ReadingSeq, since: Option<Instant>) {
        self.lanes.advance(lane, seq);
        let (settled, now) = (self.lanes.cursor(), Instant::now());
        // What the live lane has delivered is beyond a backlog that is not.
        let taken = self.taken.into_iter().filter(|seq| *seq <= settled).max();
        self.delivered = self.delivered.max(taken.unwrap_or_default());
        self.age.record_delivered(settled, since);
        self.age.record_end(*self.durable.borrow(), settled, now);
        self.settled.record(self.lanes.clone(), now);
    }

    /// Persists the cursor in the store, at most once a second unless `now`.
    pub async fn persist_cursor(&mut self, now: bool) -> Result<(), StoreError> {
        // A cursor that is a second old costs at most that second's readings sent twice after a
        // crash.
        let (durable, at) = (*self.durable.borrow(), Instant::now());
        self.age.record_end(durable, self.lanes.cursor(), at);
        let waited = self.persisted_at.elapsed() >= Duration::from_millis(CURSOR_PERSIST_MS);
        let settled = self.settled.settle(at);
        self.log_steady();
        self.log_refusals();
        if self.persisted == settled || !(now || waited) {
            // The number of waiting readings on the status page grows with the journal.
            self.update_status(|_| ());
            return Ok(());
        }
        let moved = self.store.advance_lanes(self.name, settled.clone());
        match moved.await {
            // A disk that hangs ends no connection: the cursor is stored when it answers again.
            Err(StoreError::Hung(_)) => return Ok(()),
            stored => stored?,
        }
        // Readings at or before the cursor cannot come by again.
        self.refused = self.refused.split_off(&(settled.cursor() + 1));
        self.persisted = settled;
        self.persisted_at = at;
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
            state.refused_in_a_row += 1;
            state.refusing_since.get_or_insert_with(Instant::now);
            (state.fault, state.trouble) = (Some(why.to_owned()), None);
        });
        Ok(())
    }

    /// Number of readings in the journal that are not delivered at these positions.
    fn count_waiting(&self, lanes: &DeliveryLanes) -> u64 {
        self.count_stretches(lanes.waiting(*self.durable.borrow()))
    }

    fn count_stretches(&self, stretches: impl Iterator<Item = SeqStretch>) -> u64 {
        let count = |one: SeqStretch| self.store.count_between(one.after, one.until);
        stretches.map(count).sum()
    }

    fn update_status<T>(&self, change: impl FnOnce(&mut SinkState) -> T) -> T {
        self.board.update(|board| {
            let state = board.sinks.entry(self.name).or_default();
            (state.settled, state.delivered) = (self.lanes.cursor(), self.delivered);
            // The waiting time is measured from the first waiting reading, to tell a stalled sink
            // from a busy one.
            state.waiting = self.count_waiting(&self.lanes);
            state.backlog = self.waiting_backlog();
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

/// Last reading up to `settled` that was not refused; 0 when those listed do not tell.
fn last_delivered(settled: ReadingSeq, refused: u64, latest: &[RefusedReading]) -> ReadingSeq {
    let listed: BTreeSet<ReadingSeq> = latest.iter().map(|one| one.seq).collect();
    let mut delivered = settled;
    while listed.contains(&delivered) {
        delivered -= 1;
    }
    let is_beyond_list = listed.first().is_some_and(|first| delivered < *first);
    // Older refusals may not be listed any more.
    let is_known = delivered == settled || !is_beyond_list || refused == latest.len() as u64;
    if is_known { delivered } else { 0 }
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
