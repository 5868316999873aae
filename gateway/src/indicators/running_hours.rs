//! [`RunningHours`]: time for which a power or flow was at least a limit.

use crate::domain::indicator::{Indicator, IndicatorSpec};
use crate::formulas::FormulaStatus;
use crate::formulas::saved_state::saved_fields;
use crate::indicators::asset_sums::AssetReadings;
use crate::indicators::coverage::point_source;
use crate::indicators::figure_context::{
    FigureBuilder, constant_input, measured_input, value_or_status, with_days,
};
use crate::indicators::input_reading::InputReading;
use crate::indicators::input_series::InputSeries;
use crate::indicators::period_days::{HOUR_MS, millis_to_f64};

/// Time for which a power or flow was at least `least`.
#[derive(Clone, Debug)]
pub(crate) struct RunningHours {
    lane: usize,
    least: f64,
    max_gap_ms: i64,
    last: Option<i64>,
    ms: i64,
    known_ms: i64,
    /// Hours so far at the end of each day.
    days: Vec<f64>,
}

saved_fields!(RunningHours {
    lane,
    least,
    max_gap_ms,
    last,
    ms,
    known_ms,
    days,
});

impl RunningHours {
    pub(crate) fn new(lanes: &[InputSeries], lane: usize, least: f64) -> Self {
        Self {
            lane,
            least,
            max_gap_ms: lanes[lane].max_gap_ms(),
            last: None,
            ms: 0,
            known_ms: 0,
            days: Vec::new(),
        }
    }

    /// Adds a reading; it covers the time since the previous reading of the series.
    pub(crate) fn add_reading(&mut self, tick: &InputReading) {
        if tick.lane != self.lane {
            return;
        }
        let step = self.last.map(|last| tick.at - last);
        self.last = tick.value.map(|_| tick.at);
        let step = step.filter(|step| (1..=self.max_gap_ms.max(tick.reach_ms)).contains(step));
        if let (Some(step), Some(value), true) = (step, tick.value, tick.inside) {
            self.known_ms += step;
            self.ms += if value >= self.least { step } else { 0 };
        }
    }

    /// Closes a day.
    pub(crate) fn end_day(&mut self) {
        self.days.push(millis_to_f64(self.ms) / HOUR_MS);
    }

    /// Running hours as a figure.
    pub(crate) fn figure(&self, read: &AssetReadings<'_>, spec: &IndicatorSpec<'_>) -> Indicator {
        let lane = &read.lanes[self.lane];
        let unit = lane.point.unit;
        let hours = (self.known_ms > 0).then(|| millis_to_f64(self.ms) / HOUR_MS);
        let from = point_source(read.tracks, self.lane);
        let counted = measured_input(("t", "Σ τ, P ≥ P_run"), hours, "h", from);
        let inputs = vec![
            with_days(counted, &self.days, read.desk.span),
            constant_input("P_run", self.least, unit, "running"),
        ];
        let track = &read.tracks[self.lane];
        read.desk
            .figure(spec, value_or_status(hours, FormulaStatus::NoData), inputs)
            .with_completeness(track.completeness(read.desk.span))
    }
}
