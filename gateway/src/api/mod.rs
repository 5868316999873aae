//! HTTP server of the gateway: JSON API, server-sent events and HTML pages. The entry type is
//! [`State`]; [`serve`] answers on a TCP listener, [`serve_control`] on the Unix socket of the
//! store's directory.
//!
//! ```text
//! $ curl 'http://localhost:8080/api/v1/samples?point=inverter.ac_power&step=15m&agg=mean'
//! {"point":"inverter.ac_power","unit":"W","t":[1795575600000],"v":[1510.1],"q":["good"]}
//! ```
//!
//! Answers are made from the store (samples, last values, health), from the status board (state of
//! devices, buses and sinks) and from the configuration. The server keeps no state of its own
//! except the number of open event streams and the jobs that were started here (scans, changes of
//! address). Style, script and plotting library are inside the binary; no page loads anything from
//! another host.
//!
//! Each request passes the middleware in `guard`: the host name must be a loopback name (against
//! DNS rebinding), and a request that may change something must not come from a page of another
//! origin.
//!
//! See docs/ARCHITECTURE.md; `/api/openapi.json` describes every path.

mod bus_requests;
mod calibrations;
mod control_socket;
mod csv_export;
mod device_health;
mod error;
mod evidence;
mod indicators;
mod jobs;
mod ledger;
mod live_events;
mod local_time;
mod metrics;
mod number_format;
mod origin_guard;
mod page_texts;
mod pages;
mod reports;
mod resources;
mod samples;
mod scans;
mod set_address;
mod static_files;

#[cfg(test)]
mod guard_tests;
#[cfg(test)]
mod indicators_tests;
#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod sinks_tests;
#[cfg(test)]
mod tests;

pub use control_socket::{SOCKET_NAME, serve_control};
pub use evidence::{EvidenceExtentJson, PendingDigestsJson, RevisionTextJson};
pub use reports::ReportRevisionJson;

use crate::bus_request::BusHandles;
use crate::clock::Clock;
use crate::config::{Asset, Bus, Config};
use crate::domain::Site;
use crate::ledger::IndicatorDefinitions;
use crate::limits::{LIVE_CLIENTS_MAX, REPORTS_MAX, SAMPLE_RESPONSES_MAX, STOP_SECONDS};
use crate::status::StatusBoard;
use crate::storage::Store;
use axum::routing::get;
use jiff::tz::TimeZone;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Everything that request handlers read; one for all listeners.
#[derive(Clone, Debug)]
pub struct ApiState {
    /// Configuration; figures and reports are computed from it.
    pub config: Arc<Config>,
    /// Devices and points.
    pub site: Arc<Site>,
    /// Buses of the site, for the hints of the health page.
    pub buses: Arc<[Bus]>,
    /// Assets of the site.
    pub assets: Arc<[Asset]>,
    /// Definitions of the ledger's indicators.
    pub definitions: Arc<IndicatorDefinitions>,
    /// Store of readings, ledger and evidence.
    pub store: Store,
    /// Current state of devices, buses and sinks.
    pub board: StatusBoard,
    /// Wall clock, and whether it is trusted.
    pub clock: Clock,
    /// Request queues of the running buses, for technicians' commands.
    pub bus_handles: BusHandles,
    /// Scans started over the API.
    pub scans: jobs::SharedJobs<scans::ScanJson>,
    /// Changes of address started over the API.
    pub addresses: jobs::SharedJobs<set_address::SetAddressJson>,
    /// Version of this program.
    pub version: &'static str,
}

