//! [`MeasuredLoad`]: the share of time in which a bus was busy with polls.

use crate::domain::MonoMs;

/// Time over which the share is measured, ms.
const WINDOW_MS: u64 = 60_000;
/// Time of the first, rough share after the start, ms.
const FIRST_WINDOW_MS: u64 = 10_000;

/// Measured load of one bus.
#[derive(Debug, Default)]
pub(super) struct MeasuredLoad {
    begin: Option<u64>,
    busy_ms: u64,
    percent: Option<u8>,
}

impl MeasuredLoad {
    /// Adds a poll from `begun` to `ended`; returns the share of busy time in the last whole
    /// window, percent, once there was one.
    pub(super) fn add(&mut self, begun: MonoMs, ended: MonoMs) -> Option<u8> {
        let since = *self.begin.get_or_insert(begun.0);
        self.busy_ms += ended.0.saturating_sub(begun.0);
        let window = if self.percent.is_some() {
            WINDOW_MS
        } else {
            FIRST_WINDOW_MS
        };
        let span = ended.0.saturating_sub(since);
        if span >= window {
            let percent = (self.busy_ms * 100).div_ceil(span).min(100);
            self.percent = u8::try_from(percent).ok();
            (self.begin, self.busy_ms) = (Some(ended.0), 0);
        }
        self.percent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_that_of_the_last_window() {
        let mut load = MeasuredLoad::default();
        let mut poll = |at: u64, busy: u64| load.add(MonoMs(at), MonoMs(at + busy));
        assert_eq!(poll(0, 500), None);
        assert_eq!(poll(5000, 500), None);
        // 1.5 s of 10.5 s.
        assert_eq!(poll(10_000, 500), Some(15));
        assert_eq!(poll(20_000, 20_000), Some(15));
        // 20 s and 40 s of 60 s and more.
        assert_eq!(poll(40_500, 40_000), Some(86));
    }
}
