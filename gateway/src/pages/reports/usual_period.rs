//! [`UsualPeriod`]: the period of the reports page when none is asked for.

use crate::domain::period::Period;
use crate::formulas::completeness::PARTIAL_SHARE_MIN;
use crate::formulas::{count_as_f64, finite_ratio};
use crate::storage::EvidenceExtent;
use jiff::ToSpan;
use jiff::civil::Date;

/// Months before the running one that are looked at.
const MONTHS_BACK_MAX: i64 = 12;

/// A month, and why it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UsualPeriod {
    /// The month.
    pub(super) period: Period,
    /// Message key of the reason.
    pub(super) reason: &'static str,
}

impl UsualPeriod {
    /// The newest month that is over and has readings of enough days; where there is none, the
    /// running one. A site without any reading has a report of the ledger of last month.
    pub(super) fn of_site(extent: &EvidenceExtent, today: Date) -> Self {
        let running = today.first_of_month();
        let month = |back: i64| running.saturating_sub(back.months());
        let mut over = (1..=MONTHS_BACK_MAX).map(|back| (back, month(back)));
        let has_enough = |first: Date| {
            extent.days.is_empty() || measured_share(extent, first) >= Some(PARTIAL_SHARE_MIN)
        };
        let (first, reason) = match over.find(|(_, first)| has_enough(*first)) {
            Some((1, first)) => (first, "laporan-shown-last"),
            Some((_, first)) => (first, "laporan-shown-newest"),
            None => (running, "laporan-shown-running"),
        };
        let period = Period::Month(first);
        Self { period, reason }
    }
}

/// Share of the days of a month that have readings. Days whose readings were deleted had some.
fn measured_share(extent: &EvidenceExtent, first: Date) -> Option<f64> {
    let month = Period::Month(first);
    let days = std::iter::successors(Some(first), |day| day.tomorrow().ok());
    let days = days.take_while(|day| month.contains(*day));
    let is_measured = |day: &Date| {
        let is_deleted = extent.raw_deleted_before.is_some_and(|kept| *day < kept);
        is_deleted || extent.days.binary_search(day).is_ok()
    };
    let measured = days.filter(is_measured).count();
    let all = usize::try_from(first.days_in_month()).unwrap_or_default();
    finite_ratio(count_as_f64(measured), count_as_f64(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Period of a page on 29 November 2026, of a site with readings on these days.
    fn usual(days: &[(&str, &str)], deleted: Option<&str>) -> (String, &'static str) {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let days = days.iter().flat_map(|(from, to)| {
            let all = std::iter::successors(Some(date(from)), |day| day.tomorrow().ok());
            all.take_while(move |day| *day <= date(to))
        });
        let extent = EvidenceExtent {
            days: days.collect(),
            raw_deleted_before: deleted.map(date),
            ..EvidenceExtent::default()
        };
        let found = UsualPeriod::of_site(&extent, date("2026-11-29"));
        (found.period.to_string(), found.reason)
    }

    #[test]
    fn last_month_is_shown_when_it_has_readings_of_enough_days() {
        let last = ("2026-10".to_owned(), "laporan-shown-last");
        assert_eq!(usual(&[("2026-10-01", "2026-11-28")], None), last);
        assert_eq!(usual(&[("2026-10-08", "2026-11-28")], None), last);
        assert_eq!(
            usual(&[("2026-11-20", "2026-11-28")], Some("2026-11-01")),
            last
        );
        // Only the ledger has something to report.
        assert_eq!(usual(&[], None), last);
    }

    #[test]
    fn a_month_with_few_days_gives_way_to_the_running_one_or_to_an_older_one() {
        let running = ("2026-11".to_owned(), "laporan-shown-running");
        assert_eq!(usual(&[("2026-10-31", "2026-11-28")], None), running);
        let older = ("2026-08".to_owned(), "laporan-shown-newest");
        assert_eq!(usual(&[("2026-07-20", "2026-09-10")], None), older);
    }
}
