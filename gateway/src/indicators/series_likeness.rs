//! [`series_likeness`]: whether two daily series may be one quantity, as far as their readings can
//! tell.
//!
//! ```text
//! counter in steps of 1 kWh   8   8   9   4   8   ...
//! power, every 15 minutes     8.4 7.9 8.6 4.1 8.3 ...    one quantity: never further apart than
//!                                                        the step and the polls allow
//! ```
//!
//! A day of a counter is wrong by at most one step, that of a power by what happens between two
//! polls. Two series are taken for one when all of their difference can come from that, and when
//! they vary so much that this says something. Two plants under one sky differ by more from day to
//! day; counters that are too coarse to show it are told as well, since nothing speaks against one
//! quantity. The scale says nothing: two meters of one quantity read a few percent apart, and a
//! wrong ratio of a current transformer makes it a multiple.

use std::time::Duration;

/// Likeness of two series, from the weakest to the strongest sign of one quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SeriesLikeness {
    /// The same ratio on all days compared, as far as readings tell that are too coarse for more.
    Together,
    /// The same ratio on all days compared, or a ratio near 1 and nothing that speaks against it.
    SteadyRatio,
    /// The same values.
    Same,
}

/// Days from which two series can be compared.
const DAYS_MIN: usize = 5;
/// Days from which coarse series can be compared.
const COARSE_DAYS_MIN: usize = 10;
/// Share of a day's value by which two good meters of one quantity differ from day to day.
// Two plants under one sky differ by more than that.
const METER_SPREAD: f64 = 0.01;
/// Smallest variation of a series, as largest over smallest value, that says something.
const VARIATION_MIN: f64 = 1.1;
/// Largest share of the variation of both series that their difference may have.
// Unrelated series have all of it, with a correlation of 0.75 a quarter.
const DIFFERENCE_SHARE: f64 = 0.25;
/// Deviation of the ratio from 1 up to which two exact series are the same.
const SAME_RATIO: f64 = 0.001;
/// Deviation of the ratio from 1 up to which two series are taken for two meters of one quantity.
// Meters of class 1 or 2, each with its current transformers, differ by up to 5 %.
const METER_RATIO: f64 = 0.05;
/// Share by which two values may differ that are the same: rounding of sums.
const EQUAL_VALUES: f64 = 1e-9;
/// Uncertainty of a day's value up to which two series can be called the same.
const SAME_BOUND: f64 = 0.05;
/// Share of the step by which values of a counter may be off its multiples.
const STEP_TOLERANCE: f64 = 0.02;
/// Steps in the smallest value up to which the step of a counter matters.
const STEPS_MAX: u32 = 100;

/// Relative spread of the power between two polls on a day of broken clouds, twice.
const CLOUD_SPREAD: f64 = 0.5;
/// Multiple of the spread of good meters up to which a single day may differ.
// The others have to agree within the spread itself: leaving out what differs more does not make
// unrelated series alike.
const DAY_SPREADS: f64 = 3.0;

/// Part of a day in which a plant makes its energy, s.
const SUNNY_S: f64 = 12.0 * 3_600.0;

/// Share of a day's energy by which the polls of a power can be off: it falls with the root of
/// their number.
pub(crate) fn sampling_share(every_ms: u64) -> f64 {
    let every = Duration::from_millis(every_ms).as_secs_f64();
    CLOUD_SPREAD * (every / SUNNY_S).sqrt()
}

/// Difference by which a single day of two meters of one quantity may be off, of its larger value.
pub(crate) fn day_tolerance(
    days: &[(f64, f64)],
    ratio: f64,
    sampling: f64,
) -> impl Fn(f64) -> f64 + use<> {
    let first: Vec<f64> = days.iter().map(|(x, _)| *x).collect();
    let second: Vec<f64> = days.iter().map(|(_, y)| *y).collect();
    let steps = counter_step(&first) + ratio * counter_step(&second);
    move |value| DAY_SPREADS * (METER_SPREAD + sampling) * value + steps
}

