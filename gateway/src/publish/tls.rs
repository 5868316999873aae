//! TLS towards brokers and databases: rustls with ring, the system's authorities or one given
//! file.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// A client that believes the authorities of `ca_file`, or those of the system; the fault in
/// words.
pub(crate) fn client(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let roots = match ca_file {
        Some(file) => from_file(file).map_err(|why| format!("{}: {why}", file.display()))?,
        None => from_system()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| why.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn from_file(file: &Path) -> Result<RootCertStore, String> {
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| why.to_string())?;
    some(certificates, "no certificate in it")
}

/// One damaged certificate of the system must not cost the others.
fn from_system() -> Result<RootCertStore, String> {
    let certificates = rustls_native_certs::load_native_certs().certs;
    some(
        certificates,
        "this system has no certificates; name a ca_file",
    )
}

fn some(certificates: Vec<CertificateDer<'static>>, none: &str) -> Result<RootCertStore, String> {
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
        let missing = client(Some(Path::new("/nowhere/ca.pem"))).unwrap_err();
        assert!(missing.contains("/nowhere/ca.pem"), "{missing}");
        let file = tempfile::NamedTempFile::new().unwrap();
        let empty = client(Some(file.path())).unwrap_err();
        assert!(empty.contains("no certificate"), "{empty}");
    }
}
