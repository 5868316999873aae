//! JSON API and server-sent events of the gateway. The entry type is [`ApiState`]; the routes are
//! served by [`crate::server`].
//!
//! ```text
//! $ curl 'http://localhost:8080/api/v1/samples?point=inverter.ac_power&step=15m&agg=mean'
//! {"point":"inverter.ac_power","unit":"W","t":[1795575600000],"v":[1510.1],"q":["good"]}
//! ```
//!
//! Answers are made from the store (samples, last values, health), from the status board (state of
//! devices, buses and sinks) and from the configuration. The API keeps no state of its own except
//! the number of open event streams and the jobs that were started here (scans, changes of
//! address).
//!
//! See docs/ARCHITECTURE.md; `/api/openapi.json` describes every path.

pub(crate) mod accounts;
mod api_description;
pub(crate) mod attachments;
mod audit;
pub(crate) mod bus_requests;
mod calibrations;
pub(crate) mod client;
mod csv_export;
pub(crate) mod device_health;
pub(crate) mod entry_recording;
pub(crate) mod error;
pub(crate) mod evidence;
mod figure_upkeep;
mod indicators;
pub(crate) mod issued_reports;
mod jobs;
mod json_body;
pub(crate) mod ledger;
mod live_events;
pub(crate) mod local_time;
mod metrics;
pub(crate) mod report_jobs;
mod reports;
pub(crate) mod request_language;
pub(crate) mod request_sender;
mod resources;
mod sample_answers;
mod samples;
mod scans;
mod set_address;
mod time_runs;
pub(crate) mod users;

pub(crate) use figure_upkeep::keep_figures_ready;

pub use evidence::{EvidenceExtentJson, PendingDigestsJson, RevisionTextJson};
pub use reports::ReportRevisionJson;

use crate::access::AccessPolicy;
use crate::bus_request::BusHandles;
use crate::clock::Clock;
use crate::config::{Asset, Bus, Config};
use crate::domain::{Site, UtcMs};
use crate::indicators::CalculationProgress;
use crate::ledger::IndicatorDefinitions;
use crate::limits::{ATTACHMENT_CHECKS_MAX, LEDGER_FILE_BYTES_MAX, LIVE_CLIENTS_MAX};
use crate::report::build::{CalculationBasis, IndicatorService, ReportRequest, ReportTask};
use crate::status::StatusBoard;
use crate::storage::Store;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Extension of a request with a body. A handler that drops bytes which it has received calls it
/// with their number, so that they no longer count as held in memory.
#[derive(Clone)]
pub(crate) struct DroppedBytes(pub(crate) Arc<dyn Fn(usize) + Send + Sync>);

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
    /// Figures of periods, for pages and API.
    pub figures: Arc<IndicatorService>,
    /// Current state of devices, buses and sinks.
    pub board: StatusBoard,
    /// Wall clock, and whether it is trusted.
    pub clock: Clock,
    /// Access control of the listener of the page. The control socket has none.
    pub access: AccessPolicy,
    /// Request queues of the running buses, for technicians' commands.
    pub bus_handles: BusHandles,
    /// Scans started over the API.
    pub scans: jobs::SharedJobs<scans::ScanJson>,
    /// Changes of address started over the API.
    pub addresses: jobs::SharedJobs<set_address::SetAddressJson>,
    /// Reports ordered on the page.
    pub report_jobs: Arc<report_jobs::ReportJobs>,
    /// Version of this program.
    pub version: &'static str,
}

impl ApiState {
    /// Task of a report from this store at the present time.
    fn report_task<H>(
        &self,
        basis: CalculationBasis,
        wish: ReportRequest,
        held: H,
    ) -> ReportTask<H> {
        ReportTask {
            basis,
            store: self.store.clone(),
            wish,
            now: self.clock.now().at,
            held,
        }
    }

    /// Copies what handlers need of the configuration and clones the handles. Access control is
    /// off: the gateway sets it.
    pub fn new(config: &Config, store: &Store, board: &StatusBoard, clock: &Clock) -> Self {
        let of_figures = Arc::new(config.clone());
        Self {
            figures: Arc::new(IndicatorService::new(
                Arc::clone(&of_figures),
                store.clone(),
            )),
            config: of_figures,
            site: Arc::new(config.site.clone()),
            buses: config.buses.as_slice().into(),
            assets: config.assets.as_slice().into(),
            definitions: Arc::new(config.definitions.clone()),
            store: store.clone(),
            board: board.clone(),
            clock: clock.clone(),
            access: AccessPolicy::Open,
            bus_handles: BusHandles::default(),
            scans: Arc::default(),
            addresses: Arc::default(),
            report_jobs: Arc::default(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// State of every handler: [`State`], and the limits of one listener.
#[derive(Clone, Debug)]
pub(crate) struct ApiListener(pub(crate) Arc<ApiListenerInner>);

#[derive(Debug)]
pub(crate) struct ApiListenerInner {
    state: ApiState,
    pub(crate) zone: TimeZone,
    stop: watch::Receiver<bool>,
    live: Arc<Semaphore>,
    answers: sample_answers::SampleAnswers,
    /// Receipts and photos that are being checked against their hash.
    attachment_checks: Semaphore,
    /// Progress of the report that is being made; a command shows it.
    progress: watch::Sender<CalculationProgress>,
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Pantau",
    description = "Readings of one programme site. Times are milliseconds since 1970 UTC unless said otherwise."
))]
struct PantauOpenApi;

impl ApiListener {
    pub(crate) fn new(state: ApiState, stop: watch::Receiver<bool>) -> Self {
        let zone = state.site.timezone.rules().clone();
        Self(Arc::new(ApiListenerInner {
            state,
            zone,
            stop,
            live: Arc::new(Semaphore::new(LIVE_CLIENTS_MAX)),
            answers: sample_answers::SampleAnswers::default(),
            attachment_checks: Semaphore::new(ATTACHMENT_CHECKS_MAX),
            progress: watch::Sender::default(),
        }))
    }

    pub(crate) fn state(&self) -> &ApiState {
        &self.0.state
    }

    pub(crate) fn site(&self) -> &Site {
        &self.0.state.site
    }

    /// Local day of a time.
    pub(crate) fn local_today(&self, at: UtcMs) -> Date {
        self.site().timezone.date(at)
    }

    /// Callback that shows the progress of a calculation.
    fn progress_callback(&self) -> impl FnMut(CalculationProgress) + Send + 'static {
        let shown = self.0.progress.clone();
        move |progress| {
            shown.send_replace(progress);
        }
    }
}

/// Routes of the API with their description.
pub(crate) fn api_routes() -> (Router<ApiListener>, utoipa::openapi::OpenApi) {
    let (router, mut description) = described_routes().split_for_parts();
    api_description::describe_refusals(&mut description);
    api_description::describe_access(&mut description);
    (router, description)
}

fn described_routes() -> OpenApiRouter<ApiListener> {
    OpenApiRouter::with_openapi(PantauOpenApi::openapi())
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
        .merge(attachments::attachment_routes())
        .merge(calibrations::calibration_routes())
        .merge(scans::scan_routes())
        .merge(set_address::set_address_routes())
        .merge(users::user_routes())
        .merge(audit::audit_routes())
        .layer(DefaultBodyLimit::max(LEDGER_FILE_BYTES_MAX))
}

/// Waits until `stop` is true; forever when the sender is gone.
pub(crate) async fn wait_for_stop(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
