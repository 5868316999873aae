//! Where waste would have gone without the programme (METHODS E.5): only a dump that stays without
//! air makes a methane baseline.

use super::{Around, words};
use crate::config::factors::chosen;
use crate::config::notes::Notes;
use crate::config::raw::{At, Number, Text};
use crate::model::factor::Factor;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// A dump that nobody knows is taken as a shallow one, which claims least.
const SHALLOW: &str = "swds.mcf.unmanaged_shallow";

/// Where waste would have gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Disposal {
    /// What would have become of it.
    pub fate: Fate,
    /// Methane correction factor of the dump; `None` where there is no dump.
    pub mcf: Option<Arc<Factor>>,
    /// Share of its methane that is captured, 0 to 1; `None`: nobody asked.
    pub gas_captured: Option<f64>,
    /// How it is known, in words.
    pub evidence: String,
}

/// What would have become of waste.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// A dump (TPA) that stays without air.
    Landfill,
    /// Burnt in the open: no methane baseline.
    Burning,
    /// Eaten by animals: no methane baseline.
    AnimalFeed,
    /// A heap on the farm: no methane baseline.
    FarmHeap,
    /// Recycled (TPS-3R): no methane baseline.
    Recycling,
}

impl Fate {
    /// Its word in files and APIs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Landfill => "landfill",
            Self::Burning => "burning",
            Self::AnimalFeed => "animal-feed",
            Self::FarmHeap => "farm-heap",
            Self::Recycling => "recycling",
        }
    }
}

/// `disposal` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawDisposal {
    /// What would have become of the waste.
    #[schemars(required)]
    pub(crate) fate: Option<At<Fate>>,
    /// Methane correction factor of the dump: a factor `swds.mcf.*`; that of a shallow dump when
    /// left out.
    pub(crate) mcf: Text,
    /// Share of the dump's methane that is captured, 0 to 1: ask the dump.
    pub(crate) gas_captured: Number,
    /// How it is known.
    pub(crate) evidence: Text,
}

pub(super) fn disposal(
    notes: &mut Notes<'_>,
    at: &At<RawDisposal>,
    around: &Around<'_>,
) -> Option<Disposal> {
    let raw = at.get();
    let fate = *raw.fate.as_ref()?.get();
    let is_mcf = |factor: &Factor| factor.id.starts_with("swds.mcf.");
    let mcf = chosen(notes, around.factors, &raw.mcf, "mcf", "swds.mcf.*", is_mcf);
    let gas_captured = notes.within(&raw.gas_captured, "gas_captured", 0.0..=1.0);
    let landfill = fate == Fate::Landfill;
    if landfill && raw.gas_captured.is_none() {
        notes.warn(at.span(), "gas_captured", "fault-ask-landfill", "", "");
    }
    let mcf = mcf.or_else(|| around.factors.find(SHALLOW).cloned());
    Some(Disposal {
        fate,
        mcf: mcf.filter(|_| landfill),
        gas_captured,
        evidence: words(&raw.evidence),
    })
}
