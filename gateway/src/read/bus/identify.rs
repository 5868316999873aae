//! The device identification over a bus: what a device says of its maker and model.

use super::{Channel, Failure, Received};
use crate::errand::{Said, Wanted};
use crate::limits::IDENTIFICATION_PARTS_MAX;
use drivers::frame::{FRAME_MAX, Framing, Misfit, Parsed};
use drivers::identification::{Answer, Question};
use std::time::Duration;

impl Channel {
    /// The basic texts of a unit by their numbers (0 vendor, 1 product code, 2 revision), or the
    /// exception's code.
    pub async fn identify(
        &mut self,
        unit: u8,
        gap: Duration,
    ) -> Result<Result<Vec<(u8, String)>, u8>, Failure> {
        let mut all: Vec<(u8, String)> = Vec::new();
        let mut object = 0;
        for _ in 0..IDENTIFICATION_PARTS_MAX {
            let said = self.ask_identity(Question { unit, object }, gap).await?;
            let next = match said {
                Said::Objects(objects, next) => {
                    all.extend(objects);
                    next
                }
                Said::Exception(code) if all.is_empty() => return Ok(Err(code)),
                Said::Exception(_) | Said::Data(_) | Said::Heard(_) | Said::Written => None,
            };
            match next {
                Some(next) if next > object => object = next,
                _ => break,
            }
        }
        Ok(Ok(all))
    }

    pub(super) async fn ask_identity(
        &mut self,
        question: Question,
        gap: Duration,
    ) -> Result<Said, Failure> {
        if self.owner.is_some() {
            return self
                .send_errand(Wanted::Identification(question), gap)
                .await;
        }
        self.give_up_doubtful(question.unit);
        let reused = self.wire.is_some();
        let mut result = self.identification(question, gap).await;
        if reused && matches!(result, Err(Failure::Unreachable(_))) {
            self.wire = None;
            result = self.identification(question, gap).await;
        }
        match &result {
            Ok(_) => self.connection.answered(question.unit),
            Err(Failure::Timeout(_)) => self.connection.silent(question.unit, self.sent_at),
            Err(Failure::Corrupt(..)) if self.framing == Framing::Tcp => self.wire = None,
            Err(_) => {}
        }
        result
    }

    async fn identification(&mut self, question: Question, gap: Duration) -> Result<Said, Failure> {
        self.open().await?;
        self.rest(gap).await;
        self.transaction = self.transaction.wrapping_add(1);
        let mut frame = [0; FRAME_MAX];
        let length = question.build(self.framing, self.transaction, &mut frame);
        self.put(&frame[..length]).await?;
        // The first byte comes within the timeout; how many follow it nobody knows before.
        let first = self.quiet_since + self.wire_time(length) + self.timeout;
        let last = first + self.wire_time(FRAME_MAX);
        let mut seen = Received::default();
        loop {
            if let Some(said) = self.heard(question, &mut seen)? {
                return Ok(said);
            }
            let room = seen.end..self.buffer.len();
            if room.is_empty() {
                return Err(Failure::Corrupt(Misfit::Length, seen.end));
            }
            let until = if seen.end == 0 { first } else { last };
            match tokio::time::timeout_at(until, self.take(room)).await {
                Ok(bytes) => seen.end += bytes?,
                Err(_) => return Err(seen.failure(self.timeout)),
            }
        }
    }

    fn heard(&mut self, question: Question, seen: &mut Received) -> Result<Option<Said>, Failure> {
        while seen.start < seen.end {
            let bytes = &self.buffer[seen.start..seen.end];
            match question.parse(self.framing, self.transaction, bytes) {
                Parsed::More(_) => return Ok(None),
                Parsed::Garbage(misfit, used) => {
                    if !self.set_aside(misfit, used, seen) {
                        return Ok(None);
                    }
                    if self.framing == Framing::Tcp && misfit != Misfit::Stale {
                        return Err(Failure::Corrupt(misfit, seen.end));
                    }
                }
                Parsed::Frame(Answer::Exception(code), _) => {
                    return Ok(Some(Said::Exception(code)));
                }
                Parsed::Frame(Answer::Objects(objects, next), _) => {
                    let text = |text: &[u8]| {
                        let text = String::from_utf8_lossy(text);
                        let text: String = text.chars().filter(|c| !c.is_control()).collect();
                        text.trim().to_owned()
                    };
                    let objects = objects.map(|(number, bytes)| (number, text(bytes)));
                    return Ok(Some(Said::Objects(objects.collect(), next)));
                }
            }
        }
        Ok(None)
    }
}
