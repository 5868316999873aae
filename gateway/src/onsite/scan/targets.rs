//! What a person names, as lines and networks to scan.

use super::port;
use crate::config::{Config, Link};
use crate::field::scan::ranges;
use std::path::{Path, PathBuf};

/// Something to scan.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A serial port.
    Line(PathBuf),
    /// Hosts, each at these ports.
    Network(Vec<String>, Vec<u16>),
}

impl Target {
    /// The targets; nothing named: the configured buses, else every serial port. The text that is
    /// no target comes back with what would be.
    pub fn all(
        named: &[String],
        ports: &[u16],
        config: Option<&Config>,
    ) -> Result<Vec<Self>, (String, String)> {
        of(named, ports, config)
    }
}

fn of(
    named: &[String],
    ports: &[u16],
    config: Option<&Config>,
) -> Result<Vec<Target>, (String, String)> {
    if named.is_empty() {
        let buses = config.map(|config| config.buses.as_slice());
        let buses: Vec<Target> = buses
            .unwrap_or_default()
            .iter()
            .map(|bus| of_link(&bus.link))
            .collect();
        if !buses.is_empty() {
            return Ok(buses);
        }
        return Ok(port::known().into_iter().map(Target::Line).collect());
    }
    named.iter().map(|text| one(text, ports, config)).collect()
}

fn one(text: &str, ports: &[u16], config: Option<&Config>) -> Result<Target, (String, String)> {
    let bus = config.and_then(|config| config.buses.iter().find(|bus| *bus.id == *text));
    if let Some(bus) = bus {
        return Ok(of_link(&bus.link));
    }
    if text.starts_with(['/', '.']) {
        return Ok(Target::Line(PathBuf::from(text)));
    }
    let short = Path::new("/dev").join(text);
    if text.starts_with("tty") && short.exists() {
        return Ok(Target::Line(short));
    }
    match ranges::hosts(text) {
        Ok((hosts, port)) => {
            let ports = port.map_or_else(|| ports.to_vec(), |port| vec![port]);
            Ok(Target::Network(hosts, ports))
        }
        Err(bad) => Err((text.to_owned(), bad.to_string())),
    }
}

/// A bus as a target.
fn of_link(link: &Link) -> Target {
    match link {
        Link::Rtu(serial) => Target::Line(serial.port.clone()),
        Link::Tcp { host, port } | Link::RtuOverTcp { host, port, .. } => {
            Target::Network(vec![host.clone()], vec![*port])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_lines_and_everything_else_is_a_network() {
        let one = |text: &str| of(&[text.to_owned()], &[502, 1502], None).map(|all| all[0].clone());
        assert_eq!(one("/dev/ttyUSB0"), Ok(Target::Line("/dev/ttyUSB0".into())));
        let host =
            |host: &str, ports: &[u16]| Ok(Target::Network(vec![host.to_owned()], ports.to_vec()));
        assert_eq!(one("meter"), host("meter", &[502, 1502]));
        assert_eq!(one("10.0.0.7:5020"), host("10.0.0.7", &[5020]));
        assert!(one("10.0.0.0/4").is_err());
    }
}
