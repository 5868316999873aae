//! Coverage of a point: measured slots of each day, first and last reading, gaps.

use crate::domain::indicator::{CompletenessShares, InputSource, PointReadings};
use crate::domain::redated_stretch::RedatedStretch;
use crate::domain::{QualityReason, Sample, SampleOutcome, UtcMs};
use crate::formulas::completeness::classify_completeness;
use crate::formulas::saved_state::{SavedState, StateArchive, saved_fields};
use crate::indicators::edge_amounts::EdgeAmount;
use crate::indicators::imported_spans::ImportedSpans;
use crate::indicators::input_series::InputSeries;
use crate::indicators::period_days::{PeriodDay, PeriodDays};
use crate::indicators::refused_readings::RefusedReadings;
use crate::limits::{DATA_EVENTS_MAX, REDATED_STRETCHES_MAX};
use std::ops::Range;
use std::sync::Arc;

/// Polling intervals without a reading from which a silence is a gap.
const GAP_MIN_POLLS: i64 = 3;
/// Minimum length of a gap that is listed as an event, ms; shorter gaps are only counted.
const GAP_EVENT_MIN_MS: i64 = 15 * 60_000;
/// Silence that is longer than that of a night, ms.
pub(crate) const SILENT_DAY_MS: i64 = 86_400_000;

/// Number of measured slots of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct DayCoverage {
    good: i64,
    asleep: i64,
    good_light: i64,
    asleep_light: i64,
}

saved_fields!(DayCoverage {
    good,
    asleep,
    good_light,
    asleep_light,
});

/// Coverage of one point within the period.
#[derive(Clone, Debug)]
pub(crate) struct Coverage {
    pub(crate) readings: PointReadings,
    /// Gaps that are events, (from, to) in ms.
    pub(crate) silences: Vec<(i64, i64)>,
    /// Amount that a counter counted from its last reading to the first one after the period.
    pub(crate) closing: Option<EdgeAmount>,
    /// First and last sample with an unknown time, ms.
    pub(crate) undated: Option<(i64, i64)>,
    /// Implausible readings as (time, reading before, reading) in the unit of the point, at most
    /// `DATA_EVENTS_MAX`.
    pub(crate) outside: Vec<(UtcMs, Option<f64>, f64)>,
    /// Number of implausible readings that were not stored.
    pub(crate) more_outside: u64,
    every_ms: i64,
    /// Slots that rows of files cover beyond one each.
    more_slots: u64,
    days: Vec<DayCoverage>,
    heard: i64,
    /// Interval of the file from which the last reading came, ms; 0 when it came from none.
    heard_interval: i64,
    /// Stretches of time whose readings came from files.
    imports: ImportedSpans,
    redated: Vec<Arc<RedatedStretch>>,
    good_slot: (usize, i64),
    asleep_slot: (usize, i64),
}

impl SavedState for Coverage {
    fn exchange(&mut self, archive: &mut StateArchive) {
        // Every field by name: one that is added and not saved does not compile.
        let Self {
            readings,
            silences,
            // Read from the store each time, as it is after the period.
            closing: _,
            undated,
            outside,
            more_outside,
            every_ms,
            more_slots,
            days,
            heard,
            heard_interval,
            // Not of the sums: read from the store each time.
            imports: _,
            redated: _,
            good_slot,
            asleep_slot,
        } = self;
        exchange_reading(&mut readings.first, archive);
        exchange_reading(&mut readings.last, archive);
        readings.gaps.exchange(archive);
        readings.longest_gap_ms.exchange(archive);
        silences.exchange(archive);
        undated.exchange(archive);
        exchange_implausible(outside, archive);
        more_outside.exchange(archive);
        every_ms.exchange(archive);
        more_slots.exchange(archive);
        heard.exchange(archive);
        heard_interval.exchange(archive);
        good_slot.exchange(archive);
        asleep_slot.exchange(archive);
        // The days to come hold nothing yet, and their number depends on the period that is asked.
        let number_of_days = days.len();
        let passed = days.iter().rposition(|day| *day != DayCoverage::default());
        days.truncate(passed.map_or(0, |last| last + 1));
        days.exchange(archive);
        days.resize(number_of_days, DayCoverage::default());
    }
}

/// Saves or restores implausible readings: time, reading before, reading.
fn exchange_implausible(all: &mut Vec<(UtcMs, Option<f64>, f64)>, archive: &mut StateArchive) {
    let plain = all
        .iter()
        .map(|(at, before, value)| ((at.0, *value), *before));
    let mut plain: Vec<((i64, f64), Option<f64>)> = plain.collect();
    plain.exchange(archive);
    let plain = plain.into_iter();
    *all = plain
        .map(|((at, value), before)| (UtcMs(at), before, value))
        .collect();
}

