//! PV pumping after the practice of IEC 62253: hydraulic energy, efficiency, specific figures,
//! affinity laws and dry running (B.1 to B.4, B.7, B.8).

use crate::formulas::saved_state::saved_fields;
use crate::formulas::{FormulaStatus, GRAVITY_M_S2, finite_number, finite_ratio};

/// Wire-to-water efficiency above which a sensor or a setting must be wrong (B.2).
pub const ETA_MAX: f64 = 0.80;
/// Joules per kilowatt-hour.
const J_PER_KWH: f64 = 3.6e6;

/// Hydraulic energy, kWh (B.1): ρ·g·H·V/3.6·10⁶; V in m³, H (total dynamic head) in m, ρ in kg/m³.
pub fn hydraulic_energy(v_m3: f64, h_m: f64, rho: f64) -> f64 {
    rho * GRAVITY_M_S2 * h_m * v_m3 / J_PER_KWH
}

/// Wire-to-water efficiency and the hydraulic energy behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WireToWaterEfficiency {
    /// Hydraulic energy over electric energy at the pump's input.
    pub eta: Option<f64>,
    /// Hydraulic energy, kWh.
    pub e_hyd_kwh: f64,
    /// `Ok`, or the reason for which the efficiency is missing or doubtful.
    pub status: FormulaStatus,
}

/// Wire-to-water efficiency (B.2): hydraulic energy over the electric energy at the pump's input.
/// Water without energy is inconsistent; above 0.80 the result is flagged. A lower bound if only
/// the static head is known.
pub fn wire_to_water(
    v_m3: f64,
    h_m: f64,
    e_elec_kwh: Option<f64>,
    rho: f64,
) -> WireToWaterEfficiency {
    let e_hyd_kwh = hydraulic_energy(v_m3, h_m, rho);
    let (eta, status) = match e_elec_kwh {
        None => (None, FormulaStatus::NoEnergy),
        // Before the next arm: water without energy is the fault of a meter, standing still is not.
        Some(e) if e <= 0.0 && v_m3 > 0.0 => (None, FormulaStatus::FlowWithoutEnergy),
        Some(e) if e <= 0.0 => (None, FormulaStatus::NoOperation),
        Some(e) => match finite_ratio(e_hyd_kwh, e) {
            Some(eta) if eta <= ETA_MAX => (Some(eta), FormulaStatus::Ok),
            eta => (eta, FormulaStatus::EtaTooHigh),
        },
    };
    WireToWaterEfficiency {
        eta,
        e_hyd_kwh,
        status,
    }
}

/// Efficiency from sunlight to water (B.3): hydraulic energy over the insolation on the modules,
/// `H_poa`·A; kWh/m² and m².
pub fn pv_to_water(e_hyd_kwh: f64, h_poa_kwh_m2: f64, area_m2: f64) -> Option<f64> {
    finite_ratio(e_hyd_kwh, h_poa_kwh_m2 * area_m2)
}

/// Output and input of a pump over a period, for [`pump_specific`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PumpedWaterInput {
    /// Water pumped, m³.
    pub v_m3: f64,
    /// Energy at the pump's input, kWh.
    pub e_kwh: Option<f64>,
    /// Nameplate DC power, kWp.
    pub p0_kwp: Option<f64>,
    /// Length of the period, days.
    pub days: f64,
    /// Total dynamic head, m.
    pub h_m: Option<f64>,
}

/// Specific figures of a pump (B.4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PumpSpecificFigures {
    /// Water per energy V/E, m³/kWh. Comparable only at the same head, so that reports print the
    /// head beside it.
    pub m3_per_kwh: Option<f64>,
    /// Energy per water E/V, kWh/m³.
    pub kwh_per_m3: Option<f64>,
    /// Water per nameplate V/(P0·days), m³/kWp/day.
    pub m3_per_kwp_day: Option<f64>,
    /// Water times head per day V·H/days, m⁴/day.
    pub m4_per_day: Option<f64>,
}

/// Specific figures of a pump (B.4); a zero divisor gives `None`.
pub fn pump_specific(input: &PumpedWaterInput) -> PumpSpecificFigures {
    let v = input.v_m3;
    PumpSpecificFigures {
        m3_per_kwh: input.e_kwh.and_then(|e| finite_ratio(v, e)),
        kwh_per_m3: input.e_kwh.and_then(|e| finite_ratio(e, v)),
        m3_per_kwp_day: input.p0_kwp.and_then(|p0| finite_ratio(v, p0 * input.days)),
        m4_per_day: input.h_m.and_then(|h| finite_ratio(v * h, input.days)),
    }
}

