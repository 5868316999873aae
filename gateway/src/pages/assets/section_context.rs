//! [`SectionContext`]: figures and readings of one asset over the period of the page, and the plots
//! that are made of them.

use super::day_groups::{DAYS_SHOWN_MAX, DayGroups, group_value};
use crate::api::ApiListener;
use crate::assets::asset_point::AssetPoint;
use crate::config::Asset;
use crate::domain::ledger::EntryKind;
use crate::i18n::Language;
use crate::pages::period_choice::PeriodChoice;
use crate::pages::plot_spec::{PlotBand, PlotData, PlotMark, PlotSeries, PlotSpec, PlotStyle};
use crate::pages::site_figures::SiteFigures;
use crate::report::content;
use crate::report::content::period_name;
use crate::storage::LatestSample;
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::BTreeMap;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// One asset over the period of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SectionContext<'a> {
    pub(crate) app: &'a ApiListener,
    pub(crate) asset: &'a Asset,
    pub(crate) choice: &'a PeriodChoice,
    /// Figures of the period.
    pub(crate) figures: &'a SiteFigures,
    /// Figures of the period before; `None` when they could not be computed.
    pub(crate) before: Option<&'a SiteFigures>,
    /// Figures of the present day; `None` when the period is over.
    pub(crate) today: Option<&'a SiteFigures>,
    /// Last reading of every point.
    pub(crate) latest: &'a [LatestSample],
}

/// Plot with its title.
#[derive(Clone, Debug)]
pub(crate) struct TitledPlot {
    pub(crate) title: String,
    pub(crate) spec: PlotSpec,
}

/// Name, unit and shape of a series of readings.
#[derive(Clone, Debug)]
pub(crate) struct SeriesLook {
    pub(crate) label: String,
    /// Symbol of the unit, which is printed in the language of the page.
    pub(crate) unit: &'static str,
    pub(crate) style: PlotStyle,
}

/// Role without its number, and the number: `temperature_2`.
fn numbered_role(role: &str) -> (&str, &str) {
    let numbered = role.rsplit_once('_');
    numbered
        .filter(|(_, number)| number.parse::<u8>().is_ok())
        .unwrap_or((role, ""))
}

