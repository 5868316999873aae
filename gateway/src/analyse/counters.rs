//! G.5, version 2: totals of counters that dip, wrap, are reset, swapped, and jump.

use super::Sum;

/// A step may exceed the greatest rate by this share before it is a jump.
pub const RATE_MARGIN: f64 = 1.1;
/// A reading of at least this share of the one before it was not reset to zero.
const DIP_SHARE: f64 = 0.9;
/// A drop by no more than this share is rounding, where the step of the register is not known.
const ROUNDING_SHARE: f64 = 0.01;
/// A drop by so many steps of the register is a dip, however young the counter.
const DIP_STEPS: f64 = 2.0;
/// A dip is no larger than what the counter grows at most in this time, s.
const DIP_S: f64 = 86_400.0;

/// What happened to a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It wrapped at its modulus.
    Rollover,
    /// It went back by a little: rounding, or two values in turn. The drop was subtracted.
    Dip,
    /// It went back by more than a day's growth, but not to its beginning; the reading was left
    /// out, and a person has to say whether the meter was swapped.
    StepDown,
    /// It began anew, or the meter was swapped.
    Reset,
    /// An impossible jump; the reading was left out.
    Spike,
    /// A reading far below the others (a zero at night, a torn word) between readings that go on
    /// from each other; it was left out.
    Outlier,
}

impl EventKind {
    /// The word that scripts read.
    pub fn code(self) -> &'static str {
        match self {
            Self::Rollover => "rollover",
            Self::Dip => "dip",
            Self::StepDown => "step_down",
            Self::Reset => "reset",
            Self::Spike => "spike",
            Self::Outlier => "outlier",
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
    /// In the counter's unit, never below zero; nothing with fewer than two readings.
    pub total: Option<f64>,
    /// Whether some of it was lost.
    pub lower_bound: bool,
}

/// How many readings made the total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Readings in which the counter had grown.
    pub rises: u64,
    /// Readings that were left out: spikes, steps down, outliers other than a zero.
    pub refused: u64,
    /// Of those, the spikes and steps down that no reading has explained by going on from before
    /// them: what the counter counted meanwhile is not in the total.
    pub lost: u64,
}

/// A reading: when, s, and its value.
type At = (f64, f64);

/// Why a reading was set aside until later ones tell what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Spike,
    StepDown,
    /// Below nine tenths of the base: an outlier or a reset.
    Low,
}

/// Readings in a row that do not go on from the base.
#[derive(Clone, Copy, Debug)]
struct Aside {
    why: Why,
    /// The first of them, of which the event tells.
    first: At,
    last: At,
    /// Of a low run, how many were no zeros.
    not_zero: u64,
    /// The credit (see `CounterTotal::credit`) at the last one.
    credit: f64,
}

/// G.5 as a stream. The base is the last accepted reading; each reading makes a step Δ from it over
/// the time Δt between them. Missing readings are bridged: a counter counts through a gap.
///
/// 1. 0 ≤ Δ ≤ `max_rate`·Δt·1.1 adds, and the base moves. A larger step is a spike: the reading is
///    left out. A second reading that goes on from it shows that the counter really moved (a
///    swapped meter): the base moves there, and the total is a lower bound.
/// 2. Δ < 0 is a rollover where a modulus is known and the wrapped step is plausible: that adds.
/// 3. Δ < 0 with nine tenths left, or by at most two steps of the register, and by no more than a
///    day's growth, is a dip: it is subtracted. So a total without other events is its last reading
///    less its first, and periods add up.
/// 4. Δ < 0 with nine tenths left, but by more than a day's growth, is a step down: left out like a
///    spike, and a lower bound.
/// 5. Any other fall is set aside. A later reading that goes on from the base (rules 1 to 3) shows
///    an outlier, which counts nothing. One that grows from the low reading shows a reset: the
///    low reading adds if it is plausible, and the total is a lower bound. Where both fit, the drop
///    is taken off as a dip is; if it is more than rounding, it is told as a step down, and the
///    total is a lower bound: nothing is counted on a doubt.
///
/// Where a spike was believed because it was read again, but never grew, and then a reading goes
/// on from before it, the base goes back there: nothing is counted twice.
#[derive(Clone, Debug)]
pub struct CounterTotal {
    max_rate_per_s: f64,
    modulus: Option<f64>,
    /// Least step of the register, 0 where it is not known.
    step: f64,
    slack: f64,
    /// What is left of the slack at the base; it comes back with the time in which the counter
    /// grows slower than it could.
    credit: f64,
    base: Option<At>,
    /// The base that was left for a spike that has not grown since.
    left: Option<At>,
    aside: Option<Aside>,
    /// Spikes and steps down since the base.
    unexplained: u64,
    total: Sum,
    steps: u64,
    lower_bound: bool,
    tally: Tally,
}