fn exchange_reading(reading: &mut Option<(UtcMs, f64)>, archive: &mut StateArchive) {
    let mut plain = reading.map(|(at, value)| (at.0, value));
    plain.exchange(archive);
    *reading = plain.map(|(at, value)| (UtcMs(at), value));
}

impl Coverage {
    pub(crate) fn new(lane: &InputSeries, span: &PeriodDays) -> Self {
        Self {
            readings: PointReadings {
                point: lane.point.id.clone(),
                ..PointReadings::default()
            },
            silences: Vec::new(),
            closing: None,
            undated: None,
            outside: Vec::new(),
            more_outside: 0,
            every_ms: lane.every_ms,
            more_slots: 0,
            days: vec![DayCoverage::default(); span.days.len()],
            heard: span.from,
            heard_interval: 0,
            imports: lane.imports.clone(),
            redated: lane.redated.clone(),
            good_slot: (usize::MAX, 0),
            asleep_slot: (usize::MAX, 0),
        }
    }

    /// Sets the base reading of a counter before the period. A zero replaces only another zero,
    /// since sleeping devices report zero.
    pub(crate) fn set_opening(&mut self, sample: &Sample) {
        if let SampleOutcome::Good(number) = sample.outcome {
            let value = number.to_f64();
            if value != 0.0 || self.readings.first.is_none_or(|(_, known)| known == 0.0) {
                self.readings.first = Some((sample.at, value));
            }
        }
    }

    /// Adds a sample to day number `number`.
    pub(crate) fn add_sample(&mut self, sample: &Sample, number: usize, span: &PeriodDays) {
        let Some(day) = span.days.get(number) else {
            return;
        };
        let interval = self.imports.interval_at(sample.at.0);
        // One good sample fills a slot; further ones in the same slot do not raise completeness
        // above 1.
        let slot = (number, (sample.at.0 - 1 - day.from) / self.every_ms);
        match sample.outcome {
            SampleOutcome::Good(value) => {
                let reading = (sample.at, value.to_f64());
                self.readings.first.get_or_insert(reading);
                self.readings.last = Some(reading);
                if interval > self.every_ms {
                    let count = self.count_slots_before(sample.at.0, interval, (number, span));
                    self.more_slots += count.saturating_sub(1);
                } else if slot != self.good_slot {
                    self.count_slot(slot, day, false);
                }
                self.good_slot = slot;
            }
            SampleOutcome::Bad(QualityReason::Asleep) => {
                if slot != self.good_slot && slot != self.asleep_slot {
                    self.asleep_slot = slot;
                    self.count_slot(slot, day, true);
                }
            }
            _ => return,
        }
        self.record_silence_until(sample.at.0, interval);
        self.heard = sample.at.0;
        self.heard_interval = interval;
    }

    /// Counts the slots of the interval that ends at `at` (ms), also those of the days before, and
    /// returns their number.
    fn count_slots_before(
        &mut self,
        at: i64,
        interval: i64,
        (number, span): (usize, &PeriodDays),
    ) -> u64 {
        let mut count = 0;
        let known = Some(self.good_slot).filter(|slot| slot.0 != usize::MAX);
        let from = at - interval;
        let days = span.days.iter().enumerate().take(number + 1).rev();
        for (place, day) in days.take_while(|(_, day)| day.to > from) {
            let first = (from - day.from).max(0) / self.every_ms;
            let last = (at.min(day.to) - 1 - day.from) / self.every_ms;
            for slot in first..=last {
                if known.is_none_or(|known| (place, slot) > known) {
                    self.count_slot((place, slot), day, false);
                    count += 1;
                }
            }
        }
        count
    }

    fn count_slot(&mut self, (number, slot): (usize, i64), day: &PeriodDay, asleep: bool) {
        let Some(cover) = self.days.get_mut(number) else {
            return;
        };
        // A slot that is cut off by the end of the day is not expected, so it must not be counted
        // either.
        let start = day.from + slot * self.every_ms;
        if start + self.every_ms > day.to {
            return;
        }
        let (rise, set) = day.light();
        let lit = i64::from((rise..set).contains(&start));
        if asleep {
            cover.asleep += 1;
            cover.asleep_light += lit;
        } else {
            cover.good += 1;
            cover.good_light += lit;
        }
    }

