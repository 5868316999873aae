//! Calendar plot: one row for each month, one square for each day, darker for more.

use super::chart_drawing::{ChartDrawing, DrawingColour, DrawingMark, TextAnchor};
use super::plot_frame::{plot_text_width, quantity_label};
use super::{ChartSteps, ReportChart};
use crate::i18n::Language;
use crate::report::render::chart::chart_drawing::PLOT_TYPE_SIZE;
use crate::report::render::number_format;
use crate::report::render::table::count_as_f64;
use jiff::civil::Date;

const DAYS_A_ROW: usize = 31;
const GAP: f64 = 1.5;
const CELL_HEIGHT: f64 = 16.0;

/// Draws the first series only. A day without a value is grey and crossed out.
pub(crate) fn draw_calendar(chart: &ReportChart, lang: Language, width: f64) -> ChartDrawing {
    let mut scene = ChartDrawing::new(&chart.title, width, 0.0);
    let ChartSteps::Days(days) = &chart.along else {
        return scene;
    };
    let months = month_starts(days);
    let names: Vec<String> = months
        .iter()
        .map(|month| month_name(lang, *month))
        .collect();
    let left = names
        .iter()
        .map(|name| plot_text_width(name))
        .fold(0.0, f64::max)
        + 6.0;
    let cell = (width - left) / count_as_f64(DAYS_A_ROW);
    for (row, name) in names.iter().enumerate() {
        let y = count_as_f64(row) * (CELL_HEIGHT + GAP) + CELL_HEIGHT * 0.65;
        scene.text((0.0, y), TextAnchor::Start, DrawingColour::Faint, name);
    }
    let empty = Vec::new();
    let values = chart.series.first().map_or(&empty, |series| &series.values);
    let ends = colour_range(chart);
    for (step, day) in days.iter().enumerate() {
        let month = day.first_of_month();
        let row = months.iter().position(|m| *m == month).unwrap_or(0);
        let column = usize::try_from(day.day() - 1).unwrap_or(0);
        let x = left + count_as_f64(column) * cell;
        let y = count_as_f64(row) * (CELL_HEIGHT + GAP);
        let area = [x, y, cell - GAP, CELL_HEIGHT];
        draw_day_square(&mut scene, area, values.get(step).copied().flatten(), ends);
        draw_day_number(
            &mut scene,
            area,
            *day,
            values.get(step).copied().flatten(),
            ends,
        );
    }
    let below = count_as_f64(months.len()) * (CELL_HEIGHT + GAP) + PLOT_TYPE_SIZE + 4.0;
    draw_legend(&mut scene, chart, lang, left, below, ends);
    scene.height = below + 5.0;
    scene
}

fn draw_day_square(scene: &mut ChartDrawing, area: [f64; 4], value: Option<f64>, ends: (f64, f64)) {
    let [x, y, wide, high] = area;
    let Some(value) = value else {
        scene
            .marks
            .push(DrawingMark::Rect(area, DrawingColour::Missing));
        scene.push_line(
            vec![(x, y + high), (x + wide, y)],
            DrawingColour::Target,
            0.7,
            false,
        );
        return;
    };
    scene.marks.push(DrawingMark::Rect(
        area,
        DrawingColour::Scale(colour_position(value, ends)),
    ));
}

fn draw_day_number(
    scene: &mut ChartDrawing,
    area: [f64; 4],
    day: Date,
    value: Option<f64>,
    ends: (f64, f64),
) {
    let [x, y, wide, high] = area;
    // White digits on dark squares.
    let is_dark = value.is_some_and(|value| colour_position(value, ends) > 0.45);
    let ink = if is_dark {
        DrawingColour::Paper
    } else {
        DrawingColour::Text
    };
    let at = (x + wide / 2.0, y + high / 2.0 + PLOT_TYPE_SIZE * 0.35);
    scene.text(at, TextAnchor::Middle, ink, &day.day().to_string());
}

fn draw_legend(
    scene: &mut ChartDrawing,
    chart: &ReportChart,
    lang: Language,
    left: f64,
    y: f64,
    ends: (f64, f64),
) {
    let mut x = left;
    for step in 0..5 {
        let share = f64::from(step) / 4.0;
        let value = ends.0 + (ends.1 - ends.0) * share;
        let text = quantity_label(value, &chart.kind, lang);
        scene.marks.push(DrawingMark::Rect(
            [x, y - 6.0, 7.0, 7.0],
            DrawingColour::Scale(share),
        ));
        scene.text((x + 9.5, y), TextAnchor::Start, DrawingColour::Faint, &text);
        x += plot_text_width(&text) + 20.0;
    }
    draw_day_square(scene, [x, y - 6.0, 7.0, 7.0], None, ends);
    scene.text(
        (x + 9.5, y),
        TextAnchor::Start,
        DrawingColour::Faint,
        &lang.text("report-gap"),
    );
}

/// Returns the ends of the colour scale: from zero to the highest value; a percentage ends at 100.
fn colour_range(chart: &ReportChart) -> (f64, f64) {
    let high = match chart.kind {
        crate::report::render::cell_value::ValueKind::Percent(_) => 1.0,
        _ => chart.plotted_values().fold(0.0, f64::max),
    };
    (0.0, if high > 0.0 { high } else { 1.0 })
}

fn colour_position(value: f64, (low, high): (f64, f64)) -> f64 {
    ((value - low) / (high - low)).clamp(0.0, 1.0)
}

fn month_starts(days: &[Date]) -> Vec<Date> {
    let mut months: Vec<Date> = days.iter().map(|day| day.first_of_month()).collect();
    months.sort_unstable();
    months.dedup();
    months
}

fn month_name(lang: Language, month: Date) -> String {
    let first = number_format::format_short_date(lang, month);
    first
        .split_once(' ')
        .map_or(first.clone(), |(_, rest)| rest.to_owned())
}
