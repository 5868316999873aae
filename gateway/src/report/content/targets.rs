//! Targets and baselines of the ledger for the period.

use super::context::ReportContext;
use crate::domain::ExactNumber;
use crate::domain::indicator::Indicator;
use crate::domain::ledger::{EntryKind, LedgerEntry};
use crate::domain::period::Period;
use crate::formulas::finite_ratio;
use crate::ledger::TotalRule;
use jiff::civil::Date;

/// Target (or baseline) of an indicator in its unit. A ledger indicator has a further indicator
/// with its target. The target of a measured indicator is an entry under its id with `-` in place
/// of `.` and `_`: an entry for exactly this period, else the sum of entries that cover the period
/// without a gap.
pub(crate) fn target_value(
    book: &ReportContext<'_>,
    sort: EntryKind,
    one: &Indicator,
) -> Option<f64> {
    if one.id.starts_with("ledger.") {
        let id = format!("{}.{}", one.id, sort.word());
        let found = book.matter.account.find(&id, one.asset.as_deref());
        return found.and_then(|found| found.value.as_ref().ok().copied());
    }
    let id = one.id.replace(['.', '_'], "-");
    let definition = book.matter.config.definitions.find(&id)?;
    let all = book.matter.entries.iter().filter(|entry| {
        let said = &entry.statement;
        entry.is_current() && said.sort == sort && *said.indicator == *id && said.unit == one.unit
    });
    let all: Vec<&LedgerEntry> = all.collect();
    let of = |period: Period| period_target(&all, definition.total, period);
    let (whole, own) = (book.matter.account.period, one.period);
    let found = of(own);
    if found.is_some() || is_same(own, whole) {
        return found;
    }
    // An asset that was in operation for a part of the period owes that part of an amount.
    let share = finite_ratio(days_of(own), days_of(whole))?;
    match definition.total {
        TotalRule::Sum => Some(of(whole)? * share),
        TotalRule::Last => of(whole),
    }
}

/// Target for a period: an entry for exactly this period, else the sum of those that cover it.
fn period_target(all: &[&LedgerEntry], rule: TotalRule, period: Period) -> Option<f64> {
    let exact = |entry: &&&LedgerEntry| {
        let when = entry.statement.when;
        (when.first(), when.last()) == (period.first(), period.last())
    };
    // Of several entries for the same period the newest counts.
    let newest = all.iter().filter(exact).max_by_key(|entry| entry.id);
    match (newest, rule) {
        (Some(entry), _) => entry_quantity(entry),
        (None, TotalRule::Sum) => sum_consecutive(all, period.first(), period.last()),
        (None, TotalRule::Last) => None,
    }
}

fn is_same(one: Period, other: Period) -> bool {
    (one.first(), one.last()) == (other.first(), other.last())
}

fn days_of(period: Period) -> f64 {
    f64::from((period.last() - period.first()).get_days() + 1)
}

/// True for a figure of the ledger that exists only because the target of a measured figure is kept
/// under its id: nobody writes it down, and the measured figure has the target.
pub(crate) fn stands_for_measured(book: &ReportContext<'_>, one: &Indicator) -> bool {
    let Some(id) = one
        .id
        .strip_prefix("ledger.")
        .filter(|_| one.value.is_err())
    else {
        return false;
    };
    let mut all = book.matter.account.indicators.iter();
    all.any(|other| other.value.is_ok() && other.id.replace(['.', '_'], "-") == *id)
}

/// Sum of entries whose periods follow each other from `first` to `last`; at each step the longest.
/// `None` when there is a gap.
fn sum_consecutive(all: &[&LedgerEntry], first: Date, last: Date) -> Option<f64> {
    let (mut at, mut sum) = (first, 0.0);
    while at <= last {
        let begins = all.iter().filter(|entry| {
            let when = entry.statement.when;
            when.first() == at && when.last() <= last
        });
        let entry = begins.max_by_key(|entry| (entry.statement.when.last(), entry.id))?;
        sum += entry_quantity(entry)?;
        at = entry.statement.when.last().tomorrow().ok()?;
    }
    Some(sum)
}

fn entry_quantity(entry: &LedgerEntry) -> Option<f64> {
    entry.statement.quantity.map(ExactNumber::to_f64)
}
