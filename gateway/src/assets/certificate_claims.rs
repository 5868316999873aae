//! [`check_certificates`]: energy with a certificate (REC) stands behind no claim.
//!
//! ```text
//! meter m: energy = 'inverter.energy', rec = true
//! plant p: energy = 'inverter.energy', GRID          the same energy: an error
//! plant q: PUMP_FUEL, pump = 'w'                     energy of pump w, fed by m: an error
//! ```

use super::asset_relation::AssetRelationSort;
use super::claim_registry::{ClaimRegistry, EnergyOverlap, as_plant, claims_emissions};
use super::measured_energy::MeasuredEnergy;
use super::{Asset, PvPlantAsset, RawAsset};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;

/// Checks that no plant claims energy for which a certificate was issued: by the same point, by the
/// power beside the energy of one device, by the energy of the pump whose fuel it claims, or by
/// what is declared to be the same energy or to feed it.
pub(crate) fn check_certificates(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAsset>],
    registry: ClaimRegistry<'_>,
) {
    for (at, asset) in raw.iter().zip(registry.assets) {
        let Some(certified) = MeasuredEnergy::certified(asset) else {
            continue;
        };
        for one in registry.assets {
            let Some(plant) = claiming_plant(asset, one) else {
                continue;
            };
            let what = match overlap(registry, (asset, &certified), (one, plant)) {
                EnergyOverlap::None => continue,
                EnergyOverlap::Sure => {
                    let what = "fault-rec-claimed";
                    notes.add_error(at.span(), "claim", what, &asset.id, &one.id);
                    continue;
                }
                EnergyOverlap::Possible => "fault-rec-claimed-perhaps",
            };
            notes.add_warning(at.span(), "claim", what, &asset.id, &one.id);
        }
    }
}

/// The other asset as a plant that claims emissions beside the certificate of the first one.
fn claiming_plant<'a>(asset: &Asset, other: &'a Asset) -> Option<&'a PvPlantAsset> {
    let plant = as_plant(other)?;
    let is_certified = plant.claim.as_ref().is_some_and(|claim| claim.rec);
    let claims = claims_emissions(plant) && !is_certified;
    (claims && other.id != asset.id && other.days.overlaps(asset.days)).then_some(plant)
}

/// Certainty that the certificate is for the energy that a plant claims, itself or by a pump.
fn overlap(
    registry: ClaimRegistry<'_>,
    (asset, certified): (&Asset, &MeasuredEnergy<'_>),
    (one, plant): (&Asset, &PvPlantAsset),
) -> EnergyOverlap {
    let with = |id: &str, measured: &MeasuredEnergy<'_>| {
        if registry.is_one_energy(&asset.id, id) || is_fed(registry, &asset.id, id) {
            EnergyOverlap::Sure
        } else {
            registry.energy_overlap(certified, measured)
        }
    };
    let pumps = registry.replaced_pumps(plant);
    let by_pumps = pumps.map(|(_, (id, pump))| with(id, &MeasuredEnergy::of_pump(pump)));
    let own = with(&one.id, &MeasuredEnergy::of_plant(plant));
    by_pumps.fold(own, Ord::max)
}

/// Whether one of two assets is declared to feed the other.
fn is_fed(registry: ClaimRegistry<'_>, one: &str, other: &str) -> bool {
    let mut all = registry.relations.iter();
    all.any(|relation| relation.sort == AssetRelationSort::Feeds && relation.joins(one, other))
}
