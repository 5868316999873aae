//! `pantau simulate`: the configuration's devices as a Modbus simulator, to rehearse without them.

use super::run::stop_asked;
use super::{DONE, NO, WRONG};
use crate::clock::Clock;
use crate::config::{self, Config, Link, Parity, Point, Table};
use crate::model::UtcMs;
use crate::sim::sun::Place as Spot;
use crate::sim::{Place, Plant, Served, World, serve};
use crate::words::Lang;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

/// What `pantau simulate` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Configuration file.
    #[arg(short, long, value_name = "FILE", default_value = super::args::CONFIG_DEFAULT)]
    pub(super) config: PathBuf,
    /// What all chance is drawn from.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// Simulated seconds a second.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = speed)]
    pub(super) speed: f64,
}

/// A speed that the plant can keep up with: up to a day a second.
pub(super) fn speed(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|speed| (0.0..=86_400.0).contains(speed))
        .ok_or_else(|| "0..86400".to_owned())
}

/// Serves until Ctrl-C.
pub(super) async fn run(options: Options, lang: Lang) -> u8 {
    let config = match config::load(&options.config) {
        Ok(config) => config,
        Err(faults) => {
            eprintln!("{}", faults.render(lang));
            return WRONG;
        }
    };
    let clock = Clock::system();
    let world = world(&config, &clock, clock.now().at, options.seed, options.speed);
    let mut served = match serve(&config, &world).await {
        Ok(served) => served,
        Err(error) => {
            eprintln!("pantau: {error}");
            return NO;
        }
    };
    show(&table(&config, &served, lang));
    show(&lang.text("sim-until-stopped"));
    tokio::select! {
        () = stop_asked() => DONE,
        () = served.ended() => NO,
    }
}

/// The site's world with a plant that begins at `from`.
pub(super) fn world(config: &Config, clock: &Clock, from: UtcMs, seed: u64, rate: f64) -> World {
    let spot = Spot {
        latitude: config.site.latitude,
        longitude: config.site.longitude,
    };
    let plant = Plant::new(spot, &config.site.timezone, seed, from);
    World::new(plant, clock.clone(), seed, rate)
}

/// One line on the screen; a screen that is gone is no reason to stop.
pub(super) fn show(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Buses with their addresses, devices, and a call of a usual tool for each.
pub(super) fn table(config: &Config, served: &Served, lang: Lang) -> String {
    let mut text = String::new();
    for (index, (bus, place)) in config.buses.iter().zip(&served.places).enumerate() {
        let (kind, place_text) = (kind(&bus.link), place_text(place));
        let args = [("bus", &*bus.id), ("kind", kind), ("place", &place_text)];
        let _ = writeln!(text, "{}", lang.say("sim-bus", &args));
        if moved(&bus.link, place) {
            let _ = writeln!(text, "  {}", lang.say("sim-moved", &args));
        }
        let devices = config.devices.iter().zip(&config.site.devices);
        for (device, info) in devices.filter(|(device, _)| device.bus == index) {
            let unit = device.unit.to_string();
            let points = device.points.len().to_string();
            let args = [("device", &*info.id), ("unit", &unit), ("points", &points)];
            let _ = writeln!(text, "  {}", lang.say("sim-device", &args));
            let point = device.points.first();
            if let Some(call) =
                point.and_then(|point| example(&bus.link, place, device.unit, point))
            {
                let _ = writeln!(text, "    {call}");
            }
        }
    }
    text.trim_end().to_owned()
}

fn kind(link: &Link) -> &'static str {
    match link {
        Link::Tcp { .. } => "Modbus TCP",
        Link::RtuOverTcp { .. } => "Modbus RTU over TCP",
        Link::Rtu(_) => "Modbus RTU",
    }
}

fn place_text(place: &Place) -> String {
    match place {
        Place::Tcp(address) => address.to_string(),
        Place::Port(path) => path.display().to_string(),
    }
}

/// The port of the configuration was privileged or taken.
fn moved(link: &Link, place: &Place) -> bool {
    match (link, place) {
        (Link::Tcp { port, .. } | Link::RtuOverTcp { port, .. }, Place::Tcp(address)) => {
            *port != address.port()
        }
        _ => false,
    }
}

/// A call of mbpoll that shows the registers of one point; it speaks no RTU over TCP.
fn example(link: &Link, place: &Place, unit: u8, point: &Point) -> Option<String> {
    let table = match point.table {
        Table::Coil => "0",
        Table::Discrete => "1",
        Table::Input => "3:hex",
        Table::Holding => "4:hex",
    };
    let first = point
        .high
        .map_or(point.address, |high| high.min(point.address));
    let count = point.encoding.registers();
    let what = format!("-0 -1 -a {unit} -t {table} -r {first} -c {count}");
    match (link, place) {
        (Link::Rtu(serial), Place::Port(path)) => {
            let parity = match serial.parity {
                Parity::None => "none",
                Parity::Even => "even",
                Parity::Odd => "odd",
            };
            let (baud, path) = (serial.baud, path.display());
            Some(format!("mbpoll -m rtu -b {baud} -P {parity} {what} {path}"))
        }
        (Link::Tcp { .. }, Place::Tcp(address)) => Some(format!(
            "mbpoll -m tcp -p {} {what} {}",
            address.port(),
            address.ip()
        )),
        _ => None,
    }
}
