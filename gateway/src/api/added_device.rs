//! A device that a person adds on the page, as tables of the configuration.

use crate::config::{Config, ConfigurationEdit, ConfigurationEditError, configuration_edit};

/// Device as a form names it; an empty field is left out of the file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AddedDevice<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    /// Id of its bus; empty for the new bus at `line`.
    pub(crate) bus: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) profile: &'a str,
    pub(crate) every: &'a str,
    /// Line of a bus that the configuration does not have yet.
    pub(crate) line: AddedLine<'a>,
}

/// Connection of a new bus: a serial port with its settings, or a host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AddedLine<'a> {
    pub(crate) port: &'a str,
    pub(crate) baud: &'a str,
    pub(crate) parity: &'a str,
    pub(crate) host: &'a str,
    pub(crate) tcp_port: &'a str,
    /// `rtu` for frames of a line over TCP.
    pub(crate) framing: &'a str,
}

/// Text of the configuration with a device, and with its bus where that is new.
pub(crate) fn with_added_device(
    text: &str,
    config: &Config,
    added: &AddedDevice<'_>,
) -> Result<String, ConfigurationEditError> {
    let mut text = text.to_owned();
    let mut bus = added.bus.to_owned();
    if bus.is_empty() {
        bus = free_bus_id(config, &added.line);
        let keys = bus_keys(&bus, &added.line);
        let keys = filled(&keys);
        let edit = ConfigurationEdit::Add {
            list: "bus",
            keys: &keys,
        };
        text = configuration_edit(&text, &edit)?;
    }
    let keys = [
        ("id", added.id.into()),
        ("name", added.name.into()),
        ("bus", bus.into()),
        ("unit", number_or_text(added.unit)),
        ("profile", added.profile.into()),
        ("every", added.every.into()),
    ];
    let keys = filled(&keys);
    let edit = ConfigurationEdit::Add {
        list: "device",
        keys: &keys,
    };
    configuration_edit(&text, &edit)
}

fn bus_keys(id: &str, line: &AddedLine<'_>) -> Vec<(&'static str, toml::Value)> {
    let kind = match (line.port.is_empty(), line.framing) {
        (false, _) => "modbus-rtu",
        (true, "rtu") => "modbus-rtu-over-tcp",
        _ => "modbus-tcp",
    };
    vec![
        ("id", id.into()),
        ("kind", kind.into()),
        ("port", line.port.into()),
        ("baud", number_or_text(line.baud)),
        ("parity", line.parity.into()),
        ("host", line.host.into()),
        ("tcp_port", number_or_text(line.tcp_port)),
    ]
}

/// Keys with a value.
fn filled<'a>(keys: &[(&'a str, toml::Value)]) -> Vec<(&'a str, toml::Value)> {
    let has_value = |value: &toml::Value| value.as_str() != Some("");
    let kept = keys.iter().filter(|(_, value)| has_value(value));
    kept.cloned().collect()
}

/// A number where it is one: the check says what is wrong with anything else.
fn number_or_text(text: &str) -> toml::Value {
    text.parse::<u32>()
        .map_or_else(|_| text.into(), |number| i64::from(number).into())
}

/// Id for a new bus that no bus and no device has.
fn free_bus_id(config: &Config, line: &AddedLine<'_>) -> String {
    let base = if line.port.is_empty() { "lan" } else { "rs485" };
    let is_free = |id: &String| {
        let mut buses = config.buses.iter();
        let mut devices = config.devices.iter();
        buses.all(|bus| *bus.id != **id) && devices.all(|device| *device.id != **id)
    };
    let numbered = (2..).map(|number: u32| format!("{base}-{number}"));
    let mut names = std::iter::once(base.to_owned()).chain(numbered);
    names.find(is_free).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{SiteText, load_site};

    fn site() -> (String, Config) {
        let site = SiteText::new("s").tcp_bus("lan", 502);
        let site = site.device("a", "lan", "unit = 1");
        let text = site
            .points(["{ id = 'p', register = 'holding:0', type = 'u16' }"])
            .text();
        let config = load_site(&text);
        (text, config)
    }

    #[test]
    fn an_added_device_keeps_all_that_was_there_and_reads_back_as_it_was_typed() {
        let (text, config) = site();
        let device = AddedDevice {
            id: "me\"ter",
            bus: "lan",
            unit: "7",
            profile: "sdm630",
            every: "10s",
            ..AddedDevice::default()
        };
        let added = with_added_device(&text, &config, &device).unwrap();
        let read: toml::Table = added.parse().unwrap();
        let device = read["device"][1].as_table().unwrap();
        assert_eq!(device["id"].as_str(), Some("me\"ter"));
        assert_eq!(device["unit"].as_integer(), Some(7));
        assert_eq!(device["every"].as_str(), Some("10s"));
        assert_eq!(device.get("name"), None);
        assert_eq!(read["bus"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn a_device_at_a_new_port_brings_its_bus_along() {
        let (text, config) = site();
        let line = AddedLine {
            port: "/dev/ttyUSB0",
            baud: "19200",
            parity: "even",
            ..AddedLine::default()
        };
        let device = AddedDevice {
            id: "kwh",
            unit: "3",
            line,
            ..AddedDevice::default()
        };
        let added = with_added_device(&text, &config, &device).unwrap();
        let read: toml::Table = added.parse().unwrap();
        let bus = read["bus"][1].as_table().unwrap();
        assert_eq!(bus["id"].as_str(), Some("rs485"));
        assert_eq!(bus["baud"].as_integer(), Some(19_200));
        assert_eq!(bus.get("host"), None);
        assert_eq!(read["device"][1]["bus"].as_str(), Some("rs485"));
        let line = AddedLine {
            host: "10.0.0.7",
            tcp_port: "502",
            ..AddedLine::default()
        };
        let added = with_added_device(&text, &config, &AddedDevice { line, ..device });
        let read: toml::Table = added.unwrap().parse().unwrap();
        assert_eq!(read["bus"][1]["id"].as_str(), Some("lan-2"));
        assert_eq!(read["bus"][1]["kind"].as_str(), Some("modbus-tcp"));
    }
}
