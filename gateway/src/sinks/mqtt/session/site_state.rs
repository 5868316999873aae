//! State message of the site: whether the gateway is there, and what it cannot do at the moment.

use super::MqttSession;
use crate::domain::UtcMs;
use crate::mqtt_link::PublishMessage;
use crate::sinks::mqtt::payload;
use crate::sinks::mqtt::sink_state::{MQTT_SINK_NAME, MqttSink};
use crate::status::DeliveryHealth;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Least time between two state messages of one connection.
const STATE_PAUSE: Duration = Duration::from_secs(10);
/// Time after which a state that is not well is published again, with what is the oldest then.
const STATE_REPEAT: Duration = Duration::from_mins(10);

/// What a state message says beside `online`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SiteState {
    /// `ok`, `failing` (the disk refuses writes) or `hung` (it does not answer).
    disk: &'static str,
    /// Health of each sink.
    sinks: BTreeMap<&'static str, &'static str>,
}

/// State messages of one connection.
#[derive(Debug)]
pub(super) struct PublishedState {
    /// Time of the connection.
    pub(super) since: UtcMs,
    /// The last one, and when it was published.
    last: Option<(SiteState, Instant)>,
}

impl SiteState {
    fn is_well(&self) -> bool {
        self.disk == "ok" && self.sinks.values().all(|health| *health == "ok")
    }
}

impl PublishedState {
    pub(super) fn new(since: UtcMs) -> Self {
        Self { since, last: None }
    }

    /// Whether the state is to be published at this moment.
    fn is_due(&self, state: &SiteState, now: Instant) -> bool {
        self.last.as_ref().is_none_or(|(last, at)| {
            let passed = now.duration_since(*at);
            let pause = if last == state {
                STATE_REPEAT
            } else {
                STATE_PAUSE
            };
            passed >= pause && (last != state || !state.is_well())
        })
    }
}

impl MqttSink {
    /// Returns the last will. It has no `since`: the time at which the broker publishes it is not
    /// known when it is registered.
    pub(in crate::sinks::mqtt) fn last_will(&self) -> String {
        self.state_fields("offline").to_string()
    }

    fn state_fields(&self, state: &str) -> Value {
        let (version, store) = (env!("CARGO_PKG_VERSION"), self.progress.store.id());
        json!({"state": state, "version": version, "store": store})
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
    fn state_message(&self, state: &str, since: UtcMs, site: &SiteState) -> String {
        let mut fields = self.state_fields(state);
        fields["since"] = rfc_3339(since).into();
        fields["disk"] = site.disk.into();
        fields["sinks"] = json!(site.sinks);
        let now = self.progress.clock.now();
        let mut oldest = Map::new();
        for (name, sink) in self.progress.sink_states() {
            let age = i64::try_from(sink.oldest_age().as_millis()).unwrap_or(i64::MAX);
            let good = DeliveryHealth::Good.word();
            if site.sinks.get(name).is_some_and(|health| *health != good) && age > 0 {
                let at = UtcMs(now.at.0.saturating_sub(age));
                oldest.insert(name.to_owned(), rfc_3339(at).into());
            }
        }
        if !oldest.is_empty() {
            fields["oldest"] = oldest.into();
        }
        fields.to_string()
    }
}

impl MqttSession<'_> {
    /// Publishes the site's state; returns the message.
    pub(super) fn publish_state(&mut self, state: &str) -> String {
        let now = Instant::now();
        let site = self.sink.site_state();
        let text = self.sink.state_message(state, self.published.since, &site);
        let message = PublishMessage {
            topic: &self.sink.state_topic,
            payload: &text,
            retain: true,
        };
        let id = self.acks.push_sent(None, now);
        message.write_publish(&mut self.link.out, self.link.version, id);
        self.wrote = now;
        self.published.last = Some((site, now));
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

fn rfc_3339(at: UtcMs) -> String {
    let mut text = String::new();
    payload::time(&mut text, at);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(disk: &'static str, influx: &'static str) -> SiteState {
        let sinks = BTreeMap::from([("influx", influx)]);
        SiteState { disk, sinks }
    }

    #[test]
    fn a_state_is_said_when_it_changes_and_again_while_it_is_not_well() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut published = PublishedState::new(UtcMs(0));
        assert!(published.is_due(&site("ok", "ok"), start));
        published.last = Some((site("ok", "ok"), start));
        assert!(!published.is_due(&site("ok", "ok"), after(100_000)));
        assert!(!published.is_due(&site("hung", "ok"), after(9)));
        assert!(published.is_due(&site("hung", "ok"), after(10)));
        published.last = Some((site("ok", "late"), start));
        assert!(!published.is_due(&site("ok", "late"), after(599)));
        assert!(published.is_due(&site("ok", "late"), after(600)));
        assert!(published.is_due(&site("ok", "ok"), after(60)));
    }
}
