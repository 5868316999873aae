//! [`GatewayApp`]: starts all tasks of the gateway, connects them, and stops them in order.
//!
//! ```text
//! let app = GatewayApp::open(config, Clock::system()).await?;
//! app.run(stop_signal).await?;
//! ```
//!
//! Tasks are connected by bounded channels. On a stop the buses end first, then the store flushes,
//! then the sinks and the page end, so that every reading taken is stored. See "Stopping" in
//! `docs/ARCHITECTURE.md`.

mod address_holder;
mod app_error;
mod bus_supervisor;
mod edge_tasks;
mod page_listener;
mod reading_intake;
mod reload_plan;
mod resumed_counters;
mod task_ends;

use crate::access::{AccessControl, DamageHandling, PasswordCost};
use crate::buses::CounterValues;
use crate::clock::Clock;
use crate::config::{self, Config, StoreSettings};
use crate::domain::Site;
use crate::domain::store_event::{StoreEvent, StoreEventKind};
use crate::reload_request::{ReloadDoor, ReloadOutcome, ReloadPlan, ReloadQueue, ReloadRequest};
use crate::status::StatusBoard;
use crate::storage::{Store, StoreError};
pub use address_holder::AddressHolder;
pub use app_error::AppError;
use bus_supervisor::BusSupervisor;
use edge_tasks::{EdgeContext, EdgeTasks};
use page_listener::PageListener;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// Looks at a store that a command holds, and the time between two of them: half an hour.
// A report of years on a small computer takes minutes; readings wait in their channel meanwhile.
const HELD_STORE_LOOKS: u32 = 9000;
const HELD_STORE_LOOK: Duration = Duration::from_millis(200);
/// Time within which the disk has to take what is in memory, before a reload stops anything.
const STORE_ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Gateway with an open store and a bound page address; it does not poll yet.
#[derive(Debug)]
pub struct GatewayApp {
    config: Arc<Config>,
    clock: Clock,
    store: Store,
    board: StatusBoard,
    access: AccessControl,
    page: Option<PageListener>,
    reload: ReloadDoor,
    reloads: ReloadQueue,
}

/// Configuration that was accepted, and what it changes.
struct AcceptedReload {
    config: Config,
    plan: ReloadPlan,
    by: String,
    why: String,
}

