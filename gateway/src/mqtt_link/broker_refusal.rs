//! Reasons of a broker that refuses a connection, as sentences for a technician: what to check.

use super::packet_codec::{BrokerReasonCode, MqttProtocolVersion};

/// Describes a refused connection: return codes of CONNACK, 3.1.1 (3.2.2.3) and 5.0 (3.2.2.2).
pub(super) fn connack_refusal(
    said: &BrokerReasonCode,
    version: MqttProtocolVersion,
    client_id: &str,
) -> String {
    let what = match (version, said.code) {
        (MqttProtocolVersion::V3, 2) | (_, 0x85) => "check the client id",
        (MqttProtocolVersion::V3, 3) | (_, 0x88 | 0x89) => "it is busy or being started",
        _ if is_login_refused(said, version) => "check user name, password and client id",
        (_, 0x8A) => "it has banned this client",
        (_, 0x97 | 0x9F) => "too many connections, or a quota is used up",
        (_, 0x90 | 0x95 | 0x99 | 0x9A | 0x9B) => "it refuses the last will (retained, QoS 1)",
        _ => "it does not say why",
    };
    let code = said.code;
    append_reason_string(
        format!("the broker refuses the connection (code {code}, client id {client_id}): {what}"),
        said,
    )
}

/// True when the broker accepts neither this user nor this password.
pub(super) fn is_login_refused(said: &BrokerReasonCode, version: MqttProtocolVersion) -> bool {
    let code = (version, said.code);
    matches!(
        code,
        (MqttProtocolVersion::V3, 4 | 5) | (_, 0x86 | 0x87 | 0x8C)
    )
}

/// Appends the broker's own words to a sentence.
pub(crate) fn append_reason_string(mut why: String, said: &BrokerReasonCode) -> String {
    if let Some(words) = &said.words {
        // A broker's text is of any length; the status page has room for a sentence.
        let words = &words[..words.floor_char_boundary(200)];
        why.push_str(" (\"");
        why.push_str(words);
        why.push_str("\")");
    }
    why
}
