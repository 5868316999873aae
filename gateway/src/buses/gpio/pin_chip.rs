//! [`PinChip`]: a chip with lines, in the kernel or simulated.

use crate::config::GpioPoint;
use crate::domain::QualityReason;
use std::fmt::Debug;

/// Chip whose lines can be opened as inputs.
pub trait PinChip: Debug + Send {
    /// Opens a line with these settings; it waits for nothing. Errors: no such chip or line, no
    /// permission, or the line is taken.
    fn open_line(&mut self, settings: &GpioPoint) -> Result<Box<dyn PinLine>, PinError>;
}

/// Open line.
pub trait PinLine: Debug + Send {
    /// Whether the line is active now.
    fn is_active(&mut self) -> Result<bool, PinError>;

    /// Takes the edges that wait, oldest first; `each` gets one after the other. It does not wait
    /// for more.
    fn take_events(&mut self, each: &mut dyn FnMut(LineEvent)) -> Result<(), PinError>;
}

/// Edge of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineEvent {
    /// Number of the edge on its line, from 1; edges that were not delivered count as well.
    pub number: u32,
    /// Time by the monotonic clock, nanoseconds.
    pub at_ns: u64,
    /// The line became active.
    pub is_rising: bool,
}

/// Error of a line: reason and text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct PinError {
    /// Reason as samples carry it.
    pub reason: QualityReason,
    /// Text that names the line, and what to do.
    pub message: String,
}
