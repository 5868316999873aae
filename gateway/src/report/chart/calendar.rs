//! A square a day, weeks from left to right or months below each other; darker for more.

use super::frame::{TYPE, shown, text_width};
use super::scene::{Anchor, Ink, Mark, Scene};
use super::{Along, Chart};
use crate::report::format;
use crate::report::table::count;
use crate::words::Lang;
use jiff::civil::Date;

const DAYS_A_ROW: usize = 31;
const GAP: f64 = 1.5;
const CELL_HEIGHT: f64 = 16.0;

/// One row a month, one square a day; the first series alone. A day without a value is grey and
/// crossed out.
pub(super) fn draw(chart: &Chart, lang: Lang, width: f64) -> Scene {
    let mut scene = Scene::new(&chart.title, width, 0.0);
    let Along::Days(days) = &chart.along else {
        return scene;
    };
    let months = months(days);
    let names: Vec<String> = months.iter().map(|month| name(lang, *month)).collect();
    let left = names
        .iter()
        .map(|name| text_width(name))
        .fold(0.0, f64::max)
        + 6.0;
    let cell = (width - left) / count(DAYS_A_ROW);
    for (row, name) in names.iter().enumerate() {
        let y = count(row) * (CELL_HEIGHT + GAP) + CELL_HEIGHT * 0.65;
        scene.text((0.0, y), Anchor::Start, Ink::Faint, name);
    }
    let empty = Vec::new();
    let values = chart.series.first().map_or(&empty, |series| &series.values);
    let ends = ends(chart);
    for (step, day) in days.iter().enumerate() {
        let month = day.first_of_month();
        let row = months.iter().position(|m| *m == month).unwrap_or(0);
        let column = usize::try_from(day.day() - 1).unwrap_or(0);
        let x = left + count(column) * cell;
        let y = count(row) * (CELL_HEIGHT + GAP);
        let area = [x, y, cell - GAP, CELL_HEIGHT];
        square(&mut scene, area, values.get(step).copied().flatten(), ends);
        day_number(
            &mut scene,
            area,
            *day,
            values.get(step).copied().flatten(),
            ends,
        );
    }
    let below = count(months.len()) * (CELL_HEIGHT + GAP) + TYPE + 4.0;
    legend(&mut scene, chart, lang, left, below, ends);
    scene.height = below + 5.0;
    scene
}

fn square(scene: &mut Scene, area: [f64; 4], value: Option<f64>, ends: (f64, f64)) {
    let [x, y, wide, high] = area;
    let Some(value) = value else {
        scene.marks.push(Mark::Rect(area, Ink::Missing));
        scene.line(vec![(x, y + high), (x + wide, y)], Ink::Target, 0.7, false);
        return;
    };
    scene
        .marks
        .push(Mark::Rect(area, Ink::Scale(share(value, ends))));
}

fn day_number(scene: &mut Scene, area: [f64; 4], day: Date, value: Option<f64>, ends: (f64, f64)) {
    let [x, y, wide, high] = area;
    let is_dark = value.is_some_and(|value| share(value, ends) > 0.45);
    let ink = if is_dark { Ink::Paper } else { Ink::Text };
    let at = (x + wide / 2.0, y + high / 2.0 + TYPE * 0.35);
    scene.text(at, Anchor::Middle, ink, &day.day().to_string());
}

fn legend(scene: &mut Scene, chart: &Chart, lang: Lang, left: f64, y: f64, ends: (f64, f64)) {
    let mut x = left;
    for step in 0..5 {
        let share = f64::from(step) / 4.0;
        let value = ends.0 + (ends.1 - ends.0) * share;
        let text = shown(value, &chart.kind, lang);
        scene
            .marks
            .push(Mark::Rect([x, y - 6.0, 7.0, 7.0], Ink::Scale(share)));
        scene.text((x + 9.5, y), Anchor::Start, Ink::Faint, &text);
        x += text_width(&text) + 20.0;
    }
    square(scene, [x, y - 6.0, 7.0, 7.0], None, ends);
    scene.text(
        (x + 9.5, y),
        Anchor::Start,
        Ink::Faint,
        &lang.text("report-gap"),
    );
}

/// The colour scale starts at zero; a percentage ends at 100.
fn ends(chart: &Chart) -> (f64, f64) {
    let high = match chart.kind {
        crate::report::value::Kind::Percent(_) => 1.0,
        _ => chart.values().fold(0.0, f64::max),
    };
    (0.0, if high > 0.0 { high } else { 1.0 })
}

fn share(value: f64, (low, high): (f64, f64)) -> f64 {
    ((value - low) / (high - low)).clamp(0.0, 1.0)
}

fn months(days: &[Date]) -> Vec<Date> {
    let mut months: Vec<Date> = days.iter().map(|day| day.first_of_month()).collect();
    months.sort_unstable();
    months.dedup();
    months
}

fn name(lang: Lang, month: Date) -> String {
    let first = format::short_date(lang, month);
    first
        .split_once(' ')
        .map_or(first.clone(), |(_, rest)| rest.to_owned())
}
