//! Ledger entries of the demo: `assets/demo-ledger.toml`, spread over the days of the history with
//! a seed.

use crate::domain::ExactNumber;
use crate::domain::ledger::{EntryKind, EntryStatement, EntryTime, QuantityBasis};
use crate::domain::period::Period;
use crate::formulas::claim_rounding::nearest_digits;
use crate::ledger::{IndicatorDefinition, IndicatorDefinitions};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::Arc;

const DEMO_LEDGER: &str = include_str!("../../../assets/demo-ledger.toml");

/// Content of the file.
#[derive(Debug, Default, Deserialize)]
struct DemoLedgerFile {
    row: Vec<DemoLedgerRow>,
    target: Vec<DemoLedgerTarget>,
}

/// Entry that is repeated.
#[derive(Debug, Deserialize)]
struct DemoLedgerRow {
    indicator: String,
    every_days: usize,
    /// Usual quantity, in the unit of the indicator.
    usual: f64,
    /// Largest relative deviation from the usual quantity.
    spread: f64,
    known: String,
    who: String,
    what: String,
}

/// Target of the present month, or of the present year.
#[derive(Debug, Deserialize)]
struct DemoLedgerTarget {
    indicator: String,
    quantity: f64,
    who: String,
    #[serde(default)]
    year: bool,
}

/// All entries from the first day to the day before `today`, and targets of the present month and
/// year. The same seed gives the same entries.
pub(super) fn demo_statements(
    definitions: &IndicatorDefinitions,
    (first, today): (Date, Date),
    seed: u64,
) -> Vec<EntryStatement> {
    // A test parses the built-in file, so the default is never used.
    let book: DemoLedgerFile = toml::from_str(DEMO_LEDGER).unwrap_or_default();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut all: Vec<EntryStatement> = book
        .target
        .iter()
        .filter_map(|target| {
            let mut said = base_statement(definitions, &target.indicator, target.quantity)?;
            let period = if target.year {
                Period::Year(today.first_of_year())
            } else {
                Period::Month(today.first_of_month())
            };
            (said.sort, said.when) = (EntryKind::Target, EntryTime::Period(period));
            said.who.clone_from(&target.who);
            Some(said)
        })
        .collect();
    for day in first.series(1.day()).take_while(|day| *day < today) {
        let number = usize::try_from((day - first).get_days()).unwrap_or(0);
        for row in &book.row {
            if (number + 1) % row.every_days.max(1) == 0 {
                let share = 1.0 + row.spread * (2.0 * random.f64() - 1.0);
                all.extend(row_statement(definitions, row, row.usual * share, day));
            }
        }
    }
    all
}

fn row_statement(
    definitions: &IndicatorDefinitions,
    row: &DemoLedgerRow,
    quantity: f64,
    day: Date,
) -> Option<EntryStatement> {
    let mut said = base_statement(definitions, &row.indicator, quantity)?;
    said.when = EntryTime::Day(day);
    said.known = row.known.parse().ok()?;
    said.who.clone_from(&row.who);
    said.what.clone_from(&row.what);
    Some(said)
}

/// Entry with a quantity, rounded to the decimals of the indicator.
fn base_statement(
    definitions: &IndicatorDefinitions,
    id: &str,
    quantity: f64,
) -> Option<EntryStatement> {
    let of: &IndicatorDefinition = definitions.find(id)?;
    let quantity = nearest_digits(quantity, of.decimals);
    let quantity = ExactNumber::parse_quantity(&quantity)?;
    Some(EntryStatement {
        sort: EntryKind::Record,
        indicator: Arc::clone(&of.id),
        what: String::new(),
        quantity: Some(quantity),
        unit: Arc::clone(&of.unit),
        when: EntryTime::Day(Date::default()),
        known: QuantityBasis::Declared,
        who: String::new(),
        note: String::new(),
        attachments: Vec::new(),
        supersedes: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::load_site;
    use jiff::civil::date;

    #[test]
    fn every_row_and_target_of_the_book_is_written_down() {
        let book: DemoLedgerFile = toml::from_str(DEMO_LEDGER).unwrap();
        // The site of the demo declares the measured figures that have targets.
        let definitions = load_site(crate::cli::demo::demo_config::DEMO_SITE).definitions;
        let days = (date(2026, 11, 1), date(2026, 12, 1));
        let all = demo_statements(&definitions, days, 7);
        let times = |row: &DemoLedgerRow| 30 / row.every_days;
        let wanted: usize = book.row.iter().map(times).sum();
        assert_eq!(all.len(), wanted + book.target.len());
        // The present day is not over, so nothing was written down for it.
        let records = all.iter().filter(|one| one.sort == EntryKind::Record);
        let last = records.map(|one| one.when.last()).max();
        assert_eq!(last, Some(date(2026, 11, 30)));
        let target = all.iter().find(|one| one.sort == EntryKind::Target);
        let month = Period::Month(date(2026, 12, 1));
        assert_eq!(target.unwrap().when, EntryTime::Period(month));
        assert!(
            all.iter()
                .all(|one| one.quantity.map(ExactNumber::to_f64) > Some(0.0))
        );
        assert_eq!(all, demo_statements(&definitions, days, 7));
    }
}
