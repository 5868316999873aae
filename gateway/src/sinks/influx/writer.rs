//! [`InfluxWriter`]: sends batches of lines through influxdb2 and says what became of them.
//!
//! influxdb2 drops the path of the address and hides the headers of an answer. Each of its requests
//! therefore passes [`InfluxExchange`], which adds the path, notes `Retry-After` and bounds the
//! answer.

use crate::clock::{Clock, Stopwatch};
use crate::config::{Secret, mask_secrets};
use crate::domain::parse_retry_after;
use crate::limits::{INFLUX_ANSWER_MAX, INFLUX_ANSWER_SECONDS};
use crate::mqtt_link::diagnose_connection;
use crate::sinks::influx::InfluxSettings;
use crate::sinks::influx::server_clock::ServerClock;
use crate::sinks::influx::write_verdict::{WriteVerdict, judge_answer};
use crate::status::SinkDiagnosis;
use crate::tls_client::{tls_client_config, tls_fault_text};
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper_util::client::legacy::connect::HttpInfo;
use influxdb2::api::write::TimestampPrecision;
use influxdb2::{Client, ClientBuilder, RequestError};
use reqwest::header::{CONNECTION, CONTENT_ENCODING, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{
    HttpExchange, PendingResponse, PlainClient, Request, Response, StatusCode, Url, redirect,
};
use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Client of the influxdb2 crate with TLS, time limits and our own encoding.
pub(super) struct InfluxWriter {
    client: Client,
    exchange: Arc<InfluxExchange>,
    org: String,
    bucket: String,
}

/// One request and its answer, as influxdb2 does not do them.
#[derive(Debug)]
struct InfluxExchange {
    http: PlainClient,
    /// Path before `/api/v2/write`, without a trailing slash.
    path: String,
    retry_after: Mutex<Option<Duration>>,
    connection: Mutex<KnownConnection>,
    server_clock: ServerClock,
    clock: Clock,
}

/// Connection of the last answer.
#[derive(Debug, Default)]
struct KnownConnection {
    /// Our end of it; `None` before the first answer, and when the server said that it closes it.
    own_end: Option<SocketAddr>,
    /// It was not the one before, which ended without a word.
    is_renewed: bool,
}

impl InfluxWriter {
    /// Reads certificates and token; the error is a sentence.
    pub(super) fn open(settings: &InfluxSettings, clock: &Clock) -> Result<Self, String> {
        // Validated before the library gets it, since influxdb2 panics on an invalid address.
        let base = parse_base(&settings.url)?;
        let exchange = Arc::new(InfluxExchange {
            http: http_client(settings, &base)?,
            path: base.path().trim_end_matches('/').to_owned(),
            retry_after: Mutex::default(),
            connection: Mutex::default(),
            server_clock: ServerClock::new(clock),
            clock: clock.clone(),
        });
        // Read at the start, which is retried until it succeeds: the token file may come later.
        let token = settings.token.as_ref().map(Secret::reveal).transpose()?;
        let token = token.unwrap_or_default();
        HeaderValue::from_str(&token)
            .map_err(|_| "the token has characters that no header may have".to_owned())?;
        let http = reqwest::ClientBuilder::with_exchange(exchange.clone());
        let client = ClientBuilder::with_builder(http, base, &settings.org, token);
        Ok(Self {
            client: client.build().map_err(|why| why.to_string())?,
            exchange,
            org: settings.org.clone(),
            bucket: settings.bucket.clone(),
        })
    }

    /// Sends this many lines.
    pub(super) async fn write(&self, text: &str, lines: usize) -> WriteVerdict {
        let failed = |why: String, silent: bool, trouble| WriteVerdict::RetryLater {
            why,
            after: None,
            silent,
            trouble,
        };
        let body = match compress_gzip(text) {
            Ok(body) => body,
            Err(why) => return failed(why.to_string(), true, None),
        };
        let write = self.client.write_line_protocol_with_precision(
            &self.org,
            &self.bucket,
            body,
            TimestampPrecision::Milliseconds,
        );
        match write.await {
            Ok(()) => WriteVerdict::Stored,
            Err(RequestError::Http { status, text }) => {
                judge_answer(status.as_u16(), &text, lines, self.exchange.retry_after())
            }
            Err(RequestError::ReqwestProcessing { source }) => {
                let silent = source.is_timeout() && !source.is_connect();
                let trouble = if source.is_timeout() {
                    Some(SinkDiagnosis::NoAnswer)
                } else {
                    diagnose_connection(&source)
                };
                failed(self.failure_text(&source), silent, trouble)
            }
            Err(why) => failed(why.to_string(), true, None),
        }
    }

    /// Returns, once, whether a connection was lost since the last call: an answer came on another
    /// one, and the server had not said that it closes the one before.
    pub(super) fn take_renewed(&self) -> bool {
        std::mem::take(&mut self.exchange.known_connection().is_renewed)
    }

    /// Lead of the database's clock over ours, ms, where it is more than both can err.
    pub(super) fn clock_lead(&self) -> Option<i64> {
        self.exchange.server_clock.lead_ms()
    }

    /// Describes a request without an answer: the server, and the innermost cause.
    fn failure_text(&self, error: &reqwest::Error) -> String {
        let base = &self.client.base;
        let host = base.host_str().unwrap_or_default();
        let port = base.port_or_known_default().unwrap_or_default();
        if error.is_timeout() && error.is_connect() {
            return format!("{host}:{port}: does not answer");
        }
        if error.is_timeout() {
            return format!("{host}:{port}: no answer within {INFLUX_ANSWER_SECONDS} s");
        }
        let mut cause: &(dyn Error + 'static) = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        format!("{host}:{port}: {}", tls_fault_text(cause))
    }
}

impl InfluxExchange {
    /// Returns the `Retry-After` of the last answer, once.
    fn retry_after(&self) -> Option<Duration> {
        self.set_retry_after(None)
    }

    fn set_retry_after(&self, pause: Option<Duration>) -> Option<Duration> {
        let mut kept = self
            .retry_after
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *kept, pause)
    }

    fn known_connection(&self) -> MutexGuard<'_, KnownConnection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the connection on which an answer came.
    fn note_connection(&self, response: &Response) {
        let own_end = response.extensions().get().map(HttpInfo::local_addr);
        let closes = response.headers().get(CONNECTION);
        let closes = closes.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"));
        let mut known = self.known_connection();
        known.is_renewed |= known.own_end.is_some() && known.own_end != own_end;
        known.own_end = own_end.filter(|_| !closes);
    }

    /// Sends; once more on a new connection when the kept one was closed. A write may thus be sent
    /// twice, which has the same result as once.
    async fn execute(&self, request: Request) -> Result<Response, reqwest::Error> {
        let again = request.try_clone();
        match (self.http.execute(request).await, again) {
            (Err(why), Some(again)) if !why.is_connect() && !why.is_timeout() => {
                self.http.execute(again).await
            }
            (result, _) => result,
        }
    }
}

impl HttpExchange for InfluxExchange {
    fn client(&self) -> &PlainClient {
        &self.http
    }

    fn exchange(&self, mut request: Request) -> PendingResponse<'_> {
        let path = format!("{}{}", self.path, request.url().path());
        request.url_mut().set_path(&path);
        Box::pin(async move {
            // A value of an earlier answer must not apply to this one.
            self.set_retry_after(None);
            let asked = Stopwatch::start();
            let mut response = self.execute(request).await?;
            self.note_connection(&response);
            // Another answer may be the page of a hotspot, with any time.
            if response.status() == StatusCode::NO_CONTENT {
                self.server_clock
                    .compare(response.headers(), asked.elapsed());
            }
            let pause = response.headers().get(RETRY_AFTER);
            let pause = pause.and_then(|value| value.to_str().ok());
            let now = self.clock.now().at;
            self.set_retry_after(pause.and_then(|value| parse_retry_after(value, now)));
            // Bounded, so that an endless answer cannot fill the memory. An answer that is cut off
            // still has a usable status.
            let mut body = Vec::new();
            while body.len() < INFLUX_ANSWER_MAX
                && let Ok(Some(part)) = response.chunk().await
            {
                body.extend_from_slice(&part);
            }
            let mut bounded = hyper::Response::new(body);
            *bounded.status_mut() = response.status();
            Ok(Response::from(bounded))
        })
    }
}

