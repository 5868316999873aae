//! What would have happened, as the site declared it, and what that stands on.

use super::book::Book;
use super::{factors, naming};
use crate::config::Asset;
use crate::config::assets::{AssetKind, Baseline, BaselineKind, Disposal, ExportClaim};
use crate::config::assets::{GensetWay, Plts, PumpFuelWay};
use crate::model::factor::Factor;
use crate::report::document::Block;
use crate::report::value::{Kind, Value};
use std::sync::Arc;

/// A line: what it is, and what was declared.
type Line = (&'static str, String);

/// The basis of an asset's emissions as a table; nothing when none was declared.
pub(super) fn table(book: &Book<'_>, asset: &Asset) -> Option<Block> {
    let mut lines = match &asset.kind {
        AssetKind::Plts(plant) => plant_lines(book, plant),
        AssetKind::Bsf(bin) => disposal(book, bin.disposal.as_ref()),
        AssetKind::Compost(heap) => disposal(book, heap.disposal.as_ref()),
        _ => Vec::new(),
    };
    for factor in asset.factors() {
        lines.extend(factor_lines(book, factor));
    }
    let columns = vec![
        book.column("item", Kind::Text),
        book.column("said", Kind::Text),
    ];
    let mut table = book.table(&format!("basis/{}", asset.id), "basis", columns);
    let said = lines.into_iter().filter(|(_, text)| !text.is_empty());
    table.rows = said
        .map(|(key, text)| {
            let item = book.text(&format!("chapters-basis-{key}"));
            vec![Value::Text(item), Value::Text(text)]
        })
        .collect();
    (!table.rows.is_empty()).then_some(Block::Table(table))
}

fn plant_lines(book: &Book<'_>, plant: &Plts) -> Vec<Line> {
    let mut lines = vec![(
        "capacity",
        naming::quantity(book.lang, plant.capacity_kwp, "kWp"),
    )];
    if let Some(declared) = &plant.baseline {
        lines.extend(baseline(book, declared));
    }
    if let Some(claim) = &plant.claim {
        lines.push(("owner", claim.owner.clone()));
        let export = match claim.export {
            ExportClaim::OffTaker => "chapters-export-off-taker",
            ExportClaim::Site => "chapters-export-site",
        };
        lines.push(("export", book.text(export)));
        if claim.rec {
            lines.push(("rec", book.text("chapters-rec")));
        }
    }
    lines
}

fn baseline(book: &Book<'_>, declared: &Baseline) -> Vec<Line> {
    let code = declared.kind.code();
    let words = book.text(&format!(
        "chapters-baseline-{}",
        code.to_lowercase().replace('_', "-")
    ));
    let mut lines = vec![("code", format!("{code}: {words}"))];
    lines.extend(way(book, &declared.kind));
    if let Some(id) = declared.kind.unverified() {
        let doubt = book.text("factor-status-unverified");
        lines.push(("unverified", format!("{id}: {doubt}")));
    }
    let since = declared
        .since
        .map(|day| crate::report::format::date(book.lang, day));
    lines.push(("since", since.unwrap_or_default()));
    lines.push(("by", declared.by.clone()));
    lines.push(("evidence", declared.evidence.clone()));
    lines
}

/// How the emissions of what was replaced are known.
fn way(book: &Book<'_>, kind: &BaselineKind) -> Vec<Line> {
    let number = |value: f64, unit: &str| naming::quantity(book.lang, value, unit);
    match kind {
        BaselineKind::Grid { losses, .. } => vec![("losses", number(100.0 * losses, "%"))],
        BaselineKind::Genset { rating_kw, way } => {
            let mut lines = vec![("rating", number(*rating_kw, "kW"))];
            if let Some(GensetWay::Litres { litres_per_kwh, .. }) = way {
                lines.push(("fuel-log", number(*litres_per_kwh, "L/kWh")));
            }
            lines
        }
        BaselineKind::PumpFuel { way, .. } => match way {
            PumpFuelWay::Litres { litres_per_m3 } => {
                vec![("fuel-log", number(*litres_per_m3, "L/m3"))]
            }
            PumpFuelWay::Water {
                eta_pump,
                eta_engine,
                measured,
            } => {
                let known = if *measured {
                    "chapters-measured"
                } else {
                    "chapters-taken-high"
                };
                let known = book.text(known);
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

fn disposal(book: &Book<'_>, declared: Option<&Disposal>) -> Vec<Line> {
    let Some(declared) = declared else {
        return Vec::new();
    };
    let fate = book.text(&format!("chapters-fate-{}", declared.fate.word()));
    vec![("fate", fate), ("evidence", declared.evidence.clone())]
}

/// A factor: its number, year, who says so, whether it may stand behind a headline, its source.
fn factor_lines(book: &Book<'_>, factor: &Arc<Factor>) -> Vec<Line> {
    let value = naming::quantity(book.lang, factor.value, factor.unit.text());
    let year = factor.year.map(|year| year.to_string());
    vec![
        ("factor", format!("{}: {value}", factor.id)),
        ("vintage", year.unwrap_or_default()),
        ("status", factors::status(book, factor)),
        ("headline", factors::headline(book, factor)),
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
