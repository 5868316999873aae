//! [`PvPlantAsset`]: kind `plts`, a photovoltaic plant (METHODS A, C).

use crate::assets::asset_point::{
    AssetPoint, ENERGY_UNITS, IRRADIANCE_UNITS, POWER_UNITS, SPEED_UNITS, TEMPERATURE_UNITS,
};
use crate::assets::solar::capacity_settings::{
    self, CapacityChange, RawCapacityChange, check_changes,
};
use crate::assets::{
    ANY_UNIT, AssetKindSettings, CheckContext, NamedAsset, OUTDOOR_RANGE_C, RatedLimit,
    RawAssetTable, check_named_asset, lifetime_limit, require_one_of, symmetric_limit,
    text_or_empty,
};
use crate::carbon::settings::baseline::{
    self, Baseline, BaselineKind, PumpEmissionMethod, RawBaseline,
};
use crate::carbon::settings::energy_claim::{self, EnergyClaim, RawClaim};
use crate::carbon::settings::project_emissions::{
    self, LeakageDeclaration, ProjectEmissions, RawLeakage, RawProject,
};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{OneOrMany, RawDate, RawNumber, RawText, SpannedValue};
use crate::domain::date_bounds::DateBounds;
use crate::domain::factor::Factor;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;

/// Margin on the AC rating of an inverter.
// Inverters exceed their rating for seconds, and are often a little larger than was typed.
const AC_MARGIN: f64 = 2.0;
/// Margin on the module rating, without a typed AC rating.
// An inverter that also discharges a battery may be larger than the modules.
const PEAK_MARGIN: f64 = 3.0;
/// Margin on the module rating of an off-grid plant.
// Without a grid the loads decide the size of the inverter.
const OFF_GRID_MARGIN: f64 = 10.0;

/// Photovoltaic plant.
#[derive(Clone, Debug, PartialEq)]
pub struct PvPlantAsset {
    /// System type.
    pub system: PvSystemType,
    /// Rated power of all modules at the beginning, kWp; see `capacity_on`.
    pub capacity_kwp: f64,
    /// Rated AC power of the inverter at the beginning, kW.
    pub ac_rating_kw: Option<f64>,
    /// Changes of both, by their first day.
    pub changes: Vec<CapacityChange>,
    /// Area of all modules, m2.
    pub module_area_m2: Option<f64>,
    /// Power temperature coefficient, 1/degC, at most 0.
    pub gamma: Option<f64>,
    /// Nominal operating cell temperature, degC, used without a module temperature.
    pub noct_c: Option<f64>,
    /// AC power, W.
    pub power: Option<AssetPoint>,
    /// AC energy, kWh.
    pub energy: Option<AssetPoint>,
    /// DC energy of the array, kWh.
    pub dc_energy: Option<AssetPoint>,
    /// Energy exported to the grid, kWh.
    pub export: Option<AssetPoint>,
    /// Energy imported from the grid by the same loads, kWh.
    pub import: Option<AssetPoint>,
    /// Irradiance, W/m2.
    pub irradiance: Option<AssetPoint>,
    /// Plane of the irradiance sensor.
    pub plane: IrradiancePlane,
    /// Module temperature, degC.
    pub module_temperature: Option<AssetPoint>,
    /// Air temperature, degC.
    pub air_temperature: Option<AssetPoint>,
    /// Wind speed, m/s.
    pub wind: Option<AssetPoint>,
    /// Status of the inverter.
    pub status: Option<AssetPoint>,
    /// Channel of a device that measures several plants.
    pub channel: Option<String>,
    /// Declared baselines, by their first day; without one no emissions are avoided.
    pub baselines: Vec<Baseline>,
    /// Project emissions: energy that the plant takes itself.
    pub project: Option<ProjectEmissions>,
    /// Leakage: fate of the replaced engine.
    pub leakage: Option<LeakageDeclaration>,
    /// Claim to the energy.
    pub claim: Option<EnergyClaim>,
}

/// System type of a plant.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum PvSystemType {
    /// Parallel to the grid.
    #[default]
    GridTied,
    /// With a battery, without a grid.
    OffGrid,
    /// Direct supply of a pump: a full tank throttles it, so its PR measures demand.
    PumpOnly,
}

/// Plane of an irradiance sensor.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum IrradiancePlane {
    /// Plane of the modules (POA).
    #[default]
    Array,
    /// Horizontal (GHI): no performance ratio, or an indicative one.
    Horizontal,
    /// Satellite estimate instead of a sensor, used like a horizontal one.
    Satellite,
}

