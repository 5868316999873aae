//! [`NodeBoard`]: the newest value of each point of the nodes of one broker, and what a poll gives
//! of them. Pure: time is an argument.
//!
//! A value is given until the node has been silent for `stale_after`; then there is none. A message
//! that the broker had kept is old by an unknown time: its value is uncertain, and gives way to the
//! first message that comes by itself.

use super::message_value::{MessageFault, NodeMessage};
use crate::buses::{BusCounts, DevicePoll, PollError};
use crate::clock::ClockStamp;
use crate::config::{Device, JsonFieldPath, MqttPoint, Point};
use crate::domain::site_zone::SiteZone;
use crate::domain::{ExactNumber, MonoMs, QualityReason, SampleOutcome};
use crate::mqtt_link::InboundMessage;
use crate::status::DeviceFault;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Periods without a message after which a value is no longer given.
const STALE_PERIODS: u32 = 3;

/// Error of a node's clock that is reported, milliseconds.
const NODE_CLOCK_ERROR_MS: u64 = 300_000;

/// Nodes of one broker.
#[derive(Debug)]
pub(super) struct NodeBoard {
    nodes: Vec<NodeState>,
    uses: HashMap<Arc<str>, Vec<TopicUse>>,
    /// Topics that the broker does not let us read, with its code.
    refused: HashMap<Arc<str>, u8>,
    zone: SiteZone,
    corrupt: u64,
}

/// Use of the messages on a topic: device, and point where it is one.
#[derive(Clone, Copy, Debug)]
enum TopicUse {
    Availability(usize),
    Value(usize, usize),
}

/// Node with its points.
#[derive(Debug)]
struct NodeState {
    points: Vec<NodePoint>,
    stale_after: u64,
    time_field: Option<JsonFieldPath>,
    /// Topic on which it or its last will says that it is away.
    away: Option<Arc<str>>,
    /// Its clock less ours, milliseconds, when that is too much.
    clock_error: Option<i64>,
}

/// Point with its newest value.
#[derive(Debug)]
struct NodePoint {
    point: Point,
    access: MqttPoint,
    newest: Option<NewestValue>,
    /// The last message on its topic had no such field.
    lacking: Option<MessageFault>,
}

/// Value or fault of the newest message.
#[derive(Debug)]
struct NewestValue {
    value: Result<ExactNumber, MessageFault>,
    at: MonoMs,
    is_retained: bool,
}

/// State of a point at a poll.
enum PointState {
    Value(SampleOutcome),
    /// No message yet, and the time for one is not over.
    Waiting,
    Fault(MessageFault),
}

/// Time without a message after which the values of a device are no longer given; `None` of a
/// device that is no node.
pub fn stale_after(device: &Device) -> Option<Duration> {
    let mut points = device.points.iter();
    let access = points.find_map(|point| point.access.mqtt())?;
    let own = access.node.stale_after;
    Some(own.unwrap_or(device.every * STALE_PERIODS))
}

impl NodeBoard {
    /// Creates the board of these devices; `zone` is that of times without one.
    pub(super) fn new(devices: &[Device], zone: &SiteZone) -> Self {
        let mut board = Self {
            nodes: Vec::new(),
            uses: HashMap::new(),
            refused: HashMap::new(),
            zone: zone.clone(),
            corrupt: 0,
        };
        for (index, device) in devices.iter().enumerate() {
            board.add_device(index, device);
        }
        board
    }

    fn add_device(&mut self, index: usize, device: &Device) {
        let found = device.points.iter();
        let found = found.filter_map(|point| Some((point, point.access.mqtt()?)));
        let points: Vec<NodePoint> = found
            .map(|(point, access)| NodePoint {
                point: point.clone(),
                access: access.clone(),
                newest: None,
                lacking: None,
            })
            .collect();
        for (place, point) in points.iter().enumerate() {
            let topic = Arc::clone(&point.access.topic);
            self.add_use(topic, TopicUse::Value(index, place));
        }
        let node = points.first().map(|point| point.access.node.clone());
        let node = node.unwrap_or_default();
        let stale_after = stale_after(device).unwrap_or_default();
        if let Some(topic) = &node.availability {
            self.add_use(Arc::clone(topic), TopicUse::Availability(index));
        }
        self.nodes.push(NodeState {
            points,
            stale_after: u64::try_from(stale_after.as_millis()).unwrap_or(u64::MAX),
            time_field: node.time_field,
            away: None,
            clock_error: None,
        });
    }

