//! Totals over a period: growth of a counter (METHODS G.5) or integral of a power or flow (A.1),
//! with daily values; also last readings and running hours.

use crate::domain::indicator::CompletenessShares;
use crate::formulas::FormulaStatus;
use crate::formulas::counters::{CounterReadingTally, CounterTotal};
use crate::formulas::power_integral::PowerIntegral;
use crate::formulas::saved_state::{SavedState, StateArchive, saved_fields};
use crate::indicators::counter_events::{CounterWithEvents, RecordedCounterEvent};
use crate::indicators::coverage::Coverage;
use crate::indicators::edge_amounts::{EdgeAmount, EdgeKind};
use crate::indicators::input_reading::InputReading;
use crate::indicators::input_series::InputSeries;
use crate::indicators::period_days::{
    PeriodDays, millis_to_f64, millis_to_seconds, seconds_to_millis,
};
use crate::indicators::refused_readings::{RefusedReadings, is_much_refused};
use crate::indicators::uncertainty::RelativeUncertainty;

/// Hours of greatest rate by which a register that is not decimal may jump.
// A register of whole kilowatt-hours jumps by 1 however short the time since the last poll. Without
// slack such a step would be refused as a spike.
const JUMP_SLACK_H: f64 = 0.25;
/// Refused readings that are tolerated in any case.
// A few torn words are normal on a bus; more than that is usually a wrong unit or scale.
const REFUSED_TOLERATED: u64 = 3;
/// Accepted readings needed for each refused one, so that a total is still reported.
const ACCEPTED_PER_REFUSED: u64 = 10;

/// Polling intervals without a reading from which there is a gap.
const GAP_POLLS: i64 = 3;

/// Events of a counter at which a reading was refused as impossible.
const JUMPS: [&str; 2] = ["spike", "outlier"];

/// Total of one input series over the period.
#[derive(Clone, Debug)]
pub(crate) struct Totaliser {
    /// Index of the input series.
    pub(crate) lane: usize,
    way: TotalMethod,
    accuracy: Option<f64>,
    /// Sum of all increments, each with the calibration of its day.
    sum: f64,
    /// No calibration changed any increment.
    plain: bool,
    /// Running total at the end of each day.
    days: Vec<f64>,
    good: u64,
    /// Good readings outside the plausible limits of the point.
    outside: u64,
    /// The first reading within the period has come.
    begun: bool,
    /// Growth between readings that were further apart than three polling intervals.
    across_gaps: f64,
    /// Part of it from the last reading before the period to the first one in it.
    across_opening: f64,
    /// Growth between these two, with a gap or without.
    across_edge: f64,
    /// Times of the two readings, and the readings.
    opening: Option<OpeningEnds>,
    /// Moment of the last reading before the period, ms.
    heard_before: Option<i64>,
    /// Last reading.
    heard_value: Option<f64>,
    /// Moment of the last reading, or of the last answer of a device asleep, ms.
    heard: Option<i64>,
    /// Time between two readings from which there is a gap, ms.
    gap_ms: i64,
    /// Time of the period that an integral knows, ms: in all, and with the sun above the horizon.
    known_ms: (i64, i64),
    /// Readings of each past day, and of today, that were read but not used.
    refused: Vec<RefusedReadings>,
    refused_today: RefusedReadings,
}

saved_fields!(Totaliser {
    lane,
    way,
    accuracy,
    sum,
    plain,
    days,
    good,
    outside,
    begun,
    across_gaps,
    across_opening,
    across_edge,
    opening,
    heard_before,
    heard_value,
    heard,
    gap_ms,
    known_ms,
    refused,
    refused_today,
});

/// Moments of two readings, ms, and the readings.
type OpeningEnds = ((i64, i64), (f64, f64));

#[derive(Clone, Debug)]
enum TotalMethod {
    Counter(Box<CounterWithEvents>),
    Integral { sum: PowerIntegral, scale: f64 },
}

impl SavedState for TotalMethod {
    fn exchange(&mut self, archive: &mut StateArchive) {
        match self {
            Self::Counter(counter) => counter.exchange(archive),
            Self::Integral { sum, scale } => {
                sum.exchange(archive);
                scale.exchange(archive);
            }
        }
    }
}

impl Totaliser {
    /// Total of a counter that grows by at most `per_hour`, in the unit of its use.
    pub(crate) fn from_counter(lanes: &[InputSeries], at: usize, per_hour: f64) -> Self {
        let lane = &lanes[at];
        let slack = lane.step.max(per_hour * JUMP_SLACK_H);
        let counter = CounterTotal::new(per_hour / 3600.0, lane.wraps_at)
            .with_step(lane.step)
            .with_slack(slack);
        Self::new(
            at,
            lane,
            TotalMethod::Counter(Box::new(CounterWithEvents::new(counter))),
        )
    }

