//! G.3: how many digits a figure can bear, and which way the last one goes.

use super::naming;
use crate::analyse::rounding;
use crate::ledger::Definitions;
use crate::model::indicator::{Indicator, Side};
use crate::report::value::{Kind, Measure, Rounding};
use crate::words::Lang;

/// Digits that count of a claim whose uncertainty nobody knows.
const CLAIM_DIGITS: i32 = 2;
/// Tens beyond which no figure is rounded away.
const DECIMALS_MIN: i32 = -6;

/// Unit, digits and rounding of a figure.
pub(super) fn kind(definitions: &Definitions, lang: Lang, one: &Indicator) -> Kind {
    Kind::Number(Measure {
        unit: naming::unit(lang, &one.unit),
        decimals: decimals(definitions, one),
        rounding: match one.side {
            Side::Neutral => Rounding::Nearest,
            Side::Benefit => Rounding::Down,
            Side::Burden => Rounding::Up,
        },
    })
}

/// The figure rounded as it is printed, for columns of several units.
pub(super) fn rounded(definitions: &Definitions, lang: Lang, one: &Indicator, x: f64) -> f64 {
    match kind(definitions, lang, one) {
        Kind::Number(measure) => measure.round(x),
        _ => x,
    }
}

fn decimals(definitions: &Definitions, one: &Indicator) -> i8 {
    let usual = match naming::written(definitions, &one.id) {
        Some(definition) => i32::from(definition.decimals),
        None => i32::from(usual(&one.unit, one.value.as_ref().ok().copied())),
    };
    let Ok(value) = one.value else {
        return small(usual);
    };
    let known = percent(one).and_then(|percent| rounding::supported_decimals(value, percent));
    let bears = match (known, one.side) {
        (Some(decimals), _) => decimals,
        (None, Side::Neutral) => usual,
        (None, _) if value == 0.0 => usual.min(CLAIM_DIGITS),
        (None, _) => CLAIM_DIGITS - 1 - naming::magnitude(value),
    };
    small(bears.min(usual).max(DECIMALS_MIN))
}

/// The half-width of the 95 % interval in percent of the value.
pub(super) fn percent(one: &Indicator) -> Option<f64> {
    let value = *one.value.as_ref().ok()?;
    let of_gum = |gum: f64| (value != 0.0).then(|| 100.0 * gum / value.abs());
    let percent = one.uncertainty.gum.and_then(of_gum);
    percent
        .or(one.uncertainty.tier1_pct)
        .filter(|percent| percent.is_finite() && *percent > 0.0)
}

/// The half-width of the 95 % interval in the figure's unit.
pub(super) fn half_width(one: &Indicator) -> Option<f64> {
    let value = *one.value.as_ref().ok()?;
    let of_percent = |percent: f64| value.abs() * percent / 100.0;
    let width = one.uncertainty.gum;
    width
        .or(one.uncertainty.tier1_pct.map(of_percent))
        .filter(|width| width.is_finite())
}

/// Decimals that people are used to for a unit. A bare whole number is a count.
pub(super) fn usual(unit: &str, value: Option<f64>) -> i8 {
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

fn small(decimals: i32) -> i8 {
    i8::try_from(decimals).unwrap_or(0)
}
