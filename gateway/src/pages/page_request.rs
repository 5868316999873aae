//! [`PageRequest`]: what every page reads of its request.

use crate::api::ApiListener;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use std::convert::Infallible;

/// Gateway, address and headers of a request for a page, as `PageFrame` needs them.
pub(crate) struct PageRequest {
    pub(crate) app: ApiListener,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
}

impl FromRequestParts<ApiListener> for PageRequest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &ApiListener) -> Result<Self, Infallible> {
        Ok(Self::of_parts(parts, app))
    }
}

impl PageRequest {
    /// The same for an extractor that also reads the body.
    pub(crate) fn of_parts(parts: &Parts, app: &ApiListener) -> Self {
        Self {
            app: app.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
        }
    }
}
