//! What would have happened without a plant (METHODS C.1 to C.6, C.9): one declared baseline.

use super::fuel::{self, Fuel, RawBlend, RawFuelKind};
use super::genset::GensetLoad;
use super::{Around, one_of, words};
use crate::config::factors::{Factors, chosen};
use crate::config::notes::Notes;
use crate::config::raw::{At, Day, Number, Text};
use crate::model::factor::{Doubt, Factor, Headline, Unverified};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;

/// The table of C.4, which nobody checked.
const GENSET_TABLE: &str = "genset.table";
/// Units of a factor for electricity, for sentences.
pub(super) const PER_ENERGY: &str = "tCO2/MWh, kgCO2/kWh";

/// The declared baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// What would have happened.
    pub kind: BaselineKind,
    /// From which day on it is declared.
    pub since: Option<Date>,
    /// Who declared it.
    pub by: String,
    /// What proves it: a bill, a fuel log, photos.
    pub evidence: String,
}

/// What would have happened.
#[derive(Clone, Debug, PartialEq)]
pub enum BaselineKind {
    /// Electricity from the grid.
    Grid {
        /// Its factor; `None` only beside a fault.
        factor: Option<Arc<Factor>>,
        /// Losses of transmission and distribution, 0 unless said.
        losses: f64,
    },
    /// Electricity from a diesel set.
    Genset {
        /// Rating of the set, kW.
        rating_kw: f64,
        /// How its emissions are known; `None` only beside a fault.
        way: Option<GensetWay>,
    },
    /// A diesel or petrol pump.
    PumpFuel {
        /// Id of the pump asset whose water it would have lifted.
        pump: Arc<str>,
        /// How its emissions are known.
        way: PumpFuelWay,
        /// What it burnt.
        fuel: Fuel,
    },
    /// No service existed: nothing is avoided.
    None,
}

/// How the emissions of a set are known.
#[derive(Clone, Debug, PartialEq)]
pub enum GensetWay {
    /// By the litres that it burnt for each kWh, from a fuel log (C.5).
    Litres {
        /// Litres a kWh.
        litres_per_kwh: f64,
        /// What it burnt.
        fuel: Fuel,
    },
    /// By a factor for electricity.
    Factor(Arc<Factor>),
    /// By a number that nobody checked, chosen by the site.
    Unverified(Unverified),
    /// By the table of C.4, which nobody checked, at this load.
    Table(GensetLoad),
}

/// How the emissions of a fuel pump are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PumpFuelWay {
    /// By the litres that it burnt for each m3, from a fuel log (C.5).
    Litres {
        /// Litres a m3.
        litres_per_m3: f64,
    },
    /// From the water that was lifted (C.6).
    Water {
        /// Efficiency of the pump, 0 to 1.
        eta_pump: f64,
        /// Efficiency of the engine, 0 to 1.
        eta_engine: f64,
        /// Both were measured on the set that was replaced; otherwise taken high.
        measured: bool,
    },
}

impl Baseline {
    /// What may be said in a headline that stands on it.
    pub fn headline(&self, factors: &Factors) -> Headline {
        let known = self.kind.factors().into_iter();
        let known = known.map(|factor| factors.headline(factor));
        let unchecked = self
            .kind
            .unverified()
            .map(|_| Headline::Provisional(Doubt::Unverified));
        Headline::of_all(known.chain(unchecked))
    }
}

impl BaselineKind {
    /// Id of the number that nobody checked, when it stands on one.
    pub fn unverified(&self) -> Option<&str> {
        match self {
            Self::Genset { way, .. } => match way.as_ref()? {
                GensetWay::Unverified(number) => Some(&*number.id),
                GensetWay::Table(_) => Some(GENSET_TABLE),
                GensetWay::Litres { .. } | GensetWay::Factor(_) => None,
            },
            _ => None,
        }
    }

    /// The code of C.1.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Grid { .. } => "GRID",
            Self::Genset { .. } => "GENSET",
            Self::PumpFuel { .. } => "PUMP_FUEL",
            Self::None => "NONE",
        }
    }

    /// The factors that it stands on.
    pub fn factors(&self) -> Vec<&Arc<Factor>> {
        match self {
            Self::Grid { factor, .. } => factor.iter().collect(),
            Self::Genset { way, .. } => match way {
                Some(GensetWay::Factor(factor)) => vec![factor],
                Some(GensetWay::Litres { fuel, .. }) => fuel.factors(),
                _ => Vec::new(),
            },
            Self::PumpFuel { fuel, .. } => fuel.factors(),
            Self::None => Vec::new(),
        }
    }
}

