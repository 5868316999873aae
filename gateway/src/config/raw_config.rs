//! [`RawConfig`]: `pantau.toml` as typed, before any check.
//!
//! Doc comments of these types are the descriptions in the JSON Schema (`pantau check --schema`).
//! Almost every key is optional for serde: missing keys are reported by `schema_check`, so that one
//! error does not hide the others.

use crate::assets::RawAsset;
use crate::config::factors::{RawFactorEvidence, RawFactors};
use crate::config::site_indicators::RawIndicator;
use crate::i18n::Language;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// Keys of other gateways and the key that is meant.
pub(crate) const KEY_SYNONYMS: &[(&str, &str)] = &[
    ("slave", "unit"),
    ("slave_id", "unit"),
    ("unit_id", "unit"),
    ("interval", "every"),
    ("poll_interval", "every"),
    ("poll_seconds", "every"),
    ("every_s", "every"),
    ("baudrate", "baud"),
    ("baud_rate", "baud"),
    ("serial_port", "port"),
    ("word_order", "words"),
    ("byte_order", "words"),
    ("data_type", "type"),
    ("factor", "scale"),
    ("multiplier", "scale"),
    ("broker", "url"),
    ("devices", "device"),
    ("buses", "bus"),
    ("assets", "asset"),
    ("indicators", "indicator"),
    ("capacity", "capacity_kwp"),
    ("kwp", "capacity_kwp"),
    ("runoff_coefficient", "runoff"),
    ("time_zone", "timezone"),
];

/// Keys that would put a secret into the file, the key for a file, and the environment variable.
pub(crate) const SECRET_KEYS: &[(&str, &str, &str)] = &[
    ("password", "password_file", "PANTAU_MQTT_PASSWORD"),
    ("token", "token_file", "PANTAU_INFLUX_TOKEN"),
];

/// Value with its place in the file.
// Places are kept for the line numbers of diagnostics.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SpannedValue<T>(Spanned<T>);

impl<T> SpannedValue<T> {
    pub(crate) fn get(&self) -> &T {
        self.0.get_ref()
    }

    pub(crate) fn span(&self) -> Range<usize> {
        self.0.span()
    }
}

// Transparent in the schema: a value with a place is described like the value itself.
impl<T: JsonSchema> JsonSchema for SpannedValue<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// Date with its place, typed with or without quotes.
pub(crate) type RawDate = SpannedValue<toml::Value>;
/// Optional text with its place.
pub(crate) type RawText = Option<SpannedValue<String>>;
/// Optional number with its place.
pub(crate) type RawNumber = Option<SpannedValue<f64>>;
/// Optional integer with its place.
pub(crate) type RawInteger = Option<SpannedValue<i64>>;

/// The whole `pantau.toml`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawConfig {
    /// Site: one gateway serves one site.
    #[schemars(required)]
    pub(crate) site: Option<SpannedValue<RawSite>>,
    /// Directory, flush interval and retention of the store.
    pub(crate) store: Option<RawStore>,
    /// Connections to devices.
    #[serde(default)]
    pub(crate) bus: Vec<SpannedValue<RawBus>>,
    /// Devices, each on a bus.
    #[serde(default)]
    pub(crate) device: Vec<SpannedValue<RawDevice>>,
    /// Assets: PV plants, pumps, tanks, ...
    #[serde(default)]
    pub(crate) asset: Vec<SpannedValue<RawAsset>>,
    /// Factor file and warming potentials of the site.
    pub(crate) factors: Option<RawFactors>,
    /// Official pages attached to factors.
    #[serde(default)]
    pub(crate) factor_evidence: Vec<SpannedValue<RawFactorEvidence>>,
    /// Ledger indicators beyond the built-in list, or changes to it.
    #[serde(default)]
    pub(crate) indicator: Vec<SpannedValue<RawIndicator>>,
    /// MQTT sink.
    pub(crate) mqtt: Option<SpannedValue<RawMqttSink>>,
    /// `InfluxDB` v2 sink.
    pub(crate) influx: Option<SpannedValue<RawInfluxSink>>,
    /// The local page.
    pub(crate) web: Option<RawWebPage>,
}

/// `[site]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawSite {
    /// Letters, digits, `-` and `_`; MQTT topic level and `InfluxDB` tag.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Name for people; the id by default.
    pub(crate) name: RawText,
    /// IANA time zone of days and months: `Asia/Jakarta` (default), `Asia/Makassar`,
    /// `Asia/Jayapura`.
    pub(crate) timezone: RawText,
    /// Degrees, north positive; the middle of Indonesia by default.
    pub(crate) latitude: Option<SpannedValue<f64>>,
    /// Degrees, east positive; the middle of Indonesia by default.
    pub(crate) longitude: Option<SpannedValue<f64>>,
    /// Language of commands, and of the page where the browser asks for none.
    #[schemars(extend("enum" = Language::ALL.map(Language::code)))]
    pub(crate) language: RawText,
    /// Directory with your own profiles; one of the same name replaces a built-in one.
    pub(crate) profiles: RawText,
}

/// `[store]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawStore {
    /// Directory of the store, `/var/lib/pantau` by default.
    pub(crate) path: RawText,
    /// Flush interval, e.g. `"60s"`: the longest time of readings that a power cut can lose.
    pub(crate) flush: RawText,
    /// Age at which raw samples may be deleted, e.g. `"730d"`; no limit by default.
    pub(crate) keep: RawText,
    /// Maximum bytes of the store on disk, e.g. `"2 GB"`; no limit by default.
    pub(crate) budget: RawText,
}

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

