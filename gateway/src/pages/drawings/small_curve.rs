//! [`SmallCurve`]: curve of a day without axes, as a picture of its own.
//!
//! A page loads it as an image once it comes into view. An image knows no colours of its page, so
//! that it has one that is seen on light and on dark.

use crate::domain::UtcMs;
use crate::formulas::claim_rounding::{RoundingMode, round_decimals};
use crate::report::render::chart::axis_ends;
use std::fmt::Write;

/// Width of the drawing; its height is 40.
const WIDTH: f64 = 300.0;
/// Place of the greatest and of the least value.
const EDGES: (f64, f64) = (4.0, 38.0);
/// Bottom of the area.
const BOTTOM: f64 = 40.0;

/// Means over an interval, in time order, one in `step_ms` milliseconds. Over a missing one no line
/// is drawn.
#[derive(Clone, Debug)]
pub(crate) struct SmallCurve {
    /// Start and end.
    pub(crate) bounds: (UtcMs, UtcMs),
    /// Time between two means.
    pub(crate) step_ms: i64,
    /// Unit as printed, by which the axis is chosen (`axis_ends`); `None` for a counter, whose zero
    /// is far away and says nothing.
    pub(crate) unit: Option<String>,
    /// Start of each bucket, and its mean.
    pub(crate) means: Vec<(UtcMs, Option<f64>)>,
}

impl SmallCurve {
    /// The picture; without a line where there are fewer than two values.
    pub(crate) fn svg(&self) -> String {
        let (mut line, mut area) = (String::new(), String::new());
        for run in self.runs() {
            let [(first, _), .., (last, _)] = *run else {
                continue;
            };
            let points: Vec<String> = run.iter().map(|(x, y)| format!("{x} {y}")).collect();
            let points = points.join("L");
            let _ = write!(line, "M{points}");
            let _ = write!(area, "M{points}L{last} {BOTTOM}L{first} {BOTTOM}Z");
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {BOTTOM}\" \
             preserveAspectRatio=\"none\"><g fill=\"#1f8f7a\" stroke=\"#1f8f7a\">\
             <path d=\"{area}\" fill-opacity=\".16\" stroke=\"none\"/>\
             <path d=\"{line}\" fill=\"none\" stroke-width=\"1.6\" stroke-linejoin=\"round\" \
             vector-effect=\"non-scaling-stroke\"/></g></svg>"
        )
    }

    /// Places of values without a gap between them.
    fn runs(&self) -> Vec<Vec<(f64, f64)>> {
        let values = || self.means.iter().filter_map(|(_, mean)| *mean);
        let low = values().fold(f64::INFINITY, f64::min);
        let high = values().fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = match &self.unit {
            Some(unit) if low <= high => axis_ends((low, high), unit),
            _ => (low, high),
        };
        let (top, foot) = EDGES;
        // A flat curve has no range to divide by.
        let range = if high > low { high - low } else { 1.0 };
        let mut runs: Vec<Vec<(f64, f64)>> = Vec::new();
        let mut before: Option<UtcMs> = None;
        for (at, mean) in &self.means {
            let Some(mean) = mean else { continue };
            // Neighbours are one step apart; one missing mean between them makes it two.
            let is_gap = before.is_none_or(|before| at.0 - before.0 > self.step_ms);
            if is_gap {
                runs.push(Vec::new());
            }
            let y = foot - (mean - low) / range * (foot - top);
            if let Some(run) = runs.last_mut() {
                run.push((rounded(self.place(*at)), rounded(y)));
            }
            before = Some(*at);
        }
        runs
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds within a few days")]
    fn place(&self, at: UtcMs) -> f64 {
        let (from, to) = self.bounds;
        (at.0 - from.0) as f64 / (to.0 - from.0).max(1) as f64 * WIDTH
    }
}

/// A place with a tenth of a pixel.
fn rounded(place: f64) -> f64 {
    round_decimals(place, 1, RoundingMode::Nearest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn curve(means: &[(i64, Option<f64>)]) -> String {
        curve_in(None, means)
    }

    fn curve_in(unit: Option<&str>, means: &[(i64, Option<f64>)]) -> String {
        let means = means.iter().map(|(at, mean)| (UtcMs(*at), *mean));
        let curve = SmallCurve {
            bounds: (UtcMs(0), UtcMs(1000)),
            step_ms: 100,
            unit: unit.map(str::to_owned),
            means: means.collect(),
        };
        curve.svg()
    }

    #[test]
    fn a_gap_has_no_line_and_a_level_curve_no_height() {
        let svg = curve(&[
            (0, Some(1.0)),
            (100, Some(3.0)),
            (200, None),
            (500, Some(2.0)),
            (600, Some(2.0)),
        ]);
        assert!(svg.contains("d=\"M0 38L30 4M150 21L180 21\""), "{svg}");
        assert!(curve(&[(0, Some(7.0)), (100, Some(7.0))]).contains("M0 38L30 38"));
        for none in [&[][..], &[(0, Some(1.0))], &[(0, None), (100, None)]] {
            assert!(curve(none).contains("d=\"\""));
        }
    }

    #[test]
    fn a_small_change_of_a_temperature_is_drawn_small_and_power_from_zero() {
        let warm = [(0, Some(28.1)), (100, Some(28.3))];
        // 10 °C are 34 of height: 0.2 °C are 0.7.
        assert!(curve_in(Some("°C"), &warm).contains("M0 21.3L30 20.7"));
        let power = [(0, Some(900.0)), (100, Some(1000.0))];
        assert!(curve_in(Some("W"), &power).contains("M0 7.4L30 4"));
        // A counter rises from far above zero.
        assert!(curve(&power).contains("M0 38L30 4"));
    }

    proptest! {
        #[test]
        fn no_line_runs_over_a_missing_mean(
            values in proptest::collection::vec(proptest::option::of(-5.0..5.0_f64), 0..11),
            is_listed: bool,
        ) {
            let means = (0..).step_by(100).zip(values.iter().copied());
            // A missing mean is listed without a value, or not listed at all.
            let means: Vec<_> = means.filter(|(_, mean)| is_listed || mean.is_some()).collect();
            let svg = curve(&means);
            let line = svg.split("<path d=\"").nth(2).unwrap().split('"').next().unwrap();
            let drawn: Vec<usize> = line.split('M').map(|run| run.split('L').count()).collect();
            let runs = values.split(Option::is_none).map(<[_]>::len);
            let runs: Vec<usize> = runs.filter(|length| *length >= 2).collect();
            prop_assert_eq!(&drawn[1..], &runs[..], "{}", line);
        }
    }
}
