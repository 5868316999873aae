//! Totals of the site over its assets.

use crate::assets::catchment::indicators as catchment;
use crate::assets::pump::indicators as pump;
use crate::assets::solar::indicators as solar;
use crate::carbon::avoided_emissions as carbon;
use crate::carbon::known_indicators::KnownIndicators;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{
    Indicator, IndicatorRemark, IndicatorSpec, InputSource, ValueOrigin,
};
use crate::indicators::coverage::lowest_completeness;
use crate::indicators::figure_context::{FigureBuilder, FigureContext, FigureValue, figure_input};
use crate::indicators::uncertainty::RelativeUncertainty;
use std::collections::BTreeSet;
use std::sync::Arc;

const GENERATION: IndicatorSpec = IndicatorSpec::new("site.generation", "kWh", "G.5", "Σ x");
const SELF_USE: IndicatorSpec = IndicatorSpec::new("site.self_use", "kWh", "C.7", "Σ x");
const WATER: IndicatorSpec = IndicatorSpec::new("site.water", "m3", "G.5", "Σ x");
const RAIN_CAPTURED: IndicatorSpec = IndicatorSpec::new("site.rain_captured", "m3", "D.3", "Σ x");

/// Figures of the site that no asset has, in report order.
pub(crate) const INDICATORS: &[&IndicatorSpec] = &[&GENERATION, &SELF_USE, &WATER, &RAIN_CAPTURED];

/// Site totals as (the total, the figures of assets that are added).
const SITE_TOTALS: &[(&IndicatorSpec, &IndicatorSpec)] = &[
    (&GENERATION, &solar::GENERATION),
    (&SELF_USE, &solar::SELF_USE),
    (&WATER, &pump::VOLUME),
    (&RAIN_CAPTURED, &catchment::CAPTURED),
    (&carbon::CO2_GROSS, &carbon::CO2_GROSS),
    (&carbon::CO2_PROJECT, &carbon::CO2_PROJECT),
    (&carbon::CO2_LEAKAGE, &carbon::CO2_LEAKAGE),
    (&carbon::CO2_NET, &carbon::CO2_NET),
];

/// Whether the site has a total of this figure of its assets.
pub(crate) fn has_total(id: &str) -> bool {
    SITE_TOTALS.iter().any(|(_, of)| of.id == id)
}

/// Totals of the site, from the figures of its assets.
pub(crate) fn site_totals(desk: &FigureContext<'_>, known: KnownIndicators<'_>) -> Vec<Indicator> {
    let total = |(spec, of): &(&IndicatorSpec<'_>, &IndicatorSpec<'_>)| {
        let parts = known.iter().filter(|one| *one.id == *of.id);
        let parts: Vec<&Indicator> = parts.filter(|one| one.asset.is_some()).collect();
        let parts = counted_once(desk, &parts);
        (!parts.is_empty()).then(|| sum_indicators(desk, spec, &parts, known))
    };
    SITE_TOTALS.iter().filter_map(total).collect()
}

/// Sum of the parts that are known and may be claimed; a remark names the assets that are left
/// out.
fn sum_indicators(
    desk: &FigureContext<'_>,
    spec: &IndicatorSpec<'_>,
    parts: &[&Indicator],
    known: KnownIndicators<'_>,
) -> Indicator {
    let mut terms = Vec::new();
    let mut counted = Vec::new();
    let mut left_out = Vec::new();
    let mut why = None;
    for part in parts {
        match counted_value(part, known) {
            Ok(value) => {
                terms.push((value, RelativeUncertainty::from_indicator(part)));
                counted.push(*part);
            }
            Err(remark) => {
                let asset = part.asset.as_deref();
                left_out.extend(asset.map(|id| desk.config.asset_name(id)));
                why.get_or_insert(remark);
            }
        }
    }
    let value = match why {
        Some(why) if terms.is_empty() => Err(why),
        _ => Ok(terms.iter().map(|(value, _)| value).sum()),
    };
    let inputs = counted.iter().map(|part| figure_input("x", part)).collect();
    let origin = counted
        .first()
        .map_or(ValueOrigin::Estimated, |one| one.origin);
    // A sum of `tCO2` and `tCO2e` is labelled `tCO2e`, the longer unit, as it contains other gases.
    let units = parts.iter().map(|part| &*part.unit);
    let unit = units.max_by_key(|unit| unit.len()).unwrap_or(spec.unit);
    let spec = spec.computed_by(spec.method, "Σ x").in_unit(unit);
    let figure = desk
        .figure(&spec, value, inputs)
        .with_origin(origin)
        .with_completeness(lowest_completeness(
            counted.iter().map(|one| one.completeness),
        ))
        .with_uncertainty(RelativeUncertainty::of_sum(
            &terms,
            share_a_source(&counted),
        ))
        .with_parts(&counted);
    if left_out.is_empty() {
        return figure;
    }
    figure.with_remark(
        IndicatorRemark::new("account-left-out").with_arg("assets", left_out.join(", ")),
    )
}

/// The parts without those that another part measures too, by a declared relation.
fn counted_once<'a>(desk: &FigureContext<'_>, parts: &[&'a Indicator]) -> Vec<&'a Indicator> {
    let has = |id: &Arc<str>| parts.iter().any(|one| one.asset.as_ref() == Some(id));
    let relations = desk.config.relations.iter();
    let covered: Vec<&Arc<str>> = relations
        .filter(|one| one.is_counted_once() && has(&one.with))
        .map(|one| &one.asset)
        .collect();
    let is_counted = |one: &&&Indicator| {
        let asset = one.asset.as_ref();
        asset.is_none_or(|asset| !covered.contains(&asset))
    };
    parts.iter().filter(is_counted).copied().collect()
}

/// The value with which a part counts in a total, or the remark that says why it does not count.
fn counted_value(part: &Indicator, known: KnownIndicators<'_>) -> FigureValue {
    // Gross, project and leakage of a plant whose net must not be claimed are left out together, so
    // that the totals of the site fit each other.
    let net = known.iter().find(|one| {
        part.id.starts_with("co2.") && *one.id == *carbon::CO2_NET.id && one.asset == part.asset
    });
    let verdict = net.map_or(part.claim, |net| {
        ClaimVerdict::combine([part.claim, net.claim])
    });
    let value = part.value.clone()?;
    if verdict.is_withheld() {
        return Err(IndicatorRemark::new(&verdict.message_key()));
    }
    Ok(value)
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
