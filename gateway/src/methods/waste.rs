//! Methods of section E (organic waste, black soldier fly, composting).

use super::carbon::gwp_set;
use super::method_input::{any_number, non_negative, positive_number, share_of_one, word_choice};
use super::method_output::output;
use super::{FormulaMethod, InputKind, InputRange, MethodArgs, MethodInput};
use crate::assets::bsf::formulas::{
    self as bsf, BsfMasses, DEVELOPMENT_CAP_C, DEVELOPMENT_MIN_C, DegreeDaySum,
    LarvaeTemperatureBand,
};
use crate::assets::compost::formulas::{
    self as compost, CH4_KG_T, CompostAeration, CompostEmissionInput, N2O_KG_T,
};
use crate::carbon::formulas::first_order_decay::{self, LandfillModel, WasteDeposit, WasteKind};
use crate::carbon::formulas::global_warming::Gwp100Set;
use serde_json::{Value, json};

const PHI: MethodInput = share_of_one("phi").or_default(0.85);
const CAPTURED: MethodInput = share_of_one("f").or_default(0.0).also("f_y");
const GWP_CH4: MethodInput = non_negative("gwp_ch4", "1").or_default(28.0).also("gwp");
const OX: MethodInput = share_of_one("ox").or_default(0.1);
const F_CH4: MethodInput = share_of_one("F").or_default(0.5);
const DOCF: MethodInput = share_of_one("docf").or_default(0.5);
const MCF: MethodInput = share_of_one("mcf").or_default(0.4);
const WASTE: MethodInput = word_choice("waste", WasteKind::NAMES).or_default_word("food");
const YEAR: MethodInput = MethodInput::new("year", "1", InputKind::Whole(i32::MIN, i32::MAX));
const TEMPS: MethodInput = MethodInput::new("temps_c", "°C", InputKind::Gaps(InputRange::Any));

pub(crate) const METHODS: &[FormulaMethod] = &[
    FormulaMethod {
        name: "bsf_band",
        section: "E.1",
        inputs: &[any_number("t_c", "°C").nullable()],
        outputs: &[output("", "text")],
        eval: |a| {
            json!(
                a.optional_number("t_c")
                    .and_then(bsf::bsf_band)
                    .map(LarvaeTemperatureBand::code)
            )
        },
    },
    FormulaMethod {
        name: "degree_days",
        section: "E.2",
        inputs: &[
            TEMPS,
            positive_number("step_s", "s"),
            any_number("t_low_c", "°C").or_default(DEVELOPMENT_MIN_C),
            any_number("t_cap_c", "°C").or_default(DEVELOPMENT_CAP_C),
        ],
        outputs: &[output("dd", "degC d"), output("coverage", "1")],
        eval: eval_degree_days,
    },
    FormulaMethod {
        name: "bsf_indices",
        section: "E.3",
        inputs: &[
            non_negative("fed_kg", "kg").nullable(),
            non_negative("residue_kg", "kg").nullable(),
            any_number("larvae_gain_kg", "kg").nullable(),
            non_negative("days", "d"),
        ],
        outputs: &[
            output("sr", "1"),
            output("wri", "%/d"),
            output("bcr", "1"),
            output("fcr", "1"),
            output("loss_frac", "1"),
            output("ecd", "1"),
            output("status", "text"),
        ],
        eval: eval_bsf_indices,
    },
    FormulaMethod {
        name: "pfrp",
        section: "E.4",
        inputs: &[
            TEMPS,
            positive_number("step_s", "s"),
            word_choice("method", CompostAeration::NAMES),
            MethodInput::new("turnings", "1", InputKind::Whole(0, 10_000)).or_default(0.0),
        ],
        outputs: &[output("longest_run_h", "h"), output("passed", "bool")],
        eval: eval_hygienisation,
    },
    FormulaMethod {
        name: "fod_tool04",
        section: "E.5",
        inputs: &[
            MethodInput::new("deposits_t", "t", InputKind::Deposits),
            YEAR,
            MCF,
            PHI,
            CAPTURED,
            GWP_CH4,
            OX,
            F_CH4,
            DOCF,
        ],
        outputs: &[output("", "tCO2e")],
        eval: eval_fod_tool04,
    },
    FormulaMethod {
        name: "fod_ipcc",
        section: "E.6",
        inputs: &[
            MethodInput::new("deposits_t", "t", InputKind::Years),
            YEAR,
            non_negative("k", "1/a").or_default(0.40),
            share_of_one("doc").or_default(0.15),
            DOCF,
            MCF,
            F_CH4,
            OX,
            GWP_CH4,
        ],
        outputs: &[output("", "tCO2e")],
        eval: eval_fod_ipcc,
    },
    FormulaMethod {
        name: "swds_lifetime_tco2e_per_t",
        section: "E.7",
        inputs: &[MCF, WASTE, PHI, CAPTURED, GWP_CH4, OX, F_CH4, DOCF],
        outputs: &[output("", "tCO2e/t")],
        eval: |a| {
            json!(first_order_decay::lifetime_per_tonne(
                waste_kind(a),
                &landfill_model(a)
            ))
        },
    },
    FormulaMethod {
        name: "swds_annual_factors",
        section: "E.7",
        inputs: &[
            MethodInput::new("n", "a", InputKind::Whole(1, 200)),
            MCF,
            WASTE,
            PHI,
            CAPTURED,
            GWP_CH4,
            OX,
            F_CH4,
            DOCF,
        ],
        outputs: &[output("", "tCO2e/t")],
        eval: eval_annual_factors,
    },
    FormulaMethod {
        name: "compost_pe",
        section: "E.8",
        inputs: &[
            non_negative("q_wet_t", "t"),
            non_negative("ef_ch4_kg_t", "kg/t").or_default(CH4_KG_T),
            non_negative("ef_n2o_kg_t", "kg/t").or_default(N2O_KG_T),
            word_choice("gwp", Gwp100Set::NAMES).or_default_word("AR5"),
            non_negative("e_kwh", "kWh").or_default(0.0),
            non_negative("ef_grid_t_mwh", "t/MWh").or_default(0.0),
            non_negative("fuel_l", "L").or_default(0.0),
            non_negative("ef_fuel_kg_l", "kg/L").or_default(0.0),
        ],
        outputs: &[output("", "tCO2e")],
        eval: eval_compost_emissions,
    },
];

