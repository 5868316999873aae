//! Errors of the API as JSON: one sentence, a stable code for scripts, and a message in the
//! reader's language.

use super::request_language::{query_parameter, request_language, wished_language};
use crate::i18n::Language;
use crate::limits::ATTACHMENT_BYTES_MAX;
use crate::storage::StoreError;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT_LANGUAGE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Seconds after which a client may try again what was refused as busy.
const RETRY_AFTER_SECONDS: u16 = 5;

tokio::task_local! {
    /// Language of the request that is being answered.
    static REQUEST_LANG: Language;
}

/// Stable error code for scripts; each has a message in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ApiErrorCode {
    /// A parameter has an invalid value.
    Parameter,
    /// No such path.
    Path,
    /// The path does not support this method.
    Method,
    /// The host name is not one of this gateway.
    Host,
    /// A page of another origin tried to change something.
    ForeignPage,
    /// A session or a token is needed.
    SignIn,
    /// The token or the `Authorization` header is not valid.
    BadToken,
    /// The first person must be made.
    SetUp,
    /// The role of the person, or the scope of the token, is too low.
    Role,
    /// Only a person may do this, not a program with a token.
    Person,
    /// Unknown point.
    UnknownPoint,
    /// Unknown ledger entry.
    UnknownEntry,
    /// The ledger entry has already been corrected.
    Superseded,
    /// The key of the request was used before, for other content.
    KeyUsed,
    /// The store refused the input as invalid.
    Invalid,
    /// The store has stopped or is overloaded.
    Busy,
    /// A disk error.
    Disk,
    /// The disk has no room.
    DiskFull,
    /// The request queue of the bus is full.
    BusBusy,
    /// The bus has stopped.
    BusStopped,
    /// Too many event streams are open.
    LiveBusy,
    /// Another job of this kind is running, or this job is not waiting for a person.
    JobBusy,
    /// Unknown job.
    UnknownJob,
    /// The request cannot be understood.
    Request,
    /// The body is too large.
    TooLarge,
    /// The body has another media type than the path takes.
    MediaType,
    /// The body did not come in time.
    Timeout,
    /// A raw range with more samples than one answer has.
    TooManySamples,
    /// Unknown receipt or photo.
    UnknownAttachment,
}

impl ApiErrorCode {
    /// Message key in the catalogue.
    const fn message_key(self) -> &'static str {
        match self {
            Self::Parameter => "web-error-parameter",
            Self::Path => "web-error-path",
            Self::Method => "web-error-method",
            Self::Host => "web-error-host",
            Self::ForeignPage => "web-error-foreign-page",
            Self::SignIn => "web-error-sign-in",
            Self::BadToken => "web-error-bad-token",
            Self::SetUp => "web-error-set-up",
            Self::Role => "web-error-role",
            Self::Person => "web-error-person",
            Self::UnknownPoint => "web-error-unknown-point",
            Self::UnknownEntry => "web-error-unknown-entry",
            Self::Superseded => "web-error-superseded",
            Self::KeyUsed => "web-error-key-used",
            Self::Invalid => "web-error-invalid",
            Self::Busy => "web-error-busy",
            Self::Disk => "web-error-disk",
            Self::DiskFull => "web-error-disk-full",
            Self::BusBusy => "web-error-bus-busy",
            Self::BusStopped => "web-error-bus-stopped",
            Self::LiveBusy => "web-error-live-busy",
            Self::JobBusy => "web-error-job-busy",
            Self::UnknownJob => "web-error-unknown-job",
            Self::Request => "web-error-request",
            Self::TooLarge => "web-error-too-large",
            Self::MediaType => "web-error-media-type",
            Self::Timeout => "web-error-timeout",
            Self::TooManySamples => "web-error-too-many-samples",
            Self::UnknownAttachment => "web-error-unknown-attachment",
        }
    }
}

