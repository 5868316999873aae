//! [`moving_pairs`], [`mark_moving_together`]: figures of two assets that move together without a
//! declared relation are perhaps the same quantity (METHODS G.7).

use crate::assets::Asset;
use crate::assets::catchment::indicators as catchment;
use crate::assets::certificate_claims::has_certificate;
use crate::assets::genset::indicators as genset;
use crate::assets::meter::indicators as meter;
use crate::assets::pump::indicators as pump;
use crate::assets::solar::indicators as solar;
use crate::config::Config;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{
    DailyValues, Indicator, IndicatorRemark, IndicatorSpec, InputSource,
};
use crate::indicators::asset_figures::KIND_INDICATORS;
use crate::indicators::common_days::{
    are_correlated, are_days_of_twins, common_days, days_likeness,
};
use crate::indicators::figure_context::FigureBuilder;
use crate::indicators::series_likeness::{SeriesLikeness, sampling_share};
use std::sync::Arc;

/// Figures that stand for what an asset measures.
const MAIN_FIGURES: [&IndicatorSpec<'_>; 8] = [
    &solar::GENERATION,
    &pump::VOLUME,
    &pump::ENERGY,
    &genset::ENERGY,
    &meter::ENERGY,
    &meter::IMPORT,
    &meter::EXPORT,
    &catchment::CAPTURED,
];

