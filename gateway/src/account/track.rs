//! What was read of a point: how much of each day, the first and the last reading, the gaps.

use crate::account::amount::Refused;
use crate::account::lane::Lane;
use crate::account::span::{Day, Span};
use crate::analyse::completeness::completeness;
use crate::limits::DATA_EVENTS_MAX;
use crate::model::indicator::{Completeness, Readings};
use crate::model::{Outcome, Reason, Sample, UtcMs};
use std::ops::Range;

/// A silence of so many polls is a gap.
const GAP_POLLS: i64 = 3;
/// A gap shorter than this is counted, but is no event of its own, ms.
const GAP_EVENT_MS: i64 = 15 * 60_000;

/// Slots of a day that were measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cover {
    good: i64,
    asleep: i64,
    good_light: i64,
    asleep_light: i64,
}

/// What was read of a point within the period.
#[derive(Clone, Debug)]
pub(super) struct Track {
    pub(super) readings: Readings,
    /// Silences that are events, from and to, ms.
    pub(super) silences: Vec<(i64, i64)>,
    /// Readings taken before the time was known: the first and the last, ms.
    pub(super) undated: Option<(i64, i64)>,
    /// Readings outside the limits of the point: when, the reading before it, and itself, in the
    /// point's own unit; at most `DATA_EVENTS_MAX`.
    pub(super) outside: Vec<(UtcMs, Option<f64>, f64)>,
    /// Those beyond that.
    pub(super) more_outside: u64,
    every_ms: i64,
    days: Vec<Cover>,
    heard: i64,
    good_slot: (usize, i64),
    asleep_slot: (usize, i64),
}

impl Track {
    pub(super) fn new(lane: &Lane, span: &Span) -> Self {
        Self {
            readings: Readings {
                point: lane.point.id.clone(),
                ..Readings::default()
            },
            silences: Vec::new(),
            undated: None,
            outside: Vec::new(),
            more_outside: 0,
            every_ms: lane.every_ms,
            days: vec![Cover::default(); span.days.len()],
            heard: span.from,
            good_slot: (usize::MAX, 0),
            asleep_slot: (usize::MAX, 0),
        }
    }

    /// A reading before the period, which a counter is held against: the last one that is not the
    /// zero of a sleeping device.
    pub(super) fn opening(&mut self, sample: &Sample) {
        if let Outcome::Good(number) = sample.outcome {
            let value = number.to_f64();
            if value != 0.0 || self.readings.first.is_none_or(|(_, known)| known == 0.0) {
                self.readings.first = Some((sample.at, value));
            }
        }
    }

    /// A reading within the day of that number.
    pub(super) fn take(&mut self, sample: &Sample, number: usize, day: &Day) {
        let slot = (number, (sample.at.0 - 1 - day.from) / self.every_ms);
        match sample.outcome {
            Outcome::Good(value) => {
                let reading = (sample.at, value.to_f64());
                self.readings.first.get_or_insert(reading);
                self.readings.last = Some(reading);
                if slot != self.good_slot {
                    self.good_slot = slot;
                    self.count(slot, day, false);
                }
            }
            Outcome::Bad(Reason::Asleep) => {
                if slot != self.good_slot && slot != self.asleep_slot {
                    self.asleep_slot = slot;
                    self.count(slot, day, true);
                }
            }
            _ => return,
        }
        self.silent_until(sample.at.0);
        self.heard = sample.at.0;
    }

    fn count(&mut self, (number, slot): (usize, i64), day: &Day, asleep: bool) {
        let Some(cover) = self.days.get_mut(number) else {
            return;
        };
        // A slot that the day's end cuts short is not expected either.
        let start = day.from + slot * self.every_ms;
        if start + self.every_ms > day.to {
            return;
        }
        let lit = i64::from((day.light.0..day.light.1).contains(&start));
        if asleep {
            cover.asleep += 1;
            cover.asleep_light += lit;
        } else {
            cover.good += 1;
            cover.good_light += lit;
        }
    }

