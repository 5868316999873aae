//! Totals of the site over its assets.

use crate::assets::Asset;
use crate::assets::catchment::indicators as catchment;
use crate::assets::pump::indicators as pump;
use crate::assets::solar::indicators as solar;
use crate::carbon::avoided_emissions as carbon;
use crate::carbon::known_indicators::KnownIndicators;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{
    Indicator, IndicatorRemark, IndicatorSpec, InputSource, ValueOrigin,
};
use crate::domain::value_bound::ValueBound;
use crate::indicators::asset_figures::KIND_INDICATORS;
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

/// Reasons for which a plant has no avoided emissions because it claims none.
const NO_CLAIM: [&str; 2] = ["account-baseline-none", "account-rec"];

/// Whether the site has a total of this figure of its assets.
pub(crate) fn has_total(id: &str) -> bool {
    SITE_TOTALS.iter().any(|(_, of)| of.id == id)
}

/// Totals of the site, from the figures of its assets.
pub(crate) fn site_totals(desk: &FigureContext<'_>, known: KnownIndicators<'_>) -> Vec<Indicator> {
    let total = |(spec, of): &(&IndicatorSpec<'_>, &IndicatorSpec<'_>)| {
        let parts = known.iter().filter(|one| *one.id == *of.id);
        let parts: Vec<&Indicator> = parts.filter(|one| one.asset.is_some()).collect();
        let covered = covered_assets(desk, &parts);
        let is_counted = |one: &&Indicator| {
            let asset = one.asset.as_ref();
            asset.is_none_or(|asset| !covered.contains(&asset))
        };
        let parts: Vec<&Indicator> = parts.into_iter().filter(is_counted).collect();
        let lacking = assets_without(desk, of, known);
        let lacking: Vec<String> = lacking
            .filter(|one| !covered.contains(&&one.id))
            .map(|one| one.name.to_string())
            .collect();
        (!parts.is_empty()).then(|| sum_indicators(desk, spec, (&parts, lacking), known))
    };
    SITE_TOTALS.iter().filter_map(total).collect()
}

/// Assets in operation whose kind has this figure, and which have none of it: a plant whose export
/// is not measured has no self-use. A plant without a baseline claims nothing that would be
/// missing.
fn assets_without<'a>(
    desk: &FigureContext<'a>,
    of: &IndicatorSpec<'_>,
    known: KnownIndicators<'_>,
) -> impl Iterator<Item = &'a Asset> {
    let kinds = KIND_INDICATORS.iter();
    let kinds = kinds.filter(|(_, own)| own.iter().any(|spec| spec.id == of.id));
    let kinds: Vec<&str> = kinds.map(|(word, _)| *word).collect();
    let lacks = move |asset: &&Asset| {
        let own = known
            .iter()
            .filter(|one| one.asset.as_ref() == Some(&asset.id));
        let mut ids = own.map(|one| &*one.id).peekable();
        kinds.contains(&asset.kind.word()) && ids.peek().is_some() && ids.all(|id| *id != *of.id)
    };
    desk.config.assets.iter().filter(lacks)
}

/// Side on which the true total lies where a part is left out.
fn bound_without(part: &Indicator) -> ValueBound {
    let claims_nothing = |why: &IndicatorRemark| NO_CLAIM.contains(&&*why.key);
    match &part.value {
        Ok(value) if *value < 0.0 => ValueBound::Upper,
        Ok(value) if *value > 0.0 => ValueBound::Lower,
        Ok(_) => ValueBound::Neither,
        Err(why) if claims_nothing(why) => ValueBound::Neither,
        // What is not known of a net may be a burden.
        Err(_) if *part.id == *carbon::CO2_NET.id => ValueBound::Either,
        Err(_) => ValueBound::Lower,
    }
}

/// Remark on a total without some assets, with the side on which the true total lies.
fn left_out_remark(assets: &[String], bound: ValueBound) -> IndicatorRemark {
    let key = match bound {
        ValueBound::Neither => "account-left-out",
        ValueBound::Lower => "account-left-out-lower-bound",
        ValueBound::Upper => "account-left-out-upper-bound",
        ValueBound::Either => "account-left-out-either-bound",
    };
    IndicatorRemark::new(key).with_arg("assets", assets.join(", "))
}

/// Sum of the parts that are known and may be claimed; a remark names the assets that are left
/// out, and those that have no such figure.
fn sum_indicators(
    desk: &FigureContext<'_>,
    spec: &IndicatorSpec<'_>,
    (parts, lacking): (&[&Indicator], Vec<String>),
    known: KnownIndicators<'_>,
) -> Indicator {
    let mut terms = Vec::new();
    let mut counted = Vec::new();
    let mut bound = if lacking.is_empty() {
        ValueBound::Neither
    } else {
        ValueBound::Lower
    };
    let mut left_out = lacking;
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
                bound = bound.and(bound_without(part));
                why.get_or_insert(remark);
            }
        }
    }
    let value = match why {
        Some(why) if terms.is_empty() => Err(why),
        _ => Ok(terms.iter().map(|(value, _)| value).sum()),
    };
    let inputs = counted.iter().map(|part| figure_input("x", part)).collect();
    let origin = ValueOrigin::weakest(counted.iter().map(|one| one.origin));
    let origin = origin.unwrap_or(ValueOrigin::Estimated);
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
    let bound = figure.value.as_ref().map_or(ValueBound::Neither, |_| bound);
    figure.with_remark(left_out_remark(&left_out, bound))
}

/// Assets that another part measures too, by a declared relation.
fn covered_assets<'a>(desk: &FigureContext<'a>, parts: &[&Indicator]) -> Vec<&'a Arc<str>> {
    let has = |id: &Arc<str>| parts.iter().any(|one| one.asset.as_ref() == Some(id));
    let relations = desk.config.relations.iter();
    let covered = relations.filter(|one| one.is_counted_once() && has(&one.with));
    covered.map(|one| &one.asset).collect()
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
