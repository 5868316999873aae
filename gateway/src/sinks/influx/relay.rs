//! HTTP relay on loopback between the InfluxDB client library and the real server.
//!
//! The library hides the headers of an answer, drops the path of the base address, and its TLS
//! backend cannot be used here (docs/ARCHITECTURE.md, publish). It therefore speaks plain HTTP to
//! an ephemeral port on 127.0.0.1, and this relay forwards its requests: over TLS where the address
//! says so, below the address's path, with the real token, on one kept connection. It remembers the
//! last `Retry-After`. Only requests with the relay's own random token are forwarded, and the real
//! token never crosses loopback.

use crate::clock::Clock;
use crate::config::mask_secrets;
use crate::limits::{
    INFLUX_ANSWER_MAX, INFLUX_ANSWER_SECONDS, INFLUX_BYTES_MAX, RETRY_AFTER_MAX_SECONDS,
};
use crate::sinks::influx::InfluxSettings;
use crate::sinks::tls;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Running relay; stops when it is dropped.
pub(crate) struct InfluxRelay {
    /// Address it listens on.
    pub(crate) address: SocketAddr,
    /// Token that its client must send.
    pub(crate) key: String,
    upstream: Arc<InfluxUpstream>,
    task: JoinHandle<()>,
}

/// Parts of the real address.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InfluxTarget {
    host: String,
    port: u16,
    tls: bool,
    /// Path before `/api/v2/write`, without a trailing slash.
    path: String,
}

struct InfluxUpstream {
    target: InfluxTarget,
    connector: Option<TlsConnector>,
    /// `Authorization` header for the real server.
    authorization: Option<HeaderValue>,
    /// `Authorization` header that our client sends.
    key: String,
    kept: tokio::sync::Mutex<Option<SendRequest<Full<Bytes>>>>,
    retry_after: Mutex<Option<Duration>>,
    clock: Clock,
}

impl InfluxTarget {
    /// Parses an address; the error is a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let said = |why| format!("{}: {why}", mask_secrets(text));
        let url = reqwest::Url::parse(text).map_err(|why| said(why.to_string()))?;
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            other => return Err(said(format!("{other} is neither http nor https"))),
        };
        // A password in a URL would appear in messages and in the copy of the configuration that
        // evidence bundles contain.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(said("a name or password does not belong here".to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(said("only host, port and path belong here".to_owned()));
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        Ok(Self {
            host: host.ok_or_else(|| said("no host".to_owned()))?.to_owned(),
            port: url.port_or_known_default().unwrap_or(80),
            tls,
            path: url.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl InfluxRelay {
    /// Starts listening; the error is a sentence.
    pub(crate) async fn start(
        settings: &InfluxSettings,
        target: InfluxTarget,
        clock: Clock,
    ) -> Result<Self, String> {
        let ca_file = settings.ca_file.as_deref();
        let client = target
            .tls
            .then(|| tls::tls_client_config(ca_file))
            .transpose()?;
        let connector = client.map(TlsConnector::from);
        // Read when the relay starts, which is retried until it succeeds: the token file may come
        // later.
        let authorization = settings.token.as_ref().map(|token| {
            HeaderValue::from_str(&format!("Token {}", token.reveal()?))
                .map_err(|_| "the token has characters that no header may have".to_owned())
        });
        let key = random_key()?;
        let upstream = Arc::new(InfluxUpstream {
            target,
            connector,
            authorization: authorization.transpose()?,
            key: format!("Token {key}"),
            kept: tokio::sync::Mutex::default(),
            retry_after: Mutex::default(),
            clock,
        });
        let why = |why: std::io::Error| format!("loopback: {why}");
        // Loopback only: nobody outside this machine can reach the relay.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(why)?;
        let address = listener.local_addr().map_err(why)?;
        let task = tokio::spawn(accept_connections(listener, Arc::clone(&upstream)));
        Ok(Self {
            address,
            key,
            upstream,
            task,
        })
    }

    /// Returns the `Retry-After` of the last answer, once.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        lock_ignoring_poison(&self.upstream.retry_after).take()
    }
}

impl Drop for InfluxRelay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Our client has one or two connections; other processes must not keep it out by opening more.
async fn accept_connections(listener: TcpListener, upstream: Arc<InfluxUpstream>) {
    const CONNECTIONS: usize = 8;
    let mut open = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Most likely the process is out of file handles.
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        while open.try_join_next().is_some() {}
        if open.len() >= CONNECTIONS {
            open.abort_all();
        }
        let _ = stream.set_nodelay(true);
        open.spawn(serve_connection(stream, Arc::clone(&upstream)));
    }
}

