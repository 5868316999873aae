//! [`BsfAsset`]: kind `bsf`, a bin with larvae of the black soldier fly (METHODS E.1 to E.3).

use crate::assets::asset_point::{AssetPoint, HUMIDITY_UNITS, MOISTURE_UNITS, TEMPERATURE_UNITS};
use crate::assets::{
    AssetKindSettings, CheckContext, IndicatorKey, OrganicWaste, RawAssetTable, text_or_empty,
};
use crate::carbon::settings::waste_disposal::{self, RawDisposal, WasteDisposal};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawDate, RawNumber, RawText, SpannedValue};
use crate::ledger::LedgerDimension;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;

/// Key of the waste fed.
const FED_KEY: IndicatorKey = IndicatorKey::new("fed", "bsf-fed", LedgerDimension::Mass);
/// Key of the larvae harvested.
const LARVAE_KEY: IndicatorKey = IndicatorKey::new("larvae", "bsf-maggot", LedgerDimension::Mass);
/// Key of the residue.
const RESIDUE_KEY: IndicatorKey = IndicatorKey::new("residue", "bsf-kasgot", LedgerDimension::Mass);

/// Bin with black soldier fly larvae.
#[derive(Clone, Debug, PartialEq)]
pub struct BsfAsset {
    /// Temperatures of the substrate, degC; the first is the core.
    pub temperatures: Vec<AssetPoint>,
    /// Air humidity, % or %RH.
    pub humidity: Option<AssetPoint>,
    /// Substrate moisture, % or %RH.
    pub moisture: Option<AssetPoint>,
    /// Position of the probe, as text; empty when not recorded.
    pub probe: String,
    /// Limits of the temperature bands.
    pub bands: BsfTemperatureBands,
    /// Ledger indicator of the waste fed.
    pub fed: Arc<str>,
    /// Ledger indicator of the larvae harvested.
    pub larvae: Arc<str>,
    /// Ledger indicator of the residue (kasgot).
    pub residue: Arc<str>,
    /// True when all three are dry mass, false for wet mass.
    pub dry_mass: bool,
    /// Replaced disposal; `None`: no methane baseline.
    pub disposal: Option<WasteDisposal>,
}

/// Limits of the temperature bands of BSF larvae, degC (METHODS E.1).
#[derive(Clone, Debug, PartialEq)]
pub struct BsfTemperatureBands {
    /// No development below this.
    pub slow: f64,
    /// Start of the optimal band, which ends at `warm`.
    pub optimal: f64,
    /// Start of the warm band.
    pub warm: f64,
    /// Start of the critical band.
    pub critical: f64,
    /// Start of the lethal band.
    pub lethal: f64,
}

// Survival to adult is 74 to 97 % at 27 and 30 degC and 0.1 % at 36 degC (Tomberlin 2009); 12 and
// 44 degC are the lower threshold and the thermal maximum (Chia 2018), METHODS E.1.
impl Default for BsfTemperatureBands {
    fn default() -> Self {
        Self {
            slow: 12.0,
            optimal: 27.0,
            warm: 30.0,
            critical: 36.0,
            lethal: 44.0,
        }
    }
}

/// `bsf` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(extend("x-retired-keys" = ["stage"]))]
pub(crate) struct RawBsf {
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
    /// Point of the substrate's temperature, or a list of them, the core first.
    #[schemars(required, with = "Option<serde_json::Value>")]
    pub(crate) temperature: Option<SpannedValue<toml::Value>>,
    /// Point of the air's humidity.
    pub(crate) humidity: RawText,
    /// Point of the substrate's moisture.
    pub(crate) moisture: RawText,
    /// Position of the probe, e.g. "5 cm deep, centre".
    pub(crate) probe: RawText,
    /// Limits of the temperature bands.
    pub(crate) bands: Option<SpannedValue<RawTemperatureBands>>,
    /// Ledger indicator of the waste fed, `bsf-fed` by default.
    pub(crate) fed: RawText,
    /// Ledger indicator of the larvae harvested, `bsf-maggot` by default.
    pub(crate) larvae: RawText,
    /// Ledger indicator of the residue, `bsf-kasgot` by default.
    pub(crate) residue: RawText,
    /// Basis of these masses, `wet` (default) or `dry`.
    pub(crate) basis: Option<SpannedValue<RawMassBasis>>,
    /// Disposal without the programme.
    pub(crate) disposal: Option<SpannedValue<RawDisposal>>,
}

/// Basis of masses.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawMassBasis {
    Wet,
    Dry,
}

