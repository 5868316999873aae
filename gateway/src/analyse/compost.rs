//! E.4, E.8: hygienisation, and what composting itself emits.

use super::gwp::{Gwp, co2e};
use super::{HOUR_S, Sum};

/// From this temperature on pathogens die, °C (US EPA 40 CFR 503, class A).
pub const HYGIENE_C: f64 = 55.0;
/// Methane of composting, kg/t wet: 4 (0.03 to 8) (IPCC 2006 V5 table 4.1).
pub const CH4_KG_T: f64 = 4.0;
/// Nitrous oxide of composting, kg/t wet: 0.24 (0.06 to 0.6) (IPCC 2006 V5 table 4.1, corrected).
pub const N2O_KG_T: f64 = 0.24;
/// Turnings that a windrow needs (E.4).
const TURNINGS_MIN: u32 = 5;

/// How compost is aired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// In a vessel.
    InVessel,
    /// An aerated static pile.
    StaticPile,
    /// A windrow that is turned.
    Windrow,
}

impl Process {
    /// The words that the method takes.
    pub const NAMES: &[&str] = &["in_vessel", "aerated_static_pile", "static_pile", "windrow"];

    /// From its word.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "in_vessel" => Some(Self::InVessel),
            "aerated_static_pile" | "static_pile" => Some(Self::StaticPile),
            "windrow" => Some(Self::Windrow),
            _ => None,
        }
    }

    /// Whether that long at 55 °C or more, with so many turnings, is enough (E.4).
    pub fn hygienised(self, run_h: f64, turnings: f64) -> bool {
        let turned = self != Self::Windrow || turnings >= f64::from(TURNINGS_MIN);
        run_h >= self.hours() && turned
    }

    /// Hours that it must stay hot.
    fn hours(self) -> f64 {
        match self {
            Self::InVessel | Self::StaticPile => 72.0,
            Self::Windrow => 360.0,
        }
    }
}

/// Whether compost was hot for long enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hygiene {
    /// Longest time without a break at 55 °C or more, h.
    pub longest_run_h: f64,
    /// Whether that is enough.
    pub passed: bool,
}

/// E.4 as a stream: the longest time without a break at 55 °C or more.
#[derive(Clone, Copy, Debug, Default)]
pub struct HotRun {
    run: Sum,
    longest_s: f64,
}

impl HotRun {
    /// The coldest probe over `step_s` seconds, °C, or that it is missing, which breaks the run.
    pub fn push(&mut self, t_c: Option<f64>, step_s: f64) {
        if t_c.is_some_and(|t| t >= HYGIENE_C) {
            self.run.add(step_s);
            self.longest_s = self.longest_s.max(self.run.value());
        } else {
            self.run = Sum::default();
        }
    }

    /// The longest run so far, h.
    pub fn longest_h(&self) -> f64 {
        self.longest_s / HOUR_S
    }
}

/// E.4: at least 55 °C at the coldest probe for 3 days in a row (vessel, aerated static pile) or 15
/// days with 5 turnings (windrow). A missing record breaks the run.
pub fn pfrp(temps_c: &[Option<f64>], step_s: f64, process: Process, turnings: u32) -> Hygiene {
    let mut run = HotRun::default();
    for t in temps_c {
        run.push(*t, step_s);
    }
    let longest_run_h = run.longest_h();
    Hygiene {
        longest_run_h,
        passed: process.hygienised(longest_run_h, f64::from(turnings)),
    }
}

/// A mass composted, with the energy that it took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CompostInput {
    /// Wet input, t.
    pub q_wet_t: f64,
    /// Methane, kg/t wet.
    pub ef_ch4_kg_t: f64,
    /// Nitrous oxide, kg/t wet.
    pub ef_n2o_kg_t: f64,
    /// The warming set.
    pub gwp: Gwp,
    /// Electricity, kWh.
    pub e_kwh: f64,
    /// The grid's factor, t/MWh.
    pub ef_grid_t_mwh: f64,
    /// Fuel, L.
    pub fuel_l: f64,
    /// The fuel's factor, kg CO2/L.
    pub ef_fuel_kg_l: f64,
}

/// E.8: project emissions, t CO2e. Also of BSF, as an upper bound, while no factor of its own is
/// verified.
pub fn compost_pe(input: &CompostInput) -> f64 {
    let per_t = co2e(0.0, input.ef_ch4_kg_t, input.ef_n2o_kg_t, input.gwp);
    let electricity_t = input.e_kwh / 1000.0 * input.ef_grid_t_mwh;
    let fuel_t = input.fuel_l * input.ef_fuel_kg_l / 1000.0;
    input.q_wet_t * per_t / 1000.0 + electricity_t + fuel_t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_hour_breaks_the_run() {
        let mut temps = vec![Some(60.0); 80];
        temps[40] = None;
        let found = pfrp(&temps, 3600.0, Process::InVessel, 0);
        assert!(!found.passed);
        assert!((found.longest_run_h - 40.0).abs() < 1e-12);
    }
}
