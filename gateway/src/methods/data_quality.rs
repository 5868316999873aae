//! Methods of sections F (ledger) and G (uncertainty, data quality, time).

use super::method_input::{any_number, non_negative, table_rows, word_choice};
use super::method_output::output;
use super::{FormulaMethod, InputKind, InputRange, MethodArgs, MethodInput};
use crate::formulas::claim_rounding::{ClaimDirection, round_claim};
use crate::formulas::completeness;
use crate::formulas::counters::{CounterEventKind, CounterTotal, counter_total};
use crate::formulas::ledger_value::ledger_indicator;
use crate::formulas::local_periods::{IndonesianZone, local_period, triwulan_bounds_utc};
use crate::formulas::sensor_drift::{CalibrationPair, drift_correct};
use crate::formulas::uncertainty::{self, GumFactor};
use jiff::Timestamp;
use serde_json::{Value, json};

const PERCENTS: MethodInput =
    MethodInput::new("u_pct", "%", InputKind::Numbers(InputRange::NotNegative));
const ZONE: MethodInput = word_choice("tz", IndonesianZone::NAMES);

pub(crate) const METHODS: &[FormulaMethod] = &[
    FormulaMethod {
        name: "ledger_indicator",
        section: "F.1",
        inputs: &[
            non_negative("quantity", "unit").nullable(),
            any_number("factor", "unit").nullable(),
            MethodInput::new("factor_status", "", InputKind::Text).nullable(),
            MethodInput::new("factor_source", "", InputKind::Text).nullable(),
        ],
        outputs: &[output("value", "unit"), output("status", "text")],
        eval: eval_ledger_indicator,
    },
    FormulaMethod {
        name: "u_multiply",
        section: "G.1",
        inputs: &[PERCENTS],
        outputs: &[output("", "%")],
        eval: |a| json!(uncertainty::product_uncertainty_pct(&a.numbers("u_pct"))),
    },
    FormulaMethod {
        name: "u_add",
        section: "G.1",
        inputs: &[
            MethodInput::new("x", "unit", InputKind::Numbers(InputRange::Any)),
            PERCENTS,
        ],
        outputs: &[output("", "%")],
        eval: eval_sum_uncertainty,
    },
    FormulaMethod {
        name: "asym_to_pct",
        section: "G.1",
        inputs: &[
            any_number("central", "unit"),
            any_number("lo", "unit"),
            any_number("hi", "unit"),
        ],
        outputs: &[output("", "%")],
        eval: |a| {
            a.of_three(
                uncertainty::asymmetric_range_to_pct,
                ["central", "lo", "hi"],
            )
        },
    },
    FormulaMethod {
        name: "gum_product",
        section: "G.2",
        inputs: &[table_rows("factors", "unit", &["x", "u_std", "exponent"])],
        outputs: &[
            output("y", "unit"),
            output("u_std", "unit"),
            output("u95", "unit"),
        ],
        eval: eval_gum_product,
    },
    FormulaMethod {
        name: "round_claim",
        section: "G.3",
        inputs: &[
            any_number("x", "unit").nullable(),
            MethodInput::new("decimals", "1", InputKind::Whole(-12, 12)),
            word_choice("direction", ClaimDirection::NAMES),
        ],
        outputs: &[output("", "unit")],
        eval: eval_round_claim,
    },
    FormulaMethod {
        name: "day_report",
        section: "G.4",
        inputs: &[
            MethodInput::new("valid_flags", "", InputKind::Flags),
            MethodInput::new("energies_kwh", "kWh", InputKind::Gaps(InputRange::Any)),
        ],
        outputs: &[
            output("measured_kwh", "kWh"),
            output("ratio", "1"),
            output("class", "text"),
            output("estimated_kwh", "kWh"),
        ],
        eval: eval_day_report,
    },
    FormulaMethod {
        name: "counter_total",
        section: "G.5",
        inputs: &[
            table_rows("readings", "s, unit", &["t_s", "value?"]),
            non_negative("max_rate_per_s", "unit/s"),
            non_negative("modulus", "unit").nullable(),
            non_negative("step", "unit").nullable(),
        ],
        outputs: &[
            output("total", "unit"),
            output("events", "list"),
            output("lower_bound", "bool"),
        ],
        eval: eval_counter_total,
    },
    FormulaMethod {
        name: "drift_correct",
        section: "G.6",
        inputs: &[
            any_number("value", "unit"),
            any_number("t", "unit"),
            any_number("t0", "unit"),
            any_number("e0", "unit"),
            any_number("t1", "unit"),
            any_number("e1", "unit"),
        ],
        outputs: &[output("", "unit")],
        eval: eval_drift_correct,
    },
    FormulaMethod {
        name: "local_period",
        section: "G.8",
        inputs: &[MethodInput::new("utc_iso", "", InputKind::Instant), ZONE],
        outputs: &[
            output("date", "text"),
            output("month", "text"),
            output("triwulan", "text"),
            output("semester", "text"),
        ],
        eval: eval_local_period,
    },
    FormulaMethod {
        name: "triwulan_bounds_utc",
        section: "G.8",
        inputs: &[
            // The fourth quarter ends in the next year, and the calendar of `jiff` ends with 9999.
            MethodInput::new("year", "1", InputKind::Whole(1, 9998)),
            MethodInput::new("q", "1", InputKind::Whole(1, 4)),
            ZONE,
        ],
        outputs: &[
            output("start", "text"),
            output("end", "text"),
            output("hours", "h"),
        ],
        eval: eval_triwulan_bounds,
    },
];

