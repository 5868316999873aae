//! Methods of section E.

use super::carbon::set;
use super::field::{amount, any, choice, positive, share};
use super::{Args, Field, Kind, Method, Range};
use crate::analyse::bsf::{self, Band, BsfInput, CAP_C, DegreeDaySum, THRESHOLD_C};
use crate::analyse::compost::{self, CH4_KG_T, CompostInput, N2O_KG_T, Process};
use crate::analyse::fod::{self, Deposit, Landfill, Waste};
use crate::analyse::gwp::Gwp;
use serde_json::{Value, json};

const PHI: Field = share("phi").or(0.85);
const CAPTURED: Field = share("f").or(0.0).also("f_y");
const GWP_CH4: Field = amount("gwp_ch4", "").or(28.0).also("gwp");
const OX: Field = share("ox").or(0.1);
const F_CH4: Field = share("F").or(0.5);
const DOCF: Field = share("docf").or(0.5);
const MCF: Field = share("mcf").or(0.4);
const WASTE: Field = choice("waste", Waste::NAMES).or_word("food");
const TEMPS: Field = Field::new("temps_c", "°C", Kind::Gaps(Range::Any));

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "bsf_band",
        section: "E.1",
        inputs: &[any("t_c", "°C").nullable()],
        eval: |a| json!(a.opt("t_c").and_then(bsf::bsf_band).map(Band::code)),
    },
    Method {
        name: "degree_days",
        section: "E.2",
        inputs: &[
            TEMPS,
            positive("step_s", "s"),
            any("t_low_c", "°C").or(THRESHOLD_C),
            any("t_cap_c", "°C").or(CAP_C),
        ],
        eval: degree_days,
    },
    Method {
        name: "bsf_indices",
        section: "E.3",
        inputs: &[
            amount("fed_kg", "kg").nullable(),
            amount("residue_kg", "kg").nullable(),
            any("larvae_gain_kg", "kg").nullable(),
            amount("days", "d"),
        ],
        eval: indices,
    },
    Method {
        name: "pfrp",
        section: "E.4",
        inputs: &[
            TEMPS,
            positive("step_s", "s"),
            choice("method", Process::NAMES),
            Field::new("turnings", "", Kind::Whole(0, 10_000)).or(0.0),
        ],
        eval: pfrp,
    },
    Method {
        name: "fod_tool04",
        section: "E.5",
        inputs: &[
            Field::new("deposits_t", "t", Kind::Deposits),
            Field::new("year", "", Kind::Whole(i32::MIN, i32::MAX)),
            MCF,
            PHI,
            CAPTURED,
            GWP_CH4,
            OX,
            F_CH4,
            DOCF,
        ],
        eval: tool04,
    },
    Method {
        name: "fod_ipcc",
        section: "E.6",
        inputs: &[
            Field::new("deposits_t", "t", Kind::Years),
            Field::new("year", "", Kind::Whole(i32::MIN, i32::MAX)),
            amount("k", "1/a").or(0.40),
            share("doc").or(0.15),
            DOCF,
            MCF,
            F_CH4,
            OX,
            GWP_CH4,
        ],
        eval: ipcc,
    },
    Method {
        name: "swds_lifetime_tco2e_per_t",
        section: "E.7",
        inputs: &[MCF, WASTE, PHI, CAPTURED, GWP_CH4, OX, F_CH4, DOCF],
        eval: |a| json!(fod::lifetime_per_tonne(waste(a), &landfill(a))),
    },
    Method {
        name: "swds_annual_factors",
        section: "E.7",
        inputs: &[
            Field::new("n", "a", Kind::Whole(1, 200)),
            MCF,
            WASTE,
            PHI,
            CAPTURED,
            GWP_CH4,
            OX,
            F_CH4,
            DOCF,
        ],
        eval: annual,
    },
    Method {
        name: "compost_pe",
        section: "E.8",
        inputs: &[
            amount("q_wet_t", "t"),
            amount("ef_ch4_kg_t", "kg/t").or(CH4_KG_T),
            amount("ef_n2o_kg_t", "kg/t").or(N2O_KG_T),
            choice("gwp", Gwp::NAMES).or_word("AR5"),
            amount("e_kwh", "kWh").or(0.0),
            amount("ef_grid_t_mwh", "t/MWh").or(0.0),
            amount("fuel_l", "L").or(0.0),
            amount("ef_fuel_kg_l", "kg/L").or(0.0),
        ],
        eval: compost_pe,
    },
];

