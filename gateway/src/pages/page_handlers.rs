//! HTML pages: overview, plot of a point, health.

use crate::api::ApiListener;
use crate::api::local_time::{self, PlotInterval, PlotSpan};
use crate::api::request_language::{cookie_value, query_parameter, request_language};
use crate::domain::UtcMs;
use crate::i18n::{LOCALES, Language, LocaleRow};
use crate::pages::page_texts::{self, DeviceCard, PointCard, SiteHealthTexts};
use crate::pages::static_files;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use std::fmt;

/// Common parts of every page: heading, navigation, language, theme.
struct PageFrame {
    lang: Language,
    site: String,
    version: &'static str,
    tag: &'static str,
    timezone: String,
    zone_label: String,
    theme: &'static str,
    /// Page name: `overview`, `point`, `health`.
    here: &'static str,
    /// Texts that the script shows, as a JSON object.
    words: String,
    /// Every other language, with the link to this page in it.
    others: Vec<(&'static LocaleRow, String)>,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: PageFrame,
    status: SiteHealthTexts,
    devices: Vec<DeviceCard>,
}

#[derive(Template)]
#[template(path = "health.html")]
struct HealthPage {
    frame: PageFrame,
    status: SiteHealthTexts,
    devices: Vec<DeviceCard>,
}

#[derive(Template)]
#[template(path = "point.html")]
struct PointPlotPage {
    frame: PageFrame,
    device: String,
    point: PointCard,
    counter: bool,
    growth: bool,
    reach: PlotSpan,
    stretch: PlotInterval,
    /// The plotted interval contains the present.
    current: bool,
    step: &'static str,
    step_ms: i64,
    every_ms: u64,
}

#[derive(Template)]
#[template(path = "missing.html")]
struct NotFoundPage {
    frame: PageFrame,
    found: String,
}

/// Message keys of the texts that the script shows.
const SCRIPT_MESSAGE_KEYS: [&str; 13] = [
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

pub(crate) async fn overview_page(
    State(app): State<ApiListener>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let frame = PageFrame::new(&app, "overview", &uri, &headers);
    let (status, devices) = health_and_devices(&app, frame.lang).await;
    render_page(
        &uri,
        StatusCode::OK,
        &OverviewPage {
            frame,
            status,
            devices,
        },
    )
}

pub(crate) async fn health_page(
    State(app): State<ApiListener>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let frame = PageFrame::new(&app, "health", &uri, &headers);
    let (status, devices) = health_and_devices(&app, frame.lang).await;
    render_page(
        &uri,
        StatusCode::OK,
        &HealthPage {
            frame,
            status,
            devices,
        },
    )
}

/// Health and last values. When the store does not answer, the page is still shown; its health line
/// names the fault.
async fn health_and_devices(
    app: &ApiListener,
    lang: Language,
) -> (SiteHealthTexts, Vec<DeviceCard>) {
    let last = app.state().store.latest_samples().await.unwrap_or_default();
    (app.status(lang), app.device_cards(&last, lang))
}

pub(crate) async fn point_page(
    State(app): State<ApiListener>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let frame = PageFrame::new(&app, "point", &uri, &headers);
    let (Some((device, _)), Some(info)) = (app.site().find_point(&id), app.site().point(&id))
    else {
        return render_page(
            &uri,
            StatusCode::NOT_FOUND,
            &NotFoundPage { frame, found: id },
        );
    };
    let device = &app.site().devices[usize::from(device)];
    let last = app.state().store.latest_samples().await.unwrap_or_default();
    let reach = query_parameter(&uri, "span")
        .and_then(|word| PlotSpan::parse(&word))
        .unwrap_or(PlotSpan::Day);
    let now = app.now();
    let at = query_parameter(&uri, "at")
        .and_then(|at| at.parse().ok())
        .map_or(now, UtcMs);
    // Counters are plotted as increase per bucket unless the reading itself is asked for.
    let growth = info.counter && query_parameter(&uri, "show").as_deref() != Some("value");
    let stretch = reach.interval_at(at, &app.0.zone, frame.lang);
    let (step, step_ms) = if growth {
        reach.growth_step()
    } else {
        reach.bucket_step().unwrap_or(("", 0))
    };
    let last = last.iter().find(|last| *last.point == *id);
    let plot = PointPlotPage {
        device: device.id.to_string(),
        point: page_texts::point_card(info, last, frame.lang),
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
    render_page(&uri, StatusCode::OK, &plot)
}

impl PageFrame {
    fn new(app: &ApiListener, here: &'static str, uri: &Uri, headers: &HeaderMap) -> Self {
        let lang = request_language(uri, headers);
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
            words: serde_json::Value::Object(words).to_string(),
            others: other_language_links(uri, lang),
        }
    }

    /// Name of a plot span; called by the templates.
    fn reach(&self, reach: PlotSpan) -> String {
        self.lang.text(&format!("web-reach-{}", reach.word()))
    }

    /// Text of a message key; called by the templates.
    fn t(&self, key: &str) -> String {
        self.lang.text(key)
    }
}

impl PointPlotPage {
    /// Link to this plot with another span, time or display.
    fn link(&self, reach: PlotSpan, at: &str, growth: bool) -> String {
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
fn render_page(uri: &Uri, status: StatusCode, template: &impl Template) -> Response {
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
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

fn render_failed(error: &dyn fmt::Display) -> Response {
    tracing::error!(%error, "a page template failed");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
