//! Tests of the simulated site, read by mbpoll over TCP and over a serial line.

use crate::killed::pantau;
use crate::peers::PeerProcess;
use crate::servers::free_port;
use gateway::clock::Clock;
use gateway::config::{self, Config, ModbusTable};
use gateway::domain::UtcMs;
use gateway::simulator::clear_sky;
use gateway::simulator::device::SimulatedDevice;
use gateway::simulator::pins::SimulatedPinPoint;
use gateway::simulator::{SimulatedEndpoint, SimulatedPlant, SimulatedWorld, serve_devices};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

const DEMO: &str = include_str!("../../gateway/assets/demo.toml");
/// Simulated time, 2026-07-01T12:00:00+07:00. It stands still, so that every value is known.
const NOON: UtcMs = UtcMs(1_782_882_000_000);

fn demo_site() -> (Config, SimulatedWorld) {
    let config = config::load_config_text(DEMO, Path::new("demo.toml"), &|_| None).unwrap();
    let place = clear_sky::GeoLocation {
        latitude: config.site.latitude,
        longitude: config.site.longitude,
    };
    let plant = SimulatedPlant::new(place, config.site.timezone.clone(), 1, NOON);
    (
        config,
        SimulatedWorld::new(plant, Clock::set(NOON, true), 1, 1.0),
    )
}

/// The registers that mbpoll prints, one a line as `[ADDRESS]: 0xWORD`.
async fn mbpoll_registers(
    place: &SimulatedEndpoint,
    unit: u8,
    table: ModbusTable,
    first: u16,
    count: u16,
) -> Vec<u16> {
    let mut call = Command::new("mbpoll");
    // -0 counts addresses from 0 as the profiles do, -1 polls once, and -o waits 5 s on a busy
    // computer.
    call.args(["-0", "-1", "-q", "-o", "5", "-a", &unit.to_string()]);
    call.args([
        "-t",
        if table == ModbusTable::Input {
            "3:hex"
        } else {
            "4:hex"
        },
    ]);
    call.args(["-r", &first.to_string(), "-c", &count.to_string()]);
    match place {
        SimulatedEndpoint::Tcp(at) => {
            call.args(["-m", "tcp", "-p", &at.port().to_string(), "127.0.0.1"])
        }
        SimulatedEndpoint::Port(path) => call
            .args(["-m", "rtu", "-b", "9600", "-P", "none"])
            .arg(path),
        other => panic!("no Modbus at {other:?}"),
    };
    let output = tokio::time::timeout(Duration::from_secs(20), call.output());
    let output = output
        .await
        .expect("mbpoll ends")
        .expect("mbpoll is installed (apt)");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = text
        .lines()
        .filter_map(|line| line.split_once("0x")?.1.trim().get(..4));
    let words: Vec<u16> = words
        .filter_map(|word| u16::from_str_radix(word, 16).ok())
        .collect();
    assert_eq!(words.len(), usize::from(count), "{output:?}");
    words
}

#[tokio::test]
async fn another_master_reads_every_point_of_every_profile() {
    let (config, world) = demo_site();
    let served = serve_devices(&config, &world).await.unwrap();
    let mut profiles = std::collections::BTreeSet::new();
    for (device, info) in config.devices.iter().zip(&config.site.devices) {
        let Some(profile) = &info.profile else {
            continue;
        };
        profiles.insert(profile.to_string());
        let twin = SimulatedDevice::new(device, info, world.seed());
        for (index, point) in device.points.iter().enumerate() {
            let expected = twin.point_registers(index, &world.snapshot()).unwrap();
            let place = &served.places[device.bus];
            let access = point.modbus().unwrap();
            let count = access.encoding.registers();
            let heard =
                mbpoll_registers(place, device.unit, access.table, access.address, count).await;
            let mask = access
                .bits
                .map_or(u16::MAX, |(low, high)| (low..=high).map(|b| 1 << b).sum());
            let heard: Vec<u16> = heard.iter().map(|word| word & mask).collect();
            assert_eq!(heard, expected, "{}.{}", info.id, point.name);
        }
    }
    // All profiles of the demo, so that a device without readings does not pass unseen.
    assert_eq!(profiles.len(), 6, "{profiles:?}");
}

