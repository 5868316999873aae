//! Methods of section C (emissions avoided), and the check of section I.

use super::method_input::{any_number, non_negative, positive_number, share_of_one, word_choice};
use super::method_output::output;
use super::{FormulaMethod, MethodArgs};
use crate::carbon::formulas::fuel::{
    self, DIESEL_KG_GJ, DieselLoadFactor, ETA_ENGINE_HIGH, ETA_PUMP_HIGH, FuelProperties,
    FuelPumpSet,
};
use crate::carbon::formulas::global_warming::{self, Gwp100Set};
use crate::carbon::formulas::grid_emissions::{self, W_OM_SOLAR};
use crate::formulas::WATER_KG_M3;
use serde_json::{Value, json};

pub(crate) const METHODS: &[FormulaMethod] = &[
    FormulaMethod {
        name: "combined_margin",
        section: "C.2",
        inputs: &[
            non_negative("om", "t/MWh"),
            non_negative("bm", "t/MWh"),
            share_of_one("w_om").or_default(W_OM_SOLAR),
        ],
        outputs: &[output("", "t/MWh")],
        eval: |a| a.of_three(grid_emissions::combined_margin, ["om", "bm", "w_om"]),
    },
    FormulaMethod {
        name: "be_grid",
        section: "C.3",
        inputs: &[
            non_negative("e_used_kwh", "kWh"),
            non_negative("ef_t_mwh", "t/MWh"),
            non_negative("tdl", "1").or_default(0.0),
        ],
        outputs: &[output("", "t")],
        eval: |a| {
            a.of_three(
                grid_emissions::grid_baseline_emissions,
                ["e_used_kwh", "ef_t_mwh", "tdl"],
            )
        },
    },
    FormulaMethod {
        name: "genset_ef",
        section: "C.4",
        inputs: &[
            any_number("kw", "kW"),
            word_choice("case", DieselLoadFactor::NAMES),
        ],
        outputs: &[output("", "kg/kWh")],
        eval: |a| {
            json!(
                DieselLoadFactor::parse(a.text("case"))
                    .and_then(|l| fuel::genset_ef(a.number("kw"), l))
            )
        },
    },
    FormulaMethod {
        name: "genset_implied_efficiency",
        section: "C.4",
        inputs: &[
            non_negative("ef_kg_kwh", "kg/kWh"),
            non_negative("ef_co2_kg_gj", "kg/GJ").or_default(DIESEL_KG_GJ),
        ],
        outputs: &[output("", "1")],
        eval: |a| {
            let (per_kwh, per_gj) = (a.number("ef_kg_kwh"), a.number("ef_co2_kg_gj"));
            json!(fuel::genset_implied_efficiency(per_kwh, per_gj))
        },
    },
    FormulaMethod {
        name: "fuel_ef_per_litre",
        section: "C.5",
        inputs: &[
            non_negative("ncv_gj_t", "GJ/t"),
            non_negative("rho_kg_l", "kg/L"),
            non_negative("ef_co2_kg_gj", "kg/GJ"),
            share_of_one("bio_frac_vol").or_default(0.0),
            non_negative("ef_ch4_kg_gj", "kg/GJ").or_default(0.0),
            non_negative("ef_n2o_kg_gj", "kg/GJ").or_default(0.0),
            word_choice("gwp", Gwp100Set::NAMES).or_default_word("AR5"),
        ],
        outputs: &[
            output("kgco2_l", "kgCO2/L"),
            output("kgco2e_l", "kgCO2e/L"),
            output("mj_l", "MJ/L"),
        ],
        eval: eval_fuel_per_litre,
    },
    FormulaMethod {
        name: "be_pump_from_water",
        section: "C.6",
        inputs: &[
            non_negative("v_m3", "m3"),
            non_negative("h_m", "m"),
            share_of_one("eta_pump").or_default(ETA_PUMP_HIGH),
            share_of_one("eta_engine").or_default(ETA_ENGINE_HIGH),
            non_negative("ef_co2_kg_gj", "kg/GJ").or_default(DIESEL_KG_GJ),
            share_of_one("bio_frac").or_default(0.0),
            positive_number("rho", "kg/m3").or_default(WATER_KG_M3),
        ],
        outputs: &[output("", "t")],
        eval: eval_pump_from_water,
    },
    FormulaMethod {
        name: "self_consumption",
        section: "C.7",
        inputs: &[
            non_negative("e_gen_kwh", "kWh"),
            non_negative("e_export_kwh", "kWh"),
            non_negative("e_import_kwh", "kWh").nullable(),
        ],
        outputs: &[
            output("e_self_kwh", "kWh"),
            output("scr", "1"),
            output("ssr", "1"),
            output("status", "text"),
        ],
        eval: eval_self_consumption,
    },
    FormulaMethod {
        name: "co2e",
        section: "C.8",
        inputs: &[
            any_number("co2_kg", "kg").or_default(0.0),
            any_number("ch4_kg", "kg").or_default(0.0),
            any_number("n2o_kg", "kg").or_default(0.0),
            word_choice("gwp", Gwp100Set::NAMES).or_default_word("AR5"),
        ],
        outputs: &[output("", "kg")],
        eval: |a| {
            json!(global_warming::co2_equivalent_kg(
                a.number("co2_kg"),
                a.number("ch4_kg"),
                a.number("n2o_kg"),
                gwp_set(a)
            ))
        },
    },
    FormulaMethod {
        name: "net_er",
        section: "C.9",
        inputs: &[
            any_number("be_t", "t"),
            any_number("pe_t", "t").or_default(0.0),
            any_number("le_t", "t").or_default(0.0),
        ],
        outputs: &[output("", "t")],
        eval: |a| {
            a.of_three(
                grid_emissions::net_emission_reduction,
                ["be_t", "pe_t", "le_t"],
            )
        },
    },
    FormulaMethod {
        name: "kwp_for_er",
        section: "I.1",
        inputs: &[
            any_number("er_t", "t"),
            non_negative("ef_t_mwh", "t/MWh"),
            non_negative("spec_yield_kwh_kwp", "kWh/kWp"),
            share_of_one("used_frac").or_default(1.0),
        ],
        outputs: &[output("kwh", "kWh"), output("kwp", "kWp")],
        eval: eval_kwp_for_er,
    },
];

