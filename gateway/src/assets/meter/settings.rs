//! [`MeterAsset`]: kind `meter`, an electricity meter.

use crate::assets::asset_point::{AssetPoint, ENERGY_UNITS, POWER_UNITS};
use crate::assets::{AssetKindSettings, CheckContext, RawAssetTable, require_one_of};
use crate::carbon::settings::energy_claim::{self, EnergyClaim, RawClaim};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawDate, RawText, SpannedValue};
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;

/// Electricity meter.
#[derive(Clone, Debug, PartialEq)]
pub struct MeterAsset {
    /// Power, W; positive for import.
    pub power: Option<AssetPoint>,
    /// Total energy, kWh.
    pub energy: Option<AssetPoint>,
    /// Imported energy, kWh.
    pub import: Option<AssetPoint>,
    /// Exported energy, kWh.
    pub export: Option<AssetPoint>,
    /// Claim to the energy.
    pub claim: Option<EnergyClaim>,
}

/// `meter` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawMeter {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Name for people.
    pub(crate) name: RawText,
    /// First day of operation.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) since: Option<RawDate>,
    /// Last day of operation.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) until: Option<RawDate>,
    /// Point of the power; positive for import.
    pub(crate) power: RawText,
    /// Point of the total energy, a counter.
    pub(crate) energy: RawText,
    /// Point of the imported energy, a counter.
    pub(crate) import: RawText,
    /// Point of the exported energy, a counter.
    pub(crate) export: RawText,
    /// Claim to the energy.
    pub(crate) claim: Option<SpannedValue<RawClaim>>,
}

impl AssetKindSettings for MeterAsset {
    fn report_chapter(&self) -> &'static str {
        "power"
    }
}

impl RawAssetTable for RawMeter {}

/// Checks the table by itself.
pub(crate) fn check_table(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    raw: &RawMeter,
    around: &mut CheckContext<'_>,
) -> MeterAsset {
    let keys = [
        ("energy", raw.energy.is_some()),
        ("import", raw.import.is_some()),
        ("export", raw.export.is_some()),
        ("power", raw.power.is_some()),
    ];
    require_one_of(notes, span, &keys);
    MeterAsset {
        power: around.measured_point(notes, &raw.power, "power", POWER_UNITS),
        energy: around.counter_point(notes, &raw.energy, "energy", ENERGY_UNITS),
        import: around.counter_point(notes, &raw.import, "import", ENERGY_UNITS),
        export: around.counter_point(notes, &raw.export, "export", ENERGY_UNITS),
        claim: raw
            .claim
            .as_ref()
            .map(|at| energy_claim::check_claim(notes, at.get())),
    }
}
