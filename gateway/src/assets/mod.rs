//! [`Asset`]: checks `[[asset]]` tables: plants, pumps, tanks and the points that belong to them.
//!
//! ```text
//! [[asset]]
//! kind = "tank"
//! id = "tank-1"
//! level = "probe.level"                                    # must be a length; converted to m
//! shape = { kind = "vertical-cylinder", diameter_m = 1.1, height_m = 1.35 }
//! ```
//!
//! One file for each kind: the raw table, the checked type, and the check between them. Keys and
//! units are listed in `docs/configuration.md`, formulas are cited by their METHODS id.

pub(crate) mod asset_point;
mod asset_relations;
pub mod bsf;
pub mod catchment;
pub mod compost;
pub mod genset;
pub mod meter;
pub mod pump;
pub(crate) mod rated_limits;
#[cfg(test)]
mod settings_tests;
pub mod solar;
pub mod tank;

pub use crate::carbon::settings::baseline::{
    Baseline, BaselineKind, GensetEmissionMethod, PumpEmissionMethod,
};
pub use crate::carbon::settings::energy_claim::{EnergyClaim, ExportClaim};
pub use crate::carbon::settings::engine_fuel::{BiodieselBlend, EngineFuel, FuelKind};
pub use crate::carbon::settings::project_emissions::{
    LeakageDeclaration, ProjectEmissions, ReplacedEngineFate,
};
pub use crate::carbon::settings::waste_disposal::{WasteDisposal, WasteFate};
pub(crate) use asset_point::ANY_UNIT;
pub use asset_point::AssetPoint;
pub use bsf::settings::{BsfAsset, BsfTemperatureBands};
pub use catchment::settings::CatchmentAsset;
pub use compost::settings::{CompostAsset, CompostProcess};
pub use genset::settings::{GensetAsset, GensetLoad};
pub use meter::settings::MeterAsset;
pub use pump::head_settings::HeadComponents;
pub use pump::settings::{DryRunRule, PumpAsset};
pub use solar::settings::{IrradiancePlane, PvPlantAsset, PvSystemType};
pub use tank::settings::{LeakNightSettings, LevelMeasurement, TankAsset};
pub use tank::shape_settings::TankShape;

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::factors::Factors;
use crate::config::raw_config::{RawText, SpannedValue};
use crate::domain::Site;
use crate::domain::factor::Factor;
use crate::ledger::IndicatorDefinitions;
use crate::limits::ASSETS_MAX;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Checked asset: a PV plant, a pump, a tank, ...
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    /// Id.
    pub id: Arc<str>,
    /// Name for people; the id when none is given.
    pub name: Arc<str>,
    /// Point ids by role (`power`, `energy`, `level`, ...), for pages and lists.
    pub points: BTreeMap<String, Arc<str>>,
    /// Kind, with the data that its figures need.
    pub kind: AssetKind,
}

/// Kind of an asset, with its data.
#[derive(Clone, Debug, PartialEq)]
pub enum AssetKind {
    /// A photovoltaic plant.
    Plts(Box<PvPlantAsset>),
    /// A water pump.
    Pump(Box<PumpAsset>),
    /// A water tank.
    Tank(Box<TankAsset>),
    /// Surface that collects rain.
    Catchment(CatchmentAsset),
    /// Bin with black soldier fly larvae (BSF).
    Bsf(Box<BsfAsset>),
    /// Compost heap.
    Compost(Box<CompostAsset>),
    /// Generator set.
    Genset(Box<GensetAsset>),
    /// Electricity meter.
    Meter(MeterAsset),
}

impl Asset {
    /// Declared baseline, if it has one.
    pub fn baseline(&self) -> Option<&Baseline> {
        match &self.kind {
            AssetKind::Plts(plant) => plant.baseline.as_ref(),
            _ => None,
        }
    }

    /// Factors on which its figures depend.
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
    /// Word in files and APIs: `plts`, `pump`, `tank`, ...
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
    Plts(solar::settings::RawPlts),
    /// A water pump.
    Pump(pump::settings::RawPump),
    /// A water tank.
    Tank(tank::settings::RawTank),
    /// Surface that collects rain.
    Catchment(catchment::settings::RawCatchment),
    /// Bin with black soldier fly larvae (BSF).
    Bsf(bsf::settings::RawBsf),
    /// Compost heap.
    Compost(compost::settings::RawCompost),
    /// Generator set.
    Genset(genset::settings::RawGenset),
    /// Electricity meter.
    Meter(meter::settings::RawMeter),
}

