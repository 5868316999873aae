//! What the program may believe: the checked configuration.

use crate::config::assets::Asset;
use crate::config::factors::Factors;
use crate::config::kept;
use crate::config::sunspec::SunSpec;
use crate::config::{Fault, Secret};
use crate::ledger::Definitions;
use crate::model::Site;
use crate::model::factor::Factor;
use jiff::civil::Date;
use ring::digest::{SHA256, digest};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The whole checked configuration of one site.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from.
    pub file: PathBuf,
    /// The text it was read from, kept as a revision so that a figure can name it.
    pub text: String,
    /// Site, devices and points as store, sinks and pages see them; same order as `devices`.
    pub site: Site,
    /// Buses in file order.
    pub buses: Vec<Bus>,
    /// Devices in file order; the index is `Reading::device`.
    pub devices: Vec<Device>,
    /// Assets in file order: what figures come from.
    pub assets: Vec<Asset>,
    /// Factors that figures are multiplied with.
    pub factors: Factors,
    /// What people may write down.
    pub definitions: Definitions,
    /// Where and how readings are kept.
    pub store: StoreSettings,
    /// MQTT sink, when asked for.
    pub mqtt: Option<MqttSettings>,
    /// InfluxDB sink, when asked for.
    pub influx: Option<InfluxSettings>,
    /// The local page.
    pub web: WebSettings,
    /// Directory of the site's own profiles.
    pub profiles: Option<PathBuf>,
    /// What is doubtful but does not stop the start.
    pub warnings: Vec<Fault>,
}

impl Config {
    /// Everything that a figure depends on beyond readings and ledger: the file, and the site's own
    /// factors behind it. Kept with the store, so that an old report can be made again.
    pub fn revision(&self) -> String {
        kept::joined(&self.text, &self.factors.own_text)
    }

    /// How reports name what they were computed with: the names of the configuration and of the
    /// built-in factors, joined by `-`.
    pub fn revision_id(&self) -> String {
        let configuration = configuration_name(&self.revision());
        format!(
            "{configuration}-{}",
            factors_name(&self.factors.built_in_text)
        )
    }

    /// Factors behind assets that do not hold on that day, as warnings.
    pub fn expired(&self, today: Date) -> Vec<Fault> {
        let used = self.assets.iter().flat_map(Asset::factors);
        let mut all: Vec<&Arc<Factor>> = used.filter(|factor| !factor.holds_on(today)).collect();
        all.sort_by_key(|factor| Arc::clone(&factor.id));
        all.dedup();
        all.into_iter()
            .map(|factor| self.doubt(factor, today))
            .collect()
    }

