//! [`FlapLog`]: what is logged about something that comes and goes.
//!
//! A change is a line of its own, until there are too many: then one line says so, the others are
//! counted, and a line tells their number once an hour and when it is steady again.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Changes within `FLAP_WITHIN` that are logged one by one.
// A restart of a broker alone makes three: closed, refused, connected.
const FLAP_CHANGES: usize = 6;
/// Time within which they count, and without a change after which it is steady again.
const FLAP_WITHIN: Duration = Duration::from_mins(10);
/// Time between two lines while it comes and goes.
const FLAP_SUMMARY: Duration = Duration::from_hours(1);

/// Changes of one device or sink.
#[derive(Debug, Default)]
pub(crate) struct FlapLog {
    /// Times of changes that were logged, oldest first; at most `FLAP_CHANGES`.
    changes: VecDeque<Instant>,
    counted: Option<CountedChanges>,
}

#[derive(Clone, Copy, Debug)]
struct CountedChanges {
    count: u64,
    last: Instant,
    logged: Instant,
}

/// Line to be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlapLine {
    /// The change itself.
    Change,
    /// It comes and goes: so many changes until now.
    Flapping(u64),
    /// No line: the change is counted.
    Nothing,
}

impl FlapLog {
    /// Notes a change; returns what is to be logged about it.
    pub(crate) fn record_change(&mut self, now: Instant) -> FlapLine {
        if let Some(counted) = &mut self.counted {
            counted.count += 1;
            counted.last = now;
            if now.duration_since(counted.logged) < FLAP_SUMMARY {
                return FlapLine::Nothing;
            }
            counted.logged = now;
            return FlapLine::Flapping(counted.count);
        }
        while let Some(first) = self.changes.front()
            && now.duration_since(*first) >= FLAP_WITHIN
        {
            self.changes.pop_front();
        }
        if self.changes.len() < FLAP_CHANGES {
            self.changes.push_back(now);
            return FlapLine::Change;
        }
        let count = u64::try_from(self.changes.len()).unwrap_or(u64::MAX) + 1;
        self.changes.clear();
        self.counted = Some(CountedChanges {
            count,
            last: now,
            logged: now,
        });
        FlapLine::Flapping(count)
    }

    /// Returns, once, the number of changes when there was none for a while.
    pub(crate) fn take_steady(&mut self, now: Instant) -> Option<u64> {
        let is_over =
            |counted: &mut CountedChanges| now.duration_since(counted.last) >= FLAP_WITHIN;
        Some(self.counted.take_if(is_over)?.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> Instant {
        // One start for all tests: an instant has no other origin.
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *START.get_or_init(Instant::now) + Duration::from_secs(seconds)
    }

    #[test]
    fn rare_changes_are_lines_of_their_own_for_ever() {
        let mut log = FlapLog::default();
        for change in 0..100 {
            assert_eq!(log.record_change(at(change * 300)), FlapLine::Change);
            assert_eq!(log.take_steady(at(change * 300 + 1)), None);
        }
    }

    #[test]
    fn frequent_changes_become_one_line_an_hour_and_one_when_it_is_over() {
        let mut log = FlapLog::default();
        let lines: Vec<FlapLine> = (0..800).map(|n| log.record_change(at(n * 10))).collect();
        let said = |line: &FlapLine| *line != FlapLine::Nothing;
        assert_eq!(lines.iter().filter(|line| said(line)).count(), 6 + 3);
        assert_eq!(lines[6], FlapLine::Flapping(7));
        assert_eq!(lines[366], FlapLine::Flapping(367));
        let last = 799 * 10;
        assert_eq!(log.take_steady(at(last + 599)), None);
        assert_eq!(log.take_steady(at(last + 600)), Some(800));
        assert_eq!(log.take_steady(at(last + 601)), None);
        assert_eq!(log.record_change(at(last + 700)), FlapLine::Change);
    }

    proptest! {
        #[test]
        fn however_it_changes_every_change_is_a_line_or_counted(
            waits in proptest::collection::vec(0u64..2000, 1..500),
        ) {
            let mut log = FlapLog::default();
            let (mut now, mut single, mut over) = (0, 0, 0);
            for wait in &waits {
                now += wait;
                over += log.take_steady(at(now)).unwrap_or(0);
                let line = log.record_change(at(now));
                single += u64::from(line == FlapLine::Change);
                prop_assert!(log.changes.len() <= FLAP_CHANGES);
            }
            over += log.take_steady(at(now + 600)).unwrap_or(0);
            // The changes that were logged before it began to flap are counted as well.
            let all = u64::try_from(waits.len()).unwrap();
            prop_assert!(single + over >= all && over <= all);
        }
    }
}
