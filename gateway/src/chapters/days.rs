//! Daily values as a table and as plots: by day for a month or two, by month beyond.

use super::book::Book;
use super::digits;
use crate::limits::REPORT_DAY_ROWS_MAX;
use crate::model::indicator::{Completeness, Daily};
use crate::report::chart::{Along, Chart, Form, Series};
use crate::report::document::Block;
use crate::report::table::{Table, Total};
use crate::report::value::{Kind, Value};
use jiff::civil::Date;
use std::ops::Range;

/// Beginnings of ids whose daily values are states, not flows: they have a mean, no sum.
const STATES: &[&str] = &["tank.volume", "tank.days"];
/// Units of flows: their daily values add up to the period's.
const FLOWS: &[&str] = &[
    "kWh", "m3", "L", "mm", "h", "kg", "t", "IDR", "degC d", "kWh/kWp", "kWh/m2", "tCO2", "tCO2e",
];
/// Counts, which add up as well.
const COUNTS: &[&str] = &["pump.dry_runs", "tank.leak_nights", "compost.turnings"];
/// Plots with more series than this are no longer read.
const SERIES_MAX: usize = 4;

/// Days, or months of days, that stand in one row or at one step of a plot.
struct Steps {
    by_month: bool,
    /// Of each step its first day, and which days of the series it is.
    all: Vec<(Date, Range<usize>)>,
}

/// Plots of the series, one a unit, then their table; nothing for a period of one day.
pub(super) fn blocks(book: &Book<'_>, id: &str, series: &[&Daily]) -> Vec<Block> {
    let days = series.first().map_or(0, |first| first.days.len());
    let series: Vec<&Daily> = series
        .iter()
        .copied()
        .filter(|s| s.days.len() == days)
        .collect();
    let Some(steps) = steps(&series).filter(|_| days > 1) else {
        return Vec::new();
    };
    let mut blocks: Vec<Block> = charts(book, id, &series, &steps);
    blocks.push(Block::Table(table(book, id, &series, &steps)));
    blocks
}

fn steps(series: &[&Daily]) -> Option<Steps> {
    let days: Vec<Date> = series.first()?.days.iter().map(|(day, ..)| *day).collect();
    let by_month = days.len() > REPORT_DAY_ROWS_MAX;
    let mut all: Vec<(Date, Range<usize>)> = Vec::new();
    for (index, day) in days.into_iter().enumerate() {
        match all.last_mut() {
            Some((first, range)) if by_month && first.first_of_month() == day.first_of_month() => {
                range.end = index + 1;
            }
            _ => all.push((day, index..index + 1)),
        }
    }
    Some(Steps { by_month, all })
}

fn charts(book: &Book<'_>, id: &str, series: &[&Daily], steps: &Steps) -> Vec<Block> {
    let mut units: Vec<(&str, bool)> = Vec::new();
    for one in series {
        let key = (&*one.unit, is_flow(one));
        if !units.contains(&key) {
            units.push(key);
        }
    }
    let of = |(unit, flow): (&str, bool)| -> Vec<&Daily> {
        let same = series.iter().copied();
        same.filter(|one| *one.unit == *unit && is_flow(one) == flow)
            .filter(|one| one.days.iter().any(|(_, value, _)| value.is_some()))
            .take(SERIES_MAX)
            .collect()
    };
    let all = units.into_iter().enumerate();
    all.filter_map(|(index, key)| {
        let same = of(key);
        let chart = chart(book, &format!("plot-{index}/{id}"), &same, steps);
        (!same.is_empty()).then_some(Block::Chart(chart))
    })
    .collect()
}

fn chart(book: &Book<'_>, id: &str, series: &[&Daily], steps: &Steps) -> Chart {
    let names: Vec<String> = series.iter().map(|one| book.name(&one.id)).collect();
    let flow = series.first().is_some_and(|one| is_flow(one));
    let one = |(one, label): (&&Daily, &String)| Series {
        id: one.id.to_string(),
        label: label.clone(),
        values: steps
            .all
            .iter()
            .map(|(_, range)| value(one, range))
            .collect(),
    };
    Chart {
        id: id.to_owned(),
        title: names.join(", "),
        form: if flow { Form::Bars } else { Form::Line },
        kind: series.first().map_or(Kind::Mixed, |one| kind(book, one)),
        along: along(book, steps),
        series: series.iter().zip(&names).map(one).collect(),
        target: None,
    }
}