async fn serve_connection(stream: TcpStream, upstream: Arc<InfluxUpstream>) {
    let service = service_fn(move |request| {
        let upstream = Arc::clone(&upstream);
        async move { Ok::<_, Infallible>(upstream.answer_request(request).await) }
    });
    // A broken connection is reported to the client by itself.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl InfluxUpstream {
    async fn answer_request(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let shown = request.headers().get(header::AUTHORIZATION);
        // Any local process can connect; only the key shows that it is our client.
        if shown.is_none_or(|shown| shown.as_bytes() != self.key.as_bytes()) {
            return plain_response(StatusCode::FORBIDDEN, "wrong token");
        }
        // A value of an earlier answer must not apply to this one.
        *lock_ignoring_poison(&self.retry_after) = None;
        let limit = Duration::from_secs(INFLUX_ANSWER_SECONDS);
        match timeout(limit, self.forward_request(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(why)) => plain_response(StatusCode::BAD_GATEWAY, &why),
            Err(_) => {
                let why = format!("no answer within {INFLUX_ANSWER_SECONDS} s");
                plain_response(StatusCode::GATEWAY_TIMEOUT, &why)
            }
        }
    }

    async fn forward_request(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, String> {
        let (parts, body) = request.into_parts();
        // Bounded in both directions, so that neither side can fill the memory.
        let body = Limited::new(body, INFLUX_BYTES_MAX).collect().await;
        let body = body.map_err(|why| why.to_string())?.to_bytes();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut onward = Request::new(Full::new(body));
        *onward.method_mut() = parts.method;
        *onward.uri_mut() = format!("{}{path}", self.target.path)
            .parse()
            .map_err(|_| format!("{}: not a path", self.target.path))?;
        *onward.headers_mut() = self.upstream_headers(&parts.headers)?;
        let response = self.send_upstream(onward).await?;
        let (head, body) = response.into_parts();
        *lock_ignoring_poison(&self.retry_after) = head
            .headers
            .get(header::RETRY_AFTER)
            .and_then(|value| self.parse_retry_after(value.to_str().ok()?));
        let body = Limited::new(body, INFLUX_ANSWER_MAX).collect().await;
        // An answer that is cut off still has a usable status.
        let body = body
            .map(http_body_util::Collected::to_bytes)
            .unwrap_or_default();
        let mut back = Response::new(Full::new(body));
        *back.status_mut() = head.status;
        Ok(back)
    }

    fn upstream_headers(&self, from: &HeaderMap) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        let InfluxTarget { host, port, .. } = &self.target;
        let host = HeaderValue::from_str(&format!("{host}:{port}"));
        headers.insert(
            header::HOST,
            host.map_err(|_| "not a host name".to_owned())?,
        );
        for name in [header::CONTENT_ENCODING, header::CONTENT_TYPE] {
            if let Some(value) = from.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        let agent = concat!("pantau/", env!("CARGO_PKG_VERSION"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        Ok(headers)
    }

    /// Sends on the kept connection, or on a new one when there is none or it has failed. A write
    /// may thus be sent twice, which has the same result as once.
    async fn send_upstream(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, String> {
        let mut kept = self.kept.lock().await;
        // The server may have closed an idle connection; only then is a new one opened.
        if let Some(mut sender) = kept.take()
            && sender.ready().await.is_ok()
            && let Ok(response) = sender.send_request(request.clone()).await
        {
            *kept = Some(sender);
            return Ok(response);
        }
        let mut sender = self.connect_upstream().await?;
        let response = sender.send_request(request).await;
        let response = response.map_err(|why| format!("{}: {why}", self.target.host))?;
        *kept = Some(sender);
        Ok(response)
    }

    async fn connect_upstream(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let InfluxTarget { host, port, .. } = &self.target;
        let said = |why: String| format!("{host}:{port}: {why}");
        let stream = timeout(
            CONNECT_TIMEOUT,
            TcpStream::connect(format!("{host}:{port}")),
        )
        .await
        .map_err(|_| said("does not answer".to_owned()))?
        .map_err(|why| said(why.to_string()))?;
        let _ = stream.set_nodelay(true);
        let Some(connector) = &self.connector else {
            return http_handshake(stream).await.map_err(said);
        };
        // An IPv6 address stands in brackets in a URL, but not in a certificate.
        let name = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(name).map_err(|why| said(why.to_string()))?;
        let stream = timeout(CONNECT_TIMEOUT, connector.connect(name, stream))
            .await
            .map_err(|_| said("TLS does not answer".to_owned()))?
            .map_err(|why| said(why.to_string()))?;
        http_handshake(stream).await.map_err(said)
    }

    /// Parses `Retry-After`: a number of seconds or a date (RFC 9110, 10.2.3).
    fn parse_retry_after(&self, value: &str) -> Option<Duration> {
        let value = value.trim();
        let date = || {
            let then = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
            let wait = then.as_millisecond() - self.clock.now().at.0;
            Some(u64::try_from(wait / 1000).unwrap_or(0))
        };
        let seconds = value.parse::<u64>().ok().or_else(date)?;
        // A server that names a week would stop the sink although it may be back in minutes.
        Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX_SECONDS)))
    }
}

async fn http_handshake<S>(stream: S) -> Result<SendRequest<Full<Bytes>>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|why| why.to_string())?;
    // Ends with the sender or with the connection; the next request notices it.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

