//! Estimated cost of a configuration: time on the bus, network traffic, and wear of the SD card.
//! Pure functions.

use crate::buses::modbus::read_plan;
use crate::config::{BusLink, Config, Device, ModbusLink};
use crate::domain::DeviceInfo;
use crate::formulas::claim_rounding::{RoundingMode, round_decimals};

/// Seconds of a month of 30 days.
const MONTH_S: f64 = 30.0 * 86_400.0;
/// Bytes that one flush writes to the card on ext4. Measured with 50 points every 10 s: 33 MB a day
/// with a flush every 60 s, 190 MB with one every 10 s.
const FLUSH_BYTES: f64 = 22_500.0;
/// Bytes of a stored sample, with times, indexes and roll-ups.
const SAMPLE_BYTES: f64 = 0.4;
/// Time until a device on a serial line begins its answer, as usual for meters and sensors, ms.
const ANSWER_MS: f64 = 30.0;
/// Share of its time above which a bus has no room for a retry.
const LOAD_MAX: f64 = 0.8;

/// Estimated cost of a configuration.
pub(super) struct CostEstimate {
    /// Load of each bus, in the order of the configuration.
    pub(super) buses: Vec<BusLoad>,
    /// Network traffic of each sink, MB a month, in the order of the configuration.
    pub(super) sinks_mb: Vec<f64>,
    /// Data written to the card, MB a month.
    pub(super) written_mb: f64,
    /// Data kept on the card, MB a month.
    pub(super) kept_mb: f64,
}

/// Load of one bus.
pub(super) struct BusLoad {
    /// Index into `Config::buses`.
    pub(super) index: usize,
    /// Devices of the bus.
    pub(super) devices: Vec<DeviceLoad>,
    /// Share of its time that polls take when all devices answer at once.
    pub(super) load: f64,
}

/// Load of one device on its bus.
pub(super) struct DeviceLoad {
    /// Index into `Config::devices`.
    pub(super) index: usize,
    /// Requests of one poll.
    pub(super) requests: usize,
    /// Bus time of one poll, ms, with the pauses that the device needs.
    pub(super) wire_ms: f64,
    /// The same with the time until the answers begin.
    pub(super) poll_ms: f64,
}

impl BusLoad {
    /// Period that every device of the bus could have at most this often, s: with room for retries.
    pub(super) fn shortest_period_s(&self) -> f64 {
        round_decimals(self.cycle_s() / LOAD_MAX, 0, RoundingMode::Up)
    }

    /// Time to poll every device once, s.
    pub(super) fn cycle_s(&self) -> f64 {
        self.devices
            .iter()
            .map(|device| device.poll_ms)
            // A sum of nothing would be -0.
            .fold(0.0, |sum, ms| sum + ms)
            / 1000.0
    }

    /// Whether polls will be late.
    pub(super) fn is_overloaded(&self) -> bool {
        self.load > LOAD_MAX
    }
}

impl CostEstimate {
    /// Cost of this configuration.
    pub(super) fn from_config(config: &Config) -> Self {
        let devices = &config.site.devices;
        let monthly = |bytes: &dyn Fn(&DeviceInfo) -> f64| {
            devices
                .iter()
                .map(|info| bytes(info) * polls_per_month(info))
                .sum::<f64>()
                / 1e6
        };
        let samples_mb = monthly(&|info| SAMPLE_BYTES * count_as_f64(info.points.len()));
        // An interval of zero would divide by zero.
        let flushes = MONTH_S / config.store.flush.as_secs_f64().max(0.1);
        Self {
            buses: (0..config.buses.len())
                .map(|index| estimate_bus(config, index))
                .collect(),
            sinks_mb: config
                .sinks
                .iter()
                .map(|sink| monthly(&|info| sink.bytes_per_reading(&config.site, info)))
                .collect(),
            // A sample is written with its flush, and again when its day is sealed.
            written_mb: flushes * FLUSH_BYTES / 1e6 + 2.0 * samples_mb,
            kept_mb: samples_mb,
        }
    }
}

fn estimate_bus(config: &Config, index: usize) -> BusLoad {
    let link = config.buses[index].link.modbus();
    let of_bus = config
        .devices
        .iter()
        .enumerate()
        .filter(|(_, device)| device.bus == index);
    let mut load = 0.0;
    let devices = of_bus
        .map(|(index, device)| {
            let (requests, wire_ms) = link.map_or((0, 0.0), |link| plan_cost(device, link));
            let poll_ms = wire_ms + answer_ms(requests, link);
            load += poll_ms / (device.every.as_secs_f64() * 1000.0);
            DeviceLoad {
                index,
                requests,
                wire_ms,
                poll_ms,
            }
        })
        .collect();
    BusLoad {
        index,
        devices,
        load,
    }
}

/// Time until the answers to so many requests begin; on a network it is part of the round trip.
fn answer_ms(requests: usize, link: Option<&ModbusLink>) -> f64 {
    match link {
        Some(ModbusLink::Rtu(_) | ModbusLink::RtuOverTcp { .. }) => {
            count_as_f64(requests) * ANSWER_MS
        }
        Some(ModbusLink::Tcp { .. }) | None => 0.0,
    }
}

/// Requests of one poll of a Modbus device, and the milliseconds that they occupy its bus.
fn plan_cost(device: &Device, link: &ModbusLink) -> (usize, f64) {
    let plan = read_plan::plan_reads(device, link);
    // The pause after the last answer can be used for other devices.
    let pauses = count_as_f64(plan.reads.len().saturating_sub(1));
    let pauses = pauses * device.limits.gap.as_secs_f64() * 1000.0;
    (
        plan.reads.len(),
        read_plan::bus_time_ms(&plan, link) + pauses,
    )
}

/// Polls of a device in a month.
fn polls_per_month(info: &DeviceInfo) -> f64 {
    MONTH_S * 1000.0 / millis_as_f64(info.every_ms)
}

/// Kind and address of a link, as text.
pub(super) fn link_text(link: &BusLink) -> String {
    let link = link.summary();
    let settings = match (link.baud, link.format) {
        (Some(baud), Some(format)) => format!(" {baud} {format}"),
        (Some(baud), None) => format!(" ({baud})"),
        (None, _) => String::new(),
    };
    format!("{} {}{settings}", link.kind, link.address)
}

fn count_as_f64(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn millis_as_f64(number: u64) -> f64 {
    f64::from(u32::try_from(number.max(1)).unwrap_or(u32::MAX))
}
