//! [`ReportChart`]: data of a plot.

use crate::i18n::Language;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::number_format;
use crate::report::render::table::{ReportColumn, ReportTable};
use jiff::civil::Date;

/// Mark behind the name of a step of which a part was measured.
pub(crate) const PARTIAL_MARK: char = '*';
/// Days of a plot up to which the day of the month says enough.
const MONTH_DAYS_MAX: usize = 40;

/// Plot of one or more series.
#[derive(Clone, Debug)]
pub struct ReportChart {
    /// Stable English key within the report.
    pub id: String,
    /// Title in the report's language.
    pub title: String,
    /// Form of the plot.
    pub form: ChartForm,
    /// Unit and digits of its values.
    pub kind: ValueKind,
    /// Steps from left to right.
    pub along: ChartSteps,
    /// Series; each has one value for every step of `along`.
    pub series: Vec<ChartSeries>,
    /// Target line across the plot.
    pub target: Option<ChartTarget>,
}

/// Form of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartForm {
    /// One line for each series.
    Line,
    /// Bars side by side.
    Bars,
    /// Bars on top of each other.
    Stacked,
    /// One square for each day, darker for more; the first series only.
    Calendar,
    /// One strip for each series, with a cell for each step: the share that was measured.
    Strips,
}

/// Steps of a plot from left to right.
#[derive(Clone, Debug, PartialEq)]
pub enum ChartSteps {
    /// Days of a period.
    Days(Vec<Date>),
    /// Any other steps, by name.
    Labels(Vec<String>),
}

/// Values of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartSeries {
    /// Stable English key.
    pub id: String,
    /// Name in the report's language.
    pub label: String,
    /// One value for each step; `None` is a gap.
    pub values: Vec<Option<f64>>,
}

/// Target line across a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartTarget {
    /// Name in the report's language.
    pub label: String,
    /// Value of the target, in the unit of the series.
    pub value: f64,
}

impl ChartSteps {
    /// Returns the number of steps.
    pub fn len(&self) -> usize {
        match self {
            Self::Days(days) => days.len(),
            Self::Labels(labels) => labels.len(),
        }
    }

    /// Returns true if there are no steps.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns step `index` as a table cell.
    fn step_value(&self, index: usize) -> CellValue {
        match self {
            Self::Days(days) => days
                .get(index)
                .copied()
                .map_or(CellValue::Empty, CellValue::Date),
            Self::Labels(labels) => labels.get(index).map_or(CellValue::Empty, CellValue::text),
        }
    }

    /// Returns true when a name is marked as that of a step of which a part was measured.
    pub(super) fn has_partial_step(&self) -> bool {
        match self {
            Self::Labels(labels) => labels.iter().any(|label| label.ends_with(PARTIAL_MARK)),
            Self::Days(_) => false,
        }
    }

    /// Returns the label of step `index` below an axis: the day of the month, with its month where
    /// there are several, the whole date if `full`, or a name.
    pub(super) fn step_label(&self, index: usize, lang: Language, full: bool) -> String {
        match self {
            Self::Labels(labels) => labels.get(index).cloned().unwrap_or_default(),
            Self::Days(days) => match days.get(index) {
                Some(day) if full => number_format::format_short_date(lang, *day),
                Some(day) if days.len() > MONTH_DAYS_MAX => {
                    let date = number_format::format_short_date(lang, *day);
                    let year = format!(" {}", day.year());
                    date.trim_end_matches(&year).to_owned()
                }
                Some(day) => day.day().to_string(),
                None => String::new(),
            },
        }
    }
}

impl ReportChart {
    /// Returns the numbers of the plot as a table, for formats without plots of their own.
    pub fn data_table(&self, lang: Language) -> ReportTable {
        let (word, kind) = match self.along {
            ChartSteps::Days(_) => ("report-date", ValueKind::Date),
            ChartSteps::Labels(_) => ("report-step", ValueKind::Text),
        };
        let mut columns = vec![ReportColumn::new("step", &lang.text(word), kind)];
        for series in &self.series {
            columns.push(ReportColumn::new(
                &series.id,
                &series.label,
                self.kind.clone(),
            ));
        }
        let row = |index: usize| -> Vec<CellValue> {
            let values = self.series.iter().map(|series| {
                let value = series.values.get(index).copied().flatten();
                // An empty cell, since plots of a workbook take a text for zero.
                value.map_or(CellValue::Empty, CellValue::Number)
            });
            std::iter::once(self.along.step_value(index))
                .chain(values)
                .collect()
        };
        let mut table = ReportTable::new(&self.id, &self.title, columns);
        table.rows = (0..self.along.len()).map(row).collect();
        table
    }

    /// Returns true for a plot with two axes, whose height can be chosen.
    pub(crate) fn has_axes(&self) -> bool {
        !matches!(self.form, ChartForm::Calendar | ChartForm::Strips)
    }

    /// Returns all values of all series that are not missing.
    pub(super) fn plotted_values(&self) -> impl Iterator<Item = f64> + '_ {
        self.series
            .iter()
            .flat_map(|s| s.values.iter().flatten().copied())
    }
}