impl GatewayApp {
    /// Opens the store and binds the page's address; contacts no device and no network.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, AppError> {
        let store = open_store(&config, &clock).await?;
        let (damage, cost) = (DamageHandling::SetAside, PasswordCost::STANDARD);
        let access = AccessControl::open(&config.store.path, &clock, damage, cost);
        note_set_aside(&access, &store, &clock).await;
        let page = PageListener::bind(&config, &access, &clock)?;
        let (reload, reloads) = ReloadDoor::new();
        Ok(Self {
            config: Arc::new(config),
            clock,
            store,
            board: StatusBoard::default(),
            access,
            page,
            reload,
            reloads,
        })
    }

    /// Address of the page, when one is configured.
    pub fn page_address(&self) -> Option<SocketAddr> {
        self.page.as_ref().and_then(PageListener::address)
    }

    /// Returns the state of access control, for the set-up code and for a demo.
    pub fn access(&self) -> &AccessControl {
        &self.access
    }

    /// Returns the store, for a demo that writes a history before the start.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Door at which a reload of the configuration is asked for.
    pub fn reload_door(&self) -> ReloadDoor {
        self.reload.clone()
    }

    /// Runs all tasks until `stop` completes or a task ends.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), AppError> {
        let mut stop = pin!(stop);
        let counters =
            resumed_counters::load_counter_values(&self.config, &self.store, &self.clock).await;
        let places = (&self.clock, &self.board);
        let mut buses = BusSupervisor::start(&self.config, &self.store, places, &counters);
        let mut edge = Some(self.start_edge(&buses));
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        let cut_short = loop {
            let request = tokio::select! {
                () = &mut stop => break None,
                damage = found_damage(&self.store) => break Some(AppError::Damaged(damage)),
                ended = buses.unexpected_end() => break Some(AppError::Ended(ended)),
                ended = unexpected_end(edge.as_mut()) => break Some(AppError::Ended(ended)),
                Some(request) = self.reloads.requests.recv() => request,
            };
            if let Some(accepted) = self.answer_reload(request, edge.as_ref()).await
                && let Err(error) = self.reload(accepted, &mut buses, &mut edge).await
            {
                break Some(error);
            }
        };
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        // The order matters: a reading that a bus still delivers must reach the store before the
        // last flush, and sinks may only send what is durable.
        tracing::info!("stopping: buses first, then the store, then the sinks");
        buses.stop().await;
        if let Err(error) = self.store.flush().await {
            tracing::error!(%error, "the last readings could not be made durable");
        }
        if let Some(edge) = edge {
            edge.stop().await;
        }
        self.store.stop().await;
        cut_short.map_or(Ok(()), Err)
    }

    fn start_edge(&self, buses: &BusSupervisor) -> EdgeTasks {
        // What a demo runs with stands in no file.
        let reload = if self.config.web.is_demo {
            ReloadDoor::default()
        } else {
            self.reload.clone()
        };
        let context = EdgeContext {
            config: &self.config,
            store: &self.store,
            clock: &self.clock,
            board: &self.board,
            access: &self.access,
            bus_handles: buses.handles(),
            reload,
        };
        EdgeTasks::start(&context, self.page.as_ref().and_then(PageListener::open))
    }

    /// Answers a request for a reload; returns what is to be taken over.
    async fn answer_reload(
        &self,
        request: ReloadRequest,
        edge: Option<&EdgeTasks>,
    ) -> Option<AcceptedReload> {
        let ReloadRequest { by, why, answer } = request;
        let judged = if edge.is_some_and(EdgeTasks::is_working_on_a_bus) {
            Err(ReloadOutcome::Busy)
        } else {
            self.judge_file().await
        };
        let proven = match judged {
            Ok(judged) => self.prove_store(&by).await.map(|()| judged),
            Err(outcome) => Err(outcome),
        };
        match proven {
            Ok((config, plan)) => {
                tracing::info!(%by, revision = plan.revision, "the configuration is taken over");
                let _ = answer.send(ReloadOutcome::Accepted(plan.clone()));
                Some(AcceptedReload {
                    config,
                    plan,
                    by,
                    why,
                })
            }
            Err(outcome) => {
                log_refusal(&by, &outcome);
                let _ = answer.send(outcome);
                None
            }
        }
    }

    /// Has the store write to the disk, which a reload would leave the readings in memory to.
    // A reload stops page and sinks first, and then waits for the store: with a disk that hangs
    // nothing would answer, and the readings in memory would be lost.
    async fn prove_store(&self, by: &str) -> Result<(), ReloadOutcome> {
        let what = format!("a reload begins by {by}");
        let written = self.store.append_audit("configuration", what);
        match tokio::time::timeout(STORE_ANSWER_WAIT, written).await {
            Ok(written) => written.map_err(|error| ReloadOutcome::NotStored(error.to_string())),
            Err(_) => Err(ReloadOutcome::NotStored(
                "the disk does not answer".to_owned(),
            )),
        }
    }

    /// Loads and judges the configuration file as it is now.
    async fn judge_file(&self) -> Result<(Config, ReloadPlan), ReloadOutcome> {
        let file = self.config.file.clone();
        let loaded = tokio::task::spawn_blocking(move || config::load_config(&file)).await;
        let config = loaded
            .map_err(|fault| ReloadOutcome::Failed(fault.to_string()))?
            .map_err(|faults| ReloadOutcome::Refused(faults.0))?;
        let keys = reload_plan::keys_that_need_a_start(&self.config, &config);
        if !keys.is_empty() {
            return Err(ReloadOutcome::NeedsRestart(keys));
        }
        if let Err(fault) = PageListener::check(self.page.as_ref(), &config, &self.clock) {
            return Err(ReloadOutcome::Failed(fault.to_string()));
        }
        let plan = reload_plan::plan_reload(&self.config, &config);
        Ok((config, plan))
    }

    /// Takes over a configuration: changed buses, the sinks, the page and the store start anew, and
    /// the other buses go on polling. Where the store cannot be opened with it, everything goes on
    /// with the old one.
    async fn reload(
        &mut self,
        accepted: AcceptedReload,
        buses: &mut BusSupervisor,
        edge: &mut Option<EdgeTasks>,
    ) -> Result<(), AppError> {
        let AcceptedReload {
            config,
            plan,
            by,
            why,
        } = accepted;
        let changed = [&plan.started[..], &plan.stopped[..]].concat();
        if let Some(ended) = buses.pause(&changed).await {
            return Err(AppError::Ended(ended));
        }
        if let Some(edge) = edge.take() {
            edge.stop().await;
        }
        self.store.stop().await;
        let mut start = plan.started.clone();
        match reopen_store(&config, &self.clock).await {
            Ok(store) => {
                self.store = store;
                let old = std::mem::replace(&mut self.config, Arc::new(config));
                self.move_page(&old);
                self.forget_states(&changed);
                let revision = &plan.revision;
                let reason = if why.is_empty() { "" } else { ": " };
                let what = format!("revision {revision} taken over{reason}{why} by {by}");
                self.note(what).await;
                self.reloads.note_end(None);
            }
            Err(error) => {
                tracing::error!(%error, "the store did not open: the old configuration goes on");
                self.store = reopen_store(&self.config, &self.clock).await?;
                start = changed;
                let what = format!("a configuration was not taken over ({error}) by {by}");
                self.note(what).await;
                self.reloads.note_end(Some(error.to_string()));
            }
        }
        let counters = self.counters_of(&start).await;
        buses
            .resume(&self.config, &self.store, &start, &counters)
            .await;
        *edge = Some(self.start_edge(buses));
        tracing::info!(
            kept = ?plan.kept, started = ?plan.started, stopped = ?plan.stopped,
            "the configuration is in use"
        );
        Ok(())
    }

    /// Counts of the gateway's own pins on buses that start.
    async fn counters_of(&self, buses: &[Arc<str>]) -> CounterValues {
        let mut starting = (*self.config).clone();
        let of_bus = |index: usize| self.config.buses.get(index).map(|bus| &bus.id);
        starting
            .devices
            .retain(|device| of_bus(device.bus).is_some_and(|id| buses.contains(id)));
        resumed_counters::load_counter_values(&starting, &self.store, &self.clock).await
    }

    /// Moves the page to the address and certificate of the new configuration.
    fn move_page(&mut self, old: &Config) {
        let page = self.page.take();
        let moved = PageListener::move_to(page, old, &self.config, &self.access, &self.clock);
        self.page = moved;
    }

    /// Removes the states of buses that start anew or are gone, and of their devices.
    fn forget_states(&self, changed: &[Arc<str>]) {
        let config = &self.config;
        let kept: Vec<&Arc<str>> = config
            .devices
            .iter()
            .filter(|device| {
                let bus = config.buses.get(device.bus);
                bus.is_some_and(|bus| !changed.contains(&bus.id))
            })
            .map(|device| &device.id)
            .collect();
        let sinks: Vec<&str> = config.sinks.iter().map(|sink| sink.name()).collect();
        self.board.update(|state| {
            state.devices.retain(|id, _| kept.contains(&id));
            state.buses.retain(|id, _| !changed.contains(id));
            state.sinks.retain(|name, _| sinks.contains(name));
            if config.time_stamp.is_none() {
                state.stamps = None;
            }
            if !config.backup.daily {
                state.copies = None;
            }
        });
    }

    async fn note(&self, what: String) {
        if let Err(error) = self.store.append_audit("configuration", what).await {
            tracing::error!(%error, "the reload is not in the audit");
        }
    }
}

