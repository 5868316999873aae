//! [`mass_imbalance`] and [`add_mass_remarks`]: new entries after which more mass has come out of
//! bins than went in.

use super::Asset;
use crate::domain::ExactNumber;
use crate::domain::ledger::{EntryId, EntryKind, EntryStatement, LedgerEntry};
use crate::ledger::{EntryBatch, EntryField, FieldRemark, IndicatorDefinitions, RowRemark};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// Days before an entry in which feedings are counted: several batches of a bin.
pub(crate) const MASS_DAYS: i64 = 90;
/// Key of the remark on a row after which more mass has come out than went in.
const MASS_REMARK: &str = "ledger-mass-balance";

/// Masses that cannot be true, kg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct MassImbalance {
    /// Mass fed.
    pub(crate) fed_kg: f64,
    /// Mass that came out, with the new entry.
    pub(crate) out_kg: f64,
}

/// Indicators of what goes into some bins and of what comes out of them.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct MassFlow<'a> {
    fed: BTreeSet<&'a str>,
    taken: BTreeSet<&'a str>,
}

/// Masses into and out of some bins by day, kg.
type MassDays = BTreeMap<Date, (f64, f64)>;

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
    let flow = flow_of(assets, new)?;
    imbalance_on(
        &days_of(definitions, &flow, &[new], entries),
        new.when.first(),
    )
}

/// First and last day of the entries that the masses of a batch are compared with; `None` for a
/// batch of which nothing came out of bins.
pub(crate) fn compared_days(assets: &[Asset], batch: &EntryBatch) -> Option<(Date, Date)> {
    let taken = batch.good.iter().map(|(_, new)| new);
    let taken = taken.filter(|new| flow_of(assets, new).is_some());
    let days: Vec<Date> = taken.map(|new| new.when.first()).collect();
    let (first, last) = days.iter().min().zip(days.iter().max())?;
    Some((first_compared_day(*first), *last))
}

/// Adds a remark to a batch for the bins of which more mass came out than went in: at the row after
/// which it is the most. `kept` are the entries of [`compared_days`].
pub(crate) fn add_mass_remarks(
    assets: &[Asset],
    definitions: &IndicatorDefinitions,
    batch: &mut EntryBatch,
    kept: &[LedgerEntry],
) {
    let remarks = mass_remarks(assets, definitions, &batch.good, kept);
    batch.remarks.extend(remarks);
}

/// The worst row for each group of bins out of which more mass came than went in.
fn mass_remarks(
    assets: &[Asset],
    definitions: &IndicatorDefinitions,
    rows: &[(u64, EntryStatement)],
    kept: &[LedgerEntry],
) -> Vec<RowRemark> {
    let news: Vec<&EntryStatement> = rows.iter().map(|(_, new)| new).collect();
    let mut flows: BTreeMap<MassFlow<'_>, Vec<(u64, &EntryStatement)>> = BTreeMap::new();
    for (line, new) in rows {
        if let Some(flow) = flow_of(assets, new) {
            flows.entry(flow).or_default().push((*line, new));
        }
    }
    let worst = |(flow, rows): (MassFlow<'_>, Vec<(u64, &EntryStatement)>)| {
        let days = days_of(definitions, &flow, &news, kept);
        let found = rows.iter().filter_map(|(line, new)| {
            let found = imbalance_on(&days, new.when.first())?;
            Some((found.out_kg - found.fed_kg, *line, *new, found))
        });
        let worst = found.max_by(|one, other| one.0.total_cmp(&other.0));
        worst.map(|(_, line, new, found)| mass_remark(line, new, found))
    };
    flows.into_iter().filter_map(worst).collect()
}

fn mass_remark(line: u64, new: &EntryStatement, found: MassImbalance) -> RowRemark {
    let digits = |kg: f64| ExactNumber::Float(kg).short_digits();
    let quantity = new.quantity.map(ExactNumber::short_digits);
    let remark = FieldRemark {
        field: EntryField::Quantity,
        key: MASS_REMARK,
        found: format!("{} {}", quantity.unwrap_or_default(), new.unit),
        detail: format!("{} kg > {} kg", digits(found.out_kg), digits(found.fed_kg)),
    };
    RowRemark { line, remark }
}