/// Parity of a serial line.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawParity {
    None,
    Even,
    Odd,
}

/// `[[device]]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawDevice {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Id of its bus.
    #[schemars(required)]
    pub(crate) bus: RawText,
    /// Modbus unit id: 1..=247 on a serial line, 0..=255 over TCP; by default that of the profile,
    /// else 1.
    pub(crate) unit: RawInteger,
    /// Name of its profile (`config/devices/NAME.toml`); without one, list the points.
    pub(crate) profile: RawText,
    /// Kind of device, the `InfluxDB` measurement: `inverter`, `meter`, `level`, ...
    pub(crate) kind: RawText,
    /// Poll interval, `"10s"` by default; polls are aligned to the wall clock.
    pub(crate) every: RawText,
    /// True when no answer at night is normal.
    pub(crate) asleep_at_night: Option<bool>,
    /// Accuracy of its points by name: half of the 95 % interval, % of the reading. For a meter of
    /// class 1: `{ ac_energy = 1.0 }`.
    #[serde(default)]
    pub(crate) accuracy: BTreeMap<String, SpannedValue<f64>>,
    /// Limits of one request.
    pub(crate) limits: Option<SpannedValue<RawDeviceLimits>>,
    /// Its points, when there is no profile.
    #[serde(default)]
    pub(crate) point: Vec<SpannedValue<RawPoint>>,
    /// With `profile = "sunspec"`: names of the points to read, e.g. `["ac_power", "m160_n"]`; by
    /// default the usual ones.
    #[serde(default)]
    pub(crate) points: Vec<SpannedValue<String>>,
    /// With `profile = "sunspec"`: models to take points from; by default all models of the device.
    #[serde(default)]
    pub(crate) models: Vec<SpannedValue<i64>>,
    /// With `profile = "sunspec"`: start address of the model list; searched by default.
    pub(crate) base: RawInteger,
}

/// `[limits]`: limits of one request.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawDeviceLimits {
    /// Maximum registers in one read, 1..=125.
    pub(crate) max_registers: RawInteger,
    /// Start and count are multiples of this: 1 or 2.
    pub(crate) align: RawInteger,
    /// Ranges that one read must not leave, e.g. `["input:0-79"]`.
    #[serde(default)]
    pub(crate) blocks: Vec<SpannedValue<String>>,
    /// Minimum time between an answer and the next request.
    pub(crate) gap: RawText,
    /// Quiet time that the device needs after a network connection was opened.
    pub(crate) settle: RawText,
}

/// One point.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawPoint {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
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

/// Confidence in facts.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawConfidence {
    /// Manufacturer's document, or two independent sources that agree.
    High,
    /// One credible source.
    Medium,
    /// A single transcription, or memory.
    Low,
}

/// Order of the bytes of a value, named by example.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawWordOrder {
    Abcd,
    Cdab,
    Badc,
    Dcba,
}

/// One entry of `powers_from`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawExponentTable {
    /// Id of the other point.
    #[schemars(required)]
    pub(crate) point: RawText,
    /// Pairs of its raw value and the power of ten; any other raw value makes the point not valid.
    #[serde(default)]
    pub(crate) powers: Vec<Vec<i64>>,
}

/// `valid_when`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawValidWhen {
    /// Id of the other point.
    #[schemars(required)]
    pub(crate) point: RawText,
    /// Raw values of that point for which this one is valid.
    #[serde(default)]
    pub(crate) is: Vec<i64>,
}

/// `[mqtt]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawMqttSink {
    /// `mqtt://HOST:PORT` or `mqtts://HOST:PORT`.
    #[schemars(required)]
    pub(crate) url: RawText,
    /// User name.
    pub(crate) username: RawText,
    /// File with the password; the environment variable `PANTAU_MQTT_PASSWORD` has priority.
    pub(crate) password_file: RawText,
    /// PEM file of the authority that signed the broker's certificate; the system's by default.
    pub(crate) ca_file: RawText,
    /// MQTT client id, `pantau-SITE` by default.
    pub(crate) client_id: RawText,
    /// First level of the topics, `pantau` by default.
    pub(crate) prefix: RawText,
    /// Readings per second sent from the queue after an outage.
    pub(crate) catch_up: RawInteger,
    /// `5` or `3.1.1`; by default the newer one that the broker accepts.
    pub(crate) version: RawText,
}

/// `[influx]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawInfluxSink {
    /// `http://HOST:PORT` or `https://HOST:PORT`.
    #[schemars(required)]
    pub(crate) url: RawText,
    /// Organisation.
    #[schemars(required)]
    pub(crate) org: RawText,
    /// Bucket.
    #[schemars(required)]
    pub(crate) bucket: RawText,
    /// File with the token; the environment variable `PANTAU_INFLUX_TOKEN` has priority.
    pub(crate) token_file: RawText,
    /// PEM file of the authority that signed the server's certificate; the system's by default.
    pub(crate) ca_file: RawText,
    /// Readings per second sent from the queue after an outage.
    pub(crate) catch_up: RawInteger,
}

/// `[web]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawWebPage {
    /// `ADDRESS:PORT`; a loopback address.
    pub(crate) listen: RawText,
}
