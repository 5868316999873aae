//! A counter as it is read: G.5, with what happened to it.

use crate::analyse::counters::{CounterTotal, Event, EventKind, Tally, Total};
use crate::limits::DATA_EVENTS_MAX;

/// Something that happened to a counter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Happened {
    /// When the reading came, s.
    pub(super) t_s: f64,
    /// `reset`, `rollover`, `spike`, `dip`, `step_down`, `outlier`, or `zero`: an outlier that is
    /// one.
    pub(super) kind: &'static str,
    /// The reading that it is held against, and the reading itself.
    pub(super) before_after: (f64, f64),
}

/// A counter with what happened to it.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    counter: CounterTotal,
    /// At most `DATA_EVENTS_MAX` dips, and as many others: a pair of readings that come in turn
    /// must not hide a reset.
    dips: Vec<Happened>,
    others: Vec<Happened>,
    /// Events beyond that.
    pub(super) more_events: u64,
}

impl Counted {
    pub(super) fn new(counter: CounterTotal) -> Self {
        Self {
            counter,
            dips: Vec::new(),
            others: Vec::new(),
            more_events: 0,
        }
    }

    /// The period begins: what came before it only says where the counter stood.
    pub(super) fn begin(&mut self) {
        *self = Self::new(self.counter.clone());
        self.counter.restart();
    }

    /// The next reading, or that it is missing; how many readings turned out to be refused.
    pub(super) fn push(&mut self, t_s: f64, reading: Option<f64>) -> u64 {
        let before = self.counter.tally().refused;
        for event in self.counter.push(t_s, reading) {
            self.happened(event);
        }
        self.counter.tally().refused - before
    }

    fn happened(&mut self, event: Event) {
        let happened = Happened {
            t_s: event.t_s,
            kind: match event.kind {
                EventKind::Outlier if event.after == 0.0 => "zero",
                kind => kind.code(),
            },
            before_after: (event.before, event.after),
        };
        let list = match event.kind {
            EventKind::Dip => &mut self.dips,
            _ => &mut self.others,
        };
        if list.len() < DATA_EVENTS_MAX {
            list.push(happened);
        } else {
            self.more_events += 1;
        }
    }

    /// What happened, the dips last.
    pub(super) fn events(&self) -> impl Iterator<Item = &Happened> {
        self.others.iter().chain(&self.dips)
    }

    /// What was counted so far.
    pub(super) fn finish(&self) -> Total {
        self.counter.finish()
    }

    /// The same, below zero where dips are all there was.
    pub(super) fn net(&self) -> Option<f64> {
        self.counter.net()
    }

    /// How many readings made it.
    pub(super) fn tally(&self) -> Tally {
        self.counter.tally()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(readings: &[f64]) -> (Total, Vec<&'static str>) {
        let mut counted = Counted::new(CounterTotal::new(1.0, None));
        for (at, reading) in (0_u32..).zip(readings) {
            counted.push(f64::from(at) * 60.0, Some(*reading));
        }
        let kinds = counted.events().map(|event| event.kind);
        (counted.finish(), kinds.collect())
    }

    #[test]
    fn a_night_of_zeros_counts_nothing_and_loses_nothing() {
        let (total, kinds) = counted(&[100.0, 110.0, 0.0, 0.0, 111.0, 0.0]);
        assert_eq!((total.total, total.lower_bound), (Some(11.0), false));
        assert_eq!(kinds, ["zero"]);
    }

    #[test]
    fn a_zero_that_is_gone_on_from_is_a_reset() {
        let (total, kinds) = counted(&[100.0, 110.0, 0.0, 2.0, 5.0]);
        assert_eq!((total.total, total.lower_bound), (Some(15.0), true));
        assert_eq!(kinds, ["reset"]);
    }

    #[test]
    fn what_came_before_the_period_is_no_part_of_it() {
        let mut counted = Counted::new(CounterTotal::new(1.0, None));
        for (t, reading) in [(0.0, 100.0), (60.0, 9e6), (120.0, 110.0), (180.0, 0.0)] {
            counted.push(t, Some(reading));
        }
        counted.begin();
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
        let (_, kinds) = counted(&readings);
        assert_eq!(kinds[0], "reset");
        assert_eq!(kinds.len(), DATA_EVENTS_MAX + 1);
    }
}
