//! [`ChangesSinceJson`]: what came after an issued report, as JSON.

use crate::evidence::{ChangesSince, StatedQuantity};
use serde::{Deserialize, Serialize};

/// Changes in the store after a report was issued that concern its period.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ChangesSinceJson {
    /// Days that got a further record.
    pub days: Vec<ChangedDayJson>,
    /// Number of days that were closed.
    pub closed_days: u64,
    /// Ledger entries.
    pub entries: Vec<EntrySinceJson>,
    /// Configurations, built-in factors and calibrations.
    pub texts: Vec<TextSinceJson>,
    /// Imports of files.
    pub imports: Vec<ImportSinceJson>,
    /// Number of changes beyond the bounds of the lists.
    pub left_out: u64,
    /// The same as sentences in the language of the request.
    pub lines: Vec<String>,
}

/// A day that got a further record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ChangedDayJson {
    /// The local day.
    pub day: String,
    /// Reasons of the record.
    pub reasons: Vec<String>,
}

/// A ledger entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EntrySinceJson {
    /// Its number.
    pub id: u64,
    /// Time of recording, RFC 3339, UTC.
    pub at: String,
    /// Name of the person or program that recorded it.
    pub by: String,
    /// Number of the entry that it replaces.
    pub supersedes: Option<u64>,
    /// `record`, `target` or `baseline`.
    pub sort: String,
    /// Id of the indicator.
    pub indicator: String,
    /// Its quantity; `null` when it withdraws another entry.
    pub quantity: Option<StatedQuantityJson>,
    /// Quantity of the entry that it replaces. `null` without one.
    pub before: Option<StatedQuantityJson>,
}

/// A quantity as an entry states it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StatedQuantityJson {
    /// Decimal text.
    pub value: String,
    /// Symbol of the unit.
    pub unit: String,
}

/// A text that came into force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TextSinceJson {
    /// `configuration`, `factors` or `calibrations`.
    pub kind: String,
    /// Its number.
    pub id: u64,
    /// Time from which it holds, RFC 3339, UTC.
    pub since: String,
    /// Places of a configuration that differ from the one before.
    pub places: Vec<String>,
    /// Points, or the tank, of a calibration.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Pairs of a calibration, as `/api/v1/calibrations` has them.
    #[serde(default)]
    pub pairs: Vec<(f64, f64)>,
}

/// An import of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ImportSinceJson {
    /// Its number.
    pub id: u64,
    /// Point.
    pub point: String,
    /// Name of the file.
    pub file: String,
    /// Name of the person; empty when it is not known.
    pub by: String,
    /// Time of the import, RFC 3339, UTC.
    pub at: String,
    /// Number of samples.
    pub samples: u64,
    /// Number of those in the place of a kept one.
    pub replaced: u64,
}

impl From<&StatedQuantity> for StatedQuantityJson {
    fn from(of: &StatedQuantity) -> Self {
        Self {
            value: of.value.clone(),
            unit: of.unit.clone(),
        }
    }
}

impl ChangesSinceJson {
    /// Changes with their sentences.
    pub(crate) fn new(changes: &ChangesSince, lines: Vec<String>) -> Self {
        let days = changes.days.iter().map(|one| ChangedDayJson {
            day: one.day.to_string(),
            reasons: one
                .reasons
                .iter()
                .map(|why| why.word().to_owned())
                .collect(),
        });
        let entries = changes.entries.iter().map(|one| EntrySinceJson {
            id: one.id,
            at: one.at.to_string(),
            by: one.by.clone(),
            supersedes: one.supersedes,
            sort: one.sort.clone(),
            indicator: one.indicator.clone(),
            quantity: one.quantity.as_ref().map(StatedQuantityJson::from),
            before: one.before.as_ref().map(StatedQuantityJson::from),
        });
        let texts = changes.texts.iter().map(|one| TextSinceJson {
            kind: one.kind.word().to_owned(),
            id: one.id,
            since: one.since.to_string(),
            places: one.places.clone(),
            targets: one
                .calibration
                .iter()
                .flat_map(|said| &said.targets)
                .map(ToString::to_string)
                .collect(),
            pairs: one
                .calibration
                .iter()
                .flat_map(|said| said.pairs.clone())
                .collect(),
        });
        let imports = changes.imports.iter().map(|one| ImportSinceJson {
            id: one.id,
            point: one.point.clone(),
            file: one.file.clone(),
            by: one.by.clone(),
            at: one.at.to_string(),
            samples: one.samples,
            replaced: one.replaced,
        });
        Self {
            days: days.collect(),
            closed_days: changes.closed,
            entries: entries.collect(),
            texts: texts.collect(),
            imports: imports.collect(),
            left_out: changes.left_out,
            lines,
        }
    }
}
