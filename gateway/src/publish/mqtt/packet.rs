//! The packets of MQTT 3.1.1 and 5.0 that a publisher sends and hears, without any input or output.
//!
//! A publisher with `QoS` 1 needs eight kinds of packets of the fifteen. The two versions differ
//! in a list of properties and in reason codes, so that one code speaks both.

use crate::limits::{MQTT_ANSWER_MAX, MQTT_PACKET_MAX};
use bytes::{Buf as _, BufMut as _, BytesMut};

/// Version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// 3.1.1: an acknowledgement cannot say no.
    V3,
    /// 5.0: an acknowledgement has a reason code.
    V5,
}

impl Version {
    fn level(self) -> u8 {
        match self {
            Self::V3 => 4,
            Self::V5 => 5,
        }
    }

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
pub(super) fn connect(out: &mut BytesMut, version: Version, with: &Connect<'_>) {
    // Clean session, will, will QoS 1, will retained.
    let mut flags = 0b0010_1110;
    let mut length = 10
        + [with.client_id, with.will_topic, with.will]
            .map(field)
            .iter()
            .sum::<usize>();
    if let Some((user, password)) = with.login {
        flags |= 0b1100_0000;
        length += field(user) + field(password);
    }
    if version == Version::V5 {
        length += 2;
    }
    out.put_u8(0x10);
    put_length(out, length);
    put_text(out, "MQTT");
    out.put_u8(version.level());
    out.put_u8(flags);
    out.put_u16(with.keep_alive);
    put_no_properties(out, version);
    put_text(out, with.client_id);
    put_no_properties(out, version);
    put_text(out, with.will_topic);
    put_text(out, with.will);
    if let Some((user, password)) = with.login {
        put_text(out, user);
        put_text(out, password);
    }
}

/// A message for a broker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) topic: &'a str,
    pub(super) payload: &'a str,
    pub(super) retain: bool,
}

impl Message<'_> {
    /// Appends PUBLISH with `QoS` 1 under this packet id.
    pub(super) fn publish(&self, out: &mut BytesMut, version: Version, id: u16) {
        out.reserve(self.bytes(version));
        out.put_u8(0b0011_0010 | u8::from(self.retain));
        put_length(out, self.rest(version));
        put_text(out, self.topic);
        out.put_u16(id);
        put_no_properties(out, version);
        out.put_slice(self.payload.as_bytes());
    }

    /// Bytes of the whole packet.
    pub(super) fn bytes(&self, version: Version) -> usize {
        let rest = self.rest(version);
        let digits = (1..4).filter(|digit| rest >> (7 * digit) > 0).count();
        rest + 2 + digits
    }

    fn rest(&self, version: Version) -> usize {
        let properties = usize::from(version == Version::V5);
        field(self.topic) + 2 + properties + self.payload.len()
    }
}

/// Bytes of a text with its length.
fn field(text: &str) -> usize {
    2 + text.len()
}

/// Longer texts than 65535 bytes do not occur: the configuration bounds names, `MQTT_PACKET_MAX`
/// the rest.
fn put_text(out: &mut BytesMut, text: &str) {
    let text = &text[..text.floor_char_boundary(usize::from(u16::MAX))];
    out.put_u16(u16::try_from(text.len()).unwrap_or(u16::MAX));
    out.put_slice(text.as_bytes());
}

fn put_no_properties(out: &mut BytesMut, version: Version) {
    if version == Version::V5 {
        out.put_u8(0);
    }
}

