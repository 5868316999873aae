//! Tables, and their totals: computed here once, written as a formula in the workbook.

use crate::report::value::{Kind, Value};

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Stable English key within the report.
    pub id: String,
    /// Its title in the report's language.
    pub title: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows; each has one value a column.
    pub rows: Vec<Vec<Value>>,
    /// First cell of the total row; there is a total row when a column has a `total`.
    pub total_label: String,
    /// Leading columns that are repeated when the table is too wide for one page.
    pub keys: usize,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Stable English key.
    pub id: String,
    /// Its head in the report's language, without the unit.
    pub head: String,
    /// What its values are.
    pub kind: Kind,
    /// What stands in the total row.
    pub total: Option<Total>,
}

/// How a column is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// All added up.
    Sum,
    /// The mean of those that are there.
    Mean,
}

/// A column's total, and how much of the column it rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Totalled {
    /// The total; `None` when no row has a value.
    pub value: Option<f64>,
    /// Rows with a value.
    pub present: usize,
    /// All rows but the deliberately empty ones.
    pub rows: usize,
}

impl Column {
    /// A column without a total.
    pub fn new(id: &str, head: &str, kind: Kind) -> Self {
        Self {
            id: id.to_owned(),
            head: head.to_owned(),
            kind,
            total: None,
        }
    }

    /// The same column with a total.
    #[must_use]
    pub fn totalled(mut self, total: Total) -> Self {
        self.total = Some(total);
        self
    }

    /// Its head with the unit: `Energi (kWh)`.
    pub fn head_with_unit(&self) -> String {
        match self.kind.unit() {
            "" => self.head.clone(),
            unit => format!("{} ({unit})", self.head),
        }
    }
}

impl Table {
    /// A table without rows.
    pub fn new(id: &str, title: &str, columns: Vec<Column>) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            columns,
            rows: Vec::new(),
            total_label: String::new(),
            keys: 1,
        }
    }

    /// True when there is a total row.
    pub fn has_total(&self) -> bool {
        self.columns.iter().any(|column| column.total.is_some())
    }

    /// The total of column `index`; `None` when the column has none. Missing values are left out,
    /// never taken for zero, and counted.
    pub fn total(&self, index: usize) -> Option<Totalled> {
        let column = self.columns.get(index)?;
        let total = column.total?;
        let (mut sum, mut present, mut rows) = (0.0, 0_usize, 0_usize);
        for value in self.rows.iter().filter_map(|row| row.get(index)) {
            if let Value::Number(number) = value {
                sum += column.kind.settle(*number);
                present += 1;
            }
            rows += usize::from(*value != Value::Empty);
        }
        let value = match total {
            _ if present == 0 => None,
            Total::Sum => Some(sum),
            Total::Mean => Some(sum / count(present)),
        };
        Some(Totalled {
            value,
            present,
            rows,
        })
    }
}

/// A count as a number; exact, for a report has fewer than 2^53 rows.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of rows, pages and columns are far below 2^53"
)]
pub(crate) fn count(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(total: Total, kind: Kind, values: &[Value]) -> Table {
        let column = Column::new("v", "V", kind).totalled(total);
        let mut table = Table::new("t", "T", vec![column]);
        table.rows = values.iter().map(|value| vec![value.clone()]).collect();
        table
    }

    #[test]
    fn a_gap_is_left_out_of_a_total_and_counted() {
        let values = [
            Value::Number(2.0),
            Value::Missing("gap".to_owned()),
            Value::Number(4.0),
            Value::Empty,
        ];
        let mean = table(Total::Mean, Kind::number("m", 1), &values).total(0);
        assert_eq!(
            mean,
            Some(Totalled {
                value: Some(3.0),
                present: 2,
                rows: 3
            })
        );
    }

    #[test]
    fn a_column_of_gaps_has_no_total_rather_than_zero() {
        let gap = [Value::Missing("gap".to_owned())];
        let sum = table(Total::Sum, Kind::number("m", 1), &gap).total(0);
        assert_eq!(sum.and_then(|total| total.value), None);
    }

    #[test]
    fn a_total_of_claims_is_the_total_of_what_was_claimed() {
        let values = [Value::Number(1.19), Value::Number(1.19)];
        let sum = table(Total::Sum, Kind::claim("t", 1), &values).total(0);
        assert_eq!(sum.and_then(|total| total.value), Some(2.2));
    }
}
