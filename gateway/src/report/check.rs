//! A document that contradicts itself is refused before anything is written.

use crate::limits::REPORT_CELLS_MAX;
use crate::report::Fault;
use crate::report::chart::Chart;
use crate::report::document::{Block, Document, Section};
use crate::report::table::Table;
use crate::report::value::{Kind, Value};
use std::collections::HashSet;

/// Every row fits its columns, every number is finite, every id names one thing.
pub(crate) fn check(document: &Document) -> Result<(), Fault> {
    let mut ids = HashSet::new();
    let mut cells = 0;
    for section in &document.sections {
        once(&mut ids, &section.id, "section")?;
        for block in &section.blocks {
            cells += size(block);
            check_block(section, block, &mut ids)?;
        }
    }
    if cells > REPORT_CELLS_MAX {
        let most = REPORT_CELLS_MAX;
        return Err(Fault::TooLarge { found: cells, most });
    }
    Ok(())
}

fn check_block<'a>(
    section: &'a Section,
    block: &'a Block,
    ids: &mut HashSet<&'a str>,
) -> Result<(), Fault> {
    let place = |id: &str| format!("{}/{id}", section.id);
    match block {
        Block::Table(table) => {
            once(ids, &table.id, "table")?;
            check_table(&place(&table.id), table)
        }
        Block::Chart(chart) => {
            once(ids, &chart.id, "chart")?;
            check_chart(&place(&chart.id), chart)
        }
        Block::Figures(figures) => {
            once(ids, &figures.id, "figures")?;
            for figure in &figures.items {
                once(ids, &figure.id, "figure")?;
                fits(&place(&figure.id), &figure.value, &figure.kind)?;
                let extra = [figure.plus_minus, figure.target, figure.completeness];
                for number in extra.into_iter().flatten() {
                    finite(&place(&figure.id), number)?;
                }
            }
            Ok(())
        }
        Block::Photo(photo) => once(ids, &photo.id, "photo"),
        Block::Heading(_) | Block::Paragraph(_) | Block::Callout(_) => Ok(()),
    }
}

fn check_table(place: &str, table: &Table) -> Result<(), Fault> {
    for (index, row) in table.rows.iter().enumerate() {
        let (found, wanted) = (row.len(), table.columns.len());
        if found != wanted {
            let what = format!("row {index} has {found} cells for {wanted} columns");
            return shape(place, &what);
        }
        for (value, column) in row.iter().zip(&table.columns) {
            fits(&format!("{place}/{}", column.id), value, &column.kind)?;
        }
    }
    for column in &table.columns {
        if column.total.is_some() && !column.kind.is_number() {
            let what = "only numbers have a total";
            return shape(&format!("{place}/{}", column.id), what);
        }
    }
    Ok(())
}

fn check_chart(place: &str, chart: &Chart) -> Result<(), Fault> {
    if !chart.kind.is_number() {
        return shape(place, "only numbers can be plotted");
    }
    for series in &chart.series {
        let (found, wanted) = (series.values.len(), chart.along.len());
        if found != wanted {
            let what = format!("series {} has {found} values for {wanted} steps", series.id);
            return shape(place, &what);
        }
        for number in series.values.iter().flatten() {
            finite(place, *number)?;
        }
    }
    chart
        .target
        .as_ref()
        .map_or(Ok(()), |t| finite(place, t.value))
}

fn fits(place: &str, value: &Value, kind: &Kind) -> Result<(), Fault> {
    match (value, kind) {
        (Value::Number(number), Kind::Number(_) | Kind::Mixed | Kind::Percent(_)) => {
            finite(place, *number)
        }
        (Value::Text(_), Kind::Text | Kind::Note)
        | (Value::Date(_), Kind::Date)
        | (Value::Time(_), Kind::Time)
        | (Value::Missing(_) | Value::Empty, _) => Ok(()),
        _ => shape(place, &format!("{value:?} is no {}", kind.key())),
    }
}

fn finite(place: &str, number: f64) -> Result<(), Fault> {
    if number.is_finite() {
        return Ok(());
    }
    shape(
        place,
        "a number must be finite; what is not there is `Missing`",
    )
}

fn once<'a>(ids: &mut HashSet<&'a str>, id: &'a str, what: &str) -> Result<(), Fault> {
    if ids.insert(id) {
        return Ok(());
    }
    shape(id, &format!("the id of this {what} is taken"))
}

fn shape(place: &str, what: &str) -> Result<(), Fault> {
    Err(Fault::Shape {
        place: place.to_owned(),
        what: what.to_owned(),
    })
}

fn size(block: &Block) -> usize {
    match block {
        Block::Table(table) => table.columns.len() * table.rows.len(),
        Block::Chart(chart) => chart.series.len() * chart.along.len(),
        Block::Figures(figures) => figures.items.len(),
        _ => 1,
    }
}