impl CounterTotal {
    /// Nothing counted yet. The rate is in the counter's unit per second.
    pub fn new(max_rate_per_s: f64, modulus: Option<f64>) -> Self {
        Self {
            max_rate_per_s,
            modulus,
            step: 0.0,
            slack: 0.0,
            credit: 0.0,
            base: None,
            left: None,
            aside: None,
            unexplained: 0,
            total: Sum::default(),
            steps: 0,
            lower_bound: false,
            tally: Tally::default(),
        }
    }

    /// Least step of the register, in the counter's unit.
    #[must_use]
    pub fn with_step(mut self, step: f64) -> Self {
        self.step = step;
        self
    }

    /// A step may exceed the greatest rate by so much: a register that counts whole kilowatt-hours
    /// jumps by one, however short the time since it was read. Not at every reading: what was used
    /// of it comes back at the greatest rate.
    #[must_use]
    pub fn with_slack(mut self, slack: f64) -> Self {
        self.slack = slack;
        self.credit = slack;
        self
    }

    /// The next reading, or that it is missing; the events that it makes, in time order. A reading
    /// that is not later than the one before it is left out.
    pub fn push(&mut self, t_s: f64, reading: Option<f64>) -> Vec<Event> {
        let mut events = Vec::new();
        let Some(value) = reading.filter(|value| value.is_finite()) else {
            return events;
        };
        let now = (t_s, value);
        let Some(base) = self.base else {
            self.base = Some(now);
            return events;
        };
        let latest = self.aside.map_or(base.0, |aside| aside.last.0);
        if t_s > latest {
            self.steps += 1;
            self.take(base, now, &mut events);
        }
        events
    }

    fn take(&mut self, base: At, now: At, events: &mut Vec<Event>) {
        if let Some((change, mut kind)) = self.continuation(base, now) {
            if kind == Some(EventKind::Dip) && self.may_be_anew(base, now) {
                // Nothing is counted on a doubt; a person can tell.
                (kind, self.lower_bound) = (Some(EventKind::StepDown), true);
            }
            // A zero on the way around is no outlier.
            let passed = self.aside.filter(|aside| aside.first.1 == 0.0);
            if kind == Some(EventKind::Rollover) && passed.is_some() {
                self.aside = None;
            }
            self.put_back(base, events);
            self.accept(base, now, change);
            events.extend(kind.map(|kind| event(kind, base, now)));
            return;
        }
        if let Some(left) = self.left
            && let Some((change, kind)) = self.continuation(left, now)
        {
            self.put_back(base, events);
            self.left = None;
            self.accept(left, now, change);
            events.extend(kind.map(|kind| event(kind, left, now)));
            return;
        }
        match self.aside {
            Some(aside) if self.goes_on(&aside, now) => self.move_to(base, &aside, now, events),
            _ => self.set_aside(base, now, events),
        }
    }

    /// After a low reading: it may have grown from there, and what is missing to the base is more
    /// than rounding, so that the low reading may have been a reset and no outlier.
    fn may_be_anew(&self, base: At, now: At) -> bool {
        let drop = base.1 - now.1;
        let rounding = (DIP_STEPS * self.step).max(ROUNDING_SHARE * base.1);
        drop > rounding
            && self
                .aside
                .is_some_and(|aside| aside.why == Why::Low && self.goes_on(&aside, now))
    }

    /// Rules 1 to 3: how far the counter came from `from`, where `now` goes on from it.
    fn continuation(&self, from: At, now: At) -> Option<(f64, Option<EventKind>)> {
        let change = now.1 - from.1;
        if self.plausible(from, now, change, self.credit) {
            return Some((change, None));
        }
        // An exact zero may be one of a device that falls asleep: the next reading tells.
        if let Some(wrapped) = self.wrapped(from, now).filter(|_| now.1 != 0.0) {
            return Some((wrapped, Some(EventKind::Rollover)));
        }
        self.is_dip(from, now)
            .then_some((change, Some(EventKind::Dip)))
    }

    fn plausible(&self, from: At, now: At, change: f64, credit: f64) -> bool {
        (0.0..=self.growth(now.0 - from.0) + credit).contains(&change)
    }

    /// The most that it grows in a time, s.
    fn growth(&self, time_s: f64) -> f64 {
        self.max_rate_per_s * time_s * RATE_MARGIN
    }

    fn wrapped(&self, from: At, now: At) -> Option<f64> {
        let wrapped = now.1 - from.1 + self.modulus?;
        let fits = now.1 < from.1 && self.plausible(from, now, wrapped, self.credit);
        fits.then_some(wrapped)
    }

    fn is_dip(&self, from: At, now: At) -> bool {
        let drop = from.1 - now.1;
        // What decimal registers lose as binary numbers is no part of a step.
        let few = DIP_STEPS * self.step + from.1.abs() * f64::EPSILON * 4.0;
        let near = now.1 >= DIP_SHARE * from.1 || drop <= few;
        drop > 0.0 && near && drop <= self.growth(DIP_S) + self.slack
    }

