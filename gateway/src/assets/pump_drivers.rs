//! [`check_driven_pumps`]: energy that drives a pump whose fuel is claimed stands behind no other
//! claim (METHODS C.2).
//!
//! ```text
//! plant p: GRID, named by pump w          the energy of pump w is claimed by p,
//! plant q: PUMP_FUEL, pump = 'w'          and its fuel by q: an error
//! ```

use super::claim_registry::{ClaimRegistry, as_plant, claimed_days, is_point};
use super::energy_chain::energy_reaches;
use super::energy_overlap::EnergyOverlap;
use super::{Asset, PumpAsset, PvPlantAsset, RawAsset};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;
use std::sync::Arc;

/// A plant that claims the fuel of a pump, and another one that drives the pump, or may.
#[derive(Clone, Debug)]
struct PumpDriver<'a> {
    claiming: &'a Asset,
    pump: &'a str,
    driver: &'a Asset,
    certainty: EnergyOverlap,
}

/// Checks that the energy which drives the pump of a fuel pump baseline is not claimed as well.
pub(crate) fn check_driven_pumps(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAsset>],
    registry: ClaimRegistry<'_>,
) {
    let ats: Vec<_> = raw.iter().zip(registry.assets).collect();
    for found in pump_drivers(&registry) {
        let Some((at, _)) = ats.iter().find(|(_, one)| one.id == found.claiming.id) else {
            continue;
        };
        let what = match found.certainty {
            EnergyOverlap::Sure => "fault-pump-claimed-twice",
            _ => "fault-pump-driver",
        };
        let said = (found.pump, &*found.driver.id);
        found.certainty.tell(notes, (at, "baseline"), what, said);
    }
}

/// Pairs of plants, by id: the one that claims the fuel of a pump, and the one of which nobody
/// knows whether it drives the pump.
pub(crate) fn doubted_drivers(registry: ClaimRegistry<'_>) -> Vec<(Arc<str>, Arc<str>)> {
    let found = pump_drivers(&registry).into_iter();
    let doubted = found.filter(|one| one.certainty != EnergyOverlap::Sure);
    doubted
        .map(|one| (Arc::clone(&one.claiming.id), Arc::clone(&one.driver.id)))
        .collect()
}

/// Each plant that claims while another one claims the fuel of a pump, unless the pump is declared
/// to be driven by neither of them.
fn pump_drivers<'a>(registry: &'a ClaimRegistry<'a>) -> Vec<PumpDriver<'a>> {
    let mut all = Vec::new();
    for claiming in registry.assets {
        let Some(plant) = as_plant(claiming) else {
            continue;
        };
        for (days, (pump_id, pump)) in registry.replaced_pumps(plant) {
            for driver in registry.assets.iter().filter(|one| one.id != claiming.id) {
                let claims = |one: &PvPlantAsset| claimed_days(one).any(|own| own.overlaps(days));
                if !as_plant(driver).is_some_and(claims) || !driver.days.overlaps(claiming.days) {
                    continue;
                }
                let certainty = drives(*registry, driver, (pump_id, pump));
                if certainty == EnergyOverlap::None && pump.plts.is_some() {
                    continue;
                }
                all.push(PumpDriver {
                    claiming,
                    pump: pump_id,
                    driver,
                    certainty,
                });
            }
        }
    }
    all
}

/// Certainty that a plant drives the pump, by what the site has declared or measures.
fn drives(
    registry: ClaimRegistry<'_>,
    plant: &Asset,
    (pump_id, pump): (&str, &PumpAsset),
) -> EnergyOverlap {
    let is_named = pump.plts.as_ref() == Some(&plant.id);
    if is_named || as_plant(plant).is_some_and(|plant| shares_energy(plant, pump)) {
        return EnergyOverlap::Sure;
    }
    let carries = |id: &str| registry.carries_energy(id);
    energy_reaches(registry.relations, carries, &plant.id, pump_id)
}

/// Whether the pump is measured by the point of the plant.
fn shares_energy(plant: &PvPlantAsset, pump: &PumpAsset) -> bool {
    let own = [&plant.energy, &plant.power].into_iter().flatten();
    let pumped = [&pump.energy, &pump.power];
    own.into_iter()
        .any(|point| pumped.iter().any(|one| is_point(one.as_ref(), &point.id)))
}
