//! `MqttBus`: sensor nodes that publish JSON or plain numbers at an MQTT broker.
//!
//! ```text
//! [[bus]]    id = "nodes", kind = "mqtt", url = "mqtt://127.0.0.1:1883"
//! [[device]] id = "kebun", bus = "nodes", topic = "nodes/kebun", every = "60s",
//!            point = [{ id = "temp", field = "temperature", unit = "degC" }]
//! ```
//!
//! A task hears the topics of all devices and keeps the newest value of each point
//! (`node_board`); a poll takes them from there, so that polls are at the same slots as on any
//! other bus. Nothing is ever published. docs/mqtt-nodes.md has the rules for old values.

pub(crate) mod message_value;
mod node_board;
pub mod node_survey;
mod subscription;

use super::{BusDriver, BusFuture, DevicePoll, PatientPoll, PollError};
use crate::clock::Clock;
use crate::config::{BrokerSettings, Device, MqttLink};
use crate::domain::site_zone::SiteZone;
use crate::domain::{MonoMs, QualityReason};
use crate::limits::{BACKOFF_MIN_MS, SINK_STABLE_SECONDS, doubled_backoff_ms};
use crate::mqtt_link::KnownBroker;
use node_board::NodeBoard;
pub use node_board::stale_after;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use subscription::{Subscription, SubscriptionEvent};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// Time in seconds that `pantau read` waits for a message of a node.
pub const NODE_READ_SECONDS: u64 = 60;
/// Time that the first poll waits for a broker.
const BROKER_WAIT: Duration = Duration::from_secs(5);
/// Time that `pantau read` waits for more than what the broker had kept.
const RETAINED_WAIT: Duration = Duration::from_secs(5);
/// Time after which `pantau read` says that it waits.
const TOLD_AFTER: Duration = Duration::from_secs(1);
/// Pause between two looks of `pantau read`.
const READ_PAUSE: Duration = Duration::from_millis(100);

/// Broker with the devices that publish there.
#[derive(Debug)]
pub(super) struct MqttBus {
    settings: BrokerSettings,
    clock: Clock,
    board: Arc<Mutex<NodeBoard>>,
    /// State of the connection; `None` before the first poll.
    hearing: Option<BrokerHearing>,
}

/// Task that hears the topics; it ends with the bus.
#[derive(Debug)]
struct BrokerHearing {
    task: AbortHandle,
    state: watch::Receiver<HearingState>,
}

impl Drop for BrokerHearing {
    fn drop(&mut self) {
        // A dropped handle alone does not end a task: it would stay connected without a bus.
        self.task.abort();
    }
}

/// State of the connection to the broker.
#[derive(Clone, Debug)]
enum HearingState {
    /// The first connection is being made.
    Starting,
    /// Heard since this time.
    Listening(MonoMs),
    /// Not reachable, with the reason and the time of the next try.
    Away(String, MonoMs),
}

impl MqttBus {
    /// Creates the driver; it opens nothing yet. `zone` is that of times without one.
    pub(super) fn new(link: &MqttLink, devices: &[Device], clock: &Clock, zone: &SiteZone) -> Self {
        let mut settings = link.broker.clone();
        if settings.client_id.is_empty() {
            // A second program with the same configuration must not push this one out.
            settings.client_id = format!("pantau-nodes-{:08x}", fastrand::u32(..));
        }
        Self {
            settings,
            clock: clock.clone(),
            board: Arc::new(Mutex::new(NodeBoard::new(devices, zone))),
            hearing: None,
        }
    }

    fn start_hearing(&mut self) -> watch::Receiver<HearingState> {
        if let Some(hearing) = &self.hearing {
            return hearing.state.clone();
        }
        let (sender, state) = watch::channel(HearingState::Starting);
        let task = BrokerListener {
            settings: self.settings.clone(),
            clock: self.clock.clone(),
            board: Arc::clone(&self.board),
            state: sender,
        };
        let task = tokio::spawn(task.hear_forever()).abort_handle();
        let hearing = BrokerHearing { task, state };
        self.hearing.insert(hearing).state.clone()
    }

    async fn poll_device(&mut self, device: usize) -> DevicePoll {
        let mut state = self.start_hearing();
        let started = state.wait_for(|state| !matches!(state, HearingState::Starting));
        // Only the first poll ever waits here.
        let state = match tokio::time::timeout(BROKER_WAIT, started).await {
            Ok(Ok(state)) => state.clone(),
            Ok(Err(_)) | Err(_) => HearingState::Starting,
        };
        let now = self.clock.now().mono;
        match state {
            HearingState::Listening(since) => lock_board(&self.board).poll(device, now, since),
            HearingState::Starting => {
                self.unreachable("it is being connected", Duration::from_secs(1))
            }
            HearingState::Away(why, retry_at) => {
                let pause = Duration::from_millis(retry_at.0.saturating_sub(now.0));
                self.unreachable(&why, pause)
            }
        }
    }

