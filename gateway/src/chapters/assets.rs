//! The chapters of assets: for each its figures, its plots and its days.

use super::book::Book;
use super::carbon;
use super::{days, figures};
use crate::config::Asset;
use crate::model::indicator::{Daily, Indicator};
use crate::report::document::Block;

/// Cards of one asset; further figures stand in a table.
const CARDS_MAX: usize = 6;

/// The chapter on organic waste.
const WASTE: &str = "waste";

/// A chapter on assets of some kinds.
#[derive(Debug)]
pub(super) struct Chapter {
    pub(super) id: &'static str,
    kinds: &'static [&'static str],
}

const fn chapter(id: &'static str, kinds: &'static [&'static str]) -> Chapter {
    Chapter { id, kinds }
}

/// In reading order.
pub(super) const CHAPTERS: &[Chapter] = &[
    chapter("energy", &["plts"]),
    chapter("pump", &["pump"]),
    chapter("tanks", &["tank"]),
    chapter("rain", &["catchment"]),
    chapter(WASTE, &["bsf", "compost"]),
    chapter("power", &["genset", "meter"]),
];

pub(super) fn blocks(book: &Book<'_>, chapter: &Chapter) -> Vec<Block> {
    let fitting = book
        .assets()
        .filter(|asset| chapter.kinds.contains(&asset.kind.word()));
    let mut blocks: Vec<Block> = fitting.flat_map(|asset| one(book, asset)).collect();
    if chapter.id == WASTE {
        blocks.extend(together(book));
    }
    blocks
}

/// What was written down for several bins or heaps as one.
fn together(book: &Book<'_>) -> Vec<Block> {
    let all = book.of(None, &["bsf.", "compost."]);
    if all.is_empty() {
        return Vec::new();
    }
    let (known, missing): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.value.is_ok());
    let mut blocks = vec![Block::Heading(book.text("chapters-waste-together"))];
    blocks.extend(figures::cards(book, "figures/:waste", &known));
    blocks.extend(figures::table(book, "more/:waste", &missing));
    blocks
}

/// The figures of an asset that its own chapter shows; emissions have a chapter of their own.
pub(super) fn own<'a>(book: &Book<'a>, asset: &str) -> Vec<&'a Indicator> {
    let all = book.of(Some(asset), &[""]);
    all.into_iter()
        .filter(|one| !carbon::is_carbon(&one.id))
        .collect()
}

fn one(book: &Book<'_>, asset: &Asset) -> Vec<Block> {
    let all = own(book, &asset.id);
    if all.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Heading(asset.name.to_string())];
    // What has a value first, so that a card never stands empty beside a full row of a table.
    let (known, missing): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.value.is_ok());
    let (cards, more) = known.split_at(known.len().min(CARDS_MAX));
    let more: Vec<&Indicator> = more.iter().copied().chain(missing).collect();
    blocks.extend(figures::cards(
        book,
        &format!("figures/{}", asset.id),
        cards,
    ));
    blocks.extend(figures::table(book, &format!("more/{}", asset.id), &more));
    let series = book.daily(Some(&asset.id), &[""]).into_iter();
    let series: Vec<&Daily> = series.filter(|one| !carbon::is_carbon(&one.id)).collect();
    blocks.extend(days::blocks(book, &asset.id, &series));
    blocks
}
