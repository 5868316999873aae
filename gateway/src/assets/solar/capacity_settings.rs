//! [`CapacityChange`]: the capacity of a plant over time. Modules are added, an inverter replaced.
//!
//! ```text
//! capacity_kwp = 2, changes = [{ since = 2026-07-01, capacity_kwp = 5 }]
//! June: E / 2 kWp; July: E / 5 kWp; the yield of both months is the sum of both yields.
//! ```

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawDate, RawNumber, SpannedValue};
use crate::domain::date_bounds::DateBounds;
use crate::limits::CAPACITY_CHANGES_MAX;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

/// Ratings of a plant from a day on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CapacityChange {
    /// First day.
    pub since: Date,
    /// Rated power of all modules, kWp.
    pub capacity_kwp: f64,
    /// Rated AC power of the inverter, kW; `None`: as before.
    pub ac_rating_kw: Option<f64>,
}

/// Entry of `changes` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawCapacityChange {
    /// First day.
    #[schemars(required, with = "Option<serde_json::Value>")]
    since: Option<RawDate>,
    /// Rated power of all modules from then on, kWp.
    #[schemars(required)]
    capacity_kwp: RawNumber,
    /// Rated AC power of the inverter from then on, kW; as before when left out.
    ac_rating_kw: RawNumber,
}

impl RawCapacityChange {
    /// Capacity and AC rating as typed.
    pub(super) fn ratings(&self) -> (&RawNumber, &RawNumber) {
        (&self.capacity_kwp, &self.ac_rating_kw)
    }
}

/// Days on which each change holds: up to the day before the next one.
pub(super) fn stretches(all: &[CapacityChange]) -> impl Iterator<Item = DateBounds> {
    let ends = all.iter().skip(1).map(|next| next.since.yesterday().ok());
    let ends = ends.chain([None]);
    all.iter().zip(ends).map(|(one, until)| DateBounds {
        since: Some(one.since),
        until,
    })
}

/// Checks the changes: one after the other.
pub(super) fn check_changes(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawCapacityChange>],
) -> Vec<CapacityChange> {
    if let Some(extra) = raw.get(CAPACITY_CHANGES_MAX) {
        let (found, most) = (raw.len().to_string(), CAPACITY_CHANGES_MAX.to_string());
        notes.add_error(extra.span(), "changes", "fault-too-many", &found, &most);
    }
    let mut all: Vec<CapacityChange> = Vec::new();
    for at in raw.iter().take(CAPACITY_CHANGES_MAX) {
        let typed = at.get();
        let since = notes.declared_date(typed.since.as_ref(), "since");
        let capacity_kwp = notes.ranged_number(&typed.capacity_kwp, "capacity_kwp");
        let ac_rating_kw = notes.ranged_number(&typed.ac_rating_kw, "ac_rating_kw");
        let (Some(since), Some(capacity_kwp)) = (since, capacity_kwp) else {
            continue;
        };
        if let Some(last) = all.last().filter(|last| last.since >= since) {
            let (found, expected) = (since.to_string(), format!("> {}", last.since));
            notes.add_error(at.span(), "since", "fault-range", &found, &expected);
        }
        all.push(CapacityChange {
            since,
            capacity_kwp,
            ac_rating_kw,
        });
    }
    all
}
