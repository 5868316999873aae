//! One device, read on request, with every byte of the exchange; for `pantau read`.

use super::bus::{BusChannel, BusChannelError};
use super::device_reader::DeviceReader;
use crate::clock::Clock;
use crate::config::{Config, ModbusTable, Point};
use crate::domain::{ExactNumber, QualityReason, SampleOutcome};
use crate::limits::READ_TRIES_MAX;
use crate::status::DeviceIdentity;
use std::time::Duration;

/// Pause before a device that may be in its quiet time after connecting is tried again; doubled up
/// to `PAUSE_MAX`.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(100);
const RETRY_PAUSE_MAX: Duration = Duration::from_millis(1500);

/// Result of one reading of a device.
#[derive(Debug)]
pub struct AdhocReading {
    /// Requests of its plan after the device's refusals.
    pub requests: Vec<AdhocRequest>,
    /// Manufacturer, model, version and serial number, when the device reports them.
    pub identity: Option<DeviceIdentity>,
    /// Each configured point with its address as read; `None` when the device has no such point.
    pub points: Vec<Option<Point>>,
    /// Registers of each point as read (high half first when it stands apart); `None` when not
    /// read.
    pub registers: Vec<Option<Vec<u16>>>,
    /// Outcome of each point; empty when the device gave nothing.
    pub outcomes: Box<[SampleOutcome]>,
    /// Value of each point that was rejected as out of range; `None` for all others.
    pub out_of_range: Vec<Option<ExactNumber>>,
    /// Round-trip time of the last answered request, milliseconds.
    pub round_trip_ms: f64,
    /// Bytes of the last request.
    pub sent: Vec<u8>,
    /// Bytes received for it.
    pub received: Vec<u8>,
    /// Error of a failed reading, with device, register, request and answer as text.
    pub failure: Option<(BusChannelError, String)>,
}

/// One request of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdhocRequest {
    /// Table (function code).
    pub table: ModbusTable,
    /// Address of the first register or bit.
    pub address: u16,
    /// Number of registers or bits.
    pub count: u16,
    /// Bytes of an RTU reply to it.
    pub reply_bytes: usize,
}

/// Reader of one device with a bus channel of its own.
#[derive(Debug)]
pub struct AdhocReader {
    channel: BusChannel,
    reader: DeviceReader,
    clock: Clock,
}

impl AdhocReader {
    /// Creates a reader of the device with this index; `None` when there is no such device. Opens
    /// nothing yet.
    pub fn new(config: &Config, index: usize, clock: &Clock) -> Option<Self> {
        let device = config.devices.get(index)?;
        let bus = config.buses.get(device.bus)?;
        Self::with_channel(BusChannel::new(bus), config, index, clock)
    }

    /// Creates a reader that uses this channel to the device's bus.
    pub fn with_channel(
        mut channel: BusChannel,
        config: &Config,
        index: usize,
        clock: &Clock,
    ) -> Option<Self> {
        let device = config.devices.get(index)?;
        let bus = config.buses.get(device.bus)?;
        // The technician is shown the bytes of the last exchange.
        channel.keep_trace();
        Some(Self {
            channel,
            reader: DeviceReader::new(device.clone(), &bus.link).interactive(),
            clock: clock.clone(),
        })
    }

    /// Reads the device.
    pub async fn read(&mut self) -> AdhocReading {
        self.read_patiently(|| {}).await
    }

    /// Reads the device; `waiting` is called once when it does not answer at once but may still do
    /// so: after its quiet time, or to shorter reads.
    pub async fn read_patiently(&mut self, waiting: impl FnOnce()) -> AdhocReading {
        let mut waiting = Some(waiting);
        let mut pause = RETRY_PAUSE_MIN;
        let mut result = self.poll().await;
        for turn in 0..READ_TRIES_MAX {
            if !has_timed_out(&result) {
                break;
            }
            // A device that answers a little late is better described by its delay than by a
            // timeout.
            let wait = 2 * self.channel.timeout();
            let _ = tokio::time::timeout(wait, self.channel.listen_for_late_answers()).await;
            let unit = self.reader.device.unit;
            if let Some(late) = self.channel.lateness(unit) {
                result = Err(self
                    .reader
                    .as_late_error(self.channel.timeout(), late.after));
                break;
            }
            if self.channel.may_be_settling() {
                waiting.take().into_iter().for_each(|waiting| waiting());
                // The connection stays open meanwhile: a new one would start the quiet time again.
                tokio::time::sleep(pause).await;
                pause = (2 * pause).min(RETRY_PAUSE_MAX);
            // Another poll only makes sense while the read plan still changes.
            } else if turn > 0 && !self.reader.has_learnt {
                break;
            }
            result = self.poll().await;
        }
        self.to_reading(result)
    }

    async fn poll(&mut self) -> Result<Box<[SampleOutcome]>, BusChannelError> {
        let now = self.clock.now().mono;
        self.reader.poll(&mut self.channel, now).await
    }

    fn to_reading(&self, result: Result<Box<[SampleOutcome]>, BusChannelError>) -> AdhocReading {
        let reader = &self.reader;
        let all = 0..reader.device.points.len();
        let points: Vec<Option<Point>> = all
            .map(|index| reader.point_as_read(index).cloned())
            .collect();
        let registers = |point: &Option<Point>| reader.image().point_registers(point.as_ref()?);
        let (sent, received) = self.channel.trace();
        let exchange = |(ask, reply_bytes): (&super::read_plan::PlannedRead, usize)| AdhocRequest {
            table: ask.table,
            address: ask.address,
            count: ask.count,
            reply_bytes,
        };
        AdhocReading {
            requests: reader.planned_reads().map(exchange).collect(),
            registers: points.iter().map(registers).collect(),
            identity: reader.identity().cloned(),
            out_of_range: out_of_range_values(reader, result.as_deref().unwrap_or_default()),
            points,
            round_trip_ms: reader.round_trip_ms,
            sent: sent.to_vec(),
            received: received.to_vec(),
            failure: result
                .as_ref()
                .err()
                .map(|failure| (failure.clone(), reader.detail.clone())),
            outcomes: result.unwrap_or_default(),
        }
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

fn has_timed_out(result: &Result<Box<[SampleOutcome]>, BusChannelError>) -> bool {
    let failure = result.as_ref().err();
    failure.is_some_and(|failure| failure.reason() == QualityReason::Timeout)
}

/// Reads the device with this index once; `None` when there is no such device.
pub async fn read_device_once(
    config: &Config,
    index: usize,
    clock: &Clock,
) -> Option<AdhocReading> {
    Some(AdhocReader::new(config, index, clock)?.read().await)
}
