//! [`DailyTable`]: values of each day with the measured share, as a page and a CSV file show them.

use super::day_groups::{DayGroups, group_share, group_value};
use crate::domain::indicator::DailyValues;
use crate::pages::site_figures::SiteFigures;
use crate::report::content;
use crate::report::render::csv::CsvField;
use crate::report::render::number_format;
use jiff::civil::Date;

/// Values of an asset by day.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DailyTable {
    /// Headings with their units; the first is the day, the last two the share and the remark.
    pub(crate) headings: Vec<String>,
    /// Rows of the same cells.
    pub(crate) rows: Vec<Vec<String>>,
}

impl DailyTable {
    /// Table of one asset; by month when the period is long. Days to come are left out.
    pub(crate) fn of_asset(figures: &SiteFigures, asset: &str, today: Date) -> Self {
        let series = series_of(figures, asset);
        let Some(first) = series.first() else {
            return Self::default();
        };
        let lang = figures.lang;
        let groups = DayGroups::of(first);
        let key = if groups.by_month {
            "chapters-col-month"
        } else {
            "chapters-col-day"
        };
        let mut headings = vec![lang.text(key)];
        headings.extend(series.iter().map(|one| heading(figures, one)));
        headings.extend([lang.text("chapters-col-share"), lang.text("assets-remark")]);
        let shown = groups.all.iter().filter(|(day, _)| *day <= today);
        let row = |(day, range): &(Date, std::ops::Range<usize>)| {
            let date = if groups.by_month {
                lang.locale().format_month(*day)
            } else {
                number_format::format_short_date(lang, *day)
            };
            let value = |one: &&DailyValues| match group_value(one, range) {
                Some(value) => number_format::format_number(lang, value, decimals(one)),
                None => number_format::NO_VALUE.to_owned(),
            };
            let values: Vec<Option<f64>> =
                series.iter().map(|one| group_value(one, range)).collect();
            let share = group_share(first, range).map_or_else(String::new, |share| {
                number_format::format_percent(lang, share, 0)
            });
            let is_last = groups.group_of(today) == groups.group_of(*day);
            let cells = series.iter().map(value);
            let remark = remark(figures, &values, is_last);
            std::iter::once(date)
                .chain(cells)
                .chain([share, remark])
                .collect()
        };
        Self {
            headings,
            rows: shown.map(row).collect(),
        }
    }
}

/// Rows of a CSV file: a day, the values of all assets with their shares, and a remark.
pub(crate) fn daily_csv_rows(
    figures: &SiteFigures,
    assets: &[(&str, &str)],
    today: Date,
) -> Vec<Vec<CsvField>> {
    let lang = figures.lang;
    let all: Vec<(&str, Vec<&DailyValues>)> = assets
        .iter()
        .map(|(id, name)| (*name, series_of(figures, id)))
        .filter(|(_, series)| !series.is_empty())
        .collect();
    let share_heading = lang.text("chapters-col-share");
    let mut head = vec![CsvField::text(&lang.text("chapters-col-day"))];
    for (name, series) in &all {
        let columns = series.iter().map(|one| heading(figures, one));
        let columns = columns.chain([format!("{share_heading} (%)")]);
        head.extend(columns.map(|column| CsvField::text(&format!("{name}: {column}"))));
    }
    head.push(CsvField::text(&lang.text("assets-remark")));
    let mut rows = vec![head];
    let days = all.first().and_then(|(_, series)| series.first());
    let days = days.map_or(&[][..], |first| &first.days);
    let passed = days.iter().enumerate();
    for (index, (day, ..)) in passed.filter(|(_, (day, ..))| *day <= today) {
        let mut row = vec![CsvField::number(day.to_string())];
        let mut values = Vec::new();
        for (_, series) in &all {
            let range = index..index + 1;
            for one in series {
                let value = group_value(one, &range);
                values.push(value);
                row.push(number_field(figures, value, decimals(one)));
            }
            let share = group_share(series[0], &range).map(|share| 100.0 * share);
            row.push(number_field(figures, share, 0));
        }
        row.push(CsvField::text(&remark(figures, &values, *day == today)));
        rows.push(row);
    }
    rows
}

/// Rows of a CSV file: the figures of the period, one each.
pub(crate) fn figure_csv_rows(
    figures: &SiteFigures,
    assets: &[(&str, &str)],
) -> Vec<Vec<CsvField>> {
    let lang = figures.lang;
    let keys = [
        "assets-asset",
        "chapters-col-indicator",
        "chapters-col-value",
    ];
    let more = [
        "chapters-col-unit",
        "chapters-col-share",
        "report-status",
        "assets-remark",
    ];
    let head = keys.into_iter().chain(more);
    let mut rows: Vec<Vec<CsvField>> =
        vec![head.map(|key| CsvField::text(&lang.text(key))).collect()];
    for (id, name) in assets {
        let own = figures.account.indicators.iter();
        for indicator in own.filter(|one| one.asset.as_deref() == Some(*id)) {
            let one = figures.figure_text(indicator);
            let shown = figures.plain_number(indicator);
            let notes = std::iter::once(&one.reason).chain(&one.notes);
            let notes: Vec<&str> = notes
                .map(String::as_str)
                .filter(|x| !x.is_empty())
                .collect();
            rows.push(vec![
                CsvField::text(name),
                CsvField::text(&one.label),
                CsvField::number(shown),
                CsvField::text(&one.unit),
                CsvField::number(one.share.clone()),
                CsvField::text(&lang.text(&format!("report-status-{}", one.status))),
                CsvField::text(&notes.join(" ")),
            ]);
        }
    }
    rows
}

fn series_of<'a>(figures: &'a SiteFigures, asset: &str) -> Vec<&'a DailyValues> {
    let all = figures.account.daily.iter();
    all.filter(|one| one.asset.as_deref() == Some(asset))
        .collect()
}

/// Name of a series with its unit.
fn heading(figures: &SiteFigures, one: &DailyValues) -> String {
    let name = figures.name(&one.id);
    match content::unit_text(figures.lang, &one.unit).as_str() {
        "" => name,
        unit => format!("{name} ({unit})"),
    }
}

/// Decimals of a series, as in the report.
fn decimals(one: &DailyValues) -> u8 {
    let mut values = one.days.iter().filter_map(|(_, value, _)| *value);
    let some = values.clone().find(|value| value.fract() != 0.0);
    let usual = content::usual_decimals(&one.unit, some.or_else(|| values.next()));
    u8::try_from(usual).unwrap_or(0)
}

fn number_field(figures: &SiteFigures, value: Option<f64>, decimals: u8) -> CsvField {
    let text = value.map_or_else(String::new, |value| plain_number(figures, value, decimals));
    CsvField::number(text)
}

fn plain_number(figures: &SiteFigures, value: f64, decimals: u8) -> String {
    number_format::format_plain_number(figures.lang, value, decimals)
}

/// Remark of a row: it has no value, or its day is not over.
fn remark(figures: &SiteFigures, values: &[Option<f64>], is_today: bool) -> String {
    if values.iter().all(Option::is_none) {
        return figures.lang.text("assets-day-empty");
    }
    if is_today {
        return figures.lang.text("web-partial");
    }
    String::new()
}
