//! Counter total (METHODS G.5) with a list of the events that happened to the counter.

use crate::formulas::counters::{
    CounterEvent, CounterEventKind, CounterReadingTally, CounterResult, CounterTotal,
};
use crate::formulas::saved_state::{SavedState, StateArchive, saved_fields};
use crate::limits::DATA_EVENTS_MAX;

/// Event of a counter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct RecordedCounterEvent {
    /// Time of the reading, s since 1970.
    pub(crate) t_s: f64,
    /// `reset`, `rollover`, `spike`, `dip`, `step_down`, `outlier` or `zero` (an outlier with the
    /// value 0).
    pub(crate) kind: &'static str,
    /// Reference reading and the reading itself.
    pub(crate) before_after: (f64, f64),
}

/// Kind of an outlier with the value 0.
const ZERO_KIND: &str = "zero";

/// Falls of a counter that are tolerated in any case.
const FALLS_TOLERATED: u64 = 3;
/// Days of the period needed for each further fall.
// A node that loses its count at a power failure does so a few times a month. A register of the
// day's energy, or daily totals that were imported as readings, fall most days.
const DAYS_PER_FALL: u64 = 5;

impl SavedState for RecordedCounterEvent {
    fn exchange(&mut self, archive: &mut StateArchive) {
        self.t_s.exchange(archive);
        self.before_after.exchange(archive);
        let kinds = CounterEventKind::ALL.map(CounterEventKind::code);
        let mut kinds = kinds.into_iter().chain([ZERO_KIND]);
        let mut place = kinds
            .clone()
            .position(|kind| kind == self.kind)
            .unwrap_or_default();
        place.exchange(archive);
        match kinds.nth(place) {
            Some(kind) => self.kind = kind,
            None => archive.refuse(),
        }
    }
}

/// Counter with its events.
#[derive(Clone, Debug)]
pub(crate) struct CounterWithEvents {
    counter: CounterTotal,
    /// Dips, at most `DATA_EVENTS_MAX`; other events have a list of their own with the same bound.
    // Two separate lists: a register that alternates by one step produces thousands of dips, which
    // must not push a reset out of the list.
    dips: Vec<RecordedCounterEvent>,
    others: Vec<RecordedCounterEvent>,
    /// Number of events that were not stored.
    pub(crate) more_events: u64,
    /// Number of resets, and of steps down and dips by more than a hundredth.
    falls: u64,
}

saved_fields!(CounterWithEvents {
    counter,
    dips,
    others,
    more_events,
    falls,
});

impl CounterWithEvents {
    pub(crate) fn new(counter: CounterTotal) -> Self {
        Self {
            counter,
            dips: Vec::new(),
            others: Vec::new(),
            more_events: 0,
            falls: 0,
        }
    }

    /// Starts the period: readings before it only set the base value of the counter.
    pub(crate) fn begin_period(&mut self) {
        *self = Self::new(self.counter.clone());
        self.counter.restart();
    }

    /// Adds a reading (`None`: missing) and returns the number of readings newly found to be
    /// refused.
    pub(crate) fn push(&mut self, t_s: f64, reading: Option<f64>) -> u64 {
        let before = self.counter.tally().refused;
        for event in self.counter.push(t_s, reading) {
            self.record_event(event);
        }
        self.counter.tally().refused - before
    }

    /// Takes a replaced meter as a person has read it.
    pub(crate) fn replace_meter(&mut self, t_s: f64, readings: (f64, f64)) {
        let event = self.counter.replace_meter(t_s, readings);
        self.record_event(event);
    }

