//! Short chapter for each kind of asset: the figures that people look at, and one or two plots.

use super::director_context::DirectorContext;
use super::front_content;
use crate::config::Asset;
use crate::domain::indicator::{DailyValues, Indicator};
use crate::report::content::context::{ReportContext, text_cell};
use crate::report::content::{asset_chapters, daily_values, figure_marks, indicator_figures};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::ReportBlock;
use crate::report::render::table::ReportTable;

/// Figures that people look at, in the order of a table. An asset with none of them shows its first
/// figures.
const LOOKED_AT: &[&str] = &[
    "plts.generation",
    "plts.self_use",
    "plts.export",
    "plts.self_sufficiency",
    "plts.specific_yield",
    "plts.pr",
    "plts.availability",
    "pump.volume",
    "pump.energy",
    "pump.energy_per_m3",
    "pump.hours",
    "pump.dry_runs",
    "tank.fill_last",
    "tank.volume_min",
    "tank.inflow",
    "tank.outflow",
    "tank.days_left",
    "tank.leak_nights",
    "catchment.rain",
    "catchment.captured",
    "catchment.inflow",
    "bsf.fed",
    "bsf.larvae",
    "bsf.residue",
    "bsf.reduction",
    "bsf.temperature_mean",
    "bsf.hours_optimal",
    "bsf.hours_lethal",
    "compost.fed",
    "compost.temperature_mean",
    "compost.hot_hours",
    "compost.turnings",
    "genset.energy",
    "genset.hours",
    "genset.fuel",
    "genset.specific_fuel",
    "meter.energy",
    "meter.import",
    "meter.export",
];
/// Values by day that are plotted, the most telling first.
const PLOTTED: &[&str] = &[
    "plts.generation",
    "plts.self_use",
    "pump.volume",
    "pump.energy",
    "tank.volume_last",
    "tank.inflow",
    "catchment.rain",
    "bsf.temperature_mean",
    "compost.temperature_mean",
    "genset.energy",
    "meter.import",
    "meter.export",
    "meter.energy",
];
/// Plots of a chapter.
const PLOTS_MAX: usize = 2;
/// Rows of the table of a chapter, over all assets of the kind.
const ROWS_MAX: usize = 12;
/// Figures of an asset whose ids are in no list.
const OTHER_FIGURES_MAX: usize = 6;
/// Assets in one plot; with more it is no longer readable.
const SERIES_MAX: usize = 4;

pub(crate) fn kind_blocks(desk: &DirectorContext<'_>, chapter: &str) -> Vec<ReportBlock> {
    let book = &desk.book;
    let assets = book.assets();
    let assets = assets.filter(|asset| asset.kind.settings().report_chapter() == chapter);
    let assets: Vec<&Asset> = assets.collect();
    let mut all: Vec<&Indicator> = assets.iter().flat_map(|one| looked_at(book, one)).collect();
    if all.is_empty() {
        return Vec::new();
    }
    let more = leave_out_last(&mut all, assets.len());
    let title = match assets.as_slice() {
        [only] => only.name.to_string(),
        _ => book.message("chapters-director-figures"),
    };
    let table = figure_table(desk, chapter, &title, &all);
    let mut blocks = vec![ReportBlock::Table(table)];
    if more > 0 {
        let count = more.to_string();
        blocks.push(book.paragraph("director-more-figures", &[("count", &count)]));
    }
    blocks.extend(kind_plots(book, chapter, &assets));
    blocks
}

/// Figures of an asset for the table. Without a value only the first one stands there, with its
/// reason.
fn looked_at<'a>(book: &ReportContext<'a>, asset: &Asset) -> Vec<&'a Indicator> {
    let own = asset_chapters::asset_indicators(book, &asset.id);
    let find = |id: &&str| own.iter().find(|one| *one.id == **id).copied();
    let mut all: Vec<&Indicator> = LOOKED_AT.iter().filter_map(find).collect();
    if all.is_empty() {
        all = own.into_iter().take(OTHER_FIGURES_MAX).collect();
    }
    let mut place = 0;
    all.retain(|one| {
        place += 1;
        one.value.is_ok() || place == 1
    });
    all
}

