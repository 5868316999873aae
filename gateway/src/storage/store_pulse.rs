//! [`StorePulse`]: signs of life of the thread that owns the file.
//!
//! A disk that hangs answers nothing and reports no error: the thread waits inside one system call.
//! Whoever asks the store would wait as long, and nothing would look wrong. Therefore the thread
//! tells when it begins and ends a request, and SQLite tells while it works; the handle reads it.
//! A thread that computes gives no sign either, but uses time of the processor: it is not hung.

use super::store_error::StoreError;
use crate::clock::Stopwatch;
use crate::limits::STORE_HUNG_SECONDS;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Instructions of SQLite's virtual machine between two signs of life.
// About ten milliseconds on a small computer; the sign itself takes nanoseconds.
const INSTRUCTIONS_PER_SIGN: std::ffi::c_int = 100_000;
/// Time between two looks of somebody who waits for an answer.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Shared between the thread and its handles; clones share one state.
#[derive(Clone, Debug, Default)]
pub(crate) struct StorePulse(Arc<PulseTimes>);

#[derive(Debug, Default)]
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
    /// File of the kernel about the thread; unknown before it runs.
    thread: OnceLock<PathBuf>,
    /// Processor time of the thread at the last look, clock ticks.
    ticks: AtomicU64,
}

impl StorePulse {
    /// Says that this is the thread.
    pub(super) fn begin_thread(&self) {
        if let Ok(own) = std::fs::read_link("/proc/thread-self") {
            let _ = self.0.thread.set(Path::new("/proc").join(own).join("stat"));
        }
    }

    /// Whether the thread has used time of the processor since the last look; false where the
    /// kernel does not tell.
    fn has_computed(&self) -> bool {
        let Some(ticks) = self.0.thread.get().and_then(|file| processor_ticks(file)) else {
            return false;
        };
        self.0.ticks.swap(ticks, Ordering::Relaxed) != ticks
    }

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
        let limit = Duration::from_secs(STORE_HUNG_SECONDS);
        let last_sign = self.0.last_sign.load(Ordering::Relaxed);
        if self.stuck_for() < limit {
            return false;
        }
        if self.has_computed() {
            // Not over a request that has ended meanwhile.
            let sign = &self.0.last_sign;
            let now = self.now();
            let _ = sign.compare_exchange(last_sign, now, Ordering::Relaxed, Ordering::Relaxed);
            return false;
        }
        self.stuck_for() >= limit
    }

    /// Waits until the disk hangs; never ends while it answers.
    pub(super) async fn until_hung(&self) -> StoreError {
        while !self.is_hung() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        StoreError::Hung(self.stuck_for().as_secs())
    }
}

/// Time of the processor that a thread has used, clock ticks (proc(5), fields utime and stime).
fn processor_ticks(stat: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(stat).ok()?;
    // The name of the thread is in brackets and may hold spaces.
    let (_, fields) = text.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let mut next = || times.next()?.parse::<u64>().ok();
    Some(next()?.saturating_add(next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pulse that began so long ago.
    fn pulse_of(age: Duration) -> StorePulse {
        StorePulse(Arc::new(PulseTimes {
            start: Stopwatch::started_before(age),
            ..PulseTimes::default()
        }))
    }

    #[test]
    fn a_thread_that_computes_is_not_hung_however_long_it_gives_no_sign() {
        let pulse = pulse_of(Duration::from_secs(STORE_HUNG_SECONDS + 1));
        pulse.begin_thread();
        pulse.0.last_sign.store(1, Ordering::Relaxed);
        // This thread has used no time before the first look.
        pulse.0.ticks.store(u64::MAX, Ordering::Relaxed);
        assert!(!pulse.is_hung());
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
