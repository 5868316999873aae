//! Tables and their totals. A total is computed here once and written as a formula in the workbook.

use crate::report::render::cell_value::{CellValue, ValueKind};
use std::collections::BTreeMap;

/// Table of a report.
#[derive(Clone, Debug)]
pub struct ReportTable {
    /// Stable English key within the report.
    pub id: String,
    /// Title in the report's language.
    pub title: String,
    /// Columns.
    pub columns: Vec<ReportColumn>,
    /// Rows; each has one value for every column.
    pub rows: Vec<Vec<CellValue>>,
    /// First cell of the total row, which exists if a column has a `total`.
    pub total_label: String,
    /// Number of leading columns repeated when the table is too wide for one page.
    pub keys: usize,
    /// Keys of the figures whose printed values stand in cells, by row and column.
    pub figures: BTreeMap<(usize, usize), String>,
}

/// Column of a table.
#[derive(Clone, Debug)]
pub struct ReportColumn {
    /// Stable English key.
    pub id: String,
    /// Head in the report's language, without the unit.
    pub head: String,
    /// Unit and digits of its values.
    pub kind: ValueKind,
    /// Kind of its total, if it has one.
    pub total: Option<ColumnTotalKind>,
}

/// Kind of a column's total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnTotalKind {
    /// Sum of all values.
    Sum,
    /// Mean of the values present.
    Mean,
}

/// Total of a column, with the number of rows behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnTotal {
    /// Total; `None` if no row has a value.
    pub value: Option<f64>,
    /// Rows with a value.
    pub present: usize,
    /// All rows except those that are empty on purpose.
    pub rows: usize,
}

impl ReportColumn {
    /// Creates a column without a total.
    pub fn new(id: &str, head: &str, kind: ValueKind) -> Self {
        Self {
            id: id.to_owned(),
            head: head.to_owned(),
            kind,
            total: None,
        }
    }

    /// Adds a total to the column.
    #[must_use]
    pub fn with_total(mut self, total: ColumnTotalKind) -> Self {
        self.total = Some(total);
        self
    }

    /// Returns the head with the unit: `Energi (kWh)`.
    pub fn head_with_unit(&self) -> String {
        match self.kind.unit() {
            "" => self.head.clone(),
            unit => format!("{} ({unit})", self.head),
        }
    }
}

impl ReportTable {
    /// Creates a table without rows.
    pub fn new(id: &str, title: &str, columns: Vec<ReportColumn>) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            columns,
            rows: Vec::new(),
            total_label: String::new(),
            keys: 1,
            figures: BTreeMap::new(),
        }
    }

    /// Says that a cell of the last row holds the printed value of a figure.
    pub fn mark_figure(&mut self, column: usize, key: String) {
        let row = self.rows.len().saturating_sub(1);
        self.figures.insert((row, column), key);
    }

    /// Returns the table with these rows.
    #[must_use]
    pub fn with_rows(mut self, rows: impl Iterator<Item = Vec<CellValue>>) -> Self {
        self.rows = rows.collect();
        self
    }

    /// Returns the table without the columns in which every cell is empty.
    #[must_use]
    pub fn without_empty_columns(mut self) -> Self {
        let is_empty = |place: usize| {
            let mut rows = self.rows.iter();
            rows.all(|row| row.get(place).is_none_or(|cell| *cell == CellValue::Empty))
        };
        let empty: Vec<usize> = (0..self.columns.len())
            .filter(|place| is_empty(*place))
            .collect();
        // From the right, so that the places of the others stay.
        for place in empty.into_iter().rev() {
            self.columns.remove(place);
            self.rows.iter_mut().for_each(|row| drop(row.remove(place)));
            let marks = std::mem::take(&mut self.figures).into_iter();
            let marks = marks.filter(|((_, column), _)| *column != place);
            self.figures = marks
                .map(|((row, column), key)| ((row, column - usize::from(column > place)), key))
                .collect();
        }
        self
    }

    /// Returns true if there is a total row.
    pub fn has_total(&self) -> bool {
        self.columns.iter().any(|column| column.total.is_some())
    }

    /// Returns the total of column `index`; `None` if the column has none. Missing values are left
    /// out and counted, never taken for zero.
    pub fn total(&self, index: usize) -> Option<ColumnTotal> {
        let column = self.columns.get(index)?;
        let total = column.total?;
        let (mut sum, mut present, mut rows) = (0.0, 0_usize, 0_usize);
        for value in self.rows.iter().filter_map(|row| row.get(index)) {
            if let CellValue::Number(number) = value {
                // Claims are added as printed, so that a reader can check the sum.
                sum += column.kind.settle(*number);
                present += 1;
            }
            rows += usize::from(*value != CellValue::Empty);
        }
        let value = match total {
            _ if present == 0 => None,
            ColumnTotalKind::Sum => Some(sum),
            ColumnTotalKind::Mean => Some(sum / count_as_f64(present)),
        };
        Some(ColumnTotal {
            value,
            present,
            rows,
        })
    }
}

/// Converts a count into a floating-point number; exact below 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of rows, pages and columns are far below 2^53"
)]
pub(crate) fn count_as_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table_with_total(
        total: ColumnTotalKind,
        kind: ValueKind,
        values: &[CellValue],
    ) -> ReportTable {
        let column = ReportColumn::new("v", "V", kind).with_total(total);
        let mut table = ReportTable::new("t", "T", vec![column]);
        table.rows = values.iter().map(|value| vec![value.clone()]).collect();
        table
    }

    #[test]
    fn a_gap_is_left_out_of_a_total_and_counted() {
        let values = [
            CellValue::Number(2.0),
            CellValue::Missing("gap".to_owned()),
            CellValue::Number(4.0),
            CellValue::Empty,
        ];
        let mean =
            table_with_total(ColumnTotalKind::Mean, ValueKind::number("m", 1), &values).total(0);
        assert_eq!(
            mean,
            Some(ColumnTotal {
                value: Some(3.0),
                present: 2,
                rows: 3
            })
        );
    }

    #[test]
    fn a_column_of_gaps_has_no_total_rather_than_zero() {
        let gap = [CellValue::Missing("gap".to_owned())];
        let sum = table_with_total(ColumnTotalKind::Sum, ValueKind::number("m", 1), &gap).total(0);
        assert_eq!(sum.and_then(|total| total.value), None);
    }

    #[test]
    fn a_total_of_claims_is_the_total_of_what_was_claimed() {
        let values = [CellValue::Number(1.19), CellValue::Number(1.19)];
        let sum =
            table_with_total(ColumnTotalKind::Sum, ValueKind::claim("t", 1), &values).total(0);
        assert_eq!(sum.and_then(|total| total.value), Some(2.2));
    }
}
