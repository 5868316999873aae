//! Task that owns one bus: selects the next device, polls it, sends the reading on and updates the
//! status.

use super::bus_driver::{BusDriver, DevicePoll, PollError, back_off_ms};
use super::fault_log::FaultLog;
use super::measured_load::MeasuredLoad;
use super::poll_scheduler::{PollDecision, PollScheduler};
use super::{create_driver, devices_of_bus};
use crate::bus_request::{
    self, BusHandles, BusRequest, BusRequestAnswer, BusRequestError, BusRequestKind,
    BusRequestOutcome,
};
use crate::clock::{Clock, ClockStamp};
use crate::config::{Config, Device};
use crate::domain::{ExactNumber, FaultDetail, QualityReason, Reading, SampleOutcome, UtcMs};
use crate::limits::{BACKOFF_MIN_MS, BUS_REQUEST_EXTRA_MS};
use crate::solar_position::{self, GeoLocation};
use crate::status::{DeviceFault, StatusBoard};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Delay between the polls of two devices of one bus. Devices of different buses start together, so
/// that one wake-up of the processor serves all buses.
const PHASE_STEP_MS: u64 = 7;
/// Sine of the sun's elevation (6 degrees) below which a device powered by sunlight may be off;
/// hills and clouds take the light near the horizon.
const DARK_BELOW_SINE: f64 = 0.105;
/// No poll is delayed by more than this.
const PHASE_MAX_MS: u64 = 200;

/// Starts one task for each bus that has devices. A task ends and drops its sender when `stop`
/// becomes true or is dropped; its result is its name. The returned handles let other tasks send
/// requests on these buses.
pub fn spawn_bus_tasks(
    config: &Config,
    clock: &Clock,
    board: &StatusBoard,
    counters: &CounterValues,
    out: &mpsc::Sender<Reading>,
    stop: &watch::Receiver<bool>,
    tasks: &mut JoinSet<String>,
) -> BusHandles {
    let mut doors = BTreeMap::new();
    for (index, bus) in config.buses.iter().enumerate() {
        if let Some(task) = create_bus_task(config, index, (clock, board), counters, out) {
            let (door, errands) = bus_request::request_channel();
            doors.insert(bus.id.clone(), door);
            tasks.spawn(task.run(errands, stop.clone()));
        }
    }
    BusHandles::new(doors)
}

/// Creates the task of the bus with this index, with its own driver; `None` when it has no device.
pub(crate) fn create_bus_task(
    config: &Config,
    bus: usize,
    (clock, board): (&Clock, &StatusBoard),
    counters: &CounterValues,
    out: &mpsc::Sender<Reading>,
) -> Option<BusTask> {
    let devices = devices_of_bus(config, bus).map(|(_, device)| device.clone());
    let devices: Vec<Device> = devices.collect();
    if devices.is_empty() {
        return None;
    }
    let mut driver = create_driver(config, config.buses.get(bus)?, devices.clone(), clock);
    resume_counters(&mut *driver, &devices, counters);
    Some(BusTask::new(config, bus, driver, clock, board, out))
}

/// Values of counters before the start, by the id of the point.
pub type CounterValues = HashMap<Arc<str>, ExactNumber>;

/// Gives each counter of a bus the value that it had before the start.
fn resume_counters(driver: &mut dyn BusDriver, devices: &[Device], values: &CounterValues) {
    for (position, device) in devices.iter().enumerate() {
        for (index, point) in device.points.iter().enumerate() {
            let id = format!("{}.{}", device.id, point.name);
            if let Some(value) = values.get(&*id) {
                driver.resume_counter(position, index, *value);
            }
        }
    }
}

/// Task that polls the devices of one bus.
#[derive(Debug)]
pub struct BusTask {
    id: Arc<str>,
    timeout: Duration,
    place: GeoLocation,
    driver: Box<dyn BusDriver>,
    poller: PollScheduler,
    devices: Vec<PolledDevice>,
    clock: Clock,
    board: StatusBoard,
    fault_log: FaultLog,
    load: MeasuredLoad,
    out: mpsc::Sender<Reading>,
}

/// Facts about a device that its bus task needs.
#[derive(Debug)]
struct PolledDevice {
    id: Arc<str>,
    /// Number that its readings carry: its index in the configuration, if nothing else was said.
    number: u16,
    /// Number of points.
    points: usize,
    asleep_at_night: bool,
    /// Failed polls in a row.
    misses: u32,
}