/// Opens the store again while the gateway runs. A command may have opened it in between: it is
/// waited for, since it ends.
async fn reopen_store(config: &Config, clock: &Clock) -> Result<Store, AppError> {
    let mut is_told = false;
    for _ in 0..HELD_STORE_LOOKS {
        match open_store_by(Store::reopen, config, clock).await {
            Err(AppError::Store(StoreError::Busy(_))) => {
                if !is_told {
                    tracing::warn!("a command holds the store: waiting for its end");
                    is_told = true;
                }
                // The tasks that say so otherwise are stopped.
                let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
                tokio::time::sleep(HELD_STORE_LOOK).await;
            }
            opened => return opened,
        }
    }
    open_store_by(Store::reopen, config, clock).await
}

/// Opens the store at the start of the program.
async fn open_store(config: &Config, clock: &Clock) -> Result<Store, AppError> {
    open_store_by(Store::open, config, clock).await
}

/// Way to open a store: at the start of the program, or again while it runs.
type StoreOpener = fn(&Path, &Site, &StoreSettings, &str, &Clock) -> Result<Store, StoreError>;

/// Opens the store of a configuration, away from the tasks that poll meanwhile.
async fn open_store_by(by: StoreOpener, config: &Config, clock: &Clock) -> Result<Store, AppError> {
    let (site, settings) = (config.site.clone(), config.store.clone());
    let (revision, clock) = (config.revision_text(), clock.clone());
    let open = move || by(&settings.path, &site, &settings, &revision, &clock);
    let opened = tokio::task::spawn_blocking(open).await;
    let store = opened.map_err(|fault| AppError::Ended(format!("the store ({fault})")))??;
    let sinks = config.sinks.iter().map(|sink| sink.name());
    store.set_configured_sinks(sinks.collect()).await?;
    Ok(store)
}