/// Middleware: stores the language of the request, so that errors are written in it. A request that
/// asks for none is answered in the language of the site, when its configuration names one.
pub(crate) async fn with_request_language(
    State(site_language): State<Option<Language>>,
    mut request: Request,
    next: Next,
) -> Response {
    let wished = wished_language(request.uri(), request.headers());
    if let (None, Some(lang)) = (wished, site_language) {
        // Put into the request, so that handlers and pages find the same language in it.
        let code = HeaderValue::from_static(lang.code());
        request.headers_mut().insert(ACCEPT_LANGUAGE, code);
    }
    let lang = request_language(request.uri(), request.headers());
    let asked = query_parameter(request.uri(), "lang").unwrap_or_default();
    let is_api = request.uri().path().starts_with("/api/");
    if is_api && !asked.is_empty() && Language::parse(&asked).is_none() {
        let codes = Language::ALL.map(Language::code).join(" or ");
        return ApiError::bad_parameter("lang", &asked, codes).into_response();
    }
    REQUEST_LANG.scope(lang, next.run(request)).await
}

/// An error answer.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ApiError {
    /// HTTP status.
    #[serde(skip)]
    pub(crate) status: u16,
    /// Cause in one sentence, in English unless a handler has translated it.
    pub(crate) error: String,
    /// Stable code, where there is more to say than the HTTP status does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<ApiErrorCode>,
    /// Cause for people, in the language of `lang`, else of the cookie, else of Accept-Language,
    /// else of the site, else Indonesian.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// Name of the invalid parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameter: Option<&'static str>,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) found: Option<String>,
    /// Expected value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, error: impl Into<String>) -> Self {
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

    /// An error with a code, and so with a message in both languages.
    pub(crate) fn with_code(
        status: StatusCode,
        code: ApiErrorCode,
        error: impl Into<String>,
    ) -> Self {
        Self {
            code: Some(code),
            ..Self::new(status, error)
        }
    }

    /// Status 400 for a request that cannot be understood.
    pub(crate) fn bad_request(why: impl Into<String>) -> Self {
        Self::with_code(StatusCode::BAD_REQUEST, ApiErrorCode::Request, why)
    }

    /// Message of the code; `None` when `error` has been translated by the handler.
    fn localised_message(&self, lang: Language) -> Option<String> {
        let args = [
            ("parameter", self.parameter.unwrap_or_default()),
            ("found", self.found.as_deref().unwrap_or_default()),
            ("expected", self.expected.as_deref().unwrap_or_default()),
            ("why", self.error.as_str()),
        ];
        self.code
            .map(|code| lang.text_with(code.message_key(), &args))
    }

    /// Cause for people in this language; the English cause when there is no other.
    pub(crate) fn person_message(&self, lang: Language) -> String {
        self.localised_message(lang)
            .unwrap_or_else(|| self.error.clone())
    }

    /// Status 400 for a parameter with an invalid value. The value is cut at 200 characters.
    pub(crate) fn bad_parameter(
        parameter: &'static str,
        found: &str,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            parameter: Some(parameter),
            found: Some(found.chars().take(200).collect()),
            expected: Some(expected.into()),
            ..Self::with_code(
                StatusCode::BAD_REQUEST,
                ApiErrorCode::Parameter,
                format!("cannot use `{parameter}`"),
            )
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(mut self) -> Response {
        // Outside of a request (unit tests) no language is set, and the answer has no message.
        let lang = REQUEST_LANG.try_with(|lang| *lang).ok();
        self.message = lang.map(|lang| self.person_message(lang));
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = HeaderValue::from(RETRY_AFTER_SECONDS);
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        // A browser that asked for a page gets the same as one.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let (status, code) = match error {
            StoreError::UnknownPoint(_) => (StatusCode::NOT_FOUND, ApiErrorCode::UnknownPoint),
            StoreError::UnknownEntry(_) => (StatusCode::NOT_FOUND, ApiErrorCode::UnknownEntry),
            StoreError::Superseded { .. } => (StatusCode::CONFLICT, ApiErrorCode::Superseded),
            StoreError::KeyUsed(_) => (StatusCode::CONFLICT, ApiErrorCode::KeyUsed),
            StoreError::Invalid(_) => (StatusCode::BAD_REQUEST, ApiErrorCode::Invalid),
            StoreError::UnknownAttachment(_) => {
                (StatusCode::NOT_FOUND, ApiErrorCode::UnknownAttachment)
            }
            StoreError::TooLarge => return too_large_error(ATTACHMENT_BYTES_MAX),
            StoreError::Hung(_) => (StatusCode::SERVICE_UNAVAILABLE, ApiErrorCode::Disk),
            StoreError::Stopped
            | StoreError::Busy(_)
            | StoreError::Overloaded
            | StoreError::SlowReader => (StatusCode::SERVICE_UNAVAILABLE, ApiErrorCode::Busy),
            StoreError::Disk { .. } if error.is_disk_full() => {
                (StatusCode::INTERNAL_SERVER_ERROR, ApiErrorCode::DiskFull)
            }
            StoreError::Disk { .. }
            | StoreError::FileGone { .. }
            | StoreError::Damaged { .. }
            | StoreError::Missing(_)
            | StoreError::ReadOnly(_)
            | StoreError::Older(_) => (StatusCode::INTERNAL_SERVER_ERROR, ApiErrorCode::Disk),
        };
        Self::with_code(status, code, error.to_string())
    }
}

