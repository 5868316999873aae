//! Many entries at once: every row is checked before any is written, and what is there already is
//! found.

use super::check::{Checked, Field, Raw, Remark, Rules, check};
use crate::model::ledger::{Entry, EntryId, Sort, Statement};

/// What is wrong with a row, or worth knowing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The row's number in its file, or its place in a list, from 1.
    pub line: u64,
    /// The sentence.
    pub remark: Remark,
}

/// The outcome of a dry run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Rows that may be written down, with their line.
    pub good: Vec<(u64, Statement)>,
    /// What is wrong; nothing may be written while there is any.
    pub faults: Vec<Told>,
    /// Conversions and assumptions.
    pub remarks: Vec<Told>,
}

impl Batch {
    /// Checks all rows.
    pub fn of<'r>(rows: impl IntoIterator<Item = (u64, &'r Raw)>, rules: &Rules<'_>) -> Self {
        let mut batch = Self::default();
        for (line, raw) in rows {
            match check(raw, rules) {
                Ok(Checked { statement, remarks }) => {
                    let told = remarks.into_iter().map(|remark| Told { line, remark });
                    batch.remarks.extend(told);
                    batch.good.push((line, statement));
                }
                Err(faults) => {
                    let told = faults.into_iter().map(|remark| Told { line, remark });
                    batch.faults.extend(told);
                }
            }
        }
        batch
    }

    /// Flags rows that stand in the ledger already, or twice in the batch. With `again`, records
    /// may repeat; a second target of one period never may.
    pub fn flag_duplicates(&mut self, kept: &[Entry], again: bool) {
        let mut faults = Vec::new();
        for (at, (line, statement)) in self.good.iter().enumerate() {
            if statement.supersedes.is_some() || (again && statement.sort == Sort::Record) {
                continue;
            }
            let is_kept = |entry: &&Entry| entry.is_current() && same(&entry.statement, statement);
            let earlier = self.good[..at]
                .iter()
                .find(|(_, other)| same(other, statement));
            if let Some(entry) = kept.iter().find(is_kept) {
                faults.push(duplicate(*line, statement, key(statement), entry.id));
            } else if let Some((first, _)) = earlier {
                faults.push(duplicate(*line, statement, "ledger-duplicate-row", *first));
            }
        }
        self.good
            .retain(|(line, _)| !faults.iter().any(|told| told.line == *line));
        self.faults.extend(faults);
        self.faults
            .sort_by_key(|told| (told.line, told.remark.field));
    }
}

/// The same indicator, time, quantity and person; of targets the same indicator and period.
fn same(one: &Statement, other: &Statement) -> bool {
    let place =
        |statement: &Statement| (statement.sort, statement.when, statement.indicator.clone());
    let told = |statement: &Statement| (statement.quantity, statement.who.to_lowercase());
    let alike = one.sort != Sort::Record || told(one) == told(other);
    place(one) == place(other) && alike
}

fn key(statement: &Statement) -> &'static str {
    match statement.sort {
        Sort::Record => "ledger-duplicate",
        Sort::Target | Sort::Baseline => "ledger-duplicate-target",
    }
}

fn duplicate(line: u64, statement: &Statement, key: &'static str, other: EntryId) -> Told {
    let quantity = statement.quantity.map(|quantity| quantity.to_string());
    Told {
        line,
        remark: Remark {
            field: Field::Quantity,
            key,
            found: quantity.unwrap_or_default(),
            detail: other.to_string(),
        },
    }
}