    fn doubt(&self, factor: &Factor, today: Date) -> Fault {
        // The first place that names it; one taken by itself has none.
        let before = self
            .text
            .find(&*factor.id)
            .map_or("", |at| &self.text[..at]);
        Fault {
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

/// Name of a configuration's text: the first twelve hexadecimal digits of its SHA-256.
pub fn configuration_name(text: &str) -> String {
    digits(text, 6)
}

/// Name of the built-in factors' text: the first eight hexadecimal digits of its SHA-256.
pub fn factors_name(text: &str) -> String {
    digits(text, 4)
}

/// The first bytes of a text's SHA-256.
fn digits(text: &str, bytes: usize) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    let bytes = hash.as_ref().iter().take(bytes);
    bytes.fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// A way to reach devices.
#[derive(Clone, Debug)]
pub struct Bus {
    /// Id in the configuration.
    pub id: Arc<str>,
    /// What kind it is, with its own settings.
    pub link: Link,
    /// How long one request may take.
    pub timeout: Duration,
    /// Quiet time between connecting and the first request.
    pub settle: Duration,
}

/// The kinds of bus that this program can open.
#[derive(Clone, Debug, PartialEq)]
pub enum Link {
    /// Modbus TCP, one connection.
    Tcp {
        /// Name or address.
        host: String,
        /// TCP port, 502 unless told.
        port: u16,
    },
    /// RTU frames over a TCP connection (serial device servers).
    RtuOverTcp {
        /// Name or address.
        host: String,
        /// TCP port.
        port: u16,
        /// The line's speed behind the server, for the plan.
        baud: u32,
    },
    /// RTU frames on a serial line.
    Rtu(Line),
}

/// Parameters of a serial line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Device path, e.g. `/dev/ttyUSB0`.
    pub port: PathBuf,
    /// Bits a second.
    pub baud: u32,
    /// Parity.
    pub parity: Parity,
    /// 1 or 2.
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

/// One device: what to ask, and how often.
#[derive(Clone, Debug)]
pub struct Device {
    /// Id in the configuration.
    pub id: Arc<str>,
    /// Index into `Config::buses`.
    pub bus: usize,
    /// Modbus unit id, 0..=255 (1..=247 on a serial line).
    pub unit: u8,
    /// Time between two polls.
    pub every: Duration,
    /// What the device's registers allow.
    pub limits: DeviceLimits,
    /// Points in order; the index is that of `Reading::outcomes`.
    pub points: Vec<Point>,
    /// Half-width of the 95 % interval of its points by name, % of the reading; a point that is
    /// missing has none that anybody knows.
    pub accuracy: BTreeMap<Arc<str>, f64>,
    /// Silence at night is no fault.
    pub asleep_at_night: bool,
    /// What it can say of itself, each with the registers that say it; no readings.
    pub facts: Vec<Point>,
    /// Says itself where its points are; `points` then tells where a simulated one has them.
    pub sunspec: Option<Arc<SunSpec>>,
}

/// What may be asked of a device in one request.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceLimits {
    /// Most registers in one read, 1..=125.
    pub max_registers: u16,
    /// Start and count must be multiples of this (1, 2).
    pub align: u16,
    /// Ranges that one read must not leave, as first and last register of a table; empty: no such
    /// rule.
    pub blocks: Vec<(Table, u16, u16)>,
    /// Least time between the end of one answer and the next request.
    pub gap: Duration,
    /// Quiet time that the device needs after it was connected to over the network.
    pub settle: Duration,
}

/// The four Modbus tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Function 1.
    Coil,
    /// Function 2.
    Discrete,
    /// Function 3.
    Holding,
    /// Function 4.
    Input,
}

/// One point as decoded from registers.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Name within the device.
    pub name: Arc<str>,
    /// Table of its registers.
    pub table: Table,
    /// 0-based protocol address of the first register (of the low half, when `high` is set).
    pub address: u16,
    /// Address of the high half, when the halves are not neighbours.
    pub high: Option<u16>,
    /// How the registers make a number.
    pub encoding: Encoding,
    /// Order of bytes and words.
    pub words: WordOrder,
    /// Lowest and highest bit (inclusive, 0 = least significant) of the raw integer, when only
    /// those count.
    pub bits: Option<(u8, u8)>,
    /// Value = raw x scale + offset.
    pub scale: Scale,
    /// Unit symbol (`drivers::units`), empty for a bare number.
    pub unit: Arc<str>,
    /// Field's word for what is measured; empty when not said.
    pub quantity: Arc<str>,
    /// It only grows.
    pub counter: bool,
    /// Where a counter starts again from 0, in the point's unit.
    pub wraps_at: Option<f64>,
    /// Least believable value, in the point's unit.
    pub min: Option<f64>,
    /// Greatest believable value, in the point's unit.
    pub max: Option<f64>,
    /// Raw integers that mean "no value".
    pub missing: Vec<i64>,
    /// Index of the point of the same device whose value is the power of ten of this one's scale.
    pub scale_from: Option<usize>,
    /// Index of the point of the same device whose raw value multiplies this one.
    pub multiply_from: Option<usize>,
    /// Further powers of ten that other points of the same device choose by their raw value, on top
    /// of
    /// `scale` (and `scale_from`): the sum of all of them. A raw value that a table does not list,
    /// or a point without a value, makes this one `Reason::NotValid`. So a level probe whose
    /// registers say "mm" and "2 decimals" is read in metres.
    pub powers: Vec<PowerFrom>,
    /// Index of a point of the same device and the raw values of it for which this one means
    /// anything.
    pub valid_when: Option<(usize, Vec<i64>)>,
    /// For people.
    pub about: About,
}

/// What people should know of a point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// How sure the facts are.
    pub confidence: Confidence,
    /// Names of raw values, ascending.
    pub values: Arc<[(i64, Arc<str>)]>,
    /// Names of single bits, ascending.
    pub flags: Arc<[(u8, Arc<str>)]>,
}

