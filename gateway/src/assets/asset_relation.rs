//! [`AssetRelation`]: what a site declares about two of its assets.

use crate::assets::{Asset, AssetKind};
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawText, SpannedValue};
use crate::limits::ASSETS_MAX;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Relation of one asset to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetRelation {
    /// The asset.
    pub asset: Arc<str>,
    /// Its relation to the other one.
    pub sort: AssetRelationSort,
    /// The other asset.
    pub with: Arc<str>,
}

/// Sort of a relation. In all of them, what the two measure moves together.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum AssetRelationSort {
    /// Its energy or water goes to the other one.
    Feeds,
    /// The other one measures it too: it counts in no total of the site.
    PartOf,
    /// The same energy or water passes both: it counts in no total of the site.
    InSeries,
}

/// `[[relation]]`: relation of one asset to another.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawAssetRelation {
    /// Id of the asset.
    #[schemars(required)]
    pub(crate) asset: RawText,
    /// `feeds`: its energy or water goes to the other one; `part-of`: the other one measures it
    /// too; `in-series`: the same energy or water passes both.
    #[schemars(required)]
    pub(crate) kind: Option<SpannedValue<AssetRelationSort>>,
    /// Id of the other asset.
    #[schemars(required)]
    pub(crate) with: RawText,
}

impl AssetRelation {
    /// Whether it is between these two, in either direction.
    pub fn joins(&self, one: &str, other: &str) -> bool {
        (*self.asset == *one && *self.with == *other)
            || (*self.asset == *other && *self.with == *one)
    }

    /// Whether the asset counts in no total in which the other one does.
    pub fn is_counted_once(&self) -> bool {
        match self.sort {
            AssetRelationSort::Feeds => false,
            AssetRelationSort::PartOf | AssetRelationSort::InSeries => true,
        }
    }
}

/// Checks the declared relations.
pub(crate) fn check_asset_relations(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAssetRelation>],
    assets: &[Asset],
) -> Vec<AssetRelation> {
    if let Some(extra) = raw.get(ASSETS_MAX) {
        let (found, most) = (raw.len().to_string(), ASSETS_MAX.to_string());
        notes.add_error(extra.span(), "relation", "fault-too-many", &found, &most);
    }
    let mut all = Vec::new();
    for at in raw {
        let typed = at.get();
        let asset = known_asset(notes, assets, &typed.asset, "asset");
        let with = known_asset(notes, assets, &typed.with, "with");
        let sort = typed.kind.as_ref().map(|at| *at.get());
        let (Some(asset), Some(sort), Some(with)) = (asset, sort, with) else {
            continue;
        };
        if asset == with {
            notes.add_error(at.span(), "with", "fault-relation-own", &asset, "");
            continue;
        }
        let relation = AssetRelation { asset, sort, with };
        let (one, other) = (&relation.asset, &relation.with);
        if !have_common_quantity(assets, one, other) {
            notes.add_error(at.span(), "with", "fault-relation-nothing", one, other);
            continue;
        }
        if closes_circle(&all, &relation) {
            let what = if relation.is_counted_once() {
                "fault-relation-circle"
            } else {
                "fault-relation-both-ways"
            };
            notes.add_error(at.span(), "with", what, one, other);
            continue;
        }
        all.push(relation);
    }
    all
}

/// Whether the first asset handles energy, water or organic waste that the second one handles too.
fn have_common_quantity(assets: &[Asset], one: &str, other: &str) -> bool {
    let of = |id: &str| -> &[&str] {
        let asset = assets.iter().find(|asset| *asset.id == *id);
        match asset.map(|asset| &asset.kind) {
            Some(AssetKind::Plts(_) | AssetKind::Genset(_) | AssetKind::Meter(_)) => &["energy"],
            Some(AssetKind::Pump(_)) => &["energy", "water"],
            Some(AssetKind::Tank(_) | AssetKind::Catchment(_)) => &["water"],
            Some(AssetKind::Bsf(_) | AssetKind::Compost(_)) => &["energy", "waste"],
            // A kind of which nothing is known here has nothing in common.
            _ => &[],
        }
    };
    of(one).iter().any(|quantity| of(other).contains(quantity))
}

/// Whether the relations lead from the other asset of a new one back to its own, over any number of
/// assets. What feeds must not be fed by itself; of what counts once, every asset of a circle would
/// be left out for the next one, and none would count.
fn closes_circle(known: &[AssetRelation], new: &AssetRelation) -> bool {
    let is_alike = |one: &&AssetRelation| one.is_counted_once() == new.is_counted_once();
    let mut seen = BTreeSet::new();
    let mut next = vec![&new.with];
    while let Some(id) = next.pop() {
        if seen.insert(id) {
            let onward = known.iter().filter(is_alike).filter(|one| one.asset == *id);
            next.extend(onward.map(|one| &one.with));
        }
    }
    seen.contains(&new.asset)
}

fn known_asset(
    notes: &mut DiagnosticCollector<'_>,
    assets: &[Asset],
    typed: &RawText,
    key: &str,
) -> Option<Arc<str>> {
    let at = typed.as_ref()?;
    if let Some(found) = assets.iter().find(|asset| *asset.id == **at.get()) {
        return Some(Arc::clone(&found.id));
    }
    let ids: Vec<&str> = assets.iter().map(|asset| &*asset.id).collect();
    let hint = nearest_name(at.get(), ids.iter().copied());
    let all = ids.join(", ");
    let what = "fault-unknown-asset";
    notes.add_error_with_hint(at.span(), key, what, at.get(), &all, hint);
    None
}
