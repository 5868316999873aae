//! Ranges of values that a factor can have, by its unit and by its use.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::number_ranges::factor_range;
use crate::domain::factor::Factor;
use std::ops::Range;

/// Substances whose emission cannot be negative.
const EMITTED: [&str; 3] = ["CO2", "CH4", "N2O"];

/// Value, unit and violated range, where the factor or an end of its range cannot be true.
pub(super) fn violated_range(factor: &Factor) -> Option<String> {
    let litre = factor
        .value_in("kgCO2/L")
        .or_else(|| factor.value_in("kgCO2e/L"));
    let of_unit = [
        (factor.t_per_mwh(), "electricity"),
        (factor.kg_per_gj(), "heat"),
        (litre, "litre"),
        (factor.value_in("GJ/t"), "calorific"),
    ];
    // The ends of the 95 % range, in proportion to the value.
    let ends = factor
        .spread
        .map_or([factor.value; 2], |(low, high)| [low, high]);
    for (value, purpose) in of_unit {
        let range = value.zip(factor_range(purpose));
        let Some((value, range)) = range else {
            continue;
        };
        let scale = if factor.value == 0.0 {
            1.0
        } else {
            value / factor.value
        };
        if range.refuses(value) || ends.iter().any(|end| range.refuses(end * scale)) {
            return Some(format!("{} {}", range.refused_text(), range.unit));
        }
    }
    let text = factor.unit.text();
    let is_emission = EMITTED.iter().any(|substance| text.contains(substance));
    let is_negative = factor.value < 0.0 || ends[0] < 0.0;
    (is_emission && is_negative).then(|| format!(">= 0 {text}"))
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
    } else if range.is_unusual(value) {
        let usual = format!("{} ({purpose})", range.usual_text());
        notes.add_warning(span.clone(), key, "fault-unusual", &found, &usual);
    }
}
