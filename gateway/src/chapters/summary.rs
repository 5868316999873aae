//! The first page: what a director reads.

use super::book::Book;
use super::targets;
use super::{assets, carbon, digits, figures, naming};
use crate::model::factor::Headline;
use crate::model::indicator::Indicator;
use crate::model::ledger::Sort;
use crate::report::document::{Block, Tone};
use crate::report::figure::{Figure, Figures};
use crate::report::format;
use crate::report::value::{Kind, Value};

/// Headlines of one report.
const HEADLINES_MAX: usize = 12;

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let headlines = headlines(book);
    let mut blocks: Vec<Block> = past(book).into_iter().collect();
    blocks.push(introduction(book));
    blocks.extend(doubts(book, &headlines));
    let items: Vec<Figure> = headlines.iter().map(|one| headline(book, one)).collect();
    if !items.is_empty() {
        let id = "headline".to_owned();
        blocks.push(Block::Figures(Figures { id, items }));
    }
    blocks.extend(totals(book));
    blocks.extend(against_target(book));
    blocks
}

/// That the report was computed with an old revision, and which official pages of it are not there
/// any more.
fn past(book: &Book<'_>) -> Option<Block> {
    let (past, config) = (book.matter.past?, book.matter.config);
    let revision = book.matter.account.revision.as_str();
    let args = [
        ("number", past.number.as_str()),
        ("revision", revision),
        ("now", &past.in_force),
    ];
    let Block::Callout(mut callout) = book.callout(Tone::Warning, "past", &args) else {
        return None;
    };
    let pages = config.factors.evidence.iter().filter(|page| !page.present);
    let pages: Vec<&str> = pages.map(|page| page.file.as_str()).collect();
    if !pages.is_empty() {
        let pages = book.say("chapters-past-pages", &[("files", &pages.join(", "))]);
        callout.text = format!("{} {pages}", callout.text);
    }
    Some(Block::Callout(callout))
}

/// The site's totals, where more than one asset makes them.
fn totals(book: &Book<'_>) -> Option<Block> {
    let several = |kind: &str| book.assets().filter(|one| one.kind.word() == kind).count() > 1;
    let all = book.of(None, &["site."]);
    let is_told = ["plts", "pump", "catchment"].into_iter().any(several) && !all.is_empty();
    is_told
        .then(|| figures::table(book, "site-totals", &all))
        .flatten()
}

/// The first figure of each asset, what was avoided, and what people aimed at.
fn headlines<'a>(book: &Book<'a>) -> Vec<&'a Indicator> {
    let mains = book.assets().filter_map(|asset| {
        let own = assets::own(book, &asset.id).into_iter();
        own.into_iter().find(|one| one.value.is_ok())
    });
    let aimed = book.indicators().iter().filter(|one| {
        one.id.starts_with("ledger.") && targets::of(book, Sort::Target, one).is_some()
    });
    let mut all: Vec<&Indicator> = carbon::headlines(book);
    all.extend(mains);
    all.extend(aimed);
    all.truncate(HEADLINES_MAX);
    all
}

/// A figure of which too little was measured is no headline (G.4): the reason stands there instead.
fn headline(book: &Book<'_>, one: &Indicator) -> Figure {
    let mut figure = figures::figure(book, one, "summary", &book.full_name(one));
    if figures::is_insufficient(one) {
        let share = figures::share(one).unwrap_or_default();
        let share = format::percent(book.lang, share, 0);
        let why = book.say("chapters-insufficient", &[("share", &share)]);
        figure.value = Value::Missing(why);
        figure.plus_minus = None;
    }
    figure
}

fn introduction(book: &Book<'_>) -> Block {
    let period = book.matter.account.period;
    let (first, last) = (
        format::date(book.lang, period.first()),
        format::date(book.lang, period.last()),
    );
    let site = book.site_name();
    let args = [("site", &*site), ("first", &*first), ("last", &*last)];
    book.paragraph("introduction", &args)
}

fn doubts(book: &Book<'_>, headlines: &[&Indicator]) -> Vec<Block> {
    let mut blocks = Vec::new();
    if book.matter.account.period.last() >= book.today() {
        let until = format::time(book.lang, book.matter.issued, &book.zone);
        blocks.push(book.callout(Tone::Note, "not-over", &[("until", &until)]));
    }
    if headlines.iter().any(|one| one.headline != Headline::Firm) {
        blocks.push(book.callout(Tone::Provisional, "provisional", &[]));
    }
    blocks
}

/// Every figure that has a target or a baseline.
fn against_target(book: &Book<'_>) -> Option<Block> {
    let columns = vec![
        book.column("indicator", Kind::Text),
        book.column("value", Kind::Mixed),
        book.column("target", Kind::Mixed),
        book.column("unit", Kind::Text),
        book.column("reached", Kind::Percent(0)),
        book.column("before", Kind::Mixed),
    ];
    let mut table = book.table("targets", "targets", columns);
    table.rows = book
        .indicators()
        .iter()
        .filter_map(|one| row(book, one))
        .collect();
    (!table.rows.is_empty()).then_some(Block::Table(table))
}

fn row(book: &Book<'_>, one: &Indicator) -> Option<Vec<Value>> {
    let [target, before] = [Sort::Target, Sort::Baseline].map(|sort| targets::of(book, sort, one));
    target.or(before)?;
    let value = figures::value(book, one);
    let reached = match (&value, target) {
        (Value::Number(value), Some(target)) if target > 0.0 => Value::Number(value / target),
        _ => Value::Empty,
    };
    let definitions = &book.matter.config.definitions;
    let given = |given: Option<f64>| match given {
        Some(given) => Value::Number(digits::rounded(definitions, book.lang, one, given)),
        None => Value::Empty,
    };
    Some(vec![
        Value::Text(book.full_name(one)),
        value,
        given(target),
        super::book::cell(naming::unit(book.lang, &one.unit)),
        reached,
        given(before),
    ])
}
