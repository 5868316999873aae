//! Daily values as table and plots: by day for up to `REPORT_DAY_ROWS_MAX` days, otherwise by
//! month.

use super::context::ReportContext;
use super::significant_digits;
use crate::domain::indicator::{CompletenessShares, DailyValues};
use crate::limits::{REPORT_DAY_ROWS_MAX, REPORT_PLOT_DAYS_MAX};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::chart::{ChartForm, ChartSeries, ChartSteps, PARTIAL_MARK, ReportChart};
use crate::report::render::document::ReportBlock;
use crate::report::render::table::{ColumnTotalKind, ReportTable};
use jiff::civil::Date;
use std::ops::Range;

/// Id prefixes of states (levels), whose daily values have a mean and no sum.
// The volume in a tank has the unit of a flow, m3: only its id tells it apart.
const STATE_PREFIXES: &[&str] = &["tank.volume", "tank.days"];
/// Units of flows, whose daily values add up to the value of the period.
const FLOW_UNITS: &[&str] = &[
    "kWh", "m3", "L", "mm", "h", "kg", "t", "IDR", "degC d", "kWh/kWp", "kWh/m2", "tCO2", "tCO2e",
];
/// Counts, which add up too.
const COUNT_INDICATORS: &[&str] = &["pump.dry_runs", "tank.leak_nights", "compost.turnings"];
/// Share from which a day is shown as 100 %.
const WHOLE_SHARE: f64 = 0.995;
/// Share from which a month is plotted like a whole one.
const WHOLE_MONTH_SHARE: f64 = 0.9;
/// Maximum number of series in a plot; with more it is no longer readable.
const SERIES_MAX: usize = 4;

/// Rows of the table and steps of the plots: days or months.
struct DailySteps {
    by_month: bool,
    /// First day of each step, and the range of its days in the series.
    all: Vec<(Date, Range<usize>)>,
}

/// Plots of the series, one for each unit, then their table; empty for a period of one day.
pub(crate) fn daily_blocks(
    book: &ReportContext<'_>,
    id: &str,
    series: &[&DailyValues],
) -> Vec<ReportBlock> {
    grouped_blocks(book, id, series, REPORT_DAY_ROWS_MAX)
}

/// One plot of series with the same unit, up to today: by day for up to `REPORT_PLOT_DAYS_MAX`
/// days, otherwise by month; `None` for a period of one day.
pub(crate) fn plot_of_series(
    book: &ReportContext<'_>,
    id: &str,
    series: &[&DailyValues],
) -> Option<ReportChart> {
    let today = book.today();
    // Days to come are no gaps.
    let passed = series.iter().map(|one| {
        let mut whole = over_period(book, one);
        whole.days.retain(|(day, ..)| *day <= today);
        whole
    });
    let passed: Vec<DailyValues> = passed.collect();
    let passed: Vec<&DailyValues> = passed.iter().collect();
    let steps = group_days(&passed, REPORT_PLOT_DAYS_MAX)?;
    let is_plot = steps.all.len() > 1;
    is_plot.then(|| daily_chart(book, &format!("plot/{id}"), &passed, &steps))
}

/// The same with a row for each day, however long the period is.
pub(crate) fn blocks_by_day(
    book: &ReportContext<'_>,
    id: &str,
    series: &[&DailyValues],
) -> Vec<ReportBlock> {
    grouped_blocks(book, id, series, usize::MAX)
}

/// Plots and table by day for up to `days_max` days, otherwise by month.
fn grouped_blocks(
    book: &ReportContext<'_>,
    id: &str,
    series: &[&DailyValues],
    days_max: usize,
) -> Vec<ReportBlock> {
    let days = series.first().map_or(0, |first| first.days.len());
    let whole: Vec<DailyValues> = series.iter().map(|one| over_period(book, one)).collect();
    let series: Vec<&DailyValues> = whole.iter().collect();
    let Some(steps) = group_days(&series, days_max).filter(|_| days > 1) else {
        return Vec::new();
    };
    let today = book.today();
    let passed = steps.all.iter().filter(|(day, _)| *day <= today);
    let plotted = DailySteps {
        by_month: steps.by_month,
        all: passed.cloned().collect(),
    };
    let mut blocks: Vec<ReportBlock> = daily_charts(book, id, &series, &plotted);
    blocks.push(ReportBlock::Table(daily_table(book, id, &series, &steps)));
    blocks
}

/// The series with every day of the period: an asset that was in operation for a part of it has no
/// values on the other days, and its days line up with those of others.
pub(crate) fn over_period(book: &ReportContext<'_>, one: &DailyValues) -> DailyValues {
    let period = book.matter.account.period;
    let dates = std::iter::successors(Some(period.first()), |day| day.tomorrow().ok());
    let of = |date: Date| {
        let found = one.days.binary_search_by_key(&date, |(day, ..)| *day);
        found.map_or_else(
            |_| (date, None, CompletenessShares::default()),
            |place| one.days[place],
        )
    };
    DailyValues {
        days: dates
            .take_while(|date| *date <= period.last())
            .map(of)
            .collect(),
        ..one.clone()
    }
}

