//! [`DeviceScan`]: a scan in progress, what it is asked for and what it finds.

use crate::buses::modbus::bus::BusChannel;
use crate::commissioning::scan_engine::{IdentificationResult, ScanLineSettings, ScanProbe};
use crate::config::profile::Profile;
use crate::config::{Config, Parity};
use crate::i18n::Language;
use std::path::PathBuf;
use std::time::Duration;

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
    pub(super) wishes: &'a ScanOptions,
    pub(super) config: Option<&'a Config>,
    pub(super) profiles: Vec<Profile>,
    /// Observer.
    pub host: H,
    pub(super) lang: Language,
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
    pub(super) fn line_tunings(&self) -> Vec<ScanLineSettings> {
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
    pub(super) fn answer_timeout(&self, usual_ms: u64) -> Duration {
        self.timeout.unwrap_or(Duration::from_millis(usual_ms))
    }
}

/// Requests of a scan, and their maximum duration.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScanCost {
    /// Number of requests.
    pub questions: u64,
    /// Time on the wire, pauses, and timeouts of unanswered requests.
    pub limit: Duration,
}
