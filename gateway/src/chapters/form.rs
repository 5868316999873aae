//! Annex: the line table that a TJSL officer hands in (METHODS H), one line an indicator. What the
//! site does not know stays empty: nothing is guessed.

use super::book::{Book, cell};
use super::{assets, figures, ledger};
use crate::config::Asset;
use crate::model::factor::Factor;
use crate::model::indicator::{Indicator, Side, Source};
use crate::report::document::Block;
use crate::report::table::Column;
use crate::report::value::{Kind, Value};
use std::sync::Arc;

/// Figures of assets that are handed in; how an asset performs stands in its chapter.
const HANDED_IN: &[&str] = &[
    "plts.generation",
    "plts.self_use",
    "plts.export",
    "pump.volume",
    "pump.energy",
    "tank.outflow",
    "catchment.captured",
    "catchment.inflow",
    "bsf.fed",
    "bsf.larvae",
    "bsf.residue",
    "compost.fed",
    "genset.energy",
    "genset.fuel",
    "genset.co2",
    "meter.energy",
    "meter.import",
    "meter.export",
];

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let mut table = book.table("officer-form", "form-lines", columns(book));
    let mut told: Vec<&Indicator> = Vec::new();
    for asset in book.assets() {
        // Emissions stand in the line of the energy or the waste that they come from.
        let own = assets::own(book, &asset.id).into_iter();
        let known = own.filter(|one| one.value.is_ok() && HANDED_IN.contains(&&*one.id));
        let known: Vec<&Indicator> = known.collect();
        let bearer = bearer(&known);
        for one in known {
            let bears = bearer.is_some_and(|bearer| std::ptr::eq(bearer, one));
            table
                .rows
                .push(row(book, one, &asset.name, bears.then_some(asset)));
            told.push(one);
        }
    }
    let written = ledger::written(book).into_iter();
    let written = written.filter(|(one, definition)| !is_told(&told, one, &definition.id));
    table.rows.extend(written.map(|(one, definition)| {
        let programme = ledger::programme_name(book, &definition.programme);
        row(book, one, &programme, None)
    }));
    book.introduced("form-text", table)
}

/// The same kilograms stand in the line of an asset already: nothing is handed in twice (G.7).
fn is_told(told: &[&Indicator], one: &Indicator, written: &str) -> bool {
    let same = |line: &&&Indicator| {
        let from = line.inputs.iter().any(|input| match &input.from {
            Source::Ledger { indicator, .. } => **indicator == *written,
            _ => false,
        });
        from && line.value == one.value
    };
    told.iter().any(|line| same(&line))
}

/// The figure that an asset's emissions belong to: the energy that was used, else what was fed.
fn bearer<'a>(known: &[&'a Indicator]) -> Option<&'a Indicator> {
    let ids = ["plts.self_use", "plts.generation", "bsf.fed", "compost.fed"];
    let found = |id: &&str| known.iter().find(|one| *one.id == **id).copied();
    ids.iter().find_map(found)
}

fn columns(book: &Book<'_>) -> Vec<Column> {
    let text = |id| book.column(id, Kind::Text);
    let mass = |id| book.column(id, Kind::Mixed);
    vec![
        text("indicator"),
        text("site"),
        text("programme"),
        book.column("quantity", Kind::Mixed),
        text("unit"),
        book.column("from", Kind::Date),
        book.column("to", Kind::Date),
        text("origin"),
        book.column("share", Kind::Percent(0)),
        text("baseline-code"),
        text("method"),
        text("factor-and-year"),
        text("factor-status"),
        mass("gross"),
        mass("project"),
        mass("net"),
        text("mass-unit"),
        book.column("spread", Kind::Percent(0)),
        text("rounding"),
        text("evidence"),
        text("prepared"),
        text("checked"),
        text("owner"),
        text("proper"),
        text("sdg"),
        text("gri"),
        text("remark"),
    ]
}

