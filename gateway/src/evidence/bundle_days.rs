//! Days of a bundle: those of its period, and those before and after it that figures read.

use super::bundle::BundleSummary;
use super::day_record::DayRecord;
use crate::domain::period::Period;
use crate::limits::COUNTER_LOOKBACK_DAYS;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// Newest record of each closed day.
pub type ClosedDayRecords = BTreeMap<Date, DayRecord>;

/// Returns whether figures of a period may read a day at all.
pub fn is_near_period(period: Period, day: Date) -> bool {
    let looks_back = jiff::Span::new().days(COUNTER_LOOKBACK_DAYS);
    let from = period.first().saturating_sub(looks_back);
    let to = period.last().tomorrow().unwrap_or(Date::MAX);
    (from..=to).contains(&day)
}

/// Keeps the days that figures of the period read: its own, the one after it (a reading at midnight
/// counts in the day before), the one before it, and for each point that has no reading there, the
/// last day before with one.
pub fn days_of_figures(mut days: ClosedDayRecords, period: Period) -> ClosedDayRecords {
    let mut kept = days.split_off(&period.first());
    let named = |record: &DayRecord| -> BTreeSet<String> {
        let lines = record.samples.iter();
        lines.map(|line| line.point.clone()).collect()
    };
    let mut missing: BTreeSet<String> = kept.values().flat_map(named).collect();
    let yesterday = period.first().yesterday().ok();
    for (day, record) in days.into_iter().rev() {
        let there = named(&record);
        let is_needed = !missing.is_disjoint(&there);
        if is_needed || yesterday == Some(day) {
            missing.retain(|point| !there.contains(point));
            kept.insert(day, record);
        }
    }
    kept
}

/// Days that a summary has to name.
#[derive(Debug, PartialEq, Eq)]
pub struct BundleDays {
    /// First closed day of the period.
    pub first: Date,
    /// Last closed day of the period.
    pub last: Date,
    /// Days before the period.
    pub before: Vec<String>,
    /// Days after it.
    pub after: Vec<String>,
}

impl BundleDays {
    /// Returns the days of a bundle with these records; `None` when no day of the period is closed.
    pub fn of(days: &ClosedDayRecords, period: Period) -> Option<Self> {
        let mut within = days.keys().filter(|day| period.contains(**day));
        let first = *within.next()?;
        let outside = |is_there: fn(&Date, &Date) -> bool, edge: Date| -> Vec<String> {
            let days = days.keys().filter(|day| is_there(day, &edge));
            days.map(ToString::to_string).collect()
        };
        Some(Self {
            first,
            last: within.next_back().copied().unwrap_or(first),
            before: outside(Date::lt, period.first()),
            after: outside(Date::gt, period.last()),
        })
    }

    /// Returns the key of a summary that does not name these days: the period where several are
    /// others.
    pub(super) fn differing_key(&self, about: &BundleSummary) -> Option<&'static str> {
        let keys = [
            ("first", about.first == self.first.to_string()),
            ("last", about.last == self.last.to_string()),
            ("before", about.before == self.before),
            ("after", about.after == self.after),
        ];
        let mut differs = keys.into_iter().filter(|(_, is_same)| !is_same);
        let (key, _) = differs.next()?;
        Some(differs.next().map_or(key, |_| "period"))
    }
}

/// Returns whether the days without samples are the oldest ones: retention deletes in that order.
pub(super) fn are_oldest(gone: &BTreeSet<Date>, days: &ClosedDayRecords) -> bool {
    let kept = days.keys().find(|day| !gone.contains(*day));
    kept.is_none_or(|kept| gone.range(kept..).next().is_none())
}