impl PvPlantAsset {
    /// Rated power of all modules on a local day, kWp.
    pub fn capacity_on(&self, day: Date) -> f64 {
        let begun = self.changes.iter().rfind(|change| change.since <= day);
        begun.map_or(self.capacity_kwp, |change| change.capacity_kwp)
    }

    /// Rated AC power of the inverter on a local day, kW.
    pub fn ac_rating_on(&self, day: Date) -> Option<f64> {
        let begun = self.changes.iter().filter(|change| change.since <= day);
        let changed = begun.filter_map(|change| change.ac_rating_kw).next_back();
        changed.or(self.ac_rating_kw)
    }

    /// Highest rated power of all modules that it ever had, kWp.
    pub(crate) fn highest_kwp(&self) -> f64 {
        let changed = self.changes.iter().map(|change| change.capacity_kwp);
        changed.fold(self.capacity_kwp, f64::max)
    }

    /// Highest rated AC power that it ever had, kW.
    pub(crate) fn highest_ac_kw(&self) -> Option<f64> {
        let changed = self.changes.iter().filter_map(|change| change.ac_rating_kw);
        self.ac_rating_kw
            .into_iter()
            .chain(changed)
            .reduce(f64::max)
    }
}

impl PvSystemType {
    /// Word in files and APIs.
    pub fn word(self) -> &'static str {
        match self {
            Self::GridTied => "grid-tied",
            Self::OffGrid => "off-grid",
            Self::PumpOnly => "pump-only",
        }
    }
}

/// Ratio of modules and inverter beyond which one of both is in another unit.
const RATING_RATIO_MAX: f64 = 20.0;
/// Ratio of modules and inverter that is usual, in either direction.
const RATING_RATIO_USUAL: f64 = 3.0;
/// Capacity above which a plant is no village's any more, kWp.
const VILLAGE_KWP_MAX: f64 = 500.0;

/// `plts` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawPlts {
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
    /// System type, `grid-tied` by default.
    pub(crate) system: Option<SpannedValue<PvSystemType>>,
    /// Rated power of all modules, kWp.
    #[schemars(required)]
    pub(crate) capacity_kwp: RawNumber,
    /// Rated AC power of the inverter, kW.
    pub(crate) ac_rating_kw: RawNumber,
    /// Later changes of the capacity: modules added or removed, another inverter.
    #[serde(default)]
    pub(crate) changes: Vec<SpannedValue<RawCapacityChange>>,
    /// Area of all modules, m2.
    pub(crate) module_area_m2: RawNumber,
    /// Power temperature coefficient, 1/degC: -0.0035 where the data sheet says -0.35 %/K.
    pub(crate) gamma: RawNumber,
    /// Nominal operating cell temperature, degC.
    pub(crate) noct_c: RawNumber,
    /// Point of the AC power.
    pub(crate) power: RawText,
    /// Point of the AC energy, a counter.
    pub(crate) energy: RawText,
    /// Point of the array's DC energy, a counter.
    pub(crate) dc_energy: RawText,
    /// Point of the energy exported to the grid, a counter.
    pub(crate) export: RawText,
    /// Point of the energy imported from the grid by the same loads, a counter.
    pub(crate) import: RawText,
    /// Point of the irradiance.
    pub(crate) irradiance: RawText,
    /// Plane of the irradiance sensor, `array` by default.
    pub(crate) irradiance_plane: Option<SpannedValue<IrradiancePlane>>,
    /// Point of the module temperature.
    pub(crate) module_temperature: RawText,
    /// Point of the air temperature.
    pub(crate) air_temperature: RawText,
    /// Point of the wind speed.
    pub(crate) wind: RawText,
    /// Point of the inverter status.
    pub(crate) status: RawText,
    /// Channel of a device that measures several plants: each has a word of its own.
    pub(crate) channel: RawText,
    /// Declared baseline, or a list of them, one after the other.
    #[serde(default)]
    pub(crate) baseline: OneOrMany<RawBaseline>,
    /// Project emissions: energy that the plant takes itself.
    pub(crate) project: Option<SpannedValue<RawProject>>,
    /// Leakage: fate of the replaced engine.
    pub(crate) leakage: Option<SpannedValue<RawLeakage>>,
    /// Claim to the energy.
    pub(crate) claim: Option<SpannedValue<RawClaim>>,
}