/// Shortens the list to `ROWS_MAX`, with the same number of figures for each asset; returns how
/// many were left out.
fn leave_out_last(all: &mut Vec<&Indicator>, assets: usize) -> usize {
    let before = all.len();
    if before <= ROWS_MAX {
        return 0;
    }
    let each = (ROWS_MAX / assets.max(1)).max(1);
    let mut count = 0;
    let mut asset = None;
    all.retain(|one| {
        count = if asset == Some(&one.asset) {
            count + 1
        } else {
            1
        };
        asset = Some(&one.asset);
        count <= each
    });
    all.truncate(ROWS_MAX);
    before - all.len()
}

/// Table of figures with bounds, target, the period before, and what is doubtful about them.
fn figure_table(
    desk: &DirectorContext<'_>,
    chapter: &str,
    title: &str,
    all: &[&Indicator],
) -> ReportTable {
    let book = &desk.book;
    let mut columns = book.columns([
        ("indicator", ValueKind::Text),
        ("value", ValueKind::Text),
        ("plus-minus", ValueKind::Text),
        ("target", ValueKind::Text),
        ("last-period", ValueKind::Text),
        ("status", ValueKind::Text),
    ]);
    columns[4].head = desk.before_name();
    let mut table = ReportTable::new(&format!("look/{chapter}"), title, columns);
    table.rows = all.iter().map(|one| figure_row(desk, one)).collect();
    table.without_empty_columns()
}

fn figure_row(desk: &DirectorContext<'_>, one: &Indicator) -> Vec<CellValue> {
    let book = &desk.book;
    let several = book
        .indicators()
        .iter()
        .filter(|other| other.id == one.id)
        .count()
        > 1;
    let name = if several {
        book.full_name(one)
    } else {
        book.indicator_name(&one.id)
    };
    let value = desk.claimed_text(one);
    let width = match value {
        CellValue::Text(_) => front_content::half_width_text(desk, one),
        _ => String::new(),
    };
    let state = indicator_figures::figure_status(book, one);
    let state = if state.is_quiet() {
        String::new()
    } else {
        book.message(&format!("report-status-{}", state.key()))
    };
    vec![
        CellValue::Text(figure_marks::dated_label(book, one, name)),
        value,
        text_cell(width),
        text_cell(desk.target_text(one)),
        desk.before_quantity(one),
        text_cell(state),
    ]
}

/// Plots of the first daily values that the assets of a kind have, one line or bar for each asset.
fn kind_plots(book: &ReportContext<'_>, chapter: &str, assets: &[&Asset]) -> Vec<ReportBlock> {
    let daily = |id: &str| -> Vec<&DailyValues> {
        let own = assets.iter().flat_map(|asset| {
            let all = asset_chapters::asset_daily_values(book, &asset.id);
            all.into_iter().filter(|one| *one.id == *id)
        });
        let own = own.filter(|one| one.days.iter().any(|(_, value, _)| value.is_some()));
        own.take(SERIES_MAX).collect()
    };
    let mut ids: Vec<&str> = PLOTTED.to_vec();
    // A kind of asset that the list does not know shows what it has.
    let first = assets.first();
    let others = first.map(|asset| asset_chapters::asset_daily_values(book, &asset.id));
    let others = others.unwrap_or_default();
    ids.extend(others.iter().map(|one| &*one.id));
    let mut plots: Vec<(&str, Vec<&DailyValues>)> = Vec::new();
    for id in ids {
        let is_new = plots.iter().all(|(other, _)| *other != id);
        let series = if is_new { daily(id) } else { Vec::new() };
        if !series.is_empty() && plots.len() < PLOTS_MAX {
            plots.push((id, series));
        }
    }
    let plots = plots
        .iter()
        .enumerate()
        .filter_map(|(place, (id, series))| {
            let place = format!("{chapter}-{place}");
            let mut chart = daily_values::plot_of_series(book, &place, series)?;
            chart.title = book.indicator_name(id);
            if let [_, _, ..] = series.as_slice() {
                for (line, one) in chart.series.iter_mut().zip(series) {
                    let asset = one.asset.as_deref().unwrap_or_default();
                    line.label = book.asset_name(asset);
                    line.id = format!("{}/{asset}", line.id);
                }
            }
            Some(ReportBlock::Chart(chart))
        });
    plots.collect()
}
