//! [`WizardNotice`]: what a form of a wizard has done, or why nothing was done.

use crate::api::error::ApiError;
use crate::api::request_language::query_parameter;
use crate::pages::page_frame::PageFrame;
use axum::http::{StatusCode, Uri};

/// Sentences above the forms of a wizard.
#[derive(Debug, Default)]
pub(super) struct WizardNotice {
    pub(super) done: String,
    /// One sentence each.
    pub(super) refused: Vec<String>,
}

impl WizardNotice {
    /// Reads from the address of a page what a form before it did: a calibration by its number, or
    /// `batal` for one that was withdrawn.
    pub(super) fn of_result(uri: &Uri, frame: &PageFrame) -> Self {
        let done = match query_parameter(uri, "hasil").as_deref() {
            Some("batal") => frame.t("wizard-withdrawn"),
            Some(id) if id.bytes().all(|byte| byte.is_ascii_digit()) => {
                frame.lang.text_with("calibrate-added", &[("id", id)])
            }
            _ => String::new(),
        };
        Self {
            done,
            ..Self::default()
        }
    }

    /// A refusal for one reason.
    pub(super) fn refusal(reason: String) -> Self {
        Self {
            refused: vec![reason],
            ..Self::default()
        }
    }

    /// A refusal for an error, unless it is a fault of the gateway itself.
    pub(super) fn of_error(error: ApiError, frame: &PageFrame) -> Result<Self, ApiError> {
        if error.status >= 500 {
            return Err(error);
        }
        Ok(Self::refusal(error.person_message(frame.lang)))
    }

    /// Status of the page with this notice.
    pub(super) fn status(&self) -> StatusCode {
        if self.refused.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }
}
