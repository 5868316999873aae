//! [`CalibrationPlot`]: measured pairs with the line or table that follows from them, as a drawing
//! in the page.

use crate::formulas::claim_rounding::{RoundingMode, round_decimals};
use std::fmt::Write;

/// Size of the drawing.
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 200.0;
/// Left, right, top and bottom edges of the plotted area.
const LEFT: f64 = 46.0;
const RIGHT: f64 = 312.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 172.0;

/// Points and lines over two axes.
#[derive(Clone, Debug, Default)]
pub(super) struct CalibrationPlot {
    /// Measured pairs.
    pub(super) dots: Vec<(f64, f64)>,
    /// Line that holds now, drawn dashed.
    pub(super) before: Vec<(f64, f64)>,
    /// Line that would hold.
    pub(super) after: Vec<(f64, f64)>,
    /// Text under the horizontal axis.
    pub(super) across: String,
    /// Least and greatest value of each axis, as the reader writes numbers.
    pub(super) ends: [(String, String); 2],
}

impl CalibrationPlot {
    /// Range of the values of each axis.
    pub(super) fn ranges(&self) -> [(f64, f64); 2] {
        let all = || self.dots.iter().chain(&self.before).chain(&self.after);
        let range = |values: &mut dyn Iterator<Item = f64>| {
            let start = (f64::INFINITY, f64::NEG_INFINITY);
            let (low, high) = values
                .filter(|value| value.is_finite())
                .fold(start, |(low, high), value| {
                    (low.min(value), high.max(value))
                });
            match low.total_cmp(&high) {
                std::cmp::Ordering::Less => (low, high),
                std::cmp::Ordering::Equal => (low - 1.0, high + 1.0),
                std::cmp::Ordering::Greater => (0.0, 1.0),
            }
        };
        [
            range(&mut all().map(|(x, _)| *x)),
            range(&mut all().map(|(_, y)| *y)),
        ]
    }

    /// The drawing; its title is what a screen reader says.
    pub(super) fn svg(&self, title: &str) -> String {
        let [across, up] = self.ranges();
        let place = |(x, y): &(f64, f64)| {
            let x = LEFT + (x - across.0) / (across.1 - across.0) * (RIGHT - LEFT);
            let y = BOTTOM - (y - up.0) / (up.1 - up.0) * (BOTTOM - TOP);
            format!("{} {}", rounded(x), rounded(y))
        };
        let path = |line: &[(f64, f64)]| {
            let places: Vec<String> = line.iter().map(place).collect();
            if places.len() < 2 {
                return String::new();
            }
            format!("M{}", places.join("L"))
        };
        let mut dots = String::new();
        for dot in &self.dots {
            let place = place(dot);
            let (x, y) = place.split_once(' ').unwrap_or_default();
            let _ = write!(dots, "<circle cx=\"{x}\" cy=\"{y}\" r=\"4\"/>");
        }
        let text = |x: f64, y: f64, anchor: &str, words: &str| {
            let words = escaped(words);
            format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{words}</text>")
        };
        let [(left, right), (foot, top)] = &self.ends;
        let marks = [
            text(LEFT, BOTTOM + 16.0, "start", left),
            text(RIGHT, BOTTOM + 16.0, "end", right),
            text(
                f64::midpoint(LEFT, RIGHT),
                BOTTOM + 16.0,
                "middle",
                &self.across,
            ),
            text(LEFT - 4.0, BOTTOM, "end", foot),
            text(LEFT - 4.0, TOP + 8.0, "end", top),
        ];
        format!(
            "<svg class=\"calibration\" role=\"img\" viewBox=\"0 0 {WIDTH} {HEIGHT}\">\
             <title>{}</title><path class=\"axes\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\"/>\
             <path class=\"before\" d=\"{}\"/><path class=\"after\" d=\"{}\"/>{dots}{}</svg>",
            escaped(title),
            path(&self.before),
            path(&self.after),
            marks.concat()
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A place with a tenth of a pixel.
fn rounded(place: f64) -> f64 {
    round_decimals(place, 1, RoundingMode::Nearest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_dips_are_two_dots_on_a_line_between_the_edges() {
        let plot = CalibrationPlot {
            dots: vec![(0.0, 0.0), (2.0, 1.0)],
            after: vec![(0.0, 0.0), (2.0, 1.0)],
            across: "a < b".to_owned(),
            ..CalibrationPlot::default()
        };
        let svg = plot.svg("air & tandon");
        assert!(svg.contains("d=\"M46 172L312 10\""), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("a &lt; b") && svg.contains("air &amp; tandon"));
    }

    proptest! {
        #[test]
        fn every_place_is_a_number(
            dots in proptest::collection::vec((any::<f64>(), any::<f64>()), 0..5)
        ) {
            let finite = |dot: &(f64, f64)| dot.0.abs() < 1e12 && dot.1.abs() < 1e12;
            let dots: Vec<_> = dots.into_iter().filter(finite).collect();
            let svg = CalibrationPlot { dots, ..CalibrationPlot::default() }.svg("");
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", svg);
        }
    }
}