fn eval_ledger_indicator(a: &MethodArgs) -> Value {
    let (status, source) = (a.text("factor_status"), a.text("factor_source"));
    let found = ledger_indicator(
        a.optional_number("quantity"),
        a.optional_number("factor"),
        status,
        source,
    );
    json!({"value": found.value, "status": found.status.code()})
}

fn eval_sum_uncertainty(a: &MethodArgs) -> Value {
    let terms: Vec<_> = a.numbers("x").into_iter().zip(a.numbers("u_pct")).collect();
    json!(uncertainty::sum_uncertainty_pct(&terms))
}

fn eval_gum_product(a: &MethodArgs) -> Value {
    let rows = a.rows::<3>("factors").into_iter();
    let factor = |[x, u_std, power]: [Option<f64>; 3]| {
        Some(GumFactor {
            x: x?,
            u_std: u_std?,
            power: power?,
        })
    };
    let factors: Vec<GumFactor> = rows.filter_map(factor).collect();
    let found = uncertainty::gum_product(&factors);
    json!({"y": found.y, "u_std": found.u_std, "u95": found.u95})
}

fn eval_round_claim(a: &MethodArgs) -> Value {
    // The word was checked by its type; rounding down is the safe side of a claim all the same.
    let direction = ClaimDirection::parse(a.text("direction")).unwrap_or(ClaimDirection::Benefit);
    let rounded = |x: f64| round_claim(x, a.integer("decimals"), direction);
    json!(a.optional_number("x").and_then(rounded))
}

fn eval_day_report(a: &MethodArgs) -> Value {
    let records = a
        .flags("valid_flags")
        .into_iter()
        .zip(a.numbers_with_gaps("energies_kwh"));
    let found = completeness::day_report(&records.collect::<Vec<_>>());
    json!({
        "measured_kwh": found.measured_kwh,
        "ratio": found.completeness.ratio,
        "class": found.completeness.class.code(),
        "estimated_kwh": found.estimated_kwh,
    })
}

fn eval_counter_total(a: &MethodArgs) -> Value {
    let counter = CounterTotal::new(a.number("max_rate_per_s"), a.optional_number("modulus"));
    // Without a known step of the register only the 0.9 of G.5 tells a dip from a reset.
    let counter = counter.with_step(a.optional_number("step").unwrap_or(0.0));
    let (total, events) = counter_total(&a.timed_values("readings"), counter);
    // G.5 has no event for an outlier, which counts nothing.
    let named = events
        .iter()
        .filter(|event| event.kind != CounterEventKind::Outlier);
    let events: Vec<&str> = named.map(|event| event.kind.code()).collect();
    json!({
        "total": total.total,
        "events": events,
        "lower_bound": total.lower_bound,
    })
}

fn eval_drift_correct(a: &MethodArgs) -> Value {
    let calibrations = CalibrationPair {
        first: (a.number("t0"), a.number("e0")),
        second: (a.number("t1"), a.number("e1")),
    };
    json!(drift_correct(
        a.number("value"),
        a.number("t"),
        calibrations
    ))
}

fn eval_local_period(a: &MethodArgs) -> Value {
    let at = a.text("utc_iso").parse::<Timestamp>().ok();
    let found = at.zip(IndonesianZone::parse(a.text("tz")));
    let Some(found) = found.map(|(at, zone)| local_period(at, zone)) else {
        // Not reached: instant and zone were checked by their types.
        return Value::Null;
    };
    json!({
        "date": found.date,
        "month": found.month,
        "triwulan": found.triwulan,
        "semester": found.semester,
    })
}

fn eval_triwulan_bounds(a: &MethodArgs) -> Value {
    let year = i16::try_from(a.integer("year")).ok();
    let quarter = i8::try_from(a.integer("q")).ok();
    let found = year.zip(quarter).zip(IndonesianZone::parse(a.text("tz")));
    let found = found.and_then(|((year, q), zone)| triwulan_bounds_utc(year, q, zone));
    let hours = found.map(|(start, end)| end.duration_since(start).as_secs_f64() / 3600.0);
    json!({
        "start": found.map(|(start, _)| start.to_string()),
        "end": found.map(|(_, end)| end.to_string()),
        "hours": hours,
    })
}
