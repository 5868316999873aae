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
use crate::analyse::counters::{CounterTotal, Tally};
use crate::analyse::energy::EnergyFromPower;
use crate::model::indicator::{Completeness, Indicator};

/// A register that is not decimal may jump by what the greatest rate gives in this time, h.
const STEP_H: f64 = 0.25;
/// So many refused readings are bad luck; more may be a wrong unit.
const REFUSED_FEW: u64 = 3;
/// From so many accepted readings for each refused one on a figure can stand.
const ACCEPTED_FOR_REFUSED: u64 = 10;

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
    good: u64,
    /// Good readings outside the limits of the point.
    outside: u64,
    /// The period has begun.
    begun: bool,
    /// Readings of each day, and of today, that were read but make no part of it.
    refused: Vec<Refused>,
    refused_today: Refused,
}

/// Readings of a day that were refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) all: i64,
    /// With the sun above the horizon.
    pub(super) light: i64,
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
        let counter = CounterTotal::new(per_hour / 3600.0, lane.wraps_at)
            .with_step(lane.step)
            .with_slack(slack);
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
            outside: 0,
            begun: false,
            refused: Vec::new(),
            refused_today: Refused::default(),
        }
    }

    /// The next reading, of whichever lane.
    pub(super) fn take(&mut self, tick: &Tick) {
        if tick.lane != self.lane {
            return;
        }
        if tick.inside {
            self.begin();
            self.good += u64::from(tick.value.is_some());
            self.outside += u64::from(tick.impossible.is_some());
        }
        let at = seconds(tick.at);
        let before = self.raw().unwrap_or_default();
        let refused = match &mut self.way {
            // What cannot be was not read: its neighbours may still be near enough (A.1).
            Way::Integral { .. } if tick.impossible.is_some() => 0,
            Way::Integral { sum, scale } => {
                sum.push(at, tick.value.map(|value| value * *scale));
                0
            }
            Way::Counter(counter) => counter.push(at, tick.value),
        };
        let refused = i64::try_from(refused).unwrap_or(i64::MAX);
        self.refused_today.all += refused;
        self.refused_today.light += if tick.lit { refused } else { 0 };
        let grown = self.raw().unwrap_or_default() - before;
        self.plain &= (tick.gain - 1.0).abs() < f64::EPSILON;
        self.sum += grown * tick.gain;
    }

    fn begin(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            if let Way::Counter(counter) = &mut self.way {
                counter.begin();
            }
            self.plain = true;
            self.sum = 0.0;
            self.refused_today = Refused::default();
        }
    }

    /// What happened to the counter, and how much more than that.
    pub(super) fn events(&self) -> (Vec<Happened>, u64) {
        match &self.way {
            Way::Counter(counter) if self.begun => {
                (counter.events().copied().collect(), counter.more_events)
            }
            _ => (Vec::new(), 0),
        }
    }

    /// The total with its corrections; without any it is the sum as it was added up.
    fn corrected(&self) -> Option<f64> {
        let raw = self.raw()?;
        Some(if self.plain { raw } else { self.sum })
    }

    /// What was added up in the period as it was read; of a counter below zero where it only
    /// dipped.
    fn raw(&self) -> Option<f64> {
        match &self.way {
            _ if !self.begun => None,
            Way::Counter(counter) => counter.net(),
            Way::Integral { sum, .. } => sum.finish().positive_kwh,
        }
    }

    /// The day is over.
    pub(super) fn day_ends(&mut self) {
        self.days.push(self.so_far());
        self.refused.push(std::mem::take(&mut self.refused_today));
    }

    /// What was added up so far; see `raw`.
    pub(super) fn so_far(&self) -> f64 {
        self.corrected().unwrap_or_default()
    }

    /// The total, never below zero, or why there is none.
    pub(super) fn total(&self) -> Result<f64, Status> {
        if self.is_refused() {
            return Err(Status::ImplausibleReadings);
        }
        let total = self.corrected().map(|total| total.max(0.0));
        total.ok_or(match self.good {
            0 => Status::NoData,
            _ => Status::Insufficient,
        })
    }

    /// Too much of what was read cannot be: more than a few readings, and more than a tenth of
    /// those that count. Of a counter those count in which it had grown, against the refused ones
    /// that no later reading explained.
    pub(super) fn is_refused(&self) -> bool {
        let tally = match &self.way {
            Way::Counter(counter) => counter.tally(),
            Way::Integral { .. } => Tally::default(),
        };
        let too_many = |refused: u64, accepted: u64| {
            refused > REFUSED_FEW && refused.saturating_mul(ACCEPTED_FOR_REFUSED) > accepted
        };
        let bridged = self.is_counter() && self.good > 0;
        let outside = if bridged { 0 } else { self.outside };
        too_many(tally.lost, tally.rises) || too_many(outside, self.good)
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

    /// The share of the period that was measured: what was refused is not.
    pub(super) fn share(&self, span: &Span, track: &Track) -> Completeness {
        track.without(span, 0..self.days.len(), &self.refused)
    }

    /// What each day added, nothing for a day without a reading, with the share measured. A day in
    /// which a counter only dipped added nothing: its dip is taken off the period.
    pub(super) fn daily(&self, span: &Span, track: &Track) -> Vec<(Option<f64>, Completeness)> {
        let mut before = 0.0;
        let mut all = Vec::with_capacity(self.days.len());
        let stands = !self.is_refused();
        for (day, total) in self.days.iter().enumerate() {
            let grown = (stands && track.any(day)).then_some((total - before).max(0.0));
            all.push((grown, track.without(span, day..day + 1, &self.refused)));
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

/// The counter's readings cannot be, so that the figure is an integral.
pub(super) fn is_passed_over(counter: Option<&Amount>, chosen: Option<&Amount>) -> bool {
    counter.is_some_and(Amount::is_refused) && chosen.is_some_and(|one| !one.is_counter())
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
