//! G.5: totals of counters that wrap, are reset, swapped, and jump.

use super::Sum;

/// A step may exceed the greatest rate by this share before it is a jump.
pub const RATE_MARGIN: f64 = 1.1;

/// What happened to a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It wrapped at its modulus.
    Rollover,
    /// It began anew, or the meter was swapped.
    Reset,
    /// An impossible jump; the reading was left out.
    Spike,
}

impl EventKind {
    /// The word that scripts read.
    pub fn code(self) -> &'static str {
        match self {
            Self::Rollover => "rollover",
            Self::Reset => "reset",
            Self::Spike => "spike",
        }
    }
}

/// A dated event with its cause, for people to see and correct.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// When the reading came, s.
    pub t_s: f64,
    /// What happened.
    pub kind: EventKind,
    /// The reading that it is held against.
    pub before: f64,
    /// The reading itself.
    pub after: f64,
}

/// What a counter counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Total {
    /// In the counter's unit; nothing with fewer than two readings.
    pub total: Option<f64>,
    /// Whether some of it was lost.
    pub lower_bound: bool,
}

/// G.5 as a stream. A step Δ from 0 to `max_rate`·Δt·1.1 adds; a larger one is a spike: the reading
/// is left out, and the next is held against the one before it. Δ < 0 is a rollover where a modulus
/// is known and the wrapped step is plausible, else a reset: the new reading adds if plausible, and
/// the total is a lower bound. Missing readings are bridged: a counter counts through a gap.
///
/// A second reading that goes on from a spike shows that the counter really moved (a swapped
/// meter): counting goes on from there, and the total is a lower bound.
#[derive(Clone, Debug)]
pub struct CounterTotal {
    max_rate_per_s: f64,
    slack: f64,
    modulus: Option<f64>,
    last: Option<(f64, f64)>,
    spike: Option<(f64, f64)>,
    total: Sum,
    steps: usize,
    lower_bound: bool,
}

impl CounterTotal {
    /// Nothing counted yet. The rate is in the counter's unit per second.
    pub fn new(max_rate_per_s: f64, modulus: Option<f64>) -> Self {
        Self {
            max_rate_per_s,
            slack: 0.0,
            modulus,
            last: None,
            spike: None,
            total: Sum::default(),
            steps: 0,
            lower_bound: false,
        }
    }

    /// A step may exceed the greatest rate by so much: a register that counts whole kilowatt-hours
    /// jumps by one, however short the time since it was read.
    #[must_use]
    pub fn with_slack(mut self, slack: f64) -> Self {
        self.slack = slack;
        self
    }

    /// The next reading, or that it is missing; the event that it makes. A reading that is not
    /// later than the one before it is left out.
    pub fn push(&mut self, t_s: f64, reading: Option<f64>) -> Option<Event> {
        let now = (t_s, reading?);
        let Some(last) = self.last else {
            self.last = Some(now);
            return None;
        };
        if now.0 <= last.0 {
            return None;
        }
        let event = self.step(last, now);
        self.steps += 1;
        event
    }

    fn step(&mut self, last: (f64, f64), now: (f64, f64)) -> Option<Event> {
        let change = now.1 - last.1;
        let event = |kind| Event {
            t_s: now.0,
            kind,
            before: last.1,
            after: now.1,
        };
        if self.plausible(last, now, change) {
            self.accept(now, change);
            return None;
        }
        if let Some(spike) = self.spike {
            let change = now.1 - spike.1;
            if now.0 > spike.0 && self.plausible(spike, now, change) {
                self.lower_bound = true;
                self.accept(now, change);
                return None;
            }
        }
        if change >= 0.0 {
            self.spike = Some(now);
            return Some(event(EventKind::Spike));
        }
        let wrapped = self.modulus.map(|modulus| change + modulus);
        if let Some(wrapped) = wrapped.filter(|step| self.plausible(last, now, *step)) {
            self.accept(now, wrapped);
            return Some(event(EventKind::Rollover));
        }
        self.lower_bound = true;
        let counted = self.plausible(last, now, now.1);
        self.accept(now, if counted { now.1 } else { 0.0 });
        Some(event(EventKind::Reset))
    }

    fn plausible(&self, last: (f64, f64), now: (f64, f64), change: f64) -> bool {
        let most = self.max_rate_per_s * (now.0 - last.0) * RATE_MARGIN + self.slack;
        (0.0..=most).contains(&change)
    }

    fn accept(&mut self, now: (f64, f64), change: f64) {
        self.total.add(change);
        self.last = Some(now);
        self.spike = None;
    }

