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

mod resumed_counters;

use crate::access::{AccessControl, AccessPolicy, DamageHandling, PasswordCost};
use crate::bus_request::BusHandles;
use crate::buses::CounterValues;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::Reading;
use crate::limits::{
    READING_QUEUE_MAX, STOP_SECONDS, STORE_BATCH_WAIT_MS, STORE_HUNG_RESTART_SECONDS,
};
use crate::server::TlsSetup;
use crate::sinks::SinkContext;
use crate::status::StatusBoard;
use crate::storage::{Store, StoreError};
use crate::{alarm_watch, api, backup, buses, server, sinks};
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Error at start, or the unexpected end of a task.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store could not be opened.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The page's address could not be bound.
    #[error("page {address}: {why}")]
    Listen {
        /// Configured address.
        address: SocketAddr,
        /// Error of the operating system.
        why: std::io::Error,
    },
    /// The certificate of the page cannot be used.
    #[error("certificate of the page: {0}")]
    Certificate(String),
    /// SQLite has found damage of the store's file, which the next start mends.
    #[error(
        "the file of the store is damaged ({0}). The next start makes a new file of everything \
         that can be read, keeps the old one, and lists what is missing on /health"
    )]
    Damaged(String),
    /// A task ended before the stop.
    #[error("{0} ended unexpectedly")]
    Ended(String),
}

/// Gateway with an open store and a bound page address; it does not poll yet.
#[derive(Debug)]
pub struct GatewayApp {
    config: Arc<Config>,
    clock: Clock,
    store: Store,
    board: StatusBoard,
    access: AccessControl,
    listener: Option<TcpListener>,
    tls: Option<TlsSetup>,
}

/// Name of a task that ended.
type TaskName = String;

impl GatewayApp {
    /// Opens the store and binds the page's address; contacts no device and no network.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, AppError> {
        let store = Store::open(
            &config.store.path,
            &config.site,
            &config.store,
            &config.revision_text(),
            &clock,
        )?;
        let sinks = config.sinks.iter().map(|sink| sink.name());
        store.set_configured_sinks(sinks.collect()).await?;
        let (damage, cost) = (DamageHandling::SetAside, PasswordCost::STANDARD);
        let access = AccessControl::open(&config.store.path, &clock, damage, cost);
        note_set_aside(&access, &store).await;
        let listener = match config.web.listen {
            Some(wished) => {
                let address = permitted_address(wished, &access);
                let bound = TcpListener::bind(address).await;
                Some(bound.map_err(|why| AppError::Listen { address, why })?)
            }
            None => None,
        };
        let tls = TlsSetup::of_settings(&config.web, &config.store.path, &clock);
        Ok(Self {
            tls: tls.map_err(AppError::Certificate)?,
            config: Arc::new(config),
            clock,
            store,
            board: StatusBoard::default(),
            access,
            listener,
        })
    }

    /// Address of the page, when one is configured.
    pub fn page_address(&self) -> Option<SocketAddr> {
        self.listener
            .as_ref()
            .and_then(|listener| listener.local_addr().ok())
    }

    /// Returns the state of access control, for the set-up code and for a demo.
    pub fn access(&self) -> &AccessControl {
        &self.access
    }

    /// Returns the store, for a demo that writes a history before the start.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Runs all tasks until `stop` completes or a task ends.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), AppError> {
        let (stop_buses, buses_stop) = watch::channel(false);
        let (stop_edge, edge_stop) = watch::channel(false);
        let listener = self.listener.take();
        let counters =
            resumed_counters::load_counter_values(&self.config, &self.store, &self.clock).await;
        let (mut inner, errands) = self.start_buses(&counters, &buses_stop);
        let mut edge = self.start_sinks_and_api(listener, errands, &edge_stop);
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);

        let cut_short = tokio::select! {
            () = stop => None,
            damage = found_damage(&self.store) => Some(AppError::Damaged(damage)),
            ended = inner.join_next() => Some(AppError::Ended(task_name(ended))),
            ended = edge.join_next() => Some(AppError::Ended(task_name(ended))),
        };
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        // The order matters: a reading that a bus still delivers must reach the store before the
        // last flush, and sinks may only send what is durable.
        tracing::info!("stopping: buses first, then the store, then the sinks");
        let _ = stop_buses.send(true);
        drain_tasks("buses", &mut inner, Duration::from_secs(STOP_SECONDS) / 2).await;
        if let Err(error) = self.store.flush().await {
            tracing::error!(%error, "the last readings could not be made durable");
        }
        let _ = stop_edge.send(true);
        drain_tasks(
            "sinks and page",
            &mut edge,
            Duration::from_secs(STOP_SECONDS) / 2,
        )
        .await;
        self.store.stop().await;
        cut_short.map_or(Ok(()), Err)
    }

    /// Starts the bus tasks and the task that moves their readings into the store.
    fn start_buses(
        &self,
        counters: &CounterValues,
        stop: &watch::Receiver<bool>,
    ) -> (JoinSet<TaskName>, BusHandles) {
        let mut tasks = JoinSet::new();
        let (out, readings) = mpsc::channel(READING_QUEUE_MAX);
        let errands = buses::spawn_bus_tasks(
            &self.config,
            &self.clock,
            &self.board,
            counters,
            &out,
            stop,
            &mut tasks,
        );
        tasks.spawn(run_named(
            "readings channel",
            hold_sender(out, stop.clone()),
        ));
        let keep = store_readings(readings, self.store.clone(), self.clock.clone());
        tasks.spawn(run_named("storing of readings", keep));
        (tasks, errands)
    }

    /// Starts the sinks, the page, the control socket and the watchdog.
    fn start_sinks_and_api(
        &self,
        listener: Option<TcpListener>,
        errands: BusHandles,
        stop: &watch::Receiver<bool>,
    ) -> JoinSet<TaskName> {
        let mut tasks = JoinSet::new();
        let site = Arc::new(self.config.site.clone());
        let context = SinkContext {
            site,
            store: self.store.clone(),
            clock: self.clock.clone(),
            board: self.board.clone(),
            stop: stop.clone(),
        };
        for sink in &self.config.sinks {
            let name = format!("sink {}", sink.name());
            let task = sinks::run_sink(Arc::clone(sink), context.clone());
            tasks.spawn(async move { run_named(&name, task).await });
        }
        if let Some(settings) = self.config.time_stamp.clone() {
            let (store, clock) = (self.store.clone(), self.clock.clone());
            let board = self.board.clone();
            let task = sinks::run_time_stamps(settings, store, clock, board, stop.clone());
            tasks.spawn(run_named("time stamps", task));
        }
        if self.config.backup.daily {
            let (config, store) = (Arc::clone(&self.config), self.store.clone());
            let (clock, board) = (self.clock.clone(), self.board.clone());
            let task = backup::run_daily_copies(config, store, clock, board, stop.clone());
            tasks.spawn(run_named("daily copies", task));
        }
        let state = api::ApiState {
            access: AccessPolicy::Guarded(self.access.clone()),
            bus_handles: errands,
            ..api::ApiState::new(&self.config, &self.store, &self.board, &self.clock)
        };
        tasks.spawn(run_named(
            "figures",
            api::keep_figures_ready(state.clone(), stop.clone()),
        ));
        tasks.spawn(run_named(
            "alarms",
            alarm_watch::watch_alarms(state.clone(), stop.clone()),
        ));
        let (path, control) = (self.config.store.path.clone(), state.clone());
        let control = server::serve_control(path, control, stop.clone());
        tasks.spawn(run_named("control socket", control));
        if let Some(listener) = listener {
            tasks.spawn(run_named(
                "page",
                server::serve_page(listener, state, self.tls.clone(), stop.clone()),
            ));
        }
        tasks.spawn(run_named(
            "watchdog",
            notify_watchdog(self.store.clone(), stop.clone()),
        ));
        tasks
    }
}

