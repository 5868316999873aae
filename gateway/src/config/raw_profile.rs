//! [`RawProfile`]: the file of a profile as typed, before any check (`docs/devices.md`).

use crate::config::bus_kinds::RawPoint;
use crate::config::raw_values::{
    RawConfidence, RawDeviceLimits, RawInteger, RawParity, RawText, SpannedValue,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Profile, `config/devices/NAME.toml`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawProfile {
    /// Name, the same as the file's.
    #[schemars(required)]
    pub(crate) name: RawText,
    /// Manufacturer.
    #[schemars(required)]
    pub(crate) manufacturer: RawText,
    /// Models that it fits.
    #[schemars(required)]
    pub(crate) model: RawText,
    /// Kind of device.
    #[schemars(required)]
    pub(crate) kind: RawText,
    /// Source of the facts, one sentence.
    #[schemars(required)]
    pub(crate) source: RawText,
    /// Source documents.
    #[serde(default)]
    pub(crate) document: Vec<RawSourceDocument>,
    /// Confidence in the facts, `medium` by default.
    pub(crate) confidence: Option<SpannedValue<RawConfidence>>,
    /// Access when the device has no Modbus register list: `gpio`, `i2c`, ...
    pub(crate) reached_by: RawText,
    /// Sensor chip that gives its points, on an I2C, 1-Wire or UART bus.
    pub(crate) chip: RawText,
    /// Topic that says whether a sensor node is there, such as its last will: `"~/LWT"`.
    pub(crate) availability: RawText,
    /// Place of the time in the JSON messages of a sensor node.
    pub(crate) time_field: RawText,
    /// Time without a message after which a value of a sensor node is no longer given.
    pub(crate) stale_after: RawText,
    /// True when no answer at night is normal.
    pub(crate) asleep_at_night: Option<bool>,
    /// Factory settings.
    #[serde(default)]
    pub(crate) link: RawFactorySettings,
    /// Limits of one request.
    pub(crate) limits: Option<SpannedValue<RawDeviceLimits>>,
    /// Setting of the unit id.
    pub(crate) set_address: Option<SpannedValue<RawDeviceSetting>>,
    /// Setting of the serial speed.
    pub(crate) set_baud: Option<SpannedValue<RawDeviceSetting>>,
    /// Rules by which the device is recognised.
    #[serde(default)]
    pub(crate) identify: Vec<SpannedValue<RawIdentificationRule>>,
    /// Points.
    #[serde(default)]
    pub(crate) point: Vec<SpannedValue<RawPoint>>,
    /// Registers read at the start and once a day: `manufacturer`, `model`, `version`, `serial`,
    /// and settings under names of their own.
    #[serde(default)]
    pub(crate) fact: Vec<SpannedValue<RawPoint>>,
    /// Registers and the value that they must decode to, at least one for each point.
    #[serde(default)]
    pub(crate) capture: Vec<SpannedValue<RawCapture>>,
    /// Models that differ in a few facts, used as `NAME.VARIANT`.
    #[serde(default)]
    pub(crate) variant: Vec<SpannedValue<RawVariant>>,
}

/// Source document.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawSourceDocument {
    /// Title.
    #[schemars(required)]
    pub(crate) title: RawText,
    /// Revision, version or commit.
    pub(crate) revision: RawText,
    /// Page, section or file.
    pub(crate) section: RawText,
    /// Public address.
    pub(crate) url: RawText,
}

/// `[link]` of a profile: factory settings.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawFactorySettings {
    /// Serial speed, bit/s.
    pub(crate) baud: RawInteger,
    /// Parity.
    pub(crate) parity: Option<SpannedValue<RawParity>>,
    /// Stop bits: 1 or 2.
    pub(crate) stop_bits: RawInteger,
    /// Modbus unit id.
    pub(crate) unit: RawInteger,
    /// TCP port.
    pub(crate) tcp_port: RawInteger,
}