    fn add_use(&mut self, topic: Arc<str>, one: TopicUse) {
        self.uses.entry(topic).or_default().push(one);
    }

    /// Topics to subscribe to, each once.
    pub(super) fn topics(&self) -> Vec<Arc<str>> {
        let mut topics: Vec<Arc<str>> = self.uses.keys().cloned().collect();
        topics.sort_unstable();
        topics
    }

    /// Takes the broker's answer to the subscriptions: the topics that it refuses.
    pub(super) fn set_refused(&mut self, refused: impl Iterator<Item = (Arc<str>, u8)>) {
        self.refused = refused.collect();
    }

    /// Takes a message.
    pub(super) fn take_message(&mut self, message: &InboundMessage, now: ClockStamp) {
        // An empty message takes back one that the broker had kept; it says nothing of the node.
        if message.payload.is_empty() {
            return;
        }
        // A clone, since a use changes the nodes while the list is walked.
        let uses = self.uses.get(&*message.topic).cloned().unwrap_or_default();
        let mut read = NodeMessage::new(&message.payload);
        self.corrupt += u64::from(read.is_err());
        for one in uses {
            match one {
                TopicUse::Availability(node) => {
                    let there = read.as_mut().ok().and_then(NodeMessage::availability);
                    self.set_availability(node, &message.topic, there);
                }
                TopicUse::Value(node, point) => {
                    self.set_value(node, point, &mut read, (message.is_retained, now));
                }
            }
        }
    }

    /// Takes a message that was too large to be read.
    pub(super) fn take_oversize(&mut self, topic: &str, bytes: usize, now: ClockStamp) {
        let text = format!("a message of {bytes} bytes, too large");
        let fault = MessageFault::new(QualityReason::Unreadable, text);
        self.corrupt += 1;
        for one in self.uses.get(topic).cloned().unwrap_or_default() {
            if let TopicUse::Value(node, point) = one {
                let mut read = Err(fault.clone());
                self.set_value(node, point, &mut read, (false, now));
            }
        }
    }

    fn set_availability(&mut self, node: usize, topic: &str, there: Option<bool>) {
        let Some(node) = self.nodes.get_mut(node) else {
            return;
        };
        node.away = (there == Some(false)).then(|| Arc::from(topic));
        if node.away.is_some() {
            // After its return nothing of before is taken as the present.
            for point in &mut node.points {
                (point.newest, point.lacking) = (None, None);
            }
        }
    }

    fn set_value(
        &mut self,
        node: usize,
        point: usize,
        read: &mut Result<NodeMessage<'_>, MessageFault>,
        (is_retained, now): (bool, ClockStamp),
    ) {
        let Some(node) = self.nodes.get_mut(node) else {
            return;
        };
        let sent = read.as_mut().ok().and_then(|message| {
            let field = node.time_field.as_ref()?;
            // Without a trusted clock of our own the age of a message is not known.
            message.time(field, &self.zone).filter(|_| now.trusted)
        });
        let age = sent.map(|sent| now.at.0 - sent.0);
        // A kept message is old although the clock of its node is right.
        if let Some(age) = age.filter(|_| !is_retained) {
            let is_wrong = age.unsigned_abs() > NODE_CLOCK_ERROR_MS;
            node.clock_error = is_wrong.then_some(-age);
        }
        let stale_after = node.stale_after;
        let Some(point) = node.points.get_mut(point) else {
            return;
        };
        let value = match read {
            Ok(message) => message.value_of(&point.point, &point.access),
            Err(fault) => Err(fault.clone()),
        };
        if let Some(fault) = value.as_ref().err().filter(|fault| fault.is_no_field()) {
            // A topic may have messages of several kinds: one of another kind leaves the value.
            point.lacking = Some(fault.clone());
            return;
        }
        point.lacking = None;
        // With a time of its own a kept message can be one of now.
        let recent = age
            .filter(|_| is_retained)
            .and_then(|age| recent_age(age, stale_after));
        let newest = NewestValue {
            value,
            at: MonoMs(now.mono.0.saturating_sub(recent.unwrap_or_default())),
            is_retained: is_retained && recent.is_none(),
        };
        // After each reconnection the broker sends its kept message again; a value that came by
        // itself is newer.
        let is_kept = |old: &NewestValue| !old.is_retained && old.age(now.mono) <= stale_after;
        if newest.is_retained && point.newest.as_ref().is_some_and(is_kept) {
            return;
        }
        point.newest = Some(newest);
    }

