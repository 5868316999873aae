//! [`HomeFigures`]: all that the home page knows: figures of its periods and the latest samples.

use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::domain::UtcMs;
use crate::domain::ledger::EntryKind;
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::pages::site_figures::{FigureScope, SiteFigures};
use crate::storage::LatestSample;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Figures and samples of the home page.
pub(super) struct HomeFigures {
    /// Today.
    pub(super) today: SiteFigures,
    /// Yesterday and today.
    pub(super) recent: SiteFigures,
    /// The last seven days, with today.
    pub(super) week: SiteFigures,
    /// This month.
    pub(super) month: SiteFigures,
    /// This year.
    pub(super) year: SiteFigures,
    /// Latest sample by point.
    pub(super) latest: BTreeMap<Arc<str>, LatestSample>,
    /// Zone of the site.
    pub(super) zone: TimeZone,
}

impl HomeFigures {
    pub(super) async fn load(app: &ApiListener, lang: Language) -> Result<Self, ApiError> {
        let day = app.today();
        let before = |days: i64| day.checked_sub(days.days()).unwrap_or(day);
        let load = |period| SiteFigures::load(app, period, FigureScope::site(), lang);
        let latest = app.state().store.latest_samples().await?;
        Ok(Self {
            today: load(Period::Day(day)).await?,
            recent: load(Period::Range(before(1), day)).await?,
            week: load(Period::Range(before(6), day)).await?,
            month: load(Period::Month(day.first_of_month())).await?,
            year: load(Period::Year(day.first_of_year())).await?,
            latest: latest
                .into_iter()
                .map(|last| (Arc::clone(&last.point), last))
                .collect(),
            zone: app.0.zone.clone(),
        })
    }

    /// Time of the page.
    pub(super) fn now(&self) -> UtcMs {
        self.today.now
    }

    /// Language of the page.
    pub(super) fn lang(&self) -> Language {
        self.today.lang
    }

    /// Share of the month that has passed, 0 to 1.
    pub(super) fn month_passed(&self) -> f64 {
        let zone = &self.today.config.site.timezone;
        let month = self.month.account.period;
        let (from, _) = zone.day_bounds(month.first());
        let (_, to) = zone.day_bounds(month.last());
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a month")]
        let share = (self.now().0 - from.0) as f64 / (to.0 - from.0).max(1) as f64;
        share.clamp(0.0, 1.0)
    }

    /// Day of the newest record of each indicator of the ledger, of this year and this week.
    pub(super) fn last_entries(&self) -> BTreeMap<Arc<str>, Date> {
        let mut newest: BTreeMap<Arc<str>, Date> = BTreeMap::new();
        for entry in self.year.entries.iter().chain(&self.week.entries) {
            let said = &entry.statement;
            if said.sort != EntryKind::Record || !entry.is_current() {
                continue;
            }
            let day = said.when.last();
            let known = newest.entry(Arc::clone(&said.indicator)).or_insert(day);
            *known = day.max(*known);
        }
        newest
    }
}
