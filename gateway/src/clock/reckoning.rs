//! [`ClockReckoning`]: the time that is given out, reckoned from what the clocks show. Pure.
//!
//! While a source vouches for the wall clock, the pair of both clocks is the anchor. Afterwards the
//! time is the anchor plus the monotonic clock, and its bound grows with the drift: a wall clock
//! that somebody sets moves nothing until a source vouches for the new time. A time that was given
//! is never followed by an earlier one, unless a source corrects it by more than `SLEW_MAX_US` (by
//! more than `DRIFT_SLEW_MAX_US`, an hour, where the network vouched for it before); less (a leap
//! second, the drift of days without the network, a server that was minutes wrong) is made up for
//! by a clock that runs at half speed.

use super::boot_table::ClockPair;
use super::person_time::{KnownReadings, PersonTime, PersonTimeChange, PersonTimeRefusal};
use super::start_witness::{StartDoubt, StartWitness, StoreTimes};
use super::trust_source::TrustSource;
use crate::domain::{MonoMs, UtcMs};
use crate::limits::{CLOCK_DRIFT_PPM, CLOCK_STEPS_KEPT_MAX, EARLIEST_TIME_MS};
use std::collections::VecDeque;

/// Change of the difference between the two clocks that counts as a step, µs.
const STEP_MIN_US: i64 = 500_000;
/// Correction backwards that is made up for slowly, µs.
const SLEW_MAX_US: i64 = 5_000_000;
/// The same for a time that the network has vouched for: readings by it keep their time, so that
/// those after the correction must not come before them. More than an hour is a wrong date, which
/// nothing makes up for in a bearable time.
const DRIFT_SLEW_MAX_US: i64 = 3_600_000_000;
/// The same at a start of the program, of which nobody knows who dated the newest reading, µs.
const RESTART_SLEW_MAX_US: i64 = 60_000_000;
/// Correction after which nothing irreversible is done for a while, µs.
const UNSETTLING_STEP_US: i64 = 60_000_000;
/// That while, µs: long enough for a source that was wrong to be put right.
const SETTLING_US: i64 = 3_600_000_000;

/// Clocks of the system at one moment.
#[expect(clippy::struct_field_names, reason = "the ending is the unit")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawClocks {
    /// Wall clock, µs since 1970.
    pub(super) wall_us: i64,
    /// Monotonic clock, µs since boot.
    pub(super) mono_us: i64,
    /// Largest error that the kernel states, µs; `None` while it is not synchronised.
    pub(super) kernel_bound_us: Option<i64>,
}

/// Step of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStep {
    /// Time before the step ...
    pub from: UtcMs,
    /// ... and after it.
    pub to: UtcMs,
    /// Monotonic time of the step.
    pub mono: MonoMs,
    /// True when the time of new readings follows it; false when no source vouches for it.
    pub followed: bool,
}

/// Certainty of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockCertainty {
    /// Source that vouched for it last.
    pub source: TrustSource,
    /// Largest error, ms.
    pub bound_ms: u64,
    /// Lead of the system's wall clock over the time that is given out, ms.
    pub system_lead_ms: i64,
}

/// Moment for which a source vouched.
#[derive(Clone, Copy, Debug)]
struct ClockAnchor {
    offset_us: i64,
    mono_us: i64,
    bound_us: i64,
    source: TrustSource,
}

/// Time given out last by a trusted clock.
#[expect(clippy::struct_field_names, reason = "the ending is the unit")]
#[derive(Clone, Copy, Debug)]
struct GivenTime {
    at_us: i64,
    mono_us: i64,
    /// Correction backwards that is made up for slowly, µs.
    slew_max_us: i64,
}

/// Time that is given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReckonedTime {
    /// Time, µs since 1970.
    pub(super) at_us: i64,
    /// The same by the source alone, µs: earlier while a correction is made up for.
    pub(super) right_us: i64,
    /// Monotonic time, µs.
    pub(super) mono_us: i64,
    /// Certainty of it; `None` while nobody vouches for it.
    pub(super) certainty: Option<ClockCertainty>,
}

