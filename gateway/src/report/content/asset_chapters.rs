//! Chapters of the assets: figures, plots and daily values of each asset.

use super::context::ReportContext;
use super::emissions;
use super::{daily_values, indicator_figures};
use crate::config::Asset;
use crate::domain::indicator::{DailyValues, Indicator};
use crate::report::render::document::ReportBlock;

/// Cards of one asset; further figures are listed in a table.
const CARDS_MAX: usize = 6;

/// Id of the chapter on organic waste.
const WASTE_CHAPTER: &str = "waste";

/// Ids of all asset chapters in reading order; a kind of asset says which one it is in.
pub(crate) const ASSET_CHAPTERS: &[&str] =
    &["energy", "pump", "tanks", "rain", WASTE_CHAPTER, "power"];

pub(crate) fn asset_chapter_blocks(book: &ReportContext<'_>, chapter: &str) -> Vec<ReportBlock> {
    let fitting = book
        .assets()
        .filter(|asset| asset.kind.settings().report_chapter() == chapter);
    let mut blocks: Vec<ReportBlock> = fitting
        .flat_map(|asset| single_asset_blocks(book, asset))
        .collect();
    if chapter == WASTE_CHAPTER {
        blocks.extend(shared_waste_blocks(book));
    }
    blocks
}

/// Figures of entries that name no single bin or heap; they belong to the site.
fn shared_waste_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let all = book.indicators_of(None, &["bsf.", "compost."]);
    if all.is_empty() {
        return Vec::new();
    }
    let (known, missing): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.value.is_ok());
    let mut blocks = vec![ReportBlock::Heading(
        book.message("chapters-waste-together"),
    )];
    blocks.extend(indicator_figures::figure_cards(
        book,
        "figures/:waste",
        &known,
    ));
    blocks.extend(indicator_figures::figure_table(
        book,
        "more/:waste",
        &missing,
    ));
    blocks
}

/// Figures of an asset for its own chapter, without emissions, which have a chapter of their own.
pub(crate) fn asset_indicators<'a>(book: &ReportContext<'a>, asset: &str) -> Vec<&'a Indicator> {
    let all = book.indicators_of(Some(asset), &[""]);
    all.into_iter()
        .filter(|one| !emissions::is_emission(&one.id))
        .collect()
}

/// Daily values of an asset for its own chapter.
pub(crate) fn asset_daily_values<'a>(
    book: &ReportContext<'a>,
    asset: &str,
) -> Vec<&'a DailyValues> {
    let series = book.daily_of(Some(asset), &[""]).into_iter();
    series
        .filter(|one| !emissions::is_emission(&one.id))
        .collect()
}

fn single_asset_blocks(book: &ReportContext<'_>, asset: &Asset) -> Vec<ReportBlock> {
    let all = asset_indicators(book, &asset.id);
    if all.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![ReportBlock::Heading(asset.name.to_string())];
    // Figures with a value come first: otherwise a card could be empty while the table below it is
    // full.
    let (known, missing): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.value.is_ok());
    let (cards, more) = known.split_at(known.len().min(CARDS_MAX));
    let more: Vec<&Indicator> = more.iter().copied().chain(missing).collect();
    blocks.extend(indicator_figures::figure_cards(
        book,
        &format!("figures/{}", asset.id),
        cards,
    ));
    blocks.extend(indicator_figures::figure_table(
        book,
        &format!("more/{}", asset.id),
        &more,
    ));
    let series = asset_daily_values(book, &asset.id);
    blocks.extend(daily_values::daily_blocks(book, &asset.id, &series));
    blocks
}
