//! Workbook of the pages of assets: the figures of each asset, and its values of each day.

use super::asset_chapters::{asset_daily_values, asset_indicators};
use super::context::ReportContext;
use super::figure_calculations::figure_calculations;
use super::page_one::page_one;
use super::{ReportInputs, daily_values, indicator_figures};
use crate::report::render::document::{ReportBlock, ReportDocument, ReportSection};

/// Builds a document with one section for each of these assets. Unlike the report it has a row for
/// each day, however long the period is.
pub(crate) fn build_asset_document(
    matter: ReportInputs<'_>,
    title: String,
    assets: &[&str],
) -> ReportDocument {
    let book = ReportContext::new(matter);
    let sections = assets.iter().map(|asset| asset_section(&book, asset));
    ReportDocument {
        calculations: figure_calculations(&book),
        ..book.document(title, sections.collect(), page_one(&book).standing)
    }
}

fn asset_section(book: &ReportContext<'_>, asset: &str) -> ReportSection {
    let figures = asset_indicators(book, asset);
    let table = indicator_figures::figure_table(book, &format!("figures/{asset}"), &figures);
    let mut blocks: Vec<ReportBlock> = table.into_iter().collect();
    let series = asset_daily_values(book, asset);
    blocks.extend(daily_values::blocks_by_day(book, asset, &series));
    ReportSection {
        id: asset.to_owned(),
        title: book.asset_name(asset),
        tab: String::new(),
        annex: false,
        blocks,
    }
}