/// State between two looks at the clocks.
#[derive(Debug)]
pub(super) struct ClockReckoning {
    anchor: Option<ClockAnchor>,
    /// Witness of the time at the start; heard at the first look.
    offered: Option<StartWitness>,
    /// The same while its time is the one that is given out.
    witness: Option<StartWitness>,
    /// Reason why the time at the start was not believed.
    doubt: Option<StartDoubt>,
    /// Wall clock less monotonic clock at the last look, µs.
    raw_offset_us: Option<i64>,
    given: Option<GivenTime>,
    /// Time before which a wall clock is not believed at the start, µs.
    floor_us: i64,
    steps: VecDeque<ClockStep>,
    /// Monotonic time of the last correction of more than `UNSETTLING_STEP_US`, µs.
    unsettled_us: Option<i64>,
}

impl ClockStep {
    /// Size, ms; negative for a step back.
    pub fn by_ms(&self) -> i64 {
        self.to.0.saturating_sub(self.from.0)
    }
}

impl ClockReckoning {
    /// Begins without trust; `offered` is the witness of the time at the start.
    pub(super) fn new(offered: Option<StartWitness>) -> Self {
        Self {
            anchor: None,
            offered,
            witness: None,
            doubt: None,
            raw_offset_us: None,
            given: None,
            floor_us: EARLIEST_TIME_MS.saturating_mul(1000),
            steps: VecDeque::new(),
            unsettled_us: None,
        }
    }

    /// Takes a look at the clocks and returns the time.
    pub(super) fn look(&mut self, raw: RawClocks) -> ReckonedTime {
        let before = self.anchor;
        let offered = self.offered.take();
        match (raw.kernel_bound_us, offered) {
            // Synchronised with 1970 is a daemon that lost its mind.
            (Some(bound), _) if raw.wall_us >= EARLIEST_TIME_MS.saturating_mul(1000) => {
                self.anchor = Some(ClockAnchor::new(raw, TrustSource::Kernel, bound));
            }
            (_, Some(witness)) if before.is_none() && raw.wall_us >= self.floor_us => {
                self.hear(witness, raw);
            }
            _ => {}
        }
        self.note_steps(raw, before);
        let offset = self
            .anchor
            .map_or(raw.offset_us(), |anchor| anchor.offset_us);
        let right = raw.mono_us.saturating_add(offset);
        let given = self.given.filter(|_| self.anchor.is_some());
        let at_us = given.map_or(right, |given| slewed(right, given, raw.mono_us));
        let source = self.anchor.map(|anchor| anchor.source);
        self.given = source.map(|source| match given.filter(|_| at_us > right) {
            // What is being made up for is made up for, whoever vouches meanwhile; from where it
            // began, so that the store can tell which time was given out when.
            Some(given) => given,
            None => GivenTime::new(at_us, raw.mono_us, source),
        });
        ReckonedTime {
            at_us,
            right_us: right,
            mono_us: raw.mono_us,
            certainty: self.anchor.map(|anchor| ClockCertainty {
                source: anchor.source,
                bound_ms: anchor
                    .bound_us_at(raw.mono_us)
                    .saturating_add(at_us - right)
                    .div_euclid(1000)
                    .unsigned_abs()
                    + 1,
                system_lead_ms: raw.wall_us.saturating_sub(at_us) / 1000,
            }),
        }
    }

    /// Believes the time at the start, unless its witness speaks against it.
    fn hear(&mut self, witness: StartWitness, raw: RawClocks) {
        if let Some(doubt) = witness.doubt() {
            return self.doubt_start(doubt);
        }
        let now = UtcMs(raw.wall_us.div_euclid(1000));
        let bound = witness.bound_ms(now, None).saturating_mul(1000);
        self.anchor = Some(ClockAnchor::new(raw, TrustSource::Host, bound));
        self.witness = Some(witness);
    }