    /// A second reading that shows that the first one was meant.
    fn goes_on(&self, aside: &Aside, now: At) -> bool {
        let change = now.1 - aside.last.1;
        // A device that says zero twice may still be asleep.
        let grows = change > 0.0 || aside.why != Why::Low;
        grows && self.plausible(aside.last, now, change, aside.credit)
    }

    /// The counter is where those set aside said.
    fn move_to(&mut self, base: At, aside: &Aside, now: At, events: &mut Vec<Event>) {
        if aside.why == Why::Low {
            self.begin_anew(base, aside, events);
        }
        self.left = Some(base).filter(|_| aside.why == Why::Spike);
        self.lower_bound |= aside.why != Why::Low;
        self.tally.lost += self.unexplained;
        self.credit = aside.credit;
        self.accept(aside.last, now, now.1 - aside.last.1);
    }

    /// Rule 5: the counter was reset; or it wrapped, and said zero first.
    fn begin_anew(&mut self, base: At, aside: &Aside, events: &mut Vec<Event>) {
        let low = aside.last;
        if let Some(wrapped) = self.wrapped(base, low) {
            self.total.add(wrapped);
            events.push(event(EventKind::Rollover, base, aside.first));
            return;
        }
        if self.plausible(base, low, low.1, self.credit) {
            self.total.add(low.1);
        }
        self.lower_bound = true;
        events.push(event(EventKind::Reset, base, aside.first));
    }

    fn set_aside(&mut self, base: At, now: At, events: &mut Vec<Event>) {
        let why = match now.1 - base.1 {
            change if change >= 0.0 => Why::Spike,
            _ if now.1 >= DIP_SHARE * base.1 => Why::StepDown,
            _ => Why::Low,
        };
        if why != Why::Low {
            self.put_back(base, events);
            self.unexplained += 1;
            self.tally.refused += 1;
            self.lower_bound |= why == Why::StepDown;
            let kind = match why {
                Why::StepDown => EventKind::StepDown,
                _ => EventKind::Spike,
            };
            events.push(event(kind, base, now));
        }
        let run = self
            .aside
            .filter(|aside| aside.why == Why::Low && why == Why::Low);
        self.aside = Some(Aside {
            why,
            first: run.map_or(now, |run| run.first),
            last: now,
            not_zero: run.map_or(0, |run| run.not_zero) + u64::from(now.1 != 0.0),
            credit: self.slack.min(self.credit + self.growth(now.0 - base.0)),
        });
    }

    /// What was set aside low was an outlier.
    fn put_back(&mut self, base: At, events: &mut Vec<Event>) {
        if let Some(aside) = self.aside.take().filter(|aside| aside.why == Why::Low) {
            self.tally.refused += aside.not_zero;
            events.push(event(EventKind::Outlier, base, aside.first));
        }
    }

    fn accept(&mut self, from: At, now: At, change: f64) {
        self.total.add(change);
        if change > 0.0 {
            self.tally.rises += 1;
            // A spike that counts on is a meter.
            self.left = None;
        }
        self.credit = self
            .slack
            .min(self.credit + self.growth(now.0 - from.0) - change);
        self.base = Some(now);
        self.aside = None;
        self.unexplained = 0;
    }

    /// Another period begins: what was counted so far is not part of it.
    pub fn restart(&mut self) {
        self.total = Sum::default();
        self.steps = 0;
        self.lower_bound = false;
        self.unexplained = 0;
        self.tally = Tally::default();
    }

    /// No reading will follow: a low one that nothing explained is a reset. The event of it.
    pub fn close(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        if let (Some(base), Some(aside)) = (self.base, self.aside)
            && aside.why == Why::Low
        {
            self.begin_anew(base, &aside, &mut events);
            self.accept(aside.last, aside.last, 0.0);
        }
        events
    }

    /// What was counted so far, dips taken off: below zero where they are all there was.
    pub fn net(&self) -> Option<f64> {
        (self.steps > 0).then(|| self.total.value())
    }

    /// What was counted so far. A low reading that nothing explained yet counts nothing.
    pub fn finish(&self) -> Total {
        Total {
            total: self.net().map(|net| net.max(0.0)),
            lower_bound: self.lower_bound,
        }
    }

    /// How many readings made it.
    pub fn tally(&self) -> Tally {
        Tally {
            lost: self.tally.lost + self.unexplained,
            ..self.tally
        }
    }
}

fn event(kind: EventKind, before: At, after: At) -> Event {
    Event {
        t_s: after.0,
        kind,
        before: before.1,
        after: after.1,
    }
}

/// G.5 over (time in s, reading) to its end; the total and what happened. See [`CounterTotal`].
pub fn counter_total(
    readings: &[(f64, Option<f64>)],
    mut counter: CounterTotal,
) -> (Total, Vec<Event>) {
    let push = |&(t, reading): &(f64, Option<f64>)| counter.push(t, reading);
    let mut events: Vec<Event> = readings.iter().flat_map(push).collect();
    events.extend(counter.close());
    (counter.finish(), events)
}

#[cfg(test)]
#[path = "counters_tests.rs"]
mod tests;
