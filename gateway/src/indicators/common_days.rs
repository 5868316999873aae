//! [`common_days`]: the days that two series have in common; and [`days_likeness`], whether they
//! are one quantity by these days although one of the two had an outage.
//!
//! ```text
//! day of June      9    10    11    12    13
//! meter one       18.5  16.2  20.1  17.7  19.0
//! meter two       18.5   8.1  28.2  17.7  19.0    stood still from noon to noon
//! compared         x                 x     x
//! ```
//!
//! A meter that fails for some hours counts afterwards what it has missed, on another day than the
//! other one. Such days say nothing against one quantity, so they are left out; days that differ
//! for no such reason speak against it, unless they are a single stretch.

use crate::domain::indicator::{CompletenessShares, DailyValues};
use crate::formulas::count_as_f64;
use crate::indicators::noisy_twins::are_noisy_twins;
use crate::indicators::series_likeness::{SeriesLikeness, day_tolerance, series_likeness};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Part of the usual measured share of a day from which nothing of it was counted on another day.
// Of the usual: what every day lacks is no outage.
const WHOLE_SHARE: f64 = 0.99;
/// Days within which a meter counts what it has missed, or has lost it.
const CATCH_UP_DAYS: usize = 4;
/// Days that must be left when days were left out because they differ.
const SETTLED_DAYS_MIN: usize = 10;
/// Days that must be left for each one that was left out.
// Days of two plants that differ by chance may cancel out as those of an outage do. Of plants whose
// days differ by up to 7 %, fewer than 1 of 10 000 months have twice as many days that agree.
const SETTLED_FOR_EACH: usize = 2;

/// Days from which a correlation says something, its least value, and the least variation of both
/// series as a share of their means.
const CORRELATED_DAYS_MIN: usize = 14;
const CORRELATION_MIN: f64 = 0.99;
const VARIATION_MIN: f64 = 0.05;

/// Day on which both series have a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommonDay {
    pub(crate) date: Date,
    values: (f64, f64),
    /// Neither series has a gap on it or on a day beside it.
    is_whole: bool,
}

/// The days on which both series have a value.
pub(crate) fn common_days(one: &DailyValues, other: &DailyValues) -> Vec<CommonDay> {
    let [one, other] = [one, other].map(known_days);
    let common = |(date, (x, is_whole)): (&Date, &(f64, bool))| {
        let (y, is_other_whole) = other.get(date)?;
        Some(CommonDay {
            date: *date,
            values: (*x, *y),
            is_whole: *is_whole && *is_other_whole,
        })
    };
    one.iter().filter_map(common).collect()
}

/// Days with a value, each with whether it and the days beside it were measured as a whole. The day
/// before too: a counter that stands still is noticed when it jumps.
fn known_days(series: &DailyValues) -> BTreeMap<Date, (f64, bool)> {
    let with_value = series.days.iter().filter(|(_, value, _)| value.is_some());
    let usual = median(with_value.filter_map(|(_, _, share)| share.all));
    let whole = usual.unwrap_or_default() * WHOLE_SHARE;
    let is_measured = |(_, value, share): &(Date, Option<f64>, CompletenessShares)| {
        value.is_some() && share.all.is_none_or(|all| all >= whole)
    };
    let is_measured: Vec<bool> = series.days.iter().map(is_measured).collect();
    let known = |(at, (date, value, _)): (usize, &(Date, Option<f64>, CompletenessShares))| {
        let beside = at.saturating_sub(1)..is_measured.len().min(at + 2);
        Some((*date, ((*value)?, is_measured[beside].iter().all(|is| *is))))
    };
    series.days.iter().enumerate().filter_map(known).collect()
}

/// Likeness of two series, the strongest that their days give: all of them, those without an
/// outage, and each of both without what differs because of one. `sampling` is that of
/// [`series_likeness`].
pub(crate) fn days_likeness(days: &[CommonDay], sampling: f64) -> Option<SeriesLikeness> {
    let is_disturbed = disturbed_days(days);
    let days: Vec<(f64, f64)> = days.iter().map(|day| day.values).collect();
    let of = |kept: &[usize]| {
        let kept: Vec<(f64, f64)> = kept.iter().map(|at| days[*at]).collect();
        series_likeness(&kept, sampling)
    };
    let all: Vec<usize> = (0..days.len()).collect();
    let whole: Vec<usize> = all
        .iter()
        .copied()
        .filter(|at| !is_disturbed[*at])
        .collect();
    let off = differing_days(&days, sampling);
    let settled = |among: &[usize]| {
        let differs = |at: &usize| off.get(*at).copied().flatten();
        let left_out = among.iter().filter_map(|at| Some((at, differs(at)?)));
        let left_out: Vec<(&usize, bool)> = left_out.collect();
        let kept: Vec<usize> = among
            .iter()
            .copied()
            .filter(|at| differs(at).is_none())
            .collect();
        let most = kept.len() / SETTLED_FOR_EACH;
        let is_enough = kept.len() >= SETTLED_DAYS_MIN && left_out.len() <= most;
        let unexplained = left_out
            .iter()
            .filter(|(at, caught_up)| !*caught_up && !is_disturbed[**at]);
        let unexplained: Vec<usize> = unexplained.map(|(at, _)| **at).collect();
        let is_settled = is_one_stretch(&unexplained);
        (is_enough && is_settled).then_some(kept)
    };
    let settled = [settled(&all), settled(&whole)];
    let bases = settled.into_iter().flatten().chain([all, whole]);
    bases.filter_map(|kept| of(&kept)).max()
}

