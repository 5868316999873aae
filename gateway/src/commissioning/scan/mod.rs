//! Scan for Modbus devices on serial lines and in networks. The entry type is [`DeviceScan`];
//! results are in `found`. See docs/field.md.
//!
//! ```text
//! $ pantau scan /dev/ttyUSB0
//! /dev/ttyUSB0 9600 8N1 unit 1: eastron-sdm630 (meter), fairly sure
//! ```

mod config_additions;
mod found_output;
mod late_answers;
mod network;
mod scan_channel;
mod serial_line;
mod serial_port;
mod targets;

pub use config_additions::{ConfigAdditions, join_config, plan_additions};
pub use found_output::{candidate_reasons, found_device_json, place_text};
pub use scan_channel::ScanCost;
pub use serial_port::port_holder_text;
pub use targets::ScanTarget;

use crate::buses::modbus::bus::BusChannel;
use crate::commissioning::scan_engine::{IdentificationResult, ScanLineSettings, ScanProbe};
use crate::config::profile::Profile;
use crate::config::{self, BusLink, Config, ModbusLink, Parity};
use crate::i18n::Language;
use std::path::PathBuf;
use std::time::Duration;

/// Units of a quick scan, besides the factory defaults of the known profiles.
const QUICK_UNITS: std::ops::RangeInclusive<u8> = 1..=10;
/// Default TCP ports of Modbus devices.
const DEFAULT_TCP_PORTS: [u16; 2] = [502, 1502];

/// Options of a scan; empty fields have their defaults.
#[derive(Clone, Debug, Default)]
pub struct ScanOptions {
    /// Every speed, parity and unit instead of the most likely ones.
    pub full: bool,
    /// Speeds to try, baud.
    pub baud: Vec<u32>,
    /// Parities to try.
    pub parity: Vec<Parity>,
    /// Units to try.
    pub units: Option<Vec<u8>>,
    /// TCP ports to try.
    pub ports: Vec<u16>,
    /// Longest response time beyond the time on the wire.
    pub timeout: Option<Duration>,
    /// Quiet time between connecting and the first request; default: that of the configured bus,
    /// else none.
    pub settle: Option<Duration>,
    /// Continues when other traffic is heard on the line.
    pub yes: bool,
}

/// Location of a found device.
#[derive(Clone, Debug, PartialEq)]
pub enum DeviceLocation {
    /// A serial port with its line settings.
    Line(PathBuf, ScanLineSettings),
    /// Modbus TCP: host and TCP port.
    Network(String, u16),
    /// Modbus RTU frames over TCP, through a transparent serial server: host and TCP port.
    Server(String, u16),
}

/// A device that has answered.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundDevice {
    /// Location.
    pub place: DeviceLocation,
    /// Unit address.
    pub unit: u8,
    /// Identification: profiles that fit, confidence, identity texts.
    pub verdict: IdentificationResult,
    /// Its id in the configuration, when it is already configured.
    pub configured: Option<String>,
}

/// Observer of a scan: gets messages, progress and results, and knows which gateway owns a bus.
pub trait ScanObserver: Send {
    /// Language of the messages.
    fn lang(&self) -> Language;
    /// A message about the scan.
    fn warn(&mut self, text: &str);
    /// Number of host and port pairs tried, out of `all`.
    fn connecting(&mut self, tried: usize, all: usize);
    /// Progress before the next request; `whole` and `left` are durations if no further unit
    /// answers.
    fn progress(&mut self, probe: &ScanProbe, whole: Duration, left: Duration, cost: &ScanCost);
    /// A device was found.
    fn found(&mut self, found: &FoundDevice);
    /// Channel to bus number `index` through the gateway that owns it; `None` when none does.
    fn owned_channel(
        &self,
        config: &Config,
        index: usize,
    ) -> impl Future<Output = Option<BusChannel>> + Send;
}

/// A scan in progress.
#[derive(Debug)]
pub struct DeviceScan<'a, H> {
    wishes: &'a ScanOptions,
    config: Option<&'a Config>,
    profiles: Vec<Profile>,
    /// Observer.
    pub host: H,
    lang: Language,
    /// Number and duration of the requests.
    pub cost: ScanCost,
    /// Devices found so far.
    pub found: Vec<FoundDevice>,
    /// A target could not be scanned.
    pub failed: bool,
}

impl ScanOptions {
    /// TCP ports for hosts without a port.
    pub fn tcp_ports(&self) -> Vec<u16> {
        if self.ports.is_empty() {
            DEFAULT_TCP_PORTS.to_vec()
        } else {
            self.ports.clone()
        }
    }

