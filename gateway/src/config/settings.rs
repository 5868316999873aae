//! [`Config`]: the checked configuration, the only form that the rest of the program sees.

use crate::assets::Asset;
use crate::config::archived;
use crate::config::factors::Factors;
use crate::config::sunspec::SunSpecSelection;
use crate::config::{Diagnostic, Secret};
use crate::domain::Site;
use crate::domain::factor::Factor;
use crate::domain::hex_text::to_hex;
use crate::ledger::IndicatorDefinitions;
use jiff::civil::Date;
use ring::digest::{SHA256, digest};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Checked configuration of one site.
#[derive(Clone, Debug)]
pub struct Config {
    /// Path of the file.
    pub file: PathBuf,
    /// Text of the file, archived as a revision that figures refer to.
    pub text: String,
    /// Site, devices and points for store, sinks and pages; same order as `devices`.
    pub site: Site,
    /// Buses in file order.
    pub buses: Vec<Bus>,
    /// Devices in file order, indexed by `Reading::device`.
    pub devices: Vec<Device>,
    /// Assets in file order; figures are computed from them.
    pub assets: Vec<Asset>,
    /// Factors of the site.
    pub factors: Factors,
    /// Ledger indicators.
    pub definitions: IndicatorDefinitions,
    /// Settings of the store.
    pub store: StoreSettings,
    /// MQTT sink, when configured.
    pub mqtt: Option<MqttSettings>,
    /// InfluxDB sink, when configured.
    pub influx: Option<InfluxSettings>,
    /// Settings of the page.
    pub web: WebSettings,
    /// Directory of the site's own profiles.
    pub profiles: Option<PathBuf>,
    /// Warnings, which do not prevent the start.
    pub warnings: Vec<Diagnostic>,
}

impl Config {
    /// Text of the revision: the file and the site's own factors.
    // Beyond readings and ledger a figure depends on nothing else. The store archives this text,
    // so that an old report can be computed again.
    pub fn revision_text(&self) -> String {
        archived::join_texts(&self.text, &self.factors.own_text)
    }

    /// Revision id that reports print: hashes of the configuration and of the built-in factors,
    /// joined by `-`.
    pub fn revision_id(&self) -> String {
        let configuration = configuration_name(&self.revision_text());
        format!(
            "{configuration}-{}",
            factors_name(&self.factors.built_in_text)
        )
    }

    /// Warnings about factors used by assets that are not valid on `today`.
    pub fn expired_factors(&self, today: Date) -> Vec<Diagnostic> {
        let used = self.assets.iter().flat_map(Asset::factors);
        let mut all: Vec<&Arc<Factor>> = used.filter(|factor| !factor.holds_on(today)).collect();
        all.sort_by_key(|factor| Arc::clone(&factor.id));
        all.dedup();
        all.into_iter()
            .map(|factor| self.expired_diagnostic(factor, today))
            .collect()
    }

    fn expired_diagnostic(&self, factor: &Factor, today: Date) -> Diagnostic {
        // The place of its first use in the file; a default factor has none.
        let before = self
            .text
            .find(&*factor.id)
            .map_or("", |at| &self.text[..at]);
        Diagnostic {
            file: self.file.clone(),
            line: 1 + before.matches('\n').count(),
            key: "factor".to_owned(),
            what: "fault-factor-expired",
            found: format!("{} ({today})", factor.id),
            expected: factor.validity(),
            hint: None,
        }
    }
}

/// Id of a configuration text: the first twelve hexadecimal digits of its SHA-256.
pub fn configuration_name(text: &str) -> String {
    hash_prefix(text, 6)
}

/// Id of a built-in factor text: the first eight hexadecimal digits of its SHA-256.
pub fn factors_name(text: &str) -> String {
    hash_prefix(text, 4)
}

/// First bytes of a text's SHA-256 as hexadecimal digits.
fn hash_prefix(text: &str, bytes: usize) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    to_hex(&hash.as_ref()[..bytes])
}

/// Connection to devices: a serial line or a network address.
#[derive(Clone, Debug)]
pub struct Bus {
    /// Id in the configuration.
    pub id: Arc<str>,
    /// Transport and its settings.
    pub link: BusLink,
    /// Timeout of one request.
    pub timeout: Duration,
    /// Quiet time between connecting and the first request.
    pub settle: Duration,
}

