//! Plots of a report: their data, and their drawing as shapes (`chart_drawing`) for paper and for
//! the web page.
//!
//! Entry type: [`ReportChart`].
//!
//! ```text
//! let scene = chart.scene(Language::Id, 500.0);   // 500 points wide
//! let svg = scene.svg();
//! ```
//!
//! A missing value is a gap in a line, a missing bar or a crossed-out day, never a zero. Which
//! plots a report has: `docs/reports.md`.

mod bar_chart;
mod calendar_chart;
mod chart_drawing;
mod line_chart;
mod line_drawing;
mod plot_frame;
mod report_chart;
mod value_axis;

pub use chart_drawing::{ChartDrawing, DrawingColour, DrawingMark, TextAnchor};
pub use line_drawing::read_line_drawing;
pub use report_chart::{ChartForm, ChartSeries, ChartSteps, ChartTarget, ReportChart};

use crate::i18n::Language;

impl ReportChart {
    /// Draws the plot, `width` points wide.
    pub fn draw(&self, lang: Language, width: f64) -> ChartDrawing {
        match self.form {
            ChartForm::Line => line_chart::draw_lines(self, lang, width),
            ChartForm::Bars => bar_chart::draw_bars(self, lang, width, false),
            ChartForm::Stacked => bar_chart::draw_bars(self, lang, width, true),
            ChartForm::Calendar => calendar_chart::draw_calendar(self, lang, width),
        }
    }
}

#[cfg(test)]
mod tests;
