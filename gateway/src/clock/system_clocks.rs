//! [`SystemClocks`]: the wall clock, the monotonic clock and the kernel's word about them.

use super::reckoning::RawClocks;
#[cfg(any(test, feature = "fuzz-doors"))]
use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime};

/// Time that one look may take before it is repeated: a thread that was held up between the two
/// clocks would see a step that there was not.
const LOOK_MAX: Duration = Duration::from_millis(50);
/// Looks that are repeated at most.
const LOOKS_MAX: usize = 3;

/// Clocks of the system.
#[derive(Debug)]
pub(super) struct SystemClocks {
    start: Instant,
    start_mono: Duration,
    /// Clocks that a test sets.
    #[cfg(any(test, feature = "fuzz-doors"))]
    simulated: std::sync::Mutex<Option<RawClocks>>,
}

impl SystemClocks {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the clock"
    )]
    pub(super) fn new() -> Self {
        Self {
            start_mono: read_uptime().unwrap_or_default(),
            start: Instant::now(),
            #[cfg(any(test, feature = "fuzz-doors"))]
            simulated: std::sync::Mutex::default(),
        }
    }

    /// Lets the clocks show this.
    #[cfg(any(test, feature = "fuzz-doors"))]
    pub(super) fn simulate(&self, raw: RawClocks) {
        *self
            .simulated
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(raw);
    }

    /// Reads the clocks.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the clock"
    )]
    pub(super) fn read(&self) -> RawClocks {
        #[cfg(any(test, feature = "fuzz-doors"))]
        if let Some(raw) = *self
            .simulated
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
        {
            return raw;
        }
        let mut looks = 0;
        let (mono, wall) = loop {
            let before = self.start.elapsed();
            let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            looks += 1;
            if looks >= LOOKS_MAX || self.start.elapsed().saturating_sub(before) < LOOK_MAX {
                break (before, wall.unwrap_or_default());
            }
        };
        RawClocks {
            wall_us: micros(wall),
            mono_us: micros(self.start_mono + mono),
            // After the wall clock: a clock that is set in between is then not synchronised.
            kernel_bound_us: synchronised_within(),
        }
    }
}

/// Time since boot.
fn read_uptime() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Largest error in microseconds while the kernel reports that its clock is disciplined (NTP,
/// chrony, GPS).
#[expect(
    unsafe_code,
    reason = "adjtimex has no safe wrapper in our tree; it only reads here"
)]
fn synchronised_within() -> Option<i64> {
    // SAFETY: `timex` is plain data for which all zeros is valid; modes = 0 asks for a read only.
    let (state, bound) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        let state = libc::adjtimex(&raw mut timex);
        (state, timex.maxerror)
    };
    // A C `long` has 32 bits on 32-bit computers.
    #[cfg(target_pointer_width = "32")]
    let bound = i64::from(bound);
    // State 5 is TIME_ERROR: not synchronised.
    (0..5).contains(&state).then_some(bound.max(0))
}
