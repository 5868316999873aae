//! [`SettledCursor`]: the position up to which a receiver has what it acknowledged for good.
//!
//! Some databases acknowledge before their disk has the lines, and lose them when they are killed.
//! With `rewind`, a position counts that much later, and after a lost connection delivery goes on
//! there.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Positions within `rewind` that are told apart.
const STEPS: u32 = 64;

/// The settled position, and later ones that are not settled yet.
#[derive(Debug)]
pub(super) struct SettledCursor<P> {
    rewind: Duration,
    settled: P,
    /// Oldest first; at most `STEPS` and two.
    held: VecDeque<HeldPosition<P>>,
}

/// Acknowledged position.
#[derive(Debug)]
struct HeldPosition<P> {
    position: P,
    begun: Instant,
    /// Time of its last acknowledgement.
    acknowledged: Instant,
}

impl<P: Clone> SettledCursor<P> {
    /// Begins where delivery goes on after a start.
    pub(super) fn new(rewind: Duration, settled: P) -> Self {
        let held = VecDeque::new();
        Self {
            rewind,
            settled,
            held,
        }
    }

    /// Notes the position after an acknowledgement.
    pub(super) fn record(&mut self, position: P, now: Instant) {
        if self.rewind.is_zero() {
            self.settled = position;
            return;
        }
        let step = self.rewind / STEPS;
        match self.held.back_mut() {
            Some(last) if now.duration_since(last.begun) < step => {
                (last.position, last.acknowledged) = (position, now);
            }
            _ => self.held.push_back(HeldPosition {
                position,
                begun: now,
                acknowledged: now,
            }),
        }
        self.settle(now);
    }

    /// Returns the settled position.
    pub(super) fn settle(&mut self, now: Instant) -> P {
        let rewind = self.rewind;
        let is_settled = |held: &HeldPosition<P>| now.duration_since(held.acknowledged) >= rewind;
        while self.held.front().is_some_and(is_settled)
            && let Some(first) = self.held.pop_front()
        {
            self.settled = first.position;
        }
        self.settled.clone()
    }

    /// Forgets what is not settled; returns the position to go on from.
    pub(super) fn step_back(&mut self, now: Instant) -> P {
        let settled = self.settle(now);
        self.held.clear();
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_rewind_every_acknowledgement_is_settled_at_once() {
        let now = Instant::now();
        let mut cursor = SettledCursor::new(Duration::ZERO, 5);
        cursor.record(9, now);
        assert_eq!((cursor.settle(now), cursor.step_back(now)), (9, 9));
    }

    #[test]
    fn what_was_acknowledged_within_rewind_comes_again_and_nothing_older() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut cursor = SettledCursor::new(Duration::from_mins(2), 0);
        cursor.record(10, after(0));
        cursor.record(20, after(60));
        assert_eq!(cursor.settle(after(119)), 0);
        assert_eq!(cursor.settle(after(120)), 10);
        assert_eq!(cursor.step_back(after(121)), 10);
        // What was forgotten does not settle later by itself.
        assert_eq!(cursor.settle(after(1000)), 10);
        cursor.record(20, after(1000));
        assert_eq!(cursor.settle(after(1120)), 20);
    }

    proptest! {
        #[test]
        fn nothing_settles_before_its_time_and_all_does_soon_after_it(
            waits in proptest::collection::vec(0u64..5000, 1..300),
            rewind in 1u64..100_000,
        ) {
            let (start, rewind) = (Instant::now(), Duration::from_millis(rewind));
            let mut cursor = SettledCursor::new(rewind, 0);
            let (mut passed, mut acks) = (Duration::ZERO, Vec::new());
            for (wait, seq) in waits.iter().zip(1..) {
                passed += Duration::from_millis(*wait);
                cursor.record(seq, start + passed);
                acks.push((seq, passed));
                let settled = cursor.settle(start + passed);
                for (seq, at) in &acks {
                    let age = passed.saturating_sub(*at);
                    prop_assert!(*seq > settled || age >= rewind);
                    prop_assert!(*seq <= settled || age < rewind + rewind / STEPS);
                }
            }
            prop_assert!(cursor.held.len() <= STEPS as usize + 2);
            prop_assert_eq!(cursor.settle(start + passed + rewind), acks.len() as u64);
        }
    }
}
