//! [`ModbusLink`]: the connection of a Modbus bus, and its checks.

use crate::config::BusLinkSummary;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawInteger, RawParity, RawText, SpannedValue};
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
    let host = keys
        .host
        .as_ref()
        .map_or(String::new(), |at| at.get().clone());
    let port = keys.tcp_port.as_ref().map_or(502, |at| *at.get());
    match transport {
        Some(ModbusTransport::Rtu) => ModbusLink::Rtu(check_serial_port(notes, keys, baud)),
        Some(ModbusTransport::RtuOverTcp) => ModbusLink::RtuOverTcp { host, port, baud },
        _ => ModbusLink::Tcp { host, port },
    }
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
