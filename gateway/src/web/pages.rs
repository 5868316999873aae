//! The pages that people read: overview, plot of a point, health.

use super::view::{self, Device, Point, Status};
use super::zone::{self, Reach, Stretch};
use super::{App, assets};
use crate::model::UtcMs;
use crate::words::Lang;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use std::fmt;

/// What every page has around its content.
struct Frame {
    lang: Lang,
    site: String,
    version: &'static str,
    tag: &'static str,
    timezone: String,
    zone_label: String,
    theme: &'static str,
    /// Which page: `overview`, `point`, `health`.
    here: &'static str,
    /// Texts that the script needs, as JSON.
    words: String,
    /// The address of this page in the other language.
    other: String,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    status: Status,
    devices: Vec<Device>,
}

#[derive(Template)]
#[template(path = "health.html")]
struct Health {
    frame: Frame,
    status: Status,
    devices: Vec<Device>,
}

#[derive(Template)]
#[template(path = "point.html")]
struct Plot {
    frame: Frame,
    device: String,
    point: Point,
    counter: bool,
    growth: bool,
    reach: Reach,
    stretch: Stretch,
    /// The stretch that holds this moment is shown.
    current: bool,
    step: &'static str,
    step_ms: i64,
    every_ms: u64,
}

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing {
    frame: Frame,
    found: String,
}

/// Keys of the texts that the script puts into the page.
const SCRIPT_WORDS: [&str; 13] = [
    "web-live",
    "web-lost",
    "web-not-kept",
    "web-kept",
    "web-no-data",
    "web-mean",
    "web-min",
    "web-max",
    "web-value",
    "web-growth",
    "web-time",
    "web-failed",
    "web-bad",
];

pub(super) async fn overview(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    let frame = Frame::new(&app, "overview", &uri, &headers);
    let (status, devices) = now(&app, frame.lang).await;
    page(
        &uri,
        StatusCode::OK,
        &Overview {
            frame,
            status,
            devices,
        },
    )
}

pub(super) async fn health(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    let frame = Frame::new(&app, "health", &uri, &headers);
    let (status, devices) = now(&app, frame.lang).await;
    page(
        &uri,
        StatusCode::OK,
        &Health {
            frame,
            status,
            devices,
        },
    )
}

/// Health and last values. A store that does not answer is said by its own line, not by an error.
async fn now(app: &App, lang: Lang) -> (Status, Vec<Device>) {
    let last = app.state().store.last().await.unwrap_or_default();
    (app.status(lang), app.devices(&last, lang))
}

pub(super) async fn point(
    State(app): State<App>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let frame = Frame::new(&app, "point", &uri, &headers);
    let (Some((device, _)), Some(info)) = (app.site().find(&id), app.site().point(&id)) else {
        return page(&uri, StatusCode::NOT_FOUND, &Missing { frame, found: id });
    };
    let device = &app.site().devices[usize::from(device)];
    let last = app.state().store.last().await.unwrap_or_default();
    let reach = asked(&uri, "span")
        .and_then(|word| Reach::parse(&word))
        .unwrap_or(Reach::Day);
    let now = app.now();
    let at = asked(&uri, "at")
        .and_then(|at| at.parse().ok())
        .map_or(now, UtcMs);
    let growth = info.counter && asked(&uri, "show").as_deref() != Some("value");
    let stretch = reach.stretch(at, &app.0.zone, frame.lang);
    let (step, step_ms) = if growth {
        reach.growth_step()
    } else {
        reach.step().unwrap_or(("", 0))
    };
    let last = last.iter().find(|last| *last.point == *id);
    let plot = Plot {
        device: device.id.to_string(),
        point: view::one_point(info, last, frame.lang),
        counter: info.counter,
        growth,
        reach,
        current: (stretch.from..stretch.to).contains(&now),
        stretch,
        step,
        step_ms,
        every_ms: device.every_ms,
        frame,
    };
    page(&uri, StatusCode::OK, &plot)
}

impl Frame {
    fn new(app: &App, here: &'static str, uri: &Uri, headers: &HeaderMap) -> Self {
        let lang = language(uri, headers);
        let words: serde_json::Map<_, _> = SCRIPT_WORDS
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
            tag: &assets::TAG,
            timezone: app.site().timezone.to_string(),
            zone_label: zone::label(app.now(), &app.0.zone),
            theme: match cookie(headers, "theme") {
                Some("dark") => "dark",
                Some("light") => "light",
                _ => "auto",
            },
            here,
            words: serde_json::Value::Object(words).to_string(),
            other: other_language(uri, lang),
        }
    }

    /// The word for a span.
    fn reach(&self, reach: Reach) -> String {
        self.lang.text(&format!("web-reach-{}", reach.word()))
    }

    /// The text of a key, for templates.
    fn t(&self, key: &str) -> String {
        self.lang.text(key)
    }
}

impl Plot {
    /// The address of this plot with another span, moment or kind.
    fn link(&self, reach: Reach, at: &str, growth: bool) -> String {
        let show = match (self.counter, growth) {
            (true, false) => "&show=value",
            _ => "",
        };
        let at = if at.is_empty() {
            String::new()
        } else {
            format!("&at={at}")
        };
        format!("?span={}{at}{show}", reach.word())
    }
}

/// `?lang=` decides, then the cookie, then the browser, then Bahasa Indonesia.
pub(super) fn language(uri: &Uri, headers: &HeaderMap) -> Lang {
    let wished = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|wish| wish.to_str().ok());
    asked(uri, "lang")
        .and_then(|lang| Lang::parse(&lang))
        .or_else(|| cookie(headers, "lang").and_then(Lang::parse))
        .or_else(|| wished.and_then(Lang::parse))
        .unwrap_or_default()
}

/// A parameter of the address; our own parameters need no unescaping.
fn asked(uri: &Uri, name: &str) -> Option<String> {
    let pairs = uri
        .query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
        .next_back()
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get(header::COOKIE)?.to_str().ok()?;
    let pairs = all
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .next()
}

fn other_language(uri: &Uri, lang: Lang) -> String {
    let other = match lang {
        Lang::Id => Lang::En,
        Lang::En => Lang::Id,
    };
    let kept = uri.query().unwrap_or_default().split('&');
    let kept = kept.filter(|pair| !pair.is_empty() && !pair.starts_with("lang="));
    let own = format!("lang={}", other.code());
    let query: Vec<&str> = kept.chain([own.as_str()]).collect();
    format!("{}?{}", uri.path(), query.join("&"))
}

/// Renders, and remembers a language chosen by hand.
fn page(uri: &Uri, status: StatusCode, template: &impl Template) -> Response {
    let html = match template.render() {
        Ok(html) => html,
        Err(error) => return broken(&error),
    };
    let mut response = (status, Html(html)).into_response();
    if let Some(lang) = asked(uri, "lang").and_then(|lang| Lang::parse(&lang)) {
        let cookie = format!(
            "lang={}; Path=/; Max-Age=31536000; SameSite=Strict",
            lang.code()
        );
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

fn broken(error: &dyn fmt::Display) -> Response {
    tracing::error!(%error, "a page could not be made");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
