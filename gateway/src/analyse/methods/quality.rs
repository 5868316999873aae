//! Methods of sections F and G.

use super::field::{amount, any, choice, rows};
use super::{Args, Field, Kind, Method, Range};
use crate::analyse::completeness;
use crate::analyse::counters::{CounterTotal, EventKind, counter_total};
use crate::analyse::drift::{Calibrations, drift_correct};
use crate::analyse::ledger_value::ledger_indicator;
use crate::analyse::periods::{Zone, local_period, triwulan_bounds_utc};
use crate::analyse::rounding::{Direction, round_claim};
use crate::analyse::uncertainty::{self, Factor};
use jiff::Timestamp;
use serde_json::{Value, json};

const PERCENTS: Field = Field::new("u_pct", "%", Kind::Numbers(Range::NotNegative));
const ZONE: Field = choice("tz", Zone::NAMES);

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "ledger_indicator",
        section: "F.1",
        inputs: &[
            amount("quantity", "").nullable(),
            any("factor", "").nullable(),
            Field::new("factor_status", "", Kind::Text).nullable(),
            Field::new("factor_source", "", Kind::Text).nullable(),
        ],
        eval: ledger,
    },
    Method {
        name: "u_multiply",
        section: "G.1",
        inputs: &[PERCENTS],
        eval: |a| json!(uncertainty::u_multiply(&a.list("u_pct"))),
    },
    Method {
        name: "u_add",
        section: "G.1",
        inputs: &[Field::new("x", "", Kind::Numbers(Range::Any)), PERCENTS],
        eval: u_add,
    },
    Method {
        name: "asym_to_pct",
        section: "G.1",
        inputs: &[any("central", ""), any("lo", ""), any("hi", "")],
        eval: |a| {
            json!(uncertainty::asym_to_pct(
                a.f("central"),
                a.f("lo"),
                a.f("hi")
            ))
        },
    },
    Method {
        name: "gum_product",
        section: "G.2",
        inputs: &[rows("factors", "", &["x", "u_std", "exponent"])],
        eval: gum,
    },
    Method {
        name: "round_claim",
        section: "G.3",
        inputs: &[
            any("x", "").nullable(),
            Field::new("decimals", "", Kind::Whole(-12, 12)),
            choice("direction", Direction::NAMES),
        ],
        eval: round,
    },
    Method {
        name: "day_report",
        section: "G.4",
        inputs: &[
            Field::new("valid_flags", "", Kind::Flags),
            Field::new("energies_kwh", "kWh", Kind::Gaps(Range::Any)),
        ],
        eval: day_report,
    },
    Method {
        name: "counter_total",
        section: "G.5",
        inputs: &[
            rows("readings", "s, unit", &["t_s", "value?"]),
            amount("max_rate_per_s", "unit/s"),
            amount("modulus", "unit").nullable(),
            amount("step", "unit").nullable(),
        ],
        eval: counter,
    },
    Method {
        name: "drift_correct",
        section: "G.6",
        inputs: &[
            any("value", ""),
            any("t", ""),
            any("t0", ""),
            any("e0", ""),
            any("t1", ""),
            any("e1", ""),
        ],
        eval: drift,
    },
    Method {
        name: "local_period",
        section: "G.8",
        inputs: &[Field::new("utc_iso", "", Kind::Instant), ZONE],
        eval: period,
    },
    Method {
        name: "triwulan_bounds_utc",
        section: "G.8",
        inputs: &[
            Field::new("year", "", Kind::Whole(1, 9998)),
            Field::new("q", "", Kind::Whole(1, 4)),
            ZONE,
        ],
        eval: bounds,
    },
];

fn ledger(a: &Args) -> Value {
    let (status, source) = (a.text("factor_status"), a.text("factor_source"));
    let found = ledger_indicator(a.opt("quantity"), a.opt("factor"), status, source);
    json!({"value": found.value, "status": found.status.code()})
}

fn u_add(a: &Args) -> Value {
    let terms: Vec<_> = a.list("x").into_iter().zip(a.list("u_pct")).collect();
    json!(uncertainty::u_add(&terms))
}

fn gum(a: &Args) -> Value {
    let rows = a.rows::<3>("factors").into_iter();
    let factor = |[x, u_std, power]: [Option<f64>; 3]| {
        Some(Factor {
            x: x?,
            u_std: u_std?,
            power: power?,
        })
    };
    let factors: Vec<Factor> = rows.filter_map(factor).collect();
    let found = uncertainty::gum_product(&factors);
    json!({"y": found.y, "u_std": found.u_std, "u95": found.u95})
}

fn round(a: &Args) -> Value {
    let direction = Direction::parse(a.text("direction")).unwrap_or(Direction::Benefit);
    let rounded = |x: f64| round_claim(x, a.whole("decimals"), direction);
    json!(a.opt("x").and_then(rounded))
}

fn day_report(a: &Args) -> Value {
    let records = a
        .flags("valid_flags")
        .into_iter()
        .zip(a.gaps("energies_kwh"));
    let found = completeness::day_report(&records.collect::<Vec<_>>());
    json!({
        "measured_kwh": found.measured_kwh,
        "ratio": found.completeness.ratio,
        "class": found.completeness.class.code(),
        "estimated_kwh": found.estimated_kwh,
    })
}

fn counter(a: &Args) -> Value {
    let counter = CounterTotal::new(a.f("max_rate_per_s"), a.opt("modulus"));
    let counter = counter.with_step(a.opt("step").unwrap_or(0.0));
    let (total, events) = counter_total(&a.series("readings"), counter);
    // G.5 names no event for an outlier: it counts nothing.
    let named = events
        .iter()
        .filter(|event| event.kind != EventKind::Outlier);
    let events: Vec<&str> = named.map(|event| event.kind.code()).collect();
    json!({
        "total": total.total,
        "events": events,
        "lower_bound": total.lower_bound,
    })
}

fn drift(a: &Args) -> Value {
    let calibrations = Calibrations {
        first: (a.f("t0"), a.f("e0")),
        second: (a.f("t1"), a.f("e1")),
    };
    json!(drift_correct(a.f("value"), a.f("t"), calibrations))
}

fn period(a: &Args) -> Value {
    let at = a.text("utc_iso").parse::<Timestamp>().ok();
    let found = at.zip(Zone::parse(a.text("tz")));
    let Some(found) = found.map(|(at, zone)| local_period(at, zone)) else {
        return Value::Null;
    };
    json!({
        "date": found.date,
        "month": found.month,
        "triwulan": found.triwulan,
        "semester": found.semester,
    })
}

fn bounds(a: &Args) -> Value {
    let year = i16::try_from(a.whole("year")).ok();
    let quarter = i8::try_from(a.whole("q")).ok();
    let found = year.zip(quarter).zip(Zone::parse(a.text("tz")));
    let found = found.and_then(|((year, q), zone)| triwulan_bounds_utc(year, q, zone));
    let hours = found.map(|(start, end)| end.duration_since(start).as_secs_f64() / 3600.0);
    json!({
        "start": found.map(|(start, _)| start.to_string()),
        "end": found.map(|(_, end)| end.to_string()),
        "hours": hours,
    })
}
