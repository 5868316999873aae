//! [`check_claims`]: the same physical quantity stands behind at most one claim (METHODS G.7), by
//! whatever point it is measured.
//!
//! ```text
//! plant a: energy = 'inverter.energy', GRID         claims the energy of the inverter
//! plant b: power = 'inverter.power', PUMP_FUEL      claims it again, by its power: an error
//! ```

use super::asset_point::POWER_UNITS;
use super::asset_relation::{AssetRelation, AssetRelationSort};
use super::measured_energy::MeasuredEnergy;
use super::{Asset, AssetKind, AssetPoint, PumpAsset, PvPlantAsset, RawAsset};
use crate::carbon::settings::baseline::{Baseline, BaselineKind};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::factors::Factors;
use crate::config::raw_values::SpannedValue;
use crate::domain::Site;
use crate::domain::date_bounds::DateBounds;
use crate::ledger::{IndicatorDefinition, IndicatorDefinitions, LedgerDimension};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The site, its assets and their relations, among which claims are compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClaimRegistry<'a> {
    pub(crate) site: &'a Site,
    pub(crate) factors: &'a Factors,
    pub(crate) definitions: &'a IndicatorDefinitions,
    pub(crate) relations: &'a [AssetRelation],
    pub(crate) assets: &'a [Asset],
}