    /// Whether a point of this device has no message so far; with `or_retained` also whether it has
    /// only one that the broker had kept.
    pub(super) fn is_waiting(&self, device: usize, or_retained: bool) -> bool {
        let Some(node) = self.nodes.get(device).filter(|node| node.away.is_none()) else {
            return false;
        };
        let is_waiting = |point: &NodePoint| match &point.newest {
            None => point.lacking.is_none() && !self.refused.contains_key(&point.access.topic),
            Some(newest) => or_retained && newest.is_retained,
        };
        node.points.iter().any(is_waiting)
    }

    /// Result of a poll of a device at a broker that is heard `since` then.
    pub(super) fn poll(&mut self, device: usize, now: MonoMs, since: MonoMs) -> DevicePoll {
        // Of the whole broker: given once, with the next poll of any of its devices.
        let corrupt = std::mem::take(&mut self.corrupt);
        let poll = match self.nodes.get(device) {
            Some(node) => self.poll_node(node, now, since),
            None => DevicePoll::new(Ok(Box::default())),
        };
        DevicePoll {
            counts: BusCounts {
                corrupt,
                ..BusCounts::default()
            },
            ..poll
        }
    }

    fn poll_node(&self, node: &NodeState, now: MonoMs, since: MonoMs) -> DevicePoll {
        if let Some(topic) = &node.away {
            let message = format!("the node is reported as away on {topic}");
            let reason = QualityReason::Offline;
            return DevicePoll::new(Err(PollError { reason, message }));
        }
        let mut first = None;
        let mut is_silent = true;
        let outcome = |point: &NodePoint| match self.point_state(node, point, now, since) {
            PointState::Value(outcome) => {
                is_silent = false;
                outcome
            }
            PointState::Waiting => {
                is_silent = false;
                SampleOutcome::Bad(QualityReason::NoMessage)
            }
            PointState::Fault(fault) => {
                let reason = fault.reason;
                is_silent &= reason == QualityReason::NoMessage;
                let name = &point.point.name;
                let message = format!("{name}: {}", fault.text);
                first.get_or_insert(PollError { reason, message });
                SampleOutcome::Bad(reason)
            }
        };
        let outcomes: Box<[SampleOutcome]> = node.points.iter().map(outcome).collect();
        match first {
            // The device has failed only when all points are silent; else a fault is its point's.
            Some(error) if is_silent => DevicePoll::new(Err(error)),
            fault => DevicePoll {
                fault: fault
                    .map(|error| device_fault(error.reason, error.message))
                    .or_else(|| {
                        node.clock_error.map(|error| {
                            device_fault(QualityReason::NodeClock, clock_error_text(error))
                        })
                    }),
                ..DevicePoll::new(Ok(outcomes))
            },
        }
    }

    fn point_state(
        &self,
        node: &NodeState,
        point: &NodePoint,
        now: MonoMs,
        since: MonoMs,
    ) -> PointState {
        let topic = &point.access.topic;
        if let Some(code) = self.refused.get(topic) {
            let text = format!(
                "the broker does not let us read {topic} (code 0x{code:02X}): give this user the \
                 right to"
            );
            return PointState::Fault(MessageFault::new(QualityReason::Unreachable, text));
        }
        let silent_for = |span: u64| {
            let span = span_text(span);
            let text = format!("no message on {topic} for {span}");
            PointState::Fault(MessageFault::new(QualityReason::NoMessage, text))
        };
        let fresh = point.newest.as_ref();
        let fresh = fresh.filter(|newest| newest.age(now) <= node.stale_after);
        match (fresh, &point.lacking) {
            (Some(newest), _) => newest.state(topic),
            (None, Some(fault)) => {
                let text = format!("{topic}: {}", fault.text);
                PointState::Fault(MessageFault::new(fault.reason, text))
            }
            (None, None) => match &point.newest {
                Some(old) => silent_for(old.age(now)),
                None => match now.0.saturating_sub(since.0) {
                    span if span <= node.stale_after => PointState::Waiting,
                    span => {
                        let span = span_text(span);
                        let text = format!("no message on {topic} yet, for {span}");
                        PointState::Fault(MessageFault::new(QualityReason::NoMessage, text))
                    }
                },
            },
        }
    }
}

