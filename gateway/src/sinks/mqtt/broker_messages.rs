//! Reasons of a broker as sentences for a technician: what to check, not only a number.

use crate::mqtt_link::{
    BrokerLinkError, BrokerReasonCode, ConnectionEndCause, append_reason_string,
};
use crate::sinks::mqtt::MqttSettings;
use crate::status::SinkDiagnosis;

/// Describes a DISCONNECT of the broker with its reason code (5.0, 3.14.2.1).
pub(super) fn disconnect_reason(
    said: &BrokerReasonCode,
    settings: &MqttSettings,
) -> BrokerLinkError {
    let code = said.code;
    let (how, what) = match code {
        0x8E => return duplicate_client_id(settings),
        0x87 => return publish_not_allowed("the broker does not allow us to publish", said),
        0x95 => (
            ConnectionEndCause::Refused,
            "the message is too large for it",
        ),
        0x90 | 0x99 => (ConnectionEndCause::Refused, "it does not take the message"),
        // Codes that say nothing about the cause count like a closed connection without a reason.
        0x00 | 0x04 | 0x80 | 0x81 | 0x82 | 0x83 => {
            (ConnectionEndCause::HungUp, "it does not say why")
        }
        0x89 | 0x8B | 0x9C | 0x9D => (
            ConnectionEndCause::OtherReason,
            "it is busy or being stopped",
        ),
        0x8D => (ConnectionEndCause::Silent, "the keep-alive time has passed"),
        0x93 | 0x96 | 0x97 => (
            ConnectionEndCause::OtherReason,
            "too many messages, or a quota is used up",
        ),
        0x98 => (
            ConnectionEndCause::OtherReason,
            "an administrator has ended it",
        ),
        _ => (ConnectionEndCause::OtherReason, "it cannot continue"),
    };
    let why = format!("the broker has closed the connection (code 0x{code:02X}): {what}");
    BrokerLinkError::new(how, append_reason_string(why, said))
}

/// Returns the error "another client uses the same client id".
pub(super) fn duplicate_client_id(settings: &MqttSettings) -> BrokerLinkError {
    let why = format!(
        "another client uses the same client id \"{}\": give each gateway its own site id, or \
         client_id in [mqtt]",
        settings.broker.client_id
    );
    BrokerLinkError {
        why,
        trouble: Some(SinkDiagnosis::ClientId),
        how: ConnectionEndCause::OtherReason,
    }
}

/// Describes a broker that ends every connection soon without a reason.
pub(super) fn repeated_hangups(
    lost: &BrokerLinkError,
    count: u32,
    settings: &MqttSettings,
) -> BrokerLinkError {
    let why = format!(
        "{}, {count} times in a row although it accepts us: probably another client uses \
         the same client id \"{}\"; give each gateway its own site id, or client_id in [mqtt]",
        lost.why, settings.broker.client_id
    );
    BrokerLinkError {
        why,
        trouble: Some(SinkDiagnosis::ClientId),
        how: lost.how,
    }
}

/// Describes a missing permission to publish; readings are kept until it is given.
pub(super) fn publish_not_allowed(what: &str, said: &BrokerReasonCode) -> BrokerLinkError {
    let why = format!("{what}: give this user the right to write there");
    BrokerLinkError {
        why: append_reason_string(why, said),
        trouble: Some(SinkDiagnosis::NotAllowed),
        how: ConnectionEndCause::OtherReason,
    }
}

/// Describes a negative acknowledgement of a message (5.0, 3.4.2.1).
pub(super) fn negative_ack(said: &BrokerReasonCode, topic: &str, bytes: usize) -> BrokerLinkError {
    let code = said.code;
    let (how, what) = match code {
        // Kept, not refused: the right may be given at any time.
        0x87 => {
            return publish_not_allowed(
                &format!("the broker does not allow us to publish {topic}"),
                said,
            );
        }
        0x90 | 0x95 | 0x99 => (ConnectionEndCause::Refused, "it will not do so later"),
        0x97 => (ConnectionEndCause::OtherReason, "a quota is used up"),
        _ => (ConnectionEndCause::HungUp, "it does not say why"),
    };
    let why = format!(
        "the broker does not take a message of {bytes} bytes for {topic} (code 0x{code:02X}): \
         {what}"
    );
    BrokerLinkError::new(how, append_reason_string(why, said))
}
