//! MQTT sink: one message a reading, `QoS` 1; the cursor moves on PUBACK only.
//!
//! The connection is that of `mqtt_link`: the journal is the queue, so a client library's own queue
//! and retries are in the way, and rumqttc ends the connection over a second acknowledgement. A
//! lost connection is discarded with all unacknowledged messages; the next one starts at the
//! cursor.
//!
//! MQTT 5 is tried first, because its acknowledgements say why a message is refused; 3.1.1 is used
//! with brokers that do not know it. With 3.1.1 a broker acknowledges also what it discards (an ACL
//! denies it), so that readings wait until the site's own state has come back (`state_echo`).
//!
//! A connection without acknowledgements for `MQTT_ACK_SECONDS` is ended, and one that is lost
//! within `SINK_STABLE_SECONDS` does not reset the pause. `hangup_suspicion` finds the message that
//! makes a broker close the connection.

mod ack_window;
mod broker_messages;
mod expected_echo;
mod hangup_suspicion;
mod lane_suspicions;
pub(in crate::sinks) mod payload;
mod published_alarms;
mod published_head;
mod published_state;
mod session;
mod settings;
mod sink_state;

pub use settings::MqttSettings;
pub(crate) use settings::RawMqttSink;

use crate::config::BrokerSettings;
use crate::domain::{DeviceInfo, Site};
use crate::limits::{SINK_SHORT_CONNECTIONS, SINK_STABLE_SECONDS};
use crate::mqtt_link::{BrokerLink, ConnectionEndCause};
use crate::sinks::backoff::SinkBackoff;
use crate::sinks::mqtt::session::MqttSession;
use crate::sinks::mqtt::sink_state::{BrokenSession, MQTT_SINK_NAME, MqttSink, SessionEnd};
use crate::sinks::sink_progress::{pause_or_stop, wait_for_stop};
use crate::sinks::{ConfiguredSink, SinkFuture, SinkProgress, estimated_bytes};
use crate::status::SinkDiagnosis;
use crate::storage::StoreError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Bytes of the TCP/IP and MQTT headers of a publish, its PUBACK and their acknowledgements.
const OVERHEAD_BYTES: usize = 150;
/// Bytes of a payload without its values: `{"t":"..","store":"..","seq":..,"v":{..}}`.
const PAYLOAD_FRAME_BYTES: usize = 67;

impl ConfiguredSink for MqttSettings {
    fn name(&self) -> &'static str {
        MQTT_SINK_NAME
    }

    fn address(&self) -> String {
        self.broker.address()
    }

    fn broker(&self) -> Option<&BrokerSettings> {
        Some(&self.broker)
    }

    fn published_topics(&self, site: &str) -> Option<String> {
        Some(format!("{}/{site}/", self.prefix))
    }

    fn bytes_per_reading(&self, site: &Site, device: &DeviceInfo) -> f64 {
        // Rough lengths: keys, quotes and separators, and a number of some digits for each value.
        let topic = site.id.len() + device.id.len() + 8;
        let values = device.points.iter().map(|point| point.name.len() + 10);
        estimated_bytes(OVERHEAD_BYTES + topic + PAYLOAD_FRAME_BYTES + values.sum::<usize>())
    }

    fn deliver(
        self: Arc<Self>,
        site: Arc<Site>,
        progress: SinkProgress,
        mut stop: watch::Receiver<bool>,
    ) -> SinkFuture {
        let mut sink = MqttSink::new(self, site, progress);
        Box::pin(async move { sink.serve_connections(&mut stop).await })
    }
}

impl MqttSink {
    /// Runs one connection after another.
    async fn serve_connections(
        &mut self,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let mut backoff = SinkBackoff::default();
        while !*stop.borrow() {
            let end = self.run_connection(stop).await;
            self.progress.persist_cursor(true).await?;
            let SessionEnd::Broken(broken) = end? else {
                break;
            };
            let wait = self.record_broken(broken, &mut backoff);
            if !pause_or_stop(wait, stop).await {
                break;
            }
        }
        self.progress.set_disconnected();
        Ok(())
    }

    /// Runs one connection from CONNECT to its end.
    async fn run_connection(
        &mut self,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<SessionEnd, StoreError> {
        // The last will must be known before connecting: the broker publishes it when the
        // connection breaks.
        let will = self.last_will();
        let will = (self.state_topic.as_str(), will.as_str());
        let link = tokio::select! {
            link = BrokerLink::open(&self.settings.broker, Some(will), &mut self.known) => link,
            () = wait_for_stop(stop) => return Ok(SessionEnd::Stopped),
        };
        match link {
            Ok(link) => MqttSession::new(self, link).run(stop).await,
            Err(lost) => Ok(SessionEnd::Broken(BrokenSession {
                lost,
                lived: None,
                suspected: false,
                expected: None,
            })),
        }
    }

    /// Reports a failed connection; returns the pause before the next one.
    fn record_broken(&mut self, broken: BrokenSession, backoff: &mut SinkBackoff) -> Duration {
        let BrokenSession {
            mut lost,
            lived,
            suspected,
            expected,
        } = broken;
        let ended = match lost.how {
            // An end that readings on their way explain is no sign of a second client with our id.
            ConnectionEndCause::HungUp => !suspected,
            _ => lost.trouble == Some(SinkDiagnosis::ClientId),
        };
        match lived {
            // The connection was stable, so the next one may be opened at once.
            Some(lived) if lived >= Duration::from_secs(SINK_STABLE_SECONDS) => {
                backoff.reset();
                self.short_connections = 0;
            }
            Some(_) => self.short_connections += u32::from(ended),
            None => self.short_connections = 0,
        }
        // A cause that the broker has named is better than our guess.
        if self.has_short_connections() && lost.trouble.is_none() {
            lost = broker_messages::repeated_hangups(&lost, self.short_connections, &self.settings);
        }
        self.progress.set_fault(&lost.why, lost.trouble);
        // An expected loss has a pause by its own count; the general back-off does not grow with
        // it.
        match expected {
            Some(times) => SinkBackoff::pause_after(times.saturating_sub(1), fastrand::f64()),
            None => backoff.next_pause(fastrand::f64()),
        }
    }

    /// True when the broker accepts us and ends the connection soon, several times in a row.
    fn has_short_connections(&self) -> bool {
        self.short_connections >= SINK_SHORT_CONNECTIONS
    }
}
