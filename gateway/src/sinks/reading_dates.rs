//! [`ReadingDates`]: whether readings without a date may get one yet.
//!
//! A receiver keeps a reading at its time, and one at a wrong time is never taken back. While no
//! source knows the time, readings without a date wait. When one does, the store dates those of
//! each start of the computer whose time became known; what was stored before that, and has no date
//! then, never gets one. What is stored later may have been read before the time was known: it is
//! dated in its turn.

use crate::domain::{NumberedReading, ReadingSeq};
use crate::sinks::SinkProgress;
use std::time::Duration;
use tokio::time::Instant;

/// Pause between two attempts to have readings dated, which a full disk refuses.
const ATTEMPT_PAUSE: Duration = Duration::from_secs(1);

/// Knowledge of the dates of readings that wait in the journal.
#[derive(Debug, Default)]
pub(super) struct ReadingDates {
    /// The store has dated what it can up to this number; `None` while the time is not known.
    judged_until: Option<ReadingSeq>,
    is_waiting: bool,
    /// A reading that was stored after the last dating has no date.
    is_due: bool,
    tried: Option<Instant>,
}

/// Date of a reading, as a receiver may get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadingDate {
    /// It has one.
    Known,
    /// It may still get one: the reading waits.
    Waiting,
    /// It never gets one.
    Lost,
}

impl ReadingDates {
    /// Has the store date what it can, once a source knows the time and a reading waits for that;
    /// true in the round in which that was done.
    pub(super) async fn become_settled(&mut self, progress: &SinkProgress) -> bool {
        if !progress.clock.now().trusted {
            // The time at a start can be doubted later: what is read then waits again.
            self.judged_until = None;
            return false;
        }
        if self.judged_until.is_some() && !self.is_due {
            return false;
        }
        if self.tried.is_some_and(|at| at.elapsed() < ATTEMPT_PAUSE) {
            return false;
        }
        self.tried = Some(Instant::now());
        // Before the dating: what is stored while it runs is judged by the next one.
        let until = *progress.store.durable().borrow();
        if progress.store.redate_all().await.is_err() {
            return false;
        }
        (self.judged_until, self.is_due) = (Some(until), false);
        true
    }

    /// Date of a reading from the journal; one that waits is noted.
    pub(super) fn judge(&mut self, numbered: &NumberedReading) -> ReadingDate {
        if numbered.reading.dated {
            return ReadingDate::Known;
        }
        if self.judged_until.is_some_and(|until| numbered.seq <= until) {
            return ReadingDate::Lost;
        }
        (self.is_waiting, self.is_due) = (true, true);
        ReadingDate::Waiting
    }

    /// True when a reading waited for its date since the last call.
    pub(super) fn take_is_waiting(&mut self) -> bool {
        std::mem::take(&mut self.is_waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config::StoreSettings;
    use crate::domain::{MonoMs, Reading, UtcMs};
    use crate::status::StatusBoard;
    use crate::storage::Store;
    use crate::tests::site_with_devices;

    const NOON: i64 = 1_796_040_000_000;

    fn undated(seq: ReadingSeq) -> NumberedReading {
        let reading = Reading {
            device: 0,
            at: UtcMs(0),
            mono: MonoMs(0),
            dated: false,
            outcomes: Box::default(),
        };
        NumberedReading { seq, reading }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_stored_after_the_dating_waits_for_one_more_and_all_when_trust_is_lost() {
        let (dir, clock) = (tempfile::tempdir().unwrap(), Clock::set(UtcMs(NOON), true));
        let settings = StoreSettings {
            path: dir.path().to_owned(),
            flush: Duration::from_hours(1),
            keep: None,
            budget: None,
        };
        let site = site_with_devices("s", Vec::new());
        let store = Store::open(dir.path(), &site, &settings, "", &clock).unwrap();
        let progress = SinkProgress::open("influx", store, clock.clone(), StatusBoard::default());
        let progress = progress.await.unwrap();
        let until = *progress.durable.borrow();
        let mut dates = ReadingDates::default();
        assert_eq!(dates.judge(&undated(until)), ReadingDate::Waiting);
        assert!(dates.become_settled(&progress).await);
        assert_eq!(dates.judge(&undated(until)), ReadingDate::Lost);
        assert!(!dates.become_settled(&progress).await);
        // Stamped before the time was known, and stored after it.
        assert_eq!(dates.judge(&undated(until + 1)), ReadingDate::Waiting);
        tokio::time::advance(ATTEMPT_PAUSE).await;
        assert!(dates.become_settled(&progress).await);
        clock.distrust();
        assert!(!dates.become_settled(&progress).await);
        assert_eq!(dates.judge(&undated(until)), ReadingDate::Waiting);
    }
}
