//! What people type: the shape of `pantau.toml` and of a profile, with the doc comments that
//! editors show (`schema`). Everything is optional to serde; `shape` reports what is missing or of
//! the wrong type from the schema of these types, so that one fault does not hide the others.

use crate::config::assets::RawAsset;
use crate::config::factors::{RawEvidence, RawFactors};
use crate::config::indicators::RawIndicator;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// Names that other gateways use for our keys.
pub(crate) const RENAMED: &[(&str, &str)] = &[
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

/// Keys that would put a secret into the file, the key to use, and the variable that works as well.
pub(crate) const SECRETS: &[(&str, &str, &str)] = &[
    ("password", "password_file", "PANTAU_MQTT_PASSWORD"),
    ("token", "token_file", "PANTAU_INFLUX_TOKEN"),
];

/// A value and its place in the file.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At<T>(Spanned<T>);

impl<T> At<T> {
    pub(crate) fn get(&self) -> &T {
        self.0.get_ref()
    }

    pub(crate) fn span(&self) -> Range<usize> {
        self.0.span()
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
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

/// A date with its place, written with or without quotes.
pub(crate) type Day = At<toml::Value>;
/// Text with its place.
pub(crate) type Text = Option<At<String>>;
/// A number with its place.
pub(crate) type Number = Option<At<f64>>;
/// A whole number with its place.
pub(crate) type Whole = Option<At<i64>>;

/// The whole `pantau.toml`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawConfig {
    /// The place: one gateway, one site.
    #[schemars(required)]
    pub(crate) site: Option<At<RawSite>>,
    /// Where and how readings are kept.
    pub(crate) store: Option<RawStore>,
    /// Ways to reach devices.
    #[serde(default)]
    pub(crate) bus: Vec<At<RawBus>>,
    /// Devices, each on a bus.
    #[serde(default)]
    pub(crate) device: Vec<At<RawDevice>>,
    /// What staff think in: a PV plant, a pump, a tank, ...
    #[serde(default)]
    pub(crate) asset: Vec<At<RawAsset>>,
    /// Factors of the site's own.
    pub(crate) factors: Option<RawFactors>,
    /// Official pages of factors.
    #[serde(default)]
    pub(crate) factor_evidence: Vec<At<RawEvidence>>,
    /// What people write down beyond the built-in list.
    #[serde(default)]
    pub(crate) indicator: Vec<At<RawIndicator>>,
    /// MQTT sink.
    pub(crate) mqtt: Option<At<RawMqtt>>,
    /// `InfluxDB` v2 sink.
    pub(crate) influx: Option<At<RawInflux>>,
    /// The local page.
    pub(crate) web: Option<RawWeb>,
}

/// `[site]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawSite {
    /// Letters, digits, `-` and `_`; MQTT topic level and `InfluxDB` tag.
    #[schemars(required)]
    pub(crate) id: Text,
    /// Name for people; the id when left out.
    pub(crate) name: Text,
    /// IANA time zone of days and months: `Asia/Jakarta`, `Asia/Makassar`, `Asia/Jayapura`;
    /// Jakarta's when left out.
    pub(crate) timezone: Text,
    /// Degrees, north positive; the middle of Indonesia when left out.
    pub(crate) latitude: Option<At<f64>>,
    /// Degrees, east positive; the middle of Indonesia when left out.
    pub(crate) longitude: Option<At<f64>>,
    /// Directory with profiles of your own; one of the same name replaces a built-in one.
    pub(crate) profiles: Text,
}

/// `[store]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawStore {
    /// Directory of the store, `/var/lib/pantau` when left out.
    pub(crate) path: Text,
    /// The most that a power cut can take, e.g. `"60s"`.
    pub(crate) flush: Text,
    /// Age at which raw samples may go, e.g. `"730d"`; never by age when left out.
    pub(crate) keep: Text,
    /// Bytes that the store may take on disk, e.g. `"2 GB"`; no budget when left out.
    pub(crate) budget: Text,
}

