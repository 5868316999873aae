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
mod control_socket;
mod origin_guard;

#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod guard_tests;
#[cfg(test)]
mod indicators_tests;
#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod sinks_tests;
#[cfg(test)]
pub(crate) mod tests;

pub use control_socket::{SOCKET_NAME, serve_control};
pub(crate) use control_socket::{connect_client, local_client};

use crate::access::ConnectionSecurity;
use crate::api::error::{unknown_path_error, with_request_language, wrong_method_error};
use crate::api::{self, ApiListener, ApiState, wait_for_stop};
use crate::limits::STOP_SECONDS;
use crate::pages;
use axum::extract::connect_info::Connected;
use axum::routing::get;
use axum::serve::IncomingStream;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Router of all pages and the API, with the guards. Used by tests; it is never told to stop.
pub fn build_router(state: ApiState) -> axum::Router {
    // The sender is dropped at once: `stopped` then waits forever instead of returning.
    let (_, stop) = watch::channel(false);
    guarded_routes(ApiListener::new(state, stop))
}

/// Answers HTTP requests on `listener` until `stop` is true.
pub async fn serve_http(listener: TcpListener, state: ApiState, stop: watch::Receiver<bool>) {
    let router = guarded_routes(ApiListener::new(state, stop.clone()));
    let service = router.into_make_service_with_connect_info::<ConnectionSecurity>();
    let server = axum::serve(listener, service).with_graceful_shutdown(wait_for_stop(stop.clone()));
    if let Err(error) = run_until_stopped(server.into_future(), stop).await {
        tracing::error!(%error, "the HTTP server has ended");
    }
}

impl Connected<IncomingStream<'_, TcpListener>> for ConnectionSecurity {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        // Without a known address of this side no IP address passes the check of the host.
        let unknown = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        Self {
            tls: false,
            peer: *stream.remote_addr(),
            local: stream.io().local_addr().unwrap_or(unknown),
        }
    }
}

/// All public routes with the middleware. The last layer added runs first: the language of the
/// request is known before a guard refuses it, and the security headers are on refusals too.
fn guarded_routes(app: ApiListener) -> axum::Router {
    let with_language =
        axum::middleware::from_fn_with_state(app.state().config.language, with_request_language);
    let access = axum::middleware::from_fn_with_state(app.clone(), access_guard::check_access);
    let names: Arc<[String]> = app.state().config.web.names.as_slice().into();
    let host = axum::middleware::from_fn_with_state(names, origin_guard::check_host);
    unguarded_routes(app)
        .layer(access)
        .layer(axum::middleware::from_fn(origin_guard::check_origin))
        .layer(host)
        .layer(axum::middleware::from_fn(
            origin_guard::add_security_headers,
        ))
        .layer(with_language)
}

/// All public routes without the checks of host name and origin. The control socket uses it: a
/// browser cannot connect to a Unix socket.
fn unguarded_routes(app: ApiListener) -> axum::Router {
    let (router, description) = api::api_routes();
    let description = Arc::new(description);
    let description = move || std::future::ready(axum::Json(description.as_ref().clone()));
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
