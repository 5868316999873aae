//! `pantau scan`: what is on a line or in a network, as it is found.

mod ask;
mod line;
mod network;
mod port;
mod show;
mod targets;
mod write;

use super::args::CONFIG_DEFAULT;
use super::run::stop_asked;
use super::running::complain;
use super::{DONE, NO, WRONG};
use crate::config::profile::Profile;
use crate::config::{self, Config, Link, Parity};
use crate::field::scan::{Tuning, Verdict, ranges};
use crate::words::Lang;
use ask::Cost;
use show::Screen;
use std::path::PathBuf;
use std::time::Duration;
use targets::Target;
use tokio::time::Instant;

/// Units of a quick scan beside those that devices leave the factory with.
const QUICK_UNITS: std::ops::RangeInclusive<u8> = 1..=10;
/// Ports that Modbus devices listen on.
const PORTS: [u16; 2] = [502, 1502];

/// What `pantau scan` is asked.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one for each switch of the command line"
)]
pub(super) struct Options {
    /// Ports, hosts, ranges of addresses, or buses of the configuration.
    #[arg(value_name = "PORT|HOST|RANGE")]
    targets: Vec<String>,
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    config: PathBuf,
    /// The likeliest settings and units; the default.
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Every speed, parity and unit.
    #[arg(long)]
    full: bool,
    /// Speeds to try.
    #[arg(long, value_name = "BAUD,..", value_delimiter = ',')]
    #[arg(value_parser = clap::value_parser!(u32).range(300..=1_000_000))]
    baud: Vec<u32>,
    /// Parities to try.
    #[arg(long, value_name = "none|even|odd", value_delimiter = ',', value_parser = parity)]
    parity: Vec<Parity>,
    /// Units to try.
    #[arg(long, value_name = "1-10,247", value_parser = units)]
    units: Option<Units>,
    /// TCP ports to try.
    #[arg(long, value_name = "502,1502", value_delimiter = ',')]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    ports: Vec<u16>,
    /// How long an answer may take.
    #[arg(long, value_name = "MS")]
    #[arg(value_parser = clap::value_parser!(u64).range(20..=2000))]
    timeout: Option<u64>,
    /// Goes on although others use the line.
    #[arg(long)]
    yes: bool,
    /// Adds what was found to the configuration.
    #[arg(long)]
    write: bool,
    /// For scripts: a line each.
    #[arg(long)]
    json: bool,
}

/// A list of units.
#[derive(Clone, Debug)]
struct Units(Vec<u8>);

fn units(text: &str) -> Result<Units, String> {
    ranges::units(text)
        .map(Units)
        .map_err(|bad| bad.to_string())
}

fn parity(text: &str) -> Result<Parity, String> {
    match text {
        "none" => Ok(Parity::None),
        "even" => Ok(Parity::Even),
        "odd" => Ok(Parity::Odd),
        _ => Err("none, even, odd".to_owned()),
    }
}

/// Where a device was found.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Line(PathBuf, Tuning),
    Network(String, u16),
}

/// A device that has answered.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    place: Place,
    unit: u8,
    verdict: Verdict,
    /// Its id in the configuration, when it is there already.
    configured: Option<String>,
}

/// What all parts of a scan need.
struct Scan<'a> {
    options: &'a Options,
    config: Option<&'a Config>,
    profiles: Vec<Profile>,
    screen: Screen,
    lang: Lang,
    cost: Cost,
    found: Vec<Found>,
    /// A target could not be scanned.
    failed: bool,
}

/// Scans, shows, and writes when told to; the exit status: 0 found something, 1 nothing or not
/// all, 2 wrong call.
pub(super) async fn run(options: &Options, lang: Lang) -> u8 {
    let config = match configuration(options, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let targets = match targets::of(&options.targets, &options.ports(), config.as_ref()) {
        Ok(targets) if !targets.is_empty() => targets,
        Ok(_) => return wrong(&lang.text("scan-no-target")),
        Err((text, why)) => {
            return wrong(&lang.say("scan-bad-target", &[("text", &text), ("why", &why)]));
        }
    };
    let mut scan = Scan {
        options,
        config: config.as_ref(),
        profiles: profiles(config.as_ref()),
        screen: Screen::new(options.json, lang),
        lang,
        cost: Cost::default(),
        found: Vec::new(),
        failed: false,
    };
    let begun = Instant::now();
    let whole = tokio::select! {
        () = scan.all(&targets) => true,
        () = stop_asked() => false,
    };
    scan.screen
        .end(&scan.found, &scan.cost, begun.elapsed(), whole);
    let wrote = !options.write || write::add(&options.config, &scan, lang);
    if scan.found.is_empty() || scan.failed || !wrote {
        NO
    } else {
        DONE
    }
}

/// The configuration, when there is one; a faulty one stops only what needs it.
fn configuration(options: &Options, lang: Lang) -> Result<Option<Config>, u8> {
    let needed = options.write || options.targets.is_empty();
    if !options.config.exists() {
        if options.write {
            let file = options.config.display().to_string();
            return Err(wrong(&lang.say("scan-no-config", &[("file", &file)])));
        }
        return Ok(None);
    }
    match config::load(&options.config) {
        Ok(config) => Ok(Some(config)),
        Err(faults) => {
            complain(&faults.render(lang));
            if needed { Err(WRONG) } else { Ok(None) }
        }
    }
}

fn wrong(why: &str) -> u8 {
    complain(&format!("pantau: {why}"));
    WRONG
}

/// Every profile and variant that loads.
fn profiles(config: Option<&Config>) -> Vec<Profile> {
    let directory = config.and_then(|config| config.profiles.as_deref());
    let loaded = config::profiles(directory).into_iter();
    let loaded = loaded.filter_map(|(_, profile)| profile.ok());
    loaded
        .flat_map(|mut profile| {
            let variants = std::mem::take(&mut profile.variants);
            std::iter::once(profile).chain(variants)
        })
        .collect()
}

impl Options {
    fn ports(&self) -> Vec<u16> {
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
        Duration::from_millis(self.timeout.unwrap_or(usual_ms))
    }
}

impl Scan<'_> {
    async fn all(&mut self, targets: &[Target]) {
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
        if let Some(Units(units)) = &self.options.units {
            let legal = |unit: &&u8| !on_line || (1..=most).contains(*unit);
            return units.iter().filter(legal).copied().collect();
        }
        if self.options.full {
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
            (Link::Tcp { host, port }, Place::Network(at, number)) => host == at && port == number,
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
        self.screen.warn(why);
    }

    fn keep(&mut self, mut found: Found) {
        found.configured = self.configured(&found);
        self.screen.found(&found);
        self.found.push(found);
    }
}
