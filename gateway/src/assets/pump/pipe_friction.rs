//! Friction loss of pipes (B.5) and total dynamic head (B.6).

use crate::formulas::{GRAVITY_M_S2, finite_ratio};
use std::f64::consts::PI;

/// Hazen-Williams coefficient of PVC (textbook).
pub const PVC_C: f64 = 150.0;
/// Roughness of PVC, m (textbook).
pub const PVC_ROUGHNESS_M: f64 = 1.5e-6;
/// Kinematic viscosity of water at 30 °C, m²/s (textbook).
pub const VISCOSITY_M2_S: f64 = 0.801e-6;
/// Reynolds number below which a flow is laminar.
const LAMINAR_RE: f64 = 2300.0;
/// Reynolds number from which the Swamee-Jain equation holds.
const TURBULENT_RE: f64 = 4000.0;

/// Friction head loss after Hazen-Williams, m (B.5): 10.67·L·Q^1.852/(C^1.852·d^4.8704); L and d in
/// m, Q in m³/s.
pub fn head_loss_hazen_williams(l_m: f64, q_m3_s: f64, d_m: f64, c: f64) -> Option<f64> {
    finite_ratio(
        10.67 * l_m * q_m3_s.powf(1.852),
        c.powf(1.852) * d_m.powf(4.8704),
    )
}

/// Pipe and its flow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PipeFlow {
    /// Length, m.
    pub l_m: f64,
    /// Flow, m³/s.
    pub q_m3_s: f64,
    /// Inner diameter, m.
    pub d_m: f64,
    /// Roughness, m.
    pub roughness_m: f64,
    /// Kinematic viscosity, m²/s.
    pub viscosity_m2_s: f64,
}

/// Friction of a flow in a pipe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PipeFriction {
    /// Head loss, m.
    pub h_f_m: Option<f64>,
    /// Reynolds number.
    pub re: Option<f64>,
    /// Darcy friction factor.
    pub f: Option<f64>,
    /// Mean speed, m/s.
    pub v_m_s: Option<f64>,
}

/// Friction after Darcy-Weisbach (B.5): f·L/d·v²/2g with f by Swamee-Jain from Re 4000 on and 64/Re
/// below 2300. Between them neither equation holds and the loss is `None`. A flow of 0 has no loss.
pub fn head_loss_darcy(pipe: &PipeFlow) -> PipeFriction {
    let d = pipe.d_m;
    let v_m_s = finite_ratio(pipe.q_m3_s, PI * d * d / 4.0);
    let re = v_m_s.and_then(|v| finite_ratio(v * d, pipe.viscosity_m2_s));
    let f = re.and_then(|re| friction_factor(re, pipe.roughness_m / d));
    let loss = |f: f64, v: f64| f * pipe.l_m / d * v * v / (2.0 * GRAVITY_M_S2);
    let h_f_m = match (f, v_m_s) {
        (Some(f), Some(v)) => Some(loss(f, v)),
        // Water at rest has no friction factor, 64/0, but its loss is known.
        (None, Some(0.0)) => Some(0.0),
        _ => None,
    };
    PipeFriction {
        h_f_m,
        re,
        f,
        v_m_s,
    }
}

fn friction_factor(re: f64, relative: f64) -> Option<f64> {
    if re < LAMINAR_RE {
        return finite_ratio(64.0, re);
    }
    // Between laminar and turbulent flow no equation holds. Swamee-Jain agrees with the `fluids`
    // package to 1e-6 and with Colebrook to 0.6 % (METHODS, section J).
    (re >= TURBULENT_RE).then(|| {
        let inner = relative / 3.7 + 5.74 / re.powf(0.9);
        0.25 / inner.log10().powi(2)
    })
}

/// Terms of the total dynamic head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DynamicHeadTerms {
    /// Static head from the water at rest to the outlet, m.
    pub static_m: f64,
    /// Drawdown of the water while pumping, m.
    pub drawdown_m: f64,
    /// Friction head loss, m.
    pub h_friction_m: f64,
    /// Pressure at the outlet, Pa.
    pub p_out_pa: f64,
    /// Pressure at the inlet, Pa.
    pub p_in_pa: f64,
    /// Speed at the outlet, m/s.
    pub v_out_m_s: f64,
    /// Sum of the minor loss coefficients.
    pub sum_k: f64,
    /// Density of water, kg/m³.
    pub rho: f64,
}

/// Total dynamic head, m (B.6): static + drawdown + friction + (`p_out` − `p_in`)/(ρg) + (1 +
/// ΣK)·v²/2g. A lower bound if only the static head is known.
pub fn total_dynamic_head(head: &DynamicHeadTerms) -> Option<f64> {
    // With the static head alone, efficiency and fuel equivalent are lower bounds, safe for claims.
    let pressure_m = finite_ratio(head.p_out_pa - head.p_in_pa, head.rho * GRAVITY_M_S2)?;
    let speed_m = (1.0 + head.sum_k) * head.v_out_m_s * head.v_out_m_s / (2.0 * GRAVITY_M_S2);
    Some(head.static_m + head.drawdown_m + head.h_friction_m + pressure_m + speed_m)
}
