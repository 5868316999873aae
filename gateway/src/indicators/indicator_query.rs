//! [`IndicatorQuery`]: request for the figures of a period; progress and errors of the answer.

use crate::domain::UtcMs;
use crate::domain::period::Period;
use crate::storage::StoreError;
use jiff::civil::Date;
use std::sync::Arc;

/// Request for the indicators of a period.
#[derive(Clone, Debug)]
pub struct IndicatorQuery {
    /// Period to be calculated.
    pub period: Period,
    /// One asset; `None`: all assets, the totals of the site and the ledger.
    pub asset: Option<Arc<str>>,
    /// Present time; no samples are expected after it.
    pub now: UtcMs,
    /// Also return the values of each day.
    pub daily: bool,
    /// Use the sums of closed days that the store has kept, and keep new ones; only for the
    /// configuration in force.
    pub snapshots: bool,
}

/// Progress of a calculation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CalculationProgress {
    /// Point-days that have been read.
    pub done: u64,
    /// Point-days of the whole calculation.
    pub all: u64,
}

/// Reasons for which indicators cannot be calculated.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IndicatorsError {
    /// The period has not begun at the present time.
    #[error("the period begins on {0}, which has not come yet")]
    Future(Date),
    /// The site has no asset with this id.
    #[error("no asset {0}")]
    UnknownAsset(Arc<str>),
    /// Other calculations did not end in time.
    #[error("other calculations are running")]
    Busy,
    /// Reading the store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
