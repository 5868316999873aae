//! Emissions of diesel gensets (C.4), of fuel by the litre (C.5) and of fuel-driven pumps (C.6).

use crate::assets::pump::formulas::hydraulic_energy;
use crate::carbon::formulas::global_warming::{Gwp100Set, co2_equivalent_kg};
use crate::formulas::finite_ratio;

/// Emission factor of fossil diesel, kg CO2/GJ (IPCC 2006).
pub const DIESEL_KG_GJ: f64 = 74.1;
/// Efficiency of a pump that was not measured (C.6, policy).
// High on purpose: less fuel is counted as displaced, so that the claim is low.
pub const ETA_PUMP_HIGH: f64 = 0.65;
/// Efficiency of an engine that was not measured; high for the same reason (C.6, policy).
pub const ETA_ENGINE_HIGH: f64 = 0.33;
/// Gigajoules per kilowatt-hour.
const GJ_PER_KWH: f64 = 0.0036;

/// Load factor of a diesel genset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DieselLoadFactor {
    /// 25 %: a mini-grid around the clock.
    Quarter,
    /// 50 %: 4 to 6 h a day, productive use, water pumps.
    Half,
    /// 100 %: with storage.
    Full,
}

impl DieselLoadFactor {
    /// Words accepted by the method `genset_ef`.
    pub const NAMES: &[&str] = &["lf25", "lf50", "lf100"];

    /// Parses one of [`Self::NAMES`].
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "lf25" => Some(Self::Quarter),
            "lf50" => Some(Self::Half),
            "lf100" => Some(Self::Full),
            _ => None,
        }
    }
}

/// Emission factors by power: upper limit in kW (exclusive), kg CO2e/kWh at 25, 50 and 100 % load.
const GENSET_FACTORS: [(f64, [f64; 3]); 5] = [
    (15.0, [2.4, 1.4, 1.2]),
    (35.0, [1.9, 1.3, 1.1]),
    (135.0, [1.3, 1.0, 1.0]),
    (200.0, [0.9, 0.8, 0.8]),
    (f64::INFINITY, [0.8, 0.8, 0.8]),
];

/// Returns the emission factor of a diesel genset, kg CO2e/kWh, by its power in kW (C.4); `None`
/// without a power above 0. The table is UNVERIFIED (recollection of AMS-I.F and TOOL33) and must
/// not support a headline figure.
pub fn genset_ef(kw: f64, load: DieselLoadFactor) -> Option<f64> {
    if kw.is_nan() || kw <= 0.0 {
        return None;
    }
    // The lower limit of a row is inclusive, as in the table of C.4.
    let (_, [quarter, half, full]) = GENSET_FACTORS.iter().find(|(below, _)| kw < *below)?;
    Some(match load {
        DieselLoadFactor::Quarter => *quarter,
        DieselLoadFactor::Half => *half,
        DieselLoadFactor::Full => *full,
    })
}

/// Returns the efficiency that a genset factor of `ef_kg_kwh` implies with a fuel of `ef_co2_kg_gj`
/// (C.4): 0.8 kg/kWh is 33 %, 2.4 kg/kWh is 11 %.
pub fn genset_implied_efficiency(ef_kg_kwh: f64, ef_co2_kg_gj: f64) -> Option<f64> {
    finite_ratio(ef_co2_kg_gj * GJ_PER_KWH, ef_kg_kwh)
}

/// Properties of a fuel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FuelProperties {
    /// Net calorific value, GJ/t.
    pub ncv_gj_t: f64,
    /// Density, kg/L.
    pub rho_kg_l: f64,
    /// Emission factor of the fossil part, kg CO2/GJ.
    pub ef_co2_kg_gj: f64,
    /// Methane factor of combustion, kg CH4/GJ; 0 is conservative.
    pub ef_ch4_kg_gj: f64,
    /// Nitrous oxide factor of combustion, kg N2O/GJ; 0 is conservative.
    pub ef_n2o_kg_gj: f64,
    /// Share of biodiesel by volume, 0 to 1 (B40: 0.4).
    pub bio_frac_vol: f64,
    /// Set of global warming potentials for CH4 and N2O.
    pub gwp: Gwp100Set,
}

/// Emissions and heat of a litre of fuel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FuelPerLitre {
    /// Fossil CO2, kg.
    pub kgco2: f64,
    /// With CH4 and N2O, kg CO2e.
    pub kgco2e: f64,
    /// Heat (net calorific value), MJ.
    pub mj: f64,
}

/// Emissions of a litre of fuel (C.5): NCV·ρ/1000·EF·(1 − b), kg CO2/L.
pub fn fuel_ef_per_litre(fuel: &FuelProperties) -> FuelPerLitre {
    let mj = fuel.ncv_gj_t * fuel.rho_kg_l;
    let gj = mj / 1000.0;
    // Only the fossil share emits fossil CO2: B40 counted as fossil diesel would claim 67 % too
    // much.
    let kgco2 = gj * fuel.ef_co2_kg_gj * (1.0 - fuel.bio_frac_vol);
    let (ch4_kg, n2o_kg) = (gj * fuel.ef_ch4_kg_gj, gj * fuel.ef_n2o_kg_gj);
    FuelPerLitre {
        kgco2,
        kgco2e: co2_equivalent_kg(kgco2, ch4_kg, n2o_kg, fuel.gwp),
        mj,
    }
}

/// Fuel-driven pump set that a solar pump replaced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FuelPumpSet {
    /// Water pumped, m³.
    pub v_m3: f64,
    /// Total dynamic head, m.
    pub h_m: f64,
    /// Efficiency of the pump, measured or [`ETA_PUMP_HIGH`].
    pub eta_pump: f64,
    /// Efficiency of the engine, measured or [`ETA_ENGINE_HIGH`].
    pub eta_engine: f64,
    /// Emission factor of its fuel, kg CO2/GJ.
    pub ef_co2_kg_gj: f64,
    /// Share of biodiesel in its fuel, 0 to 1.
    pub bio_frac: f64,
    /// Density of water, kg/m³.
    pub rho: f64,
}

/// Emissions of the fuel that pumping this water would have burned, t CO2 (C.6): `E_fuel` =
/// `E_hyd`/(η·η); 0.0036·`E_fuel`·EF·(1 − b)/1000. Only the fossil share counts, as in C.5.
pub fn be_pump_from_water(pump: &FuelPumpSet) -> Option<f64> {
    let e_hyd = hydraulic_energy(pump.v_m3, pump.h_m, pump.rho);
    let e_fuel = finite_ratio(e_hyd, pump.eta_pump * pump.eta_engine)?;
    Some(GJ_PER_KWH * e_fuel * pump.ef_co2_kg_gj * (1.0 - pump.bio_frac) / 1000.0)
}
