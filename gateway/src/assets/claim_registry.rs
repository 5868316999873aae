//! [`check_claims`]: the same physical quantity stands behind at most one claim (METHODS G.7), by
//! whatever point it is measured.
//!
//! ```text
//! plant a: energy = 'inverter.energy', GRID         claims the energy of the inverter
//! plant b: power = 'inverter.power', PUMP_FUEL      claims it again, by its power: an error
//! ```

use super::asset_relation::AssetRelation;
use super::energy_chain::energy_chain;
use super::energy_overlap::{EnergyOverlap, energy_overlap};
use super::measured_energy::MeasuredEnergy;
use super::{Asset, AssetKind, AssetPoint, PumpAsset, PvPlantAsset, RawAsset};
use crate::carbon::settings::baseline::BaselineKind;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::factors::Factors;
use crate::config::raw_values::SpannedValue;
use crate::config::same_places::SamePlaces;
use crate::domain::Site;
use crate::domain::date_bounds::DateBounds;
use crate::ledger::{IndicatorDefinition, IndicatorDefinitions, LedgerDimension};
use std::sync::Arc;

/// The site, its assets and their relations, among which claims are compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClaimRegistry<'a> {
    pub(crate) site: &'a Site,
    pub(crate) places: &'a SamePlaces,
    pub(crate) factors: &'a Factors,
    pub(crate) definitions: &'a IndicatorDefinitions,
    pub(crate) relations: &'a [AssetRelation],
    pub(crate) assets: &'a [Asset],
}

/// Two assets whose energy is, or may be, the same.
#[derive(Clone, Debug)]
struct CommonEnergy {
    certainty: EnergyOverlap,
    /// Message key.
    what: &'static str,
    /// Points or asset that were found, as the message quotes them.
    found: String,
}

/// Checks kilowatt-hours, water, and the records of people: each is claimed once.
pub(crate) fn check_claims(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAsset>],
    registry: ClaimRegistry<'_>,
) {
    let all: Vec<(&SpannedValue<RawAsset>, &Asset)> = raw.iter().zip(registry.assets).collect();
    for (index, (at, later)) in all.iter().enumerate() {
        let at_one_time = |earlier: &&Asset| earlier.days.overlaps(later.days);
        for earlier in all[..index].iter().map(|(_, one)| *one).filter(at_one_time) {
            registry.check_plants(notes, at, (earlier, later));
            registry.check_pumps(notes, at, (earlier, later));
            registry.check_meters(notes, at, (earlier, later));
            registry.check_sets(notes, at, (earlier, later));
            check_bought_fuel(notes, at, (earlier, later));
        }
        registry.check_records(notes, at, later);
        registry.check_effects(notes, at, later);
    }
}