/// Transport of a bus.
#[derive(Clone, Debug, PartialEq)]
pub enum BusLink {
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

/// Device: its address, poll interval and points.
#[derive(Clone, Debug)]
pub struct Device {
    /// Id in the configuration.
    pub id: Arc<str>,
    /// Index of its bus in `Config::buses`.
    pub bus: usize,
    /// Modbus unit id, 0..=255 (1..=247 on a serial line).
    pub unit: u8,
    /// Poll interval.
    pub every: Duration,
    /// Limits of one request.
    pub limits: DeviceLimits,
    /// Points, indexed as `Reading::outcomes`.
    pub points: Vec<Point>,
    /// Half-width of the 95 % interval of each point by name, % of the reading; unknown points are
    /// absent.
    pub accuracy: BTreeMap<Arc<str>, f64>,
    /// True when no answer at night is normal.
    pub asleep_at_night: bool,
    /// Registers with facts about the device, such as its serial number; not stored as samples.
    pub facts: Vec<Point>,
    /// `SunSpec` selection; then `points` has the addresses of a simulated device.
    pub sunspec: Option<Arc<SunSpecSelection>>,
}

/// Limits of one request to a device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceLimits {
    /// Maximum registers in one read, 1..=125.
    pub max_registers: u16,
    /// Start and count are multiples of this: 1 or 2.
    pub align: u16,
    /// Ranges that one read must not leave (table, first and last register); empty: no such limit.
    pub blocks: Vec<(ModbusTable, u16, u16)>,
    /// Minimum time between the end of an answer and the next request.
    pub gap: Duration,
    /// Quiet time that the device needs after a network connection was opened.
    pub settle: Duration,
}

/// Modbus data table (application protocol V1.1b3, 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModbusTable {
    /// Coils, read with function 1.
    Coil,
    /// Discrete inputs, read with function 2.
    Discrete,
    /// Holding registers, read with function 3.
    Holding,
    /// Input registers, read with function 4.
    Input,
}

/// Point, decoded from registers.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Name within the device.
    pub name: Arc<str>,
    /// Table of its registers.
    pub table: ModbusTable,
    /// 0-based protocol address of the first register (of the low word, when `high` is set).
    pub address: u16,
    /// Address of the high word, when the words are not neighbours.
    pub high: Option<u16>,
    /// Type of the registers.
    pub encoding: RegisterEncoding,
    /// Order of bytes and words.
    pub words: WordOrder,
    /// Lowest and highest bit used (inclusive, 0 = least significant) of the raw integer; `None`:
    /// all bits.
    pub bits: Option<(u8, u8)>,
    /// Value = raw x scale + offset.
    pub scale: LinearScale,
    /// Unit symbol (`drivers::units`), empty for a number without a unit.
    pub unit: Arc<str>,
    /// Physical quantity, such as `power`; empty when unknown.
    pub quantity: Arc<str>,
    /// True for a counter, which only grows.
    pub counter: bool,
    /// Value at which a counter restarts at 0, in the point's unit.
    pub wraps_at: Option<f64>,
    /// Minimum valid value, in the point's unit.
    pub min: Option<f64>,
    /// Maximum valid value, in the point's unit.
    pub max: Option<f64>,
    /// Raw integers that mean "no value".
    pub missing: Vec<i64>,
    /// Index of the point in this device whose value is the power of ten of this point's scale.
    pub scale_from: Option<usize>,
    /// Index of the point in this device whose raw value multiplies this one.
    pub multiply_from: Option<usize>,
    /// Further powers of ten, chosen by raw values of other points and added to the exponent.
    ///
    /// A raw value that is not listed, or a point without a value, makes this point
    /// `QualityReason::NotValid`. Example: a level probe with registers "mm" and "2 decimals", read
    /// in m.
    pub powers: Vec<ScaleExponentTable>,
    /// Index of another point in this device, and its raw values for which this point is valid.
    pub valid_when: Option<(usize, Vec<i64>)>,
    /// Description for people.
    pub about: PointDescription,
}

/// Description of a point: confidence and names of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointDescription {
    /// Confidence in the facts.
    pub confidence: FactConfidence,
    /// Names of raw values, ascending.
    pub values: Arc<[(i64, Arc<str>)]>,
    /// Names of single bits, ascending.
    pub flags: Arc<[(u8, Arc<str>)]>,
}

/// Confidence in facts about a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactConfidence {
    /// A single transcription, or memory: compare with the device's display.
    Low,
    /// One credible source.
    Medium,
    /// Manufacturer's document, two sources that agree, or typed by hand for this very device.
    #[default]
    High,
}

