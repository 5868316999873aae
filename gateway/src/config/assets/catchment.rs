//! `catchment`: a roof or yard that catches rain (METHODS D.3).

use super::Around;
use super::point::{self, PointUse, RAIN, VOLUME};
use crate::config::check::DURATION;
use crate::config::notes::Notes;
use crate::config::raw::{Number, Text};
use crate::config::values;
use crate::model::factor::Factor;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Rain that wets the roof and runs off dirty, mm, when nothing is said (D.3).
const FIRST_FLUSH_MM: f64 = 0.5;
/// Hours without rain that end an event, when nothing is said (D.3).
const EVENT_GAP: Duration = Duration::from_hours(6);
/// The runoff of a metal roof, from handbooks.
const METAL_ROOF: &str = "rain.c.metal";

/// A roof or yard that catches rain.
#[derive(Clone, Debug, PartialEq)]
pub struct Catchment {
    /// Horizontal area that is drained, m2.
    pub area_m2: f64,
    /// Share of the rain that runs off, above 0 and at most 1.
    pub runoff: f64,
    /// The handbook factor behind `runoff`; `None`: the site's own value.
    pub runoff_factor: Option<Arc<Factor>>,
    /// Rain of an event that is let off first, mm.
    pub first_flush_mm: f64,
    /// Time without rain that ends an event.
    pub event_gap: Duration,
    /// Rain, mm, a counter.
    pub rain: Option<PointUse>,
    /// Water that reached the tank, m3, by a meter.
    pub inflow: Option<PointUse>,
    /// Id of the tank that it fills.
    pub tank: Option<Arc<str>>,
}

/// `catchment` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawCatchment {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: Text,
    /// Name for people.
    pub(crate) name: Text,
    /// Horizontal area that is drained, m2.
    #[schemars(required)]
    pub(crate) area_m2: Number,
    /// Share of the rain that runs off; a handbook value for metal roofs when left out.
    pub(crate) runoff: Number,
    /// Rain of an event that is let off first, 0.5 mm when left out.
    pub(crate) first_flush_mm: Number,
    /// Time without rain that ends an event, `"6h"` when left out.
    pub(crate) event_gap: Text,
    /// Point of the rain gauge, a counter.
    #[schemars(required)]
    pub(crate) rain: Text,
    /// Point of the water that reached the tank, a counter.
    pub(crate) inflow: Text,
    /// Id of the tank that it fills.
    pub(crate) tank: Text,
}

pub(super) fn catchment(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    raw: &RawCatchment,
    around: &mut Around<'_>,
) -> Catchment {
    let own = notes.positive(&raw.runoff, "runoff");
    if let (Some(own), Some(at)) = (own.filter(|own| *own > 1.0), &raw.runoff) {
        notes.fault(
            at.span(),
            "runoff",
            "fault-range",
            &own.to_string(),
            "0..=1",
        );
    }
    let handbook = match &raw.runoff {
        Some(_) => None,
        None => around.factors.find(METAL_ROOF).cloned(),
    };
    if let Some(factor) = &handbook {
        let value = format!("{} ({METAL_ROOF})", factor.value);
        notes.warn(span.clone(), "runoff", "fault-assumed", "", &value);
    }
    let flush = notes.within(&raw.first_flush_mm, "first_flush_mm", 0.0..=50.0);
    let gap = notes.parsed(&raw.event_gap, "event_gap", values::duration, DURATION);
    Catchment {
        area_m2: notes.positive(&raw.area_m2, "area_m2").unwrap_or(0.0),
        runoff: own
            .or(handbook.as_ref().map(|factor| factor.value))
            .unwrap_or(0.0),
        runoff_factor: handbook,
        first_flush_mm: flush.unwrap_or(FIRST_FLUSH_MM),
        event_gap: gap.unwrap_or(EVENT_GAP),
        rain: point::total(notes, around, &raw.rain, "rain", RAIN),
        inflow: point::total(notes, around, &raw.inflow, "inflow", VOLUME),
        tank: raw.tank.as_ref().map(|at| Arc::from(at.get().as_str())),
    }
}
