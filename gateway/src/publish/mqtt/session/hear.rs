//! What the broker says: acknowledgements, refusals, its last words.

use super::MqttSession;
use crate::publish::mqtt::acks::{Acked, Flying};
use crate::publish::mqtt::link::{How, Lost};
use crate::publish::mqtt::packet::{Packet, ReasonCode};
use crate::publish::mqtt::{End, NAME, words};
use crate::store::StoreError;
use tokio::time::Instant;

impl MqttSession<'_> {
    /// Takes note of everything that was read.
    pub(super) async fn hear(&mut self) -> Result<Option<End>, StoreError> {
        loop {
            let end = match self.link.answer() {
                Ok(Some(packet)) => self.heard(packet).await?,
                Ok(None) => break,
                Err(lost) => Some(self.lost(lost).await?),
            };
            if end.is_some() {
                return Ok(end);
            }
        }
        self.advance();
        Ok(None)
    }

    async fn heard(&mut self, packet: Packet) -> Result<Option<End>, StoreError> {
        match packet {
            // 0x10: nobody has subscribed to it.
            Packet::PubAck { id, said } if matches!(said.code, 0 | 0x10) => self.took(id).await?,
            Packet::PubAck { id, said } => return self.denied(id, &said).await,
            Packet::Pong => {
                self.asked = None;
                self.answered += 1;
                self.sink.suspicion.small_passed();
            }
            Packet::Disconnect(said) => {
                let lost = words::farewell(&said, &self.sink.settings);
                return Ok(Some(self.lost(lost).await?));
            }
            Packet::ConnAck(_) => {
                let lost = Lost::new(How::Said, "what answers is no MQTT broker");
                return Ok(Some(self.lost(lost).await?));
            }
            Packet::Other => {}
        }
        Ok(None)
    }

    /// The broker has taken a message.
    async fn took(&mut self, id: u16) -> Result<(), StoreError> {
        match self.acks.acknowledged(id) {
            Acked::Reading(flying) => self.sink.suspicion.took(&flying),
            Acked::Other => match self.control.take() {
                Some((control, flying)) if control == id => {
                    self.acks.advance(Instant::now());
                    self.sink.suspicion.took(&flying);
                    self.condemn().await?;
                }
                other => {
                    self.control = other;
                    self.sink.suspicion.small_passed();
                }
            },
            Acked::Unknown if !self.stray => {
                self.stray = true;
                tracing::warn!(
                    sink = NAME,
                    id,
                    "an acknowledgement of nothing, or a second one"
                );
            }
            Acked::Unknown => {}
        }
        Ok(())
    }

    /// Gives up the reading that the broker hangs up on: it has just taken a smaller one.
    async fn condemn(&mut self) -> Result<(), StoreError> {
        let Some(suspect) = self.sink.suspicion.condemn(Instant::now()) else {
            return Ok(());
        };
        let (bytes, times) = (suspect.reading.bytes, suspect.alone);
        let why = format!(
            "{bytes} bytes: the broker has hung up on it {times} times, and takes smaller ones"
        );
        // It has waited at the front for its control.
        let front = self.taken.pop_front();
        if let Some(numbered) = front.filter(|one| one.seq == suspect.reading.seq) {
            self.refuse(&numbered, &why).await?;
        }
        Ok(())
    }

    /// The broker does not take a message, and says so.
    async fn denied(&mut self, id: u16, said: &ReasonCode) -> Result<Option<End>, StoreError> {
        // What came before this is taken, also when this ends the connection.
        self.advance();
        let flying = match self.acks.acknowledged(id) {
            Acked::Reading(flying) => flying,
            Acked::Other if self.control.is_some() => {
                let lost = Lost::new(How::HungUp, "the broker takes no reading");
                return Ok(Some(self.lost(lost).await?));
            }
            Acked::Other => {
                let lost = words::negative(said, &self.sink.state_topic, 0);
                tracing::warn!(sink = NAME, why = lost.why, "state not published");
                self.remark = Some(lost);
                return Ok(None);
            }
            Acked::Unknown => return Ok(None),
        };
        let topic = self
            .sink
            .topics
            .get(usize::from(flying.device))
            .map_or("", String::as_str);
        let lost = words::negative(said, topic, flying.bytes);
        match lost.how {
            How::Refused => {
                self.refuse_sent(&flying, &lost.why).await?;
                Ok(None)
            }
            How::HungUp => Ok(Some(self.broken(lost, &[flying], true))),
            How::Said | How::Silent => {
                // The next connection finds out with this one, not with many.
                self.sink.suspicion.hold(flying.seq);
                Ok(Some(self.broken(lost, &[], false)))
            }
        }
    }

    /// The same for one that is on the way.
    pub(super) async fn refuse_sent(
        &mut self,
        flying: &Flying,
        why: &str,
    ) -> Result<(), StoreError> {
        let before = flying.seq.saturating_sub(1);
        self.scratch.clear();
        if let Some(numbered) = self.sink.progress.store.journal(before, 1).await?.first()
            && numbered.seq == flying.seq
        {
            let _ = self.encode(numbered);
        }
        self.sink
            .progress
            .refuse(flying.seq, why, &self.scratch)
            .await
    }
}
