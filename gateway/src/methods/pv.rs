//! Methods of section A (PV performance).

use super::method_input::{any_number, non_negative, positive_number, table_rows};
use super::method_output::output;
use super::{FormulaMethod, InputKind, InputRange, MethodArgs, MethodInput};
use crate::assets::solar::formulas::{
    self as pv, CorrectedPr, CorrectedPrSums, G_MIN, PrIntervalRecord, PvYieldInput,
    SAPM_OPEN_RACK, SapmCoefficients, T_REF_C,
};
use crate::formulas::completeness::classify_completeness;
use crate::formulas::power_integral::{default_max_gap, energy_from_power};
use serde_json::{Value, json};

const PR_RECORDS: MethodInput = table_rows(
    "recs",
    "kWh, W/m2, °C, s",
    &["e_kwh?", "g_w_m2?", "t_cell_c?", "step_s"],
);

pub(crate) const METHODS: &[FormulaMethod] = &[
    FormulaMethod {
        name: "energy_from_power",
        section: "A.1",
        inputs: &[
            table_rows("samples", "s, W", &["t_s", "p_w?"]),
            positive_number("max_gap_s", "s").nullable(),
        ],
        outputs: &[
            output("status", "text"),
            output("e_pos_kwh", "kWh"),
            output("e_neg_kwh", "kWh"),
            output("covered_s", "s"),
            output("gap_s", "s"),
        ],
        eval: eval_energy_from_power,
    },
    FormulaMethod {
        name: "poa_insolation",
        section: "A.2",
        inputs: &[
            MethodInput::new("g_w_m2", "W/m2", InputKind::Gaps(InputRange::Any)),
            positive_number("step_s", "s"),
        ],
        outputs: &[
            output("h_kwh_m2", "kWh/m2"),
            output("n_valid", "1"),
            output("n_expected", "1"),
        ],
        eval: eval_poa_insolation,
    },
    FormulaMethod {
        name: "pv_yields",
        section: "A.3",
        inputs: &[
            any_number("e_dc_kwh", "kWh").nullable(),
            any_number("e_out_kwh", "kWh").nullable(),
            positive_number("p0_kwp", "kWp"),
            non_negative("h_poa_kwh_m2", "kWh/m2").nullable(),
        ],
        outputs: &[
            output("yr_h", "h"),
            output("ya_h", "h"),
            output("yf_h", "h"),
            output("pr", "1"),
            output("lc_h", "h"),
            output("lbos_h", "h"),
            output("status", "text"),
        ],
        eval: eval_pv_yields,
    },
    FormulaMethod {
        name: "cell_temp_noct",
        section: "A.7",
        inputs: &[
            any_number("t_air_c", "°C"),
            any_number("g_w_m2", "W/m2"),
            any_number("noct_c", "°C").or_default(45.0),
        ],
        outputs: &[output("", "degC")],
        eval: |a| a.of_three(pv::cell_temp_noct, ["t_air_c", "g_w_m2", "noct_c"]),
    },
    FormulaMethod {
        name: "cell_temp_sapm",
        section: "A.7",
        inputs: &[
            any_number("t_air_c", "°C"),
            any_number("g_w_m2", "W/m2"),
            non_negative("wind_m_s", "m/s"),
            any_number("a", "1").or_default(SAPM_OPEN_RACK.a),
            any_number("b", "s/m").or_default(SAPM_OPEN_RACK.b),
            any_number("delta_t_c", "°C")
                .or_default(SAPM_OPEN_RACK.delta_t_c)
                .also("deltaT"),
        ],
        outputs: &[output("", "degC")],
        eval: eval_cell_temp_sapm,
    },
    FormulaMethod {
        name: "pr_temp_corrected",
        section: "A.8",
        inputs: &[
            PR_RECORDS,
            positive_number("p0_kwp", "kWp"),
            any_number("gamma_per_c", "1/°C"),
            any_number("t_ref_c", "°C").or_default(T_REF_C),
            non_negative("g_min", "W/m2").or_default(G_MIN),
        ],
        outputs: &[
            output("pr", "1"),
            output("n_used", "1"),
            output("status", "text"),
        ],
        eval: eval_temp_corrected,
    },
    FormulaMethod {
        name: "pr_weather_corrected_nrel",
        section: "A.9",
        inputs: &[
            PR_RECORDS,
            positive_number("p0_kwp", "kWp"),
            any_number("gamma_per_c", "1/°C"),
            non_negative("g_min", "W/m2").or_default(G_MIN),
        ],
        outputs: &[
            output("pr", "1"),
            output("t_avg_c", "degC"),
            output("status", "text"),
        ],
        eval: eval_weather_corrected,
    },
    FormulaMethod {
        name: "specific_yield",
        section: "A.10",
        inputs: &[any_number("e_kwh", "kWh"), non_negative("p0_kwp", "kWp")],
        outputs: &[output("", "kWh/kWp")],
        eval: |a| json!(pv::specific_yield(a.number("e_kwh"), a.number("p0_kwp"))),
    },
    FormulaMethod {
        name: "capacity_factor",
        section: "A.11",
        inputs: &[
            any_number("e_kwh", "kWh"),
            non_negative("p_rated_kw", "kW"),
            non_negative("hours", "h"),
        ],
        outputs: &[output("", "1")],
        eval: |a| a.of_three(pv::capacity_factor, ["e_kwh", "p_rated_kw", "hours"]),
    },
    FormulaMethod {
        name: "availability",
        section: "A.12",
        inputs: &[
            non_negative("t_daylight_s", "s").nullable(),
            non_negative("t_down_s", "s").nullable(),
            non_negative("e_meas_kwh", "kWh").nullable(),
            non_negative("e_lost_est_kwh", "kWh").nullable(),
        ],
        outputs: &[output("a_time", "1"), output("a_energy", "1")],
        eval: eval_availability,
    },
    FormulaMethod {
        name: "soiling_ratio",
        section: "A.13",
        inputs: &[
            non_negative("isc_dirty", "A"),
            non_negative("g_dirty", "W/m2"),
            non_negative("isc_clean", "A"),
            non_negative("g_clean", "W/m2"),
        ],
        outputs: &[output("", "1")],
        eval: eval_soiling_ratio,
    },
    FormulaMethod {
        name: "completeness",
        section: "A.14",
        inputs: &[
            non_negative("n_valid", "1"),
            non_negative("n_expected", "1"),
        ],
        outputs: &[output("ratio", "1"), output("class", "text")],
        eval: eval_completeness,
    },
];