/// Address to listen on. Without a user the network is not served, whatever is configured: who
/// came first would be the admin.
fn permitted_address(wished: SocketAddr, access: &AccessControl) -> SocketAddr {
    if wished.ip().is_loopback() || access.has_users() {
        return wished;
    }
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, wished.port()));
    tracing::warn!(
        %wished, %local,
        "there is no user yet, so the page is on this computer only: make the first one with \
         `pantau user add NAME --role admin`, and restart the gateway"
    );
    local
}

/// Notes in the audit log that the file of access control was damaged.
async fn note_set_aside(access: &AccessControl, store: &Store) {
    let Some(aside) = access.set_aside() else {
        return;
    };
    let what = format!("access.json was damaged; kept as {}", aside.display());
    if let Err(error) = store.append_audit("repair", what).await {
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

/// Keeps the readings channel open until the stop.
async fn hold_sender(_out: mpsc::Sender<Reading>, mut stop: watch::Receiver<bool>) {
    // A site with ledger entries alone has no bus: without this sender the channel would close and
    // end the storing task, which stops the gateway.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Appends readings to the store, and re-dates undated ones once the time is known.
async fn store_readings(mut readings: mpsc::Receiver<Reading>, store: Store, clock: Clock) {
    // True at the start: an earlier run in this boot may have stored undated readings.
    let (mut may_be_undated, mut is_told) = (true, false);
    let mut batch = Vec::new();
    while let Some(first) = readings.recv().await {
        // Buses with equal intervals answer together: wait shortly and wake the store once for all.
        tokio::time::sleep(Duration::from_millis(STORE_BATCH_WAIT_MS)).await;
        let waiting = std::iter::from_fn(|| readings.try_recv().ok());
        for reading in std::iter::once(first).chain(waiting.take(READING_QUEUE_MAX)) {
            if reading.dated && may_be_undated {
                if !append_batch(&store, &mut batch).await {
                    return;
                }
                may_be_undated = !redate_undated(&store, &clock, &mut is_told).await;
            }
            may_be_undated |= !reading.dated;
            batch.push(reading);
        }
        if !append_batch(&store, &mut batch).await {
            return;
        }
    }
}

/// Appends a batch; false when the store has ended.
async fn append_batch(store: &Store, batch: &mut Vec<Reading>) -> bool {
    let handed = store.append_all(std::mem::take(batch)).await;
    if let Err(error) = &handed {
        tracing::error!(%error, "readings could not be passed to the store");
    }
    handed.is_ok()
}

/// Re-dates readings that were stored undated; false when it must be tried again.
async fn redate_undated(store: &Store, clock: &Clock, is_told: &mut bool) -> bool {
    if !clock.now().trusted {
        return false;
    }
    let redated = store.redate_all().await;
    // Tried with every reading: a line of the log is for the first of a run of failures.
    let was_told = std::mem::replace(is_told, redated.is_err());
    match redated {
        Ok(0) => {}
        Ok(moved) => tracing::info!(moved, "clock is trusted: undated readings were re-dated"),
        Err(error) => {
            if !was_told {
                tracing::error!(%error, "undated readings could not be re-dated; will retry");
            }
            return false;
        }
    }
    true
}

/// Notifies systemd's watchdog at half of its interval, while the store's thread makes progress;
/// ends at the stop.
async fn notify_watchdog(store: Store, mut stop: watch::Receiver<bool>) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        let _ = stop.wait_for(|stop| *stop).await;
        return;
    };
    let mut beat = tokio::time::interval(limit / 2);
    loop {
        tokio::select! {
            _ = beat.tick() => {
                let stuck = store.pulse.stuck_for().as_secs();
                if stuck < STORE_HUNG_RESTART_SECONDS {
                    let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
                } else {
                    tracing::error!(stuck, "the store makes no progress: systemd may restart the gateway");
                }
            }
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Runs a task and returns its name.
async fn run_named(name: &str, task: impl Future<Output = ()>) -> TaskName {
    task.await;
    name.to_owned()
}

/// Name of an ended task, for messages.
fn task_name(ended: Option<Result<TaskName, tokio::task::JoinError>>) -> String {
    match ended {
        Some(Ok(name)) => name,
        Some(Err(error)) => format!("a task that failed ({error})"),
        None => "everything".to_owned(),
    }
}

/// Waits for the tasks of a stage; after the grace period the rest are logged and aborted.
async fn drain_tasks(stage: &str, tasks: &mut JoinSet<TaskName>, grace: Duration) {
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, all).await.is_err() {
        tracing::warn!(stage, left = tasks.len(), "not stopped in time; aborted");
        tasks.abort_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ExactNumber, Quality, SampleOutcome, UtcMs};
    use crate::storage::{AggregateFunction, BucketStep, PointQuery};
    use crate::tests::{SiteText, load_site};

    fn reading_now(clock: &Clock) -> Reading {
        let now = clock.now();
        Reading {
            device: 0,
            at: now.at,
            mono: now.mono,
            dated: now.trusted,
            outcomes: [SampleOutcome::Good(ExactNumber::Float(1.0))].into(),
        }
    }

    async fn qualities(store: &Store) -> Vec<(i64, Quality)> {
        let query = PointQuery {
            point: "d.p".to_owned(),
            from: UtcMs(0),
            to: UtcMs(i64::MAX),
            step: BucketStep::Raw,
            aggregate: AggregateFunction::Last,
        };
        let mut blocks = store.query(query).await.unwrap();
        let mut all = Vec::new();
        while let Some(block) = blocks.recv().await {
            let block = block.unwrap();
            all.extend(block.iter().map(|one| (one.at.0, one.outcome.quality())));
        }
        all
    }

    #[tokio::test]
    async fn what_an_earlier_run_read_without_the_time_gets_its_date_with_the_first_dated_reading()
    {
        let dir = tempfile::tempdir().unwrap();
        let text = SiteText::new("s").tcp_bus("b", 502).device("d", "b", "");
        let text = text.points(["{ id = 'p', register = 'holding:0', type = 'u16' }"]);
        let text = &text.text();
        let config = load_site(text);
        let clock = Clock::set(UtcMs(1000), false);
        let open = || Store::open(dir.path(), &config.site, &config.store, text, &clock).unwrap();
        let earlier = open();
        earlier.append(reading_now(&clock)).await.unwrap();
        earlier.stop().await;

        let store = open();
        let (out, readings) = mpsc::channel(4);
        let keeping = tokio::spawn(store_readings(readings, store.clone(), clock.clone()));
        clock.advance(Duration::from_secs(10));
        clock.set_wall_clock(UtcMs(1_795_194_010_000));
        clock.trust();
        out.send(reading_now(&clock)).await.unwrap();
        drop(out);
        keeping.await.unwrap();
        store.flush().await.unwrap();
        let right = [1_795_194_000_000, 1_795_194_010_000].map(|at| (at, Quality::Good));
        assert_eq!(qualities(&store).await, right);
        store.stop().await;
    }
}
