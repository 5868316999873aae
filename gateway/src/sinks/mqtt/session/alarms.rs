//! Changes of alarms as messages, one a change, in their order. The list is in the store, and a
//! change leaves it with its acknowledgement.

use super::MqttSession;
use crate::mqtt_link::PublishMessage;
use crate::sinks::mqtt::sink_state::MQTT_SINK_NAME;
use crate::storage::StoreError;
use std::time::Duration;
use tokio::time::Instant;

/// Time between two looks at the list.
const ALARM_CHECK: Duration = Duration::from_secs(2);

impl MqttSession<'_> {
    /// Publishes the oldest change that is not delivered, when none is in flight.
    pub(super) async fn publish_alarm(&mut self) -> Result<(), StoreError> {
        let now = Instant::now();
        let checked = self.alarms.checked;
        let is_due = checked.is_none_or(|at| now - at >= ALARM_CHECK);
        let is_busy = self.alarms.in_flight.is_some() || self.alarms.is_refused;
        if !is_due || is_busy || self.closing.is_some() || !self.has_window_room() {
            return Ok(());
        }
        self.alarms.checked = Some(now);
        let store = &self.sink.progress.store;
        let next = match store.next_alarm_change(MQTT_SINK_NAME).await {
            // Looked at again soon; the connection stays, and says what the disk does.
            Err(StoreError::Hung(_)) => return Ok(()),
            next => next?,
        };
        let Some(change) = next else {
            return Ok(());
        };
        let text = numbered_body(change.id, &change.body);
        let message = PublishMessage {
            topic: &self.sink.alarm_topic,
            payload: &text,
            // A kept message would tell an alarm anew to whoever subscribes later.
            retain: false,
        };
        let id = self.acks.push_sent(None, now);
        message.write_publish(&mut self.link.out, self.link.version, id);
        self.wrote = now;
        self.alarms.in_flight = Some((id, change.id));
        Ok(())
    }

    /// Takes the change in flight off the list.
    pub(super) async fn record_alarm_ack(&mut self) -> Result<(), StoreError> {
        let Some((_, number)) = self.alarms.in_flight.take() else {
            return Ok(());
        };
        let store = &self.sink.progress.store;
        match store.alarm_delivered(MQTT_SINK_NAME, number).await {
            // It is sent once more: at least once, with the same number.
            Err(StoreError::Hung(_)) => Ok(()),
            done => done,
        }?;
        self.alarms.checked = None;
        self.publish_alarm().await
    }
}

/// Body of a change with its number, by which a consumer knows one that it has seen.
fn numbered_body(number: u64, body: &str) -> String {
    match body.strip_prefix('{') {
        Some(rest) => format!("{{\"number\":{number},{rest}"),
        None => body.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_number_of_its_change() {
        let body = numbered_body(7, "{\"t\":\"2026-11-21T00:00:00Z\"}");
        let message: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(message["number"], 7);
        assert_eq!(message["t"], "2026-11-21T00:00:00Z");
    }
}
