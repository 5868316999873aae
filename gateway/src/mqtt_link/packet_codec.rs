//! Packets of MQTT 3.1.1 and 5.0 that a client sends and receives, without input or output.
//!
//! rumqttc's two codecs write and read them. This module gives both one interface, so that the
//! connection and the session do not depend on the version.

use crate::limits::{MQTT_ANSWER_MAX, MQTT_PACKET_MAX};
use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::{Error as OldError, Protocol, QoS as OldQoS, v4};
use rumqttc::v5::mqttbytes::{Error as NewError, QoS as NewQoS, v5};

/// Version of the MQTT protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MqttProtocolVersion {
    /// 3.1.1: an acknowledgement cannot be negative.
    V3,
    /// 5.0: an acknowledgement has a reason code.
    V5,
}

impl MqttProtocolVersion {
    /// Returns the version number as text.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::V3 => "3.1.1",
            Self::V5 => "5.0",
        }
    }
}

/// PINGREQ packet; it has no content.
pub(crate) const PINGREQ: [u8; 2] = [0xC0, 0];
/// DISCONNECT packet: a clean end, after which the broker does not publish the last will.
pub(crate) const DISCONNECT: [u8; 2] = [0xE0, 0];

/// Content of CONNECT.
#[derive(Debug)]
pub(crate) struct ConnectPacket<'a> {
    pub(crate) client_id: &'a str,
    /// Keep-alive interval, seconds.
    pub(crate) keep_alive: u16,
    /// Topic and text of the last will.
    pub(crate) will: Option<(&'a str, &'a str)>,
    /// The broker is to keep the last will.
    pub(crate) retain_will: bool,
    /// User name and password.
    pub(crate) login: Option<(&'a str, &'a str)>,
}

/// Appends CONNECT with a clean session; the last will has `QoS` 1.
///
/// # Errors
/// A text is longer than MQTT allows (65535 bytes).
pub(crate) fn write_connect(
    out: &mut BytesMut,
    version: MqttProtocolVersion,
    with: &ConnectPacket<'_>,
) -> Result<(), String> {
    let (user, password) = with.login.unwrap_or_default();
    // Checked here, since the codecs write the length of a text in two bytes without a check.
    let (will_topic, will) = with.will.unwrap_or_default();
    let texts = [with.client_id, will_topic, will, user, password];
    if texts.iter().any(|text| text.len() > usize::from(u16::MAX)) {
        return Err("client id, user name or password are longer than MQTT takes".to_owned());
    }
    let written = match version {
        MqttProtocolVersion::V3 => connect_packet_v3(with)
            .write(out)
            .map_err(|why| why.to_string()),
        MqttProtocolVersion::V5 => write_connect_v5(out, with).map_err(|why| why.to_string()),
    };
    written.map(|_| ())
}

fn connect_packet_v3(with: &ConnectPacket<'_>) -> v4::Connect {
    v4::Connect {
        protocol: Protocol::V4,
        keep_alive: with.keep_alive,
        client_id: with.client_id.to_owned(),
        clean_session: true,
        last_will: with.will.map(|(topic, will)| v4::LastWill {
            topic: topic.to_owned(),
            message: Bytes::copy_from_slice(will.as_bytes()),
            qos: OldQoS::AtLeastOnce,
            retain: with.retain_will,
        }),
        login: with.login.map(|(user, password)| v4::Login {
            username: user.to_owned(),
            password: password.to_owned(),
        }),
    }
}

fn write_connect_v5(out: &mut BytesMut, with: &ConnectPacket<'_>) -> Result<usize, NewError> {
    let will = with.will.map(|(topic, will)| v5::LastWill {
        topic: Bytes::copy_from_slice(topic.as_bytes()),
        message: Bytes::copy_from_slice(will.as_bytes()),
        qos: NewQoS::AtLeastOnce,
        retain: with.retain_will,
        properties: None,
    });
    let login = with.login.map(|(user, password)| v5::Login {
        username: user.to_owned(),
        password: password.to_owned(),
    });
    let connect = v5::Connect {
        keep_alive: with.keep_alive,
        client_id: with.client_id.to_owned(),
        clean_start: true,
        properties: None,
    };
    connect.write(&will, &login, out)
}

/// Message to publish.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PublishMessage<'a> {
    pub(crate) topic: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) retain: bool,
}