impl NewestValue {
    fn age(&self, now: MonoMs) -> u64 {
        now.0.saturating_sub(self.at.0)
    }

    fn state(&self, topic: &str) -> PointState {
        match &self.value {
            Ok(number) if self.is_retained => {
                PointState::Value(SampleOutcome::Uncertain(*number, QualityReason::Retained))
            }
            Ok(number) => PointState::Value(SampleOutcome::Good(*number)),
            Err(fault) => {
                let text = format!("{topic}: {}", fault.text);
                PointState::Fault(MessageFault::new(fault.reason, text))
            }
        }
    }
}

/// Age in milliseconds of a kept message that is still of the present; `None` when it is too old.
fn recent_age(age: i64, stale_after: u64) -> Option<u64> {
    match u64::try_from(age) {
        Ok(age) => (age <= stale_after).then_some(age),
        // A clock that is a little fast has sent it just now.
        Err(_) => (age.unsigned_abs() <= NODE_CLOCK_ERROR_MS).then_some(0),
    }
}

fn device_fault(reason: QualityReason, detail: String) -> DeviceFault {
    let detail = detail.into();
    DeviceFault { reason, detail }
}

fn clock_error_text(error: i64) -> String {
    let span = span_text(error.unsigned_abs());
    let side = if error < 0 { "behind" } else { "ahead" };
    format!("the clock of the node is {span} {side}; readings have the time of their arrival")
}

