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

mod asset;
mod asset_check;
mod asset_kind;
pub(crate) mod asset_point;
mod asset_relation;
mod asset_relations;
pub mod bsf;
pub mod catchment;
pub(crate) mod certificate_claims;
mod check_context;
pub(crate) mod claim_registry;
#[cfg(test)]
mod claim_registry_tests;
pub mod compost;
mod energy_chain;
mod energy_overlap;
pub mod genset;
mod kind_settings;
mod limited_points;
mod measured_energy;
pub mod meter;
mod named_asset;
pub mod pump;
pub(crate) mod pump_drivers;
mod rated_limits;
mod raw_asset;
#[cfg(test)]
mod settings_tests;
mod shared_points;
pub mod solar;
pub mod tank;
mod waste_masses;

pub use crate::carbon::settings::baseline::{
    Baseline, BaselineKind, GensetEmissionMethod, PumpEmissionMethod,
};
pub use crate::carbon::settings::energy_claim::{EnergyClaim, ExportClaim};
pub use crate::carbon::settings::engine_fuel::{BiodieselBlend, EngineFuel, FuelKind};
pub use crate::carbon::settings::project_emissions::{
    LeakageDeclaration, ProjectEmissions, ReplacedEngineFate,
};
pub use crate::carbon::settings::waste_disposal::{WasteDisposal, WasteFate};
pub use asset::Asset;
pub(crate) use asset_check::check_assets;
pub use asset_kind::AssetKind;
pub(crate) use asset_point::ANY_UNIT;
pub use asset_point::AssetPoint;
pub(crate) use asset_relation::RawAssetRelation;
pub use asset_relation::{AssetRelation, AssetRelationSort};
pub use bsf::settings::{BsfAsset, BsfTemperatureBands};
pub use catchment::settings::CatchmentAsset;
pub(crate) use check_context::{CheckContext, IndicatorKey, require_one_of, text_or_empty};
pub use compost::settings::{CompostAsset, CompostProcess};
pub use genset::settings::{GensetAsset, GensetLoad};
pub(crate) use kind_settings::{
    AssetKindSettings, NamedAsset, OrganicWaste, PumpMeasurements, RawAssetTable,
};
pub(crate) use limited_points::apply_rated_limits;
pub use meter::settings::MeterAsset;
pub(crate) use named_asset::check_named_asset;
pub use pump::head_settings::HeadComponents;
pub use pump::settings::{DryRunRule, PumpAsset};
pub(crate) use rated_limits::{OUTDOOR_RANGE_C, RatedLimit, lifetime_limit, symmetric_limit};
pub(crate) use raw_asset::RawAsset;
pub use solar::settings::{IrradiancePlane, PvPlantAsset, PvSystemType};
pub use tank::settings::{LeakNightSettings, LevelMeasurement, TankAsset};
pub use tank::shape_settings::TankShape;
pub(crate) use waste_masses::{
    MASS_DAYS, add_mass_remarks, compared_days, first_compared_day, mass_imbalance,
};
