//! Emissions of grid electricity that is displaced (C.2, C.3), self-consumption (C.7), net result
//! (C.9) and a check of claims (I).

use crate::formulas::{FormulaStatus, finite_ratio};

/// Weight of the operating margin for solar and wind (C.2, CDM TOOL07 practice).
pub const W_OM_SOLAR: f64 = 0.75;

/// Combined margin of a grid, t CO2/MWh (C.2): `w_OM`·OM + (1 − `w_OM`)·BM.
pub fn combined_margin(om: f64, bm: f64, w_om: f64) -> f64 {
    w_om * om + (1.0 - w_om) * bm
}

/// Baseline emissions of displaced grid electricity, t CO2 (C.3): `E_used`/1000·EF·(1 + TDL).
/// `e_used_kwh` is the energy that displaced the grid, not the generation; `tdl` is the loss of the
/// grid, a fraction, 0 by default. The result is CO2, not CO2e: official grid factors cover CO2
/// only.
pub fn grid_baseline_emissions(e_used_kwh: f64, ef_t_mwh: f64, tdl: f64) -> f64 {
    e_used_kwh / 1000.0 * ef_t_mwh * (1.0 + tdl)
}

/// Energy of a plant that was used on site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SelfConsumptionShares {
    /// Energy generated and used on site, kWh.
    pub e_self_kwh: Option<f64>,
    /// Self-consumption: share of the generation used on site.
    pub consumption: Option<f64>,
    /// Self-sufficiency: share of the use that was generated on site.
    pub sufficiency: Option<f64>,
    /// `Ok`, or the reason for which there are no shares.
    pub status: FormulaStatus,
}

/// Self-consumption (C.7): `E_self` = `E_gen` − `E_export`; shares `E_self`/`E_gen` and
/// `E_self`/(`E_self` + `E_import`). All in kWh.
pub fn self_consumption(
    e_gen_kwh: f64,
    e_export_kwh: f64,
    e_import_kwh: Option<f64>,
) -> SelfConsumptionShares {
    let e_self = e_gen_kwh - e_export_kwh;
    if e_self < 0.0 {
        return SelfConsumptionShares {
            e_self_kwh: None,
            consumption: None,
            sufficiency: None,
            status: FormulaStatus::ExportAboveGeneration,
        };
    }
    let consumption = finite_ratio(e_self, e_gen_kwh);
    SelfConsumptionShares {
        e_self_kwh: Some(e_self),
        consumption,
        sufficiency: e_import_kwh.and_then(|import| finite_ratio(e_self, e_self + import)),
        status: consumption.map_or(FormulaStatus::NoGeneration, |_| FormulaStatus::Ok),
    }
}

/// Net emission reduction, t (C.9): baseline − project − leakage. A negative result is reported as
/// it is.
pub fn net_emission_reduction(be_t: f64, pe_t: f64, le_t: f64) -> f64 {
    // Not clamped at 0: composting may emit more in the first year than it avoids (E.9).
    be_t - pe_t - le_t
}

/// Plant that a claim would need.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlantForClaim {
    /// Energy per year, kWh.
    pub kwh: f64,
    /// Nameplate DC power, kWp.
    pub kwp: f64,
}

/// Returns the energy and nameplate that reproduce a claim of `er_t` t per year at `ef_t_mwh`
/// t/MWh, if a kWp yields `specific_kwh_kwp` kWh per year, of which the share `used` is used
/// (section I).
pub fn kwp_for_er(
    er_t: f64,
    ef_t_mwh: f64,
    specific_kwh_kwp: f64,
    used: f64,
) -> Option<PlantForClaim> {
    let kwh = finite_ratio(er_t * 1000.0, ef_t_mwh)?;
    let kwp = finite_ratio(kwh, specific_kwh_kwp * used)?;
    Some(PlantForClaim { kwh, kwp })
}
