//! What is added up: a counter's growth, or the integral of a power or flow, with its days.

use crate::account::asset::Read;
use crate::account::counted::{Counted, Happened};
use crate::account::figure::{Build, constant, input, or_status};
use crate::account::gather::Tick;
use crate::account::lane::{Lane, source};
use crate::account::span::{HOUR_MS, Span, millis, seconds};
use crate::account::track::Track;
use crate::account::wide::Wide;
use crate::analyse::Status;
use crate::analyse::counters::CounterTotal;
use crate::analyse::energy::EnergyFromPower;
use crate::model::indicator::{Completeness, Indicator};

/// A register that is not decimal may jump by what the greatest rate gives in this time, h.
const STEP_H: f64 = 0.25;

/// A total over the period.
#[derive(Clone, Debug)]
pub(super) struct Amount {
    /// The lane that it is read from.
    pub(super) lane: usize,
    way: Way,
    accuracy: Option<f64>,
    /// What was added up, each piece with the correction of its day.
    sum: f64,
    /// No day had a correction.
    plain: bool,
    /// What had been added up by the end of each day.
    days: Vec<f64>,
    good: usize,
}

#[derive(Clone, Debug)]
enum Way {
    Counter(Counted),
    Integral { sum: EnergyFromPower, scale: f64 },
}

impl Amount {
    /// Of a counter that grows by at most `per_hour`, in the unit of its use.
    pub(super) fn counter(lanes: &[Lane], at: usize, per_hour: f64) -> Self {
        let lane = &lanes[at];
        let slack = lane.step.max(per_hour * STEP_H);
        let counter = CounterTotal::new(per_hour / 3600.0, lane.wraps_at).with_slack(slack);
        Self::new(at, lane, Way::Counter(Counted::new(counter)))
    }

    /// Of a power in W, as kWh; or of a flow in m3/h, as m3: the trapezoid of A.1 is the same.
    pub(super) fn integral(lanes: &[Lane], at: usize) -> Self {
        let lane = &lanes[at];
        let watts_for_one = if lane.point.unit == "W" { 1.0 } else { 1000.0 };
        let way = Way::Integral {
            sum: EnergyFromPower::new(millis(lane.max_gap_ms()) / 1000.0),
            scale: watts_for_one,
        };
        Self::new(at, lane, way)
    }

    /// Of a counter or a flow, by its unit.
    pub(super) fn of(lanes: &[Lane], at: usize, per_hour: f64) -> Self {
        if lanes[at].is_counter() {
            Self::counter(lanes, at, per_hour)
        } else {
            Self::integral(lanes, at)
        }
    }

    fn new(at: usize, lane: &Lane, way: Way) -> Self {
        Self {
            lane: at,
            way,
            accuracy: lane.accuracy_pct,
            sum: 0.0,
            plain: true,
            days: Vec::new(),
            good: 0,
        }
    }

    /// The next reading, of whichever lane.
    pub(super) fn take(&mut self, tick: &Tick) {
        if tick.lane != self.lane {
            return;
        }
        self.good += usize::from(tick.inside && tick.value.is_some());
        let at = seconds(tick.at);
        let before = self.raw().unwrap_or_default();
        match &mut self.way {
            Way::Integral { sum, scale } => sum.push(at, tick.value.map(|value| value * *scale)),
            Way::Counter(counter) => counter.push(at, tick.value),
        }
        let grown = self.raw().unwrap_or_default() - before;
        self.plain &= (tick.gain - 1.0).abs() < f64::EPSILON;
        self.sum += grown * tick.gain;
    }

    /// What happened to the counter, and how much more than that.
    pub(super) fn events(&self) -> (&[Happened], u64) {
        match &self.way {
            Way::Counter(counter) => (&counter.events, counter.more_events),
            Way::Integral { .. } => (&[], 0),
        }
    }

    /// The total with its corrections; without any it is the sum as it was added up.
    fn corrected(&self) -> Option<f64> {
        let raw = self.raw()?;
        Some(if self.plain { raw } else { self.sum })
    }

    /// What was added up as it was read.
    fn raw(&self) -> Option<f64> {
        match &self.way {
            Way::Counter(counter) => counter.finish().total,
            Way::Integral { sum, .. } => sum.finish().positive_kwh,
        }
    }

