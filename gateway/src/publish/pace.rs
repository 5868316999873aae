//! How fast a sink may go through a backlog.
//!
//! What becomes durable while the sink is connected may be sent at once; beyond that `catch_up`
//! readings a second come off the backlog. So the backlog shrinks at a rate that does not depend
//! on how much comes in, and a broker back after a month is not met by a month at once.

use crate::model::Seq;
use std::time::Duration;
use tokio::time::Instant;

/// The share of a second after which waiting for more allowance is worth a wake-up.
const STEP: Duration = Duration::from_millis(50);

/// A token bucket with two springs.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Backlog readings a second.
    rate: f64,
    allowance: f64,
    seen: Seq,
    at: Instant,
}

impl Pace {
    /// Starts with one second's worth of backlog; `durable` is the journal's end now.
    pub(crate) fn new(catch_up: u32, durable: Seq, now: Instant) -> Self {
        let rate = f64::from(catch_up.max(1));
        Self {
            rate,
            allowance: rate,
            seen: durable,
            at: now,
        }
    }

    /// How many readings may be sent now, when the journal ends at `durable`.
    pub(crate) fn allowance(&mut self, durable: Seq, now: Instant) -> usize {
        let came = u32::try_from(durable.saturating_sub(self.seen)).unwrap_or(u32::MAX);
        self.seen = self.seen.max(durable);
        let backlog = now.duration_since(self.at).as_secs_f64() * self.rate;
        self.at = now;
        // Idle time does not save up more than a second's worth.
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

    /// So many were sent.
    pub(crate) fn take(&mut self, sent: usize) {
        let sent = f64::from(u32::try_from(sent).unwrap_or(u32::MAX));
        self.allowance = (self.allowance - sent).max(0.0);
    }

    /// When to ask again after an allowance of none.
    pub(crate) fn wake(&self) -> Instant {
        self.at + STEP.max(Duration::from_secs_f64(1.0 / self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs for `seconds` with `live` new readings a second and counts what was sent.
    fn sent(catch_up: u32, live: u64, seconds: u64) -> u64 {
        let mut now = Instant::now();
        let mut durable = 1_000_000;
        let mut pace = Pace::new(catch_up, durable, now);
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
            let backlog = sent(100, live, 60) - live * 60;
            assert!((6000..=6100).contains(&backlog), "live {live}: {backlog}");
        }
    }

    #[test]
    fn an_idle_night_saves_up_one_second_only() {
        let now = Instant::now();
        let mut pace = Pace::new(100, 5, now);
        assert_eq!(pace.allowance(5, now + Duration::from_hours(10)), 100);
    }

    #[test]
    fn a_flush_full_of_live_readings_goes_out_at_once() {
        let now = Instant::now();
        let mut pace = Pace::new(10, 0, now);
        assert!(pace.allowance(4000, now) >= 4000);
    }
}
