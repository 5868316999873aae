//! Baseline emissions by kind of baseline: grid, genset and fuel pump (METHODS C.3 to C.6).

use crate::assets::pump::head_sums::water_density;
use crate::assets::pump::{indicators as pump_figures, lift_indicators as lift};
use crate::assets::{EngineFuel, GensetEmissionMethod, GensetLoad, PumpEmissionMethod};
use crate::carbon::formulas::fuel::{DieselLoadFactor, FuelPumpSet, be_pump_from_water, genset_ef};
use crate::carbon::formulas::grid_emissions::grid_baseline_emissions;
use crate::carbon::fuel_emissions::{
    BiodieselShare, LitreEmissions, biodiesel_share, litre_emissions,
};
use crate::carbon::known_indicators::{KnownIndicators, find_indicator};
use crate::config::Config;
use crate::config::factors::{GRID_UNCERTAINTY_RULE, unusual_factor, unusual_use};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::factor::{Factor, FactorStatus, FactorUnit, UnverifiedFactor};
use crate::domain::indicator::{
    Indicator, IndicatorInput, IndicatorRemark, IndicatorSpec, InputSource, ValueOrigin,
};
use crate::formulas::{FormulaStatus, GRAVITY_M_S2};
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, constant_input, factor_input, figure_input,
    formula_input, setting_input, status_remark,
};
use crate::indicators::uncertainty::RelativeUncertainty;
use crate::indicators::unusual_numbers::unusual_factor_remark;
use std::sync::Arc;

/// Equation of a fuel pump by the water that it would have lifted (METHODS C.6).
const FUEL_OF_WATER: &str =
    "0.0036 · ρ · g · H · V / 3600000 / (η_pump · η_engine) · EF · (1 − b) / 1000";

/// Emissions of one source with inputs, factors, uncertainty and remarks, before they become a
/// figure.
pub(crate) struct EmissionPart {
    pub(crate) value: FigureValue,
    pub(crate) unit: &'static str,
    pub(crate) inputs: Vec<IndicatorInput>,
    pub(crate) factors: Vec<Arc<Factor>>,
    pub(crate) wide: RelativeUncertainty,
    pub(crate) remarks: Vec<IndicatorRemark>,
    /// Verdict beyond that of the factors.
    pub(crate) verdict: ClaimVerdict,
    /// Method and equation, where they differ from those of the figure; else empty.
    pub(crate) method: &'static str,
    pub(crate) equation: &'static str,
}

impl EmissionPart {
    pub(crate) fn unavailable(because: IndicatorRemark) -> Self {
        Self {
            value: Err(because),
            unit: "tCO2",
            inputs: Vec::new(),
            factors: Vec::new(),
            wide: RelativeUncertainty::default(),
            remarks: Vec::new(),
            verdict: ClaimVerdict::Claimable,
            method: "",
            equation: "",
        }
    }

    /// Known zero emissions, without uncertainty.
    pub(crate) fn known_zero(said: &str) -> Self {
        let mut part = Self::unavailable(IndicatorRemark::new(said));
        part.value = Ok(0.0);
        (part.method, part.equation) = ("C.9", "0");
        part.wide = RelativeUncertainty::EXACT;
        part.remarks.push(IndicatorRemark::new(said));
        part
    }

    pub(crate) fn into_figure(
        self,
        desk: &FigureContext<'_>,
        spec: &IndicatorSpec<'_>,
    ) -> Indicator {
        let spec = match self.method {
            "" => *spec,
            method => spec.computed_by(method, self.equation),
        };
        let mut figure = desk
            .figure(&spec.in_unit(self.unit), self.value, self.inputs)
            .with_origin(ValueOrigin::Estimated)
            .with_uncertainty(self.wide)
            .with_verdict(self.verdict);
        for factor in &self.factors {
            figure = figure.with_factor(desk.config, factor);
        }
        self.remarks
            .into_iter()
            .fold(figure, FigureBuilder::with_remark)
    }
}

/// Emissions of electricity by a factor for this use, `GRID` or `GENSET`, with the losses of the
/// grid as a share (METHODS C.3).
pub(crate) fn grid_emissions(
    config: &Config,
    used: &Indicator,
    factor: Option<&Arc<Factor>>,
    (purpose, losses): (&str, f64),
) -> EmissionPart {
    let Some((factor, per_mwh)) = factor.and_then(|factor| Some((factor, factor.t_per_mwh()?)))
    else {
        return EmissionPart::unavailable(status_remark(FormulaStatus::NoSource));
    };
    let (width, assumed) = grid_uncertainty(config, factor);
    let mut remarks = Vec::new();
    let rule = assumed
        .as_ref()
        .and_then(|_| config.factors.find(GRID_UNCERTAINTY_RULE));
    let unusual_policy =
        rule.and_then(|rule| Some(unusual_factor_remark(rule, unusual_factor(rule)?)));
    remarks.extend(assumed);
    let unusual = unusual_use(factor, purpose).map(|range| unusual_factor_remark(factor, range));
    let unusual: Vec<IndicatorRemark> = unusual.into_iter().chain(unusual_policy).collect();
    let verdict = if unusual.is_empty() {
        ClaimVerdict::Claimable
    } else {
        ClaimVerdict::Doubtful
    };
    remarks.extend(unusual);
    EmissionPart {
        value: used
            .value
            .clone()
            .map(|e| grid_baseline_emissions(e, per_mwh, losses)),
        unit: co2_unit(factor),
        inputs: vec![
            figure_input("E_used", used),
            factor_input("EF", per_mwh, "tCO2/MWh", factor),
            setting_input("TDL", losses, "", "losses"),
        ],
        factors: vec![Arc::clone(factor)],
        wide: RelativeUncertainty::of_product(&[RelativeUncertainty::from_indicator(used), width]),
        remarks,
        verdict: ClaimVerdict::combine([used.claim, verdict]),
        method: "C.3",
        equation: "E_used / 1000 · EF · (1 + TDL)",
    }
}

