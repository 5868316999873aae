//! The task that owns a bus: whose turn, ask, hand on, tell the board.

use super::bus::{Channel, Failure, back_off_ms};
use super::device::Reader;
use super::poller::{Next, Poller};
use crate::clock::{Clock, Stamp};
use crate::config::{Bus, Config};
use crate::errand::{self, Errand, Errands};
use crate::limits::ERRAND_PATIENCE_MS;
use crate::model::{Outcome, Reading, Reason, UtcMs};
use crate::status::{Board, Fault};
use crate::sun::{self, Place};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Devices of one bus start their polls this much apart. Buses start together: one wake-up serves
/// them all.
const PHASE_STEP_MS: u64 = 7;
/// Sine of the sun's elevation (6 degrees) under which a device that lives on sunlight may be off:
/// hills and clouds take the first and the last light.
const DARK_BELOW: f64 = 0.105;
/// No poll is put off by more than this.
const PHASE_MAX_MS: u64 = 200;

/// Starts one task for each bus that has devices; each ends, and drops its sender, when `stop`
/// turns true or is dropped. A task's result is its name. The doors let others ask on these buses.
pub fn spawn(
    config: &Config,
    clock: &Clock,
    board: &Board,
    out: &mpsc::Sender<Reading>,
    stop: &watch::Receiver<bool>,
    tasks: &mut JoinSet<String>,
) -> Errands {
    let mut doors = BTreeMap::new();
    for (index, bus) in config.buses.iter().enumerate() {
        let devices = config.devices.iter().zip(0u16..);
        let readers: Vec<(u16, Reader)> = devices
            .filter(|(device, _)| device.bus == index)
            .map(|(device, number)| (number, Reader::new(device.clone(), &bus.link)))
            .collect();
        if readers.is_empty() {
            continue;
        }
        let place = Place {
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
        let (door, errands) = errand::door();
        doors.insert(bus.id.clone(), door);
        tasks.spawn(task.run(errands, stop.clone()));
    }
    Errands::new(doors)
}

struct BusTask {
    bus: Bus,
    place: Place,
    channel: Channel,
    poller: Poller,
    readers: Vec<(u16, Reader)>,
    misses: Vec<u32>,
    clock: Clock,
    board: Board,
    out: mpsc::Sender<Reading>,
}

impl BusTask {
    fn new(
        bus: &Bus,
        place: Place,
        readers: Vec<(u16, Reader)>,
        clock: Clock,
        board: Board,
        out: mpsc::Sender<Reading>,
    ) -> Self {
        let turns = readers.iter().zip(0u64..).map(|((_, reader), place)| {
            let every = u64::try_from(reader.device.every.as_millis()).unwrap_or(u64::MAX);
            let phase = place * PHASE_STEP_MS;
            (every, phase % (every / 8).clamp(1, PHASE_MAX_MS))
        });
        Self {
            channel: Channel::new(bus),
            poller: Poller::new(turns),
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
        mut errands: mpsc::Receiver<Errand>,
        mut stop: watch::Receiver<bool>,
    ) -> String {
        let name = format!("bus {}", self.bus.id);
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.work(&mut errands) => {}
        }
        name
    }

    /// Ends when nobody takes readings any more. Between two polls there is room for one request of
    /// somebody else.
    async fn work(&mut self, errands: &mut mpsc::Receiver<Errand>) {
        loop {
            let now = self.clock.now();
            match self.poller.next(now) {
                Next::Wait(ms) => tokio::select! {
                    Some(errand) = errands.recv() => self.run_errand(errand).await,
                    // What comes too late says so, and how late.
                    () = self.channel.overhear(), if self.channel.owes() => {}
                    () = tokio::time::sleep(Duration::from_millis(ms)) => {}
                },
                Next::Poll(index, at) => {
                    let reading = self.poll(index, at, now).await;
                    if self.out.send(reading).await.is_err() {
                        return;
                    }
                    if let Ok(errand) = errands.try_recv() {
                        self.run_errand(errand).await;
                    }
                }
            }
        }
    }

    async fn run_errand(&mut self, mut errand: Errand) {
        let most = Duration::from_millis(ERRAND_PATIENCE_MS).max(self.bus.timeout);
        errand.patience = errand.patience.min(most);
        errand.gap = errand.gap.min(most);
        self.channel.run_errand(errand).await;
        // What somebody else asked says nothing about this site's devices.
        self.channel.take_counts();
    }

    /// Asks a device. One look at the clocks gives date, moment and trust: the clock may be set in
    /// between.
    async fn poll(&mut self, index: usize, at: UtcMs, begun: Stamp) -> Reading {
        let (number, reader) = &mut self.readers[index];
        let result = reader.poll(&mut self.channel, begun.mono).await;
        let (number, points) = (*number, reader.device.points.len());
        let now = self.clock.now();
        let late = match &result {
            Ok(_) => {
                self.misses[index] = 0;
                self.poller.done(index, now)
            }
            Err(failure) => {
                let pause = self.pause_ms(index, failure);
                self.poller.failed(index, now, pause);
                0
            }
        };
        let asleep = begun.trusted && self.may_sleep(index, begun.at);
        // A link that may still be quiet after connecting says nothing of the device behind it.
        let silence_counts = self.channel.silence_counts();
        let reason = |failure: &Failure| match failure.reason() {
            Reason::Timeout if asleep && silence_counts => Reason::Asleep,
            Reason::Unreachable | Reason::Refused(10 | 11) if asleep => Reason::Asleep,
            reason => reason,
        };
        let why = result.as_ref().err().map(reason);
        self.tell(index, at, late, &result, why);
        let outcomes = result.unwrap_or_else(|failure| {
            vec![Outcome::Bad(why.unwrap_or(failure.reason())); points].into_boxed_slice()
        });
        Reading {
            device: number,
            at,
            mono: begun.mono,
            dated: begun.trusted,
            outcomes,
        }
    }

    /// The device lives on sunlight, and there is none now.
    fn may_sleep(&self, index: usize, at: UtcMs) -> bool {
        let reader = &self.readers[index].1;
        reader.device.asleep_at_night && sun::sine_elevation(at, self.place) < DARK_BELOW
    }

    /// How long to leave a device alone. When the whole bus is away it waits for the bus only.
    fn pause_ms(&mut self, index: usize, failure: &Failure) -> u64 {
        if matches!(failure, Failure::Unreachable(_)) && !self.channel.is_open() {
            return self.channel.pause_ms().max(crate::limits::BACKOFF_MIN_MS);
        }
        // Who has answered a part, and will be asked otherwise next time, is not dead.
        if self.readers[index].1.has_learnt {
            return crate::limits::BACKOFF_MIN_MS;
        }
        let pause = back_off_ms(self.misses[index]);
        self.misses[index] = self.misses[index].saturating_add(1);
        pause
    }

    fn tell(
        &mut self,
        index: usize,
        at: UtcMs,
        late: u64,
        result: &Result<Box<[Outcome]>, Failure>,
        why: Option<Reason>,
    ) {
        let reader = &self.readers[index].1;
        let fault = fault(reader, result, why);
        let any = result
            .as_ref()
            .is_ok_and(|outcomes| outcomes.iter().any(|outcome| outcome.number().is_some()));
        let counts = self.channel.take_counts();
        let open = self.channel.is_open();
        let unreachable = match result {
            Err(Failure::Unreachable(why)) => Some(why.clone()),
            _ => None,
        };
        let before = self.board.write(|state| {
            let bus = entry(&mut state.buses, &self.bus.id);
            bus.open = open;
            bus.fault = unreachable;
            bus.requests += counts.requests;
            bus.timeouts += counts.timeouts;
            bus.corrupt += counts.corrupt;
            bus.late += counts.late;
            bus.stale += counts.stale;
            let device = entry(&mut state.devices, &reader.device.id);
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
        report(
            &self.bus.id,
            &reader.device.id,
            before.as_ref(),
            fault.as_ref(),
        );
    }
}

fn entry<'a, T: Default>(
    map: &'a mut std::collections::BTreeMap<std::sync::Arc<str>, T>,
    id: &std::sync::Arc<str>,
) -> &'a mut T {
    map.entry(id.clone()).or_default()
}

/// What is wrong: the device as a whole, or a part that it refuses.
fn fault(
    reader: &Reader,
    result: &Result<Box<[Outcome]>, Failure>,
    why: Option<Reason>,
) -> Option<Fault> {
    let refused = |outcomes: &[Outcome]| {
        let mut reasons = outcomes.iter().filter_map(Outcome::reason);
        reasons.find(|reason| matches!(reason, Reason::Refused(_) | Reason::Timeout))
    };
    let reason = match result {
        Ok(outcomes) => match (refused(outcomes), reader.cut_short()) {
            (Some(reason), _) => reason,
            (None, Some(why)) => {
                let detail = format!("SunSpec list of models ends early: {why}");
                return Some(Fault {
                    reason: Reason::Absent,
                    detail,
                });
            }
            (None, None) => return None,
        },
        Err(failure) => why.unwrap_or(failure.reason()),
    };
    let detail = reader.detail.clone();
    Some(Fault { reason, detail })
}

/// Once a change of state, not once a poll.
fn report(bus: &str, device: &str, before: Option<&Fault>, after: Option<&Fault>) {
    match (before, after) {
        (Some(_), None) => tracing::info!(bus, device, "device answers again"),
        (before, Some(fault)) if before.is_none_or(|old| old.reason != fault.reason) => {
            if fault.reason == Reason::Asleep {
                tracing::info!(bus, device, "device sleeps until the sun is up");
                return;
            }
            let reason = fault.reason.word();
            let detail = fault.detail.as_str();
            if fault.reason == Reason::Absent {
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

    /// What a first poll of a port that nobody listens on gives at this moment.
    async fn silent_at(at: UtcMs, asleep_at_night: bool) -> Option<Reason> {
        let closed = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let text = format!(
            "[site]\nid = 't'\ntimezone = 'Asia/Jakarta'\nlatitude = -3.76\nlongitude = 103.78\n\
             [[bus]]\nid = 'b'\nkind = 'modbus-tcp'\nhost = '127.0.0.1'\ntcp_port = {port}\n\
             [[device]]\nid = 'd'\nbus = 'b'\nasleep_at_night = {asleep_at_night}\n\
             point = [{{ id = 'p', register = 'holding:0', type = 'u16' }}]\n"
        );
        let file = std::path::Path::new("pantau.toml");
        let config = crate::config::load_text(&text, file, &|_| None).unwrap();
        let (out, mut readings) = mpsc::channel(1);
        let (_stop, stopped) = watch::channel(false);
        let (clock, board, mut tasks) = (Clock::set(at, true), Board::default(), JoinSet::new());
        spawn(&config, &clock, &board, &out, &stopped, &mut tasks);
        let reading = readings.recv().await.unwrap();
        let fault = board.read().devices.get("d").unwrap().fault.clone();
        let outcome = reading.outcomes[0].reason();
        assert_eq!(fault.map(|fault| fault.reason), outcome);
        outcome
    }

    #[tokio::test]
    async fn a_device_that_lives_on_sunlight_sleeps_at_night_and_is_missed_by_day() {
        // 2026-07-01 in Sumatra: 01:00 and 12:00.
        let (night, noon) = (UtcMs(1_782_842_400_000), UtcMs(1_782_882_000_000));
        assert_eq!(silent_at(night, true).await, Some(Reason::Asleep));
        assert_eq!(silent_at(noon, true).await, Some(Reason::Unreachable));
        assert_eq!(silent_at(night, false).await, Some(Reason::Unreachable));
    }
}
