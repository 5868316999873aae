//! [`figure_key`]: key of a figure among the calculations of a report, and the cells that hold its
//! value.

use crate::domain::indicator::Indicator;
use crate::report::render::cell_value::CellValue;
use crate::report::render::table::ReportTable;

/// Key of a figure: `plts/co2.net`, for one of the site `co2.net`.
pub(crate) fn figure_key(one: &Indicator) -> String {
    key_of(&one.id, one.asset.as_deref())
}

/// Key of the figure of an asset, or of the site.
pub(crate) fn key_of(id: &str, asset: Option<&str>) -> String {
    match asset {
        Some(asset) => format!("{asset}/{id}"),
        None => id.to_owned(),
    }
}

/// Says of a column that its numbers are the printed values of these figures, one for each row.
pub(crate) fn mark_figures(table: &mut ReportTable, column: usize, all: &[&Indicator]) {
    for (row, one) in all.iter().enumerate() {
        let cell = table.rows.get(row).and_then(|cells| cells.get(column));
        if matches!(cell, Some(CellValue::Number(_))) {
            table.figures.insert((row, column), figure_key(one));
        }
    }
}
