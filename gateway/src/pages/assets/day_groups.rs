//! Days of a period in groups that a plot or a table can show: single days, or months.

use crate::domain::indicator::DailyValues;
use crate::report::content;
use jiff::civil::Date;
use std::ops::Range;

/// Longest period that is shown day by day; a longer one is shown by month.
pub(crate) const DAYS_SHOWN_MAX: i32 = 100;

/// Days of a period, in groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DayGroups {
    /// The groups are months.
    pub(crate) by_month: bool,
    /// First day of each group, and the range of its days.
    pub(crate) all: Vec<(Date, Range<usize>)>,
}

impl DayGroups {
    /// Groups of the days of a series.
    pub(crate) fn of(series: &DailyValues) -> Self {
        let by_month = i32::try_from(series.days.len()).is_ok_and(|days| days > DAYS_SHOWN_MAX);
        let mut all: Vec<(Date, Range<usize>)> = Vec::new();
        for (index, (day, ..)) in series.days.iter().enumerate() {
            match all.last_mut() {
                Some((first, range))
                    if by_month && first.first_of_month() == day.first_of_month() =>
                {
                    range.end = index + 1;
                }
                _ => all.push((*day, index..index + 1)),
            }
        }
        Self { by_month, all }
    }

    /// The group that contains a day.
    pub(crate) fn group_of(&self, day: Date) -> Option<usize> {
        let after = self.all.partition_point(|(first, _)| *first <= day);
        after.checked_sub(1)
    }
}

/// Value of a group: the sum of its days, or their mean for a level; `None` when no day has one.
pub(crate) fn group_value(series: &DailyValues, range: &Range<usize>) -> Option<f64> {
    let days = series.days.get(range.clone())?;
    let (sum, count) = sum_and_count(days.iter().map(|(_, value, _)| *value));
    if count == 0.0 {
        return None;
    }
    let is_flow = content::is_flow(series);
    Some(if is_flow { sum } else { sum / count })
}

/// Mean measured share of a group.
pub(crate) fn group_share(series: &DailyValues, range: &Range<usize>) -> Option<f64> {
    let days = series.days.get(range.clone())?;
    let shares = days
        .iter()
        .map(|(.., known)| content::relevant_completeness(&series.id, known));
    let (sum, count) = sum_and_count(shares);
    (count > 0.0).then(|| sum / count)
}

fn sum_and_count(values: impl Iterator<Item = Option<f64>>) -> (f64, f64) {
    values
        .flatten()
        .fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::indicator::CompletenessShares;
    use jiff::ToSpan;

    fn series(days: i64, value: impl Fn(i64) -> Option<f64>) -> DailyValues {
        let first = Date::constant(2026, 1, 1);
        let day = |n: i64| {
            let date = first.saturating_add(n.days());
            (date, value(n), CompletenessShares::default())
        };
        DailyValues {
            id: "plts.generation".into(),
            asset: None,
            unit: "kWh".into(),
            days: (0..days).map(day).collect(),
        }
    }

    #[test]
    fn a_year_is_shown_by_month_and_a_month_without_values_has_none() {
        let year = series(365, |day| (day >= 31).then_some(1.0));
        let groups = DayGroups::of(&year);
        assert!(groups.by_month);
        let values: Vec<_> = groups
            .all
            .iter()
            .map(|(_, range)| group_value(&year, range))
            .collect();
        assert_eq!(values[..3], [None, Some(28.0), Some(31.0)]);
        assert_eq!(groups.group_of(Date::constant(2026, 3, 9)), Some(2));
    }

    #[test]
    fn a_month_is_shown_by_day() {
        let month = series(31, |_| Some(2.0));
        let groups = DayGroups::of(&month);
        assert!(!groups.by_month);
        assert_eq!(groups.all.len(), 31);
        assert_eq!(group_value(&month, &groups.all[3].1), Some(2.0));
        assert_eq!(group_share(&month, &groups.all[3].1), None);
    }
}
