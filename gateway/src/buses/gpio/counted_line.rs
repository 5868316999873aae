//! [`CountedLine`]: pulses, rate and state of one line, from its edges.

use super::pin_chip::{LineEvent, PinError, PinLine};
use crate::config::{GpioPoint, GpioSignal};
use crate::domain::{MonoMs, QualityReason};
use drivers::sensor_fault::SensorFault;
use std::collections::VecDeque;

/// Time over which a rate is the mean, milliseconds.
const RATE_WINDOW_MS: u64 = 10_000;
/// Shortest time between two counts that are kept for the rate, milliseconds.
const RATE_STEP_MS: u64 = 500;
/// Counts kept for the rate.
const RATE_COUNTS_MAX: usize = 32;

/// State of one line since the gateway started; it outlives a line that is opened again.
#[derive(Debug, Default)]
pub(super) struct CountedLine {
    line: Option<Box<dyn PinLine>>,
    /// Pulses before the line was opened the last time.
    earlier: i64,
    /// Number of the newest edge since then.
    newest: u32,
    is_active: bool,
    /// Time of the last change of state.
    changed: Option<MonoMs>,
    /// Pulses at a few moments, oldest first.
    counts: VecDeque<(MonoMs, i64)>,
    /// Most pulses per second that the meter can give.
    rate_max: Option<f64>,
}

impl CountedLine {
    pub(super) fn is_open(&self) -> bool {
        self.line.is_some()
    }

    /// Starts with an opened line.
    pub(super) fn open(
        &mut self,
        mut line: Box<dyn PinLine>,
        settings: &GpioPoint,
        now: MonoMs,
    ) -> Result<(), PinError> {
        let is_active = line.is_active()?;
        if self.changed.is_none() || is_active != self.is_active {
            self.changed = Some(now);
        }
        self.is_active = is_active;
        self.rate_max = settings.rate_max;
        self.earlier = self.pulses();
        self.newest = 0;
        // Without knowledge of the time while it was closed there is no rate.
        self.counts.clear();
        self.line = Some(line);
        Ok(())
    }

    /// Takes the edges that wait; a line that fails is closed.
    pub(super) fn take_events(&mut self, now: MonoMs) -> Result<(), PinError> {
        let taken = self.gather();
        if taken.is_err() {
            self.line = None;
            return taken;
        }
        let is_new = |(at, _): &(MonoMs, i64)| now.0.saturating_sub(at.0) >= RATE_STEP_MS;
        if self.counts.back().is_none_or(is_new) {
            let pulses = self.pulses();
            self.counts.push_back((now, pulses));
        }
        // The oldest count that is kept is the last one outside the window.
        let is_old = |at: MonoMs| now.0.saturating_sub(at.0) >= RATE_WINDOW_MS;
        while self.counts.len() > RATE_COUNTS_MAX
            || self.counts.get(1).is_some_and(|(at, _)| is_old(*at))
        {
            self.counts.pop_front();
        }
        Ok(())
    }

    fn gather(&mut self) -> Result<(), PinError> {
        let Self {
            line,
            newest,
            is_active,
            changed,
            ..
        } = self;
        let Some(line) = line else {
            return Ok(());
        };
        line.take_events(&mut |event: LineEvent| {
            // The number counts the edges that the kernel's queue had no room for, too.
            *newest = event.number;
            if event.is_rising != *is_active {
                *is_active = event.is_rising;
                *changed = Some(MonoMs(event.at_ns / 1_000_000));
            }
        })
    }

    /// Pulses since the start of the gateway.
    pub(super) fn pulses(&self) -> i64 {
        self.earlier.saturating_add(self.newest.into())
    }

    pub(super) fn is_active(&self) -> bool {
        self.is_active
    }

    /// Whole seconds since the state changed, or since it was first seen.
    pub(super) fn state_seconds(&self, now: MonoMs) -> i64 {
        let since = self.changed.map_or(0, |at| now.0.saturating_sub(at.0));
        i64::try_from(since / 1000).unwrap_or(i64::MAX)
    }

    /// Pulses per second, the mean over the last seconds; 0 until two counts are known.
    #[expect(clippy::cast_precision_loss, reason = "a rate needs few digits")]
    pub(super) fn rate(&self, now: MonoMs) -> f64 {
        let Some((at, before)) = self.counts.front() else {
            return 0.0;
        };
        let ms = now.0.saturating_sub(at.0);
        if ms == 0 {
            return 0.0;
        }
        (self.pulses() - before) as f64 * 1000.0 / ms as f64
    }

    /// Reason for which a signal of this line has no value now.
    pub(super) fn doubt(&self, signal: GpioSignal, now: MonoMs) -> Option<QualityReason> {
        let is_storm = self.rate_max.is_some_and(|max| self.rate(now) > max);
        (signal.is_count() && is_storm).then_some(QualityReason::Sensor(SensorFault::BounceStorm))
    }
}
