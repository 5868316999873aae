//! Packets from the broker: acknowledgements, refusals, DISCONNECT.

use super::MqttSession;
use crate::mqtt_link::{BrokerLinkError, BrokerPacket, BrokerReasonCode, ConnectionEndCause};
use crate::sinks::mqtt::ack_window::{AckedMessage, InFlightReading};
use crate::sinks::mqtt::broker_messages;
use crate::sinks::mqtt::sink_state::{MQTT_SINK_NAME, SessionEnd};
use crate::sinks::refusal_proof::REFUSALS_NAMED;
use crate::storage::{DeliveryLane, StoreError};
use tokio::time::Instant;

impl MqttSession<'_> {
    /// Processes all packets that were read.
    pub(super) async fn process_packets(&mut self) -> Result<Option<SessionEnd>, StoreError> {
        loop {
            let end = match self.link.next_packet() {
                Ok(Some(packet)) => self.process_packet(packet).await?,
                Ok(None) => break,
                Err(lost) => Some(self.handle_loss(lost)),
            };
            if end.is_some() {
                return Ok(end);
            }
        }
        self.advance_cursor();
        Ok(None)
    }

    async fn process_packet(
        &mut self,
        packet: BrokerPacket,
    ) -> Result<Option<SessionEnd>, StoreError> {
        match packet {
            // 0x10 means that nobody has subscribed to the topic, which is no failure.
            BrokerPacket::PubAck { id, said } if matches!(said.code, 0 | 0x10) => {
                self.record_ack(id).await?;
            }
            BrokerPacket::PubAck { id, said } => {
                self.sink.last_code = Some(said.code);
                return self.handle_negative_ack(id, &said).await;
            }
            BrokerPacket::Pong => {
                self.ping_sent = None;
                self.pongs += 1;
                self.sink.suspicions.record_small_packet();
            }
            BrokerPacket::Disconnect(said) => {
                self.sink.last_code = Some(said.code);
                let lost = broker_messages::disconnect_reason(&said, &self.sink.settings);
                return Ok(Some(self.handle_loss(lost)));
            }
            BrokerPacket::ConnAck(_) => {
                let lost = BrokerLinkError::new(
                    ConnectionEndCause::OtherReason,
                    "the other side is no MQTT broker",
                );
                return Ok(Some(self.handle_loss(lost)));
            }
            BrokerPacket::SubAck { id, codes } => self.record_subscribed(id, &codes),
            BrokerPacket::Message(message) => self.record_echo(&message),
            BrokerPacket::Oversize { .. } | BrokerPacket::Other => {}
        }
        Ok(None)
    }

    /// Records a positive acknowledgement.
    async fn record_ack(&mut self, id: u16) -> Result<(), StoreError> {
        match self.acks.acknowledge(id) {
            AckedMessage::Reading(flying) => {
                let smallest = self.smallest_acked.unwrap_or(flying.bytes);
                self.smallest_acked = Some(smallest.min(flying.bytes));
                self.sink.proof.record_taken(flying.seq..=flying.seq);
                self.sink.suspicions.record_ack(&flying);
            }
            AckedMessage::Other if self.alarms.is_in_flight(id) => {
                self.sink.suspicions.record_small_packet();
                self.record_alarm_ack().await?;
            }
            AckedMessage::Other => match self.control.take() {
                Some(control) if control.id == id => {
                    self.acks.advance(Instant::now());
                    self.sink.suspicions.record_ack(&control.reading);
                    // The suspect follows: a broker that was ill takes it now.
                    let suspicion = self.sink.suspicions.of(control.suspect);
                    suspicion.record_accepted_control();
                }
                other => {
                    self.control = other;
                    self.sink.suspicions.record_small_packet();
                }
            },
            // A second acknowledgement is harmless and is logged once; rumqttc's own event loop
            // would end the connection over it.
            AckedMessage::Unknown if !self.stray => {
                self.stray = true;
                tracing::warn!(
                    sink = MQTT_SINK_NAME,
                    id,
                    "acknowledgement of a message that is not in flight"
                );
            }
            AckedMessage::Unknown => {}
        }
        Ok(())
    }

    /// Refuses the suspected reading, which the broker has not taken after a smaller one.
    pub(super) async fn refuse_suspect(&mut self, lane: DeliveryLane) -> Result<(), StoreError> {
        let suspicions = &mut self.sink.suspicions;
        let Some(suspect) = suspicions.condemn_suspect(lane, Instant::now()) else {
            return Ok(());
        };
        let (bytes, times) = (suspect.reading.bytes, suspect.alone);
        let what = self.sink.last_code.map_or_else(
            || format!("hung up on it {times} times"),
            |code| format!("refused it {times} times (code 0x{code:02X})"),
        );
        let why = format!("{bytes} bytes: the broker has {what}, and takes smaller ones");
        // The suspect waited at the front of the queue while its control was sent.
        let front = self.feeds.of(lane).pop();
        if let Some(numbered) = front.filter(|one| one.seq == suspect.reading.seq) {
            self.turn = None;
            self.refuse_reading((lane, &numbered), &why).await?;
        }
        Ok(())
    }

    /// Handles a negative acknowledgement.
    async fn handle_negative_ack(
        &mut self,
        id: u16,
        said: &BrokerReasonCode,
    ) -> Result<Option<SessionEnd>, StoreError> {
        // Earlier acknowledgements move the cursor, even if this one ends the connection.
        self.advance_cursor();
        let control = self.control.filter(|control| control.id == id);
        let flying = match (self.acks.hold(id), control) {
            (AckedMessage::Reading(flying), _) => flying,
            // The broker denies even a reading that is smaller: it is not about the size.
            (AckedMessage::Other, Some(control)) => {
                let topic = self.topic_of(&control.reading);
                let lost = broker_messages::negative_ack(said, topic, control.reading.bytes);
                return Ok(Some(self.handle_loss(lost)));
            }
            (AckedMessage::Other, None) if self.alarms.is_in_flight(id) => {
                let lost = broker_messages::negative_ack(said, &self.sink.alarm_topic, 0);
                tracing::warn!(sink = MQTT_SINK_NAME, why = lost.why, "alarm not published");
                // It stays in the list: the next connection tries it again.
                self.alarms.stop();
                self.remark = Some(lost);
                return Ok(None);
            }
            (AckedMessage::Other, None) => {
                let lost = broker_messages::negative_ack(said, &self.sink.state_topic, 0);
                tracing::warn!(sink = MQTT_SINK_NAME, why = lost.why, "state not published");
                self.remark = Some(lost);
                return Ok(None);
            }
            (AckedMessage::Unknown, _) => return Ok(None),
        };
        let lost = broker_messages::negative_ack(said, self.topic_of(&flying), flying.bytes);
        match lost.how {
            ConnectionEndCause::Refused => {
                let proof = &mut self.sink.proof;
                if proof.record_refusal(flying.seq, REFUSALS_NAMED) {
                    self.give_up_held(id, &flying, &lost.why).await?;
                } else {
                    self.held = Some(lost);
                }
                Ok(None)
            }
            ConnectionEndCause::HungUp => Ok(Some(self.record_loss(lost, &[flying], true))),
            ConnectionEndCause::OtherReason | ConnectionEndCause::Silent => {
                // The next connection tries this reading alone, so that others are not held up with
                // it.
                self.sink.suspicions.send_singly(&[flying]);
                Ok(Some(self.record_loss(lost, &[], false)))
            }
        }
    }

    fn topic_of(&self, reading: &InFlightReading) -> &str {
        let topic = self.sink.topics.get(usize::from(reading.device));
        topic.map_or("", String::as_str)
    }
}
