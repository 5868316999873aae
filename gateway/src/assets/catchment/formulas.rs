//! Rainwater captured on a roof (D.3), and energy and CO2 of water that need not be pumped (D.6).

use crate::formulas::{CompensatedSum, HOUR_S, finite_ratio};

/// First flush that was not measured, mm (D.3; handbook range 0.3 to 1.0).
pub const FIRST_FLUSH_MM: f64 = 0.5;
/// Time without rain that ends an event, s (D.3, policy).
pub const EVENT_GAP_S: f64 = 6.0 * HOUR_S;

/// Roof, rain events and tank.
#[derive(Clone, Debug, PartialEq)]
pub struct RoofRainInput<'a> {
    /// Horizontal roof area drained, m².
    pub area_m2: f64,
    /// Runoff coefficient, 0 to 1.
    pub runoff_c: f64,
    /// Rain of each event, mm.
    pub events_mm: &'a [f64],
    /// Depth lost to the first flush in each event, mm.
    pub first_flush_mm: f64,
    /// Measured inflow, m³.
    pub v_in_measured_m3: Option<f64>,
    /// Free volume of the tank, m³; `None` if unlimited.
    pub free_capacity_m3: Option<f64>,
}

/// Rainwater captured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RainCapture {
    /// Rain on the roof, A·P/1000, m³.
    pub gross_m3: f64,
    /// Volume after runoff and first flush, m³.
    pub net_m3: f64,
    /// Volume stored in the tank, m³.
    pub stored_m3: f64,
    /// Volume spilled, m³.
    pub spill_m3: f64,
    /// Capture efficiency: measured inflow over gross.
    pub efficiency: Option<f64>,
}

/// Rainwater captured over events (D.3): Σ max(0, A(C·P − ff))/1000; spill if the tank is full;
/// efficiency = measured inflow/(A·P/1000).
pub fn rain_capture(input: &RoofRainInput<'_>) -> RainCapture {
    let area = input.area_m2;
    // An event smaller than the first flush gives 0, not a negative volume.
    let caught = |mm: &f64| (area * (input.runoff_c * mm - input.first_flush_mm)).max(0.0);
    let gross_m3 = area
        * input
            .events_mm
            .iter()
            .copied()
            .collect::<CompensatedSum>()
            .value()
        / 1000.0;
    let net_m3 = input
        .events_mm
        .iter()
        .map(caught)
        .collect::<CompensatedSum>()
        .value()
        / 1000.0;
    let stored_m3 = input
        .free_capacity_m3
        .map_or(net_m3, |free| net_m3.min(free));
    RainCapture {
        gross_m3,
        net_m3,
        stored_m3,
        spill_m3: net_m3 - stored_m3,
        efficiency: input
            .v_in_measured_m3
            .and_then(|v| finite_ratio(v, gross_m3)),
    }
}

/// Splits rainfall into events and returns the depth of each, mm (D.3). `falls` are (time in s, mm)
/// in time order; an event ends after six hours without rain.
pub fn rain_events(falls: &[(f64, f64)]) -> Vec<f64> {
    let mut events: Vec<f64> = Vec::new();
    let mut last_s = f64::NEG_INFINITY;
    // Records of 0 mm do not prolong an event.
    for &(t_s, mm) in falls.iter().filter(|(_, mm)| *mm > 0.0) {
        match events.last_mut() {
            Some(event) if t_s - last_s < EVENT_GAP_S => *event += mm,
            _ => events.push(mm),
        }
        last_s = t_s;
    }
    events
}

/// Energy and CO2 saved by water that need not be pumped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PumpingAvoided {
    /// Energy saved, kWh.
    pub kwh: f64,
    /// CO2 saved, t.
    pub tco2: f64,
}

/// Energy and CO2 saved (D.6): kWh = m³·SEC; t CO2 = kWh/1000·EF. SEC in kWh/m³, EF in t/MWh. Only
/// for water used in place of a pumped source. The result is tiny (0.17 t for 1000 m³) and is no
/// headline.
pub fn water_saved_co2(v_m3: f64, sec_kwh_m3: f64, ef_t_mwh: f64) -> PumpingAvoided {
    let kwh = v_m3 * sec_kwh_m3;
    PumpingAvoided {
        kwh,
        tco2: kwh / 1000.0 * ef_t_mwh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_dry_hours_part_two_events() {
        let falls = [(0.0, 1.0), (3600.0, 2.0), (7200.0, 0.0), (25_200.0, 4.0)];
        assert_eq!(rain_events(&falls), [3.0, 4.0]);
    }
}
