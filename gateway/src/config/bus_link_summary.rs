//! [`BusLinkSummary`]: the connection of a bus in words.

/// Description of a connection, for tables and texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusLinkSummary {
    /// Word of its kind in the configuration, e.g. `modbus-rtu`.
    pub kind: &'static str,
    /// Name of its kind for people.
    pub name: &'static str,
    /// Host and port, or device path.
    pub address: String,
    /// Speed of a serial line, bit/s.
    pub baud: Option<u32>,
    /// Data bits, parity and stop bits of a serial line, e.g. `8N1`.
    pub format: Option<String>,
}
