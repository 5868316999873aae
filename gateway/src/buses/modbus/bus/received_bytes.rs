//! [`ReceivedBytes`]: what one exchange has received, and [`ReplySpan`]: where the answer is.

use super::channel_error::BusChannelError;
use drivers::frame::ModbusFrameError;
use std::time::Duration;

/// Position of the answer in the buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReplySpan {
    pub(super) exception: bool,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Bytes received in one exchange.
#[derive(Debug, Default)]
pub(super) struct ReceivedBytes {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Bytes before `start` that belong to no frame.
    pub(super) noise: usize,
    pub(super) misfit: Option<ModbusFrameError>,
}

impl ReceivedBytes {
    pub(super) fn to_error(&self, timeout: Duration) -> BusChannelError {
        if self.start < self.end || self.misfit.is_some() {
            return BusChannelError::Corrupt(
                self.misfit.unwrap_or(ModbusFrameError::Length),
                self.end,
            );
        }
        BusChannelError::Timeout(timeout.as_millis())
    }
}
