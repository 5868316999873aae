//! [`PersonTime`]: the time that a person says it is, and when it is not taken. Pure.

use super::boot_table::ClockPair;
use super::trust_source::TrustSource;
use crate::domain::UtcMs;
use crate::limits::{
    EARLIEST_TIME_MS, PERSON_FIRST_LEAP_MAX_MS, PERSON_LEAP_MAX_MS, PERSON_TIME_REACH_MS,
};

/// Time that a person says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonTime {
    /// Present time.
    pub at: UtcMs,
    /// Largest error, ms.
    pub bound_ms: u64,
}

/// Times of readings that the time of a person has to fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownReadings {
    /// Present by the newest reading that more than a person's word dates: it cannot be earlier.
    pub floor: Option<UtcMs>,
    /// Newest reading of an earlier start of the computer, also if only a person dates it.
    pub earlier: Option<UtcMs>,
}

/// Change of the time by a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonTimeChange {
    /// Time that was given out before ...
    pub from: UtcMs,
    /// ... and at the same moment from now on.
    pub to: UtcMs,
}

/// Reason why the time of a person is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonTimeRefusal {
    /// It is before the year of this program.
    TooEarly,
    /// It is before the newest reading with a known time, which this is.
    BeforeReadings(UtcMs),
    /// It is beyond any time that can be, which this is.
    TooLate(UtcMs),
    /// It is far beyond the time that is known, which this is; a second word is needed.
    Far(UtcMs),
    /// It takes the date from readings of an earlier start of the computer, up to this one; a
    /// second word is needed.
    TakesBack(UtcMs),
    /// The network (NTP) says another time, with this largest error, ms.
    NetworkKnows(u64),
    /// It is no other time than the one that is known, with this smaller error, ms.
    KnownBetter(u64),
}

impl PersonTime {
    /// Returns the time to give out from now on. `known` is the time that a source vouches for;
    /// `is_sure` is the second word.
    pub(super) fn check(
        self,
        known: Option<ClockPair>,
        readings: KnownReadings,
        is_sure: bool,
    ) -> Result<UtcMs, PersonTimeRefusal> {
        if self.at.0 < EARLIEST_TIME_MS {
            return Err(PersonTimeRefusal::TooEarly);
        }
        if let Some(known) = known {
            let reach = known.bound_ms.saturating_add(self.bound_ms);
            let is_apart = known.at.0.abs_diff(self.at.0) > reach;
            if is_apart && known.source == TrustSource::Kernel {
                return Err(PersonTimeRefusal::NetworkKnows(known.bound_ms));
            }
            if !is_apart && known.bound_ms <= self.bound_ms {
                return Err(PersonTimeRefusal::KnownBetter(known.bound_ms));
            }
        }
        let believed = [
            readings.floor,
            readings.earlier,
            known.map(|known| known.at),
        ];
        let believed = believed.into_iter().flatten().max();
        self.check_reach(readings.floor, believed, is_sure)?;
        match (readings.floor, readings.earlier) {
            // Within its error it may be a little too early: time goes on from the newest reading.
            (Some(floor), _) if self.latest() < floor.0 => {
                Err(PersonTimeRefusal::BeforeReadings(floor))
            }
            (_, Some(earlier)) if self.latest() < earlier.0 && !is_sure => {
                Err(PersonTimeRefusal::TakesBack(earlier))
            }
            (floor, earlier) => {
                let newest = earlier
                    .filter(|earlier| self.latest() >= earlier.0)
                    .max(floor);
                Ok(newest.map_or(self.at, |newest| self.at.max(newest)))
            }
        }
    }

    /// Refuses what is too far ahead: for ever, or without a second word.
    fn check_reach(
        self,
        floor: Option<UtcMs>,
        believed: Option<UtcMs>,
        is_sure: bool,
    ) -> Result<(), PersonTimeRefusal> {
        let from = floor.map_or(EARLIEST_TIME_MS, |floor| floor.0.max(EARLIEST_TIME_MS));
        let last = from.saturating_add(PERSON_TIME_REACH_MS);
        if self.at.0 > last {
            return Err(PersonTimeRefusal::TooLate(UtcMs(last)));
        }
        let unlikely = match believed {
            Some(believed) => believed.0.saturating_add(PERSON_LEAP_MAX_MS),
            None => EARLIEST_TIME_MS + PERSON_FIRST_LEAP_MAX_MS,
        };
        if self.at.0 > unlikely && !is_sure {
            let known = believed.unwrap_or(UtcMs(EARLIEST_TIME_MS));
            return Err(PersonTimeRefusal::Far(known));
        }
        Ok(())
    }

