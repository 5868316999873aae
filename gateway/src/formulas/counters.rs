//! Totals of meter counters that round, wrap, reset, are replaced or give false readings (METHODS
//! G.5, version 2).

use super::CompensatedSum;
use super::counter_event::counter_event;
pub use super::counter_event::{CounterEvent, CounterEventKind};
pub use super::counter_result::{CounterReadingTally, CounterResult};
use super::counter_segments::CounterSegments;
use super::saved_state::saved_fields;
use super::set_aside_readings::{SetAsideReadings, SetAsideReason, TimedReading};

/// Tolerance on the greatest rate: a step may be 10 % larger before it is a spike.
pub const RATE_MARGIN: f64 = 1.1;
/// Share of the base from which a lower reading is a dip or a step down, and below which it is an
/// outlier or a reset.
const DIP_SHARE: f64 = 0.9;
/// Largest drop by rounding, in register steps: a sum of three phases rounds each of them.
const ROUNDING_STEPS: f64 = 3.0;
/// Largest drop by rounding as a share of the base, while the register has shown no step; of a
/// register with steps, a larger drop is a fall.
const FALL_SHARE: f64 = 0.01;
/// Largest drop, in register steps, that is a dip even of a counter that has just started.
const DIP_STEPS: f64 = 2.0;
/// Time whose greatest growth bounds a dip, s (one day).
const DIP_S: f64 = 86_400.0;

/// Streaming total of a counter (G.5). The base is the last accepted reading; each reading makes a
/// step Δ from it over the time Δt between them. Missing readings are bridged: a counter counts on
/// while nothing reads it.
///
/// 1. 0 ≤ Δ ≤ `max_rate`·Δt·1.1 is added, and the base moves. A larger step is a spike: the reading
///    is left out. A second reading that continues from it shows that the counter really moved (a
///    replaced meter): the base moves there, and the total is a lower bound.
/// 2. Δ < 0 is a rollover if a modulus is known and the wrapped step is plausible: it is added.
/// 3. Δ < 0 with nine tenths left, or by at most two steps of the register, and by no more than a
///    day's growth, is a dip: it is subtracted. So a total without other events is the last reading
///    less the first, and the totals of adjacent periods add up. A drop by more than three steps is
///    no rounding: the event is a step down, and the total is a lower bound.
/// 4. Δ < 0 with nine tenths left, but by more than a day's growth, is a step down: left out like
///    a spike, and the total is a lower bound.
/// 5. Any other fall is set aside. A later reading that continues from the base (rules 1 to 3)
///    shows an outlier, which counts nothing. One that grows from the low reading shows a reset:
///    the low reading is added if it is plausible, and the total is a lower bound. If both fit,
///    the drop is subtracted as a dip; if it is more than rounding, the event is a step down and
///    the total is a lower bound.
///
/// If a spike was accepted because it was read twice, but the counter never grew there, and a later
/// reading continues from the base before it, the base goes back there, so that nothing counts
/// twice.
///
/// Example: 40.0, 40.3, 40.2, 40.9 gives 0.9 with one dip.
#[derive(Clone, Debug)]
pub struct CounterTotal {
    max_rate_per_s: f64,
    modulus: Option<f64>,
    /// Smallest step of the register, 0 if unknown.
    step: f64,
    /// Smallest growth between two readings so far, 0 before the first: the step of a register
    /// whose step is unknown.
    step_seen: f64,
    slack: f64,
    /// Part of the slack that is not used up at the base. It comes back while the counter grows
    /// slower than its greatest rate.
    credit: f64,
    base: Option<TimedReading>,
    /// Former base, left for a spike that has not grown since.
    left: Option<TimedReading>,
    aside: Option<SetAsideReadings>,
    /// Number of spikes and steps down since the base.
    unexplained: u64,
    total: CompensatedSum,
    steps: u64,
    lower_bound: bool,
    tally: CounterReadingTally,
    segments: CounterSegments,
}

saved_fields!(CounterTotal {
    max_rate_per_s,
    modulus,
    step,
    step_seen,
    slack,
    credit,
    base,
    left,
    aside,
    unexplained,
    total,
    steps,
    lower_bound,
    tally,
    segments,
});

impl CounterTotal {
    /// Creates an empty total. The greatest rate is in the counter's unit per second.
    pub fn new(max_rate_per_s: f64, modulus: Option<f64>) -> Self {
        Self {
            max_rate_per_s,
            modulus,
            step: 0.0,
            step_seen: 0.0,
            slack: 0.0,
            credit: 0.0,
            base: None,
            left: None,
            aside: None,
            unexplained: 0,
            total: CompensatedSum::default(),
            steps: 0,
            lower_bound: false,
            tally: CounterReadingTally::default(),
            segments: CounterSegments::default(),
        }
    }

