//! [`Baseline`]: the declared baseline of a plant: energy use without it (METHODS C.1 to C.6, C.9).

use crate::assets::genset::settings::GensetLoad;
use crate::assets::{CheckContext, require_one_of, text_or_empty};
use crate::carbon::settings::declared_days::check_days;
use crate::carbon::settings::engine_fuel::{self, EngineFuel};
pub(crate) use crate::carbon::settings::raw_baseline::RawBaseline;
use crate::carbon::settings::raw_baseline::{
    RawGensetBaseline, RawGridBaseline, RawPumpFuelBaseline,
};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::factors::{Factors, check_use, choose_factor};
use crate::config::raw_values::{OneOrMany, RawNumber, RawText, SpannedValue};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::date_bounds::DateBounds;
use crate::domain::factor::{Factor, UnverifiedFactor};
use crate::limits::BASELINES_MAX;
use std::ops::Range;
use std::sync::Arc;

/// Id of the genset emission table of METHODS C.4, which is not verified.
const GENSET_TABLE: &str = "genset.table";

/// Declared baseline of a plant.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// Kind of the baseline.
    pub kind: BaselineKind,
    /// Days for which it is declared.
    pub days: DateBounds,
    /// Person or body that declared it.
    pub by: String,
    /// Evidence: a bill, a fuel log, photos.
    pub evidence: String,
}

/// Source of energy that the plant replaces.
#[derive(Clone, Debug, PartialEq)]
pub enum BaselineKind {
    /// Electricity from the grid.
    Grid {
        /// Grid factor; `None` only after an error.
        factor: Option<Arc<Factor>>,
        /// Transmission and distribution losses as a share; 0 by default.
        losses: f64,
    },
    /// Electricity from a diesel generator set.
    Genset {
        /// Rated power, kW.
        rating_kw: f64,
        /// Method for its emissions; `None` only after an error.
        method: Option<GensetEmissionMethod>,
    },
    /// Diesel or petrol pump.
    PumpFuel {
        /// Id of the pump asset whose water it would have lifted.
        pump: Arc<str>,
        /// Method for its emissions.
        method: PumpEmissionMethod,
        /// Fuel.
        fuel: EngineFuel,
    },
    /// No service existed: nothing is avoided.
    None,
}

/// Method for the emissions of a replaced generator set.
#[derive(Clone, Debug, PartialEq)]
pub enum GensetEmissionMethod {
    /// Litres for each kWh, from a fuel log (METHODS C.5).
    Litres {
        /// Litres per kWh.
        litres_per_kwh: f64,
        /// Fuel.
        fuel: EngineFuel,
    },
    /// Emission factor for electricity.
    Factor(Arc<Factor>),
    /// Unverified emission factor, chosen by the site.
    Unverified(UnverifiedFactor),
    /// Unverified table of METHODS C.4 at this load.
    Table(GensetLoad),
}

/// Method for the emissions of a replaced fuel pump.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PumpEmissionMethod {
    /// Litres for each m3, from a fuel log (METHODS C.5).
    Litres {
        /// Litres per m3.
        litres_per_m3: f64,
    },
    /// Energy of the lifted water and efficiencies (METHODS C.6).
    Water {
        /// Efficiency of the pump, 0 to 1.
        eta_pump: f64,
        /// Efficiency of the engine, 0 to 1.
        eta_engine: f64,
        /// True when both were measured on the replaced set; false when defaults are used.
        // The defaults are high: that claims less fuel, so fewer avoided emissions.
        measured: bool,
    },
}

impl Baseline {
    /// Verdict on what depends on this baseline.
    pub fn headline(&self, factors: &Factors) -> ClaimVerdict {
        let known = self.kind.factors().into_iter();
        let known = known.map(|factor| factors.headline(factor));
        let unchecked = self
            .kind
            .unverified_id()
            .map(|_| ClaimVerdict::NotClaimed(NotClaimedReason::Unverified));
        ClaimVerdict::combine(known.chain(unchecked))
    }
}

impl BaselineKind {
    /// Id of the unverified number on which it depends, if any.
    pub fn unverified_id(&self) -> Option<&str> {
        match self {
            Self::Genset { method: way, .. } => match way.as_ref()? {
                GensetEmissionMethod::Unverified(number) => Some(&*number.id),
                GensetEmissionMethod::Table(_) => Some(GENSET_TABLE),
                GensetEmissionMethod::Litres { .. } | GensetEmissionMethod::Factor(_) => None,
            },
            _ => None,
        }
    }

