//! B.1 to B.4, B.7, B.8: PV pumping after the practice of IEC 62253.

use super::{GRAVITY, Status, finite, ratio};

/// Above this a wire-to-water efficiency is impossible (B.2).
pub const ETA_MAX: f64 = 0.80;
/// Joules of a kilowatt-hour.
const J_PER_KWH: f64 = 3.6e6;

/// B.1: hydraulic energy ρ·g·H·V/3.6·10⁶, kWh; V in m³, H (total dynamic head) in m, ρ in kg/m³.
pub fn hydraulic_energy(v_m3: f64, h_m: f64, rho: f64) -> f64 {
    rho * GRAVITY * h_m * v_m3 / J_PER_KWH
}

/// Wire-to-water efficiency with the energy in the water.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WireToWater {
    /// Hydraulic over electric energy.
    pub eta: Option<f64>,
    /// Hydraulic energy, kWh.
    pub e_hyd_kwh: f64,
    /// Why there is no efficiency, or why it is doubtful.
    pub status: Status,
}

/// B.2: B.1 over the energy at the pump's input. Water without energy is inconsistent; above 0.80
/// it is flagged. With the static head alone the result is a lower bound.
pub fn wire_to_water(v_m3: f64, h_m: f64, e_elec_kwh: Option<f64>, rho: f64) -> WireToWater {
    let e_hyd_kwh = hydraulic_energy(v_m3, h_m, rho);
    let (eta, status) = match e_elec_kwh {
        None => (None, Status::NoEnergy),
        Some(e) if e <= 0.0 && v_m3 > 0.0 => (None, Status::FlowWithoutEnergy),
        Some(e) if e <= 0.0 => (None, Status::NoOperation),
        Some(e) => match ratio(e_hyd_kwh, e) {
            Some(eta) if eta <= ETA_MAX => (Some(eta), Status::Ok),
            eta => (eta, Status::EtaTooHigh),
        },
    };
    WireToWater {
        eta,
        e_hyd_kwh,
        status,
    }
}

/// B.3: B.1 over the sun's energy on the modules, `H_poa`·A; kWh/m² and m².
pub fn pv_to_water(e_hyd_kwh: f64, h_poa_kwh_m2: f64, area_m2: f64) -> Option<f64> {
    ratio(e_hyd_kwh, h_poa_kwh_m2 * area_m2)
}

/// What a pump did in a time, for [`pump_specific`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PumpInput {
    /// Water pumped, m³.
    pub v_m3: f64,
    /// Energy at the pump's input, kWh.
    pub e_kwh: Option<f64>,
    /// Nameplate DC power, kWp.
    pub p0_kwp: Option<f64>,
    /// Length of the time, days.
    pub days: f64,
    /// Total dynamic head, m.
    pub h_m: Option<f64>,
}

/// Specific figures of a pump (B.4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PumpSpecific {
    /// V/E, m³/kWh; print the head beside it.
    pub m3_per_kwh: Option<f64>,
    /// E/V, kWh/m³.
    pub kwh_per_m3: Option<f64>,
    /// V/(P0·days), m³/kWp/day.
    pub m3_per_kwp_day: Option<f64>,
    /// V·H/days, m⁴/day.
    pub m4_per_day: Option<f64>,
}

/// B.4; a zero divisor gives nothing.
pub fn pump_specific(input: &PumpInput) -> PumpSpecific {
    let v = input.v_m3;
    PumpSpecific {
        m3_per_kwh: input.e_kwh.and_then(|e| ratio(v, e)),
        kwh_per_m3: input.e_kwh.and_then(|e| ratio(e, v)),
        m3_per_kwp_day: input.p0_kwp.and_then(|p0| ratio(v, p0 * input.days)),
        m4_per_day: input.h_m.and_then(|h| ratio(v * h, input.days)),
    }
}

/// Flow, head and power of a pump at one speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Duty {
    /// Flow, any unit.
    pub q: f64,
    /// Head, any unit.
    pub h: f64,
    /// Power, any unit.
    pub p: f64,
}

/// B.7: Q∝n, H∝n², P∝n³ from speed `n1` to `n2`. Holds for a friction-dominated curve: flag gross
/// departures (±40 %) alone.
pub fn affinity(duty: Duty, n1: f64, n2: f64) -> Option<Duty> {
    let r = ratio(n2, n1)?;
    Some(Duty {
        q: duty.q * r,
        h: duty.h * r * r,
        p: finite(duty.p * r * r * r)?,
    })
}

/// When a pump runs dry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DryLimits {
    /// At least this power, W.
    pub p_min_w: f64,
    /// Less than this flow, L/min.
    pub q_min_l_min: f64,
    /// For this long, s.
    pub t_dry_s: f64,
}

impl DryLimits {
    /// The policy: 30 % of rated power, 5 % of rated flow, 60 s.
    pub fn of_rated(p_rated_w: f64, q_rated_l_min: f64) -> Self {
        Self {
            p_min_w: 0.30 * p_rated_w,
            q_min_l_min: 0.05 * q_rated_l_min,
            t_dry_s: DRY_S,
        }
    }
}

/// How long a pump may push no water, s (B.8, policy).
pub const DRY_S: f64 = 60.0;

/// B.8 as a stream: power without flow, held continuously. A missing value resets the timer: no
/// alarm on missing data.
#[derive(Clone, Copy, Debug)]
pub struct DryRun {
    limits: DryLimits,
    since_s: Option<f64>,
    alarm_s: Option<f64>,
}

impl DryRun {
    /// Nothing seen yet.
    pub fn new(limits: DryLimits) -> Self {
        Self {
            limits,
            since_s: None,
            alarm_s: None,
        }
    }

    /// One record: time in s, power in W, flow in L/min. True while the pump is running dry.
    pub fn push(&mut self, t_s: f64, power_w: Option<f64>, flow_l_min: Option<f64>) -> bool {
        let limits = self.limits;
        let dry = power_w.is_some_and(|p| p >= limits.p_min_w)
            && flow_l_min.is_some_and(|q| q < limits.q_min_l_min);
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

    /// Time of the first alarm, s.
    pub fn alarm_s(&self) -> Option<f64> {
        self.alarm_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_flow_resets_the_timer() {
        let mut dry = DryRun::new(DryLimits::of_rated(1000.0, 20.0));
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
        assert_eq!((found.eta, found.status), (None, Status::NoOperation));
    }
}
