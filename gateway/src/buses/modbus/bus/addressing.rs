//! Requests of the addressing wizard, which gives a device another address or speed: listens for
//! every reply, and is the only code that writes to a device.

use super::channel_error::not_open_error;
use super::shared_bus::unexpected_answer_error;
use super::{BUFFER_BYTES, BusChannel, BusChannelError, duration_from_ms};
use crate::bus_request::{BusRequestAnswer, BusRequestKind, ResponderCount};
use drivers::frame::{
    FRAME_MAX, ModbusFrameError, ModbusFraming, ModbusReadReply, ModbusReadRequest,
    ModbusRequest as _, ParsedFrame,
};
use drivers::write_request::ModbusWriteRequest;
use std::time::Duration;
use tokio::time::Instant;

/// Extra listening time: two devices that answer the same request need not start together.
const LISTEN_EXTRA: Duration = Duration::from_millis(200);

impl BusChannel {
    /// Sends a request and listens for the whole timeout to all replies.
    pub async fn listen_for_replies(
        &mut self,
        request: ModbusReadRequest,
    ) -> Result<ResponderCount, BusChannelError> {
        if self.has_owner() {
            return match self
                .send_bus_request(BusRequestKind::Listen(request), Duration::ZERO)
                .await?
            {
                BusRequestAnswer::Responders(heard) => Ok(heard),
                _ => Err(unexpected_answer_error()),
            };
        }
        let mut frame = [0; FRAME_MAX];
        self.transaction = self.transaction.wrapping_add(1);
        let length = request.build(self.framing, self.transaction, &mut frame);
        let answer = request.reply_bytes(self.framing);
        let came = self.send_and_collect(&frame[..length], answer).await?;
        let heard = classify_replies(request, self.framing, self.transaction, &came);
        // One clean reply is complete: nothing can follow it.
        if heard != ResponderCount::One && self.framing == ModbusFraming::Rtu {
            // A reply that comes still later must not be taken for the answer to a poll.
            self.record_outstanding(request);
        }
        Ok(heard)
    }

    /// Writes; returns the exception code when the device refuses. Success must be verified by a
    /// read.
    pub async fn write(
        &mut self,
        write: ModbusWriteRequest,
    ) -> Result<Option<u8>, BusChannelError> {
        if self.has_owner() {
            return match self
                .send_bus_request(BusRequestKind::Write(write), Duration::ZERO)
                .await?
            {
                BusRequestAnswer::Written => Ok(None),
                BusRequestAnswer::Exception(code) => Ok(Some(code)),
                _ => Err(unexpected_answer_error()),
            };
        }
        let mut frame = [0; FRAME_MAX];
        self.transaction = self.transaction.wrapping_add(1);
        let length = write.build(self.framing, self.transaction, &mut frame);
        let came = self.send_and_collect(&frame[..length], length).await?;
        // Some adapters echo what was sent.
        let came = came.strip_prefix(&frame[..length]).unwrap_or(&came);
        Ok(write.exception_code(self.framing, came))
    }

    /// Sends a frame and collects everything until the time is over. A TCP connection is closed
    /// afterwards, so that nothing late is taken for another answer.
    async fn send_and_collect(
        &mut self,
        frame: &[u8],
        answer: usize,
    ) -> Result<Vec<u8>, BusChannelError> {
        self.open().await?;
        self.wait_until_ready(Duration::ZERO).await;
        self.send_frame(frame).await?;
        let line = self.serial_line();
        let bytes = f64::from(u16::try_from(frame.len() + answer).unwrap_or(u16::MAX));
        let on_wire = line.map_or(Duration::ZERO, |line| {
            duration_from_ms(bytes * line.character_ms())
        });
        let until = Instant::now() + on_wire + self.timeout + LISTEN_EXTRA;
        let mut end = 0;
        while end < BUFFER_BYTES {
            let wire = self.wire.as_mut().ok_or_else(not_open_error)?;
            let room = &mut self.buffer[end..];
            match tokio::time::timeout_at(until, wire.receive(room)).await {
                Ok(Ok(bytes)) => end += bytes,
                // A network device that closes the connection has sent everything.
                Ok(Err(_)) | Err(_) => break,
            }
        }
        self.quiet_since = Instant::now();
        self.tap_received(0..end);
        self.tap_result(Ok(&()));
        // The next request must not be answered by what is still under way on this connection.
        if self.framing == ModbusFraming::Tcp {
            self.wire = None;
        }
        Ok(self.buffer[..end].to_vec())
    }
}

