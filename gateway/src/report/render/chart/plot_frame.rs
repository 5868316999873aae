//! Common parts of plots with two axes: grid, tick labels, legend and target line.

use super::chart_drawing::{ChartDrawing, DrawingColour, DrawingMark, TextAnchor};
use super::value_axis::ValueAxis;
use super::{ChartSteps, PARTIAL_MARK, ReportChart};
use crate::i18n::Language;
use crate::report::render::cell_value::ValueKind;
use crate::report::render::chart::chart_drawing::PLOT_TYPE_SIZE;
use crate::report::render::font_metrics::{FontFace, text_width};
use crate::report::render::number_format;
use crate::report::render::table::count_as_f64;

const LEGEND_LINE_HEIGHT: f64 = 11.0;
/// Usual height of the area of a plot, points.
pub(crate) const PLOT_HEIGHT: f64 = 130.0;
const PLOT_GAP: f64 = 4.0;
/// Distance of the lines of a hatched area, points.
const HATCH_STEP: f64 = 7.0;

/// Plot with its axes drawn, ready for lines or bars.
pub(crate) struct PlotFrame {
    /// Drawing so far.
    pub(crate) scene: ChartDrawing,
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    axis: ValueAxis,
    steps: usize,
}

impl PlotFrame {
    /// Draws legend, grid and labels of `chart` for values between `low` and `high`. The first pair
    /// is the width of the drawing and the height of the area of the plot, points.
    pub(crate) fn new(
        chart: &ReportChart,
        lang: Language,
        (width, height): (f64, f64),
        (low, high): (f64, f64),
    ) -> Self {
        let target = chart.target.as_ref().map(|target| target.value);
        // The target line must be within the plot.
        let high = target.map_or(high, |value| high.max(value));
        let low = target.map_or(low, |value| low.min(value));
        let scale = display_scale(&chart.kind);
        let axis = ValueAxis::covering(low * scale, high * scale);
        let labels = tick_labels(&axis, lang, &chart.kind);
        let widest = labels
            .iter()
            .map(|text| plot_text_width(text))
            .fold(0.0, f64::max);
        let mut frame = Self {
            scene: ChartDrawing::new(&chart.title, width, 0.0),
            left: widest + 2.0 * PLOT_GAP,
            top: 0.0,
            width: width - widest - 3.0 * PLOT_GAP,
            height,
            axis,
            steps: chart.along.len().max(1),
        };
        frame.draw_legend(chart, lang);
        frame.draw_grid(&labels);
        frame.draw_step_labels(&chart.along, lang);
        frame.scene.height = frame.bottom() + LEGEND_LINE_HEIGHT + PLOT_GAP;
        frame
    }

    fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Returns the left edge of step `index` and the width of a step, points.
    pub(crate) fn step_extent(&self, index: usize) -> (f64, f64) {
        let wide = self.width / count_as_f64(self.steps);
        (self.left + wide * count_as_f64(index), wide)
    }

    /// Returns the vertical position of a value, points from the top.
    pub(crate) fn y_of(&self, value: f64, kind: &ValueKind) -> f64 {
        self.bottom() - self.axis.position_of(value * display_scale(kind)) * self.height
    }

    /// Draws the unit, then a square and a name for each series, on as many lines as needed.
    fn draw_legend(&mut self, chart: &ReportChart, lang: Language) {
        let unit = chart.kind.unit();
        let mut x = 0.0;
        let mut y = LEGEND_LINE_HEIGHT - 3.0;
        if !unit.is_empty() {
            self.scene
                .text((x, y), TextAnchor::Start, DrawingColour::Faint, unit);
            x += plot_text_width(unit) + 3.0 * PLOT_GAP;
        }
        let mut names: Vec<(DrawingColour, String)> = Vec::new();
        // The title names the only series already.
        let is_named = matches!(&chart.series[..], [only] if only.label == chart.title);
        for (index, series) in chart.series.iter().enumerate().filter(|_| !is_named) {
            names.push((DrawingColour::Series(index), series.label.clone()));
        }
        if let Some(target) = &chart.target {
            let value = quantity_label(target.value, &chart.kind, lang);
            names.push((DrawingColour::Target, format!("{} {value}", target.label)));
        }
        if chart.along.has_partial_step() {
            names.push((DrawingColour::Paper, lang.text("report-step-partial")));
        }
        for (ink, name) in names {
            let wide = plot_text_width(&name) + 5.0 * PLOT_GAP;
            if x > 0.0 && x + wide > self.scene.width {
                x = 0.0;
                y += LEGEND_LINE_HEIGHT;
            }
            self.scene
                .marks
                .push(DrawingMark::Rect([x, y - 5.5, 6.0, 6.0], ink));
            self.scene
                .text((x + 8.5, y), TextAnchor::Start, DrawingColour::Text, &name);
            x += wide + PLOT_GAP;
        }
        self.top = y + 2.0 * PLOT_GAP;
    }

