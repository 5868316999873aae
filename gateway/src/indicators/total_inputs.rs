//! Inputs of a total: the segments of a counter (METHODS G.5), or the days of an integral (A.1).

use crate::domain::UtcMs;
use crate::domain::indicator::{IndicatorInput, InputSource};
use crate::domain::input_part::{InputPart, PartSource, day_parts};
use crate::formulas::counter_segments::CounterSegment;
use crate::formulas::counters::CounterTotal;
use crate::indicators::period_days::{PeriodDays, growth_by_day};
use crate::indicators::totaliser::Totaliser;
use std::sync::Arc;

/// Rule by which the days of an integral come from readings.
const TRAPEZOID: &str = "Σ (P₁ + P₂) / 2 · Δt";
/// Last reading of a segment of a counter.
const LAST: &str = "c₂";
/// First reading of a segment of a counter.
const FIRST: &str = "c₁";

/// Equation and inputs of a total.
pub(crate) struct TotalInputs {
    pub(crate) equation: &'static str,
    pub(crate) inputs: Vec<IndicatorInput>,
}

/// Equation and inputs of the total `value` of readings from `from`; `unit` is that of the
/// readings.
pub(crate) fn total_inputs(
    (symbol, unit): (&'static str, &str),
    amount: &Totaliser,
    value: Option<f64>,
    (from, span): (InputSource, &PeriodDays),
) -> TotalInputs {
    match amount.counter() {
        Some(counter) => counter_inputs(&Arc::from(unit), amount, counter, &from),
        None => TotalInputs {
            equation: symbol,
            inputs: vec![IndicatorInput {
                symbol,
                value,
                unit: Arc::from(integral_unit(unit)),
                from,
                rule: TRAPEZOID,
                parts: day_parts(growth_by_day(amount.day_ends(), span)),
            }],
        },
    }
}

/// Unit of the integral over time of a quantity, as [`Totaliser::from_integral`] returns it.
fn integral_unit(unit: &str) -> &str {
    match unit {
        "W" => "kWh",
        // A flow: cubic metres of cubic metres per hour.
        flow => flow.split('/').next().unwrap_or_default(),
    }
}

fn counter_inputs(
    unit: &Arc<str>,
    amount: &Totaliser,
    counter: &CounterTotal,
    from: &InputSource,
) -> TotalInputs {
    let segments = counter.segments().segments();
    let (rest, count) = counter.segments().rest();
    let input =
        |symbol, unit: Arc<str>, value: &dyn Fn(&CounterSegment) -> (f64, f64), end: f64| {
            let part = |segment: &CounterSegment| {
                let (at_s, value) = value(segment);
                InputPart {
                    value,
                    of: PartSource::Reading(from_seconds(at_s)),
                }
            };
            let rest = (count > 0).then_some(InputPart {
                value: end,
                of: PartSource::Rest(count),
            });
            let parts: Vec<InputPart> = segments.iter().map(part).chain(rest).collect();
            listed_input(symbol, unit, from.clone(), parts)
        };
    let mut inputs = vec![
        input(LAST, Arc::clone(unit), &|one| one.last, rest),
        input(FIRST, Arc::clone(unit), &|one| one.first, 0.0),
    ];
    if amount.is_calibrated() {
        let gain = |one: &CounterSegment| (one.first.0, one.gain);
        inputs.push(input("g", Arc::from(""), &gain, 1.0));
    }
    TotalInputs {
        equation: match (amount.is_calibrated(), amount.is_below_zero()) {
            (false, false) => "Σ (c₂ − c₁)",
            (false, true) => "max(0, Σ (c₂ − c₁))",
            (true, false) => "Σ g · (c₂ − c₁)",
            (true, true) => "max(0, Σ g · (c₂ − c₁))",
        },
        inputs,
    }
}

/// Input that is a list; a list of one is a number.
fn listed_input(
    symbol: &'static str,
    unit: Arc<str>,
    from: InputSource,
    parts: Vec<InputPart>,
) -> IndicatorInput {
    let value = match parts.as_slice() {
        [one] => Some(one.value),
        _ => None,
    };
    IndicatorInput {
        symbol,
        value,
        unit,
        from,
        rule: "",
        parts,
    }
}

fn from_seconds(at_s: f64) -> UtcMs {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "times of readings are far smaller"
    )]
    UtcMs((at_s * 1000.0 + 0.5) as i64)
}
