//! Methods of section D.

use super::field::{amount, any, choice, positive, rows, share};
use super::{Args, Field, Kind, Method, Range};
use crate::analyse::balance::{self, LEAK_M3_H};
use crate::analyse::level::{self, BLANKING_M};
use crate::analyse::rain::{self, FIRST_FLUSH_MM, RainInput};
use crate::analyse::tank::{Shape, tank_volume};
use crate::analyse::{Status, WATER};
use serde_json::{Value, json};

/// The words for shapes.
const SHAPES: &[&str] = &["rect", "vcyl", "hcyl", "vcyl_cone", "ibc", "strapping"];

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "tank_volume",
        section: "D.1",
        inputs: &[
            choice("shape", SHAPES),
            any("h_m", "m").nullable(),
            positive("radius", "m").of(&["vcyl", "hcyl", "vcyl_cone"]),
            positive("length", "m").of(&["rect", "hcyl"]),
            positive("width", "m").of(&["rect"]),
            positive("height", "m").of(&["rect", "vcyl", "ibc"]),
            amount("r0", "m").or(0.0),
            amount("cone_height", "m").of(&["vcyl_cone"]),
            amount("cyl_height", "m").of(&["vcyl_cone"]),
            positive("a_eff_m2", "m2").of(&["ibc"]),
            positive("nominal_m3", "m3").of(&["ibc"]),
            rows("table", "m, m3", &["h_m", "v_m3"]).of(&["strapping"]),
        ],
        eval: volume,
    },
    Method {
        name: "level_from_pressure",
        section: "D.2",
        inputs: &[
            any("p_pa", "Pa"),
            any("p_atm_pa", "Pa").or(0.0),
            positive("rho", "kg/m3").or(WATER),
            any("offset_m", "m").or(0.0),
        ],
        eval: pressure,
    },
    Method {
        name: "current_loop",
        section: "D.2",
        inputs: &[
            any("i_ma", "mA").nullable(),
            any("span_lo", ""),
            any("span_hi", ""),
        ],
        eval: current_loop,
    },
    Method {
        name: "sound_speed",
        section: "D.2",
        inputs: &[any("t_c", "°C")],
        eval: |a| json!(level::sound_speed(a.f("t_c"))),
    },
    Method {
        name: "level_from_ultrasonic",
        section: "D.2",
        inputs: &[
            any("echo_s", "s").nullable(),
            any("t_air_c", "°C"),
            positive("sensor_height_m", "m"),
            amount("blanking_m", "m").or(BLANKING_M),
        ],
        eval: ultrasonic,
    },
    Method {
        name: "rain_capture",
        section: "D.3",
        inputs: &[
            amount("area_m2", "m2"),
            share("runoff_c"),
            Field::new("events_mm", "mm", Kind::Numbers(Range::NotNegative)),
            amount("first_flush_mm", "mm").or(FIRST_FLUSH_MM),
            amount("v_in_measured_m3", "m3").nullable(),
            amount("free_capacity_m3", "m3").nullable(),
        ],
        eval: capture,
    },
    Method {
        name: "mass_balance",
        section: "D.4",
        inputs: &[
            Field::new("v_m3", "m3", Kind::Gaps(Range::Any)),
            amount("deadband_m3", "m3"),
        ],
        eval: mass_balance,
    },
    Method {
        name: "leak_night",
        section: "D.5",
        inputs: &[
            Field::new("ts_h", "h", Kind::Numbers(Range::Any)),
            Field::new("v_m3", "m3", Kind::Gaps(Range::Any)),
            amount("thr_m3_h", "m3/h").or(LEAK_M3_H),
        ],
        eval: leak,
    },
    Method {
        name: "water_saved_co2",
        section: "D.6",
        inputs: &[
            amount("v_m3", "m3"),
            amount("sec_kwh_m3", "kWh/m3"),
            amount("ef_t_mwh", "t/MWh"),
        ],
        eval: saved,
    },
];

