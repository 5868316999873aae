//! [`post_json`]: one HTTP request with a JSON body, and what kept it from being answered.

use super::sent_message::SentMessage;
use crate::alarm_delivery::delivery_fault::{DeliveryFault, FaultKind, SendOutcome, later};
use crate::clock::Clock;
use crate::domain::parse_retry_after;
use crate::limits::{ALARM_ANSWER_MAX, ALARM_ANSWER_SECONDS, RETRY_AFTER_MAX_SECONDS};
use crate::tls_client::{find_certificate_fault, tls_client_config};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{PlainClient, Url, redirect};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a new TLS connection with a public certificate, and of the headers.
// Measured on TLS 1.3: 0.6 kB there, 3.8 kB back, and a dozen packets of 52 bytes around them.
const CONNECTION_BYTES: u64 = 6000;

/// Request with a JSON body.
#[derive(Debug, Default)]
pub(super) struct JsonPost {
    /// Address; it may contain a token and is in no message.
    pub(super) url: String,
    /// Token of the header `Authorization`.
    pub(super) bearer: Option<String>,
    /// Further headers.
    pub(super) headers: Vec<(&'static str, String)>,
    /// Body.
    pub(super) body: String,
}

/// Answer to it.
#[derive(Debug, Default)]
pub(super) struct HttpAnswer {
    /// Status.
    pub(super) status: u16,
    /// Pause that the server asks for.
    pub(super) retry_after: Option<Duration>,
    /// The body is a page, as that of a captive portal.
    pub(super) is_page: bool,
    /// Beginning of the body.
    pub(super) body: String,
    /// Bytes of the exchange, an estimate.
    pub(super) bytes: u64,
}

impl HttpAnswer {
    /// End of the attempt, with its bytes.
    pub(super) fn ended(&self, outcome: SendOutcome) -> SentMessage {
        SentMessage {
            outcome,
            bytes: self.bytes,
        }
    }

    /// Outcome of what any service answers in the same way: another place, a busy server.
    pub(super) fn common_outcome(&self) -> Option<SendOutcome> {
        let fault = |kind| {
            let detail = format!("HTTP {}", self.status);
            Some(SendOutcome::Later(
                DeliveryFault::new(kind, &detail),
                self.retry_after,
            ))
        };
        match self.status {
            300..=399 | 511 => fault(FaultKind::Portal),
            408 | 425 | 429 => fault(FaultKind::TryLater),
            500..=599 => fault(FaultKind::ServerError),
            _ => None,
        }
    }

    /// Outcome of an answer without a meaning.
    pub(super) fn unclear(&self) -> SendOutcome {
        let kind = if self.is_page {
            FaultKind::Portal
        } else {
            FaultKind::Unclear
        };
        later(kind, &format!("HTTP {}", self.status))
    }
}

/// Pause in seconds that a service asks for, bounded.
pub(super) fn bounded_pause(seconds: u64) -> Duration {
    Duration::from_secs(seconds.min(RETRY_AFTER_MAX_SECONDS))
}

/// Sends a request once; an answer of any status is an answer.
pub(super) async fn post_json(
    asked: JsonPost,
    ca_file: Option<&Path>,
    clock: &Clock,
) -> Result<HttpAnswer, DeliveryFault> {
    let unclear = |why: String| DeliveryFault::new(FaultKind::Unclear, &why);
    // The error of the parser may quote the address.
    let url = Url::parse(&asked.url);
    let url = url.map_err(|_| DeliveryFault::new(FaultKind::AddressWrong, ""))?;
    let sent = asked.body.len();
    let limit = Duration::from_secs(ALARM_ANSWER_SECONDS);
    let mut builder = PlainClient::builder()
        .user_agent(concat!("pantau/", env!("CARGO_PKG_VERSION")))
        .timeout(limit)
        // A captive portal redirects; its page is no answer of the service.
        .redirect(redirect::Policy::none())
        .no_proxy();
    if url.scheme() == "https" {
        let certificate = |why: String| DeliveryFault::new(FaultKind::Certificate, &why);
        let tls = tls_client_config(ca_file, None).map_err(certificate)?;
        builder = builder.use_preconfigured_tls(Arc::unwrap_or_clone(tls));
    }
    let client = builder
        .build()
        .map_err(|why| unclear(why.without_url().to_string()))?;
    let mut request = client.post(url).header(CONTENT_TYPE, "application/json");
    if let Some(token) = &asked.bearer {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    for (name, value) in asked.headers {
        request = request.header(name, value);
    }
    let answered = request.body(asked.body).send().await;
    let mut response = answered.map_err(|why| request_fault(&why))?;
    let header = |name| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let retry_after = header(RETRY_AFTER).and_then(|text| parse_retry_after(text, clock.now().at));
    let is_page = header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"));
    let status = response.status().as_u16();
    let mut body = Vec::new();
    // An answer that is cut off still has a usable status.
    while body.len() < ALARM_ANSWER_MAX
        && let Ok(Some(part)) = response.chunk().await
    {
        body.extend_from_slice(&part);
    }
    let bytes = CONNECTION_BYTES + u64::try_from(sent + body.len()).unwrap_or(u64::MAX / 2);
    Ok(HttpAnswer {
        status,
        retry_after,
        is_page,
        body: String::from_utf8_lossy(&body).into_owned(),
        bytes,
    })
}

/// Fault of a request that was not answered. The address is in none of the texts.
fn request_fault(error: &reqwest::Error) -> DeliveryFault {
    if error.is_builder() {
        return DeliveryFault::new(FaultKind::SecretMissing, "");
    }
    if error.is_timeout() {
        return DeliveryFault::new(FaultKind::NoAnswer, "");
    }
    connection_fault(error, error.is_connect())
}

/// Fault of a connection, by its causes; `is_connect`: it was never there.
pub(super) fn connection_fault(error: &(dyn Error + 'static), is_connect: bool) -> DeliveryFault {
    if let Some(why) = find_certificate_fault(error) {
        return DeliveryFault::new(FaultKind::Certificate, &why);
    }
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let why = cause.to_string();
    let kind = if why.contains("Name or service not known") || why.contains("No address associated")
    {
        FaultKind::NameUnknown
    } else if is_connect || why.contains("lookup address") {
        FaultKind::NoNetwork
    } else {
        FaultKind::NoAnswer
    };
    DeliveryFault::new(kind, &why)
}
