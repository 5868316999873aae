//! `plts`: a photovoltaic plant (METHODS A, C).

use super::baseline::{self, Baseline, RawBaseline};
use super::claim::{self, Claim, RawClaim};
use super::point::{self, CELSIUS, IRRADIANCE, KWH, PointUse, SPEED, WATT};
use super::project::{self, Leakage, Project, RawLeakage, RawProject};
use super::{ANY, Around, one_of};
use crate::config::notes::Notes;
use crate::config::raw::{At, Number, Text};
use crate::model::factor::Factor;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;

/// A photovoltaic plant.
#[derive(Clone, Debug, PartialEq)]
pub struct Plts {
    /// How it is connected.
    pub system: System,
    /// Nameplates of all modules together, kWp.
    pub capacity_kwp: f64,
    /// What the inverter can give, kW.
    pub ac_rating_kw: Option<f64>,
    /// Area of all modules, m2.
    pub module_area_m2: Option<f64>,
    /// Power temperature coefficient, 1/degC, at most 0.
    pub gamma: Option<f64>,
    /// Nominal operating cell temperature, degC, when no module temperature is measured.
    pub noct_c: Option<f64>,
    /// AC power, W.
    pub power: Option<PointUse>,
    /// AC energy, kWh.
    pub energy: Option<PointUse>,
    /// DC energy of the array, kWh.
    pub dc_energy: Option<PointUse>,
    /// Energy given to the grid, kWh.
    pub export: Option<PointUse>,
    /// Energy that the same loads took from the grid, kWh.
    pub import: Option<PointUse>,
    /// Irradiance, W/m2.
    pub irradiance: Option<PointUse>,
    /// Where that sensor lies.
    pub plane: Plane,
    /// Module temperature, degC.
    pub module_temperature: Option<PointUse>,
    /// Air temperature, degC.
    pub air_temperature: Option<PointUse>,
    /// Wind speed, m/s.
    pub wind: Option<PointUse>,
    /// State of the inverter.
    pub status: Option<PointUse>,
    /// What would have happened without it; `None`: nothing is claimed.
    pub baseline: Option<Baseline>,
    /// What it takes itself.
    pub project: Option<Project>,
    /// What became of the set that it replaced.
    pub leakage: Option<Leakage>,
    /// Who may claim its energy.
    pub claim: Option<Claim>,
}

/// How a plant is connected.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum System {
    /// In parallel with the grid.
    #[default]
    GridTied,
    /// With a battery, no grid.
    OffGrid,
    /// Straight to a pump: a full tank throttles it, so its PR measures demand.
    PumpOnly,
}

/// Where an irradiance sensor lies.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Plane {
    /// In the plane of the modules.
    #[default]
    Array,
    /// Horizontal: no performance ratio, or an indicative one.
    Horizontal,
    /// No sensor but a satellite's estimate: as horizontal.
    Satellite,
}

impl Plts {
    /// The factors that its figures stand on.
    pub fn factors(&self) -> Vec<&Arc<Factor>> {
        let baseline = self.baseline.iter().flat_map(|one| one.kind.factors());
        let project = self.project.iter().filter_map(|one| one.factor.as_ref());
        baseline.chain(project).collect()
    }
}

impl System {
    /// Its word in files and APIs.
    pub fn word(self) -> &'static str {
        match self {
            Self::GridTied => "grid-tied",
            Self::OffGrid => "off-grid",
            Self::PumpOnly => "pump-only",
        }
    }
}

