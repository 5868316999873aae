//! Methods of section A.

use super::field::{amount, any, positive, rows};
use super::{Args, Field, Kind, Method, Range};
use crate::analyse::completeness::completeness;
use crate::analyse::energy::{default_max_gap, energy_from_power};
use crate::analyse::pv::{
    self, CorrectedPr, G_MIN, PrRecord, PrSums, PvInput, SAPM_OPEN_RACK, Sapm, T_REF_C,
};
use serde_json::{Value, json};

const RECORDS: Field = rows(
    "recs",
    "kWh, W/m2, °C, s",
    &["e_kwh?", "g_w_m2?", "t_cell_c?", "step_s"],
);

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "energy_from_power",
        section: "A.1",
        inputs: &[
            rows("samples", "s, W", &["t_s", "p_w?"]),
            positive("max_gap_s", "s").nullable(),
        ],
        eval: energy,
    },
    Method {
        name: "poa_insolation",
        section: "A.2",
        inputs: &[
            Field::new("g_w_m2", "W/m2", Kind::Gaps(Range::Any)),
            positive("step_s", "s"),
        ],
        eval: insolation,
    },
    Method {
        name: "pv_yields",
        section: "A.3",
        inputs: &[
            any("e_dc_kwh", "kWh").nullable(),
            any("e_out_kwh", "kWh").nullable(),
            positive("p0_kwp", "kWp"),
            amount("h_poa_kwh_m2", "kWh/m2").nullable(),
        ],
        eval: yields,
    },
    Method {
        name: "cell_temp_noct",
        section: "A.7",
        inputs: &[
            any("t_air_c", "°C"),
            any("g_w_m2", "W/m2"),
            any("noct_c", "°C").or(45.0),
        ],
        eval: |a| {
            json!(pv::cell_temp_noct(
                a.f("t_air_c"),
                a.f("g_w_m2"),
                a.f("noct_c")
            ))
        },
    },
    Method {
        name: "cell_temp_sapm",
        section: "A.7",
        inputs: &[
            any("t_air_c", "°C"),
            any("g_w_m2", "W/m2"),
            amount("wind_m_s", "m/s"),
            any("a", "").or(SAPM_OPEN_RACK.a),
            any("b", "s/m").or(SAPM_OPEN_RACK.b),
            any("delta_t_c", "°C")
                .or(SAPM_OPEN_RACK.delta_t_c)
                .also("deltaT"),
        ],
        eval: sapm,
    },
    Method {
        name: "pr_temp_corrected",
        section: "A.8",
        inputs: &[
            RECORDS,
            positive("p0_kwp", "kWp"),
            any("gamma_per_c", "1/°C"),
            any("t_ref_c", "°C").or(T_REF_C),
            amount("g_min", "W/m2").or(G_MIN),
        ],
        eval: temp_corrected,
    },
    Method {
        name: "pr_weather_corrected_nrel",
        section: "A.9",
        inputs: &[
            RECORDS,
            positive("p0_kwp", "kWp"),
            any("gamma_per_c", "1/°C"),
            amount("g_min", "W/m2").or(G_MIN),
        ],
        eval: weather_corrected,
    },
    Method {
        name: "specific_yield",
        section: "A.10",
        inputs: &[any("e_kwh", "kWh"), amount("p0_kwp", "kWp")],
        eval: |a| json!(pv::specific_yield(a.f("e_kwh"), a.f("p0_kwp"))),
    },
    Method {
        name: "capacity_factor",
        section: "A.11",
        inputs: &[
            any("e_kwh", "kWh"),
            amount("p_rated_kw", "kW"),
            amount("hours", "h"),
        ],
        eval: |a| {
            json!(pv::capacity_factor(
                a.f("e_kwh"),
                a.f("p_rated_kw"),
                a.f("hours")
            ))
        },
    },
    Method {
        name: "availability",
        section: "A.12",
        inputs: &[
            amount("t_daylight_s", "s").nullable(),
            amount("t_down_s", "s").nullable(),
            amount("e_meas_kwh", "kWh").nullable(),
            amount("e_lost_est_kwh", "kWh").nullable(),
        ],
        eval: availability,
    },
    Method {
        name: "soiling_ratio",
        section: "A.13",
        inputs: &[
            amount("isc_dirty", "A"),
            amount("g_dirty", "W/m2"),
            amount("isc_clean", "A"),
            amount("g_clean", "W/m2"),
        ],
        eval: soiling,
    },
    Method {
        name: "completeness",
        section: "A.14",
        inputs: &[amount("n_valid", ""), amount("n_expected", "")],
        eval: complete,
    },
];

