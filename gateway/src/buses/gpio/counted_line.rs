//! [`CountedLine`]: pulses, rate and state of one line, from its edges.

use super::pin_chip::{LineEvent, PinError, PinLine};
use crate::config::GpioPoint;
use crate::domain::MonoMs;
use drivers::pulse_counter::{PulseCounter, PulseEdge, PulseSettings, WatchedEdges};
use drivers::sensor_fault::SensorFault;

const NS_PER_MS: u64 = 1_000_000;
/// Fastest meter when none is configured: the limit of a software debounce, pulses per second.
const FASTEST_RATE: f64 = 5000.0;
/// Part of the shortest period that must lie between two pulses; the rest is jitter of the meter.
const PERIOD_PART: f64 = 0.8;

/// State of one line since the gateway started; it outlives a line that is opened again.
#[derive(Debug)]
pub(super) struct CountedLine {
    line: Option<Box<dyn PinLine>>,
    counter: PulseCounter,
    is_active: bool,
    /// Time of the last change of state.
    changed: Option<MonoMs>,
}

impl CountedLine {
    pub(super) fn new(settings: &GpioPoint) -> Self {
        Self {
            line: None,
            counter: PulseCounter::new(pulse_settings(settings), 0),
            is_active: false,
            changed: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.line.is_some()
    }

    /// Starts with an opened line.
    pub(super) fn open(&mut self, mut line: Box<dyn PinLine>, now: MonoMs) -> Result<(), PinError> {
        let is_active = line.is_active()?;
        if self.changed.is_none() || is_active != self.is_active {
            self.changed = Some(now);
        }
        self.is_active = is_active;
        self.counter.begin(is_active, now.0 * NS_PER_MS);
        self.line = Some(line);
        Ok(())
    }

    /// Takes the edges that wait; a line that fails is closed.
    pub(super) fn take_events(&mut self, now: MonoMs) -> Result<(), PinError> {
        let taken = self.take_from_line(now);
        if taken.is_err() {
            self.line = None;
        }
        taken
    }

    fn take_from_line(&mut self, now: MonoMs) -> Result<(), PinError> {
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        let (counter, is_active, changed) =
            (&mut self.counter, &mut self.is_active, &mut self.changed);
        line.take_events(&mut |event: LineEvent| {
            counter.feed(PulseEdge {
                sequence: event.number,
                time_ns: event.at_ns,
                is_active: event.is_rising,
            });
            if event.is_rising != *is_active {
                *is_active = event.is_rising;
                *changed = Some(MonoMs(event.at_ns / NS_PER_MS));
            }
        })?;
        let level = line.is_active()?;
        self.counter.advance(now.0 * NS_PER_MS, Some(level));
        Ok(())
    }

    /// Pulses since the start of the gateway.
    pub(super) fn pulses(&self) -> i64 {
        i64::try_from(self.counter.total()).unwrap_or(i64::MAX)
    }

    /// Whether the line was active after its last edge.
    pub(super) fn is_active(&self) -> bool {
        self.is_active
    }

    /// Whole seconds since the state changed, or since it was first seen.
    pub(super) fn state_seconds(&self, now: MonoMs) -> i64 {
        let since = self.changed.map_or(0, |at| now.0.saturating_sub(at.0));
        i64::try_from(since / 1000).unwrap_or(i64::MAX)
    }

    /// Pulses per second, the mean over the last few pulses.
    pub(super) fn rate(&self, now: MonoMs) -> f64 {
        self.counter.rate_per_second(now.0 * NS_PER_MS)
    }

    /// Fault of the line, for which its pulses have no value now.
    pub(super) fn fault(&self, now: MonoMs) -> Option<SensorFault> {
        self.counter.fault(now.0 * NS_PER_MS)
    }
}

/// Settings of the counter: bounces are filtered before it, in the kernel.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are checked to be positive, and a float that is too large becomes the maximum"
)]
fn pulse_settings(settings: &GpioPoint) -> PulseSettings {
    let fastest = settings.rate_max.unwrap_or(FASTEST_RATE);
    let period_ns = settings
        .rate_max
        .map_or(0.0, |rate| PERIOD_PART * 1e9 / rate);
    PulseSettings {
        edges: WatchedEdges::PulseStart,
        gap_min_ns: period_ns as u64,
        pulse_max_ns: settings
            .pulse_max
            .map(|longest| u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX)),
        ..PulseSettings::for_clean_line(fastest.ceil() as u32)
    }
}
