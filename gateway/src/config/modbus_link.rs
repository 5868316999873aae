//! [`ModbusLink`]: the connection of a Modbus bus, and its checks.

use crate::config::BusLinkSummary;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawInteger, RawParity, RawText, SpannedValue};
use crate::config::secret::SECRET_MASK;
use std::net::IpAddr;
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;

/// Valid speeds of serial lines, bit/s.
// 4 Mbit/s is the fastest standard speed of Linux (`B4000000`).
pub(crate) const BAUD_RANGE: RangeInclusive<i64> = 300..=4_000_000;

/// Connection of a Modbus bus.
#[derive(Clone, Debug, PartialEq)]
pub enum ModbusLink {
    /// Modbus TCP, one connection.
    Tcp {
        /// Name or address.
        host: String,
        /// TCP port, 502 by default.
        port: u16,
    },
    /// RTU frames over a TCP connection (serial device servers).
    RtuOverTcp {
        /// Name or address.
        host: String,
        /// TCP port.
        port: u16,
        /// Speed of the serial line behind the server, bit/s, for the request plan.
        baud: u32,
    },
    /// RTU frames on a serial line.
    Rtu(SerialPortSettings),
}

/// Parameters of a serial line.
#[derive(Clone, Debug, PartialEq)]
pub struct SerialPortSettings {
    /// Device path, e.g. `/dev/ttyUSB0`.
    pub port: PathBuf,
    /// Speed, bit/s.
    pub baud: u32,
    /// Parity.
    pub parity: Parity,
    /// Stop bits: 1 or 2.
    pub stop_bits: u8,
}

/// Parity of a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parity {
    /// No parity bit.
    None,
    /// Even.
    Even,
    /// Odd.
    Odd,
}

impl ModbusLink {
    /// Serial port; `None` on a network.
    pub fn serial_port(&self) -> Option<&SerialPortSettings> {
        match self {
            Self::Rtu(line) => Some(line),
            Self::Tcp { .. } | Self::RtuOverTcp { .. } => None,
        }
    }

    /// The place that it reaches, the same however the host or the port is written: names in small
    /// letters, this computer as `localhost`, and the device behind a symbolic link.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Tcp { host, port } | Self::RtuOverTcp { host, port, .. } => {
                format!("{}:{port}", plain_host(host))
            }
            Self::Rtu(line) => line.real_port().display().to_string(),
        }
    }

    /// Description for tables and texts.
    pub(crate) fn summary(&self) -> BusLinkSummary {
        let (kind, name) = match self {
            Self::Tcp { .. } => ("modbus-tcp", "Modbus TCP"),
            Self::RtuOverTcp { .. } => ("modbus-rtu-over-tcp", "Modbus RTU / TCP"),
            Self::Rtu(_) => ("modbus-rtu", "Modbus RTU"),
        };
        let (address, baud, format) = match self {
            Self::Tcp { host, port } => (format!("{host}:{port}"), None, None),
            Self::RtuOverTcp { host, port, baud } => (format!("{host}:{port}"), Some(*baud), None),
            Self::Rtu(line) => {
                let parity = match line.parity {
                    Parity::None => 'N',
                    Parity::Even => 'E',
                    Parity::Odd => 'O',
                };
                let format = format!("8{parity}{}", line.stop_bits);
                (
                    line.port.display().to_string(),
                    Some(line.baud),
                    Some(format),
                )
            }
        };
        BusLinkSummary {
            kind,
            name,
            address,
            baud,
            format,
        }
    }
}

impl SerialPortSettings {
    /// The port behind symbolic links such as those of `/dev/serial/by-id`; as it was written where
    /// there is none.
    pub(crate) fn real_port(&self) -> PathBuf {
        std::fs::canonicalize(&self.port).unwrap_or_else(|_| self.port.clone())
    }
}

/// A host as every way to write it has it; names are not looked up.
fn plain_host(host: &str) -> String {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>().map(|ip| ip.to_canonical());
    match address {
        Ok(ip) if ip.is_loopback() => "localhost".to_owned(),
        Ok(ip) => ip.to_string(),
        Err(_) => name,
    }
}

/// Framing and network of a Modbus bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModbusTransport {
    /// Modbus TCP.
    Tcp,
    /// RTU on a serial line.
    Rtu,
    /// RTU frames over TCP.
    RtuOverTcp,
}

