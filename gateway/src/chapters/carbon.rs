//! Emissions avoided: what would have happened, the factor and who says so, gross, project,
//! leakage and net, the equations with their numbers; methane apart, by the year and over the
//! lifetime.

use super::book::{Book, cell};
use super::explain::substituted;
use super::{baseline, days, figures, naming};
use crate::config::Asset;
use crate::model::factor::Headline;
use crate::model::indicator::Indicator;
use crate::report::document::{Block, Tone};
use crate::report::value::{Kind, Value};

/// Beginnings of the ids of emissions.
const EMISSIONS: &[&str] = &["co2.", "methane.", "waste."];
const ANNUAL: &[&str] = &["methane.annual", "waste."];
const LIFETIME: &[&str] = &["methane.lifetime"];

/// This chapter shows it, not that of its asset.
pub(super) fn is_carbon(id: &str) -> bool {
    EMISSIONS.iter().any(|start| id.starts_with(start))
}

/// What the first page says of emissions: the site's net, else that of each asset.
pub(super) fn headlines<'a>(book: &Book<'a>) -> Vec<&'a Indicator> {
    let nets = |site: bool| -> Vec<&'a Indicator> {
        let all = book.indicators().iter();
        all.filter(|one| &*one.id == "co2.net" && one.asset.is_none() == site)
            .collect()
    };
    match nets(true) {
        site if site.is_empty() => nets(false),
        site => site,
    }
}

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let mut blocks: Vec<Block> = book
        .assets()
        .flat_map(|asset| energy(book, asset))
        .collect();
    let site = book.of(None, &["co2."]);
    let of_assets = book.indicators().iter().filter(|one| &*one.id == "co2.net");
    // One asset's emissions are the site's: they are not told twice.
    if of_assets.filter(|one| one.asset.is_some()).count() > 1 && !site.is_empty() {
        blocks.push(Block::Heading(book.text("chapters-carbon-site")));
        blocks.extend(figures::cards(book, "carbon-site", &site));
        blocks.extend(calculation(book, ":site", &site));
    }
    let assets = book.assets();
    blocks.extend(assets.flat_map(|asset| waste(book, Some(asset))));
    blocks.extend(waste(book, None));
    if !blocks.is_empty() {
        blocks.push(Block::Heading(book.text("chapters-carbon-limits")));
        blocks.push(book.paragraph("carbon-limits-text", &[]));
    }
    blocks
}

/// What an asset's energy avoids.
fn energy(book: &Book<'_>, asset: &Asset) -> Vec<Block> {
    let all = book.of(Some(&asset.id), &["co2."]);
    let declared = asset.baseline();
    if all.is_empty() && declared.is_none() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Heading(asset.name.to_string())];
    if let Some(doubtful) = all.iter().find(|one| one.headline != Headline::Firm) {
        let key = format!("factor-headline-{}", doubtful.headline.word());
        let why = naming::sentence(&book.text(&key));
        blocks.push(book.callout(Tone::Provisional, "carbon-provisional", &[("why", &why)]));
    }
    if declared.is_some_and(|declared| declared.kind.code() == "NONE") {
        blocks.push(book.callout(Tone::Note, "carbon-none", &[]));
    }
    blocks.extend(baseline::table(book, asset));
    blocks.extend(figures::cards(book, &format!("carbon/{}", asset.id), &all));
    blocks.extend(calculation(book, &asset.id, &all));
    let series = book.daily(Some(&asset.id), &["co2."]);
    blocks.extend(days::blocks(book, &format!("carbon/{}", asset.id), &series));
    blocks
}

/// What the treatment of waste avoids: this year's methane and a lifetime's are two numbers.
/// `None`: of several bins or heaps that are written down as one.
fn waste(book: &Book<'_>, asset: Option<&Asset>) -> Vec<Block> {
    let place = asset.map_or(":waste", |asset| &*asset.id);
    let [annual, lifetime] =
        [ANNUAL, LIFETIME].map(|ids| book.of(asset.map(|asset| &*asset.id), ids));
    if annual.is_empty() && lifetime.is_empty() {
        return Vec::new();
    }
    let all: Vec<&Indicator> = annual.iter().chain(&lifetime).copied().collect();
    let id = |what: &str| format!("{what}/{place}");
    let heading = asset.map_or_else(
        || book.text("chapters-waste-together"),
        |asset| asset.name.to_string(),
    );
    let mut blocks = vec![Block::Heading(heading)];
    blocks.extend(asset.and_then(|asset| baseline::table(book, asset)));
    blocks.extend(figures::cards(book, &id("methane-annual"), &annual));
    if !lifetime.is_empty() {
        blocks.push(book.callout(Tone::Warning, "lifetime", &[]));
        blocks.extend(figures::cards(book, &id("methane-lifetime"), &lifetime));
    }
    blocks.extend(calculation(book, place, &all));
    blocks
}

/// Each line's equation, and the same with its numbers.
fn calculation(book: &Book<'_>, id: &str, all: &[&Indicator]) -> Option<Block> {
    let columns = vec![
        book.column("line", Kind::Text),
        book.column("equation", Kind::Text),
        book.column("numbers", Kind::Text),
        book.column("value", Kind::Mixed),
        book.column("unit", Kind::Text),
        book.column("method", Kind::Text),
    ];
    let scope = if all.iter().any(|one| one.id.starts_with("co2.")) {
        "co2"
    } else {
        "methane"
    };
    let mut table = book.table(&format!("lines-{scope}/{id}"), "calculation", columns);
    let computed = all.iter().filter(|one| one.value.is_ok());
    table.rows = computed.map(|one| line(book, one)).collect();
    (!table.rows.is_empty()).then_some(Block::Table(table))
}

fn line(book: &Book<'_>, one: &Indicator) -> Vec<Value> {
    let numbers = substituted(book.lang, one);
    let numbers = if numbers == one.equation {
        String::new()
    } else {
        numbers
    };
    vec![
        Value::Text(book.name(&one.id)),
        cell(one.equation),
        cell(numbers),
        figures::value(book, one),
        cell(book.unit(&one.unit)),
        cell(one.method),
    ]
}