impl PublishMessage<'_> {
    /// Appends PUBLISH with `QoS` 1 and this packet id, which is not 0.
    pub(crate) fn write_publish(&self, out: &mut BytesMut, version: MqttProtocolVersion, id: u16) {
        let bytes = self.packet_bytes(version);
        debug_assert!(bytes <= MQTT_PACKET_MAX, "checked before it is sent");
        out.reserve(bytes);
        let payload = Bytes::copy_from_slice(self.payload.as_bytes());
        let is_written = match version {
            MqttProtocolVersion::V3 => {
                let mut packet = v4::Publish::from_bytes(self.topic, OldQoS::AtLeastOnce, payload);
                (packet.pkid, packet.retain) = (id, self.retain);
                packet.write(out).is_ok()
            }
            MqttProtocolVersion::V5 => {
                let mut packet = v5::Publish::new(self.topic, NewQoS::AtLeastOnce, payload, None);
                (packet.pkid, packet.retain) = (id, self.retain);
                packet.write(out).is_ok()
            }
        };
        debug_assert!(is_written, "only an id of 0 or 256 MB cannot be written");
    }

    /// Returns the bytes of the whole packet.
    pub(crate) fn packet_bytes(&self, version: MqttProtocolVersion) -> usize {
        let properties = usize::from(version == MqttProtocolVersion::V5);
        let rest = 2 + self.topic.len() + 2 + properties + self.payload.len();
        // The remaining length takes one byte for each 7 bits (MQTT 3.1.1, 2.2.3).
        let digits = (1..4).filter(|digit| rest >> (7 * digit) > 0).count();
        rest + 2 + digits
    }
}

/// Appends SUBSCRIBE with `QoS` 0 and this packet id, which is not 0.
///
/// # Errors
/// A topic is longer than MQTT allows, or all together are larger than a packet may be.
pub(crate) fn write_subscribe<'a>(
    out: &mut BytesMut,
    version: MqttProtocolVersion,
    id: u16,
    topics: impl Iterator<Item = &'a str>,
) -> Result<(), String> {
    let topics: Vec<&str> = topics.collect();
    // Checked here, since the codecs write the length of a text in two bytes without a check.
    if topics.iter().any(|at| at.len() > usize::from(u16::MAX)) {
        return Err("a topic is longer than MQTT takes".to_owned());
    }
    let topics = topics.into_iter();
    let written = match version {
        MqttProtocolVersion::V3 => {
            let one = |topic: &str| v4::SubscribeFilter::new(topic.to_owned(), OldQoS::AtMostOnce);
            let mut packet = v4::Subscribe::new_many(topics.map(one));
            packet.pkid = id;
            packet.write(out).map_err(|why| why.to_string())
        }
        MqttProtocolVersion::V5 => {
            let one = |topic: &str| v5::Filter::new(topic, NewQoS::AtMostOnce);
            let mut packet = v5::Subscribe::new_many(topics.map(one), None);
            packet.pkid = id;
            packet.write(out).map_err(|why| why.to_string())
        }
    };
    written.map(|_| ())
}

/// Packet that a broker sends to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BrokerPacket {
    ConnAck(ConnAck),
    /// Acknowledgement of a message, positive or negative.
    PubAck {
        /// Packet id of the message.
        id: u16,
        said: BrokerReasonCode,
    },
    Pong,
    /// Message on a topic that was subscribed.
    Message(InboundMessage),
    /// The same, larger than `MQTT_ANSWER_MAX`: it is skipped.
    Oversize {
        topic: String,
        /// Bytes of the packet.
        bytes: usize,
    },
    /// Answer to a subscription: for each topic 0, or the code of the refusal.
    SubAck {
        /// Packet id of the subscription.
        id: u16,
        codes: Vec<u8>,
    },
    /// The broker ends the connection (5.0).
    Disconnect(BrokerReasonCode),
    /// Anything that is not used here.
    Other,
}

/// Message of another client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InboundMessage {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    /// The broker had kept it: it was sent at an earlier time.
    pub(crate) is_retained: bool,
}

/// Head of a message that is too large.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OversizeMessage {
    pub(super) topic: String,
    /// Bytes of the whole packet.
    pub(super) bytes: usize,
}