impl ClaimRegistry<'_> {
    /// Two plants must not be the same energy: claimed by both, or added to the site's total twice.
    fn check_plants(
        self,
        notes: &mut DiagnosticCollector<'_>,
        at: &SpannedValue<RawAsset>,
        (earlier, later): (&Asset, &Asset),
    ) {
        let (Some(one), Some(other)) = (as_plant(earlier), as_plant(later)) else {
            return;
        };
        self.check_same_pump(notes, at, (earlier, one), other);
        if let Some(common) = self.common_energy((earlier, one), (later, other)) {
            common.tell(notes, (at, "baseline"), &earlier.id);
        }
    }

    /// The energy that two plants claim together or add to the site's total twice; `None` without
    /// any.
    fn common_energy(
        self,
        (earlier, one): (&Asset, &PvPlantAsset),
        (later, other): (&Asset, &PvPlantAsset),
    ) -> Option<CommonEnergy> {
        let (first, second) = main_point(one).zip(main_point(other))?;
        let both_claim = claims_together(one, other);
        if self.is_counted_once(earlier, later) && !both_claim {
            return None;
        }
        let measured = [one, other].map(MeasuredEnergy::of_plant);
        let known = (self.site, self.places);
        let overlap = energy_overlap(known, &measured[0], &measured[1]);
        // What is part of, in series with, or fed by another plant is the same energy.
        let declared = self.declared_overlap(&earlier.id, &later.id);
        let (certainty, what) = match (overlap, declared) {
            (EnergyOverlap::Sure, _) if first.id == second.id => (overlap, "fault-claimed-twice"),
            (EnergyOverlap::Sure, _) => (overlap, "fault-claimed-twice-device"),
            (_, EnergyOverlap::Sure) if both_claim => (declared, "fault-claimed-related"),
            (EnergyOverlap::Possible, _) => (overlap, "fault-claimed-perhaps"),
            (_, EnergyOverlap::Possible) if both_claim => (declared, "fault-claimed-chain"),
            _ => return None,
        };
        let found = match what {
            "fault-claimed-twice" => second.id.to_string(),
            "fault-claimed-related" | "fault-claimed-chain" => later.id.to_string(),
            _ => format!("{}, {}", first.id, second.id),
        };
        Some(CommonEnergy {
            certainty,
            what,
            found,
        })
    }

    /// The energy of a generator set is not that of a plant or of another set.
    fn check_sets(
        self,
        notes: &mut DiagnosticCollector<'_>,
        at: &SpannedValue<RawAsset>,
        (earlier, later): (&Asset, &Asset),
    ) {
        if let Some(common) = self.common_generation(earlier, later) {
            common.tell(notes, (at, "energy"), &earlier.id);
        }
    }

    /// The energy that a generator set and a plant, or two sets, both count; one point in both
    /// roles is refused elsewhere (`shared_points`).
    fn common_generation(self, earlier: &Asset, later: &Asset) -> Option<CommonEnergy> {
        let is_set = |asset: &Asset| matches!(asset.kind, AssetKind::Genset(_));
        let (one, other) = generated(earlier).zip(generated(later))?;
        if !(is_set(earlier) || is_set(later)) || one.shares_point(&other, self.places) {
            return None;
        }
        let certainty = energy_overlap((self.site, self.places), &one, &other);
        let what = match certainty {
            EnergyOverlap::Sure => "fault-claimed-twice-device",
            EnergyOverlap::Possible => "fault-generated-perhaps",
            EnergyOverlap::None => return None,
        };
        let found = one.main_points(&other);
        let found = found.first().map(|(id, id2)| format!("{id}, {id2}"));
        Some(CommonEnergy {
            certainty,
            what,
            found: found.unwrap_or_default(),
        })
    }

    /// Pairs of assets whose energy may be the same, by id: `check` warns of them, and what is
    /// counted of both is to be checked.
    pub(crate) fn doubted_energy(self) -> Vec<(Arc<str>, Arc<str>)> {
        let mut all = Vec::new();
        for (index, later) in self.assets.iter().enumerate() {
            let before = self.assets.iter().take(index);
            for earlier in before.filter(|one| one.days.overlaps(later.days)) {
                let plants = as_plant(earlier).zip(as_plant(later));
                let common = match plants {
                    Some((one, other)) => self.common_energy((earlier, one), (later, other)),
                    None => self.common_generation(earlier, later),
                };
                if common.is_some_and(|one| one.certainty == EnergyOverlap::Possible) {
                    all.push((Arc::clone(&earlier.id), Arc::clone(&later.id)));
                }
            }
        }
        all
    }

    /// The water of a pump stands behind one claim.
    fn check_same_pump(
        self,
        notes: &mut DiagnosticCollector<'_>,
        at: &SpannedValue<RawAsset>,
        (earlier, one): (&Asset, &PvPlantAsset),
        other: &PvPlantAsset,
    ) {
        let water = |pump: &PumpAsset| {
            let point = pump.volume.as_ref().or(pump.flow.as_ref());
            point.map(|point| Arc::clone(&point.id))
        };
        for (days, (first, pump)) in self.replaced_pumps(one) {
            for (other_days, (second, other_pump)) in self.replaced_pumps(other) {
                let is_one_water = || {
                    let both = water(pump).zip(water(other_pump));
                    both.is_some_and(|(one, other)| self.places.is_one_point(&one, &other))
                };
                let is_same = first == second || is_one_water() || self.is_one_lift(first, second);
                if is_same && days.overlaps(other_days) {
                    let what = "fault-water-claimed-twice";
                    notes.add_error(at.span(), "baseline", what, second, &earlier.id);
                    return;
                }
            }
        }
    }

    /// Certainty that the energy of an asset is that of the plant which a pump names as its own.
    pub(super) fn driven_overlap(self, asset: &str, pump: &PumpAsset) -> EnergyOverlap {
        match pump.plts.as_deref() {
            Some(plts) if plts == asset => EnergyOverlap::Sure,
            Some(plts) => self.declared_overlap(asset, plts),
            None => EnergyOverlap::None,
        }
    }

    /// Water of two pumps that is the same is added to the site's total once.
    fn check_pumps(
        self,
        notes: &mut DiagnosticCollector<'_>,
        at: &SpannedValue<RawAsset>,
        (earlier, later): (&Asset, &Asset),
    ) {
        let (AssetKind::Pump(one), AssetKind::Pump(other)) = (&earlier.kind, &later.kind) else {
            return;
        };
        let water = |pump: &PumpAsset| pump.volume.clone().or_else(|| pump.flow.clone());
        let Some((first, second)) = water(one).zip(water(other)) else {
            return;
        };
        let is_one_point = self.places.is_one_point(&first.id, &second.id);
        if is_one_point && !self.is_counted_once(earlier, later) {
            let what = "fault-water-counted-twice";
            notes.add_error(at.span(), "volume", what, &second.id, &earlier.id);
        }
    }

    /// Two meters of one point are shown twice; they add up nowhere.
    fn check_meters(
        self,
        notes: &mut DiagnosticCollector<'_>,
        at: &SpannedValue<RawAsset>,
        (earlier, later): (&Asset, &Asset),
    ) {
        let (AssetKind::Meter(one), AssetKind::Meter(other)) = (&earlier.kind, &later.kind) else {
            return;
        };
        let Some((first, second)) = one.energy.as_ref().zip(other.energy.as_ref()) else {
            return;
        };
        let is_one_point = self.places.is_one_point(&first.id, &second.id);
        if is_one_point && !self.are_related(earlier, later) {
            let what = "fault-measured-twice";
            notes.add_warning(at.span(), "energy", what, &second.id, &earlier.id);
        }
    }

    /// Certainty that one asset is declared to be in the energy of the other, over any number of
    /// relations.
    pub(super) fn declared_overlap(self, one: &str, other: &str) -> EnergyOverlap {
        energy_chain(self.relations, |id| self.carries_energy(id), one, other)
    }

    /// Whether what the asset feeds gets energy from it.
    pub(super) fn carries_energy(self, id: &str) -> bool {
        let found = self.assets.iter().find(|one| *one.id == *id);
        found.is_some_and(|one| {
            let carries = |kind: &AssetKind| {
                matches!(
                    kind,
                    AssetKind::Plts(_) | AssetKind::Genset(_) | AssetKind::Meter(_)
                )
            };
            carries(&one.kind)
        })
    }

    /// A record whose quantity has an effect in CO2 must not stand behind the emissions of a bin
    /// too.
    fn check_records(
        self,
        notes: &mut DiagnosticCollector<'_>,
        at: &SpannedValue<RawAsset>,
        asset: &Asset,
    ) {
        let Some(waste) = asset.kind.settings().organic_waste() else {
            return;
        };
        if waste.disposal.is_none() {
            return;
        }
        let definition = self.definitions.find(waste.fed);
        if let Some(factor) = definition.and_then(|one| self.emission_factor(one)) {
            let what = "fault-mass-claimed-twice";
            notes.add_error(at.span(), "disposal", what, waste.fed, factor);
        }
    }

    /// Warns of records with an effect in CO2 that may be what an asset claims.
    fn check_effects(
        self,
        notes: &mut DiagnosticCollector<'_>,
        at: &SpannedValue<RawAsset>,
        asset: &Asset,
    ) {
        for (indicator, (key, what)) in self.effects_beside(asset) {
            notes.add_warning(at.span(), key, what, &indicator, &asset.id);
        }
    }

    /// Indicators whose effect in CO2 may be what an asset claims, each with the key of the asset
    /// and the message key of its warning.
    fn effects_beside(self, asset: &Asset) -> Vec<(Arc<str>, (&'static str, &'static str))> {
        let waste = asset.kind.settings().organic_waste();
        let waste = waste.filter(|waste| waste.disposal.is_some());
        let claims = |is_it: fn(&BaselineKind) -> bool| {
            let mut all = asset.baselines().iter();
            all.any(|one| is_it(&one.kind))
        };
        let saves_fuel = claims(|kind| {
            matches!(
                kind,
                BaselineKind::Genset { .. } | BaselineKind::PumpFuel { .. }
            )
        });
        let saves_grid = claims(|kind| matches!(kind, BaselineKind::Grid { .. }));
        let beside = |one: &IndicatorDefinition| {
            let measures = |what| self.definitions.measures(&one.unit, what);
            // That of what the bin is fed is an error elsewhere.
            let is_waste = waste.as_ref().is_some_and(|waste| **waste.fed != *one.id);
            if saves_fuel && measures(LedgerDimension::Volume) {
                Some(("baseline", "fault-litres-claimed-perhaps"))
            } else if saves_grid && measures(LedgerDimension::Energy) {
                Some(("baseline", "fault-energy-claimed-perhaps"))
            } else if is_waste && measures(LedgerDimension::Mass) {
                Some(("disposal", "fault-mass-claimed-perhaps"))
            } else {
                None
            }
        };
        let all = self.definitions.all().iter();
        all.filter(|one| self.emission_factor(one).is_some())
            .filter_map(|one| Some((Arc::clone(&one.id), beside(one)?)))
            .collect()
    }

    /// Indicators whose effect may be what an asset claims, with the id of the asset: `check` warns
    /// of them, and the effect is to be checked.
    pub(crate) fn doubted_effects(self) -> Vec<(Arc<str>, Arc<str>)> {
        let mut all = Vec::new();
        for asset in self.assets {
            let beside = self.effects_beside(asset).into_iter();
            all.extend(beside.map(|(indicator, _)| (indicator, Arc::clone(&asset.id))));
        }
        all
    }

    /// Factor of an indicator that gives its effect in CO2.
    fn emission_factor(self, definition: &IndicatorDefinition) -> Option<&Arc<str>> {
        let is_of_emissions = |id: &&Arc<str>| {
            let known = self.factors.find(id).map(|factor| factor.unit.text());
            let unverified = self.factors.find_unverified(id).map(|one| &*one.unit);
            known
                .or(unverified)
                .is_some_and(|unit| unit.contains("CO2"))
        };
        definition.factors.iter().find(is_of_emissions)
    }

    /// Whether the same water passes both pumps, which then replace the fuel of one lift: any
    /// relation of two pumps says so.
    fn is_one_lift(self, one: &str, other: &str) -> bool {
        let mut all = self.relations.iter();
        all.any(|relation| relation.joins(one, other))
    }

    /// Pumps of the fuel pump baselines of a plant, with the days of the baselines.
    pub(super) fn replaced_pumps<'b>(
        &'b self,
        plant: &'b PvPlantAsset,
    ) -> impl Iterator<Item = (DateBounds, (&'b str, &'b PumpAsset))> {
        plant.baselines.iter().filter_map(|baseline| {
            let id = baseline.kind.pump()?;
            let found = self.assets.iter().find(|one| one.id == *id)?;
            match &found.kind {
                AssetKind::Pump(pump) => Some((baseline.days, (&*found.id, &**pump))),
                _ => None,
            }
        })
    }

    fn is_counted_once(&self, one: &Asset, other: &Asset) -> bool {
        let mut all = self.relations.iter();
        all.any(|relation| relation.is_counted_once() && relation.joins(&one.id, &other.id))
    }

    fn are_related(&self, one: &Asset, other: &Asset) -> bool {
        let mut all = self.relations.iter();
        all.any(|relation| relation.joins(&one.id, &other.id))
    }
}

