//! Rate limit of the backlog of a sink.
//!
//! Live readings are sent at once; beside them `catch_up` readings a second are taken off the
//! backlog. The backlog thus shrinks at a rate that does not depend on the live rate, and a broker
//! that is back after a month does not get a month of readings at once.

use std::time::Duration;
use tokio::time::Instant;

/// Shortest wait for more allowance.
const WAKE_INTERVAL_MIN: Duration = Duration::from_millis(50);

/// Token bucket that is filled by time.
#[derive(Debug)]
pub(crate) struct CatchUpRate {
    /// Backlog readings a second.
    rate: f64,
    allowance: f64,
    at: Instant,
}

impl CatchUpRate {
    /// Starts with the allowance of one second.
    pub(crate) fn new(catch_up: u32, now: Instant) -> Self {
        let rate = f64::from(catch_up.max(1));
        Self {
            rate,
            allowance: rate,
            at: now,
        }
    }

    /// Returns the number of backlog readings that may be sent now.
    pub(crate) fn allowance(&mut self, now: Instant) -> usize {
        let backlog = now.duration_since(self.at).as_secs_f64() * self.rate;
        self.at = now;
        // Idle time accumulates at most one second of allowance.
        let most = self.allowance.max(self.rate);
        self.allowance = (self.allowance + backlog).min(most);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "never negative, and a cast saturates"
        )]
        let whole = self.allowance as usize;
        whole
    }

    /// Subtracts readings that were sent.
    pub(crate) fn take(&mut self, sent: usize) {
        let sent = f64::from(u32::try_from(sent).unwrap_or(u32::MAX));
        self.allowance = (self.allowance - sent).max(0.0);
    }

    /// Returns the time of the next try when the allowance was zero.
    pub(crate) fn next_check(&self) -> Instant {
        self.at + WAKE_INTERVAL_MIN.max(Duration::from_secs_f64(1.0 / self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_of_backlog_is_a_minute_of_the_rate() {
        for step_ms in [10, 100, 5000] {
            let mut now = Instant::now();
            let mut pace = CatchUpRate::new(100, now);
            let mut total = 0;
            for _ in 0..60_000 / step_ms {
                now += Duration::from_millis(step_ms);
                let may = pace.allowance(now);
                pace.take(may);
                total += may;
            }
            // Turns of more than a second use no more than a second's allowance each.
            let most = if step_ms > 1000 {
                1200..=1300
            } else {
                6000..=6100
            };
            assert!(most.contains(&total), "{step_ms} ms: {total}");
        }
    }

    #[test]
    fn an_idle_night_saves_up_one_second_only() {
        let now = Instant::now();
        let mut pace = CatchUpRate::new(100, now);
        assert_eq!(pace.allowance(now + Duration::from_hours(10)), 100);
    }
}