    /// Sets the smallest step of the register, in the counter's unit.
    #[must_use]
    pub fn with_step(mut self, step: f64) -> Self {
        self.step = step;
        self
    }

    /// Sets the amount by which a step may exceed the greatest rate, in the counter's unit.
    #[must_use]
    // A register of whole kilowatt-hours jumps by one however short the interval. Not at every
    // reading: the part used comes back only at the greatest rate.
    pub fn with_slack(mut self, slack: f64) -> Self {
        self.slack = slack;
        self.credit = slack;
        self
    }

    /// Adds the next reading, `None` if it is missing; returns the events that it decides, in time
    /// order. A reading that is not later than the one before it is ignored.
    pub fn push(&mut self, t_s: f64, reading: Option<f64>) -> Vec<CounterEvent> {
        let mut events = Vec::new();
        let Some(value) = reading.filter(|value| value.is_finite()) else {
            return events;
        };
        let now = (t_s, value);
        let Some(base) = self.base else {
            self.base = Some(now);
            self.segments.begin(now);
            return events;
        };
        // A repeated or late reading must not count twice.
        let latest = self.aside.map_or(base.0, |aside| aside.last.0);
        if t_s > latest {
            self.steps += 1;
            self.classify_reading(base, now, &mut events);
        }
        events
    }

    fn classify_reading(
        &mut self,
        base: TimedReading,
        now: TimedReading,
        events: &mut Vec<CounterEvent>,
    ) {
        if let Some((change, mut kind)) = self.continuation(base, now) {
            if kind == Some(CounterEventKind::Dip) && self.is_more_than_rounding(base.1, now.1) {
                // A meter that was replaced by one that shows a little less, a count that was not
                // saved, or a torn word: the total takes the smaller one, and a person decides.
                (kind, self.lower_bound) = (Some(CounterEventKind::StepDown), true);
            }
            // A counter may show exactly 0 right after it wraps: that zero is no outlier.
            let passed = self.aside.filter(|aside| aside.first.1 == 0.0);
            if kind == Some(CounterEventKind::Rollover) && passed.is_some() {
                self.aside = None;
            }
            self.drop_outlier(base, events);
            self.accept(base, now, change);
            events.extend(kind.map(|kind| counter_event(kind, base, now)));
            return;
        }
        // Back to the base before a spike that never grew.
        if let Some(left) = self.left
            && let Some((change, kind)) = self.continuation(left, now)
        {
            self.drop_outlier(base, events);
            self.left = None;
            self.accept(left, now, change);
            events.extend(kind.map(|kind| counter_event(kind, left, now)));
            return;
        }
        match self.aside {
            Some(aside) if self.continues_from_aside(&aside, now) => {
                self.accept_set_aside(base, &aside, now, events);
            }
            _ => self.set_aside(base, now, events),
        }
    }

    /// Returns true if the register fell by more than it rounds.
    fn is_more_than_rounding(&self, before: f64, after: f64) -> bool {
        let step = if self.step > 0.0 {
            self.step
        } else {
            self.step_seen
        };
        let rounding = if step > 0.0 {
            // Decimal register values are inexact as binary numbers: three steps stay three steps.
            ROUNDING_STEPS * step + before.abs() * f64::EPSILON * 4.0
        } else {
            FALL_SHARE * before
        };
        before - after > rounding
    }

    /// Returns true if the register fell as one does that is no running total.
    pub fn is_fall(&self, before: f64, after: f64) -> bool {
        before - after > (DIP_STEPS * self.step).max(FALL_SHARE * before)
    }

    /// Applies rules 1 to 3: returns the change from `from`, and its event, if `now` continues from
    /// it.
    fn continuation(
        &self,
        from: TimedReading,
        now: TimedReading,
    ) -> Option<(f64, Option<CounterEventKind>)> {
        let change = now.1 - from.1;
        if self.is_plausible(from, now, change, self.credit) {
            return Some((change, None));
        }
        // An exact zero may come from a device that switches off: the next reading decides.
        if let Some(wrapped) = self.wrapped_change(from, now).filter(|_| now.1 != 0.0) {
            return Some((wrapped, Some(CounterEventKind::Rollover)));
        }
        self.is_dip(from, now)
            .then_some((change, Some(CounterEventKind::Dip)))
    }

    /// Returns true if the change is within the greatest growth plus the unused slack.
    fn is_plausible(
        &self,
        from: TimedReading,
        now: TimedReading,
        change: f64,
        credit: f64,
    ) -> bool {
        (0.0..=self.growth_max(now.0 - from.0) + credit).contains(&change)
    }

