//! [`ReportBuildError`]: why there is no report.

use crate::config::Diagnostics;
use crate::i18n::Language;
use crate::indicators::IndicatorsError;
use crate::report::render;
use crate::storage::StoreError;
use tokio::task::JoinError;

/// Reasons why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportBuildError {
    /// The figures could not be computed.
    #[error(transparent)]
    Account(#[from] IndicatorsError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The report could not be written.
    #[error(transparent)]
    Report(#[from] render::RenderError),
    /// Unknown revision.
    #[error("no revision {0}")]
    NoRevision(String),
    /// The archived configuration of the revision is no longer valid for this program version.
    #[error("revision {0} can no longer be read: {1}")]
    Unreadable(String, Diagnostics),
    /// The thread ended before its work was done.
    #[error("the work was cut short: {0}")]
    CutShort(#[from] JoinError),
}

impl ReportBuildError {
    /// The error as a sentence with what to change, in one language.
    pub fn message(&self, lang: Language) -> String {
        match self {
            Self::Account(IndicatorsError::Future(first)) => {
                let first = render::number_format::date(lang, *first);
                lang.text_with("reporting-future", &[("first", &first)])
            }
            Self::Account(IndicatorsError::UnknownAsset(id)) => {
                lang.text_with("reporting-no-asset", &[("found", id)])
            }
            Self::Report(render::RenderError::TooLarge { found, most }) => {
                let (found, most) = (found.to_string(), most.to_string());
                lang.text_with("reporting-too-large", &[("found", &found), ("most", &most)])
            }
            Self::Account(IndicatorsError::Busy) => lang.text("reporting-busy"),
            Self::NoRevision(found) => lang.text_with("reporting-no-revision", &[("found", found)]),
            Self::Unreadable(found, faults) => {
                let args = [("found", found.as_str()), ("why", &faults.render(lang))];
                lang.text_with("reporting-old-unreadable", &args)
            }
            other => lang.text_with("reporting-failed", &[("why", &other.to_string())]),
        }
    }

    /// True when the request is invalid, false when the gateway failed.
    pub fn is_bad_request(&self) -> bool {
        matches!(
            self,
            Self::Account(IndicatorsError::Future(_) | IndicatorsError::UnknownAsset(_))
                | Self::Report(render::RenderError::TooLarge { .. })
                | Self::NoRevision(_)
                | Self::Unreadable(..)
        )
    }
}
