//! Chapter on completeness: the measured share of each day, one calendar for each asset.

use super::context::ReportContext;
use super::daily_values;
use crate::domain::indicator::DailyValues;
use crate::report::render::cell_value::ValueKind;
use crate::report::render::chart::{ChartForm, ChartSeries, ChartSteps, ReportChart};
use crate::report::render::document::ReportBlock;

pub(crate) fn coverage_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let mut blocks: Vec<ReportBlock> = book
        .assets()
        .filter_map(|asset| {
            coverage_calendar(book, &asset.id, &book.daily_of(Some(&asset.id), &[""]))
        })
        .map(ReportBlock::Chart)
        .collect();
    if !blocks.is_empty() {
        blocks.insert(0, book.paragraph("coverage-text", &[]));
    }
    blocks
}

/// Calendar of the first series of an asset with known shares.
fn coverage_calendar(
    book: &ReportContext<'_>,
    asset: &str,
    series: &[&DailyValues],
) -> Option<ReportChart> {
    let today = book.today();
    let shares = |one: &DailyValues| -> Vec<Option<f64>> {
        // Future days have no share and would look like gaps.
        let all = one.days.iter().filter(|(day, ..)| *day <= today);
        all.map(|(.., known)| daily_values::relevant_completeness(&one.id, known))
            .collect()
    };
    let known = |one: &&&DailyValues| shares(one).iter().flatten().next().is_some();
    let one = series.iter().find(known)?;
    let along = one
        .days
        .iter()
        .map(|(day, ..)| *day)
        .filter(|day| *day <= today);
    let args = [
        ("asset", &*book.asset_name(asset)),
        ("what", &*book.indicator_name(&one.id)),
    ];
    Some(ReportChart {
        id: format!("coverage/{asset}"),
        title: book.format_message("chapters-coverage-of", &args),
        form: ChartForm::Calendar,
        kind: ValueKind::Percent(0),
        along: ChartSteps::Days(along.collect()),
        series: vec![ChartSeries {
            id: "share".to_owned(),
            label: book.message("chapters-col-share"),
            values: shares(one),
        }],
        target: None,
    })
}
