//! [`RawFactorFile`]: factor file, `[factors]` and `[[factor_evidence]]` as typed.

use crate::config::raw_values::{RawDate, RawInteger, RawText, SpannedValue};
use crate::domain::factor::FactorStatus;
use schemars::JsonSchema;
use serde::Deserialize;

/// `[factors]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawFactors {
    /// Factor file of your own, beside this one: adds factors, and replaces those of the same id.
    pub(crate) file: RawText,
    /// Global warming potentials of CO2e figures, `AR5` by default.
    pub(crate) gwp: Option<SpannedValue<RawGwpSet>>,
}

/// Set of global warming potentials.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum RawGwpSet {
    Ar4,
    Ar5,
    Ar6,
}

/// `[[factor_evidence]]`: official page of a factor.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawFactorEvidence {
    /// Id of the factor.
    #[schemars(required)]
    pub(crate) factor: RawText,
    /// File of the page, beside this one.
    #[schemars(required)]
    pub(crate) file: RawText,
    /// SHA-256 of the file: `sha256sum FILE`.
    #[schemars(required)]
    pub(crate) sha256: RawText,
    /// Person who opened it and compared the number.
    #[schemars(required)]
    pub(crate) by: RawText,
    /// Date of that comparison: `2026-11-20`.
    #[schemars(required, with = "Option<serde_json::Value>")]
    pub(crate) on: Option<RawDate>,
}

/// Factor file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawFactorFile {
    /// Version of this format.
    pub(crate) schema: RawInteger,
    /// Verified factors.
    #[serde(default)]
    pub(crate) factor: Vec<SpannedValue<RawFactor>>,
    /// Numbers that could not be verified.
    #[serde(default)]
    pub(crate) unverified: Vec<SpannedValue<RawUnverifiedFactor>>,
}

/// Factor.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawFactor {
    /// Letters, digits, `.`, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Value.
    #[schemars(required)]
    pub(crate) value: Option<SpannedValue<f64>>,
    /// Unit: `tCO2/MWh`, `kgCO2/GJ`, `1`, ...
    #[schemars(required)]
    pub(crate) unit: RawText,
    /// Year of the data.
    pub(crate) year: RawInteger,
    /// First day of validity.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) valid_from: Option<RawDate>,
    /// Last day of validity.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) valid_to: Option<RawDate>,
    /// Scope for which it is valid.
    pub(crate) scope: RawText,
    /// Lower end of the 95 % range.
    pub(crate) low: Option<SpannedValue<f64>>,
    /// Upper end of the 95 % range.
    pub(crate) high: Option<SpannedValue<f64>>,
    /// Source of the number.
    #[schemars(required)]
    pub(crate) source: RawText,
    /// Source in Bahasa Indonesia, where it is more than a citation.
    pub(crate) source_id: RawText,
    /// Verification status.
    #[schemars(required)]
    pub(crate) status: Option<SpannedValue<RawFactorStatus>>,
    /// True when a headline may use it without an attached page; `false` by default.
    pub(crate) headline_ok: Option<bool>,
    /// Further notes for an auditor.
    pub(crate) note: RawText,
}

/// Verification status of a factor.
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
    /// Definition, or property of matter.
    Constant,
    /// Rule of this product.
    Policy,
}

impl RawFactorStatus {
    /// The status.
    pub(crate) fn status(self) -> FactorStatus {
        match self {
            Self::OfficialText => FactorStatus::OfficialText,
            Self::TranscribedTwice => FactorStatus::TranscribedTwice,
            Self::TranscribedOnce => FactorStatus::TranscribedOnce,
            Self::Derived => FactorStatus::Derived,
            Self::Constant => FactorStatus::Constant,
            Self::Policy => FactorStatus::Policy,
        }
    }
}

/// Number that could not be verified.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawUnverifiedFactor {
    /// Letters, digits, `.`, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Value.
    pub(crate) value: Option<SpannedValue<f64>>,
    /// Value as text, when it is not one number.
    pub(crate) said: RawText,
    /// Unit, as text.
    #[schemars(required)]
    pub(crate) unit: RawText,
    /// Reason for which it is not verified.
    #[schemars(required)]
    pub(crate) why: RawText,
}
