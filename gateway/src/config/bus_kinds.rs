//! The kinds of bus in the configuration: keys of `[[bus]]` and of points, and what they become.
//!
//! A new kind of bus has its line in [`RawBusKind`], [`BusLink`], [`PointAccess`] and the checks
//! below, and nowhere else in the configuration: see docs/extending.md, "A kind of bus".

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::modbus_link::{ModbusLink, check_modbus_link};
use crate::config::modbus_point::{ModbusPoint, check_modbus_point};
use crate::config::raw_values::{
    RawConfidence, RawExponentTable, RawInteger, RawParity, RawText, RawValidWhen, RawWordOrder,
    SpannedValue,
};
use crate::config::value_syntax::EXPECT_DURATION;
use crate::config::{SerialPortSettings, device_limits, value_syntax};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

const TIMEOUT_DEFAULT: Duration = Duration::from_millis(500);

/// `[[bus]]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawBus {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Kind of bus.
    #[schemars(required)]
    pub(crate) kind: Option<SpannedValue<RawBusKind>>,
    /// Serial device, e.g. `/dev/ttyUSB0`.
    pub(crate) port: RawText,
    /// Serial speed in bit/s, 9600 by default.
    pub(crate) baud: RawInteger,
    /// Parity, `none` by default.
    pub(crate) parity: Option<SpannedValue<RawParity>>,
    /// Stop bits: 1 or 2.
    pub(crate) stop_bits: RawInteger,
    /// Name or address of a Modbus TCP server or a serial device server.
    pub(crate) host: RawText,
    /// TCP port, 502 by default.
    pub(crate) tcp_port: Option<SpannedValue<u16>>,
    /// Timeout of one request, `"500ms"` by default.
    pub(crate) timeout: RawText,
    /// Quiet time between connecting (or opening the port) and the first request; by default the
    /// longest time in the profiles of its devices.
    pub(crate) settle: RawText,
}

/// Kinds of bus.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawBusKind {
    ModbusTcp,
    ModbusRtu,
    ModbusRtuOverTcp,
    Gpio,
    I2c,
    OneWire,
    Mqtt,
}

/// One point.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawPoint {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Name for people; by default it follows from the id.
    pub(crate) name: RawText,
    /// `holding:N`, `input:N`, `coil:N` or `discrete:N`; N is the 0-based protocol address.
    #[schemars(required)]
    pub(crate) register: RawText,
    /// `u16 i16 u32 i32 u64 i64 f32 f64 bool bcd16 bcd32` or `string:N`.
    #[schemars(required)]
    pub(crate) r#type: RawText,
    /// Order of bytes and words, `abcd` (big endian) by default.
    pub(crate) words: Option<SpannedValue<RawWordOrder>>,
    /// Bits to use: `3`, `"0-3"` or `[0, 3]`; 0 is the least significant.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) bits: Option<SpannedValue<toml::Value>>,
    /// Address of the high word, when the words are not neighbours: `"holding:N"`.
    pub(crate) high_register: RawText,
    /// value = raw x scale + offset.
    pub(crate) scale: Option<SpannedValue<f64>>,
    /// value = raw x scale + offset.
    pub(crate) offset: Option<SpannedValue<f64>>,
    /// Unit symbol: `W`, `kWh`, `m3`, `degC`, ...
    pub(crate) unit: RawText,
    /// Physical quantity: `power`, `energy`, `level`, ...; that of the unit by default.
    pub(crate) quantity: RawText,
    /// True for a counter: it only grows, and may wrap or be reset.
    pub(crate) counter: Option<bool>,
    /// Value at which the counter restarts at 0, in the point's unit.
    pub(crate) wraps_at: Option<SpannedValue<f64>>,
    /// Minimum valid value.
    pub(crate) min: Option<SpannedValue<f64>>,
    /// Maximum valid value.
    pub(crate) max: Option<SpannedValue<f64>>,
    /// Raw values that mean "no value": `[0x8000]`.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) missing: Option<SpannedValue<toml::Value>>,
    /// Id of the point whose value is the power of ten of this point's scale.
    pub(crate) scale_from: RawText,
    /// Id of the point whose raw value multiplies this one, such as a transformer ratio.
    pub(crate) multiply_from: RawText,
    /// Other points whose raw values add powers of ten: `[{ point = "decimals", powers = [[1, -1]]
    /// }]`.
    #[serde(default)]
    pub(crate) powers_from: Vec<SpannedValue<RawExponentTable>>,
    /// Point and its raw values for which this one is valid.
    pub(crate) valid_when: Option<SpannedValue<RawValidWhen>>,
    /// Names of raw values: `{ 0 = "idle", 1 = "running" }`.
    #[serde(default)]
    pub(crate) values: BTreeMap<String, String>,
    /// Names of single bits, 0 the least significant: `{ 0 = "over-voltage" }`.
    #[serde(default)]
    pub(crate) flags: BTreeMap<String, String>,
    /// Confidence in these facts; that of the profile by default.
    pub(crate) confidence: Option<SpannedValue<RawConfidence>>,
}

