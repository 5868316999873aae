//! [`check_relations`]: checks relations between assets.
//!
//! Referenced assets must exist and have the right kind, a kilowatt-hour is claimed once, and grid
//! factors have one vintage.

use super::{Asset, AssetKind, NamedAsset, PvPlantAsset, RawAsset};
use crate::carbon::settings::baseline::BaselineKind;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) fn check_relations(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAsset>],
    all: &[Asset],
) {
    let named: Vec<&dyn NamedAsset> = all.iter().map(|asset| asset as &dyn NamedAsset).collect();
    for (at, asset) in raw.iter().zip(all) {
        let table = at.get().table();
        table.check_relations(notes, asset.kind.settings(), &named);
    }
    check_single_claim(notes, raw, all);
    warn_mixed_vintages(notes, raw, all);
}

fn as_pv_plant(asset: &Asset) -> Option<&PvPlantAsset> {
    match &asset.kind {
        AssetKind::Plts(plant) => Some(plant),
        _ => None,
    }
}

/// Checks that no two plants claim the energy of one point (METHODS G.7).
fn check_single_claim(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAsset>],
    all: &[Asset],
) {
    let mut owners: BTreeMap<&str, &Arc<str>> = BTreeMap::new();
    for (at, asset) in raw.iter().zip(all) {
        // A plant without a baseline, or with `NONE`, claims nothing.
        let claims = as_pv_plant(asset).filter(|plant| {
            let kind = plant.baseline.as_ref().map(|one| &one.kind);
            kind.is_some_and(|kind| *kind != BaselineKind::None)
        });
        // The counter where there is one: it is the point that the figures use.
        let Some(point) = claims.and_then(|plant| plant.energy.as_ref().or(plant.power.as_ref()))
        else {
            continue;
        };
        if let Some(owner) = owners.insert(&point.id, &asset.id) {
            notes.add_error(
                at.span(),
                "baseline",
                "fault-claimed-twice",
                &point.id,
                owner,
            );
        }
    }
}

/// Warns about grid factors of different years (METHODS C.2: one vintage a year).
fn warn_mixed_vintages(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAsset>],
    all: &[Asset],
) {
    let mut first: Option<(i16, &str)> = None;
    for (at, asset) in raw.iter().zip(all) {
        let baseline = asset.baseline();
        let Some(BaselineKind::Grid {
            factor: Some(factor),
            ..
        }) = baseline.map(|one| &one.kind)
        else {
            continue;
        };
        match (factor.year, first) {
            (Some(year), Some((other, id))) if year != other => {
                let (found, other) = (format!("{} ({year})", factor.id), format!("{id} ({other})"));
                notes.add_warning(at.span(), "baseline", "fault-vintages", &found, &other);
            }
            (Some(year), None) => first = Some((year, &factor.id)),
            _ => {}
        }
    }
}