/// Uncertainty of a grid factor, with a remark when it is the policy value and not a range of the
/// factor itself, or when that range is narrower than its documents show.
pub(crate) fn grid_uncertainty(
    config: &Config,
    factor: &Factor,
) -> (RelativeUncertainty, Option<IndicatorRemark>) {
    if let Some(pct) = config.factors.used_uncertainty(factor) {
        let is_wider = factor.uncertainty_percent().is_some_and(|own| own < pct);
        let said = || IndicatorRemark::new("account-factor-narrow").with_arg("pct", pct);
        let wide = RelativeUncertainty::from_percent(Some(pct));
        return (wide, is_wider.then(said));
    }
    let rule = config
        .factors
        .find(GRID_UNCERTAINTY_RULE)
        .map(|rule| rule.value);
    let said = rule.map(|pct| IndicatorRemark::new("account-factor-policy").with_arg("pct", pct));
    (RelativeUncertainty::from_percent(rule), said)
}

/// Unit of the emissions of a factor: `tCO2e` when the factor counts all gases, else `tCO2`.
pub(crate) fn co2_unit(factor: &Factor) -> &'static str {
    // The official ESDM grid factors count CO2 only; labelling them CO2e would claim more than they
    // say.
    if factor.unit.text().contains("CO2e") {
        "tCO2e"
    } else {
        "tCO2"
    }
}

/// Genset emissions (METHODS C.4, C.5).
pub(crate) fn genset_emissions(
    desk: &FigureContext<'_>,
    used: &Indicator,
    rating_kw: f64,
    way: Option<&GensetEmissionMethod>,
) -> EmissionPart {
    match way {
        None => EmissionPart::unavailable(status_remark(FormulaStatus::NoSource)),
        Some(GensetEmissionMethod::Factor(factor)) => {
            let mut part = grid_emissions(desk.config, used, Some(factor), ("GENSET", 0.0));
            // METHODS C.4 has no grid losses, so the input TDL is dropped.
            part.inputs.truncate(2);
            (part.method, part.equation) = ("C.4", "E_used / 1000 · EF");
            part
        }
        Some(GensetEmissionMethod::Litres {
            litres_per_kwh,
            fuel,
        }) => emissions_by_litres(
            used,
            *litres_per_kwh,
            ("f", "L/kWh", "litres_per_kwh"),
            litre_emissions(desk, fuel),
        ),
        Some(GensetEmissionMethod::Unverified(number)) => {
            unverified_emissions(used, unverified_per_mwh(number), &number.id)
        }
        // The table of METHODS C.4 is from recollection and unverified.
        Some(GensetEmissionMethod::Table(load)) => {
            let load = match load {
                GensetLoad::Lf25 => DieselLoadFactor::Quarter,
                GensetLoad::Lf50 => DieselLoadFactor::Half,
                GensetLoad::Lf100 => DieselLoadFactor::Full,
            };
            let mut part = unverified_emissions(used, genset_ef(rating_kw, load), "genset.table");
            part.inputs
                .push(setting_input("P", rating_kw, "kW", "rating_kw"));
            part
        }
    }
}

/// Emissions from an unverified number: always marked as illustrative, never a firm headline.
fn unverified_emissions(used: &Indicator, per_mwh: Option<f64>, id: &str) -> EmissionPart {
    let mut part = EmissionPart::unavailable(status_remark(FormulaStatus::NoSource));
    let Some(per_mwh) = per_mwh else {
        return part;
    };
    part.value = used
        .value
        .clone()
        .map(|e| grid_baseline_emissions(e, per_mwh, 0.0));
    part.unit = "tCO2e";
    part.inputs = vec![
        figure_input("E_used", used),
        formula_input(
            "EF",
            Some(per_mwh),
            "tCO2e/MWh",
            InputSource::Factor(Arc::from(id)),
        ),
    ];
    part.remarks = vec![status_remark(FormulaStatus::Illustrative)];
    part.verdict = ClaimVerdict::NotClaimed(NotClaimedReason::Unverified);
    (part.method, part.equation) = ("C.4", "E_used / 1000 · EF");
    part
}

