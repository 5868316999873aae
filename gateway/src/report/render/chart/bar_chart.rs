//! Bar plots, side by side or stacked.

use super::ReportChart;
use super::chart_drawing::{ChartDrawing, DrawingColour, DrawingMark};
use super::plot_frame::PlotFrame;
use crate::i18n::Language;
use crate::report::render::table::count_as_f64;

/// Draws bars from zero; negative values point down.
pub(crate) fn draw_bars(
    chart: &ReportChart,
    lang: Language,
    size: (f64, f64),
    stacked: bool,
) -> ChartDrawing {
    let range = if stacked {
        stacked_range(chart)
    } else {
        value_range(chart)
    };
    let mut frame = PlotFrame::new(chart, lang, size, range);
    frame.shade_gaps(chart, lang);
    for step in 0..chart.along.len() {
        if stacked {
            draw_stacked_step(&mut frame, chart, step);
        } else {
            draw_grouped_step(&mut frame, chart, step);
        }
    }
    frame.finish(chart)
}

fn value_range(chart: &ReportChart) -> (f64, f64) {
    let low = chart.plotted_values().fold(0.0, f64::min);
    (low, chart.plotted_values().fold(0.0, f64::max))
}

fn stacked_range(chart: &ReportChart) -> (f64, f64) {
    let piles = (0..chart.along.len()).map(|step| {
        let values = chart
            .series
            .iter()
            .filter_map(|s| s.values.get(step).copied().flatten());
        values.fold((0.0, 0.0), |(low, high), value: f64| {
            (low + value.min(0.0), high + value.max(0.0))
        })
    });
    piles.fold((0.0, 0.0), |(low, high): (f64, f64), pile: (f64, f64)| {
        (low.min(pile.0), high.max(pile.1))
    })
}

fn draw_grouped_step(frame: &mut PlotFrame, chart: &ReportChart, step: usize) {
    let (left, wide) = frame.step_extent(step);
    // Bars take 76 % of a step; 12 % stay free on each side.
    let each = wide * 0.76 / count_as_f64(chart.series.len().max(1));
    for (index, series) in chart.series.iter().enumerate() {
        if let Some(value) = series.values.get(step).copied().flatten() {
            let x = left + wide * 0.12 + each * count_as_f64(index);
            draw_bar(
                frame,
                chart,
                [x, each],
                (0.0, value),
                DrawingColour::Series(index),
            );
        }
    }
}

fn draw_stacked_step(frame: &mut PlotFrame, chart: &ReportChart, step: usize) {
    let (left, wide) = frame.step_extent(step);
    let (mut above, mut below) = (0.0, 0.0);
    for (index, series) in chart.series.iter().enumerate() {
        if let Some(value) = series.values.get(step).copied().flatten() {
            let from = if value < 0.0 { &mut below } else { &mut above };
            let span = (*from, *from + value);
            *from += value;
            let place = [left + wide * 0.12, wide * 0.76];
            draw_bar(frame, chart, place, span, DrawingColour::Series(index));
        }
    }
}

fn draw_bar(
    frame: &mut PlotFrame,
    chart: &ReportChart,
    [x, wide]: [f64; 2],
    span: (f64, f64),
    ink: DrawingColour,
) {
    let from = frame.y_of(span.0, &chart.kind);
    let to = frame.y_of(span.1, &chart.kind);
    let area = [x, from.min(to), wide, (from - to).abs()];
    frame.scene.marks.push(DrawingMark::Rect(area, ink));
}
