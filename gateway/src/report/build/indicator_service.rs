//! [`IndicatorService`]: one entry for the figures of a period, for pages and API alike. Equal
//! questions at the same time are computed once, and the last few answers are kept.

use super::{ReportBuildError, compute_indicators, keep_closed_days};
use crate::config::Config;
use crate::domain::UtcMs;
use crate::domain::indicator::{DailyValues, DataEvent, Indicator, SiteIndicators};
use crate::domain::period::Period;
use crate::indicators::{CalculationProgress, IndicatorQuery};
use crate::limits::{INDICATOR_RESULT_BYTES_MAX, INDICATOR_RESULTS_MAX, INDICATOR_REUSE_MS};
use crate::report::build::calculation_turns::CalculationTurns;
use crate::storage::{DAY_GRACE_MS, Store};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Figures of the configuration in force.
#[derive(Debug)]
pub struct IndicatorService {
    config: Arc<Config>,
    store: Store,
    turns: CalculationTurns,
    kept: Mutex<Vec<KeptIndicators>>,
    running: Mutex<HashMap<ResultKey, Weak<RunningCalculation>>>,
}

/// Period, asset and daily values of a question.
type ResultKey = (Period, Option<Arc<str>>, bool);

/// Lock of the calculations of one key, with the last answer.
type RunningCalculation = tokio::sync::Mutex<Option<KeptIndicators>>;

/// Figures that can be given out again.
#[derive(Clone, Debug)]
struct KeptIndicators {
    key: ResultKey,
    account: Arc<SiteIndicators>,
    /// Present time of the calculation.
    now: UtcMs,
    /// Time from which the period is closed, ms.
    closed_from: i64,
    data_revision: u64,
}

impl IndicatorService {
    /// Service without any answer yet.
    pub fn new(config: Arc<Config>, store: Store) -> Self {
        Self {
            config,
            store,
            turns: CalculationTurns::default(),
            kept: Mutex::default(),
            running: Mutex::default(),
        }
    }

    /// Turns of the calculations, also for reports.
    pub fn turns(&self) -> &CalculationTurns {
        &self.turns
    }

    /// Figures of a period. An open period's figures may be `INDICATOR_REUSE_MS` old.
    pub async fn indicators(
        self: &Arc<Self>,
        ask: IndicatorQuery,
        progress: impl FnMut(CalculationProgress) + Send + 'static,
    ) -> Result<Arc<SiteIndicators>, ReportBuildError> {
        if let Some(found) = self.kept_answer(&ask) {
            return Ok(found);
        }
        let mut last = self.running_calculation(&ask).lock_owned().await;
        // Another one may have computed the same while this one waited.
        let revision = self.store.data_revision();
        if let Some(found) = last.as_ref().filter(|one| one.answers(&ask, revision)) {
            return Ok(Arc::clone(&found.account));
        }
        let service = Arc::clone(self);
        // A task of its own: it goes on, and others get its answer, also when the caller has gone.
        let work = tokio::spawn(async move {
            let (config, store) = (Arc::clone(&service.config), service.store.clone());
            let turns = service.turns.clone();
            let account = compute_indicators(config, store, ask.clone(), turns, progress).await?;
            // The revision from before the calculation: data that came meanwhile make it outdated.
            let one = service.keep(&ask, Arc::new(account), revision);
            let account = Arc::clone(&one.account);
            *last = Some(one);
            Ok(account)
        });
        work.await?
    }

    /// Reads the closed days of the question into snapshots.
    pub async fn prepare(&self, ask: IndicatorQuery) -> Result<(), ReportBuildError> {
        let (config, store) = (Arc::clone(&self.config), self.store.clone());
        keep_closed_days(config, store, ask, self.turns.clone()).await
    }

    fn kept_answer(&self, ask: &IndicatorQuery) -> Option<Arc<SiteIndicators>> {
        let revision = self.store.data_revision();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|one| one.answers(ask, revision));
        found.map(|one| Arc::clone(&one.account))
    }

    /// Lock of the equal questions.
    fn running_calculation(&self, ask: &IndicatorQuery) -> Arc<RunningCalculation> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // Only weak locks are kept: a key goes when nobody computes it or waits for it.
        running.retain(|_, lock| lock.strong_count() > 0);
        let known = running.get(&result_key(ask)).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let lock = Arc::default();
            running.insert(result_key(ask), Arc::downgrade(&lock));
            lock
        })
    }

    /// Keeps an answer, in the place of the oldest ones.
    fn keep(
        &self,
        ask: &IndicatorQuery,
        account: Arc<SiteIndicators>,
        data_revision: u64,
    ) -> KeptIndicators {
        let (_, UtcMs(end)) = self.config.site.timezone.day_bounds(ask.period.last());
        let one = KeptIndicators {
            key: result_key(ask),
            account,
            now: ask.now,
            closed_from: end.saturating_add(DAY_GRACE_MS),
            data_revision,
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|other| other.key != one.key && other.data_revision == data_revision);
        kept.push(one.clone());
        let bytes = |kept: &[KeptIndicators]| -> usize {
            kept.iter().map(|one| approximate_bytes(&one.account)).sum()
        };
        while kept.len() > INDICATOR_RESULTS_MAX || bytes(&kept) > INDICATOR_RESULT_BYTES_MAX {
            kept.remove(0);
        }
        one
    }
}

impl KeptIndicators {
    fn answers(&self, ask: &IndicatorQuery, data_revision: u64) -> bool {
        let closed = self.now.0 >= self.closed_from && ask.now.0 >= self.closed_from;
        // Absolute, since the wall clock may have been set back in between.
        let recent = (ask.now.0 - self.now.0).abs() <= INDICATOR_REUSE_MS;
        self.key == result_key(ask)
            && self.data_revision == data_revision
            && (closed || recent)
            && ask.snapshots
    }
}

fn result_key(ask: &IndicatorQuery) -> ResultKey {
    (ask.period, ask.asset.clone(), ask.daily)
}

/// Memory of figures, bytes; names are shared and not counted.
fn approximate_bytes(account: &SiteIndicators) -> usize {
    let figure = |one: &Indicator| {
        size_of::<Indicator>()
            + size_of_val(&one.inputs[..])
            + size_of_val(&one.factors[..])
            + 3 * size_of_val(&one.remarks[..])
    };
    let days = |one: &DailyValues| size_of::<DailyValues>() + size_of_val(&one.days[..]);
    let figures = account.indicators.iter().chain(&account.sources);
    figures.map(figure).sum::<usize>()
        + account.daily.iter().map(days).sum::<usize>()
        + account.events.len() * size_of::<DataEvent>()
}

#[cfg(test)]
#[path = "indicator_service_tests.rs"]
mod tests;
