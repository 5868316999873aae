//! The packets of MQTT 3.1.1 and 5.0 that a publisher sends and hears, without any input or output.
//!
//! rumqttc's two codecs write and read them. Here they get one face, so that the connection and the
//! session do not care which version the broker speaks.

use crate::limits::{MQTT_ANSWER_MAX, MQTT_PACKET_MAX};
use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::{Error as OldError, Protocol, QoS as OldQoS, v4};
use rumqttc::v5::mqttbytes::{Error as NewError, QoS as NewQoS, v5};

/// Version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// 3.1.1: an acknowledgement cannot say no.
    V3,
    /// 5.0: an acknowledgement has a reason code.
    V5,
}

impl Version {
    /// As people write it.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::V3 => "3.1.1",
            Self::V5 => "5.0",
        }
    }
}

/// A packet of this kind without anything in it.
pub(super) const PING: [u8; 2] = [0xC0, 0];
/// A clean end: the broker keeps the last will to itself.
pub(super) const DISCONNECT: [u8; 2] = [0xE0, 0];

/// What a connection begins with.
#[derive(Debug)]
pub(super) struct Connect<'a> {
    pub(super) client_id: &'a str,
    /// Seconds.
    pub(super) keep_alive: u16,
    pub(super) will_topic: &'a str,
    pub(super) will: &'a str,
    /// User name and password.
    pub(super) login: Option<(&'a str, &'a str)>,
}

/// Appends CONNECT: a clean session, the will retained with `QoS` 1.
///
/// # Errors
/// In words: something of it is longer than MQTT can say.
pub(super) fn connect(
    out: &mut BytesMut,
    version: Version,
    with: &Connect<'_>,
) -> Result<(), String> {
    let (user, password) = with.login.unwrap_or_default();
    let texts = [with.client_id, with.will_topic, with.will, user, password];
    if texts.iter().any(|text| text.len() > usize::from(u16::MAX)) {
        return Err("client id, user name or password are longer than MQTT takes".to_owned());
    }
    let written = match version {
        Version::V3 => connect_old(with).write(out).map_err(|why| why.to_string()),
        Version::V5 => connect_new(out, with).map_err(|why| why.to_string()),
    };
    written.map(|_| ())
}

fn connect_old(with: &Connect<'_>) -> v4::Connect {
    v4::Connect {
        protocol: Protocol::V4,
        keep_alive: with.keep_alive,
        client_id: with.client_id.to_owned(),
        clean_session: true,
        last_will: Some(v4::LastWill {
            topic: with.will_topic.to_owned(),
            message: Bytes::copy_from_slice(with.will.as_bytes()),
            qos: OldQoS::AtLeastOnce,
            retain: true,
        }),
        login: with.login.map(|(user, password)| v4::Login {
            username: user.to_owned(),
            password: password.to_owned(),
        }),
    }
}

fn connect_new(out: &mut BytesMut, with: &Connect<'_>) -> Result<usize, NewError> {
    let will = v5::LastWill {
        topic: Bytes::copy_from_slice(with.will_topic.as_bytes()),
        message: Bytes::copy_from_slice(with.will.as_bytes()),
        qos: NewQoS::AtLeastOnce,
        retain: true,
        properties: None,
    };
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
    connect.write(&Some(will), &login, out)
}

/// A message for a broker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) topic: &'a str,
    pub(super) payload: &'a str,
    pub(super) retain: bool,
}

impl Message<'_> {
    /// Appends PUBLISH with `QoS` 1 under this packet id, which is not 0.
    pub(super) fn publish(&self, out: &mut BytesMut, version: Version, id: u16) {
        let bytes = self.bytes(version);
        debug_assert!(bytes <= MQTT_PACKET_MAX, "checked before it is sent");
        out.reserve(bytes);
        let payload = Bytes::copy_from_slice(self.payload.as_bytes());
        let is_written = match version {
            Version::V3 => {
                let mut packet = v4::Publish::from_bytes(self.topic, OldQoS::AtLeastOnce, payload);
                (packet.pkid, packet.retain) = (id, self.retain);
                packet.write(out).is_ok()
            }
            Version::V5 => {
                let mut packet = v5::Publish::new(self.topic, NewQoS::AtLeastOnce, payload, None);
                (packet.pkid, packet.retain) = (id, self.retain);
                packet.write(out).is_ok()
            }
        };
        debug_assert!(is_written, "only an id of 0 or 256 MB cannot be written");
    }

    /// Bytes of the whole packet.
    pub(super) fn bytes(&self, version: Version) -> usize {
        let properties = usize::from(version == Version::V5);
        let rest = 2 + self.topic.len() + 2 + properties + self.payload.len();
        let digits = (1..4).filter(|digit| rest >> (7 * digit) > 0).count();
        rest + 2 + digits
    }
}