/// `bands` as typed; each degC.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawTemperatureBands {
    /// No development below this; 12 by default.
    pub(crate) slow: RawNumber,
    /// Start of the optimal band, which ends at `warm`; 27 by default.
    pub(crate) optimal: RawNumber,
    /// Start of the warm band; 30 by default.
    pub(crate) warm: RawNumber,
    /// Start of the critical band; 36 by default.
    pub(crate) critical: RawNumber,
    /// Start of the lethal band; 44 by default.
    pub(crate) lethal: RawNumber,
}

impl AssetKindSettings for BsfAsset {
    fn report_chapter(&self) -> &'static str {
        "waste"
    }

    fn organic_waste(&self) -> Option<OrganicWaste<'_>> {
        Some(OrganicWaste {
            fed: &self.fed,
            // The usual indicator is the waste fed to maggots.
            is_declared: true,
            taken: [Some(&self.larvae), Some(&self.residue)],
            dry: self.dry_mass,
            disposal: self.disposal.as_ref(),
        })
    }
}

impl RawAssetTable for RawBsf {}

/// Checks the table by itself.
pub(crate) fn check_table(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    raw: &RawBsf,
    around: &mut CheckContext<'_>,
) -> BsfAsset {
    let probe = text_or_empty(&raw.probe);
    // Larval heaps heat themselves, so a temperature means little without the probe's position
    // (METHODS E.1).
    if probe.is_empty() {
        notes.add_warning(span.clone(), "probe", "fault-no-probe", "", "");
    }
    let temperature = raw.temperature.as_ref();
    let [fed, larvae, residue] = [
        (&raw.fed, &FED_KEY),
        (&raw.larvae, &LARVAE_KEY),
        (&raw.residue, &RESIDUE_KEY),
    ]
    .map(|(typed, key)| around.ledger_indicator(notes, span, typed, key));
    check_mass_roles(notes, span, [&fed, &larvae, &residue]);
    BsfAsset {
        temperatures: around.point_list(notes, temperature, "temperature", TEMPERATURE_UNITS),
        humidity: around.measured_point(notes, &raw.humidity, "humidity", HUMIDITY_UNITS),
        moisture: around.measured_point(notes, &raw.moisture, "moisture", MOISTURE_UNITS),
        probe,
        bands: check_bands(notes, raw.bands.as_ref()),
        fed,
        larvae,
        residue,
        dry_mass: raw
            .basis
            .as_ref()
            .is_some_and(|at| *at.get() == RawMassBasis::Dry),
        disposal: waste_disposal::check_disposal(notes, raw.disposal.as_ref(), around),
    }
}

/// Refuses one indicator for two of the masses: what went in would also have come out.
fn check_mass_roles(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    masses: [&Arc<str>; 3],
) {
    let roles = ["fed", "larvae", "residue"];
    for (at, (id, role)) in masses.into_iter().zip(roles).enumerate().skip(1) {
        let first = masses[..at].iter().position(|other| *other == id);
        if let Some(first) = first.filter(|_| !id.is_empty()) {
            let both = format!("{}, {role}", roles[first]);
            notes.add_error(span.clone(), role, "fault-mass-roles", id, &both);
        }
    }
}

/// Checks the limits, which must rise.
fn check_bands(
    notes: &mut DiagnosticCollector<'_>,
    typed: Option<&SpannedValue<RawTemperatureBands>>,
) -> BsfTemperatureBands {
    let usual = BsfTemperatureBands::default();
    let Some(at) = typed else {
        return usual;
    };
    let raw = at.get();
    let mut limit =
        |typed: &RawNumber, key: &str, usual: f64| notes.ranged_number(typed, key).unwrap_or(usual);
    let bands = BsfTemperatureBands {
        slow: limit(&raw.slow, "slow", usual.slow),
        optimal: limit(&raw.optimal, "optimal", usual.optimal),
        warm: limit(&raw.warm, "warm", usual.warm),
        critical: limit(&raw.critical, "critical", usual.critical),
        lethal: limit(&raw.lethal, "lethal", usual.lethal),
    };
    let all = [
        bands.slow,
        bands.optimal,
        bands.warm,
        bands.critical,
        bands.lethal,
    ];
    if all.windows(2).any(|pair| pair[0] >= pair[1]) {
        let found = all.map(|limit| limit.to_string()).join(", ");
        notes.add_error(
            at.span(),
            "bands",
            "fault-value",
            &found,
            "fault-expect-rising",
        );
    }
    bands
}
