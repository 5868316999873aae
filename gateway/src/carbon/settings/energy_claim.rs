//! [`EnergyClaim`]: owner of the emission reduction of a kilowatt-hour (METHODS G.7).
//!
//! Each kilowatt-hour has one owner: two claims for it would count the reduction twice.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawText, SpannedValue};
use schemars::JsonSchema;
use serde::Deserialize;

/// Claim to the emission reduction of an asset's energy.
#[derive(Clone, Debug, PartialEq)]
pub struct EnergyClaim {
    /// Owner of the claim.
    pub owner: String,
    /// True when a renewable energy certificate (REC) was issued; then nothing is avoided here.
    pub rec: bool,
    /// Owner of the claim for exported energy.
    pub export: ExportClaim,
}

/// Owner of the claim for exported energy.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ExportClaim {
    /// The off-taker: the export avoids nothing here.
    #[default]
    OffTaker,
    /// This site; the off-taker has stated that it makes no claim.
    Site,
}

/// `claim` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawClaim {
    /// Owner of the claim.
    #[schemars(required)]
    pub(crate) owner: RawText,
    /// True when a renewable energy certificate (REC) was issued.
    pub(crate) rec: Option<bool>,
    /// Owner of the claim for exported energy, `off-taker` by default.
    pub(crate) export: Option<SpannedValue<ExportClaim>>,
}

pub(crate) fn check_claim(notes: &mut DiagnosticCollector<'_>, raw: &RawClaim) -> EnergyClaim {
    let owner = crate::assets::text_or_empty(&raw.owner);
    if let Some(at) = raw.owner.as_ref().filter(|_| owner.is_empty()) {
        notes.add_error(at.span(), "owner", "fault-missing", "", "");
    }
    EnergyClaim {
        owner,
        rec: raw.rec.unwrap_or(false),
        export: raw.export.as_ref().map(|at| *at.get()).unwrap_or_default(),
    }
}
