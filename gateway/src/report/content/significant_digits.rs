//! Number of printed digits and rounding direction of a figure (METHODS G.3).

use super::display_names;
use crate::domain::indicator::{Indicator, RoundingDirection};
use crate::formulas::claim_rounding;
use crate::i18n::Language;
use crate::ledger::IndicatorDefinitions;
use crate::report::render::cell_value::{NumberFormat, RoundingMode, ValueKind};

/// Significant digits of a claim with unknown uncertainty.
// METHODS G.3 allows two digits at ±10 %; more would claim a better uncertainty.
const CLAIM_DIGITS: i32 = 2;
/// Rounding goes no further than this: no site gives a figure of twelve digits.
const DECIMALS_MIN: i32 = -12;

/// Unit, decimals and rounding direction of a figure: benefits are rounded down, burdens up.
pub(crate) fn figure_number_kind(
    definitions: &IndicatorDefinitions,
    lang: Language,
    one: &Indicator,
) -> ValueKind {
    ValueKind::Number(NumberFormat {
        unit: display_names::unit_text(lang, &one.unit),
        decimals: printed_decimals(definitions, one),
        rounding: match one.side {
            RoundingDirection::Neutral => RoundingMode::Nearest,
            RoundingDirection::Benefit => RoundingMode::Down,
            RoundingDirection::Burden => RoundingMode::Up,
        },
    })
}

/// The figure rounded as it is printed, for columns with several units.
pub(crate) fn round_as_printed(
    definitions: &IndicatorDefinitions,
    lang: Language,
    one: &Indicator,
    x: f64,
) -> f64 {
    match figure_number_kind(definitions, lang, one) {
        ValueKind::Number(measure) => measure.round(x),
        _ => x,
    }
}

fn printed_decimals(definitions: &IndicatorDefinitions, one: &Indicator) -> i8 {
    let usual = match display_names::written_definition(definitions, &one.id) {
        Some(definition) => i32::from(definition.decimals),
        None => i32::from(usual_decimals(&one.unit, one.value.as_ref().ok().copied())),
    };
    // Never more digits than the uncertainty supports, and never more than usual for the unit.
    let Ok(value) = one.value else {
        return to_i8(usual);
    };
    let known = half_width(one).and_then(|width| claim_rounding::supported_decimals(width, 100.0));
    let bears = match (known, one.side) {
        // Of a lower bound nobody knows how much wider it is.
        (Some(decimals), RoundingDirection::Benefit | RoundingDirection::Burden)
            if one.uncertainty.is_least && value != 0.0 =>
        {
            let two = CLAIM_DIGITS - 1 - claim_rounding::decimal_magnitude(value).unwrap_or(0);
            decimals.min(two)
        }
        (Some(decimals), _) => decimals,
        // With unknown uncertainty a claim gets two significant digits, a measurement the usual
        // decimals.
        (None, RoundingDirection::Neutral) => usual,
        // A price is exact, and so is money by it.
        (None, _) if &*one.unit == "IDR" && one.id.ends_with(".effect") => usual,
        // Zero has no first digit from which two could be counted.
        (None, _) if value == 0.0 => usual.min(CLAIM_DIGITS),
        (None, _) => CLAIM_DIGITS - 1 - claim_rounding::decimal_magnitude(value).unwrap_or(0),
    };
    to_i8(bears.min(usual).max(DECIMALS_MIN))
}

/// Half-width of the 95 % interval in percent of the value.
pub(crate) fn uncertainty_percent(one: &Indicator) -> Option<f64> {
    let value = *one.value.as_ref().ok()?;
    let of_gum = |gum: f64| (value != 0.0).then(|| 100.0 * gum / value.abs());
    // GUM (METHODS G.2) where it could be computed, else IPCC Tier 1 (METHODS G.1).
    let percent = one.uncertainty.gum.and_then(of_gum);
    percent
        .or(one.uncertainty.tier1_pct)
        .filter(|percent| percent.is_finite() && *percent > 0.0)
}

/// Half-width of the 95 % interval in the unit of the figure.
pub(crate) fn half_width(one: &Indicator) -> Option<f64> {
    let value = *one.value.as_ref().ok()?;
    let of_percent = |percent: f64| value.abs() * percent / 100.0;
    let width = one.uncertainty.gum;
    width
        .or(one.uncertainty.tier1_pct.map(of_percent))
        .filter(|width| width.is_finite())
}

/// Usual decimals of a unit. A whole number without a unit is a count.
pub(crate) fn usual_decimals(unit: &str, value: Option<f64>) -> i8 {
    match unit {
        "" | "1" => match value {
            Some(value) if value.fract() == 0.0 => 0,
            _ => 2,
        },
        "IDR" | "pcs" | "orang" | "KK" | "kelompok" | "kegiatan" | "pohon" | "W" | "L" => 0,
        "kWh" | "m3" | "mm" | "h" | "d" | "degC" | "%" | "%RH" | "kg" | "g" | "degC d" => 1,
        "t" => 3,
        _ if unit.starts_with("tCO2") || unit.starts_with("tCH4") => 4,
        _ => 2,
    }
}

fn to_i8(decimals: i32) -> i8 {
    i8::try_from(decimals).unwrap_or(0)
}