/// Returns the head of a message that is larger than `MQTT_ANSWER_MAX`; `None` for anything else,
/// and while its topic is incomplete.
pub(super) fn oversize_message(read: &[u8]) -> Option<OversizeMessage> {
    const PUBLISH: u8 = 3;
    if read.first()? >> 4 != PUBLISH {
        return None;
    }
    let mut length = 0;
    for (digit, byte) in read.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * digit);
        if byte & 0x80 != 0 {
            continue;
        }
        if length <= MQTT_ANSWER_MAX {
            return None;
        }
        let body = read.get(digit + 2..)?;
        let topic_bytes = usize::from(u16::from_be_bytes([*body.first()?, *body.get(1)?]));
        let topic = body.get(2..2 + topic_bytes)?;
        return Some(OversizeMessage {
            topic: String::from_utf8_lossy(topic).into_owned(),
            bytes: digit + 2 + length,
        });
    }
    None
}

/// Reason code (0: success) and the broker's own text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BrokerReasonCode {
    pub(crate) code: u8,
    pub(crate) words: Option<String>,
}

/// Answer to CONNECT, and the broker's limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnAck {
    pub(crate) said: BrokerReasonCode,
    /// Largest number of unacknowledged messages.
    pub(crate) receive_max: u16,
    /// Largest packet in bytes; `None` for no limit.
    pub(crate) packet_max: Option<usize>,
    /// Keep-alive interval that the broker demands, seconds.
    pub(crate) keep_alive: Option<u16>,
    /// Highest `QoS` that the broker supports.
    pub(crate) qos_max: u8,
    /// The broker keeps messages for later subscribers.
    pub(crate) retains: bool,
    /// The answer has a property list, even an empty one: it is of version 5.
    pub(crate) properties: bool,
}

/// Received bytes that are not MQTT.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MalformedPacketError;

/// Takes the next packet from the received bytes; `None` while it is incomplete.
///
/// # Errors
/// The bytes are no packet that a broker sends to a client.
pub(crate) fn take_packet(
    read: &mut BytesMut,
    version: MqttProtocolVersion,
) -> Result<Option<BrokerPacket>, MalformedPacketError> {
    // The lower half of the first byte is fixed in all packets but messages.
    let (kind, flags) = match read.first() {
        Some(first) => (first >> 4, first & 0x0F),
        None => return Ok(None),
    };
    // A broker does not send types 0, 1 (CONNECT), 12 (PINGREQ) and 15 (AUTH in 5.0) to us: this is
    // not MQTT.
    if matches!(kind, 0 | 1 | 12 | 15) || (matches!(kind, 2 | 4 | 9 | 13 | 14) && flags != 0) {
        return Err(MalformedPacketError);
    }
    // rumqttc's codec requires what the standard lets a broker leave out (5.0, 3.14.2): the
    // properties, or the reason as well.
    match read.as_ref() {
        [0xE0, 0, ..] => {
            let _ = read.split_to(DISCONNECT.len());
            return Ok(Some(BrokerPacket::Disconnect(BrokerReasonCode::default())));
        }
        [0xE0, 1] => return Ok(None),
        &[0xE0, 1, code, ..] => {
            let _ = read.split_to(DISCONNECT.len() + 1);
            let said = BrokerReasonCode { code, words: None };
            return Ok(Some(BrokerPacket::Disconnect(said)));
        }
        _ => {}
    }
    let start = PacketStart::parse_start(read);
    let before = read.len();
    // A broker that does not know version 5 answers with a two-byte CONNACK without properties.
    let packet = if version == MqttProtocolVersion::V3 || read.starts_with(&[0x20, 2]) {
        match v4::Packet::read(read, MQTT_ANSWER_MAX) {
            Ok(packet) => Ok(packet_from_v3(packet, start)),
            Err(OldError::InsufficientBytes(_)) if read.len() == before => return Ok(None),
            Err(_) => Err(MalformedPacketError),
        }
    } else {
        let most = u32::try_from(MQTT_ANSWER_MAX).unwrap_or(u32::MAX);
        match v5::Packet::read(read, Some(most)) {
            Ok(packet) => Ok(packet_from_v5(packet, start)),
            Err(NewError::InsufficientBytes(_)) if read.len() == before => return Ok(None),
            Err(_) => Err(MalformedPacketError),
        }
    };
    packet.map(Some)
}

/// First bytes of a packet: rumqttc gives reasons as names, here their numbers are needed.
#[derive(Clone, Copy)]
struct PacketStart {
    bytes: [u8; 8],
    /// Index of the variable header.
    body: usize,
}