/// Duration in words, rounded down.
fn span_text(ms: u64) -> String {
    let seconds = ms / 1000;
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match hours {
        _ if seconds < 120 => format!("{seconds} s"),
        0 | 1 => format!("{minutes} min"),
        2..48 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMs;
    use crate::tests::{SiteText, load_site};
    use bytes::Bytes;
    use proptest::prelude::*;

    /// 2026-11-29 12:00 in Jakarta.
    const NOON: i64 = 1_795_928_400_000;

    /// Board of one node with a temperature in JSON and rain on a topic of its own.
    fn board() -> NodeBoard {
        let site = SiteText::new("s").bus("n", "kind = 'mqtt'\nurl = 'mqtt://127.0.0.1'");
        let keys = "topic = 'kebun'\navailability = '~/LWT'\ntime_field = 'Time'\nevery = '10s'";
        let points = [
            "{ id = 'temp', field = 'temp', unit = 'degC' }",
            "{ id = 'rain', topic = '~/rain', unit = 'mm' }",
        ];
        let config = load_site(&site.device("d", "n", keys).points(points).text());
        NodeBoard::new(&config.devices, &SiteZone::default())
    }

    fn stamp(second: u64) -> ClockStamp {
        ClockStamp {
            at: UtcMs(NOON + i64::try_from(second * 1000).unwrap()),
            mono: MonoMs(second * 1000),
            trusted: true,
        }
    }

    fn hear(board: &mut NodeBoard, second: u64, topic: &str, payload: &str, is_retained: bool) {
        let message = InboundMessage {
            topic: topic.to_owned(),
            payload: Bytes::copy_from_slice(payload.as_bytes()),
            is_retained,
        };
        board.take_message(&message, stamp(second));
    }

    /// Values and reasons of the points at a second, and the fault of the device.
    fn poll(board: &mut NodeBoard, second: u64) -> (Vec<String>, String) {
        let poll = board.poll(0, stamp(second).mono, MonoMs(0));
        let outcomes = match &poll.outcomes {
            Ok(outcomes) => outcomes.iter().map(outcome_text).collect(),
            Err(error) => vec![error.reason.word().to_owned(); 2],
        };
        let fault = poll.fault.map(|fault| fault.detail);
        (outcomes, fault.unwrap_or(poll.detail).to_string())
    }

    fn outcome_text(outcome: &SampleOutcome) -> String {
        let number = outcome.number().map(|number| number.to_string());
        let reason = outcome.reason().map(QualityReason::word);
        [number.as_deref(), reason]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_value_is_given_until_the_node_has_been_silent_for_three_periods() {
        let mut board = board();
        assert_eq!(poll(&mut board, 5).0, ["no-message", "no-message"]);
        assert_eq!(poll(&mut board, 5).1, "");
        hear(&mut board, 6, "kebun", r#"{"temp":21.5}"#, false);
        hear(&mut board, 7, "kebun/rain", "2.4", false);
        assert_eq!(poll(&mut board, 36).0, ["21.5", "2.4"]);
        let (values, fault) = poll(&mut board, 37);
        assert_eq!(values, ["no-message", "2.4"]);
        assert_eq!(fault, "temp: no message on kebun for 31 s");
        assert_eq!(poll(&mut board, 5000).0, ["no-message", "no-message"]);
        hear(&mut board, 5001, "kebun/rain", "2.5", false);
        assert_eq!(poll(&mut board, 5001).0, ["no-message", "2.5"]);
    }

    #[test]
    fn a_kept_message_is_old_and_gives_way_to_the_first_real_one() {
        let mut board = board();
        hear(&mut board, 1, "kebun/rain", "9", true);
        assert_eq!(poll(&mut board, 2).0[1], "9 retained");
        assert_eq!(poll(&mut board, 32).0[1], "no-message");
        hear(&mut board, 33, "kebun/rain", "10", false);
        // After a new connection the broker sends its copy again.
        hear(&mut board, 34, "kebun/rain", "9", true);
        assert_eq!(poll(&mut board, 35).0[1], "10");
        // A copy of what was sent while nobody listened is all there is.
        hear(&mut board, 100, "kebun/rain", "11", true);
        assert_eq!(poll(&mut board, 101).0[1], "11 retained");
    }

    #[test]
    fn a_kept_message_with_its_time_is_as_old_as_it_says() {
        let mut board = board();
        let sent = |time: &str| format!(r#"{{"Time":"{time}","temp":20}}"#);
        hear(&mut board, 20, "kebun", &sent("2026-11-29T12:00:10"), true);
        assert_eq!(poll(&mut board, 39).0[0], "20");
        assert_eq!(poll(&mut board, 41).0[0], "no-message");
        hear(&mut board, 50, "kebun", &sent("2026-11-27T12:00:00"), true);
        assert_eq!(poll(&mut board, 51).0[0], "20 retained");
    }

    #[test]
    fn the_last_will_takes_the_values_away() {
        let mut board = board();
        hear(&mut board, 1, "kebun/rain", "9", false);
        hear(&mut board, 2, "kebun/LWT", "Offline", true);
        let (values, fault) = poll(&mut board, 3);
        assert_eq!(values, ["offline", "offline"]);
        assert!(fault.contains("kebun/LWT"), "{fault}");
        hear(&mut board, 4, "kebun/LWT", "Online", false);
        // What was before is not taken as the present.
        assert_eq!(poll(&mut board, 5).0[1], "no-message");
    }

    #[test]
    fn a_message_about_something_else_changes_nothing_and_a_wrong_field_is_named() {
        let mut board = board();
        hear(&mut board, 1, "kebun", r#"{"battery":90}"#, false);
        let (values, fault) = poll(&mut board, 2);
        assert_eq!(values, ["absent", "no-message"]);
        assert!(
            fault.contains("no field temp") && fault.contains("`battery`"),
            "{fault}"
        );
        hear(&mut board, 3, "kebun", r#"{"temp":21}"#, false);
        hear(&mut board, 4, "kebun", r#"{"battery":89}"#, false);
        assert_eq!(poll(&mut board, 5).0[0], "21");
    }

    #[test]
    fn garbage_is_no_number_and_the_next_good_message_heals_it() {
        let mut board = board();
        hear(&mut board, 1, "kebun", "{\"temp\":", false);
        board.take_oversize("kebun/rain", 1 << 20, stamp(1));
        let (values, fault) = poll(&mut board, 2);
        assert_eq!(values, ["unreadable", "unreadable"]);
        assert!(fault.starts_with("temp: kebun: no JSON"), "{fault}");
        hear(&mut board, 3, "kebun", r#"{"temp":21}"#, false);
        hear(&mut board, 3, "kebun/rain", "0.2", false);
        assert_eq!(
            poll(&mut board, 4),
            (vec!["21".into(), "0.2".into()], String::new())
        );
    }

    #[test]
    fn a_wrong_clock_of_a_node_is_reported_and_its_value_is_of_now() {
        let mut board = board();
        hear(&mut board, 1, "kebun/rain", "0.2", false);
        let utc = r#"{"Time":"2026-11-29T05:00:00","temp":20}"#;
        hear(&mut board, 1, "kebun", utc, false);
        let (values, fault) = poll(&mut board, 2);
        assert_eq!(values, ["20", "0.2"]);
        assert!(fault.contains("7 h 0 min behind"), "{fault}");
        let right = r#"{"Time":"2026-11-29T12:00:02","temp":20}"#;
        hear(&mut board, 2, "kebun", right, false);
        assert_eq!(poll(&mut board, 3).1, "");
    }

    #[test]
    fn a_topic_that_the_broker_refuses_is_named() {
        let mut board = board();
        board.set_refused([(Arc::from("kebun/rain"), 0x87)].into_iter());
        hear(&mut board, 1, "kebun", r#"{"temp":21}"#, false);
        let (values, fault) = poll(&mut board, 2);
        assert_eq!(values, ["21", "unreachable"]);
        assert!(fault.contains("kebun/rain (code 0x87)"), "{fault}");
    }

    /// Event at a broker.
    #[derive(Clone, Debug)]
    enum BrokerEvent {
        Message(&'static str, Vec<u8>, bool),
        Oversize(&'static str),
        Refused(&'static str),
        Poll,
    }

    fn any_event() -> impl Strategy<Value = BrokerEvent> {
        let topic = || prop::sample::select(vec!["kebun", "kebun/rain", "kebun/LWT", "elsewhere"]);
        let word = prop::sample::select(vec![
            "Online",
            "Offline",
            "21.5",
            "nan",
            "1e999",
            "{\"temp\":",
            "",
            "ON",
            r#"{"temp":21,"Time":"2026-11-29T12:00:00"}"#,
            r#"{"temp":-300,"Time":0}"#,
            r#"{"temp":{"temp":[]},"Time":9e18}"#,
            r#"{"battery":90,"Time":-1e300}"#,
        ]);
        let payload = prop_oneof![
            4 => word.prop_map(|word| word.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..40),
        ];
        prop_oneof![
            6 => (topic(), payload, any::<bool>())
                .prop_map(|(topic, payload, kept)| BrokerEvent::Message(topic, payload, kept)),
            1 => topic().prop_map(BrokerEvent::Oversize),
            1 => topic().prop_map(BrokerEvent::Refused),
            3 => Just(BrokerEvent::Poll),
        ]
    }

    proptest! {
        #[test]
        fn whatever_a_broker_sends_a_value_is_possible_and_an_old_one_is_never_good(
            events in prop::collection::vec((any_event(), 0..40u64), 1..40)
        ) {
            let (mut board, mut second, mut sent) = (board(), 0, [None; 2]);
            for (event, pause) in events {
                second += pause;
                let now = stamp(second);
                match event {
                    BrokerEvent::Message(topic, payload, is_retained) => {
                        let point = ["kebun", "kebun/rain"].iter().position(|one| *one == topic);
                        if let Some(point) = point.filter(|_| !is_retained) {
                            sent[point] = Some(second);
                        }
                        let (topic, payload) = (topic.to_owned(), Bytes::from(payload));
                        board.take_message(&InboundMessage { topic, payload, is_retained }, now);
                    }
                    BrokerEvent::Oversize(topic) => board.take_oversize(topic, 1 << 20, now),
                    BrokerEvent::Refused(topic) => {
                        board.set_refused([(Arc::from(topic), 0x87)].into_iter());
                    }
                    BrokerEvent::Poll => {
                        let poll = board.poll(0, now.mono, MonoMs(0));
                        for (point, outcome) in poll.outcomes.iter().flatten().enumerate() {
                            let SampleOutcome::Good(number) = outcome else { continue };
                            let value = number.to_f64();
                            prop_assert!(value.is_finite() && value >= -200.0, "{value}");
                            // By itself, or kept with a time of its own that is of now.
                            let is_own = sent[point].is_some_and(|sent| second - sent <= 30);
                            prop_assert!(is_own || point == 0, "{value} at {second} s");
                        }
                    }
                }
            }
        }
    }
}
