//! [`ProjectEmissions`], [`LeakageDeclaration`]: emissions of a plant itself and of a replaced
//! engine (METHODS C.9).

use crate::assets::asset_point::{AssetPoint, ENERGY_UNITS};
use crate::assets::{CheckContext, text_or_empty};
use crate::carbon::settings::baseline::{Baseline, BaselineKind, choose_energy_factor};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawNumber, RawText, SpannedValue};
use crate::domain::factor::Factor;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;

/// Project emissions: energy that a plant takes itself (METHODS C.9).
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectEmissions {
    /// Energy imported from the grid, kWh.
    pub import: Option<AssetPoint>,
    /// Factor of that grid.
    pub factor: Option<Arc<Factor>>,
    /// Id of the genset asset that backs it up.
    pub genset: Option<Arc<str>>,
}

/// Leakage: fate of the replaced engine (METHODS C.9).
#[derive(Clone, Debug, PartialEq)]
pub struct LeakageDeclaration {
    /// Fate of the engine.
    pub replaced: ReplacedEngineFate,
    /// Fuel that it still burns, L per year.
    pub litres_per_year: Option<f64>,
    /// Evidence, as text.
    pub statement: String,
}

/// Fate of a replaced engine.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ReplacedEngineFate {
    /// No engine was replaced.
    Nothing,
    /// Scrapped.
    Scrapped,
    /// On standby, not running.
    Idle,
    /// Sold.
    Sold,
    /// In use at another place.
    Elsewhere,
}

impl LeakageDeclaration {
    /// Whether an engine was replaced and nobody states what became of it.
    pub fn lacks_statement(&self) -> bool {
        self.replaced != ReplacedEngineFate::Nothing && self.statement.is_empty()
    }
}

impl ReplacedEngineFate {
    /// True when it still burns fuel.
    pub fn leaks(self) -> bool {
        matches!(self, Self::Sold | Self::Elsewhere)
    }
}

/// `project` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawProject {
    /// Point of the energy that the plant imports from the grid, a counter.
    import: RawText,
    /// Id of the factor of that grid.
    factor: RawText,
    /// Id of the genset asset that backs it up.
    pub(crate) genset: RawText,
}

/// `leakage` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawLeakage {
    /// Fate of the replaced engine.
    #[schemars(required)]
    replaced: Option<SpannedValue<ReplacedEngineFate>>,
    /// Fuel that it still burns, L per year.
    litres_per_year: RawNumber,
    /// Evidence.
    statement: RawText,
}

pub(crate) fn check_project(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawProject,
    around: &mut CheckContext<'_>,
) -> ProjectEmissions {
    let factor = choose_energy_factor(notes, &raw.factor, around, "GRID");
    // Imported energy has emissions: without a factor they would count as zero.
    if let Some(at) = raw.import.as_ref().filter(|_| raw.factor.is_none()) {
        notes.add_error(at.span(), "factor", "fault-missing", "", "");
    }
    ProjectEmissions {
        import: around.counter_point(notes, &raw.import, "project_import", ENERGY_UNITS),
        factor,
        genset: raw.genset.as_ref().map(|at| Arc::from(at.get().as_str())),
    }
}

/// Checks `leakage`, which is expected where the baseline replaces an engine.
pub(crate) fn check_leakage(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    typed: Option<&SpannedValue<RawLeakage>>,
    baselines: &[Baseline],
) -> Option<LeakageDeclaration> {
    let Some(at) = typed else {
        let replaces = |one: &Baseline| {
            matches!(
                one.kind,
                BaselineKind::Genset { .. } | BaselineKind::PumpFuel { .. }
            )
        };
        if baselines.iter().any(replaces) {
            notes.add_warning(span.clone(), "leakage", "fault-no-statement", "", "");
        }
        return None;
    };
    let raw = at.get();
    let replaced = *raw.replaced.as_ref()?.get();
    let litres_per_year = notes.ranged_number(&raw.litres_per_year, "litres_per_year");
    let statement = text_or_empty(&raw.statement);
    // Continued use of the engine is leakage, which reduces the net result (METHODS C.9).
    if replaced.leaks() && raw.litres_per_year.is_none() {
        notes.add_error(at.span(), "litres_per_year", "fault-missing", "", "");
    }
    let declared = LeakageDeclaration {
        replaced,
        litres_per_year,
        statement,
    };
    if declared.lacks_statement() {
        notes.add_warning(at.span(), "statement", "fault-no-statement", "", "");
    }
    Some(declared)
}
