//! Reaction to a read that was refused or not answered: it is split, shortened, moved or suspended.

use super::DeviceReader;
use crate::buses::modbus::answer_record::AnswerRecord;
use crate::buses::modbus::bus::BusChannelError;
use crate::buses::modbus::silence_tracker::SilenceRemedy;
use crate::buses::modbus::tracked_read::TrackedRead;
use crate::domain::{FaultDetail, MonoMs, QualityReason};
use crate::limits::BACKOFF_MAX_MS;
use drivers::frame::ModbusReadRequest;

impl DeviceReader {
    /// Handles a timed-out read: the poll ends with the error; a single value that timed out
    /// several times is suspended instead, and the poll continues.
    pub(super) fn handle_silence(
        &mut self,
        index: usize,
        failure: BusChannelError,
        now: MonoMs,
    ) -> Result<bool, BusChannelError> {
        let ask = &self.asks[index].read;
        let request = ask.to_request(self.device.unit);
        let Some(parts) = ask.split(&self.asked) else {
            let (table, address, count) = (ask.table, ask.address, ask.count);
            let remedy = self
                .silence
                .record_silence(request, self.answers > 0, false);
            if remedy == SilenceRemedy::Wait || self.silences > 1 {
                return Err(failure);
            }
            self.asks[index].refused =
                Some((QualityReason::Timeout, MonoMs(now.0 + BACKOFF_MAX_MS)));
            self.image
                .store_failure(table, address, count, QualityReason::Timeout);
            return Ok(true);
        };
        let has_peer = self.has_comparable_read(index);
        match self.decide_remedy(request, has_peer) {
            SilenceRemedy::Wait => {}
            SilenceRemedy::Compare => {
                self.asks[index].was_silent = true;
                // The failed read goes to the end: the next poll begins with a comparable one.
                self.asks[index..].rotate_left(1);
                self.has_learnt = true;
            }
            SilenceRemedy::Shorten(_) => self.replan(),
            SilenceRemedy::Split => {
                let parts = parts.into_iter().map(TrackedRead::new);
                self.asks.splice(index..=index, parts);
                self.has_learnt = true;
            }
        }
        Err(failure)
    }

    /// True when other reads of about the same length exist and none of them timed out so far.
    fn has_comparable_read(&self, index: usize) -> bool {
        let ask = &self.asks[index].read;
        let others = self.asks.iter().enumerate();
        let mut peers = others
            .filter(|(other, _)| *other != index)
            .map(|(_, other)| other)
            .filter(|other| other.read.table == ask.table && 2 * other.read.count > ask.count)
            .peekable();
        peers.peek().is_some() && peers.all(|other| !other.was_silent)
    }

    /// Decides on a read that timed out and that could be shorter; a learned length limit is
    /// logged.
    pub(super) fn decide_remedy(
        &mut self,
        request: ModbusReadRequest,
        has_peer: bool,
    ) -> SilenceRemedy {
        let remedy = self
            .silence
            .record_silence(request, self.answers > 0, has_peer);
        if remedy != SilenceRemedy::Wait {
            // Its length or a register explains the silence: the device answers what it can.
            self.record = AnswerRecord::default();
        }
        if let SilenceRemedy::Shorten(most) = remedy {
            let (device, silent) = (&*self.device.id, request.count);
            tracing::warn!(
                device,
                silent,
                most,
                "device answers short reads only: its reads are limited to fewer registers"
            );
            let english = format!("; it answers shorter reads: at most {most} from now on");
            let limit = FaultDetail::message(english, "detail-shorter-reads", &[("most", &most)]);
            self.detail = std::mem::take(&mut self.detail).followed_by(limit);
            self.has_learnt = true;
        }
        remedy
    }

    /// Handles a refused read: splits it, or remembers the refusal. Same result as
    /// `perform_read`.
    pub(super) fn handle_exception(
        &mut self,
        index: usize,
        code: u8,
        now: MonoMs,
    ) -> Result<bool, BusChannelError> {
        let ask = &self.asks[index].read;
        let place = format!("{:?}:{} x {}: ", ask.table, ask.address, ask.count);
        self.detail = FaultDetail::from(place).followed_by(BusChannelError::Refused(code).detail());
        // 10 and 11 come from a gateway: the device behind it is unreachable.
        if matches!(code, 10 | 11) {
            return Err(BusChannelError::Refused(code));
        }
        // 2 and 3: one register of the range may be missing; the others may be readable.
        if matches!(code, 2 | 3)
            && let Some(parts) = ask.split(&self.asked)
        {
            self.asks
                .splice(index..=index, parts.into_iter().map(TrackedRead::new));
            return Ok(false);
        }
        self.image.store_failure(
            ask.table,
            ask.address,
            ask.count,
            QualityReason::Refused(code),
        );
        // 1 to 3 do not change soon; others (4 failure, 6 busy) are tried at the next poll.
        if matches!(code, 1..=3) {
            let until = MonoMs(now.0 + BACKOFF_MAX_MS);
            self.asks[index].refused = Some((QualityReason::Refused(code), until));
        }
        Ok(true)
    }
}
