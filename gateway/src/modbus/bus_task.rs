//! Task that owns one bus: selects the next device, polls it, sends the reading on and updates the
//! status.

use super::bus::{BusChannel, BusChannelError, back_off_ms};
use super::device_reader::DeviceReader;
use super::poll_scheduler::{PollDecision, PollScheduler};
use crate::bus_request::{self, BusHandles, BusRequest};
use crate::clock::{Clock, ClockStamp};
use crate::config::{Bus, Config};
use crate::domain::{QualityReason, Reading, SampleOutcome, UtcMs};
use crate::limits::BUS_REQUEST_EXTRA_MS;
use crate::solar_position::{self, GeoLocation};
use crate::status::{DeviceFault, StatusBoard};
use std::collections::BTreeMap;
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
    out: &mpsc::Sender<Reading>,
    stop: &watch::Receiver<bool>,
    tasks: &mut JoinSet<String>,
) -> BusHandles {
    let mut doors = BTreeMap::new();
    for (index, bus) in config.buses.iter().enumerate() {
        let devices = config.devices.iter().zip(0u16..);
        // Samples carry the index of the device in the configuration, which must be the same for
        // all buses.
        let readers: Vec<(u16, DeviceReader)> = devices
            .filter(|(device, _)| device.bus == index)
            .map(|(device, number)| (number, DeviceReader::new(device.clone(), &bus.link)))
            .collect();
        if readers.is_empty() {
            continue;
        }
        let place = GeoLocation {
            latitude: config.site.latitude,
            longitude: config.site.longitude,
        };
        let task = BusTask::new(
            bus,
            place,
            readers,
            clock.clone(),
            board.clone(),
            out.clone(),
        );
        let (door, errands) = bus_request::request_channel();
        doors.insert(bus.id.clone(), door);
        tasks.spawn(task.run(errands, stop.clone()));
    }
    BusHandles::new(doors)
}

struct BusTask {
    bus: Bus,
    place: GeoLocation,
    channel: BusChannel,
    poller: PollScheduler,
    readers: Vec<(u16, DeviceReader)>,
    misses: Vec<u32>,
    clock: Clock,
    board: StatusBoard,
    out: mpsc::Sender<Reading>,
}

impl BusTask {
    fn new(
        bus: &Bus,
        place: GeoLocation,
        readers: Vec<(u16, DeviceReader)>,
        clock: Clock,
        board: StatusBoard,
        out: mpsc::Sender<Reading>,
    ) -> Self {
        let turns = readers.iter().zip(0u64..).map(|((_, reader), place)| {
            // The phase follows the position on the bus, so that it is the same after a restart.
            let every = u64::try_from(reader.device.every.as_millis()).unwrap_or(u64::MAX);
            let phase = place * PHASE_STEP_MS;
            // At most an eighth of the period, so that devices with a short period stay near their
            // slot.
            (every, phase % (every / 8).clamp(1, PHASE_MAX_MS))
        });
        Self {
            channel: BusChannel::new(bus),
            poller: PollScheduler::new(turns),
            misses: vec![0; readers.len()],
            bus: bus.clone(),
            place,
            readers,
            clock,
            board,
            out,
        }
    }

