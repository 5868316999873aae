//! Fossil CO2 of a litre of fuel in the period (METHODS C.5).

use crate::assets::EngineFuel;
use crate::carbon::formulas::fuel::{FuelProperties as Burnt, fuel_ef_per_litre};
use crate::carbon::formulas::global_warming::Gwp100Set;
use crate::config::factors::GwpSet;
use crate::domain::factor::Factor;
use crate::domain::indicator::{IndicatorInput, IndicatorRemark};
use crate::indicators::figure_context::{
    FigureContext, constant_input, factor_input, setting_input,
};
use std::sync::Arc;

/// Emissions of one litre of a fuel.
pub(crate) struct LitreEmissions {
    /// Fossil CO2, kg/L.
    pub(crate) kg_co2: f64,
    pub(crate) inputs: Vec<IndicatorInput>,
    pub(crate) factors: Vec<Arc<Factor>>,
    pub(crate) remarks: Vec<IndicatorRemark>,
}

/// Emissions of a litre of fuel. Fails with a remark when density or factor is missing.
pub(crate) fn litre_emissions(
    desk: &FigureContext<'_>,
    fuel: &EngineFuel,
) -> Result<LitreEmissions, IndicatorRemark> {
    // There is no default density: the usual 0.84 kg/L of diesel is unverified (METHODS C.5).
    let density = fuel
        .density_kg_l
        .ok_or_else(|| IndicatorRemark::new("account-no-density"))?;
    let no_factor = || IndicatorRemark::new("account-no-fuel-factor");
    let co2 = fuel.co2.as_ref().ok_or_else(no_factor)?;
    let ncv = fuel.ncv.as_ref().ok_or_else(no_factor)?;
    let per_gj = co2.kg_per_gj().ok_or_else(no_factor)?;
    let heat = ncv.value_in("GJ/t").ok_or_else(no_factor)?;
    let BiodieselShare {
        share,
        input: from_blend,
        remark,
        ..
    } = biodiesel_share(desk, fuel);
    let litre = fuel_ef_per_litre(&Burnt {
        ncv_gj_t: heat,
        rho_kg_l: density,
        ef_co2_kg_gj: per_gj,
        // CH4 and N2O of combustion are left out, which is conservative: they change the result by
        // less than 1 %.
        ef_ch4_kg_gj: 0.0,
        ef_n2o_kg_gj: 0.0,
        bio_frac_vol: share,
        gwp: formula_gwp(desk.config.factors.gwp),
    });
    Ok(LitreEmissions {
        kg_co2: litre.kgco2,
        inputs: vec![
            factor_input("NCV", heat, "GJ/t", ncv),
            setting_input("ρ", density, "kg/L", "density_kg_l"),
            factor_input("EF", per_gj, "kgCO2/GJ", co2),
            from_blend,
        ],
        factors: fuel.factors().into_iter().cloned().collect(),
        remarks: remark.into_iter().collect(),
    })
}

/// Biodiesel share of a fuel over a period.
pub(crate) struct BiodieselShare {
    /// Highest share in force, 0 to 1, which gives the lowest fossil CO2.
    pub(crate) share: f64,
    /// Share as an input of C.5 and C.6.
    pub(crate) input: IndicatorInput,
    /// Factor that gives the share.
    pub(crate) factor: Option<Arc<Factor>>,
    /// Remark when the share changed within the period.
    pub(crate) remark: Option<IndicatorRemark>,
}

/// Biodiesel share of a fuel in the period.
pub(crate) fn biodiesel_share(desk: &FigureContext<'_>, fuel: &EngineFuel) -> BiodieselShare {
    let days = desk.span.days.iter();
    let shares = days.filter_map(|day| Some(fuel.blend_on(day.date)?.share));
    let range = shares.fold(None, |range: Option<(f64, f64)>, share| {
        let (low, high) = range.unwrap_or((share, share));
        Some((low.min(share), high.max(share)))
    });
    // The blend changes by decree (B35 until 2024, B40 from 2025). Of several shares in a period
    // the highest is used, so that the avoided fossil CO2 is not overstated.
    let (low, share) = range.unwrap_or_default();
    let factor = blend_factor(desk, fuel);
    BiodieselShare {
        share,
        input: match &factor {
            Some(factor) => factor_input("b", share, "", factor),
            None if fuel.blends.is_empty() => constant_input("b", 0.0, "", "no-biodiesel"),
            None => setting_input("b", share, "", "biodiesel"),
        },
        factor,
        remark: (low < share).then(|| IndicatorRemark::new("account-blend-changed")),
    }
}

fn blend_factor(desk: &FigureContext<'_>, fuel: &EngineFuel) -> Option<Arc<Factor>> {
    let day = desk.span.days.last()?;
    fuel.blend_on(day.date)?.factor.clone()
}

/// GWP set of the configuration as the formulas name it.
pub(crate) fn formula_gwp(set: GwpSet) -> Gwp100Set {
    match set {
        GwpSet::Ar4 => Gwp100Set::Ar4,
        GwpSet::Ar5 => Gwp100Set::Ar5,
        GwpSet::Ar6 => Gwp100Set::Ar6,
    }
}
