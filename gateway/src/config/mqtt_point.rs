//! [`MqttPoint`]: the value of a point in the messages of a sensor node, and [`MqttLink`]: the
//! broker of the nodes; and their checks.

use crate::config::BusLinkSummary;
use crate::config::broker_settings::{
    self, BrokerSettings, EXPECT_BROKER_URL, MqttVersion, parse_broker_url,
};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::modbus_point;
use crate::config::raw_values::{RawText, SpannedValue};
use crate::config::value_syntax::{self, EXPECT_DURATION};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Beginning of a topic below that of the device; alone it is the topic of the device.
const OWN_TOPIC: &str = "~";
/// Maximum bytes of a topic.
const MQTT_TOPIC_BYTES_MAX: usize = 1024;
/// Maximum names in the place of a value in JSON.
const JSON_DEPTH_MAX: usize = 16;
/// Shortest and longest time without a message after which a value is no longer given.
const STALE_RANGE: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_hours(7 * 24);

/// Broker with the sensor nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct MqttLink {
    /// Connection to the broker.
    pub broker: BrokerSettings,
}

/// Value in the messages of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct MqttPoint {
    /// Topic; in a profile `~` or `~/...` stands for that of the device.
    pub topic: Arc<str>,
    /// Place of the value in a JSON message; `None`: the message is the value.
    pub field: Option<JsonFieldPath>,
    /// Numbers that mean "no value".
    pub missing: Vec<i64>,
    /// Facts that all points of a node share.
    pub node: SensorNodeFacts,
}

/// Facts about the messages of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SensorNodeFacts {
    /// Topic on which the node or its last will says whether it is there.
    pub availability: Option<Arc<str>>,
    /// Place of the time in its JSON messages.
    pub time_field: Option<JsonFieldPath>,
    /// Time without a message after which a value is no longer given; `None`: three periods.
    pub stale_after: Option<Duration>,
}

/// Place of a value in JSON: names of objects and indices of lists, such as `ENERGY.Total`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonFieldPath(Arc<str>);

impl JsonFieldPath {
    /// Reads a path: names separated by dots; `None` when a name is empty or there are too many.
    pub fn parse(text: &str) -> Option<Self> {
        let mut names = text.split('.');
        let all_named = names.by_ref().all(|name| !name.trim().is_empty());
        (all_named && text.split('.').count() <= JSON_DEPTH_MAX).then(|| Self(text.into()))
    }

    /// Names and indices from the outside in.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }
}

impl fmt::Display for JsonFieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl MqttLink {
    /// Description for tables and texts.
    pub(crate) fn summary(&self) -> BusLinkSummary {
        BusLinkSummary {
            kind: "mqtt",
            name: "MQTT",
            address: self.broker.address(),
            baud: None,
            format: None,
        }
    }
}

impl MqttPoint {
    /// Topics of the point: of its value, and of the availability of its node.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<str>> {
        std::iter::once(&self.topic).chain(&self.node.availability)
    }
}

/// Keys of `[[bus]]` that a bus of this kind has.
pub(crate) const LINK_KEYS: &[&str] = &[
    "url",
    "username",
    "password_file",
    "ca_file",
    "certificate",
    "certificate_key_file",
    "client_id",
];

/// Keys of a bus that say where its broker is, as typed.
pub(crate) struct MqttLinkKeys<'a> {
    /// Place of the bus.
    pub(crate) span: Range<usize>,
    /// `url`.
    pub(crate) url: &'a RawText,
    /// `username`.
    pub(crate) username: &'a RawText,
    /// `password_file`.
    pub(crate) password_file: &'a RawText,
    /// `ca_file`.
    pub(crate) ca_file: &'a RawText,
    /// `certificate`.
    pub(crate) certificate: &'a RawText,
    /// `certificate_key_file`.
    pub(crate) certificate_key_file: &'a RawText,
    /// `client_id`.
    pub(crate) client_id: &'a RawText,
}