impl BusTask {
    /// Creates the task of the bus with this index; its devices are polled with this driver.
    ///
    /// # Panics
    /// When there is no such bus.
    pub fn new(
        config: &Config,
        bus: usize,
        mut driver: Box<dyn BusDriver>,
        clock: &Clock,
        board: &StatusBoard,
        out: &mpsc::Sender<Reading>,
    ) -> Self {
        let turns = devices_of_bus(config, bus)
            .zip(0u64..)
            .map(|((_, device), place)| {
                // The phase follows the position on the bus, so that it is the same after a
                // restart.
                let every = u64::try_from(device.every.as_millis()).unwrap_or(u64::MAX);
                let phase = place * PHASE_STEP_MS;
                // At most an eighth of the period, so that devices with a short period stay near
                // their slot.
                (every, phase % (every / 8).clamp(1, PHASE_MAX_MS))
            });
        let polled = |(number, device): (u16, &Device)| PolledDevice {
            id: device.id.clone(),
            number,
            points: device.points.len(),
            asleep_at_night: device.asleep_at_night,
            misses: 0,
        };
        driver.watch_frames(board.frame_log(&config.buses[bus].id));
        Self {
            id: config.buses[bus].id.clone(),
            timeout: config.buses[bus].timeout,
            place: GeoLocation {
                latitude: config.site.latitude,
                longitude: config.site.longitude,
            },
            driver,
            poller: PollScheduler::new(turns),
            devices: devices_of_bus(config, bus).map(polled).collect(),
            clock: clock.clone(),
            board: board.clone(),
            fault_log: FaultLog::default(),
            load: MeasuredLoad::default(),
            out: out.clone(),
        }
    }

    /// Gives the devices, in their order on the bus, the numbers that their readings carry instead
    /// of their index in the configuration. Needed where the configuration may change while the
    /// task runs.
    #[must_use]
    pub(crate) fn with_device_numbers(mut self, numbers: &[u16]) -> Self {
        for (device, number) in self.devices.iter_mut().zip(numbers) {
            device.number = *number;
        }
        self
    }

