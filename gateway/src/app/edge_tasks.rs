//! [`EdgeTasks`]: the sinks, the page, the control socket and what else needs the store. They start
//! anew with every configuration.

use super::task_ends::{TaskName, drain_tasks, run_named, task_name};
use crate::access::{AccessControl, AccessPolicy};
use crate::bus_request::BusHandles;
use crate::clock::Clock;
use crate::config::Config;
use crate::limits::{STOP_SECONDS, STORE_HUNG_RESTART_SECONDS};
use crate::reload_request::ReloadDoor;
use crate::server::TlsSetup;
use crate::sinks::SinkContext;
use crate::status::StatusBoard;
use crate::storage::Store;
use crate::{alarm_delivery, alarm_watch, api, backup, server, sinks};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Longest time in which they end, half of the time of a whole stop.
const EDGE_STOP: Duration = Duration::from_secs(STOP_SECONDS / 2);

/// Running tasks of the edge.
#[derive(Debug)]
pub(super) struct EdgeTasks {
    tasks: JoinSet<TaskName>,
    stop: watch::Sender<bool>,
    state: api::ApiState,
}

/// Parts of the gateway that the tasks of the edge share.
#[derive(Debug)]
pub(super) struct EdgeContext<'a> {
    pub(super) config: &'a Arc<Config>,
    pub(super) store: &'a Store,
    pub(super) clock: &'a Clock,
    pub(super) board: &'a StatusBoard,
    pub(super) access: &'a AccessControl,
    pub(super) bus_handles: BusHandles,
    pub(super) reload: ReloadDoor,
}

impl EdgeTasks {
    /// Starts them; without a listener there is no page.
    pub(super) fn start(
        context: &EdgeContext<'_>,
        page: Option<(TcpListener, Option<TlsSetup>)>,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let state = api::ApiState {
            access: AccessPolicy::Guarded(context.access.clone()),
            bus_handles: context.bus_handles.clone(),
            reload: context.reload.clone(),
            ..api::ApiState::new(context.config, context.store, context.board, context.clock)
        };
        let mut edge = Self {
            tasks: JoinSet::new(),
            stop,
            state,
        };
        edge.start_deliveries(context, &stopped);
        edge.start_messages(context, &stopped);
        edge.start_service(&stopped);
        if let Some((listener, tls)) = page {
            let state = edge.state.clone();
            let serving = server::serve_page(listener, state, tls, stopped.clone());
            edge.tasks.spawn(run_named("page", serving));
        }
        let watchdog = notify_watchdog(context.store.clone(), stopped);
        edge.tasks.spawn(run_named("watchdog", watchdog));
        edge
    }

    /// Starts what goes out to others: the sinks, time stamps and copies.
    fn start_deliveries(&mut self, context: &EdgeContext<'_>, stop: &watch::Receiver<bool>) {
        let config = context.config;
        let sink = SinkContext {
            site: Arc::new(config.site.clone()),
            store: context.store.clone(),
            clock: context.clock.clone(),
            board: context.board.clone(),
            stop: stop.clone(),
        };
        for one in &config.sinks {
            let name = format!("sink {}", one.name());
            let task = sinks::run_sink(Arc::clone(one), sink.clone());
            self.tasks
                .spawn(async move { run_named(&name, task).await });
        }
        let (store, clock) = (context.store.clone(), context.clock.clone());
        let board = context.board.clone();
        if let Some(settings) = config.time_stamp.clone() {
            let places = (store.clone(), clock.clone(), board.clone());
            let task = sinks::run_time_stamps(settings, places.0, places.1, places.2, stop.clone());
            self.tasks.spawn(run_named("time stamps", task));
        }
        if config.backup.daily {
            let config = Arc::clone(config);
            let task = backup::run_daily_copies(config, store, clock, board, stop.clone());
            self.tasks.spawn(run_named("daily copies", task));
        }
    }

    /// Starts the messages of alarms.
    fn start_messages(&mut self, context: &EdgeContext<'_>, stop: &watch::Receiver<bool>) {
        let delivery = alarm_delivery::DeliveryContext {
            config: Arc::clone(context.config),
            store: context.store.clone(),
            clock: context.clock.clone(),
            board: context.board.clone(),
        };
        let book = self.state.alarms.clone();
        let deliver = alarm_delivery::run_alarm_delivery(delivery, book, stop.clone());
        self.tasks.spawn(run_named("messages of alarms", deliver));
    }

    /// Starts the figures, the alarms and the control socket.
    fn start_service(&mut self, stop: &watch::Receiver<bool>) {
        let state = &self.state;
        let figures = api::keep_figures_ready(state.clone(), stop.clone());
        self.tasks.spawn(run_named("figures", figures));
        let alarms = alarm_watch::watch_alarms(state.clone(), stop.clone());
        self.tasks.spawn(run_named("alarms", alarms));
        let path = state.config.store.path.clone();
        let control = server::serve_control(path, state.clone(), stop.clone());
        self.tasks.spawn(run_named("control socket", control));
    }

    /// Waits until a task ends by itself, and says which.
    pub(super) async fn unexpected_end(&mut self) -> TaskName {
        task_name(self.tasks.join_next().await)
    }

    /// Whether a person's work on a bus runs that a new start would cut off.
    pub(super) fn is_working_on_a_bus(&self) -> bool {
        self.state.is_working_on_a_bus()
    }

    /// Ends all of them.
    pub(super) async fn stop(mut self) {
        let _ = self.stop.send(true);
        drain_tasks("sinks and page", &mut self.tasks, EDGE_STOP).await;
    }
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
