//! The head that a pump works against (METHODS B.5, B.6).

use super::Around;
use super::point::{self, LENGTH, PRESSURE, PointUse};
use crate::config::notes::Notes;
use crate::config::raw::{At, Number, Text};
use schemars::JsonSchema;
use serde::Deserialize;

/// Hazen-Williams coefficient of PVC, a textbook value.
const PVC: f64 = 150.0;

/// The parts of the total dynamic head; without pipe and pressures it is a lower bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// From the water at rest to the outlet, m.
    pub static_m: f64,
    /// By how much the pump lowers the water, m; `None`: not known, or measured by `well_depth`.
    pub drawdown_m: Option<f64>,
    /// Depth of the water below the ground, m, measured: then `static_m` begins at the ground.
    pub well_depth: Option<PointUse>,
    /// The pipe: length and inner diameter, both m.
    pub pipe: Option<(f64, f64)>,
    /// Hazen-Williams coefficient of the pipe.
    pub hazen_williams_c: f64,
    /// Sum of the local loss coefficients.
    pub sum_k: f64,
    /// Pressure at the outlet, Pa.
    pub outlet_pressure: Option<PointUse>,
    /// Pressure at the inlet, Pa.
    pub inlet_pressure: Option<PointUse>,
}

/// `head` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawHead {
    /// From the water at rest (with `well_depth`: from the ground) to the outlet, m.
    #[schemars(required)]
    pub(crate) static_m: Number,
    /// By how much the pump lowers the water, m.
    pub(crate) drawdown_m: Number,
    /// Point of the depth of the water below the ground.
    pub(crate) well_depth: Text,
    /// Length of the pipe, m.
    pub(crate) pipe_length_m: Number,
    /// Inner diameter of the pipe, mm.
    pub(crate) pipe_diameter_mm: Number,
    /// Hazen-Williams coefficient, 150 (PVC) when left out.
    pub(crate) pipe_c: Number,
    /// Sum of the local loss coefficients, 0 when left out.
    pub(crate) sum_k: Number,
    /// Point of the pressure at the outlet.
    pub(crate) outlet_pressure: Text,
    /// Point of the pressure at the inlet.
    pub(crate) inlet_pressure: Text,
}

pub(super) fn head(notes: &mut Notes<'_>, at: &At<RawHead>, around: &mut Around<'_>) -> Head {
    let raw = at.get();
    let length = notes.positive(&raw.pipe_length_m, "pipe_length_m");
    let diameter = notes.within(&raw.pipe_diameter_mm, "pipe_diameter_mm", 5.0..=2000.0);
    let both = [
        ("pipe_length_m", raw.pipe_length_m.is_none()),
        ("pipe_diameter_mm", raw.pipe_diameter_mm.is_none()),
    ];
    if both[0].1 != both[1].1 {
        let missing = if both[0].1 { both[0].0 } else { both[1].0 };
        notes.fault(at.span(), missing, "fault-missing", "", "");
    }
    if let (Some(_), Some(typed)) = (&raw.well_depth, &raw.drawdown_m) {
        notes.fault(
            typed.span(),
            "drawdown_m",
            "fault-only-one",
            "",
            "well_depth, drawdown_m",
        );
    }
    Head {
        static_m: notes
            .within(&raw.static_m, "static_m", 0.0..=1000.0)
            .unwrap_or(0.0),
        drawdown_m: notes.within(&raw.drawdown_m, "drawdown_m", 0.0..=500.0),
        well_depth: point::point(notes, around, &raw.well_depth, "well_depth", LENGTH),
        pipe: length.zip(diameter.map(|mm| mm / 1000.0)),
        hazen_williams_c: notes
            .within(&raw.pipe_c, "pipe_c", 20.0..=200.0)
            .unwrap_or(PVC),
        sum_k: notes
            .within(&raw.sum_k, "sum_k", 0.0..=1000.0)
            .unwrap_or(0.0),
        outlet_pressure: point::point(
            notes,
            around,
            &raw.outlet_pressure,
            "outlet_pressure",
            PRESSURE,
        ),
        inlet_pressure: point::point(
            notes,
            around,
            &raw.inlet_pressure,
            "inlet_pressure",
            PRESSURE,
        ),
    }
}
