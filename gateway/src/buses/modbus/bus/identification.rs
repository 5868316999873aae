//! Device identification over a bus (function 43/14): manufacturer, product code and revision.

use super::{BusChannel, BusChannelError, ReceivedBytes};
use crate::bus_request::{BusRequestAnswer, BusRequestKind};
use crate::limits::IDENTIFICATION_REPLIES_MAX;
use drivers::frame::{FRAME_MAX, ModbusFrameError, ModbusFraming, ModbusRequest as _, ParsedFrame};
use drivers::identification::{IdentificationReply, IdentificationRequest};
use std::time::Duration;

impl BusChannel {
    /// Reads the basic identification of a unit: object number (0 vendor, 1 product code, 2
    /// revision) and text, or the exception code.
    pub async fn read_identification(
        &mut self,
        unit: u8,
        gap: Duration,
    ) -> Result<Result<Vec<(u8, String)>, u8>, BusChannelError> {
        let mut all: Vec<(u8, String)> = Vec::new();
        let mut object = 0;
        // The texts may not fit one frame; the device then names the object to continue with.
        for _ in 0..IDENTIFICATION_REPLIES_MAX {
            let said = self
                .request_identification(IdentificationRequest { unit, object }, gap)
                .await?;
            let next = match said {
                BusRequestAnswer::Objects(objects, next) => {
                    all.extend(objects);
                    next
                }
                // An exception after the first part ends the list; what came before it counts.
                BusRequestAnswer::Exception(code) if all.is_empty() => return Ok(Err(code)),
                BusRequestAnswer::Exception(_)
                | BusRequestAnswer::Data(_)
                | BusRequestAnswer::Responders(_)
                | BusRequestAnswer::Outcomes(..)
                | BusRequestAnswer::Written => None,
            };
            match next {
                // A next object that is not greater would repeat the list for ever.
                Some(next) if next > object => object = next,
                _ => break,
            }
        }
        Ok(Ok(all))
    }

    pub(super) async fn request_identification(
        &mut self,
        question: IdentificationRequest,
        gap: Duration,
    ) -> Result<BusRequestAnswer, BusChannelError> {
        if self.owner.is_some() {
            return self
                .send_bus_request(BusRequestKind::Identification(question), gap)
                .await;
        }
        self.drop_doubtful_connection(question.unit);
        let reused = self.wire.is_some();
        let mut result = self.exchange_identification(question, gap).await;
        if reused && matches!(result, Err(BusChannelError::Unreachable(_))) {
            self.wire = None;
            result = self.exchange_identification(question, gap).await;
        }
        self.tap_result(result.as_ref());
        match &result {
            Ok(_) => self.connection.record_answer(question.unit),
            Err(BusChannelError::Timeout(_)) => {
                self.connection.record_silence(question.unit, self.sent_at);
            }
            Err(BusChannelError::Corrupt(..)) if self.framing == ModbusFraming::Tcp => {
                self.wire = None;
            }
            Err(_) => {}
        }
        result
    }

    async fn exchange_identification(
        &mut self,
        question: IdentificationRequest,
        gap: Duration,
    ) -> Result<BusRequestAnswer, BusChannelError> {
        self.open().await?;
        self.wait_until_ready(gap).await;
        self.transaction = self.transaction.wrapping_add(1);
        let mut frame = [0; FRAME_MAX];
        let length = question.build(self.framing, self.transaction, &mut frame);
        self.send_frame(&frame[..length]).await?;
        // The first byte must come within the timeout; the length of the rest is not known in
        // advance.
        let first = self.quiet_since + self.wire_time(length) + self.timeout;
        let last = first + self.wire_time(FRAME_MAX);
        let mut seen = ReceivedBytes::default();
        loop {
            if let Some(said) = self.parse_identification(question, &mut seen)? {
                return Ok(said);
            }
            let room = seen.end..self.buffer.len();
            if room.is_empty() {
                return Err(BusChannelError::Corrupt(ModbusFrameError::Length, seen.end));
            }
            let until = if seen.end == 0 { first } else { last };
            match tokio::time::timeout_at(until, self.receive_bytes(room)).await {
                Ok(bytes) => seen.end += bytes?,
                Err(_) => return Err(seen.to_error(self.timeout)),
            }
        }
    }

    fn parse_identification(
        &mut self,
        question: IdentificationRequest,
        seen: &mut ReceivedBytes,
    ) -> Result<Option<BusRequestAnswer>, BusChannelError> {
        while seen.start < seen.end {
            let bytes = &self.buffer[seen.start..seen.end];
            match question.parse(self.framing, self.transaction, bytes) {
                ParsedFrame::Incomplete(_) => return Ok(None),
                ParsedFrame::Garbage(misfit, used) => {
                    if !self.discard_or_match(misfit, used, seen) {
                        return Ok(None);
                    }
                    if self.framing == ModbusFraming::Tcp && misfit != ModbusFrameError::Stale {
                        return Err(BusChannelError::Corrupt(misfit, seen.end));
                    }
                }
                ParsedFrame::Frame(IdentificationReply::Exception(code), _) => {
                    return Ok(Some(BusRequestAnswer::Exception(code)));
                }
                ParsedFrame::Frame(IdentificationReply::Objects(objects, next), _) => {
                    let text = |text: &[u8]| {
                        let text = String::from_utf8_lossy(text);
                        // Control characters in vendor texts would spoil terminals and log files.
                        let text: String = text.chars().filter(|c| !c.is_control()).collect();
                        text.trim().to_owned()
                    };
                    let objects = objects.map(|(number, bytes)| (number, text(bytes)));
                    return Ok(Some(BusRequestAnswer::Objects(objects.collect(), next)));
                }
            }
        }
        Ok(None)
    }
}
