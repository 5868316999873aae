//! [`PageFrame`]: heading, navigation, language and theme of every page, and the answer that a
//! page is sent as.

use crate::access::{Caller, Role, route_rule};
use crate::api::ApiListener;
use crate::api::client::percent_encode;
use crate::api::error::{ApiError, ApiErrorCode};
use crate::api::local_time;
use crate::api::request_language::{cookie_value, query_parameter, request_language};
use crate::api::request_sender::RequestSender;
use crate::i18n::{LOCALES, Language, LocaleRow};
use crate::pages::navigation::{self, NavigationLink};
use crate::pages::static_files;
use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use std::fmt;

/// Common parts of every page: heading, navigation, language, theme.
pub(crate) struct PageFrame {
    pub(crate) lang: Language,
    pub(crate) site: String,
    pub(crate) version: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) timezone: String,
    pub(crate) zone_label: String,
    pub(crate) theme: &'static str,
    /// Place of the page in the navigation, as in [`NavigationLink::place`].
    pub(crate) here: &'static str,
    /// Pages of this site, in the order of the navigation.
    pub(crate) links: Vec<NavigationLink>,
    /// The person who is signed in, with the role.
    user: Option<(String, Role)>,
    /// Link to the sign-in; empty where a person is signed in, or need not be.
    pub(crate) sign_in_path: String,
    /// Texts that the script shows, as a JSON object.
    pub(crate) words: String,
    /// Every other language, with the link to this page in it.
    pub(crate) others: Vec<(&'static LocaleRow, String)>,
}

#[derive(Template)]
#[template(path = "missing.html")]
struct NotFoundPage {
    frame: PageFrame,
    found: String,
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    frame: PageFrame,
    message: String,
    again: String,
}

/// Message keys of the texts that the script shows.
const SCRIPT_MESSAGE_KEYS: [&str; 6] = [
    "web-live",
    "web-lost",
    "web-no-data",
    "web-min",
    "web-max",
    "web-failed",
];

impl PageFrame {
    pub(crate) fn new(
        app: &ApiListener,
        here: &'static str,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Self {
        let lang = request_language(uri, headers);
        let sender = RequestSender::current();
        let words: serde_json::Map<_, _> = SCRIPT_MESSAGE_KEYS
            .iter()
            .map(|key| {
                (
                    key.trim_start_matches("web-").to_owned(),
                    lang.text(key).into(),
                )
            })
            .collect();
        Self {
            lang,
            site: app.site().name.to_string(),
            version: app.state().version,
            tag: &static_files::STATIC_FILES_HASH,
            timezone: app.site().timezone.name().to_string(),
            zone_label: local_time::zone_abbreviation(app.now(), &app.0.zone),
            theme: match cookie_value(headers, "theme") {
                Some("dark") => "dark",
                Some("light") => "light",
                _ => "auto",
            },
            here,
            links: navigation::navigation_links(app.state().assets.as_ref(), here)
                .into_iter()
                .filter(|link| is_for_sender(&sender, &link.path))
                .collect(),
            sign_in_path: sign_in_path(&sender, uri),
            user: sender
                .caller
                .user_name()
                .map(str::to_owned)
                .zip(sender.caller.role()),
            words: serde_json::Value::Object(words).to_string(),
            others: other_language_links(uri, lang),
        }
    }

    /// Name of the person who is signed in; empty for none.
    pub(crate) fn user_name(&self) -> &str {
        self.user.as_ref().map_or("", |(name, _)| name)
    }

