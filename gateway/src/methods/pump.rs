//! Methods of section B (PV pumping).

use super::method_input::{any_number, non_negative, positive_number, table_rows};
use super::method_output::output;
use super::{FormulaMethod, MethodArgs};
use crate::assets::pump::formulas::{
    self as pump, DRY_S, DryRunDetector, DryRunLimits, PumpDutyPoint, PumpedWaterInput,
};
use crate::assets::pump::pipe_friction::{
    self, DynamicHeadTerms, PVC_C, PVC_ROUGHNESS_M, PipeFlow, VISCOSITY_M2_S,
};
use crate::assets::tank::level_sensor::water_density;
use crate::formulas::WATER_KG_M3;
use serde_json::{Value, json};

pub(crate) const METHODS: &[FormulaMethod] = &[
    FormulaMethod {
        name: "hydraulic_energy",
        section: "B.1",
        inputs: &[
            non_negative("v_m3", "m3"),
            non_negative("h_m", "m"),
            positive_number("rho", "kg/m3").or_default(WATER_KG_M3),
        ],
        outputs: &[output("", "kWh")],
        eval: |a| a.of_three(pump::hydraulic_energy, ["v_m3", "h_m", "rho"]),
    },
    FormulaMethod {
        name: "wire_to_water",
        section: "B.2",
        inputs: &[
            non_negative("v_m3", "m3"),
            non_negative("h_m", "m"),
            non_negative("e_elec_kwh", "kWh").nullable(),
            positive_number("rho", "kg/m3").or_default(WATER_KG_M3),
        ],
        outputs: &[
            output("eta", "1"),
            output("e_hyd_kwh", "kWh"),
            output("status", "text"),
        ],
        eval: eval_wire_to_water,
    },
    FormulaMethod {
        name: "pv_to_water",
        section: "B.3",
        inputs: &[
            non_negative("e_hyd_kwh", "kWh"),
            non_negative("h_poa_kwh_m2", "kWh/m2"),
            non_negative("area_m2", "m2"),
        ],
        outputs: &[output("", "1")],
        eval: |a| a.of_three(pump::pv_to_water, ["e_hyd_kwh", "h_poa_kwh_m2", "area_m2"]),
    },
    FormulaMethod {
        name: "pump_specific",
        section: "B.4",
        inputs: &[
            non_negative("v_m3", "m3"),
            non_negative("e_kwh", "kWh").nullable(),
            non_negative("p0_kwp", "kWp").nullable(),
            non_negative("days", "d"),
            non_negative("h_m", "m").nullable(),
        ],
        outputs: &[
            output("m3_per_kwh", "m3/kWh"),
            output("kwh_per_m3", "kWh/m3"),
            output("m3_per_kwp_day", "m3/kWp/d"),
            output("m4_per_day", "m4/d"),
        ],
        eval: eval_pump_specific,
    },
    FormulaMethod {
        name: "head_loss_hazen_williams",
        section: "B.5",
        inputs: &[
            non_negative("l_m", "m"),
            non_negative("q_m3_s", "m3/s"),
            positive_number("d_m", "m"),
            positive_number("c", "1").or_default(PVC_C),
        ],
        outputs: &[output("", "m")],
        eval: eval_hazen_williams,
    },
    FormulaMethod {
        name: "head_loss_darcy",
        section: "B.5",
        inputs: &[
            non_negative("l_m", "m"),
            non_negative("q_m3_s", "m3/s"),
            positive_number("d_m", "m"),
            non_negative("eps_m", "m").or_default(PVC_ROUGHNESS_M),
            positive_number("nu_m2_s", "m2/s").or_default(VISCOSITY_M2_S),
        ],
        outputs: &[
            output("h_f_m", "m"),
            output("re", "1"),
            output("f", "1"),
            output("v_m_s", "m/s"),
        ],
        eval: eval_darcy,
    },
    FormulaMethod {
        name: "tdh",
        section: "B.6",
        inputs: &[
            any_number("static_m", "m"),
            non_negative("drawdown_m", "m").or_default(0.0),
            non_negative("h_friction_m", "m").or_default(0.0),
            any_number("p_out_pa", "Pa").or_default(0.0),
            any_number("p_in_pa", "Pa").or_default(0.0),
            non_negative("v_out_m_s", "m/s").or_default(0.0),
            non_negative("sum_k", "1").or_default(0.0),
            positive_number("rho", "kg/m3").or_default(WATER_KG_M3),
        ],
        outputs: &[output("", "m")],
        eval: eval_total_dynamic_head,
    },
    FormulaMethod {
        name: "affinity",
        section: "B.7",
        inputs: &[
            non_negative("q1", "m3/h"),
            non_negative("h1", "m"),
            non_negative("p1", "kW"),
            non_negative("n1", "1/min"),
            non_negative("n2", "1/min"),
        ],
        outputs: &[output("q2", "m3/h"), output("h2", "m"), output("p2", "kW")],
        eval: eval_affinity,
    },
    FormulaMethod {
        name: "dry_run",
        section: "B.8",
        inputs: &[
            table_rows("samples", "s, W, L/min", &["t_s", "p_w?", "q_l_min?"]),
            non_negative("p_min_w", "W"),
            non_negative("q_min_l_min", "L/min"),
            non_negative("t_dry_s", "s").or_default(DRY_S),
        ],
        outputs: &[output("dry_run", "bool"), output("t_alarm_s", "s")],
        eval: eval_dry_run,
    },
    FormulaMethod {
        name: "water_density",
        section: "B.1",
        inputs: &[any_number("t_c", "°C")],
        outputs: &[output("", "kg/m3")],
        eval: |a| json!(water_density(a.number("t_c"))),
    },
];