/// Data against which an asset is checked.
#[derive(Debug)]
pub(crate) struct CheckContext<'a> {
    pub(crate) site: &'a Site,
    pub(crate) factors: &'a Factors,
    pub(crate) definitions: &'a IndicatorDefinitions,
    /// Points of the asset under check, by role; emptied for each asset.
    pub(crate) roles: BTreeMap<String, Arc<str>>,
}

impl RawAsset {
    fn id_and_name(&self) -> (&RawText, &RawText) {
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

/// Checks all assets, each by itself and then their relations.
pub(crate) fn check_assets(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAsset>],
    around: &mut CheckContext<'_>,
) -> Vec<Asset> {
    if let Some(extra) = raw.get(ASSETS_MAX) {
        let (found, most) = (raw.len().to_string(), ASSETS_MAX.to_string());
        notes.add_error(extra.span(), "asset", "fault-too-many", &found, &most);
    }
    let mut seen = BTreeSet::new();
    let all: Vec<Asset> = raw
        .iter()
        .map(|at| check_asset(notes, at, around, &mut seen))
        .collect();
    asset_relations::check_relations(notes, raw, &all);
    all
}

fn check_asset(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawAsset>,
    around: &mut CheckContext<'_>,
    seen: &mut BTreeSet<String>,
) -> Asset {
    let (id, name) = at.get().id_and_name();
    let id = notes.id(id, seen);
    let name = name.as_ref().map(|at| Arc::from(at.get().as_str()));
    let kind = check_kind(notes, at, around);
    Asset {
        name: name.unwrap_or_else(|| Arc::clone(&id)),
        id,
        // Taken out: the roles of this asset must not appear in the next one.
        points: std::mem::take(&mut around.roles),
        kind,
    }
}

fn check_kind(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawAsset>,
    around: &mut CheckContext<'_>,
) -> AssetKind {
    let span = at.span();
    match at.get() {
        RawAsset::Plts(raw) => AssetKind::Plts(Box::new(solar::settings::check_pv_plant(
            notes, &span, raw, around,
        ))),
        RawAsset::Pump(raw) => AssetKind::Pump(Box::new(pump::settings::check_pump(
            notes, &span, raw, around,
        ))),
        RawAsset::Tank(raw) => AssetKind::Tank(Box::new(tank::settings::check_tank(
            notes, &span, raw, around,
        ))),
        RawAsset::Catchment(raw) => AssetKind::Catchment(catchment::settings::check_catchment(
            notes, &span, raw, around,
        )),
        RawAsset::Bsf(raw) => AssetKind::Bsf(Box::new(bsf::settings::check_bsf(
            notes, &span, raw, around,
        ))),
        RawAsset::Compost(raw) => AssetKind::Compost(Box::new(compost::settings::check_compost(
            notes, &span, raw, around,
        ))),
        RawAsset::Genset(raw) => AssetKind::Genset(Box::new(genset::settings::check_genset(
            notes, &span, raw, around,
        ))),
        RawAsset::Meter(raw) => {
            AssetKind::Meter(meter::settings::check_meter(notes, &span, raw, around))
        }
    }
}

/// Requires at least one of these keys.
pub(crate) fn require_one_of(
    notes: &mut DiagnosticCollector<'_>,
    span: &std::ops::Range<usize>,
    keys: &[(&str, bool)],
) {
    if keys.iter().any(|(_, given)| *given) {
        return;
    }
    let names: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
    notes.add_error(
        span.clone(),
        names[0],
        "fault-one-of",
        "",
        &names.join(", "),
    );
}

/// Returns the trimmed text, empty when the key is absent.
pub(crate) fn text_or_empty(typed: &RawText) -> String {
    typed
        .as_ref()
        .map_or(String::new(), |at| at.get().trim().to_owned())
}

/// Checks the id of a ledger indicator; `usual` when the key is absent.
pub(crate) fn check_indicator(
    notes: &mut DiagnosticCollector<'_>,
    around: &CheckContext<'_>,
    typed: &RawText,
    key: &str,
    usual: &str,
) -> Arc<str> {
    let Some(at) = typed else {
        return Arc::from(usual);
    };
    if around.definitions.find(at.get()).is_none() {
        let hint = around.definitions.nearest_id(at.get()).map(str::to_owned);
        let all = around.definitions.all().iter().map(|one| &*one.id);
        let all: Vec<&str> = all.collect();
        notes.add_error_with_hint(
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
