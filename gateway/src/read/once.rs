//! One device, as often as asked, with every byte that went over the wire; for a technician.

use super::bus::{Channel, Failure};
use super::device::Reader;
use crate::clock::Clock;
use crate::config::{Config, Point, Table};
use crate::limits::READ_TRIES_MAX;
use crate::model::{Number, Outcome, Reason};
use crate::status::Identity;
use std::time::Duration;

/// Pause before a device that may be quiet after connecting is asked again; doubled up to the
/// longest.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_millis(1500);

/// What one reading of a device gave.
#[derive(Debug)]
pub struct Once {
    /// The requests of its plan, as they turned out.
    pub asks: Vec<Exchange>,
    /// What the device says of itself, when it can.
    pub identity: Option<Identity>,
    /// A configured point where it was read; `None` when the device has no such point.
    pub points: Vec<Option<Point>>,
    /// A point's registers as they came (high half first when it is apart); `None` when not read.
    pub registers: Vec<Option<Vec<u16>>>,
    /// A point's outcome; empty when the device gave nothing.
    pub outcomes: Box<[Outcome]>,
    /// What a point would have been that is outside its limits; `None` for all others.
    pub beyond: Vec<Option<Number>>,
    /// Milliseconds of the last answered request.
    pub round_trip_ms: f64,
    /// Bytes of the last request.
    pub sent: Vec<u8>,
    /// Bytes that came back for it.
    pub received: Vec<u8>,
    /// Why there is nothing: the failure, with device, register, asked and got.
    pub failure: Option<(Failure, String)>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Table.
    pub table: Table,
    /// First register or bit.
    pub address: u16,
    /// Registers or bits.
    pub count: u16,
    /// Bytes of an RTU reply to it.
    pub reply_bytes: usize,
}

/// One device with a bus of its own, read when asked.
#[derive(Debug)]
pub struct Session {
    channel: Channel,
    reader: Reader,
    clock: Clock,
}

impl Session {
    /// For device number `index`; `None` when there is no such device. Opens nothing yet.
    pub fn new(config: &Config, index: usize, clock: &Clock) -> Option<Self> {
        let device = config.devices.get(index)?;
        let bus = config.buses.get(device.bus)?;
        Self::over(Channel::new(bus), config, index, clock)
    }

    /// The same over this channel to the device's bus.
    pub fn over(
        mut channel: Channel,
        config: &Config,
        index: usize,
        clock: &Clock,
    ) -> Option<Self> {
        let device = config.devices.get(index)?;
        let bus = config.buses.get(device.bus)?;
        channel.keep_trace();
        Some(Self {
            channel,
            reader: Reader::new(device.clone(), &bus.link).hurried(),
            clock: clock.clone(),
        })
    }

    /// Reads the device.
    pub async fn read(&mut self) -> Once {
        self.read_patiently(|| {}).await
    }

    /// Reads the device; `waiting` is called once when it does not answer at once but may answer
    /// yet: after the quiet time that some need after connecting, or to shorter reads.
    pub async fn read_patiently(&mut self, waiting: impl FnOnce()) -> Once {
        let mut waiting = Some(waiting);
        let mut pause = PAUSE_MIN;
        let mut result = self.poll().await;
        for turn in 0..READ_TRIES_MAX {
            if !is_silent(&result) {
                break;
            }
            let wait = 2 * self.channel.timeout();
            let _ = tokio::time::timeout(wait, self.channel.overhear()).await;
            let unit = self.reader.device.unit;
            if let Some(late) = self.channel.lateness(unit) {
                result = Err(self.reader.is_late(self.channel.timeout(), late.after));
                break;
            }
            if self.channel.may_settle() {
                waiting.take().into_iter().for_each(|waiting| waiting());
                tokio::time::sleep(pause).await;
                pause = (2 * pause).min(PAUSE_MAX);
            } else if turn > 0 && !self.reader.has_learnt {
                break;
            }
            result = self.poll().await;
        }
        self.told(result)
    }

    async fn poll(&mut self) -> Result<Box<[Outcome]>, Failure> {
        let now = self.clock.now().mono;
        self.reader.poll(&mut self.channel, now).await
    }

    fn told(&self, result: Result<Box<[Outcome]>, Failure>) -> Once {
        let reader = &self.reader;
        let all = 0..reader.device.points.len();
        let points: Vec<Option<Point>> = all.map(|index| reader.point(index).cloned()).collect();
        let registers = |point: &Option<Point>| reader.image().registers(point.as_ref()?);
        let (sent, received) = self.channel.trace();
        let exchange = |(ask, reply_bytes): (&super::plan::Ask, usize)| Exchange {
            table: ask.table,
            address: ask.address,
            count: ask.count,
            reply_bytes,
        };
        Once {
            asks: reader.asks().map(exchange).collect(),
            registers: points.iter().map(registers).collect(),
            identity: reader.identity().cloned(),
            beyond: beyond(reader, result.as_deref().unwrap_or_default()),
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

/// The numbers behind those outcomes that their limits refuse.
fn beyond(reader: &Reader, outcomes: &[Outcome]) -> Vec<Option<Number>> {
    let refused = |outcome: &Outcome| outcome.reason() == Some(Reason::OutOfRange);
    if !outcomes.iter().any(refused) {
        return vec![None; outcomes.len()];
    }
    let unlimited = reader.unlimited();
    let pairs = outcomes.iter().zip(unlimited.iter());
    pairs
        .map(|(outcome, free)| free.number().filter(|_| refused(outcome)))
        .collect()
}

fn is_silent(result: &Result<Box<[Outcome]>, Failure>) -> bool {
    let failure = result.as_ref().err();
    failure.is_some_and(|failure| failure.reason() == Reason::Timeout)
}

/// Reads device number `index` once; `None` when there is no such device.
pub async fn once(config: &Config, index: usize, clock: &Clock) -> Option<Once> {
    Some(Session::new(config, index, clock)?.read().await)
}
