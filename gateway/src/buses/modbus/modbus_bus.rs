//! [`ModbusBus`]: the driver of a Modbus bus, with one channel and a reader for each device.

use super::bus::{BusChannel, BusChannelError};
use super::device_reader::DeviceReader;
use crate::bus_request::BusRequest;
use crate::buses::{
    BusDriver, BusFuture, DevicePoll, PatientPoll, PollDetails, PollError, PollRequest,
};
use crate::clock::Clock;
use crate::config::{Bus, Device, ModbusLink, Point};
use crate::domain::{ExactNumber, FaultDetail, MonoMs, QualityReason, SampleOutcome};
use crate::limits::READ_TRIES_MAX;
use crate::status::{DeviceFault, FrameLog};
use std::time::Duration;
use tokio::sync::mpsc;

/// Pause before a device that may be in its quiet time after connecting is tried again; doubled up
/// to `RETRY_PAUSE_MAX`.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(100);
const RETRY_PAUSE_MAX: Duration = Duration::from_millis(1500);

type PointOutcomes = Result<Box<[SampleOutcome]>, BusChannelError>;

/// A Modbus line or connection with its devices.
#[derive(Debug)]
pub(in crate::buses) struct ModbusBus {
    channel: BusChannel,
    readers: Vec<DeviceReader>,
    /// A technician waits for the answers.
    is_interactive: bool,
}

impl ModbusBus {
    /// Creates the driver; with `owner` the requests go to the task that owns the bus.
    pub(in crate::buses) fn new(
        bus: &Bus,
        link: &ModbusLink,
        devices: Vec<Device>,
        owner: Option<mpsc::Sender<BusRequest>>,
    ) -> Self {
        // One device that is read alone waits for its own quiet time, not for that of the others.
        let settle = devices.iter().map(|device| device.limits.settle).max();
        let bus = &Bus {
            settle: settle.unwrap_or_default(),
            ..bus.clone()
        };
        let reader = |device| DeviceReader::new(device, link, bus.retries);
        Self {
            channel: BusChannel::with_owner(bus, owner),
            readers: devices.into_iter().map(reader).collect(),
            is_interactive: false,
        }
    }

    async fn poll_device(&mut self, device: usize, now: MonoMs) -> PointOutcomes {
        let reader = &self.readers[device];
        self.channel.set_timeout(reader.device.limits.timeout);
        self.readers[device].poll(&mut self.channel, now).await
    }

    /// Polls a device until it answers, or until it is known that another poll would not help.
    async fn poll_for_technician(
        &mut self,
        device: usize,
        clock: &Clock,
        waiting: &mut (dyn FnMut() + Send),
    ) -> PointOutcomes {
        self.become_interactive();
        let mut pause = RETRY_PAUSE_MIN;
        let mut result = self.poll_device(device, clock.now().mono).await;
        for turn in 0..READ_TRIES_MAX {
            if !has_timed_out(&result) {
                break;
            }
            // A device that answers a little late is better described by its delay than by a
            // timeout.
            let wait = 2 * self.channel.timeout();
            let _ = tokio::time::timeout(wait, self.channel.listen_for_late_answers()).await;
            let reader = &mut self.readers[device];
            if let Some(late) = self.channel.lateness(reader.device.unit) {
                return Err(reader.as_late_error(self.channel.timeout(), late.after));
            }
            if self.channel.may_be_settling() {
                waiting();
                // The connection stays open meanwhile: a new one would start the quiet time again.
                tokio::time::sleep(pause).await;
                pause = (2 * pause).min(RETRY_PAUSE_MAX);
            // Another poll only makes sense while the read plan still changes.
            } else if turn > 0 && !reader.has_learnt {
                break;
            }
            result = self.poll_device(device, clock.now().mono).await;
        }
        result
    }

    /// Keeps the bytes of each exchange, and adapts to a silent device after one poll.
    fn become_interactive(&mut self) {
        if !self.is_interactive {
            self.is_interactive = true;
            self.channel.keep_trace();
            self.readers
                .iter_mut()
                .for_each(DeviceReader::become_interactive);
        }
    }

