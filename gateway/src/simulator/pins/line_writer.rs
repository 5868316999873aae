//! [`LineWriter`]: the lines of a simulated GPIO chip.

use super::bus_files::{BusFiles, replace_file};
use super::pin_point::SimulatedPinPoint;
use super::pulse_ramp::PulseRamp;
use crate::buses::gpio::LineFile;
use crate::config::{GpioLine, GpioSignal};
use crate::simulator::plant::PlantSnapshot;
use crate::simulator::world::{SimulatedWorld, WorldTime};
use std::io;
use std::path::{Path, PathBuf};

const NS_PER_MS: f64 = 1e6;

/// Lines of one chip.
#[derive(Debug)]
pub(super) struct LineWriter(Vec<WiredLine>);

/// Line with its file.
#[derive(Debug)]
struct WiredLine {
    file: PathBuf,
    line: GpioLine,
    active_low: bool,
    /// Point that decides over the line.
    point: SimulatedPinPoint,
    signal: GpioSignal,
    /// Pulses; `None` until the plant was first looked at.
    ramp: Option<PulseRamp>,
    wire: LineFile,
    is_written: bool,
}

impl LineWriter {
    /// The lines of these points. Errors: a name that is no file name.
    pub(super) fn new(folder: &Path, points: &[SimulatedPinPoint]) -> io::Result<Self> {
        let mut lines: Vec<WiredLine> = Vec::new();
        for point in points {
            let Some((line, signal)) = point
                .line()
                .and_then(|access| Some((access.line.clone()?, access.signal)))
            else {
                continue;
            };
            // Several points of a line: that with the most to say decides.
            match lines.iter_mut().find(|known| known.line == line) {
                Some(known) if rank(signal) >= rank(known.signal) => {}
                Some(known) => *known = WiredLine::new(folder, line, point)?,
                None => lines.push(WiredLine::new(folder, line, point)?),
            }
        }
        Ok(Self(lines))
    }
}

/// Order of the signals by how much they say about the line.
fn rank(signal: GpioSignal) -> usize {
    let all = GpioSignal::ALL;
    all.iter()
        .position(|one| *one == signal)
        .unwrap_or_default()
}

impl BusFiles for LineWriter {
    fn write(&mut self, world: &SimulatedWorld) -> io::Result<()> {
        let (now, time) = (world.snapshot(), world.time());
        for line in &mut self.0 {
            line.write(&now, time, world.rate())?;
        }
        Ok(())
    }
}

impl WiredLine {
    fn new(folder: &Path, line: GpioLine, point: &SimulatedPinPoint) -> io::Result<Self> {
        let file = LineFile::path_of(folder, &line).ok_or(io::ErrorKind::InvalidInput)?;
        let access = point.line().ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self {
            file,
            line,
            active_low: access.active_low,
            signal: access.signal,
            point: point.clone(),
            ramp: None,
            // A contact rests open.
            wire: LineFile {
                is_high: access.active_low,
                ..LineFile::default()
            },
            is_written: false,
        })
    }

    fn write(&mut self, now: &PlantSnapshot, time: WorldTime, rate: f64) -> io::Result<()> {
        let before = self.wire;
        match self.signal {
            GpioSignal::Pulses | GpioSignal::Rate => self.pulse(now, time, rate),
            GpioSignal::State | GpioSignal::StateSeconds => self.switch(now, time),
        }
        if self.wire != before || !self.is_written {
            replace_file(&self.file, &self.wire.text())?;
            self.is_written = true;
        }
        Ok(())
    }

    /// Gives the pulses that are due.
    fn pulse(&mut self, now: &PlantSnapshot, time: WorldTime, rate: f64) {
        let Some(ramp) = &mut self.ramp else {
            let count = match self.signal {
                GpioSignal::Pulses => self.point.unscaled(now),
                _ => 0.0,
            };
            self.ramp = Some(PulseRamp::at(now.at, count));
            return;
        };
        if now.at != ramp.start() {
            #[expect(clippy::cast_precision_loss, reason = "a step of the plant is short")]
            let seconds = (now.at.0 - ramp.start().0) as f64 / 1000.0;
            let count = match self.signal {
                GpioSignal::Pulses => self.point.unscaled(now),
                _ => ramp.count() + self.point.unscaled(now).max(0.0) * seconds.max(0.0),
            };
            ramp.step(now.at, count);
        }
        let (pulses, ago_ms) = ramp.take(time.plant);
        if pulses > 0 {
            self.wire.rises = self.wire.rises.wrapping_add(pulses);
            self.wire.falls = self.wire.falls.wrapping_add(pulses);
            self.note_change(time, ago_ms / rate.max(f64::EPSILON));
        }
    }

    /// Opens or closes a contact.
    fn switch(&mut self, now: &PlantSnapshot, time: WorldTime) {
        // A time since the last change says nothing about the contact, which then rests open.
        let is_active = self.signal == GpioSignal::State && self.point.unscaled(now) >= 0.5;
        let is_high = is_active != self.active_low;
        if is_high == self.wire.is_high {
            return;
        }
        self.wire.is_high = is_high;
        let edges = if is_high {
            &mut self.wire.rises
        } else {
            &mut self.wire.falls
        };
        *edges = edges.wrapping_add(1);
        self.note_change(time, 0.0);
    }

    /// Sets the time of the last change, a while ago; it never goes back.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "nanoseconds since the start of the computer, to some microseconds"
    )]
    fn note_change(&mut self, time: WorldTime, ago_ms: f64) {
        let changed_ms = (time.mono.0 as f64 - ago_ms).max(0.0);
        let changed = (changed_ms * NS_PER_MS) as u64;
        self.wire.changed_ns = self.wire.changed_ns.max(changed);
    }
}
