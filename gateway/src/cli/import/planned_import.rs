//! [`PlannedImport`]: readings of a file for one point, before they are sent.

use super::counter_falls::{CounterDoubt, CounterFalls};
use super::import_args::ImportTarget;
use super::value_units::UnitConversion;
use crate::domain::UtcMs;
use crate::samples_csv::DetectedTableFormat;
use crate::storage::ImportRow;
use std::path::PathBuf;

/// Readings for one point, as the file gives them.
pub(super) struct PlannedImport {
    pub(super) target: ImportTarget,
    pub(super) rows: ImportRows,
    /// Number of rows, each time once.
    pub(super) count: u64,
    /// Rows that repeat another row exactly.
    pub(super) repeated: u64,
    /// Interval between the rows, ms.
    pub(super) interval_ms: Option<i64>,
    /// Earliest and latest time.
    pub(super) span: Option<(UtcMs, UtcMs)>,
    /// Format of a table; `None` for the exchange format.
    pub(super) format: Option<DetectedTableFormat>,
    /// Conversion of the values into the unit of the point.
    pub(super) converted: UnitConversion,
    /// Falls of the values; `None` where the point is no counter.
    pub(super) falls: Option<CounterFalls>,
}

impl PlannedImport {
    /// Whether the values were taken from the column of this format.
    pub(super) fn has_column_of(&self, other: &DetectedTableFormat) -> bool {
        self.format
            .as_ref()
            .is_some_and(|format| format.column == other.column)
    }

    /// Doubt whether the values are readings of a counter, with how they change.
    pub(super) fn counter_doubt(&self) -> Option<(CounterDoubt, &CounterFalls)> {
        let falls = self.falls.as_ref()?;
        let heading = self
            .format
            .as_ref()
            .map_or("", |format| &format.column_name);
        Some((falls.doubt(self.interval_ms, heading)?, falls))
    }

    /// Whether the file calls the value at a time wrong.
    pub(super) fn is_wrong(&self, at: UtcMs) -> bool {
        let statuses = self.format.as_ref().map(|format| &format.statuses);
        statuses.is_some_and(|statuses| statuses.is_wrong(at))
    }
}

/// Rows of an import.
pub(super) enum ImportRows {
    /// File in the exchange format, line by line.
    Lines(PathBuf),
    /// Table that was read as a whole.
    Table(Vec<ImportRow>),
}
