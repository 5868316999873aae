//! Strips: one row for each stream, one cell for each day or week. Shares of readings have a colour
//! for how much was measured; counts of entries have one where there are any.

use super::ReportChart;
use super::chart_drawing::{ChartDrawing, DrawingColour, DrawingMark, PLOT_TYPE_SIZE, TextAnchor};
use super::plot_frame::plot_text_width;
use crate::i18n::Language;
use crate::report::render::cell_value::ValueKind;
use crate::report::render::number_format;
use crate::report::render::table::count_as_f64;

const ROW_HEIGHT: f64 = 13.5;
/// Free space between two strips.
const ROW_GAP: f64 = 2.0;
/// Width of the share at the end of a strip.
const SHARE_WIDTH: f64 = 30.0;
/// Largest part of the drawing for the names.
const NAMES_PART_MAX: f64 = 0.42;
/// Shares from which a cell is complete, and from which it is enough.
const COMPLETE_SHARE: f64 = 0.9;
const ENOUGH_SHARE: f64 = 0.75;
/// Cells of the legend of shares: one of each class, and the message key of its name.
const SHARE_LEGEND: [(Option<f64>, &str); 5] = [
    (Some(1.0), "report-strip-complete"),
    (Some(0.8), "report-strip-partial"),
    (Some(0.5), "report-strip-little"),
    (Some(0.0), "report-strip-none"),
    (None, "report-strip-free"),
];
/// Cells of the legend of counts.
const COUNT_LEGEND: [(Option<f64>, &str); 2] = [
    (Some(1.0), "report-strip-entry"),
    (None, "report-strip-no-entry"),
];

/// Draws a strip for each series, with its mean share or its sum at the right. A cell without a
/// number is pale: nothing was expected there.
pub(crate) fn draw_strips(chart: &ReportChart, lang: Language, width: f64) -> ChartDrawing {
    let mut scene = ChartDrawing::new(&chart.title, width, 0.0);
    let names = chart.series.iter().map(|one| plot_text_width(&one.label));
    let left = names.fold(0.0, f64::max).min(width * NAMES_PART_MAX) + 8.0;
    let cell = (width - left - SHARE_WIDTH) / count_as_f64(chart.along.len().max(1));
    let is_share = matches!(chart.kind, ValueKind::Percent(_));
    let mut y = if is_share {
        draw_legend(&mut scene, lang, &SHARE_LEGEND)
    } else {
        draw_legend(&mut scene, lang, &COUNT_LEGEND)
    };
    for series in &chart.series {
        draw_name(&mut scene, &series.label, (left, y));
        for (step, share) in series.values.iter().enumerate() {
            let x = left + count_as_f64(step) * cell;
            // A thin line of paper between cells, where they are wide enough for one.
            let wide = if cell > 3.0 { cell - 0.8 } else { cell };
            let area = [x, y, wide, ROW_HEIGHT - ROW_GAP];
            scene.marks.push(DrawingMark::Rect(
                area,
                cell_colour(cell_class(*share, is_share)),
            ));
        }
        if let Some(text) = strip_total(&series.values, is_share, lang) {
            let at = (width, y + ROW_HEIGHT - 4.0);
            scene.text(at, TextAnchor::End, DrawingColour::Text, &text);
        }
        y += ROW_HEIGHT;
    }
    draw_step_names(&mut scene, chart, lang, [left, y, cell]);
    scene.height = y + 2.0 * PLOT_TYPE_SIZE;
    scene
}

/// Draws a name, in smaller type where the room is short.
fn draw_name(scene: &mut ChartDrawing, name: &str, (left, y): (f64, f64)) {
    let wide = plot_text_width(name).max(1.0);
    let size = (PLOT_TYPE_SIZE * (left - 8.0) / wide).min(PLOT_TYPE_SIZE);
    scene.marks.push(DrawingMark::Text {
        at: (0.0, y + ROW_HEIGHT - 4.0),
        anchor: TextAnchor::Start,
        size,
        ink: DrawingColour::Text,
        text: name.to_owned(),
    });
}

/// Draws the meaning of the colours; returns where the strips begin.
fn draw_legend(scene: &mut ChartDrawing, lang: Language, cells: &[(Option<f64>, &str)]) -> f64 {
    let (mut x, mut y) = (0.0, PLOT_TYPE_SIZE + 1.0);
    for (share, key) in cells {
        let name = lang.text(key);
        let wide = plot_text_width(&name) + 24.0;
        if x > 0.0 && x + wide > scene.width {
            x = 0.0;
            y += ROW_HEIGHT;
        }
        let area = [x, y - 6.0, 7.0, 7.0];
        scene
            .marks
            .push(DrawingMark::Rect(area, cell_colour(*share)));
        let at = (x + 10.0, y);
        scene.text(at, TextAnchor::Start, DrawingColour::Faint, &name);
        x += wide;
    }
    y + PLOT_TYPE_SIZE
}

/// Draws as many names of steps below the strips as fit side by side.
fn draw_step_names(
    scene: &mut ChartDrawing,
    chart: &ReportChart,
    lang: Language,
    [left, y, cell]: [f64; 3],
) {
    let name = |step: usize| chart.along.step_label(step, lang, false);
    let widest = (0..chart.along.len()).map(|step| plot_text_width(&name(step)));
    let widest = widest.fold(0.0, f64::max) + 4.0;
    let mut end = f64::NEG_INFINITY;
    for step in 0..chart.along.len() {
        let middle = left + (count_as_f64(step) + 0.5) * cell;
        if middle - widest / 2.0 < end || middle + widest / 2.0 > scene.width + 2.0 {
            continue;
        }
        end = middle + widest / 2.0;
        let at = (middle, y + PLOT_TYPE_SIZE + 1.0);
        scene.text(at, TextAnchor::Middle, DrawingColour::Faint, &name(step));
    }
}

/// The mean of shares, or the sum of counts; `None` without any.
fn strip_total(values: &[Option<f64>], is_share: bool, lang: Language) -> Option<String> {
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    let sum: f64 = known.iter().sum();
    match known.len() {
        0 => None,
        count if is_share => {
            let mean = sum / count_as_f64(count);
            Some(number_format::format_percent(lang, mean, 0))
        }
        _ => Some(number_format::format_number(lang, sum, 0)),
    }
}

/// Number by which a cell has its colour: the share, or whether there is an entry.
fn cell_class(value: Option<f64>, is_share: bool) -> Option<f64> {
    value.map(|value| if is_share { value } else { 1.0 })
}

fn cell_colour(share: Option<f64>) -> DrawingColour {
    match share {
        None => DrawingColour::Missing,
        Some(share) if share >= COMPLETE_SHARE => DrawingColour::Scale(0.7),
        Some(share) if share >= ENOUGH_SHARE => DrawingColour::Scale(0.25),
        Some(share) if share > 0.0 => DrawingColour::Partial,
        Some(_) => DrawingColour::Target,
    }
}
