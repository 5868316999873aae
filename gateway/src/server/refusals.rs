//! [`shape_refusals`]: every refusal has one shape. Programs get the JSON of [`ApiError`], also for
//! what the web framework refuses by itself; a browser that asked for a page gets a page.

use crate::api::ApiListener;
use crate::api::error::{ApiError, ApiErrorCode};
use crate::pages;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Bytes of a message of the framework that are kept.
// The framework writes a sentence; a longer text gives way to the reason phrase of its status.
const MESSAGE_BYTES_MAX: usize = 4096;
/// Beginnings of paths that are for programs: they answer in JSON whatever a client accepts.
const PROGRAM_PATHS: [&str; 5] = ["/api/", "/control/", "/assets/", "/healthz", "/metrics"];

/// Middleware: gives every error answer its shape.
pub(crate) async fn shape_refusals(
    State(app): State<ApiListener>,
    request: Request,
    next: Next,
) -> Response {
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let known = response.extensions().get::<ApiError>().cloned();
    // Refused entries are JSON with a list of faults, and the sign-in is a page: both have a shape.
    if known.is_none() && !is_plain_text(response.headers()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let error = match known {
        Some(_) if !wants_page(&uri, &headers) => return Response::from_parts(parts, body),
        Some(known) => known,
        None => {
            let text = axum::body::to_bytes(body, MESSAGE_BYTES_MAX).await;
            framework_error(status, &text.unwrap_or_default())
        }
    };
    let shaped = if wants_page(&uri, &headers) {
        pages::refusal_page(&app, &uri, &headers, &error)
    } else {
        error.into_response()
    };
    // `Allow`, `Retry-After` and the like stay.
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    let (mut own, body) = shaped.into_parts();
    own.headers.extend(parts.headers);
    Response::from_parts(own, body)
}

/// True for an answer of the framework: a sentence, or nothing.
fn is_plain_text(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE);
    media.is_none_or(|media| media.as_bytes().starts_with(b"text/plain"))
}

fn framework_error(status: StatusCode, text: &[u8]) -> ApiError {
    let text = String::from_utf8_lossy(text);
    let text = if text.is_empty() {
        status.canonical_reason().unwrap_or_default().into()
    } else {
        text
    };
    let code = match status {
        StatusCode::NOT_FOUND => ApiErrorCode::Path,
        StatusCode::METHOD_NOT_ALLOWED => ApiErrorCode::Method,
        StatusCode::REQUEST_TIMEOUT => ApiErrorCode::Timeout,
        StatusCode::SERVICE_UNAVAILABLE => ApiErrorCode::Busy,
        _ => ApiErrorCode::Request,
    };
    ApiError::with_code(status, code, text)
}

/// True for a browser that asked for a page.
fn wants_page(uri: &Uri, headers: &HeaderMap) -> bool {
    let is_program = PROGRAM_PATHS
        .iter()
        .any(|path| uri.path().starts_with(path));
    let mut accepted = headers.get_all(header::ACCEPT).iter();
    !is_program && accepted.any(|accepted| contains_html(accepted.as_bytes()))
}

fn contains_html(accepted: &[u8]) -> bool {
    let html = b"text/html";
    accepted
        .windows(html.len())
        .any(|part| part.eq_ignore_ascii_case(html))
}