/// Keys of a point that say where its value is, as typed.
pub(crate) struct MqttPointKeys<'a> {
    /// `topic`.
    pub(crate) topic: &'a RawText,
    /// `field`.
    pub(crate) field: &'a RawText,
    /// `missing`.
    pub(crate) missing: Option<&'a SpannedValue<toml::Value>>,
}

/// Keys of a device or a profile that say what all points of a node share, as typed.
pub(crate) struct SensorNodeKeys<'a> {
    /// `topic`; a profile has none.
    pub(crate) topic: &'a RawText,
    /// `availability`.
    pub(crate) availability: &'a RawText,
    /// `time_field`.
    pub(crate) time_field: &'a RawText,
    /// `stale_after`.
    pub(crate) stale_after: &'a RawText,
}

/// Checks the keys of a broker with nodes.
pub(crate) fn check_mqtt_link(
    notes: &mut DiagnosticCollector<'_>,
    keys: &MqttLinkKeys<'_>,
) -> MqttLink {
    if keys.url.is_none() {
        notes.add_error(keys.span.clone(), "url", "fault-missing", "", "");
    }
    let secret_key = "password_file";
    let url = notes.address(keys.url, parse_broker_url, EXPECT_BROKER_URL, secret_key);
    let (host, port, tls) = url.unwrap_or_default();
    let read = broker_settings::parse_client_id;
    let client_id = notes.parsed_text(keys.client_id, "client_id", read, "fault-expect-text");
    let message = ("fault-bus-secret-file", "");
    MqttLink {
        broker: BrokerSettings {
            host,
            port,
            tls,
            username: keys.username.as_ref().map(|at| at.get().clone()),
            password: notes.secret_file(keys.password_file, secret_key, message),
            ca_file: notes.ca_file(keys.ca_file),
            certificate: notes.client_certificate(keys.certificate, keys.certificate_key_file),
            client_id: client_id.unwrap_or_default(),
            version: MqttVersion::Any,
        },
    }
}

/// Checks the keys of a point that a node sends.
pub(crate) fn check_mqtt_point(
    notes: &mut DiagnosticCollector<'_>,
    keys: &MqttPointKeys<'_>,
) -> MqttPoint {
    let topic = check_topic(notes, keys.topic, "topic");
    MqttPoint {
        topic: topic.unwrap_or_else(|| Arc::from(OWN_TOPIC)),
        field: check_field(notes, keys.field, "field"),
        missing: modbus_point::check_missing(notes, keys.missing),
        node: SensorNodeFacts::default(),
    }
}

/// Checks the facts that all points of a node share, as a profile or a device has them.
pub(crate) fn check_node_facts(
    notes: &mut DiagnosticCollector<'_>,
    keys: &SensorNodeKeys<'_>,
) -> SensorNodeFacts {
    let read = value_syntax::parse_duration;
    let stale = notes.parsed_text(keys.stale_after, "stale_after", read, EXPECT_DURATION);
    if let (Some(at), Some(time)) = (keys.stale_after, stale)
        && !STALE_RANGE.contains(&time)
    {
        notes.add_error(at.span(), "stale_after", "fault-range", at.get(), "1s..=7d");
    }
    SensorNodeFacts {
        availability: check_topic(notes, keys.availability, "availability"),
        time_field: check_field(notes, keys.time_field, "time_field"),
        stale_after: stale,
    }
}

fn check_topic(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawText,
    key: &str,
) -> Option<Arc<str>> {
    let read = |text: &str| is_node_topic(text).then(|| Arc::from(text));
    notes.parsed_text(typed, key, read, "fault-expect-node-topic")
}

fn check_field(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawText,
    key: &str,
) -> Option<JsonFieldPath> {
    notes.parsed_text(typed, key, JsonFieldPath::parse, "fault-expect-field")
}

/// Whether a text is one topic: of wildcards (`+`, `#`) nobody would know which node has sent.
pub(crate) fn is_node_topic(text: &str) -> bool {
    let size = 1..=MQTT_TOPIC_BYTES_MAX;
    size.contains(&text.len())
        && !text.contains(['#', '+'])
        && !text.contains(char::is_control)
        // Nobody sees a space at an end, and such a topic would get no message.
        && text.trim() == text
        // `$SYS` and the like are of the broker, not of a node.
        && !text.starts_with('$')
}