/// Keys of a bus that say how a line or a network is reached, as typed.
pub(crate) struct ModbusLinkKeys<'a> {
    /// Place of the bus.
    pub(crate) span: Range<usize>,
    /// `port`.
    pub(crate) port: &'a RawText,
    /// `host`.
    pub(crate) host: &'a RawText,
    /// `tcp_port`.
    pub(crate) tcp_port: &'a Option<SpannedValue<u16>>,
    /// `baud`.
    pub(crate) baud: &'a RawInteger,
    /// `parity`.
    pub(crate) parity: &'a Option<SpannedValue<RawParity>>,
    /// `stop_bits`.
    pub(crate) stop_bits: &'a RawInteger,
}

/// Checks the keys of a Modbus bus.
pub(crate) fn check_modbus_link(
    notes: &mut DiagnosticCollector<'_>,
    keys: &ModbusLinkKeys<'_>,
    transport: Option<ModbusTransport>,
) -> ModbusLink {
    // For RTU over TCP it is the speed of the line behind the server, used for the plan.
    let baud = notes
        .integer_in_range(keys.baud, "baud", BAUD_RANGE)
        .unwrap_or(9600);
    let serial = transport == Some(ModbusTransport::Rtu);
    let tcp = transport.is_some() && !serial;
    let needed = if serial {
        ("port", keys.port)
    } else {
        ("host", keys.host)
    };
    if (serial || tcp) && needed.1.as_ref().is_none_or(|text| text.get().is_empty()) {
        notes.add_error(keys.span.clone(), needed.0, "fault-missing", "", "");
    }
    let host = check_host(notes, keys.host).unwrap_or_default();
    let port = keys.tcp_port.as_ref().map_or(502, |at| *at.get());
    match transport {
        Some(ModbusTransport::Rtu) => ModbusLink::Rtu(check_serial_port(notes, keys, baud)),
        Some(ModbusTransport::RtuOverTcp) => ModbusLink::RtuOverTcp { host, port, baud },
        _ => ModbusLink::Tcp { host, port },
    }
}

/// Checks `host`: a name or an address, without user, port or path.
fn check_host(notes: &mut DiagnosticCollector<'_>, typed: &RawText) -> Option<String> {
    let at = typed.as_ref().filter(|at| !at.get().is_empty())?;
    // Messages and plans show it: a password in it would be shown as well.
    if may_hold_secret(at.get()) {
        let found = at.get();
        let host = found.rsplit_once('@').map_or("", |(_, host)| host);
        let masked = format!("{SECRET_MASK}{host}");
        notes.add_error(at.span(), "host", "fault-host-secret", &masked, "");
        return None;
    }
    notes.parsed_text(typed, "host", parse_host, "192.168.1.20, inverter.local")
}

/// Whether a text may have a password: `USER:PASSWORD@HOST`, or a port that is no number.
fn may_hold_secret(text: &str) -> bool {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let has_other_port = || {
        text.rsplit_once(':')
            .is_some_and(|(_, port)| !is_port(port))
    };
    text.contains(['@', '?']) || (parse_host(text).is_none() && has_other_port())
}

/// Reads a host name or an IP address; `None` for one with a port, a path or spaces.
fn parse_host(text: &str) -> Option<String> {
    let bare = text.trim_matches(['[', ']']);
    let is_name = |sign: char| sign.is_alphanumeric() || matches!(sign, '.' | '-' | '_');
    let is_host = text.chars().all(is_name) || bare.parse::<std::net::IpAddr>().is_ok();
    is_host.then(|| text.to_owned())
}

/// Checks the serial keys of a bus that is no Modbus line.
pub(crate) fn check_serial_line(
    notes: &mut DiagnosticCollector<'_>,
    keys: &ModbusLinkKeys<'_>,
) -> SerialPortSettings {
    if keys.port.as_ref().is_none_or(|text| text.get().is_empty()) {
        notes.add_error(keys.span.clone(), "port", "fault-missing", "", "");
    }
    let baud = notes.integer_in_range(keys.baud, "baud", BAUD_RANGE);
    check_serial_port(notes, keys, baud.unwrap_or(9600))
}

fn check_serial_port(
    notes: &mut DiagnosticCollector<'_>,
    keys: &ModbusLinkKeys<'_>,
    baud: u32,
) -> SerialPortSettings {
    SerialPortSettings {
        port: PathBuf::from(keys.port.as_ref().map_or("", |at| at.get().as_str())),
        baud,
        parity: keys
            .parity
            .as_ref()
            .map_or(Parity::None, |at| convert_parity(*at.get())),
        stop_bits: notes
            .integer_in_range(keys.stop_bits, "stop_bits", 1..=2)
            .unwrap_or(1),
    }
}

pub(crate) fn convert_parity(raw: RawParity) -> Parity {
    match raw {
        RawParity::None => Parity::None,
        RawParity::Even => Parity::Even,
        RawParity::Odd => Parity::Odd,
    }
}
