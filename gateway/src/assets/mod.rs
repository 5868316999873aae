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
//! One folder for each kind: `settings` is the raw table, the checked type and the check between
//! them, `indicators` are its figures. The list of kinds is `for_each_asset_kind`; how to add one:
//! `docs/extending.md`. Keys and units are listed in `docs/configuration.md`, formulas are cited by
//! their METHODS id.

/// Calls a macro with the list of the kinds of assets, one line a kind, in report order: variant,
/// word in files, description, and the folder with its checked settings and its table as typed.
macro_rules! for_each_asset_kind {
    ($then:ident) => {
        $then! {
            Plts: "plts", "A photovoltaic plant.", solar(PvPlantAsset, RawPlts);
            Pump: "pump", "A water pump.", pump(PumpAsset, RawPump);
            Tank: "tank", "A water tank.", tank(TankAsset, RawTank);
            Catchment: "catchment", "Surface that collects rain.", catchment(CatchmentAsset, RawCatchment);
            Bsf: "bsf", "Bin with black soldier fly larvae (BSF).", bsf(BsfAsset, RawBsf);
            Compost: "compost", "Compost heap.", compost(CompostAsset, RawCompost);
            Genset: "genset", "Generator set.", genset(GensetAsset, RawGenset);
            Meter: "meter", "Electricity meter.", meter(MeterAsset, RawMeter);
        }
    };
}
pub(crate) use for_each_asset_kind;

mod asset_kind;
pub(crate) mod asset_point;
mod asset_relations;
pub mod bsf;
pub mod catchment;
pub mod compost;
pub mod genset;
pub mod meter;
pub mod pump;
mod rated_limits;
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
pub use asset_kind::AssetKind;
pub(crate) use asset_kind::{AssetKindSettings, RawAsset, RawAssetTable};
pub(crate) use asset_point::ANY_UNIT;
pub use asset_point::AssetPoint;
pub(crate) use asset_relations::check_named_asset;
pub use bsf::settings::{BsfAsset, BsfTemperatureBands};
pub use catchment::settings::CatchmentAsset;
pub use compost::settings::{CompostAsset, CompostProcess};
pub use genset::settings::{GensetAsset, GensetLoad};
pub use meter::settings::MeterAsset;
pub use pump::head_settings::HeadComponents;
pub use pump::settings::{DryRunRule, PumpAsset};
pub(crate) use rated_limits::{
    OUTDOOR_RANGE_C, RatedLimit, apply_rated_limits, lifetime_limit, symmetric_limit,
};
pub use solar::settings::{IrradiancePlane, PvPlantAsset, PvSystemType};
pub use tank::settings::{LeakNightSettings, LevelMeasurement, TankAsset};
pub use tank::shape_settings::TankShape;

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::factors::Factors;
use crate::config::raw_values::{RawText, SpannedValue};
use crate::domain::Site;
use crate::domain::factor::Factor;
use crate::ledger::{IndicatorDefinitions, LedgerDimension};
use crate::limits::ASSETS_MAX;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
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

impl Asset {
    /// Declared baseline, if it has one.
    pub fn baseline(&self) -> Option<&Baseline> {
        self.kind.settings().baseline()
    }

    /// Factors on which its figures depend.
    pub fn factors(&self) -> Vec<&Arc<Factor>> {
        self.kind.settings().factors()
    }

    /// Ledger indicators of the masses that go in and come out; empty for assets without organic
    /// waste.
    pub(crate) fn waste_indicators(&self) -> Vec<&str> {
        let waste = self.kind.settings().organic_waste();
        let all = waste.map(|waste| [Some(&**waste.fed)].into_iter().chain(waste.taken));
        all.into_iter().flatten().flatten().collect()
    }
}

/// Organic waste that an asset takes, by the indicators of the ledger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrganicWaste<'a> {
    /// Mass that goes in.
    pub(crate) fed: &'a Arc<str>,
    /// Masses that come out.
    pub(crate) taken: [Option<&'a str>; 2],
    /// True when the masses are dry.
    pub(crate) dry: bool,
    /// Disposal without the programme.
    pub(crate) disposal: Option<&'a WasteDisposal>,
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
    let table = at.get();
    let (id, name) = table.id_and_name();
    let id = notes.id(id, seen);
    let name = name.as_ref().map(|at| Arc::from(at.get().as_str()));
    let kind = table.check(notes, &at.span(), around);
    Asset {
        name: name.unwrap_or_else(|| Arc::clone(&id)),
        id,
        // Taken out: the roles of this asset must not appear in the next one.
        points: std::mem::take(&mut around.roles),
        kind,
    }
}

/// Requires at least one of these keys.
pub(crate) fn require_one_of(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
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

/// Key of an asset that names a ledger indicator.
pub(crate) struct IndicatorKey {
    key: &'static str,
    usual: &'static str,
    dimension: LedgerDimension,
}

impl IndicatorKey {
    /// Key of an indicator that measures `dimension`; `usual` is meant when the key is absent.
    pub(crate) const fn new(
        key: &'static str,
        usual: &'static str,
        dimension: LedgerDimension,
    ) -> Self {
        Self {
            key,
            usual,
            dimension,
        }
    }
}

impl CheckContext<'_> {
    /// Checks a ledger indicator and its unit; `table` is the place of an asset without the key.
    pub(crate) fn ledger_indicator(
        &self,
        notes: &mut DiagnosticCollector<'_>,
        table: &Range<usize>,
        typed: &RawText,
        wanted: &IndicatorKey,
    ) -> Arc<str> {
        // A site may change the unit of a built-in indicator, so the usual one is checked too.
        let (id, span) = match typed {
            Some(at) => (at.get().as_str(), at.span()),
            None => (wanted.usual, table.clone()),
        };
        let known = self.definitions;
        let Some(definition) = known.find(id) else {
            let hint = known.nearest_id(id).map(str::to_owned);
            let all: Vec<&str> = known.all().iter().map(|one| &*one.id).collect();
            let all = all.join(", ");
            let what = "fault-unknown-indicator";
            notes.add_error_with_hint(span, wanted.key, what, id, &all, hint);
            return Arc::from(id);
        };
        let unit = &definition.unit;
        // Without a unit the indicator itself has an error, which is reported already.
        if !unit.is_empty() && !known.measures(unit, wanted.dimension) {
            let found = format!("{} ({unit})", definition.id);
            let fitting = known.units_measuring(wanted.dimension);
            notes.add_error(span, wanted.key, "fault-indicator-unit", &found, &fitting);
        }
        Arc::clone(&definition.id)
    }
}