    /// Hears a battery clock that the gateway reads itself, while nothing better vouches for the
    /// time: the largest error by which it agrees, µs, or its lead when it does not, ms.
    pub(super) fn compare_battery_clock(&mut self, raw: RawClocks, said: Result<i64, i64>) {
        let is_start = |anchor: &ClockAnchor| anchor.source == TrustSource::Host;
        match (said, self.anchor.filter(is_start)) {
            (Ok(bound_us), None) if self.anchor.is_none() => {
                self.believe(raw, TrustSource::BatteryClock, bound_us);
            }
            (Ok(_), Some(start)) => {
                // The same time, of which two clocks are now sure.
                let source = TrustSource::BatteryClock;
                self.anchor = Some(ClockAnchor { source, ..start });
                self.witness = None;
            }
            (Err(lead_ms), Some(_)) => self.doubt_start(StartDoubt::BatteryDiffers(lead_ms)),
            (Err(lead_ms), None) if self.anchor.is_none() => {
                self.doubt = Some(StartDoubt::BatteryDiffers(lead_ms));
            }
            // The network has come meanwhile.
            (_, None) => {}
        }
    }

    /// Takes the trust from the time at the start.
    fn doubt_start(&mut self, doubt: StartDoubt) {
        tracing::warn!(
            why = %doubt,
            "the time of the computer at its start is not believed; readings wait for their date: \
             connect to the network (NTP), or set the time (pantau time set)"
        );
        (self.anchor, self.given, self.witness) = (None, None, None);
        self.doubt = Some(doubt);
    }

    /// Reason why the time at the start is not believed, while nobody vouches for the time.
    pub(super) fn start_doubt(&self) -> Option<StartDoubt> {
        self.doubt.filter(|_| self.anchor.is_none())
    }

    /// Takes the wall clock as right: a source vouches for it.
    pub(super) fn believe(&mut self, raw: RawClocks, source: TrustSource, bound_us: i64) {
        let before = self.anchor;
        self.anchor = Some(ClockAnchor::new(raw, source, bound_us));
        self.note_steps(raw, before);
    }

    /// Takes the time that a person says, unless it cannot be or is known better; an unlikely one
    /// only from somebody who is sure.
    pub(super) fn set_by_person(
        &mut self,
        raw: RawClocks,
        said: PersonTime,
        (readings, is_sure): (KnownReadings, bool),
    ) -> Result<PersonTimeChange, PersonTimeRefusal> {
        let shown = self.look(raw);
        let from = UtcMs(shown.at_us.div_euclid(1000));
        let known = shown.certainty.map(|certainty| ClockPair {
            mono: MonoMs((raw.mono_us / 1000).unsigned_abs()),
            at: from,
            source: certainty.source,
            bound_ms: certainty.bound_ms,
        });
        let to = said.check(known, readings, is_sure)?;
        let bound_ms = i64::try_from(said.bound_ms).unwrap_or(i64::MAX);
        self.anchor = Some(ClockAnchor {
            offset_us: to.0.saturating_mul(1000).saturating_sub(raw.mono_us),
            mono_us: raw.mono_us,
            bound_us: bound_ms.saturating_mul(1000),
            source: TrustSource::Person,
        });
        // Also the first time: whoever typed the wrong year has an hour to see it.
        if to.0.abs_diff(from.0) >= UNSETTLING_STEP_US.unsigned_abs() / 1000 {
            self.unsettled_us = Some(raw.mono_us);
        }
        Ok(PersonTimeChange { from, to })
    }

    /// Compares a time that the computer merely had at its start with what the store knows; what
    /// does not fit loses its trust.
    pub(super) fn judge_start(&mut self, known: StoreTimes, raw: RawClocks) {
        let floor = known
            .newest
            .map_or(i64::MIN, |newest| newest.0.saturating_mul(1000));
        self.floor_us = self.floor_us.max(floor);
        let shown = |anchor: &ClockAnchor| raw.mono_us.saturating_add(anchor.offset_us);
        let start = self.anchor.filter(|one| one.source == TrustSource::Host);
        if let Some(start) = start {
            let shown_ms = shown(&start).div_euclid(1000);
            // What was believed before in this start of the computer is judged no more.
            let ahead = self.witness.and_then(|_| known.doubt_ahead(shown_ms));
            let before = known.newest.filter(|_| shown(&start) < self.floor_us);
            match (before, ahead, self.witness) {
                (Some(newest), ..) => self.doubt_start(StartDoubt::BeforeData(newest)),
                (None, Some(doubt), _) => self.doubt_start(doubt),
                (None, None, Some(witness)) => {
                    let bound_ms = witness.bound_ms(UtcMs(shown_ms), known.network);
                    self.anchor = Some(ClockAnchor {
                        bound_us: bound_ms.saturating_mul(1000),
                        ..start
                    });
                }
                (None, None, None) => {}
            }
        }
        // The program before may have given times that a source has corrected a little since: the
        // time goes on from the newest of them.
        if let Some(anchor) = self.anchor {
            let at_us = self.floor_us.saturating_add(1000);
            let given = GivenTime::new(at_us, raw.mono_us, anchor.source);
            let ahead = self.floor_us.saturating_sub(shown(&anchor));
            if (1..=given.slew_max_us.min(RESTART_SLEW_MAX_US)).contains(&ahead) {
                self.given = Some(given);
            }
        }
    }

