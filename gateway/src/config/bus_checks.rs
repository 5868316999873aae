//! [`check_buses`]: checks `[[bus]]` tables, gives buses and devices their settle times, and checks
//! topics and client ids of sensor nodes, and the places of pins, together.

use crate::config::bus_kinds::{RawBus, check_bus_link};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_config::RawDevice;
use crate::config::raw_values::{RawInteger, SpannedValue};
use crate::config::{
    BrokerSettings, Bus, ChipPoint, Device, MqttPoint, Point, bus_keys, device_limits,
};
use crate::sinks::ConfiguredSink;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

// One lost answer is noise, and no news; a second one is.
const RETRIES_DEFAULT: u8 = 1;
// Each costs the other devices of the bus a timeout.
const RETRIES_MAX: u8 = 3;
/// Maximum topics of sensor nodes on one bus.
const NODE_TOPICS_MAX: usize = 8192;

/// Checks all `[[bus]]` tables.
pub(crate) fn check_buses(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawBus>],
) -> Vec<Bus> {
    let mut ids = BTreeSet::new();
    let mut ports = BTreeSet::new();
    let mut buses = Vec::new();
    for at in raw {
        let typed = at.get();
        let id = notes.id(&typed.id, &mut ids);
        let link = check_bus_link(notes, at);
        if let Some(kind) = &typed.kind {
            bus_keys::report_stray_keys(notes, typed, *kind.get(), link.summary().kind);
        }
        // A serial port has exactly one owner.
        if let (Some(line), Some(port)) = (link.serial_port(), &typed.port)
            && !ports.insert(line.real_port())
        {
            notes.add_error(port.span(), "port", "fault-duplicate", port.get(), "");
        }
        buses.push(Bus {
            id,
            link,
            timeout: device_limits::timeout(notes, &typed.timeout)
                .unwrap_or(device_limits::TIMEOUT_DEFAULT),
            retries: check_retries(notes, &typed.retries),
            settle: device_limits::settle(notes, &typed.settle).unwrap_or_default(),
            oddities: device_limits::header_oddities(typed.accept.as_ref()).unwrap_or_default(),
        });
    }
    buses
}

/// Times that a request without an answer is sent again.
fn check_retries(notes: &mut DiagnosticCollector<'_>, typed: &RawInteger) -> u8 {
    let Some(at) = typed else {
        return RETRIES_DEFAULT;
    };
    let found = u8::try_from(*at.get()).ok();
    found
        .filter(|count| *count <= RETRIES_MAX)
        .unwrap_or_else(|| {
            let expected = format!("0..={RETRIES_MAX}");
            notes.add_error(
                at.span(),
                "retries",
                "fault-range",
                &at.get().to_string(),
                &expected,
            );
            RETRIES_DEFAULT
        })
}

/// Gives each device the settle time and the timeout of its bus where that says one, and a bus
/// without one the longest of its devices.
pub(crate) fn apply_bus_times(
    buses: &mut [Bus],
    raw: &[SpannedValue<RawBus>],
    devices: &mut [Device],
) {
    for (index, (bus, raw)) in buses.iter_mut().zip(raw).enumerate() {
        // A serial port has no connection to the device: the profile's time is for networks.
        let is_said = raw.get().settle.is_some() || bus.link.serial_port().is_some();
        for device in devices.iter_mut().filter(|device| device.bus == index) {
            if is_said {
                device.limits.settle = bus.settle;
            } else {
                bus.settle = bus.settle.max(device.limits.settle);
            }
            // One connection serves all devices of a bus.
            bus.oddities = bus.oddities.union(device.limits.oddities);
            if raw.get().timeout.is_some() {
                device.limits.timeout = bus.timeout;
            } else {
                bus.timeout = bus.timeout.max(device.limits.timeout);
            }
        }
    }
}

/// Checks the client ids at brokers together: each may be that of one connection only.
pub(crate) fn check_client_ids(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawBus>],
    buses: &[Bus],
    sinks: &[Arc<dyn ConfiguredSink>],
) {
    let sinks = sinks.iter();
    let sinks = sinks.filter_map(|sink| Some((sink.broker()?, format!("[{}]", sink.name()))));
    let mut taken: Vec<(&BrokerSettings, String)> = sinks.collect();
    for (at, bus) in raw.iter().zip(buses) {
        let (Some(typed), Some(link)) = (&at.get().client_id, bus.link.mqtt()) else {
            continue;
        };
        let mut others = taken.iter();
        let same = others.find(|(broker, _)| link.broker.has_client_id_of(broker));
        if let Some((_, owner)) = same {
            notes.add_error(
                typed.span(),
                "client_id",
                "fault-same-client",
                typed.get(),
                owner,
            );
        }
        taken.push((&link.broker, bus.id.to_string()));
    }
}

