//! Poll schedule of one bus. Pure: time is an argument.
//!
//! A device is polled at slots of the wall clock (`every` 10 s: :00, :10, ...) plus its phase; its
//! reading is dated by the slot. After a failure it waits for a pause that grows.
//!
//! A reading is never dated later than the wall clock at that moment, and no two readings of a
//! device have the same time, also when the clock is set: after a step back the clock shows a
//! period for a second time, and readings in it are dated by their own moment instead of the slot.
//! The same holds for readings while the clock is not trusted: the moment is needed to correct the
//! date later.

use crate::clock::ClockStamp;
use crate::domain::UtcMs;
use crate::limits::{CLOCK_STRETCHES_MAX, RECENT_SLOTS_MAX};
use std::collections::VecDeque;

/// Change of the offset between wall clock and monotonic clock that counts as a step, not as drift,
/// milliseconds.
const CLOCK_STEP_MIN_MS: i64 = 500;
/// Longest wait, so that a step of the wall clock is noticed, milliseconds.
const WAIT_MAX_MS: i64 = 1000;

/// Polls over which the real period of a device is averaged.
const INTERVALS_KEPT: usize = 16;

/// Devices of one bus and their next polls.
#[derive(Debug)]
pub(super) struct PollScheduler {
    turns: Vec<DeviceSchedule>,
    wall: Option<WallClockHistory>,
}

/// Offset and history of the wall clock.
#[derive(Debug)]
struct WallClockHistory {
    /// Wall clock less monotonic clock, milliseconds.
    offset: i64,
    /// Start of the current period without a step ...
    from: i64,
    /// ... and its latest moment.
    to: i64,
    /// Periods before earlier steps, first and last moment, the latest at the end.
    shown: VecDeque<(i64, i64)>,
}

#[derive(Debug)]
struct DeviceSchedule {
    every: i64,
    phase: i64,
    /// Wall clock time from which the device may be polled.
    due: i64,
    /// Slot that the poll belongs to; `None`: poll at once, dated by the moment itself.
    slot: Option<i64>,
    /// Slot of the last poll.
    polled: i64,
    /// Wall clock time at which the last poll began; `i64::MIN` before the first one.
    begun: i64,
    /// Milliseconds between the beginnings of the last polls.
    intervals: VecDeque<i64>,
    /// Latest moments (not slots) that readings were dated by.
    moments: VecDeque<i64>,
}

/// Next action of the bus task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PollDecision {
    /// Poll the device with this index; its reading gets this time.
    Poll(usize, UtcMs),
    /// Wait this many milliseconds.
    Wait(u64),
}

impl PollScheduler {
    /// Creates a schedule with one device for each pair of period and phase, in milliseconds; all
    /// are due at once.
    pub(super) fn new(turns: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let turns = turns.into_iter().map(|(every, phase)| DeviceSchedule {
            every: i64::try_from(every).unwrap_or(i64::MAX / 4).max(1),
            phase: i64::try_from(phase).unwrap_or(0),
            // `i64::MIN` is always due, whatever the wall clock shows at the start.
            due: i64::MIN,
            slot: None,
            polled: 0,
            begun: i64::MIN,
            intervals: VecDeque::new(),
            moments: VecDeque::new(),
        });
        Self {
            turns: turns.collect(),
            wall: None,
        }
    }