impl PacketStart {
    fn parse_start(read: &[u8]) -> Self {
        let mut bytes = [0; 8];
        let known = read.len().min(bytes.len());
        bytes[..known].copy_from_slice(&read[..known]);
        let digits = bytes[1..5].iter().take_while(|digit| **digit & 0x80 != 0);
        let body = 2 + digits.count();
        Self { bytes, body }
    }

    /// Returns a byte of the variable header.
    fn header_byte(self, at: usize) -> u8 {
        self.bytes.get(self.body + at).copied().unwrap_or_default()
    }
}

fn packet_from_v3(packet: v4::Packet, start: PacketStart) -> BrokerPacket {
    match packet {
        v4::Packet::ConnAck(_) => BrokerPacket::ConnAck(ConnAck {
            said: BrokerReasonCode {
                code: start.header_byte(1),
                words: None,
            },
            receive_max: u16::MAX,
            packet_max: None,
            keep_alive: None,
            qos_max: 2,
            retains: true,
            properties: false,
        }),
        v4::Packet::PubAck(ack) => BrokerPacket::PubAck {
            id: ack.pkid,
            said: BrokerReasonCode::default(),
        },
        v4::Packet::PingResp => BrokerPacket::Pong,
        v4::Packet::Publish(message) => BrokerPacket::Message(InboundMessage {
            topic: message.topic,
            payload: message.payload,
            is_retained: message.retain,
        }),
        v4::Packet::SubAck(answer) => BrokerPacket::SubAck {
            id: answer.pkid,
            codes: answer
                .return_codes
                .into_iter()
                .map(subscribe_code_v3)
                .collect(),
        },
        v4::Packet::Disconnect => BrokerPacket::Disconnect(BrokerReasonCode::default()),
        _ => BrokerPacket::Other,
    }
}

fn packet_from_v5(packet: v5::Packet, start: PacketStart) -> BrokerPacket {
    match packet {
        v5::Packet::ConnAck(answer) => {
            BrokerPacket::ConnAck(connack_from_v5(answer, start.header_byte(1)))
        }
        v5::Packet::PubAck(ack) => BrokerPacket::PubAck {
            id: ack.pkid,
            said: BrokerReasonCode {
                // An acknowledgement without properties has no byte for the reason.
                code: match ack.reason {
                    v5::PubAckReason::Success => 0,
                    _ => start.header_byte(2),
                },
                words: ack.properties.and_then(|all| all.reason_string),
            },
        },
        v5::Packet::PingResp(_) => BrokerPacket::Pong,
        v5::Packet::Publish(message) => BrokerPacket::Message(InboundMessage {
            topic: String::from_utf8_lossy(&message.topic).into_owned(),
            payload: message.payload,
            is_retained: message.retain,
        }),
        v5::Packet::SubAck(answer) => BrokerPacket::SubAck {
            id: answer.pkid,
            codes: answer
                .return_codes
                .into_iter()
                .map(subscribe_code_v5)
                .collect(),
        },
        v5::Packet::Disconnect(end) => BrokerPacket::Disconnect(BrokerReasonCode {
            code: end.reason_code as u8,
            words: end.properties.and_then(|all| all.reason_string),
        }),
        _ => BrokerPacket::Other,
    }
}

fn subscribe_code_v3(code: v4::SubscribeReasonCode) -> u8 {
    match code {
        v4::SubscribeReasonCode::Success(_) => 0,
        v4::SubscribeReasonCode::Failure => 0x80,
    }
}

/// Number of a reason (5.0, 3.9.3).
fn subscribe_code_v5(code: v5::SubscribeReasonCode) -> u8 {
    use v5::SubscribeReasonCode as Code;
    match code {
        Code::Success(_) => 0,
        Code::Failure | Code::Unspecified => 0x80,
        Code::ImplementationSpecific => 0x83,
        Code::NotAuthorized => 0x87,
        Code::TopicFilterInvalid => 0x8F,
        Code::PkidInUse => 0x91,
        Code::QuotaExceeded => 0x97,
        Code::SharedSubscriptionsNotSupported => 0x9E,
        Code::SubscriptionIdNotSupported => 0xA1,
        Code::WildcardSubscriptionsNotSupported => 0xA2,
    }
}

