//! Plots: what they show, and how that becomes shapes (`scene`) for paper and for the page.
//!
//! A value that is not there is a gap in a line, a missing bar, a hatched day; never a zero.

mod axis;
mod bars;
mod calendar;
mod frame;
mod line;
mod scene;

pub use scene::{Anchor, Ink, Mark, Scene};

use crate::report::document::Document;
use crate::report::format;
use crate::report::table::{Column, Table};
use crate::report::value::{Kind, Value};
use crate::words::Lang;
use jiff::civil::Date;

/// A plot.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Stable English key within the report.
    pub id: String,
    /// Its title in the report's language.
    pub title: String,
    /// Its form.
    pub form: Form,
    /// Unit and digits of its values.
    pub kind: Kind,
    /// What runs from left to right.
    pub along: Along,
    /// The values; each series has one for every step of `along`.
    pub series: Vec<Series>,
    /// A line across the plot.
    pub target: Option<Target>,
}

/// The form of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One line a series.
    Line,
    /// Bars side by side.
    Bars,
    /// Bars on top of each other.
    Stacked,
    /// A square a day, darker for more; the first series alone.
    Calendar,
}

/// What runs from left to right.
#[derive(Clone, Debug, PartialEq)]
pub enum Along {
    /// Days.
    Days(Vec<Date>),
    /// Anything else, by name.
    Labels(Vec<String>),
}

/// The values of one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Stable English key.
    pub id: String,
    /// Its name in the report's language.
    pub label: String,
    /// One value a step; `None` is a gap.
    pub values: Vec<Option<f64>>,
}

/// A line across the plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its name in the report's language.
    pub label: String,
    /// Where it lies, in the unit of the values.
    pub value: f64,
}

impl Along {
    /// Steps.
    pub fn len(&self) -> usize {
        match self {
            Self::Days(days) => days.len(),
            Self::Labels(labels) => labels.len(),
        }
    }

    /// True without steps.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Step `index` as a cell.
    fn value(&self, index: usize) -> Value {
        match self {
            Self::Days(days) => days.get(index).copied().map_or(Value::Empty, Value::Date),
            Self::Labels(labels) => labels.get(index).map_or(Value::Empty, Value::text),
        }
    }

    /// Step `index` below an axis: a day of the month, the whole day when `full`, or a name.
    fn label(&self, index: usize, lang: Lang, full: bool) -> String {
        match self {
            Self::Labels(labels) => labels.get(index).cloned().unwrap_or_default(),
            Self::Days(days) => match days.get(index) {
                Some(day) if full => format::short_date(lang, *day),
                Some(day) => day.day().to_string(),
                None => String::new(),
            },
        }
    }
}

impl Chart {
    /// The numbers behind the plot, for formats that have no plots of their own.
    pub fn table(&self, document: &Document) -> Table {
        let lang = document.lang;
        let (word, kind) = match self.along {
            Along::Days(_) => ("report-date", Kind::Date),
            Along::Labels(_) => ("report-step", Kind::Text),
        };
        let mut columns = vec![Column::new("step", &lang.text(word), kind)];
        for series in &self.series {
            columns.push(Column::new(&series.id, &series.label, self.kind.clone()));
        }
        let row = |index: usize| -> Vec<Value> {
            let values = self.series.iter().map(|series| {
                let value = series.values.get(index).copied().flatten();
                // An empty cell: a workbook's own plots take a word for zero.
                value.map_or(Value::Empty, Value::Number)
            });
            std::iter::once(self.along.value(index))
                .chain(values)
                .collect()
        };
        let mut table = Table::new(&self.id, &self.title, columns);
        table.rows = (0..self.along.len()).map(row).collect();
        table
    }

    /// The plot as shapes, `width` points wide.
    pub fn scene(&self, lang: Lang, width: f64) -> Scene {
        match self.form {
            Form::Line => line::draw(self, lang, width),
            Form::Bars => bars::draw(self, lang, width, false),
            Form::Stacked => bars::draw(self, lang, width, true),
            Form::Calendar => calendar::draw(self, lang, width),
        }
    }

    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.series
            .iter()
            .flat_map(|s| s.values.iter().flatten().copied())
    }
}

#[cfg(test)]
mod tests;