impl AssetKindSettings for PvPlantAsset {
    fn report_chapter(&self) -> &'static str {
        "energy"
    }

    fn factors(&self) -> Vec<&Arc<Factor>> {
        let baseline = self.baselines.iter().flat_map(|one| one.kind.factors());
        let project = self.project.iter().filter_map(|one| one.factor.as_ref());
        let mut all: Vec<&Arc<Factor>> = Vec::new();
        for factor in baseline.chain(project) {
            if all.iter().all(|known| known.id != factor.id) {
                all.push(factor);
            }
        }
        all
    }

    fn baselines(&self) -> &[Baseline] {
        &self.baselines
    }

    fn declared_stretches(&self) -> Vec<(&'static str, DateBounds)> {
        let baselines = self.baselines.iter().map(|one| ("baseline", one.days));
        let changes = capacity_settings::stretches(&self.changes);
        baselines
            .chain(changes.map(|days| ("changes", days)))
            .collect()
    }

    // CO2 depends on the water of the pump in the baseline, and on the fuel of the plant's own
    // genset.
    fn needed_assets(&self) -> Vec<&Arc<str>> {
        let pumps = self.baselines.iter().filter_map(|one| one.kind.pump());
        pumps.chain(self.backup_genset()).collect()
    }

    fn import_factor(&self) -> Option<&Arc<Factor>> {
        self.project.as_ref()?.factor.as_ref()
    }

    fn backup_genset(&self) -> Option<&Arc<str>> {
        self.project.as_ref()?.genset.as_ref()
    }

    fn rated_limits(&self) -> Vec<RatedLimit<'_>> {
        let margin = match self.system {
            PvSystemType::GridTied | PvSystemType::PumpOnly => PEAK_MARGIN,
            PvSystemType::OffGrid => OFF_GRID_MARGIN,
        };
        let modules_kw = self.highest_kwp() * margin;
        let kw = self.highest_ac_kw();
        let kw = kw.map_or(modules_kw, |kw| kw * AC_MARGIN);
        let outdoors = [&self.module_temperature, &self.air_temperature];
        let outdoors = outdoors
            .into_iter()
            .flatten()
            .map(|used| (used, OUTDOOR_RANGE_C));
        let points = [
            symmetric_limit(self.power.as_ref(), kw * 1000.0),
            lifetime_limit(self.energy.as_ref(), kw),
            lifetime_limit(self.dc_energy.as_ref(), modules_kw),
        ];
        points.into_iter().flatten().chain(outdoors).collect()
    }
}

impl RawAssetTable for RawPlts {
    fn check_relations(
        &self,
        notes: &mut DiagnosticCollector<'_>,
        own: &dyn AssetKindSettings,
        all: &[&dyn NamedAsset],
    ) {
        if let Some(project) = &self.project {
            check_named_asset(notes, all, &project.get().genset, "genset", "genset");
        }
        for at in self.baseline.all() {
            if let RawBaseline::PumpFuel(typed) = at.get() {
                check_named_asset(notes, all, &typed.pump, "pump", "pump");
                check_replaced_pump(notes, (at, &typed.pump), own, all);
            }
        }
    }
}

/// Checks that the pump of a fuel pump baseline measures its water.
fn check_replaced_pump(
    notes: &mut DiagnosticCollector<'_>,
    (at, typed): (&SpannedValue<RawBaseline>, &RawText),
    own: &dyn AssetKindSettings,
    all: &[&dyn NamedAsset],
) {
    let named = text_or_empty(typed);
    let mut found = own.baselines().iter().filter_map(|one| match &one.kind {
        BaselineKind::PumpFuel { pump, method, .. } if **pump == *named => Some((pump, method)),
        _ => None,
    });
    let Some((id, way)) = found.next() else {
        return;
    };
    let named = all.iter().find(|asset| asset.id() == id);
    let Some(pump) = named.and_then(|asset| asset.settings().pump_measurements()) else {
        return;
    };
    if !pump.water {
        notes.add_error(at.span(), "pump", "fault-pump-lacks", id, "volume, flow");
    }
    // Without litres, fuel is computed from the energy of the lifted water, which needs the head.
    if matches!(way, PumpEmissionMethod::Water { .. }) && !pump.head {
        notes.add_error(at.span(), "pump", "fault-pump-lacks", id, "head");
    }
}

