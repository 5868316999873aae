//! [`merged`]: builds the profile of a variant from its base profile.

use crate::config::raw_profile::{RawProfile, RawVariant};
use crate::config::raw_values::SpannedValue;
use std::collections::BTreeSet;

/// Entry of `without` that removes all points.
const ALL_POINTS: &str = "*";

/// Returns the base profile with the facts of the variant.
pub(crate) fn merge_variant(base: &RawProfile, variant: &RawVariant) -> RawProfile {
    let own: BTreeSet<&str> = variant
        .point
        .iter()
        .filter_map(|point| Some(point.get().id.as_ref()?.get().as_str()))
        .collect();
    let without: BTreeSet<&str> = variant.without.iter().map(|at| at.get().as_str()).collect();
    let stays = |id: Option<&SpannedValue<String>>| {
        let id = id.map_or("", |at| at.get().as_str());
        !own.contains(id) && !without.contains(id) && !without.contains(ALL_POINTS)
    };
    let mut merged = base.clone();
    merged.variant.clear();
    merged.point.retain(|at| stays(at.get().id.as_ref()));
    merged.point.extend(variant.point.iter().cloned());
    let facts: BTreeSet<&str> = base
        .fact
        .iter()
        .filter_map(|fact| Some(fact.get().id.as_ref()?.get().as_str()))
        .collect();
    // Facts are not removed by `without`, so their captures stay.
    merged.capture.retain(|at| {
        let id = at.get().point.as_ref();
        stays(id) || id.is_some_and(|at| facts.contains(at.get().as_str()))
    });
    merged.capture.extend(variant.capture.iter().cloned());
    merged.model = variant.model.clone().or(merged.model);
    merged.confidence = variant.confidence.clone().or(merged.confidence);
    merged.limits = variant.limits.clone().or(merged.limits);
    merged.link = variant.link.clone().unwrap_or(merged.link);
    if !variant.identify.is_empty() {
        merged.identify.clone_from(&variant.identify);
    }
    merged
}

/// Ids in `without` that the profile does not have.
pub(crate) fn unknown_removed_points<'a>(
    base: &RawProfile,
    variant: &'a RawVariant,
) -> Vec<&'a SpannedValue<String>> {
    let known = |name: &str| {
        let mut ids = base
            .point
            .iter()
            .filter_map(|point| point.get().id.as_ref());
        name == ALL_POINTS || ids.any(|id| id.get() == name)
    };
    let without = variant.without.iter();
    without.filter(|at| !known(at.get())).collect()
}
