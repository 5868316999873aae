//! A counter as it is read: G.5, and zeros that are none.
//!
//! Many inverters say that they have made nothing at all, ever, while they fall asleep. A zero is
//! held back until the next reading tells: one that goes on from before makes it an event that
//! counts nothing, any other a reset like every reset.

use crate::analyse::counters::{CounterTotal, Event, Total};
use crate::limits::DATA_EVENTS_MAX;

/// Something that happened to a counter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Happened {
    /// When the reading came, s.
    pub(super) t_s: f64,
    /// `reset`, `rollover`, `spike`, `zero`.
    pub(super) kind: &'static str,
    /// The reading that it is held against, and the reading itself.
    pub(super) before_after: (f64, f64),
}

/// A counter with what happened to it.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    counter: CounterTotal,
    last: f64,
    /// When a zero was read that the next reading will tell of, s.
    zero: Option<f64>,
    /// At most `DATA_EVENTS_MAX`; more are counted.
    pub(super) events: Vec<Happened>,
    /// See `events`.
    pub(super) more_events: u64,
}

impl Counted {
    pub(super) fn new(counter: CounterTotal) -> Self {
        Self {
            counter,
            last: 0.0,
            zero: None,
            events: Vec::new(),
            more_events: 0,
        }
    }

    /// The next reading, or that it is missing.
    pub(super) fn push(&mut self, t_s: f64, reading: Option<f64>) {
        let Some(reading) = reading else {
            return;
        };
        if reading == 0.0 && self.last > 0.0 {
            self.zero.get_or_insert(t_s);
            return;
        }
        if let Some(since) = self.zero.take() {
            if reading < self.last {
                self.count(since, 0.0);
            } else {
                self.happened(Happened {
                    t_s: since,
                    kind: "zero",
                    before_after: (self.last, 0.0),
                });
            }
        }
        self.count(t_s, reading);
        self.last = reading;
    }

    fn count(&mut self, t_s: f64, reading: f64) {
        let Some(Event {
            t_s,
            kind,
            before,
            after,
        }) = self.counter.push(t_s, Some(reading))
        else {
            return;
        };
        self.happened(Happened {
            t_s,
            kind: kind.code(),
            before_after: (before, after),
        });
    }

    fn happened(&mut self, event: Happened) {
        if self.events.len() < DATA_EVENTS_MAX {
            self.events.push(event);
        } else {
            self.more_events += 1;
        }
    }

    /// What was counted so far.
    pub(super) fn finish(&self) -> Total {
        self.counter.finish()
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
        let kinds = counted.events.iter().map(|event| event.kind);
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
}
