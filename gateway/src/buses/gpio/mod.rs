//! `GpioBus`: the driver of GPIO lines. Pulses are counted by the kernel's own sequence number of
//! each line, so that a late reader loses none; levels have the time of their change.
//!
//! ```text
//! [[bus]]    id = "pins", kind = "gpio"
//! [[device]] id = "meter", bus = "pins", line = 17, profile = "pulse-water-meter"
//! ```
//!
//! Nothing here waits for a line, and pulses wake no program: the kernel numbers the edges, keeps
//! the newest of them, and they are taken out at each poll. A line that cannot be opened (taken by
//! another program, no chip, no permission) makes its own points bad and is tried again at each
//! poll; the bus task makes the pauses longer. Wiring: docs/wiring.md.

mod counted_line;
mod folder_chip;
mod kernel_chip;
mod line_file;
mod pin_chip;

use super::{BusDriver, BusFuture, DevicePoll, PollError};
use crate::config::{Device, GpioLink, GpioPoint, GpioSignal, LinearScale, Point};
use crate::domain::{ExactNumber, MonoMs, QualityReason, SampleOutcome};
use crate::status::DeviceFault;
use counted_line::CountedLine;
use folder_chip::ChipAtPath;

pub(super) use folder_chip::list_lines;
pub use kernel_chip::FoundLine;
pub use line_file::LineFile;
pub use pin_chip::{LineEvent, PinChip, PinError, PinLine};

/// Lines of one GPIO chip with the devices on them.
#[derive(Debug)]
pub(super) struct GpioBus {
    chip: Box<dyn PinChip>,
    devices: Vec<GpioDevice>,
    lines: Vec<SharedLine>,
}

/// Line with its settings; several points of one line share it.
#[derive(Debug)]
struct SharedLine {
    settings: GpioPoint,
    state: CountedLine,
}

/// Device with its points.
#[derive(Debug)]
struct GpioDevice {
    points: Vec<LinePoint>,
}

/// Point on a line.
#[derive(Debug)]
struct LinePoint {
    point: Point,
    signal: GpioSignal,
    /// Index in `GpioBus::lines`; `None` when the configuration has no line for it.
    line: Option<usize>,
    /// Value at which the count starts, in the unit of the point.
    start: (i64, i8),
}

impl GpioBus {
    /// Creates the driver of a chip; it opens nothing yet.
    pub(super) fn new(link: &GpioLink, devices: &[Device]) -> Self {
        Self::with_chip(Box::new(ChipAtPath::new(&link.chip)), devices)
    }

    fn with_chip(chip: Box<dyn PinChip>, devices: &[Device]) -> Self {
        let mut bus = Self {
            chip,
            devices: Vec::new(),
            lines: Vec::new(),
        };
        for device in devices {
            let points = device.points.iter();
            let points = points.map(|point| bus.line_point(point)).collect();
            bus.devices.push(GpioDevice { points });
        }
        bus
    }

    fn line_point(&mut self, point: &Point) -> LinePoint {
        let access = point.access.gpio();
        LinePoint {
            point: point.clone(),
            signal: access.map_or(GpioSignal::State, |access| access.signal),
            line: access.and_then(|access| self.shared_line(access)),
            start: point.scale.offset,
        }
    }

    /// Index of the line with these settings.
    fn shared_line(&mut self, access: &GpioPoint) -> Option<usize> {
        access.line.as_ref()?;
        let is_same = |line: &SharedLine| line.settings.shares_line_with(access);
        Some(self.lines.iter().position(is_same).unwrap_or_else(|| {
            self.lines.push(SharedLine {
                settings: access.clone(),
                state: CountedLine::new(access),
            });
            self.lines.len() - 1
        }))
    }