    /// Word of the role of this person.
    pub(crate) fn user_role(&self) -> &'static str {
        self.user.as_ref().map_or("", |(_, role)| role.word())
    }

    /// Places of the pages about this person, and for admins about all.
    pub(crate) fn user_places(&self) -> &'static [&'static str] {
        match &self.user {
            Some((_, Role::Admin)) => &["akun", "pengguna", "riwayat"],
            Some(_) => &["akun"],
            None => &[],
        }
    }

    /// Leaves the link to the sign-in out: the page is the answer to it.
    pub(crate) fn hide_sign_in(&mut self) {
        self.sign_in_path.clear();
    }

    /// Leaves person and sign-in out: the page is kept by the browser, whoever uses it later.
    pub(crate) fn hide_person(&mut self) {
        self.user = None;
        self.sign_in_path.clear();
    }

    /// Name of a plot span; called by the templates.
    pub(crate) fn reach(&self, reach: local_time::PlotSpan) -> String {
        self.lang.text(&format!("web-reach-{}", reach.word()))
    }

    /// Links of the bar at the foot of a phone: at most four, the rest is behind its last button.
    pub(crate) fn bar_links(&self) -> Vec<&NavigationLink> {
        self.links.iter().filter(|link| link.in_bar).collect()
    }

    /// Links behind the last button of that bar.
    pub(crate) fn further_links(&self) -> Vec<&NavigationLink> {
        self.links.iter().filter(|link| !link.in_bar).collect()
    }

    /// Text of the message key that is a prefix and a word; called by the templates.
    pub(crate) fn word(&self, prefix: &str, word: &str) -> String {
        self.lang.text(&format!("{prefix}{word}"))
    }

    /// Text of a message key; called by the templates.
    pub(crate) fn t(&self, key: &str) -> String {
        self.lang.text(key)
    }
}

/// A link to this page is shown: the sender may use it, or may after signing in.
pub(crate) fn is_for_sender(sender: &RequestSender, path: &str) -> bool {
    let needed = route_rule("GET", path).role();
    match sender.caller {
        Caller::System => true,
        Caller::Nobody => needed != Some(Role::Admin),
        _ => sender.caller.role() >= needed,
    }
}

/// Link to the sign-in, which leads back to this page.
fn sign_in_path(sender: &RequestSender, uri: &Uri) -> String {
    if !sender.is_guarded || sender.caller != Caller::Nobody {
        return String::new();
    }
    match uri.path() {
        "/masuk" | "/mulai" => String::new(),
        path => {
            // The period that was chosen stays.
            let wished = uri.path_and_query().map_or(path, |wished| wished.as_str());
            format!("/masuk?ke={}", percent_encode(wished))
        }
    }
}

fn other_language_links(uri: &Uri, lang: Language) -> Vec<(&'static LocaleRow, String)> {
    let kept = uri.query().unwrap_or_default().split('&');
    let kept: Vec<&str> = kept
        .filter(|pair| !pair.is_empty() && !pair.starts_with("lang="))
        .collect();
    let link = |row: &LocaleRow| {
        let own = format!("lang={}", row.code);
        let query = [kept.as_slice(), &[&own]].concat();
        format!("{}?{}", uri.path(), query.join("&"))
    };
    let others = LOCALES.iter().filter(|row| row.code != lang.code());
    others.map(|row| (row, link(row))).collect()
}

/// Renders the template; a language given by `?lang=` is stored in a cookie for a year.
pub(crate) fn render_page(uri: &Uri, status: StatusCode, template: &impl Template) -> Response {
    let html = match template.render() {
        Ok(html) => html,
        Err(error) => return render_failed(&error),
    };
    let mut response = (status, Html(html)).into_response();
    if let Some(lang) = query_parameter(uri, "lang").and_then(|lang| Language::parse(&lang)) {
        let cookie = format!(
            "lang={}; Path=/; Max-Age=31536000; SameSite=Strict",
            lang.code()
        );
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            // Appended: the same answer may set the cookie of a session.
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// Page for a fault: what happened, and a link to try again.
pub(crate) fn render_failure(uri: &Uri, frame: PageFrame, error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let page = FailurePage {
        message: error.person_message(frame.lang),
        again: uri.to_string(),
        frame,
    };
    render_page(uri, status, &page)
}

/// Page for an address that does not exist.
pub(crate) fn render_not_found(uri: &Uri, frame: PageFrame, found: &str) -> Response {
    let page = NotFoundPage {
        frame,
        found: found.to_owned(),
    };
    render_page(uri, StatusCode::NOT_FOUND, &page)
}

/// Page for a refusal that a route or a guard gave as JSON.
pub(crate) fn refusal_page(
    app: &ApiListener,
    uri: &Uri,
    headers: &HeaderMap,
    error: &ApiError,
) -> Response {
    let frame = PageFrame::new(app, "", uri, headers);
    match error.code {
        Some(ApiErrorCode::Path) => render_not_found(uri, frame, uri.path()),
        _ => render_failure(uri, frame, error),
    }
}

fn render_failed(error: &dyn fmt::Display) -> Response {
    tracing::error!(%error, "a page template failed");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
