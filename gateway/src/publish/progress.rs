//! How far a sink has come: its durable cursor, and what the board says of it.

use crate::clock::Clock;
use crate::limits::CURSOR_PERSIST_MS;
use crate::model::{Seq, UtcMs};
use crate::status::{Board, SinkState, SinkTrouble};
use crate::store::{Refusal, Store, StoreError};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Bytes of a refused line or payload that are kept.
const REFUSED_BYTES: usize = 4096;

/// One sink's place in the journal.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) name: &'static str,
    pub(crate) store: Store,
    pub(crate) durable: watch::Receiver<Seq>,
    pub(crate) clock: Clock,
    board: Board,
    /// Everything up to here has been acknowledged.
    delivered: Seq,
    /// The store knows of this much of it.
    told: Seq,
    told_at: Instant,
    /// Refused beyond what was delivered: after a lost connection they come by again.
    refused: BTreeSet<Seq>,
}

impl Progress {
    /// Asks the store for the cursor; a new sink starts at the beginning of the journal.
    pub(crate) async fn open(
        name: &'static str,
        store: Store,
        clock: Clock,
        board: Board,
    ) -> Result<Self, StoreError> {
        let delivered = store.cursor(name).await?.unwrap_or(0);
        let (refused, _) = store.refusals(name).await?;
        let durable = store.durable();
        let progress = Self {
            name,
            store,
            durable,
            clock,
            board,
            delivered,
            told: delivered,
            told_at: Instant::now(),
            refused: BTreeSet::new(),
        };
        progress.show(|state| state.refused = refused);
        Ok(progress)
    }

    /// Everything up to here has been acknowledged.
    pub(crate) fn delivered(&self) -> Seq {
        self.delivered
    }

    /// The far side is there and takes readings.
    pub(crate) fn connected(&self) {
        self.show(|state| {
            state.connected = true;
            (state.fault, state.trouble) = (None, None);
        });
    }

    /// As above, with a fault that is still worth to be read.
    pub(crate) fn connected_with(&self, fault: Option<(&str, Option<SinkTrouble>)>) {
        self.show(|state| {
            state.connected = true;
            if let Some((why, trouble)) = fault {
                (state.fault, state.trouble) = (Some(why.to_owned()), trouble);
            }
        });
    }

    /// Stopped on purpose.
    pub(crate) fn disconnected(&self) {
        self.show(|state| state.connected = false);
    }

    /// The far side is away, or does not want us, and why. Logged when it is news.
    pub(crate) fn fault(&self, why: &str, trouble: Option<SinkTrouble>) {
        let news = self.show(|state| {
            let news = state.connected || state.fault.as_deref() != Some(why);
            state.connected = false;
            (state.fault, state.trouble) = (Some(why.to_owned()), trouble);
            news
        });
        if news {
            tracing::warn!(
                sink = self.name,
                why,
                "sink not reachable, readings are kept"
            );
        }
    }

    /// The far side has everything up to here; `at` is the time of the last reading.
    pub(crate) fn advance(&mut self, (seq, at): (Seq, UtcMs)) {
        self.delivered = seq;
        while self.refused.first().is_some_and(|&refused| refused <= seq) {
            self.refused.pop_first();
        }
        self.show(|state| {
            state.delivered_at = Some(at);
            state.waiting_since = (state.waiting > 0).then(Instant::now);
        });
    }

    /// Tells the store how far the sink has come, at most once a second unless `now`.
    pub(crate) async fn persist(&mut self, now: bool) -> Result<(), StoreError> {
        let waited = self.told_at.elapsed() >= Duration::from_millis(CURSOR_PERSIST_MS);
        if self.told == self.delivered || !(now || waited) {
            // The board's number of waiting readings moves with the journal, too.
            self.show(|_| ());
            return Ok(());
        }
        self.told = self.delivered;
        self.told_at = Instant::now();
        self.store.move_cursor(self.name, self.delivered).await
    }

    /// Puts a reading on the refused list, once.
    pub(crate) async fn refuse(
        &mut self,
        seq: Seq,
        why: &str,
        what: &str,
    ) -> Result<(), StoreError> {
        if !self.refused.insert(seq) {
            return Ok(());
        }
        tracing::warn!(sink = self.name, seq, why, "reading refused for good");
        let refusal = Refusal {
            sink: self.name.to_owned(),
            seq,
            at: self.clock.now().at,
            why: why.to_owned(),
            what: what[..what.floor_char_boundary(REFUSED_BYTES)].to_owned(),
        };
        self.store.refuse(refusal).await?;
        self.show(|state| {
            state.refused += 1;
            (state.fault, state.trouble) = (Some(why.to_owned()), None);
        });
        Ok(())
    }

    fn show<T>(&self, change: impl FnOnce(&mut SinkState) -> T) -> T {
        let durable = *self.durable.borrow();
        self.board.write(|board| {
            let state = board.sinks.entry(self.name).or_default();
            state.delivered = self.delivered;
            state.waiting = durable.saturating_sub(self.delivered);
            match state.waiting {
                0 => state.waiting_since = None,
                _ => _ = state.waiting_since.get_or_insert_with(Instant::now),
            }
            change(state)
        })
    }
}

/// Ends when the program is to stop.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Waits; false when the program is to stop.
pub(crate) async fn pause(wait: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::time::timeout(wait, stopped(stop)).await.is_err()
}
