//! Body of a request that must be JSON.

use super::attachments::check_media_type;
use super::error::{ApiError, ApiErrorCode, too_large_error};
use super::request_language::request_language;
use crate::domain::vanished_number;
use crate::i18n::Language;
use crate::limits::LEDGER_FILE_BYTES_MAX;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;

/// Whole body of a request with the media type `application/json`, and the language of its answer.
/// Errors: 413 for a body that is too large, 415 for another media type.
pub(crate) struct JsonBody {
    pub(crate) bytes: Bytes,
    pub(crate) lang: Language,
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let lang = request_language(request.uri(), request.headers());
        check_media_type(request.headers(), "application/json")?;
        let body = Bytes::from_request(request, state).await;
        let bytes = body.map_err(|fault| match fault.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large_error(LEDGER_FILE_BYTES_MAX),
            status => ApiError::with_code(status, ApiErrorCode::Request, fault.body_text()),
        })?;
        let vanished = std::str::from_utf8(&bytes).ok().and_then(vanished_number);
        if let Some(number) = vanished {
            let why = format!("number out of range: {number}");
            return Err(ApiError::bad_request(why));
        }
        Ok(Self { bytes, lang })
    }
}