    fn device_poll(&mut self, device: usize, result: PointOutcomes) -> DevicePoll {
        let reader = &self.readers[device];
        let channel = &mut self.channel;
        let list_end = reader.list_end_reason().map(|why| DeviceFault {
            reason: QualityReason::Absent,
            detail: FaultDetail::message(
                format!("SunSpec list of models ends early: {why}"),
                "detail-models-cut",
                &[("why", &why)],
            ),
        });
        let half = reader.half_answered().map(|(answered, sent)| DeviceFault {
            reason: QualityReason::HalfAnswered,
            detail: FaultDetail::message(
                format!("{answered} of the last {sent} requests were answered"),
                "detail-half-answered",
                &[("answered", &answered), ("sent", &sent)],
            ),
        });
        let shared = reader.shared_address().map(|evidence| DeviceFault {
            reason: QualityReason::TwoDevices,
            detail: evidence.clone(),
        });
        DevicePoll {
            outcomes: result.map_err(|failure| PollError {
                reason: failure.reason(),
                message: failure.to_string(),
            }),
            detail: reader.detail.clone(),
            fault: list_end.or(shared).or(half),
            identity: reader.identity().cloned(),
            shortened_to: reader.shortened_to(),
            round_trip_ms: reader.round_trip_ms,
            has_learnt: reader.has_learnt,
            is_silence_meaningful: channel.is_silence_meaningful(),
            reopen_ms: (!channel.is_open()).then(|| channel.reconnect_pause_ms()),
            counts: channel.take_counts(),
        }
    }
}

impl BusDriver for ModbusBus {
    fn poll(&mut self, device: usize, now: MonoMs) -> BusFuture<'_, DevicePoll> {
        Box::pin(async move {
            let result = self.poll_device(device, now).await;
            self.device_poll(device, result)
        })
    }

    fn poll_patiently<'a>(&'a mut self, wish: PatientPoll<'a>) -> BusFuture<'a, DevicePoll> {
        let PatientPoll {
            device,
            clock,
            waiting,
        } = wish;
        Box::pin(async move {
            let result = self.poll_for_technician(device, clock, waiting).await;
            self.device_poll(device, result)
        })
    }

    fn poll_details(&self, device: usize, poll: &DevicePoll) -> Option<PollDetails> {
        let reader = self.readers.get(device)?;
        let all = 0..reader.device.points.len();
        let points: Vec<Option<Point>> = all
            .map(|index| reader.point_as_read(index).cloned())
            .collect();
        let registers = |point: &Option<Point>| reader.image().point_registers(point.as_ref()?);
        let (sent, received) = self.channel.trace();
        let requests = reader
            .planned_reads()
            .map(|(read, reply_bytes)| PollRequest {
                table: read.table,
                address: read.address,
                count: read.count,
                reply_bytes,
            });
        let outcomes = poll.outcomes.as_deref().unwrap_or_default();
        Some(PollDetails {
            requests: requests.collect(),
            registers: points.iter().map(registers).collect(),
            out_of_range: out_of_range_values(reader, outcomes),
            points,
            sent: sent.to_vec(),
            received: received.to_vec(),
        })
    }

    fn check_address(&mut self, device: usize) -> BusFuture<'_, Option<DeviceFault>> {
        Box::pin(async move {
            let evidence = self.readers[device]
                .check_address(&mut self.channel)
                .await?;
            Some(DeviceFault {
                reason: QualityReason::TwoDevices,
                detail: evidence,
            })
        })
    }

    fn watch_frames(&mut self, log: FrameLog) {
        self.channel.watch_frames(log);
    }

    // A late answer is read when it comes, so that its delay can be measured and reported.
    fn run_idle(&mut self) -> BusFuture<'_, ()> {
        if self.channel.awaits_late_answer() {
            Box::pin(self.channel.listen_for_late_answers())
        } else {
            Box::pin(std::future::pending())
        }
    }

    fn serve_request(&mut self, request: BusRequest) -> BusFuture<'_, ()> {
        Box::pin(async move {
            self.channel.serve_bus_request(request).await;
            // Requests of other tasks may go to units outside this site's configuration.
            self.channel.take_counts();
        })
    }
}

/// Returns the values of those outcomes that were rejected as out of range.
fn out_of_range_values(
    reader: &DeviceReader,
    outcomes: &[SampleOutcome],
) -> Vec<Option<ExactNumber>> {
    let refused = |outcome: &SampleOutcome| outcome.reason() == Some(QualityReason::OutOfRange);
    // Decoding without limits costs a second pass, so it is done only when a value was rejected.
    if !outcomes.iter().any(refused) {
        return vec![None; outcomes.len()];
    }
    let unlimited = reader.outcomes_without_limits();
    let pairs = outcomes.iter().zip(unlimited.iter());
    pairs
        .map(|(outcome, free)| free.number().filter(|_| refused(outcome)))
        .collect()
}

fn has_timed_out(result: &PointOutcomes) -> bool {
    let failure = result.as_ref().err();
    failure.is_some_and(|failure| failure.reason() == QualityReason::Timeout)
}
