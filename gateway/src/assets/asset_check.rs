//! [`check_assets`]: checks the assets of a site.

use super::asset_relation::{self, AssetRelation, RawAssetRelation};
use super::claim_registry::{self, ClaimRegistry};
use super::{
    Asset, CheckContext, RawAsset, asset_relations, certificate_claims, pump_drivers, shared_points,
};
use crate::carbon::settings::declared_days::check_days;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;
use crate::domain::date_bounds::DateBounds;
use crate::limits::ASSETS_MAX;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Checks all assets, each by itself and then their relations.
pub(crate) fn check_assets(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAsset>],
    relations: &[SpannedValue<RawAssetRelation>],
    around: &mut CheckContext<'_>,
) -> (Vec<Asset>, Vec<AssetRelation>) {
    if let Some(extra) = raw.get(ASSETS_MAX) {
        let (found, most) = (raw.len().to_string(), ASSETS_MAX.to_string());
        notes.add_error(extra.span(), "asset", "fault-too-many", &found, &most);
    }
    let mut seen = BTreeSet::new();
    let all: Vec<Asset> = raw
        .iter()
        .map(|at| check_asset(notes, at, around, &mut seen))
        .collect();
    asset_relations::check_relations(notes, around.factors, raw, &all);
    let relations = asset_relation::check_asset_relations(notes, relations, &all);
    let registry = ClaimRegistry {
        site: around.site,
        places: around.places,
        factors: around.factors,
        definitions: around.definitions,
        relations: &relations,
        assets: &all,
    };
    claim_registry::check_claims(notes, raw, registry);
    certificate_claims::check_certificates(notes, raw, registry);
    pump_drivers::check_driven_pumps(notes, raw, registry);
    shared_points::check_shared_points(notes, raw, &all, (&relations, around.places));
    (all, relations)
}

fn check_asset(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawAsset>,
    around: &mut CheckContext<'_>,
    seen: &mut BTreeSet<String>,
) -> Asset {
    let table = at.get();
    let (id, name) = table.id_and_name();
    let id = notes.id(id, seen);
    let name = name.as_ref().map(|at| Arc::from(at.get().as_str()));
    notes.unusual.clear();
    let kind = table.check(notes, &at.span(), around);
    let days = check_days(notes, table.days());
    for (key, declared) in kind.settings().declared_stretches() {
        check_within(notes, (&at.span(), key), declared, days);
    }
    Asset {
        name: name.unwrap_or_else(|| Arc::clone(&id)),
        id,
        // Taken out: the roles of this asset must not appear in the next one.
        points: std::mem::take(&mut around.roles),
        days,
        kind,
        unusual: std::mem::take(&mut notes.unusual),
    }
}

/// Refuses what is declared for days on which the asset is not in operation; warns where that is so
/// of some of the days.
fn check_within(
    notes: &mut DiagnosticCollector<'_>,
    (span, key): (&Range<usize>, &str),
    declared: DateBounds,
    days: DateBounds,
) {
    let (found, expected) = (declared.to_string(), days.to_string());
    let is_before = declared
        .since
        .zip(days.since)
        .is_some_and(|(own, of)| own < of);
    let is_after = declared
        .until
        .zip(days.until)
        .is_some_and(|(own, of)| own > of);
    if !declared.overlaps(days) {
        notes.add_error(span.clone(), key, "fault-days-outside", &found, &expected);
    } else if is_before || is_after {
        let what = "fault-days-partly-outside";
        notes.add_warning(span.clone(), key, what, &found, &expected);
    }
}