/// Checks the topics of all nodes together: none may be one on which the gateway publishes by
/// itself, since its readings would come back as new ones; `published` has their beginnings. A bus
/// may have only so many.
pub(crate) fn check_all_topics(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawDevice>],
    devices: &[Device],
    published: &[String],
) {
    let mut of_bus: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for (at, device) in raw.iter().zip(devices) {
        let points = device.points.iter().filter_map(|point| point.access.mqtt());
        let topics: BTreeSet<&str> = points.flat_map(MqttPoint::topics).map(|at| &**at).collect();
        let is_own = |topic: &&&str| published.iter().any(|own| topic.starts_with(own.as_str()));
        // One error a device, not one a point.
        if let Some(topic) = topics.iter().find(is_own) {
            notes.add_error(at.span(), "topic", "fault-own-topic", topic, "");
        }
        let all = of_bus.entry(device.bus).or_default();
        let before = all.len();
        all.extend(topics);
        // One error a bus: at the device with which the limit is passed.
        if (before..all.len()).contains(&NODE_TOPICS_MAX) {
            let (found, most) = (all.len().to_string(), NODE_TOPICS_MAX.to_string());
            notes.add_error(at.span(), "topic", "fault-too-many", &found, &most);
        }
    }
}

/// Point at a place of pins.
struct PlaceUser<'a> {
    /// Index of its device.
    device: usize,
    /// Value that it asks of a chip; `None` at a line.
    chip: Option<&'a ChipPoint>,
}

/// Warns about devices that are at the same place of the gateway's own pins: a line that counts for
/// two, two chips at an address, or one probe twice.
pub(crate) fn warn_shared_places(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawDevice>],
    buses: &[Bus],
    devices: &[Device],
) {
    let mut known: BTreeMap<(String, String), Vec<PlaceUser<'_>>> = BTreeMap::new();
    for (index, (at, device)) in raw.iter().zip(devices).enumerate() {
        let mut shared = None;
        for point in device.points.iter() {
            let chip = point.access.chip();
            let (Some(bus), Some((key, place))) = (buses.get(device.bus), pin_key(point)) else {
                continue;
            };
            let place = format!("{key} = {place}");
            let users = known.entry((bus.link.summary().address, place.clone()));
            let users = users.or_default();
            // The inputs of a converter may be devices of their own.
            let is_other = |other: &ChipPoint| {
                chip.is_none_or(|own| own.chip != other.chip || own.signal == other.signal)
            };
            let mut others = users.iter().filter(|user| user.device != index);
            if others.any(|other| other.chip.is_none_or(is_other)) {
                shared = shared.or(Some((key, place)));
            }
            users.push(PlaceUser {
                device: index,
                chip,
            });
        }
        // One warning a device, not one a point.
        if let Some((key, place)) = shared {
            notes.add_warning(at.span(), key, "fault-same-place", &place, "");
        }
    }
}

