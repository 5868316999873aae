//! Methods of section B.

use super::field::{amount, any, positive, rows};
use super::{Args, Method};
use crate::analyse::WATER;
use crate::analyse::level::water_density;
use crate::analyse::pipe::{self, Head, PVC_C, PVC_ROUGHNESS_M, Pipe, VISCOSITY_M2_S};
use crate::analyse::pump::{self, DRY_S, DryLimits, DryRun, Duty, PumpInput};
use serde_json::{Value, json};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "hydraulic_energy",
        section: "B.1",
        inputs: &[
            amount("v_m3", "m3"),
            amount("h_m", "m"),
            positive("rho", "kg/m3").or(WATER),
        ],
        eval: |a| json!(pump::hydraulic_energy(a.f("v_m3"), a.f("h_m"), a.f("rho"))),
    },
    Method {
        name: "wire_to_water",
        section: "B.2",
        inputs: &[
            amount("v_m3", "m3"),
            amount("h_m", "m"),
            amount("e_elec_kwh", "kWh").nullable(),
            positive("rho", "kg/m3").or(WATER),
        ],
        eval: wire_to_water,
    },
    Method {
        name: "pv_to_water",
        section: "B.3",
        inputs: &[
            amount("e_hyd_kwh", "kWh"),
            amount("h_poa_kwh_m2", "kWh/m2"),
            amount("area_m2", "m2"),
        ],
        eval: |a| {
            json!(pump::pv_to_water(
                a.f("e_hyd_kwh"),
                a.f("h_poa_kwh_m2"),
                a.f("area_m2")
            ))
        },
    },
    Method {
        name: "pump_specific",
        section: "B.4",
        inputs: &[
            amount("v_m3", "m3"),
            amount("e_kwh", "kWh").nullable(),
            amount("p0_kwp", "kWp").nullable(),
            amount("days", "d"),
            amount("h_m", "m").nullable(),
        ],
        eval: specific,
    },
    Method {
        name: "head_loss_hazen_williams",
        section: "B.5",
        inputs: &[
            amount("l_m", "m"),
            amount("q_m3_s", "m3/s"),
            positive("d_m", "m"),
            positive("c", "").or(PVC_C),
        ],
        eval: hazen_williams,
    },
    Method {
        name: "head_loss_darcy",
        section: "B.5",
        inputs: &[
            amount("l_m", "m"),
            amount("q_m3_s", "m3/s"),
            positive("d_m", "m"),
            amount("eps_m", "m").or(PVC_ROUGHNESS_M),
            positive("nu_m2_s", "m2/s").or(VISCOSITY_M2_S),
        ],
        eval: darcy,
    },
    Method {
        name: "tdh",
        section: "B.6",
        inputs: &[
            any("static_m", "m"),
            amount("drawdown_m", "m").or(0.0),
            amount("h_friction_m", "m").or(0.0),
            any("p_out_pa", "Pa").or(0.0),
            any("p_in_pa", "Pa").or(0.0),
            amount("v_out_m_s", "m/s").or(0.0),
            amount("sum_k", "").or(0.0),
            positive("rho", "kg/m3").or(WATER),
        ],
        eval: tdh,
    },
    Method {
        name: "affinity",
        section: "B.7",
        inputs: &[
            amount("q1", ""),
            amount("h1", ""),
            amount("p1", ""),
            amount("n1", ""),
            amount("n2", ""),
        ],
        eval: affinity,
    },
    Method {
        name: "dry_run",
        section: "B.8",
        inputs: &[
            rows("samples", "s, W, L/min", &["t_s", "p_w?", "q_l_min?"]),
            amount("p_min_w", "W"),
            amount("q_min_l_min", "L/min"),
            amount("t_dry_s", "s").or(DRY_S),
        ],
        eval: dry_run,
    },
    Method {
        name: "water_density",
        section: "B.1",
        inputs: &[any("t_c", "°C")],
        eval: |a| json!(water_density(a.f("t_c"))),
    },
];

fn wire_to_water(a: &Args) -> Value {
    let (v, h, rho) = (a.f("v_m3"), a.f("h_m"), a.f("rho"));
    let found = pump::wire_to_water(v, h, a.opt("e_elec_kwh"), rho);
    json!({
        "eta": found.eta,
        "e_hyd_kwh": found.e_hyd_kwh,
        "status": found.status.code(),
    })
}

fn specific(a: &Args) -> Value {
    let found = pump::pump_specific(&PumpInput {
        v_m3: a.f("v_m3"),
        e_kwh: a.opt("e_kwh"),
        p0_kwp: a.opt("p0_kwp"),
        days: a.f("days"),
        h_m: a.opt("h_m"),
    });
    json!({
        "m3_per_kwh": found.m3_per_kwh,
        "kwh_per_m3": found.kwh_per_m3,
        "m3_per_kwp_day": found.m3_per_kwp_day,
        "m4_per_day": found.m4_per_day,
    })
}

fn hazen_williams(a: &Args) -> Value {
    let (length, flow, diameter) = (a.f("l_m"), a.f("q_m3_s"), a.f("d_m"));
    json!(pipe::head_loss_hazen_williams(
        length,
        flow,
        diameter,
        a.f("c")
    ))
}

fn darcy(a: &Args) -> Value {
    let found = pipe::head_loss_darcy(&Pipe {
        l_m: a.f("l_m"),
        q_m3_s: a.f("q_m3_s"),
        d_m: a.f("d_m"),
        roughness_m: a.f("eps_m"),
        viscosity_m2_s: a.f("nu_m2_s"),
    });
    json!({"h_f_m": found.h_f_m, "re": found.re, "f": found.f, "v_m_s": found.v_m_s})
}

fn tdh(a: &Args) -> Value {
    json!(pipe::tdh(&Head {
        static_m: a.f("static_m"),
        drawdown_m: a.f("drawdown_m"),
        h_friction_m: a.f("h_friction_m"),
        p_out_pa: a.f("p_out_pa"),
        p_in_pa: a.f("p_in_pa"),
        v_out_m_s: a.f("v_out_m_s"),
        sum_k: a.f("sum_k"),
        rho: a.f("rho"),
    }))
}

fn affinity(a: &Args) -> Value {
    let duty = Duty {
        q: a.f("q1"),
        h: a.f("h1"),
        p: a.f("p1"),
    };
    let found = pump::affinity(duty, a.f("n1"), a.f("n2"));
    json!({
        "q2": found.map(|duty| duty.q),
        "h2": found.map(|duty| duty.h),
        "p2": found.map(|duty| duty.p),
    })
}

fn dry_run(a: &Args) -> Value {
    let mut dry = DryRun::new(DryLimits {
        p_min_w: a.f("p_min_w"),
        q_min_l_min: a.f("q_min_l_min"),
        t_dry_s: a.f("t_dry_s"),
    });
    for [t, power, flow] in a.rows::<3>("samples") {
        dry.push(t.unwrap_or(f64::NAN), power, flow);
    }
    json!({"dry_run": dry.alarm_s().is_some(), "t_alarm_s": dry.alarm_s()})
}
