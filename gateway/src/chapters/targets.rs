//! What was aimed at, and what was before: the ledger's targets and baselines for the period.

use super::book::Book;
use crate::ledger::Total;
use crate::model::decimal::Decimal;
use crate::model::indicator::Indicator;
use crate::model::ledger::{Entry, Sort};
use jiff::civil::Date;

/// The target (or baseline) of an indicator in its unit. What people write down has an indicator
/// of its own for it. A measured one is aimed at under its own id with `-` for `.` and `_`: by an
/// entry for exactly this period, else by the sum of those that make it up without a gap.
pub(super) fn of(book: &Book<'_>, sort: Sort, one: &Indicator) -> Option<f64> {
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
    let all: Vec<&Entry> = all.collect();
    let period = book.matter.account.period;
    let exact = |entry: &&&Entry| {
        let when = entry.statement.when;
        (when.first(), when.last()) == (period.first(), period.last())
    };
    let newest = all.iter().filter(exact).max_by_key(|entry| entry.id);
    match (newest, definition.total) {
        (Some(entry), _) => quantity(entry),
        (None, Total::Sum) => tiled(&all, period.first(), period.last()),
        (None, Total::Last) => None,
    }
}

/// The sum of the periods that follow each other from `first` to `last`, the longest at each step.
fn tiled(all: &[&Entry], first: Date, last: Date) -> Option<f64> {
    let (mut at, mut sum) = (first, 0.0);
    while at <= last {
        let begins = all.iter().filter(|entry| {
            let when = entry.statement.when;
            when.first() == at && when.last() <= last
        });
        let entry = begins.max_by_key(|entry| (entry.statement.when.last(), entry.id))?;
        sum += quantity(entry)?;
        at = entry.statement.when.last().tomorrow().ok()?;
    }
    Some(sum)
}

fn quantity(entry: &Entry) -> Option<f64> {
    entry.statement.quantity.map(Decimal::to_f64)
}
