//! [`KernelChip`]: lines of a GPIO character device (kernel uAPI v2).

use super::pin_chip::{LineEvent, PinChip, PinError, PinLine};
use crate::buses::device_access::access_error;
use crate::config::{GpioLine, GpioPoint, LineBias, LineEdge};
use crate::domain::QualityReason;
use gpiocdev::chip::Chip;
use gpiocdev::line::{Bias, EdgeDetection, EdgeKind, Info, Value};
use gpiocdev::request::Request;
use std::path::{Path, PathBuf};

/// Name under which the lines are taken, as `gpioinfo` shows it.
pub(super) const CONSUMER: &str = "pantau";
/// Edges that the kernel keeps for one line; its own limit.
const QUEUED_EDGES: u32 = 1024;
/// Edges that one system call takes out.
const EVENTS_PER_READ: usize = 64;

/// Chip of the kernel, opened at the first use and again when it was gone.
#[derive(Debug)]
pub(super) struct KernelChip {
    path: PathBuf,
}

impl KernelChip {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
        }
    }

    fn find_line(&self, chip: &Chip, line: &GpioLine) -> Result<Info, PinError> {
        let info = match line {
            GpioLine::Number(number) => chip.line_info(*number).ok(),
            GpioLine::Name(name) => chip.find_line_info(name),
        };
        info.ok_or_else(|| PinError {
            reason: QualityReason::Absent,
            message: format!(
                "{} does not exist; `gpioinfo` lists the lines",
                line_name(&self.path, line)
            ),
        })
    }

    /// Error of the chip itself, with what to do about it.
    fn chip_error(&self, error: &gpiocdev::Error) -> PinError {
        let message = match std::fs::File::open(&self.path) {
            Err(system) => {
                let advice = "`gpiodetect` lists the chips";
                access_error(&self.path, &system, "gpio", advice)
            }
            Ok(_) => format!("{}: {error}", self.path.display()),
        };
        PinError {
            reason: QualityReason::Unreachable,
            message,
        }
    }
}

impl PinChip for KernelChip {
    fn open_line(&mut self, settings: &GpioPoint) -> Result<Box<dyn PinLine>, PinError> {
        let Some(line) = &settings.line else {
            return Err(PinError {
                reason: QualityReason::Absent,
                message: "no line in the configuration".to_owned(),
            });
        };
        let chip = Chip::from_path(&self.path).map_err(|error| self.chip_error(&error))?;
        let info = self.find_line(&chip, line)?;
        let name = line_name(&self.path, line);
        let opened = request_line(&self.path, info.offset, settings);
        let request = opened.map_err(|error| line_error(&name, &info, &error))?;
        let offset = info.offset;
        Ok(Box::new(KernelLine {
            name,
            offset,
            request,
        }))
    }
}

/// Line of a chip, as `gpioinfo` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLine {
    /// Number on the chip.
    pub number: u32,
    /// Name that the chip gives it; may be empty.
    pub name: String,
    /// Program that uses it; `None`: it is free.
    pub used_by: Option<String>,
}

/// Returns the lines of a chip.
pub(super) fn list_lines(chip: &Path) -> std::io::Result<Vec<FoundLine>> {
    // Opened first: the system's error says more than that of the chip.
    std::fs::File::open(chip)?;
    let error = |error: gpiocdev::Error| std::io::Error::other(error.to_string());
    let chip = Chip::from_path(chip).map_err(error)?;
    let lines = chip.line_info_iter().map_err(error)?;
    let line = |info: Result<Info, gpiocdev::Error>| {
        let info = info.map_err(error)?;
        Ok(FoundLine {
            number: info.offset,
            name: info.name,
            used_by: info.used.then_some(info.consumer),
        })
    };
    lines.map(line).collect()
}

/// Error of a line that cannot be taken: another program has it, or the system refuses.
fn line_error(name: &str, info: &Info, error: &gpiocdev::Error) -> PinError {
    if info.used {
        return PinError {
            reason: QualityReason::InUse,
            message: format!("{name} is used by \"{}\"", info.consumer),
        };
    }
    PinError {
        reason: QualityReason::Unreachable,
        message: format!("{name}: {error}"),
    }
}

fn request_line(
    chip: &Path,
    offset: u32,
    settings: &GpioPoint,
) -> Result<Request, gpiocdev::Error> {
    let mut wish = Request::builder();
    wish.on_chip(chip)
        .with_consumer(CONSUMER)
        .with_kernel_event_buffer_size(QUEUED_EDGES)
        .with_line(offset)
        .as_input()
        .with_bias(match settings.bias {
            LineBias::PullUp => Some(Bias::PullUp),
            LineBias::PullDown => Some(Bias::PullDown),
            LineBias::None => Some(Bias::Disabled),
            LineBias::AsIs => None,
        })
        .with_edge_detection(edges_wanted(settings));
    if settings.active_low {
        wish.as_active_low();
    }
    if !settings.debounce.is_zero() {
        wish.with_debounce_period(settings.debounce);
    }
    wish.request()
}

fn edges_wanted(settings: &GpioPoint) -> EdgeDetection {
    match settings.watched_edges() {
        LineEdge::Both => EdgeDetection::BothEdges,
        LineEdge::Rising => EdgeDetection::RisingEdge,
        LineEdge::Falling => EdgeDetection::FallingEdge,
    }
}

/// Line of the kernel.
#[derive(Debug)]
struct KernelLine {
    name: String,
    offset: u32,
    request: Request,
}

impl KernelLine {
    fn error(&self, error: &gpiocdev::Error) -> PinError {
        PinError {
            reason: QualityReason::Unreachable,
            message: format!("{}: {error}", self.name),
        }
    }
}

impl PinLine for KernelLine {
    fn is_active(&mut self) -> Result<bool, PinError> {
        let value = self.request.value(self.offset);
        let value = value.map_err(|error| self.error(&error))?;
        Ok(value == Value::Active)
    }

    fn take_events(&mut self, each: &mut dyn FnMut(LineEvent)) -> Result<(), PinError> {
        let mut events = self.request.new_edge_event_buffer(EVENTS_PER_READ);
        // Bounded: a line that bounces for ever must not hold the other buses up.
        for _ in 0..QUEUED_EDGES {
            let waits = events.has_event();
            if !waits.map_err(|error| self.error(&error))? {
                break;
            }
            let event = events.read_event();
            let event = event.map_err(|error| self.error(&error))?;
            each(LineEvent {
                number: event.line_seqno,
                at_ns: event.timestamp_ns,
                is_rising: event.kind == EdgeKind::Rising,
            });
        }
        Ok(())
    }
}

/// Name of a line for messages, with its chip.
pub(super) fn line_name(chip: &std::path::Path, line: &GpioLine) -> String {
    format!("line {line} of {}", chip.display())
}