    /// Polls until `stop` becomes true or is dropped, or nobody receives readings any more; returns
    /// the name of the task.
    pub async fn run(
        mut self,
        mut errands: mpsc::Receiver<BusRequest>,
        mut stop: watch::Receiver<bool>,
    ) -> String {
        let name = format!("bus {}", self.id);
        // `biased`: a stop request is honoured before another poll begins.
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.run_polls(&mut errands) => {}
        }
        name
    }

    /// Polls until nobody receives readings any more. Between two polls there is time for one
    /// request of another task.
    async fn run_polls(&mut self, errands: &mut mpsc::Receiver<BusRequest>) {
        loop {
            let now = self.clock.now();
            match self.poller.next_poll(now) {
                PollDecision::Wait(ms) => {
                    let wait = self.wait_time(now, ms);
                    tokio::select! {
                        Some(errand) = errands.recv() => self.serve_request(errand).await,
                        () = self.driver.run_idle() => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                }
                PollDecision::Poll(index, at) => {
                    let reading = self.poll(index, at, now).await;
                    if self.out.send(reading).await.is_err() {
                        return;
                    }
                    // One request at most, so that a scan cannot delay the polls of a bus by more
                    // than one timeout.
                    if let Ok(errand) = errands.try_recv() {
                        self.serve_request(errand).await;
                    }
                }
            }
        }
    }

    /// Time until `ms` after the millisecond `now`.
    // To its exact begin: all buses of a slot are then served by one wake-up of the program.
    fn wait_time(&self, now: ClockStamp, ms: u64) -> Duration {
        let end = now.at.0.saturating_add_unsigned(ms);
        // No more, in case the clock was set just now.
        self.clock
            .time_until(UtcMs(end))
            .min(Duration::from_millis(ms))
    }

    async fn serve_request(&mut self, mut errand: BusRequest) {
        if let BusRequestKind::Poll(device) = errand.wanted {
            return self.serve_poll(device.into(), errand).await;
        }
        // Others may not hold the bus for longer than this, whatever timeout they ask for.
        let most = Duration::from_millis(BUS_REQUEST_EXTRA_MS).max(self.timeout);
        errand.patience = errand.patience.min(most);
        errand.gap = errand.gap.min(most);
        self.driver.serve_request(errand).await;
    }

    /// Polls a device for a technician; the reading goes to the requester and nowhere else.
    async fn serve_poll(&mut self, device: usize, errand: BusRequest) {
        let said = if device < self.devices.len() {
            let poll = self.driver.poll(device, self.clock.now().mono).await;
            let fault = poll.fault.map(|fault| BusRequestError {
                reason: fault.reason,
                detail: fault.detail,
            });
            let outcomes = poll.outcomes.map(<[SampleOutcome]>::into_vec);
            outcomes.map(|outcomes| BusRequestAnswer::Outcomes(outcomes, fault))
        } else {
            Err(PollError {
                reason: QualityReason::Absent,
                message: format!("bus {} has no device {device}", self.id),
            })
        };
        // The requester may have stopped meanwhile.
        let _ = errand.answer.send(BusRequestOutcome {
            said: said.map_err(|error| BusRequestError {
                reason: error.reason,
                detail: error.message.into(),
            }),
            sent: Vec::new(),
            received: Vec::new(),
        });
    }

    /// Polls one device. The clock is read once for date, monotonic time and trust, since it may be
    /// set in between.
    async fn poll(&mut self, index: usize, at: UtcMs, begun: ClockStamp) -> Reading {
        let poll = self.driver.poll(index, begun.mono).await;
        let now = self.clock.now();
        let load = self.load.add(begun.mono, now.mono);
        self.board
            .update(|state| status_entry(&mut state.buses, &self.id).load_percent = load);
        let late = match &poll.outcomes {
            Ok(_) => {
                self.devices[index].misses = 0;
                self.poller.record_success(index, now)
            }
            // A node sends by itself: to ask it between its slots brings nothing.
            Err(PollError {
                reason: QualityReason::NoMessage | QualityReason::Offline,
                ..
            }) => self.poller.record_success(index, now),
            Err(failure) => {
                let pause = self.pause_ms(index, failure, &poll);
                self.poller.record_failure(index, now, pause);
                0
            }
        };
        // Without a trusted clock the position of the sun is not known.
        let asleep = begun.trusted && self.is_dark_now(index, begun.at);
        // A connection that may still be in its quiet time says nothing about the device behind it.
        let silence_counts = poll.is_silence_meaningful;
        let reason = |failure: &PollError| match failure.reason {
            QualityReason::Timeout | QualityReason::HalfAnswered if asleep && silence_counts => {
                QualityReason::Asleep
            }
            QualityReason::NoMessage | QualityReason::Offline if asleep => QualityReason::Asleep,
            // A device without power takes its own network module away with it, or the gateway in
            // front of it answers with exception 10 or 11.
            QualityReason::Unreachable | QualityReason::Refused(10 | 11) if asleep => {
                QualityReason::Asleep
            }
            reason => reason,
        };
        let why = poll.outcomes.as_ref().err().map(reason);
        self.update_status(index, at, late, &poll, why);
        let device = &self.devices[index];
        let outcomes = poll.outcomes.unwrap_or_else(|failure| {
            let bad = SampleOutcome::Bad(why.unwrap_or(failure.reason));
            vec![bad; device.points].into_boxed_slice()
        });
        Reading {
            device: device.number,
            at,
            mono: begun.mono,
            // Readings of an untrusted clock get their time later from the monotonic clock.
            dated: begun.trusted,
            outcomes,
        }
    }

    /// True when the device is powered by sunlight and the sun is too low.
    fn is_dark_now(&self, index: usize, at: UtcMs) -> bool {
        self.devices[index].asleep_at_night
            && solar_position::solar_elevation_sine(at, self.place) < DARK_BELOW_SINE
    }

    /// Returns the pause before the next poll of a device. While the whole bus is unreachable, only
    /// the bus's own pause counts.
    fn pause_ms(&mut self, index: usize, failure: &PollError, poll: &DevicePoll) -> u64 {
        if let (QualityReason::Unreachable, Some(pause)) = (failure.reason, poll.reopen_ms) {
            return pause.max(BACKOFF_MIN_MS);
        }
        // A device that answered in part and will be read in another way next time is not dead.
        if poll.has_learnt {
            return BACKOFF_MIN_MS;
        }
        let misses = &mut self.devices[index].misses;
        let pause = back_off_ms(*misses);
        *misses = misses.saturating_add(1);
        pause
    }

    fn update_status(
        &mut self,
        index: usize,
        at: UtcMs,
        late: u64,
        poll: &DevicePoll,
        why: Option<QualityReason>,
    ) {
        let id = &Arc::clone(&self.devices[index].id);
        let fault = device_fault(poll, why);
        let any = poll.outcomes.as_ref().is_ok_and(|outcomes| {
            outcomes
                .iter()
                .any(|outcome| outcome.present_number().is_some())
        });
        let failure = poll.outcomes.as_ref().err();
        let unreachable = failure.filter(|error| error.reason == QualityReason::Unreachable);
        let real_every_ms = self.poller.real_every_ms(index);
        let (before, fault) = self.board.update(|state| {
            let bus = status_entry(&mut state.buses, &self.id);
            bus.open = poll.reopen_ms.is_none();
            bus.fault = unreachable.map(|error| error.message.clone());
            bus.requests += poll.counts.requests;
            bus.timeouts += poll.counts.timeouts;
            bus.corrupt += poll.counts.corrupt;
            bus.late += poll.counts.late;
            bus.stale += poll.counts.stale;
            let device = status_entry(&mut state.devices, id);
            device.polls += 1;
            device.late += late;
            device.real_every_ms = real_every_ms;
            device.identity.clone_from(&poll.identity);
            device.shortened_to = poll.shortened_to;
            device.last_poll = Some(at);
            if any {
                device.last_good = Some(at);
                device.misses = 0;
                device.round_trip_ms = poll.round_trip_ms;
            } else {
                device.failures += 1;
                device.misses = device.misses.saturating_add(1);
            }
            let fault = fault.or_else(|| silence_after(device.fault.as_ref(), poll));
            let before = std::mem::replace(&mut device.fault, fault.clone());
            (before, fault)
        });
        let change = (before.as_ref(), fault.as_ref());
        self.fault_log.record_change(&self.id, id, change, any);
    }
}

