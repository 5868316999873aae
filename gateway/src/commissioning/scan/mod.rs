//! Scan for Modbus devices on serial lines and in networks. The entry type is [`DeviceScan`];
//! results are in `found`. See docs/field.md.
//!
//! ```text
//! $ pantau scan /dev/ttyUSB0
//! /dev/ttyUSB0 9600 8N1 unit 1: eastron-sdm630 (meter), fairly sure
//! ```

mod config_additions;
mod device_scan;
mod found_output;
mod late_answers;
mod network;
mod scan_channel;
mod serial_line;
mod serial_port;
mod targets;

pub use config_additions::{ConfigAdditions, bus_at, join_config, plan_additions, sensor_tables};
pub use device_scan::{
    DeviceLocation, DeviceScan, FoundDevice, ScanCost, ScanObserver, ScanOptions,
};
pub(crate) use found_output::parity_word;
pub use found_output::{candidate_reasons, found_device_json, place_text};
pub use serial_port::port_holder_text;
pub(crate) use serial_port::{is_bus_at_port, list_serial_ports, port_error_text};
pub use targets::ScanTarget;

use crate::config::{self, BusLink, Config, ModbusLink};

/// Units of a quick scan, besides the factory defaults of the known profiles.
const QUICK_UNITS: std::ops::RangeInclusive<u8> = 1..=10;
impl<'a, H: ScanObserver> DeviceScan<'a, H> {
    /// A scan that has sent no request yet.
    pub fn new(wishes: &'a ScanOptions, config: Option<&'a Config>, host: H) -> Self {
        Self {
            wishes,
            config,
            profiles: config::valid_profiles(config.and_then(|one| one.profiles.as_deref())),
            lang: host.lang(),
            host,
            cost: ScanCost::default(),
            found: Vec::new(),
            failed: false,
        }
    }

    /// Scans all targets, one after the other. Devices found so far stay in `found` when the future
    /// is dropped.
    pub async fn all(&mut self, targets: &[ScanTarget]) {
        for target in targets {
            match target {
                ScanTarget::Line(port) => self.scan_line(port).await,
                ScanTarget::Network(hosts, ports) => self.scan_network(hosts, ports).await,
            }
        }
    }

    /// Units to try: the given ones; else 1 to 10 and factory defaults, or all with `full`.
    fn units_to_try(&self, on_line: bool) -> Vec<u8> {
        // On a serial line 0 is broadcast and 248 to 255 are reserved; Modbus TCP devices use 0 and
        // 255 for the device itself.
        let most = if on_line { 247 } else { 255 };
        if let Some(units) = &self.wishes.units {
            let legal = |unit: &&u8| !on_line || (1..=most).contains(*unit);
            return units.iter().filter(legal).copied().collect();
        }
        if self.wishes.full {
            return (1..=most).chain((!on_line).then_some(0)).collect();
        }
        let mut units: Vec<u8> = QUICK_UNITS.collect();
        // Factory addresses of serial profiles on a line, of TCP profiles in a network.
        let by_wire = self.profiles.iter().filter(|profile| {
            let factory = &profile.factory;
            if on_line {
                factory.baud.is_some()
            } else {
                factory.tcp_port.is_some()
            }
        });
        let mut further: Vec<u8> = by_wire.filter_map(|profile| profile.factory.unit).collect();
        // 255 is the device itself in Modbus TCP; 247 is the highest address.
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

    /// Id of the configured device at this location.
    fn configured_id(&self, found: &FoundDevice) -> Option<String> {
        let config = self.config?;
        let is_here = |link: &BusLink| match (link.modbus(), &found.place) {
            (Some(ModbusLink::Rtu(serial)), DeviceLocation::Line(path, tuning)) => {
                serial_port::is_same_port(&serial.port, path) && serial.baud == tuning.baud
            }
            (Some(ModbusLink::Tcp { host, port }), DeviceLocation::Network(at, number))
            | (
                Some(ModbusLink::RtuOverTcp { host, port, .. }),
                DeviceLocation::Server(at, number),
            ) => host == at && port == number,
            _ => false,
        };
        let bus = config.buses.iter().position(|bus| is_here(&bus.link))?;
        let mut devices = config.devices.iter();
        let device = devices.find(|device| device.bus == bus && device.unit == found.unit)?;
        Some(device.id.to_string())
    }

    /// Reports that a target is not scanned, with the reason.
    fn refuse_target(&mut self, why: &str) {
        self.failed = true;
        self.host.warn(why);
    }

    fn record_found(&mut self, mut found: FoundDevice) {
        found.configured = self.configured_id(&found);
        self.host.found(&found);
        self.found.push(found);
    }
}