    /// Code of METHODS C.1.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Grid { .. } => "GRID",
            Self::Genset { .. } => "GENSET",
            Self::PumpFuel { .. } => "PUMP_FUEL",
            Self::None => "NONE",
        }
    }

    /// Fuel that the replaced engine would have burnt, where litres are computed.
    pub fn fuel(&self) -> Option<&EngineFuel> {
        match self {
            Self::PumpFuel { fuel, .. }
            | Self::Genset {
                method: Some(GensetEmissionMethod::Litres { fuel, .. }),
                ..
            } => Some(fuel),
            _ => None,
        }
    }

    /// Id of the pump whose water it would have lifted.
    pub fn pump(&self) -> Option<&Arc<str>> {
        match self {
            Self::PumpFuel { pump, .. } => Some(pump),
            _ => None,
        }
    }

    /// Factors on which it depends.
    pub fn factors(&self) -> Vec<&Arc<Factor>> {
        match self {
            Self::Grid { factor, .. } => factor.iter().collect(),
            Self::Genset { method: way, .. } => match way {
                Some(GensetEmissionMethod::Factor(factor)) => vec![factor],
                Some(GensetEmissionMethod::Litres { fuel, .. }) => fuel.factors(),
                _ => Vec::new(),
            },
            Self::PumpFuel { fuel, .. } => fuel.factors(),
            Self::None => Vec::new(),
        }
    }
}

/// Checks the baselines of a plant: sorted by their first day, none with a day of another.
pub(crate) fn check_baselines(
    notes: &mut DiagnosticCollector<'_>,
    raw: &OneOrMany<RawBaseline>,
    around: &CheckContext<'_>,
) -> Vec<Baseline> {
    if let Some(extra) = raw.all().get(BASELINES_MAX) {
        let (found, most) = (raw.all().len().to_string(), BASELINES_MAX.to_string());
        notes.add_error(extra.span(), "baseline", "fault-too-many", &found, &most);
    }
    let mut all: Vec<Baseline> = Vec::new();
    for at in raw.all().iter().take(BASELINES_MAX) {
        let next = check_baseline(notes, at, around);
        if let Some(other) = all.iter().find(|one| one.days.overlaps(next.days)) {
            let (found, taken) = (next.days.to_string(), other.days.to_string());
            notes.add_error(
                at.span(),
                "baseline",
                "fault-baselines-overlap",
                &found,
                &taken,
            );
        }
        all.push(next);
    }
    all.sort_by_key(|one| one.days.since);
    all
}