    /// Integral of a power in W (result in kWh) or of a flow in m3/h (result in m3), with the
    /// trapezoid rule of A.1.
    pub(crate) fn from_integral(lanes: &[InputSeries], at: usize) -> Self {
        let lane = &lanes[at];
        // The integrator expects W and returns kWh. A flow is passed as 1000 x m3/h, so that the
        // division by 1000 inside it cancels and the result is m3.
        let watts_for_one = if lane.point.unit == "W" { 1.0 } else { 1000.0 };
        let way = TotalMethod::Integral {
            sum: PowerIntegral::new(millis_to_f64(lane.max_gap_ms()) / 1000.0),
            scale: watts_for_one,
        };
        Self::new(at, lane, way)
    }

    /// Counter total or flow integral, selected by the unit of the series.
    pub(crate) fn from_counter_or_flow(lanes: &[InputSeries], at: usize, per_hour: f64) -> Self {
        if lanes[at].is_counter() {
            Self::from_counter(lanes, at, per_hour)
        } else {
            Self::from_integral(lanes, at)
        }
    }

    fn new(at: usize, lane: &InputSeries, way: TotalMethod) -> Self {
        Self {
            lane: at,
            way,
            accuracy: lane.accuracy_pct,
            sum: 0.0,
            plain: true,
            days: Vec::new(),
            good: 0,
            outside: 0,
            begun: false,
            across_gaps: 0.0,
            across_opening: 0.0,
            across_edge: 0.0,
            opening: None,
            heard_before: None,
            heard_value: None,
            heard: None,
            gap_ms: lane.every_ms.saturating_mul(GAP_POLLS),
            known_ms: (0, 0),
            refused: Vec::new(),
            refused_today: RefusedReadings::default(),
        }
    }

    /// Adds a reading; readings of other series are ignored.
    pub(crate) fn add_reading(&mut self, tick: &InputReading) {
        if tick.lane != self.lane {
            return;
        }
        if tick.inside {
            self.begin_period();
            self.good += u64::from(tick.value.is_some());
            self.outside += u64::from(tick.impossible.is_some());
        }
        let at = millis_to_seconds(tick.at);
        let before = self.raw_total().unwrap_or_default();
        let refused = match &mut self.way {
            // An implausible value is treated as not read, not as a gap marker: the good readings
            // before and after it may still be within the maximum gap (A.1).
            TotalMethod::Integral { .. } if tick.impossible.is_some() || tick.out_of_range => 0,
            TotalMethod::Integral { sum, scale } => {
                let power = tick.value.map(|value| value * *scale);
                let known_s = sum.push_within(at, power, millis_to_seconds(tick.reach_ms));
                self.known_ms = with_known(self.known_ms, known_s, tick);
                0
            }
            TotalMethod::Counter(counter) => {
                counter.set_gain(tick.gain);
                if let Some(swap) = tick.swap {
                    let readings = (swap.old_last, swap.new_first);
                    counter.replace_meter(millis_to_seconds(swap.at), readings);
                }
                counter.push(at, tick.value)
            }
        };
        let refused = i64::try_from(refused).unwrap_or(i64::MAX);
        self.refused_today.all += refused;
        self.refused_today.light += if tick.lit { refused } else { 0 };
        let grown = self.raw_total().unwrap_or_default() - before;
        self.plain &= (tick.gain - 1.0).abs() < f64::EPSILON;
        self.sum += grown * tick.gain;
        self.note_gap(tick, grown * tick.gain);
    }

    /// Adds the growth to that of the gaps, and to that of the edge at the first reading.
    fn note_gap(&mut self, tick: &InputReading, grown: f64) {
        if tick.value.is_none() && !tick.asleep {
            return;
        }
        let before = self.heard.replace(tick.at);
        let longest = self.gap_ms.max(tick.reach_ms);
        let is_gap = before.is_some_and(|before| tick.at - before > longest);
        if let (Some(before), false, true) = (before, is_gap, tick.asleep) {
            // A device that sleeps as expected gives nothing, which is known.
            let known_s = millis_to_seconds(tick.at - before);
            self.known_ms = with_known(self.known_ms, known_s, tick);
        }
        let read = tick.value;
        let before_it = read.and_then(|value| self.heard_value.replace(value));
        let (Some(value), true) = (read, tick.inside && self.is_counter()) else {
            return;
        };
        let bridged = if is_gap { grown.max(0.0) } else { 0.0 };
        self.across_gaps += bridged;
        if before == self.heard_before {
            self.across_opening += bridged;
            self.across_edge += grown.max(0.0);
            let ends = before.zip(before_it);
            self.opening = ends.map(|(from, first)| ((from, tick.at), (first, value)));
        }
    }

