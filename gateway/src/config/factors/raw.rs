//! What people type of factors: the shape of a factor file, `[factors]`, `[[factor_evidence]]`.

use crate::config::raw::{At, Day, Text, Whole};
use schemars::JsonSchema;
use serde::Deserialize;

/// `[factors]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawFactors {
    /// A file of your own, beside this one: its factors are added, and replace those of the same
    /// id.
    pub(crate) file: Text,
    /// The warming potentials that make CO2e, `AR5` when left out.
    pub(crate) gwp: Option<At<RawGwp>>,
}

/// Sets of warming potentials.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum RawGwp {
    Ar4,
    Ar5,
    Ar6,
}

/// `[[factor_evidence]]`: the official page of a factor.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawEvidence {
    /// Id of the factor.
    #[schemars(required)]
    pub(crate) factor: Text,
    /// The page, a file beside this one.
    #[schemars(required)]
    pub(crate) file: Text,
    /// SHA-256 of the file: `sha256sum FILE`.
    #[schemars(required)]
    pub(crate) sha256: Text,
    /// Who opened it and compared the number.
    #[schemars(required)]
    pub(crate) by: Text,
    /// When: `2026-11-20`.
    #[schemars(required, with = "Option<serde_json::Value>")]
    pub(crate) on: Option<Day>,
}

/// A factor file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawFactorFile {
    /// Version of this format.
    pub(crate) schema: Whole,
    /// What may be chosen.
    #[serde(default)]
    pub(crate) factor: Vec<At<RawFactor>>,
    /// What nobody could check.
    #[serde(default)]
    pub(crate) unverified: Vec<At<RawUnverified>>,
}

/// One factor.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawFactor {
    /// Letters, digits, `.`, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: Text,
    /// The number.
    #[schemars(required)]
    pub(crate) value: Option<At<f64>>,
    /// Its unit: `tCO2/MWh`, `kgCO2/GJ`, `1`, ...
    #[schemars(required)]
    pub(crate) unit: Text,
    /// Year of the data.
    pub(crate) year: Whole,
    /// First day on which it holds.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) valid_from: Option<Day>,
    /// Last day on which it holds.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) valid_to: Option<Day>,
    /// What it is true for.
    pub(crate) scope: Text,
    /// Least value of the 95 % range.
    pub(crate) low: Option<At<f64>>,
    /// Greatest value of the 95 % range.
    pub(crate) high: Option<At<f64>>,
    /// Where the number is from.
    #[schemars(required)]
    pub(crate) source: Text,
    /// The same in Bahasa Indonesia, where it is more than a citation.
    pub(crate) source_id: Text,
    /// Who says so.
    #[schemars(required)]
    pub(crate) status: Option<At<RawFactorStatus>>,
    /// May stand behind a headline as it is; `false` when left out.
    pub(crate) headline_ok: Option<bool>,
    /// What else an auditor should know.
    pub(crate) note: Text,
}

/// Who says so.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RawFactorStatus {
    /// Read in a copy of the official text.
    OfficialText,
    /// Two or more independent transcriptions agree.
    #[serde(rename = "transcribed_2plus")]
    TranscribedTwice,
    /// One transcription.
    #[serde(rename = "transcribed_1")]
    TranscribedOnce,
    /// Arithmetic from published figures.
    Derived,
    /// A definition or a property of matter.
    Constant,
    /// A rule of this product.
    Policy,
}

/// A number that nobody could check.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawUnverified {
    /// Letters, digits, `.`, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: Text,
    /// The number.
    pub(crate) value: Option<At<f64>>,
    /// What is said, when it is not one number.
    pub(crate) said: Text,
    /// Its unit, in words.
    #[schemars(required)]
    pub(crate) unit: Text,
    /// Why it is not believed.
    #[schemars(required)]
    pub(crate) why: Text,
}
