//! C.2, C.3, C.7, C.9 and I: electricity that displaces the grid's, and what is left of it.

use super::{Status, ratio};

/// Weight of the operating margin for solar and wind (C.2).
pub const W_OM_SOLAR: f64 = 0.75;

/// C.2: `w_OM`·OM + (1 − `w_OM`)·BM, t/MWh.
pub fn combined_margin(om: f64, bm: f64, w_om: f64) -> f64 {
    w_om * om + (1.0 - w_om) * bm
}

/// C.3: `E_used`/1000·EF·(1 + TDL), t CO2 (not CO2e). `E_used` in kWh is what displaced the grid,
/// not what was generated; EF in t/MWh; TDL, the loss of the grid as a fraction, is 0 by default.
pub fn be_grid(e_used_kwh: f64, ef_t_mwh: f64, tdl: f64) -> f64 {
    e_used_kwh / 1000.0 * ef_t_mwh * (1.0 + tdl)
}

/// What of a plant's energy stayed on site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SelfUse {
    /// Generated and used on site, kWh.
    pub e_self_kwh: Option<f64>,
    /// Share of the generation used on site.
    pub consumption: Option<f64>,
    /// Share of the use that was generated on site.
    pub sufficiency: Option<f64>,
    /// Why there is none.
    pub status: Status,
}

/// C.7: `E_self` = `E_gen` − `E_export`; `E_self`/`E_gen`; `E_self`/(`E_self` + `E_import`). All
/// in kWh.
pub fn self_consumption(e_gen_kwh: f64, e_export_kwh: f64, e_import_kwh: Option<f64>) -> SelfUse {
    let e_self = e_gen_kwh - e_export_kwh;
    if e_self < 0.0 {
        return SelfUse {
            e_self_kwh: None,
            consumption: None,
            sufficiency: None,
            status: Status::ExportAboveGeneration,
        };
    }
    let consumption = ratio(e_self, e_gen_kwh);
    SelfUse {
        e_self_kwh: Some(e_self),
        consumption,
        sufficiency: e_import_kwh.and_then(|import| ratio(e_self, e_self + import)),
        status: consumption.map_or(Status::NoGeneration, |_| Status::Ok),
    }
}

/// C.9: baseline − project − leakage, t. A negative result is reported.
pub fn net_er(be_t: f64, pe_t: f64, le_t: f64) -> f64 {
    be_t - pe_t - le_t
}

/// The plant that a claim needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlantForClaim {
    /// Energy a year, kWh.
    pub kwh: f64,
    /// Nameplate DC power, kWp.
    pub kwp: f64,
}

/// I: the energy and the nameplate that reproduce `er_t` t a year at `ef_t_mwh` t/MWh, when a kWp
/// yields `specific_kwh_kwp` kWh a year of which the share `used` is used.
pub fn kwp_for_er(
    er_t: f64,
    ef_t_mwh: f64,
    specific_kwh_kwp: f64,
    used: f64,
) -> Option<PlantForClaim> {
    let kwh = ratio(er_t * 1000.0, ef_t_mwh)?;
    let kwp = ratio(kwh, specific_kwh_kwp * used)?;
    Some(PlantForClaim { kwh, kwp })
}
