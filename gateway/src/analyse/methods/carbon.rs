//! Methods of section C, and the check of section I.

use super::field::{amount, any, choice, positive, share};
use super::{Args, Method};
use crate::analyse::WATER;
use crate::analyse::fuel::{
    self, DIESEL_KG_GJ, ETA_ENGINE_HIGH, ETA_PUMP_HIGH, Fuel, FuelPump, Load,
};
use crate::analyse::grid::{self, W_OM_SOLAR};
use crate::analyse::gwp::{self, Gwp};
use serde_json::{Value, json};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "combined_margin",
        section: "C.2",
        inputs: &[
            amount("om", "t/MWh"),
            amount("bm", "t/MWh"),
            share("w_om").or(W_OM_SOLAR),
        ],
        eval: |a| json!(grid::combined_margin(a.f("om"), a.f("bm"), a.f("w_om"))),
    },
    Method {
        name: "be_grid",
        section: "C.3",
        inputs: &[
            amount("e_used_kwh", "kWh"),
            amount("ef_t_mwh", "t/MWh"),
            amount("tdl", "").or(0.0),
        ],
        eval: |a| {
            json!(grid::be_grid(
                a.f("e_used_kwh"),
                a.f("ef_t_mwh"),
                a.f("tdl")
            ))
        },
    },
    Method {
        name: "genset_ef",
        section: "C.4",
        inputs: &[any("kw", "kW"), choice("case", Load::NAMES)],
        eval: |a| json!(Load::parse(a.text("case")).and_then(|l| fuel::genset_ef(a.f("kw"), l))),
    },
    Method {
        name: "genset_implied_efficiency",
        section: "C.4",
        inputs: &[
            amount("ef_kg_kwh", "kg/kWh"),
            amount("ef_co2_kg_gj", "kg/GJ").or(DIESEL_KG_GJ),
        ],
        eval: |a| {
            let (per_kwh, per_gj) = (a.f("ef_kg_kwh"), a.f("ef_co2_kg_gj"));
            json!(fuel::genset_implied_efficiency(per_kwh, per_gj))
        },
    },
    Method {
        name: "fuel_ef_per_litre",
        section: "C.5",
        inputs: &[
            amount("ncv_gj_t", "GJ/t"),
            amount("rho_kg_l", "kg/L"),
            amount("ef_co2_kg_gj", "kg/GJ"),
            share("bio_frac_vol").or(0.0),
            amount("ef_ch4_kg_gj", "kg/GJ").or(0.0),
            amount("ef_n2o_kg_gj", "kg/GJ").or(0.0),
            choice("gwp", Gwp::NAMES).or_word("AR5"),
        ],
        eval: per_litre,
    },
    Method {
        name: "be_pump_from_water",
        section: "C.6",
        inputs: &[
            amount("v_m3", "m3"),
            amount("h_m", "m"),
            share("eta_pump").or(ETA_PUMP_HIGH),
            share("eta_engine").or(ETA_ENGINE_HIGH),
            amount("ef_co2_kg_gj", "kg/GJ").or(DIESEL_KG_GJ),
            share("bio_frac").or(0.0),
            positive("rho", "kg/m3").or(WATER),
        ],
        eval: pump_from_water,
    },
    Method {
        name: "self_consumption",
        section: "C.7",
        inputs: &[
            amount("e_gen_kwh", "kWh"),
            amount("e_export_kwh", "kWh"),
            amount("e_import_kwh", "kWh").nullable(),
        ],
        eval: self_consumption,
    },
    Method {
        name: "co2e",
        section: "C.8",
        inputs: &[
            any("co2_kg", "kg").or(0.0),
            any("ch4_kg", "kg").or(0.0),
            any("n2o_kg", "kg").or(0.0),
            choice("gwp", Gwp::NAMES).or_word("AR5"),
        ],
        eval: |a| {
            json!(gwp::co2e(
                a.f("co2_kg"),
                a.f("ch4_kg"),
                a.f("n2o_kg"),
                set(a)
            ))
        },
    },
    Method {
        name: "net_er",
        section: "C.9",
        inputs: &[
            any("be_t", "t"),
            any("pe_t", "t").or(0.0),
            any("le_t", "t").or(0.0),
        ],
        eval: |a| json!(grid::net_er(a.f("be_t"), a.f("pe_t"), a.f("le_t"))),
    },
    Method {
        name: "kwp_for_er",
        section: "I.1",
        inputs: &[
            any("er_t", "t"),
            amount("ef_t_mwh", "t/MWh"),
            amount("spec_yield_kwh_kwp", "kWh/kWp"),
            share("used_frac").or(1.0),
        ],
        eval: kwp_for_er,
    },
];

/// The warming set that a call names.
pub(super) fn set(a: &Args) -> Gwp {
    Gwp::parse(a.text("gwp")).unwrap_or_default()
}

fn per_litre(a: &Args) -> Value {
    let found = fuel::fuel_ef_per_litre(&Fuel {
        ncv_gj_t: a.f("ncv_gj_t"),
        rho_kg_l: a.f("rho_kg_l"),
        ef_co2_kg_gj: a.f("ef_co2_kg_gj"),
        ef_ch4_kg_gj: a.f("ef_ch4_kg_gj"),
        ef_n2o_kg_gj: a.f("ef_n2o_kg_gj"),
        bio_frac_vol: a.f("bio_frac_vol"),
        gwp: set(a),
    });
    json!({"kgco2_l": found.kgco2, "kgco2e_l": found.kgco2e, "mj_l": found.mj})
}

fn pump_from_water(a: &Args) -> Value {
    json!(fuel::be_pump_from_water(&FuelPump {
        v_m3: a.f("v_m3"),
        h_m: a.f("h_m"),
        eta_pump: a.f("eta_pump"),
        eta_engine: a.f("eta_engine"),
        ef_co2_kg_gj: a.f("ef_co2_kg_gj"),
        bio_frac: a.f("bio_frac"),
        rho: a.f("rho"),
    }))
}

fn self_consumption(a: &Args) -> Value {
    let (generated, exported) = (a.f("e_gen_kwh"), a.f("e_export_kwh"));
    let found = grid::self_consumption(generated, exported, a.opt("e_import_kwh"));
    json!({
        "e_self_kwh": found.e_self_kwh,
        "scr": found.consumption,
        "ssr": found.sufficiency,
        "status": found.status.code(),
    })
}

fn kwp_for_er(a: &Args) -> Value {
    let (er, ef, specific) = (a.f("er_t"), a.f("ef_t_mwh"), a.f("spec_yield_kwh_kwp"));
    let found = grid::kwp_for_er(er, ef, specific, a.f("used_frac"));
    json!({"kwh": found.map(|plant| plant.kwh), "kwp": found.map(|plant| plant.kwp)})
}
