//! Hygienisation of compost (E.4), and the emissions of composting itself (E.8).

use crate::carbon::formulas::global_warming::{Gwp100Set, co2_equivalent_kg};
use crate::formulas::saved_state::saved_fields;
use crate::formulas::{CompensatedSum, HOUR_S};

/// Hygienisation temperature, °C (US EPA 40 CFR 503, class A).
pub const HYGIENE_C: f64 = 55.0;
/// Methane emission of composting, kg per tonne of wet input: 4 (0.03 to 8) (IPCC 2006 V5 table
/// 4.1).
pub const CH4_KG_T: f64 = 4.0;
/// Nitrous oxide emission of composting, kg per tonne of wet input: 0.24 (0.06 to 0.6) (IPCC 2006
/// V5 table 4.1, corrected printing; the first one has 0.3).
pub const N2O_KG_T: f64 = 0.24;
/// Turnings that a windrow needs during its 15 days (E.4).
pub const TURNINGS_MIN: u32 = 5;

/// Composting process, by its aeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompostAeration {
    /// Composting in a closed vessel.
    InVessel,
    /// An aerated static pile.
    StaticPile,
    /// A windrow that is turned.
    Windrow,
}

impl CompostAeration {
    /// Words accepted by the method `pfrp`.
    pub const NAMES: &[&str] = &["in_vessel", "aerated_static_pile", "static_pile", "windrow"];

    /// Parses one of [`Self::NAMES`].
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "in_vessel" => Some(Self::InVessel),
            "aerated_static_pile" | "static_pile" => Some(Self::StaticPile),
            "windrow" => Some(Self::Windrow),
            _ => None,
        }
    }

    /// Returns true if `run_h` hours without a break at 55 °C or more, with this many turnings, are
    /// enough (E.4).
    pub fn hygienised(self, run_h: f64, turnings: f64) -> bool {
        let turned = self != Self::Windrow || turnings >= f64::from(TURNINGS_MIN);
        run_h >= self.hot_hours_min() && turned
    }

    /// Returns the hours at 55 °C or more that the process needs: 3 or 15 days.
    pub fn hot_hours_min(self) -> f64 {
        match self {
            Self::InVessel | Self::StaticPile => 72.0,
            Self::Windrow => 360.0,
        }
    }
}

/// Result of the hygienisation check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HygienisationResult {
    /// Longest time without a break at 55 °C or more, hours.
    pub longest_run_h: f64,
    /// True if that is long enough.
    pub passed: bool,
}

/// Streaming longest time without a break at 55 °C or more (E.4).
#[derive(Clone, Copy, Debug, Default)]
pub struct HotRunTracker {
    run: CompensatedSum,
    longest_s: f64,
}

saved_fields!(HotRunTracker { run, longest_s });

impl HotRunTracker {
    /// Adds the temperature of the coldest probe, °C, over `step_s` seconds. A missing value breaks
    /// the run.
    pub fn push(&mut self, t_c: Option<f64>, step_s: f64) {
        if t_c.is_some_and(|t| t >= HYGIENE_C) {
            self.run.add(step_s);
            self.longest_s = self.longest_s.max(self.run.value());
        } else {
            // A missing value may hide a cold hour: the run starts again.
            self.run = CompensatedSum::default();
        }
    }

    /// Returns the longest run so far, hours.
    pub fn longest_h(&self) -> f64 {
        self.longest_s / HOUR_S
    }
}

/// Checks hygienisation (E.4): at least 55 °C at the coldest probe for 3 days without a break
/// (vessel, aerated static pile) or 15 days with 5 turnings (windrow). A missing record breaks the
/// run.
pub fn check_hygienisation(
    temps_c: &[Option<f64>],
    step_s: f64,
    process: CompostAeration,
    turnings: u32,
) -> HygienisationResult {
    // Not for bins with living larvae, which die before 55 °C: their temperature proves nothing
    // (E.4).
    let mut run = HotRunTracker::default();
    for t in temps_c {
        run.push(*t, step_s);
    }
    let longest_run_h = run.longest_h();
    HygienisationResult {
        longest_run_h,
        passed: process.hygienised(longest_run_h, f64::from(turnings)),
    }
}

/// Inputs of the emissions of composting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CompostEmissionInput {
    /// Wet input, tonnes.
    pub q_wet_t: f64,
    /// Methane factor, kg per tonne of wet input.
    pub ef_ch4_kg_t: f64,
    /// Nitrous oxide factor, kg per tonne of wet input.
    pub ef_n2o_kg_t: f64,
    /// Set of global warming potentials.
    pub gwp: Gwp100Set,
    /// Electricity used, kWh.
    pub e_kwh: f64,
    /// Grid emission factor, t CO2/MWh.
    pub ef_grid_t_mwh: f64,
    /// Fuel used, litres.
    pub fuel_l: f64,
    /// Emission factor of the fuel, kg CO2/L.
    pub ef_fuel_kg_l: f64,
}

/// Project emissions of composting, t CO2e (E.8).
// Also used for BSF bins, as an upper bound: no factor of their own is verified.
pub fn compost_pe(input: &CompostEmissionInput) -> f64 {
    let per_t = co2_equivalent_kg(0.0, input.ef_ch4_kg_t, input.ef_n2o_kg_t, input.gwp);
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
        let found = check_hygienisation(&temps, 3600.0, CompostAeration::InVessel, 0);
        assert!(!found.passed);
        assert!((found.longest_run_h - 40.0).abs() < 1e-12);
    }
}