/// Those of a meter.
const METER_FIGURES: [&IndicatorSpec<'_>; 3] = [&meter::ENERGY, &meter::IMPORT, &meter::EXPORT];

/// Two figures that move together without a declared relation.
#[derive(Clone, Debug)]
pub(crate) struct MovingPair {
    likeness: SeriesLikeness,
    /// Id and asset of each, in the order of the configuration.
    figures: [(Arc<str>, Arc<str>); 2],
}

/// Whether an asset has figures that are compared.
pub(crate) fn has_main_figure(asset: &Asset) -> bool {
    let mut kinds = KIND_INDICATORS.iter();
    let own = kinds.find(|(word, _)| *word == asset.kind.word());
    let mut own = own.into_iter().flat_map(|(_, own)| own.iter());
    own.any(|one| MAIN_FIGURES.iter().any(|spec| spec.id == one.id))
}

/// Whether a figure stands for what an asset measures.
pub(crate) fn is_main_figure(id: &str) -> bool {
    MAIN_FIGURES.iter().any(|spec| *spec.id == *id)
}

/// Daily values of the figures that stand for what an asset measures.
pub(crate) fn main_series(daily: &[DailyValues]) -> impl Iterator<Item = &DailyValues> {
    daily
        .iter()
        .filter(|one| one.asset.is_some() && is_main_figure(&one.id))
}

/// The pairs of figures that move together by these daily values.
pub(crate) fn moving_pairs(
    config: &Config,
    figures: &[Indicator],
    daily: &[DailyValues],
) -> Vec<MovingPair> {
    let main: Vec<&DailyValues> = main_series(daily).collect();
    let mut all = Vec::new();
    for (index, one) in main.iter().enumerate() {
        for other in &main[..index] {
            let Some(likeness) = likeness(config, figures, one, other) else {
                continue;
            };
            if !is_explained(config, figures, one, other) {
                all.extend(pair(config, likeness, [one, other]));
            }
        }
    }
    all
}

fn pair(config: &Config, likeness: SeriesLikeness, of: [&DailyValues; 2]) -> Option<MovingPair> {
    let place = |id: &Arc<str>| config.assets.iter().position(|asset| asset.id == *id);
    let of = of.map(|one| Some((Arc::clone(&one.id), one.asset.clone()?)));
    let [one, other] = of;
    let mut figures = [one?, other?];
    figures.sort_by_key(|(_, asset)| place(asset));
    Some(MovingPair { likeness, figures })
}

/// Adds a remark to both figures of each pair. What is probably one quantity twice makes them
/// doubtful. Of a pair that was found more than once, the strongest sign counts.
pub(crate) fn mark_moving_together(
    config: &Config,
    figures: &mut [Indicator],
    mut pairs: Vec<MovingPair>,
) {
    pairs.sort_by(|one, other| {
        let by_figures = one.figures.cmp(&other.figures);
        by_figures.then(other.likeness.cmp(&one.likeness))
    });
    pairs.dedup_by(|later, kept| later.figures == kept.figures);
    for pair in &pairs {
        mark(config, figures, pair);
    }
}

fn mark(config: &Config, figures: &mut [Indicator], pair: &MovingPair) {
    let (key, verdict) = match pair.likeness {
        SeriesLikeness::Same => ("account-same-series", ClaimVerdict::Doubtful),
        SeriesLikeness::SteadyRatio => ("account-steady-ratio", ClaimVerdict::Doubtful),
        SeriesLikeness::Together => ("account-moves-together", ClaimVerdict::Claimable),
    };
    // The same words at both: what is computed from both says it once.
    let [one, other] = &pair.figures;
    let said = IndicatorRemark::new(key)
        .with_arg("asset", config.asset_name(&one.1))
        .with_arg("other", config.asset_name(&other.1));
    let certified = certified_twin(config, pair);
    for (id, asset) in &pair.figures {
        let is_it = |one: &&mut Indicator| one.id == *id && one.asset.as_ref() == Some(asset);
        if let Some(figure) = figures.iter_mut().find(is_it) {
            // The certificate first: it is why the claim may be another one's.
            let told = certified.iter().chain([&said]).cloned();
            *figure = told
                .fold(figure.clone(), Indicator::with_remark)
                .with_verdict(verdict);
        }
    }
}

/// Remark that one of two figures that are probably one quantity is energy with a certificate.
fn certified_twin(config: &Config, pair: &MovingPair) -> Option<IndicatorRemark> {
    let is_certified = |id: &Arc<str>| {
        let mut all = config.assets.iter();
        all.any(|asset| asset.id == *id && has_certificate(asset))
    };
    let [one, other] = pair.figures.each_ref().map(|(_, asset)| asset);
    let (asset, other) = match (is_certified(one), is_certified(other)) {
        (false, true) => (one, other),
        (true, false) => (other, one),
        // Two certificates are not for one energy, and what has one claims nothing.
        _ => return None,
    };
    let said = IndicatorRemark::new("account-certified-twin")
        .with_arg("asset", config.asset_name(asset))
        .with_arg("other", config.asset_name(other));
    (pair.likeness != SeriesLikeness::Together).then_some(said)
}

/// Likeness of two series of one unit on their common days. What is to be checked in a month is to
/// be checked in all that contains it, so the days of each month are looked at for themselves too.
fn likeness(
    config: &Config,
    figures: &[Indicator],
    one: &DailyValues,
    other: &DailyValues,
) -> Option<SeriesLikeness> {
    if one.unit != other.unit || one.asset == other.asset {
        return None;
    }
    let sampling = sampling_of(config, figures, [one, other]);
    let days = common_days(one, other);
    let months = days.chunk_by(|day, next| day.date.first_of_month() == next.date.first_of_month());
    let months = months.filter_map(|days| days_likeness(days, sampling));
    // What moves together in a month alone is no doubt, and more days tell more.
    let doubted = months
        .filter(|found| *found != SeriesLikeness::Together)
        .max();
    // Over all days, since a few of them cannot tell noise from a difference.
    let noisy = are_days_of_twins(&days).then_some(SeriesLikeness::SteadyRatio);
    let together = are_correlated(&days).then_some(SeriesLikeness::Together);
    days_likeness(&days, sampling)
        .max(doubted)
        .max(noisy)
        .max(together)
}

/// Share of a day's value that one of two series can miss between two polls, and the other not.
pub(crate) fn sampling_of(config: &Config, figures: &[Indicator], both: [&DailyValues; 2]) -> f64 {
    match both.map(|series| integrated_every(config, figures, series)) {
        // Polls at the same moments miss the same.
        [Some(every), Some(other)] if every == other => 0.0,
        polls => sampling_share(polls.into_iter().flatten().max().unwrap_or(0)),
    }
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
pub(crate) fn is_explained(
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
    // The meter at the connection of a plant that names its points: what the plant gives is on it.
    let is_own_meter = |plant: &Arc<str>, of: &DailyValues| {
        let is_of_meter = METER_FIGURES.iter().any(|spec| *spec.id == *of.id);
        let mut all = config.assets.iter();
        let plant = all.find(|one| one.id == *plant).filter(|_| is_of_meter);
        let points = points_of(figures, of);
        plant.is_some_and(|plant| plant.points.values().any(|own| points.contains(&own)))
    };
    let mut relations = config.relations.iter();
    relations.any(|relation| relation.joins(first, second))
        || named(first, second)
        || named(second, first)
        || is_own_meter(first, other)
        || is_own_meter(second, one)
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