fn eval_wire_to_water(a: &MethodArgs) -> Value {
    let (v, h, rho) = (a.number("v_m3"), a.number("h_m"), a.number("rho"));
    let found = pump::wire_to_water(v, h, a.optional_number("e_elec_kwh"), rho);
    json!({
        "eta": found.eta,
        "e_hyd_kwh": found.e_hyd_kwh,
        "status": found.status.code(),
    })
}

fn eval_pump_specific(a: &MethodArgs) -> Value {
    let found = pump::pump_specific(&PumpedWaterInput {
        v_m3: a.number("v_m3"),
        e_kwh: a.optional_number("e_kwh"),
        p0_kwp: a.optional_number("p0_kwp"),
        days: a.number("days"),
        h_m: a.optional_number("h_m"),
    });
    json!({
        "m3_per_kwh": found.m3_per_kwh,
        "kwh_per_m3": found.kwh_per_m3,
        "m3_per_kwp_day": found.m3_per_kwp_day,
        "m4_per_day": found.m4_per_day,
    })
}

fn eval_hazen_williams(a: &MethodArgs) -> Value {
    let (length, flow, diameter) = (a.number("l_m"), a.number("q_m3_s"), a.number("d_m"));
    json!(pipe_friction::head_loss_hazen_williams(
        length,
        flow,
        diameter,
        a.number("c")
    ))
}

fn eval_darcy(a: &MethodArgs) -> Value {
    let found = pipe_friction::head_loss_darcy(&PipeFlow {
        l_m: a.number("l_m"),
        q_m3_s: a.number("q_m3_s"),
        d_m: a.number("d_m"),
        roughness_m: a.number("eps_m"),
        viscosity_m2_s: a.number("nu_m2_s"),
    });
    json!({"h_f_m": found.h_f_m, "re": found.re, "f": found.f, "v_m_s": found.v_m_s})
}

fn eval_total_dynamic_head(a: &MethodArgs) -> Value {
    json!(pipe_friction::total_dynamic_head(&DynamicHeadTerms {
        static_m: a.number("static_m"),
        drawdown_m: a.number("drawdown_m"),
        h_friction_m: a.number("h_friction_m"),
        p_out_pa: a.number("p_out_pa"),
        p_in_pa: a.number("p_in_pa"),
        v_out_m_s: a.number("v_out_m_s"),
        sum_k: a.number("sum_k"),
        rho: a.number("rho"),
    }))
}

fn eval_affinity(a: &MethodArgs) -> Value {
    let duty = PumpDutyPoint {
        q: a.number("q1"),
        h: a.number("h1"),
        p: a.number("p1"),
    };
    let found = pump::scale_by_affinity_laws(duty, a.number("n1"), a.number("n2"));
    json!({
        "q2": found.map(|duty| duty.q),
        "h2": found.map(|duty| duty.h),
        "p2": found.map(|duty| duty.p),
    })
}

fn eval_dry_run(a: &MethodArgs) -> Value {
    let mut dry = DryRunDetector::new(DryRunLimits {
        p_min_w: a.number("p_min_w"),
        q_min_l_min: a.number("q_min_l_min"),
        t_dry_s: a.number("t_dry_s"),
    });
    for [t, power, flow] in a.rows::<3>("samples") {
        dry.push(t.unwrap_or(f64::NAN), power, flow);
    }
    json!({"dry_run": dry.alarm_s().is_some(), "t_alarm_s": dry.alarm_s()})
}
