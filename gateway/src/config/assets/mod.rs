//! Assets: what staff think in, typed, each point in a unit that fits its use. One file a kind:
//! what people type, what figures may believe, and the way from one to the other.

mod baseline;
mod catchment;
mod claim;
mod disposal;
mod fuel;
mod genset;
mod head;
mod meter;
mod plts;
mod point;
mod project;
mod pump;
pub(crate) mod rating;
mod relations;
mod tank;
mod tank_shape;
#[cfg(test)]
mod tests;
mod waste;

pub use baseline::{Baseline, BaselineKind, GensetWay, PumpFuelWay};
pub use catchment::Catchment;
pub use claim::{Claim, ExportClaim};
pub use disposal::{Disposal, Fate as WasteFate};
pub use fuel::{Blend, Fuel, FuelKind};
pub use genset::{Genset, GensetLoad};
pub use head::Head;
pub use meter::Meter;
pub use plts::{Plane, Plts, System};
use point::ANY;
pub use point::PointUse;
pub use project::{Fate, Leakage, Project};
pub use pump::{DryRun, Pump};
pub use tank::{LeakNight, Level, Tank};
pub use tank_shape::TankShape;
pub use waste::{Bands, Bsf, Compost, Composting};

use crate::config::factors::Factors;
use crate::config::notes::Notes;
use crate::config::raw::{At, Text};
use crate::ledger::Definitions;
use crate::limits::ASSETS_MAX;
use crate::model::Site;
use crate::model::factor::Factor;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What staff think in: a PV plant, a pump, a tank, ...
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    /// Id.
    pub id: Arc<str>,
    /// Name for people; the id when none is given.
    pub name: Arc<str>,
    /// Point ids by role (`power`, `energy`, `level`, ...), for pages and lists.
    pub points: BTreeMap<String, Arc<str>>,
    /// What it is, with all that figures need.
    pub kind: AssetKind,
}

/// Kinds of asset.
#[derive(Clone, Debug, PartialEq)]
pub enum AssetKind {
    /// A photovoltaic plant.
    Plts(Box<Plts>),
    /// A water pump.
    Pump(Box<Pump>),
    /// A water tank.
    Tank(Box<Tank>),
    /// A roof or yard that catches rain.
    Catchment(Catchment),
    /// A bin with maggots.
    Bsf(Box<Bsf>),
    /// A compost heap.
    Compost(Box<Compost>),
    /// An engine that makes electricity.
    Genset(Box<Genset>),
    /// An electricity meter.
    Meter(Meter),
}

impl Asset {
    /// Its declared baseline, where it has one.
    pub fn baseline(&self) -> Option<&Baseline> {
        match &self.kind {
            AssetKind::Plts(plant) => plant.baseline.as_ref(),
            _ => None,
        }
    }

    /// The factors that its figures stand on.
    pub fn factors(&self) -> Vec<&Arc<Factor>> {
        match &self.kind {
            AssetKind::Plts(plant) => plant.factors(),
            AssetKind::Catchment(roof) => roof.runoff_factor.iter().collect(),
            AssetKind::Bsf(bin) => bin
                .disposal
                .iter()
                .filter_map(|one| one.mcf.as_ref())
                .collect(),
            AssetKind::Compost(heap) => heap
                .disposal
                .iter()
                .filter_map(|one| one.mcf.as_ref())
                .collect(),
            AssetKind::Genset(set) => set.burns.factors(),
            AssetKind::Pump(_) | AssetKind::Tank(_) | AssetKind::Meter(_) => Vec::new(),
        }
    }
}

impl AssetKind {
    /// Its word in files and APIs: `plts`, `pump`, `tank`, ...
    pub fn word(&self) -> &'static str {
        match self {
            Self::Plts(_) => "plts",
            Self::Pump(_) => "pump",
            Self::Tank(_) => "tank",
            Self::Catchment(_) => "catchment",
            Self::Bsf(_) => "bsf",
            Self::Compost(_) => "compost",
            Self::Genset(_) => "genset",
            Self::Meter(_) => "meter",
        }
    }
}

/// `[[asset]]` as typed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(tag = "kind")]
#[expect(
    clippy::large_enum_variant,
    reason = "a few dozen, dropped once they are checked"
)]
pub(crate) enum RawAsset {
    /// A photovoltaic plant.
    Plts(plts::RawPlts),
    /// A water pump.
    Pump(pump::RawPump),
    /// A water tank.
    Tank(tank::RawTank),
    /// A roof or yard that catches rain.
    Catchment(catchment::RawCatchment),
    /// A bin with maggots.
    Bsf(waste::RawBsf),
    /// A compost heap.
    Compost(waste::RawCompost),
    /// An engine that makes electricity.
    Genset(genset::RawGenset),
    /// An electricity meter.
    Meter(meter::RawMeter),
}

