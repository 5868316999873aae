//! Pause of a sink after a failure: 0.2 s at first, then 1 s doubled up to 60 s, with jitter, so
//! that the gateways of a whole programme do not reconnect to a restarted broker in the same
//! second.

use crate::limits::{SINK_BACKOFF_FIRST_MS, SINK_BACKOFF_MIN_MS, doubled_backoff_ms};
use std::time::Duration;

/// Number of failures in a row, and the pause that follows from it.
#[derive(Debug, Default)]
pub(crate) struct SinkBackoff {
    failures: u32,
}

impl SinkBackoff {
    /// Returns the pause after one more failure; `chance` is a random number in 0..1.
    pub(crate) fn next_pause(&mut self, chance: f64) -> Duration {
        // A broker that restarts is back within the first pause.
        let pause = Self::pause_after(self.failures, chance);
        self.failures = self.failures.saturating_add(1);
        pause
    }

    /// Returns the pause after this many earlier failures.
    pub(crate) fn pause_after(failures: u32, chance: f64) -> Duration {
        let whole = match failures {
            0 => SINK_BACKOFF_FIRST_MS,
            n => doubled_backoff_ms(SINK_BACKOFF_MIN_MS, n - 1),
        };
        // Jitter takes off at most half, so that the pause still grows.
        Duration::from_millis(whole).mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }

    /// Resets the pause after a success.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_retry_is_fast_and_the_pause_doubles_to_a_minute() {
        let mut backoff = SinkBackoff::default();
        let pauses: Vec<_> = (0..10)
            .map(|_| backoff.next_pause(1.0).as_millis())
            .collect();
        assert_eq!(pauses[..5], [200, 1000, 2000, 4000, 8000]);
        assert_eq!(pauses[8..], [60_000, 60_000]);
        backoff.reset();
        assert_eq!(backoff.next_pause(1.0).as_millis(), 200);
    }

    #[test]
    fn jitter_takes_off_at_most_half() {
        let mut backoff = SinkBackoff { failures: 3 };
        assert_eq!(backoff.next_pause(0.0).as_millis(), 2000);
    }

    #[test]
    fn a_month_of_failures_does_not_overflow() {
        let mut backoff = SinkBackoff { failures: u32::MAX };
        assert_eq!(backoff.next_pause(1.0).as_millis(), 60_000);
    }
}
