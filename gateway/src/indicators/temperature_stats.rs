//! Mean, minimum and maximum of a temperature: bins and compost heaps.

use crate::domain::indicator::{CompletenessShares, DailyValues, Indicator, IndicatorSpec};
use crate::formulas::saved_state::saved_fields;
use crate::formulas::{CompensatedSum, FormulaStatus, count_as_f64, finite_ratio};
use crate::indicators::asset_sums::AssetReadings;
use crate::indicators::coverage::point_source;
use crate::indicators::figure_context::{
    FigureBuilder, measured_input, value_or_status, with_days,
};
use crate::indicators::input_reading::InputReading;
use crate::indicators::input_series::InputSeries;

/// Mean, minimum and maximum of a temperature, with daily means.
#[derive(Debug)]
pub(crate) struct TemperatureStats {
    pub(crate) lane: Option<usize>,
    pub(crate) every_ms: i64,
    pub(crate) max_gap_ms: i64,
    pub(crate) last: Option<i64>,
    pub(crate) sum: CompensatedSum,
    pub(crate) n: usize,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) today: (CompensatedSum, usize),
    pub(crate) days: Vec<Option<f64>>,
    /// Sum and number of the readings so far at the end of each day.
    pub(crate) day_sums: (Vec<f64>, Vec<f64>),
}

saved_fields!(TemperatureStats {
    lane,
    every_ms,
    max_gap_ms,
    last,
    sum,
    n,
    least,
    most,
    today,
    days,
    day_sums,
});

impl TemperatureStats {
    pub(crate) fn new(lanes: &[InputSeries], lane: Option<usize>) -> Self {
        Self {
            lane,
            every_ms: lane.map_or(0, |at| lanes[at].every_ms),
            max_gap_ms: lane.map_or(0, |at| lanes[at].max_gap_ms()),
            last: None,
            sum: CompensatedSum::default(),
            n: 0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
            today: (CompensatedSum::default(), 0),
            days: Vec::new(),
            day_sums: (Vec::new(), Vec::new()),
        }
    }

    /// Adds a reading; returns the temperature and the time that it covers, ms.
    pub(crate) fn add_reading(&mut self, tick: &InputReading) -> Option<(f64, i64)> {
        if Some(tick.lane) != self.lane {
            return None;
        }
        let step = self.last.map(|last| tick.at - last);
        self.last = tick.value.map(|_| tick.at);
        let value = tick.value.filter(|_| tick.inside)?;
        self.sum.add(value);
        self.n += 1;
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        self.today.0.add(value);
        self.today.1 += 1;
        let step = step.filter(|step| (1..=self.max_gap_ms.max(tick.reach_ms)).contains(step));
        Some((value, step.unwrap_or(self.every_ms)))
    }

    pub(crate) fn end_day(&mut self) {
        let (sum, n) = std::mem::take(&mut self.today);
        self.days.push(finite_ratio(sum.value(), count_as_f64(n)));
        self.day_sums.0.push(self.sum.value());
        self.day_sums.1.push(count_as_f64(self.n));
    }

    /// Mean, minimum and maximum as figures with these properties.
    pub(crate) fn figures(
        &self,
        read: &AssetReadings<'_>,
        [mean, least, most]: [&IndicatorSpec<'_>; 3],
    ) -> Vec<Indicator> {
        let share = self.completeness(read);
        let any = self.n > 0;
        let (sum, count) = (self.sum.value(), count_as_f64(self.n));
        let (least_t, most_t) = (any.then_some(self.least), any.then_some(self.most));
        let of_mean = vec![("S", "Σ T", any.then_some(sum)), ("n", "n, T", Some(count))];
        let all = [
            (mean, finite_ratio(sum, count), of_mean),
            (least, least_t, vec![("T_min", "min T", least_t)]),
            (most, most_t, vec![("T_max", "max T", most_t)]),
        ];
        let figure = |(spec, value, read_of): (&IndicatorSpec<'_>, Option<f64>, Vec<_>)| {
            let input = |(symbol, rule, value)| {
                let unit = if symbol == "n" { "" } else { "degC" };
                let from = point_source(read.tracks, self.lane?);
                let input = measured_input((symbol, rule), value, unit, from);
                let span = read.desk.span;
                Some(match symbol {
                    "S" => with_days(input, &self.day_sums.0, span),
                    "n" => with_days(input, &self.day_sums.1, span),
                    // A lowest or highest value is no sum.
                    _ => input,
                })
            };
            let inputs = read_of.into_iter().filter_map(input).collect();
            let value = value_or_status(value, FormulaStatus::NoData);
            read.desk
                .figure(spec, value, inputs)
                .with_completeness(share)
        };
        all.into_iter().map(figure).collect()
    }

    pub(crate) fn completeness(&self, read: &AssetReadings<'_>) -> CompletenessShares {
        let lane = self
            .lane
            .map(|lane| read.tracks[lane].completeness(read.desk.span));
        lane.unwrap_or_default()
    }

    pub(crate) fn daily_means(
        &self,
        read: &AssetReadings<'_>,
        spec: &IndicatorSpec<'_>,
    ) -> Option<DailyValues> {
        let track = &read.tracks[self.lane?];
        let days = self.days.iter().enumerate();
        let days = days.map(|(day, mean)| (*mean, track.completeness_of_day(read.desk.span, day)));
        Some(read.desk.daily_values(spec, days.collect()))
    }
}
