//! Figures to browsers and scripts: the JSON API, live events, and the pages that people read.
//!
//! Everything is read: from the store (samples, last values, health), from the board (how devices,
//! buses and sinks do) and from the site. Nothing here keeps state of its own but the count of open
//! live pages. The assets are inside the binary and no page names another host.
//!
//! It listens on loopback only and answers only requests for loopback names, so that a web page
//! from elsewhere cannot reach it through the browser of somebody on this machine (DNS rebinding).
//! One layer over all routes refuses what a page of another origin would change (`guard`).

mod addresses;
mod api;
mod ask;
mod assets;
mod calibrations;
mod control;
mod error;
mod evidence;
mod figures;
mod guard;
mod health;
mod jobs;
mod ledger;
mod live;
mod metrics;
mod pages;
mod reports;
mod rows;
mod samples;
mod scans;
mod show;
mod view;
mod zone;

#[cfg(test)]
mod figures_tests;
#[cfg(test)]
mod guard_tests;
#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod sinks_tests;
#[cfg(test)]
mod tests;

pub use control::{SOCKET, serve_control};
pub use evidence::{ExtentJson, LeftJson, RevisionJson};
pub use reports::ReportRevisionJson;

use crate::clock::Clock;
use crate::config::{Asset, Bus, Config};
use crate::errand::Errands;
use crate::ledger::Definitions;
use crate::limits::{ANSWERS_MAX, LIVE_CLIENTS_MAX, REPORTS_MAX, STOP_SECONDS};
use crate::model::Site;
use crate::status::Board;
use crate::store::Store;
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

/// What the pages show.
#[derive(Clone, Debug)]
pub struct State {
    /// All of the configuration: figures and reports stand on it.
    pub config: Arc<Config>,
    /// Devices and points.
    pub site: Arc<Site>,
    /// Buses of the site, for the hints of the health page.
    pub buses: Arc<[Bus]>,
    /// Assets of the site.
    pub assets: Arc<[Asset]>,
    /// What may be written down.
    pub definitions: Arc<Definitions>,
    /// Readings.
    pub store: Store,
    /// How devices, buses and sinks do.
    pub board: Board,
    /// The time.
    pub clock: Clock,
    /// Doors to the buses, for requests of technicians' commands.
    pub errands: Errands,
    /// Scans that the page has begun.
    pub scans: jobs::Shared<scans::ScanJson>,
    /// Changes of address that the page has begun.
    pub addresses: jobs::Shared<addresses::AddressJson>,
    /// Version of this program.
    pub version: &'static str,
}

impl State {
    /// What the pages need of a configuration, and the handles they ask.
    pub fn new(config: &Config, store: &Store, board: &Board, clock: &Clock) -> Self {
        Self {
            config: Arc::new(config.clone()),
            site: Arc::new(config.site.clone()),
            buses: config.buses.as_slice().into(),
            assets: config.assets.as_slice().into(),
            definitions: Arc::new(config.definitions.clone()),
            store: store.clone(),
            board: board.clone(),
            clock: clock.clone(),
            errands: Errands::default(),
            scans: Arc::default(),
            addresses: Arc::default(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// What every handler holds: the state, and the bounds of one listener.
#[derive(Clone, Debug)]
struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: State,
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
struct Api;

/// All pages and the API.
pub fn router(state: State) -> axum::Router {
    // A sender that is gone never says stop.
    let (_, stop) = watch::channel(false);
    routes(App::new(state, stop))
}

/// Answers on `listener` until `stop` turns true.
pub async fn serve(listener: TcpListener, state: State, stop: watch::Receiver<bool>) {
    let router = routes(App::new(state, stop.clone()));
    let server = axum::serve(listener, router).with_graceful_shutdown(stopped(stop.clone()));
    if let Err(error) = until_stopped(server.into_future(), stop).await {
        tracing::error!(%error, "the page has ended");
    }
}

impl App {
    fn new(state: State, stop: watch::Receiver<bool>) -> Self {
        let zone = zone::of(&state.site);
        Self(Arc::new(Inner {
            state,
            zone,
            stop,
            live: Arc::new(Semaphore::new(LIVE_CLIENTS_MAX)),
            answers: Arc::new(Semaphore::new(ANSWERS_MAX)),
            reports: Arc::new(Semaphore::new(REPORTS_MAX)),
        }))
    }

    fn state(&self) -> &State {
        &self.0.state
    }

    fn site(&self) -> &Site {
        &self.0.state.site
    }
}

fn routes(app: App) -> axum::Router {
    open(app)
        .layer(axum::middleware::from_fn(guard::own_pages))
        .layer(axum::middleware::from_fn(guard::check))
        .layer(axum::middleware::from_fn(guard::headers))
        .layer(axum::middleware::from_fn(error::in_language))
}

/// Everything without the checks of host name and origin, which a Unix socket has no use for.
fn open(app: App) -> axum::Router {
    let (router, description) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(api::healthz))
        .routes(routes!(metrics::metrics))
        .routes(routes!(api::site))
        .routes(routes!(api::devices))
        .routes(routes!(api::points))
        .routes(routes!(samples::samples))
        .routes(routes!(rows::csv))
        .routes(routes!(live::live))
        .routes(routes!(api::sinks))
        .routes(routes!(figures::indicators))
        .routes(routes!(figures::indicator))
        .routes(routes!(reports::report))
        .routes(routes!(reports::revisions))
        .merge(ledger::routes())
        .merge(calibrations::routes())
        .merge(scans::routes())
        .merge(addresses::routes())
        .split_for_parts();
    let description = Arc::new(description);
    let description = move || std::future::ready(axum::Json(description.as_ref().clone()));
    router
        .route("/api/openapi.json", get(description))
        .route("/", get(pages::overview))
        .route("/points/{id}", get(pages::point))
        .route("/health", get(pages::health))
        .route("/assets/{*path}", get(assets::file))
        .fallback(error::unknown_path)
        .method_not_allowed_fallback(error::wrong_method)
        .with_state(app)
}

/// Ends with the server, or a while after `stop` when some client does not let go.
async fn until_stopped(
    server: impl Future<Output = io::Result<()>> + Send,
    stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let overdue = async {
        stopped(stop).await;
        tokio::time::sleep(Duration::from_secs(STOP_SECONDS) / 2).await;
    };
    tokio::select! {
        ended = server => ended,
        () = overdue => Ok(()),
    }
}

/// Waits for `stop` to turn true; forever when nobody can say so any more.
async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
