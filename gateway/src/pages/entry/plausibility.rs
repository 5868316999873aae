//! Question before a quantity is recorded that is far from what was recorded before.

use crate::domain::ExactNumber;
use crate::domain::ledger::{EntryKind, EntryStatement, LedgerEntry};
use crate::ledger::{AmountRange, IndicatorDefinition};

/// Entries of an indicator that a new one is compared with.
pub(super) const COMPARED_ENTRIES_MAX: usize = 20;
/// Entries from which on the history alone counts.
const HISTORY_MIN: usize = 3;
/// A quantity above so many times the largest of the history is asked about.
const HISTORY_FACTOR: f64 = 5.0;
/// A quantity above so many times the example of the definition is asked about when there is no
/// history. Sites differ more than the days of one site, so the factor is larger.
const EXAMPLE_FACTOR: f64 = 20.0;

/// Largest quantity that is not asked about, in the unit of the indicator; `history` are its latest
/// entries.
fn usual_maximum(definition: &IndicatorDefinition, history: &[LedgerEntry]) -> f64 {
    let quantities = history.iter().filter_map(|entry| entry.statement.quantity);
    let quantities: Vec<f64> = quantities.map(ExactNumber::to_f64).collect();
    let largest = quantities.iter().copied().fold(0.0, f64::max);
    if quantities.len() >= HISTORY_MIN && largest > 0.0 {
        return largest * HISTORY_FACTOR;
    }
    definition.example.to_f64() * EXAMPLE_FACTOR
}

/// Whether a person should look again at the quantity before it is recorded: it is far from the
/// history, or outside the usual range of the indicator.
pub(super) fn is_doubtful(
    statement: &EntryStatement,
    definition: &IndicatorDefinition,
    history: &[LedgerEntry],
    range: Option<AmountRange>,
) -> bool {
    // Targets and baselines are quantities of whole periods: a history of days says nothing.
    let Some(quantity) = statement
        .quantity
        .filter(|_| statement.sort == EntryKind::Record)
    else {
        return false;
    };
    let amount = quantity.to_f64();
    let is_unusual = range.is_some_and(|range| range.doubt(amount).is_some());
    is_unusual || amount > usual_maximum(definition, history)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMs;
    use crate::domain::ledger::{EntryTime, QuantityBasis};
    use crate::ledger::IndicatorDefinitions;

    fn fed(quantity: &str) -> EntryStatement {
        EntryStatement {
            sort: EntryKind::Record,
            indicator: "bsf-fed".into(),
            what: String::new(),
            quantity: Some(ExactNumber::parse_quantity(quantity).unwrap()),
            unit: "kg".into(),
            when: EntryTime::Day(jiff::civil::date(2026, 11, 20)),
            known: QuantityBasis::Weighed,
            who: "Siti".to_owned(),
            note: String::new(),
            attachments: Vec::new(),
            supersedes: None,
        }
    }

    fn history(quantities: &[&str]) -> Vec<LedgerEntry> {
        let entry = |(id, quantity): (u64, &&str)| LedgerEntry {
            id,
            statement: fed(quantity),
            recorded_at: UtcMs(0),
            recorded_by: String::new(),
            superseded_by: None,
        };
        (1..).zip(quantities).map(entry).collect()
    }

    #[test]
    fn a_quantity_is_compared_with_the_history_and_without_one_with_the_example() {
        let definitions = IndicatorDefinitions::built_in();
        let definition = definitions.find("bsf-fed").unwrap();
        let range = definitions.amount_range("bsf-fed");
        let kept = history(&["10", "12", "8"]);
        for (quantity, kept, asked) in [
            ("60", &kept[..], false),
            ("60.1", &kept[..], true),
            ("5000000", &kept[..], true),
            // Fewer than three entries are no history: the example is 120.5 kg.
            ("1200", &kept[..2], false),
            ("5000000", &kept[..2], true),
            ("5000000", &[], true),
            ("0", &[], true),
        ] {
            let found = is_doubtful(&fed(quantity), definition, kept, range);
            assert_eq!(found, asked, "{quantity} after {}", kept.len());
        }
        let target = EntryStatement {
            sort: EntryKind::Target,
            ..fed("5000000")
        };
        assert!(!is_doubtful(&target, definition, &kept, range));
        let nothing_yet = history(&["0", "0", "0"]);
        assert!(!is_doubtful(&fed("12"), definition, &nothing_yet, range));
        // A history of large mistakes makes none of them usual.
        let large = history(&["40000", "40000", "40000"]);
        assert!(is_doubtful(&fed("40000"), definition, &large, range));
    }
}
