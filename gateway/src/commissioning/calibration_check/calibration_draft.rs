//! [`CalibrationDraft`]: a calibration as a technician enters it, and its errors.

use crate::domain::UtcMs;
use crate::domain::calibration::CalibrationKind;
use jiff::civil::Date;
use std::fmt::Display;

/// Calibration as entered by a technician, before the checks.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrationDraft {
    /// Kind of calibration.
    pub kind: CalibrationKind,
    /// Id of a point, a tank or a device, depending on the kind.
    pub target: String,
    /// Pairs as in [`crate::domain::calibration::Calibration::pairs`].
    pub pairs: Vec<(f64, f64)>,
    /// First local day; today when not given.
    pub since: Option<Date>,
    /// Moment of a swap; other kinds have a day.
    pub at: Option<UtcMs>,
    /// Name of the person.
    pub who: String,
    /// Note.
    pub note: String,
}

/// Error in an entered calibration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalibrationCheckError {
    /// Field: `target`, `pairs`, `since`, `at`, `who`, `note` or `withdraws`.
    pub field: &'static str,
    /// Message key; its arguments are `found` and `expected`.
    pub key: &'static str,
    /// Entered value.
    pub found: String,
    /// Acceptable value.
    pub expected: String,
}

impl CalibrationCheckError {
    pub(crate) fn new(
        field: &'static str,
        key: &'static str,
        found: &dyn Display,
        expected: &dyn Display,
    ) -> Self {
        Self {
            field,
            key,
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }
}
