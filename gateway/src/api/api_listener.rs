//! [`ApiState`]: what request handlers read, and [`ApiListener`]: the same with the limits of one
//! listener.

use crate::access::AccessPolicy;
use crate::alarms::AlarmBook;
use crate::api::jobs::SharedJobs;
use crate::api::report_jobs::ReportJobs;
use crate::api::sample_answers::SampleAnswers;
use crate::api::scan_json::ScanJson;
use crate::api::set_address_json::SetAddressJson;
use crate::api::soak_progress::SoakProgress;
use crate::bus_request::BusHandles;
use crate::clock::Clock;
use crate::config::{Asset, Bus, Config};
use crate::domain::{Site, UtcMs};
use crate::indicators::{CalculationProgress, with_measured_figures};
use crate::ledger::IndicatorDefinitions;
use crate::limits::{ATTACHMENT_CHECKS_MAX, LIVE_CLIENTS_MAX};
use crate::reload_request::ReloadDoor;
use crate::report::build::{CalculationBasis, IndicatorService, ReportRequest, ReportTask};
use crate::status::StatusBoard;
use crate::storage::Store;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

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
    /// States of alarms.
    pub alarms: AlarmBook,
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
    /// Door for a reload of the configuration.
    pub reload: ReloadDoor,
    /// Scans started over the API.
    pub scans: SharedJobs<ScanJson>,
    /// Changes of address started over the API.
    pub addresses: SharedJobs<SetAddressJson>,
    /// Soak tests started on the page.
    pub soaks: SharedJobs<SoakProgress>,
    /// Reports ordered on the page.
    pub report_jobs: Arc<ReportJobs>,
    /// Version of this program.
    pub version: &'static str,
}

impl ApiState {
    /// Whether a scan or a change of an address runs.
    pub(crate) fn is_working_on_a_bus(&self) -> bool {
        self.scans.is_running() || self.addresses.is_running()
    }

    /// Task of a report from this store at the present time.
    pub(super) fn report_task<H>(
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
            definitions: Arc::new(with_measured_figures(config)),
            store: store.clone(),
            alarms: AlarmBook::default(),
            board: board.clone(),
            clock: clock.clone(),
            access: AccessPolicy::Open,
            bus_handles: BusHandles::default(),
            reload: ReloadDoor::default(),
            scans: Arc::default(),
            addresses: Arc::default(),
            soaks: Arc::default(),
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
    pub(super) state: ApiState,
    pub(crate) zone: TimeZone,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) live: Arc<Semaphore>,
    pub(super) answers: SampleAnswers,
    /// Receipts and photos that are being checked against their hash.
    pub(super) attachment_checks: Semaphore,
    /// Progress of the report that is being made; a command shows it.
    pub(super) progress: watch::Sender<CalculationProgress>,
}

impl ApiListener {
    pub(crate) fn new(state: ApiState, stop: watch::Receiver<bool>) -> Self {
        let zone = state.site.timezone.rules().clone();
        Self(Arc::new(ApiListenerInner {
            state,
            zone,
            stop,
            live: Arc::new(Semaphore::new(LIVE_CLIENTS_MAX)),
            answers: SampleAnswers::default(),
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
    pub(super) fn progress_callback(&self) -> impl FnMut(CalculationProgress) + Send + 'static {
        let shown = self.0.progress.clone();
        move |progress| {
            shown.send_replace(progress);
        }
    }
}

/// Waits until `stop` is true; forever when the sender is gone.
pub(crate) async fn wait_for_stop(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
