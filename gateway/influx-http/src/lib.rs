//! The part of reqwest 0.11 that influxdb2 0.5.2 calls, on reqwest 0.12.
//!
//! influxdb2 asks for reqwest 0.11, whose TLS is rustls 0.21 with known holes, and shows no headers
//! of an answer. The workspace puts this crate in its place (`[patch.crates-io]` in `Cargo.toml`):
//! the types are those of reqwest 0.12, and each request passes the [`HttpExchange`] of the user,
//! who may change the request and look at the answer.
//!
//! ```text
//! let builder = reqwest::ClientBuilder::with_exchange(Arc::new(exchange));
//! let client = influxdb2::ClientBuilder::with_builder(builder, url, org, token).build()?;
//! ```

pub use current::{Body, Error, Method, Request, Response, StatusCode, Url, header, redirect};

use header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

/// HTTP client of reqwest 0.12, without an exchange around it.
pub use current::Client as PlainClient;

/// Answer that is still to come.
pub type PendingResponse<'a> = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send + 'a>>;

/// Sends the requests of a client.
pub trait HttpExchange: Debug + Send + Sync {
    /// Returns the client that prepares the requests.
    fn client(&self) -> &PlainClient;

    /// Sends one request.
    fn exchange(&self, request: Request) -> PendingResponse<'_>;
}

impl HttpExchange for PlainClient {
    fn client(&self) -> &PlainClient {
        self
    }

    fn exchange(&self, request: Request) -> PendingResponse<'_> {
        Box::pin(self.execute(request))
    }
}

/// Builder of a [`Client`].
#[derive(Debug)]
pub struct ClientBuilder(Arc<dyn HttpExchange>);

impl ClientBuilder {
    /// Builder of a client without an exchange of its own.
    #[expect(clippy::new_without_default, reason = "influxdb2 calls `new` only")]
    pub fn new() -> Self {
        Self(Arc::new(PlainClient::new()))
    }

    /// Builder of a client whose requests pass this exchange.
    pub fn with_exchange(exchange: Arc<dyn HttpExchange>) -> Self {
        Self(exchange)
    }

    /// Returns the client; never an error.
    pub fn build(self) -> Result<Client, Error> {
        Ok(Client(self.0))
    }
}

/// HTTP client.
#[derive(Clone, Debug)]
pub struct Client(Arc<dyn HttpExchange>);

impl Client {
    /// Starts a request; an invalid address is an error of `send`.
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        RequestBuilder {
            request: self.0.client().request(method, url),
            exchange: Arc::clone(&self.0),
        }
    }
}

/// Request in preparation.
#[derive(Debug)]
#[must_use = "only `send` sends it"]
pub struct RequestBuilder {
    request: current::RequestBuilder,
    exchange: Arc<dyn HttpExchange>,
}

impl RequestBuilder {
    fn map(
        mut self,
        change: impl FnOnce(current::RequestBuilder) -> current::RequestBuilder,
    ) -> Self {
        self.request = change(self.request);
        self
    }

    /// Adds a header.
    pub fn header<K, V>(self, key: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.map(|request| request.header(key, value))
    }

    /// Adds headers.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.map(|request| request.headers(headers))
    }

    /// Adds pairs to the query of the address.
    pub fn query<T: Serialize + ?Sized>(self, query: &T) -> Self {
        self.map(|request| request.query(query))
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.map(|request| request.body(body))
    }

    /// Sets the body to a value as JSON.
    pub fn json<T: Serialize + ?Sized>(self, json: &T) -> Self {
        self.map(|request| request.json(json))
    }

    /// Sends the request.
    pub async fn send(self) -> Result<Response, Error> {
        let request = self.request.build()?;
        self.exchange.exchange(request).await
    }
}
