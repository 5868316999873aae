//! Attribution of ledger entries to bins and heaps that share an indicator (METHODS E.3).

use crate::assets::Asset;
use crate::domain::ledger::LedgerEntry;
use crate::indicators::ledger_totals::PeriodLedger;

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