fn check_baseline(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawBaseline>,
    around: &CheckContext<'_>,
) -> Baseline {
    let (kind, ([since, until], by, evidence)) = match at.get() {
        RawBaseline::Grid(raw) => (check_grid(notes, raw, around), raw.declaration()),
        RawBaseline::Genset(raw) => (
            check_genset_baseline(notes, &at.span(), raw, around),
            raw.declaration(),
        ),
        RawBaseline::PumpFuel(raw) => (
            check_pump_fuel(notes, &at.span(), raw, around),
            raw.declaration(),
        ),
        RawBaseline::None(raw) => (BaselineKind::None, raw.declaration()),
    };
    // A factor that is not valid on the first day cannot support the baseline (docs/factors.md).
    let days = check_days(notes, [since, until]);
    if let (Some(day), Some(at)) = (days.since, since) {
        for factor in kind
            .factors()
            .into_iter()
            .filter(|factor| !factor.holds_on(day))
        {
            let (found, expected) = (format!("{} ({day})", factor.id), factor.validity());
            notes.add_error(
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
        days,
        by: text_or_empty(by),
        evidence: text_or_empty(evidence),
    }
}

/// Returns the factor of electricity that the key `factor` names, checked for its use: `GRID` or
/// `GENSET`.
pub(crate) fn choose_energy_factor(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawText,
    around: &CheckContext<'_>,
    purpose: &str,
) -> Option<Arc<Factor>> {
    let fits = |factor: &Factor| factor.t_per_mwh().is_some();
    let units = "tCO2/MWh, kgCO2/kWh";
    let chosen = choose_factor(notes, around.factors, typed, "factor", units, fits)?;
    let span = typed.as_ref()?.span();
    check_use(notes, (&span, "factor"), &chosen, purpose);
    Some(chosen)
}

fn check_grid(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawGridBaseline,
    around: &CheckContext<'_>,
) -> BaselineKind {
    // 0 by default is conservative (METHODS C.3).
    let losses = notes.ranged_number(&raw.losses, "losses");
    BaselineKind::Grid {
        factor: choose_energy_factor(notes, &raw.factor, around, "GRID"),
        losses: losses.unwrap_or(0.0),
    }
}

fn check_genset_baseline(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    raw: &RawGensetBaseline,
    around: &CheckContext<'_>,
) -> BaselineKind {
    let ways = [
        ("litres_per_kwh", raw.litres_per_kwh.is_some()),
        ("factor", raw.factor.is_some()),
        ("load", raw.load.is_some()),
    ];
    require_one_of(notes, span, &ways);
    if ways.iter().filter(|(_, given)| *given).count() > 1 {
        notes.add_error(
            span.clone(),
            "baseline",
            "fault-only-one",
            "",
            "litres_per_kwh, factor, load",
        );
    }
    BaselineKind::Genset {
        rating_kw: notes
            .ranged_number(&raw.rating_kw, "rating_kw")
            .unwrap_or(0.0),
        method: check_genset_method(notes, span, raw, around),
    }
}

fn check_genset_method(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    raw: &RawGensetBaseline,
    around: &CheckContext<'_>,
) -> Option<GensetEmissionMethod> {
    if raw.litres_per_kwh.is_some() {
        require_density(notes, span, &raw.density_kg_l);
        let fuel = engine_fuel::check_fuel(notes, around, &raw.fuel());
        let litres_per_kwh = notes.ranged_number(&raw.litres_per_kwh, "litres_per_kwh")?;
        return Some(GensetEmissionMethod::Litres {
            litres_per_kwh,
            fuel,
        });
    }
    if let Some(load) = &raw.load {
        // Allowed on request, but the figure stays provisional.
        notes.add_warning(
            load.span(),
            "load",
            "fault-unverified-used",
            GENSET_TABLE,
            "",
        );
        return Some(GensetEmissionMethod::Table(*load.get()));
    }
    let at = raw.factor.as_ref()?;
    let number = around.factors.find_unverified(at.get());
    if let Some(number) = number.filter(|number| number.value.is_some()) {
        notes.add_warning(at.span(), "factor", "fault-unverified-used", at.get(), "");
        return Some(GensetEmissionMethod::Unverified(number.clone()));
    }
    let factor = choose_energy_factor(notes, &raw.factor, around, "GENSET")?;
    Some(GensetEmissionMethod::Factor(factor))
}

/// Requires a density.
fn require_density(notes: &mut DiagnosticCollector<'_>, span: &Range<usize>, typed: &RawNumber) {
    // Litres give no CO2 without a density, and no usual value is verified.
    if typed.is_none() {
        notes.add_error(
            span.clone(),
            "density_kg_l",
            "fault-missing-density",
            "",
            "",
        );
    }
}

fn check_pump_fuel(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    raw: &RawPumpFuelBaseline,
    around: &CheckContext<'_>,
) -> BaselineKind {
    let etas = [
        // Defaults 0.65 and 0.33 (METHODS C.6, policy).
        ("eta_pump", &raw.eta_pump, "policy.pump.eta"),
        ("eta_engine", &raw.eta_engine, "policy.engine.eta"),
    ];
    let [eta_pump, eta_engine] = etas.map(|(key, typed, usual)| {
        let usual = around
            .factors
            .find(usual)
            .map_or(1.0, |factor| factor.value);
        notes.ranged_number(typed, key).unwrap_or(usual)
    });
    let way = match &raw.litres_per_m3 {
        Some(_) => {
            require_density(notes, span, &raw.density_kg_l);
            let litres = notes.ranged_number(&raw.litres_per_m3, "litres_per_m3");
            PumpEmissionMethod::Litres {
                litres_per_m3: litres.unwrap_or(0.0),
            }
        }
        None => PumpEmissionMethod::Water {
            eta_pump,
            eta_engine,
            measured: raw.eta_pump.is_some() && raw.eta_engine.is_some(),
        },
    };
    BaselineKind::PumpFuel {
        pump: Arc::from(text_or_empty(&raw.pump)),
        method: way,
        fuel: engine_fuel::check_fuel(notes, around, &raw.fuel()),
    }
}
