//! An indicator as a figure of the report, with all that says how far to believe it.

use super::book::Book;
use super::digits;
use super::naming;
use super::targets;
use crate::analyse::Status as Reason;
use crate::model::factor::Headline;
use crate::model::indicator::Indicator;
use crate::model::ledger::Sort;
use crate::report::document::Block;
use crate::report::figure::{Figure, Figures, Status};
use crate::report::table::Table;
use crate::report::value::{Kind, Value};

/// Shares of the period from which a figure is complete, or may be a headline at all (G.4).
const COMPLETE: f64 = 0.9;
const SUFFICIENT: f64 = 0.75;
/// Beginnings of the ids whose completeness is that of the hours of daylight.
const BY_DAYLIGHT: &[&str] = &["plts.", "co2."];

/// The figure `PLACE/ASSET/ID`.
pub(super) fn figure(book: &Book<'_>, one: &Indicator, place: &str, label: &str) -> Figure {
    let kind = digits::kind(&book.matter.config.definitions, book.lang, one);
    let value = match &one.value {
        Ok(value) => Value::Number(*value),
        Err(why) => Value::Missing(naming::remark(book.lang, why)),
    };
    let parts = [Some(place), one.asset.as_deref(), Some(&*one.id)];
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    let mut figure = Figure::new(&parts.collect::<Vec<_>>().join("/"), label, value, kind);
    figure.plus_minus = digits::half_width(one);
    figure.completeness = share(one);
    figure.origin = Some(one.origin);
    figure.status = status(one);
    figure.target = targets::of(book, Sort::Target, one);
    one.method.clone_into(&mut figure.method);
    figure.factors = one.factors.iter().map(|f| f.id.to_string()).collect();
    figure.notes = notes(book, one);
    figure
}

/// Cards of these indicators; nothing when there are none.
pub(super) fn cards(book: &Book<'_>, id: &str, all: &[&Indicator]) -> Option<Block> {
    let one = |one: &&Indicator| figure(book, one, "", &book.name(&one.id));
    let items: Vec<Figure> = all.iter().map(one).collect();
    let id = id.to_owned();
    (!items.is_empty()).then_some(Block::Figures(Figures { id, items }))
}

/// What a reader must know beside the number.
pub(super) fn notes(book: &Book<'_>, one: &Indicator) -> Vec<String> {
    let remarks = one.remarks.iter();
    let mut notes: Vec<String> = remarks.map(|r| naming::remark(book.lang, r)).collect();
    if let Headline::Provisional(_) = one.headline {
        let key = format!("factor-headline-{}", one.headline.word());
        notes.push(naming::sentence(&book.text(&key)));
    }
    notes
}

/// The share of one of the period that was measured: of the daylight for what the sun does.
pub(super) fn share(one: &Indicator) -> Option<f64> {
    let known = &one.completeness;
    let is_solar = BY_DAYLIGHT.iter().any(|prefix| one.id.starts_with(prefix));
    if is_solar {
        known.daylight.or(known.all)
    } else {
        known.all.or(known.daylight)
    }
}

/// How final a figure is (C.2, G.4).
pub(super) fn status(one: &Indicator) -> Status {
    match (one.headline, share(one)) {
        _ if is_refused(one) => Status::Insufficient,
        (Headline::Provisional(_), _) => Status::Provisional,
        (_, Some(share)) if share < SUFFICIENT => Status::Insufficient,
        (_, Some(share)) if share < COMPLETE => Status::Partial,
        _ => Status::Final,
    }
}

/// Too little was measured for a headline. What has no value says itself why.
pub(super) fn is_insufficient(one: &Indicator) -> bool {
    one.value.is_ok() && share(one).is_some_and(|share| share < SUFFICIENT)
}

/// There was no lack of readings, but they cannot be.
fn is_refused(one: &Indicator) -> bool {
    let refused = Reason::ImplausibleReadings.words_key();
    matches!(&one.value, Err(why) if why.key == refused)
}

/// Further figures, a row each.
pub(super) fn table(book: &Book<'_>, id: &str, all: &[&Indicator]) -> Option<Block> {
    let columns = vec![
        book.column("indicator", Kind::Text),
        book.column("value", Kind::Mixed),
        book.column("unit", Kind::Text),
        book.column("spread", Kind::Percent(0)),
        book.column("share", Kind::Percent(0)),
        book.column("origin", Kind::Text),
        book.column("method", Kind::Text),
        book.column("note", Kind::Note),
    ];
    let mut table: Table = book.table(id, "more-figures", columns);
    table.rows = all.iter().map(|one| row(book, one)).collect();
    (!table.rows.is_empty()).then_some(Block::Table(table))
}

fn row(book: &Book<'_>, one: &Indicator) -> Vec<Value> {
    let share = |share: Option<f64>| share.map_or(Value::Empty, Value::Number);
    let spread = digits::percent(one).map(|percent| percent / 100.0);
    vec![
        Value::Text(book.name(&one.id)),
        value(book, one),
        super::book::cell(book.unit(&one.unit)),
        share(spread),
        share(self::share(one)),
        Value::Text(book.text(&format!("report-origin-{}", one.origin.key()))),
        Value::text(one.method),
        super::book::cell(notes(book, one).join(" ")),
    ]
}

/// The rounded number of an indicator, or why there is none.
pub(super) fn value(book: &Book<'_>, one: &Indicator) -> Value {
    let definitions = &book.matter.config.definitions;
    match &one.value {
        Ok(x) => Value::Number(digits::rounded(definitions, book.lang, one, *x)),
        Err(why) => Value::Missing(naming::remark(book.lang, why)),
    }
}
