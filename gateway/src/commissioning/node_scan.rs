//! [`find_nodes`]: from the messages at a broker to sensor nodes, as tables for the configuration.
//! Pure.
//!
//! A profile fits when the messages have all of its points. What is left is shown by its shape: the
//! fields of a JSON message, or plain numbers on neighbouring topics.

use crate::buses::mqtt::message_value::{availability_of, decode_payload, shown_text};
use crate::buses::mqtt::node_survey::NodeSurvey;
use crate::config::profile::Profile;
use crate::config::{MqttPoint, Point};
use crate::domain::QualityReason;
use crate::domain::parse_finite;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

/// Most fields of one node that are listed.
const FIELDS_MAX: usize = 40;
/// Deepest field that is listed.
const FIELD_DEPTH_MAX: usize = 4;
/// Last parts of topics that say whether a node is there.
const AVAILABILITY_WORDS: &[&str] = &["lwt", "status", "online", "availability"];
/// Parts of topics and fields that say nothing about what is measured.
const EMPTY_WORDS: &[&str] = &["sensor", "binary_sensor", "state", "value", "status"];
/// Fields that are no measured values.
const OTHER_FIELDS: &[&str] = &["time", "id", "uptime", "unixtime", "minute_ts", "last_seen"];
/// Words in the names of fields, and the unit that nodes give such values in. Energy is missing:
/// some count in Wh, others in kWh.
const FIELD_UNITS: &[(&str, &str)] = &[
    ("temperature", "degC"),
    ("temp", "degC"),
    ("humidity", "%RH"),
    ("voltage", "V"),
    ("current", "A"),
    ("power", "W"),
    ("frequency", "Hz"),
    ("pressure", "hPa"),
    ("illuminance", "lx"),
    ("battery", "%"),
];

/// Node that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundNode {
    /// Topic of the device.
    pub topic: String,
    /// Topic that says whether it is there, when no profile names it.
    pub availability: Option<String>,
    /// Profile that fits.
    pub profile: Option<Arc<str>>,
    /// Its values.
    pub points: Vec<FoundNodePoint>,
    /// The broker had kept its messages, and no other has come.
    pub is_retained: bool,
}

/// Value of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundNodePoint {
    /// Proposed id.
    pub id: String,
    /// Topic, `~` for that of the device.
    pub topic: String,
    /// Place in the JSON message.
    pub field: Option<String>,
    /// Unit, where the name says it.
    pub unit: Option<&'static str>,
    /// Value of the newest message.
    pub example: String,
}

/// Finds the nodes of a survey. `is_own` says of a topic that the gateway itself publishes on it.
pub fn find_nodes(
    survey: &NodeSurvey,
    profiles: &[Profile],
    is_own: impl Fn(&str) -> bool,
) -> Vec<FoundNode> {
    let mut search = NodeSearch {
        survey,
        used: BTreeSet::new(),
        found: Vec::new(),
    };
    search.find_profiles(profiles);
    let availability = search.availability_topics();
    search.used.extend(availability.values().cloned());
    let rest: Vec<&String> = survey.topics.keys().collect();
    let rest = rest
        .into_iter()
        .filter(|topic| !search.used.contains(*topic) && !is_own(topic) && !is_description(topic));
    let rest: Vec<&String> = rest.collect();
    for topic in &rest {
        search.add_json_node(topic, &availability);
    }
    search.add_plain_nodes(&rest, &availability);
    search.found.sort_by(|a, b| a.topic.cmp(&b.topic));
    search.found
}

/// Topics whose messages have neither a number nor a state, and the beginning of each message;
/// without them a value such as `1.23 m` would be missing in silence.
pub fn topics_without_value(
    survey: &NodeSurvey,
    nodes: &[FoundNode],
    is_own: impl Fn(&str) -> bool,
) -> Vec<(String, String)> {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for node in nodes {
        let points = node.points.iter();
        known.extend(points.map(|point| whole_topic(&point.topic, &node.topic)));
        known.extend(node.availability.clone());
    }
    let rest = survey.topics.iter().filter(|(topic, message)| {
        let last = topic.rsplit('/').next().unwrap_or_default();
        let is_availability = AVAILABILITY_WORDS.contains(&last.to_lowercase().as_str())
            && availability_of(&message.payload).is_some();
        let is_other = is_own(topic) || is_description(topic) || is_availability;
        !is_other && !message.payload.is_empty() && !known.contains(*topic)
    });
    rest.map(|(topic, message)| {
        let text = String::from_utf8_lossy(&message.payload);
        (topic.escape_debug().to_string(), shown_text(text.trim()))
    })
    .collect()
}

