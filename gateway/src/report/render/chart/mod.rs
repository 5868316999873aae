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

mod axis_ends;
mod bar_chart;
mod calendar_chart;
mod chart_drawing;
mod line_chart;
mod line_drawing;
mod plot_frame;
mod report_chart;
mod strip_chart;
mod value_axis;

pub use axis_ends::axis_ends;
pub use chart_drawing::{ChartDrawing, DrawingColour, DrawingMark, TextAnchor};
pub use line_drawing::read_line_drawing;
pub(crate) use report_chart::PARTIAL_MARK;
pub use report_chart::{ChartForm, ChartSeries, ChartSteps, ChartTarget, ReportChart};

use crate::i18n::Language;

impl ReportChart {
    /// Draws the plot, `width` points wide.
    pub fn draw(&self, lang: Language, width: f64) -> ChartDrawing {
        self.draw_sized(lang, (width, plot_frame::PLOT_HEIGHT))
    }

    /// Draws the plot with this width, and this height of the area between its axes, points.
    /// Calendars and strips have the height of their rows.
    pub fn draw_sized(&self, lang: Language, size: (f64, f64)) -> ChartDrawing {
        match self.form {
            ChartForm::Line => line_chart::draw_lines(self, lang, size),
            ChartForm::Bars => bar_chart::draw_bars(self, lang, size, false),
            ChartForm::Stacked => bar_chart::draw_bars(self, lang, size, true),
            ChartForm::Calendar => calendar_chart::draw_calendar(self, lang, size.0),
            ChartForm::Strips => strip_chart::draw_strips(self, lang, size.0),
        }
    }
}

#[cfg(test)]
mod tests;