/// `[set_address]` and `[set_baud]`: a setting that the wizard writes to the device.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawDeviceSetting {
    /// First register, `holding:N`.
    #[schemars(required)]
    pub(crate) register: RawText,
    /// Modbus function: 6 (default) or 16.
    pub(crate) function: RawInteger,
    /// Type of an address: `u16` (default) or `f32`, high word first.
    pub(crate) r#type: Option<SpannedValue<RawSettingType>>,
    /// Minimum address, 1 by default.
    pub(crate) min: RawInteger,
    /// Maximum address, 247 by default.
    pub(crate) max: RawInteger,
    /// Register value of each speed: `{ 9600 = 3 }`.
    #[serde(default)]
    pub(crate) codes: BTreeMap<String, i64>,
    /// True when the setting needs a power cycle to take effect.
    pub(crate) power_cycle: Option<bool>,
    /// True when a button on the device must be held before writing.
    pub(crate) button: Option<bool>,
    /// Save command, written after the change, to the device with its new settings.
    pub(crate) save: Option<SpannedValue<RawSaveCommand>>,
}

/// Register type of an address.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawSettingType {
    U16,
    F32,
}

/// `save` of a setting.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawSaveCommand {
    /// `holding:N`.
    #[schemars(required)]
    pub(crate) register: RawText,
    /// Value to write.
    #[schemars(required)]
    pub(crate) value: RawInteger,
}

/// Entry of `identify`: one source of a value and one test.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawIdentificationRule {
    /// Source: a point or fact of this profile, by id.
    pub(crate) point: RawText,
    /// Source: a register that is not a point.
    pub(crate) register: RawText,
    /// Type of that register, `u16` by default.
    pub(crate) r#type: RawText,
    /// Source: vendor name of the device identification (function 0x2B/0x0E).
    pub(crate) vendor: RawText,
    /// Source: product code of the device identification.
    pub(crate) product: RawText,
    /// Minimum value.
    pub(crate) min: Option<SpannedValue<f64>>,
    /// Maximum value.
    pub(crate) max: Option<SpannedValue<f64>>,
    /// Raw value, or a list of them.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) equals: Option<SpannedValue<toml::Value>>,
    /// Bit mask applied to the raw value before `equals`.
    pub(crate) mask: RawInteger,
    /// Text that a string register contains.
    pub(crate) contains: RawText,
}

/// Entry of `capture`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawCapture {
    /// Id of the point or fact.
    #[schemars(extend("x-required-unless" = ["payload"]))]
    pub(crate) point: RawText,
    /// Topic of a message of a sensor node, `~` by default.
    pub(crate) topic: RawText,
    /// Message of a sensor node, instead of `point`, `words` and `value`.
    pub(crate) payload: RawText,
    /// Values that the message must decode to, by the id of the point.
    #[serde(default)]
    pub(crate) values: BTreeMap<String, SpannedValue<f64>>,
    /// Register values, in address order.
    #[serde(default)]
    pub(crate) words: Vec<SpannedValue<u16>>,
    /// Decoded value in the point's unit; absent when the registers mean "no value".
    pub(crate) value: Option<SpannedValue<f64>>,
    /// Text that the registers of a fact hold.
    pub(crate) text: RawText,
    /// Raw values of the other points that this point depends on.
    #[serde(default)]
    pub(crate) with: BTreeMap<String, i64>,
    /// Origin of the register values.
    #[schemars(required)]
    pub(crate) from: Option<SpannedValue<RawCaptureOrigin>>,
}

/// Origin of the register values of a capture.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawCaptureOrigin {
    /// Read from a device.
    Device,
    /// Printed in a document.
    Document,
    /// Computed from the type, order and scale of the source.
    Computed,
    /// Computed by hand.
    WorkedOut,
}

/// Model that differs in a few facts; absent keys are as in the profile.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawVariant {
    /// Part of the name after the dot.
    #[schemars(required)]
    pub(crate) name: RawText,
    /// Models that it fits.
    #[schemars(required)]
    pub(crate) model: RawText,
    /// Confidence in its facts.
    pub(crate) confidence: Option<SpannedValue<RawConfidence>>,
    /// Factory settings.
    pub(crate) link: Option<RawFactorySettings>,
    /// Limits of one request.
    pub(crate) limits: Option<SpannedValue<RawDeviceLimits>>,
    /// Identification rules, instead of those of the profile.
    #[serde(default)]
    pub(crate) identify: Vec<SpannedValue<RawIdentificationRule>>,
    /// New points, and replacements of points with the same id.
    #[serde(default)]
    pub(crate) point: Vec<SpannedValue<RawPoint>>,
    /// Ids of the profile's points that this model lacks; `["*"]`: all.
    #[serde(default)]
    pub(crate) without: Vec<SpannedValue<String>>,
    /// Captures of its own points.
    #[serde(default)]
    pub(crate) capture: Vec<SpannedValue<RawCapture>>,
}