    fn begin_period(&mut self) {
        // What was added before the period is dropped here. A counter keeps its base value: the
        // growth up to the first reading within the period belongs to the period.
        if !std::mem::replace(&mut self.begun, true) {
            if let TotalMethod::Counter(counter) = &mut self.way {
                counter.begin_period();
            }
            self.plain = true;
            self.sum = 0.0;
            self.across_gaps = 0.0;
            self.across_opening = 0.0;
            self.across_edge = 0.0;
            self.opening = None;
            self.heard_before = self.heard;
            self.refused_today = RefusedReadings::default();
        }
    }

    /// Events of the counter within the period, and the number of events beyond the stored ones.
    pub(crate) fn events(&self) -> (Vec<RecordedCounterEvent>, u64) {
        match &self.way {
            TotalMethod::Counter(counter) if self.begun => {
                (counter.events().copied().collect(), counter.more_events)
            }
            _ => (Vec::new(), 0),
        }
    }

    /// Total with calibrations; without any calibration exactly the sum of the counter.
    fn corrected_total(&self) -> Option<f64> {
        let raw = self.raw_total()?;
        // The raw total is used where possible, because it is last minus first. A sum of single
        // increments has rounding errors in the last digits.
        Some(if self.plain { raw } else { self.sum })
    }

    /// Total as read, without calibration. Below zero when a counter only dipped.
    fn raw_total(&self) -> Option<f64> {
        match &self.way {
            _ if !self.begun => None,
            TotalMethod::Counter(counter) => counter.net(),
            TotalMethod::Integral { sum, .. } => sum.finish().positive_kwh,
        }
    }

    /// Time of the period that an integral knows, ms: in all, and with the sun above the horizon.
    pub(crate) fn known_ms(&self) -> (i64, i64) {
        self.known_ms
    }

    /// Moment of the last reading, or of the last answer of a device asleep, ms.
    pub(crate) fn heard(&self) -> Option<i64> {
        self.heard
    }

    /// Counter behind the total; `None` for an integral.
    pub(crate) fn counter(&self) -> Option<&CounterTotal> {
        match &self.way {
            TotalMethod::Counter(counter) => Some(counter.counter()),
            TotalMethod::Integral { .. } => None,
        }
    }

    /// Running totals at the end of each day, with calibrations.
    pub(crate) fn day_ends(&self) -> &[f64] {
        &self.days
    }

    /// Whether the readings went down by more than they went up.
    pub(crate) fn is_below_zero(&self) -> bool {
        self.corrected_total().is_some_and(|total| total < 0.0)
    }

    /// Whether a calibration changed what was counted.
    pub(crate) fn is_calibrated(&self) -> bool {
        !self.plain
    }

    /// Closes a day.
    pub(crate) fn end_day(&mut self) {
        self.days.push(self.running_total());
        self.refused.push(std::mem::take(&mut self.refused_today));
    }

    /// Running total with calibrations; 0 while there is none.
    pub(crate) fn running_total(&self) -> f64 {
        self.corrected_total().unwrap_or_default()
    }

    /// Total of the period, not below zero, or the status that says why there is none.
    pub(crate) fn total(&self) -> Result<f64, FormulaStatus> {
        if self.falls_often() {
            return Err(FormulaStatus::FallingCounter);
        }
        if self.is_refused() {
            return Err(FormulaStatus::ImplausibleReadings);
        }
        let total = self.corrected_total().map(|total| total.max(0.0));
        total.ok_or(match self.good {
            0 => FormulaStatus::NoData,
            _ => FormulaStatus::Insufficient,
        })
    }

    /// Whether the readings of a counter fell so often that they are no running total.
    fn falls_often(&self) -> bool {
        match &self.way {
            TotalMethod::Counter(counter) => counter.falls_often(self.days.len()),
            TotalMethod::Integral { .. } => false,
        }
    }

    /// Whether too many readings were refused: more than 3, and more than a tenth of the accepted
    /// ones. For a counter, accepted means readings at which it had grown, and refused means
    /// readings that no later reading explained. A counter that fell often is refused, too.
    pub(crate) fn is_refused(&self) -> bool {
        let tally = match &self.way {
            TotalMethod::Counter(counter) => counter.tally(),
            TotalMethod::Integral { .. } => CounterReadingTally::default(),
        };
        let too_many = |refused: u64, accepted: u64| {
            refused > REFUSED_TOLERATED && refused.saturating_mul(ACCEPTED_PER_REFUSED) > accepted
        };
        // A counter bridges implausible readings: good readings around them give the full growth.
        let bridged = self.is_counter() && self.good > 0;
        let outside = if bridged { 0 } else { self.outside };
        too_many(tally.lost, tally.rises) || too_many(outside, self.good) || self.falls_often()
    }

