//! Chapter on avoided emissions: baseline, factor with its status, gross, project, leakage and net
//! emissions, and the equations with their numbers. Methane is separate: of the year, and over the
//! lifetime of the deposit.

use super::context::{ReportContext, text_cell};
use super::explain::substitute_numbers;
use super::figure_key::mark_figures;
use super::figure_names::names_text;
use super::{baseline_table, daily_values, indicator_figures};
use crate::config::Asset;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::Indicator;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{CalloutTone, ReportBlock};

/// Id prefixes of emissions.
const EMISSION_PREFIXES: &[&str] = &["co2.", "methane.", "waste."];
const ANNUAL_PREFIXES: &[&str] = &["methane.annual", "waste."];
const LIFETIME_PREFIXES: &[&str] = &["methane.lifetime"];
/// Column of the values in the table of equations.
const VALUE_COLUMN: usize = 3;

/// True when this chapter shows the indicator instead of the asset's chapter.
pub(crate) fn is_emission(id: &str) -> bool {
    EMISSION_PREFIXES.iter().any(|start| id.starts_with(start))
}

/// Emissions on the first page: net emissions of the site, else those of each asset, and the net of
/// waste, which may be a burden and diminishes the gain beside it.
pub(crate) fn headline_emissions<'a>(book: &ReportContext<'a>) -> Vec<&'a Indicator> {
    let nets = |site: bool| -> Vec<&'a Indicator> {
        let all = book.indicators().iter();
        all.filter(|one| &*one.id == "co2.net" && one.asset.is_none() == site)
            .collect()
    };
    let mut all = match nets(true) {
        site if site.is_empty() => nets(false),
        site => site,
    };
    let waste = book.indicators().iter();
    all.extend(waste.filter(|one| &*one.id == "waste.net" && one.value.is_ok()));
    all
}

pub(crate) fn emission_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let mut blocks: Vec<ReportBlock> = book
        .assets()
        .flat_map(|asset| energy_blocks(book, asset))
        .collect();
    let site = book.indicators_of(None, &["co2."]);
    let of_assets = book.indicators().iter().filter(|one| &*one.id == "co2.net");
    // With a single asset the site's emissions are the same numbers; they are not repeated.
    if of_assets.filter(|one| one.asset.is_some()).count() > 1 && !site.is_empty() {
        blocks.push(ReportBlock::Heading(book.message("chapters-carbon-site")));
        blocks.extend(indicator_figures::figure_cards(book, "carbon-site", &site));
        blocks.extend(calculation_table(book, ":site", &site));
    }
    let assets = book.assets();
    blocks.extend(assets.flat_map(|asset| waste_blocks(book, Some(asset))));
    blocks.extend(waste_blocks(book, None));
    if !blocks.is_empty() {
        blocks.push(ReportBlock::Heading(book.message("chapters-carbon-limits")));
        blocks.push(book.paragraph("carbon-limits-text", &[]));
    }
    blocks
}

/// Emissions avoided by an asset's energy.
fn energy_blocks(book: &ReportContext<'_>, asset: &Asset) -> Vec<ReportBlock> {
    let all = book.indicators_of(Some(&asset.id), &["co2."]);
    let declared = asset.baselines();
    if all.is_empty() && declared.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![ReportBlock::Heading(asset.name.to_string())];
    // Of a figure without a value, the reason for that is enough.
    let known = || all.iter().filter(|one| one.value.is_ok());
    let worst = ClaimVerdict::combine(known().map(|one| one.claim));
    let verdict = |one: &Indicator| indicator_figures::provisional_verdict(book, one);
    let provisional = known().filter_map(|one| verdict(one));
    let told = if worst.is_withheld() {
        Some((CalloutTone::Warning, "carbon-not-claimed", worst))
    } else {
        let provisional = provisional.max();
        provisional.map(|verdict| (CalloutTone::Provisional, "carbon-provisional", verdict))
    };
    if let Some((tone, key, worst_told)) = told {
        let why = indicator_figures::verdict_sentence(book, worst_told);
        let marked = known().filter(|one| verdict(one).is_some()).copied();
        let figures = names_text(book, &marked.collect::<Vec<_>>());
        let args = [("why", &*why), ("figures", &*figures)];
        blocks.push(book.callout(tone, key, &args));
    }
    // NONE is a declaration too, and is stated like any other.
    if asset.baseline_codes(book.matter.account.period) == "NONE" {
        blocks.push(book.callout(CalloutTone::Note, "carbon-none", &[]));
    }
    blocks.extend(baseline_table::basis_table(book, asset));
    blocks.extend(indicator_figures::figure_cards(
        book,
        &format!("carbon/{}", asset.id),
        &all,
    ));
    blocks.extend(calculation_table(book, &asset.id, &all));
    let series = book.daily_of(Some(&asset.id), &["co2."]);
    blocks.extend(daily_values::daily_blocks(
        book,
        &format!("carbon/{}", asset.id),
        &series,
    ));
    blocks
}