fn put_length(out: &mut BytesMut, mut length: usize) {
    debug_assert!(length <= MQTT_PACKET_MAX, "checked before it is sent");
    loop {
        let digit = u8::try_from(length & 0x7F).unwrap_or_default();
        length >>= 7;
        out.put_u8(digit | if length > 0 { 0x80 } else { 0 });
        if length == 0 {
            return;
        }
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
pub(super) fn take(read: &mut BytesMut) -> Result<Option<Packet>, Malformed> {
    // The lower half of the first byte is fixed for all that a publisher hears.
    let (kind, flags) = match read.first() {
        Some(first) => (first >> 4, first & 0x0F),
        None => return Ok(None),
    };
    if matches!(kind, 0 | 1 | 12 | 15) || (matches!(kind, 2 | 4 | 13 | 14) && flags != 0) {
        return Err(Malformed);
    }
    let Some((head, length)) = lengths(read)? else {
        return Ok(None);
    };
    if read.len() < head + length {
        return Ok(None);
    }
    let mut body = &read[head..head + length];
    let packet = match kind {
        2 => Packet::ConnAck(connack(&mut body)?),
        4 => {
            let id = u16_of(&mut body)?;
            let said = said(&mut body)?;
            Packet::PubAck { id, said }
        }
        13 => Packet::Pong,
        14 => Packet::Disconnect(said(&mut body)?),
        _ => Packet::Other,
    };
    read.advance(head + length);
    Ok(Some(packet))
}

/// Bytes of the fixed header, and after it; `None` while the header is not whole.
fn lengths(read: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
    let mut length = 0;
    for index in 0..4 {
        let Some(&digit) = read.get(1 + index) else {
            return Ok(None);
        };
        length |= usize::from(digit & 0x7F) << (7 * index);
        if digit & 0x80 == 0 {
            // Nobody has subscribed to anything: long packets come from something else.
            let bounded = length <= MQTT_ANSWER_MAX;
            return if bounded {
                Ok(Some((2 + index, length)))
            } else {
                Err(Malformed)
            };
        }
    }
    Err(Malformed)
}

fn connack(body: &mut &[u8]) -> Result<ConnAck, Malformed> {
    u8_of(body)?;
    let code = u8_of(body)?;
    let mut answer = ConnAck {
        said: ReasonCode { code, words: None },
        receive_max: u16::MAX,
        packet_max: None,
        keep_alive: None,
        qos_max: 2,
        properties: !body.is_empty(),
    };
    properties(body, |property| match property {
        Property::Short(0x21, most) => answer.receive_max = most.max(1),
        Property::Long(0x27, most) => answer.packet_max = usize::try_from(most).ok(),
        Property::Short(0x13, seconds) => answer.keep_alive = Some(seconds),
        Property::Byte(0x24, qos) => answer.qos_max = qos,
        Property::Text(0x1F, words) => answer.said.words = Some(words),
        _ => {}
    })?;
    Ok(answer)
}

/// Reason code and properties, both of which may be left out.
fn said(body: &mut &[u8]) -> Result<ReasonCode, Malformed> {
    if body.is_empty() {
        return Ok(ReasonCode::default());
    }
    let mut said = ReasonCode {
        code: u8_of(body)?,
        words: None,
    };
    properties(body, |property| {
        if let Property::Text(0x1F, words) = property {
            said.words = Some(words);
        }
    })?;
    Ok(said)
}

/// A property with its number.
enum Property {
    Byte(u8, u8),
    Short(u8, u16),
    Long(u8, u32),
    Text(u8, String),
    /// One that says nothing to a publisher.
    Skipped,
}

/// Calls `each` with every property at the end of a packet.
fn properties(body: &mut &[u8], mut each: impl FnMut(Property)) -> Result<(), Malformed> {
    if body.is_empty() {
        return Ok(());
    }
    let length = varint(body)?;
    let mut list = head_of(body, length)?;
    while !list.is_empty() {
        each(property(&mut list)?);
    }
    Ok(())
}

/// Kinds of properties by number: MQTT 5.0, 2.2.2.2.
fn property(list: &mut &[u8]) -> Result<Property, Malformed> {
    let id = u8_of(list)?;
    Ok(match id {
        0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28..=0x2A => Property::Byte(id, u8_of(list)?),
        0x13 | 0x21..=0x23 => Property::Short(id, u16_of(list)?),
        0x02 | 0x11 | 0x18 | 0x27 => Property::Long(id, u32_of(list)?),
        0x03 | 0x08 | 0x09 | 0x12 | 0x15 | 0x16 | 0x1A | 0x1C | 0x1F => {
            let bytes = bytes_of(list)?;
            Property::Text(id, String::from_utf8_lossy(bytes).into_owned())
        }
        0x26 => {
            bytes_of(list)?;
            bytes_of(list)?;
            Property::Skipped
        }
        0x0B => {
            varint(list)?;
            Property::Skipped
        }
        _ => return Err(Malformed),
    })
}

fn u8_of(body: &mut &[u8]) -> Result<u8, Malformed> {
    body.try_get_u8().map_err(|_| Malformed)
}

fn u16_of(body: &mut &[u8]) -> Result<u16, Malformed> {
    body.try_get_u16().map_err(|_| Malformed)
}

fn u32_of(body: &mut &[u8]) -> Result<u32, Malformed> {
    body.try_get_u32().map_err(|_| Malformed)
}

fn bytes_of<'a>(body: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let length = usize::from(u16_of(body)?);
    head_of(body, length)
}

fn head_of<'a>(body: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (head, rest) = body.split_at_checked(length).ok_or(Malformed)?;
    *body = rest;
    Ok(head)
}

fn varint(body: &mut &[u8]) -> Result<usize, Malformed> {
    let mut value = 0;
    for index in 0..4 {
        let digit = u8_of(body)?;
        value |= usize::from(digit & 0x7F) << (7 * index);
        if digit & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(bytes: &[u8]) -> Result<Option<Packet>, Malformed> {
        take(&mut BytesMut::from(bytes))
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
        connect(&mut out, Version::V3, &with);
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
        );
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
            let mut read = BytesMut::from(&bytes[..]);
            while let Ok(Some(_)) = take(&mut read) {}
            for kind in 0..=15 {
                let mut packet = vec![kind << 4, u8::try_from(bytes.len() % 128).unwrap()];
                packet.extend(&bytes[..bytes.len() % 128]);
                let _ = answer(&packet);
            }
        }
    }
}