/// The shape that a call describes; nothing where a dimension of it is missing.
fn shape(a: &Args) -> Option<Shape> {
    Some(match a.text("shape") {
        "rect" => Shape::Box {
            length: a.opt("length")?,
            width: a.opt("width")?,
            height: a.opt("height")?,
        },
        "vcyl" => Shape::Upright {
            radius: a.opt("radius")?,
            height: a.opt("height")?,
        },
        "hcyl" => Shape::Lying {
            radius: a.opt("radius")?,
            length: a.opt("length")?,
        },
        "vcyl_cone" => Shape::OnCone {
            radius: a.opt("radius")?,
            bottom: a.f("r0"),
            cone: a.opt("cone_height")?,
            cylinder: a.opt("cyl_height")?,
        },
        "ibc" => Shape::Ibc {
            area_m2: a.opt("a_eff_m2")?,
            height: a.opt("height")?,
            nominal_m3: a.opt("nominal_m3")?,
        },
        _ => {
            let rows = a.rows::<2>("table").into_iter();
            let mut table: Vec<(f64, f64)> = rows.filter_map(|[h, v]| Some((h?, v?))).collect();
            table.sort_by(|x, y| x.0.total_cmp(&y.0));
            Shape::Strapping(table)
        }
    })
}

fn volume(a: &Args) -> Value {
    let found = shape(a).map(|shape| tank_volume(&shape, a.opt("h_m")));
    json!({
        "v_m3": found.and_then(|found| found.v_m3),
        "status": found.map_or(Status::NoData, |found| found.status).code(),
    })
}

fn pressure(a: &Args) -> Value {
    let (p, p_atm) = (a.f("p_pa"), a.f("p_atm_pa"));
    json!(level::level_from_pressure(
        p,
        p_atm,
        a.f("rho"),
        a.f("offset_m")
    ))
}

fn current_loop(a: &Args) -> Value {
    let found = level::current_loop(a.opt("i_ma"), a.f("span_lo"), a.f("span_hi"));
    json!({"value": found.value, "status": found.status.code()})
}

fn ultrasonic(a: &Args) -> Value {
    let (echo, air) = (a.opt("echo_s"), a.f("t_air_c"));
    let (height, blanking) = (a.f("sensor_height_m"), a.f("blanking_m"));
    let found = level::level_from_ultrasonic(echo, air, height, blanking);
    json!({
        "level_m": found.level_m,
        "distance_m": found.distance_m,
        "status": found.status.code(),
    })
}

fn capture(a: &Args) -> Value {
    let found = rain::rain_capture(&RainInput {
        area_m2: a.f("area_m2"),
        runoff_c: a.f("runoff_c"),
        events_mm: &a.list("events_mm"),
        first_flush_mm: a.f("first_flush_mm"),
        v_in_measured_m3: a.opt("v_in_measured_m3"),
        free_capacity_m3: a.opt("free_capacity_m3"),
    });
    json!({
        "gross_m3": found.gross_m3,
        "net_m3": found.net_m3,
        "stored_m3": found.stored_m3,
        "spill_m3": found.spill_m3,
        "capture_eff": found.efficiency,
    })
}

fn mass_balance(a: &Args) -> Value {
    let found = balance::mass_balance(&a.gaps("v_m3"), a.f("deadband_m3"));
    json!({
        "status": found.status.code(),
        "inflow_m3": found.inflow_m3,
        "outflow_m3": found.outflow_m3,
        "residual_m3": found.residual_m3,
        "n_across_gap": found.across_gap,
    })
}

fn leak(a: &Args) -> Value {
    let points: Vec<_> = a.list("ts_h").into_iter().zip(a.gaps("v_m3")).collect();
    let found = balance::leak_night(&points, a.f("thr_m3_h"));
    json!({
        "slope_m3_h": found.slope_m3_h,
        "leak": found.leak,
        "status": found.status.code(),
    })
}

fn saved(a: &Args) -> Value {
    let found = rain::water_saved_co2(a.f("v_m3"), a.f("sec_kwh_m3"), a.f("ef_t_mwh"));
    json!({"kwh": found.kwh, "tco2": found.tco2})
}
