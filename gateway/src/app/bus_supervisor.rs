//! [`BusSupervisor`]: the tasks of the buses and the intake of their readings; stops, starts and
//! keeps single buses when the configuration changes.

use super::reading_intake::{IntakeOrder, IntakeTarget, ReadingIntake};
use super::task_ends::{TaskName, drain_tasks, run_named, task_name};
use crate::bus_request::{self, BusHandles, BusRequest};
use crate::buses::{CounterValues, create_bus_task, devices_of_bus};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::Reading;
use crate::limits::{READING_QUEUE_MAX, STOP_SECONDS};
use crate::status::StatusBoard;
use crate::storage::Store;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// Longest time in which the tasks of buses end, half of the time of a whole stop.
const BUS_STOP: Duration = Duration::from_secs(STOP_SECONDS / 2);

/// Tasks of all buses.
#[derive(Debug)]
pub(super) struct BusSupervisor {
    tasks: JoinSet<TaskName>,
    running: BTreeMap<Arc<str>, RunningBus>,
    /// Held so that the channel stays open without buses: a site with ledger entries alone has
    /// none.
    out: mpsc::Sender<Reading>,
    orders: mpsc::Sender<IntakeOrder>,
    clock: Clock,
    board: StatusBoard,
}

/// Bus whose task runs.
#[derive(Debug)]
struct RunningBus {
    stop: watch::Sender<bool>,
    door: mpsc::Sender<BusRequest>,
    /// Number that the readings of each device carry. It stays when the index in the configuration
    /// changes.
    devices: Vec<(u16, Arc<str>)>,
}

impl BusSupervisor {
    /// Starts the intake of readings and all buses.
    pub(super) fn start(
        config: &Config,
        store: &Store,
        (clock, board): (&Clock, &StatusBoard),
        counters: &CounterValues,
    ) -> Self {
        let (out, readings) = mpsc::channel(READING_QUEUE_MAX);
        let (orders, followed) = mpsc::channel(1);
        let mut all = Self {
            tasks: JoinSet::new(),
            running: BTreeMap::new(),
            out,
            orders,
            clock: clock.clone(),
            board: board.clone(),
        };
        for bus in &config.buses {
            all.start_bus(config, &bus.id, counters);
        }
        let target = all.target(config, store);
        let intake = ReadingIntake::new(readings, followed, target, clock.clone());
        all.tasks
            .spawn(run_named("storing of readings", intake.run()));
        all
    }

    /// Starts the task of a bus, if it has devices.
    fn start_bus(&mut self, config: &Config, id: &Arc<str>, counters: &CounterValues) {
        let Some(index) = config.buses.iter().position(|bus| bus.id == *id) else {
            return;
        };
        let places = (&self.clock, &self.board);
        let Some(task) = create_bus_task(config, index, places, counters, &self.out) else {
            return;
        };
        let ids = devices_of_bus(config, index).map(|(_, device)| device.id.clone());
        let devices: Vec<(u16, Arc<str>)> = self.free_numbers().zip(ids).collect();
        let numbers: Vec<u16> = devices.iter().map(|(number, _)| *number).collect();
        let (door, errands) = bus_request::request_channel();
        let (stop, stopped) = watch::channel(false);
        let task = task.with_device_numbers(&numbers);
        self.tasks.spawn(task.run(errands, stopped));
        let bus = RunningBus {
            stop,
            door,
            devices,
        };
        self.running.insert(id.clone(), bus);
    }

    /// Numbers that no running device has.
    fn free_numbers(&self) -> impl Iterator<Item = u16> {
        let buses = self.running.values();
        let mut used: Vec<u16> = buses
            .flat_map(|bus| bus.devices.iter().map(|(number, _)| *number))
            .collect();
        used.sort_unstable();
        (0..=u16::MAX).filter(move |number| used.binary_search(number).is_err())
    }

    /// Target of the intake under this configuration.
    fn target(&self, config: &Config, store: &Store) -> IntakeTarget {
        let index_of = |id: &Arc<str>| {
            let found = config.devices.iter().position(|device| device.id == *id);
            found.and_then(|index| u16::try_from(index).ok())
        };
        let numbered = self.running.values().flat_map(|bus| &bus.devices);
        let mut devices = Vec::new();
        for (number, id) in numbered {
            let number = usize::from(*number);
            devices.resize(devices.len().max(number + 1), None);
            devices[number] = index_of(id);
        }
        IntakeTarget {
            store: store.clone(),
            devices,
        }
    }

    /// Request queues of the running buses.
    pub(super) fn handles(&self) -> BusHandles {
        let doors = self.running.iter();
        BusHandles::new(
            doors
                .map(|(id, bus)| (id.clone(), bus.door.clone()))
                .collect(),
        )
    }

    /// Waits until a task ends by itself, and says which.
    pub(super) async fn unexpected_end(&mut self) -> TaskName {
        task_name(self.tasks.join_next().await)
    }

    /// Ends the tasks of some buses, and stores every reading that was taken so far; from then on
    /// readings wait. Returns the name of another task that has ended meanwhile.
    pub(super) async fn pause(&mut self, stop: &[Arc<str>]) -> Option<TaskName> {
        let mut awaited = Vec::new();
        for id in stop {
            if let Some(bus) = self.running.remove(id) {
                let _ = bus.stop.send(true);
                awaited.push(format!("bus {id}"));
            }
        }
        let mut other = None;
        let ended = async {
            while !awaited.is_empty() {
                let name = task_name(self.tasks.join_next().await);
                match awaited.iter().position(|one| *one == name) {
                    Some(at) => drop(awaited.swap_remove(at)),
                    None => other = Some(name),
                }
                if other.is_some() {
                    break;
                }
            }
        };
        if tokio::time::timeout(BUS_STOP, ended).await.is_err() {
            // It ends with its next answer or timeout; its readings have no number any more.
            tracing::warn!(left = ?awaited, "buses that are still waiting for an answer");
        }
        let (paused, done) = oneshot::channel();
        let _ = self.orders.send(IntakeOrder::Pause(paused)).await;
        let _ = done.await;
        other
    }

    /// Starts some buses, and lets the readings of all go to this store.
    pub(super) async fn resume(
        &mut self,
        config: &Config,
        store: &Store,
        start: &[Arc<str>],
        counters: &CounterValues,
    ) {
        for id in start {
            self.start_bus(config, id, counters);
        }
        let target = self.target(config, store);
        let _ = self.orders.send(IntakeOrder::Resume(target)).await;
    }

    /// Ends all buses, then the intake when it has stored what they read.
    pub(super) async fn stop(mut self) {
        for bus in self.running.values() {
            let _ = bus.stop.send(true);
        }
        drop(self.out);
        drain_tasks("buses", &mut self.tasks, BUS_STOP).await;
    }
}