fn status_entry<'a, T: Default>(map: &'a mut BTreeMap<Arc<str>, T>, id: &Arc<str>) -> &'a mut T {
    map.entry(id.clone()).or_default()
}

/// Returns the fault of a device: of the whole device, or of a part that it refuses.
fn device_fault(poll: &DevicePoll, why: Option<QualityReason>) -> Option<DeviceFault> {
    let refused = |outcomes: &[SampleOutcome]| {
        let mut reasons = outcomes.iter().filter_map(SampleOutcome::reason);
        reasons.find(|reason| matches!(reason, QualityReason::Refused(_) | QualityReason::Timeout))
    };
    let reason = match &poll.outcomes {
        Ok(outcomes) => match refused(outcomes) {
            Some(reason) => reason,
            None => return poll.fault.clone(),
        },
        Err(failure) => why.unwrap_or(failure.reason),
    };
    let detail = poll.detail.clone();
    Some(DeviceFault { reason, detail })
}

/// Fault of a sensor node that had another one (its broker was away) and has sent nothing since: a
/// connection to the broker is no answer of the node.
fn silence_after(before: Option<&DeviceFault>, poll: &DevicePoll) -> Option<DeviceFault> {
    let reason = QualityReason::NoMessage;
    let is_unheard = |outcome: &SampleOutcome| outcome.reason() == Some(reason);
    let outcomes = poll.outcomes.as_ref().ok()?;
    let is_silent = !outcomes.is_empty() && outcomes.iter().all(is_unheard);
    let detail = FaultDetail::message(
        "no message since the last fault",
        "detail-no-message-since",
        &[],
    );
    before.filter(|_| is_silent)?;
    Some(DeviceFault { reason, detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{SiteText, load_site};

    /// Returns the reason of a first poll to a closed TCP port at this moment.
    async fn first_failure_at(at: UtcMs, asleep_at_night: bool) -> Option<QualityReason> {
        let closed = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let asleep = format!("asleep_at_night = {asleep_at_night}");
        let text = SiteText::new("t")
            .tcp_bus("b", port)
            .device("d", "b", asleep);
        let point = "{ id = 'p', register = 'holding:0', type = 'u16' }";
        let config = load_site(&text.points([point]).text());
        let (out, mut readings) = mpsc::channel(1);
        let (_stop, stopped) = watch::channel(false);
        let (clock, board, mut tasks) =
            (Clock::set(at, true), StatusBoard::default(), JoinSet::new());
        let counters = CounterValues::default();
        spawn_bus_tasks(
            &config, &clock, &board, &counters, &out, &stopped, &mut tasks,
        );
        let reading = readings.recv().await.unwrap();
        let fault = board.snapshot().devices.get("d").unwrap().fault.clone();
        let outcome = reading.outcomes[0].reason();
        assert_eq!(fault.map(|fault| fault.reason), outcome);
        outcome
    }

    #[tokio::test]
    async fn a_device_that_lives_on_sunlight_sleeps_at_night_and_is_missed_by_day() {
        // 2026-07-01 in Sumatra: 01:00 and 12:00.
        let (night, noon) = (UtcMs(1_782_842_400_000), UtcMs(1_782_882_000_000));
        assert_eq!(
            first_failure_at(night, true).await,
            Some(QualityReason::Asleep)
        );
        assert_eq!(
            first_failure_at(noon, true).await,
            Some(QualityReason::Unreachable)
        );
        assert_eq!(
            first_failure_at(night, false).await,
            Some(QualityReason::Unreachable)
        );
    }
}
