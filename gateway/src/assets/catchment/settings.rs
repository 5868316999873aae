//! [`CatchmentAsset`]: kind `catchment`, a surface that collects rain (METHODS D.3).

use crate::assets::asset_point::{AssetPoint, RAIN_UNITS, VOLUME_UNITS};
use crate::assets::{
    AssetKindSettings, CheckContext, NamedAsset, RawAssetTable, check_named_asset,
};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawDate, RawNumber, RawText};
use crate::config::value_syntax;
use crate::config::value_syntax::EXPECT_DURATION;
use crate::domain::factor::Factor;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Default first flush, mm: rain of an event that is discarded because it is dirty (METHODS D.3).
const FIRST_FLUSH_DEFAULT_MM: f64 = 0.5;
/// Default time without rain that ends an event (METHODS D.3).
// 6 h is a policy of METHODS D.3, not a measured value.
const EVENT_GAP_DEFAULT: Duration = Duration::from_hours(6);
/// Factor of a handbook: runoff coefficient of a metal roof.
// Handbooks say 0.90 to 0.95; the site's own value after one wet season is better (METHODS D.3).
const METAL_ROOF_FACTOR: &str = "rain.c.metal";

/// Surface that collects rain: a roof or a yard.
#[derive(Clone, Debug, PartialEq)]
pub struct CatchmentAsset {
    /// Horizontal catchment area, m2.
    pub area_m2: f64,
    /// Runoff coefficient: share of the rain that runs off, above 0 and at most 1.
    pub runoff: f64,
    /// Handbook factor behind `runoff`; `None` for the site's own value.
    pub runoff_factor: Option<Arc<Factor>>,
    /// First flush, mm: rain of an event that is discarded.
    pub first_flush_mm: f64,
    /// Time without rain that ends an event.
    pub event_gap: Duration,
    /// Rain counter, mm.
    pub rain: Option<AssetPoint>,
    /// Metered water into the tank, m3.
    pub inflow: Option<AssetPoint>,
    /// Id of the tank that it fills.
    pub tank: Option<Arc<str>>,
}

/// `catchment` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawCatchment {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Name for people.
    pub(crate) name: RawText,
    /// First day of operation.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) since: Option<RawDate>,
    /// Last day of operation.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) until: Option<RawDate>,
    /// Horizontal catchment area, m2.
    #[schemars(required)]
    pub(crate) area_m2: RawNumber,
    /// Runoff coefficient; a handbook value for metal roofs by default.
    pub(crate) runoff: RawNumber,
    /// First flush, mm, 0.5 by default: rain of an event that is discarded.
    pub(crate) first_flush_mm: RawNumber,
    /// Time without rain that ends an event, `"6h"` by default.
    pub(crate) event_gap: RawText,
    /// Point of the rain gauge, a counter.
    #[schemars(required)]
    pub(crate) rain: RawText,
    /// Point of the water into the tank, a counter.
    pub(crate) inflow: RawText,
    /// Id of the tank that it fills.
    pub(crate) tank: RawText,
}

impl AssetKindSettings for CatchmentAsset {
    fn report_chapter(&self) -> &'static str {
        "rain"
    }

    fn factors(&self) -> Vec<&Arc<Factor>> {
        self.runoff_factor.iter().collect()
    }
}

impl RawAssetTable for RawCatchment {
    fn check_relations(
        &self,
        notes: &mut DiagnosticCollector<'_>,
        _own: &dyn AssetKindSettings,
        all: &[&dyn NamedAsset],
    ) {
        check_named_asset(notes, all, &self.tank, "tank", "tank");
    }
}

/// Checks the table by itself.
pub(crate) fn check_table(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    raw: &RawCatchment,
    around: &mut CheckContext<'_>,
) -> CatchmentAsset {
    let own = notes.ranged_number(&raw.runoff, "runoff");
    if let (Some(own), Some(at)) = (own.filter(|own| *own > 1.0), &raw.runoff) {
        notes.add_error(
            at.span(),
            "runoff",
            "fault-range",
            &own.to_string(),
            "0..=1",
        );
    }
    let handbook = match &raw.runoff {
        Some(_) => None,
        None => around.factors.find(METAL_ROOF_FACTOR).cloned(),
    };
    // A handbook value is a warning, so that it is replaced by a measured one.
    if let Some(factor) = &handbook {
        let value = format!("{} ({METAL_ROOF_FACTOR})", factor.value);
        notes.add_warning(span.clone(), "runoff", "fault-assumed", "", &value);
    }
    let flush = notes.ranged_number(&raw.first_flush_mm, "first_flush_mm");
    let gap = notes.parsed_text(
        &raw.event_gap,
        "event_gap",
        value_syntax::parse_duration,
        EXPECT_DURATION,
    );
    CatchmentAsset {
        area_m2: notes.ranged_number(&raw.area_m2, "area_m2").unwrap_or(0.0),
        runoff: own
            .or(handbook.as_ref().map(|factor| factor.value))
            .unwrap_or(0.0),
        runoff_factor: handbook,
        first_flush_mm: flush.unwrap_or(FIRST_FLUSH_DEFAULT_MM),
        event_gap: gap.unwrap_or(EVENT_GAP_DEFAULT),
        rain: around.counter_point(notes, &raw.rain, "rain", RAIN_UNITS),
        inflow: around.counter_point(notes, &raw.inflow, "inflow", VOLUME_UNITS),
        tank: raw.tank.as_ref().map(|at| Arc::from(at.get().as_str())),
    }
}
