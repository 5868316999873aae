//! What a broker says, as a technician can use it: what to check, not a number alone.

use crate::config::MqttSettings;
use crate::publish::mqtt::link::{How, Lost};
use crate::publish::mqtt::packet::{ReasonCode, Version};
use crate::status::SinkTrouble;

/// The broker does not take us: reason codes of CONNACK, 3.1.1 (3.2.2.3) and 5.0 (3.2.2.2).
pub(super) fn refusal(said: &ReasonCode, version: Version, settings: &MqttSettings) -> String {
    let what = match (version, said.code) {
        (Version::V3, 2) | (_, 0x85) => "check the client id",
        (Version::V3, 3) | (_, 0x88 | 0x89) => "it is busy or being started",
        (Version::V3, 4 | 5) | (_, 0x86 | 0x87 | 0x8C) => "check user name, password and client id",
        (_, 0x8A) => "it has banned us",
        (_, 0x97 | 0x9F) => "we come too often, or a quota is used up",
        (_, 0x90 | 0x95 | 0x99 | 0x9A | 0x9B) => "it does not take our last will (retained, QoS 1)",
        _ => "it does not say why",
    };
    let code = said.code;
    let client_id = &settings.client_id;
    complete(
        format!("the broker refuses us (code {code}, client id {client_id}): {what}"),
        said,
    )
}

/// The broker has ended a connection and said why (5.0, 3.14.2.1).
pub(super) fn farewell(said: &ReasonCode, settings: &MqttSettings) -> Lost {
    let code = said.code;
    let (how, what) = match code {
        0x8E => return same_client_id(settings),
        0x87 => return not_allowed("the broker does not allow us to publish", said),
        0x95 => (How::Refused, "the message is too large for it"),
        0x90 | 0x99 => (How::Refused, "it does not take the message"),
        0x00 | 0x04 | 0x80 | 0x81 | 0x82 | 0x83 => (How::HungUp, "it does not say why"),
        0x89 | 0x8B | 0x9C | 0x9D => (How::Said, "it is busy or being stopped"),
        0x8D => (How::Silent, "it has not heard of us for too long"),
        0x93 | 0x96 | 0x97 => (How::Said, "too many messages, or a quota is used up"),
        0x98 => (How::Said, "somebody has ended it there"),
        _ => (How::Said, "it cannot go on"),
    };
    let why = format!("the broker has closed the connection (code 0x{code:02X}): {what}");
    Lost::new(how, complete(why, said))
}

/// Another client has our name.
pub(super) fn same_client_id(settings: &MqttSettings) -> Lost {
    let why = format!(
        "another client uses the same client id \"{}\": give each gateway its own site id, or \
         client_id in [mqtt]",
        settings.client_id
    );
    Lost {
        why,
        trouble: Some(SinkTrouble::ClientId),
        how: How::Said,
    }
}

/// The broker ends every connection soon, and does not say why.
pub(super) fn short_lives(lost: &Lost, count: u32, settings: &MqttSettings) -> Lost {
    let why = format!(
        "{}, {count} times in a row although it takes us each time: probably another client uses \
         the same client id \"{}\"; give each gateway its own site id, or client_id in [mqtt]",
        lost.why, settings.client_id
    );
    Lost {
        why,
        trouble: Some(SinkTrouble::ClientId),
        how: lost.how,
    }
}

/// The user may not publish; readings are kept until somebody allows it.
pub(super) fn not_allowed(what: &str, said: &ReasonCode) -> Lost {
    let why = format!("{what}: give this user the right to write there");
    Lost {
        why: complete(why, said),
        trouble: Some(SinkTrouble::NotAllowed),
        how: How::Said,
    }
}

/// What a negative acknowledgement means for its message (5.0, 3.4.2.1).
pub(super) fn negative(said: &ReasonCode, topic: &str, bytes: usize) -> Lost {
    let code = said.code;
    let (how, what) = match code {
        0x87 => {
            return not_allowed(
                &format!("the broker does not allow us to publish {topic}"),
                said,
            );
        }
        0x90 | 0x95 | 0x99 => (How::Refused, "it will not do so later"),
        0x97 => (How::Said, "a quota is used up"),
        _ => (How::HungUp, "it does not say why"),
    };
    let why = format!(
        "the broker does not take a message of {bytes} bytes for {topic} (code 0x{code:02X}): \
         {what}"
    );
    Lost::new(how, complete(why, said))
}

fn complete(mut why: String, said: &ReasonCode) -> String {
    if let Some(words) = &said.words {
        let words = &words[..words.floor_char_boundary(200)];
        why.push_str(" (\"");
        why.push_str(words);
        why.push_str("\")");
    }
    why
}
