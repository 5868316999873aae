//! Who may claim a kilowatt-hour (METHODS G.7): each has one owner.

use crate::config::notes::Notes;
use crate::config::raw::{At, Text};
use schemars::JsonSchema;
use serde::Deserialize;

/// Who may claim the effect of this energy.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Whose effect it is.
    pub owner: String,
    /// A certificate (REC) was issued for it: then no emission is avoided here.
    pub rec: bool,
    /// Who claims what is given to the grid.
    pub export: ExportClaim,
}

/// Who claims exported energy.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ExportClaim {
    /// Who takes it: it avoids nothing here.
    #[default]
    OffTaker,
    /// This site; the off-taker has said that it does not.
    Site,
}

/// `claim` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawClaim {
    /// Whose effect it is.
    #[schemars(required)]
    pub(crate) owner: Text,
    /// A certificate (REC) was issued for it.
    pub(crate) rec: Option<bool>,
    /// Who claims what is given to the grid, `off-taker` when left out.
    pub(crate) export: Option<At<ExportClaim>>,
}

pub(super) fn claim(notes: &mut Notes<'_>, raw: &RawClaim) -> Claim {
    let owner = super::words(&raw.owner);
    if let Some(at) = raw.owner.as_ref().filter(|_| owner.is_empty()) {
        notes.fault(at.span(), "owner", "fault-missing", "", "");
    }
    Claim {
        owner,
        rec: raw.rec.unwrap_or(false),
        export: raw.export.as_ref().map(|at| *at.get()).unwrap_or_default(),
    }
}
