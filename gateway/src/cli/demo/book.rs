//! What the people of the demo's site wrote down: `assets/demo-ledger.toml` over the days of the
//! history, seeded.

use crate::ledger::{Definition, Definitions};
use crate::model::decimal::Decimal;
use crate::model::ledger::{Known, Sort, Statement, When};
use crate::model::period::Period;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::Arc;

const BOOK: &str = include_str!("../../../assets/demo-ledger.toml");

/// The book as it is kept.
#[derive(Debug, Default, Deserialize)]
struct Book {
    row: Vec<Row>,
    target: Vec<Target>,
}

/// Something that is written down again and again.
#[derive(Debug, Deserialize)]
struct Row {
    indicator: String,
    every_days: usize,
    /// In the indicator's unit.
    usual: f64,
    /// Share of one by which it is more or less.
    spread: f64,
    known: String,
    who: String,
    what: String,
}

/// What a month should bring.
#[derive(Debug, Deserialize)]
struct Target {
    indicator: String,
    quantity: f64,
    who: String,
}

/// Everything that was written down from the first to the last day, both included.
pub(super) fn statements(
    definitions: &Definitions,
    (first, last): (Date, Date),
    seed: u64,
) -> Vec<Statement> {
    let book: Book = toml::from_str(BOOK).unwrap_or_default();
    let mut random = fastrand::Rng::with_seed(seed);
    let month = Period::Month(last.first_of_month());
    let mut all: Vec<Statement> = book
        .target
        .iter()
        .filter_map(|target| {
            let mut said = statement(definitions, &target.indicator, target.quantity)?;
            (said.sort, said.when) = (Sort::Target, When::Period(month));
            said.who.clone_from(&target.who);
            Some(said)
        })
        .collect();
    for day in first.series(1.day()).take_while(|day| *day <= last) {
        let number = usize::try_from((day - first).get_days()).unwrap_or(0);
        for row in &book.row {
            if (number + 1) % row.every_days.max(1) == 0 {
                let share = 1.0 + row.spread * (2.0 * random.f64() - 1.0);
                all.extend(written(definitions, row, row.usual * share, day));
            }
        }
    }
    all
}

fn written(definitions: &Definitions, row: &Row, quantity: f64, day: Date) -> Option<Statement> {
    let mut said = statement(definitions, &row.indicator, quantity)?;
    said.when = When::Day(day);
    said.known = row.known.parse().ok()?;
    said.who.clone_from(&row.who);
    said.what.clone_from(&row.what);
    Some(said)
}

/// A statement of today's quantity, with the digits that the indicator has.
fn statement(definitions: &Definitions, id: &str, quantity: f64) -> Option<Statement> {
    let of: &Definition = definitions.find(id)?;
    let quantity: Decimal = format!("{quantity:.*}", usize::from(of.decimals))
        .parse()
        .ok()?;
    Some(Statement {
        sort: Sort::Record,
        indicator: Arc::clone(&of.id),
        what: String::new(),
        quantity: Some(quantity),
        unit: Arc::clone(&of.unit),
        when: When::Day(Date::default()),
        known: Known::Declared,
        who: String::new(),
        note: String::new(),
        attachments: Vec::new(),
        supersedes: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn every_row_and_target_of_the_book_is_written_down() {
        let book: Book = toml::from_str(BOOK).unwrap();
        let days = (date(2026, 11, 1), date(2026, 11, 30));
        let all = statements(&Definitions::built_in(), days, 7);
        let times = |row: &Row| 30 / row.every_days;
        let wanted: usize = book.row.iter().map(times).sum();
        assert_eq!(all.len(), wanted + book.target.len());
        assert!(
            all.iter()
                .all(|one| one.quantity > Some(Decimal::default()))
        );
        assert_eq!(all, statements(&Definitions::built_in(), days, 7));
    }
}