    fn record_event(&mut self, event: CounterEvent) {
        self.falls += u64::from(match event.kind {
            CounterEventKind::Reset => true,
            CounterEventKind::StepDown | CounterEventKind::Dip => {
                self.counter.is_fall(event.before, event.after)
            }
            _ => false,
        });
        let happened = RecordedCounterEvent {
            t_s: event.t_s,
            kind: match event.kind {
                // Some inverters report 0 each night. Such outliers get a kind of their own, so
                // that they can be listed last.
                CounterEventKind::Outlier if event.after == 0.0 => ZERO_KIND,
                kind => kind.code(),
            },
            before_after: (event.before, event.after),
        };
        let list = match event.kind {
            CounterEventKind::Dip => &mut self.dips,
            _ => &mut self.others,
        };
        if list.len() < DATA_EVENTS_MAX {
            list.push(happened);
        } else {
            self.more_events += 1;
        }
    }

    /// The counter itself.
    pub(crate) fn counter(&self) -> &CounterTotal {
        &self.counter
    }

    /// Sets the factor of the calibration for the readings to come.
    pub(crate) fn set_gain(&mut self, gain: f64) {
        self.counter.set_gain(gain);
    }

    /// Whether the counter fell so often within these days that it is no running total: more than 3
    /// times, and more than once in five days.
    pub(crate) fn falls_often(&self, days: usize) -> bool {
        let days = u64::try_from(days).unwrap_or(u64::MAX);
        self.falls > FALLS_TOLERATED && self.falls.saturating_mul(DAYS_PER_FALL) > days
    }

    /// All events, dips last.
    pub(crate) fn events(&self) -> impl Iterator<Item = &RecordedCounterEvent> {
        self.others.iter().chain(&self.dips)
    }

    /// Result so far.
    pub(crate) fn finish(&self) -> CounterResult {
        self.counter.finish()
    }

    /// Total so far; below zero when only dips happened.
    pub(crate) fn net(&self) -> Option<f64> {
        self.counter.net_total()
    }

    /// Number of readings that were accepted and refused.
    pub(crate) fn tally(&self) -> CounterReadingTally {
        self.counter.tally()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count_readings(readings: &[f64]) -> (CounterResult, Vec<&'static str>) {
        let mut counted = CounterWithEvents::new(CounterTotal::new(1.0, None));
        for (at, reading) in (0_u32..).zip(readings) {
            counted.push(f64::from(at) * 60.0, Some(*reading));
        }
        let kinds = counted.events().map(|event| event.kind);
        (counted.finish(), kinds.collect())
    }

    #[test]
    fn a_night_of_zeros_counts_nothing_and_loses_nothing() {
        let (total, kinds) = count_readings(&[100.0, 110.0, 0.0, 0.0, 111.0, 0.0]);
        assert_eq!((total.total, total.lower_bound), (Some(11.0), false));
        assert_eq!(kinds, ["zero"]);
    }

    #[test]
    fn a_zero_that_is_gone_on_from_is_a_reset() {
        let (total, kinds) = count_readings(&[100.0, 110.0, 0.0, 2.0, 5.0]);
        assert_eq!((total.total, total.lower_bound), (Some(15.0), true));
        assert_eq!(kinds, ["reset"]);
    }

    #[test]
    fn what_came_before_the_period_is_no_part_of_it() {
        let mut counted = CounterWithEvents::new(CounterTotal::new(1.0, None));
        for (t, reading) in [(0.0, 100.0), (60.0, 9e6), (120.0, 110.0), (180.0, 0.0)] {
            counted.push(t, Some(reading));
        }
        counted.begin_period();
        assert_eq!(counted.net(), None);
        counted.push(240.0, Some(112.0));
        assert_eq!(counted.finish().total, Some(2.0));
        let kinds: Vec<_> = counted.events().map(|event| event.kind).collect();
        assert_eq!(
            kinds,
            ["zero"],
            "it was told of in the period in which it was known"
        );
    }

    #[test]
    fn many_dips_do_not_hide_a_reset() {
        let mut readings: Vec<f64> = (0..3 * DATA_EVENTS_MAX)
            .map(|at| if at % 2 == 0 { 1000.0 } else { 999.9 })
            .collect();
        readings.extend([2.0, 3.0]);
        let (_, kinds) = count_readings(&readings);
        assert_eq!(kinds[0], "reset");
        assert_eq!(kinds.len(), DATA_EVENTS_MAX + 1);
    }
}