/// Compares the days on which both series have a value, in one unit; `sampling` is the share of a
/// day's value that can be missed or counted too much between two polls. `None` where the series
/// differ, and where too few days or too little variation say nothing.
pub(crate) fn series_likeness(days: &[(f64, f64)], sampling: f64) -> Option<SeriesLikeness> {
    let days: Vec<(f64, f64)> = days
        .iter()
        .copied()
        .filter(|(x, y)| *x >= 0.0 && *y >= 0.0 && x + y > 0.0)
        .collect();
    let first: Vec<f64> = days.iter().map(|(x, _)| *x).collect();
    let second: Vec<f64> = days.iter().map(|(_, y)| *y).collect();
    let (all, other): (f64, f64) = (first.iter().sum(), second.iter().sum());
    if days.len() < DAYS_MIN || all <= 0.0 || other <= 0.0 {
        return None;
    }
    let ratio = all / other;
    let steps = counter_step(&first) + ratio * counter_step(&second);
    // Exact: a period has fewer days than that.
    let count = f64::from(u32::try_from(days.len()).unwrap_or(u32::MAX));
    let mean_square = |of: &dyn Fn(f64, f64) -> f64| {
        days.iter().map(|(x, y)| of(*x, *y).powi(2)).sum::<f64>() / count
    };
    let difference = mean_square(&|x, y| x - ratio * y);
    let bound = mean_square(&|x, _| (METER_SPREAD + sampling) * x + steps);
    let mean = all / count;
    let variation = mean_square(&|x, _| x - mean) + mean_square(&|_, y| ratio * y - mean);
    if difference > bound || difference > DIFFERENCE_SHARE * variation {
        return None;
    }
    let is_exact = difference.sqrt() <= METER_SPREAD * mean;
    let (low, high) = ends(&first);
    if high < low * VARIATION_MIN {
        // A steady rate has no variation to compare; the same digits every day are one series.
        return is_one_series(&days).then_some(SeriesLikeness::Same);
    }
    if days.len() < COARSE_DAYS_MIN && !is_exact {
        return None;
    }
    let is_decisive = is_exact || bound.sqrt() <= SAME_BOUND * mean;
    let tolerance = SAME_RATIO + steps / all + sampling / count.sqrt();
    // Of whichever is the smaller one: 0.95 and 1/0.95 are one pair of meters.
    let off = ratio.max(1.0 / ratio) - 1.0;
    Some(match (is_decisive, off) {
        (true, off) if off <= tolerance => SeriesLikeness::Same,
        (false, off) if off > METER_RATIO / (1.0 - METER_RATIO) + tolerance => {
            SeriesLikeness::Together
        }
        _ => SeriesLikeness::SteadyRatio,
    })
}

/// Whether both series have the same value on each day, to the rounding of a sum.
fn is_one_series(days: &[(f64, f64)]) -> bool {
    let mut all = days.iter();
    all.all(|(x, y)| (x - y).abs() <= EQUAL_VALUES * x.max(*y))
}

/// Step of a counter whose days these are: the largest number of which all are multiples; 0 where
/// there is none, or where it is too fine to matter.
fn counter_step(values: &[f64]) -> f64 {
    let above_zero = values.iter().copied().filter(|value| *value > 0.0);
    let smallest = above_zero.fold(f64::INFINITY, f64::min);
    let is_step = |step: &f64| {
        let off = |value: &f64| {
            let part = (value / step) % 1.0;
            part.min(1.0 - part)
        };
        values.iter().all(|value| off(value) <= STEP_TOLERANCE)
    };
    let steps = (1..=STEPS_MAX).map(|parts| smallest / f64::from(parts));
    steps.into_iter().find(is_step).unwrap_or(0.0)
}

