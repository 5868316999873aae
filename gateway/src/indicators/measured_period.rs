//! [`MeasuredPeriod`]: a period with what its sums need beside the samples; and the months around a
//! short one ([`periods_around`]).
//!
//! ```text
//! 3 November, now 20 November         looked at as well: 1 to 19 November
//! 1 to 4 December, now 5 December     1 to 4 December and, since it is young, November
//! ```
//!
//! A few days cannot show whether two meters move together. Without the months around them, a day
//! of a month that is to be checked would be claimed.

use crate::assets::Asset;
use crate::config::Config;
use crate::domain::UtcMs;
use crate::domain::calibration::CalibrationHistory;
use crate::domain::period::Period;
use crate::domain::redated_stretch::RedatedStretch;
use crate::domain::sample_import::ImportedStretch;
use crate::indicators::asset_figures::SumsRequest;
use crate::indicators::asset_plan::AssetPlan;
use crate::indicators::moving_together::has_main_figure;
use crate::indicators::operating_days::operating_spans;
use crate::indicators::period_days::PeriodDays;
use crate::indicators::{IndicatorQuery, IndicatorsError};
use crate::limits::{COUNTER_LOOKBACK_DAYS, REDATED_SHIFT_MIN_MS};
use crate::storage::{DAY_GRACE_MS, Store};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Milliseconds of 24 hours.
const DAY_MS: i64 = 86_400_000;
/// Days from which a period shows by itself what moves together.
const LONG_DAYS: usize = 28;
/// Days of a month below which the month before is looked at too.
const YOUNG_MONTH_DAYS: usize = 15;

/// A period with the days on which each asset is in operation, and what is known of its samples.
pub(crate) struct MeasuredPeriod {
    ask: IndicatorQuery,
    pub(crate) span: PeriodDays,
    pub(crate) spans: BTreeMap<Arc<str>, PeriodDays>,
    imports: Vec<ImportedStretch>,
    redated: Vec<Arc<RedatedStretch>>,
}

impl MeasuredPeriod {
    /// The period of a query; the error is `Future` when it has not begun.
    pub(crate) async fn open(
        config: &Config,
        store: &Store,
        ask: IndicatorQuery,
    ) -> Result<Self, IndicatorsError> {
        let period = ask.period;
        Self::of_days(config, store, ask, period).await
    }

    /// The days of a query alone that lie in `part`, which begins with its period: they have the
    /// sums of closed days in common with it.
    async fn of_days(
        config: &Config,
        store: &Store,
        ask: IndicatorQuery,
        part: Period,
    ) -> Result<Self, IndicatorsError> {
        let span = PeriodDays::new(&config.site, part, ask.now)?;
        Ok(Self {
            spans: operating_spans(config, &span),
            imports: imported_stretches(store, &span).await?,
            redated: redated_stretches(store, &span).await?,
            ask,
            span,
        })
    }

    /// Plans of the assets that are wanted and in operation, in the order of the configuration.
    pub(crate) async fn plans<'a>(
        &'a self,
        (config, store): (&'a Config, &Store),
        calibrations: &'a CalibrationHistory,
        is_wanted: impl Fn(&Asset) -> bool,
    ) -> Result<Vec<AssetPlan<'a>>, IndicatorsError> {
        let revision = config.revision_id();
        let mut plans = Vec::new();
        for asset in config.assets.iter().filter(|one| is_wanted(one)) {
            let Some(span) = self.spans.get(&asset.id) else {
                continue;
            };
            let request = SumsRequest {
                config,
                asset,
                span,
                calibrations,
                imports: &self.imports,
                redated: &self.redated,
            };
            plans.push(AssetPlan::new(store, &revision, &self.ask, request).await?);
        }
        Ok(plans)
    }
}