impl SectionContext<'_> {
    pub(crate) fn lang(&self) -> Language {
        self.figures.lang
    }

    pub(crate) fn text(&self, key: &str) -> String {
        self.lang().text(key)
    }

    /// Id of the asset, as the figures take it.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "figures of the site are asked for with `None`"
    )]
    pub(crate) fn own(&self) -> Option<&str> {
        Some(&self.asset.id)
    }

    /// Name of a point of the asset in words. Points of the same role are told apart by the labels
    /// of their devices, `Suhu bagian tepi`; where these are the same, by a number, `Suhu 2`.
    pub(crate) fn point_name(&self, point: &str) -> String {
        let mut roles = self.asset.points.iter();
        let role = roles.find(|(_, id)| ***id == *point);
        let role = role.map_or("", |(role, _)| role.as_str());
        let (word, number) = numbered_role(role);
        let alike = self.asset.points.iter();
        let alike = alike.filter(|(role, _)| numbered_role(role).0 == word);
        let labels: Vec<Option<String>> = alike.map(|(_, id)| self.point_label(id)).collect();
        if labels.len() > 1 {
            let own = self.point_label(point);
            let same = labels.iter().filter(|label| **label == own).count();
            if let (Some(own), 1) = (own, same) {
                return own;
            }
        }
        let name = self
            .lang()
            .find_text(&format!("role-{}", word.replace('_', "-")));
        let name = name.unwrap_or_else(|| point.to_owned());
        format!("{name} {number}").trim_end().to_owned()
    }

    /// Label of a point of the site: its own, else in words of the language.
    fn point_label(&self, id: &str) -> Option<String> {
        let (device, name) = id.split_once('.')?;
        let mut devices = self.figures.config.devices.iter();
        let device = devices.find(|one| *one.id == *device)?;
        let mut points = device.points.iter();
        let point = points.find(|one| *one.name == *name)?;
        Some(point.label(self.lang()))
    }

    /// Width of the buckets of readings.
    pub(crate) fn sample_step(&self) -> (&'static str, i64) {
        match self.choice.days() {
            ..=1 => ("5m", 5 * MINUTE_MS),
            2..=8 => ("15m", 15 * MINUTE_MS),
            9..=31 => ("1h", HOUR_MS),
            32..=100 => ("3h", 3 * HOUR_MS),
            _ => ("1d", DAY_MS),
        }
    }

    /// Width of the buckets of a plot that has bars as well: wide enough that they are seen.
    pub(crate) fn bar_step(&self) -> (&'static str, i64) {
        match self.choice.days() {
            ..=1 => ("15m", 15 * MINUTE_MS),
            2..=8 => ("1h", HOUR_MS),
            9..=31 => ("6h", 6 * HOUR_MS),
            _ => ("1d", DAY_MS),
        }
    }

    /// Means of a point, in the unit of the look; `factor` leads there from the unit of the
    /// formulas.
    pub(crate) fn means(&self, point: &AssetPoint, look: SeriesLook, factor: f64) -> PlotSeries {
        let line = |own: f64| (own, point.value(own) * factor);
        let curve = vec![line(0.0), line(1.0)];
        self.converted((point, look), ("mean", self.sample_step()), curve)
    }

    /// Means of a point of the asset under its own name, as in [`SectionContext::means`].
    pub(crate) fn named_means(
        &self,
        point: &AssetPoint,
        (unit, factor): (&'static str, f64),
        style: PlotStyle,
    ) -> PlotSeries {
        let look = SeriesLook {
            label: self.point_name(&point.id),
            unit,
            style,
        };
        self.means(point, look, factor)
    }

    /// Increase of a counter in each bucket.
    pub(crate) fn growth(&self, point: &AssetPoint, look: SeriesLook) -> PlotSeries {
        // A difference has no offset.
        let curve = vec![(0.0, 0.0), (1.0, point.scale)];
        self.converted((point, look), ("delta", self.bar_step()), curve)
    }

    /// Readings of a point along a curve.
    pub(crate) fn converted(
        &self,
        (point, look): (&AssetPoint, SeriesLook),
        (agg, (step, width)): (&'static str, (&'static str, i64)),
        curve: Vec<(f64, f64)>,
    ) -> PlotSeries {
        let device = self.app.site().find_point(&point.id);
        let every = device.map_or(0, |(at, _)| {
            self.app.site().devices[usize::from(at)].every_ms
        });
        PlotSeries {
            label: look.label,
            unit: content::unit_text(self.lang(), look.unit),
            style: look.style,
            data: PlotData::Converted {
                point: point.id.to_string(),
                step,
                agg,
                width: width.max(i64::try_from(every).unwrap_or(i64::MAX)),
                curve,
            },
            pale: false,
        }
    }

    /// Values of a figure by day or month.
    pub(crate) fn by_day(&self, id: &str, style: PlotStyle) -> Option<PlotSeries> {
        let daily = self.figures.daily(self.own(), id)?;
        let groups = DayGroups::of(daily);
        let month = |(_, range): &(Date, std::ops::Range<usize>)| group_value(daily, range);
        let data = if groups.by_month {
            PlotData::Values {
                t: self.group_times(&groups),
                v: groups.all.iter().map(month).collect(),
            }
        } else {
            PlotData::of_days(daily, self.app.site().timezone.rules(), 1.0)
        };
        let any = daily.days.iter().any(|(_, value, _)| value.is_some());
        any.then(|| PlotSeries {
            label: self.figures.name(id),
            unit: content::unit_text(self.lang(), &daily.unit),
            style,
            data,
            pale: false,
        })
    }

    /// The same with the period before behind it and the target as a line.
    pub(crate) fn by_day_compared(&self, id: &str) -> Vec<PlotSeries> {
        let Some(bars) = self.by_day(id, PlotStyle::Bars) else {
            return Vec::new();
        };
        let before = self.values_before(id, &bars);
        let target = self.target_line(id, &bars);
        before.into_iter().chain([bars]).chain(target).collect()
    }

    /// The period before, day by day at the times of this one.
    fn values_before(&self, id: &str, bars: &PlotSeries) -> Option<PlotSeries> {
        let before = self.before?.daily(self.own(), id)?;
        let this = DayGroups::of(self.figures.daily(self.own(), id)?);
        // A month has 28 to 31 days: both are grouped alike, and days that this one lacks are left
        // out.
        let groups = DayGroups::of(before);
        let mut v: Vec<Option<f64>> = groups
            .all
            .iter()
            .map(|(_, range)| group_value(before, range))
            .collect();
        v.resize(this.all.len(), None);
        // A day or month that is not over has nothing whole to stand beside.
        let running = self.choice.is_current.then_some(self.choice.today);
        if let Some(place) = running.and_then(|today| this.group_of(today)) {
            v[place] = None;
        }
        let fits = this.by_month == groups.by_month && v.iter().any(Option::is_some);
        fits.then(|| PlotSeries {
            label: period_name(self.lang(), self.choice.period_before()),
            data: PlotData::Values {
                t: self.group_times(&this),
                v,
            },
            pale: true,
            ..bars.clone()
        })
    }

    /// Target of the period, spread evenly over its days.
    fn target_line(&self, id: &str, bars: &PlotSeries) -> Option<PlotSeries> {
        let target = self.figures.target(self.own(), id)?;
        let daily = self.figures.daily(self.own(), id)?;
        let groups = DayGroups::of(daily);
        let days = f64::from(self.choice.days());
        let share = |(_, range): &(Date, std::ops::Range<usize>)| {
            let count = u16::try_from(range.len()).unwrap_or(u16::MAX);
            Some(target * f64::from(count) / days)
        };
        Some(PlotSeries {
            label: self.text("figure-target"),
            style: PlotStyle::Steps,
            data: PlotData::Values {
                t: self.group_times(&groups),
                v: groups.all.iter().map(share).collect(),
            },
            pale: true,
            ..bars.clone()
        })
    }

    /// Entries of an indicator of the ledger by day or month, named as the figure `name`.
    pub(crate) fn entries_by_day(
        &self,
        indicator: &str,
        name: &str,
        style: PlotStyle,
    ) -> Option<PlotSeries> {
        let by_month = self.choice.days() > DAYS_SHOWN_MAX;
        let mut sums: BTreeMap<Date, f64> = BTreeMap::new();
        let mut unit = None;
        for entry in self.figures.entries.iter().filter(|one| one.is_current()) {
            let said = &entry.statement;
            let counts = said.sort == EntryKind::Record && *said.indicator == *indicator;
            let (Some(quantity), true) = (said.quantity, counts) else {
                continue;
            };
            let day = said.when.first();
            let day = if by_month { day.first_of_month() } else { day };
            let day = day.max(self.choice.period.first());
            *sums.entry(day).or_default() += quantity.to_f64();
            unit = Some(&said.unit);
        }
        let zone = &self.app.site().timezone;
        let last = self.choice.period.last().min(self.choice.today);
        let mut day = self.choice.period.first();
        let (mut t, mut v) = (Vec::new(), Vec::new());
        // A day without an entry is a gap, so that no line joins two harvests.
        while day <= last {
            t.push(zone.midnight(day).0);
            v.push(sums.get(&day).copied());
            day = if by_month {
                day.last_of_month().saturating_add(1.day())
            } else {
                day.saturating_add(1.day())
            };
        }
        Some(PlotSeries {
            label: self.figures.name(name),
            unit: content::unit_text(self.lang(), unit?),
            style,
            data: PlotData::Values { t, v },
            pale: false,
        })
    }

    fn group_times(&self, groups: &DayGroups) -> Vec<i64> {
        let zone = &self.app.site().timezone;
        let days = groups.all.iter().map(|(day, _)| zone.midnight(*day).0);
        days.collect()
    }

    /// Plot of these series; `None` when there are none.
    pub(crate) fn plot(&self, title: &str, series: Vec<PlotSeries>) -> Option<TitledPlot> {
        self.decorated_plot(title, series, Vec::new(), Vec::new())
    }

    /// The same with bands and marks.
    pub(crate) fn decorated_plot(
        &self,
        title: &str,
        series: Vec<PlotSeries>,
        bands: Vec<PlotBand>,
        marks: Vec<PlotMark>,
    ) -> Option<TitledPlot> {
        let (from, to) = self.app.period_bounds(self.choice.period);
        (!series.is_empty()).then(|| TitledPlot {
            title: self.text(title),
            spec: PlotSpec {
                partial_from: self.partial_from(&series),
                bands,
                marks,
                live: self.choice.is_current,
                ..PlotSpec::new(from, to, series)
            },
        })
    }

    /// Start of the bar that is not complete yet: the present day or month.
    fn partial_from(&self, series: &[PlotSeries]) -> Option<i64> {
        let own = series
            .iter()
            .find(|one| one.style == PlotStyle::Bars && !one.pale)?;
        let PlotData::Values { t, .. } = &own.data else {
            return None;
        };
        let today = self.app.site().timezone.midnight(self.choice.today).0;
        let begun = t.iter().rev().find(|start| **start <= today);
        begun.copied().filter(|_| self.choice.is_current)
    }

    /// Plot of a figure by day with the period before and the target; for a single day the growth
    /// of its counter.
    pub(crate) fn daily_plot(
        &self,
        title: &str,
        id: &str,
        counter: Option<(&AssetPoint, &'static str)>,
    ) -> Option<TitledPlot> {
        if self.choice.days() > 1 {
            return self.plot(title, self.by_day_compared(id));
        }
        let (point, unit) = counter?;
        let look = SeriesLook {
            label: self.figures.name(id),
            unit,
            style: PlotStyle::Bars,
        };
        let curve = vec![(0.0, 0.0), (1.0, point.scale)];
        let hours = self.converted((point, look), ("delta", ("1h", HOUR_MS)), curve);
        self.plot(title, vec![hours])
    }
}
