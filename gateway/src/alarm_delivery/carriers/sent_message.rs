//! [`SentMessage`]: end of one attempt, and what all services share.

use crate::alarm_delivery::delivery_fault::{DeliveryFault, FaultKind, SendOutcome};
use crate::config::Secret;

/// Bytes of an attempt that reached no server: names and connection requests.
const FAILED_BYTES: u64 = 500;

/// End of one attempt, and the bytes that it took, an estimate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::alarm_delivery) struct SentMessage {
    /// End.
    pub(in crate::alarm_delivery) outcome: SendOutcome,
    /// Bytes with those of the connection.
    pub(in crate::alarm_delivery) bytes: u64,
}

impl SentMessage {
    pub(super) fn failed(fault: DeliveryFault) -> Self {
        Self {
            outcome: SendOutcome::Later(fault, None),
            bytes: FAILED_BYTES,
        }
    }
}

/// Secret as it is now in its file.
pub(super) fn reveal(secret: &Secret) -> Result<String, DeliveryFault> {
    let found = secret.reveal().map(|text| text.trim().to_owned());
    match found {
        Ok(text) if !text.is_empty() => Ok(text),
        Ok(_) => Err(DeliveryFault::new(FaultKind::SecretMissing, "")),
        Err(why) => Err(DeliveryFault::new(FaultKind::SecretMissing, &why)),
    }
}

/// Fault of a channel whose carrier is of another kind, which nothing makes.
pub(super) fn other_carrier() -> DeliveryFault {
    DeliveryFault::new(FaultKind::Unclear, "")
}