impl CommonEnergy {
    fn tell(
        &self,
        notes: &mut DiagnosticCollector<'_>,
        (at, key): (&SpannedValue<RawAsset>, &str),
        earlier: &str,
    ) {
        let said = (&*self.found, earlier);
        self.certainty.tell(notes, (at, key), self.what, said);
    }
}

/// Energy that an asset generates; `None` for one that generates none.
fn generated(asset: &Asset) -> Option<MeasuredEnergy<'_>> {
    match &asset.kind {
        AssetKind::Plts(plant) => Some(MeasuredEnergy::of_plant(plant)),
        AssetKind::Genset(set) => Some(MeasuredEnergy::of_genset(set)),
        _ => None,
    }
}

pub(super) fn as_plant(asset: &Asset) -> Option<&PvPlantAsset> {
    match &asset.kind {
        AssetKind::Plts(plant) => Some(plant),
        _ => None,
    }
}

/// Fuel that is bought for two sets under one indicator would count for both.
fn check_bought_fuel(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawAsset>,
    (earlier, later): (&Asset, &Asset),
) {
    let bought = |asset: &Asset| match &asset.kind {
        // Measured fuel takes the place of what was bought.
        AssetKind::Genset(set) if set.fuel.is_none() && set.fuel_flow.is_none() => {
            set.fuel_ledger.clone()
        }
        _ => None,
    };
    if let Some(indicator) = bought(earlier)
        && bought(later).as_ref() == Some(&indicator)
    {
        let what = "fault-fuel-counted-twice";
        notes.add_error(at.span(), "fuel_ledger", what, &indicator, &earlier.id);
    }
}

/// A plant without a baseline, or with `NONE`, claims no emissions.
pub(super) fn claims_emissions(plant: &PvPlantAsset) -> bool {
    claimed_days(plant).next().is_some()
}

/// Days for which the plant declares what it replaces.
pub(super) fn claimed_days(plant: &PvPlantAsset) -> impl Iterator<Item = DateBounds> {
    let claims = plant.baselines.iter();
    let claims = claims.filter(|one| one.kind != BaselineKind::None);
    claims.map(|one| one.days)
}

/// Whether there may be a day for which both claim.
fn claims_together(one: &PvPlantAsset, other: &PvPlantAsset) -> bool {
    claimed_days(one).any(|own| claimed_days(other).any(|days| own.overlaps(days)))
}

/// The counter where there is one: it is the point that the figures use.
fn main_point(plant: &PvPlantAsset) -> Option<&AssetPoint> {
    plant.energy.as_ref().or(plant.power.as_ref())
}

pub(super) fn is_point(point: Option<&AssetPoint>, id: &str) -> bool {
    point.is_some_and(|point| *point.id == *id)
}
