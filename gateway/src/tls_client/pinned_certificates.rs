//! [`PinnedCertificates`]: trust in a server that shows a certificate of `ca_file` itself.
//!
//! The certificate that `openssl req -x509` makes is one of an authority and has no name of a host.
//! No chain can lead to it, but whoever names its file means this very certificate.

use cms::cert::x509::Certificate;
use der::Decode as _;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use std::sync::Arc;

/// Certificates that a server may show as its own, and the usual check for all others.
#[derive(Debug)]
pub(super) struct PinnedCertificates {
    pinned: Vec<CertificateDer<'static>>,
    chains: Arc<WebPkiServerVerifier>,
}

impl PinnedCertificates {
    pub(super) fn new(
        pinned: Vec<CertificateDer<'static>>,
        chains: Arc<WebPkiServerVerifier>,
    ) -> Self {
        Self { pinned, chains }
    }
}

/// Checks that `now` is within the dates of a certificate.
fn check_dates(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let refused = |why: CertificateError| Err(Error::InvalidCertificate(why));
    let Ok(read) = Certificate::from_der(certificate) else {
        return refused(CertificateError::BadEncoding);
    };
    let dates = read.tbs_certificate.validity;
    let (first, last) = (
        UnixTime::since_unix_epoch(dates.not_before.to_unix_duration()),
        UnixTime::since_unix_epoch(dates.not_after.to_unix_duration()),
    );
    if now < first {
        return refused(CertificateError::NotValidYetContext {
            time: now,
            not_before: first,
        });
    }
    if now > last {
        return refused(CertificateError::ExpiredContext {
            time: now,
            not_after: last,
        });
    }
    Ok(())
}

impl ServerCertVerifier for PinnedCertificates {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut pinned = self.pinned.iter();
        if pinned.any(|known| known.as_ref() == end_entity.as_ref()) {
            // The name needs no check: the server shows that it has the key of this certificate.
            check_dates(end_entity, now)?;
            return Ok(ServerCertVerified::assertion());
        }
        self.chains
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tls_fault_text;
    use super::*;
    use rustls::pki_types::ServerName;

    fn verifier(pinned: &CertificateDer<'static>) -> PinnedCertificates {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(pinned.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        PinnedCertificates::new(vec![pinned.clone()], chains.build().unwrap())
    }

    fn certificate(first: i32, last: i32) -> CertificateDer<'static> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["desa.lan".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.not_before = rcgen::date_time_ymd(first, 1, 1);
        params.not_after = rcgen::date_time_ymd(last, 1, 1);
        params.self_signed(&key).unwrap().der().clone()
    }

    fn judge(pinned: &CertificateDer<'static>, shown: &CertificateDer<'_>) -> Result<(), String> {
        // 2026-11-21.
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_hours(498_672));
        let name = ServerName::try_from("192.168.1.9").unwrap();
        let judged = verifier(pinned).verify_server_cert(shown, &[], &name, &[], now);
        judged.map(drop).map_err(|why| tls_fault_text(&why))
    }

    #[test]
    fn the_very_certificate_is_believed_within_its_dates_whatever_its_name() {
        let (good, other) = (certificate(2020, 2040), certificate(2020, 2040));
        assert_eq!(judge(&good, &good), Ok(()));
        let unknown = judge(&good, &other).unwrap_err();
        assert!(unknown.contains("ca_file"), "{unknown}");
        let old = certificate(2020, 2025);
        let ended = judge(&old, &old).unwrap_err();
        assert!(ended.contains("ended on 2025-01-01"), "{ended}");
        let early = certificate(2030, 2040);
        let begins = judge(&early, &early).unwrap_err();
        assert!(begins.contains("set the clock"), "{begins}");
    }
}
