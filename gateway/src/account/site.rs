//! What the assets of a site come to together.

use crate::account::carbon::Known;
use crate::account::figure::{Build, Desk, from_figure};
use crate::account::track::least;
use crate::account::wide::Wide;
use crate::model::factor::Headline;
use crate::model::indicator::{Indicator, Origin, Remark, Source};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A total and the figures that it adds up.
const TOTALS: &[(&str, &str)] = &[
    ("site.generation", "plts.generation"),
    ("site.self_use", "plts.self_use"),
    ("site.water", "pump.volume"),
    ("site.rain_captured", "catchment.captured"),
    ("co2.gross", "co2.gross"),
    ("co2.project", "co2.project"),
    ("co2.leakage", "co2.leakage"),
    ("co2.net", "co2.net"),
];

/// The totals of a site, from the figures of its assets.
pub(super) fn totals(desk: &Desk<'_>, known: Known<'_>) -> Vec<Indicator> {
    let total = |(id, of): &(&str, &str)| {
        let parts = known.iter().filter(|one| &*one.id == *of);
        let parts: Vec<&Indicator> = parts.filter(|one| one.asset.is_some()).collect();
        (!parts.is_empty()).then(|| add(desk, id, &parts))
    };
    TOTALS.iter().filter_map(total).collect()
}

/// The sum of what is known; what is not is named.
fn add(desk: &Desk<'_>, id: &str, parts: &[&Indicator]) -> Indicator {
    let mut terms = Vec::new();
    let mut left_out = Vec::new();
    let mut why = None;
    for part in parts {
        match &part.value {
            Ok(value) => terms.push((*value, Wide::from(part))),
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
    let inputs = parts.iter().map(|part| from_figure("x", part)).collect();
    let origin = known.first().map_or(Origin::Estimated, |one| one.origin);
    let mut figure = desk
        .figure(id, value, inputs)
        .origin(origin)
        .covered(least(known.iter().map(|one| one.completeness)))
        .wide(Wide::sum(&terms, linked(&known)));
    figure.equation = "Σ x";
    if let Some(unit) = parts
        .iter()
        .map(|one| &one.unit)
        .max_by_key(|unit| unit.len())
    {
        figure.unit = Arc::clone(unit);
    }
    for part in &known {
        for factor in &part.factors {
            figure = figure.factor(desk.config, factor);
        }
        figure = part.remarks.iter().cloned().fold(figure, Build::remark);
    }
    figure.headline = Headline::of_all(known.iter().map(|one| one.headline));
    if left_out.is_empty() {
        return figure;
    }
    figure.remark(Remark::new("account-left-out").with("assets", left_out.join(", ")))
}

/// Two of them share a meter or a factor, so that their doubts add up (G.2).
fn linked(parts: &[&Indicator]) -> bool {
    let mut seen: BTreeSet<Arc<str>> = BTreeSet::new();
    parts.iter().any(|part| {
        let points = part.inputs.iter().filter_map(|input| match &input.from {
            Source::Point(readings) => readings.point.split('.').next().map(Arc::from),
            _ => None,
        });
        let factors = part.factors.iter().map(|factor| Arc::clone(&factor.id));
        let own: BTreeSet<Arc<str>> = points.chain(factors).collect();
        let shared = !own.is_disjoint(&seen);
        seen.extend(own);
        shared
    })
}
