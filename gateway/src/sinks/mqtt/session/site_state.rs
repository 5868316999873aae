//! State message of the site: whether the gateway is there, and what it cannot do at the moment.

use super::MqttSession;
use crate::domain::UtcMs;
use crate::mqtt_link::PublishMessage;
use crate::sinks::mqtt::payload;
use crate::sinks::mqtt::published_state::SiteState;
use crate::sinks::mqtt::sink_state::{MQTT_SINK_NAME, MqttSink};
use crate::status::DeliveryHealth;
use serde::Serialize;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// The message, in the order of its fields.
#[derive(Debug, Default, Serialize)]
struct StateMessage<'a> {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    version: &'static str,
    store: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sinks: Option<&'a BTreeMap<&'static str, &'static str>>,
    /// Time of the oldest undelivered reading of each sink that is not well.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    oldest: BTreeMap<&'static str, String>,
}

impl MqttSink {
    /// Returns the last will. It has no `since`: the time at which the broker publishes it is not
    /// known when it is registered.
    pub(in crate::sinks::mqtt) fn last_will(&self) -> String {
        message_text(&self.message_head("offline"))
    }

    fn message_head(&self, state: &'static str) -> StateMessage<'_> {
        StateMessage {
            state,
            version: env!("CARGO_PKG_VERSION"),
            store: self.progress.store.id(),
            ..StateMessage::default()
        }
    }

    /// State of the disk and of all sinks.
    fn site_state(&self) -> SiteState {
        let store = &self.progress.store;
        let health = store.health();
        let stopped = health.has_changed().is_err();
        let disk = match () {
            () if store.pulse.is_hung() => "hung",
            () if stopped || health.borrow().failure.is_some() => "failing",
            () => "ok",
        };
        let states = self.progress.sink_states();
        let word = |(name, mut sink): (&'static str, crate::status::SinkState)| {
            // Whoever hears this sink knows that it is connected.
            sink.connected |= name == MQTT_SINK_NAME;
            (name, sink.health().word())
        };
        let sinks = states.into_iter().map(word).collect();
        SiteState { disk, sinks }
    }

    /// Writes the message of a site that is there, or that is leaving.
    fn state_message(&self, state: &'static str, since: UtcMs, site: &SiteState) -> String {
        let now = self.progress.clock.now();
        let mut oldest = BTreeMap::new();
        for (name, sink) in self.progress.sink_states() {
            let age = i64::try_from(sink.oldest_age().as_millis()).unwrap_or(i64::MAX);
            let good = DeliveryHealth::Good.word();
            if site.sinks.get(name).is_some_and(|health| *health != good) && age > 0 {
                let at = UtcMs(now.at.0.saturating_sub(age));
                oldest.insert(name, rfc_3339(at));
            }
        }
        message_text(&StateMessage {
            since: Some(rfc_3339(since)),
            disk: Some(site.disk),
            sinks: Some(&site.sinks),
            oldest,
            ..self.message_head(state)
        })
    }
}

impl MqttSession<'_> {
    /// Publishes the site's state; returns the message.
    pub(super) fn publish_state(&mut self, state: &'static str) -> String {
        let now = Instant::now();
        let since = match state {
            "online" => self.published.since,
            _ => self.sink.progress.clock.now().at,
        };
        let site = self.sink.site_state();
        let text = self.sink.state_message(state, since, &site);
        let message = PublishMessage {
            topic: &self.sink.state_topic,
            payload: &text,
            retain: self.link.retains,
        };
        let id = self.acks.push_sent(None, now);
        message.write_publish(&mut self.link.out, self.link.version, id);
        self.wrote = now;
        self.published.record(site, now);
        text
    }

    /// Publishes the state again when it has changed.
    pub(super) fn publish_changed_state(&mut self) {
        let site = self.sink.site_state();
        let is_due = self.published.is_due(&site, Instant::now());
        if is_due && self.closing.is_none() && self.has_window_room() {
            self.publish_state("online");
        }
    }
}

/// Texts and numbers always have a form in JSON, so nothing is ever empty.
fn message_text(message: &StateMessage<'_>) -> String {
    serde_json::to_string(message).unwrap_or_default()
}

fn rfc_3339(at: UtcMs) -> String {
    let mut text = String::new();
    payload::time(&mut text, at);
    text
}
