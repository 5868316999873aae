//! [`CalculationTurns`]: one calculation after the other, and short ones beside a long one.

use crate::config::Config;
use crate::domain::indicator::SiteIndicators;
use crate::indicators::{self, CalculationProgress, IndicatorQuery, IndicatorsError};
use crate::limits::{QUICK_POINT_DAYS_MAX, REPORT_WAIT_SECONDS, REPORTS_MAX};
use crate::report::build::report_build_error::ReportBuildError;
use crate::storage::Store;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Turns of calculations: `REPORTS_MAX` long ones at once, and one quick one beside them.
#[derive(Clone, Debug)]
pub struct CalculationTurns {
    long: Arc<Semaphore>,
    quick: Arc<Semaphore>,
}

impl Default for CalculationTurns {
    fn default() -> Self {
        Self {
            long: Arc::new(Semaphore::new(REPORTS_MAX)),
            quick: Arc::new(Semaphore::new(1)),
        }
    }
}

impl CalculationTurns {
    /// Waits for the turn of a report or another long calculation; `Busy` after a minute.
    pub async fn long(&self) -> Result<OwnedSemaphorePermit, IndicatorsError> {
        acquire_turn(&self.long).await
    }

    /// Waits for the turn of a calculation that reads so many point-days.
    pub async fn for_days(&self, point_days: u64) -> Result<OwnedSemaphorePermit, IndicatorsError> {
        // A quick answer must not wait behind a report; it takes less time than a page.
        let quick = point_days <= QUICK_POINT_DAYS_MAX;
        acquire_turn(if quick { &self.quick } else { &self.long }).await
    }
}

async fn acquire_turn(turns: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, IndicatorsError> {
    let turn = Arc::clone(turns).acquire_owned();
    let turn = tokio::time::timeout(Duration::from_secs(REPORT_WAIT_SECONDS), turn).await;
    // The semaphores are never closed, so `Busy` always means that the wait was too long.
    turn.map_err(|_| IndicatorsError::Busy)?
        .map_err(|_| IndicatorsError::Busy)
}

/// Computes the figures of a period when it is its turn, on a blocking thread that goes on also
/// when the caller has gone.
pub async fn compute_indicators(
    config: Arc<Config>,
    store: Store,
    ask: IndicatorQuery,
    turns: CalculationTurns,
    mut progress: impl FnMut(CalculationProgress) + Send + 'static,
) -> Result<SiteIndicators, ReportBuildError> {
    // The computation is CPU-bound for many seconds and asks the store in between: a blocking
    // thread with a handle of the runtime does both.
    let runtime = Handle::current();
    let work = move || {
        let turn = async |point_days| turns.for_days(point_days).await;
        let account = indicators::calculate_in_turn(&config, &store, &ask, turn, &mut progress);
        runtime.block_on(account)
    };
    Ok(tokio::task::spawn_blocking(work).await??)
}

/// Reads the closed days of a question into snapshots when it is its turn, likewise.
pub async fn keep_closed_days(
    config: Arc<Config>,
    store: Store,
    ask: IndicatorQuery,
    turns: CalculationTurns,
) -> Result<(), ReportBuildError> {
    let runtime = Handle::current();
    let work = move || {
        let turn = async |point_days| turns.for_days(point_days).await;
        runtime.block_on(indicators::keep_closed_days(&config, &store, &ask, turn))
    };
    Ok(tokio::task::spawn_blocking(work).await??)
}
