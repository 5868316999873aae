//! Sentences about a certificate that was refused, with what to do.

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error};
use std::error::Error as StdError;
use std::io;

/// Describes the failure of a connection: what is wrong with the certificate of the server and what
/// to do, or the words of the error.
pub(crate) fn tls_fault_text(fault: &(dyn StdError + 'static)) -> String {
    let inner = fault
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    let tls = match inner {
        Some(inner) => inner.downcast_ref::<Error>(),
        None => fault.downcast_ref::<Error>(),
    };
    let known = match tls {
        Some(Error::InvalidCertificate(why)) => certificate_text(why),
        _ => None,
    };
    known.unwrap_or_else(|| fault.to_string())
}

/// Describes a refused certificate among the causes of a failure; `None` where none is.
pub(crate) fn find_certificate_fault(fault: &(dyn StdError + 'static)) -> Option<String> {
    let mut next = Some(fault);
    while let Some(cause) = next {
        let inner = cause.downcast_ref::<io::Error>();
        let inner = inner.and_then(io::Error::get_ref);
        let inner = inner.and_then(|inner| inner.downcast_ref::<Error>());
        if let Some(Error::InvalidCertificate(why)) = inner.or(cause.downcast_ref::<Error>()) {
            return Some(certificate_text(why).unwrap_or_else(|| why.to_string()));
        }
        next = cause.source();
    }
    None
}

fn certificate_text(why: &CertificateError) -> Option<String> {
    let text = match why {
        CertificateError::UnknownIssuer => {
            "no authority known here signed the server's certificate: name the file of its \
             authority, or of this very certificate, with ca_file"
                .to_owned()
        }
        CertificateError::NotValidForName => {
            "the server's certificate is for another host: use the name in it as host, or name the \
             file of this very certificate with ca_file"
                .to_owned()
        }
        CertificateError::NotValidForNameContext { presented, .. } => format!(
            "the server's certificate is for another host ({}): use a name in it as host, or name \
             the file of this very certificate with ca_file",
            if presented.is_empty() {
                "it has no name of a host".to_owned()
            } else {
                presented.join(", ")
            }
        ),
        CertificateError::ExpiredContext { time, not_after } => format!(
            "the server's certificate ended on {}; the clock here says {}: renew it, or set the \
             clock",
            time_text(*not_after),
            time_text(*time)
        ),
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "the server's certificate begins on {}; the clock here says {}: set the clock",
            time_text(*not_before),
            time_text(*time)
        ),
        CertificateError::Other(other) => {
            let inner = other.0.downcast_ref::<webpki::Error>();
            inner.filter(|inner| matches!(inner, webpki::Error::CaUsedAsEndEntity))?;
            "the server shows the certificate of an authority as its own, as `openssl req -x509` \
             makes it: name the file of this very certificate with ca_file"
                .to_owned()
        }
        _ => return None,
    };
    Some(text)
}

fn time_text(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "?".to_owned(), |time| time.to_string())
}
