//! [`ChangesSince`]: what came into the store after a report was issued.

use super::chain_remark::RevisedDay;
use super::day_record::RevisionKind;
use crate::domain::UtcMs;
use crate::domain::calibration::Calibration;

/// Changes after an issued report that concern its period. Each list is bounded by
/// `EVIDENCE_FAULTS_MAX`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangesSince {
    /// Days of the period that got a further record.
    pub days: Vec<RevisedDay>,
    /// Number of days of the period that were closed.
    pub closed: u64,
    /// Ledger entries of the period, and those that replace one of the period.
    pub entries: Vec<EntrySince>,
    /// Configurations, built-in factors and calibrations.
    pub texts: Vec<TextSince>,
    /// Imports into the period.
    pub imports: Vec<ImportSince>,
    /// Number of changes beyond the bounds.
    pub left_out: u64,
}

/// Ledger entry that was recorded afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntrySince {
    /// Number.
    pub id: u64,
    /// `record`, `target` or `baseline`.
    pub sort: String,
    /// Id of the indicator.
    pub indicator: String,
    /// Its quantity; `None` when it withdraws another entry.
    pub quantity: Option<StatedQuantity>,
    /// Quantity of the entry that it replaces.
    pub before: Option<StatedQuantity>,
    /// Time of recording.
    pub at: UtcMs,
    /// Name of the person or program that recorded it.
    pub by: String,
    /// Number of the entry that it replaces.
    pub supersedes: Option<u64>,
}

/// Quantity as an entry states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedQuantity {
    /// Decimal text.
    pub value: String,
    /// Symbol of the unit.
    pub unit: String,
}

/// Text that came into force afterwards.
#[derive(Clone, Debug, PartialEq)]
pub struct TextSince {
    /// Kind of the text.
    pub kind: RevisionKind,
    /// Number.
    pub id: u64,
    /// Time from which it holds.
    pub since: UtcMs,
    /// Places that differ from the one before it, as far as they are known.
    pub places: Vec<String>,
    /// The calibration, when it is one.
    pub calibration: Option<Box<Calibration>>,
}

/// Import that was made afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportSince {
    /// Number.
    pub id: u64,
    /// Point, `device.point`.
    pub point: String,
    /// Name of the file.
    pub file: String,
    /// Name of the person; empty when it is not known.
    pub by: String,
    /// Time of the last part of the import.
    pub at: UtcMs,
    /// Number of samples.
    pub samples: u64,
    /// Number of those in the place of a kept one.
    pub replaced: u64,
}

impl ChangesSince {
    /// Returns whether nothing came.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