/// Topic and facts of a device, as typed there.
#[derive(Debug)]
pub(crate) struct DeviceTopics {
    own: Option<Arc<str>>,
    facts: SensorNodeFacts,
}

/// Checks the keys of a device with which its node is found.
pub(crate) fn check_device_topics(
    notes: &mut DiagnosticCollector<'_>,
    keys: &SensorNodeKeys<'_>,
) -> DeviceTopics {
    DeviceTopics {
        own: check_topic(notes, keys.topic, "topic"),
        facts: check_node_facts(notes, keys),
    }
}

impl DeviceTopics {
    /// Gives a point the topics and the facts of its device; false when a topic is missing.
    pub(crate) fn complete_point(&self, point: &mut MqttPoint) -> bool {
        let (node, facts) = (&mut point.node, self.facts.clone());
        node.availability = facts.availability.or(node.availability.take());
        node.time_field = facts.time_field.or(node.time_field.take());
        node.stale_after = facts.stale_after.or(node.stale_after);
        let mut topics = std::iter::once(&mut point.topic).chain(&mut node.availability);
        topics.all(|topic| match whole_topic(topic, self.own.as_deref()) {
            Some(whole) => {
                *topic = whole;
                true
            }
            None => false,
        })
    }
}

/// Topic of a point of a device with this topic; `None` when the device needs one and has none.
fn whole_topic(topic: &str, own: Option<&str>) -> Option<Arc<str>> {
    match topic.strip_prefix(OWN_TOPIC) {
        Some("") => own.map(Arc::from),
        Some(rest) if rest.starts_with('/') => Some(Arc::from(format!("{}{rest}", own?))),
        // Only `~` alone or before a `/` stands for the device: `~name` is a topic of its own.
        _ => Some(Arc::from(topic)),
    }
}

/// Reports keys of a node at a device of another kind of bus; they would be ignored in silence.
pub(crate) fn report_stray_keys(
    notes: &mut DiagnosticCollector<'_>,
    keys: &SensorNodeKeys<'_>,
    kind_word: &str,
) {
    let keys = [
        ("topic", keys.topic),
        ("availability", keys.availability),
        ("time_field", keys.time_field),
        ("stale_after", keys.stale_after),
    ];
    for (key, typed) in keys {
        if let Some(stray) = typed {
            notes.add_error(stray.span(), key, "fault-other-kind", key, kind_word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_objects_and_lists() {
        let names = |text: &str| {
            let path = JsonFieldPath::parse(text)?;
            Some(path.names().map(str::to_owned).collect::<Vec<_>>())
        };
        assert_eq!(names("ENERGY.Total").unwrap(), ["ENERGY", "Total"]);
        assert_eq!(names("switch:0.apower").unwrap(), ["switch:0", "apower"]);
        for bad in ["", ".", "a..b", "a."] {
            assert_eq!(names(bad), None, "{bad}");
        }
        assert_eq!(names(&"a.".repeat(JSON_DEPTH_MAX + 1)), None);
    }

    #[test]
    fn a_tilde_stands_for_the_topic_of_the_device() {
        let whole = |topic, own| whole_topic(topic, own).map(|topic| topic.to_string());
        assert_eq!(whole("~", Some("z/kebun")).unwrap(), "z/kebun");
        assert_eq!(whole("~/LWT", Some("tele/x")).unwrap(), "tele/x/LWT");
        assert_eq!(whole("a/b", None).unwrap(), "a/b");
        assert_eq!(whole("~x", None).unwrap(), "~x");
        assert_eq!(whole("~/LWT", None), None);
    }

    #[test]
    fn wildcards_and_the_brokers_own_topics_are_no_topic() {
        for bad in ["", "a/#", "+/b", "$SYS/broker/uptime", " a", "a\nb"] {
            assert!(!is_node_topic(bad), "{bad}");
        }
        assert!(is_node_topic("nodes/Kebun belakang"));
    }
}