/// Smallest and largest value.
fn ends(values: &[f64]) -> (f64, f64) {
    let each = values.iter().copied();
    each.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Days of a counter with this step, which starts anywhere in a step.
    fn counted(days: &[f64], step: f64, start: f64, rounds: bool) -> Vec<f64> {
        let show = |total: f64| {
            let steps = total / step;
            step * if rounds { steps.round() } else { steps.floor() }
        };
        let mut total = start * step;
        let mut of_day = |day: &f64| {
            let before = show(total);
            total += day;
            show(total) - before
        };
        days.iter().map(&mut of_day).collect()
    }

    /// Noise from -1 to 1 of a number, the same whenever it is asked for.
    fn noise(seed: u64, at: u64) -> f64 {
        let mixed =
            (seed ^ at.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let number = u32::try_from(mixed >> 40).unwrap();
        f64::from(number) / f64::from(1 << 23) - 1.0
    }

    /// Energy of one day by its power under passing clouds, every minute and at polls, kWh.
    fn sunny_day(clear: f64, weather: f64, seed: u64, poll_min: u32) -> (f64, f64) {
        let power = |minute: u32| {
            let sun = (std::f64::consts::PI * f64::from(minute) / 720.0).sin();
            // Clouds of some minutes, the more of them the darker the day.
            let cloud = 1.0 + (1.0 - weather) * 0.9 * noise(seed, u64::from(minute / 7));
            clear * weather * sun * cloud * std::f64::consts::PI / 24.0
        };
        let sum = |step: u32| {
            let at = (0..720 / step).map(|slot| power(slot * step + step / 2));
            at.sum::<f64>() * f64::from(step) / 60.0
        };
        (sum(1), sum(poll_min))
    }

    fn weather(days: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(0.2..1.0_f64, days)
    }

    proptest! {
        /// Twins: two counters of one energy, each with its own step, start and rounding.
        #[test]
        fn two_counters_of_one_quantity_are_always_told(
            weather in weather(12..100),
            clear in 12.0..200.0_f64,
            steps in (0..4_usize, 0..4_usize),
            starts in (0.0..1.0_f64, 0.0..1.0_f64),
            rounds in any::<(bool, bool)>(),
            scale in 0.95..1.05_f64,
        ) {
            const STEPS: [f64; 4] = [0.01, 0.1, 0.5, 1.0];
            let days: Vec<f64> = weather.iter().map(|share| share * clear).collect();
            let scaled: Vec<f64> = days.iter().map(|day| day * scale).collect();
            let one = counted(&days, STEPS[steps.0], starts.0, rounds.0);
            let other = counted(&scaled, STEPS[steps.1], starts.1, rounds.1);
            let both: Vec<(f64, f64)> = one.into_iter().zip(other).collect();
            let found = series_likeness(&both, 0.0);
            prop_assert!(found >= Some(SeriesLikeness::SteadyRatio), "{found:?} {both:?}");
        }

        /// Twins: the counter and the power of one plant.
        #[test]
        fn a_counter_and_the_power_of_one_plant_are_always_told(
            weather in weather(12..60),
            clear in 12.0..60.0_f64,
            poll in 0..4_usize,
            step in 0..3_usize,
            start in 0.0..1.0_f64,
            scale in 0.95..1.05_f64,
            seed in any::<u64>(),
        ) {
            let poll_min = [1, 5, 10, 15][poll];
            let made: Vec<(f64, f64)> = (0..)
                .zip(&weather)
                .map(|(day, share)| sunny_day(clear, *share, seed ^ (day << 20), poll_min))
                .collect();
            let energy: Vec<f64> = made.iter().map(|(true_kwh, _)| *true_kwh).collect();
            let shown = counted(&energy, [0.1, 0.5, 1.0][step], start, false);
            let by_power = made.iter().map(|(_, polled)| polled * scale);
            let both: Vec<(f64, f64)> = shown.into_iter().zip(by_power).collect();
            let sampling = sampling_share(u64::from(poll_min) * 60_000);
            let found = series_likeness(&both, sampling);
            prop_assert!(found >= Some(SeriesLikeness::SteadyRatio), "{found:?} {both:?}");
        }

        /// Two plants under one sky whose days differ by a few percent, with fine counters.
        #[test]
        fn two_plants_under_one_sky_are_not_told(
            weather in weather(12..100),
            ratio in 0.5..2.0_f64,
            seed in any::<u64>(),
        ) {
            let both: Vec<(f64, f64)> = (0..)
                .zip(&weather)
                .map(|(day, share)| {
                    let off = |plant: u64| 1.0 + 0.05 * noise(seed ^ plant, day);
                    let day_of = |plant: u64| 10.0 * share * off(plant);
                    (day_of(1), ratio * day_of(2 << 30))
                })
                .collect();
            prop_assert_eq!(series_likeness(&both, 0.0), None);
        }
    }

    #[test]
    fn equal_series_are_the_same_and_a_steady_ratio_is_told_at_any_scale() {
        let days: Vec<f64> = (0..30_i32).map(|day| 5.0 + f64::from(day % 7)).collect();
        let with = |ratio: f64| -> Vec<(f64, f64)> {
            days.iter().map(|day| (*day, day * ratio)).collect()
        };
        for (ratio, wanted) in [
            (1.0, SeriesLikeness::Same),
            (0.5, SeriesLikeness::SteadyRatio),
            (1.03, SeriesLikeness::SteadyRatio),
            (0.97, SeriesLikeness::SteadyRatio),
        ] {
            assert_eq!(series_likeness(&with(ratio), 0.0), Some(wanted), "{ratio}");
        }
        // A week is enough for what is exact, and four days for nothing.
        assert!(series_likeness(&with(1.0)[..7], 0.0).is_some());
        assert_eq!(series_likeness(&with(1.0)[..4], 0.0), None);
    }

    #[test]
    fn series_of_a_steady_rate_are_one_only_where_they_have_the_same_values() {
        for (days, wanted) in [
            (vec![(8.0, 8.0); 30], Some(SeriesLikeness::Same)),
            (vec![(8.0, 8.1); 30], None),
            (vec![(8.0, 16.0); 30], None),
            (vec![(8.0, 8.0); DAYS_MIN - 1], None),
            (vec![(0.0, 0.0); 30], None),
        ] {
            assert_eq!(series_likeness(&days, 0.0), wanted, "{:?}", days[0]);
        }
    }

    #[test]
    fn the_step_of_a_counter_shows_in_its_days() {
        for (days, step) in [
            (&[8.0, 9.0, 5.0, 0.0, 11.0, 6.0][..], 1.0),
            (&[8.4, 9.1, 5.5, 11.3], 0.1),
            // Counted in kilowatt-hours behind a transformer of 30, and corrected by 2 %.
            (&[30.6, 61.2, 91.8, 30.6], 30.6),
            (&[8.437_1, 9.126_3, 5.511_7, 11.300_9], 0.0),
        ] {
            let found = counter_step(days);
            assert!((found - step).abs() < 1e-6, "{days:?}: {found}");
        }
    }
}