/// `baseline` as typed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(tag = "kind")]
pub(crate) enum RawBaseline {
    /// Electricity from the grid.
    Grid(RawGrid),
    /// Electricity from a diesel set.
    Genset(RawGensetBaseline),
    /// A diesel or petrol pump.
    PumpFuel(RawPumpFuel),
    /// No service existed: nothing is avoided.
    None(RawNone),
}

/// `GRID`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawGrid {
    /// Id of the grid's factor; there is no default.
    #[schemars(required)]
    factor: Text,
    /// Losses of transmission and distribution, 0 (which claims less) when left out.
    losses: Number,
    /// First day for which it is declared.
    #[schemars(with = "Option<serde_json::Value>")]
    since: Option<Day>,
    /// Who declared it.
    by: Text,
    /// What proves it: the PLN bill, a meter at the same load.
    evidence: Text,
}

/// `GENSET`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawGensetBaseline {
    /// Rating of the set, kW.
    #[schemars(required)]
    rating_kw: Number,
    /// Litres a kWh, from a fuel log.
    litres_per_kwh: Number,
    /// Id of a factor for its electricity.
    factor: Text,
    /// Load, for the table of C.4, which nobody has checked.
    load: Option<At<GensetLoad>>,
    /// What it burnt, `diesel` when left out.
    fuel_kind: Option<At<RawFuelKind>>,
    /// Factor of the CO2 of its heat; the IPCC's of the fuel when left out.
    fuel_factor: Text,
    /// Density from the delivery note, kg/L.
    density_kg_l: Number,
    /// Share of biodiesel, by month.
    #[serde(default)]
    biodiesel: Vec<At<RawBlend>>,
    /// First day for which it is declared.
    #[schemars(with = "Option<serde_json::Value>")]
    since: Option<Day>,
    /// Who declared it.
    by: Text,
    /// What proves it: a fuel log, the nameplate.
    evidence: Text,
}

/// `PUMP_FUEL`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawPumpFuel {
    /// Id of the pump asset whose water it would have lifted.
    #[schemars(required)]
    pub(super) pump: Text,
    /// Litres a m3, from a fuel log; without it, from the water and the head.
    litres_per_m3: Number,
    /// Efficiency of the replaced pump, measured.
    eta_pump: Number,
    /// Efficiency of the replaced engine, measured.
    eta_engine: Number,
    /// What it burnt, `diesel` when left out.
    fuel_kind: Option<At<RawFuelKind>>,
    /// Factor of the CO2 of its heat; the IPCC's of the fuel when left out.
    fuel_factor: Text,
    /// Density from the delivery note, kg/L.
    density_kg_l: Number,
    /// Share of biodiesel, by month.
    #[serde(default)]
    biodiesel: Vec<At<RawBlend>>,
    /// First day for which it is declared.
    #[schemars(with = "Option<serde_json::Value>")]
    since: Option<Day>,
    /// Who declared it.
    by: Text,
    /// What proves it: a fuel log, photos, farmers' statements.
    evidence: Text,
}

/// `NONE`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawNone {
    /// First day for which it is declared.
    #[schemars(with = "Option<serde_json::Value>")]
    since: Option<Day>,
    /// Who declared it.
    by: Text,
    /// What proves it.
    evidence: Text,
}

/// Where and who, the same for every kind.
type Declared<'a> = (Option<&'a Day>, &'a Text, &'a Text);

pub(super) fn baseline(
    notes: &mut Notes<'_>,
    at: &At<RawBaseline>,
    around: &Around<'_>,
) -> Baseline {
    let (kind, (since, by, evidence)): (_, Declared<'_>) = match at.get() {
        RawBaseline::Grid(raw) => (
            grid(notes, raw, around),
            (raw.since.as_ref(), &raw.by, &raw.evidence),
        ),
        RawBaseline::Genset(raw) => (
            genset(notes, &at.span(), raw, around),
            (raw.since.as_ref(), &raw.by, &raw.evidence),
        ),
        RawBaseline::PumpFuel(raw) => (
            pump_fuel(notes, &at.span(), raw, around),
            (raw.since.as_ref(), &raw.by, &raw.evidence),
        ),
        RawBaseline::None(raw) => (
            BaselineKind::None,
            (raw.since.as_ref(), &raw.by, &raw.evidence),
        ),
    };
    let day = notes.date(since, "since");
    if let (Some(day), Some(at)) = (day, since) {
        for factor in kind
            .factors()
            .into_iter()
            .filter(|factor| !factor.holds_on(day))
        {
            let (found, expected) = (format!("{} ({day})", factor.id), factor.validity());
            notes.fault(
                at.span(),
                "since",
                "fault-factor-expired",
                &found,
                &expected,
            );
        }
    }
    Baseline {
        kind,
        since: day,
        by: words(by),
        evidence: words(evidence),
    }
}

