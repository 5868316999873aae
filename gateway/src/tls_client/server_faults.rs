//! Sentences about a certificate that was refused, with what to do.

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error};
use std::error::Error as StdError;
use std::io;

/// Describes the failure of a connection: what is wrong with the certificate of the server and what
/// to do, or the words of the error.
pub(crate) fn tls_fault_text(fault: &(dyn StdError + 'static)) -> String {
    let known = match tls_error(fault) {
        Some(Error::InvalidCertificate(why)) => certificate_text(why),
        _ => None,
    };
    known.unwrap_or_else(|| fault.to_string())
}

/// Describes a refused certificate among the causes of a failure; `None` where none is.
pub(crate) fn find_certificate_fault(fault: &(dyn StdError + 'static)) -> Option<String> {
    error_causes(fault).find_map(|cause| match tls_error(cause) {
        Some(Error::InvalidCertificate(why)) => {
            Some(certificate_text(why).unwrap_or_else(|| why.to_string()))
        }
        _ => None,
    })
}

/// True when a TLS error is among the causes of a failure.
pub(crate) fn is_tls_fault(fault: &(dyn StdError + 'static)) -> bool {
    error_causes(fault).any(|cause| tls_error(cause).is_some())
}

/// A failure and its causes, the outermost first.
pub(crate) fn error_causes<'a>(
    fault: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(fault), |cause| (*cause).source())
}

/// TLS error within an error; connectors wrap it into errors of input and output, one or two deep.
// `source` of such a wrapper leaves the wrapped error out.
fn tls_error<'a>(fault: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    let mut at = fault;
    loop {
        if let Some(found) = at.downcast_ref::<Error>() {
            return Some(found);
        }
        at = at.downcast_ref::<io::Error>()?.get_ref()?;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_certificate_is_found_however_deep_it_is_wrapped() {
        let refused = || Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let once = io::Error::other(refused());
        let twice = io::Error::other(io::Error::other(refused()));
        for fault in [&refused() as &(dyn StdError + 'static), &once, &twice] {
            assert!(tls_fault_text(fault).contains("ca_file"), "{fault:?}");
            assert!(find_certificate_fault(fault).is_some(), "{fault:?}");
        }
        assert_eq!(find_certificate_fault(&io::Error::other("refused")), None);
    }
}