    /// What was counted so far.
    pub fn finish(&self) -> Total {
        Total {
            total: (self.steps > 0).then(|| self.total.value()),
            lower_bound: self.lower_bound,
        }
    }
}

/// G.5 over (time in s, reading); the total and what happened. See [`CounterTotal`].
pub fn counter_total(
    readings: &[(f64, Option<f64>)],
    max_rate_per_s: f64,
    modulus: Option<f64>,
) -> (Total, Vec<Event>) {
    let mut counter = CounterTotal::new(max_rate_per_s, modulus);
    let push = |&(t, reading): &(f64, Option<f64>)| counter.push(t, reading);
    let events = readings.iter().filter_map(push).collect();
    (counter.finish(), events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(events: &[Event]) -> Vec<&'static str> {
        events.iter().map(|event| event.kind.code()).collect()
    }

    #[test]
    fn a_spike_is_left_out_and_the_next_reading_bridges_it() {
        let readings = [(0.0, Some(10.0)), (60.0, Some(9e6)), (120.0, Some(11.0))];
        let (total, events) = counter_total(&readings, 1.0, None);
        assert_eq!((total.total, total.lower_bound), (Some(1.0), false));
        assert_eq!(kinds(&events), ["spike"]);
    }

    #[test]
    fn a_swapped_meter_is_followed_from_its_second_reading_on() {
        let readings = [
            (0.0, Some(10.0)),
            (60.0, Some(5000.0)),
            (120.0, Some(5001.0)),
            (180.0, Some(5003.0)),
        ];
        let (total, events) = counter_total(&readings, 1.0, None);
        assert_eq!((total.total, total.lower_bound), (Some(3.0), true));
        assert_eq!(kinds(&events), ["spike"]);
    }

    #[test]
    fn a_coarse_register_may_jump_by_its_own_step() {
        let readings = [(0.0, 10.0), (10.0, 10.0), (20.0, 11.0), (30.0, 11.0)];
        let mut counter = CounterTotal::new(2.0 / 3600.0, None).with_slack(1.0);
        for (t, reading) in readings {
            assert_eq!(counter.push(t, Some(reading)), None);
        }
        let found = counter.finish();
        assert_eq!((found.total, found.lower_bound), (Some(1.0), false));
    }

    #[test]
    fn a_reset_counts_the_new_reading_and_is_a_lower_bound() {
        let readings = [(0.0, Some(100.0)), (60.0, Some(2.0)), (120.0, Some(5.0))];
        let (total, events) = counter_total(&readings, 1.0, None);
        assert_eq!((total.total, total.lower_bound), (Some(5.0), true));
        assert_eq!(kinds(&events), ["reset"]);
    }

    /// What happens to a true counter before it is read.
    #[derive(Clone, Debug)]
    enum Fate {
        Read,
        Missing,
        Reset,
    }

    fn fates() -> impl Strategy<Value = Vec<(f64, Fate)>> {
        let fate = prop_oneof![
            8 => Just(Fate::Read),
            2 => Just(Fate::Missing),
            1 => Just(Fate::Reset)
        ];
        proptest::collection::vec((0.0..10.0_f64, fate), 2..200)
    }

    proptest! {
        #[test]
        fn resets_wraps_and_gaps_never_invent_a_count(steps in fates(), wraps in any::<bool>()) {
            let modulus = wraps.then_some(100.0);
            let (mut shown, mut truth, mut resets) = (0.0_f64, 0.0, 0);
            let mut readings = vec![(0.0, Some(0.0))];
            for (at, (step, fate)) in (1..).zip(&steps) {
                if matches!(fate, Fate::Reset) {
                    shown = 0.0;
                    resets += 1;
                }
                shown += step;
                truth += step;
                shown = modulus.map_or(shown, |modulus| shown % modulus);
                let read = (!matches!(fate, Fate::Missing)).then_some(shown);
                readings.push((f64::from(at), read));
            }
            let missing_at_end = steps.iter().rev()
                .take_while(|(_, fate)| matches!(fate, Fate::Missing));
            let unseen: f64 = missing_at_end.map(|(step, _)| step).sum();
            let (total, _) = counter_total(&readings, 10.0, modulus);
            let total = total.total.unwrap_or(0.0);
            // A reset in a gap may look like a wrap, and then adds at most one modulus.
            let doubt = modulus.unwrap_or(0.0) * f64::from(resets);
            prop_assert!(total <= truth + doubt + 1e-6, "{total} of {truth}");
            if resets == 0 {
                prop_assert!((total - (truth - unseen)).abs() < 1e-6, "{total} of {truth}");
            }
        }
    }
}
