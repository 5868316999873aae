//! [`Point`]: one measured quantity of a device, and its [`PointDescription`] for people.

use crate::config::physical_limits::{NegativeValues, negative_values};
use crate::config::{LinearScale, ModbusPoint, PointAccess};
use crate::i18n::Language;
use drivers::units;
use std::sync::Arc;

/// Measured quantity of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Name within the device.
    pub name: Arc<str>,
    /// Where its raw value comes from.
    pub access: PointAccess,
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
    /// Description for people.
    pub about: PointDescription,
}

impl Point {
    /// Creates a point without unit, scale and limits.
    pub fn new(name: &str, access: PointAccess) -> Self {
        Self {
            name: name.into(),
            access,
            scale: LinearScale::IDENTITY,
            unit: "".into(),
            quantity: "".into(),
            counter: false,
            wraps_at: None,
            min: None,
            max: None,
            about: PointDescription::default(),
        }
    }

    /// Whether no value of it can be below 0: by its quantity, or by its unsigned registers.
    pub(crate) fn is_never_negative(&self) -> bool {
        let sign = negative_values(&self.quantity, units::find_unit(&self.unit));
        let is_unsigned = match &self.access {
            PointAccess::Modbus(modbus) => {
                modbus.encoding.is_unsigned() && modbus.multiply_from.is_none()
            }
            _ => false,
        };
        let grows = self.scale.factor.0 >= 0 && self.scale.offset.0 >= 0;
        sign == NegativeValues::Never || is_unsigned && grows
    }

    /// Whether a value lies within the limits of the point.
    pub fn allows(&self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }

    /// Modbus registers; `None` for a point of another kind of bus.
    pub fn modbus(&self) -> Option<&ModbusPoint> {
        self.access.modbus()
    }

    /// Same as `modbus`, to change it.
    pub fn modbus_mut(&mut self) -> Option<&mut ModbusPoint> {
        self.access.modbus_mut()
    }

    /// Label for people: the site's own, else in words of the language.
    pub fn label(&self, lang: Language) -> String {
        match &self.about.name {
            Some(own) => own.to_string(),
            None => lang.point_label(&self.name, &self.quantity),
        }
    }
}

/// Description of a point: confidence and names of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointDescription {
    /// Name for people, given by the site; `None`: it follows from the id.
    pub name: Option<Arc<str>>,
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
