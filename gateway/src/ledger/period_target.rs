//! [`period_target`]: targets (or baselines) of a period and of its parts as one target.

use super::indicator_definition::TotalRule;
use crate::domain::ledger::LedgerEntry;
use crate::domain::period::Period;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Rule by which targets of parts of a period make that of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartsRule {
    /// They are added: kWh, kg.
    Sum,
    /// Their mean counts, by days: a ratio, a temperature.
    Mean,
    /// That at the end of the period counts: a number of members.
    Last,
}

/// Entries that make the target of a period.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PeriodTarget<'a> {
    rule: PartsRule,
    /// Entries, in the order of their days.
    pub(crate) entries: Vec<&'a LedgerEntry>,
    /// Days of the period that they are for.
    pub(crate) days: u32,
    /// All days of the period.
    pub(crate) all_days: u32,
}

impl From<TotalRule> for PartsRule {
    fn from(rule: TotalRule) -> Self {
        match rule {
            TotalRule::Sum => Self::Sum,
            TotalRule::Last => Self::Last,
        }
    }
}

impl PeriodTarget<'_> {
    /// Target in the unit of `quantity`; `None` when one of the entries has none in that unit.
    pub(crate) fn value(&self, quantity: impl Fn(&LedgerEntry) -> Option<f64>) -> Option<f64> {
        let mut sum = 0.0;
        for entry in &self.entries {
            let share = match self.rule {
                PartsRule::Mean => f64::from(days_of(entry)) / f64::from(self.days),
                PartsRule::Sum | PartsRule::Last => 1.0,
            };
            sum += quantity(entry)? * share;
        }
        Some(sum)
    }

    /// Whether it is for all days of the period.
    pub(crate) fn is_whole(&self) -> bool {
        self.days == self.all_days
    }
}

/// Target of `period` from entries of one indicator: the entry for exactly these days, else of the
/// entries within the period those that are for most of its days, no day twice. Of several entries
/// for the same days the newest counts. `None` when no entry is within the period, and for a stock
/// of which none ends with it.
pub(crate) fn period_target<'a>(
    entries: impl IntoIterator<Item = &'a LedgerEntry>,
    rule: PartsRule,
    period: Period,
) -> Option<PeriodTarget<'a>> {
    let all_days = days_between(period.first(), period.last());
    let found = |entries: Vec<&'a LedgerEntry>, days| PeriodTarget {
        rule,
        entries,
        days,
        all_days,
    };
    let mut newest: BTreeMap<(Date, Date), &LedgerEntry> = BTreeMap::new();
    for entry in entries {
        let (first, last) = ends_of(entry);
        if first < period.first() || last > period.last() {
            continue;
        }
        // The last day first: of entries that end before a day, the search needs the last one.
        let kept = newest.entry((last, first)).or_insert(entry);
        if kept.id < entry.id {
            *kept = entry;
        }
    }
    if let Some(exact) = newest.get(&(period.last(), period.first())) {
        return Some(found(vec![exact], all_days));
    }
    let parts: Vec<&LedgerEntry> = newest.into_values().collect();
    if rule == PartsRule::Last {
        let last = parts.last().filter(|one| ends_of(one).1 == period.last())?;
        return Some(found(vec![last], all_days));
    }
    let (days, chosen) = most_days(&parts);
    (!chosen.is_empty()).then(|| found(chosen, days))
}

/// Entries of which no two share a day and that are for the most days, with the number of these
/// days; of equal choices the one with fewer entries. `parts` are in the order of their last days.
fn most_days<'a>(parts: &[&'a LedgerEntry]) -> (u32, Vec<&'a LedgerEntry>) {
    // Choice for the first n parts.
    let mut best = vec![PartsChoice::default()];
    for (place, entry) in parts.iter().enumerate() {
        let first = ends_of(entry).0;
        let before = parts[..place].partition_point(|one| ends_of(one).1 < first);
        let without = best[place];
        let with = PartsChoice {
            days: best[before].days + days_of(entry),
            count: best[before].count + 1,
            before: Some(before),
        };
        let is_better =
            with.days > without.days || (with.days == without.days && with.count < without.count);
        let without = PartsChoice {
            before: None,
            ..without
        };
        best.push(if is_better { with } else { without });
    }
    let (mut chosen, mut at) = (Vec::new(), parts.len());
    while at > 0 {
        let taken = best[at].before;
        if taken.is_some() {
            chosen.push(parts[at - 1]);
        }
        at = taken.unwrap_or(at - 1);
    }
    chosen.reverse();
    (best[parts.len()].days, chosen)
}

