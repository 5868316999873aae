//! One device, as often as asked, with every byte that went over the wire; for a technician.

use super::bus::{Channel, Failure};
use super::device::Reader;
use crate::clock::Clock;
use crate::config::{Config, Point, Table};
use crate::model::{Number, Outcome, Reason};
use crate::status::Identity;

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
            reader: Reader::new(device.clone(), &bus.link),
            clock: clock.clone(),
        })
    }

    /// Reads the device.
    pub async fn read(&mut self) -> Once {
        let now = self.clock.now().mono;
        let result = self.reader.poll(&mut self.channel, now).await;
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

/// Reads device number `index` once; `None` when there is no such device.
pub async fn once(config: &Config, index: usize, clock: &Clock) -> Option<Once> {
    Some(Session::new(config, index, clock)?.read().await)
}
