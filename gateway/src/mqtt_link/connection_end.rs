//! [`BrokerLinkError`]: the end of a connection to a broker, with its cause.

use crate::status::SinkDiagnosis;
use std::io;

/// End of a connection, or the reason that there was none.
#[derive(Clone, Debug)]
pub(crate) struct BrokerLinkError {
    pub(crate) why: String,
    pub(crate) trouble: Option<SinkDiagnosis>,
    pub(crate) how: ConnectionEndCause,
}

/// Cause of the end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionEndCause {
    /// The broker closed it without a reason.
    HungUp,
    /// The broker closed it because of the message in flight.
    Refused,
    /// The broker closed it for a reason that lies in no message, or there was no connection.
    OtherReason,
    /// We closed it after a timeout.
    Silent,
}

impl BrokerLinkError {
    pub(crate) fn new(how: ConnectionEndCause, why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            trouble: None,
            how,
        }
    }

    /// Returns the error of a connection that broke.
    pub(crate) fn from_io(fault: &io::Error) -> Self {
        use io::ErrorKind::{HostUnreachable, NetworkUnreachable, TimedOut};
        // The network failed, not the broker: no message is to blame.
        let gone = matches!(
            fault.kind(),
            HostUnreachable | NetworkUnreachable | TimedOut
        );
        let how = if gone {
            ConnectionEndCause::Silent
        } else {
            ConnectionEndCause::HungUp
        };
        Self::new(how, format!("the connection broke: {fault}"))
    }
}
