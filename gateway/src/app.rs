//! Wiring: who sends to whom, in which order things start, in which order they stop.
//!
//! Stages are joined by bounded channels. Only the buses hear "stop"; the store ends when they
//! have, the sinks when the store has drained or the time is up, so that nothing that was read is
//! lost.

use crate::clock::{self, Clock};
use crate::config::Config;
use crate::errand::Errands;
use crate::limits::{GATHER_MS, READING_QUEUE_MAX, STOP_SECONDS};
use crate::model::Reading;
use crate::status::Board;
use crate::store::{Store, StoreError};
use crate::{publish, read, web};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Why the gateway could not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store could not be opened.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The page's address could not be taken.
    #[error("page {address}: {why}")]
    Listen {
        /// Address asked for.
        address: SocketAddr,
        /// What the system said.
        why: std::io::Error,
    },
    /// A task ended that should have run until the stop.
    #[error("{0} ended by itself")]
    Ended(String),
}

/// A gateway whose store is open and whose page has its address, but that polls nothing yet.
#[derive(Debug)]
pub struct App {
    config: Arc<Config>,
    clock: Clock,
    store: Store,
    board: Board,
    listener: Option<TcpListener>,
}

/// What has happened to a named task of the gateway.
type Ended = String;

impl App {
    /// Opens the store and takes the page's address; touches no device and no network.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, AppError> {
        let store = Store::open(
            &config.store.path,
            &config.site,
            &config.store,
            &config.revision(),
            &clock,
        )?;
        store.keep_sinks(sinks(&config)).await?;
        let listener = match config.web.listen {
            Some(address) => Some(
                TcpListener::bind(address)
                    .await
                    .map_err(|why| AppError::Listen { address, why })?,
            ),
            None => None,
        };
        Ok(Self {
            config: Arc::new(config),
            clock,
            store,
            board: Board::default(),
            listener,
        })
    }

    /// Where the page is, once open.
    pub fn page(&self) -> Option<SocketAddr> {
        self.listener
            .as_ref()
            .and_then(|listener| listener.local_addr().ok())
    }

    /// The store, for a demo that writes a history first.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Polls, keeps, publishes and shows until `stop` is done or a task ends by itself.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), AppError> {
        let (stop_buses, buses_stop) = watch::channel(false);
        let (stop_edge, edge_stop) = watch::channel(false);
        let listener = self.listener.take();
        let (mut inner, errands) = self.start_buses(&buses_stop);
        let mut edge = self.start_edge(listener, errands, &edge_stop);
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);

        let cut_short = tokio::select! {
            () = stop => None,
            ended = inner.join_next() => Some(name_of(ended)),
            ended = edge.join_next() => Some(name_of(ended)),
        };
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        tracing::info!("stopping: buses first, then the store, then the sinks");
        let _ = stop_buses.send(true);
        drain("buses", &mut inner, Duration::from_secs(STOP_SECONDS) / 2).await;
        if let Err(error) = self.store.flush().await {
            tracing::error!(%error, "the last readings could not be made durable");
        }
        let _ = stop_edge.send(true);
        drain(
            "sinks and page",
            &mut edge,
            Duration::from_secs(STOP_SECONDS) / 2,
        )
        .await;
        self.store.stop().await;
        cut_short.map_or(Ok(()), |name| Err(AppError::Ended(name)))
    }

    /// Buses, and the one hand that carries their readings into the store.
    fn start_buses(&self, stop: &watch::Receiver<bool>) -> (JoinSet<Ended>, Errands) {
        let mut tasks = JoinSet::new();
        let (out, readings) = mpsc::channel(READING_QUEUE_MAX);
        let errands = read::spawn(
            &self.config,
            &self.clock,
            &self.board,
            &out,
            stop,
            &mut tasks,
        );
        tasks.spawn(named("door of the store", hold(out, stop.clone())));
        let keep = keep(readings, self.store.clone(), self.clock.clone());
        tasks.spawn(named("keeping of readings", keep));
        (tasks, errands)
    }

    /// Sinks and page.
    fn start_edge(
        &self,
        listener: Option<TcpListener>,
        errands: Errands,
        stop: &watch::Receiver<bool>,
    ) -> JoinSet<Ended> {
        let mut tasks = JoinSet::new();
        let site = Arc::new(self.config.site.clone());
        if let Some(mqtt) = self.config.mqtt.clone() {
            let sink = publish::mqtt::run(
                mqtt,
                site.clone(),
                self.store.clone(),
                self.clock.clone(),
                self.board.clone(),
                stop.clone(),
            );
            tasks.spawn(named("MQTT sink", sink));
        }
        if let Some(influx) = self.config.influx.clone() {
            let sink = publish::influx::run(
                influx,
                site.clone(),
                self.store.clone(),
                self.clock.clone(),
                self.board.clone(),
                stop.clone(),
            );
            tasks.spawn(named("InfluxDB sink", sink));
        }
        let state = web::State {
            errands,
            ..web::State::new(&self.config, &self.store, &self.board, &self.clock)
        };
        let (path, control) = (self.config.store.path.clone(), state.clone());
        let control = web::serve_control(path, control, stop.clone());
        tasks.spawn(named("control socket", control));
        if let Some(listener) = listener {
            tasks.spawn(named("page", web::serve(listener, state, stop.clone())));
        }
        tasks.spawn(named("watchdog", watchdog(stop.clone())));
        tasks
    }
}

