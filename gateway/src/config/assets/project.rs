//! What a plant takes itself, and what became of the set that it replaced (METHODS C.9).

use super::baseline::{Baseline, BaselineKind, PER_ENERGY};
use super::point::{self, KWH, PointUse};
use super::{Around, words};
use crate::config::factors::chosen;
use crate::config::notes::Notes;
use crate::config::raw::{At, Number, Text};
use crate::model::factor::Factor;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;

/// What a plant takes itself (C.9).
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// Energy that it takes from the grid, kWh.
    pub import: Option<PointUse>,
    /// Factor of that grid.
    pub factor: Option<Arc<Factor>>,
    /// Id of the genset that backs it up.
    pub genset: Option<Arc<str>>,
}

/// What became of the set that it replaced (C.9).
#[derive(Clone, Debug, PartialEq)]
pub struct Leakage {
    /// Its fate.
    pub replaced: Fate,
    /// Litres of fuel that it goes on burning, a year.
    pub litres_per_year: Option<f64>,
    /// What proves it.
    pub statement: String,
}

/// The fate of a replaced set.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Nothing was replaced.
    Nothing,
    /// It was scrapped.
    Scrapped,
    /// It stands by and does not run.
    Idle,
    /// It was sold.
    Sold,
    /// It runs elsewhere.
    Elsewhere,
}

impl Fate {
    /// Its fuel goes on being burnt.
    pub fn leaks(self) -> bool {
        matches!(self, Self::Sold | Self::Elsewhere)
    }
}

/// `project` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawProject {
    /// Point of the energy that the plant takes from the grid, a counter.
    import: Text,
    /// Id of that grid's factor.
    factor: Text,
    /// Id of the genset that backs it up.
    pub(super) genset: Text,
}

/// `leakage` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawLeakage {
    /// The fate of the set that was replaced.
    #[schemars(required)]
    replaced: Option<At<Fate>>,
    /// Litres of fuel that it goes on burning, a year.
    litres_per_year: Number,
    /// What proves it.
    statement: Text,
}

pub(super) fn project(notes: &mut Notes<'_>, raw: &RawProject, around: &mut Around<'_>) -> Project {
    let fits = |factor: &Factor| factor.t_per_mwh().is_some();
    let factor = chosen(
        notes,
        around.factors,
        &raw.factor,
        "factor",
        PER_ENERGY,
        fits,
    );
    if let Some(at) = raw.import.as_ref().filter(|_| raw.factor.is_none()) {
        notes.fault(at.span(), "factor", "fault-missing", "", "");
    }
    Project {
        import: point::total(notes, around, &raw.import, "project_import", KWH),
        factor,
        genset: raw.genset.as_ref().map(|at| Arc::from(at.get().as_str())),
    }
}

/// Where a set was replaced, its fate must be told.
pub(super) fn leakage(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    typed: Option<&At<RawLeakage>>,
    baseline: Option<&Baseline>,
) -> Option<Leakage> {
    let Some(at) = typed else {
        let replaces = |one: &Baseline| {
            matches!(
                one.kind,
                BaselineKind::Genset { .. } | BaselineKind::PumpFuel { .. }
            )
        };
        if baseline.is_some_and(replaces) {
            notes.warn(span.clone(), "leakage", "fault-no-statement", "", "");
        }
        return None;
    };
    let raw = at.get();
    let replaced = *raw.replaced.as_ref()?.get();
    let litres_per_year = notes.positive(&raw.litres_per_year, "litres_per_year");
    let statement = words(&raw.statement);
    if replaced.leaks() && raw.litres_per_year.is_none() {
        notes.fault(at.span(), "litres_per_year", "fault-missing", "", "");
    }
    if replaced != Fate::Nothing && statement.is_empty() {
        notes.warn(at.span(), "statement", "fault-no-statement", "", "");
    }
    Some(Leakage {
        replaced,
        litres_per_year,
        statement,
    })
}
