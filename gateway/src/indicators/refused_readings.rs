//! [`RefusedReadings`]: readings of a day that were read but not used.

use crate::formulas::saved_state::saved_fields;

/// Number of refused readings of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RefusedReadings {
    pub(crate) all: i64,
    /// Of these, with the sun above the horizon.
    pub(crate) light: i64,
}

saved_fields!(RefusedReadings { all, light });
