//! Common parts of all asset types: the accumulator trait, totals as figures, and data events.

use crate::domain::ExactNumber;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{
    DailyValues, Indicator, IndicatorInput, IndicatorRemark, IndicatorSpec, InputSource,
    ValueOrigin,
};
use crate::formulas::FormulaStatus;
use crate::indicators::coverage::{Coverage, SILENT_DAY_MS, point_source};
use crate::indicators::data_events::DataEventList;
use crate::indicators::edge_amounts::mark_edge;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, constant_input, formula_input, status_remark,
};
use crate::indicators::input_reading::ReadingSums;
use crate::indicators::input_series::InputSeries;
use crate::indicators::total_inputs::total_inputs;
use crate::indicators::totaliser::Totaliser;
use std::sync::Arc;

/// Key of the remark on a total that is the difference of two readings of a counter.
pub(crate) const BY_DIFFERENCE: &str = "account-by-difference";
/// Polling intervals within which the first and the last reading are at the ends of the period.
const ENDS_POLLS: i64 = 3;
/// Share from which the measurements are complete (METHODS G.4).
const COMPLETE_SHARE: f64 = 0.9;

/// Indicators, daily values and events of one asset.
#[derive(Debug, Default)]
pub(crate) struct AssetIndicators {
    pub(crate) figures: Vec<Indicator>,
    pub(crate) daily: Vec<DailyValues>,
    pub(crate) events: DataEventList,
}

impl AssetIndicators {
    /// Adds the results of another asset.
    pub(crate) fn merge(&mut self, other: Self) {
        self.figures.extend(other.figures);
        self.daily.extend(other.daily);
        self.events.extend(other.events);
    }

    /// Adds the results of another asset without its events.
    pub(crate) fn merge_figures(&mut self, other: Self) {
        self.merge(Self {
            events: DataEventList::default(),
            ..other
        });
    }

    /// Changes the reason of figures without a value to `ImplausibleReadings` where all readings of
    /// an input were implausible.
    pub(crate) fn mark_implausible(&mut self, tracks: &[Coverage]) {
        // Otherwise the report would say "no data" for a point with a wrong scale, and nobody would
        // look for the cause.
        let none_possible = |point: &Arc<str>| {
            let mut tracks = tracks.iter();
            let track = tracks.find(|track| track.readings.point == *point);
            track.is_some_and(|track| track.readings.good == 0 && !track.outside.is_empty())
        };
        for figure in &mut self.figures {
            let stands_on = figure.inputs.iter().any(|input| match &input.from {
                InputSource::Point(readings) => none_possible(&readings.point),
                _ => false,
            });
            if figure.value.is_err() && stands_on {
                figure.value = Err(status_remark(FormulaStatus::ImplausibleReadings));
            }
        }
    }
}

/// Input series of an asset with the readings of the period.
#[derive(Clone, Copy)]
pub(crate) struct AssetReadings<'a> {
    pub(crate) desk: &'a FigureContext<'a>,
    pub(crate) lanes: &'a [InputSeries],
    pub(crate) tracks: &'a [Coverage],
}

/// Adds a remark with the number of readings that were refused; the figure is to be checked, and is
/// not claimed where they are many.
fn mark_refused(figure: Indicator, amount: &Totaliser) -> Indicator {
    let (count, is_much) = amount.refused_readings();
    if count == 0 {
        return figure;
    }
    let verdict = if is_much {
        ClaimVerdict::NotClaimed(NotClaimedReason::Implausible)
    } else {
        ClaimVerdict::Doubtful
    };
    figure
        .with_remark(IndicatorRemark::new("account-refused").with_arg("count", count))
        .with_verdict(verdict)
}

/// Accumulator of the readings of one asset.
pub(crate) trait AssetSums: ReadingSums {
    /// Builds the indicators of the asset.
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators;
}