#[test]
fn the_demo_shows_what_its_plant_does() {
    let (config, world) = demo_site();
    let now = world.snapshot();
    let value = |id: &str| {
        let (device, point) = config
            .site
            .find_point(id)
            .unwrap_or_else(|| panic!("no {id}"));
        let device = usize::from(device);
        let (settings, info) = (&config.devices[device], &config.site.devices[device]);
        let on_pins = SimulatedPinPoint::all(settings, info, world.seed());
        if let Some(point) = on_pins.get(point) {
            return point.value(&now);
        }
        SimulatedDevice::new(settings, info, world.seed())
            .point_value(point, &now)
            .unwrap()
    };
    for (id, expected) in [
        ("inverter.ac_power", now.ac_power),
        ("inverter.dc_power", now.dc_power),
        ("inverter.dc_voltage_1", now.dc_voltage),
        ("inverter.dc_current_2", 0.0),
        ("inverter.ac_energy_today", now.solar_today / 1e3),
        ("inverter.ac_energy_total", now.solar_total / 1e3),
        ("inverter.temperature_inverter", now.inverter_temp),
        ("meter.ac_power", now.grid_power),
        ("meter.ac_energy_import", now.grid_import / 1e3),
        ("meter.ac_energy_export", now.grid_export / 1e3),
        ("meter.frequency", now.frequency),
        ("pump.ac_power", now.pump_power),
        ("pump.ac_energy_total", now.pump_energy),
        ("level.level", now.level),
        ("air.temp_air", now.air),
        ("air.humidity", now.humidity),
        ("sun.irradiance", now.irradiance),
        ("bsf-air.temp_air", now.bin_rim),
        ("rain.rain_total", now.rain_total),
        ("pump-flow.flow", now.pump_flow),
        ("pump-flow.volume_total", now.pumped),
        ("bsf-bin.temp_core", now.bin_core),
        ("bsf-rim.temp_rim", now.bin_rim),
        ("bsf-moisture.moisture", now.bin_moisture),
    ] {
        let found = value(id);
        assert!(
            (found - expected).abs() < 1e-9,
            "{id}: {found} for {expected}"
        );
    }
}

#[test]
fn a_demo_that_starts_again_is_the_same_site_and_makes_no_new_revision() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().to_str().unwrap();
    let file = folder.path().join("pantau.toml");
    let revisions = || {
        let output = pantau()
            .args(["report", "--revisions", "--json", "-c"])
            .arg(&file)
            .output()
            .unwrap();
        let all: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        all.as_array().unwrap().len()
    };
    let mut addresses = Vec::new();
    for _ in 0..2 {
        let mut command = pantau();
        command.args([
            "--lang", "en", "demo", "--days", "0", "--store", store, "--port",
        ]);
        command.arg(free_port().to_string()).stderr(Stdio::null());
        let (demo, _) = PeerProcess::start_until(&mut command, "http://127.0.0.1");
        let text = std::fs::read_to_string(&file).unwrap();
        let mut lines = text.lines().filter(|line| line.starts_with("tcp_port"));
        addresses.push(lines.next().unwrap().to_owned());
        assert_eq!(revisions(), 1);
        demo.terminate();
        // Nor does a report that is made from the store after it.
        assert_eq!(revisions(), 1);
    }
    assert_ne!(addresses[0], addresses[1]);
}

#[test]
fn a_simulation_is_where_the_configuration_says_or_tells_what_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let (free, other) = (free_port(), free_port());
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let used = taken.local_addr().unwrap().port();
    let bus = |id: &str, host: &str, port: u16| {
        format!("[[bus]]\nid = '{id}'\nkind = 'modbus-tcp'\nhost = '{host}'\ntcp_port = {port}\n")
    };
    let buses = [
        bus("own", "127.0.0.1", free),
        bus("used", "127.0.0.1", used),
        // An address for documentation, which no machine has (RFC 5737).
        bus("away", "192.0.2.7", other),
    ];
    let config = folder.path().join("pantau.toml");
    let site = "[site]\nid = 's'\ntimezone = 'Asia/Jakarta'\nlatitude = -3.7\nlongitude = 103.7\n";
    std::fs::write(&config, site.to_owned() + &buses.concat()).unwrap();
    for (lang, used_words, away_words, last) in [
        (
            "en",
            "used by another program",
            "not an address of this computer",
            "Press Ctrl-C",
        ),
        (
            "id",
            "dipakai program lain",
            "bukan alamat komputer ini",
            "Ctrl-C",
        ),
    ] {
        let mut command = pantau();
        command.args(["--lang", lang, "--log", "off", "simulate", "-c"]);
        let (_site, said) = PeerProcess::start_until(command.arg(&config), last);
        let said = said.join("\n");
        let part = |from: &str, to: &str| {
            let rest = said.split_once(from).unwrap_or_else(|| panic!("{said}")).1;
            rest.split_once(to)
                .map_or(rest, |(part, _)| part)
                .to_owned()
        };
        // What is served as configured has nothing to change.
        let own = part("own: ", "used: ");
        assert!(own.contains(&format!("127.0.0.1:{free}")), "{said}");
        assert!(!own.contains("pantau.toml"), "{said}");
        let of_used = part("used: ", "away: ");
        assert!(
            of_used.contains(used_words) && of_used.contains("tcp_port ="),
            "{said}"
        );
        let away = part("away: ", last);
        assert!(away.contains(away_words), "{said}");
        assert!(away.contains("host = \"127.0.0.1\""), "{said}");
    }
}
