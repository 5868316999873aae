//! TLS of the page: a given certificate, or one from the gateway's own certificate authority.

use super::connection_table::ConnectionProgress;
use crate::clock::Clock;
use crate::config::{PageCertificate, WebSettings};
use crate::server::listener::local_authority::LocalAuthority;
use crate::server::listener::tls_versions::server_config;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// First byte of a TLS connection: a record of the handshake (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// Certificates with which connections are encrypted.
#[derive(Clone, Debug)]
pub(crate) enum TlsSetup {
    /// One certificate for all.
    Given(Arc<ServerConfig>),
    /// A certificate of the local authority for the address that the client has connected to.
    Local(Arc<LocalAuthority>),
}

/// An accepted connection: a browser that typed no `https://` gets a page that leads there.
pub(crate) enum PlainOrTls {
    Tls(Box<TlsStream<TcpStream>>),
    Plain(TcpStream),
}

impl TlsSetup {
    /// Setup of `[web]`; `None` when the page is served without TLS. The error names the file.
    pub(crate) fn of_settings(
        settings: &WebSettings,
        store: &Path,
        clock: &Clock,
    ) -> Result<Option<Self>, String> {
        match &settings.certificate {
            PageCertificate::None => Ok(None),
            PageCertificate::Files { chain, key } => {
                read_server_config(chain, key).map(|config| Some(Self::Given(config)))
            }
            PageCertificate::LocalAuthority => {
                let authority = LocalAuthority::open(store, &settings.names, clock.clone())?;
                Ok(Some(Self::Local(Arc::new(authority))))
            }
        }
    }

    /// Certificate of the local authority (DER), for phones that shall trust it.
    pub(crate) fn authority_certificate(&self) -> Option<Vec<u8>> {
        match self {
            Self::Given(_) => None,
            Self::Local(authority) => Some(authority.certificate_der()),
        }
    }

    /// Makes the TLS handshake; a connection that begins otherwise is returned as it is.
    pub(super) async fn open(
        &self,
        stream: TcpStream,
        progress: &Arc<ConnectionProgress>,
    ) -> io::Result<PlainOrTls> {
        let mut first = [0];
        // Peeked and not read: the byte belongs to the handshake, or to the plain request.
        if stream.peek(&mut first).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if first[0] != TLS_HANDSHAKE {
            return Ok(PlainOrTls::Plain(stream));
        }
        let config = match self {
            Self::Given(config) => Arc::clone(config),
            Self::Local(authority) => authority.server_config(stream.local_addr()?.ip())?,
        };
        let stream = TlsAcceptor::from(config).accept(stream).await?;
        progress.begin_waiting();
        Ok(PlainOrTls::Tls(Box::new(stream)))
    }
}

/// Configuration with the certificate chain and the key of these PEM files.
fn read_server_config(chain: &Path, key: &Path) -> Result<Arc<ServerConfig>, String> {
    let named = |file: &Path, why: String| format!("{}: {why}", file.display());
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| named(chain, why.to_string()))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|why| named(key, why.to_string()))?;
    server_config(certificates, private).map_err(|why| named(chain, why))
}
