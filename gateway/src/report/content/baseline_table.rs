//! Table of an asset's declared baseline: the situation without the project, and its factors.

use super::context::ReportContext;
use super::{display_names, factor_annex};
use crate::assets::{AssetKind, Baseline, BaselineKind, ExportClaim, WasteDisposal};
use crate::assets::{GensetEmissionMethod, PumpEmissionMethod, PvPlantAsset};
use crate::config::Asset;
use crate::domain::factor::Factor;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::ReportBlock;
use std::sync::Arc;

/// A line of the table: message key and declared value.
type BasisLine = (&'static str, String);

/// Basis of an asset's emissions as a table; `None` when nothing was declared.
pub(crate) fn basis_table(book: &ReportContext<'_>, asset: &Asset) -> Option<ReportBlock> {
    let mut lines = match &asset.kind {
        AssetKind::Plts(plant) => plant_lines(book, plant),
        kind => {
            let waste = kind.settings().organic_waste();
            disposal_lines(book, waste.and_then(|waste| waste.disposal))
        }
    };
    for factor in asset.factors() {
        lines.extend(factor_lines(book, factor));
    }
    let columns = book.columns([("item", ValueKind::Text), ("said", ValueKind::Text)]);
    let mut table = book.table(&format!("basis/{}", asset.id), "basis", columns);
    let said = lines.into_iter().filter(|(_, text)| !text.is_empty());
    table.rows = said
        .map(|(key, text)| {
            let item = book.message(&format!("chapters-basis-{key}"));
            vec![CellValue::Text(item), CellValue::Text(text)]
        })
        .collect();
    (!table.rows.is_empty()).then_some(ReportBlock::Table(table))
}

fn plant_lines(book: &ReportContext<'_>, plant: &PvPlantAsset) -> Vec<BasisLine> {
    let mut lines = vec![(
        "capacity",
        display_names::format_quantity(book.lang, plant.capacity_kwp, "kWp"),
    )];
    let date = |day| crate::report::render::number_format::date(book.lang, day);
    for change in &plant.changes {
        let kwp = display_names::format_quantity(book.lang, change.capacity_kwp, "kWp");
        let since = date(change.since);
        let args = [("kwp", &*kwp), ("date", &since)];
        lines.push(("capacity", book.format_message("chapters-since", &args)));
    }
    for declared in &plant.baselines {
        lines.extend(baseline_lines(book, declared));
    }
    if let Some(claim) = &plant.claim {
        lines.push(("owner", claim.owner.clone()));
        let export = match claim.export {
            ExportClaim::OffTaker => "chapters-export-off-taker",
            ExportClaim::Site => "chapters-export-site",
        };
        lines.push(("export", book.message(export)));
        if claim.rec {
            lines.push(("rec", book.message("chapters-rec")));
        }
    }
    lines
}

fn baseline_lines(book: &ReportContext<'_>, declared: &Baseline) -> Vec<BasisLine> {
    let code = declared.kind.code();
    let words = book.message(&format!(
        "chapters-baseline-{}",
        code.to_lowercase().replace('_', "-")
    ));
    let mut lines = vec![("code", format!("{code}: {words}"))];
    lines.extend(replaced_source_lines(book, &declared.kind));
    if let Some(id) = declared.kind.unverified_id() {
        let doubt = book.message("factor-status-unverified");
        lines.push(("unverified", format!("{id}: {doubt}")));
    }
    let date = |day| crate::report::render::number_format::date(book.lang, day);
    let days = declared.days;
    lines.push(("since", days.since.map(date).unwrap_or_default()));
    lines.push(("until", days.until.map(date).unwrap_or_default()));
    lines.push(("by", declared.by.clone()));
    lines.push(("evidence", declared.evidence.clone()));
    lines
}

/// Lines about the emissions of the replaced source: grid losses, generator rating, fuel
/// consumption.
fn replaced_source_lines(book: &ReportContext<'_>, kind: &BaselineKind) -> Vec<BasisLine> {
    let number = |value: f64, unit: &str| display_names::format_quantity(book.lang, value, unit);
    match kind {
        BaselineKind::Grid { losses, .. } => vec![("losses", number(100.0 * losses, "%"))],
        BaselineKind::Genset {
            rating_kw,
            method: way,
        } => {
            let mut lines = vec![("rating", number(*rating_kw, "kW"))];
            if let Some(GensetEmissionMethod::Litres { litres_per_kwh, .. }) = way {
                lines.push(("fuel-log", number(*litres_per_kwh, "L/kWh")));
            }
            lines
        }
        BaselineKind::PumpFuel { method: way, .. } => match way {
            PumpEmissionMethod::Litres { litres_per_m3 } => {
                vec![("fuel-log", number(*litres_per_m3, "L/m3"))]
            }
            // Efficiencies that nobody measured are taken high, so that less fuel counts as saved.
            PumpEmissionMethod::Water {
                eta_pump,
                eta_engine,
                measured,
            } => {
                let known = if *measured {
                    "chapters-measured"
                } else {
                    "chapters-taken-high"
                };
                let known = book.message(known);
                vec![
                    (
                        "eta-pump",
                        format!("{} ({known})", number(100.0 * eta_pump, "%")),
                    ),
                    (
                        "eta-engine",
                        format!("{} ({known})", number(100.0 * eta_engine, "%")),
                    ),
                ]
            }
        },
        BaselineKind::None => Vec::new(),
    }
}

fn disposal_lines(book: &ReportContext<'_>, declared: Option<&WasteDisposal>) -> Vec<BasisLine> {
    let Some(declared) = declared else {
        return Vec::new();
    };
    let fate = book.message(&format!("chapters-fate-{}", declared.fate.word()));
    vec![("fate", fate), ("evidence", declared.evidence.clone())]
}

/// Lines of a factor: value, year, status, use in headlines, source.
fn factor_lines(book: &ReportContext<'_>, factor: &Arc<Factor>) -> Vec<BasisLine> {
    let value = display_names::format_quantity(book.lang, factor.value, factor.unit.text());
    let year = factor.year.map(|year| year.to_string());
    vec![
        ("factor", format!("{}: {value}", factor.id)),
        ("vintage", year.unwrap_or_default()),
        ("status", factor_annex::factor_status_text(book, factor)),
        ("headline", factor_annex::factor_headline_text(book, factor)),
        (
            "source",
            book.matter
                .config
                .factors
                .source(factor, book.lang)
                .to_owned(),
        ),
    ]
}