    /// Returns the greatest growth in a time in s, tolerance included.
    fn growth_max(&self, time_s: f64) -> f64 {
        self.max_rate_per_s * time_s * RATE_MARGIN
    }

    /// Returns the step across the modulus, if a modulus is known and the step is plausible.
    fn wrapped_change(&self, from: TimedReading, now: TimedReading) -> Option<f64> {
        let wrapped = now.1 - from.1 + self.modulus?;
        let fits = now.1 < from.1 && self.is_plausible(from, now, wrapped, self.credit);
        fits.then_some(wrapped)
    }

    /// Rule 3: returns true if the drop is small enough to be subtracted.
    fn is_dip(&self, from: TimedReading, now: TimedReading) -> bool {
        let drop = from.1 - now.1;
        // Decimal register values are inexact as binary numbers: two steps stay two steps.
        let few = DIP_STEPS * self.step + from.1.abs() * f64::EPSILON * 4.0;
        // Meters round, alternate by a step or start the morning one step lower. Such a drop taken
        // for a reset counts the whole total again (40.0, 40.3, 40.2, 40.9 gave 41.2).
        let near = now.1 >= DIP_SHARE * from.1 || drop <= few;
        drop > 0.0 && near && drop <= self.growth_max(DIP_S) + self.slack
    }

    /// Returns true if `now` continues from the readings set aside, which confirms them.
    fn continues_from_aside(&self, aside: &SetAsideReadings, now: TimedReading) -> bool {
        let change = now.1 - aside.last.1;
        // A device that gives zero twice may be switched off: growth confirms a low reading.
        let grows = change > 0.0 || aside.why != SetAsideReason::Low;
        grows && self.is_plausible(aside.last, now, change, aside.credit)
    }

    /// Moves the base to the readings set aside.
    fn accept_set_aside(
        &mut self,
        base: TimedReading,
        aside: &SetAsideReadings,
        now: TimedReading,
        events: &mut Vec<CounterEvent>,
    ) {
        if aside.why == SetAsideReason::Low {
            self.count_reset(base, aside, self.wrapped_change(base, aside.last), events);
        }
        // A false value read twice looks like a replaced meter: the old base is the way back.
        self.left = Some(base).filter(|_| aside.why == SetAsideReason::Spike);
        self.lower_bound |= aside.why != SetAsideReason::Low;
        self.tally.lost += self.unexplained;
        self.credit = aside.credit;
        self.accept(aside.last, now, now.1 - aside.last.1);
    }

    /// Rule 5: counts a reset, or a wrap of this amount that showed zero first.
    fn count_reset(
        &mut self,
        base: TimedReading,
        aside: &SetAsideReadings,
        wrapped: Option<f64>,
        events: &mut Vec<CounterEvent>,
    ) {
        let low = aside.last;
        if let Some(wrapped) = wrapped {
            self.total.add(wrapped);
            self.extend_segment(base, low, wrapped);
            events.push(counter_event(CounterEventKind::Rollover, base, aside.first));
            return;
        }
        if self.is_plausible(base, low, low.1, self.credit) {
            self.total.add(low.1);
            self.segments.begin((low.0, 0.0));
            self.segments.extend((low.0, 0.0), low);
        }
        self.lower_bound = true;
        events.push(counter_event(CounterEventKind::Reset, base, aside.first));
    }

    /// Sets a reading aside that does not continue from the base, with its event unless it is low.
    fn set_aside(&mut self, base: TimedReading, now: TimedReading, events: &mut Vec<CounterEvent>) {
        let why = match now.1 - base.1 {
            change if change >= 0.0 => SetAsideReason::Spike,
            _ if now.1 >= DIP_SHARE * base.1 => SetAsideReason::StepDown,
            _ => SetAsideReason::Low,
        };
        if why != SetAsideReason::Low {
            self.drop_outlier(base, events);
            self.unexplained += 1;
            self.tally.refused += 1;
            self.lower_bound |= why == SetAsideReason::StepDown;
            let kind = match why {
                SetAsideReason::StepDown => CounterEventKind::StepDown,
                _ => CounterEventKind::Spike,
            };
            events.push(counter_event(kind, base, now));
        }
        let run = self
            .aside
            .filter(|aside| aside.why == SetAsideReason::Low && why == SetAsideReason::Low);
        self.aside = Some(SetAsideReadings {
            why,
            first: run.map_or(now, |run| run.first),
            last: now,
            not_zero: run.map_or(0, |run| run.not_zero) + u64::from(now.1 != 0.0),
            credit: self
                .slack
                .min(self.credit + self.growth_max(now.0 - base.0)),
        });
    }