/// How sure facts are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// A single transcription, or from memory: compare with the device's display.
    Low,
    /// One credible source.
    Medium,
    /// The maker's document, two sources that agree, or typed by hand for this very device.
    #[default]
    High,
}

impl Confidence {
    /// A stable word for files, APIs and catalogue keys (`confidence-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl About {
    /// What a raw value is called: its own name, or those of its bits; `None` when it has none.
    pub fn name_of(&self, raw: i64) -> Option<String> {
        if let Some((_, name)) = self.values.iter().find(|(value, _)| *value == raw) {
            return Some(name.to_string());
        }
        let set = |bit: &u8| (raw >> bit.min(&63)) & 1 == 1;
        let flags = self.flags.iter().filter(|(bit, _)| set(bit));
        let names: Vec<&str> = flags.map(|(_, name)| &**name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

/// A power of ten chosen by the raw value of another point.
#[derive(Clone, Debug, PartialEq)]
pub struct PowerFrom {
    /// Index of that point in the same device.
    pub point: usize,
    /// Its raw values, each with the power of ten that it adds to the scale's exponent.
    pub table: Vec<(i64, i8)>,
}

/// Types of DESIGN 5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
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
    /// Text in N registers (identification, not a reading).
    Text(u16),
}

/// Order of the four bytes of a 32-bit value on the wire, named by example; 16- and 64-bit alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum WordOrder {
    /// Big endian, the Modbus custom.
    #[default]
    Abcd,
    /// Low word first.
    Cdab,
    /// Bytes swapped within words.
    Badc,
    /// Little endian.
    Dcba,
}

/// value = raw x `scale` + `offset`; decimal wherever the file's text was, so that integers stay
/// exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Mantissa and power of ten of the factor: 0.1 is (1, -1).
    pub factor: (i64, i8),
    /// Mantissa and power of ten of the offset.
    pub offset: (i64, i8),
}

/// Where and how readings are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreSettings {
    /// Directory.
    pub path: PathBuf,
    /// The most that a power cut can take.
    pub flush: Duration,
    /// Age at which sealed raw samples may go; `None`: never by age.
    pub keep: Option<Duration>,
    /// Bytes that the store may take on disk; `None`: no budget.
    pub budget: Option<u64>,
}

/// The MQTT sink.
#[derive(Clone, Debug, PartialEq)]
pub struct MqttSettings {
    /// Broker's host name.
    pub host: String,
    /// Broker's port.
    pub port: u16,
    /// `mqtts://`.
    pub tls: bool,
    /// User name.
    pub username: Option<String>,
    /// Password, from its file or the environment.
    pub password: Option<Secret>,
    /// PEM file of the authority that signed the broker's certificate; the system's otherwise.
    pub ca_file: Option<PathBuf>,
    /// MQTT client id.
    pub client_id: String,
    /// First level of the topics, `pantau`.
    pub prefix: String,
    /// Backlog readings a second after an outage.
    pub catch_up: u32,
    /// Version of the protocol.
    pub version: super::MqttVersion,
    /// How long a message may wait for its acknowledgement (`limits::MQTT_ACK_SECONDS`).
    pub ack_within: Duration,
}

/// The InfluxDB v2 sink.
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
    /// PEM file of the authority that signed the server's certificate; the system's otherwise.
    pub ca_file: Option<PathBuf>,
    /// Backlog readings a second after an outage.
    pub catch_up: u32,
}

/// The local page.
#[derive(Clone, Debug, PartialEq)]
pub struct WebSettings {
    /// Address to listen on; `None`: no page.
    pub listen: Option<std::net::SocketAddr>,
}

impl Encoding {
    /// Registers it takes.
    pub fn registers(self) -> u16 {
        match self {
            Self::Bool | Self::U16 | Self::I16 | Self::Bcd16 => 1,
            Self::U32 | Self::I32 | Self::F32 | Self::Bcd32 => 2,
            Self::U64 | Self::I64 | Self::F64 => 4,
            Self::Text(registers) => registers,
        }
    }
}

impl Scale {
    /// Raw is the value.
    pub const ONE: Self = Self {
        factor: (1, 0),
        offset: (0, 0),
    };
}
