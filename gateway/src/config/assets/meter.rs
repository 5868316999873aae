//! `meter`: an electricity meter.

use super::claim::{self, Claim, RawClaim};
use super::point::{self, KWH, PointUse, WATT};
use super::{Around, one_of};
use crate::config::notes::Notes;
use crate::config::raw::{At, Text};
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;

/// An electricity meter.
#[derive(Clone, Debug, PartialEq)]
pub struct Meter {
    /// Power, W; positive when taken.
    pub power: Option<PointUse>,
    /// All energy, kWh.
    pub energy: Option<PointUse>,
    /// Energy taken, kWh.
    pub import: Option<PointUse>,
    /// Energy given, kWh.
    pub export: Option<PointUse>,
    /// Who may claim the energy.
    pub claim: Option<Claim>,
}

/// `meter` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawMeter {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: Text,
    /// Name for people.
    pub(crate) name: Text,
    /// Point of the power; positive when taken.
    pub(crate) power: Text,
    /// Point of all energy, a counter.
    pub(crate) energy: Text,
    /// Point of the energy taken, a counter.
    pub(crate) import: Text,
    /// Point of the energy given, a counter.
    pub(crate) export: Text,
    /// Who may claim the energy.
    pub(crate) claim: Option<At<RawClaim>>,
}

pub(super) fn meter(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    raw: &RawMeter,
    around: &mut Around<'_>,
) -> Meter {
    let keys = [
        ("energy", raw.energy.is_some()),
        ("import", raw.import.is_some()),
        ("export", raw.export.is_some()),
        ("power", raw.power.is_some()),
    ];
    one_of(notes, span, &keys);
    Meter {
        power: point::point(notes, around, &raw.power, "power", WATT),
        energy: point::total(notes, around, &raw.energy, "energy", KWH),
        import: point::total(notes, around, &raw.import, "import", KWH),
        export: point::total(notes, around, &raw.export, "export", KWH),
        claim: raw.claim.as_ref().map(|at| claim::claim(notes, at.get())),
    }
}
