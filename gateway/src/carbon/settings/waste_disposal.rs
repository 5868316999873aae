//! [`WasteDisposal`]: disposal of waste without the programme, the methane baseline (METHODS E.5).
//!
//! Only an anaerobic dump gives a methane baseline.

use crate::assets::{CheckContext, text_or_empty};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::factors::choose_factor;
use crate::config::raw_values::{RawNumber, RawText, SpannedValue};
use crate::domain::factor::Factor;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Default methane correction factor: a shallow dump.
// Of all types of dump it claims the least.
const SHALLOW_DUMP_FACTOR: &str = "swds.mcf.unmanaged_shallow";

/// Disposal that the programme replaces.
#[derive(Clone, Debug, PartialEq)]
pub struct WasteDisposal {
    /// Fate of the waste.
    pub fate: WasteFate,
    /// Methane correction factor of the dump; `None` for other fates.
    pub mcf: Option<Arc<Factor>>,
    /// Share of its methane that is captured, 0 to 1; `None` when not known.
    pub gas_captured: Option<f64>,
    /// Evidence, as text.
    pub evidence: String,
}

/// Fate of the waste without the programme.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum WasteFate {
    /// Anaerobic dump (TPA): the only methane baseline.
    Landfill,
    /// Open burning: no methane baseline.
    Burning,
    /// Animal feed: no methane baseline.
    AnimalFeed,
    /// Heap on a farm: no methane baseline.
    FarmHeap,
    /// Recycling (TPS-3R): no methane baseline.
    Recycling,
}

impl WasteFate {
    /// Word in files and APIs.
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
    /// Fate of the waste without the programme.
    #[schemars(required)]
    pub(crate) fate: Option<SpannedValue<WasteFate>>,
    /// Methane correction factor of the dump, a factor `swds.mcf.*`; that of a shallow dump by
    /// default.
    pub(crate) mcf: RawText,
    /// Share of the dump's methane that is captured, 0 to 1, as stated by the dump.
    pub(crate) gas_captured: RawNumber,
    /// Evidence.
    pub(crate) evidence: RawText,
}

/// Returns the factors on which the disposal depends.
pub(crate) fn disposal_factors(disposal: Option<&WasteDisposal>) -> Vec<&Arc<Factor>> {
    let mcf = disposal.and_then(|one| one.mcf.as_ref());
    mcf.into_iter().collect()
}

/// Checks `disposal`, when the site has typed it.
pub(crate) fn check_disposal(
    notes: &mut DiagnosticCollector<'_>,
    typed: Option<&SpannedValue<RawDisposal>>,
    around: &CheckContext<'_>,
) -> Option<WasteDisposal> {
    let at = typed?;
    let raw = at.get();
    let fate = *raw.fate.as_ref()?.get();
    let is_mcf = |factor: &Factor| factor.id.starts_with("swds.mcf.");
    let mcf = choose_factor(notes, around.factors, &raw.mcf, "mcf", "swds.mcf.*", is_mcf);
    let gas_captured = notes.ranged_number(&raw.gas_captured, "gas_captured");
    let landfill = fate == WasteFate::Landfill;
    // Nothing is claimed until the dump has been asked (METHODS E.5).
    if landfill && raw.gas_captured.is_none() {
        notes.add_warning(at.span(), "gas_captured", "fault-ask-landfill", "", "");
    }
    let mcf = mcf.or_else(|| around.factors.find(SHALLOW_DUMP_FACTOR).cloned());
    Some(WasteDisposal {
        fate,
        mcf: mcf.filter(|_| landfill),
        gas_captured,
        evidence: text_or_empty(&raw.evidence),
    })
}
