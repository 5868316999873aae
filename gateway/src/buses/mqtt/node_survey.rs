//! [`NodeSurvey`]: the topics that are used at a broker, with their newest messages, for
//! `pantau scan`.

use super::subscription::{Subscription, SubscriptionEvent};
use crate::config::{BrokerSettings, is_node_topic};
use crate::mqtt_link::{InboundMessage, KnownBroker};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// All topics but those of the broker itself (`$SYS`).
const ALL_TOPICS: &str = "#";
/// Maximum topics that are kept; further ones are counted.
const SCAN_TOPICS_MAX: usize = 5000;
/// Maximum bytes of messages that are kept.
const SCAN_PAYLOAD_BYTES_MAX: usize = 8 << 20;
/// Time between two reports of progress without a message.
const PROGRESS_TICK: Duration = Duration::from_millis(500);

/// Topics that were heard, with their newest message.
#[derive(Clone, Debug, Default)]
pub struct NodeSurvey {
    /// Newest message of each topic.
    pub topics: BTreeMap<String, HeardMessage>,
    /// Messages on topics beyond the limits, or with letters that no topic of a node has.
    pub left_out: u64,
    bytes: usize,
}

/// Newest message of a topic.
#[derive(Clone, Debug)]
pub struct HeardMessage {
    /// The message itself.
    pub payload: Bytes,
    /// The broker had kept it, and no other has come since.
    pub is_retained: bool,
}

impl NodeSurvey {
    /// Adds a message, when there is room for it and a configuration can name its topic.
    pub fn add_message(&mut self, topic: &str, payload: &[u8], is_retained: bool) {
        let old = self.topics.get(topic).map(|old| old.payload.len());
        let bytes = self.bytes - old.unwrap_or_default() + payload.len();
        let is_full = old.is_none() && self.topics.len() >= SCAN_TOPICS_MAX;
        if !is_node_topic(topic) || is_full || bytes > SCAN_PAYLOAD_BYTES_MAX {
            self.left_out += 1;
            return;
        }
        self.bytes = bytes;
        let message = HeardMessage {
            // A copy: the received buffer holds the messages before and after it too.
            payload: Bytes::copy_from_slice(payload),
            is_retained,
        };
        self.topics.insert(topic.to_owned(), message);
    }
}

/// Adds the messages of a broker to a survey until the connection is lost, and returns the reason.
/// Cancel safe; `progress` is called after each message, and now and then.
pub async fn hear_all_topics(
    settings: &BrokerSettings,
    survey: &mut NodeSurvey,
    mut progress: impl FnMut(&NodeSurvey),
) -> String {
    let mut settings = settings.clone();
    // The gateway may be connected with its own id.
    settings.client_id = format!("pantau-scan-{:08x}", fastrand::u32(..));
    let topics = [Arc::from(ALL_TOPICS)];
    let mut known = KnownBroker::default();
    let mut subscription = match Subscription::open(&settings, &topics, &mut known).await {
        Ok(subscription) => subscription,
        Err(lost) => return lost.why,
    };
    let mut tick = tokio::time::interval(PROGRESS_TICK);
    loop {
        let event = tokio::select! {
            event = subscription.next_event() => event,
            _ = tick.tick() => {
                progress(survey);
                continue;
            }
        };
        match event {
            Ok(SubscriptionEvent::Message(message)) => {
                let InboundMessage {
                    topic,
                    payload,
                    is_retained,
                } = message;
                survey.add_message(&topic, &payload, is_retained);
                progress(survey);
            }
            Ok(SubscriptionEvent::Oversize(..)) => survey.left_out += 1,
            Ok(SubscriptionEvent::Listening(refused)) => {
                if let Some((_, code)) = refused.first() {
                    return format!("the broker does not let us read all topics (0x{code:02X})");
                }
            }
            Err(lost) => return lost.why,
        }
    }
}
