//! [`FrameTap`]: frames of a channel that a technician looks at.

use crate::status::{BusFrame, FrameLog};

/// Frames of one channel on their way to the log.
#[derive(Debug)]
pub(super) struct FrameTap {
    pub(super) log: FrameLog,
    /// Exchange that goes on, while somebody looks.
    pub(super) open: Option<BusFrame>,
}
