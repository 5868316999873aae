//! What plots with two axes share: the ground, the ticks, the legend, the target.

use super::axis::Axis;
use super::scene::{Anchor, Ink, Mark, Scene};
use super::{Along, Chart};
use crate::report::face::{Face, width};
use crate::report::format;
use crate::report::table::count;
use crate::report::value::Kind;
use crate::words::Lang;

/// Type size in plots, points.
pub(super) const TYPE: f64 = 7.5;
const LINE: f64 = 11.0;
const PLOT_HEIGHT: f64 = 130.0;
const GAP: f64 = 4.0;

/// A plot with its axes drawn, ready for lines or bars.
pub(super) struct Frame {
    /// The drawing so far.
    pub(super) scene: Scene,
    left: f64,
    top: f64,
    width: f64,
    axis: Axis,
    steps: usize,
}

impl Frame {
    /// Draws the ground of `chart` for values between `low` and `high`.
    pub(super) fn new(chart: &Chart, lang: Lang, width: f64, low: f64, high: f64) -> Self {
        let target = chart.target.as_ref().map(|target| target.value);
        let high = target.map_or(high, |value| high.max(value));
        let low = target.map_or(low, |value| low.min(value));
        let scale = shown_scale(&chart.kind);
        let axis = Axis::around(low * scale, high * scale);
        let labels = tick_labels(&axis, lang, &chart.kind);
        let widest = labels
            .iter()
            .map(|text| text_width(text))
            .fold(0.0, f64::max);
        let mut frame = Self {
            scene: Scene::new(&chart.title, width, 0.0),
            left: widest + 2.0 * GAP,
            top: 0.0,
            width: width - widest - 3.0 * GAP,
            axis,
            steps: chart.along.len().max(1),
        };
        frame.legend(chart, lang);
        frame.ground(&labels);
        frame.steps_below(&chart.along, lang);
        frame.scene.height = frame.bottom() + LINE + GAP;
        frame
    }

    fn bottom(&self) -> f64 {
        self.top + PLOT_HEIGHT
    }

    /// Where step `index` starts, and how wide a step is, points.
    pub(super) fn step(&self, index: usize) -> (f64, f64) {
        let wide = self.width / count(self.steps);
        (self.left + wide * count(index), wide)
    }

    /// The height of a value, points from the top; `scale` is 100 for percentages.
    pub(super) fn y(&self, value: f64, kind: &Kind) -> f64 {
        self.bottom() - self.axis.share(value * shown_scale(kind)) * PLOT_HEIGHT
    }

    /// The unit, then a square and a name for each series; on as many lines as it takes.
    fn legend(&mut self, chart: &Chart, lang: Lang) {
        let unit = chart.kind.unit();
        let mut x = 0.0;
        let mut y = LINE - 3.0;
        if !unit.is_empty() {
            self.scene.text((x, y), Anchor::Start, Ink::Faint, unit);
            x += text_width(unit) + 3.0 * GAP;
        }
        let mut names: Vec<(Ink, String)> = Vec::new();
        for (index, series) in chart.series.iter().enumerate() {
            names.push((Ink::Series(index), series.label.clone()));
        }
        if let Some(target) = &chart.target {
            let value = shown(target.value, &chart.kind, lang);
            names.push((Ink::Target, format!("{} {value}", target.label)));
        }
        for (ink, name) in names {
            let wide = text_width(&name) + 5.0 * GAP;
            if x > 0.0 && x + wide > self.scene.width {
                x = 0.0;
                y += LINE;
            }
            self.scene
                .marks
                .push(Mark::Rect([x, y - 5.5, 6.0, 6.0], ink));
            self.scene
                .text((x + 8.5, y), Anchor::Start, Ink::Text, &name);
            x += wide + GAP;
        }
        self.top = y + 2.0 * GAP;
    }

    fn ground(&mut self, labels: &[String]) {
        let right = self.left + self.width;
        for (tick, label) in self.axis.ticks.clone().into_iter().zip(labels) {
            let y = self.bottom() - self.axis.share(tick) * PLOT_HEIGHT;
            let ink = if tick == 0.0 { Ink::Faint } else { Ink::Grid };
            self.scene
                .line(vec![(self.left, y), (right, y)], ink, 0.6, false);
            let at = (self.left - GAP, y + TYPE * 0.35);
            self.scene.text(at, Anchor::End, Ink::Faint, label);
        }
    }

    /// As many names below the axis as fit beside each other.
    fn steps_below(&mut self, along: &Along, lang: Lang) {
        let widest = (0..along.len())
            .map(|index| text_width(&along.label(index, lang, false)))
            .fold(0.0, f64::max);
        let (_, wide) = self.step(0);
        let mut every = 1;
        while count(every) * wide < widest + GAP && every < self.steps {
            every += 1;
        }
        let y = self.bottom() + LINE;
        for index in (0..along.len()).step_by(every) {
            let (x, _) = self.step(index);
            let label = along.label(index, lang, false);
            self.scene
                .text((x + wide / 2.0, y), Anchor::Middle, Ink::Faint, &label);
        }
    }

    /// Marks where values are missing, and draws the target over everything.
    pub(super) fn finish(mut self, chart: &Chart) -> Scene {
        if let Some(target) = &chart.target {
            let y = self.y(target.value, &chart.kind);
            let ends = vec![(self.left, y), (self.left + self.width, y)];
            self.scene.line(ends, Ink::Target, 1.0, true);
        }
        self.scene
    }

    /// Shades the steps where no series has a value.
    pub(super) fn shade_gaps(&mut self, chart: &Chart) {
        for index in 0..chart.along.len() {
            let mut values = chart.series.iter().map(|s| s.values.get(index));
            if values.all(|value| value.copied().flatten().is_none()) {
                let (x, wide) = self.step(index);
                let area = [x, self.top, wide, PLOT_HEIGHT];
                self.scene.marks.push(Mark::Rect(area, Ink::Missing));
            }
        }
    }
}

/// Width of a text in plots, points.
pub(super) fn text_width(text: &str) -> f64 {
    width(Face::Regular, TYPE, text)
}

/// A value of the plot with its unit.
pub(super) fn shown(value: f64, kind: &Kind, lang: Lang) -> String {
    match kind {
        Kind::Percent(decimals) => format::percent(lang, value, *decimals),
        Kind::Number(measure) => format::quantity(
            lang,
            measure.round(value),
            &measure.unit,
            measure.shown_decimals(),
        ),
        _ => format::number(lang, value, 0),
    }
}

/// Percentages are held as shares of one and drawn as percentages.
fn shown_scale(kind: &Kind) -> f64 {
    match kind {
        Kind::Percent(_) => 100.0,
        _ => 1.0,
    }
}

fn tick_labels(axis: &Axis, lang: Lang, kind: &Kind) -> Vec<String> {
    let ticks = axis.ticks.iter();
    let label = |tick: &f64| match kind {
        Kind::Percent(_) => format::quantity(lang, *tick, "%", axis.decimals),
        _ => format::number(lang, *tick, axis.decimals),
    };
    ticks.map(label).collect()
}
