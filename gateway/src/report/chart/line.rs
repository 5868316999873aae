//! Lines, broken where a value is missing.

use super::Chart;
use super::frame::Frame;
use super::scene::{Ink, Mark, Scene};
use crate::words::Lang;

/// One line a series.
pub(super) fn draw(chart: &Chart, lang: Lang, width: f64) -> Scene {
    let low = chart.values().fold(f64::INFINITY, f64::min);
    let high = chart.values().fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    // A line that stays far from zero need not show it.
    let low = if low > 0.0 && low < 0.6 * high {
        0.0
    } else {
        low
    };
    let mut frame = Frame::new(chart, lang, width, low, high);
    frame.shade_gaps(chart);
    for (index, series) in chart.series.iter().enumerate() {
        for run in runs(&series.values) {
            run_of(&mut frame, chart, &run, Ink::Series(index));
        }
    }
    frame.finish(chart)
}

fn run_of(frame: &mut Frame, chart: &Chart, run: &[(usize, f64)], ink: Ink) {
    let place = |(step, value): &(usize, f64)| {
        let (x, wide) = frame.step(*step);
        (x + wide / 2.0, frame.y(*value, &chart.kind))
    };
    let points: Vec<(f64, f64)> = run.iter().map(place).collect();
    // A value alone between two gaps would be an invisible line.
    if let [(x, y)] = points[..] {
        frame.scene.marks.push(Mark::Dot(x, y, 1.5, ink));
        return;
    }
    frame.scene.line(points, ink, 1.4, false);
}

/// Stretches without a gap, each value with its step.
fn runs(values: &[Option<f64>]) -> Vec<Vec<(usize, f64)>> {
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
        assert_eq!(runs(&values), [vec![(0, 1.0), (1, 2.0)], vec![(4, 3.0)]]);
    }
}