    fn unreachable(&self, why: &str, pause: Duration) -> DevicePoll {
        let address = self.settings.address();
        // The error of a connection attempt names the address by itself.
        let message = if why.starts_with(&address) {
            format!("broker {why}")
        } else {
            format!("broker {address}: {why}")
        };
        let reason = QualityReason::Unreachable;
        DevicePoll {
            reopen_ms: Some(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)),
            ..DevicePoll::new(Err(PollError { reason, message }))
        }
    }

    /// Waits for a message on each topic of a device.
    async fn poll_until_heard(
        &mut self,
        device: usize,
        waiting: &mut (dyn FnMut() + Send),
    ) -> DevicePoll {
        let begun = Instant::now();
        let mut poll = self.poll_device(device).await;
        let mut is_told = false;
        while poll.reopen_ms.is_none() && begun.elapsed() < Duration::from_secs(NODE_READ_SECONDS) {
            let or_retained = begun.elapsed() < RETAINED_WAIT;
            if !lock_board(&self.board).is_waiting(device, or_retained) {
                break;
            }
            // Who gets a message at once need not be told to wait.
            if !is_told && begun.elapsed() >= TOLD_AFTER {
                waiting();
                is_told = true;
            }
            tokio::time::sleep(READ_PAUSE).await;
            poll = self.poll_device(device).await;
        }
        let has_values = |poll: &DevicePoll| {
            let mut outcomes = poll.outcomes.iter().flatten();
            outcomes.any(|outcome| outcome.reason() != Some(QualityReason::NoMessage))
        };
        if poll.outcomes.is_ok() && !has_values(&poll) {
            let reason = QualityReason::NoMessage;
            let message = format!("no message for {NODE_READ_SECONDS} s");
            return DevicePoll::new(Err(PollError { reason, message }));
        }
        poll
    }
}

impl BusDriver for MqttBus {
    fn poll(&mut self, device: usize, _now: MonoMs) -> BusFuture<'_, DevicePoll> {
        Box::pin(self.poll_device(device))
    }

    fn poll_patiently<'a>(&'a mut self, wish: PatientPoll<'a>) -> BusFuture<'a, DevicePoll> {
        Box::pin(self.poll_until_heard(wish.device, wish.waiting))
    }
}

/// Connection that is kept up for as long as the bus is there.
struct BrokerListener {
    settings: BrokerSettings,
    clock: Clock,
    board: Arc<Mutex<NodeBoard>>,
    state: watch::Sender<HearingState>,
}

impl BrokerListener {
    /// Connects again and again, with pauses that grow; it never ends.
    async fn hear_forever(self) {
        let topics = lock_board(&self.board).topics();
        let mut known = KnownBroker::default();
        let mut failures = 0;
        loop {
            let mut lived = Duration::ZERO;
            let lost = match Subscription::open(&self.settings, &topics, &mut known).await {
                Ok(mut subscription) => {
                    let lost = self.hear_until_lost(&mut subscription).await;
                    lived = subscription.age();
                    lost
                }
                Err(lost) => lost.why,
            };
            // A broker that accepts and drops us at once must not be tried at the shortest pause.
            if lived >= Duration::from_secs(SINK_STABLE_SECONDS) {
                failures = 0;
            }
            let pause = doubled_backoff_ms(BACKOFF_MIN_MS, failures);
            // Jitter, so that many gateways do not return to a broker in the same second.
            let pause = pause / 2 + fastrand::u64(0..=pause / 2);
            failures = failures.saturating_add(1);
            let retry_at = MonoMs(self.clock.now().mono.0.saturating_add(pause));
            self.state.send_replace(HearingState::Away(lost, retry_at));
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Takes messages until the connection is lost; returns the reason.
    async fn hear_until_lost(&self, subscription: &mut Subscription) -> String {
        loop {
            match subscription.next_event().await {
                Ok(SubscriptionEvent::Listening(refused)) => {
                    lock_board(&self.board).set_refused(refused.into_iter());
                    let since = self.clock.now().mono;
                    self.state.send_replace(HearingState::Listening(since));
                }
                Ok(SubscriptionEvent::Message(message)) => {
                    lock_board(&self.board).take_message(&message, self.clock.now());
                }
                Ok(SubscriptionEvent::Oversize(topic, bytes)) => {
                    lock_board(&self.board).take_oversize(&topic, bytes, self.clock.now());
                }
                Err(lost) => return lost.why,
            }
        }
    }
}

/// Locks the board, which is never held across a wait.
fn lock_board(board: &Mutex<NodeBoard>) -> MutexGuard<'_, NodeBoard> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}
