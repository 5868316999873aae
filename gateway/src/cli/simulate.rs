//! `pantau simulate`: the devices of a configuration as a simulator, for a rehearsal without
//! hardware: Modbus servers, and the gateway's own pins.

use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::pin_place::pin_place;
use super::run::wait_for_stop;
use super::standard_output::print_line;
use crate::clock::Clock;
use crate::config::{self, BusLink, Config, Device, ModbusLink, ModbusTable, Parity, Point};
use crate::domain::UtcMs;
use crate::domain::parse_finite;
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

/// Speed factor from 0.001 to 86400 (one simulated day for each second). At zero nothing would ever
/// be measured.
pub(super) fn parse_speed(text: &str) -> Result<f64, String> {
    parse_finite(text)
        .filter(|speed| (0.001..=86_400.0).contains(speed))
        .ok_or_else(|| "0.001..86400".to_owned())
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

/// Text with the buses and their addresses, the devices, and a command for each: `mbpoll` on
/// Modbus, `pantau scan` on pins.
pub(super) fn buses_text(config: &Config, served: &SimulatorServers, lang: Language) -> String {
    let mut text = String::new();
    for (index, (bus, place)) in config.buses.iter().zip(&served.places).enumerate() {
        match bus.link.modbus() {
            Some(link) => write_modbus_bus(&mut text, config, (index, link, place), lang),
            None => write_pin_bus(&mut text, config, (index, place), lang),
        }
    }
    text.trim_end().to_owned()
}

/// Devices of a bus with their points.
fn devices_of(config: &Config, bus: usize) -> impl Iterator<Item = &Device> {
    let devices = config.devices.iter();
    devices.filter(move |device| device.bus == bus)
}

fn write_modbus_bus(
    text: &mut String,
    config: &Config,
    (index, link, place): (usize, &ModbusLink, &SimulatedEndpoint),
    lang: Language,
) {
    let (bus, place_text) = (&config.buses[index].id, address_text(place));
    let args = [
        ("bus", &**bus),
        ("kind", link_kind(link)),
        ("place", &place_text),
    ];
    let _ = writeln!(text, "{}", lang.text_with("sim-bus", &args));
    if is_port_moved(link, place) {
        let _ = writeln!(text, "  {}", lang.text_with("sim-moved", &args));
    }
    write_address_lines(text, &config.buses[index].link, place, lang);
    for device in devices_of(config, index) {
        let unit = device.unit.to_string();
        let points = device.points.len().to_string();
        let args = [
            ("device", &*device.id),
            ("unit", &unit),
            ("points", &points),
        ];
        let _ = writeln!(text, "  {}", lang.text_with("sim-device", &args));
        let point = device.points.first();
        if let Some(call) = point.and_then(|point| mbpoll_example(link, place, device.unit, point))
        {
            let _ = writeln!(text, "    {call}");
        }
    }
}

/// Bus of the gateway's own pins, with the key that points a gateway to it.
fn write_pin_bus(
    text: &mut String,
    config: &Config,
    (index, place): (usize, &SimulatedEndpoint),
    lang: Language,
) {
    let bus = &config.buses[index];
    let (kind, path) = (bus.link.summary().name, address_text(place));
    let args = [("bus", &*bus.id), ("kind", kind), ("place", &path)];
    if *place == SimulatedEndpoint::NotSimulated {
        let _ = writeln!(text, "{}", lang.text_with("sim-not-simulated", &args));
        return;
    }
    let _ = writeln!(text, "{}", lang.text_with("sim-bus", &args));
    write_address_lines(text, &bus.link, place, lang);
    for device in devices_of(config, index) {
        let points = device.points.len().to_string();
        let pin = pin_place(device, lang).unwrap_or_default();
        let args = [("device", &*device.id), ("pin", &pin), ("points", &points)];
        let _ = writeln!(text, "  {}", lang.text_with("sim-pin-device", &args));
    }
    if !matches!(bus.link, BusLink::Uart(_)) {
        let _ = writeln!(text, "    pantau scan {path}");
    }
}

/// Keys that point a gateway to a simulated bus.
fn write_address_lines(
    text: &mut String,
    link: &BusLink,
    place: &SimulatedEndpoint,
    lang: Language,
) {
    for line in address_lines(link, place) {
        let _ = writeln!(text, "  {}", lang.text_with("sim-key", &[("line", &line)]));
    }
}

/// Lines of a `[[bus]]` table with the address of its simulation; none when it has none.
pub(super) fn address_lines(link: &BusLink, place: &SimulatedEndpoint) -> Vec<String> {
    let path = match place {
        SimulatedEndpoint::Tcp(address) => {
            let host = toml::Value::String(address.ip().to_string());
            return vec![
                format!("host = {host}"),
                format!("tcp_port = {}", address.port()),
            ];
        }
        SimulatedEndpoint::NotSimulated => return Vec::new(),
        SimulatedEndpoint::Port(path)
        | SimulatedEndpoint::Folder(path)
        | SimulatedEndpoint::Socket(path) => path.display().to_string(),
    };
    let key = match link {
        BusLink::Gpio(_) => "chip",
        _ => "port",
    };
    vec![format!("{key} = {}", toml::Value::String(path))]
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
        SimulatedEndpoint::Port(path)
        | SimulatedEndpoint::Folder(path)
        | SimulatedEndpoint::Socket(path) => path.display().to_string(),
        SimulatedEndpoint::NotSimulated => String::new(),
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