/// `[[bus]]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawBus {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: Text,
    /// What kind of bus it is.
    #[schemars(required)]
    pub(crate) kind: Option<At<BusKind>>,
    /// Serial device, e.g. `/dev/ttyUSB0`.
    pub(crate) port: Text,
    /// Bits a second, 9600 when left out.
    pub(crate) baud: Whole,
    /// Parity, `none` when left out.
    pub(crate) parity: Option<At<RawParity>>,
    /// 1 or 2.
    pub(crate) stop_bits: Whole,
    /// Name or address of a Modbus TCP server or a serial device server.
    pub(crate) host: Text,
    /// TCP port, 502 when left out.
    pub(crate) tcp_port: Option<At<u16>>,
    /// How long one request may take, `"500ms"` when left out.
    pub(crate) timeout: Text,
    /// Quiet time between connecting (or opening the port) and the first request; the longest that
    /// a profile of its devices names when left out.
    pub(crate) settle: Text,
}

/// Kinds of bus.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BusKind {
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
    pub(crate) id: Text,
    /// Id of its bus.
    #[schemars(required)]
    pub(crate) bus: Text,
    /// Modbus unit id: 1..=247 on a serial line, 0..=255 over TCP; the profile's, else 1, when left
    /// out.
    pub(crate) unit: Whole,
    /// Name of its profile (`config/devices/NAME.toml`); without one, the points are listed.
    pub(crate) profile: Text,
    /// Kind of device, the `InfluxDB` measurement: `inverter`, `meter`, `level`, ...
    pub(crate) kind: Text,
    /// Time between two polls, `"10s"` when left out; polls are aligned to the wall clock.
    pub(crate) every: Text,
    /// Silence at night is no fault.
    pub(crate) asleep_at_night: Option<bool>,
    /// How well its points measure, by name: half of the 95 % interval, % of the reading. A meter
    /// of class 1: `{ ac_energy = 1.0 }`.
    #[serde(default)]
    pub(crate) accuracy: BTreeMap<String, At<f64>>,
    /// What the device's registers allow.
    pub(crate) limits: Option<At<RawLimits>>,
    /// Its points, when there is no profile.
    #[serde(default)]
    pub(crate) point: Vec<At<RawPoint>>,
    /// With `profile = "sunspec"`: names of the points to read, e.g. `["ac_power", "m160_n"]`; the
    /// usual ones when left out.
    #[serde(default)]
    pub(crate) points: Vec<At<String>>,
    /// With `profile = "sunspec"`: models to take points from; all that the device has when left
    /// out.
    #[serde(default)]
    pub(crate) models: Vec<At<i64>>,
    /// With `profile = "sunspec"`: address of the list of models; looked for when left out.
    pub(crate) base: Whole,
}

/// `[limits]`: what may be asked in one request.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawLimits {
    /// Most registers in one read, 1..=125.
    pub(crate) max_registers: Whole,
    /// Start and count are multiples of this (1 or 2).
    pub(crate) align: Whole,
    /// Ranges that one read must not leave, e.g. `["input:0-79"]`.
    #[serde(default)]
    pub(crate) blocks: Vec<At<String>>,
    /// Least time between an answer and the next request.
    pub(crate) gap: Text,
    /// Quiet time that the device needs after it was connected to over the network.
    pub(crate) settle: Text,
}

