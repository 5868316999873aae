//! What is on a line or in a network, asked device by device.

mod additions;
mod ask;
mod late;
mod line;
mod network;
mod port;
mod targets;
mod told;

pub use additions::{Additions, additions, joined};
pub use ask::Cost;
pub use port::held;
pub use targets::Target;
pub use told::{as_json, place_text, reasons};

use crate::config::profile::Profile;
use crate::config::{self, Config, Link, Parity};
use crate::field::scan::{Probe, Tuning, Verdict};
use crate::read::bus::Channel;
use crate::words::Lang;
use std::path::PathBuf;
use std::time::Duration;

/// Units of a quick scan beside those that devices leave the factory with.
const QUICK_UNITS: std::ops::RangeInclusive<u8> = 1..=10;
/// Ports that Modbus devices listen on.
const PORTS: [u16; 2] = [502, 1502];

/// What is wanted of a scan; what is left empty is as usual.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Every speed, parity and unit instead of the likeliest.
    pub full: bool,
    /// Speeds to try.
    pub baud: Vec<u32>,
    /// Parities to try.
    pub parity: Vec<Parity>,
    /// Units to try.
    pub units: Option<Vec<u8>>,
    /// TCP ports to try.
    pub ports: Vec<u16>,
    /// How long an answer may take beyond its time on the wire.
    pub timeout: Option<Duration>,
    /// Quiet time between connecting and the first question; that of the configured bus, else
    /// none, when left out.
    pub settle: Option<Duration>,
    /// Goes on although others use the line.
    pub yes: bool,
}

/// Where a device was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// A serial port, in these settings.
    Line(PathBuf, Tuning),
    /// A host and its TCP port.
    Network(String, u16),
    /// The same, where the frames of a line go over the connection.
    Server(String, u16),
}

/// A device that has answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Where.
    pub place: Place,
    /// Its address.
    pub unit: u8,
    /// What it is.
    pub verdict: Verdict,
    /// Its id in the configuration, when it is there already.
    pub configured: Option<String>,
}

/// Whoever wants a scan hears of it while it goes on, and knows who owns a bus.
pub trait Host: Send {
    /// Language of the sentences.
    fn lang(&self) -> Lang;
    /// A sentence beside the results.
    fn warn(&mut self, text: &str);
    /// So many of all hosts and ports have been tried.
    fn connecting(&mut self, tried: usize, all: usize);
    /// What is asked next; `whole` and `left` are spans if nobody else answers.
    fn progress(&mut self, probe: &Probe, whole: Duration, left: Duration, cost: &Cost);
    /// A device was found.
    fn found(&mut self, found: &Found);
    /// The way to bus number `index` through the gateway that owns it; `None` when none does.
    fn owned(&self, config: &Config, index: usize) -> impl Future<Output = Option<Channel>> + Send;
}

/// A scan.
#[derive(Debug)]
pub struct Scan<'a, H> {
    wishes: &'a Wishes,
    config: Option<&'a Config>,
    profiles: Vec<Profile>,
    /// Whoever wants it.
    pub host: H,
    lang: Lang,
    /// What it has asked.
    pub cost: Cost,
    /// What it has found.
    pub found: Vec<Found>,
    /// A target could not be scanned.
    pub failed: bool,
}

impl Wishes {
    /// Ports of hosts that name none.
    pub fn ports(&self) -> Vec<u16> {
        if self.ports.is_empty() {
            PORTS.to_vec()
        } else {
            self.ports.clone()
        }
    }

    /// Settings of a line to try, the likeliest first.
    fn tunings(&self) -> Vec<Tuning> {
        if self.baud.is_empty() && self.parity.is_empty() {
            return if self.full {
                Tuning::all()
            } else {
                Tuning::likely()
            };
        }
        let bauds = if self.baud.is_empty() {
            let mut bauds: Vec<u32> = Vec::new();
            for tuning in Tuning::likely() {
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
            bauds.iter().map(move |baud| Tuning::new(*baud, parity))
        };
        parities.iter().flat_map(with).collect()
    }

    /// How long an answer may take beyond its time on the wire.
    fn patience(&self, usual_ms: u64) -> Duration {
        self.timeout.unwrap_or(Duration::from_millis(usual_ms))
    }
}

impl<'a, H: Host> Scan<'a, H> {
    /// Nothing is asked yet.
    pub fn new(wishes: &'a Wishes, config: Option<&'a Config>, host: H) -> Self {
        Self {
            wishes,
            config,
            profiles: config::sound_profiles(config.and_then(|one| one.profiles.as_deref())),
            lang: host.lang(),
            host,
            cost: Cost::default(),
            found: Vec::new(),
            failed: false,
        }
    }

    /// Scans all, one after the other. What has been found stays when this is dropped midway.
    pub async fn all(&mut self, targets: &[Target]) {
        for target in targets {
            match target {
                Target::Line(port) => self.line(port).await,
                Target::Network(hosts, ports) => self.network(hosts, ports).await,
            }
        }
    }

    /// Units to try: those named; else the first ten and those that devices leave the factory
    /// with, or all.
    fn units(&self, on_line: bool) -> Vec<u8> {
        let most = if on_line { 247 } else { 255 };
        if let Some(units) = &self.wishes.units {
            let legal = |unit: &&u8| !on_line || (1..=most).contains(*unit);
            return units.iter().filter(legal).copied().collect();
        }
        if self.wishes.full {
            return (1..=most).chain((!on_line).then_some(0)).collect();
        }
        let mut units: Vec<u8> = QUICK_UNITS.collect();
        let by_wire = self.profiles.iter().filter(|profile| {
            let factory = &profile.factory;
            if on_line {
                factory.baud.is_some()
            } else {
                factory.tcp_port.is_some()
            }
        });
        let mut further: Vec<u8> = by_wire.filter_map(|profile| profile.factory.unit).collect();
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

    /// The id of the configured device at this place.
    fn configured(&self, found: &Found) -> Option<String> {
        let config = self.config?;
        let is_here = |link: &Link| match (link, &found.place) {
            (Link::Rtu(serial), Place::Line(path, tuning)) => {
                port::same(&serial.port, path) && serial.baud == tuning.baud
            }
            (Link::Tcp { host, port }, Place::Network(at, number))
            | (Link::RtuOverTcp { host, port, .. }, Place::Server(at, number)) => {
                host == at && port == number
            }
            _ => false,
        };
        let bus = config.buses.iter().position(|bus| is_here(&bus.link))?;
        let mut devices = config.devices.iter();
        let device = devices.find(|device| device.bus == bus && device.unit == found.unit)?;
        Some(device.id.to_string())
    }

    /// Says why a target is not scanned.
    fn refuse(&mut self, why: &str) {
        self.failed = true;
        self.host.warn(why);
    }

    fn keep(&mut self, mut found: Found) {
        found.configured = self.configured(&found);
        self.host.found(&found);
        self.found.push(found);
    }
}
