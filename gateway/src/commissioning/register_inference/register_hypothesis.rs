//! [`RegisterHypothesis`]: a possible meaning of registers.

use crate::config::{RegisterEncoding, WordOrder};
use crate::domain::ExactNumber;

/// Knowledge about a point before its registers are looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct InferenceHints<'a> {
    /// Quantity (`voltage`, ...); empty when not known.
    pub quantity: &'a str,
    /// Unit symbol of the value; empty when not known.
    pub unit: &'a str,
    /// The value only grows (counter).
    pub counter: bool,
    /// Smallest value, in `unit`.
    pub min: Option<f64>,
    /// Largest value, in `unit`.
    pub max: Option<f64>,
    /// Value on the device's own display, with the digits shown.
    pub display: Option<ExactNumber>,
}

/// One interpretation of the registers.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterHypothesis {
    /// Data type.
    pub encoding: RegisterEncoding,
    /// Word order.
    pub words: WordOrder,
    /// Power of ten of the scale.
    pub power: i8,
    /// Value of each read, in order.
    pub values: Vec<ExactNumber>,
    /// Share of the weight of all hypotheses, 0..=1.
    pub share: f64,
    /// Reasons for and against it.
    pub reasons: Vec<InferenceReason>,
    /// Signed type that gives the same values as long as none was negative.
    pub twin: Option<RegisterEncoding>,
}

/// Reason for or against a hypothesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InferenceReason {
    /// The value is usual for this quantity (name in `drivers::units`).
    Usual(&'static str),
    /// The value is possible, but unusual for its quantity.
    Unusual,
    /// No known quantity has this value, or it is outside the given range.
    Impossible,
    /// A counter would have decreased.
    Falls,
    /// The value changes more from read to read than a measured value does.
    Jumps,
    /// The value changes in small steps or not at all.
    Steady,
    /// The value agrees with the display.
    Display,
    /// The value differs from the display.
    NotDisplay,
    /// Floating-point value with few digits, as people and programs write them.
    FewDigits,
}

impl InferenceReason {
    /// True for a reason that rules a hypothesis out.
    pub(crate) fn excludes_hypothesis(self) -> bool {
        matches!(self, Self::Impossible | Self::NotDisplay | Self::Falls)
    }

    /// Returns the message key; `Usual` has its quantity as argument.
    pub fn message_key(self) -> &'static str {
        match self {
            Self::Usual(_) => "infer-usual",
            Self::Unusual => "infer-unusual",
            Self::Impossible => "infer-impossible",
            Self::Falls => "infer-falls",
            Self::Jumps => "infer-jumps",
            Self::Steady => "infer-steady",
            Self::Display => "infer-display",
            Self::NotDisplay => "infer-not-display",
            Self::FewDigits => "infer-few-digits",
        }
    }
}