fn energy(a: &Args) -> Value {
    let samples = a.series("samples");
    let max_gap_s = a
        .opt("max_gap_s")
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

fn insolation(a: &Args) -> Value {
    let found = pv::poa_insolation(&a.gaps("g_w_m2"), a.f("step_s"));
    json!({
        "h_kwh_m2": found.kwh_m2,
        "n_valid": found.valid,
        "n_expected": found.expected,
    })
}

fn yields(a: &Args) -> Value {
    let found = pv::pv_yields(&PvInput {
        e_dc_kwh: a.opt("e_dc_kwh"),
        e_out_kwh: a.opt("e_out_kwh"),
        p0_kwp: a.f("p0_kwp"),
        h_poa_kwh_m2: a.opt("h_poa_kwh_m2"),
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

fn sapm(a: &Args) -> Value {
    let coefficients = Sapm {
        a: a.f("a"),
        b: a.f("b"),
        delta_t_c: a.f("delta_t_c"),
    };
    let (air, g, wind) = (a.f("t_air_c"), a.f("g_w_m2"), a.f("wind_m_s"));
    json!(pv::cell_temp_sapm(air, g, wind, coefficients))
}

fn sums(a: &Args, g_min: f64) -> PrSums {
    let mut sums = PrSums::default();
    for [e_kwh, g_w_m2, t_cell_c, step] in a.rows::<4>("recs") {
        let step_s = step.unwrap_or(f64::NAN);
        let record = PrRecord {
            e_kwh,
            g_w_m2,
            t_cell_c,
            step_s,
        };
        sums.push(&record, g_min);
    }
    sums
}

fn temp_corrected(a: &Args) -> Value {
    let (p0, gamma, t_ref) = (a.f("p0_kwp"), a.f("gamma_per_c"), a.f("t_ref_c"));
    let CorrectedPr {
        pr, used, status, ..
    } = sums(a, a.f("g_min")).temp_corrected(p0, gamma, t_ref);
    json!({"pr": pr, "n_used": used, "status": status.code()})
}

fn weather_corrected(a: &Args) -> Value {
    let found = sums(a, a.f("g_min")).weather_corrected(a.f("p0_kwp"), a.f("gamma_per_c"));
    json!({
        "pr": found.pr,
        "t_avg_c": found.t_ref_c,
        "status": found.status.code(),
    })
}

fn availability(a: &Args) -> Value {
    let pair = |x: &str, y: &str| a.opt(x).zip(a.opt(y));
    let time = pair("t_daylight_s", "t_down_s");
    let energy = pair("e_meas_kwh", "e_lost_est_kwh");
    json!({
        "a_time": time.and_then(|(day, down)| pv::availability_time(day, down)),
        "a_energy": energy.and_then(|(e, lost)| pv::availability_energy(e, lost)),
    })
}

fn soiling(a: &Args) -> Value {
    let dirty = (a.f("isc_dirty"), a.f("g_dirty"));
    let clean = (a.f("isc_clean"), a.f("g_clean"));
    json!(pv::soiling_ratio(dirty, clean))
}

fn complete(a: &Args) -> Value {
    let found = completeness(a.f("n_valid"), a.f("n_expected"));
    json!({"ratio": found.ratio, "class": found.class.code()})
}