fn group_days(series: &[&DailyValues], days_max: usize) -> Option<DailySteps> {
    let days: Vec<Date> = series.first()?.days.iter().map(|(day, ..)| *day).collect();
    let by_month = days.len() > days_max;
    let mut all: Vec<(Date, Range<usize>)> = Vec::new();
    for (index, day) in days.into_iter().enumerate() {
        match all.last_mut() {
            Some((first, range)) if by_month && first.first_of_month() == day.first_of_month() => {
                range.end = index + 1;
            }
            _ => all.push((day, index..index + 1)),
        }
    }
    Some(DailySteps { by_month, all })
}

fn daily_charts(
    book: &ReportContext<'_>,
    id: &str,
    series: &[&DailyValues],
    steps: &DailySteps,
) -> Vec<ReportBlock> {
    let mut units: Vec<(&str, bool)> = Vec::new();
    for one in series {
        let key = (&*one.unit, is_flow(one));
        if !units.contains(&key) {
            units.push(key);
        }
    }
    // States and flows of one unit get separate plots: bars of a flow, a line of a state.
    let of = |(unit, flow): (&str, bool)| -> Vec<&DailyValues> {
        let same = series.iter().copied();
        same.filter(|one| *one.unit == *unit && is_flow(one) == flow)
            .filter(|one| one.days.iter().any(|(_, value, _)| value.is_some()))
            .take(SERIES_MAX)
            .collect()
    };
    let all = units.into_iter().enumerate();
    all.filter_map(|(index, key)| {
        let same = of(key);
        let chart = daily_chart(book, &format!("plot-{index}/{id}"), &same, steps);
        (!same.is_empty()).then_some(ReportBlock::Chart(chart))
    })
    .collect()
}

fn daily_chart(
    book: &ReportContext<'_>,
    id: &str,
    series: &[&DailyValues],
    steps: &DailySteps,
) -> ReportChart {
    let names: Vec<String> = series
        .iter()
        .map(|one| book.indicator_name(&one.id))
        .collect();
    let flow = series.first().is_some_and(|one| is_flow(one));
    let one = |(one, label): (&&DailyValues, &String)| ChartSeries {
        id: one.id.to_string(),
        label: label.clone(),
        values: steps
            .all
            .iter()
            .map(|(_, range)| step_value(one, range))
            .collect(),
    };
    ReportChart {
        id: id.to_owned(),
        title: names.join(", "),
        form: if flow {
            ChartForm::Bars
        } else {
            ChartForm::Line
        },
        kind: series
            .first()
            .map_or(ValueKind::Mixed, |one| daily_number_kind(book, one)),
        along: chart_axis(book, series, steps),
        series: series.iter().zip(&names).map(one).collect(),
        target: None,
    }
}

fn chart_axis(book: &ReportContext<'_>, series: &[&DailyValues], steps: &DailySteps) -> ChartSteps {
    let days = steps.all.iter().map(|(day, _)| *day);
    if steps.by_month {
        let years = days.clone().map(Date::year);
        let is_one_year = years.clone().min() == years.max();
        let name = |(day, range): &(Date, Range<usize>)| {
            let mut name = short_month(book, *day, is_one_year);
            // A month of which ten days were measured would look like a poor month.
            let share = lowest_share(series, range).unwrap_or(1.0);
            if share < WHOLE_MONTH_SHARE && share > 0.0 {
                name.push(PARTIAL_MARK);
            }
            name
        };
        ChartSteps::Labels(steps.all.iter().map(name).collect())
    } else {
        ChartSteps::Days(days.collect())
    }
}

/// `Nov 2026`; `Nov` where no other year is plotted.
fn short_month(book: &ReportContext<'_>, day: Date, is_one_year: bool) -> String {
    let place = usize::try_from(day.month() - 1).unwrap_or_default();
    let names = book.lang.locale().months.get(place);
    let name = names.map_or("", |names| names[1]);
    if is_one_year {
        return name.to_owned();
    }
    format!("{name} {}", day.year())
}

