//! Rate limit of a sink with a backlog.
//!
//! Readings that become durable while the sink is connected may be sent at once; in addition
//! `catch_up` readings a second are taken off the backlog. The backlog thus shrinks at a rate that
//! does not depend on the live rate, and a broker that is back after a month does not get a month
//! of readings at once.

use crate::domain::ReadingSeq;
use std::time::Duration;
use tokio::time::Instant;

/// Shortest wait for more allowance.
const WAKE_INTERVAL_MIN: Duration = Duration::from_millis(50);

/// Token bucket that is filled by time and by new readings.
#[derive(Debug)]
pub(crate) struct CatchUpRate {
    /// Backlog readings a second.
    rate: f64,
    allowance: f64,
    seen: ReadingSeq,
    at: Instant,
}

impl CatchUpRate {
    /// Starts with the allowance of one second; `durable` is the current end of the journal.
    pub(crate) fn new(catch_up: u32, durable: ReadingSeq, now: Instant) -> Self {
        let rate = f64::from(catch_up.max(1));
        Self {
            rate,
            allowance: rate,
            seen: durable,
            at: now,
        }
    }

    /// Returns the number of readings that may be sent now, when the journal ends at `durable`.
    pub(crate) fn allowance(&mut self, durable: ReadingSeq, now: Instant) -> usize {
        let came = u32::try_from(durable.saturating_sub(self.seen)).unwrap_or(u32::MAX);
        self.seen = self.seen.max(durable);
        let backlog = now.duration_since(self.at).as_secs_f64() * self.rate;
        self.at = now;
        // Idle time accumulates at most one second of allowance.
        let most = self.allowance.max(self.rate);
        self.allowance = (self.allowance + backlog).min(most) + f64::from(came);
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

    /// Runs for `seconds` with `live` new readings a second and counts the readings sent.
    fn count_sent(catch_up: u32, live: u64, seconds: u64) -> u64 {
        let mut now = Instant::now();
        let mut durable = 1_000_000;
        let mut pace = CatchUpRate::new(catch_up, durable, now);
        let mut total = 0;
        for step in 0..seconds * 10 {
            now += Duration::from_millis(100);
            if step % 10 == 0 {
                durable += live;
            }
            let may = pace.allowance(durable, now);
            pace.take(may);
            total += may as u64;
        }
        total
    }

    #[test]
    fn the_backlog_shrinks_at_the_same_rate_whatever_comes_in() {
        for live in [0, 20, 5000] {
            let backlog = count_sent(100, live, 60) - live * 60;
            assert!((6000..=6100).contains(&backlog), "live {live}: {backlog}");
        }
    }

    #[test]
    fn an_idle_night_saves_up_one_second_only() {
        let now = Instant::now();
        let mut pace = CatchUpRate::new(100, 5, now);
        assert_eq!(pace.allowance(5, now + Duration::from_hours(10)), 100);
    }

    #[test]
    fn a_flush_full_of_live_readings_goes_out_at_once() {
        let now = Instant::now();
        let mut pace = CatchUpRate::new(10, 0, now);
        assert!(pace.allowance(4000, now) >= 4000);
    }
}
