//! Body of a request that must be JSON.

use super::error::ApiError;
use super::ledger::read_body;
use super::request_language::request_language;
use crate::i18n::Language;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};

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
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await;
        let bytes = read_body(&headers, "application/json", body)?;
        Ok(Self { bytes, lang })
    }
}
