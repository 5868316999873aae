//! What a configuration will cost: time on the wire, traffic, wear of the card. Pure.

use crate::config::{Config, Link, Parity};
use crate::model::DeviceInfo;
use crate::read::plan;

/// Seconds of a month of 30 days.
const MONTH_S: f64 = 30.0 * 86_400.0;
/// Bytes that a flush costs the card on ext4 (33 MB a day at 60 s, 190 at 10 s, measured with
/// 50 points each 10 s).
const FLUSH_BYTES: f64 = 22_500.0;
/// Bytes that a kept sample takes, times, indexes and roll-ups included.
const SAMPLE_BYTES: f64 = 0.4;
/// TCP/IP headers of a publish, its PUBACK and their acknowledgements, with the MQTT headers.
const MQTT_OVERHEAD_BYTES: f64 = 150.0;
/// How far gzip shrinks line protocol in batches of some ten lines.
const GZIP_RATIO: f64 = 5.0;
/// Above this share of its time a bus has no room for a retry.
const LOAD_MAX: f64 = 0.8;

/// All of it.
pub(super) struct Estimate {
    /// One entry a bus, in configuration order.
    pub(super) buses: Vec<BusLoad>,
    /// MB a month to the broker.
    pub(super) mqtt_mb: Option<f64>,
    /// MB a month to the database.
    pub(super) influx_mb: Option<f64>,
    /// MB a month written to the card.
    pub(super) written_mb: f64,
    /// MB a month that stay on the card.
    pub(super) kept_mb: f64,
}

/// One bus.
pub(super) struct BusLoad {
    /// Index into `Config::buses`.
    pub(super) index: usize,
    /// Its devices.
    pub(super) devices: Vec<DeviceLoad>,
    /// Share of its time that polls take, when all devices answer at once.
    pub(super) load: f64,
}

/// One device on its bus.
pub(super) struct DeviceLoad {
    /// Index into `Config::devices`.
    pub(super) index: usize,
    /// Requests a poll.
    pub(super) requests: usize,
    /// Milliseconds of the bus a poll, with the pauses that the device needs.
    pub(super) wire_ms: f64,
}

impl BusLoad {
    /// Seconds that polling every device once takes.
    pub(super) fn cycle_s(&self) -> f64 {
        self.devices
            .iter()
            .map(|device| device.wire_ms)
            .sum::<f64>()
            / 1000.0
    }

    /// Polls will be late.
    pub(super) fn is_overloaded(&self) -> bool {
        self.load > LOAD_MAX
    }
}

impl Estimate {
    /// What this configuration will cost.
    pub(super) fn of(config: &Config) -> Self {
        let devices = &config.site.devices;
        let monthly = |bytes: &dyn Fn(&DeviceInfo) -> f64| {
            devices
                .iter()
                .map(|info| bytes(info) * polls_a_month(info))
                .sum::<f64>()
                / 1e6
        };
        let samples_mb = monthly(&|info| SAMPLE_BYTES * count(info.points.len()));
        let flushes = MONTH_S / config.store.flush.as_secs_f64().max(0.1);
        Self {
            buses: (0..config.buses.len())
                .map(|index| bus(config, index))
                .collect(),
            mqtt_mb: config
                .mqtt
                .is_some()
                .then(|| monthly(&|info| mqtt_bytes(config, info))),
            influx_mb: config
                .influx
                .is_some()
                .then(|| monthly(&|info| line_bytes(config, info))),
            // A sample is written with its flush, and once more when its day is sealed.
            written_mb: flushes * FLUSH_BYTES / 1e6 + 2.0 * samples_mb,
            kept_mb: samples_mb,
        }
    }
}

fn bus(config: &Config, index: usize) -> BusLoad {
    let link = &config.buses[index].link;
    let of_bus = config
        .devices
        .iter()
        .enumerate()
        .filter(|(_, device)| device.bus == index);
    let mut load = 0.0;
    let devices = of_bus
        .map(|(index, device)| {
            let plan = plan::plan(device, link);
            // The pause after the last answer is free for other devices.
            let pauses = count(plan.asks.len().saturating_sub(1));
            let pauses = pauses * device.limits.gap.as_secs_f64() * 1000.0;
            let wire_ms = plan::wire_ms(&plan, link) + pauses;
            load += wire_ms / (device.every.as_secs_f64() * 1000.0);
            DeviceLoad {
                index,
                requests: plan.asks.len(),
                wire_ms,
            }
        })
        .collect();
    BusLoad {
        index,
        devices,
        load,
    }
}

fn polls_a_month(info: &DeviceInfo) -> f64 {
    MONTH_S * 1000.0 / millis(info.every_ms)
}

/// `{"t":"..","seq":..,"v":{"name":value,..}}` and its topic.
fn mqtt_bytes(config: &Config, info: &DeviceInfo) -> f64 {
    let topic = config.site.id.len() + info.id.len() + 8;
    let values: usize = info.points.iter().map(|point| point.name.len() + 10).sum();
    MQTT_OVERHEAD_BYTES + count(topic + 50 + values)
}

/// `kind,site=..,device=.. name=value,.. time`, shrunk by gzip.
fn line_bytes(config: &Config, info: &DeviceInfo) -> f64 {
    let tags = info.kind.len() + config.site.id.len() + info.id.len() + 14;
    let values: usize = info.points.iter().map(|point| point.name.len() + 8).sum();
    count(tags + 15 + values) / GZIP_RATIO
}

/// The kind of link and where it leads, for people.
pub(super) fn link_text(link: &Link) -> String {
    match link {
        Link::Tcp { host, port } => format!("modbus-tcp {host}:{port}"),
        Link::RtuOverTcp { host, port, baud } => {
            format!("modbus-rtu-over-tcp {host}:{port} ({baud})")
        }
        Link::Rtu(serial) => {
            let letter = match serial.parity {
                Parity::None => 'N',
                Parity::Even => 'E',
                Parity::Odd => 'O',
            };
            let port = serial.port.display();
            format!(
                "modbus-rtu {port} {} 8{letter}{}",
                serial.baud, serial.stop_bits
            )
        }
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn millis(number: u64) -> f64 {
    f64::from(u32::try_from(number.max(1)).unwrap_or(u32::MAX))
}
