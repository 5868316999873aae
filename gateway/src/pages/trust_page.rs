//! `/sertifikat`: how a phone is made to trust the gateway's own certificate authority.
//!
//! The page is served without encryption too, so it stands alone: no script, no style, no session.

use crate::i18n::Language;
use askama::Template;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

#[derive(Template)]
#[template(path = "trust.html")]
struct TrustPage {
    lang: Language,
    /// Address of the encrypted page.
    secure: Option<String>,
}

impl TrustPage {
    /// Text of a message key; called by the template.
    fn t(&self, key: &str) -> String {
        self.lang.text(key)
    }
}

/// The page in this language.
pub(crate) fn trust_page(lang: Language, headers: &HeaderMap) -> Response {
    let host = headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    let secure = host.map(|host| format!("https://{host}/"));
    let page = TrustPage { lang, secure }.render();
    page.map_or_else(
        |_| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        |html| Html(html).into_response(),
    )
}
