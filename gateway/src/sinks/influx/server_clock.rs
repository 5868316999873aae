//! [`ServerClock`]: the time that the database's answers state, as a hint about ours.
//!
//! It vouches for nothing: a wrong server would date readings wrongly. Where both clocks cannot be
//! right, people are told.

use crate::clock::Clock;
use crate::domain::UtcMs;
use crate::limits::SERVER_CLOCK_BOUND_MS;
use reqwest::header::{DATE, HeaderMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Comparison of the server's clock with ours, at the last answer that stored something.
#[derive(Debug)]
pub(super) struct ServerClock {
    clock: Clock,
    lead: Mutex<Option<i64>>,
}

impl ServerClock {
    pub(super) fn new(clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            lead: Mutex::default(),
        }
    }

    /// Compares the clocks by the headers of an answer that has just come, after `took`.
    pub(super) fn compare(&self, headers: &HeaderMap, took: Duration) {
        let said = headers.get(DATE).and_then(|value| value.to_str().ok());
        let said = said.and_then(|value| jiff::fmt::rfc2822::parse(value).ok());
        let bound_ms = self.clock.certainty().map_or(0, |known| known.bound_ms);
        let ours = self.clock.now().at;
        let lead = said.and_then(|then| {
            let then = UtcMs(then.timestamp().as_millisecond());
            impossible_lead(then, ours, bound_ms, took)
        });
        *self.lead.lock().unwrap_or_else(PoisonError::into_inner) = lead;
    }

    /// Lead of the server's clock, ms, where it is more than both clocks can err.
    pub(super) fn lead_ms(&self) -> Option<i64> {
        *self.lead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lead of `said`, ms, when it is more than both clocks can err; ours by `bound_ms`.
fn impossible_lead(said: UtcMs, ours: UtcMs, bound_ms: u64, took: Duration) -> Option<i64> {
    let lead = said.0.saturating_sub(ours.0);
    let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let most = bound_ms
        .saturating_add(SERVER_CLOCK_BOUND_MS)
        .saturating_add(took);
    (lead.unsigned_abs() > most).then_some(lead)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_796_040_000_000;

    #[test]
    fn a_difference_that_both_clocks_may_have_together_is_no_hint() {
        let lead = |ms, bound| impossible_lead(UtcMs(NOW + ms), UtcMs(NOW), bound, Duration::ZERO);
        assert_eq!(lead(4000, 0), None);
        assert_eq!(lead(-6000, 0), Some(-6000));
        assert_eq!(lead(6000, 2000), None);
        assert_eq!(lead(7_200_000, 2000), Some(7_200_000));
        // An answer that was on its way for ten seconds has an old time.
        let slow = Duration::from_secs(10);
        assert_eq!(
            impossible_lead(UtcMs(NOW - 9000), UtcMs(NOW), 0, slow),
            None
        );
    }
}
