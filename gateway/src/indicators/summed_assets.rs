//! [`sums_of_others`], [`mark_sums_of_others`]: a figure that is the sum of those of other assets
//! day by day is perhaps a meter that measures them together, so that they would count twice
//! (METHODS G.7).
//!
//! ```text
//! plant a   8.1   3.9   7.7      plant b   4.2   2.0   4.1
//! plant c  12.3   5.9  11.8      c = a + b on every day: to be checked
//! ```

use crate::config::Config;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{CompletenessShares, DailyValues, Indicator, IndicatorRemark};
use crate::indicators::common_days::{common_days, days_likeness};
use crate::indicators::figure_context::FigureBuilder;
use crate::indicators::moving_together::{is_explained, main_series, sampling_of};
use crate::indicators::series_likeness::SeriesLikeness;
use std::sync::Arc;

/// Assets that are compared; of more, the first ones.
const ASSETS_MAX: usize = 16;
/// Deviation of the totals from each other, of meters of class 1.
const TOTALS_MAX: f64 = 0.02;
/// Least share of the whole that a part has: less hides in the error of the meters.
const PART_MIN: f64 = 0.05;

/// A figure, by id and asset, that is the sum of those of other assets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SumOfOthers {
    id: Arc<str>,
    asset: Arc<str>,
    parts: Vec<Arc<str>>,
}

/// Figures that are the sum of two or three others by these daily values, where no relation says
/// why.
pub(crate) fn sums_of_others(
    config: &Config,
    figures: &[Indicator],
    daily: &[DailyValues],
) -> Vec<SumOfOthers> {
    let main: Vec<&DailyValues> = main_series(daily).take(ASSETS_MAX).collect();
    let mut all = Vec::new();
    for whole in &main {
        let is_part = |one: &&&DailyValues| {
            let share = total_of(one) / total_of(whole);
            one.unit == whole.unit
                && one.asset != whole.asset
                && (PART_MIN..1.0).contains(&share)
                && !is_explained(config, figures, whole, one)
        };
        let others: Vec<&DailyValues> = main.iter().filter(is_part).copied().collect();
        let found = combinations(&others)
            .into_iter()
            .find(|parts| is_sum(config, figures, (*whole, parts)));
        let found = found.zip(whole.asset.clone());
        all.extend(found.map(|(parts, asset)| SumOfOthers {
            id: Arc::clone(&whole.id),
            asset,
            parts: parts.iter().filter_map(|one| one.asset.clone()).collect(),
        }));
    }
    all
}

/// Pairs and triples of series of different assets.
fn combinations<'a>(all: &[&'a DailyValues]) -> Vec<Vec<&'a DailyValues>> {
    let mut found = Vec::new();
    for (at, one) in all.iter().enumerate() {
        for (next, other) in all.iter().enumerate().skip(at + 1) {
            found.push(vec![*one, *other]);
            let more = all.iter().skip(next + 1);
            found.extend(more.map(|third| vec![*one, *other, *third]));
        }
    }
    let is_of_different = |parts: &Vec<&DailyValues>| {
        let mut assets: Vec<_> = parts.iter().map(|one| &one.asset).collect();
        assets.sort();
        assets.windows(2).all(|pair| pair[0] != pair[1])
    };
    found.retain(is_of_different);
    found
}

fn is_sum(
    config: &Config,
    figures: &[Indicator],
    (whole, parts): (&DailyValues, &[&DailyValues]),
) -> bool {
    let sum: f64 = parts.iter().map(|one| total_of(one)).sum();
    let ratio = total_of(whole) / sum;
    if ratio.max(1.0 / ratio) - 1.0 > TOTALS_MAX {
        return false;
    }
    let sampling = parts
        .iter()
        .map(|one| sampling_of(config, figures, [whole, *one]));
    let sampling = sampling.fold(0.0, f64::max);
    let days = common_days(whole, &sum_of(parts));
    days_likeness(&days, sampling).is_some_and(|found| found >= SeriesLikeness::SteadyRatio)
}

fn total_of(series: &DailyValues) -> f64 {
    series.days.iter().filter_map(|(_, value, _)| *value).sum()
}

/// The sum of several series on the days on which all have a value.
fn sum_of(parts: &[&DailyValues]) -> DailyValues {
    let mut sum = DailyValues::clone(parts[0]);
    for (at, (_, value, share)) in sum.days.iter_mut().enumerate() {
        for part in &parts[1..] {
            let other = part.days.get(at);
            *value = value
                .zip(other.and_then(|day| day.1))
                .map(|(one, next)| one + next);
            let least = |one: Option<f64>, next: Option<f64>| match (one, next) {
                (Some(one), Some(next)) => Some(one.min(next)),
                (one, next) => one.or(next),
            };
            let shares = other.map(|day| day.2).unwrap_or_default();
            *share = CompletenessShares {
                all: least(share.all, shares.all),
                daylight: least(share.daylight, shares.daylight),
            };
        }
    }
    sum
}

/// Adds a remark to each such figure, which is to be checked.
pub(crate) fn mark_sums_of_others(
    config: &Config,
    figures: &mut [Indicator],
    sums: &[SumOfOthers],
) {
    for sum in sums {
        let is_it =
            |one: &&mut Indicator| one.id == sum.id && one.asset.as_ref() == Some(&sum.asset);
        let Some(figure) = figures.iter_mut().find(is_it) else {
            continue;
        };
        let parts: Vec<String> = sum.parts.iter().map(|one| config.asset_name(one)).collect();
        let said = IndicatorRemark::new("account-sum-of-others")
            .with_arg("asset", config.asset_name(&sum.asset))
            .with_arg("parts", parts.join(" + "));
        if !figure.remarks.iter().any(|one| one.key == said.key) {
            *figure = figure
                .clone()
                .with_remark(said)
                .with_verdict(ClaimVerdict::Doubtful);
        }
    }
}