/// Certainty that two points measure the same energy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EnergyOverlap {
    None,
    Possible,
    Sure,
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
            check_gensets(notes, at, (earlier, later));
        }
        registry.check_driven_pump(notes, at, later);
        registry.check_records(notes, at, later);
        registry.check_litres(notes, at, later);
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
        let Some((first, second)) = main_point(one).zip(main_point(other)) else {
            return;
        };
        let both_claim = claims_together(one, other);
        if self.is_counted_once(earlier, later) && !both_claim {
            return;
        }
        let measured = [one, other].map(MeasuredEnergy::of_plant);
        match self.energy_overlap(&measured[0], &measured[1]) {
            EnergyOverlap::Sure if first.id == second.id => {
                let what = "fault-claimed-twice";
                notes.add_error(at.span(), "baseline", what, &second.id, &earlier.id);
            }
            EnergyOverlap::Sure => {
                let found = format!("{}, {}", first.id, second.id);
                let what = "fault-claimed-twice-device";
                notes.add_error(at.span(), "baseline", what, &found, &earlier.id);
            }
            // What is part of, in series with, or fed by another plant is the same energy.
            _ if both_claim
                && (self.are_related(earlier, later)
                    || self.is_one_energy(&earlier.id, &later.id)) =>
            {
                let what = "fault-claimed-related";
                notes.add_error(at.span(), "baseline", what, &later.id, &earlier.id);
            }
            EnergyOverlap::Possible => {
                let found = format!("{}, {}", first.id, second.id);
                let what = "fault-claimed-perhaps";
                notes.add_warning(at.span(), "baseline", what, &found, &earlier.id);
            }
            EnergyOverlap::None => {}
        }
    }

    /// Whether two assets measure the same energy: one point, or the energy and the power of a
    /// device that has one of these alone.
    pub(super) fn energy_overlap(
        self,
        one: &MeasuredEnergy<'_>,
        other: &MeasuredEnergy<'_>,
    ) -> EnergyOverlap {
        let (first, second) = (one.points(), other.points());
        if first.iter().any(|id| second.contains(id)) {
            return EnergyOverlap::Sure;
        }
        let shared = first
            .iter()
            .find(|id| second.iter().any(|id2| device_of(id2) == device_of(id)));
        let Some(device) = shared.map(|id| device_of(id)) else {
            return EnergyOverlap::None;
        };
        // The channels say it, where they are declared.
        if let (Some(own), Some(other)) = (one.channel, other.channel) {
            return if own == other {
                EnergyOverlap::Sure
            } else {
                EnergyOverlap::None
            };
        }
        // A device with several counters and several powers may have a channel for each plant.
        let mixed = one.counters.is_empty() != other.counters.is_empty();
        let (counters, powers) = self.energy_points(device);
        if mixed && (counters <= 1 || powers <= 1) {
            EnergyOverlap::Sure
        } else {
            EnergyOverlap::Possible
        }
    }

    /// Number of energy counters and of powers that a device has.
    fn energy_points(self, device: &str) -> (usize, usize) {
        let found = self.site.devices.iter().find(|one| *one.id == *device);
        let points = found.map_or(&[][..], |one| &one.points);
        let counters = points
            .iter()
            .filter(|one| one.counter && one.unit.ends_with("Wh"));
        let powers = points
            .iter()
            .filter(|one| POWER_UNITS.contains(&&*one.unit));
        (counters.count(), powers.count())
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
                let is_same = first == second
                    || (water(pump).is_some() && water(pump) == water(other_pump))
                    || self.is_one_lift(first, second);
                if is_same && days.overlaps(other_days) {
                    let what = "fault-water-claimed-twice";
                    notes.add_error(at.span(), "baseline", what, second, &earlier.id);
                    return;
                }
            }
        }
    }

    /// The energy that drives the pump of a fuel pump baseline must not be claimed as well.
    fn check_driven_pump(
        self,
        notes: &mut DiagnosticCollector<'_>,
        at: &SpannedValue<RawAsset>,
        asset: &Asset,
    ) {
        let Some(plant) = as_plant(asset) else {
            return;
        };
        for (days, (pump_id, pump)) in self.replaced_pumps(plant) {
            for other in self.assets.iter().filter(|one| one.id != asset.id) {
                let claims = |one: &PvPlantAsset| claimed_days(one).any(|own| own.overlaps(days));
                if !as_plant(other).is_some_and(claims) || !other.days.overlaps(asset.days) {
                    continue;
                }
                if self.drives(other, (pump_id, pump)) {
                    let what = "fault-pump-claimed-twice";
                    notes.add_error(at.span(), "baseline", what, pump_id, &other.id);
                } else if pump.plts.is_none() {
                    let what = "fault-pump-driver";
                    notes.add_warning(at.span(), "baseline", what, pump_id, &other.id);
                }
            }
        }
    }

    /// Whether a plant drives the pump, by what the site has declared or measures.
    fn drives(self, plant: &Asset, (pump_id, pump): (&str, &PumpAsset)) -> bool {
        let feeds = |one: &AssetRelation| {
            one.sort == AssetRelationSort::Feeds && one.asset == plant.id && *one.with == *pump_id
        };
        pump.plts.as_ref() == Some(&plant.id)
            || self.relations.iter().any(feeds)
            || as_plant(plant).is_some_and(|plant| shares_energy(plant, pump))
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
        if first.id == second.id && !self.is_counted_once(earlier, later) {
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
        if first.id == second.id && !self.are_related(earlier, later) {
            let what = "fault-measured-twice";
            notes.add_warning(at.span(), "energy", what, &second.id, &earlier.id);
        }
    }

    /// Whether one asset is declared to be in the energy of the other, by a chain of relations: a
    /// part in its whole, or the same energy in series. Two parts of one whole are not.
    pub(super) fn is_one_energy(self, one: &str, other: &str) -> bool {
        self.wholes_of(one).contains(other) || self.wholes_of(other).contains(one)
    }

    /// The asset, what passes the same energy in series, and the wholes that they are part of.
    fn wholes_of<'b>(&'b self, id: &str) -> BTreeSet<&'b str> {
        let mut all: BTreeSet<&str> = BTreeSet::new();
        let known = self.assets.iter().find(|one| *one.id == *id);
        let mut next: Vec<&str> = known.iter().map(|one| &*one.id).collect();
        while let Some(id) = next.pop() {
            if !all.insert(id) {
                continue;
            }
            next.extend(self.relations.iter().filter_map(|one| match one.sort {
                AssetRelationSort::PartOf | AssetRelationSort::InSeries if *one.asset == *id => {
                    Some(&*one.with)
                }
                AssetRelationSort::InSeries if *one.with == *id => Some(&*one.asset),
                _ => None,
            }));
        }
        all
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

    /// Litres that people record with an effect in CO2 may be the fuel that a plant claims.
    fn check_litres(
        self,
        notes: &mut DiagnosticCollector<'_>,
        at: &SpannedValue<RawAsset>,
        asset: &Asset,
    ) {
        let saves = |one: &Baseline| {
            matches!(
                one.kind,
                BaselineKind::Genset { .. } | BaselineKind::PumpFuel { .. }
            )
        };
        if !asset.baselines().iter().any(saves) {
            return;
        }
        for definition in self.definitions.all() {
            let is_volume = self
                .definitions
                .measures(&definition.unit, LedgerDimension::Volume);
            if is_volume && self.emission_factor(definition).is_some() {
                let what = "fault-litres-claimed-perhaps";
                notes.add_warning(at.span(), "baseline", what, &definition.id, &asset.id);
            }
        }
    }

    /// Factor of an indicator that gives its effect in CO2.
    fn emission_factor(self, definition: &IndicatorDefinition) -> Option<&Arc<str>> {
        let id = definition.factor.as_ref()?;
        let known = self.factors.find(id).map(|factor| factor.unit.text());
        let unverified = self.factors.find_unverified(id).map(|one| &*one.unit);
        let unit = known.or(unverified)?;
        unit.contains("CO2").then_some(id)
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

pub(super) fn as_plant(asset: &Asset) -> Option<&PvPlantAsset> {
    match &asset.kind {
        AssetKind::Plts(plant) => Some(plant),
        _ => None,
    }
}

/// Fuel that is bought for two sets under one indicator would count for both.
fn check_gensets(
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
fn claimed_days(plant: &PvPlantAsset) -> impl Iterator<Item = DateBounds> {
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

/// Whether the pump is measured by the point of the plant.
fn shares_energy(plant: &PvPlantAsset, pump: &PumpAsset) -> bool {
    let own = [&plant.energy, &plant.power].into_iter().flatten();
    let pumped = [&pump.energy, &pump.power];
    own.into_iter()
        .any(|point| pumped.iter().any(|one| is_point(one.as_ref(), &point.id)))
}

fn is_point(point: Option<&AssetPoint>, id: &str) -> bool {
    point.is_some_and(|point| *point.id == *id)
}

/// Device of a point id, `device.point`.
fn device_of(id: &str) -> &str {
    id.split('.').next().unwrap_or_default()
}