/// The months around a short period; none for a long one, and none where fewer than two assets
/// could measure the same.
pub(crate) async fn periods_around(
    config: &Config,
    store: &Store,
    of: &MeasuredPeriod,
) -> Result<Vec<MeasuredPeriod>, IndicatorsError> {
    let mut measured = config.assets.iter().filter(|one| has_main_figure(one));
    if measured.nth(1).is_none() {
        return Ok(Vec::new());
    }
    let (today, _) = of.span.local_time(of.ask.now.0);
    let (open, _) = of
        .span
        .local_time(of.ask.now.0.saturating_sub(DAY_GRACE_MS));
    let mut all = Vec::new();
    for days in months_around(of.ask.period, today, open) {
        let ask = IndicatorQuery {
            period: Period::Month(days.first()),
            ..of.ask.clone()
        };
        all.push(MeasuredPeriod::of_days(config, store, ask, days).await?);
    }
    Ok(all)
}

/// Months in which a short period lies, and the one before where the first of them is young, each
/// with the days before `open` alone: those are read once, and then kept as sums.
fn months_around(period: Period, today: Date, open: Date) -> Vec<Period> {
    let passed = |period: Period| {
        let days = period.first().series(jiff::Span::new().days(1));
        let days = days.take_while(|day| *day <= period.last().min(today));
        days.take(LONG_DAYS).count()
    };
    if passed(period) >= LONG_DAYS {
        return Vec::new();
    }
    let month = |day: Date| day.first_of_month();
    let first = month(period.first());
    let mut all = BTreeSet::from([first, month(period.last().min(today))]);
    if passed(Period::Month(first)) < YOUNG_MONTH_DAYS {
        all.extend(first.yesterday().ok().map(month));
    }
    // What the period is itself needs no second look.
    let all = all.into_iter().map(Period::Month);
    let all = all.filter(|month| *month != period);
    let closed = all.filter_map(|month| match open.yesterday() {
        Ok(last) if last >= month.last() => Some(month),
        Ok(last) if last >= month.first() => Some(Period::Range(month.first(), last)),
        _ => None,
    });
    closed.filter(|one| *one != period).collect()
}

/// Imported stretches of the period, and of the time before it in which its first readings are
/// looked for.
async fn imported_stretches(
    store: &Store,
    span: &PeriodDays,
) -> Result<Vec<ImportedStretch>, IndicatorsError> {
    let from = span.from.saturating_sub(COUNTER_LOOKBACK_DAYS * DAY_MS);
    let found = store
        .imported_stretches(UtcMs(from), UtcMs(span.to))
        .await?;
    Ok(found)
}

/// Stretches of the period whose readings were dated afterwards, by more than a clock drifts.
async fn redated_stretches(
    store: &Store,
    span: &PeriodDays,
) -> Result<Vec<Arc<RedatedStretch>>, IndicatorsError> {
    let found = store
        .redated_stretches(UtcMs(span.from), UtcMs(span.to))
        .await?;
    let told = found
        .into_iter()
        .filter(|one| one.shift_ms.abs() >= REDATED_SHIFT_MIN_MS);
    Ok(told.map(Arc::new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_period_is_looked_at_with_the_months_around_it() {
        for (period, today, wanted) in [
            ("2026-11-03", "2026-12-20", &["2026-11"][..]),
            ("2026-11-03", "2026-11-20", &["2026-11-01..2026-11-19"]),
            ("2026-11-20", "2026-11-20", &["2026-11-01..2026-11-19"]),
            ("2026-12-01", "2026-12-01", &["2026-11"]),
            (
                "2026-12-04",
                "2026-12-05",
                &["2026-11", "2026-12-01..2026-12-04"],
            ),
            ("2026-W49", "2027-01-31", &["2026-11", "2026-12"]),
            // A running month is long enough when most of it has passed.
            ("2026-12", "2026-12-10", &["2026-11"]),
            ("2026-12", "2026-12-20", &[]),
            ("2026-12", "2026-12-30", &[]),
            ("2026-11-20..2026-12-20", "2026-12-30", &[]),
            ("2026", "2026-01-05", &["2025-12", "2026-01-01..2026-01-04"]),
        ] {
            let [period, today] = [period, today].map(|text| text.parse::<Period>().unwrap());
            let found = months_around(period, today.first(), today.first());
            let found: Vec<String> = found.iter().map(Period::to_string).collect();
            assert_eq!(found, wanted, "{period} on {today}");
        }
    }
}
