//! [`PersonTime`]: the time that a person says it is, and when it is not taken. Pure.

use super::boot_table::ClockPair;
use super::trust_source::TrustSource;
use crate::domain::UtcMs;
use crate::limits::EARLIEST_TIME_MS;

/// Time that a person says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonTime {
    /// Present time.
    pub at: UtcMs,
    /// Largest error, ms.
    pub bound_ms: u64,
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
    /// The network (NTP) says another time, with this largest error, ms.
    NetworkKnows(u64),
    /// It is no other time than the one that is known, with this smaller error, ms.
    KnownBetter(u64),
}

impl PersonTime {
    /// Returns the time to give out from now on. `known` is the time that a source vouches for, and
    /// `newest` that of the newest reading with a known time.
    pub(super) fn check(
        self,
        known: Option<ClockPair>,
        newest: Option<UtcMs>,
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
        match newest {
            // Within its error it may be a little too early: time goes on from the newest reading.
            Some(newest) if self.latest() < newest.0 => {
                Err(PersonTimeRefusal::BeforeReadings(newest))
            }
            Some(newest) => Ok(self.at.max(newest)),
            None => Ok(self.at),
        }
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
        let of = |source, bound| said(NOON + HOUR).check(Some(known(source, bound)), None);
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
        let better = near.check(Some(known(TrustSource::Host, 2000)), None);
        assert_eq!(better, Err(PersonTimeRefusal::KnownBetter(2000)));
        // NTP was silent for weeks.
        let worse = near.check(Some(known(TrustSource::Kernel, 60_000)), None);
        assert_eq!(worse, Ok(UtcMs(NOON + 4000)));
    }

    #[test]
    fn no_time_is_set_before_2026_or_the_newest_reading() {
        assert_eq!(
            said(EARLIEST_TIME_MS - 1).check(None, None),
            Err(PersonTimeRefusal::TooEarly)
        );
        let newest = Some(UtcMs(NOON + HOUR));
        assert_eq!(
            said(NOON).check(None, newest),
            Err(PersonTimeRefusal::BeforeReadings(UtcMs(NOON + HOUR)))
        );
        // Five seconds are the error of the time: it goes on from the newest reading.
        let behind = said(NOON + HOUR - 4000).check(None, newest);
        assert_eq!(behind, Ok(UtcMs(NOON + HOUR)));
    }
}