    /// Returns the next action: of the devices that are due, the one whose next poll is the most
    /// pressing.
    pub(super) fn next_poll(&mut self, now: ClockStamp) -> PollDecision {
        self.follow_clock_step(now);
        let wall = now.at.0;
        let clock = self.wall.as_ref();
        let is_lived = |at: i64| clock.is_some_and(|clock| clock.has_shown(at));
        let is_new = |at: i64| clock.is_some_and(|clock| at >= clock.from) && !is_lived(at);
        let due = self
            .turns
            .iter_mut()
            .enumerate()
            .filter(|(_, turn)| turn.due <= wall);
        // A period after its last poll a device wants the next one. Counted from that poll and not
        // from the slot: on a line that cannot keep up, equal devices then take turns, and one with
        // a long period can wait for its neighbours.
        let first = due.min_by_key(|(_, turn)| turn.begun.saturating_add(turn.every));
        if let Some((index, turn)) = first {
            let recent = |slot: &i64| wall - slot <= turn.every / 2;
            // A slot more than half a period ago would date the reading too early.
            let slot = turn.slot.filter(recent);
            let slot = slot.filter(|slot| now.trusted && is_new(*slot));
            // The clock was not trusted a moment ago: a reading was dated by that moment already.
            let slot = slot.filter(|slot| {
                let is_passed = |moment: &i64| (*slot..=wall).contains(moment);
                !turn.moments.iter().any(is_passed)
            });
            // Wait a millisecond rather than date two readings alike; a full multiple of the period
            // may have been given as a slot before the clock was set.
            let moment_is_taken = turn.moments.contains(&wall)
                || (is_lived(wall) && wall.rem_euclid(turn.every) == 0);
            if slot.is_none() && moment_is_taken {
                return PollDecision::Wait(1);
            }
            turn.record_begin(wall);
            turn.polled = turn.slot_of(wall).max(turn.slot.unwrap_or(i64::MIN));
            if slot.is_none() {
                turn.moments.push_back(wall);
                turn.moments
                    .drain(..turn.moments.len().saturating_sub(RECENT_SLOTS_MAX));
            }
            return PollDecision::Poll(index, UtcMs(slot.unwrap_or(wall)));
        }
        let soonest = self
            .turns
            .iter()
            .map(|turn| turn.due)
            .min()
            .unwrap_or(i64::MAX);
        let wait = soonest.saturating_sub(wall).clamp(1, WAIT_MAX_MS);
        PollDecision::Wait(wait.unsigned_abs())
    }

    /// Mean time between the last polls of a device, milliseconds; `None` until there were some.
    pub(super) fn real_every_ms(&self, index: usize) -> Option<u64> {
        let intervals = &self.turns.get(index)?.intervals;
        let count = i64::try_from(intervals.len())
            .ok()
            .filter(|count| *count >= 2)?;
        u64::try_from(intervals.iter().sum::<i64>() / count).ok()
    }

    /// Records a successful poll; returns the number of slots that passed because the bus was busy.
    pub(super) fn record_success(&mut self, index: usize, now: ClockStamp) -> u64 {
        // The clock may have been set during the poll.
        self.follow_clock_step(now);
        let Some(turn) = self.turns.get_mut(index) else {
            return 0;
        };
        let next = turn.polled + turn.every;
        let slot = next.max(turn.slot_of(now.at.0));
        turn.wait_for_slot(slot);
        ((slot - next) / turn.every).unsigned_abs()
    }

    /// Records a failed poll: the device waits `pause_ms` and is polled then, or at the slot after
    /// it.
    pub(super) fn record_failure(&mut self, index: usize, now: ClockStamp, pause_ms: u64) {
        self.follow_clock_step(now);
        let Some(turn) = self.turns.get_mut(index) else {
            return;
        };
        // The back-off ends between two slots for short pauses, so that a device is asked again
        // soon after a single lost answer.
        let again = now
            .at
            .0
            .saturating_add(i64::try_from(pause_ms).unwrap_or(i64::MAX));
        let next = turn.polled + turn.every;
        if again < next {
            turn.due = again;
            turn.slot = None;
        } else {
            turn.wait_for_slot(next.max(turn.slot_of(again + turn.every - 1)));
        }
    }

