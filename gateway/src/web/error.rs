//! What a script is told when its question cannot be answered.

use super::pages::language;
use crate::store::StoreError;
use crate::words::Lang;
use axum::Json;
use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

tokio::task_local! {
    /// The language of whoever asks, while the answer is made.
    static ASKER: Lang;
}

/// What went wrong, for a script; each has a sentence in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Code {
    /// A parameter cannot be understood.
    Parameter,
    /// No such path.
    Path,
    /// The path does not take this method.
    Method,
    /// The page is served to this machine only.
    Host,
    /// A page of another origin would change something.
    ForeignPage,
    /// The point is not known.
    UnknownPoint,
    /// The entry of the ledger is not known.
    UnknownEntry,
    /// The entry was corrected already.
    Superseded,
    /// The store does not believe what it was given.
    Invalid,
    /// The store is stopped or has too much to do.
    Busy,
    /// The disk failed.
    Disk,
    /// Others already wait for the bus.
    BusBusy,
    /// The bus was stopped.
    BusStopped,
    /// Too many live pages are open.
    LiveBusy,
    /// Other work of the kind goes on, or this one waits for nobody.
    JobBusy,
    /// No such work.
    UnknownJob,
}

impl Code {
    /// Key of its sentence in the catalogue.
    const fn key(self) -> &'static str {
        match self {
            Self::Parameter => "web-error-parameter",
            Self::Path => "web-error-path",
            Self::Method => "web-error-method",
            Self::Host => "web-error-host",
            Self::ForeignPage => "web-error-foreign-page",
            Self::UnknownPoint => "web-error-unknown-point",
            Self::UnknownEntry => "web-error-unknown-entry",
            Self::Superseded => "web-error-superseded",
            Self::Invalid => "web-error-invalid",
            Self::Busy => "web-error-busy",
            Self::Disk => "web-error-disk",
            Self::BusBusy => "web-error-bus-busy",
            Self::BusStopped => "web-error-bus-stopped",
            Self::LiveBusy => "web-error-live-busy",
            Self::JobBusy => "web-error-job-busy",
            Self::UnknownJob => "web-error-unknown-job",
        }
    }
}

/// Remembers the language of whoever asks, so that a refusal is told in it.
pub(super) async fn in_language(request: Request, next: Next) -> Response {
    let lang = language(request.uri(), request.headers());
    ASKER.scope(lang, next.run(request)).await
}

/// An answer that is none.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ApiError {
    /// HTTP status.
    #[serde(skip)]
    pub(super) status: u16,
    /// What went wrong, in one sentence.
    pub(super) error: String,
    /// The same for a script, where it is more than what the status says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<Code>,
    /// The same for a person: `lang`, else the cookie, else Accept-Language, else `id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
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
            code: None,
            message: None,
            parameter: None,
            found: None,
            expected: None,
        }
    }

    /// One that has a code, and so a sentence in both languages.
    pub(super) fn coded(status: StatusCode, code: Code, error: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            ..Self::new(status, error)
        }
    }

    /// The sentence of its code; what was said in the language of the reader already has none.
    fn sentence(&self, lang: Lang) -> Option<String> {
        let args = [
            ("parameter", self.parameter.unwrap_or_default()),
            ("found", self.found.as_deref().unwrap_or_default()),
            ("why", self.error.as_str()),
        ];
        self.code.map(|code| lang.say(code.key(), &args))
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
            ..Self::coded(
                StatusCode::BAD_REQUEST,
                Code::Parameter,
                format!("cannot use `{parameter}`"),
            )
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(mut self) -> Response {
        let lang = ASKER.try_with(|lang| *lang).ok();
        self.message = lang.and_then(|lang| self.sentence(lang));
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self)).into_response()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let (status, code) = match error {
            StoreError::UnknownPoint(_) => (StatusCode::NOT_FOUND, Code::UnknownPoint),
            StoreError::UnknownEntry(_) => (StatusCode::NOT_FOUND, Code::UnknownEntry),
            StoreError::Superseded { .. } => (StatusCode::CONFLICT, Code::Superseded),
            StoreError::Invalid(_) => (StatusCode::BAD_REQUEST, Code::Invalid),
            StoreError::Stopped | StoreError::Busy(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, Code::Busy)
            }
            StoreError::Disk { .. }
            | StoreError::Damaged { .. }
            | StoreError::Missing(_)
            | StoreError::Older(_) => (StatusCode::INTERNAL_SERVER_ERROR, Code::Disk),
        };
        Self::coded(status, code, error.to_string())
    }
}

pub(super) async fn unknown_path(uri: Uri) -> ApiError {
    ApiError {
        expected: Some("a path of /api/openapi.json, or / for people".to_owned()),
        found: Some(uri.path().chars().take(200).collect()),
        ..ApiError::coded(StatusCode::NOT_FOUND, Code::Path, "no such path")
    }
}

pub(super) async fn wrong_method() -> ApiError {
    ApiError::coded(
        StatusCode::METHOD_NOT_ALLOWED,
        Code::Method,
        "this path does not take this method",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_sentence_in_both_languages() {
        for code in [
            Code::Parameter,
            Code::Path,
            Code::Method,
            Code::Host,
            Code::ForeignPage,
            Code::UnknownPoint,
            Code::UnknownEntry,
            Code::Superseded,
            Code::Invalid,
            Code::Busy,
            Code::Disk,
            Code::BusBusy,
            Code::BusStopped,
            Code::LiveBusy,
            Code::JobBusy,
            Code::UnknownJob,
        ] {
            let error = ApiError::coded(StatusCode::BAD_REQUEST, code, "x");
            let [id, en] = [Lang::Id, Lang::En].map(|lang| error.sentence(lang).unwrap());
            assert!(id != en && !id.contains("web-error") && !en.contains("web-error"));
        }
    }
}