/// Logs why a configuration is not taken over.
fn log_refusal(by: &str, outcome: &ReloadOutcome) {
    let why = match outcome {
        ReloadOutcome::Refused(faults) => config::Diagnostics(faults.clone()).to_string(),
        ReloadOutcome::NeedsRestart(keys) => {
            format!("{} change only with a new start", keys.join(", "))
        }
        ReloadOutcome::Busy => "a scan or a change of an address runs".to_owned(),
        ReloadOutcome::NotStored(fault) | ReloadOutcome::Failed(fault) => fault.clone(),
        ReloadOutcome::Accepted(_) => return,
    };
    tracing::warn!(%by, %why, "the configuration file is not taken over; the old one goes on");
}

/// Waits until a task of the edge ends by itself.
async fn unexpected_end(edge: Option<&mut EdgeTasks>) -> String {
    match edge {
        Some(edge) => edge.unexpected_end().await,
        None => std::future::pending().await,
    }
}

/// Keeps for the page and the audit log that the file of access control was damaged.
async fn note_set_aside(access: &AccessControl, store: &Store, clock: &Clock) {
    let Some(aside) = access.set_aside() else {
        return;
    };
    let name = aside.file_name().unwrap_or(aside.as_os_str());
    let event = StoreEvent {
        files: vec![name.to_string_lossy().into_owned()],
        ..StoreEvent::new(StoreEventKind::AccessSetAside, clock.now().at, "")
    };
    if let Err(error) = store.keep_event(event).await {
        tracing::error!(%error, "the damage of access.json is not in the audit");
    }
}

/// Waits until SQLite finds damage of the file that a start could mend. A program that was started
/// for that reason already goes on with what it has.
async fn found_damage(store: &Store) -> String {
    let mut health = store.health();
    let found = health.wait_for(|health| health.damage.is_some() && !health.was_restarted);
    let damage = found.await.ok().and_then(|health| health.damage.clone());
    match damage {
        Some(damage) => damage,
        None => std::future::pending().await,
    }
}