    /// Drops the low readings set aside as an outlier.
    fn drop_outlier(&mut self, base: TimedReading, events: &mut Vec<CounterEvent>) {
        if let Some(aside) = self
            .aside
            .take()
            .filter(|aside| aside.why == SetAsideReason::Low)
        {
            self.tally.refused += aside.not_zero;
            events.push(counter_event(CounterEventKind::Outlier, base, aside.first));
        }
    }

    /// Adds the change and makes `now` the base.
    fn accept(&mut self, from: TimedReading, now: TimedReading, change: f64) {
        self.total.add(change);
        self.extend_segment(from, now, change);
        if change > 0.0 {
            if self.step_seen == 0.0 || change < self.step_seen {
                self.step_seen = change;
            }
            self.tally.rises += 1;
            // A counter that grows at its new place is a real meter: no way back to the former
            // base.
            self.left = None;
        }
        self.credit = self
            .slack
            .min(self.credit + self.growth_max(now.0 - from.0) - change);
        self.base = Some(now);
        self.aside = None;
        self.unexplained = 0;
    }

    /// Extends the segment by this change, which is more than the difference where the counter
    /// wrapped.
    fn extend_segment(&mut self, from: TimedReading, now: TimedReading, change: f64) {
        match self.modulus {
            Some(modulus) if change > 0.0 && now.1 < from.1 => {
                self.segments.wrap(from, modulus, now);
            }
            _ => self.segments.extend(from, now),
        }
    }

    /// Sets the factor of the calibration for the readings to come.
    pub fn set_gain(&mut self, gain: f64) {
        self.segments.set_gain(gain);
    }

    /// Returns the segments of which the total consists.
    pub fn segments(&self) -> &CounterSegments {
        &self.segments
    }

    /// Takes a replaced or reset meter as a person has read it, instead of a guess (G.5, rule 5):
    /// the old one counts up to `old_last`, the new one from `new_first` on, both in the unit of
    /// the counter; `t_s` is the moment, s.
    pub fn replace_meter(&mut self, t_s: f64, (old_last, new_first): (f64, f64)) -> CounterEvent {
        // Readings that waited for an explanation have one now.
        self.aside = None;
        self.left = None;
        if let Some(base) = self.base {
            self.total.add(old_last - base.1);
            self.segments.extend(base, (t_s, old_last));
            self.steps += 1;
        }
        self.unexplained = 0;
        self.credit = self.slack;
        self.base = Some((t_s, new_first));
        self.segments.begin((t_s, new_first));
        counter_event(CounterEventKind::Swap, (t_s, old_last), (t_s, new_first))
    }

    /// Starts another period: clears the total and keeps the base.
    pub fn restart(&mut self) {
        self.total = CompensatedSum::default();
        self.steps = 0;
        self.lower_bound = false;
        self.unexplained = 0;
        self.tally = CounterReadingTally::default();
        self.segments.restart(self.base);
    }

    /// Ends the readings: counts a low reading that nothing explained as a reset, and returns its
    /// event.
    pub fn close_period(&mut self) -> Vec<CounterEvent> {
        let mut events = Vec::new();
        if let (Some(base), Some(aside)) = (self.base, self.aside)
            && aside.why == SetAsideReason::Low
        {
            // Without growth after it, an exact zero is that of a device that switches off.
            let wrapped = self
                .wrapped_change(base, aside.last)
                .filter(|_| aside.last.1 != 0.0);
            self.count_reset(base, &aside, wrapped, &mut events);
            self.accept(aside.last, aside.last, 0.0);
        }
        events
    }

    /// Returns the sum so far with dips subtracted; below zero if there were only dips.
    pub fn net_total(&self) -> Option<f64> {
        (self.steps > 0).then(|| self.total.value())
    }

    /// Returns the total so far. A low reading that nothing has explained yet counts nothing.
    pub fn finish(&self) -> CounterResult {
        CounterResult {
            // A period that only fell is 0, with its event.
            total: self.net_total().map(|net| net.max(0.0)),
            lower_bound: self.lower_bound,
        }
    }

    /// Returns the numbers of readings behind the total.
    pub fn tally(&self) -> CounterReadingTally {
        CounterReadingTally {
            lost: self.tally.lost + self.unexplained,
            ..self.tally
        }
    }
}

/// Total and events of readings (time in s, value) to their end (G.5); see [`CounterTotal`].
pub fn counter_total(
    readings: &[(f64, Option<f64>)],
    mut counter: CounterTotal,
) -> (CounterResult, Vec<CounterEvent>) {
    let push = |&(t, reading): &(f64, Option<f64>)| counter.push(t, reading);
    let mut events: Vec<CounterEvent> = readings.iter().flat_map(push).collect();
    events.extend(counter.close_period());
    (counter.finish(), events)
}

#[cfg(test)]
#[path = "counters_tests.rs"]
mod tests;