/// Whether a topic describes nodes for other programs, instead of having their values.
fn is_description(topic: &str) -> bool {
    topic.ends_with("/config") || topic.contains("/bridge/")
}

/// Search of nodes in a survey.
struct NodeSearch<'a> {
    survey: &'a NodeSurvey,
    /// Topics that belong to a found node.
    used: BTreeSet<String>,
    found: Vec<FoundNode>,
}

impl NodeSearch<'_> {
    fn find_profiles(&mut self, profiles: &[Profile]) {
        let mut best: BTreeMap<String, (&Profile, Vec<FoundNodePoint>)> = BTreeMap::new();
        for profile in profiles {
            let Some(first) = profile.points.first().and_then(|point| point.access.mqtt()) else {
                continue;
            };
            let ending = first.topic.strip_prefix('~').unwrap_or_default();
            for topic in self.survey.topics.keys() {
                let Some(base) = topic.strip_suffix(ending).filter(|base| !base.is_empty()) else {
                    continue;
                };
                let Some(points) = self.points_of_profile(profile, base) else {
                    continue;
                };
                let known = best.get(base).map_or(0, |(_, points)| points.len());
                if points.len() > known {
                    best.insert(base.to_owned(), (profile, points));
                }
            }
        }
        for (base, (profile, points)) in best {
            let topics = profile
                .points
                .iter()
                .filter_map(|point| point.access.mqtt());
            let topics: Vec<String> = topics
                .flat_map(MqttPoint::topics)
                .map(|topic| whole_topic(topic, &base))
                .collect();
            let is_retained = self.is_retained(topics.iter().map(String::as_str));
            self.used.extend(topics);
            self.found.push(FoundNode {
                topic: base,
                availability: None,
                profile: Some(profile.name.clone()),
                points,
                is_retained,
            });
        }
    }

    /// Values of a profile whose device has this topic; `None` when one of them is not there.
    fn points_of_profile(&self, profile: &Profile, base: &str) -> Option<Vec<FoundNodePoint>> {
        let value = |point: &Point| {
            let access = point.access.mqtt()?;
            let message = self.survey.topics.get(&whole_topic(&access.topic, base))?;
            let example = match decode_payload(point, access, &message.payload) {
                Ok(number) => number.to_string(),
                // The field is there and has no value now.
                Err(fault) if fault.reason == QualityReason::Missing => String::new(),
                Err(_) => return None,
            };
            Some(FoundNodePoint {
                id: point.name.to_string(),
                topic: access.topic.to_string(),
                field: access.field.as_ref().map(ToString::to_string),
                unit: None,
                example,
            })
        };
        profile.points.iter().map(value).collect()
    }

    /// Topics that say whether a node is there, by the topic above them.
    fn availability_topics(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for (topic, message) in &self.survey.topics {
            let Some((base, last)) = topic.rsplit_once('/') else {
                continue;
            };
            let is_named = AVAILABILITY_WORDS.contains(&last.to_lowercase().as_str());
            if is_named && availability_of(&message.payload).is_some() {
                found.insert(base.to_owned(), topic.clone());
            }
        }
        found
    }

    fn add_json_node(&mut self, topic: &str, availability: &BTreeMap<String, String>) {
        let Some(message) = self.survey.topics.get(topic) else {
            return;
        };
        let Ok(Value::Object(fields)) = serde_json::from_slice(&message.payload) else {
            return;
        };
        let mut points = Vec::new();
        list_fields(&Value::Object(fields), "", 0, &mut points);
        if points.is_empty() {
            return;
        }
        let above = topic.rsplit_once('/').map_or("", |(above, _)| above);
        let there = availability.get(topic).or_else(|| availability.get(above));
        self.found.push(FoundNode {
            topic: topic.to_owned(),
            availability: there.cloned(),
            profile: None,
            points,
            is_retained: message.is_retained,
        });
    }

    fn add_plain_nodes(&mut self, topics: &[&String], availability: &BTreeMap<String, String>) {
        let mut groups: BTreeMap<String, Vec<FoundNodePoint>> = BTreeMap::new();
        for topic in topics {
            let Some(example) = self.plain_value(topic) else {
                continue;
            };
            let base = base_of(topic, availability);
            let Some(rest) = topic.strip_prefix(&base) else {
                continue;
            };
            let points = groups.entry(base.clone()).or_default();
            if points.len() < FIELDS_MAX {
                let name = if rest.is_empty() {
                    topic.as_str()
                } else {
                    rest
                };
                let id = fresh_id(name, points);
                points.push(FoundNodePoint {
                    unit: unit_of(&id, &example),
                    id,
                    topic: format!("~{rest}"),
                    field: None,
                    example,
                });
            }
        }
        for (base, points) in groups {
            let whole = points.iter().map(|point| whole_topic(&point.topic, &base));
            let whole: Vec<String> = whole.collect();
            let is_retained = self.is_retained(whole.iter().map(String::as_str));
            self.found.push(FoundNode {
                availability: availability.get(&base).cloned(),
                topic: base,
                profile: None,
                points,
                is_retained,
            });
        }
    }

    /// Value of a message that is one number or state.
    fn plain_value(&self, topic: &str) -> Option<String> {
        let payload = &self.survey.topics.get(topic)?.payload;
        let text = std::str::from_utf8(payload).ok()?.trim();
        is_value(text).then(|| text.to_owned())
    }

    fn is_retained<'t>(&self, mut topics: impl Iterator<Item = &'t str>) -> bool {
        topics.all(|topic| {
            let message = self.survey.topics.get(topic);
            message.is_none_or(|message| message.is_retained)
        })
    }
}