fn grid(notes: &mut Notes<'_>, raw: &RawGrid, around: &Around<'_>) -> BaselineKind {
    let fits = |factor: &Factor| factor.t_per_mwh().is_some();
    let losses = notes.within(&raw.losses, "losses", 0.0..=0.3);
    BaselineKind::Grid {
        factor: chosen(
            notes,
            around.factors,
            &raw.factor,
            "factor",
            PER_ENERGY,
            fits,
        ),
        losses: losses.unwrap_or(0.0),
    }
}

fn genset(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    raw: &RawGensetBaseline,
    around: &Around<'_>,
) -> BaselineKind {
    let ways = [
        ("litres_per_kwh", raw.litres_per_kwh.is_some()),
        ("factor", raw.factor.is_some()),
        ("load", raw.load.is_some()),
    ];
    one_of(notes, span, &ways);
    if ways.iter().filter(|(_, given)| *given).count() > 1 {
        notes.fault(
            span.clone(),
            "baseline",
            "fault-only-one",
            "",
            "litres_per_kwh, factor, load",
        );
    }
    BaselineKind::Genset {
        rating_kw: notes.positive(&raw.rating_kw, "rating_kw").unwrap_or(0.0),
        way: genset_way(notes, span, raw, around),
    }
}

fn genset_way(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    raw: &RawGensetBaseline,
    around: &Around<'_>,
) -> Option<GensetWay> {
    if raw.litres_per_kwh.is_some() {
        needs_density(notes, span, &raw.density_kg_l);
        let typed = fuel::Typed {
            kind: raw.fuel_kind.as_ref(),
            factor: &raw.fuel_factor,
            density: &raw.density_kg_l,
            blends: &raw.biodiesel,
        };
        let fuel = fuel::fuel(notes, around, &typed);
        let litres_per_kwh = notes.positive(&raw.litres_per_kwh, "litres_per_kwh")?;
        return Some(GensetWay::Litres {
            litres_per_kwh,
            fuel,
        });
    }
    if let Some(load) = &raw.load {
        notes.warn(
            load.span(),
            "load",
            "fault-unverified-used",
            GENSET_TABLE,
            "",
        );
        return Some(GensetWay::Table(*load.get()));
    }
    let at = raw.factor.as_ref()?;
    let number = around.factors.find_unverified(at.get());
    if let Some(number) = number.filter(|number| number.value.is_some()) {
        notes.warn(at.span(), "factor", "fault-unverified-used", at.get(), "");
        return Some(GensetWay::Unverified(number.clone()));
    }
    let fits = |factor: &Factor| factor.t_per_mwh().is_some();
    let factor = chosen(
        notes,
        around.factors,
        &raw.factor,
        "factor",
        PER_ENERGY,
        fits,
    )?;
    Some(GensetWay::Factor(factor))
}

/// Litres make no CO2 without a density, and the usual one is not verified.
fn needs_density(notes: &mut Notes<'_>, span: &Range<usize>, typed: &Number) {
    if typed.is_none() {
        notes.fault(
            span.clone(),
            "density_kg_l",
            "fault-missing-density",
            "",
            "",
        );
    }
}

fn pump_fuel(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    raw: &RawPumpFuel,
    around: &Around<'_>,
) -> BaselineKind {
    let typed = fuel::Typed {
        kind: raw.fuel_kind.as_ref(),
        factor: &raw.fuel_factor,
        density: &raw.density_kg_l,
        blends: &raw.biodiesel,
    };
    let etas = [
        ("eta_pump", &raw.eta_pump, "policy.pump.eta"),
        ("eta_engine", &raw.eta_engine, "policy.engine.eta"),
    ];
    let [eta_pump, eta_engine] = etas.map(|(key, typed, usual)| {
        let usual = around
            .factors
            .find(usual)
            .map_or(1.0, |factor| factor.value);
        notes.within(typed, key, 0.01..=1.0).unwrap_or(usual)
    });
    let way = match &raw.litres_per_m3 {
        Some(_) => {
            needs_density(notes, span, &raw.density_kg_l);
            let litres = notes.positive(&raw.litres_per_m3, "litres_per_m3");
            PumpFuelWay::Litres {
                litres_per_m3: litres.unwrap_or(0.0),
            }
        }
        None => PumpFuelWay::Water {
            eta_pump,
            eta_engine,
            measured: raw.eta_pump.is_some() && raw.eta_engine.is_some(),
        },
    };
    BaselineKind::PumpFuel {
        pump: Arc::from(words(&raw.pump)),
        way,
        fuel: fuel::fuel(notes, around, &typed),
    }
}
