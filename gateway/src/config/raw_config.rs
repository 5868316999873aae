//! [`RawConfig`]: `pantau.toml` as typed, before any check.
//!
//! Doc comments of these types are the descriptions in the JSON Schema (`pantau check --schema`).
//! Almost every key is optional for serde: missing keys are reported by `schema_check`, so that one
//! error does not hide the others.

use crate::assets::RawAsset;
use crate::config::bus_kinds::{RawBus, RawPoint};
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

/// Value with its place in the file.
// Places are kept for the line numbers of diagnostics.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpannedValue<T>(Spanned<T>);

impl<T> SpannedValue<T> {
    /// Returns the value.
    pub fn get(&self) -> &T {
        self.0.get_ref()
    }

    /// Returns its place: byte offsets in the text.
    pub fn span(&self) -> Range<usize> {
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
pub type RawText = Option<SpannedValue<String>>;
/// Optional number with its place.
pub(crate) type RawNumber = Option<SpannedValue<f64>>;
/// Optional integer with its place.
pub type RawInteger = Option<SpannedValue<i64>>;

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

/// `[web]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawWebPage {
    /// `ADDRESS:PORT`. An address beyond this computer is used once a first user exists.
    pub(crate) listen: RawText,
    /// Further host names and addresses under which people open the page: `pantau.local`.
    #[serde(default)]
    pub(crate) names: Vec<SpannedValue<String>>,
    /// `read`: pages and figures are open without signing in; `no` by default.
    #[schemars(extend("enum" = ["no", "read"]))]
    pub(crate) public: RawText,
}
