//! Connection to an MQTT broker, for the sink that publishes readings and for the bus that hears
//! sensor nodes: TCP or TLS, CONNECT, and packets in both directions.
//!
//! ```text
//! let mut link = BrokerLink::open(&settings, None, &mut known).await?;
//! packet_codec::write_subscribe(&mut link.out, link.version, 1, &topics)?;
//! link.exchange_bytes().await?;                  // cancel safe
//! while let Some(packet) = link.next_packet()? { .. }
//! ```
//!
//! rumqttc's codec writes and reads the packets. Its event loop is not used: it queues and retries
//! by itself, where the journal is the queue, and ends the connection over a message that is too
//! large, again and again when that message is retained. Here such a message is skipped.

mod broker_link;
mod broker_refusal;
mod connection_end;
mod packet_codec;
#[cfg(feature = "fuzz-doors")]
mod packet_door;

pub(crate) use broker_link::{BrokerLink, KnownBroker};
pub(crate) use broker_refusal::append_reason_string;
pub(crate) use connection_end::{BrokerLinkError, ConnectionEndCause, diagnose_connection};
pub(crate) use packet_codec::{
    BrokerPacket, BrokerReasonCode, DISCONNECT, InboundMessage, MqttProtocolVersion, PINGREQ,
    PublishMessage, write_subscribe,
};
#[cfg(feature = "fuzz-doors")]
pub(crate) use packet_door::read_any_packets;
