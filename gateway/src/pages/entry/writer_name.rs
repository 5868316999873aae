//! Name of the person who records, remembered by the browser in the cookie `who`.

use crate::api::request_language::cookie_value;
use crate::api::request_sender::RequestSender;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Characters of a name that are remembered.
const NAME_CHARS_MAX: usize = 100;

/// Name that was used last in this browser, else that of the person who is signed in.
pub(super) fn remembered_name(headers: &HeaderMap) -> String {
    let Some(text) = cookie_value(headers, "who") else {
        let sender = RequestSender::current();
        return sender.caller.user_name().unwrap_or_default().to_owned();
    };
    let text = percent_decode_str(text).decode_utf8_lossy();
    text.chars()
        .filter(|c| !c.is_control())
        .take(NAME_CHARS_MAX)
        .collect()
}

/// Adds the cookie with the name to an answer.
pub(super) fn remember_name(response: &mut Response, name: &str) {
    let name: String = name.chars().take(NAME_CHARS_MAX).collect();
    // A cookie takes no spaces, commas or letters beyond ASCII (RFC 6265, 4.1.1).
    let name = utf8_percent_encode(&name, NON_ALPHANUMERIC);
    let cookie = format!("who={name}; Path=/; Max-Age=31536000; SameSite=Strict");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
