//! How long a sink waits after a failure: almost nothing at first, then 1 s doubling to 60 s,
//! jittered so that three hundred gateways do not come back to a broker in the same second.

use crate::limits::{BACKOFF_MAX_MS, SINK_BACKOFF_FIRST_MS, SINK_BACKOFF_MIN_MS};
use std::time::Duration;

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after one more failure; `chance` is a random number in 0..1.
    pub(crate) fn next(&mut self, chance: f64) -> Duration {
        let pause = Self::pause(self.failures, chance);
        self.failures = self.failures.saturating_add(1);
        pause
    }

    /// The pause after this many earlier failures.
    pub(crate) fn pause(failures: u32, chance: f64) -> Duration {
        let whole = match failures {
            0 => SINK_BACKOFF_FIRST_MS,
            n => SINK_BACKOFF_MIN_MS
                .saturating_mul(1 << (n - 1).min(16))
                .min(BACKOFF_MAX_MS),
        };
        Duration::from_millis(whole).mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }

    /// Something worked.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_retry_is_fast_and_the_pause_doubles_to_a_minute() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..10).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(pauses[..5], [200, 1000, 2000, 4000, 8000]);
        assert_eq!(pauses[8..], [60_000, 60_000]);
        backoff.reset();
        assert_eq!(backoff.next(1.0).as_millis(), 200);
    }

    #[test]
    fn jitter_takes_off_at_most_half() {
        let mut backoff = Backoff { failures: 3 };
        assert_eq!(backoff.next(0.0).as_millis(), 2000);
    }

    #[test]
    fn a_month_of_failures_does_not_overflow() {
        let mut backoff = Backoff { failures: u32::MAX };
        assert_eq!(backoff.next(1.0).as_millis(), 60_000);
    }
}