/// Classifies all bytes received after one request.
fn classify_replies(
    request: ModbusReadRequest,
    framing: ModbusFraming,
    transaction: u16,
    mut bytes: &[u8],
) -> ResponderCount {
    let (mut frames, mut noise) = (0, 0);
    while !bytes.is_empty() {
        let used = match ModbusReadReply::parse(request, framing, transaction, bytes) {
            ParsedFrame::Incomplete(_) => {
                noise += bytes.len();
                bytes.len()
            }
            ParsedFrame::Frame(_, used) => {
                frames += 1;
                used
            }
            // An adapter that echoes the request is no second device.
            ParsedFrame::Garbage(ModbusFrameError::Echo, used) => used,
            ParsedFrame::Garbage(_, used) => {
                noise += used;
                used.max(1)
            }
        };
        bytes = bytes.get(used..).unwrap_or_default();
    }
    match (frames, noise) {
        (0, 0) => ResponderCount::Nothing,
        (1, 0) => ResponderCount::One,
        (2.., _) => ResponderCount::Several,
        _ => ResponderCount::Garbled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drivers::frame::ModbusReadFunction;
    use proptest::prelude::*;

    const ASKED: ModbusReadRequest = ModbusReadRequest {
        unit: 1,
        function: ModbusReadFunction::Holding,
        address: 0,
        count: 1,
    };

    fn rtu_answer(data: [u8; 2]) -> Vec<u8> {
        let mut out = [0; FRAME_MAX];
        let length = ModbusReadReply::Data(&data).build(ASKED, ModbusFraming::Rtu, 0, &mut out);
        out[..length].to_vec()
    }

    fn classify_rtu(bytes: &[u8]) -> ResponderCount {
        classify_replies(ASKED, ModbusFraming::Rtu, 0, bytes)
    }

    #[test]
    fn two_devices_at_one_address_are_heard_one_after_the_other_and_at_once() {
        let (one, other) = (rtu_answer([0, 7]), rtu_answer([1, 9]));
        assert_eq!(classify_rtu(&[]), ResponderCount::Nothing);
        assert_eq!(classify_rtu(&one), ResponderCount::One);
        assert_eq!(
            classify_rtu(&[one.clone(), other.clone()].concat()),
            ResponderCount::Several
        );
        let both: Vec<u8> = one.iter().zip(&other).map(|(a, b)| a & b).collect();
        assert_eq!(classify_rtu(&both), ResponderCount::Garbled);
        assert_eq!(
            classify_rtu(&[one, vec![0xff]].concat()),
            ResponderCount::Garbled
        );
    }

    #[test]
    fn a_refusal_and_an_echo_are_no_second_device() {
        let mut out = [0; FRAME_MAX];
        let length = ModbusReadReply::Exception(2).build(ASKED, ModbusFraming::Rtu, 0, &mut out);
        assert_eq!(classify_rtu(&out[..length]), ResponderCount::One);
        let length = ASKED.build(ModbusFraming::Rtu, 0, &mut out);
        let echoed = [&out[..length], &rtu_answer([0, 7])].concat();
        assert_eq!(classify_rtu(&echoed), ResponderCount::One);
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if !bytes.is_empty() {
                prop_assert_ne!(classify_rtu(&bytes), ResponderCount::Nothing);
            }
            let _ = classify_replies(ASKED, ModbusFraming::Tcp, 1, &bytes);
        }
    }
}
