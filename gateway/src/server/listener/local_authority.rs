//! [`LocalAuthority`]: the gateway's own certificate authority, for a site without a public name.
//!
//! The authority is made once, in the directory `tls` of the store, and is what a phone trusts. It
//! signs a short-lived certificate for the address that a client has connected to, so that a new
//! address from the router needs no new trust on the phones.

use crate::clock::Clock;
use crate::file_replacement::{FileRights, replace_file};
use crate::limits::LOCAL_CERTIFICATES_MAX;
use crate::server::listener::tls_versions::server_config;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use time::{Duration, OffsetDateTime};

/// Directory within the store's directory.
const TLS_FOLDER: &str = "tls";
/// Years for which the authority is valid.
// After its end, each phone would have to be told to trust a new one.
const AUTHORITY_YEARS: i64 = 20;
/// Days for which a server certificate is valid.
// Phones refuse server certificates that are valid for more than 825 days (iOS), and browsers for
// more than 398.
const CERTIFICATE_DAYS: i64 = 365;
/// Age at which a certificate is replaced, days.
const RENEWAL_DAYS: i64 = 180;
/// Earliest present time that is believed, seconds since 1970: 2026-11-01.
// A Pi without a battery clock starts in 1970; a certificate from then would be refused by phones.
const EARLIEST_PRESENT_S: i64 = 1_793_491_200;

/// The authority with the certificates it has signed since the start.
pub(crate) struct LocalAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    names: Vec<String>,
    clock: Clock,
    signed: Mutex<BTreeMap<IpAddr, (OffsetDateTime, Arc<ServerConfig>)>>,
}

impl std::fmt::Debug for LocalAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key must not reach a log.
        f.debug_struct("LocalAuthority").finish_non_exhaustive()
    }
}

impl LocalAuthority {
    /// Opens the authority in the store's directory, or makes it there. `names` are further host
    /// names of its certificates.
    pub(crate) fn open(store: &Path, names: &[String], clock: Clock) -> Result<Self, String> {
        let folder = store.join(TLS_FOLDER);
        let (key_file, certificate_file) = (folder.join("ca.key"), folder.join("ca.pem"));
        if !key_file.exists() || !certificate_file.exists() {
            make_authority(&folder, present(&clock))?;
        }
        let in_file = |file: &PathBuf, why: String| format!("{}: {why}", file.display());
        let key = std::fs::read_to_string(&key_file)
            .map_err(|why| in_file(&key_file, why.to_string()))?;
        let key = KeyPair::from_pem(&key).map_err(|why| in_file(&key_file, why.to_string()))?;
        let certificate = CertificateDer::from_pem_file(&certificate_file)
            .map_err(|why| in_file(&certificate_file, why.to_string()))?;
        let parameters = authority_parameters(&key, present(&clock));
        let parameters = parameters.map_err(|why| in_file(&key_file, why.to_string()))?;
        Ok(Self {
            issuer: Issuer::new(parameters, key),
            certificate,
            names: names.to_vec(),
            clock,
            signed: Mutex::default(),
        })
    }

    /// The authority's certificate (DER).
    pub(crate) fn certificate_der(&self) -> Vec<u8> {
        self.certificate.to_vec()
    }

    /// Configuration with a certificate for this address of the gateway.
    pub(super) fn server_config(&self, address: IpAddr) -> io::Result<Arc<ServerConfig>> {
        let now = present(&self.clock);
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, config)) = signed.get(&address)
            // `abs`: the clock may have been set back since, and a certificate from the future is
            // refused.
            && (*made - now).abs() < Duration::days(RENEWAL_DAYS)
        {
            return Ok(Arc::clone(config));
        }
        let config = self.sign(address, now).map_err(io::Error::other)?;
        if signed.len() >= LOCAL_CERTIFICATES_MAX {
            // What is cleared is signed again at its next handshake.
            signed.clear();
        }
        signed.insert(address, (now, Arc::clone(&config)));
        Ok(config)
    }

    fn sign(&self, address: IpAddr, now: OffsetDateTime) -> Result<Arc<ServerConfig>, String> {
        let fault = |why: rcgen::Error| why.to_string();
        let mut names = vec!["localhost".to_owned()];
        names.extend(self.names.iter().cloned());
        let mut parameters = CertificateParams::new(names).map_err(fault)?;
        parameters
            .subject_alt_names
            .push(SanType::IpAddress(address));
        parameters.distinguished_name = named("Pantau");
        parameters.not_before = now - Duration::days(1);
        parameters.not_after = now + Duration::days(CERTIFICATE_DAYS);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(fault)?;
        let certificate = parameters.signed_by(&key, &self.issuer).map_err(fault)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        server_config(chain, key)
    }
}

