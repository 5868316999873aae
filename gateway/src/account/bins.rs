//! What the ledger says of each bin or heap, where several are written down under one indicator;
//! and the feeding batches of a bin (METHODS E.3).

use crate::account::ledger::Book;
use crate::config::assets::{Asset, AssetKind, Bsf};
use crate::model::ledger::Entry;
use crate::model::period::Period;
use jiff::civil::Date;

/// Bins and heaps that share an indicator of the ledger.
#[derive(Debug)]
pub(super) struct Sharing<'a> {
    members: &'a [&'a Asset],
}

impl<'a> Sharing<'a> {
    pub(super) fn new(members: &'a [&'a Asset]) -> Self {
        Self { members }
    }

    /// The entries of one of them: those that name it, and those of an indicator that is its alone.
    pub(super) fn of(&self, book: &Book, member: &Asset) -> Book {
        book.only(|entry| self.owner(entry).is_some_and(|one| one.id == member.id))
    }

    /// The entries that are of all of them together.
    pub(super) fn of_none(&self, book: &Book) -> Book {
        book.only(|entry| self.owner(entry).is_none())
    }

    /// Whether it has an entry of what goes into or comes out of one of them.
    pub(super) fn is_written(&self, book: &Book) -> bool {
        let mut all = self.members.iter().flat_map(|member| indicators(member));
        all.any(|indicator| !book.deposits(indicator).is_empty())
    }

    fn owner(&self, entry: &Entry) -> Option<&'a Asset> {
        let said = &entry.statement;
        let has = |member: &&&'a Asset| indicators(member).contains(&&*said.indicator);
        let possible: Vec<&'a Asset> = self.members.iter().filter(has).copied().collect();
        match possible[..] {
            [one] => Some(one),
            _ => named(&possible, &said.what).or_else(|| named(&possible, &said.note)),
        }
    }
}

/// The indicators of what goes into a bin or heap, and what comes out.
fn indicators(asset: &Asset) -> Vec<&str> {
    match &asset.kind {
        AssetKind::Bsf(bin) => vec![&bin.fed, &bin.larvae, &bin.residue],
        AssetKind::Compost(heap) => vec![&heap.fed],
        _ => Vec::new(),
    }
}

/// The one asset that a text names by its id or name; of `bin` and `bin 2` the longer one. Nothing
/// where it names several.
fn named<'a>(assets: &[&'a Asset], text: &str) -> Option<&'a Asset> {
    let text = text.to_lowercase();
    let label = |asset: &'a Asset| {
        let labels = [asset.id.to_lowercase(), asset.name.to_lowercase()];
        let found = labels.into_iter().filter(|label| has_words(&text, label));
        found.max_by_key(String::len).map(|label| (label, asset))
    };
    let found: Vec<(String, &Asset)> = assets.iter().copied().filter_map(label).collect();
    let part_of_another = |label: &str| {
        found
            .iter()
            .any(|(other, _)| other != label && has_words(other, label))
    };
    let mut alone = found.iter().filter(|(label, _)| !part_of_another(label));
    match (alone.next(), alone.next()) {
        (Some((_, asset)), None) => Some(asset),
        _ => None,
    }
}

/// A text has these words, as whole words.
fn has_words(text: &str, words: &str) -> bool {
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let mut found = text.match_indices(words);
    !words.is_empty()
        && found.any(|(at, _)| {
            ends(text[..at].chars().next_back()) && ends(text[at + words.len()..].chars().next())
        })
}

/// How long the feeding batches took that were harvested in a period, from first feeding to
/// harvest, d; of several the mean by mass fed. Nothing where none was harvested.
pub(super) fn batch_days(book: &Book, bin: &Bsf, period: Period) -> Option<f64> {
    let larvae = book.deposits(&bin.larvae);
    let harvests = if larvae.is_empty() {
        book.deposits(&bin.residue)
    } else {
        larvae
    };
    // A bin that is emptied and filled again on one day begins a batch that day.
    let harvests = harvests.into_iter().map(|(date, _)| (date, None));
    let fed = book.deposits(&bin.fed).into_iter();
    let mut all: Vec<(Date, Option<f64>)> = harvests
        .chain(fed.map(|(date, mass)| (date, Some(mass))))
        .collect();
    all.sort_by_key(|(date, fed)| (*date, fed.is_some()));
    let mut begun: Option<(Date, f64)> = None;
    let (mut mass_days, mut mass) = (0.0, 0.0);
    for (date, fed) in all {
        match (fed, begun) {
            (Some(fed), None) => begun = Some((date, fed)),
            (Some(fed), Some((first, so_far))) => begun = Some((first, so_far + fed)),
            (None, Some((first, fed))) => {
                begun = None;
                if period.contains(date) {
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
            assert_eq!(has_words(text, words), has, "{text}");
        }
    }
}
