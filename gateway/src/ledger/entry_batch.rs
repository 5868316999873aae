//! Check of many entries at once: every row is checked before any is written, and duplicates are
//! found.

use super::entry_check::{CheckedStatement, EntryRules, check_entry};
use super::entry_field::{EntryField, FieldRemark, RawEntry};
use crate::domain::ledger::{EntryId, EntryKind, EntryStatement, EntryTime, LedgerEntry};
use jiff::civil::Date;

/// Fault or remark of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowRemark {
    /// Number of the row in its file, or position in a list, from 1.
    pub line: u64,
    /// Message about the row.
    pub remark: FieldRemark,
}

/// Result of checking a batch, before anything is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryBatch {
    /// Statements that may be written, with their row numbers.
    pub good: Vec<(u64, EntryStatement)>,
    /// Faults; nothing may be written while there is any.
    pub faults: Vec<RowRemark>,
    /// Conversions and assumptions.
    pub remarks: Vec<RowRemark>,
}

impl EntryBatch {
    /// Checks all rows by themselves, and against the entries that exist. `entries_of` reads the
    /// entries that touch the days from the first to the last date. With `again`, records may
    /// repeat entries of the ledger. Errors: those of `entries_of`.
    pub async fn check<'r, E>(
        rows: impl IntoIterator<Item = (u64, &'r RawEntry)>,
        rules: &EntryRules<'_>,
        again: bool,
        entries_of: impl AsyncFnOnce(Date, Date) -> Result<Vec<LedgerEntry>, E>,
    ) -> Result<Self, E> {
        let mut batch = Self::check_rows(rows, rules);
        // A second target of the same indicator and period is refused even with `again`.
        let is_compared =
            |statement: &EntryStatement| !again || statement.sort != EntryKind::Record;
        if !batch
            .good
            .iter()
            .any(|(_, statement)| is_compared(statement))
        {
            return Ok(batch);
        }
        // Only the days of the rows can hold duplicates.
        let days = batch.good.iter().map(|(_, statement)| statement.when);
        let first = days.clone().map(EntryTime::first).min();
        if let Some((first, last)) = first.zip(days.map(EntryTime::last).max()) {
            batch.flag_duplicates(&entries_of(first, last).await?, again);
        }
        Ok(batch)
    }

    /// Checks all rows.
    pub fn check_rows<'r>(
        rows: impl IntoIterator<Item = (u64, &'r RawEntry)>,
        rules: &EntryRules<'_>,
    ) -> Self {
        let mut batch = Self::default();
        for (line, raw) in rows {
            match check_entry(raw, rules) {
                Ok(CheckedStatement { statement, remarks }) => {
                    let told = remarks.into_iter().map(|remark| RowRemark { line, remark });
                    batch.remarks.extend(told);
                    batch.good.push((line, statement));
                }
                Err(faults) => {
                    let told = faults.into_iter().map(|remark| RowRemark { line, remark });
                    batch.faults.extend(told);
                }
            }
        }
        batch
    }

    /// Reports rows that are already in the ledger or occur twice in the batch. With `again`,
    /// records may repeat; a second target of one period is always refused.
    pub fn flag_duplicates(&mut self, kept: &[LedgerEntry], again: bool) {
        let mut faults = Vec::new();
        for (at, (line, statement)) in self.good.iter().enumerate() {
            // A correction names the entry that it replaces, so it is no duplicate of it.
            if statement.supersedes.is_some() || (again && statement.sort == EntryKind::Record) {
                continue;
            }
            let is_kept = |entry: &&LedgerEntry| {
                entry.is_current() && is_same_entry(&entry.statement, statement)
            };
            let earlier = self.good[..at]
                .iter()
                .find(|(_, other)| is_same_entry(other, statement));
            if let Some(entry) = kept.iter().find(is_kept) {
                faults.push(duplicate_remark(
                    *line,
                    statement,
                    duplicate_key(statement),
                    entry.id,
                ));
            } else if let Some((first, _)) = earlier {
                faults.push(duplicate_remark(
                    *line,
                    statement,
                    "ledger-duplicate-row",
                    *first,
                ));
            }
        }
        self.good
            .retain(|(line, _)| !faults.iter().any(|told| told.line == *line));
        self.faults.extend(faults);
        self.faults
            .sort_by_key(|told| (told.line, told.remark.field));
    }
}

/// Whether two statements are the same: indicator, time, quantity and person; for targets and
/// baselines indicator, period and asset.
fn is_same_entry(one: &EntryStatement, other: &EntryStatement) -> bool {
    let place =
        |statement: &EntryStatement| (statement.sort, statement.when, statement.indicator.clone());
    // People write their own name in different case.
    let told = |statement: &EntryStatement| (statement.quantity, statement.who.to_lowercase());
    // What a target names is the asset that it is for.
    let of = |statement: &EntryStatement| statement.what.to_lowercase();
    let alike = match one.sort {
        EntryKind::Record => told(one) == told(other),
        EntryKind::Target | EntryKind::Baseline => of(one) == of(other),
    };
    place(one) == place(other) && alike
}

fn duplicate_key(statement: &EntryStatement) -> &'static str {
    match statement.sort {
        EntryKind::Record => "ledger-duplicate",
        EntryKind::Target | EntryKind::Baseline => "ledger-duplicate-target",
    }
}

fn duplicate_remark(
    line: u64,
    statement: &EntryStatement,
    key: &'static str,
    other: EntryId,
) -> RowRemark {
    let quantity = statement.quantity.map(|quantity| quantity.to_string());
    RowRemark {
        line,
        remark: FieldRemark {
            field: EntryField::Quantity,
            key,
            found: quantity.unwrap_or_default(),
            detail: other.to_string(),
        },
    }
}
