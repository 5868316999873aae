//! TOML tables for found devices, to be appended to the configuration, so that its comments and
//! order stay.

use super::{DeviceLocation, FoundDevice, found_output, place_text, serial_port};
use crate::commissioning::scan_engine::ScanLineSettings;
use crate::config::{Config, ModbusLink};
use crate::i18n::Language;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// Tables to append, and devices that were left out.
#[derive(Debug, Default, PartialEq)]
pub struct ConfigAdditions {
    /// TOML tables; empty when there is nothing new.
    pub text: String,
    /// Devices that were left out, with the reason, one sentence each.
    pub left_out: Vec<String>,
}

/// The configuration with the tables appended.
pub fn join_config(old: &str, more: &str) -> String {
    let newline = if old.is_empty() || old.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{old}{newline}{more}")
}

/// Ids in use, and buses that have been added.
struct UsedIds {
    taken: BTreeSet<String>,
    new: Vec<(DeviceLocation, String)>,
}

impl UsedIds {
    fn of_config(config: Option<&Config>) -> Self {
        let devices = config.iter().flat_map(|config| &config.devices);
        let buses = config.iter().flat_map(|config| &config.buses);
        let devices = devices.map(|device| device.id.to_string());
        Self {
            taken: devices.chain(buses.map(|bus| bus.id.to_string())).collect(),
            new: Vec::new(),
        }
    }

    /// `base`, or `base` with the first free number.
    fn fresh_id(&mut self, base: &str, first: usize) -> String {
        let numbered = |number: usize| match number {
            0 => base.to_owned(),
            number => format!("{base}-{number}"),
        };
        // One candidate more than ids in use: at least one of them is free.
        let most = first + self.taken.len();
        let free = (first..=most)
            .map(numbered)
            .find(|id| !self.taken.contains(id));
        let id = free.unwrap_or_else(|| base.to_owned());
        self.taken.insert(id.clone());
        id
    }
}

/// Tables of a sensor that sends by itself at a port; `bus` is the index of its bus, which is added
/// when there is none.
pub fn sensor_tables(
    config: Option<&Config>,
    (bus, port): (Option<usize>, &Path),
    profile: &str,
    kind: &str,
) -> String {
    let mut ids = UsedIds::of_config(config);
    let mut text = String::new();
    let known = config.zip(bus);
    let bus = known.map(|(config, bus)| config.buses[bus].id.to_string());
    let bus = bus.unwrap_or_else(|| {
        let id = ids.fresh_id("uart", 0);
        let port = toml_string(&port.display().to_string());
        // Writing into a `String` cannot fail.
        let _ = write!(
            text,
            "\n[[bus]]\nid = {}\nkind = \"uart\"\nport = {port}\n",
            toml_string(&id)
        );
        id
    });
    let _ = write!(
        text,
        "\n[[device]]\nid = {}\nbus = {}\nprofile = {}\nevery = \"10s\"\n",
        toml_string(&ids.fresh_id(kind, 1)),
        toml_string(&bus),
        toml_string(profile),
    );
    text
}

/// Tables for these devices.
pub fn plan_additions(config: &Config, found: &[FoundDevice], lang: Language) -> ConfigAdditions {
    let mut ids = UsedIds::of_config(Some(config));
    let mut additions = ConfigAdditions::default();
    for one in found {
        let place = place_text(&one.place);
        let unit = one.unit.to_string();
        let args = [("place", place.as_str()), ("unit", unit.as_str())];
        if one.verdict.candidates.is_empty() {
            additions
                .left_out
                .push(lang.text_with("scan-write-unknown", &args));
            continue;
        }
        match find_or_add_bus(config, &mut ids, one, &mut additions.text) {
            Ok(Some(bus)) => add_device_toml(&mut ids, &bus, one, lang, &mut additions.text),
            Ok(None) => {}
            Err(settings) => {
                let settings = settings.text();
                let args = [args[0], args[1], ("settings", settings.as_str())];
                additions
                    .left_out
                    .push(lang.text_with("scan-write-settings", &args));
            }
        }
    }
    additions
}