    fn draw_grid(&mut self, labels: &[String]) {
        let right = self.left + self.width;
        for (tick, label) in self.axis.ticks.clone().into_iter().zip(labels) {
            let y = self.bottom() - self.axis.position_of(tick) * self.height;
            // The zero line is darker than the other grid lines.
            let ink = if tick == 0.0 {
                DrawingColour::Faint
            } else {
                DrawingColour::Grid
            };
            self.scene
                .push_line(vec![(self.left, y), (right, y)], ink, 0.6, false);
            let at = (self.left - PLOT_GAP, y + PLOT_TYPE_SIZE * 0.35);
            self.scene
                .text(at, TextAnchor::End, DrawingColour::Faint, label);
        }
    }

    /// Draws as many step labels below the axis as fit side by side.
    fn draw_step_labels(&mut self, along: &ChartSteps, lang: Language) {
        let widest = (0..along.len())
            .map(|index| plot_text_width(&along.step_label(index, lang, false)))
            .fold(0.0, f64::max);
        let (_, wide) = self.step_extent(0);
        let mut every = 1;
        while count_as_f64(every) * wide < widest + PLOT_GAP && every < self.steps {
            every += 1;
        }
        let y = self.bottom() + LEGEND_LINE_HEIGHT;
        for index in 0..along.len() {
            let (x, _) = self.step_extent(index);
            let label = along.step_label(index, lang, false);
            // A mark is shown also where there is no room for the name.
            let label = match index % every {
                0 => label,
                _ if label.ends_with(PARTIAL_MARK) => PARTIAL_MARK.to_string(),
                _ => continue,
            };
            self.scene.text(
                (x + wide / 2.0, y),
                TextAnchor::Middle,
                DrawingColour::Faint,
                &label,
            );
        }
    }

    /// Draws the target line over everything and returns the drawing.
    pub(crate) fn finish(mut self, chart: &ReportChart) -> ChartDrawing {
        if let Some(target) = &chart.target {
            let y = self.y_of(target.value, &chart.kind);
            let ends = vec![(self.left, y), (self.left + self.width, y)];
            self.scene.push_line(ends, DrawingColour::Target, 1.0, true);
        }
        self.scene
    }

    /// Hatches the stretches of steps at which no series has a value, and names them where there is
    /// room.
    pub(crate) fn shade_gaps(&mut self, chart: &ReportChart, lang: Language) {
        let values = |index: usize| chart.series.iter().map(move |one| one.values.get(index));
        let is_gap = |index: &usize| values(*index).all(|one| one.copied().flatten().is_none());
        let mut index = 0;
        while index < chart.along.len() {
            let run = (index..chart.along.len()).take_while(is_gap).count();
            if run > 0 {
                let (x, wide) = self.step_extent(index);
                let wide = wide * count_as_f64(run);
                self.draw_gap([x, self.top, wide, self.height], lang);
            }
            index += run.max(1);
        }
    }

    fn draw_gap(&mut self, area: [f64; 4], lang: Language) {
        let [x, y, wide, high] = area;
        let marks = &mut self.scene.marks;
        marks.push(DrawingMark::Rect(area, DrawingColour::Missing));
        // Lines up to the right at 45 degrees, cut off at the edges.
        let mut along = HATCH_STEP;
        while along < wide + high {
            let from = (x + (along - high).max(0.0), y + along.min(high));
            let to = (x + along.min(wide), y + (along - wide).max(0.0));
            self.scene
                .push_line(vec![from, to], DrawingColour::Paper, 1.2, false);
            along += HATCH_STEP;
        }
        let name = lang.text("report-gap");
        let room = plot_text_width(&name) + 2.0 * PLOT_GAP;
        if room < wide {
            let middle = (x + wide / 2.0, y + high / 2.0);
            let plate = [
                middle.0 - room / 2.0,
                middle.1 - PLOT_TYPE_SIZE,
                room,
                1.5 * PLOT_TYPE_SIZE,
            ];
            let marks = &mut self.scene.marks;
            marks.push(DrawingMark::Rect(plate, DrawingColour::Missing));
            self.scene
                .text(middle, TextAnchor::Middle, DrawingColour::Faint, &name);
        }
    }
}

/// Returns the width of a text in plots, points.
pub(crate) fn plot_text_width(text: &str) -> f64 {
    text_width(FontFace::Regular, PLOT_TYPE_SIZE, text)
}

/// Formats a value of the plot with its unit.
pub(crate) fn quantity_label(value: f64, kind: &ValueKind, lang: Language) -> String {
    match kind {
        ValueKind::Percent(decimals) => number_format::format_percent(lang, value, *decimals),
        ValueKind::Number(measure) => number_format::format_quantity(
            lang,
            measure.round(value),
            &measure.unit,
            measure.shown_decimals(),
        ),
        _ => number_format::format_number(lang, value, 0),
    }
}

/// Returns the factor from stored to drawn values: percentages are stored as shares of one.
pub(crate) fn display_scale(kind: &ValueKind) -> f64 {
    match kind {
        ValueKind::Percent(_) => 100.0,
        _ => 1.0,
    }
}

fn tick_labels(axis: &ValueAxis, lang: Language, kind: &ValueKind) -> Vec<String> {
    let ticks = axis.ticks.iter();
    let label = |tick: &f64| match kind {
        ValueKind::Percent(_) => number_format::format_quantity(lang, *tick, "%", axis.decimals),
        _ => number_format::format_number(lang, *tick, axis.decimals),
    };
    ticks.map(label).collect()
}
