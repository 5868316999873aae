//! Line plots, broken at missing values.

use super::ReportChart;
use super::axis_ends::axis_ends;
use super::chart_drawing::{ChartDrawing, DrawingColour, DrawingMark};
use super::plot_frame::{self, PlotFrame};
use crate::i18n::Language;

/// Draws one line for each series.
pub(crate) fn draw_lines(chart: &ReportChart, lang: Language, size: (f64, f64)) -> ChartDrawing {
    let low = chart.plotted_values().fold(f64::INFINITY, f64::min);
    let high = chart.plotted_values().fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    let scale = plot_frame::display_scale(&chart.kind);
    let (low, high) = axis_ends((low * scale, high * scale), chart.kind.unit());
    let mut frame = PlotFrame::new(chart, lang, size, (low / scale, high / scale));
    frame.shade_gaps(chart, lang);
    for (index, series) in chart.series.iter().enumerate() {
        for run in split_at_gaps(&series.values) {
            draw_run(&mut frame, chart, &run, DrawingColour::Series(index));
        }
    }
    frame.finish(chart)
}

fn draw_run(frame: &mut PlotFrame, chart: &ReportChart, run: &[(usize, f64)], ink: DrawingColour) {
    let place = |(step, value): &(usize, f64)| {
        let (x, wide) = frame.step_extent(*step);
        (x + wide / 2.0, frame.y_of(*value, &chart.kind))
    };
    let points: Vec<(f64, f64)> = run.iter().map(place).collect();
    // A single value between two gaps would be an invisible line.
    if let [(x, y)] = points[..] {
        frame.scene.marks.push(DrawingMark::Dot(x, y, 1.5, ink));
        return;
    }
    frame.scene.push_line(points, ink, 1.4, false);
}

/// Splits values into runs without a gap, each value with its step.
fn split_at_gaps(values: &[Option<f64>]) -> Vec<Vec<(usize, f64)>> {
    let mut runs = vec![Vec::new()];
    for (step, value) in values.iter().enumerate() {
        match (value, runs.last_mut()) {
            (Some(value), Some(run)) => run.push((step, *value)),
            (None, Some(run)) if !run.is_empty() => runs.push(Vec::new()),
            _ => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_breaks_the_line() {
        let values = [Some(1.0), Some(2.0), None, None, Some(3.0)];
        assert_eq!(
            split_at_gaps(&values),
            [vec![(0, 1.0), (1, 2.0)], vec![(4, 3.0)]]
        );
    }
}
