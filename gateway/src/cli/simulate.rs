//! `pantau simulate`: the devices of a configuration as a simulator, for a rehearsal without
//! hardware: Modbus servers, and the gateway's own pins.

use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::run::wait_for_stop;
use super::standard_output::print_line;
use crate::assets::tank::geometry::tank_volume;
use crate::assets::tank::tank_sums::tank_geometry;
use crate::assets::{AssetKind, LevelMeasurement, TankAsset};
use crate::clock::Clock;
use crate::config::pin_place::pin_place;
use crate::config::{self, BusLink, Config, Device, ModbusLink, ModbusTable, Parity, Point};
use crate::domain::UtcMs;
use crate::domain::parse_finite;
use crate::i18n::Language;
use crate::simulator::clear_sky::GeoLocation as Spot;
use crate::simulator::{
    IncidentList, SimulatedEndpoint, SimulatedIncident, SimulatedPlant, SimulatedTankShape,
    SimulatedWorld, SimulatorServers, serve_as_configured,
};
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Levels of a simulated tank whose volumes are computed; between them they are interpolated.
const TANK_ROWS: u16 = 200;

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
    let mut served = match serve_as_configured(&config, &world).await {
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
    let (zone, tank) = (config.site.timezone.clone(), tank_of_site(config));
    let plant = SimulatedPlant::with_tank(spot, zone, (seed, from), tank.unwrap_or_default())
        .with_incidents(IncidentList::new(incidents));
    SimulatedWorld::new(plant, clock.clone(), seed, rate)
}

/// Tank of the plant: the first tank of the site; `None` when the site has none.
fn tank_of_site(config: &Config) -> Option<SimulatedTankShape> {
    let mut tanks = config.assets.iter().filter_map(|asset| match &asset.kind {
        AssetKind::Tank(tank) => Some(&**tank),
        _ => None,
    });
    tanks.find_map(simulated_tank)
}

/// Simulated tank of the shape and with the sensor of an asset; `None` when it has no shape.
fn simulated_tank(tank: &TankAsset) -> Option<SimulatedTankShape> {
    let geometry = tank_geometry(tank.shape.as_ref()?);
    let (empty_m, _) = geometry.levels()?;
    let row = |row: u16| {
        let share = f64::from(row) / f64::from(TANK_ROWS);
        let level = empty_m + (tank.full_m - empty_m) * share;
        Some((level, tank_volume(&geometry, Some(level)).v_m3?))
    };
    let mut shape = SimulatedTankShape::new((0..=TANK_ROWS).map(row).collect::<Option<_>>()?)?;
    shape.sensor_zero_m = tank.offset_m;
    if let Some(LevelMeasurement::Distance { height_m, .. }) = &tank.level {
        shape.sensor_height_m = *height_m;
    }
    Some(shape)
}

