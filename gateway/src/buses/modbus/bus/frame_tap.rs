//! Copies what goes over the wire to the [`FrameTap`], for a technician who looks at it.

use super::tapped_frames::FrameTap;
use super::{BusChannel, BusChannelError};
use crate::status::{BusFrame, FrameEnding, FrameLog};
use drivers::frame::ModbusFraming;
use std::ops::Range;
use tokio::time::Instant;

impl BusChannel {
    /// Lets a log have the frames from now on, whenever it is looked at.
    pub(in crate::buses) fn watch_frames(&mut self, log: FrameLog) {
        self.frames = Some(FrameTap { log, open: None });
    }

    /// Begins an exchange with the bytes of its request.
    pub(super) fn tap_request(&mut self, frame: &[u8]) {
        // A request that was sent again within one exchange, such as without additional registers.
        self.tap_ending(FrameEnding::Answered);
        let is_rtu = self.framing == ModbusFraming::Rtu;
        if let Some(tap) = self.frames.as_mut().filter(|tap| tap.log.is_wanted()) {
            tap.open = Some(BusFrame {
                at: Instant::now(),
                is_rtu,
                sent: frame.to_vec(),
                received: Vec::new(),
                answer_time: None,
                ending: FrameEnding::Answered,
            });
        }
    }

    /// Adds bytes of the buffer to the exchange.
    pub(super) fn tap_received(&mut self, bytes: Range<usize>) {
        let open = self.frames.as_mut().and_then(|tap| tap.open.as_mut());
        if let Some(frame) = open {
            frame.received.extend_from_slice(&self.buffer[bytes]);
            frame.answer_time = Some(self.quiet_since.saturating_duration_since(frame.at));
        }
    }

    /// Ends an exchange with its result.
    pub(super) fn tap_result<T>(&mut self, result: Result<&T, &BusChannelError>) {
        if self.frames.as_ref().is_some_and(|tap| tap.open.is_some()) {
            self.tap_ending(match result {
                Ok(_) => FrameEnding::Answered,
                Err(failure) => FrameEnding::Failed(failure.reason(), failure.detail()),
            });
        }
    }

    fn tap_ending(&mut self, ending: FrameEnding) {
        if let Some(tap) = &mut self.frames
            && let Some(frame) = tap.open.take()
        {
            tap.log.push(BusFrame { ending, ..frame });
        }
    }

    /// Keeps bytes of the buffer that answer a request which had been given up.
    pub(super) fn tap_late(&self, bytes: Range<usize>) {
        if let Some(tap) = self.frames.as_ref().filter(|tap| tap.log.is_wanted()) {
            tap.log.push(BusFrame {
                at: Instant::now(),
                is_rtu: self.framing == ModbusFraming::Rtu,
                sent: Vec::new(),
                received: self.buffer[bytes].to_vec(),
                answer_time: None,
                ending: FrameEnding::Late,
            });
        }
    }
}
