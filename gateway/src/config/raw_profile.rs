//! The file of a profile, as people type it.

use crate::config::raw::{At, RawConfidence, RawLimits, RawParity, RawPoint, Text, Whole};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A profile, `config/devices/NAME.toml`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawProfile {
    /// Name; that of the file.
    #[schemars(required)]
    pub(crate) name: Text,
    /// Who makes it.
    #[schemars(required)]
    pub(crate) manufacturer: Text,
    /// Models that it fits.
    #[schemars(required)]
    pub(crate) model: Text,
    /// Kind of device.
    #[schemars(required)]
    pub(crate) kind: Text,
    /// Where the facts come from, in a sentence.
    #[schemars(required)]
    pub(crate) source: Text,
    /// The documents, one by one.
    #[serde(default)]
    pub(crate) document: Vec<RawDocument>,
    /// How sure the facts are, `medium` when left out.
    pub(crate) confidence: Option<At<RawConfidence>>,
    /// How the device is reached, when the gateway cannot ask it by registers: `gpio`, `i2c`, ...
    pub(crate) reached_by: Text,
    /// Silence at night is no fault.
    pub(crate) asleep_at_night: Option<bool>,
    /// How it leaves the factory.
    #[serde(default)]
    pub(crate) link: RawFactory,
    /// What its registers allow.
    pub(crate) limits: Option<At<RawLimits>>,
    /// How it is given another address.
    pub(crate) set_address: Option<At<RawSet>>,
    /// How it is given another speed.
    pub(crate) set_baud: Option<At<RawSet>>,
    /// How to recognise it.
    #[serde(default)]
    pub(crate) identify: Vec<At<RawProbe>>,
    /// Its points.
    #[serde(default)]
    pub(crate) point: Vec<At<RawPoint>>,
    /// What it says of itself, read at the start and once a day: `manufacturer`, `model`,
    /// `version`, `serial`, and its settings under names of their own.
    #[serde(default)]
    pub(crate) fact: Vec<At<RawPoint>>,
    /// Words and the value that they must decode to, one or more for each point.
    #[serde(default)]
    pub(crate) capture: Vec<At<RawCapture>>,
    /// Models that differ in a few facts, chosen as `NAME.VARIANT`.
    #[serde(default)]
    pub(crate) variant: Vec<At<RawVariant>>,
}

/// A document.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawDocument {
    /// Its title.
    #[schemars(required)]
    pub(crate) title: Text,
    /// Revision, version or commit.
    pub(crate) revision: Text,
    /// Page, section or file.
    pub(crate) section: Text,
    /// Where it is public.
    pub(crate) url: Text,
}

/// `[link]` of a profile: factory settings.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawFactory {
    /// Bits a second.
    pub(crate) baud: Whole,
    /// Parity.
    pub(crate) parity: Option<At<RawParity>>,
    /// 1 or 2.
    pub(crate) stop_bits: Whole,
    /// Modbus unit id.
    pub(crate) unit: Whole,
    /// TCP port.
    pub(crate) tcp_port: Whole,
}

/// `[set_address]` and `[set_baud]`: a setting that the wizard writes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawSet {
    /// Its first register, `holding:N`.
    #[schemars(required)]
    pub(crate) register: Text,
    /// 6 (when left out) or 16.
    pub(crate) function: Whole,
    /// Of an address: `u16` (when left out) or `f32`, high half first.
    pub(crate) r#type: Option<At<RawSetType>>,
    /// Least address, 1 when left out.
    pub(crate) min: Whole,
    /// Greatest address, 247 when left out.
    pub(crate) max: Whole,
    /// Of a speed: the code of each, `{ 9600 = 3 }`.
    #[serde(default)]
    pub(crate) codes: BTreeMap<String, i64>,
    /// It holds only after power was off.
    pub(crate) power_cycle: Option<bool>,
    /// A button on the device must be held before it takes settings.
    pub(crate) button: Option<bool>,
    /// Written afterwards, to the device as it is then, so that it lasts.
    pub(crate) save: Option<At<RawSave>>,
}

/// How a register holds an address.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawSetType {
    U16,
    F32,
}

/// `save` of a setting.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawSave {
    /// `holding:N`.
    #[schemars(required)]
    pub(crate) register: Text,
    /// What is written there.
    #[schemars(required)]
    pub(crate) value: Whole,
}

/// One entry of `identify`: what is asked, and what the answer is on such a device.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawProbe {
    /// Asked: a point or fact of this profile, by id.
    pub(crate) point: Text,
    /// Asked: a register that is no point.
    pub(crate) register: Text,
    /// Type of that register, `u16` when left out.
    pub(crate) r#type: Text,
    /// Asked: the vendor's name of the device identification (function 0x2B/0x0E).
    pub(crate) vendor: Text,
    /// Asked: the product code of the device identification.
    pub(crate) product: Text,
    /// Least value.
    pub(crate) min: Option<At<f64>>,
    /// Greatest value.
    pub(crate) max: Option<At<f64>>,
    /// The raw value, or one of them.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) equals: Option<At<toml::Value>>,
    /// Bits of the raw value that `equals` looks at.
    pub(crate) mask: Whole,
    /// Text that a string register holds.
    pub(crate) contains: Text,
}

/// One entry of `capture`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawCapture {
    /// Id of the point or fact.
    #[schemars(required)]
    pub(crate) point: Text,
    /// Its registers, in address order.
    #[serde(default)]
    pub(crate) words: Vec<At<u16>>,
    /// What they mean, in the point's unit; left out when they mean nothing now.
    pub(crate) value: Option<At<f64>>,
    /// What the registers of a fact say.
    pub(crate) text: Text,
    /// Raw values of the other points that this one depends on.
    #[serde(default)]
    pub(crate) with: BTreeMap<String, i64>,
    /// Where the words come from.
    #[schemars(required)]
    pub(crate) from: Option<At<RawOrigin>>,
}

/// Where the words of a capture come from.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawOrigin {
    /// A device sent them.
    Device,
    /// A document prints them.
    Document,
    /// Computed from the type, order and scale that the source gives.
    Computed,
    /// The same, by hand.
    WorkedOut,
}

/// A model that differs in a few facts; what is not said here is as in the profile.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawVariant {
    /// The part after the dot.
    #[schemars(required)]
    pub(crate) name: Text,
    /// Models that it fits.
    #[schemars(required)]
    pub(crate) model: Text,
    /// How sure its facts are.
    pub(crate) confidence: Option<At<RawConfidence>>,
    /// How it leaves the factory.
    pub(crate) link: Option<RawFactory>,
    /// What its registers allow.
    pub(crate) limits: Option<At<RawLimits>>,
    /// How to recognise it; in the place of the profile's rules.
    #[serde(default)]
    pub(crate) identify: Vec<At<RawProbe>>,
    /// Points that are new, or stand in the place of those with the same id.
    #[serde(default)]
    pub(crate) point: Vec<At<RawPoint>>,
    /// Ids of the profile's points that it has not; `["*"]`: all.
    #[serde(default)]
    pub(crate) without: Vec<At<String>>,
    /// Captures of its own points.
    #[serde(default)]
    pub(crate) capture: Vec<At<RawCapture>>,
}
