//! [`mass_imbalance`]: a new entry after which more mass has come out of bins than went in.

use super::Asset;
use crate::domain::ExactNumber;
use crate::domain::ledger::{EntryKind, EntryStatement, LedgerEntry};
use crate::ledger::IndicatorDefinitions;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Days before an entry in which feedings are counted: several batches of a bin.
pub(crate) const MASS_DAYS: i64 = 90;

/// Masses that cannot be true, kg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct MassImbalance {
    /// Mass fed.
    pub(crate) fed_kg: f64,
    /// Mass that came out, with the new entry.
    pub(crate) out_kg: f64,
}

/// First day whose entries are compared with those of `day`.
pub(crate) fn first_compared_day(day: Date) -> Date {
    day.saturating_sub(jiff::Span::new().days(MASS_DAYS))
}

/// Compares a new entry with the entries of the days before it: `None` while no more came out of
/// the bins than went in, for other entries, and where nobody writes down what is fed.
pub(crate) fn mass_imbalance(
    assets: &[Asset],
    definitions: &IndicatorDefinitions,
    new: &EntryStatement,
    entries: &[LedgerEntry],
) -> Option<MassImbalance> {
    let (mut fed, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for waste in assets
        .iter()
        .filter_map(|asset| asset.kind.settings().organic_waste())
    {
        let out: Vec<&str> = waste.taken.into_iter().flatten().collect();
        if out.contains(&&*new.indicator) {
            fed.insert(&**waste.fed);
            taken.extend(out);
        }
    }
    let kg = |said: &EntryStatement| {
        let quantity = said.quantity.map_or(0.0, ExactNumber::to_f64);
        definitions.convert_quantity(quantity, &said.unit, "kg")
    };
    let day = new.when.first();
    let counts = |entry: &&LedgerEntry| {
        let said = &entry.statement;
        entry.is_current()
            && said.sort == EntryKind::Record
            && Some(entry.id) != new.supersedes
            && (first_compared_day(day)..=day).contains(&said.when.first())
    };
    let sum = |indicators: &BTreeSet<&str>| -> f64 {
        let own = entries.iter().filter(counts).map(|entry| &entry.statement);
        let own = own.filter(|said| indicators.contains(&&*said.indicator));
        own.filter_map(kg).sum()
    };
    let is_record = new.sort == EntryKind::Record && !taken.is_empty();
    let found = MassImbalance {
        fed_kg: sum(&fed),
        out_kg: sum(&taken) + kg(new).filter(|_| is_record)?,
    };
    // The tolerance is that of rounded masses.
    (found.fed_kg > 0.0 && found.out_kg > found.fed_kg * (1.0 + 1e-9)).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMs;
    use crate::domain::ledger::{EntryTime, QuantityBasis};
    use crate::tests::{SiteText, load_site};

    fn said(indicator: &str, quantity: &str, day: i8) -> EntryStatement {
        EntryStatement {
            sort: EntryKind::Record,
            indicator: indicator.into(),
            what: String::new(),
            quantity: Some(ExactNumber::parse_quantity(quantity).unwrap()),
            unit: "kg".into(),
            when: EntryTime::Day(jiff::civil::date(2026, 11, day)),
            known: QuantityBasis::Weighed,
            who: "Siti".to_owned(),
            note: String::new(),
            attachments: Vec::new(),
            supersedes: None,
        }
    }

    #[test]
    fn more_out_than_in_is_found_with_the_entries_of_the_batches_before() {
        let text = SiteText::new("a")
            .tcp_bus("b", 502)
            .device("d", "b", "")
            .points(["{ id = 't', register = 'holding:0', type = 'i16', unit = 'degC' }"])
            .asset("bin", "bsf", "temperature = 'd.t'\nprobe = 'centre'")
            .text();
        let config = load_site(&text);
        let entry = |(id, statement): (u64, EntryStatement)| LedgerEntry {
            id,
            statement,
            recorded_at: UtcMs(0),
            recorded_by: String::new(),
            superseded_by: None,
        };
        let kept = [
            said("bsf-fed", "100", 1),
            said("bsf-maggot", "20", 12),
            said("jelantah", "500", 12),
        ];
        let kept: Vec<LedgerEntry> = (1..).zip(kept).map(entry).collect();
        let found =
            |new: EntryStatement| mass_imbalance(&config.assets, &config.definitions, &new, &kept);
        assert_eq!(found(said("bsf-kasgot", "80", 12)), None);
        let wanted = MassImbalance {
            fed_kg: 100.0,
            out_kg: 628.0,
        };
        assert_eq!(found(said("bsf-kasgot", "608", 12)), Some(wanted));
        // What goes in, what is no mass of a bin, and a target are not asked about.
        for indicator in ["bsf-fed", "jelantah"] {
            assert_eq!(found(said(indicator, "608", 12)), None);
        }
        let target = EntryStatement {
            sort: EntryKind::Target,
            ..said("bsf-kasgot", "608", 12)
        };
        assert_eq!(found(target), None);
        // A correction replaces the entry that it names.
        let correction = EntryStatement {
            supersedes: Some(2),
            ..said("bsf-maggot", "99", 12)
        };
        assert_eq!(found(correction), None);
        // Where nobody writes down what is fed, there is nothing to compare with.
        let nothing = mass_imbalance(
            &config.assets,
            &config.definitions,
            &said("bsf-kasgot", "608", 12),
            &[],
        );
        assert_eq!(nothing, None);
    }
}