/// Best choice among the first parts.
#[derive(Clone, Copy, Default)]
struct PartsChoice {
    days: u32,
    /// Number of chosen entries.
    count: usize,
    /// Number of parts that end before the last one, when that is chosen.
    before: Option<usize>,
}

fn ends_of(entry: &LedgerEntry) -> (Date, Date) {
    (entry.statement.when.first(), entry.statement.when.last())
}

fn days_of(entry: &LedgerEntry) -> u32 {
    let (first, last) = ends_of(entry);
    days_between(first, last)
}

/// Days from `first` to `last`, both included; 0 when they are the wrong way round.
fn days_between(first: Date, last: Date) -> u32 {
    u32::try_from((last - first).get_days() + 1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ExactNumber;
    use crate::domain::UtcMs;
    use crate::domain::ledger::{EntryKind, EntryStatement, EntryTime, QuantityBasis};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Target for days of 2026, by their numbers in the year.
    fn target_of(id: u64, (first, days): (i64, i64)) -> LedgerEntry {
        let begin = jiff::civil::date(2026, 1, 1);
        let day = |count| begin.checked_add(jiff::Span::new().days(count)).unwrap();
        let period = format!("{}..{}", day(first), day(first + days - 1));
        LedgerEntry {
            id,
            statement: EntryStatement {
                sort: EntryKind::Target,
                indicator: "bsf-fed".into(),
                what: String::new(),
                quantity: ExactNumber::with_places(days, 0),
                unit: "kg".into(),
                when: EntryTime::Period(period.parse().unwrap()),
                known: QuantityBasis::Declared,
                who: "Siti".to_owned(),
                note: String::new(),
                attachments: Vec::new(),
                supersedes: None,
            },
            recorded_at: UtcMs(0),
            recorded_by: "siti".to_owned(),
            superseded_by: None,
        }
    }

    /// Greatest number of days that entries without a common day are for, by trying all.
    fn most_by_trying(entries: &[LedgerEntry]) -> u32 {
        let mut most = 0;
        for choice in 0u32..1 << entries.len() {
            let chosen: Vec<_> = entries
                .iter()
                .enumerate()
                .filter(|(place, _)| choice >> place & 1 == 1)
                .map(|(_, entry)| entry)
                .collect();
            let are_apart = chosen.iter().enumerate().all(|(place, one)| {
                chosen[..place].iter().all(|other| {
                    let ((a, b), (c, d)) = (ends_of(one), ends_of(other));
                    b < c || d < a
                })
            });
            let days: u32 = chosen.iter().map(|one| days_of(one)).sum();
            most = most.max(if are_apart { days } else { 0 });
        }
        most
    }

    proptest! {
        #[test]
        fn of_all_parts_those_for_the_most_days_count_and_no_day_twice(
            spans in proptest::collection::vec((0i64..100, 1i64..30), 1..9),
        ) {
            let whole: Period = "2026".parse().unwrap();
            let entries: Vec<_> = (1..).zip(spans).map(|(id, span)| target_of(id, span)).collect();
            let found = period_target(&entries, PartsRule::Sum, whole).unwrap();
            prop_assert_eq!(found.days, most_by_trying(&entries));
            prop_assert_eq!(found.all_days, 365);
            let mut seen = BTreeSet::new();
            for entry in &found.entries {
                let (mut day, last) = ends_of(entry);
                while day <= last {
                    prop_assert!(seen.insert(day), "{day} twice");
                    day = day.tomorrow().unwrap();
                }
            }
            // A kilogram a day: the sum is the number of days.
            let sum = found.value(|entry| entry.statement.quantity.map(ExactNumber::to_f64));
            prop_assert_eq!(sum, Some(f64::from(found.days)));
        }

        #[test]
        fn the_target_of_the_very_period_counts_whatever_else_there_is(
            spans in proptest::collection::vec((0i64..100, 1i64..30), 0..9),
        ) {
            let whole: Period = "2026".parse().unwrap();
            let parts = (1..).zip(spans).map(|(id, span)| target_of(id, span));
            let mut entries: Vec<_> = parts.collect();
            entries.push(target_of(99, (0, 365)));
            let found = period_target(&entries, PartsRule::Sum, whole).unwrap();
            prop_assert_eq!(found.entries.len(), 1);
            prop_assert!(found.is_whole());
        }
    }
}
