//! HTTP server of the gateway: listeners, guards, and the routes of [`crate::api`] and
//! [`crate::pages`] together. The entry is [`serve_http`]; [`serve_control`] answers on the Unix
//! socket of the store's directory.
//!
//! ```text
//! serve_http(listener, ApiState::new(&config, &store, &board, &clock), stop).await
//! ```
//!
//! Each request passes the middleware in `origin_guard`: the host name must be one of this gateway
//! (against DNS rebinding), and a request that may change something must not come from a page of
//! another origin. Then `access_guard` finds who sent it, and asks the rule of the route.

mod access_guard;
#[cfg(test)]
mod access_tests;
#[cfg(test)]
mod asset_keys_tests;
mod backup_stream;
mod control_socket;
#[cfg(test)]
mod damage_tests;
mod listener;
mod origin_guard;
mod refusals;
mod sample_import;
mod trust_page;

#[cfg(test)]
mod asset_pages_tests;
#[cfg(test)]
mod claim_tests;
#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod guard_tests;
#[cfg(test)]
mod impact_tests;
#[cfg(test)]
mod indicators_tests;
#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod report_tests;
#[cfg(test)]
mod sinks_tests;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use backup_stream::BackupHead;
pub use control_socket::{SOCKET_NAME, serve_control};
pub(crate) use control_socket::{connect_client, local_client};
pub(crate) use listener::tls::TlsSetup;
pub(crate) use sample_import::ImportedRowsJson;

use crate::api::error::{unknown_path_error, with_request_language, wrong_method_error};
use crate::api::{self, ApiListener, ApiState, wait_for_stop};
use crate::limits::STOP_SECONDS;
use crate::pages;
use axum::http::header;
use axum::routing::get;
use bytes::Bytes;
use listener::{BodyBudget, ListenerRoutes};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

/// Router of all pages and the API, with the guards. Used by tests; it is never told to stop.
pub fn build_router(state: ApiState) -> axum::Router {
    // The sender is dropped at once: `stopped` then waits forever instead of returning.
    let (_, stop) = watch::channel(false);
    guarded_routes(ApiListener::new(state, stop), axum::Router::new())
}

/// Answers HTTP requests on `listener` until `stop` is true, without TLS.
pub async fn serve_http(listener: TcpListener, state: ApiState, stop: watch::Receiver<bool>) {
    serve_page(listener, state, None, stop).await;
}

/// Answers requests on `listener` until `stop` is true. With TLS, a plain connection gets only the
/// way to the encrypted page and the certificate to trust.
pub(crate) async fn serve_page(
    listener: TcpListener,
    state: ApiState,
    tls: Option<TlsSetup>,
    stop: watch::Receiver<bool>,
) {
    let authority = tls.as_ref().and_then(TlsSetup::authority_certificate);
    let trust = trust_page::trust_routes(authority, state.config.language);
    let app = ApiListener::new(state, stop.clone());
    let plain = with_headers(trust.clone().fallback(trust_page::lead_to_https));
    let routes = ListenerRoutes {
        main: guarded_routes(app, trust),
        tls: tls.map(|setup| (setup, plain)),
    };
    listener::serve_connections(listener, routes, stop).await;
}

/// All public routes with the middleware. The last layer added runs first: the language of the
/// request is known before a guard refuses it, and the security headers are on refusals too.
fn guarded_routes(app: ApiListener, trust: axum::Router) -> axum::Router {
    let with_language =
        axum::middleware::from_fn_with_state(app.state().config.language, with_request_language);
    let budget = BodyBudget::default();
    let access = axum::middleware::from_fn_with_state(app.clone(), access_guard::check_access);
    let names: Arc<[String]> = app.state().config.web.names.as_slice().into();
    let host = axum::middleware::from_fn_with_state(names, origin_guard::check_host);
    let router = unguarded_routes(app.clone())
        .merge(trust)
        .layer(access)
        // Outside of the access check, which reads the form of a request without a session.
        .layer(axum::middleware::from_fn_with_state(
            budget,
            listener::guard_request_body,
        ))
        .layer(axum::middleware::from_fn(origin_guard::check_origin))
        // Below the check of the host: the page of a refusal names the site.
        .layer(axum::middleware::from_fn_with_state(
            app,
            refusals::shape_refusals,
        ))
        .layer(host);
    with_headers(router).layer(with_language)
}

/// The security headers, and gzip where the client takes it.
fn with_headers(router: axum::Router) -> axum::Router {
    // Answers are made anew each time, on a small processor. Static files are packed once, at the
    // best level.
    let gzip = CompressionLayer::new().quality(CompressionLevel::Fastest);
    router.layer(gzip).layer(axum::middleware::from_fn(
        origin_guard::add_security_headers,
    ))
}

/// All public routes without the checks of host name and origin. The control socket uses it: a
/// browser cannot connect to a Unix socket.
fn unguarded_routes(app: ApiListener) -> axum::Router {
    let (router, description) = api::api_routes();
    // As text: the tree of it takes several times as much memory, and is asked for once a year.
    let description = Bytes::from(serde_json::to_vec(&description).unwrap_or_default());
    let description = move || {
        let json = [(header::CONTENT_TYPE, "application/json")];
        std::future::ready((json, description.clone()))
    };
    router
        .route("/api/openapi.json", get(description))
        .merge(pages::page_routes())
        .fallback(unknown_path_error)
        .method_not_allowed_fallback(wrong_method_error)
        .with_state(app)
}

/// Ends with the server, or half of `STOP_SECONDS` after `stop` when a client keeps its connection
/// open.
async fn run_until_stopped(
    server: impl Future<Output = io::Result<()>> + Send,
    stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let overdue = async {
        wait_for_stop(stop).await;
        // Half of the time, because sinks and the store must still close within `STOP_SECONDS`.
        tokio::time::sleep(Duration::from_secs(STOP_SECONDS) / 2).await;
    };
    tokio::select! {
        ended = server => ended,
        () = overdue => Ok(()),
    }
}