/// Returns the set of global warming potentials that a call names.
pub(crate) fn gwp_set(a: &MethodArgs) -> Gwp100Set {
    Gwp100Set::parse(a.text("gwp")).unwrap_or_default()
}

fn eval_fuel_per_litre(a: &MethodArgs) -> Value {
    let found = fuel::fuel_ef_per_litre(&FuelProperties {
        ncv_gj_t: a.number("ncv_gj_t"),
        rho_kg_l: a.number("rho_kg_l"),
        ef_co2_kg_gj: a.number("ef_co2_kg_gj"),
        ef_ch4_kg_gj: a.number("ef_ch4_kg_gj"),
        ef_n2o_kg_gj: a.number("ef_n2o_kg_gj"),
        bio_frac_vol: a.number("bio_frac_vol"),
        gwp: gwp_set(a),
    });
    json!({"kgco2_l": found.kgco2, "kgco2e_l": found.kgco2e, "mj_l": found.mj})
}

fn eval_pump_from_water(a: &MethodArgs) -> Value {
    json!(fuel::be_pump_from_water(&FuelPumpSet {
        v_m3: a.number("v_m3"),
        h_m: a.number("h_m"),
        eta_pump: a.number("eta_pump"),
        eta_engine: a.number("eta_engine"),
        ef_co2_kg_gj: a.number("ef_co2_kg_gj"),
        bio_frac: a.number("bio_frac"),
        rho: a.number("rho"),
    }))
}

fn eval_self_consumption(a: &MethodArgs) -> Value {
    let (generated, exported) = (a.number("e_gen_kwh"), a.number("e_export_kwh"));
    let found =
        grid_emissions::self_consumption(generated, exported, a.optional_number("e_import_kwh"));
    json!({
        "e_self_kwh": found.e_self_kwh,
        "scr": found.consumption,
        "ssr": found.sufficiency,
        "status": found.status.code(),
    })
}

fn eval_kwp_for_er(a: &MethodArgs) -> Value {
    let (er, ef, specific) = (
        a.number("er_t"),
        a.number("ef_t_mwh"),
        a.number("spec_yield_kwh_kwp"),
    );
    let found = grid_emissions::kwp_for_er(er, ef, specific, a.number("used_frac"));
    json!({"kwh": found.map(|plant| plant.kwh), "kwp": found.map(|plant| plant.kwp)})
}