/// What an asset is checked against.
#[derive(Debug)]
pub(crate) struct Around<'a> {
    pub(crate) site: &'a Site,
    pub(crate) factors: &'a Factors,
    pub(crate) definitions: &'a Definitions,
    /// Points of the asset under check, by role.
    pub(crate) roles: BTreeMap<String, Arc<str>>,
}

impl RawAsset {
    fn names(&self) -> (&Text, &Text) {
        match self {
            Self::Plts(raw) => (&raw.id, &raw.name),
            Self::Pump(raw) => (&raw.id, &raw.name),
            Self::Tank(raw) => (&raw.id, &raw.name),
            Self::Catchment(raw) => (&raw.id, &raw.name),
            Self::Bsf(raw) => (&raw.id, &raw.name),
            Self::Compost(raw) => (&raw.id, &raw.name),
            Self::Genset(raw) => (&raw.id, &raw.name),
            Self::Meter(raw) => (&raw.id, &raw.name),
        }
    }
}

/// All assets, each by itself and then with one another.
pub(crate) fn assets(
    notes: &mut Notes<'_>,
    raw: &[At<RawAsset>],
    around: &mut Around<'_>,
) -> Vec<Asset> {
    if let Some(extra) = raw.get(ASSETS_MAX) {
        let (found, most) = (raw.len().to_string(), ASSETS_MAX.to_string());
        notes.fault(extra.span(), "asset", "fault-too-many", &found, &most);
    }
    let mut seen = BTreeSet::new();
    let all: Vec<Asset> = raw
        .iter()
        .map(|at| asset(notes, at, around, &mut seen))
        .collect();
    relations::check(notes, raw, &all);
    all
}

fn asset(
    notes: &mut Notes<'_>,
    at: &At<RawAsset>,
    around: &mut Around<'_>,
    seen: &mut BTreeSet<String>,
) -> Asset {
    let (id, name) = at.get().names();
    let id = notes.id(id, seen);
    let name = name.as_ref().map(|at| Arc::from(at.get().as_str()));
    let kind = kind(notes, at, around);
    Asset {
        name: name.unwrap_or_else(|| Arc::clone(&id)),
        id,
        points: std::mem::take(&mut around.roles),
        kind,
    }
}

fn kind(notes: &mut Notes<'_>, at: &At<RawAsset>, around: &mut Around<'_>) -> AssetKind {
    let span = at.span();
    match at.get() {
        RawAsset::Plts(raw) => AssetKind::Plts(Box::new(plts::plts(notes, &span, raw, around))),
        RawAsset::Pump(raw) => AssetKind::Pump(Box::new(pump::pump(notes, &span, raw, around))),
        RawAsset::Tank(raw) => AssetKind::Tank(Box::new(tank::tank(notes, &span, raw, around))),
        RawAsset::Catchment(raw) => {
            AssetKind::Catchment(catchment::catchment(notes, &span, raw, around))
        }
        RawAsset::Bsf(raw) => AssetKind::Bsf(Box::new(waste::bsf(notes, &span, raw, around))),
        RawAsset::Compost(raw) => {
            AssetKind::Compost(Box::new(waste::compost(notes, &span, raw, around)))
        }
        RawAsset::Genset(raw) => {
            AssetKind::Genset(Box::new(genset::genset(notes, &span, raw, around)))
        }
        RawAsset::Meter(raw) => AssetKind::Meter(meter::meter(notes, &span, raw, around)),
    }
}

/// One of these keys must be given.
fn one_of(notes: &mut Notes<'_>, span: &std::ops::Range<usize>, keys: &[(&str, bool)]) {
    if keys.iter().any(|(_, given)| *given) {
        return;
    }
    let names: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
    notes.fault(
        span.clone(),
        names[0],
        "fault-one-of",
        "",
        &names.join(", "),
    );
}

/// A text, empty when left out.
fn words(typed: &Text) -> String {
    typed
        .as_ref()
        .map_or(String::new(), |at| at.get().trim().to_owned())
}

/// Id of an indicator of the ledger, or the usual one.
fn indicator(
    notes: &mut Notes<'_>,
    around: &Around<'_>,
    typed: &Text,
    key: &str,
    usual: &str,
) -> Arc<str> {
    let Some(at) = typed else {
        return Arc::from(usual);
    };
    if around.definitions.find(at.get()).is_none() {
        let hint = around.definitions.nearest(at.get()).map(str::to_owned);
        let all = around.definitions.all().iter().map(|one| &*one.id);
        let all: Vec<&str> = all.collect();
        notes.add(
            at.span(),
            key,
            "fault-unknown-indicator",
            at.get(),
            &all.join(", "),
            hint,
        );
    }
    Arc::from(at.get().as_str())
}
