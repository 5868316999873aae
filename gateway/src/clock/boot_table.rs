//! [`BootTable`]: moments of one boot at which the true time was known. Pure.

use super::trust_source::{TrustSource, offset_ms};
use crate::domain::{MonoMs, UtcMs};
use crate::limits::CLOCK_DRIFT_PPM;

/// Moment of a boot at which a source vouched for the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockPair {
    /// Monotonic time.
    pub mono: MonoMs,
    /// Time at that moment.
    pub at: UtcMs,
    /// Source that vouched for it.
    pub source: TrustSource,
    /// Largest error, ms.
    pub bound_ms: u64,
}

/// Moments of one boot, before or after those that are to be dated.
#[derive(Clone, Debug, Default)]
pub struct BootTable(Vec<ClockPair>);

impl ClockPair {
    /// Largest error in milliseconds of a time that is reckoned from this moment.
    fn bound_ms_at(&self, mono: MonoMs) -> u64 {
        let drift = self.mono.0.abs_diff(mono.0) / 1_000_000;
        let drift = drift.saturating_mul(CLOCK_DRIFT_PPM.unsigned_abs());
        self.bound_ms.saturating_add(drift)
    }

    /// True when this moment shows that the time of an earlier one of the same boot was wrong: by
    /// more than both errors. What the network told stays for its own time.
    pub fn contradicts(&self, earlier: &Self) -> bool {
        let apart = self.offset_ms().abs_diff(earlier.offset_ms());
        let reach = earlier.bound_ms_at(self.mono).saturating_add(self.bound_ms);
        earlier.source != TrustSource::Kernel && apart > reach
    }

    /// Offset from the monotonic to the true time, ms.
    fn offset_ms(&self) -> i64 {
        offset_ms(self.at, self.mono)
    }
}

impl BootTable {
    /// Makes a table of the moments of one boot.
    pub fn new(pairs: Vec<ClockPair>) -> Self {
        Self(pairs)
    }

    /// Returns the offset in milliseconds from the monotonic to the true time, as well as it is
    /// known for this moment; `None` when nobody ever vouched for the time of the boot.
    pub fn offset_ms_at(&self, mono: MonoMs) -> Option<i64> {
        // Of two moments that are as good, the later: a source that was wrong was corrected.
        let best = self
            .0
            .iter()
            .rev()
            .min_by_key(|pair| pair.bound_ms_at(mono));
        best.map(ClockPair::offset_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    fn pair(mono: u64, offset: i64, bound_ms: u64) -> ClockPair {
        ClockPair {
            mono: MonoMs(mono),
            at: UtcMs(i64::try_from(mono).unwrap() + offset),
            source: TrustSource::Kernel,
            bound_ms,
        }
    }

    #[test]
    fn a_boot_with_trust_only_at_its_end_dates_its_first_moment() {
        let table = BootTable::new(vec![pair(9 * HOUR, 1_795_194_000_000, 5)]);
        assert_eq!(table.offset_ms_at(MonoMs(0)), Some(1_795_194_000_000));
        assert_eq!(BootTable::default().offset_ms_at(MonoMs(0)), None);
    }

    #[test]
    fn a_moment_shows_that_an_earlier_one_was_wrong_and_never_what_the_network_told() {
        let person = |offset| ClockPair {
            source: TrustSource::Person,
            ..pair(HOUR, offset, 1500)
        };
        let start = ClockPair {
            source: TrustSource::Host,
            ..pair(0, 0, 2000)
        };
        assert!(person(60_000).contradicts(&start));
        assert!(person(-60_000).contradicts(&start));
        assert!(!person(3500).contradicts(&start));
        assert!(!person(60_000).contradicts(&pair(0, 0, 5)));
    }

    #[test]
    fn the_moment_with_the_least_error_counts_and_of_equal_ones_the_later() {
        let host = pair(0, 100, 2000);
        let (first, second) = (pair(9 * HOUR, 200, 5), pair(9 * HOUR, 300, 5));
        let table = BootTable::new(vec![host, first, second]);
        // The drift of nine hours is 3.2 s: at the start the host knows better.
        assert_eq!(table.offset_ms_at(MonoMs(0)), Some(100));
        assert_eq!(table.offset_ms_at(MonoMs(8 * HOUR)), Some(300));
    }
}