fn connack_from_v5(answer: v5::ConnAck, code: u8) -> ConnAck {
    let all = answer.properties;
    let of = all.as_ref();
    ConnAck {
        receive_max: of
            .and_then(|all| all.receive_max)
            // 0 is a protocol error; one message at a time always works.
            .map_or(u16::MAX, |most| most.max(1)),
        packet_max: of
            .and_then(|all| all.max_packet_size)
            .and_then(|most| usize::try_from(most).ok()),
        keep_alive: of.and_then(|all| all.server_keep_alive),
        qos_max: of.and_then(|all| all.max_qos).unwrap_or(2),
        retains: of.and_then(|all| all.retain_available) != Some(0),
        properties: true,
        said: BrokerReasonCode {
            code,
            words: all.and_then(|all| all.reason_string),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn take_v5_packet(bytes: &[u8]) -> Result<Option<BrokerPacket>, MalformedPacketError> {
        take_packet(&mut BytesMut::from(bytes), MqttProtocolVersion::V5)
    }

    #[test]
    fn a_connection_begins_as_the_standard_spells_it() {
        let with = ConnectPacket {
            client_id: "c",
            keep_alive: 20,
            will: Some(("t", "off")),
            retain_will: true,
            login: Some(("u", "p")),
        };
        let mut out = BytesMut::new();
        write_connect(&mut out, MqttProtocolVersion::V3, &with).unwrap();
        let wanted = b"\x10\x1B\0\x04MQTT\x04\xEE\0\x14\0\x01c\0\x01t\0\x03off\0\x01u\0\x01p";
        assert_eq!(out, wanted[..]);
        out.clear();
        write_connect(
            &mut out,
            MqttProtocolVersion::V5,
            &ConnectPacket {
                login: None,
                ..with
            },
        )
        .unwrap();
        let wanted = b"\x10\x17\0\x04MQTT\x05\x2E\0\x14\0\0\x01c\0\0\x01t\0\x03off";
        assert_eq!(out, wanted[..]);
    }

    #[test]
    fn a_message_is_as_long_as_it_says() {
        for length in [0, 100, 120, 121, 122, 123, 200, 16_375, 16_383, 70_000] {
            let payload = "x".repeat(length);
            let message = PublishMessage {
                topic: "a/b",
                payload: &payload,
                retain: false,
            };
            for version in [MqttProtocolVersion::V3, MqttProtocolVersion::V5] {
                let mut out = BytesMut::new();
                message.write_publish(&mut out, version, 7);
                assert_eq!(out.len(), message.packet_bytes(version), "{length}");
            }
        }
        let mut out = BytesMut::new();
        let message = PublishMessage {
            topic: "a",
            payload: "x",
            retain: true,
        };
        message.write_publish(&mut out, MqttProtocolVersion::V5, 0x0102);
        assert_eq!(out, b"\x33\x07\0\x01a\x01\x02\0x"[..]);
    }

    #[test]
    fn an_acknowledgement_may_have_a_reason() {
        let plain = take_v5_packet(b"\x40\x02\x01\x02");
        let said = BrokerReasonCode::default();
        assert_eq!(plain, Ok(Some(BrokerPacket::PubAck { id: 258, said })));
        let denied = take_v5_packet(b"\x40\x09\0\x05\x87\x05\x1F\0\x02no");
        let said = BrokerReasonCode {
            code: 0x87,
            words: Some("no".into()),
        };
        assert_eq!(denied, Ok(Some(BrokerPacket::PubAck { id: 5, said })));
        assert_eq!(take_v5_packet(b"\x40\x02\x01"), Ok(None));
        assert_eq!(
            take_v5_packet(b"HTTP/1.1 400 Bad Request\r\n"),
            Err(MalformedPacketError)
        );
    }

    #[test]
    fn a_broker_says_within_which_bounds_it_takes_messages() {
        let bytes = b"\x20\x0E\0\0\x0B\x21\0\x14\x27\0\0\x03\xE8\x13\0\x0A";
        let Ok(Some(BrokerPacket::ConnAck(answer))) = take_v5_packet(bytes) else {
            panic!("not understood");
        };
        let bounds = (answer.receive_max, answer.packet_max, answer.keep_alive);
        assert_eq!(bounds, (20, Some(1000), Some(10)));
    }

    #[test]
    fn a_broker_may_leave_out_all_but_the_reason_of_an_end_and_all_of_it() {
        let ends = |code, words| {
            let said = BrokerReasonCode { code, words };
            Ok(Some(BrokerPacket::Disconnect(said)))
        };
        assert_eq!(take_v5_packet(b"\xE0\0"), ends(0, None));
        assert_eq!(take_v5_packet(b"\xE0\x01"), Ok(None));
        assert_eq!(take_v5_packet(b"\xE0\x01\x97"), ends(0x97, None));
        assert_eq!(take_v5_packet(b"\xE0\x02\x96\0"), ends(0x96, None));
        let with_words = b"\xE0\x07\x95\x05\x1F\0\x02no";
        assert_eq!(take_v5_packet(with_words), ends(0x95, Some("no".into())));
    }

    #[test]
    fn a_broker_says_whether_it_keeps_messages() {
        for (bytes, wanted) in [
            (&b"\x20\x03\0\0\0"[..], true),
            (b"\x20\x05\0\0\x02\x25\x01", true),
            (b"\x20\x05\0\0\x02\x25\0", false),
        ] {
            let Ok(Some(BrokerPacket::ConnAck(answer))) = take_v5_packet(bytes) else {
                panic!("not understood");
            };
            assert_eq!(answer.retains, wanted);
        }
    }

    #[test]
    fn an_old_broker_that_does_not_know_version_5_is_understood() {
        let Ok(Some(BrokerPacket::ConnAck(answer))) = take_v5_packet(b"\x20\x02\0\x01") else {
            panic!("not understood");
        };
        assert_eq!((answer.said.code, answer.properties), (1, false));
    }

    #[test]
    fn a_subscription_and_its_answer_are_as_the_standard_spells_them() {
        let mut out = BytesMut::new();
        let topics = || ["a/b", "c"].into_iter();
        write_subscribe(&mut out, MqttProtocolVersion::V3, 7, topics()).unwrap();
        assert_eq!(out, b"\x82\x0C\0\x07\0\x03a/b\0\0\x01c\0"[..]);
        out.clear();
        write_subscribe(&mut out, MqttProtocolVersion::V5, 7, topics()).unwrap();
        assert_eq!(out, b"\x82\x0D\0\x07\0\0\x03a/b\0\0\x01c\0"[..]);
        let codes = vec![0, 0x87];
        assert_eq!(
            take_v5_packet(b"\x90\x05\0\x07\0\0\x87"),
            Ok(Some(BrokerPacket::SubAck { id: 7, codes }))
        );
        let codes = vec![0x80, 0];
        assert_eq!(
            take_packet(
                &mut BytesMut::from(&b"\x90\x04\0\x07\x80\x01"[..]),
                MqttProtocolVersion::V3
            ),
            Ok(Some(BrokerPacket::SubAck { id: 7, codes }))
        );
    }

    #[test]
    fn a_message_says_whether_the_broker_had_kept_it() {
        let message = |is_retained| {
            Ok(Some(BrokerPacket::Message(InboundMessage {
                topic: "t".into(),
                payload: Bytes::from_static(b"21"),
                is_retained,
            })))
        };
        assert_eq!(take_v5_packet(b"\x31\x06\0\x01t\x0021"), message(true));
        assert_eq!(take_v5_packet(b"\x30\x06\0\x01t\x0021"), message(false));
    }

    #[test]
    fn a_message_that_is_too_large_is_known_by_its_head() {
        let head = b"\x30\x80\x80\x08\0\x03a/b";
        let large = Some(OversizeMessage {
            topic: "a/b".into(),
            bytes: 4 + (1 << 17),
        });
        assert_eq!(oversize_message(head), large);
        // The topic is not complete yet.
        assert_eq!(oversize_message(&head[..8]), None);
        assert_eq!(oversize_message(b"\x30\x05\0\x03a/b"), None);
        assert_eq!(oversize_message(b"\x40\x80\x80\x08\0\x03a/b"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes: Vec<u8>) {
            for version in [MqttProtocolVersion::V3, MqttProtocolVersion::V5] {
                let mut read = BytesMut::from(&bytes[..]);
                let _ = oversize_message(&bytes);
                while let Ok(Some(_)) = take_packet(&mut read, version) {}
                for kind in 0..=15 {
                    let length = bytes.len() % 128;
                    let mut packet = vec![kind << 4, u8::try_from(length).unwrap()];
                    packet.extend(&bytes[..length]);
                    let mut read = BytesMut::from(&packet[..]);
                    let found = take_packet(&mut read, version);
                    // A complete packet is never waited for.
                    prop_assert_ne!(found, Ok(None));
                }
            }
        }
    }
}
