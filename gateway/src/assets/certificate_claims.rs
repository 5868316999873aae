//! [`check_certificates`]: energy with a certificate (REC) stands behind no claim.
//!
//! ```text
//! meter m: energy = 'inverter.energy', rec = true
//! plant p: energy = 'inverter.energy', GRID          the same energy: an error
//! plant q: PUMP_FUEL, pump = 'w'                     energy of pump w, fed by m: an error
//! plant r: GRID, feeds n, n part-of m                energy of m, by relations: an error
//! ```

use super::claim_registry::{ClaimRegistry, as_plant, claims_emissions};
use super::energy_overlap::{EnergyOverlap, energy_overlap};
use super::measured_energy::MeasuredEnergy;
use super::{Asset, PvPlantAsset, RawAsset};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;
use std::sync::Arc;

/// Checks that no plant claims energy for which a certificate was issued: by the same point, by the
/// power beside the energy of one device, by the energy of the pump whose fuel it claims, or by
/// what is declared to be the same energy or to feed it.
pub(crate) fn check_certificates(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAsset>],
    registry: ClaimRegistry<'_>,
) {
    let ats = raw.iter().zip(registry.assets);
    let ats: Vec<(&SpannedValue<RawAsset>, &Asset)> = ats.collect();
    for (asset, plant, (overlap, by_relations)) in certified_claims(registry) {
        let Some((at, _)) = ats.iter().find(|(_, one)| one.id == asset.id) else {
            continue;
        };
        match overlap {
            EnergyOverlap::None => {}
            EnergyOverlap::Sure => {
                let what = "fault-rec-claimed";
                notes.add_error(at.span(), "claim", what, &asset.id, &plant.id);
            }
            EnergyOverlap::Possible => {
                let what = if by_relations {
                    "fault-rec-claimed-chain"
                } else {
                    "fault-rec-claimed-perhaps"
                };
                notes.add_warning(at.span(), "claim", what, &asset.id, &plant.id);
            }
        }
    }
}

/// Ids of the plants whose claims may be for energy with a certificate, each with the asset that
/// has it.
pub(crate) fn doubted_certificates(registry: ClaimRegistry<'_>) -> Vec<(Arc<str>, Arc<str>)> {
    let doubted = certified_claims(registry).into_iter();
    let doubted = doubted.filter(|(_, _, (overlap, _))| *overlap == EnergyOverlap::Possible);
    let ids = doubted.map(|(asset, plant, _)| (Arc::clone(&plant.id), Arc::clone(&asset.id)));
    ids.collect()
}

/// Whether a certificate was issued for energy that the asset measures.
pub(crate) fn has_certificate(asset: &Asset) -> bool {
    MeasuredEnergy::certified(asset).is_some()
}

/// Each asset with a certificate and each plant that claims beside it, with the certainty that the
/// two are about the same energy, and whether declared relations give it.
fn certified_claims(registry: ClaimRegistry<'_>) -> Vec<(&Asset, &Asset, (EnergyOverlap, bool))> {
    let mut all = Vec::new();
    for asset in registry.assets {
        let Some(certified) = MeasuredEnergy::certified(asset) else {
            continue;
        };
        for one in registry.assets {
            if let Some(plant) = claiming_plant(asset, one) {
                let found = overlap(registry, (asset, &certified), (one, plant));
                all.push((asset, one, found));
            }
        }
    }
    all
}

/// The other asset as a plant that claims emissions beside the certificate of the first one.
fn claiming_plant<'a>(asset: &Asset, other: &'a Asset) -> Option<&'a PvPlantAsset> {
    let plant = as_plant(other)?;
    let is_certified = plant.claim.as_ref().is_some_and(|claim| claim.rec);
    let claims = claims_emissions(plant) && !is_certified;
    (claims && other.id != asset.id && other.days.overlaps(asset.days)).then_some(plant)
}

/// Certainty that the certificate is for the energy that a plant claims, itself or by a pump, and
/// whether declared relations say so.
fn overlap(
    registry: ClaimRegistry<'_>,
    (asset, certified): (&Asset, &MeasuredEnergy<'_>),
    (one, plant): (&Asset, &PvPlantAsset),
) -> (EnergyOverlap, bool) {
    let with = |declared: EnergyOverlap, measured: &MeasuredEnergy<'_>| {
        let measured = energy_overlap((registry.site, registry.places), certified, measured);
        (declared.max(measured), declared >= measured)
    };
    let related = |id: &str| registry.declared_overlap(&asset.id, id);
    let pumps = registry.replaced_pumps(plant);
    let by_pumps = pumps.map(|(_, (id, pump))| {
        let driven = registry.driven_overlap(&asset.id, pump);
        with(driven.max(related(id)), &MeasuredEnergy::of_pump(pump))
    });
    let own = with(related(&one.id), &MeasuredEnergy::of_plant(plant));
    by_pumps.fold(own, Ord::max)
}
