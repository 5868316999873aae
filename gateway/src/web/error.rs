//! What a script is told when its question cannot be answered.

use crate::store::StoreError;
use axum::Json;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer that is none.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ApiError {
    /// HTTP status.
    #[serde(skip)]
    pub(super) status: u16,
    /// What went wrong, in one sentence.
    pub(super) error: String,
    /// Which parameter, when one is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parameter: Option<&'static str>,
    /// What stood there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) found: Option<String>,
    /// What was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expected: Option<String>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self {
            status: status.as_u16(),
            error: error.into(),
            parameter: None,
            found: None,
            expected: None,
        }
    }

    /// A parameter that cannot be understood.
    pub(super) fn parameter(
        parameter: &'static str,
        found: &str,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            parameter: Some(parameter),
            found: Some(found.chars().take(200).collect()),
            expected: Some(expected.into()),
            ..Self::new(StatusCode::BAD_REQUEST, format!("cannot use `{parameter}`"))
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self)).into_response()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let status = match error {
            StoreError::UnknownPoint(_) | StoreError::UnknownEntry(_) => StatusCode::NOT_FOUND,
            StoreError::Superseded { .. } => StatusCode::CONFLICT,
            StoreError::Invalid(_) => StatusCode::BAD_REQUEST,
            StoreError::Stopped | StoreError::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            StoreError::Disk { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

pub(super) async fn unknown_path(uri: Uri) -> ApiError {
    ApiError {
        expected: Some("a path of /api/openapi.json, or / for people".to_owned()),
        found: Some(uri.path().chars().take(200).collect()),
        ..ApiError::new(StatusCode::NOT_FOUND, "no such path")
    }
}

pub(super) async fn wrong_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this path does not take this method",
    )
}