    /// Line settings to try, the most likely first.
    fn line_tunings(&self) -> Vec<ScanLineSettings> {
        if self.baud.is_empty() && self.parity.is_empty() {
            return if self.full {
                ScanLineSettings::all_settings()
            } else {
                ScanLineSettings::likely_settings()
            };
        }
        let bauds = if self.baud.is_empty() {
            let mut bauds: Vec<u32> = Vec::new();
            for tuning in ScanLineSettings::likely_settings() {
                if !bauds.contains(&tuning.baud) {
                    bauds.push(tuning.baud);
                }
            }
            bauds
        } else {
            self.baud.clone()
        };
        let parities: &[Parity] = match (self.parity.as_slice(), self.full) {
            ([], false) => &[Parity::None, Parity::Even],
            ([], true) => &[Parity::None, Parity::Even, Parity::Odd],
            (some, _) => some,
        };
        let with = |parity: &Parity| {
            let parity = *parity;
            bauds
                .iter()
                .map(move |baud| ScanLineSettings::new(*baud, parity))
        };
        parities.iter().flat_map(with).collect()
    }

    /// Longest response time beyond the time on the wire.
    fn answer_timeout(&self, usual_ms: u64) -> Duration {
        self.timeout.unwrap_or(Duration::from_millis(usual_ms))
    }
}

impl<'a, H: ScanObserver> DeviceScan<'a, H> {
    /// A scan that has sent no request yet.
    pub fn new(wishes: &'a ScanOptions, config: Option<&'a Config>, host: H) -> Self {
        Self {
            wishes,
            config,
            profiles: config::valid_profiles(config.and_then(|one| one.profiles.as_deref())),
            lang: host.lang(),
            host,
            cost: ScanCost::default(),
            found: Vec::new(),
            failed: false,
        }
    }

    /// Scans all targets, one after the other. Devices found so far stay in `found` when the future
    /// is dropped.
    pub async fn all(&mut self, targets: &[ScanTarget]) {
        for target in targets {
            match target {
                ScanTarget::Line(port) => self.scan_line(port).await,
                ScanTarget::Network(hosts, ports) => self.scan_network(hosts, ports).await,
            }
        }
    }

    /// Units to try: the given ones; else 1 to 10 and factory defaults, or all with `full`.
    fn units_to_try(&self, on_line: bool) -> Vec<u8> {
        // On a serial line 0 is broadcast and 248 to 255 are reserved; Modbus TCP devices use 0 and
        // 255 for the device itself.
        let most = if on_line { 247 } else { 255 };
        if let Some(units) = &self.wishes.units {
            let legal = |unit: &&u8| !on_line || (1..=most).contains(*unit);
            return units.iter().filter(legal).copied().collect();
        }
        if self.wishes.full {
            return (1..=most).chain((!on_line).then_some(0)).collect();
        }
        let mut units: Vec<u8> = QUICK_UNITS.collect();
        // Factory addresses of serial profiles on a line, of TCP profiles in a network.
        let by_wire = self.profiles.iter().filter(|profile| {
            let factory = &profile.factory;
            if on_line {
                factory.baud.is_some()
            } else {
                factory.tcp_port.is_some()
            }
        });
        let mut further: Vec<u8> = by_wire.filter_map(|profile| profile.factory.unit).collect();
        // 255 is the device itself in Modbus TCP; 247 is the highest address.
        if !on_line {
            further.extend([247, 255]);
        }
        further.sort_unstable();
        for unit in further {
            if !units.contains(&unit) {
                units.push(unit);
            }
        }
        units
    }

    /// Id of the configured device at this location.
    fn configured_id(&self, found: &FoundDevice) -> Option<String> {
        let config = self.config?;
        let is_here = |link: &BusLink| match (link.modbus(), &found.place) {
            (Some(ModbusLink::Rtu(serial)), DeviceLocation::Line(path, tuning)) => {
                serial_port::is_same_port(&serial.port, path) && serial.baud == tuning.baud
            }
            (Some(ModbusLink::Tcp { host, port }), DeviceLocation::Network(at, number))
            | (
                Some(ModbusLink::RtuOverTcp { host, port, .. }),
                DeviceLocation::Server(at, number),
            ) => host == at && port == number,
            _ => false,
        };
        let bus = config.buses.iter().position(|bus| is_here(&bus.link))?;
        let mut devices = config.devices.iter();
        let device = devices.find(|device| device.bus == bus && device.unit == found.unit)?;
        Some(device.id.to_string())
    }

    /// Reports that a target is not scanned, with the reason.
    fn refuse_target(&mut self, why: &str) {
        self.failed = true;
        self.host.warn(why);
    }

    fn record_found(&mut self, mut found: FoundDevice) {
        found.configured = self.configured_id(&found);
        self.host.found(&found);
        self.found.push(found);
    }
}
