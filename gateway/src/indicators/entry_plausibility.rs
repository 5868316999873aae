//! [`judge_entries`]: figures with entries of the ledger whose amount cannot be true are not
//! claimed, and those with an unusual one are to be checked (`config/amount_ranges.toml`).
//!
//! New entries are checked when they are recorded; these are entries from before, or of a range
//! that was narrowed since.

use crate::config::Config;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{Indicator, IndicatorRemark, InputSource};
use crate::domain::ledger::{EntryId, LedgerEntry};
use crate::indicators::entry_quantities::entry_quantity;
use crate::indicators::figure_context::FigureBuilder;
use crate::indicators::ledger_totals::PeriodLedger;
use crate::ledger::AmountDoubt;
use std::collections::BTreeMap;

/// Entry whose amount is doubted.
struct DoubtedEntry {
    doubt: AmountDoubt,
    remark: IndicatorRemark,
}

/// Judges the entries that are inputs of figures. May be called again when there are more figures.
pub(crate) fn judge_entries(config: &Config, book: &PeriodLedger, figures: &mut [Indicator]) {
    let doubted: BTreeMap<EntryId, DoubtedEntry> = book
        .records()
        .filter_map(|entry| Some((entry.id, doubted_entry(config, entry)?)))
        .collect();
    if doubted.is_empty() {
        return;
    }
    for figure in figures.iter_mut() {
        let entries = figure.inputs.iter().flat_map(|input| match &input.from {
            InputSource::Ledger { entries, .. } => entries.as_slice(),
            _ => &[],
        });
        let own = entries.filter_map(|id| doubted.get(id));
        // One is told: the others stand in the list of entries.
        let Some(worst) = own.max_by_key(|one| one.doubt) else {
            continue;
        };
        let verdict = match worst.doubt {
            AmountDoubt::Impossible => ClaimVerdict::NotClaimed(NotClaimedReason::Implausible),
            AmountDoubt::Unusual | AmountDoubt::Little => ClaimVerdict::Doubtful,
        };
        let judged = figure.clone().with_verdict(verdict);
        *figure = judged.with_remark(worst.remark.clone());
    }
}

/// The entry, where its amount is more than usual or possible.
fn doubted_entry(config: &Config, entry: &LedgerEntry) -> Option<DoubtedEntry> {
    let said = &entry.statement;
    let definition = config.definitions.find(&said.indicator)?;
    let amount = entry_quantity(config, entry, &definition.unit).ok()?;
    let range = config.definitions.amount_range(&definition.id)?;
    let doubt = range.doubt(amount)?;
    let (key, most) = match doubt {
        AmountDoubt::Impossible => ("account-implausible-amount", range.most),
        AmountDoubt::Unusual => ("account-unusual-amount", range.usual.1),
        // Nothing adds nothing to a claim.
        AmountDoubt::Little => return None,
    };
    let remark = IndicatorRemark::new(key)
        .with_arg("entry", entry.id)
        .with_arg("amount", amount)
        .with_arg("unit", &definition.unit)
        .with_arg("most", most);
    Some(DoubtedEntry { doubt, remark })
}
