//! A relay on loopback between the InfluxDB client library and the real address.
//!
//! The library hides the headers of an answer, drops a path from the base address, and its TLS
//! cannot be used (docs/ARCHITECTURE.md, publish). It therefore speaks plain HTTP with an
//! ephemeral port of 127.0.0.1, and this relay carries its requests on: over TLS where the address
//! says so, below the address's path, with the real token, on one kept connection. It remembers
//! the last `Retry-After`. Only a request with the relay's own random token passes; the real one
//! never crosses loopback.

use crate::clock::Clock;
use crate::config::{InfluxSettings, masked};
use crate::limits::{
    INFLUX_ANSWER_MAX, INFLUX_ANSWER_SECONDS, INFLUX_BYTES_MAX, RETRY_AFTER_MAX_SECONDS,
};
use crate::publish::tls;
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

const CONNECT: Duration = Duration::from_secs(10);

/// A relay that runs until it is dropped.
pub(crate) struct Relay {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What its client must show as its token.
    pub(crate) key: String,
    upstream: Arc<Upstream>,
    task: JoinHandle<()>,
}

/// The real address, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    host: String,
    port: u16,
    tls: bool,
    /// Path before `/api/v2/write`, without a slash at its end.
    path: String,
}

struct Upstream {
    target: Target,
    connector: Option<TlsConnector>,
    /// `Authorization` of the real server.
    authorization: Option<HeaderValue>,
    /// `Authorization` that our client shows.
    key: String,
    kept: tokio::sync::Mutex<Option<SendRequest<Full<Bytes>>>>,
    retry_after: Mutex<Option<Duration>>,
    clock: Clock,
}

impl Target {
    /// Takes an address apart; the fault in words.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let said = |why| format!("{}: {why}", masked(text));
        let url = reqwest::Url::parse(text).map_err(|why| said(why.to_string()))?;
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            other => return Err(said(format!("{other} is neither http nor https"))),
        };
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

