//! `/masuk`: sign-in, with the way back to the wished page; `/keluar`: sign-out.
//!
//! A form that was sent without a session is not lost: its fields go through the sign-in, and are
//! sent again with one button.

use crate::access::{SecretToken, session_cookie};
use crate::api::ApiListener;
use crate::api::accounts::{AccountDesk, access_message, access_status};
use crate::api::client::percent_encode;
use crate::api::error::ApiError;
use crate::api::request_language::query_parameter;
use crate::api::request_sender::RequestSender;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::{CarriedForm, PlainForm};
use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Prefix of the fields of another form that go through the sign-in.
const CARRIED_PREFIX: &str = "isian.";

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: PageFrame,
    /// Typed name.
    name: String,
    /// Page to go to.
    wished: String,
    /// Why the sign-in was refused.
    message: String,
    /// Fields of a form that was sent without a session.
    carried: Vec<(String, String)>,
    /// That form was sent as `multipart/form-data`.
    is_multipart: bool,
    /// The form had files, which cannot be carried.
    is_upload: bool,
}

#[derive(Template)]
#[template(path = "resume.html")]
struct ResumePage {
    frame: PageFrame,
    /// Address of the form.
    action: String,
    carried: Vec<(String, String)>,
    is_multipart: bool,
}

pub(crate) async fn sign_in_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    if is_unset(&app) {
        return redirect_to("/mulai");
    }
    let wished = query_parameter(&uri, "ke").map(|text| decode_path(&text));
    let page = SignInPage {
        frame: PageFrame::new(&app, "masuk", &uri, &headers),
        name: String::new(),
        wished: local_path(&wished.unwrap_or_default()),
        message: String::new(),
        carried: Vec::new(),
        is_multipart: false,
        is_upload: false,
    };
    render_page(&uri, StatusCode::OK, &page)
}

pub(crate) async fn sign_in(
    PageRequest { app, uri, headers }: PageRequest,
    fields: PlainForm,
) -> Response {
    let wished = local_path(fields.text("ke"));
    let carried = fields.with_prefix(CARRIED_PREFIX);
    let desk = AccountDesk::new(&app, None);
    let signed_in = desk
        .sign_in(fields.text("nama"), fields.text("sandi"))
        .await;
    let mut frame = PageFrame::new(&app, "masuk", &uri, &headers);
    match signed_in {
        Ok(secret) if carried.is_empty() => with_session(redirect_to(&wished), Some(&secret)),
        Ok(secret) => {
            frame.hide_sign_in();
            let page = ResumePage {
                frame,
                action: wished,
                carried,
                is_multipart: !fields.text("bagian").is_empty(),
            };
            let response = render_page(&uri, StatusCode::OK, &page);
            with_session(response, Some(&secret))
        }
        Err(error) => {
            let page = SignInPage {
                name: fields.trimmed("nama").chars().take(100).collect(),
                wished,
                message: access_message(&error, frame.lang),
                carried,
                is_multipart: !fields.text("bagian").is_empty(),
                is_upload: false,
                frame,
            };
            render_page(&uri, access_status(&error), &page)
        }
    }
}

pub(crate) async fn sign_out(State(app): State<ApiListener>) -> Response {
    // The cookie goes in any case; a session that could not be ended runs out.
    if let Err(error) = AccountDesk::new(&app, None).sign_out().await {
        tracing::warn!(%error, "a session was not ended");
    }
    with_session(redirect_to("/"), None)
}

/// Answer to a page without a session: the sign-in, which leads back to it.
pub(crate) async fn ask_to_sign_in(app: &ApiListener, request: Request) -> Response {
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let is_reading = [Method::GET, Method::HEAD].contains(request.method());
    if is_reading {
        let wished = uri.path_and_query().map_or("/", |path| path.as_str());
        return redirect_to(&format!("/masuk?ke={}", percent_encode(wished)));
    }
    let sent = CarriedForm::read(request).await;
    // A password is typed again, rather than written into a page.
    let is_secret = |name: &str| name.contains("sandi");
    let carried = sent.fields.into_iter();
    let carried = carried.filter(|(name, _)| !is_secret(name));
    let page = SignInPage {
        frame: PageFrame::new(app, "masuk", &uri, &headers),
        name: String::new(),
        wished: local_path(uri.path()),
        message: String::new(),
        carried: carried.collect(),
        is_multipart: sent.is_multipart,
        is_upload: sent.is_cut,
    };
    render_page(&uri, StatusCode::UNAUTHORIZED, &page)
}

/// Page that refuses a request of a person whose role is too low.
pub(crate) fn render_refusal(app: &ApiListener, request: &Request, error: &ApiError) -> Response {
    let frame = PageFrame::new(app, "", request.uri(), request.headers());
    render_failure(request.uri(), frame, error)
}

/// Answer that leads to another page, as GET.
pub(crate) fn redirect_to(path: &str) -> Response {
    match HeaderValue::from_str(path) {
        Ok(path) => (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Sets or removes the cookie of the session.
pub(crate) fn with_session(mut response: Response, secret: Option<&SecretToken>) -> Response {
    let cookie = session_cookie(secret, RequestSender::current().is_tls());
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The listener has access control, and no person yet.
pub(crate) fn is_unset(app: &ApiListener) -> bool {
    let access = app.state().access.control();
    access.is_some_and(|access| !access.has_users())
}

/// Path of this gateway; `/` for anything else, so that a link cannot lead to another site after
/// the sign-in.
fn local_path(text: &str) -> String {
    // Browsers read a backslash as `/`: `/\host` would lead to another site.
    let is_plain = |c: char| c.is_ascii_graphic() && c != '\\';
    let is_local = text.starts_with('/') && !text.starts_with("//");
    // These would ask for the password again, or end the new session.
    let leads_back = text.starts_with("/masuk") || text.starts_with("/keluar");
    if is_local && !leads_back && text.len() < 2000 && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        "/".to_owned()
    }
}

/// Text without percent-encoding.
fn decode_path(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_way_back_stays_on_this_gateway() {
        for path in ["/", "/plts?period=2026-11", "/points/a.b?span=day"] {
            assert_eq!(local_path(path), path);
        }
        for text in [
            "",
            "http://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/a b",
            "/\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
            "/masuk?ke=/",
            "/keluar",
        ] {
            assert_eq!(local_path(text), "/", "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_encoded_path_is_the_path_again(path in "/[ -~]{0,60}") {
            prop_assert_eq!(decode_path(&percent_encode(&path)), path);
        }

        #[test]
        fn any_text_is_decoded_without_harm(text in "\\PC{0,60}") {
            let _ = local_path(&decode_path(&text));
        }
    }
}
