//! Ranges of values that a factor can have, by its unit and by its use.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::factors::raw_factors::RawFactor;
use crate::config::number_ranges::{NumberRange, factor_id_range, factor_range, price_range};
use crate::config::raw_values::SpannedValue;
use crate::domain::factor::Factor;
use std::ops::Range;

/// Substances whose emission cannot be negative.
const EMITTED: [&str; 3] = ["CO2", "CH4", "N2O"];

/// Checks the value and the ends of the 95 % range: what cannot be true is refused, and an unusual
/// value is a warning.
pub(super) fn check_ranges(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawFactor>,
    factor: &Factor,
) {
    let raw = at.get();
    let by_id = factor_id_range(&factor.id);
    if let Some(range) = by_id.filter(|range| factor.value_in(&range.unit).is_none()) {
        refuse_unit(notes, at, factor, &range.unit);
        return;
    }
    let (low, high) = factor.spread.unzip();
    for (key, typed, number) in [
        ("value", &raw.value, Some(factor.value)),
        ("low", &raw.low, low),
        ("high", &raw.high, high),
    ] {
        let Some(number) = number else {
            continue;
        };
        let one = Factor {
            value: number,
            ..factor.clone()
        };
        if let Some(expected) = violated_range(&one) {
            let found = format!("{number} {}", factor.unit);
            let span = typed.as_ref().map_or_else(|| at.span(), SpannedValue::span);
            notes.add_error(span, key, "fault-range", &found, &expected);
        }
    }
    if let Some(range) = unusual_factor(factor)
        && violated_range(factor).is_none()
    {
        let found = format!("{} ({} {})", factor.id, factor.value, factor.unit);
        notes.add_warning(
            at.span(),
            "value",
            "fault-unusual",
            &found,
            &range.usual_text(),
        );
    }
}

/// The usual range of a factor by its id, or of a price by its unit, where its value is outside.
pub(crate) fn unusual_factor(factor: &Factor) -> Option<&'static NumberRange> {
    let by_id = factor_id_range(&factor.id);
    let (value, range) = match by_id {
        Some(range) => (factor.value_in(&range.unit)?, range),
        None => price_range(factor)?,
    };
    range.is_unusual(value).then_some(range)
}

/// The usual range of factors for a use (`GRID`, `GENSET`, `fuel_factor`), where the value of this
/// one is outside.
pub(crate) fn unusual_use(factor: &Factor, purpose: &str) -> Option<&'static NumberRange> {
    let value = factor.t_per_mwh().or_else(|| factor.kg_per_gj())?;
    factor_range(purpose).filter(|range| range.is_unusual(value))
}

/// Checks `low` and `high`: both or none, around the value.
pub(super) fn check_value_spread(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawFactor>,
    value: f64,
) -> Option<(f64, f64)> {
    let raw = at.get();
    let low = notes.finite_number(raw.low.as_ref(), "low");
    let high = notes.finite_number(raw.high.as_ref(), "high");
    match (low, high) {
        (Some(low), Some(high)) if low <= value && value <= high => Some((low, high)),
        (Some(low), Some(high)) => {
            let expected = format!("{low}..={high}");
            notes.add_error(
                at.span(),
                "value",
                "fault-range",
                &value.to_string(),
                &expected,
            );
            None
        }
        (None, None) => None,
        (low, _) => {
            let missing = if low.is_none() { "low" } else { "high" };
            notes.add_error(at.span(), missing, "fault-missing", "", "");
            None
        }
    }
}

/// Checks a factor of a site that has the id of a built-in one: another value is told, and refused
/// where formulas hold the value themselves.
pub(super) fn check_replacement(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawFactor>,
    factor: &Factor,
    built_in: &Factor,
) {
    let value = factor.value_in(built_in.unit.text());
    let by_id = factor_id_range(&factor.id);
    // CO2 and CO2e of electricity may stand for each other.
    if value.is_none() && by_id.is_none() && factor.t_per_mwh().is_none() {
        refuse_unit(notes, at, factor, built_in.unit.text());
        return;
    }
    if value == Some(built_in.value) {
        return;
    }
    let found = format!("{} = {} {}", factor.id, factor.value, factor.unit);
    let old = format!("{} {}", built_in.value, built_in.unit);
    let typed = at.get().value.as_ref();
    let span = typed.map_or_else(|| at.span(), SpannedValue::span);
    if by_id.is_some_and(|range| range.fixed) {
        notes.add_error(span, "value", "fault-factor-fixed", &found, &old);
    } else {
        notes.add_warning(span, "value", "fault-factor-replaced", &found, &old);
    }
}