/// Text with the buses and their addresses, the devices, and a command for each: `mbpoll` on
/// Modbus, `pantau scan` on pins.
pub(super) fn buses_text(config: &Config, served: &SimulatorServers, lang: Language) -> String {
    let mut text = String::new();
    for (index, (bus, place)) in config.buses.iter().zip(&served.places).enumerate() {
        let refused = served.refused.get(index).copied().flatten();
        match bus.link.modbus() {
            Some(link) => write_modbus_bus(&mut text, config, (index, link, place), refused, lang),
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
    refused: Option<ErrorKind>,
    lang: Language,
) {
    let (bus, place_text) = (&config.buses[index].id, address_text(place));
    let args = [
        ("bus", &**bus),
        ("kind", link_kind(link)),
        ("place", &place_text),
    ];
    let _ = writeln!(text, "{}", lang.text_with("sim-bus", &args));
    if let Some(sentence) = moved_text(link, place, refused, lang) {
        let _ = writeln!(text, "  {sentence}");
    }
    // What is served as configured needs no change.
    if !is_as_configured(link, place) {
        write_address_lines(text, &config.buses[index].link, place, lang);
    }
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

/// Whether a gateway with this configuration reaches the simulated bus.
fn is_as_configured(link: &ModbusLink, place: &SimulatedEndpoint) -> bool {
    match (link, place) {
        (
            ModbusLink::Tcp { host, port } | ModbusLink::RtuOverTcp { host, port, .. },
            SimulatedEndpoint::Tcp(address),
        ) => {
            let is_host = match host.as_str() {
                "localhost" => address.ip().is_loopback(),
                host => host.parse() == Ok(address.ip()),
            };
            is_host && *port == address.port()
        }
        _ => false,
    }
}

/// Sentence that says why a bus is not where its configuration says, and what to change; `None`
/// when it is there.
fn moved_text(
    link: &ModbusLink,
    place: &SimulatedEndpoint,
    refused: Option<ErrorKind>,
    lang: Language,
) -> Option<String> {
    let (ModbusLink::Tcp { host, port } | ModbusLink::RtuOverTcp { host, port, .. }) = link else {
        return None;
    };
    if is_as_configured(link, place) {
        return None;
    }
    let port = port.to_string();
    let args = [("host", host.as_str()), ("port", port.as_str())];
    let key = match refused {
        Some(ErrorKind::PermissionDenied) => "sim-moved-denied",
        Some(ErrorKind::AddrInUse) => "sim-moved-used",
        Some(ErrorKind::AddrNotAvailable) => "sim-moved-host",
        _ => "sim-moved",
    };
    Some(lang.text_with(key, &args))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{SiteText, load_site};

    /// 2026-07-01T12:00:00+07:00.
    const NOON: UtcMs = UtcMs(1_782_882_000_000);

    /// Extremes of level and distance in a fortnight of a site with this tank, m.
    fn level_extremes(tank: &str) -> [(f64, f64); 2] {
        let site = SiteText::new("s").tcp_bus("lan", 502);
        let site = site.device("d", "lan", "unit = 1").points([
            "{ id = 'level', register = 'input:0', type = 'u16', scale = 0.001, unit = 'm' }",
            "{ id = 'distance', register = 'input:1', type = 'u16', scale = 0.001, unit = 'm' }",
        ]);
        let config = load_site(&site.asset("t", "tank", tank).text());
        let clock = Clock::set(NOON, true);
        let world = build_world(&config, &clock, NOON, (1, 1.0), Vec::new());
        let hours = (1..14 * 24).map(|hour| UtcMs(NOON.0 + hour * 3_600_000));
        let none = (f64::MAX, f64::MIN);
        hours.fold([none; 2], |[level, distance], at| {
            let now = world.snapshot_at(at);
            let wider = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
            [wider(level, now.level), wider(distance, now.distance)]
        })
    }

    #[test]
    fn a_simulated_level_is_within_the_tank_of_the_site() {
        let table = "level = 'd.level'\nsensor = { offset_m = 0.1 }\nshape = { kind = \
                     'strapping-table', table = [[0.0, 0.0], [0.4, 0.1], [1.2, 0.9]] }";
        let [(low, high), _] = level_extremes(table);
        assert!(low >= 0.0 && high <= 1.1 + 1e-9, "{low} to {high}");
        assert!(high > 0.9 && high - low > 0.1, "{low} to {high}");
        let shape = "shape = { kind = 'horizontal-cylinder', diameter_m = 2.0, length_m = 4.0 }";
        let sensor = "distance = 'd.distance'\nsensor = { height_m = 2.5 }\nfull_m = 1.9";
        let [_, (low, high)] = level_extremes(&format!("{sensor}\n{shape}"));
        assert!(low >= 0.6 - 1e-9 && high <= 2.5 + 1e-9, "{low} to {high}");
        assert!(low < 1.0, "{low} to {high}");
    }

    #[test]
    fn a_site_without_a_tank_has_that_of_the_village() {
        let config = load_site(&SiteText::new("s").text());
        assert_eq!(tank_of_site(&config), None);
    }
}