    /// Moves the due times with the wall clock after it was set, to the next slot.
    fn follow_clock_step(&mut self, now: ClockStamp) {
        let Some(clock) = &mut self.wall else {
            self.wall = Some(WallClockHistory::new(now));
            return;
        };
        let moved = clock.advance_to(now);
        if moved == 0 {
            return;
        }
        // A device that was never polled is due at once and stays so.
        for turn in self.turns.iter_mut().filter(|turn| turn.due > i64::MIN) {
            turn.begun = turn.begun.saturating_add(moved);
            turn.polled = turn.slot_of(turn.polled.saturating_add(moved));
            let due = turn.due.saturating_add(moved);
            let slot = turn.slot_of(due + turn.every - 1);
            turn.wait_for_slot(slot);
        }
    }
}

impl WallClockHistory {
    fn new(now: ClockStamp) -> Self {
        Self {
            offset: now.offset_ms(),
            from: now.at.0,
            to: now.at.0,
            shown: VecDeque::new(),
        }
    }

    /// Takes the present time; returns the milliseconds by which the clock was set since the last
    /// call.
    fn advance_to(&mut self, now: ClockStamp) -> i64 {
        let moved = now.offset_ms() - self.offset;
        // Drift, and adjustment by NTP slewing, stay below this between two calls.
        if moved.abs() < CLOCK_STEP_MIN_MS {
            self.to = self.to.max(now.at.0);
            return 0;
        }
        self.shown.push_back((self.from, self.to));
        if self.shown.len() > CLOCK_STRETCHES_MAX {
            self.merge_oldest_stretches();
        }
        (self.offset, self.from, self.to) = (now.offset_ms(), now.at.0, now.at.0);
        moved
    }

    /// Merges the two oldest periods into one that spans both; some moments between them count as
    /// shown although they were not, which only costs a slot date.
    fn merge_oldest_stretches(&mut self) {
        let (Some(a), Some(b)) = (self.shown.pop_front(), self.shown.pop_front()) else {
            return;
        };
        self.shown.push_front((a.0.min(b.0), a.1.max(b.1)));
    }

    /// True when the clock has shown this moment before it was set.
    fn has_shown(&self, at: i64) -> bool {
        let mut stretches = self.shown.iter();
        stretches.any(|(from, to)| (*from..=*to).contains(&at))
    }
}

impl DeviceSchedule {
    /// Returns the slot that this moment lies in.
    fn slot_of(&self, wall: i64) -> i64 {
        let since = wall.saturating_sub(self.phase);
        since - since.rem_euclid(self.every)
    }

    fn record_begin(&mut self, wall: i64) {
        if self.begun > i64::MIN {
            if self.intervals.len() >= INTERVALS_KEPT {
                self.intervals.pop_front();
            }
            self.intervals.push_back(wall - self.begun);
        }
        self.begun = wall;
    }