/// Status 413 for a body of more than `most` bytes.
pub(crate) fn too_large_error(most: usize) -> ApiError {
    let expected = format!("{} MB", most >> 20);
    ApiError {
        error: format!("at most {expected}"),
        expected: Some(expected),
        ..ApiError::with_code(
            StatusCode::PAYLOAD_TOO_LARGE,
            ApiErrorCode::TooLarge,
            String::new(),
        )
    }
}

pub(crate) async fn unknown_path_error(uri: Uri) -> ApiError {
    ApiError {
        expected: Some("a path of /api/openapi.json, or / for people".to_owned()),
        found: Some(uri.path().chars().take(200).collect()),
        ..ApiError::with_code(StatusCode::NOT_FOUND, ApiErrorCode::Path, "no such path")
    }
}

pub(crate) async fn wrong_method_error() -> ApiError {
    ApiError::with_code(
        StatusCode::METHOD_NOT_ALLOWED,
        ApiErrorCode::Method,
        "this path does not take this method",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_sentence_in_both_languages() {
        for code in [
            ApiErrorCode::Parameter,
            ApiErrorCode::Path,
            ApiErrorCode::Method,
            ApiErrorCode::Host,
            ApiErrorCode::ForeignPage,
            ApiErrorCode::SignIn,
            ApiErrorCode::BadToken,
            ApiErrorCode::SetUp,
            ApiErrorCode::Role,
            ApiErrorCode::Person,
            ApiErrorCode::UnknownPoint,
            ApiErrorCode::UnknownEntry,
            ApiErrorCode::Superseded,
            ApiErrorCode::KeyUsed,
            ApiErrorCode::Invalid,
            ApiErrorCode::Busy,
            ApiErrorCode::Disk,
            ApiErrorCode::DiskFull,
            ApiErrorCode::BusBusy,
            ApiErrorCode::BusStopped,
            ApiErrorCode::LiveBusy,
            ApiErrorCode::JobBusy,
            ApiErrorCode::UnknownJob,
            ApiErrorCode::Request,
            ApiErrorCode::TooLarge,
            ApiErrorCode::MediaType,
            ApiErrorCode::Timeout,
            ApiErrorCode::TooManySamples,
            ApiErrorCode::UnknownAttachment,
        ] {
            let error = ApiError::with_code(StatusCode::BAD_REQUEST, code, "x");
            let [id, en] =
                [Language::Id, Language::En].map(|lang| error.localised_message(lang).unwrap());
            assert!(id != en && !id.contains("web-error") && !en.contains("web-error"));
        }
    }
}