/// What a broker says to a publisher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Packet {
    ConnAck(ConnAck),
    /// A message was taken, or not.
    PubAck {
        /// Of the message.
        id: u16,
        said: ReasonCode,
    },
    Pong,
    /// The broker ends the connection (5.0).
    Disconnect(ReasonCode),
    /// Nothing that a publisher has asked for.
    Other,
}

/// A reason code, 0 when all is well, and the broker's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ReasonCode {
    pub(super) code: u8,
    pub(super) words: Option<String>,
}

/// Whether the broker takes us, and within which bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConnAck {
    pub(super) said: ReasonCode,
    /// Messages that it wants to have on the way at most.
    pub(super) receive_max: u16,
    /// Bytes of a packet that it takes; all, when it does not say.
    pub(super) packet_max: Option<usize>,
    /// Seconds, when it wants others than we do.
    pub(super) keep_alive: Option<u16>,
    /// The highest `QoS` that it takes.
    pub(super) qos_max: u8,
    /// There was a list of properties, be it empty: the answer is one of version 5.
    pub(super) properties: bool,
}

/// What came is not MQTT.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Takes the next packet out of what was read; `None` while it is not whole.
///
/// # Errors
/// What came is no packet that a broker sends to a publisher.
pub(super) fn take(read: &mut BytesMut, version: Version) -> Result<Option<Packet>, Malformed> {
    // The lower half of the first byte is fixed for all that a publisher hears.
    let (kind, flags) = match read.first() {
        Some(first) => (first >> 4, first & 0x0F),
        None => return Ok(None),
    };
    if matches!(kind, 0 | 1 | 12 | 15) || (matches!(kind, 2 | 4 | 13 | 14) && flags != 0) {
        return Err(Malformed);
    }
    // The codec of version 5 asks for a reason, which the standard lets a broker leave out.
    if read.starts_with(&DISCONNECT) {
        let _ = read.split_to(DISCONNECT.len());
        return Ok(Some(Packet::Disconnect(ReasonCode::default())));
    }
    let start = FrameStart::of(read);
    let before = read.len();
    // A broker that does not know version 5 answers in two bytes, without properties.
    let packet = if version == Version::V3 || read.starts_with(&[0x20, 2]) {
        match v4::Packet::read(read, MQTT_ANSWER_MAX) {
            Ok(packet) => Ok(from_old(&packet, start)),
            Err(OldError::InsufficientBytes(_)) if read.len() == before => return Ok(None),
            Err(_) => Err(Malformed),
        }
    } else {
        let most = u32::try_from(MQTT_ANSWER_MAX).unwrap_or(u32::MAX);
        match v5::Packet::read(read, Some(most)) {
            Ok(packet) => Ok(from_new(packet, start)),
            Err(NewError::InsufficientBytes(_)) if read.len() == before => return Ok(None),
            Err(_) => Err(Malformed),
        }
    };
    packet.map(Some)
}

/// First bytes of a packet: rumqttc's reasons are names, here their numbers are needed.
#[derive(Clone, Copy)]
struct FrameStart {
    bytes: [u8; 8],
    /// Where the variable header begins.
    body: usize,
}

impl FrameStart {
    fn of(read: &[u8]) -> Self {
        let mut bytes = [0; 8];
        let known = read.len().min(bytes.len());
        bytes[..known].copy_from_slice(&read[..known]);
        let digits = bytes[1..5].iter().take_while(|digit| **digit & 0x80 != 0);
        let body = 2 + digits.count();
        Self { bytes, body }
    }

    /// A byte of the variable header.
    fn byte(self, at: usize) -> u8 {
        self.bytes.get(self.body + at).copied().unwrap_or_default()
    }
}

fn from_old(packet: &v4::Packet, start: FrameStart) -> Packet {
    match packet {
        v4::Packet::ConnAck(_) => Packet::ConnAck(ConnAck {
            said: ReasonCode {
                code: start.byte(1),
                words: None,
            },
            receive_max: u16::MAX,
            packet_max: None,
            keep_alive: None,
            qos_max: 2,
            properties: false,
        }),
        v4::Packet::PubAck(ack) => Packet::PubAck {
            id: ack.pkid,
            said: ReasonCode::default(),
        },
        v4::Packet::PingResp => Packet::Pong,
        v4::Packet::Disconnect => Packet::Disconnect(ReasonCode::default()),
        _ => Packet::Other,
    }
}

