//! Language of a request: the parameter `lang`, the cookie of the pages, then the browser's wish.

use crate::i18n::Language;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use std::convert::Infallible;

/// Language of the request that a route answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestLanguage(pub(crate) Language);

impl<S: Send + Sync> FromRequestParts<S> for RequestLanguage {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request_language(&parts.uri, &parts.headers)))
    }
}

/// Language of a request: `?lang=`, else the cookie, else Accept-Language (of the browser, else of
/// the site: `with_request_language`), else Indonesian.
pub(crate) fn request_language(uri: &Uri, headers: &HeaderMap) -> Language {
    wished_language(uri, headers).unwrap_or_default()
}

/// Language that a request asks for.
pub(crate) fn wished_language(uri: &Uri, headers: &HeaderMap) -> Option<Language> {
    let wished = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|wish| wish.to_str().ok());
    query_parameter(uri, "lang")
        .and_then(|lang| Language::parse(&lang))
        .or_else(|| cookie_value(headers, "lang").and_then(Language::parse))
        .or_else(|| wished.and_then(Language::parse))
}

/// Value of a query parameter, without unescaping: the parameters of the pages are plain words and
/// numbers. Of several the last counts.
pub(crate) fn query_parameter(uri: &Uri, name: &str) -> Option<String> {
    let pairs = uri
        .query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
        .next_back()
}

pub(crate) fn cookie_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get(header::COOKIE)?.to_str().ok()?;
    let pairs = all
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .next()
}
