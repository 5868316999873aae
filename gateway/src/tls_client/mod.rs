//! TLS client configuration for brokers and databases: rustls with ring; certificate authorities of
//! the system or of one file.

mod pinned_certificates;
mod server_faults;

use pinned_certificates::PinnedCertificates;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

pub(crate) use server_faults::{
    error_causes, find_certificate_fault, is_tls_fault, tls_fault_text,
};

/// Returns a configuration that trusts the certificates of `ca_file`, or the authorities of the
/// system, and shows the certificate and the key of these files; the error is a sentence.
///
/// A server that shows a certificate of `ca_file` itself is trusted as well.
pub(crate) fn tls_client_config(
    ca_file: Option<&Path>,
    certificate: Option<(&Path, &Path)>,
) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|why| why.to_string())?;
    let config = match ca_file {
        None => config.with_root_certificates(roots_from_system()?),
        Some(file) => {
            let named = |why: String| format!("{}: {why}", file.display());
            let certificates = read_certificates(file).map_err(named)?;
            let roots = roots_or_error(certificates.clone(), "no certificate in it");
            let chains = WebPkiServerVerifier::builder_with_provider(
                Arc::new(roots.map_err(named)?),
                provider,
            );
            let chains = chains.build().map_err(|why| named(why.to_string()))?;
            // What is not in the file is judged by webpki as ever.
            let pinned = PinnedCertificates::new(certificates, chains);
            config
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(pinned))
        }
    };
    let Some((chain, key)) = certificate else {
        return Ok(Arc::new(config.with_no_client_auth()));
    };
    let named = |file: &Path, why: String| format!("{}: {why}", file.display());
    let certificates = read_certificates(chain).map_err(|why| named(chain, why))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|why| named(key, why.to_string()))?;
    let config = config.with_client_auth_cert(certificates, private);
    let config = config.map_err(|why| named(chain, why.to_string()))?;
    Ok(Arc::new(config))
}

fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| why.to_string())
}

/// Reads the system's authorities; one damaged certificate must not disable the others.
fn roots_from_system() -> Result<RootCertStore, String> {
    let certificates = rustls_native_certs::load_native_certs().certs;
    roots_or_error(
        certificates,
        "this system has no certificates; name a ca_file",
    )
}

fn roots_or_error(
    certificates: Vec<CertificateDer<'static>>,
    none: &str,
) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        return Err(none.to_owned());
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_that_is_missing_or_holds_nothing_is_named() {
        let missing = tls_client_config(Some(Path::new("/nowhere/ca.pem")), None).unwrap_err();
        assert!(missing.contains("/nowhere/ca.pem"), "{missing}");
        let file = tempfile::NamedTempFile::new().unwrap();
        let empty = tls_client_config(Some(file.path()), None).unwrap_err();
        assert!(empty.contains("no certificate"), "{empty}");
    }
}