/// Duty point of a pump: flow, head and power at one speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PumpDutyPoint {
    /// Flow, any unit.
    pub q: f64,
    /// Head, any unit.
    pub h: f64,
    /// Power, any unit.
    pub p: f64,
}

/// Duty point at another speed by the affinity laws (B.7): Q∝n, H∝n², P∝n³ from speed `n1` to `n2`.
/// They hold for a friction-dominated curve; only departures above ±40 % are worth a flag.
pub fn scale_by_affinity_laws(duty: PumpDutyPoint, n1: f64, n2: f64) -> Option<PumpDutyPoint> {
    let r = finite_ratio(n2, n1)?;
    Some(PumpDutyPoint {
        q: duty.q * r,
        h: duty.h * r * r,
        p: finite_number(duty.p * r * r * r)?,
    })
}

/// Limits of a dry run (B.8).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DryRunLimits {
    /// Power from which the pump is running, W.
    pub p_min_w: f64,
    /// Flow below which it moves no water, L/min.
    pub q_min_l_min: f64,
    /// Time for which both must hold, s.
    pub t_dry_s: f64,
}

saved_fields!(DryRunLimits {
    p_min_w,
    q_min_l_min,
    t_dry_s
});

impl DryRunLimits {
    /// Returns the limits of the policy: 30 % of rated power, 5 % of rated flow, 60 s.
    pub fn of_rated(p_rated_w: f64, q_rated_l_min: f64) -> Self {
        Self {
            p_min_w: 0.30 * p_rated_w,
            q_min_l_min: 0.05 * q_rated_l_min,
            t_dry_s: DRY_S,
        }
    }
}

/// Time that a pump may run without water before the alarm, s (B.8, policy).
pub const DRY_S: f64 = 60.0;

/// Streaming detection of a dry run (B.8): power without flow, held without a break.
#[derive(Clone, Copy, Debug)]
pub struct DryRunDetector {
    limits: DryRunLimits,
    since_s: Option<f64>,
    alarm_s: Option<f64>,
}

saved_fields!(DryRunDetector {
    limits,
    since_s,
    alarm_s
});

impl DryRunDetector {
    /// Creates a detector without samples.
    pub fn new(limits: DryRunLimits) -> Self {
        Self {
            limits,
            since_s: None,
            alarm_s: None,
        }
    }

    /// Adds one record: time in s, power in W, flow in L/min. Returns true while the pump runs dry.
    pub fn push(&mut self, t_s: f64, power_w: Option<f64>, flow_l_min: Option<f64>) -> bool {
        let limits = self.limits;
        let dry = power_w.is_some_and(|p| p >= limits.p_min_w)
            && flow_l_min.is_some_and(|q| q < limits.q_min_l_min);
        // A missing value resets the timer as well: no alarm on missing data.
        if !dry {
            self.since_s = None;
            return false;
        }
        let since = *self.since_s.get_or_insert(t_s);
        let held = t_s - since >= limits.t_dry_s;
        if held {
            self.alarm_s.get_or_insert(t_s);
        }
        held
    }

    /// Returns the time of the first alarm, s.
    pub fn alarm_s(&self) -> Option<f64> {
        self.alarm_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_flow_resets_the_timer() {
        let mut dry = DryRunDetector::new(DryRunLimits::of_rated(1000.0, 20.0));
        for (t, q) in [
            (0.0, Some(0.0)),
            (30.0, None),
            (60.0, Some(0.0)),
            (110.0, Some(0.0)),
        ] {
            assert!(!dry.push(t, Some(900.0), q));
        }
        assert!(dry.push(120.0, Some(900.0), Some(0.0)));
        assert_eq!(dry.alarm_s(), Some(120.0));
    }

    #[test]
    fn a_pump_that_stands_still_has_no_efficiency() {
        let found = wire_to_water(0.0, 30.0, Some(0.0), 1000.0);
        assert_eq!(
            (found.eta, found.status),
            (None, FormulaStatus::NoOperation)
        );
    }
}
