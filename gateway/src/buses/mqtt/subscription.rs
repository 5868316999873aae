//! [`Subscription`]: a connection to a broker that hears topics, from CONNECT to its end.
//!
//! `QoS` 0 is enough: a value that is lost with a connection is followed by the next one, and
//! nothing has to be acknowledged.

use crate::config::BrokerSettings;
use crate::mqtt_link::{
    BrokerLink, BrokerLinkError, BrokerPacket, BrokerReasonCode, ConnectionEndCause,
    InboundMessage, KnownBroker, PINGREQ, append_reason_string, write_subscribe,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Maximum topics in one subscription.
// With the longest topics the packet stays far below what brokers accept.
const SUBSCRIBED_AT_ONCE_MAX: usize = 50;
/// Time limit of the answers to subscriptions.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(10);
/// Silence, in times of the keep-alive, after which the broker counts as gone: it answers pings.
const SILENT_PINGS: u32 = 2;

/// Event of a subscription.
#[derive(Debug)]
pub(super) enum SubscriptionEvent {
    /// All topics were answered: those that the broker refuses, with its codes.
    Listening(Vec<(Arc<str>, u8)>),
    /// A message.
    Message(InboundMessage),
    /// A message that was too large: its topic and its bytes.
    Oversize(String, usize),
}

/// Connection that hears topics.
pub(super) struct Subscription {
    link: BrokerLink,
    /// Topics of the subscriptions that are not answered yet, by packet id.
    unanswered: HashMap<u16, Vec<Arc<str>>>,
    refused: Vec<(Arc<str>, u8)>,
    opened: Instant,
    heard: Instant,
    wrote: Instant,
}

impl Subscription {
    /// Connects and subscribes.
    pub(super) async fn open(
        settings: &BrokerSettings,
        topics: &[Arc<str>],
        known: &mut KnownBroker,
    ) -> Result<Self, BrokerLinkError> {
        let mut link = BrokerLink::open(settings, None, known).await?;
        let mut unanswered = HashMap::new();
        // From 1, since 0 is no packet id; the most topics of a bus take 164 of them.
        for (id, some) in (1..=u16::MAX).zip(topics.chunks(SUBSCRIBED_AT_ONCE_MAX)) {
            let topics = some.iter().map(|topic| &**topic);
            write_subscribe(&mut link.out, link.version, id, topics)
                .map_err(|why| BrokerLinkError::new(ConnectionEndCause::OtherReason, why))?;
            unanswered.insert(id, some.to_vec());
        }
        let now = Instant::now();
        Ok(Self {
            link,
            unanswered,
            refused: Vec::new(),
            opened: now,
            heard: now,
            wrote: now,
        })
    }

    /// Time since the broker has accepted the connection.
    pub(super) fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    /// Waits for the next event. Cancel safe.
    pub(super) async fn next_event(&mut self) -> Result<SubscriptionEvent, BrokerLinkError> {
        loop {
            while let Some(packet) = self.link.next_packet()? {
                if let Some(event) = self.take_packet(packet)? {
                    return Ok(event);
                }
            }
            let now = Instant::now();
            let silent_at = self.heard + SILENT_PINGS * self.link.keep_alive;
            let answered_by = self.opened + SUBSCRIBE_TIMEOUT;
            let is_unanswered = !self.unanswered.is_empty() && now >= answered_by;
            if now >= silent_at || is_unanswered {
                let why = "the broker does not answer";
                return Err(BrokerLinkError::new(ConnectionEndCause::Silent, why));
            }
            let ping_at = self.wrote + self.link.keep_alive;
            if now >= ping_at {
                self.link.out.extend_from_slice(&PINGREQ);
                self.wrote = now;
                continue;
            }
            let mut wake_at = ping_at.min(silent_at);
            if !self.unanswered.is_empty() {
                wake_at = wake_at.min(answered_by);
            }
            tokio::select! {
                got = self.link.exchange_bytes() => if got? {
                    self.heard = Instant::now();
                },
                () = sleep_until(wake_at) => {}
            }
        }
    }

    fn take_packet(
        &mut self,
        packet: BrokerPacket,
    ) -> Result<Option<SubscriptionEvent>, BrokerLinkError> {
        Ok(match packet {
            BrokerPacket::Message(message) => Some(SubscriptionEvent::Message(message)),
            BrokerPacket::Oversize { topic, bytes } => {
                Some(SubscriptionEvent::Oversize(topic, bytes))
            }
            BrokerPacket::SubAck { id, codes } => {
                let topics = self.unanswered.remove(&id).unwrap_or_default();
                let codes = topics.into_iter().zip(codes);
                // Codes from 0x80 on refuse, in 3.1.1 and in 5.0.
                self.refused.extend(codes.filter(|(_, code)| *code >= 0x80));
                let refused = &mut self.refused;
                let is_whole = self.unanswered.is_empty();
                is_whole.then(|| SubscriptionEvent::Listening(std::mem::take(refused)))
            }
            BrokerPacket::Disconnect(said) => return Err(disconnected(&said)),
            _ => None,
        })
    }
}

/// Error of a connection that the broker has ended, with its reason (5.0, 3.14.2.1).
fn disconnected(said: &BrokerReasonCode) -> BrokerLinkError {
    let why = match said.code {
        0x8E => "another client uses the same client id".to_owned(),
        0x87 => "the broker does not allow us to subscribe".to_owned(),
        code => format!("the broker has closed the connection (code 0x{code:02X})"),
    };
    BrokerLinkError::new(
        ConnectionEndCause::OtherReason,
        append_reason_string(why, said),
    )
}