fn daily_table(
    book: &ReportContext<'_>,
    id: &str,
    series: &[&DailyValues],
    steps: &DailySteps,
) -> ReportTable {
    let (word, key) = if steps.by_month {
        (book.column("month", ValueKind::Text), "by-month")
    } else {
        (book.column("day", ValueKind::Date), "by-day")
    };
    let mut columns = vec![word];
    for one in series {
        let mut column = book
            .column("value", daily_number_kind(book, one))
            .with_total(column_total(one));
        column.id = one.id.to_string();
        column.head = book.indicator_name(&one.id);
        columns.push(column);
    }
    let has_share = is_partly_measured(series, steps);
    if has_share {
        let share = book.column("share", ValueKind::Percent(0));
        columns.push(share.with_total(ColumnTotalKind::Mean));
    }
    let mut table = book.table(&format!("days/{id}"), key, columns);
    table.total_label = book.message("chapters-total-or-mean");
    let today = book.today();
    table.rows = steps
        .all
        .iter()
        .map(|step| daily_row(book, series, steps, step, today))
        .collect();
    if !has_share {
        // The share is the last cell of a row.
        table.rows.iter_mut().for_each(|row| drop(row.pop()));
    }
    table
}

/// True when a day or month is shown with less than 100 %: a column that says 100 % throughout
/// says nothing.
fn is_partly_measured(series: &[&DailyValues], steps: &DailySteps) -> bool {
    let mut shares = steps
        .all
        .iter()
        .filter_map(|(_, range)| lowest_share(series, range));
    shares.any(|share| share < WHOLE_SHARE)
}

fn daily_row(
    book: &ReportContext<'_>,
    series: &[&DailyValues],
    steps: &DailySteps,
    (first, range): &(Date, Range<usize>),
    today: Date,
) -> Vec<CellValue> {
    let head = if steps.by_month {
        CellValue::Text(book.lang.locale().format_month(*first))
    } else {
        CellValue::Date(*first)
    };
    let future = *first > today;
    // A future day is empty; a past day without a value has a reason.
    let cell = |value: Option<f64>| match value {
        Some(value) => CellValue::Number(value),
        None if future => CellValue::Empty,
        None => CellValue::Missing(book.message("chapters-no-value")),
    };
    let values = series.iter().map(|one| cell(step_value(one, range)));
    let share = match lowest_share(series, range) {
        Some(share) if !future => CellValue::Number(share),
        _ => CellValue::Empty,
    };
    std::iter::once(head).chain(values).chain([share]).collect()
}

/// True when the values of days add up to that of the period; otherwise their mean counts.
pub(crate) fn is_flow(one: &DailyValues) -> bool {
    adds_up(&one.id, &one.unit)
}

/// True for a figure whose values of parts of a period add up to that of the whole.
pub(crate) fn adds_up(id: &str, unit: &str) -> bool {
    let state = STATE_PREFIXES.iter().any(|start| id.starts_with(start));
    let flow = FLOW_UNITS.contains(&unit) || COUNT_INDICATORS.contains(&id);
    flow && !state
}

fn column_total(one: &DailyValues) -> ColumnTotalKind {
    if is_flow(one) {
        ColumnTotalKind::Sum
    } else {
        ColumnTotalKind::Mean
    }
}

fn daily_number_kind(book: &ReportContext<'_>, one: &DailyValues) -> ValueKind {
    let count = one.days.iter().filter_map(|(_, value, _)| *value);
    // A value with decimals decides, since a whole one alone would be printed as a count.
    let some = count.clone().find(|value| value.fract() != 0.0);
    let decimals =
        significant_digits::usual_decimals(&one.unit, some.or_else(|| count.clone().next()));
    ValueKind::number(&book.unit_text(&one.unit), decimals)
}

/// Sum or mean of the days of a step; `None` when no day has a value.
fn step_value(one: &DailyValues, range: &Range<usize>) -> Option<f64> {
    let days = one.days.get(range.clone())?;
    let (sum, count) = sum_and_count(days.iter().map(|(_, value, _)| *value));
    match column_total(one) {
        _ if count == 0.0 => None,
        ColumnTotalKind::Sum => Some(sum),
        ColumnTotalKind::Mean => Some(sum / count),
    }
}

/// Mean measured share of the days of a step, of the series that has the lowest.
fn lowest_share(series: &[&DailyValues], range: &Range<usize>) -> Option<f64> {
    let shares = series.iter().filter_map(|one| step_share(one, range));
    shares.reduce(f64::min)
}

/// Mean measured share of the days of a step.
fn step_share(one: &DailyValues, range: &Range<usize>) -> Option<f64> {
    let days = one.days.get(range.clone())?;
    let (sum, count) = sum_and_count(
        days.iter()
            .map(|(.., known)| relevant_completeness(&one.id, known)),
    );
    (count > 0.0).then(|| sum / count)
}

/// Measured share that counts for this indicator: of daylight hours for solar plants, otherwise of
/// all hours.
pub(crate) fn relevant_completeness(id: &str, known: &CompletenessShares) -> Option<f64> {
    if id.starts_with("plts.") {
        known.daylight.or(known.all)
    } else {
        known.all.or(known.daylight)
    }
}

fn sum_and_count(values: impl Iterator<Item = Option<f64>>) -> (f64, f64) {
    values
        .flatten()
        .fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0))
}