/// One point.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawPoint {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: Text,
    /// `holding:N`, `input:N`, `coil:N` or `discrete:N`; N is the 0-based protocol address.
    #[schemars(required)]
    pub(crate) register: Text,
    /// `u16 i16 u32 i32 u64 i64 f32 f64 bool bcd16 bcd32` or `string:N`.
    #[schemars(required)]
    pub(crate) r#type: Text,
    /// Order of bytes and words, `abcd` (big endian) when left out.
    pub(crate) words: Option<At<RawOrder>>,
    /// Bit range that counts: `3`, `"0-3"` or `[0, 3]`; 0 is the least significant.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) bits: Option<At<toml::Value>>,
    /// Address of the high half, when the halves are not neighbours: `"holding:N"`.
    pub(crate) high_register: Text,
    /// value = raw x scale + offset.
    pub(crate) scale: Option<At<f64>>,
    /// value = raw x scale + offset.
    pub(crate) offset: Option<At<f64>>,
    /// Unit symbol: `W`, `kWh`, `m3`, `degC`, ...
    pub(crate) unit: Text,
    /// What is measured: `power`, `energy`, `level`, ...; from the unit when left out.
    pub(crate) quantity: Text,
    /// It only grows (and may wrap or be reset).
    pub(crate) counter: Option<bool>,
    /// Where the counter starts again from 0, in the point's unit.
    pub(crate) wraps_at: Option<At<f64>>,
    /// Least believable value.
    pub(crate) min: Option<At<f64>>,
    /// Greatest believable value.
    pub(crate) max: Option<At<f64>>,
    /// Raw values that mean "no value": `[0x8000]`.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) missing: Option<At<toml::Value>>,
    /// Id of the point whose value is the power of ten of this one's scale.
    pub(crate) scale_from: Text,
    /// Id of the point whose raw value multiplies this one: the ratio of a transformer.
    pub(crate) multiply_from: Text,
    /// Other points whose raw values add powers of ten: `[{ point = "decimals", powers = [[1, -1]]
    /// }]`.
    #[serde(default)]
    pub(crate) powers_from: Vec<At<RawPower>>,
    /// The point and its raw values for which this one means anything.
    pub(crate) valid_when: Option<At<RawValid>>,
    /// Names of raw values: `{ 0 = "idle", 1 = "running" }`.
    #[serde(default)]
    pub(crate) values: BTreeMap<String, String>,
    /// Names of single bits, 0 the least significant: `{ 0 = "over-voltage" }`.
    #[serde(default)]
    pub(crate) flags: BTreeMap<String, String>,
    /// How sure these facts are; the profile's when left out.
    pub(crate) confidence: Option<At<RawConfidence>>,
}

/// How sure facts are.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawConfidence {
    /// The maker's document, or two independent sources that agree.
    High,
    /// One credible source.
    Medium,
    /// A single transcription, or from memory.
    Low,
}

/// Order of the bytes of a value, named by example.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawOrder {
    Abcd,
    Cdab,
    Badc,
    Dcba,
}

/// One entry of `powers_from`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawPower {
    /// Id of the other point.
    #[schemars(required)]
    pub(crate) point: Text,
    /// Pairs of its raw value and the power of ten that it adds; other raw values: not valid.
    #[serde(default)]
    pub(crate) powers: Vec<Vec<i64>>,
}

/// `valid_when`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawValid {
    /// Id of the other point.
    #[schemars(required)]
    pub(crate) point: Text,
    /// Its raw values for which this point means anything.
    #[serde(default)]
    pub(crate) is: Vec<i64>,
}

/// `[mqtt]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawMqtt {
    /// `mqtt://HOST:PORT` or `mqtts://HOST:PORT`.
    #[schemars(required)]
    pub(crate) url: Text,
    /// User name.
    pub(crate) username: Text,
    /// File with the password; `PANTAU_MQTT_PASSWORD` in the environment goes first.
    pub(crate) password_file: Text,
    /// PEM file of the authority that signed the broker's certificate; the system's when left out.
    pub(crate) ca_file: Text,
    /// MQTT client id, `pantau-SITE` when left out.
    pub(crate) client_id: Text,
    /// First level of the topics, `pantau` when left out.
    pub(crate) prefix: Text,
    /// Backlog readings a second after an outage.
    pub(crate) catch_up: Whole,
    /// `5` or `3.1.1`; the newer one that the broker speaks when left out.
    pub(crate) version: Text,
}

/// `[influx]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawInflux {
    /// `http://HOST:PORT` or `https://HOST:PORT`.
    #[schemars(required)]
    pub(crate) url: Text,
    /// Organisation.
    #[schemars(required)]
    pub(crate) org: Text,
    /// Bucket.
    #[schemars(required)]
    pub(crate) bucket: Text,
    /// File with the token; `PANTAU_INFLUX_TOKEN` in the environment goes first.
    pub(crate) token_file: Text,
    /// PEM file of the authority that signed the server's certificate; the system's when left out.
    pub(crate) ca_file: Text,
    /// Backlog readings a second after an outage.
    pub(crate) catch_up: Whole,
}

/// `[web]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawWeb {
    /// `ADDRESS:PORT`; only this machine is served for now.
    pub(crate) listen: Text,
}