/// Topic of the node that a plain value belongs to: the longest one that says whether it is there,
/// else the topic above it.
fn base_of(topic: &str, availability: &BTreeMap<String, String>) -> String {
    let mut above = topic;
    while let Some((shorter, _)) = above.rsplit_once('/') {
        if !shorter.is_empty() && availability.contains_key(shorter) {
            return shorter.to_owned();
        }
        above = shorter;
    }
    let mut parts: Vec<&str> = topic.split('/').collect();
    let last = parts.pop().unwrap_or_default();
    if EMPTY_WORDS.contains(&last) && parts.len() > 1 {
        parts.pop();
    }
    let base = parts.join("/");
    // Nothing is above a topic of one part, or its only slash is the first letter.
    if base.is_empty() {
        topic.to_owned()
    } else {
        base
    }
}

fn whole_topic(topic: &str, base: &str) -> String {
    match topic.strip_prefix('~') {
        Some(rest) => format!("{base}{rest}"),
        None => topic.to_owned(),
    }
}

/// Lists the numbers and states of a JSON message.
fn list_fields(value: &Value, path: &str, depth: usize, points: &mut Vec<FoundNodePoint>) {
    let Value::Object(fields) = value else {
        return;
    };
    for (name, inner) in fields {
        let is_other = OTHER_FIELDS.contains(&name.to_lowercase().as_str());
        if points.len() >= FIELDS_MAX || is_other || name.contains('.') || name.is_empty() {
            continue;
        }
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let example = match inner {
            Value::Number(number) => number.to_string(),
            Value::Bool(state) => state.to_string(),
            Value::String(text) if is_value(text.trim()) => text.trim().to_owned(),
            Value::Object(_) if depth < FIELD_DEPTH_MAX => {
                list_fields(inner, &path, depth + 1, points);
                continue;
            }
            _ => continue,
        };
        let id = fresh_id(&path, points);
        points.push(FoundNodePoint {
            unit: unit_of(&id, &example),
            id,
            topic: "~".to_owned(),
            field: Some(path),
            example,
        });
    }
}

/// Whether a text is a number or a state.
fn is_value(text: &str) -> bool {
    is_number(text)
        || matches!(
            text.to_lowercase().as_str(),
            "on" | "off" | "open" | "closed"
        )
}

fn is_number(text: &str) -> bool {
    parse_finite(text).is_some()
}

/// Id from the words of a topic or field that say something, different from those of `others`.
fn fresh_id(path: &str, others: &[FoundNodePoint]) -> String {
    let parts = path.split(['/', '.']).filter(|part| !part.is_empty());
    let parts = parts.map(str::to_lowercase);
    let parts: Vec<String> = parts.collect();
    let telling: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|part| !EMPTY_WORDS.contains(part))
        .collect();
    let name = if telling.is_empty() {
        parts.join("_")
    } else {
        telling.join("_")
    };
    let id = plain_id(&name);
    let is_taken = |id: &str| others.iter().any(|other| other.id == id);
    let numbered = (2..=others.len() + 2).map(|number| format!("{id}_{number}"));
    let mut candidates = std::iter::once(id.clone()).chain(numbered);
    candidates.find(|id| !is_taken(id)).unwrap_or(id)
}

