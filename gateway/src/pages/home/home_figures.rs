//! [`HomeFigures`]: all that the home page knows: figures of its periods and the latest samples.

use crate::alarms::RaisedAlarm;
use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::domain::UtcMs;
use crate::domain::ledger::{EntryKind, LedgerEntry};
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::pages::site_figures::{FigureScope, FigureText, SiteFigures};
use crate::report::render::number_format;
use crate::storage::{EvidenceExtent, LatestSample, LedgerQuery};
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
    /// This month, for its targets.
    pub(super) month: SiteFigures,
    /// This month, in the site's first one since its first day of readings.
    pub(super) month_so_far: SiteFigures,
    /// This year, in the site's first one since its first day of readings.
    pub(super) year: SiteFigures,
    /// Ledger entries of this year.
    entries: Vec<LedgerEntry>,
    /// Latest sample by point.
    pub(super) latest: BTreeMap<Arc<str>, LatestSample>,
    /// Alarms that are raised, by rule and subject.
    pub(super) alarms: Vec<(String, RaisedAlarm)>,
    /// Zone of the site.
    pub(super) zone: TimeZone,
}

/// The month or year `whole` of a day. The one in which the readings begin starts with their first
/// day: nothing was expected before, so that nothing is missing.
fn period_so_far(extent: &EvidenceExtent, day: Date, whole: Period) -> Period {
    // Where old readings were deleted, nobody knows the first day.
    let first = extent
        .days
        .first()
        .filter(|_| extent.raw_deleted_before.is_none());
    match first {
        Some(first) if *first > whole.first() => Period::Range(*first.min(&day), day),
        _ => whole,
    }
}

impl HomeFigures {
    pub(super) async fn load(app: &ApiListener, lang: Language) -> Result<Self, ApiError> {
        let day = app.today();
        let before = |days: i64| day.checked_sub(days.days()).unwrap_or(day);
        let load = |period| SiteFigures::load(app, period, FigureScope::site(), lang);
        let store = &app.state().store;
        let latest = store.latest_samples().await?;
        let new_year = day.first_of_year();
        let entries = LedgerQuery {
            from: Some(new_year),
            to: Some(new_year.last_of_year()),
            ..LedgerQuery::default()
        };
        let extent = store.evidence_extent().await?;
        let month = Period::Month(day.first_of_month());
        let month_so_far = period_so_far(&extent, day, month);
        let year_so_far = period_so_far(&extent, day, Period::Year(new_year));
        Ok(Self {
            entries: store.all_ledger_entries(entries).await?,
            today: load(Period::Day(day)).await?,
            recent: load(Period::Range(before(1), day)).await?,
            week: load(Period::Range(before(6), day)).await?,
            month: load(month).await?,
            month_so_far: load(month_so_far).await?,
            year: load(year_so_far).await?,
            latest: latest
                .into_iter()
                .map(|last| (Arc::clone(&last.point), last))
                .collect(),
            alarms: app.state().alarms.raised(store).await?,
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

    /// Figure of this month with its target, in the site's first month since its first day of
    /// readings; `None` when the site has no such figure.
    pub(super) fn month_figure(&self, asset: Option<&str>, id: &str) -> Option<FigureText> {
        let whole = self.month.headline(asset, id)?;
        let so_far = self.month_so_far.headline(asset, id)?;
        // A target is one of the calendar month.
        Some(FigureText {
            target: whole.target,
            target_share: whole.target_share,
            ..so_far
        })
    }

    /// Name of the month and of the year of the page, with the first day of readings where they do
    /// not start at their beginning.
    pub(super) fn names_so_far(&self) -> [String; 2] {
        let name = |figures: &SiteFigures, whole: &str, since: &str| {
            let Period::Range(first, _) = figures.account.period else {
                return self.lang().text(whole);
            };
            let start = number_format::format_short_date(self.lang(), first);
            self.lang().text_with(since, &[("start", &start)])
        };
        [
            name(
                &self.month_so_far,
                "home-this-month",
                "home-this-month-since",
            ),
            name(&self.year, "home-this-year", "home-this-year-since"),
        ]
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
        for entry in self.entries.iter().chain(&self.week.entries) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_month_and_year_begin_with_the_first_readings() {
        let today = Date::constant(2026, 11, 29);
        let so_far = |first: Option<Date>, deleted: Option<Date>| {
            let extent = EvidenceExtent {
                days: first.into_iter().collect(),
                raw_deleted_before: deleted,
                ..EvidenceExtent::default()
            };
            let whole = [
                Period::Month(today.first_of_month()),
                Period::Year(today.first_of_year()),
            ];
            whole.map(|whole| period_so_far(&extent, today, whole).to_string())
        };
        let november = Date::constant(2026, 11, 20);
        let since = "2026-11-20..2026-11-29";
        assert_eq!(so_far(Some(november), None), [since, since]);
        assert_eq!(so_far(Some(november), Some(november)), ["2026-11", "2026"]);
        let (october, older) = (Date::constant(2026, 10, 9), Date::constant(2025, 3, 9));
        assert_eq!(
            so_far(Some(october), None),
            ["2026-11", "2026-10-09..2026-11-29"]
        );
        assert_eq!(so_far(Some(older), None), ["2026-11", "2026"]);
        assert_eq!(so_far(None, None), ["2026-11", "2026"]);
    }
}
