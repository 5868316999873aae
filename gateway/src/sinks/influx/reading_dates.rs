//! [`ReadingDates`]: whether readings without a date may get one yet.
//!
//! A database keeps a reading at its time, and one at a wrong time is never taken back. While no
//! source knows the time, readings without a date wait. When one does, the store dates those of
//! each start of the computer whose time became known; what has no date then never gets one.

use crate::sinks::SinkProgress;
use std::time::Duration;
use tokio::time::Instant;

/// Pause between two attempts to have readings dated, which a full disk refuses.
const ATTEMPT_PAUSE: Duration = Duration::from_secs(1);

/// Knowledge of the dates of readings that wait in the journal.
#[derive(Debug, Default)]
pub(super) struct ReadingDates {
    are_settled: bool,
    is_waiting: bool,
    tried: Option<Instant>,
}

impl ReadingDates {
    /// Has the store date what it can, once a source knows the time; true in the round in which
    /// that was done.
    pub(super) async fn become_settled(&mut self, progress: &SinkProgress) -> bool {
        let is_due = self.tried.is_none_or(|at| at.elapsed() >= ATTEMPT_PAUSE);
        if !progress.clock.now().trusted {
            // The time at a start can be doubted later: what is read then waits again.
            self.are_settled = false;
        }
        if self.are_settled || !is_due || !progress.clock.now().trusted {
            return false;
        }
        self.tried = Some(Instant::now());
        self.are_settled = progress.store.redate_all().await.is_ok();
        self.are_settled
    }

    /// True when a reading without a date never gets one.
    pub(super) fn are_settled(&self) -> bool {
        self.are_settled
    }

    /// A reading waits for its date.
    pub(super) fn note_waiting(&mut self) {
        self.is_waiting = true;
    }

    /// True when a reading waited for its date since the last call.
    pub(super) fn take_is_waiting(&mut self) -> bool {
        std::mem::take(&mut self.is_waiting)
    }
}
