//! [`MqttSink`]: state that is kept across connections, and [`SessionEnd`]: how one ended.

use crate::domain::Site;
use crate::mqtt_link::{BrokerLinkError, KnownBroker};
use crate::sinks::mqtt::lane_suspicions::LaneSuspicions;
use crate::sinks::mqtt::{MqttSettings, RawMqttSink};
use crate::sinks::reading_dates::ReadingDates;
use crate::sinks::refusal_proof::RefusalProof;
use crate::sinks::{SinkProgress, SinkTable as _};
use std::sync::Arc;
use std::time::Duration;

/// Name of the sink in log messages.
pub(super) const MQTT_SINK_NAME: &str = RawMqttSink::NAME;

/// State that is kept across connections.
pub(super) struct MqttSink {
    pub(super) settings: Arc<MqttSettings>,
    pub(super) site: Arc<Site>,
    /// Topic of each device, in the order of the site's devices.
    pub(super) topics: Vec<String>,
    pub(super) state_topic: String,
    pub(super) evidence_topic: String,
    pub(super) alarm_topic: String,
    pub(super) progress: SinkProgress,
    pub(super) suspicions: LaneSuspicions,
    pub(super) dates: ReadingDates,
    pub(super) known: KnownBroker,
    /// Readings that the broker has refused, and not for good yet.
    pub(super) proof: RefusalProof,
    /// Reason code of the last refusal; `None` when the broker ended the connection without one.
    pub(super) last_code: Option<u8>,
    /// Number of short connections in a row that the broker ended without a reason.
    pub(super) short_connections: u32,
}

/// End of a connection.
pub(super) enum SessionEnd {
    /// A stop was requested.
    Stopped,
    /// The connection failed.
    Broken(BrokenSession),
}

/// Failed connection.
pub(super) struct BrokenSession {
    pub(super) lost: BrokerLinkError,
    /// Time for which the broker had accepted us; `None` when it had not.
    pub(super) lived: Option<Duration>,
    /// Readings on their way may be the cause.
    pub(super) suspected: bool,
    /// Expected loss: the number of times that the same message has caused one.
    pub(super) expected: Option<u32>,
}

impl MqttSink {
    pub(super) fn new(
        settings: Arc<MqttSettings>,
        site: Arc<Site>,
        progress: SinkProgress,
    ) -> Self {
        // The topics never change while the gateway runs, so they are formatted once.
        let topic = |last: &str| format!("{}/{}/{last}", settings.prefix, site.id);
        Self {
            topics: site.devices.iter().map(|d| topic(&d.id)).collect(),
            state_topic: topic("state"),
            evidence_topic: topic("evidence"),
            alarm_topic: topic("alarm"),
            settings,
            site,
            progress,
            suspicions: LaneSuspicions::default(),
            dates: ReadingDates::default(),
            known: KnownBroker::default(),
            proof: RefusalProof::default(),
            last_code: None,
            short_connections: 0,
        }
    }
}