fn plain_response(status: StatusCode, why: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(why.as_bytes())));
    *response.status_mut() = status;
    response
}

fn random_key() -> Result<String, String> {
    let mut bytes = [0; 16];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| "the system gives no random bytes".to_owned())?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

fn lock_ignoring_poison<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMs;
    use proptest::prelude::*;

    #[test]
    fn an_address_keeps_its_path_and_its_port() {
        let target = InfluxTarget::parse("https://db.example.org/influx/").unwrap();
        assert_eq!(
            target,
            InfluxTarget {
                host: "db.example.org".into(),
                port: 443,
                tls: true,
                path: "/influx".into()
            }
        );
        assert_eq!(
            InfluxTarget::parse("http://10.0.0.1:8086").unwrap().port,
            8086
        );
    }

    #[test]
    fn a_wrong_address_is_a_fault_in_words_and_no_panic() {
        for text in [
            "",
            "/3242/23",
            "influx:8086",
            "ftp://x",
            "http://",
            "http://u:p@h",
            "http://h?q",
        ] {
            assert!(InfluxTarget::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_longer_than_an_hour() {
        let upstream = InfluxUpstream {
            target: InfluxTarget::parse("http://h").unwrap(),
            connector: None,
            authorization: None,
            key: String::new(),
            kept: tokio::sync::Mutex::default(),
            retry_after: Mutex::default(),
            clock: Clock::set(UtcMs(1_795_230_000_000), true),
        };
        let seconds = |text| {
            upstream
                .parse_retry_after(text)
                .map(|pause| pause.as_secs())
        };
        assert_eq!(seconds("7"), Some(7));
        assert_eq!(seconds("Sat, 21 Nov 2026 03:00:30 GMT"), Some(30));
        assert_eq!(seconds("Sat, 21 Nov 2020 03:00:30 GMT"), Some(0));
        assert_eq!(seconds("999999999"), Some(3600));
        assert_eq!(seconds("soon"), None);
    }

    proptest! {
        #[test]
        fn no_address_is_too_strange(text: String) {
            let _ = InfluxTarget::parse(&text);
            let _ = InfluxTarget::parse(&format!("http://{text}"));
        }
    }
}