/// Whether two series are twins with noise on their days that no outage has disturbed.
pub(crate) fn are_days_of_twins(days: &[CommonDay]) -> bool {
    let is_disturbed = disturbed_days(days);
    let kept = days.iter().zip(is_disturbed).filter(|(_, is_it)| !is_it);
    let kept: Vec<(f64, f64)> = kept.map(|(day, _)| day.values).collect();
    are_noisy_twins(&kept)
}

/// Whether two series go up and down together on their days that no outage has disturbed, whatever
/// their ratio: a correlation of 0.99. It says that somebody should look, and nothing more; plants
/// under one sky come near it.
pub(crate) fn are_correlated(days: &[CommonDay]) -> bool {
    let is_disturbed = disturbed_days(days);
    let kept = days.iter().zip(is_disturbed).filter(|(_, is_it)| !is_it);
    let kept: Vec<(f64, f64)> = kept.map(|(day, _)| day.values).collect();
    if kept.len() < CORRELATED_DAYS_MIN {
        return false;
    }
    let count = count_as_f64(kept.len());
    let sums = kept.iter().fold([0.0; 5], |[a, b, aa, bb, ab], (x, y)| {
        [a + x, b + y, aa + x * x, bb + y * y, ab + x * y]
    });
    let [a, b, aa, bb, ab] = sums.map(|sum| sum / count);
    let spread = ((aa - a * a) * (bb - b * b)).max(0.0).sqrt();
    // What hardly varies goes up and down with anything.
    let varies = (aa - a * a).sqrt() > VARIATION_MIN * a && (bb - b * b).sqrt() > VARIATION_MIN * b;
    varies && ab - a * b >= CORRELATION_MIN * spread
}

/// Whether these days are at most one outage: a counter that begins again after it has lost what it
/// missed, and nothing shows that it stood still.
fn is_one_stretch(days: &[usize]) -> bool {
    let ends = days.first().zip(days.last());
    ends.is_none_or(|(first, last)| last - first < CATCH_UP_DAYS)
}

/// Whether each day has a gap, is the first or the last one, or lies in or beside days on which one
/// series alone stands still.
fn disturbed_days(days: &[CommonDay]) -> Vec<bool> {
    let is_still = |at: usize| {
        let day = days.get(at).map(|day| day.values);
        day.is_some_and(|(x, y)| (x > 0.0) != (y > 0.0))
    };
    let of_day = |(at, day): (usize, &CommonDay)| {
        let mut beside = at.saturating_sub(1)..=at + 1;
        let is_edge = at == 0 || at + 1 == days.len();
        is_edge || !day.is_whole || beside.any(is_still)
    };
    days.iter().enumerate().map(of_day).collect()
}

/// Of each day that differs by more than those of good meters, whether it is caught up: what one
/// series lacks at first it has too much soon afterwards. `None` for a day that does not differ.
fn differing_days(days: &[(f64, f64)], sampling: f64) -> Vec<Option<bool>> {
    // The median: outages of one leave it as it is.
    let both = days.iter().filter(|(x, y)| *x > 0.0 && *y > 0.0);
    let Some(ratio) = median(both.map(|(x, y)| x / y)) else {
        return Vec::new();
    };
    let tolerance = day_tolerance(days, ratio, sampling);
    let off: Vec<f64> = days.iter().map(|(x, y)| x - ratio * y).collect();
    let most: Vec<f64> = days.iter().map(|(x, y)| x.max(ratio * y)).collect();
    let is_off = |at: usize| off[at].abs() > tolerance(most[at]);
    let mut caught_up = vec![false; days.len()];
    for first in (0..days.len()).filter(|at| is_off(*at)) {
        let (mut sum, mut largest) = (off[first], most[first]);
        for last in first + 1..days.len().min(first + CATCH_UP_DAYS) {
            (sum, largest) = (sum + off[last], largest.max(most[last]));
            if sum.abs() <= tolerance(largest) {
                caught_up[first..=last].fill(true);
                break;
            }
        }
    }
    let all = caught_up.into_iter().enumerate();
    all.map(|(at, caught_up)| is_off(at).then_some(caught_up))
        .collect()
}

