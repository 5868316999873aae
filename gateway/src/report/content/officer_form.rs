//! Annex: the line table for the TJSL officer (METHODS H), one line for each indicator. Cells that
//! the site does not know stay empty; nothing is guessed.

use super::context::{ReportContext, text_cell};
use super::figure_key::figure_key;
use super::{asset_chapters, indicator_figures, ledger_chapter};
use crate::config::Asset;
use crate::domain::factor::Factor;
use crate::domain::indicator::{Indicator, InputSource, RoundingDirection};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::ReportBlock;
use crate::report::render::table::{ReportColumn, ReportTable};
use std::sync::Arc;

/// Figures of assets that are handed in. Performance figures are only in the asset's chapter.
const FORM_INDICATORS: &[&str] = &[
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

pub(crate) fn form_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let mut table = book.table("officer-form", "form-lines", form_columns(book));
    let mut told: Vec<&Indicator> = Vec::new();
    for asset in book.assets() {
        // Emissions are in the line of the energy or waste that causes them.
        let own = asset_chapters::asset_indicators(book, &asset.id).into_iter();
        let known = own.filter(|one| one.value.is_ok() && FORM_INDICATORS.contains(&&*one.id));
        let known: Vec<&Indicator> = known.collect();
        let bearer = emission_bearer(&known);
        for one in known {
            let bears = bearer.is_some_and(|bearer| std::ptr::eq(bearer, one));
            push_form_row(book, &mut table, (one, &asset.name), bears.then_some(asset));
            told.push(one);
        }
    }
    let written = ledger_chapter::written_totals(book).into_iter();
    let written = written.filter(|(one, definition)| !is_listed(&told, one, &definition.id));
    for (one, definition) in written {
        let programme = ledger_chapter::programme_name(book, &definition.programme);
        push_form_row(book, &mut table, (one, &programme), None);
    }
    book.table_with_intro("form-text", table)
}

/// True when the same quantity is already in the line of an asset: nothing is counted twice
/// (METHODS G.7).
fn is_listed(told: &[&Indicator], one: &Indicator, written: &str) -> bool {
    let same = |line: &&&Indicator| {
        let from = line.inputs.iter().any(|input| match &input.from {
            InputSource::Ledger { indicator, .. } => **indicator == *written,
            _ => false,
        });
        from && line.value == one.value
    };
    told.iter().any(|line| same(&line))
}

/// The figure that carries the emissions of the asset: used energy, else waste fed.
fn emission_bearer<'a>(known: &[&'a Indicator]) -> Option<&'a Indicator> {
    let ids = ["plts.self_use", "plts.generation", "bsf.fed", "compost.fed"];
    let found = |id: &&str| known.iter().find(|one| *one.id == **id).copied();
    ids.iter().find_map(found)
}