/// Makes key and certificate of a new authority.
fn make_authority(folder: &Path, now: OffsetDateTime) -> Result<(), String> {
    let fault = |why: rcgen::Error| why.to_string();
    let key = KeyPair::generate().map_err(fault)?;
    let parameters = authority_parameters(&key, now).map_err(fault)?;
    let certificate = parameters.self_signed(&key).map_err(fault)?;
    let write = |name: &str, text: String| {
        replace_file(&folder.join(name), text.as_bytes(), FileRights::OwnerAlone)
    };
    let written = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .and_then(|()| write("ca.key", key.serialize_pem()))
        .and_then(|()| write("ca.pem", certificate.pem()));
    written.map_err(|why| format!("{}: {why}", folder.display()))
}

/// Name and uses of the authority with this key.
fn authority_parameters(
    key: &KeyPair,
    now: OffsetDateTime,
) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    // A part of the key's hash in the name tells two gateways apart in a phone's list.
    let mark = ring::digest::digest(&ring::digest::SHA256, key.public_key_raw());
    let mark = crate::domain::hex_text::to_hex(&mark.as_ref()[..3]);
    parameters.distinguished_name = named(&format!("Pantau {mark}"));
    // A path length of 0: it signs servers, and no further authority.
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters.not_before = now - Duration::days(1);
    parameters.not_after = now + Duration::days(365 * AUTHORITY_YEARS);
    Ok(parameters)
}

fn named(name: &str) -> DistinguishedName {
    let mut all = DistinguishedName::new();
    all.push(DnType::CommonName, name);
    all
}

/// Present time for certificates; not before this program was written.
fn present(clock: &Clock) -> OffsetDateTime {
    let seconds = (clock.now().at.0 / 1000).max(EARLIEST_PRESENT_S);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMs;

    #[test]
    fn the_authority_is_made_once_and_its_key_is_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::set(UtcMs(0), true);
        let open = || LocalAuthority::open(folder.path(), &[], clock.clone()).unwrap();
        assert_eq!(open().certificate_der(), open().certificate_der());
        let key = folder.path().join("tls/ca.key");
        assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_is_named_and_nothing_new_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::set(UtcMs(0), true);
        LocalAuthority::open(folder.path(), &[], clock.clone()).unwrap();
        let key = folder.path().join("tls/ca.key");
        std::fs::write(&key, "nonsense").unwrap();
        let error = LocalAuthority::open(folder.path(), &[], clock).unwrap_err();
        assert!(error.contains("ca.key"), "{error}");
        assert_eq!(std::fs::read_to_string(key).unwrap(), "nonsense");
    }

    #[test]
    fn a_certificate_is_used_again_until_it_is_half_a_year_old() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::set(UtcMs(1_800_000_000_000), true);
        let authority = LocalAuthority::open(folder.path(), &[], clock.clone()).unwrap();
        let address: IpAddr = "192.168.1.9".parse().unwrap();
        let first = authority.server_config(address).unwrap();
        assert!(Arc::ptr_eq(
            &first,
            &authority.server_config(address).unwrap()
        ));
        clock.advance(std::time::Duration::from_hours(200 * 24));
        assert!(!Arc::ptr_eq(
            &first,
            &authority.server_config(address).unwrap()
        ));
        for last in 0..40 {
            authority
                .server_config(IpAddr::from([10, 0, 0, last]))
                .unwrap();
        }
        assert!(authority.signed.lock().unwrap().len() <= LOCAL_CERTIFICATES_MAX);
    }
}
