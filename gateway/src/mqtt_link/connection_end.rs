//! [`BrokerLinkError`]: the end of a connection to a broker, with its cause.

use crate::status::SinkDiagnosis;
use crate::tls_client::{error_causes, is_tls_fault};
use std::error::Error as StdError;
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

    /// The same, with the probable cause.
    pub(crate) fn with_trouble(self, trouble: Option<SinkDiagnosis>) -> Self {
        Self { trouble, ..self }
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
        let trouble = gone.then(|| diagnose_connection(fault)).flatten();
        Self::new(how, format!("the connection broke: {fault}")).with_trouble(trouble)
    }
}

/// Probable cause of a connection that failed, among the causes of the failure; `None` for one
/// without a sentence of its own.
pub(crate) fn diagnose_connection(fault: &(dyn StdError + 'static)) -> Option<SinkDiagnosis> {
    if is_tls_fault(fault) {
        return Some(SinkDiagnosis::TlsFailed);
    }
    error_causes(fault).find_map(|cause| diagnose_io(cause.downcast_ref()?))
}

fn diagnose_io(fault: &io::Error) -> Option<SinkDiagnosis> {
    // The system's resolver has no kind of error of its own.
    if fault.to_string().contains("failed to lookup address") {
        return Some(SinkDiagnosis::UnknownHost);
    }
    match fault.kind() {
        io::ErrorKind::ConnectionRefused => Some(SinkDiagnosis::ConnectionRefused),
        io::ErrorKind::TimedOut => Some(SinkDiagnosis::NoAnswer),
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => Some(SinkDiagnosis::NoNetwork),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_failed_has_its_probable_cause_however_deep_it_is() {
        let refused = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let unknown = "failed to lookup address information: Name or service not known";
        for (fault, cause) in [
            (
                io::Error::from(io::ErrorKind::ConnectionRefused),
                Some(SinkDiagnosis::ConnectionRefused),
            ),
            (
                io::Error::from(io::ErrorKind::TimedOut),
                Some(SinkDiagnosis::NoAnswer),
            ),
            (
                io::Error::from(io::ErrorKind::NetworkUnreachable),
                Some(SinkDiagnosis::NoNetwork),
            ),
            (io::Error::other(unknown), Some(SinkDiagnosis::UnknownHost)),
            (io::Error::other(refused), Some(SinkDiagnosis::TlsFailed)),
            (io::Error::from(io::ErrorKind::ConnectionReset), None),
        ] {
            assert_eq!(diagnose_connection(&fault), cause, "{fault}");
        }
    }
}
