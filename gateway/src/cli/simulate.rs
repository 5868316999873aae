//! `pantau simulate`: the devices of a configuration as a Modbus simulator, for a rehearsal without
//! hardware.

use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::run::wait_for_stop;
use super::standard_output::print_line;
use crate::clock::Clock;
use crate::config::{self, Config, ModbusLink, ModbusTable, Parity, Point};
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::simulator::clear_sky::GeoLocation as Spot;
use crate::simulator::{
    IncidentList, SimulatedEndpoint, SimulatedIncident, SimulatedPlant, SimulatedWorld,
    SimulatorServers, serve_devices,
};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Arguments of `pantau simulate`.
#[derive(Debug, clap::Args)]
pub(super) struct SimulateArgs {
    /// Configuration file.
    #[arg(short, long, value_name = "FILE", default_value = super::backend::DEFAULT_CONFIG_PATH)]
    pub(super) config: PathBuf,
    /// Seed of all random values.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// Simulated seconds for each real second.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = parse_speed)]
    pub(super) speed: f64,
}

/// Speed factor from 0 to 86400 (one simulated day for each second).
pub(super) fn parse_speed(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|speed| (0.0..=86_400.0).contains(speed))
        .ok_or_else(|| "0..86400".to_owned())
}

/// Serves until Ctrl-C.
pub(super) async fn run_simulate(options: SimulateArgs, lang: Language) -> u8 {
    let config = match config::load_config(&options.config) {
        Ok(config) => config,
        Err(faults) => {
            eprintln!("{}", faults.render(lang));
            return EXIT_USAGE;
        }
    };
    let clock = Clock::system();
    let world = build_world(
        &config,
        &clock,
        clock.now().at,
        (options.seed, options.speed),
        Vec::new(),
    );
    let mut served = match serve_devices(&config, &world).await {
        Ok(served) => served,
        Err(error) => {
            eprintln!("pantau: {error}");
            return EXIT_NEGATIVE;
        }
    };
    print_line(&buses_text(&config, &served, lang));
    print_line(&lang.text("sim-until-stopped"));
    tokio::select! {
        () = wait_for_stop() => EXIT_DONE,
        // Simulated buses run until they are stopped; one that ends has failed.
        () = served.wait_for_exit() => EXIT_NEGATIVE,
    }
}

/// Simulated world of a site, with a plant that starts at `from`, and what happens at it.
pub(super) fn build_world(
    config: &Config,
    clock: &Clock,
    from: UtcMs,
    (seed, rate): (u64, f64),
    incidents: Vec<SimulatedIncident>,
) -> SimulatedWorld {
    let spot = Spot {
        latitude: config.site.latitude,
        longitude: config.site.longitude,
    };
    let plant = SimulatedPlant::new(spot, config.site.timezone.clone(), seed, from)
        .with_incidents(IncidentList::new(incidents));
    SimulatedWorld::new(plant, clock.clone(), seed, rate)
}

/// Text with the buses and their addresses, the devices, and an `mbpoll` command for each.
pub(super) fn buses_text(config: &Config, served: &SimulatorServers, lang: Language) -> String {
    let mut text = String::new();
    for (index, (bus, place)) in config.buses.iter().zip(&served.places).enumerate() {
        let Some(link) = bus.link.modbus() else {
            continue;
        };
        let (kind, place_text) = (link_kind(link), address_text(place));
        let args = [("bus", &*bus.id), ("kind", kind), ("place", &place_text)];
        let _ = writeln!(text, "{}", lang.text_with("sim-bus", &args));
        if is_port_moved(link, place) {
            let _ = writeln!(text, "  {}", lang.text_with("sim-moved", &args));
        }
        let devices = config.devices.iter().zip(&config.site.devices);
        for (device, info) in devices.filter(|(device, _)| device.bus == index) {
            let unit = device.unit.to_string();
            let points = device.points.len().to_string();
            let args = [("device", &*info.id), ("unit", &unit), ("points", &points)];
            let _ = writeln!(text, "  {}", lang.text_with("sim-device", &args));
            let point = device.points.first();
            if let Some(call) =
                point.and_then(|point| mbpoll_example(link, place, device.unit, point))
            {
                let _ = writeln!(text, "    {call}");
            }
        }
    }
    text.trim_end().to_owned()
}

fn link_kind(link: &ModbusLink) -> &'static str {
    match link {
        ModbusLink::Tcp { .. } => "Modbus TCP",
        ModbusLink::RtuOverTcp { .. } => "Modbus RTU over TCP",
        ModbusLink::Rtu(_) => "Modbus RTU",
    }
}

fn address_text(place: &SimulatedEndpoint) -> String {
    match place {
        SimulatedEndpoint::Tcp(address) => address.to_string(),
        SimulatedEndpoint::Port(path) => path.display().to_string(),
    }
}

/// Whether the simulator uses another port than the configuration: the configured one was
/// privileged or taken.
fn is_port_moved(link: &ModbusLink, place: &SimulatedEndpoint) -> bool {
    match (link, place) {
        (
            ModbusLink::Tcp { port, .. } | ModbusLink::RtuOverTcp { port, .. },
            SimulatedEndpoint::Tcp(address),
        ) => *port != address.port(),
        _ => false,
    }
}

/// `mbpoll` command that shows the registers of one point; `None` for RTU over TCP, which mbpoll
/// does not support.
fn mbpoll_example(
    link: &ModbusLink,
    place: &SimulatedEndpoint,
    unit: u8,
    point: &Point,
) -> Option<String> {
    let access = point.modbus()?;
    let table = match access.table {
        ModbusTable::Coil => "0",
        ModbusTable::Discrete => "1",
        ModbusTable::Input => "3:hex",
        ModbusTable::Holding => "4:hex",
    };
    // Of a value in two places, the lower one is shown.
    let first = access
        .high
        .map_or(access.address, |high| high.min(access.address));
    let count = access.encoding.registers();
    // `-0` counts addresses from 0, as the configuration does; mbpoll counts from 1 by default.
    let what = format!("-0 -1 -a {unit} -t {table} -r {first} -c {count}");
    match (link, place) {
        (ModbusLink::Rtu(serial), SimulatedEndpoint::Port(path)) => {
            let parity = match serial.parity {
                Parity::None => "none",
                Parity::Even => "even",
                Parity::Odd => "odd",
            };
            let (baud, path) = (serial.baud, path.display());
            Some(format!("mbpoll -m rtu -b {baud} -P {parity} {what} {path}"))
        }
        (ModbusLink::Tcp { .. }, SimulatedEndpoint::Tcp(address)) => Some(format!(
            "mbpoll -m tcp -p {} {what} {}",
            address.port(),
            address.ip()
        )),
        _ => None,
    }
}