fn degree_days(a: &Args) -> Value {
    let mut sum = DegreeDaySum::new(a.f("t_low_c"), a.f("t_cap_c"));
    let step_s = a.f("step_s");
    let temps = a.gaps("temps_c").into_iter();
    temps.for_each(|t| sum.push(t, step_s));
    let found = sum.finish();
    json!({"dd": found.dd, "coverage": found.coverage})
}

fn indices(a: &Args) -> Value {
    let found = bsf::bsf_indices(&BsfInput {
        fed_kg: a.opt("fed_kg"),
        residue_kg: a.opt("residue_kg"),
        larvae_gain_kg: a.opt("larvae_gain_kg"),
        days: a.f("days"),
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

fn pfrp(a: &Args) -> Value {
    let process = Process::parse(a.text("method")).unwrap_or(Process::Windrow);
    let turnings = a.whole("turnings").unsigned_abs();
    let found = compost::pfrp(&a.gaps("temps_c"), a.f("step_s"), process, turnings);
    json!({"longest_run_h": found.longest_run_h, "passed": found.passed})
}

fn landfill(a: &Args) -> Landfill {
    Landfill {
        phi: a.opt("phi").unwrap_or(1.0),
        f: a.opt("f").unwrap_or(0.0),
        gwp_ch4: a.f("gwp_ch4"),
        ox: a.f("ox"),
        f_ch4: a.f("F"),
        docf: a.f("docf"),
        mcf: a.f("mcf"),
    }
}

fn waste(a: &Args) -> Waste {
    Waste::parse(a.text("waste")).unwrap_or(Waste::Food)
}

fn tool04(a: &Args) -> Value {
    let years = a.years("deposits_t");
    let kinds = years
        .iter()
        .filter_map(|(year, kinds)| Some((*year, kinds.as_object()?)));
    let deposits = kinds.flat_map(|(year, kinds)| {
        kinds.iter().filter_map(move |(waste, tonnes)| {
            Some(Deposit {
                year,
                waste: Waste::parse(waste)?,
                tonnes: tonnes.as_f64()?,
            })
        })
    });
    let deposits: Vec<Deposit> = deposits.collect();
    json!(fod::fod_tool04(&deposits, a.whole("year"), &landfill(a)))
}

fn ipcc(a: &Args) -> Value {
    let years = a.years("deposits_t").into_iter();
    let deposits: Vec<(i32, f64)> = years
        .filter_map(|(year, tonnes)| Some((year, tonnes.as_f64()?)))
        .collect();
    let (k, doc) = (a.f("k"), a.f("doc"));
    json!(fod::fod_ipcc(
        &deposits,
        a.whole("year"),
        k,
        doc,
        &landfill(a)
    ))
}

fn annual(a: &Args) -> Value {
    let years = a.whole("n").unsigned_abs();
    json!(fod::annual_per_tonne(waste(a), years, &landfill(a)))
}

fn compost_pe(a: &Args) -> Value {
    json!(compost::compost_pe(&CompostInput {
        q_wet_t: a.f("q_wet_t"),
        ef_ch4_kg_t: a.f("ef_ch4_kg_t"),
        ef_n2o_kg_t: a.f("ef_n2o_kg_t"),
        gwp: set(a),
        e_kwh: a.f("e_kwh"),
        ef_grid_t_mwh: a.f("ef_grid_t_mwh"),
        fuel_l: a.f("fuel_l"),
        ef_fuel_kg_l: a.f("ef_fuel_kg_l"),
    }))
}
