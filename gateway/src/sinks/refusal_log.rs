//! [`RefusalLog`]: refused readings in the log, one line at first and one an hour with their count.
//!
//! The readings themselves are on the refused list.

use crate::domain::ReadingSeq;
use std::time::Duration;
use tokio::time::Instant;

/// Time between two lines.
const REFUSALS_EVERY: Duration = Duration::from_hours(1);

/// Refused readings since the last line.
#[derive(Debug, Default)]
pub(super) struct RefusalLog {
    logged: Option<Instant>,
    waiting: Option<RefusedStretch>,
}

/// Refused readings that share a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RefusedStretch {
    pub(super) count: u64,
    pub(super) first: ReadingSeq,
    pub(super) last: ReadingSeq,
    /// Reason of the last one.
    pub(super) why: String,
}

impl RefusalLog {
    /// Notes a refused reading.
    pub(super) fn record(&mut self, seq: ReadingSeq, why: &str) {
        let stretch = self.waiting.get_or_insert_with(|| RefusedStretch {
            count: 0,
            first: seq,
            last: seq,
            why: String::new(),
        });
        stretch.count += 1;
        stretch.last = seq;
        why.clone_into(&mut stretch.why);
    }

    /// Returns what is to be logged now.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<RefusedStretch> {
        let is_early = |logged: Instant| now.duration_since(logged) < REFUSALS_EVERY;
        if self.logged.is_some_and(is_early) {
            return None;
        }
        let due = self.waiting.take()?;
        self.logged = Some(now);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_refusal_is_a_line_at_once_and_the_others_one_an_hour() {
        let start = Instant::now();
        let mut log = RefusalLog::default();
        assert_eq!(log.take_due(start), None);
        let (mut lines, mut counted) = (0, 0);
        for second in 0..7300 {
            log.record(second + 1, &format!("reason {second}"));
            if let Some(due) = log.take_due(start + Duration::from_secs(second)) {
                lines += 1;
                counted += due.count;
                assert_eq!((due.first, due.last), (counted + 1 - due.count, counted));
                assert_eq!(due.why, format!("reason {second}"));
            }
        }
        assert_eq!((lines, counted), (3, 7201));
    }
}
