//! Pages of an encrypted listener that are served without encryption too: how a phone is made to
//! trust the gateway's own authority, and the way to the encrypted page.

use crate::api::request_language::request_language;
use crate::i18n::Language;
use crate::pages;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// Media type by which phones offer to install an authority.
const AUTHORITY_MEDIA_TYPE: &str = "application/x-x509-ca-cert";

/// `/sertifikat` and `/ca.crt`; none without an own authority.
pub(crate) fn trust_routes(authority: Option<Vec<u8>>, language: Option<Language>) -> Router {
    let Some(authority) = authority.map(Bytes::from) else {
        return Router::new();
    };
    let certificate = move || {
        let headers = [
            (header::CONTENT_TYPE, AUTHORITY_MEDIA_TYPE),
            (
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"pantau-ca.crt\"",
            ),
        ];
        std::future::ready((headers, authority.clone()))
    };
    let page = move |uri: Uri, headers: HeaderMap| {
        let asked = request_language(&uri, &headers);
        let is_asked = headers.contains_key(header::ACCEPT_LANGUAGE);
        let lang = language.filter(|_| !is_asked).unwrap_or(asked);
        std::future::ready(pages::trust_page(lang, &headers))
    };
    Router::new()
        .route("/ca.crt", get(certificate))
        .route("/sertifikat", get(page))
}

/// Sends a browser that typed no `https://` to the encrypted page.
pub(crate) async fn lead_to_https(uri: Uri, headers: HeaderMap) -> Response {
    // A browser asks for it by itself, and does not take it from a page that it does not trust yet.
    if uri.path() == "/favicon.ico" {
        return StatusCode::NO_CONTENT.into_response();
    }
    let host = headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    // Anything but a host name and port could lead elsewhere.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let Some(host) = host.filter(|host| !host.is_empty() && host.chars().all(is_plain)) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let target = format!("https://{host}{path}");
    let status = StatusCode::TEMPORARY_REDIRECT;
    (status, [(header::LOCATION, target)]).into_response()
}