fn form_columns(book: &ReportContext<'_>) -> Vec<ReportColumn> {
    let text = |id| book.column(id, ValueKind::Text);
    let mass = |id| book.column(id, ValueKind::Mixed);
    vec![
        text("indicator"),
        text("site"),
        text("programme"),
        book.column("quantity", ValueKind::Mixed),
        text("unit"),
        book.column("from", ValueKind::Date),
        book.column("to", ValueKind::Date),
        text("origin"),
        book.column("share", ValueKind::Percent(0)),
        text("baseline-code"),
        text("method"),
        text("factor-and-year"),
        text("factor-status"),
        mass("gross"),
        mass("project"),
        mass("net"),
        text("mass-unit"),
        book.column("spread", ValueKind::Percent(0)),
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

/// Adds a line, and says which of its cells are figures.
fn push_form_row(
    book: &ReportContext<'_>,
    table: &mut ReportTable,
    (one, programme): (&Indicator, &str),
    carbon: Option<&Asset>,
) {
    table.rows.push(form_row(book, one, programme, carbon));
    let masses = carbon
        .map(|asset| emission_masses(book, asset))
        .unwrap_or_default();
    for (id, figure) in [
        ("quantity", Some(one)),
        ("gross", masses.gross),
        ("project", masses.project),
        ("net", masses.net),
    ] {
        let column = table.columns.iter().position(|column| column.id == id);
        if let Some((column, figure)) = column.zip(figure) {
            table.mark_figure(column, figure_key(figure));
        }
    }
}

/// One line; `carbon` is the asset whose emissions it carries.
fn form_row(
    book: &ReportContext<'_>,
    one: &Indicator,
    programme: &str,
    carbon: Option<&Asset>,
) -> Vec<CellValue> {
    let period = book.matter.account.period;
    let since = one.measured_since().map(|since| since.at.date());
    let until = one.measured_until().map(|until| until.at.date());
    let masses = carbon
        .map(|asset| emission_masses(book, asset))
        .unwrap_or_default();
    let net = masses.net;
    let share =
        indicator_figures::judged_share(book, one).map_or(CellValue::Empty, CellValue::Number);
    let method = match net {
        Some(net) => format!("{}, {}", one.method, net.method),
        None => one.method.to_owned(),
    };
    let factors: &[Arc<Factor>] = net.map_or(&one.factors, |net| &net.factors);
    let number =
        |one: Option<&Indicator>| one.map_or(CellValue::Empty, |one| known_value(book, one));
    let mut row = vec![
        CellValue::Text(book.indicator_name(&one.id)),
        CellValue::text(&*book.matter.config.site.name),
        text_cell(programme),
        indicator_figures::claimed_value(book, one),
        text_cell(book.unit_text(&one.unit)),
        CellValue::Date(since.unwrap_or(one.period.first())),
        CellValue::Date(until.unwrap_or(one.period.last())),
        CellValue::Text(indicator_figures::origin_text(book, one)),
        share,
        text_cell(carbon.map_or(String::new(), |asset| asset.baseline_codes(period))),
        CellValue::Text(method),
        text_cell(factor_names(factors)),
        text_cell(factor_statuses(book, factors)),
        number(masses.gross),
        number(masses.project),
        number(net),
        text_cell(net.map(|net| book.unit_text(&net.unit)).unwrap_or_default()),
        ledger_chapter::spread_value(net.unwrap_or(one)),
        text_cell(rounding_text(book, net.unwrap_or(one))),
        text_cell(ledger_chapter::evidence_text(one)),
    ];
    // Prepared by, checked by: not known to Pantau.
    row.extend([CellValue::Empty, CellValue::Empty]);
    row.push(text_cell(carbon.map(claim_owner).unwrap_or_default()));
    // PROPER aspect, SDG, GRI: left to the officer.
    row.extend([CellValue::Empty, CellValue::Empty, CellValue::Empty]);
    let notes = net
        .map(|net| indicator_figures::figure_notes(book, net))
        .unwrap_or_default();
    let notes: Vec<String> = indicator_figures::figure_notes(book, one)
        .into_iter()
        .chain(notes)
        .collect();
    row.push(text_cell(notes.join(" ")));
    row
}

/// Gross, project and net emissions of an asset.
#[derive(Default)]
struct EmissionMasses<'a> {
    gross: Option<&'a Indicator>,
    project: Option<&'a Indicator>,
    net: Option<&'a Indicator>,
}

fn emission_masses<'a>(book: &ReportContext<'a>, asset: &Asset) -> EmissionMasses<'a> {
    let account = book.matter.account;
    let find = |id: &str| account.find(id, Some(&asset.id));
    match find("co2.net") {
        Some(net) => EmissionMasses {
            gross: find("co2.gross"),
            project: find("co2.project"),
            net: Some(net),
        },
        // Methane of the year only: that of the lifetime is never added to a period.
        None => EmissionMasses {
            gross: find("methane.annual"),
            project: find("waste.project"),
            net: find("waste.net"),
        },
    }
}

/// Rounded value; empty when no value can be defended or claimed.
fn known_value(book: &ReportContext<'_>, one: &Indicator) -> CellValue {
    match indicator_figures::claimed_value(book, one) {
        CellValue::Missing(_) => CellValue::Empty,
        value => value,
    }
}

/// `grid.sumatera.2019.cm5050 (2019)`, joined by commas.
fn factor_names(factors: &[Arc<Factor>]) -> String {
    let name = |factor: &Arc<Factor>| match factor.year {
        Some(year) => format!("{} ({year})", factor.id),
        None => factor.id.to_string(),
    };
    factors.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn factor_statuses(book: &ReportContext<'_>, factors: &[Arc<Factor>]) -> String {
    let mut all: Vec<String> = Vec::new();
    for factor in factors {
        let status = super::factor_annex::factor_status_text(book, factor);
        if !all.contains(&status) {
            all.push(status);
        }
    }
    all.join(", ")
}

fn rounding_text(book: &ReportContext<'_>, one: &Indicator) -> String {
    book.message(match one.side {
        RoundingDirection::Benefit => "chapters-rounded-down",
        RoundingDirection::Burden => "chapters-rounded-up",
        RoundingDirection::Neutral => "chapters-rounded-nearest",
    })
}

fn claim_owner(asset: &Asset) -> String {
    use crate::assets::AssetKind;
    match &asset.kind {
        AssetKind::Plts(plant) => plant.claim.as_ref().map(|claim| claim.owner.clone()),
        _ => None,
    }
    .unwrap_or_default()
}