    fn poll_device(&mut self, device: usize, now: MonoMs) -> DevicePoll {
        let mut first_error = None;
        let mut outcomes = Vec::new();
        for at in 0..self.devices[device].points.len() {
            let line = self.devices[device].points[at].line;
            let outcome = match line.map(|line| self.refresh_line(line, now)) {
                Some(Ok(())) => self.point_outcome(device, at, now),
                Some(Err(error)) => {
                    let reason = error.reason;
                    first_error.get_or_insert(error);
                    SampleOutcome::Bad(reason)
                }
                None => SampleOutcome::Bad(QualityReason::Absent),
            };
            outcomes.push(outcome);
        }
        device_poll(outcomes, first_error)
    }

    /// Opens the line if it is not open, and takes its edges.
    fn refresh_line(&mut self, index: usize, now: MonoMs) -> Result<(), PinError> {
        let SharedLine { settings, state } = &mut self.lines[index];
        if !state.is_open() {
            let line = self.chip.open_line(settings)?;
            state.open(line, now)?;
        }
        state.take_events(now)
    }

    fn point_outcome(&self, device: usize, at: usize, now: MonoMs) -> SampleOutcome {
        let LinePoint {
            point,
            signal,
            line,
            start,
        } = &self.devices[device].points[at];
        let Some(line) = line.map(|line| &self.lines[line].state) else {
            return SampleOutcome::Bad(QualityReason::Absent);
        };
        if let Some(fault) = line.fault(now).filter(|_| signal.is_count()) {
            return SampleOutcome::Bad(QualityReason::Sensor(fault));
        }
        let offset = match signal {
            GpioSignal::Pulses => *start,
            _ => point.scale.offset,
        };
        let scale = LinearScale {
            offset,
            ..point.scale
        };
        let number = match signal {
            GpioSignal::Pulses => scale.scale_integer(line.pulses(), 0),
            GpioSignal::State => scale.scale_integer(i64::from(line.is_active()), 0),
            GpioSignal::StateSeconds => scale.scale_integer(line.state_seconds(now), 0),
            GpioSignal::Rate => scale.scale_float(line.rate(now), 0),
        };
        match number {
            Some(number) if point.allows(number.to_f64()) => SampleOutcome::Good(number),
            Some(_) => SampleOutcome::Bad(QualityReason::OutOfRange),
            None => SampleOutcome::Bad(QualityReason::NotANumber),
        }
    }
}

/// Result of a poll; when no point has a value, the first error is that of the whole device.
fn device_poll(outcomes: Vec<SampleOutcome>, error: Option<PinError>) -> DevicePoll {
    let any = outcomes.iter().any(|outcome| outcome.number().is_some());
    let Some(error) = error else {
        return DevicePoll::new(Ok(outcomes.into()));
    };
    let (reason, message) = (error.reason, error.message);
    if !any {
        return DevicePoll::new(Err(PollError { reason, message }));
    }
    DevicePoll {
        fault: Some(DeviceFault {
            reason,
            detail: message.into(),
        }),
        ..DevicePoll::new(Ok(outcomes.into()))
    }
}

impl BusDriver for GpioBus {
    fn poll(&mut self, device: usize, now: MonoMs) -> BusFuture<'_, DevicePoll> {
        Box::pin(std::future::ready(self.poll_device(device, now)))
    }

    fn resume_counter(&mut self, device: usize, point: usize, value: ExactNumber) {
        let found = self.devices.get_mut(device);
        let found = found.and_then(|device| device.points.get_mut(point));
        if let (Some(point), Some(start)) = (found, decimal_start(value))
            && point.signal == GpioSignal::Pulses
        {
            point.start = start;
        }
    }
}

/// Start of a count as mantissa and power of ten; `None` for a number that no decimal holds.
fn decimal_start(value: ExactNumber) -> Option<(i64, i8)> {
    let decimal = match value {
        // An imported value may be a double; its shortest digits are what the file had.
        ExactNumber::Float(value) => ExactNumber::parse(&value.to_string())?,
        ExactNumber::Decimal { .. } => value,
    };
    match decimal {
        ExactNumber::Decimal { mantissa, exponent } => Some((mantissa, exponent)),
        ExactNumber::Float(_) => None,
    }
}

#[cfg(test)]
mod tests;