fn eval_degree_days(a: &MethodArgs) -> Value {
    let mut sum = DegreeDaySum::new(a.number("t_low_c"), a.number("t_cap_c"));
    let step_s = a.number("step_s");
    let temps = a.numbers_with_gaps("temps_c").into_iter();
    temps.for_each(|t| sum.push(t, step_s));
    let found = sum.finish();
    json!({"dd": found.dd, "coverage": found.coverage})
}

fn eval_bsf_indices(a: &MethodArgs) -> Value {
    let found = bsf::bsf_indices(&BsfMasses {
        fed_kg: a.optional_number("fed_kg"),
        residue_kg: a.optional_number("residue_kg"),
        larvae_gain_kg: a.optional_number("larvae_gain_kg"),
        days: a.number("days"),
    });
    json!({
        "sr": found.sr,
        "wri": found.wri,
        "bcr": found.bcr,
        "fcr": found.fcr,
        "ecd": found.ecd,
        "loss_frac": found.loss,
        "status": found.status.code(),
    })
}

fn eval_hygienisation(a: &MethodArgs) -> Value {
    let process = CompostAeration::parse(a.text("method")).unwrap_or(CompostAeration::Windrow);
    let turnings = a.integer("turnings").unsigned_abs();
    let found = compost::check_hygienisation(
        &a.numbers_with_gaps("temps_c"),
        a.number("step_s"),
        process,
        turnings,
    );
    json!({"longest_run_h": found.longest_run_h, "passed": found.passed})
}

fn landfill_model(a: &MethodArgs) -> LandfillModel {
    LandfillModel {
        // The IPCC version (E.6) has no model correction and no captured share: 1 and 0.
        phi: a.optional_number("phi").unwrap_or(1.0),
        f: a.optional_number("f").unwrap_or(0.0),
        gwp_ch4: a.number("gwp_ch4"),
        ox: a.number("ox"),
        f_ch4: a.number("F"),
        docf: a.number("docf"),
        mcf: a.number("mcf"),
        own_waste: None,
    }
}

fn waste_kind(a: &MethodArgs) -> WasteKind {
    WasteKind::parse(a.text("waste")).unwrap_or(WasteKind::Food)
}

fn eval_fod_tool04(a: &MethodArgs) -> Value {
    let years = a.entries_by_year("deposits_t");
    let kinds = years
        .iter()
        .filter_map(|(year, kinds)| Some((*year, kinds.as_object()?)));
    let deposits = kinds.flat_map(|(year, kinds)| {
        kinds.iter().filter_map(move |(waste, tonnes)| {
            Some(WasteDeposit {
                year,
                waste: WasteKind::parse(waste)?,
                tonnes: tonnes.as_f64()?,
            })
        })
    });
    let deposits: Vec<WasteDeposit> = deposits.collect();
    json!(first_order_decay::fod_tool04(
        &deposits,
        a.integer("year"),
        &landfill_model(a)
    ))
}

fn eval_fod_ipcc(a: &MethodArgs) -> Value {
    let years = a.entries_by_year("deposits_t").into_iter();
    let deposits: Vec<(i32, f64)> = years
        .filter_map(|(year, tonnes)| Some((year, tonnes.as_f64()?)))
        .collect();
    let (k, doc) = (a.number("k"), a.number("doc"));
    json!(first_order_decay::fod_ipcc(
        &deposits,
        a.integer("year"),
        k,
        doc,
        &landfill_model(a)
    ))
}

fn eval_annual_factors(a: &MethodArgs) -> Value {
    let years = a.integer("n").unsigned_abs();
    json!(first_order_decay::annual_per_tonne(
        waste_kind(a),
        years,
        &landfill_model(a)
    ))
}

fn eval_compost_emissions(a: &MethodArgs) -> Value {
    json!(compost::compost_pe(&CompostEmissionInput {
        q_wet_t: a.number("q_wet_t"),
        ef_ch4_kg_t: a.number("ef_ch4_kg_t"),
        ef_n2o_kg_t: a.number("ef_n2o_kg_t"),
        gwp: gwp_set(a),
        e_kwh: a.number("e_kwh"),
        ef_grid_t_mwh: a.number("ef_grid_t_mwh"),
        fuel_l: a.number("fuel_l"),
        ef_fuel_kg_l: a.number("ef_fuel_kg_l"),
    }))
}
