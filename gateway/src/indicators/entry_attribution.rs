//! Attribution of ledger entries to bins and heaps that share an indicator, and the length of
//! feeding batches (METHODS E.3).

use crate::assets::{Asset, BsfAsset};
use crate::domain::ledger::LedgerEntry;
use crate::indicators::figure_context::FigureContext;
use crate::indicators::ledger_totals::PeriodLedger;
use jiff::civil::Date;

/// Bins and heaps that share an indicator of the ledger.
#[derive(Debug)]
pub(crate) struct EntryAttribution<'a> {
    members: &'a [&'a Asset],
}

impl<'a> EntryAttribution<'a> {
    pub(crate) fn new(members: &'a [&'a Asset]) -> Self {
        Self { members }
    }

    /// Entries of one member: entries that name it, and entries of an indicator that only it uses.
    pub(crate) fn entries_of(&self, book: &PeriodLedger, member: &Asset) -> PeriodLedger {
        book.filtered(|entry| self.owner_of(entry).is_some_and(|one| one.id == member.id))
    }

    /// Entries that cannot be attributed to a single member.
    pub(crate) fn unattributed_entries(&self, book: &PeriodLedger) -> PeriodLedger {
        book.filtered(|entry| self.owner_of(entry).is_none())
    }

    /// Whether there is an entry of the mass that goes into or comes out of a member.
    pub(crate) fn has_entries(&self, book: &PeriodLedger) -> bool {
        let mut all = self
            .members
            .iter()
            .flat_map(|member| member.waste_indicators());
        all.any(|indicator| book.record_dates(indicator).next().is_some())
    }

    fn owner_of(&self, entry: &LedgerEntry) -> Option<&'a Asset> {
        let said = &entry.statement;
        let has = |member: &&&'a Asset| member.waste_indicators().contains(&&*said.indicator);
        let possible: Vec<&'a Asset> = self.members.iter().filter(has).copied().collect();
        match possible[..] {
            [one] => Some(one),
            _ => asset_named_in(&possible, &said.what)
                .or_else(|| asset_named_in(&possible, &said.note)),
        }
    }
}

/// The one asset that a text names by id or name. If one name contains another (`bin`, `bin 2`),
/// the longer match wins. `None` when several assets are named.
fn asset_named_in<'a>(assets: &[&'a Asset], text: &str) -> Option<&'a Asset> {
    let text = text.to_lowercase();
    let label = |asset: &'a Asset| {
        let labels = [asset.id.to_lowercase(), asset.name.to_lowercase()];
        let found = labels
            .into_iter()
            .filter(|label| contains_whole_words(&text, label));
        found.max_by_key(String::len).map(|label| (label, asset))
    };
    let found: Vec<(String, &Asset)> = assets.iter().copied().filter_map(label).collect();
    let part_of_another = |label: &str| {
        found
            .iter()
            .any(|(other, _)| other != label && contains_whole_words(other, label))
    };
    let mut alone = found.iter().filter(|(label, _)| !part_of_another(label));
    match (alone.next(), alone.next()) {
        (Some((_, asset)), None) => Some(asset),
        _ => None,
    }
}

/// Whether a text contains `words` as whole words.
fn contains_whole_words(text: &str, words: &str) -> bool {
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let mut found = text.match_indices(words);
    !words.is_empty()
        && found.any(|(at, _)| {
            ends(text[..at].chars().next_back()) && ends(text[at + words.len()..].chars().next())
        })
}

/// Mean length in days of the feeding batches that were harvested in a period, from first feeding
/// to harvest, weighted by mass fed. `None` when no batch was harvested.
pub(crate) fn mean_batch_days(
    desk: &FigureContext<'_>,
    book: &PeriodLedger,
    bin: &BsfAsset,
) -> Option<f64> {
    let mut harvests: Vec<Date> = book.record_dates(&bin.larvae).collect();
    if harvests.is_empty() {
        harvests = book.record_dates(&bin.residue).collect();
    }
    // Harvests are sorted before feedings of the same day: a bin that is emptied and filled on one
    // day starts its new batch on that day.
    let harvests = harvests.into_iter().map(|date| (date, None));
    let fed = book.records_by_date(desk.config, &bin.fed, "kg").ok()?;
    let fed = fed.into_iter().map(|(date, mass)| (date, Some(mass)));
    let mut all: Vec<(Date, Option<f64>)> = harvests.chain(fed).collect();
    all.sort_by_key(|(date, fed)| (*date, fed.is_some()));
    let mut begun: Option<(Date, f64)> = None;
    let (mut mass_days, mut mass) = (0.0, 0.0);
    for (date, fed) in all {
        match (fed, begun) {
            (Some(fed), None) => begun = Some((date, fed)),
            (Some(fed), Some((first, so_far))) => begun = Some((first, so_far + fed)),
            (None, Some((first, fed))) => {
                begun = None;
                // A batch that began before the period but was harvested in it counts as a whole:
                // the index is by batch days, not by calendar days (METHODS E.3).
                if desk.span.period.contains(date) {
                    mass_days += fed * f64::from((date - first).get_days());
                    mass += fed;
                }
            }
            (None, None) => {}
        }
    }
    (mass_days > 0.0).then(|| mass_days / mass)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_named_as_a_whole_word_alone() {
        for (text, words, has) in [
            ("lot 7, bin-2", "bin-2", true),
            ("bin-21", "bin-2", false),
            ("robin", "bin", false),
            ("bin", "bin", true),
            ("bak maggot 1: sisa pasar", "bak maggot 1", true),
            ("anything", "", false),
        ] {
            assert_eq!(contains_whole_words(text, words), has, "{text}");
        }
    }
}
