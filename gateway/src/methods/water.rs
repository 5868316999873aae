//! Methods of section D (water).

use super::method_input::{
    any_number, non_negative, positive_number, share_of_one, table_rows, word_choice,
};
use super::method_output::output;
use super::{FormulaMethod, InputKind, InputRange, MethodArgs, MethodInput};
use crate::assets::catchment::formulas::{self as rainwater, FIRST_FLUSH_MM, RoofRainInput};
use crate::assets::tank::geometry::{TankGeometry, tank_volume};
use crate::assets::tank::level_sensor::{self, BLANKING_M};
use crate::assets::tank::mass_balance::{self as tank_balance, LEAK_M3_H};
use crate::formulas::{FormulaStatus, WATER_KG_M3};
use serde_json::{Value, json};

/// Words of the tank geometries.
const GEOMETRY_WORDS: &[&str] = &["rect", "vcyl", "hcyl", "vcyl_cone", "ibc", "strapping"];

pub(crate) const METHODS: &[FormulaMethod] = &[
    FormulaMethod {
        name: "tank_volume",
        section: "D.1",
        inputs: &[
            word_choice("shape", GEOMETRY_WORDS),
            any_number("h_m", "m").nullable(),
            positive_number("radius", "m").required_for(&["vcyl", "hcyl", "vcyl_cone"]),
            positive_number("length", "m").required_for(&["rect", "hcyl"]),
            positive_number("width", "m").required_for(&["rect"]),
            positive_number("height", "m").required_for(&["rect", "vcyl", "ibc"]),
            non_negative("r0", "m").or_default(0.0),
            non_negative("cone_height", "m").required_for(&["vcyl_cone"]),
            non_negative("cyl_height", "m").required_for(&["vcyl_cone"]),
            positive_number("a_eff_m2", "m2").required_for(&["ibc"]),
            positive_number("nominal_m3", "m3").required_for(&["ibc"]),
            table_rows("table", "m, m3", &["h_m", "v_m3"]).required_for(&["strapping"]),
        ],
        outputs: &[output("v_m3", "m3"), output("status", "text")],
        eval: eval_tank_volume,
    },
    FormulaMethod {
        name: "level_from_pressure",
        section: "D.2",
        inputs: &[
            any_number("p_pa", "Pa"),
            any_number("p_atm_pa", "Pa").or_default(0.0),
            positive_number("rho", "kg/m3").or_default(WATER_KG_M3),
            any_number("offset_m", "m").or_default(0.0),
        ],
        outputs: &[output("", "m")],
        eval: eval_level_from_pressure,
    },
    FormulaMethod {
        name: "current_loop",
        section: "D.2",
        inputs: &[
            any_number("i_ma", "mA").nullable(),
            any_number("span_lo", "unit"),
            any_number("span_hi", "unit"),
        ],
        outputs: &[output("value", "unit"), output("status", "text")],
        eval: eval_current_loop,
    },
    FormulaMethod {
        name: "sound_speed",
        section: "D.2",
        inputs: &[any_number("t_c", "°C")],
        outputs: &[output("", "m/s")],
        eval: |a| json!(level_sensor::sound_speed(a.number("t_c"))),
    },
    FormulaMethod {
        name: "level_from_ultrasonic",
        section: "D.2",
        inputs: &[
            any_number("echo_s", "s").nullable(),
            any_number("t_air_c", "°C"),
            positive_number("sensor_height_m", "m"),
            non_negative("blanking_m", "m").or_default(BLANKING_M),
        ],
        outputs: &[
            output("level_m", "m"),
            output("distance_m", "m"),
            output("status", "text"),
        ],
        eval: eval_ultrasonic_level,
    },
    FormulaMethod {
        name: "rain_capture",
        section: "D.3",
        inputs: &[
            non_negative("area_m2", "m2"),
            share_of_one("runoff_c"),
            MethodInput::new(
                "events_mm",
                "mm",
                InputKind::Numbers(InputRange::NotNegative),
            ),
            non_negative("first_flush_mm", "mm").or_default(FIRST_FLUSH_MM),
            non_negative("v_in_measured_m3", "m3").nullable(),
            non_negative("free_capacity_m3", "m3").nullable(),
        ],
        outputs: &[
            output("gross_m3", "m3"),
            output("net_m3", "m3"),
            output("stored_m3", "m3"),
            output("spill_m3", "m3"),
            output("capture_eff", "1"),
        ],
        eval: eval_rain_capture,
    },
    FormulaMethod {
        name: "mass_balance",
        section: "D.4",
        inputs: &[
            MethodInput::new("v_m3", "m3", InputKind::Gaps(InputRange::Any)),
            non_negative("deadband_m3", "m3"),
        ],
        outputs: &[
            output("status", "text"),
            output("inflow_m3", "m3"),
            output("outflow_m3", "m3"),
            output("residual_m3", "m3"),
            output("n_across_gap", "1"),
        ],
        eval: eval_mass_balance,
    },
    FormulaMethod {
        name: "leak_night",
        section: "D.5",
        inputs: &[
            MethodInput::new("ts_h", "h", InputKind::Numbers(InputRange::Any)),
            MethodInput::new("v_m3", "m3", InputKind::Gaps(InputRange::Any)),
            non_negative("thr_m3_h", "m3/h").or_default(LEAK_M3_H),
        ],
        outputs: &[
            output("slope_m3_h", "m3/h"),
            output("leak", "bool"),
            output("status", "text"),
        ],
        eval: eval_leak_night,
    },
    FormulaMethod {
        name: "water_saved_co2",
        section: "D.6",
        inputs: &[
            non_negative("v_m3", "m3"),
            non_negative("sec_kwh_m3", "kWh/m3"),
            non_negative("ef_t_mwh", "t/MWh"),
        ],
        outputs: &[output("kwh", "kWh"), output("tco2", "tCO2")],
        eval: eval_water_saved,
    },
];