/// `plts` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawPlts {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: Text,
    /// Name for people.
    pub(crate) name: Text,
    /// How it is connected, `grid-tied` when left out.
    pub(crate) system: Option<At<System>>,
    /// Nameplates of all modules together, kWp.
    #[schemars(required)]
    pub(crate) capacity_kwp: Number,
    /// What the inverter can give, kW.
    pub(crate) ac_rating_kw: Number,
    /// Area of all modules, m2.
    pub(crate) module_area_m2: Number,
    /// Power temperature coefficient, a degree: -0.0035 where the data sheet says -0.35 %/K.
    pub(crate) gamma: Number,
    /// Nominal operating cell temperature, degC.
    pub(crate) noct_c: Number,
    /// Point of the AC power.
    pub(crate) power: Text,
    /// Point of the AC energy, a counter.
    pub(crate) energy: Text,
    /// Point of the array's DC energy, a counter.
    pub(crate) dc_energy: Text,
    /// Point of the energy given to the grid, a counter.
    pub(crate) export: Text,
    /// Point of the energy that the same loads took from the grid, a counter.
    pub(crate) import: Text,
    /// Point of the irradiance.
    pub(crate) irradiance: Text,
    /// Where that sensor lies, `array` when left out.
    pub(crate) irradiance_plane: Option<At<Plane>>,
    /// Point of the module temperature.
    pub(crate) module_temperature: Text,
    /// Point of the air temperature.
    pub(crate) air_temperature: Text,
    /// Point of the wind speed.
    pub(crate) wind: Text,
    /// Point of the inverter's state.
    pub(crate) status: Text,
    /// What would have happened without it.
    pub(crate) baseline: Option<At<RawBaseline>>,
    /// What it takes itself.
    pub(crate) project: Option<At<RawProject>>,
    /// What became of the set that it replaced.
    pub(crate) leakage: Option<At<RawLeakage>>,
    /// Who may claim its energy.
    pub(crate) claim: Option<At<RawClaim>>,
}

pub(super) fn plts(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    raw: &RawPlts,
    around: &mut Around<'_>,
) -> Plts {
    let keys = [
        ("energy", raw.energy.is_some()),
        ("power", raw.power.is_some()),
    ];
    one_of(notes, span, &keys);
    let baseline = raw.baseline.as_ref();
    let baseline = baseline.map(|at| baseline::baseline(notes, at, around));
    Plts {
        system: raw.system.as_ref().map(|at| *at.get()).unwrap_or_default(),
        capacity_kwp: notes
            .positive(&raw.capacity_kwp, "capacity_kwp")
            .unwrap_or(0.0),
        ac_rating_kw: notes.positive(&raw.ac_rating_kw, "ac_rating_kw"),
        module_area_m2: notes.positive(&raw.module_area_m2, "module_area_m2"),
        gamma: notes.within(&raw.gamma, "gamma", -0.01..=0.0),
        noct_c: notes.within(&raw.noct_c, "noct_c", 20.0..=80.0),
        power: point::point(notes, around, &raw.power, "power", WATT),
        energy: point::total(notes, around, &raw.energy, "energy", KWH),
        dc_energy: point::total(notes, around, &raw.dc_energy, "dc_energy", KWH),
        export: point::total(notes, around, &raw.export, "export", KWH),
        import: point::total(notes, around, &raw.import, "import", KWH),
        irradiance: point::point(notes, around, &raw.irradiance, "irradiance", IRRADIANCE),
        plane: raw
            .irradiance_plane
            .as_ref()
            .map(|at| *at.get())
            .unwrap_or_default(),
        module_temperature: point::point(
            notes,
            around,
            &raw.module_temperature,
            "module_temperature",
            CELSIUS,
        ),
        air_temperature: point::point(
            notes,
            around,
            &raw.air_temperature,
            "air_temperature",
            CELSIUS,
        ),
        wind: point::point(notes, around, &raw.wind, "wind", SPEED),
        status: point::point(notes, around, &raw.status, "status", ANY),
        project: raw
            .project
            .as_ref()
            .map(|at| project::project(notes, at.get(), around)),
        leakage: project::leakage(notes, span, raw.leakage.as_ref(), baseline.as_ref()),
        baseline,
        claim: raw.claim.as_ref().map(|at| claim::claim(notes, at.get())),
    }
}
