//! D.3 and D.6: rain on a roof, and water that need not be pumped.

use super::{HOUR_S, Sum, ratio};

/// First flush where nobody measured it, mm (D.3).
pub const FIRST_FLUSH_MM: f64 = 0.5;
/// Without rain for this long an event has ended, s (D.3, policy).
pub const EVENT_GAP_S: f64 = 6.0 * HOUR_S;

/// A roof, its events and its tank.
#[derive(Clone, Debug, PartialEq)]
pub struct RainInput<'a> {
    /// Horizontal roof area drained, m².
    pub area_m2: f64,
    /// Runoff coefficient, 0 to 1.
    pub runoff_c: f64,
    /// Rain of each event, mm.
    pub events_mm: &'a [f64],
    /// What the first flush takes of each event, mm.
    pub first_flush_mm: f64,
    /// Inflow that was measured, m³.
    pub v_in_measured_m3: Option<f64>,
    /// What the tank can still take, m³; without a bound nothing spills.
    pub free_capacity_m3: Option<f64>,
}

/// Rain captured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RainCapture {
    /// A·P/1000: all that fell, m³.
    pub gross_m3: f64,
    /// After runoff and first flush, m³.
    pub net_m3: f64,
    /// What the tank takes of it, m³.
    pub stored_m3: f64,
    /// What it spills, m³.
    pub spill_m3: f64,
    /// Measured inflow over gross.
    pub efficiency: Option<f64>,
}

/// D.3: Σ max(0, A(C·P − ff))/1000 over the events; spill where the tank is full; efficiency =
/// measured inflow/(A·P/1000).
pub fn rain_capture(input: &RainInput<'_>) -> RainCapture {
    let area = input.area_m2;
    let caught = |mm: &f64| (area * (input.runoff_c * mm - input.first_flush_mm)).max(0.0);
    let gross_m3 = area * input.events_mm.iter().copied().collect::<Sum>().value() / 1000.0;
    let net_m3 = input.events_mm.iter().map(caught).collect::<Sum>().value() / 1000.0;
    let stored_m3 = input
        .free_capacity_m3
        .map_or(net_m3, |free| net_m3.min(free));
    RainCapture {
        gross_m3,
        net_m3,
        stored_m3,
        spill_m3: net_m3 - stored_m3,
        efficiency: input.v_in_measured_m3.and_then(|v| ratio(v, gross_m3)),
    }
}

/// D.3: rain by event, mm. `falls` are (time in s, mm) in order; an event ends after six hours
/// without rain.
pub fn rain_events(falls: &[(f64, f64)]) -> Vec<f64> {
    let mut events: Vec<f64> = Vec::new();
    let mut last_s = f64::NEG_INFINITY;
    for &(t_s, mm) in falls.iter().filter(|(_, mm)| *mm > 0.0) {
        match events.last_mut() {
            Some(event) if t_s - last_s < EVENT_GAP_S => *event += mm,
            _ => events.push(mm),
        }
        last_s = t_s;
    }
    events
}

/// Energy and CO2 of water that need not be pumped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaterSaved {
    /// Energy, kWh.
    pub kwh: f64,
    /// CO2, t.
    pub tco2: f64,
}

/// D.6: kWh = m³·SEC; t CO2 = kWh/1000·EF. Only water that was used in place of a pumped source.
/// SEC in kWh/m³, EF in t/MWh. Tiny: no headline.
pub fn water_saved_co2(v_m3: f64, sec_kwh_m3: f64, ef_t_mwh: f64) -> WaterSaved {
    let kwh = v_m3 * sec_kwh_m3;
    WaterSaved {
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