    /// Number of refused readings, beyond the few that are normal, and whether no claim bears them.
    pub(crate) fn refused_readings(&self) -> (u64, bool) {
        let lost = match &self.way {
            TotalMethod::Counter(counter) => {
                // A zero at night is no mistake of unit or scale.
                let jumps = counter.events().filter(|event| JUMPS.contains(&event.kind));
                u64::try_from(jumps.count()).unwrap_or(u64::MAX)
            }
            TotalMethod::Integral { .. } => 0,
        };
        let all = lost.saturating_add(self.outside);
        let count = if all > REFUSED_TOLERATED { all } else { 0 };
        (count, is_much_refused(count, self.good))
    }

    /// Whether the total is a lower bound: after a reset or a swapped meter the growth between the
    /// last reading before it and the first one after it is unknown.
    pub(crate) fn is_lower_bound(&self) -> bool {
        match &self.way {
            TotalMethod::Counter(counter) => counter.finish().lower_bound,
            TotalMethod::Integral { .. } => false,
        }
    }

    /// Part of the total that a counter grew by between readings that were further apart than three
    /// polling intervals; 0 for an integral, which bridges no gap.
    pub(crate) fn across_gaps(&self) -> f64 {
        self.across_gaps
    }

    /// Growth from the last reading before the period to the first one in it.
    pub(crate) fn across_edge(&self) -> f64 {
        self.across_edge
    }

    /// The growth at the beginning of the period with its two readings; `None` without one.
    pub(crate) fn opening_amount(&self) -> Option<EdgeAmount> {
        let ((from, to), (first, last)) = self.opening?;
        let amount = self.across_edge;
        let kind = EdgeKind::at_opening(self.across_opening > 0.0);
        (amount > 0.0).then_some(EdgeAmount {
            kind,
            from,
            to,
            first,
            last,
            amount,
        })
    }

    /// Whether the total is read from a counter.
    pub(crate) fn is_counter(&self) -> bool {
        matches!(self.way, TotalMethod::Counter(_))
    }

    /// Uncertainty from the accuracy class of the meter.
    pub(crate) fn uncertainty(&self) -> RelativeUncertainty {
        RelativeUncertainty::from_percent(self.accuracy)
    }

    /// Share of the period that was measured; refused readings do not count as measured.
    pub(crate) fn completeness(&self, span: &PeriodDays, track: &Coverage) -> CompletenessShares {
        track.completeness_without_refused(span, 0..self.days.len(), &self.refused)
    }

    /// Growth of each day with the share measured; `None` for a day without a reading. A day in
    /// which a counter only dipped shows 0, but the dip is subtracted from the period.
    pub(crate) fn daily_totals(
        &self,
        span: &PeriodDays,
        track: &Coverage,
    ) -> Vec<(Option<f64>, CompletenessShares)> {
        let mut before = 0.0;
        let mut all = Vec::with_capacity(self.days.len());
        let stands = !self.is_refused();
        for (day, total) in self.days.iter().enumerate() {
            let grown = (stands && track.has_readings_on(day)).then_some((total - before).max(0.0));
            all.push((
                grown,
                track.completeness_without_refused(span, day..day + 1, &self.refused),
            ));
            before = *total;
        }
        all
    }
}

/// The known times with this one, s, that ends at a reading.
fn with_known((all, lit): (i64, i64), known_s: f64, tick: &InputReading) -> (i64, i64) {
    if !tick.inside {
        return (all, lit);
    }
    let ms = seconds_to_millis(known_s);
    (all + ms, lit + if tick.lit { ms } else { 0 })
}

/// Selects the counter, or the integral when the counter gives no total and the integral does.
pub(crate) fn prefer_counter<'a>(
    counter: Option<&'a Totaliser>,
    integral: Option<&'a Totaliser>,
) -> Option<&'a Totaliser> {
    match (counter, integral) {
        (Some(counter), Some(integral)) if counter.total().is_err() => {
            Some(if integral.total().is_ok() {
                integral
            } else {
                counter
            })
        }
        (one, other) => one.or(other),
    }
}

/// Whether the counter was rejected as implausible, so that the integral is shown in its place.
pub(crate) fn is_counter_rejected(counter: Option<&Totaliser>, chosen: Option<&Totaliser>) -> bool {
    counter.is_some_and(Totaliser::is_refused) && chosen.is_some_and(|one| !one.is_counter())
}