    /// Records the silence before a reading of this interval (ms), or before the end of the period.
    fn record_silence_until(&mut self, at: i64, interval: i64) {
        let length = at - self.heard;
        if length <= GAP_MIN_POLLS.saturating_mul(self.every_ms.max(interval)) {
            return;
        }
        self.readings.gaps += 1;
        self.readings.longest_gap_ms = self.readings.longest_gap_ms.max(length);
        if length >= GAP_EVENT_MIN_MS && self.silences.len() <= DATA_EVENTS_MAX {
            self.silences.push((self.heard, at));
        }
    }

    /// Adds an implausible reading.
    pub(crate) fn add_implausible(&mut self, at: UtcMs, value: f64) {
        if self.outside.len() >= DATA_EVENTS_MAX {
            self.more_outside += 1;
            return;
        }
        let before = self.readings.last.or(self.readings.first);
        self.outside
            .push((at, before.map(|(_, value)| value), value));
    }

    /// Adds a sample with an unknown time.
    pub(crate) fn add_undated(&mut self, at: UtcMs) {
        let (first, _) = self.undated.unwrap_or((at.0, at.0));
        self.undated = Some((first, at.0));
    }

    /// Closes the period and sums up the expected and good slots.
    pub(crate) fn finish(&mut self, span: &PeriodDays) {
        self.record_silence_until(span.to, self.heard_interval);
        let imports = self
            .imports
            .imports_within(UtcMs(span.from), UtcMs(span.to));
        self.readings.imports = imports;
        let (from, to) = (UtcMs(span.from), UtcMs(span.to));
        let within = |one: &&Arc<RedatedStretch>| one.last >= from && one.first <= to;
        let mut redated: Vec<_> = self.redated.iter().filter(within).cloned().collect();
        let more = redated.len().saturating_sub(REDATED_STRETCHES_MAX);
        self.readings.redated = redated.split_off(more);
        let all = (0..self.days.len()).map(|day| self.slots_of_day(span, day));
        let all: Vec<(i64, i64)> = all.collect();
        self.readings.day_shares = all.iter().copied().map(slot_ratio).collect();
        let all = all.into_iter();
        let (good, expected) = all.fold((0, 0), |sum, day| (sum.0 + day.0, sum.1 + day.1));
        // A row of a file is one reading, however many slots it covers.
        let (covered, expected) = (good.unsigned_abs(), expected.unsigned_abs());
        let within = (span.from, span.to);
        let (slots, rows) = self.imports.slots_and_rows(within, self.every_ms);
        let expected = if covered <= slots {
            // Nothing but the file was read: its interval holds for what is missing, too.
            (expected * rows + slots / 2)
                .checked_div(slots)
                .unwrap_or(expected)
        } else {
            expected.saturating_sub(slots) + rows
        };
        let good = covered.saturating_sub(self.more_slots);
        self.readings.good = good;
        self.readings.expected = expected.max(good);
    }

    /// Good and expected slots of a day. Slots in which the device slept are not expected.
    fn slots_of_day(&self, span: &PeriodDays, number: usize) -> (i64, i64) {
        let (Some(cover), Some(day)) = (self.days.get(number), span.days.get(number)) else {
            return (0, 0);
        };
        let slots = self.due_slots(span, number, day);
        let expected = (slots - cover.asleep).max(0);
        (cover.good.min(expected), expected)
    }

    /// Good and expected slots of a day with the sun above the horizon.
    fn daylight_slots_of_day(&self, span: &PeriodDays, number: usize) -> (i64, i64) {
        let (Some(cover), Some(day)) = (self.days.get(number), span.days.get(number)) else {
            return (0, 0);
        };
        let slots = self.due_slots(span, number, day);
        // Number of slots that begin before a time.
        let until = |at: i64| ((at - day.from - 1).div_euclid(self.every_ms) + 1).clamp(0, slots);
        let (rise, set) = day.light();
        let lit = until(set) - until(rise);
        let expected = (lit - cover.asleep_light).max(0);
        (cover.good_light.min(expected), expected)
    }

    /// Slots of a day that are due. The newest reading of a running day may still be on its way, so
    /// that its slot is due once the device has been heard in it.
    fn due_slots(&self, span: &PeriodDays, number: usize, day: &PeriodDay) -> i64 {
        let passed = span.passed_ms(day);
        let slots = passed / self.every_ms;
        let newest = (number, slots - 1);
        let is_heard = self.good_slot == newest || self.asleep_slot == newest;
        let is_running = passed < day.to - day.from;
        (slots - i64::from(is_running && !is_heard)).max(0)
    }

