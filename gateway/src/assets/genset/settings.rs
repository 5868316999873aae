//! [`GensetAsset`]: kind `genset`, a generator set on the site (METHODS C.4, C.5).

use crate::assets::asset_point::{AssetPoint, ENERGY_UNITS, FLOW_UNITS, POWER_UNITS, VOLUME_UNITS};
use crate::assets::{
    AssetKindSettings, CheckContext, IndicatorKey, RatedLimit, RawAssetTable, lifetime_limit,
    symmetric_limit,
};
use crate::carbon::settings::engine_fuel::{self, EngineFuel, RawBlend, RawFuelKind};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawDate, RawNumber, RawText, SpannedValue};
use crate::domain::factor::Factor;
use crate::ledger::{AmountRange, LedgerDimension};
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;

/// Margin on the rated power of a generator set.
// A set carries an overload for minutes.
const GENSET_MARGIN: f64 = 2.0;

/// Fuel of a kilowatt-hour of a small set at a low load, L.
const LITRES_PER_KWH_MAX: f64 = 0.6;
/// Days of full load for which fuel can be bought at once.
const BOUGHT_DAYS_MAX: f64 = 366.0;
/// Days of full load for which fuel is usually bought at once.
const BOUGHT_DAYS_USUAL: f64 = 60.0;

/// Key of the fuel bought.
const FUEL_KEY: IndicatorKey = IndicatorKey::new("fuel_ledger", "", LedgerDimension::Volume);

/// Generator set.
#[derive(Clone, Debug, PartialEq)]
pub struct GensetAsset {
    /// Rated power, kW.
    pub rating_kw: f64,
    /// Power, W.
    pub power: Option<AssetPoint>,
    /// Energy, kWh.
    pub energy: Option<AssetPoint>,
    /// Fuel used, m3.
    pub fuel: Option<AssetPoint>,
    /// Fuel flow, m3/h.
    pub fuel_flow: Option<AssetPoint>,
    /// Ledger indicator of the fuel bought, a volume.
    pub fuel_ledger: Option<Arc<str>>,
    /// Fuel.
    pub burns: EngineFuel,
}

/// Load class of a generator set: the columns of METHODS C.4.
// Not verified against TOOL33, so figures from these columns stay provisional (METHODS C.4).
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum GensetLoad {
    /// 25 %: a mini-grid in continuous operation.
    Lf25,
    /// 50 %: four to six hours a day, productive use, water pumps.
    Lf50,
    /// 100 %: with storage.
    Lf100,
}

impl GensetLoad {
    /// Word in files and in the formula `genset_ef`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lf25 => "lf25",
            Self::Lf50 => "lf50",
            Self::Lf100 => "lf100",
        }
    }
}

/// `genset` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(extend("x-retired-keys" = ["load"]))]
pub(crate) struct RawGenset {
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
    /// Rated power, kW.
    #[schemars(required)]
    pub(crate) rating_kw: RawNumber,
    /// Point of the power.
    pub(crate) power: RawText,
    /// Point of the energy, a counter.
    pub(crate) energy: RawText,
    /// Point of the fuel used, a counter.
    pub(crate) fuel: RawText,
    /// Point of the fuel flow.
    pub(crate) fuel_flow: RawText,
    /// Ledger indicator of the fuel bought, a volume.
    pub(crate) fuel_ledger: RawText,
    /// Fuel, `diesel` by default.
    pub(crate) fuel_kind: Option<SpannedValue<RawFuelKind>>,
    /// Factor for CO2 per heat; that of the IPCC for the fuel by default.
    pub(crate) fuel_factor: RawText,
    /// Density from the delivery note, kg/L.
    pub(crate) density_kg_l: RawNumber,
    /// Shares of biodiesel, by start date: `[{ from = 2025-01-01, share = 0.4 }]`.
    #[serde(default)]
    pub(crate) biodiesel: Vec<SpannedValue<RawBlend>>,
}

impl AssetKindSettings for GensetAsset {
    fn report_chapter(&self) -> &'static str {
        "power"
    }

    fn factors(&self) -> Vec<&Arc<Factor>> {
        self.burns.factors()
    }

    fn rated_limits(&self) -> Vec<RatedLimit<'_>> {
        let kw = self.rating_kw * GENSET_MARGIN;
        let points = [
            symmetric_limit(self.power.as_ref(), kw * 1000.0),
            lifetime_limit(self.energy.as_ref(), kw),
        ];
        points.into_iter().flatten().collect()
    }

    fn entry_ranges(&self) -> Vec<(&Arc<str>, AmountRange, &'static str)> {
        let litres_a_day = self.rating_kw * 24.0 * LITRES_PER_KWH_MAX;
        let range = AmountRange {
            most: litres_a_day * BOUGHT_DAYS_MAX,
            usual: (0.1, litres_a_day * BOUGHT_DAYS_USUAL),
        };
        let bought = self.fuel_ledger.iter();
        bought.map(|id| (id, range, "L")).collect()
    }
}

impl RawAssetTable for RawGenset {}

/// Checks the table by itself.
pub(crate) fn check_table(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    raw: &RawGenset,
    around: &mut CheckContext<'_>,
) -> GensetAsset {
    let typed = engine_fuel::RawFuelKeys {
        kind: raw.fuel_kind.as_ref(),
        factor: &raw.fuel_factor,
        density: &raw.density_kg_l,
        blends: &raw.biodiesel,
    };
    let bought = &raw.fuel_ledger;
    GensetAsset {
        rating_kw: notes
            .ranged_number(&raw.rating_kw, "rating_kw")
            .unwrap_or(0.0),
        power: around.measured_point(notes, &raw.power, "power", POWER_UNITS),
        energy: around.counter_point(notes, &raw.energy, "energy", ENERGY_UNITS),
        fuel: around.counter_point(notes, &raw.fuel, "fuel", VOLUME_UNITS),
        fuel_flow: around.measured_point(notes, &raw.fuel_flow, "fuel_flow", FLOW_UNITS),
        fuel_ledger: bought
            .as_ref()
            .map(|_| around.ledger_indicator(notes, span, bought, &FUEL_KEY)),
        burns: engine_fuel::check_fuel(notes, around, &typed),
    }
}
