//! Whose turn it is on a bus. Pure: time is an argument.
//!
//! A device is asked at slots of the wall clock (`every` 10 s: :00, :10, ...), a little later by
//! its phase; its reading is dated by the slot. After a failure it is left alone for a growing
//! pause.

use crate::clock::Stamp;
use crate::model::UtcMs;

/// A difference between the clocks' paces that is a step, not drift.
const STEP_MS: i64 = 500;
/// Longest wait, so that a step of the wall clock is seen.
const WAIT_MAX_MS: i64 = 1000;

/// The devices of one bus, taking turns.
#[derive(Debug)]
pub(super) struct Poller {
    turns: Vec<Turn>,
    offset: Option<i64>,
}

#[derive(Debug)]
struct Turn {
    every: i64,
    phase: i64,
    /// Wall clock moment from which it may be asked.
    due: i64,
    /// The slot that it is due for; `None`: at once, dated by the moment itself.
    slot: Option<i64>,
    /// Slot of the last poll.
    polled: i64,
    last_at: i64,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Ask the device with this index; its reading gets this time.
    Poll(usize, UtcMs),
    /// Nothing for so many milliseconds.
    Wait(u64),
}

impl Poller {
    /// One turn for each pair of period and phase, in milliseconds; all are due at once.
    pub(super) fn new(turns: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let turns = turns.into_iter().map(|(every, phase)| Turn {
            every: i64::try_from(every).unwrap_or(i64::MAX / 4).max(1),
            phase: i64::try_from(phase).unwrap_or(0),
            due: i64::MIN,
            slot: None,
            polled: 0,
            last_at: i64::MIN,
        });
        Self {
            turns: turns.collect(),
            offset: None,
        }
    }

    /// Whose turn it is: of those that are due the one whose period ends first.
    pub(super) fn next(&mut self, now: Stamp) -> Next {
        self.notice_step(now);
        let wall = now.at.0;
        let due = self
            .turns
            .iter_mut()
            .enumerate()
            .filter(|(_, turn)| turn.due <= wall);
        let first = due.min_by_key(|(_, turn)| turn.due.saturating_add(turn.every));
        if let Some((index, turn)) = first {
            let slot = turn.slot.filter(|slot| wall - slot <= turn.every / 2);
            turn.polled = turn.slot_of(wall).max(turn.slot.unwrap_or(i64::MIN));
            turn.last_at = slot.unwrap_or(wall).max(turn.last_at.saturating_add(1));
            return Next::Poll(index, UtcMs(turn.last_at));
        }
        let soonest = self
            .turns
            .iter()
            .map(|turn| turn.due)
            .min()
            .unwrap_or(i64::MAX);
        let wait = soonest.saturating_sub(wall).clamp(1, WAIT_MAX_MS);
        Next::Wait(wait.unsigned_abs())
    }

    /// The device has answered. How many of its slots passed unasked because the bus was busy.
    pub(super) fn done(&mut self, index: usize, now: Stamp) -> u64 {
        let Some(turn) = self.turns.get_mut(index) else {
            return 0;
        };
        let next = turn.polled + turn.every;
        let slot = next.max(turn.slot_of(now.at.0));
        turn.wait_for(slot);
        ((slot - next) / turn.every).unsigned_abs()
    }

    /// The device has failed: it rests for `pause_ms`, and is asked then, or at the slot after.
    pub(super) fn failed(&mut self, index: usize, now: Stamp, pause_ms: u64) {
        let Some(turn) = self.turns.get_mut(index) else {
            return;
        };
        let again = now
            .at
            .0
            .saturating_add(i64::try_from(pause_ms).unwrap_or(i64::MAX));
        let next = turn.polled + turn.every;
        if again < next {
            turn.due = again;
            turn.slot = None;
        } else {
            turn.wait_for(next.max(turn.slot_of(again + turn.every - 1)));
        }
    }

