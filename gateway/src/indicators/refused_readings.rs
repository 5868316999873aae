//! [`RefusedReadings`]: readings of a day that were read but not used; and how many of them a total
//! has that may be claimed.

use crate::formulas::saved_state::saved_fields;

/// Number of refused readings of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RefusedReadings {
    pub(crate) all: i64,
    /// Of these, with the sun above the horizon.
    pub(crate) light: i64,
}

saved_fields!(RefusedReadings { all, light });

/// Readings needed for each refused one, so that a total may be claimed as to be checked.
// 2 %: a bus on which torn words are as frequent is at fault itself, and no meter is.
const CLAIMED_PER_REFUSED: u64 = 50;

/// Returns whether so many refused readings beside good ones are too much for a claim.
pub(crate) fn is_much_refused(refused: u64, good: u64) -> bool {
    refused.saturating_mul(CLAIMED_PER_REFUSED) > good
}
