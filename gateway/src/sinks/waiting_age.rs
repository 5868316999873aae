//! [`WaitingAge`]: since when the oldest undelivered reading of a sink waits.
//!
//! The ends of the journal are noted with their moment; a reading is as old as the first end that
//! has it. Moments are of the monotonic clock: a step of the wall clock makes no sink late.

use crate::domain::ReadingSeq;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Maximum ends of the journal that are kept.
const MARKS_MAX: usize = 256;
/// Time within which ends share one moment.
const MARK_EVERY: Duration = Duration::from_secs(1);

/// Ends of the journal that are not delivered, oldest first.
#[derive(Debug, Default)]
pub(super) struct WaitingAge {
    marks: VecDeque<JournalMark>,
    /// Readings up to this number were in the journal before the sink began.
    before: ReadingSeq,
}

/// End of the journal, and the time at which it was seen first.
#[derive(Clone, Copy, Debug)]
struct JournalMark {
    until: ReadingSeq,
    since: Instant,
    /// Time at which the last of its readings was seen first.
    last: Instant,
}

impl WaitingAge {
    /// Begins with readings that are waiting already; the oldest of them since that moment.
    pub(super) fn with_waiting(until: ReadingSeq, since: Instant) -> Self {
        let marks = VecDeque::from([JournalMark {
            until,
            since,
            last: since,
        }]);
        let before = until;
        Self { marks, before }
    }

    /// Notes that the journal ends at `durable` now.
    pub(super) fn record_end(&mut self, durable: ReadingSeq, delivered: ReadingSeq, now: Instant) {
        self.drop_delivered(delivered);
        match self.marks.back_mut() {
            Some(end) if durable <= end.until => return,
            Some(end) if now.duration_since(end.since) < MARK_EVERY => {
                (end.until, end.last) = (durable, now);
                return;
            }
            None if durable <= delivered => return,
            _ => {}
        }
        self.marks.push_back(JournalMark {
            until: durable,
            since: now,
            last: now,
        });
        if self.marks.len() > MARKS_MAX {
            self.join_closest();
        }
    }

    /// Notes what was delivered. `since` is the moment of its last reading, when that is known: of
    /// readings that waited before the start, the next one is about as old.
    pub(super) fn record_delivered(&mut self, delivered: ReadingSeq, since: Option<Instant>) {
        self.drop_delivered(delivered);
        if let (Some(first), Some(since)) = (self.marks.front_mut(), since)
            && first.until <= self.before
        {
            first.since = first.since.max(since);
        }
    }

    /// Notes that readings up to this number, which had been delivered, wait again.
    pub(super) fn reopen(&mut self, until: ReadingSeq, now: Instant) {
        self.marks.push_front(JournalMark {
            until,
            since: now,
            last: now,
        });
    }

    /// Moment since which the first reading after this number waits; `None` when there is none.
    pub(super) fn since_after(&self, seq: ReadingSeq) -> Option<Instant> {
        let mark = self.marks.iter().find(|mark| mark.until > seq);
        mark.map(|mark| mark.since)
    }

    /// Moment since which the oldest undelivered reading waits; `None` when all are delivered.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.marks.front().map(|mark| mark.since)
    }

    fn drop_delivered(&mut self, delivered: ReadingSeq) {
        while self
            .marks
            .front()
            .is_some_and(|mark| mark.until <= delivered)
        {
            self.marks.pop_front();
        }
    }

    /// Joins the two neighbours that are closest in time: the later readings count as old as the
    /// earlier ones, an error of less than a hundredth of the whole.
    fn join_closest(&mut self) {
        let pairs = self.marks.iter().zip(self.marks.iter().skip(1)).enumerate();
        let span = |(_, (one, next)): &(usize, (&JournalMark, &JournalMark))| {
            next.last.saturating_duration_since(one.since)
        };
        let Some((at, (one, next))) = pairs.min_by_key(span) else {
            return;
        };
        let joined = JournalMark {
            since: one.since.min(next.since),
            ..*next
        };
        self.marks[at] = joined;
        self.marks.remove(at + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn the_age_is_that_of_the_oldest_reading_that_is_not_delivered() {
        let start = Instant::now();
        let mut age = WaitingAge::default();
        assert_eq!(age.oldest(), None);
        age.record_end(10, 0, start + seconds(5));
        age.record_end(20, 0, start + seconds(65));
        assert_eq!(age.oldest(), Some(start + seconds(5)));
        // A sink that crawls is no younger for having delivered something.
        age.record_delivered(9, None);
        assert_eq!(age.oldest(), Some(start + seconds(5)));
        age.record_delivered(10, None);
        assert_eq!(age.oldest(), Some(start + seconds(65)));
        age.record_delivered(20, None);
        assert_eq!(age.oldest(), None);
        age.record_end(20, 20, start + seconds(70));
        assert_eq!(age.oldest(), None);
    }

    #[test]
    fn what_waited_before_the_start_is_as_old_as_its_own_time_says() {
        let now = Instant::now() + seconds(100_000);
        let mut age = WaitingAge::with_waiting(1000, now - seconds(9000));
        age.record_end(1001, 0, now);
        age.record_delivered(500, Some(now - seconds(4000)));
        assert_eq!(age.oldest(), Some(now - seconds(4000)));
        // A reading with an older time does not make it older again.
        age.record_delivered(501, Some(now - seconds(8000)));
        assert_eq!(age.oldest(), Some(now - seconds(4000)));
        age.record_delivered(1000, Some(now - seconds(10)));
        assert_eq!(age.oldest(), Some(now));
    }

    proptest! {
        #[test]
        fn with_however_many_ends_the_age_is_right_to_a_hundredth(
            steps in proptest::collection::vec((1u64..50, 1u64..20), 1..2000),
            part in 0.0f64..1.0,
        ) {
            let start = Instant::now();
            let (mut age, mut seq, mut passed) = (WaitingAge::default(), 0, 0);
            let mut ends = Vec::new();
            for (readings, wait) in steps {
                seq += readings;
                passed += wait;
                ends.push((seq, passed));
                age.record_end(seq, 0, start + seconds(passed));
            }
            prop_assert!(age.marks.len() <= MARKS_MAX);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let delivered = (seq as f64 * part) as u64;
            age.record_delivered(delivered, None);
            let (_, true_since) = ends.iter().find(|(until, _)| *until > delivered).unwrap();
            let found = age.oldest().unwrap().duration_since(start).as_secs();
            prop_assert!(found <= *true_since);
            prop_assert!(true_since - found <= passed / 50 + 20, "{} {}", true_since, found);
        }
    }
}
