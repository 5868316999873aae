//! B.5, B.6: friction and total dynamic head.

use super::{GRAVITY, ratio};
use std::f64::consts::PI;

/// Hazen-Williams coefficient of PVC (textbook).
pub const PVC_C: f64 = 150.0;
/// Roughness of PVC, m (textbook).
pub const PVC_ROUGHNESS_M: f64 = 1.5e-6;
/// Kinematic viscosity of water at 30 °C, m²/s (textbook).
pub const VISCOSITY_M2_S: f64 = 0.801e-6;
/// Below this Reynolds number a flow is laminar.
const LAMINAR_RE: f64 = 2300.0;
/// From this Reynolds number on Swamee-Jain holds.
const TURBULENT_RE: f64 = 4000.0;

/// B.5 after Hazen-Williams: 10.67·L·Q^1.852/(C^1.852·d^4.8704), m; L and d in m, Q in m³/s.
pub fn head_loss_hazen_williams(l_m: f64, q_m3_s: f64, d_m: f64, c: f64) -> Option<f64> {
    ratio(
        10.67 * l_m * q_m3_s.powf(1.852),
        c.powf(1.852) * d_m.powf(4.8704),
    )
}

/// A pipe and its flow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pipe {
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

/// Friction of a pipe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Friction {
    /// Head loss, m.
    pub h_f_m: Option<f64>,
    /// Reynolds number.
    pub re: Option<f64>,
    /// Darcy friction factor.
    pub f: Option<f64>,
    /// Mean speed, m/s.
    pub v_m_s: Option<f64>,
}

/// B.5 after Darcy-Weisbach: f·L/d·v²/2g with f by Swamee-Jain from Re 4000 on and 64/Re below
/// 2300. Between them neither holds, and there is no loss to be told. Still water loses nothing.
pub fn head_loss_darcy(pipe: &Pipe) -> Friction {
    let d = pipe.d_m;
    let v_m_s = ratio(pipe.q_m3_s, PI * d * d / 4.0);
    let re = v_m_s.and_then(|v| ratio(v * d, pipe.viscosity_m2_s));
    let f = re.and_then(|re| friction_factor(re, pipe.roughness_m / d));
    let loss = |f: f64, v: f64| f * pipe.l_m / d * v * v / (2.0 * GRAVITY);
    let h_f_m = match (f, v_m_s) {
        (Some(f), Some(v)) => Some(loss(f, v)),
        (None, Some(0.0)) => Some(0.0),
        _ => None,
    };
    Friction {
        h_f_m,
        re,
        f,
        v_m_s,
    }
}

fn friction_factor(re: f64, relative: f64) -> Option<f64> {
    if re < LAMINAR_RE {
        return ratio(64.0, re);
    }
    (re >= TURBULENT_RE).then(|| {
        let inner = relative / 3.7 + 5.74 / re.powf(0.9);
        0.25 / inner.log10().powi(2)
    })
}

/// What a pump works against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Head {
    /// From the water at rest to the outlet, m.
    pub static_m: f64,
    /// How far the water falls while pumping, m.
    pub drawdown_m: f64,
    /// Friction, m.
    pub h_friction_m: f64,
    /// Pressure at the outlet, Pa.
    pub p_out_pa: f64,
    /// Pressure at the inlet, Pa.
    pub p_in_pa: f64,
    /// Speed at the outlet, m/s.
    pub v_out_m_s: f64,
    /// Sum of the minor loss coefficients.
    pub sum_k: f64,
    /// Density, kg/m³.
    pub rho: f64,
}

/// B.6: static + drawdown + friction + (`p_out` − `p_in`)/(ρg) + (1 + ΣK)·v²/2g, m. With the
/// static head alone it is a lower bound.
pub fn tdh(head: &Head) -> Option<f64> {
    let pressure_m = ratio(head.p_out_pa - head.p_in_pa, head.rho * GRAVITY)?;
    let speed_m = (1.0 + head.sum_k) * head.v_out_m_s * head.v_out_m_s / (2.0 * GRAVITY);
    Some(head.static_m + head.drawdown_m + head.h_friction_m + pressure_m + speed_m)
}
