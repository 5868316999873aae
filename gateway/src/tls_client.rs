//! TLS client configuration for brokers and databases: rustls with ring; certificate authorities of
//! the system or of one file.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// Returns a configuration that trusts the authorities of `ca_file`, or those of the system, and
/// shows the certificate and the key of these files; the error is a sentence.
pub(crate) fn tls_client_config(
    ca_file: Option<&Path>,
    certificate: Option<(&Path, &Path)>,
) -> Result<Arc<ClientConfig>, String> {
    let roots = match ca_file {
        Some(file) => roots_from_file(file).map_err(|why| format!("{}: {why}", file.display()))?,
        None => roots_from_system()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| why.to_string())?
        .with_root_certificates(roots);
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

fn roots_from_file(file: &Path) -> Result<RootCertStore, String> {
    roots_or_error(read_certificates(file)?, "no certificate in it")
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