fn refuse_unit(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawFactor>,
    factor: &Factor,
    expected: &str,
) {
    let typed = at.get().unit.as_ref();
    let span = typed.map_or_else(|| at.span(), SpannedValue::span);
    let found = format!("{} ({})", factor.id, factor.unit);
    notes.add_error(span, "unit", "fault-factor-unit", &found, expected);
}

/// The range, with its unit, that the value of a factor violates: that of its id, or of its unit.
fn violated_range(factor: &Factor) -> Option<String> {
    let violated = |(value, range): (f64, &NumberRange)| {
        let refused = || format!("{} {}", range.refused_text(), range.unit);
        range.refuses(value).then(refused)
    };
    let text = factor.unit.text();
    let is_emission = EMITTED.iter().any(|substance| text.contains(substance));
    ranges_of(factor)
        .find_map(violated)
        .or_else(|| (is_emission && factor.value < 0.0).then(|| format!(">= 0 {text}")))
        .or_else(|| (is_price(text) && factor.value <= 0.0).then(|| format!("> 0 {text}")))
}

/// Whether a unit is that of a price or tariff.
fn is_price(unit: &str) -> bool {
    unit.split('/').next() == Some("IDR") && unit.contains('/')
}

/// Ranges of a factor, each with the value in its unit: that of its id, and those of its unit.
fn ranges_of(factor: &Factor) -> impl Iterator<Item = (f64, &'static NumberRange)> {
    let litre = factor
        .value_in("kgCO2/L")
        .or_else(|| factor.value_in("kgCO2e/L"));
    let by_id = factor_id_range(&factor.id);
    let by_id = by_id.and_then(|range| Some((factor.value_in(&range.unit)?, range)));
    let of_unit = [
        (factor.t_per_mwh(), "electricity"),
        (factor.kg_per_gj(), "heat"),
        (litre, "litre"),
        (factor.value_in("GJ/t"), "calorific"),
    ];
    let of_unit = of_unit.into_iter();
    by_id
        .into_iter()
        .chain(of_unit.filter_map(|(value, purpose)| value.zip(factor_range(purpose))))
        .chain(price_range(factor))
}

/// Checks a factor by what it is used for (`GRID`, `GENSET`, `fuel_factor`): a factor of a grid is
/// none of a generator set, and the ranges of both differ.
pub(crate) fn check_use(
    notes: &mut DiagnosticCollector<'_>,
    (span, key): (&Range<usize>, &str),
    factor: &Factor,
    purpose: &str,
) {
    let found = format!("{} ({} {})", factor.id, factor.value, factor.unit);
    if purpose == "GENSET" && factor.is_of_grid() {
        notes.add_error(span.clone(), key, "fault-factor-use", &found, purpose);
        return;
    }
    let value = factor.t_per_mwh().or_else(|| factor.kg_per_gj());
    let Some((value, range)) = value.zip(factor_range(purpose)) else {
        return;
    };
    if range.refuses(value) {
        let expected = format!("{} {} ({purpose})", range.refused_text(), range.unit);
        notes.add_error(span.clone(), key, "fault-range", &found, &expected);
    } else if unusual_use(factor, purpose).is_some() {
        let usual = format!("{} ({purpose})", range.usual_text());
        notes.add_warning(span.clone(), key, "fault-unusual", &found, &usual);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::factors::Factors;

    #[test]
    fn every_built_in_factor_has_a_range_and_lies_within_it() {
        for factor in Factors::built_in().all() {
            let ranges: Vec<_> = ranges_of(factor).collect();
            assert!(!ranges.is_empty(), "no range for {}", factor.id);
            let by_id = factor_id_range(&factor.id);
            let fits = by_id.is_none_or(|range| factor.value_in(&range.unit).is_some());
            assert!(fits, "{}: unit of its range", factor.id);
            for (value, range) in ranges {
                assert!(!range.refuses(value), "{} {value}", factor.id);
                assert!(!range.is_unusual(value), "{} {value}", factor.id);
            }
        }
    }
}