/// Index of the bus at this place; `Err` with the settings of a line that has others.
pub fn bus_at(config: &Config, place: &DeviceLocation) -> Option<Result<usize, ScanLineSettings>> {
    for (index, bus) in config.buses.iter().enumerate() {
        let other = match (bus.link.modbus(), place) {
            (Some(ModbusLink::Rtu(line)), DeviceLocation::Line(path, tuning))
                if serial_port::is_same_port(&line.port, path) =>
            {
                let own = ScanLineSettings {
                    baud: line.baud,
                    parity: line.parity,
                    stop_bits: line.stop_bits,
                };
                (own != *tuning).then_some(own)
            }
            (Some(ModbusLink::Tcp { host, port }), DeviceLocation::Network(at, number))
            | (
                Some(ModbusLink::RtuOverTcp { host, port, .. }),
                DeviceLocation::Server(at, number),
            ) if host == at && port == number => None,
            _ => continue,
        };
        return Some(other.map_or(Ok(index), Err));
    }
    None
}

/// Id of the device's bus, which is added when it is missing. `Ok(None)`: the device is already
/// configured. `Err`: the bus of this port has other line settings, which are returned.
fn find_or_add_bus(
    config: &Config,
    ids: &mut UsedIds,
    found: &FoundDevice,
    text: &mut String,
) -> Result<Option<String>, ScanLineSettings> {
    match bus_at(config, &found.place) {
        Some(Ok(index)) => {
            let mut devices = config.devices.iter();
            let known = devices.any(|device| device.bus == index && device.unit == found.unit);
            return Ok((!known).then(|| config.buses[index].id.to_string()));
        }
        Some(Err(other)) => return Err(other),
        None => {}
    }
    // One port has one setting: a second device at another speed cannot be added to the same bus.
    for (place, id) in &ids.new {
        match (place, &found.place) {
            (one, other) if one == other => return Ok(Some(id.clone())),
            (DeviceLocation::Line(port, tuning), DeviceLocation::Line(other, _))
                if port == other =>
            {
                return Err(*tuning);
            }
            _ => {}
        }
    }
    let id = match &found.place {
        DeviceLocation::Line(..) => ids.fresh_id("rs485", 0),
        DeviceLocation::Network(..) | DeviceLocation::Server(..) => ids.fresh_id("lan", 0),
    };
    text.push_str(&bus_toml(&found.place, &id));
    ids.new.push((found.place.clone(), id.clone()));
    Ok(Some(id))
}

fn bus_toml(place: &DeviceLocation, id: &str) -> String {
    let id = toml_string(id);
    match place {
        DeviceLocation::Line(port, tuning) => format!(
            "\n[[bus]]\nid = {id}\nkind = \"modbus-rtu\"\nport = {}\nbaud = {}\nparity = \"{}\"\n",
            toml_string(&port.display().to_string()),
            tuning.baud,
            found_output::parity_word(tuning.parity),
        ),
        DeviceLocation::Network(host, port) => network_bus_toml(&id, "modbus-tcp", host, *port),
        DeviceLocation::Server(host, port) => {
            network_bus_toml(&id, "modbus-rtu-over-tcp", host, *port)
        }
    }
}

fn network_bus_toml(id: &str, kind: &str, host: &str, port: u16) -> String {
    let host = toml_string(host);
    format!("\n[[bus]]\nid = {id}\nkind = \"{kind}\"\nhost = {host}\ntcp_port = {port}\n")
}

fn add_device_toml(
    ids: &mut UsedIds,
    bus: &str,
    found: &FoundDevice,
    lang: Language,
    text: &mut String,
) {
    let candidates = &found.verdict.candidates;
    let Some(first) = candidates.first() else {
        return;
    };
    let id = ids.fresh_id(&first.kind, 1);
    text.push('\n');
    // The likelier profile is written, with a comment that names the others.
    if candidates.len() > 1 {
        let names: Vec<&str> = candidates.iter().map(|one| &*one.profile).collect();
        let doubt = lang.text_with("scan-write-unsure", &[("names", &names.join(", "))]);
        let _ = writeln!(text, "# {doubt}");
    }
    let _ = write!(
        text,
        "[[device]]\nid = {}\nbus = {}\nunit = {}\nprofile = {}\nevery = \"10s\"\n",
        toml_string(&id),
        toml_string(bus),
        found.unit,
        toml_string(&first.profile),
    );
}

/// A TOML string.
fn toml_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
