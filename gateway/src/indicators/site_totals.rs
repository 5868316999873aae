//! Totals of the site over its assets.

use crate::carbon::avoided_emissions::KnownIndicators;
use crate::domain::factor::HeadlineStatus;
use crate::domain::indicator::{Indicator, IndicatorRemark, InputSource, ValueOrigin};
use crate::indicators::coverage::lowest_completeness;
use crate::indicators::figure_context::{FigureBuilder, FigureContext, figure_input};
use crate::indicators::uncertainty::RelativeUncertainty;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Site totals as (id of the total, id of the figures that are added).
const SITE_TOTALS: &[(&str, &str)] = &[
    ("site.generation", "plts.generation"),
    ("site.self_use", "plts.self_use"),
    ("site.water", "pump.volume"),
    ("site.rain_captured", "catchment.captured"),
    ("co2.gross", "co2.gross"),
    ("co2.project", "co2.project"),
    ("co2.leakage", "co2.leakage"),
    ("co2.net", "co2.net"),
];

/// Totals of the site, from the figures of its assets.
pub(crate) fn site_totals(desk: &FigureContext<'_>, known: KnownIndicators<'_>) -> Vec<Indicator> {
    let total = |(id, of): &(&str, &str)| {
        let parts = known.iter().filter(|one| &*one.id == *of);
        let parts: Vec<&Indicator> = parts.filter(|one| one.asset.is_some()).collect();
        (!parts.is_empty()).then(|| sum_indicators(desk, id, &parts))
    };
    SITE_TOTALS.iter().filter_map(total).collect()
}

/// Sum of the known parts; a remark names the assets whose part is unknown.
fn sum_indicators(desk: &FigureContext<'_>, id: &str, parts: &[&Indicator]) -> Indicator {
    let mut terms = Vec::new();
    let mut left_out = Vec::new();
    let mut why = None;
    for part in parts {
        match &part.value {
            Ok(value) => terms.push((*value, RelativeUncertainty::from_indicator(part))),
            Err(remark) => {
                left_out.extend(part.asset.as_deref());
                why.get_or_insert_with(|| remark.clone());
            }
        }
    }
    let known: Vec<&Indicator> = parts
        .iter()
        .copied()
        .filter(|one| one.value.is_ok())
        .collect();
    let value = match why {
        Some(why) if terms.is_empty() => Err(why),
        _ => Ok(terms.iter().map(|(value, _)| value).sum()),
    };
    let inputs = parts.iter().map(|part| figure_input("x", part)).collect();
    let origin = known
        .first()
        .map_or(ValueOrigin::Estimated, |one| one.origin);
    let mut figure = desk
        .figure(id, value, inputs)
        .with_origin(origin)
        .with_completeness(lowest_completeness(
            known.iter().map(|one| one.completeness),
        ))
        .with_uncertainty(RelativeUncertainty::of_sum(&terms, share_a_source(&known)));
    figure.equation = "Σ x";
    // A sum of `tCO2` and `tCO2e` is labelled `tCO2e`, the longer unit, as it contains other gases.
    if let Some(unit) = parts
        .iter()
        .map(|one| &one.unit)
        .max_by_key(|unit| unit.len())
    {
        figure.unit = Arc::clone(unit);
    }
    for part in &known {
        for factor in &part.factors {
            figure = figure.with_factor(desk.config, factor);
        }
        figure = part
            .remarks
            .iter()
            .cloned()
            .fold(figure, FigureBuilder::with_remark);
    }
    figure.headline = HeadlineStatus::combine(known.iter().map(|one| one.headline));
    if left_out.is_empty() {
        return figure;
    }
    figure.with_remark(
        IndicatorRemark::new("account-left-out").with_arg("assets", left_out.join(", ")),
    )
}

/// Whether two of the figures share a device or factor, so that their uncertainties are correlated
/// (METHODS G.2).
fn share_a_source(parts: &[&Indicator]) -> bool {
    let mut seen: BTreeSet<Arc<str>> = BTreeSet::new();
    parts.iter().any(|part| {
        let points = part.inputs.iter().filter_map(|input| match &input.from {
            // The part of a point id before the dot is the device: two points of one meter share
            // its error.
            InputSource::Point(readings) => readings.point.split('.').next().map(Arc::from),
            _ => None,
        });
        let factors = part.factors.iter().map(|factor| Arc::clone(&factor.id));
        let own: BTreeSet<Arc<str>> = points.chain(factors).collect();
        let shared = !own.is_disjoint(&seen);
        seen.extend(own);
        shared
    })
}
