//! Client of this API for the commands of `pantau`.
//!
//! A running gateway is asked over its control socket; without one the same routes answer in the
//! process of the command, on a store that the command has opened. A command sees no difference.
//!
//! ```text
//! let running = server::connect_client(directory).await?;
//! let mut client = running.unwrap_or_else(|| server::local_client(state));
//! let revisions: Vec<ReportRevisionJson> = client.get_json("/api/v1/revisions").await?;
//! client.close().await;
//! ```
//!
//! Methods for one group of routes stand in the files of this folder; they send and return the
//! JSON types of the routes.

mod damage;
mod evidence;
mod ledger;

use super::ApiListener;
use crate::indicators::CalculationProgress;
use crate::storage::Store;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use tokio::net::UnixStream;
use tokio::sync::watch;

/// Failure of a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiClientError {
    /// The API refused the request.
    #[error("{text}")]
    Refused {
        /// HTTP status of the answer.
        status: StatusCode,
        /// Message of the answer.
        text: String,
        /// Code of the answer; empty without one.
        code: String,
    },
    /// The running gateway closed the connection before its answer was complete.
    #[error("the running gateway does not answer: {0}")]
    Disconnected(#[from] hyper::Error),
    /// The answer ended with an error, after a part of it was sent.
    #[error("{0}")]
    Interrupted(axum::BoxError),
    /// The HTTP request could not be built.
    #[error(transparent)]
    Request(#[from] hyper::http::Error),
    /// The JSON of the answer has another form: the running gateway may be another version.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A value in the answer has an unknown word: the running gateway may be another version.
    #[error("this version cannot read the running gateway's answer")]
    Unreadable,
}

/// Client of the API.
pub(crate) struct ApiClient {
    transport: ApiTransport,
    /// Store that the command has opened; closed with the client.
    store: Option<Store>,
    progress: watch::Receiver<CalculationProgress>,
}

enum ApiTransport {
    /// HTTP connection to the running gateway.
    Socket(SendRequest<Full<Bytes>>),
    /// Routes in this process.
    Routes(TowerToHyperService<axum::Router>),
}

/// Body of an answer, which may be longer than the memory.
pub(crate) struct ApiBody(Body);

impl ApiClient {
    /// Connection to the gateway that listens on `socket`; `None` when no gateway runs.
    pub(crate) async fn connect(socket: &Path) -> Result<Option<Self>, ApiClientError> {
        // A socket file that a crash left behind refuses the connection, which means the same.
        let Ok(stream) = UnixStream::connect(socket).await else {
            return Ok(None);
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // The task ends with the sender. Its error is also the error of the request that waits.
        tokio::spawn(connection);
        // A gateway does not tell its progress: the sender is dropped at once.
        let (_, progress) = watch::channel(CalculationProgress::default());
        Ok(Some(Self {
            transport: ApiTransport::Socket(sender),
            store: None,
            progress,
        }))
    }

    /// Client of `routes` in this process, which answer from the store of `app`.
    pub(crate) fn in_process(app: &ApiListener, routes: axum::Router) -> Self {
        Self {
            transport: ApiTransport::Routes(TowerToHyperService::new(routes)),
            store: Some(app.state().store.clone()),
            progress: app.0.progress.subscribe(),
        }
    }

    /// Closes the store, if it was opened in this process.
    pub(crate) async fn close(self) {
        if let Some(store) = self.store {
            store.stop().await;
        }
    }

    /// Progress of a report or explanation that this process makes; it never changes when a
    /// gateway makes it.
    pub(crate) fn progress(&self) -> watch::Receiver<CalculationProgress> {
        self.progress.clone()
    }

    /// Body of a GET request.
    pub(crate) async fn get(&mut self, path: &str) -> Result<ApiBody, ApiClientError> {
        self.request("GET", path, "text/plain", Bytes::new()).await
    }

    /// JSON of a GET request.
    pub(crate) async fn get_json<T: DeserializeOwned>(
        &mut self,
        path: &str,
    ) -> Result<T, ApiClientError> {
        self.get(path).await?.json().await
    }

    /// Body of the answer to a POST request with this body.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        media: &str,
        body: impl Into<Bytes>,
    ) -> Result<ApiBody, ApiClientError> {
        self.request("POST", path, media, body.into()).await
    }

    /// JSON of the answer to a POST request with a JSON body.
    pub(crate) async fn post_json<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ApiClientError> {
        let body = serde_json::to_vec(body)?;
        let answer = self.post(path, "application/json", body).await?;
        answer.json().await
    }

    /// Body of the answer to a request with this method and a JSON body; `None` sends no body.
    pub(crate) async fn send_json(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<ApiBody, ApiClientError> {
        let body = match body {
            Some(body) => serde_json::to_vec(body)?,
            None => Vec::new(),
        };
        self.request(method, path, "application/json", body.into())
            .await
    }

    /// Sends a request. A status other than success is an error with the message of the answer.
    async fn request(
        &mut self,
        method: &str,
        path: &str,
        media: &str,
        body: Bytes,
    ) -> Result<ApiBody, ApiClientError> {
        let request = Request::builder().method(method).uri(path);
        let request = request
            // HTTP/1.1 requires a host, and the gateway accepts requests for its own names only.
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, media)
            .body(Full::new(body))?;
        let response = self.transport.send(request).await?;
        let status = response.status();
        let body = ApiBody(response.into_body());
        if status.is_success() {
            return Ok(body);
        }
        let body = body.bytes().await?;
        let (text, code) = (refusal_text(status, &body), refusal_code(&body));
        Err(ApiClientError::Refused { status, text, code })
    }
}

impl ApiTransport {
    async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Body>, ApiClientError> {
        match self {
            Self::Socket(sender) => {
                sender.ready().await?;
                Ok(sender.send_request(request).await?.map(Body::new))
            }
            Self::Routes(routes) => {
                let Ok(response) = routes.call(request).await;
                Ok(response)
            }
        }
    }
}

impl ApiBody {
    /// Next part of the body; `None` at its end.
    pub(crate) async fn next_part(&mut self) -> Result<Option<Bytes>, ApiClientError> {
        while let Some(frame) = self.0.frame().await {
            if let Ok(bytes) = frame.map_err(body_error)?.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// The whole body.
    pub(crate) async fn bytes(self) -> Result<Bytes, ApiClientError> {
        let body = self.0.collect().await.map_err(body_error)?;
        Ok(body.to_bytes())
    }

    /// The whole body, as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(self) -> Result<T, ApiClientError> {
        Ok(serde_json::from_slice(&self.bytes().await?)?)
    }
}

/// Error of a body: a lost connection, or the error with which the handler ended it.
fn body_error(error: axum::Error) -> ApiClientError {
    match error.into_inner().downcast::<hyper::Error>() {
        Ok(lost) => ApiClientError::Disconnected(*lost),
        Err(cause) => ApiClientError::Interrupted(cause),
    }
}

/// Message of a refused request, from the JSON body, else from the HTTP status.
fn refusal_text(status: StatusCode, body: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let part = |name: &str| json.get(name).and_then(serde_json::Value::as_str);
    // A refused ledger batch has its errors in a list; the first one is enough here.
    let faults = json.get("faults").and_then(serde_json::Value::as_array);
    let first = faults.and_then(|faults| faults.first()?.get("error")?.as_str());
    match (part("error"), part("expected").or(first)) {
        (Some(error), Some(expected)) => format!("{error}: {expected}"),
        (Some(error), None) => error.to_owned(),
        _ => status.to_string(),
    }
}

/// Code of a refusal, by which its cause has a text in each language; empty without one.
fn refusal_code(body: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let code = json.get("code").and_then(serde_json::Value::as_str);
    code.unwrap_or_default().to_owned()
}

/// Path with a query of the parameters that have a value.
pub(crate) fn path_with_query(path: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let given = parameters.iter();
    let given = given.filter_map(|(name, value)| Some((name, percent_encode((*value)?))));
    let given: Vec<String> = given
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{path}?{}", given.join("&"))
}

/// Value in a form that a URL query accepts (percent-encoding).
pub(crate) fn percent_encode(text: &str) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| {
        if harmless(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(one).collect()
}