    fn notice_step(&mut self, now: Stamp) {
        let mono = i64::try_from(now.mono.0).unwrap_or(i64::MAX);
        let offset = now.at.0 - mono;
        let moved = offset - self.offset.unwrap_or(offset);
        if self.offset.is_some() && moved.abs() < STEP_MS {
            return;
        }
        self.offset = Some(offset);
        for turn in self
            .turns
            .iter_mut()
            .filter(|turn| turn.due > i64::MIN && moved != 0)
        {
            let due = turn.due.saturating_add(moved);
            let slot = turn.slot_of(due + turn.every - 1);
            turn.wait_for(slot);
        }
    }
}

impl Turn {
    /// The slot that this moment lies in.
    fn slot_of(&self, wall: i64) -> i64 {
        let since = wall.saturating_sub(self.phase);
        since - since.rem_euclid(self.every)
    }

    fn wait_for(&mut self, slot: i64) {
        self.slot = Some(slot);
        self.due = slot.saturating_add(self.phase);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MonoMs;
    use proptest::prelude::*;

    fn stamp(at: i64, mono: u64) -> Stamp {
        Stamp {
            at: UtcMs(at),
            mono: MonoMs(mono),
            trusted: true,
        }
    }

    fn at(ms: u64) -> Stamp {
        stamp(i64::try_from(ms).unwrap() + 1_000_000, ms)
    }

    #[test]
    fn polls_begin_at_once_and_then_follow_the_wall_clock() {
        let mut poller = Poller::new([(10_000, 50)]);
        assert_eq!(poller.next(at(63)), Next::Poll(0, UtcMs(1_000_063)));
        poller.done(0, at(80));
        assert_eq!(poller.next(at(9_700)), Next::Wait(350));
        assert_eq!(poller.next(at(10_050)), Next::Poll(0, UtcMs(1_010_000)));
    }

    #[test]
    fn slots_that_a_busy_bus_let_pass_are_counted() {
        let mut poller = Poller::new([(1000, 0)]);
        poller.next(at(0));
        assert_eq!(poller.done(0, at(3_200)), 2);
        assert_eq!(poller.next(at(3_200)), Next::Poll(0, UtcMs(1_003_000)));
        assert_eq!(poller.done(0, at(3_300)), 0);
        assert_eq!(poller.next(at(4_600)), Next::Poll(0, UtcMs(1_004_600)));
    }

    #[test]
    fn a_failed_device_rests_and_others_go_on() {
        let mut poller = Poller::new([(10_000, 0), (10_000, 0)]);
        poller.next(at(0));
        poller.failed(0, at(500), 500);
        assert_eq!(poller.next(at(500)), Next::Poll(1, UtcMs(1_000_500)));
        poller.done(1, at(510));
        assert_eq!(poller.next(at(1_000)), Next::Poll(0, UtcMs(1_001_000)));
        poller.failed(0, at(1_500), 60_000);
        assert_eq!(poller.next(at(10_000)), Next::Poll(1, UtcMs(1_010_000)));
        poller.done(1, at(10_010));
        assert_eq!(poller.next(at(10_020)), Next::Wait(1000));
    }

    proptest! {
        #[test]
        fn whatever_the_clock_does_readings_of_a_device_never_share_or_reverse_a_time(
            steps in prop::collection::vec((0u64..3000, -5000i64..5000, any::<bool>()), 1..80)
        ) {
            let mut poller = Poller::new([(1000, 7), (700, 0)]);
            let (mut wall, mut mono, mut last) = (1_000_000, 0, [i64::MIN; 2]);
            for (pass, step, fails) in steps {
                wall += i64::try_from(pass).unwrap() + if step.abs() > 4000 { step } else { 0 };
                mono += pass;
                if let Next::Poll(index, time) = poller.next(stamp(wall, mono)) {
                    prop_assert!(time.0 > last[index]);
                    last[index] = time.0;
                    if fails {
                        poller.failed(index, stamp(wall, mono), 500);
                    } else {
                        poller.done(index, stamp(wall, mono));
                    }
                }
            }
        }
    }
}