/// Returns the tank geometry of a call; `None` if a dimension of it is missing.
fn tank_geometry(a: &MethodArgs) -> Option<TankGeometry> {
    Some(match a.text("shape") {
        "rect" => TankGeometry::Box {
            length: a.optional_number("length")?,
            width: a.optional_number("width")?,
            height: a.optional_number("height")?,
        },
        "vcyl" => TankGeometry::VerticalCylinder {
            radius: a.optional_number("radius")?,
            height: a.optional_number("height")?,
        },
        "hcyl" => TankGeometry::HorizontalCylinder {
            radius: a.optional_number("radius")?,
            length: a.optional_number("length")?,
        },
        "vcyl_cone" => TankGeometry::CylinderOnCone {
            radius: a.optional_number("radius")?,
            bottom: a.number("r0"),
            cone: a.optional_number("cone_height")?,
            cylinder: a.optional_number("cyl_height")?,
        },
        "ibc" => TankGeometry::Ibc {
            area_m2: a.optional_number("a_eff_m2")?,
            height: a.optional_number("height")?,
            nominal_m3: a.optional_number("nominal_m3")?,
        },
        _ => {
            let rows = a.rows::<2>("table").into_iter();
            let mut table: Vec<(f64, f64)> = rows.filter_map(|[h, v]| Some((h?, v?))).collect();
            // A call may give rows in any order; interpolation needs rising levels.
            table.sort_by(|x, y| x.0.total_cmp(&y.0));
            TankGeometry::Strapping(table)
        }
    })
}

fn eval_tank_volume(a: &MethodArgs) -> Value {
    let found = tank_geometry(a).map(|shape| tank_volume(&shape, a.optional_number("h_m")));
    json!({
        "v_m3": found.and_then(|found| found.v_m3),
        "status": found.map_or(FormulaStatus::NoData, |found| found.status).code(),
    })
}

fn eval_level_from_pressure(a: &MethodArgs) -> Value {
    let (p, p_atm) = (a.number("p_pa"), a.number("p_atm_pa"));
    json!(level_sensor::level_from_pressure(
        p,
        p_atm,
        a.number("rho"),
        a.number("offset_m")
    ))
}

fn eval_current_loop(a: &MethodArgs) -> Value {
    let found = level_sensor::current_loop_value(
        a.optional_number("i_ma"),
        a.number("span_lo"),
        a.number("span_hi"),
    );
    json!({"value": found.value, "status": found.status.code()})
}

fn eval_ultrasonic_level(a: &MethodArgs) -> Value {
    let (echo, air) = (a.optional_number("echo_s"), a.number("t_air_c"));
    let (height, blanking) = (a.number("sensor_height_m"), a.number("blanking_m"));
    let found = level_sensor::level_from_ultrasonic(echo, air, height, blanking);
    json!({
        "level_m": found.level_m,
        "distance_m": found.distance_m,
        "status": found.status.code(),
    })
}

fn eval_rain_capture(a: &MethodArgs) -> Value {
    let found = rainwater::rain_capture(&RoofRainInput {
        area_m2: a.number("area_m2"),
        runoff_c: a.number("runoff_c"),
        events_mm: &a.numbers("events_mm"),
        first_flush_mm: a.number("first_flush_mm"),
        v_in_measured_m3: a.optional_number("v_in_measured_m3"),
        free_capacity_m3: a.optional_number("free_capacity_m3"),
    });
    json!({
        "gross_m3": found.gross_m3,
        "net_m3": found.net_m3,
        "stored_m3": found.stored_m3,
        "spill_m3": found.spill_m3,
        "capture_eff": found.efficiency,
    })
}

fn eval_mass_balance(a: &MethodArgs) -> Value {
    let found = tank_balance::mass_balance(&a.numbers_with_gaps("v_m3"), a.number("deadband_m3"));
    json!({
        "status": found.status.code(),
        "inflow_m3": found.inflow_m3,
        "outflow_m3": found.outflow_m3,
        "residual_m3": found.residual_m3,
        "n_across_gap": found.across_gap,
    })
}

fn eval_leak_night(a: &MethodArgs) -> Value {
    let points: Vec<_> = a
        .numbers("ts_h")
        .into_iter()
        .zip(a.numbers_with_gaps("v_m3"))
        .collect();
    let found = tank_balance::leak_night(&points, a.number("thr_m3_h"));
    json!({
        "slope_m3_h": found.slope_m3_h,
        "leak": found.leak,
        "status": found.status.code(),
    })
}

fn eval_water_saved(a: &MethodArgs) -> Value {
    let found = rainwater::water_saved_co2(
        a.number("v_m3"),
        a.number("sec_kwh_m3"),
        a.number("ef_t_mwh"),
    );
    json!({"kwh": found.kwh, "tco2": found.tco2})
}