impl ApiState {
    /// Copies what handlers need of the configuration and clones the handles.
    pub fn new(config: &Config, store: &Store, board: &StatusBoard, clock: &Clock) -> Self {
        Self {
            config: Arc::new(config.clone()),
            site: Arc::new(config.site.clone()),
            buses: config.buses.as_slice().into(),
            assets: config.assets.as_slice().into(),
            definitions: Arc::new(config.definitions.clone()),
            store: store.clone(),
            board: board.clone(),
            clock: clock.clone(),
            bus_handles: BusHandles::default(),
            scans: Arc::default(),
            addresses: Arc::default(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// State of every handler: [`State`], and the limits of one listener.
#[derive(Clone, Debug)]
struct ApiListener(Arc<ApiListenerInner>);

#[derive(Debug)]
struct ApiListenerInner {
    state: ApiState,
    zone: TimeZone,
    stop: watch::Receiver<bool>,
    live: Arc<Semaphore>,
    answers: Arc<Semaphore>,
    reports: Arc<Semaphore>,
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Pantau",
    description = "Readings of one programme site. Times are milliseconds since 1970 UTC unless said otherwise."
))]
struct PantauOpenApi;

/// Router of all pages and the API, with the guards. Used by tests; it is never told to stop.
pub fn build_router(state: ApiState) -> axum::Router {
    // The sender is dropped at once: `stopped` then waits forever instead of returning.
    let (_, stop) = watch::channel(false);
    guarded_routes(ApiListener::new(state, stop))
}

/// Answers HTTP requests on `listener` until `stop` is true.
pub async fn serve_http(listener: TcpListener, state: ApiState, stop: watch::Receiver<bool>) {
    let router = guarded_routes(ApiListener::new(state, stop.clone()));
    let server = axum::serve(listener, router).with_graceful_shutdown(wait_for_stop(stop.clone()));
    if let Err(error) = run_until_stopped(server.into_future(), stop).await {
        tracing::error!(%error, "the HTTP server has ended");
    }
}

impl ApiListener {
    fn new(state: ApiState, stop: watch::Receiver<bool>) -> Self {
        let zone = local_time::site_time_zone(&state.site);
        Self(Arc::new(ApiListenerInner {
            state,
            zone,
            stop,
            live: Arc::new(Semaphore::new(LIVE_CLIENTS_MAX)),
            answers: Arc::new(Semaphore::new(SAMPLE_RESPONSES_MAX)),
            reports: Arc::new(Semaphore::new(REPORTS_MAX)),
        }))
    }

    fn state(&self) -> &ApiState {
        &self.0.state
    }

    fn site(&self) -> &Site {
        &self.0.state.site
    }
}

/// All public routes with the middleware. The last layer added runs first: the language of the
/// request is known before a guard refuses it, and the security headers are on refusals too.
fn guarded_routes(app: ApiListener) -> axum::Router {
    unguarded_routes(app)
        .layer(axum::middleware::from_fn(origin_guard::check_origin))
        .layer(axum::middleware::from_fn(origin_guard::check_host))
        .layer(axum::middleware::from_fn(
            origin_guard::add_security_headers,
        ))
        .layer(axum::middleware::from_fn(error::with_request_language))
}

/// All public routes without the checks of host name and origin. The control socket uses it: a
/// browser cannot connect to a Unix socket.
fn unguarded_routes(app: ApiListener) -> axum::Router {
    let (router, description) = OpenApiRouter::with_openapi(PantauOpenApi::openapi())
        .routes(routes!(resources::healthz))
        .routes(routes!(metrics::get_metrics))
        .routes(routes!(resources::get_site))
        .routes(routes!(resources::list_devices))
        .routes(routes!(resources::list_points))
        .routes(routes!(samples::get_samples))
        .routes(routes!(csv_export::get_samples_csv))
        .routes(routes!(live_events::stream_live_events))
        .routes(routes!(resources::list_sinks))
        .routes(routes!(indicators::list_indicators))
        .routes(routes!(indicators::get_indicator))
        .routes(routes!(reports::get_report))
        .routes(routes!(reports::list_revisions))
        .merge(ledger::ledger_routes())
        .merge(calibrations::calibration_routes())
        .merge(scans::scan_routes())
        .merge(set_address::set_address_routes())
        .split_for_parts();
    let description = Arc::new(description);
    let description = move || std::future::ready(axum::Json(description.as_ref().clone()));
    router
        .route("/api/openapi.json", get(description))
        .route("/", get(pages::overview_page))
        .route("/points/{id}", get(pages::point_page))
        .route("/health", get(pages::health_page))
        .route("/assets/{*path}", get(static_files::get_static_file))
        .fallback(error::unknown_path_error)
        .method_not_allowed_fallback(error::wrong_method_error)
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

/// Waits until `stop` is true; forever when the sender is gone.
async fn wait_for_stop(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
