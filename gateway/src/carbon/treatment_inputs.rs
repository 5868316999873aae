//! Equation, inputs and uncertainty of the emissions of a treatment of waste (METHODS E.8).

use crate::assets::compost::formulas::{CompostEmissionInput, compost_pe};
use crate::carbon::baseline_emissions::grid_uncertainty;
use crate::carbon::fuel_emissions::formula_gwp;
use crate::config::Config;
use crate::domain::factor::Factor;
use crate::domain::indicator::{Indicator, IndicatorInput, IndicatorSpec};
use crate::indicators::figure_context::{
    FigureContext, constant_input, factor_input, figure_input,
};
use crate::indicators::uncertainty::RelativeUncertainty;
use std::sync::Arc;

/// Equation and inputs of the emissions of a treatment: those of its gases, and of its electricity.
pub(super) fn treatment_inputs(
    desk: &FigureContext<'_>,
    (spec, waste): (&IndicatorSpec<'static>, IndicatorInput),
    gases: [Option<&Arc<Factor>>; 2],
    electricity: Option<(&Indicator, &Arc<Factor>)>,
) -> (IndicatorSpec<'static>, Vec<IndicatorInput>) {
    let mut inputs = vec![waste];
    inputs.extend(gas_inputs(desk, gases));
    let Some((energy, grid)) = electricity else {
        let of_gases = "W · (EF_CH4 · GWP_CH4 + EF_N2O · GWP_N2O) / 1000";
        return (spec.computed_by(spec.method, of_gases), inputs);
    };
    inputs.push(figure_input("E", energy));
    let per_mwh = grid.t_per_mwh().unwrap_or_default();
    inputs.push(factor_input("EF_grid", per_mwh, "tCO2/MWh", grid));
    (*spec, inputs)
}

/// Factors of the two gases of a treatment, with their warming potentials.
fn gas_inputs(
    desk: &FigureContext<'_>,
    [ch4, n2o]: [Option<&Arc<Factor>>; 2],
) -> Vec<IndicatorInput> {
    let factors = &desk.config.factors;
    let set = formula_gwp(factors.gwp);
    let warming = |symbol, value, gas| match factors.find(&set.factor_id(gas)) {
        Some(factor) => factor_input(symbol, value, "", factor),
        None => constant_input(symbol, value, "", "gwp"),
    };
    let per_tonne = |symbol, factor: &Arc<Factor>, unit: &str| {
        let value = factor.value_in(unit).unwrap_or(factor.value);
        factor_input(symbol, value, unit, factor)
    };
    let mut all = Vec::new();
    all.extend(ch4.map(|factor| per_tonne("EF_CH4", factor, "kgCH4/t wet")));
    all.push(warming("GWP_CH4", set.ch4(), "ch4"));
    all.extend(n2o.map(|factor| per_tonne("EF_N2O", factor, "kgN2O/t wet")));
    all.push(warming("GWP_N2O", set.n2o(), "n2o"));
    all
}

/// Uncertainty of the emissions of the treatment: of the gases by their ranges, and of electricity.
pub(super) fn treatment_uncertainty(
    config: &Config,
    input: &CompostEmissionInput,
    gases: [Option<&Arc<Factor>>; 2],
    electricity: Option<(&Indicator, &Arc<Factor>)>,
) -> RelativeUncertainty {
    let of_energy = electricity.map(|(energy, grid)| {
        let (of_grid, _) = grid_uncertainty(config, grid);
        let of_energy = RelativeUncertainty::from_indicator(energy);
        RelativeUncertainty::of_product(&[of_energy, of_grid])
    });
    let of_energy = of_energy.unwrap_or_default();
    let without_energy = CompostEmissionInput {
        e_kwh: 0.0,
        ..*input
    };
    let ch4 = compost_pe(&CompostEmissionInput {
        ef_n2o_kg_t: 0.0,
        ..without_energy
    });
    let both = compost_pe(&without_energy);
    let [of_ch4, of_n2o] = gases.map(|factor| {
        let pct = factor.and_then(|one| config.factors.used_uncertainty(one));
        RelativeUncertainty::from_percent(pct)
    });
    let terms = [
        (ch4, of_ch4),
        (both - ch4, of_n2o),
        (compost_pe(input) - both, of_energy),
    ];
    RelativeUncertainty::of_sum(&terms, false)
}