/// Parses an address; the error is a sentence.
fn parse_base(text: &str) -> Result<Url, String> {
    let said = |why| format!("{}: {why}", mask_secrets(text));
    let url = Url::parse(text).map_err(|why| said(why.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(said(format!("{} is neither http nor https", url.scheme())));
    }
    // A password in a URL would appear in messages and in the copy of the configuration that
    // evidence bundles contain.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(said("a name or password does not belong here".to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(said("only host, port and path belong here".to_owned()));
    }
    Ok(url)
}

/// Returns the HTTP client; the error is a sentence.
fn http_client(settings: &InfluxSettings, base: &Url) -> Result<PlainClient, String> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    let mut builder = PlainClient::builder()
        .user_agent(concat!("pantau/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(Duration::from_secs(INFLUX_ANSWER_SECONDS))
        // A redirection to a login page must be seen as such, not followed.
        .redirect(redirect::Policy::none())
        // The configuration names the server; a proxy in the environment is no part of it.
        .no_proxy();
    if base.scheme() == "https" {
        let tls = tls_client_config(settings.ca_file.as_deref(), None)?;
        builder = builder.use_preconfigured_tls(Arc::unwrap_or_clone(tls));
    }
    builder.build().map_err(|why| why.to_string())
}

fn compress_gzip(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_keeps_its_path_and_its_port() {
        let base = parse_base("https://db.example.org/influx/").unwrap();
        assert_eq!(base.as_str(), "https://db.example.org/influx/");
        assert_eq!(
            parse_base("http://10.0.0.1:8086").unwrap().port(),
            Some(8086)
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
            assert!(parse_base(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_address_is_too_strange(text: String) {
            let _ = parse_base(&text);
            let _ = parse_base(&format!("http://{text}"));
        }
    }
}