/// Text with nothing but letters, digits and `_`, as ids have.
fn plain_id(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let id: String = text.to_lowercase().chars().map(plain).take(64).collect();
    let id = id.trim_matches('_').to_owned();
    if id.is_empty() {
        "value".to_owned()
    } else {
        id
    }
}

/// Unit that the name of a value says; a state has none.
fn unit_of(id: &str, example: &str) -> Option<&'static str> {
    if !is_number(example) {
        return None;
    }
    let mut words = id.rsplit('_');
    // The last word says it best: `power_factor` is no power.
    let last = words.next()?;
    let found = FIELD_UNITS.iter().find(|(word, _)| *word == last);
    found.map(|(_, unit)| *unit)
}

impl FoundNode {
    /// Table of the device for the configuration, on this bus; `taken` are the ids in use.
    pub fn to_toml(&self, bus: &str, taken: &mut BTreeSet<String>) -> String {
        let last = self.topic.rsplit('/').next().unwrap_or_default();
        let base = plain_id(last);
        let numbered = (2..=taken.len() + 2).map(|number| format!("{base}-{number}"));
        let mut ids = std::iter::once(base.clone()).chain(numbered);
        let id = ids.find(|id| !taken.contains(id)).unwrap_or(base);
        taken.insert(id.clone());
        let mut text = format!(
            "[[device]]\nid = {}\nbus = {}\ntopic = {}\n",
            quoted(&id),
            quoted(bus),
            quoted(&self.topic)
        );
        // Writing into a `String` cannot fail.
        if let Some(topic) = &self.availability {
            let _ = writeln!(text, "availability = {}", quoted(topic));
        }
        text += "every = \"60s\"\n";
        if let Some(profile) = &self.profile {
            let _ = writeln!(text, "profile = {}", quoted(profile));
            return text;
        }
        text += "point = [\n";
        for point in &self.points {
            let _ = writeln!(text, "  {},  # {}", point.to_toml(), point.example);
        }
        text + "]\n"
    }
}

impl FoundNodePoint {
    fn to_toml(&self) -> String {
        let mut keys = vec![format!("id = {}", quoted(&self.id))];
        // Without either key a point has no place.
        if self.topic != "~" || self.field.is_none() {
            keys.push(format!("topic = {}", quoted(&self.topic)));
        }
        let field = self.field.iter();
        keys.extend(field.map(|field| format!("field = {}", quoted(field))));
        keys.extend(self.unit.map(|unit| format!("unit = {}", quoted(unit))));
        format!("{{ {} }}", keys.join(", "))
    }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn survey(messages: &[(&str, &str)]) -> NodeSurvey {
        let mut survey = NodeSurvey::default();
        for (topic, payload) in messages {
            survey.add_message(topic, payload.as_bytes(), false);
        }
        survey
    }

    fn find(messages: &[(&str, &str)]) -> Vec<FoundNode> {
        let profiles = config::valid_profiles(None);
        find_nodes(&survey(messages), &profiles, |topic| {
            topic.starts_with("own/")
        })
    }

    fn ids(node: &FoundNode) -> Vec<&str> {
        node.points.iter().map(|point| point.id.as_str()).collect()
    }

    #[test]
    fn every_profile_of_a_node_is_found_by_its_captures() {
        let profiles = config::valid_profiles(None);
        let nodes = profiles.iter().filter(|profile| {
            let mut points = profile.points.iter();
            !profile.points.is_empty() && points.all(|point| point.access.mqtt().is_some())
        });
        let mut count = 0;
        for profile in nodes {
            let messages = profile.captures.iter().filter_map(|capture| {
                let access = profile.points[capture.point].access.mqtt()?;
                let payload = capture.payload.as_deref()?;
                Some((whole_topic(&access.topic, "site/node"), payload))
            });
            let messages: Vec<(String, &str)> = messages.collect();
            let messages = messages
                .iter()
                .map(|(topic, payload)| (topic.as_str(), *payload));
            let found = find(&messages.collect::<Vec<_>>());
            assert_eq!(found[0].topic, "site/node", "{found:?}");
            assert_eq!(found[0].profile.as_ref(), Some(&profile.name));
            count += 1;
        }
        assert!(count >= 4, "{count} profiles");
    }