    /// The day is over.
    pub(super) fn day_ends(&mut self) {
        self.days.push(self.so_far());
    }

    /// What was added up so far.
    pub(super) fn so_far(&self) -> f64 {
        self.corrected().unwrap_or_default()
    }

    /// The total, or why there is none.
    pub(super) fn total(&self) -> Result<f64, Status> {
        self.corrected().ok_or(match self.good {
            0 => Status::NoData,
            _ => Status::Insufficient,
        })
    }

    /// Some of a counter was lost: a reset, or a swapped meter.
    pub(super) fn lower_bound(&self) -> bool {
        match &self.way {
            Way::Counter(counter) => counter.finish().lower_bound,
            Way::Integral { .. } => false,
        }
    }

    /// It is read from a counter.
    pub(super) fn is_counter(&self) -> bool {
        matches!(self.way, Way::Counter(_))
    }

    /// How wide it is: by the accuracy of its meter.
    pub(super) fn wide(&self) -> Wide {
        Wide::pct(self.accuracy)
    }

    /// What each day added, nothing for a day without a reading, with the share measured.
    pub(super) fn daily(&self, span: &Span, track: &Track) -> Vec<(Option<f64>, Completeness)> {
        let mut before = 0.0;
        let mut all = Vec::with_capacity(self.days.len());
        for (day, total) in self.days.iter().enumerate() {
            let grown = track.any(day).then_some(total - before);
            all.push((grown, track.of_day(span, day)));
            before = *total;
        }
        all
    }
}

/// The better known of a counter and an integral.
pub(super) fn better<'a>(
    counter: Option<&'a Amount>,
    integral: Option<&'a Amount>,
) -> Option<&'a Amount> {
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

/// The last good reading of a lane, for as long as it says something of now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    lane: Option<usize>,
    max_age_ms: i64,
    last: Option<(i64, f64)>,
}

impl Held {
    pub(super) fn new(lanes: &[Lane], lane: Option<usize>) -> Self {
        Self {
            lane,
            max_age_ms: lane.map_or(0, |lane| lanes[lane].max_gap_ms()),
            last: None,
        }
    }

    /// The next reading, of whichever lane; a bad one says that nothing is known.
    pub(super) fn take(&mut self, tick: &Tick) {
        if Some(tick.lane) == self.lane {
            self.last = tick.value.map(|value| (tick.at, value));
        }
    }

    /// The value now.
    pub(super) fn now(&self, at: i64) -> Option<f64> {
        let (since, value) = self.last?;
        (at - since <= self.max_age_ms).then_some(value)
    }
}

/// How long a power or flow was at least so much.
#[derive(Clone, Debug)]
pub(super) struct Running {
    lane: usize,
    least: f64,
    max_gap_ms: i64,
    last: Option<i64>,
    ms: i64,
    known_ms: i64,
}

impl Running {
    pub(super) fn new(lanes: &[Lane], lane: usize, least: f64) -> Self {
        Self {
            lane,
            least,
            max_gap_ms: lanes[lane].max_gap_ms(),
            last: None,
            ms: 0,
            known_ms: 0,
        }
    }

    /// The next reading, of whichever lane; it stands for the time since the one before it.
    pub(super) fn take(&mut self, tick: &Tick) {
        if tick.lane != self.lane {
            return;
        }
        let step = self.last.map(|last| tick.at - last);
        self.last = tick.value.map(|_| tick.at);
        let step = step.filter(|step| (1..=self.max_gap_ms).contains(step));
        if let (Some(step), Some(value), true) = (step, tick.value, tick.inside) {
            self.known_ms += step;
            self.ms += if value >= self.least { step } else { 0 };
        }
    }

    /// The hours as a figure.
    pub(super) fn figure(&self, read: &Read<'_>, id: &str) -> Indicator {
        let lane = &read.lanes[self.lane];
        let unit = lane.point.unit;
        let hours = (self.known_ms > 0).then(|| millis(self.ms) / HOUR_MS);
        let inputs = vec![
            input("P", None, unit, source(read.tracks, self.lane)),
            constant("P_run", self.least, unit, "running"),
        ];
        let track = &read.tracks[self.lane];
        read.desk
            .figure(id, or_status(hours, Status::NoData), inputs)
            .covered(track.completeness(read.desk.span))
    }
}
