//! [`PlannedImport`]: readings of a file for one point, before they are sent.

use super::counter_falls::CounterFalls;
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

    /// Falls of a counter, where they are more than a counter has.
    pub(super) fn many_falls(&self) -> Option<&CounterFalls> {
        self.falls.as_ref().filter(|falls| falls.are_many())
    }
}

/// Rows of an import.
pub(super) enum ImportRows {
    /// File in the exchange format, line by line.
    Lines(PathBuf),
    /// Table that was read as a whole.
    Table(Vec<ImportRow>),
}
