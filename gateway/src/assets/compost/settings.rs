//! [`CompostAsset`]: kind `compost`, a heap of organic waste (METHODS E.4).

use crate::assets::asset_point::{AssetPoint, ENERGY_UNITS, MOISTURE_UNITS, TEMPERATURE_UNITS};
use crate::assets::{
    ANY_UNIT, AssetKindSettings, CheckContext, IndicatorKey, OrganicWaste, RawAssetTable,
    require_one_of,
};
use crate::carbon::settings::waste_disposal::{self, RawDisposal, WasteDisposal};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawDate, RawText, SpannedValue};
use crate::ledger::LedgerDimension;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;

/// Compost heap.
#[derive(Clone, Debug, PartialEq)]
pub struct CompostAsset {
    /// Composting process.
    pub process: CompostProcess,
    /// Temperatures of the heap, degC.
    pub temperatures: Vec<AssetPoint>,
    /// Moisture, % or %RH.
    pub moisture: Option<AssetPoint>,
    /// Counter of turnings.
    pub turning: Option<AssetPoint>,
    /// Ledger indicator of the turnings.
    pub turning_ledger: Option<Arc<str>>,
    /// Electricity that the heap takes, kWh.
    pub energy: Option<AssetPoint>,
    /// Ledger indicator of the waste put in.
    pub fed: Arc<str>,
    /// The site names that indicator; the usual one is of all sorted waste, wherever it goes.
    pub is_fed_declared: bool,
    /// Replaced disposal; `None`: no methane baseline.
    pub disposal: Option<WasteDisposal>,
}

/// Key of the waste put in.
const FED_KEY: IndicatorKey = IndicatorKey::new("fed", "waste-sorted", LedgerDimension::Mass);
/// Key of the turnings.
const TURNING_KEY: IndicatorKey = IndicatorKey::new("turning_ledger", "", LedgerDimension::Count);

/// Composting process, as in the formula `pfrp` (process to further reduce pathogens).
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum CompostProcess {
    /// Closed vessel.
    InVessel,
    /// Aerated static pile.
    AeratedStaticPile,
    /// Turned windrow.
    Windrow,
}

impl CompostProcess {
    /// Word in files and in the formula `pfrp`.
    pub fn word(self) -> &'static str {
        match self {
            Self::InVessel => "in_vessel",
            Self::AeratedStaticPile => "aerated_static_pile",
            Self::Windrow => "windrow",
        }
    }
}

/// `compost` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawCompost {
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
    /// Composting process.
    #[schemars(required)]
    pub(crate) process: Option<SpannedValue<CompostProcess>>,
    /// Point of the heap's temperature, or a list of them.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) temperature: Option<SpannedValue<toml::Value>>,
    /// Point of the moisture.
    pub(crate) moisture: RawText,
    /// Point of the counter of turnings.
    pub(crate) turning: RawText,
    /// Ledger indicator of the turnings.
    pub(crate) turning_ledger: RawText,
    /// Point of the electricity that the heap takes, a counter.
    pub(crate) energy: RawText,
    /// Ledger indicator of the waste put in, `waste-sorted` by default.
    pub(crate) fed: RawText,
    /// Disposal without the programme.
    pub(crate) disposal: Option<SpannedValue<RawDisposal>>,
}

impl AssetKindSettings for CompostAsset {
    fn report_chapter(&self) -> &'static str {
        "waste"
    }

    fn organic_waste(&self) -> Option<OrganicWaste<'_>> {
        Some(OrganicWaste {
            fed: &self.fed,
            is_declared: self.is_fed_declared,
            taken: [None, None],
            dry: false,
            disposal: self.disposal.as_ref(),
        })
    }
}

impl RawAssetTable for RawCompost {}

/// Checks the table by itself.
pub(crate) fn check_table(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    raw: &RawCompost,
    around: &mut CheckContext<'_>,
) -> CompostAsset {
    let windrow = raw
        .process
        .as_ref()
        .is_some_and(|at| *at.get() == CompostProcess::Windrow);
    // Hygienisation of a windrow needs a number of turnings, so they must be recorded.
    if windrow && raw.temperature.is_some() {
        let turnings = [
            ("turning", raw.turning.is_some()),
            ("turning_ledger", raw.turning_ledger.is_some()),
        ];
        require_one_of(notes, span, &turnings);
    }
    let turned = &raw.turning_ledger;
    let temperature = raw.temperature.as_ref();
    CompostAsset {
        // Without a process the strictest rule holds (METHODS E.4: 15 days and turnings).
        process: raw
            .process
            .as_ref()
            .map_or(CompostProcess::Windrow, |at| *at.get()),
        temperatures: around.point_list(notes, temperature, "temperature", TEMPERATURE_UNITS),
        moisture: around.measured_point(notes, &raw.moisture, "moisture", MOISTURE_UNITS),
        turning: around.measured_point(notes, &raw.turning, "turning", ANY_UNIT),
        turning_ledger: turned
            .as_ref()
            .map(|_| around.ledger_indicator(notes, span, turned, &TURNING_KEY)),
        energy: around.counter_point(notes, &raw.energy, "energy", ENERGY_UNITS),
        fed: around.ledger_indicator(notes, span, &raw.fed, &FED_KEY),
        is_fed_declared: raw.fed.is_some(),
        disposal: waste_disposal::check_disposal(notes, raw.disposal.as_ref(), around),
    }
}
