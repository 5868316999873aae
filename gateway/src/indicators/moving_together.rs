//! [`mark_moving_together`]: figures of two assets that move together without a declared relation
//! are perhaps the same quantity (METHODS G.7).

use crate::assets::catchment::indicators as catchment;
use crate::assets::genset::indicators as genset;
use crate::assets::meter::indicators as meter;
use crate::assets::pump::indicators as pump;
use crate::assets::solar::indicators as solar;
use crate::config::Config;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{
    DailyValues, Indicator, IndicatorRemark, IndicatorSpec, InputSource,
};
use crate::indicators::figure_context::FigureBuilder;
use crate::indicators::series_likeness::{SeriesLikeness, sampling_share, series_likeness};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Figures that stand for what an asset measures.
const MAIN_FIGURES: [&IndicatorSpec<'_>; 7] = [
    &solar::GENERATION,
    &pump::VOLUME,
    &pump::ENERGY,
    &genset::ENERGY,
    &meter::ENERGY,
    &meter::IMPORT,
    &catchment::CAPTURED,
];
/// Adds a remark to both figures of each such pair; series that are the same make them doubtful.
pub(crate) fn mark_moving_together(
    config: &Config,
    figures: &mut [Indicator],
    daily: &[DailyValues],
) {
    let main: Vec<&DailyValues> = daily
        .iter()
        .filter(|one| one.asset.is_some() && MAIN_FIGURES.iter().any(|spec| *spec.id == *one.id))
        .collect();
    for (index, one) in main.iter().enumerate() {
        for other in &main[..index] {
            let Some(likeness) = likeness(config, figures, one, other) else {
                continue;
            };
            if is_explained(config, figures, one, other) {
                continue;
            }
            for (of, with) in [(one, other), (other, one)] {
                mark(config, figures, of, with, likeness);
            }
        }
    }
}

fn mark(
    config: &Config,
    figures: &mut [Indicator],
    of: &DailyValues,
    with: &DailyValues,
    likeness: SeriesLikeness,
) {
    let is_same = likeness == SeriesLikeness::Same;
    let key = if is_same {
        "account-same-series"
    } else {
        "account-moves-together"
    };
    // The same words at both: what is computed from both says it once.
    let place = |one: &DailyValues| {
        let mut assets = config.assets.iter();
        assets.position(|asset| Some(&asset.id) == one.asset.as_ref())
    };
    let mut both = [of, with];
    both.sort_by_key(|one| place(one));
    let [asset, other] =
        both.map(|one| config.asset_name(one.asset.as_deref().unwrap_or_default()));
    let remark = IndicatorRemark::new(key);
    let remark = remark.with_arg("asset", asset).with_arg("other", other);
    let found = figures
        .iter_mut()
        .find(|one| one.id == of.id && one.asset == of.asset);
    if let Some(figure) = found {
        let mut marked = figure.clone().with_remark(remark);
        if is_same {
            marked = marked.with_verdict(ClaimVerdict::Doubtful);
        }
        *figure = marked;
    }
}

/// Likeness of two series of one unit on their common days.
fn likeness(
    config: &Config,
    figures: &[Indicator],
    one: &DailyValues,
    other: &DailyValues,
) -> Option<SeriesLikeness> {
    if one.unit != other.unit || one.asset == other.asset {
        return None;
    }
    let days: BTreeMap<_, f64> = other
        .days
        .iter()
        .filter_map(|(date, value, _)| Some((*date, (*value)?)))
        .collect();
    let pairs: Vec<(f64, f64)> = one
        .days
        .iter()
        .filter_map(|(date, value, _)| Some(((*value)?, *days.get(date)?)))
        .collect();
    let polls = [one, other].map(|series| integrated_every(config, figures, series));
    let sampling = match polls {
        // Polls at the same moments miss the same.
        [Some(every), Some(other)] if every == other => 0.0,
        polls => sampling_share(polls.into_iter().flatten().max().unwrap_or(0)),
    };
    series_likeness(&pairs, sampling)
}

/// Interval of the polls, ms, of a series that is an integral of a power or a flow; `None` for a
/// counter.
fn integrated_every(config: &Config, figures: &[Indicator], of: &DailyValues) -> Option<u64> {
    let points = points_of(figures, of);
    let devices = config.site.devices.iter();
    let mut known = devices.flat_map(|device| device.points.iter().map(move |one| (device, one)));
    let (device, point) = known.find(|(_, point)| points.contains(&&point.id))?;
    (!point.counter).then_some(device.every_ms)
}

/// Whether it is known why the two move together: a relation, an asset that is named by the other,
/// or one point that both use.
fn is_explained(
    config: &Config,
    figures: &[Indicator],
    one: &DailyValues,
    other: &DailyValues,
) -> bool {
    let (Some(first), Some(second)) = (&one.asset, &other.asset) else {
        return true;
    };
    let named = |asset: &Arc<str>, needed: &Arc<str>| {
        let mut all = config.assets.iter();
        let found = all.find(|known| known.id == *asset);
        found.is_some_and(|found| found.kind.settings().needed_assets().contains(&needed))
    };
    let mut relations = config.relations.iter();
    relations.any(|relation| relation.joins(first, second))
        || named(first, second)
        || named(second, first)
        || points_of(figures, one)
            .iter()
            .any(|point| points_of(figures, other).contains(point))
}

fn points_of<'a>(figures: &'a [Indicator], of: &DailyValues) -> Vec<&'a Arc<str>> {
    let found = figures
        .iter()
        .find(|one| one.id == of.id && one.asset == of.asset);
    let inputs = found.into_iter().flat_map(|one| &one.inputs);
    inputs
        .filter_map(|input| match &input.from {
            InputSource::Point(readings) => Some(&readings.point),
            _ => None,
        })
        .collect()
}
