//! The reply to one request: received until it is whole, parsed, and told from noise.

use super::received_bytes::{ReceivedBytes, ReplySpan};
use super::{BusChannel, BusChannelError, QUIET_AFTER_REPLY};
use drivers::frame::{
    ModbusFrameError, ModbusFraming, ModbusReadReply, ModbusReadRequest, ParsedFrame,
};
use tokio::time::Instant;

impl BusChannel {
    /// Receives until the reply is whole, or until the deadline.
    pub(super) async fn wait_for_reply(
        &mut self,
        request: ModbusReadRequest,
        deadline: Instant,
    ) -> Result<ReplySpan, BusChannelError> {
        let mut received = ReceivedBytes::default();
        let whole = request.reply_bytes(self.framing);
        loop {
            if let Some(got) = self.parse_reply(request, &mut received)? {
                return Ok(got);
            }
            let room = received.end..self.buffer.len();
            if room.is_empty() {
                return Err(BusChannelError::Corrupt(
                    ModbusFrameError::Length,
                    received.end,
                ));
            }
            // Enough bytes for a whole answer have come, but no frame: the rest of the timeout is
            // better used for another try.
            let until = if whole <= received.noise + received.end - received.start {
                deadline.min(self.quiet_since + QUIET_AFTER_REPLY)
            } else {
                deadline
            };
            let Ok(bytes) = tokio::time::timeout_at(until, self.receive_bytes(room)).await else {
                let failure = received.to_error(self.timeout);
                return Err(self.refine_header_error(failure, request, &received));
            };
            received.end += bytes?;
        }
    }

    /// Returns a more exact error when the header of the answer is wrong.
    fn refine_header_error(
        &self,
        failure: BusChannelError,
        request: ModbusReadRequest,
        seen: &ReceivedBytes,
    ) -> BusChannelError {
        match failure {
            BusChannelError::Corrupt(_, bytes) if self.framing == ModbusFraming::Tcp => {
                let frame = &self.buffer[seen.start..seen.end];
                ModbusReadReply::header_length_error(request, self.transaction, frame)
                    .map_or(failure, |misfit| BusChannelError::Corrupt(misfit, bytes))
            }
            other => other,
        }
    }

    /// Returns a more exact error for an answer that is right but for its transaction.
    fn refine_stale_error(
        &self,
        misfit: ModbusFrameError,
        request: ModbusReadRequest,
        bytes: &[u8],
    ) -> ModbusFrameError {
        if self.framing != ModbusFraming::Tcp || misfit != ModbusFrameError::Stale {
            return misfit;
        }
        ModbusReadReply::transaction_error(request, self.transaction, bytes).unwrap_or(misfit)
    }

    /// Parses the frame at the begin of these bytes, with the errors that this bus accepts.
    fn parse_frame<'a>(
        &self,
        request: ModbusReadRequest,
        bytes: &'a [u8],
    ) -> ParsedFrame<ModbusReadReply<'a>> {
        if self.framing == ModbusFraming::Tcp && self.oddities.any() {
            let odd = ModbusReadReply::parse_odd(request, self.transaction, self.oddities, bytes);
            if !matches!(odd, ParsedFrame::Garbage(..)) {
                return odd;
            }
        }
        ModbusReadReply::parse(request, self.framing, self.transaction, bytes)
    }

    /// Parses the bytes received so far.
    fn parse_reply(
        &mut self,
        request: ModbusReadRequest,
        seen: &mut ReceivedBytes,
    ) -> Result<Option<ReplySpan>, BusChannelError> {
        while seen.start < seen.end {
            let bytes = &self.buffer[seen.start..seen.end];
            match self.parse_frame(request, bytes) {
                ParsedFrame::Incomplete(_) => return Ok(None),
                ParsedFrame::Garbage(misfit, used) => {
                    let misfit = self.refine_stale_error(misfit, request, bytes);
                    if !self.discard_or_match(misfit, used, seen) {
                        return Ok(None);
                    }
                    let is_past = matches!(
                        misfit,
                        ModbusFrameError::Stale
                            | ModbusFrameError::Echo
                            | ModbusFrameError::Transaction { .. }
                    );
                    if self.framing == ModbusFraming::Tcp && !is_past {
                        let failure = BusChannelError::Corrupt(misfit, seen.end);
                        seen.start -= used.max(1);
                        return Err(self.refine_header_error(failure, request, seen));
                    }
                }
                ParsedFrame::Frame(ModbusReadReply::Data(data), used) => {
                    // The CRC at the end of an RTU frame is no data.
                    let tail = if self.framing == ModbusFraming::Rtu {
                        2
                    } else {
                        0
                    };
                    let end = seen.start + used - tail;
                    let start = end - data.len();
                    return Ok(Some(ReplySpan {
                        exception: false,
                        start,
                        end,
                    }));
                }
                ParsedFrame::Frame(ModbusReadReply::Exception(code), _) => {
                    self.buffer[0] = code;
                    return Ok(Some(ReplySpan {
                        exception: true,
                        start: 0,
                        end: 1,
                    }));
                }
            }
        }
        Ok(None)
    }
}