/// Connection to devices: a serial line or a network address.
#[derive(Clone, Debug)]
pub struct Bus {
    /// Id in the configuration.
    pub id: Arc<str>,
    /// Kind of bus, and its connection.
    pub link: BusLink,
    /// Timeout of one request.
    pub timeout: Duration,
    /// Quiet time between connecting and the first request.
    pub settle: Duration,
}

/// Connection of a bus, of its kind.
#[derive(Clone, Debug, PartialEq)]
pub enum BusLink {
    /// Modbus on a serial line or a network.
    Modbus(ModbusLink),
}

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

impl BusLink {
    /// Modbus connection; `None` for another kind of bus.
    pub fn modbus(&self) -> Option<&ModbusLink> {
        match self {
            Self::Modbus(link) => Some(link),
        }
    }

    /// Same as `modbus`, to change it.
    pub fn modbus_mut(&mut self) -> Option<&mut ModbusLink> {
        match self {
            Self::Modbus(link) => Some(link),
        }
    }

    /// Serial port, which only one program may open; `None` when the bus has none.
    pub fn serial_port(&self) -> Option<&SerialPortSettings> {
        match self {
            Self::Modbus(link) => link.serial_port(),
        }
    }

    /// Description for tables and texts.
    pub fn summary(&self) -> BusLinkSummary {
        match self {
            Self::Modbus(link) => link.summary(),
        }
    }
}

/// Source of a point's raw value, of the kind of its bus.
#[derive(Clone, Debug, PartialEq)]
pub enum PointAccess {
    /// Modbus registers.
    Modbus(ModbusPoint),
}

impl PointAccess {
    /// Modbus registers; `None` for another kind of bus.
    pub fn modbus(&self) -> Option<&ModbusPoint> {
        match self {
            Self::Modbus(registers) => Some(registers),
        }
    }

    /// Same as `modbus`, to change it.
    pub fn modbus_mut(&mut self) -> Option<&mut ModbusPoint> {
        match self {
            Self::Modbus(registers) => Some(registers),
        }
    }
}

/// Checks the keys that say where a point's value comes from; `names` are the points of its device.
pub(crate) fn check_point_access(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawPoint,
    span: &Range<usize>,
    names: &[String],
) -> PointAccess {
    PointAccess::Modbus(check_modbus_point(notes, raw, span, names))
}

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

fn check_bus_link(notes: &mut DiagnosticCollector<'_>, at: &SpannedValue<RawBus>) -> BusLink {
    let kind = at.get().kind.as_ref();
    match kind.map(|kind| *kind.get()) {
        Some(RawBusKind::Gpio | RawBusKind::I2c | RawBusKind::OneWire | RawBusKind::Mqtt) => {
            let span = kind.map_or(0..0, SpannedValue::span);
            // The word as typed, so that the message does not show a Rust name.
            let found = notes
                .text
                .get(span.clone())
                .unwrap_or_default()
                .trim_matches('"')
                .to_owned();
            let open = "modbus-tcp, modbus-rtu, modbus-rtu-over-tcp";
            notes.add_error(span, "kind", "fault-bus-later", &found, open);
            BusLink::Modbus(check_modbus_link(notes, at, None))
        }
        modbus => BusLink::Modbus(check_modbus_link(notes, at, modbus)),
    }
}