    /// Takes a moment of this boot for which a source vouched, unless a better one does so now.
    pub(super) fn adopt(&mut self, pair: ClockPair, now_us: i64) {
        // What the computer had at its start it still has, whatever it was set to since.
        if self
            .anchor
            .is_some_and(|anchor| anchor.source != TrustSource::Host)
        {
            return;
        }
        let us = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1000);
        let mono_us = us(pair.mono.0);
        self.anchor = Some(ClockAnchor {
            offset_us: pair.at.0.saturating_mul(1000).saturating_sub(mono_us),
            mono_us,
            bound_us: us(pair.bound_ms),
            source: pair.source,
        });
        (self.given, self.witness) = (None, None);
        // The hour in which a person may still have been wrong is not shortened by a restart.
        if pair.source == TrustSource::Person {
            self.unsettled_us = Some(now_us);
        }
    }

    /// Returns the steps since the last call, oldest first.
    pub(super) fn take_steps(&mut self) -> Vec<ClockStep> {
        self.steps.drain(..).collect()
    }

    /// False for a while after a large correction.
    pub(super) fn is_settled(&self, mono_us: i64) -> bool {
        self.unsettled_us
            .is_none_or(|since| mono_us.saturating_sub(since) >= SETTLING_US)
    }

    /// Notes that the wall clock, or the time that is given out, has stepped.
    fn note_steps(&mut self, raw: RawClocks, before: Option<ClockAnchor>) {
        let shown = self.raw_offset_us.replace(raw.offset_us());
        let moved = match (before, self.anchor) {
            (Some(before), Some(now)) => now.offset_us.saturating_sub(before.offset_us),
            _ => 0,
        };
        if moved.abs() >= UNSETTLING_STEP_US {
            self.unsettled_us = Some(raw.mono_us);
        }
        let stepped = shown.map_or(0, |shown| raw.offset_us().saturating_sub(shown));
        let (from, to, followed) = if moved.abs() >= STEP_MIN_US {
            let to = raw.wall_us;
            (to.saturating_sub(moved), to, true)
        } else if stepped.abs() >= STEP_MIN_US {
            // A wall clock that comes back to the time that was kept moves nothing.
            let to = raw.wall_us;
            (to.saturating_sub(stepped), to, self.anchor.is_none())
        } else {
            return;
        };
        let ms = |us: i64| UtcMs(us.div_euclid(1000));
        let step = ClockStep {
            from: ms(from),
            to: ms(to),
            mono: MonoMs((raw.mono_us / 1000).unsigned_abs()),
            followed,
        };
        // A clock that steps all the time is told by its first steps.
        if self.steps.len() < CLOCK_STEPS_KEPT_MAX {
            tracing::warn!(
                from = %step.from, to = %step.to, by_ms = step.by_ms(), followed,
                "the clock of the computer was set"
            );
            self.steps.push_back(step);
        }
    }
}

impl GivenTime {
    /// Time that was given out by a source.
    fn new(at_us: i64, mono_us: i64, source: TrustSource) -> Self {
        let slew_max_us = match source {
            TrustSource::Kernel => DRIFT_SLEW_MAX_US,
            // Readings by these are moved by a larger correction.
            TrustSource::BatteryClock | TrustSource::Host | TrustSource::Person => SLEW_MAX_US,
        };
        Self {
            at_us,
            mono_us,
            slew_max_us,
        }
    }
}

