//! [`are_noisy_twins`]: whether two daily series are one quantity by two meters, each with noise of
//! its own.
//!
//! ```text
//! one meter   8.1  3.9  7.7  5.2   ...
//! the other   8.2  3.8  7.8  5.1   ...      the same changes from day to day, and the same total
//! ```
//!
//! Noise of 1 to 2 % a day hides that two series are one by their ratio, but not by their changes:
//! those of twins are the weather, or the demand, and what is left is small. Two pumps that run for
//! about as long each day have changes of their own. Two plants under one sky have those of the
//! weather too; they differ from each other by more each day, and rarely have one total.

use crate::formulas::count_as_f64;

/// Days from which noise can be told from a difference.
const DAYS_MIN: usize = 28;
/// Deviation of the totals from each other, of two meters of class 1.
const TOTALS_MAX: f64 = 0.02;
/// Spread of the ratio of a day from that of the totals, of two plants whose days differ by up to
/// 5 % each, evenly: 5 % times the root of 2/3.
const PLANTS_SPREAD: f64 = 0.0408;
/// Share by which the spread of twins is less, times the root of the number of days: four times
/// what the spread of such plants varies by from sample to sample (0.59 of it). About 1 of 10 000
/// pairs of plants look like twins in a month, and fewer in a year; of noise of 2 % in each meter
/// (a spread of 1.6 %), fewer than 1 of 1000 are missed.
const FEW_DAYS: f64 = 2.37;
/// Least correlation of the changes from one day to the next.
const CHANGES_CORRELATION_MIN: f64 = 0.95;

/// Returns true for twins; false also where there are too few days, or nothing changes.
pub(crate) fn are_noisy_twins(days: &[(f64, f64)]) -> bool {
    let is_counted = |(x, y): &&(f64, f64)| *x > 0.0 && *y > 0.0;
    let days: Vec<(f64, f64)> = days.iter().filter(is_counted).copied().collect();
    if days.len() < DAYS_MIN {
        return false;
    }
    let count = count_as_f64(days.len());
    let (all, other) = days
        .iter()
        .fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    let ratio = all / other;
    let off = ratio.max(1.0 / ratio) - 1.0;
    let squares = days.iter().map(|(x, y)| (x / (ratio * y) - 1.0).powi(2));
    let spread = (squares.sum::<f64>() / count).sqrt();
    off <= TOTALS_MAX
        && spread <= PLANTS_SPREAD * (1.0 - FEW_DAYS / count.sqrt())
        && changes_correlation(&days) >= CHANGES_CORRELATION_MIN
}

/// Correlation of the changes from one day to the next; 0 where one of both does not change.
fn changes_correlation(days: &[(f64, f64)]) -> f64 {
    let changes = days.windows(2).map(|pair| match pair {
        [(x, y), (next_x, next_y)] => (next_x - x, next_y - y),
        _ => (0.0, 0.0),
    });
    // The mean of changes is what the first and the last day differ by, which is nothing here.
    let sums = changes.fold([0.0; 3], |[xy, xx, yy], (dx, dy)| {
        [xy + dx * dy, xx + dx * dx, yy + dy * dy]
    });
    let [xy, xx, yy] = sums;
    let scale = (xx * yy).sqrt();
    if scale > 0.0 { xy / scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from -1 to 1 that look random, the same in every run.
    fn noise(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            f64::from(u32::try_from(state >> 40).unwrap()) / f64::from(1 << 23) - 1.0
        }
    }

    /// Days of a quantity that varies by `weather` around its mean, by two meters or of two things
    /// with noise of their own.
    fn pairs(count: usize, weather: f64, own: f64, scale: f64, seed: u64) -> Vec<(f64, f64)> {
        let mut random = noise(seed);
        let day = |_| {
            let day = 10.0 * (1.0 + weather * random());
            (
                day * (1.0 + own * random()),
                scale * day * (1.0 + own * random()),
            )
        };
        (0..count).map(day).collect()
    }

    /// Number of 2000 sites that are told.
    fn told(count: usize, weather: f64, own: f64, scale: f64) -> usize {
        let sites = (1..=2000_u64)
            .filter(|seed| are_noisy_twins(&pairs(count, weather, own, scale, *seed)));
        sites.count()
    }

    #[test]
    fn two_meters_of_one_thing_with_noise_of_1_to_2_percent_are_told() {
        for count in [30, 61, 92, 365] {
            for own in [0.01, 0.015, 0.02] {
                for scale in [1.0, 0.995, 1.01] {
                    let all = told(count, 0.6, own, scale);
                    assert!(all >= 1995, "{all} of {count} days, {own}, {scale}");
                }
            }
            // Of a demand that varies less than the weather does.
            assert!(told(count, 0.3, 0.02, 1.0) >= 1960);
        }
    }

    #[test]
    fn two_plants_under_one_sky_and_two_pumps_with_their_own_days_are_not_told() {
        for count in [30, 61, 92, 365] {
            // Two strings whose days differ by 5 % each, of one size and of two.
            for scale in [1.0, 1.03, 0.9, 2.0] {
                let all = told(count, 0.6, 0.05, scale);
                assert_eq!(all, 0, "{count} days, {scale}");
            }
            // Two pumps that run for about 6 hours each day.
            for own in [0.01, 0.02, 0.05] {
                let all = told(count, 0.0, own, 1.0);
                assert_eq!(all, 0, "{count} days, {own}");
            }
            // One day is not like the next one, and the two know nothing of each other.
            assert_eq!(told(count, 0.0, 0.4, 1.0), 0);
        }
        // A steady rate says nothing.
        assert!(!are_noisy_twins(&[(8.0, 8.0); 60]));
        assert!(!are_noisy_twins(&pairs(27, 0.6, 0.01, 1.0, 1)));
    }
}