/// The bins out of which the mass of a record came; `None` for other entries.
fn flow_of<'a>(assets: &'a [Asset], new: &EntryStatement) -> Option<MassFlow<'a>> {
    let mut flow = MassFlow::default();
    for waste in assets
        .iter()
        .filter_map(|asset| asset.kind.settings().organic_waste())
    {
        let out: Vec<&str> = waste.taken.into_iter().flatten().collect();
        if out.contains(&&*new.indicator) {
            flow.fed.insert(&**waste.fed);
            flow.taken.extend(out);
        }
    }
    (new.sort == EntryKind::Record && !flow.taken.is_empty()).then_some(flow)
}

/// Masses of new entries, and of kept ones that none of them replaces, by day.
fn days_of(
    definitions: &IndicatorDefinitions,
    flow: &MassFlow<'_>,
    news: &[&EntryStatement],
    kept: &[LedgerEntry],
) -> MassDays {
    let replaced: BTreeSet<EntryId> = news.iter().filter_map(|new| new.supersedes).collect();
    let kept = kept.iter();
    let kept = kept.filter(|entry| entry.is_current() && !replaced.contains(&entry.id));
    let all = kept
        .map(|entry| &entry.statement)
        .chain(news.iter().copied());
    let mut days = MassDays::new();
    for said in all.filter(|said| said.sort == EntryKind::Record) {
        let quantity = said.quantity.map_or(0.0, ExactNumber::to_f64);
        let Some(kg) = definitions.convert_quantity(quantity, &said.unit, "kg") else {
            continue;
        };
        let day = days.entry(said.when.first()).or_default();
        if flow.fed.contains(&*said.indicator) {
            day.0 += kg;
        }
        if flow.taken.contains(&*said.indicator) {
            day.1 += kg;
        }
    }
    days
}

/// Masses of a day and the days before it, where more came out than went in.
fn imbalance_on(days: &MassDays, day: Date) -> Option<MassImbalance> {
    let own = days.range(first_compared_day(day)..=day);
    let (fed_kg, out_kg) = own.fold((0.0, 0.0), |sum, (_, day)| (sum.0 + day.0, sum.1 + day.1));
    let found = MassImbalance { fed_kg, out_kg };
    // The tolerance is that of rounded masses.
    (fed_kg > 0.0 && out_kg > fed_kg * (1.0 + 1e-9)).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
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

    fn bin_site() -> Config {
        let text = SiteText::new("a")
            .tcp_bus("b", 502)
            .device("d", "b", "")
            .points(["{ id = 't', register = 'holding:0', type = 'i16', unit = 'degC' }"])
            .asset("bin", "bsf", "temperature = 'd.t'\nprobe = 'centre'")
            .text();
        load_site(&text)
    }

    fn entry((id, statement): (u64, EntryStatement)) -> LedgerEntry {
        LedgerEntry {
            id,
            statement,
            recorded_at: UtcMs(0),
            recorded_by: String::new(),
            superseded_by: None,
        }
    }

    #[test]
    fn more_out_than_in_is_found_with_the_entries_of_the_batches_before() {
        let config = bin_site();
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
    #[test]
    fn a_table_has_one_remark_for_the_row_after_which_most_came_out() {
        let config = bin_site();
        let rows = [
            (2, said("bsf-fed", "100", 1)),
            (3, said("bsf-maggot", "60", 12)),
            (4, said("bsf-kasgot", "80", 13)),
            (5, said("bsf-kasgot", "5", 14)),
            (6, said("jelantah", "500", 14)),
        ];
        let kept = [entry((7, said("bsf-maggot", "30", 2)))];
        for (count, wanted) in [(2, None), (3, Some(4)), (5, Some(5))] {
            let good = rows[..count].to_vec();
            let mut batch = EntryBatch {
                good,
                ..EntryBatch::default()
            };
            let (assets, definitions) = (&config.assets, &config.definitions);
            let days = compared_days(assets, &batch);
            assert!(days.is_some_and(|(first, last)| first < last));
            add_mass_remarks(assets, definitions, &mut batch, &kept);
            let lines: Vec<u64> = batch.remarks.iter().map(|told| told.line).collect();
            assert_eq!(lines, Vec::from_iter(wanted), "{count}");
        }
        let told = mass_remark(
            4,
            &rows[2].1,
            MassImbalance {
                fed_kg: 1000.0,
                out_kg: 1700.5,
            },
        );
        let text = told.remark.message(crate::i18n::Language::Id);
        assert!(text.contains("1.700,5 kg > 1.000 kg"), "{text}");
    }
}