    async fn run(
        mut self,
        mut errands: mpsc::Receiver<BusRequest>,
        mut stop: watch::Receiver<bool>,
    ) -> String {
        let name = format!("bus {}", self.bus.id);
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
                PollDecision::Wait(ms) => tokio::select! {
                    Some(errand) = errands.recv() => self.serve_request(errand).await,
                    // A late answer is read now, so that its delay can be measured and reported.
                    () = self.channel.listen_for_late_answers(),
                        if self.channel.awaits_late_answer() => {}
                    () = tokio::time::sleep(Duration::from_millis(ms)) => {}
                },
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

    async fn serve_request(&mut self, mut errand: BusRequest) {
        // Others may not hold the bus for longer than this, whatever timeout they ask for.
        let most = Duration::from_millis(BUS_REQUEST_EXTRA_MS).max(self.bus.timeout);
        errand.patience = errand.patience.min(most);
        errand.gap = errand.gap.min(most);
        self.channel.serve_bus_request(errand).await;
        // Requests of other tasks may go to units outside this site's configuration.
        self.channel.take_counts();
    }

    /// Polls one device. The clock is read once for date, monotonic time and trust, since it may be
    /// set in between.
    async fn poll(&mut self, index: usize, at: UtcMs, begun: ClockStamp) -> Reading {
        let (number, reader) = &mut self.readers[index];
        let result = reader.poll(&mut self.channel, begun.mono).await;
        let (number, points) = (*number, reader.device.points.len());
        let now = self.clock.now();
        let late = match &result {
            Ok(_) => {
                self.misses[index] = 0;
                self.poller.record_success(index, now)
            }
            Err(failure) => {
                let pause = self.pause_ms(index, failure);
                self.poller.record_failure(index, now, pause);
                0
            }
        };
        // Without a trusted clock the position of the sun is not known.
        let asleep = begun.trusted && self.is_dark_now(index, begun.at);
        // A connection that may still be in its quiet time says nothing about the device behind it.
        let silence_counts = self.channel.is_silence_meaningful();
        let reason = |failure: &BusChannelError| match failure.reason() {
            QualityReason::Timeout if asleep && silence_counts => QualityReason::Asleep,
            // A device without power takes its own network module away with it, or the gateway in
            // front of it answers with exception 10 or 11.
            QualityReason::Unreachable | QualityReason::Refused(10 | 11) if asleep => {
                QualityReason::Asleep
            }
            reason => reason,
        };
        let why = result.as_ref().err().map(reason);
        self.update_status(index, at, late, &result, why);
        let outcomes = result.unwrap_or_else(|failure| {
            vec![SampleOutcome::Bad(why.unwrap_or(failure.reason())); points].into_boxed_slice()
        });
        Reading {
            device: number,
            at,
            mono: begun.mono,
            // Readings of an untrusted clock get their time later from the monotonic clock.
            dated: begun.trusted,
            outcomes,
        }
    }

    /// True when the device is powered by sunlight and the sun is too low.
    fn is_dark_now(&self, index: usize, at: UtcMs) -> bool {
        let reader = &self.readers[index].1;
        reader.device.asleep_at_night
            && solar_position::solar_elevation_sine(at, self.place) < DARK_BELOW_SINE
    }

    /// Returns the pause before the next poll of a device. While the whole bus is unreachable, only
    /// the bus's own pause counts.
    fn pause_ms(&mut self, index: usize, failure: &BusChannelError) -> u64 {
        if matches!(failure, BusChannelError::Unreachable(_)) && !self.channel.is_open() {
            return self
                .channel
                .reconnect_pause_ms()
                .max(crate::limits::BACKOFF_MIN_MS);
        }
        // A device that answered in part and will be read in another way next time is not dead.
        if self.readers[index].1.has_learnt {
            return crate::limits::BACKOFF_MIN_MS;
        }
        let pause = back_off_ms(self.misses[index]);
        self.misses[index] = self.misses[index].saturating_add(1);
        pause
    }

    fn update_status(
        &mut self,
        index: usize,
        at: UtcMs,
        late: u64,
        result: &Result<Box<[SampleOutcome]>, BusChannelError>,
        why: Option<QualityReason>,
    ) {
        let reader = &self.readers[index].1;
        let fault = device_fault(reader, result, why);
        let any = result
            .as_ref()
            .is_ok_and(|outcomes| outcomes.iter().any(|outcome| outcome.number().is_some()));
        let counts = self.channel.take_counts();
        let open = self.channel.is_open();
        let unreachable = match result {
            Err(BusChannelError::Unreachable(why)) => Some(why.clone()),
            _ => None,
        };
        let before = self.board.update(|state| {
            let bus = status_entry(&mut state.buses, &self.bus.id);
            bus.open = open;
            bus.fault = unreachable;
            bus.requests += counts.requests;
            bus.timeouts += counts.timeouts;
            bus.corrupt += counts.corrupt;
            bus.late += counts.late;
            bus.stale += counts.stale;
            let device = status_entry(&mut state.devices, &reader.device.id);
            device.polls += 1;
            device.late += late;
            device.identity = reader.identity().cloned();
            device.shortened_to = reader.shortened_to();
            device.last_poll = Some(at);
            if any {
                device.last_good = Some(at);
                device.misses = 0;
                device.round_trip_ms = reader.round_trip_ms;
            } else {
                device.failures += 1;
                device.misses = device.misses.saturating_add(1);
            }
            std::mem::replace(&mut device.fault, fault.clone())
        });
        log_fault_change(
            &self.bus.id,
            &reader.device.id,
            before.as_ref(),
            fault.as_ref(),
        );
    }
}

fn status_entry<'a, T: Default>(
    map: &'a mut std::collections::BTreeMap<std::sync::Arc<str>, T>,
    id: &std::sync::Arc<str>,
) -> &'a mut T {
    map.entry(id.clone()).or_default()
}

/// Returns the fault of a device: of the whole device, or of a part that it refuses.
fn device_fault(
    reader: &DeviceReader,
    result: &Result<Box<[SampleOutcome]>, BusChannelError>,
    why: Option<QualityReason>,
) -> Option<DeviceFault> {
    let refused = |outcomes: &[SampleOutcome]| {
        let mut reasons = outcomes.iter().filter_map(SampleOutcome::reason);
        reasons.find(|reason| matches!(reason, QualityReason::Refused(_) | QualityReason::Timeout))
    };
    let reason = match result {
        Ok(outcomes) => match (refused(outcomes), reader.list_end_reason()) {
            (Some(reason), _) => reason,
            (None, Some(why)) => {
                let detail = format!("SunSpec list of models ends early: {why}");
                return Some(DeviceFault {
                    reason: QualityReason::Absent,
                    detail,
                });
            }
            (None, None) => return None,
        },
        Err(failure) => why.unwrap_or(failure.reason()),
    };
    let detail = reader.detail.clone();
    Some(DeviceFault { reason, detail })
}

/// Logs a change of state; a fault that persists is logged once, not at every poll.
fn log_fault_change(
    bus: &str,
    device: &str,
    before: Option<&DeviceFault>,
    after: Option<&DeviceFault>,
) {
    match (before, after) {
        (Some(_), None) => tracing::info!(bus, device, "device answers again"),
        // The detail names the last request and may differ from poll to poll; only the reason
        // counts as news.
        (before, Some(fault)) if before.is_none_or(|old| old.reason != fault.reason) => {
            if fault.reason == QualityReason::Asleep {
                tracing::info!(bus, device, "device sleeps until the sun is up");
                return;
            }
            let reason = fault.reason.word();
            let detail = fault.detail.as_str();
            if fault.reason == QualityReason::Absent {
                tracing::warn!(bus, device, reason, detail, "device has none of its points");
                return;
            }
            tracing::warn!(
                bus,
                device,
                reason,
                detail,
                "device gives no answer to a request"
            );
        }
        _ => {}
    }
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
        spawn_bus_tasks(&config, &clock, &board, &out, &stopped, &mut tasks);
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
