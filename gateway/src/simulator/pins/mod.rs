//! Simulated pins of the gateway, at paths that its own drivers open: GPIO lines and 1-Wire probes
//! as files, chips on I2C behind a socket, a sensor at a UART on a pseudo terminal.
//!
//! Entry point: `PinServers::serve_bus`. Files and sockets are in one folder in memory, which is
//! removed at the end.

mod bus_files;
mod chip_models;
mod i2c_server;
mod line_writer;
mod pin_point;
mod probe_writer;
mod pulse_ramp;
mod uart_sender;

use super::abandoned::remove_abandoned_folders;
use super::endpoint::SimulatedEndpoint;
use super::world::SimulatedWorld;
use crate::config::{Bus, BusLink, Config, Device, GpioSignal, Point, PointAccess, UartLink};
use crate::domain::DeviceInfo;
use bus_files::BusFiles;
use line_writer::LineWriter;
use probe_writer::ProbeWriter;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use pin_point::SimulatedPinPoint;

/// Folder in memory that every Linux has.
const MEMORY_FOLDER: &str = "/dev/shm";
/// Beginning of the name of a folder; the process id follows.
const FOLDER_PREFIX: &str = "pantau-simulated-";
/// Time between two looks at the lines: a pulse is seen this late at most.
const WRITE_PAUSE: Duration = Duration::from_millis(250);

/// Folder of the simulated pins, with the thread that writes its files.
#[derive(Debug, Default)]
pub(super) struct PinServers {
    // The thread is before the folder, so that it has ended when the folder is removed.
    thread: Option<WriterThread>,
    folder: Option<TempDir>,
    /// Becomes true when sensors that send by themselves may do so.
    started: watch::Sender<bool>,
}

impl PinServers {
    /// Serves a bus of pins; `None` for another kind of bus. Nothing measures before `start`.
    pub(super) fn serve_bus(
        &mut self,
        bus: &Bus,
        devices: &[(&Device, &DeviceInfo)],
        world: &SimulatedWorld,
        files: &mut PinFiles,
        tasks: &mut JoinSet<()>,
    ) -> Option<io::Result<SimulatedEndpoint>> {
        let seed = world.seed();
        let points = devices.iter();
        let points = points.flat_map(|(device, info)| SimulatedPinPoint::all(device, info, seed));
        let points: Vec<SimulatedPinPoint> = points.collect();
        // No `match`: a kind of bus that is added later is not simulated at first.
        Some(if let BusLink::Gpio(_) = &bus.link {
            self.serve_files(bus, files, |folder| {
                Ok(Box::new(LineWriter::new(folder, &points)?))
            })
        } else if let BusLink::OneWire(_) = &bus.link {
            self.serve_files(bus, files, |folder| {
                Ok(Box::new(ProbeWriter::new(folder, points)?))
            })
        } else if let BusLink::I2c(_) = &bus.link {
            self.path_of(bus).and_then(|path| {
                i2c_server::serve_chips(&path, points, world, tasks)?;
                Ok(SimulatedEndpoint::Socket(path))
            })
        } else if let BusLink::Uart(UartLink(line)) = &bus.link {
            let started = self.started.subscribe();
            uart_sender::serve_sensor(line.baud, points, (world, started), tasks)
                .map(SimulatedEndpoint::Port)
        } else {
            return None;
        })
    }

    fn serve_files(
        &mut self,
        bus: &Bus,
        files: &mut PinFiles,
        open: impl FnOnce(&Path) -> io::Result<Box<dyn BusFiles>>,
    ) -> io::Result<SimulatedEndpoint> {
        let path = self.path_of(bus)?;
        std::fs::create_dir(&path)?;
        files.0.push(open(&path)?);
        Ok(SimulatedEndpoint::Folder(path))
    }

    /// Path of a bus in the folder, which is made for the first one.
    fn path_of(&mut self, bus: &Bus) -> io::Result<PathBuf> {
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => make_folder()?,
        };
        let path = folder.path().join(&*bus.id);
        self.folder = Some(folder);
        Ok(path)
    }

    /// Starts the sensors, and the thread that keeps the files up to date. The first values are
    /// there when this returns.
    pub(super) fn start(&mut self, mut files: PinFiles, world: &SimulatedWorld) -> io::Result<()> {
        self.started.send_replace(true);
        files.write(world)?;
        if !files.0.is_empty() {
            self.thread = Some(WriterThread::start(files, world.clone())?);
        }
        Ok(())
    }
}

/// Writers of all buses that are files.
#[derive(Debug, Default)]
pub(super) struct PinFiles(Vec<Box<dyn BusFiles>>);

impl PinFiles {
    fn write(&mut self, world: &SimulatedWorld) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|one| one.write(world))
    }
}

fn make_folder() -> io::Result<TempDir> {
    // Those of simulators that were killed.
    remove_abandoned_folders(Path::new(MEMORY_FOLDER), FOLDER_PREFIX);
    let prefix = format!("{FOLDER_PREFIX}{}-", std::process::id());
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(&prefix);
    // A small computer would wear its card out with files that change all the time.
    let folder = builder.tempdir_in(MEMORY_FOLDER);
    folder.or_else(|_| builder.tempdir())
}

/// Thread that writes files until it is dropped.
// A thread of its own: the reactor that serves the other buses, and the gateway of a demo, must
// not wait for a disk.
#[derive(Debug)]
struct WriterThread {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl WriterThread {
    fn start(mut files: PinFiles, world: SimulatedWorld) -> io::Result<Self> {
        let (stop, stopped) = channel();
        let write_all = move || {
            let mut failed = false;
            while stopped.recv_timeout(WRITE_PAUSE) == Err(RecvTimeoutError::Timeout) {
                let done = files.write(&world);
                if let (Err(error), false) = (&done, failed) {
                    tracing::error!(%error, "simulated pins could not be written");
                }
                failed = done.is_err();
            }
        };
        let thread = std::thread::Builder::new().name("simulated pins".to_owned());
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread.spawn(write_all)?),
        })
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended as well.
            let _ = thread.join();
        }
    }
}

/// Fits a pulse line to a plant whose time runs at another rate than the clock: its pulses come so
/// much faster, and its rate is one in the time of the plant.
pub(super) fn adapt_to_rate(point: &mut Point, rate: f64) {
    let PointAccess::Gpio(line) = &mut point.access else {
        return;
    };
    if rate <= 1.0 {
        return;
    }
    line.rate_max = line.rate_max.map(|most| most * rate);
    if line.signal == GpioSignal::Rate {
        let (factor, exponent) = point.scale.factor;
        // Six digits more, so that the quotient is near enough.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "factors are short decimals"
        )]
        let factor = (factor as f64 * 1e6 / rate).round() as i64;
        point.scale.factor = (factor, exponent.saturating_sub(6));
    }
}

/// Devices of the bus with this index.
pub(super) fn devices_of(config: &Config, bus: usize) -> Vec<(&Device, &DeviceInfo)> {
    let all = config.devices.iter().zip(&config.site.devices);
    all.filter(|(device, _)| device.bus == bus).collect()
}

#[cfg(test)]
mod tests;
