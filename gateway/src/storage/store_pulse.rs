//! [`StorePulse`]: signs of life of the thread that owns the file.
//!
//! A disk that hangs answers nothing and reports no error: the thread waits inside one system call.
//! Whoever asks the store would wait as long, and nothing would look wrong. Therefore the thread
//! tells when it begins and ends a request, and SQLite tells while it works; the handle reads it.

use super::store_error::StoreError;
use crate::clock::Stopwatch;
use crate::limits::STORE_HUNG_SECONDS;
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Instructions of SQLite's virtual machine between two signs of life.
// About ten milliseconds on a small computer; the sign itself takes nanoseconds.
const INSTRUCTIONS_PER_SIGN: std::ffi::c_int = 100_000;
/// Time between two looks of somebody who waits for an answer.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Shared between the thread and its handles; clones share one state.
#[derive(Clone, Debug)]
pub(crate) struct StorePulse(Arc<PulseTimes>);

#[derive(Debug)]
struct PulseTimes {
    // Real time on both sides: the thread and its callers have runtimes of their own, and tests set
    // the time of one of them.
    start: Stopwatch,
    /// Last sign of life while a request is served, ms since the start and one more; 0 between
    /// requests.
    last_sign: AtomicU64,
    /// Arrival of the oldest reading that is not durable, ms since the start and one more; 0 when
    /// all are.
    oldest_waiting: AtomicU64,
}

impl Default for StorePulse {
    fn default() -> Self {
        Self(Arc::new(PulseTimes {
            start: Stopwatch::start(),
            last_sign: AtomicU64::new(0),
            oldest_waiting: AtomicU64::new(0),
        }))
    }
}

impl StorePulse {
    fn now(&self) -> u64 {
        let passed = self.0.start.elapsed().as_millis();
        u64::try_from(passed).unwrap_or(u64::MAX - 1) + 1
    }

    /// Time since a stored moment; zero when there is none.
    fn since(&self, moment: &AtomicU64) -> Duration {
        match moment.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            then => Duration::from_millis(self.now().saturating_sub(then)),
        }
    }

    /// Says that the thread lives, within a request.
    pub(super) fn sign(&self) {
        self.0.last_sign.store(self.now(), Ordering::Relaxed);
    }

    /// Says that the request is served.
    pub(super) fn rest(&self) {
        self.0.last_sign.store(0, Ordering::Relaxed);
    }

    /// Says that a reading has come; the oldest one counts.
    pub(super) fn reading_waits(&self) {
        let moment = &self.0.oldest_waiting;
        let _ = moment.compare_exchange(0, self.now(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Says that all readings are durable.
    pub(super) fn all_durable(&self) {
        self.0.oldest_waiting.store(0, Ordering::Relaxed);
    }

    /// Has SQLite give signs of life while it works on this connection.
    pub(super) fn follow(&self, db: &mut Connection) -> Result<(), rusqlite::Error> {
        let pulse = self.clone();
        db.progress_handler(
            INSTRUCTIONS_PER_SIGN,
            Some(move || {
                pulse.sign();
                false
            }),
        )
    }

    /// Time for which the thread has been inside one step without a sign of life; zero while it
    /// works or waits for requests.
    pub(crate) fn stuck_for(&self) -> Duration {
        self.since(&self.0.last_sign)
    }

    /// Age of the oldest reading that is not on disk; zero when all are.
    pub(crate) fn oldest_waiting(&self) -> Duration {
        self.since(&self.0.oldest_waiting)
    }

    /// Whether the disk has given no answer for longer than any healthy one takes.
    pub(crate) fn is_hung(&self) -> bool {
        self.stuck_for() >= Duration::from_secs(STORE_HUNG_SECONDS)
    }

    /// Waits until the disk hangs; never ends while it answers.
    pub(super) async fn until_hung(&self) -> StoreError {
        while !self.is_hung() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        StoreError::Hung(self.stuck_for().as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pulse that began so long ago.
    fn pulse_of(age: Duration) -> StorePulse {
        StorePulse(Arc::new(PulseTimes {
            start: Stopwatch::started_before(age),
            last_sign: AtomicU64::new(0),
            oldest_waiting: AtomicU64::new(0),
        }))
    }

    #[test]
    fn a_thread_that_gives_no_sign_within_a_request_is_hung_and_one_that_rests_is_not() {
        let pulse = pulse_of(Duration::from_secs(STORE_HUNG_SECONDS + 1));
        assert!(!pulse.is_hung());
        // The last sign came right after the begin.
        pulse.0.last_sign.store(1, Ordering::Relaxed);
        assert!(pulse.is_hung());
        pulse.sign();
        assert!(!pulse.is_hung());
        pulse.0.last_sign.store(1, Ordering::Relaxed);
        pulse.rest();
        assert!(!pulse.is_hung());
    }

    #[test]
    fn the_age_is_that_of_the_oldest_reading_until_all_are_on_disk() {
        let pulse = pulse_of(Duration::from_secs(STORE_HUNG_SECONDS + 1));
        pulse.0.oldest_waiting.store(1, Ordering::Relaxed);
        pulse.reading_waits();
        assert!(pulse.oldest_waiting() >= Duration::from_secs(STORE_HUNG_SECONDS + 1));
        pulse.all_durable();
        assert_eq!(pulse.oldest_waiting(), Duration::ZERO);
    }

    #[tokio::test]
    async fn whoever_asks_a_hung_disk_gets_an_error_and_does_not_wait_for_ever() {
        let pulse = pulse_of(Duration::from_secs(STORE_HUNG_SECONDS + 1));
        pulse.0.last_sign.store(1, Ordering::Relaxed);
        assert!(matches!(pulse.until_hung().await, StoreError::Hung(_)));
    }
}