/// Emissions avoided by waste treatment. Methane of the year and of the lifetime are two numbers
/// that must not be added. `None`: several bins or heaps with common entries.
fn waste_blocks(book: &ReportContext<'_>, asset: Option<&Asset>) -> Vec<ReportBlock> {
    let place = asset.map_or(":waste", |asset| &*asset.id);
    let [annual, lifetime] = [ANNUAL_PREFIXES, LIFETIME_PREFIXES]
        .map(|ids| book.indicators_of(asset.map(|asset| &*asset.id), ids));
    if annual.is_empty() && lifetime.is_empty() {
        return Vec::new();
    }
    let all: Vec<&Indicator> = annual.iter().chain(&lifetime).copied().collect();
    let id = |what: &str| format!("{what}/{place}");
    let heading = asset.map_or_else(
        || book.message("chapters-waste-together"),
        |asset| asset.name.to_string(),
    );
    let mut blocks = vec![ReportBlock::Heading(heading)];
    blocks.extend(asset.and_then(|asset| baseline_table::basis_table(book, asset)));
    blocks.extend(indicator_figures::figure_cards(
        book,
        &id("methane-annual"),
        &annual,
    ));
    if !lifetime.is_empty() {
        blocks.push(book.callout(CalloutTone::Warning, "lifetime", &[]));
        blocks.extend(indicator_figures::figure_cards(
            book,
            &id("methane-lifetime"),
            &lifetime,
        ));
    }
    blocks.extend(calculation_table(book, place, &all));
    blocks
}

/// Table of the equations, each also with its numbers.
fn calculation_table(
    book: &ReportContext<'_>,
    id: &str,
    all: &[&Indicator],
) -> Option<ReportBlock> {
    let columns = book.columns([
        ("line", ValueKind::Text),
        ("equation", ValueKind::Text),
        ("numbers", ValueKind::Text),
        ("value", ValueKind::Mixed),
        ("unit", ValueKind::Text),
        ("method", ValueKind::Text),
    ]);
    let scope = if all.iter().any(|one| one.id.starts_with("co2.")) {
        "co2"
    } else {
        "methane"
    };
    let mut table = book.table(&format!("lines-{scope}/{id}"), "calculation", columns);
    let computed = all.iter().copied().filter(|one| one.value.is_ok());
    let computed: Vec<&Indicator> = computed.collect();
    let rows = computed.iter().map(|one| calculation_row(book, one));
    table.rows = rows.collect();
    mark_figures(&mut table, VALUE_COLUMN, &computed);
    (!table.rows.is_empty()).then_some(ReportBlock::Table(table))
}

fn calculation_row(book: &ReportContext<'_>, one: &Indicator) -> Vec<CellValue> {
    let numbers = substitute_numbers(book.lang, one);
    let numbers = if numbers == one.equation {
        String::new()
    } else {
        numbers
    };
    vec![
        CellValue::Text(book.indicator_name(&one.id)),
        text_cell(one.equation),
        text_cell(numbers),
        indicator_figures::printed_value(book, one),
        text_cell(book.unit_text(&one.unit)),
        text_cell(one.method),
    ]
}
