//! Bars, side by side or on top of each other.

use super::Chart;
use super::frame::Frame;
use super::scene::{Ink, Mark, Scene};
use crate::report::table::count;
use crate::words::Lang;

/// Bars from zero; negative values hang below it.
pub(super) fn draw(chart: &Chart, lang: Lang, width: f64, stacked: bool) -> Scene {
    let (low, high) = if stacked {
        stacked_ends(chart)
    } else {
        ends(chart)
    };
    let mut frame = Frame::new(chart, lang, width, low, high);
    frame.shade_gaps(chart);
    for step in 0..chart.along.len() {
        if stacked {
            stack(&mut frame, chart, step);
        } else {
            beside(&mut frame, chart, step);
        }
    }
    frame.finish(chart)
}

fn ends(chart: &Chart) -> (f64, f64) {
    let low = chart.values().fold(0.0, f64::min);
    (low, chart.values().fold(0.0, f64::max))
}

fn stacked_ends(chart: &Chart) -> (f64, f64) {
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

fn beside(frame: &mut Frame, chart: &Chart, step: usize) {
    let (left, wide) = frame.step(step);
    let each = wide * 0.76 / count(chart.series.len().max(1));
    for (index, series) in chart.series.iter().enumerate() {
        if let Some(value) = series.values.get(step).copied().flatten() {
            let x = left + wide * 0.12 + each * count(index);
            bar(frame, chart, [x, each], (0.0, value), Ink::Series(index));
        }
    }
}

fn stack(frame: &mut Frame, chart: &Chart, step: usize) {
    let (left, wide) = frame.step(step);
    let (mut above, mut below) = (0.0, 0.0);
    for (index, series) in chart.series.iter().enumerate() {
        if let Some(value) = series.values.get(step).copied().flatten() {
            let from = if value < 0.0 { &mut below } else { &mut above };
            let span = (*from, *from + value);
            *from += value;
            let place = [left + wide * 0.12, wide * 0.76];
            bar(frame, chart, place, span, Ink::Series(index));
        }
    }
}

fn bar(frame: &mut Frame, chart: &Chart, [x, wide]: [f64; 2], span: (f64, f64), ink: Ink) {
    let from = frame.y(span.0, &chart.kind);
    let to = frame.y(span.1, &chart.kind);
    let area = [x, from.min(to), wide, (from - to).abs()];
    frame.scene.marks.push(Mark::Rect(area, ink));
}
