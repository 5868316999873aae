//! What must hold between assets: named ones exist and are of the right kind, a kilowatt-hour is
//! claimed once, grid factors are of one vintage.

use super::baseline::{BaselineKind, PumpFuelWay, RawBaseline};
use super::{Asset, AssetKind, Plts, RawAsset};
use crate::config::fault::nearest;
use crate::config::notes::Notes;
use crate::config::raw::{At, Text};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn check(notes: &mut Notes<'_>, raw: &[At<RawAsset>], all: &[Asset]) {
    for (at, asset) in raw.iter().zip(all) {
        match at.get() {
            RawAsset::Pump(raw) => named(notes, all, &raw.plts, "plts", "plts"),
            RawAsset::Catchment(raw) => named(notes, all, &raw.tank, "tank", "tank"),
            RawAsset::Plts(raw) => {
                if let Some(project) = &raw.project {
                    named(notes, all, &project.get().genset, "genset", "genset");
                }
                if let Some(at) = &raw.baseline
                    && let RawBaseline::PumpFuel(typed) = at.get()
                {
                    named(notes, all, &typed.pump, "pump", "pump");
                    replaced_pump(notes, at, asset, all);
                }
            }
            _ => {}
        }
    }
    claims(notes, raw, all);
    vintages(notes, raw, all);
}

/// An asset named by another one.
fn named(notes: &mut Notes<'_>, all: &[Asset], typed: &Text, key: &str, kind: &str) {
    let Some(at) = typed else {
        return;
    };
    let found = all.iter().find(|asset| *asset.id == **at.get());
    match found {
        Some(asset) if asset.kind.word() == kind => {}
        Some(asset) => {
            let found = format!("{} ({})", asset.id, asset.kind.word());
            notes.fault(at.span(), key, "fault-asset-kind", &found, kind);
        }
        None => {
            let of_kind = all.iter().filter(|asset| asset.kind.word() == kind);
            let ids: Vec<&str> = of_kind.map(|asset| &*asset.id).collect();
            let hint = nearest(at.get(), ids.iter().copied());
            notes.add(
                at.span(),
                key,
                "fault-unknown-asset",
                at.get(),
                &ids.join(", "),
                hint,
            );
        }
    }
}

fn plant(asset: &Asset) -> Option<&Plts> {
    match &asset.kind {
        AssetKind::Plts(plant) => Some(plant),
        _ => None,
    }
}

/// The water of the pump must be measured, and without litres its head known.
fn replaced_pump(notes: &mut Notes<'_>, at: &At<RawBaseline>, asset: &Asset, all: &[Asset]) {
    let baseline = plant(asset).and_then(|plant| plant.baseline.as_ref());
    let Some(BaselineKind::PumpFuel { pump: id, way, .. }) = baseline.map(|one| &one.kind) else {
        return;
    };
    let named = all.iter().find(|asset| asset.id == *id);
    let Some(AssetKind::Pump(pump)) = named.map(|asset| &asset.kind) else {
        return;
    };
    if pump.volume.is_none() && pump.flow.is_none() {
        notes.fault(at.span(), "pump", "fault-pump-lacks", id, "volume, flow");
    }
    if matches!(way, PumpFuelWay::Water { .. }) && pump.head.is_none() {
        notes.fault(at.span(), "pump", "fault-pump-lacks", id, "head");
    }
}

/// Two plants must not claim the energy of one point (G.7).
fn claims(notes: &mut Notes<'_>, raw: &[At<RawAsset>], all: &[Asset]) {
    let mut owners: BTreeMap<&str, &Arc<str>> = BTreeMap::new();
    for (at, asset) in raw.iter().zip(all) {
        let claims = plant(asset).filter(|plant| {
            let kind = plant.baseline.as_ref().map(|one| &one.kind);
            kind.is_some_and(|kind| *kind != BaselineKind::None)
        });
        let Some(point) = claims.and_then(|plant| plant.energy.as_ref().or(plant.power.as_ref()))
        else {
            continue;
        };
        if let Some(owner) = owners.insert(&point.id, &asset.id) {
            notes.fault(
                at.span(),
                "baseline",
                "fault-claimed-twice",
                &point.id,
                owner,
            );
        }
    }
}

/// One vintage of grid factors a year (C.2).
fn vintages(notes: &mut Notes<'_>, raw: &[At<RawAsset>], all: &[Asset]) {
    let mut first: Option<(i16, &str)> = None;
    for (at, asset) in raw.iter().zip(all) {
        let baseline = plant(asset).and_then(|plant| plant.baseline.as_ref());
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
                notes.warn(at.span(), "baseline", "fault-vintages", &found, &other);
            }
            (Some(year), None) => first = Some((year, &factor.id)),
            _ => {}
        }
    }
}