    /// Latest time that it may be, ms since 1970.
    fn latest(self) -> i64 {
        let bound = i64::try_from(self.bound_ms).unwrap_or(i64::MAX);
        self.at.0.saturating_add(bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MonoMs;

    /// 2026-11-30.
    const NOON: i64 = 1_796_040_000_000;
    const HOUR: i64 = 3_600_000;

    const NOTHING: KnownReadings = KnownReadings {
        floor: None,
        earlier: None,
    };

    fn said(at: i64) -> PersonTime {
        PersonTime {
            at: UtcMs(at),
            bound_ms: 5000,
        }
    }

    fn known(source: TrustSource, bound_ms: u64) -> ClockPair {
        ClockPair {
            mono: MonoMs(0),
            at: UtcMs(NOON),
            source,
            bound_ms,
        }
    }

    #[test]
    fn a_person_does_not_overrule_the_network_and_overrules_the_time_of_the_start() {
        let of =
            |source, bound| said(NOON + HOUR).check(Some(known(source, bound)), NOTHING, false);
        for bound in [6, 3000] {
            let refused = Err(PersonTimeRefusal::NetworkKnows(bound));
            assert_eq!(of(TrustSource::Kernel, bound), refused);
        }
        for source in [
            TrustSource::Host,
            TrustSource::BatteryClock,
            TrustSource::Person,
        ] {
            assert_eq!(of(source, 2000), Ok(UtcMs(NOON + HOUR)));
        }
    }

    #[test]
    fn a_time_that_is_known_better_stays_and_one_that_is_known_worse_is_made_exact() {
        let near = said(NOON + 4000);
        let better = near.check(Some(known(TrustSource::Host, 2000)), NOTHING, false);
        assert_eq!(better, Err(PersonTimeRefusal::KnownBetter(2000)));
        // NTP was silent for weeks.
        let worse = near.check(Some(known(TrustSource::Kernel, 60_000)), NOTHING, false);
        assert_eq!(worse, Ok(UtcMs(NOON + 4000)));
    }

    #[test]
    fn no_time_is_set_before_2026_or_the_newest_reading() {
        assert_eq!(
            said(EARLIEST_TIME_MS - 1).check(None, NOTHING, true),
            Err(PersonTimeRefusal::TooEarly)
        );
        let newest = KnownReadings {
            floor: Some(UtcMs(NOON + HOUR)),
            earlier: Some(UtcMs(NOON + HOUR)),
        };
        assert_eq!(
            said(NOON).check(None, newest, true),
            Err(PersonTimeRefusal::BeforeReadings(UtcMs(NOON + HOUR)))
        );
        // Five seconds are the error of the time: it goes on from the newest reading.
        let behind = said(NOON + HOUR - 4000).check(None, newest, false);
        assert_eq!(behind, Ok(UtcMs(NOON + HOUR)));
    }

    #[test]
    fn a_time_far_ahead_needs_a_second_word_and_one_beyond_ten_years_is_never_taken() {
        const DAY: i64 = 24 * HOUR;
        let read = KnownReadings {
            floor: Some(UtcMs(NOON)),
            earlier: Some(UtcMs(NOON)),
        };
        let of = |days, is_sure| said(NOON + days * DAY).check(None, read, is_sure);
        assert_eq!(of(30, false), Ok(UtcMs(NOON + 30 * DAY)));
        assert_eq!(of(32, false), Err(PersonTimeRefusal::Far(UtcMs(NOON))));
        assert_eq!(of(32, true), Ok(UtcMs(NOON + 32 * DAY)));
        let last = UtcMs(NOON + PERSON_TIME_REACH_MS);
        assert_eq!(of(26_000, true), Err(PersonTimeRefusal::TooLate(last)));
        // A source that vouches is believed like a reading.
        let host = Some(known(TrustSource::Host, 2000));
        let ahead = said(NOON + 32 * DAY).check(host, NOTHING, false);
        assert_eq!(ahead, Err(PersonTimeRefusal::Far(UtcMs(NOON))));
        // Where nothing is known, the year of the program has to do.
        assert_eq!(said(NOON).check(None, NOTHING, false), Ok(UtcMs(NOON)));
        let first = said(NOON + 500 * DAY).check(None, NOTHING, false);
        assert_eq!(first, Err(PersonTimeRefusal::Far(UtcMs(EARLIEST_TIME_MS))));
    }

    #[test]
    fn what_a_person_said_at_an_earlier_start_is_taken_back_with_a_second_word() {
        let read = KnownReadings {
            floor: Some(UtcMs(NOON - HOUR)),
            earlier: Some(UtcMs(NOON + 400 * HOUR)),
        };
        let once = said(NOON).check(None, read, false);
        assert_eq!(
            once,
            Err(PersonTimeRefusal::TakesBack(UtcMs(NOON + 400 * HOUR)))
        );
        assert_eq!(said(NOON).check(None, read, true), Ok(UtcMs(NOON)));
        let never = said(NOON - 2 * HOUR).check(None, read, true);
        assert_eq!(
            never,
            Err(PersonTimeRefusal::BeforeReadings(UtcMs(NOON - HOUR)))
        );
    }
}