    #[test]
    fn an_unknown_node_is_shown_by_the_shape_of_its_messages() {
        let found = find(&[
            (
                "kebun/suhu",
                r#"{"Time":"x","BME":{"Temperature":21.5,"ok":true},"n":"text"}"#,
            ),
            ("kebun/LWT", "Online"),
            ("rumah/status", "online"),
            ("rumah/sensor/rain/state", "2.4"),
            ("rumah/binary_sensor/pump/state", "ON"),
            ("own/site/meter", r#"{"v":1}"#),
            ("homeassistant/sensor/x/config", r#"{"expire_after":60}"#),
        ]);
        let topics: Vec<&str> = found.iter().map(|node| node.topic.as_str()).collect();
        assert_eq!(topics, ["kebun/suhu", "rumah"]);
        assert_eq!(ids(&found[0]), ["bme_temperature", "bme_ok"]);
        assert_eq!(found[0].points[0].unit, Some("degC"));
        assert_eq!(found[0].availability.as_deref(), Some("kebun/LWT"));
        assert_eq!(ids(&found[1]), ["pump", "rain"]);
        assert_eq!(found[1].availability.as_deref(), Some("rumah/status"));
    }

    #[test]
    fn a_word_has_no_unit() {
        let found = find(&[
            (
                "plug/RESULT",
                r#"{"POWER":"ON","current":true,"voltage":230}"#,
            ),
            ("lamp/power", "off"),
        ]);
        let units = found.iter().flat_map(|node| &node.points);
        let units: Vec<_> = units.map(|point| (&*point.id, point.unit)).collect();
        let voltage = ("voltage", Some("V"));
        assert_eq!(
            units,
            [("power", None), ("power", None), ("current", None), voltage]
        );
    }

    #[test]
    fn messages_without_a_number_are_told() {
        let messages = [
            ("sumur/level", "1.23 m"),
            ("sumur/tds", "3,71"),
            ("sumur/status", "online"),
            ("sumur/temp", "21"),
            ("own/x", "text"),
            ("plug/INFO", r#"{"ip":"10.0.0.7"}"#),
        ];
        let survey = survey(&messages);
        let is_own = |topic: &str| topic.starts_with("own/");
        let nodes = find_nodes(&survey, &[], is_own);
        let told = topics_without_value(&survey, &nodes, is_own);
        let told: Vec<_> = told
            .iter()
            .map(|(topic, text)| (&**topic, &**text))
            .collect();
        let plug = ("plug/INFO", r#"`{"ip":"10.0.0.7"}`"#);
        assert_eq!(
            told,
            [plug, ("sumur/level", "`1.23 m`"), ("sumur/tds", "`3,71`")]
        );
    }

    #[test]
    fn a_value_on_a_topic_of_one_part_is_a_node_of_its_own() {
        for topic in ["level", "/level"] {
            let found = find(&[(topic, "1.25")]);
            assert_eq!((found.len(), found[0].topic.as_str()), (1, topic));
            assert_eq!(
                (ids(&found[0]), &*found[0].points[0].topic),
                (vec!["level"], "~")
            );
        }
    }

    #[test]
    fn the_table_of_a_found_node_is_a_valid_configuration() {
        let messages = [
            ("level", "1.25"),
            ("a b/kebun \"1\"", r#"{"temperature":21.5,"state":"ON"}"#),
            ("x/sensor/level/state", "1.25"),
        ];
        let mut taken = BTreeSet::from(["x".to_owned()]);
        let mut text = crate::tests::SiteText::new("s")
            .bus("nodes", "kind = 'mqtt'\nurl = 'mqtt://127.0.0.1'")
            .text();
        for node in find(&messages) {
            text += &node.to_toml("nodes", &mut taken);
        }
        let config = crate::tests::load_site(&text);
        let names: Vec<&str> = config.devices.iter().map(|device| &*device.id).collect();
        assert_eq!(names, ["kebun__1", "level", "sensor"], "{text}");
        let points = config.devices[0].points.iter().map(|point| &*point.name);
        assert_eq!(points.collect::<Vec<_>>(), ["state", "temperature"]);
    }
}