impl AssetReadings<'_> {
    /// Readings of a series as an input, in the unit of its point.
    pub(crate) fn readings_input(&self, symbol: &'static str, lane: usize) -> IndicatorInput {
        let unit = self.lanes[lane].point.unit;
        formula_input(symbol, None, unit, point_source(self.tracks, lane))
    }

    /// Total as a figure, from a counter (G.5) or an integral (A.1).
    pub(crate) fn total_figure(
        &self,
        spec: &IndicatorSpec<'_>,
        symbol: &'static str,
        amount: Option<&Totaliser>,
        absent: FormulaStatus,
    ) -> Indicator {
        let Some(amount) = amount else {
            return self
                .desk
                .figure(spec, Err(status_remark(absent)), Vec::new());
        };
        let total: FigureValue = amount.total().map_err(status_remark);
        let lane = &self.lanes[amount.lane];
        let track = &self.tracks[amount.lane];
        let from = point_source(self.tracks, amount.lane);
        let mut made = total_inputs(
            (symbol, lane.point.unit),
            amount,
            total.as_ref().ok().copied(),
            (from, self.desk.span),
        );
        let bridged = amount.across_gaps();
        let is_bridged = bridged > 0.0 && total.is_ok();
        if is_bridged {
            let unit = lane.point.unit;
            let across = constant_input("Δ_gap", bridged, unit, "across-gaps");
            made.inputs.push(across);
        }
        let share = amount.completeness(self.desk.span, track);
        // A total that is not `G.5` says itself by which method it is computed.
        let (origin, method) = match (amount.is_counter(), spec.method) {
            (true, method) => (ValueOrigin::Meter, method),
            (false, "G.5") => (ValueOrigin::Measured, "A.1"),
            (false, method) => (ValueOrigin::Measured, method),
        };
        let figure = self
            .desk
            .figure(&spec.computed_by(method, made.equation), total, made.inputs)
            .with_origin(origin)
            .with_completeness(share)
            .with_uncertainty(amount.uncertainty())
            .with_remark_if(amount.is_lower_bound(), "account-lower-bound")
            .with_remark_if(!amount.is_counter(), "account-integrated")
            .with_remark_if(self.is_by_difference(amount), BY_DIFFERENCE);
        let figure = if is_bridged {
            let amount = ExactNumber::Float(bridged).short_digits();
            let remark =
                IndicatorRemark::new("account-counted-across-gaps").with_arg("amount", amount);
            figure.with_remark(remark.with_arg("unit", lane.point.unit))
        } else {
            figure
        };
        let figure = mark_refused(figure, amount);
        let of_readings = (lane.point.unit, lane.every_ms, self.desk.span);
        let figure = mark_edge(figure, amount.opening_amount(), of_readings);
        // Where the readings end early, the total is a lower bound, and says so.
        let ends_early = track.early_end(self.desk.span).is_some();
        let closing = track.closing.filter(|_| amount.is_counter() && !ends_early);
        let figure = mark_edge(figure, closing, of_readings);
        self.mark_old_opening(figure, amount.lane)
    }

    /// Whether much of the period is missing, but a counter gives its total by the first and the
    /// last reading (METHODS G.5).
    fn is_by_difference(&self, amount: &Totaliser) -> bool {
        let (span, track) = (self.desk.span, &self.tracks[amount.lane]);
        let late = self.lanes[amount.lane].every_ms.saturating_mul(ENDS_POLLS);
        // While the period runs, the newest readings may still be on their way.
        let tenth = (span.to - span.from) / 10;
        let late_end = if span.is_over() {
            late
        } else {
            late.max(tenth.min(SILENT_DAY_MS))
        };
        let (Some((first, _)), Some((last, _))) = (track.readings.first, track.readings.last)
        else {
            return false;
        };
        let share = amount.completeness(span, track);
        amount.is_counter()
            && !amount.is_lower_bound()
            && amount.total().is_ok()
            && (first.0 - span.from).abs() <= late
            && last.0 >= span.to.saturating_sub(late_end)
            && share.all.is_some_and(|share| share < COMPLETE_SHARE)
    }

    /// Adds a remark when the last reading of a counter before the period is older than three
    /// polling intervals: the growth since then is counted in this period.
    fn mark_old_opening(&self, figure: Indicator, lane: usize) -> Indicator {
        let span = self.desk.span;
        let old = self.lanes[lane].every_ms.saturating_mul(3);
        match self.tracks[lane].readings.first {
            // A gap across which something was counted is told with its amount.
            Some(_) if figure.uncertainty.reach.down > 0.0 => figure,
            Some((at, _)) if self.lanes[lane].total && at.0 < span.from.saturating_sub(old) => {
                let (date, _) = span.local_time(at.0);
                figure.with_remark(IndicatorRemark::new("account-opening").with_arg("date", date))
            }
            _ => figure,
        }
    }

    /// Daily values of a total.
    pub(crate) fn daily_totals(
        &self,
        spec: &IndicatorSpec<'_>,
        amount: Option<&Totaliser>,
    ) -> Option<DailyValues> {
        let amount = amount?;
        let days = amount.daily_totals(self.desk.span, &self.tracks[amount.lane]);
        Some(self.desk.daily_values(spec, days))
    }

    /// Events of the series and of the counters.
    pub(crate) fn data_events(&self, amounts: &[Option<&Totaliser>]) -> DataEventList {
        let mut events = DataEventList::default();
        for (lane, track) in self.lanes.iter().zip(self.tracks) {
            events.add_point_events(lane, track);
        }
        for amount in amounts.iter().flatten() {
            events.add_counter_events(&self.lanes[amount.lane], amount);
        }
        events
    }
}