impl ClockAnchor {
    fn new(raw: RawClocks, source: TrustSource, bound_us: i64) -> Self {
        Self {
            offset_us: raw.offset_us(),
            mono_us: raw.mono_us,
            bound_us,
            source,
        }
    }

    /// Largest error at a monotonic time, µs.
    fn bound_us_at(&self, mono_us: i64) -> i64 {
        let since = mono_us.saturating_sub(self.mono_us).max(0);
        self.bound_us
            .saturating_add(since / 1_000_000 * CLOCK_DRIFT_PPM)
    }
}

impl RawClocks {
    fn offset_us(&self) -> i64 {
        self.wall_us.saturating_sub(self.mono_us)
    }
}

/// Returns the time to give out after `given` (time, monotonic time), µs: the right one, or a later
/// one that the right one catches up with.
fn slewed(right: i64, given: GivenTime, mono_us: i64) -> i64 {
    let passed = mono_us.saturating_sub(given.mono_us).max(0);
    let slow = given.at_us.saturating_add(passed / 2);
    if (1..=given.slew_max_us).contains(&slow.saturating_sub(right)) {
        slow
    } else {
        right
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000;
    const HOUR: i64 = 3600 * SECOND;
    /// 2026-11-30, µs.
    const NOON: i64 = 1_796_040_000 * SECOND;

    fn raw(wall_us: i64, mono_us: i64, kernel: Option<i64>) -> RawClocks {
        RawClocks {
            wall_us,
            mono_us,
            kernel_bound_us: kernel,
        }
    }

    /// A store whose newest data is of that time, ms.
    fn newest(at: i64) -> StoreTimes {
        StoreTimes {
            newest: Some(UtcMs(at)),
            certain: Some(UtcMs(at)),
            network: None,
        }
    }

    #[test]
    fn a_start_far_beyond_the_data_or_apart_from_the_battery_clock_is_not_believed() {
        let far = NOON + 3650 * 24 * HOUR;
        let mut clock = ClockReckoning::new(Some(StartWitness::VirtualHost));
        assert!(clock.look(raw(far, 0, None)).certainty.is_some());
        clock.judge_start(newest(NOON / 1000), raw(far, 0, None));
        assert_eq!(clock.look(raw(far, SECOND, None)).certainty, None);
        let doubt = StartDoubt::FarAhead(Some(UtcMs(NOON / 1000)));
        assert_eq!(clock.start_doubt(), Some(doubt));
        // The network knows better than a doubt.
        clock.look(raw(far, 2 * SECOND, Some(10)));
        assert_eq!(clock.start_doubt(), None);
        // A battery clock in local time.
        let lead_ms = 7 * HOUR / 1000;
        let mut local = ClockReckoning::new(Some(StartWitness::BatteryClock { lead_ms }));
        assert_eq!(local.look(raw(NOON, 0, None)).certainty, None);
        assert_eq!(
            local.start_doubt(),
            Some(StartDoubt::BatteryDiffers(lead_ms))
        );
    }

    #[test]
    fn the_gateways_own_battery_clock_confirms_the_time_of_the_start_or_takes_its_trust() {
        let start = || {
            let mut clock = ClockReckoning::new(Some(StartWitness::VirtualHost));
            clock.look(raw(NOON, 0, None));
            clock
        };
        let mut same = start();
        // Somebody has set the wall clock meanwhile: the time that was confirmed stays.
        let later = raw(NOON + HOUR, SECOND, None);
        same.compare_battery_clock(later, Ok(SECOND));
        let now = same.look(later);
        assert_eq!(now.at_us, NOON + SECOND);
        assert_eq!(now.certainty.unwrap().source, TrustSource::BatteryClock);
        let mut apart = start();
        apart.compare_battery_clock(raw(NOON, SECOND, None), Err(7_200_000));
        assert_eq!(apart.look(raw(NOON, SECOND, None)).certainty, None);
        let doubt = StartDoubt::BatteryDiffers(7_200_000);
        assert_eq!(apart.start_doubt(), Some(doubt));
    }

    #[test]
    fn the_drift_of_days_without_the_network_is_made_up_for_without_a_time_that_goes_back() {
        let mut clock = ClockReckoning::new(None);
        clock.look(raw(NOON, 0, Some(1000)));
        let lost = clock.look(raw(NOON + 240 * HOUR, 240 * HOUR, None)).at_us;
        let back = |mono: i64| raw(NOON + mono - 40 * SECOND, mono, Some(1000));
        let mut newest = lost;
        for second in 1..100 {
            let now = clock.look(back(240 * HOUR + second * SECOND)).at_us;
            assert!(now > newest);
            newest = now;
        }
        assert_eq!(newest, NOON + 240 * HOUR + 59 * SECOND);
    }

    #[test]
    fn synchronised_once_is_enough_for_the_boot_and_the_bound_grows() {
        let mut clock = ClockReckoning::new(None);
        assert_eq!(clock.look(raw(NOON, 0, None)).certainty, None);
        let told = clock.look(raw(NOON, 0, Some(5000))).certainty.unwrap();
        assert_eq!((told.source, told.bound_ms), (TrustSource::Kernel, 6));
        // Nine hours after the last answer of NTP the kernel says "unsynchronised".
        let later = clock.look(raw(NOON + 9 * HOUR, 9 * HOUR, None));
        assert_eq!(later.at_us, NOON + 9 * HOUR);
        // 100 ppm of nine hours.
        assert_eq!(later.certainty.unwrap().bound_ms, 3240 + 6);
    }

    #[test]
    fn a_step_that_nobody_vouches_for_moves_no_time_and_is_told_with_its_size() {
        let mut clock = ClockReckoning::new(Some(StartWitness::VirtualHost));
        clock.look(raw(NOON, 0, None));
        let ahead = clock.look(raw(NOON + 2 * HOUR + SECOND, SECOND, None));
        assert_eq!(ahead.at_us, NOON + SECOND);
        assert_eq!(ahead.certainty.unwrap().system_lead_ms, 7_200_000);
        let steps = clock.take_steps();
        assert_eq!(
            (steps.len(), steps[0].by_ms(), steps[0].followed),
            (1, 7_200_000, false)
        );
        // NTP vouches for it: it is followed, and nothing irreversible is done for an hour.
        let confirmed = clock.look(raw(NOON + 2 * HOUR + 2 * SECOND, 2 * SECOND, Some(1000)));
        assert_eq!(confirmed.at_us, NOON + 2 * HOUR + 2 * SECOND);
        let steps = clock.take_steps();
        assert_eq!(
            (steps.len(), steps[0].by_ms(), steps[0].followed),
            (1, 7_200_000, true)
        );
        assert!(!clock.is_settled(HOUR));
        assert!(clock.is_settled(HOUR + 2 * SECOND));
    }

    #[test]
    fn a_clock_before_the_newest_data_or_the_year_of_this_program_is_not_believed_at_the_start() {
        let mut old = ClockReckoning::new(Some(StartWitness::VirtualHost));
        assert_eq!(old.look(raw(0, 0, None)).certainty, None);
        // Nor when the kernel says that it is synchronised.
        assert_eq!(old.look(raw(SECOND, SECOND, Some(10))).certainty, None);
        // Nor later, when it has run past the bound.
        assert_eq!(old.look(raw(NOON, 2 * SECOND, None)).certainty, None);
        let mut behind = ClockReckoning::new(Some(StartWitness::VirtualHost));
        assert!(behind.look(raw(NOON, 0, None)).certainty.is_some());
        behind.judge_start(newest(NOON / 1000 + 1000), raw(NOON, 0, None));
        assert_eq!(behind.look(raw(NOON + HOUR, HOUR, None)).certainty, None);
        let doubt = StartDoubt::BeforeData(UtcMs(NOON / 1000 + 1000));
        assert_eq!(behind.start_doubt(), Some(doubt));
        // NTP knows better than the data.
        assert!(
            behind
                .look(raw(NOON, HOUR + 1, Some(10)))
                .certainty
                .is_some()
        );
    }

    #[test]
    fn a_restart_does_not_shorten_the_hour_after_a_person_has_set_the_time() {
        for (source, is_settled) in [(TrustSource::Person, false), (TrustSource::Host, true)] {
            let mut clock = ClockReckoning::new(None);
            let pair = ClockPair {
                mono: MonoMs(3_600_000),
                at: UtcMs(NOON / 1000),
                source,
                bound_ms: 5000,
            };
            clock.adopt(pair, HOUR + SECOND);
            assert_eq!(clock.is_settled(2 * HOUR), is_settled, "{source:?}");
            assert!(clock.is_settled(2 * HOUR + 2 * SECOND));
        }
    }

    #[test]
    fn a_person_sets_the_time_takes_a_mistake_back_and_ntp_corrects_both() {
        let mut clock = ClockReckoning::new(None);
        // The wall clock stays in 1970.
        let at = |mono| raw(mono, mono, None);
        assert_eq!(clock.look(at(HOUR)).certainty, None);
        let said = |us: i64| PersonTime {
            at: UtcMs(us / 1000),
            bound_ms: 5000,
        };
        let before = KnownReadings {
            floor: Some(UtcMs((NOON - HOUR) / 1000)),
            earlier: None,
        };
        let sure = (before, true);
        let set = clock.set_by_person(at(HOUR), said(NOON + 9 * HOUR), sure);
        assert_eq!(set.unwrap().from, UtcMs(HOUR / 1000));
        let now = clock.look(at(HOUR + SECOND));
        assert_eq!(now.at_us, NOON + 9 * HOUR + SECOND);
        let told = now.certainty.unwrap();
        assert_eq!((told.source, told.bound_ms), (TrustSource::Person, 5001));
        // Nothing irreversible for an hour, in case the person was wrong; and the person was.
        assert!(!clock.is_settled(2 * HOUR - 1) && clock.is_settled(2 * HOUR));
        let set = clock.set_by_person(at(2 * HOUR), said(NOON), sure);
        assert_eq!(set.unwrap().to, UtcMs(NOON / 1000));
        // But not before what was read before.
        assert_eq!(
            clock.set_by_person(at(2 * HOUR), said(NOON - 2 * HOUR), sure),
            Err(PersonTimeRefusal::BeforeReadings(UtcMs(
                (NOON - HOUR) / 1000
            )))
        );
        // The wall clock was wrong all the time: no step, until NTP sets it.
        assert_eq!(clock.take_steps(), []);
        let right = NOON + 7 * SECOND;
        let corrected = clock.look(raw(right, 2 * HOUR, Some(1000)));
        assert_eq!(corrected.at_us, right);
        let steps = clock.take_steps();
        assert_eq!((steps.len(), steps[0].by_ms()), (1, 7000));
        assert!(steps[0].followed);
        let refused =
            clock.set_by_person(raw(right, 2 * HOUR, Some(1000)), said(NOON + HOUR), sure);
        assert_eq!(refused, Err(PersonTimeRefusal::NetworkKnows(2)));
    }

    #[test]
    fn a_leap_second_is_made_up_for_without_a_time_that_goes_back() {
        let mut clock = ClockReckoning::new(None);
        let mut last = clock.look(raw(NOON, 0, Some(1000))).at_us;
        for tick in 1..400 {
            let mono = tick * 10_000;
            let now = clock.look(raw(NOON + mono - SECOND, mono, Some(1000)));
            assert!(now.at_us >= last);
            last = now.at_us;
        }
        assert_eq!(last, NOON + 3_990_000 - SECOND);
    }

    #[test]
    fn a_network_that_takes_minutes_back_brings_no_reading_before_the_ones_before() {
        let mut clock = ClockReckoning::new(None);
        clock.look(raw(NOON, 0, Some(1000)));
        for by in [61 * SECOND, 90 * SECOND, 40 * 60 * SECOND] {
            let mono = clock.given.unwrap().mono_us;
            let right = |mono: i64| raw(NOON + mono - by, mono, Some(1000));
            let mut last = clock.look(raw(NOON + mono, mono, Some(1000))).at_us;
            for tick in 1..=600 {
                let now = clock.look(right(mono + tick * 10 * SECOND));
                assert!(now.at_us > last, "{by}: {tick}");
                // The certainty counts what is still to be made up for.
                let lead = now.at_us - right(now.mono_us).wall_us;
                let bound = now.certainty.unwrap().bound_ms * 1000;
                assert!(lead.unsigned_abs() <= bound);
                last = now.at_us;
            }
            assert_eq!(last, NOON + mono + 6000 * SECOND - by);
            clock = ClockReckoning::new(None);
            clock.look(raw(NOON, 0, Some(1000)));
        }
    }

    #[test]
    fn a_program_that_starts_again_goes_on_from_its_newest_reading() {
        let mut clock = ClockReckoning::new(None);
        let at = |mono| raw(NOON + mono, mono, Some(1000));
        clock.look(at(0));
        // Before it was corrected, the time was 1.5 s ahead.
        clock.judge_start(newest((NOON + 1_500_000) / 1000), at(0));
        assert_eq!(clock.look(at(SECOND)).at_us, NOON + 2_001_000);
        assert_eq!(clock.look(at(10 * SECOND)).at_us, NOON + 10 * SECOND);
    }

    /// Event of a clock.
    #[derive(Clone, Copy, Debug)]
    enum RawEvent {
        Passes(i64),
        Steps(i64),
        Synchronises,
        LosesSynchronisation,
        LeapSecond,
    }

    fn any_raw_event() -> impl Strategy<Value = RawEvent> {
        prop_oneof![
            6 => (1..HOUR).prop_map(RawEvent::Passes),
            2 => prop_oneof![Just(-NOON), -400 * 24 * HOUR..400 * 24 * HOUR]
                .prop_map(RawEvent::Steps),
            2 => Just(RawEvent::Synchronises),
            1 => Just(RawEvent::LosesSynchronisation),
            1 => Just(RawEvent::LeapSecond),
        ]
    }

    proptest! {
        #[test]
        fn however_the_network_steps_within_an_hour_times_keep_the_order_of_the_monotonic_clock(
            steps in prop::collection::vec(
                (1..3 * HOUR, -HOUR / 2..HOUR / 2, any::<bool>()), 1..60),
        ) {
            let mut clock = ClockReckoning::new(None);
            let (mut mono, mut last) = (0, i64::MIN);
            for (passed, wrong, is_synchronised) in steps {
                mono += passed;
                let kernel = is_synchronised.then_some(1000);
                let now = clock.look(raw(NOON + mono + wrong, mono, kernel));
                if now.certainty.is_some() {
                    prop_assert!(now.at_us >= last, "{} after {}", now.at_us, last);
                    last = now.at_us;
                }
            }
        }

        #[test]
        fn a_time_that_is_vouched_for_is_the_true_one_within_its_bound_and_never_goes_back(
            events in prop::collection::vec(any_raw_event(), 1..60),
            wrong_by in -400 * 24 * HOUR..400 * 24 * HOUR,
        ) {
            let mut clock = ClockReckoning::new(None);
            // The true time is the monotonic one plus `truth`; a leap second takes one away.
            let (mut mono, mut truth, mut wrong, mut synchronised) = (0, NOON, wrong_by, false);
            let (mut last, mut leaps, mut in_all) = (None, 0, 0);
            for event in events {
                match event {
                    RawEvent::Passes(us) => mono += us,
                    // Somebody sets the clock: the kernel is no longer synchronised.
                    RawEvent::Steps(by) => (wrong, synchronised) = (by, false),
                    RawEvent::Synchronises => (wrong, synchronised) = (0, true),
                    RawEvent::LosesSynchronisation => synchronised = false,
                    RawEvent::LeapSecond if in_all == 4 => {}
                    RawEvent::LeapSecond => {
                        in_all += 1;
                        truth -= SECOND;
                        leaps += i64::from(!synchronised);
                        // A kernel that is not synchronised knows of no leap second.
                        wrong += if synchronised { 0 } else { SECOND };
                    }
                }
                let kernel = synchronised.then_some(1000);
                let now = clock.look(raw(mono + truth + wrong, mono, kernel));
                if synchronised {
                    leaps = 0;
                }
                let Some(certainty) = now.certainty else {
                    prop_assert_eq!(last, None, "trust was lost");
                    continue;
                };
                let error_ms = (now.at_us - (mono + truth)).abs() / 1000;
                let bound = i64::try_from(certainty.bound_ms).unwrap() + leaps * 1000;
                prop_assert!(error_ms <= bound, "{} > {}", error_ms, bound);
                prop_assert!(last.is_none_or(|last| now.at_us >= last));
                last = Some(now.at_us);
            }
        }
    }
}