impl FactConfidence {
    /// Stable word for files, APIs and catalogue keys (`confidence-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl PointDescription {
    /// Name of a raw value, or names of its set bits; `None` when it has none.
    pub fn describe_raw(&self, raw: i64) -> Option<String> {
        if let Some((_, name)) = self.values.iter().find(|(value, _)| *value == raw) {
            return Some(name.to_string());
        }
        // A shift by more than 63 bits would overflow.
        let set = |bit: &u8| (raw >> bit.min(&63)) & 1 == 1;
        let flags = self.flags.iter().filter(|(bit, _)| set(bit));
        let names: Vec<&str> = flags.map(|(_, name)| &**name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

/// Powers of ten chosen by the raw value of another point.
#[derive(Clone, Debug, PartialEq)]
pub struct ScaleExponentTable {
    /// Index of that point in this device.
    pub point: usize,
    /// Raw values, each with the power of ten that is added to the exponent of the scale.
    pub table: Vec<(i64, i8)>,
}

/// Type of a value in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterEncoding {
    /// One bit: a coil, or a register that is not 0.
    Bool,
    /// Unsigned 16 bit.
    U16,
    /// Signed 16 bit.
    I16,
    /// Unsigned 32 bit.
    U32,
    /// Signed 32 bit.
    I32,
    /// Unsigned 64 bit.
    U64,
    /// Signed 64 bit.
    I64,
    /// IEEE 754 single.
    F32,
    /// IEEE 754 double.
    F64,
    /// Four decimal digits in a register.
    Bcd16,
    /// Eight decimal digits in two registers.
    Bcd32,
    /// Text in this number of registers; for identification, not for readings.
    Text(u16),
}

/// Byte order of a 32-bit value on the wire, named by example; likewise for 16 and 64 bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum WordOrder {
    /// Big endian, the Modbus default.
    #[default]
    Abcd,
    /// Low word first, big endian within words.
    Cdab,
    /// Bytes swapped within words.
    Badc,
    /// Little endian.
    Dcba,
}

/// Linear scale: value = raw x `factor` + `offset`.
// Decimal instead of binary, so that integers and decimal steps stay exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearScale {
    /// Mantissa and power of ten of the factor: 0.1 is (1, -1).
    pub factor: (i64, i8),
    /// Mantissa and power of ten of the offset.
    pub offset: (i64, i8),
}

/// Directory, flush interval and retention of the store.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreSettings {
    /// Directory.
    pub path: PathBuf,
    /// Flush interval: the longest time of readings that a power cut can lose.
    pub flush: Duration,
    /// Age at which sealed raw samples may be deleted; `None`: no limit.
    pub keep: Option<Duration>,
    /// Maximum bytes of the store on disk; `None`: no limit.
    pub budget: Option<u64>,
}

/// Settings of the MQTT sink.
#[derive(Clone, Debug, PartialEq)]
pub struct MqttSettings {
    /// Host name of the broker.
    pub host: String,
    /// Port of the broker.
    pub port: u16,
    /// True for `mqtts://`.
    pub tls: bool,
    /// User name.
    pub username: Option<String>,
    /// Password, from its file or the environment.
    pub password: Option<Secret>,
    /// PEM file of the authority that signed the broker's certificate; `None`: the system's.
    pub ca_file: Option<PathBuf>,
    /// MQTT client id.
    pub client_id: String,
    /// First level of the topics, `pantau`.
    pub prefix: String,
    /// Readings per second sent from the queue after an outage.
    pub catch_up: u32,
    /// Protocol version.
    pub version: super::MqttVersion,
    /// Maximum time until an acknowledgement (`limits::MQTT_ACK_SECONDS`).
    pub ack_within: Duration,
}

/// Settings of the InfluxDB v2 sink.
#[derive(Clone, Debug, PartialEq)]
pub struct InfluxSettings {
    /// Base address, `http://host:port[/path]` or https.
    pub url: String,
    /// Organisation.
    pub org: String,
    /// Bucket.
    pub bucket: String,
    /// Token, from its file or the environment.
    pub token: Option<Secret>,
    /// PEM file of the authority that signed the server's certificate; `None`: the system's.
    pub ca_file: Option<PathBuf>,
    /// Readings per second sent from the queue after an outage.
    pub catch_up: u32,
}

/// Settings of the local page.
#[derive(Clone, Debug, PartialEq)]
pub struct WebSettings {
    /// Address to listen on; `None`: no page.
    pub listen: Option<std::net::SocketAddr>,
}

impl RegisterEncoding {
    /// Number of registers of the type.
    pub fn registers(self) -> u16 {
        match self {
            Self::Bool | Self::U16 | Self::I16 | Self::Bcd16 => 1,
            Self::U32 | Self::I32 | Self::F32 | Self::Bcd32 => 2,
            Self::U64 | Self::I64 | Self::F64 => 4,
            Self::Text(registers) => registers,
        }
    }
}

impl LinearScale {
    /// Scale of an unscaled value: factor 1, offset 0.
    pub const IDENTITY: Self = Self {
        factor: (1, 0),
        offset: (0, 0),
    };
}
