//! [`IndicatorTile`]: the indicators that a site records, the usual ones first.

use super::entry_texts::{entry_time_text, quantity_text};
use crate::api::ApiListener;
use crate::config::Asset;
use crate::domain::ledger::{EntryKind, LedgerEntry};
use crate::i18n::Language;
use crate::indicators::is_measured_figure;
use crate::ledger::IndicatorDefinition;
use crate::report::content::unit_text;
use crate::storage::{LedgerQuery, StoreError};

/// Latest entries from which the usual indicators are found.
const RECENT_ENTRIES_MAX: usize = 300;
/// Maximum indicators that are shown before a search.
const USUAL_INDICATORS_MAX: usize = 8;
/// Indicators that are shown before a search at least.
const USUAL_INDICATORS_MIN: usize = 6;

/// Indicator to choose.
#[derive(Clone, Debug)]
pub(super) struct IndicatorTile {
    pub(super) id: String,
    pub(super) name: String,
    /// Unit as printed.
    pub(super) unit: String,
    /// Last quantity as a form takes it, with its unit as printed; empty when there is none.
    pub(super) last: String,
    pub(super) last_text: String,
    pub(super) last_when: String,
    /// True when the entry should say which asset is meant.
    pub(super) has_assets: bool,
    /// True when only whole numbers are accepted.
    pub(super) is_whole: bool,
    pub(super) is_chosen: bool,
}

/// Indicators of the form: the usual ones, and the others.
#[derive(Clone, Debug, Default)]
pub(super) struct IndicatorTiles {
    pub(super) usual: Vec<IndicatorTile>,
    pub(super) others: Vec<IndicatorTile>,
    /// Assets that an entry may name: id and name.
    pub(super) assets: Vec<(String, String)>,
}

impl IndicatorTiles {
    /// Indicators by use: those of recent entries, then those of the assets. Without `last` no
    /// earlier quantity is shown: a page that a phone keeps must not show old figures.
    pub(super) async fn load(
        app: &ApiListener,
        chosen: &str,
        with_last: bool,
        lang: Language,
    ) -> Result<Self, StoreError> {
        let query = LedgerQuery {
            sort: Some(EntryKind::Record),
            newest: Some(RECENT_ENTRIES_MAX),
            ..LedgerQuery::default()
        };
        let recent = app.state().store.ledger(query).await?;
        let order = usual_order(&recent, &app.state().assets);
        let shared = shared_indicators(&app.state().assets);
        let tile = |one: &IndicatorDefinition| {
            let of_one = |entry: &&LedgerEntry| entry.statement.indicator == one.id;
            let last = recent.iter().rev().find(of_one).filter(|_| with_last);
            IndicatorTile {
                is_chosen: chosen.eq_ignore_ascii_case(&one.id),
                has_assets: shared.contains(&&*one.id),
                ..indicator_tile(one, last, lang)
            }
        };
        let all = app.state().definitions.all().iter();
        let written = |one: &&IndicatorDefinition| !is_measured_figure(&one.id);
        let definitions: Vec<&IndicatorDefinition> = all.filter(written).collect();
        let place = |one: &IndicatorDefinition| order.iter().position(|id| **id == *one.id);
        let mut usual: Vec<_> = definitions
            .iter()
            .filter_map(|one| place(one).map(|place| (place, *one)))
            .collect();
        usual.sort_by_key(|(place, _)| *place);
        let (first, rest) = usual.split_at(usual.len().min(USUAL_INDICATORS_MAX));
        let rest = rest.iter().map(|(_, one)| *one);
        let unused = definitions.iter().copied();
        let unused = unused.filter(|one| place(one).is_none());
        let mut tiles = Self {
            usual: first.iter().map(|(_, one)| tile(one)).collect(),
            others: rest.chain(unused).map(tile).collect(),
            assets: shared_assets(&app.state().assets),
        };
        // A site that has hardly begun shows some of the list.
        let missing = USUAL_INDICATORS_MIN.saturating_sub(tiles.usual.len());
        let missing = missing.min(tiles.others.len());
        tiles.usual.extend(tiles.others.drain(..missing));
        // An indicator that was asked for must be in sight.
        if let Some(at) = tiles.others.iter().position(|tile| tile.is_chosen) {
            let tile = tiles.others.remove(at);
            tiles.usual.insert(0, tile);
        }
        Ok(tiles)
    }
}

fn indicator_tile(
    one: &IndicatorDefinition,
    last: Option<&LedgerEntry>,
    lang: Language,
) -> IndicatorTile {
    let quantity = last.and_then(|entry| entry.statement.quantity);
    let digits = quantity.map(|quantity| quantity.to_string());
    IndicatorTile {
        id: one.id.to_string(),
        name: one.name.text(lang).to_owned(),
        unit: unit_text(lang, &one.unit),
        last: lang.locale().plain_digits(&digits.unwrap_or_default()),
        last_text: quantity.map_or_else(String::new, |quantity| {
            quantity_text(quantity, &one.unit, lang)
        }),
        last_when: last.map_or_else(String::new, |entry| {
            entry_time_text(entry.statement.when, lang)
        }),
        has_assets: false,
        is_whole: one.decimals == 0,
        is_chosen: false,
    }
}

/// Ids of the indicators that the site uses: the most frequent of the recent entries, then those of
/// the assets.
fn usual_order(recent: &[LedgerEntry], assets: &[Asset]) -> Vec<String> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for entry in recent {
        let id = &*entry.statement.indicator;
        match counts.iter_mut().find(|(known, _)| known == id) {
            Some((_, count)) => *count += 1,
            None => counts.push((id.to_owned(), 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut order: Vec<String> = counts.into_iter().map(|(id, _)| id).collect();
    for id in assets.iter().flat_map(Asset::waste_indicators) {
        if !order.iter().any(|known| known == id) {
            order.push(id.to_owned());
        }
    }
    order
}

/// Indicators that several assets share: an entry of these names its asset.
fn shared_indicators(assets: &[Asset]) -> Vec<&str> {
    let all: Vec<&str> = assets.iter().flat_map(Asset::waste_indicators).collect();
    let several = |id: &&str| all.iter().filter(|other| *other == id).count() > 1;
    let shared = all.iter().filter(|id| several(id));
    shared.copied().collect()
}

/// Assets that share an indicator with another: id and name.
fn shared_assets(assets: &[Asset]) -> Vec<(String, String)> {
    let shared = shared_indicators(assets);
    let named = |asset: &&Asset| {
        let mut own = asset.waste_indicators().into_iter();
        own.any(|id| shared.contains(&id))
    };
    let assets = assets.iter().filter(named);
    assets
        .map(|asset| (asset.id.to_string(), asset.name.to_string()))
        .collect()
}