/// Names of the configured sinks.
fn sinks(config: &Config) -> Vec<&'static str> {
    let mqtt = config.mqtt.as_ref().map(|_| publish::mqtt::NAME);
    let influx = config.influx.as_ref().map(|_| publish::influx::NAME);
    mqtt.into_iter().chain(influx).collect()
}

/// Keeps the way into the store open until the stop: a site of people's figures alone has no bus
/// that would.
async fn hold(_out: mpsc::Sender<Reading>, mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Carries readings into the store, and puts their time right once the time is known.
async fn keep(mut readings: mpsc::Receiver<Reading>, store: Store, clock: Clock) {
    // Also what an earlier run of the program read in this boot.
    let mut may_be_undated = true;
    let mut batch = Vec::new();
    while let Some(first) = readings.recv().await {
        // Buses answer together: a moment's patience wakes the store once for all of them.
        tokio::time::sleep(Duration::from_millis(GATHER_MS)).await;
        let waiting = std::iter::from_fn(|| readings.try_recv().ok());
        for reading in std::iter::once(first).chain(waiting.take(READING_QUEUE_MAX)) {
            if reading.dated && may_be_undated {
                if !hand_over(&store, &mut batch).await {
                    return;
                }
                may_be_undated = !redate(&store, &clock).await;
            }
            may_be_undated |= !reading.dated;
            batch.push(reading);
        }
        if !hand_over(&store, &mut batch).await {
            return;
        }
    }
}

/// False when the store has ended.
async fn hand_over(store: &Store, batch: &mut Vec<Reading>) -> bool {
    let handed = store.append_all(std::mem::take(batch)).await;
    if let Err(error) = &handed {
        tracing::error!(%error, "readings could not be handed to the store");
    }
    handed.is_ok()
}

/// The time is known: readings of this boot that were kept undated get their true one. False when
/// it has to be tried again.
async fn redate(store: &Store, clock: &Clock) -> bool {
    let now = clock.now();
    if !now.trusted {
        return false;
    }
    match store.redate(clock::boot_id(), now.offset_ms()).await {
        Ok(0) => {}
        Ok(moved) => tracing::info!(moved, "the time is known: undated readings got their date"),
        Err(error) => {
            tracing::error!(%error, "undated readings could not get their date; tried again");
            return false;
        }
    }
    true
}

/// Tells systemd that the one thread still turns; ends at the stop.
async fn watchdog(mut stop: watch::Receiver<bool>) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        let _ = stop.wait_for(|stop| *stop).await;
        return;
    };
    let mut beat = tokio::time::interval(limit / 2);
    loop {
        tokio::select! {
            _ = beat.tick() => { let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]); }
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

async fn named(name: &str, task: impl Future<Output = ()>) -> Ended {
    task.await;
    name.to_owned()
}

fn name_of(ended: Option<Result<Ended, tokio::task::JoinError>>) -> String {
    match ended {
        Some(Ok(name)) => name,
        Some(Err(error)) => format!("a task that failed ({error})"),
        None => "everything".to_owned(),
    }
}

/// Waits for the tasks of a stage; after the grace period the rest are counted in the log and left.
async fn drain(stage: &str, tasks: &mut JoinSet<Ended>, grace: Duration) {
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, all).await.is_err() {
        tracing::warn!(stage, left = tasks.len(), "not stopped in time; left");
        tasks.abort_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::model::{Number, Outcome, Quality, UtcMs};
    use crate::store::{Aggregate, Query, Step};
    use std::path::Path;

    fn reading(clock: &Clock) -> Reading {
        let now = clock.now();
        Reading {
            device: 0,
            at: now.at,
            mono: now.mono,
            dated: now.trusted,
            outcomes: [Outcome::Good(Number::Float(1.0))].into(),
        }
    }

    async fn qualities(store: &Store) -> Vec<(i64, Quality)> {
        let query = Query {
            point: "d.p".to_owned(),
            from: UtcMs(0),
            to: UtcMs(i64::MAX),
            step: Step::Raw,
            aggregate: Aggregate::Last,
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
        let text = "[site]\nid = 's'\ntimezone = 'Asia/Jakarta'\nlatitude = 0.0\nlongitude = 107.0\n\
            [[bus]]\nid = 'b'\nkind = 'modbus-tcp'\nhost = '127.0.0.1'\n\
            [[device]]\nid = 'd'\nbus = 'b'\n\
            point = [{ id = 'p', register = 'holding:0', type = 'u16' }]\n";
        let config = config::load_text(text, Path::new("pantau.toml"), &|_| None).unwrap();
        let clock = Clock::set(UtcMs(1000), false);
        let open = || Store::open(dir.path(), &config.site, &config.store, text, &clock).unwrap();
        let earlier = open();
        earlier.append(reading(&clock)).await.unwrap();
        earlier.stop().await;

        let store = open();
        let (out, readings) = mpsc::channel(4);
        let keeping = tokio::spawn(keep(readings, store.clone(), clock.clone()));
        clock.advance(Duration::from_secs(10));
        clock.step(UtcMs(1_795_194_010_000));
        clock.trust();
        out.send(reading(&clock)).await.unwrap();
        drop(out);
        keeping.await.unwrap();
        store.flush().await.unwrap();
        let right = [1_795_194_000_000, 1_795_194_010_000].map(|at| (at, Quality::Good));
        assert_eq!(qualities(&store).await, right);
        store.stop().await;
    }
}
