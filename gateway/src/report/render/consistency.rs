//! Consistency check of a document before anything is rendered.

use crate::limits::REPORT_CELLS_MAX;
use crate::report::render::RenderError;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::chart::ReportChart;
use crate::report::render::document::{ReportBlock, ReportDocument, ReportSection};
use crate::report::render::front_page::FrontPage;
use crate::report::render::table::ReportTable;
use std::collections::HashSet;

/// Checks that every row has a value for each column, every number is finite, and every id is
/// unique.
pub(crate) fn check_document(document: &ReportDocument) -> Result<(), RenderError> {
    let mut ids = HashSet::new();
    // A cell costs about 100 bytes in the largest format: the limit bounds the memory of a
    // renderer.
    let mut cells = 0;
    for section in &document.sections {
        check_unique_id(&mut ids, &section.id, "section")?;
        for block in &section.blocks {
            cells += cell_count(block);
            check_block(section, block, &mut ids)?;
        }
    }
    if cells > REPORT_CELLS_MAX {
        let most = REPORT_CELLS_MAX;
        return Err(RenderError::TooLarge { found: cells, most });
    }
    Ok(())
}

/// Checks the figures and the plot of the first page in the same way.
pub(crate) fn check_front(front: &FrontPage) -> Result<(), RenderError> {
    for one in &front.figures {
        check_value(&one.figure.id, &one.figure.value, &one.figure.kind)?;
        let extra = [one.figure.plus_minus, one.figure.target];
        for number in extra.into_iter().flatten() {
            check_finite(&one.figure.id, number)?;
        }
    }
    front
        .chart
        .as_ref()
        .map_or(Ok(()), |chart| check_chart(&chart.id, chart))
}

fn check_block<'a>(
    section: &'a ReportSection,
    block: &'a ReportBlock,
    ids: &mut HashSet<&'a str>,
) -> Result<(), RenderError> {
    let place = |id: &str| format!("{}/{id}", section.id);
    match block {
        ReportBlock::Table(table) => {
            check_unique_id(ids, &table.id, "table")?;
            check_table(&place(&table.id), table)
        }
        ReportBlock::Chart(chart) => {
            check_unique_id(ids, &chart.id, "chart")?;
            check_chart(&place(&chart.id), chart)
        }
        ReportBlock::Figures(figures) => {
            check_unique_id(ids, &figures.id, "figures")?;
            for figure in &figures.items {
                check_unique_id(ids, &figure.id, "figure")?;
                check_value(&place(&figure.id), &figure.value, &figure.kind)?;
                let extra = [figure.plus_minus, figure.target, figure.completeness];
                for number in extra.into_iter().flatten() {
                    check_finite(&place(&figure.id), number)?;
                }
            }
            Ok(())
        }
        ReportBlock::Drawing(drawing) => {
            check_unique_id(ids, &drawing.id, "drawing")?;
            let read = drawing.fit(1.0).map(drop);
            read.or_else(|what| shape_error(&place(&drawing.id), &what))
        }
        ReportBlock::Photo(photo) => check_unique_id(ids, &photo.id, "photo"),
        ReportBlock::Heading(_) | ReportBlock::Paragraph(_) | ReportBlock::Callout(_) => Ok(()),
    }
}

fn check_table(place: &str, table: &ReportTable) -> Result<(), RenderError> {
    for (index, row) in table.rows.iter().enumerate() {
        let (found, wanted) = (row.len(), table.columns.len());
        if found != wanted {
            let what = format!("row {index} has {found} cells for {wanted} columns");
            return shape_error(place, &what);
        }
        for (value, column) in row.iter().zip(&table.columns) {
            check_value(&format!("{place}/{}", column.id), value, &column.kind)?;
        }
    }
    for column in &table.columns {
        if column.total.is_some() && !column.kind.is_number() {
            let what = "only numbers have a total";
            return shape_error(&format!("{place}/{}", column.id), what);
        }
    }
    Ok(())
}

fn check_chart(place: &str, chart: &ReportChart) -> Result<(), RenderError> {
    if !chart.kind.is_number() {
        return shape_error(place, "only numbers can be plotted");
    }
    for series in &chart.series {
        let (found, wanted) = (series.values.len(), chart.along.len());
        if found != wanted {
            let what = format!("series {} has {found} values for {wanted} steps", series.id);
            return shape_error(place, &what);
        }
        for number in series.values.iter().flatten() {
            check_finite(place, *number)?;
        }
    }
    chart
        .target
        .as_ref()
        .map_or(Ok(()), |t| check_finite(place, t.value))
}

/// Checks that a value matches its kind.
fn check_value(place: &str, value: &CellValue, kind: &ValueKind) -> Result<(), RenderError> {
    match (value, kind) {
        (
            CellValue::Number(number),
            ValueKind::Number(_) | ValueKind::Mixed | ValueKind::Percent(_),
        ) => check_finite(place, *number),
        (CellValue::Text(_), ValueKind::Text | ValueKind::Note)
        | (CellValue::Date(_), ValueKind::Date)
        | (CellValue::Time(_), ValueKind::Time)
        | (CellValue::Missing(_) | CellValue::Empty, _) => Ok(()),
        _ => shape_error(place, &format!("{value:?} is no {}", kind.key())),
    }
}

fn check_finite(place: &str, number: f64) -> Result<(), RenderError> {
    // JSON has no form for infinity and NaN, and a workbook shows them as errors.
    if number.is_finite() {
        return Ok(());
    }
    shape_error(
        place,
        "a number must be finite; what is not there is `Missing`",
    )
}

/// Checks that an id is not used twice: scripts find tables and figures by id.
fn check_unique_id<'a>(
    ids: &mut HashSet<&'a str>,
    id: &'a str,
    what: &str,
) -> Result<(), RenderError> {
    if ids.insert(id) {
        return Ok(());
    }
    shape_error(id, &format!("the id of this {what} is taken"))
}

fn shape_error(place: &str, what: &str) -> Result<(), RenderError> {
    Err(RenderError::Shape {
        place: place.to_owned(),
        what: what.to_owned(),
    })
}

fn cell_count(block: &ReportBlock) -> usize {
    match block {
        ReportBlock::Table(table) => table.columns.len() * table.rows.len(),
        ReportBlock::Chart(chart) => chart.series.len() * chart.along.len(),
        ReportBlock::Figures(figures) => figures.items.len(),
        _ => 1,
    }
}