/// A line; with `carbon` the asset whose emissions it carries.
fn row(book: &Book<'_>, one: &Indicator, programme: &str, carbon: Option<&Asset>) -> Vec<Value> {
    let period = book.matter.account.period;
    let masses = carbon.map(|asset| masses(book, asset)).unwrap_or_default();
    let net = masses.net;
    let share = figures::share(one).map_or(Value::Empty, Value::Number);
    let method = match net {
        Some(net) => format!("{}, {}", one.method, net.method),
        None => one.method.to_owned(),
    };
    let factors: &[Arc<Factor>] = net.map_or(&one.factors, |net| &net.factors);
    let number = |one: Option<&Indicator>| one.map_or(Value::Empty, |one| known(book, one));
    let mut row = vec![
        Value::Text(book.name(&one.id)),
        Value::text(&*book.matter.config.site.name),
        cell(programme),
        figures::value(book, one),
        cell(book.unit(&one.unit)),
        Value::Date(period.first()),
        Value::Date(period.last()),
        Value::Text(book.text(&format!("report-origin-{}", one.origin.key()))),
        share,
        cell(
            carbon
                .and_then(Asset::baseline)
                .map_or("", |declared| declared.kind.code()),
        ),
        Value::Text(method),
        cell(named(factors)),
        cell(factor_status(book, factors)),
        number(masses.gross),
        number(masses.project),
        number(net),
        cell(net.map(|net| book.unit(&net.unit)).unwrap_or_default()),
        ledger::spread(net.unwrap_or(one)),
        cell(rounding(book, net.unwrap_or(one))),
        cell(ledger::evidence(one)),
    ];
    row.extend([Value::Empty, Value::Empty]);
    row.push(cell(carbon.map(owner).unwrap_or_default()));
    row.extend([Value::Empty, Value::Empty, Value::Empty]);
    let notes = net.map(|net| figures::notes(book, net)).unwrap_or_default();
    let notes: Vec<String> = figures::notes(book, one).into_iter().chain(notes).collect();
    row.push(cell(notes.join(" ")));
    row
}

/// Gross, project and net of an asset.
#[derive(Default)]
struct Masses<'a> {
    gross: Option<&'a Indicator>,
    project: Option<&'a Indicator>,
    net: Option<&'a Indicator>,
}

fn masses<'a>(book: &Book<'a>, asset: &Asset) -> Masses<'a> {
    let account = book.matter.account;
    let find = |id: &str| account.find(id, Some(&asset.id));
    match find("co2.net") {
        Some(net) => Masses {
            gross: find("co2.gross"),
            project: find("co2.project"),
            net: Some(net),
        },
        None => Masses {
            gross: find("methane.annual"),
            project: find("waste.project"),
            net: find("waste.net"),
        },
    }
}

/// The rounded number; nothing when it cannot be defended.
fn known(book: &Book<'_>, one: &Indicator) -> Value {
    match one.value {
        Ok(_) => figures::value(book, one),
        Err(_) => Value::Empty,
    }
}

/// `grid.sumatera.2019.cm5050 (2019)`, joined.
fn named(factors: &[Arc<Factor>]) -> String {
    let name = |factor: &Arc<Factor>| match factor.year {
        Some(year) => format!("{} ({year})", factor.id),
        None => factor.id.to_string(),
    };
    factors.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn factor_status(book: &Book<'_>, factors: &[Arc<Factor>]) -> String {
    let mut all: Vec<String> = factors
        .iter()
        .map(|factor| super::factors::status(book, factor))
        .collect();
    all.dedup();
    all.join(", ")
}

fn rounding(book: &Book<'_>, one: &Indicator) -> String {
    book.text(match one.side {
        Side::Benefit => "chapters-rounded-down",
        Side::Burden => "chapters-rounded-up",
        Side::Neutral => "chapters-rounded-nearest",
    })
}

fn owner(asset: &Asset) -> String {
    use crate::config::assets::AssetKind;
    match &asset.kind {
        AssetKind::Plts(plant) => plant.claim.as_ref().map(|claim| claim.owner.clone()),
        _ => None,
    }
    .unwrap_or_default()
}