    fn wait_for_slot(&mut self, slot: i64) {
        self.slot = Some(slot);
        self.due = slot.saturating_add(self.phase);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MonoMs;
    use proptest::prelude::*;

    fn stamp(at: i64, mono: u64) -> ClockStamp {
        ClockStamp {
            at: UtcMs(at),
            mono: MonoMs(mono),
            trusted: true,
        }
    }

    fn stamp_at(ms: u64) -> ClockStamp {
        stamp(i64::try_from(ms).unwrap() + 1_000_000, ms)
    }

    #[test]
    fn polls_begin_at_once_and_then_follow_the_wall_clock() {
        let mut poller = PollScheduler::new([(10_000, 50)]);
        assert_eq!(
            poller.next_poll(stamp_at(63)),
            PollDecision::Poll(0, UtcMs(1_000_063))
        );
        poller.record_success(0, stamp_at(80));
        assert_eq!(poller.next_poll(stamp_at(9_700)), PollDecision::Wait(350));
        assert_eq!(
            poller.next_poll(stamp_at(10_050)),
            PollDecision::Poll(0, UtcMs(1_010_000))
        );
    }

    #[test]
    fn slots_that_a_busy_bus_let_pass_are_counted() {
        let mut poller = PollScheduler::new([(1000, 0)]);
        poller.next_poll(stamp_at(0));
        assert_eq!(poller.record_success(0, stamp_at(3_200)), 2);
        assert_eq!(
            poller.next_poll(stamp_at(3_200)),
            PollDecision::Poll(0, UtcMs(1_003_000))
        );
        assert_eq!(poller.record_success(0, stamp_at(3_300)), 0);
        assert_eq!(
            poller.next_poll(stamp_at(4_600)),
            PollDecision::Poll(0, UtcMs(1_004_600))
        );
    }

    #[test]
    fn a_failed_device_rests_and_others_go_on() {
        let mut poller = PollScheduler::new([(10_000, 0), (10_000, 0)]);
        poller.next_poll(stamp_at(0));
        poller.record_failure(0, stamp_at(500), 500);
        assert_eq!(
            poller.next_poll(stamp_at(500)),
            PollDecision::Poll(1, UtcMs(1_000_500))
        );
        poller.record_success(1, stamp_at(510));
        assert_eq!(
            poller.next_poll(stamp_at(1_000)),
            PollDecision::Poll(0, UtcMs(1_001_000))
        );
        poller.record_failure(0, stamp_at(1_500), 60_000);
        assert_eq!(
            poller.next_poll(stamp_at(10_000)),
            PollDecision::Poll(1, UtcMs(1_010_000))
        );
        poller.record_success(1, stamp_at(10_010));
        assert_eq!(poller.next_poll(stamp_at(10_020)), PollDecision::Wait(1000));
    }

    #[test]
    fn after_a_step_forward_and_back_readings_are_dated_by_the_true_slots_again() {
        let mut poller = PollScheduler::new([(10_000, 0)]);
        let (true_time, ahead) = (1_000_000, 300_000_000_000);
        let mut dated = Vec::new();
        for second in 0..120u64 {
            let mono = second * 1000;
            let offset = if (30..60).contains(&second) { ahead } else { 0 };
            let wall = true_time + offset + i64::try_from(mono).unwrap();
            let now = stamp(wall, mono);
            if let PollDecision::Poll(_, at) = poller.next_poll(now) {
                assert!(at.0 <= wall, "{at:?} is later than {wall}");
                dated.push((second, at.0 - offset - true_time));
                poller.record_success(0, now);
            }
        }
        let slots = (0..12).map(|slot| (slot * 10, i64::try_from(slot).unwrap() * 10_000));
        assert_eq!(dated, slots.collect::<Vec<_>>());
    }

    #[test]
    fn a_clock_that_is_set_while_a_device_is_asked_costs_no_slot() {
        for step in [300_000_000_000, -300_000_000] {
            let mut poller = PollScheduler::new([(10_000, 0)]);
            poller.next_poll(stamp(400_000_000, 0));
            poller.record_success(0, stamp(400_000_100, 100));
            assert_eq!(
                poller.next_poll(stamp(400_010_000, 10_000)),
                PollDecision::Poll(0, UtcMs(400_010_000))
            );
            // Answered after the step.
            assert_eq!(
                poller.record_success(0, stamp(400_010_050 + step, 10_050)),
                0
            );
            let next = UtcMs(400_020_000 + step);
            assert_eq!(
                poller.next_poll(stamp(400_020_000 + step, 20_000)),
                PollDecision::Poll(0, next)
            );
        }
    }

    #[test]
    fn a_stretch_that_the_clock_shows_twice_has_each_time_once() {
        let mut poller = PollScheduler::new([(1000, 0)]);
        let mut dated = Vec::new();
        for tick in 0..4000u64 {
            // Set back by 5 s in the middle.
            let back = if tick < 2000 { 0 } else { 5000 };
            let wall = 1_000_000 + i64::try_from(tick).unwrap() * 10 - back;
            let now = stamp(wall, tick * 10);
            if let PollDecision::Poll(_, at) = poller.next_poll(now) {
                assert!(at.0 <= wall);
                dated.push(at.0);
                poller.record_success(0, now);
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
        let mut poller = PollScheduler::new([(1000, 0)]);
        let doubtful = |wall, mono| ClockStamp {
            trusted: false,
            ..stamp(wall, mono)
        };
        poller.next_poll(doubtful(1_000_300, 0));
        poller.record_success(0, doubtful(1_000_310, 10));
        assert_eq!(
            poller.next_poll(doubtful(1_001_003, 703)),
            PollDecision::Poll(0, UtcMs(1_001_003))
        );
    }

    #[test]
    fn a_slot_from_before_a_step_is_not_given() {
        let mut poller = PollScheduler::new([(1000, 0)]);
        poller.next_poll(stamp(1_000_000, 0));
        poller.record_success(0, stamp(1_000_010, 10));
        // The slot lies before the first moment after the step: nobody would know that it is taken.
        let now = stamp(5_001_300, 1300);
        assert_eq!(
            poller.next_poll(now),
            PollDecision::Poll(0, UtcMs(5_001_300))
        );
    }

    /// Polls of each device in ten minutes, when every poll takes this long; and real periods.
    fn polls_of(devices: &[u64], poll_ms: u64) -> Vec<(u64, Option<u64>)> {
        let phases = (0..).map(|place| place * 7);
        let mut poller = PollScheduler::new(devices.iter().copied().zip(phases));
        let mut counts = vec![0; devices.len()];
        let mut now = 0;
        while now < 600_000 {
            match poller.next_poll(stamp_at(now)) {
                PollDecision::Wait(ms) => now += ms,
                PollDecision::Poll(index, _) => {
                    now += poll_ms;
                    counts[index] += 1;
                    poller.record_success(index, stamp_at(now));
                }
            }
        }
        let real = (0..devices.len()).map(|index| poller.real_every_ms(index));
        counts.into_iter().zip(real).collect()
    }

    #[test]
    fn equal_devices_of_an_overloaded_line_get_equal_turns() {
        for (devices, poll_ms) in [(5, 300), (2, 900), (3, 1001), (20, 60), (7, 149)] {
            let polls = polls_of(&vec![1000; devices], poll_ms);
            let counts = || polls.iter().map(|(count, _)| *count);
            let (least, most) = (counts().min().unwrap(), counts().max().unwrap());
            assert!(most * 95 <= least * 100, "{polls:?}");
            // The real period is that of a whole round.
            let round = u64::try_from(devices).unwrap() * poll_ms;
            for (_, real) in polls {
                assert!(real.unwrap().abs_diff(round.max(1000)) <= 50, "{real:?}");
            }
        }
    }

    #[test]
    fn a_device_with_a_long_period_keeps_it_beside_an_overload() {
        let polls = polls_of(&[1000, 1000, 1000, 10_000], 400);
        assert!((58..=60).contains(&polls[3].0), "{polls:?}");
        assert!(
            polls[0].0.abs_diff(polls[2].0) <= polls[0].0 / 20,
            "{polls:?}"
        );
    }

    #[test]
    fn a_line_with_time_to_spare_keeps_the_wished_period() {
        for (count, real) in polls_of(&[1000, 2000], 100) {
            assert!(count >= 299);
            assert!(real.is_some_and(|real| real % 1000 == 0), "{real:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn whatever_the_clock_does_no_reading_is_dated_later_than_it_or_twice_or_out_of_order(
            steps in prop::collection::vec(
                (0u64..3000, -9000i64..9000, any::<bool>(), any::<bool>()), 1..80)
        ) {
            let mut poller = PollScheduler::new([(1000, 7), (700, 0)]);
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
                let now = |wall, mono| ClockStamp { trusted, ..stamp(wall, mono) };
                match poller.next_poll(now(wall, mono)) {
                    PollDecision::Wait(ms) => pause = ms,
                    PollDecision::Poll(index, time) => {
                        prop_assert!(time.0 <= wall);
                        prop_assert!(time.0 > last[index]);
                        prop_assert!(given[index].insert(time.0));
                        last[index] = time.0;
                        if fails {
                            poller.record_failure(index, now(wall, mono), 500);
                        } else {
                            poller.record_success(index, now(wall, mono));
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