    /// Moment at which the readings of the period begin, ms, where it is later than a gap that is
    /// an event; `None` for a counter that was read before the period, and without any reading.
    pub(crate) fn late_begin(&self, span: &PeriodDays, is_counter: bool) -> Option<i64> {
        let (from, begin) = *self.silences.first()?;
        let (first, _) = self.readings.first?;
        self.readings.last?;
        let is_counted_on = is_counter && first.0 <= span.from;
        (from == span.from && begin < span.to && !is_counted_on).then_some(begin)
    }

    /// Moment at which the readings end, ms, where the end of the period is later by a gap that is
    /// an event, or the present by more than a day; `None` for a device that is silent as long on
    /// half of the days, and without any reading.
    pub(crate) fn early_end(&self, span: &PeriodDays) -> Option<i64> {
        let (end, to) = *self.silences.last()?;
        let (last, _) = self.readings.last?;
        // A reading at the very end has what was counted until then.
        let is_at_end = to == span.to && end > span.from && last.0 < span.to;
        let earlier = self.silences.iter().rev().skip(1);
        let usual = earlier.filter(|(from, _)| *from > span.from);
        let mut usual: Vec<i64> = usual.map(|(from, to)| to - from).collect();
        usual.sort_unstable_by(|one, other| other.cmp(one));
        // One outage in the middle of the period is not usual.
        let half = (span.days.len() / 2).max(1);
        let usual = usual.get(half - 1).copied().unwrap_or(0);
        let silent = to - end;
        // While the period runs, what was read today may still be on its way.
        let is_early = if span.is_over() {
            silent > usual || silent >= SILENT_DAY_MS
        } else {
            silent > SILENT_DAY_MS
        };
        (is_at_end && is_early).then_some(end)
    }

    /// Whether the day has a good reading.
    pub(crate) fn has_readings_on(&self, day: usize) -> bool {
        self.days.get(day).is_some_and(|cover| cover.good > 0)
    }

    /// Completeness of the period.
    pub(crate) fn completeness(&self, span: &PeriodDays) -> CompletenessShares {
        self.completeness_of_days(span, 0..self.days.len())
    }

    /// Completeness of one day.
    pub(crate) fn completeness_of_day(&self, span: &PeriodDays, day: usize) -> CompletenessShares {
        self.completeness_of_days(span, day..day + 1)
    }

    fn completeness_of_days(&self, span: &PeriodDays, days: Range<usize>) -> CompletenessShares {
        self.completeness_without_refused(span, days, &[])
    }

    /// Completeness of some days, without the refused readings of each day.
    pub(crate) fn completeness_without_refused(
        &self,
        span: &PeriodDays,
        days: Range<usize>,
        refused: &[RefusedReadings],
    ) -> CompletenessShares {
        let add = |sum: (i64, i64), day: (i64, i64)| (sum.0 + day.0, sum.1 + day.1);
        let of = |day: usize| refused.get(day).copied().unwrap_or_default();
        let less = |(good, all): (i64, i64), refused: i64| ((good - refused).max(0), all);
        let all = days
            .clone()
            .map(|day| less(self.slots_of_day(span, day), of(day).all));
        let light = days.map(|day| less(self.daylight_slots_of_day(span, day), of(day).light));
        CompletenessShares {
            all: slot_ratio(all.fold((0, 0), add)),
            daylight: slot_ratio(light.fold((0, 0), add)),
        }
    }
}

fn slot_ratio((good, expected): (i64, i64)) -> Option<f64> {
    use crate::indicators::period_days::millis_to_f64;
    classify_completeness(millis_to_f64(good), millis_to_f64(expected)).ratio
}

/// Lowest completeness of several inputs.
pub(crate) fn lowest_completeness(
    all: impl IntoIterator<Item = CompletenessShares>,
) -> CompletenessShares {
    // A figure of two points is known no better than the worse of them.
    let less = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    };
    let none = CompletenessShares::default();
    all.into_iter().fold(none, |sum, one| CompletenessShares {
        all: less(sum.all, one.all),
        daylight: less(sum.daylight, one.daylight),
    })
}

/// Source of an input that is read from a series.
pub(crate) fn point_source(tracks: &[Coverage], lane: usize) -> InputSource {
    let readings = tracks.get(lane).map(|track| track.readings.clone());
    InputSource::Point(readings.unwrap_or_default())
}