/// Key of a point's place on pins, and the place; `None` for a point elsewhere.
fn pin_key(point: &Point) -> Option<(&'static str, String)> {
    if let Some(line) = point.access.gpio() {
        return Some(("line", line.line.as_ref()?.to_string()));
    }
    let chip = point.access.chip()?;
    match chip.serial {
        Some(serial) => Some(("serial", serial.to_string())),
        None if chip.chip?.bus_word() == "i2c" => {
            Some(("address", format!("{:#04x}", chip.address)))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::config::load_config_text;
    use crate::tests::{SiteText, load_site};

    /// Returns the settle time of the bus and of its two devices, milliseconds.
    fn settle_times(bus: &str) -> (u128, [u128; 2]) {
        let point = "point = [{ id = 'v', register = 'holding:0', type = 'u16' }]";
        let slow = format!("unit = 1\n{point}\nlimits = {{ settle = '2s' }}");
        let site = SiteText::new("s").bus("b", bus).device("slow", "b", slow);
        let site = site.device("quick", "b", format_args!("unit = 2\n{point}"));
        let config = load_site(&site.text());
        let devices = [&config.devices[0], &config.devices[1]];
        let own = devices.map(|device| device.limits.settle.as_millis());
        (config.buses[0].settle.as_millis(), own)
    }

    #[test]
    fn devices_at_one_line_address_or_serial_number_are_warned_of() {
        let site = SiteText::new("s")
            .bus("pins", "kind = 'gpio'")
            .device("rain", "pins", "line = 'GPIO17'")
            .points([
                "{ id = 'a', signal = 'pulses' }",
                "{ id = 'b', signal = 'rate' }",
            ])
            .device("flow", "pins", "line = 'GPIO17'")
            .points([
                "{ id = 'a', signal = 'pulses' }",
                "{ id = 'b', signal = 'rate' }",
            ])
            .bus("chips", "kind = 'i2c'")
            .device("one", "chips", "chip = 'ads1115'")
            .points(["{ id = 'a', signal = 'a0' }"])
            .device("two", "chips", "chip = 'ads1115'")
            .points(["{ id = 'a', signal = 'a1' }"])
            .device("three", "chips", "chip = 'ads1115'")
            .points(["{ id = 'a', signal = 'a1' }"])
            .device("air", "chips", "chip = 'sht3x'")
            .points(["{ id = 'a', signal = 'temperature' }"]);
        let config = load_site(&site.text());
        let shared = config.warnings.iter();
        let shared = shared.filter(|one| one.what == "fault-same-place");
        let shared: Vec<&str> = shared.map(|one| one.found.as_str()).collect();
        assert_eq!(shared, ["line = GPIO17", "address = 0x48"]);
    }

    #[test]
    fn a_wrong_key_of_a_device_with_two_points_is_told_once() {
        let site = SiteText::new("s").bus("chips", "kind = 'i2c'");
        let site = site.device("air", "chips", "chip = 'bme280'").points([
            "{ id = 'a', signal = 'temperature' }",
            "{ id = 'b', signal = 'humidity' }",
        ]);
        let file = std::path::Path::new("pantau.toml");
        let faults = load_config_text(&site.text(), file, &|_| None).unwrap_err();
        let faults: Vec<&str> = faults.0.iter().map(|fault| fault.what).collect();
        assert_eq!(faults, ["fault-word"]);
    }

    #[test]
    fn a_slow_device_has_its_own_timeout_unless_its_bus_says_one() {
        let point = "point = [{ id = 'v', register = 'holding:0', type = 'u16' }]";
        let times = |bus: &str| {
            let slow = format!("unit = 1\n{point}\nlimits = {{ timeout = '2s' }}");
            let site = SiteText::new("s").bus("b", bus).device("slow", "b", slow);
            let site = site.device("quick", "b", format_args!("unit = 2\n{point}"));
            let config = load_site(&site.text());
            let own = [0, 1].map(|at: usize| config.devices[at].limits.timeout.as_millis());
            (config.buses[0].timeout.as_millis(), own)
        };
        let tcp = "kind = 'modbus-tcp'\nhost = 'h'\n";
        assert_eq!(times(tcp), (2000, [2000, 500]));
        assert_eq!(times(&format!("{tcp}timeout = '700ms'")), (700, [700, 700]));
    }

    #[test]
    fn a_request_is_repeated_at_most_three_times() {
        let tcp = "kind = 'modbus-tcp'\nhost = 'h'\n";
        let point = "unit = 1\npoint = [{ id = 'v', register = 'holding:0', type = 'u16' }]";
        let load = |more: &str| {
            let site = SiteText::new("s").bus("b", format!("{tcp}{more}"));
            let text = site.device("d", "b", point).text();
            load_config_text(&text, std::path::Path::new("pantau.toml"), &|_| None)
        };
        assert_eq!(load("").unwrap().buses[0].retries, 1);
        assert_eq!(load("retries = 0").unwrap().buses[0].retries, 0);
        for wrong in ["retries = 4", "retries = -1"] {
            assert_eq!(load(wrong).unwrap_err().0[0].what, "fault-range");
        }
    }

    #[test]
    fn a_device_settles_by_itself_unless_its_bus_says_how_long() {
        let tcp = "kind = 'modbus-tcp'\nhost = 'h'\n";
        assert_eq!(settle_times(tcp), (2000, [2000, 0]));
        let said = format!("{tcp}settle = '500ms'");
        assert_eq!(settle_times(&said), (500, [500, 500]));
        let line = "kind = 'modbus-rtu'\nport = '/dev/ttyUSB0'";
        assert_eq!(settle_times(line), (0, [0, 0]));
    }
}
