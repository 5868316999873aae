//! Answers to earlier requests: recognised as late, counted separately from noise, and discarded.

use super::channel_error::unreachable_error;
use super::outstanding::{AnswerLateness, OutstandingMatch};
use super::{BUFFER_BYTES, BusChannel, BusChannelError, ReceivedBytes};
use drivers::frame::{ModbusFrameError, ModbusFraming, ModbusReadReply, ParsedFrame};
use tokio::time::Instant;

impl BusChannel {
    /// True while an answer may still arrive although no request is in progress.
    pub fn awaits_late_answer(&self) -> bool {
        self.owner.is_none() && self.wire.is_some() && self.outstanding.has_open_requests()
    }

    /// Returns the units whose answers come after the timeout.
    pub fn late_units(&self) -> Vec<u8> {
        self.outstanding.late_units().collect()
    }

    /// Returns the delay of this unit's answers; `None` when it does not answer late.
    pub fn lateness(&self, unit: u8) -> Option<AnswerLateness> {
        self.outstanding.lateness(unit)
    }

    /// True when nothing was answered on this connection yet and the far side may still discard
    /// requests after connecting.
    pub fn may_be_settling(&self) -> bool {
        self.is_network() && self.wire.is_some() && self.connection.may_be_settling(Instant::now())
    }

    /// True when the last timeout was caused by the device, not by the quiet time of a new
    /// connection.
    pub fn is_silence_meaningful(&self) -> bool {
        !self.is_network() || self.connection.is_silence_meaningful()
    }

    /// Receives while no request is in progress, until an outstanding answer came or the connection
    /// was closed. Cancel safe: received bytes are kept.
    pub async fn listen_for_late_answers(&mut self) {
        let late = self.counts.late;
        while self.awaits_late_answer() && self.counts.late == late {
            // Full of noise without any frame: nothing of it can be matched.
            if self.overheard >= BUFFER_BYTES {
                self.overheard = 0;
            }
            let Some(wire) = self.wire.as_mut() else {
                return;
            };
            let room = &mut self.buffer[self.overheard..];
            match wire.receive(room).await {
                Ok(bytes) => {
                    self.overheard += bytes;
                    self.quiet_since = Instant::now();
                    self.match_late_answers(Some(self.quiet_since));
                }
                Err(_) => self.wire = None,
            }
        }
    }

    /// Drops a connection with too many timeouts, unless bytes received meanwhile show that it
    /// works. Late answers are counted first.
    pub(super) fn drop_doubtful_connection(&mut self, unit: u8) {
        if self.connection.is_doubtful(unit) && self.wire.is_some() && self.is_network() {
            // Late answers in the receive buffer may prove that the connection works.
            let gone = self.drain_input().is_err();
            if gone || self.connection.is_doubtful(unit) {
                self.wire = None;
            }
        }
    }

    /// Reads and discards what came without a request.
    pub(super) fn drain_input(&mut self) -> Result<(), BusChannelError> {
        if self.overheard >= BUFFER_BYTES {
            self.overheard = 0;
        }
        let room = &mut self.buffer[self.overheard..];
        let came = match self.wire.as_mut() {
            Some(wire) => wire
                .drain_input(room)
                .map_err(|fault| unreachable_error(&fault))?,
            None => 0,
        };
        if came > 0 {
            self.overheard += came;
            // The time of arrival is not known.
            self.match_late_answers(None);
        }
        if self.overheard > 0 {
            self.counts.stale += 1;
            self.overheard = 0;
        }
        Ok(())
    }

    /// Searches the received bytes for outstanding answers; drops and counts the others.
    fn match_late_answers(&mut self, heard: Option<Instant>) {
        self.outstanding.drop_expired(Instant::now());
        let (mut start, mut dropped) = (0, false);
        while start < self.overheard {
            let bytes = &self.buffer[start..self.overheard];
            match self.outstanding.match_answer(self.framing, bytes, heard) {
                OutstandingMatch::Complete(used) => {
                    self.tap_late(start..start + used);
                    start += used;
                    self.count_late_answer();
                }
                OutstandingMatch::Partial => break,
                OutstandingMatch::None => {
                    if let Some(used) = self.second_answer_bytes(start) {
                        start += used;
                        self.second_answers += 1;
                    } else {
                        // A frame may begin at any byte after noise.
                        (start, dropped) = (start + 1, true);
                    }
                }
            }
        }
        self.buffer.copy_within(start..self.overheard, 0);
        self.overheard -= start;
        self.counts.stale += u64::from(dropped);
    }

    /// Length of the whole answer to the last answered request that begins at this byte of the
    /// buffer.
    fn second_answer_bytes(&self, start: usize) -> Option<usize> {
        let bytes = &self.buffer[start..self.overheard];
        match ModbusReadReply::parse(self.answered?, self.framing, 0, bytes) {
            ParsedFrame::Frame(_, used) => Some(used),
            ParsedFrame::Incomplete(_) | ParsedFrame::Garbage(..) => None,
        }
    }

    fn count_late_answer(&mut self) {
        self.counts.late += 1;
        self.connection.record_late_answer();
    }

    /// Discards bytes that are not the expected answer, or matches them with an outstanding one;
    /// false when more bytes are needed to decide.
    pub(super) fn discard_or_match(
        &mut self,
        misfit: ModbusFrameError,
        used: usize,
        seen: &mut ReceivedBytes,
    ) -> bool {
        if misfit != ModbusFrameError::Echo && self.outstanding.has_open_requests() {
            let bytes = &self.buffer[seen.start..seen.end];
            match self
                .outstanding
                .match_answer(self.framing, bytes, Some(self.quiet_since))
            {
                OutstandingMatch::Complete(used) => {
                    self.tap_late(seen.start..seen.start + used);
                    seen.start += used;
                    self.count_late_answer();
                    return true;
                }
                // On TCP the length in the header already says that this is not our frame; on a
                // line more bytes may complete a late answer.
                OutstandingMatch::Partial if self.framing == ModbusFraming::Rtu => return false,
                OutstandingMatch::Partial | OutstandingMatch::None => {}
            }
        }
        seen.start += used.max(1);
        match misfit {
            ModbusFrameError::Stale => self.counts.stale += 1,
            // Right but for its number: told when nothing better comes.
            ModbusFrameError::Transaction { .. } => {
                self.counts.stale += 1;
                seen.misfit = seen.misfit.max(Some(misfit));
            }
            ModbusFrameError::Echo => {}
            _ => {
                let is_noise =
                    matches!(misfit, ModbusFrameError::Noise | ModbusFrameError::Checksum);
                seen.noise += if is_noise { used } else { 0 };
                // The most exact mismatch is reported: a wrong checksum says more than noise.
                seen.misfit = seen.misfit.max(Some(misfit));
            }
        }
        true
    }
}