fn eval_energy_from_power(a: &MethodArgs) -> Value {
    let samples = a.timed_values("samples");
    // METHODS A.1: twice the nominal interval unless the call says otherwise.
    let max_gap_s = a
        .optional_number("max_gap_s")
        .unwrap_or_else(|| default_max_gap(&samples));
    let found = energy_from_power(&samples, max_gap_s);
    json!({
        "status": found.status.code(),
        "e_pos_kwh": found.positive_kwh,
        "e_neg_kwh": found.negative_kwh,
        "covered_s": found.covered_s,
        "gap_s": found.gap_s,
    })
}

fn eval_poa_insolation(a: &MethodArgs) -> Value {
    let found = pv::poa_insolation(&a.numbers_with_gaps("g_w_m2"), a.number("step_s"));
    json!({
        "h_kwh_m2": found.kwh_m2,
        "n_valid": found.valid,
        "n_expected": found.expected,
    })
}

fn eval_pv_yields(a: &MethodArgs) -> Value {
    let found = pv::pv_yields(&PvYieldInput {
        e_dc_kwh: a.optional_number("e_dc_kwh"),
        e_out_kwh: a.optional_number("e_out_kwh"),
        p0_kwp: a.number("p0_kwp"),
        h_poa_kwh_m2: a.optional_number("h_poa_kwh_m2"),
    });
    json!({
        "yr_h": found.reference_h,
        "ya_h": found.array_h,
        "yf_h": found.final_h,
        "pr": found.pr,
        "lc_h": found.capture_loss_h,
        "lbos_h": found.system_loss_h,
        "status": found.status.code(),
    })
}

fn eval_cell_temp_sapm(a: &MethodArgs) -> Value {
    let coefficients = SapmCoefficients {
        a: a.number("a"),
        b: a.number("b"),
        delta_t_c: a.number("delta_t_c"),
    };
    let (air, g, wind) = (
        a.number("t_air_c"),
        a.number("g_w_m2"),
        a.number("wind_m_s"),
    );
    json!(pv::cell_temp_sapm(air, g, wind, coefficients))
}

fn collect_pr_sums(a: &MethodArgs, g_min: f64) -> CorrectedPrSums {
    let mut sums = CorrectedPrSums::default();
    for [e_kwh, g_w_m2, t_cell_c, step] in a.rows::<4>("recs") {
        // Not reached, since the column is required; NaN would show as no result.
        let step_s = step.unwrap_or(f64::NAN);
        let record = PrIntervalRecord {
            e_kwh,
            g_w_m2,
            t_cell_c,
            step_s,
        };
        sums.push(&record, g_min);
    }
    sums
}

fn eval_temp_corrected(a: &MethodArgs) -> Value {
    let (p0, gamma, t_ref) = (
        a.number("p0_kwp"),
        a.number("gamma_per_c"),
        a.number("t_ref_c"),
    );
    let CorrectedPr {
        pr, used, status, ..
    } = collect_pr_sums(a, a.number("g_min")).temp_corrected(p0, gamma, t_ref);
    json!({"pr": pr, "n_used": used, "status": status.code()})
}

fn eval_weather_corrected(a: &MethodArgs) -> Value {
    let found = collect_pr_sums(a, a.number("g_min"))
        .weather_corrected(a.number("p0_kwp"), a.number("gamma_per_c"));
    json!({
        "pr": found.pr,
        "t_avg_c": found.t_ref_c,
        "status": found.status.code(),
    })
}

fn eval_availability(a: &MethodArgs) -> Value {
    // Each ratio needs both of its numbers; a call may ask for one ratio only.
    let pair = |x: &str, y: &str| a.optional_number(x).zip(a.optional_number(y));
    let time = pair("t_daylight_s", "t_down_s");
    let energy = pair("e_meas_kwh", "e_lost_est_kwh");
    json!({
        "a_time": time.and_then(|(day, down)| pv::availability_time(day, down)),
        "a_energy": energy.and_then(|(e, lost)| pv::availability_energy(e, lost)),
    })
}

fn eval_soiling_ratio(a: &MethodArgs) -> Value {
    let dirty = (a.number("isc_dirty"), a.number("g_dirty"));
    let clean = (a.number("isc_clean"), a.number("g_clean"));
    json!(pv::soiling_ratio(dirty, clean))
}

fn eval_completeness(a: &MethodArgs) -> Value {
    let found = classify_completeness(a.number("n_valid"), a.number("n_expected"));
    json!({"ratio": found.ratio, "class": found.class.code()})
}
