//! Echo of the site's state: whether a broker of MQTT 3.1.1 passes on what it acknowledges.
//!
//! There, a broker acknowledges a message that it may not take from this user, and drops it. So the
//! gateway subscribes to its own state and sends no reading before that has come back. MQTT 5 has
//! reason codes for it.

use super::MqttSession;
use crate::mqtt_link::{
    BrokerLinkError, ConnectionEndCause, InboundMessage, MqttProtocolVersion, write_subscribe,
};
use crate::sinks::mqtt::expected_echo::StateEcho;
use crate::sinks::mqtt::sink_state::{MQTT_SINK_NAME, SessionEnd};
use crate::status::SinkDiagnosis;
use std::time::Duration;
use tokio::time::Instant;

/// Time for which the state may be on its way back after it was acknowledged.
const ECHO_WITHIN: Duration = Duration::from_secs(10);

impl MqttSession<'_> {
    /// Publishes the state; with 3.1.1 after a subscription to it.
    pub(super) fn begin_state(&mut self) -> Result<(), BrokerLinkError> {
        if self.link.version != MqttProtocolVersion::V3 {
            if !self.link.retains {
                let why = "the broker keeps no messages (retain): whoever connects later does not \
                           hear the state of the site before it changes";
                let remark = BrokerLinkError::new(ConnectionEndCause::OtherReason, why);
                self.remark = Some(remark);
            }
            self.publish_state("online");
            return Ok(());
        }
        let now = Instant::now();
        let id = self.acks.push_sent(None, now);
        let topic = std::iter::once(self.sink.state_topic.as_str());
        write_subscribe(&mut self.link.out, self.link.version, id, topic)
            .map_err(|why| BrokerLinkError::new(ConnectionEndCause::OtherReason, why))?;
        self.wrote = now;
        self.echo = StateEcho::Subscribing(id);
        Ok(())
    }

    /// Processes the answer to the subscription.
    pub(super) fn record_subscribed(&mut self, id: u16, codes: &[u8]) {
        if !matches!(self.echo, StateEcho::Subscribing(asked) if asked == id) {
            return;
        }
        self.acks.acknowledge(id);
        if self.closing.is_some() {
            self.echo = StateEcho::Settled;
            return;
        }
        let text = self.publish_state("online");
        // Codes from 0x80 on refuse.
        if codes.iter().all(|code| *code < 0x80) {
            self.echo = StateEcho::Expected(text, None);
            return;
        }
        let topic = &self.sink.state_topic;
        let why = format!(
            "whether the broker passes on what it acknowledges cannot be seen: give this user the \
             right to read {topic}"
        );
        tracing::warn!(sink = MQTT_SINK_NAME, why, "not verified");
        let remark = BrokerLinkError::new(ConnectionEndCause::OtherReason, why);
        (self.remark, self.echo) = (Some(remark), StateEcho::Settled);
    }

    /// Processes a message on the topic of the state.
    pub(super) fn record_echo(&mut self, message: &InboundMessage) {
        // A state of an earlier connection, which the broker had kept, proves nothing.
        if let StateEcho::Expected(text, _) = &self.echo
            && message.topic == self.sink.state_topic
            && message.payload == text.as_bytes()
        {
            self.echo = StateEcho::Settled;
        }
    }

    /// Ends the connection when the state was acknowledged and has not come back.
    pub(super) fn check_echo(&mut self) -> Option<SessionEnd> {
        let is_acknowledged = self.acks.len() == 0;
        let StateEcho::Expected(_, acknowledged) = &mut self.echo else {
            return None;
        };
        if !is_acknowledged {
            return None;
        }
        let now = Instant::now();
        let since = *acknowledged.get_or_insert(now);
        let within = ECHO_WITHIN.min(self.sink.settings.ack_within);
        if now.duration_since(since) < within {
            return None;
        }
        let topic = &self.sink.state_topic;
        let all = topic.strip_suffix("state").unwrap_or(topic);
        let why = format!(
            "the broker acknowledges {topic} and does not pass it on: give this user the right to \
             write {all}# and to read {topic}, or use MQTT 5"
        );
        let lost = BrokerLinkError {
            why,
            trouble: Some(SinkDiagnosis::NotAllowed),
            how: ConnectionEndCause::OtherReason,
        };
        Some(self.handle_loss(lost))
    }
}
