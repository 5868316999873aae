//! [`RawConfig`]: `pantau.toml` as typed, before any check.
//!
//! Doc comments of these types are the descriptions in the JSON Schema (`pantau check --schema`).
//! Almost every key is optional for serde: missing keys are reported by `schema_check`, so that one
//! error does not hide the others.

use crate::assets::{RawAsset, RawAssetRelation};
use crate::config::alarm_channel_keys::{RawAlarmChannel, RawAlarmDelivery};
use crate::config::alarm_table::RawAlarm;
use crate::config::backup_settings::RawBackup;
use crate::config::bus_kinds::{RawBus, RawPoint};
use crate::config::evidence_settings::RawEvidenceTable;
use crate::config::factors::{RawFactorEvidence, RawFactors};
use crate::config::raw_values::{RawDeviceLimits, RawInteger, RawText, SpannedValue};
use crate::config::report_settings::RawReport;
use crate::config::site_indicators::RawIndicator;
use crate::i18n::Language;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

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
    /// Relations between assets: feeds, part of, in series.
    #[serde(default)]
    pub(crate) relation: Vec<SpannedValue<RawAssetRelation>>,
    /// Factor file and warming potentials of the site.
    pub(crate) factors: Option<RawFactors>,
    /// Official pages attached to factors.
    #[serde(default)]
    pub(crate) factor_evidence: Vec<SpannedValue<RawFactorEvidence>>,
    /// Ledger indicators beyond the built-in list, or changes to it.
    #[serde(default)]
    pub(crate) indicator: Vec<SpannedValue<RawIndicator>>,
    /// Rules of alarms, and changes of the default ones.
    #[serde(default)]
    pub(crate) alarm: Vec<SpannedValue<RawAlarm>>,
    /// Ways on which messages of alarms reach people.
    #[serde(default)]
    pub(crate) alarm_channel: Vec<SpannedValue<RawAlarmChannel>>,
    /// Limits of all these channels together.
    pub(crate) alarm_delivery: Option<RawAlarmDelivery>,
    /// The local page.
    pub(crate) web: Option<RawWebPage>,
    /// First page of reports.
    pub(crate) report: Option<RawReport>,
    /// Proof outside the computer that the records of days are old.
    pub(crate) evidence: Option<RawEvidenceTable>,
    /// The copy on another disk.
    pub(crate) backup: Option<RawBackup>,
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

/// `[[device]]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawDevice {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Name for people; the id by default.
    pub(crate) name: RawText,
    /// Names of its points for people, by point id: `{ ac_power = "School roof" }`.
    #[serde(default)]
    pub(crate) names: BTreeMap<String, SpannedValue<String>>,
    /// Id of its bus.
    #[schemars(required)]
    pub(crate) bus: RawText,
    /// Modbus unit id: 1..=247 on a serial line, 0..=255 over TCP; by default that of the profile,
    /// else 1.
    pub(crate) unit: RawInteger,
    /// On a GPIO bus: the line of its points, by number or name: `17` or `"GPIO17"`.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) line: Option<SpannedValue<toml::Value>>,
    /// Sensor chip on an I2C, 1-Wire or UART bus, when no profile names it: `ads1115`, `sht2x`,
    /// `sht3x`, `ds3231`, `ds18b20`, `a02yyuw`.
    pub(crate) chip: RawText,
    /// Address of a chip on I2C, e.g. `0x48`; the usual one of the chip by default.
    pub(crate) address: RawInteger,
    /// Serial number of a 1-Wire device, as the kernel writes it: `28-0316a2795ab1`.
    pub(crate) serial: RawText,
    /// On an MQTT bus: topic of the node; `~` in the topics of its points stands for it.
    pub(crate) topic: RawText,
    /// On an MQTT bus: topic that says whether the node is there, such as its last will.
    pub(crate) availability: RawText,
    /// On an MQTT bus: place of the time in the JSON messages of the node, e.g. `"Time"`.
    pub(crate) time_field: RawText,
    /// On an MQTT bus: time without a message after which a value is no longer given, e.g. `"15m"`;
    /// three poll intervals by default.
    pub(crate) stale_after: RawText,
    /// Scale of its points by point id, instead of that of the profile: `{ volume = 0.01 }`.
    #[serde(default)]
    pub(crate) scales: BTreeMap<String, SpannedValue<f64>>,
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

/// `[web]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawWebPage {
    /// `ADDRESS:PORT`. An address beyond this computer is used once a first user exists.
    pub(crate) listen: RawText,
    /// `read`: pages and figures are open without signing in; `no` by default.
    #[schemars(extend("enum" = ["no", "read"]))]
    pub(crate) public: RawText,
    /// `local`: HTTPS with a certificate of the gateway's own authority, which phones are asked to
    /// trust once (`/sertifikat`). Without this key and without `certificate`: plain HTTP.
    #[schemars(extend("enum" = ["local"]))]
    pub(crate) tls: RawText,
    /// PEM file of a certificate chain, for HTTPS with a given certificate.
    pub(crate) certificate: RawText,
    /// PEM file of its private key, readable by the gateway alone.
    pub(crate) certificate_key_file: RawText,
    /// Host names under which the page is reached, besides its addresses.
    pub(crate) names: Option<Vec<SpannedValue<String>>>,
    /// Origins of sites that may show the card `/dampak/sematkan` in a frame:
    /// `https://desa.example.id`.
    pub(crate) embed: Option<Vec<SpannedValue<String>>>,
}
