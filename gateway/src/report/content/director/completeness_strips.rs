//! Completeness as one strip for each stream: a point of a device, or an indicator that people
//! write down. Cells are days, and weeks in a long period.

use crate::domain::indicator::{InputSource, PointReadings};
use crate::limits::{REPORT_DAY_ROWS_MAX, REPORT_STRIPS_MAX};
use crate::report::content::context::ReportContext;
use crate::report::content::ledger_chapter;
use crate::report::render::cell_value::ValueKind;
use crate::report::render::chart::{ChartForm, ChartSeries, ChartSteps, ReportChart};
use crate::report::render::document::ReportBlock;
use crate::report::render::number_format;
use jiff::civil::Date;
use std::collections::BTreeSet;

const DAYS_A_WEEK: usize = 7;
/// Share from which a stream counts as whole and gives its place to another.
const WHOLE_SHARE: f64 = 0.99;

pub(crate) fn strip_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let days = passed_days(book);
    let mut streams = point_streams(book, &days);
    let mut blocks = Vec::new();
    let all = streams.len();
    if all > REPORT_STRIPS_MAX {
        // Those with gaps are what is looked for.
        streams.sort_by(|a, b| mean_share(&a.values).total_cmp(&mean_share(&b.values)));
        streams.truncate(REPORT_STRIPS_MAX);
    }
    let whole = streams
        .iter()
        .filter(|one| mean_share(&one.values) >= WHOLE_SHARE)
        .count();
    let counts = [("whole", whole.to_string()), ("all", all.to_string())];
    if !streams.is_empty() {
        let args = [("whole", &*counts[0].1), ("all", &*counts[1].1)];
        blocks.push(book.paragraph("director-strips", &args));
        let kind = ValueKind::Percent(0);
        blocks.push(strip_chart(book, "readings", kind, &days, streams));
    }
    if all > REPORT_STRIPS_MAX {
        let more = (all - REPORT_STRIPS_MAX).to_string();
        blocks.push(book.paragraph("director-more-strips", &[("count", &more)]));
    }
    let records = record_streams(book, &days);
    if !records.is_empty() {
        let kind = ValueKind::number("", 0);
        blocks.push(strip_chart(book, "entries", kind, &days, records));
    }
    blocks
}

/// Days of the period up to today.
fn passed_days(book: &ReportContext<'_>) -> Vec<Date> {
    let period = book.matter.account.period;
    let last = period.last().min(book.today());
    let days = std::iter::successors(Some(period.first()), |day| day.tomorrow().ok());
    days.take_while(|day| *day <= last).collect()
}

/// A strip for each point behind a figure, in the order of the figures.
fn point_streams(book: &ReportContext<'_>, days: &[Date]) -> Vec<ChartSeries> {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    let mut all = Vec::new();
    for one in book.indicators() {
        for input in &one.inputs {
            let InputSource::Point(readings) = &input.from else {
                continue;
            };
            if found.insert(&readings.point) {
                all.push(point_stream(book, readings, (one.period.first(), days)));
            }
        }
    }
    all
}

/// Strip of a point of a figure whose days begin on `first`: an asset may have come later than the
/// period, and nothing was expected before.
fn point_stream(
    book: &ReportContext<'_>,
    readings: &PointReadings,
    (first, days): (Date, &[Date]),
) -> ChartSeries {
    let config = book.matter.config;
    let known = config.site.find_point(&readings.point);
    let name = known.and_then(|(device, point)| {
        let device = config.devices.get(usize::from(device))?;
        let label = device.points.get(point)?.label(book.lang);
        Some(format!("{label} · {}", device.name))
    });
    let before = days.partition_point(|day| *day < first);
    let mut values = vec![None; before];
    values.extend_from_slice(&readings.day_shares);
    values.resize(days.len(), None);
    ChartSeries {
        id: readings.point.to_string(),
        label: name.unwrap_or_else(|| readings.point.to_string()),
        values,
    }
}

/// A strip for each indicator of the ledger with entries: how many there are on each day. An entry
/// for a week or a month is in equal parts on its days.
fn record_streams(book: &ReportContext<'_>, days: &[Date]) -> Vec<ChartSeries> {
    if book.matter.asset.is_some() {
        return Vec::new();
    }
    let all = ledger_chapter::written_totals(book).into_iter();
    let all = all.take(REPORT_STRIPS_MAX).map(|(one, definition)| {
        let mut values = vec![None; days.len()];
        for entry in ledger_chapter::counted_records(book, &definition.id) {
            let when = entry.statement.when;
            let length = f64::from((when.last() - when.first()).get_days() + 1);
            let from = days.partition_point(|day| *day < when.first());
            let to = days.partition_point(|day| *day <= when.last());
            for value in &mut values[from..to] {
                *value = Some(value.unwrap_or(0.0) + 1.0 / length);
            }
        }
        ChartSeries {
            id: one.id.to_string(),
            label: book.indicator_name(&one.id),
            values,
        }
    });
    all.collect()
}

/// The strips, with a cell for each day, or for each week of a long period.
fn strip_chart(
    book: &ReportContext<'_>,
    id: &str,
    kind: ValueKind,
    days: &[Date],
    streams: Vec<ChartSeries>,
) -> ReportBlock {
    let by_week = days.len() > REPORT_DAY_ROWS_MAX;
    let is_share = matches!(kind, ValueKind::Percent(_));
    let weekly = |stream: ChartSeries| ChartSeries {
        values: stream
            .values
            .chunks(DAYS_A_WEEK)
            .map(|week| week_value(week, is_share))
            .collect(),
        ..stream
    };
    let (along, series) = if by_week {
        let names = days.chunks(DAYS_A_WEEK);
        let names = names.filter_map(|week| Some(week_name(book, *week.first()?)));
        let series = streams.into_iter().map(weekly).collect();
        (ChartSteps::Labels(names.collect()), series)
    } else {
        (ChartSteps::Days(days.to_vec()), streams)
    };
    let key = if by_week { "weeks" } else { "days" };
    ReportBlock::Chart(ReportChart {
        id: format!("strips/{id}"),
        title: book.message(&format!("chapters-director-strips-{id}-{key}")),
        form: ChartForm::Strips,
        kind,
        along,
        series,
        target: None,
    })
}

/// Mean share or number of entries of a week.
fn week_value(week: &[Option<f64>], is_share: bool) -> Option<f64> {
    let known: Vec<f64> = week.iter().flatten().copied().collect();
    let sum: f64 = known.iter().sum();
    match known.len() {
        0 => None,
        count if is_share => Some(sum / crate::report::render::table::count_as_f64(count)),
        _ => Some(sum),
    }
}

/// First day of a week without its year: `5 Okt`.
fn week_name(book: &ReportContext<'_>, day: Date) -> String {
    let text = number_format::format_short_date(book.lang, day);
    let year = format!(" {}", day.year());
    text.trim_end_matches(&year).to_owned()
}

/// Mean of known shares; 1 where nothing was expected.
fn mean_share(values: &[Option<f64>]) -> f64 {
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    if known.is_empty() {
        return 1.0;
    }
    let count = crate::report::render::table::count_as_f64(known.len());
    known.iter().sum::<f64>() / count
}