/// Value of an unverified number in t/MWh; `None` when its unit is not convertible.
fn unverified_per_mwh(number: &UnverifiedFactor) -> Option<f64> {
    let factor = Factor {
        id: Arc::clone(&number.id),
        value: number.value?,
        unit: FactorUnit::parse(&number.unit)?,
        scope: String::new(),
        year: None,
        valid_from: None,
        valid_to: None,
        spread: None,
        status: FactorStatus::TranscribedOnce,
        headline_ok: false,
        source: String::new(),
        note: String::new(),
    };
    factor.t_per_mwh()
}

/// Emissions of the fuel that would have been burnt for each unit of the given quantity (METHODS
/// C.5).
fn emissions_by_litres(
    given: &Indicator,
    per_unit: f64,
    (symbol, unit, key): (&'static str, &str, &str),
    litre: Result<LitreEmissions, IndicatorRemark>,
) -> EmissionPart {
    let litre = match litre {
        Ok(litre) => litre,
        Err(missing) => return EmissionPart::unavailable(missing),
    };
    let mut inputs = vec![
        figure_input("Q", given),
        setting_input(symbol, per_unit, unit, key),
    ];
    inputs.extend(litre.inputs);
    EmissionPart {
        verdict: given.claim,
        value: given
            .value
            .clone()
            .map(|q| q * per_unit * litre.kg_co2 / 1000.0),
        unit: "tCO2",
        inputs,
        factors: litre.factors,
        wide: RelativeUncertainty::default(),
        remarks: litre.remarks,
        method: "C.5",
        equation: "Q · f · NCV · ρ / 1000 · EF · (1 − b) / 1000",
    }
}

/// Emissions of a fuel pump that would have lifted the water (METHODS C.5 or C.6).
pub(crate) fn pump_fuel_emissions(
    desk: &FigureContext<'_>,
    known: KnownIndicators<'_>,
    pump: &str,
    way: PumpEmissionMethod,
    fuel: &EngineFuel,
) -> EmissionPart {
    let Some(water) = find_indicator(known, &pump_figures::VOLUME, pump) else {
        return EmissionPart::unavailable(status_remark(FormulaStatus::NoData));
    };
    match way {
        PumpEmissionMethod::Litres { litres_per_m3 } => {
            let by = ("f", "L/m3", "litres_per_m3");
            emissions_by_litres(water, litres_per_m3, by, litre_emissions(desk, fuel))
        }
        PumpEmissionMethod::Water {
            eta_pump,
            eta_engine,
            measured,
        } => emissions_by_lifted_water(
            desk,
            (water, find_indicator(known, &lift::HEAD, pump)),
            (eta_pump, eta_engine),
            measured,
            fuel,
        ),
    }
}

/// Emissions of a fuel pump from volume and head (METHODS C.6).
fn emissions_by_lifted_water(
    desk: &FigureContext<'_>,
    (water, head): (&Indicator, Option<&Indicator>),
    (eta_pump, eta_engine): (f64, f64),
    measured: bool,
    fuel: &EngineFuel,
) -> EmissionPart {
    let co2 = fuel.co2.clone();
    let per_gj = co2.as_ref().and_then(|factor| factor.kg_per_gj());
    // Head is a lower bound when drawdown or friction is unknown. The result is then a lower bound
    // as well, which is acceptable for a claim (METHODS B.6).
    let (Some(co2), Some(per_gj), Some(head)) = (co2, per_gj, head) else {
        return EmissionPart::unavailable(status_remark(FormulaStatus::NoSource));
    };
    let BiodieselShare {
        share,
        input: from_blend,
        factor,
        remark,
    } = biodiesel_share(desk, fuel);
    let rho = water_density(desk.config);
    let both = water
        .value
        .clone()
        .and_then(|v| Ok((v, head.value.clone()?)));
    let value = both.and_then(|(v_m3, h_m)| {
        let pump = FuelPumpSet {
            v_m3,
            h_m,
            eta_pump,
            eta_engine,
            ef_co2_kg_gj: per_gj,
            bio_frac: share,
            rho,
        };
        be_pump_from_water(&pump).ok_or_else(|| status_remark(FormulaStatus::NoData))
    });
    EmissionPart {
        verdict: ClaimVerdict::combine([water.claim, head.claim]),
        value,
        unit: "tCO2",
        inputs: vec![
            figure_input("V", water),
            figure_input("H", head),
            setting_input("η_pump", eta_pump, "", "eta_pump"),
            setting_input("η_engine", eta_engine, "", "eta_engine"),
            factor_input("EF", per_gj, "kgCO2/GJ", &co2),
            from_blend,
            constant_input("ρ", rho, "kg/m3", "water"),
            constant_input("g", GRAVITY_M_S2, "m/s2", "gravity"),
        ],
        factors: [co2].into_iter().chain(factor).collect(),
        wide: RelativeUncertainty::default(),
        remarks: {
            let mut all = head.remarks.clone();
            // Assumed efficiencies are only allowed if they are high, which lowers the claim
            // (METHODS C.6).
            all.extend((!measured).then(|| IndicatorRemark::new("account-eta-assumed")));
            all.extend(remark);
            all
        },
        method: "C.6",
        equation: FUEL_OF_WATER,
    }
}
