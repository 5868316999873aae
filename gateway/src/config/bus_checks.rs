//! [`check_buses`]: checks `[[bus]]` tables, gives buses and devices their settle times, and checks
//! topics and client ids of sensor nodes together.

use crate::config::bus_kinds::{RawBus, check_bus_link};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_config::RawDevice;
use crate::config::raw_values::SpannedValue;
use crate::config::value_syntax::EXPECT_DURATION;
use crate::config::{
    BrokerSettings, Bus, Device, MqttPoint, bus_keys, device_limits, value_syntax,
};
use crate::sinks::ConfiguredSink;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const TIMEOUT_DEFAULT: Duration = Duration::from_millis(500);
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
            && !ports.insert(line.port.clone())
        {
            notes.add_error(port.span(), "port", "fault-duplicate", port.get(), "");
        }
        let timeout = notes.parsed_text(
            &typed.timeout,
            "timeout",
            value_syntax::parse_duration,
            EXPECT_DURATION,
        );
        let usable = Duration::from_millis(10)..=Duration::from_mins(1);
        if let (Some(typed), Some(timeout)) = (&typed.timeout, timeout)
            && !usable.contains(&timeout)
        {
            notes.add_error(
                typed.span(),
                "timeout",
                "fault-range",
                typed.get(),
                "10ms..=60s",
            );
        }
        buses.push(Bus {
            id,
            link,
            timeout: timeout.unwrap_or(TIMEOUT_DEFAULT),
            settle: device_limits::settle(notes, &typed.settle).unwrap_or_default(),
        });
    }
    buses
}

/// Gives each device the settle time of its bus where that says one, and a bus without one the
/// longest of its devices.
pub(crate) fn apply_settle_times(
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
        if (before..all.len()).contains(&NODE_TOPICS_MAX) {
            let (found, most) = (all.len().to_string(), NODE_TOPICS_MAX.to_string());
            notes.add_error(at.span(), "topic", "fault-too-many", &found, &most);
        }
    }
}

#[cfg(test)]
mod tests {
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
    fn a_device_settles_by_itself_unless_its_bus_says_how_long() {
        let tcp = "kind = 'modbus-tcp'\nhost = 'h'\n";
        assert_eq!(settle_times(tcp), (2000, [2000, 0]));
        let said = format!("{tcp}settle = '500ms'");
        assert_eq!(settle_times(&said), (500, [500, 500]));
        let line = "kind = 'modbus-rtu'\nport = '/dev/ttyUSB0'";
        assert_eq!(settle_times(line), (0, [0, 0]));
    }
}