/// Checks the two ratings against each other, at the beginning and after each change: one of them
/// typed in W is wrong by a thousand. A battery inverter may be several times larger or smaller
/// than the modules.
fn check_ratings(notes: &mut DiagnosticCollector<'_>, raw: &RawPlts) {
    let number = |typed: &RawNumber| typed.as_ref().map(|at| *at.get());
    let mut ac_kw = None;
    let changes = raw.changes.iter().map(|at| at.get().ratings());
    for (capacity, ac_rating) in [(&raw.capacity_kwp, &raw.ac_rating_kw)]
        .into_iter()
        .chain(changes)
    {
        ac_kw = number(ac_rating).or(ac_kw);
        let (Some(kwp), Some(at)) = (number(capacity), capacity) else {
            continue;
        };
        let found = format!("{kwp} kWp");
        let Some(kw) = ac_kw else {
            if kwp > VILLAGE_KWP_MAX {
                let what = "fault-capacity-large";
                notes.add_warning(at.span(), "capacity_kwp", what, &found, "");
            }
            continue;
        };
        let (ratio, expected) = (kwp / kw, format!("ac_rating_kw = {kw}"));
        if !(1.0 / RATING_RATIO_MAX..=RATING_RATIO_MAX).contains(&ratio) {
            notes.add_error(
                at.span(),
                "capacity_kwp",
                "fault-ratings",
                &found,
                &expected,
            );
        } else if !(1.0 / RATING_RATIO_USUAL..=RATING_RATIO_USUAL).contains(&ratio) {
            notes.add_warning(
                at.span(),
                "capacity_kwp",
                "fault-ratings",
                &found,
                &expected,
            );
        }
    }
}

/// Warns about a replaced generator set that is many times larger than the plant: one of the two
/// is in another unit.
fn check_replaced_set(notes: &mut DiagnosticCollector<'_>, raw: &RawPlts, baselines: &[Baseline]) {
    let Some(at) = &raw.capacity_kwp else {
        return;
    };
    for baseline in baselines {
        let BaselineKind::Genset { rating_kw, .. } = &baseline.kind else {
            continue;
        };
        if *rating_kw > at.get() * RATING_RATIO_MAX {
            let (found, expected) = (
                format!("rating_kw = {rating_kw}"),
                format!("capacity_kwp = {}", at.get()),
            );
            let what = "fault-ratings";
            notes.add_warning(at.span(), "baseline", what, &found, &expected);
        }
    }
}

/// Checks the table by itself.
pub(crate) fn check_table(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    raw: &RawPlts,
    around: &mut CheckContext<'_>,
) -> PvPlantAsset {
    let keys = [
        ("energy", raw.energy.is_some()),
        ("power", raw.power.is_some()),
    ];
    require_one_of(notes, span, &keys);
    check_ratings(notes, raw);
    let (plane, claim) = (raw.irradiance_plane.as_ref(), raw.claim.as_ref());
    let baselines = baseline::check_baselines(notes, &raw.baseline, around);
    check_replaced_set(notes, raw, &baselines);
    PvPlantAsset {
        system: raw.system.as_ref().map(|at| *at.get()).unwrap_or_default(),
        capacity_kwp: notes
            .ranged_number(&raw.capacity_kwp, "capacity_kwp")
            .unwrap_or(0.0),
        ac_rating_kw: notes.ranged_number(&raw.ac_rating_kw, "ac_rating_kw"),
        module_area_m2: notes.ranged_number(&raw.module_area_m2, "module_area_m2"),
        changes: check_changes(notes, &raw.changes),
        // At most 1 % per degree: a value typed in percent (-0.35) is refused.
        gamma: notes.ranged_number(&raw.gamma, "gamma"),
        noct_c: notes.ranged_number(&raw.noct_c, "noct_c"),
        power: around.measured_point(notes, &raw.power, "power", POWER_UNITS),
        energy: around.counter_point(notes, &raw.energy, "energy", ENERGY_UNITS),
        dc_energy: around.counter_point(notes, &raw.dc_energy, "dc_energy", ENERGY_UNITS),
        export: around.counter_point(notes, &raw.export, "export", ENERGY_UNITS),
        import: around.counter_point(notes, &raw.import, "import", ENERGY_UNITS),
        irradiance: around.measured_point(notes, &raw.irradiance, "irradiance", IRRADIANCE_UNITS),
        plane: plane.map(|at| *at.get()).unwrap_or_default(),
        module_temperature: around.measured_point(
            notes,
            &raw.module_temperature,
            "module_temperature",
            TEMPERATURE_UNITS,
        ),
        air_temperature: around.measured_point(
            notes,
            &raw.air_temperature,
            "air_temperature",
            TEMPERATURE_UNITS,
        ),
        wind: around.measured_point(notes, &raw.wind, "wind", SPEED_UNITS),
        status: around.measured_point(notes, &raw.status, "status", ANY_UNIT),
        channel: Some(text_or_empty(&raw.channel)).filter(|word| !word.is_empty()),
        project: raw
            .project
            .as_ref()
            .map(|at| project_emissions::check_project(notes, at.get(), around)),
        leakage: project_emissions::check_leakage(notes, span, raw.leakage.as_ref(), &baselines),
        baselines,
        claim: claim.map(|at| energy_claim::check_claim(notes, at.get())),
    }
}
