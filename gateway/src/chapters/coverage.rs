//! How much of each day was measured, as a calendar an asset.

use super::book::Book;
use super::days;
use crate::model::indicator::Daily;
use crate::report::chart::{Along, Chart, Form, Series};
use crate::report::document::Block;
use crate::report::value::Kind;

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let mut blocks: Vec<Block> = book
        .assets()
        .filter_map(|asset| calendar(book, &asset.id, &book.daily(Some(&asset.id), &[""])))
        .map(Block::Chart)
        .collect();
    if !blocks.is_empty() {
        blocks.insert(0, book.paragraph("coverage-text", &[]));
    }
    blocks
}

/// The calendar of an asset's first series with known shares.
fn calendar(book: &Book<'_>, asset: &str, series: &[&Daily]) -> Option<Chart> {
    let today = book.today();
    let shares = |one: &Daily| -> Vec<Option<f64>> {
        let all = one.days.iter().filter(|(day, ..)| *day <= today);
        all.map(|(.., known)| days::measured(&one.id, known))
            .collect()
    };
    let known = |one: &&&Daily| shares(one).iter().flatten().next().is_some();
    let one = series.iter().find(known)?;
    let along = one
        .days
        .iter()
        .map(|(day, ..)| *day)
        .filter(|day| *day <= today);
    let args = [
        ("asset", &*book.asset_name(asset)),
        ("what", &*book.name(&one.id)),
    ];
    Some(Chart {
        id: format!("coverage/{asset}"),
        title: book.say("chapters-coverage-of", &args),
        form: Form::Calendar,
        kind: Kind::Percent(0),
        along: Along::Days(along.collect()),
        series: vec![Series {
            id: "share".to_owned(),
            label: book.text("chapters-col-share"),
            values: shares(one),
        }],
        target: None,
    })
}
