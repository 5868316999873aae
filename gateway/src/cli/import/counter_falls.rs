//! [`CounterFalls`]: how often the values for a counter fall. A column that falls often, such as
//! one of daily totals, is no counter reading.

use crate::domain::UtcMs;

/// Share of the value before, below which a lower value is a fall and no rounding.
const FALL_SHARE: f64 = 0.99;
/// Falls that are tolerated in any case: a meter is replaced or starts again.
const FALLS_TOLERATED: u64 = 3;
/// Days needed for each further fall.
const DAYS_PER_FALL: u64 = 10;
/// Steps needed for each fall of a short file.
const STEPS_PER_FALL: u64 = 4;
const DAY_MS: u64 = 86_400_000;

/// Fall of a value: its time, the value before and the value.
pub(super) type CounterFall = (UtcMs, f64, f64);

/// Count of the falls in a file, in either order of time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CounterFalls {
    wraps_at: Option<f64>,
    before: Option<(UtcMs, f64)>,
    steps: u64,
    /// Number of falls.
    pub(super) count: u64,
    /// First fall in the file.
    pub(super) first: Option<CounterFall>,
    span: Option<(UtcMs, UtcMs)>,
}

impl CounterFalls {
    /// Count for a counter that restarts at 0 at this value, in its unit.
    pub(super) fn new(wraps_at: Option<f64>) -> Self {
        Self {
            wraps_at,
            ..Self::default()
        }
    }

    /// Adds the next row of the file.
    pub(super) fn push(&mut self, at: UtcMs, value: f64) {
        // Some inverters give 0 at night and go on from where they were.
        if value == 0.0 {
            return;
        }
        let span = self.span.unwrap_or((at, at));
        self.span = Some((span.0.min(at), span.1.max(at)));
        let Some(before) = self.before.replace((at, value)) else {
            return;
        };
        self.steps += 1;
        // Many files have the newest row first.
        let (earlier, later) = if before.0 <= at {
            (before, (at, value))
        } else {
            ((at, value), before)
        };
        let has_wrapped = |wraps_at: f64| earlier.1 > wraps_at / 2.0 && later.1 < wraps_at / 2.0;
        if later.1 < earlier.1 * FALL_SHARE && !self.wraps_at.is_some_and(has_wrapped) {
            self.count += 1;
            self.first.get_or_insert((later.0, earlier.1, later.1));
        }
    }

    /// Whether the values fall more often than a counter does.
    pub(super) fn are_many(&self) -> bool {
        let (first, last) = self.span.map_or((0, 0), |(first, last)| (first.0, last.0));
        let days = last.abs_diff(first) / DAY_MS;
        let over_days = self.count > FALLS_TOLERATED && self.count * DAYS_PER_FALL > days;
        let over_steps = self.count >= 2 && self.count * STEPS_PER_FALL >= self.steps;
        over_days || over_steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn falls(every_h: i64, values: impl IntoIterator<Item = f64>) -> CounterFalls {
        let mut found = CounterFalls::new(Some(1000.0));
        for (at, value) in (0..).zip(values) {
            found.push(UtcMs(at * every_h * HOUR_MS), value);
        }
        found
    }

    #[test]
    fn daily_totals_and_a_counter_of_the_day_are_no_counter() {
        let totals = [12.0, 13.1, 9.4, 11.0, 8.2, 14.0];
        assert!(falls(24, totals).are_many());
        let of_the_day = (0..240).map(|hour| f64::from(hour % 24) + 0.5);
        assert!(falls(1, of_the_day).are_many());
    }

    #[test]
    fn a_counter_that_rounds_wraps_sleeps_or_was_replaced_is_one() {
        let rounding = [40.0, 40.3, 40.2, 40.9, 40.8, 41.0];
        let at_night = [50.0, 51.0, 0.0, 0.0, 51.0, 52.0, 0.0, 52.0];
        let wrapping = [990.0, 5.0, 999.0, 1.0, 998.0, 3.0];
        for values in [&rounding[..], &at_night, &wrapping] {
            assert_eq!(falls(24, values.iter().copied()).count, 0, "{values:?}");
        }
        let replaced = (0..200).map(|hour| f64::from(if hour < 100 { hour + 500 } else { hour }));
        assert!(!falls(1, replaced).are_many());
    }

    #[test]
    fn the_newest_row_may_stand_first() {
        let mut found = CounterFalls::new(None);
        for at in (0..50i32).rev() {
            found.push(UtcMs(i64::from(at) * HOUR_MS), 100.0 + f64::from(at));
        }
        assert_eq!(found.count, 0);
    }
}
