//! Whose turn it is on a bus. Pure: time is an argument.
//!
//! A device is asked at slots of the wall clock (`every` 10 s: :00, :10, ...), a little later by
//! its phase; its reading is dated by the slot. After a failure it is left alone for a growing
//! pause.
//!
//! A reading is never dated later than the wall clock of its moment, and no two of a device alike,
//! whatever the clock does: after a step back the clock passes stretches of time for a second time,
//! and in those a reading is dated by its own moment instead of the slot. So is one that is read
//! while the clock cannot be believed: its moment is what puts its date right later.

use crate::clock::Stamp;
use crate::limits::{CLOCK_STRETCHES_MAX, MOMENTS_MAX};
use crate::model::UtcMs;
use std::collections::VecDeque;

/// A difference between the clocks' paces that is a step, not drift.
const STEP_MS: i64 = 500;
/// Longest wait, so that a step of the wall clock is seen.
const WAIT_MAX_MS: i64 = 1000;

/// The devices of one bus, taking turns.
#[derive(Debug)]
pub(super) struct Poller {
    turns: Vec<Turn>,
    wall: Option<Wall>,
}

/// How the wall clock has gone so far.
#[derive(Debug)]
struct Wall {
    /// Milliseconds from the monotonic clock to it.
    offset: i64,
    /// It has gone without a step from here ...
    from: i64,
    /// ... to here.
    to: i64,
    /// Stretches before earlier steps, first and last moment, the latest at the end.
    lived: VecDeque<(i64, i64)>,
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
    /// The latest moments, not slots, that readings were dated by.
    moments: VecDeque<i64>,
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
            moments: VecDeque::new(),
        });
        Self {
            turns: turns.collect(),
            wall: None,
        }
    }

    /// Whose turn it is: of those that are due the one whose period ends first.
    pub(super) fn next(&mut self, now: Stamp) -> Next {
        self.notice_step(now);
        let wall = now.at.0;
        let clock = self.wall.as_ref();
        let is_lived = |at: i64| clock.is_some_and(|clock| clock.has_lived(at));
        let is_new = |at: i64| clock.is_some_and(|clock| at >= clock.from) && !is_lived(at);
        let due = self
            .turns
            .iter_mut()
            .enumerate()
            .filter(|(_, turn)| turn.due <= wall);
        let first = due.min_by_key(|(_, turn)| turn.due.saturating_add(turn.every));
        if let Some((index, turn)) = first {
            let recent = |slot: &i64| wall - slot <= turn.every / 2;
            let slot = turn.slot.filter(recent);
            let slot = slot.filter(|slot| now.trusted && is_new(*slot));
            // The clock was not trusted a moment ago: a reading was dated by that moment already.
            let slot = slot.filter(|slot| {
                let is_passed = |moment: &i64| (*slot..=wall).contains(moment);
                !turn.moments.iter().any(is_passed)
            });
            let moment_is_taken = turn.moments.contains(&wall)
                || (is_lived(wall) && wall.rem_euclid(turn.every) == 0);
            if slot.is_none() && moment_is_taken {
                return Next::Wait(1);
            }
            turn.polled = turn.slot_of(wall).max(turn.slot.unwrap_or(i64::MIN));
            if slot.is_none() {
                turn.moments.push_back(wall);
                turn.moments
                    .drain(..turn.moments.len().saturating_sub(MOMENTS_MAX));
            }
            return Next::Poll(index, UtcMs(slot.unwrap_or(wall)));
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
        // The clock may have been set while the device was asked.
        self.notice_step(now);
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
        self.notice_step(now);
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

    /// The wall clock was set: what is due moves with it, to the next slot.
    fn notice_step(&mut self, now: Stamp) {
        let Some(clock) = &mut self.wall else {
            self.wall = Some(Wall::new(now));
            return;
        };
        let moved = clock.go_on(now);
        if moved == 0 {
            return;
        }
        for turn in self.turns.iter_mut().filter(|turn| turn.due > i64::MIN) {
            turn.polled = turn.slot_of(turn.polled.saturating_add(moved));
            let due = turn.due.saturating_add(moved);
            let slot = turn.slot_of(due + turn.every - 1);
            turn.wait_for(slot);
        }
    }
}

impl Wall {
    fn new(now: Stamp) -> Self {
        Self {
            offset: now.offset_ms(),
            from: now.at.0,
            to: now.at.0,
            lived: VecDeque::new(),
        }
    }

    /// Takes the present; milliseconds by which the clock was set since the last one.
    fn go_on(&mut self, now: Stamp) -> i64 {
        let moved = now.offset_ms() - self.offset;
        if moved.abs() < STEP_MS {
            self.to = self.to.max(now.at.0);
            return 0;
        }
        self.lived.push_back((self.from, self.to));
        if self.lived.len() > CLOCK_STRETCHES_MAX {
            self.join_oldest();
        }
        (self.offset, self.from, self.to) = (now.offset_ms(), now.at.0, now.at.0);
        moved
    }

    /// Two stretches become one that spans both: more moments than need be count as lived through.
    fn join_oldest(&mut self) {
        let (Some(a), Some(b)) = (self.lived.pop_front(), self.lived.pop_front()) else {
            return;
        };
        self.lived.push_front((a.0.min(b.0), a.1.max(b.1)));
    }

    /// The clock has shown this moment before it was set.
    fn has_lived(&self, at: i64) -> bool {
        let mut stretches = self.lived.iter();
        stretches.any(|(from, to)| (*from..=*to).contains(&at))
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

    #[test]
    fn after_a_step_forward_and_back_readings_are_dated_by_the_true_slots_again() {
        let mut poller = Poller::new([(10_000, 0)]);
        let (true_time, ahead) = (1_000_000, 300_000_000_000);
        let mut dated = Vec::new();
        for second in 0..120u64 {
            let mono = second * 1000;
            let offset = if (30..60).contains(&second) { ahead } else { 0 };
            let wall = true_time + offset + i64::try_from(mono).unwrap();
            let now = stamp(wall, mono);
            if let Next::Poll(_, at) = poller.next(now) {
                assert!(at.0 <= wall, "{at:?} is later than {wall}");
                dated.push((second, at.0 - offset - true_time));
                poller.done(0, now);
            }
        }
        let slots = (0..12).map(|slot| (slot * 10, i64::try_from(slot).unwrap() * 10_000));
        assert_eq!(dated, slots.collect::<Vec<_>>());
    }

    #[test]
    fn a_clock_that_is_set_while_a_device_is_asked_costs_no_slot() {
        for step in [300_000_000_000, -300_000_000] {
            let mut poller = Poller::new([(10_000, 0)]);
            poller.next(stamp(400_000_000, 0));
            poller.done(0, stamp(400_000_100, 100));
            assert_eq!(
                poller.next(stamp(400_010_000, 10_000)),
                Next::Poll(0, UtcMs(400_010_000))
            );
            // Answered after the step.
            assert_eq!(poller.done(0, stamp(400_010_050 + step, 10_050)), 0);
            let next = UtcMs(400_020_000 + step);
            assert_eq!(
                poller.next(stamp(400_020_000 + step, 20_000)),
                Next::Poll(0, next)
            );
        }
    }

    #[test]
    fn a_stretch_that_the_clock_shows_twice_has_each_time_once() {
        let mut poller = Poller::new([(1000, 0)]);
        let mut dated = Vec::new();
        for tick in 0..4000u64 {
            // Set back by 5 s in the middle.
            let back = if tick < 2000 { 0 } else { 5000 };
            let wall = 1_000_000 + i64::try_from(tick).unwrap() * 10 - back;
            let now = stamp(wall, tick * 10);
            if let Next::Poll(_, at) = poller.next(now) {
                assert!(at.0 <= wall);
                dated.push(at.0);
                poller.done(0, now);
            }
        }
        assert!(dated.len() >= 40, "{}", dated.len());
        let all = dated.len();
        dated.sort_unstable();
        dated.dedup();
        assert_eq!(dated.len(), all);
    }

    #[test]
    fn a_clock_that_cannot_be_believed_gives_moments_and_no_slots() {
        let mut poller = Poller::new([(1000, 0)]);
        let doubtful = |wall, mono| Stamp {
            trusted: false,
            ..stamp(wall, mono)
        };
        poller.next(doubtful(1_000_300, 0));
        poller.done(0, doubtful(1_000_310, 10));
        assert_eq!(
            poller.next(doubtful(1_001_003, 703)),
            Next::Poll(0, UtcMs(1_001_003))
        );
    }

    #[test]
    fn a_slot_from_before_a_step_is_not_given() {
        let mut poller = Poller::new([(1000, 0)]);
        poller.next(stamp(1_000_000, 0));
        poller.done(0, stamp(1_000_010, 10));
        // The slot lies before the first moment after the step: nobody would know that it is taken.
        let now = stamp(5_001_300, 1300);
        assert_eq!(poller.next(now), Next::Poll(0, UtcMs(5_001_300)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn whatever_the_clock_does_no_reading_is_dated_later_than_it_or_twice_or_out_of_order(
            steps in prop::collection::vec(
                (0u64..3000, -9000i64..9000, any::<bool>(), any::<bool>()), 1..80)
        ) {
            let mut poller = Poller::new([(1000, 7), (700, 0)]);
            let (mut wall, mut mono) = (1_000_000, 0);
            let mut last = [i64::MIN; 2];
            let mut given = [std::collections::BTreeSet::new(), std::collections::BTreeSet::new()];
            let (mut pause, mut clock_steps) = (0, 0);
            for (pass, step, fails, trusted) in steps {
                let step = if step.abs() > 6000 { step } else { 0 };
                wall += i64::try_from(pass).unwrap() + step;
                mono += pass;
                if step < 0 {
                    last = [i64::MIN; 2];
                }
                let now = |wall, mono| Stamp { trusted, ..stamp(wall, mono) };
                match poller.next(now(wall, mono)) {
                    Next::Wait(ms) => pause = ms,
                    Next::Poll(index, time) => {
                        prop_assert!(time.0 <= wall);
                        prop_assert!(time.0 > last[index]);
                        prop_assert!(given[index].insert(time.0));
                        last[index] = time.0;
                        if fails {
                            poller.failed(index, now(wall, mono), 500);
                        } else {
                            poller.done(index, now(wall, mono));
                        }
                    }
                }
                prop_assert!(pause <= 1000);
                clock_steps += i64::from(step != 0);
                // However the clock was set, every device has its turn soon.
                let due = poller.turns.iter().map(|turn| turn.due).max().unwrap();
                prop_assert!(due - wall <= 1500 + clock_steps * 1000, "due in {}", due - wall);
            }
        }
    }
}