    fn silent_until(&mut self, at: i64) {
        let length = at - self.heard;
        if length <= GAP_POLLS.saturating_mul(self.every_ms) {
            return;
        }
        self.readings.gaps += 1;
        self.readings.longest_gap_ms = self.readings.longest_gap_ms.max(length);
        if length >= GAP_EVENT_MS && self.silences.len() <= DATA_EVENTS_MAX {
            self.silences.push((self.heard, at));
        }
    }

    /// A reading that cannot be.
    pub(super) fn outside(&mut self, at: UtcMs, value: f64) {
        if self.outside.len() >= DATA_EVENTS_MAX {
            self.more_outside += 1;
            return;
        }
        let before = self.readings.last.or(self.readings.first);
        self.outside
            .push((at, before.map(|(_, value)| value), value));
    }

    /// A reading with a time that nobody knows.
    pub(super) fn undated(&mut self, at: UtcMs) {
        let (first, _) = self.undated.unwrap_or((at.0, at.0));
        self.undated = Some((first, at.0));
    }

    /// The period is over.
    pub(super) fn finish(&mut self, span: &Span) {
        self.silent_until(span.to);
        let all = (0..self.days.len()).map(|day| self.counts(span, day));
        let (good, expected) = all.fold((0, 0), |sum, day| (sum.0 + day.0, sum.1 + day.1));
        self.readings.good = good.unsigned_abs();
        self.readings.expected = expected.unsigned_abs();
    }

    /// Good and expected slots of a day.
    fn counts(&self, span: &Span, day: usize) -> (i64, i64) {
        let (Some(cover), Some(day)) = (self.days.get(day), span.days.get(day)) else {
            return (0, 0);
        };
        let slots = span.passed(day) / self.every_ms;
        let expected = (slots - cover.asleep).max(0);
        (cover.good.min(expected), expected)
    }

    /// The same with the sun above the horizon.
    fn counts_light(&self, span: &Span, day: usize) -> (i64, i64) {
        let (Some(cover), Some(day)) = (self.days.get(day), span.days.get(day)) else {
            return (0, 0);
        };
        let slots = span.passed(day) / self.every_ms;
        // Slots that begin before a moment.
        let until = |at: i64| ((at - day.from - 1).div_euclid(self.every_ms) + 1).clamp(0, slots);
        let lit = until(day.light.1) - until(day.light.0);
        let expected = (lit - cover.asleep_light).max(0);
        (cover.good_light.min(expected), expected)
    }

    /// Anything good was read on that day.
    pub(super) fn any(&self, day: usize) -> bool {
        self.days.get(day).is_some_and(|cover| cover.good > 0)
    }

    /// The share of the period that was measured.
    pub(super) fn completeness(&self, span: &Span) -> Completeness {
        self.share(span, 0..self.days.len())
    }

    /// The share of one day.
    pub(super) fn of_day(&self, span: &Span, day: usize) -> Completeness {
        self.share(span, day..day + 1)
    }

    fn share(&self, span: &Span, days: Range<usize>) -> Completeness {
        self.without(span, days, &[])
    }

    /// The share of some days that was measured, without the readings that were refused on each.
    pub(super) fn without(
        &self,
        span: &Span,
        days: Range<usize>,
        refused: &[Refused],
    ) -> Completeness {
        let add = |sum: (i64, i64), day: (i64, i64)| (sum.0 + day.0, sum.1 + day.1);
        let of = |day: usize| refused.get(day).copied().unwrap_or_default();
        let less = |(good, all): (i64, i64), refused: i64| ((good - refused).max(0), all);
        let all = days
            .clone()
            .map(|day| less(self.counts(span, day), of(day).all));
        let light = days.map(|day| less(self.counts_light(span, day), of(day).light));
        Completeness {
            all: ratio(all.fold((0, 0), add)),
            daylight: ratio(light.fold((0, 0), add)),
        }
    }
}

fn ratio((good, expected): (i64, i64)) -> Option<f64> {
    use crate::account::span::millis;
    completeness(millis(good), millis(expected)).ratio
}

/// The least of several: a figure of two points is no better known than the worse of them.
pub(super) fn least(all: impl IntoIterator<Item = Completeness>) -> Completeness {
    let less = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    };
    let none = Completeness::default();
    all.into_iter().fold(none, |sum, one| Completeness {
        all: less(sum.all, one.all),
        daylight: less(sum.daylight, one.daylight),
    })
}
