//! Scan targets from command line or request: serial lines and networks.

use super::serial_port;
use crate::commissioning::scan_engine::scan_ranges;
use crate::config::{BusLink, Config, ModbusLink};
use std::path::{Path, PathBuf};

/// A target of a scan.
#[derive(Clone, Debug, PartialEq)]
pub enum ScanTarget {
    /// A serial port.
    Line(PathBuf),
    /// Hosts, each at these TCP ports.
    Network(Vec<String>, Vec<u16>),
}

impl ScanTarget {
    /// Targets from their texts. Without texts: the configured buses, else all serial ports. Error:
    /// the invalid text and the expected forms.
    pub fn parse_all(
        named: &[String],
        ports: &[u16],
        config: Option<&Config>,
    ) -> Result<Vec<Self>, (String, String)> {
        parse_targets(named, ports, config)
    }
}

fn parse_targets(
    named: &[String],
    ports: &[u16],
    config: Option<&Config>,
) -> Result<Vec<ScanTarget>, (String, String)> {
    if named.is_empty() {
        let buses = config.map(|config| config.buses.as_slice());
        let buses: Vec<ScanTarget> = buses
            .unwrap_or_default()
            .iter()
            .filter_map(|bus| link_target(&bus.link))
            .collect();
        if !buses.is_empty() {
            return Ok(buses);
        }
        return Ok(serial_port::list_serial_ports()
            .into_iter()
            .map(ScanTarget::Line)
            .collect());
    }
    named
        .iter()
        .map(|text| parse_target(text, ports, config))
        .collect()
}

fn parse_target(
    text: &str,
    ports: &[u16],
    config: Option<&Config>,
) -> Result<ScanTarget, (String, String)> {
    let bus = config.and_then(|config| config.buses.iter().find(|bus| *bus.id == *text));
    if let Some(target) = bus.and_then(|bus| link_target(&bus.link)) {
        return Ok(target);
    }
    if text.starts_with(['/', '.']) {
        return Ok(ScanTarget::Line(PathBuf::from(text)));
    }
    let short = Path::new("/dev").join(text);
    if text.starts_with("tty") && short.exists() {
        return Ok(ScanTarget::Line(short));
    }
    match scan_ranges::parse_hosts(text) {
        Ok((hosts, port)) => {
            let ports = port.map_or_else(|| ports.to_vec(), |port| vec![port]);
            Ok(ScanTarget::Network(hosts, ports))
        }
        Err(bad) => Err((text.to_owned(), bad.to_string())),
    }
}

/// Target of a configured bus; `None` when its kind cannot be scanned.
fn link_target(link: &BusLink) -> Option<ScanTarget> {
    Some(match link.modbus()? {
        ModbusLink::Rtu(serial) => ScanTarget::Line(serial.port.clone()),
        ModbusLink::Tcp { host, port } | ModbusLink::RtuOverTcp { host, port, .. } => {
            ScanTarget::Network(vec![host.clone()], vec![*port])
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_lines_and_everything_else_is_a_network() {
        let one = |text: &str| {
            parse_targets(&[text.to_owned()], &[502, 1502], None).map(|all| all[0].clone())
        };
        assert_eq!(
            one("/dev/ttyUSB0"),
            Ok(ScanTarget::Line("/dev/ttyUSB0".into()))
        );
        let host = |host: &str, ports: &[u16]| {
            Ok(ScanTarget::Network(vec![host.to_owned()], ports.to_vec()))
        };
        assert_eq!(one("meter"), host("meter", &[502, 1502]));
        assert_eq!(one("10.0.0.7:5020"), host("10.0.0.7", &[5020]));
        assert!(one("10.0.0.0/4").is_err());
    }
}