/// Median, the upper one of an even number.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    /// Hours of a day.
    const HOURS: usize = 24;

    /// Outage of a meter: hours from the first reading that is missing or old.
    #[derive(Clone, Copy, Debug)]
    struct Outage {
        from: usize,
        hours: usize,
        /// It goes on showing the last value, instead of nothing.
        freezes: bool,
    }

    /// Hourly readings of a counter: days of sun, or of a flow day and night, at this scale.
    fn counted(days: &[f64], scale: f64, by_night: bool) -> Vec<f64> {
        let mut total = 100.0;
        let hours = days
            .iter()
            .flat_map(|day| (0..HOURS).map(move |hour| (*day, hour)));
        let grown = hours.map(|(day, hour)| {
            let is_lit = by_night || (6..18).contains(&hour);
            let hours = if by_night { 24.0 } else { 12.0 };
            total += if is_lit { scale * day / hours } else { 0.0 };
            total
        });
        grown.collect()
    }

    /// Daily values as the sums make them: what grew until the last reading of a day.
    fn daily(counter: &[f64], outages: &[Outage]) -> DailyValues {
        let mut shown: Vec<Option<f64>> = counter.iter().copied().map(Some).collect();
        for outage in outages {
            let before = outage
                .from
                .checked_sub(1)
                .and_then(|at| shown.get(at).copied());
            let held = before.flatten().filter(|_| outage.freezes);
            let end = shown.len().min(outage.from + outage.hours);
            shown[outage.from.min(end)..end].fill(held);
        }
        let mut date = Date::constant(2026, 6, 1);
        let mut before = 100.0;
        let mut days = Vec::new();
        for hours in shown.chunks(HOURS) {
            let good: Vec<f64> = hours.iter().flatten().copied().collect();
            let value = good.last().map(|last| last - before);
            before = good.last().copied().unwrap_or(before);
            let count = |number: usize| f64::from(u32::try_from(number).unwrap());
            let share = CompletenessShares {
                all: Some(count(good.len()) / count(HOURS)),
                daylight: None,
            };
            days.push((date, value, share));
            date = date.tomorrow().unwrap();
        }
        DailyValues {
            id: Arc::from("plts.generation"),
            asset: None,
            unit: Arc::from("kWh"),
            days,
        }
    }

    fn weather(days: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(4.0..20.0_f64, days)
    }

    /// Up to four outages of up to three days each, of a month.
    fn outages() -> impl Strategy<Value = Vec<Outage>> {
        let one = (0..28 * HOURS, 1..72_usize, any::<bool>());
        let one = one.prop_map(|(from, hours, freezes)| Outage {
            from,
            hours,
            freezes,
        });
        prop::collection::vec(one, 0..4)
    }

    /// Days, beginning with the second and without the last, that no outage has touched.
    fn good_days(days: usize, outages: &[Outage]) -> usize {
        let is_good = |day: &usize| {
            let touched = |one: &Outage| {
                let days = one.from / HOURS..=(one.from + one.hours) / HOURS + 1;
                days.contains(day)
            };
            !outages.iter().any(touched)
        };
        (1..days - 1).filter(is_good).count()
    }

    proptest! {
        /// Whatever is missing of one, or stood still in it, at any hour.
        #[test]
        fn an_outage_of_one_meter_does_not_hide_that_two_are_one(
            days in weather(28..93),
            scale in 0.95..1.05_f64,
            by_night in any::<bool>(),
            outages in outages(),
        ) {
            prop_assume!(good_days(days.len(), &outages) >= 2 * SETTLED_DAYS_MIN);
            let one = daily(&counted(&days, 1.0, by_night), &[]);
            let other = daily(&counted(&days, scale, by_night), &outages);
            for pair in [[&one, &other], [&other, &one]] {
                let days = common_days(pair[0], pair[1]);
                let found = days_likeness(&days, 0.0);
                prop_assert!(found >= Some(SeriesLikeness::SteadyRatio), "{found:?} {days:?}");
            }
        }

        /// Two plants under one sky whose days differ by a few percent, whatever is missing of one.
        #[test]
        fn two_plants_are_not_told_for_the_outages_of_one(
            both in prop::collection::vec((4.0..20.0_f64, 0.93..1.07_f64), 28..93),
            ratio in 0.5..2.0_f64,
            outages in outages(),
        ) {
            prop_assume!(good_days(both.len(), &outages) >= 2 * SETTLED_DAYS_MIN);
            let first: Vec<f64> = both.iter().map(|(day, _)| *day).collect();
            let second: Vec<f64> = both.iter().map(|(day, off)| day * off).collect();
            let one = daily(&counted(&first, 1.0, false), &[]);
            let other = daily(&counted(&second, ratio, false), &outages);
            prop_assert_eq!(days_likeness(&common_days(&one, &other), 0.0), None);
        }
    }

    #[test]
    fn a_day_that_differs_without_an_outage_speaks_against_one_quantity() {
        // In hundredths: whole kilowatt-hours could not show a difference.
        let days: Vec<f64> = (0..30_i32)
            .map(|day| 8.0 + 1.01 * f64::from(day % 7))
            .collect();
        let one = daily(&counted(&days, 1.0, false), &[]);
        let mut other = one.clone();
        assert!(days_likeness(&common_days(&one, &other), 0.0).is_some());
        for (_, value, _) in other.days.iter_mut().skip(7).step_by(7) {
            *value = value.map(|value| value * 0.5);
        }
        assert_eq!(days_likeness(&common_days(&one, &other), 0.0), None);
    }
}
