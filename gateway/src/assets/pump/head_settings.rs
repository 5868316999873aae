//! [`HeadComponents`]: components of the total dynamic head of a pump (METHODS B.5, B.6).

use crate::assets::CheckContext;
use crate::assets::asset_point::{AssetPoint, LENGTH_UNITS, PRESSURE_UNITS};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawNumber, RawText, SpannedValue};
use schemars::JsonSchema;
use serde::Deserialize;

/// Hazen-Williams coefficient of PVC (textbook value).
const HAZEN_WILLIAMS_PVC: f64 = 150.0;

/// Components of the total dynamic head; without pipe and pressures it is a lower bound.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadComponents {
    /// Static head from the resting water level to the outlet, m.
    pub static_m: f64,
    /// Drawdown of the water level by the pump, m; `None` when unknown or measured (`well_depth`).
    pub drawdown_m: Option<f64>,
    /// Measured depth of the water below the ground, m; then `static_m` starts at the ground.
    pub well_depth: Option<AssetPoint>,
    /// Length and inner diameter of the pipe, both m.
    pub pipe: Option<(f64, f64)>,
    /// Hazen-Williams coefficient of the pipe.
    pub hazen_williams_c: f64,
    /// Sum of the local loss coefficients.
    pub sum_k: f64,
    /// Pressure at the outlet, Pa.
    pub outlet_pressure: Option<AssetPoint>,
    /// Pressure at the inlet, Pa.
    pub inlet_pressure: Option<AssetPoint>,
}

/// `head` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawHead {
    /// Static head, m: from the resting water level (with `well_depth`: the ground) to the outlet.
    #[schemars(required)]
    pub(crate) static_m: RawNumber,
    /// Drawdown of the water level by the pump, m.
    pub(crate) drawdown_m: RawNumber,
    /// Point of the depth of the water below the ground.
    pub(crate) well_depth: RawText,
    /// Length of the pipe, m.
    pub(crate) pipe_length_m: RawNumber,
    /// Inner diameter of the pipe, mm.
    pub(crate) pipe_diameter_mm: RawNumber,
    /// Hazen-Williams coefficient, 150 (PVC) by default.
    pub(crate) pipe_c: RawNumber,
    /// Sum of the local loss coefficients, 0 by default.
    pub(crate) sum_k: RawNumber,
    /// Point of the pressure at the outlet.
    pub(crate) outlet_pressure: RawText,
    /// Point of the pressure at the inlet.
    pub(crate) inlet_pressure: RawText,
}

pub(crate) fn check_head(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawHead>,
    around: &mut CheckContext<'_>,
) -> HeadComponents {
    let raw = at.get();
    let length = notes.ranged_number(&raw.pipe_length_m, "pipe_length_m");
    // In mm: a diameter typed in metres is below 5 and is refused.
    let diameter = notes.ranged_number(&raw.pipe_diameter_mm, "pipe_diameter_mm");
    let both = [
        ("pipe_length_m", raw.pipe_length_m.is_none()),
        ("pipe_diameter_mm", raw.pipe_diameter_mm.is_none()),
    ];
    // Friction needs both; one alone would be ignored in silence.
    if both[0].1 != both[1].1 {
        let missing = if both[0].1 { both[0].0 } else { both[1].0 };
        notes.add_error(at.span(), missing, "fault-missing", "", "");
    }
    // A measured depth contains the drawdown already.
    if let (Some(_), Some(typed)) = (&raw.well_depth, &raw.drawdown_m) {
        notes.add_error(
            typed.span(),
            "drawdown_m",
            "fault-only-one",
            "",
            "well_depth, drawdown_m",
        );
    }
    HeadComponents {
        static_m: notes
            .ranged_number(&raw.static_m, "static_m")
            .unwrap_or(0.0),
        drawdown_m: notes.ranged_number(&raw.drawdown_m, "drawdown_m"),
        well_depth: around.measured_point(notes, &raw.well_depth, "well_depth", LENGTH_UNITS),
        pipe: length.zip(diameter.map(|mm| mm / 1000.0)),
        hazen_williams_c: notes
            .ranged_number(&raw.pipe_c, "pipe_c")
            .unwrap_or(HAZEN_WILLIAMS_PVC),
        sum_k: notes.ranged_number(&raw.sum_k, "sum_k").unwrap_or(0.0),
        outlet_pressure: around.measured_point(
            notes,
            &raw.outlet_pressure,
            "outlet_pressure",
            PRESSURE_UNITS,
        ),
        inlet_pressure: around.measured_point(
            notes,
            &raw.inlet_pressure,
            "inlet_pressure",
            PRESSURE_UNITS,
        ),
    }
}