fn along(book: &Book<'_>, steps: &Steps) -> Along {
    let days = steps.all.iter().map(|(day, _)| *day);
    if steps.by_month {
        Along::Labels(days.map(|day| month(book, day, "mon")).collect())
    } else {
        Along::Days(days.collect())
    }
}

/// `Nov 2026`, or `November 2026`.
fn month(book: &Book<'_>, day: Date, length: &str) -> String {
    let month = book.text(&format!("report-{length}-{}", day.month()));
    format!("{month} {}", day.year())
}

fn table(book: &Book<'_>, id: &str, series: &[&Daily], steps: &Steps) -> Table {
    let (word, key) = if steps.by_month {
        (book.column("month", Kind::Text), "by-month")
    } else {
        (book.column("day", Kind::Date), "by-day")
    };
    let mut columns = vec![word];
    for one in series {
        let mut column = book.column("value", kind(book, one)).totalled(total(one));
        column.id = one.id.to_string();
        column.head = book.name(&one.id);
        columns.push(column);
    }
    let share = book.column("share", Kind::Percent(0));
    columns.push(share.totalled(Total::Mean));
    let mut table = book.table(&format!("days/{id}"), key, columns);
    table.total_label = book.text("chapters-total-or-mean");
    let today = book.today();
    table.rows = steps
        .all
        .iter()
        .map(|step| row(book, series, steps, step, today))
        .collect();
    table
}

fn row(
    book: &Book<'_>,
    series: &[&Daily],
    steps: &Steps,
    (first, range): &(Date, Range<usize>),
    today: Date,
) -> Vec<Value> {
    let head = if steps.by_month {
        Value::Text(month(book, *first, "month"))
    } else {
        Value::Date(*first)
    };
    let future = *first > today;
    let cell = |value: Option<f64>| match value {
        Some(value) => Value::Number(value),
        None if future => Value::Empty,
        None => Value::Missing(book.text("chapters-no-value")),
    };
    let values = series.iter().map(|one| cell(value(one, range)));
    let share = match series.first().and_then(|one| share(one, range)) {
        Some(share) if !future => Value::Number(share),
        _ => Value::Empty,
    };
    std::iter::once(head).chain(values).chain([share]).collect()
}

fn is_flow(one: &Daily) -> bool {
    let state = STATES.iter().any(|start| one.id.starts_with(start));
    let flow = FLOWS.contains(&&*one.unit) || COUNTS.contains(&&*one.id);
    flow && !state
}

fn total(one: &Daily) -> Total {
    if is_flow(one) {
        Total::Sum
    } else {
        Total::Mean
    }
}

fn kind(book: &Book<'_>, one: &Daily) -> Kind {
    let count = one.days.iter().filter_map(|(_, value, _)| *value);
    let some = count.clone().find(|value| value.fract() != 0.0);
    let decimals = digits::usual(&one.unit, some.or_else(|| count.clone().next()));
    Kind::number(&book.unit(&one.unit), decimals)
}

/// The sum of a step's days, or their mean; nothing when none has a value.
fn value(one: &Daily, range: &Range<usize>) -> Option<f64> {
    let days = one.days.get(range.clone())?;
    let (sum, count) = sum(days.iter().map(|(_, value, _)| *value));
    match total(one) {
        _ if count == 0.0 => None,
        Total::Sum => Some(sum),
        Total::Mean => Some(sum / count),
    }
}

/// The mean share measured of a step's days.
fn share(one: &Daily, range: &Range<usize>) -> Option<f64> {
    let days = one.days.get(range.clone())?;
    let (sum, count) = sum(days.iter().map(|(.., known)| measured(&one.id, known)));
    (count > 0.0).then(|| sum / count)
}

/// The share that counts for this indicator: daylight for what the sun does.
pub(super) fn measured(id: &str, known: &Completeness) -> Option<f64> {
    if id.starts_with("plts.") {
        known.daylight.or(known.all)
    } else {
        known.all.or(known.daylight)
    }
}

fn sum(values: impl Iterator<Item = Option<f64>>) -> (f64, f64) {
    values
        .flatten()
        .fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0))
}
