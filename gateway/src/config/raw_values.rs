//! Values as typed, before any check: the parts of the tables of `pantau.toml`, profiles and factor
//! files.
//!
//! Doc comments of these types are descriptions in the JSON Schema, as in `raw_config`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;
use std::ops::Range;
use toml::Spanned;

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

/// One value or a list of them, each with its place. Absent: none.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct OneOrMany<T>(Vec<SpannedValue<T>>);

impl<T> OneOrMany<T> {
    /// The values in the order of the file.
    pub(crate) fn all(&self) -> &[SpannedValue<T>] {
        &self.0
    }
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

// A single value becomes a list of one before it is deserialized (`schema_check`).
impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// Date with its place, typed with or without quotes.
pub(crate) type RawDate = SpannedValue<toml::Value>;
/// Optional text with its place.
pub type RawText = Option<SpannedValue<String>>;
/// Optional number with its place.
pub(crate) type RawNumber = Option<SpannedValue<f64>>;
/// Optional list of numbers with its place.
pub(crate) type RawNumbers = Option<SpannedValue<Vec<f64>>>;
/// Optional integer with its place.
pub type RawInteger = Option<SpannedValue<i64>>;

/// Parity of a serial line.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawParity {
    None,
    Even,
    Odd,
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
    /// Time that the device needs for an answer at most.
    pub(crate) timeout: RawText,
    /// Errors in the header of its Modbus TCP answers that are accepted.
    pub(crate) accept: Option<SpannedValue<Vec<RawHeaderOddity>>>,
}

/// Errors in the header of a Modbus TCP answer that can be accepted.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawHeaderOddity {
    /// The length field does not fit the answer.
    WrongLength,
    /// Transaction 0 in place of that of the request.
    TransactionZero,
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

/// Condition of `valid_when`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawValidWhen {
    /// Id of the other point.
    #[schemars(required)]
    pub(crate) point: RawText,
    /// Raw values of that point for which this one is valid.
    #[serde(default)]
    pub(crate) is: Vec<i64>,
    /// Lowest raw value of a range for which this one is valid.
    pub(crate) min: RawInteger,
    /// Highest raw value of that range.
    pub(crate) max: RawInteger,
}
