//! C.4 to C.6: diesel sets, fuel by the litre, and fuel from water.

use super::gwp::{Gwp, co2e};
use super::pump::hydraulic_energy;
use super::ratio;

/// Fossil diesel, kg CO2/GJ (IPCC 2006).
pub const DIESEL_KG_GJ: f64 = 74.1;
/// A pump's efficiency where nobody measured it: high, so that the claim is low (C.6, policy).
pub const ETA_PUMP_HIGH: f64 = 0.65;
/// An engine's efficiency where nobody measured it (C.6, policy).
pub const ETA_ENGINE_HIGH: f64 = 0.33;
/// Gigajoules of a kilowatt-hour.
const GJ_PER_KWH: f64 = 0.0036;

/// How a diesel set is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// 25 %: a mini-grid around the clock.
    Quarter,
    /// 50 %: 4 to 6 h a day, productive use, water pumps.
    Half,
    /// 100 %: with storage.
    Full,
}

impl Load {
    /// The words that the method takes.
    pub const NAMES: &[&str] = &["lf25", "lf50", "lf100"];

    /// From its word.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "lf25" => Some(Self::Quarter),
            "lf50" => Some(Self::Half),
            "lf100" => Some(Self::Full),
            _ => None,
        }
    }
}

/// Up to (not including) this power in kW: kg CO2e/kWh at 25, 50 and 100 % load.
const GENSETS: [(f64, [f64; 3]); 5] = [
    (15.0, [2.4, 1.4, 1.2]),
    (35.0, [1.9, 1.3, 1.1]),
    (135.0, [1.3, 1.0, 1.0]),
    (200.0, [0.9, 0.8, 0.8]),
    (f64::INFINITY, [0.8, 0.8, 0.8]),
];

/// C.4: kg CO2e/kWh of a diesel set by its power in kW. The table is UNVERIFIED (recollection of
/// AMS-I.F and TOOL33): it may never stand behind a headline. Nothing without a power.
pub fn genset_ef(kw: f64, load: Load) -> Option<f64> {
    if kw.is_nan() || kw <= 0.0 {
        return None;
    }
    let (_, [quarter, half, full]) = GENSETS.iter().find(|(below, _)| kw < *below)?;
    Some(match load {
        Load::Quarter => *quarter,
        Load::Half => *half,
        Load::Full => *full,
    })
}

/// C.4's check: the efficiency that a set of `ef_kg_kwh` would have with a fuel of
/// `ef_co2_kg_gj`.
pub fn genset_implied_efficiency(ef_kg_kwh: f64, ef_co2_kg_gj: f64) -> Option<f64> {
    ratio(ef_co2_kg_gj * GJ_PER_KWH, ef_kg_kwh)
}

/// A fuel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fuel {
    /// Net calorific value, GJ/t.
    pub ncv_gj_t: f64,
    /// Density, kg/L.
    pub rho_kg_l: f64,
    /// kg CO2/GJ of the fossil part.
    pub ef_co2_kg_gj: f64,
    /// kg CH4/GJ of combustion; 0 is conservative.
    pub ef_ch4_kg_gj: f64,
    /// kg N2O/GJ of combustion; 0 is conservative.
    pub ef_n2o_kg_gj: f64,
    /// Biodiesel's share by volume, 0 to 1.
    pub bio_frac_vol: f64,
    /// The set for CH4 and N2O.
    pub gwp: Gwp,
}

/// What a litre of fuel holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerLitre {
    /// Fossil CO2, kg.
    pub kgco2: f64,
    /// With CH4 and N2O, kg CO2e.
    pub kgco2e: f64,
    /// Heat, MJ.
    pub mj: f64,
}

/// C.5: NCV·ρ/1000·EF·(1 − b), kg CO2/L. Only the fossil share emits fossil CO2.
pub fn fuel_ef_per_litre(fuel: &Fuel) -> PerLitre {
    let mj = fuel.ncv_gj_t * fuel.rho_kg_l;
    let gj = mj / 1000.0;
    let kgco2 = gj * fuel.ef_co2_kg_gj * (1.0 - fuel.bio_frac_vol);
    let (ch4_kg, n2o_kg) = (gj * fuel.ef_ch4_kg_gj, gj * fuel.ef_n2o_kg_gj);
    PerLitre {
        kgco2,
        kgco2e: co2e(kgco2, ch4_kg, n2o_kg, fuel.gwp),
        mj,
    }
}

/// A pump set that burned fuel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FuelPump {
    /// Water, m³.
    pub v_m3: f64,
    /// Head, m.
    pub h_m: f64,
    /// The pump's efficiency, measured or [`ETA_PUMP_HIGH`].
    pub eta_pump: f64,
    /// The engine's efficiency, measured or [`ETA_ENGINE_HIGH`].
    pub eta_engine: f64,
    /// kg CO2/GJ of its fuel.
    pub ef_co2_kg_gj: f64,
    /// Biodiesel's share of its fuel, 0 to 1.
    pub bio_frac: f64,
    /// Density of water, kg/m³.
    pub rho: f64,
}

/// C.6: `E_fuel` = `E_hyd`/(η·η); 0.0036·`E_fuel`·EF·(1 − b)/1000, t CO2. Only the fossil share
/// counts, as in C.5.
pub fn be_pump_from_water(pump: &FuelPump) -> Option<f64> {
    let e_hyd = hydraulic_energy(pump.v_m3, pump.h_m, pump.rho);
    let e_fuel = ratio(e_hyd, pump.eta_pump * pump.eta_engine)?;
    Some(GJ_PER_KWH * e_fuel * pump.ef_co2_kg_gj * (1.0 - pump.bio_frac) / 1000.0)
}