fn from_new(packet: v5::Packet, start: FrameStart) -> Packet {
    match packet {
        v5::Packet::ConnAck(answer) => Packet::ConnAck(connack(answer, start.byte(1))),
        v5::Packet::PubAck(ack) => Packet::PubAck {
            id: ack.pkid,
            said: ReasonCode {
                // A bare acknowledgement has no byte for it.
                code: match ack.reason {
                    v5::PubAckReason::Success => 0,
                    _ => start.byte(2),
                },
                words: ack.properties.and_then(|all| all.reason_string),
            },
        },
        v5::Packet::PingResp(_) => Packet::Pong,
        v5::Packet::Disconnect(end) => Packet::Disconnect(ReasonCode {
            code: end.reason_code as u8,
            words: end.properties.and_then(|all| all.reason_string),
        }),
        _ => Packet::Other,
    }
}

fn connack(answer: v5::ConnAck, code: u8) -> ConnAck {
    let all = answer.properties;
    let of = all.as_ref();
    ConnAck {
        receive_max: of
            .and_then(|all| all.receive_max)
            .map_or(u16::MAX, |most| most.max(1)),
        packet_max: of
            .and_then(|all| all.max_packet_size)
            .and_then(|most| usize::try_from(most).ok()),
        keep_alive: of.and_then(|all| all.server_keep_alive),
        qos_max: of.and_then(|all| all.max_qos).unwrap_or(2),
        properties: true,
        said: ReasonCode {
            code,
            words: all.and_then(|all| all.reason_string),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(bytes: &[u8]) -> Result<Option<Packet>, Malformed> {
        take(&mut BytesMut::from(bytes), Version::V5)
    }

    #[test]
    fn a_connection_begins_as_the_standard_spells_it() {
        let with = Connect {
            client_id: "c",
            keep_alive: 20,
            will_topic: "t",
            will: "off",
            login: Some(("u", "p")),
        };
        let mut out = BytesMut::new();
        connect(&mut out, Version::V3, &with).unwrap();
        let wanted = b"\x10\x1B\0\x04MQTT\x04\xEE\0\x14\0\x01c\0\x01t\0\x03off\0\x01u\0\x01p";
        assert_eq!(out, wanted[..]);
        out.clear();
        connect(
            &mut out,
            Version::V5,
            &Connect {
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
            let message = Message {
                topic: "a/b",
                payload: &payload,
                retain: false,
            };
            for version in [Version::V3, Version::V5] {
                let mut out = BytesMut::new();
                message.publish(&mut out, version, 7);
                assert_eq!(out.len(), message.bytes(version), "{length}");
            }
        }
        let mut out = BytesMut::new();
        let message = Message {
            topic: "a",
            payload: "x",
            retain: true,
        };
        message.publish(&mut out, Version::V5, 0x0102);
        assert_eq!(out, b"\x33\x07\0\x01a\x01\x02\0x"[..]);
    }

    #[test]
    fn an_acknowledgement_may_have_a_reason() {
        let plain = answer(b"\x40\x02\x01\x02");
        let said = ReasonCode::default();
        assert_eq!(plain, Ok(Some(Packet::PubAck { id: 258, said })));
        let denied = answer(b"\x40\x09\0\x05\x87\x05\x1F\0\x02no");
        let said = ReasonCode {
            code: 0x87,
            words: Some("no".into()),
        };
        assert_eq!(denied, Ok(Some(Packet::PubAck { id: 5, said })));
        assert_eq!(answer(b"\x40\x02\x01"), Ok(None));
        assert_eq!(answer(b"HTTP/1.1 400 Bad Request\r\n"), Err(Malformed));
    }

    #[test]
    fn a_broker_says_within_which_bounds_it_takes_messages() {
        let bytes = b"\x20\x0E\0\0\x0B\x21\0\x14\x27\0\0\x03\xE8\x13\0\x0A";
        let Ok(Some(Packet::ConnAck(answer))) = answer(bytes) else {
            panic!("not understood");
        };
        let bounds = (answer.receive_max, answer.packet_max, answer.keep_alive);
        assert_eq!(bounds, (20, Some(1000), Some(10)));
    }

    #[test]
    fn an_old_broker_that_does_not_know_version_5_is_understood() {
        let Ok(Some(Packet::ConnAck(answer))) = answer(b"\x20\x02\0\x01") else {
            panic!("not understood");
        };
        assert_eq!((answer.said.code, answer.properties), (1, false));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes: Vec<u8>) {
            for version in [Version::V3, Version::V5] {
                let mut read = BytesMut::from(&bytes[..]);
                while let Ok(Some(_)) = take(&mut read, version) {}
                for kind in 0..=15 {
                    let length = bytes.len() % 128;
                    let mut packet = vec![kind << 4, u8::try_from(length).unwrap()];
                    packet.extend(&bytes[..length]);
                    let mut read = BytesMut::from(&packet[..]);
                    let found = take(&mut read, version);
                    // A whole packet is never waited for.
                    prop_assert_ne!(found, Ok(None));
                }
            }
        }
    }
}