impl Relay {
    /// Starts listening; the fault in words.
    pub(crate) async fn start(
        settings: &InfluxSettings,
        target: Target,
        clock: Clock,
    ) -> Result<Self, String> {
        let ca_file = settings.ca_file.as_deref();
        let client = target.tls.then(|| tls::client(ca_file)).transpose()?;
        let connector = client.map(TlsConnector::from);
        let authorization = settings.token.as_ref().map(|token| {
            HeaderValue::from_str(&format!("Token {}", token.reveal()?))
                .map_err(|_| "the token has characters that no token has".to_owned())
        });
        let key = random_key()?;
        let upstream = Arc::new(Upstream {
            target,
            connector,
            authorization: authorization.transpose()?,
            key: format!("Token {key}"),
            kept: tokio::sync::Mutex::default(),
            retry_after: Mutex::default(),
            clock,
        });
        let why = |why: std::io::Error| format!("loopback: {why}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(why)?;
        let address = listener.local_addr().map_err(why)?;
        let task = tokio::spawn(serve(listener, Arc::clone(&upstream)));
        Ok(Self {
            address,
            key,
            upstream,
            task,
        })
    }

    /// What the last answer said about coming back; asked once.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        lock(&self.upstream.retry_after).take()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Our client has one connection, now and then two; whoever else knocks may not keep it out.
async fn serve(listener: TcpListener, upstream: Arc<Upstream>) {
    const CONNECTIONS: usize = 8;
    let mut open = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles, most likely.
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        while open.try_join_next().is_some() {}
        if open.len() >= CONNECTIONS {
            open.abort_all();
        }
        let _ = stream.set_nodelay(true);
        open.spawn(connection(stream, Arc::clone(&upstream)));
    }
}

async fn connection(stream: TcpStream, upstream: Arc<Upstream>) {
    let service = service_fn(move |request| {
        let upstream = Arc::clone(&upstream);
        async move { Ok::<_, Infallible>(upstream.answer(request).await) }
    });
    // A broken connection is the client's to notice.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Upstream {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let shown = request.headers().get(header::AUTHORIZATION);
        if shown.is_none_or(|shown| shown.as_bytes() != self.key.as_bytes()) {
            return plain(StatusCode::FORBIDDEN, "not ours");
        }
        *lock(&self.retry_after) = None;
        let limit = Duration::from_secs(INFLUX_ANSWER_SECONDS);
        match timeout(limit, self.forward(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(why)) => plain(StatusCode::BAD_GATEWAY, &why),
            Err(_) => {
                let why = format!("no answer within {INFLUX_ANSWER_SECONDS} s");
                plain(StatusCode::GATEWAY_TIMEOUT, &why)
            }
        }
    }

    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, String> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, INFLUX_BYTES_MAX).collect().await;
        let body = body.map_err(|why| why.to_string())?.to_bytes();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut onward = Request::new(Full::new(body));
        *onward.method_mut() = parts.method;
        *onward.uri_mut() = format!("{}{path}", self.target.path)
            .parse()
            .map_err(|_| format!("{}: not a path", self.target.path))?;
        *onward.headers_mut() = self.headers(&parts.headers)?;
        let response = self.exchange(onward).await?;
        let (head, body) = response.into_parts();
        *lock(&self.retry_after) = head
            .headers
            .get(header::RETRY_AFTER)
            .and_then(|value| self.pause(value.to_str().ok()?));
        let body = Limited::new(body, INFLUX_ANSWER_MAX).collect().await;
        // An answer that breaks off still has its status.
        let body = body
            .map(http_body_util::Collected::to_bytes)
            .unwrap_or_default();
        let mut back = Response::new(Full::new(body));
        *back.status_mut() = head.status;
        Ok(back)
    }

    fn headers(&self, from: &HeaderMap) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        let Target { host, port, .. } = &self.target;
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

    /// Sends on the kept connection, or on a new one when there is none or it has died meanwhile:
    /// a write may be sent twice, the second is the same.
    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, String> {
        let mut kept = self.kept.lock().await;
        if let Some(mut sender) = kept.take()
            && sender.ready().await.is_ok()
            && let Ok(response) = sender.send_request(request.clone()).await
        {
            *kept = Some(sender);
            return Ok(response);
        }
        let mut sender = self.connect().await?;
        let response = sender.send_request(request).await;
        let response = response.map_err(|why| format!("{}: {why}", self.target.host))?;
        *kept = Some(sender);
        Ok(response)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let Target { host, port, .. } = &self.target;
        let said = |why: String| format!("{host}:{port}: {why}");
        let stream = timeout(CONNECT, TcpStream::connect(format!("{host}:{port}")))
            .await
            .map_err(|_| said("does not answer".to_owned()))?
            .map_err(|why| said(why.to_string()))?;
        let _ = stream.set_nodelay(true);
        let Some(connector) = &self.connector else {
            return handshake(stream).await.map_err(said);
        };
        let name = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(name).map_err(|why| said(why.to_string()))?;
        let stream = timeout(CONNECT, connector.connect(name, stream))
            .await
            .map_err(|_| said("TLS does not answer".to_owned()))?
            .map_err(|why| said(why.to_string()))?;
        handshake(stream).await.map_err(said)
    }

    /// `Retry-After` is a number of seconds or a date.
    fn pause(&self, value: &str) -> Option<Duration> {
        let value = value.trim();
        let date = || {
            let then = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
            let wait = then.as_millisecond() - self.clock.now().at.0;
            Some(u64::try_from(wait / 1000).unwrap_or(0))
        };
        let seconds = value.parse::<u64>().ok().or_else(date)?;
        Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX_SECONDS)))
    }
}

async fn handshake<S>(stream: S) -> Result<SendRequest<Full<Bytes>>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|why| why.to_string())?;
    // Ends with the sender, or with the connection; the next request notices.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

fn plain(status: StatusCode, why: &str) -> Response<Full<Bytes>> {
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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UtcMs;
    use proptest::prelude::*;

    #[test]
    fn an_address_keeps_its_path_and_its_port() {
        let target = Target::parse("https://db.example.org/influx/").unwrap();
        assert_eq!(
            target,
            Target {
                host: "db.example.org".into(),
                port: 443,
                tls: true,
                path: "/influx".into()
            }
        );
        assert_eq!(Target::parse("http://10.0.0.1:8086").unwrap().port, 8086);
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
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_longer_than_an_hour() {
        let upstream = Upstream {
            target: Target::parse("http://h").unwrap(),
            connector: None,
            authorization: None,
            key: String::new(),
            kept: tokio::sync::Mutex::default(),
            retry_after: Mutex::default(),
            clock: Clock::set(UtcMs(1_795_230_000_000), true),
        };
        let seconds = |text| upstream.pause(text).map(|pause| pause.as_secs());
        assert_eq!(seconds("7"), Some(7));
        assert_eq!(seconds("Sat, 21 Nov 2026 03:00:30 GMT"), Some(30));
        assert_eq!(seconds("Sat, 21 Nov 2020 03:00:30 GMT"), Some(0));
        assert_eq!(seconds("999999999"), Some(3600));
        assert_eq!(seconds("soon"), None);
    }

    proptest! {
        #[test]
        fn no_address_is_too_strange(text: String) {
            let _ = Target::parse(&text);
            let _ = Target::parse(&format!("http://{text}"));
        }
    }
}
